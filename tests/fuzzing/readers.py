"""Independent, strict readers of the mutated files: other code than the package's."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import re
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import shapely

from fuzzing import binaries


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
    kind = ".gdb" if path.parent.suffix == ".gdb" else path.suffix.lower()
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


_PLAIN = re.compile(r"-?\d{1,7}(\.\d+)?")
"""A number as the grounds write it: others are for the package's own parser to read or refuse."""


def _numbers(words: list[str]) -> list[float]:
    if not all(_PLAIN.fullmatch(word) for word in words):
        raise UnknownError("numbers")
    return [float(word) for word in words]


def _outline(points: list[tuple[float, float]]) -> Any:
    if len(points) < 3:
        raise UnknownError("corners")
    shape = shapely.Polygon(points)
    if not shape.is_valid or shape.area == 0:
        raise UnknownError("crosses itself")
    return shape


def _read_csv(path: Path) -> tuple[list[Any], str]:
    try:
        rows = list(csv.reader(path.read_text("utf-8").splitlines(), strict=True))
    except (ValueError, csv.Error) as error:
        raise UnknownError("text") from error
    if rows and rows[0] == ["titik", "bujur", "lintang"]:
        if any(len(row) != 3 for row in rows) or [row[0] for row in rows[1:]] != [
            str(n) for n in range(1, len(rows))
        ]:
            raise UnknownError("rows")
        points = [(float(x), float(y)) for x, y in (_numbers(row[1:]) for row in rows[1:])]
        if any(not (95 <= x <= 141 and -11 <= y <= 6) for x, y in points):
            raise UnknownError("elsewhere")
        return [_outline(points)], "EPSG:4326"
    if not rows or rows[0][:2] != ["wkt", "crs"] or any(row[1:2] != ["EPSG:4326"] for row in rows[1:]):
        raise UnknownError("header")
    try:
        shapes = [shapely.from_wkt(row[0]) for row in rows[1:]]
    except shapely.errors.GEOSException as error:
        raise DamagedError(str(error)) from error
    if any(shape.geom_type != "Polygon" or shape.is_empty or not shape.is_valid for shape in shapes):
        raise UnknownError("shapes")
    return shapes, "EPSG:4326"


def _read_dxf(path: Path) -> tuple[list[Any], str]:
    lines, good = (text.split("\n") for text in (path.read_text("latin-1"), GOOD["dxf"].decode("latin-1")))
    at = [n for n, code in enumerate(good) if n % 2 and good[n - 1] in ("10", "20")]
    plain = {n: word for n, word in enumerate(lines) if n not in at}
    if len(lines) != len(good) or plain != {n: word for n, word in enumerate(good) if n not in at}:
        raise UnknownError("structure")
    values = _numbers([lines[n] for n in at])
    return [_outline(list(zip(values[::2], values[1::2], strict=True)))], "EPSG:32751"


def _read_fgb(path: Path) -> tuple[list[Any], str]:
    return _binary(binaries.fgb_polygons, path.read_bytes(), GOOD["fgb"]), "EPSG:32751"


GDB_TABLE = "a00000009.gdbtable"
_GDB_CRS = ("a00000003", "a00000004")


def _read_gdb(path: Path) -> tuple[list[Any], str]:
    if path.name.startswith(_GDB_CRS):
        raise UnknownError("catalogue")
    table = (path.parent / GDB_TABLE).read_bytes()
    return _binary(binaries.gdb_polygons, table, GOOD["gdb"]), "EPSG:32751"


def _binary(read: Callable[[bytes, bytes], list[Any]], data: bytes, good: bytes) -> list[Any]:
    try:
        shapes = read(data, good)
    except binaries.UnlikeError as error:
        raise UnknownError(str(error)) from error
    except (ValueError, LookupError, struct.error, shapely.errors.GEOSException) as error:
        raise DamagedError(str(error)) from error
    if any(not np.isfinite(s.bounds).all() or not s.is_valid for s in shapes):
        raise UnknownError("shapes")
    return shapes


def _read_oss(path: Path) -> tuple[list[Any], str]:
    try:
        projects = json.loads(path.read_text("utf-8"))["dataNIB"]["data_proyek"]
        places = [place for project in projects for place in project["data_lokasi_proyek"]]
        words = [[corner["lat_lng"] for corner in place["data_lokasi_proyek"]] for place in places]
        corners = [[_numbers(word.split(", ")) for word in some] for some in words]
        return [_outline([(x, y) for y, x in some]) for some in corners], "EPSG:4326"
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UnknownError(str(error)) from error


GOOD: dict[str, bytes] = {}
"""The good files of formats of which a reader knows only what the grounds write."""

READERS: dict[str, Callable[[Path], tuple[list[Any], str]]] = {
    ".geojson": _read_geojson, ".geojsonl": _read_geojsonl, ".shp": _read_shp, ".gpkg": _read_gpkg, ".kml": _read_kml,
    ".kmz": _read_kmz, ".parquet": _read_parquet, ".csv": _read_csv, ".dxf": _read_dxf, ".fgb": _read_fgb, ".gdb": _read_gdb,
    ".json": _read_oss,
}  # fmt: skip
