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

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.kernels import SAFE_M, Shares, noise_m2
from kkpr_check.kernels.blocks import Bools, Floats, Objects, Polygons, polygons

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


def _point_to_edges(points: Floats, edges: Edges) -> float:
    """Return the least distance of points ``(n, 2)`` to edges."""
    along = edges[:, 2:4] - edges[:, :2]
    length2 = np.maximum(np.sum(along**2, axis=1), np.finfo(float).tiny)
    best = np.inf
    for point in points:
        share = np.clip(np.sum((point - edges[:, :2]) * along, axis=1) / length2, 0, 1)
        foot = edges[:, :2] + share[:, None] * along
        best = min(best, float(np.sqrt(np.min(np.sum((foot - point) ** 2, axis=1)))))
    return best


def _crosses(edge: Floats, others: Edges) -> bool:
    """Tell whether one edge properly crosses any other."""

    def side(a: Floats, b: Floats, c: Floats) -> Floats:
        turn: Floats = (b - a)[..., 0] * (c - a)[..., 1] - (b - a)[..., 1] * (c - a)[..., 0]
        return turn

    start, end = edge[:2], edge[2:4]
    low, high = others[:, :2], others[:, 2:4]
    apart = side(start, end, low) * side(start, end, high) >= 0
    return bool(np.any(~apart & (side(low, high, start) * side(low, high, end) < 0)))


def edge_distance_m(subject: shapely.Geometry, zone: shapely.Geometry) -> float:
    """Return the least distance between the outline of `subject` and that of `zone`; 0 where they cross."""
    origin = tuple(shapely.bounds(subject)[:2])
    ours, theirs = signed_edges(subject, origin), signed_edges(zone, origin)
    if any(_crosses(edge, theirs) for edge in ours):
        return 0.0
    ends = [np.concatenate((edges[:, :2], edges[:, 2:4])) for edges in (ours, theirs)]
    return min(_point_to_edges(ends[0], theirs), _point_to_edges(ends[1], ours))


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
            found, neighbours = self._one(subject, areas[row], noise[row])
            pairs += [(row, zone, area) for zone, area in found]
            edges = min((distance for _, distance in neighbours), default=np.inf)
            inside[row] = len(found) == 1 and found[0][1] == areas[row] and edges > self._margin_m + SAFE_M
            sharing = {zone for zone, _ in found}
            if self._near:
                close += [
                    (row, zone, distance)
                    for zone, distance in neighbours
                    if zone not in sharing and distance <= self._margin_m
                ]
        columns = [np.array(column) for column in zip(*pairs, strict=True)] or [np.empty(0)] * 3
        others = [np.array(column) for column in zip(*close, strict=True)] or [np.empty(0)] * 3
        return Shares(
            columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2], areas, inside,
            others[0].astype(np.int64), others[1].astype(np.int64), others[2],
        )  # fmt: skip

    def _one(
        self, subject: shapely.Geometry, area: float, noise: float
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """Return (zone, area) of zones that share area, and (zone, edge distance) of all zones in reach."""
        reach = self._margin_m + 2 * SAFE_M
        x1, y1, x2, y2 = shapely.bounds(subject)
        near = (self._bounds[:, 0] <= x2 + reach) & (self._bounds[:, 2] >= x1 - reach)
        near &= (self._bounds[:, 1] <= y2 + reach) & (self._bounds[:, 3] >= y1 - reach)
        found: list[tuple[int, float]] = []
        edges: list[tuple[int, float]] = []
        for zone in np.flatnonzero(near).tolist():
            shared = intersection_area_m2(subject, self._zones[zone])
            if shared > noise:
                found.append((zone, area if abs(shared - area) <= noise else shared))
            edges.append((zone, edge_distance_m(subject, self._zones[zone])))
        return found, edges
