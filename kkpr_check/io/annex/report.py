"""What became of every cell of an annex: imported, or listed with its address and the reason."""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kkpr_check.errors import ErrorGroup, KkprError, Place, PlanError, Text
from kkpr_check.io.annex.grid import Sheet


@dataclass(frozen=True, slots=True)
class Listed:
    """One cell, or a run of cells, that a person should look at."""

    address: str
    cells: int
    reason: str
    value: str
    text: Text


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    source, sheet, header
        The file, its table, and the address of the header.
    rows, columns
        Size of the grid; ``sum(counts.values()) == rows * columns``.
    counts
        Cells by what became of them (``imported``, ``key``, ``header``, ``legend``, ``blank``, else a reason).
    listed
        Every cell that was not imported and is not blank.
    notes
        What was imported after a repair, or should be known: restored zeros, hidden columns, duplicate rows.
    results
        Sizes of the tables.
    written
        Names of the files written.
    """

    source: str
    sheet: str
    header: str
    rows: int
    columns: int
    counts: Mapping[str, int]
    listed: tuple[Listed, ...]
    notes: tuple[Listed, ...]
    results: Mapping[str, int]
    written: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values (texts in English and Indonesian)."""

        def items(rows: tuple[Listed, ...]) -> list[dict[str, Any]]:
            return [
                {
                    "address": r.address,
                    "cells": r.cells,
                    "reason": r.reason,
                    "value": r.value,
                    "en": r.text.en,
                    "id": r.text.id,
                }
                for r in rows
            ]

        return {
            "source": self.source,
            "sheet": self.sheet,
            "header": self.header,
            "grid": {"rows": self.rows, "columns": self.columns, "cells": self.rows * self.columns},
            "counts": dict(self.counts),
            "results": dict(self.results),
            "listed": items(self.listed),
            "notes": items(self.notes),
            "written": list(self.written),
        }


@dataclass(slots=True)
class Accounts:
    """Keeps the books of one grid while it is read; every cell belongs to exactly one class."""

    sheet: Sheet
    classes: dict[tuple[int, int], str] = field(default_factory=dict)
    listed: list[tuple[int, int, str, Text]] = field(default_factory=list)
    notes: list[Listed] = field(default_factory=list)

    def take(self, row: int, column: int, kind: str) -> None:
        """Book a cell as used for `kind`."""
        self.classes[(row, column)] = kind

    def leave(self, row: int, column: int, reason: str, text: Text) -> None:
        """Book a cell as not imported."""
        if (row, column) not in self.classes:
            self.classes[(row, column)] = reason
            self.listed.append((row, column, reason, text))

    def note(self, address: str, reason: str, value: str, text: Text, cells: int = 1) -> None:
        """Record what was imported but should be known."""
        self.notes.append(Listed(address, cells, reason, value, text))

    def close(self, default: Text) -> None:
        """Book what nothing has claimed: content as ``unused``."""
        for row, column in sorted(self.sheet.cells):
            self.leave(row, column, "unused", default)

    def counts(self) -> dict[str, int]:
        """Return the cells by class, blank ones included; the sum is the size of the grid."""
        counted = Counter(self.classes.values())
        counted["blank"] = self.sheet.rows * self.sheet.columns - len(self.classes)
        return dict(sorted(counted.items()))

    def listing(self) -> tuple[Listed, ...]:
        """Return the cells not imported, runs of one reason down a column put together."""
        runs: list[list[Any]] = []
        for row, column, reason, text in sorted(self.listed, key=lambda item: (item[1], item[0])):
            value = self._value(row, column)
            last = runs[-1] if runs else None
            joins = last and last[2] == column and last[1] == row - 1 and (last[3], last[5]) == (reason, text)
            if last and joins and (reason in _RUNS or last[4] == value):
                last[1] = row
                continue
            runs.append([row, row, column, reason, value, text])
        runs.sort(key=lambda run: (run[0], run[2]))
        return tuple(
            Listed(self.sheet.address(first, column, last), last - first + 1, reason, value, text)
            for first, last, column, reason, value, text in runs
        )

    def _value(self, row: int, column: int) -> str:
        value = self.sheet.spread(row, column)
        return value if len(value) <= 120 else value[:117] + "..."


_RUNS = frozenset(
    {
        "row-number",
        "unused",
        "hidden-row",
        "hidden-column",
        "empty",
        "subzone-ambiguous",
        "subzone-repeated",
        "subzone-unknown",
        "column-unread",
    }
)


def write_tables(directory: Path, tables: Mapping[str, str], *, overwrite: bool) -> tuple[str, ...]:
    """Write all tables or none; a folder made for them disappears again when writing fails.

    Raises
    ------
    PlanError
        A table with rows exists and `overwrite` is not set, or the folder cannot be written.
    """
    existing = [name for name in tables if _holds_rows(directory / name)]
    if existing and not overwrite:
        raise ErrorGroup([_exists(directory / name) for name in existing])
    made = not directory.exists()
    try:
        directory.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".import-", dir=directory) as scratch:
            _swap_in(directory, Path(scratch), tables)
    except OSError as error:
        if made and directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
        raise PlanError(
            Text(f"cannot write: {error}", f"tidak dapat menulis: {error}"),
            place=Place(str(directory)),
            code="write",
        ) from error
    return tuple(tables)


def _holds_rows(path: Path) -> bool:
    """Tell whether a table has more than its header row: `plan init` writes empty tables to be filled."""
    if not path.exists():
        return False
    if not path.is_file():
        return True
    return len([line for line in path.read_bytes().splitlines() if line.strip()]) > 1


def _exists(path: Path) -> KkprError:
    return PlanError(
        Text("exists already", "sudah ada"),
        place=Place(str(path)),
        remedy=Text("Use --overwrite to replace it.", "Gunakan --overwrite untuk menggantinya."),
        code="exists",
    )


def _swap_in(directory: Path, scratch: Path, tables: Mapping[str, str]) -> None:
    for name, text in tables.items():
        with (scratch / name).open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    done: list[str] = []
    try:
        for name in tables:
            if (directory / name).exists():
                os.replace(directory / name, scratch / f"{name}.old")
            done.append(name)
            os.replace(scratch / name, directory / name)
    except BaseException:  # also an interrupt must not leave half of the tables
        for name in done:
            (directory / name).unlink(missing_ok=True)
            if (scratch / f"{name}.old").exists():
                os.replace(scratch / f"{name}.old", directory / name)
        raise


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula when it opens the CSV.

    >>> safe("=1+2"), safe("- Rumah"), safe("Toko")
    ("'=1+2", '- Rumah', 'Toko')
    """
    return "'" + text if re.match(r"[=+@\t\r]|-[\w(]", text) else text


def csv_text(header: list[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a CSV table as text: comma, LF, quotes where needed."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
