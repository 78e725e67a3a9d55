"""Batch beside its peers, in one run: the shares kernels and a whole `kkpr-check batch`; same data, answers compared.

The peers only find areas of parcels in zones; the batch judges every rule of a land check and writes the full table.
Everything runs as a process of its own; the methods take turns, and a ratio is the median over the rounds of what a
method took over what the reference (the fastest shapely peer, two processes) took in the same round.

    python benchmarks/batch.py --zones 2000 --parcels 20000
    python benchmarks/batch.py --zones 20000 --parcels 1000000 --repeat 3 --write
    python benchmarks/batch.py --zones 20000 --parcels 5000000 --no-batch --write
"""

from __future__ import annotations

import importlib.util
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from generate import coverage, write_parquet
from measure import ROOT, Run, load, machine, timed
from numpy.typing import NDArray
from options import options
from plan import STAND_IN, make_parcels, make_plan
from shares import NEEDS, REFERENCE, SAME_M2, difference

FIGURES = Path(__file__).with_suffix(".json")
METHODS = (REFERENCE, "sedonadb", "duckdb-spatial", "kkpr-grid", "kkpr-geos")
BATCH, TOLD = "batch", "batch-messages"
WORKERS = 2
GOALS = {1_000_000: {"kkpr-grid": 0.35, "kkpr-geos": 1.1, BATCH: 0.8}, 5_000_000: {"kkpr-grid": 0.15}}
"""Ratios to the reference; for the batch, to the fastest peer."""
SHARE_TOLERANCE = 2e-6
"""Areas of the table are rounded to 1e-4 m2, shares of a small parcel to that over its area."""


def batch_call(data: Path, workers: int, message: str = "none") -> list[str]:
    """Return the call that judges ``parcels.parquet`` of a folder against its ``plan``, full table."""
    return [
        sys.executable, "-m", "kkpr_check", "--verbose", "--lang", "en", "batch", str(data / "parcels.parquet"),
        "--plan", str(data / "plan"), "--output", str(data / "out.parquet"), "--overwrite", "--message", message,
        "--as-of", "2025-01-01", "--workers", str(workers),
    ]  # fmt: skip


def by_class(run: Run) -> int:
    """Return how many parcels a batch judged as parcels alike, as it says itself."""
    found = re.search(r"(\d+) judged as parcels alike", run.told)
    assert found is not None, run.told
    return int(found[1])


def shares_call(data: Path, name: str) -> list[str]:
    """Return the call that finds the areas of the same parcels in the same zones."""
    script = str(ROOT / "benchmarks" / "shares.py")
    return [
        sys.executable,
        script,
        "--data",
        str(data),
        "--run",
        name,
        "--answer",
        str(data / f"{name}.npz"),
    ]


def disagreeing(data: Path, codes: Sequence[str]) -> int:
    """Return for how many parcels the table names another largest sub-zone, or another share, than the reference finds."""
    import pyarrow.parquet as pq

    names, code = np.unique(np.array([STAND_IN.get(one, one) for one in codes]), return_inverse=True)
    with np.load(data / f"{REFERENCE}.npz") as answer:
        subject, zone, area = answer["subject"], answer["zone"], answer["area"]
    table = pq.read_table(
        data / "out.parquet", columns=["subzone", "subzone_share", "parcel_area_m2", "dropped_m2"]
    )
    told, size = table["subzone_share"].to_numpy(), table["parcel_area_m2"].to_numpy()
    shares: NDArray[np.float64] = np.zeros((len(table), len(names)))
    np.add.at(shares, (subject, code[zone]), area / size[subject])
    number = {name: n for n, name in enumerate(names.tolist())}
    mine = np.array([number.get(name, -1) for name in table["subzone"].to_pylist()])
    largest, off = (
        shares.max(axis=1),
        table["dropped_m2"].to_numpy() / size + SHARE_TOLERANCE,
    )  # noise is left out
    same = (np.abs(told - largest) <= off) & (shares[np.arange(len(mine)), mine] >= largest - off)
    return int((~same | (mine < 0)).sum())


def compare(zones: int, parcels: int, repeat: int, *, with_batch: bool, home: Path) -> dict[str, Any]:
    """Build the data of one size, run everything in turn, compare the answers."""
    ground = coverage(zones)
    codes = [zone.code for zone in ground.rectangles]
    write_parquet(home / "zones.parquet", ground.geometry, {"KODSZN": codes})
    make_parcels(home / "parcels.parquet", ground, parcels)
    calls = {name: shares_call(home, name) for name in METHODS if _installed(name)}
    if with_batch:
        make_plan(home / "plan", ground)
        calls |= {BATCH: batch_call(home, WORKERS), TOLD: batch_call(home, WORKERS, "full")}
    before = load()
    runs: dict[str, list[Run]] = {name: [] for name in calls}
    for _ in range(repeat):
        for name, call in calls.items():
            runs[name].append(timed(call))
            print(f"{name:<22}", *(f"{k}={v}" for k, v in runs[name][-1].figures().items()), flush=True)
    methods = {name: _figures(some, runs[REFERENCE]) for name, some in runs.items()}
    for name in methods:
        if name in (BATCH, TOLD):
            methods[name] |= {"odd_rows": disagreeing(home, codes), "by_class": by_class(runs[name][-1])}
        else:
            odd, worst = difference(home, name, REFERENCE)
            methods[name] |= {"odd_pairs": odd, "worst_m2": worst}
    return {
        "zones": len(codes), "parcels": parcels, "rounds": repeat, "load": [before, load()],
        "goals": GOALS.get(parcels, {}), "methods": methods,
    }  # fmt: skip


def _installed(name: str) -> bool:
    need = NEEDS.get(name)
    if need is None or importlib.util.find_spec(need) is not None:
        return True
    print(f"{name}: not installed, left out", file=sys.stderr)
    return False


def _figures(runs: Sequence[Run], reference: Sequence[Run]) -> dict[str, Any]:
    def middle(values: Sequence[float]) -> float:
        return float(round(statistics.median(values), 3))

    return {
        "ratio": middle([run.seconds / base.seconds for run, base in zip(runs, reference, strict=True)]),
        "cpu_ratio": middle([run.cpu_s / base.cpu_s for run, base in zip(runs, reference, strict=True)]),
        "seconds": middle([run.seconds for run in runs]),
        "cpu_s": middle([run.cpu_s for run in runs]),
        "peak_mb": max(run.peak_mb for run in runs),
        "together_mb": max(run.together_mb for run in runs),
    }


def show(size: dict[str, Any]) -> None:
    """Print the table of one size."""
    print(f"{size['parcels']:,} parcels x {size['zones']:,} zones, load {size['load']}")
    for name, row in size["methods"].items():
        goal = size["goals"].get(name, "")
        odd = row["odd_rows"] if name in (BATCH, TOLD) else row["odd_pairs"]
        print(
            f"{name:<22} ratio {row['ratio']:6.3f} (cpu {row['cpu_ratio']:6.3f}, goal {goal or '-'}) {row['seconds']:8.2f} s "
            f"{row['cpu_s']:8.2f} s CPU {row['peak_mb']:7.0f} MB, {odd} odd"
        )


def main() -> int:
    """Measure, print, and write the figures if asked; 1 where answers differ."""
    parser = options(__doc__, "zones", "parcels", "repeat", "write")
    parser.add_argument("--no-batch", action="store_true", help="the shares alone")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        size = compare(
            asked.zones, asked.parcels, asked.repeat, with_batch=not asked.no_batch, home=Path(home)
        )
    show(size)
    if asked.write:
        kept = json.loads(FIGURES.read_text("utf-8")) if FIGURES.exists() else {"sizes": []}
        others = [
            one for one in kept["sizes"] if (one["parcels"], one["zones"]) != (size["parcels"], size["zones"])
        ]
        sizes = sorted([*others, size], key=lambda one: (one["parcels"], one["zones"]))
        figures = {"machine": machine(), "workers": WORKERS, "reference": REFERENCE, "sizes": sizes}
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    rows = size["methods"].values()
    return int(any(row.get("odd_pairs") or row.get("worst_m2", 0.0) > SAME_M2 for row in rows))


if __name__ == "__main__":
    sys.exit(main())
