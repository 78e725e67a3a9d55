"""Map accuracy (contract sections 1a.5 and 4; issue 2 item 6): when an adverse area fails and when it is only doubt.

The plan's CE90 is 2.5 m, the parcel 20 x 20 m (0, 0 - 20, 20); RTH-2 refuses the proposal. Numbers in the expectations
are read off a drawing, not computed.
"""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from engine_builder import features, moved, of_rule, outcome, report

from kkpr_check.adverse import AdverseArea, Reach
from kkpr_check.model import Outcome, Report
from kkpr_check.plan import Tolerance

FAR = [-300, -300, 300, 300]


def land(*adverse: Any, code: str = "RTH-2", parcel: Any = None, **more: Any) -> Report:
    """Judge the land alone: `adverse` areas are cut out of R-3."""
    shapes = [shapely.from_wkt(a) if isinstance(a, str) else shapely.box(*a) for a in adverse]
    rest = shapely.difference(shapely.box(*FAR), shapely.union_all(shapes))
    zones = [{"subzone": "R-3", "area": rest.wkt}] + [{"subzone": code, "area": s.wkt} for s in shapes]
    if parcel is not None:
        more["parcel"] = parcel
    return report(zones=zones, footprint=False, **more)


def use(told: Report, **where: Any) -> Any:
    """Return outcome and flip distance of KGT001."""
    found = of_rule(told, "KGT001", **where)
    return found[0].outcome.word, found[0].flip_distance_m


@pytest.mark.parametrize(
    ("depth_m", "expected"),
    [(2.49, "undetermined"), (2.5, "undetermined"), (2.5001, "fail"), (2.51, "fail"), (8.0, "fail")],
)
def test_both_sides_of_the_band_and_exactly_on_it(depth_m: float, expected: str) -> None:
    told = land([20 - depth_m, -300, 300, 300])
    assert use(told) == (expected, pytest.approx(depth_m, abs=1e-4))
    assert told.verdict.value == ("partial" if expected == "fail" else "undetermined")


def test_a_fraction_of_a_millimetre_beyond_the_band_is_rounded_away() -> None:
    assert use(land([20 - 2.50002, -300, 300, 300])) == ("undetermined", 2.5)


def test_a_shallow_piece_is_left_out_of_the_approvable_part() -> None:
    told = land([18, -300, 300, 300])
    assert told.approvable is not None
    assert told.approvable.area_m2 == pytest.approx(360)
    assert told.approvable.share == pytest.approx(0.9)
    assert "2 m" in of_rule(told, "KGT001")[0].message.en
    assert "2,5 m" in of_rule(told, "KGT001")[0].message.id


@pytest.mark.parametrize(
    ("distance_m", "flip_m"), [(0.0, 0.0), (2.0, 2.0), (9.0, 9.0), (10.0, 10.0), (10.1, None), (50.0, None)]
)
def test_a_pass_carries_its_distance_up_to_four_times_ce90(distance_m: float, flip_m: float | None) -> None:
    told = land([20 + distance_m, -300, 300, 300])
    assert use(told) == ("pass", flip_m)
    assert told.verdict.value == "conditional"  # a land check hands out conditions


def test_a_corner_that_pokes_in_counts_by_its_inward_depth() -> None:
    """A quadrant over the corner 20, 20: the smallest inward move of its outline that clears the parcel is s."""
    assert use(land([18, 18, 300, 300])) == ("undetermined", pytest.approx(2.0, abs=1e-3))
    assert use(land([17, 17, 300, 300])) == ("fail", pytest.approx(3.0, abs=1e-3))


def test_a_wedge_fails_by_its_reach_and_a_needle_is_noise() -> None:
    """A wedge pokes 8 m into the parcel: (a) is at most 2 m, but its tip reaches 8 m inward from the parcel's outline."""
    needle = "POLYGON ((12 10, 300 9, 300 11, 12 10))"
    assert use(land(needle))[0] == "pass"  # noise: 0.2 m2
    thick = "POLYGON ((12 10, 20 8, 300 8, 300 12, 20 12, 12 10))"
    assert use(land(thick)) == ("fail", pytest.approx(8.0, abs=1e-3))


def test_a_river_strip_narrower_than_the_band_can_fail() -> None:
    """3 m of river zone across the middle, CE90 2.5: its outline would clear at 1.5 m, but it reaches 10 m inward."""
    assert use(land([8.5, -300, 11.5, 300])) == ("fail", pytest.approx(10.0, abs=1e-3))


def test_the_same_strip_along_the_edge_is_doubt() -> None:
    assert use(land([18, -300, 21, 300])) == ("undetermined", pytest.approx(2.0, abs=1e-3))


def test_a_zone_narrower_than_the_band_in_the_middle_fails() -> None:
    """An adverse island of 2 x 8 m: (a) is 1 m, (b) is the distance of its farthest point to the parcel's edge."""
    assert use(land([9, 6, 11, 14])) == ("fail", pytest.approx(10.0, abs=1e-3))


def test_a_thin_neck_does_not_hide_a_deep_bulb() -> None:
    """A neck of 0.6 m from outside leads to a bulb of 8 x 8 m in the parcel's middle."""
    lollipop = "POLYGON ((20 9.7, 300 9.7, 300 10.3, 14 10.3, 14 14, 6 14, 6 6, 14 6, 14 9.7, 20 9.7))"
    assert use(land(lollipop)) == ("fail", pytest.approx(10.0, abs=0.05))


def test_pieces_of_one_adverse_area_are_judged_together() -> None:
    """Two pieces of 2 m and 3 m depth on opposite edges: the deeper one decides for the rule."""
    told = land([18, -300, 300, 300], [-300, -300, 3, 300])
    assert use(told) == ("fail", pytest.approx(3.0, abs=1e-3))
    both_shallow = land([18, -300, 300, 300], [-300, -300, 2, 300])
    assert use(both_shallow) == ("undetermined", pytest.approx(2.0, abs=1e-3))


def test_several_adverse_zones_are_one_area() -> None:
    """RTH-2 of 1.5 m along the edge, PS behind it: each is narrow, together they are 4 m deep inside the parcel."""
    zones = [
        {"subzone": "R-3", "area": [-300, -300, 16, 300]},
        {"subzone": "PS", "area": [16, -300, 18.5, 300]},
        {"subzone": "RTH-2", "area": [18.5, -300, 300, 300]},
    ]
    told = report(zones=zones, footprint=False)
    for zone in ("PS", "RTH-2"):
        assert use(told, zone=zone) == ("fail", pytest.approx(4.0, abs=1e-3))


def test_a_shared_edge_of_adverse_zones_is_no_way_out() -> None:
    """RTH-2 inside the parcel is 2 m deep; PS lies beyond it, outside the parcel. Pushing their common edge helps nobody."""
    zones = [
        {"subzone": "R-3", "area": [-300, -300, 16.4, 300]},
        {"subzone": "RTH-2", "area": [16.4, -300, 20, 300]},
        {"subzone": "PS", "area": [20, -300, 300, 300]},
    ]
    assert use(report(zones=zones, footprint=False), zone="RTH-2") == ("fail", pytest.approx(3.6, abs=1e-3))
    zones[2]["subzone"] = "R-3"
    alone = report(zones=zones, footprint=False)
    assert use(alone, zone="RTH-2") == ("fail", pytest.approx(3.6, abs=1e-3))


@pytest.mark.parametrize("crack_m", [0.0, 1e-9, 1e-6, 2e-5])
def test_float_noise_between_adverse_neighbours_is_no_edge(crack_m: float) -> None:
    """The adverse area covers the whole plan east of 12, in strips that differ by float noise."""
    zones = [{"subzone": "R-3", "area": [-300, -300, 12, 300]}]
    for i in range(12, 40):
        zones.append({"subzone": "RTH-2", "area": [i + (crack_m if i > 12 else 0), -300, i + 1, 300]})
    told = report(zones=zones, footprint=False)
    assert use(told, zone="RTH-2") == ("fail", pytest.approx(8.0, abs=1e-3))


def test_all_of_a_subject_fails_however_small_it_is() -> None:
    """A kiosk of 4 x 4 m wholly inside: no point is deeper than 2 m from its edge, and still all of it is refused."""
    zones: list[Any] = [
        {"subzone": "R-3", "area": [-300, -300, -3, 300]},
        {"subzone": "RTH-2", "area": [-3, -300, 7, 300]},
        {"subzone": "R-3", "area": [7, -300, 300, 300]},
    ]
    told = report(zones=zones, parcel=[0, 0, 4, 4], footprint=False)
    assert use(told, zone="RTH-2")[0] == "fail"
    assert told.verdict.value == "nonconform"
    zones[1]["area"], zones[0]["area"][2], zones[2]["area"][0] = [0, -300, 4, 300], 0, 4
    narrow = report(zones=zones, parcel=[0, 0, 4, 4], footprint=False)
    assert use(narrow, zone="RTH-2") == ("fail", pytest.approx(2.0, abs=1e-3))


def test_a_hole_of_another_zone_that_is_noise_does_not_save_the_whole() -> None:
    zones = [
        {"subzone": "RTH-2", "area": shapely.box(*FAR).difference(shapely.box(10, 10, 10.3, 12)).wkt},
        {"subzone": "R-3", "area": [10, 10, 10.3, 12]},
    ]
    told = report(zones=zones, footprint=False)
    assert use(told, zone="RTH-2")[0] == "fail"
    assert told.verdict.value == "nonconform"


@pytest.mark.parametrize("width_m", [0.01, 0.3, 0.49])
def test_noise_slivers_never_decide(width_m: float) -> None:
    told = land([20 - width_m, -300, 300, 300])
    assert use(told)[0] == "pass"
    assert not of_rule(told, "KGT001", zone="RTH-2")
    assert told.verdict.value == "conditional"
    assert told.ledger[0].dropped_m2 == pytest.approx(20 * width_m, abs=1e-3)


def test_many_noise_pieces_do_not_add_up() -> None:
    """Noise is told per connected piece: ten slivers stay ten slivers."""
    told = land(*([x, -300, x + 0.1, 300] for x in range(1, 11)))
    assert use(told)[0] == "pass"
    assert told.ledger[0].dropped_m2 == pytest.approx(20, abs=1e-3)


def test_a_sliver_that_is_five_percent_of_the_subject_is_no_noise() -> None:
    """0.4 m of a parcel of 8 x 8 m is exactly 5 %."""
    told = land([7.6, -300, 300, 300], parcel=[0, 0, 8, 8])
    assert use(told) == ("undetermined", pytest.approx(0.4, abs=1e-3))


def test_a_footprint_is_judged_against_its_own_outline() -> None:
    """RTH-2 east of 13: 7 m of the parcel, 3 m of the footprint."""
    zones = [
        {"subzone": "R-3", "area": [-300, -300, 13, 300]},
        {"subzone": "RTH-2", "area": [13, -300, 300, 300]},
    ]
    told = report(zones=zones)
    (found,) = of_rule(told, "KGT001", subject="footprint")
    assert found.outcome is Outcome.FAIL
    assert found.flip_distance_m == pytest.approx(3.0, abs=1e-3)
    assert told.verdict.value == "nonconform"


def test_a_footprint_that_reaches_in_by_less_than_ce90_is_doubt() -> None:
    zones = [
        {"subzone": "R-3", "area": [-300, -300, 14, 300]},
        {"subzone": "RTH-2", "area": [14, -300, 300, 300]},
    ]
    told = report(zones=zones)
    (found,) = of_rule(told, "KGT001", subject="footprint")
    assert found.outcome is Outcome.UNDETERMINED
    assert found.flip_distance_m == pytest.approx(2.0, abs=1e-3)
    assert (
        told.verdict.value == "undetermined"
    )  # not partial: the approvable part does not hold the footprint


def test_each_plan_has_its_own_accuracy() -> None:
    """The same 8 m are a fail on an RDTR of 1:5 000 and doubt on an RTRW of 1:25 000."""
    fine = land([12, -300, 300, 300])
    coarse = land([12, -300, 300, 300], plan={"level": "rtrw-kab", "ce90_m": 12.5})
    assert use(fine) == ("fail", pytest.approx(8.0, abs=1e-3))
    assert use(coarse) == ("undetermined", pytest.approx(8.0, abs=1e-3))


def test_what_a_higher_plan_decides_is_no_adverse_area_of_the_lower_one() -> None:
    """The RDTR permits all but the last 2 m; the RTRW is adverse everywhere: 2 m of it remain, within its CE90."""
    told = report(
        zones=[{"subzone": "R-3", "area": [-300, -300, 18, 300]}],
        also=[{"plan": {"id": "rtrw", "level": "rtrw-kab", "ce90_m": 12.5}, "zones": [{"subzone": "RTH-2", "area": FAR}]}],
        footprint=False,
    )  # fmt: skip
    assert use(told, plan="rtrw") == ("undetermined", pytest.approx(2.0, abs=1e-3))
    deep = report(
        zones=[{"subzone": "R-3", "area": [-300, -300, 5, 300]}],
        also=[{"plan": {"id": "rtrw", "level": "rtrw-kab", "ce90_m": 12.5}, "zones": [{"subzone": "RTH-2", "area": FAR}]}],
        footprint=False,
    )  # fmt: skip
    assert use(deep, plan="rtrw") == ("fail", pytest.approx(15.0, abs=1e-3))


def test_a_hairline_along_the_plan_above_is_no_depth() -> None:
    """4 m of the parcel are the lower plan's; float noise leaves a hairline of 30 m inside the higher one."""
    zone = features([{"subzone": "RTH-2", "area": FAR}], 12.5, "zoning", "zoning", ("subzone",))
    area = AdverseArea(zone, Tolerance(), shapely.box(-300, 4, 300, 300))
    parcel = shapely.box(0, 0, 20, 40)
    piece = shapely.Polygon([(0, 0), (20, 0), (20, 34), (20 - 4e-9, 4), (0, 4)])
    judged = area.judge(parcel, piece, Reach(known_m=200.0))
    assert judged.outcome is Outcome.UNDETERMINED
    assert judged.flip_distance_m == pytest.approx(4.0, abs=1e-3)


def test_accuracy_never_turns_a_clean_parcel_into_doubt() -> None:
    """Most parcels touch a zone line: a touching adverse zone changes nothing without --strict-accuracy."""
    clean = land([20, -300, 300, 300])
    assert clean.verdict.value == "conditional"
    assert outcome(clean, "LOK004") == "pass"
    strict = land([20, -300, 300, 300], options={"strict_accuracy": True})
    assert outcome(strict, "LOK004") == "undetermined"
    assert strict.verdict.value == "undetermined"


def test_a_fail_is_not_softened_by_strict_accuracy() -> None:
    told = report(zones=[{"subzone": "RTH-2", "area": FAR}], options={"strict_accuracy": True})
    assert told.verdict.value == "nonconform"


@pytest.mark.parametrize(
    ("dx", "dy", "turn"), [(0, 0, 0), (731.25, -418.5, 0), (0, 0, 33.0), (900, 900, 210.0)]
)
def test_depth_does_not_depend_on_where_and_how_a_site_lies(dx: float, dy: float, turn: float) -> None:
    def at(*box: float) -> str:
        return str(moved(shapely.box(*box), dx, dy, turn).wkt)

    zones = [
        {"subzone": "R-3", "area": at(-300, -300, 16, 300)},
        {"subzone": "RTH-2", "area": at(16, -300, 300, 300)},
    ]
    told = report(zones=zones, parcel=at(0, 0, 20, 20), footprint=False, layers=[])
    assert use(told, zone="RTH-2") == ("fail", pytest.approx(4.0, abs=2e-3))


@pytest.mark.parametrize(
    ("limit_m", "gap_m", "expected"),
    [
        (15.0, 15.0, "pass"), (15.0, 14.9999, "undetermined"), (15.0, 12.5, "undetermined"), (15.0, 12.49, "fail"),
        (3.0, 1.5, "undetermined"), (3.0, 1.49, "fail"), (3.0, 0.0, "fail"), (1.0, 0.5, "undetermined"),
        (1.0, 0.0, "fail"),
    ],
)  # fmt: skip
def test_the_band_of_a_distance_rule_is_ce90_or_half_the_limit(
    limit_m: float, gap_m: float, expected: str
) -> None:
    river = {"role": "river", "features": [{"area": [20 + gap_m, -300, 300, 300], "setback_m": limit_m}]}
    told = report(undeclared=["KHS004"], layers=[river], footprint=False)
    (found,) = of_rule(told, "KHS004")
    assert found.outcome.word == expected
    assert found.flip_distance_m == pytest.approx(abs(limit_m - gap_m), abs=1e-4)


@pytest.mark.parametrize("limit_m", [5.0, 50.0, 99.9, 100.0])
def test_a_pass_carries_its_distance_at_exactly_four_times_ce90_of_a_setback_too(limit_m: float) -> None:
    """Lengths are rounded before they are compared: float noise does not decide whether the distance is told."""
    river = {"role": "river", "features": [{"area": [30 + limit_m, -300, 900, 300], "setback_m": limit_m}]}
    told = report(undeclared=["KHS004"], layers=[river], footprint=False)
    assert of_rule(told, "KHS004")[0].flip_distance_m == pytest.approx(10.0)
