"""The features of a proposal file, each with its role, its options and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kkpr_check.errors import CrsError, ErrorGroup, InputError, KkprError, Place, Text, UsageError
from kkpr_check.features import as_text
from kkpr_check.io.crs import canonical
from kkpr_check.io.options import Options, not_given, parse_options
from kkpr_check.io.outlines import area_of, crossing_doubt, no_area, repair, repaired_note
from kkpr_check.model import Application

if TYPE_CHECKING:
    from kkpr_check.io.coordinate_table import CoordinateTable, Outline
    from kkpr_check.io.gate import Repair
    from kkpr_check.io.layers import LayerData

Role = Literal["parcel", "footprint"]
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
JSON_SUFFIXES = frozenset({".json", ".geojson", ".txt"})
"""Files that may hold an application of OSS."""
_REPAIR_REMEDY = Text("repair the feature in its file", "perbaiki fitur tersebut pada berkasnya")
_ROLES: Mapping[str, Role] = {
    "parcel": "parcel",
    "persil": "parcel",
    "footprint": "footprint",
    "tapak": "footprint",
}


@dataclass(frozen=True, slots=True)
class SiteFeature:
    """One feature of a proposal file, in the CRS of its file; `error` says why it can not be used at all.

    `label` is the identifier of a GeoJSON feature: it names a site, but programs number features by themselves, so it
    pairs nothing. `geometry` None with a `doubt` and no `error`: the outline is not known, which is no reading error.
    """

    place: Place
    role: Role
    geometry: Any | None
    crs: str
    options: Options
    error: KkprError | None = None
    doubt: Text | None = None
    label: str | None = None
    application: Application | None = None

    @property
    def id(self) -> str | None:
        """The value of its `id` property as text."""
        return self.options.id


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """All features of one file, and what the report must say about reading it."""

    features: tuple[SiteFeature, ...]
    path: str
    layer: str | None
    sha256: str
    crs_label: str
    crs_assumed: bool = False
    repairs: tuple[Text, ...] = ()
    assumptions: tuple[Text, ...] = ()


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


def _feature(
    geometry: Any,
    fields: Mapping[str, Any],
    place: Place,
    *,
    role: Role,
    crs: str,
    allow_points: bool = False,
    doubt: Text | None = None,
) -> SiteFeature:
    """Return one feature; what can not be used stands in its `error`, so that the others still come back."""
    options = Options({}, place=place)
    try:
        options = _only_id(fields, place)
        role = _role(fields, role, place)
        options = parse_options(fields, place=place)
        area = area_of(geometry, place, allow_points=allow_points)
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
    attributes: bool = True,
    shown: str | None = None,
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
    attributes
        Read role and proposal options; without, only the geometry counts.
    shown
        What to call the file in messages, where it is a copy.

    Raises
    ------
    InputError, CrsError
        The file as a whole can not be read, or holds no feature.
    """
    name = shown or str(path)
    if Path(path).suffix.casefold() in JSON_SUFFIXES:
        from kkpr_check.io.oss.application import read_application_file

        application = read_application_file(Path(path), encoding)
        if application is not None:
            return application
    if Path(path).suffix.casefold() in TABLE_SUFFIXES:
        if layer is not None:
            raise UsageError(
                Text(f"a table has no layers: {path}", f"tabel tidak memiliki layer: {path}"),
                remedy=Text("drop --layer", "hapus --layer"),
            )
        return _without_blank_ids(_from_table(Path(path), role, assume_crs, encoding, swap_xy))
    try:
        data, assumed = _read_assuming(Path(path), layer, encoding, assume_crs, swap_xy)
    except KkprError as error:
        raise (error if shown is None else _renamed(error, shown)) from error.__cause__
    found = _from_layer(data, name, role, attributes, allow_points)
    return _without_blank_ids(replace(found, crs_assumed=assumed))


def _renamed(error: KkprError, file: str) -> KkprError:
    for one in error.errors if isinstance(error, ErrorGroup) else (error,):
        one.place = one.place._replace(file=file, layer=None)
    return error


def _without_blank_ids(found: FeatureSet) -> FeatureSet:
    """Forget the ids of a file of several features that are all 0: what a drawing program fills in."""
    if len(found.features) < 2 or any(feature.id != "0" for feature in found.features):
        return found
    features = tuple(replace(feature, options=_nameless(feature.options)) for feature in found.features)
    file = Path(found.path).name
    note = Text(f"{file}: the id of every feature is 0 and is not used",
                f"{file}: id semua fitur 0 dan tidak dipakai")  # fmt: skip
    return replace(found, features=features, assumptions=(*found.assumptions, note))


def _nameless(options: Options) -> Options:
    return replace(options, values={name: value for name, value in options.values.items() if name != "id"})


def _from_table(
    path: Path, role: Role, assume_crs: str | None, encoding: str | None, swap_xy: bool
) -> FeatureSet:
    table, assumed = _read_table(path, assume_crs, encoding, swap_xy)
    repairs: list[Text] = []
    features = tuple(_table_feature(outline, table, role, repairs) for outline in table.outlines)
    return FeatureSet(
        features, table.path, None, table.sha256, table.crs, assumed, tuple(repairs), table.assumptions
    )


def _read_table(
    path: Path, assume_crs: str | None, encoding: str | None, swap_xy: bool
) -> tuple[CoordinateTable, bool]:
    """Read a table of vertices; degrees speak for themselves, the assumed CRS is for metres (True)."""
    from kkpr_check.io.coordinate_table import read_coordinate_table

    metric = assume_crs is not None and canonical(assume_crs).is_projected
    if metric:
        try:
            table = read_coordinate_table(path, encoding=encoding)
        except CrsError:
            table = None
        if table is not None and any(outline.error is None for outline in table.outlines):
            return table, False
    table = read_coordinate_table(path, crs=assume_crs, encoding=encoding, swap_xy=swap_xy)
    return table, assume_crs is not None


def _table_feature(outline: Outline, table: CoordinateTable, role: Role, repairs: list[Text]) -> SiteFeature:
    place = Place(table.path, row=outline.row)
    fields = {**outline.fields, "id": outline.id}
    if outline.error is not None:
        return SiteFeature(outline.error.place, role, None, table.crs, _only_id(fields, place), outline.error)
    shape, repaired, crossing = repair(outline.geometry, place)
    if repaired is not None:
        repairs.append(repaired)
    doubt = outline.doubt or crossing
    feature = _feature(shape, fields, place, role=role, crs=table.crs, doubt=doubt)
    if feature.geometry is not None and not feature.geometry.area > 0:
        return replace(feature, geometry=None, error=no_area(place))
    return feature


def _from_layer(data: LayerData, name: str, role: Role, attributes: bool, allow_points: bool) -> FeatureSet:
    doubtful = {repair.row: _crossing(repair) for repair in data.repairs if repair.doubtful}
    own_ids = (data.feature_field or "").casefold() == "id" and _column(data.fields, "id") is None
    features = []
    for n, row in enumerate(int(row) for row in data.row):
        place = Place(name, data.layer if name == data.path else None, str(data.feature[n]))
        fields = {column: values[n] for column, values in data.fields.items()} if attributes else {}
        if attributes and own_ids and data.driver == "GPKG":
            fields["id"] = data.feature[n]
        if row in data.doubts:
            feature = _unusable(place, role, data, fields, data.doubts[row])
        else:
            feature = _feature(
                data.geometry[n],
                fields,
                place,
                role=role,
                crs=data.crs,
                allow_points=allow_points,
                doubt=doubtful.get(row),
            )
        features.append(replace(feature, label=str(data.feature[n])) if own_ids else feature)
    repairs = tuple(_repaired(Path(name).name, repair) for repair in data.repairs)
    return FeatureSet(
        tuple(features), name, data.layer, data.sha256, data.crs_label, False, repairs, data.assumptions
    )


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
    error = InputError(why, place=place, remedy=_REPAIR_REMEDY, code="geometry-broken")
    try:
        role = _role(fields, role, place)
        options = _only_id(fields, place)
    except KkprError:
        options = Options({}, place=place)
    return SiteFeature(place, role, None, data.crs, options, error)


def _repaired(file: str, repair: Repair) -> Text:
    return repaired_note(
        f"{file}, feature {repair.feature}",
        f"{file}, fitur {repair.feature}",
        repair.reason,
        repair.change_ratio,
    )


def _crossing(repair: Repair) -> Text:
    return crossing_doubt(repair.reason, repair.change_ratio)
