"""Parcels and runs for the tests of `batch`."""

from __future__ import annotations

import csv
import datetime as dt
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

from kkpr_check.batch.request import BatchRequest
from kkpr_check.batch.running import BatchResult, run_batch

DATA = Path(__file__).parents[1] / "data"
PLANS = (str(DATA / "sample"), str(DATA / "sample-rtrw"))
AS_OF = dt.date(2025, 1, 1)
CRS = "EPSG:32751"


@cache
def sample() -> tuple[list[dict[str, Any]], list[Any]]:
    """The parcels that come with the sample plan: their properties and outlines."""
    meta, _, wkb, data = pyogrio.raw.read(DATA / "parcels.gpkg")
    columns = {str(name): values.tolist() for name, values in zip(meta["fields"], data, strict=True)}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [{k: None if v != v else v for k, v in row.items()} for row in rows], list(shapely.from_wkb(wkb))


def some(count: int, step: int = 13) -> tuple[list[dict[str, Any]], list[Any]]:
    """Parcels from all over the plan."""
    rows, shapes = sample()
    return rows[::step][:count], shapes[::step][:count]


def write_geojsonl(path: Path, rows: list[dict[str, Any]], shapes: list[Any], crs: str = CRS) -> Path:
    """Write parcels as GeoJSON with the CRS of the sample (as many GIS do); None is a feature without geometry."""
    features = [
        {
            "type": "Feature",
            "properties": row,
            "geometry": None if shape is None else shapely.geometry.mapping(shape),
        }
        for row, shape in zip(rows, shapes, strict=True)
    ]
    name = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs.replace(':', '::')}"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": name, "features": features}))
    return path


def write_gdal(
    path: Path, rows: list[dict[str, Any]], shapes: list[Any], driver: str, **options: Any
) -> Path:
    """Write the ids and KBLI of parcels with GDAL."""
    columns = {name: np.array([row[name] for row in rows], dtype=object) for name in ("id", "kbli")}
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array(shapes, dtype=object)), list(columns.values()), list(columns), driver=driver,
        geometry_type="Polygon", crs=CRS, **options,
    )  # fmt: skip
    return path


def batch(parcels: Path, output: Path, **options: Any) -> BatchResult:
    """Run a batch in this process unless `workers` says otherwise."""
    given = {"plans": PLANS[:1], "as_of": AS_OF, "workers": 1} | options
    return run_batch(BatchRequest(str(parcels), str(output), **given))


def table(path: Path) -> list[dict[str, str]]:
    """Read a CSV output."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
