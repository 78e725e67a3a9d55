"""Indexed copies: the same rows as the layer, never stale, never damaged, never in the way."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import shapely
from builders import E0, N0, UTM51, feature, geojson, lonlat_squares, polygon, shapefile, squares, write

from kkpr_check.errors import InputError, KkprError
from kkpr_check.io import index
from kkpr_check.io.index import LayerIndex, cache_directory
from kkpr_check.io.layers import LayerData, read_layer


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("KKPR_CACHE", str(folder))
    return folder


def assert_equal(one: LayerData, other: LayerData) -> None:
    assert shapely.equals_exact(one.geometry, other.geometry, 0).all()
    assert one.feature.tolist() == other.feature.tolist() and one.row.tolist() == other.row.tolist()
    assert {n: v.tolist() for n, v in one.fields.items()} == {n: v.tolist() for n, v in other.fields.items()}
    for name in (
        "crs",
        "crs_label",
        "encoding",
        "layer",
        "driver",
        "feature_field",
        "repairs",
        "assumptions",
        "sha256",
    ):
        assert getattr(one, name) == getattr(other, name), name
    assert dict(one.parts) == dict(other.parts) and one.geometry_type == other.geometry_type


def test_the_whole_window_is_the_layer(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "m", 60)
    layer = LayerIndex.open(path)
    assert_equal(layer.window(), read_layer(path))
    assert layer.facts.rows == 60 and layer.facts.fields == {
        "KODE": 60,
        "NAMOBJ": 40,
        "NOMOR": 30,
        "LUASHA": 60,
    }
    assert layer.facts.geometry_types == ("POLYGON",) and layer.facts.bounds == read_layer(path).bounds


def test_values_keep_their_types(tmp_path: Path) -> None:
    values = [60, "60%", 60.5, None, True, "Kafé"]
    path = geojson(
        tmp_path / "a.geojson", [feature(g, A=v) for g, v in zip(lonlat_squares(6), values, strict=True)]
    )
    again = LayerIndex.open(path).window().fields["A"].tolist()
    assert again == values and [type(v) for v in again] == [type(v) for v in values]


@pytest.mark.parametrize("seed", range(20))
def test_a_window_holds_what_meets_it(seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    x, y = E0 + random.uniform(0, 1000, 300), N0 + random.uniform(0, 1000, 300)
    shapes = np.asarray(shapely.box(x, y, x + random.uniform(1, 40, 300), y + 10), dtype=object)
    path = write(tmp_path / "a.gpkg", shapes, driver="GPKG")
    layer, whole = LayerIndex.open(path), read_layer(path)
    for _ in range(5):
        left, low = E0 + random.uniform(-50, 1000), N0 + random.uniform(-50, 1000)
        box = (left, low, left + random.uniform(0, 200), low + random.uniform(0, 200))
        expected = whole.take(shapely.intersects(shapely.envelope(shapes), shapely.box(*box)))
        assert_equal(layer.window(box), expected)


def test_edges_belong_to_a_window(tmp_path: Path) -> None:
    layer = LayerIndex.open(shapefile(tmp_path / "m", 4))
    assert len(layer.window((E0 + 50, N0, E0 + 50, N0 + 50))) == 2
    empty = layer.window((E0 - 100, N0, E0 - 50, N0 + 50))
    assert len(empty) == 0 and list(empty.fields) == ["KODE", "NAMOBJ", "NOMOR", "LUASHA"]


def test_the_source_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shapefile(tmp_path / "m", 4)
    first = LayerIndex.open(path)
    monkeypatch.setattr(index, "read_layer", lambda *a, **k: pytest.fail("the source was read again"))
    assert_equal(LayerIndex.open(path).window(), first.window())


def test_a_changed_source_is_read_again(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "m", 4)
    stamp = path.stat()
    before = LayerIndex.open(path)
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(b"R-1", b"K-9"))
    for part in (path, dbf):
        os.utime(part, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # size and time say nothing
    after = LayerIndex.open(path)
    assert after.sha256 != before.sha256 and after.window().fields["KODE"][0] == "K-9"


def test_known_digests_are_not_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shapefile(tmp_path / "m", 4)
    known = {tmp_path / "m" / name: digest for name, digest in LayerIndex.open(path).parts.items()}
    monkeypatch.setattr(
        "kkpr_check.io.containers._sha256", lambda file: pytest.fail(f"{file} was hashed again")
    )
    assert len(LayerIndex.open(path, known=known).window()) == 4


def test_options_have_copies_of_their_own(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [feature(g) for g in squares(3)])
    with pytest.raises(KkprError):
        LayerIndex.open(path)
    assert LayerIndex.open(path, crs=UTM51).facts.crs == UTM51
    with pytest.raises(KkprError):
        LayerIndex.open(path)


def test_repairs_and_notes_are_kept(tmp_path: Path) -> None:
    bowtie = polygon(
        [
            [124.48, -9.445, 5],
            [124.481, -9.444, 5],
            [124.481, -9.445, 5],
            [124.48, -9.444, 5],
            [124.48, -9.445, 5],
        ]
    )
    path = geojson(tmp_path / "a.geojson", [feature(bowtie), feature(lonlat_squares(3)[2])])
    LayerIndex.open(path)
    again = LayerIndex.open(path)
    assert_equal(again.window(), read_layer(path))
    assert again.facts.repairs[0].doubtful and again.facts.assumptions
    assert again.window((124.482, -9.445, 124.483, -9.444)).repairs == ()


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_a_damaged_copy_is_built_again(damage: str, tmp_path: Path) -> None:
    path = shapefile(tmp_path / "m", 40)
    copy = LayerIndex.open(path).copy
    assert copy is not None
    data = bytearray(copy.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    copy.write_bytes({"cut": bytes(data[:5000]), "flip": bytes(data), "empty": b"", "text": b"bukan"}[damage])
    again = LayerIndex.open(path)
    assert_equal(again.window(), read_layer(path))
    assert again.copy is not None and index._is_whole(again.copy)


def test_a_copy_of_a_plan_folder_is_used_without_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shapefile(tmp_path / "m", 10)
    folder = tmp_path / "plan" / ".index"
    written = LayerIndex.open(path).write_copy(folder)
    assert LayerIndex.open(path).write_copy(folder) == written and len(list(folder.iterdir())) == 1
    shutil.rmtree(tmp_path / "cache")
    monkeypatch.setattr(index, "read_layer", lambda *a, **k: pytest.fail("the source was read again"))
    before = written.read_bytes()
    assert LayerIndex.open(path, directory=folder).copy == written
    assert written.read_bytes() == before


def test_a_damaged_copy_of_a_plan_folder_stays_as_it_is(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "m", 10)
    written = LayerIndex.open(path).write_copy(tmp_path / "plan")
    written.write_bytes(b"bukan")
    layer = LayerIndex.open(path, directory=tmp_path / "plan")
    assert layer.copy != written and len(layer.window()) == 10 and written.read_bytes() == b"bukan"
    assert layer.write_copy(tmp_path / "plan") == written and index._is_whole(written)


def test_old_copies_are_forgotten(tmp_path: Path, cache: Path) -> None:
    path = shapefile(tmp_path / "m", 10)
    copy = LayerIndex.open(path).copy
    assert copy is not None
    (cache / ".building-x.tmp").write_bytes(b"x")
    for left in cache.iterdir():
        os.utime(left, (0, 0))
    LayerIndex.open(path)  # used again: young again
    os.utime(cache / ".building-x.tmp", (0, 0))
    old = cache / "0-0.kkpr"
    old.write_bytes(b"x")
    os.utime(old, (0, 0))
    LayerIndex.open(shapefile(tmp_path / "n", 5))
    assert (
        copy.exists() and sorted(p.suffix for p in cache.iterdir()) == [".kkpr", ".kkpr"] and not old.exists()
    )


def test_a_copy_from_memory_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "cache_directory", lambda: None)
    path = shapefile(tmp_path / "m", 10)
    layer = LayerIndex.open(path)
    assert layer.copy is None
    assert_equal(layer.window(), read_layer(path))
    assert len(layer.window((E0 + 1, N0 + 1, E0 + 2, N0 + 2))) == 1
    layer.write_copy(tmp_path / "i")
    assert LayerIndex.open(path, directory=tmp_path / "i").copy is not None


def test_a_cache_that_can_not_be_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shapefile(tmp_path / "m", 10)
    blocked = tmp_path / "datei"
    blocked.write_text("no folder")
    monkeypatch.setenv("KKPR_CACHE", str(blocked / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(blocked))
    assert cache_directory() is None
    assert len(LayerIndex.open(path).window()) == 10


def test_the_cache_keeps_what_was_used_last(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = []
    for number, hours in enumerate((5, 2, 0.5, 0.1, 61 * 24)):
        copy = LayerIndex.open(shapefile(tmp_path / f"m{number}", 10 + number)).copy
        assert copy is not None
        os.utime(copy, (then := time.time() - hours * 3600, then))
        copies.append(copy)
    monkeypatch.setattr(index, "KEPT_BYTES", 1)
    new = LayerIndex.open(shapefile(tmp_path / "new", 20)).copy
    assert {*cache.glob("*.kkpr")} == {copies[2], copies[3], new}  # used within the hour


def test_a_full_disk_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    path = shapefile(tmp_path / "m", 10)

    def full(*args: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(index, "_write", full)
    layer = LayerIndex.open(path)
    assert layer.copy is None and len(layer.window()) == 10


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    path = shapefile(tmp_path / "m", 10)

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(index, "_fill", interrupted)
    with pytest.raises(KeyboardInterrupt):
        LayerIndex.open(path)
    assert list(cache.iterdir()) == []


def test_many_builders_at_once(tmp_path: Path, cache: Path) -> None:
    path = shapefile(tmp_path / "m", 200)
    code = "import sys; from kkpr_check.io.index import LayerIndex; print(len(LayerIndex.open(sys.argv[1]).window()))"

    def build(_: int) -> str:
        run = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
        )
        return run.stdout.strip() + run.stderr

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(build, range(3))) == ["200"] * 3
    assert not [p for p in cache.iterdir() if p.suffix != ".kkpr"]


def test_a_broken_layer_gets_no_copy(tmp_path: Path, cache: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [feature(None), feature(lonlat_squares(1)[0])])
    with pytest.raises(InputError):
        LayerIndex.open(path)
    assert not cache.exists() or not list(cache.iterdir())


def test_no_gdal_on_the_path_of_a_window(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "m", 10)
    LayerIndex.open(path)
    code = (
        "import sys; from kkpr_check.io.index import LayerIndex; LayerIndex.open(sys.argv[1]).window((0, 0, 9e6, 9e6));"
        "print(sorted(set(sys.modules) & {'pyogrio', 'pandas', 'geopandas', 'fiona', 'pyarrow', 'pyproj'}))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]" and run.stderr == ""


def test_without_r_tree_the_same_rows(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "m", 30)
    data = read_layer(path)
    connection = sqlite3.connect(":memory:")

    class NoRtree:
        def __getattr__(self, name: str) -> object:
            return getattr(connection, name)

        def execute(self, sql: str, *rest: object) -> object:
            if "rtree" in sql:
                raise sqlite3.OperationalError("no such module: rtree")
            return connection.execute(sql, *rest)

    index._fill(NoRtree(), data, index._facts(data))  # type: ignore[arg-type]
    layer = LayerIndex(str(path), index._facts(data), data.sha256, data.parts, "k", None, connection)
    box = (E0 + 60, N0 + 60, E0 + 70, N0 + 70)
    assert_equal(layer.window(box), LayerIndex.open(path).window(box))
    connection.close()
