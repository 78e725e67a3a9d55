"""The tables of two versions, row by row and cell by cell; what asks for more or less than before is marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kkpr_check.cells import parse_cell, parse_column_limit, parse_test
from kkpr_check.changes.base import Change, Effect
from kkpr_check.errors import KkprError, Text
from kkpr_check.features import as_text
from kkpr_check.phrases import Quantity, counted, say
from kkpr_check.plan import LIMIT_COLUMNS, Cell, Limit, State
from kkpr_check.sheets import Row, Sheet, clean

KEYS: Mapping[str, tuple[str, ...]] = {
    "zones.csv": ("subzone",),
    "activities.csv": ("activity_id",),
    "kbli.csv": ("kbli", "activity_id"),
    "itbx.csv": ("activity_id",),
    "conditions.csv": ("code",),
    "intensity.csv": ("subzone", "road_class", "parcel_min_m2", "parcel_max_m2"),
    "cases.csv": ("id",),
}
"""What names a row of each table."""
EMPTY = Text("(empty)", "(kosong)")
_RANKS = {"I": 1, "T": 2, "B": 3, "TB": 4, "X": 5}
_LONG = 80


def compare_tables(
    old: Mapping[str, Sheet], new: Mapping[str, Sheet], places: tuple[str, str]
) -> Iterator[Change]:
    """Yield what changed in the tables.

    Parameters
    ----------
    old, new
        File name (``zones.csv`` ...) -> its sheet.
    places
        Folder of OLD and of NEW, put before the file names.
    """
    for name in KEYS:
        before, after = old.get(name), new.get(name)
        if before is None and after is not None:
            text = counted(len(after.rows), "row", "rows", "baris")
            yield Change("DIF306", text, _path(places[1], name), count=len(after.rows))
        elif before is not None and after is None:
            text = counted(len(before.rows), "row is gone", "rows are gone", "baris hilang")
            yield Change("DIF307", text, _path(places[0], name), count=len(before.rows))
        elif before is not None and after is not None:
            yield from _table(name, before, after, places)


def _path(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if folder else name


def _table(name: str, before: Sheet, after: Sheet, places: tuple[str, str]) -> Iterator[Change]:
    key = KEYS[name]
    rows_old, rows_new = _keyed(before, key), _keyed(after, key)
    columns_old = [c for c in before.columns if c and c not in key]
    columns_new = [c for c in after.columns if c and c not in key]
    for column in columns_new:
        if column not in columns_old:
            yield _column("DIF304", name, column, after, places[1])
    for column in columns_old:
        if column not in columns_new:
            yield _column("DIF305", name, column, before, places[0])
    shared = [c for c in columns_new if c in columns_old]
    for row_key, row in rows_new.items():
        if row_key not in rows_old:
            yield _row("DIF302", name, row_key, row, places[1])
            continue
        earlier = rows_old[row_key]
        for column in shared:
            if not same(name, column, earlier[column], row[column]):
                yield _cell(name, row_key, column, earlier[column], row, places[1])
    for row_key, row in rows_old.items():
        if row_key not in rows_new:
            yield _row("DIF303", name, row_key, row, places[0])


def _keyed(sheet: Sheet, key: Sequence[str]) -> dict[tuple[str, ...], Row]:
    return {tuple(_key_text(row[column]) for column in key): row for row in sheet.rows}


def _key_text(text: str) -> str:
    return as_text(text) or ""


def _column(code: str, name: str, column: str, sheet: Sheet, folder: str) -> Change:
    filled = sum(bool(row[column]) for row in sheet.rows)
    text = say(
        "column {column}: {n} filled",
        "kolom {column}: {n} terisi",
        column=column,
        n=counted(filled, "cell", "cells", "sel"),
    )
    return Change(code, text, _path(folder, name), row=1, field=column, count=filled)


def _row(code: str, name: str, key: Sequence[str], row: Row, folder: str) -> Change:
    cells = [f"{column} {cell}" for column, cell in row.cells.items() if cell and column not in KEYS[name]]
    shown = _short(", ".join(cells))
    label = " / ".join(key)
    value = {"DIF302": "new", "DIF303": "old"}[code]
    return Change(
        code, say("{label}: {cells}", "{label}: {cells}", label=label, cells=shown or "-"), _path(folder, name), feature=label,
        row=row.number, effect="other", **{value: shown or None},  # type: ignore[arg-type]
    )  # fmt: skip


def _cell(name: str, key: Sequence[str], column: str, before: str, row: Row, folder: str) -> Change:
    after, label = row[column], " / ".join(key)
    effect = effect_of(name, column, before, after)
    text = say(
        "{label}, {column}: {before} became {after}", "{label}, {column}: {before} menjadi {after}",
        label=label, column=column, before=_short(before) or EMPTY, after=_short(after) or EMPTY,
    )  # fmt: skip
    return Change(
        "DIF301", text, _path(folder, name), feature=label, row=row.number, field=column, old=_short(before) or None,
        new=_short(after) or None, effect=effect,
    )  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def same(name: str, column: str, before: str, after: str) -> bool:
    """Tell whether two cells mean the same: numbers and codes may be spelled otherwise.

    >>> same("intensity.csv", "kdb_max_pct", "60", "60.0"), same("itbx.csv", "R-3", "T1,B2", "T1, B2")
    (True, True)
    """
    if clean(before) == clean(after):
        return True
    parser = _parser(name, column)
    if parser is None:
        return as_text(before) == as_text(after)
    first, second = _parsed(parser, before), _parsed(parser, after)
    return first is not None and first == second


def _parser(name: str, column: str) -> Callable[[str], Any] | None:
    if name == "itbx.csv" and column not in ("name", "activity"):
        return parse_cell
    if name == "intensity.csv" and column in LIMIT_COLUMNS:
        return lambda text: parse_column_limit(column, text)
    return parse_test if name == "conditions.csv" and column == "test" else None


def _parsed(parser: Callable[[str], Any], text: str) -> Any:
    try:
        return parser(text)
    except KkprError:
        return None


def effect_of(name: str, column: str, before: str, after: str) -> Effect:
    """Tell whether the new cell asks for more or less; ``other`` where that cannot be told.

    >>> effect_of("itbx.csv", "R-3", "I", "T1"), effect_of("intensity.csv", "kdb_max_pct", "60", "70")
    ('stricter', 'looser')
    """
    parser = _parser(name, column)
    if name == "zones.csv" and column == "protected":
        return _protected(before, after)
    if parser is None:
        return "other"
    first, second = _parsed(parser, before), _parsed(parser, after)
    if isinstance(first, Cell) and isinstance(second, Cell):
        return _letters(first, second)
    if isinstance(first, Limit) and isinstance(second, Limit):
        return _limits(column, first, second)
    return "other"


def _protected(before: str, after: str) -> Effect:
    words = {"lindung": 1, "protected": 1, "budi daya": 0, "budidaya": 0, "cultivated": 0}
    a, b = words.get(before.casefold()), words.get(after.casefold())
    return "other" if a is None or b is None or a == b else "stricter" if b > a else "looser"


def _letters(before: Cell, after: Cell) -> Effect:
    a, b = _RANKS[before.letter], _RANKS[after.letter]
    if a != b:
        return "stricter" if b > a else "looser"
    old, new = set(before.codes), set(after.codes)
    return "stricter" if old < new else "looser" if new < old else "other"


def _limits(column: str, before: Limit, after: Limit) -> Effect:
    """Compare two limits; an empty cell is not known, so neither stricter nor looser than a number."""
    if State.MISSING in (before.state, after.state):
        return "other"
    if before.state is not after.state:
        return "stricter" if after.state is State.VALUE else "looser"
    difference = [after.constant - before.constant, after.rumija_factor - before.rumija_factor]
    if min(difference) < 0 < max(difference):
        return "other"
    grows = max(difference) > 0
    upper = "_max" in column
    return "looser" if grows == upper else "stricter"


__all__ = ["KEYS", "Quantity", "compare_tables", "effect_of", "same"]
