"""The answer of one comparison, and of one set of parcels judged by both versions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kkpr_check.changes.base import Change, LayerSummary, Transition, by_code
from kkpr_check.errors import KkprError, Text

VERDICTS = ("conform", "conditional", "undetermined", "partial", "nonconform")
"""From best to worst, as ``batch --fail-on`` orders them."""
Direction = Literal["worse", "better"]


@dataclass(frozen=True, slots=True)
class Version:
    """One side of a comparison.

    Attributes
    ----------
    kind
        ``plan`` for a plan folder, ``layer`` for a bare layer, ``folder`` for a folder of plans.
    sha256
        Of a folder of plans: of the hashes of its plans.
    lock
        ``locked``, ``unlocked`` or ``bare``; ``several`` for a folder of plans.
    in_force
        Whether it is law on the day of the comparison; None for a bare layer and for a folder of plans.
    plans
        Number of plans in a folder of plans.
    """

    path: str
    kind: Literal["plan", "layer", "folder"]
    sha256: str
    lock: str
    crs: tuple[str, ...]
    id: str | None = None
    name: str | None = None
    status: str | None = None
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    in_force: bool | None = None
    synthetic: bool = False
    plans: int | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why verdicts flip.

    Attributes
    ----------
    part
        What of the plan: ``zoning``, ``layer jalan``, ``itbx.csv``, ``plan.toml: overlays``, ``plan.toml: dates`` ...
    how
        ``alone``: this part of NEW in OLD is enough; ``needed``: without it the flip is gone, but it needs others;
        ``together``: no single part does it.
    detail
        What changed there for these parcels, where it can be said in few words.
    """

    part: str
    how: Literal["alone", "needed", "together"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Flip:
    """A parcel whose verdict differs, or (`old` = `new`) whose rules do.

    Attributes
    ----------
    rules
        (rule, outcome in OLD, outcome in NEW) where they differ; ``-`` = neither fail, undetermined nor conditional.
    zones
        Sub-zones with their shares in OLD and NEW.
    geometry
        Of the parcel, in longitude, latitude in a result.
    """

    row: int
    id: str
    old: str
    new: str
    rules: tuple[tuple[str, str, str], ...]
    zones: tuple[str | None, str | None]
    area_m2: float | None
    causes: tuple[Cause, ...]
    geometry: Any | None = None

    @property
    def is_flip(self) -> bool:
        """Whether the verdict itself differs."""
        return self.old != self.new

    @property
    def direction(self) -> Direction | None:
        """Whether NEW is worse or better for the parcel."""
        if self.old == self.new:
            return None
        return "worse" if VERDICTS.index(self.new) > VERDICTS.index(self.old) else "better"


@dataclass(frozen=True, slots=True)
class FlipGroup:
    """Flips of one kind and one cause."""

    old: str
    new: str
    causes: tuple[Cause, ...]
    rules: tuple[str, ...]
    parcels: int
    area_m2: float
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParcelChanges:
    """Parcels judged by both versions.

    Attributes
    ----------
    dates
        ``ignored``: both versions judged as if in force; ``as-of``: by the law of `as_of`, dates and status included.
    matrix
        (verdict in OLD, verdict in NEW) -> (parcels, area in m2).
    unreadable
        (row, id, why) of parcels that could not be judged at all.
    """

    file: str
    sha256: str
    dates: Literal["ignored", "as-of"]
    as_of: dt.date
    rows: int
    matrix: Mapping[tuple[str, str], tuple[int, float]]
    flips: tuple[Flip, ...]
    outcome_changes: tuple[Flip, ...]
    groups: tuple[FlipGroup, ...]
    unreadable: tuple[tuple[int, str, Text], ...]
    repaired: int = 0
    notes: tuple[Text, ...] = ()

    @property
    def worse(self) -> int:
        """Number of flips for the worse."""
        return sum(flip.direction == "worse" for flip in self.flips)

    @property
    def against_budget(self) -> int:
        """What ``--max-flips`` counts: flips, and parcels of which nobody knows whether they flip."""
        return len(self.flips) + len(self.unreadable)


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two versions of a plan, of a layer, or of a folder of plans.

    Attributes
    ----------
    work_crs
        UTM zone that was measured in; empty for a folder of plans, whose plans have each their own.
    changes
        Of a folder: plans that are added, removed, moved, or cannot be compared.
    maps
        (code, geometry in longitude, latitude) of the zoning of OLD and NEW around what changed, for the map.
    plans
        Of a folder: the plans that stand in both versions, compared, those without any change left out.
    unchanged
        Of a folder: ids of the plans that are the same.
    failures
        Of a folder: why plans could not be compared.
    """

    old: Version
    new: Version
    as_of: dt.date
    work_crs: str
    layers: tuple[LayerSummary, ...]
    transitions: tuple[Transition, ...]
    changes: tuple[Change, ...]
    float_noise_m2: float = 0.0
    notes: tuple[Text, ...] = ()
    not_compared: tuple[tuple[str, Text], ...] = ()
    parcels: ParcelChanges | None = None
    max_flips: int | None = None
    maps: tuple[tuple[Any, ...], tuple[Any, ...]] = ((), ())
    plans: tuple[Diff, ...] = ()
    unchanged: tuple[str, ...] = ()
    failures: tuple[KkprError, ...] = ()

    @property
    def all_changes(self) -> tuple[Change, ...]:
        """The changes, those of the plans of a folder included."""
        return (*self.changes, *(change for plan in self.plans for change in plan.changes))

    @property
    def by_code(self) -> dict[str, int]:
        """Number of changes by code, plans and flips included, in the order of the codes."""
        counts = by_code(self.all_changes)
        if self.parcels is not None:
            more = {
                "DIF501": len(self.parcels.flips), "DIF502": len(self.parcels.outcome_changes),
                "DIF503": len(self.parcels.unreadable),
            }  # fmt: skip
            counts |= {code: count for code, count in more.items() if count}
        return dict(sorted(counts.items()))

    @property
    def over_budget(self) -> bool:
        """Whether more verdicts flip than ``--max-flips`` allows, or no parcel could be judged."""
        if self.parcels is None:
            return False
        if len(self.parcels.unreadable) == self.parcels.rows:
            return True
        return self.max_flips is not None and self.parcels.against_budget > self.max_flips
