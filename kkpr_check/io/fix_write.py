"""Corrections written into a copy of a layer: only what changes is touched, every other byte stays.

Shapefiles are patched record by record (ESRI Shapefile Technical Description, 1998; dBASE III), GeoJSON by feature,
GeoPackages by row. Other formats are not written.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import shapely

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.io.containers import sibling
from kkpr_check.io.raw import Raw
from kkpr_check.quality.fixes import Draft

_DELETED = ord("*")


def can_write(path: Path, raw: Raw) -> bool:
    """Tell whether corrections can be written into this file."""
    suffix = path.suffix.casefold()
    return (suffix in (".shp", ".geojson", ".json") and raw.driver != "GeoJSONSeq") or suffix == ".gpkg"


def write(path: Path, raw: Raw, draft: Draft) -> None:
    """Patch a file.

    Raises
    ------
    InputError
        The file is not laid out as it was read: rows and features do not correspond.
    """
    writers = {".shp": _shapefile, ".gpkg": _geopackage}
    writers.get(path.suffix.casefold(), _geojson)(path, raw, draft)


def _mismatch(path: Path) -> InputError:
    return InputError(
        Text(
            "its features cannot be told apart for writing", "fiturnya tidak dapat dipadankan untuk ditulis"
        ),
        place=Place(str(path)),
        code="not-written",
    )


def _geojson(path: Path, raw: Raw, draft: Draft) -> None:
    data = path.read_bytes()
    document = json.loads(data.decode("utf-8-sig"))
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or len(features) != len(raw.geometry):
        raise _mismatch(path)
    for row in draft.shapes - draft.dropped:
        features[row]["geometry"] = json.loads(
            shapely.to_geojson(_like(draft.geometry[row], features[row]["geometry"]["type"]))
        )
    for (row, name), text in draft.cells.items():
        features[row]["properties"][name] = text
    document["features"] = [feature for row, feature in enumerate(features) if row not in draft.dropped]
    path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _like(shape: Any, kind: str) -> Any:
    """Return a geometry as the kind it was stored as."""
    return (
        shapely.multipolygons([shape]) if kind == "MultiPolygon" and shape.geom_type == "Polygon" else shape
    )


def _geopackage(path: Path, raw: Raw, draft: Draft) -> None:
    with closing(sqlite3.connect(path)) as base:
        for name, index in (("ST_MinX", 0), ("ST_MinY", 1), ("ST_MaxX", 2), ("ST_MaxY", 3)):
            base.create_function(name, 1, lambda blob, i=index: _shape(blob).bounds[i], deterministic=True)
        base.create_function("ST_IsEmpty", 1, lambda blob: int(_shape(blob).is_empty), deterministic=True)
        column = base.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (raw.layer,)
        ).fetchone()
        table = _quoted(raw.layer)
        ids = [row[0] for row in base.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]
        if column is None or len(ids) != len(raw.geometry):
            raise _mismatch(path)
        with base:
            for row in sorted(draft.shapes - draft.dropped):
                sql = f"SELECT {_quoted(column[0])} FROM {table} WHERE rowid = ?"
                blob = base.execute(sql, (ids[row],)).fetchone()[0]
                shape = _like(draft.geometry[row], shapely.from_wkb(_body(blob)).geom_type)
                sql = f"UPDATE {table} SET {_quoted(column[0])} = ? WHERE rowid = ?"
                base.execute(sql, (_blob(shape, blob), ids[row]))
            for (row, name), text in sorted(draft.cells.items()):
                base.execute(f"UPDATE {table} SET {_quoted(name)} = ? WHERE rowid = ?", (text, ids[row]))
            for row in sorted(draft.dropped):
                base.execute(f"DELETE FROM {table} WHERE rowid = ?", (ids[row],))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _body(blob: bytes) -> bytes:
    """Return the WKB inside a GeoPackage geometry (OGC 12-128r18, 2.1.3)."""
    envelope: int = (0, 32, 48, 48, 64)[(blob[3] >> 1) & 7]
    return bytes(blob[8 + envelope :])


def _shape(blob: bytes) -> Any:
    return shapely.from_wkb(_body(blob))


def _blob(shape: Any, like: bytes) -> bytes:
    """Return a geometry with the header of another one: its CRS, and an envelope in x and y."""
    srs = struct.unpack("<i" if like[3] & 1 else ">i", like[4:8])[0]
    x0, y0, x1, y1 = shape.bounds
    body: bytes = shapely.to_wkb(shape, byte_order=1)
    return b"GP\x00\x03" + struct.pack("<i4d", srs, x0, x1, y0, y1) + body


def _shapefile(path: Path, raw: Raw, draft: Draft) -> None:
    dbf, shx = sibling(path, ".dbf"), sibling(path, ".shx")
    assert dbf is not None and shx is not None
    records = _records(path, shx)
    if len(records) != len(raw.geometry):
        raise _mismatch(path)
    if draft.shapes or draft.dropped:
        for row in draft.shapes:
            records[row] = _polygon_record(draft.geometry[row])
        _write_records(path, shx, [record for row, record in enumerate(records) if row not in draft.dropped])
    if draft.cells or draft.dropped:
        _patch_table(dbf, draft.cells, draft.dropped, raw.encoding, len(raw.geometry))


def _records(shp: Path, shx: Path) -> list[bytes]:
    data, index = shp.read_bytes(), shx.read_bytes()
    spans = struct.iter_unpack(">ii", index[100:])
    return [data[2 * at + 8 : 2 * at + 8 + 2 * length] for at, length in spans]


def _polygon_record(shape: Any) -> bytes:
    """Return the content of a polygon record; outlines run clockwise, holes the other way."""
    polygon = shapely.orient_polygons(shape, exterior_cw=True)
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(polygon)]
    starts, total = [], 0
    for ring in rings:
        starts.append(total)
        total += len(ring)
    head = struct.pack("<i4dii", 5, *polygon.bounds, len(rings), total)
    return (
        head
        + struct.pack(f"<{len(starts)}i", *starts)
        + b"".join(ring.astype("<f8").tobytes() for ring in rings)
    )


def _write_records(shp: Path, shx: Path, records: list[bytes]) -> None:
    head, index_head = bytearray(shp.read_bytes()[:100]), bytearray(shx.read_bytes()[:100])
    body, index, at = bytearray(), bytearray(), 50
    for number, record in enumerate(records, start=1):
        index += struct.pack(">ii", at, len(record) // 2)
        body += struct.pack(">ii", number, len(record) // 2) + record
        at += 4 + len(record) // 2
    boxes = [struct.unpack("<4d", record[4:36]) for record in records if record[:4] != b"\0\0\0\0"]
    box = (
        [f(values) for f, values in zip((min, min, max, max), zip(*boxes, strict=True), strict=True)]
        if boxes
        else [0.0] * 4
    )
    for target, size in ((head, 50 + len(body) // 2), (index_head, 50 + len(index) // 2)):
        struct.pack_into(">i", target, 24, size)
        struct.pack_into("<4d", target, 36, *box)
    shp.write_bytes(bytes(head) + body)
    shx.write_bytes(bytes(index_head) + index)


def _patch_table(
    dbf: Path, cells: Mapping[tuple[int, str], str], dropped: set[int], encoding: str, rows: int
) -> None:
    data = bytearray(dbf.read_bytes())
    count, start, width = struct.unpack("<IHH", data[4:12])
    if count != rows or any(data[start + i * width] == _DELETED for i in range(count)):
        raise _mismatch(dbf)
    columns, offset = [], 1
    for at in range(32, start - 1, 32):
        if data[at] == 0x0D:
            break
        columns.append((bytes(data[at : at + 11]).split(b"\0")[0], offset, data[at + 16]))
        offset += data[at + 16]
    place = {name.decode(encoding, "replace"): (at, wide) for name, at, wide in columns}
    for (row, name), text in cells.items():
        at, wide = place[name]
        data[start + row * width + at : start + row * width + at + wide] = text.encode(encoding).ljust(wide)
    kept = [
        bytes(data[start + i * width : start + (i + 1) * width]) for i in range(count) if i not in dropped
    ]
    struct.pack_into("<I", data, 4, len(kept))
    dbf.write_bytes(bytes(data[:start]) + b"".join(kept) + bytes(data[start + count * width :]))


def fits(path: Path, raw: Raw, name: str, text: str) -> bool:
    """Tell whether a text has room in its column; only a .dbf has columns of a fixed width."""
    if path.suffix.casefold() != ".shp":
        return True
    dbf = sibling(path, ".dbf")
    data = dbf.read_bytes()[:32768] if dbf is not None else b""
    try:
        encoded = text.encode(raw.encoding)
    except UnicodeEncodeError:
        return False
    for at in range(32, struct.unpack("<H", data[8:10])[0] - 1, 32):
        if bytes(data[at : at + 11]).split(b"\0")[0].decode(raw.encoding, "replace") == name:
            return len(encoded) <= data[at + 16]
    return False
