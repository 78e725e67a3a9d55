"""The plans of a batch: opened once a process, their layers kept in memory by working CRS, parcels routed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.errors import KkprError, Place, PlanError, Text
from kkpr_check.features import Features, Objects, PlanWindow
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.windows import STRIP_REACH_M, STRIP_ROLES, OpenPlan, extra_reach_m, open_folder
from kkpr_check.outlines import TOUCH_M, Edges, edges_of, noded
from kkpr_check.overlay import strips_of
from kkpr_check.plan import LayerSpec, Tolerance
from kkpr_check.rules import RULES

if TYPE_CHECKING:
    from kkpr_check.kernels.depth import Depths

Bounds = tuple[float, float, float, float]
FEATURES_KEPT = 600_000
"""Features of all layers that one process keeps in memory; the least used plan makes room."""
ROUTE_MARGIN_DEG = STRIP_REACH_M / 100_000
"""A plan is asked about parcels this near to it, so that no reach across its border is cut off."""
MARGIN_M = 1_000.0
"""Boxes bend when they are transformed: a whole layer is read with a margin."""

NODED_AT_ONCE = 1_000
"""Features that are given corners together: a large layer without matching edges must not stand in memory a second time."""
NODED_TIMES = 2
"""Edges that were bent to a corner can meet others that they did not; bent a second time they do not."""


class LayerLines:
    """See `kkpr_check.outlines.Lines`: the edges of a layer, matched when they are first asked for."""

    def __init__(self, geometry: Objects, tolerance: Tolerance) -> None:
        self._geometry, self._tolerance = geometry, tolerance
        self._made: dict[int, tuple[Objects, NDArray[np.bool_]]] = {}

    @cached_property
    def edges(self) -> Edges | None:
        """The edges; None where it is no layer of areas."""
        if not len(self._geometry) or not np.isin(shapely.get_type_id(self._geometry), (3, 6)).all():
            return None
        return edges_of(self._geometry, self._tolerance)

    @cached_property
    def depths(self) -> Depths | None:
        """The edges as the compiled measure takes them; None without numba."""
        if self.edges is None or find_spec("numba") is None:
            return None
        from kkpr_check.kernels.depth import Depths

        return Depths(self.edges, len(self._geometry))

    def outline(self, failing: NDArray[np.int64]) -> Objects | None:
        """Return the outline of some features."""
        return None if self.edges is None else self.edges.outline(failing)

    def noded(self, features: NDArray[np.int64]) -> Objects:
        """Return some features as they are to be dissolved."""
        return self._noded(features, NODED_TIMES)

    def _noded(self, features: NDArray[np.int64], times: int) -> Objects:
        if times == 0 or self._unmatched is None:
            return self._geometry[features]
        rows, tree = self._unmatched
        made, done = self._made.setdefault(
            times, (self._geometry.copy(), ~np.isin(np.arange(len(self._geometry)), rows))
        )
        new = features[~done[features]]
        for begin in range(0, len(new), NODED_AT_ONCE):
            some = new[begin : begin + NODED_AT_ONCE]
            west, south, east, north = shapely.bounds(self._geometry[some]).T
            boxes = shapely.box(west - TOUCH_M, south - TOUCH_M, east + TOUCH_M, north + TOUCH_M)
            around = rows[np.unique(tree.query(boxes)[1])]
            made[some] = noded(self._noded(some, times - 1), self._noded(around, times - 1))
            done[some] = True
        return made[features]

    @cached_property
    def _unmatched(self) -> tuple[NDArray[np.int64], shapely.STRtree] | None:
        """The features with edges that match no neighbour's, and their tree."""
        if self.edges is None or not len(self.edges.unmatched):
            return None
        rows = self.edges.unmatched
        return rows, shapely.STRtree(self._geometry[rows])

    def inward_m(self, pieces: Objects, failing: NDArray[np.int64]) -> float:
        """Return the greatest distance from a point of some polygons to the outline of some features."""
        if self.depths is None:
            return float("nan")
        fails = np.zeros(len(self._geometry), dtype=bool)
        fails[failing] = True
        return float(self.depths.of(pieces, fails).max())

    def across_m(self, pieces: Objects, outline: Any) -> float:
        """Return the greatest distance from a point of some polygons to the rings of a geometry."""
        return float("nan") if self.depths is None else self.depths.across(pieces, outline)


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
    setbacks_m: dict[tuple[str, str], float] = field(default_factory=dict)

    @classmethod
    def of(cls, opened: OpenPlan) -> MemoryPlan:
        """Return an opened plan with memory; one that has memory keeps it."""
        if isinstance(opened, cls):
            return opened
        return cls(opened.plan, opened.indexes, opened.sha256, opened.lock, opened.assumptions)

    @property
    def size(self) -> int:
        """Number of features that are kept."""
        return sum(len(kept.features) for kept in self.kept.values())

    def layer(self, spec: LayerSpec, work_crs: str) -> Features:
        """Return all features of one layer in the working CRS."""
        return self._layer(spec, work_crs).features

    def whole(self, work_crs: str) -> PlanWindow:
        """Return the plan with all of its features."""
        return self._window(lambda spec: self.layer(spec, work_crs))

    def match_edges(self, work_crs: str) -> None:
        """Match the edges of the zoning now, while nothing else of it stands in memory: it takes much, for a moment."""
        for spec in self.plan.layers_of("zoning"):
            lines = self.layer(spec, work_crs).lines
            if isinstance(lines, LayerLines):
                _ = lines.depths

    def around(self, shapes: Objects, work_crs: str, reach_m: float, *, afar: bool = True) -> PlanWindow:
        """Return the plan with the features within reach of the box of one of some shapes.

        Parameters
        ----------
        afar
            Whether what is measured from afar (rivers, roads) is looked for as far as setbacks reach.
        """

        def features(spec: LayerSpec) -> Features:
            more_m = self._reach_m(spec, work_crs) if afar else 0.0
            return self._about(spec, shapes, work_crs, reach_m + more_m)

        return self._window(features)

    def _reach_m(self, spec: LayerSpec, work_crs: str) -> float:
        """Return how far beyond the sites' reach a layer matters: as far as its widest setback."""
        if spec.role not in STRIP_ROLES:
            return extra_reach_m(spec.role)
        key = (spec.id, work_crs)
        if key not in self.setbacks_m:
            strips = [s for rule in RULES for s in strips_of(rule, self.whole(work_crs))]
            mine = self.layer(spec, work_crs)
            self.setbacks_m[key] = max((s.furthest_m for s in strips if s.features is mine), default=0.0)
        return self.setbacks_m[key]

    def features(self, spec: LayerSpec, bounds_m: Bounds, work_crs: str, reach_m: float) -> Features:
        """Return the features of one layer within `reach_m` of a box, in the working CRS."""
        return self._about(spec, np.array([shapely.box(*bounds_m)], dtype=object), work_crs, reach_m)

    def _about(self, spec: LayerSpec, shapes: Objects, work_crs: str, reach_m: float) -> Features:
        kept = self._layer(spec, work_crs)
        west, south, east, north = shapely.bounds(shapes).T
        boxes = shapely.box(west - reach_m, south - reach_m, east + reach_m, north + reach_m)
        return kept.features.take(np.unique(kept.tree.query(boxes)[1]))

    def _layer(self, spec: LayerSpec, work_crs: str) -> _Kept:
        key = (spec.id, work_crs)
        if key not in self.kept:
            facts = self.indexes[spec.id].facts
            whole = crs_policy.transform_bounds(facts.bounds, facts.crs, work_crs)
            features = OpenPlan.features(self, spec, whole, work_crs, MARGIN_M)
            features = replace(
                features,
                lines=LayerLines(features.geometry, self.plan.tolerance),
                row=np.arange(len(features)),
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
