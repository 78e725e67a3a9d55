"""The tables of a plan: CSV text in, `kkpr_check.plan.Tables` out; every problem with file, row and column.

No file is opened here. An absent table is not an empty one (`Tables.present`), an empty cell is not a number,
and nothing that could not be read is replaced by something that helps.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from typing import TypeVar

from kkpr_check.cells import parse_cell, parse_column_limit, parse_limit, parse_road_class, parse_test
from kkpr_check.errors import ErrorGroup, KkprError, PlanError, Text
from kkpr_check.features import as_text
from kkpr_check.model import Proposal, Verdict
from kkpr_check.plan import LIMIT_COLUMNS, MISSING, Case, Cell, Condition, Limit, Rung, State, Tables, Zone
from kkpr_check.sheets import Problems, Row, Sheet, SheetFormat, did_you_mean, read_sheet

_T = TypeVar("_T")

__all__ = ["TABLE_FILES", "gather_tables", "parse_cell", "parse_limit", "parse_tables"]

PROPOSAL_OPTIONS = tuple(item.name for item in fields(Proposal))
GSB_FROM = ("road_axis", "road_edge", "parcel_edge")
VERDICTS = tuple(verdict.value for verdict in Verdict)

FORMATS: Mapping[str, SheetFormat] = {
    "zones.csv": SheetFormat(("subzone", "name"), ("zone", "protected", "colour")),
    "activities.csv": SheetFormat(("activity_id", "name")),
    "kbli.csv": SheetFormat(("kbli", "activity_id")),
    "itbx.csv": SheetFormat(("activity_id",), ("name", "activity"), open_ended=True),
    "conditions.csv": SheetFormat(("code", "text", "legal"), ("test",)),
    "intensity.csv": SheetFormat(
        ("subzone", "road_class", "parcel_min_m2", "parcel_max_m2", *LIMIT_COLUMNS, "legal"), ("gsb_from",)
    ),
    "cases.csv": SheetFormat(
        ("id", "crs", "verdict"), ("wkt_parcel", "wkt_footprint", *PROPOSAL_OPTIONS, "as_of", "rules")
    ),
}
TABLE_FILES = tuple(FORMATS)
"""File names of the tables of a plan folder."""

_PROTECTED = {
    "lindung": True, "protected": True, "true": True, "yes": True, "ya": True, "1": True,
    "budi daya": False, "budidaya": False, "cultivated": False, "false": False, "no": False, "tidak": False, "0": False,
    "": None,
}  # fmt: skip
_RGB = re.compile(r"([0-9]{1,3})(?:\s*[,;]\s*|\s+)([0-9]{1,3})(?:\s*[,;]\s*|\s+)([0-9]{1,3})")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_RULE = re.compile(r"[A-Z]{3}[0-9]{3}")


def parse_tables(texts: Mapping[str, bytes | str], *, folder: str = "") -> Tables:
    """Return the tables of a plan.

    Parameters
    ----------
    texts
        File name (``zones.csv`` ...) -> whole content, for the files that exist.
    folder
        Put before the file names in messages.

    Raises
    ------
    ErrorGroup
        With every problem of every table.
    """
    tables, errors = gather_tables(texts, folder=folder)
    if errors:
        raise ErrorGroup(list(errors))
    return tables


def gather_tables(
    texts: Mapping[str, bytes | str], *, folder: str = ""
) -> tuple[Tables, tuple[KkprError, ...]]:
    """Return what could be read, and every problem; a linter shows both, an engine must not use the first.

    Parameters and units as in `parse_tables`.
    """
    problems = Problems()
    prefix = folder.rstrip("/") + "/" if folder else ""
    sheets: dict[str, Sheet] = {}
    for name, form in FORMATS.items():
        if name in texts:
            sheet = read_sheet(prefix + name, texts[name], form, problems)
            sheets[name] = sheet or Sheet(prefix + name, (), ())
    blank = Sheet("", (), ())

    def sheet_of(name: str) -> Sheet:
        return sheets.get(name, blank)

    zones = _zones(sheet_of("zones.csv"), problems)
    activities = _activities(sheet_of("activities.csv"), problems)
    itbx, itbx_subzones = _itbx(sheet_of("itbx.csv"), problems)
    kbli = _kbli(sheet_of("kbli.csv"), problems)
    tables = Tables(
        zones=zones,
        activities=activities,
        kbli=kbli,
        itbx=itbx,
        itbx_subzones=itbx_subzones,
        conditions=_conditions(sheet_of("conditions.csv"), problems),
        intensity=_intensity(sheet_of("intensity.csv"), problems),
        cases=_cases(sheet_of("cases.csv"), problems),
        present=frozenset(sheets),
    )
    activities_file = prefix + "activities.csv"
    if "activities.csv" in sheets and all(e.place.file != activities_file for e in problems.errors):
        for name in ("kbli.csv", "itbx.csv"):
            _known_activities(sheet_of(name), activities, problems)
    order = {prefix + name: position for position, name in enumerate(FORMATS)}
    return tables, tuple(sorted(problems.errors, key=lambda error: _reading_order(error, order)))


def _reading_order(error: KkprError, files: Mapping[str, int]) -> tuple[int, int]:
    """Sort key: as a reader meets the problems, table by table and row by row."""
    row = error.place.row
    return files.get(error.place.file or "", len(files)), row if isinstance(row, int) else 0


class _Reader:
    """Reads the cells of one sheet and places what goes wrong."""

    def __init__(self, sheet: Sheet, problems: Problems) -> None:
        self.sheet = sheet
        self.problems = problems
        self._first: dict[tuple[str, ...], int] = {}

    def add(self, row: Row, column: str, text: Text, remedy: Text | None = None, code: str = "table") -> None:
        self.problems.add(text, self.sheet.file, row.number, column, remedy=remedy, code=code)

    def key(self, row: Row, column: str) -> str | None:
        """Return a key cell (codes as `as_text` spells them), or None and a problem where it is empty."""
        text = as_text(row[column])
        if not text:
            self.add(
                row,
                column,
                Text("empty key cell", "sel kunci kosong"),
                Text(f"fill in {column}, or delete the row", f"isi {column}, atau hapus barisnya"),
            )
        return text or None

    def unique(self, row: Row, column: str, *key: str) -> bool:
        """Tell whether the key is new; a second one is a problem that names both rows."""
        before = self._first.setdefault(key, row.number)
        if before == row.number:
            return True
        words = " / ".join(key)
        self.add(
            row,
            column,
            Text(
                f'"{words}" stands twice: rows {before} and {row.number}',
                f'"{words}" ganda: baris {before} dan {row.number}',
            ),
            Text("keep one of the two rows", "sisakan satu dari kedua baris"),
            "duplicate",
        )
        return False

    def parse(self, row: Row, column: str, parser: Callable[[str], _T]) -> _T | None:
        """Return the parsed cell, or None and a problem."""
        try:
            return parser(row[column])
        except PlanError as error:
            self.add(row, column, error.text, error.remedy, "table" if error.code == "plan" else error.code)
            return None


def _zones(sheet: Sheet, problems: Problems) -> dict[str, Zone]:
    read = _Reader(sheet, problems)
    zones = {}
    for row in sheet.rows:
        subzone = read.key(row, "subzone")
        protected = " ".join(re.split(r"[\s_-]+", row["protected"].casefold()))
        protected = protected.removeprefix("zona ").removeprefix("kawasan ")
        if protected not in _PROTECTED:
            read.add(
                row,
                "protected",
                Text(f'"{row["protected"]}" is neither', f'"{row["protected"]}" bukan keduanya'),
                Text(
                    "write lindung or budi-daya, or leave it empty",
                    "tulis lindung atau budi-daya, atau kosongkan",
                ),
            )
        colour = row["colour"] or None
        if colour and not _is_colour(colour):
            read.add(
                row,
                "colour",
                Text(f'"{colour}" is no colour', f'"{colour}" bukan warna'),
                Text(
                    'write "R,G,B" with 0 to 255, or #RRGGBB', 'tulis "R,G,B" dari 0 sampai 255, atau #RRGGBB'
                ),
            )
        if subzone and read.unique(row, "subzone", subzone):
            zones[subzone] = Zone(subzone, row["name"], row["zone"], _PROTECTED.get(protected), colour)
    return zones


def _is_colour(text: str) -> bool:
    rgb = _RGB.fullmatch(text)
    return bool(_HEX.fullmatch(text)) or (rgb is not None and all(int(part) <= 255 for part in rgb.groups()))


def _activities(sheet: Sheet, problems: Problems) -> dict[str, str]:
    read = _Reader(sheet, problems)
    activities = {}
    for row in sheet.rows:
        activity = read.key(row, "activity_id")
        if activity and read.unique(row, "activity_id", activity):
            activities[activity] = row["name"]
    return activities


def _kbli(sheet: Sheet, problems: Problems) -> dict[str, tuple[str, ...]]:
    read = _Reader(sheet, problems)
    found: dict[str, list[str]] = {}
    for row in sheet.rows:
        code, activity = read.key(row, "kbli"), read.key(row, "activity_id")
        if code and not (len(code) == 5 and code.isascii() and code.isdigit()):
            read.add(
                row,
                "kbli",
                Text(f'"{code}" is no KBLI of five digits', f'"{code}" bukan KBLI lima digit'),
                Text(
                    "write all five digits as text (spreadsheets drop leading zeros; a prefix is no verdict)",
                    "tulis kelima digit sebagai teks (Excel membuang nol di depan; awalan bukan putusan)",
                ),
                "kbli",
            )
        elif code and activity and read.unique(row, "kbli", code, activity):
            found.setdefault(code, []).append(activity)
    return {code: tuple(activities) for code, activities in found.items()}


def _itbx(sheet: Sheet, problems: Problems) -> tuple[dict[tuple[str, str], Cell], frozenset[str]]:
    read = _Reader(sheet, problems)
    columns = {name: as_text(name) or name for name in sheet.extra}
    cells: dict[tuple[str, str], Cell] = {}
    for row in sheet.rows:
        activity = read.key(row, "activity_id")
        if not activity or not read.unique(row, "activity_id", activity):
            continue
        for column, subzone in columns.items():
            cell = read.parse(row, column, parse_cell)
            if cell is not None:
                cells[activity, subzone] = cell
    return cells, frozenset(columns.values())


def _conditions(sheet: Sheet, problems: Problems) -> dict[str, Condition]:
    read = _Reader(sheet, problems)
    conditions = {}
    for row in sheet.rows:
        code = read.key(row, "code")
        test = read.parse(row, "test", parse_test)
        if code and not re.fullmatch(r"[TB][0-9]{1,3}[A-Z]?", code.upper()):
            read.add(
                row,
                "code",
                Text(f'"{code}" is no condition code', f'"{code}" bukan kode syarat'),
                Text("write T or B and a number, for example T1", "tulis T atau B dan angka, misalnya T1"),
            )
        elif code and read.unique(row, "code", code.upper()):
            conditions[code.upper()] = Condition(code.upper(), row["text"], row["legal"], test)
    return conditions


def _intensity(sheet: Sheet, problems: Problems) -> dict[str, tuple[Rung, ...]]:
    read = _Reader(sheet, problems)
    ladders: dict[str, list[Rung]] = {}
    for row in sheet.rows:
        subzone, road_key = read.key(row, "subzone"), read.key(row, "road_class")
        road_class = read.parse(row, "road_class", parse_road_class) if road_key else None
        bounds = _bounds(read, row)
        limits = {column: _limit(read, row, column) for column in LIMIT_COLUMNS}
        gsb_from = row["gsb_from"].casefold() or None
        if gsb_from == "-" and limits["gsb_min_m"].state is not State.VALUE:
            gsb_from = None
        if gsb_from is not None and gsb_from not in GSB_FROM:
            read.add(
                row,
                "gsb_from",
                Text(f'"{gsb_from}" is no line', f'"{gsb_from}" bukan garis acuan'),
                did_you_mean(gsb_from, GSB_FROM),
            )
            gsb_from = None
        if subzone is None or road_class is None or bounds is None:
            continue
        if read.unique(row, "parcel_min_m2", subzone, road_class, *(f"{bound:g}" for bound in bounds)):
            rung = Rung(subzone, road_class, *bounds, limits, gsb_from, row["legal"], row.number)
            ladders.setdefault(subzone, []).append(rung)
    return {subzone: tuple(rungs) for subzone, rungs in ladders.items()}


def _bounds(read: _Reader, row: Row) -> tuple[float, float] | None:
    """Return parcel_min and parcel_max in m2 (0 and inf where unbounded), or None where unreadable."""
    found = []
    for column, unbounded in (("parcel_min_m2", 0.0), ("parcel_max_m2", math.inf)):
        limit = _limit(read, row, column)
        if not read.key(row, column) or limit.state is State.MISSING:
            return None
        found.append(unbounded if limit.state is State.UNREGULATED else limit.constant)
    if found[0] >= found[1]:
        low, high = row["parcel_min_m2"], row["parcel_max_m2"]
        read.add(
            row,
            "parcel_max_m2",
            Text(f"{low} to {high} holds no parcel", f"{low} sampai {high} tidak memuat persil"),
            Text(
                "parcel_min must be smaller than parcel_max", "parcel_min harus lebih kecil dari parcel_max"
            ),
        )
        return None
    return found[0], found[1]


def _limit(read: _Reader, row: Row, column: str) -> Limit:
    """Return the limit of a cell; MISSING and a problem where it can not be read."""
    return read.parse(row, column, partial(parse_column_limit, column)) or MISSING


def _cases(sheet: Sheet, problems: Problems) -> tuple[Case, ...]:
    read = _Reader(sheet, problems)
    cases = []
    for row in sheet.rows:
        case_id, crs, verdict = (read.key(row, column) for column in ("id", "crs", "verdict"))
        if verdict and verdict not in VERDICTS:
            read.add(
                row,
                "verdict",
                Text(f'"{verdict}" is no verdict', f'"{verdict}" bukan putusan'),
                did_you_mean(verdict, VERDICTS),
            )
        if not row["wkt_parcel"] and not row["wkt_footprint"]:
            read.add(
                row,
                "wkt_parcel",
                Text("the case has no geometry", "kasus tidak punya geometri"),
                Text("give wkt_parcel or wkt_footprint", "isi wkt_parcel atau wkt_footprint"),
            )
        as_of = read.parse(row, "as_of", _parse_date)
        rules = read.parse(row, "rules", _parse_rules)
        if case_id and crs and verdict and read.unique(row, "id", case_id):
            options = {name: row[name] for name in PROPOSAL_OPTIONS if row[name]}
            cases.append(
                Case(
                    case_id,
                    row["wkt_parcel"],
                    row["wkt_footprint"],
                    crs,
                    options,
                    as_of,
                    verdict,
                    rules or (),
                    row.number,
                )
            )
    return tuple(cases)


def _parse_date(text: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise PlanError(
            Text(f'"{text}" is no date', f'"{text}" bukan tanggal'),
            remedy=Text("write it as 2026-11-24", "tulis seperti 2026-11-24"),
        ) from None


def _parse_rules(text: str) -> tuple[str, ...]:
    rules = tuple(word for word in re.split(r"[,;\s]+", text.upper()) if word)
    for rule in rules:
        if not _RULE.fullmatch(rule):
            raise PlanError(
                Text(f'"{rule}" is no rule code', f'"{rule}" bukan kode aturan'),
                remedy=Text("write codes such as INT001,KHS004", "tulis kode seperti INT001,KHS004"),
            )
    return rules


def _known_activities(sheet: Sheet, activities: Mapping[str, str], problems: Problems) -> None:
    """Report activities that activities.csv lacks."""
    read = _Reader(sheet, problems)
    for row in sheet.rows:
        activity = as_text(row["activity_id"])
        if activity and activity not in activities:
            read.add(
                row,
                "activity_id",
                Text(
                    f'activity "{activity}" is not in activities.csv',
                    f'kegiatan "{activity}" tidak ada di activities.csv',
                ),
                did_you_mean(activity, tuple(activities)[:20]) if activities else None,
                "activity-unknown",
            )
