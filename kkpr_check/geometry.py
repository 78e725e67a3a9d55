"""Measures in metres. Every geometry is valid, 2-D and in one metric CRS; nothing here knows a rule or a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException

from kkpr_check.plan import Tolerance

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]

DIGITS = 4
_SCALE = 10.0**DIGITS
REL_TOL = 1e-6
NOISE_SHARE = 0.05
_DEPTH_TOL_M = 1e-6
_MAX_TRIANGLES = 400_000
_HAIR_M = 1e-5
"""Half the width of what is a hairline between two shapes and no land."""
_GRID_M = 1e-4

EMPTY = shapely.MultiPolygon()
BLOCK_VERTICES = 50_000
"""Layers are taken apart so many vertices at a time: what stays in the processor's cache is not paged in again."""


def blocks(geometry: Objects) -> Iterator[slice]:
    """Yield slices of rows that hold about `BLOCK_VERTICES` vertices each."""
    count = np.cumsum(shapely.get_num_coordinates(geometry)) // BLOCK_VERTICES
    ends = np.flatnonzero(np.diff(count, append=-1)) + 1
    yield from (slice(int(a), int(b)) for a, b in zip(np.append(0, ends), ends, strict=False))


def objects(values: Sequence[Any]) -> Objects:
    """Return a one-dimensional object array, whatever the values are."""
    array: Objects = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def round_m(value: Any) -> Any:
    """Round metres or square metres to the 1e-4 that are compared and printed."""
    if isinstance(value, float):
        return np.rint(value * _SCALE) / _SCALE  # what numpy.round does, without making an array
    return np.round(value, DIGITS)


def round_depth_m(value: Any) -> Any:
    """Round depths as `round_m`, by way of 1e-5: a depth is half a width, so a tie of the 1e-4 grid, and known to 1e-6 only.

    >>> float(round_depth_m(31.1819493)) == float(round_depth_m(31.1819507))
    True
    """
    return round_m(np.round(value, DIGITS + 1))


def polygons_of(geometry: Any) -> Objects:
    """Return the polygon parts of any geometry; lines and points of an overlay are no area and fall away."""
    if isinstance(geometry, shapely.Polygon):
        return objects([] if geometry.is_empty else [geometry])
    parts = shapely.get_parts(np.asarray([geometry], dtype=object))
    while len(parts) and (shapely.get_type_id(parts) >= 4).any():
        parts = shapely.get_parts(parts)
    areal: Objects = parts[(shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)]
    return areal


def collect(parts: Any) -> Any:
    """Return polygon parts as one geometry: a Polygon where it is one, else a MultiPolygon (maybe empty)."""
    parts = list(parts)
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def overlap_of(a: Any, b: Any) -> Any:
    """Return the areal intersection, element by element.

    Overlay in full precision; where GEOS gives up on a pair, once more on a 0.1 mm grid.
    """
    try:
        cut = shapely.intersection(a, b)
    except GEOSException:
        cut = shapely.intersection(a, b, grid_size=1e-4)
    return _areal(cut)


def remainder_of(a: Any, b: Any) -> Any:
    """Return the areal part of a that is not in b, element by element."""
    try:
        rest = shapely.difference(a, b)
    except GEOSException:
        rest = shapely.difference(a, b, grid_size=1e-4)
    return _areal(rest)


def _areal(geometries: Any) -> Any:
    if not isinstance(geometries, np.ndarray):
        return (
            geometries
            if geometries.geom_type in ("Polygon", "MultiPolygon")
            else collect(polygons_of(geometries))
        )
    mixed = np.flatnonzero(~np.isin(shapely.get_type_id(geometries), (3, 6)))
    for i in mixed:
        geometries[i] = collect(polygons_of(geometries[i]))
    return geometries


def valid_again(geometry: Objects) -> Objects:
    """Return geometries made valid where the projection of a very thin one crossed its own outline."""
    wrong = ~shapely.is_missing(geometry) & ~shapely.is_valid(geometry)
    if wrong.any():
        geometry = geometry.copy()
        geometry[wrong] = shapely.make_valid(geometry[wrong], method="structure", keep_collapsed=False)
    return geometry


def of_one_kind(geometry: Any) -> tuple[int, Any]:
    """Return the highest dimension in a geometry, and its parts of that dimension as one multi-geometry."""
    parts = shapely.get_parts(geometry)
    while (shapely.get_type_id(parts) >= 4).any():
        parts = shapely.get_parts(parts)
    dimension = int(shapely.get_dimensions(parts).max())
    maker = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[dimension]
    return dimension, maker(parts[shapely.get_dimensions(parts) == dimension])


def union_of(geometries: Any) -> Any:
    """Return the areal union of some geometries (one geometry; an empty MultiPolygon of none)."""
    geometries = [g for g in geometries if g is not None and not g.is_empty]
    if len(geometries) <= 1:
        return geometries[0] if geometries else EMPTY
    try:
        return _areal(shapely.union_all(geometries))
    except GEOSException:
        return _areal(shapely.union_all(geometries, grid_size=1e-4))


def clusters(pairs: NDArray[np.int64], keep: Bools) -> list[list[int]]:
    """Return the connected groups of the kept pairs, each sorted, smallest member first.

    The least number is handed on along the pairs, and to whoever follows a member, until nothing changes.
    """
    member, at = np.unique(pairs[keep], return_inverse=True)
    a, b = at.reshape(-1, 2).T
    label = np.arange(len(member))
    while (label[a] != label[b]).any():
        least = np.minimum(label[a], label[b])
        for end in (label[a], label[b]):
            np.minimum.at(label, end, least)
        while (label[label] != label).any():
            label = label[label]
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    return [group.tolist() for group in np.split(member[order], starts[1:])] if len(member) else []


def parts_of_union(geometries: Sequence[Any]) -> Objects:
    """Return the polygons of the areal union of some geometries; only parts that touch others are overlaid."""
    parts = polygons_of(shapely.GeometryCollection(list(geometries)))
    a, b = shapely.STRtree(parts).query(parts, predicate="intersects")
    alone = np.ones(len(parts), dtype=bool)
    united = [np.empty(0, dtype=object)]
    for group in clusters(np.stack([a, b], axis=1), a < b):
        alone[group] = False
        united.append(polygons_of(union_of(parts[group])))
    return np.concatenate([parts[alone], *united])


def dissolve(geometries: Any, tolerance: Tolerance) -> Any:
    """Return the union with its noise holes filled, as one area whose outline is worth measuring to.

    Neighbours of a real coverage differ by float noise along their shared edge, and layers have pin holes; neither
    is a place where an adverse area ends. A 0.1 mm grid closes the cracks.
    """
    geometries = [g for g in geometries if g is not None and not g.is_empty]
    if not geometries:
        return EMPTY
    if len(geometries) == 1:  # the union of one geometry is that geometry, off the grid
        merged = _areal(shapely.set_precision(geometries[0], _GRID_M))
    else:
        merged = _areal(shapely.union_all(geometries, grid_size=_GRID_M))
    return collect([_without_noise_holes(part, tolerance) for part in polygons_of(merged)])


def _without_noise_holes(polygon: Any, tolerance: Tolerance) -> Any:
    rings = shapely.get_rings(polygon)
    if len(rings) == 1:
        return polygon
    holes = shapely.polygons(rings[1:])
    area, length = shapely.area(holes), shapely.length(holes)
    keep = ~small(area, length, tolerance)
    _, wide = _thick_of(holes[~keep], np.full(int((~keep).sum()), np.inf), tolerance, _GRID_M)
    keep[np.flatnonzero(~keep)[wide]] = True
    return polygon if keep.all() else shapely.Polygon(rings[0], list(rings[1:][keep]))


def small(area_m2: Any, perimeter_m: Any, tolerance: Tolerance) -> Bools:
    """Tell which pieces are below the sliver limits: by area, or by mean width ``2 * area / perimeter``."""
    area_m2, perimeter_m = np.asarray(area_m2, float), np.asarray(perimeter_m, float)
    width = np.divide(2 * area_m2, perimeter_m, out=np.zeros_like(area_m2), where=perimeter_m > 0)
    result: Bools = (area_m2 < tolerance.sliver_area_m2) | (width < tolerance.sliver_width_m)
    return result


def noise(pieces: Objects, subject_area_m2: float, tolerance: Tolerance) -> Bools:
    """Tell which connected pieces are noise: under 5 % of the subject, and small or narrow (contract section 4)."""
    area = shapely.area(pieces)
    result: Bools = (area < NOISE_SHARE * subject_area_m2) & small(area, shapely.length(pieces), tolerance)
    return result


def without_noise(geometry: Any, subject_area_m2: float, tolerance: Tolerance) -> Any:
    """Return the geometry without its noise pieces (maybe empty)."""
    parts = polygons_of(geometry)
    if not len(parts):
        return EMPTY
    out = noise(parts, subject_area_m2, tolerance)
    if not out.any():
        return collect(parts)
    thick, _ = _thick_of(parts[out], np.full(int(out.sum()), subject_area_m2), tolerance)
    return collect([*parts[~out], *thick])


def _thick_of(
    pieces: Objects, subject_area_m2: Floats, tolerance: Tolerance, hair_m: float = _HAIR_M
) -> tuple[Objects, NDArray[np.int64]]:
    """Return what lasts of some noise pieces without their hairlines, and the row of the piece each part is of.

    Neighbours that differ by float noise leave hairlines between them: what hangs on one looks narrow, and may be wide.
    """
    rows = np.flatnonzero(shapely.area(pieces) >= tolerance.sliver_area_m2)
    core = shapely.buffer(pieces[rows], -hair_m, join_style="mitre")
    thick = overlap_of(shapely.buffer(core, hair_m, join_style="mitre"), pieces[rows])
    parts, at = shapely.get_parts(thick, return_index=True)
    area_m2, at = shapely.area(parts), rows[at]
    wide = ~small(area_m2, shapely.length(parts), tolerance) | (area_m2 >= NOISE_SHARE * subject_area_m2[at])
    return parts[wide], at[wide]


def left_of(ground: Any, taken: Any, approvable: Any, subject_area_m2: float, tolerance: Tolerance) -> Any:
    """Return what of a ground is not taken, without its noise pieces (maybe empty); what is approvable is no noise."""
    if taken is ground:
        return EMPTY
    rest = remainder_of(ground, taken)
    if isinstance(rest, shapely.Polygon) and rest.area >= NOISE_SHARE * subject_area_m2:
        return rest
    kept = without_noise(rest, subject_area_m2, tolerance)
    if approvable.is_empty or rest.area - kept.area < tolerance.sliver_area_m2:
        return kept
    return union_of([kept, overlap_of(rest, approvable)])


def parts_with_owner(geometry: Objects) -> tuple[Objects, NDArray[np.int64]]:
    """Return the parts of geometries and whose each is, ascending, as `shapely.get_parts`; single polygons are not copied."""
    single = shapely.get_type_id(geometry) == shapely.GeometryType.POLYGON
    if single.all():
        return geometry, np.arange(len(geometry))
    several = np.flatnonzero(~single)
    parts, of = shapely.get_parts(geometry[several], return_index=True)
    owner = np.concatenate([np.flatnonzero(single), several[of]])
    order = np.argsort(owner, kind="stable")
    return np.concatenate([geometry[single], parts])[order], owner[order]


def lasting(geometry: Objects, subject_area_m2: Floats, tolerance: Tolerance) -> tuple[Objects, Floats]:
    """Return (Multi)Polygons without their noise pieces (EMPTY where nothing else is), and the area of those pieces.

    Parameters
    ----------
    subject_area_m2
        For each geometry, the area that noise is measured against.
    """
    pieces, owner = parts_with_owner(geometry)
    area_m2 = shapely.area(pieces)
    out = (area_m2 < NOISE_SHARE * subject_area_m2[owner]) & small(area_m2, shapely.length(pieces), tolerance)
    dropped: Floats = np.bincount(owner[out], area_m2[out], len(geometry)).astype(np.float64)
    if not out.any():
        return geometry, dropped
    thick, at = _thick_of(pieces[out], subject_area_m2[owner[out]], tolerance)
    if len(thick):
        whose = owner[out][at]
        dropped -= np.bincount(whose, shapely.area(thick), len(geometry))
        order = np.argsort(np.append(owner, whose), kind="stable")
        pieces, out = np.append(pieces, thick)[order], np.append(out, np.zeros(len(thick), dtype=bool))[order]
        owner = np.append(owner, whose)[order]
    touched = np.zeros(len(geometry), dtype=bool)
    touched[owner[out]] = True
    result = geometry.copy()
    result[touched] = EMPTY
    stay = np.flatnonzero(touched[owner] & ~out)
    if len(stay):
        first = np.diff(owner[stay], prepend=-1) > 0
        made = shapely.multipolygons(pieces[stay], indices=np.cumsum(first) - 1)
        alone = shapely.get_num_geometries(made) == 1
        made[alone] = shapely.get_geometry(made[alone], 0)
        result[owner[stay[first]]] = made
    return result, dropped


def unions_by(owner: NDArray[np.int64], geometry: Objects, count: int) -> Objects:
    """Return the union of the areas of each owner ``0 .. count - 1`` (EMPTY where it has none).

    Parameters
    ----------
    owner
        Whose each geometry is, ascending.
    """
    result = np.full(count, EMPTY, dtype=object)
    start = np.searchsorted(owner, np.arange(count))
    length = np.diff(np.append(start, len(owner)))
    some = length > 0
    result[some] = geometry[start[some]]
    rest = np.flatnonzero(length > 1)
    few = rest[length[rest] <= 4]
    try:
        for turn in range(1, 4):
            more = few[length[few] > turn]
            result[more] = _areal(shapely.union(result[more], geometry[start[more] + turn]))
        rest = rest[length[rest] > 4]
    except GEOSException:
        pass  # one by one, and on a grid where it must be
    for one in rest:
        result[one] = union_of(geometry[start[one] : start[one] + length[one]])
    return result


def segments_of(lines: Any) -> Objects:
    """Return the straight segments of the lines or rings of a geometry as two-point LineStrings."""
    coords, index = shapely.get_coordinates(shapely.get_parts(_lines(lines)), return_index=True)
    if len(coords) < 2:
        return np.empty(0, dtype=object)
    same = index[1:] == index[:-1]
    pairs = np.stack([coords[:-1][same], coords[1:][same]], axis=1)
    result: Objects = shapely.linestrings(pairs[(pairs[:, 0] != pairs[:, 1]).any(axis=1)])
    return result


def _lines(geometry: Any) -> Objects:
    parts = shapely.get_parts(np.atleast_1d(np.asarray(geometry, dtype=object)))
    boundary = np.where(shapely.get_dimensions(parts) == 2, shapely.boundary(parts), parts)
    lines: Objects = shapely.get_parts(boundary)
    return lines


class Outline:
    """The lines or rings of a geometry as an index of straight segments, built once and measured to many times."""

    def __init__(self, geometry: Any, segments: Objects | None = None) -> None:
        self.segments = segments_of(geometry) if segments is None else segments
        self.tree = shapely.STRtree(self.segments)


def deepest_m(region: Any, outline: Any) -> float:
    """Return the greatest distance from a point of `region` to `outline`, in metres, to 0.1 mm.

    Branch and bound over triangles of the region. The distance to one segment is convex, so over a triangle it is
    greatest at a corner; the distance to the outline is at most that of any of its segments, or of the mean of two
    (which is what makes the ridge between two parallel edges converge at once).

    Parameters
    ----------
    region
        Polygons in metres.
    outline
        Lines or rings to measure to, or their `Outline`.

    >>> strip = shapely.box(0, 0, 40, 3)
    >>> round(deepest_m(strip, strip.boundary), 4)
    1.5
    """
    index = outline if isinstance(outline, Outline) else Outline(outline)
    segments, tree = index.segments, index.tree
    if not len(segments) or region.is_empty:
        return 0.0
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(polygons_of(region)))
    triangles = shapely.get_parts(triangles)
    corners = (
        shapely.get_coordinates(triangles).reshape(len(triangles), 4, 2)[:, :3] if len(triangles) else None
    )
    best = float(_distance(tree, shapely.get_coordinates(region))[0].max())
    while corners is not None and len(corners):
        distance, nearest = _distance(tree, corners.reshape(-1, 2))
        distance, nearest = distance.reshape(-1, 3), nearest.reshape(-1, 3)
        by_segment = _by_segment(corners, nearest, segments)
        ridge = _ridge_points(corners, by_segment)
        best = max(best, float(distance.max()), float(_distance(tree, ridge)[0].max(initial=0.0)))
        open_ = _bound(corners, distance, by_segment) > best + _DEPTH_TOL_M
        if not open_.any() or open_.sum() > _MAX_TRIANGLES:
            break
        corners = _halve(corners[open_])
    return best


def _distance(tree: shapely.STRtree, points: Floats) -> tuple[Floats, NDArray[np.intp]]:
    if not len(points):
        return np.empty(0), np.empty(0, dtype=np.intp)
    (at, index), distance = tree.query_nearest(
        shapely.points(points), return_distance=True, all_matches=False
    )
    order = np.argsort(at)
    return distance[order], index[order]


def _by_segment(corners: Floats, nearest: NDArray[np.intp], segments: Objects) -> Floats:
    """Return [t, s, c]: the distance of corner c of triangle t to the segment that is nearest to its corner s."""
    points = shapely.points(corners)
    result: Floats = shapely.distance(points[:, None, :], segments[nearest][:, :, None])
    return result


def _ridge_points(corners: Floats, by_segment: Floats) -> Floats:
    """Return where the sides of the triangles cross the ridge between the segments nearest to their ends.

    Between two nearly parallel edges the greatest distances lie on that ridge, and corners seldom do.
    """
    found = []
    for i, j in ((0, 1), (1, 2), (2, 0)):
        here = by_segment[:, j, i] - by_segment[:, i, i]
        there = by_segment[:, i, j] - by_segment[:, j, j]
        crossing = here + there > 0
        t = (here[crossing] / (here + there)[crossing])[:, None]
        found.append(corners[crossing, i] * (1 - t) + corners[crossing, j] * t)
    return np.concatenate(found)


def _bound(corners: Floats, distance: Floats, by_segment: Floats) -> Floats:
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
    reach = np.stack([np.maximum(sides[:, i], sides[:, i - 1]) for i in range(3)], axis=1)
    bound: Floats = (distance + reach).min(axis=1)
    for a, b in ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2)):
        mean = (by_segment[:, a] + by_segment[:, b]) / 2
        bound = np.minimum(bound, mean.max(axis=1))
    return bound


def _halve(corners: Floats) -> Floats:
    """Split each triangle at the middle of its longest side."""
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
    first = sides.argmax(axis=1)
    rows = np.arange(len(corners))
    a, b, c = (corners[rows, (first + k) % 3] for k in range(3))
    middle = (a + b) / 2
    return np.concatenate([np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)])


def web_mercator_inflation(latitude_deg: float) -> float:
    """Return by how much EPSG:3857 overstates areas at a latitude (WGS 84 ellipsoid).

    >>> round(web_mercator_inflation(-6.9), 4)
    1.0213
    """
    eccentricity2 = 6.69437999014e-3
    sine2 = float(np.sin(np.radians(latitude_deg))) ** 2
    return (1 - eccentricity2 * sine2) ** 2 / ((1 - eccentricity2) * (1 - sine2))


def utm_areal_scale(longitude_deg: float, latitude_deg: float) -> float:
    """Return by how much the plane of the site's UTM zone overstates areas (0.08 % too small to 0.2 % too large).

    Square of the point scale factor of the transverse Mercator projection (Snyder 1987, eq. 8-11), WGS 84 ellipsoid. At
    the edge of a zone both neighbours have the same scale.

    >>> round(utm_areal_scale(105.0, -6.9), 4), round(utm_areal_scale(107.6184, -7.0001), 5)
    (0.9992, 1.00127)
    """
    second_eccentricity2 = 6.73949674228e-3
    latitude = float(np.radians(latitude_deg))
    c = second_eccentricity2 * np.cos(latitude) ** 2
    a2 = (np.radians(longitude_deg % 6 - 3) * np.cos(latitude)) ** 2
    t = np.tan(latitude) ** 2
    fourth = 5 - 4 * t + 42 * c + 13 * c**2 - 28 * second_eccentricity2
    return float(0.9996 * (1 + (1 + c) * a2 / 2 + fourth * a2**2 / 24)) ** 2
