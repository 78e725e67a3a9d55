"""Areas whose every edge is a neighbour's too: around them a layer has neither gap nor overlap."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from kkpr_check.batch.placing import EVEN_M2, Layer, Parcels
from kkpr_check.features import Features
from kkpr_check.geometry import Objects, objects
from kkpr_check.outlines import closed
from kkpr_check.plan import Tolerance

SIDE = 6


def town(random: np.random.Generator) -> Objects:
    """Return ``SIDE x SIDE`` crooked cells of about 100 m, rings in either direction, row by row."""
    corner = np.stack(np.meshgrid(np.arange(SIDE + 1.0), np.arange(SIDE + 1.0)), axis=-1) * 100
    corner += random.uniform(-30, 30, corner.shape)
    rings = np.stack([corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]], axis=2).reshape(
        -1, 4, 2
    )
    cells: Objects = shapely.polygons(rings)
    turned = random.random(len(cells)) < 0.5
    cells[turned] = shapely.reverse(cells[turned])
    return cells


def inner() -> set[int]:
    """Return the cells that have a neighbour on every side."""
    return {row * SIDE + column for row in range(1, SIDE - 1) for column in range(1, SIDE - 1)}


def test_cells_with_neighbours_all_around_are_closed() -> None:
    cells = town(np.random.default_rng(1))
    assert set(np.flatnonzero(closed(cells)).tolist()) == inner()


@pytest.mark.parametrize("moved_m", [1e-9, 0.3])
def test_a_corner_that_one_feature_moves_opens_it_and_its_neighbours(moved_m: float) -> None:
    cells, centre = town(np.random.default_rng(2)), 2 * SIDE + 2
    coords = shapely.get_coordinates(cells[centre])
    coords[1] += moved_m
    cells[centre] = shapely.Polygon(coords)
    open_ = inner() - set(np.flatnonzero(closed(cells)).tolist())
    assert centre in open_
    assert 3 <= len(open_) <= 4


def test_a_feature_that_stands_twice_and_a_missing_one() -> None:
    cells, centre = town(np.random.default_rng(3)), 2 * SIDE + 2
    around = {centre, centre - 1, centre + 1, centre - SIDE, centre + SIDE}
    twice = closed(np.append(cells, cells[centre]))
    assert inner() - set(np.flatnonzero(twice).tolist()) == around
    assert not twice[-1]
    gone = closed(np.delete(cells, centre))
    assert len(inner()) - 1 - int(gone.sum()) == 4


def test_a_hole_is_closed_by_what_fills_it() -> None:
    hole = shapely.box(40, 40, 60, 60)
    ring = shapely.box(0, 0, 100, 100).difference(hole)
    frame = shapely.box(-50, -50, 150, 150).difference(shapely.box(0, 0, 100, 100))
    assert closed(objects([hole, ring, frame])).tolist() == [True, True, False]
    assert closed(objects([ring, frame])).tolist() == [False, False]
    assert closed(objects([shapely.MultiPolygon([hole]), ring, frame])).tolist() == [True, True, False]


@pytest.mark.parametrize("seed", range(12))
def test_parcels_that_are_covered_once_are(seed: int) -> None:
    random = np.random.default_rng(seed)
    cells = town(random)
    if seed % 3 == 1:
        cells = np.append(cells, cells[random.choice(len(cells), 2)])
    if seed % 3 == 2:
        cells = np.delete(cells, random.choice(len(cells), 2))
    moved = random.choice(len(cells), seed % 4)
    cells[moved] = shapely.transform(cells[moved], lambda xy: xy + 0.05)
    features = Features(cells, np.arange(len(cells)).astype(object), 5.0, "zona")
    layer = Layer(features, np.arange(len(cells)), Tolerance())
    x, y = random.uniform(0, 100 * SIDE, (2, 300))
    size = random.choice([0.01, 4.0, 20.0, 60.0], (2, 300))
    shapes = shapely.box(x, y, x + size[0], y + size[1])
    shapes[::7] = [shapely.MultiPolygon([one, shapely.box(-9, -9, -8, -8)]) for one in shapes[::7]]
    parcels = Parcels.of(shapes)
    placed = layer.place(parcels)
    assert 60 < placed.once.sum() < 300
    for number in np.flatnonzero(placed.once).tolist():
        parts = placed.parts.whole[placed.parts.of(number)]
        area_m2 = parcels.area_m2[number]
        assert abs(shapely.union_all(parts).area - area_m2) < EVEN_M2
        assert abs(shapely.area(parts).sum() - area_m2) < EVEN_M2
