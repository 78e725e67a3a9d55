"""KHS005: coastal setback (sempadan pantai)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule


def setbacks(attributes: Mapping[str, Any]) -> tuple[tuple[float, str], ...]:
    """Return the coastal setback: the line's own, else 100 m from the highest tide (Perpres 51/2016)."""
    return overlays.own_setback(attributes) or ((100.0, "Perpres 51/2016 Pasal 1"),)


sempadan_pantai = Rule(
    code="KHS005",
    name="sempadan-pantai",
    block="overlay",
    title=Text("Coastal setback", "Sempadan pantai"),
    what=Text(
        "Distance to the highest tide line, or the drawn strip.",
        "Jarak ke garis pasang tertinggi, atau sempadan tergambar.",
    ),
    formula="distance to the highest tide line >= 100 m, or the drawn strip",
    law=Text("Perpres 51/2016 art. 1 and 6.", "Perpres 51/2016 Pasal 1 dan 6."),
    passes=Text("140 m from the tide line.", "140 m dari garis pasang."),
    fails=Text("30 m from the tide line.", "30 m dari garis pasang."),
    check=overlays.stated,
    say=overlays.inside("Coastal setback{named}: {detail}", "Sempadan pantai{named}: {detail}"),
    remedy=Text("Keep the building off the setback strip.", "Jauhkan bangunan dari sempadan."),
    default=Outcome.FAIL,
    limits=setbacks,
    unit="m",
    operator=">=",
)
