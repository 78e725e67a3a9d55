"""The compiled part of the grid kernel. Imported by `kkpr_check.kernels.grid` only: importing it imports numba.

Everything stands in one file, since numba's cache notices a change of the file of the compiled function only.
Edges are rows of ``(n, 6)`` arrays: x and y of the left end, x and y of the right end, slope, sign; see
`kkpr_check.kernels.reference` for the formula they serve. A vertical edge has slope and sign 0.
Nothing is annotated inside: numba infers the types of its functions, and mypy can not see them.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from kkpr_check.kernels import NOISE_M2, NOISE_RATIO, SAFE_M

OTHER, LOOSE, BEYOND = -1, -2, -3
"""Not little-endian 2-D (Multi)Polygon WKB; a non-finite coordinate; outside the grid's extent."""
EDGE, MANY, NONE = -3, -2, -1
"""Cell labels beside a zone's row: a zone edge may touch the cell; several zones cover it; none does."""
MAX_CELLS = 4096
"""A bounding box of more cells takes the general path, so that no subject costs more than its edges."""


class Index(NamedTuple):
    """Zones made ready: a grid of labels, zone edges by slabs of x, buckets of zones. Metres."""

    bounds: Any  # (z, 4)
    edges: Any  # (e, 6)
    first_slab: Any  # (e,) slab of the edge's left end
    slab_start: Any  # (z + 1,) where a zone's slabs begin in slab_ptr
    slab_scale: Any  # (z,) slabs per metre
    slab_ptr: Any  # (s + 1,) where a slab's edges begin in slab_edges
    slab_edges: Any  # edge rows
    bucket_ptr: Any  # (rows * columns + 1,)
    bucket_zones: Any  # zone rows, ascending within a bucket
    bucket_shape: Any  # (2,) rows, columns
    label: Any  # (rows, columns) int32
    frame: Any  # (11,) x0, y0, cells per metre; bucket x0, y0, per metre in x, in y; extent


# --- WKB ------------------------------------------------------------------------------------------------------------


@njit(inline="always")
def _u32(data, p):
    word = np.uint32(0)
    for k in range(4):
        word |= np.uint32(data[p + k]) << np.uint32(8 * k)
    return np.int64(word)


@njit(inline="always")
def _f64(data, p):
    bits = np.uint64(0)
    for k in range(8):
        bits |= np.uint64(data[p + k]) << np.uint64(8 * k)
    return np.uint64(bits).view(np.float64)


@njit
def _ring(data, p, count, hole, out, n):
    """Append the edges of one ring; return how many edges there are now, OTHER or LOOSE."""
    x0, y0 = _f64(data, p), _f64(data, p + 8)
    xa, ya, turn, first = x0, y0, 0.0, n
    if not (np.isfinite(x0) and np.isfinite(y0)):
        return LOOSE
    for k in range(1, count):
        xb, yb = _f64(data, p + 16 * k), _f64(data, p + 16 * k + 8)
        if not (np.isfinite(xb) and np.isfinite(yb)):
            return LOOSE
        turn += (xa - x0) * (yb - y0) - (xb - x0) * (ya - y0)
        if xa <= xb:
            out[n, 0], out[n, 1], out[n, 2], out[n, 3] = xa, ya, xb, yb
        else:
            out[n, 0], out[n, 1], out[n, 2], out[n, 3] = xb, yb, xa, ya
        out[n, 4] = (yb - ya) / (xb - xa) if xa != xb else 0.0
        out[n, 5] = 1.0 if xa > xb else (-1.0 if xa < xb else 0.0)
        xa, ya, n = xb, yb, n + 1
    if xa != x0 or ya != y0:
        return OTHER
    if (turn < 0.0) != hole:
        for k in range(first, n):
            out[k, 5] = -out[k, 5]
    return n


@njit
def _polygon(data, p, end, out, n):
    """Append the edges of the polygon whose ring count stands at p; return (edges or status, next byte)."""
    if p + 4 > end:
        return OTHER, p
    rings = _u32(data, p)
    p += 4
    for ring in range(rings):
        if p + 4 > end:
            return OTHER, p
        count = _u32(data, p)
        p += 4
        if count < 4 or p + 16 * count > end:
            return OTHER, p
        n = _ring(data, p, count, ring > 0, out, n)
        if n < 0:
            return n, p
        p += 16 * count
    return n, p


@njit
def read_edges(data, start, end, out):
    """Write the signed edges of one WKB geometry to `out`; return how many, OTHER or LOOSE. Empty bytes: 0."""
    if start == end:
        return 0
    if end - start < 9 or data[start] != 1:
        return OTHER
    kind, p, n = _u32(data, start + 1), start + 5, 0
    if kind == 3:
        n, p = _polygon(data, p, end, out, n)
    elif kind == 6:
        parts = _u32(data, p)
        p += 4
        for _ in range(parts):
            if p + 9 > end or data[p] != 1 or _u32(data, p + 1) != 3:
                return OTHER
            n, p = _polygon(data, p + 5, end, out, n)
            if n < 0:
                return n
    else:
        return OTHER
    return n if n < 0 or p == end else OTHER


@njit
def _box(edges, n):
    x1, y1, x2, y2 = np.inf, np.inf, -np.inf, -np.inf
    for k in range(n):
        x1, x2 = min(x1, edges[k, 0]), max(x2, edges[k, 2])
        y1 = min(y1, edges[k, 1], edges[k, 3])
        y2 = max(y2, edges[k, 1], edges[k, 3])
    return x1, y1, x2, y2


# --- index ----------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def load_zones(data, offsets):
    """Return edges, where each zone's edges begin, bounds, and status (negative) of each zone."""
    zones = len(offsets) - 1
    room = (offsets[-1] - offsets[0]) // 16 + 1
    edges = np.empty((room, 6))
    start = np.zeros(zones + 1, np.int64)
    bounds = np.full((zones, 4), np.nan)
    status = np.zeros(zones, np.int64)
    for z in range(zones):
        n = read_edges(data, offsets[z], offsets[z + 1], edges[start[z] :])
        if n > 0:
            bounds[z, 0], bounds[z, 1], bounds[z, 2], bounds[z, 3] = _box(edges[start[z] :], n)
        status[z] = min(n, 0)
        start[z + 1] = start[z] + max(n, 0)
    return edges[: start[zones]], start, bounds, status


@njit(inline="always")
def _slot(x, x0, scale, count):
    """Return which of `count` equal intervals from x0 holds x, clamped; rising with x."""
    return min(max(np.int64((x - x0) * scale), 0), count - 1)


@njit(cache=True, nogil=True)
def slab_zones(edges, start, bounds):
    """Sort the edges of each zone into slabs of x: about four edges a slab, fewer slabs for a busy outline."""
    zones = len(start) - 1
    slab_start = np.zeros(zones + 1, np.int64)
    scale = np.zeros(zones)
    for z in range(zones):
        length, n = 0.0, start[z + 1] - start[z]
        for k in range(start[z], start[z + 1]):
            length += edges[k, 2] - edges[k, 0]
        width = bounds[z, 2] - bounds[z, 0]
        count = 1
        if length > 0.0 and width > 0.0:
            count = max(1, min(n // 4, np.int64(4 * n * width / length)))
            scale[z] = count / width
        slab_start[z + 1] = slab_start[z] + count
    ptr = np.zeros(slab_start[zones] + 1, np.int64)
    first = np.empty(len(edges), np.int32)
    last = np.empty(len(edges), np.int32)
    for z in range(zones):
        count = slab_start[z + 1] - slab_start[z]
        for k in range(start[z], start[z + 1]):
            first[k] = _slot(edges[k, 0], bounds[z, 0], scale[z], count)
            last[k] = _slot(edges[k, 2], bounds[z, 0], scale[z], count)
            for s in range(first[k], last[k] + 1):
                ptr[slab_start[z] + s + 1] += 1
    for s in range(len(ptr) - 1):
        ptr[s + 1] += ptr[s]
    rows = np.empty(ptr[-1], np.int32)
    fill = ptr[:-1].copy()
    for z in range(zones):
        for k in range(start[z], start[z + 1]):
            for s in range(slab_start[z] + first[k], slab_start[z] + last[k] + 1):
                rows[fill[s]] = k
                fill[s] += 1
    return first, slab_start, scale, ptr, rows


@njit(cache=True, nogil=True)
def bucket_zones(bounds, x0, y0, per_x, per_y, rows, columns):
    """Return (where a bucket begins, zones) of a coarse grid over the bounding boxes of zones."""
    ptr = np.zeros(rows * columns + 1, np.int64)
    zones = np.empty(0, np.int32)
    fill = ptr[:-1].copy()
    for turn in range(2):
        for z in range(len(bounds)):
            if np.isnan(bounds[z, 0]):
                continue
            for i in range(_slot(bounds[z, 1], y0, per_y, rows), _slot(bounds[z, 3], y0, per_y, rows) + 1):
                first = _slot(bounds[z, 0], x0, per_x, columns)
                for j in range(first, _slot(bounds[z, 2], x0, per_x, columns) + 1):
                    bucket = i * columns + j
                    if turn == 0:
                        ptr[bucket + 1] += 1
                    else:
                        zones[fill[bucket]] = z
                        fill[bucket] += 1
        if turn == 0:
            for b in range(rows * columns):
                ptr[b + 1] += ptr[b]
            zones = np.empty(ptr[-1], np.int32)
            fill = ptr[:-1].copy()
    return ptr, zones


@njit
def _mark(label, edge, x0, y0, scale, low, high):
    """Label the cells of rows low..high that an edge may touch."""
    xa, ya, xb, yb = edge[0], edge[1], edge[2], edge[3]
    rows, columns = label.shape
    bottom, top = (
        np.int64(np.floor((min(ya, yb) - y0) * scale)),
        np.int64(np.floor((max(ya, yb) - y0) * scale)),
    )
    for row in range(max(bottom, low), min(top, high - 1) + 1):
        left, right = xa, xb
        if top > bottom and xa != xb:
            at1 = xa + (y0 + row / scale - ya) * ((xb - xa) / (yb - ya))
            at2 = xa + (y0 + (row + 1) / scale - ya) * ((xb - xa) / (yb - ya))
            left = max(left, min(at1, at2) - 1e-6 / scale)
            right = min(right, max(at1, at2) + 1e-6 / scale)
        first = max(np.int64(np.floor((left - x0) * scale)), 0)
        for column in range(first, min(np.int64(np.floor((right - x0) * scale)), columns - 1) + 1):
            label[row, column] = EDGE


@njit
def _fill(label, edges, z, x0, y0, scale, low, high, ptr, crossings):
    """Label the cells of rows low..high whose centre lies in the zone, by the crossings of the rows' centre lines."""
    columns = label.shape[1]
    ptr[:] = 0
    for turn in range(2):
        for k in range(len(edges)):
            ya, yb = edges[k, 1], edges[k, 3]
            bottom, top = (min(ya, yb) - y0) * scale - 0.5, (max(ya, yb) - y0) * scale - 0.5
            for row in range(max(np.int64(np.ceil(bottom)), low), min(np.int64(np.ceil(top)), high)):
                if turn == 0:
                    ptr[row - low + 1] += 1
                else:
                    share = (row - bottom) / (top - bottom)
                    share = share if ya < yb else 1.0 - share
                    at = (edges[k, 0] + share * (edges[k, 2] - edges[k, 0]) - x0) * scale - 0.5
                    slot = ptr[row - low]
                    ptr[row - low] += 1
                    crossings[slot] = at
        if turn == 0:
            for row in range(high - low):
                ptr[row + 1] += ptr[row]
            if ptr[high - low] > len(crossings):
                crossings = np.empty(2 * ptr[high - low])
    begin = 0
    for row in range(low, high):
        end = ptr[row - low]
        line = crossings[begin:end]
        line.sort()
        for pair in range(0, len(line) - 1, 2):
            first = max(np.int64(np.ceil(line[pair])), 0)
            for column in range(first, min(np.int64(np.ceil(line[pair + 1])), columns)):
                if label[row, column] == NONE:
                    label[row, column] = z
                elif label[row, column] >= 0:
                    label[row, column] = MANY
        begin = end
    return crossings


@njit(cache=True, nogil=True)
def label_cells(label, edges, start, bounds, x0, y0, scale, low, high):
    """Label rows low..high of the grid: first every cell an edge may touch, then what covers the others."""
    crossings = np.empty(4096)
    ptr = np.zeros(high - low + 2, np.int64)
    for z in range(len(start) - 1):
        for k in range(start[z], start[z + 1]):
            _mark(label, edges[k], x0, y0, scale, low, high)
    for z in range(len(start) - 1):
        if start[z] == start[z + 1]:
            continue
        first = max(np.int64(np.floor((bounds[z, 1] - y0) * scale)), low)
        last = min(np.int64(np.floor((bounds[z, 3] - y0) * scale)) + 1, high)
        right = (bounds[z, 2] - x0) * scale
        if first < last and right >= 0 and (bounds[z, 0] - x0) * scale < label.shape[1]:
            part = ptr[: last - first + 1]
            crossings = _fill(
                label, edges[start[z] : start[z + 1]], z, x0, y0, scale, first, last, part, crossings
            )


# --- measuring ------------------------------------------------------------------------------------------------------


@njit
def _cell(label, frame, x1, y1, x2, y2):
    """Return the label all cells of a box share, or EDGE where that is not certain. Outside the grid is NONE."""
    rows, columns = label.shape
    scale = frame[2]
    left, right = np.floor((x1 - frame[0]) * scale), np.floor((x2 - frame[0]) * scale)
    bottom, top = np.floor((y1 - frame[1]) * scale), np.floor((y2 - frame[1]) * scale)
    if right < 0 or top < 0 or left >= columns or bottom >= rows:
        return NONE
    j1, j2 = np.int64(max(left, 0)), np.int64(min(right, columns - 1.0))
    i1, i2 = np.int64(max(bottom, 0)), np.int64(min(top, rows - 1.0))
    if (j2 - j1 + 1) * (i2 - i1 + 1) > MAX_CELLS:
        return EDGE
    for i in range(i1, i2 + 1):
        for j in range(j1, j2 + 1):
            if label[i, j] == EDGE:
                return EDGE
    return label[i1, j1]


@njit
def _own_area(subject, n):
    """Return the area of local signed edges."""
    total = 0.0
    for k in range(n):
        total += subject[k, 5] * (subject[k, 2] - subject[k, 0]) * (subject[k, 1] + subject[k, 3])
    return total / 2


@njit(inline="always")
def _under_both(left, right, e1, e2, f1, f2):
    """Return the area under the lower of two lines given by their heights at left and right."""
    d1, d2 = f1 - e1, f2 - e2
    total = (min(e1, f1) + min(e2, f2)) * 0.5
    if d1 * d2 < 0.0:
        # The lines cross: the minimum has a corner above the chord between its ends.
        total += 0.5 * abs(d1) * abs(d2) / (abs(d1) + abs(d2))
    return total * (right - left)


@njit
def _pair_area(index, z, subject, n, ox, oy):
    """Return area(subject and zone z); the subject's edges are relative to (ox, oy), its lower left corner."""
    edges, first, rows, ptr = index.edges, index.first_slab, index.slab_edges, index.slab_ptr
    base, count = index.slab_start[z], index.slab_start[z + 1] - index.slab_start[z]
    x0, x2, scale = index.bounds[z, 0], index.bounds[z, 2], index.slab_scale[z]
    total = 0.0
    for i in range(n):
        fl, fr, sign = subject[i, 0], subject[i, 2], subject[i, 5]
        if sign == 0.0 or fl + ox >= x2 or fr + ox <= x0:
            continue
        low, high = _slot(fl + ox, x0, scale, count), _slot(fr + ox, x0, scale, count)
        for slab in range(low, high + 1):
            for at in range(ptr[base + slab], ptr[base + slab + 1]):
                k = rows[at]
                if edges[k, 5] == 0.0 or max(first[k], low) != slab:
                    continue
                el, y1, er, y2 = edges[k, 0] - ox, edges[k, 1] - oy, edges[k, 2] - ox, edges[k, 3] - oy
                left, right = max(fl, el), min(fr, er)
                # An edge wholly below the subject counts once for each of its sides: nothing.
                if left >= right or max(y1, y2) <= 0.0:
                    continue
                e1, e2 = y1 + edges[k, 4] * (left - el), y1 + edges[k, 4] * (right - el)
                f1 = subject[i, 1] + subject[i, 4] * (left - fl)
                f2 = subject[i, 1] + subject[i, 4] * (right - fl)
                total += sign * edges[k, 5] * _under_both(left, right, e1, e2, f1, f2)
    return total


@njit(inline="always")
def _to_segment2(px, py, ax, ay, bx, by):
    """Return the squared distance of a point to a segment."""
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    t = ((px - ax) * dx + (py - ay) * dy) / length2 if length2 > 0.0 else 0.0
    t = min(max(t, 0.0), 1.0)
    return (ax + t * dx - px) ** 2 + (ay + t * dy - py) ** 2


@njit(inline="always")
def _side(ax, ay, bx, by, cx, cy):
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@njit
def _segments2(ax, ay, bx, by, cx, cy, dx, dy):
    """Return the squared distance of two segments; 0 where they cross."""
    if _side(ax, ay, bx, by, cx, cy) * _side(ax, ay, bx, by, dx, dy) < 0.0:
        if _side(cx, cy, dx, dy, ax, ay) * _side(cx, cy, dx, dy, bx, by) < 0.0:
            return 0.0
    first = min(_to_segment2(ax, ay, cx, cy, dx, dy), _to_segment2(bx, by, cx, cy, dx, dy))
    second = min(_to_segment2(cx, cy, ax, ay, bx, by), _to_segment2(dx, dy, ax, ay, bx, by))
    return min(first, second)


@njit
def _edge_distance(index, z, subject, n, ox, oy, width, height, reach):
    """Return the least distance of the outlines of the subject and zone z, or infinity beyond `reach`."""
    edges, rows, ptr = index.edges, index.slab_edges, index.slab_ptr
    base, count = index.slab_start[z], index.slab_start[z + 1] - index.slab_start[z]
    low = _slot(ox - reach, index.bounds[z, 0], index.slab_scale[z], count)
    high = _slot(ox + width + reach, index.bounds[z, 0], index.slab_scale[z], count)
    best = np.inf
    for slab in range(low, high + 1):
        for at in range(ptr[base + slab], ptr[base + slab + 1]):
            k = rows[at]
            if max(index.first_slab[k], low) != slab:
                continue
            el, y1, er, y2 = edges[k, 0] - ox, edges[k, 1] - oy, edges[k, 2] - ox, edges[k, 3] - oy
            if er < -reach or el > width + reach or max(y1, y2) < -reach or min(y1, y2) > height + reach:
                continue
            for i in range(n):
                f = subject[i]
                if f[2] + reach < el or f[0] - reach > er:
                    continue
                best = min(best, _segments2(el, y1, er, y2, f[0], f[1], f[2], f[3]))
    return np.sqrt(best) if best <= reach * reach else np.inf


@njit
def _candidates(index, x1, y1, x2, y2, out):
    """Write the zones whose bounding box meets a box to `out`, ascending; return (out, how many)."""
    frame, bounds, n = index.frame, index.bounds, 0
    rows, columns = index.bucket_shape[0], index.bucket_shape[1]
    i1, i2 = _slot(y1, frame[4], frame[6], rows), _slot(y2, frame[4], frame[6], rows)
    j1, j2 = _slot(x1, frame[3], frame[5], columns), _slot(x2, frame[3], frame[5], columns)
    for i in range(i1, i2 + 1):
        for j in range(j1, j2 + 1):
            for at in range(index.bucket_ptr[i * columns + j], index.bucket_ptr[i * columns + j + 1]):
                z = index.bucket_zones[at]
                if bounds[z, 0] > x2 or bounds[z, 2] < x1 or bounds[z, 1] > y2 or bounds[z, 3] < y1:
                    continue
                # A zone stands in many buckets: take it in the first that the box and the zone share.
                if i != max(i1, _slot(bounds[z, 1], frame[4], frame[6], rows)):
                    continue
                if j != max(j1, _slot(bounds[z, 0], frame[3], frame[5], columns)):
                    continue
                if n == len(out):
                    out = np.concatenate((out, out))
                out[n] = z
                n += 1
    out[:n].sort()
    return out, n


@njit(inline="always")
def _append(rows, zones, values, n, row, zone, value):
    """Append to three growing columns; return them with the new length."""
    if n == len(rows):
        rows, zones, values = (
            np.concatenate((rows, rows)),
            np.concatenate((zones, zones)),
            np.concatenate((values, values)),
        )
    rows[n], zones[n], values[n] = row, zone, value
    return rows, zones, values, n + 1


@njit
def _localise(subject, n, ox, oy):
    for k in range(n):
        subject[k, 0] -= ox
        subject[k, 1] -= oy
        subject[k, 2] -= ox
        subject[k, 3] -= oy


@njit(cache=True, nogil=True)
def measure(index, data, offsets, low, high, margin, near):
    """Measure subjects low..high; return pairs, near pairs, and per subject area, inside and status (negative)."""
    size = high - low
    areas, inside, status = np.zeros(size), np.zeros(size, np.bool_), np.zeros(size, np.int64)
    rows, zones, values, n = (
        np.empty(size + 16, np.int64),
        np.empty(size + 16, np.int64),
        np.empty(size + 16),
        0,
    )
    nrows, nzones, nvalues, m = np.empty(16, np.int64), np.empty(16, np.int64), np.empty(16), 0
    subject, found = np.empty((256, 6)), np.empty(64, np.int64)
    frame, reach = index.frame, margin + 2 * SAFE_M
    for row in range(low, high):
        room = (offsets[row + 1] - offsets[row]) // 16 + 1
        if room > len(subject):
            subject = np.empty((2 * room, 6))
        count = read_edges(data, offsets[row], offsets[row + 1], subject)
        if count <= 0:
            status[row - low] = count
            continue
        x1, y1, x2, y2 = _box(subject, count)
        if x1 < frame[7] or y1 < frame[8] or x2 > frame[9] or y2 > frame[10]:
            status[row - low] = BEYOND
            continue
        _localise(subject, count, x1, y1)
        area = _own_area(subject, count)
        areas[row - low] = area
        label = _cell(index.label, frame, x1 - reach, y1 - reach, x2 + reach, y2 + reach)
        if label == NONE:
            continue
        if label >= 0:
            rows, zones, values, n = _append(rows, zones, values, n, row, label, area)
            inside[row - low] = True
            continue
        noise = max(NOISE_M2, NOISE_RATIO * (x2 - x1) * (y2 - y1))
        found, candidates = _candidates(index, x1 - reach, y1 - reach, x2 + reach, y2 + reach, found)
        begin, whole = n, False
        for c in range(candidates):
            shared = _pair_area(index, found[c], subject, count, x1, y1)
            if shared > noise:
                whole = abs(shared - area) <= noise
                shared = area if whole else shared
                rows, zones, values, n = _append(rows, zones, values, n, row, found[c], shared)
        alone, at = n == begin + 1 and whole, begin
        if not (alone or near):
            continue
        for c in range(candidates):
            shares = at < n and zones[at] == found[c]
            at += shares
            if shares and not alone:
                continue
            distance = _edge_distance(index, found[c], subject, count, x1, y1, x2 - x1, y2 - y1, reach)
            alone = alone and distance > margin + SAFE_M
            if near and not shares and distance <= margin:
                nrows, nzones, nvalues, m = _append(nrows, nzones, nvalues, m, row, found[c], distance)
        inside[row - low] = alone
    return (rows[:n], zones[:n], values[:n]), (nrows[:m], nzones[:m], nvalues[:m]), areas, inside, status


# --- validity -------------------------------------------------------------------------------------------------------

PROVEN_VERTICES = 64
"""A longer outline goes to GEOS: the proof below tries every pair of edges."""


@njit(inline="always")
def _apart(ax, ay, bx, by, cx, cy, dx, dy):
    """Tell whether c and d lie clearly on one side of the line a-b."""
    side1, side2 = _side(ax, ay, bx, by, cx, cy), _side(ax, ay, bx, by, dx, dy)
    doubt = (
        1e-12 * (abs(bx - ax) + abs(by - ay)) * (abs(cx - ax) + abs(cy - ay) + abs(dx - ax) + abs(dy - ay))
    )
    return (side1 > doubt and side2 > doubt) or (side1 < -doubt and side2 < -doubt)


@njit
def _simple(x, y, n):
    """Tell whether n edges between n + 1 points (local, last = first) surely form a simple ring."""
    for i in range(n):
        for j in range(i + 2, n):
            if i == 0 and j == n - 1:
                continue
            if not (
                _apart(x[i], y[i], x[i + 1], y[i + 1], x[j], y[j], x[j + 1], y[j + 1])
                or _apart(x[j], y[j], x[j + 1], y[j + 1], x[i], y[i], x[i + 1], y[i + 1])
            ):
                return False
        k = (i + 1) % n
        ax, ay, bx, by = x[i + 1] - x[i], y[i + 1] - y[i], x[k + 1] - x[k], y[k + 1] - y[k]
        turn, size = abs(ax * by - ay * bx), (abs(ax) + abs(ay)) * (abs(bx) + abs(by))
        if turn <= 1e-12 * size and ax * bx + ay * by <= 0.0:
            return False
    return True


@njit(cache=True, nogil=True)
def proven_valid(data, offsets):
    """Return True for each geometry that is surely a valid polygon: one closed, finite, simple ring."""
    proven = np.zeros(len(offsets) - 1, np.bool_)
    x, y = np.empty(PROVEN_VERTICES + 1), np.empty(PROVEN_VERTICES + 1)
    for row in range(len(proven)):
        p, end = offsets[row], offsets[row + 1]
        if end - p < 13 + 64 or data[p] != 1 or _u32(data, p + 1) != 3 or _u32(data, p + 5) != 1:
            continue
        count = _u32(data, p + 9)
        if count > PROVEN_VERTICES or end - p != 13 + 16 * count:
            continue
        x0, y0, finite = _f64(data, p + 13), _f64(data, p + 21), True
        for k in range(count):
            x[k] = _f64(data, p + 13 + 16 * k) - x0
            y[k] = _f64(data, p + 21 + 16 * k) - y0
            finite = finite and np.isfinite(x[k]) and np.isfinite(y[k])
        closed = finite and x[count - 1] == 0.0 and y[count - 1] == 0.0
        proven[row] = closed and _simple(x, y, count - 1)
    return proven
