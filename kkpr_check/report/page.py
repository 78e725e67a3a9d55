"""What a report tells a person, in order and in words; the formats only lay it out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from kkpr_check.errors import Text
from kkpr_check.inputs import label
from kkpr_check.model import Finding, LedgerEntry, Outcome, Report, Verdict
from kkpr_check.phrases import Sentence
from kkpr_check.report import missing, words
from kkpr_check.report.findings import is_news, same_said
from kkpr_check.report.json import ToLonLat, work_crs_of

_SHOWN_M2 = 0.005
"""Less than this is written as 0,00 and not worth a line; the JSON report has it."""
_SHOWN_REPAIRS = 10


class Row(NamedTuple):
    """A line of a ledger: what, how much of the subject (0..1)."""

    code: str
    name: str
    area_m2: float
    share: float


class Entry(NamedTuple):
    """What is told of one finding, or of several that say the same; an empty text is not told."""

    rule: str
    name: str
    message: str
    measured: str
    where: str
    law: str
    todo: str
    flip: str


def _together(entries: Iterable[Entry]) -> list[Entry]:
    """Return rules that say the same of the same place as one entry."""
    groups: dict[Entry, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry._replace(rule="", name=""), []).append(entry)
    return [
        same[0] if len(same) == 1 else said._replace(rule=", ".join(dict.fromkeys(one.rule for one in same)))
        for said, same in groups.items()
    ]


@dataclass(frozen=True, slots=True)
class Page:
    """One report in one language; every text as it is, not yet made safe for a format."""

    report: Report
    lang: str
    to_lonlat: ToLonLat
    as_of: dt.date

    def say(self, text: Sentence) -> str:
        """Return a text in the language of the page."""
        return text.pick(self.lang)

    @property
    def title(self) -> str:
        """The verdict, and of what."""
        verdict = self.say(words.VERDICTS[self.report.verdict])
        return f"{verdict} - {self.say(words.SITE)} {self.report.site.id}"

    def banners(self) -> Iterator[str]:
        """Yield what has to be known before anything else."""
        if any(plan.get("synthetic") for plan in self.report.provenance.get("plans", ())):
            yield self.say(words.SYNTHETIC)
        if self.report.draft:
            yield self.say(words.DRAFT)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield (label, value); a sentence has no label."""
        report = self.report
        orphan = report.site.footprint is not None and report.site.parcel is None
        yield self.say(words.SCOPE), self.say(words.NO_PARCEL if orphan else words.SCOPES[report.site.scope])
        yield self.say(words.AS_OF), words.date(self.as_of, self.lang)
        pathway = self.say(words.PATHWAYS[report.pathway])
        yield self.say(words.PATHWAY), f"{pathway}: {self.say(report.pathway_reason)}"
        if report.self_declaration:
            yield "", self.say(words.SELF_DECLARATION)
        proposal = ", ".join(self._proposal())
        if proposal:
            yield self.say(words.PROPOSAL), proposal
        if report.approvable is not None:
            part = report.approvable
            yield (
                self.say(words.APPROVABLE),
                f"{words.area(part.area_m2, self.lang)} ({words.percent(part.share, self.lang)})",
            )

    def _proposal(self) -> Iterator[str]:
        for spec in fields(self.report.site.proposal):
            value = getattr(self.report.site.proposal, spec.name)
            if value is not None:
                yield f"{self.say(words.FIELDS[spec.name])} {self._proposal_value(spec.name, value)}"

    def _proposal_value(self, name: str, value: Any) -> str:
        if isinstance(value, float | int) and not isinstance(value, bool):
            unit = "m2" if name.endswith("_m2") else "m" if name.endswith("_m") else "floors"
            text = words.told(value, unit, self.lang)
            return text.rsplit(" ", 1)[0] if unit == "floors" else text
        key = str(value)
        return self.say(words.VALUES[key]) if key in words.VALUES else key

    def ledgers(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield the ledger of each subject and plan: its title and its lines."""
        for entry in self.report.ledger or self.report.combined:
            subject = self.say(words.SUBJECTS[entry.subject])
            size = words.area(entry.area_m2, self.lang)
            plan = self.say(words.TOGETHER if entry.plan == "*" else words.PLAN)
            name = "" if entry.plan == "*" else f" {entry.plan}"
            yield f"{subject} {size}, {plan}{name}", list(self._rows(entry))

    def _rows(self, entry: LedgerEntry) -> Iterator[Row]:
        for zone in entry.zones:
            yield Row(zone.subzone, zone.name, zone.area_m2, zone.share)
        for word, area_m2 in (
            (words.GAP, entry.gap_m2), (words.OVERLAP, entry.overlap_m2), (words.DROPPED, entry.dropped_m2),
        ):  # fmt: skip
            if area_m2 >= _SHOWN_M2:
                share = area_m2 / entry.area_m2 if entry.area_m2 else 0.0
                yield Row("-", self.say(word), area_m2, share)

    def sections(self) -> Iterator[tuple[Outcome, str, list[Entry]]]:
        """Yield what is violated, to be verified and conditional: outcome, title with the count, entries."""
        for outcome, title in words.SECTIONS.items():
            groups = same_said(finding for finding in self.report.findings if finding.outcome is outcome)
            if groups:
                yield (
                    outcome,
                    f"{self.say(title)} ({len(groups)})",
                    _together(self._entry(group) for group in groups),
                )

    def _entry(self, group: Sequence[Finding]) -> Entry:
        finding = group[0]
        laws = dict.fromkeys(item.legal for item in group if item.legal)
        asked = finding.remedy is not None and not finding.missing  # the remedy is against a violation
        flips = [item.flip_distance_m for item in group if item.flip_distance_m is not None]
        turns = flips and finding.outcome is not Outcome.CONDITIONAL
        return Entry(
            rule=finding.rule,
            name=finding.name,
            message=self._message(group),
            measured=self._measured(finding),
            where=self._place(group),
            law="; ".join(laws),
            todo=self.say(finding.remedy) if asked and finding.remedy is not None else "",
            flip=self.say(words.FLIP).format(words.told(min(flips), "m", self.lang)) if turns else "",
        )

    def _message(self, group: Sequence[Finding]) -> str:
        said = self.say(missing.message(group))
        return said[:1].upper() + said[1:]

    def _measured(self, finding: Finding) -> str:
        """Return the figures beside their limit; without a limit, or with one of nothing, the sentence has said all."""

        def written(value: float | str) -> str:
            return words.told(value, finding.unit, self.lang)

        if not finding.limit or (finding.outcome is Outcome.CONDITIONAL and finding.measured is None):
            return ""
        parts = []
        if finding.measured is not None:
            parts.append(f"{self.say(words.MEASURED)} {written(finding.measured)}")
        operator = {"<=": "≤", ">=": "≥", "==": "="}.get(finding.operator or "", finding.operator or "")
        parts.append(" ".join(filter(None, (self.say(words.LIMIT), operator, written(finding.limit)))))
        if finding.margin is not None and finding.measured is not None:
            parts.append(f"{self.say(words.MARGIN)} {written(finding.margin)}")
        text = ", ".join(parts)
        return text[:1].upper() + text[1:]

    def _place(self, group: Sequence[Finding]) -> str:
        subjects = dict.fromkeys(self.say(words.SUBJECTS[finding.subject]) for finding in group)
        parts = [self.say(words.AND).join(subjects)]
        overlay = group[0].rule.startswith("KHS")
        for word, names in (
            (
                words.OVERLAY if overlay else words.ZONE,
                dict.fromkeys(finding.zone for finding in group if finding.zone),
            ),
            (words.PLAN, dict.fromkeys(finding.plan for finding in group if finding.plan)),
        ):
            if names:
                parts.append(f"{self.say(word)} {', '.join(names)}")
        witness = group[0].witness
        if witness is not None and not witness.is_empty:
            point = self.to_lonlat(witness.representative_point(), work_crs_of(self.report))
            parts.append(f"{self.say(words.POINT)} {point.y:.6f}, {point.x:.6f}")
        return ", ".join(parts)

    def notes(self) -> list[str]:
        """Return what passed and is still worth telling."""
        passed = [finding for finding in self.report.findings if finding.outcome is Outcome.PASS]
        told = (
            f"{finding.rule} {finding.name}: {self.say(finding.message)}"
            for finding in passed
            if is_news(finding)
        )
        return list(dict.fromkeys(told))

    def counts(self) -> Iterator[tuple[str, str]]:
        """Yield how many rules passed, and which do not apply."""
        worst: dict[str, Outcome] = {}
        for finding in self.report.findings:
            worst[finding.rule] = max(finding.outcome, worst.get(finding.rule, Outcome.NOT_APPLICABLE))
        passed = [rule for rule, outcome in worst.items() if outcome is Outcome.PASS]
        if self.report.site.doubt is None:
            yield self.say(words.PASSED), self._count(passed)
        skipped = list(dict.fromkeys(rule for rule, _ in self.report.not_evaluated))
        if self.report.site.doubt is not None:
            yield self.say(words.UNREAD), self._count(skipped)
        elif skipped:
            yield self.say(words.NOT_EVALUATED), f"{self._count(skipped)} ({', '.join(skipped)})"

    def _count(self, rules: Sequence[str]) -> str:
        return self.say(words.ONE_RULE if len(rules) == 1 else words.RULES).format(len(rules))

    def lists(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the closing lists that are not empty: what would pass, what is missing, assumptions, repairs, plans."""
        report, provenance = self.report, self.report.provenance
        stated = [self._plain(text) for text in provenance.get("assumptions", ())]
        assumed = [self.say(text) for text in (*report.site.assumptions, *report.assumptions)]
        repairs = [self._plain(repair) for repair in provenance.get("repairs", ())]
        unused = {plan for plan, _ in report.plans_left_out}
        for title, lines in (
            (words.SUGGESTIONS, self._suggestions()),
            (words.MISSING, self._missing()),
            (words.ASSUMPTIONS, list(dict.fromkeys([*stated, *assumed]))),
            (words.REPAIRS, self._first(repairs)),
            (
                words.SOURCES,
                [self._source(plan) for plan in provenance.get("plans", ()) if plan["id"] not in unused],
            ),
            (words.LEFT_OUT, [f"{plan}: {self.say(why)}" for plan, why in report.plans_left_out]),
        ):
            if lines:
                yield self.say(title), lines

    def _suggestions(self) -> list[str]:
        found = self.report.suggestions
        if found is None or self.report.verdict in (Verdict.CONFORM, Verdict.CONDITIONAL):
            return []
        lines = [f"{self.say(one.message)} → {self.say(words.VERDICTS[one.verdict])}" for one in found.found]
        if not lines and found.bounds.en:
            lines = [self.say(words.NO_SUGGESTION).format(self.say(found.bounds))]
        if found.blocked_by:
            names = "; ".join(dict.fromkeys(self.say(label(name)) for name in found.blocked_by))
            lines.append(self.say(words.BLOCKED).format(names))
        return lines

    def _missing(self) -> list[str]:
        return [
            f"{self.say(what)}, {self.say(words.NEEDED_BY)} {', '.join(rules)}: {self.say(who)}"
            for what, rules, who in missing.wanted(self.report.findings)
        ]

    def _first(self, lines: Sequence[str]) -> list[str]:
        more = len(lines) - _SHOWN_REPAIRS
        return [*lines[:_SHOWN_REPAIRS], *([self.say(words.MORE).format(more)] if more > 0 else [])]

    def _plain(self, value: Any) -> str:
        """Return a line of the provenance: a Text, or a record that may carry one as ``message``."""
        if isinstance(value, Mapping):
            if "message" in value:
                return self._plain(value["message"])
            return ", ".join(f"{key} {item}" for key, item in value.items())
        return self.say(value) if isinstance(value, Text) else str(value)

    def _source(self, plan: Mapping[str, Any]) -> str:
        parts = [str(plan.get("title") or plan.get("name") or ""), str(plan.get("legal") or "")]
        if plan.get("lock") in words.LOCKS:
            parts.append(self.say(words.LOCKS[plan["lock"]]))
        said = ", ".join(part for part in parts if part)
        return f"{plan['id']}: {said}" if said else str(plan["id"])

    def coordinates(self) -> str:
        """Return the coordinate systems: of the source, and the one measured in."""
        crs = self.report.provenance.get("crs", {})
        return " → ".join(words.crs(str(crs[key])) for key in ("source", "work") if crs.get(key))
