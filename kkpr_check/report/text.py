"""The report for people: verdict first, then why, then what to do. The only renderer that uses rich."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from kkpr_check.errors import Text
from kkpr_check.model import Finding, LedgerEntry, Outcome, Report, Verdict
from kkpr_check.report import missing, words
from kkpr_check.report.findings import is_news, same_said
from kkpr_check.report.json import ToLonLat, work_crs_of
from kkpr_check.report.look import BAR_COLUMNS, Look, bar, indented, rich_text
from kkpr_check.report.safe import safe_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_STYLES: Mapping[Verdict | Outcome, str] = {
    Verdict.CONFORM: "bold green",
    Verdict.CONDITIONAL: "bold yellow",
    Verdict.UNDETERMINED: "bold magenta",
    Verdict.PARTIAL: "bold yellow",
    Verdict.NONCONFORM: "bold red",
    Outcome.FAIL: "bold red",
    Outcome.UNDETERMINED: "bold magenta",
    Outcome.CONDITIONAL: "bold yellow",
}
_MAP_MIN_COLUMNS = 100
_MAP_ROWS = 14
_SHOWN_M2 = 0.005
"""Less than this is written as 0,00 and not worth a line; the JSON report has it."""
_SHOWN_REPAIRS = 10
_UNBROKEN_COLUMNS = 1_000_000
"""Wide enough that nothing is wrapped where no terminal asks for it."""


def dumps(reports: Sequence[Report], lang: str, to_lonlat: ToLonLat, as_of: dt.date, look: Look) -> str:
    """Return the reports as text, the disclaimer once at the end."""
    from rich.console import Console

    stream = io.StringIO()
    console = Console(
        file=stream, width=look.columns or _UNBROKEN_COLUMNS, height=100, force_terminal=look.colour,
        no_color=not look.colour, color_system="standard" if look.colour else None, legacy_windows=False,
        markup=False, emoji=False, highlight=False, soft_wrap=False,
    )  # fmt: skip
    if len(reports) > 1:
        _print_summary(console, reports, lang, look)
    for report in reports:
        _Page(console, report, lang, to_lonlat, as_of, look).print()
    console.print(rich_text(words.DISCLAIMER.pick(lang), look, "italic"))
    return re.sub(r" +(\x1b\[0m)?$", r"\1", stream.getvalue(), flags=re.MULTILINE)


def _print_summary(console: Console, reports: Sequence[Report], lang: str, look: Look) -> None:
    """Print the verdicts of several sites before their reports."""
    console.print(rich_text(words.SUMMARY.pick(lang).format(len(reports)), look, "bold"))
    for report in reports:
        verdict = words.VERDICTS[report.verdict].pick(lang)
        console.print(indented(f"  {report.site.id}: {verdict}", look), style=_STYLES[report.verdict])
    console.print()


@dataclass(frozen=True, slots=True)
class _Page:
    console: Console
    report: Report
    lang: str
    to_lonlat: ToLonLat
    as_of: dt.date
    look: Look

    def print(self) -> None:
        self._head()
        self._ledger()
        self._map()
        for outcome in words.SECTIONS:
            self._findings(outcome)
        self._passes()
        self._missing()
        self._sources()

    def say(self, text: Text) -> str:
        return text.pick(self.lang)

    def line(self, text: str, style: str = "", indent: int = 0) -> None:
        from rich.padding import Padding

        body: RenderableType = rich_text(text, self.look, style)
        self.console.print(Padding(body, (0, 0, 0, indent), expand=False) if indent else body)

    def heading(self, text: str, style: str = "bold") -> None:
        self.console.print()
        self.line(text, style)

    def item(self, label: Text, value: str, indent: int = 0) -> None:
        self.line(f"{self.say(label)}: {value}", indent=indent)

    def _head(self) -> None:
        report = self.report
        verdict = self.say(words.VERDICTS[report.verdict])
        self.line(f"{verdict} - {self.say(words.SITE)} {report.site.id}", _STYLES[report.verdict])
        if any(plan.get("synthetic") for plan in report.provenance.get("plans", ())):
            self.line(self.say(words.SYNTHETIC), "bold")
        if report.draft:
            self.line(self.say(words.DRAFT), "bold magenta")
        orphan = report.site.footprint is not None and report.site.parcel is None
        self.item(words.SCOPE, self.say(words.NO_PARCEL if orphan else words.SCOPES[report.site.scope]))
        self.item(words.AS_OF, words.date(self.as_of, self.lang))
        pathway = self.say(words.PATHWAYS[report.pathway])
        self.item(words.PATHWAY, f"{pathway}: {self.say(report.pathway_reason)}")
        if report.self_declaration:
            self.line(self.say(words.SELF_DECLARATION))
        proposal = ", ".join(self._proposal())
        if proposal:
            self.item(words.PROPOSAL, proposal)
        if report.approvable is not None:
            part = report.approvable
            share = f"{words.area(part.area_m2, self.lang)} ({words.percent(part.share, self.lang)})"
            self.item(words.APPROVABLE, share)

    def _proposal(self) -> Iterator[str]:
        for spec in fields(self.report.site.proposal):
            value = getattr(self.report.site.proposal, spec.name)
            if value is not None:
                yield f"{self.say(words.FIELDS[spec.name])} {self._proposal_value(spec.name, value)}"

    def _proposal_value(self, name: str, value: Any) -> str:
        if isinstance(value, float | int) and not isinstance(value, bool):
            unit = "m2" if name.endswith("_m2") else "m" if name.endswith("_m") else "floors"
            text = words.quantity(value, unit, self.lang)
            return text.rsplit(" ", 1)[0] if unit == "floors" else text
        key = str(value)
        return self.say(words.VALUES[key]) if key in words.VALUES else key

    def _ledger(self) -> None:
        entries = self.report.ledger or self.report.combined
        if not entries:
            return
        self.heading(self.say(words.LEDGER))
        for entry in entries:
            subject = self.say(words.SUBJECTS[entry.subject])
            size = words.area(entry.area_m2, self.lang)
            self.line(f"{subject} {size}, {self.say(words.PLAN)} {entry.plan}", indent=2)
            self._zones(entry)

    def _zones(self, entry: LedgerEntry) -> None:
        rows = [(zone.subzone, zone.name, zone.area_m2, zone.share) for zone in entry.zones]
        for label, area_m2 in (
            (words.GAP, entry.gap_m2), (words.OVERLAP, entry.overlap_m2), (words.DROPPED, entry.dropped_m2),
        ):  # fmt: skip
            if area_m2 >= _SHOWN_M2:
                rows.append(
                    ("-", self.say(label), area_m2, area_m2 / entry.area_m2 if entry.area_m2 else 0.0)
                )
        if self._too_wide(rows):
            for code, name, area_m2, share in rows:
                size = f"{words.area(area_m2, self.lang)}, {words.percent(share, self.lang)}"
                self.line(f"{code} {name}: {size}", indent=4)
                if self.look.draws:
                    self.line(bar(share), indent=4)
            return
        self._zone_table(rows)

    def _too_wide(self, rows: Sequence[tuple[str, str, float, float]]) -> bool:
        if self.look.columns is None:
            return False
        code, name, area_m2 = (
            max((len(text) for text in column), default=0)
            for column in zip(*((row[0], row[1], words.area(row[2], self.lang)) for row in rows), strict=True)
        )
        return code + name + area_m2 + len("100,00%") + BAR_COLUMNS + 12 > self.look.columns

    def _zone_table(self, rows: Sequence[tuple[str, str, float, float]]) -> None:
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for justify in ("left", "left", "right", "right", "left"):
            table.add_column(justify=justify, overflow="fold")
        for code, name, area_m2, share in rows:
            cells = (f"    {code}", name, words.area(area_m2, self.lang), words.percent(share, self.lang))
            shown = bar(share) if self.look.draws else ""
            table.add_row(
                indented(cells[0], self.look), *(rich_text(cell, self.look) for cell in (*cells[1:], shown))
            )
        self.console.print(table)

    def _map(self) -> None:
        subject = (
            self.report.site.parcel if self.report.site.parcel is not None else self.report.site.footprint
        )
        columns = self.look.columns or 0
        if columns < _MAP_MIN_COLUMNS or not self.look.draws or subject is None or subject.is_empty:
            return
        from kkpr_check.report.terminal_map import MapLayers, draw

        zones = [(safe_text(code), geometry) for code, geometry in self.report.zones]
        building = self.report.site.footprint if self.report.site.parcel is not None else None
        self.heading(self.say(words.MAP))
        for row in draw(MapLayers(zones, subject, building), columns=min(columns - 4, 72), rows=_MAP_ROWS):
            self.line(row, indent=2)

    def _findings(self, outcome: Outcome) -> None:
        groups = same_said(finding for finding in self.report.findings if finding.outcome is outcome)
        if not groups:
            return
        self.heading(f"{self.say(words.SECTIONS[outcome])} ({len(groups)})", _STYLES[outcome])
        for group in groups:
            self._finding(group)

    def _finding(self, group: Sequence[Finding]) -> None:
        finding = group[0]
        self.line(f"{finding.rule} {finding.name}", "bold", indent=2)
        self.line(self._message(group), indent=4)
        measured = self._measured(finding)
        if measured:
            self.line(measured, indent=4)
        self.item(words.WHERE, self._place(group), indent=4)
        laws = dict.fromkeys(item.legal for item in group if item.legal)
        if laws:
            self.item(words.LAW, "; ".join(laws), indent=4)
        if finding.remedy is not None and not finding.missing:  # the remedy is against a violation
            self.item(words.TODO, self.say(finding.remedy), indent=4)
        flips = [item.flip_distance_m for item in group if item.flip_distance_m is not None]
        if flips and finding.outcome is not Outcome.CONDITIONAL:
            distance = words.quantity(min(flips), "m", self.lang)
            self.line(self.say(words.FLIP).format(distance), indent=4)

    def _message(self, group: Sequence[Finding]) -> str:
        messages = dict.fromkeys(finding.message for finding in group)
        if len(messages) == 1 and not group[0].message.en.startswith(words.ONLY_MISSING):
            return self.say(group[0].message)
        lacking = "; ".join(self.say(what) for what, _, _ in missing.wanted(group))
        return self.say(words.NOT_JUDGED).format(lacking)

    def _measured(self, finding: Finding) -> str:
        def written(value: float | str | None) -> str:
            return words.quantity(value, finding.unit, self.lang)

        no_number = isinstance(finding.measured, str) or finding.measured is None
        if (finding.limit is None and (no_number or finding.unit is None)) or (
            no_number and finding.limit == 0
        ):
            return ""
        parts = []
        if finding.measured is not None:
            parts.append(f"{self.say(words.MEASURED)} {written(finding.measured)}")
        if finding.limit is not None:
            operator = {"<=": "≤", ">=": "≥", "==": "="}.get(finding.operator or "", finding.operator or "")
            parts.append(" ".join(filter(None, (self.say(words.LIMIT), operator, written(finding.limit)))))
        if finding.margin is not None and finding.measured is not None:
            parts.append(f"{self.say(words.MARGIN)} {written(finding.margin)}")
        text = ", ".join(parts)
        return text[:1].upper() + text[1:]

    def _place(self, group: Sequence[Finding]) -> str:
        subjects = dict.fromkeys(self.say(words.SUBJECTS[finding.subject]) for finding in group)
        parts = [self.say(words.AND).join(subjects)]
        for word, names in (
            (words.ZONE, dict.fromkeys(finding.zone for finding in group if finding.zone)),
            (words.PLAN, dict.fromkeys(finding.plan for finding in group if finding.plan)),
        ):
            if names:
                parts.append(f"{self.say(word)} {', '.join(names)}")
        witness = group[0].witness
        if witness is not None and not witness.is_empty:
            point = self.to_lonlat(witness.representative_point(), work_crs_of(self.report))
            parts.append(f"{self.say(words.POINT)} {point.y:.6f}, {point.x:.6f}")
        return ", ".join(parts)

    def _passes(self) -> None:
        worst: dict[str, Outcome] = {}
        for finding in self.report.findings:
            worst[finding.rule] = max(finding.outcome, worst.get(finding.rule, Outcome.NOT_APPLICABLE))
        passed = [finding for finding in self.report.findings if finding.outcome is Outcome.PASS]
        self._list(words.NOTES, dict.fromkeys(
            f"{finding.rule} {finding.name}: {self.say(finding.message)}"
            for finding in passed if is_news(finding)
        ))  # fmt: skip
        self.console.print()
        self.item(
            words.PASSED, self._count([rule for rule, outcome in worst.items() if outcome is Outcome.PASS])
        )
        skipped = list(dict.fromkeys(rule for rule, _ in self.report.not_evaluated))
        if skipped:
            self.item(words.NOT_EVALUATED, f"{self._count(skipped)} ({', '.join(skipped)})")

    def _count(self, rules: Sequence[str]) -> str:
        return self.say(words.ONE_RULE if len(rules) == 1 else words.RULES).format(len(rules))

    def _missing(self) -> None:
        lines = missing.wanted(self.report.findings)
        self._list(words.MISSING, [
            f"{self.say(what)}, {self.say(words.NEEDED_BY)} {', '.join(rules)}: {self.say(who)}"
            for what, rules, who in lines
        ])  # fmt: skip

    def _sources(self) -> None:
        report, provenance = self.report, self.report.provenance
        repairs = [self._plain(repair) for repair in provenance.get("repairs", ())]
        stated = [self._plain(text) for text in provenance.get("assumptions", ())]
        assumed = [self.say(text) for text in (*report.site.assumptions, *report.assumptions)]
        self._list(words.ASSUMPTIONS, dict.fromkeys([*stated, *assumed]))
        self._list(words.REPAIRS, self._first(repairs))
        self._list(words.SOURCES, [self._source(plan) for plan in provenance.get("plans", ())])
        self._list(words.LEFT_OUT, [f"{plan}: {self.say(why)}" for plan, why in report.plans_left_out])
        crs = provenance.get("crs", {})
        self.console.print()
        self.item(words.CRS, " → ".join(str(crs[key]) for key in ("source", "work") if crs.get(key)))
        self.console.print()

    def _first(self, lines: Sequence[str]) -> list[str]:
        more = len(lines) - _SHOWN_REPAIRS
        return [*lines[:_SHOWN_REPAIRS], *([self.say(words.MORE).format(more)] if more > 0 else [])]

    def _list(self, title: Text, lines: Iterable[str]) -> None:
        for count, line in enumerate(lines):
            if count == 0:
                self.heading(self.say(title))
            self.line(f"- {line}", indent=2)

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
