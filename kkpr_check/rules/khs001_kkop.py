"""KHS001: flight safety area (KKOP)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

kkop = Rule(
    code="KHS001",
    name="kkop",
    block="overlay",
    title=Text("Flight safety area (KKOP)", "Kawasan keselamatan operasi penerbangan (KKOP)"),
    what=Text(
        "Whether the site lies under an aerodrome surface.",
        "Apakah lokasi berada di bawah permukaan keselamatan penerbangan.",
    ),
    formula=overlays.FORMULA,
    law=Text(
        "UU 1/2009 art. 206 ff.; the decree of the airport gives the surfaces.",
        "UU 1/2009 Pasal 206 dst.; keputusan bandar udara menetapkan permukaannya.",
    ),
    passes=Text("KKOP_1 says Tidak Ada.", "KKOP_1 berisi Tidak Ada."),
    fails=Text(
        "Only where the plan says so; the column can flag, not decide: elevations are missing.",
        "Hanya bila rencana menyatakannya; kolom hanya menandai, elevasi tidak ada.",
    ),
    check=overlays.stated,
    say=overlays.inside(
        "Flight safety area{named} covers {area} of the site.",
        "Kawasan keselamatan operasi penerbangan{named} meliputi {area} dari lokasi.",
    ),
    remedy=Text(
        "Ask the airport authority for the permitted height.",
        "Mintakan batas ketinggian kepada otoritas bandar udara.",
    ),
    default=Outcome.CONDITIONAL,
)
