"""How deep a site lies in what refuses it, and how far away that is (contract section 1a.5), searched by triangles.

Nothing is united: the map of trapezoids around the site tells what lies outside the adverse area, and a depth is the
greatest distance from the refused part of the subject to that outside, or to the outside of the subject itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.features import PlanWindow
from kkpr_check.kernels.slabs import Bools, SlabMap
from kkpr_check.model import Json, Outcome, Proposal
from kkpr_check.overlay import sources_of
from kkpr_check.plan import Tolerance
from kkpr_check.recount.regions import Regions, number_of_line
from kkpr_check.recount.segments import (
    Floats,
    Segments,
    distance_m,
    near,
    nearest_m,
    segments_of,
    to_each_m,
    to_segments_m,
)
from kkpr_check.recount.values import DEPTH_M, LENGTH_M, Difference, number
from kkpr_check.rules import BY_CODE
from kkpr_check.rules.base import fold
from kkpr_check.uses import use_of, use_rows
from kkpr_check.zoning import feature_groups

_PASS_REACH = 4
_CRACK_M = 5e-4
"""Between neighbours that differ by float noise there is no outside."""
_RIM_M = 1e-6
_NARROW_OUTSIDE = 8
"""A piece that leaves the map may be narrow though it is so many times wider inside: what is beyond counts too."""
_TRIANGLES_MAX = 200_000


class Depths:
    """The flip distances of land findings, for one report."""

    def __init__(self, report: Json, regions: Regions) -> None:
        self.report, self.regions, self.site = report, regions, regions.site
        self._failing: dict[tuple[str, str], tuple[str, ...]] = {}

    def differences(self) -> Iterator[Difference]:
        """Yield the flip distances that do not come out again."""
        for index, finding in enumerate(self.report["findings"]):
            path, rule = f"findings[{index}].flip_distance_m", finding["rule"]
            window = self.regions.window(finding["plan"])
            if rule == "LOK004":
                yield from self._nearest(f"findings[{index}]", finding)
            elif window is None:
                continue
            elif rule.startswith("KHS") and number_of_line(finding):
                yield from self._of_line(path, finding, window)
            elif rule.startswith("KGT"):
                yield from self._of_zones(path, finding, window)
            elif rule.startswith("KHS"):
                yield from self._of_overlay(path, finding, window)

    def _nearest(self, path: str, finding: Json) -> Iterator[Difference]:
        """LOK004: the nearest adverse area is that of the other findings, 0 where one fails on the subject."""
        told = number(finding["measured"])
        values = []
        for other in self.report["findings"]:
            flip = number(other["flip_distance_m"])
            if (
                other["subject"] == finding["subject"]
                and other["rule"].startswith(("KGT", "KHS"))
                and flip is not None
            ):
                inside = other["outcome"] == "fail" or (
                    other["outcome"] == "undetermined" and not other["missing"]
                )
                values += [0.0 if inside else flip] if inside or other["outcome"] != "undetermined" else []
        counted = min(values, default=None)
        if (told is None) != (counted is None) or abs((told or 0.0) - (counted or 0.0)) > LENGTH_M:
            yield Difference(f"{path}.measured", told, counted)
        flip = told if told else None
        shown = number(finding["flip_distance_m"])
        if (shown is None) != (flip is None) or abs((shown or 0.0) - (flip or 0.0)) > LENGTH_M:
            yield Difference(f"{path}.flip_distance_m", shown, flip)
        window = next(iter(self.regions.windows), None)
        limit = number(finding["limit"])
        if (
            limit is not None
            and window is not None
            and limit not in [w.zoning.ce90_m for w in self.regions.windows]
        ):
            yield Difference(f"{path}.limit", limit, window.zoning.ce90_m)

    def _of_line(self, path: str, finding: Json, window: PlanWindow) -> Iterator[Difference]:
        told, measured, limit = (number(finding[key]) for key in ("flip_distance_m", "measured", "limit"))
        if (
            told is not None
            and measured is not None
            and limit is not None
            and abs(told - abs(measured - limit)) > LENGTH_M
        ):
            yield Difference(path, told, abs(measured - limit))

    def _subject(self, finding: Json) -> Any:
        return self.site.parcel if finding["subject"] == "parcel" else self.site.footprint

    # --- sub-zones that refuse -------------------------------------------------------------------------------------

    def _of_zones(self, path: str, finding: Json, window: PlanWindow) -> Iterator[Difference]:
        codes = self._refusing(finding["rule"], window)
        plan = window.plan
        higher = [w for w in self.regions.windows if w.plan.order < plan.order]
        minus = [g for w in higher for g in w.zoning.geometry]
        claimed = [
            g for w in higher for layer in w.plan.layers_of("boundary") for g in w.layers[layer.id].geometry
        ]
        features = window.zoning
        codes_of = [("?" if code is None else str(code)) for code in features.meaning["subzone"]]
        adverse: dict[str, list[Any]] = {}
        for code, geometry in zip(codes_of, features.geometry, strict=True):
            if code in codes:
                adverse.setdefault(code, []).append(geometry)
        yield from self._compared(path, finding, adverse, (minus, claimed), features.ce90_m, plan.tolerance)

    def _refusing(self, rule: str, window: PlanWindow) -> tuple[str, ...]:
        """Return the sub-zones in which a rule fails for this use, by the tables."""
        key = rule, window.plan.id
        if key not in self._failing:
            codes, _, _ = feature_groups(window)
            proposal: Proposal = self.site.proposal
            rows = use_rows(
                [proposal],
                [use_of(proposal, window.plan.tables)],
                window.plan,
                codes,
                [self.site.footprint is None],
            )
            outcome, _, _ = fold(BY_CODE[rule].check(rows), rows.target, len(codes))
            self._failing[key] = tuple(
                c for c, said in zip(codes, outcome, strict=True) if said == Outcome.FAIL
            )
        return self._failing[key]

    # --- overlays --------------------------------------------------------------------------------------------------

    def _of_overlay(self, path: str, finding: Json, window: PlanWindow) -> Iterator[Difference]:
        found: list[list[Difference]] = []
        for source in sources_of(BY_CODE[finding["rule"]], window):
            if finding["zone"] is not None and finding["zone"] not in source.values:
                continue
            adverse: dict[str, list[Any]] = {}
            for geometry, group in zip(source.features.geometry, source.group, strict=True):
                if source.outcome[group] == Outcome.FAIL:
                    adverse.setdefault(source.values[group], []).append(geometry)
            ce90_m, tolerance = source.features.ce90_m, window.plan.tolerance
            found.append(list(self._compared(path, finding, adverse, ([], []), ce90_m, tolerance)))
        # Which of several sources a finding is of is not told: one has to fit.
        if found and all(found):
            yield from found[0]

    # --- both ------------------------------------------------------------------------------------------------------

    def _compared(
        self,
        path: str,
        finding: Json,
        adverse: Mapping[str, Sequence[Any]],
        higher: tuple[Sequence[Any], Sequence[Any]],
        ce90_m: float,
        tolerance: Tolerance,
    ) -> Iterator[Difference]:
        """Compare a flip distance with the depth in an adverse area, or with the distance to it.

        `adverse` holds the polygons of the area by sub-zone or value, for noise is told of each of them; `higher` the
        zones of the plans above, and what their boundaries claim.
        """
        minus, claimed = higher
        told, subject = number(finding["flip_distance_m"]), self._subject(finding)
        reach, every = _PASS_REACH * ce90_m, [g for group in adverse.values() for g in group]
        if not every or _box_distance_m(every, subject) > max(reach, told or 0.0) + LENGTH_M:
            if told is not None:
                yield Difference(path, told, None)
            return
        around = max(told or 0.0, ce90_m) + 2.0
        box = shapely.bounds(subject) + np.array([-around, -around, around, around])
        names: dict[Hashable, Sequence[Any]] = {"subject": [subject], "minus": minus, "claimed": claimed}
        names |= {("adverse", name): polygons for name, polygons in adverse.items()}
        place = SlabMap((float(box[0]), float(box[1]), float(box[2]), float(box[3])), names)
        own, area = place.of("subject"), place.size_m2(place.of("subject"))
        parts = [place.of(("adverse", name)) & ~place.of("minus") for name in adverse]
        refused = np.logical_or.reduce(parts)
        neck_m, left = self.regions.neck_m, own
        if minus or claimed:  # what the plans above leave to this one
            first = self.regions.tolerance
            left = _lasting(place, own & ~place.of("minus"), area, first, neck_m) & ~place.of("claimed")
            left = _lasting(place, left, area, first, neck_m)
        pieces = np.logical_or.reduce(
            [_lasting(place, left & part, area, tolerance, neck_m) for part in parts]
        )
        if not pieces.any():
            counted = self._distance(subject, every, minus, place, refused)
            if told is None:
                if counted <= reach - LENGTH_M:
                    yield Difference(path, None, counted)
            elif abs(told - counted) > LENGTH_M + (LENGTH_M if minus else 0.0):
                yield Difference(path, told, counted if np.isfinite(counted) else None)
            return
        if told is None:
            yield Difference(path, None, "inside an adverse area")
            return
        corners, radius = _triangles(place, pieces), float(np.sqrt(area / np.pi))
        beyond = deepest_m(corners, _outlines(place, ~own))
        counted_m = []
        for lenient in (False, True):
            outside = _without_noise_holes(
                place, ~refused, tolerance, lenient=lenient, neck_m=self.regions.neck_m
            )
            inward = deepest_m(corners, _outlines(place, outside))
            counted_m.append(max(inward, beyond if inward < radius + DEPTH_M else 0.0))
            if abs(told - counted_m[-1]) <= 2 * DEPTH_M:
                return
        if not counted_m[0] - DEPTH_M <= told <= counted_m[1] + DEPTH_M:
            yield Difference(path, told, counted_m[0])

    def _distance(
        self, subject: Any, adverse: Sequence[Any], minus: Sequence[Any], place: SlabMap, refused: Bools
    ) -> float:
        """Return the distance from a subject to an adverse area."""
        if not minus:
            return min(distance_m(subject, one) for one in adverse if _box_distance_m([one], subject) < 1e4)
        thin = place.area_m2 <= _CRACK_M**2
        edges = place.rims(refused & ~thin)
        if not len(edges):
            return float("inf")
        own = segments_of(subject, np.asarray(place.origin))
        both = ((own, edges), (edges, own))
        return float(min(to_segments_m(s.reshape(-1, 2), t).min() for s, t in both))


def _box_distance_m(polygons: Sequence[Any], subject: Any) -> float:
    x1, y1, x2, y2 = shapely.bounds(subject)
    boxes = shapely.bounds(np.array(polygons, dtype=object))
    dx = np.maximum(np.maximum(boxes[:, 0] - x2, x1 - boxes[:, 2]), 0.0)
    dy = np.maximum(np.maximum(boxes[:, 1] - y2, y1 - boxes[:, 3]), 0.0)
    return float(np.hypot(dx, dy).min())


def _lasting(place: SlabMap, mask: Bools, subject_m2: float, tolerance: Tolerance, neck_m: float) -> Bools:
    """Return a mask without its noise."""
    kept = np.zeros_like(mask)
    for piece in place.pieces(mask, neck_m):
        small = _small(piece.area_m2, piece.perimeter_m, tolerance)
        if not (small and piece.area_m2 < 0.05 * subject_m2):
            kept[piece.rows] = True
    return kept


def _small(area_m2: float, perimeter_m: float, tolerance: Tolerance) -> bool:
    width = 2 * area_m2 / perimeter_m if perimeter_m else 0.0
    return area_m2 < tolerance.sliver_area_m2 or width < tolerance.sliver_width_m


def _without_noise_holes(
    place: SlabMap, outside: Bools, tolerance: Tolerance, *, lenient: bool, neck_m: float
) -> Bools:
    """Return the outside without what is drawn by accident: cracks, and pin holes.

    A crack or a pin hole is no place where an adverse area ends. Whether a narrow piece that leaves the map is one can
    not be told here: `lenient` takes it for one.
    """
    x, height = place.x, place.top - place.bottom
    kept: Bools = outside & (height.max(axis=1) > (_CRACK_M if lenient else _CRACK_M / 10))
    left, right = x.min(), x.max()
    low, high = place.bottom.min(), place.top.max()
    for piece in place.pieces(kept, neck_m):
        rows = piece.rows
        rim = [
            x[rows, 0] <= left + _RIM_M, x[rows, 1] >= right - _RIM_M,
            place.bottom[rows].min(axis=1) <= low + _RIM_M, place.top[rows].max(axis=1) >= high - _RIM_M,
        ]  # fmt: skip
        on_rim = bool(np.any(rim))
        width_m = tolerance.sliver_width_m * (_NARROW_OUTSIDE if on_rim else 1)
        narrow = _small(piece.area_m2, piece.perimeter_m, replace(tolerance, sliver_width_m=width_m))
        if narrow and (lenient or not on_rim):
            kept[rows] = False
    return kept


def _outlines(place: SlabMap, outside: Bools) -> Segments:
    """Return where an outside begins: the sides of its trapezoids that no other of them shares, and the rim of the map."""
    left, right = place.x.min(), place.x.max()
    low, high = place.bottom.min(), place.top.max()
    rim = np.array(
        [
            [left, low, right, low],
            [right, low, right, high],
            [right, high, left, high],
            [left, high, left, low],
        ]
    )
    return np.concatenate((place.rims(outside), rim))


def _triangles(place: SlabMap, mask: Bools) -> Floats:
    """Return the triangles of some trapezoids, ``(n, 3, 2)``."""
    x, low, high = place.x[mask], place.bottom[mask], place.top[mask]
    a, b = np.stack((x[:, 0], low[:, 0]), axis=1), np.stack((x[:, 1], low[:, 1]), axis=1)
    c, d = np.stack((x[:, 1], high[:, 1]), axis=1), np.stack((x[:, 0], high[:, 0]), axis=1)
    return np.concatenate((np.stack((a, b, c), axis=1), np.stack((a, c, d), axis=1)))


def deepest_m(corners: Floats, outline: Segments) -> float:
    """Return the greatest distance from some triangles to an outline, searched to `DEPTH_M`.

    No point of a triangle is further away than the furthest corner is from any one segment, nor than the mean of
    two segments: triangles that by this can not be deeper than what is known are left, the others quartered.
    """
    points = corners.reshape(-1, 2)
    if not len(points):
        return 0.0
    spread = points.max(axis=0) - points.min(axis=0)
    first = to_segments_m(points[:1], outline)[0]
    outline = near(outline, points.min(axis=0), points.max(axis=0), first + float(np.hypot(*spread)))
    best = 0.0
    while 0 < len(corners) <= _TRIANGLES_MAX:
        away, rows = _nearest(corners.reshape(-1, 2), outline)
        best = max(best, float(away.max()))
        rows = rows.reshape(-1, 3)
        each = to_each_m(corners[:, None], outline[rows][:, :, None])
        pairs = [(each[:, a] + each[:, b]).max(axis=1) / 2 for a in range(3) for b in range(a, 3)]
        corners = _quartered(corners[np.min(pairs, axis=0) > best + DEPTH_M])
    return best


def _nearest(points: Floats, outline: Segments) -> tuple[Floats, NDArray[np.int64]]:
    """Return the distance of points to an outline and the segments that are nearest, many at a time."""
    found = [nearest_m(points[begin : begin + 4096], outline) for begin in range(0, len(points), 4096)]
    return np.concatenate([away for away, _ in found]), np.concatenate([row for _, row in found])


def _quartered(corners: Floats) -> Floats:
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    return np.concatenate(
        [np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    )
