"""Parcels that are alike are judged once: every row is the row that the engine gives that parcel by itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from batch_harness import DATA, PLANS, batch, some, table, write_geojsonl

from kkpr_check.batch import blockwork, classes

SOAK = bool(os.environ.get("KKPR_SOAK"))
SEEDS = range(40 if SOAK else 4)
WEST, SOUTH = 660_000.0, 8_955_000.0
CODES = ("R-2", "R-3", "K-2", "KPI", "RTH-2", "SPU-1", "BJ", "K-1 / R-2", None)
KBLI = ("47111", "56101", "31001", "01111", "99999", None)


def both(
    file: Path, plans: Sequence[str], monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the rows as a batch gives them, and with every parcel judged by the engine."""
    given = {"plans": tuple(plans), "overwrite": True} | options
    batch(file, file.with_suffix(".fast.csv"), **given)
    setup = blockwork.WorkSetup
    with monkeypatch.context() as patch:
        patch.setattr(blockwork, "WorkSetup", lambda *a: setup(*a, by_class=False))
        batch(file, file.with_suffix(".exact.csv"), **given)
    return table(file.with_suffix(".fast.csv")), table(file.with_suffix(".exact.csv"))


def same(fast: list[dict[str, str]], exact: list[dict[str, str]]) -> None:
    """Every field is equal."""
    for one, other in zip(fast, exact, strict=True):
        assert one == other


def without_buildings(plan: Path, folder: Path) -> str:
    """Return a copy of a plan that knows no buildings: in the sample town nearly every parcel has one."""
    copy = folder / plan.name
    shutil.copytree(plan, copy, ignore=shutil.ignore_patterns(".kkpr", "plan.lock"))
    layers = (copy / "plan.toml").read_text("utf-8").split("[[layer]]")
    kept = [layer for layer in layers if 'role = "building"' not in layer]
    (copy / "plan.toml").write_text("[[layer]]".join(kept), "utf-8")
    return str(copy)


@pytest.mark.parametrize("plans", [PLANS[:1], PLANS, PLANS[1:]], ids=["rdtr", "rdtr+rtrw", "rtrw"])
def test_the_sample_town(
    tmp_path: Path, plans: tuple[str, ...], alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = tuple(without_buildings(Path(plan), tmp_path) for plan in plans)
    rows, shapes = some(1951 if SOAK else 160)
    kept = ("id", "kbli", "height_m", "floors", "legal_area_m2", "road_class", "business_scale")
    rows = [{name: row[name] for name in kept} for row in rows]
    file = write_geojsonl(tmp_path / "p.geojson", rows, shapes)
    same(*both(file, plans, monkeypatch))
    *first, last = alone
    assert last == len(rows)
    assert sum(first) < len(rows)  # most parcels of the town follow zone lines, with slivers


def test_buildings_that_leave_enough_open_ground_change_nothing(
    tmp_path: Path, alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, shapes = some(1951 if SOAK else 120)
    file = write_geojsonl(
        tmp_path / "p.geojson", [{"id": row["id"], "kbli": row["kbli"]} for row in rows], shapes
    )
    random = np.random.default_rng(3)
    built = [shapely.buffer(shape.centroid, random.uniform(2, 14)) for shape in shapes]
    spread = write_geojsonl(tmp_path / "built.geojson", [{} for _ in built], built)
    for existing in (None, str(spread)):
        alone.clear()
        same(*both(file, PLANS[:1], monkeypatch, existing=existing))
        *first, last = alone
        assert last == len(rows) > sum(first) > 0


def ground(random: np.random.Generator) -> tuple[list[Any], list[str | None]]:
    """Return zones on an uneven lattice: shared edges, and here and there a gap, an overlap, a sliver, a hole."""
    x = WEST + np.cumsum(random.uniform(20, 140, 9))
    y = SOUTH + np.cumsum(random.uniform(20, 140, 9))
    shapes: list[Any] = []
    for i in range(8):
        for j in range(8):
            corners = np.array([(x[i], y[j]), (x[i + 1], y[j]), (x[i + 1], y[j + 1]), (x[i], y[j + 1])])
            shape = shapely.Polygon(corners)
            fate = random.random()
            if fate < 0.04:
                continue
            if fate < 0.08:
                shape = shapely.buffer(shape, random.choice([-0.2, 0.2, 3.0, -3.0]), join_style="mitre")
            elif fate < 0.14:
                hole = shapely.buffer(shapely.centroid(shape), random.choice([0.2, 4.0, 8.0]), quad_segs=2)
                shape = shapely.difference(shape, hole)
                if random.random() < 0.5:
                    shapes.append(hole)
            shapes.append(shape)
    shapes.append(shapely.box(x[3] - 0.1, y[0], x[3] + 0.1, y[2]))
    return shapes, [CODES[random.integers(len(CODES))] for _ in shapes]


def blobs(random: np.random.Generator, count: int) -> list[Any]:
    at = random.uniform((WEST, SOUTH), (WEST + 700, SOUTH + 700), (count, 2))
    return [shapely.buffer(shapely.Point(p), random.uniform(5, 150), quad_segs=4) for p in at]


def plan_of(folder: Path, random: np.random.Generator, *, level: str = "rdtr", **keys: str) -> Path:
    """Write a plan folder: the tables of the sample over a random ground."""
    (folder / "layers").mkdir(parents=True)
    for name in ("zones", "activities", "kbli", "itbx", "conditions", "intensity"):
        shutil.copy(DATA / "sample" / f"{name}.csv", folder / f"{name}.csv")
    shapes, codes = ground(random)
    flags = [random.choice(["Kawasan", "-", ""]) for _ in shapes]
    zones = [{"KODE": code, "NAMA": code, "LP2B": flag} for code, flag in zip(codes, flags, strict=True)]
    write_geojsonl(folder / "layers" / "zones.geojson", zones, shapes)
    areas = blobs(random, 6)
    values = [{"KELAS": random.choice(["Tinggi", "Rendah", "Luar"])} for _ in areas]
    write_geojsonl(folder / "layers" / "krb.geojson", values, areas)
    river = shapely.buffer(
        shapely.LineString(random.uniform((WEST, SOUTH), (WEST + 700, SOUTH + 700), (3, 2))), 4
    )
    write_geojsonl(folder / "layers" / "river.geojson", [{"DALAM": 2.0}], [river])
    ends = random.uniform((WEST, SOUTH), (WEST + 700, SOUTH + 700), (6, 2, 2)).round(1)
    widths = [{"LEBAR": random.choice([None, 6.0, 12.5])} for _ in ends]
    write_geojsonl(folder / "layers" / "roads.geojson", widths, list(shapely.linestrings(ends)))
    said = {"status": "in-force", "scale": "5000"} | keys
    none = "".join(
        f'[[overlay]]\nrule = "KHS{n:03}"\nnone = "Pasal 9"\n' for n in (5, 6, 7, 9, 10, 11, 12, 13)
    )
    text = f"""id = "{folder.name}"
name = "{folder.name}"
level = "{level}"
legal = "Perda"
status = "{said["status"]}"
valid_from = 2024-01-01
scale = {said["scale"]}
oss_integrated = true
[[layer]]
role = "zoning"
path = "layers/zones.geojson"
[layer.fields]
subzone = "KODE"
name = "NAMA"
[[layer]]
id = "krb"
role = "overlay"
path = "layers/krb.geojson"
[layer.fields]
value = "KELAS"
[[layer]]
id = "kali"
role = "river"
path = "layers/river.geojson"
[layer.fields]
depth_m = "DALAM"
[layer.defaults]
urban = true
levee = false
[[layer]]
id = "jalan"
role = "road"
path = "layers/roads.geojson"
[layer.fields]
width_m = "LEBAR"
[[overlay]]
rule = "KHS002"
field = "LP2B"
[[overlay]]
rule = "KHS003"
layer = "krb"
values = {{ "Tinggi" = "fail", "Rendah" = "pass", "Luar" = "none" }}
{none}"""
    (folder / "plan.toml").write_text(text, "utf-8")
    return folder


def parcels(random: np.random.Generator, count: int) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return parcels of all sizes, some on the corners and lines of round numbers, with and without a use."""
    rows, shapes = [], []
    for n in range(count):
        x, y = random.uniform((WEST, SOUTH), (WEST + 800, SOUTH + 800)).round(random.choice([0, 1, 4]))
        size = random.choice([0.8, 9.0, 12.0, 20.0])
        shape = shapely.box(x, y, x + size, y + size * random.uniform(0.6, 1.2))
        if random.random() < 0.2:
            area = random.choice([60.0, 120.0, 300.0, 60.00003, 119.9999, 120.0001])
            shape = shapely.box(x, y, x + 10, y + area / 10)
        if random.random() < 0.2:
            shape = shapely.Polygon([(x, y), (x + 14, y), (x + 14, y + 9), (x + 6, y + 3), (x, y + 9)])
        if random.random() < 0.1:
            shape = shapely.difference(
                shapely.box(x, y, x + 30, y + 30), shapely.box(x + 9, y + 9, x + 12, y + 12)
            )
        if random.random() < 0.1:
            shape = shapely.MultiPolygon([shape, shapely.box(x + 40, y, x + 40.3, y + 9)])
        row = {
            "id": f"P{n}",
            "kbli": random.choice(KBLI),
            "business_scale": random.choice([None, "micro", "large"]),
            "floors": random.choice([None, 1.0, 4.0]),
            "legal_area_m2": random.choice([None, round(shape.area, 1), 100.0]),
            "psn": random.choice([None, True]),
            "activity": random.choice([None, None, None, "rumah-kos"]),
            "floor_area_m2": random.choice([None, None, None, 90.0]),
        }
        rows.append(row)
        shapes.append(shape)
    return rows, shapes


@pytest.mark.parametrize("seed", SEEDS)
def test_plans_with_gaps_overlaps_and_slivers(
    tmp_path: Path, seed: int, alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(seed)
    plans = [str(plan_of(tmp_path / "rdtr", random))]
    if seed % 2:
        plans.append(str(plan_of(tmp_path / "rtrw", random, level="rtrw-kab", scale="25000")))
    if seed % 4 == 3:
        plans.append(str(plan_of(tmp_path / "draft", random, status="draft")))
    count = 300
    rows, shapes = parcels(random, count)
    file = write_geojsonl(tmp_path / "p.geojson", rows, shapes)
    same(*both(file, plans, monkeypatch, include_draft=seed % 8 == 3))
    *first, last = alone
    assert last == count > max(first)


def test_messages_leave_no_more_parcels_to_the_engine(tmp_path: Path, alone: list[int]) -> None:
    random = np.random.default_rng(11)
    plan = str(plan_of(tmp_path / "rdtr", random))
    file = write_geojsonl(tmp_path / "p.geojson", *parcels(random, 200))
    for message in ("none", "full"):
        batch(file, tmp_path / f"{message}.csv", plans=(plan,), message=message)
    silent, told = table(tmp_path / "none.csv"), table(tmp_path / "full.csv")
    assert alone[0] == alone[1] < 150 and len(alone) == 2
    for one, other in zip(silent, told, strict=True):
        assert one.pop("message") == ""
        worst = next(
            (codes for name in ("fail", "undetermined", "conditional") if (codes := other[name])), ""
        )
        sentences = other.pop("message").split(" | ")
        assert {sentence.split(":")[0] for sentence in sentences} == set(worst.split(","))
        assert one == other


def test_messages_of_what_may_be_built_leave_no_more_parcels_to_the_engine(
    tmp_path: Path, alone: list[int]
) -> None:
    rows, shapes = some(160)
    rows = [{"id": row["id"], "kbli": row["kbli"]} for row in rows]
    file, plan = (
        write_geojsonl(tmp_path / "p.geojson", rows, shapes),
        without_buildings(Path(PLANS[0]), tmp_path),
    )
    for message in ("none", "full"):
        batch(file, tmp_path / f"{message}.csv", plans=(plan,), message=message)
    silent, told = alone
    assert silent == told < len(rows)


def test_a_class_whose_words_do_not_fit_is_left_to_the_engine(
    tmp_path: Path, alone: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(12)
    plan = str(plan_of(tmp_path / "rdtr", random))
    file = write_geojsonl(tmp_path / "p.geojson", *parcels(random, 120))
    same(*both(file, [plan], monkeypatch))
    monkeypatch.setattr(
        classes, "fixed_of", lambda report, lang: {}
    )  # of the rules that the plan leaves open
    same(*both(file, [plan], monkeypatch))
    fitting, _, odd, _ = alone
    assert fitting < odd


def test_strict_accuracy_is_the_engines(tmp_path: Path, alone: list[int]) -> None:
    file = write_geojsonl(tmp_path / "p.geojson", *some(12))
    batch(file, tmp_path / "o.csv", strict_accuracy=True)
    assert alone == [12]


def test_bytes_do_not_depend_on_blocks_or_workers(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    plan = str(plan_of(tmp_path / "rdtr", random))
    file = write_geojsonl(tmp_path / "p.geojson", *parcels(random, 200))
    made = []
    for n, (workers, block_rows) in enumerate([(1, 1000), (1, 23), (2, 57)]):
        output = tmp_path / f"{n}.parquet"
        batch(file, output, plans=(plan,), workers=workers, block_rows=block_rows)
        made.append(output.read_bytes())
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize("by_class", [True, False])
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_depths_inside_overlapping_areas_do_not_depend_on_blocks(
    tmp_path: Path, seed: int, by_class: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(seed)
    plan = plan_of(tmp_path / "rdtr", random)
    bands = long_bands(random, 14)
    write_geojsonl(plan / "layers" / "krb.geojson", [{"KELAS": "Tinggi"} for _ in bands], bands)
    at = random.uniform((WEST, SOUTH), (WEST + 800, SOUTH + 800), (150, 2))
    inside = [shapely.box(x, y, x + 9, y + 7) for x, y in at]
    file = write_geojsonl(tmp_path / "p.geojson", [{"id": f"P{n}"} for n in range(len(inside))], inside)
    setup = blockwork.WorkSetup
    monkeypatch.setattr(blockwork, "WorkSetup", lambda *a: setup(*a, by_class=by_class))
    told = []
    for block_rows in (7, 50, 1000):
        batch(file, tmp_path / "o.csv", plans=(str(plan),), block_rows=block_rows, overwrite=True)
        told.append((tmp_path / "o.csv").read_bytes())
    assert told[0] == told[1] == told[2]
    depths = [row["flip_distance_m"] for row in table(tmp_path / "o.csv")]
    assert sum(depth > "0" for depth in depths) > 40


def long_bands(random: np.random.Generator, count: int) -> list[Any]:
    """Return bands that cross each other: an edge of one is cut far from where a parcel lies in it."""
    ends = random.uniform((WEST, SOUTH), (WEST + 800, SOUTH + 800), (count, 2, 2))
    return [shapely.buffer(shapely.LineString(pair), random.uniform(15, 40), quad_segs=2) for pair in ends]
