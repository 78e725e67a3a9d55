"""Writers whose output depends on nothing but the data: no clock, no machine name, fixed rounding."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from sample_town.frame import CRS

DATE = "2026-01-15"
LONLAT_DECIMALS = 8
_to_lonlat = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
_GEOD = pyproj.Geod(ellps="WGS84")

Rows = Sequence[Mapping[str, Any]]


def lonlat(geometry: shapely.Geometry) -> shapely.Geometry:
    """Return a geometry of the town in longitude and latitude, rounded to about a millimetre."""

    def convert(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        lon, lat = _to_lonlat.transform(xy[:, 0], xy[:, 1])
        return np.round(np.column_stack([lon, lat]), LONLAT_DECIMALS)

    return shapely.orient_polygons(shapely.transform(geometry, convert))


def hectares(geometry: shapely.Geometry) -> float:
    """Return the geodesic area, as the LUASHA column of official layers carries it."""
    area, _ = _GEOD.geometry_area_perimeter(lonlat(geometry))
    return round(abs(area) / 1e4, 6)


def geojson(path: Path, rows: Rows, geometries: Sequence[shapely.Geometry], name: str) -> None:
    """Write a GeoJSON file (RFC 7946), one feature a line."""
    lines = []
    for row, geometry in zip(rows, geometries, strict=True):
        shape = json.loads(shapely.to_geojson(lonlat(geometry)))
        feature = {"type": "Feature", "properties": dict(row), "geometry": shape}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    head = f'{{"type":"FeatureCollection","name":{json.dumps(name, ensure_ascii=False)},"features":[\n'
    path.write_text(head + ",\n".join(lines) + "\n]}\n", encoding="utf-8", newline="\n")


def vector(
    path: Path,
    rows: Rows,
    geometries: Sequence[shapely.Geometry],
    *,
    layer: str,
    driver: str,
    kind: str,
    crs: str = CRS,
    append: bool = False,
) -> None:
    """Write a layer with GDAL; dates inside the file are fixed."""
    os.environ["OGR_CURRENT_DATE"] = f"{DATE}T00:00:00.000Z"
    import pyogrio

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{DATE}T00:00:00.000Z"})
    if path.exists() and not append:
        path.unlink()
    options: dict[str, str] = {}
    if driver == "ESRI Shapefile":
        options = {"DBF_DATE_LAST_UPDATE": DATE, "RESIZE": "YES"}
    fields = list(rows[0])
    pyogrio.raw.write(
        str(path),
        shapely.to_wkb(np.asarray(geometries, dtype=object)),
        [_column([row[name] for row in rows]) for name in fields],
        fields,
        layer=layer,
        driver=driver,
        geometry_type=kind,
        crs=crs,
        encoding="UTF-8" if driver == "ESRI Shapefile" else None,
        append=append,
        layer_options=options,
    )


def _column(values: list[Any]) -> NDArray[Any]:
    if all(isinstance(v, bool) for v in values):
        return np.array(values, dtype=bool)
    if all(isinstance(v, int) for v in values):
        return np.array(values, dtype=np.int64)
    if all(isinstance(v, int | float) or v is None for v in values):
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return np.array(values, dtype=object)
