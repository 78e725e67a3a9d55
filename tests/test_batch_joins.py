"""Buildings on parcels, standing buildings, and parcels routed to the plans of a library."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from batch_harness import AS_OF, CRS, PLANS, batch, some, table, write_geojsonl

from kkpr_check import checking
from kkpr_check.checking import CheckRequest
from kkpr_check.errors import PlanError
from kkpr_check.io.crs import transform

_, SHAPES = some(12)
PARCELS = [{"id": f"P{n}", "kbli": "47111"} for n in range(12)]


def building(n: int, shrink_m: float = 4.0) -> Any:
    return SHAPES[n].buffer(-shrink_m, join_style="mitre")


def run_with(
    folder: Path, footprints: list[dict[str, Any]], shapes: list[Any], **options: Any
) -> list[dict[str, str]]:
    parcels = write_geojsonl(folder / "p.geojson", PARCELS, SHAPES)
    file = write_geojsonl(folder / "f.geojson", footprints, shapes)
    tables = []
    for block_rows in (100, 5):
        output = folder / f"o{block_rows}.csv"
        batch(parcels, output, footprints=str(file), block_rows=block_rows, **options)
        tables.append(table(output))
    assert tables[0] == tables[1]
    return tables[0]


def test_a_building_is_joined_by_parcel_id(tmp_path: Path) -> None:
    told = run_with(tmp_path, [{"id": "B", "parcel_id": "P3", "floors": 2}], [building(3)])
    assert len(told) == 12
    assert [n for n, row in enumerate(told) if row["footprint_area_m2"]] == [3]
    assert float(told[3]["footprint_area_m2"]) == pytest.approx(building(3).area, abs=1e-3)


def test_the_same_as_check(tmp_path: Path) -> None:
    told = run_with(tmp_path, [{"parcel_id": "P3", "floors": 2}], [building(3)])
    site = write_geojsonl(tmp_path / "site.geojson", [{"floors": 2}], [building(3)])
    parcel = write_geojsonl(tmp_path / "one.geojson", PARCELS[3:4], SHAPES[3:4])
    [report] = checking.run(CheckRequest(site=str(site), parcel=str(parcel), plans=PLANS[:1], as_of=AS_OF))
    assert told[3]["verdict"] == report.verdict.value
    for outcome in ("fail", "undetermined", "conditional"):
        codes = {f.rule for f in report.findings if f.outcome.word == outcome}
        assert set(filter(None, told[3][outcome].split(","))) == codes


def test_without_parcel_id_the_largest_overlap_decides(tmp_path: Path) -> None:
    x0, y0, x1, y1 = SHAPES[5].bounds
    whole = shapely.box(x0, y0, x1, y1)
    outside = shapely.box(x0 - 900_00, y0, x0 - 900_00 + 20, y0 + 20)
    told = run_with(tmp_path, [{"id": "A"}, {"id": "B"}], [whole, outside])
    assert [n for n, row in enumerate(told) if row["footprint_area_m2"]] == [5, 12]
    assert told[12]["id"] == "B"


def test_the_largest_overlap_is_found_across_blocks(tmp_path: Path) -> None:
    base = SHAPES[0].centroid
    left = shapely.box(base.x, base.y, base.x + 20, base.y + 20)
    right = shapely.box(base.x + 20, base.y, base.x + 40, base.y + 20)
    house = shapely.box(base.x + 18, base.y + 5, base.x + 30, base.y + 15)
    parcels = write_geojsonl(tmp_path / "p.geojson", PARCELS[:2], [left, right])
    file = write_geojsonl(tmp_path / "f.geojson", [{"id": "H"}], [house])
    batch(parcels, tmp_path / "o.csv", footprints=str(file), block_rows=1)
    assert [row["footprint_area_m2"] for row in table(tmp_path / "o.csv")] == ["", "120.0"]


def test_several_buildings_on_a_parcel_are_united(tmp_path: Path) -> None:
    x, y = SHAPES[4].centroid.coords[0]
    pieces = [shapely.box(x, y, x + 4, y + 4), shapely.box(x + 2, y, x + 6, y + 4)]
    told = run_with(tmp_path, [{"floors": 1}, {"floors": 1}], pieces)
    assert told[4]["footprint_area_m2"] == "24.0"


def test_buildings_that_contradict_each_other_or_their_parcel(tmp_path: Path) -> None:
    x, y = SHAPES[4].centroid.coords[0]
    pieces = [shapely.box(x, y, x + 4, y + 4), shapely.box(x + 5, y, x + 9, y + 4), building(6)]
    told = run_with(tmp_path, [{"floors": 1}, {"floors": 2}, {"kbli": "56101"}], pieces)
    assert told[4]["undetermined"] == told[6]["undetermined"] == "LOK000"
    assert "floors" in told[4]["message"] and "kbli" in told[6]["message"]


def test_a_broken_building_makes_its_parcel_undetermined(tmp_path: Path) -> None:
    told = run_with(tmp_path, [{"parcel_id": "P2"}, {"id": "lost"}], [SHAPES[2].centroid, None])
    assert (told[2]["verdict"], told[2]["undetermined"]) == ("undetermined", "LOK000")
    assert "Point" in told[2]["message"] and "row 0" in told[2]["message"]
    assert told[12]["id"] == "lost" and "f.geojson, row 1" in told[12]["message"]


def test_a_parcel_id_that_no_parcel_has(tmp_path: Path) -> None:
    told = run_with(tmp_path, [{"id": "B", "parcel_id": "elsewhere"}], [building(3)])
    assert told[3]["footprint_area_m2"] == "" and told[12]["id"] == "B"
    assert told[12]["verdict"] in ("nonconform", "undetermined")


def test_buildings_in_another_crs(tmp_path: Path) -> None:
    parcels = write_geojsonl(tmp_path / "p.geojson", PARCELS, SHAPES)
    moved = list(transform(np.array([building(1)], dtype=object), CRS, "EPSG:4326"))
    file = write_geojsonl(tmp_path / "f.geojson", [{"id": "B"}], moved, "EPSG:4326")
    batch(parcels, tmp_path / "o.csv", footprints=str(file))
    assert float(table(tmp_path / "o.csv")[1]["footprint_area_m2"]) == pytest.approx(
        building(1).area, abs=0.01
    )


def test_a_resumed_run_knows_its_buildings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from test_batch_faults import interrupted

    parcels = write_geojsonl(tmp_path / "p.geojson", PARCELS, SHAPES)
    file = write_geojsonl(tmp_path / "f.geojson", [{"parcel_id": "P9"}], [building(9)])
    batch(parcels, tmp_path / "whole.csv", footprints=str(file))
    interrupted(parcels, tmp_path / "o.csv", monkeypatch, after=1, footprints=str(file))
    batch(parcels, tmp_path / "o.csv", footprints=str(file), resume=True)
    assert (tmp_path / "o.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_standing_buildings_count(tmp_path: Path) -> None:
    parcels = write_geojsonl(tmp_path / "p.geojson", PARCELS[:4], SHAPES[:4])
    site = write_geojsonl(tmp_path / "f.geojson", [{"parcel_id": "P1"}], [SHAPES[1].centroid.buffer(2)])
    full = write_geojsonl(tmp_path / "e.geojson", [{}], [SHAPES[1]])
    batch(parcels, tmp_path / "a.csv", footprints=str(site))
    batch(parcels, tmp_path / "b.csv", footprints=str(site), existing=str(full))
    assert "INT001" not in table(tmp_path / "a.csv")[1]["fail"]
    assert "INT001" in table(tmp_path / "b.csv")[1]["fail"]


def library(folder: Path) -> Path:
    """Two plans side by side: the sample, and its copy far away."""
    root = folder / "plans"
    shutil.copytree(PLANS[0], root / "a")
    shutil.copytree(PLANS[0], root / "b")
    text = (root / "b" / "plan.toml").read_text(encoding="utf-8")
    (root / "b" / "plan.toml").write_text(
        text.replace("rdtr-kefamenanu-sintetis", "elsewhere"), encoding="utf-8"
    )
    (root / "notes").mkdir()
    return root


def test_parcels_are_routed_to_the_plans_that_cover_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kkpr_check.batch import plans

    root = library(tmp_path)
    real = plans._extent
    far = (100.0, -1.0, 100.1, -0.9)
    monkeypatch.setattr(plans, "_extent", lambda plan: far if plan.plan.id == "elsewhere" else real(plan))
    stray = shapely.box(400_000, 9_000_000, 400_020, 9_000_020)
    file = write_geojsonl(tmp_path / "p.geojson", PARCELS[:4], [*SHAPES[:3], stray])
    batch(file, tmp_path / "a.csv")
    batch(file, tmp_path / "b.csv", plans=(), plan_library=str(root))
    one, many = table(tmp_path / "a.csv"), table(tmp_path / "b.csv")
    assert one[:3] == many[:3]
    assert many[3]["verdict"] == "undetermined" and many[3]["plan"] == ""
    assert "LOK001" in many[3]["undetermined"]


def test_a_library_needs_plans_with_their_own_ids(tmp_path: Path) -> None:
    file = write_geojsonl(tmp_path / "p.geojson", PARCELS[:1], SHAPES[:1])
    with pytest.raises(PlanError, match="no plan folder"):
        batch(file, tmp_path / "o.csv", plans=(), plan_library=str(tmp_path))
    with pytest.raises(PlanError, match="two plans are called"):
        batch(file, tmp_path / "o.csv", plans=(PLANS[0], PLANS[0]))
    assert not list(tmp_path.glob("o.csv*"))


def test_parcels_on_both_sides_of_a_utm_zone_edge(tmp_path: Path) -> None:
    edge = [shapely.box(119.9999 + n * 1e-4, -8.5, 119.99995 + n * 1e-4, -8.4999) for n in range(4)]
    file = write_geojsonl(tmp_path / "p.geojson", PARCELS[:4], edge, "EPSG:4326")
    batch(file, tmp_path / "o.csv")
    reports = checking.run(CheckRequest(parcel=str(file), plans=PLANS[:1], as_of=AS_OF))
    areas = [row["parcel_area_m2"] for row in table(tmp_path / "o.csv")]
    assert [float(area) for area in areas] == [round(r.site.parcel.area, 4) for r in reports]
    assert {r.provenance["crs"]["work"] for r in reports} == {"EPSG:32750", "EPSG:32751"}


def test_the_table_schema_names_the_columns(tmp_path: Path) -> None:
    import jsonschema

    schema = json.loads((Path(checking.__file__).parent / "schemas" / "batch-1.json").read_text())
    file = write_geojsonl(tmp_path / "p.geojson", PARCELS[:4], [*SHAPES[:3], None])
    batch(file, tmp_path / "o.jsonl", findings=str(tmp_path / "f.jsonl"))
    for line in (tmp_path / "o.jsonl").read_text().splitlines():
        jsonschema.validate(json.loads(line), schema)
    long = schema["$defs"]["finding"]
    for line in (tmp_path / "f.jsonl").read_text().splitlines():
        jsonschema.validate(json.loads(line), long)


def test_columns_in_any_case_that_contradict(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "a", "KBLI": "47111", "kbli": "47111"},
        {"id": "b", "KBLI": "47111", "kbli": "56101"},
        {"id": "c", "Kbli": 1111},
    ]
    batch(write_geojsonl(tmp_path / "p.geojson", rows, SHAPES[:3]), tmp_path / "o.csv")
    told = table(tmp_path / "o.csv")
    assert [row["undetermined"] == "LOK000" for row in told] == [False, True, False]
    assert "row 1" in told[1]["message"] and "given twice" in told[1]["message"]


def test_the_command_line_goes_before_a_column() -> None:
    from kkpr_check.batch.proposals import read_proposals
    from kkpr_check.errors import Place
    from kkpr_check.geometry import objects
    from kkpr_check.io.options import parse_options

    read = read_proposals(
        {"Floors": objects([2, None, 3])}, 3, parse_options({"floors": "2"}), Place("p.shp")
    )
    assert [proposal.floors for proposal in read.proposal] == [2.0, 2.0, 2.0]
    assert list(read.assumptions) == [2] and "--floors" in read.assumptions[2][0].en
