"""Measures in metres: properties, and an independent brute force by sampling."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import affinity

from kkpr_check.adverse import AdverseArea, Reach
from kkpr_check.features import Features
from kkpr_check.geometry import (
    EMPTY,
    collect,
    deepest_m,
    dissolve,
    noise,
    overlap_of,
    polygons_of,
    remainder_of,
    round_m,
    segments_of,
    union_of,
    web_mercator_inflation,
    without_noise,
)
from kkpr_check.plan import Tolerance

TOLERANCE = Tolerance()
box = shapely.box


def depth_m(subject: Any, pieces: Any, adverse: Any) -> float:
    """Return the depth of contract section 1a.5 as the engine judges it."""
    zones = np.array([adverse], dtype=object)
    features = Features(zones, np.array(["0"], dtype=object), 1.0, "zones")
    judged = AdverseArea(features, TOLERANCE).judge(subject, pieces, Reach(1e9))
    assert judged.flip_distance_m is not None
    return judged.flip_distance_m


@st.composite
def blobs(draw: st.DrawFn, size: float = 30.0) -> Any:
    """A star-shaped polygon around 0, 0, now and then with a hole: concave, valid, up to `size` wide."""
    count = draw(st.integers(3, 9))
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radii = np.array([draw(st.floats(size / 6, size / 2)) for _ in range(count)])
    ring = np.column_stack((radii * np.cos(angles), radii * np.sin(angles)))
    polygon = shapely.Polygon(ring)
    hole = shapely.Point(0, 0).buffer(draw(st.floats(0.05, 2.0)), quad_segs=2)
    if draw(st.booleans()) and polygon.contains_properly(hole):
        polygon = polygon.difference(hole)
    return polygon


def sampled_deepest_m(region: Any, outline: Any, step_m: float) -> float:
    """Return the greatest distance to `outline` over a grid of points in `region` and points along its own outline.

    A lower bound that is at most ``1.21 * step_m`` too small: the distance to anything is 1-Lipschitz, a grid point is
    within 0.71 steps, and where that one lies outside, a point of the outline within half a step of the way to it.
    """
    west, south, east, north = region.bounds
    x, y = np.meshgrid(np.arange(west, east + step_m, step_m), np.arange(south, north + step_m, step_m))
    points = shapely.points(x.ravel(), y.ravel())
    inside = points[shapely.intersects(region, points)]
    along = shapely.points(shapely.get_coordinates(shapely.segmentize(region, step_m)))
    return float(shapely.distance(np.concatenate((inside, along)), outline).max())


@settings(max_examples=40, deadline=None)
@given(blobs(), blobs(), st.floats(-15, 15), st.floats(-15, 15))
def test_deepest_against_sampling(subject: Any, other: Any, dx: float, dy: float) -> None:
    zone = affinity.translate(other, dx, dy)
    pieces = overlap_of(subject, zone)
    if pieces.area < 1e-3:
        return
    for outline in (shapely.boundary(subject), shapely.boundary(zone)):
        step = 0.1
        found, seen = deepest_m(pieces, outline), sampled_deepest_m(pieces, outline, step)
        assert seen - 1e-3 <= found <= seen + 1.21 * step + 1e-3


@settings(max_examples=25, deadline=None)
@given(blobs())
def test_deepest_of_a_polygon_in_itself_is_its_largest_inscribed_circle(polygon: Any) -> None:
    radius = shapely.maximum_inscribed_circle(polygon, tolerance=1e-4).length
    assert deepest_m(polygon, shapely.boundary(polygon)) == pytest.approx(radius, abs=3e-4)


@pytest.mark.parametrize(
    ("region", "outline", "expected_m"),
    [
        (box(0, 0, 40, 3), box(0, 0, 40, 3), 1.5),
        (box(0, 0, 10, 10), box(0, 0, 10, 10), 5.0),
        (box(4, 4, 6, 6), box(0, 0, 10, 10), 5.0),
        (box(0, 0, 1, 1), box(0, 0, 10, 10), 1.0),
        (shapely.MultiPolygon([box(0, 0, 1, 1), box(20, 0, 26, 6)]), box(0, 0, 30, 30), 6.0),
        (box(0, 0, 6, 6).difference(box(2.9, 2.9, 3.1, 3.1)), box(0, 0, 6, 6), 3.0 - 0.1),
        (box(0, 0, 3e-4, 1.0), box(0, 0, 10, 1), 3e-4),
    ],
)
def test_deepest_of_figures_one_can_draw(region: Any, outline: Any, expected_m: float) -> None:
    assert deepest_m(region, shapely.boundary(outline)) == pytest.approx(expected_m, abs=1e-4)


def test_deepest_of_a_drawn_line_and_of_nothing() -> None:
    assert deepest_m(box(0, 0, 5, 5), shapely.LineString([(0, 0), (5, 0)])) == pytest.approx(5.0, abs=1e-4)
    assert deepest_m(EMPTY, box(0, 0, 1, 1).boundary) == 0.0
    assert deepest_m(box(0, 0, 1, 1), shapely.LineString()) == 0.0


@settings(max_examples=25, deadline=None)
@given(
    blobs(),
    blobs(),
    st.floats(-12, 12),
    st.floats(0, 360),
    st.sampled_from([0.0, 1234.5, 662_000.0, 8_955_000.0]),
)
def test_depth_is_the_same_moved_turned_and_reversed(
    subject: Any, other: Any, shift: float, turn: float, far: float
) -> None:
    zone = affinity.translate(other, shift, shift / 3)
    pieces = overlap_of(subject, zone)
    if pieces.is_empty:
        return
    expected = depth_m(subject, pieces, zone)

    def move(geometry: Any) -> Any:
        return affinity.translate(affinity.rotate(geometry, turn, origin=(0, 0)), far, -far / 7)

    assert depth_m(*(move(g) for g in (subject, pieces, zone))) == pytest.approx(expected, abs=3e-4)
    assert depth_m(*(shapely.reverse(g) for g in (subject, pieces, zone))) == pytest.approx(
        expected, abs=1e-4
    )
    assert depth_m(*(shapely.normalize(g) for g in (subject, pieces, zone))) == pytest.approx(
        expected, abs=1e-4
    )


@settings(max_examples=25, deadline=None)
@given(blobs(), blobs(), st.floats(-12, 12), st.integers(2, 5))
def test_depth_does_not_depend_on_how_the_adverse_area_is_cut(
    subject: Any, other: Any, shift: float, cuts: int
) -> None:
    zone = affinity.translate(other, shift, -shift / 2)
    west, south, east, north = zone.bounds
    edges = np.linspace(west, east, cuts + 1)
    strips = [overlap_of(zone, box(a, south - 1, b, north + 1)) for a, b in pairwise(edges)]
    pieces = overlap_of(subject, zone)
    if pieces.is_empty or pieces.area < 1e-3:
        return
    whole = depth_m(subject, pieces, dissolve([zone], TOLERANCE))
    assert depth_m(subject, pieces, dissolve(strips, TOLERANCE)) == pytest.approx(whole, abs=2e-3)


@settings(max_examples=30, deadline=None)
@given(blobs(), blobs(), st.floats(-20, 20))
@example(box(0, 0, 10, 10), box(0, 0, 10, 10), 0.0)
@example(box(0, 0, 10, 10), box(10, 0, 20, 10), 0.0)
def test_overlap_and_remainder_share_the_area(a: Any, b: Any, shift: float) -> None:
    b = affinity.translate(b, shift, 0)
    cut, rest = overlap_of(a, b), remainder_of(a, b)
    assert cut.area + rest.area == pytest.approx(a.area, rel=1e-9, abs=1e-9)
    assert union_of([a, b]).area == pytest.approx(a.area + b.area - cut.area, rel=1e-9, abs=1e-9)
    assert cut.geom_type in ("Polygon", "MultiPolygon") and rest.geom_type in ("Polygon", "MultiPolygon")


def test_touching_neighbours_share_no_area() -> None:
    cut = overlap_of(box(0, 0, 10, 10), box(10, 0, 20, 10))
    assert cut.area == 0 and len(polygons_of(cut)) == 0
    block = overlap_of(np.array([box(0, 0, 10, 10)] * 2), np.array([box(10, 0, 20, 10), box(5, 0, 20, 10)]))
    assert [g.area for g in block] == [0, 50]


def test_union_and_dissolve_of_nothing() -> None:
    assert union_of([]).is_empty and union_of([None, EMPTY]).is_empty
    assert dissolve([], TOLERANCE).is_empty
    assert collect([]).is_empty


def test_dissolve_closes_cracks_and_pin_holes_but_no_holes() -> None:
    left, right = box(0, 0, 10, 10), box(10.00002, 0, 20, 10)
    assert len(polygons_of(dissolve([left, right], TOLERANCE))) == 1
    pinhole = left.difference(box(5, 5, 5.3, 8))
    assert len(shapely.get_rings(dissolve([pinhole], TOLERANCE))) == 1
    yard = left.difference(box(4, 4, 6, 6))
    assert dissolve([yard], TOLERANCE).area == pytest.approx(96)


@pytest.mark.parametrize(
    ("piece", "subject_m2", "expected"),
    [
        (box(0, 0, 0.9, 1.1), 1000, True),  # 0.99 m2
        (box(0, 0, 1.0, 1.0), 1000, False),  # 1 m2 and a mean width of 0.5 m: on both limits, below neither
        (box(0, 0, 0.4, 30), 1000, True),
        (box(0, 0, 0.6, 30), 1000, False),
        (box(0, 0, 0.4, 30), 240, False),  # exactly 5 % of the subject
        (box(0, 0, 0.4, 30), 240.1, True),
        (box(0, 0, 0.5, 0.5), 4, False),  # tiny, but 6 % of the subject
        (box(0, 0, 5, 5), 1000, False),
    ],
)
def test_what_is_noise(piece: Any, subject_m2: float, expected: bool) -> None:
    (said,) = noise(np.array([piece], dtype=object), subject_m2, TOLERANCE)
    assert bool(said) is expected


def test_noise_is_told_per_piece() -> None:
    pieces = shapely.MultiPolygon([box(0, 0, 10, 10), box(20, 0, 20.2, 10), box(30, 0, 30.2, 10)])
    left = without_noise(pieces, 1000.0, TOLERANCE)
    assert left.equals(box(0, 0, 10, 10))
    assert without_noise(EMPTY, 1000.0, TOLERANCE).is_empty


def test_segments_of_rings_and_holes() -> None:
    yard = box(0, 0, 10, 10).difference(box(4, 4, 6, 6))
    assert len(segments_of(yard.boundary)) == 8
    assert len(segments_of(yard)) == 8
    assert len(segments_of(shapely.MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)]))) == 8
    assert len(segments_of(shapely.LineString())) == 0


@pytest.mark.parametrize(
    ("value", "expected"), [(1.00004, 1.0), (1.00006, 1.0001), (-0.00004, 0.0), (2.5, 2.5)]
)
def test_rounding_to_a_tenth_of_a_millimetre(value: float, expected: float) -> None:
    assert float(round_m(value)) == pytest.approx(expected, abs=1e-12)


def test_web_mercator_against_the_projection() -> None:
    pyproj = pytest.importorskip("pyproj")
    geod, to = pyproj.Geod(ellps="WGS84"), pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    for latitude in (-10.0, -6.9, 0.0, 5.5):
        cell = box(110, latitude, 110.001, latitude + 0.001)
        flat = shapely.transform(cell, lambda c: np.column_stack(to.transform(c[:, 0], c[:, 1]))).area
        true = abs(geod.geometry_area_perimeter(cell)[0])
        assert web_mercator_inflation(latitude + 0.0005) == pytest.approx(flat / true, rel=1e-6)


@pytest.mark.parametrize("others", [[], [shapely.box(900, 0, 1000, 10)], [shapely.box(-50, 0.00003, 20, 10)]])
def test_a_dissolved_area_is_on_the_grid_whatever_is_dissolved_with_it(others: list[Any]) -> None:
    """Else a depth would depend on which other features a window happens to hold."""
    area = dissolve(
        [shapely.Polygon([(0, 0), (31.41592653, 0.00004), (27.18281828, 20), (0, 20)]), *others], Tolerance()
    )
    coords = shapely.get_coordinates(area)
    assert np.abs(coords * 1e4 - np.round(coords * 1e4)).max() < 1e-6
