"""KHS004: river setback (sempadan sungai)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

CONFIRM = "angka perlu dicocokkan dengan naskah / figure to be confirmed"


def setbacks(attributes: Mapping[str, Any]) -> tuple[tuple[float, str], ...]:
    """Return the setbacks from a river bank that its attributes leave possible.

    PP 38/2011 and Permen PUPR 28/PRT/M/2015: by levee, urban area, depth (m) and catchment (km2).
    """
    own = overlays.own_setback(attributes)
    if own is not None:
        return own
    found: dict[float, str] = {}
    for levee in _either(attributes.get("levee")):
        for urban in _either(attributes.get("urban")):
            found.update(_minima(levee, urban, attributes.get("depth_m"), attributes.get("basin_km2")))
    return tuple(sorted(found.items()))


def _either(known: Any) -> tuple[bool, ...]:
    return (True, False) if known is None else (bool(known),)


def _minima(levee: bool, urban: bool, depth_m: float | None, basin_km2: float | None) -> dict[float, str]:
    law = "PP 38/2011; Permen PUPR 28/2015"
    if levee:
        return {3.0: law} if urban else {5.0: f"{law} ({CONFIRM})"}
    if urban:
        if depth_m is None:
            return {10.0: law, 15.0: law, 30.0: law}
        return {10.0 if depth_m <= 3 else 15.0 if depth_m <= 20 else 30.0: law}
    if basin_km2 is None:
        return {50.0: f"{law} ({CONFIRM})", 100.0: law}
    return {100.0: law} if basin_km2 > 500 else {50.0: f"{law} ({CONFIRM})"}


sempadan_sungai = Rule(
    code="KHS004",
    name="sempadan-sungai",
    block="overlay",
    title=Text("River setback", "Sempadan sungai"),
    what=Text(
        "Distance to the river bank (national minimum), or the setback strip that the plan has drawn.",
        "Jarak ke tepi palung sungai, atau sempadan tergambar; minimum nasional diukur dari tepi palung.",
    ),
    formula="distance to the bank >= setback; band = min(CE90, setback / 2)",
    law=Text(
        "PP 38/2011 art. 8-10; Permen PUPR 28/PRT/M/2015.",
        "PP 38/2011 Pasal 8-10; Permen PUPR 28/PRT/M/2015.",
    ),
    passes=Text(
        "14 m from the bank of a shallow town river (10 m).",
        "14 m dari tepi sungai dangkal di perkotaan (10 m).",
    ),
    fails=Text(
        "4 m from the same bank; from a bare centre line it is undetermined.",
        "4 m dari tepi yang sama; dari garis tengah saja perlu verifikasi.",
    ),
    check=overlays.stated,
    say=overlays.inside("River setback{named}: {detail}", "Sempadan sungai{named}: {detail}"),
    remedy=Text("Keep the building off the setback strip.", "Jauhkan bangunan dari sempadan."),
    default=Outcome.FAIL,
    limits=setbacks,
    centre_line_m=100.0,
    unit="m",
    operator=">=",
)
