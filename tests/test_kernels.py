"""The three area kernels agree with figures drawn on paper, and with each other on random and nasty input."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import affinity, box, wkt

from kkpr_check.errors import InputError, UsageError
from kkpr_check.kernels import Shares, WkbBlock, load

HAS_NUMBA = importlib.util.find_spec("numba") is not None
needs_numba = pytest.mark.skipif(not HAS_NUMBA, reason="numba (extra [fast]) is not installed")
KERNELS = ["reference", "geos", pytest.param("grid", marks=needs_numba)]
OTHERS = ["geos", pytest.param("grid", marks=needs_numba)]
UTM_51S = (798_431.37, 9_380_117.81)
FAR_CORNER = (166_021.443, 9_999_987.125)


def objects(*geometry: object) -> np.ndarray:
    array = np.empty(len(geometry), dtype=object)
    array[:] = geometry
    return array


def measure(name: str, subjects: np.ndarray, zones: np.ndarray, **options: object) -> Shares:
    return load(name).prepare(zones, **options).shares(subjects)


def pairs(shares: Shares) -> dict[tuple[int, int], float]:
    rows = zip(shares.subject.tolist(), shares.zone.tolist(), shares.area_m2.tolist(), strict=True)
    return {(subject, zone): area for subject, zone, area in rows}


def same_bits(one: Shares, other: Shares) -> None:
    for field in fields(Shares):
        np.testing.assert_array_equal(
            getattr(one, field.name), getattr(other, field.name), err_msg=field.name
        )


HOLED = wkt.loads("POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (3 3, 3 7, 7 7, 7 3, 3 3))")
TWO_PARTS = wkt.loads("MULTIPOLYGON (((0 0, 4 0, 4 4, 0 4, 0 0)), ((6 0, 9 0, 9 4, 6 4, 6 0)))")
TOUCHING_PARTS = wkt.loads("MULTIPOLYGON (((0 0, 4 0, 4 4, 0 4, 0 0)), ((4 4, 8 4, 8 8, 4 8, 4 4)))")
COLLINEAR = wkt.loads("POLYGON ((0 0, 1 0, 5 0, 7 0, 10 0, 10 5, 10 10, 3 10, 0 10, 0 2, 0 1, 0 0))")
COMB = wkt.loads("POLYGON ((0 0, 9 0, 9 9, 8 9, 8 1, 6 1, 6 9, 5 9, 5 1, 3 1, 3 9, 2 9, 2 1, 0 1, 0 0))")

ON_PAPER = [
    ("inside", box(2, 2, 4, 4), [box(0, 0, 10, 10)], {0: 4.0}),
    ("over a line", box(8, 2, 12, 4), [box(0, 0, 10, 10), box(10, 0, 20, 10)], {0: 4.0, 1: 4.0}),
    ("shares an edge only", box(10, 2, 12, 4), [box(0, 0, 10, 10), box(10, 0, 20, 10)], {1: 4.0}),
    ("shares a longer edge", box(10, -5, 12, 15), [box(0, 0, 10, 10)], {}),
    ("touches a corner", box(10, 10, 12, 12), [box(0, 0, 10, 10), box(10, 10, 20, 20)], {1: 4.0}),
    ("is the zone", box(0, 0, 10, 10), [box(0, 0, 10, 10), box(10, 0, 20, 10)], {0: 100.0}),
    ("is the zone with more points", COLLINEAR, [box(0, 0, 10, 10)], {0: 100.0}),
    ("zone inside the subject", box(-5, -5, 15, 15), [box(0, 0, 10, 10)], {0: 100.0}),
    ("in the hole", box(4, 4, 6, 6), [HOLED], {}),
    ("fills the hole", box(3, 3, 7, 7), [HOLED, box(3, 3, 7, 7)], {1: 16.0}),
    ("over a hole's edge", box(2, 4, 5, 6), [HOLED, box(3, 3, 7, 7)], {0: 2.0, 1: 4.0}),
    ("all of a holed zone", box(0, 0, 10, 10), [HOLED], {0: 84.0}),
    ("subject with a hole", HOLED, [box(3, 3, 7, 7), box(0, 0, 5, 10)], {1: 42.0}),
    ("over two parts", box(3, 1, 7, 3), [TWO_PARTS], {0: 4.0}),
    ("two parts over two zones", TWO_PARTS, [box(0, 0, 5, 9), box(5, 0, 8, 9)], {0: 16.0, 1: 8.0}),
    ("parts touch in a point", box(3, 3, 5, 5), [TOUCHING_PARTS], {0: 2.0}),
    ("teeth", box(0, 5, 9, 6), [COMB], {0: 3.0}),
    ("between the teeth", box(3, 2, 5, 8), [COMB], {}),
    ("overlapping zones", box(2, 2, 4, 4), [box(0, 0, 10, 10), box(3, 0, 10, 10)], {0: 4.0, 1: 2.0}),
    ("the same zone twice", box(2, 2, 4, 4), [box(0, 0, 10, 10)] * 2, {0: 4.0, 1: 4.0}),
    ("half in a gap", box(8, 2, 12, 4), [box(0, 0, 10, 10), box(14, 0, 20, 10)], {0: 4.0}),
    (
        "diagonal over a line",
        wkt.loads("POLYGON ((0 0, 4 4, 0 8, -4 4, 0 0))"),
        [box(0, -9, 9, 9)],
        {0: 16.0},
    ),
    ("outside all", box(90, 90, 91, 91), [box(0, 0, 10, 10)], {}),
    ("a thousandth of a square metre", box(9.99, 2, 10.01, 2.1), [box(0, 0, 10, 10)], {0: 0.001}),
]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("origin", [(0.0, 0.0), UTM_51S, FAR_CORNER], ids=["origin", "utm", "far"])
@pytest.mark.parametrize(
    ("subject", "zones", "expected"), [row[1:] for row in ON_PAPER], ids=[row[0] for row in ON_PAPER]
)
def test_areas_drawn_on_paper(name, origin, subject, zones, expected):
    moved = objects(*(affinity.translate(zone, *origin) for zone in zones))
    shares = measure(name, objects(affinity.translate(subject, *origin)), moved)
    found = {zone: area for (_, zone), area in pairs(shares).items()}
    assert found == pytest.approx(expected, abs=1e-7)
    assert shares.subject_area_m2[0] == pytest.approx(subject.area, abs=1e-7)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    ("subject", "margin_m", "inside"),
    [
        (box(20, 20, 30, 30), 0.0, True),
        (box(20, 20, 30, 30), 19.9, True),
        (box(20, 20, 30, 30), 20.1, False),
        (box(0, 20, 30, 30), 0.0, False),
        (box(0.001, 20, 30, 30), 0.0, True),
        (box(60, 60, 61, 61), 0.0, False),
        (box(95, 20, 105, 30), 0.0, False),
        (box(140, 20, 150, 30), 0.0, True),
        (box(300, 300, 301, 301), 0.0, False),
    ],
    ids=["deep", "just", "too near", "touches", "a millimetre", "in two", "over a line", "next", "in none"],
)
def test_inside_is_whole_and_safe(name, subject, margin_m, inside):
    zones = objects(box(0, 0, 100, 100), box(100, 0, 200, 100), box(55, 55, 70, 70))
    assert measure(name, objects(subject), zones, margin_m=margin_m).inside.tolist() == [inside]


@pytest.mark.parametrize("name", KERNELS)
def test_an_edge_of_another_zone_spoils_inside(name):
    zones = objects(box(0, 0, 100, 100), box(30, 20, 40, 30))
    shares = measure(name, objects(box(20, 20, 30, 30), box(20, 20, 29, 30)), zones, margin_m=0.5)
    assert pairs(shares) == pytest.approx({(0, 0): 100.0, (1, 0): 90.0})
    assert shares.inside.tolist() == [False, True]


@pytest.mark.parametrize("name", KERNELS)
def test_near_zones_come_with_their_distance(name):
    zones = objects(box(0, 0, 100, 100), box(100, 0, 200, 100), box(0, 104, 100, 200), box(400, 0, 401, 1))
    shares = measure(name, objects(box(90, 90, 97, 100), box(20, 20, 30, 30)), zones, margin_m=5.0, near=True)
    near = zip(shares.near_subject.tolist(), shares.near_zone.tolist(), shares.near_m.tolist(), strict=True)
    assert list(near) == [(0, 1, pytest.approx(3.0)), (0, 2, pytest.approx(4.0))]
    assert shares.inside.tolist() == [False, True]


@pytest.mark.parametrize("name", KERNELS)
def test_nothing_in_nothing_out(name):
    no_zone = measure(name, objects(box(0, 0, 1, 1)), objects())
    assert no_zone.subject_area_m2.tolist() == [1.0]
    assert len(no_zone.subject) == 0
    assert not no_zone.inside.any()
    no_subject = measure(name, objects(), objects(box(0, 0, 1, 1)))
    assert len(no_subject.subject_area_m2) == len(no_subject.subject) == 0
    missing = measure(
        name, objects(None, wkt.loads("POLYGON EMPTY"), box(0, 0, 1, 1)), objects(None, box(-1, -1, 2, 2))
    )
    assert missing.subject_area_m2.tolist() == [0.0, 0.0, 1.0]
    assert pairs(missing) == {(2, 1): 1.0}
    assert missing.inside.tolist() == [False, False, True]


# --- random and nasty ------------------------------------------------------------------------------------------------


def lattice_polygon(random: np.random.Generator, side: int) -> shapely.Geometry:
    """A polygon on integer points: shared edges, touching corners, holes and parts come by themselves."""
    pieces = []
    for _ in range(random.integers(1, 5)):
        x, y = random.integers(0, side, 2)
        width, height = random.integers(1, max(side // 2, 2), 2)
        kind = random.integers(3)
        if kind == 0:
            pieces.append(box(x, y, x + width, y + height))
        elif kind == 1:
            pieces.append(shapely.Polygon([(x, y), (x + width, y), (x, y + height)]))
        else:
            pieces.append(
                shapely.Polygon(
                    [(x, y), (x + width, y + height), (x, y + 2 * height), (x - width, y + height)]
                )
            )
    return shapely.union_all(pieces)


def cells(random: np.random.Generator, side: int) -> list[shapely.Geometry]:
    """A partition of a square: faces of random lines, so neighbours meet at rounded points."""
    lines = [box(0, 0, side, side).exterior]
    for _ in range(6):
        start, end = random.uniform(-1, side + 1, (2, 2))
        lines.append(shapely.LineString([start + (start - end) * 9, end + (end - start) * 9]))
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(lines)]))
    return [face for face in faces if face.is_valid and face.area > 0]


def star(random: np.random.Generator, side: int) -> shapely.Geometry:
    """A concave outline of many vertices around a point."""
    count = int(random.integers(5, 60))
    angle = np.sort(random.uniform(0, 2 * np.pi, count))
    reach = random.uniform(0.05, 0.7, count) * side
    centre = random.uniform(0, side, 2)
    shape = shapely.Polygon(centre + np.column_stack((np.cos(angle), np.sin(angle))) * reach[:, None])
    return shape if shape.is_valid else shape.convex_hull


def scene(seed: int, scale: float, origin: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Subjects and zones that overlap, touch, coincide and leave gaps."""
    random, side = np.random.default_rng(seed), 8
    zones = [lattice_polygon(random, side) for _ in range(4)] + cells(random, side) + [star(random, side)]
    subjects = [lattice_polygon(random, side) for _ in range(4)] + [star(random, side) for _ in range(3)]
    subjects += [*cells(random, side)[:4], zones[0], zones[-2]]
    x, y = random.uniform(0, side - 1e-3, 2)
    subjects += [box(x, y, x + 1e-2, y + 2e-2), box(x, -1, x + 2e-3, side + 1), zones[-1].buffer(-0.1)]

    def place(geometry: list[shapely.Geometry]) -> np.ndarray:
        moved = [
            affinity.translate(affinity.scale(one, scale, scale, origin=(0, 0)), *origin) for one in geometry
        ]
        valid = [
            shapely.reverse(one) if random.random() < 0.5 else one
            for one in moved
            if one.is_valid and one.area > 1e-5
        ]
        return objects(*valid)

    return place(subjects), place(zones)


SCENES = given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.3, 7.0, 180.0]),
    origin=st.sampled_from([(0.0, 0.0), UTM_51S, FAR_CORNER]),
)
RANDOM = settings(
    derandomize=True, max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def assert_alike(name: str, subjects: np.ndarray, zones: np.ndarray, margin_m: float) -> None:
    """Compare with the reference: areas pair by pair, keys up to noise, `inside` and neighbours up to rounding."""
    truth = measure("reference", subjects, zones, margin_m=margin_m, near=True)
    shares = measure(name, subjects, zones, margin_m=margin_m, near=True)
    expected, found = pairs(truth), pairs(shares)
    for key in expected.keys() | found.keys():
        assert abs(expected.get(key, 0.0) - found.get(key, 0.0)) <= 3e-6, key
    np.testing.assert_allclose(shares.subject_area_m2, truth.subject_area_m2, atol=1e-6, rtol=1e-9)
    for row in np.flatnonzero(shares.inside != truth.inside):
        reach = min(shapely.distance(subjects[row], zone.boundary) for zone in zones)
        assert abs(reach - margin_m) < 1e-5, "only a tie may be told either way"
    near = dict(
        zip(
            zip(truth.near_subject.tolist(), truth.near_zone.tolist(), strict=True), truth.near_m, strict=True
        )
    )
    got = dict(
        zip(
            zip(shares.near_subject.tolist(), shares.near_zone.tolist(), strict=True),
            shares.near_m,
            strict=True,
        )
    )
    for key in near.keys() | got.keys():
        if key in expected or key in found:
            continue
        assert near.get(key, margin_m) == pytest.approx(got.get(key, margin_m), abs=1e-6), key


@pytest.mark.parametrize("name", OTHERS)
@SCENES
@RANDOM
def test_kernels_agree_with_the_reference(name, seed, scale, origin):
    subjects, zones = scene(seed, scale, origin)
    assert_alike(name, subjects, zones, margin_m=scale * 0.37)


@pytest.mark.parametrize("name", KERNELS)
@SCENES
@settings(derandomize=True, max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_partition_adds_up_to_the_subject(name, seed, scale, origin):
    random = np.random.default_rng(seed)
    side = 8
    parts = [
        affinity.translate(affinity.scale(one, scale, scale, origin=(0, 0)), *origin)
        for one in cells(random, side)
    ]
    low, size = random.uniform(0, side - 3, 2) * scale, random.uniform(0.5, 3, 2) * scale
    subject = affinity.translate(box(*low, *(low + size)), *origin)
    shares = measure(name, objects(subject), objects(*parts))
    assert shares.area_m2.sum() == pytest.approx(float(size[0] * size[1]), abs=5e-6 + 1e-7 * scale**2)


@pytest.mark.parametrize("name", OTHERS)
def test_a_large_subject_with_a_long_outline(name):
    """More edges than a run, more cells than a look-up may read."""
    angle = np.linspace(0, 2 * np.pi, 901)[:-1]
    wave = 3000 + 400 * np.sin(17 * angle)
    outline = np.column_stack((np.cos(angle), np.sin(angle))) * wave[:, None] + UTM_51S
    zones = [box(x, y, x + 500, y + 700) for x in range(-4000, 4000, 500) for y in range(-4200, 4200, 700)]
    zones = [affinity.translate(zone, *UTM_51S) for zone in zones] + [shapely.Polygon(outline[::3])]
    subjects = objects(
        shapely.Polygon(outline), shapely.Polygon(outline).buffer(-900), box(*UTM_51S, *np.add(UTM_51S, 9))
    )
    truth = measure("reference", subjects, objects(*zones))
    found = measure(name, subjects, objects(*zones))
    assert pairs(found) == pytest.approx(pairs(truth), abs=2e-5)
    assert found.inside.tolist() == truth.inside.tolist()


# --- independence of how it is run -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town() -> tuple[np.ndarray, np.ndarray]:
    """Small zones that overlap here and there, and many parcels."""
    random = np.random.default_rng(5)
    zones = [box(x, y, x + 60, y + 60) for x in range(0, 600, 60) for y in range(0, 600, 60)]
    zones += [star(random, 60) for _ in range(5)]
    corner, size = random.uniform(-20, 600, (40_000, 2)), random.uniform(3, 25, (40_000, 2))
    shape = np.array([(0, 0), (1, 0.1), (1.1, 0.9), (0, 1), (0, 0)])
    return shapely.polygons(corner[:, None] + shape[None] * size[:, None]), objects(*zones)


@pytest.mark.parametrize("name", OTHERS)
def test_threads_and_blocks_change_no_bit(name, town):
    subjects, zones = town
    whole = load(name).prepare(zones, margin_m=1.0, near=True, threads=1).shares(subjects)
    same_bits(whole, load(name).prepare(zones, margin_m=1.0, near=True, threads=3).shares(subjects))
    prepared = load(name).prepare(zones, margin_m=1.0, near=True, threads=2)
    parts = [(low, prepared.shares(subjects[low : low + 7777])) for low in range(0, len(subjects), 7777)]
    joined = Shares(*(
        np.concatenate([
            getattr(part, field.name) + (low if field.name in ("subject", "near_subject") else 0)
            if field.name != "inside" else part.inside
            for low, part in parts
        ])
        for field in fields(Shares)
    ))  # fmt: skip
    same_bits(whole, joined)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_blocks_at_once_are_blocks_one_by_one(name, threads, town):
    subjects, zones = town[0][:600], town[1]
    prepared = load(name).prepare(zones, margin_m=1.0, near=True, threads=threads)
    blocks = [subjects[:10], subjects[10:10], subjects[10:450], WkbBlock.from_shapely(subjects[450:])]
    together = list(prepared.each(iter(blocks)))
    assert len(together) == len(blocks)
    for block, shares in zip(blocks, together, strict=True):
        same_bits(prepared.shares(block), shares)
    assert list(prepared.each([])) == []


@pytest.mark.parametrize("name", KERNELS)
def test_a_bad_block_is_refused_in_its_turn_and_no_more_are_asked_for(name):
    asked = []

    def blocks():
        for number in range(50):
            asked.append(number)
            yield objects(shapely.Point(0, 0) if number == 2 else box(0, 0, 1, 1))

    answers = load(name).prepare(objects(box(0, 0, 9, 9)), threads=2).each(blocks())
    assert [pairs(next(answers)) for _ in range(2)] == [{(0, 0): 1.0}] * 2
    with pytest.raises(InputError, match="rows 0"):
        next(answers)
    assert len(asked) <= 5


@pytest.mark.parametrize("name", OTHERS)
def test_a_shuffled_block_gives_shuffled_rows(name, town):
    subjects, zones = town[0][:5000], town[1]
    order = np.random.default_rng(1).permutation(len(subjects))
    straight, shuffled = measure(name, subjects, zones), measure(name, subjects[order], zones)
    assert pairs(straight) == {(int(order[row]), zone): area for (row, zone), area in pairs(shuffled).items()}
    np.testing.assert_array_equal(straight.inside[order], shuffled.inside)


@needs_numba
def test_the_extent_changes_no_bit(town):
    subjects, zones = town[0][:8000], town[1]
    whole = measure("grid", subjects, zones, margin_m=1.0, near=True)
    part = measure("grid", subjects, zones, margin_m=1.0, near=True, extent=(200.0, 210.0, 333.0, 340.0))
    same_bits(whole, part)


# --- input -----------------------------------------------------------------------------------------------------------


def spoiled(value: float) -> shapely.Geometry:
    """A square whose third corner has `value` for y."""
    points = np.array([(0, 0), (1, 0), (1, value), (0, 1), (0, 0)])
    with np.errstate(invalid="ignore"):
        return shapely.polygons(points)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    "geometry",
    [
        spoiled(np.nan),
        spoiled(np.inf),
        shapely.Point(0.5, 0.5),
        wkt.loads("LINESTRING (0 0, 1 1)"),
        wkt.loads("GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 0)), POINT (0 0))"),
    ],
    ids=["nan", "inf", "point", "line", "collection"],
)
def test_what_has_no_area_is_refused(name, geometry):
    good = box(0, 0, 9, 9)
    for rows in (objects(good, geometry), WkbBlock.from_wkb([good.wkb, geometry.wkb])):
        with pytest.raises(InputError, match="rows 1"):
            load(name).prepare(objects(good)).shares(rows)
        with pytest.raises(InputError, match="rows 1"):
            load(name).prepare(rows)


@pytest.mark.parametrize("name", KERNELS)
def test_every_spelling_of_wkb_is_read(name):
    square = box(1, 1, 3, 3)
    solid = shapely.force_3d(square, 7.0)
    spelled = [
        square.wkb,
        shapely.to_wkb(square, byte_order=0),
        shapely.to_wkb(shapely.set_srid(square, 32751), include_srid=True),
        shapely.to_wkb(solid, output_dimension=3, flavor="iso"),
        shapely.to_wkb(solid, output_dimension=3, flavor="extended"),
        shapely.MultiPolygon([square]).wkb,
        shapely.to_wkb(shapely.MultiPolygon([square]), byte_order=0),
        None,
    ]
    shares = measure(
        name,
        WkbBlock.from_wkb(spelled),
        WkbBlock.from_wkb([None, shapely.to_wkb(box(0, 0, 9, 9), byte_order=0)]),
    )
    assert pairs(shares) == {(row, 1): 4.0 for row in range(7)}
    assert shares.inside.tolist() == [True] * 7 + [False]


@pytest.mark.parametrize("name", KERNELS)
def test_broken_bytes_are_refused(name):
    prepared = load(name).prepare(objects(box(0, 0, 9, 9)))
    whole = HOLED.wkb
    for cut in (1, 4, 8, 12, 40, len(whole) - 1):
        with pytest.raises(InputError):
            prepared.shares(WkbBlock.from_wkb([whole[:cut]]))
    unclosed = bytearray(box(0, 0, 1, 1).wkb)
    unclosed[-8:] = np.float64(0.5).tobytes()
    huge = bytearray(whole)
    huge[5:9] = b"\xff\xff\xff\x7f"
    for broken in (unclosed, huge, b"\x01\x06\x00\x00\x00\xff\xff\xff\xff"):
        with pytest.raises(InputError):
            prepared.shares(WkbBlock.from_wkb([bytes(broken)]))


def test_arrow_arrays_are_read_where_they_lie():
    arrow = pytest.importorskip("pyarrow")
    rows = [box(i, i, i + 1, i + 2).wkb for i in range(9)]
    rows[4] = None
    for kind in (arrow.binary(), arrow.large_binary()):
        array = arrow.array(rows, kind)
        assert [None if one is None else one.wkb for one in WkbBlock.from_arrow(array).to_shapely()] == rows
        assert [one.wkb for one in WkbBlock.from_arrow(array[5:8]).to_shapely()] == rows[5:8]
        assert len(WkbBlock.from_arrow(array[:0])) == 0
        shares = measure("geos", WkbBlock.from_arrow(array[2:7]), objects(box(-1, -1, 99, 99)))
        assert shares.subject_area_m2.tolist() == [2.0, 2.0, 0.0, 2.0, 2.0]
    with pytest.raises(InputError, match="not WKB"):
        WkbBlock.from_arrow(arrow.array(["POINT (0 0)"]))


@needs_numba
@given(seed=st.integers(0, 2**32 - 1))
@settings(derandomize=True, max_examples=50, deadline=None)
def test_validity_is_geos_validity(seed):
    random = np.random.default_rng(seed)
    rings = random.integers(0, 4, (200, int(random.integers(3, 7)), 2)).astype(float)
    subjects = shapely.polygons(np.concatenate((rings, rings[:, :1]), axis=1) + UTM_51S)
    subjects[0], subjects[1] = None, shapely.Point(0, 0)
    expected = shapely.is_valid(subjects) & np.isin(shapely.get_type_id(subjects), (3, 6))
    assert load("grid").valid(subjects).tolist() == expected.tolist()
    assert load("geos").valid(subjects).tolist() == expected.tolist()


def test_without_numba_the_geos_kernel_is_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "kkpr_check.kernels.compiled", raising=False)
    assert load("auto").name == "geos"
    with pytest.raises(UsageError, match="numba"):
        load("grid")


@needs_numba
def test_a_read_only_installation_compiles_elsewhere(monkeypatch, tmp_path):
    from kkpr_check.kernels import grid

    own = str(Path(grid.__file__).parent)
    real = grid.os.access
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(
        grid.os, "access", lambda path, mode: not str(path).startswith(own) and real(path, mode)
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert grid._cache_folder() == str(tmp_path / "kkpr-check" / "numba")
    (tmp_path / "kkpr-check" / "numba").chmod(0o777)
    monkeypatch.setattr(grid.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    assert grid._cache_folder().startswith(str(tmp_path / "tmp")), (
        "a folder others can write to is not trusted"
    )


def test_importing_the_kernels_imports_no_heavy_library():
    code = "import sys, kkpr_check.kernels; print(sorted({'numba','pandas','pyarrow','pyogrio'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_the_benchmark_coverage_is_valid_and_always_the_same(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    import generate

    ground = generate.coverage(300, seed=4)
    assert shapely.is_valid(ground.geometry).all()
    assert shapely.coverage_is_valid(ground.geometry)
    whole = shapely.coverage_union_all(ground.geometry)
    assert shapely.get_num_geometries(whole) == 1
    assert len(shapely.get_parts(whole)[0].interiors) == 0, "no gap"
    sites = generate.parcels(ground, 2000)
    assert shapely.is_valid(sites).all()
    assert shapely.covered_by(sites, whole).mean() > 0.95
    crossing = np.bincount(shapely.STRtree(ground.geometry).query(sites, predicate="intersects")[0])
    assert 0.08 < (crossing > 1).mean() < 0.12
    again = generate.coverage(300, seed=4)
    assert (shapely.to_wkb(again.geometry) == shapely.to_wkb(ground.geometry)).all()
    assert (shapely.to_wkb(generate.parcels(again, 2000)) == shapely.to_wkb(sites)).all()
