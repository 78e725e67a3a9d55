"""Where the ITBX matrix of a sheet begins: the row of sub-zone codes, and the columns beside it."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from kkpr_check.io.annex.grid import Sheet
from kkpr_check.io.annex.words import parse_itbx_text, plain, read_kbli
from kkpr_check.io.annex.zones import SubzoneIndex, code_key, codes_in_header, looks_like_subzone

_LOOK_BELOW = 60
"""Rows with content below a header in which ITBX values are looked for."""
_KEY_LABELS = frozenset({"activity_id", "kbli", "kegiatan", "name", "nama", "activity"})
"""Key columns of a matrix in the plan folder's own form, where every other column is a sub-zone."""
_HEADER_DEPTH = 8
"""The most rows a header with merged group titles is taken to have."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """An ITBX matrix in a sheet: its header row, the sub-zone text of each column, and the key columns."""

    sheet: Sheet
    header_row: int
    codes: Mapping[int, str]
    by_name: bool
    kbli_column: int | None
    name_column: int | None
    id_column: int | None
    number_column: int | None
    last_row: int

    @property
    def address(self) -> str:
        """Return the address of the row of codes."""
        columns = sorted(self.codes)
        return self.sheet.address(self.header_row, columns[0], self.header_row, columns[-1])


def find_matrices(sheet: Sheet, zones: SubzoneIndex, header_row: int | None = None) -> list[Matrix]:
    """Return the matrices a sheet may hold; more than one means that a person has to choose.

    A row is a header when at least two of its cells are sub-zone codes (else names) and the cells below them are
    ITBX values. The same codes repeated further down (a printed page break) are one header.
    """
    rows = sorted({row for row, _ in sheet.cells})
    wanted = [header_row] if header_row is not None else rows
    for by_name in (False, True) if zones else (False,):
        coded = [(row, codes) for row in wanted if (codes := _header_codes(sheet, row, zones, by_name))]
        for least in (2, 1):
            found = [
                (row, codes)
                for row, codes in coded
                if len(codes) >= least
                and (least > 1 or header_row is not None or _has_key_label(sheet, row))
                and _values_below(sheet, row, codes, rows)
            ]
            if found:
                headers = _distinct(sheet, found, rows)
                rivals = [] if header_row is None else _rivals_below(sheet, zones, by_name, headers[0], rows)
                return [_matrix(sheet, row, codes, by_name, headers + rivals) for row, codes in headers]
    return []


def _has_key_label(sheet: Sheet, row: int) -> bool:
    """Tell whether a row names the activities or their codes: what a header of one sub-zone needs to be one."""
    texts = (plain(sheet.spread(row, column)).lower() for column in range(1, sheet.columns + 1))
    return any(re.search(r"\bkegiatan\b|\bkbli\b", text) for text in texts)


def _header_codes(sheet: Sheet, row: int, zones: SubzoneIndex, by_name: bool) -> dict[int, str]:
    """Return the sub-zone texts of a row; {} where the row is no header."""
    texts = {column: plain(sheet.spread(row, column)) for column in range(1, sheet.columns + 1)}
    texts = {column: text for column, text in texts.items() if text}
    if "activity_id" in texts.values():
        return {column: text for column, text in texts.items() if text.lower() not in _KEY_LABELS}
    sure: dict[int, str] = {}
    for column, text in texts.items():
        raw = sheet.spread(row, column)
        code = text if by_name and zones.by_name(text) else None if by_name else _code_of(raw, zones)
        if code is not None:
            sure[column] = code
    if not sure:
        return {}
    first, last = min(sure), max(sure)
    while texts.get(first - 1) and looks_like_subzone(texts[first - 1]):
        first -= 1
    while texts.get(last + 1) and looks_like_subzone(texts[last + 1]):
        last += 1
    between = {
        c: t for c, t in texts.items() if first <= c <= last and c not in sure and looks_like_subzone(t)
    }
    own = {column: text for column, text in texts.items() if first <= column <= last}
    if len(sure) * 2 < len(own) or len(set(sure.values())) * 2 < len(sure):
        return {}
    return dict(sorted((sure | between).items()))


def _code_of(text: str, zones: SubzoneIndex) -> str | None:
    """Return the one sub-zone code a header cell holds, or None."""
    if parse_itbx_text(text) is not None and not zones.by_code(text):
        return None
    parts = codes_in_header(text)
    known = [part for part in parts if zones.by_code(part)]
    if not known:
        known = [part for part in parts if looks_like_subzone(part) and parse_itbx_text(part) is None]
    return known[0] if len(known) == 1 else None


def _values_below(sheet: Sheet, header_row: int, codes: Mapping[int, str], rows: list[int]) -> bool:
    seen = understood = 0
    below = bisect.bisect_right(rows, header_row)
    for row in rows[below : below + _LOOK_BELOW]:
        for column in codes:
            text = sheet.text(row, column)
            if text:
                seen += 1
                understood += parse_itbx_text(text) is not None
    return understood > 0 and understood * 2 >= seen


def _distinct(
    sheet: Sheet, found: list[tuple[int, dict[int, str]]], rows: list[int]
) -> list[tuple[int, dict[int, str]]]:
    """Merge the rows of one header, and page-break repetitions; what is left are rival headers."""
    kept: list[tuple[int, dict[int, str]]] = []
    for row, codes in found:
        if kept and _same(kept[-1][1], codes):
            if not _data_between(sheet, kept[-1][0], row, codes, rows):
                kept[-1] = (row, codes)
            continue
        if kept and _groups(kept[-1][1], codes) and not _data_between(sheet, kept[-1][0], row, codes, rows):
            kept[-1] = (row, dict(sorted({**_only_above(kept[-1][1], codes), **codes}.items())))
            continue
        if any(_same(other, codes) for _, other in kept):
            continue
        kept.append((row, codes))
    return kept


def _same(one: Mapping[int, str], other: Mapping[int, str]) -> bool:
    return {c: code_key(t) for c, t in one.items()} == {c: code_key(t) for c, t in other.items()}


def _groups(above: Mapping[int, str], below: Mapping[int, str]) -> bool:
    """Tell whether `above` holds the zones (RTH) of the sub-zones `below` (RTH-4), or the same codes in part."""
    shared = above.keys() & below.keys()
    letters = {column: re.sub(r"[^A-Z].*", "", code_key(below[column])) for column in shared}
    return bool(shared) and all(code_key(above[c]) in (code_key(below[c]), letters[c]) for c in shared)


def _only_above(above: Mapping[int, str], below: Mapping[int, str]) -> dict[int, str]:
    letters = {re.sub(r"[^A-Z].*", "", code_key(code)) for code in below.values()}
    return {
        column: code
        for column, code in above.items()
        if column not in below and code_key(code) not in letters
    }


def _data_between(sheet: Sheet, top: int, bottom: int, codes: Mapping[int, str], rows: list[int]) -> bool:
    return any(
        parse_itbx_text(sheet.text(row, column)) is not None
        for row in rows[bisect.bisect_right(rows, top) : bisect.bisect_left(rows, bottom)]
        for column in codes
        if sheet.text(row, column)
    )


def _rivals_below(
    sheet: Sheet, zones: SubzoneIndex, by_name: bool, chosen: tuple[int, dict[int, str]], rows: list[int]
) -> list[tuple[int, dict[int, str]]]:
    """Return the other headers below the chosen one, where its matrix ends."""
    top, own = chosen
    below = [(row, _header_codes(sheet, row, zones, by_name)) for row in rows if row > top]
    return [
        (row, codes)
        for row, codes in below
        if len(codes) >= 2
        and not _same(codes, own)
        and _values_below(sheet, row, codes, rows)
        and _data_between(sheet, top, row, own, rows)
    ]


def _matrix(
    sheet: Sheet, row: int, codes: dict[int, str], by_name: bool, headers: list[tuple[int, dict[int, str]]]
) -> Matrix:
    later = [other for other, _ in headers if other > row]
    last_row = min(later) - 1 if later else sheet.rows
    keys = _key_columns(sheet, row, codes, last_row)
    return Matrix(sheet, row, codes, by_name, *keys, last_row)


def _key_columns(
    sheet: Sheet, header_row: int, codes: Mapping[int, str], last_row: int
) -> tuple[int | None, int | None, int | None, int | None]:
    """Return the columns of KBLI code, activity name, activity id and row number."""
    free = [column for column in range(1, sheet.columns + 1) if column not in codes]
    labels = {column: header_label(sheet, header_row, column) for column in free}
    data = [
        row
        for row in sheet.filled_rows
        if header_row < row <= last_row and any(sheet.spread(row, c) for c in codes)
    ]
    texts = {column: [text for row in data if (text := sheet.spread(row, column))] for column in free}
    id_column = next((column for column in free if labels[column] == "activity_id"), None)
    number = next((column for column in free if column != id_column and _is_numbering(texts[column])), None)
    rest = [column for column in free if column not in (id_column, number) and texts[column]]
    kbli = _best({column: _kbli_score(sheet, data, column, labels[column]) for column in rest})
    named = {
        column: sum(len(text) for text in texts[column]) * (4 if _NAME_LABEL.search(labels[column]) else 1)
        for column in rest
        if column != kbli
        and (column < min(codes) or _NAME_LABEL.search(labels[column]))
        and any(re.search(r"[A-Za-z]{2}", text) for text in texts[column])
    }
    return kbli, _best(named), id_column, number


_NAME_LABEL = re.compile(r"kegiatan|uraian|judul|nama|jenis|activity|penggunaan", re.IGNORECASE)


def header_label(sheet: Sheet, header_row: int, column: int) -> str:
    """Return the header texts above a column, joined, top to bottom."""
    texts = [
        plain(sheet.spread(row, column)) for row in range(max(1, header_row - _HEADER_DEPTH), header_row + 1)
    ]
    return " ".join(dict.fromkeys(text for text in texts[-_HEADER_DEPTH:] if text))


def _is_numbering(texts: list[str]) -> bool:
    numbers = [int(text.rstrip(".")) for text in texts if re.fullmatch(r"\d{1,6}\.?", text)]
    steps = sum(b - a == 1 for a, b in itertools.pairwise(numbers))
    return (
        len(numbers) * 10 >= len(texts) * 8
        and bool(numbers)
        and numbers[0] in (0, 1)
        and steps * 10 >= len(numbers) * 8 - 10
    )


def _kbli_score(sheet: Sheet, data: list[int], column: int, label: str) -> int:
    labelled = re.search(r"kbli|kode", label, re.IGNORECASE) is not None
    score = understood = 0
    for row in data:
        cell = sheet.cells.get(sheet.spans.get((row, column), (row, column)))
        kbli = read_kbli(cell)
        if kbli.state == "ok":
            score, understood = score + 2, understood + 1
        elif kbli.state == "padded":
            score, understood = score + labelled, understood + 1
        elif kbli.state in ("none", "group"):
            understood += 1
    return score if understood * 2 >= len(data) else 0


def _best(scores: Mapping[int, int]) -> int | None:
    best = max(scores, key=lambda column: (scores[column], -column), default=None)
    return best if best is not None and scores[best] > 0 else None
