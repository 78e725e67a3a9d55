"""Polygons as one coverage: where they overlap and where they leave gaps, found along unmatched edges only.

In a clean coverage every inner edge stands once in each direction. What is left over after matching directed edges
(on a 1 mm grid) bounds all the places whose depth, the number of polygons there, is not one: the sum of the
polygons' indicator functions changes across such an edge and nowhere else. So the left-over edges are noded and
polygonized, and only the faces they enclose are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from kkpr_check.geometry import overlap_of, polygons_of
from kkpr_check.quality.base import Bools, Floats, Ints, Objects

MATCH_GRID_M = 1e-3
"""Vertices within one cell are one vertex: shared vertices of real layers differ by float noise."""
NODE_GRID_M = 1e-4
SAME_AREA_M2 = 1e-4
_MERGE_ROUNDS = 4
NOISE_AREA_M2 = 1e-2
NOISE_WIDTH_M = 1e-3
"""Below either of these a piece is noise of floats or of rounding to millimetres: nobody drew it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The polygon parts of a layer; `owner` is the row of the feature."""

    polygon: Objects
    owner: Ints


@dataclass(frozen=True, slots=True)
class Edges:
    """Directed edges between nodes, by part; exteriors run counter-clockwise.

    Attributes
    ----------
    start, end
        Node numbers, (n,).
    part
        Part of each edge.
    node_xy
        Coordinates of the nodes in metres, (m, 2).
    """

    start: Ints
    end: Ints
    part: Ints
    node_xy: Floats


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
    """

    parts: Parts
    pairs: tuple[Pair, ...]
    holes: Objects
    neighbours: Ints
    unmatched_ratio: float
    tree: shapely.STRtree


def parts_of(geometry: Objects) -> Parts:
    """Return the polygon parts of features (None and other kinds are left out) with their rows."""
    kind = shapely.get_type_id(geometry)
    rows = np.flatnonzero((kind == 3) | (kind == 6))
    polygon, index = shapely.get_parts(geometry[rows], return_index=True)
    filled = ~shapely.is_empty(polygon)
    return Parts(polygon[filled], rows[index[filled]].astype(np.int64))


def analyse(geometry: Objects) -> Coverage:
    """Look at the polygons of a layer as a coverage.

    Parameters
    ----------
    geometry
        Valid 2-D geometries in a metric plane; None allowed.
    """
    parts = parts_of(geometry)
    edges = edges_of(parts.polygon)
    segments, neighbours = _left_over(edges, parts.owner)
    faces = _faces(segments)
    tree = shapely.STRtree(parts.polygon)
    depth = _depth(faces, tree)
    return Coverage(
        parts,
        tuple(_pairs(faces[depth > 1], parts, tree)),
        _dissolved(faces[depth == 0]),
        neighbours,
        len(segments) / max(len(edges.start), 1),
        tree,
    )


def edges_of(polygons: Objects) -> Edges:
    """Return the directed edges of polygons on the matching grid; edges inside one cell fall away."""
    rings, part = shapely.get_rings(shapely.orient_polygons(polygons), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(xy):
        none = np.empty(0, dtype=np.int64)
        return Edges(none, none, none, np.empty((0, 2)))
    cell = np.rint((xy - xy.min(axis=0)) / MATCH_GRID_M).astype(np.int64)
    first, node = _numbered((cell[:, 0] << 32) | cell[:, 1])
    start, end = node[:-1], node[1:]
    keep = (ring[:-1] == ring[1:]) & (start != end)
    return Edges(start[keep], end[keep], part[ring[:-1][keep]].astype(np.int64), xy[first])


def _numbered(key: Ints) -> tuple[Ints, Ints]:
    """Return one place of each distinct key, and the number of each key; `np.unique` sorts three times slower."""
    order = np.argsort(key)
    ranked = key[order]
    new = np.r_[True, ranked[1:] != ranked[:-1]]
    number = np.empty(len(key), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return order[new], number


def _left_over(edges: Edges, owner: Ints) -> tuple[Objects, Ints]:
    """Return the segments that both directions do not cancel out, and the pairs of features that share an edge."""
    if not len(edges.start):
        return np.empty(0, dtype=object), np.empty((0, 2), dtype=np.int64)
    left, beside = _unmatched(edges, np.arange(len(edges.start)))
    merged = _with_near_nodes_merged(edges, left) if len(left) else None
    if merged is not None:
        touched = np.zeros(len(edges.node_xy), dtype=bool)
        touched[edges.start[left]] = touched[edges.end[left]] = True
        again = np.flatnonzero((touched[edges.start] | touched[edges.end]) & (merged.start != merged.end))
        settled = ~(touched[edges.start[beside]] | touched[edges.end[beside]]).any(axis=1)
        left, more = _unmatched(merged, again)
        edges, beside = merged, np.concatenate([beside[settled], more])
    ends = np.stack([edges.node_xy[edges.start[left]], edges.node_xy[edges.end[left]]], axis=1)
    pairs = np.sort(owner[edges.part[beside]], axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    segments: Objects = shapely.linestrings(ends) if len(ends) else np.empty(0, dtype=object)
    _, first = np.unique(pairs[:, 0] * (len(owner) + owner.max() + 1) + pairs[:, 1], return_index=True)
    return segments, pairs[first]


def _unmatched(edges: Edges, among: Ints) -> tuple[Ints, Ints]:
    """Return one edge of each place where the directions do not cancel out, and pairs of edges in one place.

    `among` must hold all edges of each place that it holds one of.
    """
    start, end = edges.start[among], edges.end[among]
    forward = start < end
    key = np.where(forward, start, end) * len(edges.node_xy) + np.where(forward, end, start)
    order = np.argsort(key)
    key = key[order]
    new = np.r_[True, key[1:] != key[:-1]]
    first = np.flatnonzero(new)
    direction = np.where(forward, 1, -1)[order]
    order = among[order]
    left = order[first[np.add.reduceat(direction, first) != 0]]
    again = np.flatnonzero(~new)
    return left, np.stack([order[again - 1], order[again]], axis=1)


def _with_near_nodes_merged(edges: Edges, left: Ints) -> Edges | None:
    """Return the edges with the nodes of unmatched edges that lie within a millimetre made one; None without any.

    A grid alone parts neighbours that lie on both sides of a cell's side. Two points closer than half a cell share a
    cell in one of four grids shifted by half a cell, so the least number in each shared cell is handed on.
    """
    nodes = np.unique(np.r_[edges.start[left], edges.end[left]])
    xy = (edges.node_xy[nodes] - edges.node_xy[nodes].min(axis=0)) / (2 * MATCH_GRID_M)
    cells = [_cells(xy + shift) for shift in ((0, 0), (0.5, 0), (0, 0.5), (0.5, 0.5))]
    label = np.arange(len(nodes))
    for _ in range(_MERGE_ROUNDS):
        before = label
        for cell in cells:
            least = np.full(len(nodes), len(nodes))
            np.minimum.at(least, cell, label)
            label = least[cell]
        if (label == before).all():
            break
    if (label == np.arange(len(nodes))).all():
        return None
    merged = np.arange(len(edges.node_xy))
    merged[nodes] = nodes[label]
    return Edges(merged[edges.start], merged[edges.end], edges.part, edges.node_xy)


def _cells(xy: Floats) -> Ints:
    """Return which unit cell each point lies in, numbered from 0."""
    whole = np.floor(xy).astype(np.int64)
    numbers: Ints = np.unique((whole[:, 0] << 32) | whole[:, 1], return_inverse=True)[1]
    return numbers


def _faces(segments: Objects) -> Objects:
    """Return the areas that segments enclose, noise left out."""
    if not len(segments):
        return np.empty(0, dtype=object)
    lines = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(segments)))
    noded = shapely.get_parts(shapely.union_all(lines, grid_size=NODE_GRID_M))
    return without_noise(shapely.get_parts(shapely.polygonize(noded)))


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


def _depth(faces: Objects, tree: shapely.STRtree) -> Ints:
    if not len(faces):
        return np.empty(0, dtype=np.int64)
    inside = tree.query(shapely.point_on_surface(faces), predicate="intersects")[0]
    return np.bincount(inside, minlength=len(faces))


def _dissolved(faces: Objects) -> Objects:
    return without_noise(polygons_of(shapely.union_all(faces))) if len(faces) else faces


def _pairs(deep: Objects, parts: Parts, tree: shapely.STRtree) -> list[Pair]:
    """Return the pairs of features that overlap; only parts that touch a face of depth two or more can."""
    if not len(deep):
        return []
    touched = np.unique(tree.query(deep, predicate="intersects")[1])
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


def clusters(pairs: Ints, keep: Bools) -> list[list[int]]:
    """Return the connected groups of the kept pairs, each sorted, smallest member first."""
    root: dict[int, int] = {}

    def find(i: int) -> int:
        while root.setdefault(i, i) != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for a, b in pairs[keep].tolist():
        low, high = sorted((find(a), find(b)))
        root[high] = low
    groups: dict[int, list[int]] = {}
    for member in sorted(root):
        groups.setdefault(find(member), []).append(member)
    return list(groups.values())
