"""The same batch on a Dask cluster (a scheduler and two workers on this machine) and on the local pool; one output, byte for byte.

    python benchmarks/cluster.py --parcels 1000000 --write
    python benchmarks/cluster.py --parcels 10000000 --no-local --write

The steady rate is that of the second half of the parcels: opening the plans, which each Dask worker does by itself, is over
by then. A partition is a row group of GeoParquet; what one costs beside the work is measured with partitions of no work.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from batch import WORKERS
from generate import coverage
from measure import ROOT, load, machine
from options import options
from plan import make_parcels, make_plan

FIGURES = Path(__file__).with_suffix(".json")
GOALS = {"rate": 0.9, "partition_ms": 3.0}
PARTITIONS = 400


class Rate(NamedTuple):
    """Wall seconds of a run, start-up included; processor seconds of all of its processes; parcels a second in its second half."""

    seconds: float
    cpu_s: float
    parcels_per_s: float


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """Run a scheduler and two workers of one thread; yield its address and their process numbers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    calls = [["scheduler", "--host", "127.0.0.1", "--port", str(port), "--dashboard-address", ":0"]]
    calls += [["worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]] * WORKERS
    code = "import sys; from dask.__main__ import main; sys.argv[0] = 'dask'; main()"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    with (folder / "dask.log").open("wb") as log:
        started = [
            subprocess.Popen([sys.executable, "-c", code, *call], cwd=folder, stdout=log, stderr=log, env=environment)
            for call in calls
        ]  # fmt: skip
        try:
            yield address, [process.pid for process in started]
        finally:
            for process in started:
                process.kill()
                process.wait()


def run(data: Path, address: str | None, pids: list[int]) -> Rate:
    """Judge the parcels of a folder and time it."""
    from kkpr_check.batch.request import BLOCK_ROWS, CLUSTER_BLOCK_ROWS, BatchRequest
    from kkpr_check.batch.running import run_batch

    request = BatchRequest(
        str(data / "parcels.parquet"), str(data / ("pool.parquet" if address is None else "dask.parquet")),
        plans=(str(data / "plan"),), message="none", as_of=dt.date(2025, 1, 1), overwrite=True, scheduler=address,
        workers=WORKERS if address is None else None,
        block_rows=BLOCK_ROWS if address is None else CLUSTER_BLOCK_ROWS,
    )  # fmt: skip
    times: list[tuple[int, float]] = []
    begun, spent = time.perf_counter(), _cpu_s(pids)
    run_batch(request, lambda done, *_: times.append((done, time.perf_counter())))
    seconds = time.perf_counter() - begun
    half = next((done, at) for done, at in times if done >= times[-1][0] / 2)
    rate = (times[-1][0] - half[0]) / max(times[-1][1] - half[1], 1e-9)
    return Rate(round(seconds, 1), round(_cpu_s(pids) - spent, 1), round(rate))


def _cpu_s(pids: list[int]) -> float:
    """Return the processor seconds of some processes, of this one and of all children that it has waited for."""
    here = os.times()
    total = here.user + here.system + here.children_user + here.children_system
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _nothing(_: Any) -> Any:
    return len


def partition_ms(address: str) -> float:
    """Return the milliseconds that a partition costs beside its work."""
    from kkpr_check.batch.cluster import AHEAD_NAMED, Cluster

    pool = Cluster(_nothing, SimpleNamespace(folder="benchmark"), address, ahead=AHEAD_NAMED)
    pool._client.wait_for_workers(WORKERS)
    try:
        for _ in pool.map((n, ()) for n in range(20)):
            pass
        begun = time.perf_counter()
        for _ in pool.map((n, ()) for n in range(PARTITIONS)):
            pass
        return round((time.perf_counter() - begun) / PARTITIONS * 1000, 2)
    finally:
        pool.stop()


def main() -> int:
    """Measure, print, and write the figures if asked; 1 where the outputs differ."""
    parser = options(__doc__, "zones", "parcels", "write")
    parser.add_argument("--no-local", action="store_true", help="on the cluster only")
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    same = True
    with tempfile.TemporaryDirectory() as home:
        data = Path(home)
        ground = coverage(asked.zones)
        make_plan(data / "plan", ground)
        make_parcels(data / "parcels.parquet", ground, asked.parcels)
        found: dict[str, Any] = {"parcels": asked.parcels, "zones": len(ground.rectangles), "load": load()}
        del ground
        with cluster(data) as (address, pids):
            found["partition_ms"] = partition_ms(address)
            found["dask"] = run(data, address, pids)._asdict()
        if not asked.no_local:
            found["pool"] = run(data, None, [])._asdict()
            found["rate"] = round(found["dask"]["parcels_per_s"] / found["pool"]["parcels_per_s"], 3)
            same = (data / "dask.parquet").read_bytes() == (data / "pool.parquet").read_bytes()
    print(json.dumps(found, indent=2), "same bytes" if same else "THE OUTPUTS DIFFER")
    if asked.write:
        kept = json.loads(FIGURES.read_text("utf-8"))["sizes"] if FIGURES.exists() else []
        others = [one for one in kept if one["parcels"] != found["parcels"]]
        sizes = sorted([*others, found], key=lambda one: one["parcels"])
        figures = {"machine": machine(), "workers": WORKERS, "goals": GOALS, "sizes": sizes}
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
