"""KHS003: disaster-prone area (KRB)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

krb = Rule(
    code="KHS003",
    name="krb",
    block="overlay",
    title=Text("Disaster-prone area (KRB)", "Kawasan rawan bencana (KRB)"),
    what=Text("Whether the site lies in a hazard area.", "Apakah lokasi berada di kawasan rawan bencana."),
    formula=overlays.FORMULA,
    law=Text("UU 24/2007; special provisions of the plan.", "UU 24/2007; ketentuan khusus rencana."),
    passes=Text("No hazard is mapped here.", "Tidak ada bahaya yang dipetakan."),
    fails=Text(
        "Only where the plan says so (values in plan.toml).",
        "Hanya bila rencana menyatakannya (values di plan.toml).",
    ),
    check=overlays.stated,
    say=overlays.inside(
        "Disaster-prone area{named} covers {area} of the site.",
        "Kawasan rawan bencana{named} meliputi {area} dari lokasi.",
    ),
    remedy=Text(
        "Build with the mitigation that the plan asks for.", "Bangun dengan mitigasi yang diminta rencana."
    ),
    default=Outcome.CONDITIONAL,
)
