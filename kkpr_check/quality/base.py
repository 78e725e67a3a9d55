"""What the checks look at: one layer as arrays, in a metric plane, and how a finding is placed on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kkpr_check.errors import Text
from kkpr_check.plan import Tolerance
from kkpr_check.quality.findings import DataFinding, Level

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]
Numbers = NDArray[np.uint64]


SHOWN_OF_A_VALUE = 60


def quoted(value: str) -> str:
    """Return a value of the data in quotation marks, a long one cut, with its length.

    >>> quoted("R-2"), quoted("ab" * 100)[-16:]
    ('"R-2"', 'ab…" (200 chars)')
    """
    if len(value) <= SHOWN_OF_A_VALUE:
        return f'"{value}"'
    return f'"{value[:SHOWN_OF_A_VALUE]}…" ({len(value)} chars)'


def spelled_otherwise(
    by_value: Mapping[str, list[int]], plain: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    """Yield (spelling, the usual one) of values that are alike once they are made plain.

    Parameters
    ----------
    by_value
        Value -> rows that carry it; the one with most rows is the usual one.
    """
    same: dict[str, list[str]] = {}
    for value in by_value:
        same.setdefault(plain(value), []).append(value)
    for values in same.values():
        usual, *others = sorted(values, key=lambda value: (-len(by_value[value]), value))
        yield from ((other, usual) for other in others)


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer with everything a check may ask for.

    Attributes
    ----------
    geometry
        Valid 2-D geometries in one metric plane (UTM); None where the feature has none that can be used.
    to_source
        Moves geometries of that plane back to the CRS of the file; None where nothing was projected.
    source_unit_m
        Metres per unit of the CRS of the file.
    scales
        Gives for geometries of that plane the area there over the area on the ellipsoid.
    fields
        Column -> values as read.
    meanings
        Meaning -> column: what plan.toml maps, or what was detected.
    codes
        Source value -> code, as plan.toml maps it.
    family
        ``rdtr`` or ``rtrw``: which national catalogue the codes belong to.
    known_codes
        Codes of the plan's own tables; None for a bare layer.
    overlay_values
        Column -> values that the plan gives a meaning to.
    crs, datum
        Name of the CRS of the file; of its datum, where that is another than SRGI2013, DGN95 and WGS 84.
    overlay_rule
        The overlay rule (KHS002 ...) that the whole layer stands for.
    repaired
        Rows whose geometry was made valid (DAT105): it is not as it was drawn.
    """

    file: str
    layer: str
    role: str
    geometry: Objects
    feature: Objects
    feature_field: str | None = None
    fields: Mapping[str, Objects] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    family: str = "rdtr"
    known_codes: frozenset[str] | None = None
    code_names: Mapping[str, str] = field(default_factory=dict)
    overlay_values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tolerance: Tolerance = field(default_factory=Tolerance)
    to_source: Callable[[Objects], Objects] | None = None
    source_unit_m: float = 1.0
    scales: Callable[[Objects], Floats] | None = None
    has_plane: bool = True
    declared: bool = False
    crs: str | None = None
    datum: str | None = None
    overlay_rule: str | None = None
    repaired: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.feature)

    @property
    def areal_scale(self) -> Floats:
        """By feature: area in the plane over area on the ellipsoid; 1 where that is not known."""
        return np.ones(len(self)) if self.scales is None else self.scales(self.geometry)

    def finding(
        self,
        code: str,
        level: Level,
        message: Text,
        remedy: Text,
        *,
        row: int | None = None,
        other: int | None = None,
        **more: Any,
    ) -> DataFinding:
        """Return a finding on this layer; `row` and `other` are 0-based rows, `more` the rest of `DataFinding`."""
        return DataFinding(
            code, level, message, remedy, file=self.file, layer=self.layer,
            feature=None if row is None else str(self.feature[row]),
            other_feature=None if other is None else str(self.feature[other]),
            feature_field=self.feature_field, **more,
        )  # fmt: skip

    def column(self, meaning: str) -> str | None:
        """Return the column of a meaning as the file spells it, or None."""
        name = self.meanings.get(meaning)
        return None if name is None else find_column(name, self.fields)


def find_column(name: str, fields: Iterable[str]) -> str | None:
    """Return a column by its name, without case and outer blanks where it does not stand there exactly."""
    names = list(fields)
    if name in names:
        return name
    return next((n for n in names if n.strip().casefold() == name.strip().casefold()), None)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a check of one layer may know of the others: the union of the boundary layers, those, and all layers."""

    boundary: Any | None = None
    boundary_layers: Sequence[LayerView] = ()
    layers: Sequence[LayerView] = ()


@dataclass(frozen=True, slots=True)
class LayerCheck:
    """One pass over a layer that finds one or several codes.

    `why_not` returns why the check makes no sense on a layer or cannot be run there, else None.
    """

    codes: tuple[str, ...]
    run: Callable[[LayerView, Surroundings], Iterable[DataFinding]]
    why_not: Callable[[LayerView, Surroundings], Text | None]


NOT_ZONING = Text("only for zoning layers", "hanya untuk layer pola ruang")
NO_PLANE = Text(
    "the position of the layer is not known (see DAT003 to DAT005)",
    "letak layer tidak diketahui (lihat DAT003 s.d. DAT005)",
)
NO_POLYGONS = Text("the layer has no polygons", "layer tidak memuat poligon")


def zoning_only(view: LayerView, _: Surroundings) -> Text | None:
    """Say no to a layer that is no zoning map."""
    return None if view.role == "zoning" else NOT_ZONING


def always(_view: LayerView, _around: Surroundings) -> Text | None:
    """Say yes."""
    return None
