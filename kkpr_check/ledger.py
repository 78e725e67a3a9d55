"""The overlay kernel: subjects x zones -> parts, and where every square metre of a subject lies.

Works on blocks: arrays of subjects and zones in one metric CRS, all valid. Noise is told from area here, once
(contract sections 1a.6 and 4).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.geometry import (
    EMPTY,
    REL_TOL,
    Objects,
    lasting,
    overlap_of,
    remainder_of,
    round_m,
    union_of,
    unions_by,
)
from kkpr_check.model import LedgerEntry, LedgerZone
from kkpr_check.plan import Tolerance

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parts:
    """One row a (subject, group) that share area, sorted by subject, then group.

    Attributes
    ----------
    subject, group
        Row numbers of the subject and numbers of the zone group (a sub-zone, an overlay value).
    geometry
        The group's union inside the subject without its noise pieces (EMPTY where all of it is noise).
    whole
        The same with its noise pieces.
    area_m2, dropped_m2
        Area of `geometry`, and of the noise pieces.
    """

    subject: Ints
    group: Ints
    geometry: Objects
    whole: Objects
    area_m2: Floats
    dropped_m2: Floats
    _subjects: list[int] = field(init=False, repr=False, compare=False)
    _covers: dict[int, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_subjects", self.subject.tolist())

    def of(self, subject: int) -> slice:
        """Return the rows of one subject."""
        start = bisect_left(self._subjects, subject)
        return slice(start, bisect_left(self._subjects, subject + 1, start))

    def lasting(self, subject: int) -> list[int]:
        """Return the rows of one subject that are more than noise."""
        rows = self.of(subject)
        return [row for row in range(rows.start, rows.stop) if self.area_m2[row] > 0]

    def cover(self, subject: int) -> Any:
        """Return the union of all parts of one subject, with noise (EMPTY where there is none)."""
        if subject not in self._covers:
            self._covers[subject] = union_of(self.whole[self.of(subject)])
        return self._covers[subject]


class Pairs(NamedTuple):
    """Subjects and zones that may share area, sorted by subject, then zone; `inside`: none of the subject is elsewhere."""

    subject: Ints
    zone: Ints
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, subjects: Objects, zones: Objects) -> Pairs:
        """Find the pairs whose boxes meet."""
        subject, zone = shapely.STRtree(zones).query(subjects)
        order = np.lexsort((zone, subject))
        subject, zone = subject[order], zone[order]
        shapely.prepare(zones)
        return cls(subject, zone, shapely.contains_properly(zones[zone], subjects[subject]))


def cut(
    subjects: Objects,
    zones: Objects,
    groups: Ints,
    tolerance: Tolerance,
    *,
    size_m2: Floats | None = None,
    pairs: Pairs | None = None,
) -> Parts:
    """Overlay subjects with zones.

    Parameters
    ----------
    subjects, zones
        Arrays of valid polygons in metres. A subject may be EMPTY (it then has no parts).
    groups
        For each zone, the number of its group; zones of one group are united inside a subject.
    tolerance
        What is noise.
    size_m2
        Areas that noise is measured against, where `subjects` are only what is left of them.
    pairs
        Those that can share area, where they are known.

    Returns
    -------
    Parts
        Only pairs that share area.
    """
    subject, zone, piece = _shared(subjects, zones, Pairs.of(subjects, zones) if pairs is None else pairs)
    keys = np.lexsort((groups[zone], subject)) if len(zone) else np.empty(0, dtype=np.int64)
    subject, group, piece = subject[keys], groups[zone][keys], piece[keys]
    first = np.ones(len(subject), dtype=bool)
    first[1:] = (subject[1:] != subject[:-1]) | (group[1:] != group[:-1])
    starts = np.flatnonzero(first)
    whole = unions_by(np.cumsum(first) - 1, piece, len(starts))
    subject, group = subject[starts], group[starts]
    size = (shapely.area(subjects) if size_m2 is None else size_m2)[subject]
    geometry, dropped = lasting(whole, size, tolerance)
    return Parts(subject, group, geometry, whole, shapely.area(geometry), dropped)


def _shared(subjects: Objects, zones: Objects, pairs: Pairs) -> tuple[Ints, Ints, Objects]:
    """Return the pairs that share area, and what they share."""
    subject, zone, inside = pairs
    piece = subjects[subject]
    rest = ~inside
    piece[rest] = overlap_of(zones[zone[rest]], piece[rest])
    share = shapely.area(piece) > 0
    return subject[share], zone[share], piece[share]


def uncovered(subjects: Objects, parts: Parts) -> Objects:
    """Return for each subject the area that no part covers (EMPTY where all is covered)."""
    gaps = subjects.copy()
    for i in range(len(subjects)):
        rows = parts.of(i)
        covers = parts.whole[rows]
        if not len(covers) or subjects[i].is_empty:
            continue
        if len(covers) == 1 and covers[0] is subjects[i]:
            gaps[i] = EMPTY
            continue
        gap = remainder_of(subjects[i], parts.cover(i))
        gaps[i] = gap if gap.area > REL_TOL * subjects[i].area else EMPTY
    return gaps


def entry(
    kind: Literal["parcel", "footprint"],
    plan: str,
    subject: Any,
    names: Sequence[tuple[str, str]],
    parts: Parts,
    row: int,
) -> LedgerEntry:
    """Return the ledger of one subject in one plan, rounded so that its identity holds in the printed numbers.

    Parameters
    ----------
    names
        (sub-zone, name) of each group.
    row
        Row number of the subject in `parts`.
    """
    rows = parts.of(row)
    area = float(round_m(subject.area))
    sizes = round_m(parts.area_m2[rows])
    dropped = float(round_m(parts.dropped_m2[rows].sum()))
    union = float(round_m(parts.cover(row).area))
    counted = float(round_m(sizes.sum() + dropped))
    overlap = max(0.0, float(round_m(counted - union)))
    gap = float(round_m(area - counted + overlap))
    if gap < 0:
        overlap, gap = float(round_m(overlap - gap)), 0.0
    zones = [
        LedgerZone(names[group][0], names[group][1], float(size), float(size) / area if area else 0.0)
        for group, size in zip(parts.group[rows], sizes, strict=True)
        if size > 0
    ]
    zones.sort(key=lambda z: (-z.area_m2, z.subzone))
    return LedgerEntry(kind, plan, area, tuple(zones), gap, overlap, dropped)
