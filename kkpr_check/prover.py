"""Proves that the tables of a plan answer every question once: no hole, no overlap, no contradiction.

Each proof yields `Problem` values with the frozen data codes of the contract (section 5a). Codes beyond the
first list: DAT310 cells-empty, DAT311 activity-without-kbli, DAT312 activity-without-row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from kkpr_check.errors import Place, Text
from kkpr_check.limitproofs import Level, Problem, limit_problems, without_law
from kkpr_check.phrases import counted
from kkpr_check.plan import LIMIT_COLUMNS, State, Tables

__all__ = ["Coverage", "Level", "Problem", "coverage", "prove"]

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the tables is filled in (`plan show`). Counts; limits are cells of intensity.csv."""

    subzones: int
    protected: int
    activities: int
    kbli: int
    conditions: int
    cases: int
    itbx_subzones: int
    itbx_cells: int
    itbx_filled: int
    itbx_letters: dict[str, int]
    intensity_subzones: int
    intensity_rows: int
    limits_given: int
    limits_unregulated: int
    limits_missing: int


def prove(
    tables: Tables,
    *,
    known_kbli: Collection[str] | None = None,
    folder: str = "",
    unread: Collection[tuple[str, str, str]] = (),
) -> tuple[Problem, ...]:
    """Return every defect of the tables, proof by proof.

    Parameters
    ----------
    tables
        The tables of one plan.
    known_kbli
        The official KBLI codes of the plan's edition, where the caller has them.
    folder
        Put before the file names in places.
    unread
        Cells (file name, row, column) that hold something nobody understands: they are not empty.
    """
    problems = [
        *_coverage_problems(tables),
        *limit_problems(tables, unread),
        *_condition_problems(tables),
        *_kbli_problems(tables, known_kbli),
        *_activity_problems(tables),
        *_empty_cells(tables, unread),
    ]
    if not folder:
        return tuple(problems)
    prefix = folder.rstrip("/") + "/"
    return tuple(replace(p, place=p.place._replace(file=prefix + (p.place.file or ""))) for p in problems)


def coverage(tables: Tables) -> Coverage:
    """Return how much of the tables is filled in."""
    rungs = [rung for ladder in tables.intensity.values() for rung in ladder]
    states = Counter(limit.state for rung in rungs for limit in rung.limits.values())
    activities = _itbx_activities(tables)
    return Coverage(
        subzones=len(tables.zones),
        protected=sum(zone.protected is True for zone in tables.zones.values()),
        activities=len(tables.activities),
        kbli=len(tables.kbli),
        conditions=len(tables.conditions),
        cases=len(tables.cases),
        itbx_subzones=len(tables.itbx_subzones),
        itbx_cells=len(activities) * len(tables.itbx_subzones),
        itbx_filled=len(tables.itbx),
        itbx_letters=dict(sorted(Counter(cell.letter for cell in tables.itbx.values()).items())),
        intensity_subzones=len(tables.intensity),
        intensity_rows=len(rungs),
        limits_given=states[State.VALUE],
        limits_unregulated=states[State.UNREGULATED],
        limits_missing=states[State.MISSING],
    )


def _itbx_activities(tables: Tables) -> set[str]:
    """Return the activities the matrix should answer for."""
    return set(tables.activities) | {activity for activity, _ in tables.itbx}


def _near(subzone: str, known: set[str]) -> Text | None:
    """Return the sub-zone that differs by its spelling only, as a question."""
    key = re.sub(r"[\s.\-_]", "", subzone).upper()
    same = [code for code in sorted(known) if re.sub(r"[\s.\-_]", "", code).upper() == key]
    return Text(f'did you mean "{same[0]}"?', f'maksudnya "{same[0]}"?') if same else None


def _coverage_problems(tables: Tables) -> Iterator[Problem]:
    """DAT302 and DAT303: sub-zones without rules, rules without sub-zone."""
    ruled = {"itbx.csv": set(tables.itbx_subzones), "intensity.csv": set(tables.intensity)}
    known = set(tables.zones) if "zones.csv" in tables.present else set().union(*ruled.values())
    for name, subzones in ruled.items():
        if name not in tables.present:
            yield Problem(
                "DAT302",
                "warning",
                Place(name),
                Text("the plan has no such table", "rencana tidak punya tabel ini"),
                Text(
                    "what it would decide stays undetermined", "yang diputus tabel ini tetap perlu verifikasi"
                ),
            )
            continue
        for subzone in _in_order(tables, known - subzones):
            yield _without_rules(
                tables, name, subzone, Text("has no rules here", "tidak punya aturan di sini")
            )
        for subzone in sorted(subzones - known):
            yield Problem(
                "DAT303",
                "error",
                _subzone_place(tables, name, subzone),
                Text(f"{subzone} is not in zones.csv", f"{subzone} tidak ada di zones.csv"),
                _near(subzone, known)
                or Text(
                    "add it to zones.csv, or correct the code",
                    "tambahkan ke zones.csv, atau betulkan kodenya",
                ),
            )
    filled = {subzone for _, subzone in tables.itbx}
    for subzone in _in_order(tables, (tables.itbx_subzones & known) - filled):
        yield _without_rules(
            tables, "itbx.csv", subzone, Text("has only empty cells", "hanya punya sel kosong")
        )


def _in_order(tables: Tables, subzones: Collection[str]) -> list[str]:
    order = {subzone: position for position, subzone in enumerate(tables.zones)}
    return sorted(subzones, key=lambda subzone: (order.get(subzone, len(order)), subzone))


def _subzone_place(tables: Tables, name: str, subzone: str) -> Place:
    if name == "itbx.csv":
        return Place(name, None, 1, subzone)
    rungs = tables.intensity.get(subzone)
    return Place(name, None, rungs[0].row if rungs else None, "subzone")


def _without_rules(tables: Tables, name: str, subzone: str, what: Text) -> Problem:
    zone = tables.zones.get(subzone)
    return Problem(
        "DAT302",
        "warning" if zone is not None and zone.protected else "error",
        _subzone_place(tables, name, subzone),
        Text(f"sub-zone {subzone} {what.en}", f"subzona {subzone} {what.id}"),
        Text("type in what the regulation says of it", "isi sesuai peraturannya"),
    )


def _condition_problems(tables: Tables) -> Iterator[Problem]:
    """DAT306 and DAT308: conditions without law, and codes of the matrix that nobody has written down."""
    for condition in tables.conditions.values():
        if not condition.legal:
            yield without_law(
                "warning", Place("conditions.csv", None, condition.code, "legal"), condition.code
            )
    used: dict[str, list[tuple[str, str]]] = {}
    bare = []
    for where, cell in tables.itbx.items():
        for code in cell.codes:
            used.setdefault(code, []).append(where)
        if not cell.codes and cell.letter in ("T", "B", "TB"):
            bare.append(where)
    for code, cells in sorted(used.items()):
        if code not in tables.conditions or not tables.conditions[code].text:
            yield Problem(
                "DAT308",
                "error",
                Place("itbx.csv", None, *cells[0]),
                Text(
                    f"condition {code} is not described ({counted(len(cells), 'cell', 'cells', 'sel').en})",
                    f"syarat {code} tidak dijelaskan ({len(cells)} sel)",
                ),
                Text(f"add {code} to conditions.csv", f"tambahkan {code} ke conditions.csv"),
            )
    if bare:
        yield Problem(
            "DAT308",
            "info",
            Place("itbx.csv", None, *bare[0]),
            Text(
                f"{counted(len(bare), 'cell says', 'cells say', '').en} T or B without a number",
                f"{len(bare)} sel berisi T atau B tanpa nomor",
            ),
            Text("write which conditions apply: T1, B2", "tulis syarat yang berlaku: T1, B2"),
        )


def _kbli_problems(tables: Tables, known_kbli: Collection[str] | None) -> Iterator[Problem]:
    """DAT309: KBLI that the classification or the matrix does not know."""
    in_matrix = {activity for activity, _ in tables.itbx}
    for code, activities in tables.kbli.items():
        place = Place("kbli.csv", None, code, "kbli")
        if known_kbli is not None and code not in known_kbli:
            yield Problem(
                "DAT309",
                "warning",
                place,
                Text(f"KBLI {code} is not in the classification", f"KBLI {code} tidak ada dalam klasifikasi"),
                Text("compare kbli_version in plan.toml", "periksa kbli_version di plan.toml"),
            )
        if "itbx.csv" in tables.present and not in_matrix.intersection(activities):
            words = ", ".join(activities)
            yield Problem(
                "DAT309",
                "warning",
                place,
                Text(
                    f"KBLI {code} leads to no ITBX row ({words})",
                    f"KBLI {code} tidak sampai ke baris ITBX ({words})",
                ),
                Text("its verdict stays undetermined", "putusannya tetap perlu verifikasi"),
            )


def _activity_problems(tables: Tables) -> Iterator[Problem]:
    """DAT311 and DAT312: activities that no KBLI reaches, or that the matrix says nothing of."""
    mapped = {activity for activities in tables.kbli.values() for activity in activities}
    in_matrix = {activity for activity, _ in tables.itbx}
    unreached = [activity for activity in tables.activities if activity not in mapped]
    silent = [activity for activity in tables.activities if activity not in in_matrix]
    if unreached and "kbli.csv" in tables.present:
        yield _listed(
            "DAT311",
            "info",
            "activities.csv",
            unreached,
            Text("activities have no KBLI", "kegiatan tanpa KBLI"),
            Text(
                "map them in kbli.csv, or select them with --activity",
                "petakan di kbli.csv, atau pilih dengan --activity",
            ),
        )
    if silent and "itbx.csv" in tables.present:
        yield _listed(
            "DAT312",
            "warning",
            "itbx.csv",
            silent,
            Text("activities have no ITBX cell", "kegiatan tanpa sel ITBX"),
            Text(
                "add their rows; until then they are undetermined",
                "tambahkan barisnya; sebelum itu perlu verifikasi",
            ),
        )


def _listed(code: str, level: Level, file: str, names: Sequence[str], what: Text, remedy: Text) -> Problem:
    shown = ", ".join(names[:_EXAMPLES]) + (", ..." if len(names) > _EXAMPLES else "")
    text = Text(f"{what.en}: {len(names)} ({shown})", f"{what.id}: {len(names)} ({shown})")
    return Problem(code, level, Place(file, None, names[0], "activity_id"), text, remedy, tuple(names))


def _empty_cells(tables: Tables, unread: Collection[tuple[str, str, str]]) -> Iterator[Problem]:
    """DAT310: how many cells nobody has typed in yet."""
    counts = coverage(tables)
    limits = counts.intensity_rows * len(LIMIT_COLUMNS)
    for file, cells, total in (
        ("itbx.csv", _empty_uses(tables), counts.itbx_cells),
        ("intensity.csv", _empty_limits(tables), limits),
    ):
        empty = len(cells) - sum(name == file for name, _, _ in unread)
        if empty > 0:
            yield Problem(
                "DAT310",
                "info",
                Place(file),
                Text(
                    f"{empty} of {total} cells {'is' if empty == 1 else 'are'} empty",
                    f"{empty} dari {total} sel kosong",
                ),
                Text(
                    "an empty cell is undetermined; - is not regulated",
                    "sel kosong perlu verifikasi; - tidak diatur",
                ),
                cells,
            )


def _empty_uses(tables: Tables) -> tuple[str, ...]:
    uses = product(sorted(_itbx_activities(tables)), sorted(tables.itbx_subzones))
    return tuple(
        f"{activity}/{subzone}" for activity, subzone in uses if (activity, subzone) not in tables.itbx
    )


def _empty_limits(tables: Tables) -> tuple[str, ...]:
    return tuple(
        f"{subzone}/{rung.road_class}/{rung.parcel_min_m2:g}/{column}"
        for subzone, rungs in tables.intensity.items()
        for rung in rungs
        for column, limit in rung.limits.items()
        if limit.state is State.MISSING
    )
