"""GeoJSON and GeoJSONSeq, read without GDAL.

GDAL is strict where real files are loose (positions ``[x, y, 0, null]`` of ArcGIS exports) and loose where a check
must be strict: of a doubled key the last one wins, a column with numbers and texts becomes text, and a file in
metres is read as degrees.
"""

from __future__ import annotations

import gc
import json
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.geometry import Objects, objects
from kkpr_check.io.containers import Source
from kkpr_check.io.raw import HEIGHT_DROPPED, NESTED, NOT_FINITE, Raw, unreadable

LEVELS_MAX = 100
"""Levels of nesting that are read: fewer than any Python's own limit, which moves from version to version."""

_DEPTH = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3,
}  # fmt: skip
_SINGLE = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
LONLAT = "OGC:CRS84"
_OPEN_RING = Text("a ring is not closed", "ada ring (garis batas) yang tidak tertutup")
_SHORT_RING = Text("a ring has fewer than 4 points", "ada ring (garis batas) dengan kurang dari 4 titik")
_SHORT_LINE = Text("a line has fewer than 2 points", "ada garis dengan kurang dari 2 titik")
_NO_POSITIONS = Text("its coordinates are no numbers", "koordinatnya bukan angka")


class _Doubled(dict[str, Any]):
    """A JSON object in which a key stands twice."""


def read_geojson(source: Source, data: bytes | None = None) -> Raw:
    """Read a GeoJSON file (or `data`) whole: FeatureCollection, Feature or bare geometry; or one of them a line.

    Raises
    ------
    InputError
        Codes ``unreadable``, ``encoding``, ``duplicate-key``, ``not-geojson``.
    """
    place = source.place._replace(layer=source.name)
    text = decoded(source.file.read_bytes() if data is None else data, place)
    features, label = (_sequence if source.driver == "GeoJSONSeq" else features_and_crs)(text, place)
    raw = assembled(features, place, source)
    raw.crs_label = label
    return raw


def decoded(data: bytes, place: Place) -> str:
    """Return the text, which has to be UTF-8; InputError ``encoding`` where it is not."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            Text(f"the text is not UTF-8 (byte {error.start})", f"teks bukan UTF-8 (bita ke-{error.start})"),
            place=place,
            remedy=Text("save it as UTF-8", "simpan ulang sebagai UTF-8"),
            code="encoding",
        ) from error


def pairs_kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of the parser, marked where a key stands twice."""
    built = dict(pairs)
    return built if len(built) == len(pairs) else _Doubled(built)


def parsed(text: str, place: Place) -> Any:
    """Return the JSON of a text, doubled keys marked; InputError ``unreadable``."""
    collecting = gc.isenabled()
    gc.disable()  # millions of new lists and no garbage among them: the collector would take half of the time
    try:
        return json.loads(text, object_pairs_hook=pairs_kept)
    except RecursionError as error:
        raise unreadable(place, f"JSON: {NESTED}") from error
    except ValueError as error:
        if not text.strip():
            raise unreadable(place, "the file is empty") from error
        raise unreadable(place, f"JSON: {error}") from error
    finally:
        if collecting:
            gc.enable()


def features_and_crs(text: str, place: Place) -> tuple[list[Any], str | None]:
    """Return the features of a document and the label of its CRS; InputError where it is no GeoJSON."""
    document = parsed(text, place)
    kind = document.get("type") if isinstance(document, dict) else None
    if isinstance(document, _Doubled):
        raise doubled(place)
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return document["features"], crs_label(document, place)
    if kind == "Feature":
        return [document], crs_label(document, place)
    if kind in _DEPTH:
        return [{"type": "Feature", "properties": {}, "geometry": document}], crs_label(document, place)
    if isinstance(document, dict) and {"geometryType", "spatialReference"} & set(document):
        raise _not_geojson(place, "Esri JSON")
    if kind == "Topology":
        raise _not_geojson(place, "TopoJSON")
    if isinstance(document, dict | list):
        _is_doubled(document, place)
    raise _not_geojson(place, "JSON")


def _sequence(text: str, place: Place) -> tuple[list[Any], str | None]:
    features = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip().lstrip("\x1e").strip()
        if line:
            features.extend(features_of_line(line, place._replace(row=number)))
    return features, LONLAT


def features_of_line(line: str, place: Place) -> list[Any]:
    """Return the features of one line of a GeoJSONSeq, which has no CRS but longitude/latitude (RFC 8142)."""
    features, crs = features_and_crs(line, place)
    if crs != LONLAT:
        raise unreadable(place, f"crs: {crs}", code="crs-unknown")
    return features


def crs_label(document: dict[str, Any], place: Place) -> str | None:
    """Return the label of the ``crs`` member; none means longitude/latitude (RFC 7946), null means unknown."""
    if "crs" not in document:
        return LONLAT
    crs = document["crs"]
    if crs is None:
        return None
    name = crs.get("properties", {}).get("name") if isinstance(crs, dict) else None
    if not isinstance(name, str):
        raise unreadable(place, f"crs: {json.dumps(crs)[:80]}", code="crs-unknown")
    return name


def doubled(place: Place) -> InputError:
    """Return the error for a key that stands twice."""
    return InputError(
        Text(
            "a key stands twice in one JSON object", "ada kunci yang tertulis dua kali dalam satu objek JSON"
        ),
        place=place,
        remedy=Text("keep the right one of the two", "sisakan satu yang benar"),
        code="duplicate-key",
    )


def _not_geojson(place: Place, what: str) -> InputError:
    return InputError(
        Text(f"this is {what}, not GeoJSON", f"ini {what}, bukan GeoJSON"),
        place=place,
        remedy=Text(
            "export it as GeoJSON or GeoPackage; an application of OSS has the root object dataNIB",
            "ekspor sebagai GeoJSON atau GeoPackage; permohonan OSS berakar pada objek dataNIB",
        ),
        code="not-geojson",
    )


def assembled(features: list[Any], place: Place, source: Source) -> Raw:
    """Return features as a layer; InputError ``not-geojson`` or ``duplicate-key`` where one is no feature."""
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    ids: list[Any] = []
    for row, feature in enumerate(features):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise _not_geojson(place._replace(row=row), "JSON")
        properties, shape = feature.get("properties") or {}, feature.get("geometry")
        if not isinstance(properties, dict) or not (shape is None or isinstance(shape, dict)):
            raise _not_geojson(place._replace(row=row), "JSON")
        if isinstance(feature, _Doubled) or isinstance(shape, _Doubled) or _is_doubled(properties, place):
            raise doubled(place._replace(row=row))
        rows.append(properties)
        shapes.append(shape)
        ids.append(feature.get("id"))
    geometry, broken = build_geometries(shapes)
    raw = Raw(source.name, source.driver, geometry, _columns(rows), None, broken=broken)
    if any(has_height(shape) for shape in shapes):
        raw.assumptions.append(HEIGHT_DROPPED)
    if ids and all(isinstance(i, int | str) and i != "" for i in ids):
        raw.fids, raw.fid_field = objects(ids), "id"
    return raw


def _is_doubled(value: Any, place: Place, levels: int = LEVELS_MAX) -> bool:
    """Tell whether a key stands twice anywhere inside a list or an object.

    Raises
    ------
    InputError
        It is nested deeper than `LEVELS_MAX`.
    """
    if not levels:
        raise unreadable(place, f"JSON: {NESTED}")
    inner = value.values() if isinstance(value, dict) else value
    return isinstance(value, _Doubled) or any(
        _is_doubled(one, place, levels - 1) for one in inner if isinstance(one, dict | list)
    )


def has_height(shape: Any) -> bool:
    """Tell whether the first position of a geometry has more than x and y."""
    inner = shape.get("coordinates") if isinstance(shape, dict) else None
    while isinstance(inner, list) and inner and isinstance(inner[0], list):
        inner = inner[0]
    return isinstance(inner, list) and len(inner) > 2


def _columns(rows: list[dict[str, Any]]) -> dict[str, Objects]:
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: objects([_value(row.get(name)) for row in rows]) for name in names}


def _value(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return None if isinstance(value, float) and not np.isfinite(value) else value


def build_geometries(shapes: list[Any]) -> tuple[Objects, dict[int, Text]]:
    """Build shapely geometries from GeoJSON geometry objects, all of one type at a time.

    Returns
    -------
    (geometries, broken)
        None where there is no geometry; `broken` says why where there should be one. Only x and y are kept,
        since a third or fourth member of a position decides nothing here.
    """
    geometry = objects([None] * len(shapes))
    broken: dict[int, Text] = {}
    by_type: dict[str, list[int]] = {}
    for row, shape in enumerate(shapes):
        if shape is None:
            continue
        kind = shape.get("type")
        if kind in _DEPTH and isinstance(shape.get("coordinates"), list):
            by_type.setdefault(kind, []).append(row)
        else:
            broken[row] = Text(f"geometry type {str(kind)[:40]}", f"jenis geometri {str(kind)[:40]}")
    for kind, members in by_type.items():
        coordinates = [shapes[row]["coordinates"] for row in members]
        try:
            geometry[members] = _build(kind, coordinates)
        except _BrokenError:
            for row, one in zip(members, coordinates, strict=True):
                try:
                    geometry[row] = _build(kind, [one])[0]
                except _BrokenError as error:
                    broken[row] = error.why
    return geometry, broken


class _BrokenError(Exception):
    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


def _build(kind: str, coordinates: list[Any]) -> Objects:
    """Build geometries of one type through flat arrays; empty ones are allowed and stay empty."""
    depth = _DEPTH[kind]
    if kind in _SINGLE:
        coordinates = [[one] if one else [] for one in coordinates]
        depth += 1
    offsets = []
    level: list[Any] = coordinates
    for _ in range(depth):
        if not all(isinstance(item, list) for item in level):
            raise _BrokenError(_NO_POSITIONS)
        offsets.append(np.concatenate([[0], np.cumsum([len(item) for item in level], dtype=np.int64)]))
        level = list(chain.from_iterable(level))
    xy = _positions(level)
    if depth == 3:
        _check_rings(xy, offsets[-1])
    if depth == 2 and (np.diff(offsets[-1]) == 1).any():
        raise _BrokenError(_SHORT_LINE)
    target = getattr(shapely.GeometryType, _SINGLE.get(kind, kind).upper())
    built = shapely.from_ragged_array(target, xy, tuple(reversed(offsets)))
    if kind not in _SINGLE:
        return np.asarray(built, dtype=object)
    single = objects([shapely.from_wkt(f"{kind.upper()} EMPTY")] * len(built))
    filled = ~shapely.is_empty(built)
    single[filled] = shapely.get_geometry(built[filled], 0)
    return single


def _positions(level: list[Any]) -> NDArray[np.float64]:
    if not level:
        return np.empty((0, 2))
    try:
        xy = np.array([(p[0], p[1]) for p in level])
    except (TypeError, IndexError, KeyError, ValueError, OverflowError) as error:
        raise _BrokenError(_NO_POSITIONS) from error
    if xy.dtype.kind not in "fiu" or xy.ndim != 2:
        raise _BrokenError(_NO_POSITIONS)
    if not np.isfinite(xy).all():
        raise _BrokenError(NOT_FINITE)
    return xy.astype(float)


def _check_rings(xy: NDArray[np.float64], offsets: NDArray[np.int64]) -> None:
    lengths = np.diff(offsets)
    filled = lengths > 0
    if (lengths[filled] < 4).any():
        raise _BrokenError(_SHORT_RING)
    first, last = xy[offsets[:-1][filled]], xy[offsets[1:][filled] - 1]
    if not np.array_equal(first, last):
        raise _BrokenError(_OPEN_RING)
