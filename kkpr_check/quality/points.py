"""Which polygons hold which of many points."""

from __future__ import annotations

import numpy as np
import shapely

from kkpr_check.quality.base import Ints, Objects


def holding(points: Objects, tree: shapely.STRtree) -> tuple[Ints, Ints]:
    """Return (point, polygon) for every polygon of an index that a point lies in or on.

    A query of the tree prepares the points; here it is the polygons, each of which is asked about many points.
    """
    point, at = tree.query(points)
    asked = np.zeros(len(tree.geometries), dtype=bool)
    asked[at] = True
    polygons = tree.geometries[asked]
    shapely.prepare(polygons)
    within = shapely.intersects_xy(
        tree.geometries[at], shapely.get_x(points[point]), shapely.get_y(points[point])
    )
    shapely.destroy_prepared(polygons)
    return point[within], at[within]
