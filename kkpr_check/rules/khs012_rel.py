"""KHS012: railway corridor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule


def setbacks(attributes: Mapping[str, Any]) -> tuple[tuple[float, str], ...]:
    """Return the railway setback: the line's own, else 9 m from the edge of the railway land (PP 56/2009, to be confirmed)."""
    return overlays.own_setback(attributes) or (
        (9.0, "UU 23/2007; PP 56/2009 (angka perlu dicocokkan dengan naskah / figure to be confirmed)"),
    )


rel = Rule(
    code="KHS012",
    name="rel",
    block="overlay",
    title=Text("Railway corridor", "Ruang pengawasan jalur kereta api"),
    what=Text(
        "Distance to the edge of the railway land; a bare track axis leaves the edge unknown.",
        "Jarak ke tepi ruang milik jalur; as rel saja tidak memastikan tepinya.",
    ),
    formula="distance to the edge of the railway land >= 9 m",
    law=Text("UU 23/2007; PP 56/2009.", "UU 23/2007; PP 56/2009."),
    passes=Text("20 m from the edge.", "20 m dari tepi."),
    fails=Text("4 m from the edge.", "4 m dari tepi."),
    check=overlays.stated,
    say=overlays.inside(
        "Railway corridor{named}: {detail}", "Ruang pengawasan jalur kereta api{named}: {detail}"
    ),
    remedy=Text(
        "Keep the building off the corridor, or obtain the operator's consent.",
        "Jauhkan bangunan, atau peroleh izin penyelenggara prasarana.",
    ),
    default=Outcome.FAIL,
    limits=setbacks,
    centre_line_m=15.0,
    unit="m",
    operator=">=",
)
