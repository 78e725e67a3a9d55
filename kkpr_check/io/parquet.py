"""GeoParquet (extra ``[parquet]``)."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import shapely

from kkpr_check.errors import Place, Text
from kkpr_check.extras import need
from kkpr_check.geometry import Objects, objects
from kkpr_check.io.containers import Source
from kkpr_check.io.gdal import from_wkb, unique_names
from kkpr_check.io.raw import Raw, unreadable

NATIVE = {
    "point": 0, "linestring": 1, "polygon": 2, "multipoint": 1, "multilinestring": 2, "multipolygon": 3,
}  # fmt: skip
"""Encodings of GeoParquet 1.1 that keep coordinates in nested lists (GeoArrow), and how deep the lists are."""


_OPEN_RING = struct.pack("<BIII4d", 1, 3, 1, 2, 0.0, 0.0, 1.0, 0.0)
"""WKB of what can be no polygon; whoever builds it is told why."""


def wkb_of(column: Any, encoding: str = "WKB") -> Objects:
    """Return a geometry column as WKB, None where it is null.

    Parameters
    ----------
    column
        Arrow array: binary, or for a native encoding nested lists of ``{x, y, z}``.
    """
    if encoding == "WKB":
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)
    wkb = objects([None] * len(column))
    rows = np.flatnonzero(np.asarray(column.is_valid()))
    try:
        wkb[rows] = shapely.to_wkb(_shapes(column.drop_null(), encoding))
    except (
        shapely.errors.GEOSException,
        ValueError,
    ):  # one by one: what is no geometry spoils its own row only
        for row in rows.tolist():
            try:
                wkb[row] = shapely.to_wkb(_shapes(column.slice(row, 1), encoding))[0]
            except (shapely.errors.GEOSException, ValueError):
                wkb[row] = _OPEN_RING
    return wkb


def _shapes(column: Any, encoding: str) -> Objects:
    offsets: list[Any] = []
    for _ in range(NATIVE[encoding]):
        starts = np.asarray(column.offsets)
        offsets.insert(0, starts - starts[0])
        column = column.flatten()
    axes = [field.name for field in column.type if field.name in ("x", "y", "z")]
    coords = np.column_stack([np.asarray(column.field(axis), dtype=np.float64) for axis in axes])
    kind = shapely.GeometryType[encoding.upper()]
    return objects(shapely.from_ragged_array(kind, coords, tuple(offsets) or None))


def read_parquet(source: Source) -> Raw:
    """Read a GeoParquet file whole.

    Raises
    ------
    InputError
        Codes ``extra-missing``, ``unreadable``, ``not-read-whole``.
    """
    place = source.place._replace(layer=source.name)
    parquet = need("pyarrow.parquet", "parquet", place=place)
    from pyarrow import ArrowException

    try:
        with parquet.ParquetFile(source.file) as file:
            check_counts(file, place)
            said = file.metadata.num_rows
            header = json.loads((file.metadata.metadata or {}).get(b"geo", b"{}"))
            table = file.read()
    except (ArrowException, OSError, ValueError) as error:
        raise unreadable(place, str(error)) from error
    geo = primary_column(header, source)
    if table.num_rows != said:
        raise unreadable(place, f"{table.num_rows} of {said} rows", code="not-read-whole")
    unique_names(table.column_names, source)
    if geo["name"] not in table.column_names:
        raise unreadable(place, f"no column {geo['name']!r}")
    geometry, broken = from_wkb(wkb_of(table.column(geo["name"]).combine_chunks(), geo["encoding"]))
    fields = {
        name: objects([_plain(value) for value in table.column(name).to_pylist()])
        for name in table.column_names
        if name not in header["columns"] and name != geo.get("covering")
    }
    return Raw(source.name, "Parquet", geometry, fields, crs_label_of(geo), broken=broken)


def check_counts(file: Any, place: Place) -> None:
    """Prove that the file, its row groups and their columns speak of the same number of rows (repeated columns aside).

    Raises
    ------
    InputError
        Code ``not-read-whole``.
    """
    meta, schema = file.metadata, file.metadata.schema
    flat = [n for n in range(len(schema)) if schema.column(n).max_repetition_level == 0]
    rows = 0
    for number in range(meta.num_row_groups):
        group = meta.row_group(number)
        rows += group.num_rows
        for n in flat:
            if group.column(n).num_values != group.num_rows:
                why = f"row group {number}: {group.column(n).num_values} values in {group.num_rows} rows"
                raise unreadable(place, why, code="not-read-whole")
    if rows != meta.num_rows:
        raise unreadable(
            place, f"{rows} rows in the row groups, {meta.num_rows} in the file", code="not-read-whole"
        )


def primary_column(header: Any, source: Source) -> dict[str, Any]:
    """Return what GeoParquet metadata say of the geometry column; InputError where they do not."""
    try:
        name = header["primary_column"]
        column = dict(header["columns"][name])
    except (KeyError, TypeError) as error:
        raise unreadable(source.place, "it has no GeoParquet metadata") from error
    if column.get("encoding") not in ("WKB", *NATIVE) or column.get("edges", "planar") != "planar":
        raise unreadable(
            source.place,
            f"GeoParquet encoding {column.get('encoding')!r}, edges {column.get('edges', 'planar')!r}",
            remedy=Text(
                "write it with WKB geometry and planar edges", "simpan dengan geometri WKB dan sisi planar"
            ),
        )
    box = column.get("covering", {}).get("bbox", {}).get("xmin", [None])[0]
    return {
        "name": name,
        "encoding": column["encoding"],
        "crs": column.get("crs", "OGC:CRS84"),
        "covering": box,
    }


def crs_label_of(geo: dict[str, Any]) -> str | None:
    """Return the CRS of that column as `kkpr_check.io.crs` reads it."""
    return json.dumps(geo["crs"]) if isinstance(geo["crs"], dict) else geo["crs"]


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value != value:
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
