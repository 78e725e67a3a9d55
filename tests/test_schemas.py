"""Every JSON that is written is what its schema says, and the schemas leave nothing undescribed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import oss_builder as oss
import pytest
from cli_harness import EXAMPLES, JUDGE, SAMPLE, Run

from kkpr_check.checking import CheckRequest

ROOT = SAMPLE.parents[1]
FOLDER = ROOT / "kkpr_check" / "schemas"
SCHEMAS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
REPORT = jsonschema.Draft202012Validator(SCHEMAS["report-1"])
INFO = jsonschema.Draft202012Validator(SCHEMAS["info-1"])
VERIFICATION = jsonschema.Draft202012Validator(SCHEMAS["verification-1"])
ZONES = str(SAMPLE / "layers" / "polaruang_sintetis.shp")
CLASSES = str(SAMPLE.with_name("sample-rtrw") / "layers" / "rtrw_polaruang_sintetis.gpkg")
DATE = ("--as-of", "2025-01-01")
SITE = str(EXAMPLES / "01-conform.geojson")


def feature(ring: Any, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": ring}}


GOOD = [
    [[124.4766, -9.4478], [124.4769, -9.4478], [124.4769, -9.4482], [124.4766, -9.4482], [124.4766, -9.4478]]
]
CROSSED = [
    [[124.4766, -9.4478], [124.4769, -9.4482], [124.4769, -9.4478], [124.4766, -9.4482], [124.4766, -9.4478]]
]
BROKEN = {
    "crossed": [feature(CROSSED, role="parcel", id="x")],
    "far away": [feature([[[106.8, -6.1], [106.9, -6.1], [106.9, -6.2], [106.8, -6.1]]], role="parcel")],
    "two parcels for one building": [
        feature(GOOD, role="parcel", id="a"), feature(GOOD, role="parcel", id="b"), feature(GOOD, id="c"),
    ],
    "a building alone": [feature(GOOD, id="\x1b[31m=cmd()\u202e", kbli="47112")],
    "no numbers": [feature(GOOD, role="parcel", id=1, floors=None, kbli="")],
    "one crossed, one good": [feature(CROSSED, role="parcel", id="x"), feature(GOOD, role="parcel", id="y")],
}  # fmt: skip


def reports_of(text: str) -> list[Any]:
    read = json.loads(text)
    return read if isinstance(read, list) else [read]


def hold(reports: list[Any]) -> None:
    assert reports
    for report in reports:
        for error in REPORT.iter_errors(report):
            pytest.fail(f"{error.json_path}: {error.message}")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("0*json")), ids=lambda path: path.stem)
@pytest.mark.parametrize("lang", ["en", "id"])
def test_reports_of_the_examples(run: Run, path: Path, lang: str) -> None:
    code, out, err = run("check", str(path), *JUDGE, "--format", "json", "--lang", lang)
    assert code in (0, 1), err
    hold(reports_of(out))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--parcel", str(EXAMPLES / "08-land.geojson"), *JUDGE),
        (SITE, *JUDGE, "--suggest", "--strict-accuracy", "--include-draft"),
        (str(EXAMPLES / "04-nonconform.geojson"), *JUDGE, "--suggest", "--floors", "9", "--height-m", "40"),
        (SITE, *JUDGE, "--existing", str(EXAMPLES / "04-nonconform.geojson"), "--psn", "--kbli", "47112"),
        (SITE, "--rdtr", ZONES, *DATE),
        (SITE, "--rdtr", ZONES, "--rules", str(SAMPLE), *DATE),
        (SITE, "--rdtr", ZONES, "--rtrw", CLASSES, *DATE),
        ("--point=-9.4468,124.4764", *JUDGE),
        (SITE, "--plan", str(SAMPLE), "--as-of", "1999-01-01"),
    ],
    ids=["land", "suggest", "suggest-no", "existing", "bare", "bare-rules", "bare-two", "point", "no-plan-in-force"],
)  # fmt: skip
def test_reports_of_every_kind_of_input(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run("check", *arguments, "--format", "jsonl")
    assert code in (0, 1), err
    hold([json.loads(line) for line in out.splitlines()])


@pytest.mark.parametrize("name", BROKEN)
def test_reports_of_sites_that_can_not_be_judged(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / "site.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": BROKEN[name]}))
    code, out, err = run("check", str(path), *JUDGE, "--format", "json")
    assert code in (1, 2), (out, err)
    assert out, err
    hold(reports_of(out))


def test_the_demo(run: Run) -> None:
    code, out, err = run("demo", "--format", "json")
    assert code == 0, err
    hold(reports_of(out))


def test_reports_of_oss_payloads(run: Run, tmp_path: Path) -> None:
    ring = oss.ring_of("01-conform.geojson")
    mixed = oss.payload(
        oss.project(oss.location(ring), oss.location(ring[:2], id_proyek_lokasi="L-2"), luas_tanah="0,1"),
        oss.project(oss.location(ring), id_proyek="P-2", kbli="1111", flag_psn="Y"),
    )
    path = tmp_path / "oss.json"
    path.write_text(json.dumps(mixed))
    code, out, err = run("check", str(path), *JUDGE, "--format", "json")
    assert code in (1, 2) and out, err
    hold(reports_of(out))


@pytest.mark.parametrize(
    "arguments", [(SITE, *JUDGE), ("--point=-9.4468,124.4764", *JUDGE), (SITE, "--rdtr", ZONES, *DATE)]
)
def test_info(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run("info", *arguments, "--format", "json")
    assert code == 0, err
    for told in reports_of(out):
        for error in INFO.iter_errors(told):
            pytest.fail(f"{error.json_path}: {error.message}")


def test_verification_of_what_holds_and_of_what_does_not(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    site = str(EXAMPLES / "06-several.geojson")
    assert run("check", site, *JUDGE, "--format", "json", "--output", str(path))[0] == 1
    code, out, err = run("verify", str(path), "--format", "json")
    told = json.loads(out)
    assert (code, told["verified"]) == (0, True), err
    VERIFICATION.validate(told)
    reports = json.loads(path.read_text())
    reports[0]["ledger"][0]["area_m2"] += 5
    reports[1]["findings"].pop()
    reports[2]["tool"]["version"] = "0.0.1"
    reports[3]["surprise"] = {"not": ["here"]}
    path.write_text(json.dumps(reports))
    code, out, _ = run("verify", str(path), "--format", "json")
    told = json.loads(out)
    assert (code, told["verified"]) == (1, False)
    VERIFICATION.validate(told)
    assert [bool(report["differences"]) for report in told["reports"]] == [True, True, False, True, False]
    assert told["reports"][2]["made_by_version"] == "0.0.1"


def test_the_verification_schema_refuses_what_is_not_in_it() -> None:
    good = {
        "schema": "kkpr-check/verification/1",
        "tool": {"name": "kkpr-check", "version": "1"},
        "verified": False,
        "reports": [
            {
                "id": "a",
                "verdict": "conform",
                "values": 3,
                "made_by_version": "1",
                "differences": [{"path": "verdict", "reported": 1, "recomputed": None}],
            }
        ],
    }
    VERIFICATION.validate(good)
    for key in good:
        assert not VERIFICATION.is_valid({k: v for k, v in good.items() if k != key}), key
    for change in ({"extra": 1}, {"verified": "yes"}, {"reports": []}):
        assert not VERIFICATION.is_valid(good | change), change
    odd = copy.deepcopy(good)
    odd["reports"][0]["differences"][0]["more"] = 1
    assert not VERIFICATION.is_valid(odd)


# --- the schemas themselves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_sound_and_stands_in_the_docs(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] and SCHEMAS[name]["title"]
    pages = [page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md")]
    assert any(f"kkpr_check/schemas/{name}.json" in page for page in pages)


def open_objects(value: Any, path: str = "") -> Iterator[str]:
    """Yield where a schema lets an object have keys that it says nothing of."""
    if isinstance(value, dict):
        if value.get("type") == "object" and "additionalProperties" not in value:
            yield path
        for key, item in value.items():
            yield from open_objects(item, f"{path}/{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from open_objects(item, f"{path}/{number}")


@pytest.mark.parametrize("name", ["report-1", "verification-1"])
def test_no_object_of_a_report_is_left_undescribed(name: str) -> None:
    assert not list(open_objects(SCHEMAS[name]))


def test_the_options_of_a_report_are_those_of_a_request() -> None:
    options = SCHEMAS["report-1"]["$defs"]["provenance"]["properties"]["options"]
    assert set(options["properties"]) == {field.name for field in fields(CheckRequest)}


def test_info_and_report_tell_the_same_provenance() -> None:
    report, info = (SCHEMAS[name]["$defs"]["provenance"] for name in ("report-1", "info-1"))
    assert info["properties"] == report["properties"]
    assert set(report["required"]) - set(info["required"]) == {"feature"}
