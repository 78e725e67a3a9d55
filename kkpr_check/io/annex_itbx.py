"""Import of an ITBX annex: the matrix of activities and sub-zones into the tables of a plan folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kkpr_check.errors import Place, PlanError, Text, UsageError
from kkpr_check.io.annex_header import Matrix, find_matrices, header_label
from kkpr_check.io.annex_report import Accounts, ImportReport, csv_text, safe, write_tables
from kkpr_check.io.annex_sheet import Sheet, SheetCell, read_sheets
from kkpr_check.io.annex_words import (
    KbliCodes,
    ParsedCell,
    Phrase,
    itbx_letter,
    itbx_text,
    legend_code,
    legend_lines,
    parse_itbx_text,
    plain,
    read_kbli,
)
from kkpr_check.io.annex_zones import SubzoneIndex, code_key, read_zone_index
from kkpr_check.plan import Cell

ITBX_TABLES = ("activities.csv", "kbli.csv", "itbx.csv", "conditions.csv")

_WHY: Mapping[str, Text] = {
    "not-itbx": Text("no ITBX value; left empty", "bukan nilai ITBX; dibiarkan kosong"),
    "formula-no-value": Text(
        "a formula without a stored value: open the file in a spreadsheet and save it",
        "rumus tanpa nilai tersimpan: buka lalu simpan berkas di aplikasi lembar kerja",
    ),
    "date": Text("a date (a spreadsheet turns 1/2 into one)", "tanggal (lembar kerja mengubah 1/2 menjadi tanggal)"),
    "error": Text("an error value of the spreadsheet", "nilai galat lembar kerja"),
    "empty": Text("empty: not typed in yet, stays undetermined", "kosong: belum diisi, tetap belum dapat ditentukan"),
    "hidden-row": Text("a hidden row; import it with --include-hidden", "baris tersembunyi; impor dengan --include-hidden"),
    "hidden-column": Text(
        "a hidden column; import it with --include-hidden", "kolom tersembunyi; impor dengan --include-hidden"
    ),
    "no-activity": Text("values without an activity", "nilai tanpa nama kegiatan"),
    "heading": Text("a heading or remark without values", "judul bagian atau catatan tanpa nilai"),
    "title": Text("text above the matrix", "teks di atas matriks"),
    "row-number": Text("the row number of the annex", "nomor urut lampiran"),
    "unused": Text("not part of the matrix", "bukan bagian matriks"),
    "other-header": Text("belongs to another header", "milik kepala tabel lain"),
    "kbli-group": Text(
        "a KBLI group (fewer than five digits): not mapped to single codes",
        "kelompok KBLI (kurang dari lima angka): tidak dipetakan ke kode tunggal",
    ),
    "kbli-unread": Text("no KBLI code", "bukan kode KBLI"),
    "legend-conflict": Text(
        "the legend defines this code in two ways; neither was taken",
        "legenda mendefinisikan kode ini dengan dua cara; tidak ada yang diambil",
    ),
    "subzone-repeated": Text("the same sub-zone as another column", "subzona yang sama dengan kolom lain"),
}  # fmt: skip


@dataclass(slots=True)
class _Reading:
    """What has been read so far, by activity id."""

    books: Accounts
    names: dict[str, str] = field(default_factory=dict)
    kbli: list[tuple[str, str]] = field(default_factory=list)
    cells: dict[tuple[str, str], tuple[ParsedCell, str]] = field(default_factory=dict)
    legend: dict[str, list[tuple[str, tuple[int, int] | None]]] = field(default_factory=dict)
    kbli_numbers: int = 0
    legend_table: dict[str, dict[str, str]] = field(default_factory=dict)


def import_itbx(
    path: Path,
    directory: Path,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    include_hidden: bool = False,
    overwrite: bool = False,
) -> ImportReport:
    """Import an ITBX annex (XLSX or CSV) into activities, kbli, itbx and conditions of a plan folder.

    Parameters
    ----------
    path
        The annex. Header rows, key columns and the legend are found; every cell is accounted for in the report.
    directory
        The plan folder; its zones.csv, where present, decides the spelling of the sub-zones.
    sheet, header_row
        Which table and which row of sub-zone codes, where several could be meant.
    include_hidden
        Also import hidden rows and hidden sub-zone columns.
    overwrite
        Replace existing tables; all of them or none.

    Raises
    ------
    InputError
        The file cannot be read safely or at all.
    PlanError
        No matrix, or several that could be meant (with their addresses); tables that exist already.
    UsageError
        `sheet` names no table of the file.
    """
    existing_check = directory if directory.is_dir() else directory.parent
    if not existing_check.is_dir():
        raise PlanError(Text("no such folder", "folder tidak ada"), place=Place(str(directory.parent)), code="not-found")
    tables, report = read_itbx(
        path, read_zone_index(directory), sheet=sheet, header_row=header_row, include_hidden=include_hidden
    )
    return replace(report, written=write_tables(directory, tables, overwrite=overwrite))


def read_itbx(
    path: Path,
    zones: SubzoneIndex,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    include_hidden: bool = False,
) -> tuple[dict[str, str], ImportReport]:
    """Read an ITBX annex into the texts of the four tables and a report; nothing is written."""
    sheets = read_sheets(path)
    matrix = choose_matrix(path, sheets, zones, sheet, header_row)
    books = Accounts(matrix.sheet)
    reading = _Reading(books)
    columns = _subzone_columns(matrix, zones, books, include_hidden)
    if not columns:
        raise PlanError(
            Text("no sub-zone column can be imported", "tidak ada kolom subzona yang dapat diimpor"),
            place=Place(str(path), row=matrix.address),
            remedy=Text("Repair the codes in the header.", "Perbaiki kode pada kepala tabel."),
            code="no-subzone",
        )
    _read_rows(matrix, columns, reading, include_hidden)
    _read_other_sheets(sheets, matrix.sheet, reading)
    _note_sheet(matrix, reading)
    if not reading.names:
        raise _no_matrix(path, sheets)
    books.close(_WHY["unused"])
    conditions = _conditions(reading)
    tables = _tables(reading, columns, conditions)
    results = {
        "subzones": len(columns),
        "activities": len(reading.names),
        "kbli_pairs": len(reading.kbli),
        "kbli_as_numbers": reading.kbli_numbers,
        "cells": len(reading.cells),
        "conditions": len(conditions[0]),
    }
    report = ImportReport(
        source=str(path),
        sheet=matrix.sheet.name,
        header=matrix.address,
        rows=matrix.sheet.rows,
        columns=matrix.sheet.columns,
        counts=books.counts(),
        listed=books.listing(),
        notes=tuple(books.notes),
        results=results,
    )
    return tables, report


# --- which matrix -------------------------------------------------------------------------------------------


def choose_matrix(
    path: Path, sheets: tuple[Sheet, ...], zones: SubzoneIndex, sheet: str | None, header_row: int | None
) -> Matrix:
    """Return the one matrix that is meant, or refuse with the addresses of all that could be."""
    if sheet is not None:
        named = tuple(s for s in sheets if s.name.strip().lower() == sheet.strip().lower())
        if not named:
            names = ", ".join(s.name for s in sheets)
            raise UsageError(
                Text(f"no sheet {sheet!r} (have: {names})", f"tidak ada lembar {sheet!r} (ada: {names})"),
                place=Place(str(path)),
            )
    else:
        named = tuple(s for s in sheets if not s.hidden)
    found = [matrix for one in named for matrix in find_matrices(one, zones, header_row)]
    if not found:
        raise _no_matrix(path, sheets)
    if len(found) > 1:
        where = "; ".join(matrix.address for matrix in found)
        raise PlanError(
            Text(f"{len(found)} tables could be the ITBX matrix: {where}", f"{len(found)} tabel dapat menjadi matriks ITBX: {where}"),
            place=Place(str(path)),
            remedy=Text("Choose with --sheet and --header-row.", "Pilih dengan --sheet dan --header-row."),
            code="several-matrices",
        )
    return found[0]


def _no_matrix(path: Path, sheets: tuple[Sheet, ...]) -> PlanError:
    names = ", ".join(f"{s.name} ({s.rows} x {s.columns}{', hidden' if s.hidden else ''})" for s in sheets)
    return PlanError(
        Text(
            f"no ITBX matrix found: no row of sub-zone codes with ITBX values below it, in {names}",
            f"matriks ITBX tidak ditemukan: tidak ada baris kode subzona dengan nilai ITBX di bawahnya, di {names}",
        ),
        place=Place(str(path)),
        remedy=Text(
            "Name the sheet and the row of codes with --sheet and --header-row.",
            "Sebutkan lembar dan baris kode dengan --sheet dan --header-row.",
        ),
        code="no-matrix",
    )


def _subzone_columns(matrix: Matrix, zones: SubzoneIndex, books: Accounts, include_hidden: bool) -> dict[int, str]:
    """Return the sub-zone of each column to import; book the columns that cannot be."""
    sheet, row = matrix.sheet, matrix.header_row
    meant: dict[int, str] = {}
    for column, text in matrix.codes.items():
        candidates = zones.by_name(text) if matrix.by_name else zones.by_code(text)
        if len(candidates) > 1:
            listed = ", ".join(candidates)
            why = Text(f"the code matches several sub-zones: {listed}", f"kode cocok dengan beberapa subzona: {listed}")
            _leave_column(matrix, column, books, "subzone-ambiguous", why)
            continue
        meant[column] = candidates[0] if candidates else re.sub(r" ?- ?", "-", text)
        if zones and not candidates:
            why = Text("this sub-zone is not in zones.csv", "subzona ini tidak ada di zones.csv")
            books.note(sheet.address(row, column), "subzone-unknown", text, why)
        elif candidates and candidates[0] != text:
            why = Text(f"read as {candidates[0]}", f"dibaca sebagai {candidates[0]}")
            books.note(sheet.address(row, column), "subzone-spelling", text, why)
    keys = [code_key(subzone) for subzone in meant.values()]
    columns = {}
    for column, subzone in meant.items():
        if keys.count(code_key(subzone)) > 1 and len({s for s in meant.values() if s == subzone}) < keys.count(code_key(subzone)):
            _leave_column(matrix, column, books, "subzone-repeated", _WHY["subzone-repeated"])
        elif column in sheet.hidden_columns and not include_hidden:
            _leave_column(matrix, column, books, "hidden-column", _WHY["hidden-column"])
        else:
            columns[column] = subzone
            books.take(row, column, "header")
    return columns


def _leave_column(matrix: Matrix, column: int, books: Accounts, reason: str, why: Text) -> None:
    for row in range(matrix.header_row, matrix.last_row + 1):
        if (row, column) in matrix.sheet.cells:
            books.leave(row, column, reason, why)


# --- rows ---------------------------------------------------------------------------------------------------


def _read_rows(matrix: Matrix, columns: Mapping[int, str], reading: _Reading, include_hidden: bool) -> None:
    sheet, books = matrix.sheet, reading.books
    by_row: dict[int, list[int]] = {}
    for row, column in sorted(sheet.cells):
        by_row.setdefault(row, []).append(column)
    for top, _, bottom, _ in sheet.merged:
        for row in range(top, bottom + 1):
            by_row.setdefault(row, [])
    for row in sorted(by_row):
        filled = by_row[row]
        if row <= matrix.header_row:
            own = "header" if row == matrix.header_row else None
            for column in filled:
                if own and column not in matrix.codes:
                    books.take(row, column, own)
                books.leave(row, column, "title", _WHY["title"])
        elif row > matrix.last_row:
            _leave(books, row, filled, "other-header")
        elif row in sheet.hidden_rows and not include_hidden:
            _leave(books, row, filled, "hidden-row")
        else:
            _read_row(matrix, columns, reading, row, filled)


def _leave(books: Accounts, row: int, columns: Iterable[int], reason: str) -> None:
    for column in columns:
        books.leave(row, column, reason, _WHY[reason])


def _read_row(matrix: Matrix, columns: Mapping[int, str], reading: _Reading, row: int, filled: list[int]) -> None:
    sheet, books = matrix.sheet, reading.books
    values = {column: cell for column in columns if (cell := _matrix_cell(matrix, columns, row, column)) is not None}
    kbli = read_kbli(_key_cell(matrix, row, matrix.kbli_column))
    if _is_header_again(values, matrix):
        for column in filled:
            books.take(row, column, "header")
        return
    understood = any(parse_itbx_text(cell.text) is not None for cell in values.values())
    if not understood and not kbli.codes and _read_legend(reading, row, filled):
        return
    identified = matrix.id_column is not None and sheet.text(row, matrix.id_column) != ""
    if not values and not kbli.codes and not identified:
        _leave(books, row, filled, "heading")
        return
    _read_activity(matrix, columns, reading, row, values, kbli)


def _matrix_cell(matrix: Matrix, columns: Mapping[int, str], row: int, column: int) -> SheetCell | None:
    """Return the value of a matrix cell; a merged range counts where it begins inside the matrix."""
    top, left = matrix.sheet.spans.get((row, column), (row, column))
    return matrix.sheet.cells.get((top, left)) if top > matrix.header_row and left in columns else None


def _key_cell(matrix: Matrix, row: int, column: int | None) -> SheetCell | None:
    if column is None:
        return None
    top, left = matrix.sheet.spans.get((row, column), (row, column))
    return matrix.sheet.cells.get((top, left)) if top > matrix.header_row and left == column else None


def _is_header_again(values: Mapping[int, SheetCell], matrix: Matrix) -> bool:
    texts = [plain(cell.text) for cell in values.values()]
    if len(texts) > 1 and all(code_key(text) == code_key(matrix.codes[c]) for c, text in zip(values, texts, strict=True)):
        return True
    numbers = [int(m[1]) for text in texts if (m := re.fullmatch(r"\(?(\d{1,4})\)?", text))]
    return len(numbers) > 1 and len(numbers) == len(texts) and all(
        b - a == 1 for a, b in zip(numbers, numbers[1:], strict=False)
    )


def _read_activity(
    matrix: Matrix, columns: Mapping[int, str], reading: _Reading, row: int, values: Mapping[int, SheetCell], kbli: KbliCodes
) -> None:
    sheet, books = matrix.sheet, reading.books
    name_cell = _key_cell(matrix, row, matrix.name_column)
    name = " ".join(name_cell.text.split()) if name_cell and name_cell.kind != "uncached" else ""
    own_id = sheet.text(row, matrix.id_column) if matrix.id_column else ""
    if not name and not kbli.codes and not own_id:
        _leave(books, row, values, "no-activity")
        return
    _book_keys(matrix, reading, row, name, kbli)
    activity = _activity_id(matrix, reading, row, own_id, name, kbli)
    reading.names[activity] = name or (kbli.codes[0] if kbli.codes else own_id)
    reading.kbli.extend((code, activity) for code in kbli.codes)
    for column, subzone in columns.items():
        if column in values:
            _read_value(reading, row, column, values[column], (activity, subzone))
        else:
            books.leave(row, column, "empty", _WHY["empty"])


def _book_keys(matrix: Matrix, reading: _Reading, row: int, name: str, kbli: KbliCodes) -> None:
    sheet, books = matrix.sheet, reading.books
    if matrix.number_column is not None and (row, matrix.number_column) in sheet.cells:
        books.leave(row, matrix.number_column, "row-number", _WHY["row-number"])
    for column in (matrix.id_column, matrix.name_column):
        if column is not None and (row, column) in sheet.cells and sheet.cells[row, column].kind != "uncached":
            books.take(row, column, "key")
    column = matrix.kbli_column
    if not name:
        address = sheet.address(row, matrix.name_column or 1)
        books.note(address, "name-missing", "", Text("the activity has no name", "kegiatan tidak bernama"))
    if column is None or (row, column) not in sheet.cells:
        return
    cell = sheet.cells[row, column]
    if kbli.state in ("group", "unread"):
        reason = "formula-no-value" if cell.kind == "uncached" else f"kbli-{kbli.state}"
        books.leave(row, column, reason, _WHY[reason])
        return
    books.take(row, column, "key")
    reading.kbli_numbers += cell.kind == "number"
    if kbli.state == "padded":
        text = ", ".join(kbli.codes)
        why = Text(f"leading zero restored: {text}", f"nol di depan dipulihkan: {text}")
        books.note(sheet.address(row, column), "kbli-padded", cell.text, why)


def _activity_id(matrix: Matrix, reading: _Reading, row: int, own_id: str, name: str, kbli: KbliCodes) -> str:
    """Return the id: as given, the KBLI where the row is one KBLI, else a slug of the name; duplicates numbered."""
    wanted = own_id or (kbli.codes[0] if len(kbli.codes) == 1 else slug(name) or f"kegiatan-{row}")
    activity, number = wanted, 1
    while activity in reading.names:
        number += 1
        activity = f"{wanted}-{number}"
    if number > 1:
        why = Text(f"{wanted} occurs before; this row is {activity}", f"{wanted} sudah ada; baris ini menjadi {activity}")
        address = matrix.sheet.address(row, matrix.kbli_column or matrix.name_column or 1)
        reading.books.note(address, "activity-repeated", name, why)
    return activity


def slug(name: str) -> str:
    """Return a stable id of a name.

    >>> slug("Rumah Tinggal / Rumah Kos")
    'rumah-tinggal-rumah-kos'
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:60].rstrip("-")


def _read_value(reading: _Reading, row: int, column: int, cell: SheetCell, key: tuple[str, str]) -> None:
    sheet, books = reading.books.sheet, reading.books
    reason = {"uncached": "formula-no-value", "date": "date", "error": "error"}.get(cell.kind, "not-itbx")
    parsed = None if cell.kind in ("uncached", "date", "error") else parse_itbx_text(cell.text)
    if parsed is None:
        books.leave(row, column, reason, _WHY[reason])
        return
    address = sheet.address(row, column)
    books.take(row, column, "imported")
    reading.cells[key] = (parsed, address)
    if cell.kind == "formula":
        books.note(address, "formula", cell.text, Text("the stored value of a formula", "nilai tersimpan sebuah rumus"))
    if parsed.restored:
        books.note(address, "separator-restored", cell.text, Text("separators were missing", "tanda pemisah hilang"))
    top, left = sheet.spans.get((row, column), (row, column))
    if (top, left) != (row, column):
        from_address = sheet.address(top, left)
        books.note(address, "merged", cell.text, Text(f"merged with {from_address}", f"digabung dengan {from_address}"))


# --- legend and conditions ----------------------------------------------------------------------------------


def _read_legend(reading: _Reading, row: int, filled: list[int]) -> bool:
    """Book a row of the legend; False where it is none."""
    sheet, books = reading.books.sheet, reading.books
    pairs = [(column, pair) for column in filled for pair in legend_lines(sheet.cells[row, column].text)]
    taken = {column for column, _ in pairs}
    if not pairs and filled:
        words = [column for column in filled if plain(sheet.text(row, column)) not in (":", "=", "-")]
        code = legend_code(sheet.text(row, words[0])) if words else None
        if code and len(words) > 1 and len(sheet.text(row, words[1])) > 3:
            pairs, taken = [(words[0], (code, plain(sheet.text(row, words[1]))))], {*filled[: filled.index(words[1]) + 1]}
    if not pairs:
        return False
    for column, (code, text) in pairs:
        reading.legend.setdefault(code, []).append((text, (row, column)))
    for column in taken:
        books.take(row, column, "legend")
    return True


def _read_other_sheets(sheets: tuple[Sheet, ...], own: Sheet, reading: _Reading) -> None:
    """Read the legend of the other visible sheets; say of each other sheet that it was not imported."""
    for sheet in sheets:
        if sheet is own:
            continue
        found = 0 if sheet.hidden else _legend_of_sheet(sheet, reading)
        why = Text(
            f"another sheet{' (hidden)' if sheet.hidden else ''}: {found} conditions read, nothing else",
            f"lembar lain{' (tersembunyi)' if sheet.hidden else ''}: {found} ketentuan dibaca, selebihnya tidak",
        )
        last = sheet.address(1, 1, max(sheet.rows, 1), max(sheet.columns, 1))
        reading.books.note(last, "other-sheet", sheet.name, why, cells=len(sheet.cells))


def _legend_of_sheet(sheet: Sheet, reading: _Reading) -> int:
    header = {plain(sheet.text(1, column)).lower(): column for column in range(1, sheet.columns + 1)}
    found = 0
    if {"code", "text", "legal", "test"} <= header.keys():
        for row in range(2, sheet.rows + 1):
            record = {name: sheet.text(row, header[name]) for name in ("code", "text", "legal", "test")}
            if record["code"]:
                reading.legend_table[record["code"]] = record
                found += 1
        return found
    for row in range(1, sheet.rows + 1):
        texts = [text for column in range(1, sheet.columns + 1) if (text := sheet.text(row, column))]
        pairs = [pair for text in texts for pair in legend_lines(text)]
        words = [text for text in texts if text not in (":", "=", "-")]
        if not pairs and len(words) == 2 and (code := legend_code(words[0])):
            pairs = [(code, plain(words[1]))]
        for code, text in pairs:
            reading.legend.setdefault(code, []).append((text, None))
            found += 1
    return found


def _conditions(reading: _Reading) -> tuple[dict[str, dict[str, str]], dict[Phrase, str]]:
    """Return the rows of conditions.csv, and the code of each condition that cells spell out in words."""
    rows: dict[str, dict[str, str]] = dict(reading.legend_table)
    for code, entries in reading.legend.items():
        if not re.fullmatch(r"[TB]\d{1,2}", code) or code in rows:
            continue
        if len({_same_words(text) for text, _ in entries}) > 1:
            for text, place in entries:
                where = reading.books.sheet.address(*place) if place else code
                reading.books.note(where, "legend-conflict", f"{code}: {text}", _WHY["legend-conflict"])
            continue
        rows[code] = {"code": code, "text": entries[0][0], "legal": "", "test": ""}
    phrases = {phrase for parsed, _ in reading.cells.values() for phrase in parsed.phrases}
    used = {code for parsed, _ in reading.cells.values() if parsed.cell for code in parsed.cell.codes}
    names = _phrase_codes(phrases, rows, used | reading.legend.keys())
    for phrase, code in names.items():
        rows.setdefault(code, {"code": code, "text": phrase.text, "legal": "", "test": ""})
    for code in sorted(used - rows.keys()):
        where = [address for parsed, address in reading.cells.values() if parsed.cell and code in parsed.cell.codes]
        why = Text(f"no legend says what {code} means", f"tidak ada legenda yang menjelaskan {code}")
        reading.books.note(where[0], "condition-undefined", code, why, cells=len(where))
    return dict(sorted(rows.items(), key=lambda item: (item[0][0] != "T", len(item[0]), item[0]))), names


_PHRASE_ORDER = ("operasi", "waktu", "intensitas", "luas", "jumlah", "kuota", "amdal", "sppl", "andalalin")


def _phrase_codes(phrases: set[Phrase], rows: Mapping[str, Mapping[str, str]], taken: set[str]) -> dict[Phrase, str]:
    """Give each phrase the code the legend has for it, else the next free number of its class."""
    by_text = {(code[0], _same_words(row["text"])): code for code, row in rows.items()}
    names: dict[Phrase, str] = {}

    def order(phrase: Phrase) -> tuple[str, int, str]:
        rank = next((i for i, word in enumerate(_PHRASE_ORDER) if word in phrase.text.lower()), len(_PHRASE_ORDER))
        return phrase.kind, rank, phrase.text

    for phrase in sorted(phrases, key=order):
        key = (phrase.kind, _same_words(phrase.text))
        if key not in by_text:
            free = next(n for n in range(1, 1000) if f"{phrase.kind}{n}" not in taken)
            by_text[key] = f"{phrase.kind}{free}"
            taken = taken | {by_text[key]}
        names[phrase] = by_text[key]
    return names


def _same_words(text: str) -> str:
    return re.sub(r"[^0-9a-z]+", " ", text.lower()).strip()


def _note_sheet(matrix: Matrix, reading: _Reading) -> None:
    sheet, books = matrix.sheet, reading.books
    for note in sheet.notes:
        books.note(sheet.name, "reader", "", note)
    for column in (matrix.kbli_column, matrix.name_column, matrix.id_column):
        if column is not None and column in sheet.hidden_columns:
            label = header_label(sheet, matrix.header_row, column)
            why = Text("a hidden column, read as a key of the matrix", "kolom tersembunyi, dibaca sebagai kunci matriks")
            address = sheet.address(matrix.header_row + 1, column, matrix.last_row, column)
            books.note(address, "hidden-key-column", label, why, cells=matrix.last_row - matrix.header_row)


# --- tables -------------------------------------------------------------------------------------------------


def _tables(
    reading: _Reading,
    columns: Mapping[int, str],
    conditions: tuple[dict[str, dict[str, str]], dict[Phrase, str]],
) -> dict[str, str]:
    rows, names = conditions
    subzones = list(columns.values())
    matrix = [
        [activity, *(_value(reading.cells.get((activity, subzone)), names) for subzone in subzones)]
        for activity in reading.names
    ]
    return {
        "activities.csv": csv_text(["activity_id", "name"], ([key, safe(name)] for key, name in reading.names.items())),
        "kbli.csv": csv_text(["kbli", "activity_id"], reading.kbli),
        "itbx.csv": csv_text(["activity_id", *subzones], matrix),
        "conditions.csv": csv_text(
            ["code", "text", "legal", "test"],
            ([row["code"], safe(row["text"]), safe(row["legal"]), row["test"]] for row in rows.values()),
        ),
    }


def _value(entry: tuple[ParsedCell, str] | None, names: Mapping[Phrase, str]) -> str:
    if entry is None:
        return ""
    parsed = entry[0]
    if parsed.cell is not None:
        return itbx_text(parsed.cell)
    codes = tuple(dict.fromkeys(names[phrase] for phrase in parsed.phrases))
    return itbx_text(Cell(itbx_letter({code[0] for code in codes}), codes))
