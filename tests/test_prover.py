"""The prover: its verdict on a ladder equals trying plots one by one; every proof has a case that trips it."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kkpr_check.ladders import ladder_defects, ladder_spans
from kkpr_check.plan import LIMIT_COLUMNS, MISSING, ROAD_CLASSES, Rung, Tables
from kkpr_check.prover import Problem, coverage, prove
from kkpr_check.tables import parse_tables

HEADER = "subzone,road_class,parcel_min_m2,parcel_max_m2," + ",".join(LIMIT_COLUMNS) + ",legal\n"
LIMITS = "60,2.4,20,40,12,3,6,2,2,60,Ps. 67"


def ladder(*keys: str, limits: str = LIMITS) -> Tables:
    return parse_tables({"intensity.csv": HEADER + "".join(f"{key},{limits}\n" for key in keys)})


def found(tables: Tables, code: str) -> list[Problem]:
    return [problem for problem in prove(tables) if problem.code == code]


BOUNDS = st.sampled_from([0.0, 100.0, 200.0, 200.5, 1000.0, 5000.0, math.inf])
ROADS = st.sampled_from(["*", "arteri", "lokal", "lokal-primer", "arteri-sekunder", "tol"])


@st.composite
def ladders(draw: st.DrawFn) -> list[Rung]:
    rungs = []
    for row in range(2, 2 + draw(st.integers(0, 6))):
        low, high = sorted(draw(st.lists(BOUNDS, min_size=2, max_size=2, unique=True)))
        rungs.append(
            Rung("R-3", draw(ROADS), low, high, dict.fromkeys(LIMIT_COLUMNS, MISSING), None, "x", row)
        )
    return rungs


def rows_that_fit(rungs: list[Rung], road_class: str, area_m2: float) -> set[int]:
    """Try one plot against every row, by the words of the contract."""
    family = road_class.split("-")[0]
    return {
        rung.row
        for rung in rungs
        if rung.road_class in {"*", road_class, family} and rung.parcel_min_m2 <= area_m2 < rung.parcel_max_m2
    }


@given(ladders(), st.floats(0.001, 20_000))
def test_verdict_equals_trying_plots_one_by_one(rungs: list[Rung], random_m2: float) -> None:
    defects = ladder_defects(rungs)
    plots = [random_m2, 0.5, 100, 199.9, 200, 200.2, 200.5, 700, 999.999, 1000, 3000, 4999, 5000, 1e7]
    for road_class in ROAD_CLASSES:
        for plot in plots:
            fit = rows_that_fit(rungs, road_class, plot)
            hit = [d for d in defects if road_class in d.road_classes and d.low_m2 <= plot < d.high_m2]
            assert (len(fit) == 1) == (not hit)
            if hit:
                assert len(hit) == 1
                assert {rung.row for rung in hit[0].rungs} == fit


@given(ladders())
def test_every_counter_example_is_one(rungs: list[Rung]) -> None:
    for defect in ladder_defects(rungs):
        for road_class in defect.road_classes:
            fit = rows_that_fit(rungs, road_class, defect.plot_m2)
            assert fit == {rung.row for rung in defect.rungs}
            assert len(fit) != 1


@given(ladders(), st.sampled_from(ROAD_CLASSES))
def test_spans_partition_all_sizes(rungs: list[Rung], road_class: str) -> None:
    spans = ladder_spans(rungs, road_class)
    assert spans[0].low_m2 == 0
    assert spans[-1].high_m2 == math.inf
    assert all(a.high_m2 == b.low_m2 for a, b in pairwise(spans))
    assert all(span.low_m2 < span.high_m2 for span in spans)


def test_a_whole_ladder_has_no_defect() -> None:
    tables = ladder("R-3,*,-,200", "R-3,*,200,1000", "R-3,*,1000,-")
    assert not [p for p in prove(tables) if p.code in ("DAT304", "DAT305", "DAT307", "DAT306")]


def test_road_families_and_classes_make_a_whole_ladder() -> None:
    tables = ladder(
        "R-3,arteri,-,-", "R-3,kolektor,-,-", "R-3,lokal-primer,-,-", "R-3,lokal-sekunder,-,-",
        "R-3,lingkungan,-,-", "R-3,tol,-,-", "R-3,khusus,-,-",
    )  # fmt: skip
    assert not found(tables, "DAT304")
    assert not found(tables, "DAT305")


def test_hole_is_told_in_words() -> None:
    (hole,) = found(ladder("R-3,*,-,1000.5", "R-3,*,1001,-"), "DAT304")
    assert hole.level == "error"
    assert hole.place == ("intensity.csv", None, 2, "parcel_max_m2")
    assert hole.text.en == "a plot of 1,000.5 m² on any road in R-3 has no row (1,000.5 <= A < 1,001 m²)"
    assert (
        hole.text.id
        == "persil 1.000,5 m² di jalan mana pun pada R-3 tidak punya baris (1.000,5 <= L < 1.001 m²)"
    )


def test_hole_of_one_road_class_names_it() -> None:
    tables = ladder("R-3,*,-,500", *(f"R-3,{road},500,-" for road in ROAD_CLASSES if road != "lokal-primer"))
    (hole,) = found(tables, "DAT304")
    assert "a plot of 500 m² on lokal-primer in R-3" in hole.text.en
    assert "from 500 m² up" in hole.text.en
    assert "mulai 500 m²" in hole.text.id


def test_hole_on_toll_roads_alone_is_a_warning() -> None:
    tables = ladder(*(f"R-3,{road},-,-" for road in ROAD_CLASSES if road not in ("tol", "khusus")))
    assert [p.level for p in found(tables, "DAT304")] == ["warning"]


def test_hole_below_the_smallest_row() -> None:
    (hole,) = found(ladder("R-3,*,60,-"), "DAT304")
    assert "a plot of 30 m²" in hole.text.en
    assert hole.place.column == "parcel_min_m2"


def test_overlap_names_both_rows() -> None:
    (overlap,) = found(ladder("R-3,*,-,-", "R-3,arteri,800,-"), "DAT305")
    assert overlap.place == ("intensity.csv", None, 3, "parcel_min_m2")
    assert "a plot of 800 m² on arteri-primer, arteri-sekunder in R-3 has 2 rows: 2, 3" in overlap.text.en
    assert "punya 2 baris: 2, 3" in overlap.text.id


@pytest.mark.parametrize(
    ("limits", "column", "level"),
    [
        ("81,2.4,20,40,12,3,6,2,2,60,x", "kdh_min_pct", "error"),
        ("60,0.5,20,40,12,3,6,2,2,60,x", "klb_max", "error"),
        ("60,2.4,20,81,12,3,6,2,2,60,x", "ktb_max_pct", "warning"),
        ("60,2.4,20,40,12,7,6,2,2,60,x", "height_max_m", "warning"),
        ("0.6,2.4,20,40,12,3,6,2,2,60,x", "kdb_max_pct", "warning"),
    ],
)
def test_limits_that_contradict(limits: str, column: str, level: str) -> None:
    (problem,) = found(ladder("R-3,*,-,-", limits=limits), "DAT307")
    assert (problem.place.row, problem.place.column, problem.level) == (2, column, level)


def test_limits_on_the_edge_agree() -> None:
    assert not found(ladder("R-3,*,-,-", limits="70,0.7,30,70,6,3,0.5*rumija,2,2,-,x"), "DAT307")


def test_unregulated_and_empty_limits_contradict_nothing() -> None:
    assert not found(ladder("R-3,*,-,-", limits="90,-,,-,,,,,,,x"), "DAT307")


def test_a_limit_that_turns_back_is_noticed() -> None:
    text = HEADER + "".join(
        f"R-3,*,{low},{high},{kdb},2.4,10,40,12,3,6,2,2,60,x\n"
        for low, high, kdb in (("500", "-", 50), ("-", 200, 70), (200, 500, 80))
    )
    (problem,) = found(parse_tables({"intensity.csv": text}), "DAT307")
    assert "kdb_max_pct 70, 80, 50" in problem.text.en
    assert problem.place.row == 4


def test_numbers_without_law() -> None:
    (problem,) = found(ladder("R-3,*,-,-", limits=LIMITS.replace("Ps. 67", "")), "DAT306")
    assert (problem.level, problem.place.row, problem.place.column) == ("error", 2, "legal")
    assert not found(ladder("R-3,*,-,-", limits="," * 10), "DAT306")


PLAN = {
    "zones.csv": "subzone,name,protected\nR-3,Perumahan,budi-daya\nK-1,Dagang,budi-daya\nHL,Hutan,lindung\n",
    "activities.csv": "activity_id,name\nA1,Toko\nA2,Warung\nA3,Hotel\n",
    "kbli.csv": "kbli,activity_id\n01111,A1\n47112,A3\n",
    "itbx.csv": 'activity_id,R-3,K-1\nA1,"T1,B9",\nA2,T,\n',
    "conditions.csv": "code,text,legal\nT1,jam operasi,\n",
    "intensity.csv": HEADER + f"R-3,*,-,-,{LIMITS}\nXX,*,-,-,{LIMITS}\n",
}


def test_subzones_without_rules_and_rules_without_subzone() -> None:
    tables = parse_tables(PLAN)
    without = [(p.place.file, p.text.en, p.level) for p in found(tables, "DAT302")]
    assert without == [
        ("itbx.csv", "sub-zone HL has no rules here", "warning"),
        ("intensity.csv", "sub-zone K-1 has no rules here", "error"),
        ("intensity.csv", "sub-zone HL has no rules here", "warning"),
        ("itbx.csv", "sub-zone K-1 has only empty cells", "error"),
    ]
    (stray,) = found(tables, "DAT303")
    assert (stray.place.file, stray.place.row, stray.place.column) == ("intensity.csv", 3, "subzone")


def test_conditions_activities_and_kbli() -> None:
    tables = parse_tables(PLAN)
    undescribed, bare = found(tables, "DAT308")
    assert "B9" in undescribed.text.en and undescribed.place == ("itbx.csv", None, "A1", "R-3")
    assert bare.level == "info" and bare.place.row == "A2"
    assert [p.place.row for p in found(tables, "DAT306")] == ["T1"]
    assert [p.place.row for p in found(tables, "DAT309")] == ["47112"]
    assert "activities have no KBLI: 1 (A2)" in found(tables, "DAT311")[0].text.en
    assert "A3" in found(tables, "DAT312")[0].text.en
    assert "4 of 6 cells are empty" in found(tables, "DAT310")[0].text.en


def test_kbli_against_the_classification() -> None:
    tables = parse_tables({"kbli.csv": PLAN["kbli.csv"], "activities.csv": PLAN["activities.csv"]})
    codes = [p.place.row for p in prove(tables, known_kbli={"01111"}) if p.code == "DAT309"]
    assert codes == ["47112"]


def test_absent_tables_are_said() -> None:
    problems = prove(parse_tables({}), folder="plans/kota")
    assert {(p.code, p.place.file, p.level) for p in problems} == {
        ("DAT302", "plans/kota/itbx.csv", "warning"), ("DAT302", "plans/kota/intensity.csv", "warning"),
    }  # fmt: skip


def test_every_problem_speaks_both_languages() -> None:
    for problem in prove(parse_tables(PLAN)):
        assert problem.text.en != problem.text.id
        assert problem.remedy.en and problem.remedy.id
        assert problem.place.file


def test_coverage_counts() -> None:
    counts = coverage(parse_tables(PLAN))
    assert (counts.subzones, counts.protected, counts.activities, counts.kbli) == (3, 1, 3, 2)
    assert (counts.itbx_cells, counts.itbx_filled, counts.itbx_letters) == (6, 2, {"T": 1, "TB": 1})
    assert (counts.intensity_rows, counts.limits_given, counts.limits_missing) == (2, 20, 0)
