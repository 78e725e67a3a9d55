"""The features of a proposal file, each with its role, its options and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from kkpr_check.errors import InputError, KkprError, Place, Text
from kkpr_check.features import as_text
from kkpr_check.io.options import Options, not_given, parse_options

if TYPE_CHECKING:
    from kkpr_check.io.coordinate_table import Outline
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
    "untuk titik hanya zonanya yang dapat disebutkan: pakai --point LINTANG,BUJUR; pemeriksaan memerlukan poligon",
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
    doubt = Text(
        f"the outline crosses itself ({reason}) and repair changes its area by {percent}: which area is meant?",
        f"batas memotong dirinya sendiri ({reason}) dan perbaikan mengubah luasnya {percent}: bidang mana yang "
        "dimaksud?",
    )
    return fixed, note, doubt


def polygons_of(geometry: Any) -> Any | None:
    """Return the polygons of a geometry as Polygon or MultiPolygon, or None where it has none with an area."""
    parts = [
        part
        for part in shapely.get_parts(_flat(geometry))
        if part.geom_type == "Polygon" and not part.is_empty
    ]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _flat(geometry: Any) -> Any:
    """Return a collection whose members are simple: collections in collections and multi-parts are opened."""
    parts = [geometry]
    while any(hasattr(part, "geoms") for part in parts):
        parts = [inner for part in parts for inner in (part.geoms if hasattr(part, "geoms") else (part,))]
    return shapely.GeometryCollection(parts)


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


def area_of(
    geometry: Any, place: Place, *, allow_points: bool, allow_lines: bool = False
) -> tuple[Any, Text | None]:
    """Return the polygons of a feature (or its point, where allowed) and a note of what was left out.

    Raises
    ------
    InputError
        Null, empty, a line, a point that is not allowed, or no area.
    """
    if geometry is None or shapely.is_empty(geometry):
        raise InputError(
            Text("the feature has no geometry", "fitur tidak memiliki geometri"),
            place=place,
            remedy=_POLYGON_REMEDY,
            code="geometry-empty",
        )
    geometry = shapely.force_2d(geometry)
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise InputError(
            Text("a vertex is not a finite number", "ada titik yang bukan bilangan berhingga"),
            place=place,
            remedy=_POLYGON_REMEDY,
            code="geometry-not-finite",
        )
    if geometry.geom_type == "Point" and allow_points:
        return geometry, None
    if allow_lines and geometry.geom_type == "LineString" and geometry.is_ring:
        return shapely.Polygon(geometry), Text(
            f"{place.pick('en')}: a closed line is read as an area",
            f"{place.pick('id')}: garis tertutup dibaca sebagai bidang",
        )
    polygons = polygons_of(geometry)
    if polygons is None:
        kind = geometry.geom_type
        remedy = _POINT_REMEDY if "Point" in kind else _POLYGON_REMEDY
        raise InputError(
            Text(f"a {kind} where a polygon is needed", f"{kind}, padahal diperlukan poligon"),
            place=place,
            remedy=remedy,
            code="geometry-type",
        )
    others = {part.geom_type for part in shapely.get_parts(_flat(geometry))} - {"Polygon"}
    if not others:
        return polygons, None
    kinds = ", ".join(sorted(others))
    return polygons, Text(
        f"{place.pick('en')}: {kinds} beside the polygon is not read",
        f"{place.pick('id')}: {kinds} di samping poligon tidak dibaca",
    )


def _no_area(place: Place) -> InputError:
    return InputError(
        Text("the outline encloses no area", "batas tidak melingkupi bidang"),
        place=place,
        remedy=_POLYGON_REMEDY,
        code="no-area",
    )


@dataclass(slots=True)
class _Notes:
    repairs: list[Text]
    assumptions: list[Text]


def _feature(
    geometry: Any,
    fields: Mapping[str, Any],
    place: Place,
    *,
    role: Role,
    crs: str,
    driver: str,
    allow_points: bool,
    notes: _Notes,
    doubt: Text | None = None,
) -> SiteFeature:
    """Return one feature; whatever can not be used stands in its `error`, so that the others still come back."""
    options = Options({}, place=place)
    try:
        role = _role(fields, role, place)
        options = parse_options(fields, place=place)
        area, note = area_of(geometry, place, allow_points=allow_points, allow_lines=driver == "DXF")
        if note is not None:
            notes.assumptions.append(note)
        if area.geom_type != "Point":
            area, repaired, crossing = repair(area, place.pick("en"))
            doubt = doubt or crossing
            if repaired is not None:
                notes.repairs.append(repaired)
            if area is None or not area.area > 0:
                raise _no_area(place)
    except KkprError as error:
        return SiteFeature(place, role, None, crs, options, error)
    return SiteFeature(place, role, area, crs, options, None, doubt)


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
    notes = _Notes([], [])
    features = tuple(
        _table_feature(outline, table.path, role, table.crs, notes) for outline in table.outlines
    )
    assumptions = (*table.assumptions, *notes.assumptions)
    return FeatureSet(
        features,
        table.path,
        table.sha256,
        table.crs,
        assume_crs is not None,
        tuple(notes.repairs),
        assumptions,
    )


def _table_feature(outline: Outline, path: str, role: Role, crs: str, notes: _Notes) -> SiteFeature:
    place = Place(path, row=outline.row)
    if outline.error is not None:
        values = {} if outline.id is None else {"id": outline.id}
        return SiteFeature(outline.error.place, role, None, crs, Options(values, place=place), outline.error)
    fields = dict(outline.fields)
    if outline.id is not None:
        fields["id"] = outline.id
    return _feature(
        outline.geometry,
        fields,
        place,
        role=role,
        crs=crs,
        driver="CSV",
        allow_points=False,
        notes=notes,
        doubt=outline.doubt,
    )


def _from_layer(
    path: Path,
    role: Role,
    layer: str | None,
    encoding: str | None,
    assume_crs: str | None,
    swap_xy: bool,
    allow_points: bool,
) -> FeatureSet:
    from kkpr_check.io.layers import read_layer

    data = read_layer(path, layer=layer, encoding=encoding, crs=assume_crs, swap_xy=swap_xy, keep_broken=True)
    notes = _Notes([], [])
    columns = list(data.fields)
    features = tuple(
        _feature(
            data.geometry[row],
            {column: data.fields[column][row] for column in columns},
            Place(data.path, data.layer, _row_name(data, row)),
            role=role,
            crs=data.crs,
            driver=data.driver,
            allow_points=allow_points,
            notes=notes,
            doubt=data.doubts.get(row),
        )
        for row in range(len(data.geometry))
    )
    return FeatureSet(
        features,
        data.path,
        data.sha256,
        data.crs_label,
        False,
        (*data.repairs, *notes.repairs),
        (*data.assumptions, *notes.assumptions),
    )


def _row_name(data: LayerData, row: int) -> str:
    return str(data.feature[row])
