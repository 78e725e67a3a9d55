"""Two zoning layers of one place: an older and a newer version, of which a plan may hold one only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import shapely

from kkpr_check.errors import PlanError, Text
from kkpr_check.io import crs
from kkpr_check.io.adopt.columns import LayerLike
from kkpr_check.io.adopt.inspection import Inspection

MAX_POINTS = 500
"""So many features of a layer are looked up in the other one."""
SAME_PLACE = 0.5
"""From this share of features inside the other layer on they are two versions, below it an overlap at the seam."""


def check_versions(zoning: Sequence[Inspection]) -> list[Text]:
    """Refuse two zoning layers that cover the same place; return what is to be said of smaller overlaps.

    Raises
    ------
    PlanError
        Code ``two-versions``, with both layers named.
    """
    notes = []
    for first, second in combinations(zoning, 2):
        share = max(_share_inside(first, second), _share_inside(second, first))
        a, b = (" ".join(str(part) for part in (item.path, item.layer) if part) for item in (first, second))
        if share >= SAME_PLACE:
            raise PlanError(
                Text(
                    f"covers the same place as {a} ({share:.0%}): two versions of one plan?",
                    f"mencakup tempat yang sama dengan {a} ({share:.0%}): dua versi satu rencana?",
                ),
                place=second.place,
                remedy=Text(
                    "give one of them; --layer NAME picks a layer of a container",
                    "berikan salah satu; --layer NAMA memilih layer dalam satu berkas",
                ),
                code="two-versions",
            )
        if share:
            notes.append(
                Text(
                    f"{a} and {b} overlap in {share:.0%} of the features: validate shows where",
                    f"{a} dan {b} bertampalan pada {share:.0%} fitur: validate menunjukkan di mana",
                )
            )
    return notes


def _share_inside(first: Inspection, second: Inspection) -> float:
    """Return the share of the features of `first` whose inner point lies in an area of `second`."""
    if first.data is None or second.data is None:
        return 0.0
    areas = _areas(first.data)
    sample = (
        areas[np.linspace(0, len(areas) - 1, min(len(areas), MAX_POINTS)).astype(int)]
        if len(areas)
        else areas
    )
    points = shapely.point_on_surface(sample)
    source, target = (getattr(item.data, "crs", None) for item in (first, second))
    if source is not None and target is not None and not crs.same(source, target):
        points = crs.transform(points, source, target)
    hits = shapely.STRtree(_areas(second.data)).query(points, predicate="within")[0]
    return len(np.unique(hits)) / len(points) if len(points) else 0.0


def _areas(data: LayerLike) -> np.ndarray:
    found = data.geometry[shapely.get_dimensions(data.geometry) == 2]
    return np.asarray(found, dtype=object)
