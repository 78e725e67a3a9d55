"""Find planted defects in a coverage beside `shapely.coverage_invalid_edges` and an STRtree self-join, in one run.

The coverage of `generate.py` gets, evenly spread: overlaps of 5 m, gaps of 2 m, overlaps of 1 cm, bow-ties, missing zones and
duplicates. Each method reads the same GeoParquet-free WKB file; `topology` is the pass of `validate` over the geometries alone, `command`
is the whole `kkpr-check validate --select DAT1` on a GeoPackage. Seconds are CPU of the whole process tree, ratios the median of
those within one round: the machine may be shared. Memory is read off `/proc` (`measure.py`).

    python benchmarks/validate.py                          # 20,000 polygons
    python benchmarks/validate.py --zones 20000 100000 --write
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from generate import CRS, coverage
from measure import machine, timed
from numpy.typing import NDArray

FIGURES = Path(__file__).with_suffix(".json")
GOAL = 0.7
GAP_WIDTH_M = 2.5
CLASSES = ("overlap", "gap", "sliver", "bow-tie", "missing", "duplicate")
BASE = "coverage_invalid_edges"
"""What the others are measured against."""
METHODS = ("coverage_invalid_edges", "strtree_self_join", "topology", "topology_unshared", "read", "command")
NOISE_M2 = 1e-2


class Planted(NamedTuple):
    """A coverage with its defects: class -> rows of the spoiled polygons."""

    geometry: NDArray[np.object_]
    rows: dict[str, list[int]]


def planted(zones: int, each: int) -> Planted:
    """Return a coverage with so many defects of each class; polygons of at least 20 vertices, far from each other."""
    geometry = coverage(zones).geometry.copy()
    big = np.flatnonzero(
        (shapely.get_num_coordinates(geometry) > 20) & (shapely.get_num_interior_rings(geometry) == 0)
    )
    outer = shapely.boundary(shapely.coverage_union_all(geometry))
    near = shapely.STRtree(geometry[big]).query(outer, predicate="dwithin", distance=50.0)
    big = np.delete(big, near)
    chosen = big[np.linspace(0, len(big) - 1, each * len(CLASSES)).round().astype(int)]
    rows = {name: chosen[i :: len(CLASSES)].tolist() for i, name in enumerate(CLASSES)}
    for row in rows["overlap"]:
        geometry[row] = _moved(geometry[row], 5.0)
    for row in rows["gap"]:
        geometry[row] = _moved(geometry[row], -2.0)
    for row in rows["sliver"]:
        geometry[row] = _moved(geometry[row], 0.01)
    for row in rows["bow-tie"]:
        geometry[row] = _crossed(geometry[row])
    extra = geometry[rows["duplicate"]]
    kept = np.ones(len(geometry), dtype=bool)
    kept[rows["missing"]] = False
    shift = np.cumsum(kept) - 1
    moved = {name: [int(shift[row]) for row in found] for name, found in rows.items()}
    return Planted(np.concatenate([geometry[kept], extra]), moved)


def _crossed(polygon: Any) -> Any:
    """Return a polygon with two vertices exchanged so that its outline crosses itself."""
    for apart in range(2, 9):
        xy = shapely.get_coordinates(polygon)
        xy[[5, 5 + apart]] = xy[[5 + apart, 5]]
        made = shapely.polygons(xy)
        if not shapely.is_valid(made):
            return made
    raise ValueError("an outline that cannot be crossed")


def _moved(polygon: Any, outward_m: float) -> Any:
    """Return a polygon with one vertex pushed out of its middle (or in)."""
    xy = shapely.get_coordinates(polygon)
    middle = np.array(shapely.get_coordinates(shapely.point_on_surface(polygon))[0])
    at = len(xy) // 2
    away = (xy[at] - middle) / np.hypot(*(xy[at] - middle))
    for sign in (1, -1):
        new = xy.copy()
        new[at] += sign * outward_m * away
        made = shapely.polygons(new)
        larger = shapely.area(made) > shapely.area(polygon)
        if shapely.is_valid(made) and larger == (outward_m > 0):
            return made
    raise ValueError("a vertex that cannot be moved")


def unshared(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons with a vertex of their own in each edge: the same areas, and no edge that stands twice."""
    rings, polygon = shapely.get_rings(shapely.get_parts(geometry), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    share = 0.2 + 0.6 * np.random.default_rng(5).random(len(rings))[ring[:-1], None]
    inside = ring[1:] == ring[:-1]
    both = np.repeat(xy, 2, axis=0)[:-1]
    both[1::2] = xy[:-1] + share * (xy[1:] - xy[:-1])
    keep = np.ones(len(both), dtype=bool)
    keep[1::2] = inside
    made = shapely.linearrings(both[keep], indices=np.repeat(ring, 2)[:-1][keep])
    polygons: NDArray[np.object_] = shapely.polygons(made, indices=polygon)
    return polygons


def run_one(name: str, data: Path, answer: Path) -> None:
    """Run one method in this process and write what it found: number of findings by kind."""
    found: dict[str, Any] = {}
    geometry = shapely.from_wkb(np.load(data / "zones.npy", allow_pickle=True))
    valid = shapely.is_valid(geometry)
    geometry[~valid] = shapely.make_valid(geometry[~valid], method="structure", keep_collapsed=False)
    if name == "coverage_invalid_edges":
        edges = shapely.coverage_invalid_edges(geometry, gap_width=GAP_WIDTH_M)
        found = {"edges": int((~shapely.is_empty(edges)).sum())}
    elif name == "strtree_self_join":
        a, b = shapely.STRtree(geometry).query(geometry, predicate="intersects")
        a, b = a[a < b], b[a < b]
        area = shapely.area(shapely.intersection(geometry[a], geometry[b]))
        found = {"pairs": int((area >= NOISE_M2).sum())}
    elif name.startswith("topology"):
        from kkpr_check.quality.coverage import analyse

        if name == "topology_unshared":
            geometry = unshared(geometry)
        result = analyse(geometry)
        found = {
            "pairs": len(result.pairs),
            "holes": len(result.holes),
            "unmatched": round(result.unmatched_ratio, 3),
        }
    answer.write_text(json.dumps(found))


def measure(name: str, data: Path, folder: Path) -> dict[str, Any]:
    """Return CPU seconds, peak MB and findings of one method in a process of its own, with compiled modules as installed."""
    answer = folder / f"{name}.json"
    call = [sys.executable, __file__, "--one", name, "--data", str(data), "--answer", str(answer)]
    if name == "command":
        options = ["--select", "DAT1", "--output", str(answer), "--overwrite"]
        call = [sys.executable, "-m", "kkpr_check", "validate", str(data / "zones.gpkg"), *options]
    run = timed(call, good=(0, 1) if name == "command" else (0,))
    told = json.loads(answer.read_text("utf-8"))
    return {
        "cpu_s": run.cpu_s,
        "peak_mb": round(run.peak_mb),
        "together_mb": round(run.together_mb),
        "found": told["summary"]["by_code"] if name == "command" else told,
    }


def check_found(made: Planted) -> dict[str, int]:
    """Return how many planted defects of each class the checks of `validate` find, with pairs, areas and widths."""
    from kkpr_check.quality.base import LayerView, Surroundings
    from kkpr_check.quality.topology import topology

    geometry = made.geometry.copy()
    wrong = ~shapely.is_valid(geometry)
    geometry[wrong] = shapely.make_valid(geometry[wrong], method="structure", keep_collapsed=False)
    names = np.array([str(i) for i in range(len(geometry))], dtype=object)
    view = LayerView("zones.gpkg", "zones", "zoning", geometry, names)
    found = list(topology(view, Surroundings()))
    for finding in found:
        if finding.code in ("DAT101", "DAT104"):
            assert finding.other_feature is not None and finding.area_m2 and finding.width_m
    pairs = {name for f in found if f.code == "DAT101" for name in (f.feature, f.other_feature)}
    gaps = [f for f in found if f.code == "DAT102"]
    beside = {name for f in gaps for name in (f.feature, f.other_feature)}
    same = {name for f in found if f.code == "DAT104" for name in (f.feature, f.other_feature)}
    return {
        "overlap": sum(str(row) in pairs for row in made.rows["overlap"]),
        "gap": sum(str(row) in beside for row in made.rows["gap"]),
        "sliver": sum(str(row) in pairs for row in made.rows["sliver"]),
        "bow-tie": int(wrong[made.rows["bow-tie"]].sum()),
        "missing": sum((f.area_m2 or 0) > 500 for f in gaps),
        "duplicate": sum(str(row) in same for row in made.rows["duplicate"]),
    }


def compare(zones: int, each: int, methods: list[str], folder: Path, repeat: int) -> dict[str, Any]:
    """Return the figures of one size."""
    from generate import write_gpkg

    made = planted(zones, each)
    data = folder / str(zones)
    data.mkdir()
    np.save(data / "zones.npy", np.asarray(shapely.to_wkb(made.geometry), dtype=object), allow_pickle=True)
    codes = np.full(len(made.geometry), "R-3", dtype=object)
    write_gpkg(data / "zones.gpkg", made.geometry, {"KODSZN": codes})
    runs = [{name: measure(name, data, folder) for name in methods} for _ in range(repeat + 1)][1:]
    figures = {name: _middle([run[name] for run in runs], [run[BASE] for run in runs]) for name in methods}
    return {
        "zones": len(made.geometry),
        "each": each,
        "vertices": int(shapely.get_num_coordinates(made.geometry).sum()),
        "crs": CRS,
        "methods": figures,
        "planted_found": check_found(made),
    }


def _middle(runs: list[dict[str, Any]], beside: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of several runs of one method: medians, the largest memory, the ratio within each round."""
    ratios = [one["cpu_s"] / other["cpu_s"] for one, other in zip(runs, beside, strict=True)]
    return {
        "cpu_s": statistics.median(run["cpu_s"] for run in runs),
        "ratio": round(statistics.median(ratios), 2),
        "peak_mb": max(run["peak_mb"] for run in runs),
        "together_mb": max(run["together_mb"] for run in runs),
        "found": runs[0]["found"],
    }


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--zones", type=int, nargs="+", default=[20_000])
    options.add_argument("--each", type=int, default=18, help="planted defects of each class")
    options.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options.add_argument("--repeat", type=int, default=5, help="runs after the first, which is not counted")
    options.add_argument("--write", action="store_true")
    options.add_argument("--one", choices=METHODS)
    options.add_argument("--data", type=Path)
    options.add_argument("--answer", type=Path)
    given = options.parse_args()
    if BASE not in given.methods:
        options.error(f"--methods needs {BASE}")
    if given.one:
        run_one(given.one, given.data, given.answer)
        return 0
    with tempfile.TemporaryDirectory(prefix="kkpr-bench-") as home:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(home) / "compiled")
        sizes = [compare(zones, given.each, given.methods, Path(home), given.repeat) for zones in given.zones]
    result = {
        "machine": f"{machine()}, shapely {shapely.__version__}",
        "rounds": given.repeat,
        "goal": GOAL,
        "sizes": sizes,
    }
    for size in sizes:
        print(f"{size['zones']:,} polygons; planted {size['each']} each, found {size['planted_found']}")
        for name, row in size["methods"].items():
            memory = f"{row['peak_mb']:>6} MB, together {row['together_mb']:>6} MB"
            print(f"  {name:<24}{row['cpu_s']:>8.2f} s CPU {row['ratio']:>6.2f} x {memory}  {row['found']}")
    if given.write:
        FIGURES.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
