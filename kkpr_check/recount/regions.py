"""The parts of a site by plan and sub-zone, as masks over trapezoids (contract sections 1a.3 to 1a.6)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from kkpr_check.features import PlanWindow
from kkpr_check.kernels.slabs import Bools, SlabMap
from kkpr_check.model import Json
from kkpr_check.overlay import sources_of, strips_of
from kkpr_check.plan import Tolerance
from kkpr_check.recount.values import Recounted, zones_of
from kkpr_check.rules import BY_CODE

PartKey = tuple[str, str]
"""Plan id and sub-zone."""
_CIRCLE = 32
_NOISE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Between:
    """A part of which only bounds are known (the setback of a line is round): surely, and at most."""

    surely: Bools
    at_most: Bools


@dataclass(frozen=True, slots=True)
class Decided:
    """What the plans decide of a subject: its parts and what none covers, with noise and without, and the ledger's figures."""

    parts: dict[PartKey, Bools]
    gap: Bools
    open_gap: Bools
    overlap_m2: float
    dropped_m2: float


class Regions:
    """A site cut into trapezoids, and what of it each plan decides.

    `neck_m` tells what hangs together, and so what is noise (`SlabMap.pieces`).
    """

    def __init__(self, report: Json, site: Recounted, neck_m: float) -> None:
        self.report, self.site, self.neck_m = report, site, neck_m
        self.windows = site.windows
        self.tolerance = self.windows[0].plan.tolerance if self.windows else Tolerance()
        shapes = [s for s in (site.parcel, site.footprint) if s is not None]
        bounds = shapely.total_bounds(np.array(shapes, dtype=object))
        regions: dict[Hashable, Sequence[Any]] = {
            name: [] if shape is None else [shape]
            for name, shape in (("parcel", site.parcel), ("footprint", site.footprint), ("existing", site.existing))
        }  # fmt: skip
        for window in self.windows:
            plan = window.plan.id
            for code, polygons in zones_of(window).items():
                regions["zone", plan, code] = polygons
            regions["boundary", plan] = [
                g for layer in window.plan.layers_of("boundary") for g in window.layers[layer.id].geometry
            ]
        told = report["approvable"]
        regions["approvable"] = [site.shape(told["geometry"])] if told and told["geometry"] else []
        for finding in report["findings"]:
            regions |= self._overlay_regions(finding)
        box = (float(bounds[0]), float(bounds[1]), float(bounds[2]), float(bounds[3]))
        self.map = SlabMap(box, regions)

    # --- masks -----------------------------------------------------------------------------------------------------

    def of(self, *names: Hashable) -> Bools:
        """Return the mask of some regions."""
        return self.map.of(*names)

    def lasting(self, mask: Bools, subject_m2: float, tolerance: Tolerance) -> Bools:
        """Return a mask without its noise: pieces under 5 % of the subject that are small or narrow."""
        kept = np.zeros_like(mask)
        for piece in self.map.pieces(mask, self.neck_m):
            width = 2 * piece.area_m2 / piece.perimeter_m if piece.perimeter_m else 0.0
            small = piece.area_m2 < tolerance.sliver_area_m2 or width < tolerance.sliver_width_m
            if not (small and piece.area_m2 < _NOISE_SHARE * subject_m2):
                kept[piece.rows] = True
        return kept

    def left(self, mask: Bools, tolerance: Tolerance) -> Bools:
        """Return a part of the parcel without its noise; what is approvable of it is none."""
        kept: Bools = self.lasting(mask, self.parcel_m2, tolerance) | (mask & self.of("approvable"))
        return kept

    def nearly_noise(self, mask: Bools) -> bool:
        """Tell whether the pieces of a mask are noise, or not, by less than 2 %: rounding may then decide."""
        for piece in self.map.pieces(mask, self.neck_m):
            width = 2 * piece.area_m2 / piece.perimeter_m if piece.perimeter_m else 0.0
            near = (
                (piece.area_m2, self.tolerance.sliver_area_m2),
                (width, self.tolerance.sliver_width_m),
                (piece.area_m2, _NOISE_SHARE * self.parcel_m2),
            )
            if any(abs(value - limit) <= 0.02 * limit for value, limit in near):
                return True
        return False

    def codes(self, window: PlanWindow) -> list[str]:
        """Return the sub-zones of a plan near the site."""
        return sorted(zones_of(window))

    def zone(self, plan: str, *codes: str) -> Bools:
        """Return the mask of some sub-zones of a plan."""
        return self.of(*(("zone", plan, code) for code in codes))

    @cached_property
    def parcel_m2(self) -> float:
        """The parcel's area (0 without one)."""
        return self.map.size_m2(self.of("parcel"))

    def subject_m2(self, kind: str) -> float:
        """Return the area of the parcel or the footprint."""
        return self.map.size_m2(self.of(kind))

    def own(self, kind: str, plan: PlanWindow, code: str) -> Bools:
        """Return a plan's part of a subject without noise, as if it were the only plan."""
        return self.lasting(
            self.of(kind) & self.zone(plan.plan.id, code), self.subject_m2(kind), plan.plan.tolerance
        )

    def judged(self, kind: str) -> Decided:
        """Return what decides of the parcel or the footprint: each part by the highest-ranked plan that covers it."""
        if kind not in self._judged:
            self._judged[kind] = self._decided(kind)
        return self._judged[kind]

    @cached_property
    def _judged(self) -> dict[str, Decided]:
        return {}

    def _decided(self, kind: str) -> Decided:
        subject, size = self.of(kind), self.subject_m2(kind)
        left = open_ = following = subject
        claimed = np.zeros_like(subject)
        parts: dict[PartKey, Bools] = {}
        counted = dropped = covered = 0.0
        for window in self.windows:
            plan, codes = window.plan.id, self.codes(window)
            for code in codes:
                whole = following & self.zone(plan, code)
                part = self.lasting(whole, size, window.plan.tolerance)
                counted += self.map.size_m2(whole)
                dropped += self.map.size_m2(whole & ~part)
                if part.any():
                    parts[plan, code] = part
            union = following & self.zone(plan, *codes)
            covered += self.map.size_m2(union)
            left = left & ~union
            claimed = claimed | self.of(("boundary", plan))
            open_ = self.lasting(left, size, self.tolerance)
            following = self.lasting(open_ & ~claimed, size, self.tolerance) if claimed.any() else open_
        if len(self.windows) > 1:  # what no plan covers, without the cracks that hang on it
            bare = left.copy()
            for window in self.windows:
                bare &= ~self.zone(window.plan.id, *self.codes(window))
            open_ = open_ | self.lasting(bare, size, self.tolerance)
        return Decided(parts, left, open_, counted - covered, dropped)

    # --- what is refused on the parcel -----------------------------------------------------------------------------

    @cached_property
    def refused(self) -> Between:
        """What fails on the parcel by a land finding of the report."""
        return self._spoken_of("fail")

    @cached_property
    def doubtful(self) -> Between:
        """What is undetermined on the parcel by a land finding of the report."""
        return self._spoken_of("undetermined")

    def _spoken_of(self, outcome: str) -> Between:
        none = np.zeros_like(self.of("parcel"))
        surely, at_most = none.copy(), none.copy()
        parts, gap = self.judged("parcel").parts, self.judged("parcel").open_gap
        for finding in self.report["findings"]:
            rule, key = finding["rule"], (finding["plan"], finding["zone"])
            if finding["outcome"] != outcome or finding["subject"] != "parcel":
                continue
            if rule.startswith(("KGT", "RTR002")):
                found = Between(parts.get(key, none), parts.get(key, none))
            elif rule == "RTR001" and (window := self.window(key[0])) is not None:
                own = self.own("parcel", window, key[1])
                found = Between(own, own)
            elif rule.startswith("KHS"):
                found = self.overlay(finding)
            else:
                found = Between(gap, gap) if rule == "LOK002" else Between(none, none)
            surely |= found.surely
            at_most |= found.at_most
        return Between(surely, at_most)

    def overlay(self, finding: Json) -> Between:
        """Return the part of a subject that an overlay finding speaks of."""
        name = finding["rule"], finding["plan"], finding["zone"]
        subject = self.of(finding["subject"])
        if ("strip", *name, "surely") in self.map:
            return Between(*(subject & self.of(("strip", *name, word)) for word in ("surely", "at_most")))
        window = self.window(finding["plan"])
        part = self.lasting(
            subject & self.of(("overlay", *name)),
            self.subject_m2(finding["subject"]),
            window.plan.tolerance if window else self.tolerance,
        )
        return Between(part, part)

    def window(self, plan: str | None) -> PlanWindow | None:
        """Return the window of a plan by its id."""
        return next((window for window in self.windows if window.plan.id == plan), None)

    def _overlay_regions(self, finding: Json) -> Iterator[tuple[Hashable, Sequence[Any]]]:
        """Yield the areas behind an overlay finding that is inside one: of its value, or along lines and banks."""
        window = self.window(finding["plan"])
        name = finding["rule"], finding["plan"], finding["zone"]
        if window is None or not finding["rule"].startswith("KHS") or finding["zone"] is None:
            return
        rule = BY_CODE[finding["rule"]]
        if number_of_line(finding):
            strips = [s for s in strips_of(rule, window) if s.features.name == finding["zone"]]
            subject = self.site.parcel if finding["subject"] == "parcel" else self.site.footprint
            for word, pick, grow in (
                ("surely", min, math.cos(math.pi / _CIRCLE)),
                ("at_most", max, 1 / math.cos(math.pi / _CIRCLE)),
            ):
                yield ("strip", *name, word), [g for s in strips for g in _along(s, subject, pick, grow)]
            return
        areas = [
            source.features.geometry[i]
            for source in sources_of(rule, window)
            for i in range(len(source.features))
            if source.values[source.group[i]] == finding["zone"]
        ]
        yield ("overlay", *name), areas


def number_of_line(finding: Json) -> bool:
    """Tell whether an overlay finding measures a distance."""
    return bool(finding["unit"] == "m")


def _along(strip: Any, subject: Any, pick: Any, grow: float) -> list[Any]:
    """Return polygons that together are the setback of the lines of a layer that reach a subject."""
    found: list[Any] = []
    for i in range(len(strip.features)):
        if not strip.options[i]:
            continue
        slack = 0.0 if strip.edge_known[i] else strip.rule.centre_line_m
        wide = pick(m for m, _ in strip.options[i]) + slack + float(strip.half_width_m[i])
        geometry = strip.features.geometry[i]
        if wide <= 0:
            continue
        polygons = [p for p in shapely.get_parts(geometry) if p.geom_type == "Polygon"]
        found += polygons
        lines = [r for p in polygons for r in shapely.get_rings(p)] or list(shapely.get_parts(geometry))
        for line in lines:
            points = shapely.get_coordinates(line)
            for a, b in itertools.pairwise(points):
                box = shapely.box(*(np.minimum(a, b) - 2 * wide), *(np.maximum(a, b) + 2 * wide))
                if shapely.intersects(box, subject):
                    found.append(_capsule(a, b, wide * grow, wide * min(grow, 1.0)))
    return found


def _capsule(a: Any, b: Any, round_m: float, side_m: float) -> Any:
    """Return a segment with what lies within a distance of it, its ends round."""
    turn = np.linspace(0, 2 * math.pi, _CIRCLE, endpoint=False)
    ring = np.column_stack([np.cos(turn), np.sin(turn)])
    along = (b - a) / max(float(np.hypot(*(b - a))), 1e-12)
    across = np.array([-along[1], along[0]])
    corners = [a + across * side_m, b + across * side_m, b - across * side_m, a - across * side_m]
    return shapely.convex_hull(
        shapely.multipoints(np.concatenate([a + ring * round_m, b + ring * round_m, corners]))
    )
