"""KHS006: lake setback (sempadan danau)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule


def setbacks(attributes: Mapping[str, Any]) -> tuple[tuple[float, str], ...]:
    """Return the lake setback: the shore's own, else 50 m (Permen PUPR 28/2015, figure to be confirmed)."""
    return overlays.own_setback(attributes) or (
        (50.0, "Permen PUPR 28/2015 (angka perlu dicocokkan dengan naskah / figure to be confirmed)"),
    )


sempadan_danau = Rule(
    code="KHS006",
    name="sempadan-danau",
    block="overlay",
    title=Text("Lake setback", "Sempadan danau"),
    what=Text(
        "Distance to the shore at the highest water, or the drawn strip.",
        "Jarak ke tepi muka air tertinggi, atau sempadan tergambar.",
    ),
    formula="distance to the shore >= 50 m, or the drawn strip",
    law=Text("Permen PUPR 28/PRT/M/2015.", "Permen PUPR 28/PRT/M/2015."),
    passes=Text("60 m from the shore.", "60 m dari tepi danau."),
    fails=Text("20 m from the shore.", "20 m dari tepi danau."),
    check=overlays.stated,
    say=overlays.inside("Lake setback{named}: {detail}", "Sempadan danau{named}: {detail}"),
    remedy=Text("Keep the building off the setback strip.", "Jauhkan bangunan dari sempadan."),
    default=Outcome.FAIL,
    limits=setbacks,
    unit="m",
    operator=">=",
)
