"""From findings to verdict and pathway: every branch of contract sections 1 and 1a.4."""

from __future__ import annotations

from typing import Any

import pytest
from engine_builder import build, of_rule, outcome, report, run

EAST = [10, -100, 100, 100]
WEST = [-100, -100, 10, 100]
SPLIT = [{"subzone": "R-3", "area": WEST}, {"subzone": "RTH-2", "area": EAST}]
GOOD = [2, 4, 8, 16]
"""A footprint of 72 m2 in the west half, which fits R-3 there."""
HERE = [-100, -100, 100, 100]
RTRW = {"id": "rtrw", "level": "rtrw-kab", "ce90_m": 12.5}


def verdict(**case: Any) -> str:
    return report(**case).verdict.value


def overlay(area: Any, word: str, rule: str = "KHS003") -> dict[str, Any]:
    """Return layers and overlays of a case: one area and what it means."""
    road = {"role": "road", "features": [{"area": "LINESTRING (-90 -5, 90 -5)", "width_m": 10.0}]}
    layer = {"role": "overlay", "id": "kawasan", "features": [{"area": area, "value": "A"}]}
    return {"layers": [road, layer], "overlays": [{"rule": rule, "layer": "kawasan", "outcome": word}]}


# --- no fail: the worst outcome ------------------------------------------------------------------------------------


def test_conform() -> None:
    told = report()
    assert told.verdict.value == "conform"
    assert {f.outcome.word for f in told.findings} == {"pass"}
    assert told.approvable is not None and told.approvable.share == 1.0


def test_conditional() -> None:
    assert verdict(proposal={"activity": "toko"}) == "conditional"


def test_undetermined() -> None:
    assert verdict(proposal={"height_m": ""}) == "undetermined"


def test_undetermined_beats_conditional() -> None:
    assert verdict(proposal={"activity": "toko", "height_m": ""}) == "undetermined"


def test_nothing_evaluated_is_undetermined() -> None:
    built = build({})
    (told,) = run([built.site], [], built.options)
    assert told.verdict.value == "undetermined"
    assert told.pathway == "PKKPR"
    assert outcome(told, "LOK001") == "undetermined"


def test_a_split_parcel_that_conforms_everywhere_conforms() -> None:
    assert verdict(zones=[{"subzone": "R-3", "area": WEST}, {"subzone": "K-1", "area": EAST}]) == "conform"


# --- nonconform ----------------------------------------------------------------------------------------------------


def test_a_building_finding_that_fails() -> None:
    assert verdict(proposal={"floors": 4}) == "nonconform"


def test_a_building_failure_counts_where_a_part_is_refused_too() -> None:
    assert verdict(zones=SPLIT, footprint=GOOD, proposal={"floors": 4}) == "nonconform"


def test_a_building_failure_is_not_softened_by_what_is_unknown() -> None:
    assert verdict(proposal={"floors": 4, "activity": ""}, undeclared=["KHS002"]) == "nonconform"


def test_a_land_finding_that_fails_on_the_footprint() -> None:
    told = report(zones=SPLIT, footprint=[6, 4, 14, 16])
    assert told.verdict.value == "nonconform"
    assert of_rule(told, "KGT001", subject="footprint")


def test_an_overlay_that_fails_on_the_footprint() -> None:
    assert verdict(footprint=GOOD, **overlay([5, -100, 100, 100], "fail")) == "nonconform"


def test_nothing_but_noise_is_left() -> None:
    zones = [
        {"subzone": "RTH-2", "area": [-100, -100, 19.6, 100]},
        {"subzone": "R-3", "area": [19.6, -100, 100, 100]},
    ]
    told = report(zones=zones, footprint=False)
    assert told.verdict.value == "nonconform"
    assert told.approvable is None


def test_no_parcel_is_known() -> None:
    told = report(zones=[{"subzone": "RTH-2", "area": HERE}], parcel=False)
    assert told.verdict.value == "nonconform"
    assert told.approvable is None


# --- partial -------------------------------------------------------------------------------------------------------


def test_partial_of_a_land_check() -> None:
    told = report(zones=SPLIT, footprint=False)
    assert told.verdict.value == "partial"
    assert told.approvable is not None
    assert (told.approvable.area_m2, told.approvable.share) == (200.0, 0.5)
    assert told.approvable.geometry.bounds == (0, 0, 10, 20)


def test_partial_with_a_footprint_on_the_approvable_part() -> None:
    assert verdict(zones=SPLIT, footprint=GOOD) == "partial"


def test_partial_with_conditions() -> None:
    assert (
        verdict(zones=SPLIT, footprint=GOOD, proposal={"activity": "toko", "green_area_m2": ""}) == "partial"
    )


def test_the_approvable_part_holds_the_footprint_up_to_noise() -> None:
    limits = {"rear_min_m": "-", "side_min_m": "-"}
    assert verdict(zones=SPLIT, footprint=[2, 4, 10.2, 16], limits=limits) == "partial"
    assert verdict(zones=SPLIT, footprint=[2, 4, 11, 16], limits=limits) == "undetermined"
    assert verdict(zones=SPLIT, footprint=[2, 4, 12.6, 16], limits=limits) == "nonconform"


def test_a_condition_of_the_land_is_approvable() -> None:
    told = report(zones=SPLIT, footprint=GOOD, **overlay([-100, -100, 100, 100], "conditional"))
    assert told.verdict.value == "partial"


# --- a fail elsewhere, and yet not partial -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"proposal": {"height_m": ""}},
        {"proposal": {"floors": "", "floor_area_m2": ""}},
        {"limits": {"kdb_max_pct": ""}},
        {"undeclared": ["KHS001"]},
        {"itbx": {"rumah": {"R-3": ""}}},
        {"layers": []},
        overlay([-100, -100, 9, 100], "undetermined"),
        overlay([6, -100, 9, 100], "undetermined"),
    ],
    ids=["height", "floors", "kdb", "undeclared", "itbx", "roads", "part", "under the footprint"],
)
def test_a_fail_elsewhere_and_something_unknown_here(more: dict[str, Any]) -> None:
    assert verdict(zones=SPLIT, footprint=GOOD, **more) == "undetermined"


def test_an_unknown_part_beside_the_footprint_is_left_out_of_the_approvable_part() -> None:
    told = report(zones=SPLIT, footprint=GOOD, **overlay([9, -100, 10, 100], "undetermined"))
    assert told.verdict.value == "partial"
    assert told.approvable is not None and told.approvable.area_m2 == pytest.approx(180)


def test_a_gap_is_never_approvable() -> None:
    zones = [{"subzone": "RTH-2", "area": EAST}, {"subzone": "R-3", "area": [-100, -100, 6, 100]}]
    told = report(zones=zones, footprint=False)
    assert told.verdict.value == "partial"
    assert told.approvable is not None and told.approvable.area_m2 == pytest.approx(120)
    only_gap = report(zones=zones[:1], footprint=False)
    assert only_gap.verdict.value == "undetermined"
    assert only_gap.approvable is None


def test_where_zones_overlap_the_refusal_counts() -> None:
    zones = [{"subzone": "R-3", "area": HERE}, {"subzone": "RTH-2", "area": EAST}]
    told = report(zones=zones, footprint=False)
    assert told.verdict.value == "partial"
    assert told.approvable is not None and told.approvable.area_m2 == pytest.approx(200)


def test_a_refused_class_of_the_rtrw_that_nobody_classified_is_no_approvable_part() -> None:
    """RTR001 is undetermined on all of the parcel: none of it has land findings that all pass."""
    also = [{"plan": RTRW, "drop": ["itbx.csv"], "zones": [{"subzone": "Z-0", "area": HERE}]}]
    told = report(zones=SPLIT, footprint=GOOD, also=also)
    assert outcome(told, "RTR001") == "undetermined"
    assert told.verdict.value == "undetermined"
    assert told.approvable is None


# --- several plans -------------------------------------------------------------------------------------------------


def test_the_highest_ranked_plan_decides_whatever_the_order_of_the_options() -> None:
    built = build({"also": [{"plan": RTRW, "zones": [{"subzone": "RTH-2", "area": HERE}]}]})
    told = [run([built.site], windows, built.options)[0] for windows in (built.windows, built.windows[::-1])]
    assert [t.verdict.value for t in told] == ["conditional", "conditional"]
    assert [t.plans_judged for t in told] == [("rdtr-uji", "rtrw")] * 2
    assert outcome(told[0], "KGT001") == "pass"
    assert not of_rule(told[0], "KGT001", plan="rtrw")
    assert outcome(told[0], "RTR001") == "conditional"


def test_lower_plans_judge_what_is_left() -> None:
    also = [{"plan": RTRW | {"ce90_m": 2.5}, "zones": [{"subzone": "RTH-2", "area": HERE}]}]
    told = report(zones=[{"subzone": "R-3", "area": WEST}], footprint=GOOD, also=also)
    assert outcome(told, "KGT001", plan="rdtr-uji") == "pass"
    assert outcome(told, "KGT001", plan="rtrw") == "fail"
    assert outcome(told, "LOK002") == "pass"
    assert told.verdict.value == "partial"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"level": "rdtr"}, {"level": "rtrw-kota"}),
        ({"level": "rtrw-kab"}, {"level": "rtr-ksn"}),
        ({"level": "rtrw-kota"}, {"level": "rtrw-prov"}),
        ({"level": "rtrw-prov"}, {"level": "rtrwn"}),
        ({"level": "rtrw-prov", "rank": 0}, {"level": "rtrw-kab"}),
    ],
)
def test_the_rank_of_plans(first: dict[str, Any], second: dict[str, Any]) -> None:
    also = [{"plan": {"id": "a-second", **second}, "zones": [{"subzone": "RTH-2", "area": HERE}]}]
    told = report(plan={"id": "z-first", **first}, also=also)
    assert told.plans_judged == ("z-first", "a-second")
    assert outcome(told, "KGT001") == "pass"


def test_overlays_of_all_plans_apply() -> None:
    also = [{"plan": RTRW, **overlay(HERE, "fail", "KHS002")}]
    told = report(also=also)
    assert outcome(told, "KHS002", plan="rtrw") == "fail"
    assert told.verdict.value == "nonconform"


def test_three_plans_leave_nothing_uncovered() -> None:
    zones = [{"subzone": "R-3", "area": [-100, -100, 5, 100]}]
    also = [
        {
            "plan": {"id": "prov", "level": "rtrw-prov", "ce90_m": 1.0},
            "zones": [{"subzone": "R-3", "area": HERE}],
        },
        {"plan": RTRW, "zones": [{"subzone": "K-1", "area": [-100, -100, 12, 100]}]},
    ]
    told = report(zones=zones, also=also, footprint=False)
    areas = {(z.subzone, z.area_m2) for e in told.combined for z in e.zones}
    assert areas == {("R-3", 100.0), ("K-1", 140.0), ("R-3", 160.0)}
    assert outcome(told, "LOK002") == "pass"


def test_a_hole_inside_the_planning_area_is_not_for_the_lower_plan() -> None:
    boundary = {"role": "boundary", "features": [{"area": HERE}]}
    road = {"role": "road", "features": [{"area": "LINESTRING (-90 -5, 90 -5)", "width_m": 10.0}]}
    case: dict[str, Any] = {
        "zones": [{"subzone": "R-3", "area": WEST}], "footprint": GOOD,
        "also": [{"plan": RTRW, "zones": [{"subzone": "R-3", "area": HERE}]}],
    }  # fmt: skip
    assert report(**case).verdict.value == "conform"
    told = report(**case, layers=[road, boundary])
    assert outcome(told, "LOK002") == "undetermined"
    assert told.verdict.value == "undetermined"
    assert told.approvable is not None and told.approvable.area_m2 == 200


# --- time and drafts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "judged"),
    [("2023-12-31", False), ("2024-01-01", True), ("2025-12-31", True), ("2026-01-01", False)],
)
def test_in_force_from_the_first_day_until_the_day_before_the_last(as_of: str, judged: bool) -> None:
    plan = {"valid_from": "2024-01-01", "valid_until": "2026-01-01"}
    told = report(plan=plan, options={"as_of": as_of})
    assert told.plans_judged == (("rdtr-uji",) if judged else ())
    assert told.verdict.value == ("conform" if judged else "undetermined")
    assert [plan for plan, _ in told.plans_left_out] == ([] if judged else ["rdtr-uji"])
    assert all(why.en and why.id for _, why in told.plans_left_out)


def test_an_open_end_is_open() -> None:
    assert (
        report(plan={"valid_from": "2024-01-01"}, options={"as_of": "2099-01-01"}).verdict.value == "conform"
    )
    assert (
        report(plan={"valid_until": "2024-01-01"}, options={"as_of": "1999-01-01"}).verdict.value == "conform"
    )


def test_a_draft_is_named_and_not_judged() -> None:
    told = report(plan={"status": "draft"})
    assert told.plans_judged == () and not told.draft
    assert [plan for plan, _ in told.plans_left_out] == ["rdtr-uji"]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({}, "undetermined"),
        ({"proposal": {"activity": "toko"}}, "undetermined"),
        ({"zones": SPLIT, "footprint": GOOD}, "undetermined"),
        ({"proposal": {"height_m": ""}}, "undetermined"),
        ({"proposal": {"activity": "gudang"}}, "nonconform"),
    ],
)
def test_the_best_verdict_of_a_draft_is_undetermined(case: dict[str, Any], expected: str) -> None:
    told = report(plan={"status": "draft"}, options={"include_draft": True}, **case)
    assert told.draft
    assert told.verdict.value == expected
    assert told.plans_judged == ("rdtr-uji",)


def test_include_draft_does_not_revive_a_plan_that_has_expired() -> None:
    told = report(plan={"valid_until": "2020-01-01"}, options={"include_draft": True})
    assert told.plans_judged == () and not told.draft


# --- pathway -------------------------------------------------------------------------------------------------------

OSS = {"oss_integrated": True}


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"plan": OSS}, "KKKPR"),
        ({}, "PKKPR"),
        ({"plan": OSS, "zones": [{"subzone": "R-3", "area": [-100, -100, 19.6, 100]}]}, "KKKPR"),
        ({"plan": OSS, "zones": [{"subzone": "R-3", "area": [-100, -100, 19, 100]}]}, "PKKPR"),
        ({"plan": {"level": "rtrw-kab", **OSS}}, "PKKPR"),
        ({"plan": OSS, "proposal": {"psn": True}}, "KKKPR"),
        ({"proposal": {"psn": True}}, "PKKPR"),
        ({"plan": OSS, "proposal": {"psn": True}, "itbx": {"rumah": {"R-3": ""}}}, "RKKPR"),
        ({"proposal": {"psn": True}, "zones": [{"subzone": "R-3", "area": [50, 50, 60, 60]}]}, "RKKPR"),
        ({"plan": OSS, "itbx": {"rumah": {"R-3": ""}}}, "KKKPR"),
        ({"plan": {"status": "draft", **OSS}}, "PKKPR"),
    ],
)
def test_pathway(case: dict[str, Any], expected: str) -> None:
    told = report(**case)
    assert told.pathway == expected
    assert told.pathway_reason.en and told.pathway_reason.id


def test_several_integrated_rdtrs_cover_together() -> None:
    also = [{"plan": {"id": "rdtr-dua", **OSS}, "zones": [{"subzone": "R-3", "area": EAST}]}]
    assert report(plan=OSS, zones=[{"subzone": "R-3", "area": WEST}], also=also).pathway == "KKKPR"
    also[0]["plan"]["oss_integrated"] = False  # type: ignore[index]
    assert report(plan=OSS, zones=[{"subzone": "R-3", "area": WEST}], also=also).pathway == "PKKPR"


@pytest.mark.parametrize(
    "case", [{}, {"proposal": {"activity": "gudang"}}, {"zones": SPLIT, "footprint": GOOD}]
)
def test_the_pathway_never_changes_an_outcome(case: dict[str, Any]) -> None:
    proposal = case.get("proposal", {})
    told = [
        report(**{**case, "plan": {"oss_integrated": oss}, "proposal": {**proposal, "psn": psn}})
        for oss in (False, True)
        for psn in (False, True)
    ]
    first = [(f.rule, f.zone, f.outcome, f.measured) for f in told[0].findings]
    assert all([(f.rule, f.zone, f.outcome, f.measured) for f in t.findings] == first for t in told)
    assert len({t.verdict for t in told}) == 1


@pytest.mark.parametrize(
    ("scale", "said"), [("micro", True), ("small", True), ("medium", False), ("large", False), ("", False)]
)
def test_micro_and_small_business_declare_themselves(scale: str, said: bool) -> None:
    told = report(proposal={"business_scale": scale})
    assert told.self_declaration is said
    assert told.verdict.value == "conform"
