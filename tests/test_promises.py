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


README = (ROOT / "README.md").read_text("utf-8")
PROMISED = re.findall(
    r"^- \*\*(.+?)\*\*(.*?)(?=^- |^$)",
    README.partition("## What it promises")[2].partition("\n## ")[0],
    re.M | re.S,
)
LINKED = re.compile(r"\[(\w+)\]\((tests/\w+\.py)\)")
SIX = (
    "every feature of every input was read, placed and judged",
    "without a line in the report",
    "never modified; outputs appear whole or not at all",
    "same bytes",
    "No network, no code from data files, no driver beyond the list",
    "interrupted batch loses at most",
)


@pytest.mark.parametrize(("promise", "rest"), PROMISED, ids=[promise[:40] for promise, _ in PROMISED])
def test_every_promise_of_the_readme_links_to_tests_that_are_there(promise: str, rest: str) -> None:
    linked = LINKED.findall(rest)
    assert linked, promise
    told = " ".join(ROWS)
    for test, file in linked:
        assert test in functions_of(ROOT / file), f"{file}::{test}"
        assert f"`{file}::{test}`" in told or f"`{file}`" in told, f"not in docs/promises.md: {test}"


def test_the_readme_makes_the_promises() -> None:
    text = " ".join(promise for promise, _ in PROMISED).casefold()
    assert [words for words in SIX if words.casefold() not in text] == []


def test_there_are_promises_and_the_readme_leads_to_them() -> None:
    assert len(ROWS) >= 12
    assert "docs/promises.md" in (ROOT / "README.md").read_text("utf-8")
