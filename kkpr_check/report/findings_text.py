"""Data findings for people: by file, then by code, the first few of each; the only one of these that uses rich."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from kkpr_check.errors import Text
from kkpr_check.phrases import Quantity, counted, features, say
from kkpr_check.quality.findings import LEVELS, DataFinding, Result, Target
from kkpr_check.report import findings_words as words
from kkpr_check.report.look import Look, console_for, indented, rich_text, shown
from kkpr_check.report.safe import safe_text

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 10
"""Findings of one code in one layer that are told in full; the other formats have all."""
FEATURES_NAMED = 5
_STYLES: Mapping[str, str] = {"error": "bold red", "warning": "bold yellow", "info": "bold cyan"}


def dumps(result: Result, lang: str, look: Look) -> str:
    """Return the findings as text."""
    stream = io.StringIO()
    console = console_for(look, stream)
    targets = {(target.path, target.layer or None): target for target in result.targets}
    for (file, layer), findings in groupby(
        result.findings, key=lambda finding: (finding.file, finding.layer)
    ):
        target = targets.get((file or "", layer)) or targets.get((file or "", None))
        facts = "" if target is None else _facts(target, lang)
        console.print(rich_text(f"{file or '-'}{facts}", look, "bold"))
        worst_first = sorted(findings, key=lambda finding: (LEVELS.index(finding.level), finding.code))
        for _, same in groupby(worst_first, key=lambda finding: (finding.code, finding.level)):
            _print_code(console, list(same), lang, look)
        console.print()
    _print_end(console, result, lang, look)
    return shown(stream)


def _facts(target: Target, lang: str) -> str:
    """Return what a layer was taken for: whoever knows better sees it here."""
    if target.features is None:
        return ""
    name = words.layer_of(target)
    layer = f"{name}: " if name else ""
    role = Text("role unknown", "peran tidak dikenal").pick(lang) if target.role == "none" else target.role
    size = features(target.features).pick(lang)
    return f"  ({layer}{role}, {size}, {words.crs(target.crs) or Text('no CRS', 'tanpa SRK').pick(lang)})"


def _print_code(console: Console, findings: Sequence[DataFinding], lang: str, look: Look) -> None:
    first = findings[0]
    level = words.LEVEL_WORDS[first.level].pick(lang)
    count = f" ({len(findings)})" if len(findings) > 1 else ""
    console.print(
        indented(f"  {first.code} {level}: {words.title(first.code, lang)}{count}", look),
        style=_STYLES[first.level],
    )
    alike: dict[tuple[str | None, str], list[DataFinding]] = {}
    for finding in words.largest_first(findings) if len(findings) > SHOWN else findings:
        alike.setdefault((finding.field, words.message(finding, lang)), []).append(finding)
    groups = list(alike.values())
    for group in groups[:SHOWN]:
        console.print(indented(f"    {_told(group, lang)}", look))
    more = sum(map(len, groups[SHOWN:]))
    if more:
        console.print(
            indented(
                "    " + say("... and {n} more", "... dan {n} lagi", n=Quantity(more, "")).pick(lang), look
            )
        )
    shown_ = [finding for group in groups[:SHOWN] for finding in group]
    for remedy in list(dict.fromkeys(words.remedy(finding, lang) for finding in shown_))[:3]:
        console.print(indented(f"    -> {remedy}", look), style="dim" if look.colour else "")


def _told(group: Sequence[DataFinding], lang: str) -> str:
    """Return one line for findings that say the same of several features."""
    first = group[0]
    if len(group) == 1 or first.feature is None:
        return words.line(first, lang)
    names = ", ".join(safe_text(finding.feature) for finding in group[:FEATURES_NAMED])
    rest = " ..." if len(group) > FEATURES_NAMED else ""
    column = f"{safe_text(first.feature_field)} " if first.feature_field else ""
    what = Text("features", "fitur") if first.feature_field else Text("rows", "baris")
    field = f", {safe_text(first.field)}" if first.field else ""
    return f"{len(group)} {what.pick(lang)} ({column}{names}{rest}){field}: {words.message(first, lang)}"


def _print_end(console: Console, result: Result, lang: str, look: Look) -> None:
    for note in words.notes(result, lang):
        console.print(rich_text(note, look))
    _print_not_run(console, result, lang, look)
    read = [target for target in result.targets if target.features is not None]
    features = sum(target.features or 0 for target in read)
    looked = ", ".join(
        number.pick(lang)
        for number in (
            counted(len(read), "layer", "layers", "layer"),
            counted(features, "feature", "features", "fitur"),
        )
    )
    lost = sum(target.features is None and target.role == "unknown" for target in result.targets)
    if lost:
        looked += Text(f", {lost} could not be read", f", {lost} tidak terbaca").pick(lang)
    console.print(rich_text(f"{words.summary(result, lang)} - {looked}", look, "bold"))


def _print_not_run(console: Console, result: Result, lang: str, look: Look) -> None:
    """Print what was not checked: a reason once, with the layers it holds for."""
    codes: dict[str, list[str]] = {}
    files: dict[str, dict[str, None]] = {}
    for item in result.not_run:
        why = safe_text(item.why.pick(lang))
        codes.setdefault(why, []).append(item.code)
        files.setdefault(why, {})
        if item.file:
            files[why][safe_text(item.file)] = None
    if codes:
        console.print(rich_text(Text("Not checked:", "Tidak diperiksa:").pick(lang), look))
    for why, names in codes.items():
        layers = list(files[why])
        where = (
            f" ({', '.join(layers[:2])}{', ...' if len(layers) > 2 else ''})"
            if layers and len(result.targets) > 1
            else ""
        )
        console.print(indented(f"  {_ranges(names)}: {why}{where}", look))


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
