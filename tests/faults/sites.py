"""Broken files of parcels: containers, encodings, coordinates, geometry, hostile content."""

from __future__ import annotations

import json
import os
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from builders import (
    KML,
    cut,
    dxf,
    feature,
    geojson,
    kml_ring,
    overwrite_text,
    placemark,
    polygon,
    ring,
    set_dbf_rows,
    shapefile,
    shuffle_shx,
    squares,
    write,
    zipped,
    zipped_shapefile,
)

from faults.museum import FAULTS, Fault

INSIDE = (124.4757, -9.4443, 0.0002)
"""Corner and size of a square inside the sample plan."""


def _add(name: str, source: str, says: str, build: Callable[[Path], Path], code: int = 2) -> None:
    FAULTS.append(Fault(name, source, "site", build, code, says))


# --- shapefiles ------------------------------------------------------------------------------------------------------


def _shp(change: Callable[[Path], Any], count: int = 20) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        shp = shapefile(folder, count, "persil")
        change(shp)
        return shp

    return build


def _part(shp: Path, suffix: str) -> Path:
    return shp.with_suffix(suffix)


def _poke(path: Path, at: int, data: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[at : at + len(data)] = data
    path.write_bytes(bytes(content))


def _garbage(shp: Path) -> None:
    size = shp.stat().st_size
    shp.write_bytes(shp.read_bytes()[:100] + b"\xa5" * (size - 100))


for _name, _source, _says, _change in (
    (".shp cut in half", "H1", "says 2820 bytes but has 1410", lambda s: cut(s, 0.5)),
    (".shp cut by one byte", "H1", "but has 2819", lambda s: s.write_bytes(s.read_bytes()[:-1])),
    (".shp with bytes after its end", "H1", "but has 2828", lambda s: s.write_bytes(s.read_bytes() + b"\0" * 8)),
    (".shp empty", "H7", "the .shp is empty", lambda s: s.write_bytes(b"")),
    (".shp header only, .shx full", "H1", "but has 100", lambda s: cut(s, 100 / s.stat().st_size)),
    (".dbf cut in half", "H2", "the .dbf says 20 records", lambda s: cut(_part(s, ".dbf"), 0.5)),
    (".dbf of fewer records", "H3", "15 records in the .dbf", lambda s: set_dbf_rows(_part(s, ".dbf"), 15)),
    (".dbf of more records", "H4", "25 records in the .dbf", lambda s: set_dbf_rows(_part(s, ".dbf"), 25)),
    (".dbf empty", "H2", "the .dbf is empty", lambda s: _part(s, ".dbf").write_bytes(b"")),
    (".dbf that says it has 4 billion records", "H2", "4294967295 records", lambda s: _poke(_part(s, ".dbf"), 4, b"\xff" * 4)),
    (".dbf with a header of length 0", "GDAL dbf-invalid", "the .dbf says", lambda s: _poke(_part(s, ".dbf"), 8, b"\0\0")),
    (".dbf with records of length 0", "GDAL dbf-invalid", "records of 0 bytes", lambda s: _poke(_part(s, ".dbf"), 10, b"\0\0")),
    (".shx of another order", "H5", "not the one the .shx points to", lambda s: shuffle_shx(_part(s, ".shx"))),
    (".shx cut", "H7", "the .shx says 260 bytes but has 130", lambda s: cut(_part(s, ".shx"), 0.5)),
    (".shx empty", "H7", "the .shx is empty", lambda s: _part(s, ".shx").write_bytes(b"")),
    (".shx offsets beyond the end", "H5", "not the one the .shx points to", lambda s: _poke(_part(s, ".shx"), 100, b"\x7f\xff\xff\xf0")),
    (".dbf missing", "H6", ".dbf", lambda s: _part(s, ".dbf").unlink()),
    (".shx missing", "H7", ".shx", lambda s: _part(s, ".shx").unlink()),
    (".shp garbage behind a good header", "H8", "not the one the .shx points to", _garbage),
    (".shp file code wrong", "H9", "does not begin as a shapefile does", lambda s: _poke(s, 0, b"\0\0\0\x01")),
    (".shp record number wrong", "H5", "not the one the .shx points to", lambda s: _poke(s, 100, b"\0\0\0\x63")),
    (".shp record longer than the file", "H1", "not the one the .shx points to", lambda s: _poke(s, 104, b"\x7f\xff\xff\xff")),
    (".shp says 2 billion points in a polygon", "GDAL", "no geometry", lambda s: _poke(s, 148, b"\xff\xff\xff\x7f")),
    (".shp says 2 billion parts in a polygon", "GDAL", "no geometry", lambda s: _poke(s, 144, b"\xff\xff\xff\x7f")),
    (".shp point is NaN", "H30", "", lambda s: _poke(s, 156, struct.pack("<d", float("nan")))),
    (".shp point is infinite", "H31", "", lambda s: _poke(s, 156, struct.pack("<d", float("inf")))),
    (".shp point at 8e82", "H9", "", lambda s: _poke(s, 156, struct.pack("<d", 8e82))),
    (".prj missing", "H22", "CRS", lambda s: _part(s, ".prj").unlink()),
    (".prj empty", "H22", "CRS", lambda s: _part(s, ".prj").write_text("")),
    (".prj of nonsense", "F02", "the layer has no CRS", lambda s: _part(s, ".prj").write_text("halo dunia")),
    (".prj cut", "F02", "its CRS is damaged", lambda s: cut(_part(s, ".prj"), 0.5)),
    (".prj says degrees, data in metres", "H23", "it looks like UTM metres", lambda s: _part(s, ".prj").write_text(
        'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
        'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]')),
    (".cpg of an unknown encoding", "H17", "encoding", lambda s: _part(s, ".cpg").write_text("KLINGON-8")),
    (".cpg says UTF-8, text is not", "H17", "the text is not UTF-8", lambda s: (
        overwrite_text(_part(s, ".dbf"), b"Perumahan", b"Perumah\xe9n"), _part(s, ".cpg").write_text("UTF-8"))),
):  # fmt: skip
    _add(_name, _source, _says, _shp(_change))


def _other_edition(folder: Path) -> Path:
    shp = shapefile(folder, 20, "persil")
    other = shapefile(folder / "lain", 19, "persil")
    _part(shp, ".shx").write_bytes(_part(other, ".shx").read_bytes())
    return shp


_add(".shx of another edition", "H5", "19 shapes in the .shx", _other_edition)
_add("points instead of polygons", "F06", "where a polygon is needed", lambda f: write(
    f / "titik.gpkg", shapely.points([[662010, 8955700]]), {"a": [1]}, driver="GPKG", kind="Point"))  # fmt: skip
_add("wrong UTM zone (48S for Timor)", "H26", "none of the plans given covers the site", lambda f: write(
    f / "zona.gpkg", squares(2), {"a": [1, 2]}, driver="GPKG", crs="EPSG:32748"), 1)  # fmt: skip


def _without_crs(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyogrio warns of what is wanted here
        return write(folder / "tanpa.gpkg", squares(2), {"a": [1, 2]}, driver="GPKG", crs=None)


_add("no CRS in a GeoPackage", "H22", "CRS", _without_crs)
_add("axes swapped in a GeoPackage", "H24", "--swap-xy", lambda f: write(
    f / "balik.gpkg", np.array([shapely.box(-9.4443, 124.4757, -9.4441, 124.4759)]), {"a": [1]}, driver="GPKG",
    crs="EPSG:4326"))  # fmt: skip


# --- GeoPackage, FlatGeobuf ------------------------------------------------------------------------------------------


def _cut_of(suffix: str, driver: str, keep: float) -> Callable[[Path], Path]:
    return lambda f: cut(write(f / f"persil{suffix}", squares(50), driver=driver), keep)


for _suffix, _driver in ((".gpkg", "GPKG"), (".fgb", "FlatGeobuf")):
    for _keep in (0.0, 0.1, 0.5, 0.9):
        _add(f"{_suffix[1:]} cut to {_keep:.0%}", "H11" if _driver != "GPKG" else "H13", "",
             _cut_of(_suffix, _driver, _keep))  # fmt: skip


def _gpkg_zeroed(folder: Path) -> Path:
    path = write(folder / "persil.gpkg", squares(200), driver="GPKG")
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    path.write_bytes(bytes(data))
    return path


_add("gpkg with zeroed pages", "H10", "the file is damaged", _gpkg_zeroed)
_add(
    "gpkg of a text",
    "H10",
    "not GPKG as its name says",
    lambda f: _text(f / "persil.gpkg", "bukan basis data"),
)
_add("fgb of random bytes behind the magic", "H11", "ends before its first feature", lambda f: _bytes(
    f / "persil.fgb", b"fgb\x03fgb\x00" + bytes(range(256)) * 8))  # fmt: skip


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# --- GeoJSON ---------------------------------------------------------------------------------------------------------


def _json(name: str, source: str, says: str, geometry: Any, code: int = 2, **members: Any) -> None:
    _add(
        name,
        source,
        says,
        lambda f: geojson(f / "persil.geojson", [feature(geometry, id="a")], **members),
        code,
    )


def _raw(name: str, source: str, says: str, text: str, code: int = 2) -> None:
    _add(name, source, says, lambda f: _text(f / "persil.geojson", text), code)


GOOD = json.dumps({"type": "FeatureCollection", "features": [feature(polygon(ring(*INSIDE)), id="a")]})
_raw("GeoJSON empty", "H13", "the file is empty", "")
_raw("GeoJSON cut", "H13", "", GOOD[: len(GOOD) // 2])
_raw("GeoJSON with something behind it", "H13", "", GOOD + "}{")
_raw("GeoJSON of depth 100 000", "security", "nested too deeply", "[" * 100_000)
_raw("a doubled key", "H19", "stands twice", GOOD.replace('"id": "a"', '"id": "a", "id": "b"'))
_raw("NaN as a coordinate", "H30", "not a finite number", GOOD.replace("124.4757", "NaN", 1))
_raw("1e999 as a coordinate", "H31", "not a finite number", GOOD.replace("124.4757", "1e999", 1))
_raw("a text as a coordinate", "H18", "are no numbers", GOOD.replace("124.4757", '"124.4757"', 1))
_raw("true as a coordinate", "H18", "", GOOD.replace("124.4757", "true", 1))
_raw("features is no list", "schema", "not GeoJSON", '{"type": "FeatureCollection", "features": {}}')
_raw("no features at all", "H35", "no feature", '{"type": "FeatureCollection", "features": []}')
_raw("a foreign object", "schema", "TopoJSON", '{"type": "Topology", "objects": {}}')
_raw("a VRT in disguise", "H42", "", '<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>')
_add("GeoJSON that is no UTF-8", "H17", "not UTF-8", lambda f: _bytes(
    f / "persil.geojson", GOOD.replace('"a"', '"\u00e9"').encode("latin-1")))  # fmt: skip
_add("GeoJSON in UTF-16", "H17", "not UTF-8", lambda f: _bytes(f / "persil.geojson", GOOD.encode("utf-16")))
_json("no geometry", "H35", "it has no geometry", None)
_json("an empty polygon", "H35", "it has no geometry", polygon())
_json("an open ring", "H32", "a ring is not closed", polygon(ring(*INSIDE)[:-1]))
_json(
    "a ring of three positions",
    "H32",
    "fewer than 4 points",
    polygon([[124.4757, -9.4443], [124.4759, -9.4443], [124.4757, -9.4443]]),
)
_json("a bowtie", "H33", "crosses itself", polygon([[124.4757, -9.4443], [124.4759, -9.4441], [124.4759, -9.4443],
      [124.4757, -9.4441], [124.4757, -9.4443]]), 1)  # fmt: skip
_json("parts that overlap", "H34", "", {"type": "MultiPolygon", "coordinates": [
    [ring(*INSIDE)], [ring(124.4758, -9.4443, 0.0002)]]}, 1)  # fmt: skip
_json("a hole outside its shell", "H34", "", polygon(ring(*INSIDE), ring(124.478, -9.4443, 0.0001)), 1)
_json("a polygon without area", "H33", "", polygon([[124.4757, -9.4443], [124.4759, -9.4443], [124.4758, -9.4443],
      [124.4757, -9.4443]]))  # fmt: skip
_json(
    "a line",
    "F06",
    "where a polygon is needed",
    {"type": "LineString", "coordinates": [[124.4757, -9.4443], [124.4759, -9.4443]]},
)
_json("a point", "oss", "--point", {"type": "Point", "coordinates": [124.4757, -9.4443]})
_json("metres without a CRS", "H23", "UTM metres", polygon(ring(662_000.0, 8_955_700.0, 20.0)))
_json("latitude before longitude", "H24", "--swap-xy", polygon([[y, x] for x, y in ring(*INSIDE)]))
_json("a null crs", "H22", "name the CRS in the file", polygon(ring(*INSIDE)), crs=None)
_json("a crs that does not exist", "F02", "unknown CRS", polygon(ring(*INSIDE)),
      crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::999999"}})  # fmt: skip
_json("in Africa", "F04", "does not lie in Indonesia", polygon(ring(20.0, -9.4443, 0.0002)))
_json("a position of one number", "schema", "", polygon([[124.4757], *ring(*INSIDE)[1:]]))
_json("rings nested too deep", "schema", "", {"type": "Polygon", "coordinates": [[[[124.4757, -9.4443]]]]})


def _collection(name: str, source: str, says: str, features: list[Any], code: int = 2) -> None:
    _add(name, source, says, lambda f: geojson(f / "persil.geojson", features), code)


_collection("a feature that is null", "schema", "", [None])
_collection("two parcels of one id", "A", "", [feature(polygon(ring(*INSIDE)), id="a", role="parcel"),
            feature(polygon(ring(124.48, -9.4443, 0.0002)), id="a", role="parcel")], 1)  # fmt: skip
for _key, _value, _source in (
    ("floors", "dua", "H18"), ("floors", -1, "H18"), ("floors", 1e300, "H18"), ("height_m", "NaN", "H30"),
    ("green_area_m2", "60%", "H18"), ("kbli", "ABCDE", "oss"), ("kbli", "123456789", "oss"),
    ("legal_area_m2", -5, "A06"), ("role", "gedung", "contract"), ("road_class", "gang", "contract"),
    ("business_scale", "99", "oss"), ("psn", "mungkin", "oss"), ("floor_area_m2", {"a": 1}, "H18"),
):  # fmt: skip
    _collection(f"{_key} = {_value!r}", _source, _key,
                [feature(polygon(ring(*INSIDE)), **{"id": "a", _key: _value})])  # fmt: skip


# --- KML, DXF, zip ---------------------------------------------------------------------------------------------------


def _kml(name: str, source: str, says: str, text: str, code: int = 2) -> None:
    _add(name, source, says, lambda f: _text(f / "persil.kml", text), code)


MARK = placemark(kml_ring(*INSIDE))
_kml("KML with an external entity", "H47", "declares entities", '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
     + KML.format(MARK.replace("Persil", "&x;")))  # fmt: skip
_kml("KML with a billion laughs", "H47", "declares entities", '<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
     + KML.format(MARK.replace("Persil", "&b;")))  # fmt: skip
_kml("KML cut", "H13", "", KML.format(MARK)[:300])
_kml("KML of depth 10 000", "security", "", KML.format("<Folder>" * 10_000 + MARK + "</Folder>" * 10_000), 1)
_kml("KML with only a network link", "H48", "is not followed", KML.format(
    "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"))  # fmt: skip
_kml("KML with a text as coordinates", "GDAL", "", KML.format(placemark("satu,dua tiga,empat")))
_kml(
    "KML with decimal commas",
    "oss",
    "",
    KML.format(placemark("124,4757,-9,4443 124,4759,-9,4443 124,4759,-9,4441")),
)
_kml("KML with junk behind the document", "GDAL", "", KML.format(MARK) + "<junk/>")
_kml("KML of no placemark", "H35", "", KML.format(""))
_add(
    "KMZ that is no zip",
    "H13",
    "not a readable zip",
    lambda f: _bytes(f / "persil.kmz", b"PK\x03\x04 bukan zip"),
)
_add("KMZ without a KML", "H13", "pack the .kml", lambda f: zipped(f / "persil.kmz", {"a.txt": b"x"}))
_add("DXF of an open outline", "F06", "no closed outline", lambda f: dxf(
    f / "persil.dxf", [("0", [(662000, 8955700), (662020, 8955700), (662020, 8955720)], False)]))  # fmt: skip
_add("DXF cut", "H13", "", lambda f: cut(dxf(
    f / "persil.dxf", [("0", [(662000, 8955700), (662020, 8955700), (662020, 8955720)], True)]), 0.6))  # fmt: skip


def _zip(name: str, source: str, says: str, change: Callable[[dict[str, Any]], Any]) -> None:
    def build(folder: Path) -> Path:
        shp = shapefile(folder / "isi", 4, "persil")
        members: dict[str, Any] = {p.name: p for p in sorted(shp.parent.iterdir())}
        change(members)
        return zipped(folder / "persil.zip", members)

    _add(name, source, says, build)


_zip("zip with a path upwards", "H45", "name leaves the zip", lambda m: m.update({"../../jahat.shp": b"x"}))
_zip("zip with an absolute path", "H45", "name leaves the zip", lambda m: m.update({"/etc/jahat.shp": b"x"}))
_zip("zip with a drive", "H45", "name leaves the zip", lambda m: m.update({"C:\\jahat.shp": b"x"}))
_zip("zip in a zip", "H44", "a zip inside the zip", lambda m: m.update({"dalam.zip": b"PK"}))
_zip("zip bomb", "H44", "zip too large", lambda m: m.update({"a.geojson": b"0" * 5_000_000}))
_zip(
    "zip of 10 001 members",
    "H44",
    "zip too large",
    lambda m: m.update({f"{i}.txt": b"" for i in range(10_001)}),
)
_zip("zip without the .shp", "F01", "no layer in the zip", lambda m: m.pop("persil.shp"))
_zip("zip without the .dbf", "F01", "the .dbf file is missing", lambda m: m.pop("persil.dbf"))
_zip("zip of two layers", "F08", "--layer", lambda m: m.update({"b.geojson": b"{}"}))
_add("zip that is none", "H13", "not a readable zip", lambda f: _bytes(f / "persil.zip", b"bukan zip"))
_add(
    "zip cut",
    "H13",
    "",
    lambda f: cut(zipped_shapefile(f / "persil.zip", shapefile(f / "isi", 4, "persil")), 0.7),
)
_add("zip of nothing", "H13", "", lambda f: zipped(f / "persil.zip", {}))


def _damaged_member(folder: Path) -> Path:
    path = zipped_shapefile(folder / "persil.zip", shapefile(folder / "isi", 20, "persil"))
    with zipfile.ZipFile(path) as archive:
        at = archive.infolist()[0].header_offset + 60
    _poke(path, at, b"\0\xff\0\xff")
    return path


_add("zip with a damaged member", "H13", "the zip is damaged at", _damaged_member)


def _link_member(folder: Path) -> Path:
    path = folder / "persil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("persil.geojson")
        info.external_attr = (0o120777) << 16
        archive.writestr(info, "/etc/passwd")
    return path


_add("zip with a symbolic link", "H45", "a link in the zip", _link_member)


# --- tables of coordinates, odd paths --------------------------------------------------------------------------------


def _csv(name: str, source: str, says: str, text: str, code: int = 2) -> None:
    _add(name, source, says, lambda f: _text(f / "persil.csv", text), code)


_csv("CSV empty", "H14", "one row for each vertex", "")
_csv("CSV of a header only", "H14", "one row for each vertex", "id,lat,lon\n")
_csv("CSV of two corners", "oss", "", "id,lat,lon\na,-9.4443,124.4757\na,-9.4443,124.4759\n")
_csv(
    "CSV with a broken number",
    "H14",
    "",
    "id,lat,lon\na,-9.4443,124.4757\na,x,124.4759\na,-9.4441,124.4759\n",
)
_csv(
    "CSV with a row too long",
    "H14",
    "",
    "id,lat,lon\na,-9.4443,124.4757\na,-9.4443,124.4759,9,9\na,-9.4441,124.4759\n",
)
_csv("CSV without coordinates", "H14", "no two coordinate columns", "id,nama\na,b\n")
_csv(
    "CSV with lat and lng swapped",
    "oss",
    "read by their values",
    "id,lat,lon\na,124.4757,-9.4443\na,124.4759,-9.4443\na,124.4759,-9.4441\n",
    1,
)
_csv(
    "CSV with minutes of 75",
    "oss",
    "not a position",
    "id,lat,lon\na,9 75 00 S,124 28 00 E\na,9 26 40 S,124 28 01 E\na,9 26 39 S,124 28 01 E\n",
)
_add("CSV with a NUL byte", "H55", "", lambda f: _bytes(
    f / "persil.csv", b"id,lat,lon\na,-9.4443,124.4757\x00\na,-9.4443,124.4759\na,-9.4441,124.4759\n"))  # fmt: skip
_add("a file of another kind (.dwg)", "security", "", lambda f: _bytes(f / "persil.dwg", b"AC1032"))
_add("a file of no kind", "security", "", lambda f: _bytes(f / "persil", b"\x7fELF"))
_add("a file that is not there", "H43", "does not exist", lambda f: f / "tiada.geojson")


def _pipe(folder: Path) -> Path:
    path = folder / "persil.geojson"
    os.mkfifo(path)
    return path


def _csv_pipe(folder: Path) -> Path:
    path = folder / "persil.csv"
    os.mkfifo(path)
    return path


_add("a named pipe as a table", "security", "no regular file", _csv_pipe)
_add("a named pipe", "security", "no regular file", _pipe)


def _loop(folder: Path) -> Path:
    path = folder / "persil.geojson"
    path.symlink_to(path)
    return path


_add("a symbolic link to itself", "H62", "the link leads to no file", _loop)


SITE_FAULTS = tuple(f for f in FAULTS if f.kind == "site")
