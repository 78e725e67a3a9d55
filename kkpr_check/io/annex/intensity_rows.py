"""The rows of an intensity table: which sub-zone, which roads and parcel sizes, and what each cell says."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from kkpr_check.cells import parse_column_limit, parse_road_class
from kkpr_check.errors import KkprError, PlanError, Text
from kkpr_check.io.annex.columns import Column, IntensityHeader, is_header_row
from kkpr_check.io.annex.grid import Sheet, SheetCell
from kkpr_check.io.annex.keys import is_road_key, parcel_range_in, road_classes_in
from kkpr_check.io.annex.limits import (
    LimitStep,
    ParsedLimit,
    Undecided,
    fit_column,
    parse_intensity_text,
    undecided,
)
from kkpr_check.io.annex.report import Accounts
from kkpr_check.io.annex.words import plain
from kkpr_check.io.annex.zones import SubzoneIndex, resolve_subzone
from kkpr_check.plan import MISSING, ROAD_CLASSES, UNREGULATED, Limit, State

Meant = Literal["undecided", "value", "unregulated"]

WHY: Mapping[str, Text] = {
    "heading": Text("a heading or remark without limits", "judul atau catatan tanpa batasan"),
    "title": Text("text above the table", "teks di atas tabel"),
    "unused": Text("not a column of intensity.csv", "bukan kolom intensity.csv"),
    "remark": Text("a remark: read it, it may hold a limit", "keterangan: baca, mungkin memuat batasan"),
    "subzone-missing": Text("limits without a sub-zone", "batasan tanpa subzona"),
    "hidden-row": Text("a hidden row; import it with --include-hidden", "baris tersembunyi; impor dengan --include-hidden"),
    "hidden-column": Text(
        "a hidden column; import it with --include-hidden", "kolom tersembunyi; impor dengan --include-hidden"
    ),
    "road-unread": Text("the road class of the row is not understood", "kelas jalan pada baris tidak dipahami"),
    "parcel-unread": Text("the parcel size of the row is not understood", "luas persil pada baris tidak dipahami"),
    "formula-no-value": Text(
        "a formula without a stored value: open the file in a spreadsheet and save it",
        "rumus tanpa nilai tersimpan: buka lalu simpan berkas di aplikasi lembar kerja",
    ),
    "date": Text("a date (a spreadsheet turns 1/2 into one)", "tanggal (lembar kerja mengubah 1/2 menjadi tanggal)"),
    "error": Text("an error value of the spreadsheet", "nilai kesalahan lembar kerja"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choices:
    """What the caller decides for the whole table; without a choice such cells stay empty and are listed."""

    zero: Meant = "undecided"
    dash: Meant = "undecided"
    gsb_from: str | None = None
    legal: str = ""
    include_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell: what it says (None = nothing, or undecided) and where it holds."""

    column: str
    step: LimitStep | None
    roads: frozenset[str]
    low: float
    high: float
    place: tuple[int, int]
    qualifier: str
    unread_key: str = ""
    """``road`` or ``parcel`` where that key of the row is not understood: it may hold anywhere."""

    def explicit(self, key: str) -> bool:
        """Tell whether the entry names its roads or its parcel sizes."""
        return len(self.roads) < len(ROAD_CLASSES) if key == "road" else self.low > 0 or self.high < math.inf


@dataclass(slots=True)
class SubzoneLimits:
    """All cells of one sub-zone; `legal` by row of the annex."""

    entries: list[Entry] = field(default_factory=list)
    legal: dict[int, str] = field(default_factory=dict)
    gsb_from: list[str] = field(default_factory=list)


def read_rows(
    header: IntensityHeader, zones: SubzoneIndex, books: Accounts, choices: Choices
) -> dict[str, SubzoneLimits]:
    """Read every row of an intensity table, by sub-zone, and book every cell of it."""
    sheet = header.sheet
    by_row: dict[int, list[int]] = {}
    for row, column in sorted(sheet.cells):
        by_row.setdefault(row, []).append(column)
    subzones: dict[str, SubzoneLimits] = {}
    for note in sheet.notes:
        books.note(sheet.name, "reader", "", note)
    for row, filled in sorted(by_row.items()):
        if row < header.first_row:
            _leave(books, row, filled, "title")
        elif row <= header.last_row or _is_numbering(sheet, row, filled):
            for column in filled:
                if column in header.columns:
                    books.take(row, column, "header")
        elif is_header_row(sheet, row):
            if any(sheet.text(row, c) != sheet.text(header.first_row, c) for c in header.columns):
                break
            for column in filled:
                books.take(row, column, "header")
        elif row in sheet.hidden_rows and not choices.include_hidden:
            _leave(books, row, filled, "hidden-row")
        else:
            _read_row(header, zones, books, choices, row, filled, subzones)
    return subzones


def _leave(books: Accounts, row: int, columns: Iterable[int], reason: str) -> None:
    for column in columns:
        books.leave(row, column, reason, WHY[reason])


def _is_numbering(sheet: Sheet, row: int, filled: list[int]) -> bool:
    texts = [re.fullmatch(r"\(?(\d{1,2})\)?", sheet.text(row, column)) for column in filled]
    numbers = [int(match[1]) for match in texts if match]
    return len(numbers) == len(filled) > 2 and all(b - a == 1 for a, b in itertools.pairwise(numbers))


def _read_row(
    header: IntensityHeader,
    zones: SubzoneIndex,
    books: Accounts,
    choices: Choices,
    row: int,
    filled: list[int],
    subzones: dict[str, SubzoneLimits],
) -> None:
    sheet = header.sheet
    limits = [c for c in header.limits if sheet.cells.get(sheet.spans.get((row, c), (row, c))) is not None]
    code, name = _key(header, row, "code"), _key(header, row, "name")
    if not limits and not code and not name:
        _leave(books, row, filled, "heading")
        return
    if not code and not name:
        _leave(books, row, limits, "subzone-missing")
        return
    subzone, problem = resolve_subzone(zones, code, name)
    if subzone is None:
        _leave_row(header, books, row, filled, problem)
        return
    if problem is not None:
        column = header.of("code") if code else header.of("name")
        books.note(sheet.address(row, column or 1), problem.reason, code or name, problem.text)
    for meaning in (
        "code",
        "name",
        "qualifier",
        "road",
        "parcel",
        "parcel_min",
        "parcel_max",
        "legal",
        "gsb_from",
    ):
        column = header.of(meaning)
        if column is not None and (row, column) in sheet.cells:
            books.take(row, column, "key")
    for column, meant in header.columns.items():
        if meant.meaning == "remark":
            _leave(books, row, [column] if (row, column) in sheet.cells else [], "remark")
    _read_limits(header, books, choices, row, subzones.setdefault(subzone, SubzoneLimits()))


def _leave_row(
    header: IntensityHeader, books: Accounts, row: int, filled: list[int], problem: Undecided | None
) -> None:
    why = problem or undecided("unread")
    for column in filled:
        if column in header.columns:
            books.leave(row, column, why.reason, why.text)


def _key(header: IntensityHeader, row: int, meaning: str) -> str:
    """Return the text of a key column, also where it is merged over several rows."""
    column = header.of(meaning)
    if column is None:
        return ""
    top, left = header.sheet.spans.get((row, column), (row, column))
    return plain(header.sheet.text(top, left)) if left == column and top > header.last_row else ""


class _RowKeys(NamedTuple):
    """Road classes and parcel range of a row, and what makes all its limits undecided."""

    roads: tuple[str, ...] = ()
    low: float = 0.0
    high: float = math.inf
    problem: Undecided | None = None


def _read_limits(
    header: IntensityHeader, books: Accounts, choices: Choices, row: int, subzone: SubzoneLimits
) -> None:
    keys = _row_keys(header, row)
    subzone.legal[row] = _key(header, row, "legal")
    subzone.gsb_from.append(_key(header, row, "gsb_from"))
    qualifier = _key(header, row, "qualifier")
    unread = {"road-unread": "road", "parcel-unread": "parcel"}.get(
        keys.problem.reason if keys.problem else "", ""
    )
    for number, column in header.limits.items():
        found = _read_cell(header, choices, row, number, keys.problem)
        if isinstance(found, Undecided) and (row, number) in header.sheet.cells:
            books.leave(row, number, found.reason, found.text)
        steps: tuple[LimitStep | None, ...] = found.steps if isinstance(found, ParsedLimit) else (None,)
        for step in steps:
            own = step.road_classes if step else ()
            low, high = (step.parcel_min_m2, step.parcel_max_m2) if step else (0.0, math.inf)
            roads = _atoms(own) & _atoms(column.roads) & _atoms(keys.roads)
            for bounds in (column.parcel, (keys.low, keys.high)):
                low, high = (max(low, bounds[0]), min(high, bounds[1])) if bounds else (low, high)
            if roads and low < high:
                place = (row, number)
                subzone.entries.append(
                    Entry(column.meaning, step, roads, low, high, place, qualifier, unread)
                )


def _read_cell(
    header: IntensityHeader, choices: Choices, row: int, number: int, problem: Undecided | None
) -> ParsedLimit | Undecided | None:
    """Return what a limit cell says, also where it is merged over several rows; None where it is blank."""
    sheet = header.sheet
    top, left = sheet.spans.get((row, number), (row, number))
    cell = sheet.cells.get((top, left)) if top > header.last_row and left in header.limits else None
    if cell is None:
        return None
    if number in sheet.hidden_columns and not choices.include_hidden:
        return Undecided("hidden-column", WHY["hidden-column"])
    return problem or read_limit(cell, header.columns[number], choices)


def _row_keys(header: IntensityHeader, row: int) -> _RowKeys:
    if _key(header, row, "scale"):
        return _RowKeys(problem=undecided("business-scale"))
    road_text, parcel_text = _key(header, row, "road"), _key(header, row, "parcel")
    roads: tuple[str, ...] = ()
    if road_text and not _EVERY_ROAD.fullmatch(road_text.lower()):
        roads = _exact_road(road_text) or road_classes_in(road_text)
        if not roads or not is_road_key(road_text):
            return _RowKeys(problem=Undecided("road-unread", WHY["road-unread"]))
    unread = _RowKeys(roads, problem=Undecided("parcel-unread", WHY["parcel-unread"]))
    try:
        low, high = _bound(header, row, "parcel_min"), _bound(header, row, "parcel_max")
    except PlanError:
        return unread
    if parcel_text and not _EVERY_SIZE.fullmatch(parcel_text.lower()):
        spoken = parcel_range_in(parcel_text)
        return unread if spoken is None else _RowKeys(roads, *spoken)
    return _RowKeys(roads, 0.0 if low is None else low, math.inf if high is None else high)


_EVERY_SIZE = re.compile(r"-|\*|(?:semua|seluruh)(?: (?:luas|ukuran|persil|kavling|kaveling|kapling|lahan))*")
_EVERY_ROAD = re.compile(r"\*|(?:semua|seluruh)(?: fungsi| kelas)?(?: jalan)?")


def _exact_road(text: str) -> tuple[str, ...]:
    try:
        road = parse_road_class(text)
    except KkprError:
        return ()
    return () if road == "*" else (road,)


def _bound(header: IntensityHeader, row: int, meaning: str) -> float | None:
    text = _key(header, row, meaning)
    limit = parse_column_limit(f"{meaning}_m2", text) if text else MISSING
    return limit.constant if limit.state is State.VALUE else None


def _atoms(roads: tuple[str, ...]) -> frozenset[str]:
    """Return the road classes of contract section 3 that a list of classes and families covers; () is all."""
    if not roads:
        return frozenset(ROAD_CLASSES)
    return frozenset(c for c in ROAD_CLASSES for road in roads if c == road or c.startswith(road + "-"))


def read_limit(cell: SheetCell, column: Column, choices: Choices) -> ParsedLimit | Undecided:
    """Read one cell of a limit column; a cell of an exact contract column follows the contract's grammar."""
    if cell.kind in ("uncached", "date", "error"):
        reason = "formula-no-value" if cell.kind == "uncached" else cell.kind
        return Undecided(reason, WHY[reason])
    if column.exact:
        try:
            return ParsedLimit((LimitStep(parse_column_limit(column.meaning, cell.text.strip())),))
        except PlanError as error:
            return Undecided("unread", error.text)
    if column.wrong_side:
        return undecided("wrong-side")
    if column.meaning == "lot_min_m2" and re.search(r"\bha\b|hektar", column.label.lower()):
        return undecided("unit")
    if cell.number is not None and not cell.text.endswith("%"):
        value = Limit(State.VALUE, cell.number)
        parsed: ParsedLimit | Undecided = (
            ParsedLimit((LimitStep(value),)) if cell.number else undecided("zero")
        )
    else:
        bare_area = column.meaning == "lot_min_m2" and re.fullmatch(r"[\d.,]+", cell.text.strip())
        parsed = parse_intensity_text(f"{cell.text} m2" if bare_area else cell.text)
    if isinstance(parsed, Undecided):
        meant = {"zero": choices.zero, "dash": choices.dash}.get(parsed.reason, "undecided")
        if meant == "undecided" or (meant == "value" and parsed.reason == "dash"):
            return parsed
        return ParsedLimit((LimitStep(UNREGULATED if meant == "unregulated" else Limit(State.VALUE, 0.0)),))
    return fit_column(parsed, column.meaning)
