"""Import of an intensity annex: limits by sub-zone, road class and parcel size into intensity.csv.

What cannot be decided is listed with its place and left empty, so that the check says "undetermined".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from kkpr_check.cells import UPPER_BOUND, parse_column_limit, parse_road_class
from kkpr_check.errors import KkprError, Place, PlanError, Text, UsageError
from kkpr_check.io.annex_columns import Column, IntensityHeader, find_headers, is_header_row
from kkpr_check.io.annex_limits import (
    LimitStep,
    ParsedLimit,
    Undecided,
    fit_column,
    parcel_range_in,
    parse_intensity_text,
    road_classes_in,
    undecided,
)
from kkpr_check.io.annex_report import Accounts, ImportReport, csv_text, safe, write_tables
from kkpr_check.io.annex_sheet import Sheet, SheetCell, number_text, read_sheets
from kkpr_check.io.annex_words import plain
from kkpr_check.io.annex_zones import SubzoneIndex, read_zone_index
from kkpr_check.plan import LIMIT_COLUMNS, MISSING, ROAD_CLASSES, UNREGULATED, Limit, State
from kkpr_check.tables import GSB_FROM, parse_tables

Meant = Literal["undecided", "value", "unregulated"]
COLUMNS = ("subzone", "road_class", "parcel_min_m2", "parcel_max_m2", *LIMIT_COLUMNS, "gsb_from", "legal")

_WHY: Mapping[str, Text] = {
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
    "error": Text("an error value of the spreadsheet", "nilai galat lembar kerja"),
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
class _Entry:
    """One cell: what it says (None = nothing, or undecided) and where it holds."""

    column: str
    step: LimitStep | None
    roads: frozenset[str]
    low: float
    high: float
    place: tuple[int, int]
    qualifier: str


@dataclass(slots=True)
class _Subzone:
    entries: list[_Entry] = field(default_factory=list)
    legal: list[str] = field(default_factory=list)
    gsb_from: list[str] = field(default_factory=list)


def import_intensity(
    path: Path,
    directory: Path,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    choices: Choices | None = None,
    overwrite: bool = False,
) -> ImportReport:
    """Import an intensity annex (XLSX, CSV or JSON records) into intensity.csv of a plan folder.

    Parameters
    ----------
    path
        The annex; percentages in %, KLB as a ratio, lengths in m, areas in m2 or ha.
    directory
        The plan folder; its zones.csv, where present, resolves codes and names of sub-zones.
    sheet, header_row
        Which table and which header row, where several could be meant.
    choices
        What "0" and "-" mean, from which line GSB is measured, the legal reference of every row.
    overwrite
        Replace an existing intensity.csv.

    Raises
    ------
    InputError
        The file cannot be read safely or at all.
    PlanError
        No table, or several that could be meant (with their addresses); intensity.csv exists already.
    UsageError
        `sheet` names no table of the file, or `choices.gsb_from` no line.
    """
    if not (directory if directory.is_dir() else directory.parent).is_dir():
        raise PlanError(Text("no such folder", "folder tidak ada"), place=Place(str(directory.parent)), code="not-found")
    text, report = read_intensity(
        path, read_zone_index(directory), sheet=sheet, header_row=header_row, choices=choices or Choices()
    )
    return replace(report, written=write_tables(directory, {"intensity.csv": text}, overwrite=overwrite))


def read_intensity(
    path: Path, zones: SubzoneIndex, *, sheet: str | None = None, header_row: int | None = None, choices: Choices
) -> tuple[str, ImportReport]:
    """Read an intensity annex into the text of intensity.csv and a report; nothing is written."""
    if choices.gsb_from is not None and choices.gsb_from not in GSB_FROM:
        known = ", ".join(GSB_FROM)
        raise UsageError(
            Text(f"gsb_from is one of {known}", f"gsb_from adalah salah satu dari {known}"), place=Place(column="gsb_from")
        )
    header = _choose_header(path, read_sheets(path), sheet, header_row)
    books = Accounts(header.sheet)
    subzones = _read_rows(header, zones, books, choices)
    if not subzones:
        raise PlanError(
            Text("no row names a sub-zone that is known", "tidak ada baris dengan subzona yang dikenal"),
            place=Place(str(path), row=header.address),
            remedy=Text("Write zones.csv first, or add a column with the codes.", "Buat zones.csv dahulu, atau tambah kolom kode."),
            code="no-subzone",
        )
    rows = [row for name, subzone in subzones.items() for row in _ladder(name, subzone, header, books, choices)]
    books.close(_WHY["unused"])
    _note_gsb_from(rows, header, books)
    text = csv_text(list(COLUMNS), rows)
    parse_tables({"intensity.csv": text})
    report = ImportReport(
        source=str(path),
        sheet=header.sheet.name,
        header=header.address,
        rows=header.sheet.rows,
        columns=header.sheet.columns,
        counts=books.counts(),
        listed=books.listing(),
        notes=tuple(books.notes),
        results={
            "subzones": len(subzones),
            "rows": len(rows),
            "values": sum(1 for row in rows for value in row[4 : 4 + len(LIMIT_COLUMNS)] if value),
        },
    )
    return text, report


def _note_gsb_from(rows: list[list[str]], header: IntensityHeader, books: Accounts) -> None:
    gsb, line = COLUMNS.index("gsb_min_m"), COLUMNS.index("gsb_from")
    silent = sorted({row[0] for row in rows if row[gsb] not in ("", "-") and not row[line]})
    if silent:
        why = Text(
            "from which line GSB is measured is not said; give --gsb-from or fill in gsb_from",
            "GSB diukur dari garis mana tidak disebutkan; beri --gsb-from atau isi gsb_from",
        )
        books.note(header.address, "gsb-from-unknown", ", ".join(silent), why, cells=len(silent))


def _choose_header(
    path: Path, sheets: tuple[Sheet, ...], name: str | None, header_row: int | None
) -> IntensityHeader:
    named = tuple(s for s in sheets if (not s.hidden if name is None else s.name.strip().lower() == name.strip().lower()))
    if name is not None and not named:
        have = ", ".join(s.name for s in sheets)
        raise UsageError(
            Text(f"no sheet {name!r} (have: {have})", f"tidak ada lembar {name!r} (ada: {have})"), place=Place(str(path))
        )
    found = [header for one in named for header in find_headers(one, header_row)]
    if not found:
        raise PlanError(
            Text(
                "no intensity table found: no header with a sub-zone and KDB, KLB, KDH, GSB or the like",
                "tabel intensitas tidak ditemukan: tidak ada kepala tabel dengan subzona dan KDB, KLB, KDH, GSB, atau sejenisnya",
            ),
            place=Place(str(path)),
            remedy=Text("Name the sheet and row with --sheet and --header-row.", "Sebutkan lembar dan baris dengan --sheet dan --header-row."),
            code="no-table",
        )
    if len(found) > 1:
        where = "; ".join(header.address for header in found)
        raise PlanError(
            Text(f"{len(found)} tables could be meant: {where}", f"{len(found)} tabel dapat dimaksud: {where}"),
            place=Place(str(path)),
            remedy=Text("Choose with --sheet and --header-row.", "Pilih dengan --sheet dan --header-row."),
            code="several-tables",
        )
    return found[0]


# --- rows ---------------------------------------------------------------------------------------------------


def _read_rows(
    header: IntensityHeader, zones: SubzoneIndex, books: Accounts, choices: Choices
) -> dict[str, _Subzone]:
    sheet = header.sheet
    by_row: dict[int, list[int]] = {}
    for row, column in sorted(sheet.cells):
        by_row.setdefault(row, []).append(column)
    subzones: dict[str, _Subzone] = {}
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
        books.leave(row, column, reason, _WHY[reason])


def _is_numbering(sheet: Sheet, row: int, filled: list[int]) -> bool:
    texts = [re.fullmatch(r"\(?(\d{1,2})\)?", sheet.text(row, column)) for column in filled]
    numbers = [int(match[1]) for match in texts if match]
    return len(numbers) == len(filled) > 2 and all(b - a == 1 for a, b in zip(numbers, numbers[1:], strict=False))


def _read_row(
    header: IntensityHeader,
    zones: SubzoneIndex,
    books: Accounts,
    choices: Choices,
    row: int,
    filled: list[int],
    subzones: dict[str, _Subzone],
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
    for meaning in ("code", "name", "qualifier", "road", "parcel", "parcel_min", "parcel_max", "legal", "gsb_from"):
        column = header.of(meaning)
        if column is not None and (row, column) in sheet.cells:
            books.take(row, column, "key")
    for column, meant in header.columns.items():
        if meant.meaning == "remark":
            _leave(books, row, [column] if (row, column) in sheet.cells else [], "remark")
    _read_limits(header, books, choices, row, subzones.setdefault(subzone, _Subzone()))


def _leave_row(header: IntensityHeader, books: Accounts, row: int, filled: list[int], problem: Undecided | None) -> None:
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


def resolve_subzone(zones: SubzoneIndex, code: str, name: str) -> tuple[str | None, Undecided | None]:
    """Return the sub-zone a row means, and what should be known about it (or why there is none).

    The plan's own zones.csv decides; without one, a code stands as printed and a name is looked up in the
    national catalogue, which is recorded.
    """
    from kkpr_check.reference import find_subzone

    found = dict.fromkeys((*(zones.by_code(code) if code else ()), *(() if code else zones.by_code(name))))
    if not found:
        found = dict.fromkeys(zones.by_name(name or code))
    if len(found) > 1:
        listed = ", ".join(found)
        why = Text(f"matches several sub-zones: {listed}", f"cocok dengan beberapa subzona: {listed}")
        return None, Undecided("subzone-ambiguous", why)
    if found:
        return next(iter(found)), None
    if code and not zones:
        return re.sub(r" ?- ?", "-", code), None
    match = find_subzone(code or name)
    if match is not None and match.certain and not match.tpz and (not zones or zones.by_code(match.code)):
        subzone = zones.by_code(match.code)[0] if zones else match.code
        why = Text(f"read as {subzone} by the national catalogue", f"dibaca sebagai {subzone} menurut katalog nasional")
        return subzone, Undecided("subzone-by-name", why)
    hint = f" ({match.code}?)" if match is not None else ""
    why = Text(f"this sub-zone is not known{hint}", f"subzona ini tidak dikenal{hint}")
    return None, Undecided("subzone-unknown", why)


def _read_limits(header: IntensityHeader, books: Accounts, choices: Choices, row: int, subzone: _Subzone) -> None:
    sheet = header.sheet
    roads, parcel, problem = _row_keys(header, row)
    subzone.legal.append(_key(header, row, "legal"))
    subzone.gsb_from.append(_key(header, row, "gsb_from"))
    qualifier = _key(header, row, "qualifier")
    for number, column in header.limits.items():
        place = sheet.spans.get((row, number), (row, number))
        cell = sheet.cells.get(place) if place[0] > header.last_row and place[1] in header.limits else None
        found: ParsedLimit | Undecided | None = None
        if number in sheet.hidden_columns and not choices.include_hidden:
            found = None if cell is None else Undecided("hidden-column", _WHY["hidden-column"])
        elif cell is not None:
            found = problem or read_limit(cell, column, choices)
        if isinstance(found, Undecided) and (row, number) in sheet.cells:
            books.leave(row, number, found.reason, found.text)
        steps: tuple[LimitStep | None, ...] = found.steps if isinstance(found, ParsedLimit) else (None,)
        for step in steps:
            own = step.road_classes if step else ()
            low, high = (step.parcel_min_m2, step.parcel_max_m2) if step else (0.0, math.inf)
            where = _atoms(own) & _atoms(column.roads) & _atoms(roads)
            low, high = max(low, parcel[0]), min(high, parcel[1])
            if where and low < high:
                subzone.entries.append(_Entry(column.meaning, step, where, low, high, (row, number), qualifier))


def _row_keys(
    header: IntensityHeader, row: int
) -> tuple[tuple[str, ...], tuple[float, float], Undecided | None]:
    """Return the road classes and the parcel range of a row, and what makes its limits undecided."""
    if _key(header, row, "scale"):
        return (), (0.0, math.inf), undecided("business-scale")
    road_text, parcel_text = _key(header, row, "road"), _key(header, row, "parcel")
    roads: tuple[str, ...] = ()
    if road_text and road_text != "*" and not re.fullmatch(r"(?:semua|seluruh)(?: fungsi| kelas)?(?: jalan)?", road_text.lower()):
        roads = _exact_road(road_text) or road_classes_in(road_text)
        if not roads or re.search(r"\d", road_text):
            return (), (0.0, math.inf), Undecided("road-unread", _WHY["road-unread"])
    low = high = None
    try:
        low, high = _bound(header, row, "parcel_min"), _bound(header, row, "parcel_max")
    except PlanError:
        return (), (0.0, math.inf), Undecided("parcel-unread", _WHY["parcel-unread"])
    parcel = (0.0 if low is None else low, math.inf if high is None else high)
    if parcel_text and parcel_text not in ("-", "*"):
        spoken = parcel_range_in(parcel_text)
        if spoken is None:
            return (), (0.0, math.inf), Undecided("parcel-unread", _WHY["parcel-unread"])
        parcel = spoken
    return roads, parcel, None


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
        return Undecided(reason, _WHY[reason])
    if column.exact:
        try:
            return ParsedLimit((LimitStep(parse_column_limit(column.meaning, cell.text.strip())),))
        except PlanError as error:
            return Undecided("unread", error.text)
    if column.wrong_side:
        return undecided("wrong-side")
    if cell.number is not None and not cell.text.endswith("%"):
        value = Limit(State.VALUE, cell.number)
        parsed: ParsedLimit | Undecided = ParsedLimit((LimitStep(value),)) if cell.number else undecided("zero")
    else:
        parsed = parse_intensity_text(cell.text)
    if isinstance(parsed, Undecided):
        meant = {"zero": choices.zero, "dash": choices.dash}.get(parsed.reason, "undecided")
        if meant == "undecided" or (meant == "value" and parsed.reason == "dash"):
            return parsed
        return ParsedLimit((LimitStep(UNREGULATED if meant == "unregulated" else Limit(State.VALUE, 0.0)),))
    return fit_column(parsed, column.meaning)


# --- ladder -------------------------------------------------------------------------------------------------


def _ladder(name: str, subzone: _Subzone, header: IntensityHeader, books: Accounts, choices: Choices) -> list[list[str]]:
    """Return the rows of one sub-zone: every (road class, parcel size) exactly once."""
    cuts = sorted({bound for entry in subzone.entries for bound in (entry.low, entry.high)} | {0.0, math.inf})
    spans = list(zip(cuts, cuts[1:], strict=False))
    conflicts: dict[tuple[int, int], list[_Entry]] = {}
    table = {
        road: [_limits_at(subzone.entries, road, low, high, conflicts) for low, high in spans] for road in ROAD_CLASSES
    }
    _book(header, books, subzone, conflicts)
    gsb_from = _one(subzone.gsb_from) or choices.gsb_from or _label_line(header) or ""
    legal = safe(_joined(subzone.legal) or choices.legal)
    groups: dict[tuple[tuple[Limit, ...], ...], list[str]] = {}
    for road, row in table.items():
        groups.setdefault(tuple(row), []).append(road)
    rows = []
    for row_limits, roads in groups.items():
        for road in _road_keys(roads):
            for low, high, limits in _merged(spans, row_limits):
                values = [limit_text(limit) for limit in limits]
                bounds = ["-" if low == 0 else _area_text(low), "-" if math.isinf(high) else _area_text(high)]
                rows.append([name, road, *bounds, *values, gsb_from, legal])
    order = [key for road in ROAD_CLASSES for key in ("*", road.partition("-")[0], road)]
    return sorted(rows, key=lambda row: order.index(row[1]))


def _limits_at(
    entries: list[_Entry], road: str, low: float, high: float, conflicts: dict[tuple[int, int], list[_Entry]]
) -> tuple[Limit, ...]:
    """Return one limit a column; MISSING where nothing is said, or where the annex says two things."""
    limits = []
    for column in LIMIT_COLUMNS:
        here = [e for e in entries if e.column == column and road in e.roads and e.low <= low and high <= e.high]
        said = {entry.step.limit if entry.step else None for entry in here}
        if len(said) > 1:
            conflicts.update((entry.place, here) for entry in here)
        one = said.pop() if len(said) == 1 else None
        limits.append(one or MISSING)
    return tuple(limits)


def _book(
    header: IntensityHeader, books: Accounts, subzone: _Subzone, conflicts: Mapping[tuple[int, int], list[_Entry]]
) -> None:
    for entry in subzone.entries:
        if entry.place not in header.sheet.cells:
            continue
        if entry.place in conflicts:
            others = "; ".join(
                f"{header.sheet.address(*other.place)} = {header.sheet.text(*other.place) or '?'}"
                + (f" ({other.qualifier})" if other.qualifier else "")
                for other in conflicts[entry.place]
            )
            why = Text(f"the annex says several things here: {others}", f"lampiran menyebut beberapa nilai: {others}")
            books.leave(*entry.place, "several-rows", why)
        elif entry.step is not None and entry.place not in books.classes:
            books.take(*entry.place, "imported")


def _one(texts: list[str]) -> str | None:
    said = {text for text in texts if text}
    return said.pop() if len(said) == 1 else None


def _joined(texts: list[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _label_line(header: IntensityHeader) -> str | None:
    """Return the line GSB is measured from, where the header says it."""
    for column in header.limits.values():
        text = column.label.lower()
        if column.meaning != "gsb_min_m":
            continue
        if re.search(r"\bas (?:jalan|rumija)", text):
            return "road_axis"
        if re.search(r"(?:tepi|batas|pinggir|dari) (?:rumija|jalan|damija|ruang milik)", text):
            return "road_edge"
        if re.search(r"pagar|\bgsp\b|batas (?:persil|kavling|kaveling)", text):
            return "parcel_edge"
    return None


def _road_keys(roads: list[str]) -> list[str]:
    """Return the fewest keys for a set of road classes: ``*``, families, single classes."""
    if len(roads) == len(ROAD_CLASSES):
        return ["*"]
    keys: list[str] = []
    for road in roads:
        family = road.partition("-")[0]
        whole = [c for c in ROAD_CLASSES if c == family or c.startswith(family + "-")]
        keys.append(family if set(whole) <= set(roads) else road)
    return list(dict.fromkeys(keys))


def _merged(
    spans: list[tuple[float, float]], rows: tuple[tuple[Limit, ...], ...]
) -> list[tuple[float, float, tuple[Limit, ...]]]:
    merged: list[tuple[float, float, tuple[Limit, ...]]] = []
    for (low, high), limits in zip(spans, rows, strict=True):
        if merged and merged[-1][2] == limits:
            merged[-1] = (merged[-1][0], high, limits)
        else:
            merged.append((low, high, limits))
    return merged


def limit_text(limit: Limit) -> str:
    """Write a limit in the grammar of intensity.csv.

    >>> limit_text(Limit(State.VALUE, 1.0, 0.5)), limit_text(Limit(State.VALUE, 60.0)), limit_text(UNREGULATED)
    ('0.5*rumija+1', '60', '-')
    """
    if limit.state is not State.VALUE:
        return "-" if limit.state is State.UNREGULATED else ""
    if not limit.rumija_factor:
        return _area_text(limit.constant)
    tail = f"{limit.constant:+g}" if limit.constant else ""
    return f"{number_text(limit.rumija_factor)}*rumija{tail}"


def _area_text(value: float) -> str:
    text = number_text(value)
    return text + "0" if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text) else text
