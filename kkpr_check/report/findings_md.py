"""Data findings as Markdown: a pull request comment, or the step summary of GitHub Actions."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.quality.findings import DataFinding, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.comment import MAX_CHARACTERS, Page
from kkpr_check.report.safe import md
from kkpr_check.report.words import number

STEP_SUMMARY_CHARACTERS = 900_000
"""GitHub refuses a step summary of more than 1 MiB."""
_OF_A_CODE = 40
"""Findings of one code that stand together; the rest of a longer list follows those of the other codes."""
_NOTES = 30


def dumps(result: Result, lang: str, most: int = MAX_CHARACTERS) -> str:
    """Return the summary, the counts by code and the findings, largest first, as long as there is room."""
    page = Page(lang, most)
    page.add(f"## kkpr-check validate: {md(words.summary(result, lang))}")
    notes = words.notes(result, lang)
    page.add("", *(f"- {md(note)}" for note in notes[:_NOTES]))
    if len(notes) > _NOTES:
        page.add(
            Text(f"- … and {len(notes) - _NOTES} more", f"- … dan {len(notes) - _NOTES} lagi").pick(lang)
        )
    if result.findings:
        page.add("", *_counts(result, lang))
        rows = (_row(finding, lang) for finding in words.in_turn(result.findings, _OF_A_CODE))
        page.rows(_header(lang), rows, len(result.findings))
    return page.text()


def _counts(result: Result, lang: str) -> list[str]:
    code, what, how_many = (
        text.pick(lang) for text in (Text("code", "kode"), Text("what", "perihal"), Text("count", "jumlah"))
    )
    rows = [
        f"| {name} | {md(words.title(name, lang))} | {number(count, 0, lang)} |"
        for name, count in result.by_code.items()
    ]
    return [f"| {code} | {what} | {how_many} |", "|---|---|---:|", *rows]


def _header(lang: str) -> tuple[str, str]:
    names = (
        Text("level", "tingkat"),
        Text("code", "kode"),
        Text("file", "berkas"),
        Text("where", "letak"),
        Text("finding", "temuan"),
        Text("remedy", "saran"),
    )
    return "| " + " | ".join(name.pick(lang) for name in names) + " |", "|---|---|---|---|---|---|"


def _row(finding: DataFinding, lang: str) -> str:
    cells = (
        words.LEVEL_WORDS[finding.level].pick(lang), finding.code, md(finding.file or ""), md(words.place(finding, lang)),
        md(words.message(finding, lang)), md(words.remedy(finding, lang)),
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"
