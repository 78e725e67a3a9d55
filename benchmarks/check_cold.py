"""Time one whole check, cold, against ``import geopandas`` in the same run.

The plan is the sample town with its zoning replaced by a generated coverage of 20,000 polygons in a GeoPackage, locked;
roads, river, overlays, parcels and tables stay, so that every rule is judged. Processes alternate; the median counts.

    python benchmarks/check_cold.py            # print
    python benchmarks/check_cold.py --write    # also write check_cold.json, from which README.md shows the figures
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import shapely
from generate import coverage, write_gpkg
from options import options

from kkpr_check.io.lock import write_lock

ROOT = Path(__file__).parents[1]
SITE = ROOT / "examples" / "01-conform.geojson"
TOWN_M = (662_100.0, 8_955_690.0)
FIGURES = Path(__file__).with_suffix(".json")
OVERLAYS = ("KKOP_1", "LP2B_2", "KRB_03", "CAGBUD", "TOD_04", "RESAIR", "TEB_05", "HANKAM")
STAND_IN = {"R-1": "R-2"}
"""Generated codes that the sample town does not regulate."""
GOALS = {"kkpr-check check": 0.6, "kkpr-check --help": 0.2}


def make_plan(folder: Path, zones: int) -> int:
    """Write the plan folder, locked, and return how many polygons its zoning has."""
    shutil.copytree(
        ROOT / "data" / "sample", folder, ignore=shutil.ignore_patterns("polaruang*", ".kkpr", "plan.lock")
    )
    ground = coverage(zones)
    centre = shapely.total_bounds(ground.geometry).reshape(2, 2).mean(axis=0)
    geometry = shapely.transform(ground.geometry, lambda xy: xy + (np.array(TOWN_M) - centre))
    codes = [STAND_IN.get(zone.code, zone.code) for zone in ground.rectangles]
    empty = np.full(len(codes), "", dtype=object)
    columns = {"KODSZN": codes, "NAMOBJ": codes, "REMARK": empty} | dict.fromkeys(OVERLAYS, empty)
    write_gpkg(folder / "layers" / "zones.gpkg", geometry, columns)
    text = (folder / "plan.toml").read_text("utf-8")
    for old, new in (("layers/polaruang_sintetis.shp", "layers/zones.gpkg"), ('encoding = "UTF-8"', "#")):
        assert old in text
        text = text.replace(old, new)
    (folder / "plan.toml").write_text(text, "utf-8")
    write_lock(folder)
    return len(codes)


def measure(calls: dict[str, list[str]], runs: int) -> dict[str, float]:
    """Return the median seconds of each call; the calls take turns, the first round warms the disk and is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for turn in range(runs + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            done = subprocess.run(call, capture_output=True, check=False, env=environment)
            took = time.perf_counter() - start
            if done.returncode not in (0, 1):
                raise SystemExit(f"{name}: exit {done.returncode}\n{done.stderr.decode()}")
            if turn:
                spent[name].append(took)
    return {name: round(statistics.median(times), 4) for name, times in spent.items()}


def main() -> None:
    """Build the plan, measure, print, and write the figures if asked."""
    parser = options(__doc__, "zones", "write")
    parser.add_argument("--runs", type=int, default=7)
    asked = parser.parse_args()
    command = str(Path(sys.executable).with_name("kkpr-check"))
    with tempfile.TemporaryDirectory() as home:
        plan = Path(home) / "plan"
        zones = make_plan(plan, asked.zones)
        calls = {
            "import geopandas": [sys.executable, "-c", "import geopandas"],
            "kkpr-check check": [command, "check", str(SITE), "--plan", str(plan), "--format", "json"],
            "kkpr-check --help": [command, "--help"],
        }
        seconds = measure(calls, asked.runs)
    base = seconds["import geopandas"]
    for name, median in seconds.items():
        print(f"{name:<20} {median * 1000:7.0f} ms  {median / base:5.2f}  goal {GOALS.get(name, '-')}")
    if asked.write:
        machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        figures = {"machine": machine, "runs": asked.runs, "zones": zones, "seconds": seconds, "goal": GOALS}
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
        print(f"written: {FIGURES.relative_to(ROOT)} (now run: make docs)")


if __name__ == "__main__":
    main()
