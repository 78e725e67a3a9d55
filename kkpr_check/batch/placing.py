"""Where many parcels lie in the areas of one layer: their parts, what is near, and how deep they lie in areas that refuse.

What `kkpr_check.ledger`, `kkpr_check.adverse` and `kkpr_check.land` find for a few subjects, as arrays over a block. Parcels
that lie wholly and safely in one area never meet the overlay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.adverse import PASS_REACH_CE90
from kkpr_check.batch.plans import LayerLines
from kkpr_check.features import Features, Objects
from kkpr_check.geometry import (
    Outline,
    deepest_m,
    dissolve,
    lasting,
    parts_with_owner,
    remainder_of,
    round_depth_m,
    round_m,
    segments_of,
    unions_by,
)
from kkpr_check.kernels import Polygons, Shares, WkbBlock, load
from kkpr_check.ledger import Pairs, Parts, cut
from kkpr_check.outlines import Edges, closed
from kkpr_check.plan import Tolerance

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

EVEN_M2 = 5e-5
"""Areas that differ by less are the same: both round to 1e-4."""
CLEAR_M = 1e-3
"""Nearer than this to another area, what touches what is for the exact overlay to say."""
COMPILED = find_spec("numba") is not None
PATTERNS_KEPT = 32
"""Sets of refusing areas whose dissolved outline a layer keeps."""


@dataclass(frozen=True, slots=True)
class Parcels:
    """Parcels of a block: (Multi)Polygons in metres (and as the kernel reads them), their areas, and which are one polygon."""

    geometry: Objects
    encoded: Polygons
    area_m2: Floats
    single: Bools

    @classmethod
    def of(cls, geometry: Objects) -> Parcels:
        """Measure parcels."""
        encoded = WkbBlock.from_shapely(geometry) if COMPILED else geometry
        return cls(geometry, encoded, shapely.area(geometry), shapely.get_num_geometries(geometry) == 1)

    def __len__(self) -> int:
        return len(self.geometry)


@dataclass(frozen=True, slots=True)
class Placed:
    """Parcels in one layer.

    Attributes
    ----------
    zone
        The area that holds a parcel wholly and safely, -1 where there is none such.
    clear
        Parcels that share nothing with any area and touch none.
    once
        Parcels of which the areas cover every place exactly once; False: not known.
    parts
        The parts of all that are not clear, noise told apart.
    """

    zone: Ints
    clear: Bools
    once: Bools
    parts: Parts
    shares: Shares


@dataclass(frozen=True, slots=True)
class Refused:
    """What the refusing areas of one layer mean for parcels.

    Attributes
    ----------
    inside
        Parcels with a part that refuses.
    bad
        Those parts, as rows of the parts of the parcels.
    fails
        Parcels whose refusal is deeper than the map is accurate, or covers all of them; the other `inside` are doubtful.
    flip_m
        The depth of the `inside`, the distance of the others (inf: out of reach); NaN: for the engine to measure.
    """

    inside: Bools
    bad: Ints
    fails: Bools
    flip_m: Floats


class Layer:
    """Areas of one layer, made ready for blocks of parcels; `group` numbers what each area stands for."""

    def __init__(self, features: Features, group: Ints, tolerance: Tolerance) -> None:
        self.geometry = features.geometry
        self.group = group
        self._features, self._tolerance = features, tolerance
        self._reach_m = PASS_REACH_CE90 * features.ce90_m
        self._prepared = load().prepare(self.geometry, margin_m=self._reach_m + 1e-4, near=True, threads=1)
        self._deepest: dict[bytes, Callable[[Objects], Floats]] = {}
        self._marks: dict[bytes, Bools] = {}
        shapely.prepare(self.geometry)

    def place(self, parcels: Parcels) -> Placed:
        """Overlay parcels with the layer."""
        shares = self._prepared.shares(parcels.encoded)
        count = np.bincount(shares.subject, minlength=len(parcels))
        touched = np.zeros(len(parcels), dtype=bool)
        touched[shares.near_subject[shares.near_m < CLEAR_M]] = True
        clear = (count == 0) & ~touched
        zone = self._holders(parcels, shares, (count == 1) & ~touched & parcels.single)
        covered_m2 = np.bincount(
            shares.subject, np.where(self._closed[shares.zone], shares.area_m2, np.nan), len(parcels)
        )
        once = parcels.single & (abs(covered_m2 - parcels.area_m2) < np.minimum(EVEN_M2, parcels.area_m2 / 2))
        return Placed(zone, clear, once | (zone >= 0), self._parts(parcels, zone, clear, shares), shares)

    @cached_property
    def _closed(self) -> Bools:
        """Areas along whose outline the layer has neither gap nor overlap."""
        return closed(self.geometry)

    def _holders(self, parcels: Parcels, shares: Shares, candidates: Bools) -> Ints:
        zone = np.full(len(parcels), -1)
        mine = np.flatnonzero(candidates)
        first = np.searchsorted(shares.subject, mine)
        whole = shares.area_m2[first] == shares.subject_area_m2[mine]
        mine, holder = mine[whole], shares.zone[first[whole]]
        # An outline that is another area's too would have touched the parcel with it.
        sure = shares.inside[mine] | self._closed[holder]
        rest = ~sure
        sure[rest] = shapely.contains_properly(self.geometry[holder[rest]], parcels.geometry[mine[rest]])
        zone[mine[sure]] = holder[sure]
        return zone

    def _pairs(self, parcels: Parcels, unclear: Ints, shares: Shares) -> Pairs:
        """Return the areas that some parcels share area with; parcels by their place in `unclear`."""
        place = np.full(len(parcels), -1)
        place[unclear] = np.arange(len(unclear))
        mine = np.flatnonzero(place[shares.subject] >= 0)
        subject, zone = shares.subject[mine], shares.zone[mine]
        inside = shares.area_m2[mine] == shares.subject_area_m2[subject]
        inside[inside] = shapely.contains_properly(
            self.geometry[zone[inside]], parcels.geometry[subject[inside]]
        )
        return Pairs(place[subject], zone, inside)

    def _parts(self, parcels: Parcels, zone: Ints, clear: Bools, shares: Shares) -> Parts:
        held = np.flatnonzero(zone >= 0)
        shape, area = parcels.geometry[held], parcels.area_m2[held]
        unclear = np.flatnonzero((zone < 0) & ~clear)
        pairs = self._pairs(parcels, unclear, shares)
        cuts = cut(parcels.geometry[unclear], self.geometry, self.group, self._tolerance, pairs=pairs)
        subject = np.concatenate([held, unclear[cuts.subject]])
        order = np.argsort(subject, kind="stable")

        def column(one: NDArray[np.generic], other: NDArray[np.generic]) -> NDArray[np.generic]:
            return np.concatenate([one, other])[order]

        return Parts(
            subject[order],
            column(self.group[zone[held]], cuts.group),  # type: ignore[arg-type]
            column(shape, cuts.geometry),  # type: ignore[arg-type]
            column(shape, cuts.whole),  # type: ignore[arg-type]
            column(area, cuts.area_m2),  # type: ignore[arg-type]
            column(np.zeros(len(held)), cuts.dropped_m2),  # type: ignore[arg-type]
        )

    def refused(self, placed: Placed, parcels: Parcels, patterns: Bools, which: Ints) -> Refused:
        """Judge parcels against the areas that refuse, as `kkpr_check.adverse.AdverseArea` judges one.

        Parameters
        ----------
        patterns
            Sets of groups that refuse, ``(sets, groups)``.
        which
            The set that counts for each parcel.
        """
        n, parts = len(parcels), placed.parts
        bad = np.flatnonzero(patterns[which[parts.subject], parts.group] & (parts.area_m2 > 0))
        inside = np.zeros(n, dtype=bool)
        inside[parts.subject[bad]] = True
        flip_m = self._nearest_m(placed.shares, patterns, which, n)
        fails = inside & (placed.zone >= 0)
        flip_m[inside] = self._inward_m(parts, bad, patterns, which)
        partly = np.flatnonzero(inside & ~fails)
        fails[partly] = self._wholly(placed, parcels, bad, partly)
        # No circle inside a parcel is larger than the parcel: a depth from its own outline can not exceed its radius.
        with np.errstate(invalid="ignore"):
            shallow = np.zeros(n, dtype=bool)
            shallow[partly] = flip_m[partly] < np.sqrt(parcels.area_m2[partly] / np.pi)
        rows = bad[shallow[parts.subject[bad]]]
        subject = parts.subject[rows]
        np.maximum.at(flip_m, subject, self._across_m(parcels.geometry[subject], parts.geometry[rows]))
        flip_m = np.where(inside, round_depth_m(flip_m), round_m(flip_m))
        flip_m[~inside & (flip_m > self._reach_m)] = np.inf
        with np.errstate(invalid="ignore"):
            fails |= inside & (flip_m > self._features.ce90_m)
        return Refused(inside, bad, fails, flip_m)

    def _wholly(self, placed: Placed, parcels: Parcels, bad: Ints, some: Ints) -> Bools:
        """Tell of which of some parcels nothing but noise is left without their parts `bad`."""
        n, parts = len(parcels), placed.parts
        kept = np.ones(len(parts.subject), dtype=bool)
        kept[bad] = False
        good_m2 = np.bincount(parts.subject[kept], parts.area_m2[kept], n)[some]
        result: Bools = good_m2 == 0
        dropped_m2 = np.bincount(parts.subject, parts.dropped_m2, n)[some]
        asked = np.flatnonzero(
            ~placed.once[some] | (dropped_m2 > 0)
        )  # in all others the parts make up the parcel
        place = np.full(n, -1)
        place[some[asked]] = np.arange(len(asked))
        mine = bad[place[parts.subject[bad]] >= 0]
        pieces = unions_by(place[parts.subject[mine]], parts.geometry[mine], len(asked))
        shape, area = parcels.geometry[some[asked]], parcels.area_m2[some[asked]]
        rest, _ = lasting(remainder_of(shape, pieces), area, self._tolerance)
        result[asked] = shapely.is_empty(rest)
        return result

    def _nearest_m(self, shares: Shares, patterns: Bools, which: Ints, n: int) -> Floats:
        distance: Floats = np.full(n, np.inf)
        bad = patterns[which[shares.near_subject], self.group[shares.near_zone]]
        np.minimum.at(distance, shares.near_subject[bad], shares.near_m[bad])
        distance[shares.subject[patterns[which[shares.subject], self.group[shares.zone]]]] = 0.0
        return distance

    def _inward_m(self, parts: Parts, bad: Ints, patterns: Bools, which: Ints) -> Floats:
        """Return the depth inside the outline of the refusing areas of each parcel with `bad` parts, in their order."""
        polygons, row = parts_with_owner(parts.geometry[bad])
        subject = parts.subject[bad][row]
        depth = np.empty(len(polygons))
        by_set = which[subject]
        for number in np.unique(by_set):
            mine = by_set == number
            depth[mine] = self._depth_m(polygons[mine], patterns[number])
        first = np.flatnonzero(np.diff(subject, prepend=-1))
        return np.maximum.reduceat(depth, first) if len(first) else np.empty(0)

    def _depth_m(self, polygons: Objects, pattern: Bools) -> Floats:
        failing = pattern[self.group]
        depth = np.full(len(polygons), np.nan)
        lines, row = self._features.lines, self._features.row
        if isinstance(lines, LayerLines) and lines.depths is not None and row is not None:
            fails = np.zeros(lines.depths.features, dtype=bool)
            fails[row[failing]] = True
            key = pattern.tobytes()
            if key not in self._marks:
                _make_room(self._marks)
                self._marks[key] = lines.depths.marks(fails)
            depth = lines.depths.of(polygons, fails, self._marks[key])
        unknown = np.isnan(depth)
        if unknown.any():
            depth[unknown] = self._outlined(failing)(polygons[unknown])
        return depth

    def _outlined(self, failing: Bools) -> Callable[[Objects], Floats]:
        """Return what measures depths inside some areas by their outline: dissolved, where their edges do not match."""
        key = failing.tobytes()
        if key not in self._deepest:
            _make_room(self._deepest)
            lines, row = self._features.lines, self._features.row
            shapes, segments = self.geometry[failing], None
            if lines is not None and row is not None:
                rows = np.sort(row[failing])
                segments = lines.outline(rows)
                if segments is None:
                    shapes = lines.noded(rows)
            if segments is None:
                area = dissolve(shapes, self._tolerance)
                segments = segments_of(shapely.boundary(area))
            self._deepest[key] = depths_in(segments)
        return self._deepest[key]

    @staticmethod
    def _across_m(parcels: Objects, pieces: Objects) -> Floats:
        """Return how far pieces of parcels reach inward from the parcels' own outlines."""
        if COMPILED:
            from kkpr_check.kernels.depth import across_each

            return across_each(pieces, parcels)
        found = [deepest_m(p, shapely.boundary(g)) for p, g in zip(pieces, parcels, strict=True)]
        return np.array(found, dtype=float)


def _make_room(kept: dict[bytes, Any]) -> None:
    while len(kept) >= PATTERNS_KEPT:
        kept.pop(next(iter(kept)))


def depths_in(segments: Objects) -> Callable[[Objects], Floats]:
    """Return what measures how deep polygons lie inside an outline, given as segments (metres)."""
    if not COMPILED or not len(segments):
        index = Outline(None, segments)
        return lambda polygons: np.array([deepest_m(p, index) for p in polygons], dtype=float)
    from kkpr_check.kernels.depth import Depths

    n = len(segments)
    ends = shapely.get_coordinates(segments).reshape(n, 4)
    nobody = np.full(n, -1)
    depths = Depths(Edges(ends, np.zeros(n, dtype=np.int64), nobody, np.zeros(n, dtype=bool)), 1)
    return lambda polygons: depths.of(polygons, np.ones(1, dtype=bool))
