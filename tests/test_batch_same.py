"""`batch` says what `check` says, whatever the blocks, the workers and the order."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import shapely
from batch_harness import AS_OF, DATA, PLANS, batch, sample, some, table, write_gdal, write_geojsonl
from engine_builder import of_rule
from engine_builder import report as judged
from shapely import affinity

from kkpr_check import checking, validating
from kkpr_check.checking import CheckRequest
from kkpr_check.errors import PlanError
from kkpr_check.io.lock import write_lock
from kkpr_check.location import area_words
from kkpr_check.model import Proposal, Site
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


def test_what_is_said_of_a_parcel_does_not_depend_on_the_columns_of_others(tmp_path: Path) -> None:
    rows, shapes = some(6)
    wrong = [
        {},
        {"psn": "x", "floors": "dua"},
        {"height_m": 4},
        {"floors": "dua", "psn": "x", "KBLI": "a"},
        {},
        {},
    ]
    rows = [{"id": row["id"]} | more for row, more in zip(rows, wrong, strict=True)]
    file = write_geojsonl(tmp_path / "p.geojson", rows, shapes)
    made = []
    for block_rows in (1, 2, 4, 6):
        batch(file, tmp_path / f"{block_rows}.csv", block_rows=block_rows)
        made.append((tmp_path / f"{block_rows}.csv").read_bytes())
    assert made[0].count(b"LOK000") == 4
    assert len(set(made)) == 1


def test_papers_that_say_nothing_of_the_area(tmp_path: Path) -> None:
    """A legal area of 0, in one by one and in all alike: a number, not nan or inf."""
    rows, shapes = some(4)
    file = write_geojsonl(tmp_path / "p.geojson", [row | {"legal_area_m2": 0} for row in rows], shapes)
    batch(file, tmp_path / "one.csv", findings=str(tmp_path / "long.csv"))
    batch(file, tmp_path / "alike.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "alike.csv").read_bytes()
    assert not {"nan%", "inf%"} & set(re.findall(r"[a-z]+%", (tmp_path / "one.csv").read_text()))
    site = Site("a", shapes[0], None, Proposal(), None, None)
    assert area_words(10.0, 0.0, site)["percent"].value == 1.0


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


def _with_a_lake(folder: Path, *, setback_m: float | str, in_field: bool) -> Path:
    """The sample plan with a setback of its small lakes."""
    plan = Path(shutil.copytree(DATA / "sample", folder / "plan"))
    toml = plan / "plan.toml"
    text = toml.read_text(encoding="utf-8")
    if in_field:
        text = text.replace("[layer.defaults]\nsetback_m = 50.0", '[layer.fields]\nsetback_m = "SEMPADAN"')
        layer = plan / "layers" / "embung_sintetis.geojson"
        lakes = json.loads(layer.read_text(encoding="utf-8"))
        for lake in lakes["features"]:
            lake["properties"]["SEMPADAN"] = setback_m
        layer.write_text(json.dumps(lakes), encoding="utf-8")
    else:
        text = text.replace("setback_m = 50.0", f"setback_m = {json.dumps(setback_m)}")
    toml.write_text(text, encoding="utf-8")
    return plan


@pytest.mark.parametrize("in_field", [True, False])
def test_a_setback_wider_than_lines_are_looked_for_is_refused(tmp_path: Path, *, in_field: bool) -> None:
    """Single checks read a window: a lake beyond it whose setback reaches the site would be overlooked."""
    rows, shapes = some(3)
    shapes = [affinity.translate(shape, 0.0, 6_000.0) for shape in shapes]
    file = write_geojsonl(tmp_path / "p.geojson", rows, shapes)
    plan = str(_with_a_lake(tmp_path, setback_m=5000.0, in_field=in_field))
    with pytest.raises(PlanError, match="5000 m") as refused:
        batch(file, tmp_path / "out.csv", plans=(plan,))
    assert refused.value.place.column == ("SEMPADAN" if in_field else "[layer.defaults] setback_m")
    with pytest.raises(PlanError, match="5000 m"):
        checking.run(CheckRequest(parcel=str(file), plans=(plan,), as_of=AS_OF))
    _not_locked(plan, "5000 m")
    assert _validated(plan, in_field=in_field) == ["setback_m is 5000 m; at most 1000 m can be judged"]


@pytest.mark.parametrize("in_field", [True, False])
@pytest.mark.parametrize("said", ["60 m", "60-100", "enam puluh", -60.0])
def test_a_setback_that_can_not_be_read_is_refused(
    tmp_path: Path, said: float | str, *, in_field: bool
) -> None:
    """The national minimum is no stand-in: the plan may ask for more."""
    file = write_geojsonl(tmp_path / "p.geojson", *some(3))
    plan = str(_with_a_lake(tmp_path, setback_m=said, in_field=in_field))
    with pytest.raises(PlanError, match="not a number of metres") as refused:
        batch(file, tmp_path / "out.csv", plans=(plan,))
    assert refused.value.place.column == ("SEMPADAN" if in_field else "[layer.defaults] setback_m")
    with pytest.raises(PlanError, match="not a number of metres"):
        checking.run(CheckRequest(parcel=str(file), plans=(plan,), as_of=AS_OF))
    _not_locked(plan, re.escape(refused.value.text.en))
    assert _validated(plan, in_field=in_field) == [refused.value.text.en]


def _not_locked(plan: str, why: str) -> None:
    """No lock is given to a plan with which no site can be judged, and nothing of one is left behind."""
    with pytest.raises(PlanError, match=why):
        write_lock(plan)
    assert not any((Path(plan) / name).exists() for name in ("plan.lock", ".kkpr"))


def _validated(plan: str, *, in_field: bool) -> list[str]:
    """Return the errors of a plan by which no site can be judged; a layer's own stands at the layer."""
    found = validating.validate(validating.ValidateRequest((plan,), select=("DAT010",))).findings
    errors = [finding for finding in found if finding.level == "error"]
    assert all(Path(str(finding.file)).name != "plan.toml" or not in_field for finding in errors)
    return [finding.message.en for finding in errors]


def test_what_is_measured_does_not_depend_on_lines_elsewhere() -> None:
    """A far line with a wide setback must not bring other lines into reach."""
    near = {"area": "LINESTRING (-100 90, 100 90)", "setback_m": 10.0}
    far = {"area": "LINESTRING (1500 -100, 1500 100)", "setback_m": 500.0}
    told = []
    for lines in ([near], [near, far]):
        layer = {"role": "railway", "features": lines}
        overlay = {"rule": "KHS012", "layer": "railway"}
        told.append(of_rule(judged(layers=[layer], overlays=[overlay]), "KHS012"))
    assert told[0] == told[1]
    assert [finding.measured for finding in told[0]] == [None]
