"""Attributes of features that stand in both versions, compared column by column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import shapely

from kkpr_check.changes.base import Change, Ints, LayerSide, Objects, rounded
from kkpr_check.errors import Text
from kkpr_check.features import as_text
from kkpr_check.geometry import collect
from kkpr_check.phrases import counted, features, say
from kkpr_check.quality.texts import MOJIBAKE

PAIRS_LISTED = 50
"""Value pairs of one column that are listed one by one; the rest is one change with its count."""
NULL = Text("(empty)", "(kosong)")
Kind = Literal["DIF201", "DIF204", "DIF205"]
_UNREADABLE = 120


def compare_attributes(old: LayerSide, new: LayerSide, pairs: tuple[Ints, Ints]) -> Iterator[Change]:
    """Yield the changes of every column.

    Parameters
    ----------
    pairs
        Rows of OLD and rows of NEW that are one feature. The sub-zone columns of a zoning are left to
        `kkpr_check.changes.zones` where the sub-zone itself changed.
    """
    rows_old, rows_new = pairs
    names = _columns(old, new)
    yield from _fields(old, new, names)
    moved = np.zeros(len(rows_old), dtype=bool)
    if old.code is not None and new.code is not None:
        moved = old.code[rows_old] != new.code[rows_new]
    for of_old, of_new in names.items():
        skip = moved if of_new in new.code_fields and of_old in old.code_fields else np.zeros_like(moved)
        yield from _column(old, new, of_old, of_new, rows_old[~skip], rows_new[~skip])


def _columns(old: LayerSide, new: LayerSide) -> dict[str, str]:
    """Return the columns of OLD that NEW has too, whatever the case of their names."""
    found = {name: name for name in old.fields if name in new.fields}
    left = {name.strip().casefold(): name for name in new.fields if name not in found}
    for name in old.fields:
        if name not in found and (other := left.pop(name.strip().casefold(), None)) is not None:
            found[name] = other
    return {name: found[name] for name in old.fields if name in found}


def _fields(old: LayerSide, new: LayerSide, names: dict[str, str]) -> Iterator[Change]:
    for name in new.fields:
        if name not in names.values():
            filled = sum(value is not None for value in new.fields[name].tolist())
            text = counted(filled, "value", "values", "nilai")
            yield Change("DIF202", text, new.file, new.layer, field=name, count=filled)
    for name in old.fields:
        if name not in names:
            filled = sum(value is not None for value in old.fields[name].tolist())
            text = counted(filled, "value is gone", "values are gone", "nilai hilang")
            yield Change("DIF203", text, old.file, old.layer, field=name, count=filled)


def _column(
    old: LayerSide, new: LayerSide, of_old: str, of_new: str, rows_old: Ints, rows_new: Ints
) -> Iterator[Change]:
    if of_old == old.feature_field or of_new == new.feature_field:
        return
    found: dict[tuple[Kind, str | None, str | None], list[int]] = defaultdict(list)
    before, after = old.fields[of_old][rows_old].tolist(), new.fields[of_new][rows_new].tolist()
    for n, (a, b) in enumerate(zip(before, after, strict=True)):
        if a is b or (type(a) is type(b) and a == b):
            continue
        if (difference := _kind(a, b)) is not None:
            found[difference, _shown(a), _shown(b)].append(n)
    kinds: tuple[Kind, ...] = ("DIF201", "DIF204", "DIF205")
    for kind in kinds:
        of_kind = {(a, b): rows for (of, a, b), rows in found.items() if of == kind}
        ranked = sorted(of_kind.items(), key=lambda item: (-len(item[1]), str(item[0])))
        listed = ranked if len(ranked) <= PAIRS_LISTED else ranked[: PAIRS_LISTED - 1]
        for (a, b), rows in listed:
            yield _change(kind, new, old, of_new, a, b, rows_old[rows], rows_new[rows])
        if len(ranked) > len(listed):
            rest = [n for _, rows in ranked[len(listed) :] for n in rows]
            yield _rest(kind, new, of_new, len(ranked) - len(listed), rows_new[sorted(rest)])


def _kind(a: object, b: object) -> Kind | None:
    """Return which kind of difference two values are, None where only their type or a null spelling differs."""
    first, second = as_text(a), as_text(b)
    if first == second or (not first and not second):
        return None if not (isinstance(a, str) and isinstance(b, str)) else "DIF204"
    if isinstance(a, int | float) and isinstance(b, int | float) and float(a) == float(b):
        return None
    if _is_garbled(first, second) or _is_garbled(second, first):
        return "DIF205"
    if first and second and _plain(first) == _plain(second):
        return "DIF204"
    return "DIF201"


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _is_garbled(text: str | None, other: str | None) -> bool:
    """Tell whether `text` is `other` decoded with the wrong encoding."""
    if not text or not other or not MOJIBAKE.search(text):
        return False
    for encoding in ("cp1252", "latin-1"):
        try:
            if text.encode(encoding).decode("utf-8") == other:
                return True
        except UnicodeError:
            continue
    return "\ufffd" in text and len(text) >= len(other) and _fits(text, other)


def _fits(text: str, other: str) -> bool:
    left = iter(text)
    return sum(x == y for x, y in zip(left, other, strict=False)) >= len(other) // 2


def _shown(value: object) -> str | None:
    if value is None:
        return None
    text = str(value) if not isinstance(value, bytes) else value.hex()
    return text if len(text) <= _UNREADABLE else f"{text[: _UNREADABLE - 1]}…"


def _change(
    kind: Kind,
    new: LayerSide,
    old: LayerSide,
    name: str,
    a: str | None,
    b: str | None,
    rows_old: Ints,
    rows_new: Ints,
) -> Change:
    count = len(rows_new)
    text = say(
        '"{a}" became "{b}" in {n}', '"{a}" menjadi "{b}" pada {n}',
        a=NULL if a is None else a, b=NULL if b is None else b, n=features(count),
    )  # fmt: skip
    one = count == 1
    shapes = new.geometry[rows_new]
    return Change(
        kind, text, new.file, new.layer, str(new.feature[rows_new[0]]) if one else None,
        str(old.feature[rows_old[0]]) if one else None, field=name, old=a, new=b, count=count,
        area_m2=_area(shapes), witness=witness_of(shapes),
    )  # fmt: skip


def _rest(kind: Kind, new: LayerSide, name: str, pairs: int, rows: Ints) -> Change:
    text = say(
        "{pairs} other pairs of values in {n} features", "{pairs} pasangan nilai lain pada {n} fitur",
        pairs=pairs, n=len(rows),
    )  # fmt: skip
    shapes = new.geometry[rows]
    return Change(
        kind,
        text,
        new.file,
        new.layer,
        field=name,
        count=len(rows),
        area_m2=_area(shapes),
        witness=witness_of(shapes),
    )


def _area(shapes: Objects) -> float | None:
    area = float(np.nansum(shapely.area(shapes)))
    return rounded(area) if area else None


def witness_of(shapes: Objects, most: int = 200) -> Any:
    """Return some geometries as one: as they are where they are few, else a point inside each."""
    shapes = shapes[~shapely.is_missing(shapes)]
    if not len(shapes):
        return None
    if len(shapes) == 1:
        return shapes[0]
    if len(shapes) <= most and (shapely.get_dimensions(shapes) == 2).all():
        return collect(shapely.get_parts(shapes))
    return shapely.MultiPoint(shapely.get_coordinates(shapely.point_on_surface(shapes)))
