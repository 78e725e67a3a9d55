"""Areas of unions and of what is left over, without an overlay: vertical slabs between all corners and crossings.

Cut the plane at the x of every corner and every crossing of two edges. Between two cuts no edges cross, so the parts
of a slab are trapezoids, and a trapezoid's area is its width times its height at mid-width. Going up a slab, each
edge takes one polygon in or out, so it is known of each trapezoid which polygons hold it. `verify` counts with this
and with `kkpr_check.kernels.reference`; neither shares code with the GEOS overlay that made the report.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.kernels.reference import signed_edges

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SlabAreas(NamedTuple):
    """Square metres of a subject: all of it, each group's union inside it, what any group covers."""

    subject_m2: float
    groups_m2: tuple[float, ...]
    covered_m2: float


def slab_areas(subject: shapely.Geometry, groups: Sequence[Sequence[shapely.Geometry]]) -> SlabAreas:
    """Measure a valid polygon (metres) and the union of each group of valid polygons inside it.

    >>> slab_areas(shapely.box(0, 0, 4, 4), [[shapely.box(0, 0, 2, 4), shapely.box(1, 0, 3, 4)]])
    SlabAreas(subject_m2=16.0, groups_m2=(12.0,), covered_m2=12.0)
    """
    x1, y1, x2, y2 = shapely.bounds(subject)
    origin = (x1, y1)
    edges, owners = [signed_edges(subject, origin)], [0]
    group_of = [-1]
    for number, group in enumerate(groups):
        for polygon in group:
            near = _near(signed_edges(polygon, origin), x2 - x1, y2 - y1)
            if len(near):
                edges.append(near)
                owners.append(len(owners))
                group_of.append(number)
    owner = np.concatenate([np.full(len(part), i) for i, part in zip(owners, edges, strict=True)])
    every = np.concatenate(edges)
    slanted = every[:, 4] != 0
    every, owner = every[slanted], owner[slanted]
    return _sum(every, owner, np.array(group_of), len(groups))


def _near(edges: Floats, width: float, height: float) -> Floats:
    """Return what matters for a subject in ``[0, width] x [0, height]``.

    Edges beside or above it go; those below only tell that their polygon has begun, so their height is made one.
    """
    edges = edges[(edges[:, 4] != 0) & (edges[:, 0] < width) & (edges[:, 2] > 0)].copy()
    edges = edges[np.minimum(edges[:, 1], edges[:, 3]) < height]
    below = np.maximum(edges[:, 1], edges[:, 3]) < 0
    edges[below, 1] = edges[below, 3] = -1.0
    edges[below, 0] = np.maximum(edges[below, 0], 0.0)
    edges[below, 2] = np.minimum(edges[below, 2], width)
    return edges


def _cuts(edges: Floats) -> Floats:
    """Return the x of all corners and crossings, sorted."""
    found = [edges[:, 0], edges[:, 2]]
    slope = (edges[:, 3] - edges[:, 1]) / (edges[:, 2] - edges[:, 0])
    base = edges[:, 1] - slope * edges[:, 0]
    for i in range(len(edges) - 1):
        rest = slice(i + 1, None)
        with np.errstate(divide="ignore", invalid="ignore"):
            x = (base[rest] - base[i]) / (slope[i] - slope[rest])
        low, high = np.maximum(edges[rest, 0], edges[i, 0]), np.minimum(edges[rest, 2], edges[i, 2])
        found.append(x[(x > low) & (x < high)])
    return np.unique(np.concatenate(found))


def _sum(edges: Floats, owner: Ints, group_of: Ints, count: int) -> SlabAreas:
    cuts = _cuts(edges)
    subject, covered, groups = 0.0, 0.0, np.zeros(count)
    slope = (edges[:, 3] - edges[:, 1]) / (edges[:, 2] - edges[:, 0])
    for left, right in itertools.pairwise(cuts):
        middle = (left + right) / 2
        active = np.flatnonzero((edges[:, 0] < middle) & (edges[:, 2] > middle))
        height = edges[active, 1] + slope[active] * (middle - edges[active, 0])
        order = np.argsort(height, kind="stable")
        active, height = active[order], height[order]
        held = np.zeros((len(active), len(group_of)), dtype=np.int64)
        held[np.arange(len(active)), owner[active]] = -edges[active, 4].astype(np.int64)
        inside = np.cumsum(held, axis=0)[:-1] > 0
        area = (right - left) * np.diff(height) * inside[:, 0]
        subject += float(area.sum())
        for number in range(count):
            groups[number] += float(area[inside[:, group_of == number].any(axis=1)].sum())
        covered += float(area[inside[:, 1:].any(axis=1)].sum())
    return SlabAreas(subject, tuple(float(g) for g in groups), covered)
