"""From the cells of one sub-zone to rows of intensity.csv: each (road class, parcel size) exactly once."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import replace

from kkpr_check.errors import Text
from kkpr_check.io.annex.columns import IntensityHeader
from kkpr_check.io.annex.grid import number_text
from kkpr_check.io.annex.intensity_rows import Choices, Entry, SubzoneLimits
from kkpr_check.io.annex.keys import close_ranges
from kkpr_check.io.annex.report import Accounts, safe
from kkpr_check.plan import LIMIT_COLUMNS, MISSING, ROAD_CLASSES, Limit, State

Answer = tuple[tuple[Limit, ...], str]
"""The limits of one row of intensity.csv, and where the law says so."""

COLUMNS = ("subzone", "road_class", "parcel_min_m2", "parcel_max_m2", *LIMIT_COLUMNS, "gsb_from", "legal")
"""The columns of intensity.csv."""


def build_ladder(
    name: str, subzone: SubzoneLimits, header: IntensityHeader, books: Accounts, choices: Choices
) -> list[list[str]]:
    """Return the rows of one sub-zone: every (road class, parcel size) exactly once."""
    subzone = _closed(subzone)
    cuts = sorted({bound for entry in subzone.entries for bound in (entry.low, entry.high)} | {0.0, math.inf})
    spans = list(itertools.pairwise(cuts))
    conflicts: dict[tuple[int, int], list[Entry]] = {}
    table: dict[str, list[Answer]] = {}
    alike: dict[tuple[int, ...], list[Answer]] = {}
    for road in ROAD_CLASSES:
        here = [entry for entry in subzone.entries if road in entry.roads]
        same = tuple(id(entry) for entry in here)
        if same not in alike:
            alike[same] = [
                (_limits_at(here, low, high, conflicts), _legal_at(here, low, high, subzone) or choices.legal)
                for low, high in spans
            ]
        table[road] = alike[same]
    _book(header, books, subzone, conflicts)
    gsb_from = _one(subzone.gsb_from) or choices.gsb_from or _label_line(header) or ""
    groups: dict[tuple[Answer, ...], list[str]] = {}
    for road, row in table.items():
        groups.setdefault(tuple(row), []).append(road)
    rows = []
    for answers, roads in groups.items():
        for road in _road_keys(roads):
            for low, high, (limits, legal) in _merged(spans, answers):
                values = [limit_text(limit) for limit in limits]
                bounds = ["-" if low == 0 else _area_text(low), "-" if math.isinf(high) else _area_text(high)]
                rows.append([name, road, *bounds, *values, gsb_from, safe(legal)])
    order = [key for road in ROAD_CLASSES for key in ("*", road.partition("-")[0], road)]
    return sorted(rows, key=lambda row: order.index(row[1]))


def _closed(subzone: SubzoneLimits) -> SubzoneLimits:
    """Settle the bounds that the ranges of several rows share."""
    ranges = close_ranges([(entry.low, entry.high) for entry in subzone.entries])
    entries = [
        replace(entry, low=low, high=high) for entry, (low, high) in zip(subzone.entries, ranges, strict=True)
    ]
    return replace(subzone, entries=entries)


def _limits_at(
    entries: list[Entry], low: float, high: float, conflicts: dict[tuple[int, int], list[Entry]]
) -> tuple[Limit, ...]:
    """Return one limit a column; MISSING where nothing is said, or where the annex says two things."""
    limits = []
    inside = [entry for entry in entries if entry.low <= low and high <= entry.high]
    for column in LIMIT_COLUMNS:
        here = [entry for entry in inside if entry.column == column]
        here = _without_unread(here)
        said = {entry.step.limit if entry.step else None for entry in here}
        if len(said) > 1:
            conflicts.update((entry.place, here) for entry in here)
        one = said.pop() if len(said) == 1 else None
        limits.append(one or MISSING)
    return tuple(limits)


def _legal_at(entries: list[Entry], low: float, high: float, subzone: SubzoneLimits) -> str:
    """Return the legal references of the annex rows that say something of these parcel sizes."""
    rows = sorted(
        {entry.place[0] for entry in entries if entry.low <= low and high <= entry.high and entry.step}
    )
    return _joined([subzone.legal.get(row, "") for row in rows])


def _without_unread(here: list[Entry]) -> list[Entry]:
    """Drop entries whose road (or parcel) key is unread where all others name theirs: it cannot be the same."""
    for key in ("road", "parcel"):
        others = [entry for entry in here if entry.unread_key != key]
        if others and all(entry.explicit(key) for entry in others):
            here = others
    return here


def _book(
    header: IntensityHeader,
    books: Accounts,
    subzone: SubzoneLimits,
    conflicts: Mapping[tuple[int, int], list[Entry]],
) -> None:
    for entry in subzone.entries:
        if entry.place not in header.sheet.cells:
            continue
        if entry.place in conflicts:
            others = "; ".join(
                f"{header.sheet.address(*other.place)} = {header.sheet.text(*other.place) or '?'}"
                + (f" ({other.qualifier})" if other.qualifier else "")
                for other in conflicts[entry.place]
            )
            why = Text(
                f"the annex says several things here: {others}", f"lampiran menyebut beberapa nilai: {others}"
            )
            books.leave(*entry.place, "several-rows", why)
        elif entry.step is not None and entry.place not in books.classes:
            books.take(*entry.place, "imported")


def _one(texts: list[str]) -> str | None:
    said = {text for text in texts if text}
    return said.pop() if len(said) == 1 else None


def _joined(texts: list[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _label_line(header: IntensityHeader) -> str | None:
    """Return the line GSB is measured from, where the header says it."""
    for column in header.limits.values():
        text = column.label.lower()
        if column.meaning != "gsb_min_m":
            continue
        if re.search(r"\bas (?:jalan|rumija)", text):
            return "road_axis"
        if re.search(r"(?:tepi|batas|pinggir|dari) (?:rumija|jalan|damija|ruang milik)", text):
            return "road_edge"
        if re.search(r"pagar|\bgsp\b|batas (?:persil|kavling|kaveling)", text):
            return "parcel_edge"
    return None


def _road_keys(roads: list[str]) -> list[str]:
    """Return the fewest keys for a set of road classes: ``*``, families, single classes."""
    if len(roads) == len(ROAD_CLASSES):
        return ["*"]
    keys: list[str] = []
    for road in roads:
        family = road.partition("-")[0]
        whole = [c for c in ROAD_CLASSES if c == family or c.startswith(family + "-")]
        keys.append(family if set(whole) <= set(roads) else road)
    return list(dict.fromkeys(keys))


def _merged(
    spans: list[tuple[float, float]], answers: tuple[Answer, ...]
) -> list[tuple[float, float, Answer]]:
    merged: list[tuple[float, float, Answer]] = []
    for (low, high), answer in zip(spans, answers, strict=True):
        if merged and merged[-1][2] == answer:
            merged[-1] = (merged[-1][0], high, answer)
        else:
            merged.append((low, high, answer))
    return merged


def limit_text(limit: Limit) -> str:
    """Write a limit in the grammar of intensity.csv.

    >>> limit_text(Limit(State.VALUE, 1.0, 0.5)), limit_text(Limit(State.VALUE, 60.0)), limit_text(MISSING)
    ('0.5*rumija+1', '60', '')
    """
    if limit.state is not State.VALUE:
        return "-" if limit.state is State.UNREGULATED else ""
    if not limit.rumija_factor:
        return _area_text(limit.constant)
    tail = f"{limit.constant:+g}" if limit.constant else ""
    return f"{number_text(limit.rumija_factor)}*rumija{tail}"


def _area_text(value: float) -> str:
    text = number_text(value)
    return text + "0" if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text) else text
