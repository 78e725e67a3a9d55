"""``check --suggest``: every suggestion passes when it is applied, and a little less of it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import shapely
from cli_harness import EXAMPLES, SAMPLE, process
from engine_builder import KNOWN_M, Built, build, run
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from test_info import sites

import kkpr_check
from kkpr_check import check
from kkpr_check.model import Report, Site, Suggestion, Suggestions, Verdict
from kkpr_check.suggesting import suggest

SCHEMA = json.loads((Path(kkpr_check.__file__).parent / "schemas" / "report-1.json").read_text("utf-8"))
PASSES = (Verdict.CONFORM, Verdict.CONDITIONAL)
NUMBERS = ("floors", "floor_area_m2", "height_m", "basement_area_m2", "green_area_m2")


def suggested(case: dict[str, Any]) -> tuple[Built, Report, Suggestions]:
    built = build(case)
    report = built.report()
    found = suggest(
        built.site, report, built.windows, built.options, known_m=KNOWN_M, wide=lambda: built.windows
    )
    return built, report, found


def applied(site: Site, one: Suggestion, **less: Any) -> Site:
    values = {k: v for k, v in one.values.items() if k in (*NUMBERS, "kbli")} | less
    proposal = replace(site.proposal, **values)
    if "kbli" in values:
        proposal = replace(proposal, activity=None)
    if one.parcel is not None:
        proposal = replace(proposal, legal_area_m2=None)
    return replace(
        site,
        proposal=proposal,
        parcel=site.parcel if one.parcel is None else one.parcel,
        footprint=site.footprint if one.footprint is None else one.footprint,
    )


def judged(built: Built, site: Site) -> Verdict:
    return run([site], built.windows, built.options)[0].verdict


def only(case: dict[str, Any], *steps: str) -> tuple[Built, Suggestion]:
    built, report, found = suggested(case)
    assert report.verdict not in PASSES
    (one,) = [s for s in found.found if s.steps == steps]
    assert judged(built, applied(built.site, one)) is one.verdict
    return built, one


@pytest.mark.parametrize(
    ("proposal", "step", "values", "worse"),
    [
        ({"height_m": 15.0}, "reduce-height", {"height_m": 12.0}, {"height_m": 12.02}),
        ({"floors": 5, "floor_area_m2": 300.0}, "reduce-floors", {"floors": 3.0}, {"floors": 4.0}),
        ({"floor_area_m2": 600.0}, "reduce-floor-area", {"floor_area_m2": 480.0}, {"floor_area_m2": 480.2}),
        ({"floors": 4, "floor_area_m2": ""}, "reduce-floors", {"floors": 3.0}, {"floors": 4.0}),
        ({"basement_area_m2": 300.0}, "reduce-basement", {"basement_area_m2": 200.0}, {"basement_area_m2": 200.2}),
        ({"green_area_m2": 20.0}, "add-green", {"green_area_m2": 80.0}, {"green_area_m2": 79.8}),
    ],
)  # fmt: skip
def test_a_number_goes_to_its_limit_and_no_further(
    proposal: dict[str, Any], step: str, values: dict[str, float], worse: dict[str, float]
) -> None:
    built, one = only({"proposal": proposal}, step)
    assert dict(one.values) == values
    assert judged(built, applied(built.site, one, **worse)) not in PASSES


def test_a_building_too_near_the_road_is_moved_back_just_enough() -> None:
    built, one = only({"footprint": [4, 1, 16, 13]}, "move-footprint")
    assert one.values["move_north_m"] == pytest.approx(2.0, abs=0.02)
    assert one.values["move_east_m"] == pytest.approx(0.0, abs=0.02)
    assert one.values["direction"] == "N"
    back = affinity.translate(one.footprint, 0, -0.03)
    assert judged(built, replace(built.site, footprint=back)) not in PASSES


def test_a_building_that_covers_too_much_is_shrunk_just_enough() -> None:
    case = {
        "footprint": [2, 3.5, 18, 17.5],
        "proposal": {"floor_area_m2": 150.0},
        "limits": {"kdb_max_pct": "50"},
    }
    built, one = only(case, "shrink-footprint")
    assert one.values["footprint_m2"] == pytest.approx(200, rel=5e-3)
    assert one.values["footprint_m2"] <= 200
    larger = affinity.scale(one.footprint, 1.003, 1.003)
    assert judged(built, replace(built.site, footprint=larger)) not in PASSES


def test_a_strip_comes_off_the_side_that_is_too_near() -> None:
    case = {"footprint": [0.5, 4, 18, 17], "proposal": {"floor_area_m2": 150.0}, "plan": {"ce90_m": 0.1}}
    built, report, found = suggested(case)
    assert {f.rule for f in report.findings if f.outcome.word == "fail"} == {"TAB002"}
    (one,) = [s for s in found.found if s.steps == ("cut-footprint",)]
    assert one.values["direction"] == "W" and one.values["cut_m"] == pytest.approx(1.0, abs=0.02)
    assert one.values["less_m2"] == pytest.approx(13.0, abs=0.3)
    assert not [s for s in found.found if "trim-footprint" in s.steps]  # it would be the same building
    wider = shapely.union(one.footprint, shapely.box(1.45, 4, 18, 17))
    assert judged(built, replace(built.site, footprint=wider)) not in PASSES


def test_a_building_that_is_too_near_on_two_sides_is_cut_back_to_both() -> None:
    case = {"footprint": [0.5, 4, 19.5, 16], "proposal": {"floor_area_m2": 150.0}}
    built, one = only(case, "trim-footprint")
    assert one.footprint is not None
    assert one.footprint.bounds == pytest.approx((1.5, 4, 18.5, 16), abs=1e-2)
    assert one.values["less_m2"] == pytest.approx(24.0, abs=0.1)
    assert (
        judged(built, replace(built.site, footprint=affinity.translate(one.footprint, 0.02, 0))) not in PASSES
    )


def test_what_is_cut_back_and_still_too_large_is_cut_again() -> None:
    case = {
        "footprint": [0.5, 4, 19.5, 17],
        "proposal": {"floor_area_m2": 250.0, "floors": 1},
        "limits": {"kdb_max_pct": "50"},
    }
    _, one = only(case, "trim-footprint", "cut-footprint", "reduce-floor-area")
    assert one.footprint is not None and one.footprint.area == pytest.approx(200, rel=2e-3)
    assert one.values["less_m2"] == pytest.approx(19 * 13 - one.footprint.area, abs=1e-3)
    assert one.values["floor_area_m2"] <= one.footprint.area
    assert "47" in one.message.en and "footprint" in one.message.en


def test_another_use_may_need_another_building() -> None:
    case = {
        "footprint": [4, 1, 16, 13],
        "kbli": {"52109": ["rumah"]},
        "proposal": {"kbli": "52101", "activity": ""},
    }
    built, report, found = suggested(case)
    assert {f.rule for f in report.findings if f.outcome.word == "fail"} == {"KGT001", "TAB001"}
    (one,) = [s for s in found.found if s.steps[0] == "other-use"]
    assert one.steps == ("other-use", "move-footprint") and one.values["kbli"] == "52109"
    assert judged(built, applied(built.site, one)) is one.verdict
    assert one.message.en.startswith("Another use: KBLI 52109") and "move the building" in one.message.en


def test_the_refused_part_is_left_out() -> None:
    zones = [
        {"subzone": "R-3", "area": [-100, -100, 100, 15]},
        {"subzone": "RTH-2", "area": [-100, 15, 100, 100]},
    ]
    case = {
        "zones": zones,
        "footprint": [4, 4, 14, 12],
        "plan": {"ce90_m": 1.0},
        "proposal": {"green_area_m2": 60.0},
    }
    _, one = only(case, "excise-part")
    assert one.values["parcel_m2"] == pytest.approx(300, abs=0.5)


def test_other_uses_and_other_zones() -> None:
    zones = [
        {"subzone": "R-3", "area": [-100, -100, 100, 60]},
        {"subzone": "K-1", "area": [-100, 60, 100, 160]},
    ]
    case = {
        "zones": zones,
        "kbli": {"52109": ["rumah"], "52201": ["gudang"]},
        "proposal": {"kbli": "52101", "activity": ""},
    }
    _, report, found = suggested(case)
    assert report.verdict is Verdict.NONCONFORM
    uses = [s for s in found.found if s.steps[0] == "other-use"]
    assert [(s.values["kbli"], s.values["itbx"]) for s in uses] == [("52109", "I")]
    (zone,) = [s for s in found.found if s.steps == ("other-zone",)]
    assert (zone.values["subzone"], zone.values["itbx"], zone.values["direction"]) == ("K-1", "I", "N")
    assert zone.values["distance_m"] == pytest.approx(40, abs=0.01)
    assert zone.values["area_m2"] == pytest.approx(200 * 100, rel=1e-3)


def test_none_found_is_an_answer() -> None:
    for case in ({"limits": {"kdb_max_pct": "0"}}, {"limits": {"lot_min_m2": "900"}}):
        _, report, found = suggested(case)
        assert report.verdict is Verdict.NONCONFORM and not found.found and found.bounds.en
    _, report, found = suggested({"proposal": {"height_m": 20.0}, "undeclared": ["KHS002"]})
    assert not found.found
    assert (
        found.blocked_by == ("plan.toml:[[overlay]] rule=KHS002",) and not found.bounds.en
    )  # nothing was searched


@settings(max_examples=8, deadline=None)
@given(sites(), st.sampled_from([[1, 1, 12, 11], [5, 2, 15, 20], [12, 8, 22, 16]]), st.sampled_from([1, 4]))
def test_every_suggestion_passes_when_applied(
    case: dict[str, Any], footprint: list[int], floors: int
) -> None:
    case |= {"footprint": footprint}
    case["proposal"] = case.get("proposal", {}) | {"floors": floors}
    built, _, found = suggested(case)
    for one in found.found:
        assert one.verified and one.verdict in PASSES
        if one.steps != ("other-zone",):
            assert judged(built, applied(built.site, one)) is one.verdict, one
    again = suggest(
        built.site, built.report(), built.windows, built.options, known_m=KNOWN_M, wide=lambda: built.windows
    )
    assert [(s.steps, dict(s.values)) for s in again.found] == [
        (s.steps, dict(s.values)) for s in found.found
    ]


AS_OF = ("--plan", str(SAMPLE), "--as-of", "2026-01-01")


@pytest.mark.parametrize("name", ["03-partial", "04-nonconform", "07-gap", "06-several"])
def test_what_the_command_line_suggests_passes_on_the_command_line(name: str, tmp_path: Path) -> None:
    done = process("check", str(EXAMPLES / f"{name}.geojson"), *AS_OF, "--suggest", "--format", "json")
    told = json.loads(done.stdout)
    for report in told if isinstance(told, list) else [told]:
        jsonschema.validate(report, SCHEMA)
    given_ = json.loads((EXAMPLES / f"{name}.geojson").read_text("utf-8"))["features"]
    checked = 0
    for report in told if isinstance(told, list) else [told]:
        for one in report["suggestions"]["found"]:
            if one["steps"] == ["other-zone"]:
                continue
            options = {k: v for k, v in report["proposal"].items() if v is not None}
            options |= {k: v for k, v in one["values"].items() if k in (*NUMBERS, "kbli")}
            if one["parcel"]:
                options.pop("legal_area_m2", None)
            if "kbli" in one["values"]:
                options.pop("activity", None)
            shapes = {}
            for feature in given_:
                if feature["properties"].get("id") in (None, report["subject"]["id"]):
                    shapes[feature["properties"].get("role", "footprint")] = feature["geometry"]
            shapes |= {k: one[k] for k in ("footprint", "parcel") if one[k]}
            features = [
                {"type": "Feature", "geometry": g, "properties": {"id": "x", "role": role, **(options if role == "footprint" else {})}}
                for role, g in shapes.items()
            ]  # fmt: skip
            path = tmp_path / "changed.geojson"
            path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
            after = process("check", str(path), *AS_OF, "--format", "json")
            assert json.loads(after.stdout)["verdict"] == one["verdict"], one
            assert after.returncode == 0
            checked += 1
    assert checked


def test_without_the_option_nothing_is_searched() -> None:
    report = check(EXAMPLES / "03-partial.geojson", SAMPLE)
    assert report.suggestions is None
    told = check(EXAMPLES / "03-partial.geojson", SAMPLE, suggest=True)
    assert told.suggestions is not None and told.suggestions.found
    assert told.suggestions.found[0].parcel is not None
    assert shapely.is_valid(told.suggestions.found[0].parcel)


def test_the_text_has_a_section_in_both_languages() -> None:
    for lang, heading in (("id", "Yang akan memenuhi ketentuan"), ("en", "What would pass")):
        done = process("check", str(EXAMPLES / "03-partial.geojson"), *AS_OF, "--suggest", "--lang", lang)
        assert heading in done.stdout.decode() and done.returncode == 1
        plain = process("check", str(EXAMPLES / "03-partial.geojson"), *AS_OF, "--lang", lang)
        assert heading not in plain.stdout.decode()
