"""The kernel that is always there: GEOS overlay through shapely, on two threads.

Zones are prepared, not subjects, and most subjects never reach the overlay: where the box around a subject (grown by
the margin) lies properly in one zone and meets no other, the subject is inside and has that zone's area. GEOS
releases the interpreter lock, but a prepared geometry builds itself on first use: each thread has its own copy.
"""

from __future__ import annotations

import os
import queue
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import shapely

from kkpr_check.kernels import SAFE_M, Shares, joined, noise_m2
from kkpr_check.kernels.blocks import Bools, Floats, Ints, Objects, Polygons, in_order, polygons, valid

LEAST_BLOCK, MOST_BLOCK = 1_024, 131_072
"""Subjects a thread takes at once: many share a zone."""


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
        return valid(subjects)


class _Layer:
    """Zones and their outlines, prepared, for one thread at a time."""

    def __init__(self, zones: Objects) -> None:
        self.zones: Objects = shapely.force_2d(zones)
        self.outlines: Objects = shapely.boundary(self.zones)
        self.bounds: Floats = shapely.bounds(self.zones).reshape(-1, 4)
        shapely.prepare(self.zones)
        shapely.prepare(self.outlines)


class GeosPrepared:
    """See `kkpr_check.kernels.Prepared`."""

    def __init__(self, zones: Objects, margin_m: float, near: bool, threads: int) -> None:
        self._margin_m, self._near, self._threads = margin_m, near, threads
        self._reach = margin_m + 2 * SAFE_M
        self._layers: queue.LifoQueue[_Layer] = queue.LifoQueue()
        for _ in range(threads):
            self._layers.put(_Layer(zones))
        self._tree = shapely.STRtree(_boxes(shapely.bounds(zones).reshape(-1, 4), self._reach))

    def shares(self, subjects: Polygons) -> Shares:
        """Measure a block of valid polygons in metres."""
        return self._on(self._threads, subjects)

    def each(self, blocks: Iterable[Polygons]) -> Iterator[Shares]:
        """Measure blocks, several at once: where one is read, which holds the interpreter lock, another is overlaid."""
        return in_order(partial(self._on, 1), blocks, self._threads)

    def _on(self, threads: int, subjects: Polygons) -> Shares:
        """Measure a block on so many threads."""
        size = min(max(-(-len(subjects) // threads), LEAST_BLOCK), MOST_BLOCK)
        lows = range(0, max(len(subjects), 1), size)

        def work(low: int) -> Shares:
            geometry = polygons(subjects, np.arange(low, min(low + size, len(subjects))))
            layer = self._layers.get()
            try:
                return self._measure(layer, geometry)
            finally:
                self._layers.put(layer)

        return joined(lows, list(in_order(work, lows, min(threads, len(lows)))))

    def _measure(self, layer: _Layer, geometry: Objects) -> Shares:
        areas = np.nan_to_num(shapely.area(geometry))
        bounds = shapely.bounds(geometry).reshape(-1, 4)
        noise = noise_m2(bounds, areas)
        subject, zone = self._tree.query(geometry)
        by_zone = np.argsort(
            zone, kind="stable"
        )  # one zone's index after the other stays in the processor's cache
        subject, zone = subject[by_zone], zone[by_zone]
        inside, met = self._settle(layer, bounds, subject, zone)
        subject, zone = subject[met], zone[met]
        shared = _pair_areas(layer, geometry, areas, subject, zone, inside)
        whole = np.abs(shared - areas[subject]) <= noise[subject]
        shared = np.where(whole, areas[subject], shared)
        found = shared > noise[subject]
        self._check_alone(layer, geometry, subject, zone, found, whole, inside)
        near = (_NOTHING, _NOTHING, np.empty(0))
        if self._near:
            near = self._neighbours(layer, geometry, subject[~found], zone[~found])
        pairs = _sorted(subject[found], zone[found], shared[found])
        return Shares(*pairs, areas, inside, *_sorted(*near))

    def _settle(self, layer: _Layer, bounds: Floats, subject: Ints, zone: Ints) -> tuple[Bools, Bools]:
        """Return which subjects are surely inside, and which pairs meet at all.

        A subject is surely inside where its box lies properly in one zone and meets no other.
        """
        boxes = _boxes(bounds, self._reach)
        low, high = bounds[subject, :2] - self._reach, bounds[subject, 2:] + self._reach
        fits = (low > layer.bounds[zone, :2]).all(axis=1) & (high < layer.bounds[zone, 2:]).all(axis=1)
        within = np.zeros(len(subject), dtype=bool)
        within[fits] = shapely.contains_properly(layer.zones[zone[fits]], boxes[subject[fits]])
        met = within.copy()
        met[~within] = shapely.intersects(layer.zones[zone[~within]], boxes[subject[~within]])
        meeting = np.bincount(subject[met], minlength=len(boxes))
        holding = np.bincount(subject[within], minlength=len(boxes))
        return (meeting == 1) & (holding == 1), met

    def _check_alone(
        self,
        layer: _Layer,
        geometry: Objects,
        subject: Ints,
        zone: Ints,
        found: Bools,
        whole: Bools,
        inside: Bools,
    ) -> None:
        """Set `inside` for subjects wholly in one zone whose box alone did not show it: no outline is near."""
        count = np.bincount(subject[found], minlength=len(inside))
        full = np.bincount(subject[found & whole], minlength=len(inside))
        asked = (count == 1) & (full == 1) & ~inside
        pairs = np.flatnonzero(asked[subject])
        outlines, sites = layer.outlines[zone[pairs]], geometry[subject[pairs]]
        touched = shapely.dwithin(outlines, sites, self._margin_m + SAFE_M)
        inside |= asked
        inside[subject[pairs[touched]]] = False

    def _neighbours(
        self, layer: _Layer, geometry: Objects, subject: Ints, zone: Ints
    ) -> tuple[Ints, Ints, Floats]:
        """Return the pairs at most the margin apart with their distance."""
        distance = shapely.distance(layer.zones[zone], geometry[subject])
        near = distance <= self._margin_m
        return subject[near], zone[near], distance[near]


def _sorted(subject: Ints, zone: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
    """Return pairs by subject, then zone."""
    order = np.lexsort((zone, subject))
    return subject[order], zone[order], value[order]


_NOTHING: Ints = np.empty(0, np.int64)


def _pair_areas(
    layer: _Layer, geometry: Objects, areas: Floats, subject: Ints, zone: Ints, inside: Bools
) -> Floats:
    """Return the area each pair shares; the overlay runs only where the zone does not contain the subject."""
    result = np.array(areas[subject])
    open_ = np.flatnonzero(~inside[subject])
    zones, sites = layer.zones[zone[open_]], geometry[subject[open_]]
    rest = ~shapely.contains_properly(zones, sites)
    result[open_[rest]] = shapely.area(shapely.intersection(sites[rest], zones[rest]))
    return result


def _boxes(bounds: Floats, by: float) -> Objects:
    """Return boxes around bounds, grown; None for a missing one."""
    boxes = np.empty(len(bounds), dtype=object)
    real = ~np.isnan(bounds[:, 0])
    x1, y1, x2, y2 = bounds[real].T
    boxes[real] = shapely.box(x1 - by, y1 - by, x2 + by, y2 + by)
    return boxes
