"""Polygons as one coverage: where they overlap and where they leave gaps, found along unmatched edges only.

In a clean coverage every inner edge stands once in each direction. What is left over after matching directed edges
(on a 1 mm grid) bounds all the places whose depth, the number of polygons there, is not one: the sum of the
polygons' indicator functions changes across such an edge and nowhere else. So the left-over edges are noded and
polygonized, and only the faces they enclose are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely

from kkpr_check.geometry import (
    BLOCK_VERTICES,
    blocks,
    clusters,
    objects,
    overlap_of,
    polygons_of,
    remainder_of,
    union_of,
)
from kkpr_check.quality.base import Bools, Floats, Ints, Numbers, Objects
from kkpr_check.quality.faces import faces_of
from kkpr_check.quality.points import holding

MATCH_GRID_M = 1e-3
"""Vertices within one cell are one vertex: shared vertices of real layers differ by float noise."""
SAME_AREA_M2 = 1e-4
_ONE = np.uint64(1)
_MERGE_ROUNDS = 4
NOISE_AREA_M2 = 1e-2
NOISE_WIDTH_M = 1e-3
"""Below either of these a piece is noise of floats or of rounding to millimetres: nobody drew it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The polygon parts of a layer; `owner` is the row of the feature."""

    polygon: Objects
    owner: Ints


class Edges(NamedTuple):
    """Edges of some polygons.

    Attributes
    ----------
    xy
        Vertices in metres, (m, 2).
    at
        Vertex at which each edge begins; it ends at the next.
    part
        Part that each edge belongs to.
    turned
        Whether the part lies to the right.
    key
        Number of the place, equal where both ends lie in the same cells of the matching grid whichever comes first;
        its lowest bit is the direction, seen with the part to the left.
    """

    xy: Floats
    at: Ints
    part: Ints
    turned: Bools
    key: Numbers


class Places(NamedTuple):
    """Edges by place.

    Attributes
    ----------
    order
        Edges, those of one place together.
    first
        Where each place begins in `order`.
    uneven
        Whether the directions of the place do not cancel out.
    """

    order: Ints
    first: Ints
    uneven: Bools

    @property
    def lost(self) -> Ints:
        """The edges of all uneven places."""
        return self.order[np.repeat(self.uneven, np.diff(self.first, append=len(self.order)))]

    @property
    def beside(self) -> Iterator[Ints]:
        """Edges that lie in one place, two by two: blocks of (2, n)."""
        same = np.ones(len(self.order), dtype=bool)
        same[self.first] = False
        at = np.flatnonzero(same)
        for begin in range(0, len(at), BLOCK_VERTICES):
            yield self.order[np.stack([(here := at[begin : begin + BLOCK_VERTICES]) - 1, here])]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two features that share an area, without its noise pieces."""

    first: int
    second: int
    pieces: Objects
    same: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a layer is as a coverage.

    Attributes
    ----------
    pairs
        Overlapping features, each pair once, by row.
    holes
        Bounded places without any polygon, noise left out.
    neighbours
        Rows of features that share an edge, (k, 2), each pair once.
    unmatched_ratio
        Share of the edges without a partner.
    tree
        Index of the parts.
    open
        What lies around the polygons, within the rectangle that was looked at.
    """

    parts: Parts
    pairs: tuple[Pair, ...]
    holes: Objects
    neighbours: Ints
    unmatched_ratio: float
    tree: shapely.STRtree
    open: Objects


def parts_of(geometry: Objects) -> Parts:
    """Return the polygon parts of features (None and other kinds are left out) with their rows."""
    kind = shapely.get_type_id(geometry)
    one, many = np.flatnonzero(kind == 3), np.flatnonzero(kind == 6)
    parts, index = shapely.get_parts(geometry[many], return_index=True)
    polygon, owner = np.concatenate([geometry[one], parts]), np.concatenate([one, many[index]])
    order = np.argsort(owner, kind="stable")
    order = order[~shapely.is_empty(polygon[order])]
    return Parts(polygon[order], owner[order].astype(np.int64))


def analyse(geometry: Objects, around: Floats | None = None) -> Coverage:
    """Look at the polygons of a layer as a coverage.

    Parameters
    ----------
    geometry
        Valid 2-D geometries in a metric plane; None allowed.
    around
        A rectangle in which it is to be known what lies around them: x0, y0, x1, y1.
    """
    parts = parts_of(geometry)
    ends, neighbours, unmatched_ratio = _left_over(parts)
    tree = shapely.STRtree(parts.polygon)
    faces = faces_of(ends, lambda some: _by_depth(some, parts, tree), without_noise, around)
    return Coverage(
        parts,
        tuple(_pairs(faces.deep, parts, tree)),
        _dissolved(faces.bare),
        neighbours,
        unmatched_ratio,
        tree,
        faces.open,
    )


def _left_over(parts: Parts) -> tuple[Floats, Ints, float]:
    """Return the ends of edges that both directions do not cancel out, pairs of features that share an edge, and a ratio.

    Of the whole layer only a number an edge is kept; the edges that do not match are taken from their polygons again.
    Edges that run on in a ring follow each other. The ratio is that of these edges to all.
    """
    polygon, owner = parts.polygon, parts.owner
    origin = shapely.total_bounds(polygon)[:2] if len(polygon) else np.zeros(2)
    room = int(shapely.get_num_coordinates(polygon).sum())
    key, part = np.empty(room, dtype=np.uint64), np.empty(room, dtype=np.int32)
    number = 0
    for first, edges in _edges(polygon, origin):
        to = slice(number, number + len(edges.key))
        key[to], part[to] = edges.key, edges.part + first
        number = to.stop
    key, part = key[:number], part[:number]
    places = _places(key)
    wanted, touched = _once(key[places.lost] >> _ONE), _once(part[places.lost]).astype(np.int64)
    del key
    near = [_pair_numbers(owner[part[pairs]]) for pairs in places.beside]
    del part, places
    lost = _taken_again(polygon, touched, wanted, origin)
    places, xy = _settled(lost, origin)
    near += [_pair_numbers(owner[lost.part[pairs]]) for pairs in places.beside]
    kept = np.sort(lost.at[places.order[places.first[places.uneven]]])
    return xy[np.stack([kept, kept + 1], axis=1)], _pairs_of(near), len(kept) / max(number, 1)


def _edges(polygons: Objects, origin: Floats) -> Iterator[tuple[int, Edges]]:
    """Yield the edges of polygons block by block, with the first polygon of each; edges inside one cell fall away."""
    for rows in blocks(polygons):
        rings, part = shapely.get_rings(polygons[rows], return_index=True)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        hole = np.r_[False, part[1:] == part[:-1]]
        turned = (shapely.is_ccw(rings) == hole)[ring[:-1]]
        cell = _cells(xy - origin)
        real = (ring[1:] == ring[:-1]) & (cell[1:] != cell[:-1])
        forward = (cell[:-1] < cell[1:]) ^ turned
        yield rows.start, Edges(
            xy, np.flatnonzero(real), part[ring[:-1][real]], turned[real], _keys(cell[:-1], cell[1:], forward)[real]
        )  # fmt: skip


def _keys(a: Numbers, b: Numbers, forward: Bools) -> Numbers:
    """Return one number for the two ends of an edge in either order, and its direction in the lowest bit."""
    return ((_mixed(a) + _mixed(b)) << _ONE) | forward


def _cells(xy: Floats) -> Numbers:
    """Return the number of the cell of the matching grid around each point."""
    cell = np.rint(xy / MATCH_GRID_M).astype(np.int64)
    return ((cell[:, 0] << 32) | cell[:, 1]).view(np.uint64)


def _mixed(number: Numbers) -> Numbers:
    """Return another number for each, so that the sum of two tells pairs apart (the finalizer of splitmix64).

    Two of eleven million places get one number with a chance of 1e-5; both must be defects for one to hide the other.
    """
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def _places(key: Numbers) -> Places:
    """Return edges by place; see `Edges.key`.

    Sorting numbers that end in the index is five times faster than sorting indices. Two places that begin alike may then
    lie mixed, and seem uneven: their edges are looked at once more.
    """
    bits = np.uint64(len(key).bit_length())
    ranked = key >> bits
    ranked <<= bits
    ranked |= np.arange(len(key), dtype=np.uint64)
    ranked.sort()
    ranked &= (_ONE << bits) - _ONE
    order = ranked.view(np.int64)
    ranked = key[order]
    step = 2 * (ranked & _ONE).astype(np.int8) - np.int8(1)
    ranked >>= _ONE
    first = np.flatnonzero(_begins(ranked))
    return Places(order, first, np.add.reduceat(step, first, dtype=np.int32) != 0)


def _once(numbers: Any) -> Any:
    """Return numbers ascending, each once; `np.unique` imports what nobody else needs."""
    ranked = np.sort(numbers)
    return ranked[_begins(ranked)]


def _begins(ranked: Any) -> Bools:
    """Tell where another number begins in a sorted row."""
    new = np.ones(len(ranked), dtype=bool)
    np.not_equal(ranked[1:], ranked[:-1], out=new[1:])
    return new


def _taken_again(polygons: Objects, rows: Ints, wanted: Numbers, origin: Floats) -> Edges:
    """Return the edges of some polygons that lie in the wanted places (ascending), each with two vertices of its own."""
    taken = [Edges(np.empty((0, 2)), *(np.empty(0, kind) for kind in (np.int64, np.int64, bool, np.uint64)))]
    number = 0
    for first, edges in _edges(polygons[rows], origin):
        place = edges.key >> _ONE
        at = np.minimum(np.searchsorted(wanted, place), len(wanted) - 1)
        here = np.flatnonzero(wanted[at] == place)
        ends = edges.xy[np.stack([edges.at[here], edges.at[here] + 1], axis=1)].reshape(-1, 2)
        begin = 2 * np.arange(number, number + len(here))
        taken.append(Edges(ends, begin, rows[edges.part[here] + first], edges.turned[here], edges.key[here]))
        number += len(here)
    xy, start, part, turned, key = zip(*taken, strict=True)
    return Edges(*(np.concatenate(v) for v in (xy, start, part, turned, key)))


def _settled(edges: Edges, origin: Floats) -> tuple[Places, Floats]:
    """Return the places of edges where vertices within a millimetre are one; edges that shrink to a point fall away.

    The second is where each vertex then lies: edges that meet must meet exactly, or what they enclose stays open.
    """
    one, node = _numbered(_cells(edges.xy - origin))
    whole = _near_as_one(edges.xy[one]).astype(np.uint64)[node]
    start, end = whole[edges.at], whole[edges.at + 1]
    there = np.flatnonzero(start != end)
    start, end = start[there], end[there]
    places = _places(_keys(start, end, (start < end) ^ edges.turned[there]))
    return places._replace(order=there[places.order]), edges.xy[one][whole.astype(np.int64)]


def _numbered(key: Numbers) -> tuple[Ints, Ints]:
    """Return one place of each distinct key, and the number of each key; `np.unique` sorts three times slower."""
    order = np.argsort(key)
    new = _begins(key[order])
    number = np.empty(len(key), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return order[new], number


def _near_as_one(xy: Floats) -> Ints:
    """Return for each point the least of those within about a millimetre that it is one with.

    A grid alone parts neighbours that lie on both sides of a cell's side. Two points closer than half a cell share a
    cell in one of four grids shifted by half a cell, so the least number in each shared cell is handed on.
    """
    label = np.arange(len(xy))
    if not len(xy):
        return label
    xy = xy - xy.min(axis=0)
    cells = [
        _numbered(_cells(xy / 2 + np.array(shift) * MATCH_GRID_M))[1]
        for shift in ((0, 0), (0.5, 0), (0, 0.5), (0.5, 0.5))
    ]
    for _ in range(_MERGE_ROUNDS):
        before = label
        for cell in cells:
            least = np.full(len(xy), len(xy))
            np.minimum.at(least, cell, label)
            label = least[cell]
        if (label == before).all():
            break
    return label


def _pair_numbers(pairs: Ints) -> Ints:
    """Return one number for each pair (2, n) of different rows, whichever comes first."""
    low, high = pairs.min(axis=0), pairs.max(axis=0)
    number: Ints = (low << 32) | high
    different: Ints = number[low != high]
    return different


def _pairs_of(numbers: list[Ints]) -> Ints:
    """Return the pairs of rows (m, 2), each once, ascending."""
    number = _once(np.concatenate([np.empty(0, dtype=np.int64), *numbers]))
    return np.stack([number >> 32, number & 0xFFFFFFFF], axis=1)


def mean_width_m(pieces: Objects) -> Floats:
    """Return the mean width ``2 * area / perimeter`` of polygons in metres."""
    area, length = shapely.area(pieces), shapely.length(pieces)
    width: Floats = np.divide(2 * area, length, out=np.zeros_like(area), where=length > 0)
    return width


def without_noise(pieces: Objects) -> Objects:
    """Return the pieces that are more than float noise."""
    keep = (shapely.area(pieces) >= NOISE_AREA_M2) & (mean_width_m(pieces) >= NOISE_WIDTH_M)
    kept: Objects = pieces[keep]
    return kept


def _by_depth(faces: Objects, parts: Parts, tree: shapely.STRtree) -> tuple[Objects, Objects]:
    """Return what of faces lies under no polygon, and the faces that two or more may cover.

    A face is judged by one point. Where that fell within a millimetre of a polygon, it may have fallen between two neighbours
    that miss each other by float noise: then all of the face is looked at.
    """
    points = shapely.point_on_surface(faces)
    over = np.bincount(holding(points, tree)[0], minlength=len(faces))
    near, few = over.copy(), np.flatnonzero(over < 2)
    near[few] = np.bincount(
        tree.query(points[few], predicate="dwithin", distance=MATCH_GRID_M)[0], minlength=len(few)
    )
    doubtful = faces[(over == 0) & (near > 0)]
    rest = [
        polygons_of(remainder_of(face, union_of(parts.polygon[tree.query(face, predicate="intersects")])))
        for face in doubtful
    ]
    return np.concatenate([faces[near == 0], *rest]), faces[near > 1]


def _dissolved(faces: Objects) -> Objects:
    """Return faces with those made one that share an edge."""
    if not len(faces):
        return faces
    origin = shapely.total_bounds(faces)[:2]
    edges = list(_edges(faces, origin))
    key = np.concatenate([some.key for _, some in edges])
    face = np.concatenate([some.part + first for first, some in edges])
    beside = _pairs_of([_pair_numbers(face[pairs]) for pairs in _places(key).beside])
    alone = np.ones(len(faces), dtype=bool)
    whole = []
    for group in clusters(beside, np.ones(len(beside), dtype=bool)):
        alone[group] = False
        whole += list(polygons_of(union_of(faces[group])))
    return without_noise(np.concatenate([faces[alone], objects(whole)]))


def _pairs(deep: Objects, parts: Parts, tree: shapely.STRtree) -> list[Pair]:
    """Return the pairs of features that overlap; only parts that touch a face of depth two or more can."""
    if not len(deep):
        return []
    touched = _once(tree.query(deep, predicate="intersects")[1])
    polygon, owner = parts.polygon[touched], parts.owner[touched]
    a, b = shapely.STRtree(polygon).query(polygon, predicate="intersects")
    once = (a < b) & (owner[a] != owner[b])
    a, b = a[once], b[once]
    shared = overlap_of(polygon[a], polygon[b])
    pieces, of = shapely.get_parts(shared, return_index=True)
    keep = (shapely.area(pieces) >= NOISE_AREA_M2) & (mean_width_m(pieces) >= NOISE_WIDTH_M)
    pieces, of = pieces[keep], of[keep]
    found: dict[tuple[int, int], list[int]] = {}
    for i, at in enumerate(of.tolist()):
        first, second = sorted((int(owner[a[at]]), int(owner[b[at]])))
        found.setdefault((first, second), []).append(i)
    total = np.bincount(parts.owner, weights=shapely.area(parts.polygon))
    return [
        Pair(first, second, pieces[index], _same(pieces[index], total[first], total[second]))
        for (first, second), index in sorted(found.items())
    ]


def _same(pieces: Objects, first_m2: float, second_m2: float) -> bool:
    """Tell whether the shared area is the whole of both."""
    larger, shared = max(first_m2, second_m2), float(shapely.area(pieces).sum())
    return larger - shared <= SAME_AREA_M2 + 1e-9 * larger
