"""Proposal options: one parser for the command line, feature properties and table columns.

Every value is either understood exactly, reported as not given (null, NaN, empty, an area in a file that can be read in
two ways), or refused. Whatever is read with a choice in it (a KBLI whose zero was lost) comes back as an assumption for
the report.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from kkpr_check.cells import ROAD_FAMILIES
from kkpr_check.errors import ErrorGroup, InputError, KkprError, Place, Text, UsageError
from kkpr_check.features import as_text
from kkpr_check.model import Proposal
from kkpr_check.plan import BUSINESS_SCALES, ROAD_CLASSES

PROPOSAL_FIELDS = tuple(item.name for item in fields(Proposal))
OPTION_NAMES = (*PROPOSAL_FIELDS, "id")
"""The options of contract section 2; `id` names the site and is no part of the proposal."""

_SHORTENED = {name[:10]: name for name in OPTION_NAMES if len(name) > 10}
OPTION_COLUMNS = frozenset((*OPTION_NAMES, *_SHORTENED))
"""Names of columns that are options, in lower case: a shapefile cuts ``floor_area_m2`` to ``floor_area``."""

_PLACES = {name: place for place, name in enumerate(OPTION_NAMES)}
"""The order in which a feature is read: that of its columns depends on which features a block holds."""

LARGEST: Mapping[str, float] = {
    "floors": 1_000, "height_m": 10_000, "floor_area_m2": 1e9, "basement_area_m2": 1e9,
    "green_area_m2": 1e11, "legal_area_m2": 1e11,
}  # fmt: skip
"""The largest value of a number that is believed: far above any building (the tallest stands 828 m with 163 floors)
and any concession (1e11 m2 = 10 million hectares), far below what a slip of units or a damaged file gives."""

NUMBERS = frozenset(LARGEST)
_SCALE_WORDS = {"mikro": "micro", "kecil": "small", "menengah": "medium", "besar": "large"}
_BOOLEANS = {
    "true": True, "ya": True, "yes": True, "y": True, "1": True,
    "false": False, "tidak": False, "no": False, "n": False, "0": False,
}  # fmt: skip
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LOOKS_GROUPED = re.compile(r"[+]?[1-9]\d{0,2}\.\d{3}", re.ASCII)


NOWHERE = Place()
NUMBER_REMEDY = Text(
    "write a plain number with a decimal point and no thousands separator, e.g. 1200.5",
    "tulis bilangan dengan titik desimal tanpa pemisah ribuan, mis. 1200.5",
)


class Parsed(NamedTuple):
    """One option as understood; `value` None means "not given"."""

    value: Any
    assumption: Text | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one source (the command line, or one feature), parsed.

    Attributes
    ----------
    values
        Option name -> value; only the options that are given.
    place
        Where they were read, for a message about a conflict.
    """

    values: Mapping[str, Any]
    assumptions: tuple[Text, ...] = ()
    place: Place = NOWHERE

    @property
    def id(self) -> str | None:
        """The name of the site, where one is given."""
        return self.values.get("id")

    def proposal(self) -> Proposal:
        """Return the options as a proposal."""
        return Proposal(**{name: value for name, value in self.values.items() if name != "id"})


def _refuse(name: str, value: Any, en: str, id_: str, remedy: Text | None, place: Place | None) -> KkprError:
    shown = str(value)[:60]
    text = Text(f"{name} = {shown!r}: {en}", f"{name} = {shown!r}: {id_}")
    kind = UsageError if place is None else InputError
    where = None if place is None else place._replace(column=place.column or name)
    return kind(text, place=where, remedy=remedy, code="option-value")


def _number(name: str, value: Any, place: Place | None) -> Parsed:
    number = _as_float(value)
    wrong = None
    if number is None:
        wrong = Text("not a number", "bukan bilangan")
    elif not math.isfinite(number):
        wrong = Text("not a finite number", "bukan bilangan berhingga")
    elif number < 0:
        wrong = Text("must not be negative", "tidak boleh negatif")
    elif name == "floors" and number == 0:
        wrong = Text("must be more than 0", "harus lebih dari 0")
    elif number > LARGEST[name]:
        most = f"{LARGEST[name]:.0f}"
        wrong = Text(f"must not be more than {most}", f"tidak boleh lebih dari {most}")
    if wrong is not None:
        raise _refuse(name, value, wrong.en, wrong.id, NUMBER_REMEDY, place)
    assert number is not None
    unclear = _unclear_area(name, value, number)
    if unclear is None:
        return Parsed(number + 0.0)  # -0.0 would print its sign
    if place is None:
        raise _refuse(name, value, unclear.en, unclear.id, NUMBER_REMEDY, place)
    raw = str(value).strip()
    return Parsed(
        None,
        Text(
            f"{name} = {raw!r} counts as not given: {unclear.en}",
            f"{name} = {raw!r} dianggap belum diisi: {unclear.id}",
        ),
    )


def _unclear_area(name: str, value: Any, number: float) -> Text | None:
    """Return why an area can not be used as it stands: 1,500 m2 read as 1.5 m2, or a null written as 0, would pass every KLB."""
    raw = str(value).strip()
    if name == "floor_area_m2" and number == 0:
        return Text("a building has some floor area", "bangunan memiliki luas lantai")
    if isinstance(value, str) and name.endswith("_m2") and _LOOKS_GROUPED.fullmatch(raw):
        grouped = raw.replace(".", "")
        return Text(
            f"it may be {grouped} or {number:g} m2; write {grouped} or {raw}0",
            f"dapat berarti {grouped} atau {number:g} m2; tulis {grouped} atau {raw}0",
        )
    return None


def _as_float(value: Any) -> float | None:
    """Return a number, inf where it is too large, or None where the value is none."""
    if isinstance(value, bool | np.bool_):
        return None
    try:
        if isinstance(value, int | float | np.integer | np.floating):
            return float(value)
        text = as_text(value) or ""
        return float(text) if _NUMBER.fullmatch(text) else None
    except OverflowError:
        return math.inf


def _kbli(value: Any, place: Place | None) -> Parsed:
    given_as_number = isinstance(value, int | float | np.integer | np.floating)
    text = as_text(value) or ""
    remedy = Text(
        "give the five digits as text, e.g. 01111 or 47111",
        "tulis lima angka sebagai teks, mis. 01111 atau 47111",
    )
    if isinstance(value, bool | np.bool_) or not (text.isascii() and text.isdigit()):
        raise _refuse("kbli", value, "not a KBLI code", "bukan kode KBLI", remedy, place)
    if len(text) == 5:
        return Parsed(text)
    # A shell and a spreadsheet drop the zero alike; text that kept one is a code of another level.
    lost_zero = len(text) < 5 and (given_as_number or (len(text) == 4 and text[0] != "0"))
    if not lost_zero:
        raise _refuse(
            "kbli", value, "a KBLI code has five digits", "kode KBLI terdiri atas lima angka", remedy, place
        )
    padded = text.zfill(5)
    return Parsed(
        padded,
        Text(
            f"kbli {text} has lost its leading zero and is read as {padded}",
            f"kbli {text} kehilangan angka nol di depan dan dibaca sebagai {padded}",
        ),
    )


def _choice(name: str, value: Any, words: Mapping[str, str], place: Place | None) -> Parsed:
    text = re.sub(r"[\s_-]+", "-", (as_text(value) or "").casefold())
    if text in words:
        return Parsed(words[text])
    near = [word for word in words if word.startswith(text)] or difflib.get_close_matches(
        text, words, n=2, cutoff=0.5
    )
    known = ", ".join(dict.fromkeys(words.values()))
    hint = " / ".join(near)
    remedy = Text(
        (f"did you mean {hint}? " if near else "") + f"Known values: {known}",
        (f"mungkin maksudnya {hint}? " if near else "") + f"Nilai yang dikenal: {known}",
    )
    raise _refuse(name, value, "not a known value", "nilai tidak dikenal", remedy, place)


def _boolean(name: str, value: Any, place: Place | None) -> Parsed:
    if isinstance(value, bool | np.bool_):
        return Parsed(bool(value))
    text = (as_text(value) or "").casefold()
    if text not in _BOOLEANS:
        remedy = Text(
            "write true or false (also ya, tidak, Y, N)", "tulis true atau false (juga ya, tidak, Y, N)"
        )
        raise _refuse(name, value, "neither yes nor no", "bukan ya ataupun tidak", remedy, place)
    return Parsed(_BOOLEANS[text])


def not_given(value: Any) -> bool:
    """Tell whether a value says nothing: None, NaN, a null of a table library, or blank text.

    >>> not_given(None), not_given(float("nan")), not_given("  "), not_given(0)
    (True, True, True, False)
    """
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return True
    if isinstance(value, str):
        return not value.replace("\u00a0", " ").strip()
    return type(value).__name__ in ("NAType", "NaTType")


def parse_option(name: str, value: Any, *, place: Place | None = None) -> Parsed:
    """Return one option as understood.

    Parameters
    ----------
    name
        One of `OPTION_NAMES`. Areas in m2, heights in m.
    value
        Text, number, bool or null, as a command line, a GeoJSON property or a table cell holds it.
    place
        Where the value stands; None = on the command line.

    Raises
    ------
    UsageError, InputError
        The value can not be understood (UsageError on the command line).
    """
    if not_given(value):
        return Parsed(None)
    if name in NUMBERS:
        return _number(name, value, place)
    if name == "kbli":
        return _kbli(value, place)
    if name == "road_class":
        return _choice(name, value, {word: word for word in (*ROAD_CLASSES, *ROAD_FAMILIES)}, place)
    if name == "business_scale":
        return _choice(name, value, {word: word for word in BUSINESS_SCALES} | _SCALE_WORDS, place)
    if name == "psn":
        return _boolean(name, value, place)
    if name in ("activity", "id"):
        return Parsed(as_text(value))
    raise ValueError(f"no proposal option {name!r}")


def option_of(column: object) -> str:
    """Return the option that a column names, in any case and as a shapefile shortens it; of another its name in lower case.

    >>> option_of(" KBLI"), option_of("FLOOR_AREA"), option_of("NAMOBJ")
    ('kbli', 'floor_area_m2', 'namobj')
    """
    folded = str(column).strip().casefold()
    return _SHORTENED.get(folded, folded)


def parse_options(values: Mapping[str, Any], *, place: Place | None = None) -> Options:
    """Return the proposal options among `values`; names match in any case, others are left alone.

    Raises
    ------
    UsageError, InputError, ErrorGroup
        One or several values can not be understood, or the same option stands twice (``KBLI`` and ``kbli``)
        with different values.
    """
    found: dict[str, Any] = {}
    assumptions: list[Text] = []
    errors: list[KkprError] = []
    columns = [
        (name, str(column), raw) for column, raw in values.items() if (name := option_of(column)) in _PLACES
    ]
    for name, column, raw in sorted(columns, key=lambda one: (_PLACES[one[0]], one[1])):
        try:
            parsed = parse_option(name, raw, place=None if place is None else place._replace(column=column))
            if parsed.value is not None and found.get(name, parsed.value) != parsed.value:
                raise _refuse(
                    name,
                    raw,
                    f"given twice, also as {found[name]!r}",
                    f"ditulis dua kali, juga sebagai {found[name]!r}",
                    Text("keep one of the two", "sisakan salah satu"),
                    place,
                )
        except KkprError as error:
            errors.append(error)
            continue
        if parsed.value is not None:
            found[name] = parsed.value
        if parsed.assumption is not None:
            assumptions.append(parsed.assumption)
    if errors:
        raise errors[0] if len(errors) == 1 else ErrorGroup(errors)
    return Options(found, tuple(assumptions), place or NOWHERE)


def _conflict(name: str, first: Options, second: Options, en: tuple[str, str], id_: tuple[str, str]) -> Text:
    a, b = first.values[name], second.values[name]
    return Text(
        f"{name}: {en[0]} says {a}, {en[1]} says {b}", f"{name}: menurut {id_[0]} {a}, menurut {id_[1]} {b}"
    )


def merge_pair(footprint: Options, parcel: Options) -> Options:
    """Return the options of a footprint and of its parcel together; the footprint's `id` wins.

    Raises
    ------
    InputError
        Both give an option, with different values.
    """
    for name in footprint.values.keys() & parcel.values.keys() - {"id"}:
        if footprint.values[name] != parcel.values[name]:
            places = [
                tuple(
                    f"{word} ({options.place.pick(lang)})"
                    for word, options in zip(words, (footprint, parcel), strict=True)
                )
                for lang, words in (("en", ("the footprint", "the parcel")), ("id", ("tapak", "persil")))
            ]
            text = _conflict(
                name, footprint, parcel, (places[0][0], places[0][1]), (places[1][0], places[1][1])
            )
            remedy = Text("leave the value in one of the two", "pertahankan nilai di salah satunya saja")
            raise InputError(
                text, place=footprint.place._replace(column=name), remedy=remedy, code="option-conflict"
            )
    assumptions = tuple(dict.fromkeys(footprint.assumptions + parcel.assumptions))
    return Options({**parcel.values, **footprint.values}, assumptions, footprint.place)


def merge_command_line(command_line: Options, feature: Options) -> Options:
    """Return the options of the command line and of a feature together; what replaces a value is recorded."""
    assumptions = dict.fromkeys(command_line.assumptions + feature.assumptions)
    for name in sorted(command_line.values.keys() & feature.values.keys() - {"id"}):
        given, stood = command_line.values[name], feature.values[name]
        if given != stood:
            option = "--" + name.replace("_", "-")
            note = Text(
                f"{name} = {given} from {option}; the file says {stood}",
                f"{name} = {given} dari {option}; menurut berkas {stood}",
            )
            assumptions[note] = None
    return Options({**feature.values, **command_line.values}, tuple(assumptions), feature.place)
