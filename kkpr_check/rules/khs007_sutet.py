"""KHS007: power line corridor (SUTT/SUTET)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

FREE_DISTANCE_M: Mapping[tuple[int, str], float] = {
    (66, "steel-pole"): 4.0, (66, "concrete-pole"): 4.0, (66, "tower"): 7.0, (70, "steel-pole"): 4.0,
    (70, "concrete-pole"): 4.0, (70, "tower"): 7.0, (150, "steel-pole"): 6.0, (150, "concrete-pole"): 5.0,
    (150, "tower"): 10.0, (275, "double"): 13.0, (500, "single"): 22.0, (500, "double"): 17.0,
    (500, "quad-vertical"): 17.0, (500, "quad-horizontal"): 30.0, (500, "compact"): 14.0, (500, "steel-pole"): 14.0,
}  # fmt: skip
"""Horizontal free distance (m) from the tower axis by voltage (kV) and tower."""
LAW = "Permen ESDM 13/2021 (kini 13/2025)"


def setbacks(attributes: Mapping[str, Any]) -> tuple[tuple[float, str], ...]:
    """Return the horizontal free distances from a power line's axis that its attributes leave possible.

    Permen ESDM 13/2021 by voltage (kV) and tower; replaced by 13/2025, whose numbers are not known to differ.
    """
    own = overlays.own_setback(attributes)
    if own is not None:
        return own
    voltage_kv, tower = attributes.get("voltage_kv"), attributes.get("tower")
    if voltage_kv is not None and voltage_kv < min(kv for kv, _ in FREE_DISTANCE_M):
        return ()
    of_line = {
        key: m for key, m in FREE_DISTANCE_M.items() if voltage_kv is None or key[0] == voltage_kv
    } or FREE_DISTANCE_M
    metres = {m for key, m in of_line.items() if key[1] == tower} or set(of_line.values())
    return tuple((m, LAW) for m in sorted(metres))


sutet = Rule(
    code="KHS007",
    name="sutet",
    block="overlay",
    title=Text("Power line corridor", "Ruang bebas SUTT/SUTET"),
    what=Text(
        "Distance to the axis of a high-voltage line; the free space is three-dimensional, so a plan view can only warn.",
        "Jarak ke sumbu saluran udara tegangan tinggi; ruang bebas bersifat tiga dimensi sehingga denah hanya dapat memperingatkan.",
    ),
    formula="distance to the axis >= horizontal free distance, or outside the drawn corridor",
    law=Text(
        "Permen ESDM 13/2025 art. 3 (replaces 13/2021).", "Permen ESDM 13/2025 Pasal 3 (mengganti 13/2021)."
    ),
    passes=Text("40 m from a 150 kV line.", "40 m dari saluran 150 kV."),
    fails=Text(
        "Only where the plan says so; under a line it is conditional.",
        "Hanya bila rencana menyatakannya; di bawah saluran hasilnya bersyarat.",
    ),
    check=overlays.stated,
    say=overlays.inside(
        "Power line corridor{named}: {detail}",
        "Ruang bebas saluran listrik{named}: {detail}",
    ),
    remedy=Text(
        "Have the vertical clearance confirmed by the operator.",
        "Mintakan kepastian jarak bebas vertikal kepada pengelola.",
    ),
    default=Outcome.CONDITIONAL,
    limits=setbacks,
    unit="m",
    operator=">=",
)
