"""Distances between outlines and lines, pair by pair of their straight segments; plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Segments = NDArray[np.float64]
"""``(n, 4)``: x and y of both ends."""

_RUN = 64


def segments_of(geometry: Any, origin: Floats) -> Segments:
    """Return the segments of the lines or rings of a geometry, relative to an origin; a point is one of no length."""
    found = [np.empty((0, 4))]
    for part in shapely.get_parts(geometry):
        lines = shapely.get_rings(part) if part.geom_type == "Polygon" else [part]
        for line in lines:
            points = shapely.get_coordinates(line) - origin
            ends = points[1:] if len(points) > 1 else points
            found.append(np.column_stack((points[: len(ends)], ends)))
    return np.concatenate(found)


def to_segments_m(points: Floats, segments: Segments) -> Floats:
    """Return the distance from each of some points ``(n, 2)`` to the nearest segment."""
    return nearest_m(points, segments)[0]


def nearest_m(points: Floats, segments: Segments) -> tuple[Floats, NDArray[np.int64]]:
    """Return the distance from each of some points to the nearest segment, and the row of that segment."""
    best, row = np.full(len(points), np.inf), np.zeros(len(points), dtype=np.int64)
    for begin in range(0, len(segments), _RUN):
        away = to_each_m(points[:, None], segments[None, begin : begin + _RUN])
        here = away.argmin(axis=1)
        away = away[np.arange(len(points)), here]
        closer = away < best
        best, row = np.where(closer, away, best), np.where(closer, begin + here, row)
    return best, row


def to_each_m(points: Floats, segments: Segments) -> Floats:
    """Return the distances between points ``(..., 2)`` and segments ``(..., 4)``, element by element."""
    start, along = segments[..., :2], segments[..., 2:] - segments[..., :2]
    length2 = np.maximum(np.sum(along**2, axis=-1), np.finfo(float).tiny)
    reach = points - start
    share = np.clip(np.sum(reach * along, axis=-1) / length2, 0, 1)
    away: Floats = np.sqrt(np.sum((reach - share[..., None] * along) ** 2, axis=-1))
    return away


def inside(points: Floats, polygons: Any, origin: Floats) -> NDArray[np.bool_]:
    """Tell which points lie in any of some polygons, by counting how often a ray to the east leaves them."""
    held = np.zeros(len(points), dtype=bool)
    low, high = points.min(axis=0), points.max(axis=0)
    for polygon in shapely.get_parts(polygons):
        if polygon.geom_type != "Polygon":
            continue
        edges = segments_of(polygon, origin)
        x, y = np.maximum(edges[:, 0], edges[:, 2]), np.sort(edges[:, 1::2], axis=1)
        edges = edges[(x >= low[0]) & (y[:, 0] <= high[1]) & (y[:, 1] >= low[1])]
        y1, y2 = edges[:, 1], edges[:, 3]
        spans = (y1 > points[:, 1:]) != (y2 > points[:, 1:])
        with np.errstate(divide="ignore", invalid="ignore"):
            at = edges[:, 0] + (points[:, 1:] - y1) / (y2 - y1) * (edges[:, 2] - edges[:, 0])
        held |= np.sum(spans & (at > points[:, :1]), axis=1) % 2 == 1
    return held


def near(segments: Segments, low: Floats, high: Floats, reach_m: float) -> Segments:
    """Return the segments whose box is within a distance of the box from `low` to `high`."""
    least, most = np.minimum(segments[:, :2], segments[:, 2:]), np.maximum(segments[:, :2], segments[:, 2:])
    gap = np.maximum(np.maximum(least - high, low - most), 0.0)
    return segments[np.hypot(gap[:, 0], gap[:, 1]) <= reach_m]


def distance_m(one: Any, other: Any) -> float:
    """Return the least distance of two geometries; 0 where they cross or one holds the other (inf for nothing)."""
    if one is None or other is None or shapely.is_empty(one) or shapely.is_empty(other):
        return float("inf")
    origin = np.asarray(shapely.bounds(one)[:2])
    ours, theirs = segments_of(one, origin), segments_of(other, origin)
    if inside(_starts(one, origin), other, origin).any() or inside(_starts(other, origin), one, origin).any():
        return 0.0
    low, high = (f(ours.reshape(-1, 2), axis=0) for f in (np.min, np.max))
    corners = theirs.reshape(-1, 2) - (low + high) / 2
    theirs = near(theirs, low, high, float(np.hypot(*corners.T).min() + np.hypot(*(high - low))))
    if _cross(ours, theirs):
        return 0.0
    ends = (np.concatenate((s[:, :2], s[:, 2:])) for s in (ours, theirs))
    return float(min(to_segments_m(points, s).min() for points, s in zip(ends, (theirs, ours), strict=True)))


def _starts(geometry: Any, origin: Floats) -> Floats:
    """Return a point of each part: where no outlines cross, a part lies inside with all of its points."""
    coords, part = shapely.get_coordinates(shapely.get_parts(geometry), return_index=True)
    starts: Floats = coords[np.flatnonzero(np.diff(part, prepend=-1))] - origin
    return starts


def _cross(ours: Segments, theirs: Segments) -> bool:
    for begin in range(0, len(ours), _RUN):
        run = ours[begin : begin + _RUN]
        a, b = run[:, None, :2], run[:, None, 2:]
        c, d = theirs[None, :, :2], theirs[None, :, 2:]
        parted = (_turn(a, b, c) * _turn(a, b, d) < 0) & (_turn(c, d, a) * _turn(c, d, b) < 0)
        if parted.any():
            return True
    return False


def _turn(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return on which side of the line a-b the point c lies, as a signed area."""
    turn: Floats = (b - a)[..., 0] * (c - a)[..., 1] - (b - a)[..., 1] * (c - a)[..., 0]
    return turn
