"""The messages of parcels that are judged by class: the engine's own sentences, with the numbers of each parcel.

A message says what decides: the findings of the worst outcome. Which those are stands in the facts of a parcel and in its
class. The words of each are taken once from a report of the engine, as a sentence with gaps for what is measured; the
arrays fill the gaps. Where words or numbers do not fit, the parcel is left to the engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kkpr_check.batch.buildable import BLOCKS, Buildable
from kkpr_check.batch.facts import AreaHits, Facts, StripHits
from kkpr_check.batch.naming import distinct, grouped, spread
from kkpr_check.batch.placing import Floats, Ints
from kkpr_check.batch.prepared import Place, Said, Saying, place_of_finding
from kkpr_check.batch.wording import Told, messages, saying_of
from kkpr_check.features import Objects
from kkpr_check.geometry import round_m
from kkpr_check.land import HOLDING_RULES, USE_RULES
from kkpr_check.model import Finding, Outcome, Report
from kkpr_check.rules import BY_CODE
from kkpr_check.rules.rows import HoldingRows

Key = tuple[Any, ...]
"""All that the words of a finding hang on: rule, plan and zone, then whatever else."""
Words = tuple[Place, Saying | None]
"""What is said of a place; None: the engine has to say it."""


NUMBERS = ("measured", "area", "depth", "limit", "difference", "percent", "absolute")
"""Names of the gaps in sentences."""


class Hits(NamedTuple):
    """Findings: whose they are, which of the keys they have, and the numbers that go into their words.

    `names` says of each key which of the numbers its findings have.
    """

    subject: Ints
    keys: list[Key]
    key: Ints
    numbers: Mapping[str, Floats]
    names: list[tuple[str, ...]]


class Shared(NamedTuple):
    """What some parcels are told alike: the outcome that decides, whether of what may be built, and what holds for all."""

    worst: Outcome
    built: bool
    fixed: tuple[Said, ...]


def fixed_of(report: Report, lang: str) -> dict[int, tuple[Said, ...]]:
    """Return what a report says that no fact of its parcel tells, by outcome: it holds for all of a class.

    Where a lower plan objects (RTR001) it holds all of the parcel.
    """
    assert report.site.parcel is not None
    area_m2 = float(round_m(report.site.parcel.area))
    found: dict[int, list[Said]] = {}
    for finding in report.findings:
        if finding.outcome < Outcome.CONDITIONAL or _is_fact(finding):
            continue
        hierarchy = BY_CODE[finding.rule].block == "hierarchy"
        saying = saying_of(finding, {"measured": area_m2, "area": area_m2} if hierarchy else {}, lang)
        if saying is not None:  # else it is missing, and no message of the class is complete
            found.setdefault(int(finding.outcome), []).append(Said(place_of_finding(finding), saying))
    return {outcome: tuple(said) for outcome, said in found.items()}


def _is_fact(finding: Finding) -> bool:
    block = BY_CODE[finding.rule].block
    return block in (*BLOCKS, "use", "holding", "site") or (block == "overlay" and finding.zone is not None)


class Sentences:
    """Writes the messages of the parcels of a block that are judged by class.

    Parameters
    ----------
    judged
        Those parcels, as numbers of `facts`, ascending.
    shared, which
        What parcels share whose class and conditions are the same, and which of it each of `judged` has.
    buildable
        What their building findings hang on.
    """

    def __init__(
        self,
        facts: Facts,
        judged: Ints,
        shared: Sequence[Shared],
        which: Ints,
        buildable: Buildable,
        lang: str,
    ) -> None:
        n = len(facts.parcels)
        self._facts, self._judged, self._lang = facts, judged, lang
        self._prepared, self._buildable = facts.prepared, buildable
        self._shared, self._which = shared, which
        worst = np.array([int(one.worst) for one in shared], dtype=np.int64)[which]
        self._worst = np.full(n, -1)
        self._worst[judged] = np.where(worst > Outcome.PASS, worst, -1)
        self._land = _together([hits for hits in self._land_hits() if len(hits.subject)])
        self._first = np.searchsorted(self._land.subject, np.arange(n + 1))
        built = np.array([one.built for one in shared], dtype=bool)[which]
        self._built_at = np.flatnonzero(built)
        self._names, name = self._building_names(judged[built])
        self._name = np.full(n, -1)
        """Of each parcel the name of what its building findings hang on, -1: it tells none."""
        self._name[judged[built]] = name
        self.misfits: set[int] = set()
        """Parcels whose report says something else than their facts and their class."""

    def learn(self, subject: int, report: Report) -> None:
        """Take the words of the findings of a parcel from its report, where they are not known yet."""
        worst = self._worst[subject]
        findings = [f for f in report.findings if f.outcome == worst] if worst >= 0 else []
        land = [f for f in findings if BY_CODE[f.rule].block not in BLOCKS]
        rows = range(*self._first[subject : subject + 2].tolist())
        numbered = self._land.key[rows.start : rows.stop].tolist()
        keys = [self._land.keys[n] for n in numbered]
        fixed = self._shared[self._which[np.searchsorted(self._judged, subject)]].fixed
        expected = [key[:3] for key in keys] + [said.place for said in fixed]
        fits = Counter(place_of_finding(f) for f in land) == Counter(expected)
        building = int(self._name[subject])
        if not fits or (building >= 0) != (len(land) < len(findings)):
            self.misfits.add(subject)
        for row, key, n in zip(rows, keys, numbered, strict=True):
            if key in self._prepared.sayings:
                continue
            same = [f for f in land if place_of_finding(f) == key[:3]]
            numbers = {name: float(self._land.numbers[name][row]) for name in self._land.names[n]}
            told = [saying_of(f, numbers, self._lang) for f in same] if fits else []
            self._prepared.sayings[key] = next((one for one in told if one is not None), None)
        if building >= 0 and self._names[building] not in self._prepared.built:
            built = [f for f in findings if BY_CODE[f.rule].block in BLOCKS]
            self._prepared.built[self._names[building]] = self._built(subject, built) if fits else None

    def unknown(self) -> list[int]:
        """Return parcels that have between them all findings whose words are not known yet."""
        found: dict[int, None] = {}
        new = np.array([key not in self._prepared.sayings for key in self._land.keys], dtype=bool)
        rows = np.flatnonzero(new[self._land.key])
        key, first = np.unique(self._land.key[rows], return_index=True)
        seen: set[int] = set()
        for k, row in zip(key.tolist(), rows[first].tolist(), strict=True):
            if k not in seen:
                subject = int(self._land.subject[row])
                found[subject] = None
                seen.update(self._land.key[self._first[subject] : self._first[subject + 1]].tolist())
        named = self._judged[self._built_at]
        names, first = np.unique(self._name[named], return_index=True)
        asked = [self._names[name] not in self._prepared.built for name in names.tolist()]
        return list(found | dict.fromkeys(named[first[asked]].tolist()))

    def messages(self) -> Objects:
        """Return the messages of the judged parcels; None: the engine has to say it."""
        n, at = len(self._judged), np.full(len(self._worst), -1)
        at[self._judged] = np.arange(n)
        said: list[Said] = []
        known = np.ones(n, dtype=bool)
        told = []
        for one, words in (self._of_land(at), self._of_classes(), self._of_buildings(at)):
            is_known = np.array([saying is not None for _, saying in words], dtype=bool)[one.said]
            known[one.subject[~is_known]] = False
            told.append(one._replace(said=one.said + len(said)))
            said += [Said(place, saying or Saying((), ())) for place, saying in words]
        subject = np.concatenate([one.subject for one in told])
        rows = np.flatnonzero(known[subject])
        numbers = {
            name: np.concatenate([one.numbers.get(name, np.full(len(one.subject), np.nan)) for one in told])
            for name in NUMBERS
        }
        joined = Told(
            subject[rows],
            np.concatenate([one.said for one in told])[rows],
            {name: values[rows] for name, values in numbers.items()},
        )
        found = messages(n, joined, said, self._lang)
        found[~known] = None
        return found

    def _of_land(self, at: Ints) -> tuple[Told, list[Words]]:
        land = self._land
        words = [(key[:3], self._prepared.sayings[key]) for key in land.keys]
        return Told(at[land.subject], land.key, land.numbers), words

    def _of_classes(self) -> tuple[Told, list[Words]]:
        """Return what classes say whatever the facts: the numbers in it are areas of whole parcels."""
        words: list[Words] = [(said.place, said.saying) for one in self._shared for said in one.fixed]
        subject, said = spread([len(one.fixed) for one in self._shared], self._which)
        area_m2 = round_m(self._facts.parcels.area_m2[self._judged[subject]])
        return Told(subject, said, {"measured": area_m2, "area": area_m2}), words

    def _of_buildings(self, at: Ints) -> tuple[Told, list[Words]]:
        """Return the building findings; where those of a name are not known, one without words."""
        unknown = (Said(("INT001", None, None), None),)  # type: ignore[arg-type]
        by_name = [self._prepared.built[name] or unknown for name in self._names]
        said = [one for some in by_name for one in some]
        words: list[Words] = [(one.place, one.saying) for one in said]
        owner = self._judged[self._built_at]
        row, which = spread([len(some) for some in by_name], self._name[owner])
        owner = owner[row]
        measured, absolute, limit = (np.full(len(owner), np.nan) for _ in range(3))
        lots = np.array([one.place[0] == "INT005" for one in said], dtype=bool)[which]
        measured[lots] = self._buildable.low_m2[owner[lots]]
        mixed = np.flatnonzero(np.array([bool(one.weights) for one in said], dtype=bool)[which])
        weights = [np.array(one.weights) for one in said]
        weighted_m2, whole_m2 = self._buildable.weighted_m2(owner[mixed], weights, which[mixed])
        least = np.array([one.place[0] in ("INT001", "INT002") for one in said], dtype=bool)[which[mixed]]
        absolute[mixed], limit[mixed] = _amounts(weighted_m2, whole_m2, least)
        return Told(at[owner], which, {"measured": measured, "absolute": absolute, "limit": limit}), words

    # --- findings on the land

    def _land_hits(self) -> Iterator[Hits]:
        facts, subject = self._facts, self._facts.parts.subject
        for r, rule in enumerate(USE_RULES):
            rows = np.flatnonzero(facts.said[:, r] == self._worst[subject])
            depth_m = facts.use_depth_m[rows, r]
            columns = facts.parts.group[rows], facts.number[subject[rows]], np.isnan(depth_m)
            yield self._grouped(subject[rows], columns, self._zone_of(rule.code), depth=depth_m)
        (holding,) = HOLDING_RULES
        rows = np.flatnonzero(holding.check(HoldingRows(facts.held_over)).outcome == self._worst[subject])
        yield self._grouped(subject[rows], (facts.parts.group[rows],), self._zone_of(holding.code))
        for area in facts.area_hits:
            yield self._area_hits(area)
        for strip in facts.strip_hits:
            yield self._strip_hits(strip)
        yield from self._site_hits()

    def _zone_of(self, rule: str) -> Callable[[int], Place]:
        prepared = self._prepared
        return lambda group: (rule, prepared.plan_of[group], prepared.subzones[group])

    def _area_hits(self, hits: AreaHits) -> Hits:
        area = self._prepared.areas[hits.source]
        rows = np.flatnonzero(hits.outcome == self._worst[hits.subject])
        size_m2, depth_m = hits.area_m2[rows], hits.depth_m[rows]
        return self._grouped(
            hits.subject[rows],
            (hits.value[rows], np.full(len(rows), hits.source), np.isnan(depth_m)),
            lambda value: (area.rule, area.plan, area.values[value]),
            measured=size_m2,
            area=size_m2,
            depth=depth_m,
        )

    def _strip_hits(self, hits: StripHits) -> Hits:
        prepared = self._prepared
        (rule, strip, _), plan = prepared.strips[hits.strip], prepared.strip_plans[hits.strip]
        rows = np.flatnonzero(hits.outcome == self._worst[hits.subject])
        lacking = [strip.unknown(feature) for feature in hits.feature[rows].tolist()]
        number = [prepared.lacking.setdefault(names, len(prepared.lacking)) for names in lacking]
        strips, depth_m = np.full(len(rows), hits.strip), hits.depth_m[rows]
        return self._grouped(
            hits.subject[rows],
            (strips, hits.limit_m[rows], np.array(number, dtype=np.int64), np.isnan(depth_m)),
            lambda _: (rule.code, plan, strip.features.name),
            measured=hits.measured_m[rows],
            depth=depth_m,
        )

    def _site_hits(self) -> Iterator[Hits]:
        facts = self._facts
        rows = np.flatnonzero((facts.gap_m2 > 0) & (self._worst == Outcome.UNDETERMINED))
        nothing = np.zeros(len(rows))
        yield self._grouped(rows, (nothing,), lambda _: ("LOK002", None, None), measured=facts.gap_m2[rows])
        rows = np.flatnonzero((facts.legal_area == self._worst) & (self._worst == Outcome.CONDITIONAL))
        drawn, legal, nothing = (
            round_m(facts.parcels.area_m2[rows]),
            facts.legal_area_m2[rows],
            np.zeros(len(rows)),
        )
        yield self._grouped(
            rows,
            (nothing,),
            lambda _: ("LOK005", None, None),
            measured=drawn,
            limit=legal,
            difference=drawn - legal,
            percent=np.divide(drawn, legal, out=np.full(len(rows), 2.0), where=legal > 0) - 1,
        )

    def _grouped(
        self,
        subject: Ints,
        columns: Sequence[Any],
        place_of: Callable[[int], Place],
        **numbers: Floats,
    ) -> Hits:
        """Return findings with their keys: the place by the first column, then the columns and the outcome."""
        columns = [*columns, self._worst[subject]]
        first, key = grouped(columns)
        keys: list[Key] = [
            (*place_of(int(one[0])), *one)
            for one in zip(*(column[first].tolist() for column in columns), strict=True)
        ]
        return Hits(subject, keys, key, numbers, [tuple(numbers)] * len(keys))

    # --- findings of what may be built

    def _building_names(self, judged: Ints) -> tuple[list[bytes], Ints]:
        """Return the names of all that the building findings hang on, and which each parcel that tells such has."""
        by_road = judged[self._worst[judged] < Outcome.FAIL]  # nothing fails by a road where nothing is built
        return distinct(self._buildable.names(judged, self._worst, by_road))

    def _built(self, subject: int, findings: Sequence[Finding]) -> tuple[Said, ...] | None:
        """Return the building findings of a parcel with gaps for areas; None where the arrays find other numbers."""
        sizes_m2 = self._buildable.sizes_m2(subject)
        found = []
        for finding in findings:
            weights = self._buildable.weights(subject, finding)
            bare = Said(place_of_finding(finding), Saying((), ()), weights)
            saying = saying_of(finding, self._building_numbers(subject, bare, sizes_m2), self._lang)
            if saying is None:
                return None
            found.append(bare._replace(saying=saying))
        return tuple(found)

    def _building_numbers(self, subject: int, said: Said, sizes_m2: Floats) -> dict[str, float]:
        rule = said.place[0]
        if rule == "INT005":
            return {"measured": float(self._buildable.low_m2[subject])}
        if not said.weights:
            return {}
        weighted_m2, whole_m2 = sizes_m2 @ said.weights, sizes_m2.sum()
        absolute, limit = _amounts(weighted_m2, whole_m2, np.array(rule in ("INT001", "INT002")))
        found = {"absolute": float(absolute), "limit": float(limit)}
        return {name: value for name, value in found.items() if not np.isnan(value)}


def _amounts(weighted_m2: Any, whole_m2: Any, least: Any) -> tuple[Floats, Floats]:
    """Return an area that a limit comes to, and as a share of the whole the limit itself; NaN where it has none."""
    share = np.divide(weighted_m2, whole_m2, out=np.full(np.shape(whole_m2), np.nan), where=whole_m2 != 0)
    limit = np.where(least, np.nan, share)
    return np.where(np.isnan(limit), weighted_m2, limit * round_m(whole_m2)), limit


def _together(parts: Sequence[Hits]) -> Hits:
    """Join findings, parcel by parcel."""
    if not parts:
        return Hits(np.empty(0, dtype=np.int64), [], np.empty(0, dtype=np.int64), {}, [])
    starts = np.cumsum([0, *(len(hits.keys) for hits in parts)])
    subject = np.concatenate([hits.subject for hits in parts])
    key = np.concatenate([hits.key + start for hits, start in zip(parts, starts, strict=False)])
    order = np.argsort(subject, kind="stable")
    numbers = {}
    for name in NUMBERS:
        values = [hits.numbers.get(name, np.full(len(hits.subject), np.nan)) for hits in parts]
        numbers[name] = np.concatenate(values)[order]
    keys = [key for hits in parts for key in hits.keys]
    return Hits(subject[order], keys, key[order], numbers, [one for hits in parts for one in hits.names])
