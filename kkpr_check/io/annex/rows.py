"""The rows of an ITBX matrix: activities with their KBLI codes and cells; headings, legend and the rest booked."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kkpr_check.errors import Text
from kkpr_check.io.annex.grid import SheetCell
from kkpr_check.io.annex.header import Matrix
from kkpr_check.io.annex.report import Accounts
from kkpr_check.io.annex.words import (
    KbliCodes,
    ParsedCell,
    legend_code,
    legend_lines,
    parse_itbx_text,
    plain,
    read_kbli,
)
from kkpr_check.io.annex.zones import code_key
from kkpr_check.reference import kbli_editions, kbli_titles

WHY: Mapping[str, Text] = {
    "not-itbx": Text("no ITBX value; left empty", "bukan nilai ITBX; dibiarkan kosong"),
    "formula-no-value": Text(
        "a formula without a stored value: open the file in a spreadsheet and save it",
        "rumus tanpa nilai tersimpan: buka lalu simpan berkas di aplikasi lembar kerja",
    ),
    "date": Text("a date (a spreadsheet turns 1/2 into one)", "tanggal (lembar kerja mengubah 1/2 menjadi tanggal)"),
    "error": Text("an error value of the spreadsheet", "nilai kesalahan lembar kerja"),
    "empty": Text("not typed in yet: stays undetermined", "belum diisi: tetap belum dapat ditentukan"),
    "hidden-row": Text("a hidden row; import it with --include-hidden", "baris tersembunyi; impor dengan --include-hidden"),
    "hidden-column": Text(
        "a hidden column; import it with --include-hidden", "kolom tersembunyi; impor dengan --include-hidden"
    ),
    "column-unread": Text(
        "ITBX values under a header that is no sub-zone code",
        "nilai ITBX di bawah kepala kolom yang bukan kode subzona",
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
    "subzone-unknown": Text(
        "neither in zones.csv nor a code: add the sub-zone there and import again",
        "tidak ada di zones.csv dan bukan kode: tambahkan subzona di sana lalu impor lagi",
    ),
    "subzone-repeated": Text("the same sub-zone as another column", "subzona yang sama dengan kolom lain"),
}  # fmt: skip


@dataclass(slots=True)
class Reading:
    """What has been read so far, by activity id."""

    books: Accounts
    names: dict[str, str] = field(default_factory=dict)
    kbli: list[tuple[str, str]] = field(default_factory=list)
    cells: dict[tuple[str, str], tuple[ParsedCell, str]] = field(default_factory=dict)
    legend: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    kbli_numbers: int = 0
    legend_table: dict[str, dict[str, str]] = field(default_factory=dict)
    legend_elsewhere: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    kbli_version: int = 2020

    @property
    def kbli_known(self) -> Mapping[str, str] | None:
        """KBLI code -> title of the plan's edition; None where the package does not have it."""
        return kbli_titles(self.kbli_version) if self.kbli_version in kbli_editions() else None


def read_rows(matrix: Matrix, columns: Mapping[int, str], reading: Reading, include_hidden: bool) -> None:
    """Read every row of a matrix into `reading`, and book every cell of it."""
    sheet, books = matrix.sheet, reading.books
    by_row: dict[int, list[int]] = {row: [] for row in sheet.filled_rows}
    for row, column in sorted(sheet.cells):
        by_row[row].append(column)
    for row, filled in by_row.items():
        if row <= matrix.header_row:
            own = "header" if row == matrix.header_row else None
            for column in filled:
                if own and column not in matrix.codes:
                    books.take(row, column, own)
                books.leave(row, column, "title", WHY["title"])
        elif row > matrix.last_row:
            _leave(books, row, filled, "other-header")
        elif row in sheet.hidden_rows and not include_hidden:
            _leave(books, row, filled, "hidden-row")
        else:
            _read_row(matrix, columns, reading, row, filled)


def leave_unread_columns(matrix: Matrix, columns: Mapping[int, str], books: Accounts) -> None:
    """Book columns that hold ITBX values but whose header is no sub-zone code."""
    keys = (matrix.kbli_column, matrix.name_column, matrix.id_column, matrix.number_column)
    values: dict[int, list[tuple[int, bool]]] = {}
    for (row, column), cell in sorted(matrix.sheet.cells.items()):
        if matrix.header_row < row <= matrix.last_row and column not in keys and column not in matrix.codes:
            values.setdefault(column, []).append((row, parse_itbx_text(cell.text) is not None))
    for column, found in values.items():
        if sum(itbx for _, itbx in found) * 2 > len(found):
            for row, _ in found:
                books.leave(row, column, "column-unread", WHY["column-unread"])


def _leave(books: Accounts, row: int, columns: Iterable[int], reason: str) -> None:
    for column in columns:
        books.leave(row, column, reason, WHY[reason])


def _read_row(
    matrix: Matrix, columns: Mapping[int, str], reading: Reading, row: int, filled: list[int]
) -> None:
    books = reading.books
    values = {
        column: cell for column in columns if (cell := _matrix_cell(matrix, columns, row, column)) is not None
    }
    kbli = read_kbli(_key_cell(matrix, row, matrix.kbli_column), reading.kbli_known)
    if _is_header_again(values, matrix):
        for column in filled:
            books.take(row, column, "header")
        return
    understood = any(parse_itbx_text(cell.text) is not None for cell in values.values())
    if not understood and not kbli.codes and read_legend_row(reading, row, filled):
        return
    if not values and not kbli.codes and not _is_identified(matrix, row):
        _leave(books, row, filled, "heading")
        return
    _read_activity(matrix, columns, reading, row, values, kbli)


def _is_identified(matrix: Matrix, row: int) -> bool:
    """Tell whether a row without values is an activity all the same: it has an id, or a "-" for its KBLI."""
    own_id = matrix.sheet.text(row, matrix.id_column) if matrix.id_column else ""
    return bool(own_id) or (
        matrix.kbli_column is not None and matrix.sheet.text(row, matrix.kbli_column) == "-"
    )


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
    if len(texts) > 1 and all(
        code_key(text) == code_key(matrix.sheet.spread(matrix.header_row, c))
        for c, text in zip(values, texts, strict=True)
    ):
        return True
    numbers = [int(m[1]) for text in texts if (m := re.fullmatch(r"\(?(\d{1,4})\)?", text))]
    return (
        len(numbers) > 1
        and len(numbers) == len(texts)
        and all(b - a == 1 for a, b in itertools.pairwise(numbers))
    )


def _read_activity(
    matrix: Matrix,
    columns: Mapping[int, str],
    reading: Reading,
    row: int,
    values: Mapping[int, SheetCell],
    kbli: KbliCodes,
) -> None:
    sheet, books = matrix.sheet, reading.books
    name_cell = _key_cell(matrix, row, matrix.name_column)
    name = " ".join(name_cell.text.split()) if name_cell and name_cell.kind != "uncached" else ""
    own_id = sheet.text(row, matrix.id_column) if matrix.id_column else ""
    if not name and not kbli.codes and not own_id:
        keys = [column for column in (matrix.kbli_column, matrix.name_column) if column is not None]
        uncached = [c for c in keys if (row, c) in sheet.cells and sheet.cells[row, c].kind == "uncached"]
        _leave(books, row, uncached, "formula-no-value")
        _leave(books, row, values, "no-activity")
        return
    _book_keys(matrix, reading, row, name, kbli)
    activity = _activity_id(matrix, reading, row, own_id, name, kbli)
    titles = reading.kbli_known or {}
    reading.names[activity] = name if name or own_id else titles.get(kbli.codes[0], kbli.codes[0])
    reading.kbli.extend((code, activity) for code in kbli.codes)
    for column, subzone in columns.items():
        if column in values:
            _read_value(reading, row, column, values[column], (activity, subzone))
        else:
            books.leave(row, column, "empty", WHY["empty"])


def _book_keys(matrix: Matrix, reading: Reading, row: int, name: str, kbli: KbliCodes) -> None:
    sheet, books = matrix.sheet, reading.books
    if matrix.number_column is not None and (row, matrix.number_column) in sheet.cells:
        books.leave(row, matrix.number_column, "row-number", WHY["row-number"])
    for column in (matrix.id_column, matrix.name_column):
        if (
            column is not None
            and (row, column) in sheet.cells
            and sheet.cells[row, column].kind != "uncached"
        ):
            books.take(row, column, "key")
    column = matrix.kbli_column
    if not name:
        address = sheet.address(row, matrix.name_column or 1)
        why = Text("no name: the title of the KBLI stands for it", "tanpa nama: dipakai judul KBLI")
        books.note(address, "name-missing", "", why)
    if column is None or (row, column) not in sheet.cells:
        return
    cell = sheet.cells[row, column]
    if kbli.state in ("group", "unread"):
        reason = "formula-no-value" if cell.kind == "uncached" else f"kbli-{kbli.state}"
        books.leave(row, column, reason, WHY[reason])
        return
    books.take(row, column, "key")
    reading.kbli_numbers += cell.kind == "number"
    known = reading.kbli_known
    unknown = [] if known is None else [code for code in kbli.codes if code not in known]
    if unknown:
        listed, edition = ", ".join(unknown), f"KBLI {reading.kbli_version}"
        why = Text(f"not in {edition}: {listed}", f"tidak ada di {edition}: {listed}")
        books.note(sheet.address(row, column), "kbli-unknown", cell.text, why)
    if kbli.state == "padded":
        text = ", ".join(kbli.codes)
        why = Text(f"leading zero restored: {text}", f"nol di depan dipulihkan: {text}")
        books.note(sheet.address(row, column), "kbli-padded", cell.text, why)


def _activity_id(matrix: Matrix, reading: Reading, row: int, own_id: str, name: str, kbli: KbliCodes) -> str:
    """Return the id: as given, the KBLI where the row is one KBLI, else a slug of the name; duplicates numbered."""
    wanted = own_id or (kbli.codes[0] if len(kbli.codes) == 1 else slug(name) or f"kegiatan-{row}")
    activity, number = wanted, 1
    while activity in reading.names:
        number += 1
        activity = f"{wanted}-{number}"
    if number > 1:
        why = Text(
            f"{wanted} occurs before; this row is {activity}",
            f"{wanted} sudah ada; baris ini menjadi {activity}",
        )
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


def _read_value(reading: Reading, row: int, column: int, cell: SheetCell, key: tuple[str, str]) -> None:
    sheet, books = reading.books.sheet, reading.books
    reason = {"uncached": "formula-no-value", "date": "date", "error": "error"}.get(cell.kind, "not-itbx")
    parsed = None if cell.kind in ("uncached", "date", "error") else parse_itbx_text(cell.text)
    if parsed is None:
        books.leave(row, column, reason, WHY[reason])
        return
    address = sheet.address(row, column)
    books.take(row, column, "imported")
    reading.cells[key] = (parsed, address)
    if cell.kind == "formula":
        books.note(
            address,
            "formula",
            cell.text,
            Text("the stored value of a formula", "nilai tersimpan sebuah rumus"),
        )
    if parsed.restored:
        books.note(
            address, "separator-restored", cell.text, Text("separators were missing", "tanda pemisah hilang")
        )
    top, left = sheet.spans.get((row, column), (row, column))
    if (top, left) != (row, column):
        from_address = sheet.address(top, left)
        books.note(
            address,
            "merged",
            cell.text,
            Text(f"merged with {from_address}", f"digabung dengan {from_address}"),
        )


def read_legend_row(reading: Reading, row: int, filled: list[int]) -> bool:
    """Book a row of the legend; False where it is none."""
    sheet, books = reading.books.sheet, reading.books
    pairs = [(column, pair) for column in filled for pair in legend_lines(sheet.cells[row, column].text)]
    taken = {column for column, _ in pairs}
    if not pairs and filled:
        words = [column for column in filled if plain(sheet.text(row, column)) not in (":", "=", "-")]
        code = legend_code(sheet.text(row, words[0])) if words else None
        if code and len(words) > 1 and len(sheet.text(row, words[1])) > 3:
            pairs, taken = (
                [(words[0], (code, plain(sheet.text(row, words[1]))))],
                {*filled[: filled.index(words[1]) + 1]},
            )
    if not pairs:
        return False
    for column, (code, text) in pairs:
        reading.legend.setdefault(code, []).append((text, sheet.address(row, column)))
    for column in taken:
        books.take(row, column, "legend")
    return True
