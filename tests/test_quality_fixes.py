"""`validate --fix-safe`: what it changes, what it leaves byte for byte, and that no verdict is another than before."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import sqlite3
import tomllib
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from builders import feature, geojson, polygon, ring
from cli_harness import SAMPLE, Run

from kkpr_check import fixing
from kkpr_check.errors import UsageError
from kkpr_check.io.layers import read_layer
from kkpr_check.io.quality_read import Reading
from kkpr_check.quality.findings import FixReport, Result
from kkpr_check.validating import ValidateRequest, validate

DAY = dt.date(2026, 11, 24)
X, Y, STEP = 124.48, -9.445, 0.001


def fix(target: Path, out: Path, **more: Any) -> FixReport:
    return fixing.fix_safe(str(target), str(out), Reading(), overwrite=False, as_of=DAY, **more)


def look(target: Path, *select: str) -> Result:
    return validate(ValidateRequest((str(target),), select=select))


def square(x: float = X, **properties: Any) -> dict[str, Any]:
    return feature(polygon(ring(x, Y, STEP)), **({"KODSZN": "R-3"} | properties))


def outline(*corners: tuple[float, float], **properties: Any) -> dict[str, Any]:
    return feature(polygon([[x, y] for x, y in (*corners, corners[0])]), **({"KODSZN": "R-3"} | properties))


def defective() -> list[dict[str, Any]]:
    """Four squares in a row: a 1e-9 degree miss, a 3 cm overlap, a doubled vertex, and a feature that stands twice."""
    far, wide = X + STEP, X + 2 * STEP + 3e-7
    return [
        outline((X, Y), (X + STEP, Y), (X + STEP, Y), (X + STEP, Y + STEP), (X, Y + STEP), KODSZN="R3"),
        outline(
            (far + 1e-9, Y),
            (wide, Y),
            (wide, Y + STEP),
            (far + 1e-9, Y + STEP),
            NAMOBJ=" Perumahan\u00a0 Sedang\x00",
        ),
        square(X + 2 * STEP),
        square(X + 2 * STEP),
    ]


def as_file(folder: Path, suffix: str) -> Path:
    folder.mkdir(exist_ok=True)
    plain = geojson(folder / "zona.geojson", defective())
    if suffix == ".geojson":
        return plain
    rows = json.loads(plain.read_text("utf-8"))["features"]
    fields = {
        "KODSZN": np.array([r["properties"]["KODSZN"] for r in rows], dtype=object),
        "NAMOBJ": np.array(
            [(r["properties"].get("NAMOBJ") or "").replace("\0", "") for r in rows], dtype=object
        ),
    }
    geometry = shapely.to_wkb([shapely.from_geojson(json.dumps(r["geometry"])) for r in rows])
    target = folder / f"zona{suffix}"
    plain.unlink()
    if suffix == ".geojsonl":
        target.write_text("".join(f"\x1e{json.dumps(row)}\r\n" for row in rows), encoding="utf-8")
        return target
    if suffix == ".parquet":
        return as_parquet(target, fields, geometry)
    if suffix in (".kml", ".kmz"):
        return as_kml(target, rows)
    if suffix == ".zip":
        shapefile = as_file(folder / "apart", ".shp")
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("baca saya.txt", "isi")
            for part in sorted(shapefile.parent.iterdir()):
                archive.write(part, f"data/{part.name}")
        shutil.rmtree(folder / "apart")
        return target
    pyogrio.raw.write(
        target, np.asarray(geometry, dtype=object), list(fields.values()), list(fields), geometry_type="Polygon",
        crs="EPSG:4326", encoding="UTF-8", layer="zona", driver="OpenFileGDB" if suffix == ".gdb" else None,
    )  # fmt: skip
    return target


def as_parquet(target: Path, fields: dict[str, Any], wkb: Any) -> Path:
    """Write a GeoParquet with a covering in single precision, a dictionary column, a list, metadata, two row groups."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    bounds = shapely.bounds(shapely.from_wkb(wkb)).tolist()
    axes = ("xmin", "ymin", "xmax", "ymax")
    box = pa.struct([(axis, pa.float32()) for axis in axes])
    table = pa.table({
        "KODSZN": pa.array(list(fields["KODSZN"]), pa.dictionary(pa.int8(), pa.string())),
        "NAMOBJ": pa.array(list(fields["NAMOBJ"]), pa.large_string()),
        "besar": pa.array([2**62, 7, None, None], pa.int64()),
        "daftar": pa.array([[1], None, [], []], pa.list_(pa.int8())),
        "bbox": pa.array([dict(zip(axes, b, strict=True)) for b in bounds], box),
        "geom": pa.array(list(wkb), pa.binary()),
    })  # fmt: skip
    said = {
        "encoding": "WKB", "geometry_types": ["Polygon"], "bbox": [X, Y, X + 3 * STEP, Y + STEP],
        "covering": {"bbox": {axis: ["bbox", axis] for axis in axes}},
    }  # fmt: skip
    geo = {"version": "1.1.0", "primary_column": "geom", "columns": {"geom": said}}
    table = table.replace_schema_metadata({b"geo": json.dumps(geo).encode(), b"asal": "Dinas é".encode()})
    parquet.write_table(table, target, compression="zstd", row_group_size=2)
    return target


def test_a_geoparquet_keeps_types_metadata_and_the_columns_it_does_not_touch(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    layer = as_file(tmp_path / "in", ".parquet")
    report = fix(layer, tmp_path / "out")
    before, after = parquet.ParquetFile(layer), parquet.ParquetFile(report.target)
    old, new = before.read(), after.read()
    assert new.schema.equals(old.schema) and new.schema.metadata[b"asal"] == "Dinas é".encode()
    assert new["besar"].to_pylist() == [2**62, 7, None] and new["daftar"].to_pylist() == [[1], None, []]
    assert after.metadata.row_group(0).num_rows == 2
    assert after.metadata.row_group(0).column(0).compression == "ZSTD"
    headers = [json.loads(table.schema.metadata[b"geo"]) for table in (old, new)]
    for header in headers:
        del header["columns"]["geom"]["bbox"]
    assert headers[0] == headers[1]
    for box, wkb in zip(new["bbox"].to_pylist(), new["geom"].to_pylist(), strict=True):
        x0, y0, x1, y1 = shapely.from_wkb(wkb).bounds
        if wkb not in old["geom"].to_pylist():
            assert box["xmin"] <= x0 and box["ymin"] <= y0 and box["xmax"] >= x1 and box["ymax"] >= y1


def test_a_line_that_is_not_touched_stays_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    layer = tmp_path / "in" / "zona.geojsonl"
    odd = json.dumps(square(X, OBJECTID=1)).replace('"KODSZN": "R-3"', '"besar" : 1.50e2,  "KODSZN": "R-3"')
    blank = json.dumps(square(X + STEP, OBJECTID=2, NAMOBJ="  Rumah é "))
    layer.write_bytes(f"{odd}\n\n\x1e{blank}\r\n".encode())
    report = fix(layer, tmp_path / "out")
    lines = Path(report.target).read_bytes().split(b"\n")
    assert lines[0] == odd.encode() and lines[1] == b"" and lines[3] == b""
    assert lines[2].startswith(b"\x1e{") and lines[2].endswith(b"}\r")
    assert json.loads(lines[2].strip(b"\x1e\r"))["properties"]["NAMOBJ"] == "Rumah é"


def test_a_line_that_holds_a_collection_is_left_and_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    layer = tmp_path / "in" / "zona.geojsonl"
    rows = [square(X), square(X + STEP, NAMOBJ=" Rumah ")]
    layer.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    report = fix(layer, tmp_path / "out")
    assert report.not_writable == ("zona.geojsonl",) and report.fixes == ()
    assert (tmp_path / "out" / "zona.geojsonl").read_bytes() == layer.read_bytes()


def as_kml(target: Path, rows: list[dict[str, Any]]) -> Path:
    """Write what a mapping program exports: a prefix, styles, heights of 0, a folder, a comment, a picture beside it."""
    marks = []
    for number, row in enumerate(rows):
        (outer,) = row["geometry"]["coordinates"]
        line = " ".join(f"{x!r},{y!r},0" for x, y in outer)
        name = (row["properties"].get("NAMOBJ") or "").replace("\0", "")
        marks.append(
            f'<k:Placemark id="m"><k:name>{number if number < 3 else 2} &amp; co</k:name><k:styleUrl>#s</k:styleUrl>'
            f"<k:ExtendedData><k:SchemaData schemaUrl='#x'><k:SimpleData name=\"KODSZN\">{row['properties']['KODSZN']}</k:SimpleData>"
            f"</k:SchemaData><k:Data name='NAMOBJ'><k:value><![CDATA[{name}]]></k:value></k:Data></k:ExtendedData>"
            f"<k:Polygon><k:tessellate>1</k:tessellate><k:outerBoundaryIs><k:LinearRing><k:coordinates>\n\t{line}\n"
            "</k:coordinates></k:LinearRing></k:outerBoundaryIs></k:Polygon></k:Placemark>\n"
        )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- dibuat dengan tangan -->\n<k:kml xmlns:k="http://www.opengis.net/kml/2.2">'
        '<k:Document><k:Style id="s"><k:LineStyle><k:width>2</k:width></k:LineStyle></k:Style><k:Folder><k:name>Zona é</k:name>\n'
        f"{''.join(marks)}</k:Folder></k:Document></k:kml>\n"
    )
    if target.suffix == ".kml":
        target.write_text(text, encoding="utf-8")
    else:
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("files/ikon.png", b"\x89PNG")
            archive.writestr("doc.kml", text)
    return target


def contents(path: Path) -> list[tuple[str, bytes]]:
    if path.is_dir():
        return [found for file in sorted(path.iterdir()) for found in contents(file)]
    return [(path.name, path.read_bytes())]


@pytest.mark.parametrize(
    "suffix", [".geojson", ".shp", ".gpkg", ".fgb", ".kml", ".kmz", ".zip", ".gdb", ".geojsonl", ".parquet"]
)
def test_a_layer_is_corrected_and_the_original_is_left(suffix: str, tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", suffix)
    before = contents(layer.parent)
    report = fix(layer, tmp_path / "out")
    assert contents(layer.parent) == before
    assert not report.not_writable
    made = report.by_kind
    assert made["duplicate-feature"] == 1 and made["code-spelling"] == 1 and made["blanks"] == 1
    assert made["snap-noise"] >= 1 and made["snap-sliver"] >= 1 and made["duplicate-vertex"] == 1
    assert not report.rolled_back and report.sites > 0
    copy = Path(report.target)
    assert copy == tmp_path / "out" / (layer.name if suffix != ".gdb" else "zona.gpkg")
    assert ("converted" in made) == (suffix == ".gdb")
    left = {f.code for f in look(copy).findings}
    assert not left & {"DAT101", "DAT102", "DAT104", "DAT105", "DAT111", "DAT211", "DAT216"}, left
    found = read_layer(copy)
    assert len(found) == 3 and list(found.fields["KODSZN"]) == ["R-3"] * 3
    assert "Perumahan Sedang" in list(found.fields["NAMOBJ"])
    assert shapely.coverage_is_valid(found.geometry)
    moved = [
        entry["moved_m"] for entry in json.loads((tmp_path / "out" / "CHANGES.json").read_text())["changes"]
    ]
    assert max(m for m in moved if m is not None) < 0.5


@pytest.mark.parametrize("suffix", [".kml", ".kmz"])
def test_a_kml_keeps_every_byte_that_it_does_not_touch(suffix: str, tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", suffix)
    fix(layer, tmp_path / "out")

    def document(path: Path) -> str:
        if suffix == ".kml":
            return path.read_text("utf-8")
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == ["files/ikon.png", "doc.kml"]
            assert archive.read("files/ikon.png") == b"\x89PNG"
            return archive.read("doc.kml").decode("utf-8")

    old, new = document(layer), document(tmp_path / "out" / layer.name)
    shape = re.compile(r"<k:Polygon>.*?</k:Polygon>", re.DOTALL)
    texts = shape.sub("", old).splitlines()
    assert texts.pop(-2).startswith("<k:Placemark"), "what stood twice is left out"
    wanted = [
        line.replace(">R3<", ">R-3<").replace("<![CDATA[ Perumahan\u00a0 Sedang]]>", "Perumahan Sedang")
        for line in texts
    ]
    assert [line for line in shape.sub("", new).splitlines() if line] == wanted[:-1] + wanted[-1:]
    assert all("<k:tessellate>1</k:tessellate>" in found for found in shape.findall(new))
    assert all(
        token.endswith(",0") for one in re.findall(r"coordinates>([^<]+)<", new) for token in one.split()
    )


def test_a_flatgeobuf_keeps_types_nulls_order_and_other_geometries(tmp_path: Path) -> None:
    """Types that a rewrite easily loses: whole numbers with nulls, small numbers, truth values, dates, heights elsewhere."""
    layer = tmp_path / "in" / "zona.fgb"
    layer.parent.mkdir()
    shapes = [shapely.from_geojson(json.dumps(row["geometry"])) for row in defective()]
    shapes[3] = shapely.force_3d(shapely.box(X + 5 * STEP, Y, X + 6 * STEP, Y + STEP), 7.0)
    columns: dict[str, tuple[Any, Any]] = {
        "KODSZN": (np.array(["R3", "R-3", "R-3", None], dtype=object), None),
        "JUMLAH": (np.array([1, 2, 3, 4], dtype=np.int32), np.array([False, True, False, False])),
        "BESAR": (np.array([2**40, 2, 3, 4], dtype=np.int64), np.array([False, False, True, False])),
        "LUAS": (np.array([1.5, np.nan, 0.1, 2e-300]), None),
        "SAH": (np.array([True, False, True, True]), None),
        "TGL": (np.array(["2024-02-29", "1950-01-01", "NaT", "2026-11-24"], dtype="datetime64[D]"), None),
    }
    pyogrio.raw.write(
        layer, np.asarray(shapely.to_wkb(shapes), dtype=object), [values for values, _ in columns.values()], list(columns),
        field_mask=[mask for _, mask in columns.values()], geometry_type="Unknown", crs="EPSG:4326", layer="zona",
        SPATIAL_INDEX="NO",
    )  # fmt: skip
    report = fix(layer, tmp_path / "out")
    assert report.by_kind["code-spelling"] == 1 and report.by_kind["snap-noise"] >= 1
    assert "converted" not in report.by_kind and not report.not_writable
    old, new = (pyogrio.read_info(path) for path in (layer, tmp_path / "out" / "zona.fgb"))
    for key in ("fields", "dtypes", "ogr_types", "ogr_subtypes", "geometry_type", "crs", "layer_name"):
        assert np.array_equal(old.get(key), new.get(key)), key
    before, after = (read_layer(path, keep_broken=True) for path in (layer, tmp_path / "out" / "zona.fgb"))
    for name in columns:
        wanted = list(before.fields[name])
        assert list(after.fields[name]) == (["R-3", "R-3", "R-3", None] if name == "KODSZN" else wanted), name


def test_a_geodatabase_of_a_plan_becomes_a_geopackage_that_plan_toml_names(
    plan: Path, tmp_path: Path
) -> None:
    """Ids and other layers stay, comments of plan.toml too."""
    zoning = read_plan_layer(plan, "zoning")
    meta, fids, wkb, columns = pyogrio.raw.read(plan / zoning["path"], return_fids=True, encoding="utf-8")
    names = [str(name) for name in meta["fields"]]
    codes = columns[names.index(zoning["fields"]["subzone"])]
    codes[0] = f" {codes[0]} "
    pyogrio.raw.write(plan / "layers" / "rdtr.gdb", wkb, columns, names, layer="POLA_RUANG", geometry_type="MultiPolygon",
                      promote_to_multi=True, crs=meta["crs"], encoding="UTF-8", driver="OpenFileGDB")  # fmt: skip
    toml = plan / "plan.toml"
    text = toml.read_text("utf-8")
    text = text.replace(
        f'path = "{zoning["path"]}"', 'path = "layers/rdtr.gdb"  # dari GDB\nlayer = "POLA_RUANG"', 1
    )
    toml.write_text(text, "utf-8")
    (plan / "plan.lock").unlink(missing_ok=True)
    report = fix(plan, tmp_path / "out")
    assert report.by_kind["blanks"] == 1 and report.by_kind["converted"] == 1
    (said,) = [one for one in report.fixes if one.kind == "converted"]
    assert (said.before, said.after) == ("layers/rdtr.gdb", "layers/rdtr_POLA_RUANG.gpkg")
    now = read_plan_layer(tmp_path / "out", "zoning")
    assert now["path"] == said.after and now["fields"] == zoning["fields"]
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert [
        line for line in (tmp_path / "out" / "plan.toml").read_text("utf-8").splitlines() if line[:1] == "#"
    ] == comments
    made = read_layer(tmp_path / "out" / said.after)
    assert len(made) == len(fids) and "OBJECTID" in made.fields
    assert contents(tmp_path / "out" / "layers" / "rdtr.gdb") == contents(plan / "layers" / "rdtr.gdb")
    assert "DAT010" not in {finding.code for finding in look(tmp_path / "out").findings}


def read_plan_layer(plan: Path, role: str) -> dict[str, Any]:
    document = tomllib.loads((plan / "plan.toml").read_text("utf-8"))
    return next(layer for layer in document["layer"] if layer["role"] == role)


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [
        ("<?xml", "\ufeff<?xml", True),
        ('encoding="UTF-8"', 'encoding="ISO-8859-1"', False),
        ("<k:name>2 &amp; co", "<k:description><![CDATA[<k:Placemark> </k:Placemark>]]></k:description><k:name>2 &amp; co", True),
        ("<k:Polygon>", "<k:Polygon><k:altitudeMode>clampToGround</k:altitudeMode>", True),
    ],
)  # fmt: skip
def test_a_kml_is_read_again_before_it_stays(old: str, new: str, written: bool, tmp_path: Path) -> None:
    """What would not read as meant is left as it was, and named."""
    layer = as_file(tmp_path / "in", ".kml")
    text = layer.read_text("utf-8")
    assert old in text
    layer.write_bytes(text.replace(old, new).encode("latin-1" if "8859" in new else "utf-8"))
    report = fix(layer, tmp_path / "out")
    copy = read_layer(tmp_path / "out" / "zona.kml", keep_broken=True)
    if report.not_writable:
        assert report.fixes == () and contents(tmp_path / "out" / "zona.kml") == contents(layer)
    else:
        assert list(copy.fields["KODSZN"]) == ["R-3"] * 3 and report.by_kind["snap-sliver"] >= 1
    assert written or report.not_writable == ("zona.kml",)


@pytest.mark.parametrize("suffix", [".kml", ".geojson"])
def test_outlines_with_heights_stay_as_they_are(suffix: str, tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", suffix)
    text = layer.read_text("utf-8")
    text = re.sub(r"\[(124\.[\d.]+), (-9\.[\d.]+)\]", r"[\1, \2, 12.5]", text.replace(",0 ", ",12.5 "))
    layer.write_text(text, "utf-8")
    assert text.count("12.5") > 10
    report = fix(layer, tmp_path / "out")
    assert set(report.by_kind) <= {"blanks", "code-spelling", "duplicate-feature"}, report.by_kind
    assert report.by_kind["code-spelling"] == 1
    assert (tmp_path / "out" / layer.name).read_text("utf-8").count("12.5") >= text.count("12.5") * 3 // 5


@pytest.mark.parametrize("style", ["inline", "dotted"])
def test_a_plan_toml_that_cannot_be_repointed_leaves_the_layer(style: str) -> None:
    from kkpr_check.io.repoint import repointed

    inline = 'layer = [{role = "zoning", path = "a.gdb"}]\n'
    text = {"inline": inline, "dotted": '[[layer]]\n"path" = "a.gdb"\n'}[style]
    assert repointed(text, 0, "b.gpkg", "x") is None
    plain = '# a\n[[layer]] # z\npath = "a.gdb"\nrole = "zoning"\n[layer.fields]\nlayer = "K"\n[[layer]]\npath = "a.gdb"\n'
    made = repointed(plain, 1, 'b "x".gpkg', "POLA")
    assert made is not None and tomllib.loads(made)["layer"][1] == {"path": 'b "x".gpkg', "layer": "POLA"}
    assert made.startswith(plain[: plain.rindex("path")])


def test_a_shapefile_keeps_widths_encoding_and_every_row_it_does_not_touch(tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", ".shp")
    fix(layer, tmp_path / "out")
    old, new = (path.with_suffix(".dbf").read_bytes() for path in (layer, tmp_path / "out" / layer.name))
    start, width = int.from_bytes(old[8:10], "little"), int.from_bytes(old[10:12], "little")
    assert old[:4] == new[:4] and old[8:start] == new[8:start]
    assert old[start + 2 * width : start + 3 * width] == new[start + 2 * width : start + 3 * width]
    for suffix in (".prj", ".cpg"):
        assert (
            layer.with_suffix(suffix).read_bytes()
            == (tmp_path / "out" / layer.name).with_suffix(suffix).read_bytes()
        )
    assert pyogrio.read_info(tmp_path / "out" / layer.name)["features"] == 3


def test_a_geopackage_keeps_its_spatial_index(tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", ".gpkg")
    fix(layer, tmp_path / "out")
    with closing(sqlite3.connect(tmp_path / "out" / "zona.gpkg")) as base:
        ids = {row[0] for row in base.execute("SELECT id FROM rtree_zona_geom")}
        assert ids == {row[0] for row in base.execute("SELECT fid FROM zona")} and len(ids) == 3


def test_a_text_that_has_no_room_stays(tmp_path: Path) -> None:
    target = tmp_path / "zona.shp"
    shape = shapely.to_wkb([shapely.box(X, Y, X + STEP, Y + STEP)])
    pyogrio.raw.write(target, np.asarray(shape, dtype=object), [np.array(["R3"], dtype=object)], ["KODSZN"],
                      geometry_type="Polygon", crs="EPSG:4326", encoding="UTF-8")  # fmt: skip
    dbf = target.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    start, width = int.from_bytes(data[8:10], "little"), data[48]
    data[48], data[10:12] = 2, (3).to_bytes(2, "little")
    dbf.write_bytes(bytes(data[: start + 3]) + b"\x1a")
    assert width > 2
    report = fix(target, tmp_path / "out")
    assert not report.fixes and {f.code for f in look(tmp_path / "out" / "zona.shp", "DAT211").findings} == {
        "DAT211"
    }


def test_a_real_overlap_and_a_real_gap_are_not_touched(tmp_path: Path) -> None:
    layer = geojson(tmp_path / "zona.geojson", [square(), square(X + 0.9 * STEP), square(X + 2.5 * STEP)])
    report = fix(layer, tmp_path / "out")
    assert not report.fixes
    assert (tmp_path / "out" / "zona.geojson").read_bytes() == layer.read_bytes()


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "plan"
    shutil.copytree(SAMPLE, folder)
    return folder


def test_a_plan_folder_is_copied_whole_and_judged_before_and_after(plan: Path, tmp_path: Path) -> None:
    (plan / "notes.bin").write_bytes(b"\0\1")
    report = fix(plan, tmp_path / "out")
    assert report.sites > 100 and report.cases > 5 and not report.rolled_back
    changed = {f.file for f in report.fixes}
    for file in (path for path in plan.rglob("*") if path.is_file()):
        inside = file.relative_to(plan)
        if inside.with_suffix(".shp").as_posix() not in changed and inside.as_posix() not in changed:
            assert (tmp_path / "out" / inside).read_bytes() == file.read_bytes(), inside


def test_what_would_change_a_verdict_is_rolled_back_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong correction (every code becomes another one) is found by the engine, and only that kind is undone."""
    from kkpr_check.quality import fixes

    def wrong(sheet: fixes.Sheet, draft: fixes.Draft) -> None:
        for row in range(len(sheet.view)):
            draft.cells[row, "KODSZN"] = "BA"
            draft.fixes.append(
                fixes.Fix("code-spelling", sheet.view.file, "zona", str(row), row, "KODSZN", "R-3", "BA")
            )

    monkeypatch.setattr(fixes, "_spelling", wrong)
    layer = geojson(tmp_path / "zona.geojson", [square(), square(X + STEP, NAMOBJ=" a ")])
    report = fix(layer, tmp_path / "out")
    assert [item.kind for item in report.rolled_back] == ["code-spelling"] and report.by_kind == {"blanks": 1}
    kept = json.loads((tmp_path / "out" / "zona.geojson").read_text("utf-8"))["features"]
    assert [row["properties"]["KODSZN"] for row in kept] == ["R-3", "R-3"]


def test_outputs_that_are_refused(plan: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("x")
    for out in (taken, plan / "inside", tmp_path / "no" / "such", plan):
        with pytest.raises(UsageError):
            fix(plan, out)
    with pytest.raises(UsageError):
        fixing.fix_safe(str(plan), str(taken), Reading(), overwrite=True, as_of=DAY)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plan", "taken"]


def test_the_command_tells_what_it_did_and_what_remains(run: Run, tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", ".geojson")
    code, out, _ = run("validate", str(layer), "--fix-safe", str(tmp_path / "out"), "--format", "json")
    document = json.loads(out)
    assert code == 0 and document["fixes"]["by_kind"]["duplicate-feature"] == 1
    assert document["fixes"]["compared"]["verdicts_changed"] == 0
    assert all(target["path"].startswith(str(tmp_path / "out")) for target in document["targets"])
    again = run("--lang", "id", "validate", str(layer), "--fix-safe", str(tmp_path / "out"), "--overwrite")
    assert again[0] == 0 and "tidak ada putusan yang berubah" in again[1]
    assert run("validate", str(layer), str(layer), "--fix-safe", str(tmp_path / "two"))[0] == 2


def test_a_drawing_is_copied_and_that_is_said(run: Run, tmp_path: Path) -> None:
    pairs = [(0, "SECTION"), (2, "ENTITIES"), (0, "LWPOLYLINE"), (8, "ZONA"), (90, 3), (70, 1)]
    pairs += [(10, 500000), (20, 9000000), (10, 500100), (20, 9000000), (10, 500100), (20, 9000100)]
    text = "".join(f"{code:>3}\n{value}\n" for code, value in [*pairs, (0, "ENDSEC"), (0, "EOF")])
    drawing = tmp_path / "zona.dxf"
    drawing.write_text(text, encoding="ascii")
    said = run("--lang", "en", "validate", str(drawing), "--fix-safe", str(tmp_path / "out"))[1]
    assert "nothing was judged" in said and "no verdict changed" not in said
    assert "a drawing (DXF) carries no attributes" in said
    assert (tmp_path / "out" / "zona.dxf").read_bytes() == drawing.read_bytes()
