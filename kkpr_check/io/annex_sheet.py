"""Annex tables (XLSX, CSV) as a grid of cells with their addresses, read inside hard limits.

What a spreadsheet hides from a reader stays known here: hidden rows and columns, merged ranges, formulas that were
never calculated, dates made out of "1/2", percent formats, leading zeros that only the number format shows.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kkpr_check.errors import InputError, Place, Text

MAX_FILE_BYTES = 40_000_000
MAX_UNPACKED_BYTES = 250_000_000
MAX_ROWS = 50_000
MAX_CELLS = 1_500_000
MAX_COLUMNS = 2_000
MAX_MERGED_CELLS = 500_000
MAX_TEXT = 32_767
"""The most characters a spreadsheet cell can hold."""

CellKind = Literal["text", "number", "date", "formula", "uncached", "error"]


class SheetCell(NamedTuple):
    """What a reader sees in a cell. ``number`` only for numbers; a formula shows its stored value."""

    text: str
    kind: CellKind
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table as written: non-empty cells by 1-based (row, column); `rows`, `columns` end at the last of them."""

    name: str
    cells: Mapping[tuple[int, int], SheetCell]
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    hidden: bool = False
    merged: tuple[tuple[int, int, int, int], ...] = ()
    notes: tuple[Text, ...] = ()
    record_labels: tuple[str, ...] = ()
    spans: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    rows: int = field(init=False)
    columns: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", max((row for row, _ in self.cells), default=0))
        object.__setattr__(self, "columns", max((column for _, column in self.cells), default=0))

    def text(self, row: int, column: int) -> str:
        """Return the text of a cell itself, blanks around it removed; "" where there is none."""
        cell = self.cells.get((row, column))
        return cell.text.strip() if cell else ""

    def spread(self, row: int, column: int) -> str:
        """Return the text a reader sees there: of the cell, or of the merged range that covers it."""
        return self.text(*self.spans.get((row, column), (row, column)))

    def address(self, row: int, column: int, last_row: int | None = None, last_column: int | None = None) -> str:
        """Return the address as the spreadsheet shows it, ``ITBX!D5`` or ``ITBX!D5:D9``."""
        if self.record_labels:
            label = self.record_labels[column - 1] if column <= len(self.record_labels) else str(column)
            return f"{self.name}[{row - 2}].{label}" if row > 1 else f"{self.name}[*].{label}"
        first = f"{column_letters(column)}{row}"
        last = f"{column_letters(last_column or column)}{last_row or row}"
        return f"{self.name}!{first}" if first == last else f"{self.name}!{first}:{last}"


def column_letters(column: int) -> str:
    """Return the letters of a 1-based column.

    >>> column_letters(1), column_letters(27), column_letters(16384)
    ('A', 'AA', 'XFD')
    """
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def read_sheets(path: Path) -> tuple[Sheet, ...]:
    """Read every table of an annex file: sheets of an XLSX, the one table of a CSV, the records of a JSON.

    Raises
    ------
    InputError
        The file is absent, too large, damaged, encrypted, of another kind, or carries XML entities.
    """
    if not path.is_file():
        raise _refuse(path, "file not found", "berkas tidak ditemukan", "not-found")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise _too_large(path, f"{path.stat().st_size} bytes", f"{MAX_FILE_BYTES} bytes")
    with path.open("rb") as stream:
        magic = stream.read(8)
    suffix = path.suffix.lower()
    if magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refuse(
            path,
            "an encrypted or old (.xls) workbook",
            "buku kerja terenkripsi atau format lama (.xls)",
            "not-xlsx",
            Text("Save it as .xlsx without a password.", "Simpan sebagai .xlsx tanpa kata sandi."),
        )
    if suffix in (".xlsx", ".xlsm"):
        if not magic.startswith(b"PK"):
            raise _refuse(path, "is not an XLSX file", "bukan berkas XLSX", "not-xlsx")
        return _read_xlsx(path)
    if magic.startswith(b"PK") or suffix not in (".csv", ".tsv", ".txt", ".json"):
        raise _refuse(
            path,
            "only .xlsx, .csv and .json tables are read",
            "hanya tabel .xlsx, .csv, dan .json yang dibaca",
            "not-a-table",
            Text("Export the table as .xlsx or .csv.", "Ekspor tabel sebagai .xlsx atau .csv."),
        )
    return (_read_json(path) if suffix == ".json" else _read_csv(path),)


def _refuse(path: Path, en: str, id_: str, code: str, remedy: Text | None = None) -> InputError:
    return InputError(Text(en, id_), place=Place(str(path)), code=code, remedy=remedy)


def _too_large(path: Path, found: str, limit: str) -> InputError:
    return _refuse(
        path,
        f"too large for an annex table: {found}, at most {limit}",
        f"terlalu besar untuk tabel lampiran: {found}, paling banyak {limit}",
        "too-large",
        Text(
            "Keep only the table; delete empty formatted rows and other sheets.",
            "Sisakan tabelnya saja; hapus baris kosong berformat dan lembar lain.",
        ),
    )


# --- XLSX ---------------------------------------------------------------------------------------------------


def _read_xlsx(path: Path) -> tuple[Sheet, ...]:
    _scan_package(path)
    import openpyxl

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            book = openpyxl.load_workbook(path, keep_links=False)
            formulas = any(
                cell.data_type == "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row
            )
            stored = openpyxl.load_workbook(path, data_only=True, keep_links=False) if formulas else None
    except Exception as error:  # openpyxl raises whatever its parsers raise
        text = f"{type(error).__name__}: {error}"
        raise _refuse(
            path, f"a damaged XLSX file ({text})", f"berkas XLSX rusak ({text})", "not-xlsx"
        ) from error
    said = sorted({str(warning.message) for warning in caught})
    notes = tuple(Text(f"the XLSX reader says: {line}", f"pembaca XLSX menyatakan: {line}") for line in said)
    return tuple(
        _xlsx_sheet(path, sheet, stored[sheet.title] if stored else None, notes) for sheet in book.worksheets
    )


def _xlsx_sheet(path: Path, sheet: Any, stored: Any | None, notes: tuple[Text, ...]) -> Sheet:
    if sheet.max_column > MAX_COLUMNS:
        raise _too_large(path, f"{sheet.max_column} columns", f"{MAX_COLUMNS} columns")
    cells = {}
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value is None:
                continue
            value = stored.cell(cell.row, cell.column) if stored and cell.data_type == "f" else None
            seen = _xlsx_cell(cell, value)
            if seen.text.strip():
                cells[(cell.row, cell.column)] = seen
    hidden_columns = {
        column
        for group in sheet.column_dimensions.values()
        if group.hidden
        for column in range(group.min or 1, min(group.max or group.min or 1, MAX_COLUMNS) + 1)
    }
    merged = tuple(sorted((m.min_row, m.min_col, m.max_row, m.max_col) for m in sheet.merged_cells.ranges))
    return Sheet(
        name=sheet.title,
        cells=cells,
        hidden_rows=frozenset(row for row, group in sheet.row_dimensions.items() if group.hidden),
        hidden_columns=frozenset(hidden_columns),
        hidden=sheet.sheet_state != "visible",
        merged=merged,
        notes=notes,
        spans={
            (row, column): (top, left)
            for top, left, bottom, right in merged
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        },
    )


def _xlsx_cell(cell: Any, stored: Any | None) -> SheetCell:
    if cell.data_type == "f":
        if stored is None or stored.value is None:
            formula = getattr(cell.value, "text", None) or str(cell.value)
            return SheetCell(formula, "uncached")
        seen = _xlsx_cell(stored, None)
        return seen if seen.kind in ("error", "date") else seen._replace(kind="formula")
    value = cell.value
    if cell.data_type == "e":
        return SheetCell(str(value), "error")
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        return SheetCell(str(value), "date")
    if isinstance(value, bool):
        return SheetCell(str(value).upper(), "text")
    if isinstance(value, int | float):
        return SheetCell(_shown_number(value, str(cell.number_format)), "number", float(value))
    return SheetCell(str(value), "text")


def _shown_number(value: int | float, number_format: str) -> str:
    if "%" in number_format:
        return f"{round(value * 100, 9):g}%"
    if re.fullmatch(r"0+", number_format) and float(value).is_integer():
        return f"{int(value):0{len(number_format)}d}"
    return number_text(value)


def number_text(value: float) -> str:
    """Return a number without a needless fraction.

    >>> number_text(60.0), number_text(17.5)
    ('60', '17.5')
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


_CELL = re.compile(rb"<(?:\w+:)?c[ />]")
_ROW = re.compile(rb"<(?:\w+:)?row[ />]")
_MERGE = re.compile(rb"mergeCell [^>]*ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
_CHUNK = 1 << 20


def _scan_package(path: Path) -> None:
    """Refuse a bomb before a parser sees it: sizes, rows, cells, merged ranges and XML entities."""
    try:
        with zipfile.ZipFile(path) as package:
            members = package.infolist()
            if len(members) > 5_000:
                raise _too_large(path, f"{len(members)} parts", "5000 parts")
            unpacked = sum(member.file_size for member in members)
            if unpacked > MAX_UNPACKED_BYTES:
                raise _too_large(path, f"{unpacked} bytes unpacked", f"{MAX_UNPACKED_BYTES} bytes")
            rows = cells = merged = 0
            for member in members:
                if not member.filename.lower().endswith((".xml", ".rels", ".vml")):
                    continue
                for chunk, fresh in _chunks(package, member):
                    if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
                        raise _refuse(path, "XML entities are refused", "entitas XML ditolak", "xml-entity")
                    if "worksheets/" in member.filename:
                        rows += sum(1 for m in _ROW.finditer(chunk) if m.end() > fresh)
                        cells += sum(1 for m in _CELL.finditer(chunk) if m.end() > fresh)
                        merged += sum(_merged_area(m) for m in _MERGE.finditer(chunk) if m.end() > fresh)
                    _check_counts(path, rows, cells, merged)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise _refuse(path, f"a damaged XLSX file ({error})", f"berkas XLSX rusak ({error})", "not-xlsx") from error
    except (ValueError, OSError) as error:
        raise _refuse(path, f"cannot be read ({error})", f"tidak terbaca ({error})", "not-xlsx") from error


def _chunks(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """Yield chunks that begin with the tail of the one before, and the length of that tail."""
    tail = b""
    with package.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            # UTF-16 hides the tags from a byte search; without the zero bytes it reads like ASCII.
            chunk = chunk.replace(b"\0", b"") if b"\0" in chunk else chunk
            yield tail + chunk, len(tail)
            tail = (tail + chunk)[-200:]


def _merged_area(match: re.Match[bytes]) -> int:
    left, top, right, bottom = match.groups()
    width = _column_number(right.decode()) - _column_number(left.decode()) + 1
    return width * (int(bottom) - int(top) + 1)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _check_counts(path: Path, rows: int, cells: int, merged: int) -> None:
    for found, limit, word in (
        (rows, MAX_ROWS, "rows"),
        (cells, MAX_CELLS, "cells"),
        (merged, MAX_MERGED_CELLS, "merged cells"),
    ):
        if found > limit:
            raise _too_large(path, f"more than {limit} {word}", f"{limit} {word}")


# --- CSV and JSON -------------------------------------------------------------------------------------------


def decode_text(path: Path, data: bytes) -> tuple[str, tuple[Text, ...]]:
    """Decode a text table: UTF-8 or UTF-16 with its mark, else Windows-1252, which is recorded."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(path, data, "utf-16"), ()
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        note = Text("is not UTF-8; read as Windows-1252", "bukan UTF-8; dibaca sebagai Windows-1252")
        return _decoded(path, data, "cp1252"), (note,)


def _decoded(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _refuse(
            path, "neither UTF-8 nor Windows-1252 text", "bukan teks UTF-8 atau Windows-1252", "encoding"
        ) from error


def _read_csv(path: Path) -> Sheet:
    text, notes = decode_text(path, path.read_bytes())
    if "\0" in text:
        raise _refuse(path, "contains zero bytes: no text table", "berisi bita nol: bukan tabel teks", "not-a-table")
    cells: dict[tuple[int, int], SheetCell] = {}
    row = count = 0
    try:
        for row, fields in enumerate(csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True), start=1):
            count += len(fields)
            _check_counts(path, row, count, 0)
            if len(fields) > MAX_COLUMNS:
                raise _too_large(path, f"{len(fields)} columns", f"{MAX_COLUMNS} columns")
            cells.update(
                ((row, column), SheetCell(value, "text"))
                for column, value in enumerate(fields, start=1)
                if value.strip()
            )
    except csv.Error as error:
        raise InputError(
            Text(f"broken CSV: {error}", f"CSV rusak: {error}"), place=Place(str(path), row=row + 1), code="csv"
        ) from error
    return Sheet(name=path.stem, cells=cells, notes=notes)


def _delimiter(text: str) -> str:
    """Return the delimiter that gives the most columns in most rows of the beginning."""
    sample = text[:20_000].splitlines()[:50]

    def typical(delimiter: str) -> int:
        counts = sorted(line.count(delimiter) for line in sample) or [0]
        return counts[len(counts) // 2]

    return max((",", ";", "\t"), key=typical)


def _read_json(path: Path) -> Sheet:
    text, notes = decode_text(path, path.read_bytes())
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refuse(path, f"is not JSON ({error})", f"bukan JSON ({error})", "json") from error
    name, records, rest = "", content, ""
    if isinstance(content, dict):
        lists = {key: value for key, value in content.items() if _is_records(value)}
        name = "data" if "data" in lists else next(iter(lists), "")
        records, rest = lists.get(name), ", ".join(key for key in content if key != name)
    if not _is_records(records):
        raise _refuse(path, "holds no list of records", "tidak memuat daftar rekaman", "json")
    labels = tuple(dict.fromkeys(str(key) for record in records for key in record))
    _check_counts(path, len(records), len(records) * len(labels), 0)
    cells = {(1, column): SheetCell(label, "text") for column, label in enumerate(labels, start=1)}
    for row, record in enumerate(records, start=2):
        for column, label in enumerate(labels, start=1):
            seen = _json_cell(record.get(label))
            if seen is not None and seen.text.strip():
                cells[(row, column)] = seen
    if rest:
        notes += (Text(f"other members of the JSON are not read: {rest}", f"anggota JSON lain tidak dibaca: {rest}"),)
    return Sheet(name=name or path.stem, cells=cells, notes=notes, record_labels=labels)


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _json_cell(value: object) -> SheetCell | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return SheetCell(str(value).lower(), "text")
    if isinstance(value, int | float):
        return SheetCell(number_text(value) if value == value else "NaN", "number", float(value))
    return SheetCell(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), "text")
