"""Corrections written into a copy of a layer: only what changes is touched, every other byte stays.

Shapefiles are patched record by record (ESRI Shapefile Technical Description, 1998; dBASE III), GeoJSON by feature,
GeoPackages by row, KML by placemark, GeoJSONSeq by line, also inside a zip. A GeoParquet (by column)
and a FlatGeobuf are written anew and read again: they stay only if nothing else changed.
Of a File GDB (which has domains, aliases and ids that GDAL would not keep) the layer is written as a GeoPackage beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from xml.parsers.expat import ExpatError

import numpy as np
import shapely

from kkpr_check.errors import InputError, KkprError, Place, Text
from kkpr_check.io import crs as crs_policy
from kkpr_check.io import fix_kml
from kkpr_check.io.archives import extract, open_zip, zip_members
from kkpr_check.io.containers import choose_dataset, opened, sibling
from kkpr_check.io.drivers import ZIPPED
from kkpr_check.io.geojson import has_height
from kkpr_check.io.kml import folders_of
from kkpr_check.io.layers import read_source
from kkpr_check.io.raw import Raw
from kkpr_check.quality.base import Bools
from kkpr_check.quality.fixes import Draft

_DELETED = ord("*")


_PATCHED = frozenset({"ESRI Shapefile", "GeoJSON", "GPKG", "KML", "FlatGeobuf", "GeoJSONSeq", "Parquet"})
_CONVERTED = frozenset({"OpenFileGDB", "FlatGeobuf"})


def can_write(path: Path, layer: str | None, raw: Raw) -> bool:
    """Tell whether corrections can be written into this file."""
    if raw.driver not in _PATCHED or not path.is_file():
        return False
    if path.suffix.casefold() in ZIPPED:
        with _unpacked(path, layer) as (inner, inner_layer, _):
            return can_write(inner, inner_layer, raw)
    if raw.driver == "KML":
        marks = _kml_marks(path, layer, path.read_bytes())
        return marks is not None and len(marks) == len(raw.geometry)
    return True


def can_convert(raw: Raw) -> bool:
    """Tell whether the layer can be written as a GeoPackage instead."""
    return raw.driver in _CONVERTED


def write(path: Path, layer: str | None, raw: Raw, draft: Draft) -> None:
    """Patch a file.

    Raises
    ------
    InputError
        Code ``not-written``: rows and features do not correspond, or the format would lose something.
    """
    if path.suffix.casefold() in ZIPPED:
        with _unpacked(path, layer) as (inner, inner_layer, parts):
            write(inner, inner_layer, raw, draft)
            _repack(path, parts)
        return
    writers: dict[str, Callable[[Path, str | None, Raw, Draft], None]] = {
        "ESRI Shapefile": _shapefile, "GPKG": _geopackage, "KML": _kml, "FlatGeobuf": _flatgeobuf,
        "GeoJSONSeq": _lines, "Parquet": _parquet,
    }  # fmt: skip
    writers.get(raw.driver, _geojson)(path, layer, raw, draft)


def convert(path: Path, layer: str | None, raw: Raw, draft: Draft, target: Path) -> None:
    """Write the corrected layer as a GeoPackage.

    Raises
    ------
    InputError
        Code ``not-written``: not all of it would be in there.
    """
    _rewrite(path, layer, raw, draft, target, {}, called=raw.layer)
    if not _as_expected(raw, draft, target):
        target.unlink()
        raise _mismatch(path)


def _flatgeobuf(path: Path, layer: str | None, raw: Raw, draft: Draft) -> None:
    """Write it anew; without an index where that would bring the features into another order."""
    with tempfile.TemporaryDirectory(prefix="kkpr-") as home:
        for index in ("YES", "NO"):
            made = Path(home) / index / path.name
            made.parent.mkdir()
            _rewrite(path, layer, raw, draft, made, {"SPATIAL_INDEX": index})
            if _as_expected(raw, draft, made):
                shutil.copyfile(made, path)
                return
    raise _mismatch(path)


def _rewrite(
    path: Path,
    layer: str | None,
    raw: Raw,
    draft: Draft,
    target: Path,
    options: Mapping[str, str],
    called: str | None = None,
) -> None:
    from kkpr_check.io import apart
    from kkpr_check.io.fix_gdal import rewrite

    shapes = {row: shapely.to_wkb(shape) for row, shape in _shapes(raw, draft).items()}
    with opened(path, layer) as source:
        inner = raw.layer if source.driver in ("OpenFileGDB", "GPKG") else None
        apart.call(rewrite, source, inner, target, shapes, dict(draft.cells), frozenset(draft.dropped), dict(options),
                   called, file=source.file, place=source.place)  # fmt: skip


def _shapes(raw: Raw, draft: Draft) -> dict[int, Any]:
    """Return the changed geometries, each of the kind that it was stored as."""
    return {
        row: _like(draft.geometry[row], raw.geometry[row].geom_type)
        for row in sorted(draft.shapes - draft.dropped)
    }


def _as_expected(raw: Raw, draft: Draft, made: Path, layer: str | None = None) -> bool:
    """Tell whether a written layer is the one that was read, but for the corrections."""
    try:
        with opened(made, layer) as source:
            found = read_source(source, None)
    except KkprError:
        return False
    kept = [row for row in range(len(raw.geometry)) if row not in draft.dropped]
    geometry = raw.geometry.copy()
    for row, shape in _shapes(raw, draft).items():
        geometry[row] = shape
    fields = {name: [values[row] for row in kept] for name, values in raw.fields.items()}
    place = {row: i for i, row in enumerate(kept)}
    for (row, name), text in draft.cells.items():
        if row in place:
            fields[name][place[row]] = text
    if made.suffix == ".gpkg" and raw.fids is not None and raw.fid_field not in fields:
        fields = {str(raw.fid_field): [raw.fids[row] for row in kept], **fields}
    same_fields = list(found.fields) == list(fields) and all(
        list(map(repr, found.fields[name].tolist())) == list(map(repr, values))
        for name, values in fields.items()
    )
    same_shapes = shapely.to_wkb(found.geometry).tolist() == shapely.to_wkb(geometry[kept]).tolist()
    return same_fields and same_shapes and not raw.broken and _same_crs(raw.crs_label, found.crs_label)


def _same_crs(one: str | None, other: str | None) -> bool:
    return one == other or (one is not None and other is not None and crs_policy.same(one, other))


def _kml(path: Path, layer: str | None, raw: Raw, draft: Draft) -> None:
    data = path.read_bytes()
    marks = _kml_marks(path, layer, data)
    wanted = [row for row in draft.shapes | draft.dropped if len(marks[row].geometry) != 1] if marks else [0]
    if marks is None or len(marks) != len(raw.geometry) or wanted:
        raise _mismatch(path)
    shapes = {
        row: (shape, bool(fix_kml.heights(data, marks[row]))) for row, shape in _shapes(raw, draft).items()
    }
    with tempfile.TemporaryDirectory(prefix="kkpr-") as home:
        made = Path(home) / path.name
        made.write_bytes(fix_kml.patched(data, marks, shapes, draft.cells, draft.dropped))
        if not _as_expected(raw, draft, made, layer):
            raise _mismatch(path)
        shutil.copyfile(made, path)


def _kml_marks(path: Path, layer: str | None, data: bytes) -> list[fix_kml.Mark] | None:
    """Return where the rows of a KML stand in it; None where that cannot be told."""
    if not fix_kml.can_patch(data):
        return None
    try:
        marks = fix_kml.marks_of(data)
    except (ExpatError, ValueError):
        return None
    folders = folders_of(data, Place(str(path)))
    if len(marks) != len(folders):
        return None
    return [mark for mark, folder in zip(marks, folders, strict=True) if layer in (None, folder)]


@contextmanager
def _unpacked(path: Path, layer: str | None) -> Iterator[tuple[Path, str | None, dict[str, Path]]]:
    """Give the data set inside a zip as files, its inner layer, and member of the zip -> file."""
    place = Place(str(path))
    with tempfile.TemporaryDirectory(prefix="kkpr-") as home:
        with open_zip(path) as archive:
            members = zip_members(archive, path)
            chosen, inner = choose_dataset(members, layer, place)
            file = extract(archive, chosen, members[chosen], Path(home), place)
        parts = {name: file.with_suffix(PurePosixPath(name).suffix.lower()) for name in members[chosen]}
        yield file, inner, parts


def _repack(path: Path, parts: Mapping[str, Path]) -> None:
    """Write a zip anew with some members replaced; the others, their order and their times stay."""
    made = path.with_name(path.name + ".new")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            new.writestr(
                info, parts[info.filename].read_bytes() if info.filename in parts else old.read(info)
            )
    os.replace(made, path)


def _mismatch(path: Path) -> InputError:
    return InputError(
        Text(
            "its features cannot be told apart for writing", "fiturnya tidak dapat dipadankan untuk ditulis"
        ),
        place=Place(str(path)),
        code="not-written",
    )


def _geojson(path: Path, layer: str | None, raw: Raw, draft: Draft) -> None:
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


def _lines(path: Path, layer: str | None, raw: Raw, draft: Draft) -> None:
    lines = path.read_bytes().split(b"\n")
    places = [number for number, line in enumerate(lines) if _without_mark(line)]
    features = _line_features(path)
    if len(features) != len(raw.geometry) or any(feature.get("type") != "Feature" for feature in features):
        raise _mismatch(path)
    for row, shape in _shapes(raw, draft).items():
        features[row]["geometry"] = json.loads(shapely.to_geojson(shape))
    for (row, name), text in draft.cells.items():
        features[row]["properties"][name] = text
    for row in draft.shapes | {row for row, _ in draft.cells}:
        line = lines[places[row]]
        start, end = (b"\x1e" if b"\x1e" in line else b""), (b"\r" if line.endswith(b"\r") else b"")
        lines[places[row]] = start + json.dumps(features[row], ensure_ascii=False).encode("utf-8") + end
    gone = {places[row] for row in draft.dropped}
    kept = b"\n".join(line for number, line in enumerate(lines) if number not in gone)
    with tempfile.TemporaryDirectory(prefix="kkpr-") as home:
        made = Path(home) / path.name
        made.write_bytes(kept)
        if not _as_expected(raw, draft, made):
            raise _mismatch(path)
        shutil.copyfile(made, path)


def _without_mark(line: bytes) -> bytes:
    """Return a line of a GeoJSONSeq without blanks, byte order mark and record separator (RFC 8142)."""
    return line.removeprefix(b"\xef\xbb\xbf").strip().lstrip(b"\x1e").strip()


def _line_features(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for line in path.read_bytes().split(b"\n") if (text := _without_mark(line))]


def _parquet(path: Path, layer: str | None, raw: Raw, draft: Draft) -> None:
    from pyarrow import ArrowException

    from kkpr_check.io.fix_parquet import rewrite

    with tempfile.TemporaryDirectory(prefix="kkpr-") as home:
        made = Path(home) / path.name
        try:
            rewrite(path, made, _shapes(raw, draft), draft.cells, draft.dropped)
        except (ArrowException, ValueError, KeyError, TypeError) as error:
            raise _mismatch(path) from error
        if not _as_expected(raw, draft, made):
            raise _mismatch(path)
        shutil.copyfile(made, path)


def _like(shape: Any, kind: str) -> Any:
    """Return a geometry as the kind it was stored as."""
    return (
        shapely.multipolygons([shape]) if kind == "MultiPolygon" and shape.geom_type == "Polygon" else shape
    )


def _geopackage(path: Path, layer: str | None, raw: Raw, draft: Draft) -> None:
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


def _shapefile(path: Path, layer: str | None, raw: Raw, draft: Draft) -> None:
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


def with_heights(path: Path, layer: str | None, raw: Raw) -> Bools:
    """Tell which geometries have heights that a correction would lose; our readers of KML and GeoJSON drop them.

    Heights of 0 in a KML say nothing: most of its writers write them, and so does a correction.
    """
    if path.suffix.casefold() in ZIPPED:
        with _unpacked(path, layer) as (inner, inner_layer, _):
            return with_heights(inner, inner_layer, raw)
    if raw.driver == "KML":
        data = path.read_bytes()
        marks = _kml_marks(path, layer, data) or []
        high = [any(height != 0 for height in fix_kml.heights(data, mark)) for mark in marks]
    elif raw.driver == "GeoJSON":
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
        features = document.get("features") if isinstance(document, dict) else None
        high = [has_height(feature.get("geometry")) for feature in features or ()]
    elif raw.driver == "GeoJSONSeq":
        high = [has_height(feature.get("geometry")) for feature in _line_features(path)]
    else:
        has_z: Bools = shapely.has_z(raw.geometry)
        return has_z
    if len(high) != len(raw.geometry):
        return np.ones(len(raw.geometry), dtype=bool)
    return np.array(high, dtype=bool)


def fits(
    path: Path, layer: str | None, raw: Raw, cells: Mapping[tuple[int, str], str]
) -> set[tuple[int, str]]:
    """Return the cells whose new text has a place: a .dbf has columns of a fixed width, not all of a KML is a text."""
    if path.suffix.casefold() in ZIPPED:
        with _unpacked(path, layer) as (inner, inner_layer, _):
            return fits(inner, inner_layer, raw, cells)
    if raw.driver == "ESRI Shapefile":
        return {key for key, text in cells.items() if _has_room(path, raw, key[1], text)}
    if raw.driver == "KML":
        marks = _kml_marks(path, layer, path.read_bytes()) or []
        return {(row, name) for row, name in cells if row < len(marks) and name in marks[row].texts}
    return set(cells)


def _has_room(path: Path, raw: Raw, name: str, text: str) -> bool:
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
