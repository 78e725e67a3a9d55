"""Reports as Markdown: for an issue, a pull request, a wiki. Foreign text shows as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from kkpr_check.model import Report
from kkpr_check.report import words
from kkpr_check.report.json import ToLonLat
from kkpr_check.report.page import Entry, Page
from kkpr_check.report.safe import md, whole_characters


def dumps(reports: Sequence[Report], lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> str:
    """Return the reports one after the other, the disclaimer once at the end."""
    lines: list[str] = []
    if len(reports) > 1:
        lines += [f"# {md(words.SUMMARY.pick(lang).format(len(reports)))}", ""]
        lines += [
            f"- {md(report.site.id)}: {md(words.VERDICTS[report.verdict].pick(lang))}" for report in reports
        ]
        lines.append("")
    for report in reports:
        lines += _report(Page(report, lang, to_lonlat, as_of))
    return whole_characters("\n".join([*lines, f"*{md(words.DISCLAIMER.pick(lang))}*"])) + "\n"


def _report(page: Page) -> Iterator[str]:
    yield from (f"## {md(page.title)}", "")
    for banner in page.banners():
        yield from (f"**{md(banner)}**", "")
    yield from (
        f"- **{md(label)}**: {md(value)}" if label else f"- {md(value)}" for label, value in page.facts()
    )
    yield ""
    for count, (title, rows) in enumerate(page.ledgers()):
        if count == 0:
            yield from (f"### {md(page.say(words.LEDGER))}", "")
        head = (words.ZONE, words.NAME, words.AREA, words.SHARE)
        yield from (md(title), "", _row(*(page.say(text) for text in head)), "|---|---|---:|---:|")
        for row in rows:
            yield _row(
                row.code, row.name, words.area(row.area_m2, page.lang), words.percent(row.share, page.lang)
            )
        yield ""
    for _, title, entries in page.sections():
        yield from (f"### {md(title)}", "")
        for entry in entries:
            yield from _entry(page, entry)
        yield ""
    if notes := page.notes():
        yield from (f"### {md(page.say(words.NOTES))}", "", *(f"- {md(note)}" for note in notes), "")
    yield from (f"- **{md(label)}**: {md(value)}" for label, value in page.counts())
    yield ""
    for title, lines in page.lists():
        yield from (f"### {md(title)}", "", *(f"- {md(line)}" for line in lines), "")
    yield from (f"{md(page.say(words.CRS))}: {md(page.coordinates())}", "")


def _entry(page: Page, entry: Entry) -> Iterator[str]:
    name = f" `{entry.name}`" if entry.name else ""
    yield f"- **{md(entry.rule)}**{name}: {md(entry.message)}"
    if entry.measured:
        yield f"  - {md(entry.measured)}"
    for label, value in ((words.WHERE, entry.where), (words.LAW, entry.law), (words.TODO, entry.todo)):
        if value:
            yield f"  - {md(page.say(label))}: {md(value)}"
    if entry.flip:
        yield f"  - {md(entry.flip)}"


def _row(*cells: str) -> str:
    return "| " + " | ".join(md(cell) for cell in cells) + " |"
