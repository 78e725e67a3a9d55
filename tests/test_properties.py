"""What must not change a verdict: where the site lies, how its rings are drawn, in which order things come, the CRS.

That building more, a stricter table and a deletion never improve is in test_monotone.py and test_deletion.py.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import shapely
from builders import write
from engine_builder import Built, build, run
from hypothesis import given, settings
from hypothesis import strategies as st
from overlay_corpus import pairs
from shapely import Polygon, box
from test_monotone import cases

from kkpr_check.api import Plan, check_many
from kkpr_check.features import Features, PlanWindow
from kkpr_check.kernels.reference import intersection_area_m2
from kkpr_check.kernels.slabs import slab_areas
from kkpr_check.model import Report

SETTINGS = settings(max_examples=40, deadline=None)
SAMPLE = Path(__file__).resolve().parents[1] / "data"


def judged(told: Report) -> tuple[Any, ...]:
    """Return what a reader would call the outcome."""
    found = {(f.rule, f.outcome.word, f.zone, f.plan, f.subject) for f in told.findings}
    area_m2 = None if told.approvable is None else round(told.approvable.area_m2, 2)
    return told.verdict.value, found, area_m2


def redrawn(built: Built, change: Callable[[Any], Any]) -> Built:
    """Change every geometry of the site and of the plans."""

    def of(features: Features) -> Features:
        geometry = np.empty(len(features), dtype=object)
        geometry[:] = [change(g) for g in features.geometry]
        return replace(features, geometry=geometry)

    def maybe(geometry: Any) -> Any:
        return None if geometry is None else change(geometry)

    site = replace(
        built.site,
        parcel=maybe(built.site.parcel),
        footprint=maybe(built.site.footprint),
        existing=maybe(built.site.existing),
    )
    windows = [
        PlanWindow(w.plan, of(w.zoning), {k: of(v) for k, v in w.layers.items()}) for w in built.windows
    ]
    return replace(built, site=site, windows=tuple(windows))


def rolled(geometry: Any, steps: int, *, back: bool) -> Any:
    """Begin the rings of a polygon elsewhere, and draw them the other way round."""
    if geometry.geom_type != "Polygon":
        return shapely.reverse(geometry) if back else geometry

    def ring(line: Any) -> Any:
        points = np.roll(shapely.get_coordinates(line)[:-1], steps, axis=0)
        return points[::-1] if back else points

    return Polygon(ring(geometry.exterior), [ring(hole) for hole in geometry.interiors])


# --- how and where it is drawn -------------------------------------------------------------------------------------


@SETTINGS
@given(cases(), st.integers(100_000, 900_000), st.integers(0, 10_000_000))
def test_moving_everything_by_whole_metres_changes_nothing(
    case: dict[str, Any], east: int, north: int
) -> None:
    built = build(case)
    moved = redrawn(built, lambda g: shapely.transform(g, lambda xy: np.add(xy, (east, north))))
    assert judged(moved.report()) == judged(built.report())


@SETTINGS
@given(cases(), st.integers(0, 5), st.booleans())
def test_ring_direction_and_start_vertex_change_nothing(case: dict[str, Any], steps: int, back: bool) -> None:
    built = build(case)
    assert judged(redrawn(built, lambda g: rolled(g, steps, back=back)).report()) == judged(built.report())


@SETTINGS
@given(cases(), st.floats(0.5, 7))
def test_more_vertices_on_the_same_lines_change_nothing(case: dict[str, Any], step_m: float) -> None:
    built = build(case)
    assert judged(redrawn(built, lambda g: shapely.segmentize(g, step_m)).report()) == judged(built.report())


@SETTINGS
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_features_and_of_plans_changes_nothing(case: dict[str, Any], random: Any) -> None:
    built = build(case)

    def shuffled(features: Features) -> Features:
        order = list(range(len(features)))
        random.shuffle(order)
        return features.take(np.array(order, dtype=np.int64))

    windows = [
        PlanWindow(w.plan, shuffled(w.zoning), {k: shuffled(v) for k, v in w.layers.items()})
        for w in built.windows
    ]
    random.shuffle(windows)
    assert judged(replace(built, windows=tuple(windows)).report()) == judged(built.report())


@SETTINGS
@given(cases(), st.lists(st.tuples(st.integers(-60, 60), st.integers(-60, 60)), min_size=2, max_size=6))
def test_a_block_is_judged_as_each_of_its_sites_alone(
    case: dict[str, Any], places: list[tuple[int, int]]
) -> None:
    built = build(case)
    sites = [
        replace(
            redrawn(built, lambda g, to=to: shapely.transform(g, lambda xy: np.add(xy, to))).site, id=str(i)
        )
        for i, to in enumerate(places)
    ]
    together = run(sites, built.windows, built.options)
    for site, told in zip(sites, together, strict=True):
        (alone,) = run([site], built.windows, built.options)
        assert judged(told) == judged(alone)


def test_the_crs_of_the_site_file_changes_nothing(tmp_path: Path) -> None:
    import pyogrio

    _, _, wkb, columns = pyogrio.raw.read(SAMPLE / "parcels.gpkg")
    meta = pyogrio.read_info(SAMPLE / "parcels.gpkg")
    names = list(meta["fields"])
    rows = sorted(Random(7).sample(range(len(wkb)), 40))
    lots = shapely.from_wkb(wkb[rows])
    fields = {
        name: [str(v) for v in columns[names.index(name)][rows]] for name in ("id", "kbli", "road_class")
    }
    told = []
    from kkpr_check.io.crs import transform

    for crs in ("EPSG:4326", "EPSG:32751", "EPSG:32750", "EPSG:3857"):
        path = write(
            tmp_path / f"{crs[5:]}.gpkg", transform(lots, meta["crs"], crs), fields, driver="GPKG", crs=crs
        )
        plans = [Plan.open(SAMPLE / name) for name in ("sample", "sample-rtrw")]
        told.append(check_many(None, plans, parcel=path, as_of=dt.date(2026, 11, 24)))
    for other in told[1:]:
        for a, b in zip(told[0], other, strict=True):
            assert (a.site.id, a.verdict) == (b.site.id, b.verdict)
            assert {(f.rule, f.outcome, f.zone) for f in a.findings} == {
                (f.rule, f.outcome, f.zone) for f in b.findings
            }
            for one, two in zip(a.ledger, b.ledger, strict=True):
                assert one.area_m2 == pytest.approx(two.area_m2, abs=0.01)


# --- situations in which overlay operations have failed before -----------------------------------------------------

P = box(0, 0, 20, 20)


def fan(count: int) -> list[Any]:
    """Return slivers that all meet in one point of the parcel."""
    at = np.linspace(0.0, 2 * np.pi, count + 1)
    rim = np.column_stack([7 + 60 * np.cos(at), 9 + 60 * np.sin(at)])
    return [Polygon([(7, 9), rim[i], rim[i + 1]]) for i in range(count)]


def split(line: list[tuple[float, float]], gap: float = 0.0) -> list[Any]:
    """Return what lies left and right of a line from south to north, optionally drawn apart by `gap`."""
    west = Polygon([(-50, -50), *line, (-50, 60)])
    east = Polygon([(70, -50), *[(x + gap, y) for x, y in line], (70, 60)])
    return [west, east]


ZIGZAG = [(10, -50), (10, 3.1), (10.7, 5.3), (9.4, 7.7), (10, 11.9), (10, 60)]
BOW_TIE = shapely.make_valid(Polygon([(0, 0), (20, 20), (20, 0), (0, 20)]), method="structure")
SPIKE = shapely.make_valid(
    Polygon([(0, 0), (20, 0), (20, 10), (45, 10), (20, 10), (20, 20), (0, 20)]), method="structure"
)
GORE = Polygon([(0, 0), (20, 0), (20, 9.9999), (3, 10), (20, 10.0001), (20, 20), (0, 20)])
HOLE = box(6, 6, 14, 14)
RING = box(-50, -50, 70, 70).difference(HOLE)
NESTED = [
    RING,
    HOLE.difference(box(8, 8, 12, 12)),
    box(8, 8, 12, 12).difference(box(9, 9, 10, 10)),
    box(9, 9, 10, 10),
]
CHECKERED = shapely.MultiPolygon([box(0, 0, 10, 10), box(10, 10, 20, 20)])
RIM = [(-50, -50), (70, -50), (70, 60), (-50, 60), (-50, 5), (-50, -50)]
SITUATIONS: dict[str, tuple[Any, list[Any]]] = {
    "touching at a point": (P, [box(20, 20, 60, 60), box(-50, -50, 0, 0)]),
    "touching along an edge from outside": (P, [box(20, -50, 60, 60), box(-50, -50, 20, 60)]),
    "shared edge inside": (P, split([(10, -50), (10, 60)])),
    "shared zigzag": (P, split(ZIGZAG)),
    "zigzag with one side densified": (P, [split(ZIGZAG)[0], shapely.segmentize(split(ZIGZAG)[1], 0.37)]),
    "collinear overlap": (P, [box(-50, -50, 12, 60), box(8, -50, 70, 60)]),
    "collinear overlap of the parcel's own edge": (P, [box(0, -50, 20, 20), box(0, 20, 20, 60)]),
    "zone equal to the parcel": (P, [P, box(-50, -50, 70, 60).difference(P)]),
    "hole exactly filled": (P, [RING, HOLE]),
    "hole not filled": (P, [RING]),
    "hole touching its shell": (P, [Polygon([(-50, -50), (70, -50), (70, 60), (-50, 60)], [[(-50, 9), (9, 12), (9, 6)]])]),
    "nested holes": (P, NESTED),
    "bow-tie parcel repaired": (BOW_TIE, split(ZIGZAG)),
    "bow-tie zone repaired": (P, [BOW_TIE, box(-50, -50, 70, 60).difference(BOW_TIE)]),
    "spike repaired": (SPIKE, split(ZIGZAG)),
    "gore": (GORE, split(ZIGZAG)),
    "gore as zone": (P, [GORE, box(-50, -50, 70, 60).difference(GORE)]),
    "edges 1e-9 apart": (P, split(ZIGZAG, 1e-9)),
    "edges 1e-9 across": (P, split(ZIGZAG, -1e-9)),
    "edges 1e-4 apart": (P, split(ZIGZAG, 1e-4)),
    "edges that nearly are the parcel's": (P, split([(1e-9, -50), (-1e-9, 10), (1e-9, 60)])),
    "sliver fan": (P, fan(24)),
    "fine sliver fan": (P, fan(720)),
    "thin strips": (P, [box(x, -50, x + 0.01, 60) for x in np.arange(0, 20, 0.01)]),
    "parts touching at a corner": (P, [CHECKERED, box(0, 0, 20, 20).difference(CHECKERED)]),
    "parcel of parts touching at a corner": (CHECKERED, split(ZIGZAG)),
    "same zone twice": (P, [*split(ZIGZAG), split(ZIGZAG)[0]]),
    "crossing at a tiny angle": (
        P, [Polygon([(-50, -50), (70, -50), (70, 10.000001), (-50, 9.999999)]), box(-50, 10, 70, 60)],
    ),
    "fan with T-junctions": (P, [Polygon([a, b, (10, 10)]) for a, b in pairwise(RIM)]),
}  # fmt: skip
CORPUS = pairs()
SITUATIONS |= CORPUS
CODES = ("R-3", "K-1", "RTH-2", "Z-0")
PLACES = {
    "at 0, 0": (0.0, 0.0),
    "in UTM": (662_000.3, 8_955_000.7),
    "far off": (9_999_983.123, 19_999_991.77),
}


WAYS = [(place, turn) for place in PLACES for turn in (0.0, 31.7)]
"""How a situation is put; without KKPR_SOAK each of the corpus in one of the six, in turn."""


def put_as(name: str) -> list[tuple[str, float]]:
    number = list(SITUATIONS).index(name)
    return WAYS if os.environ.get("KKPR_SOAK") or name not in CORPUS else [WAYS[number % len(WAYS)]]


@pytest.mark.parametrize(
    ("name", "place", "turn_deg"), [(name, *way) for name in SITUATIONS for way in put_as(name)]
)
def test_the_ledger_closes_in_hard_situations(name: str, turn_deg: float, place: str) -> None:
    parcel, zones = SITUATIONS[name]

    def put(geometry: Any) -> Any:
        turned = shapely.affinity.rotate(geometry, turn_deg, origin=(10, 10)) if turn_deg else geometry
        return shapely.affinity.translate(turned, *PLACES[place])

    case = {
        "parcel": put(parcel).wkt,
        "footprint": False,
        "zones": [{"subzone": CODES[i % 4], "area": put(zone).wkt} for i, zone in enumerate(zones)],
        "layers": [],
    }
    built = build(case)
    told = built.report()
    (ledger,) = told.ledger
    counted = sum(z.area_m2 for z in ledger.zones) + ledger.dropped_m2 + ledger.gap_m2 - ledger.overlap_m2
    closes = abs(counted - ledger.area_m2) <= 1e-6 * ledger.area_m2
    assert closes or told.verdict.value == "undetermined"

    codes = built.windows[0].zoning.meaning["subzone"]
    found = {z.subzone: z.area_m2 for z in ledger.zones}
    noise_m2 = 0.002 + ledger.dropped_m2
    for code in set(codes):
        union = shapely.union_all(built.windows[0].zoning.geometry[codes == code])
        slow_m2 = intersection_area_m2(built.site.parcel, union)
        if name in CORPUS and len(shapely.get_coordinates(union)) < 400:
            (slabs_m2,) = slab_areas(built.site.parcel, [[union]]).groups_m2
            assert slabs_m2 == pytest.approx(slow_m2, abs=2e-3), code
        assert found.get(code, 0.0) == pytest.approx(slow_m2, abs=noise_m2), code
