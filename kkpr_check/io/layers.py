"""One vector layer, read whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.features import as_text
from kkpr_check.geometry import Objects, objects
from kkpr_check.io.containers import Source, datasets, digest_of, opened, parts_of, sha256_of
from kkpr_check.io.gate import Repair, pass_gate, raise_problems
from kkpr_check.io.raw import Raw

__all__ = ["LayerData", "Repair", "feature_ids", "list_layers", "read_layer", "read_source", "sha256_of"]

Kind = Literal["Polygon", "LineString", "Point"]
_ID_COLUMNS = ("objectid", "fid", "ogc_fid")


@dataclass(frozen=True, slots=True)
class LayerData:
    """A layer that passed the intake gate.

    Attributes
    ----------
    path, layer, driver
        Where it comes from.
    geometry
        shapely geometries in `crs`, valid and 2-D; None only for rows in `doubts`.
    feature
        Stable feature ids as text: the column `feature_field`, or the 0-based row where that is None.
    row
        0-based row in the file.
    fields
        Column -> values, None for null; names and order of the file.
    geometry_type
        Polygon, LineString, Point, Mixed or None; multi-parts count as their single kind.
    crs
        ``EPSG:code`` or WKT, after the policy of `kkpr_check.io.crs`; x is east.
    crs_label
        What the file (or the user) called it.
    repairs
        Polygons that were repaired; `Repair.doubtful` ones may not be judged on.
    assumptions
        What was taken for granted while reading, for the report.
    doubts
        Row -> why it could not be used (only with ``keep_broken``).
    sha256, parts
        Hash of the whole and of each file part.
    """

    path: str
    layer: str
    driver: str
    geometry: Objects
    feature: Objects
    row: NDArray[np.int64]
    fields: Mapping[str, Objects]
    geometry_type: str
    crs: str
    crs_label: str
    encoding: str
    feature_field: str | None = None
    repairs: tuple[Repair, ...] = ()
    assumptions: tuple[Text, ...] = ()
    doubts: Mapping[int, Text] = field(default_factory=dict)
    sha256: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.geometry)

    @property
    def place(self) -> Place:
        """The layer, for messages."""
        return Place(self.path, self.layer)

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """Return xmin, ymin, xmax, ymax in `crs`, or None where nothing has a geometry."""
        box = shapely.total_bounds(self.geometry)
        return None if np.isnan(box).any() else (float(box[0]), float(box[1]), float(box[2]), float(box[3]))

    def take(self, index: NDArray[Any]) -> LayerData:
        """Return the features of a boolean mask or an index array; repairs and doubts of the others fall away."""
        rows = self.row[index]
        kept = set(rows.tolist())
        return replace(
            self,
            geometry=self.geometry[index],
            feature=self.feature[index],
            row=rows,
            fields={name: values[index] for name, values in self.fields.items()},
            repairs=tuple(repair for repair in self.repairs if repair.row in kept),
            doubts={row: why for row, why in self.doubts.items() if row in kept},
        )


def read_layer(
    path: str | Path,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    swap_xy: bool = False,
    keep_broken: bool = False,
    expect: Kind | None = None,
) -> LayerData:
    """Read a layer whole, through the intake gate.

    Parameters
    ----------
    path
        Shapefile, GeoPackage, GeoJSON(Seq), File GDB, FlatGeobuf, KML, GeoParquet or DXF, or a zip, KMZ or folder
        with such layers. Always a local file.
    layer
        Which layer, where there are several.
    encoding
        Of the text of a shapefile; default: its .cpg, then what its bytes tell.
    crs
        The CRS to assume whatever the file says (recorded).
    swap_xy
        Exchange x and y (recorded).
    keep_broken
        Keep rows that cannot be used, with geometry None and their reason in `doubts`, instead of refusing the
        layer.
    expect
        The only kind of geometry that makes sense here.

    Returns
    -------
    LayerData

    Raises
    ------
    InputError, CrsError, ErrorGroup
        Each with place, remedy and a stable `code`.
    """
    parts = parts_of(path)
    with opened(path, layer) as source:
        raw = read_source(source, encoding)
    _check_unchanged(parts, path)
    feature, feature_field = feature_ids(raw)
    place = Place(str(path), raw.layer)
    passed = pass_gate(raw, feature, place, crs=crs, swap_xy=swap_xy, expect=expect)
    if not keep_broken:
        raise_problems(passed, feature, place)
    return LayerData(
        path=str(path), layer=raw.layer, driver=raw.driver, geometry=passed.geometry, feature=feature,
        row=np.arange(len(feature)), fields=raw.fields, geometry_type=passed.geometry_type, crs=passed.crs,
        crs_label=passed.crs_label, encoding=raw.encoding, feature_field=feature_field, repairs=passed.repairs,
        assumptions=tuple(dict.fromkeys(passed.assumptions)), doubts=passed.doubts, sha256=digest_of(parts),
        parts=parts,
    )  # fmt: skip


def list_layers(path: str | Path) -> list[tuple[str, str | None]]:
    """Return what ``layer=`` can name, with the geometry type where the container tells it.

    Raises
    ------
    InputError
        If the path is no readable container.
    """
    names = datasets(path)
    if len(names) > 1:
        return [(name, None) for name in names]
    with opened(path) as source:
        if source.driver in ("GPKG", "OpenFileGDB"):
            from kkpr_check.io import apart
            from kkpr_check.io.gdal import gdal_layers

            found = apart.call(gdal_layers, source, file=source.file, place=source.place)
            return [(name, kind) for name, kind in found if kind is not None]
        if source.driver == "KML":
            from kkpr_check.io.kml import kml_folders

            return [(name, None) for name in kml_folders(source)]
        return [(source.name, None)]


def read_source(source: Source, encoding: str | None) -> Raw:
    """Return one data set as it stands in the file, before the intake gate."""
    if source.driver in ("GeoJSON", "GeoJSONSeq"):
        from kkpr_check.io.geojson import read_geojson

        return read_geojson(source)
    if source.driver == "KML":
        from kkpr_check.io.kml import read_kml

        return read_kml(source)
    from kkpr_check.io import apart
    from kkpr_check.io.gdal import read_gdal
    from kkpr_check.io.parquet import read_parquet

    read, more = (read_parquet, ()) if source.driver == "Parquet" else (read_gdal, (encoding,))
    raw: Raw = apart.call(read, source, *more, file=source.file, place=source.place)
    return raw


def _check_unchanged(parts: Mapping[str, str], path: str | Path) -> None:
    if parts_of(path) != parts:
        raise InputError(
            Text("the file changed while it was read", "berkas berubah selagi dibaca"),
            place=Place(str(path)),
            remedy=Text(
                "wait until it is written, then run again", "tunggu sampai selesai ditulis, lalu ulangi"
            ),
            code="changed",
        )


def feature_ids(raw: Raw) -> tuple[Objects, str | None]:
    """Return the layer's own ids where a column has them, one each; else the rows."""
    columns = {name.lower(): name for name in reversed(list(raw.fields))}
    candidates = [(columns[name], raw.fields[columns[name]]) for name in _ID_COLUMNS if name in columns]
    if raw.fids is not None and raw.fid_field is not None:
        candidates.append((raw.fid_field, raw.fids))
    for name, values in candidates:
        ids = [as_text(value) for value in values]
        if ids and None not in ids and "" not in ids and len(set(ids)) == len(ids):
            return objects(ids), name
    return objects([str(row) for row in range(len(raw.geometry))]), None
