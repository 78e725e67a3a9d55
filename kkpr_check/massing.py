"""Distances and depths of a building: to fronts, sides and rear, in the road reserve, beyond its parcel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import shapely

from kkpr_check.adverse import PASS_REACH_CE90
from kkpr_check.candidates import BuildingSite, Candidate, absent_of, column_of, columns, limit_of
from kkpr_check.frontage import Frontage, Network, Road
from kkpr_check.geometry import Floats, overlap_of, remainder_of, round_m, union_of, without_noise
from kkpr_check.plan import Tolerance
from kkpr_check.rules.base import LimitColumn, Rule
from kkpr_check.rules.rows import BuildingRows

UNDRAWN_REACH_M = 15.0
"""How near a road of unknown width leaves the road reserve unknown."""
_RESERVE_REACH_M = 60.0

_MEASURES = ("side", "rear", "height", "floors", "outside", "reserve", "band", "clear")


def building_rows(
    sites: Sequence[BuildingSite], rows: Sequence[Candidate]
) -> tuple[BuildingRows, Callable[[Rule, int], Any], Floats]:
    """Return the block of TAB rules, how to show what was measured, and how far each row stays off the road reserve.

    (rule, row) -> line or piece; the distance is NaN where no reserve is near.
    """
    n = len(rows)
    front, band, rumija = np.full(n, np.nan), np.zeros(n), np.full(n, np.nan)
    front_line: list[Any] = [None] * n
    measures = {i: _site_measures(sites[i]) for i in {row.site for row in rows}}
    for r, row in enumerate(rows):
        site = sites[row.site]
        front[r], band[r], rumija[r], front_line[r] = _front(site, row)
    told = [sites[row.site].site.footprint is None for row in rows]

    def in_front(name: str) -> LimitColumn:
        return column_of([limit_of(row.rung, name) for row in rows], name, list(rumija), told)

    single = {key: np.array([measures[row.site][key] for row in rows], dtype=float) for key in _MEASURES}
    block = BuildingRows(
        target=np.array([row.target for row in rows], dtype=np.int64),
        front_m=front,
        front_limit=in_front("gsb_min_m"),
        front_band_m=band,
        side_m=single["side"],
        rear_m=single["rear"],
        height_m=single["height"],
        floors=single["floors"],
        outside_m2=single["outside"],
        reserve_depth_m=single["reserve"],
        reserve_band_m=single["band"],
        limits={
            **columns(rows, ("height_max_m", "floors_max")),
            **{name: in_front(name) for name in ("side_min_m", "rear_min_m")},
        },
        absent=np.array([absent_of(sites[row.site]) for row in rows], dtype=np.int8),
    )

    def witness(rule: Rule, row: int) -> Any:
        return front_line[row] if rule.code == "TAB001" else measures[rows[row].site].get(rule.code)

    return block, witness, single["clear"]


def _site_measures(site: BuildingSite) -> dict[str, Any]:
    """Return what is measured once a site: clearances, heights, area outside, depth in the road reserve."""
    nan, proposal, footprint = float("nan"), site.site.proposal, site.site.footprint
    found: dict[str, Any] = {
        "side": nan,
        "rear": nan,
        "height": nan if proposal.height_m is None else proposal.height_m,
        "floors": nan if proposal.floors is None else proposal.floors,
        "outside": nan,
        "reserve": nan,
        "band": 0.0,
        "clear": nan,
    }
    if footprint is None:
        return found
    frontage = site.frontage
    if frontage is not None and frontage.found:
        for key, code, edges in (("side", "TAB002", frontage.side), ("rear", "TAB003", frontage.rear)):
            # An edge that does not exist (a parcel between two roads has no rear) leaves nothing to keep off from.
            found[key] = float(round_m(shapely.distance(footprint, edges))) if not edges.is_empty else np.inf
            found[code] = shapely.shortest_line(footprint, edges) if not edges.is_empty else None
    if site.site.parcel is not None:
        outside = without_noise(remainder_of(footprint, site.site.parcel), footprint.area, site.tolerance)
        found["outside"] = float(round_m(outside.area))
        found["TAB006"] = None if outside.is_empty else outside
    found["reserve"], found["band"], found["TAB007"] = _reserve(footprint, site.network, site.tolerance)
    found["clear"] = _clear_of_reserve_m(footprint, site.network)
    return found


def _clear_of_reserve_m(footprint: Any, network: Network) -> float:
    """Return how far a footprint stays off the nearest road reserve, NaN beyond four times that line's CE90."""
    areas = network.areas_near(footprint, _RESERVE_REACH_M)
    lines = network.lines_near(footprint, _RESERVE_REACH_M)
    away = [
        (shapely.distance(footprint, network.areas[areas]), network.area_ce90_m[areas]),
        (
            shapely.distance(footprint, network.lines[lines]) - network.width_m[lines] / 2,
            network.line_ce90_m[lines],
        ),
    ]
    near = [d for distance, ce90_m in away for d in distance[distance <= PASS_REACH_CE90 * ce90_m]]
    return float(round_m(max(min(near), 0.0))) if near else float("nan")


def _reserve(footprint: Any, network: Network, tolerance: Tolerance) -> tuple[float, float, Any]:
    """Return how deep a footprint reaches into a road reserve, the accuracy of that line, and the piece inside."""
    if not network.known:
        return float("nan"), 0.0, None
    worst: tuple[float, float, Any] = (0.0, 0.0, None)
    touched = network.areas[network.areas_near(footprint, 0.0)]
    if len(touched):
        drawn = union_of(touched)
        inside = without_noise(overlap_of(footprint, drawn), footprint.area, tolerance)
        if not inside.is_empty:
            depth = max(network.depth_m(inside, drawn), network.depth_m(inside, footprint))
            all_of_it = inside.area >= footprint.area * (1 - 1e-6)
            worst = (float(round_m(depth)), 0.0 if all_of_it else float(network.area_ce90_m.min()), inside)
    doubt = False
    for i in network.lines_near(footprint, _RESERVE_REACH_M):
        width, distance = network.width_m[i], shapely.distance(footprint, network.lines[i])
        if np.isnan(width):
            doubt |= bool(distance < UNDRAWN_REACH_M) and _undrawn(network, int(i), footprint)
            continue
        depth = float(round_m(width / 2 - distance))
        band = min(float(network.line_ce90_m[i]), width / 4)
        if depth > 0 and (worst[0] == 0 or depth - band > worst[0] - worst[1]):
            strip = shapely.buffer(network.lines[i], width / 2, cap_style="flat")
            worst = (depth, band, overlap_of(footprint, strip))
    return (float("nan"), 0.0, None) if doubt and worst[0] == 0 else worst


def _undrawn(network: Network, line: int, footprint: Any) -> bool:
    """Tell whether a road of unknown width runs beside a footprint and no drawn road says how wide it is there."""
    beside = shapely.intersection(network.lines[line], shapely.buffer(footprint, UNDRAWN_REACH_M))
    return float(shapely.difference(beside, union_of(network.areas)).length) > 0


def _front(site: BuildingSite, row: Candidate) -> tuple[float, float, float, Any]:
    """Return the tightest front: distance, accuracy band, rumija width and the line that shows it (NaN: not known)."""
    frontage, footprint = site.frontage, site.site.footprint
    if frontage is None or not frontage.found or row.reference is None:
        return float("nan"), 0.0, float("nan"), None
    limit = limit_of(row.rung, "gsb_min_m")
    best: tuple[float, float, float, Any] | None = None
    tightest = np.inf
    for road in frontage.roads or (Road(None, None, float("nan"), 0.0, ""),):
        distance, band, line = _front_distance(footprint, frontage, road, row.reference)
        asked = limit.constant + (limit.rumija_factor * road.width_m if limit.rumija_factor else 0.0)
        margin = distance - asked
        if best is None or np.isnan(margin) or margin < tightest:
            best, tightest = (
                (distance, min(band, asked / 2), road.width_m, line),
                -np.inf if np.isnan(margin) else margin,
            )
        if np.isnan(margin):
            break
    return best or (float("nan"), 0.0, float("nan"), None)


def _front_distance(
    footprint: Any, frontage: Frontage, road: Road, reference: str
) -> tuple[float, float, Any]:
    target, less, band = front_reference(frontage, road, reference)
    if target is None or footprint is None:
        return float("nan"), 0.0, None
    distance = max(float(shapely.distance(footprint, target)) - less, 0.0)
    return (distance if not np.isnan(less) else float("nan")), band, shapely.shortest_line(footprint, target)


def front_reference(frontage: Frontage, road: Road, reference: str) -> tuple[Any, float, float]:
    """Return what a GSB is measured from: the geometry (None: not known), what lies before it, and its accuracy (m)."""
    if reference == "parcel_edge":
        return frontage.front, 0.0, 0.0
    if reference == "road_axis":
        return road.line, 0.0, road.ce90_m
    if road.area is not None:
        return road.area, 0.0, road.ce90_m
    return road.line, road.width_m / 2, road.ce90_m
