"""What the columns of an intensity annex mean, from their (merged, stacked) header texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from kkpr_check.io.annex.grid import Sheet
from kkpr_check.io.annex.keys import parcel_range_beside, road_classes_in
from kkpr_check.io.annex.words import plain
from kkpr_check.plan import LIMIT_COLUMNS

_MEANINGS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (meaning, re.compile(pattern))
    for meaning, pattern in (
        ("legal", r"\bpasal\b|dasar hukum|\blegal\b"),
        ("remark", r"keterangan|catatan|tampilan|\bketentuan\b"),
        ("kdb_max_pct", r"\bkdb\b|koefisien dasar bangunan"),
        ("klb_max", r"\bklb\b|koefisien lantai bangunan"),
        ("kdh_min_pct", r"\bkdh\b|koefisien (?:dasar|daerah) hijau"),
        ("ktb_max_pct", r"\bktb\b|koefisien tapak (?:basement|basemen|besmen)"),
        ("gsb_min_m", r"\bgsb\b|sempadan bangunan"),
        ("side_min_m", r"\bsamping\b|\bjbs\b"),
        ("rear_min_m", r"\bbelakang\b|\bjbb\b"),
        ("floors_max", r"\blantai\b"),
        ("height_max_m", r"(?!.*pagar)(?:\btinggi\b|ketinggi?an|\btb\b)"),
        ("lot_min_m2", r"(?:luas|ukuran) (?:kavling|kaveling|kapling|persil|lahan|tanah|petak)\b.*\b(?:min|minimum|minimal|terkecil)\b"),
        ("parcel", r"(?:luas|ukuran|rentang) (?:kavling|kaveling|kapling|persil|lahan|tanah|lp)\b|\bluas lp\b"),
        ("scale", r"skala usaha|business_scale|skala pelayanan"),
        ("road", r"(?:fungsi|kelas|hierarki) jalan"),
        ("code", r"\bkode\b|kodszn|kode ?sub ?zona"),
        ("name", r"sub[ -]?zona|peruntukan"),
        ("qualifier", r"\bjenis\b|\btipe\b|\bkategori\b|\bklasifikasi\b|\bblok\b"),
    )
)  # fmt: skip
_CONTRACT: Mapping[str, str] = {
    "subzone": "code", "road_class": "road", "parcel_min_m2": "parcel_min", "parcel_max_m2": "parcel_max",
    "gsb_from": "gsb_from", "legal": "legal", **{name: name for name in LIMIT_COLUMNS},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its meaning (a limit of intensity.csv or a key), the roads its header names, its label."""

    meaning: str
    label: str
    roads: tuple[str, ...] = ()
    wrong_side: bool = False
    exact: bool = False
    parcel: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class IntensityHeader:
    """Where an intensity table begins, and its columns."""

    sheet: Sheet
    first_row: int
    last_row: int
    columns: Mapping[int, Column] = field(default_factory=dict)

    def of(self, meaning: str) -> int | None:
        """Return the first column of a meaning."""
        return next((number for number, column in self.columns.items() if column.meaning == meaning), None)

    @property
    def limits(self) -> dict[int, Column]:
        """Return the columns that hold limits."""
        return {n: column for n, column in self.columns.items() if column.meaning in LIMIT_COLUMNS}

    @property
    def address(self) -> str:
        """Return the address of the header."""
        return self.sheet.address(self.first_row, min(self.columns), self.last_row, max(self.columns))


@lru_cache(maxsize=16_384)
def column_meaning(label: str) -> Column | None:
    """Return what a header text means, or None.

    >>> column = column_meaning("Tinggi Bangunan Maks. (m) - Kolektor")
    >>> column.meaning, column.roads
    ('height_max_m', ('kolektor',))
    >>> column_meaning("KTB minimum").wrong_side
    True
    """
    text = plain(label).lower()
    if text in _CONTRACT:
        return Column(_CONTRACT[text], label, exact=True)
    meaning = next((meaning for meaning, pattern in _MEANINGS if pattern.search(text)), None)
    if meaning is None:
        return None
    if meaning not in LIMIT_COLUMNS:
        return Column(meaning, label)
    wrong = r"\bmin(?:imum|imal)?\b" if "_max" in meaning else r"\bmaks(?:imum|imal)?\b|\bmax\b"
    about_parcels = meaning != "lot_min_m2" and re.search(r"luas|persil|kavling|lahan|m2", text)
    return Column(
        meaning,
        label,
        road_classes_in(text),
        wrong_side=re.search(wrong, text) is not None,
        parcel=parcel_range_beside(text) if about_parcels else None,
    )


def find_headers(sheet: Sheet, header_row: int | None = None) -> list[IntensityHeader]:
    """Return the headers of the intensity tables of a sheet; a repeated one (page break) counts once."""
    found: list[IntensityHeader] = []
    done = 0
    for row in sheet.filled_rows if header_row is None else (header_row,):
        header = _header_at(sheet, row) if row > done else None
        if header is None:
            continue
        done = header.last_row
        if not any(_labels(header) == _labels(other) for other in found):
            found.append(header)
    return found


def _labels(header: IntensityHeader) -> dict[int, str]:
    return {number: column.label for number, column in header.columns.items()}


def is_header_row(sheet: Sheet, row: int) -> bool:
    """Tell whether a row is (the first row of) a header."""
    return _header_at(sheet, row) is not None


def _header_at(sheet: Sheet, row: int) -> IntensityHeader | None:
    own = {c: plain(sheet.spread(row, c)) for c in range(1, sheet.columns + 1)}
    known = {
        c: column for c, text in own.items() if text and len(text) < 120 and (column := column_meaning(text))
    }
    limits = {column.meaning for column in known.values()} & set(LIMIT_COLUMNS)
    if not limits or not {"code", "name"} & {column.meaning for column in known.values()}:
        return None
    last = row
    while last < sheet.rows and last - row < 4 and _continues(sheet, row, last + 1, known):
        last += 1
    columns = {}
    for c in range(1, sheet.columns + 1):
        column = column_meaning(_stacked(sheet, row, last, c))
        if column is not None:
            columns[c] = column
    return IntensityHeader(sheet, row, last, columns)


def _continues(sheet: Sheet, top: int, row: int, known: Mapping[int, Column]) -> bool:
    """Tell whether `row` is a further header row: words (roads, units) and the key columns empty or merged."""
    keys = [c for c, column in known.items() if column.meaning in ("code", "name")]
    for column in keys:
        inside = sheet.spans.get((row, column), (row, column))[0] >= top and (row, column) in sheet.spans
        if sheet.text(row, column) and not (inside and sheet.spans[row, column][0] < row):
            return False
    texts = [sheet.text(row, c) for c in range(1, sheet.columns + 1) if sheet.text(row, c)]
    return bool(texts) and not any(re.search(r"\d{2}|^\d|^-$", text) for text in texts)


def _stacked(sheet: Sheet, first: int, last: int, column: int) -> str:
    """Return the header texts of a column, top to bottom; an unmerged group title reaches to its right."""
    texts = [plain(sheet.spread(row, column)) for row in range(first, last + 1)]
    if not texts[0] and any(texts[1:]):
        left = next((text for c in range(column - 1, 0, -1) if (text := plain(sheet.spread(first, c)))), "")
        texts[0] = left
    return " - ".join(dict.fromkeys(text for text in texts if text))
