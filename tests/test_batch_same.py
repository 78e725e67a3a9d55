"""`batch` says what `check` says, whatever the blocks, the workers and the order."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
import shapely
from batch_harness import AS_OF, PLANS, batch, sample, some, table, write_gdal, write_geojsonl

from kkpr_check import checking
from kkpr_check.checking import CheckRequest
from kkpr_check.report.json import document

COUNT = 2_000 if os.environ.get("KKPR_SOAK") else 120
CHUNK = 40


def checked(folder: Path, rows: list[dict[str, Any]], shapes: list[Any]) -> list[dict[str, Any]]:
    reports = []
    for n in range(0, len(rows), CHUNK):
        file = write_geojsonl(folder / f"chunk{n}.geojson", rows[n : n + CHUNK], shapes[n : n + CHUNK])
        reports += checking.run(CheckRequest(parcel=str(file), plans=PLANS, as_of=AS_OF))
    return [document(report, "en", checking.to_lonlat, AS_OF) for report in reports]


def expected(report: dict[str, Any]) -> dict[str, str]:
    """Say in the words of the table what stands in a JSON report."""
    findings = report["findings"]
    combined = report["combined"][0] if report["combined"] else None
    zones = combined["zones"] if combined else []
    flips = [f["flip_distance_m"] for f in findings if f["flip_distance_m"] is not None]

    def codes(outcome: str) -> set[str]:
        return {f["rule"] for f in findings if f["outcome"] == outcome}

    return {
        "id": report["subject"]["id"],
        "verdict": report["verdict"],
        "pathway": report["pathway"],
        "subzone": zones[0]["subzone"] if zones else "",
        "n_zones": len(zones),
        "zones": [zone["subzone"] for zone in zones],
        "parcel_area_m2": report["subject"]["parcel_area_m2"],
        "gap_m2": combined["gap_m2"] if combined else None,
        "overlap_m2": combined["overlap_m2"] if combined else None,
        "dropped_m2": combined["dropped_m2"] if combined else None,
        "approvable_m2": (report["approvable"] or {"area_m2": 0.0})["area_m2"],
        "flip_distance_m": min(flips) if flips else None,
        "fail": codes("fail"),
        "undetermined": codes("undetermined"),
        "conditional": codes("conditional"),
    }


def test_every_field_is_what_check_says(tmp_path: Path) -> None:
    rows, shapes = sample() if COUNT > 200 else some(COUNT)
    rows, shapes = rows[:COUNT], shapes[:COUNT]
    reports = checked(tmp_path, rows, shapes)
    file = write_geojsonl(tmp_path / "all.geojson", rows, shapes)
    long = tmp_path / "long.csv"
    batch(file, tmp_path / "out.csv", plans=PLANS, findings=str(long), block_rows=50)
    told = table(tmp_path / "out.csv")
    assert len(told) == len(reports)
    for row, report in zip(told, reports, strict=True):
        for name, value in expected(report).items():
            got = row[name]
            if name == "zones":
                assert [part.rpartition(":")[0] for part in got.split(";") if part] == value
            elif isinstance(value, set):
                assert set(filter(None, got.split(","))) == value, (row["id"], name)
            elif isinstance(value, float):
                assert float(got) == pytest.approx(value, abs=2e-4), (row["id"], name)
            else:
                assert got == ("" if value is None else str(value)), (row["id"], name)
    same = [
        (f["rule"], f["outcome"], f["plan"] or "", f["zone"] or "") for r in reports for f in r["findings"]
    ]
    assert [(f["rule"], f["outcome"], f["plan"], f["zone"]) for f in table(long)] == same


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "gpkg", "fgb", "html"])
def test_bytes_do_not_depend_on_workers_or_blocks(tmp_path: Path, suffix: str) -> None:
    file = write_geojsonl(tmp_path / "p.geojson", *some(30))
    made = []
    for n, (workers, block_rows) in enumerate([(1, 1000), (1, 7), (2, 11)]):
        output, long = tmp_path / f"{n}.{suffix}", tmp_path / f"{n}-long.parquet"
        batch(file, output, workers=workers, block_rows=block_rows, findings=str(long))
        made.append((output.read_bytes(), long.read_bytes()))
    assert made[0] == made[1] == made[2]


def test_pages_of_parquet_do_not_depend_on_blocks(tmp_path: Path) -> None:
    """A column of more than one page (1 MB): where a page ends must not follow the blocks."""
    rows, shapes = some(60)
    many = [shapely.segmentize(shape, shape.length / 2_000) for shape in shapes]
    file = write_gdal(tmp_path / "p.gpkg", rows, many, "GPKG")
    made = []
    for block_rows in (60, 7):
        batch(file, tmp_path / f"{block_rows}.parquet", block_rows=block_rows, message="none")
        made.append((tmp_path / f"{block_rows}.parquet").read_bytes())
    assert len(made[0]) > 1_000_000
    assert made[0] == made[1]


def test_a_shuffled_input_gives_the_same_rows_shuffled(tmp_path: Path) -> None:
    rows, shapes = some(40)
    order = list(range(40))
    random.Random(4).shuffle(order)
    straight = write_geojsonl(tmp_path / "a.geojson", rows, shapes)
    mixed = write_geojsonl(tmp_path / "b.geojson", [rows[n] for n in order], [shapes[n] for n in order])
    batch(straight, tmp_path / "a.csv", block_rows=9)
    batch(mixed, tmp_path / "b.csv", block_rows=9)
    first, second = table(tmp_path / "a.csv"), table(tmp_path / "b.csv")
    assert [first[n] for n in order] == second
