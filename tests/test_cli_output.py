from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import shapely
from cli_harness import CHECK, JUDGE, Run, process

from kkpr_check.checking import CheckRequest


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
    first, second = done.stdout.decode().splitlines()
    assert done.returncode == 0 and first.startswith("kkpr-check ")
    assert f"shapely {shapely.__version__}" in second and second.startswith("Python 3.")


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
    assert err.decode().split("\n") == ["kkpr-check: error: interrupted", ""]


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
