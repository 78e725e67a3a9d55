"""The documents say what the program does: generated pages are current, links lead somewhere, examples run."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_harness import Run

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import gen_docs  # noqa: E402  (a script, not a package)
import lowest  # noqa: E402
import make_drawings  # noqa: E402

HAND_WRITTEN = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "data" / "README.md"]
LINK = re.compile(r"\]\((?!https?://)([^)#]+)")


def snippets(language: str) -> Iterator[Any]:
    for path in HAND_WRITTEN:
        for count, text in enumerate(
            re.findall(rf"```{language}\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
        ):
            yield pytest.param(text, id=f"{path.relative_to(ROOT)}-{count}")


def test_generated_pages_are_current() -> None:
    stale = [str(path.relative_to(ROOT)) for path in gen_docs.stale(gen_docs.pages())]
    assert not stale, f"run: make docs ({', '.join(stale)})"


def test_a_stale_or_left_over_page_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "docs" / "rules" / "INT001.md"
    page.parent.mkdir(parents=True)
    page.write_text("old")
    (page.parent / "XXX999.md").write_text("of a rule that is gone")
    monkeypatch.setattr(gen_docs, "ROOT", tmp_path)
    missing = tmp_path / "docs" / "cli.md"
    assert gen_docs.stale({page: "new", missing: "text"}) == [page, missing, page.parent / "XXX999.md"]
    assert gen_docs.stale({page: "old"}) == [page.parent / "XXX999.md"]


def test_a_part_without_its_place_is_an_error() -> None:
    page = "a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb\n"
    assert gen_docs.filled(page, {"x": "new"}) == "a\n<!-- begin: x -->\nnew\n<!-- end: x -->\nb\n"
    with pytest.raises(ValueError, match="parts called y"):
        gen_docs.filled(page, {"y": "new"})


@pytest.mark.parametrize("page", HAND_WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert not broken


@pytest.mark.parametrize("code", list(snippets("python")))
def test_python_examples_run(
    code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    import kkpr_check

    known: dict[str, Any] = {name: getattr(kkpr_check, name) for name in kkpr_check.__all__}
    known["plan"] = kkpr_check.Plan.open("data/sample")
    exec(compile(code, "snippet", "exec"), known)
    capsys.readouterr()


def test_the_example_of_the_readme_prints_what_it_should(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(ROOT)
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)[0]
    exec(compile(code, "README", "exec"), {})
    assert capsys.readouterr().out.splitlines() == ["partial 502.32", "KGT001 R-4 6.183"]


def test_every_command_and_option_explains_itself() -> None:
    for path, command in gen_docs.commands(gen_docs.build("en"), ()):
        assert command.help and command.help.strip(), path
        unexplained = [p.name for p in command.params if not getattr(p, "help", None)]
        assert not unexplained, (path, unexplained)


def test_commands_of_the_readme_exist(run: Run) -> None:
    text = "".join(re.findall(r"```\w*\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL))
    calls = {
        tuple(word for word in line.replace("--lang id ", "").split()[1:3] if re.fullmatch("[a-z-]+", word))
        for line in re.sub(r"^\$ ", "", text, flags=re.MULTILINE).splitlines()
        if line.startswith("kkpr-check ")
    }
    assert len(calls) > 5
    known = {path for path, _ in gen_docs.commands(gen_docs.build("en"), ())}
    for call in calls:
        assert call in known or call[:1] in known, call


def test_every_key_of_plan_toml_is_explained() -> None:
    rows = [line for line in gen_docs.key_tables() if line.startswith("| `")]
    assert len(rows) > 45
    assert not [row for row in rows if row.split("|")[-2].strip() == ""]


def test_the_changelog_names_every_family_of_rules() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text
    assert all(family in text for family in gen_docs.FAMILIES)


def test_the_drawing_shows_every_outcome() -> None:
    shown = {panel.outcome for panel in (*make_drawings.areas(), *make_drawings.distances())}
    assert shown == {"pass", "undetermined", "fail", "noise"}


def test_floors_are_read_for_every_dependency() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    pinned = list(lowest.floors(text))
    names = {pin.partition("==")[0] for pin in pinned}
    assert {"numpy", "shapely", "pyogrio", "numba", "pyarrow", "openpyxl", "pytest"} <= names
    assert len(pinned) == len(names) >= len(project["dependencies"])
    with pytest.raises(ValueError, match="no floor: numpy"):
        list(
            lowest.floors(
                '[project]\ndependencies = ["numpy"]\noptional-dependencies = {}\n[dependency-groups]\ntest = []'
            )
        )


def test_the_file_map_names_every_module_once() -> None:
    drawn = (ROOT / "docs" / "design.md").read_text("utf-8").split("```")[1]
    package = ROOT / "kkpr_check"
    names = [path.name for path in package.glob("[a-z]*.py")]
    names += [f"{path.parent.name}/" for path in package.glob("*/__init__.py")]
    told = {name: len(re.findall(rf"(?:^|[\s(,;]){re.escape(name)}(?!\w)", drawn)) for name in names}
    assert {name: count for name, count in told.items() if count != 1} == {}
