"""Reads the tables of an annex file: sheets of an XLSX, the table of a CSV, the records of a JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.io.annex.grid import (
    MAX_COLUMNS,
    MAX_FILE_BYTES,
    Sheet,
    SheetCell,
    check_counts,
    checked_text,
    number_text,
    refuse,
    too_large,
)
from kkpr_check.io.annex.xlsx import read_xlsx


def read_sheets(path: Path) -> tuple[Sheet, ...]:
    """Read every table of an annex file: sheets of an XLSX, the one table of a CSV, the records of a JSON.

    Raises
    ------
    InputError
        The file is absent, too large, damaged, encrypted, of another kind, or carries XML entities.
    """
    if not path.is_file():
        raise refuse(path, "file not found", "berkas tidak ditemukan", "not-found")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise too_large(path, f"{path.stat().st_size} bytes", f"{MAX_FILE_BYTES} bytes")
    with path.open("rb") as stream:
        magic = stream.read(8)
    suffix = path.suffix.lower()
    if magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise refuse(
            path,
            "an encrypted or old (.xls) workbook",
            "buku kerja terenkripsi atau format lama (.xls)",
            "not-xlsx",
            Text("Save it as .xlsx without a password.", "Simpan sebagai .xlsx tanpa kata sandi."),
        )
    if suffix in (".xlsx", ".xlsm"):
        if not magic.startswith(b"PK"):
            raise refuse(path, "is not an XLSX file", "bukan berkas XLSX", "not-xlsx")
        return read_xlsx(path)
    if magic.startswith(b"PK") or suffix not in (".csv", ".tsv", ".txt", ".json"):
        raise refuse(
            path,
            "only .xlsx, .csv and .json tables are read",
            "hanya tabel .xlsx, .csv, dan .json yang dibaca",
            "not-a-table",
            Text("Export the table as .xlsx or .csv.", "Ekspor tabel sebagai .xlsx atau .csv."),
        )
    return (_read_json(path) if suffix == ".json" else _read_csv(path),)


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
        raise refuse(
            path, "neither UTF-8 nor Windows-1252 text", "bukan teks UTF-8 atau Windows-1252", "encoding"
        ) from error


def _read_csv(path: Path) -> Sheet:
    text, notes = decode_text(path, path.read_bytes())
    if "\0" in text:
        raise refuse(
            path, "contains zero bytes: no text table", "berisi bita nol: bukan tabel teks", "not-a-table"
        )
    cells: dict[tuple[int, int], SheetCell] = {}
    row = count = 0
    try:
        for row, fields in enumerate(
            csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True), start=1
        ):
            count += len(fields)
            check_counts(path, row, count, 0)
            if len(fields) > MAX_COLUMNS:
                raise too_large(path, f"{len(fields)} columns", f"{MAX_COLUMNS} columns")
            cells.update(
                ((row, column), SheetCell(checked_text(path, value), "text"))
                for column, value in enumerate(fields, start=1)
                if value.strip()
            )
    except csv.Error as error:
        raise InputError(
            Text(f"broken CSV: {error}", f"CSV rusak: {error}"),
            place=Place(str(path), row=row + 1),
            code="csv",
        ) from error
    return Sheet(name=path.stem, cells=cells, notes=notes)


def _delimiter(text: str) -> str:
    """Return the delimiter that gives the most columns in most rows of the beginning."""
    sample = text[:20_000].splitlines()[:50]

    def typical(delimiter: str) -> int:
        counts = sorted(line.count(delimiter) for line in sample) or [0]
        return counts[len(counts) // 2]

    return max((",", ";", "\t"), key=typical)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a key written twice would silently lose the first value."""
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = next(key for key, _ in pairs if [k for k, _ in pairs].count(key) > 1)
        raise ValueError(f'key "{twice}" twice in one object')
    return members


def _read_json(path: Path) -> Sheet:
    text, notes = decode_text(path, path.read_bytes())
    try:
        content = json.loads(text, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise refuse(path, f"is not JSON ({error})", f"bukan JSON ({error})", "json") from error
    name, records, rest = "", content, ""
    if isinstance(content, dict):
        lists = {key: value for key, value in content.items() if _is_records(value)}
        name = "data" if "data" in lists else next(iter(lists), "")
        records, rest = lists.get(name), ", ".join(key for key in content if key != name)
    if not _is_records(records):
        raise refuse(path, "holds no list of records", "tidak memuat daftar rekaman", "json")
    labels = tuple(dict.fromkeys(str(key) for record in records for key in record))
    check_counts(path, len(records), len(records) * len(labels), 0)
    cells = {(1, column): SheetCell(label, "text") for column, label in enumerate(labels, start=1)}
    for row, record in enumerate(records, start=2):
        for column, label in enumerate(labels, start=1):
            seen = _json_cell(record.get(label))
            if seen is not None and checked_text(path, seen.text).strip():
                cells[(row, column)] = seen
    if rest:
        notes += (
            Text(
                f"other members of the JSON are not read: {rest}", f"anggota JSON lain tidak dibaca: {rest}"
            ),
        )
    return Sheet(name=name or path.stem, cells=cells, notes=notes, record_labels=labels)


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _json_cell(value: object) -> SheetCell | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return SheetCell(str(value).lower(), "text")
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 1e15):
        known = math.isfinite(value)
        return SheetCell(
            number_text(value) if known else str(value),
            "number" if known else "text",
            value if known else None,
        )
    return SheetCell(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), "text")
