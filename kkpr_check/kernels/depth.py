"""How deep polygons lie inside a failing area, compiled. Importing it imports numba.

The depth of a polygon is the greatest distance of its points to the outline of the area around it: branch and bound over
triangles, as `kkpr_check.geometry.deepest_m` does it, over the few edges that can be nearest anywhere in the polygon.
Nothing is annotated inside: numba infers the types of its functions, and mypy can not see them.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, call-overload"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numba import njit

from kkpr_check.geometry import parts_with_owner
from kkpr_check.kernels.blocks import Bools, Floats, Ints, Objects
from kkpr_check.outlines import Edges

TOLERANCE_M = 1e-6
SLACK_M = 0.01
"""How much nearer than the outline an edge of doubtful standing has to be to count."""
MOST_TRIANGLES = 20_000
CELL_M = 25.0
MOST_CELLS = 4_000_000

_inner = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
_outer = njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


class _Grid(NamedTuple):
    """Edges of a layer and in which cells they are. Metres."""

    ends: Any  # (e, 4)
    feature: Any  # (e,)
    other: Any  # (e,)
    loose: Any  # (e,)
    ptr: Any  # (rows * columns + 1,) where the edges of a cell begin in edge
    edge: Any  # edge rows
    x0: float
    y0: float
    cell: float
    shape: Any  # rows, columns


class Depths:
    """Edges of a layer in a grid, asked for the depth of polygons in sets of its features."""

    def __init__(self, edges: Edges, features: int) -> None:
        self.features = features
        low = edges.ends.reshape(-1, 2).min(axis=0)
        high = edges.ends.reshape(-1, 2).max(axis=0)
        area = float(np.prod(np.maximum(high - low, 1.0)))
        cell = max(CELL_M, float(np.sqrt(area / MOST_CELLS)))
        columns, rows = (int(n) + 1 for n in (high - low) / cell)
        x0, y0 = map(float, low)
        ptr, edge = _cells(edges.ends, x0, y0, cell, rows, columns)
        self._grid = _Grid(
            edges.ends, edges.feature, edges.other, edges.loose, ptr, edge, x0, y0, cell, (rows, columns)
        )
        self._all = np.ones(rows * columns, dtype=bool)

    def marks(self, failing: Bools) -> Bools:
        """Return the cells with an edge that can be an outline of some features: worth it where many polygons ask."""
        marks: Bools = _marked(self._grid, failing)
        return marks

    def of(self, polygons: Objects, failing: Bools, marks: Bools | None = None) -> Floats:
        """Return the depth of each polygon (n,) in metres to 1e-6, NaN where only a union can tell.

        Parameters
        ----------
        polygons
            Polygons, each wholly inside the failing features.
        failing
            For each feature of the layer, whether it fails.
        marks
            What `marks` says of `failing`.
        """
        marks = self._all if marks is None else marks
        coords, ptr = _corners(polygons)
        depth: Floats = _at_corners(self._grid, failing, marks, coords, ptr)
        rest = np.flatnonzero(depth < 0)
        if len(rest):
            depth[rest] = _depths(self._grid, failing, marks, *_triangles(polygons[rest]))
        return depth

    @staticmethod
    def across(polygons: Objects, outline: Any) -> float:
        """Return the greatest distance in metres from a point of some polygons to the rings of a geometry (to 1e-6)."""
        triangles, _ = _triangles(polygons)
        coords, ring = shapely.get_coordinates(
            shapely.get_rings(shapely.get_parts(outline)), return_index=True
        )
        same = (ring[1:] == ring[:-1]) & (coords[1:] != coords[:-1]).any(axis=1)
        ends = np.hstack([coords[:-1], coords[1:]])[same]
        whole: Floats = _across_each(triangles, np.array([0, len(triangles)]), ends, np.array([0, len(ends)]))
        return float(whole[0])


def across_each(pieces: Objects, outlines: Objects) -> Floats:
    """Return for each piece the greatest distance in metres from one of its points to the rings of its outline (to 1e-6).

    Parameters
    ----------
    pieces, outlines
        (Multi)Polygons, a piece inside each outline.
    """
    count = np.arange(len(pieces) + 1)
    polygons, owner = parts_with_owner(pieces)
    triangles, start = _triangles(polygons)
    parts, of_part = parts_with_owner(outlines)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    same = (ring[1:] == ring[:-1]) & (coords[1:] != coords[:-1]).any(axis=1)
    ends = np.hstack([coords[:-1], coords[1:]])[same]
    whose = of_part[of_ring[ring[1:][same]]]
    depth: Floats = _across_each(
        triangles, start[np.searchsorted(owner, count)], ends, np.searchsorted(whose, count)
    )
    return depth


def _corners(polygons: Objects) -> tuple[Floats, Ints]:
    """Return the corners of polygons, and where those of each begin."""
    coords, owner = shapely.get_coordinates(polygons, return_index=True)
    return coords, np.searchsorted(owner, np.arange(len(polygons) + 1))


def _triangles(polygons: Objects) -> tuple[Floats, Ints]:
    """Return triangles (t, 3, 2) that make up the polygons, and where those of each begin: fans where one is convex."""
    coords, ptr = _corners(polygons)
    convex = _convex(coords, ptr) & (shapely.get_num_interior_rings(polygons) == 0)
    cut = np.flatnonzero(~convex)
    pieces, of = shapely.get_parts(shapely.constrained_delaunay_triangles(polygons[cut]), return_index=True)
    corners = (
        shapely.get_coordinates(pieces).reshape(len(pieces), 4, 2)[:, :3]
        if len(pieces)
        else np.empty((0, 3, 2))
    )
    made: tuple[Floats, Ints] = _joined(
        coords, ptr, convex, corners, cut, np.searchsorted(of, np.arange(len(cut) + 1))
    )
    return made


@_outer
def _convex(coords, ptr):
    n = len(ptr) - 1
    result = np.zeros(n, np.bool_)
    for k in range(n):
        low, m = ptr[k], ptr[k + 1] - ptr[k] - 1
        left = right = 0
        for i in range(m):
            a, b, c = low + i, low + (i + 1) % m, low + (i + 2) % m
            turn = (coords[b, 0] - coords[a, 0]) * (coords[c, 1] - coords[b, 1]) - (
                coords[b, 1] - coords[a, 1]
            ) * (coords[c, 0] - coords[b, 0])
            left += turn > 0
            right += turn < 0
        # A ring that winds once has all turns to one side and at most four quarter turns; a valid ring winds once.
        result[k] = (left == 0 or right == 0) and m >= 3
    return result


@_outer
def _joined(coords, ptr, convex, corners, cut, cut_ptr):
    n = len(ptr) - 1
    start = np.zeros(n + 1, np.int64)
    c = 0
    for k in range(n):
        if convex[k]:
            start[k + 1] = start[k] + max(ptr[k + 1] - ptr[k] - 3, 0)
        else:
            start[k + 1] = start[k] + cut_ptr[c + 1] - cut_ptr[c]
            c += 1
    triangles = np.empty((start[n], 3, 2))
    c = 0
    for k in range(n):
        if convex[k]:
            for t in range(start[k + 1] - start[k]):
                triangles[start[k] + t, 0] = coords[ptr[k]]
                triangles[start[k] + t, 1] = coords[ptr[k] + t + 1]
                triangles[start[k] + t, 2] = coords[ptr[k] + t + 2]
        else:
            triangles[start[k] : start[k + 1]] = corners[cut_ptr[c] : cut_ptr[c + 1]]
            c += 1
    return triangles, start


@_outer
def _cells(ends, x0, y0, cell, rows, columns):
    """Return for each cell which edges' boxes meet it, as pointers and edge rows."""
    count = np.zeros(rows * columns + 1, np.int64)
    for turn in range(2):
        if turn == 1:
            for k in range(rows * columns):
                count[k + 1] += count[k]
            found = np.empty(count[rows * columns], np.int32)
            at = count.copy()
        for e in range(len(ends)):
            xa, xb = min(ends[e, 0], ends[e, 2]), max(ends[e, 0], ends[e, 2])
            ya, yb = min(ends[e, 1], ends[e, 3]), max(ends[e, 1], ends[e, 3])
            for r in range(int((ya - y0) / cell), int((yb - y0) / cell) + 1):
                for c in range(int((xa - x0) / cell), int((xb - x0) / cell) + 1):
                    if turn == 0:
                        count[r * columns + c + 1] += 1
                    else:
                        found[at[r * columns + c]] = e
                        at[r * columns + c] += 1
    return count, found


@_outer
def _marked(grid, failing):
    marks = np.zeros(len(grid.ptr) - 1, np.bool_)
    for cell in range(len(marks)):
        for k in range(grid.ptr[cell], grid.ptr[cell + 1]):
            e = grid.edge[k]
            one = failing[grid.feature[e]]
            two = grid.other[e] >= 0 and failing[grid.other[e]]
            if one != two or (one and grid.loose[e]):
                marks[cell] = True
                break
    return marks


@_inner
def _squared(x, y, near, k):
    dx, dy = x - near[k, 0], y - near[k, 1]
    t = min(max((dx * near[k, 2] + dy * near[k, 3]) * near[k, 4], 0.0), 1.0)
    dx, dy = dx - t * near[k, 2], dy - t * near[k, 3]
    return dx * dx + dy * dy


@_inner
def _to_edge(x, y, near, k):
    return np.sqrt(_squared(x, y, near, k))


@_inner
def _nearest(x, y, near, n):
    """Return the distance to the nearest of n edges, and which it is."""
    best, at = np.inf, -1
    for k in range(n):
        d = _squared(x, y, near, k)
        if d < best:
            best, at = d, k
    return np.sqrt(best), at


@_inner
def _put(near, n, ends, e, x, y):
    """Write edge e as row n, relative to a place: begin, direction, 1 / length squared. Return its squared distance."""
    dx, dy = ends[e, 2] - ends[e, 0], ends[e, 3] - ends[e, 1]
    length2 = dx * dx + dy * dy
    near[n, 0], near[n, 1], near[n, 2], near[n, 3] = ends[e, 0] - x, ends[e, 1] - y, dx, dy
    near[n, 4] = 1.0 / length2 if length2 > 0.0 else 0.0
    near[n, 5] = _squared(0.0, 0.0, near, n)
    return near[n, 5]


@_inner
def _longer(rows):
    longer = np.empty((2 * len(rows), rows.shape[1]))
    longer[: len(rows)] = rows
    return longer


@_inner
def _around(grid, failing, marks, x, y, radius, near):
    """Gather the outline edges that can be nearest to any point within `radius` of a place, relative to it.

    Returns the edges, how many, and the distance of the nearest loose edge where that is within reach of them.
    """
    rows, columns = grid.shape[0], grid.shape[1]
    column, row = int(np.floor((x - grid.x0) / grid.cell)), int(np.floor((y - grid.y0) / grid.cell))
    furthest = max(max(row, rows - row), max(column, columns - column)) + 1
    best2, reach, reach2, loose2, n, ring = np.inf, np.inf, np.inf, np.inf, 0, 0
    while ring <= furthest and (ring - 1) * grid.cell <= reach:
        for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
            step = 1 if r == row - ring or r == row + ring or ring == 0 else 2 * ring
            for c in range(column - ring, column + ring + 1, step):
                if c < 0 or c >= columns or not marks[r * columns + c]:
                    continue
                for k in range(grid.ptr[r * columns + c], grid.ptr[r * columns + c + 1]):
                    e = grid.edge[k]
                    one = failing[grid.feature[e]]
                    two = grid.other[e] >= 0 and failing[grid.other[e]]
                    if one == two and not (one and grid.loose[e]):
                        continue
                    d2 = _put(near, n, grid.ends, e, x, y)
                    if grid.loose[e]:
                        loose2 = min(loose2, d2)
                    elif d2 <= reach2:
                        n += 1
                        near = _longer(near) if n == len(near) else near
                        if d2 < best2:
                            best2, reach = d2, np.sqrt(d2) + 2 * radius + SLACK_M
                            reach2 = reach * reach
        ring += 1
    kept = 0
    for k in range(n):
        if near[k, 5] <= reach2:
            near[kept] = near[k]
            kept += 1
    return near, kept, np.sqrt(loose2)


@_inner
def _middle(places):
    """Return the middle of the box of some places, and how far the box reaches from there."""
    x1 = y1 = np.inf
    x2 = y2 = -np.inf
    for k in range(len(places)):
        x1, x2 = min(x1, places[k, 0]), max(x2, places[k, 0])
        y1, y2 = min(y1, places[k, 1]), max(y2, places[k, 1])
    return (x1 + x2) / 2, (y1 + y2) / 2, np.hypot(x2 - x1, y2 - y1) / 2


@_inner
def _furthest(corners, x, y, near, k):
    """Return the corner furthest from edge k, and its distance: nothing between the corners is further from the edge."""
    most, at = -1.0, 0
    for c in range(len(corners)):
        d = _squared(corners[c, 0] - x, corners[c, 1] - y, near, k)
        if d > most:
            most, at = d, c
    return at, np.sqrt(most)


@_inner
def _at_corner(corners, x, y, near, n):
    """Return the greatest distance to the edges, where one edge proves that a corner has it; else -1."""
    _, edge = _nearest(0.0, 0.0, near, n)
    corner, _ = _furthest(corners, x, y, near, edge)
    depth, edge = _nearest(corners[corner, 0] - x, corners[corner, 1] - y, near, n)
    _, most = _furthest(corners, x, y, near, edge)
    return depth if most <= depth + TOLERANCE_M else -1.0


@_outer
def _at_corners(grid, failing, marks, coords, ptr):
    """Return the depth of each polygon (coords from ptr on), NaN where only a union can tell, -1 where triangles have to."""
    n = len(ptr) - 1
    depth = np.full(n, np.nan)
    near = np.empty((256, 6))
    for k in range(n):
        corners = coords[ptr[k] : ptr[k + 1]]
        if len(corners) == 0:
            continue
        x, y, radius = _middle(corners)
        near, m, loose = _around(grid, failing, marks, x, y, radius, near)
        if m > 0:
            best = _at_corner(corners, x, y, near, m)
            if best < 0 or loose - radius > best + SLACK_M:
                depth[k] = best
    return depth


@_outer
def _depths(grid, failing, marks, triangles, start):
    n = len(start) - 1
    depth = np.full(n, np.nan)
    near = np.empty((256, 6))
    stack, nearest = np.empty((512, 3, 3)), np.empty((512, 3), np.int64)
    for k in range(n):
        corners = triangles[start[k] : start[k + 1]]
        if len(corners) == 0:
            continue
        x, y, radius = _middle(corners.reshape(-1, 2))
        near, m, loose = _around(grid, failing, marks, x, y, radius, near)
        if m == 0:
            continue
        best, stack, nearest = _deepest(corners, x, y, near, m, stack, nearest)
        if best >= 0 and loose - radius > best + SLACK_M:
            depth[k] = best
    return depth


@_outer
def _across_each(triangles, start, ends, ptr):
    n = len(start) - 1
    depth = np.full(n, np.nan)
    stack, nearest = np.empty((512, 3, 3)), np.empty((512, 3), np.int64)
    near = np.empty((256, 6))
    for k in range(n):
        m = ptr[k + 1] - ptr[k]
        if start[k + 1] == start[k] or m == 0:
            continue
        while len(near) < m:
            near = _longer(near)
        corners = triangles[start[k] : start[k + 1]]
        x, y, _ = _middle(corners.reshape(-1, 2))
        for e in range(m):
            _put(near, e, ends, ptr[k] + e, x, y)
        best, stack, nearest = _deepest(corners, x, y, near, m, stack, nearest)
        if best >= 0:
            depth[k] = best
    return depth


@_inner
def _balanced(a, b, c):
    """Return the level and the weights (of sum 1) with which three columns add up to the same in each row.

    A weight below 0 where there are none.
    """
    u0 = b[1] * c[2] - b[2] * c[1]
    u1 = b[2] * c[0] - b[0] * c[2]
    u2 = b[0] * c[1] - b[1] * c[0]
    v0 = c[1] * a[2] - c[2] * a[1]
    v1 = c[2] * a[0] - c[0] * a[2]
    v2 = c[0] * a[1] - c[1] * a[0]
    z0 = a[1] * b[2] - a[2] * b[1]
    z1 = a[2] * b[0] - a[0] * b[2]
    z2 = a[0] * b[1] - a[1] * b[0]
    whole = a[0] * u0 + a[1] * u1 + a[2] * u2
    wa, wb, wc = u0 + u1 + u2, v0 + v1 + v2, z0 + z1 + z2
    total = wa + wb + wc
    if whole == 0.0 or total == 0.0:
        return np.inf, -1.0, -1.0, -1.0
    wa, wb, wc = wa / total, wb / total, wc / total
    level = max(max(wa * a[0] + wb * b[0] + wc * c[0], wa * a[1] + wb * b[1] + wc * c[1]),
                wa * a[2] + wb * b[2] + wc * c[2])  # fmt: skip
    return level, wa, wb, wc


@_inner
def _corner(stack, nearest, n, c, x, y, near, m):
    """Write a corner of triangle n: its place, the distance to the nearest edge, and that edge."""
    distance, edge = _nearest(x, y, near, m)
    stack[n, c, 0], stack[n, c, 1], stack[n, c, 2] = x, y, distance
    nearest[n, c] = edge
    return distance


@_inner
def _deepest(triangles, x0, y0, near, m, stack, nearest):
    """Return the greatest distance from a point of some triangles to m edges (-1: too many triangles).

    `stack` holds corners with their distance, `nearest` the edge nearest to each; both are returned, maybe longer.
    """
    n = len(triangles)
    if n > len(stack):
        stack, nearest = np.empty((2 * n, 3, 3)), np.empty((2 * n, 3), np.int64)
    best = 0.0
    for t in range(n):
        for c in range(3):
            x, y = triangles[t, c, 0] - x0, triangles[t, c, 1] - y0
            best = max(best, _corner(stack, nearest, t, c, x, y, near, m))
    done = 0
    by = np.empty((3, 3))
    while n > 0:
        n -= 1
        done += 1
        if done > MOST_TRIANGLES:
            return -1.0, stack, nearest
        for s in range(3):
            for c in range(3):
                by[s, c] = (
                    stack[n, c, 2]
                    if s == c
                    else _to_edge(stack[n, c, 0], stack[n, c, 1], near, nearest[n, s])
                )
        bound = np.inf
        for s in range(3):
            for u in range(s, 3):
                highest = 0.0
                for c in range(3):
                    highest = max(highest, (by[s, c] + by[u, c]) / 2)
                bound = min(bound, highest)
        if bound <= best + TOLERANCE_M:
            continue
        # Around a peak between three edges: the mean of their distances that is the same in all corners.
        level, w0, w1, w2 = _balanced(by[0], by[1], by[2])
        if min(w0, w1, w2) >= 0.0:
            bound = min(bound, level + 1e-9)
        _, w0, w1, w2 = _balanced(by[:, 0], by[:, 1], by[:, 2])
        if min(w0, w1, w2) >= 0.0:
            x = stack[n, 0, 0] * w0 + stack[n, 1, 0] * w1 + stack[n, 2, 0] * w2
            y = stack[n, 0, 1] * w0 + stack[n, 1, 1] * w1 + stack[n, 2, 1] * w2
            best = max(best, _nearest(x, y, near, m)[0])
        if bound <= best + TOLERANCE_M:
            continue
        for i in range(3):
            j = (i + 1) % 3
            here, there = by[j, i] - by[i, i], by[i, j] - by[j, j]
            if here + there > 0:
                t = here / (here + there)
                x = stack[n, i, 0] * (1 - t) + stack[n, j, 0] * t
                y = stack[n, i, 1] * (1 - t) + stack[n, j, 1] * t
                best = max(best, _nearest(x, y, near, m)[0])
        if bound <= best + TOLERANCE_M:
            continue
        longest, a = -1.0, 0
        for i in range(3):
            j = (i + 1) % 3
            side = (stack[n, i, 0] - stack[n, j, 0]) ** 2 + (stack[n, i, 1] - stack[n, j, 1]) ** 2
            if side > longest:
                longest, a = side, i
        b, c = (a + 1) % 3, (a + 2) % 3
        if n + 2 > len(stack):
            longer, longer_nearest = np.empty((2 * len(stack), 3, 3)), np.empty((2 * len(stack), 3), np.int64)
            longer[: n + 1], longer_nearest[: n + 1] = stack[: n + 1], nearest[: n + 1]
            stack, nearest = longer, longer_nearest
        x, y = (stack[n, a, 0] + stack[n, b, 0]) / 2, (stack[n, a, 1] + stack[n, b, 1]) / 2
        stack[n + 1], nearest[n + 1] = stack[n], nearest[n]
        best = max(best, _corner(stack, nearest, n, b, x, y, near, m))
        stack[n + 1, a], nearest[n + 1, a] = stack[n, b], nearest[n, b]
        n += 2
    return best, stack, nearest
