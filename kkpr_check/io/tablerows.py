"""Rows and columns of a table of vertices (CSV): separator, header and the meaning of each column."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.io.coordinates import parse_angle, parse_metres, split_pair
from kkpr_check.io.options import OPTION_NAMES

FIELD_NAMES = frozenset({*OPTION_NAMES, "role"})
"""Columns that describe the site, not its vertices."""

MAX_BYTES = 64 * 1024 * 1024
TITLE_ROWS_MAX = 10
_ROW_A_VERTEX = Text(
    "give one row for each vertex: id, lat, lon", "beri satu baris untuk tiap titik: id, lintang, bujur"
)

_NAMES: Mapping[str, frozenset[str]] = {
    "lon": frozenset(["lon", "long", "longitude", "lng", "bujur", "bujurtimur", "bt"]),
    "lat": frozenset(["lat", "latitude", "lintang", "lintangselatan", "lintangutara", "ls", "lu"]),
    "x": frozenset(["x", "easting", "east", "e", "timur", "absis", "koordinatx", "xm", "xmeter"]),
    "y": frozenset(["y", "northing", "north", "n", "utara", "ordinat", "koordinaty", "ym", "ymeter"]),
    "pair": frozenset(["latlng", "latlon", "lonlat", "koordinat", "coordinate", "coordinates"]),
    "order": frozenset(["serial", "no", "nomor", "urut", "urutan", "nourut", "seq", "sequence", "notitik"]),
    "label": frozenset(["titik", "namatitik", "idtitik", "point", "vertex", "patok"]),
    "id": frozenset(["id", "idpersil", "parcelid", "idlokasi"]),
    "part": frozenset(["part", "bagian", "ring", "poligon", "polygon"]),
}


class Row(NamedTuple):
    """One row of the table and the line of the file it ends on (1-based)."""

    line: int
    cells: list[str]


@dataclass(slots=True)
class Columns:
    """Where each meaning stands; `first` and `second` are the axes, equal for a pair in one cell.

    `named`: the header names them; `some_ids`: the id column is not blank; `zone`: the column that names the UTM zone.
    """

    names: list[str]
    first: int = -1
    second: int = -1
    named: bool = False
    some_ids: bool = False
    zone: int = -1
    place_of: dict[str, int] = field(default_factory=dict)

    def cell(self, row: Row, meaning: str) -> str:
        """Return the cell of a meaning, "" where the table has no such column."""
        index = self.place_of.get(meaning)
        return row.cells[index].strip() if index is not None else ""


def read_text(path: Path, encoding: str | None = None) -> tuple[str, str, list[Text]]:
    """Return the text of the file, its sha256, and a note where it is not Unicode."""
    if path.exists() and not path.is_file():
        raise InputError(
            Text("it is no regular file", "bukan berkas biasa"),
            place=Place(str(path)),
            remedy=Text("save the data as a file first", "simpan datanya sebagai berkas dahulu"),
            code="not-local",
        )
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            Text(f"cannot be read: {error.strerror}", f"tidak dapat dibaca: {error.strerror}"),
            place=Place(str(path)),
            remedy=Text("check the path", "periksa jalur berkasnya"),
            code="unreadable",
        ) from error
    if len(data) > MAX_BYTES:
        raise InputError(
            Text("larger than 64 MiB", "lebih besar dari 64 MiB"), place=Place(str(path)), code="too-large"
        )
    digest = hashlib.sha256(data).hexdigest()
    if encoding is not None:
        return _decoded(data, encoding, path), digest, []
    unicode = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(unicode), digest, []
    except UnicodeDecodeError:
        note = Text(
            f"{path.name} is not UTF-8 and is read as Windows-1252",
            f"{path.name} bukan UTF-8 dan dibaca sebagai Windows-1252",
        )
        return _decoded(data, "cp1252", path), digest, [note]


def _decoded(data: bytes, encoding: str, path: Path) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise InputError(
            Text(f"the text is not {encoding}: {error}", f"teks bukan {encoding}: {error}"),
            place=Place(str(path)),
            remedy=Text("save it as UTF-8", "simpan ulang sebagai UTF-8"),
            code="encoding",
        ) from error


def split_rows(text: str, name: str) -> list[Row]:
    """Return the rows that are not blank; semicolon, tab, bar, comma and white space separate, in this order."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    declared = re.fullmatch(r"sep=(.)", lines[0].strip()) if lines else None
    if declared:
        delimiter: str | None = declared.group(1)
    else:
        delimiter = next((mark for mark in ";\t|," if any(mark in line for line in lines)), None)
    if delimiter is None:
        return [Row(n, line.split()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    stream = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    try:
        for cells in stream:
            if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith("#"):
                rows.append(Row(stream.line_num, [cell.strip() for cell in cells]))
        if declared:
            rows.pop(0)
    except csv.Error as error:
        raise InputError(
            Text(f"not a table: {error}", f"bukan tabel: {error}"), place=Place(name, row=stream.line_num)
        ) from error
    return rows


def _is_coordinate(cell: str) -> bool:
    return parse_angle(cell) is not None or parse_metres(cell) is not None


def find_columns(rows: list[Row], name: str, *, planar: bool) -> tuple[Columns, list[Row]]:
    """Return the columns by meaning and the rows below the header, where there is one.

    With `planar` x and y are taken before longitude and latitude where a table has both.

    Raises
    ------
    InputError
        No two columns hold coordinates, or a meaning stands twice.
    """
    rows = _below_titles(rows)
    if not rows:
        raise InputError(
            Text("the table is empty", "tabel kosong"), place=Place(name), remedy=_ROW_A_VERTEX, code="empty"
        )
    head = rows[0].cells
    if _holds_position(rows[0]):
        return _unnamed(rows, [str(n) for n in range(1, len(head) + 1)], name), rows
    columns = Columns(head)
    for meaning, places in _meanings(head).items():
        if len(places) > 1:
            raise InputError(
                Text(
                    f"several columns are called {meaning}: {', '.join(head[n] for n in places)}",
                    f"beberapa kolom bermakna {meaning}: {', '.join(head[n] for n in places)}",
                ),
                place=Place(name, row=rows[0].line),
                code="columns",
            )
        columns.place_of[meaning] = places[0]
    for a, b in (("x", "y"), ("lon", "lat")) if planar else (("lon", "lat"), ("x", "y")):
        if a in columns.place_of and b in columns.place_of:
            columns.first, columns.second = columns.place_of[a], columns.place_of[b]
            columns.named = True
            return columns, rows[1:]
    if "pair" in columns.place_of:
        columns.first = columns.second = columns.place_of["pair"]
        return columns, rows[1:]
    found = _unnamed(rows[1:], head, name)
    found.place_of = {**columns.place_of, **found.place_of}
    return found, rows[1:]


def _meanings(cells: Sequence[str]) -> dict[str, list[int]]:
    """Return the cells that name each meaning."""
    squeezed = [re.sub(r"[^a-z]", "", cell.casefold().split("(")[0]) for cell in cells]
    found = {
        meaning: [n for n, word in enumerate(squeezed) if word in words] for meaning, words in _NAMES.items()
    }
    return {meaning: places for meaning, places in found.items() if places}


def _holds_position(row: Row) -> bool:
    return sum(map(_is_coordinate, row.cells)) >= 2 or any(split_pair(cell) for cell in row.cells)


def _below_titles(rows: list[Row]) -> list[Row]:
    """Skip title rows ("DAFTAR KOORDINAT") above a header that names the axes."""
    for n, row in enumerate(rows[:TITLE_ROWS_MAX]):
        meanings = _meanings(row.cells).keys()
        if {"lon", "lat"} <= meanings or {"x", "y"} <= meanings:
            return rows[n:]
        if _holds_position(row):
            break
    return rows


def _unnamed(rows: list[Row], names: list[str], name: str) -> Columns:
    """Find two axis columns, optionally after a counting column, where no header names them."""
    width = len(names)
    full = [row for row in rows if len(row.cells) == width]
    numeric = [n for n in range(width) if full and all(_is_coordinate(row.cells[n]) for row in full)]
    columns = Columns(names)
    if len(numeric) == 3 and _counts([row.cells[numeric[0]] for row in full]):
        columns.place_of["order"] = numeric.pop(0)
    if len(numeric) != 2:
        raise InputError(
            Text(
                f"no two coordinate columns were found among {', '.join(names)[:120]}",
                f"dua kolom koordinat tidak ditemukan di antara {', '.join(names)[:120]}",
            ),
            place=Place(name, row=rows[0].line if rows else 1),
            remedy=Text(
                "give a header row with lon;lat (or x;y), and separate columns by ';' where the decimals "
                "have commas",
                "beri baris judul bujur;lintang (atau x;y), dan pisahkan kolom dengan ';' bila desimalnya "
                "memakai koma",
            ),
            code="columns",
        )
    columns.first, columns.second = numeric
    return columns


def _counts(cells: Sequence[str]) -> bool:
    return all(re.fullmatch(r"\d+", cell) for cell in cells) and (
        [int(cell) for cell in cells] in [list(range(start, start + len(cells))) for start in (0, 1)]
    )


_ZONE_NAMES = frozenset(["zone", "zona", "utm", "utmzone", "utmzona", "zoneutm", "zonautm", "zonasiutm"])
_UTM_ZONE = re.compile(r"(?:utm)?\s*(?:zona?|zone)?\s*(4[6-9]|5[0-4])\s*[- ]?\s*(s|n|u|l|m|ls|lu)", re.ASCII)
_SOUTH = frozenset(["s", "ls", "l", "m"])
"""S and LS as people write it, L and M as the bands of the military grid; N, U and LU are north."""


def utm_zone(rows: Sequence[Row], columns: Columns) -> str | None:
    """Return the CRS that a column of UTM zones ("48S", "51 LS", "50 N") names beside x and y, and mark the column.

    Every row has to name the same zone.
    """
    if columns.first != columns.place_of.get("x"):
        return None
    for n, head in enumerate(columns.names):
        if re.sub(r"[^a-z]", "", head.casefold()) not in _ZONE_NAMES:
            continue
        found = {_UTM_ZONE.fullmatch(row.cells[n].casefold()) for row in rows}
        zones = {(match[1], match[2] in _SOUTH) if match else None for match in found}
        if len(zones) == 1 and (zone := zones.pop()) is not None:
            columns.zone = n
            return f"EPSG:32{7 if zone[1] else 6}{zone[0]}"
    return None


def check_widths(rows: list[Row], columns: Columns, name: str) -> None:
    """Refuse a row with more or fewer cells than the header: a comma may have split a decimal."""
    for row in rows:
        while len(row.cells) > len(columns.names) and not row.cells[-1]:
            row.cells.pop()
        if len(row.cells) != len(columns.names):
            raise InputError(
                Text(
                    f"{len(row.cells)} cells, but the table has {len(columns.names)} columns",
                    f"{len(row.cells)} sel, padahal tabel ini {len(columns.names)} kolom",
                ),
                place=Place(name, row=row.line),
                remedy=Text(
                    "separate columns by ';' where the decimals have commas",
                    "pisahkan kolom dengan ';' bila desimalnya memakai koma",
                ),
                code="row-width",
            )
    if not rows:
        raise InputError(
            Text("the table has no vertex", "tabel tidak memuat titik"),
            place=Place(name),
            remedy=_ROW_A_VERTEX,
            code="empty",
        )


def unused_columns(columns: Columns) -> list[Text]:
    """Return the note on columns that nothing is read from."""
    used = {columns.first, columns.second, columns.zone, *columns.place_of.values()}
    rest = [
        head for n, head in enumerate(columns.names) if n not in used and head.casefold() not in FIELD_NAMES
    ]
    if not rest:
        return []
    listed = ", ".join(rest)[:200]
    return [Text(f"columns that are not read: {listed}", f"kolom yang tidak dibaca: {listed}")]


def group_by_site(rows: Sequence[Row], columns: Columns) -> list[list[Row]]:
    """Return the rows of each site (column `id`), sites in order of first appearance."""
    groups: dict[str, list[Row]] = {}
    columns.some_ids = any(columns.cell(row, "id") for row in rows)
    for row in rows:
        groups.setdefault(columns.cell(row, "id"), []).append(row)
    return list(groups.values())
