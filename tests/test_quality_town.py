"""Defects planted one by one in three plans that have nothing of the sample: what is found is what was planted, and no more."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
import town_builder as town

from kkpr_check.quality.findings import DataFinding, Result
from kkpr_check.validating import ValidateRequest, validate

Edit = Callable[[Path], None]
CONSEQUENCES = {"DAT109", "DAT110", "DAT201"}
"""Codes that come and go with the features and fields of a layer."""


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("town")
    return {
        "shp": town.shapefile_plan(home / "rdtr"),
        "gpkg": town.geopackage_plan(home / "rtrw"),
        "geojson": town.geojson_plan(home / "kota"),
    }


def look(folder: Path) -> Result:
    return validate(ValidateRequest((str(folder),)))


def said(finding: DataFinding) -> tuple[str, str, str | None, str | None]:
    return finding.code, finding.level, finding.feature, finding.field


def pola(edit: Callable[[list[Any], dict[str, list[Any]]], None]) -> Edit:
    return lambda folder: town.edited(folder / "layers" / "pola.shp", edit, encoding="cp1252")


def jalan(edit: Callable[[list[Any], dict[str, list[Any]]], None]) -> Edit:
    return lambda folder: town.edited(folder / "layers" / "jalan.shp", edit, encoding="UTF-8")


def features(edit: Callable[[list[Any]], None]) -> Edit:
    def change(folder: Path) -> None:
        path = folder / "layers" / "zona.geojson"
        document = json.loads(path.read_text("utf-8"))
        edit(document["features"])
        path.write_text(json.dumps(document), "utf-8")

    return change


def text(name: str, old: str, new: str) -> Edit:
    def change(folder: Path) -> None:
        before = (folder / name).read_text("utf-8")
        assert old in before
        (folder / name).write_text(before.replace(old, new, 1), "utf-8")

    return change


def put(name: str, row: int, value: Any) -> Callable[[list[Any], dict[str, list[Any]]], None]:
    return lambda _, columns: columns[name].__setitem__(row, value)


def twice(shapes: list[Any], columns: dict[str, list[Any]]) -> None:
    shapes.append(shapes[12])
    for values in columns.values():
        values.append(values[12])


def drop_the_lane(shapes: list[Any], columns: dict[str, list[Any]]) -> None:
    for values in (shapes, *columns.values()):
        values.pop(2)


def crossed(shapes: list[Any], _: dict[str, list[Any]]) -> None:
    xy = shapely.get_coordinates(shapes[7])
    xy[[2, 5]] = xy[[5, 2]]
    shapes[7] = shapely.Polygon(xy)


def other_zone(folder: Path) -> None:
    from pyproj import CRS

    (folder / "layers" / "pola.prj").write_text(CRS(23837).to_wkt("WKT1_ESRI"))


def flood(folder: Path) -> None:
    town.edited(folder / "layers" / "banjir.gpkg", put("KELAS", 0, "Sedang"))


def without(name: str) -> Edit:
    return lambda folder: (folder / name).unlink()


PLANTED: dict[str, tuple[str, Edit, set[tuple[str, str, str | None, str | None]]]] = {
    "a zone shrunk by 2 m": (
        "shp", pola(lambda g, _: g.__setitem__(8, shapely.buffer(g[8], -2, join_style="mitre"))), {("DAT102", "error", "8", None)}),
    "a zone grown by 3 m": (
        "shp", pola(lambda g, _: g.__setitem__(5, shapely.buffer(g[5], 3, join_style="mitre"))),
        {("DAT101", "error", "4", None), ("DAT101", "error", "5", None), ("DAT106", "error", "5", None)}),
    "a zone that stands twice is no neighbour of itself": ("shp", pola(twice), {("DAT104", "error", "29", None)}),
    "parts that a repair makes are none of the map": (
        "shp", pola(crossed), {("DAT105", "error", "7", None), ("DAT102", "error", "7", None)}),
    "an unknown code": ("shp", pola(put("KODE_Z", 3, "RT-3")), {("DAT203", "error", "3", "KODE_Z")}),
    "a code spelled otherwise": ("shp", pola(put("KODE_Z", 0, "rt 1")), {("DAT211", "warning", "0", "KODE_Z")}),
    "no code": ("shp", pola(put("KODE_Z", 3, None)), {("DAT202", "error", "3", "KODE_Z")}),
    "the name of another code": ("shp", pola(put("NAMA_Z", 4, "Taman Hijau")), {("DAT204", "error", "4", "NAMA_Z")}),
    "the wrong encoding": (
        "shp", text("plan.toml", '"cp1252"', '"UTF-8"'), {("DAT009", "error", "3", "NAMA_Z")}),
    "the TM-3 zone beside it": (
        "shp", other_zone, {("DAT106", "error", None, None), ("DAT012", "warning", None, None)}),
    "no .prj": ("shp", without("layers/pola.prj"), {("DAT003", "error", None, None)}),
    "a street that stops short": (
        "shp", jalan(lambda g, _: g.__setitem__(2, shapely.LineString([(x, y + 0.4 * (k == 0)) for k, (x, y) in enumerate(g[2].coords)]))),
        {("DAT112", "warning", "2", None)}),
    "a road class that nobody maps": ("shp", jalan(put("KELAS", 3, "Jalan Tikus")), {("DAT203", "warning", "3", "KELAS")}),
    "a hazard class that nobody lists": ("shp", flood, {("DAT210", "info", "1", "KELAS")}),
    "a cell that is no ITBX is not empty": (
        "shp", text("itbx.csv", "kedai,T1", "kedai,Z9"), {("DAT301", "error", "3", "RT-1")}),
    "a decimal comma is not empty": (
        "shp", text("intensity.csv", "RT-2,*,-,-,50,1.0", 'RT-2,*,-,-,50,"1,0"'), {("DAT313", "error", "4", "klb_max")}),
    "a hole in the ladder": (
        "shp", text("intensity.csv", "RT-1,*,100,-", "RT-1,*,150,-"), {("DAT304", "error", "2", "parcel_max_m2")}),
    "a condition without text": ("shp", text("itbx.csv", "T1,B1,I", "T1,B7,I"), {("DAT308", "error", "kedai", "RT-2")}),
    "a KBLI that does not exist": ("shp", text("kbli.csv", "56303", "99999"), {("DAT309", "warning", "99999", "kbli")}),
    "a value that plan.toml does not map": (
        "gpkg", lambda f: town.edited(f / "layers" / "rtrw.gpkg", put("KAWASAN", 1, "HUTAN")),
        {("DAT203", "error", "2", "KAWASAN"), ("DAT303", "info", "KM", "subzone")}),
    "an overlay of which nothing is said": (
        "gpkg", text("plan.toml", '[[overlay]]\nrule = "KHS007"\nnone = "Pasal 9"\n', ""), {("DAT010", "warning", None, "overlay")}),
    "a mapped field that is not there": (
        "geojson", text("plan.toml", 'subzone = "ZONA"', 'subzone = "ZONASI"'), set()),
    "an HTML escape": (
        "geojson", features(lambda f: f[4]["properties"].__setitem__("NAMA", "Hunian &amp; Kota")), {("DAT208", "warning", "5", "NAMA")}),
    "no geometry": ("geojson", features(lambda f: f[4].__setitem__("geometry", None)), {("DAT007", "error", "5", None)}),
    "areas in square metres": (
        "geojson", features(lambda f: [g["properties"].__setitem__("LUASHA", g["properties"]["LUASHA"] * 1e4) for g in f] and None),
        {("DAT205", "warning", None, "LUASHA")}),
}  # fmt: skip


def test_the_plans_have_no_error_and_few_remarks(plans: dict[str, Path]) -> None:
    found = {name: {said(f) for f in look(folder).findings} for name, folder in plans.items()}
    assert not [one for each in found.values() for one in each if one[1] == "error"]
    assert {code for code, *_ in found["shp"]} == {"DAT012", "DAT109", "DAT110", "DAT201"}
    assert {code for code, *_ in found["gpkg"]} == {"DAT110", "DAT201"}, "classes that differ are not alike"
    assert {code for code, *_ in found["geojson"]} == {"DAT006", "DAT201"}
    official = {field for code, _, _, field in found["shp"] if code == "DAT201"}
    assert not official & {"NAMOBJ", "KODSZN"}, "plan.toml maps other fields to them"


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_is_what_is_found(plans: dict[str, Path], tmp_path: Path, what: str) -> None:
    name, edit, wanted = PLANTED[what]
    clean = {said(finding) for finding in look(plans[name]).findings}
    folder = tmp_path / "plan"
    shutil.copytree(plans[name], folder)
    edit(folder)
    result = look(folder)
    new = [finding for finding in result.findings if said(finding) not in clean]
    assert {said(f) for f in new if f.code not in CONSEQUENCES} == wanted
    for finding in new:
        words = f"{finding.message.en} {finding.remedy.en}"
        assert "--" not in words.replace("`--fix-safe`", ""), "options do not reach the layers of a plan"
        assert not any(bad in words for bad in ("(1 features)", "1 values", "(s)"))
    for gap in (finding for finding in new if finding.code == "DAT102"):
        assert "take it out of the boundary layer" in gap.remedy.en, "the plan has one"
    if what.startswith("parts that a repair"):
        (parts,) = [finding for finding in result.findings if finding.code == "DAT110"]
        assert parts.value == 1


def test_a_line_number_is_not_taken_from_a_key(plans: dict[str, Path], tmp_path: Path) -> None:
    from kkpr_check.report.findings_formats import render

    folder = tmp_path / "plan"
    shutil.copytree(plans["shp"], folder)
    text("kbli.csv", "56303", "99999")(folder)
    (finding,) = [f for f in look(folder).findings if f.code == "DAT309"]
    assert (finding.feature, finding.feature_field) == ("99999", "kbli")
    assert "line=99999" not in render(look(folder), "github", "en")
    shown = render(look(folder), "text", "en")
    assert "kbli 99999: KBLI 99999 is not in the classification" in shown


def test_a_new_export_of_a_plan_shows_its_changes_and_nothing_else(
    plans: dict[str, Path], tmp_path: Path
) -> None:
    """Shapefile in TM-3 and Windows-1252 against GeoPackage in UTM, rows in another order; a line moved, a zone cut in two."""
    import numpy as np
    import pyogrio

    from kkpr_check.differing import DiffRequest, compare

    new = tmp_path / "new"
    shutil.copytree(plans["shp"], new)
    meta, _, wkb, data = pyogrio.raw.read(new / "layers" / "pola.shp", encoding="cp1252")
    shapes = list(shapely.from_wkb(wkb))
    columns = {str(name): list(values) for name, values in zip(meta["fields"], data, strict=True)}
    corner = shapely.get_coordinates(shapes[8])[2]
    shapes = [
        shapely.transform(
            s, lambda xy: xy + np.isclose(xy, corner, atol=1e-6).all(axis=1)[:, None] * [4.0, 0.0]
        )
        for s in shapes
    ]
    west, south, east, north = shapes[20].bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    shapes += [shapes[20].difference(half)]
    shapes[20] = shapes[20].intersection(half)
    columns = {name: [*values, values[20]] for name, values in columns.items()}
    order = np.random.default_rng(1).permutation(len(shapes))
    town.write(
        new / "layers" / "pola.gpkg", town.moved([shapes[i] for i in order], town.TM3, town.UTM),
        {name: [values[i] for i in order] for name, values in columns.items()}, town.UTM, "Unknown", layer="pola",
    )  # fmt: skip
    text("plan.toml", 'path = "layers/pola.shp"\nencoding = "cp1252"', 'path = "layers/pola.gpkg"')(new)
    jalan(drop_the_lane)(new)
    found, *_ = compare(DiffRequest(str(plans["shp"]), str(new), dt.date(2026, 1, 1)))
    assert sorted((c.code, c.old, c.new) for c in found.changes if c.code[:4] != "DIF4") == [
        ("DIF101", "RT-1", "RT-2"), ("DIF106", None, None), ("DIF113", "EPSG:23838", "EPSG:32750"),
    ]  # fmt: skip
    (zone,) = [change for change in found.changes if change.code == "DIF101"]
    assert zone.area_m2 == pytest.approx(93.7, abs=0.5) and zone.max_m == pytest.approx(3.95, abs=0.1)
    assert "on the mean narrower" in zone.message.en
    bare, *_ = compare(
        DiffRequest(str(plans["shp"] / "layers" / "pola.shp"), str(new / "layers" / "pola.gpkg"), None)
    )
    assert {change.layer for change in bare.changes} == {"pola"}
    assert [change.code for change in bare.changes].count("DIF105") == 1


def test_a_crs_is_named_and_not_spelled_out(tmp_path: Path) -> None:
    """GeoParquet carries PROJJSON, a .prj of no EPSG code WKT."""
    import pyogrio

    gpd = pytest.importorskip("geopandas")
    pytest.importorskip("pyarrow")
    folder = town.shapefile_plan(tmp_path / "plan")
    layer = gpd.read_file(folder / "layers" / "pola.shp", encoding="cp1252")
    layer.to_crs(4326).to_parquet(tmp_path / "pola.parquet")
    (target,) = validate(ValidateRequest((str(tmp_path / "pola.parquet"),))).targets
    assert target.crs == "EPSG:4326"
    own = layer.to_crs(
        "+proj=tmerc +lat_0=0 +lon_0=119.5 +k=0.9999 +x_0=200000 +y_0=1500000 +datum=WGS84 +units=m"
    )
    pyogrio.write_dataframe(own, tmp_path / "pola.gpkg")
    (target,) = validate(ValidateRequest((str(tmp_path / "pola.gpkg"),))).targets
    assert target.crs is not None and "[" not in target.crs and len(target.crs) < 60
