"""A comparison as a GeoPackage: changes and flipped parcels as layers with their styles, the rest as a table."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kkpr_check.changes.base import Change
from kkpr_check.changes.result import Diff
from kkpr_check.errors import KkprError, Place, Text
from kkpr_check.io.drivers import import_pyogrio
from kkpr_check.io.gpkg_write import add_styles

_STYLE = (
    '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM"><qgis version="3.22" styleCategories="Symbology">'
    '<renderer-v2 type="singleSymbol"><symbols><symbol name="0" type="{kind}"><layer class="{symbol}">'
    '<Option type="Map"><Option name="{key}" type="QString" value="{colour}"/>'
    '<Option name="outline_color" type="QString" value="120,0,0,255"/></Option></layer></symbol></symbols></renderer-v2></qgis>'
)
_KINDS = {
    2: ("areas", "MultiPolygon", "fill", "SimpleFill", "color", "208,0,0,90"),
    1: ("lines", "MultiLineString", "line", "SimpleLine", "line_color", "208,0,0,255"),
    0: ("points", "MultiPoint", "marker", "SimpleMarker", "color", "208,0,0,255"),
}
_FIELDS = ("code", "name", "file", "layer", "feature", "old_feature", "row", "field", "old", "new", "effect", "count",
           "area_m2", "length_m", "typical_m", "max_m")  # fmt: skip
_FLIP_FIELDS = ("id", "old", "new", "direction", "rules", "causes", "old_zones", "new_zones", "area_m2")


def write(path: str, diff: Diff, lang: str) -> None:
    """Write the file whole or not at all.

    Layers ``changes_areas``, ``changes_lines``, ``changes_points`` (as there are any), ``changes_other`` (without place:
    tables, law), ``flips`` (parcels) and ``unreadable``; geometry in longitude, latitude.

    Raises
    ------
    OSError, KkprError
        It cannot be written; nothing is left behind.
    """
    target = Path(path)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.absolute().parent) as folder:
        made = Path(folder) / "changes.gpkg"
        try:
            styles = _fill(made, diff, lang)
        except Exception as error:
            if isinstance(error, KkprError | OSError):
                raise
            raise KkprError(
                Text(
                    f"the GeoPackage cannot be written: {error}", f"GeoPackage tidak dapat ditulis: {error}"
                ),
                place=Place(path),
                code="output",
            ) from error
        add_styles(made, styles)
        os.replace(made, target)


def _fill(made: Path, diff: Diff, lang: str) -> dict[str, str]:
    styles: dict[str, str] = {}
    plan_of = {id(change): plan.new.id for plan in diff.plans for change in plan.changes}
    placed = [
        (c, -1 if c.witness is None else int(shapely.get_dimensions(c.witness))) for c in diff.all_changes
    ]
    for dimension, (name, geometry_type, kind, symbol, key, colour) in _KINDS.items():
        members = [change for change, d in placed if d == dimension]
        if members:
            layer = f"changes_{name}"
            columns = _columns(members, plan_of, lang)
            _layer(made, layer, geometry_type, [_multi(c.witness, dimension) for c in members], columns)
            styles[layer] = _STYLE.format(kind=kind, symbol=symbol, key=key, colour=colour)
    rest = [change for change, d in placed if d < 0]
    columns = _columns(rest, plan_of, lang)
    _layer(made, "changes_other", None, [None] * len(rest), columns)
    if diff.parcels is not None:
        flips = [*diff.parcels.flips]
        values = [
            (f.id, f.old, f.new, f.direction, ", ".join(f"{r} {a}->{b}" for r, a, b in f.rules),
             "; ".join(f"{c.part} ({c.how}) {c.detail}".strip() for c in f.causes), *f.zones, f.area_m2)
            for f in flips
        ]  # fmt: skip
        columns = {name: [row[n] for row in values] for n, name in enumerate(_FLIP_FIELDS)}
        _layer(made, "flips", "MultiPolygon", [_multi(f.geometry, 2) for f in flips], columns)
        styles["flips"] = _STYLE.format(kind="fill", symbol="SimpleFill", key="color", colour="255,140,0,110")
        unread = diff.parcels.unreadable
        columns = {
            "row": [r for r, _, _ in unread],
            "id": [i for _, i, _ in unread],
            "why": [w.pick(lang) for _, _, w in unread],
        }
        _layer(made, "unreadable", None, [None] * len(unread), columns)
    return styles


def _columns(changes: Sequence[Change], plan_of: Mapping[int, str | None], lang: str) -> dict[str, list[Any]]:
    """Return the attributes of changes; of a folder of plans, the plan first."""
    columns: dict[str, list[Any]] = {"plan": [plan_of.get(id(c)) for c in changes]} if plan_of else {}
    columns |= {f: [getattr(c, f) for c in changes] for f in _FIELDS}
    return columns | {"message": [c.message.pick(lang) for c in changes]}


def _multi(shape: Any, dimension: int) -> Any:
    if shape is None:
        return None
    parts = [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == dimension]
    made = {2: shapely.multipolygons, 1: shapely.multilinestrings, 0: shapely.multipoints}[dimension]
    return made(parts)


def _layer(
    made: Path, name: str, kind: str | None, shapes: Sequence[Any], columns: dict[str, list[Any]]
) -> None:
    pyogrio = import_pyogrio()
    arrays, masks = [], []
    for values in columns.values():
        array, mask = _column(values)
        arrays.append(array)
        masks.append(mask)
    wkb = (
        None
        if kind is None
        else np.array([None if g is None else shapely.to_wkb(g) for g in shapes], dtype=object)
    )
    pyogrio.raw.write(
        str(made), wkb, arrays, list(columns), masks, layer=name, driver="GPKG", geometry_type=kind,
        crs=None if kind is None else "EPSG:4326", append=made.exists(),
    )  # fmt: skip


def _column(values: Sequence[Any]) -> tuple[Any, Any]:
    there = [value for value in values if value is not None]
    if there and all(isinstance(value, int) for value in there):
        mask = np.array([value is None for value in values])
        return np.array([0 if value is None else value for value in values], dtype=np.int64), mask
    if there and all(isinstance(value, int | float) for value in there):
        return np.array([np.nan if value is None else value for value in values], dtype=float), None
    texts = [None if value is None else str(value).encode("utf-8", "replace").decode() for value in values]
    return np.array(texts, dtype=object), None
