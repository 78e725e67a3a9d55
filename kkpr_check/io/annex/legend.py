"""What the conditions T1, B2 ... of an ITBX annex ask for: its legend, or the words of the cells themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kkpr_check.errors import Text
from kkpr_check.io.annex.grid import Sheet
from kkpr_check.io.annex.header import Matrix
from kkpr_check.io.annex.rows import Reading
from kkpr_check.io.annex.words import Phrase, legend_code, legend_lines, plain

_CONFLICT = Text(
    "the legend defines this code in two ways; neither was taken",
    "legenda mendefinisikan kode ini dengan dua cara; tidak ada yang diambil",
)


def read_legend_beside(matrix: Matrix, reading: Reading) -> None:
    """Read a legend that stands in columns of its own beside the matrix, and book its cells."""
    sheet, books = matrix.sheet, reading.books
    keys = {matrix.kbli_column, matrix.name_column, matrix.id_column, matrix.number_column}
    free = [column for column in range(1, sheet.columns + 1) if column not in keys | matrix.codes.keys()]
    cells: dict[int, list[int]] = {column: [] for column in free}
    for row, column in sorted(sheet.cells):
        if column in cells and row <= matrix.last_row and any((row, c) in sheet.cells for c in matrix.codes):
            cells[column].append(row)
    for column, rows in cells.items():
        for row in rows:
            pairs = legend_lines(sheet.text(row, column))
            for code, text in pairs:
                reading.legend.setdefault(code, []).append((text, sheet.address(row, column)))
            if pairs:
                books.take(row, column, "legend")
        _codes_beside(reading, column, [row for row in rows if row > matrix.header_row], free)


def _codes_beside(reading: Reading, column: int, rows: list[int], free: list[int]) -> None:
    """Read a column of different codes whose texts stand to their right."""
    sheet, books = reading.books.sheet, reading.books
    codes = [legend_code(sheet.text(row, column)) for row in rows]
    if not codes or not all(code and code[-1].isdigit() for code in codes) or len(set(codes)) < len(codes):
        return
    for row, code in zip(rows, codes, strict=True):
        right = [c for c in free if c > column and sheet.text(row, c) not in ("", ":", "=", "-")]
        text = plain(sheet.text(row, right[0])) if right else ""
        if code and len(text) > 3:
            reading.legend.setdefault(code, []).append((text, sheet.address(row, column)))
            for c in range(column, right[0] + 1):
                if (row, c) in sheet.cells:
                    books.take(row, c, "legend")


def read_other_sheets(sheets: tuple[Sheet, ...], own: Sheet, reading: Reading) -> None:
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


def _legend_of_sheet(sheet: Sheet, reading: Reading) -> int:
    header = {plain(sheet.text(1, column)).lower(): column for column in range(1, sheet.columns + 1)}
    found = 0
    if {"code", "text", "legal", "test"} <= header.keys():
        for row in sheet.filled_rows[1:]:
            record = {name: sheet.text(row, header[name]) for name in ("code", "text", "legal", "test")}
            if record["code"]:
                reading.legend_table[record["code"]] = record
                found += 1
        return found
    filled: dict[int, list[tuple[int, str]]] = {}
    for row, column in sorted(sheet.cells):
        filled.setdefault(row, []).append((column, sheet.text(row, column)))
    for row, texts in filled.items():
        pairs = [(column, pair) for column, text in texts for pair in legend_lines(text)]
        words = [(column, text) for column, text in texts if text not in (":", "=", "-")]
        if not pairs and len(words) == 2 and (code := legend_code(words[0][1])):
            pairs = [(words[0][0], (code, plain(words[1][1])))]
        for column, (code, text) in pairs:
            reading.legend_elsewhere.setdefault(code, []).append((text, sheet.address(row, column)))
            found += 1
    return found


def gather_conditions(reading: Reading) -> tuple[dict[str, dict[str, str]], dict[Phrase, str]]:
    """Return the rows of conditions.csv, and the code of each condition that cells spell out in words."""
    rows: dict[str, dict[str, str]] = dict(reading.legend_table)
    _note_other_legends(reading)
    for code, entries in (reading.legend_elsewhere | reading.legend).items():
        if not re.fullmatch(r"[TB]\d{1,2}", code) or code in rows:
            continue
        if len({_same_words(text) for text, _ in entries}) > 1:
            for text, where in entries:
                reading.books.note(where, "legend-conflict", f"{code}: {text}", _CONFLICT)
            continue
        rows[code] = {"code": code, "text": entries[0][0], "legal": "", "test": ""}
    phrases = {phrase for parsed, _ in reading.cells.values() for phrase in parsed.phrases}
    used = {code for parsed, _ in reading.cells.values() if parsed.cell for code in parsed.cell.codes}
    names = _phrase_codes(phrases, rows, used | reading.legend.keys() | reading.legend_elsewhere.keys())
    for phrase, code in names.items():
        rows.setdefault(code, {"code": code, "text": phrase.text, "legal": "", "test": ""})
    for code in sorted(used - rows.keys()):
        uses = [place for cell, place in reading.cells.values() if cell.cell and code in cell.cell.codes]
        why = Text(f"no legend says what {code} means", f"tidak ada legenda yang menjelaskan {code}")
        reading.books.note(uses[0], "condition-undefined", code, why, cells=len(uses))
    return dict(sorted(rows.items(), key=lambda item: (item[0][0] != "T", len(item[0]), item[0]))), names


def _note_other_legends(reading: Reading) -> None:
    """Record where a legend that was not taken says something else."""
    taken = {code: [row["text"]] for code, row in reading.legend_table.items()}
    own = {code: [text for text, _ in entries] for code, entries in reading.legend.items()}
    for first, others in (
        (taken, reading.legend),
        (taken, reading.legend_elsewhere),
        (own, reading.legend_elsewhere),
    ):
        for code in sorted(first.keys() & others.keys()):
            known = {_same_words(text) for text in first[code]}
            for text, address in others[code]:
                if len(code) > 1 and _same_words(text) not in known:
                    why = Text(
                        "another legend says otherwise; not taken", "legenda lain berbeda; tidak diambil"
                    )
                    reading.books.note(address, "legend-elsewhere", f"{code}: {text}", why)


_PHRASE_ORDER = ("operasi", "waktu", "intensitas", "luas", "jumlah", "kuota", "amdal", "sppl", "andalalin")


def _phrase_codes(
    phrases: set[Phrase], rows: Mapping[str, Mapping[str, str]], taken: set[str]
) -> dict[Phrase, str]:
    """Give each phrase the code the legend has for it, else the next free number of its class."""
    by_text = {(code[0], _same_words(row["text"])): code for code, row in rows.items()}
    names: dict[Phrase, str] = {}

    def order(phrase: Phrase) -> tuple[str, int, str]:
        rank = next(
            (i for i, word in enumerate(_PHRASE_ORDER) if word in phrase.text.lower()), len(_PHRASE_ORDER)
        )
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
