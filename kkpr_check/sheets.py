"""CSV text to rows a planner recognises: every problem is placed by file, spreadsheet row and column.

The reader is strict where a spreadsheet is lenient: a row that is too short, a second column of the same name
or an open quotation mark is refused, since each of them moves numbers into the wrong column without a sound.
"""

from __future__ import annotations

import csv
import difflib
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from kkpr_check.errors import KkprError, Place, PlanError, Text

DELIMITERS = (",", ";", "\t")


@dataclass(slots=True)
class Problems:
    """Collects the problems of one input, so that all are reported at once."""

    errors: list[KkprError] = field(default_factory=list)

    def add(
        self,
        text: Text,
        file: str,
        row: int | None = None,
        column: str | None = None,
        *,
        remedy: Text | None = None,
        code: str = "table",
    ) -> None:
        """Record one problem at its place."""
        self.errors.append(PlanError(text, place=Place(file, None, row, column), remedy=remedy, code=code))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: `number` as a spreadsheet shows it (header = 1), cells trimmed."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as text. `extra` are the columns that the format does not name (the sub-zones of itbx.csv)."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetFormat:
    """Which columns a table must have, may have, and whether more are allowed."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    open_ended: bool = False

    @property
    def known(self) -> tuple[str, ...]:
        """All named columns."""
        return self.required + self.optional


def clean(text: str) -> str:
    r"""Return `text` without outer blanks; no-break spaces count as blanks.

    >>> clean(" R-3\u00a0")
    'R-3'
    """
    return text.replace("\u00a0", " ").strip()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word closest to `word`, or None where none is close.

    >>> nearest("kdb_max", ["kdb_max_pct", "klb_max"])
    'kdb_max_pct'
    """
    by_fold = {name.casefold(): name for name in known}
    fold = word.casefold()
    hits = [name for name in by_fold if len(fold) >= 3 and name.startswith(fold)]
    hits = hits[:1] or difflib.get_close_matches(fold, by_fold, n=1, cutoff=0.6)
    return by_fold[hits[0]] if hits else None


def did_you_mean(word: str, known: Sequence[str]) -> Text:
    """Return a remedy that names the nearest known word, else all of them."""
    hit = nearest(word, known)
    if hit is not None:
        return Text(f'did you mean "{hit}"?', f'mungkin maksudnya "{hit}"?')
    words = ", ".join(known)
    return Text(f"known: {words}", f"yang dikenal: {words}")


def read_sheet(file: str, content: bytes | str, form: SheetFormat, problems: Problems) -> Sheet | None:
    """Parse one CSV text.

    Parameters
    ----------
    file
        Name to show in messages.
    content
        The whole file: UTF-8 bytes with or without BOM, or text.
    form
        The columns of this table.
    problems
        Receives every problem, placed by row and column.

    Returns
    -------
    Sheet or None
        None where no row can be read (encoding, no header, a required column that is absent).
    """
    text = _decode(file, content, problems)
    if text is None:
        return None
    text, delimiter = _delimiter(text, form.known)
    records = _records(file, text, delimiter, problems)
    header = next(records, None)
    if header is None or not any(map(clean, header[1])):
        problems.add(
            Text("the table has no header row", "tabel tidak punya baris judul"),
            file,
            1,
            remedy=Text(
                "row 1 must be: " + ",".join(form.required), "baris 1 harus: " + ",".join(form.required)
            ),
        )
        return None
    columns = _columns(file, header[1], form, problems)
    if not set(form.required) <= set(columns):
        return None
    rows = tuple(_rows(file, columns, records, problems))
    extra = tuple(name for name in columns if name and name not in form.known)
    return Sheet(file, tuple(columns), rows, extra if form.open_ended else ())


def _decode(file: str, content: bytes | str, problems: Problems) -> str | None:
    """Return the text, or None and a problem where it is not UTF-8 or holds NUL."""
    if isinstance(content, bytes):
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = content.count(b"\n", 0, error.start) + 1
            problems.add(
                Text(
                    f"not UTF-8: byte {content[error.start]:#04x} at position {error.start}",
                    f"bukan UTF-8: byte {content[error.start]:#04x} pada posisi {error.start}",
                ),
                file,
                row,
                code="encoding",
                remedy=Text('save it as "CSV UTF-8 (comma delimited)"', 'simpan sebagai "CSV UTF-8"'),
            )
            return None
    else:
        text = content.removeprefix("\ufeff")
    if "\0" in text:
        problems.add(
            Text("holds a NUL byte: not a text table", "berisi byte NUL: bukan tabel teks"),
            file,
            text.count("\n", 0, text.index("\0")) + 1,
            code="encoding",
            remedy=Text(
                'save it as "CSV UTF-8" (not as Unicode text or a workbook)',
                'simpan sebagai "CSV UTF-8" (bukan Unicode Text atau buku kerja)',
            ),
        )
        return None
    return text


def _delimiter(text: str, known: Sequence[str]) -> tuple[str, str]:
    """Return the text without an Excel ``sep=`` line, and the delimiter that finds most known names."""
    first = text.splitlines()[0] if text else ""
    if first[:4].lower() == "sep=" and len(first) == 5:
        return text[len(first) :].lstrip("\r").removeprefix("\n"), first[4]

    def score(delimiter: str) -> tuple[int, int]:
        names = [clean(part.strip('"')).casefold() for part in first.split(delimiter)]
        return sum(name in known for name in names), len(names)

    return text, max(DELIMITERS, key=score)


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lift the 128 KiB limit of the csv module: the outline of a coast in cases.csv is longer."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _records(file: str, text: str, delimiter: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield spreadsheet row and cells; a record with line breaks inside quotes is one row."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    with _long_fields():
        try:
            records.extend(reader)
        except csv.Error as error:
            row = len(records) + 1
            problems.add(
                Text(f"row can not be read: {error}", f"baris tidak dapat dibaca: {error}"),
                file,
                row,
                remedy=Text(
                    'check the quotation marks ("): each opened one is closed, one inside a text is doubled',
                    'periksa tanda kutip ("): pembuka harus punya penutup, kutip dalam teks ditulis ganda',
                ),
            )
    yield from enumerate(records, start=1)


def _columns(file: str, header: list[str], form: SheetFormat, problems: Problems) -> list[str]:
    """Return the canonical column names ("" for an unnamed one); report unknown, double and absent ones."""
    seen: dict[str, int] = {}
    columns = []
    for position, raw in enumerate(header, start=1):
        name = " ".join(clean(raw).split())
        name = name.casefold() if name.casefold() in form.known else name
        if name in seen:
            problems.add(
                Text(
                    f'column "{name}" stands twice: columns {seen[name]} and {position}',
                    f'kolom "{name}" ada dua kali: kolom ke-{seen[name]} dan ke-{position}',
                ),
                file,
                1,
                name,
                remedy=Text("remove one of them", "hapus salah satunya"),
            )
            name = ""
        elif name and name not in form.known and not form.open_ended:
            problems.add(
                Text(f'unknown column "{name}"', f'kolom "{name}" tidak dikenal'),
                file,
                1,
                name,
                remedy=did_you_mean(name, [n for n in form.known if n not in header] or list(form.known)),
            )
        if name:
            seen[name] = position
        columns.append(name)
    _require(file, seen, form, problems)
    return columns


def _require(file: str, seen: Mapping[str, int], form: SheetFormat, problems: Problems) -> None:
    """Report the required columns that are absent."""
    for name in form.required:
        if name not in seen:
            problems.add(
                Text(f'column "{name}" is missing', f'kolom "{name}" tidak ada'),
                file,
                1,
                name,
                remedy=Text(
                    f'add the column "{name}"; an empty cell means "not typed in yet"',
                    f'tambahkan kolom "{name}"; sel kosong berarti "belum diisi"',
                ),
            )


def _rows(
    file: str, columns: list[str], records: Iterator[tuple[int, list[str]]], problems: Problems
) -> Iterator[Row]:
    """Yield the rows that have as many cells as the header; wholly blank rows are no rows."""
    nameless: set[int] = set()
    for number, record in records:
        cells = [clean(cell) for cell in record]
        if not any(cells):
            continue
        if len(cells) != len(columns):
            word = ("short", "kurang") if len(cells) < len(columns) else ("long", "lebih")
            problems.add(
                Text(
                    f"row is too {word[0]}: {len(cells)} cells where the header has {len(columns)}",
                    f"sel baris ini {word[1]}: {len(cells)} sel, padahal judul punya {len(columns)}",
                ),
                file,
                number,
                columns[min(len(cells), len(columns) - 1)] or None,
                remedy=Text(
                    "check the separators; a text that holds one must stand in quotation marks",
                    "periksa pemisah kolom; teks yang memuat pemisah harus diapit tanda kutip",
                ),
            )
            continue
        for position, (name, cell) in enumerate(zip(columns, cells, strict=True), start=1):
            if cell and not name and position not in nameless:
                nameless.add(position)
                problems.add(
                    Text(
                        f"cell in column {position}, which has no name",
                        f"isi pada kolom ke-{position} tanpa judul",
                    ),
                    file,
                    number,
                    remedy=Text("name the column in row 1", "beri judul kolom pada baris 1"),
                )
        yield Row(number, {name: cell for name, cell in zip(columns, cells, strict=True) if name})
