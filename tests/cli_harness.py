"""Calls of the command line for tests: in this process with a made-up answer, and as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kkpr_check import checking
from kkpr_check.checking import CheckRequest
from kkpr_check.model import Report

Run = Callable[..., tuple[int, str, str]]

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
EXAMPLES = SAMPLE.parents[1] / "examples"
JUDGE = ("--plan", str(SAMPLE), "--plan", str(SAMPLE.with_name("sample-rtrw")), "--as-of", "2025-01-01")


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
