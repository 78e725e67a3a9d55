"""Which polygons lie beside a place, those along most of its outline first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from kkpr_check.geometry import blocks
from kkpr_check.quality.base import Bools, Floats, Ints, Objects
from kkpr_check.quality.coverage import Parts
from kkpr_check.quality.points import holding

BESIDE_M = 2e-3
"""A polygon within this distance of a place lies beside it."""


def beside(places: Objects, parts: Parts, tree: shapely.STRtree) -> Iterator[tuple[int | None, int | None]]:
    """Yield for each place the rows of the two features with the longest shares of its outline.

    Parameters
    ----------
    places
        Polygons.
    parts, tree
        The polygons of a layer and their index.
    """
    for rows in blocks(places):
        some = places[rows]
        place, part, share_m = _shares(some, tree)
        order = np.lexsort((part, -share_m.round(2), place))
        place, owner = place[order], parts.owner[part[order]]
        first = _first(place, np.ones(len(place), dtype=bool), len(some))
        second = _first(place, owner != owner[first[place]], len(some))
        for n in range(len(some)):
            if first[n] >= 0:
                yield int(owner[first[n]]), int(owner[second[n]]) if second[n] >= 0 else None
            else:
                yield _touching(some[n], parts, tree)


def _shares(places: Objects, tree: shapely.STRtree) -> tuple[Ints, Ints, Floats]:
    """Return (place, part, metres of the place's outline that the part lies along)."""
    rings, place = shapely.get_rings(shapely.orient_polygons(places), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    along = np.diff(xy, axis=0)
    length = np.hypot(*along.T)
    real = (ring[1:] == ring[:-1]) & (length > 0)
    place, along, length = place[ring[:-1][real]], along[real], length[real]
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1) / length[:, None]
    outside = xy[:-1][real] + along / 2 + BESIDE_M * outward
    edge, part = holding(shapely.points(outside), tree)
    key = place[edge] * len(tree.geometries) + part
    order = np.argsort(key, kind="stable")
    start = np.flatnonzero(np.diff(key[order], prepend=-1))
    share_m = np.add.reduceat(length[edge[order]], start) if len(start) else np.empty(0)
    number = key[order][start]
    return number // len(tree.geometries), number % len(tree.geometries), share_m


def _first(place: Ints, wanted: Bools, count: int) -> Ints:
    """Return for each place its first wanted row, -1 where it has none; `place` ascends."""
    rows = np.flatnonzero(wanted)[::-1]
    first = np.full(count, -1)
    first[place[rows]] = rows
    return first


def _touching(place: shapely.Polygon, parts: Parts, tree: shapely.STRtree) -> tuple[int | None, int | None]:
    """Return the rows of the features that a place so narrow touches that nothing lies straight outside of it."""
    near = tree.query(place, predicate="dwithin", distance=BESIDE_M)
    first, second, *_ = [*dict.fromkeys(parts.owner[np.sort(near)].tolist()), None, None]
    return first, second
