"""The lines at which failing features of a layer end, for any set of failing features, without dissolving anything.

In a coverage every inner edge stands twice, once in each direction. Where both of its features fail it is no outline of
the failing area; where one does, it is. Edges that do not match (a gap, an overlap, neighbours with other vertices) are
`loose`: whether they are outline only the dissolved area can tell, and who asks near one has to dissolve.

Plain numpy and shapely; metres, valid polygons.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.geometry import Bools, Floats, Objects, small
from kkpr_check.plan import Tolerance

Ints = NDArray[np.int64]
Indices = NDArray[np.int32]

GRID_M = 1e-4
"""Edges are matched on the grid on which areas are dissolved."""
ROW_M = 25.0
"""Edges stand in rows as high as this, so that those of a place are near each other in memory."""
TOUCH_M, INSET_M = 1e-3, 0.01
AT_ONCE = 4_000
"""Features whose rings are taken apart together: a large layer must not stand in memory a second time."""
_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


class Lines(Protocol):
    """The lines of a whole layer that is kept in memory, for whoever measures to those of some of its features."""

    def outline(self, failing: Ints) -> Objects | None:
        """Return the outline of the union of some features (rows, ascending) as segments; None: only a union can tell."""
        ...

    def noded(self, features: Ints) -> Objects:
        """Return some features (rows) as they are to be dissolved: see `noded`."""
        ...

    def inward_m(self, pieces: Objects, failing: Ints) -> float:
        """Return the greatest distance from a point of some polygons to that outline; NaN: not known here."""
        ...

    def across_m(self, pieces: Objects, outline: Any) -> float:
        """Return the greatest distance from a point of some polygons to the rings of a geometry; NaN: not known here."""
        ...


@dataclass(frozen=True)
class Edges:
    """Edges of the features of one layer, each once.

    Attributes
    ----------
    ends
        x1, y1, x2, y2 on the 0.1 mm grid, ``(n, 4)``.
    feature, other
        The features on its two sides; `other` is -1 where there is none.
    loose
        Whether only a union can tell if the edge is an outline.
    """

    ends: Floats
    feature: Indices
    other: Indices
    loose: Bools

    @cached_property
    def _by_feature(self) -> tuple[Ints, Indices]:
        """Where the edges of each feature begin, and one more; edge rows by the feature that they are a side of."""
        paired = np.flatnonzero(self.other >= 0).astype(np.int32)
        feature = np.concatenate([self.feature, self.other[paired]])
        order = np.argsort(feature, kind="stable")
        rows = np.concatenate([np.arange(len(self.feature), dtype=np.int32), paired])[order]
        start = np.zeros(int(feature.max(initial=-1)) + 2, dtype=np.int64)
        np.cumsum(np.bincount(feature), out=start[1:])
        return start, rows

    @cached_property
    def unmatched(self) -> Ints:
        """The features with a loose edge, ascending."""
        mine = np.concatenate([self.feature[self.loose], self.other[self.loose]])
        return np.unique(mine[mine >= 0]).astype(np.int64)

    def outline(self, failing: Ints) -> Objects | None:
        """Return the outline of the union of some features as segments, None where only a union can tell.

        Parameters
        ----------
        failing
            Rows of the features, ascending.
        """
        start, rows = self._by_feature
        failing = failing[failing < len(start) - 1]  # the last ones may have no edge
        low, high = start[failing], start[failing + 1]
        mine = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)] or [np.empty(0, int)])
        edge, count = np.unique(rows[mine], return_counts=True)
        edge = edge[count == 1]  # twice: both of its features fail, it runs inside
        if self.loose[edge].any():
            return None
        segments: Objects = shapely.linestrings(self.ends[edge].reshape(-1, 2, 2))
        return segments


def noded(features: Objects, around: Objects) -> Objects:
    """Return (Multi)Polygons on the grid, with a corner wherever an edge of one meets an edge of another.

    A union on a grid bends an edge to each corner on its way. With the corners in place beforehand, the union of some
    features of a layer does not depend on which others are in it.

    Parameters
    ----------
    around
        All features of the layer whose boxes meet the box of one of them, themselves among them.
    """
    lines = shapely.union_all(shapely.boundary(around), grid_size=GRID_M)
    corners = np.unique(shapely.get_coordinates(lines), axis=0)
    kind, coords, (rings, *rest) = shapely.to_ragged_array(features, include_z=False)
    coords = np.round(coords / GRID_M) * GRID_M
    closes = np.zeros(len(coords), dtype=bool)
    closes[rings[1:] - 1] = True
    edge = np.flatnonzero(~closes)
    lines = shapely.linestrings(np.stack([coords[edge], coords[edge + 1]], axis=1))
    half_m = GRID_M / 2
    pixels = shapely.box(*(corners - half_m).T, *(corners + half_m).T)
    line, corner = shapely.STRtree(pixels).query(lines, predicate="intersects")
    met, begin = corners[corner], edge[line]
    inner = (abs(met - coords[begin]) > half_m).any(axis=1) & (abs(met - coords[begin + 1]) > half_m).any(
        axis=1
    )
    line, begin, met = line[inner], begin[inner], met[inner]
    after = np.concatenate([np.arange(len(coords)), begin])
    along = np.concatenate(
        [np.zeros(len(coords)), shapely.line_locate_point(lines[line], shapely.points(met))]
    )
    order = np.lexsort((along, after))
    ends = np.searchsorted(after[order], rings)
    made: Objects = shapely.from_ragged_array(kind, np.concatenate([coords, met])[order], (ends, *rest))
    wrong = ~shapely.is_valid(made)
    made[wrong] = features[wrong]
    return made


def edges_of(features: Objects, tolerance: Tolerance) -> Edges:
    """Return the edges of a layer of (Multi)Polygons.

    Parameters
    ----------
    tolerance
        What is so small or narrow that, as a hole in a failing area, it would be filled.
    """
    narrow = small(shapely.area(features), shapely.length(features), tolerance)
    ends, zone, left, narrow_ring = _segments(features, tolerance)
    order, first, count = _grouped(ends)
    whole = ends[order[first]].astype(np.float64)
    del ends  # a large layer: what is no longer needed must not stand beside what comes
    whole *= GRID_M
    near = np.lexsort((whole[:, 0], whole[:, 1] // ROW_M))
    whole, first, count = whole[near], first[near], count[near]
    zone, left = zone[order], left[order]
    second = np.minimum(first + 1, len(order) - 1)
    pair = (count == 2) & (zone[first] != zone[second]) & (left[first] != left[second])
    loose = ~pair & (count > 1)
    other = np.where(pair, zone[second], np.int32(-1))
    loose |= narrow[zone[first]] | (pair & narrow[zone[second]]) | narrow_ring[order[first]]
    alone = np.flatnonzero(~pair & ~loose)
    loose[alone] |= _doubtful(whole[alone], zone[first[alone]], features, tolerance)
    return Edges(whole, zone[first], other, loose)


def closed(features: Objects) -> Bools:
    """Tell which (Multi)Polygons of a layer have every edge in common, bit for bit, with one other, on its other side.

    Whoever crosses such an edge leaves one feature and enters another: where all edges about are of this kind, every place
    is covered equally often.
    """
    rings, owner = rings_of(features)
    turned = ~np.asarray(shapely.is_ccw(rings), dtype=bool) ^ _is_hole(features)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    begin = np.flatnonzero((ring[1:] == ring[:-1]) & (coords[1:] != coords[:-1]).any(axis=1))
    back = turned[ring[begin]]
    tail, head, feature = begin + back, begin + ~back, owner[ring[begin]]  # the feature lies to the left
    point = np.zeros(len(coords), dtype=np.uint64)
    for column, factor in zip(coords.view(np.uint64).T, _MIX, strict=False):
        point = (point ^ column) * np.uint64(factor)
        point ^= point >> np.uint64(29)
    key = point[tail] + point[head]
    order = np.argsort(key)
    new = np.diff(key[order], prepend=~key[order[:1]], append=~key[order[-1:]]) != 0
    at = np.flatnonzero(new[:-2] & ~new[1:-1] & new[2:])
    one, other = order[at], order[at + 1]
    alike = (coords[tail[one]] == coords[head[other]]) & (coords[head[one]] == coords[tail[other]])
    pair = alike.all(axis=1) & (feature[one] != feature[other])
    matched = np.zeros(len(begin), dtype=bool)
    matched[one[pair]] = matched[other[pair]] = True
    result = np.ones(len(features), dtype=bool)
    result[feature[~matched]] = False
    return result


def _segments(features: Objects, tolerance: Tolerance) -> tuple[Ints, Indices, Bools, Bools]:
    """Return all edges on the grid, lesser end first; their features, whether those lie left, whether a ring is narrow."""
    most = int(shapely.get_num_coordinates(features).sum())
    ends = np.empty((most, 4), dtype=np.int64)
    zone = np.empty(most, dtype=np.int32)
    left, narrow = np.empty(most, dtype=bool), np.empty(most, dtype=bool)
    n = 0
    for begin in range(0, len(features), AT_ONCE):
        some = features[begin : begin + AT_ONCE]
        hole = _is_hole(some)
        rings, owner = rings_of(some)
        narrow_ring = small(shapely.area(shapely.polygons(rings)), shapely.length(rings), tolerance)
        # Interior lies to the left of a counter-clockwise shell; of a hole it lies outside.
        turned = ~np.asarray(shapely.is_ccw(rings), dtype=bool) ^ hole
        found, forward, ring = _on_grid(rings)
        mine = slice(n, n + len(found))
        n += len(found)
        ends[mine], zone[mine] = found, begin + owner[ring]
        left[mine], narrow[mine] = forward ^ turned[ring], narrow_ring[ring]
    return ends[:n], zone[:n], left[:n], narrow[:n]


def _on_grid(rings: Objects) -> tuple[Ints, Bools, Ints]:
    """Return the edges of rings on the grid, lesser end first, whether they ran that way, and the ring of each."""
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    grid = np.round(coords / GRID_M).astype(np.int64)
    real = (ring[1:] == ring[:-1]) & (grid[1:] != grid[:-1]).any(axis=1)
    ends = np.hstack([grid[:-1][real], grid[1:][real]])
    backward = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] >= ends[:, 3]))
    ends[backward] = ends[backward][:, [2, 3, 0, 1]]
    return ends, ~backward, ring[1:][real]


def rings_of(features: Objects) -> tuple[Objects, Ints]:
    """Return all rings of some features and whose they are."""
    parts, owner = shapely.get_parts(features, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    return rings, owner[part]


def _is_hole(features: Objects) -> Bools:
    _, part = shapely.get_rings(shapely.get_parts(features), return_index=True)
    hole = np.zeros(len(part), dtype=bool)
    hole[1:] = part[1:] == part[:-1]
    return hole


def _grouped(ends: Ints) -> tuple[Ints, Ints, Ints]:
    """Return an order that puts equal edges together, where each group begins in it, and how long it is."""
    key = np.zeros(len(ends), dtype=np.uint64)
    for column, factor in zip(ends.T, _MIX, strict=True):
        key = (key ^ column.astype(np.uint64)) * np.uint64(factor)
        key ^= key >> np.uint64(29)
    order = np.argsort(key, kind="stable")
    new = np.ones(len(order), dtype=bool)
    new[1:] = False
    for column in ends.T:
        sorted_ = column[order]
        new[1:] |= sorted_[1:] != sorted_[:-1]
    first = np.flatnonzero(new)
    return order, first, np.diff(np.append(first, len(order)))


def _doubtful(ends: Floats, feature: Indices, features: Objects, tolerance: Tolerance) -> Bools:
    """Tell which unmatched edges run along a feature that is not their own, or around a gap that would be filled."""
    result = np.zeros(len(ends), dtype=bool)
    if not len(ends):
        return result
    lines = shapely.linestrings(ends.reshape(-1, 2, 2))
    start, stop = ends[:, None, :2], ends[:, None, 2:]
    # Neighbours meet at the ends of their edges anyway; what counts is what happens between.
    inset = np.minimum(INSET_M / shapely.length(lines), 0.25)[:, None, None]
    between = shapely.linestrings(
        np.concatenate([start + inset * (stop - start), stop + inset * (start - stop)], axis=1)
    )
    line, hit = shapely.STRtree(features).query(between, predicate="dwithin", distance=TOUCH_M)
    result[line[hit != feature[line]]] = True
    faces = shapely.get_parts(shapely.polygonize(lines))
    filled = faces[small(shapely.area(faces), shapely.length(faces), tolerance)]
    if len(filled):
        result[shapely.STRtree(filled).query(lines, predicate="dwithin", distance=TOUCH_M)[0]] = True
    return result
