from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_values import conforming, failing
from test_report_json import VALIDATOR

from kkpr_check import checking
from kkpr_check.checking import CheckRequest
from kkpr_check.cli import main
from kkpr_check.cli.app import build
from kkpr_check.cli.language import indonesian, resolve
from kkpr_check.cli.main import lift_globals
from kkpr_check.errors import InputError, Place, Text
from kkpr_check.model import Report, Verdict

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KKPR_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[CheckRequest]:
    """Make `check` answer with one conforming report; returns the requests it got."""
    return answer(monkeypatch, [conforming()])


def answer(monkeypatch: pytest.MonkeyPatch, reports: Sequence[Report]) -> list[CheckRequest]:
    requests: list[CheckRequest] = []

    def fake(request: CheckRequest) -> tuple[Report, ...]:
        requests.append(request)
        return tuple(reports)

    monkeypatch.setattr(checking, "run", fake, raising=False)
    return requests


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fake(request: CheckRequest) -> tuple[Report, ...]:
        raise error

    monkeypatch.setattr(checking, "run", fake, raising=False)


def process(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    clean = {
        k: v
        for k, v in os.environ.items()
        if k not in ("KKPR_LANG", "LC_ALL", "LANG", "NO_COLOR", "PYTHONUTF8")
    }
    return subprocess.run(
        [sys.executable, "-m", "kkpr_check", *arguments], input=stdin, capture_output=True, timeout=60,
        env=clean | environment, check=False,
    )  # fmt: skip


CHECK = ("check", "site.geojson", "--plan", "plan")


# --- the call ---------------------------------------------------------------------------------------------------


def test_check_hands_every_option_on(run: Run, judged: list[CheckRequest]) -> None:
    code, _, _ = run(
        "check", "s.shp", "--parcel", "p.gpkg", "--plan", "a", "--plan", "b", "--existing", "e.fgb", "--kbli", "47111",
        "--activity", "ruko", "--floors", "2", "--height-m", "7.5", "--floor-area-m2", "100", "--basement-area-m2",
        "10", "--green-area-m2", "30", "--legal-area-m2", "400", "--road-class", "lokal-primer", "--business-scale",
        "micro", "--psn", "--id", "x", "--as-of", "2025-01-31", "--include-draft", "--strict-accuracy",
        "--assume-crs", "EPSG:32751", "--layer", "l", "--parcel-layer", "m", "--encoding", "cp1252", "--swap-xy",
    )  # fmt: skip
    assert code == 0
    (request,) = judged
    assert (request.site, request.parcel, request.existing, request.plans) == (
        "s.shp",
        "p.gpkg",
        "e.fgb",
        ("a", "b"),
    )
    assert request.as_of == dt.date(2025, 1, 31)
    assert request.options == {
        "kbli": "47111", "activity": "ruko", "floors": "2", "height_m": "7.5", "floor_area_m2": "100",
        "basement_area_m2": "10", "green_area_m2": "30", "legal_area_m2": "400", "road_class": "lokal-primer",
        "business_scale": "micro", "psn": True, "id": "x",
    }  # fmt: skip
    assert request.include_draft and request.strict_accuracy and request.swap_xy
    assert (request.layer, request.parcel_layer, request.encoding) == ("l", "m", "cp1252")
    assert request.assume_crs == "EPSG:32751"


def test_what_is_not_given_is_not_in_the_request(run: Run, judged: list[CheckRequest]) -> None:
    assert run("check", "--parcel", "p.gpkg", "--plan", "a")[0] == 0
    (request,) = judged
    assert request == CheckRequest(parcel="p.gpkg", plans=("a",), as_of=dt.date.today())


def test_bare_layers_and_a_point_are_handed_on(run: Run, judged: list[CheckRequest]) -> None:
    run(
        "check", "--point=-9.4,124.5", "--rdtr", "r.shp", "--rtrw", "w.shp", "--rtrw", "x.shp", "--rules", "d"
    )
    (request,) = judged
    assert (request.point, request.rdtr, request.rtrw, request.rules) == (
        "-9.4,124.5", "r.shp", ("w.shp", "x.shp"), "d",
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--plan", "p"),
        ("check", "s.shp"),
        ("check", "s.shp", "--plan", "p", "--rdtr", "r.shp"),
        ("check", "s.shp", "--plan", "p", "--rtrw", "r.shp"),
        ("check", "s.shp", "--rules", "d", "--rtrw", "r.shp"),
        ("check", "s.shp", "--point", "1,2", "--plan", "p"),
        ("check", "--parcel", "s.shp", "--point", "1,2", "--plan", "p"),
        ("check", "-", "--parcel", "-", "--plan", "p"),
        ("check", "s.shp", "--plan", "p", "--parcel-layer", "x"),
        ("check", "s.shp", "--plan", "p", "--strict", "--allow-undetermined"),
        ("check", "s.shp", "--plan", "p", "--overwrite"),
        ("check", "s.shp", "--plan", "p", "--format", "docx"),
        ("check", "s.shp", "--plan", "p", "--as-of", "24-11-2026"),
        ("check", "s.shp", "--plan", "p", "--as-of", "2026-02-30"),
        ("check", "s.shp", "t.shp", "--plan", "p"),
        ("check", "s.shp", "--plan", "p", "--flors", "2"),
        ("check", "s.shp", "--plan"),
        ("check", "s.shp", "--plan", "p", "--quiet", "--verbose"),
        ("check", "s.shp", "--plan", "p", "--lang", "fr"),
        ("chek",),
        ("plan", "init", "a.shp"),
        ("plan", "lock"),
        ("plan", "import-itbx", "a.xlsx"),
        ("rules", "explain"),
        ("rules", "explain", "INT999"),
        ("rules", "list", "--format", "xml"),
        (),
        ("rules",),
    ],
)
@pytest.mark.parametrize("lang", ["id", "en"])
def test_bad_calls_are_exit_2_with_one_message_and_nothing_on_stdout(
    run: Run,
    judged: list[CheckRequest],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    lang: str,
) -> None:
    monkeypatch.setenv("KKPR_LANG", lang)
    code, out, err = run(*arguments)
    assert code == 2 and out == "" and judged == []
    assert "Traceback" not in err and "unexpected problem" not in err and "tak terduga" not in err
    word = {"id": "kesalahan:", "en": "error:"}[lang]
    help_page = {"id": "Pemakaian:", "en": "Usage:"}[lang]
    assert err.startswith(f"kkpr-check: {word}") or (arguments in ((), ("rules",)) and help_page in err)


def test_usage_errors_say_what_and_where_to_look(run: Run) -> None:
    assert "--floors" in run("check", "--flors", "2")[2]
    assert "`kkpr-check check --help`" in run("check", "--flors", "2")[2]
    assert run("rules", "explain", "--lang", "id")[2].startswith(
        "kkpr-check: kesalahan: CODE belum diberikan"
    )
    assert "perintah tidak dikenal: 'chek'" in run("chek", "--lang", "id")[2]
    assert "INT001" in run("rules", "explain", "INT01")[2]


WORDS = ["check", "rules", "list", "explain", "plan", "show", "doctor", "s.shp", "-", "--", "--plan", "--parcel", "--lang",
         "id", "fr", "--format", "json", "text", "--floors", "--psn", "--no-psn", "--quiet", "--verbose", "--help", "-h",
         "--as-of", "2025-01-01", "--strict", "--output", "--point", "-9,124", "", "INT001", "--version", "--x=1",
         "--psn=2", "-x", "\u202e", "\udce9"]  # fmt: skip


@settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(st.sampled_from(WORDS), max_size=7))
def test_no_call_ends_unforeseen(
    capsys: pytest.CaptureFixture[str],
    judged: list[CheckRequest],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = main(arguments)
    said = capsys.readouterr().err
    assert code in (0, 1, 2), arguments
    assert "unexpected problem" not in said and "Traceback" not in said and "tak terduga" not in said, (
        arguments
    )


# --- exit codes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "plain", "strict", "allowing"),
    [("conform", 0, 0, 0), ("conditional", 0, 1, 0), ("undetermined", 1, 1, 0), ("partial", 1, 1, 1),
     ("nonconform", 1, 1, 1)],
)  # fmt: skip
def test_the_exit_code_is_the_verdict(
    run: Run, monkeypatch: pytest.MonkeyPatch, verdict: str, plain: int, strict: int, allowing: int
) -> None:
    answer(monkeypatch, [dataclasses.replace(conforming(), verdict=Verdict(verdict))])
    assert run(*CHECK)[0] == plain
    assert run(*CHECK, "--strict")[0] == strict
    assert run(*CHECK, "--allow-undetermined")[0] == allowing


def test_of_several_sites_the_worst_counts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, [conforming(), failing()])
    code, out, _ = run(*CHECK, "--format", "json")
    assert code == 1 and [item["verdict"] for item in json.loads(out)] == ["conform", "nonconform"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError(Text("no CRS", "tanpa CRS"), place=Place("a.shp", row=3)), "a.shp, row 3: no CRS"),
        (MemoryError(), "out of memory"),
        (RecursionError("deep"), "nested too deeply"),
        (OSError(28, "No space left on device", "x.json"), "no space left on the disk: x.json"),
        (PermissionError(13, "Permission denied", "x.shp"), "Permission denied: x.shp"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (ValueError("two\nlines \x1b[31m"), "ValueError: two)"),
        (RuntimeError("Abort it"), "RuntimeError: Abort it"),
        (AssertionError(), "(AssertionError)"),
        (SystemExit("bye"), ""),
    ],
)
def test_every_failure_is_one_message_and_exit_2(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str
) -> None:
    fail_with(monkeypatch, error)
    code, out, err = run(*CHECK)
    assert code == 2 and out == ""
    assert said in err and "Traceback" not in err and "\x1b" not in err
    assert len(err.splitlines()) <= 2


def test_verbose_shows_the_traceback_of_the_unforeseen(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, ZeroDivisionError("division by zero"))
    assert "--verbose" in run(*CHECK)[2]
    code, _, err = run(*CHECK, "--verbose")
    assert code == 2 and "Traceback" in err


def test_an_interrupt_is_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    assert run(*CHECK)[0] == 130


# --- language ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "environment", "lang"),
    [
        ([], {}, "en"),
        ([], {"LANG": "id_ID.UTF-8"}, "id"),
        ([], {"LANG": "id_ID.UTF-8", "LC_ALL": "C"}, "en"),
        ([], {"LANG": "id_ID.UTF-8", "KKPR_LANG": "en"}, "en"),
        ([], {"LANG": "", "LC_MESSAGES": "id"}, "id"),
        (["check", "--lang", "id"], {"KKPR_LANG": "en"}, "id"),
        (["--lang=en", "check"], {"KKPR_LANG": "id"}, "en"),
        (["check", "--", "--lang", "id"], {}, "en"),
        (["--lang", "fr"], {"KKPR_LANG": "id"}, "id"),
    ],
)
def test_the_language(arguments: list[str], environment: dict[str, str], lang: str) -> None:
    assert resolve(arguments, environment) == lang


def test_the_language_reaches_the_report_from_either_side(run: Run, judged: list[CheckRequest]) -> None:
    assert run(*CHECK, "--lang", "id")[1].startswith("Sesuai - lokasi")
    assert run("--lang", "id", *CHECK)[1].startswith("Sesuai - lokasi")
    assert run(*CHECK)[1].startswith("Conforms - site")


def test_global_options_move_to_the_front_but_not_past_a_double_dash() -> None:
    assert lift_globals(["check", "--quiet", "a", "--lang", "id", "--", "--verbose"]) == [
        "--quiet", "--lang", "id", "check", "a", "--", "--verbose",
    ]  # fmt: skip
    assert lift_globals(["check", "--lang"]) == ["--lang", "check"]


def commands(command: Any, path: str = "") -> list[tuple[str, Any]]:
    found = [(path, command)]
    for name, child in getattr(command, "commands", {}).items():
        found += commands(child, f"{path} {name}".strip())
    return found


def test_every_command_and_option_has_help_in_both_languages() -> None:
    for path, command in commands(build("en")):
        assert command.help and indonesian(command.help), f"{path}: {command.help!r}"
        for param in command.params:
            text = getattr(param, "help", None)
            assert text and indonesian(text), f"{path} {param.name}: {text!r}"


@pytest.mark.parametrize("path", [path for path, _ in commands(build("en"))])
def test_help_works_for_every_command(run: Run, path: str) -> None:
    code, out, err = run(*path.split(), "--help")
    assert code == 0 and err == "" and out.startswith("Usage: kkpr-check") and out.isascii()
    code, out, _ = run(*path.split(), "--help", "--lang", "id")
    assert code == 0 and out.startswith("Pemakaian: kkpr-check") and "Opsi:" in out


# --- output -----------------------------------------------------------------------------------------------------


def test_the_format_follows_the_suffix_of_the_output(
    run: Run, judged: list[CheckRequest], tmp_path: Path
) -> None:
    for name, start in (
        ("a.json", "{\n"),
        ("a.jsonl", '{"schema'),
        ("a.geojson", '{"type'),
        ("a.txt", "Conforms"),
    ):
        code, out, err = run(*CHECK, "--output", str(tmp_path / name))
        assert code == 0 and out == "" and name in err
        assert (tmp_path / name).read_text("utf-8").startswith(start)
    assert run(*CHECK, "--output", str(tmp_path / "b.json"), "--format", "text", "--quiet")[2] == ""
    assert (tmp_path / "b.json").read_text("utf-8").startswith("Conforms")


def test_an_existing_output_is_refused_before_any_work(
    run: Run, judged: list[CheckRequest], tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_text("old", "utf-8")
    code, _, err = run(*CHECK, "--output", str(path))
    assert code == 2 and "exists" in err and judged == [] and path.read_text("utf-8") == "old"
    assert run(*CHECK, "--output", str(path), "--overwrite")[0] == 0
    assert json.loads(path.read_text("utf-8"))["verdict"] == "conform"


def test_an_output_that_cannot_be_is_refused(run: Run, judged: list[CheckRequest], tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "target.json")
    for path in (tmp_path / "no" / "a.json", tmp_path, link):
        assert run(*CHECK, "--output", str(path), "--overwrite")[0] == 2, path
    assert judged == []


def test_an_output_never_replaces_an_input(run: Run, judged: list[CheckRequest], tmp_path: Path) -> None:
    site = tmp_path / "site.geojson"
    site.write_text("precious", "utf-8")
    plan = tmp_path / "plan"
    plan.mkdir()
    (plan / "zones.csv").write_text("precious", "utf-8")
    for output in (site, tmp_path / "plan" / ".." / "site.geojson", plan / "zones.csv", plan / "new.json"):
        code, _, err = run("check", str(site), "--plan", str(plan), "--output", str(output), "--overwrite")
        assert code == 2 and "replace an input" in err, output
    assert site.read_text("utf-8") == (plan / "zones.csv").read_text("utf-8") == "precious" and judged == []


def test_a_failed_write_leaves_the_old_file_and_no_rest(
    run: Run, judged: list[CheckRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text("old", "utf-8")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run(*CHECK, "--output", str(path), "--overwrite")
    assert code == 2 and "no space left" in err
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"] and path.read_text("utf-8") == "old"


def test_a_written_file_has_the_usual_permissions(
    run: Run, judged: list[CheckRequest], tmp_path: Path
) -> None:
    run(*CHECK, "--output", str(tmp_path / "a.json"))
    (tmp_path / "b").touch()
    assert (tmp_path / "a.json").stat().st_mode == (tmp_path / "b").stat().st_mode


# --- the catalogue ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("third", "code"), [("nonconform", 0), ("undetermined", 1), ("conform", 1)])
def test_demo_compares_with_what_the_examples_say(
    run: Run, monkeypatch: pytest.MonkeyPatch, third: str, code: int
) -> None:
    verdicts = iter(["conform", "conditional", third])
    requests: list[CheckRequest] = []

    def fake(request: CheckRequest) -> tuple[Report, ...]:
        requests.append(request)
        return (dataclasses.replace(conforming(), verdict=Verdict(next(verdicts))),)

    monkeypatch.setattr(checking, "run", fake, raising=False)
    got, out, err = run("demo", "--format", "jsonl")
    assert got == code and len(out.splitlines()) == 3
    assert ("NOT as expected" in err) == (code == 1)
    assert [Path(request.site or "").name[:2] for request in requests] == ["01", "02", "04"]
    assert all(Path(plan, "plan.toml").is_file() for request in requests for plan in request.plans)


def test_demo_without_its_sample_is_exit_2(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("kkpr_check.cli.demo._HOMES", (tmp_path,))
    code, _, err = run("demo")
    assert code == 2 and "not installed" in err


SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "plan"))


def test_plan_lock_writes_the_lock_once(run: Run, folder: Path) -> None:
    code, out, _ = run("plan", "lock", str(folder))
    assert code == 0 and out.strip() == str(folder / "plan.lock") and (folder / "plan.lock").is_file()
    assert run("plan", "lock", str(folder))[0] == 2
    assert run("plan", "lock", str(folder), "--overwrite")[0] == 0
    assert run("plan", "lock", str(folder / "none"))[0] == 2


def test_plan_show_says_what_the_plan_is(run: Run, folder: Path) -> None:
    code, out, _ = run("plan", "show", str(folder), "--lang", "id")
    assert code == 0 and "rdtr-kefamenanu-sintetis" in out and "Temuan pembuktian tabel" in out
    (folder / "plan.toml").write_text("id = 1", "utf-8")
    assert run("plan", "show", str(folder))[0] == 2


def test_plan_tables_go_out_to_a_workbook_and_come_back(run: Run, folder: Path) -> None:
    before = (folder / "itbx.csv").read_text("utf-8").split()
    book = str(folder / "itbx.xlsx")
    assert run("plan", "export-itbx", str(folder), book)[0] == 0
    assert run("plan", "export-itbx", str(folder), book)[0] == 2
    assert run("plan", "import-itbx", book, str(folder))[0] == 2
    code, out, _ = run("plan", "import-itbx", book, str(folder), "--overwrite", "--format", "json")
    assert code == 0 and json.loads(out)
    assert sorted((folder / "itbx.csv").read_text("utf-8").split()) == sorted(before)
    assert run("plan", "import-itbx", str(folder / "none.xlsx"), str(folder))[0] == 2


def test_plan_import_intensity_takes_its_choices(run: Run, folder: Path) -> None:
    annex = folder / "annex.csv"
    annex.write_text("Subzona,KDB (%),KLB,KDH (%)\nR-2,60,1.2,20\n", "utf-8")
    assert run("plan", "import-intensity", str(annex), str(folder), "--zero", "nothing")[0] == 2
    code, _, err = run(
        "plan", "import-intensity", str(annex), str(folder), "--overwrite", "--legal", "Perbup 1/2024"
    )
    assert code == 0, err
    assert "Perbup 1/2024" in (folder / "intensity.csv").read_text("utf-8")


def test_plan_init_adopts_a_layer_without_asking(run: Run, tmp_path: Path) -> None:
    layer = str(SAMPLE / "layers" / "polaruang_sintetis.shp")
    target = tmp_path / "new"
    assert run("plan", "init", layer)[0] == 2
    code, out, _ = run("plan", "init", layer, "--output", str(target), "--yes", "--lang", "id")
    assert code == 0 and (target / "plan.toml").is_file() and "Yang masih harus dikerjakan" in out
    assert run("plan", "init", layer, "--output", str(target), "--yes")[0] == 2
    missing = run("plan", "init", str(tmp_path / "none.shp"), "--output", str(tmp_path / "other"), "--yes")
    assert missing[0] == 2 and not (tmp_path / "other").exists()


def test_rules_list_names_every_rule_once(run: Run) -> None:
    code, out, _ = run("rules", "list")
    codes = [line.split()[0] for line in out.splitlines()]
    assert code == 0 and len(codes) == len(set(codes)) == 39
    assert codes[0] == "LOK000" and {"INT001", "KHS013", "RTR002"} <= set(codes)
    listed = json.loads(run("rules", "list", "--format", "json")[1])
    assert [item["code"] for item in listed] == codes
    assert len(run("rules", "list", "--format", "jsonl")[1].splitlines()) == 39


def test_rules_explain_takes_a_code_or_a_name_in_any_case(run: Run) -> None:
    code, out, _ = run("rules", "explain", "int001")
    assert code == 0 and out.startswith("INT001 kdb-exceeded")
    assert run("rules", "explain", "kdb-exceeded")[1] == out
    for label in ("Formula:", "Law:", "Passes:", "Fails:"):
        assert label in out
    assert "{" not in out
    assert "Dasar hukum:" in run("rules", "explain", "INT001", "--lang", "id")[1]
    assert json.loads(run("rules", "explain", "INT001", "--format", "json")[1])["judges"] == "building"


def test_doctor_finds_this_environment_well(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROJ_LIB", raising=False)
    code, out, _ = run("doctor")
    assert code == 0 and "GEOS" in out and "BROKEN" not in out
    rows = {item["what"]: item for item in json.loads(run("doctor", "--format", "json")[1])["checks"]}
    assert rows["CRS"]["level"] == "ok" and rows["shapely"]["level"] == "ok"


def test_doctor_names_the_variables_of_other_programs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDAL_DATA", "/opt/qgis/share/gdal")
    rows = {item["what"]: item for item in json.loads(run("doctor", "--format", "json")[1])["checks"]}
    assert rows["GDAL_DATA"]["level"] == "note" and "QGIS" in rows["GDAL_DATA"]["advice"]


# --- end to end on the sample ---


EXAMPLES = SAMPLE.parents[1] / "examples"
JUDGE = ("--plan", str(SAMPLE), "--plan", str(SAMPLE.with_name("sample-rtrw")), "--as-of", "2025-01-01")


@pytest.mark.parametrize(
    ("name", "verdict", "code"),
    [("01-conform", "conform", 0), ("02-conditional", "conditional", 0), ("03-partial", "partial", 1),
     ("04-nonconform", "nonconform", 1), ("05-undetermined", "undetermined", 1), ("08-land", "conditional", 0)],
)  # fmt: skip
def test_the_examples_end_with_their_verdict(run: Run, name: str, verdict: str, code: int) -> None:
    got, out, err = run("check", str(EXAMPLES / f"{name}.geojson"), *JUDGE, "--format", "json")
    document = json.loads(out)
    assert (got, document["verdict"], err) == (code, verdict, "")
    VALIDATOR.validate(document)
    for ledger in document["ledger"] + document["combined"]:
        total = sum(zone["area_m2"] for zone in ledger["zones"]) + ledger["dropped_m2"] + ledger["gap_m2"]
        assert total - ledger["overlap_m2"] == pytest.approx(ledger["area_m2"], rel=1e-6)
    west, south, east, north = 124.3, -9.6, 124.7, -9.3
    longitude, latitude = document["subject"]["location"]
    assert west < longitude < east and south < latitude < north


def test_several_sites_are_an_array_and_all_are_reported(run: Run) -> None:
    code, out, _ = run("check", str(EXAMPLES / "06-several.geojson"), *JUDGE, "--format", "json")
    documents = json.loads(out)
    assert code == 1 and len(documents) == 5
    for document in documents:
        VALIDATOR.validate(document)
    lines = run("check", str(EXAMPLES / "06-several.geojson"), *JUDGE, "--format", "jsonl")[1].splitlines()
    assert [json.loads(line) for line in lines] == documents


def test_the_same_call_gives_the_same_bytes(run: Run) -> None:
    call = ("check", str(EXAMPLES / "04-nonconform.geojson"), *JUDGE, "--format")
    for fmt in ("json", "geojson", "text"):
        assert run(*call, fmt) == run(*call, fmt)


def test_geojson_from_standard_input_and_a_point() -> None:
    site = (EXAMPLES / "08-land.geojson").read_bytes()
    done = process("check", "-", *JUDGE, "--format", "json", stdin=site)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "conditional"
    done = process("check", "--point", "-9.4468,124.4764", *JUDGE, "--format", "json")
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    VALIDATOR.validate(document)
    assert document["verdict"] == "undetermined"
    assert process("check", "--point", "-9.4468,124.4764", *JUDGE, "--allow-undetermined").returncode == 0


def test_the_synthetic_plan_is_labelled_in_both_languages(run: Run) -> None:
    call = ("check", str(EXAMPLES / "01-conform.geojson"), *JUDGE)
    assert "SYNTHETIC" in run(*call)[1] and "SINTETIS" in run(*call, "--lang", "id")[1]


def test_demo_runs_on_the_shipped_sample(run: Run) -> None:
    code, out, err = run("demo", "--lang", "id")
    assert code == 0 and "sesuai harapan" in err
    assert [label in out for label in ("Sesuai - ", "Sesuai bersyarat - ", "Tidak sesuai - ")] == [True] * 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "none.geojson", *JUDGE),
        ("check", str(EXAMPLES / "01-conform.geojson"), "--plan", "none"),
        ("check", str(EXAMPLES / "01-conform.geojson"), *JUDGE, "--kbli", "abc"),
        ("check", str(EXAMPLES / "08-land.geojson"), *JUDGE, "--floors", "1,5"),
        ("check", str(EXAMPLES / "08-land.geojson"), *JUDGE, "--road-class", "besar"),
        ("check", "--point", "48.1,11.6", *JUDGE),
        ("check", "--point", "here", *JUDGE),
        ("check", str(SAMPLE / "plan.toml"), *JUDGE),
        ("check", "-", *JUDGE),
    ],
)
def test_unreadable_input_is_exit_2_in_both_languages(arguments: tuple[str, ...]) -> None:
    for lang in ("id", "en"):
        done = process(*arguments, KKPR_LANG=lang)
        said = done.stderr.decode("utf-8")
        assert done.returncode == 2 and done.stdout == b"", (arguments, said)
        assert "Traceback" not in said and "--verbose" not in said, said
        assert said.startswith("kkpr-check: kesalahan:" if lang == "id" else "kkpr-check: error:"), said


# --- the process ------------------------------------------------------------------------------------------------


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    code = (
        "import sys, kkpr_check.cli; from kkpr_check.cli.app import build; build('id').get_help; "
        "kkpr_check.cli.main(['--help']); kkpr_check.cli.main(['check', '--help']); "
        "heavy = {'numpy', 'shapely', 'rich', 'pandas', 'geopandas', 'pyproj', 'pyogrio', 'fiona', 'pydantic'}; "
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_parsing_options_does_not_load_pydantic() -> None:
    code = (
        "import sys; from kkpr_check.cli import main; "
        "assert main(['check', 's', '--plan', 'p', '--rtrw', 'r', '--psn', '--floors', '2']) == 2; "
        "sys.exit('pydantic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_version_and_module_call() -> None:
    done = process("--version")
    assert done.returncode == 0 and done.stdout.startswith(b"kkpr-check ")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_no_console_encoding_can_crash_a_run(encoding: str, lang: str) -> None:
    for arguments in (("rules", "list"), ("rules", "explain", "TAB001"), ("--help",), ("doctor",)):
        done = process(*arguments, PYTHONIOENCODING=encoding, KKPR_LANG=lang)
        assert done.returncode == 0, done.stderr
        done.stdout.decode(encoding)
        assert b"\x1b" not in done.stdout


TERMINAL = """
import sys
sys.path.insert(0, {tests!r})
from report_values import failing
from kkpr_check import checking
from kkpr_check.cli import main
checking.run = lambda request: (failing(),)
sys.exit(main(["check", "s", "--plan", "p"]))
"""


def on_a_terminal(**environment: str) -> tuple[int, str]:
    """Run a check whose standard output is a pseudo-terminal; returns the exit code and what it showed."""
    pty = pytest.importorskip("pty")
    main_end, process_end = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-c", TERMINAL.format(tests=str(Path(__file__).parent))], stdout=process_end,
        stderr=subprocess.PIPE, env=os.environ | {"TERM": "xterm", "KKPR_LANG": "id"} | environment,
    )  # fmt: skip
    os.close(process_end)
    shown = b""
    while True:
        try:
            part = os.read(main_end, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(main_end)
    _, err = done.communicate(timeout=60)
    assert err == b""
    return done.returncode, shown.decode(environment.get("PYTHONIOENCODING", "utf-8")).replace("\r\n", "\n")


def test_a_terminal_gets_colour_bars_and_a_map() -> None:
    code, text = on_a_terminal(COLUMNS="110")
    assert code == 1
    assert "\x1b[1;31mTidak sesuai" in text and "████" in text and "⣿" in text


def test_no_color_and_dumb_terminals_get_no_escape_codes() -> None:
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        code, text = on_a_terminal(COLUMNS="110", **environment)
        assert code == 1 and "\x1b" not in text and text.startswith("Tidak sesuai"), environment


def test_narrow_and_old_terminals_lose_no_words() -> None:
    code, text = on_a_terminal(COLUMNS="40", NO_COLOR="1", PYTHONIOENCODING="cp1252")
    assert code == 1 and max(map(len, text.splitlines())) <= 40
    assert "Perdagangan dan Jasa Skala SWP" in " ".join(text.split())
    assert on_a_terminal(COLUMNS="1")[0] == 1


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_interrupted_run_ends_with_130_and_one_line() -> None:
    done = subprocess.Popen(
        [sys.executable, "-m", "kkpr_check", "check", "-", *JUDGE, "--lang", "en"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with pytest.raises(subprocess.TimeoutExpired):
        done.wait(timeout=4)  # it waits for standard input
    done.send_signal(signal.SIGINT)
    out, err = done.communicate(timeout=30)
    assert done.returncode == 130 and out == b"", err
    assert b"Traceback" not in err


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m kkpr_check rules list --format json | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0 and done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_stdout_is_exit_2() -> None:
    command = f"{sys.executable} -m kkpr_check rules list > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1 and b"no space left" in done.stderr


def test_a_closed_stdout_is_exit_2() -> None:
    command = f"{sys.executable} -m kkpr_check rules list >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    assert done.returncode == 2 and b"Traceback" not in done.stderr


def test_shell_completion_is_offered() -> None:
    done = process("--show-completion", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert b"Traceback" not in done.stderr
    words = process(_KKPR_CHECK_COMPLETE="complete_bash", COMP_WORDS="kkpr-check ru", COMP_CWORD="1")
    assert b"rules" in words.stdout
