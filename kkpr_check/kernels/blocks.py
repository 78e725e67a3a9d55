"""Blocks of polygons as the kernels take them, and the gate that refuses what has no area to measure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.errors import InputError, Text

Objects = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Item = TypeVar("Item")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class WkbBlock:
    """Polygons as one buffer of WKB, laid out as in Arrow: row ``i`` is ``data[offsets[i]:offsets[i + 1]]``.

    An empty row is a missing geometry: no area, in no zone.

    Attributes
    ----------
    data
        uint8 bytes, not copied.
    offsets
        int64, one more than rows.
    """

    data: NDArray[np.uint8]
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def from_arrow(cls, array: Any) -> WkbBlock:
        """Wrap a pyarrow (Large)BinaryArray or a ``geoarrow.wkb`` extension array without copying its bytes."""
        array = getattr(array, "storage", array)
        width = {"binary": np.int32, "large_binary": np.int64}.get(str(array.type))
        if width is None:
            raise InputError(
                Text(
                    f"geometry column is {array.type}, not WKB",
                    f"kolom geometri bertipe {array.type}, bukan WKB",
                ),
                code="not-wkb",
            )
        if array.null_count:
            array = array.fill_null(b"")
        _, offsets, data = array.buffers()
        first = array.offset
        rows = (
            np.frombuffer(offsets, width)[first : first + len(array) + 1]
            if len(array)
            else np.zeros(1, width)
        )
        raw = np.frombuffer(data if data is not None else b"", np.uint8)
        return cls(raw, np.ascontiguousarray(rows, dtype=np.int64))

    @classmethod
    def from_wkb(cls, rows: Sequence[bytes | None]) -> WkbBlock:
        """Lay out separate WKB values; None is a missing geometry."""
        values = [b"" if row is None else row for row in rows]
        offsets = np.zeros(len(values) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, values), np.int64, len(values)), out=offsets[1:])
        return cls(np.frombuffer(b"".join(values), np.uint8), offsets)

    @classmethod
    def from_shapely(cls, geometry: Objects) -> WkbBlock:
        """Encode shapely geometries (2-D, little-endian); None and empty ones are missing."""
        encoded = shapely.to_wkb(np.asarray(geometry, dtype=object), output_dimension=2, byte_order=1)
        gone = shapely.is_missing(geometry) | shapely.is_empty(geometry)
        encoded[gone] = b""
        return cls.from_wkb(encoded.tolist())

    def to_shapely(self, rows: Ints | None = None) -> Objects:
        """Decode all rows, or the ones asked for; missing ones become None.

        Raises
        ------
        InputError
            Where bytes are not WKB.
        """
        picked = np.arange(len(self)) if rows is None else rows
        raw = np.ascontiguousarray(self.data).data
        bounds = zip(self.offsets[picked].tolist(), self.offsets[picked + 1].tolist(), strict=True)
        values = np.empty(len(picked), dtype=object)
        values[:] = [bytes(raw[low:high]) if high > low else None for low, high in bounds]
        with np.errstate(invalid="ignore"):  # a NaN vertex is refused by `polygons`, with its row
            decoded: Objects = shapely.from_wkb(values, on_invalid="ignore")
        lost = shapely.is_missing(decoded) & (self.offsets[picked + 1] > self.offsets[picked])
        if lost.any():
            refuse(picked[lost], Text("geometry can not be read", "geometri tidak terbaca"), "not-wkb")
        return decoded


Polygons = Objects | WkbBlock
"""Subjects or zones: an object array of shapely (Multi)Polygons, or WKB."""


def polygons(values: Polygons, rows: Ints | None = None) -> Objects:
    """Return shapely polygons (of some `rows`), having refused what has no area to measure.

    Raises
    ------
    InputError
        For a geometry that is no (Multi)Polygon or has a non-finite coordinate; it names the rows.
    """
    if isinstance(values, WkbBlock):
        geometry = values.to_shapely(rows)
    else:
        geometry = np.asarray(values, dtype=object) if rows is None else values[rows]
    names = np.arange(len(geometry)) if rows is None else rows
    wrong = ~np.isin(shapely.get_type_id(geometry), (-1, 3, 6))
    if wrong.any():
        refuse(names[wrong], Text("geometry is not a polygon", "geometri bukan poligon"), "not-polygon")
    with np.errstate(all="ignore"):
        loose = ~np.isfinite(shapely.area(geometry)) & (shapely.get_num_coordinates(geometry) > 0)
    if loose.any():  # every coordinate enters the area, so none but finite ones give a finite one
        refuse(
            names[loose],
            Text("coordinate is not a finite number", "koordinat bukan bilangan hingga"),
            "not-finite",
        )
    return geometry


def in_order(work: Callable[[Item], Done], items: Iterable[Item], threads: int) -> Iterator[Done]:
    """Yield the work done on each item in the order of the items, on so many threads; one more item stands ready.

    Raises
    ------
    Exception
        What `work` raises, when the turn of its item comes; what is not begun by then is left.
    """
    if threads < 2:
        yield from map(work, items)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        begun: deque[Future[Done]] = deque()
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) > threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def valid(values: Polygons) -> Bools:
    """Tell which polygons are valid and finite, by GEOS; a missing one is not."""
    geometry = values.to_shapely() if isinstance(values, WkbBlock) else np.asarray(values, dtype=object)
    return np.asarray(shapely.is_valid(geometry) & np.isin(shapely.get_type_id(geometry), (3, 6)), dtype=bool)


def refuse(rows: Ints, why: Text, code: str) -> None:
    """Raise InputError for the 0-based `rows` of a block."""
    listed = ", ".join(str(row) for row in rows[:5]) + (" ..." if len(rows) > 5 else "")
    raise InputError(Text(f"{why.en} (rows {listed})", f"{why.id} (baris {listed})"), code=code)
