"""The growth of a batch's cost as a page: a table, a plot and a projection from benchmarks/growth.json."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "benchmarks" / "growth.json"
WIDTH, HEIGHT, MARGIN = 640, 360, 56
CLUSTER = 16


def table() -> str:
    """Return every measurement, axis by axis."""
    figures = json.loads(FIGURES.read_text("utf-8"))
    lines = [
        f"Whole process of `kkpr-check batch` (land check, every rule, five overlays, full table to Parquet, no messages), "
        f"{figures['workers']} workers, {figures['machine']}; start-up and imports included. The wall time suffers from what else "
        "the machine did; read the processor time.",
        "",
        "| grows | parcels | zones | vertices a zone | processor s | wall s | peak MB of the largest process |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {p['axis']} | {p['parcels']:,} | {p['zones']:,} | {p['vertices_per_zone']:.0f} | {p['cpu_s']:.1f} | "
        f"{p['seconds']:.1f} | {p['peak_mb']:,.0f} |"
        for p in figures["points"]
    ]
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
        f"{hours:,.0f} processor hours: about {hours / 2:,.0f} hours on one machine with two cores, {hours / CLUSTER:,.1f} hours on "
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
    yield "growth", table()
    yield "projection", projection()
