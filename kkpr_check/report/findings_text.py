"""Data findings for people: by file, then by code, the first few of each; the only one of these that uses rich."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from kkpr_check.errors import Text
from kkpr_check.quality.findings import DataFinding, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.look import Look, console_for, indented, rich_text, shown
from kkpr_check.report.safe import safe_text

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 10
"""Findings of one code in one file that are told in full; the other formats have all."""
_STYLES: Mapping[str, str] = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}


def dumps(result: Result, lang: str, look: Look) -> str:
    """Return the findings as text."""
    stream = io.StringIO()
    console = console_for(look, stream)
    for file, findings in groupby(result.findings, key=lambda finding: finding.file):
        console.print(rich_text(file or "-", look, "bold"))
        for _, same in groupby(findings, key=lambda finding: (finding.code, finding.level)):
            _print_code(console, list(same), lang, look)
        console.print()
    _print_end(console, result, lang, look)
    return shown(stream)


def _print_code(console: Console, findings: Sequence[DataFinding], lang: str, look: Look) -> None:
    first = findings[0]
    level = words.LEVEL_WORDS[first.level].pick(lang)
    count = f" ({len(findings)})" if len(findings) > 1 else ""
    console.print(
        indented(f"  {first.code} {level}: {words.title(first.code, lang)}{count}", look),
        style=_STYLES[first.level],
    )
    for finding in findings[:SHOWN]:
        where = words.place(finding, lang)
        line = f"{where}: {words.message(finding, lang)}" if where else words.message(finding, lang)
        console.print(indented(f"    {line}", look))
    if len(findings) > SHOWN:
        more = len(findings) - SHOWN
        console.print(
            indented("    " + Text(f"... and {more} more", f"... dan {more} lagi").pick(lang), look)
        )
    for remedy in list(dict.fromkeys(words.remedy(finding, lang) for finding in findings[:SHOWN]))[:3]:
        console.print(indented(f"    -> {remedy}", look), style="dim" if look.colour else "")


def _print_end(console: Console, result: Result, lang: str, look: Look) -> None:
    for note in words.notes(result, lang):
        console.print(rich_text(note, look))
    reasons: dict[str, list[str]] = {}
    for item in result.not_run:
        where = f" ({safe_text(item.file)})" if item.file else ""
        reasons.setdefault(safe_text(item.why.pick(lang)) + where, []).append(item.code)
    if reasons:
        console.print(rich_text(Text("Not checked:", "Tidak diperiksa:").pick(lang), look))
        for why, codes in reasons.items():
            console.print(indented(f"  {_ranges(codes)}: {why}", look))
    layers = sum(target.features is not None for target in result.targets)
    features = sum(target.features or 0 for target in result.targets)
    looked = Text(f"{layers} layer(s), {features} features", f"{layers} layer, {features} fitur").pick(lang)
    console.print(rich_text(f"{words.summary(result, lang)} - {looked}", look, "bold"))


def _ranges(codes: Sequence[str]) -> str:
    """Return codes with neighbours drawn together.

    >>> _ranges(["DAT101", "DAT102", "DAT103", "DAT106"])
    'DAT101-103, DAT106'
    """
    runs: list[list[int]] = []
    for number in sorted({int(code[3:]) for code in codes}):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(
        f"DAT{run[0]:03}-{run[-1]:03}" if len(run) > 2 else ", ".join(f"DAT{n:03}" for n in run)
        for run in runs
    )
