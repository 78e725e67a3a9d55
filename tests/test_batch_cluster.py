"""Blocks on a real Dask scheduler with two worker processes (extra ``[dask]``)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_harness import PLANS, batch, some, write_geojsonl
from test_batch_faults import done, wait_for
from test_batch_formats import write_parquet

from kkpr_check.errors import InputError

distributed = pytest.importorskip("distributed", reason="extra [dask] is not installed")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    folder = tmp_path_factory.mktemp("cluster")
    address, scheduler = free_address()
    with (folder / "log").open("wb") as log:
        started = [dask(scheduler, folder, log)]
        started += [
            dask(["worker", address, "--nthreads", "1", "--no-dashboard"], folder, log) for _ in range(2)
        ]
        try:
            yield address, started
        finally:
            for process in started:
                process.kill()
            for process in started:
                process.wait()


def free_address() -> tuple[str, list[str]]:
    """Return an address, and the arguments of a scheduler on it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    more = ["--host", "127.0.0.1", "--port", str(port), "--dashboard-address", ":0"]
    return f"tcp://127.0.0.1:{port}", ["scheduler", *more]


def dask(arguments: list[str], folder: Path, log: object) -> subprocess.Popen[bytes]:
    code = "import sys; from dask.__main__ import main; sys.argv[0] = 'dask'; main()"
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=folder, stdout=log, stderr=log)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def parcels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parquet(tmp_path_factory.mktemp("parcels") / "p.parquet")


def test_the_same_bytes_as_on_this_machine(
    tmp_path: Path, parcels: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    batch(parcels, tmp_path / "a.parquet", findings=str(tmp_path / "a.csv"))
    batch(
        parcels, tmp_path / "b.parquet", findings=str(tmp_path / "b.csv"), scheduler=cluster[0], block_rows=5
    )
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_an_error_of_a_worker_is_told(
    tmp_path: Path, parcels: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    point = write_geojsonl(tmp_path / "e.geojson", [{}], [some(1)[1][0].centroid])
    with pytest.raises(InputError, match="a Point where a polygon is needed") as caught:
        batch(parcels, tmp_path / "a.csv", scheduler=cluster[0], existing=str(point))
    assert caught.value.place.file == str(point)


def test_a_worker_killed_in_the_middle_loses_nothing(
    tmp_path: Path, parcels: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, started = cluster
    batch(parcels, tmp_path / "a.csv")
    output = tmp_path / "b.csv"
    call = [
        sys.executable, "-m", "kkpr_check", "batch", str(parcels), "--plan", PLANS[0], "--output", str(output),
        "--as-of", "2025-01-01", "--engine", "dask", "--scheduler", address, "--block-size", "1", "--lang", "en",
    ]  # fmt: skip
    run = subprocess.Popen(call, stderr=subprocess.PIPE, env=os.environ)
    wait_for(run, output, 3)
    started[2].kill()
    _, told = run.communicate(timeout=120)
    assert run.returncode == 0, told
    assert output.read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert done(output) == 0


def test_a_scheduler_without_workers(tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kkpr_check.batch import cluster as module

    monkeypatch.setattr(module, "WORKER_S", 1)
    address, scheduler = free_address()
    process = dask(scheduler, parcels.parent, subprocess.DEVNULL)
    try:
        with pytest.raises(InputError, match="has no worker"):
            batch(parcels, tmp_path / "a.csv", scheduler=address)
    finally:
        process.kill()
        process.wait()
    assert not list(tmp_path.iterdir())


def test_nobody_at_the_address(tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kkpr_check.batch import cluster as module

    monkeypatch.setattr(module, "CONNECT_S", 1)
    begun = time.monotonic()
    with pytest.raises(InputError, match="no Dask scheduler"):
        batch(parcels, tmp_path / "a.csv", scheduler="tcp://127.0.0.1:9")
    assert time.monotonic() - begun < 30
    assert not list(tmp_path.iterdir())
