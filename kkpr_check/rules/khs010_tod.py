"""KHS010: transit-oriented area (TOD)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

tod = Rule(
    code="KHS010",
    name="tod",
    block="overlay",
    title=Text("Transit-oriented area", "Kawasan berorientasi transit"),
    what=Text(
        "Whether the site lies in a TOD area, where the plan may grant more.",
        "Apakah lokasi berada di kawasan TOD; rencana dapat memberi kelonggaran.",
    ),
    formula=overlays.FORMULA,
    law=Text("Permen ATR/BPN 16/2017.", "Permen ATR/BPN 16/2017."),
    passes=Text("Always, as information.", "Selalu, sebagai informasi."),
    fails=Text("Only where the plan says so.", "Hanya bila rencana menyatakannya."),
    check=overlays.stated,
    say=overlays.inside(
        "Transit-oriented area{named} covers {area} of the site.",
        "Kawasan berorientasi transit{named} meliputi {area} dari lokasi.",
    ),
    remedy=Text("Nothing to do.", "Tidak perlu tindakan."),
    default=Outcome.PASS,
)
