"""Several plans over one block: which plan decides which part of a subject (contract section 1a.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.features import PlanWindow
from kkpr_check.geometry import EMPTY, Floats, Objects, lasting, remainder_of, union_of
from kkpr_check.ledger import Ints, Parts, cut, uncovered
from kkpr_check.model import Site
from kkpr_check.plan import Plan, Tolerance
from kkpr_check.uses import is_holding

UNKNOWN_SUBZONE = "?"
"""Label of zones whose code field is null: they are there, and nobody knows what they are."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """What is judged on the land: each parcel, then each footprint; `site` says whose it is.

    `beside` tells which are footprints of a site with a parcel: of them only what fails or is unknown is reported.
    """

    site: Ints
    kind: tuple[Literal["parcel", "footprint"], ...]
    geometry: Objects
    area_m2: Floats
    beside: tuple[bool, ...]

    @classmethod
    def of(cls, sites: Sequence[Site]) -> Subjects:
        """Collect the subjects of readable sites, parcels first."""
        rows: list[tuple[int, Literal["parcel", "footprint"], object]] = []
        rows += [
            (i, "parcel", s.parcel) for i, s in enumerate(sites) if s.parcel is not None and s.doubt is None
        ]
        rows += [
            (i, "footprint", s.footprint)
            for i, s in enumerate(sites)
            if s.footprint is not None and s.doubt is None
        ]
        geometry = np.empty(len(rows), dtype=object)
        geometry[:] = [row[2] for row in rows]
        site = np.array([row[0] for row in rows], dtype=np.int64)
        beside = tuple(kind == "footprint" and sites[i].parcel is not None for i, kind, _ in rows)
        return cls(site, tuple(row[1] for row in rows), geometry, shapely.area(geometry), beside)


@dataclass(frozen=True, slots=True)
class PlanMap:
    """One plan over a block of subjects.

    Attributes
    ----------
    subzones, names
        Code and name of each group; `group` gives the group of each zone feature.
    holding
        For each zone feature, whether its class is a holding zone.
    own
        The plan's parts of every subject, as if it were the only plan.
    judged
        The parts it decides: what no higher plan covers.
    """

    window: PlanWindow
    subzones: tuple[str, ...]
    names: tuple[str, ...]
    group: Ints
    holding: NDArray[np.bool_]
    own: Parts
    judged: Parts

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.window.plan

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """(sub-zone, name) of each group."""
        return tuple(zip(self.subzones, self.names, strict=True))

    def label(self, group: int) -> tuple[str, str]:
        """Return (sub-zone, name) of a group."""
        return self.subzones[group], self.names[group]

    def rows(self, subject: int) -> list[int]:
        """Return the rows of `judged` that are a subject's parts without noise."""
        return self.judged.lasting(subject)


@dataclass(frozen=True, slots=True)
class Coverage:
    """All plans over a block; `gap` is what none of them covers, `open_gap` the same without noise."""

    maps: tuple[PlanMap, ...]
    gap: Objects
    open_gap: Objects
    tolerance: Tolerance


def overlay_plans(subjects: Subjects, windows: Sequence[PlanWindow]) -> Coverage:
    """Overlay the subjects with every plan, the highest ranked first."""
    windows = sorted(windows, key=lambda w: w.plan.order)
    tolerance = windows[0].plan.tolerance if windows else Tolerance()
    left = open_left = next_left = subjects.geometry.copy()
    claimed = EMPTY
    maps: list[PlanMap] = []
    for window in windows:
        subzones, names, group = feature_groups(window)
        holding = holding_features(window, subzones, names, group)
        zones, own_tolerance = window.zoning.geometry, window.plan.tolerance
        own = cut(subjects.geometry, zones, group, own_tolerance)
        judged = cut(next_left, zones, group, own_tolerance, size_m2=subjects.area_m2) if maps else own
        maps.append(PlanMap(window, subzones, names, group, holding, own, judged))
        left = uncovered(left, judged)
        claimed = union_of([claimed, _planning_area(window)])
        open_left = lasting(left, subjects.area_m2, tolerance)[0]
        next_left = (
            open_left if claimed.is_empty else _outside(open_left, claimed, subjects.area_m2, tolerance)
        )
    if len(maps) > 1:
        open_left = _with_hidden(left, open_left, maps, subjects.area_m2, tolerance)
    return Coverage(tuple(maps), left, open_left, tolerance)


def _with_hidden(
    left: Objects, open_left: Objects, maps: Sequence[PlanMap], area_m2: Floats, tolerance: Tolerance
) -> Objects:
    """Return the gaps with those that look like noise only because a narrow strip hangs on them.

    Such a strip is a crack of a higher plan, too narrow to be handed to a lower one, which covers it.
    """
    noise_m2 = shapely.area(left) - shapely.area(open_left)
    some = np.flatnonzero((noise_m2 > 0) & (noise_m2 >= tolerance.sliver_area_m2))
    cover = [union_of([plan.own.cover(int(k)) for plan in maps]) for k in some]
    found = open_left.copy()
    for k, one in zip(some, cover, strict=True):
        bare = remainder_of(left[k : k + 1], one)
        found[k] = union_of([found[k], lasting(bare, area_m2[k : k + 1], tolerance)[0][0]])
    return found


def _planning_area(window: PlanWindow) -> Any:
    """Return what the plan's boundary layer says is its own: a hole in its zoning there is no lower plan's to judge."""
    return union_of(
        [g for layer in window.plan.layers_of("boundary") for g in window.layers[layer.id].geometry]
    )


def _outside(gaps: Objects, claimed: Any, area_m2: Floats, tolerance: Tolerance) -> Objects:
    rest = gaps.copy()
    some = ~shapely.is_empty(gaps)
    rest[some] = remainder_of(gaps[some], claimed)
    return lasting(rest, area_m2, tolerance)[0]


def _meaning(window: PlanWindow, name: str) -> Objects:
    values = window.zoning.meaning.get(name)
    return np.full(len(window.zoning), None, dtype=object) if values is None else values


def holding_features(
    window: PlanWindow, subzones: Sequence[str], names: Sequence[str], group: Ints
) -> NDArray[np.bool_]:
    """Tell of each zone feature whether its class is a holding zone: by its source value, code, name or remark."""
    classes = np.array(
        [is_holding(c) or is_holding(n) for c, n in zip(subzones, names, strict=True)], dtype=bool
    )
    said = list(zip(_meaning(window, "name"), _meaning(window, "remark"), strict=True))
    in_words = {words: is_holding(*words) for words in set(said)}
    own = np.array([bool(source) for source in _meaning(window, "holding")], dtype=bool)
    own |= np.array([in_words[words] for words in said], dtype=bool)
    return own | classes[group] if len(own) else own


def feature_groups(window: PlanWindow) -> tuple[tuple[str, ...], tuple[str, ...], Ints]:
    """Return the sub-zones of a plan, their names, and the number of the sub-zone of each zone feature."""
    codes = [UNKNOWN_SUBZONE if code is None else str(code) for code in _meaning(window, "subzone")]
    subzones = tuple(sorted(set(codes)))
    number = {code: i for i, code in enumerate(subzones)}
    rows = window.plan.tables.zones
    names = {code: rows[code].name for code in subzones if code in rows and rows[code].name}
    for code, name in zip(codes, _meaning(window, "name"), strict=True):
        if name is not None:
            names.setdefault(code, str(name))
    group = np.array([number[code] for code in codes], dtype=np.int64)
    return subzones, tuple(names.get(code, "") for code in subzones), group


def higher_cover(higher: Sequence[PlanMap]) -> Any:
    """Return what some plans cover in the window (a lower plan does not decide there)."""
    return union_of([g for plan in higher for g in plan.window.zoning.geometry])
