"""What a building is judged by at a site: its zone parts, the rungs of the ladder that may apply, and their limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kkpr_check.frontage import Frontage, Network
from kkpr_check.geometry import overlap_of
from kkpr_check.model import Outcome, Site
from kkpr_check.plan import MISSING, ROAD_CLASSES, Limit, Plan, Rung, State, Tolerance
from kkpr_check.rules.base import LimitColumn

Rungs = tuple[list[Rung | None], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ZonePart:
    """One sub-zone of one plan at a site: the parcel in it without refused parts, and the footprint in it.

    `refused` tells that all of it is refused; `parcel` is then the part itself.
    """

    plan: Plan
    subzone: str
    name: str
    parcel: Any
    footprint_m2: float
    refused: bool


@dataclass(frozen=True, slots=True)
class BuildingSite:
    """A site with what the land stage found: its zone parts, and the areas that decide the ladder's row.

    `lot_low_m2` is the approvable area, `lot_high_m2` the parcel without refused parts; they differ where a part is
    undetermined. `parcel` is the parcel without refused parts, or None.
    """

    site: Site
    parts: tuple[ZonePart, ...]
    parcel: Any | None
    approvable: Any
    lot_low_m2: float
    lot_high_m2: float
    frontage: Frontage | None
    network: Network
    tolerance: Tolerance
    _rungs: dict[tuple[str, str], Rungs] = field(init=False, repr=False, compare=False, default_factory=dict)

    @property
    def lots_m2(self) -> tuple[float, float]:
        """The least and the most that the lot may measure; as drawn where nothing is approvable yet."""
        return self.lot_low_m2 or self.lot_high_m2, self.lot_high_m2

    @property
    def judged(self) -> tuple[ZonePart, ...]:
        """The parts that are judged zone by zone: those under the footprint; in a land check those not refused."""
        if self.site.footprint is not None:
            return tuple(part for part in self.parts if part.footprint_m2 > 0)
        return self.kept

    @property
    def kept(self) -> tuple[ZonePart, ...]:
        """The parts of the parcel that are not refused; all of them where nothing else is left."""
        return tuple(part for part in self.parts if not part.refused) or self.parts

    @property
    def counted(self) -> tuple[tuple[ZonePart, ...], ...]:
        """What may count in totals: the parts that are not refused and, where less is approvable, that alone."""
        if self.approvable.is_empty or self.lot_low_m2 == self.lot_high_m2:
            return (self.kept,)
        sure = [replace(part, parcel=overlap_of(part.parcel, self.approvable)) for part in self.kept]
        return (self.kept, tuple(part for part in sure if part.parcel.area > 0) or self.kept)


@dataclass(slots=True)
class Candidate:
    """A candidate: a part, a rung and a lot size that may apply, and (TAB001) what the GSB is measured from."""

    target: int
    site: int
    part: ZonePart
    rung: Rung | None
    lot_m2: float
    reference: str | None = None


def rungs_of(part: ZonePart, site: BuildingSite) -> Rungs:
    """Return the rungs that may apply, and the inputs that would tell them apart.

    Unknown road class: every class. Undetermined area: every size between what is approvable and what is not refused.
    None stands for a row that the ladder lacks, a limit nobody has typed in: a missing row must not help.
    """
    key = part.plan.id, part.subzone
    if key not in site._rungs:
        site._rungs[key] = _fitting(part, site)
    return site._rungs[key]


def _fitting(part: ZonePart, site: BuildingSite) -> Rungs:
    ladder = part.plan.tables.intensity.get(part.subzone, ())
    road_classes = _road_classes(ladder, site.site.proposal.road_class)
    low, high = site.lots_m2
    sized = [rung for rung in ladder if _fits_size(rung, low, high)]
    fitting: dict[int, Rung | None] = {}
    for road_class in road_classes:
        rungs = [rung for rung in sized if rung.fits_road(road_class)]
        fitting |= {rung.row: rung for rung in rungs}
        if not rungs or not _filled(rungs, low, high):
            fitting[-1] = None
    unknown = ["road_class"] if len(road_classes) > 1 and len(fitting) > 1 else []
    if len(fitting) > 1 and (math.isnan(high) or high != low):
        unknown.append("parcel area")
    return list(fitting.values()), tuple(unknown)


def _road_classes(ladder: Sequence[Rung], given: str | None) -> list[str]:
    """Return the classes a road may have: the one given, or those of a family ("arteri").

    Without one: any, where the ladder does not ask; else all, toll and special roads only if the ladder names them.
    """
    if given is not None:
        return [name for name in ROAD_CLASSES if given == name or name.startswith(f"{given}-")]
    if all(rung.road_class == "*" for rung in ladder):
        return [ROAD_CLASSES[0]]
    return [
        name
        for name in ROAD_CLASSES
        if name not in ("tol", "khusus") or any(rung.road_class == name for rung in ladder)
    ]


def _fits_size(rung: Rung, low_m2: float, high_m2: float) -> bool:
    return math.isnan(high_m2) or (rung.parcel_min_m2 <= high_m2 and low_m2 < rung.parcel_max_m2)


def _filled(rungs: Sequence[Rung], low_m2: float, high_m2: float) -> bool:
    """Tell whether every size from `low_m2` to `high_m2` has a rung (any, where no parcel is known)."""
    if math.isnan(high_m2):
        return True
    reached = low_m2
    for rung in sorted(rungs, key=lambda r: r.parcel_min_m2):
        if rung.parcel_min_m2 <= reached:
            reached = max(reached, rung.parcel_max_m2)
    return reached > high_m2


def columns(rows: Sequence[Candidate], names: Sequence[str]) -> dict[str, LimitColumn]:
    """Return limits of the ladder by name, one value a candidate."""
    return {name: column_of([limit_of(row.rung, name) for row in rows], name) for name in names}


def limit_of(rung: Rung | None, name: str) -> Limit:
    """Return a limit of a rung; missing where there is no rung."""
    return MISSING if rung is None else rung.limits.get(name, MISSING)


def column_of(
    limits: Sequence[Limit],
    name: str,
    rumija_m: Sequence[float] | None = None,
    told: Sequence[bool] | None = None,
) -> LimitColumn:
    """Return limits as a column, formulas of half the rumija with the width of the road in front.

    Parameters
    ----------
    rumija_m
        Width of the road in front, NaN where it is not known.
    told
        Rows in which a formula is told as it stands (land checks), so that an unknown width leaves nothing missing.
    """
    scale = 0.01 if name.endswith("_pct") else 1.0
    factor = np.array([limit.rumija_factor for limit in limits], dtype=float)
    width_m = np.full(len(limits), np.nan) if rumija_m is None else np.array(rumija_m, dtype=float)
    more = np.where(factor != 0, factor * width_m, 0.0)
    value = (np.array([limit.constant for limit in limits], dtype=float) + more) * scale
    value[(factor != 0) & (value < 0)] = np.nan  # no distance: the formula or the width of the road is wrong
    formula_told = (factor != 0) & (np.zeros(len(limits), dtype=bool) if told is None else told)
    missing = np.array([limit.state is State.MISSING for limit in limits], dtype=bool)
    missing |= np.isnan(value) & ~formula_told
    unregulated = np.array([limit.state is State.UNREGULATED for limit in limits], dtype=bool)
    return LimitColumn(np.where(unregulated, np.nan, value), missing & ~unregulated, unregulated)


def absent_of(site: BuildingSite) -> Outcome:
    """Return what a rule says where its input is not given: a condition in a land check, else unknown."""
    return Outcome.CONDITIONAL if site.site.footprint is None else Outcome.UNDETERMINED
