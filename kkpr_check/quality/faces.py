"""The areas that line segments enclose, found tile by tile so that the cost of a layer grows with its length only.

Noding lines costs more than twice as much when there are twice as many. So the plane is cut into tiles that meet about
equally many segments, and the frame of each tile is noded with them. A face inside a frame is what it would be without it;
a face that a frame cuts is put together again, unless it is open to the outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import shapely

from kkpr_check.geometry import clusters, objects, polygons_of, union_of
from kkpr_check.quality.base import Bools, Floats, Ints, Objects

NODE_GRID_M = 1e-4
TILE_SEGMENTS = 3_000
_OUTSIDE_M = 1.0
_LARGEST_HALF = 0.8
"""A tile is not cut where one half would keep more of its segments than this: they are longer than the tile."""
NO_FACES: Objects = np.empty(0, dtype=object)


class Faces(NamedTuple):
    """Bounded areas between segments.

    Attributes
    ----------
    bare
        Those without any polygon, whole.
    deep
        Those with two polygons or more; a frame may cut them.
    open
        What lies around all of it, within the rectangle that was looked at.
    """

    bare: Objects
    deep: Objects
    open: Objects


class _Tile(NamedTuple):
    """A rectangle (x0, y0, x1, y1) and the segments that meet it, ascending."""

    frame: Floats
    rows: Ints


class _Cut(NamedTuple):
    """A bare face at the frame of a tile: its polygon, the straight pieces of its outline that lie on the frame."""

    polygon: Objects
    sides: Objects
    of: Ints


def faces_of(
    ends: Floats,
    by_depth: Callable[[Objects], tuple[Objects, Objects]],
    lasting: Callable[[Objects], Objects],
    around: Floats | None = None,
) -> Faces:
    """Return the faces between segments by how many polygons lie on them.

    Parameters
    ----------
    ends
        Both ends of each segment, (n, 2, 2), in metres; consecutive ones may run on.
    by_depth
        Returns what of some faces lies under no polygon, and the faces that two or more may cover.
    lasting
        Leaves out the faces that are noise.
    around
        A rectangle that has to be looked at too: x0, y0, x1, y1.
    """
    corners = (
        ends.reshape(-1, 2) if around is None else np.concatenate([ends.reshape(-1, 2), around.reshape(2, 2)])
    )
    if not len(corners):
        return Faces(NO_FACES, NO_FACES, NO_FACES)
    outer = _outer(corners)
    if not len(ends):
        return Faces(NO_FACES, NO_FACES, objects([shapely.box(*outer)]))
    tiles = list(_tiles(ends, outer))
    found, cut = [], []
    for tile in tiles:
        faces = _inside(_between(_lines(ends[tile.rows]), _frame(tile.frame)), tile.frame)
        at_frame = _at(faces, tile.frame)
        found.append(by_depth(lasting(faces[~at_frame])))
        bare, deep = by_depth(faces[at_frame])
        found.append((NO_FACES, deep))
        cut.append(_cut(bare, tile.frame))
    whole, open_ = _joined(cut, outer)
    found.append((whole, NO_FACES))
    bares, deeps = zip(*found, strict=True)
    return Faces(lasting(np.concatenate(bares)), np.concatenate(deeps), open_)


def _outer(corners: Floats) -> Floats:
    """Return the rectangle around all corners with room to spare, on the grid."""
    low, high = corners.min(axis=0) - _OUTSIDE_M, corners.max(axis=0) + _OUTSIDE_M
    return _on_grid(np.concatenate([low, high]))


def _on_grid(metres: Floats) -> Floats:
    snapped: Floats = np.rint(metres / NODE_GRID_M) * NODE_GRID_M
    return snapped


def _tiles(ends: Floats, outer: Floats) -> Iterator[_Tile]:
    """Cut the plane into rectangles, each across its longer side at the middle of its segments, while that helps."""
    low, high = ends.min(axis=1), ends.max(axis=1)
    todo = [_Tile(outer, np.arange(len(ends)))]
    while todo:
        tile = todo.pop()
        halves = _halves(tile, low, high) if len(tile.rows) > TILE_SEGMENTS else ()
        if halves and max(len(half.rows) for half in halves) <= _LARGEST_HALF * len(tile.rows):
            todo += halves[::-1]
        else:
            yield tile


def _halves(tile: _Tile, low: Floats, high: Floats) -> tuple[_Tile, ...]:
    extent = tile.frame[2:] - tile.frame[:2]
    axis = int(extent[1] > extent[0])
    at = float(_on_grid(np.median(low[tile.rows, axis] + high[tile.rows, axis]) / 2))
    if not tile.frame[axis] < at < tile.frame[axis + 2]:
        return ()
    first, second = tile.frame.copy(), tile.frame.copy()
    first[axis + 2] = second[axis] = at
    reach = NODE_GRID_M
    return (
        _Tile(first, tile.rows[low[tile.rows, axis] <= at + reach]),
        _Tile(second, tile.rows[high[tile.rows, axis] >= at - reach]),
    )


def _lines(ends: Floats) -> Objects:
    """Return segments as lines: those that run on from the one before are one line."""
    on = (ends[1:, 0] == ends[:-1, 1]).all(axis=1)
    line = np.cumsum(np.concatenate([[True], ~on])) - 1
    starts = np.flatnonzero(np.diff(line, prepend=-1))
    first = np.zeros(len(ends), dtype=bool)
    first[starts] = True
    xy = np.empty((len(ends) + len(starts), 2))
    to = np.arange(len(ends)) + line + 1
    xy[to] = ends[:, 1]
    xy[to[first] - 1] = ends[first, 0]
    index = np.empty(len(xy), dtype=np.int64)
    index[to] = line
    index[to[first] - 1] = line[first]
    made: Objects = shapely.linestrings(xy, indices=index)
    return made


def _frame(frame: Floats) -> Objects:
    return objects([shapely.box(*frame).exterior])


def _between(lines: Objects, frame: Objects) -> Objects:
    """Return the areas that lines enclose."""
    noded = shapely.get_parts(shapely.union_all(np.concatenate([lines, frame]), grid_size=NODE_GRID_M))
    faces: Objects = shapely.get_parts(shapely.polygonize(noded))
    return faces


def _inside(faces: Objects, frame: Floats) -> Objects:
    bounds = shapely.bounds(faces)
    half = NODE_GRID_M / 2
    within = (bounds[:, :2] > frame[:2] - half) & (bounds[:, 2:] < frame[2:] + half)
    inside: Objects = faces[within.all(axis=1)]
    return inside


def _at(faces: Objects, frame: Floats) -> Bools:
    at: Bools = (np.abs(shapely.bounds(faces) - frame) < NODE_GRID_M / 2).any(axis=1)
    return at


def _cut(faces: Objects, frame: Floats) -> _Cut:
    """Return faces at a frame with the pieces of their outlines that lie on it."""
    rings, face = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    near = np.abs(np.concatenate([xy, xy], axis=1) - frame) < NODE_GRID_M / 2
    run = (near[1:] & near[:-1]).any(axis=1) & (ring[1:] == ring[:-1])
    sides = shapely.linestrings(np.stack([xy[:-1][run], xy[1:][run]], axis=1))
    return _Cut(faces, sides, face[ring[:-1][run]])


def _joined(cut: list[_Cut], outer: Floats) -> tuple[Objects, Objects]:
    """Put the pieces of faces together along the frames that cut them; return the faces, and what is open to the outside."""
    first = np.cumsum([0, *(len(one.polygon) for one in cut)])
    polygon = np.concatenate([one.polygon for one in cut])
    side = np.concatenate([one.sides for one in cut])
    of = np.concatenate([one.of + begin for one, begin in zip(cut, first[:-1], strict=True)])
    a, b = shapely.STRtree(side).query(side, predicate="intersects")
    once = of[a] < of[b]
    a, b = a[once], b[once]
    beside = shapely.length(shapely.intersection(side[a], side[b])) > NODE_GRID_M / 2
    is_open = _at(polygon, outer)
    alone = np.ones(len(polygon), dtype=bool)
    whole = []
    for group in clusters(np.stack([of[a], of[b]], axis=1), beside):
        alone[group] = False
        if is_open[group].any():
            is_open[group] = True
        else:
            whole += list(polygons_of(union_of(polygon[group])))
    faces = np.concatenate([polygon[alone & ~is_open], objects(whole)])
    return faces, polygons_of(union_of(polygon[is_open]))
