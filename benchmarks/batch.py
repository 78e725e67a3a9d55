"""Time a whole `kkpr-check batch` beside the fastest shares-alone peer (shapely in two processes), in one run.

The peer only finds areas of parcels in zones; the batch judges every rule of a land check and writes the full table.
Wall seconds are of whole processes and suffer from whatever else the machine does: read the ratio and the CPU seconds.

    python benchmarks/batch.py --zones 2000 --parcels 20000
    python benchmarks/batch.py --zones 20000 --parcels 1000000 --write
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from generate import coverage, write_parquet
from plan import make_parcels, make_plan
from shares import REFERENCE

ROOT = Path(__file__).parents[1]
FIGURES = Path(__file__).with_suffix(".json")
GOAL = 0.8
WORKERS = 2


class Run(NamedTuple):
    """What a call took: wall and CPU seconds of the whole process tree, peak MB of its largest process."""

    seconds: float
    cpu_s: float
    peak_mb: float


def timed(call: list[str]) -> Run:
    """Run a call to its end."""
    start = time.perf_counter()
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(call[0], call, os.environ, file_actions=silent)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"failed: {' '.join(call)}")
    return Run(round(seconds, 2), round(used.ru_utime + used.ru_stime, 2), round(used.ru_maxrss / 1024, 1))


def batch_call(data: Path, workers: int) -> list[str]:
    """Return the call that judges ``parcels.parquet`` of a folder against its ``plan``, full table, no messages."""
    return [
        str(Path(sys.executable).with_name("kkpr-check")), "--quiet", "batch", str(data / "parcels.parquet"),
        "--plan", str(data / "plan"), "--output", str(data / "out.parquet"), "--overwrite", "--message", "none",
        "--as-of", "2025-01-01", "--workers", str(workers),
    ]  # fmt: skip


def main() -> None:
    """Build the data, measure, print, and write the figures if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--zones", type=int, default=20_000)
    parser.add_argument("--parcels", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="keep the figures beside this file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        data = Path(home)
        ground = coverage(asked.zones)
        make_plan(data / "plan", ground)
        write_parquet(
            data / "zones.parquet", ground.geometry, {"KODSZN": [z.code for z in ground.rectangles]}
        )
        make_parcels(data / "parcels.parquet", ground, asked.parcels)
        batch = batch_call(data, WORKERS)
        peer = [
            sys.executable, str(ROOT / "benchmarks" / "shares.py"), "--data", str(data), "--run", REFERENCE,
            "--answer", str(data / "peer.npz"),
        ]  # fmt: skip
        best = {
            name: min(timed(call) for _ in range(asked.runs))
            for name, call in (("batch", batch), ("peer", peer))
        }
    for name, run in best.items():
        print(f"{name:<6} {run.seconds:8.2f} s  {run.cpu_s:8.2f} s CPU  {run.peak_mb:7.1f} MB")
    print(f"ratio {best['batch'].seconds / best['peer'].seconds:.2f} (goal {GOAL})")
    print(f"CPU a million parcels: {best['batch'].cpu_s * 1e6 / asked.parcels:.1f} s")
    if asked.write:
        machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        figures = {"machine": machine, "zones": asked.zones, "parcels": asked.parcels, "goal": GOAL}
        figures |= {name: run._asdict() for name, run in best.items()}
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
