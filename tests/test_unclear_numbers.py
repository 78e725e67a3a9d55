"""A number that can be read in two ways decides nothing: in a site's table, and in a layer of a plan."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from cli_harness import Run

from kkpr_check.io.windows import _canonical

ROOT = Path(__file__).parents[1]
PLAN = ("--plan", str(ROOT / "data" / "sample"), "--as-of", "2025-01-01")


def site_with(tmp_path: Path, **properties: Any) -> str:
    document = json.loads((ROOT / "examples" / "08-land.geojson").read_text("utf-8"))
    for feature in document["features"]:
        feature["properties"] |= properties
    path = tmp_path / "site.geojson"
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


def report_of(run: Run, *arguments: str) -> Any:
    code, out, err = run("check", *arguments, *PLAN, "--format", "json")
    assert code in (0, 1), err
    return json.loads(out)


def said(report: Any, rule: str) -> list[tuple[str, float | None]]:
    return [(f["outcome"], f["measured"]) for f in report["findings"] if f["rule"] == rule]


@pytest.mark.parametrize("written", ["1.269", "12.500", 0, "0"])
def test_a_floor_area_that_is_none_passes_no_klb_on_bare_land(run: Run, tmp_path: Path, written: Any) -> None:
    report = report_of(run, site_with(tmp_path, floor_area_m2=written))
    assert report["proposal"]["floor_area_m2"] is None
    assert said(report, "INT002")
    assert all(outcome in ("conditional", "fail") for outcome, _ in said(report, "INT002"))
    assert any("floor_area_m2" in note for note in report["provenance"]["assumptions"])


def test_a_green_area_that_may_be_thousands_fails_no_kdh(run: Run, tmp_path: Path) -> None:
    report = report_of(run, site_with(tmp_path, green_area_m2="1.500"))
    assert all(outcome != "fail" for outcome, _ in said(report, "INT003"))


@pytest.mark.parametrize("written", ["1.269", "1,5", "1.500,25", "12 m2", "-5", "NaN", "inf", "٣"])
def test_the_command_line_refuses_what_is_no_plain_number(run: Run, tmp_path: Path, written: str) -> None:
    code, out, err = run("check", site_with(tmp_path), *PLAN, f"--floor-area-m2={written}")
    assert (code, out) == (2, "")
    assert "floor_area_m2" in err
    assert written in err


@pytest.mark.parametrize(
    ("meaning", "value", "number"),
    [
        ("voltage_kv", "1.500", None),
        ("voltage_kv", "150", 150.0),
        ("voltage_kv", 1.5, 1.5),
        ("basin_km2", "1,500", None),
        ("basin_km2", "1.500,25", None),
        ("width_m", "17,5", 17.5),
        ("width_m", "12.500", 12.5),
        ("width_m", "٣", None),
        ("width_m", "1_2", None),
        ("width_m", "12 m", None),
        ("width_m", "inf", None),
        ("width_m", "-5", None),
    ],
)
def test_a_number_of_a_plan_layer(meaning: str, value: Any, number: float | None) -> None:
    assert _canonical(meaning, value) == number


def test_names_that_a_shapefile_cuts_are_options(run: Run, tmp_path: Path) -> None:
    """An option left out without a word would be a missing input that nobody misses."""
    given = {
        "kbli": "47111", "floors": 2.0, "floor_area_m2": 412.5, "basement_area_m2": 33.0, "green_area_m2": 210.5,
        "legal_area_m2": 580.0, "business_scale": "medium", "road_class": "lokal-primer",
    }  # fmt: skip
    (feature,) = json.loads((ROOT / "examples" / "08-land.geojson").read_text("utf-8"))["features"]
    shape = shapely.to_wkb(shapely.from_geojson([json.dumps(feature["geometry"])]))
    path = tmp_path / "site.shp"
    columns = [
        np.array([value], dtype=object if isinstance(value, str) else float) for value in given.values()
    ]
    pyogrio.raw.write(
        path, shape, columns, [name[:10].upper() for name in given], crs="EPSG:4326", geometry_type="Polygon",
        encoding="UTF-8",
    )  # fmt: skip
    code, out, err = run("check", "--parcel", str(path), *PLAN, "--format", "json")
    assert code in (0, 1), err
    report = json.loads(out)
    assert {name: report["proposal"][name] for name in given} == given
    table = tmp_path / "rows.csv"
    assert run("batch", str(path), *PLAN, "--output", str(table))[0] == 0
    with table.open(encoding="utf-8") as lines:
        (row,) = csv.DictReader(lines)
    assert row["verdict"] == report["verdict"]
    for outcome in ("fail", "undetermined", "conditional"):
        codes = dict.fromkeys(f["rule"] for f in report["findings"] if f["outcome"] == outcome)
        assert [c for c in row[outcome].split(",") if c] == list(codes)
