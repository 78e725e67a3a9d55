"""plan.lock: what was locked is what is judged; each changed, missing or added file is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from kkpr_check.errors import ErrorGroup, KkprError, PlanError
from kkpr_check.io.lock import check_lock, write_lock
from kkpr_check.io.planfolder import file_hashes, load_plan, plan_sha256
from kkpr_check.io.planlayers import open_layer

PLAN = """\
id = "kota"
name = "Kota"
level = "rdtr"
legal = "Perbup 1"
status = "in-force"
scale = 5000
[[layer]]
role = "zoning"
path = "layers/zona.shp"
[layer.fields]
subzone = "KODSBL"
[[layer]]
role = "river"
path = "layers/sungai.geojson"
"""


def write_layer(path: Path, boxes: list[tuple[float, float, float, float]], crs: str, driver: str) -> None:
    wkb = shapely.to_wkb(np.array([shapely.box(*box) for box in boxes]))
    codes = np.array([f"R-{i + 1}" for i in range(len(boxes))], dtype=object)
    pyogrio.raw.write(path, wkb, [codes], ["KODSBL"], geometry_type="Polygon", crs=crs, driver=driver)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KKPR_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "kota"
    (root / "layers").mkdir(parents=True)
    (root / "plan.toml").write_text(PLAN)
    (root / "zones.csv").write_text("subzone,name\nR-1,a\nR-2,b\n")
    zones = [(700_000, 8_950_000, 700_100, 8_950_100), (700_100, 8_950_000, 700_200, 8_950_100)]
    write_layer(root / "layers" / "zona.shp", zones, "EPSG:32751", "ESRI Shapefile")
    rivers = [(124.8, -9.49, 124.81, -9.48), (124.82, -9.49, 124.83, -9.48)]
    write_layer(root / "layers" / "sungai.geojson", rivers, "EPSG:4326", "GeoJSON")
    return root


def test_a_plan_without_lock_is_unlocked(plan: Path) -> None:
    assert check_lock(plan) == "unlocked"


def test_lock_counts_and_hashes_everything(plan: Path) -> None:
    lock = json.loads(write_lock(plan).read_text())
    assert check_lock(plan) == "locked"
    assert lock["tables"] == {"zones.csv": 2}
    assert {name: layer["features"] for name, layer in lock["layers"].items()} == {"zoning": 2, "river": 2}
    assert set(lock["files"]) == set(file_hashes(plan))
    assert {"layers/zona.shp", "layers/zona.dbf", "layers/zona.prj", "zones.csv", "plan.toml"} <= set(
        lock["files"]
    )
    assert lock["plan"] == {"id": "kota", "sha256": plan_sha256(plan)}
    assert sorted(path.name for path in (plan / ".kkpr").iterdir()) == lock["copies"]


def test_the_same_plan_gives_the_same_bytes(plan: Path, tmp_path: Path) -> None:
    first = write_lock(plan).read_bytes()
    assert write_lock(plan, overwrite=True).read_bytes() == first
    other = tmp_path / "elsewhere"
    shutil.copytree(plan, other, ignore=shutil.ignore_patterns("plan.lock", ".kkpr"))
    assert write_lock(other).read_bytes() == first


def test_an_existing_lock_is_kept(plan: Path) -> None:
    before = write_lock(plan).read_bytes()
    (plan / "zones.csv").write_text("subzone,name\nR-1,a\n")
    with pytest.raises(PlanError) as caught:
        write_lock(plan)
    assert "--overwrite" in caught.value.render("id")
    assert (plan / "plan.lock").read_bytes() == before
    write_lock(plan, overwrite=True)
    assert check_lock(plan) == "locked"


def change_table(plan: Path) -> None:
    (plan / "zones.csv").write_text("subzone,name\nR-1,a\n")


def change_plan(plan: Path) -> None:
    (plan / "plan.toml").write_text(PLAN.replace("scale = 5000", "scale = 25000"))


def delete_a_river(plan: Path) -> None:
    path = plan / "layers" / "sungai.geojson"
    document = json.loads(path.read_text())
    del document["features"][0]
    path.write_text(json.dumps(document))


def delete_table(plan: Path) -> None:
    (plan / "zones.csv").unlink()


def delete_prj(plan: Path) -> None:
    (plan / "layers" / "zona.prj").unlink()


def add_table(plan: Path) -> None:
    (plan / "kbli.csv").write_text("kbli,activity_id\n")


def add_copy(plan: Path) -> None:
    shutil.copy(plan / "zones.csv", plan / ".kkpr" / ("0" * 32 + "-" + "0" * 32 + ".kkpr"))


def undeclare_layer(plan: Path) -> None:
    (plan / "plan.toml").write_text(PLAN.partition('[[layer]]\nrole = "river"')[0])


@pytest.mark.parametrize("end", [i for i, c in enumerate(PLAN) if c == "\n"])
def test_a_cut_plan_never_passes_its_lock(plan: Path, end: int) -> None:
    write_lock(plan)
    (plan / "plan.toml").write_text(PLAN[:end])
    with pytest.raises(KkprError):
        check_lock(plan)


@pytest.mark.parametrize(
    ("harm", "english", "indonesian"),
    [
        (change_table, "differs zones.csv", "berubah zones.csv"),
        (change_plan, "differs plan.toml", "berubah plan.toml"),
        (delete_a_river, "differs layers/sungai.geojson", "berubah layers/sungai.geojson"),
        (delete_table, "missing zones.csv", "hilang zones.csv"),
        (delete_prj, "missing layers/zona.prj", "hilang layers/zona.prj"),
        (add_table, "added kbli.csv", "ditambahkan kbli.csv"),
        (add_copy, "added .kkpr/0000", "ditambahkan .kkpr/0000"),
        (undeclare_layer, "missing layers/sungai.geojson", "hilang layers/sungai.geojson"),
    ],
)
def test_every_change_is_named(
    plan: Path, harm: Callable[[Path], None], english: str, indonesian: str
) -> None:
    write_lock(plan)
    harm(plan)
    with pytest.raises(PlanError) as caught:
        check_lock(plan)
    assert caught.value.code == "lock"
    assert english in caught.value.render("en")
    assert indonesian in caught.value.render("id")
    assert caught.value.remedy is not None


def test_several_changes_at_once(plan: Path) -> None:
    write_lock(plan)
    change_table(plan)
    delete_prj(plan)
    add_table(plan)
    with pytest.raises(PlanError) as caught:
        check_lock(plan)
    for word in ("differs zones.csv", "missing layers/zona.prj", "added kbli.csv"):
        assert word in str(caught.value)


def test_a_deleted_layer_is_named(plan: Path) -> None:
    write_lock(plan)
    (plan / "layers" / "sungai.geojson").unlink()
    with pytest.raises(KkprError, match=r"sungai\.geojson"):
        check_lock(plan)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"schema": "kkpr-check/lock/2", "files": {}, "copies": []}',
     b'{"schema": "kkpr-check/lock/1", "files": [], "copies": []}', b'{"schema": "kkpr-check/lock/1", "files": {}}',
     b"[" * 100_000],
)  # fmt: skip
def test_a_damaged_lock_is_never_unlocked(plan: Path, content: bytes) -> None:
    write_lock(plan)
    (plan / "plan.lock").write_bytes(content)
    with pytest.raises(PlanError) as caught:
        check_lock(plan)
    assert "plan.lock" in caught.value.render("id")


def test_unrelated_files_do_not_matter(plan: Path) -> None:
    write_lock(plan)
    (plan / "README.md").write_text("x")
    assert check_lock(plan) == "locked"


def test_missing_copies_are_made_again(plan: Path) -> None:
    write_lock(plan)
    shutil.rmtree(plan / ".kkpr")
    assert check_lock(plan) == "locked"
    assert open_layer(plan, load_plan(plan).layers[0]).facts.rows == 2


def test_checks_of_a_locked_plan_read_its_copies(plan: Path) -> None:
    write_lock(plan)
    index = open_layer(plan, load_plan(plan).layers[0])
    assert index.copy is not None and index.copy.parent == plan / ".kkpr"


def test_copies_of_an_unlocked_plan_are_not_trusted(plan: Path) -> None:
    write_lock(plan)
    (plan / "plan.lock").unlink()
    index = open_layer(plan, load_plan(plan).layers[0])
    assert index.copy is None or index.copy.parent != plan / ".kkpr"


def test_a_new_lock_removes_old_copies(plan: Path) -> None:
    write_lock(plan)
    delete_a_river(plan)
    write_lock(plan, overwrite=True)
    assert len(list((plan / ".kkpr").iterdir())) == 2
    assert json.loads((plan / "plan.lock").read_text())["layers"]["river"]["features"] == 1


@pytest.mark.parametrize("harm", ["layer", "table"])
def test_a_failed_lock_leaves_nothing(plan: Path, harm: str) -> None:
    if harm == "layer":
        (plan / "layers" / "sungai.geojson").write_text('{"type": "FeatureCollection"')
    else:
        (plan / "zones.csv").write_text("subzone\nR-1\n")
    with pytest.raises((KkprError, ErrorGroup)):
        write_lock(plan)
    assert not (plan / "plan.lock").exists()
    assert not (plan / ".kkpr").exists()
    assert not list(plan.glob(".*.tmp"))


def test_a_folder_that_can_not_be_written(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(PlanError) as caught:
        write_lock(plan)
    assert "No space left" in caught.value.render("id")
    assert not (plan / "plan.lock").exists()
