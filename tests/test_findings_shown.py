"""What a person or a CI service is shown of many findings: the worst and largest first, each code named, a place to look at."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import shapely
from builders import write
from cli_harness import Run
from shapely.geometry import mapping

from kkpr_check.errors import Text
from kkpr_check.quality.base import quoted
from kkpr_check.quality.catalogue import ENTRIES
from kkpr_check.quality.findings import CODES, DataFinding, Level, NotRun, Result, Target
from kkpr_check.report.findings_formats import render

E0, N0 = 661_000.0, 8_955_000.0


def finding(code: str, level: Level, feature: int, area_m2: float | None = None, **more: Any) -> DataFinding:
    return DataFinding(
        code, level, Text(f"{code} of {feature}", f"{code} pada {feature}"), Text("mend it", "betulkan"), file="./peta/a.shp",
        layer="a", feature=str(feature), area_m2=area_m2, **more,
    )  # fmt: skip


@pytest.fixture
def result() -> Result:
    """Forty slivers, then thirty overlaps that grow, then one unknown code."""
    found = [finding("DAT103", "warning", n) for n in range(40)]
    found += [
        finding("DAT101", "error", n, float(n), witness=shapely.box(124, -9, 124.1, -8.9)) for n in range(30)
    ]
    found += [finding("DAT203", "error", 7, field="KODE", value="J3")]
    target = Target("./peta/a.shp", None, "zoning", 50, "urn:ogc:def:crs:EPSG::32751", "a")
    return Result((target,), tuple(found), ("DAT101", "DAT103", "DAT203"), ())


def test_github_names_every_code_within_its_ten(result: Result) -> None:
    lines = render(result, "github", "en").splitlines()
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 10
    assert "31 errors, 40 warnings" in errors[0]
    assert "DAT101 of 29" in errors[1] and "DAT203 of 7" in errors[2]
    assert [bool(re.search(r"\(\+22 more DAT101\)$", line)) for line in errors] == [False] * 9 + [True]
    assert all("file=peta/a.shp," in line for line in errors[1:])
    assert any(line.endswith("(+30 more DAT103)") for line in lines)


def test_a_place_can_be_pasted_into_a_map(result: Result) -> None:
    for fmt in ("text", "github", "gitlab", "md", "sarif", "junit"):
        assert "-8.950000,124.050000" in render(result, fmt, "en").replace("\\-", "-"), fmt


def test_text_has_errors_first_and_the_largest_where_it_is_cut(result: Result) -> None:
    lines = render(result, "text", "en").splitlines()
    assert lines[0] == "./peta/a.shp  (zoning, 50 features, EPSG:32751)"
    heads = [line.split(":")[0].strip() for line in lines if re.match(r"  DAT\d", line)]
    assert heads == ["DAT101 error", "DAT203 error", "DAT103 warning"]
    told = [line for line in lines if "DAT101 of" in line]
    assert len(told) == 10 and "of 29" in told[0] and "of 20" in told[-1]


def test_text_says_once_what_holds_for_many_features() -> None:
    same = [
        DataFinding("DAT203", "error", Text("code J3", "kode J3"), Text("K-3?", "K-3?"), file="a.shp", layer="a", feature=str(n),
                    feature_field="FID", field="KODE")
        for n in range(70)
    ]  # fmt: skip
    out = render(Result((Target("a.shp", None, "zoning", 70),), tuple(same), ("DAT203",), ()), "text", "en")
    assert "    70 features (FID 0, 1, 2, 3, 4 ...), KODE: code J3\n" in out
    assert "more" not in out


def test_a_reason_for_not_checking_is_said_once() -> None:
    why = Text("no boundary", "tanpa batas")
    targets = tuple(Target(f"{n}.shp", None, "zoning", 1) for n in range(9))
    skipped = tuple(NotRun(code, why, f"{n}.shp") for n in range(9) for code in ("DAT106", "DAT107"))
    out = render(Result(targets, (), (), skipped), "text", "en")
    assert out.count("no boundary") == 1 and "DAT106, DAT107: no boundary (0.shp, 1.shp, ...)" in out


@pytest.mark.parametrize(("fmt", "most"), [("md", 65_536), ("step-summary", 1_000_000)])
def test_markdown_that_has_no_room_names_every_code(fmt: str, most: int) -> None:
    many = [finding("DAT101", "error", n, float(n)) for n in range(20_000)] + [
        finding("DAT207", "warning", 1),
        finding("DAT203", "error", 1, value="\U0001f9ed" * 400),
    ]
    page = render(Result((), tuple(many), (), ()), fmt, "en")
    assert most // 2 < len(page.encode("utf-16-le")) // 2 <= most
    assert "| DAT101 | Polygons overlap | 20,000 |" in page and "| DAT203 of 1 |" in page
    told = [int(n) for n in re.findall(r"DAT101 of (\d+) ", page)]
    assert told == sorted(told, reverse=True) and told[0] == 19_999
    (left,) = re.findall(r"^… and ([\d,]+) more \(`--format json`\)$", page, re.MULTILINE)
    assert int(left.replace(",", "")) + page.count("| mend it |") == len(many)
    assert "| DAT207 of 1 |" in page


def test_junit_counts_what_was_left_out(result: Result) -> None:
    skipped = NotRun("DAT106", Text("no boundary", "tanpa batas"), "./peta/a.shp")
    suites = ET.fromstring(
        render(Result(result.targets, result.findings, result.checks_run, (skipped,)), "junit", "en")
    )
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("4", "2", "0")
    assert sum(int(suite.get("skipped", "")) for suite in suites) == 1
    failure = suites.find(".//failure")
    assert failure is not None and (failure.text or "").endswith("-> mend it")


@pytest.mark.parametrize("lang", ["en", "id"])
def test_sarif_rules_carry_their_help(lang: str) -> None:
    found = tuple(finding(code, "error", 1) for code in CODES)
    (one,) = json.loads(render(Result((), found, tuple(CODES), ()), "sarif", lang))["runs"]
    for rule in one["tool"]["driver"]["rules"]:
        entry = ENTRIES[rule["id"]]
        assert entry.remedy.pick(lang) in rule["help"]["text"] and entry.source in rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert rule["properties"]["tags"]
    assert one["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "peta/a.shp"


def test_sarif_stays_below_what_github_takes() -> None:
    many = [finding("DAT101", "error", n) for n in range(30_000)] + [finding("DAT207", "warning", 1)]
    text = render(Result((), tuple(many), (), ()), "sarif", "en")
    (one,) = json.loads(text)["runs"]
    assert len(one["results"]) == 25_000 and {r["ruleId"] for r in one["results"]} == {"DAT101", "DAT207"}
    (notice,) = one["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("5001 more findings")


def test_long_values_are_cut_in_messages_only(run: Run, tmp_path: Path) -> None:
    shapes = [shapely.box(E0 + 100 * n, N0, E0 + 100 * n + 100, N0 + 100) for n in range(3)]
    codes = ["R-3", "Z" * 300, "K-1"]
    layer = write(tmp_path / "zona.gpkg", shapes, {"KODSZN": codes, "K" * 290: ["x"] * 3}, driver="GPKG")
    for fmt in ("text", "github", "gitlab", "md", "junit", "sarif"):
        out = run("validate", str(layer), "--format", fmt)[1]
        assert "Z" * 60 in out and "Z" * 61 not in out and "300 chars" in out, fmt
    found = json.loads(run("validate", str(layer), "--format", "json")[1])["findings"]
    assert [f["value"] for f in found if f["code"] == "DAT203"] == ["Z" * 300]
    assert quoted("é" * 61) == f'"{"é" * 60}…" (61 chars)'


def test_one_unreadable_file_among_ten_is_counted(run: Run, tmp_path: Path) -> None:
    for n in range(9):
        shape = mapping(shapely.box(124.5 + n / 100, -9.4, 124.505 + n / 100, -9.395))
        feature = {"type": "Feature", "properties": {"KODSZN": "R-3", "NAMOBJ": "x"}, "geometry": shape}
        text = json.dumps({"type": "FeatureCollection", "features": [feature]})
        (tmp_path / f"{n}.geojson").write_text(text, "utf-8")
    (tmp_path / "9.geojson").write_text(text[:200], "utf-8")
    code, out, err = run("validate", str(tmp_path))
    assert (code, err) == (1, "")
    assert out.splitlines()[-1].endswith("9 layers, 9 features, 1 could not be read")
