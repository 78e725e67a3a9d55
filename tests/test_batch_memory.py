"""The memory of a batch does not grow with the number of parcels: the benchmark's own data, small."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

SIZES = (2_000, 40_000) if os.environ.get("KKPR_SOAK") else (500, 5_000)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read off /proc")
def test_peak_memory_is_the_same_for_ten_times_the_parcels(tmp_path: Path) -> None:
    from batch import batch_call
    from generate import coverage
    from measure import timed
    from plan import make_parcels, make_plan

    ground = coverage(400)
    make_plan(tmp_path / "plan", ground)
    peak_mb = []
    for count in SIZES:
        make_parcels(tmp_path / "parcels.parquet", ground, count)
        peak_mb.append(timed(batch_call(tmp_path, 1)).peak_mb)
    assert peak_mb[1] < peak_mb[0] * 1.1 + 20, peak_mb
