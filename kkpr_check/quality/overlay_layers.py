"""DAT215: an overlay column of the zoning says "none" where the layer of that overlay lies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.features import is_empty
from kkpr_check.geometry import overlap_of
from kkpr_check.phrases import Quantity, say
from kkpr_check.quality.base import (
    NO_PLANE,
    Floats,
    Ints,
    LayerCheck,
    LayerView,
    Surroundings,
    zoning_only,
)
from kkpr_check.quality.findings import DataFinding
from kkpr_check.reference import overlay_column

MIN_SHARE = 0.05
"""Below this share of a feature its column may well say "none": zones are not cut along every overlay."""


def overlay_layers(view: LayerView, around: Surroundings) -> Iterator[DataFinding]:
    """Yield one finding a column and layer; the feature is the one with the largest area."""
    for name, rule in _columns(view).items():
        for layer in around.layers:
            if layer.overlay_rule == rule and layer is not view and layer.has_plane:
                yield from _differs(view, name, layer)


def _columns(view: LayerView) -> dict[str, str]:
    """Return column -> overlay rule, of columns that serve one rule."""
    own = {column: rule for rule, column in view.meanings.items() if rule.startswith("KHS")}
    found = {}
    for name in view.fields:
        known = overlay_column(name)
        rule = own.get(name) or (known.rule if known is not None else None)
        if rule is not None:
            found[name] = rule
    return found


def _differs(view: LayerView, name: str, layer: LayerView) -> Iterator[DataFinding]:
    empty = np.array([is_empty(value) for value in view.fields[name].tolist()], dtype=bool)
    polygon = np.isin(shapely.get_type_id(view.geometry), (3, 6))
    rows = np.flatnonzero(empty & polygon)
    covered_m2 = _covered_m2(view, rows, layer)
    hit = covered_m2 > MIN_SHARE * shapely.area(view.geometry[rows])
    if not hit.any():
        return
    worst = int(rows[np.argmax(np.where(hit, covered_m2, 0.0))])
    total_m2 = float(covered_m2[hit].sum())
    yield view.finding(
        "DAT215",
        "warning",
        say(
            "{name} says none in {n} features, but {area} of them lie in {layer}",
            "{name} kosong pada {n} fitur, padahal {area} di antaranya berada di dalam {layer}",
            name=name,
            n=str(int(hit.sum())),
            area=Quantity(total_m2, "m2"),
            layer=layer.layer or layer.file,
        ),
        Text(
            "decide which of the two is the law, and correct the other",
            "tentukan mana yang berlaku menurut peraturan, lalu betulkan yang lain",
        ),
        row=worst,
        field=name,
        value=int(hit.sum()),
        area_m2=round(total_m2, 4),
    )


def _covered_m2(view: LayerView, rows: Ints, layer: LayerView) -> Floats:
    """Return how much of each feature lies in the layer; its own polygons may overlap, so they are dissolved a feature."""
    shapes = layer.geometry[np.isin(shapely.get_type_id(layer.geometry), (3, 6))]
    covered = np.zeros(len(rows))
    if not len(shapes):
        return covered
    at, piece = shapely.STRtree(shapes).query(view.geometry[rows], predicate="intersects")
    shared = overlap_of(view.geometry[rows[at]], shapes[piece])
    for i in np.unique(at).tolist():
        mine = shared[at == i]
        covered[i] = shapely.area(mine[0] if len(mine) == 1 else shapely.union_all(mine))
    return covered


def nothing_to_compare(view: LayerView, around: Surroundings) -> Text | None:
    """Say why columns and layers cannot be compared."""
    no = zoning_only(view, around)
    if no is not None:
        return no
    if not view.has_plane:
        return NO_PLANE
    rules = set(_columns(view).values())
    if not any(layer.overlay_rule in rules for layer in around.layers if layer.overlay_rule is not None):
        return Text(
            "there is no layer of an overlay that the zoning has a column for",
            "tidak ada layer ketentuan khusus yang kolomnya ada pada pola ruang",
        )
    return None


CHECK = LayerCheck(("DAT215",), overlay_layers, nothing_to_compare)
