"""CONTRIBUTING.md, "Adding a rule", taken at its word: its steps are done on a copy, and the rule works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^   ```\w+ (\S+)\n(.*?)^   ```", re.DOTALL | re.MULTILINE)
COPIED = ("kkpr_check", "tests", "scripts", "docs", "data", "examples", "benchmarks")


def steps() -> dict[str, str]:
    """Return the files that the page gives, by path."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return {path: textwrap.dedent(body) for path, body in BLOCK.findall(text)}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository in which the steps were followed."""
    folder = tmp_path_factory.mktemp("house")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "golden"))
    for path in [*ROOT.glob("*.md"), ROOT / "pyproject.toml", ROOT / "LICENSE"]:
        shutil.copy(path, folder / path.name)
    blocks = steps()
    rule, cases, listed = blocks
    (folder / rule).write_text(blocks[rule], "utf-8")
    (folder / cases).write_text(blocks[cases], "utf-8")
    line = blocks[listed].strip()
    text = (folder / listed).read_text("utf-8")
    text = text.replace("import legal_area_differs\n", f"import legal_area_differs\n{line}\n")
    text = text.replace("    legal_area_differs,\n", f"    legal_area_differs,\n    {line.split()[-1]},\n")
    (folder / listed).write_text(text, "utf-8")
    contract = folder / "tests" / "test_rules_contract.py"
    text = contract.read_text("utf-8").replace('legal-area-differs",', 'legal-area-differs site-tiny",')
    text = text.replace('("LOK005", "RTR002")', '("LOK005", "LOK006", "RTR002")')
    contract.write_text(text, "utf-8")
    return folder


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=os.environ | {"PYTHONPATH": str(folder), "KKPR_LANG": "en"},
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=300,
    )  # fmt: skip


def test_the_page_gives_three_files() -> None:
    assert [path.split("/")[0] for path in steps()] == ["kkpr_check", "tests", "kkpr_check"]


def test_the_tests_of_rules_accept_the_new_rule(copy: Path) -> None:
    done = call(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_rules_contract.py", "tests/test_rule_cases.py",
        "-k", "LOK006 or listed_once or unknown_rule",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 10


def test_the_new_rule_explains_itself_and_is_told_of_a_site(copy: Path) -> None:
    told = call(copy, "-m", "kkpr_check", "rules", "explain", "LOK006")
    assert told.returncode == 0 and "site-tiny" in told.stdout
    site = str(ROOT / "examples" / "03-partial.geojson")
    report = call(copy, "-m", "kkpr_check", "check", site, "--plan", "data/sample", "--format", "json")
    assert '"rule": "LOK006"' in report.stdout or '"rule":"LOK006"' in report.stdout, report.stderr


def test_a_rule_without_cases_is_noticed(copy: Path, tmp_path: Path) -> None:
    cases = next(path for path in steps() if path.endswith(".toml"))
    kept = (copy / cases).read_text("utf-8")
    (copy / cases).unlink()
    try:
        done = call(
            copy,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/test_rules_contract.py",
            "-k",
            "unknown_rule",
        )
    finally:
        (copy / cases).write_text(kept, "utf-8")
    assert done.returncode == 1
