"""Mutated files never crash, hang or fool a command: a seeded part of what scripts/fuzz.py runs at length."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from fuzzing import TARGETS, case, prepare

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import fuzz

SOAK = bool(os.environ.get("KKPR_SOAK"))


def number_of_cases(name: str) -> int:
    """Return how many cases of a target are run: few of those that take seconds."""
    if SOAK:
        return 200
    return 1 if name.startswith("validate ") and name.split()[1] in ("plan", "layers", "baseline") else 3


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TARGETS))
def test_a_mutated_file_is_refused_or_read_rightly(
    name: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KKPR_CACHE", str(tmp_path_factory.getbasetemp() / "fuzz-cache"))
    ground = prepare(TARGETS[name], tmp_path)
    first = 100 * len(name)
    results = [
        case(TARGETS[name], ground, tmp_path, seed) for seed in range(first, first + number_of_cases(name))
    ]
    assert [one for one in results if one.fault is not None] == []
    assert len(results) == number_of_cases(name)


def test_the_page_is_that_of_the_stored_figures() -> None:
    data = json.loads(fuzz.DATA.read_text("utf-8"))
    assert fuzz.PAGE.read_text("utf-8") == fuzz.page(data)
    assert set(data["targets"]) <= set(TARGETS) and data["faults"] == []
