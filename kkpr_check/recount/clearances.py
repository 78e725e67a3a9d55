"""Findings that are distances: TAB001-003 and TAB007 of a building, setbacks of lines and banks (KHS)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from kkpr_check.features import PlanWindow
from kkpr_check.model import Json
from kkpr_check.overlay import strips_of
from kkpr_check.recount.edges import (
    FRONT_REACH_M,
    UNKNOWN_RUMIJA_M,
    Edges,
    Road,
    Roads,
    edges_of,
    fronts_of,
    ground_before,
    to_edges_m,
)
from kkpr_check.recount.regions import Regions, number_of_line
from kkpr_check.recount.segments import Segments, distance_m
from kkpr_check.recount.values import LENGTH_M, LINE_M, Difference, number
from kkpr_check.rules import BY_CODE

_REFERENCES = ("road_axis", "road_edge", "parcel_edge")
_NEARLY_PLAIN_M = 0.06
_RESERVE_REACH_M = 60.0
_NEAR_AREA_M = 0.1
_PASS_REACH = 4
_COLUMN = {"TAB001": "gsb_min_m", "TAB002": "side_min_m", "TAB003": "rear_min_m"}
_TAB = ("TAB001", "TAB002", "TAB003", "TAB007")


class Clearances:
    """What the distance rules measure, for one report."""

    def __init__(self, report: Json, regions: Regions) -> None:
        self.report, self.regions, self.site = report, regions, regions.site

    def differences(self) -> Iterator[Difference]:
        """Yield the distances of the findings, and how far they are from flipping, that do not come out again."""
        for index, finding in enumerate(self.report["findings"]):
            path, told = f"findings[{index}]", number(finding["measured"])
            if finding["unit"] != "m":
                continue
            values: list[float] = []
            if told is not None and self.site.footprint is not None and finding["rule"] in _TAB:
                values = self._building(finding, told)
            elif told is not None and finding["rule"].startswith("KHS"):
                values = self._setback(finding)
            if values and min(abs(value - told) for value in values if told is not None) > self._slack(
                finding
            ):
                yield Difference(
                    f"{path}.measured", told, " | ".join(f"{v:.4f}" for v in sorted(set(values))[:5])
                )
            yield from self._setback_limit(path, finding)
            yield from self._formula_limit(path, finding)
            yield from self._flip(path, finding)
            yield from self._shown(path, finding)

    def _slack(self, finding: Json) -> float:
        plain = self._ways[1] if self.site.parcel is not None else True
        on_edges = finding["rule"] in ("TAB002", "TAB003") or finding["rule"] == "TAB001"
        return _NEARLY_PLAIN_M if on_edges and not plain else LENGTH_M

    def _flip(self, path: str, finding: Json) -> Iterator[Difference]:
        """Compare how far a line has to move: what is between the measure and the limit."""
        told, measured, limit = (number(finding[key]) for key in ("flip_distance_m", "measured", "limit"))
        if finding["rule"] not in _TAB or measured is None or limit is None:
            return
        if finding["rule"] == "TAB007" and finding["outcome"] == "pass":
            if told is not None and not any(abs(told - away) <= LENGTH_M for away in self._off_reserve()):
                yield Difference(f"{path}.flip_distance_m", told, min(self._off_reserve(), default=None))
            return
        gap, window = abs(measured - limit), self.regions.window(finding["plan"])
        reach = _PASS_REACH * window.plan.ce90_m if window else 0.0
        if told is None and (finding["outcome"] != "pass" or gap <= reach - LENGTH_M):
            yield Difference(f"{path}.flip_distance_m", None, gap)
        if told is not None and abs(told - gap) > LENGTH_M:
            yield Difference(f"{path}.flip_distance_m", told, gap)

    def _formula_limit(self, path: str, finding: Json) -> Iterator[Difference]:
        """Compare a limit that hangs on the width of the road in front: one of those near has to give it."""
        column, told = _COLUMN.get(finding["rule"]), number(finding["limit"])
        window = self.regions.window(finding["plan"])
        if column is None or told is None or window is None:
            return
        rungs = window.plan.tables.intensity.get(finding["zone"], ())
        limits = [limit for r in rungs if (limit := r.limits.get(column)) is not None]
        if not any(limit.rumija_factor for limit in limits):
            return
        widths = [road.width_m for road in self._roads.lines if not np.isnan(road.width_m)]
        known = {limit.constant for limit in limits if not limit.rumija_factor}
        known |= {
            limit.constant + limit.rumija_factor * w
            for limit in limits
            for w in widths
            if limit.rumija_factor
        }
        if not any(abs(told - value) <= LENGTH_M for value in known):
            yield Difference(
                f"{path}.limit", told, " | ".join(f"{value:g}" for value in sorted(known)) or None
            )

    # --- the building ----------------------------------------------------------------------------------------------

    @cached_property
    def _roads(self) -> Roads:
        x1, y1, x2, y2 = shapely.total_bounds(
            [s for s in (self.site.parcel, self.site.footprint) if s is not None]
        )
        return Roads.of(self.site.windows, (float(x1), float(y1), float(x2), float(y2)))

    @cached_property
    def _ways(self) -> tuple[list[Edges], bool]:
        return edges_of(self.site.parcel, self._roads)

    @cached_property
    def _origin(self) -> Any:
        return np.asarray(shapely.bounds(self.site.parcel)[:2])

    def _building(self, finding: Json, told: float) -> list[float]:
        rule = finding["rule"]
        if rule == "TAB007":
            return self._reserve(told)
        if self.site.parcel is None:
            return []
        if rule in ("TAB002", "TAB003"):
            edges = [way.side if rule == "TAB002" else way.rear for way in self._ways[0]]
            found = [to_edges_m(self.site.footprint, some, self._origin) for some in edges]
            return [value for value in found if np.isfinite(value)] or [float("inf")]
        return self._front(finding)

    def _front(self, finding: Json) -> list[float]:
        """Return how far the building stands from its fronts, by each place that the plan may measure from."""
        window = self.regions.window(finding["plan"])
        rungs = window.plan.tables.intensity.get(finding["zone"], ()) if window else ()
        said = {rung.gsb_from for rung in rungs}
        references = [r for r in _REFERENCES if r in said] if None not in said and said else list(_REFERENCES)
        formula = any(limit.rumija_factor for r in rungs if (limit := r.limits.get("gsb_min_m")) is not None)
        found: list[float] = []
        for way in self._ways[0]:
            for reference in references:
                values = [v for v in self._to_fronts(way, reference) if np.isfinite(v)]
                # The tightest front counts; which one that is hangs on the road's width where the limit does.
                found += values if formula else [min(values)] if values else []
        return found or [float("inf")]

    def _to_fronts(self, way: Edges, reference: str) -> Iterator[float]:
        footprint, roads = self.site.footprint, self._roads
        if reference == "parcel_edge":
            yield to_edges_m(footprint, way.front, self._origin)
            return
        rows = [(roads.lines[row], fronts_of(way, roads.lines[row], self._origin)) for row in way.roads]
        for row in way.areas:
            area = roads.areas[row]
            edges = fronts_of(way, area, self._origin)
            lines = [road for road in roads.lines if distance_m(road.line, area) == 0]
            nearest = sorted(lines, key=lambda road: to_edges_m(road.line, edges, self._origin))[:1]
            rows += [(road, edges) for road in nearest]
            if not lines and reference == "road_edge":
                yield distance_m(footprint, area)
        for road, edges in rows:
            if reference == "road_axis":
                yield distance_m(footprint, road.line)
            else:
                yield from self._to_road_edge(road, edges)

    def _to_road_edge(self, road: Road, edges: Segments) -> Iterator[float]:
        """Return how far the edge of a road lies: drawn before its edges of the parcel, and by its width elsewhere."""
        footprint, parcel = self.site.footprint, self.site.parcel
        by_width = max(distance_m(footprint, road.line) - road.width_m / 2, 0.0)
        deep_m = max(to_edges_m(road.line, edge[None], self._origin) for edge in edges) + 1.0
        half_m = (UNKNOWN_RUMIJA_M if np.isnan(road.width_m) else road.width_m) / 2
        inside = shapely.intersection(parcel, shapely.buffer(road.line, half_m + FRONT_REACH_M))
        place = shapely.union_all([*ground_before(edges, deep_m, self._origin), inside])
        drawn = [
            piece
            for area in self._roads.areas
            if distance_m(parcel, area) <= _NEAR_AREA_M and distance_m(road.line, area) == 0
            for piece in shapely.get_parts(shapely.intersection(area, place))
            if piece.area > 0
        ]
        found = [distance_m(footprint, area) for area in drawn]
        if not found:
            yield by_width
            return
        undrawn = shapely.intersection(road.line, place)
        for area in drawn:
            undrawn = shapely.difference(undrawn, area)
        yield min(found) if undrawn.length <= 1.0 else min(*found, by_width)

    def _off_reserve(self) -> list[float]:
        """Return how far the building stays off each road reserve, drawn or by the width of its road."""
        footprint = self.site.footprint
        by_width = [distance_m(footprint, road.line) - road.width_m / 2 for road in self._roads.lines]
        drawn = [distance_m(footprint, area) for area in self._roads.areas]
        return [max(away, 0.0) for away in (*by_width, *drawn) if not np.isnan(away)]

    def _reserve(self, told: float) -> list[float]:
        """Return how deep a building can reach into the reserve of a road whose width is known (0: into none)."""
        footprint = self.site.footprint
        depths = [
            road.width_m / 2 - away
            for road in self._roads.lines
            if not np.isnan(road.width_m) and (away := distance_m(footprint, road.line)) <= _RESERVE_REACH_M
        ]
        regions = self.regions
        drawn = regions.of(*(("zone", w.plan.id, "BJ") for w in regions.windows)) & regions.of("footprint")
        inside = regions.lasting(drawn, regions.subject_m2("footprint"), regions.tolerance)
        into = [depth for depth in depths if depth > LENGTH_M]
        if inside.any():
            return [*into, told] if told > 0 else into or [float("inf")]
        return into or [0.0]

    # --- setbacks --------------------------------------------------------------------------------------------------

    def _setback(self, finding: Json) -> list[float]:
        """Return the distance to the lines and banks of the layers that a rule measures from, by their margin."""
        window = self.regions.window(finding["plan"])
        subject = self.site.parcel if finding["subject"] == "parcel" else self.site.footprint
        if window is None or subject is None or not number_of_line(finding):
            return []
        found, limit = [], number(finding["limit"])
        for geometry, half, options in self._lines(finding, window):
            if limit is not None and any(abs(m - limit) <= LENGTH_M for m in options):
                found.append(max(distance_m(subject, geometry) - half, 0.0))
        # Among the features with this limit the nearest has the least margin.
        return [min(found)] if found else [float("inf")]

    def _lines(self, finding: Json, window: PlanWindow) -> Iterator[tuple[Any, float, list[float]]]:
        """Yield the lines and banks that a rule measures from, half their width, and the setbacks they may have."""
        for strip in strips_of(BY_CODE[finding["rule"]], window):
            if finding["zone"] is None or strip.features.name == finding["zone"]:
                for geometry, half, options in zip(
                    strip.features.geometry, strip.half_width_m, strip.options, strict=True
                ):
                    yield geometry, float(half), [m for m, _ in options]

    def _setback_limit(self, path: str, finding: Json) -> Iterator[Difference]:
        window, told = self.regions.window(finding["plan"]), number(finding["limit"])
        if window is None or told is None or not finding["rule"].startswith("KHS"):
            return
        known = sorted({m for _, _, options in self._lines(finding, window) for m in options})
        if not any(abs(told - m) <= LENGTH_M for m in known):
            yield Difference(f"{path}.limit", told, " | ".join(f"{m:g}" for m in known) or None)

    def _shown(self, path: str, finding: Json) -> Iterator[Difference]:
        """Compare a distance with the line that shows it."""
        told = number(finding["measured"])
        if told is None or not finding["witness"] or finding["rule"] not in _TAB[:3]:
            return
        line = self.site.shape(finding["witness"])
        if line.geom_type != "LineString":
            return
        points = shapely.get_coordinates(line)
        length = float(np.hypot(*(points[-1] - points[0])))
        exact = finding["rule"] != "TAB001"
        if (exact and abs(length - told) > LINE_M) or told > length + LINE_M:
            yield Difference(f"{path}.measured", told, length)
