"""A batch under load and faults, small (benchmarks/load.py runs a million parcels): no row is lost or doubled, ever."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pq = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
if os.name == "nt":
    pytest.skip("kills and starves processes as POSIX systems do", allow_module_level=True)

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import load  # noqa: E402


def made(folder: Path, count: int, block_rows: int) -> load.Ready:
    return load.ready(folder / "all", 100, count, block_rows, straddling=0.01)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> load.Ready:
    return made(tmp_path_factory.mktemp("town"), 20_000, 1_000)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> load.Ready:
    return made(tmp_path_factory.mktemp("village"), 1_200, 100)


def test_every_parcel_stands_once_and_every_broken_one_has_its_reason(town: load.Ready) -> None:
    figures = load.count_rows(town.caller.town, town.whole)
    assert (figures["rows"], figures["broken"]) == (20_000, 185)
    assert set(figures["reasons"]) == set(load.FAULTS)
    assert town.caller.town.twice


def test_a_run_killed_at_random_moments_is_resumed_to_the_same_bytes(
    town: load.Ready, tmp_path: Path
) -> None:
    output = tmp_path / "table.parquet"
    told = load.killed(town.caller, town.whole, output, 5, random.Random(load.SEED), town.alone_s)
    assert told.kills == 5
    load.count_rows(town.caller.town, output)


def test_a_disk_of_300_kb(village: load.Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "DISK_KB", 100)  # the table of the village is smaller than that of a town
    try:
        told = load.full_disk(village.caller, village.whole, tmp_path)
    except PermissionError as error:
        pytest.skip(str(error))
    assert told["message"] == "table.parquet: no space left on the disk"


def test_too_little_memory(village: load.Ready, tmp_path: Path) -> None:
    told = load.starved(village.caller, village.whole, tmp_path, (150, 500))
    assert told[0]["exit"] == 2 and told[0]["message"].endswith("out of memory")


def test_ctrl_c_in_a_terminal(village: load.Ready, tmp_path: Path) -> None:
    """The terminal tells the workers too, also while they start: one line, no traceback of theirs."""
    chance = random.Random(load.SEED)
    told = load.interrupted(village.caller, village.whole, tmp_path / "t.parquet", 4, chance)
    assert told["slowest_s"] < 5


def test_two_runs_at_once(village: load.Ready, tmp_path: Path) -> None:
    told = load.at_once(village.caller, village.whole, tmp_path / "t.parquet")
    assert "another run" in told["message"] or "unfinished" in told["message"] or "exists" in told["message"]


def lose(rows: Any) -> Any:
    return rows.slice(0, 700), rows.slice(701)


def double(rows: Any) -> Any:
    return rows.slice(0, 701), rows.slice(700)


def exchange(rows: Any) -> Any:
    return rows.slice(0, 700), rows.slice(701, 1), rows.slice(700, 1), rows.slice(702)


@pytest.mark.parametrize("harm", [lose, double, exchange])
def test_the_count_notices_a_harmed_table(
    village: load.Ready, tmp_path: Path, harm: Callable[[Any], Any]
) -> None:
    import pyarrow as pa

    pq.write_table(pa.concat_tables(harm(pq.read_table(village.whole))), tmp_path / "t.parquet")
    with pytest.raises(load.BrokenPromiseError, match="one by one"):
        load.count_rows(village.caller.town, tmp_path / "t.parquet")


def test_the_count_notices_a_reason_of_another_row(village: load.Ready, tmp_path: Path) -> None:
    import pyarrow as pa

    rows = pq.read_table(village.whole).to_pydict()
    told = [row for row, message in enumerate(rows["message"]) if message and " row " in message]
    other = next(
        row for row in told if rows["message"][row][-20:] == rows["message"][told[0]][-20:] and row != told[0]
    )
    rows["message"][told[0]] = rows["message"][other]
    pq.write_table(pa.table(rows), tmp_path / "t.parquet")
    with pytest.raises(load.BrokenPromiseError):
        load.count_rows(village.caller.town, tmp_path / "t.parquet")
