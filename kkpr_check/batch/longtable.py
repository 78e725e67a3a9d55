"""The long table of parcels that are judged by class: every finding of the engine, with the numbers of each parcel.

Which findings a parcel gets, and in which order, stands in its facts. The words of a row (what the matrix says, the law)
hang on little: a sub-zone and a use, a value of an overlay, the rungs of a ladder. They are taken once from a report of the
engine; what is measured comes from the arrays. Every report that is seen must have the rows that the facts foretell, with
the same numbers; where it has not, its class is left to the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kkpr_check.adverse import PASS_REACH_CE90
from kkpr_check.batch.buildable import BLOCKS, Buildable
from kkpr_check.batch.facts import AreaHits, Facts, StripHits
from kkpr_check.batch.naming import distinct
from kkpr_check.batch.placing import Bools, Floats, Ints
from kkpr_check.batch.prepared import NEAR, BuiltRow, Place, Row, RowKey, place_of_finding
from kkpr_check.batch.table import FINDING_COLUMNS, RATIO_DECIMALS
from kkpr_check.features import Objects
from kkpr_check.geometry import DIGITS, round_m
from kkpr_check.land import HOLDING_RULES, OVERLAY_RULES, USE_RULES
from kkpr_check.location import SITE_RULES
from kkpr_check.model import Finding, Outcome, Report
from kkpr_check.overlay import undeclared
from kkpr_check.rules import BY_CODE, ORDER
from kkpr_check.rules.rows import HoldingRows, SiteRows

NUMBERS = ("measured", "limit", "flip_distance_m")
"""Columns that arrays may fill; `margin` follows from the first two."""
GIVEN = ("TAB004", "TAB005")
"""Building rules that measure what the proposal says, not what is drawn."""
HALFWAY = 1e-5
"""So near to halfway, in the last decimal, a number may be rounded either way by numpy."""
BALANCE = ("INT003", "INT004")
"""Building rules whose limit is that of all parts together, by their areas."""


class Hits(NamedTuple):
    """Findings: whose they are, which of the keys they have, and the numbers of `NUMBERS` that are known (else NaN)."""

    subject: Ints
    key: Ints
    keys: Sequence[RowKey]
    numbers: Mapping[str, Floats]


class LongTable:
    """Makes the rows of the long table for the parcels of a block that are judged by class.

    Parameters
    ----------
    judged
        Those parcels, as numbers of `facts`, ascending.
    buildable
        What their building findings hang on.
    """

    def __init__(self, facts: Facts, judged: Ints, buildable: Buildable) -> None:
        self._facts, self._prepared, self._buildable = facts, facts.prepared, buildable
        self._judged = judged
        n = len(facts.parcels)
        self._mine = np.zeros(n, dtype=bool)
        self._mine[judged] = True
        self._adverse_m = np.full(n, np.nan)
        self._names, self._name = distinct(buildable.names(judged, np.zeros(n, dtype=np.int64), judged))
        self._land = _together(list(self._land_hits()))
        self._first = np.searchsorted(self._land.subject, np.arange(n + 1))
        self.misfits: set[int] = set()
        """Parcels whose report says something else than their facts."""

    # --- what the engine says

    def learn(self, subject: int, report: Report) -> None:
        """Compare the report of a parcel with its rows, and take from it the words that are not known yet."""
        land = [f for f in report.findings if BY_CODE[f.rule].block not in BLOCKS]
        first, last = self._first[subject : subject + 2].tolist()
        keys = [self._land.keys[n] for n in self._land.key[first:last].tolist()]
        if [(place_of_finding(f), int(f.outcome)) for f in land] != [
            (key.place, key.outcome) for key in keys
        ]:
            self.misfits.add(subject)
            return
        known = self._prepared.rows
        for n, key, finding in zip(range(first, last), keys, land, strict=True):
            row = _row(finding, {name: float(self._land.numbers[name][n]) for name in key.filled})
            if known.setdefault(key, row) != row:
                known[key] = None
        name = self._names[self._name[np.searchsorted(self._judged, subject)]]
        built = self._built(subject, [f for f in report.findings if BY_CODE[f.rule].block in BLOCKS])
        if self._prepared.built_rows.setdefault(name, built) != built:
            self._prepared.built_rows[name] = None

    def unknown(self) -> list[int]:
        """Return parcels that have between them all findings whose words are not known yet."""
        key, at = np.unique(self._land.key, return_index=True)
        found: dict[int, None] = {}
        seen: set[int] = set()
        for k, n in zip(key.tolist(), at.tolist(), strict=True):
            if k in seen or self._land.keys[k] in self._prepared.rows:
                continue
            subject = int(self._land.subject[n])
            found[subject] = None
            seen.update(self._land.key[self._first[subject] : self._first[subject + 1]].tolist())
        name, at = np.unique(self._name, return_index=True)
        new = [n for k, n in zip(name, at, strict=True) if self._names[k] not in self._prepared.built_rows]
        return list(found | dict.fromkeys(self._judged[new].tolist()))

    def told(self) -> Bools:
        """Tell of which of the judged parcels the words of all findings are known."""
        known = np.array([self._prepared.rows.get(key) is not None for key in self._land.keys], dtype=bool)
        whole = np.ones(len(self._mine), dtype=bool)
        whole[self._land.subject[~known[self._land.key]]] = False
        built = [self._prepared.built_rows.get(name) is not None for name in self._names]
        found: Bools = whole[self._judged] & np.array(built, dtype=bool)[self._name]
        return found

    def rows(self, told: Ints) -> tuple[Ints, dict[str, Objects]]:
        """Return whose each row is, and the rows of some parcels that are `told`, in the engine's order."""
        mine = np.zeros(len(self._mine), dtype=bool)
        mine[told] = True
        built, words = self._built_hits()
        hits = _together([_of(one, mine) for one in (self._land, *built)])
        words |= {key: row for key in self._land.keys if (row := self._prepared.rows.get(key)) is not None}
        return hits.subject, _columns(hits, words, self._facts.sites.id)

    # --- findings on the land, as `kkpr_check.land` and `kkpr_check.location` judge

    def _land_hits(self) -> Iterator[Hits]:
        """Yield all findings on the land; what is told of the same rule, plan and zone in the engine's order."""
        yield from self._use_hits()
        yield self._holding_hits()
        seen: dict[tuple[str, str], Bools] = {}
        for area in self._facts.area_hits:
            yield from self._area_hits(area, seen)
        for strip in self._facts.strip_hits:
            yield self._strip_hits(strip, seen)
        yield from self._outside_hits(seen)
        yield from self._hierarchy_hits()
        yield from self._site_hits()  # last: it tells the nearest of all that refuses

    def _use_hits(self) -> Iterator[Hits]:
        facts = self._facts
        uses = [(p.kbli, p.activity) for p in facts.asked]
        numbered = {use: number for number, use in enumerate(dict.fromkeys(uses))}
        number, listed = np.array([numbered[use] for use in uses], dtype=np.int64), list(numbered)
        rows = np.flatnonzero(self._mine[facts.parts.subject])
        subject, group = facts.parts.subject[rows], facts.parts.group[rows]
        for r, rule in enumerate(USE_RULES):
            away_m = np.full(len(self._mine), np.inf)
            for plan, ruled, far_m in facts.use_away:
                if ruled == r:
                    away_m = np.where(facts.decides == plan, far_m, away_m)
            said = facts.said[rows, r].astype(np.int64)
            self._come_near(subject, said, ~np.isnan(facts.use_depth_m[rows, r]), away_m[subject])
            yield _grouped(
                subject,
                (said, group, number[facts.use[subject]]),
                lambda g, u, code=rule.code: (self._zone(code, g), listed[u]),
                flip_distance_m=away_m[subject],
            )

    def _holding_hits(self) -> Hits:
        facts = self._facts
        (rule,) = HOLDING_RULES
        rows = np.flatnonzero(self._mine[facts.parts.subject])
        said = rule.check(HoldingRows(facts.held_over[rows])).outcome.astype(np.int64)
        return _grouped(
            facts.parts.subject[rows],
            (said, facts.parts.group[rows]),
            lambda g: (self._zone(rule.code, g), ()),
        )

    def _area_hits(self, hits: AreaHits, seen: dict[tuple[str, str], Bools]) -> Iterator[Hits]:
        area = self._prepared.areas[hits.source]
        rows = np.flatnonzero(self._mine[hits.subject] & (hits.outcome != Outcome.NOT_APPLICABLE))
        subject, said = hits.subject[rows], hits.outcome[rows]
        away_m = hits.away_m[subject]
        self._come_near(subject, said, ~np.isnan(hits.depth_m[rows]), away_m)
        yield _grouped(
            subject,
            (said, hits.value[rows]),
            lambda value: ((area.rule, area.plan, area.values[value]), (hits.source,)),
            measured=hits.area_m2[rows],
            flip_distance_m=away_m,
        )
        within = np.zeros(len(self._mine), dtype=bool)
        within[subject] = True
        beside = np.flatnonzero(self._mine & ~within & np.isfinite(hits.away_m))
        said, away_m = np.full(len(beside), int(Outcome.PASS)), hits.away_m[beside]
        self._come_near(beside, said, np.zeros(len(beside), dtype=bool), away_m)
        within[beside] = True
        yield _grouped(
            beside, (said,), lambda: ((area.rule, area.plan, None), (hits.source,)), flip_distance_m=away_m
        )
        _mark(seen, (area.rule, area.plan), within)

    def _strip_hits(self, hits: StripHits, seen: dict[tuple[str, str], Bools]) -> Hits:
        (rule, strip, _), plan = self._prepared.strips[hits.strip], self._prepared.strip_plans[hits.strip]
        rows = np.flatnonzero(self._mine[hits.subject])
        subject, said = hits.subject[rows], hits.outcome[rows]
        away_m = round_m(hits.measured_m[rows] - hits.limit_m[rows])
        told = (rule.default is Outcome.FAIL) & (away_m <= PASS_REACH_CE90 * strip.features.ce90_m)
        away_m = np.where(told, np.abs(away_m), np.nan)
        self._come_near(subject, said, ~np.isnan(hits.depth_m[rows]), away_m)
        within = np.zeros(len(self._mine), dtype=bool)
        within[subject] = True
        _mark(seen, (rule.code, plan), within)
        laws = {text: number for number, text in enumerate(dict.fromkeys(hits.law[rows].tolist()))}
        law = np.array([laws[text] for text in hits.law[rows].tolist()], dtype=np.int64)
        texts = list(laws)
        named = (said >= Outcome.CONDITIONAL).astype(np.int64)
        return _grouped(
            subject,
            (said, named, law),
            lambda bad, number: (
                (rule.code, plan, strip.features.name if bad else None),
                (hits.strip, texts[number]),
            ),
            measured=hits.measured_m[rows],
            limit=hits.limit_m[rows],
            flip_distance_m=away_m,
        )

    def _outside_hits(self, seen: Mapping[tuple[str, str], Bools]) -> Iterator[Hits]:
        """Yield what plans say of overlays that are not here: nothing at all, or that the parcel lies outside."""
        for index, window in enumerate(self._prepared.windows):
            for rule in OVERLAY_RULES:
                place = (rule.code, window.plan.id, None)
                if undeclared(rule, window.plan):
                    some, said = (
                        self._judged[self._facts.decides[self._judged] == index],
                        Outcome.UNDETERMINED,
                    )
                else:
                    within = seen.get(place[:2], np.zeros(len(self._mine), dtype=bool))
                    some, said = self._judged[~within[self._judged]], Outcome.PASS
                yield _grouped(some, (np.full(len(some), int(said)),), lambda place=place: (place, ()))

    def _hierarchy_hits(self) -> Iterator[Hits]:
        """RTR001: a lower plan holds all of a parcel here, else it is not judged by class."""
        facts, prepared = self._facts, self._prepared
        rdtr = np.array([window.plan.level == "rdtr" for window in prepared.windows], dtype=bool)
        yes = np.zeros(len(self._mine), dtype=bool)
        yes[facts.parts.subject[np.all(facts.said < Outcome.UNDETERMINED, axis=1)]] = True
        yes &= self._mine & rdtr[facts.decides]
        for index, (zoning, placed) in enumerate(zip(prepared.zonings, facts.zoned, strict=True)):
            if rdtr[index]:
                continue
            plan = zoning.window.plan.id
            some = np.flatnonzero(yes & (placed.zone >= 0))
            group = zoning.layer.group[placed.zone[some]]
            by_use = np.stack([zoning.conflicts(proposal) for proposal in facts.asked]).astype(np.int64)
            yield _grouped(
                some,
                (by_use[facts.use[some], group], group),
                lambda g, plan=plan, zoning=zoning: (("RTR001", plan, zoning.subzones[g]), ()),
                measured=round_m(facts.parcels.area_m2[some]),
            )

    def _site_hits(self) -> Iterator[Hits]:
        facts, judged = self._facts, self._judged
        n, yes = len(judged), np.ones(len(judged), dtype=bool)
        ce90_m = np.array([window.zoning.ce90_m for window in self._prepared.windows], dtype=float)
        rows = SiteRows(
            readable=yes,
            covered=yes,
            gap_m2=facts.gap_m2[judged],
            area_m2=round_m(facts.parcels.area_m2[judged]),
            n_zones=np.bincount(facts.parts.subject, minlength=len(self._mine))[judged],
            adverse_distance_m=self._adverse_m[judged],
            ce90_m=ce90_m[facts.decides[judged]],
            strict=~yes,
            legal_area_m2=facts.legal_area_m2[judged],
            legal_tolerance_ratio=np.full(n, self._prepared.windows[0].plan.tolerance.legal_area_pct / 100),
            is_parcel=yes,
        )
        for rule in SITE_RULES:
            checked = rule.check(rows)
            numbers = {"measured": checked.measured, "limit": checked.limit}
            if rule.code == "LOK004":
                with np.errstate(invalid="ignore"):
                    numbers["flip_distance_m"] = np.where(
                        self._adverse_m[judged] > 0, self._adverse_m[judged], np.nan
                    )
            yield _grouped(
                judged,
                (checked.outcome.astype(np.int64), facts.decides[judged]),
                lambda plan, code=rule.code: ((code, None, None), (plan,)),
                **{name: values for name, values in numbers.items() if values is not None},
            )

    def _zone(self, rule: str, group: int) -> Place:
        return rule, self._prepared.plan_of[group], str(self._prepared.subzones[group])

    def _come_near(self, subject: Ints, said: Ints, shallow: Bools, away_m: Floats) -> None:
        """Take note of how near what refuses lies (LOK004): 0 inside of it, nothing where the answer is unknown."""
        inside = (said == Outcome.FAIL) | shallow
        some = np.isfinite(away_m) & (inside | (said != Outcome.UNDETERMINED))
        np.fmin.at(self._adverse_m, subject[some], np.where(inside, 0.0, away_m)[some])

    # --- findings of what may be built

    def _built(self, subject: int, findings: Sequence[Finding]) -> tuple[BuiltRow, ...] | None:
        """Return the building rows of a parcel and what their numbers hang on; None where the arrays find others."""
        facts, buildable = self._facts, self._buildable
        low_m2, lot_m2 = float(buildable.low_m2[subject]), float(facts.lot_m2[subject])
        sizes_m2, found = buildable.sizes_m2(subject), []
        for finding in findings:
            weights: tuple[float, ...] = ()
            numbers: dict[str, float] = {}
            if finding.rule == "INT005" and finding.measured is not None:
                numbers["measured"] = low_m2
            if finding.rule in BALANCE and isinstance(finding.limit, float):
                weights = buildable.weights(subject, finding)
                # Where less is approvable than is left, either may be told: the stricter of two mixtures of limits.
                if low_m2 != lot_m2 and len(set(weights)) > 1:
                    return None
                numbers["limit"] = _mixture(weights, sizes_m2[None])[0]
            row = _row(finding, numbers, constant=finding.rule in GIVEN, limited=True)
            if row is None:
                return None
            found.append(
                BuiltRow(place_of_finding(finding), int(finding.outcome), tuple(numbers), row, weights)
            )
        return tuple(found)

    def _built_hits(self) -> tuple[list[Hits], dict[RowKey, Row]]:
        """Return the building findings, name by name, and the words of their keys."""
        found: list[Hits] = []
        words: dict[RowKey, Row] = {}
        order = np.argsort(self._name, kind="stable")
        starts = np.searchsorted(self._name[order], np.arange(len(self._names) + 1))
        for n, name in enumerate(self._names):
            rows = self._prepared.built_rows.get(name)
            if not rows:
                continue
            subject = self._judged[order[starts[n] : starts[n + 1]]]
            parts = (
                [self._buildable.parts(k) for k in subject.tolist()] if any(r.weights for r in rows) else []
            )
            sizes_m2 = self._facts.left_m2[np.array(parts, dtype=np.int64)]
            numbers = {name: np.full((len(rows), len(subject)), np.nan) for name in NUMBERS}
            for number, built in enumerate(rows):
                if "limit" in built.filled:
                    numbers["limit"][number] = _mixture(built.weights, sizes_m2)
                if "measured" in built.filled:
                    numbers["measured"][number] = self._buildable.low_m2[subject]
            keys = [
                RowKey(built.place, built.outcome, built.filled, (name, n)) for n, built in enumerate(rows)
            ]
            words |= {key: built.row for key, built in zip(keys, rows, strict=True)}
            key = np.repeat(np.arange(len(rows)), len(subject))
            told = {column: values.ravel() for column, values in numbers.items()}
            found.append(Hits(np.tile(subject, len(rows)), key, keys, told))
        return found, words


def _mixture(weights: Sequence[float], sizes_m2: Floats) -> Floats:
    """Return a limit that is a share of each row of areas: the mean of the parts' own, by their areas."""
    found: Floats = (sizes_m2 @ np.array(weights)) / sizes_m2.sum(axis=1)
    return found


def _row(
    finding: Finding, numbers: Mapping[str, float], *, constant: bool = False, limited: bool = False
) -> Row | None:
    """Return what is the same in all findings of a key; None where one of the numbers is another.

    Parameters
    ----------
    numbers
        What the arrays found, by column; NaN or infinite: null.
    constant, limited
        Whether what is measured, and the limit, may be a number of the plan or the proposal that no array fills in.
    """
    near = NEAR.get(finding.unit or "", 1e-9)
    fixed: dict[str, Any] = {}
    for name, free in (("measured", constant), ("limit", limited), ("flip_distance_m", False)):
        told = getattr(finding, name)
        if name not in numbers:
            if isinstance(told, float) and not free:
                return None
            fixed[name] = told
        elif not _same(told, numbers[name], NEAR["m"] if name == "flip_distance_m" else near):
            return None
    return Row(fixed.get("measured"), fixed.get("limit"), finding.operator, finding.unit, finding.legal)


def _same(told: float | str | None, number: float, near: float) -> bool:
    if told is None or isinstance(told, str):
        return told is None and not np.isfinite(number)
    return abs(told - number) <= near


def _mark(seen: dict[tuple[str, str], Bools], place: tuple[str, str], within: Bools) -> None:
    seen[place] = seen[place] | within if place in seen else within


def _grouped(
    subject: Ints,
    columns: Sequence[Ints],
    key_of: Callable[..., tuple[Place, tuple[Any, ...]]],
    **numbers: Floats,
) -> Hits:
    """Return findings with their keys; the first column is their outcome, `key_of` takes a value of each other one."""
    some = np.flatnonzero(columns[0] != Outcome.NOT_APPLICABLE)
    columns = [column[some] for column in columns]
    code = np.zeros(len(some), dtype=np.int64)
    for column in columns:
        code = code * (column.max(initial=0) + 1) + column
    _, first, key = np.unique(code, return_index=True, return_inverse=True)
    keys = []
    for outcome, *rest in np.column_stack([column[first] for column in columns]).tolist():
        place, hangs_on = key_of(*rest)
        keys.append(RowKey(place, outcome, tuple(numbers), hangs_on))
    return Hits(subject[some], key.ravel(), keys, {name: values[some] for name, values in numbers.items()})


def _of(hits: Hits, mine: Bools) -> Hits:
    some = np.flatnonzero(mine[hits.subject])
    numbers = {name: values[some] for name, values in hits.numbers.items()}
    return Hits(hits.subject[some], hits.key[some], hits.keys, numbers)


def _together(parts: Sequence[Hits]) -> Hits:
    """Join findings in the order of a report, parcel by parcel."""
    keys = [key for hits in parts for key in hits.keys]
    starts = np.cumsum([0, *(len(hits.keys) for hits in parts)])
    key = np.concatenate([hits.key + start for hits, start in zip(parts, starts, strict=False)])
    subject = np.concatenate([hits.subject for hits in parts])
    sorts = [(ORDER[k.place[0]], k.place[1] or "", -k.outcome, k.place[2] or "") for k in keys]
    ranks = {one: rank for rank, one in enumerate(sorted(set(sorts)))}
    rank = np.array([ranks[one] for one in sorts], dtype=np.int64)
    order = np.argsort(subject * len(ranks) + rank[key], kind="stable")
    numbers = {}
    for name in NUMBERS:
        values = [hits.numbers.get(name, np.full(len(hits.subject), np.nan)) for hits in parts]
        numbers[name] = np.concatenate(values)[order]
    return Hits(subject[order], key[order], keys, numbers)


def _columns(hits: Hits, words: Mapping[RowKey, Row], ids: Objects) -> dict[str, Objects]:
    """Return the long table of findings, as `kkpr_check.batch.table` writes it of reports."""
    used = np.unique(hits.key)
    keys = [hits.keys[n] for n in used.tolist()]
    rows, which = [words[key] for key in keys], np.searchsorted(used, hits.key)

    def by_key(values: Sequence[Any], kind: Any = object) -> NDArray[Any]:
        column = np.empty(len(values), dtype=kind)
        column[:] = values
        return column[which]

    told = {name: [getattr(row, name) for row in rows] for name in Row._fields}
    metric = by_key([unit in ("m", "m2") for unit in told["unit"]], bool)
    ordered = by_key([{"<=": -1.0, ">=": 1.0}.get(sign, np.nan) for sign in told["operator"]], float)
    numbers, texts = {}, {}
    for name in ("measured", "limit"):
        known = by_key([value if isinstance(value, float) else np.nan for value in told[name]], float)
        numbers[name] = np.where(np.isnan(hits.numbers[name]), known, hits.numbers[name])
        texts[name] = by_key([value if isinstance(value, str) else None for value in told[name]])
    numbers["margin"] = (numbers["measured"] - numbers["limit"]) * ordered
    found: dict[str, Objects] = {
        "id": ids[hits.subject],
        "rule": by_key([key.place[0] for key in keys]),
        "outcome": by_key([Outcome(key.outcome).word for key in keys]),
        "plan": by_key([key.place[1] for key in keys]),
        "zone": by_key([key.place[2] for key in keys]),
        "operator": by_key(told["operator"]),
        "unit": by_key(told["unit"]),
        "legal": by_key(told["legal"]),
        "flip_distance_m": _cells(_rounded(hits.numbers["flip_distance_m"], DIGITS)),
    }
    for name, values in numbers.items():
        rounded = np.where(metric, _rounded(values, DIGITS), _rounded(values, RATIO_DECIMALS))
        found[name] = _cells(rounded, texts.get(name))
    return {name: found[name] for name in FINDING_COLUMNS}


def _rounded(values: Floats, digits: int) -> Floats:
    """Round as Python does: halfway between two numbers by what the value really is, not by what numpy scales it to."""
    found: Floats = np.round(values, digits)
    scaled = np.where(np.isfinite(values), values, 0.0) * 10.0**digits
    halfway = np.flatnonzero(abs(scaled - np.floor(scaled) - 0.5) < HALFWAY)
    found[halfway] = [round(value, digits) for value in values[halfway].tolist()]
    return found


def _cells(values: Floats, words: Objects | None = None) -> Objects:
    """Return numbers, never -0.0, as cells; where there is none, words or None."""
    cells = np.full(len(values), None, dtype=object) if words is None else words
    some = np.flatnonzero(np.isfinite(values))
    cells[some] = (values[some] + 0.0).astype(object)
    return cells
