"""Parcels that are alike are judged once: the engine answers for one of a class, arrays fill in what was measured.

The words of a land check's row (verdict, rule codes, pathway) are a function of few facts: the proposal, which sub-zones
and overlay areas the parcel has a part in, what each rule says of each part, what is refused or in doubt, and between
which limits of the ladders its areas lie. Parcels that agree in all of that are one class: the engine judges the first of
them, and what it says is taken for the others, if its numbers are those that the arrays found for it. Areas, shares and
flip distances are measured for each parcel, in arrays. What does not fit (buildings, setbacks that do not hold, several
plans that share a parcel) is left to the engine, parcel by parcel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check import engine
from kkpr_check.adverse import PASS_REACH_CE90
from kkpr_check.batch.placing import Bools, Floats, Ints, Layer, Parcels, Placed, Refused
from kkpr_check.batch.plans import MemoryPlan
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.table import COLUMNS, RATIO_DECIMALS, BlockRows, share_text
from kkpr_check.candidates import limit_of
from kkpr_check.features import Objects, PlanWindow
from kkpr_check.geometry import REL_TOL, lasting, overlap_of, remainder_of, round_m, unions_by
from kkpr_check.land import OVERLAY_RULES, USE_RULES
from kkpr_check.ledger import Parts
from kkpr_check.model import Outcome, Proposal, Verdict
from kkpr_check.overlay import Strip, sources_of, strips_of
from kkpr_check.plan import LIMIT_COLUMNS, Limit, Rung, State
from kkpr_check.rules import BY_CODE, RULES
from kkpr_check.rules.base import Codes, Rule, fold
from kkpr_check.rules.overlays import strip as judge_strip
from kkpr_check.rules.rows import SiteRows
from kkpr_check.uses import use_of, use_rows, with_front_classes
from kkpr_check.zoning import feature_groups, holding_features

AT_ONCE = 240
"""New classes that the engine is asked about together."""
AREA_M2, DEPTH_M = 2e-4, 3e-4
"""By how much a number of the engine may differ from the same in the arrays: both round to 1e-4."""
TRACE_M2 = 1e-4
SHARE = 1e-5
_ORDER = {rule.code: n for n, rule in enumerate(RULES)}
WORDS = ("verdict", "pathway", "plan", "footprint_area_m2", "fail", "undetermined", "conditional", "message")
"""Columns that a class has in common; all others are measured for each parcel."""


class Zoning:
    """The zoning of one plan, and what each proposal comes to in each of its sub-zones; `offset` numbers them on."""

    def __init__(self, window: PlanWindow, offset: int) -> None:
        self.window, self.offset = window, offset
        self.subzones, names, group = feature_groups(window)
        self.holding = holding_features(window, self.subzones, names, group)
        self.layer = Layer(window.zoning, group, window.plan.tolerance)
        claims = [g for spec in window.plan.layers_of("boundary") for g in window.layers[spec.id].geometry]
        self.claims = shapely.STRtree(claims)
        self._outcomes: dict[Proposal, Codes] = {}

    def outcomes(self, proposal: Proposal) -> Codes:
        """Return the outcome of each use rule in each sub-zone, ``(rules, sub-zones)``."""
        if proposal not in self._outcomes:
            plan = self.window.plan
            rows = use_rows([proposal], [use_of(proposal, plan.tables)], plan, self.subzones, [True])
            self._outcomes[proposal] = np.stack(
                [fold(rule.check(rows), rows.target, len(self.subzones))[0] for rule in USE_RULES]
            )
        return self._outcomes[proposal]

    def decided(self, proposal: Proposal) -> Bools:
        """Tell in which sub-zones some cell of the matrix speaks of the proposal."""
        tables = self.window.plan.tables
        uses = use_of(proposal, tables).activities
        return np.array([any((a, s) in tables.itbx for a in uses) for s in self.subzones], dtype=bool)

    def size_cell(self, group: Ints, area_m2: Floats) -> Ints:
        """Return the range of each lot size, within which no limit of the sub-zone's ladder tells a difference."""
        cell = np.zeros(len(group), dtype=np.int64)
        for g in np.unique(group):
            rungs = self.window.plan.tables.intensity.get(self.subzones[g], ())
            ends, least = _ends(rungs), _least_lots(rungs)
            mine = group == g
            area = area_m2[mine]
            enough = [area - lot >= -REL_TOL * np.maximum(abs(lot), area) for lot in least]
            cell[mine] = np.searchsorted(ends, area, side="right") * (len(least) + 1) + sum(enough)
        return cell

    @cached_property
    def ladder(self) -> Ints:
        """Sub-zones whose ladders tell a land check the same have one number, ``(2, sub-zones)``.

        First without what height and floors are compared with, then with it.
        """
        known: dict[Any, int] = {}
        tables = self.window.plan.tables.intensity
        return np.array(
            [
                [
                    known.setdefault(_steps(tables.get(subzone, ()), tall), len(known))
                    for subzone in self.subzones
                ]
                for tall in (False, True)
            ],
            dtype=np.int64,
        )

    @property
    def asks_too_much(self) -> bool:
        """Tell whether some KDH is more than all of a parcel: what it comes to would depend on areas."""
        rungs = [rung for ladder in self.window.plan.tables.intensity.values() for rung in ladder]
        kdh = [rung.limits["kdh_min_pct"] for rung in rungs if "kdh_min_pct" in rung.limits]
        return any(limit.state is State.VALUE and not limit.constant <= 100 for limit in kdh)


def _steps(ladder: Sequence[Rung], tall: bool) -> tuple[Any, ...]:
    """Return what of a ladder can change the outcome of a rule in a land check, sizes as their rank in it."""
    ends, lots = _ends(ladder), _least_lots(ladder)

    def told(name: str, limit: Limit) -> Any:
        if limit.state is not State.VALUE:
            return None
        if name == "lot_min_m2":
            return int(np.searchsorted(lots, limit.constant))
        if name == "kdh_min_pct":
            return limit.constant == 0
        return limit.constant if tall and name in ("height_max_m", "floors_max") else None

    return tuple(
        (
            rung.road_class,
            *np.searchsorted(ends, [rung.parcel_min_m2, rung.parcel_max_m2]).tolist(),
            rung.gsb_from,
            *(
                (limit.state, limit.rumija_factor, told(name, limit))
                for name in LIMIT_COLUMNS
                for limit in [limit_of(rung, name)]
            ),
        )
        for rung in ladder
    )


def _ends(ladder: Sequence[Rung]) -> Floats:
    """Return the parcel sizes at which a ladder changes."""
    return np.unique([m for rung in ladder for m in (rung.parcel_min_m2, rung.parcel_max_m2)])


def _least_lots(ladder: Sequence[Rung]) -> Floats:
    """Return the least lot sizes that a ladder asks for."""
    lots = [rung.limits["lot_min_m2"] for rung in ladder if "lot_min_m2" in rung.limits]
    return np.unique([lot.constant for lot in lots if lot.state is State.VALUE])


@dataclass
class Area:
    """One source of an overlay rule: its areas and what each value says."""

    rule: str
    layer: Layer
    outcome: Codes


@dataclass(frozen=True, slots=True)
class Answer:
    """What all parcels of a class share; `in_doubt` where nothing of them is approvable whatever their parts."""

    values: dict[str, Any]
    in_doubt: bool


@dataclass
class Plain:
    """What is kept between blocks: plans prepared, proposals numbered, classes answered (None: left to the engine)."""

    plans: Sequence[MemoryPlan]
    work_crs: str
    options: engine.Options
    answers: dict[bytes, Answer | None] = field(default_factory=dict)
    numbers: dict[Proposal, int] = field(default_factory=dict)
    rest: dict[Proposal, int] = field(default_factory=dict)

    @cached_property
    def windows(self) -> list[PlanWindow]:
        """The whole plans that judge, the first to decide first."""
        whole = [plan.whole(self.work_crs) for plan in self.plans]
        used, _ = engine.in_force(whole, self.options)
        return sorted((with_front_classes(w) for w in used), key=lambda w: w.plan.order)

    @cached_property
    def possible(self) -> bool:
        """Whether all layers are areas as the kernels take them, and no limit hangs on more than the facts of a class."""
        if self.options.strict_accuracy or not self.windows:
            return False
        shapes = [w.zoning.geometry for w in self.windows]
        for window in self.windows:
            for rule in OVERLAY_RULES:
                shapes += [source.features.geometry for source in sources_of(rule, window)]
        areal = all(np.isin(shapely.get_type_id(g), (3, 6)).all() and len(g) for g in shapes)
        return areal and not any(zoning.asks_too_much for zoning in self.zonings)

    @cached_property
    def zonings(self) -> list[Zoning]:
        """The zoning of each plan."""
        found: list[Zoning] = []
        for window in self.windows:
            found.append(Zoning(window, sum(len(zoning.subzones) for zoning in found)))
        return found

    @cached_property
    def subzones(self) -> Objects:
        """The sub-zones of all plans, by their number."""
        return np.array([s for zoning in self.zonings for s in zoning.subzones], dtype=object)

    @cached_property
    def areas(self) -> list[Area]:
        """The areas of all overlay rules of all plans."""
        return [
            Area(rule.code, Layer(s.features, s.group, w.plan.tolerance), s.outcome)
            for w in self.windows
            for rule in OVERLAY_RULES
            for s in sources_of(rule, w)
        ]

    @cached_property
    def strips(self) -> list[tuple[Rule, Strip, shapely.STRtree]]:
        """The lines and banks to keep off from."""
        return [
            (rule, strip, shapely.STRtree(strip.features.geometry))
            for w in self.windows
            for rule in OVERLAY_RULES
            for strip in strips_of(rule, w)
        ]

    @cached_property
    def buildings(self) -> list[shapely.STRtree]:
        """The buildings that the plans know."""
        return [
            shapely.STRtree(plan.layer(spec, self.work_crs).geometry)
            for plan in self.plans
            for spec in plan.plan.layers_of("building")
        ]

    def number(self, proposals: Objects) -> tuple[Ints, Bools]:
        """Return a number for each proposal without their legal area, and tell which have no areas of their own to judge."""
        seen: dict[int, tuple[int, bool]] = {}
        found = np.empty(len(proposals), dtype=np.int64)
        simple = np.empty(len(proposals), dtype=bool)
        for row, proposal in enumerate(proposals):
            key = id(proposal)
            if key not in seen:
                bare = proposal if proposal.legal_area_m2 is None else replace(proposal, legal_area_m2=None)
                sizes = (proposal.floor_area_m2, proposal.basement_area_m2, proposal.green_area_m2)
                number = self.numbers.setdefault(bare, len(self.numbers))
                seen[key] = number, all(size is None for size in sizes)
            found[row], simple[row] = seen[key]
        return found, simple


def judge_alike(
    sites: SiteBlock, plain: Plain, exact: Callable[[SiteBlock], BlockRows], near_building: Bools | None
) -> BlockRows | None:
    """Return the rows of the parcels that are judged by class; `row` says which of `sites` those are.

    Parameters
    ----------
    exact
        Lets the engine judge sites one by one.
    near_building
        Sites with a building of ``--existing`` about; None without the option.

    Returns
    -------
    BlockRows or None
        None where there is none.
    """
    if not plain.possible:
        return None
    member, proposal = _candidates(sites, plain)
    if near_building is not None:
        member = member[~near_building[member]]
    for tree in plain.buildings:
        member = np.delete(member, np.unique(tree.query(sites.parcel[member])[0]))
    if not len(member):
        return None
    rows = _Facts(plain, sites.take(member), proposal[member]).rows(exact)
    if rows is not None:
        rows.row = member[rows.row]
    return rows


def _candidates(sites: SiteBlock, plain: Plain) -> tuple[Ints, Ints]:
    """Return the sites that ask for nothing but the land, and the number of every proposal."""
    keep = np.isin(shapely.get_type_id(sites.parcel), (3, 6)) & ~shapely.is_empty(sites.parcel)
    for column in (sites.footprint, sites.existing):
        if column is not None:
            keep &= shapely.is_missing(column)
    for some in (sites.doubt, sites.candidates):
        keep[list(some or ())] = False
    proposal, simple = plain.number(sites.proposal)
    return np.flatnonzero(keep & simple), proposal


class _Facts:
    """What is found of the parcels of one block, step by step; those that stay `clear` are judged here.

    Arrays run over the parcels, or over the rows of `parts`: what is more than noise of each parcel in each sub-zone of
    the plan that decides it, sub-zones numbered through all plans.
    """

    parts: Parts

    def __init__(self, plain: Plain, sites: SiteBlock, proposal: Ints) -> None:
        self.plain, self.sites = plain, sites
        self.parcels = Parcels.of(sites.parcel)
        n = len(sites)
        self.clear = np.ones(n, dtype=bool)
        self.inside = np.zeros(n, dtype=bool)
        self.flips: list[tuple[Bools, Floats]] = []
        self.all_refused, self.all_doubtful = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        rules = [area.rule for area in plain.areas] + [rule.code for rule, _, _ in plain.strips]
        self.overlaid = {rule: np.zeros(n, dtype=np.int64) for rule in rules}
        """For each rule of overlays, the outcomes that it comes to here, as bits."""
        self.refused: list[tuple[Ints, Objects]] = []
        self.doubtful: list[tuple[Ints, Objects]] = []
        listed = list(plain.numbers)
        numbers, self.use = np.unique(proposal, return_inverse=True)
        self.number = proposal
        self.asked = [listed[number] for number in numbers.tolist()]

    def rows(self, exact: Callable[[SiteBlock], BlockRows]) -> BlockRows | None:
        """Return the rows of the parcels that could be judged by class."""
        self._place()
        self._judge_strips()
        if not self.clear.any():
            return None
        self._judge_uses()
        self._judge_areas()
        self._tell_flips()
        self._cut_out()
        judged = np.flatnonzero(self.clear)
        if not len(judged):
            return None
        names, which = self._named(judged)
        table = self._table(judged)
        answers = self._answers(judged, names, which, table, exact)
        known = np.array([answer is not None for answer in answers], dtype=bool)[which]
        if not known.any():
            return None
        in_doubt = np.array([answer is not None and answer.in_doubt for answer in answers], dtype=bool)
        table["approvable_m2"] = np.where(in_doubt[which], 0.0, table["approvable_m2"])
        table = {name: values[known] for name, values in table.items()}
        columns: dict[str, Any] = table | self._words(judged[known], which[known], answers)
        return BlockRows(judged[known], {name: columns[name] for name in COLUMNS})

    # --- where the parcels lie

    def _place(self) -> None:
        """Find the plan that decides each parcel, its parts there, and what no zone covers."""
        zonings, parcels = self.plain.zonings, self.parcels
        self.zoned = [zoning.layer.place(parcels) for zoning in zonings]
        away = np.array([placed.clear for placed in self.zoned])
        self.decides = np.argmin(away, axis=0)
        self.clear &= ~away.all(axis=0) & (parcels.single | (self.decides == 0))
        for index, (zoning, placed) in enumerate(zip(zonings, self.zoned, strict=True)):
            self.clear &= (self.decides >= index) | (placed.zone >= 0) | placed.clear
            claimed = np.unique(zoning.claims.query(parcels.geometry)[0])
            self.clear[claimed] &= self.decides[claimed] <= index  # its holes are not a lower plan's to judge
        self.held = (
            np.array([placed.zone for placed in self.zoned])[self.decides, np.arange(len(parcels))] >= 0
        )
        self._measure_cover(self._united([placed.parts for placed in self.zoned]))

    def _united(self, parts: Sequence[Parts]) -> Parts:
        """Return the parts in the plans that decide, sub-zones numbered through."""
        rows = [
            np.flatnonzero((self.decides[own.subject] == index) & self.clear[own.subject])
            for index, own in enumerate(parts)
        ]
        offsets = [zoning.offset for zoning in self.plain.zonings]

        def column(name: str) -> Any:
            return np.concatenate([getattr(own, name)[some] for own, some in zip(parts, rows, strict=True)])

        group = np.concatenate(
            [own.group[some] + start for own, some, start in zip(parts, rows, offsets, strict=True)]
        )
        subject = column("subject")
        order = np.lexsort((group, subject))
        rest = [column(name)[order] for name in ("geometry", "whole", "area_m2", "dropped_m2")]
        return Parts(subject[order], group[order], *rest)

    def _measure_cover(self, parts: Parts) -> None:
        """Measure what is covered, dropped and left uncovered; keep the parts that are more than noise."""
        n, area = len(self.parcels), self.parcels.area_m2
        tolerance = self.plain.windows[0].plan.tolerance
        self.dropped_m2 = np.bincount(parts.subject, parts.dropped_m2, n)
        self.covered_m2 = area.copy()
        self.has_gap = np.zeros(n, dtype=bool)
        split = np.flatnonzero(self.clear & ~self.held)
        if len(split):
            mine = np.flatnonzero(~self.held[parts.subject])
            cover = unions_by(np.searchsorted(split, parts.subject[mine]), parts.whole[mine], len(split))
            self.covered_m2[split] = shapely.area(cover)
            some = split[area[split] - self.covered_m2[split] > REL_TOL / 2 * area[split]]
            gap = remainder_of(self.parcels.geometry[some], cover[np.searchsorted(split, some)])
            real = shapely.area(gap) > REL_TOL * area[some]
            gap, some = gap[real], some[real]
            if len(self.plain.zonings) > 1:
                self.clear[some] = False
            left, _ = lasting(gap, area[some], tolerance)
            self.has_gap[some] = round_m(shapely.area(left)) > 0
        some_part = np.zeros(n, dtype=bool)
        some_part[parts.subject[parts.area_m2 > 0]] = True
        self.clear &= some_part
        stay = np.flatnonzero((parts.area_m2 > 0) & self.clear[parts.subject])
        self.parts = Parts(
            *(
                getattr(parts, name)[stay]
                for name in ("subject", "group", "geometry", "whole", "area_m2", "dropped_m2")
            )
        )

    # --- what the rules say

    def _judge_strips(self) -> None:
        """Judge the distances to lines and banks; the worst feature of a layer speaks for the parcel."""
        for rule, strip, tree in self.plain.strips:
            reach_m = PASS_REACH_CE90 * strip.features.ce90_m
            mine, shapes = np.flatnonzero(self.clear), self.parcels.geometry
            k, f = tree.query(shapes[mine], predicate="dwithin", distance=strip.furthest_m + reach_m + 1e-4)
            order = np.lexsort((f, k))
            k, f = mine[k[order]], f[order]
            rows, pair, _ = strip.rows(shapes, k, f, np.int8(rule.default))
            if not len(pair):
                continue
            checked = judge_strip(rows)
            assert checked.measured is not None and checked.limit is not None
            outcome, shown, mixed = fold(checked, rows.target, len(k), ">=")
            told = np.flatnonzero(shown >= 0)
            margin = checked.measured[shown] - checked.limit[shown]
            order = told[np.lexsort((margin[told], -outcome[told], k[told]))]
            worst = order[np.flatnonzero(np.diff(k[order], prepend=-1))]
            if rule.default is Outcome.FAIL:
                flip = np.full(len(shapes), np.inf)
                flip[k[worst]] = round_m(margin[worst])
                flip[flip > reach_m] = np.inf
                self.flips.append((np.ones(len(shapes), dtype=bool), np.abs(flip)))
            bad = told[outcome[told] >= Outcome.CONDITIONAL]
            pieces = strip.pieces(shapes[k[bad]], f[bad], rows, shown[bad])
            said = np.zeros(len(shapes), dtype=np.int64)
            said[k[worst]] = outcome[worst]
            for out, found in ((Outcome.FAIL, self.refused), (Outcome.UNDETERMINED, self.doubtful)):
                some = said[k[bad]] == out
                found.append((k[bad[some]], pieces[some]))
            shallow = (outcome[worst] == Outcome.UNDETERMINED) & ~mixed[worst] & rows.edge_known[shown[worst]]
            self.inside[k[worst[shallow | (outcome[worst] == Outcome.FAIL)]]] = True
            self.overlaid[rule.code] |= np.where(said > Outcome.PASS, np.int64(1) << said, 0)

    def _judge_uses(self) -> None:
        """Judge the use of every part: `said` what each rule says of it, depth taken into account."""
        parts, zonings = self.parts, self.plain.zonings
        said = [np.stack([zoning.outcomes(proposal) for proposal in self.asked]) for zoning in zonings]
        by_use = np.concatenate(said, axis=2)
        self.said = by_use[self.use[parts.subject], :, parts.group]
        for index, (zoning, placed) in enumerate(zip(zonings, self.zoned, strict=True)):
            mine = self.clear & (self.decides == index)
            if not mine.any():
                continue
            here = mine[parts.subject]
            doubt = (here[:, None] & (self.said == Outcome.UNDETERMINED)).any(axis=1)
            self._doubt(parts.subject[doubt], parts.geometry[doubt], self.held)
            for r in range(len(USE_RULES)):
                refuses = said[index][:, r, :] == Outcome.FAIL
                if not refuses.any():
                    continue
                patterns = np.vstack([refuses, np.zeros_like(refuses[:1])])
                which = np.where(mine, self.use, len(refuses))
                refused = zoning.layer.refused(placed, self.parcels, patterns, which)
                if index:  # a plan above it takes its own part off the refused area: for the engine to say
                    self.clear &= ~(mine & (refused.inside | (refused.flip_m < np.inf)))
                told = np.zeros(len(mine), dtype=bool)
                told[parts.subject[here & (self.said[:, r] != Outcome.NOT_APPLICABLE)]] = True
                self._take(refused, placed, told)
                bad = here & (self.said[:, r] == Outcome.FAIL)
                self.said[bad & ~refused.fails[parts.subject], r] = Outcome.UNDETERMINED

    def _judge_areas(self) -> None:
        """Judge the overlay areas; tell apart the rules that only add a condition, whatever else holds (`extra`)."""
        n = len(self.parcels)
        for area in self.plain.areas:
            placed = area.layer.place(self.parcels)
            rows = np.flatnonzero((placed.parts.area_m2 > 0) & self.clear[placed.parts.subject])
            subject = placed.parts.subject[rows]
            outcome = area.outcome[placed.parts.group[rows]].astype(np.int64)
            doubt = outcome == Outcome.UNDETERMINED
            bad = area.outcome == Outcome.FAIL
            if bad.any():
                patterns = np.vstack([bad, np.zeros_like(bad)])
                refused = area.layer.refused(placed, self.parcels, patterns, np.where(self.clear, 0, 1))
                self._take(refused, placed, np.ones(n, dtype=bool))
                outcome[(outcome == Outcome.FAIL) & ~refused.fails[subject]] = Outcome.UNDETERMINED
            self._doubt(subject[doubt], placed.parts.geometry[rows[doubt]], placed.zone >= 0)
            np.bitwise_or.at(self.overlaid[area.rule], subject, np.int64(1) << outcome)
        self.extra = np.zeros(n, dtype=np.int64)
        for number, (rule, bits) in enumerate(self.overlaid.items()):
            soft = bits < np.int64(1) << Outcome.UNDETERMINED
            self.extra |= (soft & (bits >= np.int64(1) << Outcome.CONDITIONAL)).astype(np.int64) << number
            self.overlaid[rule] = np.where(soft, 0, bits)

    def _take(self, refused: Refused, placed: Placed, told: Bools) -> None:
        """Note what an adverse area comes to: flip distances, and the parts that it refuses or leaves in doubt."""
        self.flips.append((told, refused.flip_m))
        self.inside |= refused.inside
        whole = placed.zone >= 0
        self.all_refused |= refused.inside & refused.fails & whole
        some = np.flatnonzero(refused.inside & refused.fails & ~whole)
        self.refused.append((some, refused.pieces[some]))
        some = np.flatnonzero(refused.inside & ~refused.fails)
        self._doubt(some, refused.pieces[some], whole)

    def _doubt(self, subject: Ints, pieces: Objects, whole: Bools) -> None:
        self.all_doubtful[subject[whole[subject]]] = True
        some = ~whole[subject]
        self.doubtful.append((subject[some], pieces[some]))

    def _tell_flips(self) -> None:
        """Find the smallest flip distance; leave to the engine what could not be measured."""
        self.flip_m = np.full(len(self.parcels), np.inf)
        for told, away in self.flips:
            # What is not applicable is not told; where nothing refuses, LOK004 still tells how far the refusal is.
            with np.errstate(invalid="ignore"):
                self.flip_m = np.where(told | ~self.inside, np.fmin(self.flip_m, away), self.flip_m)
            self.clear &= ~np.isnan(away)

    # --- what is left of the parcels

    def _cut_out(self) -> None:
        """Cut what is refused and what is in doubt out of the parcels and their parts.

        `approvable_m2` is left without either, `lot_m2` without what is refused (all where nothing is left). Of each
        part: `gone` tells whether all of it is refused, `sure` whether some of it is approvable.
        """
        parts, area = self.parts, self.parcels.area_m2
        self.left_empty = self.all_refused.copy()
        self.approvable_m2 = np.where(self.all_refused | self.all_doubtful, 0.0, round_m(area))
        self.lot_m2: Floats = round_m(area)
        self.gone = self.all_refused[parts.subject]
        self.sure = np.ones(len(parts.subject), dtype=bool)
        partial = np.zeros(len(area), dtype=bool)
        for subject, _ in (*self.refused, *self.doubtful):
            partial[subject] = True
        wanted = self.clear & (partial | ~self.held)
        for index in np.unique(self.decides[wanted]).tolist():
            self._cut_some(np.flatnonzero(wanted & (self.decides == index)), self.plain.zonings[index])

    def _cut_some(self, some: Ints, zoning: Zoning) -> None:
        parts, shape, area = self.parts, self.parcels.geometry[some], self.parcels.area_m2[some]
        tolerance, own_tolerance = self.plain.windows[0].plan.tolerance, zoning.window.plan.tolerance
        place = np.full(len(self.parcels), -1)
        place[some] = np.arange(len(some))
        refused = _pieces(self.refused, place, len(some))
        refused[self.all_refused[some]] = shape[self.all_refused[some]]
        doubtful = _pieces(self.doubtful, place, len(some))
        doubtful[self.all_doubtful[some]] = shape[self.all_doubtful[some]]
        rows = np.flatnonzero(place[parts.subject] >= 0)
        at = place[parts.subject[rows]]
        cut = ~shapely.is_empty(refused)
        left = shape.copy()
        left[cut] = remainder_of(shape[cut], refused[cut])
        left, _ = lasting(left, area, tolerance)
        pieces = parts.geometry[rows]
        pieces[cut[at]] = remainder_of(pieces[cut[at]], refused[at[cut[at]]])
        pieces, _ = lasting(pieces, area[at], own_tolerance)
        approvable = unions_by(at, parts.geometry[rows], len(some))
        for taken in (refused, doubtful):
            cut = ~shapely.is_empty(taken)
            approvable[cut] = remainder_of(approvable[cut], taken[cut])
        approvable, _ = lasting(approvable, area, tolerance)
        approvable_m2 = round_m(shapely.area(approvable))
        empty = shapely.is_empty(left)
        self.left_empty[some], self.approvable_m2[some] = empty, approvable_m2
        self.lot_m2[some] = np.where(empty, round_m(area), round_m(shapely.area(left)))
        self.gone[rows] = shapely.is_empty(pieces)
        asked = np.flatnonzero((approvable_m2 != self.lot_m2[some])[at] & (approvable_m2 > 0)[at])
        shared = shapely.area(overlap_of(pieces[asked], approvable[at[asked]]))
        self.sure[rows[asked]] = shared > 0
        trace = (shared > 0) & (shared < TRACE_M2)
        self.clear[parts.subject[rows[asked[trace]]]] = False

    # --- classes

    def _named(self, judged: Ints) -> tuple[list[bytes], Ints]:
        """Return the names of the classes that occur, and the class of each judged parcel."""
        plain, parts, n = self.plain, self.parts, len(self.parcels)
        low = np.where(self.approvable_m2 > 0, self.approvable_m2, self.lot_m2)
        held = self._holding()
        cells = [np.zeros(len(parts.subject), dtype=np.int64) for _ in range(2)]
        decided = np.zeros(len(parts.subject), dtype=bool)
        ladder = np.zeros(len(parts.subject), dtype=np.int64)
        tall = np.array([p.height_m is not None or p.floors is not None for p in self.asked], dtype=np.int64)
        for index, zoning in enumerate(plain.zonings):
            mine = np.flatnonzero(self.decides[parts.subject] == index)
            subject, group = parts.subject[mine], parts.group[mine] - zoning.offset
            for cell, lot in zip(cells, (low, self.lot_m2), strict=True):
                cell[mine] = zoning.size_cell(group, lot[subject])
            by_use = np.stack([zoning.decided(proposal) for proposal in self.asked])
            decided[mine] = by_use[self.use[subject], group]
            ladder[mine] = zoning.ladder[tall[self.use[subject]], group]
        said = np.zeros((n, len(USE_RULES) + 3), dtype=np.int64)
        yes: Bools = np.all(self.said < Outcome.UNDETERMINED, axis=1)
        bits = [np.int64(1) << self.said.astype(np.int64), held[:, None], decided[:, None], yes[:, None]]
        np.bitwise_or.at(said, parts.subject, np.hstack(bits))
        columns: list[NDArray[Any]] = [
            self.decides, self.has_gap, self.left_empty, self.approvable_m2 > 0, self.approvable_m2 == self.lot_m2,
            self._legal_area(), *said.T, *self.overlaid.values(), *self._beside(),
        ]  # fmt: skip
        # Building rules are judged in the parts that are not refused; in all where nothing else is left.
        kept = np.zeros(n, dtype=bool)
        kept[parts.subject[~self.gone]] = True
        built = np.flatnonzero(~self.gone | ~kept[parts.subject])
        subject = parts.subject[built]
        facts = [column[built] for column in (ladder, self.sure, *cells)]
        halves = []
        for seed in (1, 2):
            each = np.unique(np.column_stack([subject.astype(np.uint64), _mixed(facts, seed)]), axis=0)
            total = np.zeros(n, dtype=np.uint64)
            np.add.at(total, each[:, 0].astype(np.int64), each[:, 1])
            halves.append(_mixed([*columns, total.view(np.int64)], seed)[judged])
        return _distinct(*halves)

    def _beside(self) -> list[Ints]:
        """Return what else a class has in common: the proposal, and where a parcel lies in the plans that do not decide.

        One plan: what the matrix says of each part is a fact already, not which use it is. Several: the use itself,
        since each has its own matrix.
        """
        plain = self.plain
        if len(plain.zonings) == 1:
            bare = [replace(p, kbli=None, activity=None) for p in self.asked]
            rest = [plain.rest.setdefault(p, len(plain.rest)) for p in bare]
            return [np.array(rest, dtype=np.int64)[self.use]]
        found = [self.number]
        for index, (zoning, placed) in enumerate(zip(plain.zonings, self.zoned, strict=True)):
            some = (placed.zone >= 0) & (self.decides != index)
            at = np.maximum(placed.zone, 0)
            found.append(np.where(some, 1 + 2 * zoning.layer.group[at] + zoning.holding[at], 0))
        return found

    def _holding(self) -> Bools:
        """Tell of which parts some feature is a holding zone (RTR002)."""
        parts, count = self.parts, len(self.plain.subzones)
        found = np.zeros(len(parts.subject), dtype=bool)
        for zoning in self.plain.zonings:
            held = np.flatnonzero(zoning.holding)
            if len(held):
                tree = shapely.STRtree(zoning.layer.geometry[held])
                k, f = tree.query(self.parcels.geometry, predicate="intersects")
                alike = k * count + zoning.layer.group[held[f]] + zoning.offset
                found |= np.isin(parts.subject * count + parts.group, alike)
        return found

    def _legal_area(self) -> Ints:
        """Return what LOK005 says of each parcel."""
        n = len(self.parcels)
        given = [p.legal_area_m2 for p in self.sites.proposal]
        legal = np.array([np.nan if value is None else value for value in given], dtype=float)
        nan, no, yes = np.full(n, np.nan), np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
        tolerance = self.plain.windows[0].plan.tolerance.legal_area_pct / 100
        rows = SiteRows(
            yes,
            yes,
            nan,
            round_m(self.parcels.area_m2),
            np.ones(n, dtype=np.int64),
            nan,
            nan,
            no,
            legal,
            np.full(n, tolerance),
            yes,
        )
        outcome: Ints = BY_CODE["LOK005"].check(rows).outcome.astype(np.int64)
        return outcome

    def _answers(
        self,
        judged: Ints,
        names: Sequence[bytes],
        which: Ints,
        table: dict[str, NDArray[Any]],
        exact: Callable[[SiteBlock], BlockRows],
    ) -> list[Answer | None]:
        """Return the answer of each class, having asked the engine about the first parcel of the new ones."""
        answers = self.plain.answers
        first = np.full(len(names), len(which))
        np.minimum.at(first, which, np.arange(len(which)))
        new = [row for row, name in zip(first.tolist(), names, strict=True) if name not in answers]
        for start in range(0, len(new), AT_ONCE):
            rows = new[start : start + AT_ONCE]
            told = exact(self.sites.take(judged[rows])).columns
            for n, row in enumerate(rows):
                one = {name: values[n] for name, values in told.items()}
                extra = self._extra_codes(int(self.extra[judged[row]]))
                answers[names[which[row]]] = _answer(one, {k: v[row] for k, v in table.items()}, extra)
        return [answers[name] for name in names]

    def _extra_codes(self, extra: int) -> list[str]:
        """Return the rules whose bits are set."""
        return [rule for number, rule in enumerate(self.overlaid) if extra >> number & 1]

    def _words(self, judged: Ints, which: Ints, answers: Sequence[Answer | None]) -> dict[str, NDArray[Any]]:
        """Return the columns that say what the rules come to: the class's, and the conditions of overlay areas."""
        extra = self.extra[judged]
        pairs, row = np.unique(np.column_stack([which, extra]), axis=0, return_inverse=True)
        made = [_with_conditions(answers[c], self._extra_codes(e)) for c, e in pairs.tolist()]
        found = {}
        for name in WORDS:
            values = np.empty(len(made), dtype=object)
            values[:] = [one[name] for one in made]
            found[name] = values[row.ravel()]
        return found

    def _table(self, judged: Ints) -> dict[str, NDArray[Any]]:
        """Return the measured columns of the table, as `kkpr_check.engine` and `kkpr_check.ledger.entry` round them."""
        parts, n = self.parts, len(self.parcels)
        area, size = round_m(self.parcels.area_m2), round_m(parts.area_m2)
        dropped = round_m(self.dropped_m2)
        sizes = np.bincount(parts.subject, size, n)
        counted = round_m(sizes + dropped)
        overlap = np.maximum(0.0, round_m(counted - round_m(self.covered_m2)))
        gap = round_m(area - sizes - dropped + overlap)
        overlap = np.where(gap < 0, round_m(overlap - gap), overlap)
        gap = np.maximum(gap, 0.0)
        rank = np.argsort(np.argsort(self.plain.subzones.astype(str), kind="stable"))
        order = np.lexsort((rank[parts.group], -size, parts.subject))
        order = order[size[order] > 0]
        subject = parts.subject[order]
        first = np.searchsorted(subject, judged)
        count = np.searchsorted(subject, judged, side="right") - first
        codes = self.plain.subzones[parts.group[order]]
        share = size[order] / area[subject]
        texts = np.array(
            [f"{c}:{share_text(s)}" for c, s in zip(codes.tolist(), share.tolist(), strict=True)] + [""],
            dtype=object,
        )
        zones = texts[np.minimum(first, len(order))]
        for row in np.flatnonzero(count > 1):
            zones[row] = ";".join(texts[first[row] : first[row] + count[row]])
        flip = self.flip_m[judged] + 0.0
        largest = np.minimum(first, len(order) - 1)
        return {
            "id": self.sites.id[judged],
            "subzone": codes[largest],
            "subzone_share": np.round(share[largest], RATIO_DECIMALS),
            "n_zones": count,
            "zones": zones,
            "parcel_area_m2": area[judged] + 0.0,
            "gap_m2": gap[judged] + 0.0,
            "overlap_m2": overlap[judged] + 0.0,
            "dropped_m2": dropped[judged] + 0.0,
            "approvable_m2": self.approvable_m2[judged] + 0.0,
            "flip_distance_m": np.where(np.isfinite(flip), flip, np.nan),
        }


def _pieces(found: Sequence[tuple[Ints, Objects]], place: Ints, count: int) -> Objects:
    """Return the union of the pieces of each parcel that has a `place`."""
    subject = np.concatenate([place[one] for one, _ in found] or [np.empty(0, dtype=np.int64)])
    shapes = np.concatenate([pieces for _, pieces in found] or [np.empty(0, dtype=object)])
    order = np.argsort(subject, kind="stable")
    order = order[subject[order] >= 0]
    return unions_by(subject[order], shapes[order], count)


def _mixed(columns: Sequence[NDArray[Any]], seed: int) -> NDArray[np.uint64]:
    """Return 64 bits of each row of some columns of whole numbers (the finalizer of splitmix64, column by column)."""
    found = np.full(len(columns[0]), seed, dtype=np.uint64)
    for column in columns:
        found = (found ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found ^= found >> np.uint64(31)
    return found


def _distinct(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> tuple[list[bytes], Ints]:
    """Return the distinct pairs as bytes, and which of them each row is."""
    order = np.lexsort((other, one))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (one[order][1:] != one[order][:-1]) | (other[order][1:] != other[order][:-1])
    which = np.empty(len(order), dtype=np.int64)
    which[order] = np.cumsum(new) - 1
    first = order[new]
    pairs = np.column_stack([one[first], other[first]])
    return [pair.tobytes() for pair in pairs], which


def _answer(engines: dict[str, Any], measured: dict[str, Any], extra: Sequence[str]) -> Answer | None:
    """Return what the engine says of a parcel as the answer of its class; None where the arrays found other numbers.

    Parameters
    ----------
    extra
        Rules that are conditional for this parcel and need not be for others of the class.
    """
    same = all(engines[name] == measured[name] for name in ("subzone", "n_zones"))
    areas = ("parcel_area_m2", "gap_m2", "overlap_m2", "dropped_m2")
    same = same and all(abs(engines[name] - measured[name]) <= AREA_M2 for name in areas)
    same = same and abs(engines["subzone_share"] - measured["subzone_share"]) <= SHARE
    flip, other = engines["flip_distance_m"], measured["flip_distance_m"]
    same = same and (np.isnan(other) if flip is None else abs(flip - other) <= DEPTH_M)
    in_doubt = engines["approvable_m2"] == 0
    same = same and (in_doubt or abs(engines["approvable_m2"] - measured["approvable_m2"]) <= AREA_M2)
    conditional = _codes(engines["conditional"])
    if not same or not set(extra) <= set(conditional):
        return None
    rest = [code for code in conditional if code not in extra]
    values = {name: engines[name] for name in WORDS} | {"conditional": ",".join(rest)}
    if not rest and values["verdict"] == Verdict.CONDITIONAL:
        values["verdict"] = Verdict.CONFORM.value
    return Answer(values, in_doubt)


def _with_conditions(answer: Answer | None, extra: Sequence[str]) -> dict[str, Any]:
    """Return the words of a class for a parcel with overlay areas that add a condition."""
    assert answer is not None
    if not extra:
        return answer.values
    codes = sorted({*_codes(answer.values["conditional"]), *extra}, key=_ORDER.__getitem__)
    values = answer.values | {"conditional": ",".join(codes)}
    if values["verdict"] == Verdict.CONFORM:
        values["verdict"] = Verdict.CONDITIONAL.value
    return values


def _codes(text: str) -> list[str]:
    return text.split(",") if text else []
