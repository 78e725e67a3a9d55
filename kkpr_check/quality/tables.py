"""DAT301 to DAT313: what reading and proving the tables of a plan found, as findings; and sub-zones no feature has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kkpr_check.errors import ErrorGroup, KkprError, Place, Text
from kkpr_check.plan import Tables
from kkpr_check.prover import prove
from kkpr_check.quality.findings import DataFinding, Level

CODES = tuple(f"DAT3{number:02d}" for number in range(1, 14))
_KEYS = {
    "zones.csv": "subzone", "activities.csv": "activity_id", "kbli.csv": "kbli", "itbx.csv": "activity_id",
    "conditions.csv": "code",
}  # fmt: skip
"""What names a row of a table, where a finding speaks of what the row says, not of the line it stands in."""
_LOOK = Text("see the guide of the plan folder", "lihat panduan folder rencana")


def table_findings(
    tables: Tables, errors: Iterable[KkprError], *, folder: str, known_kbli: Collection[str] | None
) -> Iterator[DataFinding]:
    """Yield the errors of reading (DAT301, DAT313) and every defect that the proofs find (DAT302 to DAT312)."""
    single = list(flattened(errors))
    for error in single:
        yield from_error(error, "DAT301" if _is_cell(error) else "DAT313")
    unread = {_cell(error.place) for error in single if error.place.row is not None and error.place.column}
    unproved = dict(unproved_codes(tables, single))
    for problem in prove(tables, known_kbli=known_kbli, folder=folder, unread=unread):
        blame = unproved.get(problem.code, ())
        if _name(problem.place) in blame or (blame and problem.code != "DAT302"):
            continue
        found = from_place(problem.code, problem.level, problem.place, problem.text, problem.remedy)
        yield replace(found, members=problem.members)


def unproved_codes(tables: Tables, errors: Iterable[KkprError]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the codes that nothing can be said of, each with the tables that could not be read at all."""
    rows: Mapping[str, Collection[Any]] = {
        "zones.csv": tables.zones, "activities.csv": tables.activities, "kbli.csv": tables.kbli,
        "itbx.csv": tables.itbx_subzones, "conditions.csv": tables.conditions, "intensity.csv": tables.intensity,
    }  # fmt: skip
    broken = {_name(error.place) for error in flattened(errors)}
    unread = {name for name, found in rows.items() if name in broken and not found}
    for code, needed in _NEEDS.items():
        if blame := tuple(name for name in needed if name in unread):
            yield code, blame


_NEEDS: Mapping[str, tuple[str, ...]] = {
    "DAT302": ("itbx.csv", "intensity.csv"),
    "DAT303": ("zones.csv",),
    "DAT308": ("itbx.csv", "conditions.csv"),
    "DAT309": ("itbx.csv", "kbli.csv"),
    "DAT311": ("kbli.csv", "activities.csv"),
    "DAT312": ("itbx.csv", "activities.csv"),
}
"""Proofs that hold one table against another: without it every row would look wrong."""


def unused_subzones(tables: Tables, used: Collection[str], *, folder: str) -> Iterator[DataFinding]:
    """Yield sub-zones of zones.csv that no feature of the map has (DAT303, information)."""
    for code in tables.zones:
        if code not in used:
            yield from_place(
                "DAT303",
                "info",
                Place(f"{folder.rstrip('/')}/zones.csv", None, code, "subzone"),
                Text(f"no feature of the map is {code}", f"tidak ada fitur peta berkode {code}"),
                Text(
                    "check the codes of the map, or leave the row out",
                    "periksa kode pada peta, atau hapus barisnya",
                ),
            )


def flattened(errors: Iterable[KkprError]) -> Iterator[KkprError]:
    """Yield the single errors of groups of groups."""
    for error in errors:
        if isinstance(error, ErrorGroup):
            yield from flattened(error.errors)
        else:
            yield error


def from_error(error: KkprError, code: str, level: Level = "error") -> DataFinding:
    """Return an error of a reader as a finding at its place."""
    return from_place(code, level, error.place, error.text, error.remedy or _LOOK)


def from_place(code: str, level: Level, place: Place, text: Text, remedy: Text) -> DataFinding:
    """Return a finding at a place of a file: its row is the feature, its column the field."""
    key = _KEYS.get(_name(place)) if isinstance(place.row, str) else None
    return DataFinding(
        code, level, text, remedy, file=place.file, layer=place.layer,
        feature=None if place.row is None else str(place.row), feature_field=key, field=place.column,
    )  # fmt: skip


def _name(place: Place) -> str:
    return (place.file or "").replace("\\", "/").rpartition("/")[2]


def _cell(place: Place) -> tuple[str, str, str]:
    return _name(place), str(place.row), place.column or ""


def _is_cell(error: KkprError) -> bool:
    return (error.place.file or "").endswith("itbx.csv") and error.place.row is not None
