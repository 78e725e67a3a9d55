"""Fixtures of the command-line tests."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from cli_harness import Run, answer
from hypothesis import settings
from report_values import conforming

from kkpr_check.checking import CheckRequest
from kkpr_check.cli import main

if TYPE_CHECKING:
    from kkpr_check.batch.siteblock import SiteBlock

SOAK = 25
"""How many times the examples of a property test that ``make soak`` runs."""


settings.register_profile("same", derandomize=True)  # the same examples every run; `make soak` draws new ones
if not os.environ.get("KKPR_SOAK"):
    settings.load_profile("same")


if "KKPR_CACHE" not in os.environ:  # not the copies of the one who runs the tests; workers inherit it
    os.environ["KKPR_CACHE"] = tempfile.mkdtemp(prefix="kkpr-check-tests-")
    atexit.register(shutil.rmtree, os.environ["KKPR_CACHE"], ignore_errors=True)


if (
    signal.getsignal(signal.SIGINT) == signal.SIG_IGN
):  # in the background of a shell; the tests of Ctrl-C send it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With KKPR_SOAK, run the property tests on many more examples."""
    if not os.environ.get("KKPR_SOAK"):
        return
    for item in items:
        test = getattr(item, "obj", None)
        usual = getattr(test, "_hypothesis_internal_use_settings", None)
        if usual is not None:
            more = settings(usual, max_examples=usual.max_examples * SOAK)
            getattr(test, "__func__", test)._hypothesis_internal_use_settings = more


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


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of parcels of a batch that the engine judged by themselves, call by call."""
    from kkpr_check.batch import judging

    counts: list[int] = []
    judge = judging._one_by_one

    def counted(sites: SiteBlock, *rest: Any) -> Any:
        counts.append(len(sites))
        return judge(sites, *rest)

    monkeypatch.setattr(judging, "_one_by_one", counted)
    return counts
