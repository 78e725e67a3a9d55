"""Plans made ready for blocks of parcels: each layer as arrays and trees, and what proposals come to in their sub-zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely

from kkpr_check import engine
from kkpr_check.batch.placing import Bools, Floats, Ints, Layer
from kkpr_check.batch.plans import MemoryPlan
from kkpr_check.batch.standing import StandingBuildings
from kkpr_check.candidates import limit_of
from kkpr_check.features import Objects, PlanWindow
from kkpr_check.frontage import Network
from kkpr_check.geometry import REL_TOL
from kkpr_check.land import OVERLAY_RULES, USE_RULES, conflicts_of
from kkpr_check.model import Finding, Proposal
from kkpr_check.overlay import Strip, sources_of, strips_of
from kkpr_check.plan import LIMIT_COLUMNS, Limit, Rung, State
from kkpr_check.rules.base import Codes, Rule, fold
from kkpr_check.uses import use_of, use_rows, with_front_classes
from kkpr_check.zoning import feature_groups, holding_features


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
        self._decided: dict[Proposal, Bools] = {}
        self._conflicts: dict[Proposal, Codes] = {}

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
        if proposal not in self._decided:
            tables = self.window.plan.tables
            uses = use_of(proposal, tables).activities
            said = [any((a, s) in tables.itbx for a in uses) for s in self.subzones]
            self._decided[proposal] = np.array(said, dtype=bool)
        return self._decided[proposal]

    def conflicts(self, proposal: Proposal) -> Codes:
        """Return what RTR001 says of each sub-zone where a higher plan, an RDTR, permits the use."""
        if proposal not in self._conflicts:
            tables = self.window.plan.tables
            self._conflicts[proposal] = conflicts_of(use_of(proposal, tables), tables, self.subzones)
        return self._conflicts[proposal]

    @cached_property
    def held(self) -> tuple[Ints, shapely.STRtree]:
        """The features that are holding zones, and their tree."""
        rows = np.flatnonzero(self.holding)
        return rows, shapely.STRtree(self.layer.geometry[rows])

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
    """One source of an overlay rule in one plan: its areas, its values and what each says."""

    rule: str
    plan: str
    layer: Layer
    values: tuple[str, ...]
    outcome: Codes


Place = tuple[str, str | None, str | None]
"""Rule, plan and zone of a finding."""
NEAR = {"m": 3e-4, "m2": 1e-3, "ratio": 1e-7}
"""By how much a number of the engine may differ from the same in the arrays, by unit."""


def place_of_finding(finding: Finding) -> Place:
    """Return the place of a finding."""
    return finding.rule, finding.plan, finding.zone


class Saying(NamedTuple):
    """A finding's sentence with gaps for numbers: its words around them, and the name and unit of each."""

    words: tuple[str, ...]
    gaps: tuple[tuple[str, str], ...]


class Said(NamedTuple):
    """A finding as the engine told it: rule, plan and zone, its words, and what each part of the parcel adds to a limit."""

    place: Place
    saying: Saying
    weights: tuple[float, ...] = ()


class RowKey(NamedTuple):
    """What a row of the long table hangs on: its place, its outcome, the columns that arrays fill, and whatever else."""

    place: Place
    outcome: int
    filled: tuple[str, ...]
    rest: tuple[Any, ...]


class Row(NamedTuple):
    """What is the same in all rows of a key, by column of the long table."""

    measured: float | str | None
    limit: float | str | None
    operator: str | None
    unit: str | None
    legal: str


class BuiltRow(NamedTuple):
    """A row of what may be built; `weights` as in `Said`."""

    place: Place
    outcome: int
    filled: tuple[str, ...]
    row: Row
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What all parcels of a class share.

    Attributes
    ----------
    values
        Columns of the table.
    in_doubt
        Whether nothing of them is approvable whatever their parts.
    fixed
        What is said of all of them, by outcome: findings that no fact of a parcel tells.
    """

    values: dict[str, Any]
    in_doubt: bool
    fixed: dict[int, tuple[Said, ...]]


@dataclass
class Prepared:
    """What is kept between blocks: plans made ready, proposals numbered, classes answered (None: left to the engine)."""

    plans: Sequence[MemoryPlan]
    work_crs: str
    options: engine.Options
    answers: dict[bytes, Answer | None] = field(default_factory=dict)
    numbers: dict[Proposal, int] = field(default_factory=dict)
    rest: dict[Proposal, int] = field(default_factory=dict)
    sayings: dict[Any, Saying | None] = field(default_factory=dict)
    built: dict[bytes, tuple[Said, ...] | None] = field(default_factory=dict)
    rows: dict[RowKey, Row | None] = field(default_factory=dict)
    built_rows: dict[bytes, tuple[BuiltRow, ...] | None] = field(default_factory=dict)
    lacking: dict[tuple[str, ...], int] = field(default_factory=dict)
    fronts: dict[float, int] = field(default_factory=dict)

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
            Area(rule.code, w.plan.id, Layer(s.features, s.group, w.plan.tolerance), s.values, s.outcome)
            for w in self.windows
            for rule in OVERLAY_RULES
            for s in sources_of(rule, w)
        ]

    @cached_property
    def strips(self) -> list[tuple[Rule, Strip, shapely.STRtree]]:
        """The lines and banks to keep off from."""
        return [(rule, strip, shapely.STRtree(strip.features.geometry)) for _, rule, strip in self._strips]

    @cached_property
    def strip_plans(self) -> list[str]:
        """The plan of each of `strips`."""
        return [plan for plan, _, _ in self._strips]

    @cached_property
    def _strips(self) -> list[tuple[str, Rule, Strip]]:
        return [
            (w.plan.id, rule, strip)
            for w in self.windows
            for rule in OVERLAY_RULES
            for strip in strips_of(rule, w)
        ]

    @cached_property
    def network(self) -> Network:
        """The roads of all plans."""
        return engine.network_of(self.windows)

    @cached_property
    def plan_of(self) -> list[str]:
        """The plan of each sub-zone of `subzones`."""
        return [zoning.window.plan.id for zoning in self.zonings for _ in zoning.subzones]

    @cached_property
    def most_kdh_ratio(self) -> Floats:
        """The most open ground that each sub-zone may ask for, as a share of a lot."""
        found = []
        for zoning in self.zonings:
            for subzone in zoning.subzones:
                rungs = zoning.window.plan.tables.intensity.get(subzone, ())
                limits = [limit_of(rung, "kdh_min_pct") for rung in rungs]
                found.append(max((m.constant / 100 for m in limits if m.state is State.VALUE), default=0.0))
        return np.array(found)

    @cached_property
    def asks_for_rumija(self) -> Bools:
        """Sub-zones with a limit that hangs on the width of the road in front."""
        tables = [
            (zoning.window.plan.tables, subzone) for zoning in self.zonings for subzone in zoning.subzones
        ]
        return np.array([own.asks_for_rumija(subzone) for own, subzone in tables], dtype=bool)

    @cached_property
    def buildings(self) -> list[StandingBuildings]:
        """The buildings that the plans know."""
        return [
            StandingBuildings.of(plan.layer(spec, self.work_crs).geometry)
            for plan in self.plans
            for spec in plan.plan.layers_of("building")
        ]

    def number(self, proposals: Objects) -> tuple[Ints, Bools]:
        """Return a number for each proposal without their legal area, and tell which have no areas of their own to judge."""
        _, first, which = np.unique(
            np.fromiter(map(id, proposals), np.int64, len(proposals)), return_index=True, return_inverse=True
        )
        found = np.empty(len(first), dtype=np.int64)
        simple = np.empty(len(first), dtype=bool)
        for row in np.argsort(first):  # numbered in the order of their rows
            proposal = proposals[first[row]]
            bare = proposal if proposal.legal_area_m2 is None else replace(proposal, legal_area_m2=None)
            sizes = (proposal.floor_area_m2, proposal.basement_area_m2, proposal.green_area_m2)
            found[row] = self.numbers.setdefault(bare, len(self.numbers))
            simple[row] = all(size is None for size in sizes)
        return found[which], simple[which]
