"""The features of a proposal file, each with its role, its options and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from kkpr_check.errors import CrsError, InputError, KkprError, Place, Text
from kkpr_check.features import as_text
from kkpr_check.io.options import Options, not_given, parse_options

if TYPE_CHECKING:
    from kkpr_check.io.coordinate_table import CoordinateTable, Outline
    from kkpr_check.io.gate import Repair
    from kkpr_check.io.layers import LayerData

Role = Literal["parcel", "footprint"]
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
AREA_CHANGE_MAX = 0.001
"""A repair that changes the area by more than this share makes the site doubtful (contract 1a.9)."""

_ROLES: Mapping[str, Role] = {
    "parcel": "parcel",
    "persil": "parcel",
    "footprint": "footprint",
    "tapak": "footprint",
}
_POINT_REMEDY = Text(
    "only the zone can be told of a point: use --point LAT,LON; a check needs the outline as a polygon",
    "untuk titik hanya zonanya yang dapat disebutkan: pakai --point LINTANG,BUJUR; pemeriksaan butuh poligon",
)
_POLYGON_REMEDY = Text(
    "draw the outline of the parcel or building as a polygon",
    "gambar batas persil atau bangunan sebagai poligon",
)


@dataclass(frozen=True, slots=True)
class SiteFeature:
    """One feature of a proposal file, in the CRS of its file; `error` says why it can not be used at all."""

    place: Place
    role: Role
    geometry: Any | None
    crs: str
    options: Options
    error: KkprError | None = None
    doubt: Text | None = None

    @property
    def id(self) -> str | None:
        """The value of its `id` property as text."""
        return self.options.id


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """All features of one file, and what the report must say about reading it."""

    features: tuple[SiteFeature, ...]
    path: str
    sha256: str
    crs_label: str
    crs_assumed: bool = False
    repairs: tuple[Text, ...] = ()
    assumptions: tuple[Text, ...] = ()


def repair(geometry: Any, where: str) -> tuple[Any, Text | None, Text | None]:
    """Return a valid geometry, the line for `repairs`, and a doubt where its area changed by more than 0.1 %.

    Only ``make_valid(method="structure")`` repairs; areas are compared in the units of the geometry.

    >>> bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    >>> fixed, note, doubt = repair(bow, "row 1")
    >>> fixed.area, doubt is None
    (50.0, False)
    """
    if shapely.is_valid(geometry):
        return geometry, None, None
    reason = str(shapely.is_valid_reason(geometry))
    before = float(shapely.area(geometry))
    fixed = polygons_of(shapely.make_valid(geometry, method="structure", keep_collapsed=False))
    after = float(shapely.area(fixed)) if fixed is not None else 0.0
    change = abs(after - before) / before if before > 0 else float("inf")
    percent = f"{100 * change:.3g} %" if np.isfinite(change) else "100 %"
    note = Text(
        f"{where}: invalid outline ({reason}) repaired, area changed by {percent}",
        f"{where}: batas tidak sah ({reason}) diperbaiki, luas berubah {percent}",
    )
    if change <= AREA_CHANGE_MAX:
        return fixed, note, None
    return fixed, note, _doubt(reason, percent)


def _doubt(reason: str, change: str) -> Text:
    return Text(
        f"the outline crosses itself ({reason}) and repair changes its area by {change}: which area is meant?",
        f"batas memotong dirinya sendiri ({reason}) dan perbaikan mengubah luasnya {change}: "
        "bidang mana yang dimaksud?",
    )


def polygons_of(geometry: Any) -> Any | None:
    """Return the polygons of a geometry as one geometry, or None where it has no polygon."""
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    polygons = [polygon for part in parts for polygon in shapely.get_parts(part) if not polygon.is_empty]
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _column(fields: Mapping[str, Any], name: str) -> str | None:
    return next((column for column in fields if str(column).strip().casefold() == name), None)


def _role(fields: Mapping[str, Any], default: Role, place: Place) -> Role:
    column = _column(fields, "role")
    if column is None or not_given(fields[column]):
        return default
    word = (as_text(fields[column]) or "").casefold()
    if word not in _ROLES:
        raise InputError(
            Text(f"unknown role {word[:40]!r}", f"peran {word[:40]!r} tidak dikenal"),
            place=place._replace(column=column),
            remedy=Text("write parcel or footprint", "tulis parcel (persil) atau footprint (tapak)"),
            code="role-unknown",
        )
    return _ROLES[word]


def area_of(geometry: Any, place: Place, *, allow_points: bool, allow_lines: bool = False) -> Any:
    """Return the polygons of a feature, or its point where that is allowed.

    Parameters
    ----------
    allow_lines
        Read a closed line as an area: a drawing (DXF) has no polygons.

    Raises
    ------
    InputError
        Null, empty, or no area: the remedy for a point is ``--point``.
    """
    if geometry is None or shapely.is_empty(geometry):
        raise InputError(
            Text("the feature has no geometry", "fitur tidak memiliki geometri"),
            place=place,
            remedy=_POLYGON_REMEDY,
            code="geometry-empty",
        )
    kind = geometry.geom_type
    if kind in ("Polygon", "MultiPolygon") or (kind == "Point" and allow_points):
        return geometry
    if allow_lines and kind == "LineString" and geometry.is_ring:
        return shapely.Polygon(geometry)
    raise InputError(
        Text(f"a {kind} where a polygon is needed", f"{kind}, padahal diperlukan poligon"),
        place=place,
        remedy=_POINT_REMEDY if "Point" in kind else _POLYGON_REMEDY,
        code="geometry-type",
    )


def no_area(place: Place) -> InputError:
    """Return the error for an outline whose area is nothing."""
    return InputError(
        Text("the outline encloses no area", "batas tidak melingkupi bidang"),
        place=place,
        remedy=_POLYGON_REMEDY,
        code="no-area",
    )


def _feature(
    geometry: Any,
    fields: Mapping[str, Any],
    place: Place,
    *,
    role: Role,
    crs: str,
    allow_points: bool = False,
    allow_lines: bool = False,
    doubt: Text | None = None,
) -> SiteFeature:
    """Return one feature; what can not be used stands in its `error`, so that the others still come back."""
    options = Options({}, place=place)
    try:
        options = _only_id(fields, place)
        role = _role(fields, role, place)
        options = parse_options(fields, place=place)
        area = area_of(geometry, place, allow_points=allow_points, allow_lines=allow_lines)
    except KkprError as error:
        return SiteFeature(place, role, None, crs, options, error)
    return SiteFeature(place, role, area, crs, options, None, doubt)


def _only_id(fields: Mapping[str, Any], place: Place) -> Options:
    column = _column(fields, "id")
    return parse_options({} if column is None else {"id": fields[column]}, place=place)


def read_features(
    path: str | Path,
    role: Role,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    assume_crs: str | None = None,
    swap_xy: bool = False,
    allow_points: bool = False,
) -> FeatureSet:
    """Read a proposal file: any vector file, or a table of vertices.

    Parameters
    ----------
    path
        The file; ``.csv``, ``.tsv`` and ``.txt`` are tables of vertices.
    role
        What a feature is where it does not say (property `role`).
    assume_crs
        CRS of a file that does not name one.
    allow_points
        Keep points (``info``); elsewhere a point is an error of its feature.

    Raises
    ------
    InputError, CrsError
        The file as a whole can not be read, or holds no feature.
    """
    if Path(path).suffix.casefold() in TABLE_SUFFIXES:
        found = _from_table(Path(path), role, assume_crs)
    else:
        found = _from_layer(Path(path), role, layer, encoding, assume_crs, swap_xy, allow_points)
    if not found.features:
        raise InputError(
            Text("the file holds no feature", "berkas tidak memuat satu fitur pun"),
            place=Place(str(path), layer),
            remedy=_POLYGON_REMEDY,
            code="empty",
        )
    return found


def _from_table(path: Path, role: Role, assume_crs: str | None) -> FeatureSet:
    from kkpr_check.io.coordinate_table import read_coordinate_table

    table = read_coordinate_table(path, crs=assume_crs)
    repairs: list[Text] = []
    features = tuple(_table_feature(outline, table, role, repairs) for outline in table.outlines)
    return FeatureSet(
        features,
        table.path,
        table.sha256,
        table.crs,
        assume_crs is not None,
        tuple(repairs),
        table.assumptions,
    )


def _table_feature(outline: Outline, table: CoordinateTable, role: Role, repairs: list[Text]) -> SiteFeature:
    place = Place(table.path, row=outline.row)
    fields = {**outline.fields, "id": outline.id}
    if outline.error is not None:
        return SiteFeature(outline.error.place, role, None, table.crs, _only_id(fields, place), outline.error)
    shape, repaired, crossing = repair(outline.geometry, place.pick("en"))
    if repaired is not None:
        repairs.append(repaired)
    doubt = outline.doubt or crossing
    feature = _feature(shape, fields, place, role=role, crs=table.crs, doubt=doubt)
    if feature.geometry is not None and not feature.geometry.area > 0:
        return replace(feature, geometry=None, error=no_area(place))
    return feature


def _from_layer(
    path: Path,
    role: Role,
    layer: str | None,
    encoding: str | None,
    assume_crs: str | None,
    swap_xy: bool,
    allow_points: bool,
) -> FeatureSet:
    data, assumed = _read_assuming(path, layer, encoding, assume_crs, swap_xy)
    closed_lines = data.driver == "DXF"
    doubtful = {repair.row: _crossing(repair) for repair in data.repairs if repair.doubtful}
    features = []
    for n, row in enumerate(int(row) for row in data.row):
        place = data.place._replace(row=str(data.feature[n]))
        fields = {column: values[n] for column, values in data.fields.items()}
        if row in data.doubts:
            features.append(_unusable(place, role, data, fields, data.doubts[row]))
            continue
        features.append(
            _feature(
                data.geometry[n],
                fields,
                place,
                role=role,
                crs=data.crs,
                allow_points=allow_points,
                allow_lines=closed_lines,
                doubt=doubtful.get(row),
            )
        )
    assumptions = data.assumptions
    if closed_lines and data.geometry_type in ("LineString", "Mixed"):
        note = Text("closed lines are read as areas", "garis tertutup dibaca sebagai bidang")
        assumptions = (*assumptions, note)
    repairs = tuple(_repaired(data, repair) for repair in data.repairs)
    return FeatureSet(tuple(features), data.path, data.sha256, data.crs_label, assumed, repairs, assumptions)


def _read_assuming(
    path: Path, layer: str | None, encoding: str | None, assume_crs: str | None, swap_xy: bool
) -> tuple[LayerData, bool]:
    """Read a layer by what it says of its CRS; only where that fails, by the assumed CRS (True)."""
    from kkpr_check.io.layers import read_layer

    def read(crs: str | None) -> LayerData:
        return read_layer(path, layer=layer, encoding=encoding, crs=crs, swap_xy=swap_xy, keep_broken=True)

    try:
        return read(None), False
    except CrsError:
        if assume_crs is None:
            raise
        return read(assume_crs), True


def _unusable(place: Place, role: Role, data: LayerData, fields: Mapping[str, Any], why: Text) -> SiteFeature:
    error = InputError(why, place=place, remedy=_POLYGON_REMEDY, code="geometry-broken")
    try:
        role = _role(fields, role, place)
        options = _only_id(fields, place)
    except KkprError:
        options = Options({}, place=place)
    return SiteFeature(place, role, None, data.crs, options, error)


def _repaired(data: LayerData, repair: Repair) -> Text:
    file, change = Path(data.path).name, f"{100 * repair.change_ratio:.3g} %"
    return Text(
        f"{file}, feature {repair.feature}: invalid outline ({repair.reason}) repaired, "
        f"area changed by {change}",
        f"{file}, fitur {repair.feature}: batas tidak sah ({repair.reason}) diperbaiki, luas berubah {change}",
    )


def _crossing(repair: Repair) -> Text:
    change = f"{100 * repair.change_ratio:.3g} %"
    return _doubt(repair.reason, change)
