"""An annex table as a grid of cells with their addresses, and the limits inside which one is read.

What a spreadsheet hides from a reader stays known here: hidden rows and columns, merged ranges, formulas that were
never calculated, dates made out of "1/2".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from kkpr_check.errors import InputError, Place, Text

MAX_FILE_BYTES = 40_000_000
MAX_UNPACKED_BYTES = 120_000_000
MAX_ROWS = 50_000
MAX_CELLS = 500_000
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
    filled_rows: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", max((row for row, _ in self.cells), default=0))
        filled = {row for row, _ in self.cells} | {row for row, _ in self.spans}
        object.__setattr__(self, "filled_rows", tuple(sorted(filled)))
        object.__setattr__(self, "columns", max((column for _, column in self.cells), default=0))

    def text(self, row: int, column: int) -> str:
        """Return the text of a cell itself, blanks around it removed; "" where there is none."""
        cell = self.cells.get((row, column))
        return cell.text.strip() if cell else ""

    def spread(self, row: int, column: int) -> str:
        """Return the text a reader sees there: of the cell, or of the merged range that covers it."""
        return self.text(*self.spans.get((row, column), (row, column)))

    def address(
        self, row: int, column: int, last_row: int | None = None, last_column: int | None = None
    ) -> str:
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


def number_text(value: float) -> str:
    """Return a number without a needless fraction.

    >>> number_text(60.0), number_text(17.5)
    ('60', '17.5')
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def refuse(path: Path, en: str, id_: str, code: str, remedy: Text | None = None) -> InputError:
    """Return the refusal of a file."""
    return InputError(Text(en, id_), place=Place(str(path)), code=code, remedy=remedy)


def too_large(path: Path, found: str, limit: str) -> InputError:
    """Return the refusal of a file that is too large."""
    return refuse(
        path,
        f"too large for an annex table: {found}, at most {limit}",
        f"terlalu besar untuk tabel lampiran: {found}, paling banyak {limit}",
        "too-large",
        Text(
            "Keep only the table; delete empty formatted rows and other sheets.",
            "Sisakan tabelnya saja; hapus baris kosong berformat dan lembar lain.",
        ),
    )


def checked_text(path: Path, text: str) -> str:
    """Return the text of a cell; refuse one that no spreadsheet can hold."""
    if len(text) > MAX_TEXT:
        raise too_large(path, f"a cell of {len(text)} characters", f"{MAX_TEXT} characters")
    return text


def check_counts(path: Path, rows: int, cells: int, merged: int) -> None:
    """Refuse a table with too many rows, cells or merged cells."""
    for found, limit, word in (
        (rows, MAX_ROWS, "rows"),
        (cells, MAX_CELLS, "cells"),
        (merged, MAX_MERGED_CELLS, "merged cells"),
    ):
        if found > limit:
            raise too_large(path, f"more than {limit} {word}", f"{limit} {word}")
