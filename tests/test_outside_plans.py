"""A site that no plan covers: nothing passes there, in `check` as in `batch`."""

from __future__ import annotations

import csv
import json
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
