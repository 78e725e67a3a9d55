"""A CSV file with a column of WKT (or of WKB in hex, as PostGIS exports it), a parcel a row."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kkpr_check.batch.reading import Loaded, Payload, Reading
from kkpr_check.errors import InputError, KkprError, Place, Text
from kkpr_check.geometry import objects
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.raw import Raw, unreadable

WKT_COLUMNS = ("wkt", "wkt_parcel", "geometry", "geom", "the_geom", "wkt_geom", "shape", "geometri")
PROBED = 200
CELL_MAX = 1 << 30
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_EXCEL_SAYS = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_HEX = re.compile(r"\s*0[01][0-9a-f]{8,}\s*", re.IGNORECASE)
"""WKB as PostGIS prints it."""
_SRID = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;", re.IGNORECASE)


@dataclass(frozen=True)
class WktPayload:
    """Some rows of a table: the WKT, the other cells by column, and the rows that have too many or too few cells."""

    wkt: tuple[str, ...]
    cells: dict[str, tuple[str | None, ...]]
    odd: dict[int, int]
    layer: str
    crs_label: str | None
    width: int
    assumed: str | None = None

    def load(self) -> Loaded:
        """Return the features."""
        geometry = objects([None] * len(self.wkt))
        broken: dict[int, Text] = {}
        for row, text in enumerate(self.wkt):
            if row in self.odd:
                n = self.odd[row]
                broken[row] = Text(
                    f"the row has {n} cells where the header has {self.width}",
                    f"baris berisi {n} sel, sedangkan judul {self.width}",
                )
            elif text.strip():
                try:
                    shape, srid = _parsed(text)
                except shapely.errors.GEOSException as error:
                    why = str(error).partition(": ")[2] or str(error)
                    broken[row] = Text(f"the WKT can not be read: {why}", f"WKT tidak terbaca: {why}")
                    continue
                if srid is None or self._is_ours(srid):
                    geometry[row] = shape
                else:
                    broken[row] = Text(
                        f"SRID={srid}, but the table is read as {self.crs_label or 'assumed'}",
                        f"SRID={srid}, padahal tabel dibaca sebagai {self.crs_label or 'asumsi'}",
                    )
        fields = {name: objects(list(values)) for name, values in self.cells.items()}
        return Loaded(Raw(self.layer, "CSV", geometry, fields, self.crs_label, broken=broken))

    def _is_ours(self, srid: str) -> bool:
        return (self.crs_label or self.assumed or "").upper() == f"EPSG:{srid}"


class WktStream:
    """Rows of a table; the first rows tell its CRS where the user does not."""

    def __init__(self, reading: Reading) -> None:
        self._reading, self._path = reading, Path(reading.path)
        self._place = Place(reading.path)
        self._encoding = reading.encoding or "utf-8-sig"
        csv.field_size_limit(CELL_MAX)
        with self._path.open("rb") as stream:
            head = stream.read(1 << 16)
        if reading.encoding is None and head.startswith(_UTF16):
            self._encoding = "utf-16"
        first = head.decode(self._encoding if _is_known(self._encoding) else "latin-1", errors="replace")
        self._said = _EXCEL_SAYS.match(first)
        self._delimiter = (
            self._said.group(1) if self._said else _delimiter(first.splitlines()[0] if first else "")
        )
        rows = self._rows()
        self._header = [name.strip() for name in next(rows, [])]
        names = [name.casefold() for name in self._header]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise unreadable(self._place, f"two columns are called {twice!r}", code="duplicate-field")
        self._wkt = self._column(names)
        self._kept = {name: n for n, name in enumerate(self._header) if names[n] in reading.columns}
        self.fields = tuple(self._header)
        self.rows: int | None = None
        self.crs_label: str | None = self._crs(
            [row[self._wkt] for row in islice(rows, PROBED) if self._wkt < len(row)]
        )

    def payloads(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield `block_rows` rows at a time."""
        rows = self._rows()
        next(rows)
        while block := list(islice(rows, block_rows)):
            yield len(block), self._payload(block)

    def _payload(self, block: list[list[str]]) -> WktPayload:
        width = len(self._header)
        odd = {n: len(row) for n, row in enumerate(block) if len(row) != width}
        full = [row if len(row) >= width else row + [""] * (width - len(row)) for row in block]
        cells = {name: tuple(row[n] or None for row in full) for name, n in self._kept.items()}
        wkt = tuple(row[self._wkt] for row in full)
        return WktPayload(wkt, cells, odd, self._path.stem, self.crs_label, width, self._reading.assume_crs)

    def _rows(self) -> Iterator[list[str]]:
        try:
            with self._path.open(encoding=self._encoding, newline="") as stream:
                if self._said:
                    next(stream)
                reader = csv.reader(stream, delimiter=self._delimiter, strict=True)
                yield from (row for row in reader if row)
        except csv.Error as error:
            raise unreadable(self._place, f"CSV: {error}") from error
        except (UnicodeDecodeError, LookupError) as error:
            name = self._encoding.upper().removesuffix("-SIG")
            raise InputError(
                Text(f"the text is not {name}: {error}", f"teks bukan {name}: {error}"),
                place=self._place,
                remedy=Text("save it as UTF-8, or name the encoding: --encoding cp1252",
                            "simpan sebagai UTF-8, atau sebutkan pengodeannya: --encoding cp1252"),
                code="encoding",
            ) from error  # fmt: skip

    def _column(self, names: list[str]) -> int:
        found = [names.index(name) for name in WKT_COLUMNS if name in names]
        if found:
            return found[0]
        listed = ", ".join(self._header) or "-"
        raise InputError(
            Text(
                f"the table has no WKT column (it has: {listed})",
                f"tabel tidak memiliki kolom WKT (yang ada: {listed})",
            ),
            place=self._place,
            remedy=Text(
                "call the column wkt; one parcel a row", "beri nama kolom wkt; satu persil per baris"
            ),
            code="field-missing",
        )

    def _crs(self, texts: list[str]) -> str | None:
        if self._reading.assume_crs is not None:
            return None
        found = [_parsed_or_nothing(text) for text in texts]
        first = next((srid for _, srid in found if srid is not None), None)
        if first is not None:
            return f"EPSG:{first}"
        bounds = _bounds([shape for shape, _ in found])
        west, south, east, north = crs_policy.AREA_OF_USE
        inside = bounds is not None and (
            bounds[0] >= west and bounds[1] >= south and bounds[2] <= east and bounds[3] <= north
        )
        if not inside:
            raise self._missing(bounds)
        return crs_policy.LONLAT

    def _missing(self, bounds: tuple[float, float, float, float] | None) -> KkprError:
        return crs_policy.missing_crs(self._place, bounds)


def _parsed(text: str) -> tuple[Any, str | None]:
    """Return the geometry of a cell and the SRID that it names; GEOSException where it is neither WKT nor WKB in hex."""
    with np.errstate(invalid="ignore"):  # NaN coordinates: told by the gate, each with its row
        if _HEX.fullmatch(text):
            shape = shapely.from_wkb(text.strip())
            return shape, str(shapely.get_srid(shape)) if shapely.get_srid(shape) else None
        srid = _SRID.match(text)
        return shapely.from_wkt(_SRID.sub("", text, count=1)), srid.group(1) if srid else None


def _parsed_or_nothing(text: str) -> tuple[Any, str | None]:
    try:
        return _parsed(text)
    except shapely.errors.GEOSException:
        return None, None


def _bounds(shapes: Sequence[Any]) -> tuple[float, float, float, float] | None:
    box = shapely.total_bounds(objects(shapes))
    return None if np.isnan(box).any() else (float(box[0]), float(box[1]), float(box[2]), float(box[3]))


def _is_known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


def _delimiter(header: str) -> str:
    counts = {mark: header.count(mark) for mark in (",", ";", "\t", "|")}
    return max(counts, key=lambda mark: counts[mark])
