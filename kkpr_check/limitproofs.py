"""Proofs over intensity.csv: one rung for every plot, limits that can be meant together, each with its law."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from kkpr_check.errors import Place, Text
from kkpr_check.ladders import Defect, ladder_defects
from kkpr_check.plan import LIMIT_COLUMNS, ROAD_CLASSES, Rung, State, Tables

Level = Literal["error", "warning", "info"]

NO_FRONTAGE = frozenset({"tol", "khusus"})
"""Road classes on which no plot needs to front: a hole there alone is a warning."""

SMALLEST_STOREY_M = 2.0
"""A height limit that leaves less than this a floor contradicts the floor limit."""

_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect of the tables; `members` names what a collected one speaks of."""

    code: str
    level: Level
    place: Place
    text: Text
    remedy: Text
    members: tuple[str, ...] = ()


def limit_problems(tables: Tables, unread: Collection[tuple[str, str, str]] = ()) -> Iterator[Problem]:
    """Yield the defects of intensity.csv (DAT304 to DAT307, and DAT310 for limits a sub-zone lacks)."""
    yield from _ladder_problems(tables)
    yield from _missing_limits(tables, unread)
    yield from _contradictions(tables)
    yield from _uneven_ladders(tables)
    yield from _uncited(tables)


def _ladder_problems(tables: Tables) -> Iterator[Problem]:
    """DAT304 and DAT305: holes and overlaps, each with its smallest plot."""
    for subzone, rungs in tables.intensity.items():
        for defect in ladder_defects(rungs):
            yield _overlap(subzone, defect) if defect.rungs else _hole(subzone, rungs, defect)


def _hole(subzone: str, rungs: Sequence[Rung], defect: Defect) -> Problem:
    before = [rung.row for rung in rungs if rung.parcel_max_m2 == defect.low_m2]
    plot, where, sizes = _area(defect.plot_m2), _roads(defect.road_classes), _range(defect)
    return Problem(
        "DAT304",
        "warning" if NO_FRONTAGE.issuperset(defect.road_classes) else "error",
        Place(
            "intensity.csv", None, before[-1] if before else rungs[0].row, _hole_column(defect, bool(before))
        ),
        Text(
            f"a plot of {plot.en} m² on {where.en} in {subzone} has no row ({sizes.en})",
            f"persil {plot.id} m² di {where.id} pada {subzone} tidak punya baris ({sizes.id})",
        ),
        Text("add a row, or extend the one before it", "tambahkan baris, atau perluas baris sebelumnya"),
    )


def _hole_column(defect: Defect, has_row_before: bool) -> str:
    if defect.low_m2 == 0 and defect.high_m2 == float("inf"):
        return "road_class"
    return "parcel_max_m2" if has_row_before else "parcel_min_m2"


_CORE = {"kdb_max_pct": "KDB", "klb_max": "KLB", "kdh_min_pct": "KDH"}
"""The limits that every sub-zone has, or says it has not."""


def _missing_limits(tables: Tables, unread: Collection[tuple[str, str, str]]) -> Iterator[Problem]:
    """DAT304: a plot whose row has no KDB where other plots have one; DAT310: sub-zones without any."""
    for column, name in _CORE.items():
        without = []
        for subzone, rungs in tables.intensity.items():
            empty = [
                rung
                for rung in rungs
                if rung.limits[column].state is State.MISSING
                and ("intensity.csv", str(rung.row), column) not in unread
            ]
            if len(empty) == len(rungs):
                without.append(subzone)
            else:
                yield from (_no_limit(subzone, rung, column, name) for rung in empty)
        if without:
            listed = ", ".join(without)
            yield Problem(
                "DAT310",
                "warning",
                Place("intensity.csv", None, tables.intensity[without[0]][0].row, column),
                Text(f"no {name} is typed in for {listed}", f"{name} belum diisi untuk {listed}"),
                _EMPTY,
                tuple(without),
            )


_EMPTY = Text("type it in, or write - where it is not regulated", "isi, atau tulis - bila tidak diatur")


def _no_limit(subzone: str, rung: Rung, column: str, name: str) -> Problem:
    roads = tuple(road for road in ROAD_CLASSES if rung.fits_road(road))
    here = Defect(rung.parcel_min_m2, rung.parcel_max_m2, (rung,), roads)
    plot, where, sizes = _area(here.plot_m2), _roads(roads), _range(here)
    return Problem(
        "DAT304",
        "warning",
        Place("intensity.csv", None, rung.row, column),
        Text(
            f"a plot of {plot.en} m² on {where.en} in {subzone} has no {name} ({sizes.en})",
            f"persil {plot.id} m² di {where.id} pada {subzone} tidak punya {name} ({sizes.id})",
        ),
        _EMPTY,
    )


def _overlap(subzone: str, defect: Defect) -> Problem:
    rows = ", ".join(str(rung.row) for rung in defect.rungs)
    count = len(defect.rungs)
    plot, where, sizes = _area(defect.plot_m2), _roads(defect.road_classes), _range(defect)
    return Problem(
        "DAT305",
        "error",
        Place("intensity.csv", None, defect.rungs[-1].row, "parcel_min_m2"),
        Text(
            f"a plot of {plot.en} m² on {where.en} in {subzone} has {count} rows: {rows} ({sizes.en})",
            f"persil {plot.id} m² di {where.id} pada {subzone} punya {count} baris: {rows} ({sizes.id})",
        ),
        Text(
            "let one row fit: parcel_min <= A < parcel_max", "satu baris saja: parcel_min <= L < parcel_max"
        ),
    )


def _area(area_m2: float) -> Text:
    """Return an area as both languages write it: 1,000.5 and 1.000,5."""
    english = f"{area_m2:,.4f}".rstrip("0").rstrip(".")
    return Text(english, english.translate(str.maketrans(",.", ".,")))


def _range(defect: Defect) -> Text:
    low = _area(defect.low_m2)
    if defect.high_m2 == float("inf"):
        return Text(f"from {low.en} m² up", f"mulai {low.id} m²")
    high = _area(defect.high_m2)
    return Text(f"{low.en} <= A < {high.en} m²", f"{low.id} <= L < {high.id} m²")


def _roads(road_classes: Sequence[str]) -> Text:
    if len(road_classes) == len(ROAD_CLASSES):
        return Text("any road", "jalan mana pun")
    words = ", ".join(road_classes)
    return Text(words, words)


def _rungs(tables: Tables) -> Iterator[Rung]:
    for ladder in tables.intensity.values():
        yield from ladder


def _number(rung: Rung, column: str) -> float | None:
    """Return a limit that is a plain number, else None."""
    limit = rung.limits[column]
    return limit.constant if limit.state is State.VALUE and limit.rumija_factor == 0 else None


def _contradictions(tables: Tables) -> Iterator[Problem]:
    """DAT307: limits of one row that can not all be meant."""
    for rung in _rungs(tables):
        kdb, klb, kdh = (_number(rung, column) for column in ("kdb_max_pct", "klb_max", "kdh_min_pct"))
        ktb, height, floors = (
            _number(rung, column) for column in ("ktb_max_pct", "height_max_m", "floors_max")
        )
        if kdb is not None and kdh is not None and kdb + kdh > 100 + _SLACK:
            yield _limits(rung, "kdh_min_pct", "error", f"KDB {kdb:g} + KDH {kdh:g} > 100%")
        if kdb is not None and klb is not None and klb < kdb / 100 - _SLACK:
            yield _limits(rung, "klb_max", "error", f"KLB {klb:g} < KDB {kdb:g}%")
        if ktb is not None and kdh is not None and ktb > 100 - kdh + _SLACK:
            yield _limits(rung, "ktb_max_pct", "warning", f"KTB {ktb:g} > 100 - KDH {kdh:g}%")
        if height is not None and floors is not None and height < SMALLEST_STOREY_M * floors - _SLACK:
            yield _limits(
                rung, "height_max_m", "warning", f"{height:g} m < {SMALLEST_STOREY_M:g} m x {floors:g}"
            )
        for column in ("kdb_max_pct", "kdh_min_pct", "ktb_max_pct"):
            percent = _number(rung, column)
            if percent is not None and 0 < percent < 1:
                yield _limits(rung, column, "warning", f"{percent:g}% ({percent * 100:g}% ?)")


def _limits(rung: Rung, column: str, level: Level, what: str) -> Problem:
    return Problem(
        "DAT307",
        level,
        Place("intensity.csv", None, rung.row, column),
        Text(f"limits contradict: {what}", f"ketentuan bertentangan: {what}"),
        Text("compare the row with the regulation", "bandingkan baris ini dengan peraturannya"),
    )


def _uneven_ladders(tables: Tables) -> Iterator[Problem]:
    """DAT307: a limit that goes both up and down while the parcel grows; that is most often a slip of the pen."""
    for ladder in tables.intensity.values():
        by_road: dict[str, list[Rung]] = {}
        for rung in sorted(ladder, key=lambda rung: rung.parcel_min_m2):
            by_road.setdefault(rung.road_class, []).append(rung)
        for rungs in by_road.values():
            for column in LIMIT_COLUMNS:
                yield from _uneven(rungs, column)


def _uneven(rungs: Sequence[Rung], column: str) -> Iterator[Problem]:
    steps = [(number, rung) for rung in rungs if (number := _number(rung, column)) is not None]
    numbers = [number for number, _ in steps]
    if numbers in (sorted(numbers), sorted(numbers, reverse=True)):
        return
    listed = ", ".join(f"{number:g}" for number in numbers)
    up = numbers[-1] > numbers[0]
    backwards = (b < a if up else b > a for a, b in pairwise(numbers))
    turn = 1 + list(backwards).index(True)
    rung = steps[turn][1]
    yield _limits(rung, column, "warning", f"{column} {listed}")


def _uncited(tables: Tables) -> Iterator[Problem]:
    """DAT306: numbers without the article of law they come from."""
    for rung in _rungs(tables):
        if not rung.legal and any(limit.state is not State.MISSING for limit in rung.limits.values()):
            yield without_law("error", Place("intensity.csv", None, rung.row, "legal"), rung.subzone)


def without_law(level: Level, place: Place, what: str) -> Problem:
    """Return the problem (DAT306) of a statement without a legal reference."""
    return Problem(
        "DAT306",
        level,
        place,
        Text(f"{what} has no legal reference", f"{what} tanpa dasar hukum"),
        Text(
            "write the article, for example Perbup 31/2024 Ps. 67",
            "tulis pasalnya, misalnya Perbup 31/2024 Ps. 67",
        ),
    )
