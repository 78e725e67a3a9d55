"""`diff` of two folders of plans: plans matched by id, one answer, one budget, every format."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest
import shapely
from builders import write
from shapely import affinity
from test_diff import E0, GRID, N0, SCHEMA, document, plan, replaced, run

from kkpr_check.plansets import Entry, Pair, paired

Capsys = pytest.CaptureFixture[str]
WEST = 3_000.0


def named(folder: Path, name: str, east_m: float = 0.0, codes: Sequence[str] | None = None) -> Path:
    """Make a plan of four zones in a row with an id of its own, some way to the east."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    shapes = [affinity.translate(g, E0 + east_m, N0) for g in GRID[:4]]
    made = plan(folder, None if codes is None else list(codes), shapes)
    replaced("plan.toml", 'id = "uji"', f'id = "{name}"')(made)
    return made


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Five plans: `same`, `changed` (a zone and a cell), `moved`, `gone` in OLD only, `fresh` in NEW only."""
    old, new = tmp_path / "lama", tmp_path / "baru"
    for n, name in enumerate(("same", "changed", "moved")):
        named(old / name, name, n * WEST)
    for n, name in enumerate(("same", "changed")):
        named(new / name, name, n * WEST, ("R-3", "R-3", "K-1", "R-3") if name == "changed" else None)
    replaced("itbx.csv", "toko,X,I", "toko,X,X")(new / "changed")
    named(new / "kota" / "moved", "moved", 2 * WEST)
    named(old / "gone", "gone", 3 * WEST)
    named(new / "fresh", "fresh", 4 * WEST)
    (new / ".arsip").mkdir()
    shutil.copytree(old / "gone", new / ".arsip" / "gone")
    return old, new


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    """Twenty parcels, one in the middle of each zone of each plan, and one that has no outline."""
    shapes = [
        affinity.translate(shapely.box(30, 30, 70, 70), E0 + 100 * n + WEST * at, N0)
        for at in range(5)
        for n in range(4)
    ]
    ids = [f"{at}{'abcd'[n]}" for at in range(5) for n in range(4)]
    fields = {"id": [*ids, "x"], "activity": ["toko"] * 21}
    return write(tmp_path / "persil.gpkg", [*shapes, None], fields, driver="GPKG")


def test_plans_are_matched_by_id_then_by_path() -> None:
    old = [
        Entry("o/a", "a", "one"),
        Entry("o/b", "b", "two"),
        Entry("o/c", "c", "two"),
        Entry("o/d", "d", None),
        Entry("o/e", "e", "e"),
    ]
    new = [
        Entry("n/b", "b", "two"),
        Entry("n/d", "d", "four"),
        Entry("n/x/a", "x/a", "one"),
        Entry("n/f", "f", "f"),
    ]
    assert set(paired(old, new)) == {
        Pair(old[0], new[2]), Pair(old[1], new[0]), Pair(old[2], None), Pair(old[3], new[1]), Pair(old[4], None),
        Pair(None, new[3]),
    }  # fmt: skip


def test_plans_that_came_went_moved_and_changed(folders: tuple[Path, Path], capsys: Capsys) -> None:
    found = document(capsys, *folders)
    assert [(c["code"], c["old"], c["new"]) for c in found["changes"]] == [
        ("DIF602", "gone", None), ("DIF601", None, "fresh"), ("DIF604", "moved", "kota/moved"),
    ]  # fmt: skip
    (changed,) = found["plans"]
    assert changed["new"]["id"] == "changed" and sorted(found["unchanged"]) == ["moved", "same"]
    assert [(t["old"], t["new"], t["area_m2"]) for t in changed["transitions"]] == [("K-1", "R-3", 10_000.0)]
    assert found["summary"]["by_code"] == {"DIF101": 1, "DIF301": 1, "DIF601": 1, "DIF602": 1, "DIF604": 1}
    assert (found["old"]["kind"], found["old"]["plans"], found["new"]["plans"]) == ("folder", 4, 4)


def test_parcels_are_judged_by_all_plans_once(
    folders: tuple[Path, Path], parcels: Path, capsys: Capsys
) -> None:
    found = document(capsys, *folders, "--parcels", parcels)
    told = found["parcels"]
    flips = {flip["id"]: flip for flip in told["flips"]}
    assert told["rows"] == 21 and sum(cell["parcels"] for cell in told["matrix"]) == 21
    # `toko` is prohibited in R-3 and permitted in K-1: what was nonconform in a plan that is gone, is undetermined
    assert set(flips) == {"1c", "1d", "3a", "3b", "3c", "3d", "4a", "4b", "4c", "4d"}
    causes = {name: [cause["part"] for cause in flip["causes"]] for name, flip in flips.items()}
    assert causes["1c"] == ["changed: itbx.csv"]
    assert causes["1d"] == ["changed: zoning", "changed: itbx.csv"]
    assert causes["3a"] == ["gone: plan removed"] and causes["4d"] == ["fresh: plan added"]
    assert flips["1c"]["causes"][0]["detail"] == "toko x K-1: I -> X"


@pytest.mark.parametrize(("budget", "code"), [(11, 0), (10, 1)])
def test_one_budget_over_all_plans(
    folders: tuple[Path, Path], parcels: Path, budget: int, code: int, capsys: Capsys
) -> None:
    """Ten flips, and one parcel that nobody can judge."""
    told = run(capsys, *folders, "--parcels", parcels, "--max-flips", budget)
    assert told[0] == code
    assert (
        told[1]
        .splitlines()[-1]
        .startswith("plans: 1 changed, 1 added, 1 removed, 1 in another folder, 2 unchanged; changes: ")
    )


def test_a_plan_beside_both_versions_judges_too(
    folders: tuple[Path, Path], parcels: Path, tmp_path: Path, capsys: Capsys
) -> None:
    """An RTRW covers what the removed plan leaves, and nothing of it flips without a change."""
    rtrw = named(tmp_path / "rtrw", "rtrw", 3 * WEST)
    replaced("plan.toml", 'level = "rdtr"', 'level = "rtrw-kab"')(rtrw)
    found = document(capsys, *folders, "--parcels", parcels, "--plan", rtrw)
    assert {flip["id"] for flip in found["parcels"]["flips"] if flip["id"][0] == "3"} <= {
        "3a",
        "3b",
        "3c",
        "3d",
    }
    assert {flip["id"] for flip in found["parcels"]["flips"] if flip["id"][0] in "02"} == set()


def test_a_plan_that_cannot_be_read_is_named_and_the_rest_is_compared(
    folders: tuple[Path, Path], parcels: Path, capsys: Capsys
) -> None:
    (folders[1] / "same" / "itbx.csv").write_text("activity_id,R-3\nrumah,Q9\n", "utf-8")
    (folders[1] / "kota" / "moved" / "plan.toml").write_text("[broken", "utf-8")
    code, out, err = run(capsys, *folders, "--parcels", parcels, "--format", "json")
    found = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert code == 2 and "itbx.csv" in err and "plan.toml" in err
    failed = [c for c in found["changes"] if c["code"] == "DIF603"]
    assert any("same" in c["message"] and "itbx.csv" in c["message"] for c in failed)
    assert [one["new"]["id"] for one in found["plans"]] == ["changed"]
    assert found["parcels"] is None and found["not_compared"][0]["what"] == "parcels"


def test_the_same_folder_twice_has_no_change(
    folders: tuple[Path, Path], parcels: Path, capsys: Capsys
) -> None:
    found = document(capsys, folders[0], folders[0], "--parcels", parcels)
    assert not found["summary"]["changed"] and found["plans"] == [] and found["parcels"]["flips"] == []
    assert len(found["unchanged"]) == 4


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (".", "same", "NEW"),
        ("same", ".", "OLD"),
        (".", "kosong", "NEW"),
        (".", "tiada", "NEW"),
        ("tiada", ".", "OLD"),
    ],
)
def test_a_folder_against_a_plan_or_nothing_is_refused(
    folders: tuple[Path, Path], old: str, new: str, word: str, capsys: Capsys
) -> None:
    (folders[0] / "kosong").mkdir()
    code, out, err = run(capsys, folders[0] / old, folders[0] / new)
    assert (code, out) == (2, "") and word in err and "two folders of plans" in err


def test_the_first_plans_of_a_repository(
    folders: tuple[Path, Path], parcels: Path, tmp_path: Path, capsys: Capsys
) -> None:
    (tmp_path / "kosong").mkdir()
    found = document(capsys, tmp_path / "kosong", folders[1], "--parcels", parcels)
    assert found["summary"]["by_code"] == {"DIF501": 16, "DIF503": 1, "DIF601": 4}


def test_two_plans_of_one_id_are_compared_but_do_not_judge(
    folders: tuple[Path, Path], parcels: Path, capsys: Capsys
) -> None:
    for folder in folders:
        shutil.copytree(folder / "same", folder / "salinan")
    assert sorted(document(capsys, *folders)["unchanged"]) == ["moved", "same", "same"]
    code, _, err = run(capsys, *folders, "--parcels", parcels)
    assert code == 2 and "two plans are called same" in err


def test_every_format_names_the_plans(
    folders: tuple[Path, Path], parcels: Path, tmp_path: Path, capsys: Capsys
) -> None:
    call = (*folders, "--parcels", parcels, "--max-flips", "3")
    told = {
        name: run(capsys, *call, "--format", name)
        for name in ("text", "jsonl", "sarif", "junit", "github", "gitlab", "md", "html")
    }
    assert {code for code, _, _ in told.values()} == {1}
    out = {name: text for name, (_, text, _) in told.items()}
    for name in ("text", "md", "html"):
        assert all(word in out[name] for word in ("fresh", "gone", "kota/moved", "changed", "same")), name
    lines = [json.loads(line) for line in out["jsonl"].splitlines()]
    assert {line.get("plan") for line in lines if line["kind"] == "change"} == {None, "changed"}
    assert {r["ruleId"] for r in json.loads(out["sarif"])["runs"][0]["results"]} >= {
        "DIF101",
        "DIF501",
        "DIF601",
        "DIF602",
    }
    suites = ET.fromstring(out["junit"])
    assert int(suites.get("failures", "0")) == 2  # verdicts that flip, and the parcel that cannot be judged
    assert int(suites.get("tests", "0")) < 45
    assert out["github"].splitlines()[0].startswith("::error title=kkpr-check diff::plans: 1 changed")
    assert {i["severity"] for i in json.loads(out["gitlab"]) if i["check_name"].startswith("DIF602")} == {
        "minor"
    }
    assert out["html"].count('type="range"') == 1 and out["html"].count("<script") == 1
    assert len(re.findall("<h1>", out["html"])) == 2
    target = tmp_path / "beda.gpkg"
    assert run(capsys, *call, "--output", target)[0] == 1
    with closing(sqlite3.connect(target)) as database:
        assert set(database.execute("SELECT plan, code FROM changes_other")) >= {
            (None, "DIF601"),
            ("changed", "DIF301"),
        }
