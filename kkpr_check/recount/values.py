"""What a report is held against, what is told of it, and how near a number has to come."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from kkpr_check.features import PlanWindow
from kkpr_check.model import Proposal
from kkpr_check.zoning import UNKNOWN_SUBZONE

AREA_ABS_M2, AREA_REL = 5e-4, 1e-6
"""Areas are printed to 1e-4 m2; a ledger has several of them."""
LINE_M = 2e-3
"""Geometry of a report is printed in degrees, to about 0.1 mm."""
PRINTED_M = 1.2e-4
"""A corner of a report's geometry is printed to 1e-9 degrees."""
LENGTH_M = 1e-3
"""Lengths are printed to 0.1 mm; their lines meet others to about as much."""
DEPTH_M = 0.02
"""How near a depth is searched."""


class Difference(NamedTuple):
    """A claim of the report that does not come out again."""

    path: str
    reported: Any
    recomputed: Any


@dataclass(frozen=True, slots=True)
class Verified:
    """One report held against its inputs: its id, and every claim that did not come out again."""

    id: str
    verdict: str
    claims: int
    differences: tuple[Difference, ...]
    other_version: str | None = None


@dataclass(frozen=True)
class Recounted:
    """What the claims of one report are held against, all in one metric CRS.

    Attributes
    ----------
    parcel, footprint, existing
        Valid polygons in metres, or None.
    windows
        The plans that judged, the highest ranked first, with their features near the site.
    shape
        Turns a geometry of the report into one of the working CRS.
    """

    parcel: Any | None
    footprint: Any | None
    existing: Any | None
    proposal: Proposal
    windows: Sequence[PlanWindow]
    shape: Any

    @cached_property
    def zones(self) -> Mapping[str, Mapping[str, Sequence[Any]]]:
        """Plan id -> its zone polygons near the site by sub-zone."""
        return {window.plan.id: zones_of(window) for window in self.windows}


def zones_of(window: PlanWindow) -> dict[str, list[Any]]:
    """Return the zone polygons of a plan by sub-zone."""
    found: dict[str, list[Any]] = {}
    zoning = window.zoning
    for code, geometry in zip(zoning.meaning["subzone"], zoning.geometry, strict=True):
        found.setdefault(UNKNOWN_SUBZONE if code is None else str(code), []).append(geometry)
    return found


def same_area(a: float, b: float, of: float = 0.0) -> bool:
    """Tell whether two areas are the same up to how they are printed and counted."""
    return math.isclose(a, b, abs_tol=max(AREA_ABS_M2, AREA_REL * of), rel_tol=AREA_REL)


def number(value: Any) -> float | None:
    """Return a number of the report, None for text or nothing."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
