"""What may be built on parcels that are judged by class: which of them are told the same, and the areas that differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kkpr_check.batch.facts import Facts
from kkpr_check.batch.naming import Halves, names_of, spread
from kkpr_check.batch.placing import Bools, Floats, Ints
from kkpr_check.candidates import BuildingSite, ZonePart, limit_of, rungs_of
from kkpr_check.frontage import frontage_of, reached_by_roads
from kkpr_check.geometry import EMPTY
from kkpr_check.model import Finding
from kkpr_check.plan import State

BLOCKS = ("intensity", "balance", "building")
"""Blocks of the rules that speak of what may be built."""
LIMITS = {"INT001": "kdb_max_pct", "INT002": "klb_max", "INT003": "kdh_min_pct", "INT004": "ktb_max_pct"}
"""Limits that are shares of an area."""


class Buildable:
    """What the building findings of the parcels of a block hang on.

    Parameters
    ----------
    judged
        Those parcels, as numbers of `facts`.
    in_doubt
        Those of which nothing is approvable whatever their parts.
    """

    def __init__(self, facts: Facts, judged: Ints, in_doubt: Bools) -> None:
        self._facts, self._prepared = facts, facts.prepared
        self.low_m2 = facts.low_m2.copy()
        self.low_m2[judged[in_doubt]] = facts.lot_m2[judged[in_doubt]]
        self._first = np.searchsorted(facts.parts.subject[facts.built], np.arange(len(facts.parcels) + 1))
        self._fronts = np.full(len(facts.parcels), -1)

    def names(self, asked: Ints, told: Ints, by_road: Ints) -> Halves:
        """Return the names of all that the building findings of some parcels hang on.

        Parameters
        ----------
        told
            Of each parcel of the block a number for which of its findings are told.
        by_road
            Those of `asked` that are told of limits that hang on the road in front.
        """
        facts, rows = self._facts, self._facts.built
        fronts = np.zeros(len(facts.parcels), dtype=np.int64)
        fronts[by_road] = self._fronts_of(by_road)
        own = [told, facts.bare, self.low_m2 > 0, self.low_m2 == facts.lot_m2, fronts]
        of_part = [column[rows] for column in (facts.parts.group, facts.sure, facts.gone, *facts.size_cells)]
        return names_of(own, facts.parts.subject[rows], of_part)[:, asked]

    def parts(self, subject: int) -> Ints:
        """Return the parts of a parcel in which its building rules are judged, in the order of their sub-zones."""
        first, last = self._first[subject : subject + 2]
        return self._facts.built[first:last]

    def sizes_m2(self, subject: int) -> Floats:
        """Return how much is left of each of its `parts`."""
        found: Floats = self._facts.left_m2[self.parts(subject)]
        return found

    def weighted_m2(self, subject: Ints, weights: Sequence[Floats], which: Ints) -> tuple[Floats, Floats]:
        """Return the sum of what is left of the parts of parcels, each with its weight, and without weights.

        Parameters
        ----------
        weights, which
            Lists of weights, one a part, and which of them holds for each subject.
        """
        row, nth = spread([len(one) for one in weights], which)
        own = np.concatenate([*weights, np.empty(0)])
        start = np.cumsum([0, *(len(one) for one in weights)])
        part = self._facts.built[self._first[subject[row]] + nth - start[which[row]]]
        left_m2 = self._facts.left_m2[part]
        weighted: Floats = np.bincount(row, left_m2 * own[nth], len(subject)).astype(np.float64)
        whole: Floats = np.bincount(row, left_m2, len(subject)).astype(np.float64)
        return weighted, whole

    def weights(self, subject: int, finding: Finding) -> tuple[float, ...]:
        """Return what a square metre of each part adds to a limit that is a share of an area.

        What is shown is the strictest of all candidates: the most of a least share, the least of a greatest.
        """
        name = LIMITS.get(finding.rule)
        if name is None or not isinstance(finding.limit, float):
            return ()
        facts, parts = self._facts, self.parts(subject)
        if finding.rule in ("INT001", "INT002"):
            zones = facts.prepared.subzones[facts.parts.group[parts]]
            return tuple(finding.limit if zone == finding.zone else 0.0 for zone in zones)
        low, high = float(self.low_m2[subject]), float(facts.lot_m2[subject])
        site = BuildingSite(
            facts.sites[subject], (), None, EMPTY, low, high, None, facts.prepared.network,
            facts.prepared.windows[0].plan.tolerance,
        )  # fmt: skip
        zoning = facts.prepared.zonings[int(facts.decides[subject])]
        pick, unregulated = (max, 0.0) if finding.rule == "INT003" else (min, 1.0)
        weights = []
        for group in (facts.parts.group[parts] - zoning.offset).tolist():
            part = ZonePart(zoning.window.plan, zoning.subzones[group], "", EMPTY, 0.0, False)
            limits = [limit_of(rung, name) for rung in rungs_of(part, site)[0]]
            free = [limit.state is State.UNREGULATED for limit in limits]
            values = [unregulated if f else m.constant / 100 for m, f in zip(limits, free, strict=True)]
            weights.append(pick(values))
        return tuple(weights)

    def _fronts_of(self, asked: Ints) -> Ints:
        """Return a number for the road in front of each parcel with a limit that hangs on its width, else 0."""
        facts, prepared = self._facts, self._prepared
        new = asked[self._fronts[asked] < 0]
        self._fronts[new] = 0
        rows = facts.parts.subject[prepared.asks_for_rumija[facts.parts.group]]
        asking = np.intersect1d(rows, new)
        near = asking[reached_by_roads(facts.parcels.geometry[asking], prepared.network)]
        for subject in near.tolist():
            frontage = frontage_of(facts.parcels.geometry[subject], prepared.network)
            if frontage.found:
                width_m = frontage.roads[0].width_m if frontage.roads else np.nan
                # NaN is not equal to itself: an unknown width is told as -1
                front = -1.0 if np.isnan(width_m) else width_m
                self._fronts[subject] = prepared.fronts.setdefault(front, len(prepared.fronts) + 1)
        return self._fronts[asked]
