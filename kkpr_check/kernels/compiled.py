"""The compiled part of the grid kernel. Imported by `kkpr_check.kernels.grid` only: importing it imports numba.

Everything stands in one file, since numba's cache notices a change of the file of the compiled function only.
Edges are rows of ``(n, 5)`` arrays: x and y of the left end, x and y of the right end, sign (0 for a vertical edge);
see `kkpr_check.kernels.reference` for the formula they serve.
Nothing is annotated inside: numba infers the types of its functions, and mypy can not see them.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, call-overload"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from kkpr_check.kernels import NOISE_M2, NOISE_RATIO, SAFE_M

_inner = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
_outer = njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)

OTHER, LOOSE, BEYOND = -1, -2, -3
"""Not little-endian 2-D (Multi)Polygon WKB; a non-finite coordinate; outside the grid's extent."""
EDGE, MANY, NONE = -3, -2, -1
"""Cell labels beside a zone's row: a zone edge may touch the cell; several zones cover it; none does."""
RUN = 32
"""Edges of a subject that are measured together."""
MAX_BYTES = 4096
"""A bounding box of more bytes of cells takes the general path, so that no subject costs more than its edges."""


class Index(NamedTuple):
    """Zones made ready: a grid of labels, zone edges by slabs of x, buckets of zones. Metres."""

    bounds: Any  # (z, 4)
    edges: Any  # (e, 5), by zone and slab of the left end
    slabs: (
        Any  # (z, 4) of a zone: x of its left side, slabs per metre, where its slabs begin, how many it has
    )
    begins: (
        Any  # (s + 1, 2) where a slab's own edges begin in edges, and those from slabs to the left in over
    )
    over: Any  # edge rows
    bucket_ptr: Any  # (rows * columns + 1,)
    bucket_zones: Any  # zone rows, ascending within a bucket
    bucket_boxes: Any  # (b, 4) bounds of those, side by side
    bucket_shape: Any  # (2,) rows, columns
    label: Any  # (rows, columns) int32, what covers a cell that no edge touches
    touched: Any  # (rows, columns / 8) uint8, a bit for each cell that an edge may touch
    frame: Any  # (12,) x0, y0, cells per metre; bucket x0, y0, per metre in x, in y; extent; most edges of a zone


# numba's own sort and concatenate take seconds to compile.


@_inner
def _sort(values):
    """Sort in place (shell sort: most are short)."""
    gap = max(len(values) // 2, 1)
    while gap > 0:
        for k in range(gap, len(values)):
            value, at = values[k], k
            while at >= gap and values[at - gap] > value:
                values[at] = values[at - gap]
                at -= gap
            values[at] = value
        gap = 1 if gap == 2 else gap * 5 // 11


@_inner
def _longer(column):
    """Return a growing column with twice the room."""
    longer = np.empty(2 * len(column), column.dtype)
    for k in range(len(column)):
        longer[k] = column[k]
    return longer


# --- WKB ------------------------------------------------------------------------------------------------------------


@_inner
def _u32(data, p):
    word = np.uint32(0)
    for k in range(4):
        word |= np.uint32(data[p + k]) << np.uint32(8 * k)
    return np.int64(word)


@_inner
def _f64(data, p):
    bits = np.uint64(0)
    for k in range(8):
        bits |= np.uint64(data[p + k]) << np.uint64(8 * k)
    return np.uint64(bits).view(np.float64)


@_inner
def _scan_ring(data, p, count):
    """Return (0, OTHER or LOOSE), twice the signed area and the box of a ring."""
    x0, y0 = _f64(data, p), _f64(data, p + 8)
    x1, y1, x2, y2, turn = x0, y0, x0, y0, 0.0
    xa, ya, loose = 0.0, 0.0, not (np.isfinite(x0) and np.isfinite(y0))
    for k in range(1, count):
        x, y = _f64(data, p + 16 * k), _f64(data, p + 16 * k + 8)
        loose = loose or not (np.isfinite(x) and np.isfinite(y))
        x1, y1, x2, y2 = min(x1, x), min(y1, y), max(x2, x), max(y2, y)
        xb, yb = x - x0, y - y0
        turn += xa * yb - xb * ya
        xa, ya = xb, yb
    status = LOOSE if loose else (OTHER if xa != 0.0 or ya != 0.0 else 0)
    return status, turn, (x1, y1, x2, y2)


@_inner
def _scan_polygon(data, p, end):
    """Return (edges, OTHER or LOOSE), next byte, area and box of the polygon whose ring count stands at p."""
    box = (np.inf, np.inf, -np.inf, -np.inf)
    if p + 4 > end:
        return OTHER, p, 0.0, box
    rings, n, area = _u32(data, p), 0, 0.0
    p += 4
    for ring in range(rings):
        if p + 4 > end:
            return OTHER, p, 0.0, box
        count = _u32(data, p)
        p += 4
        if count == 0:
            continue
        if count < 4 or p + 16 * count > end:
            return OTHER, p, 0.0, box
        status, turn, ring_box = _scan_ring(data, p, count)
        if status < 0:
            return status, p, 0.0, box
        area += abs(turn) / 2 if ring == 0 else -abs(turn) / 2
        box = ring_box if ring == 0 else box
        n, p = n + count - 1, p + 16 * count
    return n, p, area, box


@_inner
def scan(data, start, end):
    """Return (edges, OTHER or LOOSE), area and box of one WKB geometry; no bytes: no edges."""
    empty = (np.inf, np.inf, -np.inf, -np.inf)
    if start == end:
        return 0, 0.0, empty
    if end - start < 9 or data[start] != 1:
        return OTHER, 0.0, empty
    kind, p = _u32(data, start + 1), start + 5
    if kind == 3:
        n, p, area, box = _scan_polygon(data, p, end)
        return (n if n < 0 or p == end else OTHER), area, box
    if kind != 6:
        return OTHER, 0.0, empty
    total, area, box = 0, 0.0, empty
    parts = _u32(data, p)
    p += 4
    for _ in range(parts):
        if p + 9 > end or data[p] != 1 or _u32(data, p + 1) != 3:
            return OTHER, 0.0, empty
        n, p, part, b = _scan_polygon(data, p + 5, end)
        if n < 0:
            return n, 0.0, empty
        total, area = total + n, area + part
        box = (min(box[0], b[0]), min(box[1], b[1]), max(box[2], b[2]), max(box[3], b[3]))
    return (total if p == end else OTHER), area, box


@_inner
def _read_ring(data, p, count, hole, out, n, ox, oy):
    """Write the edges of one ring from row n on; return the next row."""
    xa, ya, turn, first = _f64(data, p) - ox, _f64(data, p + 8) - oy, 0.0, n
    x0, y0 = xa, ya
    for k in range(1, count):
        xb, yb = _f64(data, p + 16 * k) - ox, _f64(data, p + 16 * k + 8) - oy
        turn += (xa - x0) * (yb - y0) - (xb - x0) * (ya - y0)
        if xa <= xb:
            out[n, 0], out[n, 1], out[n, 2], out[n, 3] = xa, ya, xb, yb
        else:
            out[n, 0], out[n, 1], out[n, 2], out[n, 3] = xb, yb, xa, ya
        out[n, 4] = 1.0 if xa > xb else (-1.0 if xa < xb else 0.0)
        xa, ya, n = xb, yb, n + 1
    if (turn < 0.0) != hole:
        for k in range(first, n):
            out[k, 4] = -out[k, 4]
    return n


@_inner
def read_edges(data, start, ox, oy, out):
    """Write the signed edges, relative to (ox, oy), of a geometry that `scan` has accepted."""
    p, n, parts = start + 5, 0, 1
    many = _u32(data, start + 1) == 6
    if many:
        parts = _u32(data, p)
        p += 4
    for _ in range(parts):
        p += 5 if many else 0
        rings = _u32(data, p)
        p += 4
        for ring in range(rings):
            count = _u32(data, p)
            if count > 0:
                n = _read_ring(data, p + 4, count, ring > 0, out, n, ox, oy)
            p += 4 + 16 * count


# --- index ----------------------------------------------------------------------------------------------------------


@_outer
def scan_zones(data, offsets):
    """Return edges (or negative status) and bounds of each zone; NaN bounds where there are no edges."""
    counts = np.zeros(len(offsets) - 1, np.int64)
    bounds = np.full((len(counts), 4), np.nan)
    for z in range(len(counts)):
        counts[z], _, box = scan(data, offsets[z], offsets[z + 1])
        if counts[z] > 0:
            bounds[z, 0], bounds[z, 1], bounds[z, 2], bounds[z, 3] = box
    return counts, bounds


@_inner
def _slot(x, x0, scale, count):
    """Return which of `count` equal intervals from x0 holds x, clamped; rising with x."""
    return min(max(np.int64((x - x0) * scale), 0), count - 1)


@_inner
def slab_scales(edges, start, bounds):
    """Return where each zone's slabs begin and slabs per metre: about four edges a slab, fewer for a busy outline."""
    zones = len(start) - 1
    slab_start, scale = np.zeros(zones + 1, np.int64), np.zeros(zones)
    for z in range(zones):
        length, n = 0.0, start[z + 1] - start[z]
        for k in range(start[z], start[z + 1]):
            length += edges[k, 2] - edges[k, 0]
        width, count = bounds[z, 2] - bounds[z, 0], 1
        if length > 0.0 and width > 0.0:
            count = max(1, min(n // 4, np.int64(4 * n * width / length)))
            scale[z] = count / width
        slab_start[z + 1] = slab_start[z] + count
    return slab_start, scale


@_inner
def _sort_zone(edges, slots, own, scratch):
    """Order the edges of one zone by `slots`, the slab of their left end; `own` becomes where a slab begins."""
    for s in range(len(own)):
        own[s] = 0
    for k in range(len(edges)):
        for c in range(5):
            scratch[k, c] = edges[k, c]
        own[slots[k] + 1] += 1
    for s in range(len(own) - 1):
        own[s + 1] += own[s]
    for k in range(len(edges)):
        for c in range(5):
            edges[own[slots[k]], c] = scratch[k, c]
        own[slots[k]] += 1
    for s in range(len(own) - 1, 0, -1):
        own[s] = own[s - 1]
    own[0] = 0


@_outer
def read_zones(data, offsets, start, bounds):
    """Return edges sorted by zone and slab, the zones' slabs, where a slab's edges begin, and those that run into it."""
    zones, most = len(start) - 1, 0
    edges = np.empty((start[zones], 5))
    for z in range(zones):
        if start[z + 1] > start[z]:
            read_edges(data, offsets[z], 0.0, 0.0, edges[start[z] :])
            most = max(most, start[z + 1] - start[z])
    slab_start, scale = slab_scales(edges, start, bounds)
    own, over = np.zeros(slab_start[zones] + 1, np.int64), np.zeros(slab_start[zones] + 1, np.int64)
    slots, scratch, begin = np.empty(most, np.int64), np.empty((most, 5)), np.zeros(most + 2, np.int64)
    for z in range(zones):
        first, count, n = slab_start[z], slab_start[z + 1] - slab_start[z], start[z + 1] - start[z]
        part = edges[start[z] : start[z + 1]]
        for k in range(n):
            slots[k] = _slot(part[k, 0], bounds[z, 0], scale[z], count)
            for s in range(slots[k] + 1, _slot(part[k, 2], bounds[z, 0], scale[z], count) + 1):
                over[first + s + 1] += 1
        _sort_zone(part, slots, begin[: count + 1], scratch)
        for s in range(count):
            own[first + s] = begin[s] + start[z]
    own[-1] = start[zones]
    for s in range(len(over) - 1):
        over[s + 1] += over[s]
    rows, fill = np.empty(over[-1], np.int32), over[:-1].copy()
    for z in range(zones):
        first, count = slab_start[z], slab_start[z + 1] - slab_start[z]
        for k in range(start[z], start[z + 1]):
            slot = _slot(edges[k, 0], bounds[z, 0], scale[z], count)
            for s in range(slot + 1, _slot(edges[k, 2], bounds[z, 0], scale[z], count) + 1):
                rows[fill[first + s]] = k
                fill[first + s] += 1
    slabs, begins = np.empty((zones, 4)), np.empty((len(own), 2), np.int64)
    for z in range(zones):
        slabs[z, 0], slabs[z, 1] = bounds[z, 0], scale[z]
        slabs[z, 2], slabs[z, 3] = slab_start[z], slab_start[z + 1] - slab_start[z]
    for s in range(len(own)):
        begins[s, 0], begins[s, 1] = own[s], over[s]
    return edges, slabs, begins, rows


@_outer
def bucket_zones(bounds, x0, y0, per_x, per_y, rows, columns):
    """Return (where a bucket begins, zones, their boxes) of a coarse grid over the bounding boxes of zones."""
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
    boxes = np.empty((len(zones), 4))
    for k in range(len(zones)):
        for c in range(4):
            boxes[k, c] = bounds[zones[k], c]
    return ptr, zones, boxes


@_inner
def _mark(label, edge, x0, y0, scale, low, high):
    """Label the cells of rows low..high that an edge may touch."""
    xa, ya, xb, yb = edge[0], edge[1], edge[2], edge[3]
    columns = label.shape[1]
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


@_inner
def _fill(label, edges, z, x0, y0, scale, low, high, ptr, crossings):
    """Label the cells of rows low..high whose centre lies in the zone, by the crossings of the rows' centre lines."""
    columns = label.shape[1]
    for row in range(len(ptr)):
        ptr[row] = 0
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
        _sort(line)
        for pair in range(0, len(line) - 1, 2):
            first = max(np.int64(np.ceil(line[pair])), 0)
            for column in range(first, min(np.int64(np.ceil(line[pair + 1])), columns)):
                if label[row, column] == NONE:
                    label[row, column] = z
                elif label[row, column] >= 0:
                    label[row, column] = MANY
        begin = end
    return crossings


@_outer
def label_cells(label, edges, start, bounds, x0, y0, scale, low, high):
    """Label rows low..high of the grid: first every cell an edge may touch, then what covers the others."""
    crossings, ptr = np.empty(4096), np.zeros(high - low + 2, np.int64)
    for turn in range(2):
        for z in range(len(start) - 1):
            first = max((bounds[z, 1] - y0) * scale - 1.0, np.float64(low))
            last = min((bounds[z, 3] - y0) * scale + 1.0, np.float64(high))
            apart = (bounds[z, 2] - x0) * scale < -1.0 or (bounds[z, 0] - x0) * scale > label.shape[1]
            if start[z] == start[z + 1] or first >= last or apart:
                continue
            part = edges[start[z] : start[z + 1]]
            row, end = np.int64(np.floor(first)), np.int64(np.ceil(last))
            row, end = max(row, low), min(end, high)
            if turn == 1:
                crossings = _fill(label, part, z, x0, y0, scale, row, end, ptr[: end - row + 1], crossings)
            else:
                for k in range(len(part)):
                    _mark(label, part[k], x0, y0, scale, row, end)


# --- measuring ------------------------------------------------------------------------------------------------------


@_inner
def _cell(index, x1, y1, x2, y2):
    """Return the label all cells of a box share, or EDGE where that is not certain. Outside the grid is NONE."""
    rows, columns = index.label.shape
    frame, touched = index.frame, index.touched
    scale = frame[2]
    left, right = np.floor((x1 - frame[0]) * scale), np.floor((x2 - frame[0]) * scale)
    bottom, top = np.floor((y1 - frame[1]) * scale), np.floor((y2 - frame[1]) * scale)
    if right < 0 or top < 0 or left >= columns or bottom >= rows:
        return NONE
    j1, j2 = np.int64(max(left, 0.0)), np.int64(min(right, columns - 1.0))
    i1, i2 = np.int64(max(bottom, 0.0)), np.int64(min(top, rows - 1.0))
    if (j2 - j1 + 8) * (i2 - i1 + 1) > 8 * MAX_BYTES:
        return EDGE
    first, last = j1 >> 3, j2 >> 3
    head, tail = (0xFF << (j1 & 7)) & 0xFF, 0xFF >> (7 - (j2 & 7))
    for i in range(i1, i2 + 1):
        for j in range(first, last + 1):
            byte = np.int64(touched[i, j])
            byte &= head if j == first else 0xFF
            if byte & (tail if j == last else 0xFF):
                return EDGE
    return np.int64(index.label[i1, j1])


@_inner
def _under_both(left, right, e1, e2, f1, f2):
    """Return the area under the lower of two lines given by their heights at left and right."""
    d1, d2 = f1 - e1, f2 - e2
    total = (min(e1, f1) + min(e2, f2)) * 0.5
    if d1 * d2 < 0.0:
        # The lines cross: the minimum has a corner above the chord between its ends.
        total += 0.5 * abs(d1) * abs(d2) / (abs(d1) + abs(d2))
    return total * (right - left)


@_inner
def _gather(index, z, ox, oy, x1, x2, y1, y2, out):
    """Copy the edges of zone z that meet a box, relative to (ox, oy), to `out`; return how many.

    Each edge comes once: those of the box's slabs, and those that run into its first slab from the left.
    """
    edges, begins, x0, scale = index.edges, index.begins, index.slabs[z, 0], index.slabs[z, 1]
    base, count, n = np.int64(index.slabs[z, 2]), np.int64(index.slabs[z, 3]), 0
    low, high = base + _slot(x1 + ox, x0, scale, count), base + _slot(x2 + ox, x0, scale, count)
    own, over = begins[low, 0], begins[low, 1]
    spill = begins[low + 1, 1] - over
    total = spill + begins[high + 1, 0] - own
    for at in range(total):
        k = np.int64(index.over[over + at]) if at < spill else own + at - spill
        left, right, ya, yb = edges[k, 0] - ox, edges[k, 2] - ox, edges[k, 1] - oy, edges[k, 3] - oy
        if right < x1 or left > x2 or max(ya, yb) < y1 or min(ya, yb) > y2:
            continue
        out[n, 0], out[n, 1], out[n, 2], out[n, 3], out[n, 4] = left, ya, right, yb, edges[k, 4]
        n += 1
    return n


@_inner
def _times_around(near, count, x, height):
    """Return how often a zone surrounds a box from y = 0 to `height` around x, or -1 where an edge may meet the box.

    `near` are the zone's edges of the box's x range that do not run below it; those above are crossed on the way up.
    """
    times = 0.0
    for k in range(count):
        if min(near[k, 1], near[k, 3]) <= height:
            return -1.0
        if near[k, 0] <= x < near[k, 2]:
            times += near[k, 4]
    return times


@_inner
def _pair_area(index, z, subject, n, ox, oy, width, height, area, near):
    """Return area(subject and zone z); the subject is relative to (ox, oy), its lower left corner.

    An edge of the zone that runs wholly below the subject counts once for each of its sides, so for nothing; one
    above it counts. Runs of the subject's outline are measured against the zone's edges of their own x range.
    Where none of them meets the subject's box, the zone holds all of it or nothing.
    """
    box, total = index.bounds[z], 0.0
    if box[0] > ox + width or box[2] < ox or box[1] > oy + height or box[3] < oy:
        return 0.0
    count = _gather(index, z, ox, oy, 0.0, width, 0.0, np.inf, near)
    times = _times_around(near, count, width / 2, height)
    if times == 0.0 or times == 1.0:
        return times * area
    for begin in range(0, n, RUN):
        end = min(begin + RUN, n)
        if n > RUN:
            x1, x2 = np.inf, -np.inf
            for i in range(begin, end):
                x1, x2 = min(x1, subject[i, 0]), max(x2, subject[i, 2])
            count = _gather(index, z, ox, oy, x1, x2, 0.0, np.inf, near)
        for k in range(count):
            near[k, 5] = (near[k, 3] - near[k, 1]) / (near[k, 2] - near[k, 0]) if near[k, 4] != 0.0 else 0.0
        for i in range(begin, end):
            fl, fr, sign = subject[i, 0], subject[i, 2], subject[i, 4]
            if sign == 0.0:
                continue
            y, slope = subject[i, 1], (subject[i, 3] - subject[i, 1]) / (fr - fl)
            for k in range(count):
                left, right = max(fl, near[k, 0]), min(fr, near[k, 2])
                if left < right:
                    e1 = near[k, 1] + near[k, 5] * (left - near[k, 0])
                    e2 = near[k, 1] + near[k, 5] * (right - near[k, 0])
                    f1, f2 = y + slope * (left - fl), y + slope * (right - fl)
                    total += sign * near[k, 4] * _under_both(left, right, e1, e2, f1, f2)
    return total


@_inner
def _to_segment2(px, py, ax, ay, bx, by):
    """Return the squared distance of a point to a segment."""
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    t = ((px - ax) * dx + (py - ay) * dy) / length2 if length2 > 0.0 else 0.0
    t = min(max(t, 0.0), 1.0)
    return (ax + t * dx - px) ** 2 + (ay + t * dy - py) ** 2


@_inner
def _side(ax, ay, bx, by, cx, cy):
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


@_inner
def _segments2(ax, ay, bx, by, cx, cy, dx, dy):
    """Return the squared distance of two segments; 0 where they cross."""
    apart = _side(ax, ay, bx, by, cx, cy) * _side(ax, ay, bx, by, dx, dy) >= 0.0
    if not apart and _side(cx, cy, dx, dy, ax, ay) * _side(cx, cy, dx, dy, bx, by) < 0.0:
        return 0.0
    first = min(_to_segment2(ax, ay, cx, cy, dx, dy), _to_segment2(bx, by, cx, cy, dx, dy))
    second = min(_to_segment2(cx, cy, ax, ay, bx, by), _to_segment2(dx, dy, ax, ay, bx, by))
    return min(first, second)


@_inner
def _boxes2(x1, y1, x2, y2, u1, v1, u2, v2):
    """Return the squared distance of two boxes, a little less than what lies in them can be apart."""
    across, up = max(u1 - x2, x1 - u2, 0.0), max(v1 - y2, y1 - v2, 0.0)
    return (across * across + up * up) * (1.0 - 1e-9)


@_inner
def _edge_distance(index, z, subject, n, ox, oy, width, height, reach, enough, near):
    """Return the least distance of the outlines of subject and zone z, or infinity beyond `reach`.

    Any distance up to `enough` is as good as the least. What can not be nearer by its box is left out.
    """
    count = _gather(index, z, ox, oy, -reach, width + reach, -reach, height + reach, near)
    best, limit = np.inf, reach * reach
    for k in range(count):
        ax, ay, bx, by = near[k, 0], near[k, 1], near[k, 2], near[k, 3]
        low, high = min(ay, by), max(ay, by)
        if _boxes2(ax, low, bx, high, 0.0, 0.0, width, height) > limit:
            continue
        for i in range(n):
            cx, cy, dx, dy = subject[i, 0], subject[i, 1], subject[i, 2], subject[i, 3]
            if _boxes2(ax, low, bx, high, cx, min(cy, dy), dx, max(cy, dy)) > limit:
                continue
            found = _segments2(ax, ay, bx, by, cx, cy, dx, dy)
            if found < best:
                best, limit = found, min(limit, found)
                if np.sqrt(best) <= enough:
                    return np.sqrt(best)
    return np.sqrt(best) if best <= reach * reach else np.inf


@_inner
def _candidates(index, x1, y1, x2, y2, out):
    """Write the zones whose bounding box meets a box to `out`, ascending; return (out, how many)."""
    frame, boxes, n = index.frame, index.bucket_boxes, 0
    rows, columns = index.bucket_shape[0], index.bucket_shape[1]
    i1, i2 = _slot(y1, frame[4], frame[6], rows), _slot(y2, frame[4], frame[6], rows)
    j1, j2 = _slot(x1, frame[3], frame[5], columns), _slot(x2, frame[3], frame[5], columns)
    for i in range(i1, i2 + 1):
        for j in range(j1, j2 + 1):
            for at in range(index.bucket_ptr[i * columns + j], index.bucket_ptr[i * columns + j + 1]):
                if boxes[at, 0] > x2 or boxes[at, 2] < x1 or boxes[at, 1] > y2 or boxes[at, 3] < y1:
                    continue
                # A zone stands in many buckets: take it in the first that the box and the zone share.
                if i != max(i1, _slot(boxes[at, 1], frame[4], frame[6], rows)):
                    continue
                if j != max(j1, _slot(boxes[at, 0], frame[3], frame[5], columns)):
                    continue
                if n == len(out):
                    out = _longer(out)
                out[n] = index.bucket_zones[at]
                n += 1
    _sort(out[:n])
    return out, n


@_outer
def measure(index, data, offsets, low, high, margin, listed):
    """Measure subjects low..high; return pairs, near pairs (where `listed`), and area, inside, status of each."""
    size = high - low
    areas, inside, status = np.zeros(size), np.zeros(size, np.bool_), np.zeros(size, np.int64)
    rows, zones, values, n = (
        np.empty(size + 16, np.int64),
        np.empty(size + 16, np.int64),
        np.empty(size + 16),
        0,
    )
    nrows, nzones, nvalues, m = np.empty(16, np.int64), np.empty(16, np.int64), np.empty(16), 0
    subject, near = np.empty((256, 5)), np.empty((np.int64(index.frame[11]), 6))
    found = np.empty(64, np.int64)
    frame, reach = index.frame, margin + 2 * SAFE_M
    for row in range(low, high):
        count, area, (x1, y1, x2, y2) = scan(data, offsets[row], offsets[row + 1])
        if count <= 0:
            status[row - low] = count
            continue
        if x1 < frame[7] or y1 < frame[8] or x2 > frame[9] or y2 > frame[10]:
            status[row - low] = BEYOND
            continue
        areas[row - low] = area
        label = _cell(index, x1 - reach, y1 - reach, x2 + reach, y2 + reach)
        if label == NONE:
            continue
        if label >= 0:
            if n == len(rows):
                rows, zones, values = _longer(rows), _longer(zones), _longer(values)
            rows[n], zones[n], values[n] = row, label, area
            n += 1
            inside[row - low] = True
            continue
        if count > len(subject):
            subject = np.empty((2 * count, 5))
        read_edges(data, offsets[row], x1, y1, subject)
        noise = min(max(NOISE_M2, NOISE_RATIO * (x2 - x1) * (y2 - y1)), area / 2)
        found, candidates = _candidates(index, x1 - reach, y1 - reach, x2 + reach, y2 + reach, found)
        holder = EDGE  # without a margin, these are the cells that have told nothing
        if margin > 0.0:
            holder = _cell(index, x1 - 2 * SAFE_M, y1 - 2 * SAFE_M, x2 + 2 * SAFE_M, y2 + 2 * SAFE_M)
        begin, whole = n, False
        while n + candidates > len(rows):
            rows, zones, values = _longer(rows), _longer(zones), _longer(values)
        while m + candidates > len(nrows):
            nrows, nzones, nvalues = _longer(nrows), _longer(nzones), _longer(nvalues)
        for c in range(candidates):
            if holder >= NONE:
                shared = area if found[c] == holder else 0.0
            else:
                shared = _pair_area(index, found[c], subject, count, x1, y1, x2 - x1, y2 - y1, area, near)
            if shared > noise:
                whole = abs(shared - area) <= noise
                shared = area if whole else shared
                rows[n], zones[n], values[n] = row, found[c], shared
                n += 1
        alone, at = n == begin + 1 and whole, begin
        width, height, safe = x2 - x1, y2 - y1, margin + SAFE_M
        for c in range(candidates if alone or listed else 0):
            z = found[c]
            if at < n and zones[at] == z:
                at += 1
            elif alone or listed:
                enough = 0.0 if listed else safe
                distance = _edge_distance(
                    index, z, subject, count, x1, y1, width, height, reach, enough, near
                )
                alone = alone and distance > safe
                if listed and distance <= margin:
                    nrows[m], nzones[m], nvalues[m] = row, z, distance
                    m += 1
        if alone:  # the zone that holds it comes last: a neighbour's edges often tell
            z = zones[begin]
            distance = _edge_distance(index, z, subject, count, x1, y1, width, height, reach, safe, near)
            inside[row - low] = distance > safe
    return (rows[:n], zones[:n], values[:n]), (nrows[:m], nzones[:m], nvalues[:m]), areas, inside, status


# --- validity -------------------------------------------------------------------------------------------------------

PROVEN_VERTICES = 64
"""A longer outline goes to GEOS: the proof below tries every pair of edges."""


@_inner
def _apart(ax, ay, bx, by, cx, cy, dx, dy):
    """Tell whether c and d lie clearly on one side of the line a-b."""
    side1, side2 = _side(ax, ay, bx, by, cx, cy), _side(ax, ay, bx, by, dx, dy)
    doubt = (
        1e-12 * (abs(bx - ax) + abs(by - ay)) * (abs(cx - ax) + abs(cy - ay) + abs(dx - ax) + abs(dy - ay))
    )
    return (side1 > doubt and side2 > doubt) or (side1 < -doubt and side2 < -doubt)


@_inner
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


@_outer
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
