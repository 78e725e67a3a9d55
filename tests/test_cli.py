from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest
from cli_harness import CHECK, Run, answer, fail_with
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_values import conforming, failing

from kkpr_check.checking import CheckRequest
from kkpr_check.cli import main
from kkpr_check.errors import InputError, Place, Text
from kkpr_check.model import Verdict


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
        ("check", "s.shp", "--plan", "p", "--format", "xls"),
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


def test_building_one_command_changes_nothing_that_can_be_seen(run: Run) -> None:
    """Only the command of a call is built; what names none sees them all."""
    assert "--lang 'check' is not known" in run("--lang", "check", "demo")[2]
    assert "no such command 'chek'. Did you mean 'check'?" in run("--quiet", "chek")[2]
    for call in (("--help",), ("--help", "check"), ("--lang", "en", "--help")):
        code, out, _ = run(*call)
        assert code == 0 and all(f"\n  {name} " in out for name in ("check", "plan", "rules", "doctor"))
    assert "\n  lock " in run("plan", "--help")[1]
