"""Areas of unions and of what is left over, without an overlay: vertical slabs between all corners and crossings.

Cut the plane at the x of every corner and every crossing of two edges. Between two cuts no edges cross, so the parts
of a slab are trapezoids, and a trapezoid's area is its width times its height at mid-width. Going up a slab, each
edge takes one polygon in or out, so it is known of each trapezoid which polygons hold it. `verify` counts with this
and with `kkpr_check.kernels.reference`; neither shares code with the GEOS overlay that made the report.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.kernels.reference import signed_edges

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_TOUCH_M = 1e-7
"""Trapezoids that share less of a side do not hang together: polygons that touch in a point are two."""


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


class Piece(NamedTuple):
    """A connected part of a region: square metres, metres around it, and its rows in the map."""

    area_m2: float
    perimeter_m: float
    rows: Ints


class SlabMap:
    """A box cut into trapezoids, each wholly inside or outside every one of some named regions.

    Regions that are made of others (a part in one zone and not in another) are masks over the trapezoids; no
    polygon is ever cut or joined.

    Attributes
    ----------
    x, bottom, top
        ``(n, 2)``: x of the left and right side, and y of the lower and upper edge at each; relative to the box's corner.
    area_m2
        Of each trapezoid.
    """

    def __init__(
        self,
        bounds: tuple[float, float, float, float],
        regions: Mapping[Hashable, Sequence[shapely.Geometry]],
    ) -> None:
        x1, y1, x2, y2 = bounds
        self.origin = (x1, y1)
        width, height = x2 - x1, y2 - y1
        frame = np.array([[0.0, 0.0, width, 0.0, -1.0], [0.0, height, width, height, 1.0]])
        edges, owners = [frame], [np.zeros(2, dtype=np.int64)]
        self._column = {name: number for number, name in enumerate(regions, 1)}
        for name, polygons in regions.items():
            near = [_near(signed_edges(polygon, self.origin), width, height) for polygon in polygons]
            mine = np.concatenate([*near, np.empty((0, 5))])
            edges.append(mine)
            owners.append(np.full(len(mine), self._column[name]))
        self._cut(np.concatenate(edges), np.concatenate(owners), width)

    def _cut(self, edges: Floats, owner: Ints, width: float) -> None:
        cuts = _cuts(edges)
        cuts = np.concatenate([[0.0], cuts[(cuts > _TOUCH_M) & (cuts < width - _TOUCH_M)], [width]])
        cuts = cuts[np.append(True, np.diff(cuts) > _TOUCH_M)]
        slope = (edges[:, 3] - edges[:, 1]) / (edges[:, 2] - edges[:, 0])
        sides, low, high, held, slab, between = [], [], [], [], [], []
        for number, (left, right) in enumerate(itertools.pairwise(cuts)):
            middle = (left + right) / 2
            active = np.flatnonzero((edges[:, 0] < middle) & (edges[:, 2] > middle))
            at = edges[active, 1] + slope[active] * (middle - edges[active, 0])
            active = active[np.argsort(at, kind="stable")]
            count = np.zeros((len(active), len(self._column) + 1), dtype=np.int64)
            count[np.arange(len(active)), owner[active]] = -edges[active, 4].astype(np.int64)
            inside = np.cumsum(count, axis=0)[:-1] > 0
            framed = inside[:, 0]
            y = edges[active, 1] + slope[active] * (np.array([[left], [right]]) - edges[active, 0])
            sides.append(np.broadcast_to((left, right), (int(framed.sum()), 2)))
            low.append(y[:, :-1].T[framed])
            high.append(y[:, 1:].T[framed])
            held.append(inside[framed])
            slab.append(np.full(int(framed.sum()), number))
            between.append(np.column_stack((active[:-1], active[1:]))[framed])
        self.x, self.bottom, self.top = (np.concatenate(part) for part in (sides, low, high))
        self._held, self._slab = np.concatenate(held), np.concatenate(slab)
        self._between = np.concatenate(between)
        self.top = np.maximum(self.top, self.bottom)
        self.area_m2: Floats = (self.x[:, 1] - self.x[:, 0]) * (self.top - self.bottom).mean(axis=1)

    def __contains__(self, name: Hashable) -> bool:
        return name in self._column

    def of(self, *names: Hashable) -> Bools:
        """Return the trapezoids in any of some regions; a region that is not there holds none."""
        columns = [self._column[name] for name in names if name in self._column]
        held: Bools = np.any(self._held[:, columns], axis=1)
        return held

    def size_m2(self, mask: Bools) -> float:
        """Return the area of a mask."""
        return float(self.area_m2[mask].sum())

    def pieces(self, mask: Bools, neck_m: float = _TOUCH_M) -> list[Piece]:
        """Return the connected parts of a mask.

        Parameters
        ----------
        neck_m
            What hangs together by less is not connected: by default what touches in a point only. Where it is less than
            nothing, what comes as near as that is connected.
        """
        rows = np.flatnonzero(mask)
        parent = {int(row): int(row) for row in rows}

        def root(row: int) -> int:
            while parent[row] != row:
                parent[row] = parent[parent[row]]
                row = parent[row]
            return row

        shared = np.zeros(len(mask))
        by_slab = [group.tolist() for group in np.split(rows, np.flatnonzero(np.diff(self._slab[rows])) + 1)]
        for group in by_slab:
            for below, above in itertools.pairwise(group):
                apart = self.bottom[above] - self.top[below]
                run = self.x[below, 1] - self.x[below, 0]
                if np.max(apart) <= _TOUCH_M:
                    edge = float(np.hypot(run, self.top[below, 1] - self.top[below, 0]))
                    shared[[below, above]] += edge
                    if run > neck_m:
                        parent[root(above)] = root(below)
                elif np.min(apart) <= -neck_m:
                    parent[root(above)] = root(below)
        for ours, theirs in itertools.pairwise(by_slab):
            if ours and theirs and self._slab[theirs[0]] == self._slab[ours[0]] + 1:
                for left, right, length in self._touching(ours, theirs, min(neck_m, _TOUCH_M)):
                    if length > neck_m:
                        parent[root(right)] = root(left)
                    shared[[left, right]] += max(length, 0.0)
        found: dict[int, list[int]] = {}
        for row in parent:
            found.setdefault(root(row), []).append(row)
        around = self._outlines() - shared
        return [
            Piece(self.size_m2(np.array(part)), float(around[part].sum()), np.array(part))
            for part in found.values()
        ]

    def rims(self, mask: Bools) -> Floats:
        """Return what bounds a mask, as ``(n, 4)`` ends of segments.

        A lower or upper edge that two of its trapezoids share is left out, and a side that lies within its neighbours'.
        """
        rows = np.flatnonzero(mask)
        low, high = mask.copy(), mask.copy()
        below, above = rows[:-1], rows[1:]
        meet = (self._slab[below] == self._slab[above]) & (
            np.max(self.bottom[above] - self.top[below], axis=1) <= _TOUCH_M
        )
        low[above[meet]] = high[below[meet]] = False
        inner = self._covered_sides(rows)
        found = [
            self._runs(np.flatnonzero(low), self.bottom, self._between[:, 0]),
            self._runs(np.flatnonzero(high), self.top, self._between[:, 1]),
        ]
        for side in (0, 1):
            open_ = mask & ~inner[:, side]
            x = self.x[open_, side]
            found.append(np.column_stack((x, self.bottom[open_, side], x, self.top[open_, side])))
        return np.concatenate(found)

    def _runs(self, rows: Ints, y: Floats, edge: Ints) -> Floats:
        """Return the pieces of edges of some trapezoids, those of one edge in one as far as they follow each other."""
        rows = rows[np.lexsort((self._slab[rows], edge[rows]))]
        if not len(rows):
            return np.empty((0, 4))
        follows = (edge[rows[1:]] == edge[rows[:-1]]) & (self._slab[rows[1:]] == self._slab[rows[:-1]] + 1)
        first, last = rows[np.append(True, ~follows)], rows[np.append(~follows, True)]
        return np.column_stack((self.x[first, 0], y[first, 0], self.x[last, 1], y[last, 1]))

    def _covered_sides(self, rows: Ints) -> Bools:
        """Tell of each trapezoid whether its left and right side are covered by others of the mask."""
        covered = np.zeros((len(self.area_m2), 2))
        groups = [group.tolist() for group in np.split(rows, np.flatnonzero(np.diff(self._slab[rows])) + 1)]
        for ours, theirs in itertools.pairwise(groups):
            if ours and theirs and self._slab[theirs[0]] == self._slab[ours[0]] + 1:
                for left, right, length in self._touching(ours, theirs):
                    covered[left, 1] += length
                    covered[right, 0] += length
        whole: Bools = covered >= (self.top - self.bottom) - 1e-6
        return whole

    def _touching(
        self, ours: list[int], theirs: list[int], neck_m: float = _TOUCH_M
    ) -> Iterator[tuple[int, int, float]]:
        """Yield the pairs of two neighbouring slabs that share a stretch of their common side, from below."""
        i = j = 0
        while i < len(ours) and j < len(theirs):
            left, right = ours[i], theirs[j]
            low = max(self.bottom[left, 1], self.bottom[right, 0])
            high = min(self.top[left, 1], self.top[right, 0])
            if high - low > neck_m:
                yield left, right, float(high - low)
            if self.top[left, 1] < self.top[right, 0]:
                i += 1
            else:
                j += 1

    def _outlines(self) -> Floats:
        run = self.x[:, 1] - self.x[:, 0]
        around: Floats = (self.top - self.bottom).sum(axis=1)
        for edge in (self.bottom, self.top):
            around = around + np.hypot(run, edge[:, 1] - edge[:, 0])
        return around
