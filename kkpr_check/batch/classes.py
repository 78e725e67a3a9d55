"""Parcels that are alike are judged once: the engine answers for one of a class, arrays fill in what was measured.

A land check's row is a function of the proposal, of which zones, overlay areas, setbacks and plans reach the parcel and
how, and of a few measured numbers. A parcel is *plain* where that function is simple: it lies wholly in one zone of the
plan that decides, wholly in or wholly out of every overlay area, beyond every setback, with no building on it. All plain
parcels of one class (see `_Class`) have the same verdict, codes and pathway; the engine judges the first of them. Areas
and flip distances are measured for each, by the kernels. Everything else is left to the engine, parcel by parcel.
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
from kkpr_check.batch.plans import LayerLines, MemoryPlan
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.table import COLUMNS, BlockRows, rows_of
from kkpr_check.features import Features, Objects, PlanWindow
from kkpr_check.geometry import DIGITS, REL_TOL, round_m
from kkpr_check.kernels import Shares, load
from kkpr_check.land import OVERLAY_RULES, USE_RULES
from kkpr_check.model import Outcome, Proposal, Site
from kkpr_check.overlay import Strip, sources_of, strips_of
from kkpr_check.plan import State
from kkpr_check.rules import BY_CODE
from kkpr_check.rules.base import Rule, fold
from kkpr_check.rules.overlays import strip as judge_strip
from kkpr_check.rules.rows import SiteRows
from kkpr_check.uses import use_of, use_rows, with_front_classes
from kkpr_check.zoning import feature_groups, holding_features

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CLEAR_M = 1e-3
"""Nearer than this to another area, what touches what is for the exact overlay to say."""
NONE, UNCLEAR = -1, -2
AT_ONCE = 64
"""Classes that the engine judges together."""


class Layer:
    """Areas of one layer: which of them holds a parcel, which are near, how deep a parcel lies in some of them."""

    def __init__(self, features: Features) -> None:
        self.geometry = geometry = features.geometry
        self._features = features
        self.reach_m = PASS_REACH_CE90 * features.ce90_m
        self._prepared = load().prepare(geometry, margin_m=self.reach_m + 1e-4, near=True, threads=1)
        shapely.prepare(geometry)

    def place(self, parcels: Objects) -> Placed:
        """Return where parcels lie."""
        shares = self._prepared.shares(parcels)
        count = np.bincount(shares.subject, minlength=len(parcels))
        first = np.minimum(
            np.searchsorted(shares.subject, np.arange(len(parcels))), max(len(shares.zone) - 1, 0)
        )
        zone = np.full(len(parcels), NONE)
        zone[count > 0] = UNCLEAR
        one = np.flatnonzero(count == 1)
        whole = one[shares.area_m2[first[one]] == shares.subject_area_m2[one]]
        holder = shares.zone[first[whole]]
        sure = shares.inside[whole]
        sure[~sure] = shapely.contains_properly(self.geometry[holder[~sure]], parcels[whole[~sure]])
        zone[whole[sure]] = holder[sure]
        zone[shares.near_subject[shares.near_m < CLEAR_M]] = UNCLEAR
        return Placed(zone, shares)

    def depth_m(self, parcels: Objects, failing: Bools) -> Floats:
        """Return how deep parcels lie in the failing areas that hold them, NaN where only a union can tell."""
        lines, row = self._features.lines, self._features.row
        if not isinstance(lines, LayerLines) or lines.depths is None or row is None:
            return np.full(len(parcels), np.nan)
        fails = np.zeros(lines.depths.features, dtype=bool)
        fails[row[failing]] = True
        depth: Floats = np.round(lines.depths.of(parcels, fails), DIGITS)
        return depth


@dataclass(frozen=True, slots=True)
class Placed:
    """The area that holds each parcel wholly and safely (`NONE`: all are clear of it, `UNCLEAR`: anything else)."""

    zone: Ints
    shares: Shares

    def nearest_m(self, fails: Callable[[Ints, Ints], Bools], reach_m: float) -> Floats:
        """Return the distance of each parcel to the nearest area for which `fails` (parcels, areas), inf beyond reach."""
        shares = self.shares
        distance: Floats = np.full(len(self.zone), np.inf)
        bad = fails(shares.near_subject, shares.near_zone)
        np.minimum.at(distance, shares.near_subject[bad], shares.near_m[bad])
        distance = np.round(distance, DIGITS)
        distance[distance > reach_m] = np.inf
        return distance


class Zoning:
    """The zoning of one plan, and what each proposal comes to in each of its sub-zones."""

    def __init__(self, window: PlanWindow) -> None:
        self.window = window
        self.layer = Layer(window.zoning)
        self.subzones, names, self.group = feature_groups(window)
        self.holding = holding_features(window, self.subzones, names, self.group)
        self._outcomes: dict[Proposal, NDArray[np.int8]] = {}

    def outcomes(self, proposal: Proposal) -> NDArray[np.int8]:
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
        """Return the range of each parcel size, within which no limit of the sub-zone's ladder tells a difference."""
        cell = np.zeros(len(group), dtype=np.int64)
        for g in np.unique(group):
            rungs = self.window.plan.tables.intensity.get(self.subzones[g], ())
            ends = np.unique([m for rung in rungs for m in (rung.parcel_min_m2, rung.parcel_max_m2)])
            lots = [rung.limits["lot_min_m2"] for rung in rungs if "lot_min_m2" in rung.limits]
            least = np.unique([lot.constant for lot in lots if lot.state is State.VALUE])
            mine = group == g
            area = area_m2[mine]
            enough = [area - lot >= -REL_TOL * np.maximum(abs(lot), area) for lot in least]
            cell[mine] = np.searchsorted(ends, area, side="right") * (len(least) + 1) + sum(enough)
        return cell


@dataclass
class Area:
    """One source of an overlay rule: its areas and what each of them says."""

    layer: Layer
    outcome: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Answer:
    """What all parcels of a class share; None for what the engine has to say parcel by parcel."""

    values: tuple[Any, ...]
    approvable: bool


@dataclass
class Plain:
    """What is kept between blocks: plans prepared, proposals numbered, classes answered."""

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
        """Whether all layers are areas as the kernels take them."""
        if self.options.strict_accuracy or not self.windows:
            return False
        shapes = [w.zoning.geometry for w in self.windows]
        for window in self.windows:
            for rule in OVERLAY_RULES:
                shapes += [source.features.geometry for source in sources_of(rule, window)]
        return all(np.isin(shapely.get_type_id(g), (3, 6)).all() and len(g) for g in shapes)

    @cached_property
    def zonings(self) -> list[Zoning]:
        """The zoning of each plan."""
        return [Zoning(window) for window in self.windows]

    @cached_property
    def areas(self) -> list[Area]:
        """The areas of all overlay rules of all plans."""
        return [
            Area(Layer(s.features), s.outcome[s.group])
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


def judge_plain(
    sites: SiteBlock, plain: Plain, exact: Callable[[list[Site]], list[Site]], near_building: Bools | None
) -> BlockRows | None:
    """Return the rows of the plain parcels among some sites; `row` says which those are.

    Parameters
    ----------
    exact
        Completes sites as the engine wants them (buildings that stand already).
    near_building
        Sites with a building of ``--existing`` about; None without the option.

    Returns
    -------
    BlockRows or None
        None where there is none. `row` holds places in `sites`.
    """
    if not plain.possible:
        return None
    block = _Block(sites, plain)
    block.leave(near_building if near_building is not None else np.zeros(len(sites), dtype=bool))
    return block.rows(exact)


class _Block:
    """The candidates of one block, fewer with each thing that turns out not to be plain."""

    def __init__(self, sites: SiteBlock, plain: Plain) -> None:
        self.plain, self.sites = plain, sites
        parcels = sites.parcel
        kinds = shapely.get_type_id(parcels)
        single = (kinds == 3) | ((kinds == 6) & (shapely.get_num_geometries(parcels) == 1))
        keep = single & ~shapely.is_empty(parcels)
        outline = np.where(kinds == 6, shapely.get_geometry(parcels, 0), parcels)
        keep &= shapely.get_num_interior_rings(outline) == 0
        if sites.footprint is not None:
            keep &= shapely.is_missing(sites.footprint)
        if sites.existing is not None:
            keep &= shapely.is_missing(sites.existing)
        for some in (sites.doubt, sites.candidates):
            keep[list(some or ())] = False
        self.proposal, simple = plain.number(sites.proposal)
        keep &= simple
        self.member: Ints = np.flatnonzero(keep)
        self.parcel: Objects = outline

    def leave(self, some: Bools) -> None:
        """Leave some sites to the engine."""
        self.member = self.member[~some[self.member]]

    def rows(self, exact: Callable[[list[Site]], list[Site]]) -> BlockRows | None:
        self._leave_built()
        if not len(self.member):
            return None
        self._place()
        if not len(self.member):
            return None
        self._judge_strips()
        self._measure()
        if not len(self.member):
            return None
        return self._answered(exact)

    def _leave_built(self) -> None:
        for tree in self.plain.buildings:
            hit = np.unique(tree.query(self.parcel[self.member])[0])
            self.member = np.delete(self.member, hit)

    def _place(self) -> None:
        """Place the parcels in all zonings and overlay areas; keep those that lie clearly everywhere."""
        parcels = self.parcel[self.member]
        zonings = [z.layer.place(parcels) for z in self.plain.zonings]
        areas = [a.layer.place(parcels) for a in self.plain.areas]
        clear = np.ones(len(parcels), dtype=bool)
        for placed in (*zonings, *areas):
            clear &= placed.zone != UNCLEAR
        self.zone = np.array([p.zone for p in zonings])
        clear &= (self.zone != NONE).any(axis=0)
        self.area_of = np.array([p.zone for p in areas], dtype=np.int64).reshape(len(areas), -1)
        self.placed, self.placed_areas, self.clear = zonings, areas, clear

    def _judge_strips(self) -> None:
        """Keep parcels whose distances to all lines and banks pass; note how near they are."""
        parcels = self.parcel[self.member]
        self.flip = np.full(len(parcels), np.inf)
        for rule, strip, tree in self.plain.strips:
            reach_m = PASS_REACH_CE90 * strip.features.ce90_m
            mine = np.flatnonzero(self.clear)
            k, f = tree.query(parcels[mine], predicate="dwithin", distance=strip.furthest_m + reach_m + 1e-4)
            k = mine[k]
            rows, pair, _ = strip.rows(parcels, k, f, np.int8(rule.default))
            if not len(pair):
                continue
            checked = judge_strip(rows)
            assert checked.measured is not None and checked.limit is not None
            self.clear[k[pair[checked.outcome != Outcome.PASS]]] = False
            if rule.default is Outcome.FAIL:
                _, shown, _ = fold(checked, rows.target, len(k), ">=")
                told = shown >= 0
                margin = round_m(checked.measured[shown[told]] - checked.limit[shown[told]])
                margin[margin > reach_m] = np.inf
                np.minimum.at(self.flip, k[told], np.abs(margin))

    def _measure(self) -> None:
        """Measure the flip distance of each parcel: its depth where it is refused, else how far the refusal is."""
        plain, n = self.plain, len(self.member)
        parcels, proposal = self.parcel[self.member], self.proposal[self.member]
        self.decides = np.argmax(self.zone != NONE, axis=0)
        listed = list(plain.numbers)
        candidates: list[tuple[Bools, Floats]] = []
        inside = np.zeros(n, dtype=bool)
        for index, zoning in enumerate(plain.zonings):
            mine = self.clear & (self.decides == index)
            if not mine.any():
                continue
            numbers, local = np.unique(proposal, return_inverse=True)
            said = np.stack([zoning.outcomes(listed[number]) for number in numbers.tolist()])
            group = zoning.group[np.where(mine, self.zone[index], 0)]
            for r in range(len(USE_RULES)):
                by_group = said[:, r, :] == Outcome.FAIL
                own = np.where(mine, said[local, r, group], Outcome.NOT_APPLICABLE)
                fails = own == Outcome.FAIL
                away = self.placed[index].nearest_m(
                    lambda k, z, by=by_group, of=zoning.group, at=local: by[at[k], of[z]],  # type: ignore[misc]
                    zoning.layer.reach_m,
                )
                away[~mine | fails] = np.inf
                if index:  # a plan above it takes its own part off the refused area: for the engine to say
                    self.clear &= ~(mine & (fails | np.isfinite(away)))
                    fails &= self.clear
                away[fails] = self._depths(zoning.layer, parcels, fails, by_group, local, zoning.group)
                inside |= fails
                candidates.append((own != Outcome.NOT_APPLICABLE, away))
        for area, placed in zip(plain.areas, self.placed_areas, strict=True):
            bad = area.outcome == Outcome.FAIL
            away = placed.nearest_m(lambda k, z, bad=bad: bad[z], area.layer.reach_m)  # type: ignore[misc]
            fails = self.clear & (placed.zone >= 0) & bad[np.maximum(placed.zone, 0)]
            away[fails] = area.layer.depth_m(parcels[fails], bad)
            inside |= fails
            candidates.append((np.ones(n, dtype=bool), away))
        for told, away in candidates:
            # What is not applicable is not told; where nothing refuses, LOK004 still tells how far the refusal is.
            self.flip = np.where(told | ~inside, np.minimum(self.flip, away), self.flip)
            self.clear &= ~(np.isnan(away) & told)
        self._keep(self.clear)

    def _depths(
        self, layer: Layer, parcels: Objects, fails: Bools, by_group: Bools, local: Ints, group: Ints
    ) -> Floats:
        """Return the depth of the refused parcels, each in the sub-zones that refuse its proposal."""
        at = np.flatnonzero(fails)
        depth = np.full(len(at), np.nan)
        patterns, which = np.unique(by_group, axis=0, return_inverse=True)
        for p, pattern in enumerate(patterns):
            mine = which.ravel()[local[at]] == p
            if mine.any():
                depth[mine] = layer.depth_m(parcels[at[mine]], pattern[group])
        return depth

    def _keep(self, keep: Bools) -> None:
        self.member, self.flip, self.decides = self.member[keep], self.flip[keep], self.decides[keep]
        self.zone, self.area_of = self.zone[:, keep], self.area_of[:, keep]

    def _keys(self, area_m2: Floats) -> Ints:
        """Return what makes parcels alike, one row a parcel."""
        plain, columns = self.plain, self._uses()
        for index, zoning in enumerate(plain.zonings):
            zone = self.zone[index]
            some = zone >= 0
            group = zoning.group[np.maximum(zone, 0)]
            held = zoning.holding[np.maximum(zone, 0)]
            columns.append(np.where(some, 1 + 2 * group + held, 0))
            cell = np.zeros(len(zone), dtype=np.int64)
            decided = self.decides == index
            cell[decided] = zoning.size_cell(group[decided], area_m2[decided])
            columns.append(cell)
        for area, zone in zip(plain.areas, self.area_of, strict=True):
            columns.append(np.where(zone >= 0, 1 + area.outcome[np.maximum(zone, 0)], 0))
        columns.append(self._legal_area(area_m2))
        return np.ascontiguousarray(np.column_stack(columns).astype(np.int64))

    def _uses(self) -> list[Ints]:
        """Return what the proposals come to where they are.

        One plan: what the matrix says there, not which use it is. Several: the use, since each has its own matrix.
        """
        plain, proposal = self.plain, self.proposal[self.member]
        if len(plain.zonings) > 1:
            return [proposal]
        (zoning,) = plain.zonings
        listed = list(plain.numbers)
        numbers, local = np.unique(proposal, return_inverse=True)
        asked = [listed[number] for number in numbers.tolist()]
        rest = [plain.rest.setdefault(replace(p, kbli=None, activity=None), len(plain.rest)) for p in asked]
        said = np.stack([zoning.outcomes(p).astype(np.int64).T for p in asked])
        decided = np.stack([zoning.decided(p) for p in asked])
        group = zoning.group[self.zone[0]]
        by_rule = [said[local, group, r] for r in range(len(USE_RULES))]
        return [np.array(rest, dtype=np.int64)[local], decided[local, group].astype(np.int64), *by_rule]

    def _legal_area(self, area_m2: Floats) -> Ints:
        """Return what LOK005 says of each parcel."""
        n = len(area_m2)
        given = [p.legal_area_m2 for p in self.sites.proposal[self.member]]
        legal = np.array([np.nan if value is None else value for value in given], dtype=float)
        nan, no, yes = np.full(n, np.nan), np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
        tolerance = self.plain.windows[0].plan.tolerance.legal_area_pct / 100
        rows = SiteRows(
            yes,
            yes,
            nan,
            area_m2,
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

    def _answered(self, exact: Callable[[list[Site]], list[Site]]) -> BlockRows | None:
        area_m2: Floats = round_m(shapely.area(self.sites.parcel[self.member])) + 0.0
        keys = self._keys(area_m2)
        packed = keys.view([("", np.int64)] * keys.shape[1]).ravel()
        _, first, which = np.unique(packed, return_index=True, return_inverse=True)
        names = [keys[row].tobytes() for row in first.tolist()]
        answers = self.plain.answers
        new = [row for row, name in zip(first.tolist(), names, strict=True) if name not in answers]
        for start in range(0, len(new), AT_ONCE):
            self._ask(new[start : start + AT_ONCE], keys, area_m2, exact)
        found = [answers[name] for name in names]
        known = np.array([answer is not None for answer in found], dtype=bool)[which]
        if not known.any():
            return None
        return self._table(found, which, known, area_m2)

    def _ask(
        self, rows: Sequence[int], keys: Ints, area_m2: Floats, exact: Callable[[list[Site]], list[Site]]
    ) -> None:
        """Let the engine judge one parcel of each new class, with the features that it lies in and no others."""
        plain, members = self.plain, self.member[np.array(rows)]
        sites = exact(list(self.sites.take(members)))
        shapes = self.sites.parcel[members]
        windows = [plan.around(shapes, plain.work_crs, 0.0, afar=False) for plan in plain.plans]
        told = replace(plain.options, messages=False, distances=False)
        reports = engine.judge(sites, windows, told, known_m=np.inf).reports
        table = rows_of(reports, members, "en", message=False, findings=False).columns
        for n, row in enumerate(rows):
            one = {name: values[n] for name, values in table.items()}
            area = float(area_m2[row])
            alike = (
                one["n_zones"] == 1
                and one["subzone_share"] == 1.0
                and one["parcel_area_m2"] == area
                and one["approvable_m2"] in (0.0, area)
                and one["gap_m2"] == one["overlap_m2"] == one["dropped_m2"] == 0.0
            )
            plain.answers[keys[row].tobytes()] = (
                Answer(tuple(one.values()), one["approvable_m2"] > 0) if alike else None
            )

    def _table(
        self, answers: Sequence[Answer | None], which: Ints, known: Bools, area_m2: Floats
    ) -> BlockRows:
        member, which = self.member[known], which.ravel()[known]
        area_m2, flip = area_m2[known], self.flip[known]
        columns: dict[str, Any] = {}
        for n, name in enumerate(COLUMNS):
            shared = np.empty(len(answers), dtype=object)
            shared[:] = [None if answer is None else answer.values[n] for answer in answers]
            columns[name] = shared[which].tolist()
        whole = np.array([answer is not None and answer.approvable for answer in answers], dtype=bool)
        columns["id"] = self.sites.id[member].tolist()
        columns["parcel_area_m2"] = area_m2.tolist()
        columns["approvable_m2"] = np.where(whole[which], area_m2, 0.0).tolist()
        columns["flip_distance_m"] = [value if value < np.inf else None for value in (flip + 0.0).tolist()]
        return BlockRows(member, columns)
