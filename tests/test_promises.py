"""docs/promises.md names the tests that hold each promise: they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = [
    line
    for line in (ROOT / "docs" / "promises.md").read_text("utf-8").splitlines()
    if line.startswith("| **")
]
NAMED = re.compile(r"`(tests/\w+\.py)(?:::(\w+))?`")


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[4:40])
def test_every_promise_is_held_by_tests_that_are_there(row: str) -> None:
    named = NAMED.findall(row)
    assert named
    for file, test in named:
        found = functions_of(ROOT / file)
        assert found and (not test or test in found), f"{file}::{test}"


def test_there_are_promises_and_the_readme_leads_to_them() -> None:
    assert len(ROWS) >= 12
    assert "docs/promises.md" in (ROOT / "README.md").read_text("utf-8")
