"""Missing and ambiguous input (contract sections 1a.1 and 1a.2): unknown is its own answer, and never helps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from engine_builder import build, of_rule, outcome, report, run, table_texts

from kkpr_check.errors import ErrorGroup
from kkpr_check.model import Outcome
from kkpr_check.plan import LIMIT_COLUMNS
from kkpr_check.rules import BY_CODE, RULES
from kkpr_check.tables import parse_tables

NOTHING_GIVEN = dict.fromkeys(
    ("floors", "height_m", "floor_area_m2", "green_area_m2", "basement_area_m2", "road_class"), ""
)
ALL_OVERLAYS = [code for code in BY_CODE if code.startswith("KHS")]
EVERY_CLASS = ("arteri", "kolektor", "lokal", "lingkungan")


def by_road(column: str, *cells: str, **more: str) -> list[dict[str, str]]:
    """Return one rung a road family with its own cell."""
    return [
        {"subzone": "R-3", "road_class": r, column: c, **more}
        for r, c in zip(EVERY_CLASS, cells, strict=True)
    ]


# --- land check ----------------------------------------------------------------------------------------------------


def test_a_land_check_hands_out_every_limit_as_a_condition() -> None:
    told = report(footprint=False, proposal=NOTHING_GIVEN)
    handed = {
        f.rule: f.limit
        for f in told.findings
        if f.rule[:3] in ("INT", "TAB") and f.outcome is Outcome.CONDITIONAL
    }
    limits = {
        "INT001": 0.6, "INT002": 1.2, "INT003": 0.2, "INT004": 0.5, "TAB001": 3.0, "TAB002": 1.5, "TAB003": 2.0,
        "TAB004": 12.0, "TAB005": 3.0,
    }  # fmt: skip
    assert {code: handed[code] for code in limits} == pytest.approx(limits)
    assert set(handed) == {*limits, "TAB006", "TAB007"}
    assert told.verdict.value == "conditional"


@pytest.mark.parametrize(
    ("code", "en", "id_"),
    [
        ("INT001", ("60%", "240 m²"), ("60%", "240 m²")),
        ("INT002", ("1.2", "480 m²"), ("1,2", "480 m²")),
        ("INT003", ("20%", "80 m²"), ("20%", "80 m²")),
        ("INT004", ("50%", "200 m²"), ("50%", "200 m²")),
        ("TAB001", ("3 m",), ("3 m",)),
        ("TAB002", ("1.5 m",), ("1,5 m",)),
        ("TAB004", ("12 m",), ("12 m",)),
        ("TAB005", ("3 floor",), ("3 lantai",)),
    ],
)
def test_conditions_carry_the_limit_in_percent_and_in_metres(code: str, en: Any, id_: Any) -> None:
    (found,) = of_rule(report(footprint=False, proposal=NOTHING_GIVEN), code)
    assert all(part in found.message.en for part in en), found.message
    assert all(part in found.message.id for part in id_), found.message


def test_conditions_of_a_split_parcel_are_those_of_each_part() -> None:
    zones = [
        {"subzone": "R-3", "area": [-100, -100, 5, 100]},
        {"subzone": "K-1", "area": [5, -100, 100, 100]},
    ]
    told = report(zones=zones, footprint=False, proposal=NOTHING_GIVEN)
    messages = {f.zone: f.message.en for f in of_rule(told, "INT001")}
    assert "60 m²" in messages["R-3"] and "180 m²" in messages["K-1"]


def test_inputs_that_are_given_are_judged_in_a_land_check() -> None:
    given = {"height_m": 13.0, "floor_area_m2": 481.0, "green_area_m2": 79.0, "basement_area_m2": 201.0}
    told = report(footprint=False, proposal={"floors": 4, **given})
    assert {f.rule for f in told.findings if f.outcome is Outcome.FAIL} == {
        "INT002",
        "INT003",
        "INT004",
        "TAB004",
        "TAB005",
    }
    assert told.verdict.value == "nonconform"


def test_a_land_check_of_an_unknown_road_hands_out_the_strictest_limits() -> None:
    """All candidates are conditions; what is handed out must hold whichever of them applies."""
    rungs = by_road("kdb_max_pct", "30", "40", "50", "60")
    for i, rung in enumerate(rungs):
        rung.update(kdh_min_pct=str(40 - 10 * i), gsb_min_m=str(9 - i), floors_max=str(1 + i))
    for order in (rungs, rungs[::-1]):
        told = report(footprint=False, proposal=NOTHING_GIVEN, intensity=order)
        assert {
            c: of_rule(told, c)[0].limit for c in ("INT001", "INT003", "TAB001", "TAB005")
        } == pytest.approx({"INT001": 0.3, "INT003": 0.4, "TAB001": 9.0, "TAB005": 1.0})


# --- building check ------------------------------------------------------------------------------------------------


def test_a_building_check_without_numbers() -> None:
    told = report(proposal=NOTHING_GIVEN)
    worst = {f.rule: f.outcome.word for f in told.findings if f.rule[:3] in ("INT", "TAB")}
    assert worst == {
        "INT001": "pass", "INT002": "undetermined", "INT003": "conditional", "INT004": "conditional", "INT005": "pass",
        "TAB001": "pass", "TAB002": "pass", "TAB003": "pass", "TAB004": "undetermined", "TAB005": "undetermined",
        "TAB006": "pass", "TAB007": "pass",
    }  # fmt: skip
    missing = {name for f in told.findings for name in f.missing}
    assert missing == {"floor_area_m2", "height_m", "floors"}


def test_the_floor_area_assumption_is_recorded() -> None:
    told = report(proposal={"floors": 2, "floor_area_m2": ""})
    (found,) = of_rule(told, "INT002")
    assert found.measured == pytest.approx(0.72)
    assert any("288 m²" in note.en and "288 m²" in note.id for note in told.assumptions)
    assert not any("floor_area_m2" in note.en for note in report().assumptions)


def test_existing_buildings_are_a_stated_assumption_only_where_nothing_is_known_of_them() -> None:
    assert any("existing building" in note.en for note in report().assumptions)
    assert not any("existing building" in note.en for note in report(existing="POLYGON EMPTY").assumptions)


def test_without_a_parcel_a_building_is_undetermined_and_says_so() -> None:
    told = report(parcel=False)
    assert told.verdict.value == "undetermined"
    assert {f.rule for f in told.findings if "parcel" in f.missing} >= {
        "INT001",
        "INT002",
        "INT003",
        "INT004",
        "INT005",
        "TAB006",
    }
    assert outcome(told, "TAB004") == "pass"


def test_the_legal_area_changes_nothing_but_lok005() -> None:
    plain = report(limits={"kdb_max_pct": "36"})
    legal = report(limits={"kdb_max_pct": "36"}, proposal={"legal_area_m2": 300.0})
    for told in (plain, legal):
        assert of_rule(told, "INT001")[0].measured == pytest.approx(0.36)
    differs = {f.rule for f in legal.findings} ^ {f.rule for f in plain.findings}
    assert differs == {"LOK005"}


# --- few values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("40", "50", "60", "36"), "pass"),
        (("10", "20", "30", "35"), "fail"),
        (("30", "60", "60", "60"), "undetermined"),
        (("60", "60", "60", ""), "undetermined"),
        (("60", "60", "60", "-"), "undetermined"),
        (("-", "-", "-", "-"), "not_applicable"),
    ],
)
def test_an_unknown_road_class_is_judged_for_each(cells: tuple[str, ...], expected: str) -> None:
    told = report(proposal={"road_class": ""}, intensity=by_road("kdb_max_pct", *cells))
    assert outcome(told, "INT001") == expected
    if expected == "undetermined":
        assert "road_class" in of_rule(told, "INT001")[0].missing


def test_a_known_road_class_selects_its_row() -> None:
    rungs = by_road("kdb_max_pct", "30", "60", "60", "60")
    assert outcome(report(proposal={"road_class": "arteri-sekunder"}, intensity=rungs), "INT001") == "fail"
    assert outcome(report(proposal={"road_class": "lokal-primer"}, intensity=rungs), "INT001") == "pass"
    exact = [{"subzone": "R-3", "road_class": "arteri-primer"}]
    assert (
        outcome(report(proposal={"road_class": "arteri-sekunder"}, intensity=exact), "INT001")
        == "undetermined"
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("I", "I"), {"KGT001": "pass", "KGT002": "pass"}),
        (("I", "T1"), {"KGT001": "pass", "KGT002": "conditional"}),
        (("T1", "T1"), {"KGT001": "pass", "KGT002": "conditional"}),
        (("I", "X"), {"KGT001": "undetermined"}),
        (("X", "X"), {"KGT001": "fail"}),
        (("I", ""), {"KGT001": "undetermined", "KGT004": "undetermined"}),
        (("T1", "X"), {"KGT001": "undetermined"}),
    ],
)
def test_several_activities_of_a_kbli(cells: tuple[str, str], expected: dict[str, str]) -> None:
    told = report(
        proposal={"activity": "", "kbli": "10000"},
        kbli={"10000": ["rumah", "toko"]},
        itbx={"rumah": {"R-3": cells[0]}, "toko": {"R-3": cells[1]}},
    )
    assert {code: outcome(told, code) for code in expected} == expected
    assert (told.verdict.value == "conform") == (cells == ("I", "I"))


def test_activity_selects_among_several() -> None:
    both = {"kbli": {"10000": ["rumah", "gudang"]}}
    assert report(proposal={"activity": "rumah", "kbli": "10000"}, **both).verdict.value == "conform"
    assert report(proposal={"activity": "gudang", "kbli": "10000"}, **both).verdict.value == "nonconform"
    told = report(proposal={"activity": "toko", "kbli": "10000"}, **both)
    assert outcome(told, "KGT006") == "undetermined"
    assert told.verdict.value == "undetermined"


def test_an_activity_may_be_named_by_its_name() -> None:
    assert report(proposal={"activity": "RUMAH "}).verdict.value == "conform"


def test_an_activity_name_that_stands_twice_selects_nothing() -> None:
    built = build({"proposal": {"activity": "Rumah"}})
    plan = built.windows[0].plan
    twice = replace(plan.tables, activities={**plan.tables.activities, "rumah-2": "RUMAH"})
    window = replace(built.windows[0], plan=replace(plan, tables=twice))
    once, many = (run([built.site], [w], built.options)[0] for w in (built.windows[0], window))
    assert once.verdict.value == "conform"
    assert outcome(many, "KGT006") == "undetermined"


# --- tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zones.csv", "activities.csv", "itbx.csv", "intensity.csv"])
@pytest.mark.parametrize("footprint", [[4, 4, 16, 16], False])
def test_a_missing_table_is_undetermined(name: str, footprint: Any) -> None:
    told = report(drop=[name], footprint=footprint)
    expected = "undetermined" if name != "zones.csv" else ("conform" if footprint else "conditional")
    assert told.verdict.value == expected  # zones.csv only says what is protected, where no cell decides


def test_without_zones_csv_and_a_cell_nobody_knows_whether_it_is_protected() -> None:
    told = report(drop=["zones.csv", "itbx.csv"])
    assert outcome(told, "KGT005") == "undetermined"


def test_no_table_at_all() -> None:
    names = ["zones.csv", "activities.csv", "kbli.csv", "itbx.csv", "conditions.csv", "intensity.csv"]
    told = report(drop=names)
    assert told.verdict.value == "undetermined"
    assert {outcome(told, code) for code in ("INT001", "INT002", "INT003", "INT004", "TAB001", "TAB004")} == {
        "undetermined"
    }


@pytest.mark.parametrize("column", LIMIT_COLUMNS)
@pytest.mark.parametrize("footprint", [[4, 4, 16, 16], False])
def test_an_empty_cell_is_undetermined_and_a_dash_is_not_regulated(column: str, footprint: Any) -> None:
    more: dict[str, Any] = {"footprint": footprint, "proposal": {} if footprint else NOTHING_GIVEN}
    empty, dash = (report(limits={column: cell}, **more) for cell in ("", "-"))
    (code,) = {f.rule for f in empty.findings if any(column in name for name in f.missing)}
    assert outcome(empty, code) == "undetermined"
    assert empty.verdict.value == "undetermined"
    assert outcome(dash, code) == "not_applicable"
    assert dash.verdict.value == ("conform" if footprint else "conditional")


def test_a_dash_in_the_matrix_is_an_error() -> None:
    with pytest.raises(ErrorGroup) as caught:
        parse_tables(table_texts({"itbx": {"rumah": {"R-3": "-"}}}))
    assert [error.code for error in caught.value.errors] == ["itbx-grammar"]


def test_a_star_is_any_road() -> None:
    for road in ("arteri-primer", "tol", "khusus", "lingkungan-sekunder", ""):
        assert report(proposal={"road_class": road}).verdict.value == "conform"


# --- overlays ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ALL_OVERLAYS)
def test_an_overlay_that_is_not_declared_is_undetermined(code: str) -> None:
    told = report(undeclared=[code])
    assert outcome(told, code) == "undetermined"
    assert any(code in name for f in of_rule(told, code) for name in f.missing)
    assert told.verdict.value == "undetermined"
    assert told.approvable is None


def test_nothing_declared() -> None:
    told = report(undeclared=ALL_OVERLAYS, footprint=False)
    assert {outcome(told, code) for code in ALL_OVERLAYS} == {"undetermined"}


@pytest.mark.parametrize("footprint", [[4, 4, 16, 16], False])
def test_kgt_is_undetermined_without_a_use_and_never_not_applicable(footprint: Any) -> None:
    told = report(proposal={"activity": ""}, footprint=footprint)
    for rule in RULES:
        if rule.code.startswith("KGT"):
            (found,) = of_rule(told, rule.code)
            assert found.outcome is Outcome.UNDETERMINED
            assert found.missing == ("kbli", "activity")


@pytest.mark.parametrize(
    "zones",
    [
        [{"subzone": "R-3", "area": [50, 50, 60, 60]}],
        [
            {"subzone": ("R-3", "RTH-2")[i % 2], "area": [i * 0.3, -100, i * 0.3 + 0.3, 100]}
            for i in range(70)
        ],
    ],
    ids=["outside", "nothing but noise"],
)
@pytest.mark.parametrize("footprint", [[4, 4, 16, 16], False])
def test_where_no_zone_decides_nothing_is_approved(zones: list[dict[str, Any]], footprint: Any) -> None:
    told = report(zones=zones, footprint=footprint)
    assert told.verdict.value == "undetermined"
    assert told.approvable is None
    assert {outcome(told, rule.code) for rule in RULES if rule.code.startswith("KGT")} == {"undetermined"}
    assert {outcome(told, code) for code in ("INT001", "TAB001", "TAB004")} == {"undetermined"}
