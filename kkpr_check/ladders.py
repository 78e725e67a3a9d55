"""Intensity ladders: which rungs fit which parcel sizes, and where not exactly one does.

A ladder is the rungs (rows of intensity.csv) of one sub-zone. For each road class the parcel sizes from 0 to
infinity are cut at every bound; each piece must be covered by exactly one rung.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from kkpr_check.plan import ROAD_CLASSES, Rung


class Span(NamedTuple):
    """Parcel sizes ``low_m2 <= A < high_m2`` and the rungs that fit all of them."""

    low_m2: float
    high_m2: float
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class Defect:
    """Parcel sizes for which a ladder has no rung (a hole) or several (an overlap), on some road classes."""

    low_m2: float
    high_m2: float
    rungs: tuple[Rung, ...]
    road_classes: tuple[str, ...]

    @property
    def plot_m2(self) -> float:
        """The smallest plot that shows the defect; from zero upwards any plot does, so one of round size."""
        if self.low_m2 > 0:
            return self.low_m2
        return min(100.0, self.high_m2 / 2)


def ladder_spans(rungs: Iterable[Rung], road_class: str) -> list[Span]:
    """Return the pieces of [0, inf) m2 between all bounds of the rungs that fit `road_class`, in order.

    Neighbouring pieces with the same rungs are one; a span without rungs is a hole.
    """
    opening: dict[float, list[Rung]] = {}
    closing: dict[float, list[Rung]] = {}
    for rung in rungs:
        if rung.fits_road(road_class):
            opening.setdefault(rung.parcel_min_m2, []).append(rung)
            closing.setdefault(rung.parcel_max_m2, []).append(rung)
    cuts = sorted({0.0, math.inf, *opening, *closing})
    active: dict[int, Rung] = {}
    spans: list[Span] = []
    for low, high in pairwise(cuts):
        for rung in closing.get(low, ()):
            del active[id(rung)]
        for rung in opening.get(low, ()):
            active[id(rung)] = rung
        here = tuple(sorted(active.values(), key=lambda rung: rung.row))
        if spans and spans[-1].rungs == here:
            spans[-1] = Span(spans[-1].low_m2, high, here)
        else:
            spans.append(Span(low, high, here))
    return spans


def ladder_defects(rungs: Sequence[Rung]) -> list[Defect]:
    """Return the holes and overlaps of one ladder, smallest plot first; equal ones of several roads are one."""
    found: dict[tuple[float, float, tuple[int, ...]], tuple[Span, list[str]]] = {}
    for road_class in ROAD_CLASSES:
        for span in ladder_spans(rungs, road_class):
            if len(span.rungs) != 1:
                key = (span.low_m2, span.high_m2, tuple(rung.row for rung in span.rungs))
                found.setdefault(key, (span, []))[1].append(road_class)
    return [
        Defect(*span, tuple(roads)) for _, (span, roads) in sorted(found.items(), key=lambda item: item[0])
    ]
