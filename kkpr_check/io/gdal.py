"""Layers that GDAL reads (pyogrio): shapefile, GeoPackage, File GDB, FlatGeobuf, DXF. Called by way of `apart`."""

from __future__ import annotations

import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.errors import InputError, KkprError, Place, Text
from kkpr_check.geometry import Objects, objects
from kkpr_check.io.containers import Source, choose_layer
from kkpr_check.io.drivers import import_pyogrio
from kkpr_check.io.raw import Raw, unreadable
from kkpr_check.io.shapefile import ShapefileFacts, check_shapefile, decode_columns

_MAGIC = {"GPKG": b"SQLite format 3\0", "FlatGeobuf": b"fgb\x03", "ESRI Shapefile": b"\x00\x00\x27\x0a"}
_CURVES = ("CURVE", "SURFACE", "CIRCULARSTRING")
_ACCEPTED: dict[str, Text] = {
    r"Measured \(M\) geometry types are not supported": Text(
        "measures (M) of the coordinates are dropped", "nilai ukur (M) pada koordinat diabaikan"
    ),
    r"invalid winding order|winding order": Text(
        "rings with the wrong winding order were read by their shape",
        "ring dengan arah putar keliru dibaca menurut bentuknya",
    ),
    r"organizePolygons\(\) received a polygon with more than": Text(
        "polygons with more than 100 parts were put together by GDAL",
        "poligon dengan lebih dari 100 bagian disusun oleh GDAL",
    ),
    r"Skipping field": Text(
        "a field of a type that has no table form was not read", "ada kolom berjenis khusus yang tidak dibaca"
    ),
}
"""Library warnings that are understood; any other one stops the read."""


def read_gdal(source: Source, encoding: str | None) -> Raw:
    """Read one layer whole.

    Raises
    ------
    InputError
        Codes ``unreadable``, ``not-read-whole``, ``missing-part``, ``layer-choice``, ``library-warning``, ``encoding``,
        ``open-elsewhere``, ``wrong-driver``.
    """
    facts = checked_before(source)
    pyogrio = import_pyogrio()
    assumptions: list[Text] = []
    with listening(source.place, assumptions):
        layer = layer_name(source, pyogrio)
        info = pyogrio.read_info(
            source.file, layer=layer, force_feature_count=True, encoding=byte_text(facts)
        )
        if info["driver"] != source.driver:
            raise wrong_driver(source, info["driver"])
        meta, fids, wkb, data = pyogrio.raw.read(
            source.file, layer=layer, return_fids=True, datetime_as_string=True, encoding=byte_text(facts)
        )
        curved = has_curves(source, str(info["layer_name"]), pyogrio)
    check_count(source, layer, info["features"], len(fids), facts)
    geometry, broken = from_wkb(wkb if wkb is not None else objects([None] * len(fids)))
    unique_names(meta["fields"], source)
    fields = {
        str(name): column_values(values, kind)
        for name, values, kind in zip(meta["fields"], data, meta["ogr_types"], strict=True)
    }
    used = str(meta["encoding"] or "UTF-8")
    if facts is not None:
        fields, used, note = decode_columns(fields, facts, encoding, source.place)
        assumptions += [note] if note is not None else []
        assumptions += [_deleted(facts.deleted)] if facts.deleted else []
    if curved:
        assumptions.append(
            Text(
                "curves are read as chains of short chords (one per 4 degrees of arc)",
                "kurva dibaca sebagai rangkaian tali busur pendek (satu per 4 derajat busur)",
            )
        )
    raw = Raw(layer or source.name, source.driver, geometry, fields, meta["crs"], used, broken, assumptions)
    if info["fid_column"]:
        raw.fids, raw.fid_field = fids.astype(object), str(info["fid_column"])
    return closed_outlines(raw, source) if source.driver == "DXF" else raw


def gdal_layers(source: Source) -> list[tuple[str, str | None]]:
    """Return (name, geometry type) of the layers inside; the type of a table without geometry is None."""
    _check_magic(source)
    pyogrio = import_pyogrio()
    with listening(source.place, []):
        return [
            (str(name), None if kind is None else str(kind))
            for name, kind in pyogrio.list_layers(source.file)
        ]


def from_wkb(wkb: Objects) -> tuple[Objects, dict[int, Text]]:
    """Return the geometries, and the rows whose WKB describes none, with the reason."""
    with np.errstate(invalid="ignore"):  # NaN coordinates: told by the gate, each with its row
        geometry = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), dtype=object)
    broken: dict[int, Text] = {}
    for row in np.flatnonzero(shapely.is_missing(geometry)):
        if wkb[row] is not None:
            try:
                geometry[row] = shapely.from_wkb(wkb[row])
            except shapely.errors.GEOSException as error:
                why = str(error).partition(": ")[2] or str(error)
                broken[int(row)] = Text(
                    f"no geometry can be built: {why}", f"geometri tidak dapat dibentuk: {why}"
                )
    return geometry, broken


def closed_outlines(raw: Raw, source: Source) -> Raw:
    """Turn the closed polylines of a DXF drawing into polygons; of several drawing layers one must be named.

    Open lines, texts and points are no areas: they are left out and counted.
    """
    lines = shapely.get_type_id(raw.geometry) == shapely.GeometryType.LINESTRING
    rings = lines & shapely.is_closed(raw.geometry) & (shapely.get_num_coordinates(raw.geometry) >= 4)
    areas = np.isin(
        shapely.get_type_id(raw.geometry), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    )
    kept = rings | areas
    drawing = raw.fields.get("Layer", objects([None] * len(kept)))
    names = sorted({str(name) for name in drawing[kept]})
    if not names:
        raise InputError(
            Text("the drawing has no closed outline", "gambar tidak memuat garis batas tertutup"),
            place=source.place,
            remedy=Text(
                "close the polyline (PEDIT, Close) and save it again",
                "tutup polyline (PEDIT, Close) lalu simpan ulang",
            ),
            code="geometry-type",
        )
    layer = choose_layer(names, source.layer, source.place)
    kept &= np.array([str(name) == layer for name in drawing])
    geometry = raw.geometry.copy()
    xy, owner = shapely.get_coordinates(geometry[rings & kept], return_index=True)
    geometry[rings & kept] = shapely.polygons(shapely.linearrings(xy, indices=owner)) if len(owner) else []
    left_out = int(np.count_nonzero(~kept))
    if left_out:
        raw.assumptions.append(
            Text(
                f"{left_out} entities of the drawing are no closed outlines of layer {layer} and are left out",
                f"{left_out} entitas gambar bukan garis batas tertutup pada layer {layer} dan tidak dibaca",
            )
        )
    fields = {name: values[kept] for name, values in raw.fields.items()}
    broken = {int(np.count_nonzero(kept[:row])): why for row, why in raw.broken.items() if kept[row]}
    return Raw(
        layer, raw.driver, geometry[kept], fields, raw.crs_label, raw.encoding, broken, raw.assumptions
    )


def unique_names(names: Any, source: Source) -> None:
    """Refuse two columns of one name: one would hide the other."""
    twice = sorted({str(name) for name in names if list(names).count(name) > 1})
    if twice:
        raise InputError(
            Text(f"two columns are called {twice[0]}", f"ada dua kolom bernama {twice[0]}"),
            place=source.place,
            remedy=Text("rename one of them", "ganti nama salah satunya"),
            code="duplicate-field",
        )


def layer_name(source: Source, pyogrio: Any) -> str | None:
    """Return the layer that is meant; None for formats that hold one."""
    if source.driver in ("ESRI Shapefile", "DXF", "FlatGeobuf"):
        return None
    layers = [(str(name), kind) for name, kind in pyogrio.list_layers(source.file)]
    spatial = [name for name, kind in layers if kind is not None]
    return choose_layer(spatial, source.layer, source.place)


def checked_before(source: Source) -> ShapefileFacts | None:
    """Check the bytes before GDAL sees them, so that it can meet no other format than the suffix promises."""
    if source.driver == "ESRI Shapefile":
        facts = check_shapefile(source.file, source.place)
        _check_magic(source)
        return facts
    _check_magic(source)
    if source.driver == "GPKG":
        _check_sqlite(source)
    return None


def _check_magic(source: Source) -> None:
    if source.file.is_dir():
        return
    with source.file.open("rb") as stream:
        head = stream.read(256)
    if source.driver == "DXF":
        right = (
            head.startswith(b"AutoCAD Binary DXF") or re.match(rb"\s*(999\s|0\s+SECTION)", head) is not None
        )
    else:
        right = head.startswith(_MAGIC.get(source.driver, b""))
    if not right:
        raise wrong_driver(source, "?")


def _check_sqlite(source: Source) -> None:
    for suffix in ("-wal", "-journal"):
        half = source.file.with_name(source.file.name + suffix)
        if half.exists() and half.stat().st_size:
            raise InputError(
                Text(
                    f"it is open in another program ({half.name})",
                    f"sedang dibuka program lain ({half.name})",
                ),
                place=source.place,
                remedy=Text("close it there first", "tutup dahulu di program itu"),
                code="open-elsewhere",
            )
    try:
        with _sqlite(source) as connection:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes damaged names in its messages
        raise unreadable(source.place, f"SQLite: {error}") from error
    if verdict != "ok":
        raise unreadable(source.place, f"SQLite: {verdict}")


@contextmanager
def _sqlite(source: Source) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{quote(str(source.file))}?mode=ro&immutable=1", uri=True)
    connection.text_factory = lambda data: data.decode(errors="replace")
    try:
        yield connection
    finally:
        connection.close()


def check_count(
    source: Source, layer: str | None, said: int, read: int, facts: ShapefileFacts | None
) -> None:
    """Refuse a layer of which fewer or more features were read than it says it has."""
    if facts is not None:
        said = facts.rows - facts.deleted
    elif source.driver == "GPKG" and layer is not None:
        try:
            with _sqlite(source) as connection:
                name = layer.replace('"', '""')
                said = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise unreadable(source.place, f"SQLite: {error}") from error
    if said != read:
        raise InputError(
            Text(
                f"{said} features in the file, {read} could be read",
                f"berkas berisi {said} fitur, terbaca {read}",
            ),
            place=source.place._replace(layer=layer),
            remedy=Text("the file is damaged: export it again", "berkas rusak: ekspor ulang"),
            code="not-read-whole",
        )


@contextmanager
def listening(place: Place, assumptions: list[Text]) -> Iterator[None]:
    """Turn what GDAL says into errors or recorded assumptions; nothing is swallowed."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            yield
        except KkprError:
            raise
        except UnicodeDecodeError as error:
            raise unreadable(place, f"text: {error}", code="encoding") from error
        except UnboundLocalError as error:  # how pyogrio fails on a .prj that it cannot take apart
            raise _damaged_crs(place) from error
        except Exception as error:  # whatever a reader of hostile bytes may raise, the file is what is wrong
            raise (
                _damaged_crs(place) if "missing , or ]" in str(error) else unreadable(place, _words(error))
            ) from error
    for message in dict.fromkeys(str(warning.message) for warning in heard):
        known = next((text for pattern, text in _ACCEPTED.items() if re.search(pattern, message)), None)
        if known is None:
            raise unreadable(place, _words(message), code="library-warning")
        if known not in assumptions:
            assumptions.append(known)


def _damaged_crs(place: Place) -> KkprError:
    return unreadable(
        place,
        "its CRS is damaged",
        remedy=Text(
            "delete the .prj and name the CRS: --assume-crs EPSG:...",
            "hapus .prj lalu sebutkan SRK: --assume-crs EPSG:...",
        ),
        code="crs-unknown",
    )


def _words(why: Exception | str) -> str:
    """Return the words of a reader without paths of this machine or of its makers, and without advice to programmers."""
    if isinstance(why, IndexError):
        return "it ends before its first feature"
    text = re.sub(r"'?/[^' ]*/kkpr-[^' ]*'?", "", str(why))
    text = re.sub(r"/\S+\.cpp, \d+: ", "", text)
    return re.sub(r" To avoid accepting it, set the \w+ configuration option to \w+", "", text)


def has_curves(source: Source, layer: str, pyogrio: Any) -> bool:
    """Tell whether any feature is stored as a curve; pyogrio reports the type of the chords it makes of it."""
    if source.driver not in ("GPKG", "OpenFileGDB", "FlatGeobuf"):
        return False
    name = layer.replace("\\", "\\\\").replace('"', '\\"')
    sql = f'SELECT DISTINCT OGR_GEOMETRY FROM "{name}"'
    kinds = pyogrio.raw.read(source.file, sql=sql, sql_dialect="OGRSQL", read_geometry=False)[3][0]
    return any(word in str(kind) for kind in kinds for word in _CURVES)


def byte_text(facts: ShapefileFacts | None) -> str | None:
    """Return the encoding that keeps every byte as it is, where this package decodes the texts itself."""
    return None if facts is None else "ISO-8859-1"


def column_values(values: NDArray[Any], ogr_type: str) -> Objects:
    """Return a column as Python values with None for null (GDAL hands integers with nulls over as floats)."""
    column = values.astype(object)
    if values.dtype.kind == "f":
        missing = np.isnan(values)
        if ogr_type in ("OFTInteger", "OFTInteger64"):
            column[~missing] = objects([int(value) for value in values[~missing]])
        column[missing] = None
    elif values.dtype.kind == "O" and ogr_type != "OFTString":
        column = objects([_plain(value) for value in values])
    return column


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, str) else str(value)


def _deleted(count: int) -> Text:
    return Text(
        f"{count} records are marked as deleted in the .dbf and are not read",
        f"{count} baris bertanda hapus pada .dbf tidak dibaca",
    )


def wrong_driver(source: Source, found: str) -> InputError:
    """Return the error for a file whose content is of another format than its name says."""
    return InputError(
        Text(
            f"the content is not {source.driver} as its name says"
            + (f" but {found}" if found != "?" else ""),
            f"isinya bukan {source.driver} seperti namanya" + (f" melainkan {found}" if found != "?" else ""),
        ),
        place=source.place,
        remedy=Text("export it again in the right format", "ekspor ulang dalam format yang benar"),
        code="wrong-driver",
    )
