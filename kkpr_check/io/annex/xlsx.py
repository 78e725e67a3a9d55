"""Sheets of a workbook, after its package was checked for bombs and XML entities."""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kkpr_check.errors import KkprError, Place, Text
from kkpr_check.extras import need
from kkpr_check.io.annex.grid import (
    MAX_COLUMNS,
    MAX_MERGED_CELLS,
    MAX_UNPACKED_BYTES,
    Sheet,
    SheetCell,
    check_counts,
    checked_text,
    number_text,
    refuse,
    too_large,
)


def read_xlsx(path: Path) -> tuple[Sheet, ...]:
    """Read every sheet of a workbook; warnings of the reader become notes."""
    _scan_package(path)
    openpyxl = need("openpyxl", "xlsx", place=Place(str(path)))
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            book = openpyxl.load_workbook(path, keep_links=False)
            formulas = any(cell.data_type == "f" for sheet in book.worksheets for cell in _existing(sheet))
            stored = openpyxl.load_workbook(path, data_only=True, keep_links=False) if formulas else None
    except Exception as error:  # openpyxl raises whatever its parsers raise
        text = f"{type(error).__name__}: {error}"
        raise refuse(
            path, f"a damaged XLSX file ({text})", f"berkas XLSX rusak ({text})", "not-xlsx"
        ) from error
    said = sorted({str(warning.message) for warning in caught})
    notes = tuple(Text(f"the XLSX reader says: {line}", f"pembaca XLSX menyatakan: {line}") for line in said)
    return tuple(
        _xlsx_sheet(path, sheet, stored[sheet.title] if stored else None, notes) for sheet in book.worksheets
    )


def _existing(sheet: Any) -> Iterator[Any]:
    """Yield the cells of the file; `iter_rows` would make up millions between two far corners."""
    return iter([sheet._cells[key] for key in sorted(sheet._cells)])


def _xlsx_sheet(path: Path, sheet: Any, stored: Any | None, notes: tuple[Text, ...]) -> Sheet:
    if sheet.max_column > MAX_COLUMNS:
        raise too_large(path, f"{sheet.max_column} columns", f"{MAX_COLUMNS} columns")
    cells = {}
    for cell in _existing(sheet):
        if cell.value is None:
            continue
        value = stored.cell(cell.row, cell.column) if stored and cell.data_type == "f" else None
        seen = _xlsx_cell(cell, value)
        if checked_text(path, seen.text).strip():
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
        value = float(f"{value:.12g}")  # 2.4000000000000004 is shown, and meant, as 2.4
        return SheetCell(_shown_number(value, str(cell.number_format)), "number", value)
    return SheetCell(str(value), "text")


def _shown_number(value: int | float, number_format: str) -> str:
    if "%" in number_format:
        return f"{round(value * 100, 9):g}%"
    if re.fullmatch(r"0+", number_format) and float(value).is_integer():
        return f"{int(value):0{len(number_format)}d}"
    return number_text(value)


_PREFIX = rb"<(?:[^\s<>/:]+:)?"
_CELL = re.compile(_PREFIX + rb"c[\s/>]")
_ROW = re.compile(_PREFIX + rb"row[\s/>]")
_RANGE = re.compile(
    _PREFIX + rb"(?:mergeCell|hyperlink)\s(?:[^>\"']|\"[^\"]*\"|'[^']*')*?\bref\s*=\s*[\"']([^\"'>]*)[\"']"
)
"""Ranges that openpyxl spreads out into cells."""
_REFERENCE = re.compile(r"\$?([A-Z]{0,3})\$?(\d{0,7}):\$?([A-Z]{0,3})\$?(\d{0,7})")
_SHARED = re.compile(_PREFIX + rb"si[\s/>]")
_CHUNK = 1 << 20
_TAG_BYTES = 1 << 18
"""No tag with its text is longer (a cell holds 32 767 characters); a longer one could hide from a search by chunks."""


def _scan_package(path: Path) -> None:
    """Refuse a bomb before a parser sees it: sizes, rows, cells, merged ranges and XML entities."""
    try:
        with zipfile.ZipFile(path) as package:
            members = package.infolist()
            if len(members) > 5_000:
                raise too_large(path, f"{len(members)} parts", "5000 parts")
            unpacked = sum(member.file_size for member in members)
            if unpacked > MAX_UNPACKED_BYTES:
                raise too_large(path, f"{unpacked} bytes unpacked", f"{MAX_UNPACKED_BYTES} bytes")
            rows = cells = merged = shared = 0
            for (
                member
            ) in members:  # of any name: it is the package's own list that says which of them is a sheet
                for chunk, fresh in _chunks(package, member, path):
                    if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
                        raise refuse(path, "XML entities are refused", "entitas XML ditolak", "xml-entity")
                    rows += sum(1 for m in _ROW.finditer(chunk) if m.end() > fresh)
                    cells += sum(1 for m in _CELL.finditer(chunk) if m.end() > fresh)
                    merged += sum(_area(m[1]) for m in _RANGE.finditer(chunk) if m.end() > fresh)
                    shared += sum(1 for m in _SHARED.finditer(chunk) if m.end() > fresh)
                    check_counts(path, rows, max(cells, shared), merged)
    except KkprError:
        raise
    except Exception as error:  # zipfile and its decompressors each have exceptions of their own
        raise refuse(
            path, f"a damaged XLSX file ({error})", f"berkas XLSX rusak ({error})", "not-xlsx"
        ) from error


def _chunks(package: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield chunks of an XML part, each after the last tag of the one before, and the length of that tag."""
    tail = b""
    with package.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            # UTF-16 hides the tags from a byte search; without the zero bytes it reads like ASCII.
            whole = tail + (chunk.replace(b"\0", b"") if b"\0" in chunk else chunk)
            if not tail and not whole.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
                return  # a picture: no parser of XML would take it
            yield whole, len(tail)
            tail = whole[max(whole.rfind(b"<"), 0) :]
            if len(tail) > _TAG_BYTES:
                raise too_large(path, "a tag or a text without end", f"{_TAG_BYTES} bytes")


def _area(reference: bytes) -> int:
    """Return the cells of a range; a whole row or column is all of it, and what is no range is refused as too many."""
    text = reference.decode("ascii", "replace").upper()
    if re.fullmatch(r"\$?[A-Z]{1,3}\$?\d{1,7}", text):
        return 1
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return MAX_MERGED_CELLS + 1
    left, top, right, bottom = match.groups()
    width = _column_number(right or "XFD") - _column_number(left or "A") + 1
    height = int(bottom or 1_048_576) - int(top or 1) + 1
    return abs(width * height)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
