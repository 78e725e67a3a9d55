"""The plans of a batch: opened once a process, their layers kept in memory by working CRS, parcels routed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.errors import KkprError, Place, PlanError, Text
from kkpr_check.features import Features, Objects, PlanWindow
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.windows import STRIP_REACH_M, OpenPlan, open_folder
from kkpr_check.outlines import Edges, edges_of
from kkpr_check.plan import LayerSpec, Tolerance

Bounds = tuple[float, float, float, float]
FEATURES_KEPT = 600_000
"""Features of all layers that one process keeps in memory; the least used plan makes room."""
ROUTE_MARGIN_DEG = STRIP_REACH_M / 100_000
"""A plan is asked about parcels this near to it, so that no reach across its border is cut off."""
MARGIN_M = 1_000.0
"""Boxes bend when they are transformed: a whole layer is read with a margin."""


class _Edges:
    """The edges of a layer, found when they are first asked for; None where it is no layer of areas."""

    def __init__(self, geometry: Objects, tolerance: Tolerance) -> None:
        self._geometry, self._tolerance = geometry, tolerance
        self._found: Edges | None = None

    def __call__(self) -> Edges | None:
        if self._found is None and np.isin(shapely.get_type_id(self._geometry), (3, 6)).all():
            self._found = edges_of(self._geometry, self._tolerance)
        return self._found


@dataclass
class _Kept:
    features: Features
    tree: shapely.STRtree


@dataclass(frozen=True, slots=True)
class MemoryPlan(OpenPlan):
    """A plan whose layers are read whole once a working CRS, and looked up in memory from then on.

    It answers as an `OpenPlan` does: with the features whose boxes meet the box asked for, in the order of the layer.
    """

    kept: dict[tuple[str, str], _Kept] = field(default_factory=dict)

    @classmethod
    def of(cls, opened: OpenPlan) -> MemoryPlan:
        """Return an opened plan with memory."""
        return cls(opened.plan, opened.indexes, opened.sha256, opened.lock, opened.assumptions)

    @property
    def size(self) -> int:
        """Number of features that are kept."""
        return sum(len(kept.features) for kept in self.kept.values())

    def features(self, spec: LayerSpec, bounds_m: Bounds, work_crs: str, reach_m: float) -> Features:
        """Return the features of one layer within `reach_m` of a box, in the working CRS."""
        kept = self._layer(spec, work_crs)
        west, south, east, north = bounds_m
        box = shapely.box(west - reach_m, south - reach_m, east + reach_m, north + reach_m)
        return kept.features.take(np.sort(kept.tree.query(box)))

    def layer(self, spec: LayerSpec, work_crs: str) -> Features:
        """Return all features of one layer in the working CRS."""
        return self._layer(spec, work_crs).features

    def whole(self, work_crs: str) -> PlanWindow:
        """Return the plan with all of its features."""
        return self._window(lambda spec: self.layer(spec, work_crs))

    def touching(self, shapes: Objects, work_crs: str) -> PlanWindow:
        """Return the plan with the features whose boxes meet the box of one of some shapes."""

        def features(spec: LayerSpec) -> Features:
            kept = self._layer(spec, work_crs)
            return kept.features.take(np.unique(kept.tree.query(shapes)[1]))

        return self._window(features)

    def _layer(self, spec: LayerSpec, work_crs: str) -> _Kept:
        key = (spec.id, work_crs)
        if key not in self.kept:
            facts = self.indexes[spec.id].facts
            whole = crs_policy.transform_bounds(facts.bounds, facts.crs, work_crs)
            features = OpenPlan.features(self, spec, whole, work_crs, MARGIN_M)
            features = replace(
                features, edges=_Edges(features.geometry, self.plan.tolerance), row=np.arange(len(features))
            )
            self.kept[key] = _Kept(features, shapely.STRtree(features.geometry))
        return self.kept[key]


class PlanStore:
    """All plans of a run in one process."""

    def __init__(self, opened: Sequence[OpenPlan], named: int | None = None) -> None:
        self.opened = tuple(MemoryPlan.of(plan) for plan in opened)
        self._named = len(self.opened) if named is None else named
        self._used: dict[int, None] = {}
        self._boxes: NDArray[np.float64] | None = None

    @classmethod
    def open(cls, plans: Sequence[str], library: str | None) -> PlanStore:
        """Open the plan folders, and those of a library.

        Raises
        ------
        KkprError
            Whatever is wrong with a plan; a library without plans.
        """
        return cls([open_folder(folder) for folder in [*plans, *library_plans(library)]], len(plans))

    @property
    def hashes(self) -> dict[str, str]:
        """Plan id -> sha256."""
        return {plan.plan.id: plan.sha256 for plan in self.opened}

    def route(self, lonlat_boxes: NDArray[np.float64]) -> list[tuple[tuple[int, ...], NDArray[np.int64]]]:
        """Return the groups of boxes (n, 4; degrees) that ask the same plans: (plan numbers, box numbers).

        Plans that were named one by one are asked by all; one of a library where its zoning, widened by the farthest
        setback, meets the box.
        """
        if self._boxes is None:
            self._boxes = np.array([_extent(plan) for plan in self.opened])
        meets = np.ones((len(lonlat_boxes), len(self._boxes)), dtype=bool)
        for low, high in ((0, 2), (1, 3)):
            meets &= lonlat_boxes[:, None, low] <= self._boxes[None, :, high]
            meets &= lonlat_boxes[:, None, high] >= self._boxes[None, :, low]
        meets[:, : self._named] = True
        patterns, member = np.unique(meets, axis=0, return_inverse=True)
        return [
            (tuple(np.flatnonzero(pattern).tolist()), np.flatnonzero(member.ravel() == n))
            for n, pattern in enumerate(patterns)
        ]

    @property
    def routes(self) -> bool:
        """Tell whether different parcels may ask different plans."""
        return self._named < len(self.opened)

    def plans(self, numbers: Sequence[int]) -> list[MemoryPlan]:
        """Return some of the plans; the least used others forget their layers where memory runs short."""
        for number in numbers:
            self._used.pop(number, None)
            self._used[number] = None
        while sum(self.opened[n].size for n in self._used) > FEATURES_KEPT and len(self._used) > len(numbers):
            oldest = next(iter(self._used))
            self._used.pop(oldest)
            self.opened[oldest].kept.clear()
        return [self.opened[number] for number in numbers]


def library_plans(library: str | None) -> list[str]:
    """Return the plan folders directly inside a folder, by name.

    Raises
    ------
    PlanError
        The folder does not exist, or holds no plan.
    """
    if library is None:
        return []
    root = Path(library)
    found = sorted(str(folder.parent) for folder in root.glob("*/plan.toml")) if root.is_dir() else []
    if not found:
        raise PlanError(
            Text("there is no plan folder in it", "tidak ada folder rencana di dalamnya"),
            place=Place(library),
            remedy=Text(
                "--plans names a folder whose sub-folders hold a plan.toml each",
                "--plans menyebut folder yang setiap subfoldernya memuat plan.toml",
            ),
        )
    return found


def check_ids(opened: Sequence[OpenPlan]) -> None:
    """Refuse two plans of one id: the table could not tell them apart.

    Raises
    ------
    PlanError
        Naming the id.
    """
    ids = [plan.plan.id for plan in opened]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        error: KkprError = PlanError(
            Text(f"two plans are called {twice[0]}", f"dua rencana bernama {twice[0]}"),
            remedy=Text("give each its own id in plan.toml", "beri id masing-masing di plan.toml"),
        )
        raise error


def _extent(opened: OpenPlan) -> Bounds:
    boxes = []
    for spec in opened.plan.layers_of("zoning"):
        facts = opened.indexes[spec.id].facts
        boxes.append(crs_policy.transform_bounds(facts.bounds, facts.crs, crs_policy.LONLAT))
    west, south, east, north = np.array(boxes).T
    margin = ROUTE_MARGIN_DEG
    return (
        float(west.min()) - margin,
        float(south.min()) - margin,
        float(east.max()) + margin,
        float(north.max()) + margin,
    )
