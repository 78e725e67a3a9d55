"""Every format that parcels come in and go out as, and parcels that are broken."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from batch_harness import CRS, batch, some, table, write_gdal, write_geojsonl
from cli_harness import Run

from kkpr_check.batch.arrowrows import geo_metadata
from kkpr_check.batch.table import COLUMNS, FINDING_COLUMNS
from kkpr_check.errors import CrsError, InputError, KkprError, UsageError
from kkpr_check.io.crs import transform
from kkpr_check.io.layers import read_layer

ROWS, SHAPES = some(24)
PLAIN = [{"id": row["id"], "kbli": row["kbli"]} for row in ROWS]


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    folder = tmp_path_factory.mktemp("answer")
    batch(write_geojsonl(folder / "p.geojson", PLAIN, SHAPES), folder / "o.csv")
    return table(folder / "o.csv")


def lonlat() -> list[Any]:
    return list(transform(np.array(SHAPES, dtype=object), CRS, "EPSG:4326"))


def write_parquet(path: Path) -> Path:
    import pyarrow as pa

    columns = {name: [row[name] for row in PLAIN] for name in ("id", "kbli")}
    arrow = pa.table({**columns, "geometry": [shapely.to_wkb(shape) for shape in SHAPES]})
    arrow = arrow.replace_schema_metadata({b"geo": geo_metadata(CRS, None, ["Polygon"])})
    pq.write_table(arrow, path, row_group_size=7)
    return path


def write_csv(path: Path, shapes: list[Any], *, header: str = "WKT", prefix: str = "") -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["ID", header, "kbli"])
        writer.writerows(
            [r["id"], prefix + shapely.to_wkt(s, rounding_precision=-1), r["kbli"]]
            for r, s in zip(PLAIN, shapes, strict=True)
        )
    return path


def write_sequence(path: Path) -> Path:
    features = [
        {"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(shape)}
        for row, shape in zip(PLAIN, lonlat(), strict=True)
    ]
    path.write_text("".join(f"\x1e{json.dumps(f)}\n" for f in features))
    return path


def written(folder: Path, kind: str) -> Path:
    if kind == "parquet":
        return write_parquet(folder / "p.parquet")
    if kind == "csv":
        return write_csv(folder / "p.csv", SHAPES, prefix="SRID=32751;")
    if kind == "geojsonl":
        return write_sequence(folder / "p.geojsonl")
    drivers = {"gpkg": "GPKG", "fgb": "FlatGeobuf", "shp": "ESRI Shapefile", "gdb": "OpenFileGDB"}
    more = {"spatial_index": False} if kind == "fgb" else {}
    return write_gdal(folder / f"p.{kind}", PLAIN, SHAPES, drivers[kind], **more)


@pytest.mark.parametrize("kind", ["gpkg", "fgb", "shp", "gdb", "parquet", "csv", "geojsonl"])
def test_every_input_gives_the_same_rows(tmp_path: Path, answer: list[dict[str, str]], kind: str) -> None:
    batch(written(tmp_path, kind), tmp_path / "o.csv", block_rows=5)
    found = table(tmp_path / "o.csv")
    exact = ("id", "verdict", "plan", "subzone", "fail", "undetermined", "conditional")
    assert [[row[name] for name in exact] for row in found] == [
        [row[name] for name in exact] for row in answer
    ]
    for mine, other in zip(found, answer, strict=True):
        assert float(mine["parcel_area_m2"]) == pytest.approx(float(other["parcel_area_m2"]), rel=1e-6)


@pytest.mark.parametrize("kind", ["gpkg", "fgb", "shp", "gdb"])
def test_gdal_without_pyarrow(
    tmp_path: Path, answer: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    from kkpr_check.batch import gdalstream

    monkeypatch.setattr(gdalstream, "_has_pyarrow", lambda: False)
    monkeypatch.setattr(gdalstream, "CHUNK_ROWS", 10)
    batch(written(tmp_path, kind), tmp_path / "o.csv", block_rows=4)
    assert [row["verdict"] for row in table(tmp_path / "o.csv")] == [row["verdict"] for row in answer]


def test_every_output_has_the_same_rows(tmp_path: Path) -> None:
    file = write_geojsonl(tmp_path / "p.geojson", PLAIN, SHAPES)
    for suffix in ("csv", "jsonl", "parquet", "gpkg", "fgb"):
        batch(file, tmp_path / f"o.{suffix}", block_rows=10)
    arrow = pq.read_table(tmp_path / "o.parquet")
    assert arrow.column_names == [*COLUMNS, "geometry"]
    rows = arrow.drop_columns("geometry").to_pylist()
    lines = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert lines == rows
    assert list(lines[0]) == list(COLUMNS)
    told = table(tmp_path / "o.csv")
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows] == told
    for suffix, layer in (("gpkg", "kkpr_check"), ("fgb", None)):
        meta, _, wkb, data = pyogrio.raw.read(tmp_path / f"o.{suffix}", layer=layer)
        assert list(meta["fields"]) == list(COLUMNS)
        by_id = dict(zip(data[0], zip(data[1], shapely.from_wkb(wkb), strict=True), strict=True))
        for row, shape in zip(rows, SHAPES, strict=True):
            verdict, found = by_id[row["id"]]
            assert verdict == row["verdict"] and shapely.equals_exact(found, shape)
        assert "32751" in meta["crs"]


@pytest.mark.parametrize("suffix", ["parquet", "gpkg", "fgb"])
@pytest.mark.parametrize("name", ["persil", "a b#?%3f&'ü"])
def test_a_layer_keeps_order_and_rows_without_outline(tmp_path: Path, suffix: str, name: str) -> None:
    shapes = [*SHAPES[:5], None, *SHAPES[6:]]
    file = write_geojsonl(tmp_path / "p.geojson", PLAIN, shapes)
    output = tmp_path / f"{name}.{suffix}"
    batch(file, output, block_rows=10)
    if suffix == "parquet":
        arrow = pq.ParquetFile(output).read()
        ids, wkb = arrow["id"].to_pylist(), arrow["geometry"].to_pylist()
    else:
        raw = read_layer_raw(output)
        ids, wkb = raw["id"], raw["geometry"]
    assert ids == [row["id"] for row in PLAIN]
    assert [n for n, value in enumerate(wkb) if value is None] == [5]


def read_layer_raw(path: Path) -> dict[str, list[Any]]:
    """Return the columns of a written layer, in the order of the file."""
    layer = "kkpr_check" if path.suffix == ".gpkg" else None
    meta, _, wkb, data = pyogrio.raw.read(path, layer=layer)
    return dict(zip(map(str, meta["fields"]), map(list, data), strict=True)) | {"geometry": list(wkb)}


@pytest.mark.parametrize("missing", [0, 5, 23])
def test_a_flatgeobuf_with_a_row_without_outline(
    tmp_path: Path, answer: list[dict[str, str]], missing: int
) -> None:
    shapes = [None if n == missing else shape for n, shape in enumerate(SHAPES)]
    file = write_gdal(tmp_path / "p.fgb", PLAIN, shapes, "FlatGeobuf", spatial_index=False)
    batch(file, tmp_path / "o.csv", block_rows=10)
    told = table(tmp_path / "o.csv")
    assert [n for n, row in enumerate(told) if row["undetermined"] == "LOK000"] == [missing]
    assert [row for n, row in enumerate(told) if n != missing] == [
        row for n, row in enumerate(answer) if n != missing
    ]


def test_geoparquet_metadata(tmp_path: Path) -> None:
    batch(write_geojsonl(tmp_path / "p.geojson", PLAIN, SHAPES), tmp_path / "o.parquet")
    geo = json.loads(pq.read_metadata(tmp_path / "o.parquet").metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    column = geo["columns"]["geometry"]
    assert column["encoding"] == "WKB" and column["geometry_types"] == ["Polygon"]
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 32751}
    assert column["bbox"] == pytest.approx(shapely.total_bounds(SHAPES).tolist())


def test_the_long_table(tmp_path: Path) -> None:
    rows = [row | {"legal_area_m2": 100} for row in PLAIN[:6]]
    file = write_geojsonl(tmp_path / "p.geojson", rows, SHAPES[:6])
    for suffix in ("csv", "jsonl", "parquet"):
        batch(file, tmp_path / f"o-{suffix}.csv", findings=str(tmp_path / f"f.{suffix}"), block_rows=4)
    told = table(tmp_path / "f.csv")
    assert list(told[0]) == list(FINDING_COLUMNS)
    lines = [json.loads(line) for line in (tmp_path / "f.jsonl").read_text().splitlines()]
    assert [row["operator"] for row in told] == [line["operator"] or "" for line in lines]
    arrow = pq.read_table(tmp_path / "f.parquet").to_pylist()
    assert len(told) == len(lines) == len(arrow)
    for line, row in zip(lines, arrow, strict=True):
        assert line["measured"] == (row["measured"] if row["measured_text"] is None else row["measured_text"])
        assert line["margin"] == row["margin"] and line["legal"] == row["legal"]
    assert list(dict.fromkeys(row["id"] for row in told)) == [row["id"] for row in PLAIN[:6]]


def test_broken_parcels_are_rows_with_their_reason(tmp_path: Path) -> None:
    good = SHAPES[0]
    x, y = good.centroid.x, good.centroid.y
    flat = shapely.Polygon([(x, y), (x + 10, y), (x, y)])
    bow = shapely.Polygon([(x, y), (x + 30, y + 30), (x + 30, y), (x, y + 30)])
    far = shapely.box(500_000, 3_000_000, 500_010, 3_000_010)
    shapes = [
        good,
        None,
        shapely.Point(x, y),
        flat,
        bow,
        far,
        good,
        good,
        shapely.LineString([(x, y), (x + 1, y)]),
    ]
    rows = [{"id": str(n), "kbli": "47111"} for n in range(len(shapes))]
    rows[6]["kbli"] = "not a code"
    rows[7] = {"id": "7", "kbli": "47111", "floors": "many", "role": "parcel"}
    result = batch(write_geojsonl(tmp_path / "p.geojson", rows, shapes), tmp_path / "o.csv", block_rows=4)
    told = table(tmp_path / "o.csv")
    assert [row["id"] for row in told] == [str(n) for n in range(9)]
    assert told[0]["undetermined"] != "LOK000" and told[0]["subzone"]
    reasons = [row["message"] for row in told[1:]]
    assert [row["verdict"] for row in told[1:]] == ["undetermined"] * 8
    assert [row["undetermined"] for row in told[1:]] == ["LOK000"] * 8
    for reason, part in zip(
        reasons,
        [
            "no geometry",
            "Point",
            "area",
            "crosses itself",
            "outside Indonesia",
            "not a code",
            "many",
            "LineString",
        ],
        strict=True,
    ):
        assert part in reason
    assert "row 6" in reasons[5] and "row 7" in reasons[6]
    assert result.summary.broken == 8


def test_a_whole_block_elsewhere_does_not_stop_the_run(tmp_path: Path) -> None:
    far = [shapely.box(500_000 + n, 3_000_000, 500_010 + n, 3_000_010) for n in range(4)]
    file = write_geojsonl(tmp_path / "p.geojson", PLAIN[:8], [*far, *SHAPES[4:8]])
    assert batch(file, tmp_path / "o.csv", block_rows=4).summary.broken == 4


@pytest.mark.parametrize("first", [True, False])
def test_a_parcel_elsewhere_spoils_no_other(
    tmp_path: Path, answer: list[dict[str, str]], *, first: bool
) -> None:
    """Whatever shares its block, also where it is the first that is looked at."""
    far = [shapely.box(662_000, 5, 662_010, 15), transform(SHAPES[:1], CRS, "EPSG:4326")[0]]
    shapes = [*far, *SHAPES] if first else [*SHAPES, *far]
    rows = [{"id": "a"}, {"id": "b"}]
    rows = [*rows, *PLAIN] if first else [*PLAIN, *rows]
    file = write_geojsonl(tmp_path / "p.geojson", rows, shapes)
    made = []
    for block_rows in (1, 2, 5, 100):
        batch(file, tmp_path / f"{block_rows}.csv", block_rows=block_rows)
        made.append(table(tmp_path / f"{block_rows}.csv"))
    assert made[0] == made[1] == made[2] == made[3]
    told = {row["id"]: row for row in made[0]}
    assert [told[row["id"]] for row in answer] == answer
    assert "Indonesia" in told["a"]["message"] and "Indonesia" in told["b"]["message"]


def test_exit_codes(tmp_path: Path, run: Run) -> None:
    good = write_geojsonl(tmp_path / "good.geojson", PLAIN[:3], SHAPES[:3])
    bad = write_geojsonl(tmp_path / "bad.geojson", PLAIN[:3], [None, None, None])
    half = write_geojsonl(tmp_path / "half.geojson", PLAIN[:3], [SHAPES[0], None, SHAPES[2]])

    def code(file: Path, *more: str) -> int:
        plan = str(Path(__file__).parents[1] / "data" / "sample")
        call = (
            "batch",
            str(file),
            "--plan",
            plan,
            "--output",
            str(tmp_path / "o.csv"),
            "--overwrite",
            "--workers",
            "1",
        )
        return run(*call, *more)[0]

    assert code(good) == 0
    assert code(bad) == 1
    assert code(half) == 0
    assert code(half, "--max-broken", "0") == 1
    assert code(half, "--max-broken", "1") == 0
    assert code(half, "--fail-on", "undetermined") == 1
    assert code(good, "--fail-on", "conform") == 1
    assert code(tmp_path / "absent.gpkg") == 2
    assert code(good, "--fail-on", "bad") == 2
    assert code(good, "--workers", "none") == 2


def test_the_command_speaks_indonesian(tmp_path: Path, run: Run) -> None:
    file = write_geojsonl(tmp_path / "p.geojson", PLAIN[:2], [SHAPES[0], None])
    plan = str(Path(__file__).parents[1] / "data" / "sample")
    code, out, err = run(
        "batch", str(file), "--plan", plan, "--output", str(tmp_path / "o.csv"), "--lang", "id"
    )
    assert (code, out) == (0, "")
    assert "2 persil, 1 rusak" in err and "bukan keputusan KKPR" in err
    assert "tidak memiliki geometri" in table(tmp_path / "o.csv")[1]["message"]
    assert run("batch", str(file), "--plan", plan, "--output", str(tmp_path / "p.csv"), "--quiet")[2] == ""


def test_ids(tmp_path: Path) -> None:
    rows = [
        {"NIB": "a", "OBJECTID": 5},
        {"NIB": None, "OBJECTID": 6},
        {"NIB": "a", "OBJECTID": None},
        {"NIB": " "},
    ]
    file = write_geojsonl(tmp_path / "p.geojson", rows, SHAPES[:4])
    result = batch(file, tmp_path / "o.csv", id_field="nib")
    assert [row["id"] for row in table(tmp_path / "o.csv")] == ["a", "6", "a", "3"]
    assert result.duplicate_ids == 1
    batch(file, tmp_path / "p.csv")
    assert [row["id"] for row in table(tmp_path / "p.csv")] == ["5", "6", "2", "3"]


def test_an_id_field_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="id, kbli"):
        batch(written(tmp_path, "gpkg"), tmp_path / "o.csv", id_field="nib")


def test_formulas_are_harmless_in_csv(tmp_path: Path) -> None:
    names = ["=cmd|' /C calc'!A0", "+1+1", "-5", "@SUM(A1)", 'a "quoted", one', "two\nlines", "\t=1", "-5,5"]
    rows = [{"id": name} for name in names]
    batch(write_geojsonl(tmp_path / "p.geojson", rows, SHAPES[:8]), tmp_path / "o.csv")
    assert [row["id"] for row in table(tmp_path / "o.csv")] == [
        "'=cmd|' /C calc'!A0", "'+1+1", "-5", "'@SUM(A1)", 'a "quoted", one', "two lines", "'=1", "-5,5",
    ]  # fmt: skip
    raw = (tmp_path / "o.csv").read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") == 9


def test_the_summary_page_is_escaped_and_alone(tmp_path: Path) -> None:
    rows = [{"id": "<script>alert(1)</script>", "kbli": "47111"} for _ in range(20)]
    batch(write_geojsonl(tmp_path / "p.geojson", rows, SHAPES[:20]), tmp_path / "o.html", block_rows=7)
    page = (tmp_path / "o.html").read_text(encoding="utf-8")
    assert "<script" not in page and "http:" not in page and "https:" not in page
    assert page.count("<rect ") == 20
    assert "Does not conform" in page and "KGT001 Use prohibited (X)" in page


@pytest.mark.parametrize("kind", ["geojson", "geojsonl", "gpkg", "fgb", "parquet", "shp", "csv"])
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_a_file_that_ends_early_is_an_error(tmp_path: Path, kind: str, share: float) -> None:
    file = (
        write_geojsonl(tmp_path / "p.geojson", PLAIN, SHAPES)
        if kind == "geojson"
        else written(tmp_path, kind)
    )
    data = file.read_bytes()
    if kind == "csv":
        data = data.replace(b";SRID", b';"SRID')  # the last cell is open at the end
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(KkprError):
        batch(file, tmp_path / "o.csv", block_rows=100)
    assert not (tmp_path / "o.csv").exists()


def test_a_csv_needs_a_wkt_column_and_a_crs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no WKT column"):
        batch(write_csv(tmp_path / "a.csv", SHAPES, header="outline"), tmp_path / "o.csv")
    with pytest.raises(CrsError, match="no CRS"):
        batch(write_csv(tmp_path / "b.csv", SHAPES), tmp_path / "o.csv")
    batch(write_csv(tmp_path / "b.csv", SHAPES), tmp_path / "o.csv", assume_crs=CRS)
    batch(write_csv(tmp_path / "c.csv", lonlat()), tmp_path / "o2.csv")
    first, second = table(tmp_path / "o.csv"), table(tmp_path / "o2.csv")
    assert [row["verdict"] for row in first] == [row["verdict"] for row in second]


def test_csv_rows_of_another_width_or_crs_are_broken(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "p.csv", SHAPES, prefix="SRID=32751;")
    lines = file.read_text().splitlines()
    lines[2] += ";more"
    lines[3] = lines[3].replace("SRID=32751", "SRID=32750")
    lines[4] = lines[4].replace("POLYGON", "POLIGON")
    file.write_text("\n".join(lines) + "\n")
    assert batch(file, tmp_path / "o.csv").summary.broken == 3
    told = [row["message"] for row in table(tmp_path / "o.csv")][1:4]
    assert "4 cells" in told[0] and "32750" in told[1] and "WKT" in told[2]


@pytest.mark.parametrize("kind", ["pipe", "excel", "utf-16", "hex", "ewkb"])
def test_tables_as_programs_export_them(tmp_path: Path, answer: list[dict[str, str]], kind: str) -> None:
    cells = {"hex": shapely.to_wkb(SHAPES, hex=True),
             "ewkb": shapely.to_wkb(shapely.set_srid(SHAPES, 32751), hex=True, include_srid=True),
    }.get(kind, shapely.to_wkt(SHAPES, rounding_precision=-1))  # fmt: skip
    mark = {"pipe": "|", "excel": "|", "utf-16": "\t"}.get(kind, ",")
    lines = [mark.join(["id", "geom", "kbli"])]
    lines += [mark.join([r["id"], f'"{cell}"', r["kbli"]]) for r, cell in zip(PLAIN, cells, strict=True)]
    first = ["sep=|"] if kind == "excel" else []
    file = tmp_path / "p.csv"
    file.write_bytes(
        "\r\n".join([*first, *lines, ""]).encode("utf-16" if kind in ("excel", "utf-16") else "utf-8")
    )
    batch(file, tmp_path / "o.csv", assume_crs=None if kind == "ewkb" else CRS)
    assert table(tmp_path / "o.csv") == answer


@pytest.mark.parametrize("encoding", ["polygon", "multipolygon"])
def test_geoparquet_with_native_geometry(tmp_path: Path, answer: list[dict[str, str]], encoding: str) -> None:
    """The encodings of GeoParquet 1.1; a row that is no polygon spoils itself alone."""
    import pyarrow as pa

    def ring(coords: Any) -> list[dict[str, float]]:
        return [{"x": x, "y": y} for x, y in coords]

    def nested(shape: Any) -> Any:
        polygon = [ring(shape.exterior.coords), *(ring(hole.coords) for hole in shape.interiors)]
        return polygon if encoding == "polygon" else [polygon]

    open_ring = [ring([(662000, 8955000), (662010, 8955000)])]
    values = [*map(nested, SHAPES), None, open_ring if encoding == "polygon" else [open_ring], []]
    kind = pa.list_(pa.list_(pa.struct([("x", pa.float64()), ("y", pa.float64())])))
    ids = [row["id"] for row in PLAIN] + ["null", "open", "empty"]
    kbli = [row["kbli"] for row in PLAIN] + [None] * 3
    arrow = pa.table(
        {
            "id": ids,
            "kbli": kbli,
            "geometry": pa.array(values, kind if encoding == "polygon" else pa.list_(kind)),
        }
    )
    said = json.loads(geo_metadata(CRS, None, []))
    said["columns"]["geometry"]["encoding"] = encoding
    pq.write_table(
        arrow.replace_schema_metadata({b"geo": json.dumps(said)}), tmp_path / "p.parquet", row_group_size=10
    )
    batch(tmp_path / "p.parquet", tmp_path / "o.csv", block_rows=4)
    told = table(tmp_path / "o.csv")
    assert told[:-3] == answer
    assert [row["undetermined"] for row in told[-3:]] == ["LOK000"] * 3
    assert "LinearRing" in told[-2]["message"]
    pq.write_table(pq.read_table(tmp_path / "p.parquet").slice(0, 24), tmp_path / "whole.parquet")
    assert shapely.equals(read_layer(tmp_path / "whole.parquet").geometry, SHAPES).all()


def test_a_geojson_with_everything_in_odd_places(tmp_path: Path) -> None:
    file = write_geojsonl(tmp_path / "p.geojson", PLAIN, SHAPES)
    document = json.loads(file.read_text())
    turned = {name: document[name] for name in ("features", "crs", "type")} | {"bbox": [1, 2, 3, 4]}
    file.write_text(json.dumps(turned, indent=3), encoding="utf-8-sig")
    batch(file, tmp_path / "o.csv")
    assert len(table(tmp_path / "o.csv")) == 24
    for wrong in (
        '{"type": "FeatureCollection", "features": [1]}',
        '{"features": []}',
        "[]",
        "{",
        '{"type": "Topology"}',
    ):
        file.write_text(wrong)
        with pytest.raises(KkprError):
            batch(file, tmp_path / "o3.csv")


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    file = write_geojsonl(tmp_path / "p.geojson", PLAIN[:1], SHAPES[:1])
    for output, options in (
        ("o.xlsx", {}),
        ("absent/o.csv", {}),
        ("o.csv", {"findings": str(tmp_path / "o.csv")}),
        ("o.csv", {"findings": str(tmp_path / "f.gpkg")}),
    ):
        with pytest.raises(UsageError):
            batch(file, tmp_path / output, **options)
    assert [one.name for one in tmp_path.iterdir()] == ["p.geojson"]


def test_a_geopackage_output_is_a_sound_database(tmp_path: Path) -> None:
    batch(write_geojsonl(tmp_path / "p.geojson", PLAIN, SHAPES), tmp_path / "o.gpkg")
    with closing(sqlite3.connect(tmp_path / "o.gpkg")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_standard_input(tmp_path: Path) -> None:
    import subprocess
    import sys

    file = write_geojsonl(tmp_path / "p.geojson", PLAIN[:3], SHAPES[:3])
    plan = str(Path(__file__).parents[1] / "data" / "sample")
    call = [
        sys.executable,
        "-m",
        "kkpr_check",
        "batch",
        "-",
        "--plan",
        plan,
        "--output",
        str(tmp_path / "o.csv"),
    ]
    for data, code in ((file.read_bytes(), 0), (b"", 2)):
        (tmp_path / "o.csv").unlink(missing_ok=True)
        ended = subprocess.run(call, input=data, capture_output=True, check=False)
        assert ended.returncode == code, ended.stderr
        assert (tmp_path / "o.csv").exists() == (code == 0)


def test_an_id_field_that_no_feature_of_a_geojson_has(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column 'nib'"):
        batch(write_geojsonl(tmp_path / "p.geojson", PLAIN, SHAPES), tmp_path / "o.csv", id_field="nib")
    assert not (tmp_path / "o.csv").exists()


def test_a_shapefile_in_another_encoding(tmp_path: Path) -> None:
    rows = [{"id": f"Désa-{n}", "kbli": "47111"} for n in range(4)]
    file = write_gdal(tmp_path / "p.shp", rows, SHAPES[:4], "ESRI Shapefile", encoding="CP1252")
    for cpg in (True, False):
        if not cpg:
            (tmp_path / "p.cpg").unlink()
        output = tmp_path / f"o{cpg}.csv"
        batch(file, output, block_rows=2)
        assert [row["id"] for row in table(output)] == [f"Désa-{n}" for n in range(4)]
