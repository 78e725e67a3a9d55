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
from kkpr_check.batch.placing import Floats, Ints
from kkpr_check.batch.prepared import NEAR, Place, Said, Saying, place_of_finding
from kkpr_check.errors import Text
from kkpr_check.features import Objects
from kkpr_check.geometry import round_m
from kkpr_check.land import HOLDING_RULES, USE_RULES
from kkpr_check.model import Finding, Outcome, Report
from kkpr_check.phrases import Phrase, Quantity, fill
from kkpr_check.rules import BY_CODE, ORDER
from kkpr_check.rules.rows import HoldingRows

GAP = "\0"

Key = tuple[Any, ...]
"""All that the words of a finding hang on: rule, plan and zone, then whatever else."""


class Hits(NamedTuple):
    """Findings of one kind: whose they are, which of the keys they have, and the numbers that go into their words."""

    subject: Ints
    keys: list[Key]
    key: Ints
    numbers: Mapping[str, Floats]


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
        saying = _saying(finding, {"measured": area_m2, "area": area_m2} if hierarchy else {}, lang)
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
        Those parcels, as numbers of `facts`.
    worst, codes
        Of each of them the worst outcome and the rules that come to it.
    buildable
        What their building findings hang on.
    fixed
        Of each of them what its class says whatever its facts (`fixed_of`).
    """

    def __init__(
        self,
        facts: Facts,
        judged: Ints,
        worst: Ints,
        codes: Objects,
        buildable: Buildable,
        fixed: Sequence[Sequence[Said]],
        lang: str,
    ) -> None:
        n = len(facts.parcels)
        self._facts, self._judged, self._lang = facts, judged.tolist(), lang
        self._prepared = facts.prepared
        self._worst = np.full(n, -1)
        self._worst[judged] = np.where(worst > Outcome.PASS, worst, -1)
        self._fixed = dict(zip(self._judged, fixed, strict=True))
        self._buildable = buildable
        self._hits = [hits for hits in self._land_hits() if len(hits.subject)]
        self._mine: dict[int, list[tuple[Hits, int]]] = {subject: [] for subject in self._judged}
        for hits in self._hits:
            for row, subject in enumerate(hits.subject.tolist()):
                self._mine[subject].append((hits, row))
        built = np.array([any(c.startswith(("INT", "TAB")) for c in some.split(",")) for some in codes], bool)
        self._name = self._building_names(judged[built])
        self.misfits: set[int] = set()
        """Parcels whose report says something else than their facts and their class."""

    def learn(self, subject: int, report: Report) -> None:
        """Take the words of the findings of a parcel from its report, where they are not known yet."""
        worst = self._worst[subject]
        findings = [f for f in report.findings if f.outcome == worst] if worst >= 0 else []
        land = [f for f in findings if BY_CODE[f.rule].block not in BLOCKS]
        expected = [self._key(hits, row)[:3] for hits, row in self._mine[subject]]
        expected += [said.place for said in self._fixed[subject]]
        fits = Counter(place_of_finding(f) for f in land) == Counter(expected)
        if not fits or (subject in self._name) != (len(land) < len(findings)):
            self.misfits.add(subject)
        for hits, row in self._mine[subject]:
            key = self._key(hits, row)
            same = [f for f in land if place_of_finding(f) == key[:3]]
            numbers = {name: float(values[row]) for name, values in hits.numbers.items()}
            told = [_saying(f, numbers, self._lang) for f in same] if fits else []
            self._prepared.sayings.setdefault(key, next((one for one in told if one is not None), None))
        name = self._name.get(subject)
        if name is not None and name not in self._prepared.built:
            built = [f for f in findings if BY_CODE[f.rule].block in BLOCKS]
            self._prepared.built[name] = self._built(subject, built) if fits else None

    def unknown(self) -> list[int]:
        """Return parcels that have between them all findings whose words are not known yet."""
        found: dict[int, None] = {}
        for hits in self._hits:
            new = [n for n, key in enumerate(hits.keys) if key not in self._prepared.sayings]
            subject, first = np.unique(hits.key, return_index=True)
            found |= dict.fromkeys(hits.subject[first[np.isin(subject, new)]].tolist())
        names = {name: s for s, name in self._name.items() if name not in self._prepared.built}
        return list(found | dict.fromkeys(names.values()))

    def message(self, subject: int) -> str | None:
        """Return the message of a parcel; None: the engine has to say it."""
        told: list[tuple[tuple[Any, ...], str]] = []
        for hits, row in self._mine[subject]:
            key = self._key(hits, row)
            saying = self._prepared.sayings[key]
            if saying is None:
                return None
            numbers = {name: float(hits.numbers[name][row]) for name, _ in saying.gaps}
            told.append((_order(key[:3]), self._text(saying, numbers)))
        for said in self._fixed[subject]:
            area_m2 = float(round_m(self._facts.parcels.area_m2[subject]))
            told.append((_order(said.place), self._text(said.saying, {"measured": area_m2, "area": area_m2})))
        if subject in self._name:
            built = self._prepared.built[self._name[subject]]
            if built is None:
                return None
            sizes_m2 = self._buildable.sizes_m2(subject)
            for said in built:
                numbers = self._building_numbers(subject, said, sizes_m2) if said.saying.gaps else {}
                told.append((_order(said.place), self._text(said.saying, numbers)))
        told.sort(key=lambda one: one[0])
        return " | ".join(dict.fromkeys(text for _, text in told))

    def _text(self, saying: Saying, numbers: Mapping[str, float]) -> str:
        words = saying.words
        text = words[0]
        for (name, unit), rest in zip(saying.gaps, words[1:], strict=True):
            text += Quantity(numbers[name], unit).text().pick(self._lang) + rest
        return text

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
        table = np.column_stack([*columns, self._worst[subject]]).astype(float)
        distinct, key = np.unique(table, axis=0, return_inverse=True)
        keys: list[Key] = [(*place_of(int(one[0])), *one) for one in distinct.tolist()]
        return Hits(subject, keys, key.ravel(), numbers)

    @staticmethod
    def _key(hits: Hits, row: int) -> Key:
        return hits.keys[int(hits.key[row])]

    # --- findings of what may be built

    def _building_names(self, judged: Ints) -> dict[int, bytes]:
        """Return the names of all that the building findings hang on, for the parcels that tell such."""
        if not len(judged):
            return {}
        by_road = judged[self._worst[judged] < Outcome.FAIL]  # nothing fails by a road where nothing is built
        names = self._buildable.names(judged, self._worst, by_road).T.copy()
        return {subject: name.tobytes() for subject, name in zip(judged.tolist(), names, strict=True)}

    def _built(self, subject: int, findings: Sequence[Finding]) -> tuple[Said, ...] | None:
        """Return the building findings of a parcel with gaps for areas; None where the arrays find other numbers."""
        sizes_m2 = self._buildable.sizes_m2(subject)
        found = []
        for finding in findings:
            weights = self._buildable.weights(subject, finding)
            bare = Said(place_of_finding(finding), Saying((), ()), weights)
            saying = _saying(finding, self._building_numbers(subject, bare, sizes_m2), self._lang)
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
        weighted_m2, whole_m2 = float(sizes_m2 @ said.weights), float(sizes_m2.sum())
        if rule in ("INT001", "INT002") or not whole_m2:
            return {"absolute": weighted_m2}
        limit = weighted_m2 / whole_m2
        return {"absolute": limit * float(round_m(whole_m2)), "limit": limit}


def _order(place: Place) -> tuple[Any, ...]:
    rule, plan, zone = place
    return ORDER[rule], plan or "", zone or ""


def _saying(finding: Finding, numbers: Mapping[str, float], lang: str) -> Saying | None:
    """Return the sentence of a finding with gaps for some numbers; None where its own numbers are others."""
    phrase = finding.message
    head = f"{finding.rule}: "
    if not isinstance(phrase, Phrase):
        return Saying((head + phrase.pick(lang),), ())
    gaps: list[tuple[str, Quantity]] = []
    pieces = _with_gaps(phrase, numbers, gaps).pick(lang).split(GAP)
    near = all(abs(given.value - numbers[name]) <= NEAR.get(given.unit, 1e-9) for name, given in gaps)
    if not near or GAP in phrase.pick(lang):
        return None
    filled = [gaps[int(piece)] if n % 2 else None for n, piece in enumerate(pieces)]
    words = [piece for n, piece in enumerate(pieces) if not n % 2]
    words[0] = head + words[0]
    return Saying(tuple(words), tuple((one[0], one[1].unit) for one in filled if one is not None))


def _with_gaps(phrase: Phrase, numbers: Mapping[str, float], gaps: list[tuple[str, Quantity]]) -> Text:
    values: dict[str, Any] = {}
    for name, value in phrase.values.items():
        if isinstance(value, Phrase):
            value = _with_gaps(value, numbers, gaps)
        elif name in numbers and isinstance(value, Quantity):
            gap = f"{GAP}{len(gaps)}{GAP}"
            gaps.append((name, value))
            value = Text(gap, gap)
        values[name] = value
    return fill(phrase.template, values)
