"""DAT203, DAT204 and DAT211: codes that nothing knows, that other fields contradict, or that are spelled otherwise."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kkpr_check.errors import Text
from kkpr_check.features import Objects, squeezed
from kkpr_check.phrases import features
from kkpr_check.quality.base import LayerCheck, LayerView, Surroundings, quoted, zoning_only
from kkpr_check.quality.findings import DataFinding
from kkpr_check.reference import (
    Match,
    RtrwClass,
    Subzone,
    agree,
    clean,
    field_role,
    find_rtrw_class,
    find_subzone,
    plain_name,
    rtrw_classes,
    subzones,
)

AnyMatch = Match[Subzone] | Match[RtrwClass]
NAMING_ROLES = frozenset({"name", "zone_name", "subzone_name", "zone_code", "subzone_code", "class_code"})
"""Roles of fields that name the zone of a feature, one way or another."""
SCHEMAS = ("rdtr_pola", "rtrw_pola")
_PROTECTED = {"31": True, "lindung": True, "32": False, "budi daya": False, "budidaya": False}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source value stands for: its code, whether that is certain, and the codes it may mean instead."""

    code: str | None
    certain: bool
    respelled: bool = False
    suggestions: tuple[str, ...] = ()


def distinct(values: Objects) -> dict[str | None, list[int]]:
    """Return clean value -> rows; each distinct raw value is cleaned once."""
    cleaned: dict[object, str | None] = {}
    rows: dict[str | None, list[int]] = {}
    for row, raw in enumerate(values.tolist()):
        key = raw if raw.__hash__ is not None else str(raw)
        if key not in cleaned:
            cleaned[key] = clean(raw)
        rows.setdefault(cleaned[key], []).append(row)
    return rows


def finder(view: LayerView) -> Callable[[object], AnyMatch | None]:
    """Return the look-up of the national catalogue that a layer is written in."""
    return find_rtrw_class if view.family == "rtrw" else find_subzone


def read_code(view: LayerView, text: str) -> Reading:
    """Return what a code of a layer stands for: by the plan's tables where it has any, else the catalogue."""
    if not view.known_codes:
        return _by_catalogue(view, text)
    if text in view.codes:
        mapped = view.codes[text]
        return Reading(mapped, mapped in view.known_codes, suggestions=_near(mapped, view.known_codes))
    if text in view.known_codes:
        return Reading(text, True)
    same = [code for code in sorted(view.known_codes) if squeezed(code) == squeezed(text)]
    if len(same) == 1:
        return Reading(same[0], True, respelled=True)
    if " / " in text:
        return read_code(view, text.split(" / ")[0].strip())
    catalogue = _by_catalogue(view, text)
    known = tuple(c for c in (catalogue.code, *catalogue.suggestions) if c in view.known_codes)
    suggestions = tuple(dict.fromkeys((*same, *known, *_near(text, view.known_codes))))
    return Reading(None, False, suggestions=suggestions)


def _by_catalogue(view: LayerView, text: str) -> Reading:
    match = finder(view)(text)
    if match is not None and match.certain:
        return Reading(match.code, True, respelled=match.kind == "spelling")
    rows = rtrw_classes() if view.family == "rtrw" else subzones()
    near = _near(text, frozenset(row.code for row in rows))
    alike = () if match is None else (match.code, *match.alternatives)
    return Reading(None, False, suggestions=tuple(dict.fromkeys((*near[:1], *alike, *near))))


def _near(text: str, known: frozenset[str]) -> tuple[str, ...]:
    by_key = {squeezed(code): code for code in sorted(known)}
    return tuple(by_key[key] for key in difflib.get_close_matches(squeezed(text), by_key, n=3, cutoff=0.5))


def codes(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """Yield the findings of the field that carries the code, and of the fields beside it."""
    column = view.column("subzone")
    if column is None:
        return
    by_value = distinct(view.fields[column])
    readings = {value: read_code(view, value) for value in by_value if value is not None}
    for value, reading in readings.items():
        rows = by_value[value]
        if not reading.certain:
            yield from (_unknown(view, row, column, value, reading) for row in rows)
        elif reading.respelled and reading.code is not None:
            yield _spelling(view, rows, column, value, reading.code)
    yield from _conflicts(view, column, by_value, readings)
    yield from _kind_conflicts(view, by_value, readings)


def _unknown(view: LayerView, row: int, column: str, value: str, reading: Reading) -> DataFinding:
    near = ", ".join(reading.suggestions[:3])
    where = (
        Text("the plan's tables", "tabel rencana")
        if view.known_codes
        else Text("the national catalogue", "katalog nasional")
    )
    return view.finding(
        "DAT203",
        "error",
        Text(
            f"code {quoted(value)} is not in {where.en}", f"kode {quoted(value)} tidak ada dalam {where.id}"
        ),
        Text(f"did you mean {near}?", f"maksudnya {near}?")
        if near
        else Text(
            "correct the code, or add it to zones.csv, or to [layer.codes] of plan.toml",
            "betulkan kodenya, atau tambahkan ke zones.csv, atau ke [layer.codes] pada plan.toml",
        ),
        row=row,
        field=column,
        value=value,
    )


def _spelling(view: LayerView, rows: list[int], column: str, value: str, code: str) -> DataFinding:
    return view.finding(
        "DAT211",
        "warning",
        Text(
            f"{quoted(value)} is written {code} ({features(len(rows)).en})",
            f"{quoted(value)} ditulis {code} ({len(rows)} fitur)",
        ),
        Text(f"write {code}", f"tulis {code}"),
        row=rows[0],
        field=column,
        value=value,
    )


def _conflicts(
    view: LayerView, column: str, by_value: Mapping[str | None, list[int]], readings: Mapping[str, Reading]
) -> Iterator[DataFinding]:
    """DAT204: other fields that name another zone than the code does; one finding a feature and other zone."""
    find = finder(view)
    codes_of = _column_codes(view, by_value, readings)
    said: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for name in _naming_columns(view, column):
        own_names = {} if view.column("name") != name else _names_of_plan(view)
        for value, rows in distinct(view.fields[name]).items():
            if value is None:
                continue
            match = find(value)
            other = own_names.get(plain_name(value))
            for row in rows:
                code = codes_of[row]
                if code is None:
                    continue
                contrary = _contrary(view, code, other, match)
                if contrary is not None:
                    said.setdefault((row, contrary), []).append((name, value))
    for (row, contrary), fields in sorted(said.items()):
        yield _conflict(view, row, codes_of[row], contrary, fields)


def _contrary(view: LayerView, code: str, other: str | None, match: AnyMatch | None) -> str | None:
    """Return the other code that a value names, or None where it agrees or says nothing for certain."""
    if other is not None:
        return None if other == code else other
    mine = finder(view)(code)
    if mine is None or match is None or not (mine.certain and match.certain) or agree(mine, match):
        return None
    own = view.code_names.get(code)
    if own and plain_name(own) != plain_name(mine.row.name):
        return None  # the plan gives this code another meaning than the catalogue
    return match.code


def _column_codes(
    view: LayerView, by_value: Mapping[str | None, list[int]], readings: Mapping[str, Reading]
) -> list[str | None]:
    found: list[str | None] = [None] * len(view)
    for value, rows in by_value.items():
        reading = readings.get(value) if value is not None else None
        for row in rows:
            found[row] = reading.code if reading is not None and reading.certain else None
    return found


def _naming_columns(view: LayerView, column: str) -> list[str]:
    named = view.column("name")
    return [
        name
        for name in view.fields
        if name != column and (name == named or field_role(name, *SCHEMAS) in NAMING_ROLES)
    ]


def _names_of_plan(view: LayerView) -> dict[str, str]:
    """Return name -> code of the plan's own tables, names of several codes left out."""
    codes: dict[str, set[str]] = {}
    for code, name in view.code_names.items():
        codes.setdefault(plain_name(name), set()).add(code)
    return {name: next(iter(same)) for name, same in codes.items() if name and len(same) == 1}


def _conflict(
    view: LayerView, row: int, code: str | None, contrary: str, fields: list[tuple[str, str]]
) -> DataFinding:
    words = ", ".join(f"{name} = {value}" for name, value in fields)
    return view.finding(
        "DAT204",
        "error",
        Text(
            f"the code says {code}, but {words} ({contrary})", f"kodenya {code}, tetapi {words} ({contrary})"
        ),
        Text(
            "decide which is right, and correct the other",
            "tentukan mana yang benar, lalu betulkan yang lain",
        ),
        row=row,
        field=fields[0][0],
        value=fields[0][1],
    )


def _kind_conflicts(
    view: LayerView, by_value: Mapping[str | None, list[int]], readings: Mapping[str, Reading]
) -> Iterator[DataFinding]:
    """DAT204: JNSRPR (lindung or budi daya) against the zone."""
    column = next((name for name in view.fields if field_role(name, *SCHEMAS) == "lindung_budidaya"), None)
    if column is None:
        return
    codes_of = _column_codes(view, by_value, readings)
    for value, rows in distinct(view.fields[column]).items():
        said = _kind(value)
        for row in rows if said is not None else ():
            match = finder(view)(codes_of[row]) if codes_of[row] is not None else None
            if match is None or not match.certain or match.row.protected == said:
                continue
            kind = Text("protected", "lindung") if match.row.protected else Text("cultivated", "budi daya")
            yield view.finding(
                "DAT204",
                "error",
                Text(
                    f"{column} = {value}, but {match.code} is {kind.en}",
                    f"{column} = {value}, padahal {match.code} {kind.id}",
                ),
                Text("correct the one that is wrong", "betulkan yang keliru"),
                row=row,
                field=column,
                value=value,
            )


def _kind(value: str | None) -> bool | None:
    """Return True for lindung, False for budi daya, None where a value says neither."""
    if value is None:
        return None
    text = value.casefold()
    hits = {
        kind
        for word, kind in _PROTECTED.items()
        if (text.startswith(word) if word.isdigit() else word in text)
    }
    return hits.pop() if len(hits) == 1 else None


def no_code_field(view: LayerView, around: Surroundings) -> Text | None:
    """Say why there is no code to check."""
    no = zoning_only(view, around)
    if no is None and view.column("subzone") is None:
        return Text("no field carries the sub-zone code", "tidak ada field yang memuat kode subzona")
    return no


CHECK = LayerCheck(("DAT203", "DAT204", "DAT211"), codes, no_code_field)
