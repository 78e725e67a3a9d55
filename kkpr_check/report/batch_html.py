"""The HTML summary of a batch: counts by verdict, rule and sub-zone, and a map; one file, no network, no script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

from kkpr_check.errors import Text
from kkpr_check.model import Verdict
from kkpr_check.report.webpage import policy
from kkpr_check.report.webpage import text as _text
from kkpr_check.report.words import DISCLAIMER, VERDICTS, date, number, percent
from kkpr_check.rules import BY_CODE

COLOURS: Mapping[str, str] = {
    "conform": "#1a9850", "conditional": "#91cf60", "undetermined": "#b5b5b5", "partial": "#fdae61", "nonconform": "#d73027",
}  # fmt: skip
OUTCOMES = ("fail", "undetermined", "conditional")
SUBZONES_MAX = 200
MAP_WIDTH = 900
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.key{display:inline-block;width:.9em;height:.9em;margin-right:.4em}
svg{background:#f6f6f4;max-width:100%;height:auto}.note{color:#555}
@media print{body{margin:0;max-width:none}tr,svg{break-inside:avoid}.key{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
@media(max-width:40rem){body{margin:.5rem auto}table{display:block;overflow-x:auto}}
""" + "".join(f".key.{verdict}{{background:{colour}}}" for verdict, colour in COLOURS.items())
_WORDS: Mapping[str, Text] = {
    "title": Text("Spatial conformity of many parcels", "Kesesuaian tata ruang banyak persil"),
    "verdict": Text("Verdict", "Putusan"),
    "parcels": Text("Parcels", "Persil"),
    "share": Text("Share", "Bagian"),
    "rules": Text("By rule", "Menurut aturan"),
    "rule": Text("Rule", "Aturan"),
    "subzones": Text("By largest sub-zone", "Menurut subzona terluas"),
    "subzone": Text("Sub-zone", "Subzona"),
    "map": Text("Map", "Peta"),
    "fail": Text("fail", "tidak sesuai"),
    "undetermined": Text("undetermined", "perlu verifikasi"),
    "conditional": Text("conditional", "bersyarat"),
    "none": Text("(none)", "(tidak ada)"),
    "as_of": Text("Judged by the law of", "Dinilai menurut aturan per"),
    "plans": Text("Plans", "Rencana"),
    "broken": Text("parcels could not be judged", "persil tidak dapat dinilai"),
    "repaired": Text("outlines were repaired", "batas diperbaiki"),
    "duplicates": Text("ids stand more than once", "id dipakai lebih dari sekali"),
    "synthetic": Text("synthetic data", "data sintetis"),
    "cells": Text(
        "Each square shows the worst verdict that at least a tenth of its parcels have; the darker, the more parcels.",
        "Tiap kotak menunjukkan putusan terburuk yang dimiliki sedikitnya sepersepuluh persilnya; makin pekat makin banyak.",
    ),
    "no_map": Text("No parcel has a place.", "Tidak ada persil yang berposisi."),
    "more": Text("and {n} more", "dan {n} lainnya"),
}  # fmt: skip


class _Map(Protocol):
    level: int
    cells: dict[tuple[int, int], list[int]]


class _Counts(Protocol):
    rows: int
    broken: int
    repaired: int
    verdicts: Counter[str]
    rules: dict[str, Counter[str]]
    subzones: dict[str, Counter[str]]

    @property
    def map(self) -> _Map:
        """Verdict counts by cell."""


class BatchFacts(Protocol):
    """What the page needs of a finished run."""

    @property
    def duplicate_ids(self) -> int:
        """Ids that stand more than once."""

    @property
    def as_of(self) -> Any:
        """Date of the law."""

    @property
    def plans(self) -> Sequence[tuple[str, str, bool]]:
        """(id, name, whether it is synthetic)."""

    @property
    def notes(self) -> Sequence[Text]:
        """What was taken for granted."""

    @property
    def summary(self) -> Any:
        """The counts."""


def dumps(result: BatchFacts, lang: str) -> str:
    """Return the page; every foreign text in it is escaped, and its policy lets nothing run or load."""
    counts = result.summary
    title = _WORDS["title"].pick(lang)
    body = [
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        *_head(result, lang),
        _verdicts(counts, lang),
        f"<h2>{escape(_WORDS['map'].pick(lang))}</h2>",
        _map(counts.map, lang),
        *_rules(counts.rules, lang),
        *_subzones(counts.subzones, lang),
        f'<p class="note">{escape(DISCLAIMER.pick(lang))}</p></body></html>\n',
    ]
    parts = [
        f'<!doctype html>\n<html lang="{escape(lang)}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy(_styles(body))}">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        *body,
    ]
    return "\n".join(parts)


def _styles(body: Iterable[str]) -> list[str]:
    """Return the styles of the page, its map's own among them; foreign text in it is escaped already."""
    return re.findall(r"<style>(.*?)</style>", "\n".join(body), re.DOTALL)


def _head(result: BatchFacts, lang: str) -> Iterable[str]:
    counts = result.summary
    plans = "; ".join(
        f"{_text(name)} ({_text(plan)})" + (f" [{_WORDS['synthetic'].pick(lang)}]" if synthetic else "")
        for plan, name, synthetic in result.plans
    )
    yield f"<p>{escape(_WORDS['as_of'].pick(lang))} {escape(date(result.as_of, lang))}. {escape(_WORDS['plans'].pick(lang))}: {plans}</p>"
    told = [
        f"{number(count, 0, lang)} {escape(_WORDS[word].pick(lang))}"
        for count, word in (
            (counts.broken, "broken"),
            (counts.repaired, "repaired"),
            (result.duplicate_ids, "duplicates"),
        )
        if count
    ]
    told += [_text(note.pick(lang)) for note in result.notes]
    if told:
        yield f'<p class="note">{". ".join(told)}.</p>'


def _verdicts(counts: _Counts, lang: str) -> str:
    rows = [
        [
            f'<span class="key {verdict.value}"></span>{escape(words.pick(lang))}',
            counts.verdicts[verdict.value],
            percent(counts.verdicts[verdict.value] / counts.rows, lang) if counts.rows else "-",
        ]
        for verdict, words in VERDICTS.items()
    ]
    return _table([_WORDS[w].pick(lang) for w in ("verdict", "parcels", "share")], rows, lang)


def _rules(rules: Mapping[str, Counter[str]], lang: str) -> Iterable[str]:
    rows = [
        [
            f"{_text(code)} {escape(BY_CODE[code].title.pick(lang))}",
            *(rules[code][outcome] for outcome in OUTCOMES),
        ]
        for code in sorted(rules, key=lambda code: (list(BY_CODE).index(code), code))
    ]
    if rows:
        yield f"<h2>{escape(_WORDS['rules'].pick(lang))}</h2>"
        yield _table([_WORDS[w].pick(lang) for w in ("rule", *OUTCOMES)], rows, lang)


def _subzones(subzones: Mapping[str, Counter[str]], lang: str) -> Iterable[str]:
    ordered = sorted(subzones.items(), key=lambda item: (-item[1].total(), item[0]))
    rows = [
        [_text(code) or escape(_WORDS["none"].pick(lang)), count.total(), *(count[v.value] for v in Verdict)]
        for code, count in ordered[:SUBZONES_MAX]
    ]
    heads = [
        _WORDS["subzone"].pick(lang),
        _WORDS["parcels"].pick(lang),
        *(VERDICTS[v].pick(lang) for v in Verdict),
    ]
    yield f"<h2>{escape(_WORDS['subzones'].pick(lang))}</h2>"
    yield _table(heads, rows, lang)
    if len(ordered) > SUBZONES_MAX:
        yield f"<p>{escape(_WORDS['more'].pick(lang).format(n=number(len(ordered) - SUBZONES_MAX, 0, lang)))}</p>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]], lang: str) -> str:
    """Return a table; cells of text are HTML already, all columns but the first are numbers."""

    def told(cell: str | int) -> str:
        return number(cell, 0, lang) if isinstance(cell, int) else cell

    kind = ["", *[' class="n"'] * (len(heads) - 1)]
    head = "".join(f'<th scope="col"{k}>{escape(h)}</th>' for k, h in zip(kind, heads, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{k}>{told(c)}</td>" for k, c in zip(kind, row, strict=True)) + "</tr>\n"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def _map(found: _Map, lang: str) -> str:
    if not found.cells:
        return f"<p>{escape(_WORDS['no_map'].pick(lang))}</p>"
    xs, ys = [x for x, _ in found.cells], [y for _, y in found.cells]
    west, east, south, north = min(xs), max(xs) + 1, min(ys), max(ys) + 1
    step = max(min(MAP_WIDTH / (east - west), MAP_WIDTH / (north - south)), 0.01)
    size = max(step, 2.5)
    most = max(sum(counts) for counts in found.cells.values())
    squares = [
        f'<rect x="{(x - west) * step:.1f}" y="{(north - 1 - y) * step:.1f}" fill="{COLOURS[_worst(counts)]}" '
        f'fill-opacity="{0.55 + 0.45 * sum(counts) / most:.2f}"/>'
        for (x, y), counts in sorted(found.cells.items())
    ]
    width, height = (east - west - 1) * step + size, (north - south - 1) * step + size
    scale = 2.0**-found.level
    return (
        f'<svg viewBox="0 0 {width:.1f} {height:.1f}" width="{min(width, MAP_WIDTH):.0f}" role="img">'
        f"<style>rect{{width:{size:.1f}px;height:{size:.1f}px}}</style>"
        f"<title>{west * scale:.5f}, {south * scale:.5f} .. {east * scale:.5f}, {north * scale:.5f}</title>"
        + "\n".join(squares)
        + f'</svg><p class="note">{escape(_WORDS["cells"].pick(lang))}</p>'
    )


def _worst(counts: Sequence[int]) -> str:
    """Return the worst verdict of a cell; one parcel in ten is enough to show."""
    least = max(1, sum(counts) // 10)
    return [verdict for verdict, count in zip(COLOURS, counts, strict=True) if count >= least][-1]
