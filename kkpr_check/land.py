"""Land findings (KGT, KHS, RTR; LOK by `kkpr_check.location`) of a block, judged per part of each subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check import uses as use_words
from kkpr_check.adverse import PASS_REACH_CE90, Adverse, AdverseArea, Reach
from kkpr_check.errors import Text
from kkpr_check.geometry import (
    round_m,
    union_of,
)
from kkpr_check.judgement import Judgement
from kkpr_check.ledger import cut
from kkpr_check.location import judge_location
from kkpr_check.model import OUTCOMES, Outcome, Site
from kkpr_check.overlay import Source, Strip, declared_none, sources_of, strips_of, undeclared
from kkpr_check.phrases import Phrase, Quantity
from kkpr_check.plan import Cell, Tables
from kkpr_check.rules import RULES
from kkpr_check.rules.base import Codes, Ints, Rule, fold
from kkpr_check.rules.overlays import strip as judge_strip
from kkpr_check.rules.rows import HierarchyRows, HoldingRows, OverlayRows, UseRows
from kkpr_check.uses import Use, use_of, use_rows
from kkpr_check.zoning import Coverage, PlanMap, Subjects, higher_cover

USE_RULES = tuple(rule for rule in RULES if rule.block == "use")
HOLDING_RULES = tuple(rule for rule in RULES if rule.block == "holding")
OVERLAY_RULES = tuple(rule for rule in RULES if rule.block == "overlay")
HIERARCHY_RULES = tuple(rule for rule in RULES if rule.block == "hierarchy")
_COVERS = Text("covers {area}.", "meliputi {area}.")
_AWAY = Text("{measured} away, at least {limit}.", "berjarak {measured}, paling sedikit {limit}.")


def judge_land(
    sites: Sequence[Site], subjects: Subjects, coverage: Coverage, reach: Reach, *, strict_accuracy: bool
) -> list[Judgement]:
    """Judge every land rule for every subject of the block."""
    found: list[Judgement] = []
    for index, plan in enumerate(coverage.maps):
        use = {proposal: use_of(proposal, plan.plan.tables) for proposal in {s.proposal for s in sites}}
        uses = [use[site.proposal] for site in sites]
        found += _judge_use(sites, subjects, coverage, index, uses, reach)
        found += _judge_holding(subjects, plan)
        found += _judge_overlays(subjects, plan, reach)
    found += _judge_hierarchy(sites, subjects, coverage, found)
    found += judge_location(sites, subjects, coverage, found, strict_accuracy)
    return found


def _judge_use(
    sites: Sequence[Site],
    subjects: Subjects,
    coverage: Coverage,
    index: int,
    uses: Sequence[Use],
    reach: Reach,
) -> list[Judgement]:
    """Judge the use of every part that a plan decides, sub-zone by sub-zone."""
    plan = coverage.maps[index]
    judged = plan.judged
    if not len(judged.subject):
        return []
    n_groups = len(plan.subzones)
    rows = _use_rows(sites, uses, plan)
    parts = {k: plan.rows(k) for k in sorted(set(judged.subject.tolist()))}
    refused = _RefusedZones(plan, coverage.maps[:index])
    by_proposal = rows.of[subjects.site]
    alike: dict[tuple[int, int], _PartWords] = {}
    places = []
    for k, part_rows in parts.items():
        site, proposal = int(subjects.site[k]), int(by_proposal[k])
        for row in part_rows:
            key = proposal, int(judged.group[row])
            if key not in alike:
                alike[key] = _part_words(uses[site], plan, key[1])
            places.append((k, row, sites[site], uses[site], *key, alike[key]))
    found = []
    for rule in USE_RULES:
        checked = rule.check(rows.block)
        outcome, _, mixed = fold(checked, rows.block.target, rows.n_proposals * n_groups)
        outcome, mixed = (
            outcome.reshape(rows.n_proposals, n_groups),
            mixed.reshape(rows.n_proposals, n_groups),
        )
        adverse = refused.judge(subjects, outcome[by_proposal] == Outcome.FAIL, parts, reach)
        for k, row, place, use, proposal, group, words in places:
            against, said = adverse[k], OUTCOMES[outcome[proposal, group]]
            if subjects.beside[k] and said < Outcome.UNDETERMINED and against.flip_distance_m is None:
                continue  # nothing that anybody asks for
            item = Judgement(k, rule, said, plan, words.subzone)
            item.pieces, item.legal = judged.geometry[row], plan.plan.legal
            item.against(against)
            _tell_use(item, words, place, use, bool(mixed[proposal, group]))
            found.append(item)
    return found


class _RefusedZones:
    """The adverse areas of one plan's sub-zones, one for each set of sub-zones that fails for some proposal."""

    def __init__(self, plan: PlanMap, higher: Sequence[PlanMap]) -> None:
        self._plan = plan
        self._higher = higher
        self._areas: dict[bytes, AdverseArea] = {}

    @cached_property
    def _minus(self) -> Any:
        return higher_cover(self._higher)

    def judge(
        self, subjects: Subjects, failing: NDArray[np.bool_], parts: Mapping[int, Sequence[int]], reach: Reach
    ) -> dict[int, Adverse]:
        """Judge the subjects by one rule.

        Parameters
        ----------
        failing
            [k, g]: whether the rule refuses sub-zone g to subject k.
        parts
            Subject -> its rows in what the plan decides.
        """
        alike: dict[bytes, list[int]] = {}
        for k in parts:
            alike.setdefault(failing[k].tobytes(), []).append(k)
        found: dict[int, Adverse] = {}
        for key, members in alike.items():
            fails = failing[members[0]]
            if not fails.any():
                found |= dict.fromkeys(members, Adverse(Outcome.PASS, None))
                continue
            judged, group = self._plan.judged, self._plan.judged.group
            pieces = [union_of([judged.geometry[r] for r in parts[k] if fails[group[r]]]) for k in members]
            answers = self._area(key, fails).judge_all(subjects.geometry[members], pieces, reach)
            found |= dict(zip(members, answers, strict=True))
        return found

    def _area(self, key: bytes, fails: NDArray[np.bool_]) -> AdverseArea:
        if key not in self._areas:
            plan = self._plan
            zones = plan.window.zoning.take(fails[plan.group])
            self._areas[key] = AdverseArea(zones, plan.plan.tolerance, self._minus)
        return self._areas[key]


def _judge_holding(subjects: Subjects, plan: PlanMap) -> list[Judgement]:
    """RTR002: of every part that a plan decides, whether it lies in a holding zone."""
    (rule,) = HOLDING_RULES
    judged, held = plan.judged, np.flatnonzero(plan.holding)
    told = [k for k in sorted(set(judged.subject.tolist())) if not subjects.beside[k]]
    parts = [(k, row) for k in told for row in plan.rows(k)]
    holding = np.zeros(len(parts), dtype=bool)
    for n, (k, row) in enumerate(parts if len(held) else ()):
        alike = held[plan.group[held] == judged.group[row]]
        holding[n] = shapely.intersects(plan.window.zoning.geometry[alike], subjects.geometry[k]).any()
    outcome = rule.check(HoldingRows(holding)).outcome
    return [
        Judgement(
            k, rule, Outcome(said), plan, plan.subzones[judged.group[row]],
            pieces=judged.geometry[row], legal=plan.plan.legal,
        )
        for (k, row), said in zip(parts, outcome, strict=True)
    ]  # fmt: skip


class _ProposalRows(NamedTuple):
    """The rows of the proposals of a block, equal ones once: `of` gives the number of each site's."""

    block: UseRows
    of: Ints
    n_proposals: int


def _use_rows(sites: Sequence[Site], uses: Sequence[Use], plan: PlanMap) -> _ProposalRows:
    keys = [(site.proposal, site.footprint is None) for site in sites]
    number = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    use = dict(zip(keys, uses, strict=True))
    proposals, lenient = [proposal for proposal, _ in number], [land for _, land in number]
    block = use_rows(proposals, [use[key] for key in number], plan.plan, plan.subzones, lenient)
    return _ProposalRows(block, np.array([number[key] for key in keys], dtype=np.int64), len(number))


class _PartWords(NamedTuple):
    """What the matrix says of one part: its sub-zone, the cells that may apply, and what a message tells.

    `conditions` is what it tells of the T and of the B conditions, and their legal references.
    """

    group: int
    subzone: str
    cells: list[Cell]
    values: dict[str, Any]
    conditions: dict[str, tuple[dict[str, Any], str]]


def _part_words(use: Use, plan: PlanMap, group: int) -> _PartWords:
    subzone, itbx = plan.subzones[group], plan.plan.tables.itbx
    cells = [cell for a in use.activities if (cell := itbx.get((a, subzone))) is not None]
    cell_text = ", ".join(dict.fromkeys(_cell_text(c) for c in cells))
    values = {"activity": use.label, "hint": use.hint, "cell": cell_text}
    conditions = {}
    for side in _SIDE.values():
        text, legal = use_words.conditions_text(cells, side, plan.plan.tables)
        conditions[side] = values | {"conditions": text}, legal
    return _PartWords(group, subzone, cells, values, conditions)


_SIDE = {"KGT002": "T", "KGT003": "B"}


def _tell_use(item: Judgement, said: _PartWords, site: Site, use: Use, mixed: bool) -> None:
    assert item.plan is not None
    tables, cells = item.plan.plan.tables, said.cells
    item.values = said.values
    side = _SIDE.get(item.rule.code)
    if cells:
        item.measured = item.values["cell"]
    if side is not None:
        item.values, legal = said.conditions[side]
        item.legal = legal or item.legal
    if item.outcome is not Outcome.UNDETERMINED or item.shallow:
        return
    if not use.asked:
        item.missing = ("kbli", "activity")
    elif mixed and len(use.activities) > 1:
        item.missing = ("activity",)
    elif not use.activities:
        item.missing = (
            f"kbli.csv:{site.proposal.kbli}" if site.proposal.activity is None else "activities.csv",
        )
    elif side is not None and cells:
        item.missing = use_words.open_conditions(cells, side, site.proposal, tables)
    elif item.rule.code == "KGT005":
        item.missing = ("zones.csv:protected",)
    else:
        item.missing = ("itbx.csv",)


def _cell_text(cell: Any) -> str:
    return ",".join(cell.codes) or str(cell.letter)


def _judge_overlays(subjects: Subjects, plan: PlanMap, reach: Reach) -> list[Judgement]:
    found: list[Judgement] = []
    deciding = set(plan.judged.subject[plan.judged.area_m2 > 0].tolist())
    # Of what lies outside its zones a plan says nothing, unless an overlay of it reaches there.
    reached = sorted(set(plan.own.subject[plan.own.area_m2 > 0].tolist()))
    for rule in OVERLAY_RULES:
        sources, strips = sources_of(rule, plan.window), strips_of(rule, plan.window)
        hits: list[Judgement] = []
        for source in sources:
            hits += _judge_source(rule, subjects, plan, source, reach)
        for strip in strips:
            hits += _judge_strip(rule, subjects, plan, strip)
        found += hits
        if undeclared(rule, plan.window.plan):
            found += [_undeclared(rule, plan, k) for k in sorted(deciding)]
            continue
        seen = {h.subject for h in hits}
        none = declared_none(rule, plan.window)
        for k in reached:
            if k not in seen and not subjects.beside[k]:
                found.append(Judgement(k, rule, Outcome.PASS, plan, legal=none or plan.plan.legal))
    return found


def _undeclared(rule: Rule, plan: PlanMap, subject: int) -> Judgement:
    item = Judgement(subject, rule, Outcome.UNDETERMINED, plan, legal=plan.plan.legal)
    item.missing = (f"plan.toml:[[overlay]] rule={rule.code}",)
    return item


def _judge_source(
    rule: Rule, subjects: Subjects, plan: PlanMap, source: Source, reach: Reach
) -> list[Judgement]:
    tolerance = plan.plan.tolerance
    parts = cut(subjects.geometry, source.features.geometry, source.group, tolerance)
    stated = rule.check(OverlayRows(source.outcome[parts.group])).outcome
    failing = (source.outcome == Outcome.FAIL)[source.group]
    area = AdverseArea(source.features.take(failing), tolerance)
    subject_rows = [
        [r for r in parts.lasting(k) if stated[r] != Outcome.NOT_APPLICABLE]
        for k in range(len(subjects.site))
    ]
    pieces = [
        union_of([parts.geometry[r] for r in rows if stated[r] == Outcome.FAIL]) for rows in subject_rows
    ]
    found = []
    for k, adverse in enumerate(area.judge_all(subjects.geometry, pieces, reach)):
        rows = subject_rows[k]
        for r in rows:
            value = source.values[parts.group[r]]
            item = Judgement(k, rule, Outcome(stated[r]), plan, value, legal=source.legal or plan.plan.legal)
            item.pieces, item.measured, item.unit = parts.geometry[r], float(round_m(parts.area_m2[r])), "m2"
            item.witness = item.pieces
            item.against(adverse)
            size = Quantity(item.measured, "m2")
            covers = Phrase(_COVERS, {"area": size})
            item.values = {"value": value, "area": size, "detail": covers, "layer": source.features.name}
            item.ce90_m = source.features.ce90_m
            if item.outcome is Outcome.UNDETERMINED and not item.shallow:
                item.missing = source.missing
            found.append(item)
        if not rows and adverse.flip_distance_m is not None:
            item = Judgement(k, rule, Outcome.PASS, plan, legal=source.legal or plan.plan.legal)
            item.flip_distance_m = adverse.flip_distance_m
            found.append(item)
    return found


def _judge_strip(rule: Rule, subjects: Subjects, plan: PlanMap, strip: Strip) -> list[Judgement]:
    """Judge the distances to the lines or banks of one layer; the worst feature speaks for the subject."""
    features = strip.features
    reach_m = strip.reach_m + PASS_REACH_CE90 * features.ce90_m + 1e-4
    k, f = shapely.STRtree(features.geometry).query(
        subjects.geometry, predicate="dwithin", distance=reach_m.max(initial=0.0)
    )
    # Each feature by its own reach: which other ones are in the window must not change what is told.
    near = shapely.dwithin(subjects.geometry[k], features.geometry[f], reach_m[f])
    k, f = k[near], f[near]
    if not len(k):
        return []
    order = np.lexsort((f, k))
    k, f = k[order], f[order]
    rows, pair, law = strip.rows(subjects.geometry, k, f, np.int8(rule.default))
    if not len(pair):
        return []
    checked = judge_strip(rows)
    outcome, shown, mixed = fold(checked, rows.target, len(k), ">=")
    found = []
    for subject in sorted(set(k.tolist())):
        mine = [p for p in np.flatnonzero(k == subject) if shown[p] >= 0]
        if not mine:
            continue
        assert checked.measured is not None and checked.limit is not None
        margin = {p: checked.measured[shown[p]] - checked.limit[shown[p]] for p in mine}
        worst = max(mine, key=lambda p: (outcome[p], -margin[p]))
        row = int(shown[worst])
        item = Judgement(int(subject), rule, Outcome(outcome[worst]), plan, legal=law[row] or plan.plan.legal)
        item.measured, item.limit = float(checked.measured[row]), float(checked.limit[row])
        gap = float(round_m(margin[worst]))
        if rule.default is Outcome.FAIL and gap <= PASS_REACH_CE90 * features.ce90_m:
            item.flip_distance_m = abs(gap)
        bad = [p for p in mine if outcome[p] >= Outcome.CONDITIONAL]
        if bad:
            item.zone = features.name
            subject_shape = subjects.geometry[subject]
            shapes = np.full(len(bad), subject_shape, dtype=object)
            item.pieces = union_of(strip.pieces(shapes, f[bad], rows, shown[bad]))
            item.witness = shapely.shortest_line(subject_shape, features.geometry[f[worst]])
            item.shallow = bool(
                outcome[worst] == Outcome.UNDETERMINED and not mixed[worst] and rows.edge_known[row]
            )
            if outcome[worst] == Outcome.UNDETERMINED and not item.shallow:
                item.missing = strip.unknown(f[worst])
        item.ce90_m = features.ce90_m
        item.values = {
            "value": features.name,
            "detail": Phrase(
                _AWAY, {"measured": Quantity(item.measured, "m"), "limit": Quantity(item.limit, "m")}
            ),
        }
        found.append(item)
    return found


def _judge_hierarchy(
    sites: Sequence[Site], subjects: Subjects, coverage: Coverage, found_before: Sequence[Judgement]
) -> list[Judgement]:
    """RTR001: where an RDTR says yes, what the classes of lower-ranked plans say of the same use."""
    (rule,) = HIERARCHY_RULES
    no: list[set[tuple[str, str | None]]] = [set() for _ in subjects.site]
    for j in found_before:
        if j.plan is not None and j.rule.block == "use" and j.outcome >= Outcome.UNDETERMINED:
            no[j.subject].add((j.plan.plan.id, j.zone))
    rdtr = [m for m in coverage.maps if m.plan.level == "rdtr"]
    found = []
    for k in range(len(subjects.site)):
        yes = [
            (m, r) for m in rdtr for r in m.rows(k) if (m.plan.id, m.subzones[m.judged.group[r]]) not in no[k]
        ]
        inside = union_of([m.judged.geometry[r] for m, r in yes])
        if inside.is_empty:
            continue
        for plan in coverage.maps:
            if plan.plan.level == "rdtr":
                continue
            found += _conflicts(rule, sites[int(subjects.site[k])], k, inside, plan, subjects)
    return found


def _conflicts(
    rule: Rule, site: Site, k: int, inside: Any, plan: PlanMap, subjects: Subjects
) -> list[Judgement]:
    own = plan.own
    rows = [r for r in own.lasting(k) if shapely.intersection(own.geometry[r], inside).area > 0]
    if not rows:
        return []
    tables = plan.plan.tables
    outcome = conflicts_of(use_of(site.proposal, tables), tables, [plan.subzones[own.group[r]] for r in rows])
    found = []
    for r, said in zip(rows, outcome, strict=True):
        subzone, _ = plan.label(int(own.group[r]))
        item = Judgement(k, rule, Outcome(said), plan, subzone, legal=plan.plan.legal)
        item.measured, item.unit = float(round_m(own.area_m2[r])), "m2"
        item.values = {"area": Quantity(item.measured, "m2")}
        if item.outcome is Outcome.UNDETERMINED:
            has_column = subzone in tables.itbx_subzones
            item.missing = ("itbx.csv",) if has_column else ("zones.csv:protected",)
            item.pieces = own.geometry[r]
        if item.outcome is not Outcome.PASS:
            item.witness = own.geometry[r]
        found.append(item)
    return found


def conflicts_of(use: Use, tables: Tables, subzones: Sequence[str]) -> Codes:
    """Return what RTR001 says of a use that an RDTR permits inside some classes of a lower-ranked plan."""
    (rule,) = HIERARCHY_RULES
    refused, unknown = [], []
    for subzone in subzones:
        cells = [tables.itbx[(a, subzone)] for a in use.activities if (a, subzone) in tables.itbx]
        zone = tables.zones.get(subzone)
        protected = zone.protected if zone else None
        refused.append(any(c.letter == "X" for c in cells) or (not cells and bool(protected)))
        # A matrix with a column for the class has to decide; only without one does the class speak for itself.
        has_column = subzone in tables.itbx_subzones
        open_cell = not cells or len(cells) < len(use.activities)
        unknown.append(open_cell if has_column else protected is None)
    return rule.check(HierarchyRows(np.array(refused, dtype=bool), np.array(unknown, dtype=bool))).outcome
