"""KHS011: water infiltration area (resapan air)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

resapan_air = Rule(
    code="KHS011",
    name="resapan-air",
    block="overlay",
    title=Text("Water infiltration area", "Kawasan resapan air"),
    what=Text(
        "Whether the site lies in an infiltration area.", "Apakah lokasi berada di kawasan resapan air."
    ),
    formula=overlays.FORMULA,
    law=Text("Special provisions of the plan.", "Ketentuan khusus rencana."),
    passes=Text("RESAIR says Tidak Ada.", "RESAIR berisi Tidak Ada."),
    fails=Text("Only where the plan says so.", "Hanya bila rencana menyatakannya."),
    check=overlays.stated,
    say=overlays.inside(
        "Water infiltration area{named} covers {area} of the site.",
        "Kawasan resapan air{named} meliputi {area} dari lokasi.",
    ),
    remedy=Text(
        "Provide infiltration wells as the plan asks for.", "Sediakan sumur resapan sesuai ketentuan."
    ),
    default=Outcome.CONDITIONAL,
)
