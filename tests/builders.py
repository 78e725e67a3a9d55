"""Layers written in code for tests: good ones in every format, and ones that are broken in one way each."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import shapely

UTM51 = "EPSG:32751"
E0, N0 = 662_000.0, 8_955_000.0
"""Somewhere in Kefamenanu, EPSG:32751."""

KML = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'


def squares(count: int = 200, size: float = 50.0, columns: int = 20) -> np.ndarray:
    """Return `count` squares side by side, in metres of EPSG:32751."""
    at = np.arange(count)
    x, y = E0 + (at % columns) * size, N0 + (at // columns) * size
    return np.asarray(shapely.box(x, y, x + size, y + size), dtype=object)


def lonlat_squares(count: int = 4, size: float = 0.001) -> np.ndarray:
    """Return `count` squares in a row near 124.48 E, 9.445 S."""
    x = 124.48 + np.arange(count) * size
    return np.asarray(shapely.box(x, -9.445, x + size, -9.445 + size), dtype=object)


def columns_of(count: int) -> dict[str, list[Any]]:
    """Return a code, a name, a whole number with nulls and a real number for each feature."""
    return {
        "KODE": [f"R-{i % 4 + 1}" for i in range(count)],
        "NAMOBJ": ["Perumahan" if i % 3 else None for i in range(count)],
        "NOMOR": [i if i % 2 else None for i in range(count)],
        "LUASHA": [0.25 + i for i in range(count)],
    }


def write(
    path: Path,
    geometry: Any,
    fields: dict[str, list[Any]] | None = None,
    *,
    driver: str,
    crs: str | None = UTM51,
    kind: str = "Polygon",
    layer: str | None = None,
    append: bool = False,
    **options: Any,
) -> Path:
    """Write a layer with pyogrio."""
    from kkpr_check.io.drivers import import_pyogrio

    pyogrio = import_pyogrio()
    fields = columns_of(len(geometry)) if fields is None else fields
    arrays, masks = [], []
    for values in fields.values():
        mask = np.array([value is None for value in values])
        present = [value for value in values if value is not None]
        if present and all(isinstance(value, int) for value in present):
            arrays.append(np.array([0 if value is None else value for value in values], dtype=np.int64))
        elif present and all(isinstance(value, float) for value in present):
            arrays.append(np.array([np.nan if value is None else value for value in values]))
        else:
            arrays.append(np.array(values, dtype=object))
        masks.append(mask if mask.any() and arrays[-1].dtype.kind == "i" else None)
    if crs is None:
        options["crs"] = None
    else:
        options["crs"] = crs
    wkb = np.array([None if g is None else shapely.to_wkb(g) for g in geometry], dtype=object)
    pyogrio.raw.write(
        path,
        wkb,
        arrays,
        list(fields),
        masks,
        layer=layer,
        driver=driver,
        geometry_type=kind,
        append=append,
        **options,
    )
    return path


def shapefile(folder: Path, count: int = 200, name: str = "zona", **options: Any) -> Path:
    """Write a good shapefile of squares and return the .shp."""
    folder.mkdir(parents=True, exist_ok=True)
    return write(folder / f"{name}.shp", squares(count), driver="ESRI Shapefile", **options)


def geojson(path: Path, features: list[Any], **members: Any) -> Path:
    """Write a FeatureCollection; NaN and infinities are written as JavaScript would."""
    path.write_text(
        json.dumps({"type": "FeatureCollection", **members, "features": features}), encoding="utf-8"
    )
    return path


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    """Return a GeoJSON feature of a shapely geometry or a ready-made geometry object."""
    shape = geometry if geometry is None or isinstance(geometry, dict) else shapely.geometry.mapping(geometry)
    return {"type": "Feature", "properties": properties, "geometry": shape}


def polygon(*rings: list[list[Any]]) -> dict[str, Any]:
    """Return a GeoJSON polygon of rings as they are, good or bad."""
    return {"type": "Polygon", "coordinates": list(rings)}


def ring(x: float = 124.48, y: float = -9.445, size: float = 0.001) -> list[list[float]]:
    """Return a closed square ring in longitude and latitude."""
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def zipped(path: Path, members: dict[str, bytes | Path], **options: Any) -> Path:
    """Write a zip of named members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content.read_bytes() if isinstance(content, Path) else content)
    return path


def zipped_shapefile(path: Path, shp: Path, prefix: str = "", stem: str | None = None) -> Path:
    """Zip the parts of a shapefile below `prefix`, under another stem if one is given."""
    parts = [p for p in shp.parent.iterdir() if p.stem == shp.stem]
    return zipped(path, {f"{prefix}{stem or p.stem}{p.suffix}": p for p in parts})


def placemark(coordinates: str, name: str = "Persil", extra: str = "") -> str:
    """Return a KML placemark with one polygon."""
    return (
        f"<Placemark><name>{name}</name>{extra}<Polygon><outerBoundaryIs><LinearRing><coordinates>{coordinates}"
        "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def kml_ring(x: float = 124.48, y: float = -9.445, size: float = 0.001) -> str:
    """Return the KML coordinates of a square ring."""
    return " ".join(f"{px},{py},0" for px, py in ring(x, y, size))


def cut(path: Path, keep: float) -> Path:
    """Keep the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def set_dbf_rows(dbf: Path, rows: int) -> Path:
    """Make a .dbf that has, and says it has, another number of records (the last one repeated where needed)."""
    data = dbf.read_bytes()
    count, start, width = struct.unpack("<IHH", data[4:12])
    records = [data[start + i * width : start + (i + 1) * width] for i in range(count)]
    records = [*records, *records[-1:] * max(0, rows - count)][:rows]
    dbf.write_bytes(data[:4] + struct.pack("<I", rows) + data[8:start] + b"".join(records) + b"\x1a")
    return dbf


def shuffle_shx(shx: Path) -> Path:
    """Point every row of the .shx to the shape of another row."""
    data = shx.read_bytes()
    records = [data[at : at + 8] for at in range(100, len(data), 8)]
    shx.write_bytes(data[:100] + b"".join(records[1:] + records[:1]))
    return shx


def overwrite_text(dbf: Path, old: bytes, new: bytes) -> Path:
    """Exchange bytes of the same length in a .dbf."""
    assert len(old) == len(new)
    dbf.write_bytes(dbf.read_bytes().replace(old, new))
    return dbf


def dxf(path: Path, outlines: list[tuple[str, list[tuple[float, float]], bool]]) -> Path:
    """Write LWPOLYLINEs: (drawing layer, points, closed)."""
    lines = ["0", "SECTION", "2", "ENTITIES"]
    for layer, points, closed in outlines:
        lines += ["0", "LWPOLYLINE", "8", layer, "90", str(len(points)), "70", "1" if closed else "0"]
        for x, y in points:
            lines += ["10", repr(x), "20", repr(y)]
    path.write_text("\n".join([*lines, "0", "ENDSEC", "0", "EOF", ""]))
    return path


def circle_gpkg(path: Path, radius: float = 50.0, *, declared: bool = True) -> Path:
    """Write a GeoPackage with one circle made of true arcs (CURVEPOLYGON), around E0, N0."""
    write(path, squares(1), driver="GPKG", kind="Polygon" if declared else "Unknown")
    points = [(E0 - radius, N0), (E0, N0 + radius), (E0 + radius, N0), (E0, N0 - radius), (E0 - radius, N0)]
    arc = struct.pack("<BII", 1, 8, len(points)) + b"".join(struct.pack("<dd", *p) for p in points)
    blob = b"GP\0\x01" + struct.pack("<i", 32751) + struct.pack("<BII", 1, 10, 1) + arc
    with closing(sqlite3.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute(f'UPDATE "{path.stem}" SET geom = ?', (blob,))
        if declared:
            connection.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'")
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'POLYGON', 'CURVEPOLYGON')")
        else:
            connection.execute(
                "INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_geom_CURVEPOLYGON', 'x', 'read-write')",
                (path.stem,),
            )
        connection.commit()
    return path
