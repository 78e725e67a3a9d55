"""``plan show``: identity, layers, coverage and a map, from folders as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import shapely

from kkpr_check.cli.plan_show import show_command
from kkpr_check.errors import KkprError
from kkpr_check.report.zone_map import zone_map

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
sample = pytest.mark.skipif(not (SAMPLE / "plan.toml").is_file(), reason="the sample plan is not built")


def shapes(*items: object) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def test_a_full_square_fills_every_dot() -> None:
    assert zone_map(shapes(shapely.box(0, 0, 1000, 1000)), ["R-2"], columns=8, rows=4) == ["\u28ff" * 8] * 4


def test_a_zone_line_is_a_gap_and_a_line_inside_a_zone_is_not() -> None:
    halves = shapes(shapely.box(0, 0, 500, 1000), shapely.box(500, 0, 1000, 1000))
    two = zone_map(halves, ["R-2", "K-1"], columns=8, rows=4)
    one = zone_map(halves, ["R-2", "R-2"], columns=8, rows=4)
    assert one == ["\u28ff" * 8] * 4
    assert two == ["\u28ff" * 3 + "\u2847" + "\u28ff" * 4] * 4


def test_north_is_up_and_east_is_right() -> None:
    corner = shapes(shapely.box(0, 0, 2000, 1000), shapely.box(1000, 1000, 2000, 2000))
    drawn = zone_map(corner, ["A", "A"], columns=10, rows=10, braille=False)
    assert drawn[0].startswith("     #") and drawn[-1] == "#" * 10


def test_degrees_are_drawn_in_true_proportion() -> None:
    drawn = zone_map(shapes(shapely.box(10, 59.5, 11, 60.5)), ["A"], columns=40, rows=10)
    assert len(drawn) == 10 and len(drawn[0]) == pytest.approx(
        10, abs=1
    )  # cos 60 = 1/2, a cell is twice as tall


def test_nothing_to_draw_is_no_map() -> None:
    assert zone_map(shapes(None, shapely.Point(0, 0)), ["A", "B"], columns=10, rows=4) == []


@sample
@pytest.mark.parametrize(("lang", "words"), [
    ("en", ("law:", "unlocked", "0 errors", "SYNTHETIC", "undeclared", "Map (",
            "1:5,000", "CE90 2.5 m", "1 feature,", "1,951 features,")),
    ("id", ("dasar hukum:", "belum dikunci", "0 kesalahan", "SINTETIS", "Ketentuan khusus", "Peta (",
            "1:5.000", "CE90 2,5 m", "1.951 fitur,")),
])  # fmt: skip
def test_sample_plan_at_a_glance(lang: str, words: tuple[str, ...], tmp_path: Path) -> None:
    folder = copied(tmp_path)
    text = (folder / "plan.toml").read_text(encoding="utf-8")
    start = text.index("[[overlay]]")
    (folder / "plan.toml").write_text(
        text[:start] + '[[overlay]]\nrule = "KHS001"\nfield = "KKOP_1"\n', encoding="utf-8"
    )
    said = show_command(folder, lang=lang)
    for word in (*words, "rdtr-kefamenanu-sintetis", "subzone = KODSZN", "KHS001"):
        assert word in said, word
    assert any("\u2800" <= character <= "\u28ff" for character in said)
    assert max(len(line) for line in said.splitlines() if set(line) & set("\u28ff")) <= 80


def copied(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(SAMPLE, tmp_path / "plan", ignore=shutil.ignore_patterns("plan.lock", ".kkpr"))
    )


@sample
def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    zones = (folder / "zones.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    gone = zones.pop().split(",")[0]
    (folder / "zones.csv").write_text("".join(zones), encoding="utf-8")
    itbx = (folder / "itbx.csv").read_text(encoding="utf-8")
    (folder / "itbx.csv").write_text(drop_column(itbx, gone), encoding="utf-8")
    (folder / "layers" / "sungai_sintetis.geojson").write_text("{", encoding="utf-8")
    said = show_command(folder)
    assert f"on the map but not in zones.csv: {gone} (" in said
    assert "CAN NOT BE READ" in said and "sungai (river)" in said
    assert "DAT303" in said


def drop_column(text: str, name: str) -> str:
    import csv
    import io

    rows = list(csv.reader(io.StringIO(text)))
    index = rows[0].index(name)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([row[:index] + row[index + 1 :] for row in rows])
    return out.getvalue()


@sample
def test_a_folder_with_open_marks_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    text = (folder / "plan.toml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("legal ="))
    (folder / "plan.toml").write_text(text.replace(line, 'legal = ""'), encoding="utf-8")
    with pytest.raises(KkprError, match="legal"):
        show_command(folder)
