"""What the text of an intensity annex says: numbers, units, ladders by road class and parcel size, half rumija.

The rule of this module: one reading, or `Undecided` with the reason. Real annexes write "0" for "not set", a
thousands dot that may be a decimal point, alternatives, and conditions that intensity.csv has no key for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kkpr_check.cells import UPPER_BOUND
from kkpr_check.errors import Text
from kkpr_check.io.annex.keys import (
    KEY_FILLER,
    ORDER_WORD,
    ROAD_WORD,
    close_ranges,
    road_classes_in,
    split_parcel_range,
)
from kkpr_check.io.annex.numbers import NUMBER, AmbiguousError, read_number, tidy
from kkpr_check.plan import UNREGULATED, Limit, State

Unit = Literal["%", "m", "m2", "floors"]
Side = Literal["max", "min"]


class LimitStep(NamedTuple):
    """One value and what it holds for: road classes (() = any) and ``parcel_min_m2 <= A < parcel_max_m2``."""

    limit: Limit
    road_classes: tuple[str, ...] = ()
    parcel_min_m2: float = 0.0
    parcel_max_m2: float = math.inf


@dataclass(frozen=True, slots=True)
class ParsedLimit:
    """An understood text: one step or a ladder. `side` and `unit` only where the text says so."""

    steps: tuple[LimitStep, ...]
    unit: Unit | None = None
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """A text with no single reading; `reason` is a stable kebab-case name."""

    reason: str
    text: Text


_WHY: Mapping[str, Text] = {
    "empty": Text("nothing is written", "tidak ada isinya"),
    "dash": Text(
        '"-" may mean not regulated or not set', '"-" dapat berarti tidak diatur atau belum ditetapkan'
    ),
    "zero": Text('"0" may mean zero or not set', '"0" dapat berarti nol atau belum ditetapkan'),
    "alternatives": Text("alternatives: only a person can choose", "ada alternatif: harus dipilih perencana"),
    "business-scale": Text(
        "depends on the scale of the business or service, which intensity.csv has no key for",
        "bergantung pada skala usaha atau pelayanan, yang tidak menjadi kunci intensity.csv",
    ),
    "condition": Text(
        "depends on a condition intensity.csv has no key for",
        "bergantung pada syarat yang tidak menjadi kunci intensity.csv",
    ),
    "thousands-or-decimal": Text(
        "the mark may separate thousands or decimals", "tanda dapat berarti pemisah ribuan atau desimal"
    ),
    "several-values": Text("several values in one cell", "beberapa nilai dalam satu sel"),
    "fraction-or-percent": Text("may be a fraction or a percentage", "dapat berarti pecahan atau persen"),
    "unit": Text("the unit does not fit the column", "satuan tidak sesuai dengan kolom"),
    "wrong-side": Text(
        "says minimum where the column is a maximum, or the reverse",
        "tertulis minimum padahal kolomnya maksimum, atau sebaliknya",
    ),
    "implausible": Text("out of the plausible range", "di luar rentang yang masuk akal"),
    "negative": Text("a negative number", "bilangan negatif"),
    "unread": Text("not understood", "tidak dapat dipahami"),
}


def undecided(reason: str) -> Undecided:
    """Return `Undecided` with the text of a reason."""
    return Undecided(reason, _WHY[reason])


# --- one value ----------------------------------------------------------------------------------------------

_NAMES = re.compile(
    r"(?:(?:kdb|klb|kdh|ktb|gsb|tb|jbs|jbb|ketinggi?an bangunan|tinggi bangunan|jumlah lantai|luas (?:kavling|kaveling|persil)"
    r"|garis sempadan bangunan|jarak bebas(?: samping| belakang)?)\b\.?|:|- |sebesar |adalah |yaitu )\s*"
)
_SPELT_OUT = re.compile(
    r"\((?:(?:nol|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|sepuluh|sebelas|belas|puluh|seratus|ratus|ribu"
    r"|koma|setengah|persen|per|seratus|meter|persegi|lantai)\s*)+\)"
)
"""A number repeated in words, as statutes do: "60% (enam puluh persen)"."""
_MAX = re.compile(r"(?:(?:maksimum|maksimal|maks|max|paling (?:banyak|tinggi|besar|luas))\b\.?|<=)\s*")
_MIN = re.compile(
    r"(?:(?:minimum|minimal|min|paling (?:sedikit|kurang|kecil)|sekurang-kurangnya)\b\.?|>=)\s*"
)
_RUMIJA = re.compile(
    rf"(?:(?P<over>{NUMBER})\s*/\s*(?P<under>{NUMBER})|(?P<factor>{NUMBER})|(?P<half>setengah))?\s*(?:x|\*|×|kali|dari)?\s*"
    r"(?:lebar\s+)?(?:rumija|ruang milik jalan|damija|daerah milik jalan|row)"
    rf"(?:\s*\+\s*(?P<plus>{NUMBER}))?\s*(?:m|meter)?"
)
_PLAIN = re.compile(rf"(?P<number>{NUMBER})\s*(?P<unit>%|persen|m2|ha|hektar|m|meter|lantai|lt)?\.?")
_UNITS: Mapping[str, Unit] = {
    "%": "%", "persen": "%", "m2": "m2", "ha": "m2", "hektar": "m2", "m": "m", "meter": "m", "lantai": "floors", "lt": "floors",
}  # fmt: skip


_ABOUT_PARCELS = re.compile(r"\bluas\b|\bm2\b|\d ?m2|\bpersil\b|\bkav[ei]?ling\b|\bkapling\b")
"""What shows that a key with numbers is about the size of the parcel, not about the width of a road."""


class _Value(NamedTuple):
    limit: Limit
    unit: Unit | None
    side: Side | None


def _value(text: str) -> _Value:
    """Read one value with its words; raises `AmbiguousError`."""
    side: Side | None = None
    rest = text.strip(" ;,")
    while True:
        before = rest
        rest = _NAMES.sub("", rest, count=1) if _NAMES.match(rest) else rest
        for pattern, found in ((_MAX, "max"), (_MIN, "min")):
            if pattern.match(rest):
                rest, side = pattern.sub("", rest, count=1), "max" if found == "max" else "min"
        rest = rest.strip()
        if rest == before:
            break
    if rest in ("", "-"):
        raise AmbiguousError("dash" if "-" in text else "empty")
    if match := _RUMIJA.fullmatch(rest):
        return _Value(_rumija(match), "m", side)
    match = _PLAIN.fullmatch(rest)
    if match is None:
        raise AmbiguousError(_why_unread(rest))
    unit = _UNITS.get(match["unit"] or "")
    number = read_number(match["number"], "ha" if match["unit"] in ("ha", "hektar") else unit)
    if number == 0:
        raise AmbiguousError("zero")
    return _Value(Limit(State.VALUE, number * (1e4 if match["unit"] in ("ha", "hektar") else 1)), unit, side)


def _rumija(match: re.Match[str]) -> Limit:
    factor = 1.0
    if match["over"]:
        factor = read_number(match["over"], None) / read_number(match["under"], None)
    elif match["factor"] or match["half"]:
        factor = 0.5 if match["half"] else read_number(match["factor"], None)
    return Limit(State.VALUE, read_number(match["plus"], None) if match["plus"] else 0.0, factor)


def _why_unread(text: str) -> str:
    if re.fullmatch(rf"-{NUMBER}\s*(?:%|m)?", text):
        return "negative"
    return "several-values" if len(re.findall(NUMBER, text)) > 1 else "unread"


def _step(segment: str) -> tuple[LimitStep, _Value]:
    """Read ``key : value``, or a bare value; raises `AmbiguousError`."""
    segment = re.sub(r"^[-•*]\s+", "", segment.strip())
    if ":" not in segment:
        segment = re.sub(r"(?<![<>])\s*=\s*(?=\d)", ": ", segment)
    key, colon, text = segment.rpartition(":")
    if not colon:
        match = re.fullmatch(rf"([a-z ()/,]*?)\s*({NUMBER}\s*(?:%|m|lantai)?)", segment)
        key, text = (match[1], match[2]) if match and road_classes_in(match[1]) else ("", segment)
    elif not road_classes_in(key) and not _ABOUT_PARCELS.search(key):
        key, text = "", segment
    if not key:
        value = _value(text)
        return LimitStep(value.limit), value
    if road_classes_in(key) and re.search(r"\d|[<>]", key) and not _ABOUT_PARCELS.search(key):
        raise AmbiguousError("condition")
    parcel, rest = split_parcel_range(key)
    roads = road_classes_in(rest)
    rest = KEY_FILLER.sub("", ORDER_WORD.sub("", ROAD_WORD.sub("", rest)))
    if rest:
        raise AmbiguousError("condition")
    value = _value(text)
    low, high = parcel or (0.0, math.inf)
    return LimitStep(value.limit, roads, low, high), value


# --- the public reader --------------------------------------------------------------------------------------


_LONGEST = 2_000
"""Longer texts are prose, not a limit."""


def parse_intensity_text(text: str) -> ParsedLimit | Undecided:
    """Read a cell of an intensity table as an annex writes it.

    Parameters
    ----------
    text
        The cell: a number with or without unit, a formula of rumija, or a ladder keyed by road class or
        parcel size. HTML escapes, mojibake and full-width characters are resolved.

    Returns
    -------
    ParsedLimit or Undecided
        Percentages stay percentages, areas are in m2, lengths in m; ``Undecided`` where there is no single
        reading.

    >>> parse_intensity_text("maksimum: 60%").steps[0].limit.constant
    60.0
    >>> parse_intensity_text("½ Rumija").steps[0].limit
    Limit(state=<State.VALUE: 'value'>, constant=0.0, rumija_factor=0.5)
    >>> [step.road_classes for step in parse_intensity_text("Arteri : 70; Kolektor : 60").steps]
    [('arteri',), ('kolektor',)]
    >>> parse_intensity_text("4.708 Ha").reason, parse_intensity_text("0").reason
    ('thousands-or-decimal', 'zero')
    """
    if len(text) > _LONGEST:
        return undecided("unread")
    words = _SPELT_OUT.sub("", tidy(text)).strip()
    if words in ("", "null", "nan", "none", "n/a"):
        return undecided("empty")
    if words in ("tidak diatur", "tidak ditentukan"):
        return ParsedLimit((LimitStep(UNREGULATED),))
    if "alternatif" in words or re.search(r"\batau\b(?! sama)", words):
        return undecided("alternatives")
    if re.search(r"\bskala\b|\busaha\b|\bmikro\b|\bumkm\b|\bsub ?wilayah\b", words):
        return undecided("business-scale")
    segments = [
        part
        for part in re.split(r"\s*;\s*|\n|,\s+(?=(?:[-•*]\s+)?[a-z<>(])|\s+(?=[-•*]\s+luas\b)", words)
        if part.strip()
    ]
    try:
        read = [_step(segment) for segment in segments]
    except (AmbiguousError, ZeroDivisionError) as problem:
        return undecided(str(problem) if isinstance(problem, AmbiguousError) else "unread")
    units, sides = {value.unit for _, value in read} - {None}, {value.side for _, value in read} - {None}
    if not read or len(units) > 1 or len(sides) > 1:
        return undecided("several-values" if read else "unread")
    steps = _close_ranges(tuple(step for step, _ in read))
    if len(steps) > 1 and _overlap(steps):
        return undecided("several-values")
    return ParsedLimit(steps, next(iter(units), None), next(iter(sides), None))


def _close_ranges(steps: tuple[LimitStep, ...]) -> tuple[LimitStep, ...]:
    """Let "60 - 100" reach up to the "more than 100" that follows it, and begin after the "up to 60" before it."""
    ranges = close_ranges([(step.parcel_min_m2, step.parcel_max_m2) for step in steps])
    return tuple(
        step._replace(parcel_min_m2=low, parcel_max_m2=high)
        for step, (low, high) in zip(steps, ranges, strict=True)
    )


def _overlap(steps: tuple[LimitStep, ...]) -> bool:
    for index, one in enumerate(steps):
        for other in steps[index + 1 :]:
            apart = one.parcel_max_m2 <= other.parcel_min_m2 or other.parcel_max_m2 <= one.parcel_min_m2
            if not apart and roads_meet(one.road_classes, other.road_classes):
                return True
    return False


def roads_meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether two lists of road classes share a road; () is every road."""
    if not one or not other:
        return True
    return any(a == b or a.startswith(b + "-") or b.startswith(a + "-") for a in one for b in other)


_COLUMN_UNIT: Mapping[str, Unit | None] = {
    "kdb_max_pct": "%", "kdh_min_pct": "%", "ktb_max_pct": "%", "klb_max": None, "height_max_m": "m", "floors_max": "floors",
    "gsb_min_m": "m", "side_min_m": "m", "rear_min_m": "m", "lot_min_m2": "m2",
}  # fmt: skip


def fit_column(parsed: ParsedLimit, column: str) -> ParsedLimit | Undecided:
    """Return `parsed` where it fits a column of intensity.csv, else why not."""
    unit = _COLUMN_UNIT[column]
    if parsed.unit is not None and parsed.unit != unit:
        return undecided("unit")
    if parsed.side is not None and f"_{parsed.side}" not in column:
        return undecided("wrong-side")
    for step in parsed.steps:
        limit = step.limit
        if limit.state is not State.VALUE:
            continue
        if limit.rumija_factor and column not in ("gsb_min_m", "side_min_m", "rear_min_m"):
            return undecided("unit")
        if unit == "%" and parsed.unit is None and 0 < limit.constant <= 1:
            return undecided("fraction-or-percent")
        if limit.constant > UPPER_BOUND[column][0] or limit.constant < 0:
            return undecided("implausible")
    return parsed
