"""`validate --fix-safe`: what it changes, what it leaves byte for byte, and that no verdict is another than before."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from builders import feature, geojson, polygon, ring
from cli_harness import SAMPLE, Run

from kkpr_check import fixing
from kkpr_check.errors import UsageError
from kkpr_check.io.quality_read import Reading
from kkpr_check.quality.findings import FixReport, Result
from kkpr_check.validating import ValidateRequest, validate

DAY = dt.date(2026, 11, 24)
X, Y, STEP = 124.48, -9.445, 0.001


def fix(target: Path, out: Path, **more: Any) -> FixReport:
    return fixing.fix_safe(str(target), str(out), Reading(), overwrite=False, as_of=DAY, **more)


def look(target: Path, *select: str) -> Result:
    return validate(ValidateRequest((str(target),), select=select))


def square(x: float = X, **properties: Any) -> dict[str, Any]:
    return feature(polygon(ring(x, Y, STEP)), **({"KODSZN": "R-3"} | properties))


def outline(*corners: tuple[float, float], **properties: Any) -> dict[str, Any]:
    return feature(polygon([[x, y] for x, y in (*corners, corners[0])]), **({"KODSZN": "R-3"} | properties))


def defective() -> list[dict[str, Any]]:
    """Four squares in a row: a 1e-9 degree miss, a 3 cm overlap, a doubled vertex, and a feature that stands twice."""
    far, wide = X + STEP, X + 2 * STEP + 3e-7
    return [
        outline((X, Y), (X + STEP, Y), (X + STEP, Y), (X + STEP, Y + STEP), (X, Y + STEP), KODSZN="R3"),
        outline(
            (far + 1e-9, Y),
            (wide, Y),
            (wide, Y + STEP),
            (far + 1e-9, Y + STEP),
            NAMOBJ=" Perumahan\u00a0 Sedang\x00",
        ),
        square(X + 2 * STEP),
        square(X + 2 * STEP),
    ]


def as_file(folder: Path, suffix: str) -> Path:
    folder.mkdir(exist_ok=True)
    plain = geojson(folder / "zona.geojson", defective())
    if suffix == ".geojson":
        return plain
    rows = json.loads(plain.read_text("utf-8"))["features"]
    fields = {
        "KODSZN": np.array([r["properties"]["KODSZN"] for r in rows], dtype=object),
        "NAMOBJ": np.array(
            [(r["properties"].get("NAMOBJ") or "").replace("\0", "") for r in rows], dtype=object
        ),
    }
    geometry = shapely.to_wkb([shapely.from_geojson(json.dumps(r["geometry"])) for r in rows])
    target = folder / f"zona{suffix}"
    pyogrio.raw.write(
        target, np.asarray(geometry, dtype=object), list(fields.values()), list(fields), geometry_type="Polygon",
        crs="EPSG:4326", encoding="UTF-8", layer="zona",
    )  # fmt: skip
    plain.unlink()
    return target


@pytest.mark.parametrize("suffix", [".geojson", ".shp", ".gpkg"])
def test_a_layer_is_corrected_and_the_original_is_left(suffix: str, tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", suffix)
    before = {file.name: file.read_bytes() for file in layer.parent.iterdir()}
    report = fix(layer, tmp_path / "out")
    assert {file.name: file.read_bytes() for file in layer.parent.iterdir()} == before
    made = report.by_kind
    assert made["duplicate-feature"] == 1 and made["code-spelling"] == 1 and made["blanks"] == 1
    assert made["snap-noise"] >= 1 and made["snap-sliver"] >= 1 and made["duplicate-vertex"] == 1
    assert not report.rolled_back and report.sites > 0
    copy = tmp_path / "out" / layer.name
    left = {f.code for f in look(copy).findings}
    assert not left & {"DAT101", "DAT102", "DAT104", "DAT105", "DAT111", "DAT211", "DAT216"}, left
    found = pyogrio.read_dataframe(copy)
    assert len(found) == 3 and list(found.KODSZN) == ["R-3"] * 3 and found.NAMOBJ[1] == "Perumahan Sedang"
    assert shapely.coverage_is_valid(found.geometry.to_numpy())
    moved = [
        entry["moved_m"] for entry in json.loads((tmp_path / "out" / "CHANGES.json").read_text())["changes"]
    ]
    assert max(m for m in moved if m is not None) < 0.5


def test_a_shapefile_keeps_widths_encoding_and_every_row_it_does_not_touch(tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", ".shp")
    fix(layer, tmp_path / "out")
    old, new = (path.with_suffix(".dbf").read_bytes() for path in (layer, tmp_path / "out" / layer.name))
    start, width = int.from_bytes(old[8:10], "little"), int.from_bytes(old[10:12], "little")
    assert old[:4] == new[:4] and old[8:start] == new[8:start]
    assert old[start + 2 * width : start + 3 * width] == new[start + 2 * width : start + 3 * width]
    for suffix in (".prj", ".cpg"):
        assert (
            layer.with_suffix(suffix).read_bytes()
            == (tmp_path / "out" / layer.name).with_suffix(suffix).read_bytes()
        )
    assert pyogrio.read_info(tmp_path / "out" / layer.name)["features"] == 3


def test_a_geopackage_keeps_its_spatial_index(tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", ".gpkg")
    fix(layer, tmp_path / "out")
    with closing(sqlite3.connect(tmp_path / "out" / "zona.gpkg")) as base:
        ids = {row[0] for row in base.execute("SELECT id FROM rtree_zona_geom")}
        assert ids == {row[0] for row in base.execute("SELECT fid FROM zona")} and len(ids) == 3


def test_a_text_that_has_no_room_stays(tmp_path: Path) -> None:
    target = tmp_path / "zona.shp"
    shape = shapely.to_wkb([shapely.box(X, Y, X + STEP, Y + STEP)])
    pyogrio.raw.write(target, np.asarray(shape, dtype=object), [np.array(["R3"], dtype=object)], ["KODSZN"],
                      geometry_type="Polygon", crs="EPSG:4326", encoding="UTF-8")  # fmt: skip
    dbf = target.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    start, width = int.from_bytes(data[8:10], "little"), data[48]
    data[48], data[10:12] = 2, (3).to_bytes(2, "little")
    dbf.write_bytes(bytes(data[: start + 3]) + b"\x1a")
    assert width > 2
    report = fix(target, tmp_path / "out")
    assert not report.fixes and {f.code for f in look(tmp_path / "out" / "zona.shp", "DAT211").findings} == {
        "DAT211"
    }


def test_a_real_overlap_and_a_real_gap_are_not_touched(tmp_path: Path) -> None:
    layer = geojson(tmp_path / "zona.geojson", [square(), square(X + 0.9 * STEP), square(X + 2.5 * STEP)])
    report = fix(layer, tmp_path / "out")
    assert not report.fixes
    assert (tmp_path / "out" / "zona.geojson").read_bytes() == layer.read_bytes()


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "plan"
    shutil.copytree(SAMPLE, folder)
    return folder


def test_a_plan_folder_is_copied_whole_and_judged_before_and_after(plan: Path, tmp_path: Path) -> None:
    (plan / "notes.bin").write_bytes(b"\0\1")
    report = fix(plan, tmp_path / "out")
    assert report.sites > 100 and report.cases > 5 and not report.rolled_back
    changed = {f.file for f in report.fixes}
    for file in (path for path in plan.rglob("*") if path.is_file()):
        inside = file.relative_to(plan)
        if inside.with_suffix(".shp").as_posix() not in changed and inside.as_posix() not in changed:
            assert (tmp_path / "out" / inside).read_bytes() == file.read_bytes(), inside


def test_what_would_change_a_verdict_is_rolled_back_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong correction (every code becomes another one) is found by the engine, and only that kind is undone."""
    from kkpr_check.quality import fixes

    def wrong(sheet: fixes.Sheet, draft: fixes.Draft) -> None:
        for row in range(len(sheet.view)):
            draft.cells[row, "KODSZN"] = "BA"
            draft.fixes.append(
                fixes.Fix("code-spelling", sheet.view.file, "zona", str(row), row, "KODSZN", "R-3", "BA")
            )

    monkeypatch.setattr(fixes, "_spelling", wrong)
    layer = geojson(tmp_path / "zona.geojson", [square(), square(X + STEP, NAMOBJ=" a ")])
    report = fix(layer, tmp_path / "out")
    assert [item.kind for item in report.rolled_back] == ["code-spelling"] and report.by_kind == {"blanks": 1}
    kept = json.loads((tmp_path / "out" / "zona.geojson").read_text("utf-8"))["features"]
    assert [row["properties"]["KODSZN"] for row in kept] == ["R-3", "R-3"]


def test_outputs_that_are_refused(plan: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("x")
    for out in (taken, plan / "inside", tmp_path / "no" / "such", plan):
        with pytest.raises(UsageError):
            fix(plan, out)
    with pytest.raises(UsageError):
        fixing.fix_safe(str(plan), str(taken), Reading(), overwrite=True, as_of=DAY)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plan", "taken"]


def test_the_command_tells_what_it_did_and_what_remains(run: Run, tmp_path: Path) -> None:
    layer = as_file(tmp_path / "in", ".geojson")
    code, out, _ = run("validate", str(layer), "--fix-safe", str(tmp_path / "out"), "--format", "json")
    document = json.loads(out)
    assert code == 0 and document["fixes"]["by_kind"]["duplicate-feature"] == 1
    assert document["fixes"]["compared"]["verdicts_changed"] == 0
    assert all(target["path"].startswith(str(tmp_path / "out")) for target in document["targets"])
    again = run("--lang", "id", "validate", str(layer), "--fix-safe", str(tmp_path / "out"), "--overwrite")
    assert again[0] == 0 and "tidak ada putusan yang berubah" in again[1]
    assert run("validate", str(layer), str(layer), "--fix-safe", str(tmp_path / "two"))[0] == 2
