"""A comparison as one page for a browser: map before and after, tables, no network; every foreign text is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
import shapely

from kkpr_check.changes.result import VERDICTS, Diff, ParcelChanges
from kkpr_check.errors import Text
from kkpr_check.report import changes_words as words
from kkpr_check.report.safe import whole_characters
from kkpr_check.report.webpage import page
from kkpr_check.report.webpage import text as _text
from kkpr_check.report.words import DISCLAIMER

WIDTH = 900
_HEX = re.compile("#[0-9A-Fa-f]{6}")
ROWS = 500
"""Rows of one table; what is more is counted."""
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:64rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:left;
vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.note{color:#555}td{overflow-wrap:anywhere}
.map{position:relative;max-width:900px;border:1px solid #bbb;background:#f6f6f4}.map svg{display:block;width:100%;height:auto}
.map svg+svg{position:absolute;inset:0}path.z{stroke:#555;stroke-width:.4}path.c{fill:none;stroke:#000;stroke-width:2.5;
stroke-dasharray:6 3}
path.p{fill:#d00000;fill-opacity:.25;stroke:#700;stroke-width:1}path.b{fill:#1a9850;fill-opacity:.25;stroke:#060;stroke-width:1}
.key{display:inline-block;width:.9em;height:.9em;margin:0 .3em 0 1em;border:1px solid #777}input[type=range]{width:100%;max-width:900px}
summary{cursor:pointer;font-weight:600}.worse{color:#a00}.better{color:#060}
"""
_SCRIPT = """
document.querySelectorAll('input[type=range]').forEach(function(s){
var a=s.nextElementSibling.lastElementChild;
function f(){a.style.clipPath='inset(0 0 0 '+s.value+'%)';}
s.addEventListener('input',f);f();});
"""
_PALETTE = ("#c9b2d9", "#b2d9c9", "#d9c9b2", "#b2c3d9", "#d9b2b9", "#c8d9b2", "#d6b2d9", "#b2d7d9")


def dumps(diff: Diff, lang: str) -> str:
    """Return the page."""
    title = Text("Two versions of a plan compared", "Perbandingan dua versi rencana").pick(lang)
    body = [
        f"<p><strong>{_text(words.headline(diff).pick(lang))}</strong></p>",
        *_versions(diff, lang),
        *_map(diff, diff.parcels, lang),
        *_transitions(diff, lang),
        *([] if diff.parcels is None else _parcels(diff.parcels, lang)),
        *_changes(diff, lang),
        *_plans(diff, lang),
        *[f'<p class="note">{_text(note.pick(lang))}</p>' for note in diff.notes],
        f'<p class="note">{escape(DISCLAIMER.pick(lang))}</p>',
    ]
    return whole_characters(page(title, lang, _STYLE, _SCRIPT, body))


def _plans(diff: Diff, lang: str) -> list[str]:
    """Return the plans of a folder, one after the other, each with its map."""
    lines = []
    for plan in diff.plans:
        lines += [
            f"<h1>{_text(plan.new.id or plan.new.path)}</h1>",
            f"<p>{_text(words.headline(plan).pick(lang))}</p>",
            *_versions(plan, lang),
            *_map(plan, diff.parcels, lang),
            *_transitions(plan, lang),
            *_changes(plan, lang),
            *[f'<p class="note">{_text(note.pick(lang))}</p>' for note in plan.notes],
        ]
    if diff.unchanged:
        names = ", ".join(map(_text, diff.unchanged))
        lines.append(f'<p class="note">{Text("Unchanged", "Tetap").pick(lang)}: {names}</p>')
    return lines


def _versions(diff: Diff, lang: str) -> list[str]:
    lines = [
        f"<li><strong>{word.pick(lang)}</strong> {_text(words.version_line(version, lang))}</li>"
        for word, version in ((Text("OLD", "LAMA"), diff.old), (Text("NEW", "BARU"), diff.new))
    ]
    lines += [
        f"<li>{Text('not compared', 'tidak dibandingkan').pick(lang)}: {escape(words.left_out(what, lang))} ({_text(why.pick(lang))})</li>"
        for what, why in diff.not_compared
    ]
    return ["<ul>", *lines, "</ul>"]


def _table(head: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]], lang: str) -> list[str]:
    """Return a table of cells that are HTML already; the second of each head says whether it is a number."""
    rows = list(rows)
    css = [' class="n"' if number else "" for _, number in head]
    lines = [
        "<table><tr>"
        + "".join(f"<th{c}>{escape(name)}</th>" for (name, _), c in zip(head, css, strict=True))
        + "</tr>"
    ]
    for row in rows[:ROWS]:
        lines.append(
            "<tr>" + "".join(f"<td{c}>{cell}</td>" for cell, c in zip(row, css, strict=True)) + "</tr>"
        )
    lines.append("</table>")
    if len(rows) > ROWS:
        left = len(rows) - ROWS
        lines.append(f'<p class="note">{Text(f"… and {left} more", f"… dan {left} lagi").pick(lang)}</p>')
    return lines


def _transitions(diff: Diff, lang: str) -> list[str]:
    real = [one for one in diff.transitions if one.pieces]
    if not real:
        return []
    narrow = Text("narrower than the map is accurate", "lebih sempit dari ketelitian peta")
    titles = (
        (Text("was", "dulu"), False), (Text("is", "kini"), False), (Text("area", "luas"), True),
        (Text("pieces", "bagian"), True), (narrow, True),
    )  # fmt: skip
    head = [(text.pick(lang), number) for text, number in titles]
    none = words.NO_ZONE.pick(lang)
    rows = [
        (
            _text(t.old or none),
            _text(t.new or none),
            words.area(t.area_m2, lang),
            str(t.pieces),
            words.area(t.narrow_m2, lang),
        )
        for t in real
    ]
    return [f"<h2>{Text('Zones', 'Zona').pick(lang)}</h2>", *_table(head, rows, lang)]


def _parcels(parcels: ParcelChanges, lang: str) -> list[str]:
    lines = [
        f"<h2>{Text('Parcels', 'Persil').pick(lang)}</h2>",
        f"<p>{_text(words.dates_line(parcels).pick(lang))}</p>",
    ]
    names = {key: text.pick(lang) for key, text in _NAMES.items()}
    rows = [
        (words.verdict(old, lang), words.verdict(new, lang), str(n), words.area(area, lang))
        for (old, new), (n, area) in parcels.matrix.items()
    ]
    head = [(names["was"], False), (names["is"], False), (names["parcels"], True), (names["area"], True)]
    lines += _table(head, rows, lang)
    rows_ = [
        (
            _verdicts(group.old, group.new, lang), str(group.parcels), words.area(group.area_m2, lang),
            _text(words.causes_line(group.causes, lang)), _text(", ".join(group.rules)), _text(", ".join(group.ids)),
        )
        for group in parcels.groups
    ]  # fmt: skip
    if rows_:
        head = [
            (names["verdict"], False),
            (names["parcels"], True),
            (names["area"], True),
            (names["cause"], False),
            (names["rules"], False),
            ("id", False),
        ]
        lines += [f"<h3>{names['by_cause']}</h3>", *_table(head, rows_, lang)]
    if parcels.unreadable:
        what = Text("Parcels that cannot be judged", "Persil yang tidak dapat dinilai").pick(lang)
        lines += [
            f"<h3>{what}</h3>",
            *_table(
                [("id", False), ("", False)],
                [(_text(i), _text(w.pick(lang))) for _, i, w in parcels.unreadable],
                lang,
            ),
        ]
    return lines


_NAMES = {
    "was": Text("was", "dulu"), "is": Text("is", "kini"), "parcels": Text("parcels", "persil"), "area": Text("area", "luas"),
    "cause": Text("cause", "penyebab"), "rules": Text("rules", "aturan"), "verdict": Text("verdict", "putusan"),
    "by_cause": Text("Flips by cause", "Perubahan putusan menurut penyebab"),
}  # fmt: skip


def _verdicts(old: str, new: str, lang: str) -> str:
    css = "worse" if VERDICTS.index(new) > VERDICTS.index(old) else "better"
    return f'<span class="{css}">{words.verdict(old, lang)} → {words.verdict(new, lang)}</span>'


def _changes(diff: Diff, lang: str) -> list[str]:
    lines = []
    for digit, changes in words.sections(diff):
        lines.append(f"<h2>{escape(words.SECTIONS[digit].pick(lang))}</h2>")
        for code in dict.fromkeys(change.code for change in changes):
            found = [change for change in changes if change.code == code]
            rows = [(_text(change.file or ""), _text(words.change_line(change, lang))) for change in found]
            lines += [
                f"<details{' open' if digit == '6' else ''}><summary>{code} {escape(words.title(code, lang))} ({len(found)})</summary>"
            ]
            lines += _table([(Text("file", "berkas").pick(lang), False), ("", False)], rows, lang)
            lines.append("</details>")
    return lines


def _map(diff: Diff, parcels: ParcelChanges | None, lang: str) -> list[str]:
    """Return both maps on each other; a slider uncovers the one below."""
    shapes = [shape for side in diff.maps for _, shape in side]
    marks = [
        change.witness for change in diff.changes if change.code[3] == "1" and change.witness is not None
    ]
    flips = [] if parcels is None else [f for f in parcels.flips if f.geometry is not None][:5000]
    if not shapes:
        return []
    west, south, east, north = _view(marks or shapes)
    box = shapely.box(west, south, east, north)
    squeeze = float(np.cos(np.radians((south + north) / 2)))
    scale = WIDTH / max((east - west) * squeeze, 1e-9)
    height = max(round((north - south) * scale), 1)

    def path(shape: Any) -> str:
        return "".join(_ring(line, west, north, squeeze, scale) for line in _lines(shape))

    over = "".join(f'<path class="c" d="{path(mark)}"/>' for mark in marks)
    over += "".join(
        f'<path class="{"p" if f.direction == "worse" else "b"}" d="{path(f.geometry)}"><title>{_text(f.id)}</title></path>'
        for f in flips
        if shapely.intersects(f.geometry, box)
    )
    colours = _colours([code for side in diff.maps for code, _ in side])
    drawn = []
    for side, name in zip(diff.maps, ("before", "after"), strict=True):
        zones = "".join(
            f'<path class="z" fill="{colours[code]}" d="{path(shape)}"><title>{_text(code or "?")}</title></path>'
            for code, shape in side
        )
        label = Text("OLD", "LAMA") if name == "before" else Text("NEW", "BARU")
        x = 8 if name == "before" else WIDTH - 60
        drawn.append(
            f'<svg class="{name}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label.pick(lang)}">'
            f'<rect width="{WIDTH}" height="{height}" fill="#f6f6f4"/>{zones}{over}'
            f'<text x="{x}" y="20" font-weight="bold">{label.pick(lang)}</text></svg>'
        )
    keys = "".join(
        f'<svg width="14" height="14"><rect width="14" height="14" fill="{colour}" stroke="#777"/></svg> {_text(code or "?")} '
        for code, colour in colours.items()
    )
    slide = Text("Before | after", "Sebelum | sesudah").pick(lang)
    legend = Text(
        "dashed: changed; filled red or green: verdict worse or better",
        "putus-putus: berubah; isian merah atau hijau: putusan memburuk atau membaik",
    )
    return [
        f"<h2>{slide}</h2>",
        f'<input type="range" min="0" max="100" value="50" aria-label="{slide}">',
        f'<div class="map">{drawn[0]}{drawn[1]}</div>',
        f'<p class="note">{keys}<br>{legend.pick(lang)}</p>',
    ]  # fmt: skip


def _view(shapes: Sequence[Any]) -> tuple[float, float, float, float]:
    """Return the box of what changed with its surroundings, in degrees."""
    west, south, east, north = shapely.total_bounds(np.array([*shapes], dtype=object)).tolist()
    around = max(0.15 * max(east - west, north - south), 0.0008)
    return west - around, south - around, east + around, north + around


def _lines(shape: Any) -> Any:
    outline = shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape
    return [part for part in shapely.get_parts(outline) if shapely.get_dimensions(part) == 1]


def _ring(line: Any, west: float, north: float, squeeze: float, scale: float) -> str:
    xy = shapely.get_coordinates(line)
    x, y = (xy[:, 0] - west) * squeeze * scale, (north - xy[:, 1]) * scale
    points = np.round(np.column_stack([x, y]), 1)
    keep = np.r_[True, (np.diff(points, axis=0) != 0).any(axis=1)]
    return "M" + "L".join(f"{a:g},{b:g}" for a, b in points[keep].tolist())


def _colours(codes: Iterable[str | None]) -> dict[str | None, str]:
    """Return the national colour of each sub-zone, else one of a few that are told apart."""
    from kkpr_check.reference import find_rtrw_class, find_subzone

    found: dict[str | None, str] = {}
    for n, code in enumerate(sorted(set(codes), key=lambda code: code or "")):
        match = find_subzone(code) or find_rtrw_class(code)
        colour = "" if match is None else match.row.colour or ""
        found[code] = colour if _HEX.fullmatch(colour) else _PALETTE[n % len(_PALETTE)]
    return found
