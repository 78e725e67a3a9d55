"""How deep polygons lie inside a failing area, compiled. Importing it imports numba.

The depth of a polygon is the greatest distance of its points to the outline of the area around it: branch and bound over
triangles, as `kkpr_check.geometry.deepest_m` does it, over the few edges that can be nearest anywhere in the polygon.
Nothing is annotated inside: numba infers the types of its functions, and mypy can not see them.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, call-overload"

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numba import njit

from kkpr_check.geometry import parts_with_owner
from kkpr_check.kernels.blocks import Bools, Floats, Ints, Objects
from kkpr_check.outlines import Edges

TOLERANCE_M = 1e-6
MOST_TRIANGLES = 20_000
CELL_M = 25.0
MOST_CELLS = 4_000_000

_inner = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
_outer = njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


class Depths:
    """Edges of a layer in a grid, asked for the depth of polygons in sets of its features."""

    def __init__(self, edges: Edges, features: int) -> None:
        self._edges = edges
        self.features = features
        low = edges.ends.reshape(-1, 2).min(axis=0)
        high = edges.ends.reshape(-1, 2).max(axis=0)
        area = float(np.prod(np.maximum(high - low, 1.0)))
        self._cell = max(CELL_M, float(np.sqrt(area / MOST_CELLS)))
        self._low = low
        self._shape = (np.floor((high - low) / self._cell).astype(np.int64) + 1)[::-1]
        self._ptr, self._rows = _cells(edges.ends, low[0], low[1], self._cell, self._shape[0], self._shape[1])
        self._all = np.ones(int(np.prod(self._shape)), dtype=bool)

    def marks(self, failing: Bools) -> Bools:
        """Return the cells with an edge that can be an outline of some features: worth it where many polygons ask."""
        edges = self._edges
        marks: Bools = _marked(failing, edges.feature, edges.other, edges.loose, self._ptr, self._rows)
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
        triangles, start = _triangles(polygons)
        edges = self._edges
        depth: Floats = _depths(
            triangles, start, failing, edges.ends, edges.feature, edges.other, edges.loose, self._ptr, self._rows,
            self._all if marks is None else marks, self._low[0], self._low[1], self._cell, self._shape[0], self._shape[1],
        )  # fmt: skip
        return depth

    @staticmethod
    def across(polygons: Objects, outline: Any) -> float:
        """Return the greatest distance in metres from a point of some polygons to the rings of a geometry (to 1e-6)."""
        triangles, _ = _triangles(polygons)
        coords, ring = shapely.get_coordinates(
            shapely.get_rings(shapely.get_parts(outline)), return_index=True
        )
        same = (ring[1:] == ring[:-1]) & (coords[1:] != coords[:-1]).any(axis=1)
        found = float(_across(triangles, np.hstack([coords[:-1], coords[1:]])[same]))
        return found if found >= 0 else float("nan")


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


def _triangles(polygons: Objects) -> tuple[Floats, Ints]:
    """Return triangles (t, 3, 2) that make up the polygons, and where those of each begin: fans where one is convex."""
    coords, owner = shapely.get_coordinates(polygons, return_index=True)
    ptr = np.searchsorted(owner, np.arange(len(polygons) + 1))
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
def _marked(failing, feature, other, loose, ptr, rows):
    marks = np.zeros(len(ptr) - 1, np.bool_)
    for cell in range(len(marks)):
        for k in range(ptr[cell], ptr[cell + 1]):
            e = rows[k]
            one = failing[feature[e]]
            two = other[e] >= 0 and failing[other[e]]
            if one != two or (loose[e] and (one or two)):
                marks[cell] = True
                break
    return marks


@_inner
def _squared(x, y, ends, e):
    ax, ay, bx, by = ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3]
    dx, dy = bx - ax, by - ay
    t = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)
    t = min(max(t, 0.0), 1.0)
    dx, dy = x - ax - t * dx, y - ay - t * dy
    return dx * dx + dy * dy


@_inner
def _to_edge(x, y, ends, e):
    return np.sqrt(_squared(x, y, ends, e))


@_inner
def _nearest(x, y, ends, chosen, n):
    best, at = np.inf, -1
    for k in range(n):
        d = _squared(x, y, ends, chosen[k])
        if d < best:
            best, at = d, chosen[k]
    return np.sqrt(best), at


@_inner
def _collect(
    x,
    y,
    radius,
    failing,
    ends,
    feature,
    other,
    loose,
    ptr,
    rows,
    marks,
    x0,
    y0,
    cell,
    n_rows,
    n_columns,
    chosen,
):
    """Gather the outline edges that can be nearest to any point within `radius` of a place.

    Returns the edges, how many, and the distance of the nearest loose edge.
    """
    column, row = int(np.floor((x - x0) / cell)), int(np.floor((y - y0) / cell))
    best, near_loose, n, ring = np.inf, np.inf, 0, 0
    furthest = max(max(row, n_rows - row), max(column, n_columns - column)) + 1
    while ring <= furthest and (ring - 1) * cell <= best + 2 * radius:
        for r in range(max(row - ring, 0), min(row + ring, n_rows - 1) + 1):
            edge_row = r == row - ring or r == row + ring
            step = 1 if edge_row or ring == 0 else 2 * ring
            for c in range(column - ring, column + ring + 1, step):
                if c < 0 or c >= n_columns or not marks[r * n_columns + c]:
                    continue
                for k in range(ptr[r * n_columns + c], ptr[r * n_columns + c + 1]):
                    e = rows[k]
                    one = failing[feature[e]]
                    two = other[e] >= 0 and failing[other[e]]
                    if loose[e]:
                        if one or two:
                            near_loose = min(near_loose, _to_edge(x, y, ends, e))
                        continue
                    if one == two:
                        continue
                    d = _to_edge(x, y, ends, e)
                    if d > best + 2 * radius:
                        continue
                    best = min(best, d)
                    if n == len(chosen):
                        longer = np.empty(2 * n, np.int64)
                        longer[:n] = chosen
                        chosen = longer
                    chosen[n] = e
                    n += 1
        ring += 1
    kept = 0
    for k in range(n):
        if _to_edge(x, y, ends, chosen[k]) <= best + 2 * radius + 1e-9:
            chosen[kept] = chosen[k]
            kept += 1
    return chosen, kept, near_loose


@_outer
def _depths(
    triangles, start, failing, ends, feature, other, loose, ptr, rows, marks, x0, y0, cell, n_rows, n_columns
):
    n = len(start) - 1
    depth = np.full(n, np.nan)
    chosen = np.empty(256, np.int64)
    stack, near = np.empty((512, 3, 3)), np.empty((512, 3), np.int64)
    for k in range(n):
        low, high = start[k], start[k + 1]
        if high == low:
            continue
        xa = ya = np.inf
        xb = yb = -np.inf
        for t in range(low, high):
            for c in range(3):
                xa, xb = min(xa, triangles[t, c, 0]), max(xb, triangles[t, c, 0])
                ya, yb = min(ya, triangles[t, c, 1]), max(yb, triangles[t, c, 1])
        x, y, radius = (xa + xb) / 2, (ya + yb) / 2, np.hypot(xb - xa, yb - ya) / 2
        chosen, m, near_loose = _collect(
            x,
            y,
            radius,
            failing,
            ends,
            feature,
            other,
            loose,
            ptr,
            rows,
            marks,
            x0,
            y0,
            cell,
            n_rows,
            n_columns,
            chosen,
        )
        if m == 0:
            continue
        best, stack, near = _deepest(triangles[low:high], ends, chosen, m, stack, near)
        if best >= 0 and near_loose - radius > best + 0.01:
            depth[k] = best
    return depth


@_outer
def _across(triangles, ends):
    chosen = np.arange(len(ends))
    stack, near = np.empty((512, 3, 3)), np.empty((512, 3), np.int64)
    return _deepest(triangles, ends, chosen, len(ends), stack, near)[0]


@_outer
def _across_each(triangles, start, ends, ptr):
    n = len(start) - 1
    depth = np.full(n, np.nan)
    stack, near = np.empty((512, 3, 3)), np.empty((512, 3), np.int64)
    for k in range(n):
        chosen = np.arange(ptr[k], ptr[k + 1])
        if start[k + 1] > start[k] and len(chosen) > 0:
            best, stack, near = _deepest(
                triangles[start[k] : start[k + 1]], ends, chosen, len(chosen), stack, near
            )
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
def _corner(stack, near, n, c, x, y, ends, chosen, m):
    """Write a corner of triangle n: its place, the distance to the nearest chosen edge, and that edge."""
    distance, edge = _nearest(x, y, ends, chosen, m)
    stack[n, c, 0], stack[n, c, 1], stack[n, c, 2] = x, y, distance
    near[n, c] = edge
    return distance


@_inner
def _deepest(triangles, ends, chosen, m, stack, near):
    """Return the greatest distance from a point of some triangles to the chosen edges (-1: too many triangles).

    `stack` holds corners with their distance, `near` the edge each is nearest to; both are returned, maybe longer.
    """
    n = len(triangles)
    if n > len(stack):
        stack, near = np.empty((2 * n, 3, 3)), np.empty((2 * n, 3), np.int64)
    best = 0.0
    for t in range(n):
        for c in range(3):
            x, y = triangles[t, c, 0], triangles[t, c, 1]
            best = max(best, _corner(stack, near, t, c, x, y, ends, chosen, m))
    done = 0
    by = np.empty((3, 3))
    while n > 0:
        n -= 1
        done += 1
        if done > MOST_TRIANGLES:
            return -1.0, stack, near
        for s in range(3):
            for c in range(3):
                by[s, c] = (
                    stack[n, c, 2] if s == c else _to_edge(stack[n, c, 0], stack[n, c, 1], ends, near[n, s])
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
            best = max(best, _nearest(x, y, ends, chosen, m)[0])
        if bound <= best + TOLERANCE_M:
            continue
        for i in range(3):
            j = (i + 1) % 3
            here, there = by[j, i] - by[i, i], by[i, j] - by[j, j]
            if here + there > 0:
                t = here / (here + there)
                x = stack[n, i, 0] * (1 - t) + stack[n, j, 0] * t
                y = stack[n, i, 1] * (1 - t) + stack[n, j, 1] * t
                best = max(best, _nearest(x, y, ends, chosen, m)[0])
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
            longer, longer_near = np.empty((2 * len(stack), 3, 3)), np.empty((2 * len(stack), 3), np.int64)
            longer[: n + 1], longer_near[: n + 1] = stack[: n + 1], near[: n + 1]
            stack, near = longer, longer_near
        x, y = (stack[n, a, 0] + stack[n, b, 0]) / 2, (stack[n, a, 1] + stack[n, b, 1]) / 2
        stack[n + 1], near[n + 1] = stack[n], near[n]
        best = max(best, _corner(stack, near, n, b, x, y, ends, chosen, m))
        stack[n + 1, a], near[n + 1, a] = stack[n, b], near[n, b]
        n += 2
    return best, stack, near
