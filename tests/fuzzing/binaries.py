"""FlatGeobuf and the table of a File Geodatabase, read byte by byte: only polygons of one ring, as the grounds write them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import shapely

NULL_BYTES = 2
"""One bit a field that may be null: ten texts and the shape."""


class UnlikeError(Exception):
    """The bytes are not those that this reader knows: it can not tell."""


def _field(data: bytes, table: int, number: int) -> int | None:
    """Return where a field of a flatbuffer table lies, None where it has none."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", data, vtable)[0]:
        return None
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0]
    return table + offset if offset else None


def _at(data: bytes, place: int) -> int:
    return int(place + struct.unpack_from("<I", data, place)[0])


def fgb_polygons(data: bytes, good: bytes) -> list[Any]:
    """Return the polygons of a FlatGeobuf file whose header and index are those of a good one.

    Raises
    ------
    UnlikeError
        They are others.
    ValueError, struct.error
        It is damaged.
    """
    begin = 8 + 4 + struct.unpack_from("<I", good, 8)[0]
    header = _at(good, 12)
    count = struct.unpack_from("<Q", good, _field(good, header, 8) or 0)[0]
    node = _field(good, header, 9)
    if node is None or struct.unpack_from("<H", good, node)[0]:
        level, nodes = count, count
        while level > 1:
            level = -(-level // (16 if node is None else struct.unpack_from("<H", good, node)[0]))
            nodes += level
        begin += 40 * max(nodes, 2 if count == 1 else nodes)
    if data[:begin] != good[:begin]:
        raise UnlikeError("header or index")
    found, at = [], begin
    while at < len(data):
        size = struct.unpack_from("<I", data, at)[0]
        feature = data[at + 4 : at + 4 + size]
        if len(feature) != size:
            raise ValueError("a feature is cut off")
        at += 4 + size
        geometry = _at(feature, _field(feature, _at(feature, 0), 0) or 0)
        if any(_field(feature, geometry, n) is not None for n in (0, 2, 3, 7)):
            raise UnlikeError("ends, z, m or parts")
        vector = _at(feature, _field(feature, geometry, 1) or 0)
        numbers = struct.unpack_from("<I", feature, vector)[0]
        if vector + 4 + 8 * numbers > len(feature):
            raise ValueError("coordinates are cut off")
        points = np.frombuffer(feature, "<f8", numbers, vector + 4).reshape(-1, 2)
        found.append(shapely.Polygon(points))
    if len(found) != count:
        raise ValueError(f"{len(found)} of {count} features")
    return found


def _number(data: bytes, at: int, *, signed: bool = False) -> tuple[int, int]:
    """Return a number of variable length and where the next begins."""
    first = data[at]
    value, shift = (first & 0x3F, 6) if signed else (first & 0x7F, 7)
    sign = -1 if signed and first & 0x40 else 1
    while data[at] & 0x80:
        at += 1
        value |= (data[at] & 0x7F) << shift
        shift += 7
    return sign * value, at + 1


def gdb_polygons(data: bytes, good: bytes) -> list[Any]:
    """Return the polygons of a .gdbtable (the shape is its first stored field) whose field descriptions are a good one's.

    Raises
    ------
    UnlikeError
        They are others, or a row is not laid out one after the other.
    ValueError, IndexError, struct.error
        It is damaged.
    """
    fields = struct.unpack_from("<Q", good, 32)[0]
    begin = fields + 4 + struct.unpack_from("<I", good, fields)[0]
    if data[:begin] != good[:begin]:
        raise UnlikeError("header or fields")
    wkt = good.index("PROJCS[".encode("utf-16-le"))
    size = struct.unpack_from("<H", good, wkt - 2)[0]
    x0, y0, scale = struct.unpack_from("<ddd", good, wkt + size + 1)
    found, at = [], begin
    while at < len(data):
        size = struct.unpack_from("<i", data, at)[0]
        if size <= 0 or at + 4 + size > len(data):
            raise UnlikeError("a row that is gone")
        found.append(_row(data[at + 4 : at + 4 + size], x0, y0, scale))
        at += 4 + size
    return found


def _row(row: bytes, x0: float, y0: float, scale: float) -> Any:
    size, at = _number(row, NULL_BYTES)
    end = at + size
    kind, at = _number(row, at)
    if kind & 0xFF not in (5, 51):
        raise UnlikeError("no polygon")
    count, at = _number(row, at)
    parts, at = _number(row, at)
    if parts != 1:
        raise UnlikeError("parts")
    for _ in range(4):
        _, at = _number(row, at)
    x = y = 0
    points = []
    for _ in range(count):
        dx, at = _number(row, at, signed=True)
        dy, at = _number(row, at, signed=True)
        x, y = x + dx, y + dy
        points.append((x0 + x / scale, y0 + y / scale))
    if at > end:
        raise ValueError("a shape is cut off")
    return shapely.Polygon(points)
