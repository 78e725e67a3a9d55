"""Adverse areas and the map's accuracy: when a piece of a refused area fails, and when it is only doubt.

Contract sections 1a.5 and 4. The line as drawn is the law; CE90 only keeps us from refusing on noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from kkpr_check.features import Features
from kkpr_check.geometry import (
    EMPTY,
    Objects,
    Outline,
    deepest_m,
    dissolve,
    objects,
    overlap_of,
    polygons_of,
    remainder_of,
    round_depth_m,
    round_m,
    without_noise,
)
from kkpr_check.model import Outcome
from kkpr_check.plan import Tolerance

PASS_REACH_CE90 = 4
"""A pass carries its distance to the adverse area up to this many times CE90."""


@dataclass(slots=True)
class Reach:
    """How far beyond the sites the features are known, and how far they turned out to be needed (metres)."""

    known_m: float
    needed_m: float = 0.0
    told: bool = True
    """Whether distances and depths are wanted where they decide nothing."""

    def ask(self, distance_m: float) -> None:
        """Note that a result depends on features up to `distance_m` away."""
        self.needed_m = max(self.needed_m, distance_m)


@dataclass(frozen=True, slots=True)
class Adverse:
    """What an adverse area means for a subject: FAIL, UNDETERMINED (shallow) or PASS, with its flip distance."""

    outcome: Outcome
    flip_distance_m: float | None


class AdverseArea:
    """The area in which a rule fails for a proposal: the union of the failing features of one source.

    Parameters
    ----------
    features
        The failing features of the window, in metres.
    minus
        Where another plan decides; taken off.
    """

    def __init__(self, features: Features, tolerance: Tolerance, minus: Any = EMPTY) -> None:
        self.features = features.geometry
        self.ce90_m = features.ce90_m
        known = features.lines if features.row is not None else None
        self._rows = np.empty(0, dtype=np.int64) if features.row is None else np.sort(features.row)
        self._noded, self._lines = known, known if minus.is_empty else None
        self.tolerance = tolerance
        self._minus = minus

    @cached_property
    def area(self) -> Any:
        """The dissolved area."""
        noded = self.features if self._noded is None else self._noded.noded(self._rows)
        merged = dissolve(noded, self.tolerance)
        return merged if self._minus.is_empty else remainder_of(merged, self._minus)

    @cached_property
    def outline(self) -> Outline:
        """The outline of the dissolved area, indexed."""
        segments = None if self._lines is None else self._lines.outline(self._rows)
        return Outline(shapely.boundary(self.area)) if segments is None else Outline(None, segments)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.features)

    def distances_m(self, subjects: Objects) -> list[float | None]:
        """Return the distance from each subject to the area, None beyond four times CE90."""
        if not len(self.features):
            return [None] * len(subjects)
        reach_m = PASS_REACH_CE90 * self.ce90_m
        subject, near = self._tree.query(subjects, predicate="dwithin", distance=reach_m + 1e-4)
        areas = self.features
        if len(near) and not self._minus.is_empty:
            areas = areas.copy()
            for feature in np.unique(near):
                areas[feature] = remainder_of(areas[feature], self._minus)
        distance = np.full(len(subjects), np.inf)
        np.fmin.at(distance, subject, shapely.distance(areas[near], subjects[subject]))
        return [d if d <= reach_m else None for d in round_m(distance).tolist()]

    def judge_all(self, subjects: Objects, pieces: Sequence[Any], reach: Reach) -> list[Adverse]:
        """Judge subjects as `judge` does, each with its own part inside the failing features."""
        found = [Adverse(Outcome.PASS, None)] * len(subjects)
        clear = [i for i, piece in enumerate(pieces) if piece.is_empty]
        if reach.told and clear:
            for i, distance_m in zip(clear, self.distances_m(subjects[clear]), strict=True):
                found[i] = Adverse(Outcome.PASS, distance_m)
        for i, piece in enumerate(pieces):
            if not piece.is_empty:
                found[i] = self._depth(subjects[i], piece, reach)
        return found

    def judge(self, subject: Any, pieces: Any, reach: Reach) -> Adverse:
        """Judge one subject.

        The depth is the larger of (a) the smallest inward move of the outline that clears the subject, and (b) how far
        the area reaches inward from the subject's own outline; (b) keeps a strip that is narrower than the map's
        accuracy from becoming unfailable where it crosses the subject.

        Parameters
        ----------
        subject
            Parcel or footprint (metres).
        pieces
            Its part inside the failing features, noise removed (EMPTY: none).
        """
        return self.judge_all(objects([subject]), [pieces], reach)[0]

    def _depth(self, subject: Any, pieces: Any, reach: Reach) -> Adverse:
        whole = _covers(subject, pieces, self.tolerance)
        if whole and not reach.told:
            return Adverse(Outcome.FAIL, None)
        if (
            not self._minus.is_empty
        ):  # float noise leaves hairlines along the edge of the plan above, inside of it
            pieces = overlap_of(pieces, self.area)
        inward = self._inward_m(pieces)
        if inward > reach.known_m:
            reach.ask(inward)
        # No circle inside the subject is larger than the subject: (b) can not exceed its radius.
        own = self._own_m(pieces, subject) if inward < np.sqrt(subject.area / np.pi) else 0.0
        depth = float(round_depth_m(max(inward, own)))
        deep = whole or depth > self.ce90_m
        return Adverse(Outcome.FAIL if deep else Outcome.UNDETERMINED, depth)

    def _inward_m(self, pieces: Any) -> float:
        found = np.nan if self._lines is None else self._lines.inward_m(polygons_of(pieces), self._rows)
        return deepest_m(pieces, self.outline) if np.isnan(found) else found

    def _own_m(self, pieces: Any, subject: Any) -> float:
        found = np.nan if self._lines is None else self._lines.across_m(polygons_of(pieces), subject)
        return deepest_m(pieces, shapely.boundary(subject)) if np.isnan(found) else found


def _covers(subject: Any, pieces: Any, tolerance: Tolerance) -> bool:
    if pieces is subject:
        return True
    return bool(without_noise(remainder_of(subject, pieces), float(subject.area), tolerance).is_empty)
