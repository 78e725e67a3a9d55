"""Nothing gets better by building more, by a stricter table, or by leaving something out (contract 1a.10, *Improve*)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from deletion import GOOD, RANK, improved
from engine_builder import ITBX, ROAD, RUNG, build, report
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kkpr_check.model import Outcome, Report
from kkpr_check.plan import LIMIT_COLUMNS

CELLS = st.sampled_from(["I", "I", "T1", "T2", "B2", "X", "X", ""])
SUBZONES = ("R-3", "K-1", "RTH-2", "Z-0")
SETTINGS = settings(max_examples=60, deadline=None)


def worst(told: Report, code: str) -> Outcome:
    return max((f.outcome for f in told.findings if f.rule == code), default=Outcome.NOT_APPLICABLE)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A parcel cut by up to three zones of one or two plans, a proposal, and tables with ladders and conditions."""
    edges = sorted(draw(st.lists(st.integers(1, 19), min_size=0, max_size=2, unique=True)))
    codes = [draw(st.sampled_from(SUBZONES)) for _ in range(len(edges) + 1)]
    xs = [-100, *edges, 100]
    zones = [{"subzone": c, "area": [xs[i], -100, xs[i + 1], 100]} for i, c in enumerate(codes)]
    itbx = {a: {z: draw(CELLS) for z in SUBZONES} for a in ITBX}
    rungs: list[dict[str, str]] = []
    for subzone in SUBZONES:
        shape = draw(st.sampled_from(["one", "roads", "sizes"]))
        keys: list[dict[str, str]] = [{}]
        if shape == "roads":
            keys = [{"road_class": r} for r in ("arteri", "kolektor", "lokal", "lingkungan")]
        if shape == "sizes":
            keys = [
                {"parcel_max_m2": "200"},
                {"parcel_min_m2": "200", "parcel_max_m2": "350"},
                {"parcel_min_m2": "350"},
            ]
        for key in keys:
            cells = {
                "kdb_max_pct": draw(st.sampled_from(["60", "36", "20", "-"])),
                "klb_max": draw(st.sampled_from(["1.2", "0.3"])),
                "kdh_min_pct": draw(st.sampled_from(["20", "70"])),
                "floors_max": draw(st.sampled_from(["3", "1"])),
                "lot_min_m2": draw(st.sampled_from(["90", "210"])),
                "side_min_m": draw(st.sampled_from(["1", "3"])),
            }
            rungs.append({"subzone": subzone, **key, **cells})
    protected = draw(st.sampled_from(["", "lindung", "budi-daya"]))
    for zone in ("RTH-2", *(["Z-0"] if protected == "lindung" else [])):
        for cells_of in itbx.values():  # the matrix of a protected zone refuses or is silent, as real ones do
            cells_of[zone] = draw(st.sampled_from(["X", ""]))
    x1, x2 = sorted(draw(st.lists(st.integers(1, 19), min_size=2, max_size=2, unique=True)))
    case: dict[str, Any] = {
        "zones": zones,
        "itbx": itbx,
        "intensity": rungs,
        "footprint": draw(st.sampled_from([[x1, 4, x2, 16], [x1, 4, x2, 16], False])),
        "protected": {"Z-0": protected},
        "proposal": draw(
            st.sampled_from(
                [{}, {"floors": 2}, {"road_class": ""}, {"floor_area_m2": ""}, {"green_area_m2": ""}]
            )
        ),
        "kbli": {"10000": ["rumah", "toko"]},
    }
    case["proposal"] = case["proposal"] | draw(
        st.sampled_from(
            [{}, {"activity": "toko"}, {"activity": "", "kbli": "10000"}, {"activity": "", "kbli": "68111"}]
        )
    )
    if draw(st.booleans()):
        lower = {"plan": {"id": "rtrw", "level": "rtrw-kab", "ce90_m": 12.5}, "itbx": copy.deepcopy(itbx)}
        lower["zones"] = [{"subzone": draw(st.sampled_from(SUBZONES)), "area": [-100, -100, 100, 100]}]
        case["also"] = [lower]
    return case


def check(case: dict[str, Any], change: Any) -> None:
    """Judge a case and the same with less in its tables."""
    before = build(case).report()
    less = copy.deepcopy(case)
    change(less)
    after = build(less).report()
    assert improved(before, after) is None, improved(before, after)


# --- building more -------------------------------------------------------------------------------------------------


@SETTINGS
@given(cases(), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
def test_a_larger_footprint_never_improves_kdb_klb_or_gsb(
    case: dict[str, Any], west: int, south: int, east: int, north: int
) -> None:
    assume(case["footprint"])
    case["proposal"]["floor_area_m2"] = ""  # floors x footprint
    small = build(case).report()
    x1, y1, x2, y2 = case["footprint"]
    larger = {**case, "footprint": [x1 - west, y1 - south, x2 + east, y2 + north]}
    large = build(larger).report()
    for code in ("INT001", "INT002", "INT003", "TAB001", "TAB002", "TAB003", "TAB006", "TAB007"):
        assert worst(large, code) >= worst(small, code), code
    assert not (large.verdict.value in GOOD and RANK[large.verdict.value] < RANK[small.verdict.value])


@SETTINGS
@given(
    st.integers(1, 8),
    st.integers(1, 8),
    st.floats(0, 8),
    st.sampled_from(["parcel_edge", "road_edge", "road_axis"]),
)
def test_a_footprint_nearer_to_the_road_never_improves_gsb(
    limit: int, depth: int, step: float, reference: str
) -> None:
    limits = {"gsb_min_m": str(limit), "gsb_from": reference}
    far = report(limits=limits, footprint=[4, 8, 16, 8 + depth])
    near = report(limits=limits, footprint=[4, 8 - step, 16, 8 + depth])
    assert worst(near, "TAB001") >= worst(far, "TAB001")


# --- stricter tables -----------------------------------------------------------------------------------------------


@SETTINGS
@given(cases(), st.data())
def test_a_stricter_limit_never_improves(case: dict[str, Any], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(case["intensity"]) - 1))
    column = data.draw(st.sampled_from(LIMIT_COLUMNS))
    cell = case["intensity"][row].get(column, RUNG[column])
    factor = data.draw(st.sampled_from([0.0, 0.3, 0.8, 1.0]))

    def stricter(less: dict[str, Any]) -> None:
        bound = {"kdh_min_pct": 100, "lot_min_m2": 1000, "gsb_min_m": 40, "side_min_m": 40, "rear_min_m": 40}
        if column in bound:
            old = 0.0 if cell == "-" else float(cell)
            less["intensity"][row][column] = f"{old + (bound[column] - old) * (1 - factor):.4f}"
        else:
            old = {"kdb_max_pct": 100.0}.get(column, 50.0) if cell == "-" else float(cell)
            less["intensity"][row][column] = f"{old * factor:.4f}"

    check(case, stricter)


@SETTINGS
@given(cases(), st.data())
def test_a_stricter_cell_never_improves(case: dict[str, Any], data: st.DataObject) -> None:
    activity, subzone = data.draw(st.sampled_from(sorted(ITBX))), data.draw(st.sampled_from(SUBZONES))
    order = ["I", "T1", "T1,B1", ""]
    cell = case["itbx"][activity][subzone]
    assume(cell in ("I", "T1"))
    stricter = data.draw(st.sampled_from(order[order.index(cell) + 1 :]))
    check(case, lambda less: less["itbx"][activity].update({subzone: stricter}))


@SETTINGS
@given(cases(), st.data())
def test_a_refusal_never_makes_a_site_conform(case: dict[str, Any], data: st.DataObject) -> None:
    """It may make one partial: a part that is refused asks for no green ground, and the rest stands for itself."""
    activity, subzone = data.draw(st.sampled_from(sorted(ITBX))), data.draw(st.sampled_from(SUBZONES))
    assume(case["itbx"][activity][subzone] != "X")
    before = build(case).report()
    case["itbx"][activity][subzone] = "X"
    after = build(case).report()
    if before.verdict.value not in ("conform", "conditional"):
        assert after.verdict.value not in ("conform", "conditional")
    areas = [r.approvable.area_m2 if r.approvable else 0.0 for r in (before, after)]
    assert areas[1] <= areas[0] + 1e-3


# --- deletions -----------------------------------------------------------------------------------------------------


@SETTINGS
@given(cases(), st.data())
def test_deleting_a_cell_of_the_matrix_never_improves(case: dict[str, Any], data: st.DataObject) -> None:
    activity, subzone = data.draw(st.sampled_from(sorted(ITBX))), data.draw(st.sampled_from(SUBZONES))
    check(case, lambda less: less["itbx"][activity].update({subzone: ""}))


@SETTINGS
@given(cases(), st.data())
def test_deleting_a_cell_of_the_lower_plan_never_improves(case: dict[str, Any], data: st.DataObject) -> None:
    assume("also" in case)
    activity, subzone = data.draw(st.sampled_from(sorted(ITBX))), data.draw(st.sampled_from(SUBZONES))
    check(case, lambda less: less["also"][0]["itbx"][activity].update({subzone: ""}))


@SETTINGS
@given(cases(), st.data())
def test_deleting_a_row_of_the_ladder_never_improves(case: dict[str, Any], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(case["intensity"]) - 1))
    check(case, lambda less: less["intensity"].pop(row))


@SETTINGS
@given(cases(), st.data())
def test_deleting_a_limit_never_improves(case: dict[str, Any], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(case["intensity"]) - 1))
    column = data.draw(st.sampled_from(LIMIT_COLUMNS))
    check(case, lambda less: less["intensity"][row].update({column: ""}))


@SETTINGS
@given(cases(), st.sampled_from(SUBZONES))
def test_deleting_what_says_that_a_zone_is_protected_never_improves(
    case: dict[str, Any], subzone: str
) -> None:
    check(case, lambda less: less["protected"].update({subzone: ""}))


@SETTINGS
@given(cases(), st.sampled_from(SUBZONES))
def test_deleting_a_column_of_the_matrix_never_improves(case: dict[str, Any], subzone: str) -> None:
    columns = [zone for zone in (*SUBZONES, "PS", "BJ") if zone != subzone]
    check(case, lambda less: less.update(columns=columns))


@SETTINGS
@given(cases(), st.sampled_from(SUBZONES))
def test_deleting_a_row_of_zones_csv_never_improves(case: dict[str, Any], subzone: str) -> None:
    columns = [zone for zone in (*SUBZONES, "PS", "BJ") if zone != subzone]
    check(case, lambda less: less.update(without=[subzone], columns=columns))


@SETTINGS
@given(cases(), st.data())
def test_deleting_a_zone_of_the_map_never_improves(case: dict[str, Any], data: st.DataObject) -> None:
    # The boundary layer says that the hole is the plan's own, not a lower plan's; without one the lock tells of it.
    case["layers"] = [ROAD, {"role": "boundary", "features": [{"area": [-100, -100, 100, 100]}]}]
    row = data.draw(st.integers(0, len(case["zones"]) - 1))
    check(case, lambda less: less["zones"].pop(row))


@SETTINGS
@given(cases())
def test_deleting_the_only_row_of_a_kbli_never_improves(case: dict[str, Any]) -> None:
    case["proposal"] |= {"activity": "", "kbli": "68111"}
    case["kbli"]["68111"] = ["rumah"]
    check(case, lambda less: less["kbli"].update({"68111": []}))


@pytest.mark.parametrize(
    "name", ["zones.csv", "activities.csv", "kbli.csv", "itbx.csv", "conditions.csv", "intensity.csv"]
)
@settings(max_examples=15, deadline=None)
@given(case=cases())
def test_deleting_a_table_never_improves(name: str, case: dict[str, Any]) -> None:
    check(case, lambda less: less.update(drop=[name]))


@SETTINGS
@given(cases(), st.sampled_from(["T1", "T2", "B1", "B2"]))
def test_deleting_a_condition_never_improves(case: dict[str, Any], code: str) -> None:
    check(case, lambda less: less.update(no_conditions=[code]))


@SETTINGS
@given(
    cases(), st.sampled_from(["floors", "height_m", "green_area_m2", "basement_area_m2", "activity", "kbli"])
)
def test_not_saying_something_never_makes_a_building_conform(case: dict[str, Any], name: str) -> None:
    before = build(case).report()
    silent = copy.deepcopy(case)
    silent["proposal"][name] = ""
    after = build(silent).report()
    assert not (after.verdict.value == "conform" and before.verdict.value != "conform")
