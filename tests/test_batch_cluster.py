"""Blocks on a real Dask scheduler with two worker processes (extra ``[dask]``)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from batch_harness import CRS, PLANS, batch, some, write_geojsonl
from test_batch_faults import done, wait_for
from test_batch_formats import write_parquet

from kkpr_check.batch.cluster import Cluster
from kkpr_check.batch.parquetlayer import RowGroupPayload
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


def test_a_message_takes_several_blocks(
    monkeypatch: pytest.MonkeyPatch, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    pool = Cluster(lambda _: lambda task: task * 2, SimpleNamespace(folder="none"), cluster[0], ahead=8)
    threads = max(pool._threads(), 1)
    send, messages = pool._client.map, []

    def counted(function: Any, tasks: list[int], **options: Any) -> Any:
        messages.append(len(tasks))
        return send(function, tasks, **options)

    monkeypatch.setattr(pool._client, "map", counted)
    try:
        assert dict(pool.map((n, n) for n in range(60))) == {n: 2 * n for n in range(60)}
    finally:
        pool.stop()
    assert sum(messages) == 60 and min(messages[:-1]) >= 2 * threads and max(messages) <= 8 * 2


def test_a_block_that_fails_does_not_take_the_others_along(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    def work(task: int) -> int:
        if task == 7:
            raise OSError(28, "No space left on device")
        return task

    pool = Cluster(lambda _: work, SimpleNamespace(folder="none"), cluster[0], ahead=8)
    told = []
    try:
        futures = pool._submitted([(n, n) for n in range(10)])
        list(distributed.as_completed(futures, loop=pool._client.loop, timeout=60))
        with pytest.raises(OSError, match="No space left"):
            for key, _ in pool._results(futures):
                told.append(key)
    finally:
        pool.stop()
    assert sorted(told) == [0, 1, 2, 3, 4, 5, 6, 8, 9]


def test_a_file_that_crashes_its_reader_leaves_the_worker_alone(parcels: Path) -> None:
    payload = RowGroupPayload(str(parcels), 0, 0, 3, ("id",), "geometry", "p", CRS)
    assert len(payload.load().raw.geometry) == 3
    crashing = replace(payload, columns=Crash())
    with pytest.raises(InputError, match="crashed") as caught:
        crashing.load()
    assert caught.value.code == "reader-failed" and caught.value.place.file == str(parcels)


class Crash(tuple[str, ...]):
    """Ends the process that unpacks it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (139,)


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
