"""Data findings as one page: no network, printable, its few lines of script for filters only and named in its policy."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from html import escape

import shapely

from kkpr_check._version import __version__
from kkpr_check.errors import Text
from kkpr_check.quality.findings import LEVELS, DataFinding, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.webpage import page
from kkpr_check.report.webpage import text as _text
from kkpr_check.report.words import number

SHOWN = 2_000
"""Rows of one code; the other formats have all."""
MAX_PLACES = 5_000
MAP_WIDTH = 900.0
COLOURS = {"error": "#d7191c", "warning": "#e08214", "info": "#2b83ba"}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:.3rem 0 1.2rem}
th,td{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.at{white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.error{color:#d7191c}.warning{color:#a65b00}.info{color:#1f6390}.note{color:#555}
fieldset{border:1px solid #ccc;margin:.5rem 0}label{margin-right:1rem;white-space:nowrap}
svg{background:#f6f6f4;max-width:100%;height:auto;max-height:30rem}
@media print{fieldset{display:none}body{margin:0;max-width:none}tr{break-inside:avoid}}
"""
_POINT = re.compile(r"@ [-\d.]+,[-\d.]+$")
_SCRIPT = """
(function(){var boxes=document.querySelectorAll('input[data-kind]');
function show(){var off={};boxes.forEach(function(b){if(!b.checked)off[b.dataset.kind+b.value]=1});
document.querySelectorAll('[data-level]').forEach(function(e){e.toggleAttribute('hidden',
(off['level'+e.dataset.level]||off['code'+e.dataset.code])?true:false)})}
boxes.forEach(function(b){b.addEventListener('change',show)});document.querySelector('fieldset').hidden=false})();
"""
_WORDS = {
    "title": Text("Check of zoning data", "Pemeriksaan data pola ruang"),
    "targets": Text("What was looked at", "Yang diperiksa"),
    "role": Text("role", "peran"),
    "features": Text("features", "fitur"),
    "crs": Text("CRS", "SRK"),
    "map": Text("Places", "Letak"),
    "no_map": Text("No finding has a place.", "Tidak ada temuan yang berposisi."),
    "codes": Text("Findings by code", "Temuan menurut kode"),
    "code": Text("code", "kode"),
    "what": Text("what", "perihal"),
    "count": Text("count", "jumlah"),
    "show": Text("Show", "Tampilkan"),
    "file": Text("file", "berkas"),
    "where": Text("where", "letak"),
    "finding": Text("finding", "temuan"),
    "remedy": Text("remedy", "saran"),
    "area": Text("area (m²)", "luas (m²)"),
    "width": Text("width (m)", "lebar (m)"),
    "not_run": Text("Not checked", "Tidak diperiksa"),
    "more": Text("and {n} more; the JSON form has all", "dan {n} lagi; bentuk JSON memuat semuanya"),
}  # fmt: skip


def dumps(result: Result, lang: str) -> str:
    """Return the page; every foreign text in it is escaped, and its policy lets no other script or style run."""
    body = [
        f"<p><strong>{escape(words.summary(result, lang))}</strong></p>",
        *(f'<p class="note">{escape(note)}</p>' for note in words.notes(result, lang)),
        *_targets(result, lang),
        *_filters(result, lang),
        *_map(result, lang),
        *_counts(result, lang),
        *_sections(result, lang),
        *_not_run(result, lang),
        f'<p class="note">kkpr-check {escape(__version__)}</p>',
    ]
    return page(_pick("title", lang), lang, _STYLE, _SCRIPT, body)


def _pick(word: str, lang: str) -> str:
    return _WORDS[word].pick(lang)


def _table(heads: Sequence[str], rows: Sequence[str], numbers: int, lang: str) -> str:
    """Return a table; the last `numbers` heads are of numbers; rows are HTML."""
    plain = len(heads) - numbers
    head = "".join(
        f"<th{' class=n' if i >= plain else ''}>{escape(_pick(h, lang))}</th>" for i, h in enumerate(heads)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n" + "\n".join(rows) + "\n</tbody></table>"


def _targets(result: Result, lang: str) -> Iterator[str]:
    rows = [
        f"<tr><td>{_text(t.path)}{' : ' + _text(words.layer_of(t)) if words.layer_of(t) else ''}</td><td>{_text(t.role)}</td>"
        f"<td>{_text(words.crs(t.crs) or '-')}</td><td class=n>{'-' if t.features is None else number(t.features, 0, lang)}</td></tr>"
        for t in result.targets
    ]
    if rows:
        yield f"<h2>{escape(_pick('targets', lang))}</h2>"
        yield _table(("file", "role", "crs", "features"), rows, 1, lang)


def _filters(result: Result, lang: str) -> Iterator[str]:
    """Yield the filters; they appear where their script runs."""
    levels = [
        f'<label class="{level}"><input type="checkbox" checked data-kind="level" value="{level}"> '
        f"{escape(words.LEVEL_WORDS[level].pick(lang))}</label>"
        for level in LEVELS
        if result.count(level)
    ]
    codes = [
        f'<label><input type="checkbox" checked data-kind="code" value="{code}"> {code}</label>'
        for code in result.by_code
    ]
    boxes = f"<div>{''.join(levels)}</div><div>{''.join(codes)}</div>"
    yield f"<fieldset hidden><legend>{escape(_pick('show', lang))}</legend>{boxes}</fieldset>"


def _map(result: Result, lang: str) -> Iterator[str]:
    """Yield a small map: a dot for each place, the worst on top; equal scale in both directions."""
    yield f"<h2>{escape(_pick('map', lang))}</h2>"
    placed = [f for f in result.findings if f.witness is not None and not f.witness.is_empty]
    if not placed:
        yield f"<p>{escape(_pick('no_map', lang))}</p>"
        return
    points = [shapely.centroid(f.witness) for f in placed[:MAX_PLACES]]
    xs, ys = [p.x for p in points], [p.y for p in points]
    squeeze = math.cos(math.radians((min(ys) + max(ys)) / 2))
    across, down = (max(xs) - min(xs)) * squeeze, max(ys) - min(ys)
    step = (MAP_WIDTH - 20) / max(across, down, 1e-6)
    order = sorted(range(len(points)), key=lambda i: -LEVELS.index(placed[i].level))
    dots = [
        f'<circle data-level="{placed[i].level}" data-code="{placed[i].code}" r="4" fill="{COLOURS[placed[i].level]}" '
        f'fill-opacity=".7" cx="{10 + (xs[i] - min(xs)) * squeeze * step:.1f}" cy="{10 + (max(ys) - ys[i]) * step:.1f}">'
        f"<title>{placed[i].code} {_text(words.place(placed[i], lang))}</title></circle>"
        for i in order
    ]
    yield f'<svg viewBox="0 0 {20 + across * step:.1f} {20 + down * step:.1f}" width="{20 + across * step:.0f}" role="img">'
    yield from dots
    yield "</svg>"
    yield f'<p class="note">{min(ys):.5f}, {min(xs):.5f} .. {max(ys):.5f}, {max(xs):.5f} (WGS 84)</p>'
    if len(placed) > MAX_PLACES:
        yield f"<p>{escape(_pick('more', lang).format(n=len(placed) - MAX_PLACES))}</p>"


def _counts(result: Result, lang: str) -> Iterator[str]:
    rows = [
        f'<tr><td><a href="#{code}">{code}</a></td><td>{escape(words.title(code, lang))}</td><td class=n>{number(count, 0, lang)}</td></tr>'
        for code, count in result.by_code.items()
    ]
    if rows:
        yield f"<h2>{escape(_pick('codes', lang))}</h2>"
        yield _table(("code", "what", "count"), rows, 1, lang)


def _sections(result: Result, lang: str) -> Iterator[str]:
    for code in result.by_code:
        found = [f for f in result.findings if f.code == code]
        yield f'<h3 id="{code}">{code} {escape(words.title(code, lang))} ({number(len(found), 0, lang)})</h3>'
        yield _table(
            ("file", "where", "finding", "remedy", "area", "width"),
            [_row(f, lang) for f in found[:SHOWN]],
            2,
            lang,
        )
        if len(found) > SHOWN:
            yield f"<p>{escape(_pick('more', lang).format(n=len(found) - SHOWN))}</p>"


def _row(finding: DataFinding, lang: str) -> str:
    level = escape(words.LEVEL_WORDS[finding.level].pick(lang))
    area, width = ("" if v is None else number(v, 4, lang) for v in (finding.area_m2, finding.width_m))
    return (
        f'<tr data-level="{finding.level}" data-code="{finding.code}"><td>{_text(finding.file or "-")}</td>'
        f'<td>{_place(finding, lang)}</td><td><b class="{finding.level}">{level}</b> '
        f"{escape(words.message(finding, lang))}</td><td>{escape(words.remedy(finding, lang))}</td>"
        f"<td class=n>{area}</td><td class=n>{width}</td></tr>"
    )


def _place(finding: DataFinding, lang: str) -> str:
    """Return where a finding is; the coordinates stay in one line."""
    return _POINT.sub(r'<span class="at">\g<0></span>', _text(words.place(finding, lang)))


def _not_run(result: Result, lang: str) -> Iterator[str]:
    if result.not_run:
        yield f"<h2>{escape(_pick('not_run', lang))}</h2><ul>"
        yield from (
            f"<li>{item.code}: {_text(item.why.pick(lang))}{' (' + _text(item.file) + ')' if item.file else ''}</li>"
            for item in result.not_run
        )
        yield "</ul>"
