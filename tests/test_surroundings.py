"""What lies around a site: setback lines, distances of each side, overlay areas and roads, for maps and the review."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import shapely
from cli_harness import EXAMPLES, JUDGE
from engine_builder import CASES as CASE_FILES
from engine_builder import KNOWN_M, Built, build, load, outcome
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from test_info import sites

from kkpr_check import api, checking, engine, lookout
from kkpr_check.features import PlanWindow
from kkpr_check.lookout import Lookout
from kkpr_check.model import Outcome, Report, Scene, SetbackLine, Surroundings
from kkpr_check.report import FORMATS, render
from kkpr_check.report import json as json_report

AS_OF = dt.date(2025, 1, 1)
KINDS = {"TAB001": "front", "TAB002": "side", "TAB003": "rear"}


def never(further_m: float) -> Sequence[PlanWindow]:
    raise AssertionError(f"no plan is read {further_m} m around a site of 20 m")


def around(built: Built) -> Surroundings:
    return Lookout([built.site], built.windows, built.options, KNOWN_M, never).of(0)


def of_kind(lines: Sequence[SetbackLine], kind: str) -> SetbackLine:
    (line,) = [line for line in lines if line.kind == kind]
    return line


def test_each_side_is_told_with_its_limit_and_the_building_s_distance() -> None:
    sides = around(build({"footprint": [5, 4, 16, 17]})).sides
    told = [(s.kind, s.compass, s.length_m, s.limits_m, s.unknown, s.measured_m) for s in sides]
    assert told == [
        ("front", "S", 20.0, (3.0,), False, 4.0),
        ("side", "E", 20.0, (1.5,), False, 4.0),
        ("side", "W", 20.0, (1.5,), False, 5.0),
        ("rear", "N", 20.0, (2.0,), False, 3.0),
    ]
    assert [s.rumija_m for s in sides] == [10.0, None, None, None]


@pytest.mark.parametrize(
    ("limits", "reference", "limits_m", "measured_m", "unknown"),
    [
        ({"gsb_from": "road_axis", "gsb_min_m": "9"}, "road_axis", (9.0,), 9.0, False),
        ({"gsb_from": "road_edge", "gsb_min_m": "0.5*rumija-1"}, "road_edge", (4.0,), 4.0, False),
        ({"gsb_min_m": "-"}, "parcel_edge", (), 4.0, False),
        ({"gsb_min_m": ""}, "parcel_edge", (), 4.0, True),
    ],
)
def test_a_front_is_measured_from_where_the_table_says(
    limits: dict[str, str], reference: str, limits_m: tuple[float, ...], measured_m: float, unknown: bool
) -> None:
    front, *_ = around(build({"limits": limits})).sides
    assert (front.reference, front.limits_m, front.measured_m, front.unknown) == (
        reference, limits_m, measured_m, unknown,
    )  # fmt: skip


def test_a_corner_has_a_row_for_each_road() -> None:
    roads = {
        "role": "road",
        "features": [
            {"area": "LINESTRING (-90 -5, 90 -5)", "width_m": 10.0, "name": "Jalan Selatan"},
            {"area": "LINESTRING (24 -90, 24 90)", "width_m": 8.0, "name": "Jalan Timur"},
        ],
    }
    fronts = [s for s in around(build({"layers": [roads]})).sides if s.kind == "front"]
    assert sorted((s.compass, s.road, s.rumija_m, s.measured_m) for s in fronts) == [
        ("E", "Jalan Timur", 8.0, 4.0),
        ("S", "Jalan Selatan", 10.0, 4.0),
    ]


def test_without_a_road_nothing_is_said_of_sides() -> None:
    seen = around(build({"layers": [{"role": "road", "features": []}]}))
    assert seen.sides == () and seen.setbacks == () and seen.roads == ()


def test_the_lines_stand_where_a_building_may_begin() -> None:
    lines = around(build({"footprint": False})).setbacks
    assert of_kind(lines, "front").geometry.hausdorff_distance(shapely.LineString([(0, 3), (20, 3)])) < 1e-3
    assert {(line.kind, line.limit_m, line.zones) for line in lines} == {
        ("front", 3.0, ("R-3",)), ("side", 1.5, ("R-3",)), ("rear", 2.0, ("R-3",)),
    }  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["parcel_edge", "road_edge", "road_axis"]), st.integers(1, 7), st.floats(1, 6))
def test_a_building_on_a_line_meets_it_and_one_before_it_does_not(
    reference: str, metres: int, side_m: float
) -> None:
    limit_m = metres + {"parcel_edge": 0.0, "road_edge": 0.0, "road_axis": 5.0}[reference]
    built = build({"limits": {"gsb_from": reference, "gsb_min_m": str(limit_m)}, "plan": {"ce90_m": 0.1}})
    line = of_kind(around(built).setbacks, "front").geometry
    middle = line.interpolate(0.5, normalized=True)
    house = shapely.box(middle.x - side_m / 2, middle.y, middle.x + side_m / 2, middle.y + side_m)

    def said(dy: float) -> str:
        site = replace(built.site, footprint=affinity.translate(house, 0, dy))
        (report,) = engine.judge([site], built.windows, built.options, known_m=KNOWN_M).reports
        return outcome(report, "TAB001")

    assert said(0.002) == "pass"
    assert said(-0.25) in ("fail", "undetermined")


@pytest.mark.parametrize("name", ["TAB001_gsb", "TAB002_side", "TAB003_rear"])
def test_the_tightest_side_is_what_the_rule_measured(name: str) -> None:
    code, cases = load(next(CASE_FILES.glob(f"{name[:6]}*.toml")))
    compared = 0
    for case in cases:
        built = build(case)
        (finding, *rest) = [f for f in built.report().findings if f.rule == code] or [None]
        if finding is None or rest or built.site.footprint is None or not isinstance(finding.measured, float):
            continue
        sides = [s for s in around(built).sides if s.kind == KINDS[code] and s.measured_m is not None]
        if sides and len({s.reference for s in sides}) == 1:
            tightest = min(sides, key=lambda s: (s.measured_m or 0.0) - max(s.limits_m, default=0.0))
            assert tightest.measured_m == pytest.approx(finding.measured, abs=2e-4), case["name"]
            compared += 1
    assert compared > 2


def test_overlays_are_told_with_what_they_say() -> None:
    river = {
        "role": "river",
        "features": [{"area": "LINESTRING (-90 40, 90 40)", "width_m": 6.0, "setback_m": 15.0}],
    }
    case = {
        "layers": [
            river,
            {"role": "road", "features": [{"area": "LINESTRING (-90 -5, 90 -5)", "width_m": 10.0}]},
        ]
    }
    (strip,) = around(build(case)).overlays
    assert (strip.rule, strip.setback_m) == ("KHS004", 15.0)
    assert strip.geometry.distance(shapely.Point(10, 40)) == 0
    assert strip.geometry.bounds[1] == pytest.approx(40 - 3 - 15, abs=0.01)


@pytest.fixture(scope="module")
def request_() -> checking.CheckRequest:
    plans = tuple(JUDGE[n + 1] for n, word in enumerate(JUDGE) if word == "--plan")
    return checking.CheckRequest(site=str(EXAMPLES / "04-nonconform.geojson"), plans=plans, as_of=AS_OF)


def test_formats_that_draw_nothing_work_out_nothing(
    request_: checking.CheckRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("windows", "surveys", "trees"):
        monkeypatch.setattr(Lookout, name, property(lambda _, name=name: asked.append(name) or ()))
    reports = checking.run(request_)
    for fmt in ("json", "jsonl", "geojson", "md", "text"):
        render(reports, fmt, "en", as_of=AS_OF, to_lonlat=checking.to_lonlat)
    assert asked == []


def test_a_report_travels_without_its_plans(request_: checking.CheckRequest) -> None:
    (report,) = checking.run(request_)
    carried = pickle.dumps(report)
    there: Report = pickle.loads(carried)
    assert isinstance(there.around, Scene) and len(carried) < 200_000
    assert there.around.sides == report.around.sides
    for fmt in set(FORMATS) - {"oss", "docx", "pdf"}:
        one, other = (
            render([r], fmt, "id", as_of=AS_OF, to_lonlat=checking.to_lonlat) for r in (report, there)
        )
        assert one == other, fmt


def test_a_map_of_a_large_site_has_its_zones_all_around(request_: checking.CheckRequest) -> None:
    (report,) = checking.run(request_)
    plans = [api.Plan(one) for one in checking.open_plans(request_)]
    spot, size_m = report.site.parcel.centroid, 300.0
    parcel = shapely.box(spot.x, spot.y, spot.x + size_m, spot.y + size_m)
    lonlat = checking.to_lonlat(parcel, json_report.work_crs_of(report))
    large = api.check(parcel=lonlat, crs="EPSG:4326", plan=plans, as_of=AS_OF)
    window = plans[0].opened.window(parcel.bounds, json_report.work_crs_of(large), 4 * size_m)
    view = lookout.view_around(large.site.parcel)
    there = shapely.intersection(shapely.union_all(window.zoning.geometry), view)
    shown = shapely.union_all([shape for _, shape in large.around.zones])
    assert there.area > 4 * parcel.area
    assert shapely.difference(there, shown).area < 1.0


def test_an_area_says_what_the_plan_says_of_its_value() -> None:
    flood = {"role": "overlay", "id": "banjir", "features": [{"area": [-50, 10, 50, 60], "value": "Tinggi"}]}
    road = {"role": "road", "features": [{"area": "LINESTRING (-90 -5, 90 -5)", "width_m": 10.0}]}
    case = {
        "layers": [flood, road],
        "overlays": [{"rule": "KHS003", "layer": "banjir", "values": {"Tinggi": "fail"}}],
    }
    (area,) = around(build(case)).overlays
    assert (area.rule, area.value, area.outcome) == ("KHS003", "Tinggi", Outcome.FAIL)


def test_a_strip_that_covers_the_parcel_leaves_no_line() -> None:
    seen = around(build({"limits": {"gsb_min_m": "40", "side_min_m": "11", "rear_min_m": "-"}}))
    assert seen.setbacks == () and [s.limits_m for s in seen.sides] == [(40.0,), (11.0,), (11.0,), ()]


@settings(max_examples=25, deadline=None)
@given(sites())
def test_surroundings_of_any_site_can_be_told(case: dict[str, Any]) -> None:
    seen = around(build(case))
    for line in seen.setbacks:
        assert line.limit_m > 0 and line.geometry.length > 0 and line.geometry.is_valid
    for area in seen.overlays:
        assert area.outcome is not Outcome.NOT_APPLICABLE and area.geometry.is_valid
    for side in seen.sides:
        assert side.measured_m is None or side.measured_m >= 0
        assert list(side.limits_m) == sorted(set(side.limits_m))


def test_a_side_is_named_by_where_it_faces_also_on_parcels_of_several_parts() -> None:
    parcel = "MULTIPOLYGON (((0 0, 20 0, 20 20, 0 20, 0 0)), ((60 0, 80 0, 80 20, 60 20, 60 0)))"
    told = {
        (s.kind, s.compass): s.length_m for s in around(build({"parcel": parcel, "footprint": False})).sides
    }
    assert told == {("front", "S"): 40.0, ("side", "E"): 40.0, ("side", "W"): 40.0, ("rear", "N"): 40.0}
    bent = "POLYGON ((0 0, 60 0, 60 10, 20 10, 20 50, 0 50, 0 0))"
    told = {
        (s.kind, s.compass): s.length_m for s in around(build({"parcel": bent, "footprint": False})).sides
    }
    assert told == {("front", "S"): 60.0, ("side", "E"): 50.0, ("side", "W"): 50.0, ("rear", "N"): 60.0}
