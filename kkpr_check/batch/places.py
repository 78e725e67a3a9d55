"""Where parcels lie: in degrees, and in which UTM zone."""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.geometry import Objects
from kkpr_check.io import crs as crs_policy

NEAR_ZONE_EDGE_DEG = 1e-3
"""Nearer to the edge of a UTM zone than this, the zone is found exactly as a single check finds it."""


def centres_lonlat(geometry: Objects, crs: str) -> NDArray[np.float64]:
    """Return the middle of each geometry's box in degrees (n, 2), NaN where there is none."""
    bounds = shapely.bounds(geometry)
    middle = shapely.points((bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2)
    return _lonlat(np.asarray(middle, dtype=object), np.isfinite(bounds).all(axis=1), crs)


def utm_zones(geometry: Objects, crs: str) -> dict[str, NDArray[np.int64]]:
    """Return the rows of each UTM zone, by the centroids of the parcels; rows without geometry are in none."""
    there = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    rows = np.flatnonzero(there)
    if not len(rows):
        return {}
    only = _one_zone(shapely.total_bounds(geometry), crs)
    if only is not None:
        return {only: rows}
    lonlat = _lonlat(np.asarray(shapely.centroid(geometry), dtype=object), there, crs)[rows]
    from_edge = np.abs((lonlat[:, 0] + 3.0) % 6.0 - 3.0)
    near = (from_edge < NEAR_ZONE_EDGE_DEG) | (np.abs(lonlat[:, 1]) < NEAR_ZONE_EDGE_DEG)
    if near.any():
        exact = shapely.centroid(crs_policy.transform(geometry[rows[near]], crs, crs_policy.LONLAT))
        lonlat[near] = np.column_stack([shapely.get_x(exact), shapely.get_y(exact)])
    keys = np.minimum((lonlat[:, 0] + 180.0) // 6.0 + 1, 60).astype(int) + 100 * (lonlat[:, 1] < 0)
    members = {int(key): keys == key for key in np.unique(keys)}
    return {crs_policy.work_crs(*lonlat[mine][0]): rows[mine] for mine in members.values()}


def _one_zone(bounds: NDArray[np.float64], crs: str) -> str | None:
    """Return the zone that holds a whole box and all around it, None where several may."""
    west, south, east, north = crs_policy.transform_bounds(
        (float(bounds[0]), float(bounds[1]), float(bounds[2]), float(bounds[3])), crs, crs_policy.LONLAT
    )
    margin = NEAR_ZONE_EDGE_DEG
    same = math.floor((west - margin) / 6.0) == math.floor((east + margin) / 6.0)
    if not same or south - margin < 0.0 < north + margin:
        return None
    return crs_policy.work_crs((west + east) / 2, (south + north) / 2)


def _lonlat(points: Objects, known: NDArray[np.bool_], crs: str) -> NDArray[np.float64]:
    found = np.full((len(points), 2), np.nan)
    if known.any():
        moved = crs_policy.transform(points[known], crs, crs_policy.LONLAT)
        found[known] = np.column_stack([shapely.get_x(moved), shapely.get_y(moved)])
    return found
