"""DAT301 to DAT313: what reading and proving the tables of a plan found, as findings; and sub-zones no feature has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

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
    for problem in prove(tables, known_kbli=known_kbli, folder=folder, unread=unread):
        found = from_place(problem.code, problem.level, problem.place, problem.text, problem.remedy)
        yield replace(found, members=problem.members)


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
