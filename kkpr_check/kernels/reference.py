"""The slow, obvious area kernel: the one the other two, `verify` and the property tests are held against.

Let every edge of a polygon be a straight line over an interval of x, signed ``+1`` where the polygon lies below it
(an upper edge) and ``-1`` where it lies above (a lower edge). The part of a polygon's area under a line is then a sum
of signed trapezoids, and for two polygons A and B

    area(A and B) = sum over edges e of A, f of B of  s_e * s_f * integral of min(e(x), f(x)) dx

over the x interval that e and f have in common. For one x this holds because the indicator of "inside A and B" along
the vertical line is the product of two sums of signed half-lines, and the half-lines below e and below f meet in the
half-line below the lower of them.

There are no degenerate cases: no intersection point is ever sorted or joined. A shared or collinear edge is a pair
whose minimum is either of the two; a vertical edge has no x interval and drops out; holes, parts, touching corners
and concave outlines are only more edges. Coordinates are taken relative to the subject's own corner, so that numbers
around 9e6 do not cancel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.kernels import SAFE_M, Shares, noise_m2
from kkpr_check.kernels.blocks import Bools, Floats, Objects, Polygons, polygons, valid

Edges = NDArray[np.float64]
"""``(n, 5)``: x and y of the left end, x and y of the right end, sign (0 for a vertical edge)."""


def signed_edges(polygon: shapely.Geometry, origin: tuple[float, float] = (0.0, 0.0)) -> Edges:
    """Return the edges of a valid polygon or multipolygon in metres, relative to `origin`."""
    rows: list[Edges] = [np.empty((0, 5))]
    for part in shapely.get_parts(polygon):
        rings = shapely.get_rings(part)
        for number, ring in enumerate(rings):
            points = shapely.get_coordinates(ring) - np.asarray(origin)
            start, end = points[:-1], points[1:]
            turn = np.sum((start[:, 0] - points[0, 0]) * (end[:, 1] - points[0, 1]))
            turn -= np.sum((end[:, 0] - points[0, 0]) * (start[:, 1] - points[0, 1]))
            outline = np.sign(turn) * (1.0 if number == 0 else -1.0)
            leftward = (end[:, 0] < start[:, 0])[:, None]
            left, right = np.where(leftward, end, start), np.where(leftward, start, end)
            sign = outline * np.sign(start[:, 0] - end[:, 0])
            rows.append(np.column_stack((left, right, sign)))
    return np.concatenate(rows)


def _height(edges: Edges, x: Floats) -> Floats:
    """Return y of each (non-vertical) edge at x."""
    x1, y1, x2, y2 = edges[:, :4].T
    result: Floats = y1 + (y2 - y1) * ((x - x1) / (x2 - x1))
    return result


def _under_both(edge: Floats, others: Edges) -> float:
    """Return the signed area under one edge and each of `others`, summed."""
    left, right = np.maximum(others[:, 0], edge[0]), np.minimum(others[:, 2], edge[2])
    others, left, right = (part[left < right] for part in (others, left, right))
    same = np.broadcast_to(edge, others.shape)
    gap_left = _height(others, left) - _height(same, left)
    gap_right = _height(others, right) - _height(same, right)
    low_left = _height(same, left) + np.minimum(gap_left, 0)
    low_right = _height(same, right) + np.minimum(gap_right, 0)
    area = (right - left) * (low_left + low_right) / 2
    crossing = gap_left * gap_right < 0
    # The lines cross: the minimum has a corner above the chord between its ends.
    share = gap_left[crossing] / (gap_left[crossing] - gap_right[crossing])
    middle = left[crossing] + share * (right - left)[crossing]
    top = _height(same[crossing], middle)
    chord = low_left[crossing] + share * (low_right - low_left)[crossing]
    area[crossing] += (right - left)[crossing] * (top - chord) / 2
    return float(np.sum(area * others[:, 4]) * edge[4])


def area_m2(polygon: shapely.Geometry) -> float:
    """Return the area of a valid polygon in metres as a sum of signed trapezoids."""
    if shapely.is_empty(polygon):
        return 0.0
    edges = signed_edges(polygon, tuple(shapely.bounds(polygon)[:2]))
    return float(np.sum(edges[:, 4] * (edges[:, 2] - edges[:, 0]) * (edges[:, 1] + edges[:, 3]) / 2))


def intersection_area_m2(subject: shapely.Geometry, zone: shapely.Geometry) -> float:
    """Return area(subject and zone) of two valid polygons in metres, by the formula of the module's docstring.

    >>> intersection_area_m2(shapely.box(0, 0, 4, 4), shapely.box(3, 1, 9, 9))
    3.0
    """
    if shapely.is_empty(subject) or shapely.is_empty(zone):
        return 0.0
    origin = tuple(shapely.bounds(subject)[:2])
    ours, theirs = (signed_edges(polygon, origin) for polygon in (subject, zone))
    theirs = theirs[theirs[:, 4] != 0]
    return sum(_under_both(edge, theirs) for edge in ours[ours[:, 4] != 0])


def _to_edges2(points: Floats, edges: Edges) -> float:
    """Return the least squared distance of points ``(n, 2)`` to edges."""
    along = edges[:, 2:4] - edges[:, :2]
    length2 = np.maximum(np.sum(along**2, axis=1), np.finfo(float).tiny)
    reach = points[:, None] - edges[None, :, :2]
    share = np.clip(np.sum(reach * along, axis=2) / length2, 0, 1)
    return float(np.min(np.sum((reach - share[..., None] * along) ** 2, axis=2), initial=np.inf))


def _turn(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return on which side of the line a-b the point c lies, as a signed area."""
    turn: Floats = (b - a)[..., 0] * (c - a)[..., 1] - (b - a)[..., 1] * (c - a)[..., 0]
    return turn


def _cross(edges: Edges, others: Edges) -> bool:
    """Tell whether any two edges properly cross."""
    start, end = edges[:, None, :2], edges[:, None, 2:4]
    low, high = others[None, :, :2], others[None, :, 2:4]
    parted = _turn(start, end, low) * _turn(start, end, high) < 0
    return bool(np.any(parted & (_turn(low, high, start) * _turn(low, high, end) < 0)))


def edge_distance_m(subject: shapely.Geometry, zone: shapely.Geometry) -> float:
    """Return the least distance between the outline of `subject` and that of `zone`; 0 where they cross."""
    origin = tuple(shapely.bounds(subject)[:2])
    ours, theirs = signed_edges(subject, origin), signed_edges(zone, origin)
    best = np.inf
    for begin in range(0, len(ours), 64):  # a run at a time, to keep the tables small
        run = ours[begin : begin + 64]
        if _cross(run, theirs):
            return 0.0
        best = min(best, _to_edges2(run[:, :2], theirs), _to_edges2(run[:, 2:4], theirs))
        best = min(best, _to_edges2(theirs[:, :2], run), _to_edges2(theirs[:, 2:4], run))
    return float(np.sqrt(best))


class ReferenceKernel:
    """Every subject against every zone whose bounding box is near."""

    name = "reference"

    def prepare(
        self,
        zones: Polygons,
        *,
        margin_m: float = 0.0,
        near: bool = False,
        extent: tuple[float, float, float, float] | None = None,
        threads: int | None = None,
    ) -> ReferencePrepared:
        """Make zones ready; `extent` and `threads` change nothing here."""
        return ReferencePrepared(polygons(zones), margin_m, near)

    def valid(self, subjects: Polygons) -> Bools:
        """Tell which subjects are valid polygons, by GEOS."""
        return valid(subjects)


class ReferencePrepared:
    """See `kkpr_check.kernels.Prepared`."""

    def __init__(self, zones: Objects, margin_m: float, near: bool) -> None:
        self._zones, self._margin_m, self._near = zones, margin_m, near
        self._bounds = shapely.bounds(zones).reshape(-1, 4)

    def shares(self, subjects: Polygons) -> Shares:
        """Measure one subject after the other."""
        geometry = polygons(subjects)
        pairs: list[tuple[int, int, float]] = []
        close: list[tuple[int, int, float]] = []
        areas = np.array([0.0 if one is None else area_m2(one) for one in geometry])
        inside: Bools = np.zeros(len(geometry), dtype=bool)
        noise = noise_m2(shapely.bounds(geometry).reshape(-1, 4), areas)
        for row, subject in enumerate(geometry):
            if subject is None or shapely.is_empty(subject):
                continue
            zones = self._in_reach(subject)
            found = self._sharing(subject, zones, areas[row], noise[row])
            pairs += [(row, zone, area) for zone, area in found.items()]
            alone = list(found.values()) == [areas[row]]
            if alone or self._near:
                edges = {zone: edge_distance_m(subject, self._zones[zone]) for zone in zones}
                inside[row] = alone and min(edges.values()) > self._margin_m + SAFE_M
                near = [
                    (row, zone, m) for zone, m in edges.items() if zone not in found and m <= self._margin_m
                ]
                close += near if self._near else []
        columns = [np.array(column) for column in zip(*pairs, strict=True)] or [np.empty(0)] * 3
        others = [np.array(column) for column in zip(*close, strict=True)] or [np.empty(0)] * 3
        return Shares(
            columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2], areas, inside,
            others[0].astype(np.int64), others[1].astype(np.int64), others[2],
        )  # fmt: skip

    def each(self, blocks: Iterable[Polygons]) -> Iterator[Shares]:
        """Measure one block after the other."""
        return map(self.shares, blocks)

    def _in_reach(self, subject: shapely.Geometry) -> list[int]:
        """Return the zones whose bounding box is within the margin."""
        reach = self._margin_m + 2 * SAFE_M
        x1, y1, x2, y2 = shapely.bounds(subject)
        near = (self._bounds[:, 0] <= x2 + reach) & (self._bounds[:, 2] >= x1 - reach)
        near &= (self._bounds[:, 1] <= y2 + reach) & (self._bounds[:, 3] >= y1 - reach)
        rows: list[int] = np.flatnonzero(near).tolist()
        return rows

    def _sharing(
        self, subject: shapely.Geometry, zones: list[int], area: float, noise: float
    ) -> dict[int, float]:
        """Return the area each zone shares, above noise; within noise of the whole is the whole."""
        found = {zone: intersection_area_m2(subject, self._zones[zone]) for zone in zones}
        return {
            zone: area if abs(shared - area) <= noise else shared
            for zone, shared in found.items()
            if shared > noise
        }
