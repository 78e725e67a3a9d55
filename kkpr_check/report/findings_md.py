"""Data findings as Markdown: a pull request comment, or the step summary of GitHub Actions."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.quality.findings import DataFinding, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.safe import md, whole_characters

_MAX_CHARACTERS = 900_000
"""GitHub refuses a step summary of more than 1 MiB."""


_OF_A_CODE = 200
"""Findings of one code that stand together; the rest of a longer list follows those of the other codes."""


def dumps(result: Result, lang: str) -> str:
    """Return the summary, the counts by code and every finding, as long as there is room."""
    head = [f"## kkpr-check validate: {md(words.summary(result, lang))}", ""]
    head += [f"- {md(note)}" for note in words.notes(result, lang)]
    if result.findings:
        head += ["", *_counts(result, lang)]
    lines = ["", *_header(lang)] if result.findings else []
    room = _MAX_CHARACTERS - sum(map(len, head))
    told = 0
    for finding in words.in_turn(result.findings, _OF_A_CODE):
        row = _row(finding, lang)
        room -= len(row.encode("utf-8", "replace")) + 1
        if room < 0:
            break
        lines.append(row)
        told += 1
    left = len(result.findings) - told
    if left:
        lines += ["", Text(f"... and {left} more", f"... dan {left} lagi").pick(lang)]
    return whole_characters("\n".join([*head, *lines])) + "\n"


def _counts(result: Result, lang: str) -> list[str]:
    code, what, number = (
        text.pick(lang) for text in (Text("code", "kode"), Text("what", "perihal"), Text("count", "jumlah"))
    )
    rows = [f"| {name} | {md(words.title(name, lang))} | {count} |" for name, count in result.by_code.items()]
    return [f"| {code} | {what} | {number} |", "|---|---|---:|", *rows]


def _header(lang: str) -> list[str]:
    names = (
        Text("level", "tingkat"),
        Text("code", "kode"),
        Text("file", "berkas"),
        Text("where", "letak"),
        Text("finding", "temuan"),
        Text("remedy", "saran"),
    )
    return ["| " + " | ".join(name.pick(lang) for name in names) + " |", "|---|---|---|---|---|---|"]


def _row(finding: DataFinding, lang: str) -> str:
    cells = (
        words.LEVEL_WORDS[finding.level].pick(lang), finding.code, md(finding.file or ""), md(words.place(finding, lang)),
        md(words.message(finding, lang)), md(words.remedy(finding, lang)),
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"
