"""The rows of the national reference tables, typed, each with its mark and source.

A mark says how far a row may be trusted: ``seen`` was read in the named source, ``inferred`` was derived from
seen data, ``memory`` is not confirmed and only ever a hint, never part of a verdict.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar, cast

Mark = Literal["seen", "inferred", "memory"]
T = TypeVar("T")
FOLDER = Path(__file__).parent
"""Where the tables are."""


@dataclass(frozen=True, slots=True)
class Subzone:
    """An RDTR zone or sub-zone (Permen ATR/BPN 14/2021).

    Attributes
    ----------
    code
        Letter code, "R-3".
    level
        ``zone`` where the row only groups sub-zones ("R"), else ``subzone``.
    number, zone_number
        8-digit domain codes, or None where they were never seen.
    number_doubtful
        Two publishers disagree on the number: it suggests, the name decides.
    protected
        True for lindung, False for budi daya.
    colour
        ``#RRGGBB`` of the official symbol, or None.
    """

    code: str
    level: Literal["zone", "subzone"]
    name: str
    zone_code: str
    zone_name: str
    number: str | None
    number_doubtful: bool
    zone_number: str | None
    protected: bool
    colour: str | None
    colour_mark: Mark | None
    old_names: tuple[str, ...]
    old_codes: tuple[str, ...]
    mark: Mark
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class RtrwClass:
    """A class of an RTRW pola ruang; `code` is its letter code, or the name where no letter was seen."""

    code: str
    name: str
    number: str | None
    number_doubtful: bool
    protected: bool
    plan_type: str
    colour: str | None
    colour_mark: Mark | None
    old_names: tuple[str, ...]
    mark: Mark
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class FieldName:
    """An attribute name of the official schema with the spellings it was met in."""

    layer: str
    name: str
    role: str
    title: str
    aliases: tuple[str, ...]
    mark: Mark
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class OverlayColumn:
    """An overlay column of the zoning layer; `rule` is None where the value decides (KSMPDN)."""

    column: str
    rule: str | None
    title: str
    aliases: tuple[str, ...]
    mark: Mark
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class OverlayValue:
    """What one value of an overlay column means; ``*word*`` stands for any value that holds the word."""

    column: str
    value: str
    meaning: str
    rule: str
    mark: Mark
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class RoadClass:
    """A road code or name; `road_class` may be a family ("arteri")."""

    number: str | None
    digits: int | None
    road_class: str
    name: str
    mark: Mark
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Horizontal CE90 in metres of a map scale and accuracy class."""

    scale: int
    accuracy_class: int
    ce90_m: float
    mark: Mark
    source: str


@dataclass(frozen=True, slots=True)
class Setback:
    """A national distance in metres and the case it holds for; None = the case does not ask.

    ``depth_over_m < depth <= depth_to_m`` and ``basin_over_km2 < basin <= basin_to_km2``.
    """

    kind: str
    case: str
    levee: bool | None
    urban: bool | None
    depth_over_m: float | None
    depth_to_m: float | None
    basin_over_km2: float | None
    basin_to_km2: float | None
    voltage_kv: float | None
    tower: str | None
    distance_m: float
    measured_from: str
    legal: str
    mark: Mark
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Crs:
    """A coordinate system in use in Indonesia."""

    epsg: int
    name: str
    datum: str
    kind: Literal["geographic", "utm", "tm3"]
    zone: str | None
    mark: Mark
    source: str


@dataclass(frozen=True, slots=True)
class KbliEdition:
    """An edition of the business classification."""

    version: int
    legal: str
    mark: Mark
    source: str


def _float(text: str) -> float | None:
    return float(text) if text else None


def _flag(text: str) -> bool | None:
    return {"yes": True, "no": False, "": None}[text]


def _words(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part)


_READERS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "str | None": lambda text: text or None,
    "Mark": str,
    "Mark | None": lambda text: text or None,
    "int": int,
    "int | None": lambda text: int(text) if text else None,
    "float": float,
    "float | None": _float,
    "bool": lambda text: {"yes": True, "no": False}[text],
    "bool | None": _flag,
    "tuple[str, ...]": _words,
}
"""How a cell becomes a value, by the annotation of the row's attribute."""


def read_csv(name: str) -> list[dict[str, str]]:
    """Return the rows of ``reference/<name>.csv`` of the package as text."""
    return list(csv.DictReader((FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()))


def _load(name: str, kind: type[T]) -> tuple[T, ...]:
    types = {key: _READERS.get(str(note), str) for key, note in kind.__annotations__.items()}
    build = cast(Callable[..., T], kind)
    return tuple(
        build(**{key: convert(row.get(key, "")) for key, convert in types.items()}) for row in read_csv(name)
    )


@cache
def subzones() -> tuple[Subzone, ...]:
    """Return the RDTR zone and sub-zone catalogue: suggestions, which a plan may override row by row."""
    return _load("subzones", Subzone)


@cache
def rtrw_classes() -> tuple[RtrwClass, ...]:
    """Return the RTRW classes of province, kabupaten and kota plans."""
    rows = _load("rtrw_classes", RtrwClass)
    return tuple(row if row.code else replace(row, code=row.name) for row in rows)


@cache
def field_names() -> tuple[FieldName, ...]:
    """Return the official attribute names with their aliases."""
    return _load("fields", FieldName)


@cache
def overlay_columns() -> tuple[OverlayColumn, ...]:
    """Return the overlay columns in the order of the official schema."""
    return _load("overlay_columns", OverlayColumn)


@cache
def overlay_values() -> tuple[OverlayValue, ...]:
    """Return the overlay codes and words with their meaning."""
    return _load("overlays", OverlayValue)


@cache
def road_classes() -> tuple[RoadClass, ...]:
    """Return the road codes (8 digits, and the nine-digit scheme of newer plans) and names."""
    return _load("road_classes", RoadClass)


@cache
def accuracies() -> tuple[Accuracy, ...]:
    """Return CE90 by scale and class (Perka BIG 15/2014)."""
    return _load("ce90", Accuracy)


@cache
def all_setbacks() -> tuple[Setback, ...]:
    """Return every national distance."""
    return _load("setbacks", Setback)


@cache
def crs_list() -> tuple[Crs, ...]:
    """Return the coordinate systems in use (WGS 84, SRGI2013, DGN95, ID74; geographic, UTM, TM-3)."""
    return _load("crs", Crs)


@cache
def kbli_editions() -> Mapping[int, KbliEdition]:
    """Return the editions by year. A further one is a row here and one file ``kbli_<year>.csv``."""
    return MappingProxyType({row.version: row for row in _load("kbli_editions", KbliEdition)})


@cache
def sources() -> Mapping[str, str]:
    """Return what the keys in the `source` attributes stand for."""
    return MappingProxyType({row["key"]: row["description"] for row in read_csv("sources")})
