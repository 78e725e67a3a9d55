"""KHS008: heritage area (cagar budaya)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

cagar_budaya = Rule(
    code="KHS008",
    name="cagar-budaya",
    block="overlay",
    title=Text("Heritage area", "Kawasan cagar budaya"),
    what=Text("Whether the site lies in a heritage area.", "Apakah lokasi berada di kawasan cagar budaya."),
    formula=overlays.FORMULA,
    law=Text("UU 11/2010.", "UU 11/2010."),
    passes=Text("CAGBUD says Tidak Ada.", "CAGBUD berisi Tidak Ada."),
    fails=Text("Only where the plan says so.", "Hanya bila rencana menyatakannya."),
    check=overlays.stated,
    say=overlays.inside(
        "Heritage area{named} covers {area} of the site.",
        "Kawasan cagar budaya{named} meliputi {area} dari lokasi.",
    ),
    remedy=Text("Ask the heritage agency for its study.", "Mintakan kajian instansi cagar budaya."),
    default=Outcome.CONDITIONAL,
)
