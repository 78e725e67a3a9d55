"""How the cost of a whole batch grows with parcels, zones and vertices, one at a time; writes growth.json for docs/growth.md.

Every point is a run of `kkpr-check batch` (land check, every rule, full table, two workers) in processes of its own. What
it does not grow with is as telling: memory is the peak of the largest process.

    python benchmarks/growth.py --quick           # small numbers, a minute: does it work?
    python benchmarks/growth.py --write           # the figures of docs/growth.md
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from batch import WORKERS, batch_call, by_class
from generate import STEP_M, Coverage, coverage
from measure import load, machine, timed
from options import options
from plan import make_parcels, make_plan

FIGURES = Path(__file__).with_suffix(".json")
PARCELS, ZONES, VERTICES = 100_000, 20_000, 1
"""What stays fixed while another grows."""
FEW_ZONES = 2_000
WITHOUT_NUMBA = "parcels, without numba"
COUNTRY = 126_000_000
"""Land parcels of Indonesia (the target of the national registration programme)."""


class Point(NamedTuple):
    """One measurement: what grew, and what it cost."""

    axis: str
    parcels: int
    zones: int
    vertices: int
    vertices_per_zone: float
    by_class: int
    load: float
    seconds: float
    cpu_s: float
    peak_mb: float
    together_mb: float


def points(quick: bool, largest: int) -> Iterator[tuple[str, int, int, int]]:
    """Yield (axis, parcels, zones, vertex factor); the number of parcels grows up to `largest`."""
    scale = 100 if quick else 1
    base = PARCELS // scale
    for parcels in (10_000, 100_000, 1_000_000, 5_000_000):
        if parcels <= largest:
            yield "parcels", max(parcels // scale, 100), ZONES // scale, VERTICES
    for zones in (FEW_ZONES, 100_000):
        yield "zones", base, zones // scale, VERTICES
    for factor in (2, 4):
        yield "vertices", base, ZONES // scale, factor
    for parcels in (10_000, PARCELS):
        yield WITHOUT_NUMBA, max(parcels // scale, 100), FEW_ZONES // scale, VERTICES


def denser(ground: Coverage, factor: int) -> Coverage:
    """Return the same ground with `factor` times the vertices on its lines."""
    if factor == 1:
        return ground
    return ground._replace(
        geometry=np.asarray(shapely.segmentize(ground.geometry, STEP_M * 1.3 / factor), dtype=object)
    )


def measured(axis: str, parcels: int, zones: int, factor: int) -> Point:
    """Build the data of one point and run the batch over it, after one run over few parcels that fills the caches."""
    without = "numba" if axis == WITHOUT_NUMBA else None
    with tempfile.TemporaryDirectory() as home:
        data = Path(home)
        ground = denser(coverage(zones), factor)
        make_plan(data / "plan", ground)
        make_parcels(data / "parcels.parquet", ground, 100)
        timed(batch_call(data, WORKERS), without)
        make_parcels(data / "parcels.parquet", ground, parcels)
        each, count = float(shapely.get_num_coordinates(ground.geometry).mean()), len(ground.geometry)
        del ground
        busy = load()
        run = timed(batch_call(data, WORKERS), without)
        return Point(
            axis, parcels, count, factor, round(each, 1), by_class(run), busy, *run.figures().values()
        )


def main() -> None:
    """Measure every point, print a line each, and write the figures if asked."""
    parser = options(__doc__, "write")
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything")
    parser.add_argument("--largest", type=int, default=5_000_000, help="parcels of the largest run")
    parser.add_argument("--axis", nargs="*", help="only these")
    asked = parser.parse_args()
    for point in points(asked.quick, asked.largest):
        if asked.axis and point[0] not in asked.axis:
            continue
        found = measured(*point)
        print(*(f"{name}={value}" for name, value in found._asdict().items()), flush=True)
        if asked.write:
            keep(found)


def keep(point: Point) -> None:
    """Write a point into the figures, in place of the one measured before it."""
    kept = json.loads(FIGURES.read_text("utf-8"))["points"] if FIGURES.exists() else []
    order = {name: n for n, name in enumerate(dict.fromkeys(p[0] for p in points(False, 10**9)))}

    def place(one: dict[str, Any]) -> tuple[int, int, int, int]:
        return order[one["axis"]], one["parcels"], one["zones"], one["vertices"]

    new = point._asdict()
    others = [one for one in kept if (one["axis"], place(one)[1:]) != (new["axis"], place(new)[1:])]
    figures = {
        "machine": machine(),
        "workers": WORKERS,
        "country": COUNTRY,
        "points": sorted([*others, new], key=place),
    }
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
