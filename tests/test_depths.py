"""Measures over many geometries at once, against the same measure taken one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from kkpr_check.batch.placing import depths_in
from kkpr_check.batch.plans import LayerLines
from kkpr_check.geometry import (
    EMPTY,
    deepest_m,
    dissolve,
    lasting,
    segments_of,
    union_of,
    unions_by,
    without_noise,
)
from kkpr_check.outlines import GRID_M, edges_of
from kkpr_check.plan import Tolerance

TOLERANCE = Tolerance()
Objects = NDArray[np.object_]


def blobs(random: np.random.Generator, count: int) -> Objects:
    """Return polygons of all sizes, some in several pieces, some with a hole."""
    made = []
    for _ in range(count):
        at = random.uniform(0, 60, (random.integers(1, 4), 2))
        shapes = [shapely.buffer(shapely.Point(p), random.choice([0.2, 0.6, 3, 9]), quad_segs=3) for p in at]
        shape = shapely.union_all(shapes)
        made.append(shape - shapely.box(29, 29, 32, 33) if random.random() < 0.4 else shape)
    return np.array(made, dtype=object)


def lattice(n: int = 6, step: float = 20.0) -> Objects:
    """Return a valid coverage of squares."""
    x, y = np.meshgrid(np.arange(n) * step, np.arange(n) * step)
    return np.asarray(shapely.box(x.ravel(), y.ravel(), x.ravel() + step, y.ravel() + step), dtype=object)


@pytest.mark.parametrize("seed", range(6))
def test_noise_is_dropped_from_many_as_from_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    shapes = np.append(blobs(random, 40), [EMPTY, shapely.Polygon()])
    size = random.uniform(1, 900, len(shapes))
    kept, dropped = lasting(shapes, size, TOLERANCE)
    assert 0 < (dropped > 0).sum() < len(shapes)
    for shape, one, away, of in zip(shapes, kept, dropped, size, strict=True):
        expected = without_noise(shape, of, TOLERANCE)
        assert shapely.area(one) == pytest.approx(shapely.area(expected), abs=1e-12)
        assert shapely.equals(one, expected) or (one.is_empty and expected.is_empty)
        assert away == pytest.approx(shapely.area(shape) - shapely.area(expected), abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_unions_by_owner_are_the_unions(seed: int) -> None:
    random = np.random.default_rng(seed)
    shapes = blobs(random, 60)
    owner = np.sort(random.integers(0, 25, len(shapes)))
    for one, united in enumerate(unions_by(owner, shapes, 26)):
        expected = union_of(shapes[owner == one])
        assert shapely.area(shapely.symmetric_difference(united, expected)) < 1e-9
        assert united.is_empty == expected.is_empty


def test_depths_by_matched_edges_are_those_to_the_dissolved_outline() -> None:
    pytest.importorskip("numba")
    from kkpr_check.kernels.depth import Depths

    random = np.random.default_rng(3)
    zones = lattice()
    depths = Depths(edges_of(zones, TOLERANCE), len(zones))
    for _ in range(8):
        fails = random.random(len(zones)) < 0.6
        area = shapely.union_all(zones[fails])
        corner = random.uniform(0, 105, (60, 2))
        parcels = shapely.box(*corner.T, *(corner + random.uniform(1, 25, (60, 2))).T)
        pieces = shapely.intersection(parcels, area)
        polygons = np.array([p for p in shapely.get_parts(pieces) if p.geom_type == "Polygon" and p.area > 0])
        expected = [deepest_m(p, shapely.boundary(area)) for p in polygons]
        found = depths.of(polygons, fails)
        assert found == pytest.approx(expected, abs=2e-6)
        assert np.array_equal(depths.of(polygons, fails, depths.marks(fails)), found)
        assert depths_in(segments_of(shapely.boundary(area)))(polygons) == pytest.approx(expected, abs=2e-6)


def test_how_far_pieces_reach_from_the_outline_of_their_parcel() -> None:
    pytest.importorskip("numba")
    from kkpr_check.kernels.depth import across_each

    random = np.random.default_rng(4)
    parcels = blobs(random, 40)
    cuts: Any = shapely.intersection(parcels, shapely.box(10, -20, 34, 90))
    some = shapely.area(cuts) > 0
    expected = [deepest_m(c, shapely.boundary(p)) for c, p in zip(cuts[some], parcels[some], strict=True)]
    assert across_each(cuts[some], parcels[some]) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("seed", range(6))
def test_noded_features_get_no_new_corner_where_some_of_them_are_united(seed: int) -> None:
    random = np.random.default_rng(seed)
    ends = random.uniform((660_000, 8_955_000), (660_800, 8_955_800), (16, 2, 2))
    bands = shapely.buffer(shapely.linestrings(ends), random.uniform(5, 40, 16), quad_segs=2)
    bands[3] = shapely.difference(bands[3], shapely.buffer(shapely.centroid(bands[3]), 3))
    rows = np.arange(16)
    made = LayerLines(bands, TOLERANCE).noded(rows)
    assert shapely.is_valid(made).all()
    assert shapely.hausdorff_distance(made, bands).max() < 2e-4
    known = corners_of(made)
    for _ in range(5):
        some = random.random(16) < 0.5
        assert corners_of(dissolve(made[some], TOLERANCE)) <= known
    alone = [LayerLines(bands, TOLERANCE).noded(rows[n : n + 1])[0] for n in range(16)]
    assert shapely.equals_exact(alone, made, 0.0).all()


def corners_of(geometry: Any) -> set[tuple[int, int]]:
    grid = np.round(shapely.get_coordinates(geometry) / GRID_M).astype(np.int64)
    return {(x, y) for x, y in grid.tolist()}
