"""The independent readers of the fuzz harness find in good files what was drawn."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fuzzing.grounds import EXAMPLES, GOOD, _in_utm, rows_of, wkt_table, written
from fuzzing.readers import GDB_TABLE, areas_of


@pytest.mark.parametrize(
    "suffix", [".csv", ".dxf", ".fgb", ".gdb", ".shp", ".gpkg", ".geojson", ".kml", ".parquet"]
)
def test_a_reader_finds_what_was_written(tmp_path: Path, suffix: str) -> None:
    areas = sorted(shape.area for shape in _in_utm(rows_of(GOOD)[0]))
    path = written(tmp_path, suffix)
    if suffix in (".csv", ".dxf"):  # these hold the first outline
        areas = [_in_utm(rows_of(GOOD)[0])[0].area]
    found = areas_of(path / GDB_TABLE if suffix == ".gdb" else path)
    assert found == pytest.approx(areas, rel=1e-5)


def test_a_reader_finds_the_parcels_of_a_table_and_of_an_application(tmp_path: Path) -> None:
    ground = wkt_table(tmp_path)
    areas = sorted(shape.area for shape in _in_utm(rows_of(GOOD)[0]))
    assert areas_of(ground.files[0]) == pytest.approx(areas, rel=5e-3)  # written to 0.1 m
    path = Path(shutil.copy(EXAMPLES / "09-oss.json", tmp_path))
    assert areas_of(path) == pytest.approx([334.2, 588.0], rel=2e-3)
