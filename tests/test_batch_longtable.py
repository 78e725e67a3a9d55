"""`--findings`: the rows of parcels that are judged by class are the engine's, row for row and field for field."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from batch_harness import PLANS, batch, some, table, write_geojsonl
from shapely import affinity
from test_batch_classes import parcels, plan_of, without_buildings

from kkpr_check.batch import blockwork, longtable
from kkpr_check.batch.plans import LayerLines
from kkpr_check.frontage import Network
from kkpr_check.plan import Tolerance

SOAK = bool(os.environ.get("KKPR_SOAK"))
SEEDS = range(40 if SOAK else 4)
DEPTHS = ("flip_distance_m", "measured", "margin")
"""Columns that may hold a depth (LOK004 tells the nearest again)."""


def long_tables(
    file: Path, plans: Sequence[str], monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the long table as a batch makes it, and with every parcel judged by the engine."""
    setup, made = blockwork.WorkSetup, []
    for by_class in (True, False):
        long = file.with_suffix(f".{by_class}.csv")
        given = {"plans": tuple(plans), "overwrite": True, "findings": str(long)} | options
        with monkeypatch.context() as patch:
            patch.setattr(blockwork, "WorkSetup", lambda *a, fast=by_class: setup(*a, by_class=fast))
            batch(file, file.with_suffix(".o.csv"), **given)
        made.append(table(long))
    return made[0], made[1]


def same(fast: list[dict[str, str]], exact: list[dict[str, str]]) -> None:
    """Every row and field is equal; a depth may differ by the grid on which the engine dissolves a window."""
    for one, other in zip(fast, exact, strict=True):
        near = [name for name in DEPTHS if one[name] != other[name]]
        for name in near:
            assert one["rule"][:3] in ("KGT", "KHS", "LOK"), (one, other)
            assert float(one[name]) == pytest.approx(float(other[name]), abs=2e-4), (one, other)
        assert {k: v for k, v in one.items() if k not in near} == {
            k: v for k, v in other.items() if k not in near
        }


@pytest.mark.parametrize("plans", [PLANS[:1], PLANS, PLANS[1:]], ids=["rdtr", "rdtr+rtrw", "rtrw"])
def test_the_sample_town(
    tmp_path: Path, plans: tuple[str, ...], alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = tuple(without_buildings(Path(plan), tmp_path) for plan in plans)
    rows, shapes = some(1951 if SOAK else 100)
    kept = ("id", "kbli", "height_m", "floors", "legal_area_m2", "road_class", "business_scale")
    rows = [{name: row[name] for name in kept} for row in rows]
    file = write_geojsonl(tmp_path / "p.geojson", rows, shapes)
    same(*long_tables(file, plans, monkeypatch))
    *first, last = alone
    assert last == len(rows) > sum(first)


def test_buildings_that_leave_enough_open_ground(
    tmp_path: Path, alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, shapes = some(1951 if SOAK else 80)
    rows = [{"id": row["id"], "kbli": row["kbli"]} for row in rows]
    file = write_geojsonl(tmp_path / "p.geojson", rows, shapes)
    random = np.random.default_rng(3)
    built = [shapely.buffer(shape.centroid, random.uniform(2, 14)) for shape in shapes]
    spread = write_geojsonl(tmp_path / "built.geojson", [{} for _ in built], built)
    same(*long_tables(file, PLANS[:1], monkeypatch, existing=str(spread), message="none"))
    *first, last = alone
    assert last == len(rows) > sum(first) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_plans_with_gaps_overlaps_and_slivers(
    tmp_path: Path, seed: int, alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(100 + seed)
    plans = [str(plan_of(tmp_path / "rdtr", random))]
    if seed % 2:
        plans.append(str(plan_of(tmp_path / "rtrw", random, level="rtrw-kab", scale="25000")))
    if seed % 4 == 3:
        plans.append(str(plan_of(tmp_path / "draft", random, status="draft")))
    count = 240
    file = write_geojsonl(tmp_path / "p.geojson", *parcels(random, count))
    message = "full" if seed % 4 == 2 else "none"
    same(*long_tables(file, plans, monkeypatch, include_draft=seed % 8 == 3, message=message))
    *first, last = alone
    assert last == count > max(first)


def unequal(plan: Path) -> Path:
    """Give the sub-zones of a plan shares of open ground and basement of their own, and limits by the road in front."""
    lines = (plan / "intensity.csv").read_text("utf-8").splitlines()
    names = lines[0].split(",")
    at = {name: names.index(name) for name in ("kdh_min_pct", "ktb_max_pct", "gsb_min_m", "lot_min_m2")}
    for n, line in enumerate(lines[1:], 1):
        cells = line.split(",")
        cells[at["kdh_min_pct"]] = str(10 + 7 * (n % 9))
        cells[at["ktb_max_pct"]] = str(90 - 8 * (n % 9))
        cells[at["gsb_min_m"]] = ("0.5*rumija+1", "4", "", "0.5*rumija")[n % 4]
        cells[at["lot_min_m2"]] = ("60.00005", "", "120")[n % 3]
        lines[n] = ",".join(cells)
    (plan / "intensity.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return plan


@pytest.mark.parametrize("seed", range(20 if SOAK else 2))
def test_limits_that_hang_on_areas_and_roads(
    tmp_path: Path, seed: int, alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(500 + seed)
    plan = unequal(plan_of(tmp_path / "rdtr", random))
    rows, shapes = parcels(random, 400)
    file = write_geojsonl(tmp_path / "p.geojson", [row | {"floor_area_m2": None} for row in rows], shapes)
    fast, exact = long_tables(file, [str(plan)], monkeypatch, message="none")
    same(fast, exact)
    assert {"0.5*rumija", "0.5*rumija+1"} & {row["limit"] for row in fast}
    shares = {row["limit"] for row in fast if row["rule"] == "INT003" and row["zone"] == ""}
    assert len(shares) > 10  # of parcels in several sub-zones
    *first, last = alone
    assert last == 400 > sum(first)


@pytest.mark.parametrize(
    "spoil",
    [
        ("_holding_hits", lambda hits: hits._replace(subject=hits.subject[:0], key=hits.key[:0])),
        ("_holding_hits", lambda hits: hits._replace(keys=[k._replace(outcome=4) for k in hits.keys])),
        ("_strip_hits", lambda hits: hits._replace(numbers={n: v + 1 for n, v in hits.numbers.items()})),
    ],
    ids=["row missing", "other outcome", "other number"],
)
def test_what_the_facts_foretell_wrongly_is_left_to_the_engine(
    tmp_path: Path, alone: list[int], monkeypatch: pytest.MonkeyPatch, spoil: tuple[str, Any]
) -> None:
    random = np.random.default_rng(12)
    plan = str(plan_of(tmp_path / "rdtr", random))
    file = write_geojsonl(tmp_path / "p.geojson", *parcels(random, 120))
    same(*long_tables(file, [plan], monkeypatch, message="none"))
    name, change = spoil
    foretold = getattr(longtable.LongTable, name)
    monkeypatch.setattr(longtable.LongTable, name, lambda *a: change(foretold(*a)))
    same(*long_tables(file, [plan], monkeypatch, message="none"))
    fitting, _, spoiled, _ = alone
    assert fitting < spoiled


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_bytes_do_not_depend_on_blocks_or_workers(tmp_path: Path, suffix: str) -> None:
    random = np.random.default_rng(7)
    plan = str(plan_of(tmp_path / "rdtr", random))
    file = write_geojsonl(tmp_path / "p.geojson", *parcels(random, 160))
    made = []
    for n, (workers, block_rows) in enumerate([(1, 1000), (1, 23), (2, 57)]):
        long = tmp_path / f"{n}.{suffix}"
        batch(
            file,
            tmp_path / f"{n}-o.csv",
            plans=(plan,),
            workers=workers,
            block_rows=block_rows,
            findings=str(long),
        )
        made.append(long.read_bytes())
    assert made[0] == made[1] == made[2]


def test_the_wide_table_is_the_same_with_and_without(tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    plan = str(plan_of(tmp_path / "rdtr", random))
    file = write_geojsonl(tmp_path / "p.geojson", *parcels(random, 120))
    batch(file, tmp_path / "a.csv", plans=(plan,))
    batch(file, tmp_path / "b.csv", plans=(plan,), findings=str(tmp_path / "long.csv"))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_depths_in_drawn_roads_are_the_same_however_they_are_measured() -> None:
    pytest.importorskip("numba")
    random = np.random.default_rng(4)
    road = shapely.buffer(shapely.LineString(random.uniform(0, 200, (5, 2))), 7, quad_segs=4)
    slow = Network.of([], [], known=True)
    fast = replace(slow, measure=LayerLines(np.array([road], dtype=object), Tolerance()))
    checked = 0
    for x, y in random.uniform(0, 200, (150, 2)):
        building = affinity.rotate(shapely.box(x, y, x + 12, y + 7), random.uniform(0, 90))
        inside = shapely.intersection(building, road)
        if inside.area > 0:
            checked += 1
            for area in (road, building):
                assert fast.depth_m(inside, area) == pytest.approx(slow.depth_m(inside, area), abs=1.5e-4)
    assert checked > 20
