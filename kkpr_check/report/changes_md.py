"""A comparison as Markdown for a comment on a pull request: tables first, details folded, never over the limit."""

from __future__ import annotations

from itertools import groupby

from kkpr_check.changes.result import Diff, ParcelChanges
from kkpr_check.errors import Text
from kkpr_check.report import changes_words as words
from kkpr_check.report.comment import Page
from kkpr_check.report.safe import md

_CELL = 300


def dumps(diff: Diff, lang: str) -> str:
    """Return the comment."""
    page = Page(lang)
    page.add(f"## kkpr-check diff: {md(_short(words.headline(diff).pick(lang)))}", "")
    _versions(page, diff, lang)
    if diff.new.kind == "folder":
        _plans(page, diff, lang)
    if diff.parcels is not None:
        _parcels(page, diff.parcels, lang)
    if diff.new.kind != "folder":
        _what_changed(page, diff, lang)
    for plan in diff.plans:
        page.add("", f"### {_cell(plan.new.id or plan.new.path)}", "")
        _versions(page, plan, lang)
        _what_changed(page, plan, lang)
    return page.text()


def _versions(page: Page, diff: Diff, lang: str) -> None:
    for word, version in ((Text("OLD", "LAMA"), diff.old), (Text("NEW", "BARU"), diff.new)):
        page.add(f"- **{word.pick(lang)}** {_cell(words.version_line(version, lang))}")
    for what, why in diff.not_compared:
        page.add(
            f"- {Text('not compared', 'tidak dibandingkan').pick(lang)}: {words.left_out(what, lang)} ({_cell(why.pick(lang))})"
        )


def _plans(page: Page, diff: Diff, lang: str) -> None:
    """Tell which plans came, went, moved or could not be read, and which are the same."""
    lines = [f"- {words.title(c.code, lang)}: {_cell(words.change_line(c, lang))}" for c in diff.changes]
    if diff.unchanged:
        lines.append(f"- {Text('Unchanged', 'Tetap').pick(lang)}: {_cell(', '.join(diff.unchanged))}")
    for n, line in enumerate(lines):
        if not page.add(line):
            page.add(Text(f"… and {len(lines) - n} more", f"… dan {len(lines) - n} lagi").pick(lang))
            return


def _what_changed(page: Page, diff: Diff, lang: str) -> None:
    _transitions(page, diff, lang)
    for digit, changes in words.sections(diff):
        for code, same in groupby(changes, key=lambda change: change.code):
            if code == "DIF101":
                continue  # the table of transitions says it
            found = list(same)
            rows = [
                f"| {_cell(change.file or '')} | {_cell(words.change_line(change, lang))} |"
                for change in found
            ]
            head = (
                f"| {Text('file', 'berkas').pick(lang)} | {words.SECTIONS[digit].pick(lang).lower()} |",
                "|---|---|",
            )
            page.rows(head, rows, len(rows), f"{code} {words.title(code, lang)} ({len(found)})")
    for note in diff.notes[:20]:
        page.add(f"- {_cell(note.pick(lang))}")


def _short(text: str) -> str:
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def _cell(text: str) -> str:
    return md(_short(text))


def _transitions(page: Page, diff: Diff, lang: str) -> None:
    real = [one for one in diff.transitions if one.pieces]
    if not real:
        return
    names = [Text("was", "dulu"), Text("is", "kini"), Text("area", "luas"), Text("pieces", "bagian")]
    head = ("| " + " | ".join(name.pick(lang) for name in names) + " |", "|---|---|---:|---:|")
    rows = [
        f"| {_cell(one.old or words.NO_ZONE.pick(lang))} | {_cell(one.new or words.NO_ZONE.pick(lang))} | "
        f"{words.area(one.area_m2, lang)} | {one.pieces} |"
        for one in real
    ]
    page.add("", f"### {Text('Zones', 'Zona').pick(lang)}")
    page.rows(head, rows[:15], len(rows[:15]))
    if len(rows) > 15:
        page.rows(
            head,
            rows[15:],
            len(rows[15:]),
            Text(f"{len(rows) - 15} more transitions", f"{len(rows) - 15} perubahan zona lainnya").pick(lang),
        )


def _parcels(page: Page, parcels: ParcelChanges, lang: str) -> None:
    page.add(
        "", f"### {Text('Parcels', 'Persil').pick(lang)}", "", f"{md(words.dates_line(parcels).pick(lang))}"
    )
    names = [
        Text("was", "dulu"),
        Text("is", "kini"),
        Text("parcels", "persil"),
        Text("area", "luas"),
        Text("cause", "penyebab"),
        Text("rules", "aturan"),
    ]
    head = ("| " + " | ".join(name.pick(lang) for name in names) + " |", "|---|---|---:|---:|---|---|")
    rows = [
        f"| {words.verdict(group.old, lang)} | {words.verdict(group.new, lang)} | {group.parcels} | "
        f"{words.area(group.area_m2, lang)} | {_cell(words.causes_line(group.causes, lang))} | {_cell(', '.join(group.rules))} |"
        for group in parcels.groups
    ]
    if rows:
        page.rows(head, rows, len(rows))
    if parcels.unreadable:
        rows = [f"| {_cell(name)} | {_cell(why.pick(lang))} |" for _, name, why in parcels.unreadable]
        what = Text("parcels that cannot be judged", "persil yang tidak dapat dinilai").pick(lang)
        page.rows(("| id | |", "|---|---|"), rows, len(rows), f"{len(rows)} {what}")
    if parcels.flips:
        names = [
            Text("parcel", "persil"),
            Text("was", "dulu"),
            Text("is", "kini"),
            Text("rules", "aturan"),
            Text("cause", "penyebab"),
        ]
        head = ("| " + " | ".join(name.pick(lang) for name in names) + " |", "|---|---|---|---|---|")
        rows = [
            f"| {_cell(flip.id)} | {words.verdict(flip.old, lang)} | {words.verdict(flip.new, lang)} | "
            f"{_cell(words.rules_line(flip, lang))} | {_cell(words.causes_line(flip.causes, lang))} |"
            for flip in parcels.flips[:200]
        ]
        more = len(parcels.flips) - len(rows)
        title = Text(f"{len(parcels.flips)} parcels", f"{len(parcels.flips)} persil").pick(lang)
        note = "" if more <= 0 else Text(f", the first {len(rows)}", f", {len(rows)} pertama").pick(lang)
        page.rows(head, rows, len(rows), title + note)
