"""Adverse areas and the map's accuracy: when a piece of a refused area fails, and when it is only doubt.

Contract sections 1a.5 and 4. The line as drawn is the law; CE90 only keeps us from refusing on noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.geometry import (
    EMPTY,
    Objects,
    deepest_m,
    dissolve,
    noise,
    polygons_of,
    remainder_of,
    round_m,
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

    def ask(self, distance_m: float) -> None:
        """Note that a result depends on features up to `distance_m` away."""
        self.needed_m = max(self.needed_m, distance_m)


@dataclass(frozen=True, slots=True)
class Adverse:
    """What an adverse area means for a subject: FAIL, UNDETERMINED (shallow) or PASS, with its flip distance."""

    outcome: Outcome
    flip_distance_m: float | None
    area: Any


def judge_adverse(
    subject: Any,
    pieces: Any,
    features: Objects,
    failing: NDArray[np.bool_],
    ce90_m: float,
    tolerance: Tolerance,
    reach: Reach,
    minus: Any = EMPTY,
) -> Adverse:
    """Judge one subject against the adverse area of a rule.

    Parameters
    ----------
    subject
        Parcel or footprint (metres).
    pieces
        Its part inside the failing features, noise removed (EMPTY: none).
    features, failing
        The features of the window, and which of them fail for this proposal.
    minus
        Where another plan decides; taken off the adverse area.
    """
    reach_m = PASS_REACH_CE90 * ce90_m
    if pieces.is_empty:
        near = _nearest_m(subject, features[failing], minus, reach_m)
        return Adverse(Outcome.PASS, near, EMPTY)
    area = dissolve(features[failing], tolerance)
    if not minus.is_empty:
        area = remainder_of(area, minus)
    inward = deepest_m(pieces, shapely.boundary(area))
    if inward > reach.known_m:
        reach.ask(inward)
    depth = float(round_m(max(inward, deepest_m(pieces, shapely.boundary(subject)))))
    deep = depth > ce90_m or _covers(subject, pieces, tolerance)
    return Adverse(Outcome.FAIL if deep else Outcome.UNDETERMINED, depth, area)


def _covers(subject: Any, pieces: Any, tolerance: Tolerance) -> bool:
    rest = polygons_of(remainder_of(subject, pieces))
    return bool(noise(rest, float(subject.area), tolerance).all()) if len(rest) else True


def _nearest_m(subject: Any, features: Objects, minus: Any, reach_m: float) -> float | None:
    near = features[shapely.dwithin(features, subject, reach_m)] if len(features) else features
    if not len(near):
        return None
    if not minus.is_empty:
        near = np.array([r for r in (remainder_of(g, minus) for g in near) if not r.is_empty], dtype=object)
    distance = float(round_m(shapely.distance(near, subject).min())) if len(near) else np.inf
    return distance if distance <= reach_m else None
