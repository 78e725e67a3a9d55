"""KHS002: protected food land (LP2B)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

lp2b = Rule(
    code="KHS002",
    name="lp2b",
    block="overlay",
    title=Text("Protected food land (LP2B)", "Lahan pertanian pangan berkelanjutan (LP2B)"),
    what=Text("Whether the site takes LP2B away.", "Apakah lokasi mengurangi LP2B."),
    formula=overlays.FORMULA,
    law=Text(
        "UU 41/2009: LP2B may not be converted, except for public interest or disaster, with replacement land.",
        "UU 41/2009: LP2B dilarang dialihfungsikan, kecuali kepentingan umum atau bencana, dengan lahan pengganti.",
    ),
    passes=Text("LP2B_2 says Tidak Ada.", "LP2B_2 berisi Tidak Ada."),
    fails=Text("300 m² of the parcel are LP2B.", "300 m² persil adalah LP2B."),
    check=overlays.stated,
    say=overlays.inside(
        "Protected food land{named} covers {area} of the site.",
        "Lahan pertanian pangan berkelanjutan{named} meliputi {area} dari lokasi.",
    ),
    remedy=Text("Keep the building off the food land.", "Hindari lahan pangan tersebut."),
    default=Outcome.FAIL,
)
