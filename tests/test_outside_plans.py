"""A site that no plan covers, or two of one rank: what is not known is said, in `check` as in `batch`."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from cli_harness import Run

ROOT = Path(__file__).parents[1]
SAMPLE, RTRW = str(ROOT / "data" / "sample"), str(ROOT / "data" / "sample-rtrw")
WEST, SOUTH = 107.6, -6.9
SILENT = {"LOK003", "LOK004", "LOK005", "LOK002", "RTR001", "RTR002", "LOK000"}


@pytest.fixture
def far(tmp_path: Path) -> str:
    ring = [
        (WEST, SOUTH),
        (WEST + 1e-3, SOUTH),
        (WEST + 1e-3, SOUTH + 1e-3),
        (WEST, SOUTH + 1e-3),
        (WEST, SOUTH),
    ]
    feature = {
        "type": "Feature",
        "properties": {"id": "far", "role": "parcel", "kbli": "47111"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = tmp_path / "far.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    return str(path)


@pytest.mark.parametrize("plans", [(SAMPLE,), (SAMPLE, RTRW)], ids=["rdtr", "rdtr-rtrw"])
def test_no_rule_passes_outside_all_plans(run: Run, tmp_path: Path, far: str, plans: tuple[str, ...]) -> None:
    given = [word for plan in plans for word in ("--plan", plan)] + ["--as-of", "2025-01-01"]
    code, out, err = run("check", far, *given, "--format", "json")
    assert code == 1, err
    report = json.loads(out)
    assert report["verdict"] == "undetermined"
    outcome = {f["rule"]: f["outcome"] for f in report["findings"]}
    assert {rule for rule in outcome if rule.startswith("KHS")} == {f"KHS{n:03}" for n in range(1, 14)}
    assert {rule for rule, said in outcome.items() if said == "pass"} <= SILENT | {"LOK002"}
    table = tmp_path / "far.csv"
    assert run("batch", far, *given, "--output", str(table))[0] == 0
    with table.open(encoding="utf-8") as lines:
        (row,) = csv.DictReader(lines)
    assert row["undetermined"].split(",") == [r for r, said in outcome.items() if said == "undetermined"]
    code, out, _ = run("check", far, *given, "--lang", "en", "--format", "text")
    assert out.count("Can not be judged without: plan in force") == 2


def test_two_plans_of_one_rank_on_the_same_ground_are_told(run: Run, tmp_path: Path) -> None:
    twin = shutil.copytree(SAMPLE, tmp_path / "twin", ignore=shutil.ignore_patterns(".kkpr", "plan.lock"))
    text = (twin / "plan.toml").read_text("utf-8")
    (twin / "plan.toml").write_text(
        text.replace('id = "rdtr-kefamenanu-sintetis"', 'id = "z-lain"', 1), "utf-8"
    )
    site = str(ROOT / "examples" / "08-land.geojson")
    for plans, told in (
        ((SAMPLE, str(twin)), 1),
        ((str(twin), SAMPLE), 1),
        ((SAMPLE, RTRW), 0),
        ((SAMPLE,), 0),
    ):
        given = [word for plan in plans for word in ("--plan", plan)]
        code, out, err = run(
            "check", site, *given, "--as-of", "2025-01-01", "--format", "json", "--lang", "en"
        )
        assert code in (0, 1), err
        notes = [note for note in json.loads(out)["provenance"]["assumptions"] if "the same rank" in note]
        assert len(notes) == told, plans
        assert all("rdtr-kefamenanu-sintetis was taken to decide" in note for note in notes)
