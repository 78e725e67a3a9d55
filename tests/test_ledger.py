"""Where every square metre lies: the closing identity, and areas against the slow reference kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from engine_builder import build, features, of_rule, outcome, report, run
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from kkpr_check.geometry import EMPTY
from kkpr_check.kernels.reference import area_m2, intersection_area_m2
from kkpr_check.ledger import cut, entry, uncovered
from kkpr_check.model import LedgerEntry
from kkpr_check.plan import Tolerance

TOLERANCE = Tolerance()
box = shapely.box
SUBZONES = ("K-1", "R-3", "RTH-2")


def array(*geometries: Any) -> Any:
    column = np.empty(len(geometries), dtype=object)
    column[:] = geometries
    return column


@st.composite
def coverages(draw: st.DrawFn) -> tuple[list[Any], list[int]]:
    """Boxes and triangles on a coarse grid and off it: gaps, overlaps, slivers, shared edges, exact duplicates."""
    zones, groups = [], []
    for _ in range(draw(st.integers(1, 7))):
        x, y = draw(st.integers(-2, 22)), draw(st.integers(-2, 22))
        wide, high = draw(st.sampled_from([0.02, 0.3, 0.6, 3, 8, 30])), draw(st.sampled_from([0.3, 5, 30]))
        jitter = draw(st.sampled_from([0.0, 0.0, 1e-7, 0.013]))
        zone = box(x + jitter, y, x + jitter + wide, y + high)
        if draw(st.booleans()):
            zone = shapely.Polygon([(x, y), (x + wide, y + jitter), (x + wide / 2, y + high)])
        zones.append(zone)
        groups.append(draw(st.integers(0, 2)))
        if draw(st.integers(0, 5)) == 0:
            zones.append(zone)
            groups.append(draw(st.integers(0, 2)))
    return zones, groups


def ledger_of(subject: Any, zones: list[Any], groups: list[int]) -> LedgerEntry:
    parts = cut(array(subject), array(*zones), np.array(groups, dtype=np.int64), TOLERANCE)
    return entry("parcel", "p", subject, [(s, s) for s in SUBZONES], parts, 0)


def closes(told: LedgerEntry) -> bool:
    """Contract section 4, on the printed numbers."""
    counted = sum(z.area_m2 for z in told.zones) + told.dropped_m2 + told.gap_m2 - told.overlap_m2
    return abs(counted - told.area_m2) <= 1e-6 * told.area_m2


SUBJECTS = st.sampled_from(
    [
        box(0, 0, 20, 20),
        box(3.3, 1.7, 9.1, 18.2),
        shapely.Polygon([(0, 0), (20, 3), (14, 9), (18, 20), (2, 16)]),
        box(0, 0, 20, 20).difference(box(5, 5, 12, 12)),
        shapely.MultiPolygon([box(0, 0, 6, 6), box(10, 10, 20, 20)]),
    ]
)


@settings(max_examples=150, deadline=None)
@given(coverages(), SUBJECTS, st.sampled_from([(0.0, 0.0), (662_000.25, 8_955_000.75)]))
def test_the_ledger_closes_and_agrees_with_the_reference_kernel(
    coverage: tuple[list[Any], list[int]], subject: Any, far: tuple[float, float]
) -> None:
    zones = [affinity.translate(z, *far) for z in coverage[0]]
    groups, subject = coverage[1], affinity.translate(subject, *far)
    told = ledger_of(subject, zones, groups)
    assert closes(told)
    assert told.gap_m2 >= 0 and told.overlap_m2 >= 0 and told.dropped_m2 >= 0
    assert told.area_m2 == pytest.approx(area_m2(subject), abs=2e-4)
    assert [z.area_m2 for z in told.zones] == sorted((z.area_m2 for z in told.zones), reverse=True)

    unions = [shapely.union_all([z for z, g in zip(zones, groups, strict=True) if g == n]) for n in range(3)]
    slow = [intersection_area_m2(subject, union) for union in unions]
    shown = {z.subzone: z.area_m2 for z in told.zones}
    assert sum(shown.values()) + told.dropped_m2 == pytest.approx(sum(slow), abs=2e-3)
    for number, subzone in enumerate(SUBZONES):
        assert shown.get(subzone, 0.0) <= slow[number] + 1e-3
        assert slow[number] - shown.get(subzone, 0.0) <= told.dropped_m2 + 1e-3
    everything = intersection_area_m2(subject, shapely.union_all(zones))
    assert told.gap_m2 == pytest.approx(area_m2(subject) - everything, abs=2e-3)
    assert told.overlap_m2 == pytest.approx(sum(slow) - everything, abs=2e-3)
    if not told.dropped_m2:
        for number, subzone in enumerate(SUBZONES):
            assert shown.get(subzone, 0.0) == pytest.approx(slow[number], abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(coverages(), st.permutations(range(5)))
def test_a_block_gives_the_same_as_each_subject_alone(
    coverage: tuple[list[Any], list[int]], order: list[int]
) -> None:
    subjects = [box(i * 3, i, i * 3 + 8, i + 9) for i in range(5)]
    zones, groups = coverage
    block = cut(
        array(*(subjects[i] for i in order)), array(*zones), np.array(groups, dtype=np.int64), TOLERANCE
    )
    names = [(s, s) for s in SUBZONES]
    for row, i in enumerate(order):
        assert entry("parcel", "p", subjects[i], names, block, row) == ledger_of(subjects[i], zones, groups)


@settings(max_examples=30, deadline=None)
@given(coverages(), SUBJECTS, st.randoms(use_true_random=False))
def test_the_order_of_zones_does_not_matter(
    coverage: tuple[list[Any], list[int]], subject: Any, random: Any
) -> None:
    zones, groups = coverage
    order = list(range(len(zones)))
    random.shuffle(order)
    a = ledger_of(subject, zones, groups)
    b = ledger_of(subject, [zones[i] for i in order], [groups[i] for i in order])
    assert {z.subzone: z.area_m2 for z in a.zones} == pytest.approx(
        {z.subzone: z.area_m2 for z in b.zones}, abs=2e-4
    )
    assert (a.gap_m2, a.overlap_m2, a.dropped_m2) == pytest.approx(
        (b.gap_m2, b.overlap_m2, b.dropped_m2), abs=2e-4
    )


def test_a_group_is_united_before_it_is_counted() -> None:
    """Two overlapping polygons of one sub-zone are no overlap; of two sub-zones they are."""
    subject = box(0, 0, 20, 20)
    same = ledger_of(subject, [box(0, 0, 12, 20), box(8, 0, 20, 20)], [1, 1])
    assert [z.area_m2 for z in same.zones] == [400] and same.overlap_m2 == 0
    two = ledger_of(subject, [box(0, 0, 12, 20), box(8, 0, 20, 20)], [0, 1])
    assert [z.area_m2 for z in two.zones] == [240, 240] and two.overlap_m2 == 80
    assert [z.share for z in two.zones] == pytest.approx([0.6, 0.6])


def test_an_overlap_of_dropped_pieces_is_an_overlap() -> None:
    """`overlap_m2` = sum of group areas, dropped included, minus the area of their union."""
    told = ledger_of(box(0, 0, 20, 20), [box(0, 0, 20, 20), box(19.7, 0, 30, 20)], [1, 2])
    assert (told.dropped_m2, told.overlap_m2, told.gap_m2) == pytest.approx((6.0, 6.0, 0.0))
    assert [z.subzone for z in told.zones] == ["R-3"]


def test_noise_is_told_per_connected_piece_of_a_sub_zone() -> None:
    """Two touching polygons of 0.3 m are one piece of 0.6 m; apart they are noise."""
    together = ledger_of(
        box(0, 0, 20, 20), [box(0, 0, 19.4, 20), box(19.4, 0, 19.7, 20), box(19.7, 0, 20, 20)], [1, 2, 2]
    )
    assert {z.subzone for z in together.zones} == {"R-3", "RTH-2"} and together.dropped_m2 == 0
    apart = ledger_of(
        box(0, 0, 20, 20), [box(0, 0, 19.4, 20), box(19.4, 0, 19.7, 20), box(19.7, 0, 20, 20)], [1, 2, 0]
    )
    assert {z.subzone for z in apart.zones} == {"R-3"} and apart.dropped_m2 == pytest.approx(12)


def test_touching_zones_have_no_part() -> None:
    told = ledger_of(box(0, 0, 20, 20), [box(0, 0, 20, 20), box(20, 0, 40, 20)], [0, 1])
    assert [z.subzone for z in told.zones] == ["K-1"]


def test_uncovered_and_empty_subjects() -> None:
    subjects = array(box(0, 0, 10, 10), EMPTY, box(50, 50, 60, 60))
    parts = cut(subjects, array(box(0, 0, 4, 10)), np.zeros(1, dtype=np.int64), TOLERANCE)
    assert [g.area for g in uncovered(subjects, parts)] == [60, 0, 100]


def test_no_zones_at_all() -> None:
    told = ledger_of(box(0, 0, 20, 20), [], [])
    assert (told.zones, told.gap_m2, told.area_m2) == ((), 400.0, 400.0)


@pytest.mark.parametrize("subject", ["parcel", "footprint"])
def test_a_report_carries_a_closed_ledger_of_each_subject_and_plan(subject: str) -> None:
    told = report(
        zones=[{"subzone": "R-3", "area": [-100, -100, 11, 100]}, {"subzone": "K-1", "area": [10, -100, 15, 100]}],
        also=[{"plan": {"id": "rtrw", "level": "rtrw-kab"}, "zones": [{"subzone": "R-3", "area": [13, -100, 19.8, 100]}]}],
    )  # fmt: skip
    mine = [e for e in told.ledger if e.subject == subject]
    assert [e.plan for e in mine] == ["rdtr-uji", "rtrw"]
    assert all(closes(e) for e in told.ledger)
    (combined,) = (e for e in told.combined if e.subject == subject)
    assert closes(combined)
    if subject == "parcel":
        assert mine[0].gap_m2 == 100 and mine[0].overlap_m2 == 20
        assert mine[1].gap_m2 == pytest.approx(264)
        assert combined.gap_m2 == pytest.approx(4)
        assert {z.subzone: z.area_m2 for z in mine[0].zones} == {"R-3": 220, "K-1": 100}


def test_a_window_without_zones_closes_too() -> None:
    built = build({"layers": []})
    empty = replace(built.windows[0], zoning=features([], 2.5, "zoning", "zoning", ("subzone",)))
    (told,) = run([built.site], [empty], built.options)
    assert all(closes(e) for e in (*told.ledger, *told.combined))
    assert told.verdict.value == "undetermined"


def test_a_noise_sized_gap_stays_in_the_ledger_and_triggers_nothing() -> None:
    told = report(zones=[{"subzone": "R-3", "area": [-100, -100, 19.6, 100]}])
    assert told.ledger[0].gap_m2 == pytest.approx(8.0)
    assert told.combined[0].gap_m2 == pytest.approx(8.0)
    assert outcome(told, "LOK002") == "pass"
    assert told.verdict.value == "conform"


def test_a_gap_of_all_plans_does_not_hide_behind_a_crack_of_the_highest() -> None:
    """The RDTR leaves a crack of 0.2 m with a hole of 3 x 3 m on it; the RTRW covers all but that hole."""
    crack, hole = shapely.box(-300, 49.9, 300, 50.1), shapely.box(40, 48, 43, 51)
    rdtr = shapely.difference(shapely.box(-300, -300, 300, 300), shapely.union(crack, hole))
    rtrw = shapely.difference(shapely.box(-300, -300, 300, 300), hole)
    lower = {"plan": {"id": "rtrw", "level": "rtrw-kab"}, "zones": [{"subzone": "R-3", "area": rtrw.wkt}]}
    zones = [{"subzone": "R-3", "area": rdtr.wkt}]
    told = report(zones=zones, also=[lower], parcel=[0, 0, 100, 100], footprint=False)
    (finding,) = of_rule(told, "LOK002")
    assert finding.outcome.word == "undetermined"
    assert finding.measured == pytest.approx(9.0)
    assert all(closes(e) for e in told.combined)
    whole = lower | {"zones": [{"subzone": "R-3", "area": [-300, -300, 300, 300]}]}
    told = report(zones=zones, also=[whole], parcel=[0, 0, 100, 100], footprint=False)
    assert outcome(told, "LOK002") == "pass"
