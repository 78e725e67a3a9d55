"""`verify`: what a report claims comes out again, and nothing in it can be changed unnoticed."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from cli_harness import Run
from hypothesis import given, settings
from hypothesis import strategies as st

from kkpr_check.kernels.slabs import slab_areas
from kkpr_check.verifying import compare

HOME = Path(__file__).parents[1]
PLANS = ("--plan", "data/sample", "--plan", "data/sample-rtrw")
EXAMPLES = ("01-conform", "03-partial", "04-nonconform", "07-gap")


def soaked(*examples: str) -> tuple[str, ...]:
    """Return examples that only a whole run counts (a quiet core takes half a minute for them)."""
    return examples if os.environ.get("KKPR_SOAK") else ()


def stored(run: Run, folder: Path, example: str, *more: str, fmt: str = "json") -> Path:
    """Write the report of an example and return its file."""
    path = folder / f"{example}.{fmt}"
    site = f"examples/{example}.geojson"
    run("check", site, *PLANS, "--as-of", "2025-01-01", "--format", fmt, "--output", str(path), *more)
    return path


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HOME)


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("example", [*EXAMPLES, "02-conditional", "05-undetermined", "06-several"])
def test_the_reports_of_the_examples_verify(run: Run, tmp_path: Path, example: str) -> None:
    code, out, err = run("verify", str(stored(run, tmp_path, example)))
    assert (code, err) == (0, ""), out
    assert "verified" in out


SITE = "examples/01-conform.geojson"
ZONES = "data/sample/layers/polaruang_sintetis.shp"


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    "arguments",
    [
        ("examples/09-oss.json", "--plan", "data/sample"),
        (SITE, "--rdtr", ZONES, "--rules", "data/sample"),
        (SITE, "--plan", "data/sample", "--existing", "examples/04-nonconform.geojson"),
        ("--point=-9.4468,124.4764", "--plan", "data/sample"),
    ],
    ids=["oss", "bare", "existing", "point"],
)
def test_reports_of_other_inputs_verify(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    path = tmp_path / "report.json"
    made = run("check", *arguments, "--as-of", "2025-01-01", "--output", str(path))
    assert made[0] in (0, 1), made
    code, out, err = run("verify", str(path))
    assert (code, err) == (0, ""), out
    assert "verified" in out


@pytest.mark.usefixtures("at_home")
def test_a_report_of_a_locked_plan_verifies_until_the_plan_changes(run: Run, tmp_path: Path) -> None:
    plan, path = tmp_path / "plan", tmp_path / "report.json"
    shutil.copytree("data/sample", plan)
    assert run("plan", "lock", str(plan))[0] == 0
    assert run("check", SITE, "--plan", str(plan), "--as-of", "2025-01-01", "--output", str(path))[0] == 0
    code, out, err = run("verify", str(path))
    assert (code, err) == (0, ""), out
    table = plan / "intensity.csv"
    table.write_bytes(table.read_bytes() + b"\n")
    assert run("verify", str(path))[0] == 2


@pytest.mark.usefixtures("at_home")
def test_an_array_lines_and_either_language_verify(run: Run, tmp_path: Path) -> None:
    lines = stored(run, tmp_path, "06-several", "--lang", "id", fmt="jsonl")
    assert len(lines.read_text().splitlines()) == 5
    code, out, _ = run("verify", str(lines), "--format", "json", "--lang", "id")
    told = json.loads(out)
    assert code == 0
    assert told["verified"] is True
    assert len(told["reports"]) == 5


@pytest.mark.usefixtures("at_home")
def test_relative_paths_start_at_base_and_at_the_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = stored(run, tmp_path, "01-conform")
    monkeypatch.chdir(tmp_path)
    code, _, err = run("verify", str(report))
    assert code == 2
    assert "data/sample" in err
    assert "--base" in err
    assert run("verify", str(report), "--base", str(HOME))[0] == 0
    for name in ("data", "examples"):
        (tmp_path / name).symlink_to(HOME / name)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run("verify", str(report))[0] == 0


def changed(value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 1.001 + 0.01
    return "x" if value is None else value + "x"


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the keys that lead to every leaf, and the leaf."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*way, key))
    else:
        yield way, value


def put(document: Any, way: tuple[Any, ...], value: Any) -> None:
    for key in way[:-1]:
        document = document[key]
    document[way[-1]] = value


EXEMPT = {("tool", "version")}
"""The only leaf that may differ: another version is told, and its sentences are then not compared."""


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("example", EXAMPLES)
def test_no_leaf_of_a_report_can_be_changed_unnoticed(run: Run, tmp_path: Path, example: str) -> None:
    made = json.loads(stored(run, tmp_path, example).read_text())
    unnoticed = []
    for way, value in places(made):
        told = copy.deepcopy(made)
        put(told, way, changed(value))
        if not list(compare(told, [made])):
            unnoticed.append(way)
    assert set(unnoticed) == EXEMPT


@pytest.mark.usefixtures("at_home")
def test_what_says_how_a_report_was_made_can_not_be_changed_unnoticed(run: Run, tmp_path: Path) -> None:
    path = stored(run, tmp_path, "01-conform")
    made = json.loads(path.read_text())
    for way, value in places(made["provenance"]):
        if way[0] not in ("options", "plans", "inputs", "feature"):
            continue
        told = copy.deepcopy(made)
        put(told, ("provenance", *way), changed(value))
        path.write_text(json.dumps(told))
        code, out, err = run("verify", str(path))
        assert code in (1, 2), way
        assert "Traceback" not in out + err


def _verdict(report: Any) -> None:
    report["verdict"] = "conditional" if report["verdict"] == "conform" else "conform"


def _outcome(report: Any) -> None:
    next(f for f in report["findings"] if f["rule"] == "INT001")["outcome"] = "conditional"


def _no_finding(report: Any) -> None:
    report["findings"].pop()


def _area(report: Any) -> None:
    report["ledger"][0]["zones"][0]["area_m2"] += 1.0


def _parcel(report: Any) -> None:
    report["subject"]["parcel_area_m2"] += 1.0


def _approvable(report: Any) -> None:
    report["approvable"]["area_m2"] += 1.0


def _gap(report: Any) -> None:
    report["ledger"][0]["gap_m2"] += 1.0


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("tamper", [_verdict, _outcome, _no_finding, _area, _parcel, _approvable, _gap])
@pytest.mark.parametrize("lang", ["en", "id"])
def test_a_forged_claim_is_a_difference(
    run: Run, tmp_path: Path, tamper: Callable[[Any], None], lang: str
) -> None:
    path = stored(run, tmp_path, "01-conform")
    report = json.loads(path.read_text())
    tamper(report)
    path.write_text(json.dumps(report))
    code, out, _ = run("verify", str(path), "--lang", lang)
    assert code == 1
    assert ("reported" if lang == "en" else "dilaporkan") in out


@pytest.mark.usefixtures("at_home")
def test_the_independent_count_alone_finds_a_wrong_number(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the engine wrong, making the report again would repeat the error: the recount must tell."""
    path = stored(run, tmp_path, "03-partial")
    monkeypatch.setattr("kkpr_check.verifying.compare", lambda *a, **k: iter(()))
    for tamper in (_area, _parcel, _approvable, _gap, _verdict):
        report = json.loads(path.read_text())
        assert run("verify", str(path))[0] == 0
        tamper(report)
        forged = tmp_path / "forged.json"
        forged.write_text(json.dumps(report))
        assert run("verify", str(forged))[0] == 1, tamper.__name__


FIGURES = ("measured", "limit", "limit_m2", "margin", "flip_distance_m")
LEDGER = ("area_m2", "gap_m2", "overlap_m2", "dropped_m2")


def figures(report: Any) -> Iterator[tuple[str, tuple[Any, ...], float]]:
    """Yield each number of the findings, the ledgers, the approvable part and the subject: group, way, number."""
    for way, value in places(report):
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        name = next(key for key in reversed(way) if isinstance(key, str))
        if way[0] in ("findings", "ledger", "combined", "approvable", "subject"):
            group = (
                f"{way[0]}.{name}"
                if name in (*FIGURES, *LEDGER, "share") or way[0] == "subject"
                else "geometry"
            )
            yield group, way, float(value)


def told_of(way: tuple[Any, ...], named: set[str]) -> bool:
    """Tell whether a difference names a figure, or the whole it is part of."""
    steps = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in way]
    path = "".join(steps).lstrip(".")
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in named)


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("example", ["08-land", *soaked("03-partial", "04-nonconform", "07-gap")])
def test_every_changed_figure_is_named(run: Run, tmp_path: Path, example: str) -> None:
    """Each in turn, over the compared report; one group of figures at a time over the command."""
    path = stored(run, tmp_path, example)
    made = json.loads(path.read_text())
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for group, way, value in figures(made):
        told = copy.deepcopy(made)
        put(told, way, value * 1.001 + 0.01)
        assert told_of(way, {d.path for d in compare(told, [made])}), way
        groups.setdefault(group, []).append(way)
    assert {"findings.measured", "findings.limit", "findings.margin", "ledger.area_m2"} <= groups.keys()
    for group, ways in groups.items():
        told = copy.deepcopy(made)
        for way in ways:
            put(told, way, changed_by(made, way, 1.001, 0.01))
        path.write_text(json.dumps(told))
        code, out, err = run("verify", str(path), "--format", "json")
        assert code == 1, (group, err)
        named = {d["path"] for d in json.loads(out)["reports"][0]["differences"]}
        assert [way for way in ways if not told_of(way, named)] == [], group


def changed_by(report: Any, way: tuple[Any, ...], factor: float, plus: float) -> float:
    for key in way:
        report = report[key]
    return float(report) * factor + plus


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("example", ["04-nonconform", "07-gap", *soaked("02-conditional", "06-several")])
def test_the_count_alone_names_every_figure_that_is_measured(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    """Were the engine wrong, the report made again would be as wrong: what counts by other means has to tell."""
    path = stored(run, tmp_path, example)
    monkeypatch.setattr("kkpr_check.verifying.compare", lambda *a, **k: iter(()))
    whole = json.loads(path.read_text())
    reports = whole if isinstance(whole, list) else [whole]
    code, out, _ = run("verify", str(path))
    assert code == 0, out
    groups: dict[str, list[tuple[int, tuple[Any, ...]]]] = {}
    for number, report in enumerate(reports):
        for group, way, _ in figures(report):
            if group != "geometry":
                groups.setdefault(group, []).append((number, way))
    for group, ways in groups.items():
        told = copy.deepcopy(reports)
        for number, way in ways:
            put(told[number], way, changed_by(reports[number], way, 1.03, 0.07))
        path.write_text(json.dumps(told))
        code, out, err = run("verify", str(path), "--format", "json")
        assert code == 1, (group, err)
        named = [{d["path"] for d in report["differences"]} for report in json.loads(out)["reports"]]
        missed = [
            (
                reports[n]["subject"]["id"],
                *way,
                reports[n]["findings"][way[1]]["rule"] if way[0] == "findings" else "",
            )
            for n, way in ways
            if not told_of(way, named[n])
        ]
        assert missed == [], group


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(
    "name", ["intensity.csv", "plan.toml", "layers/polaruang.gpkg", "site.geojson", "gone", "gone-site"]
)
def test_another_file_is_named_and_exit_2(
    run: Run, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = shutil.copytree(
        HOME / "data" / "sample", tmp_path / "plan", ignore=shutil.ignore_patterns(".kkpr")
    )
    site = tmp_path / "site.geojson"
    shutil.copy(HOME / "examples" / "01-conform.geojson", site)
    report = tmp_path / "r.json"
    run(
        "check",
        str(site),
        "--plan",
        str(plan),
        "--as-of",
        "2025-01-01",
        "--format",
        "json",
        "--output",
        str(report),
    )
    assert run("verify", str(report))[0] == 0
    if name == "gone":
        shutil.rmtree(plan)
    elif name == "gone-site":
        site.unlink()
    elif name == "site.geojson":
        site.write_text(site.read_text() + "\n")
    else:
        file = plan / name
        if file.suffix == ".gpkg":
            file = next((plan / "layers").iterdir())
            name = file.name
            os.truncate(file, file.stat().st_size + 4096)
        else:
            file.write_text(file.read_text() + "\n")
    code, out, err = run("verify", str(report))
    assert (code, out) == (2, "")
    assert {"gone": "plan", "gone-site": "site.geojson"}.get(name, name) in err


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"[1]", b"\xff\xfe", b'{"schema": "kkpr-check/report/1"}', b"[" * 100_000,
     b'{"schema": "kkpr-check/report/1", "provenance": {"options": {"site": 1}}}',
     b'{"schema": "kkpr-check/report/1", "provenance": {"options": {"site": "-"}}}',
     b'{"schema": "kkpr-check/report/1", "provenance": {"options": {"nope": "-"}}}',
     b'{"schema": "x", "schema": "kkpr-check/report/1"}', b'{"schema": NaN}'],
)  # fmt: skip
def test_what_is_no_report_is_exit_2(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(content)
    code, out, err = run("verify", str(path))
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert err.startswith("kkpr-check: error:")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_slabs_agree_with_the_overlay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = np.array([rng.uniform(2e5, 8e5), 9.05e6])

    def polygon() -> Any:
        hull = shapely.convex_hull(shapely.multipoints(rng.integers(-12, 13, (5, 2)).astype(float)))
        return shapely.transform(hull, lambda p: p + at)

    subject = shapely.transform(shapely.box(-5, -5, 5, 6), lambda p: p + at)
    groups = [[p for p in (polygon() for _ in range(3)) if p.area > 0] for _ in range(2)]
    hole = shapely.difference(subject, shapely.union_all([*groups[0], *groups[1]]))
    told = slab_areas(subject, groups)
    for group, area in zip(groups, told.groups_m2, strict=True):
        assert area == pytest.approx(shapely.intersection(subject, shapely.union_all(group)).area, abs=1e-5)
    assert told.subject_m2 - told.covered_m2 == pytest.approx(hole.area, abs=1e-5)
