"""Independent, strict readers of the mutated files: other code than the package's."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import shapely


class DamagedError(Exception):
    """An independent, strict reader refuses the bytes."""


class UnknownError(Exception):
    """The independent reader can not tell."""


def areas_of(path: Path) -> list[float]:
    """Return the areas (m2) of the polygons of a file, read by other code than the package's.

    Raises
    ------
    DamagedError, UnknownError
        See there.
    """
    kind = path.suffix.lower()
    reader = READERS.get(".shp" if kind in (".dbf", ".shx", ".prj", ".cpg") else kind)
    if reader is None:
        raise UnknownError(kind)
    shapes, crs = reader(path.with_suffix(".shp") if kind in (".dbf", ".shx", ".prj", ".cpg") else path)
    if crs == "EPSG:4326":
        from pyproj import Transformer

        change = Transformer.from_crs(4326, 32751, always_xy=True)
        shapes = [shapely.transform(s, change.transform, interleaved=False) for s in shapes]
    elif crs != "EPSG:32751":
        raise UnknownError(crs)
    return sorted(float(s.area) for s in shapes)


def _read_geojson(path: Path) -> tuple[list[Any], str]:
    try:
        document = json.loads(path.read_text("utf-8-sig"))
        if "crs" in document:
            raise UnknownError("crs")
        shapes = [shapely.from_geojson(json.dumps(f["geometry"])) for f in document["features"]]
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        shapely.errors.GEOSException,
    ) as error:
        raise DamagedError(str(error)) from error
    return shapes, "EPSG:4326"


def _read_geojsonl(path: Path) -> tuple[list[Any], str]:
    try:
        lines = [line for line in path.read_text("utf-8-sig").split("\n") if line.strip("\x1e \r")]
        return [
            shapely.from_geojson(json.dumps(json.loads(line.strip("\x1e"))["geometry"])) for line in lines
        ], "EPSG:4326"
    except (ValueError, KeyError, TypeError, RecursionError, shapely.errors.GEOSException) as error:
        raise DamagedError(str(error)) from error


def _read_shp(path: Path) -> tuple[list[Any], str]:
    data, prj = path.read_bytes(), path.with_suffix(".prj").read_text("latin-1")
    if "WGS_1984_UTM_Zone_51S" not in prj or hashlib.sha256(prj.encode("latin-1")).hexdigest() != PRJ.get(
        "good"
    ):
        raise UnknownError("prj")
    if len(data) < 100 or struct.unpack(">i", data[24:28])[0] * 2 != len(data):
        raise DamagedError("length of the .shp")
    shapes, at = [], 100
    while at < len(data):
        _, words = struct.unpack(">ii", data[at : at + 8])
        body = data[at + 8 : at + 8 + 2 * words]
        at += 8 + 2 * words
        if len(body) < 44 or struct.unpack("<i", body[:4])[0] != 5:
            raise DamagedError("a record that is no polygon")
        parts, points = struct.unpack("<ii", body[36:44])
        if parts < 1 or points < 4 or len(body) != 44 + 4 * parts + 16 * points:
            raise DamagedError("counts of a record")
        if parts != 1:
            raise UnknownError("parts")
        shapes.append(shapely.Polygon(np.frombuffer(body[48:], "<f8").reshape(-1, 2)))
    return shapes, "EPSG:32751"


PRJ: dict[str, str] = {}


def _read_gpkg(path: Path) -> tuple[list[Any], str]:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as base:
            (layer, column, srs), *more = base.execute(
                "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns"
            ).fetchall()
            if (
                more
                or srs != 32751
                or base.execute("SELECT type FROM sqlite_master WHERE name = ?", (layer,)).fetchone()
                != ("table",)
            ):
                raise UnknownError("layers")
            if base.execute(
                "SELECT definition FROM gpkg_spatial_ref_sys WHERE srs_id = 32751"
            ).fetchone() != (PRJ["gpkg"],):
                raise UnknownError("CRS")
            blobs = [row[0] for row in base.execute(f'SELECT "{column}" FROM "{layer}"')]
    except (sqlite3.Error, ValueError, UnicodeDecodeError) as error:
        raise DamagedError(str(error)) from error
    shapes = []
    for blob in blobs:
        if not isinstance(blob, bytes) or blob[:2] != b"GP":
            raise DamagedError("no GeoPackage geometry")
        skip = 8 + {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}.get((blob[3] >> 1) & 7, 0)
        try:
            shapes.append(shapely.from_wkb(blob[skip:]))
        except shapely.errors.GEOSException as error:
            raise DamagedError(str(error)) from error
    return shapes, "EPSG:32751"


def _read_kml(path: Path) -> tuple[list[Any], str]:
    return _kml(path.read_bytes())


def _kml(data: bytes) -> tuple[list[Any], str]:
    try:
        root = ElementTree.fromstring(data)
        found = []
        for mark in (e for e in root.iter() if e.tag.rpartition("}")[2] == "Placemark"):
            rings = [e.text for e in mark.iter() if e.tag.rpartition("}")[2] == "coordinates"]
            (ring,) = rings
            found.append(shapely.Polygon([tuple(map(float, p.split(",")[:2])) for p in str(ring).split()]))
        return found, "EPSG:4326"
    except (ElementTree.ParseError, ValueError, LookupError, shapely.errors.GEOSException) as error:
        raise DamagedError(str(error)) from error


def _read_kmz(path: Path) -> tuple[list[Any], str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.lower().endswith(".kml")]
            if len(names) != 1:
                raise UnknownError("members")
            return _kml(archive.read(names[0]))
    except UnknownError:
        raise
    except Exception as error:
        raise DamagedError(str(error)) from error


def _read_parquet(path: Path) -> tuple[list[Any], str]:
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except Exception as error:
        raise DamagedError(str(error)) from error
    if (table.schema.metadata or {}).get(b"geo") != PRJ["parquet"]:
        raise UnknownError("metadata")
    try:
        return list(shapely.from_wkb(table.column("geometry").to_pylist())), "EPSG:32751"
    except (shapely.errors.GEOSException, KeyError) as error:
        raise DamagedError(str(error)) from error


READERS: dict[str, Callable[[Path], tuple[list[Any], str]]] = {
    ".geojson": _read_geojson, ".geojsonl": _read_geojsonl, ".shp": _read_shp, ".gpkg": _read_gpkg, ".kml": _read_kml,
    ".kmz": _read_kmz, ".parquet": _read_parquet,
}  # fmt: skip
