"""`diff`: planted changes are found with their areas, noise is not a change, flips have the right cause."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import shapely
from builders import write
from cli_harness import SAMPLE
from shapely import affinity

import kkpr_check
from kkpr_check.changes.attributes import compare_attributes
from kkpr_check.changes.base import LayerSide
from kkpr_check.changes.features import compare_features, pair_reshaped, shift_of
from kkpr_check.changes.matching import match
from kkpr_check.changes.result import Flip
from kkpr_check.changes.tables import effect_of
from kkpr_check.changes.zones import ZoneChanges, compare_zones
from kkpr_check.cli import main as cli_main
from kkpr_check.geometry import objects
from kkpr_check.plan import Tolerance
from kkpr_check.report.changes_words import rules_line

SCHEMA = json.loads((Path(kkpr_check.__file__).parent / "schemas" / "diff-1.json").read_text("utf-8"))
E0, N0 = 661_000.0, 8_955_000.0


def side(
    shapes: list[Any], codes: list[str | None] | None = None, role: str = "zoning", **fields: list[Any]
) -> LayerSide:
    return LayerSide(
        "zona.shp", "zona", role, objects(shapes), objects([str(n) for n in range(len(shapes))]), None,
        {name: objects(values) for name, values in fields.items()}, None if codes is None else objects(codes),
        frozenset({"KODE"}),
    )  # fmt: skip


def zones(
    old: LayerSide, new: LayerSide, tolerance: Tolerance | None = None, ce90_m: float = 2.5
) -> ZoneChanges:
    assert old.code is not None and new.code is not None
    matched = match(old.geometry, new.geometry, [(old.code.tolist(), new.code.tolist())])
    return compare_zones(old, new, matched, tolerance or Tolerance(), ce90_m)


def table_of(found: ZoneChanges) -> dict[tuple[str | None, str | None], float]:
    return {(t.old, t.new): t.area_m2 for t in found.transitions if t.pieces}


GRID = [shapely.box(x, y, x + 100, y + 100) for y in range(0, 500, 100) for x in range(0, 500, 100)]
CODES: list[str | None] = [f"R-{n % 3 + 1}" for n in range(25)]


def test_equal_maps_have_no_change() -> None:
    turned = [shapely.Polygon(np.roll(shapely.get_coordinates(g)[:-1], 2, axis=0)) for g in GRID]
    found = zones(side(GRID, CODES), side(turned[::-1], CODES[::-1]))
    assert found.transitions == () and found.changes == ()


def test_a_code_that_changes_is_a_transition_with_the_whole_area() -> None:
    codes = CODES.copy()
    codes[12] = "K-1"
    found = zones(side(GRID, CODES), side(GRID, codes))
    assert table_of(found) == {(CODES[12], "K-1"): 10_000.0}
    (change,) = found.changes
    assert change.code == "DIF101" and shapely.equals(change.witness, GRID[12]) and change.max_m == 100.0


def test_new_and_lost_cover_is_found_with_its_area() -> None:
    found = zones(side(GRID, CODES), side([*GRID[1:], shapely.box(500, 0, 530, 100)], [*CODES[1:], "BJ"]))
    assert table_of(found) == {(CODES[0], None): 10_000.0, (None, "BJ"): 3_000.0}
    assert {c.code for c in found.changes} == {"DIF102", "DIF103"}


@pytest.mark.parametrize(("by_m", "real"), [(0.3, False), (3.0, True)])
def test_a_moved_line_is_noise_within_the_tolerance_only(by_m: float, real: bool) -> None:
    new = [shapely.box(0, 0, 100 + by_m, 100), shapely.box(100 + by_m, 0, 200, 100)]
    found = zones(side([GRID[0], shapely.box(100, 0, 200, 100)], ["R-1", "K-1"]), side(new, ["R-1", "K-1"]))
    (change,) = found.changes
    assert change.code == ("DIF101" if real else "DIF104")
    assert change.area_m2 == pytest.approx(100 * by_m) and change.max_m == pytest.approx(by_m, abs=1e-3)
    assert change.length_m == pytest.approx(100 + by_m)
    (transition,) = found.transitions
    assert (transition.area_m2, transition.noise_m2) == pytest.approx(
        (100 * by_m, 0) if real else (0, 100 * by_m)
    )


def test_real_pieces_narrower_than_the_map_is_accurate_are_counted_apart() -> None:
    new = [shapely.box(0, 0, 102, 100), shapely.box(102, 0, 200, 100)]
    found = zones(side([GRID[0], shapely.box(100, 0, 200, 100)], ["R-1", "K-1"]), side(new, ["R-1", "K-1"]))
    assert found.transitions[0].narrow_m2 == found.transitions[0].area_m2 == 200.0
    assert "narrower than the map is accurate" in found.changes[0].message.en


def test_a_feature_cut_in_two_is_no_change_of_zones() -> None:
    halves = [shapely.box(0, 0, 50, 100), shapely.box(50, 0, 100, 100)]
    assert zones(side(GRID, CODES), side(halves + GRID[1:], [CODES[0], *CODES])).changes == ()


def test_an_overlap_that_goes_is_no_transition() -> None:
    old = side([shapely.box(0, 0, 110, 100), shapely.box(100, 0, 200, 100)], ["R-1", "K-1"])
    new = side([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)], ["R-1", "K-1"])
    found = zones(old, new)
    assert table_of(found) == {} and [(c.code, c.area_m2) for c in found.changes] == [("DIF110", 1_000.0)]


def test_a_gap_is_not_hidden_by_an_overlap_of_the_same_area() -> None:
    old = side([shapely.box(0, 0, 200, 100)], ["R-1"])
    new = side([shapely.box(0, 0, 100, 100), shapely.box(90, 0, 190, 100)], ["R-1", "R-1"])
    assert table_of(zones(old, new)) == {("R-1", None): 1_000.0}


def test_the_account_of_areas_closes() -> None:
    """What left each zone and what came to it is the difference of its area, as measured on its own."""
    rng = np.random.default_rng(7)
    moved = [affinity.translate(g, *rng.uniform(-4, 4, 2)) if n % 4 == 0 else g for n, g in enumerate(GRID)]
    cut: list[Any] = []
    for shape in moved:  # a clean coverage again: later features give way
        cut.append(shapely.difference(shape, shapely.union_all(cut)) if cut else shape)
    codes = [code if n % 7 else "K-1" for n, code in enumerate(CODES)]
    found = zones(side(GRID, CODES), side(cut, codes))
    for code in {*CODES, *codes}:
        before = shapely.union_all([g for g, c in zip(GRID, CODES, strict=True) if c == code]).area
        after = shapely.union_all([g for g, c in zip(cut, codes, strict=True) if c == code]).area
        gained = sum(t.area_m2 + t.noise_m2 for t in found.transitions if t.new == code)
        lost = sum(t.area_m2 + t.noise_m2 for t in found.transitions if t.old == code)
        assert gained - lost == pytest.approx(after - before, abs=0.2)


def test_a_polygon_of_many_vertices_is_cut_and_measured_whole() -> None:
    disc = shapely.Point(0, 0).buffer(100, quad_segs=1_000)
    found = zones(side([disc], ["R-1"]), side([disc.buffer(10, quad_segs=900)], ["K-1"]))
    assert table_of(found)["R-1", "K-1"] == pytest.approx(disc.area, rel=1e-6)
    assert table_of(found)[None, "K-1"] == pytest.approx(np.pi * (110**2 - 100**2), rel=1e-3)


def test_ten_changes_in_twenty_thousand_zones_take_seconds() -> None:
    shapes = [shapely.box(x, y, x + 10, y + 10) for y in range(0, 1_000, 10) for x in range(0, 2_000, 10)]
    codes: list[str | None] = [f"R-{n % 5}" for n in range(len(shapes))]
    changed = codes.copy()
    for n in range(10):
        changed[n * 1_999] = "K-1"
    begin = time.perf_counter()
    found = zones(side(shapes, codes), side(shapes, changed))
    assert sum(table_of(found).values()) == 1_000.0
    assert time.perf_counter() - begin < 10.0


def test_lines_are_added_removed_and_moved() -> None:
    line = shapely.LineString([(0, 0), (100, 0), (200, 10)])
    bent = shapely.LineString([(0, 0), (100, 4), (200, 10)])
    other, third = shapely.LineString([(0, 500), (90, 500)]), shapely.LineString([(0, 900), (50, 900)])
    old, new = side([line, other], role="road"), side([bent, third], role="road")
    changes = list(
        compare_features(old, new, pair_reshaped(old, new, match(old.geometry, new.geometry)), Tolerance())
    )
    assert [(c.code, c.feature, c.old_feature) for c in changes] == [
        ("DIF105", "1", None), ("DIF106", None, "1"), ("DIF107", "0", "0"),
    ]  # fmt: skip
    assert changes[0].length_m == 50.0 and changes[2].max_m == pytest.approx(4.0, abs=0.1)


def test_a_layer_that_moved_as_a_whole_is_told() -> None:
    assert shift_of(objects(GRID), objects([affinity.translate(g, 3, -4) for g in GRID])) == (3.0, -4.0)
    assert shift_of(objects(GRID), objects(GRID)) is None


def test_attributes_are_told_apart_from_spelling_and_encoding() -> None:
    old = side(GRID[:5], NAMA=["Perumahan", "Cagar Alam ½", "R2 ", None, 5.0], LAMA=["x"] * 5)
    new = side(GRID[:5], nama=["Perdagangan", "Cagar Alam Â½", "R-2", "", 5], BARU=["y"] * 5)
    changes = list(compare_attributes(old, new, (np.arange(5), np.arange(5))))
    assert [(c.code, c.field, c.old, c.new) for c in changes] == [
        ("DIF202", "BARU", None, None), ("DIF203", "LAMA", None, None), ("DIF201", "nama", "Perumahan", "Perdagangan"),
        ("DIF204", "nama", "R2 ", "R-2"), ("DIF205", "nama", "Cagar Alam ½", "Cagar Alam Â½"),
    ]  # fmt: skip


def test_a_column_with_many_values_is_summed_up_and_nothing_is_lost() -> None:
    shapes = [shapely.box(n, 0, n + 1, 1) for n in range(300)]
    old, new = (
        side(shapes, LUASHA=[float(n) for n in range(300)]),
        side(shapes, LUASHA=[n + 0.5 for n in range(300)]),
    )
    changes = list(compare_attributes(old, new, (np.arange(300), np.arange(300))))
    assert len(changes) == 50 and sum(c.count for c in changes) == 300


@pytest.mark.parametrize(
    ("table", "column", "before", "after", "effect"),
    [
        ("itbx.csv", "R-3", "I", "T1", "stricter"),
        ("itbx.csv", "R-3", "X", "B2", "looser"),
        ("itbx.csv", "R-3", "T1", "T1,T2", "stricter"),
        ("itbx.csv", "R-3", "T1", "T2", "other"),
        ("itbx.csv", "R-3", "", "I", "other"),
        ("intensity.csv", "kdb_max_pct", "60", "70", "looser"),
        ("intensity.csv", "kdb_max_pct", "60", "-", "looser"),
        ("intensity.csv", "kdh_min_pct", "10", "20", "stricter"),
        ("intensity.csv", "kdh_min_pct", "10", "", "other"),
        ("intensity.csv", "gsb_min_m", "5", "0.5*rumija+1", "other"),
        ("intensity.csv", "lot_min_m2", "60", "40", "looser"),
        ("zones.csv", "protected", "budi daya", "lindung", "stricter"),
    ],
)
def test_cells_are_stricter_or_looser(table: str, column: str, before: str, after: str, effect: str) -> None:
    assert effect_of(table, column, before, after) == effect


# ---- plan folders through the command line --------------------------------------------------------------------


Edit = Callable[[Path], None]


def replaced(name: str, old: str, new: str) -> Edit:
    def edit(folder: Path) -> None:
        path = folder / name
        text = path.read_text("utf-8")
        assert text.count(old) >= 1, old
        path.write_text(text.replace(old, new, 1), "utf-8")

    return edit


TOML = """
id = "uji"
name = "Rencana uji"
level = "rdtr"
legal = "Perda uji"
status = "in-force"
valid_from = 2024-01-01
scale = 5000

[[layer]]
role = "zoning"
path = "zona.gpkg"
[layer.fields]
subzone = "KODE"
"""
OVERLAYS = "".join(f'\n[[overlay]]\nrule = "KHS{n:03}"\nnone = "Pasal 9"\n' for n in range(1, 14))
TABLES = {
    "zones.csv": "subzone,name,zone,protected\nR-3,Perumahan,R,budi daya\nK-1,Perdagangan,K,budi daya\n",
    "activities.csv": "activity_id,name\nrumah,Rumah\ntoko,Toko\n",
    "kbli.csv": "kbli,activity_id\n68111,rumah\n47111,toko\n",
    "itbx.csv": "activity_id,R-3,K-1\nrumah,I,I\ntoko,X,I\n",
    "conditions.csv": "code,text,legal\nT1,Jam operasi,Pasal 3\n",
    "intensity.csv": "subzone,road_class,parcel_min_m2,parcel_max_m2,kdb_max_pct,klb_max,kdh_min_pct,ktb_max_pct,height_max_m,"
    "floors_max,gsb_min_m,side_min_m,rear_min_m,lot_min_m2,legal\n"
    "R-3,*,-,-,60,1.2,10,-,-,-,-,-,-,60,Pasal 4\nK-1,*,-,-,80,2.4,10,-,-,-,-,-,-,60,Pasal 5\n",
}  # fmt: skip


def plan(
    folder: Path,
    codes: list[str | None] | None = None,
    shapes: list[Any] | None = None,
    crs: str = "EPSG:32751",
) -> Path:
    folder.mkdir()
    shapes = [affinity.translate(g, E0, N0) for g in GRID[:4]] if shapes is None else shapes
    codes = ["R-3", "R-3", "K-1", "K-1"] if codes is None else codes
    write(
        folder / "zona.gpkg", shapes, {"KODE": codes, "CATATAN": ["a"] * len(shapes)}, driver="GPKG", crs=crs
    )
    (folder / "plan.toml").write_text(TOML + OVERLAYS, "utf-8")
    for name, text in TABLES.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    """Four parcels of 40 x 40 m, one in the middle of each zone, and one that has no outline."""
    shapes = [affinity.translate(shapely.box(30, 30, 70, 70), E0 + 100 * n, N0) for n in range(4)]
    fields = {"id": ["a", "b", "c", "d", "e"], "activity": ["toko"] * 5}
    return write(tmp_path / "persil.gpkg", [*shapes, None], fields, driver="GPKG")


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli_main(["diff", *map(str, arguments), "--lang", "en"])
    out, err = capsys.readouterr()
    return code, out, err


def document(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    code, out, err = run(capsys, *arguments, "--format", "json")
    assert code in (0, 1), err
    found: dict[str, Any] = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(found)
    return found


def test_a_plan_against_itself_has_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, SAMPLE, SAMPLE)
    assert found["summary"]["changed"] is False and found["changes"] == [] and found["transitions"] == []


def test_another_crs_is_said_and_is_no_change_of_geometry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from kkpr_check.io.crs import transform

    old = plan(tmp_path / "lama")
    shapes = list(
        transform(objects([affinity.translate(g, E0, N0) for g in GRID[:4]]), "EPSG:32751", "EPSG:4326")
    )
    found = document(capsys, old, plan(tmp_path / "baru", shapes=shapes, crs="EPSG:4326"))
    assert {c["code"] for c in found["changes"]} <= {"DIF113"} and found["summary"]["by_code"] == {
        "DIF113": 1
    }


FLIPS: dict[str, tuple[Edit | None, list[str | None] | None, set[str], str, str]] = {
    "zoning": (None, ["R-3", "R-3", "K-1", "R-3"], {"d"}, "zoning", "K-1 -> R-3"),
    "itbx": (replaced("itbx.csv", "toko,X,I", "toko,X,X"), None, {"c", "d"}, "itbx.csv", "toko x K-1: I -> X"),
    "lot": (replaced("intensity.csv", "60,Pasal 5", "9000,Pasal 5"), None, {"c", "d"}, "intensity.csv",
            "K-1 / * / - / - x lot_min_m2: 60 -> 9000"),
    "kbli": (replaced("kbli.csv", "47111,toko", "47111,rumah"), None, set(), "", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FLIPS)
def test_a_flip_has_its_cause(
    name: str, tmp_path: Path, parcels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit, codes, ids, part, detail = FLIPS[name]
    old, new = plan(tmp_path / "lama"), plan(tmp_path / "baru", codes)
    if edit is not None:
        edit(new)
    found = document(capsys, old, new, "--parcels", parcels)["parcels"]
    assert {flip["id"] for flip in found["flips"]} == ids
    for flip in found["flips"]:
        assert (
            flip["causes"] == [{"part": part, "how": "alone", "detail": detail}]
            and flip["direction"] == "worse"
        )
        assert flip["area_m2"] == pytest.approx(1_600)
    assert sum(one["parcels"] for one in found["matrix"]) == found["rows"] == 5
    assert [one["id"] for one in found["unreadable"]] == ["e"]


def test_two_changes_that_only_flip_together_are_said_so(
    tmp_path: Path, parcels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = plan(tmp_path / "lama"), plan(tmp_path / "baru", ["C-9", "R-3", "K-1", "K-1"])
    for folder in (old, new):
        replaced("zones.csv", "K-1,", "C-9,Campuran,C,budi daya\nK-1,")(folder)
    replaced("itbx.csv", "R-3,K-1\nrumah,I,I\ntoko,X,I", "R-3,K-1,C-9\nrumah,I,I,I\ntoko,X,I,X")(old)
    replaced("itbx.csv", "R-3,K-1\nrumah,I,I\ntoko,X,I", "R-3,K-1,C-9\nrumah,I,I,I\ntoko,X,I,I")(new)
    rung = "K-1,*,-,-,80,2.4,10,-,-,-,-,-,-,60,Pasal 5\n"
    for folder in (old, new):
        replaced("intensity.csv", rung, rung + rung.replace("K-1", "C-9"))(folder)
    found = document(capsys, old, new, "--parcels", parcels)["parcels"]
    (flip,) = found["flips"]
    assert (flip["id"], flip["direction"]) == ("a", "better")
    assert {(c["part"], c["how"]) for c in flip["causes"]} == {("zoning", "needed"), ("itbx.csv", "needed")}


def test_a_date_alone_flips_only_where_it_is_asked_for(
    tmp_path: Path, parcels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = plan(tmp_path / "lama"), plan(tmp_path / "baru")
    replaced("plan.toml", "valid_from = 2024-01-01", "valid_from = 2090-01-01")(new)
    found = document(capsys, old, new, "--parcels", parcels)
    assert found["parcels"]["flips"] == [] and found["parcels"]["dates"] == "ignored"
    assert [c["code"] for c in found["changes"]] == ["DIF401"] and found["new"]["in_force"] is False
    found = document(capsys, old, new, "--parcels", parcels, "--as-of", "2026-01-01")
    assert {f["id"] for f in found["parcels"]["flips"]} == {"a", "b", "c", "d"}
    assert {c["part"] for f in found["parcels"]["flips"] for c in f["causes"]} == {
        "plan.toml: dates and status"
    }


def test_the_budget_decides_the_exit_code(
    tmp_path: Path, parcels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = plan(tmp_path / "lama"), plan(tmp_path / "baru", ["R-3", "R-3", "K-1", "R-3"])
    assert run(capsys, old, new, "--parcels", parcels)[0] == 0
    assert (
        run(capsys, old, new, "--parcels", parcels, "--max-flips", "2")[0] == 0
    )  # one flip, one nobody knows
    assert run(capsys, old, new, "--parcels", parcels, "--max-flips", "1")[0] == 1
    code, _, err = run(capsys, old, new, "--max-flips", "1")
    assert code == 2 and "--parcels" in err
    assert run(capsys, old, new, "--parcels", parcels, "--max-flips", "-1")[0] == 2
    assert run(capsys, old)[0] == 2


def test_an_unreadable_side_ends_the_run_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = plan(tmp_path / "lama"), plan(tmp_path / "baru")
    (new / "itbx.csv").write_text("activity_id,R-3\nrumah,Q9\n", "utf-8")
    code, out, err = run(capsys, old, new)
    assert code == 2 and not out and "itbx.csv" in err and "NEW" in err
    assert run(capsys, tmp_path / "tiada", new)[0] == 2


def test_bare_layers_are_compared_by_geometry_and_attributes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = [affinity.translate(g, E0, N0) for g in GRID]
    fields = {"KODSZN": CODES, "NAMOBJ": ["Perumahan"] * 25}
    old = write(tmp_path / "a.gpkg", shapes, fields, driver="GPKG")
    new = write(tmp_path / "b.gpkg", shapes, {**fields, "KODSZN": ["K-1", *CODES[1:]]}, driver="GPKG")
    found = document(capsys, old, new)
    assert [(t["old"], t["new"], t["area_m2"]) for t in found["transitions"]] == [("R-1", "K-1", 10_000.0)]
    assert [one["what"] for one in found["not_compared"]] == ["law", "tables"]
    code, _, err = run(capsys, old, new, "--parcels", old)
    assert code == 2 and "plan folder" in err


def test_a_bare_layer_spelled_otherwise_has_no_other_zones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = [affinity.translate(g, E0, N0) for g in GRID]
    names = ["Perumahan"] * 25
    plain = [str(code).replace("-", "") for code in CODES]
    old = write(tmp_path / "a.gpkg", shapes, {"KODSZN": plain, "NAMOBJ": names}, driver="GPKG")
    new = write(tmp_path / "b.gpkg", shapes, {"KODSZN": CODES, "NAMOBJ": names}, driver="GPKG")
    found = document(capsys, old, new)
    assert found["transitions"] == [] and set(found["summary"]["by_code"]) == {"DIF204"}
    told = {(c["old"], c["new"]) for c in found["changes"] if c["field"] == "subzone"}
    assert told == {("R1", "R-1"), ("R2", "R-2"), ("R3", "R-3")}


def test_layers_that_lie_apart_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shapes = [affinity.translate(g, E0, N0) for g in GRID[:4]]
    fields = {"KODSZN": ["R-3"] * 4, "NAMOBJ": ["Perumahan"] * 4}
    old = write(tmp_path / "a.gpkg", shapes, fields, driver="GPKG")
    far = write(tmp_path / "b.gpkg", [affinity.translate(g, 9_000) for g in shapes], fields, driver="GPKG")
    near = write(tmp_path / "c.gpkg", [affinity.translate(g, 90) for g in shapes], fields, driver="GPKG")
    assert any("two versions of one layer" in note for note in document(capsys, old, far)["notes"])
    assert document(capsys, old, near)["notes"] == []


def test_a_layer_of_one_side_is_a_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = plan(tmp_path / "lama"), plan(tmp_path / "baru")
    write(new / "sungai.gpkg", [shapely.box(E0, N0, E0 + 9, N0 + 9)], {"A": ["x"]}, driver="GPKG")
    with (new / "plan.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[[layer]]\nid = "sungai"\nrole = "river"\npath = "sungai.gpkg"\n')
    assert "DIF108" in document(capsys, old, new)["summary"]["by_code"]
    assert "DIF109" in document(capsys, new, old)["summary"]["by_code"]


HOSTILE = "<script>alert(1)</script>|`x`@all\x1b[31m::error::"


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[Path, Path]:
    old, new = plan(tmp_path / "lama"), plan(tmp_path / "baru", ["R-3", "R-3", HOSTILE, "K-1"])
    replaced("plan.toml", '"Rencana uji"', json.dumps(HOSTILE).replace("\\u001b[31m", ""))(new)
    return old, new


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        assert not any(name.startswith("on") or (name in ("src", "href")) for name, _ in attrs)


def test_every_format_is_well_formed_and_harmless(
    hostile: tuple[Path, Path], parcels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = (*hostile, "--parcels", parcels, "--format")
    texts = {
        name: run(capsys, *call, name)[1]
        for name in ("text", "jsonl", "sarif", "junit", "github", "gitlab", "md", "html")
    }
    assert "\x1b" not in "".join(texts.values())
    kinds = [json.loads(line)["kind"] for line in texts["jsonl"].splitlines()]
    assert kinds[-1] == "summary" and {"change", "flip", "unreadable"} <= set(kinds)
    sarif = json.loads(texts["sarif"])["runs"][0]
    assert {r["ruleId"] for r in sarif["results"]} >= {"DIF101", "DIF401", "DIF501", "DIF503"}
    assert ET.fromstring(texts["junit"]).get("name") == "kkpr-check diff"
    assert {i["check_name"][:6] for i in json.loads(texts["gitlab"])} >= {"DIF101", "DIF501"}
    assert all(line.startswith("::") for line in texts["github"].splitlines())
    assert "<script>alert" not in texts["md"] and "@all" not in texts["md"].replace("\\@all", "")
    tags = _Tags()
    tags.feed(texts["html"])
    assert tags.scripts == 1 and "http" not in re.sub(r"http-equiv", "", texts["html"])
    assert "default-src 'none'" in texts["html"].replace("&#x27;", "'")


def test_the_geopackage_has_layers_with_styles(
    hostile: tuple[Path, Path], parcels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "beda.gpkg"
    assert run(capsys, *hostile, "--parcels", parcels, "--output", target)[0] == 0
    with closing(sqlite3.connect(target)) as database:
        layers = {name for (name,) in database.execute("SELECT table_name FROM gpkg_contents")}
        styled = {name for (name,) in database.execute("SELECT f_table_name FROM layer_styles")}
        codes = {code for (code,) in database.execute("SELECT code FROM changes_areas")}
    assert {"changes_areas", "changes_other", "flips", "unreadable"} <= layers and {
        "changes_areas",
        "flips",
    } <= styled
    assert "DIF101" in codes
    assert run(capsys, *hostile, "--format", "gpkg")[0] == 2
    assert run(capsys, *hostile, "--output", target)[0] == 2  # it exists already


def test_rules_that_changed_are_told_by_what_they_are_now() -> None:
    rules = (("INT002", "-", "fail"), ("KGT001", "undetermined", "fail"), ("KGT002", "conditional", "-"))
    flip = Flip(0, "a", "conditional", "nonconform", rules, (None, None), None, ())
    assert rules_line(flip, "en") == "violated: INT002, KGT001; no longer: KGT002"
    assert rules_line(flip, "id") == "dilanggar: INT002, KGT001; tidak lagi: KGT002"


def test_the_comment_fits_a_pull_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shapes = [
        affinity.translate(
            shapely.box(n % 60 * 10, n // 60 * 10, n % 60 * 10 + 10, n // 60 * 10 + 10), E0, N0
        )
        for n in range(3_000)
    ]
    old = plan(tmp_path / "lama", ["R-3"] * 3_000, shapes)
    new = plan(tmp_path / "baru", [f"Z-{n}-{'x' * 40}" for n in range(3_000)], shapes)
    code, out, _ = run(capsys, old, new, "--format", "md")
    assert code == 0 and 30_000 < len(out) <= 65_536
    told = sum(int(n.replace(",", "")) for n in re.findall(r"… and ([\d,]+) more", out)) + len(
        re.findall(r"\| Z\\?-\d", out)
    )
    assert told == 3_000


def test_the_answer_is_the_same_every_time(
    tmp_path: Path, parcels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = plan(tmp_path / "lama"), plan(tmp_path / "baru", ["K-1", "R-3", "K-1", "R-3"])
    assert len({run(capsys, old, new, "--parcels", parcels, "--format", "json")[1] for _ in range(2)}) == 1


@pytest.mark.real
def test_planted_edits_of_a_real_layer_are_all_that_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from real_plans import REAL

    source = REAL / "rdtr" / "saumlaki_2023_polaruang.geojson"
    if not source.is_file():
        pytest.skip(f"no real data at {REAL}")
    from kkpr_check.io.layers import read_layer

    data = read_layer(source)
    fields = {name: [None if v is None else str(v) for v in values] for name, values in data.fields.items()}
    sizes = shapely.area(data.geometry)
    gone = int(np.argmax(sizes))
    write(tmp_path / "a.gpkg", data.geometry, fields, driver="GPKG", crs=data.crs, kind="Unknown")
    kept = np.delete(np.arange(len(data.geometry)), gone)
    fewer = {name: [values[n] for n in kept] for name, values in fields.items()}
    write(tmp_path / "b.gpkg", data.geometry[kept], fewer, driver="GPKG", crs=data.crs, kind="Unknown")
    found = document(capsys, tmp_path / "a.gpkg", tmp_path / "b.gpkg")
    assert {c["code"][:4] for c in found["changes"]} <= {"DIF1"}
    assert [layer["same_geometry"] for layer in found["layers"]] == [len(kept)]
    shutil.rmtree(tmp_path)
