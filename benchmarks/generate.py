"""Make a realistic zoning coverage and parcels, the same bytes for the same arguments.

The coverage is valid by construction: a lattice is cut recursively into blocks by road and river strips, blocks into
zones (some with an island), every boundary passes through every lattice point on it, and the lattice is bent by a
smooth map and shaken by less than a third of its step. Neighbours therefore share their vertices exactly, and no
outline can cross itself. Zones have 30-210 vertices (road and river strips from 5).

Parcels have four or five corners; 10 % are laid over a zone line.

    python benchmarks/generate.py --zones 20000 --parcels 1000000 --output bench_data
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from options import options

CRS = "EPSG:32751"
ORIGIN_M = (760_000.0, 9_380_000.0)
STEP_M = 6.0
LONGEST_STRIP = 90
ROW_GROUP = 250_000
CODES = ("R-1", "R-2", "R-3", "R-4", "K-1", "K-2", "K-3", "SPU-1", "SPU-3", "RTH-2", "KPI", "KT")


class Rectangle(NamedTuple):
    """A zone before bending, in lattice steps."""

    x1: int
    y1: int
    x2: int
    y2: int
    code: str


def _strips(x1: int, y1: int, x2: int, y2: int, code: str) -> Iterator[Rectangle]:
    """Cut a road or river into zones that are not too long."""
    while x2 - x1 > LONGEST_STRIP:
        yield Rectangle(x1, y1, x1 + LONGEST_STRIP, y2, code)
        x1 += LONGEST_STRIP
    while y2 - y1 > LONGEST_STRIP:
        yield Rectangle(x1, y1, x2, y1 + LONGEST_STRIP, code)
        y1 += LONGEST_STRIP
    yield Rectangle(x1, y1, x2, y2, code)


def _blocks(side: int, random: np.random.Generator) -> Iterator[Rectangle]:
    """Cut a square into zones: rivers first, roads between blocks, plain lines inside a block."""
    todo = [(0, 0, side, side, 0)]
    while todo:
        x1, y1, x2, y2, depth = todo.pop()
        width, height = x2 - x1, y2 - y1
        if max(width, height) <= 44 and (width * height < 900 or random.random() < 0.3):
            yield Rectangle(x1, y1, x2, y2, CODES[random.integers(len(CODES))])
            continue
        gap = 3 if depth == 3 else 2 if width * height > 40_000 else 1 if width * height > 6_000 else 0
        code = "PS" if depth == 3 else "BJ"
        low, high = (x1, x2) if width >= height else (y1, y2)
        at = int(low + (high - low) * random.uniform(0.38, 0.62))
        if width >= height:
            todo += [(x1, y1, at, y2, depth + 1), (at + gap, y1, x2, y2, depth + 1)]
            strip = (at, y1, at + gap, y2)
        else:
            todo += [(x1, y1, x2, at, depth + 1), (x1, at + gap, x2, y2, depth + 1)]
            strip = (x1, at, x2, at + gap)
        if gap:
            yield from _strips(*strip, code)


def _bend(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map lattice coordinates to metres: waves of several lengths, slopes far below 1."""
    x, y = points[..., 0] * STEP_M, points[..., 1] * STEP_M
    east, north = x.copy(), y.copy()
    for length, height in ((9_000.0, 320.0), (2_300.0, 60.0), (410.0, 7.0)):
        wave = 2 * np.pi / length
        east += height * np.sin(wave * y + 0.7 * length) * np.cos(0.6 * wave * x)
        north += height * np.sin(wave * x - 0.3 * length) * np.cos(0.5 * wave * y)
    return np.stack((east + ORIGIN_M[0], north + ORIGIN_M[1]), axis=-1)


def _shaken(points: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return lattice points moved by up to 0.15 steps, each point always the same way."""
    value = points[:, 0].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ (
        points[:, 1].astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F) + np.uint64(seed)
    )
    for shift, factor in ((29, 0xBF58476D1CE4E5B9), (32, 0x94D049BB133111EB)):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(factor)
    move = np.stack((value >> np.uint64(40), (value >> np.uint64(8)) & np.uint64(0xFFFFFF)), axis=-1)
    return points + (move / float(1 << 24) - 0.5) * 0.3


def _outline(x1: int, y1: int, x2: int, y2: int) -> NDArray[np.int64]:
    """Return the closed ring of lattice points around a rectangle."""
    across, up = np.arange(x1, x2), np.arange(y1, y2)
    sides = (
        np.column_stack((across, np.full(len(across), y1))),
        np.column_stack((np.full(len(up), x2), up)),
        np.column_stack((across[::-1] + 1, np.full(len(across), y2))),
        np.column_stack((np.full(len(up), x1), up[::-1] + 1)),
    )
    ring = np.concatenate(sides)
    return np.concatenate((ring, ring[:1]))


class Coverage(NamedTuple):
    """Zones in lattice steps and as bent polygons; `islands` are (zone around, zone inside)."""

    rectangles: list[Rectangle]
    islands: dict[int, int]
    geometry: NDArray[np.object_]


def coverage(zones: int, seed: int = 1) -> Coverage:
    """Return about `zones` zones (within a few percent) that cover a square without gap or overlap."""
    random = np.random.default_rng(seed)
    side = int(np.sqrt(zones * 530.0))
    rectangles = sorted(_blocks(side, random))
    islands: dict[int, int] = {}
    for row, zone in enumerate(tuple(rectangles)):
        if min(zone.x2 - zone.x1, zone.y2 - zone.y1) >= 26 and random.random() < 0.2:
            islands[row] = len(rectangles)
            x, y = (zone.x1 + zone.x2) // 2, (zone.y1 + zone.y2) // 2
            rectangles.append(Rectangle(x - 4, y - 4, x + 4, y + 4, "RTH-4"))
    rings = [_outline(*zone[:4]) for zone in rectangles]
    owner = np.arange(len(rings)).tolist()
    for around, inside in islands.items():
        rings.append(rings[inside][::-1])
        owner.append(around)
    lengths = [len(ring) for ring in rings]
    points = _bend(_shaken(np.concatenate(rings), seed))
    lines = shapely.linearrings(points, indices=np.repeat(np.arange(len(rings)), lengths))
    order = np.argsort(owner, kind="stable")
    geometry = shapely.polygons(lines[order], indices=np.asarray(owner)[order])
    return Coverage(rectangles, islands, geometry)


def parcels(ground: Coverage, count: int, seed: int = 2, straddling: float = 0.1) -> NDArray[np.object_]:
    """Return quadrilaterals and pentagons: inside a zone, or (a share of them) over a zone line."""
    random = np.random.default_rng(seed)
    boxes = np.array([zone[:4] for zone in ground.rectangles], dtype=float)
    size = boxes[:, 2:] - boxes[:, :2]
    roomy = (size.min(axis=1) >= 8) & ~np.isin(np.arange(len(boxes)), list(ground.islands))
    weight = np.where(roomy, size.prod(axis=1), 0.0)
    zone = random.choice(len(boxes), count, p=weight / weight.sum())
    extent = random.uniform(2.2, 4.2, (count, 2))
    room = size[zone] - extent - 1.6
    corner = boxes[zone, :2] + 0.8 + random.uniform(0, 1, (count, 2)) * room
    over = random.random(count) < straddling
    along = random.uniform(0.15, 0.85, count)
    side = random.integers(0, 2, count)
    rows = np.arange(count)
    corner[over, 1 - side[over]] = (
        boxes[zone, 1 - side] + along * size[zone, 1 - side] - extent[rows, 1 - side] / 2
    )[over]
    corner[over, side[over]] = (boxes[zone, 2 + side] - random.uniform(0.3, 0.7, count) * extent[rows, side])[
        over
    ]
    unit = np.array([(0, 0), (1, 0), (1, 0.7), (0.7, 1), (0, 1), (0, 0)])
    shape = unit[None] * extent[:, None] + random.uniform(-0.12, 0.12, (count, 6, 2))
    shape[:, 5] = shape[:, 0]
    ring = _bend(corner[:, None] + shape)
    five = random.random(count) < 0.3
    result = np.empty(count, dtype=object)
    result[five] = shapely.polygons(ring[five])
    result[~five] = shapely.polygons(ring[~five][:, (0, 1, 3, 4, 5)])
    return result


def write_parquet(
    path: Path, geometry: NDArray[np.object_], columns: dict[str, NDArray[np.object_] | list[str]]
) -> None:
    """Write GeoParquet 1.1 with WKB and the bounding box in its metadata."""
    write_parquet_parts(path, [(geometry, columns)], shapely.total_bounds(geometry))


def write_parquet_parts(
    path: Path,
    parts: Iterable[tuple[NDArray[np.object_], Mapping[str, NDArray[np.object_] | list[str]]]],
    bounds: NDArray[np.float64],
) -> None:
    """Write the same part by part, so that no more than one stands in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyproj

    column = {
        "encoding": "WKB", "geometry_types": ["Polygon"], "crs": pyproj.CRS(CRS).to_json_dict(), "bbox": bounds.tolist(),
    }  # fmt: skip
    meta = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    writer = None
    try:
        for geometry, columns in parts:
            table = pa.table({**columns, "geometry": pa.array(shapely.to_wkb(geometry), pa.binary())})
            table = table.replace_schema_metadata({"geo": json.dumps(meta)})
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=ROW_GROUP)
    finally:
        if writer is not None:
            writer.close()


def write_gpkg(
    path: Path, geometry: NDArray[np.object_], columns: dict[str, NDArray[np.object_] | list[str]]
) -> None:
    """Write a GeoPackage with an index."""
    import geopandas

    frame = geopandas.GeoDataFrame(columns, geometry=geometry, crs=CRS)
    frame.to_file(path, driver="GPKG", layer=path.stem, engine="pyogrio")


def overlapping(ground: Coverage, share: float, seed: int = 3) -> NDArray[np.object_]:
    """Return the zones and, laid over them, boxes as many as `share` of the zones: a layer that overlaps itself."""
    random = np.random.default_rng(seed)
    low, high = np.split(np.asarray(shapely.total_bounds(ground.geometry)), 2)
    count = int(share * len(ground.geometry))
    corner = random.uniform(low, high, (count, 2))
    extent = random.uniform(20, 400, (count, 2))
    boxes = shapely.box(*corner.T, *(corner + extent).T)
    return np.concatenate((ground.geometry, boxes))


def main() -> None:
    """Write zones and parcels, each as GeoParquet and, with --gpkg, as GeoPackage too."""
    parser = options(__doc__, "zones", "parcels", "seed", "output")
    parser.add_argument(
        "--overlap", type=float, default=0.0, help="extra zones laid over the others, as a share"
    )
    parser.add_argument("--gpkg", action="store_true", help="also write GeoPackages")
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    ground = coverage(asked.zones, asked.seed)
    zones = overlapping(ground, asked.overlap) if asked.overlap else ground.geometry
    codes = [zone.code for zone in ground.rectangles] + ["R-1"] * (len(zones) - len(ground.geometry))
    sites = parcels(ground, asked.parcels, asked.seed + 1)
    layers = {
        "zones": (zones, {"KODSZN": codes}),
        "parcels": (sites, {"id": [f"P{row:08d}" for row in range(len(sites))]}),
    }
    for name, (geometry, columns) in layers.items():
        write_parquet(asked.output / f"{name}.parquet", geometry, columns)
        if asked.gpkg:
            write_gpkg(asked.output / f"{name}.gpkg", geometry, columns)
    vertices = shapely.get_num_coordinates(zones)
    print(f"{len(zones)} zones, {int(vertices.sum())} vertices, {len(sites)} parcels in {asked.output}")


if __name__ == "__main__":
    main()
