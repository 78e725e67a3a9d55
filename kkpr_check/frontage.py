"""Front, side and rear edges of a parcel, and the roads it fronts on (contract section 1a.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.features import Features
from kkpr_check.geometry import Floats, Objects, deepest_m, overlap_of, polygons_of, union_of
from kkpr_check.outlines import Lines

FRONT_REACH_M = 2.0
UNKNOWN_RUMIJA_M = 30.0
"""Where a road's width is not known, the widest common rumija says how far a front may lie from its line."""
TOUCH_M = 0.1
_COLLINEAR_M = 0.05
_FRONT_LENGTH_M = 3.0
_UNDRAWN_M = 1.0
_PARALLEL_COS = np.cos(np.radians(45.0))


@dataclass(frozen=True, slots=True)
class Road:
    """A road that a parcel fronts on: its line (None where only the drawn road is known) and rumija width.

    `area` is what is drawn of it before its own edges of the parcel (None: nothing, the width tells where it ends).
    """

    line: Any | None
    area: Any | None
    width_m: float
    ce90_m: float
    name: str


@dataclass(frozen=True, slots=True)
class Frontage:
    """Edges of a parcel as MultiLineStrings (empty where there is none), and the roads in front."""

    front: Any
    side: Any
    rear: Any
    roads: tuple[Road, ...]

    @property
    def found(self) -> bool:
        """Tell whether any front was found; without one nothing can be called side or rear."""
        return not self.front.is_empty


@dataclass(frozen=True, slots=True)
class Network:
    """Roads near a block: centre lines with their rumija width (NaN unknown), and drawn road areas (zone BJ).

    `measure` measures depths in place of `deepest_m`, where a layer of drawn roads is kept in memory.
    """

    lines: Objects
    width_m: Floats
    line_ce90_m: Floats
    names: tuple[str, ...]
    areas: Objects
    area_ce90_m: Floats
    known: bool
    line_tree: shapely.STRtree
    area_tree: shapely.STRtree
    measure: Lines | None = None

    @classmethod
    def of(cls, roads: Sequence[Features], drawn: Sequence[Features], *, known: bool) -> Network:
        """Join road layers and drawn road zones; `known` says whether any of the plans has roads at all."""
        pieces = [shapely.get_parts(r.geometry, return_index=True) for r in roads]
        lines = np.concatenate([part for part, _ in pieces]) if pieces else np.empty(0, dtype=object)
        rows = [(r, i) for r, (_, index) in zip(roads, pieces, strict=True) for i in index]
        width = [np.nan if (w := r.attribute("width_m", i)) is None else float(w) for r, i in rows]
        names = tuple(str(r.attribute("name", i) or r.name) for r, i in rows)
        ce90 = [r.ce90_m for r, _ in rows]
        areas = np.concatenate([d.geometry for d in drawn]) if drawn else np.empty(0, dtype=object)
        area_ce90 = [d.ce90_m for d in drawn for _ in range(len(d))]
        return cls(
            lines,
            np.array(width, float),
            np.array(ce90, float),
            names,
            areas,
            np.array(area_ce90, float),
            known,
            shapely.STRtree(lines),
            shapely.STRtree(areas),
            next((d.lines for d in drawn if d.lines is not None), None),
        )

    def lines_near(self, shape: Any, distance_m: float) -> NDArray[np.intp]:
        """Return the rows of the lines within a distance, in their order."""
        return np.sort(self.line_tree.query(shape, predicate="dwithin", distance=distance_m))

    def areas_near(self, shape: Any, distance_m: float) -> NDArray[np.intp]:
        """Return the rows of the drawn roads within a distance, in their order."""
        return np.sort(self.area_tree.query(shape, predicate="dwithin", distance=distance_m))

    def depth_m(self, pieces: Any, area: Any) -> float:
        """Return how far parts of an area reach inward from its rings, in metres."""
        found = np.nan if self.measure is None else self.measure.across_m(polygons_of(pieces), area)
        return deepest_m(pieces, shapely.boundary(area)) if np.isnan(found) else float(found)


def reached_by_roads(parcels: Objects, network: Network) -> NDArray[np.bool_]:
    """Tell which parcels lie near enough to a road to have a front; the others have none."""
    found = np.zeros(len(parcels), dtype=bool)
    if len(network.lines):
        width_m = np.where(np.isnan(network.width_m), UNKNOWN_RUMIJA_M, network.width_m)
        reach_m = width_m / 2 + FRONT_REACH_M + TOUCH_M
        k, i = network.line_tree.query(parcels, predicate="dwithin", distance=float(reach_m.max()))
        found[k[shapely.dwithin(parcels[k], network.lines[i], reach_m[i])]] = True
    found[network.area_tree.query(parcels, predicate="dwithin", distance=TOUCH_M)[0]] = True
    return found


def frontage_of(parcel: Any, network: Network) -> Frontage:
    """Classify the edges of a parcel.

    Front: edges within half the road width + 2 m of a road line and running along it, or touching a drawn road;
    rear: edges within 45 degrees of opposite; the rest are sides. Several fronts are allowed.
    """
    edges, outward = _edges(parcel)
    front = np.zeros(len(edges), dtype=bool)
    roads = []
    near = network.areas_near(parcel, TOUCH_M)
    drawn = network.areas[near]
    for i in network.lines_near(parcel, UNKNOWN_RUMIJA_M / 2 + FRONT_REACH_M + 50.0):
        along = _along(edges, network.lines[i], _half_width_m(network, i) + FRONT_REACH_M)
        if along.any():
            front |= along
            roads.append(_road(network, i, drawn, parcel, edges[along], outward[along]))
    for area, ce90_m in zip(drawn, network.area_ce90_m[near], strict=True):
        touching = _touching(edges, area)
        rest = touching & ~front
        if rest.any():
            inside = network.lines_near(area, 0.0)
            if len(inside):
                nearest = inside[shapely.distance(network.lines[inside], _lines(edges[rest])).argmin()]
                roads.append(_road(network, nearest, drawn, parcel, edges[rest], outward[rest]))
            else:
                roads.append(Road(None, area, float("nan"), float(ce90_m), "BJ"))
        front |= touching
    rear = _opposite(outward, front)
    side = ~front & ~rear
    return Frontage(_lines(edges[front]), _lines(edges[side]), _lines(edges[rear]), tuple(roads))


def _half_width_m(network: Network, line: Any) -> float:
    width = float(network.width_m[line])
    return (UNKNOWN_RUMIJA_M if np.isnan(width) else width) / 2


def _road(network: Network, line: Any, drawn: Objects, parcel: Any, edges: Objects, outward: Floats) -> Road:
    """Return the road of a centre line before some edges of a parcel, with what is drawn of it there."""
    shape, width_m = network.lines[line], float(network.width_m[line])
    drawn = drawn[shapely.intersects(drawn, shape)] if len(drawn) else drawn
    area = None
    if len(drawn):
        inside = overlap_of(parcel, shapely.buffer(shape, _half_width_m(network, line) + FRONT_REACH_M))
        depth_m = float(shapely.distance(edges, shape).max()) + 1.0
        place = union_of([before(edges, outward, depth_m), inside])
        area = drawn_before(place, union_of(drawn), shape, width_m)
    return Road(shape, area, width_m, float(network.line_ce90_m[line]), network.names[line])


def before(edges: Objects, outward: Floats, depth_m: float) -> Any:
    """Return the ground before edges, as deep as told."""
    ends = shapely.get_coordinates(edges).reshape(-1, 2, 2)
    far = ends + depth_m * outward[:, None, :]
    rings = np.stack([ends[:, 0], ends[:, 1], far[:, 1], far[:, 0], ends[:, 0]], axis=1)
    return union_of(shapely.polygons(rings))


def drawn_before(place: Any, drawn: Any, line: Any, width_m: float) -> Any | None:
    """Return what is drawn of a road at a place; where its line runs undrawn, half the width to each side.

    A drawn road that a line only ends at or crosses is not where its own road lies.
    """
    area = overlap_of(drawn, place)
    undrawn = shapely.difference(shapely.intersection(line, place), drawn)
    if area.is_empty or undrawn.length <= _UNDRAWN_M:
        return None if area.is_empty else area
    if np.isnan(width_m):
        return None
    return union_of([area, overlap_of(shapely.buffer(undrawn, width_m / 2, cap_style="flat"), place)])


def _edges(parcel: Any) -> tuple[Objects, Floats]:
    """Return the outer edges, collinear ones merged, with their outward normals."""
    edges, outward = [], []
    for part in polygons_of(parcel):
        ring = shapely.simplify(part.exterior, _COLLINEAR_M)
        coords = np.asarray(ring.coords)[:, :2]
        if not ring.is_ccw:
            coords = coords[::-1]
        step = np.diff(coords, axis=0)
        length = np.hypot(step[:, 0], step[:, 1])
        keep = length > 0
        edges.append(shapely.linestrings(np.stack([coords[:-1], coords[1:]], axis=1)[keep]))
        outward.append(np.stack([step[:, 1], -step[:, 0]], axis=1)[keep] / length[keep, None])
    if not edges:
        return np.empty(0, dtype=object), np.empty((0, 2))
    return np.concatenate(edges), np.concatenate(outward)


def _along(edges: Objects, line: Any, reach_m: float) -> Any:
    if not shapely.dwithin(edges, line, reach_m + TOUCH_M).any():
        return np.zeros(len(edges), dtype=bool)
    inside = shapely.intersection(edges, shapely.buffer(line, reach_m))
    length = shapely.length(inside)
    enough = (length > 0) & (length >= np.minimum(0.5 * shapely.length(edges), _FRONT_LENGTH_M))
    direction = _direction(edges)
    along = np.zeros(len(edges), dtype=bool)
    for i in np.flatnonzero(enough):
        at = shapely.line_locate_point(line, shapely.centroid(inside[i]))
        pieces = shapely.line_interpolate_point(line, [max(at - 1.0, 0.0), min(at + 1.0, line.length)])
        step = np.asarray(shapely.get_coordinates(pieces[1]) - shapely.get_coordinates(pieces[0]))[0]
        norm = np.hypot(*step)
        along[i] = norm > 0 and abs(float(direction[i] @ step)) / norm >= _PARALLEL_COS
    return along


def _direction(edges: Objects) -> Floats:
    coords = shapely.get_coordinates(edges).reshape(-1, 2, 2)
    step = coords[:, 1] - coords[:, 0]
    return np.asarray(step / np.hypot(step[:, 0], step[:, 1])[:, None])


def _touching(edges: Objects, area: Any) -> Any:
    """Tell which edges run along the rim of a drawn road, or mostly inside it; one that only enters it is no front."""
    west, south, east, north = shapely.total_bounds(edges)
    reach_m = 2 * TOUCH_M
    rim = shapely.clip_by_rect(
        shapely.boundary(area), west - reach_m, south - reach_m, east + reach_m, north + reach_m
    )
    length = shapely.length(edges)
    beside = shapely.length(shapely.intersection(edges, shapely.buffer(rim, TOUCH_M)))
    inside = shapely.length(shapely.intersection(edges, area))
    return (beside >= np.minimum(0.5 * length, _FRONT_LENGTH_M)) | (inside >= 0.5 * length)


def _opposite(outward: Floats, front: Any) -> Any:
    if not front.any():
        return np.zeros(len(outward), dtype=bool)
    facing = outward @ outward[front].T
    return ~front & (facing.min(axis=1) <= -_PARALLEL_COS)


def _lines(edges: Objects) -> Any:
    return shapely.MultiLineString(list(edges))
