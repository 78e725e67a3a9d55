"""Areas of parcels in zones: peers side by side, whole process each, same data, answers compared.

Every method runs in a process of its own, from GeoParquet to the arrays (parcel, zone, area), and writes them down.
Measured: wall time of the whole process (start-up and imports included), peak memory of the largest process.
The reference is the fastest shapely peer, two processes; ratios are to it.

    python benchmarks/generate.py --output bench_data
    python benchmarks/shares.py --data bench_data --repeat 3
    python benchmarks/shares.py --quick            # small data in a temporary folder, for CI
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measure import timed

Answer = tuple[Any, Any, Any]
HERE = Path(__file__).parent
REFERENCE = "shapely-2-processes"
SAME_M2 = 1e-6
BATCH = 131_072


def _geometry(path: Path) -> Any:
    import pyarrow.parquet as pq
    import shapely

    column = pq.read_table(path, columns=["geometry"])["geometry"]
    return shapely.from_wkb(column.to_numpy())


def geopandas_overlay(data: Path) -> Answer:
    """geopandas.overlay(how="intersection")."""
    import geopandas
    import numpy as np

    zones = geopandas.read_parquet(data / "zones.parquet", columns=["geometry"])
    parcels = geopandas.read_parquet(data / "parcels.parquet", columns=["geometry"])
    zones["zone"], parcels["parcel"] = np.arange(len(zones)), np.arange(len(parcels))
    pieces = geopandas.overlay(parcels, zones, how="intersection", keep_geom_type=True)
    return pieces["parcel"].to_numpy(), pieces["zone"].to_numpy(), pieces.area.to_numpy()


def geopandas_sjoin(data: Path) -> Answer:
    """geopandas.sjoin, then one vectorised intersection."""
    import geopandas
    import shapely

    zones = geopandas.read_parquet(data / "zones.parquet", columns=["geometry"])
    parcels = geopandas.read_parquet(data / "parcels.parquet", columns=["geometry"])
    pairs = geopandas.sjoin(parcels, zones, predicate="intersects")
    subject, zone = pairs.index.to_numpy(), pairs["index_right"].to_numpy()
    pieces = shapely.intersection(parcels.geometry.to_numpy()[subject], zones.geometry.to_numpy()[zone])
    return subject, zone, shapely.area(pieces)


def shapely_strtree(data: Path) -> Answer:
    """Shapely STRtree, intersection of every pair of boxes."""
    import shapely

    zones, parcels = _geometry(data / "zones.parquet"), _geometry(data / "parcels.parquet")
    subject, zone = shapely.STRtree(zones).query(parcels)
    shapely.prepare(zones)
    hit = shapely.intersects(zones[zone], parcels[subject])
    subject, zone = subject[hit], zone[hit]
    return subject, zone, shapely.area(shapely.intersection(parcels[subject], zones[zone]))


def _covers_first(zones: Any, parcels: Any) -> Answer:
    """Shapely STRtree; contains_properly settles a parcel (right for coverages that do not overlap only)."""
    import numpy as np
    import shapely

    shapely.prepare(zones)
    subject, zone = shapely.STRtree(zones).query(parcels)
    whole = shapely.contains_properly(zones[zone], parcels[subject])
    settled = np.zeros(len(parcels), bool)
    settled[subject[whole]] = True
    rest = ~settled[subject]
    pieces = shapely.area(shapely.intersection(parcels[subject[rest]], zones[zone[rest]]))
    return (
        np.concatenate((subject[whole], subject[rest])),
        np.concatenate((zone[whole], zone[rest])),
        np.concatenate((shapely.area(parcels[subject[whole]]), pieces)),
    )


def shapely_covers_first(data: Path) -> Answer:
    """Shapely STRtree, prepared contains_properly first."""
    return _covers_first(_geometry(data / "zones.parquet"), _geometry(data / "parcels.parquet"))


def _half(task: tuple[Path, int, int]) -> Answer:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import shapely

    data, part, parts = task
    zones, file = _geometry(data / "zones.parquet"), pq.ParquetFile(data / "parcels.parquet")
    rows = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    groups = list(range(part, file.num_row_groups, parts))
    start = np.concatenate(([0], np.cumsum(rows)))
    column = pa.table(file.read_row_groups(groups, columns=["geometry"]))["geometry"]
    number = np.concatenate(
        [np.arange(start[group], start[group + 1]) for group in groups] or [np.empty(0, int)]
    )
    subject, zone, area = _covers_first(zones, shapely.from_wkb(column.to_numpy()))
    return number[subject], zone, area


def shapely_2_processes(data: Path) -> Answer:
    """Covers first in two processes: the fastest shapely peer."""
    import multiprocessing

    import numpy as np

    with multiprocessing.get_context("fork").Pool(1) as pool:
        other = pool.apply_async(_half, ((data, 1, 2),))
        parts = [_half((data, 0, 2)), other.get()]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


def _kernel(data: Path, name: str) -> Answer:
    import numpy as np
    import pyarrow.parquet as pq

    sys.path.insert(0, str(HERE.parent))
    from kkpr_check.kernels import WkbBlock, load

    zones = pq.ParquetFile(data / "zones.parquet").read(columns=["geometry"])["geometry"].combine_chunks()
    prepared = load(name).prepare(WkbBlock.from_arrow(zones))  # type: ignore[arg-type]
    batches = pq.ParquetFile(data / "parcels.parquet").iter_batches(BATCH, columns=["geometry"])
    parts: list[Answer] = []
    row = 0
    for shares in prepared.each(WkbBlock.from_arrow(batch.column(0)) for batch in batches):
        parts.append((shares.subject + row, shares.zone, shares.area_m2))
        row += len(shares.subject_area_m2)
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


def kkpr_geos(data: Path) -> Answer:
    """kkpr-check, GEOS kernel."""
    return _kernel(data, "geos")


def kkpr_grid(data: Path) -> Answer:
    """kkpr-check, compiled grid kernel (extra [fast])."""
    return _kernel(data, "grid")


def _sql_areas(subject: str, source: str) -> str:
    return f"""SELECT p.{subject} AS subject, z.{subject} AS zone,
        CASE WHEN ST_Contains(z.geometry, p.geometry) THEN ST_Area(p.geometry)
             ELSE ST_Area(ST_Intersection(p.geometry, z.geometry)) END AS area
        FROM {source.format("parcels")} p JOIN {source.format("zones")} z ON ST_Intersects(p.geometry, z.geometry)"""


def duckdb_spatial(data: Path) -> Answer:
    """DuckDB with its spatial extension, covers first."""
    import duckdb

    base = duckdb.connect()
    if importlib.util.find_spec("duckdb_extension_spatial") is not None:
        from duckdb_extensions import import_extension

        import_extension("spatial", con=base)
    base.load_extension("spatial")
    for name in ("parcels", "zones"):
        base.execute(
            f"CREATE TABLE {name} AS SELECT (row_number() OVER ()) - 1 AS n, geometry "
            f"FROM read_parquet('{data / (name + '.parquet')}')"
        )
    columns = base.execute(_sql_areas("n", "{}")).fetchnumpy()
    return columns["subject"], columns["zone"], columns["area"]


def sedona_db(data: Path) -> Answer:
    """SedonaDB, covers first."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import sedonadb

    base = sedonadb.connect()
    for name in ("parcels", "zones"):
        table = pq.read_table(data / f"{name}.parquet", columns=["geometry"])
        numbered = table.append_column("n", pa.array(range(len(table)), pa.int64()))
        base.create_data_frame(numbered).to_view(f"{name}_wkb")
        base.sql(f"SELECT n, ST_GeomFromWKB(geometry) AS geometry FROM {name}_wkb").to_view(name)
    answer = pa.table(base.sql(_sql_areas("n", "{}")))
    return tuple(answer[column].to_numpy() for column in ("subject", "zone", "area"))  # type: ignore[return-value]


METHODS: dict[str, Callable[[Path], Answer]] = {
    "geopandas-overlay": geopandas_overlay,
    "geopandas-sjoin": geopandas_sjoin,
    "shapely-strtree": shapely_strtree,
    "shapely-covers-first": shapely_covers_first,
    REFERENCE: shapely_2_processes,
    "duckdb-spatial": duckdb_spatial,
    "sedonadb": sedona_db,
    "kkpr-geos": kkpr_geos,
    "kkpr-grid": kkpr_grid,
}
NEEDS = {
    "duckdb-spatial": "duckdb", "sedonadb": "sedonadb", "kkpr-grid": "numba",
    "geopandas-overlay": "geopandas", "geopandas-sjoin": "geopandas",
}  # fmt: skip
SLOW = ("geopandas-overlay", "geopandas-sjoin")


def run_one(name: str, data: Path, answer: Path) -> None:
    """Run one method in this process and write its rows (those with area) to `answer`."""
    import numpy as np

    subject, zone, area = METHODS[name](data)
    real = area > SAME_M2
    np.savez(answer, subject=subject[real], zone=zone[real], area=area[real])


def measure(name: str, data: Path, folder: Path) -> tuple[float, float]:
    """Return wall seconds and peak MB (largest process) of one whole run."""
    command = [
        sys.executable,
        __file__,
        "--run",
        name,
        "--data",
        str(data),
        "--answer",
        str(folder / f"{name}.npz"),
    ]
    run = timed(command)
    return run.seconds, run.peak_mb


def _rows(folder: Path, name: str) -> tuple[Any, Any]:
    import numpy as np

    with np.load(folder / f"{name}.npz") as answer:
        key = answer["subject"].astype(np.int64) * (1 << 32) + answer["zone"].astype(np.int64)
        order = np.argsort(key, kind="stable")
        return key[order], answer["area"][order]


def difference(folder: Path, name: str, against: str) -> tuple[int, float]:
    """Return how many pairs only one of two methods has, and the largest difference of area in m2."""
    import numpy as np

    (keys, areas), (others, theirs) = _rows(folder, name), _rows(folder, against)
    _, left, right = np.intersect1d(keys, others, assume_unique=True, return_indices=True)
    odd = len(keys) + len(others) - 2 * len(left)
    return odd, float(np.max(np.abs(areas[left] - theirs[right]), initial=0.0))


def _chosen(options: argparse.Namespace) -> Iterator[str]:
    for name in options.methods or METHODS:
        need = NEEDS.get(name)
        if need and importlib.util.find_spec(need) is None:
            print(f"{name}: not installed, left out", file=sys.stderr)
        elif options.methods or not (options.fast and name in SLOW):
            yield name


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Run all methods in turn, `repeat` times, and compare every answer with the reference's."""
    names = list(_chosen(options))
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for _ in range(options.repeat):
            for name in names:
                runs[name].append(measure(name, options.data, folder))
        base = REFERENCE if REFERENCE in names else names[0]
        seconds = {name: statistics.median(run[0] for run in runs[name]) for name in names}
        rows = {}
        for name in names:
            odd, worst = difference(folder, name, base)
            rows[name] = {
                "seconds": round(seconds[name], 2), "ratio": round(seconds[name] / seconds[base], 3),
                "all_seconds": [round(run[0], 2) for run in runs[name]],
                "peak_mb": round(max(run[1] for run in runs[name])),
                "pairs": len(_rows(folder, name)[0]), "odd_pairs": odd, "worst_m2": worst,
            }  # fmt: skip
    return {"data": str(options.data), "reference": base, "methods": rows}


def show(result: dict[str, Any]) -> None:
    """Print the table."""
    print(f"{'method':24} {'s':>7} {'ratio':>6} {'MB':>6} {'pairs':>9} {'odd':>4} {'worst m2':>9}")
    for name, row in result["methods"].items():
        print(
            f"{name:24} {row['seconds']:7.2f} {row['ratio']:6.3f} {row['peak_mb']:6d} {row['pairs']:9d} "
            f"{row['odd_pairs']:4d} {row['worst_m2']:9.1e}"
        )


def main() -> int:
    """Parse arguments, run, print; 1 where answers differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder made by generate.py")
    parser.add_argument("--methods", nargs="*", choices=METHODS)
    parser.add_argument("--fast", action="store_true", help="leave the slowest peers out")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="small data, one run")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--run", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run_one(options.run, options.data, options.answer)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        if options.quick:
            options.data, options.repeat = Path(scratch), 1
            size = ["--zones", "500", "--parcels", "20000", "--output", scratch]
            subprocess.run([sys.executable, str(HERE / "generate.py"), *size], check=True)
        elif options.data is None:
            parser.error("--data or --quick is needed")
        result = compare(options)
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return int(any(row["odd_pairs"] or row["worst_m2"] > SAME_M2 for row in result["methods"].values()))


if __name__ == "__main__":
    raise SystemExit(main())
