"""Layers of every format, read whole; the real layers; pyogrio against fiona."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from builders import (
    KML,
    UTM51,
    columns_of,
    feature,
    geojson,
    kml_ring,
    lonlat_squares,
    placemark,
    shapefile,
    squares,
    write,
    zipped,
    zipped_shapefile,
)

from kkpr_check.errors import CrsError, InputError
from kkpr_check.io.containers import parts_of
from kkpr_check.io.layers import list_layers, read_layer, sha256_of

REAL = Path(os.environ.get("KKPR_REAL", Path(__file__).resolve().parents[2] / "shared" / "real"))


def gdb(folder: Path, name: str = "a", **options: Any) -> Path:
    fields = columns_of(20)
    fields["NOMOR"] = [f"{value}" for value in fields["NOMOR"]]
    return write(
        folder / f"{name}.gdb",
        squares(20),
        fields,
        driver="OpenFileGDB",
        layer="zona",
        kind="MultiPolygon",
        **options,
    )


@pytest.mark.parametrize(
    ("name", "driver"), [("a.shp", "ESRI Shapefile"), ("a.gpkg", "GPKG"), ("a.fgb", "FlatGeobuf")]
)
def test_round_trip(name: str, driver: str, tmp_path: Path) -> None:
    path = write(
        tmp_path / name, squares(20), driver=driver, **({"spatial_index": False} if "fgb" in name else {})
    )
    data = read_layer(path)
    assert (data.driver, data.layer, data.geometry_type, data.crs) == (driver, "a", "Polygon", UTM51)
    assert shapely.equals(data.geometry, squares(20)).all()
    assert {column: values.tolist() for column, values in data.fields.items()} == columns_of(20)
    assert type(data.fields["NOMOR"][1]) is int and data.fields["NOMOR"][0] is None
    assert (
        data.row.tolist() == list(range(20)) and not data.repairs and not data.doubts and not data.assumptions
    )


def test_file_gdb_as_folder_and_zip(tmp_path: Path) -> None:
    path = gdb(tmp_path)
    with zipfile.ZipFile(tmp_path / "gdb.zip", "w") as archive:
        for part in path.iterdir():
            archive.write(part, f"serah terima/a.gdb/{part.name}")
    for source in (path, tmp_path / "gdb.zip"):
        data = read_layer(source)
        assert (data.layer, data.feature_field, data.feature[0], len(data)) == ("zona", "OBJECTID", "1", 20)
        assert shapely.equals(data.geometry, squares(20)).all()
        assert list_layers(source) == [("zona", "MultiPolygon")]


def test_geojson_forms(tmp_path: Path) -> None:
    shapes = lonlat_squares(3)
    features = [feature(g, KODE=f"R-{i}", fid=i + 7) for i, g in enumerate(shapes)]
    whole = read_layer(geojson(tmp_path / "a.geojson", features))
    assert shapely.equals(whole.geometry, shapes).all() and whole.crs == "EPSG:4326"
    assert (whole.feature.tolist(), whole.feature_field) == (["7", "8", "9"], "fid")
    import json

    for name, text in {
        "b.geojsonl": "\n".join(json.dumps(f) for f in features),
        "c.geojsons": "\n".join("\x1e" + json.dumps(f) for f in features) + "\n",
        "d.json": "\ufeff" + json.dumps({"type": "FeatureCollection", "features": features}),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert shapely.equals(read_layer(tmp_path / name).geometry, shapes).all()
    (tmp_path / "e.geojson").write_text(json.dumps(features[0]["geometry"]))
    assert len(read_layer(tmp_path / "e.geojson")) == 1
    (tmp_path / "f.geojson").write_text(json.dumps(features[0]))
    assert read_layer(tmp_path / "f.geojson").fields["KODE"].tolist() == ["R-0"]


def test_geojson_with_a_metric_crs(tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::9491"}}
    data = read_layer(geojson(tmp_path / "a.geojson", [feature(g) for g in squares(3)], crs=crs))
    assert data.crs == UTM51 and shapely.equals(data.geometry, squares(3)).all()
    assert any("SRGI2013" in note.en for note in data.assumptions)


def test_geometry_types_of_geojson(tmp_path: Path) -> None:
    square = lonlat_squares(1)[0]
    hole = square.difference(shapely.centroid(square).buffer(0.0001))
    shapes = [
        square.centroid, shapely.MultiPoint([[124.1, -9], [124.2, -9]]), square.exterior,
        shapely.MultiLineString([[[124, -9], [125, -9]], [[124, -8], [125, -8], [125, -7]]]), hole,
        shapely.MultiPolygon([hole, shapely.box(124, -9, 124.1, -8)]),
    ]  # fmt: skip
    shapes[2] = shapely.LineString(square.exterior.coords)
    data = read_layer(geojson(tmp_path / "a.geojson", [feature(shape) for shape in shapes]))
    assert data.geometry_type == "Mixed"
    assert shapely.equals_exact(data.geometry, np.array(shapes, dtype=object), 0, normalize=True).all()
    assert shapely.get_type_id(data.geometry).tolist() == shapely.get_type_id(shapes).tolist()


def test_kml_reads_all_folders_and_extended_data(tmp_path: Path) -> None:
    extra = (
        '<ExtendedData><Data name="KBLI"><value>01111</value></Data><SchemaData schemaUrl="#s">'
        '<SimpleData name="LANTAI">2</SimpleData></SchemaData></ExtendedData>'
    )
    path = tmp_path / "a.kml"
    body = (
        f"<Folder><name>Persil</name>{placemark(kml_ring(), 'P1', extra)}</Folder>"
        f"<Folder><name>Tapak</name>{placemark(kml_ring(124.5), 'T1')}{placemark(kml_ring(124.6), 'T2')}</Folder>"
    )
    path.write_text(KML.format(body), encoding="utf-8")
    data = read_layer(path)
    assert data.fields["name"].tolist() == ["P1", "T1", "T2"]
    assert data.fields["Folder"].tolist() == ["Persil", "Tapak", "Tapak"]
    assert data.fields["KBLI"].tolist() == ["01111", None, None] and data.fields["LANTAI"][0] == "2"
    assert data.crs == "EPSG:4326" and any("Z" in note.en for note in data.assumptions)
    assert list_layers(path) == [("Persil", None), ("Tapak", None)]
    assert read_layer(path, layer="Tapak").fields["name"].tolist() == ["T1", "T2"]
    kmz = zipped(tmp_path / "b.kmz", {"doc.kml": path, "files/gambar.png": b"x"})
    assert len(read_layer(kmz)) == 3 and read_layer(kmz).layer == "b"


def test_kml_with_an_undeclared_prefix(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    body = placemark(
        kml_ring(), "P: 1 &lt;a:b&gt; Kota:Bandung baru", "<gx:balloonVisibility>1</gx:balloonVisibility>"
    )
    path.write_text(
        KML.format(body).replace("<kml ", '<kml xsi:schemaLocation="http://a b.xsd" '), encoding="utf-8"
    )
    data = read_layer(path)
    assert data.fields["name"].tolist() == ["P: 1 <a:b> Kota:Bandung baru"] and len(data) == 1


def test_geoparquet(tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    pytest.importorskip("pyarrow")
    for name, crs, shapes in (("a", UTM51, squares(4)), ("b", 4326, lonlat_squares(4))):
        frame = geopandas.GeoDataFrame({"KODE": ["R-1", None, "R-3", "R-4"]}, geometry=list(shapes), crs=crs)
        frame.to_parquet(tmp_path / f"{name}.parquet")
        data = read_layer(tmp_path / f"{name}.parquet")
        assert shapely.equals(data.geometry, shapes).all() and data.crs == (
            crs if isinstance(crs, str) else "EPSG:4326"
        )
        assert data.fields["KODE"].tolist() == ["R-1", None, "R-3", "R-4"] and list(data.fields) == ["KODE"]
    frame.set_crs(None, allow_override=True).to_parquet(tmp_path / "c.parquet")
    with pytest.raises(CrsError) as unknown:
        read_layer(tmp_path / "c.parquet")
    assert unknown.value.code == "crs-missing"
    (tmp_path / "d.parquet").write_bytes(b"PAR1" + b"x" * 50)
    with pytest.raises(InputError) as damaged:
        read_layer(tmp_path / "d.parquet")
    assert damaged.value.code == "unreadable"


def test_the_ways_offices_pack_a_shapefile(tmp_path: Path) -> None:
    shp = shapefile(tmp_path / "m", 5)
    plain = read_layer(shp)
    for name, prefix in (("a.zip", ""), ("b.zip", "serah/terima/"), ("c.shp.zip", "")):
        data = read_layer(zipped_shapefile(tmp_path / name, shp, prefix))
        assert (data.layer, len(data)) == ("zona", 5) and list(data.parts) == [name]
        assert shapely.equals(data.geometry, plain.geometry).all()
    extra = zipped_shapefile(tmp_path / "d.zip", shp)
    with zipfile.ZipFile(extra, "a") as archive:
        archive.writestr("__MACOSX/._zona.shp", b"x")
        archive.writestr("zona.shp.xml", b"<metadata/>")
        archive.writestr("Peta.pdf", b"%PDF")
    assert len(read_layer(extra)) == 5


def test_several_layers_need_a_choice(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", squares(3), driver="GPKG", layer="pola")
    write(path, squares(2), driver="GPKG", layer="jalan", append=True)
    with pytest.raises(InputError, match="jalan, pola") as caught:
        read_layer(path)
    assert caught.value.code == "layer-choice" and "--layer" in str(caught.value.remedy)
    assert len(read_layer(path, layer="jalan")) == 2
    assert list_layers(path) == [("pola", "Polygon"), ("jalan", "Polygon")]
    with pytest.raises(InputError, match="no layer 'sungai'"):
        read_layer(path, layer="sungai")
    one, two = shapefile(tmp_path / "m", 3), shapefile(tmp_path / "m", 2, "jalan")
    packed = zipped(tmp_path / "b.zip", {f"x/{p.name}": p for p in one.parent.iterdir()})
    for source in (packed, tmp_path / "m"):
        with pytest.raises(InputError, match="jalan, zona"):
            read_layer(source)
        assert len(read_layer(source, layer=two.stem)) == 2


@pytest.mark.parametrize(
    ("values", "ids", "field"),
    [
        ({"OBJECTID": [5, 6, 7]}, ["5", "6", "7"], "OBJECTID"),
        ({"objectid": [5.0, 6.0, 7.0]}, ["5", "6", "7"], "objectid"),
        ({"OBJECTID": [5, 5, 7], "FID": [1, 2, 3]}, ["1", "2", "3"], "FID"),
        ({"OBJECTID": [5, None, 7]}, ["0", "1", "2"], None),
        ({"NOMOR": [5, 6, 7]}, ["0", "1", "2"], None),
    ],
)
def test_feature_ids(values: dict[str, list[Any]], ids: list[str], field: str | None, tmp_path: Path) -> None:
    rows = [feature(g, **{k: v[i] for k, v in values.items()}) for i, g in enumerate(lonlat_squares(3))]
    data = read_layer(geojson(tmp_path / "a.geojson", rows))
    assert (data.feature.tolist(), data.feature_field) == (ids, field)


def test_hashes(tmp_path: Path) -> None:
    import hashlib

    shp = shapefile(tmp_path / "m", 3)
    data = read_layer(shp)
    assert data.parts["zona.dbf"] == hashlib.sha256(shp.with_suffix(".dbf").read_bytes()).hexdigest()
    assert set(data.parts) == {"zona.shp", "zona.shx", "zona.dbf", "zona.prj", "zona.cpg"}
    assert data.sha256 == sha256_of(shp)
    path = geojson(tmp_path / "a.geojson", [feature(lonlat_squares(1)[0])])
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest() == read_layer(path).sha256
    shp.with_suffix(".cpg").write_text("UTF8")
    assert sha256_of(shp) != data.sha256


def test_a_folder_is_hashed_by_its_layers(tmp_path: Path) -> None:
    shapefile(tmp_path / "m", 3)
    before = sha256_of(tmp_path / "m")
    (tmp_path / "m" / "catatan.txt").write_text("x")
    assert sha256_of(tmp_path / "m") == before
    gdb(tmp_path / "m")
    parts = parts_of(tmp_path / "m")
    assert (
        sha256_of(tmp_path / "m") != before
        and "zona.shp" in parts
        and any(p.startswith("a.gdb/") for p in parts)
    )


def test_take_keeps_rows_together(tmp_path: Path) -> None:
    rows = [feature(g if i != 2 else None, KODE=f"R-{i}") for i, g in enumerate(lonlat_squares(5))]
    data = read_layer(geojson(tmp_path / "a.geojson", rows), keep_broken=True).take(np.array([1, 2]))
    assert (
        data.row.tolist() == [1, 2]
        and data.fields["KODE"].tolist() == ["R-1", "R-2"]
        and list(data.doubts) == [2]
    )
    assert data.take(np.array([True, False])).doubts == {}


CHILD = """
import sys
from kkpr_check.io.layers import read_layer
data = read_layer(sys.argv[1])
heavy = sorted(set(sys.modules) & {{"pandas", "geopandas", "pyarrow", "fiona", "pyogrio"}})
print(len(data), ",".join(heavy))
{after}
"""


def child(path: Path, after: str = "") -> str:
    code = CHILD.format(after=after)
    run = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout.strip()


def test_reading_loads_neither_gdal_nor_pandas_here(tmp_path: Path) -> None:
    assert child(shapefile(tmp_path, 3)) == "3"
    path = geojson(tmp_path / "a.geojson", [feature(lonlat_squares(1)[0])])
    assert child(path) == "1"


def test_a_library_user_keeps_geopandas(tmp_path: Path) -> None:
    pytest.importorskip("geopandas")
    shp = shapefile(tmp_path, 3)
    after = "import geopandas; print(len(geopandas.read_file(sys.argv[1])))"
    assert child(shp, after).splitlines()[-1] == "3"


def test_fiona_reads_the_same(tmp_path: Path) -> None:
    fiona = pytest.importorskip("fiona")
    for name, driver in (("a.shp", "ESRI Shapefile"), ("a.gpkg", "GPKG"), ("a.fgb", "FlatGeobuf")):
        path = write(tmp_path / name, squares(30), driver=driver)
        data = read_layer(path)
        with fiona.open(path) as collection:
            other = list(collection)
        shapes = np.array([shapely.geometry.shape(one["geometry"]) for one in other], dtype=object)
        assert shapely.equals_exact(data.geometry, shapes).all()
        for column, values in data.fields.items():
            assert [one["properties"][column] for one in other] == values.tolist()


@pytest.mark.slow
def test_a_hundred_thousand_polygons_in_seconds(tmp_path: Path) -> None:
    shapes = squares(100_000, columns=400)
    path = write(tmp_path / "a.gpkg", shapes, {"KODE": ["R-1"] * len(shapes)}, driver="GPKG")
    start = time.perf_counter()
    assert len(read_layer(path)) == 100_000
    assert time.perf_counter() - start < 30


# --- real layers -------------------------------------------------------------------------------------------------


def real_layers() -> list[Any]:
    names = [
        p.relative_to(REAL).as_posix()
        for folder in ("rdtr", "rtrw", "pendukung", "bangunan_persil", "kkpr", "ttu")
        for p in sorted((REAL / folder).glob("*"))
        if p.suffix in (".geojson", ".zip")
    ]
    if not names:
        return [pytest.param("", marks=pytest.mark.skip(reason="the real layers are not here"))]
    return names


@pytest.mark.real
@pytest.mark.parametrize("name", real_layers())
def test_a_real_layer_reads_whole(name: str) -> None:
    data = read_layer(REAL / name)
    assert len(data) > 0 and not data.doubts and data.crs == "EPSG:4326"
    assert shapely.is_valid(data.geometry).all() and not shapely.has_z(data.geometry).any()
    assert not any(repair.doubtful for repair in data.repairs)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "count", "invalid", "hectares", "zone"),
    [
        ("rdtr/jagoi_babang_2024_polaruang.geojson", 595, 1, 4276.627, "EPSG:32649"),
        ("rdtr/saumlaki_2023_polaruang.geojson", 118, 0, 3975.948, "EPSG:32752"),
        ("rdtr/jakarta_2022_potongan_polaruang.geojson", 25, 0, 7.933, "EPSG:32748"),
        ("rtrw/tanimbar_rtrw_kab_polaruang.geojson", 108, 0, 4898.219, "EPSG:32752"),
        ("rtrw/RTRWP Kota Bandung.zip", 6, 0, 16681.011, "EPSG:32748"),
        ("rtrw/RTRWP Kota Cirebon.zip", 10, 0, 33651.274, "EPSG:32749"),
        ("rtrw/RTRWP Kota Banjar.zip", 4, 1, 13113.471, "EPSG:32749"),
    ],
)
def test_real_figures(name: str, count: int, invalid: int, hectares: float, zone: str) -> None:
    """Figures of real/README.md, made without this code."""
    from kkpr_check.io.crs import transform

    if not (REAL / name).exists():
        pytest.skip("the real layers are not here")
    data = read_layer(REAL / name)
    assert (len(data), len(data.repairs)) == (count, invalid)
    area_ha = shapely.area(transform(data.geometry, data.crs, zone)).sum() / 1e4
    assert area_ha == pytest.approx(hectares, abs=0.001)


@pytest.mark.real
def test_real_geojson_reads_as_gdal_reads_it() -> None:
    """The own GeoJSON reader against GDAL on real files that GDAL can read."""
    from kkpr_check.io.drivers import import_pyogrio

    pyogrio = import_pyogrio()
    paths = sorted(REAL.glob("rdtr/*.geojson")) + sorted(REAL.glob("pendukung/*.geojson"))
    if not paths:
        pytest.skip("the real layers are not here")
    for path in paths:
        data = read_layer(path)
        meta, _, wkb, columns = pyogrio.raw.read(path, datetime_as_string=True)
        untouched = np.ones(len(data), dtype=bool)
        untouched[[repair.row for repair in data.repairs]] = False
        theirs = shapely.force_2d(shapely.from_wkb(wkb))
        assert shapely.equals_exact(data.geometry[untouched], theirs[untouched]).all()
        assert list(data.fields) == [name for name in meta["fields"] if name in data.fields]
        for name, values in zip(meta["fields"], columns, strict=True):
            if values.dtype.kind == "O" and all(v is None or isinstance(v, str) for v in data.fields[name]):
                assert values.tolist() == data.fields[name].tolist()
