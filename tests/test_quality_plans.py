"""Codes that are not of a layer as arrays: each is found after one edit of a clean plan or file, and not before."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import shapely
from builders import write
from quality_builder import cases
from shapely.geometry import mapping

from kkpr_check.quality.findings import CODES
from kkpr_check.validating import ValidateRequest, validate

PLAN = Path(__file__).parents[1] / "examples" / "zoning-repo" / "plans" / "rdtr-utara"
E0, N0 = 661_000.0, 8_955_000.0
Edit = Callable[[Path], None]


def found(path: Path) -> set[str]:
    return {finding.code for finding in validate(ValidateRequest((str(path),))).findings}


def swapped(name: str, old: str, new: str) -> Edit:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")

    return edit


def added(name: str, line: str) -> Edit:
    def edit(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    return edit


LADDER = "parcel_edge,Pasal 12 (sintetis)"
ROW = "R-3,*,-,-,60,1.8,20,-,12,3,5,-,-,-," + LADDER
PLAN_EDITS: Mapping[str, Edit] = {
    "DAT010": swapped("plan.toml", 'level = "rdtr"', 'level = "kota"'),
    "DAT301": swapped("itbx.csv", "rumah,X,T1", 'rumah,X,"I,T1"'),
    "DAT302": added("zones.csv", "K-2,Perdagangan dan Jasa Skala WP,Perdagangan dan Jasa,budi daya,"),
    "DAT303": swapped("itbx.csv", "RTH-4", "RTH4"),
    "DAT304": swapped(
        "intensity.csv", ROW, ROW.replace("-,-,60", "-,120,60") + "\n" + ROW.replace("-,-,60", "150,-,60")
    ),
    "DAT305": swapped(
        "intensity.csv", ROW, ROW.replace("-,-,60", "-,120,60") + "\n" + ROW.replace("-,-,60", "100,-,60")
    ),
    "DAT306": swapped("intensity.csv", "5,-,-,-," + LADDER, "5,-,-,-,parcel_edge,"),
    "DAT307": swapped("intensity.csv", "60,1.8,20", "80,1.8,30"),
    "DAT308": swapped("itbx.csv", "rumah,X,T1", "rumah,X,B7"),
    "DAT309": swapped("kbli.csv", "47112", "99999"),
    "DAT310": swapped("intensity.csv", "R-3,*,-,-,60", "R-3,*,-,-,"),
    "DAT311": swapped("kbli.csv", "81300,taman\n", ""),
    "DAT312": added("activities.csv", "gudang,Gudang"),
    "DAT313": swapped("intensity.csv", "R-3,*,-,-,60", 'R-3,*,-,-,"60,5"'),
    "DAT401": swapped("cases.csv", "rumah,nonconform", "rumah,conform"),
}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "rencana"
    shutil.copytree(PLAN, folder)
    added("kbli.csv", "68111,rumah\n81300,taman")(folder)
    return folder


def test_the_plan_is_clean(plan: Path) -> None:
    assert found(plan) == {"DAT201"}, "five official fields are not there"


@pytest.mark.parametrize("code", PLAN_EDITS)
def test_one_edit_of_a_plan(plan: Path, code: str) -> None:
    PLAN_EDITS[code](plan)
    assert code in found(plan)


def shapes(count: int = 4) -> list[shapely.Polygon]:
    return [shapely.box(E0 + 100 * n, N0, E0 + 100 * n + 100, N0 + 100) for n in range(count)]


def delivered(folder: Path) -> Path:
    """Write a shapefile that has nothing wrong but the official fields that it lacks."""
    fields = {
        "KODSZN": ["R-3", "K-1", "R-3", "K-1"],
        "NAMOBJ": ["Perumahan", "Perdagangan", "Perumahan", "Perdagangan"],
    }
    return write(folder / "zona.shp", shapes(), fields, driver="ESRI Shapefile", crs="EPSG:32751")


def without(suffix: str) -> Edit:
    return lambda path: path.with_suffix(suffix).unlink()


def cut(suffix: str, bytes_: int) -> Edit:
    def edit(path: Path) -> None:
        data = path.with_suffix(suffix).read_bytes()
        path.with_suffix(suffix).write_bytes(data[:-bytes_])

    return edit


def garbled(path: Path) -> None:
    data = path.with_suffix(".dbf").read_bytes()
    path.with_suffix(".dbf").write_bytes(data.replace(b"Perumahan", b"P\xe9rumaha", 1))
    path.with_suffix(".cpg").write_text("UTF-8")


def another_zone(path: Path) -> None:
    text = path.with_suffix(".prj").read_text()
    path.with_suffix(".prj").write_text(text.replace("51S", "44S").replace("123.0", "81.0"))


FILE_EDITS: Mapping[str, Edit] = {
    "DAT002": without(".shx"),
    "DAT003": without(".prj"),
    "DAT004": another_zone,
    "DAT008": cut(".dbf", 100),
    "DAT009": garbled,
}


def test_the_file_is_clean(tmp_path: Path) -> None:
    assert {code for code in found(delivered(tmp_path)) if code < "DAT1"} == set()


@pytest.mark.parametrize("code", FILE_EDITS)
def test_one_edit_of_a_file(tmp_path: Path, code: str) -> None:
    path = delivered(tmp_path)
    FILE_EDITS[code](path)
    assert code in found(path)


def geojson(path: Path, geometries: list[object]) -> Path:
    features = [
        {"type": "Feature", "properties": {"KODSZN": "R-3", "NAMOBJ": "Perumahan"}, "geometry": geometry}
        for geometry in geometries
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


SQUARE = shapely.box(124.5, -9.4, 124.501, -9.399)
SHAPES: Mapping[str, list[object]] = {
    "": [mapping(SQUARE)],
    "DAT005": [mapping(shapely.transform(SQUARE, lambda xy: xy[:, ::-1]))],
    "DAT006": [mapping(SQUARE), mapping(SQUARE.boundary)],
    "DAT007": [mapping(SQUARE), None],
    "DAT105": [
        {
            "type": "Polygon",
            "coordinates": [[[124.5, -9.4], [124.6, -9.3], [124.6, -9.4], [124.5, -9.3], [124.5, -9.4]]],
        }
    ],
}


@pytest.mark.parametrize("code", SHAPES)
def test_geometries_of_a_file(tmp_path: Path, code: str) -> None:
    told = {one for one in found(geojson(tmp_path / "zona.geojson", SHAPES[code])) if one < "DAT2"}
    assert (code in told) if code else not told


def test_a_file_that_stops_half_way_is_dat001(tmp_path: Path) -> None:
    path = geojson(tmp_path / "zona.geojson", SHAPES[""])
    assert "DAT001" not in found(path)
    path.write_bytes(path.read_bytes()[:90])
    assert found(path) == {"DAT001"}


def test_every_code_has_a_case_that_finds_it() -> None:
    """Cases of layers, edits of this module, DAT001 above; DAT108 needs two CRS (`test_quality_read`)."""
    of_layers = {finding["code"] for _, case in cases() for finding in case.get("finds", ())}
    assert set(CODES) - of_layers - set(PLAN_EDITS) - set(FILE_EDITS) - set(SHAPES) == {"DAT001", "DAT108"}


def test_what_a_plan_leaves_out_is_not_run_and_said_once(plan: Path) -> None:
    added("plan.toml", '[validate]\nignore = ["DAT2"]')(plan)
    result = validate(ValidateRequest((str(plan),)))
    assert not result.findings and not {code for code in result.checks_run if code.startswith("DAT2")}
    reasons = Counter(item.code for item in result.not_run)
    assert reasons["DAT201"] == reasons["DAT213"] == 1
    asked = validate(ValidateRequest((str(plan),), select=("DAT201",)))
    assert {finding.code for finding in asked.findings} == {"DAT201"}, "--select outdoes the plan"
