"""Look-ups in the small tables: fields, overlays, roads, setbacks, accuracy, KBLI titles."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from kkpr_check.errors import Place, PlanError, Text
from kkpr_check.reference.matching import clean
from kkpr_check.reference.rows import (
    FOLDER,
    FieldName,
    OverlayColumn,
    OverlayValue,
    Setback,
    accuracies,
    all_setbacks,
    field_names,
    kbli_editions,
    overlay_columns,
    overlay_values,
    road_classes,
)

_CODE_SHAPE = re.compile(r"^[A-Za-z]{1,5}[\s.\-]?\d{0,2}([\s.,\-]?[A-Za-z0-9]){0,3}$")


def field_aliases(role: str) -> tuple[str, ...]:
    """Return every spelling of the fields of one role, official names first.

    >>> field_aliases("subzone_code")[:3]
    ('KODSZN', 'kdszona', 'KODSZN_1')
    """
    rows = [row for row in field_names() if row.role == role]
    names = [name for row in rows for name in (row.name, *row.aliases)]
    return tuple(dict.fromkeys(names))


def field_role(name: str, *layers: str) -> str | None:
    """Return the role of an attribute name, matched without case and outer blanks ("kdzona "), or None.

    `layers` (``rdtr_pola``, ``road`` ...) are asked first, in that order; without them any layer answers.
    """
    for layer in layers or (None,):
        row = _field_index(layer).get(name.strip().casefold())
        if row is not None:
            return row.role
    return None


@cache
def _field_index(layer: str | None) -> Mapping[str, FieldName]:
    index: dict[str, FieldName] = {}
    rows = [row for row in field_names() if layer is None or row.layer == layer]
    for row in rows:
        index.setdefault(row.name.casefold(), row)
    for row in rows:
        for alias in row.aliases:
            index.setdefault(alias.casefold(), row)
    return index


def is_code_shaped(value: object) -> bool:
    """Tell whether a value looks like a letter code ("R-2", "SPU 1,K", "J3"), known or not."""
    text = clean(value)
    return text is not None and len(text) <= 9 and _CODE_SHAPE.match(text) is not None


@cache
def _column_index() -> Mapping[str, OverlayColumn]:
    index: dict[str, OverlayColumn] = {}
    for row in overlay_columns():
        for name in (row.column, *row.aliases):
            index.setdefault(name.casefold(), row)
    return index


def overlay_column(name: str) -> OverlayColumn | None:
    """Return the overlay column that a field name stands for ("kkop_1", "SEMPDN"), or None."""
    return _column_index().get(name.strip().casefold())


def overlay_meaning(column: str, value: object) -> OverlayValue | None:
    """Return what a value of an overlay column means, or None where nobody has said.

    Both `K09B` and words ("Sempadan Sungai") are known; a value of two kinds of corridor gives None.
    """
    known, text = overlay_column(column), clean(value)
    if known is None or text is None:
        return None
    folded = text.casefold()
    for row in overlay_values():
        if row.column == known.column and row.value.casefold() == folded:
            return row
    words = [
        row for row in overlay_values()
        if row.column == known.column and row.value.startswith("*") and _holds(folded, row.value.strip("*"))
    ]  # fmt: skip
    return words[0] if len({row.rule for row in words}) == 1 else None


def _holds(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


def overlay_rule(column: str, value: object = None) -> str | None:
    """Return the KHS rule of an overlay column; of one value where the column serves several (KSMPDN)."""
    known = overlay_column(column)
    if known is None:
        return None
    meaning = overlay_meaning(column, value)
    return known.rule or (meaning.rule if meaning else None)


def overlay_rules(column: str) -> tuple[str, ...]:
    """Return all rules that a column feeds: one, or those of the kinds of corridor in KSMPDN."""
    known = overlay_column(column)
    if known is None:
        return ()
    if known.rule:
        return (known.rule,)
    return tuple(sorted({row.rule for row in overlay_values() if row.column == known.column}))


@cache
def _road_index() -> Mapping[str, str]:
    index: dict[str, str] = {}
    for row in road_classes():
        if row.number:
            index[row.number] = row.road_class
        index[_road_words(row.name)] = row.road_class
    return index


def _road_words(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", " ", text.casefold()).strip()
    return re.sub(r"^(rencana )?(jaringan )?(jalan |jln |jl )?(?=[a-z])", "", words)


def road_class_of(value: object) -> str | None:
    """Return the road class of a code or name, or None.

    >>> road_class_of("Jalan Kolektor Primer"), road_class_of(22011201.0), road_class_of("arteri")
    ('kolektor-primer', 'kolektor-primer', 'arteri')
    """
    text = clean(value)
    if text is None:
        return None
    return _road_index().get(text) or _road_index().get(_road_words(text))


def setbacks(kind: str) -> tuple[Setback, ...]:
    """Return the national distances of one kind, each with the case it holds for.

    Kinds: ``river``, ``spring``, ``lake``, ``coast``, ``irrigation``, ``powerline``, ``railway``, ``road``
    (ruang pengawasan), ``road-width``, ``rumija``. A row marked ``memory`` is a hint, not a limit.
    """
    return tuple(row for row in all_setbacks() if row.kind == kind)


def ce90_m(scale: int, accuracy_class: int = 3) -> float | None:
    """Return the horizontal CE90 in metres of a map scale, or None for a scale outside the table."""
    for row in accuracies():
        if (row.scale, row.accuracy_class) == (scale, accuracy_class):
            return row.ce90_m
    return None


@cache
def kbli_titles(version: int = 2020) -> Mapping[str, str]:
    """Return the five-digit codes of one KBLI edition with their titles.

    Raises
    ------
    PlanError
        The edition is not in the package, or its file holds a code that is not five digits or stands twice.
    """
    name = f"kbli_{version}.csv"
    path = FOLDER / name
    if version not in kbli_editions() or not path.is_file():
        have = ", ".join(str(year) for year in sorted(kbli_editions()))
        raise PlanError(
            Text(
                f"KBLI {version} is not in the package (have: {have})",
                f"KBLI {version} tidak ada di paket (ada: {have})",
            ),
            remedy=Text(
                f"set kbli_version to {have}, or add kbli_{version}.csv and a row in kbli_editions.csv",
                f"isi kbli_version dengan {have}, atau tambah kbli_{version}.csv dan baris kbli_editions.csv",
            ),
            code="kbli-version",
        )
    return _parse_kbli(name, path.read_text(encoding="utf-8"))


def _parse_kbli(name: str, text: str) -> Mapping[str, str]:
    titles: dict[str, str] = {}
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        code = row["kbli"]
        if not re.fullmatch(r"[0-9]{5}", code) or code in titles:
            raise PlanError(
                Text(
                    f"KBLI code {code!r} is not five digits or stands twice",
                    f"kode KBLI {code!r} bukan lima angka atau ganda",
                ),
                place=Place(name, row=line, column="kbli"),
                code="kbli-file",
            )
        titles[code] = row["title"]
    return MappingProxyType(titles)
