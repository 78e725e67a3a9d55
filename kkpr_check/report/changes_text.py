"""A comparison for people at a terminal: what changed, then whose verdicts flip and why."""

from __future__ import annotations

import io
from itertools import groupby
from typing import TYPE_CHECKING

from kkpr_check.changes.result import VERDICTS, Diff, ParcelChanges
from kkpr_check.errors import Text
from kkpr_check.report import changes_words as words
from kkpr_check.report.look import Look, console_for, indented, rich_text, shown
from kkpr_check.report.safe import safe_text

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 10
"""Changes of one code, groups and parcels that are told; the other formats have all."""


def dumps(diff: Diff, lang: str, look: Look) -> str:
    """Return the comparison as text."""
    stream = io.StringIO()
    console = console_for(look, stream)
    _print(console, diff, look, lang)
    for plan in diff.plans:
        console.print()
        _print(console, plan, look, lang)
    if diff.unchanged:
        said = ", ".join(map(safe_text, diff.unchanged[:SHOWN])) + (
            " ..." if len(diff.unchanged) > SHOWN else ""
        )
        console.print()
        console.print(indented(f"{Text('Unchanged', 'Tetap').pick(lang)}: {said}", look))
    if diff.parcels is not None:
        _parcels(console, diff.parcels, look, lang)
    console.print()
    console.print(rich_text(words.headline(diff).pick(lang), look, "bold"))
    return shown(stream)


def _print(console: Console, diff: Diff, look: Look, lang: str) -> None:
    """Print what was compared and what changed there."""
    for word, version in ((Text("OLD", "LAMA"), diff.old), (Text("NEW", "BARU"), diff.new)):
        console.print(indented(f"{word.pick(lang)}  {words.version_line(version, lang)}", look))
    for digit, changes in words.sections(diff):
        console.print()
        console.print(rich_text(words.SECTIONS[digit].pick(lang), look, "bold"))
        for code, same in groupby(changes, key=lambda change: change.code):
            found = list(same)
            count = f" ({len(found)})" if len(found) > 1 else ""
            console.print(
                indented(f"  {code} {words.title(code, lang)}{count}", look),
                style="cyan" if look.colour else "",
            )
            for change in found[:SHOWN]:
                console.print(indented(f"    {words.change_line(change, lang)}", look))
            _more(console, len(found) - SHOWN, look, lang, "    ")
    for what, why in diff.not_compared:
        console.print(
            indented(
                f"{Text('Not compared', 'Tidak dibandingkan').pick(lang)}: {words.left_out(what, lang)} ({why.pick(lang)})",
                look,
            )
        )
    for note in diff.notes:
        console.print(indented(safe_text(note.pick(lang)), look))


def _more(console: Console, left: int, look: Look, lang: str, pad: str) -> None:
    if left > 0:
        console.print(indented(pad + Text(f"... and {left} more", f"... dan {left} lagi").pick(lang), look))


def _parcels(console: Console, parcels: ParcelChanges, look: Look, lang: str) -> None:
    console.print()
    console.print(rich_text(Text("Parcels", "Persil").pick(lang), look, "bold"))
    console.print(indented(f"  {words.dates_line(parcels).pick(lang)}", look))
    for (old, new), (n, area_m2) in parcels.matrix.items():
        arrow = (
            words.verdict(old, lang)
            if old == new
            else f"{words.verdict(old, lang)} -> {words.verdict(new, lang)}"
        )
        mark = "  " if old == new else "- " if VERDICTS.index(new) > VERDICTS.index(old) else "+ "
        console.print(indented(f"  {mark}{n:>7}  {arrow} ({words.area(area_m2, lang)})", look))
    if parcels.groups:
        console.print(
            rich_text(Text("  Flips by cause", "  Perubahan putusan menurut penyebab").pick(lang), look)
        )
    for group in parcels.groups[:SHOWN]:
        verdicts = f"{words.verdict(group.old, lang)} -> {words.verdict(group.new, lang)}"
        console.print(
            indented(
                f"    {group.parcels} x {verdicts}, {words.area(group.area_m2, lang)}: {words.causes_line(group.causes, lang)}",
                look,
            )
        )
        ids = ", ".join(safe_text(name) for name in group.ids[:5]) + (" ..." if group.parcels > 5 else "")
        console.print(indented(f"      {', '.join(group.rules)}: {ids}", look))
    _more(console, len(parcels.groups) - SHOWN, look, lang, "    ")
    if parcels.outcome_changes:
        n = len(parcels.outcome_changes)
        console.print(
            indented(
                "  "
                + Text(
                    f"{n} more keep their verdict with other rules",
                    f"{n} lainnya tetap putusannya dengan aturan berbeda",
                ).pick(lang),
                look,
            )
        )
    for _, name, why in parcels.unreadable[:SHOWN]:
        console.print(
            indented(
                f"  {Text('cannot be judged', 'tidak dapat dinilai').pick(lang)}: {safe_text(name)}: {safe_text(why.pick(lang))}",
                look,
            )
        )
    _more(console, len(parcels.unreadable) - SHOWN, look, lang, "    ")
    for note in parcels.notes:
        console.print(indented(f"  {safe_text(note.pick(lang))}", look))
