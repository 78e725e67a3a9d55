"""A baseline against data that lives on: rows in another order, measures that change a little, parts of a repository."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import shapely
from builders import write
from cli_harness import Run
from shapely import affinity

from kkpr_check.errors import Place, Text
from kkpr_check.quality import baseline
from kkpr_check.quality.findings import DataFinding

PLANS = Path(__file__).parents[1] / "examples" / "zoning-repo" / "plans"
E0, N0 = 661_000.0, 8_955_000.0
DAY = dt.date(2026, 1, 1)


def layer(path: Path, order: list[int], shift_m: float = 0.0, thin_m: float = 0.2) -> Path:
    """Two zones that overlap, a thread beside them, and a code that nobody knows, in some order of the rows."""
    shapes = [
        shapely.box(E0, N0, E0 + 103, N0 + 100), shapely.box(E0 + 100, N0, E0 + 200, N0 + 100),
        shapely.box(E0, N0 + 300, E0 + 90, N0 + 300 + thin_m), shapely.box(E0 + 500, N0, E0 + 600, N0 + 100),
    ]  # fmt: skip
    columns = {"OBJECTID": [11, 12, 13, 14], "KODSZN": ["R-3", "K-1", "R-3", "J3"]}
    return write(
        path, [affinity.translate(shapes[i], shift_m) for i in order],
        {name: [values[i] for i in order] for name, values in columns.items()}, driver="GPKG",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("order", "shift_m", "thin_m"),
    [([3, 2, 1, 0], 0, 0.2), ([0, 1, 2, 3], 7.5, 0.2), ([1, 0, 3, 2], 7.5, 0.21)],
)
def test_moved_and_reordered_features_are_still_known(
    run: Run, tmp_path: Path, order: list[int], shift_m: float, thin_m: float
) -> None:
    known, path = tmp_path / "known.json", tmp_path / "zona.gpkg"
    layer(path, [0, 1, 2, 3])
    codes = ("--select", "DAT101,DAT103,DAT203")
    assert run("validate", str(path), *codes, "--write-baseline", str(known))[0] == 0
    assert len(json.loads(known.read_text("utf-8"))["entries"]) == 3
    path.unlink()
    layer(path, order, shift_m, thin_m)
    code, out, _ = run(
        "validate", str(path), *codes, "--baseline", str(known), "--strict", "--format", "json"
    )
    document = json.loads(out)
    assert (code, document["findings"], document["summary"]["suppressed"]) == (0, [], 3)
    assert document["baseline"]["unmatched"] == []


def test_a_value_that_is_a_measure_does_not_count_one_that_is_text_does() -> None:
    def sliver(thinness: float, code: str = "DAT103") -> DataFinding:
        return DataFinding(
            code, "warning", Text("a", "b"), Text("c", "d"), file="a.shp", feature="1", value=thinness
        )

    old = '{"schema": "kkpr-check/baseline/1", "entries": [{"code": "DAT103", "file": "a.shp", "feature": "1", "value": "0.05"}]}'
    for entries in (
        baseline.parse(old, Place("k")),
        baseline.parse(baseline.document([sliver(0.05)], "known"), Place("k")),
    ):
        assert baseline.apply([sliver(0.06)], entries, DAY).findings == ()
        assert len(baseline.apply([sliver(0.05), sliver(0.06)], entries, DAY).findings) == 1
        assert len(baseline.apply([sliver(0.05, "DAT111")], entries, DAY).findings) == 1
    text = DataFinding(
        "DAT203", "error", Text("a", "b"), Text("c", "d"), file="a.shp", feature="1", value="J3"
    )
    entries = baseline.parse(baseline.document([text], "known"), Place("k"))
    assert baseline.apply([text], entries, DAY).suppressed == 1
    other = DataFinding(
        "DAT203", "error", Text("a", "b"), Text("c", "d"), file="a.shp", feature="1", value="J4"
    )
    assert baseline.apply([other], entries, DAY).suppressed == 0


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(PLANS, tmp_path / "plans")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(out: str) -> Any:
    return json.loads(out)["baseline"]["unmatched"]


def test_entries_of_plans_that_were_not_looked_at_are_not_stale(run: Run, repository: Path) -> None:
    assert run("validate", "plans", "--write-baseline", "known.json")[0] == 0
    for target in (
        "plans",
        "plans/rdtr-utara",
        "./plans/rdtr-selatan",
        "plans/rdtr-utara/layers/zoning.geojson",
    ):
        code, out, _ = run("validate", target, "--baseline", "known.json", "--format", "json")
        assert (code, told(out)) == (0, []), target
    shutil.rmtree("plans/rdtr-utara")
    stale = told(run("validate", "plans", "--baseline", "known.json", "--format", "json")[1])
    assert stale and all("rdtr-utara" in label for label in stale)
    assert told(run("validate", ".", "--baseline", "known.json", "--format", "json")[1]) == stale


def test_github_and_text_name_the_entries_to_take_out(run: Run, repository: Path) -> None:
    assert run("validate", "plans", "--write-baseline", "known.json")[0] == 0
    shutil.rmtree("plans/rdtr-utara")
    assert (
        "matches nothing any more: DAT201 plans/rdtr-utara"
        in run("validate", "plans", "--baseline", "known.json")[1]
    )
    out = run("validate", "plans", "--baseline", "known.json", "--format", "github")[1]
    assert "::warning title=kkpr-check baseline::" in out


def test_one_more_of_a_collected_finding_is_new_and_one_less_is_known(run: Run, tmp_path: Path) -> None:
    """Cells of the matrix that nobody filled in are one finding; it says which."""
    plan = tmp_path / "plan"
    shutil.copytree(Path(__file__).parents[1] / "data" / "sample", plan)
    matrix, known = plan / "itbx.csv", tmp_path / "known.json"
    lines = matrix.read_text("utf-8").splitlines()
    full = next(n for n, line in enumerate(lines) if n > 3 and ",," not in line and not line.endswith(","))

    def empty(column: int) -> None:
        cells = lines[full].split(",")
        cells[column] = ""
        lines[full] = ",".join(cells)
        matrix.write_text("\n".join(lines) + "\n", "utf-8")

    def judged(*more: str) -> Any:
        options = ("--select", "DAT310", "--strict", "--format", "json", *more)
        return json.loads(run("validate", str(plan), *options)[1])

    empty(-1)
    judged("--baseline", "none", "--write-baseline", str(known))
    (entry,) = json.loads(known.read_text("utf-8"))["entries"]
    assert len(entry["members"]) == 4 and "feature" not in entry
    empty(-2)
    again = judged("--baseline", str(known))
    assert [finding["code"] for finding in again["findings"]] == ["DAT310"]
    assert len(again["baseline"]["unmatched"]) == 1
    known.unlink()
    judged("--baseline", "none", "--write-baseline", str(known))
    entry = json.loads(known.read_text("utf-8"))["entries"][0]
    known.write_text(
        json.dumps({"schema": baseline.SCHEMA, "entries": [entry | {"members": [*entry["members"], "x/Y"]}]})
    )
    assert judged("--baseline", str(known))["findings"] == []


def test_entries_of_collected_findings_tell_groups_apart() -> None:
    def group(*members: str) -> DataFinding:
        return DataFinding(
            "DAT109",
            "info",
            Text("", ""),
            Text("", ""),
            file="a.shp",
            layer="a",
            feature=members[0],
            members=members,
        )

    entries = baseline.parse(baseline.document([group("1", "2"), group("7", "8", "9")], "r"), Place("b"))
    assert [entry.members for entry in entries] == [{"1", "2"}, {"7", "8", "9"}]
    outcome = baseline.apply([group("9", "8"), group("1", "2", "3")], entries, DAY)
    assert (outcome.suppressed, [f.members for f in outcome.findings]) == (1, [("1", "2", "3")])
    assert outcome.unmatched == ("DAT109 a.shp a 1 2",)
    kept = baseline.document([group("1", "2", "3"), group("4", "5")], "new", [baseline.parse(
        baseline.document([group("1", "2")], "old"), Place("b"))[0]])  # fmt: skip
    assert [entry["reason"] for entry in json.loads(kept)["entries"]] == ["old", "new"]
