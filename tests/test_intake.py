"""Hostile layers (hazards.md H1-H48): each is refused with its code, or read right; none is half-read in silence."""

from __future__ import annotations

import errno
import json
import os
import struct
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from builders import (
    E0,
    KML,
    N0,
    UTM51,
    circle_gpkg,
    cut,
    dxf,
    feature,
    geojson,
    kml_ring,
    lonlat_squares,
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

from kkpr_check.errors import CrsError, ErrorGroup, InputError, KkprError
from kkpr_check.io import apart
from kkpr_check.io.layers import LayerData, read_layer

BOWTIE = [[124.48, -9.445], [124.481, -9.444], [124.481, -9.445], [124.48, -9.444], [124.48, -9.445]]


def refused(path: Path | str, **options: object) -> KkprError:
    """Read a layer that must be refused; every refusal says where and in both languages."""
    with pytest.raises(KkprError) as caught:
        read_layer(path, **options)  # type: ignore[arg-type]
    error = caught.value
    for one in error.errors if isinstance(error, ErrorGroup) else [error]:
        assert one.text.en and one.text.id and "Traceback" not in str(one)
    return error


# --- shapefiles --------------------------------------------------------------------------------------------------


def damaged(kind: str, folder: Path) -> Path:
    shp = shapefile(folder / "a")
    part = shp.with_suffix
    match kind:
        case "shp cut":
            cut(shp, 0.5)
        case "shp longer":
            shp.write_bytes(shp.read_bytes() + b"\0" * 8)
        case "shp empty" | "shx empty" | "dbf empty":
            part("." + kind[:3]).write_bytes(b"")
        case "dbf cut":
            cut(part(".dbf"), 0.5)
        case "dbf fewer":
            set_dbf_rows(part(".dbf"), 150)
        case "dbf more":
            set_dbf_rows(part(".dbf"), 250)
        case "shx other order":
            shuffle_shx(part(".shx"))
        case "shx cut":
            cut(part(".shx"), 0.5)
        case "shx of another edition":
            other = shapefile(folder / "b", 199)
            part(".shx").write_bytes(other.with_suffix(".shx").read_bytes())
        case "shp garbage":
            size = shp.stat().st_size
            shp.write_bytes(
                shp.read_bytes()[:100] + bytes(range(256)) * (size // 256) + b"x" * ((size - 100) % 256)
            )
            cut(shp, size / shp.stat().st_size)
        case _:
            part("." + kind[:3]).unlink()
    return shp


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("shp cut", "not-read-whole"),  # H1
        ("shp longer", "not-read-whole"),
        ("shp empty", "not-read-whole"),
        ("dbf cut", "not-read-whole"),  # H2
        ("dbf empty", "not-read-whole"),
        ("dbf fewer", "not-read-whole"),  # H3
        ("dbf more", "not-read-whole"),  # H4
        ("shx other order", "not-read-whole"),  # H5
        ("shx of another edition", "not-read-whole"),
        ("dbf missing", "missing-part"),  # H6
        ("shx missing", "missing-part"),  # H7
        ("shx cut", "not-read-whole"),
        ("shx empty", "not-read-whole"),
        ("shp garbage", "not-read-whole"),  # H8
        ("prj missing", "crs-missing"),  # H22
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "zip"])
def test_a_damaged_shapefile_is_refused(kind: str, code: str, packed: bool, tmp_path: Path) -> None:
    shp = damaged(kind, tmp_path)
    path = zipped_shapefile(tmp_path / "a.zip", shp, "dalam/") if packed else shp
    error = refused(path)
    assert error.code == code
    assert error.remedy is not None and error.place.file == str(path)


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_byte_is_refused_or_changes_the_hash(seed: int, tmp_path: Path) -> None:
    """H9: a byte of the .shp may change without a sign; the hash always tells."""
    shp = shapefile(tmp_path, 20)
    before = read_layer(shp)
    data = bytearray(shp.read_bytes())
    at = int(np.random.default_rng(seed).integers(len(data)))
    data[at] ^= 1 << seed % 8
    shp.write_bytes(bytes(data))
    try:
        after = read_layer(shp)
    except KkprError:
        return
    assert len(after) == len(before) and after.sha256 != before.sha256


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    shp = write(
        tmp_path / "a.shp", squares(2), {"KDB_A": ["60", "50"], "KDB_B": ["1", "2"]}, driver="ESRI Shapefile"
    )
    overwrite_text(shp.with_suffix(".dbf"), b"KDB_B", b"KDB_A")
    assert refused(shp).code == "duplicate-field"


def test_parts_are_found_in_any_case_of_letters(tmp_path: Path) -> None:
    shp = shapefile(tmp_path, 5)
    for part in list(tmp_path.iterdir()):
        part.rename(part.with_suffix(part.suffix.upper()))
    data = read_layer(shp.with_suffix(".SHP"))
    assert (
        len(data) == 5
        and data.crs == UTM51
        and set(data.parts) == {f"zona{s}" for s in (".SHP", ".SHX", ".DBF", ".PRJ", ".CPG")}
    )


def test_records_marked_as_deleted_are_told(tmp_path: Path) -> None:
    shp = shapefile(tmp_path, 5)
    dbf = shp.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    start, width = struct.unpack("<HH", data[8:12])
    data[start + 2 * width] = ord("*")
    dbf.write_bytes(bytes(data))
    read = read_layer(shp)
    assert len(read) == 4 and any("deleted" in note.en for note in read.assumptions)
    assert read.fields["LUASHA"].tolist() == [0.25, 1.25, 3.25, 4.25]


# --- text --------------------------------------------------------------------------------------------------------


def named(folder: Path, text: str, encoding: str, cpg: str | None) -> Path:
    """Write a shapefile with one text of that encoding and that (or no) .cpg."""
    placeholder = "#" * len(text.encode(encoding))
    shp = write(folder / "n.shp", squares(2), {"NAMOBJ": [placeholder, "B"]}, driver="ESRI Shapefile")
    overwrite_text(shp.with_suffix(".dbf"), placeholder.encode(), text.encode(encoding))
    shp.with_suffix(".cpg").unlink()
    if cpg is not None:
        shp.with_suffix(".cpg").write_text(cpg)
    return shp


@pytest.mark.parametrize(
    ("encoding", "cpg", "wanted", "said"),
    [
        ("utf-8", "UTF-8", None, "UTF-8"),
        ("utf-8", None, None, "UTF-8"),  # H15
        ("utf-8", None, "UTF-8", "UTF-8"),
        ("cp1252", None, None, "cp1252"),  # H16
        ("cp1252", "1252", None, "cp1252"),
        ("cp1252", "ANSI 1252", None, "cp1252"),
        ("latin-1", "ISO 8859-1", None, "iso8859-1"),
        ("latin-1", "88591", None, "iso8859-1"),
        ("cp1252", "UTF-8", "cp1252", "cp1252"),
    ],
)
def test_text_is_read_in_its_encoding(
    encoding: str, cpg: str | None, wanted: str | None, said: str, tmp_path: Path
) -> None:
    data = read_layer(named(tmp_path, "Kafé Sumbér é", encoding, cpg), encoding=wanted)
    assert data.fields["NAMOBJ"].tolist() == ["Kafé Sumbér é", "B"]
    assert data.encoding == said
    assert bool(data.assumptions) == (cpg is None and wanted is None)


def test_a_cpg_that_lies_is_refused_with_row_and_column(tmp_path: Path) -> None:
    error = refused(named(tmp_path, "Kafé", "latin-1", "UTF-8"))  # H17
    assert error.code == "encoding" and error.place.row == 0 and error.place.column == "NAMOBJ"
    assert error.remedy is not None and "--encoding" in error.remedy.id


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    assert refused(named(tmp_path, "Kafé", "utf-8", None), encoding="klingon").code == "encoding"


def test_a_character_cut_at_the_end_of_a_full_field_is_dropped(tmp_path: Path) -> None:
    text = "x" * 253 + "é"
    shp = named(tmp_path, "x" * 254, "ascii", "UTF-8")
    overwrite_text(shp.with_suffix(".dbf"), b"x" * 254, text.encode()[:254])
    assert read_layer(shp).fields["NAMOBJ"][0] == "x" * 253


def test_geojson_that_is_no_utf8(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [feature(lonlat_squares(1)[0], A="x")])
    path.write_bytes(path.read_bytes().replace(b'"x"', b'"\xe9"'))
    assert refused(path).code == "encoding"


# --- GeoJSON -----------------------------------------------------------------------------------------------------


def test_mixed_types_stay_as_they_are(tmp_path: Path) -> None:
    shape = lonlat_squares(1)[0]
    values = [60, "60%", 60.5, None, True, {"a": [1]}]
    path = geojson(tmp_path / "a.geojson", [feature(shape, KDB=value) for value in values])
    assert read_layer(path).fields["KDB"].tolist() == [60, "60%", 60.5, None, True, '{"a": [1]}']  # H18


@pytest.mark.parametrize("where", ["properties", "geometry", "feature", "collection", "nested"])
def test_a_doubled_key_is_refused(where: str, tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [feature(lonlat_squares(1)[0], KODE="R-1")])
    old, new = {
        "properties": ('"KODE": "R-1"', '"KODE": "R-1", "KODE": "K-1"'),  # H19
        "geometry": ('"coordinates": ', '"coordinates": [], "coordinates": '),
        "feature": ('"geometry": ', '"geometry": null, "geometry": '),
        "nested": ('"R-1"', '[{"a": {"b": 1, "b": 2}}]'),
        "collection": ('"features": ', '"features": [], "features": '),
    }[where]
    path.write_text(path.read_text().replace(old, new))
    assert refused(path).code == "duplicate-key"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "unreadable"),
        ("{", "unreadable"),
        ("[" * 100_000, "unreadable"),
        ("[" * 101 + "]" * 101, "unreadable"),  # what a Python itself refuses differs from version to version
        ("[" * 100 + "]" * 100, "not-geojson"),
        ("[]", "not-geojson"),
        ('{"type": "FeatureCollection"}', "not-geojson"),
        ('{"type": "FeatureCollection", "features": []}', "empty-layer"),
        ('{"type": "FeatureCollection", "features": [1]}', "not-geojson"),
        ('{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": 5}]}', "not-geojson"),
        ('{"geometryType": "esriGeometryPolygon", "spatialReference": {}, "features": []}', "not-geojson"),
        ('{"type": "Topology", "objects": {}}', "not-geojson"),
        ("<OGRVRTDataSource></OGRVRTDataSource>", "unreadable"),  # H42
        ('{"type": "FeatureCollection", "crs": {"type": "link"}, "features": []}', "crs-unknown"),
    ],
)
def test_what_is_no_geojson(content: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(content)
    assert refused(path).code == code


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (None, "null-geometry"),  # H35
        (polygon(), "null-geometry"),
        (polygon([*ring()[:-1], [124.48, -9.4449]]), "broken-geometry"),  # H32
        (polygon(ring()[:3]), "broken-geometry"),
        (polygon([[float("nan"), -9.4], *ring()[1:-1], [float("nan"), -9.4]]), "not-finite"),  # H30
        (polygon([*ring()[:1], [1e309, -9.4], *ring()[1:]]), "not-finite"),  # H31
        (polygon([["a", "b"]] * 4), "broken-geometry"),
        (polygon([[None, None]] * 4), "broken-geometry"),
        (polygon([5]), "broken-geometry"),
        ({"type": "Polygon", "coordinates": 5}, "broken-geometry"),
        ({"type": "CircularString", "coordinates": ring()}, "broken-geometry"),
        ({"type": "GeometryCollection", "geometries": []}, "broken-geometry"),
        (polygon([[124.48, -9.4]] * 4), "invalid-geometry"),
        (polygon(ring(2.3, 48.8)), "crs-implausible"),
        ({"type": "LineString", "coordinates": [[124.48, -9.4]]}, "broken-geometry"),
        ({"type": "LineString", "coordinates": [[124.48, -9.4]] * 2}, "invalid-geometry"),
    ],
)
def test_a_broken_feature_is_named_or_kept_as_a_doubt(shape: object, code: str, tmp_path: Path) -> None:
    good = [feature(g, OBJECTID=i + 10) for i, g in enumerate(lonlat_squares(3))]
    path = geojson(tmp_path / "a.geojson", [*good[:1], {**good[1], "geometry": shape}, *good[2:]])
    error = refused(path)
    assert (error.code, error.place.row) == (code, "11")
    data = read_layer(path, keep_broken=True)
    assert list(data.doubts) == [1] and data.doubts[1].id
    assert data.geometry[1] is None and data.geometry[0] is not None and data.geometry[2] is not None
    assert len(data) == 3 and data.feature.tolist() == ["10", "11", "12"]


def test_all_problems_come_at_once_and_at_most_twenty(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [feature(lonlat_squares(1)[0]), *[feature(None)] * 50])
    error = refused(path)
    assert isinstance(error, ErrorGroup) and error.code == "null-geometry"
    assert len(error.errors) == 50 and len(error.render("en").splitlines()) == 2 * 20 + 1
    assert error.render("en").endswith("and 30 more problems")
    assert error.render("id").endswith("dan 30 masalah lagi")


def test_positions_with_four_members(tmp_path: Path) -> None:
    shape = polygon([[x, y, 0, None] for x, y in ring()])
    data = read_layer(geojson(tmp_path / "a.geojson", [feature(shape)]))
    assert data.geometry[0].equals(shapely.Polygon(ring())) and not data.geometry[0].has_z
    assert any("Z" in note.en for note in data.assumptions)


# --- coordinates -------------------------------------------------------------------------------------------------


def test_metres_without_crs_in_geojson(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [feature(g) for g in squares(2)])  # H23
    error = refused(path)
    assert isinstance(error, CrsError) and error.code == "crs-implausible"
    assert error.remedy is not None and "--assume-crs" in error.remedy.en
    data = read_layer(path, crs=UTM51)
    assert data.crs == UTM51 and any(UTM51 in note.en for note in data.assumptions)


def test_swapped_axes(tmp_path: Path) -> None:
    turned = [shapely.transform(g, lambda xy: xy[:, ::-1]) for g in lonlat_squares(2)]
    path = geojson(tmp_path / "a.geojson", [feature(g) for g in turned])  # H24
    error = refused(path)
    assert error.code == "axes-swapped" and error.remedy is not None and "--swap-xy" in error.remedy.en
    data = read_layer(path, swap_xy=True)
    assert shapely.equals(data.geometry, lonlat_squares(2)).all() and data.assumptions


def test_a_null_crs_is_no_crs(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [feature(g) for g in lonlat_squares(1)], crs=None)
    assert refused(path).code == "crs-missing"
    assert read_layer(path, crs="EPSG:4326").crs == "EPSG:4326"


@pytest.mark.parametrize("seed", range(60))
def test_a_prj_with_wrong_bytes(seed: int, tmp_path: Path) -> None:
    shp = shapefile(tmp_path, 2)
    prj = shp.with_suffix(".prj")
    data = bytearray(prj.read_bytes())
    random = np.random.default_rng(seed)
    for at in random.integers(len(data), size=5):
        data[at] = random.integers(256)
    prj.write_bytes(bytes(data))
    try:
        assert len(read_layer(shp)) == 2
    except KkprError as error:
        assert error.code in (
            "crs-missing",
            "crs-unknown",
            "crs-implausible",
            "library-warning",
            "unreadable",
        )


def test_a_wrong_label_can_be_overruled_and_is_recorded(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", squares(2), driver="GPKG", crs="EPSG:4326")
    assert refused(path).code == "crs-implausible"
    data = read_layer(path, crs="EPSG:9491")
    assert data.crs == UTM51 and len(data.assumptions) == 2


def test_an_unknown_label_can_be_overruled(tmp_path: Path) -> None:
    shp = shapefile(tmp_path, 2)
    shp.with_suffix(".prj").write_text('LOCAL_CS["peta desa",UNIT["Meter",1.0]]')
    assert refused(shp).code in ("crs-unknown", "crs-missing")
    assert read_layer(shp, crs=UTM51).crs == UTM51


def test_a_bowtie_is_repaired_recorded_and_doubtful(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [feature(polygon(BOWTIE)), feature(lonlat_squares(2)[1])])  # H33
    data = read_layer(path)
    (repair,) = data.repairs
    assert data.geometry[0].is_valid and data.geometry[0].area == pytest.approx(0.5e-6, rel=1e-6)
    assert (repair.row, repair.feature, repair.doubtful) == (0, "0", True)
    assert repair.area_before_m2 == pytest.approx(0, abs=1) and repair.area_after_m2 == pytest.approx(
        6070, rel=0.01
    )


def test_parts_that_overlap_are_doubtful(tmp_path: Path) -> None:
    shape = {"type": "MultiPolygon", "coordinates": [[ring()], [ring(124.4805)]]}  # H34
    (repair,) = read_layer(geojson(tmp_path / "a.geojson", [feature(shape)])).repairs
    assert repair.doubtful and repair.area_after_m2 == pytest.approx(repair.area_before_m2 * 0.75, rel=1e-3)


def test_a_hole_around_its_shell_is_refused_with_the_reason(tmp_path: Path) -> None:
    """What GDAL makes of a shapefile whose rings all turn the wrong way."""
    path = geojson(tmp_path / "a.geojson", [feature(polygon(ring(124.4802, -9.4448, 1e-4), ring()))])
    error = refused(path)
    assert error.code == "invalid-geometry" and "Hole lies outside shell" in error.text.id


def test_a_touching_ring_is_repaired_without_doubt(tmp_path: Path) -> None:
    eight = [[0, 0], [2, 0], [2, 2], [1, 1], [0, 2], [0, 0]]
    spike = [[0, 0], [2, 0], [2, 3], [1, 1], [0, 3], [0, 0]]
    touching = [[0, 0], [4, 0], [4, 4], [2, 0], [0, 4], [0, 0]]
    shapes = [
        [[124.48 + x * 1e-4, -9.445 + y * 1e-4] for x, y in outline] for outline in (eight, spike, touching)
    ]
    data = read_layer(geojson(tmp_path / "a.geojson", [feature(polygon(outline)) for outline in shapes]))
    (repair,) = data.repairs
    assert repair.row == 2 and not repair.doubtful and "Self" in repair.reason
    assert shapely.is_valid(data.geometry).all()


def test_heights_are_dropped_and_told(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.gpkg", shapely.force_3d(squares(2), 7.0), driver="GPKG", kind="Polygon Z"
    )  # H39
    data = read_layer(path)
    assert not shapely.has_z(data.geometry).any() and any("Z" in note.en for note in data.assumptions)


@pytest.mark.parametrize("declared", [True, False])
def test_curves_are_told(declared: bool, tmp_path: Path) -> None:
    data = read_layer(circle_gpkg(tmp_path / "a.gpkg", 50.0, declared=declared))
    assert data.geometry[0].area == pytest.approx(np.pi * 2500, rel=2e-3)
    assert any("curve" in note.en and "kurva" in note.id for note in data.assumptions)


def test_the_expected_kind_of_geometry(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson", [feature(shapely.Point(124.48, -9.445)), feature(lonlat_squares(1)[0])]
    )
    assert read_layer(path).geometry_type == "Mixed"
    error = refused(path, expect="Polygon")
    assert error.code == "geometry-type" and error.place.row == "0"


# --- other containers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "driver"),
    [(".gpkg", "GPKG"), (".fgb", "FlatGeobuf"), (".geojson", "GeoJSON"), (".kml", "KML")],
)
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.66, 0.95])
def test_a_cut_file_is_refused(suffix: str, driver: str, keep: float, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"  # H11, H13
    if driver == "KML":
        path.write_text(KML.format("".join(placemark(kml_ring(124.48 + i / 1000)) for i in range(200))))
    elif driver == "GeoJSON":
        geojson(path, [feature(g) for g in lonlat_squares(200)])
    else:
        write(path, squares(200), driver=driver)
    assert refused(cut(path, keep)).code in ("unreadable", "wrong-driver", "not-read-whole")


@pytest.mark.parametrize("part", [".gdbtable", ".gdbtablx"])
def test_a_cut_file_gdb_is_refused(part: str, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.gdb",
        squares(200),
        {"A": ["x"] * 200},
        driver="OpenFileGDB",
        layer="zona",
        kind="MultiPolygon",
    )
    biggest = max(path.glob(f"*{part}"), key=lambda p: p.stat().st_size)
    cut(biggest, 0.5)  # H12
    refused(path)


@pytest.mark.parametrize("seed", range(30))
def test_random_bytes_in_a_geopackage(seed: int, tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", squares(50), driver="GPKG")  # H10
    before = read_layer(path)
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(seed)
    for at in random.integers(len(data), size=10):
        data[at] = random.integers(256)
    path.write_bytes(bytes(data))
    try:
        after = read_layer(path)
    except KkprError:
        return
    assert len(after) == 50 and after.sha256 != before.sha256


def test_a_geopackage_open_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", squares(2), driver="GPKG")
    path.with_name("a.gpkg-wal").write_bytes(b"x" * 100)
    assert refused(path).code == "open-elsewhere"


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".shp", ".dxf", ".kml", ".parquet"])
def test_a_vrt_in_disguise_reads_nothing(suffix: str, tmp_path: Path) -> None:
    secret = geojson(tmp_path / "rahasia.geojson", [feature(g) for g in lonlat_squares(1)])  # H42
    path = tmp_path / f"a{suffix}"
    path.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="rahasia"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    )
    assert refused(path).code in ("wrong-driver", "unreadable", "missing-part", "not-read-whole")


def test_dangerous_drivers_are_not_there() -> None:
    code = (
        "from kkpr_check.io.drivers import import_pyogrio; print(*import_pyogrio().list_drivers(), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    drivers = set(done.stdout.splitlines())
    assert not drivers & {
        "OGR_VRT",
        "HTTP",
        "WFS",
        "OAPIF",
        "CSW",
        "GDALG",
        "ADBC",
        "PLSCENES",
        "Elasticsearch",
    }
    assert {"ESRI Shapefile", "GPKG", "OpenFileGDB", "FlatGeobuf", "DXF"} <= drivers


@pytest.mark.parametrize(
    "path",
    [
        "https://example.org/a.geojson",
        "/vsicurl/https://example.org/a.geojson",
        "/vsimem/a.shp",
        "zip:///tmp/a.zip",
        '{"type": "FeatureCollection", "features": []}',
        "<OGRVRTDataSource/>",
    ],
)
def test_only_local_files(path: str) -> None:
    assert refused(path).code == "not-local"  # H43


def test_a_pipe_and_no_name_at_all(tmp_path: Path) -> None:
    assert refused("").code == "not-found"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "a.geojson")
        assert refused(tmp_path / "a.geojson").code == "not-local"


def test_a_disk_without_room_is_not_called_a_damaged_zip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "a.zip", members(tmp_path))

    def full(*args: object, **options: object) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "open", full)
    assert refused(path).code == "disk-full"


def test_a_missing_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "tidak-ada.shp").code == "not-found"


@pytest.mark.parametrize("name", ["a.dwg", "a.dbf", "a.rar", "a.txt", "a"])
def test_other_formats_are_refused_with_advice(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    error = refused(tmp_path / name)
    assert error.code == "format-unknown" and error.remedy is not None


# --- zips --------------------------------------------------------------------------------------------------------


def members(folder: Path) -> dict[str, bytes | Path]:
    shp = shapefile(folder / "m", 3)
    return {p.name: p for p in shp.parent.iterdir()}


ZIPS: dict[str, tuple[Callable[[Path], dict[str, bytes | Path]], str]] = {
    "traversal": (lambda f: {**members(f), "../../evil.shp": b"x"}, "zip-refused"),  # H45
    "windows traversal": (lambda f: {**members(f), "..\\evil.shp": b"x"}, "zip-refused"),
    "absolute": (lambda f: {**members(f), "/etc/evil.shp": b"x"}, "zip-refused"),
    "drive": (lambda f: {**members(f), "C:\\evil.shp": b"x"}, "zip-refused"),
    "nested": (lambda f: {**members(f), "dalam.zip": b"PK"}, "zip-refused"),
    "bomb": (lambda f: {**members(f), "a.geojson": b"0" * 5_000_000}, "zip-refused"),  # H44
    "many": (lambda f: {**members(f), **{f"{i}.txt": b"" for i in range(10_001)}}, "zip-refused"),
    "nothing": (lambda f: {"baca.txt": b"x"}, "missing-part"),
    "no shp": (lambda f: {n: p for n, p in members(f).items() if not n.endswith(".shp")}, "missing-part"),
    "no shx": (lambda f: {n: p for n, p in members(f).items() if not n.endswith(".shx")}, "missing-part"),
    "two layers": (lambda f: {**members(f), "b.geojson": b"{}"}, "layer-choice"),
}


@pytest.mark.parametrize("kind", list(ZIPS))
def test_a_hostile_zip_is_refused(kind: str, tmp_path: Path) -> None:
    build, code = ZIPS[kind]
    path = zipped(tmp_path / "a.zip", build(tmp_path))
    assert refused(path).code == code


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", members(tmp_path))
    for name in ("zona.shp", "ZONA.SHP"):
        copy = tmp_path / "b.zip"
        copy.write_bytes(path.read_bytes())
        with warnings.catch_warnings(), zipfile.ZipFile(copy, "a") as archive:
            warnings.simplefilter("ignore")
            archive.writestr(name, b"lain")
        assert refused(copy).code == "zip-refused"


def test_a_zip_that_is_none_or_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"not a zip")
    assert refused(path).code == "unreadable"
    assert refused(cut(zipped(path, members(tmp_path)), 0.7)).code == "unreadable"


def test_a_zip_with_a_damaged_member(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", members(tmp_path))
    data = bytearray(path.read_bytes())
    for at in range(60, 400):
        data[at] ^= 0x55
    path.write_bytes(bytes(data))
    assert refused(path).code in ("unreadable", "not-read-whole")


@pytest.mark.parametrize("stem", ["zona#1", "zona ruang", "zoné", "a;b!c", "100%"])
def test_odd_names_in_zips_and_folders(stem: str, tmp_path: Path) -> None:
    shp = shapefile(tmp_path / "m", 3)  # H46
    path = zipped_shapefile(tmp_path / f"{stem}.zip", shp, f"{stem}/", stem)
    data = read_layer(path)
    assert (data.layer, len(data)) == (stem, 3)
    folder = tmp_path / stem
    folder.mkdir()
    for part in shp.parent.iterdir():
        part.rename(folder / f"{stem}{part.suffix}")
    assert len(read_layer(folder / f"{stem}.shp")) == len(read_layer(folder)) == 3


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = zipped_shapefile(tmp_path / "a.zip", shapefile(tmp_path / "m", 3))
    before = path.read_bytes()
    read_layer(path)
    assert path.read_bytes() == before and not list(scratch.iterdir())


# --- KML and DXF -------------------------------------------------------------------------------------------------


def kml(folder: Path, body: str, head: str = "") -> Path:
    path = folder / "a.kml"
    path.write_text(KML.format(body).replace("<kml", head + "<kml", 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
    ],
)
def test_entities_are_refused(head: str, tmp_path: Path) -> None:
    assert refused(kml(tmp_path, placemark(kml_ring(), "&x;"), head)).code == "unreadable"  # H47


def test_entities_in_utf16_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE kml [<!ENTITY x "y">]><kml>&x;</kml>'
    path.write_bytes(text.encode("utf-16"))
    assert refused(path).code == "unreadable"


def test_network_links_are_told(tmp_path: Path) -> None:
    link = "<NetworkLink><Link><href>https://example.org/a.kml</href></Link></NetworkLink>"
    data = read_layer(kml(tmp_path, link + placemark(kml_ring())))  # H48
    assert len(data) == 1 and any("network" in note.en for note in data.assumptions)
    assert refused(kml(tmp_path, link)).code == "empty-layer"


OUTER = (
    "<outerBoundaryIs><LinearRing><coordinates>124.5,-9.4 124.6,-9.4 124.6,-9.5 124.5,-9.4</coordinates>"
    "</LinearRing></outerBoundaryIs>"
)
TWICE = '<ExtendedData><Data name="a"><value>{}</value></Data><Data name="a"><value>{}</value></Data></ExtendedData>'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<Placemark><name>x</name></Placemark>", "null-geometry"),
        (placemark("124.48,-9.4,0 124.49,-9.4,0 124.49,-9.5,0"), "broken-geometry"),
        (placemark("a,b c,d e,f a,b"), "broken-geometry"),
        ("<Placemark><Model/></Placemark>", "broken-geometry"),
        (
            "<Placemark><MultiGeometry><Point><coordinates>124,-9</coordinates></Point><LineString><coordinates>"
            "124,-9 125,-9</coordinates></LineString></MultiGeometry></Placemark>",
            "broken-geometry",
        ),
        (placemark("124.48,,0 124.49,-9.4,0 124.49,-9.5,0 124.48,,0"), "broken-geometry"),
        (placemark(kml_ring() + "<b/>124.5,-9.4,0"), "broken-geometry"),
        (placemark(kml_ring()).replace("</Polygon>", OUTER + "</Polygon>"), "broken-geometry"),
        (placemark(kml_ring()).replace("<Polygon>", placemark(kml_ring()) + "<Polygon>"), "unreadable"),
        (
            placemark(kml_ring()).replace("<Polygon>", TWICE.format("62", "63") + "<Polygon>"),
            "duplicate-key",
        ),
        (placemark("-9.445,124.48 -9.444,124.48 -9.444,124.49 -9.445,124.48"), "axes-swapped"),
    ],
)
def test_broken_placemarks(body: str, code: str, tmp_path: Path) -> None:
    assert refused(kml(tmp_path, body)).code == code


def test_a_field_of_a_kml_that_says_the_same_twice_is_no_matter(tmp_path: Path) -> None:
    body = placemark(kml_ring()).replace("<Polygon>", TWICE.format("62", "62") + "<Polygon>")
    assert read_layer(kml(tmp_path, body)).fields["a"].tolist() == ["62"]


def test_a_line_of_a_sequence_with_a_crs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.geojsonl"
    crs = {"type": "name", "properties": {"name": "EPSG:32751"}}
    for one in (feature(lonlat_squares(1)[0]), {"type": "FeatureCollection", "features": []}):
        path.write_text(
            json.dumps(feature(lonlat_squares(1)[0])) + "\n" + json.dumps({**one, "crs": crs}) + "\n"
        )
        assert refused(path).code == "crs-unknown"


def test_a_deep_kml_does_not_crash(tmp_path: Path) -> None:
    body = "<Folder>" * 5000 + placemark(kml_ring()) + "</Folder>" * 5000
    assert len(read_layer(kml(tmp_path, body))) == 1


CORNERS = [(E0, N0), (E0 + 50, N0), (E0 + 50, N0 + 50), (E0, N0 + 50)]


def test_dxf_outlines(tmp_path: Path) -> None:
    path = dxf(tmp_path / "a.dxf", [("TAPAK", CORNERS, True), ("AS JALAN", CORNERS[:2], False)])
    assert refused(path).code == "crs-missing"
    data = read_layer(path, crs=UTM51)
    assert data.geometry[0].equals(shapely.box(E0, N0, E0 + 50, N0 + 50)) and data.layer == "TAPAK"
    assert any("1 entities" in note.en for note in data.assumptions)
    two = dxf(tmp_path / "b.dxf", [("TAPAK", CORNERS, True), ("PERSIL", CORNERS, True)])
    assert refused(two, crs=UTM51).code == "layer-choice"
    assert len(read_layer(two, crs=UTM51, layer="PERSIL")) == 1
    assert refused(dxf(tmp_path / "c.dxf", [("X", CORNERS, False)]), crs=UTM51).code == "geometry-type"


# --- the promise as a whole --------------------------------------------------------------------------------------


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in this process, where the readers can be made to misbehave."""
    monkeypatch.setattr(apart, "call", lambda function, *arguments, **_: function(*arguments))


@pytest.mark.usefixtures("here")
def test_a_library_warning_stops_the_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyogrio

    original = pyogrio.raw.read

    def talkative(*args: object, **options: object) -> object:
        warnings.warn("something odd in the file", RuntimeWarning, stacklevel=1)
        return original(*args, **options)

    monkeypatch.setattr(pyogrio.raw, "read", talkative)
    error = refused(write(tmp_path / "a.gpkg", squares(2), driver="GPKG"))
    assert error.code == "library-warning" and "something odd" in error.text.en


@pytest.mark.usefixtures("here")
def test_a_short_read_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyogrio

    original = pyogrio.raw.read

    def short(*args: object, **options: object) -> object:
        return original(*args, max_features=3, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pyogrio.raw, "read", short)
    for path in (
        write(tmp_path / "a.gpkg", squares(5), driver="GPKG"),
        write(tmp_path / "a.fgb", squares(5), driver="FlatGeobuf"),
        shapefile(tmp_path, 5),
    ):
        assert refused(path).code == "not-read-whole"


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kkpr_check.io import layers

    path = write(tmp_path / "a.gpkg", squares(5), driver="GPKG")
    original = layers.read_source

    def slow(source: object, encoding: str | None) -> object:
        raw = original(source, encoding)  # type: ignore[arg-type]
        write(path, squares(4), driver="GPKG")
        return raw

    monkeypatch.setattr(layers, "read_source", slow)
    assert refused(path).code == "changed"


def test_errors_are_input_errors_and_layers_are_values(tmp_path: Path) -> None:
    data = read_layer(shapefile(tmp_path, 2))
    assert (
        isinstance(data, LayerData) and issubclass(CrsError, KkprError) and issubclass(InputError, KkprError)
    )
    with pytest.raises(AttributeError):
        data.crs = "EPSG:4326"  # type: ignore[misc]


def every_format(folder: Path) -> dict[str, Path]:
    """Write one small good layer in every format that one file holds."""
    kml_file = folder / "a.kml"
    kml_file.write_text(KML.format("<Folder><name>A</name>" + placemark(kml_ring()) * 4 + "</Folder>"))
    return {
        "gpkg": write(folder / "a.gpkg", squares(30), driver="GPKG"),
        "fgb": write(folder / "a.fgb", squares(30), driver="FlatGeobuf"),
        "geojson": geojson(folder / "a.geojson", [feature(g, KODE="R-1") for g in lonlat_squares(10)]),
        "kml": kml_file,
        "kmz": zipped(folder / "a.kmz", {"doc.kml": kml_file}),
        "dxf": dxf(folder / "a.dxf", [("TAPAK", CORNERS, True)]),
        "zip": zipped_shapefile(folder / "a.zip", shapefile(folder / "m", 30)),
    }


@pytest.mark.parametrize("kind", ["gpkg", "fgb", "geojson", "kml", "kmz", "dxf", "zip"])
def test_mutations_never_raise_anything_else(kind: str, tmp_path: Path) -> None:
    """1 to 30 wrong bytes: an error of ours, or a layer with another hash; never another exception."""
    path = every_format(tmp_path)[kind]
    options = {"crs": UTM51} if kind == "dxf" else {}
    good, sha256 = path.read_bytes(), read_layer(path, **options).sha256  # type: ignore[arg-type]
    random = np.random.default_rng(len(kind) + ord(kind[0]))
    for _ in range(60):
        data = bytearray(good)
        reach = len(data) if random.random() < 0.7 else min(len(data), 200)
        for at in random.integers(reach, size=random.integers(1, 31)):
            data[at] = random.integers(256)
        path.write_bytes(bytes(data))
        try:
            read = read_layer(path, keep_broken=bool(random.random() < 0.5), **options)  # type: ignore[arg-type]
        except KkprError:
            continue
        assert read.sha256 != sha256 or bytes(data) == good
