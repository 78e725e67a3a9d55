"""Fixtures of the command-line tests."""

from __future__ import annotations

import pytest
from cli_harness import Run, answer
from report_values import conforming

from kkpr_check.checking import CheckRequest
from kkpr_check.cli import main


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command line in this process, in English unless told otherwise: (code, stdout, stderr)."""
    for name in ("KKPR_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[CheckRequest]:
    """Make `check` answer with one conforming report; returns the requests it got."""
    return answer(monkeypatch, [conforming()])
