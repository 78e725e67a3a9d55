"""`validate` on the command line: exit codes, formats that their readers can read, the baseline."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from builders import feature, geojson, polygon, ring
from cli_harness import SAMPLE, Run

import kkpr_check
from kkpr_check.errors import Place, Text
from kkpr_check.io.planfolder import plan_sha256
from kkpr_check.quality.catalogue import DOMAIN_CHECKS, ENTRIES
from kkpr_check.quality.findings import CODES, LEVELS, DataFinding, NotRun, Result, Target
from kkpr_check.report.findings_formats import FORMATS, render
from kkpr_check.report.look import Look

SCHEMA = json.loads((Path(kkpr_check.__file__).parent / "schemas" / "findings-1.json").read_text("utf-8"))
HOSTILE = "a|b <script>alert(1)</script> %0A::error::x\r\n::set-output name=a::b]]> & \x1b[31m \u202e \x00 `c` \ud800 ,:"


def zones(path: Path, *codes: str | None, apart: float = 0.001, **more: Any) -> Path:
    """Write one square a code, side by side; `apart` below 0.001 degrees lets them overlap."""
    return geojson(
        path, [feature(polygon(ring(124.48 + i * apart)), KODSZN=c, **more) for i, c in enumerate(codes)]
    )


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """A layer without any finding but those of missing official fields."""
    return zones(tmp_path / "bersih.geojson", "R-2", "R-3")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return zones(tmp_path / "buruk.geojson", "R-2", "R-3", "Q-99", apart=0.0009)


def hostile() -> Result:
    """Return findings with foreign strings in every place."""
    finding = DataFinding(
        "DAT203", "error", Text(f"code {HOSTILE}", f"kode {HOSTILE}"), Text(HOSTILE, HOSTILE), file=f"dir/{HOSTILE}.shp",
        layer=HOSTILE, feature=HOSTILE, feature_field=HOSTILE, field=HOSTILE, value=HOSTILE,
    )  # fmt: skip
    target = Target(f"dir/{HOSTILE}.shp", None, "zoning", 1, None, HOSTILE)
    return Result((target,), (finding,), ("DAT203",), (NotRun("DAT101", Text(HOSTILE, HOSTILE), HOSTILE),))


def many(count: int) -> Result:
    findings = tuple(
        DataFinding("DAT101", level, Text(f"overlap {i}", f"tumpang {i}"), Text("snap", "rapikan"), file="a.shp", feature=str(i))
        for level in ("error", "warning", "info")
        for i in range(count)
    )  # fmt: skip
    return Result((Target("a.shp", None, "zoning", count),), findings, ("DAT101",), ())


# --- exit codes -----------------------------------------------------------------------------------------------


def test_clean_warned_and_wrong_data(run: Run, clean: Path, bad: Path) -> None:
    assert run("validate", str(clean))[0] == 0
    assert run("validate", str(clean), "--strict")[0] == 1, "official fields are missing: warnings"
    assert run("validate", str(clean), "--strict", "--ignore", "DAT2")[0] == 0
    assert run("validate", str(bad))[0] == 1
    assert run("validate", str(bad), "--select", "DAT00,DAT3")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("nowhere.shp",), ("{bad}", "--format", "pdf"), ("{bad}", "--select", "XYZ"), ("{bad}", "--overwrite"),
        ("{bad}", "--baseline", "nowhere.json"), ("{bad}", "--baseline", "{bad}"),
        ("{bad}", "--output", "{bad}", "--overwrite"), ("{bad}", "--as-of", "yesterday"), ("{bad}", "--assume-crs", "EPSG:1"),
    ],
)  # fmt: skip
def test_what_cannot_run_ends_with_two(run: Run, bad: Path, arguments: tuple[str, ...]) -> None:
    before = bad.read_bytes()
    code, out, err = run("validate", *(a.format(bad=bad) for a in arguments))
    if "--assume-crs" in arguments:
        assert code in (1, 2)
    else:
        assert (code, out) == (2, "")
        assert err.startswith("kkpr-check: error: ")
    assert bad.read_bytes() == before


def test_unreadable_data_is_a_finding_and_not_the_end(run: Run, tmp_path: Path, bad: Path) -> None:
    (tmp_path / "rusak.geojson").write_text("{")
    code, out, _ = run("validate", str(tmp_path / "rusak.geojson"), str(bad), "--format", "json")
    assert code == 1
    assert {"DAT001", "DAT101"} <= set(json.loads(out)["summary"]["by_code"])


# --- formats --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "id"])
def test_json_is_what_its_schema_says(run: Run, bad: Path, lang: str) -> None:
    code, out, _ = run("validate", str(bad), str(SAMPLE), "--format", "json", "--lang", lang)
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    assert code == 1
    assert document["schema"] == "kkpr-check/findings/1"
    assert sum(document["summary"]["by_code"].values()) == len(document["findings"])
    for level in ("error", "warning", "info"):
        assert document["summary"][level] == sum(f["level"] == level for f in document["findings"])
    overlap = next(f for f in document["findings"] if f["code"] == "DAT101" and f["file"] == str(bad))
    assert (overlap["feature"], overlap["other_feature"], overlap["name"]) == ("0", "1", "overlap")
    assert overlap["witness"]["type"] == "Polygon"
    assert 124.48 < overlap["witness"]["coordinates"][0][0][0] < 124.482
    assert all(CODES[f["code"]].name == f["name"] for f in document["findings"])


def test_the_same_data_give_the_same_bytes(run: Run, bad: Path) -> None:
    calls = [run("validate", str(bad), str(SAMPLE), "--format", "json")[1] for _ in range(2)]
    assert calls[0] == calls[1]


def test_json_lines_are_the_findings_and_then_the_rest(run: Run, bad: Path) -> None:
    _, whole, _ = run("validate", str(bad), "--format", "json")
    _, out, _ = run("validate", str(bad), "--format", "jsonl")
    *findings, rest = [json.loads(line) for line in out.splitlines()]
    document = json.loads(whole)
    assert findings == document.pop("findings")
    assert rest == document


@pytest.mark.parametrize("result", [hostile(), many(3)], ids=["hostile", "many"])
def test_json_takes_any_string(result: Result) -> None:
    jsonschema.validate(json.loads(render(result, "json", "en")), SCHEMA)


def test_junit_can_be_parsed_and_fails_on_errors_only() -> None:
    root = ET.fromstring(render(hostile(), "junit", "en").encode())
    (failure,) = root.iter("failure")
    assert "<script>" in (failure.text or "")
    assert root.attrib["failures"] == "1"
    root = ET.fromstring(render(many(2), "junit", "en").encode())
    (case,) = [c for c in root.iter("testcase") if c.attrib["name"].startswith("DAT101")]
    assert len(case.findall("failure")) == 1
    assert "overlap 1" in (case.findtext("system-out") or "")
    assert int(root.attrib["tests"]) == len(list(root.iter("testcase")))


def test_a_check_that_was_not_run_is_skipped_in_junit() -> None:
    result = Result(
        (Target("a.shp", None, "zoning", 1),),
        (),
        ("DAT101",),
        (NotRun("DAT106", Text("no boundary", "tanpa batas"), "a.shp"),),
    )
    cases = {
        c.attrib["name"]: c for c in ET.fromstring(render(result, "junit", "en").encode()).iter("testcase")
    }
    assert cases["DAT106 outside-boundary"].find("skipped") is not None
    assert cases["DAT101 overlap"].find("failure") is None


def test_sarif_has_the_parts_that_its_readers_need() -> None:
    for result in (hostile(), many(2)):
        document = json.loads(render(result, "sarif", "en"))
        assert document["version"] == "2.1.0"
        (sarif_run,) = document["runs"]
        rules = sarif_run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        prints = [item["partialFingerprints"]["kkprCheck/v1"] for item in sarif_run["results"]]
        assert len(set(prints)) == len(prints) == len(result.findings)
        for item, finding in zip(sarif_run["results"], result.findings, strict=True):
            assert rules[item["ruleIndex"]]["id"] == item["ruleId"] == finding.code
            assert item["level"] in ("error", "warning", "note")
            assert item["message"]["text"]
            uri = item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9/~._%-]+", uri)
            assert item["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1


def test_github_says_the_summary_first_and_no_more_than_ten_a_level() -> None:
    lines = render(many(25), "github", "en").splitlines()
    assert lines[0] == "::error title=kkpr-check validate::25 errors, 25 warnings, 25 info"
    counts = {
        level: sum(line.startswith(f"::{level} ") for line in lines)
        for level in ("error", "warning", "notice")
    }
    assert counts == {"error": 10, "warning": 10, "notice": 10}


def test_github_commands_cannot_be_injected() -> None:
    lines = render(hostile(), "github", "en").splitlines()
    assert len(lines) == 2
    for line in lines:
        assert re.fullmatch(r"::error [a-z]+=[^:]*(,[a-z]+=[^:,]*)*::[^\r\n]*", line)


def test_gitlab_code_quality() -> None:
    for result in (hostile(), many(3)):
        issues = json.loads(render(result, "gitlab", "en"))
        assert len({issue["fingerprint"] for issue in issues}) == len(issues) == len(result.findings)
        for issue in issues:
            assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
            assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
            assert issue["location"]["lines"]["begin"] >= 1


def test_markdown_has_one_row_a_finding_and_no_markup_of_others() -> None:
    text = render(hostile(), "md", "en")
    rows = [line for line in text.splitlines() if line.startswith("| error")]
    assert len(rows) == 1
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 7
    assert not re.search(r"(?<!\\)<", text)
    assert "\x1b" not in text


def test_text_tells_ten_of_a_code_and_counts_the_rest(run: Run, bad: Path) -> None:
    text = render(many(25), "text", "en", Look())
    assert text.count("overlap 1") == 3
    assert "... and 15 more" in text
    assert "\x1b" not in render(hostile(), "text", "en", Look(columns=80))
    code, out, _ = run("validate", str(bad), "--lang", "id")
    assert code == 1
    assert "kesalahan" in out
    assert "Poligon bertumpang tindih" in out


@pytest.mark.parametrize("fmt", [fmt for fmt in FORMATS if fmt != "auto"])
def test_no_findings_in_every_format(fmt: str) -> None:
    text = render(Result((), (), ("DAT101",), ()), fmt, "en")
    assert text.endswith("\n")
    assert "Traceback" not in text


def test_auto_is_github_inside_actions(
    run: Run, bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert not run("validate", str(bad), "--format", "auto")[1].startswith("::")
    step = tmp_path / "summary.md"
    step.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    code, out, _ = run("validate", str(bad), "--format", "auto")
    assert code == 1
    assert out.startswith("::error title=kkpr-check validate::")
    written = step.read_text("utf-8")
    assert written.startswith("before\n## kkpr-check validate")
    document = json.loads(run("validate", str(bad), "--format", "json")[1])
    assert len(re.findall(r"^\| (error|warning|info) ", written, re.MULTILINE)) == len(document["findings"])


def test_output_goes_to_a_file_by_its_suffix(run: Run, bad: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.sarif"
    assert run("validate", str(bad), "--output", str(target))[:2] == (1, "")
    assert json.loads(target.read_text("utf-8"))["version"] == "2.1.0"
    assert run("validate", str(bad), "--output", str(target))[0] == 2


# --- baseline -------------------------------------------------------------------------------------------------


def entries_of(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text("utf-8"))["entries"])


def test_one_run_writes_several_formats(
    run: Run, bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is what a run of its own would have written, and the data are looked at once."""
    from kkpr_check import validating

    looks: list[object] = []
    look = validating.validate
    monkeypatch.setattr(validating, "validate", lambda request: looks.append(request) or look(request))
    formats = [fmt for fmt in FORMATS if fmt not in ("auto", "text")]
    also = [word for fmt in formats for word in ("--also", f"{fmt}={tmp_path / ('out.' + fmt)}")]
    code, out, err = run("validate", str(bad), *also)
    assert code == 1 and len(looks) == 1
    assert out == run("validate", str(bad))[1]
    for fmt in formats:
        assert f"out.{fmt}" in err
        if fmt != "gpkg":
            alone = run("validate", str(bad), "--format", fmt)[1]
            assert (tmp_path / f"out.{fmt}").read_text("utf-8") == alone, fmt
    assert (tmp_path / "out.gpkg").read_bytes().startswith(b"SQLite format 3")
    assert run("validate", str(bad), "--also", f"sarif={tmp_path / 'out.sarif'}")[0] == 2, "it exists"
    assert run("validate", str(bad), "--overwrite", "--also", f"sarif={tmp_path / 'out.sarif'}")[0] == 1


@pytest.mark.parametrize(
    "also", ["sarif", "sarif=", "=x.sarif", "xml=x.xml", "auto=x.txt", "json=no/such/folder/x.json", "json={bad}"]
)  # fmt: skip
def test_what_also_cannot_be_is_refused(run: Run, bad: Path, tmp_path: Path, also: str) -> None:
    before = bad.read_bytes()
    code, out, _ = run("validate", str(bad), "--overwrite", "--also", also.format(bad=bad))
    assert code == 2 and not out and bad.read_bytes() == before
    same = tmp_path / "x.json"
    assert run("validate", str(bad), "--output", str(same), "--also", f"md={same}")[0] == 2
    assert not same.exists()


def test_results_stand_beside_plans_and_in_hidden_folders_but_not_in_a_plan(run: Run, tmp_path: Path) -> None:
    """CI looks at `.` and leaves its report there."""
    plan = tmp_path / "rencana" / "satu"
    shutil.copytree(SAMPLE, plan)
    (plan / ".ci").mkdir()
    call = ("validate", str(tmp_path), "--select", "DAT3", "--also")
    assert run(*call, f"gitlab={tmp_path / 'report.json'}")[0] == 0
    assert run(*call, f"gitlab={plan / '.ci' / 'report.json'}")[0] == 0
    assert (
        run("validate", str(plan / "plan.toml"), "--select", "DAT3", "--also", f"json={plan / 'x.json'}")[0]
        == 2
    )
    code, _, err = run(*call, f"gitlab={plan / 'report.json'}")
    assert code == 2 and "replace an input" in err
    layers = plan / "layers"
    assert run("validate", str(layers), "--select", "DAT3", "--also", f"json={layers / 'x.json'}")[0] == 2


def test_a_baseline_lets_only_new_findings_fail(run: Run, bad: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    code, _, err = run("validate", str(bad), "--write-baseline", str(known))
    assert code == 0
    assert "known.json" in err
    code, out, _ = run("validate", str(bad), "--baseline", str(known), "--format", "json", "--strict")
    document = json.loads(out)
    assert code == 0
    assert document["findings"] == []
    assert document["summary"]["suppressed"] == len(entries_of(known))
    zones(bad, "R-2", "R-3", "Q-99", "Z-77", apart=0.0009)
    code, out, _ = run("validate", str(bad), "--baseline", str(known), "--format", "json")
    new = {(f["code"], f["feature"]) for f in json.loads(out)["findings"] if f["level"] == "error"}
    assert code == 1
    assert new == {("DAT203", "3"), ("DAT101", "2")}


def test_entries_that_match_nothing_and_that_have_expired(run: Run, bad: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    run("validate", str(bad), "--write-baseline", str(known))
    entries = entries_of(known)
    unknown = next(e for e in entries if e["code"] == "DAT203")
    unknown["expires"] = "2026-11-30"
    entries.append(
        {"code": "DAT101", "file": str(bad), "feature": "8", "other_feature": "9", "reason": "gone"}
    )
    known.write_text(json.dumps({"schema": "kkpr-check/baseline/1", "entries": entries}))
    call = ("validate", str(bad), "--baseline", str(known), "--format", "json", "--as-of")
    code, out, _ = run(*call, "2026-11-30")
    assert code == 0
    assert [label.split()[0] for label in json.loads(out)["baseline"]["unmatched"]] == ["DAT101"]
    code, out, _ = run(*call, "2026-12-01")
    assert code == 1
    assert [f["code"] for f in json.loads(out)["findings"]] == ["DAT203"]
    assert len(json.loads(out)["baseline"]["expired"]) == 1
    assert "matches nothing" in run("validate", str(bad), "--baseline", str(known))[1]


def test_reasons_and_dates_survive_a_rewrite(run: Run, bad: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    run("validate", str(bad), "--write-baseline", str(known))
    entries = entries_of(known)
    entries[0] |= {"reason": "surat dinas 12", "expires": "2030-01-01"}
    known.write_text(json.dumps({"schema": "kkpr-check/baseline/1", "entries": entries}))
    assert run("validate", str(bad), "--baseline", str(known), "--write-baseline", str(known))[0] == 2
    for named in ((), ("--baseline", str(known))):
        assert run("validate", str(bad), *named, "--write-baseline", str(known), "--overwrite")[0] == 0
        assert entries_of(known)[0] == entries[0]
    known.write_text("{}")
    assert run("validate", str(bad), "--write-baseline", str(known), "--overwrite")[0] == 0
    assert [entry["code"] for entry in entries_of(known)] == [entry["code"] for entry in entries]


def test_alike_findings_are_counted(run: Run, tmp_path: Path) -> None:
    """Two findings of the same identity need two entries: a third one is new."""
    from kkpr_check.quality import baseline

    one = many(1).findings[0]
    text = baseline.document([one, one], "known")
    entries = baseline.parse(text, Place("known.json"))
    outcome = baseline.apply([one, one, one], entries, dt.date(2026, 1, 1))
    assert (len(outcome.findings), outcome.suppressed, outcome.unmatched) == (1, 2, ())
    assert len(baseline.apply([one], entries, dt.date(2026, 1, 1)).unmatched) == 1


# --- the baseline of a plan itself ----------------------------------------------------------------------------


@pytest.fixture
def owning(tmp_path: Path) -> Path:
    """A copy of the sample with its own baseline, in a folder whose name needs care."""
    folder = tmp_path / "rencana ünik" / "plan"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(".kkpr", "plan.lock"))
    return folder


def put_entries(plan: Path, entries: list[dict[str, Any]]) -> None:
    text = json.dumps({"schema": "kkpr-check/baseline/1", "entries": entries})
    (plan / "baseline.json").write_text(text, "utf-8")


@pytest.mark.parametrize("target", [".", "./", "{name}", "{above}/plan.toml", "{whole}", "../plan/"])
def test_the_sample_knows_its_defects_from_any_folder(
    run: Run, owning: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(owning.parent if "{name}" in target else owning)
    call = target.format(name=owning.name, above=owning, whole=owning)
    code, out, _ = run("validate", call, "--format", "json", "--strict")
    document = json.loads(out)
    assert code == 0
    assert document["summary"]["suppressed"] == len(entries_of(owning / "baseline.json"))
    assert document["baseline"] == {"unmatched": [], "expired": []}
    assert {finding["level"] for finding in document["findings"]} == {"info"}


def test_each_defect_of_the_sample_has_its_reason() -> None:
    assert all(len(entry["reason"]) > 20 for entry in entries_of(SAMPLE / "baseline.json"))


def test_entries_of_a_plan_expire_and_are_told_when_stale(run: Run, owning: Path) -> None:
    entries = entries_of(owning / "baseline.json")
    overlap = next(entry for entry in entries if entry["code"] == "DAT101")
    overlap["expires"] = "2026-01-31"
    entries.append({"code": "DAT101", "file": "layers/no-more.shp", "reason": "gone"})
    put_entries(owning, entries)
    call = ("validate", str(owning), "--format", "json", "--as-of")
    assert run(*call, "2026-01-31")[0] == 0
    code, out, _ = run(*call, "2026-02-01")
    document = json.loads(out)
    assert code == 1
    assert [f["code"] for f in document["findings"] if f["level"] == "error"] == ["DAT101"]
    assert len(document["baseline"]["expired"]) == 1
    (stale,) = document["baseline"]["unmatched"]
    assert stale.startswith("DAT101")
    assert (owning / "layers" / "no-more.shp").as_posix() in stale
    assert json.loads(run(*call, "2026-01-31", "--select", "DAT2")[1])["baseline"]["unmatched"] == []


def test_the_command_line_takes_the_place_of_the_baseline_of_a_plan(
    run: Run, owning: Path, tmp_path: Path
) -> None:
    code, out, _ = run("validate", str(owning), "--baseline", "none", "--format", "json")
    assert (code, json.loads(out)["summary"]["suppressed"]) == (1, 0)
    empty = tmp_path / "empty.json"
    empty.write_text('{"schema": "kkpr-check/baseline/1", "entries": []}', "utf-8")
    assert run("validate", str(owning), "--baseline", str(empty))[0] == 1
    known = tmp_path / "all.json"
    assert run("validate", str(owning), "--write-baseline", str(known))[0] == 0
    assert "DAT101" in {entry["code"] for entry in json.loads(known.read_text("utf-8"))["entries"]}
    assert run("validate", str(owning), "--baseline", str(known), "--strict")[0] == 0


def test_a_written_baseline_can_become_that_of_the_plan(
    run: Run, owning: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as inside:
        inside.chdir(owning)
        assert run("validate", ".", "--write-baseline", "baseline.json", "--overwrite")[0] == 0
    code, out, _ = run("validate", str(owning), "--format", "json")
    assert code == 0
    assert json.loads(out)["findings"] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nowhere.json", None),
        ("layers", None),
        ("broken.json", "{"),
        ("broken.json", "\ud83d"),
        ("../outside.json", '{"schema": "kkpr-check/baseline/1", "entries": []}'),
        ("/etc/hostname", None),
        ("https://example.org/b.json", None),
    ],
)
def test_a_baseline_of_a_plan_that_cannot_be_read_is_an_error(
    run: Run, owning: Path, name: str, text: str | None
) -> None:
    if text is not None:
        (owning / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    toml = owning / "plan.toml"
    toml.write_text(toml.read_text("utf-8").replace('"baseline.json"', json.dumps(name), 1), "utf-8")
    code, out, _ = run("validate", str(owning), "--format", "json", "--select", "DAT010")
    (finding,) = json.loads(out)["findings"]
    assert (code, finding["code"], finding["level"]) == (1, "DAT010", "error")
    assert json.loads(out)["summary"]["suppressed"] == 0


@pytest.mark.parametrize("value", ["3", '""', '["a.json"]', "true"])
def test_a_baseline_key_of_the_wrong_kind_is_placed(run: Run, owning: Path, value: str) -> None:
    toml = owning / "plan.toml"
    toml.write_text(
        toml.read_text("utf-8").replace('baseline = "baseline.json"', f"baseline = {value}", 1), "utf-8"
    )
    code, out, _ = run("validate", str(owning), "--format", "json", "--select", "DAT010")
    assert code == 1
    assert json.loads(out)["findings"][0]["field"] == "validate.baseline"


def test_the_lock_of_a_plan_leaves_its_baseline_out(owning: Path) -> None:
    before = plan_sha256(owning)
    put_entries(owning, [])
    assert plan_sha256(owning) == before


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"schema": "x", "entries": []}', '{"schema": "kkpr-check/baseline/1", "entries": [{"file": "a"}]}',
     '{"schema": "kkpr-check/baseline/1", "entries": [{"code": "DAT101", "until": "2026-01-01"}]}',
     '{"schema": "kkpr-check/baseline/1", "entries": [{"code": "DAT101", "expires": "soon"}]}',
     '{"schema": "kkpr-check/baseline/1", "entries": [{"code": "DAT101", "count": 0}]}'],
)  # fmt: skip
def test_a_wrong_baseline_is_refused(run: Run, bad: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "known.json").write_text(text)
    assert run("validate", str(bad), "--baseline", str(tmp_path / "known.json"))[0] == 2


def test_the_codes_are_those_of_the_contract() -> None:
    names = """unreadable missing-part crs-missing crs-implausible axes-swapped geometry-type null-geometry not-read-whole
    encoding | overlap gap sliver duplicate-geometry invalid-geometry outside-boundary uncovered-boundary chord-sliver
    mergeable-neighbours | field-missing value-missing code-unknown code-name-conflict luasha-differs admin-name text-truncated
    mojibake join-residue overlay-value-unknown code-spelling | itbx-grammar subzone-without-rules rules-without-subzone
    ladder-hole ladder-overlap uncited limits-contradict condition-undefined kbli-unknown | case-failed"""
    frozen = {
        f"DAT{family}{number:02}": name
        for family, group in enumerate(names.split("|"))
        for number, name in enumerate(group.split(), start=1)
    }
    assert frozen.items() <= {code: entry.name for code, entry in CODES.items()}.items()
    documented = (Path(kkpr_check.__file__).parents[1] / "docs" / "validate.md").read_text("utf-8")
    for code in CODES:
        assert code in documented


def test_every_code_can_be_explained_and_every_demand_is_answered_by_a_code() -> None:
    assert list(ENTRIES) == list(CODES)
    for entry in ENTRIES.values():
        assert set(entry.levels.split(", ")) <= set(LEVELS)
        assert all(text.en.strip() and text.id.strip() for text in entry[2:])
    numbers = [f"{kind}{n:02}" for kind, last in (("F", 9), ("T", 8), ("A", 16)) for n in range(1, last + 1)]
    assert list(DOMAIN_CHECKS) == numbers
    answered = {code for _, codes in DOMAIN_CHECKS.values() for code in codes}
    assert answered <= set(CODES)
    assert {code for code in CODES if code < "DAT3"} <= answered


def test_a_step_summary_ends_before_github_drops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kkpr_check.cli.output import add_to_step_summary

    step = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    add_to_step_summary("| a |\n", "en")
    assert step.read_text("utf-8") == "| a |\n"
    add_to_step_summary("| é é é é |\n" * 200_000, "en")
    text = step.read_text("utf-8")
    assert len(text.encode()) < 1_000_300
    assert text.endswith("--format json.\n")
    assert set(text.splitlines()[1:-2]) == {"| é é é é |"}
    add_to_step_summary("| b |\n", "id")
    assert "| b |" not in step.read_text("utf-8")
    assert step.stat().st_size < 1_048_576


@pytest.mark.parametrize(
    ("name", "unproved"),
    [
        ("zones", {"DAT303"}), ("itbx", {"DAT302", "DAT308", "DAT309", "DAT312"}), ("intensity", {"DAT302"}),
        ("conditions", {"DAT308"}), ("kbli", {"DAT309", "DAT311"}), ("cases", set()),
    ],
)  # fmt: skip
def test_a_table_that_can_not_be_read_is_one_finding(
    run: Run, tmp_path: Path, name: str, unproved: set[str]
) -> None:
    """What it would have been held against is told as not checked, not as hundreds of errors."""
    plan = tmp_path / "plan"
    shutil.copytree(SAMPLE, plan)
    options = ("--select", "DAT30,DAT31", "--baseline", "none", "--format", "json")
    before = json.loads(run("validate", str(plan), *options)[1])["summary"]["by_code"]
    with (plan / f"{name}.csv").open("ab") as stream:
        stream.write(b"x,\xff\xfe\n")
    document = json.loads(run("validate", str(plan), *options)[1])
    found = document["summary"]["by_code"]
    assert found.pop("DAT313", 0) + found.pop("DAT301", 0) == 1
    assert set(found.items()) <= set(before.items())
    assert {item["code"] for item in document["not_run"]} == unproved
