"""Building findings (INT, TAB) of a block: the ladder's rungs, areas per zone, distances to road and parcel edges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kkpr_check.candidates import (
    BuildingSite,
    Candidate,
    ZonePart,
    absent_of,
    column_of,
    columns,
    limit_of,
    rungs_of,
)
from kkpr_check.errors import Text
from kkpr_check.geometry import (
    EMPTY,
    Floats,
    overlap_of,
    remainder_of,
    round_m,
    union_of,
)
from kkpr_check.massing import building_rows
from kkpr_check.model import Outcome
from kkpr_check.phrases import Quantity
from kkpr_check.plan import LIMIT_COLUMNS, MISSING, Limit, State
from kkpr_check.rules import RULES
from kkpr_check.rules.base import LimitColumn, Rule, fold
from kkpr_check.rules.rows import BalanceRows, IntensityRows

INTENSITY_RULES = tuple(rule for rule in RULES if rule.block == "intensity")
BALANCE_RULES = tuple(rule for rule in RULES if rule.block == "balance")
BUILDING_RULES = tuple(rule for rule in RULES if rule.block == "building")

REFERENCES = ("road_axis", "road_edge", "parcel_edge")
REFERENCE_TEXT = {
    "road_axis": Text("the road axis", "as jalan"),
    "road_edge": Text("the road edge", "tepi jalan (rumija)"),
    "parcel_edge": Text("the front parcel edge", "batas depan persil"),
}
COLUMN = {
    "INT001": "kdb_max_pct", "INT002": "klb_max", "INT003": "kdh_min_pct", "INT004": "ktb_max_pct", "INT005": "lot_min_m2",
    "TAB001": "gsb_min_m", "TAB002": "side_min_m", "TAB003": "rear_min_m", "TAB004": "height_max_m", "TAB005": "floors_max",
}  # fmt: skip


@dataclass(slots=True)
class Answer:
    """One building answer before it becomes a finding."""

    site: int
    rule: Rule
    outcome: Outcome
    part: ZonePart | None
    measured: float | None
    limit: float | str | None
    legal: str
    values: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    witness: Any = None
    clear_m: float | None = None

    @property
    def limit_m2(self) -> float | None:
        """The limit in m2, where it is a share of an area."""
        absolute = self.values.get("absolute")
        return float(absolute.value) if isinstance(absolute, Quantity) else None


def judge_buildings(sites: Sequence[BuildingSite]) -> list[Answer]:
    """Judge every building rule for every site of the block."""
    rows, parts, unknown = _candidates(sites)
    answers: list[Answer] = []
    if rows:
        block = _intensity_rows(sites, rows)
        for rule in INTENSITY_RULES:
            answers += _answers(rule, rule.check(block), block.target, rows, parts, unknown, sites)
    answers += _judge_balance(sites, parts)
    split = _with_reference(rows)
    if split:
        building, witnesses, clear_m = building_rows(sites, split)
        for rule in BUILDING_RULES:
            answers += _answers(
                rule, rule.check(building), building.target, split, parts, unknown, sites, witnesses, clear_m
            )
    return answers


def _candidates(
    sites: Sequence[BuildingSite],
) -> tuple[list[Candidate], list[tuple[int, ZonePart]], list[tuple[str, ...]]]:
    rows: list[Candidate] = []
    parts: list[tuple[int, ZonePart]] = []
    unknown: list[tuple[str, ...]] = []
    for i, site in enumerate(sites):
        for part in site.judged:
            rungs, missing = rungs_of(part, site)
            lots = dict.fromkeys(site.lots_m2)
            rows += [Candidate(len(parts), i, part, rung, lot) for rung in rungs for lot in lots]
            parts.append((i, part))
            unknown.append(missing)
    return rows, parts, unknown


def _with_reference(rows: Sequence[Candidate]) -> list[Candidate]:
    """Split rows whose rung does not say where the GSB is measured from: it may be any of the three."""
    split = []
    for row in rows:
        said = row.rung.gsb_from if row.rung else None
        for reference in [said] if said else REFERENCES if row.rung else [None]:
            split.append(Candidate(row.target, row.site, row.part, row.rung, row.lot_m2, reference))
    return split


def _intensity_rows(sites: Sequence[BuildingSite], rows: Sequence[Candidate]) -> IntensityRows:
    n = len(rows)
    parcel, footprint, floor = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    lot, absent = np.full(n, np.nan), np.empty(n, dtype=np.int8)
    for i, row in enumerate(rows):
        site = sites[row.site]
        absent[i] = absent_of(site)
        lot[i] = row.lot_m2
        if site.parcel is not None:
            parcel[i] = round_m(row.part.parcel.area)
        if site.site.footprint is not None:
            footprint[i] = round_m(row.part.footprint_m2 + _existing_in(site, row.part))
        floor[i] = _floor_share(site, row.part)
    return IntensityRows(
        target=np.array([row.target for row in rows], dtype=np.int64),
        parcel_part_m2=parcel,
        footprint_part_m2=footprint,
        floor_part_m2=floor,
        lot_m2=lot,
        limits=columns(rows, LIMIT_COLUMNS),
        absent=absent,
    )


def _existing_in(site: BuildingSite, part: ZonePart) -> float:
    """Return the area of existing buildings in a part that the footprint does not cover anyway."""
    if site.site.existing is None:
        return 0.0
    standing = remainder_of(site.site.existing, site.site.footprint or EMPTY)
    return float(overlap_of(standing, part.parcel).area)


def _floor_share(site: BuildingSite, part: ZonePart) -> float:
    """Return the floor area in a zone: shared by footprint area, in a land check by parcel area."""
    total = site.site.proposal.floor_area_m2
    if total is None:
        return float("nan")
    weights = {
        id(p): p.footprint_m2 if site.site.footprint is not None else p.parcel.area for p in site.judged
    }
    whole = sum(weights.values())
    return total * weights[id(part)] / whole if whole else float("nan")


def _answers(
    rule: Rule,
    checked: Any,
    target: Any,
    rows: Sequence[Candidate],
    parts: Sequence[tuple[int, ZonePart]],
    unknown: Sequence[tuple[str, ...]],
    sites: Sequence[BuildingSite],
    witnesses: Any = None,
    clear_m: Any = None,
) -> list[Answer]:
    outcome, shown, mixed = fold(checked, target, len(parts), rule.operator)
    measures, limits = _numbers(checked.measured, shown), _numbers(checked.limit, shown)
    found = []
    for t, (i, part) in enumerate(parts):
        row, measured, limit = rows[shown[t]], measures[t], limits[t]
        legal = row.rung.legal if row.rung and row.rung.legal else part.plan.legal
        formula = _formula(rule, row) if limit is None and outcome[t] == Outcome.CONDITIONAL else None
        answer = Answer(i, rule, Outcome(outcome[t]), part, measured, formula or limit, legal)
        answer.values = {
            "reference": REFERENCE_TEXT.get(row.reference or ""),
            **_absolute(rule, answer, part),
        }
        if witnesses is not None:
            answer.witness = witnesses(rule, int(shown[t]))
            answer.clear_m = _number(clear_m[shown[t]])
        if answer.outcome is Outcome.UNDETERMINED:
            open_inputs = unknown[t] if mixed[t] else ()
            if mixed[t] and rule.code == "INT005" and len(set(sites[i].lots_m2)) > 1:
                open_inputs = tuple(dict.fromkeys((*open_inputs, "parcel area")))
            answer.missing = _missing(rule, answer, row, sites[i], open_inputs)
            if mixed[t] and row.rung and row.rung.gsb_from is None and rule.code == "TAB001":
                answer.missing += ("intensity.csv:gsb_from",)
        found.append(answer)
    return found


def _formula(rule: Rule, row: Candidate) -> str | None:
    """Return a limit that depends on the road's width as the table writes it."""
    limit = limit_of(row.rung, COLUMN[rule.code]) if rule.code in COLUMN else MISSING
    if not limit.rumija_factor:
        return None
    return f"{limit.rumija_factor:g}*rumija" + (f"{limit.constant:+g}" if limit.constant else "")


def _numbers(values: Floats | None, rows: Any) -> list[float | None]:
    """Return the numbers of some rows, None where there is none."""
    if values is None:
        return [None] * len(rows)
    return [value if math.isfinite(value) else None for value in values[rows].tolist()]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _absolute(rule: Rule, answer: Answer, part: ZonePart) -> dict[str, Any]:
    """Return the limit in m2 of this part, and by how much the measured value is over or short."""
    if not isinstance(answer.limit, float):
        return {}
    per = part.parcel.area if rule.code in ("INT001", "INT002") else None
    values: dict[str, Any] = {}
    if per is not None:
        values["absolute"] = Quantity(answer.limit * per, "m2")
    if answer.measured is not None:
        excess = abs(answer.measured - answer.limit)
        values["excess"] = (
            Quantity(excess * per, "m2") if per is not None else Quantity(excess, rule.unit or "")
        )
    return values


INPUT = {
    "INT001": "parcel",
    "INT002": "floor_area_m2",
    "TAB004": "height_m",
    "TAB005": "floors",
    "TAB006": "parcel",
}


def _missing(
    rule: Rule, answer: Answer, row: Candidate, site: BuildingSite, unknown: tuple[str, ...]
) -> tuple[str, ...]:
    column = COLUMN.get(rule.code)
    cell = limit_of(row.rung, column) if column else None
    if cell is not None and cell.state is State.MISSING:
        where = f"intensity.csv:{row.part.subzone}" + (f":row {row.rung.row}" if row.rung else "")
        return (*unknown, f"{where}:{column}")
    if unknown:
        also = INPUT.get(rule.code) if site.site.footprint is not None and answer.measured is None else None
        return unknown if also in (None, "parcel") else (*unknown, also)
    if site.site.parcel is None and rule.code not in ("TAB004", "TAB005", "TAB007"):
        return ("parcel",)
    if rule.code in ("TAB001", "TAB002", "TAB003") and (site.frontage is None or not site.frontage.found):
        return ("road",)
    if cell is not None and cell.rumija_factor and answer.limit is None:
        return ("road:width_m",)
    if rule.code == "TAB001" and answer.measured is None:
        return ("road:width_m",)
    if rule.code == "TAB007" and answer.measured is None:
        return ("road:width_m",) if site.network.known else ("road",)
    name = INPUT.get(rule.code)
    return (name,) if name and answer.measured is None else ()


def _judge_balance(sites: Sequence[BuildingSite], parts: Sequence[tuple[int, ZonePart]]) -> list[Answer]:
    """Judge green and basement totals.

    The candidates of a site: every zone at its least and at its most, with and without what is undetermined.
    """
    judged = [i for i, site in enumerate(sites) if site.kept]
    if not judged:
        return []
    rows = [
        (t, i, counted, pick)
        for t, i in enumerate(judged)
        for counted in sites[i].counted
        for pick in (min, max)
    ]
    n = len(rows)
    parcel, open_, green, basement = (np.full(n, np.nan) for _ in range(4))
    needed, allowed = [], []
    for r, (_, i, counted, pick) in enumerate(rows):
        site = sites[i]
        proposal = site.site.proposal
        if site.parcel is not None:
            parcel[r] = round_m(sum(p.parcel.area for p in counted))
            built = [g for g in (site.site.footprint, site.site.existing) if g is not None]
            if site.site.footprint is not None or site.site.existing is not None:
                open_[r] = round_m(remainder_of(union_of([p.parcel for p in counted]), union_of(built)).area)
            else:
                open_[r] = parcel[r]
        green[r] = np.nan if proposal.green_area_m2 is None else proposal.green_area_m2
        basement[r] = np.nan if proposal.basement_area_m2 is None else proposal.basement_area_m2
        needed.append(_total(site, counted, "kdh_min_pct", pick, unregulated_is=0.0))
        allowed.append(_total(site, counted, "ktb_max_pct", pick, unregulated_is=1.0))
    block = BalanceRows(
        target=np.array([t for t, *_ in rows], dtype=np.int64),
        parcel_m2=parcel,
        open_m2=open_,
        green_m2=green,
        basement_m2=basement,
        needed_ratio=_limits(needed),
        allowed_ratio=_limits(allowed),
    )
    found = []
    for rule in BALANCE_RULES:
        checked = rule.check(block)
        outcome, shown, mixed = fold(checked, block.target, len(judged), rule.operator)
        for t, i in enumerate(judged):
            assert checked.measured is not None and checked.limit is not None
            found.append(
                _balance_answer(
                    rule, sites[i], i, Outcome(outcome[t]), checked, int(shown[t]), bool(mixed[t]), parcel
                )
            )
    return found


def _balance_answer(
    rule: Rule,
    site: BuildingSite,
    i: int,
    outcome: Outcome,
    checked: Any,
    row: int,
    mixed: bool,
    parcel_m2: Floats,
) -> Answer:
    measured, limit = _number(checked.measured[row]), _number(checked.limit[row])
    rungs = [rung for part in site.kept for rung in rungs_of(part, site)[0] if rung]
    legal = "; ".join(dict.fromkeys(r.legal for r in rungs if r.legal)) or site.kept[0].plan.legal
    part = site.kept[0] if len(site.kept) == 1 else None
    answer = Answer(i, rule, outcome, part, measured, limit, legal)
    if limit is not None and np.isfinite(parcel_m2[row]):
        answer.values["absolute"] = Quantity(limit * float(parcel_m2[row]), "m2")
        if measured is not None:
            answer.values["excess"] = Quantity(abs(measured - limit) * float(parcel_m2[row]), "m2")
    answer.values["zone_limits"] = tuple(_zone_limits(site, COLUMN[rule.code]))
    if outcome is Outcome.UNDETERMINED:
        unknown = tuple(dict.fromkeys(u for p in site.kept for u in rungs_of(p, site)[1])) or ("parcel area",)
        empty = tuple(
            f"intensity.csv:{p.subzone}:{COLUMN[rule.code]}"
            for p in site.kept
            if any(limit_of(r, COLUMN[rule.code]).state is State.MISSING for r in rungs_of(p, site)[0])
        )
        if site.parcel is None:
            answer.missing = empty or ("parcel",)
        else:
            answer.missing = empty or (unknown if mixed else ())
    return answer


def _zone_limits(site: BuildingSite, name: str) -> Iterator[tuple[str, float]]:
    """Yield the share that each sub-zone asks for or allows, where one limit alone may apply there."""
    for part in site.kept:
        limits = {limit_of(rung, name) for rung in rungs_of(part, site)[0]}
        if len(limits) == 1 and (limit := limits.pop()).state is State.VALUE:
            yield part.subzone, limit.constant / 100


def _total(
    site: BuildingSite,
    parts: Sequence[ZonePart],
    name: str,
    pick: Callable[..., float],
    *,
    unregulated_is: float,
) -> Limit:
    """Return sum(limit x part) / sum(part) as a ratio, every zone at its least or most candidate."""
    weighted = area = 0.0
    states = set()
    for part in parts:
        limits = [limit_of(rung, name) for rung in rungs_of(part, site)[0]]
        states |= {limit.state for limit in limits}
        if any(limit.state is State.MISSING for limit in limits):
            return MISSING
        values = [
            unregulated_is if limit.state is State.UNREGULATED else limit.constant / 100 for limit in limits
        ]
        weight = part.parcel.area if site.parcel is not None else part.footprint_m2
        weighted, area = weighted + pick(values) * weight, area + weight
    if states == {State.UNREGULATED}:
        return Limit(State.UNREGULATED)
    return Limit(State.VALUE, weighted / area) if area else MISSING


def _limits(limits: Sequence[Limit]) -> LimitColumn:
    return column_of(limits, "ratio")
