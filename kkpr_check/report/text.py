"""The report for people: verdict first, then why, then what to do. The only renderer that uses rich."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kkpr_check.errors import Text
from kkpr_check.model import Outcome, Report, Verdict
from kkpr_check.report import words
from kkpr_check.report.json import ToLonLat
from kkpr_check.report.look import BAR_COLUMNS, Look, bar, console_for, indented, rich_text, shown
from kkpr_check.report.page import Entry, Page, Row
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


def dumps(reports: Sequence[Report], lang: str, to_lonlat: ToLonLat, as_of: dt.date, look: Look) -> str:
    """Return the reports as text, the disclaimer once at the end."""
    stream = io.StringIO()
    console = console_for(look, stream)
    if len(reports) > 1:
        _print_summary(console, reports, lang, look)
    for report in reports:
        _Printer(console, Page(report, lang, to_lonlat, as_of), look).print()
    console.print(rich_text(words.DISCLAIMER.pick(lang), look, "italic"))
    return shown(stream)


def _print_summary(console: Console, reports: Sequence[Report], lang: str, look: Look) -> None:
    """Print the verdicts of several sites before their reports."""
    console.print(rich_text(words.SUMMARY.pick(lang).format(len(reports)), look, "bold"))
    for report in reports:
        verdict = words.VERDICTS[report.verdict].pick(lang)
        console.print(indented(f"  {report.site.id}: {verdict}", look), style=_STYLES[report.verdict])
    console.print()


@dataclass(frozen=True, slots=True)
class _Printer:
    console: Console
    page: Page
    look: Look

    def print(self) -> None:
        self._head()
        self._ledgers()
        self._map()
        for outcome, title, entries in self.page.sections():
            self.heading(title, _STYLES[outcome])
            for entry in entries:
                self._entry(entry)
        self._list(words.NOTES, self.page.notes())
        self.console.print()
        for label, value in self.page.counts():
            self.item(label, value)
        for title, lines in self.page.lists():
            self._list(title, lines)
        self.console.print()
        self.item(words.CRS, self.page.coordinates())
        self.console.print()

    def line(self, text: str, style: str = "", indent: int = 0) -> None:
        from rich.padding import Padding

        body: RenderableType = rich_text(text, self.look, style)
        self.console.print(Padding(body, (0, 0, 0, indent), expand=False) if indent else body)

    def heading(self, text: str, style: str = "bold") -> None:
        self.console.print()
        self.line(text, style)

    def item(self, label: Text | str, value: str, indent: int = 0) -> None:
        said = label if isinstance(label, str) else self.page.say(label)
        self.line(f"{said}: {value}" if said else value, indent=indent)

    def _head(self) -> None:
        report = self.page.report
        self.line(self.page.title, _STYLES[report.verdict])
        for banner in self.page.banners():
            self.line(banner, "bold")
        for label, value in self.page.facts():
            self.item(label, value)

    def _ledgers(self) -> None:
        for count, (title, rows) in enumerate(self.page.ledgers()):
            if count == 0:
                self.heading(self.page.say(words.LEDGER))
            self.line(title, indent=2)
            self._zones(rows)

    def _zones(self, rows: Sequence[Row]) -> None:
        lang = self.page.lang
        if self._too_wide(rows):
            for code, name, area_m2, share in rows:
                size = f"{words.area(area_m2, lang)}, {words.percent(share, lang)}"
                self.line(f"{code} {name}: {size}", indent=4)
                if self.look.draws:
                    self.line(bar(share), indent=4)
            return
        self._zone_table(rows)

    def _too_wide(self, rows: Sequence[Row]) -> bool:
        if self.look.columns is None:
            return False
        code, name, area_m2 = (
            max((len(text) for text in column), default=0)
            for column in zip(
                *((row.code, row.name, words.area(row.area_m2, self.page.lang)) for row in rows), strict=True
            )
        )
        return code + name + area_m2 + len("100,00%") + BAR_COLUMNS + 12 > self.look.columns

    def _zone_table(self, rows: Sequence[Row]) -> None:
        from rich.table import Table

        lang = self.page.lang
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for justify in ("left", "left", "right", "right", "left"):
            table.add_column(justify=justify, overflow="fold")
        for code, name, area_m2, share in rows:
            cells = (f"    {code}", name, words.area(area_m2, lang), words.percent(share, lang))
            shown = bar(share) if self.look.draws else ""
            table.add_row(
                indented(cells[0], self.look), *(rich_text(cell, self.look) for cell in (*cells[1:], shown))
            )
        self.console.print(table)

    def _map(self) -> None:
        report = self.page.report
        subject = report.site.parcel if report.site.parcel is not None else report.site.footprint
        columns = self.look.columns or 0
        if columns < _MAP_MIN_COLUMNS or not self.look.draws or subject is None or subject.is_empty:
            return
        from kkpr_check.report.terminal_map import MapLayers, draw

        zones = [(safe_text(code), geometry) for code, geometry in report.around.zones]
        building = report.site.footprint if report.site.parcel is not None else None
        self.heading(self.page.say(words.MAP))
        for row in draw(MapLayers(zones, subject, building), columns=min(columns - 4, 72), rows=_MAP_ROWS):
            self.line(row, indent=2)

    def _entry(self, entry: Entry) -> None:
        self.line(f"{entry.rule} {entry.name}".rstrip(), "bold", indent=2)
        self.line(entry.message, indent=4)
        if entry.measured:
            self.line(entry.measured, indent=4)
        for label, value in ((words.WHERE, entry.where), (words.LAW, entry.law), (words.TODO, entry.todo)):
            if value:
                self.item(label, value, indent=4)
        if entry.flip:
            self.line(entry.flip, indent=4)

    def _list(self, title: Text | str, lines: Iterable[str]) -> None:
        for count, line in enumerate(lines):
            if count == 0:
                self.heading(title if isinstance(title, str) else self.page.say(title))
            self.line(f"- {line}", indent=2)
