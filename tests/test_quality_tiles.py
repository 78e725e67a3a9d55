"""A layer whose neighbours share no edge: what is found does not depend on the tiles it is looked at in."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from kkpr_check.quality import coverage, faces
from kkpr_check.quality.base import LayerView, Objects, Surroundings
from kkpr_check.quality.beside import beside
from kkpr_check.quality.topology import topology

CELL_M, ORIGIN_M = 20.0, (760_000.0, 9_380_000.0)


def drawn_alone(cells: int, reach_m: float, seed: int) -> Objects:
    """Return squares of a grid whose corners and middles were each digitised `reach_m` off, a bay and a hole left out."""
    random = np.random.default_rng(seed)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(cells), np.arange(cells)))
    bay, hole = (x == cells // 2) & (y > cells // 2), (x // 2 == 1) & (y // 2 == 1)
    kept = np.flatnonzero(~bay & ~hole)
    around = np.array([[0, 0], [0.4, 0], [1, 0], [1, 0.6], [1, 1], [0.5, 1], [0, 1], [0, 0.3]])
    corner = np.stack([x, y], axis=1)[kept][:, None, :]
    xy = (
        ORIGIN_M + CELL_M * (corner + around) + random.uniform(-reach_m, reach_m, (len(kept), len(around), 2))
    )
    squares: Objects = shapely.polygons(xy)
    return squares


def found(geometry: Objects) -> tuple[list[tuple[int, int, float]], list[float]]:
    """Return the pairs with their areas, and the areas of the holes, to a millimetre's worth of outline."""
    result = coverage.analyse(geometry)
    pairs = [(p.first, p.second, round(float(shapely.area(p.pieces).sum()), 2)) for p in result.pairs]
    return pairs, sorted(round(float(hole.area), 2) for hole in result.holes)


@pytest.mark.parametrize("reach_m", [0.5, 0.05])
@pytest.mark.parametrize("tile", [100, 700])
def test_tiles_change_nothing(monkeypatch: pytest.MonkeyPatch, reach_m: float, tile: int) -> None:
    geometry = drawn_alone(12, reach_m, 3)
    pairs, holes = found(geometry)
    monkeypatch.setattr(faces, "TILE_SEGMENTS", tile)
    tiled_pairs, tiled_holes = found(geometry)
    assert [pair[:2] for pair in tiled_pairs] == [pair[:2] for pair in pairs]
    assert len(tiled_holes) == len(holes)
    np.testing.assert_allclose(tiled_holes, holes, atol=0.02)
    assert max(tiled_holes) == pytest.approx(4 * CELL_M**2, rel=0.1), "the hole, and not the bay"
    assert [pair[2] for pair in tiled_pairs] == [pair[2] for pair in pairs]


def test_what_is_found_is_what_pairs_and_the_union_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "TILE_SEGMENTS", 200)
    geometry = drawn_alone(10, 0.5, 8)
    pairs, holes = found(geometry)
    union = shapely.union_all(geometry)
    rings = [ring for part in shapely.get_parts(union) for ring in part.interiors]
    expected = coverage.without_noise(shapely.polygons(rings))
    assert len(holes) == len(expected)
    np.testing.assert_allclose(holes, sorted(shapely.area(expected)), atol=0.02)
    shared = {
        (i, j)
        for i, a in enumerate(geometry)
        for j, b in enumerate(geometry[i + 1 :], i + 1)
        if len(coverage.without_noise(shapely.get_parts(shapely.intersection(a, b))))
    }
    assert {pair[:2] for pair in pairs} == shared


def test_a_bundle_of_lines_longer_than_any_tile_is_one_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "TILE_SEGMENTS", 8)
    strips = shapely.box(0.0, np.arange(30) * 5.0, 10_000.0, np.arange(30) * 5.0 + 4.0)
    pairs, holes = found(
        np.append(strips, [shapely.box(-5, -5, 0, 150), shapely.box(10_000, -5, 10_005, 150)])
    )
    assert not pairs
    assert holes == [10_000.0] * 29


def test_the_two_longest_neighbours_stand_beside_a_hole() -> None:
    geometry = np.array([
        shapely.box(0, 0, 30, 10), shapely.box(0, 12, 30, 30), shapely.box(-5, 0, 0, 30), shapely.box(30, 0, 35, 30),
    ])  # fmt: skip
    parts = coverage.parts_of(geometry)
    hole = shapely.box(0, 10, 30, 12)
    tree = shapely.STRtree(parts.polygon)
    far = shapely.box(1_000, 0, 1_001, 1)
    assert list(beside(np.array([hole, far, hole]), parts, tree)) == [(0, 1), (None, None), (0, 1)]
    assert list(beside(np.empty(0, dtype=object), parts, tree)) == []


@pytest.mark.parametrize("tile", [3_000, 150])
@pytest.mark.parametrize("noded", [True, False])
def test_what_the_boundary_has_bare_is_what_the_union_leaves(
    monkeypatch: pytest.MonkeyPatch, tile: int, noded: bool
) -> None:
    """A boundary wider than the layer, cutting off a corner of it, with an enclave, an island far away and a hole it halves."""
    monkeypatch.setattr(faces, "TILE_SEGMENTS", tile)
    geometry = drawn_alone(10, 0.0 if noded else 0.4, 5)
    x, y = ORIGIN_M
    edge = shapely.Polygon([(x + 50, y - 30), (x + 260, y - 30), (x + 230, y + 250), (x + 50, y + 190)])
    enclave, island = shapely.box(x + 130, y + 60, x + 150, y + 90), shapely.box(x + 900, y, x + 950, y + 40)
    boundary = shapely.union(shapely.difference(edge, enclave), island)
    layer = LayerView("zona.shp", "zona", "zoning", geometry, np.arange(len(geometry)))
    told = list(topology(layer, Surroundings(boundary)))
    rest = shapely.difference(boundary, shapely.union_all(geometry))
    pieces = coverage.without_noise(shapely.get_parts(rest))
    bare = sorted(f.area_m2 or 0.0 for f in told if f.code in ("DAT102", "DAT107"))
    assert bare == pytest.approx(sorted(shapely.area(pieces)), abs=0.02)
    assert {"DAT102", "DAT107"} <= {finding.code for finding in told}
    assert any(f.code == "DAT107" and f.area_m2 == pytest.approx(2_000.0) for f in told), "the island"
