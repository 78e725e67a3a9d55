"""Corrections that leave the meaning of a layer as it is: what `validate --fix-safe` may do, as values.

Nothing is written here: a `Draft` says which geometries, texts and features would change, a `Fix` why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.geometry import clusters
from kkpr_check.quality import coverage
from kkpr_check.quality.base import LayerView, Objects
from kkpr_check.quality.codes import distinct, read_code
from kkpr_check.quality.findings import DataFinding
from kkpr_check.quality.vertices import inverted_holes

KINDS: Mapping[str, Text] = {
    "blanks": Text("stray blanks and control characters taken out", "spasi liar dan karakter kendali dihilangkan"),
    "code-spelling": Text("codes spelled as the tables do", "kode dieja seperti dalam tabel"),
    "duplicate-vertex": Text("equal vertices in a row made one", "titik kembar berurutan dijadikan satu"),
    "ring-direction": Text("holes turned against their outline", "arah lubang dibalik terhadap garis luarnya"),
    "duplicate-feature": Text("features equal in everything left out", "fitur yang sama seluruhnya dihapus"),
    "snap-noise": Text("vertices within 1 mm made one", "titik dalam jarak 1 mm dijadikan satu"),
    "snap-sliver": Text(
        "edges around slivers below [tolerance] made one", "garis di sekitar serpihan di bawah [tolerance] disatukan"
    ),
}  # fmt: skip
"""Every kind of correction, in the order in which they are made."""
CONVERTED = "converted"
"""A layer that had to be written in another format for the corrections above."""
WORDS: Mapping[str, Text] = {
    **KINDS, CONVERTED: Text("layers written as GeoPackage, since their own format would lose something",
                             "layer ditulis sebagai GeoPackage, karena format asalnya akan kehilangan sesuatu"),
}  # fmt: skip
_BLANKS = re.compile(r"[\s\u00a0\u2007\u202f]+")
_NOTHING = re.compile("[\u200b\ufeff\x00-\x08\x0e-\x1f\x7f]")
LEFT_OVER_SHARE = 0.02
"""What may be left of a sliver after snapping."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One change.

    Attributes
    ----------
    feature
        Id of the feature, as findings name it.
    before, after
        Texts; None for geometries.
    moved_m
        How far the farthest vertex moved.
    where
        A place of the change in the CRS of the file, for geometries.
    """

    kind: str
    file: str
    layer: str
    feature: str | None
    row: int
    field: str | None = None
    before: str | None = None
    after: str | None = None
    moved_m: float | None = None
    where: Any = None


@dataclass(slots=True)
class Draft:
    """A layer as it would be: changed geometries and texts by row, and the rows to leave out."""

    geometry: Objects
    shapes: set[int] = field(default_factory=set)
    cells: dict[tuple[int, str], str] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    fixes: list[Fix] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A layer to correct.

    Attributes
    ----------
    geometry
        As in the file, 2-D; None where it may not be touched (invalid, with heights, no polygon).
    fields
        Columns as stored.
    view
        The layer in a metric plane with its codes.
    unit_m
        Metres per unit of the coordinates.
    kept
        Texts that plan.toml names: they stay as they are.
    """

    geometry: Objects
    fields: Mapping[str, Objects]
    view: LayerView
    unit_m: float = 1.0
    kept: frozenset[str] = frozenset()


def draft_of(sheet: Sheet, kinds: Iterable[str], slivers: Sequence[DataFinding] = ()) -> Draft:
    """Return a layer with corrections of some kinds.

    Parameters
    ----------
    slivers
        DAT101 and DAT102 of this layer; witnesses in the CRS of the file.
    """
    draft = Draft(sheet.geometry.copy())
    steps: Mapping[str, Callable[[], None]] = {
        "blanks": lambda: _blanks(sheet, draft),
        "code-spelling": lambda: _spelling(sheet, draft),
        "duplicate-vertex": lambda: _equal_vertices(sheet, draft),
        "ring-direction": lambda: _directions(sheet, draft),
        "duplicate-feature": lambda: _equal_features(sheet, draft),
        "snap-noise": lambda: _snap_noise(sheet, draft),
        "snap-sliver": lambda: _snap_slivers(sheet, draft, slivers),
    }
    chosen = set(kinds)
    for kind in KINDS:
        if kind in chosen:
            steps[kind]()
    return draft


def _fix(sheet: Sheet, draft: Draft, kind: str, row: int, **more: Any) -> None:
    view = sheet.view
    draft.fixes.append(Fix(kind, view.file, view.layer, str(view.feature[row]), row, **more))


def plain_text(text: str) -> str:
    r"""Return a text without what nobody sees: outer, doubled and unusual blanks, NUL and other controls.

    >>> plain_text(" R-2\u00a0 x\x00 ")
    'R-2 x'
    """
    return _BLANKS.sub(" ", _NOTHING.sub("", text)).strip()


def _set_cell(sheet: Sheet, draft: Draft, kind: str, row: int, name: str, after: str) -> None:
    before = str(sheet.fields[name][row])
    draft.cells[row, name] = after
    _fix(sheet, draft, kind, row, field=name, before=before, after=after)


def _blanks(sheet: Sheet, draft: Draft) -> None:
    for name, values in sheet.fields.items():
        for row, value in enumerate(values.tolist()):
            if isinstance(value, str) and value not in sheet.kept:
                after = plain_text(value)
                if after and after != value:
                    _set_cell(sheet, draft, "blanks", row, name, after)


def _spelling(sheet: Sheet, draft: Draft) -> None:
    column = sheet.view.column("subzone")
    if column is None or sheet.view.role != "zoning":
        return
    for value, rows in distinct(sheet.fields[column]).items():
        if value is None or value in sheet.kept:
            continue
        reading = read_code(sheet.view, value)
        if not (reading.certain and reading.respelled and reading.code is not None):
            continue
        for row in rows:
            if isinstance(sheet.fields[column][row], str):
                _set_cell(sheet, draft, "code-spelling", row, column, reading.code)


def _equal_vertices(sheet: Sheet, draft: Draft) -> None:
    rows = _there(draft)
    cleaned = shapely.remove_repeated_points(draft.geometry[rows], 0.0)
    fewer = shapely.get_num_coordinates(cleaned) < shapely.get_num_coordinates(draft.geometry[rows])
    for i in np.flatnonzero(fewer & shapely.is_valid(cleaned)).tolist():
        _set_shape(sheet, draft, "duplicate-vertex", int(rows[i]), cleaned[i], 0.0)


def _directions(sheet: Sheet, draft: Draft) -> None:
    for row in inverted_holes(draft.geometry).tolist():
        shape = draft.geometry[row]
        first = shape if shape.geom_type == "Polygon" else shape.geoms[0]
        turned = shapely.orient_polygons(shape, exterior_cw=not first.exterior.is_ccw)
        _set_shape(sheet, draft, "ring-direction", row, turned, 0.0)


def _equal_features(sheet: Sheet, draft: Draft) -> None:
    """Leave out features whose geometry and attributes all stand there already; ids of the layer may differ."""
    names = [name for name in sheet.fields if name != sheet.view.feature_field]
    rows = _there(draft)
    shape = shapely.to_wkb(shapely.normalize(draft.geometry[rows]))
    seen: set[tuple[Any, ...]] = set()
    for row, wkb in zip(rows.tolist(), shape.tolist(), strict=True):
        key = (wkb, *(repr(sheet.fields[name][row]) for name in names))
        if key in seen:
            draft.dropped.add(row)
            _fix(sheet, draft, "duplicate-feature", row, where=shapely.point_on_surface(draft.geometry[row]))
        seen.add(key)


def _snap_noise(sheet: Sheet, draft: Draft) -> None:
    rows = np.array([row for row in _there(draft).tolist() if row not in draft.dropped], dtype=np.int64)
    if not len(rows):
        return
    xy, count = np.unique(shapely.get_coordinates(draft.geometry[rows]), axis=0, return_counts=True)
    tree = shapely.STRtree(shapely.points(xy))
    pairs = tree.query(
        shapely.points(xy), predicate="dwithin", distance=coverage.MATCH_GRID_M / sheet.unit_m
    ).T
    pairs = pairs[pairs[:, 0] < pairs[:, 1]].astype(np.int64)
    moves: dict[tuple[float, float], tuple[float, float]] = {}
    for group in clusters(pairs, np.ones(len(pairs), dtype=bool)):
        best = min(group, key=lambda i: (-count[i], *xy[i]))
        if max(np.hypot(*(xy[group] - xy[best]).T)) <= 2 * coverage.MATCH_GRID_M / sheet.unit_m:
            moves |= {tuple(xy[i].tolist()): tuple(xy[best].tolist()) for i in group if i != best}
    _move(sheet, draft, rows.tolist(), moves)


def _move(
    sheet: Sheet, draft: Draft, rows: Sequence[int], moves: Mapping[tuple[float, float], tuple[float, float]]
) -> None:
    if not moves:
        return
    for row in rows:
        xy = shapely.get_coordinates(draft.geometry[row])
        points = [tuple(point) for point in xy.tolist()]
        if not any(point in moves for point in points):
            continue
        new = np.array([moves.get(point, point) for point in points])
        moved_m = float(np.hypot(*(new - xy).T).max()) * sheet.unit_m
        shape = shapely.remove_repeated_points(
            shapely.set_coordinates(shapely.from_wkb(shapely.to_wkb(draft.geometry[row])), new), 0.0
        )
        if shapely.is_valid(shape) and not shapely.is_empty(shape):
            _set_shape(sheet, draft, "snap-noise", row, shape, moved_m)


def _snap_slivers(sheet: Sheet, draft: Draft, slivers: Sequence[DataFinding]) -> None:
    """Snap both sides of each sliver to each other's vertices; kept only where the sliver is gone and nothing else is."""
    row_of = {str(feature): row for row, feature in enumerate(sheet.view.feature.tolist())}
    width_m = sheet.view.tolerance.sliver_width_m
    for finding in slivers:
        rows = [row_of.get(name or "") for name in (finding.feature, finding.other_feature)]
        if None in rows or finding.level == "error" or finding.width_m is None or finding.width_m > width_m:
            continue
        first, second = (int(row) for row in rows if row is not None)
        if (
            first == second
            or {first, second} & draft.dropped
            or any(draft.geometry[r] is None for r in (first, second))
        ):
            continue
        _snap_pair(
            sheet, draft, first, second, finding.witness, width_m / sheet.unit_m, gap=finding.code == "DAT102"
        )


def _snap_pair(
    sheet: Sheet, draft: Draft, first: int, second: int, witness: Any, near: float, *, gap: bool
) -> None:
    a, b = draft.geometry[first], draft.geometry[second]
    window = shapely.buffer(witness, near)
    new_b = _snapped(b, _vertices_in(a, window), near)
    new_a = _snapped(a, _vertices_in(new_b, window), near)
    shapes = np.array([new_a, new_b], dtype=object)
    if (
        not shapely.is_valid(shapes).all()
        or (shapely.get_type_id(shapes) != shapely.get_type_id(np.array([a, b]))).any()
    ):
        return
    sliver = float(shapely.area(witness))
    before = np.array([shapely.area(a), shapely.area(b)])
    if (np.abs(shapely.area(shapes) - before) > 1.5 * sliver).any():
        return
    left = (
        shapely.difference(witness, shapely.union(new_a, new_b))
        if gap
        else shapely.intersection(new_a, new_b)
    )
    if float(shapely.area(left)) > LEFT_OVER_SHARE * sliver:
        return
    for row, old, new in ((first, a, new_a), (second, b, new_b)):
        moved = float(shapely.hausdorff_distance(old, new)) * sheet.unit_m
        if not shapely.equals_exact(old, new):
            _set_shape(sheet, draft, "snap-sliver", row, new, moved)


def _snapped(shape: Any, points: Any, near: float) -> Any:
    """Return a polygon snapped to points; GEOS makes a plain polygon of a multipolygon of one part."""
    new = shapely.snap(shape, points, near)
    return (
        shapely.multipolygons([new])
        if shape.geom_type == "MultiPolygon" and new.geom_type == "Polygon"
        else new
    )


def _vertices_in(shape: Any, window: Any) -> Any:
    points = shapely.points(shapely.get_coordinates(shape))
    shapely.prepare(window)
    return shapely.multipoints(points[shapely.intersects(window, points)])


def _set_shape(sheet: Sheet, draft: Draft, kind: str, row: int, shape: Any, moved_m: float) -> None:
    draft.geometry[row] = shape
    draft.shapes.add(row)
    changed = shapely.symmetric_difference(sheet.geometry[row], shape) if moved_m else None
    where = shapely.point_on_surface(changed if changed is not None and not changed.is_empty else shape)
    _fix(sheet, draft, kind, row, moved_m=round(moved_m, 6), where=where)


def _there(draft: Draft) -> Any:
    return np.flatnonzero(~shapely.is_missing(draft.geometry))
