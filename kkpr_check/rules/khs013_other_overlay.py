"""KHS013: any other special provision of the plan."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

other_overlay = Rule(
    code="KHS013",
    name="other-overlay",
    block="overlay",
    title=Text("Other special provision", "Ketentuan khusus lain"),
    what=Text(
        "Whether another overlay of the plan covers the site (defence, karst, mining, evacuation place ...).",
        "Apakah ketentuan khusus lain meliputi lokasi (hankam, karst, pertambangan, tempat evakuasi ...).",
    ),
    formula=overlays.FORMULA,
    law=Text("Special provisions of the plan.", "Ketentuan khusus rencana."),
    passes=Text("Every such column says Tidak Ada.", "Semua kolom tersebut berisi Tidak Ada."),
    fails=Text("Only where the plan says so.", "Hanya bila rencana menyatakannya."),
    check=overlays.stated,
    say=overlays.inside(
        "Special provision{named} covers {area} of the site.",
        "Ketentuan khusus{named} meliputi {area} dari lokasi.",
    ),
    remedy=Text("Meet the special provision.", "Penuhi ketentuan khusus tersebut."),
    default=Outcome.CONDITIONAL,
)
