from __future__ import annotations

from typing import Any

import pytest
from cli_harness import CHECK, Run

from kkpr_check.checking import CheckRequest
from kkpr_check.cli.app import build
from kkpr_check.cli.examples import EXAMPLES
from kkpr_check.cli.language import indonesian, resolve
from kkpr_check.cli.main import lift_globals


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
    assert code == 0 and out.startswith("Pemakaian: kkpr-check") and "Opsi:" in out and "Show this" not in out
    if not getattr(dict(commands(build("en")))[path], "commands", {}) or not path:
        assert out.count("\n  kkpr-check ") == len(EXAMPLES[path]) and "\nContoh:\n" in out
    assert max(map(len, out.splitlines())) <= 80


def test_examples_belong_to_commands() -> None:
    """The guide runs them (tests/test_guide.py): docs/cli.md has each."""
    assert set(EXAMPLES) <= {path for path, _ in commands(build("en"))}
