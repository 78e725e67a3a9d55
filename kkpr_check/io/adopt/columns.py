"""The columns of a layer as counted values: what the detection of roles and fields looks at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kkpr_check.features import Objects
from kkpr_check.reference import clean, field_role

SCHEMAS = ("rdtr_pola", "rtrw_pola")
"""Layers of the official schema that a field of a zoning layer is looked up in."""


MAX_DISTINCT = 3_000
"""A field of more different values is an id or a measure: no code, no class."""


class LayerLike(Protocol):
    """What detection needs of a layer (`kkpr_check.io.layers.LayerData` has more)."""

    @property
    def path(self) -> str | Path:
        """Where it was read from."""

    @property
    def layer(self) -> str | None:
        """Its name inside the file."""

    @property
    def geometry(self) -> Objects:
        """Its geometries (shapely)."""

    @property
    def fields(self) -> Mapping[str, Objects]:
        """Source column -> values."""


@dataclass(frozen=True, slots=True)
class Column:
    """One source column: distinct clean texts with their number of features.

    Attributes
    ----------
    features, filled
        Features of the layer, and those with a value here.
    role
        What the official schema says the name stands for, or None.
    """

    name: str
    counts: Mapping[str, int]
    features: int
    filled: int
    role: str | None

    def examples(self, limit: int = 3) -> tuple[str, ...]:
        """Return the most frequent values."""
        return tuple(value for value, _ in Counter(self.counts).most_common(limit))


def count_texts(values: Objects) -> Counter[str]:
    """Return clean texts with their number; each distinct raw value is cleaned once."""
    try:
        raw: Counter[object] = Counter(values.tolist())
    except TypeError:  # a list or another unhashable value
        raw = Counter(map(str, values))
    counts: Counter[str] = Counter()
    for value, number in raw.items():
        text = clean(value)
        if text is not None:
            counts[text] += number
    return counts


def count_pairs(first: Objects, second: Objects) -> Counter[tuple[object, object]]:
    """Return the pairs of raw values of two columns with their number."""
    try:
        return Counter(zip(first.tolist(), second.tolist(), strict=True))
    except TypeError:
        return Counter(zip(map(str, first), map(str, second), strict=True))


def columns_of(data: LayerLike) -> tuple[Column, ...]:
    """Return the columns in the order of the file."""
    columns = []
    for name, values in data.fields.items():
        counts = count_texts(values)
        columns.append(
            Column(
                name,
                dict(counts),
                len(values),
                counts.total(),
                field_role(name, *SCHEMAS) or field_role(name),
            )
        )
    return tuple(columns)
