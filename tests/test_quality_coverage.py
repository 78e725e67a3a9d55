"""Coverage by unmatched edges against the slow, obvious way: intersecting every pair, and the bounded parts of what is left."""

from __future__ import annotations

import time
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from quality_builder import column

from kkpr_check.quality import coverage

ORIGIN = np.array([660_000.0, 8_955_000.0])


def grid(side: int, *, wiggles: int = 3, seed: int = 1, jitter_m: float = 10.0) -> Any:
    """Return a clean coverage of quadrilaterals whose shared edges have shared vertices."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side + 1) * 50.0, np.arange(side + 1) * 50.0)
    corners = (
        np.stack([x, y], axis=-1) + random.uniform(-jitter_m, jitter_m, (side + 1, side + 1, 2)) + ORIGIN
    )
    steps = np.linspace(0, 1, wiggles + 2)
    along = np.stack([corners[:, :-1] + (corners[:, 1:] - corners[:, :-1]) * t for t in steps], axis=2)
    across = np.stack([corners[:-1] + (corners[1:] - corners[:-1]) * t for t in steps], axis=2)
    along[:, :, 1:-1] += random.uniform(-1, 1, along[:, :, 1:-1].shape)
    across[:, :, 1:-1] += random.uniform(-1, 1, across[:, :, 1:-1].shape)
    return column([
        shapely.Polygon(np.concatenate([
            along[i, j][:-1], across[i, j + 1][:-1], along[i + 1, j][::-1][:-1], across[i, j][::-1],
        ]))
        for i in range(side) for j in range(side)
    ])  # fmt: skip


def obvious(polygons: Any) -> tuple[dict[tuple[int, int], float], list[float]]:
    """Return the overlapping pairs with their areas, and the areas of the bounded parts that nothing covers."""
    pairs = {}
    for i, j in combinations(range(len(polygons)), 2):
        parts = shapely.get_parts(polygons[i].intersection(polygons[j]))
        area = shapely.area(coverage.without_noise(parts[shapely.get_dimensions(parts) == 2])).sum()
        if area > 0:
            pairs[i, j] = float(area)
    union = shapely.get_parts(shapely.union_all(polygons, grid_size=1e-4))
    frame = shapely.box(*shapely.buffer(shapely.box(*shapely.total_bounds(union)), 100.0).bounds)
    empty = shapely.get_parts(
        frame - shapely.union_all(union)
    )  # a gap may touch the outside in single points
    holes = [p for p in empty if p.geom_type == "Polygon" and not p.intersects(frame.exterior)]
    shown = coverage.without_noise(column(holes)) if holes else []
    return pairs, sorted(float(hole.area) for hole in shown)


def same_as_obvious(polygons: Any) -> None:
    found = coverage.analyse(polygons)
    pairs, holes = obvious(polygons)
    assert {(p.first, p.second) for p in found.pairs} == set(pairs)
    for pair in found.pairs:
        assert shapely.area(pair.pieces).sum() == pytest.approx(pairs[pair.first, pair.second], abs=0.02)
    assert sorted(shapely.area(found.holes)) == pytest.approx(holes, abs=0.02)


def test_a_clean_coverage_has_neighbours_and_nothing_else() -> None:
    found = coverage.analyse(grid(6))
    assert not found.pairs
    assert not len(found.holes)
    assert len(found.neighbours) == 2 * 6 * 5


GROWN_M = st.floats(-6, 6).filter(lambda by_m: abs(by_m) > 3 * coverage.MATCH_GRID_M)
"""A strip of one or two cells of the grid, within which vertices are one, may be there or not."""


@example(0, [(1, -1.0), (4, -1.0), (7, -1.0)], [8])
@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.lists(st.tuples(st.integers(0, 24), GROWN_M), max_size=6),
    st.lists(st.integers(0, 24), max_size=3),
)  # fmt: skip
def test_any_defects_are_those_of_the_obvious_way(
    seed: int, grown: list[tuple[int, float]], gone: list[int]
) -> None:
    polygons = grid(5, seed=seed)
    for row, by_m in grown:
        polygons[row] = shapely.buffer(polygons[row], by_m, join_style="mitre")
    kept = column([p for row, p in enumerate(polygons) if row not in gone and not p.is_empty])
    same_as_obvious(kept)


@settings(max_examples=20, deadline=None)
@given(st.floats(-30, 30), st.floats(-30, 30))
def test_a_coverage_upon_a_coverage(dx: float, dy: float) -> None:
    """Inner polygons of both have every edge matched in their own layer and overlap all the same."""
    first = grid(4, wiggles=0)
    second = (
        grid(4, wiggles=0)
        if dx == dy == 0
        else shapely.transform(grid(4, wiggles=0), lambda xy: xy + np.array([dx, dy]))
    )
    same_as_obvious(column([*first, *second]))


@pytest.mark.parametrize("noise_m", [1e-9, 1e-7, 1e-5, 2e-4])
def test_noise_of_shared_vertices_is_silent(noise_m: float) -> None:
    random = np.random.default_rng(3)
    polygons = column([
        shapely.Polygon((xy := shapely.get_coordinates(p)[:-1]) + random.uniform(-noise_m, noise_m, xy.shape))
        for p in grid(12)
    ])  # fmt: skip
    found = coverage.analyse(polygons)
    assert not found.pairs
    assert not len(found.holes)


def test_coordinates_rounded_to_a_millimetre_are_silent() -> None:
    random = np.random.default_rng(4)
    polygons = column([
        shapely.Polygon(np.round((xy := shapely.get_coordinates(p)[:-1]) + random.uniform(-3e-4, 3e-4, xy.shape), 3))
        for p in grid(12)
    ])  # fmt: skip
    found = coverage.analyse(polygons)
    assert not found.pairs
    assert not len(found.holes)


def test_layers_without_polygons_or_with_other_kinds() -> None:
    mixed = column([None, shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)]), shapely.Polygon()])
    found = coverage.analyse(mixed)
    assert not found.pairs
    assert not len(found.holes)
    assert not len(coverage.analyse(column([])).neighbours)


def test_ten_thousand_polygons_take_no_longer_than_the_check_of_geos() -> None:
    polygons = grid(100)
    polygons[[5, 777, 4321]] = shapely.buffer(polygons[[5, 777, 4321]], 1.0, join_style="mitre")
    polygons[[1550, 8080]] = shapely.buffer(polygons[[1550, 8080]], -1.0, join_style="mitre")
    keep = np.arange(len(polygons)) != 6060
    polygons = polygons[keep]
    ours, theirs = [], []
    for _ in range(3):
        start = time.perf_counter()
        found = coverage.analyse(polygons)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        shapely.coverage_invalid_edges(polygons, gap_width=2.0)
        theirs.append(time.perf_counter() - start)
    assert len(found.holes) == 3
    assert {row for p in found.pairs for row in (p.first, p.second)} >= {5, 777, 4321}
    assert min(ours) < 3 * min(theirs)


def test_edges_that_meet_within_a_millimetre_close_what_they_enclose() -> None:
    """Three zones whose shared corners differ by half a millimetre: the area that two of them share is found whole."""
    first = shapely.Polygon([(0, 0), (100, 0), (100, 100), (0, 100)])
    second = shapely.Polygon([(100.0004, 0.0003), (200, 0), (200, 100), (99.9996, 100.0004), (80, 50)])
    third = shapely.Polygon(
        [(0.0003, 100.0004), (100.0003, 99.9997), (200.0002, 99.9998), (200, 200), (0, 200)]
    )
    found = coverage.analyse(np.array([first, second, third], dtype=object))
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 1)]
    assert shapely.area(found.pairs[0].pieces).sum() == pytest.approx(1_000.0, abs=0.1)
    assert len(found.holes) == 0


@pytest.mark.parametrize("miss_m", [2e-5, 1e-4, 5e-4])
def test_a_face_is_not_judged_by_a_point_that_fell_between_neighbours(miss_m: float) -> None:
    """Two equal lots that miss each other by float noise: the middle of what surrounds them lies in neither."""
    x, y = ORIGIN
    lots = [shapely.box(x, y, x + 100, y + 100), shapely.box(x + 100 + miss_m, y, x + 200 + miss_m, y + 100)]
    defect = shapely.box(x + 300, y, x + 330, y + 30)
    found = coverage.analyse(column([*lots, defect, defect]))
    assert not len(found.holes)
    assert [(pair.first, pair.second) for pair in found.pairs] == [(2, 3)]
    parent = shapely.box(x - 10, y, x + 210 + miss_m, y + 100)
    found = coverage.analyse(column([*lots, parent]))
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 2), (1, 2)]
    assert not len(found.holes)


@pytest.mark.parametrize("width_m", [0.0012, 0.0018, 0.0025, 0.1])
def test_a_narrow_hole_is_one_though_its_middle_is_near_its_rim(width_m: float) -> None:
    x, y = ORIGIN
    outer = shapely.box(x, y, x + 200, y + 100)
    slit = shapely.box(x + 50, y + 50, x + 150, y + 50 + width_m)
    found = coverage.analyse(column([shapely.difference(outer, slit)]))
    assert len(found.holes) == 1
    assert float(shapely.area(found.holes).sum()) == pytest.approx(100 * width_m, rel=0.1)
