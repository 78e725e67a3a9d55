"""A file of parcels as a stream of blocks; memory does not grow with the file.

The parent walks through the file once and hands each block on as a payload that a worker turns into features, so
that the costly half of reading is done by all workers. The count of rows is proved at the end of the stream.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from kkpr_check.errors import InputError, KkprError, Place, Text
from kkpr_check.geometry import Objects
from kkpr_check.io.containers import Source, digest_of, opened, parts_of
from kkpr_check.io.options import OPTION_COLUMNS
from kkpr_check.io.raw import Raw

FEATURE_ID_COLUMNS = ("objectid", "fid", "ogc_fid")
TABLES = frozenset({".csv", ".tsv", ".txt"})


@dataclass(frozen=True, slots=True)
class Loaded:
    """Features of one block; `wkb` are the geometries as stored, where the file stores 2-D WKB."""

    raw: Raw
    wkb: Objects | None = None


class Payload(Protocol):
    """One block as it travels to a worker."""

    def load(self) -> Loaded:
        """Return the features of the block as they stand in the file."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows ``start .. start + rows - 1`` of the input, and its place among the blocks.

    A block of kind ``footprint`` holds buildings that stand on no parcel.
    """

    number: int
    start: int
    rows: int
    payload: Payload
    kind: Literal["parcel", "footprint"] = "parcel"


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read the file of parcels."""

    path: str
    layer: str | None
    encoding: str | None
    assume_crs: str | None
    columns: frozenset[str]
    """Names in lower case; other columns are not read."""


def wanted_columns(id_field: str | None, more: Sequence[str] = ()) -> frozenset[str]:
    """Return the columns that a batch reads, in lower case."""
    named = [] if id_field is None else [id_field.strip().casefold()]
    return frozenset([*OPTION_COLUMNS, *FEATURE_ID_COLUMNS, "role", *named, *more])


class Parcels:
    """An opened file of parcels.

    Attributes
    ----------
    rows
        Number of features where the file tells it beforehand.
    crs_label
        What the file (or the user) says of its CRS.
    sha256
        Of the whole file.
    named
        Whether blocks can be named, for a worker to read.
    """

    def __init__(self, reading: Reading) -> None:
        self._stack = ExitStack()
        self.reading = reading
        self._parts = parts_of(reading.path)
        self._stamp = _stamp(reading.path, self._parts)
        self.sha256 = digest_of(self._parts)
        self.name = Path(reading.path).name
        try:
            self._stream = self._open()
        except BaseException:
            self._stack.close()
            raise
        self.rows = self._stream.rows
        self.crs_label = self._stream.crs_label
        self.fields = self._stream.fields
        self.named = hasattr(self._stream, "named")

    def _open(self) -> Stream:
        from kkpr_check.batch import streams

        application = streams.application_of(self.reading)
        if application is not None:
            return application
        if Path(self.reading.path).suffix.casefold() in TABLES:
            return streams.wkt_table(self.reading)
        source = self._stack.enter_context(opened(self.reading.path, self.reading.layer))
        return streams.open_stream(source, self.reading)

    def __enter__(self) -> Parcels:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def blocks(self, block_rows: int, *, by_name: bool = False) -> Iterator[Block]:
        """Yield the blocks in the order of the file; at its end the file is proved to have been read whole.

        Parameters
        ----------
        by_name
            Where the format allows it, name the rows of a block instead of reading them here.

        Raises
        ------
        InputError
            Codes ``not-read-whole``, ``changed``, ``empty-layer``, ``unreadable``.
        """
        start = number = 0
        named = by_name and self.named
        payloads = self._stream.named if named else self._stream.payloads  # type: ignore[attr-defined]
        for rows, payload in payloads(block_rows):
            if rows:
                yield Block(number, start, rows, payload)
                number, start = number + 1, start + rows
        if self._stream.rows is not None and self._stream.rows != start:
            raise _not_whole(self.reading.path, self._stream.rows, start)
        if not start:
            raise InputError(
                Text("the layer has no feature", "layer tidak memuat fitur"),
                place=Place(self.reading.path),
                remedy=Text("check the export", "periksa ekspornya"),
                code="empty-layer",
            )
        self._check_unchanged()

    def _check_unchanged(self) -> None:
        if (
            _stamp(self.reading.path, self._parts) != self._stamp
            and parts_of(self.reading.path) != self._parts
        ):
            raise InputError(
                Text("the file changed while it was read", "berkas berubah selagi dibaca"),
                place=Place(self.reading.path),
                remedy=Text(
                    "wait until it is written, then run again", "tunggu sampai selesai ditulis, lalu ulangi"
                ),
                code="changed",
            )


class Stream(Protocol):
    """What a reader of one format offers."""

    rows: int | None
    crs_label: str | None
    fields: tuple[str, ...]

    def payloads(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield (number of rows, payload) in the order of the file."""


def _stamp(path: str, parts: Mapping[str, str]) -> tuple[Any, ...]:
    """Return size and time of each part: what is looked at before the parts are hashed again."""
    local = Path(path)
    root = local if local.is_dir() else local.parent
    found = [(root / name).stat() for name in parts if (root / name).exists()]
    return tuple((stat.st_size, stat.st_mtime_ns, stat.st_ino) for stat in found)


@contextmanager
def spooled_stdin() -> Iterator[str]:
    """Copy standard input (GeoJSON) to a file that can be read like any other.

    Raises
    ------
    InputError
        It is closed or empty.
    """
    with tempfile.TemporaryDirectory(prefix="kkpr-") as folder:
        copy = Path(folder) / "stdin.geojson"
        with copy.open("wb") as stream:
            if sys.stdin is not None:
                shutil.copyfileobj(sys.stdin.buffer, stream, 1 << 20)
        if not copy.stat().st_size:
            raise InputError(
                Text("standard input is empty", "masukan standar kosong"),
                place=Place("-"),
                remedy=Text("pipe GeoJSON into it", "alirkan GeoJSON ke dalamnya"),
                code="empty",
            )
        yield str(copy)


def _not_whole(path: str, said: int, read: int) -> KkprError:
    return InputError(
        Text(
            f"{said} features in the file, {read} could be read",
            f"berkas berisi {said} fitur, terbaca {read}",
        ),
        place=Place(path),
        remedy=Text("the file is damaged: export it again", "berkas rusak: ekspor ulang"),
        code="not-read-whole",
    )


__all__ = ["Block", "Loaded", "Parcels", "Payload", "Reading", "Source", "Stream", "wanted_columns"]
