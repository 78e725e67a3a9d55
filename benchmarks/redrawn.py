"""What lines cost that are not shared: `validate` of a layer whose polygons were each drawn alone, `diff` of two versions.

Layers come from `generate.py`. `alone`: every vertex of every polygon is moved by up to 0.5 m for itself, so that each
border is a string of slivers; `moved`: every vertex is moved, neighbours together; `changed`: 300 zones have another code.
Each call is measured in processes of its own: seconds of processor time, and peak memory of all its processes together.

    python benchmarks/redrawn.py --zones 2000 20000 --write
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from generate import CODES, coverage, write_gpkg
from measure import load, machine, timed
from numpy.typing import NDArray

FIGURES = Path(__file__).with_suffix(".json")
REACH_M = 0.5
CHANGES = 300
RUNS: Mapping[str, tuple[str, ...]] = {
    "validate noded": ("validate", "noded"),
    "validate alone": ("validate", "alone"),
    "diff changed": ("diff", "noded", "changed"),
    "diff moved": ("diff", "noded", "moved"),
    "diff alone": ("diff", "noded", "alone"),
}


def shifts(count: int, seed: int) -> NDArray[np.float64]:
    """Return so many vectors, evenly spread over a disc of `REACH_M`."""
    random = np.random.default_rng(seed)
    angle = 2 * np.pi * random.random(count)
    shift: NDArray[np.float64] = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    shift *= REACH_M * np.sqrt(random.random(count))[:, None]
    return shift


def alone(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons with each vertex of each ring moved for itself."""
    rings, polygon = shapely.get_rings(geometry, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    shift, last = shifts(len(xy), 7), np.flatnonzero(np.diff(ring, append=-1))
    shift[last] = shift[np.flatnonzero(np.diff(ring, prepend=-1))]
    made: NDArray[np.object_] = shapely.polygons(
        shapely.linearrings(xy + shift, indices=ring), indices=polygon
    )
    return made


def moved(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons with each vertex moved, the same one the same way in every polygon."""
    xy = shapely.get_coordinates(geometry)
    place, number = np.unique(xy, axis=0, return_inverse=True)
    there: NDArray[np.object_] = shapely.set_coordinates(
        geometry.copy(), xy + shifts(len(place), 3)[number.ravel()]
    )
    return there


def write_layers(zones: int, folder: Path) -> int:
    """Write the layers of one size; return how many polygons they have."""
    geometry = coverage(zones).geometry
    random = np.random.default_rng(1)
    codes = np.array(CODES, dtype=object)[random.integers(len(CODES), size=len(geometry))]
    other = codes.copy()
    other[random.choice(len(other), CHANGES, replace=False)] = "PTL"
    layers = {
        "noded": (geometry, codes), "alone": (alone(geometry), codes), "moved": (moved(geometry), codes),
        "changed": (geometry, other),
    }  # fmt: skip
    for name, (shapes, code) in layers.items():
        assert shapely.is_valid(shapes).all()
        write_gpkg(folder / f"{name}.gpkg", shapes, {"KODSZN": code})
    return len(geometry)


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Return what one call costs and how much it found."""
    command, *layers = RUNS[name]
    out = folder / "answer.json"
    script = "import sys; from kkpr_check.cli import main; code = main(sys.argv[1:]); sys.exit(code if code > 1 else 0)"
    call = [sys.executable, "-c", script, command, *(str(folder / f"{layer}.gpkg") for layer in layers)]
    call += ["--select", "DAT1"] if command == "validate" else []
    run = timed([*call, "--format", "json", "--output", str(out), "--overwrite"])
    answer = json.loads(out.read_bytes())
    counts = answer["summary"]["by_code"]
    return run.figures() | {"found": counts, "answer_mb": round(out.stat().st_size / 1e6, 1)}


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--zones", type=int, nargs="+", default=[2_000])
    options.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    options.add_argument("--write", action="store_true", help="add the figures to redrawn.json")
    given = options.parse_args()
    figures = json.loads(FIGURES.read_text("utf-8")) if FIGURES.exists() else {"sizes": {}}
    for zones in given.zones:
        with tempfile.TemporaryDirectory(prefix="kkpr-bench-") as home:
            count = write_layers(zones, Path(home))
            size = figures["sizes"].setdefault(str(zones), {})
            size["polygons"] = count
            for name in given.runs:
                size[name] = measure(name, Path(home)) | {"load": load()}
                print(f"{count:>8,} {name:<16} {json.dumps(size[name])}", flush=True)
                if given.write:
                    figures["machine"] = machine()
                    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
