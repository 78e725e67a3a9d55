"""The growth of a batch's cost as a page: a table, a plot and a projection from benchmarks/growth.json."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FIGURES, PEERS, CLUSTER_FIGURES = (
    ROOT / "benchmarks" / f"{name}.json" for name in ("growth", "batch", "cluster")
)
NAMES = {
    "shapely-2-processes": "shapely in two processes (reference)",
    "sedonadb": "SedonaDB, covers first",
    "duckdb-spatial": "DuckDB spatial, covers first",
    "kkpr-grid": "kkpr-check, compiled kernel (`[fast]`)",
    "kkpr-geos": "kkpr-check without numba",
    "batch": "`kkpr-check batch --message none`",
    "batch-messages": "`kkpr-check batch`, a message for each parcel",
}
WIDTH, HEIGHT, MARGIN = 640, 360, 56
CLUSTER = 16


def table() -> str:
    """Return every measurement, axis by axis."""
    figures = json.loads(FIGURES.read_text("utf-8"))
    points = figures["points"]
    lines = [
        f"Whole process of `kkpr-check batch` (land check, every rule, five overlays, full table to Parquet, no messages), "
        f"{figures['workers']} workers, {figures['machine']}; start-up and imports included. "
        f"{busy([p['load'] for p in points])}",
        "",
        "| grows | parcels | zones | vertices a zone | judged as alike | processor s | wall s | MB, largest process | MB, all together |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {p['axis']} | {p['parcels']:,} | {p['zones']:,} | {p['vertices_per_zone']:.0f} | "
        f"{p['by_class'] / p['parcels']:.1%} | {p['cpu_s']:.1f} | {p['seconds']:.1f} | {p['peak_mb']:,.0f} | "
        f"{p['together_mb']:,.0f} |"
        for p in points
    ]
    return "\n".join(lines)


def busy(loads: Sequence[float]) -> str:
    """Return what is to be said of other work on the machine while it measured."""
    least, most = min(loads), max(loads)
    if most < 2.5:  # the average over a minute still holds the run before
        return "The machine did little else."
    many = f"{most:.0f}" if round(least) == round(most) else f"{least:.0f} to {most:.0f}"
    return (
        f"The machine was busy with other work ({many} processes wanted to run at once): the wall time "
        "tells little, read the processor time and ratios."
    )


def peers() -> str:
    """Return the batch beside its peers, one table a size."""
    figures = json.loads(PEERS.read_text("utf-8"))
    lines = []
    for size in figures["sizes"]:
        lines += [
            f"{size['parcels']:,} parcels in {size['zones']:,} zones, {figures['machine']}, {_rounds(size['rounds'])}; whole "
            f"processes, from GeoParquet. {busy(size['load'])}",
            "",
            "| what | method | ratio (wall) | ratio (processor) | goal | processor s | MB, largest process | differs |",
            "|---|---|---:|---:|---:|---:|---:|---|",
            *(_peer(name, row, size) for name, row in size["methods"].items()),
            "",
        ]
    return "\n".join(lines)


def brief() -> str:
    """Return what a batch costs in a sentence, for the README."""
    size = next(one for one in json.loads(PEERS.read_text("utf-8"))["sizes"] if "batch" in one["methods"])
    rows, peer = size["methods"], "shapely in two processes"
    told = (
        f" ({rows['batch-messages']['cpu_s']:.0f} s with a message for each)"
        if "batch-messages" in rows
        else ""
    )
    return (
        f"`kkpr-check batch` judges {size['parcels']:,} parcels against {size['zones']:,} zones by every rule of a land check in "
        f"{rows['batch']['cpu_s']:.0f} s of processor time{told}, {rows['batch']['peak_mb']:,.0f} MB in its largest process. The areas of "
        f"parcels in zones alone take {rows['kkpr-grid']['ratio']:.2f} of the time of {peer}, the fastest shapely peer, with the "
        f"compiled kernel, {rows['kkpr-geos']['ratio']:.2f} without it (whole processes, one run, same answers)."
    )


def _peer(name: str, row: dict[str, Any], size: dict[str, Any]) -> str:
    rules = name.startswith("batch")
    wall, spent = row["ratio"], row["cpu_ratio"]
    if rules:
        others = [one for other, one in size["methods"].items() if not other.startswith(("kkpr", "batch"))]
        wall, spent = (
            wall / min(one["ratio"] for one in others), spent / min(one["cpu_ratio"] for one in others),
        )  # fmt: skip
    differs = (
        f"{row['odd_rows']} rows" if rules else f"{row['odd_pairs']} pairs, areas by {row['worst_m2']:.0e} m²"
    )
    return (
        f"| {'all rules, to the fastest peer of the shares' if rules else 'shares'} | {NAMES.get(name, name)} | {wall:.2f} | "
        f"{spent:.2f} | {size['goals'].get(name, '')} | {row['cpu_s']:.1f} | {row['peak_mb']:,.0f} | {differs} |"
    )


def _rounds(count: int) -> str:
    return "one run each" if count == 1 else f"median of {count} rounds"


def on_cluster() -> str:
    """Return the runs on a Dask cluster."""
    figures = json.loads(CLUSTER_FIGURES.read_text("utf-8"))
    sizes, goals = figures["sizes"], figures["goals"]
    lines = [
        f"A scheduler and {figures['workers']} workers of one thread, {figures['machine']}; partitions of up to 250,000 parcels. "
        f"{busy([size['load'] for size in sizes])}",
        "",
        f"| parcels | engine | processor s | wall s | parcels/s, second half | to the pool (goal {goals['rate']}) | "
        f"ms a partition (goal {goals['partition_ms']:.0f}) |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    for size in sizes:
        for engine, name in (("dask", "Dask"), ("pool", "local pool")):
            if engine in size:
                run = size[engine]
                ends = f"{size.get('rate', '')} | {size['partition_ms']}" if engine == "dask" else " | "
                lines.append(
                    f"| {size['parcels']:,} | {name} | {run['cpu_s']:.1f} | {run['seconds']:.1f} | {run['parcels_per_s']:,} | {ends} |"
                )
    return "\n".join(lines)


def projection() -> str:
    """Return what the whole country would take, from the two largest runs over parcels."""
    figures = json.loads(FIGURES.read_text("utf-8"))
    first, last = _parcels(figures["points"])[-2:]
    each_s = (last["cpu_s"] - first["cpu_s"]) / (last["parcels"] - first["parcels"])
    hours = each_s * figures["country"] / 3600
    return (
        f"**Projection, not a measurement.** Between {first['parcels']:,} and {last['parcels']:,} parcels each further parcel takes "
        f"{each_s * 1e6:,.0f} µs of processor time. At that rate the {figures['country'] / 1e6:.0f} million parcels of the country take "
        f"{hours:,.1f} processor hours: about {hours / 2:,.1f} hours on one machine with two cores, {hours * 60 / CLUSTER:,.0f} minutes on "
        f"{CLUSTER} workers of a cluster, as long as every plan is as regular as the generated one."
    )


def svg() -> str:
    """Return the plot: processor seconds against parcels, both axes logarithmic."""
    points = _parcels(json.loads(FIGURES.read_text("utf-8"))["points"])
    x = _axis([p["parcels"] for p in points], MARGIN, WIDTH - 20)
    y = _axis([p["cpu_s"] for p in points], HEIGHT - MARGIN, 20)
    path = " ".join(
        f"{'M' if n == 0 else 'L'}{x(p['parcels']):.1f} {y(p['cpu_s']):.1f}" for n, p in enumerate(points)
    )
    body = [
        f'<path d="M{MARGIN} 20V{HEIGHT - MARGIN}H{WIDTH - 20}" fill="none" stroke="#666"/>',
        f'<path d="{path}" fill="none" stroke="#0b57d0" stroke-width="2"/>',
        *(_dot(x(p["parcels"]), y(p["cpu_s"]), p) for p in points),
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">parcels (logarithmic)</text>',
        f'<text x="16" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2})">'
        "processor seconds (logarithmic)</text>",
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
        f"<title>Processor seconds of a batch against parcels</title>\n" + "\n".join(body) + "\n</svg>\n"
    )


def _parcels(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted((p for p in points if p["axis"] == "parcels"), key=lambda p: p["parcels"])


def _axis(values: Sequence[float], start: float, end: float) -> Any:
    low, high = math.log10(min(values)) - 0.1, math.log10(max(values)) + 0.1
    return lambda value: start + (math.log10(value) - low) / (high - low) * (end - start)


def _dot(x: float, y: float, point: dict[str, Any]) -> str:
    label = f"{point['parcels']:,}: {point['cpu_s']:.1f} s, {point['peak_mb']:,.0f} MB"
    side, anchor = (x - 8, "end") if x > WIDTH / 2 else (x + 8, "start")
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#0b57d0"/>'
        f'<text x="{side:.1f}" y="{y - 8:.1f}" text-anchor="{anchor}">{label}</text>'
    )


def parts() -> Iterator[tuple[str, str]]:
    """Yield the parts of docs/growth.md."""
    yield "peers", peers()
    yield "growth", table()
    yield "projection", projection()
    yield "cluster", on_cluster()
