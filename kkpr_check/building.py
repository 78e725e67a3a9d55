"""Building findings (INT, TAB) of a block: the ladder's rungs, areas per zone, distances to road and parcel edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.frontage import Frontage, Network, Road
from kkpr_check.geometry import (
    EMPTY,
    Floats,
    deepest_m,
    overlap_of,
    remainder_of,
    round_m,
    union_of,
    without_noise,
)
from kkpr_check.model import Outcome, Site
from kkpr_check.phrases import Quantity
from kkpr_check.plan import LIMIT_COLUMNS, MISSING, ROAD_CLASSES, Limit, Plan, Rung, State, Tolerance
from kkpr_check.rules import RULES
from kkpr_check.rules.base import LimitColumn, Rule, fold
from kkpr_check.rules.rows import BalanceRows, BuildingRows, IntensityRows

INTENSITY_RULES = tuple(rule for rule in RULES if rule.block == "intensity")
BALANCE_RULES = tuple(rule for rule in RULES if rule.block == "balance")
BUILDING_RULES = tuple(rule for rule in RULES if rule.block == "building")

REFERENCES = ("road_axis", "road_edge", "parcel_edge")
REFERENCE_TEXT = {
    "road_axis": Text("the road axis", "as jalan"),
    "road_edge": Text("the road edge", "tepi jalan (rumija)"),
    "parcel_edge": Text("the front parcel edge", "batas depan persil"),
}
UNDRAWN_REACH_M = 15.0
"""How near a road of unknown width leaves the road reserve unknown."""
COLUMN = {
    "INT001": "kdb_max_pct", "INT002": "klb_max", "INT003": "kdh_min_pct", "INT004": "ktb_max_pct", "INT005": "lot_min_m2",
    "TAB001": "gsb_min_m", "TAB002": "side_min_m", "TAB003": "rear_min_m", "TAB004": "height_max_m", "TAB005": "floors_max",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ZonePart:
    """One sub-zone of one plan at a site: the parcel in it without refused parts, and the footprint in it.

    `refused` tells that all of it is refused; `parcel` is then the part itself.
    """

    plan: Plan
    subzone: str
    name: str
    parcel: Any
    footprint_m2: float
    refused: bool

    @property
    def asks_for_rumija(self) -> bool:
        """Tell whether some limit of the sub-zone depends on the width of the road in front."""
        rungs = self.plan.tables.intensity.get(self.subzone, ())
        return any(limit.rumija_factor for rung in rungs for limit in rung.limits.values())


@dataclass(frozen=True, slots=True)
class BuildingSite:
    """A site with what the land stage found: its zone parts, and the areas that decide the ladder's row.

    `lot_low_m2` is the approvable area, `lot_high_m2` the parcel without refused parts; they differ where a part is
    undetermined. `parcel` is the parcel without refused parts, or None.
    """

    site: Site
    parts: tuple[ZonePart, ...]
    parcel: Any | None
    approvable: Any
    lot_low_m2: float
    lot_high_m2: float
    frontage: Frontage | None
    network: Network
    tolerance: Tolerance

    @property
    def lots_m2(self) -> tuple[float, float]:
        """The least and the most that the lot may measure; as drawn where nothing is approvable yet."""
        return self.lot_low_m2 or self.lot_high_m2, self.lot_high_m2

    @property
    def judged(self) -> tuple[ZonePart, ...]:
        """The parts that are judged zone by zone: those under the footprint; in a land check those not refused."""
        if self.site.footprint is not None:
            return tuple(part for part in self.parts if part.footprint_m2 > 0)
        return self.kept

    @property
    def kept(self) -> tuple[ZonePart, ...]:
        """The parts of the parcel that are not refused; all of them where nothing else is left."""
        return tuple(part for part in self.parts if not part.refused) or self.parts

    @property
    def counted(self) -> tuple[tuple[ZonePart, ...], ...]:
        """What may count in totals: the parts that are not refused and, where less is approvable, that alone."""
        if self.approvable.is_empty or self.lot_low_m2 == self.lot_high_m2:
            return (self.kept,)
        sure = [replace(part, parcel=overlap_of(part.parcel, self.approvable)) for part in self.kept]
        return (self.kept, tuple(part for part in sure if part.parcel.area > 0) or self.kept)


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


@dataclass(slots=True)
class _Row:
    """A candidate: a part, a rung and a lot size that may apply, and (TAB001) what the GSB is measured from."""

    target: int
    site: int
    part: ZonePart
    rung: Rung | None
    lot_m2: float
    reference: str | None = None


def rungs_of(part: ZonePart, site: BuildingSite) -> tuple[list[Rung | None], tuple[str, ...]]:
    """Return the rungs that may apply, and the inputs that would tell them apart.

    Unknown road class: every class. Undetermined area: every size between what is approvable and what is not refused.
    None stands for a row that the ladder lacks, a limit nobody has typed in: a missing row must not help.
    """
    ladder = part.plan.tables.intensity.get(part.subzone, ())
    road_classes = _road_classes(ladder, site.site.proposal.road_class)
    low, high = site.lots_m2
    fitting: dict[int, Rung | None] = {}
    for road_class in road_classes:
        rungs = [r for r in ladder if r.fits_road(road_class) and _fits_size(r, low, high)]
        fitting |= {rung.row: rung for rung in rungs}
        if not rungs or not _filled(rungs, low, high):
            fitting[-1] = None
    unknown = ["road_class"] if len(road_classes) > 1 and len(fitting) > 1 else []
    if len(fitting) > 1 and (np.isnan(high) or high != low):
        unknown.append("parcel area")
    return list(fitting.values()), tuple(unknown)


def _road_classes(ladder: Sequence[Rung], given: str | None) -> list[str]:
    """Return the classes a road may have: the one given, or those of a family ("arteri").

    Without one: any, where the ladder does not ask; else all, toll and special roads only if the ladder names them.
    """
    if given is not None:
        return [name for name in ROAD_CLASSES if given == name or name.startswith(f"{given}-")]
    if all(rung.road_class == "*" for rung in ladder):
        return [ROAD_CLASSES[0]]
    return [
        name
        for name in ROAD_CLASSES
        if name not in ("tol", "khusus") or any(rung.road_class == name for rung in ladder)
    ]


def _fits_size(rung: Rung, low_m2: float, high_m2: float) -> bool:
    return bool(np.isnan(high_m2)) or (rung.parcel_min_m2 <= high_m2 and low_m2 < rung.parcel_max_m2)


def _filled(rungs: Sequence[Rung], low_m2: float, high_m2: float) -> bool:
    """Tell whether every size from `low_m2` to `high_m2` has a rung (any, where no parcel is known)."""
    if np.isnan(high_m2):
        return True
    reached = low_m2
    for rung in sorted(rungs, key=lambda r: r.parcel_min_m2):
        if rung.parcel_min_m2 <= reached:
            reached = max(reached, rung.parcel_max_m2)
    return reached > high_m2


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
        building, witnesses = _building_rows(sites, split)
        for rule in BUILDING_RULES:
            answers += _answers(
                rule, rule.check(building), building.target, split, parts, unknown, sites, witnesses
            )
    return answers


def _candidates(
    sites: Sequence[BuildingSite],
) -> tuple[list[_Row], list[tuple[int, ZonePart]], list[tuple[str, ...]]]:
    rows: list[_Row] = []
    parts: list[tuple[int, ZonePart]] = []
    unknown: list[tuple[str, ...]] = []
    for i, site in enumerate(sites):
        for part in site.judged:
            rungs, missing = rungs_of(part, site)
            lots = dict.fromkeys(site.lots_m2)
            rows += [_Row(len(parts), i, part, rung, lot) for rung in rungs for lot in lots]
            parts.append((i, part))
            unknown.append(missing)
    return rows, parts, unknown


def _with_reference(rows: Sequence[_Row]) -> list[_Row]:
    """Split rows whose rung does not say where the GSB is measured from: it may be any of the three."""
    split = []
    for row in rows:
        said = row.rung.gsb_from if row.rung else None
        for reference in [said] if said else REFERENCES if row.rung else [None]:
            split.append(_Row(row.target, row.site, row.part, row.rung, row.lot_m2, reference))
    return split


def _columns(rows: Sequence[_Row], names: Sequence[str]) -> dict[str, LimitColumn]:
    return {name: _column([_limit(row.rung, name) for row in rows], name) for name in names}


def _limit(rung: Rung | None, name: str) -> Limit:
    return MISSING if rung is None else rung.limits.get(name, MISSING)


def _column(
    limits: Sequence[Limit],
    name: str,
    rumija_m: Sequence[float] | None = None,
    told: Sequence[bool] | None = None,
) -> LimitColumn:
    """Return limits as a column, formulas of half the rumija with the width of the road in front.

    Parameters
    ----------
    rumija_m
        Width of the road in front, NaN where it is not known.
    told
        Rows in which a formula is told as it stands (land checks), so that an unknown width leaves nothing missing.
    """
    scale = 0.01 if name.endswith("_pct") else 1.0
    value, missing = np.full(len(limits), np.nan), np.zeros(len(limits), dtype=bool)
    for i, limit in enumerate(limits):
        width = rumija_m[i] if rumija_m is not None else np.nan
        value[i] = (limit.constant + (limit.rumija_factor * width if limit.rumija_factor else 0.0)) * scale
        formula_told = limit.rumija_factor and told is not None and told[i]
        missing[i] = limit.state is State.MISSING or (np.isnan(value[i]) and not formula_told)
    unregulated = np.array([limit.state is State.UNREGULATED for limit in limits], dtype=bool)
    return LimitColumn(np.where(unregulated, np.nan, value), missing & ~unregulated, unregulated)


def _intensity_rows(sites: Sequence[BuildingSite], rows: Sequence[_Row]) -> IntensityRows:
    n = len(rows)
    parcel, footprint, floor = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    lot, absent = np.full(n, np.nan), np.empty(n, dtype=np.int8)
    for i, row in enumerate(rows):
        site = sites[row.site]
        absent[i] = _absent(site)
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
        limits=_columns(rows, LIMIT_COLUMNS),
        absent=absent,
    )


def _absent(site: BuildingSite) -> Outcome:
    return Outcome.CONDITIONAL if site.site.footprint is None else Outcome.UNDETERMINED


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
    rows: Sequence[_Row],
    parts: Sequence[tuple[int, ZonePart]],
    unknown: Sequence[tuple[str, ...]],
    sites: Sequence[BuildingSite],
    witnesses: Any = None,
) -> list[Answer]:
    outcome, shown, mixed = fold(checked, target, len(parts), rule.operator)
    found = []
    for t, (i, part) in enumerate(parts):
        row = rows[shown[t]]
        measured = None if checked.measured is None else _number(checked.measured[shown[t]])
        limit = None if checked.limit is None else _number(checked.limit[shown[t]])
        legal = row.rung.legal if row.rung and row.rung.legal else part.plan.legal
        formula = _formula(rule, row) if limit is None and outcome[t] == Outcome.CONDITIONAL else None
        answer = Answer(i, rule, Outcome(outcome[t]), part, measured, formula or limit, legal)
        answer.values = {
            "reference": REFERENCE_TEXT.get(row.reference or ""),
            **_absolute(rule, answer, part),
        }
        if witnesses is not None:
            answer.witness = witnesses(rule, int(shown[t]))
        if answer.outcome is Outcome.UNDETERMINED:
            open_inputs = unknown[t] if mixed[t] else ()
            if mixed[t] and rule.code == "INT005" and len(set(sites[i].lots_m2)) > 1:
                open_inputs = tuple(dict.fromkeys((*open_inputs, "parcel area")))
            answer.missing = _missing(rule, answer, row, sites[i], open_inputs)
            if mixed[t] and row.rung and row.rung.gsb_from is None and rule.code == "TAB001":
                answer.missing += ("intensity.csv:gsb_from",)
        found.append(answer)
    return found


def _formula(rule: Rule, row: _Row) -> str | None:
    """Return a limit that depends on the road's width as the table writes it."""
    limit = _limit(row.rung, COLUMN[rule.code]) if rule.code in COLUMN else MISSING
    if not limit.rumija_factor:
        return None
    return f"{limit.rumija_factor:g}*rumija" + (f"+{limit.constant:g}" if limit.constant else "")


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
    rule: Rule, answer: Answer, row: _Row, site: BuildingSite, unknown: tuple[str, ...]
) -> tuple[str, ...]:
    column = COLUMN.get(rule.code)
    cell = _limit(row.rung, column) if column else None
    if cell is not None and cell.state is State.MISSING:
        where = f"intensity.csv:{row.part.subzone}" + (f":row {row.rung.row}" if row.rung else "")
        return (*unknown, f"{where}:{column}")
    if unknown:
        return unknown
    if site.site.parcel is None and rule.code not in ("TAB004", "TAB005", "TAB007"):
        return ("parcel",)
    if cell is not None and cell.rumija_factor and answer.limit is None:
        return ("road:width_m",)
    if rule.code in ("TAB001", "TAB002", "TAB003") and (site.frontage is None or not site.frontage.found):
        return ("road",)
    if rule.code == "TAB001" and answer.measured is None:
        return ("road:width_m",)
    if rule.code == "TAB007" and answer.measured is None:
        return ("road",)
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
    if outcome is Outcome.UNDETERMINED:
        unknown = tuple(dict.fromkeys(u for p in site.kept for u in rungs_of(p, site)[1])) or ("parcel area",)
        empty = tuple(
            f"intensity.csv:{p.subzone}:{COLUMN[rule.code]}"
            for p in site.kept
            if any(_limit(r, COLUMN[rule.code]).state is State.MISSING for r in rungs_of(p, site)[0])
        )
        if site.parcel is None:
            answer.missing = empty or ("parcel",)
        else:
            answer.missing = empty or (unknown if mixed else ())
    return answer


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
        limits = [_limit(rung, name) for rung in rungs_of(part, site)[0]]
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
    return _column(limits, "ratio")


def _building_rows(
    sites: Sequence[BuildingSite], rows: Sequence[_Row]
) -> tuple[BuildingRows, Callable[[Rule, int], Any]]:
    n = len(rows)
    front, band, rumija = np.full(n, np.nan), np.zeros(n), np.full(n, np.nan)
    front_line: list[Any] = [None] * n
    measures = {i: _site_measures(sites[i]) for i in {row.site for row in rows}}
    for r, row in enumerate(rows):
        site = sites[row.site]
        front[r], band[r], rumija[r], front_line[r] = _front(site, row)
    told = [sites[row.site].site.footprint is None for row in rows]

    def in_front(name: str) -> LimitColumn:
        return _column([_limit(row.rung, name) for row in rows], name, list(rumija), told)

    single = {key: np.array([measures[row.site][key] for row in rows], dtype=float) for key in _MEASURES}
    block = BuildingRows(
        target=np.array([row.target for row in rows], dtype=np.int64),
        front_m=front,
        front_limit=in_front("gsb_min_m"),
        front_band_m=band,
        side_m=single["side"],
        rear_m=single["rear"],
        height_m=single["height"],
        floors=single["floors"],
        outside_m2=single["outside"],
        reserve_depth_m=single["reserve"],
        reserve_band_m=single["band"],
        limits={
            **_columns(rows, ("height_max_m", "floors_max")),
            **{name: in_front(name) for name in ("side_min_m", "rear_min_m")},
        },
        absent=np.array([_absent(sites[row.site]) for row in rows], dtype=np.int8),
    )

    def witness(rule: Rule, row: int) -> Any:
        return front_line[row] if rule.code == "TAB001" else measures[rows[row].site].get(rule.code)

    return block, witness


_MEASURES = ("side", "rear", "height", "floors", "outside", "reserve", "band")


def _site_measures(site: BuildingSite) -> dict[str, Any]:
    """Return what is measured once a site: clearances, heights, area outside, depth in the road reserve."""
    nan, proposal, footprint = float("nan"), site.site.proposal, site.site.footprint
    found: dict[str, Any] = {
        "side": nan,
        "rear": nan,
        "height": nan if proposal.height_m is None else proposal.height_m,
        "floors": nan if proposal.floors is None else proposal.floors,
        "outside": nan,
        "reserve": nan,
        "band": 0.0,
    }
    if footprint is None:
        return found
    frontage = site.frontage
    if frontage is not None and frontage.found:
        for key, code, edges in (("side", "TAB002", frontage.side), ("rear", "TAB003", frontage.rear)):
            # An edge that does not exist (a parcel between two roads has no rear) leaves nothing to keep off from.
            found[key] = float(round_m(shapely.distance(footprint, edges))) if not edges.is_empty else np.inf
            found[code] = shapely.shortest_line(footprint, edges) if not edges.is_empty else None
    if site.site.parcel is not None:
        outside = without_noise(remainder_of(footprint, site.site.parcel), footprint.area, site.tolerance)
        found["outside"] = float(round_m(outside.area))
        found["TAB006"] = None if outside.is_empty else outside
    found["reserve"], found["band"], found["TAB007"] = _reserve(footprint, site.network, site.tolerance)
    return found


def _reserve(footprint: Any, network: Network, tolerance: Tolerance) -> tuple[float, float, Any]:
    """Return how deep a footprint reaches into a road reserve, the accuracy of that line, and the piece inside."""
    if not network.known:
        return float("nan"), 0.0, None
    worst: tuple[float, float, Any] = (0.0, 0.0, None)
    touched = network.areas[network.areas_near(footprint, 0.0)]
    if len(touched):
        drawn = union_of(touched)
        inside = without_noise(overlap_of(footprint, drawn), footprint.area, tolerance)
        if not inside.is_empty:
            depth = max(deepest_m(inside, shapely.boundary(drawn)), deepest_m(inside, footprint.boundary))
            all_of_it = inside.area >= footprint.area * (1 - 1e-6)
            worst = (float(round_m(depth)), 0.0 if all_of_it else float(network.area_ce90_m.min()), inside)
    doubt = False
    for i in network.lines_near(footprint, 60.0):
        width, distance = network.width_m[i], shapely.distance(footprint, network.lines[i])
        if np.isnan(width):
            doubt |= bool(distance < UNDRAWN_REACH_M) and _undrawn(network, int(i), footprint)
            continue
        depth = float(round_m(width / 2 - distance))
        band = min(float(network.line_ce90_m[i]), width / 4)
        if depth > 0 and (worst[0] == 0 or depth - band > worst[0] - worst[1]):
            strip = shapely.buffer(network.lines[i], width / 2, cap_style="flat")
            worst = (depth, band, overlap_of(footprint, strip))
    return (float("nan"), 0.0, None) if doubt and worst[0] == 0 else worst


def _undrawn(network: Network, line: int, footprint: Any) -> bool:
    """Tell whether a road of unknown width runs beside a footprint and no drawn road says how wide it is there."""
    beside = shapely.intersection(network.lines[line], shapely.buffer(footprint, UNDRAWN_REACH_M))
    return float(shapely.difference(beside, union_of(network.areas)).length) > 0


def _front(site: BuildingSite, row: _Row) -> tuple[float, float, float, Any]:
    """Return the tightest front: distance, accuracy band, rumija width and the line that shows it (NaN: not known)."""
    frontage, footprint = site.frontage, site.site.footprint
    if frontage is None or not frontage.found or row.reference is None:
        return float("nan"), 0.0, float("nan"), None
    limit = _limit(row.rung, "gsb_min_m")
    best: tuple[float, float, float, Any] | None = None
    tightest = np.inf
    for road in frontage.roads or (Road(None, None, float("nan"), 0.0, ""),):
        distance, band, line = _front_distance(footprint, frontage, road, row.reference)
        asked = limit.constant + (limit.rumija_factor * road.width_m if limit.rumija_factor else 0.0)
        margin = distance - asked
        if best is None or np.isnan(margin) or margin < tightest:
            best, tightest = (
                (distance, min(band, asked / 2), road.width_m, line),
                -np.inf if np.isnan(margin) else margin,
            )
        if np.isnan(margin):
            break
    return best or (float("nan"), 0.0, float("nan"), None)


def _front_distance(
    footprint: Any, frontage: Frontage, road: Road, reference: str
) -> tuple[float, float, Any]:
    if reference == "parcel_edge":
        target, less, band = frontage.front, 0.0, 0.0
    elif reference == "road_axis":
        target, less, band = road.line, 0.0, road.ce90_m
    elif road.area is not None:
        target, less, band = road.area, 0.0, road.ce90_m
    else:
        target, less, band = road.line, road.width_m / 2, road.ce90_m
    if target is None or footprint is None:
        return float("nan"), 0.0, None
    distance = max(float(shapely.distance(footprint, target)) - less, 0.0)
    return (distance if not np.isnan(less) else float("nan")), band, shapely.shortest_line(footprint, target)
