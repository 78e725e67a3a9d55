"""What is refused is shown so that it can be found: a value behind an option, a character nobody sees, a CRS."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_harness import Run

from kkpr_check.cells import parse_cell
from kkpr_check.errors import PlanError

ROOT = Path(__file__).parents[1]
SITE, SAMPLE, RTRW = (
    str(ROOT / name) for name in ("examples/01-conform.geojson", "data/sample", "data/sample-rtrw")
)


@pytest.mark.parametrize("lang", ["en", "id"])
def test_two_values_behind_one_option(run: Run, lang: str) -> None:
    code, out, err = run("check", SITE, "--plan", SAMPLE, RTRW, "--lang", lang)
    assert (code, out) == (2, "")
    assert f"--plan {SAMPLE} --plan {RTRW}" in err


def test_an_argument_too_many_without_such_an_option_shows_the_help(run: Run) -> None:
    code, _, err = run("verify", "a.json", "b.json")
    assert code == 2
    assert "verify --help" in err


@pytest.mark.parametrize(
    ("cell", "named"),
    [("T1\u200b", "ZERO WIDTH SPACE"), ("T\u00ad1", "SOFT HYPHEN"), ("\ufeffX", "ZERO WIDTH NO-BREAK SPACE"),
     ("Q\u00a01", "NO-BREAK SPACE"), ("I\x07", "U+0007")],
)  # fmt: skip
def test_a_character_that_can_not_be_seen_is_named(cell: str, named: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_cell(cell)
    assert f"<{named}>" in caught.value.text.en
    assert f"<{named}>" in caught.value.text.id


@pytest.mark.parametrize("label", ["EPSG:999999", "EPSG:32799", "EPSG:", "mars"])
def test_a_crs_that_does_not_exist_is_refused_though_no_layer_needs_it(
    run: Run, tmp_path: Path, label: str
) -> None:
    plan = shutil.copytree(SAMPLE, tmp_path / "plan", ignore=shutil.ignore_patterns(".kkpr", "plan.lock"))
    text = (plan / "plan.toml").read_text("utf-8")
    assert 'crs = "EPSG:32751"' in text
    (plan / "plan.toml").write_text(text.replace('crs = "EPSG:32751"', f'crs = "{label}"', 1), "utf-8")
    code, out, err = run("check", SITE, "--plan", str(plan))
    assert (code, out) == (2, "")
    assert "plan.toml" in err
    assert "crs" in err
