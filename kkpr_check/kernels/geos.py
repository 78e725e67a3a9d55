"""The kernel that is always there: GEOS overlay through shapely, on two threads.

Zones are prepared, not subjects, and most subjects never reach the overlay: where the box around a subject (grown by
the margin) lies properly in one zone and meets no other, the subject is inside and has that zone's area. GEOS
releases the interpreter lock, but a prepared geometry is built on first use and must not be shared by threads:
candidate pairs are split by zone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.kernels import SAFE_M, Shares, noise_m2
from kkpr_check.kernels.blocks import Bools, Floats, Ints, Objects, Polygons, WkbBlock, polygons


class GeosKernel:
    """See `kkpr_check.kernels.SharesKernel`."""

    name = "geos"

    def prepare(
        self,
        zones: Polygons,
        *,
        margin_m: float = 0.0,
        near: bool = False,
        extent: tuple[float, float, float, float] | None = None,
        threads: int | None = None,
    ) -> GeosPrepared:
        """Make zones ready; `extent` changes nothing here."""
        return GeosPrepared(polygons(zones), float(margin_m), near, threads or min(2, os.cpu_count() or 1))

    def valid(self, subjects: Polygons) -> Bools:
        """Tell which subjects are valid, finite polygons. A missing one is not."""
        geometry = subjects.to_shapely() if isinstance(subjects, WkbBlock) else subjects
        return np.asarray(
            shapely.is_valid(geometry) & np.isin(shapely.get_type_id(geometry), (3, 6)), dtype=bool
        )


class GeosPrepared:
    """See `kkpr_check.kernels.Prepared`. Calls from several threads must be serialised by the caller's own lock."""

    def __init__(self, zones: Objects, margin_m: float, near: bool, threads: int) -> None:
        self._zones, self._margin_m, self._near, self._threads = zones.copy(), margin_m, near, threads
        self._outlines = shapely.boundary(self._zones)
        shapely.prepare(self._zones)
        shapely.prepare(self._outlines)
        self._tree = shapely.STRtree(self._zones)

    def shares(self, subjects: Polygons) -> Shares:
        """Measure a block of valid polygons in metres."""
        geometry = polygons(subjects)
        areas = np.nan_to_num(shapely.area(geometry))
        bounds = shapely.bounds(geometry).reshape(-1, 4)
        noise = noise_m2(bounds, areas)
        boxes = _grown(bounds, self._margin_m + 2 * SAFE_M)
        subject, zone = self._candidates(boxes)
        inside, settled = self._settle(boxes, subject, zone)
        subject, zone = subject[settled], zone[settled]
        shared = self._pair_areas(geometry, areas, subject, zone, inside)
        whole = np.abs(shared - areas[subject]) <= noise[subject]
        shared = np.where(whole, areas[subject], shared)
        found = shared > noise[subject]
        self._check_alone(geometry, subject, zone, found, whole, inside)
        near = self._neighbours(geometry, subject[~found], zone[~found]) if self._near else _nothing()
        return Shares(subject[found], zone[found], shared[found], areas, inside, *near)

    def _by_zone(self, zone: Ints, work: Callable[[Any], NDArray[Any]], kind: type) -> NDArray[Any]:
        """Return `work(rows)` over all rows of pairs, on threads that share no zone."""
        result = np.empty(len(zone), dtype=kind)
        if self._threads < 2 or len(zone) < 1000:
            result[:] = work(np.arange(len(zone)))
            return result
        groups = [np.flatnonzero(zone % self._threads == number) for number in range(self._threads)]
        with ThreadPoolExecutor(self._threads) as pool:
            for rows, answer in zip(groups, pool.map(work, groups), strict=True):
                result[rows] = answer
        return result

    def _candidates(self, boxes: Objects) -> tuple[Ints, Ints]:
        """Return the pairs whose boxes meet, sorted by subject, then zone."""
        subject, zone = self._tree.query(boxes)
        order = np.argsort(subject * max(len(self._zones), 1) + zone, kind="stable")
        return subject[order], zone[order]

    def _settle(self, boxes: Objects, subject: Ints, zone: Ints) -> tuple[Bools, Bools]:
        """Return which subjects are surely inside, and which pairs are left to measure.

        A subject is surely inside where its box lies properly in one zone and meets no other; pairs whose box and
        zone do not meet are dropped.
        """

        def place(rows: Ints) -> NDArray[Any]:
            theirs, ours = self._zones[zone[rows]], boxes[subject[rows]]
            properly = shapely.contains_properly(theirs, ours)
            meets = properly.copy()
            meets[~properly] = shapely.intersects(theirs[~properly], ours[~properly])
            return properly + meets.astype(np.int8)

        placed = self._by_zone(zone, place, np.int8)
        meeting = np.bincount(subject[placed > 0], minlength=len(boxes))
        containing = np.bincount(subject[placed == 2], minlength=len(boxes))
        return (meeting == 1) & (containing == 1), placed > 0

    def _pair_areas(
        self, geometry: Objects, areas: Floats, subject: Ints, zone: Ints, inside: Bools
    ) -> Floats:
        """Return the area each pair shares; the overlay runs only where the zone does not contain the subject."""

        def measure(rows: Ints) -> NDArray[Any]:
            result = areas[subject[rows]]
            open_ = np.flatnonzero(~inside[subject[rows]])
            theirs, ours = self._zones[zone[rows[open_]]], geometry[subject[rows[open_]]]
            rest = ~shapely.contains_properly(theirs, ours)
            result[open_[rest]] = shapely.area(shapely.intersection(ours[rest], theirs[rest]))
            return result

        return self._by_zone(zone, measure, np.float64)

    def _check_alone(
        self, geometry: Objects, subject: Ints, zone: Ints, found: Bools, whole: Bools, inside: Bools
    ) -> None:
        """Set `inside` for subjects wholly in one zone whose box alone did not show it: no outline is near."""
        count = np.bincount(subject[found], minlength=len(inside))
        full = np.bincount(subject[found & whole], minlength=len(inside))
        asked = (count == 1) & (full == 1) & ~inside
        pairs = np.flatnonzero(asked[subject])
        reach = self._margin_m + SAFE_M

        def close(rows: Ints) -> NDArray[Any]:
            return np.asarray(
                shapely.dwithin(self._outlines[zone[pairs[rows]]], geometry[subject[pairs[rows]]], reach)
            )

        touched = self._by_zone(zone[pairs], close, np.bool_)
        inside |= asked
        inside[subject[pairs[touched]]] = False

    def _neighbours(self, geometry: Objects, subject: Ints, zone: Ints) -> tuple[Ints, Ints, Floats]:
        """Return the pairs at most the margin apart with their distance."""

        def apart(rows: Ints) -> NDArray[Any]:
            return np.asarray(shapely.distance(self._zones[zone[rows]], geometry[subject[rows]]))

        distance = self._by_zone(zone, apart, np.float64)
        near = distance <= self._margin_m
        return subject[near], zone[near], distance[near]


def _grown(bounds: Floats, by: float) -> Objects:
    """Return boxes around subjects; None for a missing one."""
    boxes = np.empty(len(bounds), dtype=object)
    real = ~np.isnan(bounds[:, 0])
    x1, y1, x2, y2 = bounds[real].T
    boxes[real] = shapely.box(x1 - by, y1 - by, x2 + by, y2 + by)
    return boxes


def _nothing() -> tuple[Ints, Ints, Floats]:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
