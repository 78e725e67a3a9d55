"""Front, side and rear edges of a parcel told again (contract section 1a.8), by points along each edge.

Where a point count is too near to a threshold to tell, both answers are kept: a measure has to fit one of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely

from kkpr_check.features import PlanWindow
from kkpr_check.recount.segments import Floats, Segments, distance_m, inside, near, segments_of, to_segments_m
from kkpr_check.recount.values import zones_of

ROAD_SUBZONE = "BJ"
UNKNOWN_RUMIJA_M, FRONT_REACH_M, _TOUCH_M = 30.0, 2.0, 0.1
_ENOUGH_M, _COLLINEAR_M = 3.0, 0.05
_PARALLEL = float(np.cos(np.radians(45.0)))
_POINTS = 400
_NEAR_M = 100.0
_UNSURE_M, _UNSURE_COS = 0.05, 0.02
_UNSURE_MAX = 5


class Road(NamedTuple):
    """A centre line with its rumija width (NaN: not known) and its name in the report's plans."""

    line: Any
    width_m: float


class Roads(NamedTuple):
    """Roads of all plans: centre lines, and drawn road zones."""

    lines: Sequence[Road]
    areas: Sequence[Any]

    @classmethod
    def of(cls, windows: Sequence[PlanWindow], around: tuple[float, float, float, float]) -> Roads:
        """Collect those near a box from the windows of the plans that judged."""
        lines, areas = [], []
        for window in windows:
            for layer in window.plan.layers_of("road"):
                features = window.layers[layer.id]
                for i, geometry in enumerate(features.geometry):
                    width = features.attribute("width_m", i)
                    lines += [
                        Road(part, np.nan if width is None else float(width))
                        for part in shapely.get_parts(geometry)
                        if _boxes_meet(part, around, _NEAR_M)
                    ]
            drawn = zones_of(window).get(ROAD_SUBZONE, [])
            areas += [area for area in drawn if _boxes_meet(area, around, _NEAR_M)]
        return cls(lines, areas)


def _boxes_meet(geometry: Any, box: tuple[float, float, float, float], reach_m: float) -> bool:
    x1, y1, x2, y2 = shapely.bounds(geometry)
    return bool(
        x1 <= box[2] + reach_m
        and x2 >= box[0] - reach_m
        and y1 <= box[3] + reach_m
        and y2 >= box[1] - reach_m
    )


class Edges(NamedTuple):
    """The edges of a parcel under one way of telling them, and the roads in front (rows of `Roads`)."""

    front: Segments
    side: Segments
    rear: Segments
    roads: tuple[int, ...]
    areas: tuple[int, ...]


class _Maybe(NamedTuple):
    """Whether something holds: surely, at most."""

    surely: bool
    at_most: bool


def edges_of(parcel: Any, roads: Roads) -> tuple[list[Edges], bool]:
    """Return the ways in which the edges of a parcel can be told, and whether its outline is plain.

    A plain outline has no vertex that nearly lies on a line; of another, clearances are known to 5 cm only.
    """
    origin = np.asarray(shapely.bounds(parcel)[:2])
    rings = [
        shapely.get_coordinates(ring) - origin
        for ring in shapely.get_exterior_ring(shapely.get_parts(parcel))
    ]
    thinned = [_without_collinear(ring) for ring in rings]
    turned = [_without_end(ring) for ring in thinned]
    plain = all(len(kept) == len(ring) for kept, ring in zip(turned, rings, strict=True))
    ways = _ways_of(thinned, roads, origin)
    # Whether the vertex where a ring starts is one of those that go is told differently by different releases of GEOS.
    same = all(a is b for a, b in zip(turned, thinned, strict=True))
    return ways if same else [*ways, *_ways_of(turned, roads, origin)], plain


def _ways_of(rings: Sequence[Floats], roads: Roads, origin: Floats) -> list[Edges]:
    rings = [r if np.sum(r[:-1, 0] * r[1:, 1] - r[1:, 0] * r[:-1, 1]) > 0 else r[::-1] for r in rings]
    edges = np.concatenate([np.column_stack((r[:-1], r[1:])) for r in rings])
    along = edges[:, 2:] - edges[:, :2]
    length = np.hypot(along[:, 0], along[:, 1])
    edges, along, length = edges[length > 0], along[length > 0], length[length > 0]
    outward = np.column_stack((along[:, 1], -along[:, 0])) / length[:, None]
    by_line = [[_fronts_line(e, r, origin) for e in edges] for r in roads.lines]
    by_area = [[_fronts_area(e, a, origin) for e in edges] for a in roads.areas]
    return list(_ways(edges, outward, by_line, by_area))[: 4 * 2**_UNSURE_MAX]


def _without_collinear(points: Floats) -> Floats:
    """Return a closed ring without the vertices that lie within 5 cm of the line between their neighbours."""
    kept = _thinned(points)
    return kept if len(kept) >= 4 else points


def _without_end(ring: Floats) -> Floats:
    """Return a closed ring without the vertex it starts at, where that too lies within 5 cm of such a line."""
    if len(ring) <= 4 or to_segments_m(ring[:1], np.concatenate((ring[-2], ring[1]))[None])[0] > _COLLINEAR_M:
        return ring
    return np.concatenate((ring[1:-1], ring[1:2]))


def _thinned(points: Floats) -> Floats:
    if len(points) <= 2:
        return points
    chord = np.concatenate((points[0], points[-1]))[None]
    away = to_segments_m(points[1:-1], chord)
    far = int(away.argmax())
    if away[far] <= _COLLINEAR_M:
        return points[[0, -1]]
    return np.concatenate((_thinned(points[: far + 2])[:-1], _thinned(points[far + 1 :])))


def _samples(edge: Floats) -> tuple[Floats, float]:
    share = (np.arange(_POINTS) + 0.5)[:, None] / _POINTS
    return edge[:2] + share * (edge[2:] - edge[:2]), float(np.hypot(*(edge[2:] - edge[:2])))


def _enough(close: Any, nearer: Any, length: float) -> _Maybe:
    """Tell whether enough of an edge is near: half of it or 3 m."""
    asked, grain = min(0.5 * length, _ENOUGH_M), 2 * length / _POINTS
    return _Maybe(
        nearer.mean() * length >= asked + grain and bool(nearer.any()),
        close.mean() * length >= asked - grain and bool(close.any()),
    )


def _fronts_line(edge: Floats, road: Road, origin: Floats) -> _Maybe:
    reach = (UNKNOWN_RUMIJA_M if np.isnan(road.width_m) else road.width_m) / 2 + FRONT_REACH_M
    points, length = _samples(edge)
    line = segments_of(road.line, origin)
    low, high = points.min(axis=0), points.max(axis=0)
    close = near(line, low, high, reach + 1.0)
    if not len(close):
        return _Maybe(False, False)
    away = to_segments_m(points, close)
    enough = _enough(away <= reach + _UNSURE_M, away <= reach - _UNSURE_M, length)
    if not enough.at_most:
        return enough
    along = (edge[2:] - edge[:2]) / length
    cosines = [
        abs(float(along @ _direction(line, points[away <= reach + slack].mean(axis=0))))
        for slack in (-_UNSURE_M, 0.0, _UNSURE_M)
        if (away <= reach + slack).any()
    ]
    return _Maybe(
        enough.surely and min(cosines) >= _PARALLEL + _UNSURE_COS, max(cosines) >= _PARALLEL - _UNSURE_COS
    )


def _direction(line: Segments, at: Floats) -> Floats:
    """Return the direction of a line within 1 m of the place nearest to a point."""
    length = np.hypot(line[:, 2] - line[:, 0], line[:, 3] - line[:, 1])
    start = np.concatenate(([0.0], np.cumsum(length)))
    away = np.array([to_segments_m(at[None], s[None])[0] for s in line])
    i = int(away.argmin())
    step = line[i, 2:] - line[i, :2]
    share = float(np.clip((at - line[i, :2]) @ step / max(float(step @ step), 1e-300), 0, 1))
    where = start[i] + share * length[i]
    points = np.concatenate((line[:, :2], line[-1:, 2:]))
    ends = [
        np.array([np.interp(w, start, points[:, 0]), np.interp(w, start, points[:, 1])])
        for w in (max(where - 1.0, 0.0), min(where + 1.0, start[-1]))
    ]
    step = ends[1] - ends[0]
    found: Floats = step / max(float(np.hypot(*step)), 1e-300)
    return found


def _fronts_area(edge: Floats, area: Any, origin: Floats) -> _Maybe:
    points, length = _samples(edge)
    rim = near(segments_of(area, origin), points.min(axis=0), points.max(axis=0), 2 * _TOUCH_M)
    if not _boxes_meet(area, _box_of(points + origin), _TOUCH_M):
        return _Maybe(False, False)
    away = to_segments_m(points, rim)
    beside = _enough(away <= _TOUCH_M + 0.005, away <= _TOUCH_M - 0.005, length)
    share, grain = float(inside(points, area, origin).mean()), 2 / _POINTS
    return _Maybe(beside.surely or share >= 0.5 + grain, beside.at_most or share >= 0.5 - grain)


def _box_of(points: Floats) -> tuple[float, float, float, float]:
    (x1, y1), (x2, y2) = points.min(axis=0), points.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)


def _ways(
    edges: Segments, outward: Floats, by_line: list[list[_Maybe]], by_area: list[list[_Maybe]]
) -> Iterator[Edges]:
    rows = [*by_line, *by_area]
    open_ = [
        (r, e) for r, row in enumerate(rows) for e, said in enumerate(row) if said.surely != said.at_most
    ]
    for chosen in itertools.product((False, True), repeat=min(len(open_), _UNSURE_MAX)):
        said = np.array([[s.surely for s in row] for row in rows], dtype=bool).reshape(len(rows), len(edges))
        for (r, e), yes in zip(open_, chosen, strict=False):
            said[r, e] = yes
        front = said.any(axis=0)
        ahead = said[: len(by_line)].any(axis=0)
        roads = tuple(int(r) for r in np.flatnonzero(said[: len(by_line)].any(axis=1)))
        areas = tuple(r for r in range(len(by_area)) if (said[len(by_line) + r] & ~ahead).any())
        facing = (outward @ outward[front].T).min(axis=1) if front.any() else np.ones(len(edges))
        unsure = facing[~front & (np.abs(facing + _PARALLEL) < _UNSURE_COS)]
        for least in (*np.unique(unsure), -_PARALLEL - _UNSURE_COS):
            rear = ~front & (facing <= least)
            yield Edges(edges[front], edges[~front & ~rear], edges[rear], roads, areas)


def fronts_of(way: Edges, road: Road | Any, origin: Floats) -> Segments:
    """Return the front edges that may lie on one road (a centre line, or a drawn road); all where none does."""
    tell = _fronts_line if isinstance(road, Road) else _fronts_area
    mine = [tell(edge, road, origin).at_most for edge in way.front]
    return way.front[mine] if any(mine) else way.front


def ground_before(edges: Segments, depth_m: float, origin: Floats) -> list[Any]:
    """Return the ground before each edge of an outline that runs counter-clockwise, as deep as told."""
    along = edges[:, 2:] - edges[:, :2]
    out = depth_m * np.column_stack((along[:, 1], -along[:, 0])) / np.hypot(along[:, 0], along[:, 1])[:, None]
    return [
        shapely.Polygon(np.array([e[:2], e[2:], e[2:] + o, e[:2] + o]) + origin)
        for e, o in zip(edges, out, strict=True)
    ]


def to_edges_m(shape: Any, edges: Segments, origin: Floats) -> float:
    """Return the distance from a polygon to some edges (inf where there are none)."""
    if not len(edges):
        return float("inf")
    pairs = (edges + np.tile(origin, 2)).reshape(-1, 2, 2)
    return distance_m(shape, shapely.MultiLineString([shapely.LineString(pair) for pair in pairs]))
