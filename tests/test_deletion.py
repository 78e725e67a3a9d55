"""Deletion mutation proof: nothing that is taken out of a plan makes a verdict better, or plan.lock tells of it."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import deletion as taken_apart
import numpy as np
import pyogrio
import pytest
from deletion import ROOT, Bench, Deletion, asked_for, improved, load, real_bench, sample_bench, toml
from engine_builder import ROAD, build
from real_plans import REAL

from kkpr_check import zoning
from kkpr_check.errors import KkprError, PlanError
from kkpr_check.geometry import EMPTY
from kkpr_check.io.lock import write_lock
from kkpr_check.io.windows import open_folder
from kkpr_check.plan import Tables
from kkpr_check.tables import parse_tables

SOAK = bool(os.environ.get("KKPR_SOAK"))
KINDS = (
    "layer", "plan.toml key", "zone", "other feature", "far features", "value", "field", "table", "table row",
    "table column", "table cell",
)  # fmt: skip


@pytest.fixture(scope="module")
def bench() -> Bench:
    return sample_bench()


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Locked copies of the plans."""
    root = tmp_path_factory.mktemp("plans")
    names = ("sample", "sample-rtrw")
    for name in names:
        shutil.copytree(ROOT / "data" / name, root / name)
        write_lock(root / name)
    return tuple(root / name for name in names)


def test_the_bench_judges_as_a_check_does(bench: Bench) -> None:
    """Whole plans in memory give the verdicts that the examples say of themselves."""
    told = {report.site.id: report.verdict.value for report in bench.before}
    held = 0
    for path in sorted((ROOT / "examples").glob("0[1-8]*.geojson")):
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
            said = feature["properties"]
            if "expected" in said and "data/sample-rtrw" in said["plans"]:
                assert told[said["id"]] == said["expected"], said["id"]
                held += 1
    assert held >= 5
    assert {"conform", "conditional", "partial", "nonconform", "undetermined"} == set(told.values())


def test_every_kind_of_deletion_is_tried(bench: Bench) -> None:
    deletions = bench.deletions()
    assert {one.kind for one in deletions} == set(KINDS)
    assert len({one.name for one in deletions}) == len(deletions) > 8_000


@pytest.mark.parametrize("kind", KINDS)
def test_no_deletion_improves_a_verdict(bench: Bench, kind: str) -> None:
    """A reduced and seeded part; KKPR_SOAK=1 tries every one."""
    deletions = [d for d in bench.deletions() if d.kind == kind]
    if not SOAK:
        deletions = bench.sample(deletions, 5, seed=20)
    better = [found for deletion in deletions for found in bench.outcome(deletion)[1]]
    assert [f"{b.deletion.name}: {b.site} {b.what}" for b in better if b.reason is None] == []


@pytest.mark.parametrize("kind", ("zone", "table cell"))
def test_an_engine_that_fails_open_is_found(bench: Bench, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The proof can fail: were an empty cell a permit, or a gap no matter, a deletion would improve a verdict."""
    refused = [
        (finding.zone, report.site.proposal)
        for report in bench.before
        for finding in report.findings
        if finding.rule == "KGT001" and finding.outcome.word == "fail"
    ]
    if kind == "zone":
        monkeypatch.setattr(
            zoning,
            "lasting",
            lambda gaps, *_: (np.full(len(gaps), EMPTY, dtype=object), np.zeros(len(gaps))),
        )
        deletions = bench.sample([d for d in bench.deletions() if d.kind == kind], 12, seed=3)
    else:
        tables = bench.plans[0].plan.tables
        cells = {
            (activity, zone) for zone, asked in refused
            for activity in (asked.activity, *tables.kbli.get(asked.kbli or "", ())) if activity
        }  # fmt: skip
        monkeypatch.setattr(taken_apart, "parse_tables", permissive)
        deletions = [
            d for d in bench.deletions()
            if d.kind == kind and d.file == "itbx.csv" and d.folder == 0 and (d.key, d.name.rpartition(", ")[2]) in cells
        ]  # fmt: skip
    assert deletions
    better = [found for one in deletions for found in bench.outcome(one)[1]]
    assert [found for found in better if found.reason is None]


def permissive(texts: Mapping[str, str]) -> Tables:
    """Read tables as a tool would that takes an empty cell for a permit."""
    tables = parse_tables(texts)
    permit = next(cell for cell in tables.itbx.values() if cell.letter == "I")
    every = {(activity, zone): permit for activity in tables.activities for zone in tables.itbx_subzones}
    return replace(tables, itbx={**every, **tables.itbx})


# --- an adopted real plan ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return real_bench(tmp_path_factory.mktemp("real"))


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")
@pytest.mark.parametrize("kind", KINDS)
def test_no_deletion_of_an_adopted_plan_improves_a_verdict(real: Bench, kind: str) -> None:
    """It would show: some of its parcels can be approved, some are refused, some are open."""
    assert {"conditional", "nonconform", "undetermined"} <= {report.verdict.value for report in real.before}
    deletions = [d for d in asked_for(real.deletions()) if d.kind == kind]
    if not SOAK:
        deletions = real.sample(deletions, 5, seed=22)
    better = [found for one in deletions for found in real.outcome(one)[1]]
    assert [f"{b.deletion.name}: {b.site} {b.what}" for b in better if b.reason is None] == []


# --- what only the lock notices ------------------------------------------------------------------------------------

SURVIVORS = (
    "sample/layers/sungai_sintetis.geojson 1 (river)",
    "sample/conditions.csv row 3 T2, test",
    "sample/conditions.csv test",
    "sample/plan.toml layer.8:boundary",
)


@pytest.mark.parametrize("name", SURVIVORS)
def test_a_known_survivor_improves_and_the_lock_refuses_it(
    bench: Bench, plans: tuple[Path, ...], tmp_path: Path, name: str
) -> None:
    (deletion,) = (d for d in bench.deletions() if d.name == name)
    _, better = bench.outcome(deletion)
    assert better and all(b.reason for b in better)
    error = refused(deletion, plans, tmp_path)
    assert isinstance(error, PlanError) and error.code == "lock"
    assert deletion.file in str(error)


ZONES = [{"subzone": "BJ", "area": [-100, -100, 10, 100]}, {"subzone": "R-3", "area": [10, -100, 100, 100]}]
LOWER = {
    "plan": {"id": "rtrw", "level": "rtrw-kab"},
    "zones": [{"subzone": "R-3", "area": [-100, -100, 100, 100]}],
}
GREEN = [{**ZONES[0], "subzone": "RTH-2"}, ZONES[1]]
DENSE = [{"subzone": "R-3"}, {"subzone": "RTH-2", "klb_max": "0.01"}]
BY_KBLI = {"proposal": {"activity": "", "kbli": "10000"}, "itbx": {"toko": {"R-3": "X"}}}
PROTECTED = {"zones": GREEN, "footprint": False, "intensity": DENSE}
RARE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one of several rows of a KBLI": (
        {**BY_KBLI, "kbli": {"10000": ["rumah", "toko"]}},
        {**BY_KBLI, "kbli": {"10000": ["rumah"]}},
    ),
    "a zone above a permitting lower plan, no boundary layer": (
        {"zones": ZONES, "also": [LOWER]},
        {"zones": ZONES[1:], "also": [LOWER]},
    ),
    "the permitting cell of a protected zone": (
        {**PROTECTED, "itbx": {"rumah": {"RTH-2": "I"}}},
        {**PROTECTED, "itbx": {"rumah": {"RTH-2": ""}}},
    ),
}
"""Survivors that need a plan unlike the sample: before and after."""


@pytest.mark.parametrize("name", RARE)
def test_rare_survivors_are_known(name: str) -> None:
    before, after = RARE[name]
    assert improved(build(before).report(), build(after).report()) is not None


def test_a_boundary_layer_makes_the_engine_notice_a_missing_zone() -> None:
    layers = [ROAD, {"role": "boundary", "features": [{"area": [-100, -100, 100, 100]}]}]
    before, after = RARE["a zone above a permitting lower plan, no boundary layer"]
    told = [build({**case, "layers": layers}).report() for case in (before, after)]
    assert improved(*told) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_locked_plan_is_refused_after_every_kind_of_deletion(
    bench: Bench, plans: tuple[Path, ...], tmp_path: Path, kind: str
) -> None:
    writable = [d for d in bench.deletions() if d.kind == kind and not d.file.endswith((".gpkg", ".fgb"))]
    for number, deletion in enumerate(bench.sample(writable, 3, seed=4)):
        refused(deletion, plans, tmp_path / str(number))


@pytest.mark.parametrize("file", ["kbli.csv", "itbx.csv", "layers/polaruang_sintetis.shp"])
def test_the_lock_refuses_the_rare_survivors(
    bench: Bench, plans: tuple[Path, ...], tmp_path: Path, file: str
) -> None:
    """Their kinds in the sample: what is left there is sound, so nothing but the lock refuses it."""
    kind = {"kbli.csv": "table row", "itbx.csv": "table cell"}.get(file, "zone")
    deletions = [d for d in bench.deletions() if (d.kind, d.file, d.folder) == (kind, file, 0)]
    sound = next(d for d in bench.sample(deletions, 20, seed=5) if not bench.outcome(d)[0])
    error = refused(sound, plans, tmp_path)
    assert isinstance(error, PlanError) and error.code == "lock"
    assert file.removesuffix("shp") in str(error)


def refused(deletion: Deletion, plans: tuple[Path, ...], into: Path) -> KkprError:
    """Delete on disk what was deleted in memory; return the error by which the locked plan is refused."""
    root = into / "plan"
    shutil.copytree(plans[deletion.folder], root)
    left = deletion.left()
    file = root / deletion.file
    if left.rows is not None or left.value is not None or left.column is not None:
        meta, _, wkb, columns = pyogrio.raw.read(file)
        rows = [i for i in range(len(wkb)) if left.rows is None or i not in left.rows[1]]
        if left.value is not None:
            _, row, name = left.value
            at = meta["fields"].tolist().index(name)
            columns[at] = columns[at].astype(object)
            columns[at][row] = None
        names = [n for n in meta["fields"] if left.column is None or n != left.column[1]]
        kept = [c[rows] for n, c in zip(meta["fields"], columns, strict=True) if n in names]
        kind, crs = meta["geometry_type"], meta["crs"]
        for part in file.parent.glob(f"{file.stem}.*"):
            part.unlink()
        pyogrio.raw.write(file, wkb[rows], kept, names, geometry_type=kind, crs=crs)
    elif deletion.file in left.texts:
        file.write_text(left.texts[deletion.file], encoding="utf-8")
    else:
        file.unlink()
    with pytest.raises(KkprError) as caught:
        open_folder(root)
    return caught.value


def test_a_missing_layer_file_is_refused_without_a_lock(tmp_path: Path) -> None:
    """Every file that a layer can not be read without; plan.toml says what .prj and .cpg say."""
    for name in ("sample", "sample-rtrw"):
        for file in sorted((ROOT / "data" / name / "layers").iterdir()):
            if file.suffix in (".prj", ".cpg"):
                continue
            root = tmp_path / f"{name}-{file.name}"
            shutil.copytree(ROOT / "data" / name, root)
            (root / "layers" / file.name).unlink()
            with pytest.raises(KkprError):
                open_folder(root)


def test_a_plan_file_is_written_as_it_was_read() -> None:
    for name in ("sample", "sample-rtrw"):
        data = tomllib.loads(load(ROOT / "data" / name).texts["plan.toml"])
        assert tomllib.loads(toml(data)) == data
