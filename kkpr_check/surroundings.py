"""Roads and overlay areas near a site, the lines where a building may begin, and how far it stands from each side.

No rule reads any of this: it shows what they judged, by the same limits, edges and roads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from kkpr_check.building import REFERENCES
from kkpr_check.candidates import BuildingSite, limit_of, rungs_of
from kkpr_check.envelope import around, metres_of
from kkpr_check.features import PlanWindow
from kkpr_check.frontage import Frontage, Network, Road
from kkpr_check.geometry import EMPTY, overlap_of, round_m, union_of
from kkpr_check.land import OVERLAY_RULES
from kkpr_check.massing import front_reference
from kkpr_check.model import Outcome, OverlayArea, RoadLine, SetbackLine, SideDistance, SideKind
from kkpr_check.overlay import sources_of, strips_of
from kkpr_check.plan import Rung, State
from kkpr_check.siteinfo import Edge, edges_of

LIMIT: Mapping[SideKind, str] = {"front": "gsb_min_m", "side": "side_min_m", "rear": "rear_min_m"}
EDGE = "parcel_edge"
_NO_ROAD = Road(None, None, float("nan"), 0.0, "")


def overlays_in(windows: Sequence[PlanWindow], view: Any) -> Iterator[OverlayArea]:
    """Yield what each KHS rule looks at inside a view; values that the plan calls no overlay are left out."""
    for window in windows:
        for rule in OVERLAY_RULES:
            for source in sources_of(rule, window):
                here = shapely.intersects(source.features.geometry, view)
                for group, value in enumerate(source.values):
                    outcome = Outcome(int(source.outcome[group]))
                    shapes = source.features.geometry[here & (source.group == group)]
                    if outcome is not Outcome.NOT_APPLICABLE and len(shapes):
                        area = union_of(shapely.intersection(shapes, view))
                        legal = source.legal or window.plan.legal
                        yield OverlayArea(rule.code, value, outcome, legal, overlap_of(area, view))
            for strip in strips_of(rule, window):
                for feature, options in enumerate(strip.options):
                    if not options:
                        continue
                    widest, legal = max(options)
                    known = bool(strip.edge_known[feature]) and len({m for m, _ in options}) == 1
                    slack = 0.0 if strip.edge_known[feature] else rule.centre_line_m
                    reach = widest + float(strip.half_width_m[feature]) + slack
                    shape = strip.features.geometry[feature]
                    if shapely.dwithin(shape, view, reach):
                        outcome = rule.default if known else Outcome.UNDETERMINED
                        area = overlap_of(around(shape, reach), view)
                        yield OverlayArea(rule.code, strip.features.name, outcome, legal, area, widest)


def roads_in(network: Network, view: Any) -> Iterator[RoadLine]:
    """Yield the roads inside a view, with half the rumija to each side of their lines."""
    for i in network.lines_near(view, 0.0):
        line, width = network.lines[i], float(network.width_m[i])
        inside = shapely.intersection(line, view)
        if inside.is_empty or shapely.get_dimensions(inside) != 1:
            continue
        known = not np.isnan(width)
        reserve = (
            overlap_of(shapely.buffer(line, width / 2, cap_style="flat"), view) if known and width else None
        )
        yield RoadLine(network.names[i], width if known else None, inside, reserve)


def setbacks_of(site: BuildingSite) -> Iterator[SetbackLine]:
    """Yield the lines of every limit that may apply, front first; without a front nothing is known of them."""
    frontage, parcel = site.frontage, site.site.parcel
    if frontage is None or not frontage.found or parcel is None:
        return
    strips: dict[tuple[SideKind, float, str], list[tuple[Any, str, Any]]] = {}
    for part in site.judged:
        land = (
            part.parcel if site.site.footprint is None else parcel
        )  # a building keeps to the strictest limit
        for rung in rungs_of(part, site)[0]:
            for kind, limit_m, reference, target, less in _asked(rung, frontage):
                key = kind, float(round_m(limit_m)), reference
                strips.setdefault(key, []).append((around(target, limit_m + less), part.subzone, land))
    order = {"front": 0, "side": 1, "rear": 2}
    for (kind, limit_m, reference), found in sorted(
        strips.items(), key=lambda s: (order[s[0][0]], *s[0][1:])
    ):
        lines = shapely.boundary(union_of([strip for strip, _, _ in found]))
        inside = shapely.intersection(lines, union_of([land for _, _, land in found]))
        pieces = [p for p in shapely.get_parts(inside) if shapely.get_dimensions(p) == 1 and not p.is_empty]
        if pieces:
            zones = tuple(sorted({zone for _, zone, _ in found}))
            line = shapely.line_merge(shapely.MultiLineString(pieces))
            yield SetbackLine(kind, limit_m, reference, zones, line)


def _asked(rung: Rung | None, frontage: Frontage) -> Iterator[tuple[SideKind, float, str, Any, float]]:
    """Yield the limits of a rung that are known: kind, metres, reference, from where, and what lies before it."""
    for road in frontage.roads or (_NO_ROAD,):
        for kind, name in LIMIT.items():
            limit_m = metres_of(rung, name, road.width_m)
            if limit_m is None or not limit_m > 0:
                continue
            for reference in references_of(rung) if kind == "front" else (EDGE,):
                target, less = _target(frontage, kind, road, reference)
                if target is not None and not target.is_empty and not np.isnan(less):
                    yield kind, limit_m, reference, target, less


def references_of(rung: Rung | None) -> tuple[str, ...]:
    """Return what the GSB of a rung may be measured from."""
    if rung is None:
        return ()
    return (rung.gsb_from,) if rung.gsb_from else REFERENCES


def _target(frontage: Frontage, kind: SideKind, road: Road, reference: str) -> tuple[Any, float]:
    if kind == "front":
        return front_reference(frontage, road, reference)[:2]
    return (frontage.side if kind == "side" else frontage.rear), 0.0


def sides_of(site: BuildingSite) -> Iterator[SideDistance]:
    """Yield the distances of each side of the compass, front first; a front once for each road and reference."""
    frontage, parcel = site.frontage, site.site.parcel
    if frontage is None or not frontage.found or parcel is None:
        return
    rungs = [rung for part in site.judged for rung in rungs_of(part, site)[0]]
    asking = [rung for rung in rungs if limit_of(rung, LIMIT["front"]).state is not State.UNREGULATED]
    references = tuple(dict.fromkeys(r for rung in asking for r in references_of(rung))) or (EDGE,)
    for (kind, compass), edges, roads in _by_side(frontage, parcel):
        for reference in references if kind == "front" else (EDGE,):
            mine = [r for r in rungs if kind != "front" or r is None or reference in references_of(r)]
            for name, width_m in dict.fromkeys((road.name, _known(road.width_m)) for road in roads):
                here = [r for r in roads if (r.name, _known(r.width_m)) == (name, width_m)]
                limits, unknown = _limits(mine, LIMIT[kind], here if kind == "front" else frontage.roads)
                yield SideDistance(
                    kind,
                    compass,
                    float(round_m(sum(edge.length_m for edge in edges))),
                    name if kind == "front" else "",
                    width_m if kind == "front" else None,
                    reference,
                    limits,
                    unknown,
                    _measured(site.site.footprint, kind, edges, here, reference),
                )


def _known(value_m: float) -> float | None:
    return None if np.isnan(value_m) else float(value_m)


def _by_side(
    frontage: Frontage, parcel: Any
) -> Iterator[tuple[tuple[SideKind, str], list[Edge], Sequence[Road]]]:
    """Yield the edges of each side of the compass; those of the front with the roads they lie on."""
    edges = edges_of(frontage, parcel)
    fronts = [edge for edge in edges if edge.kind == "front"]
    of_edge: dict[int, list[Road]] = {i: [] for i in range(len(fronts))}
    middles = [edge.geometry.interpolate(0.5, normalized=True) for edge in fronts]
    for road in frontage.roads:  # every road is told where it lies nearest
        where = [_from_road_m(road, middle) for middle in middles]
        of_edge[int(np.argmin(where))].append(road)
    for i, middle in enumerate(middles):  # and every edge has the road that lies nearest
        if not of_edge[i] and frontage.roads:
            of_edge[i].append(min(frontage.roads, key=lambda road: _from_road_m(road, middle)))
    groups: dict[tuple[SideKind, str], tuple[list[Edge], list[Road]]] = {}
    for i, edge in enumerate(edges):  # fronts come first
        mine, roads = groups.setdefault((edge.kind, edge.compass), ([], []))
        mine.append(edge)
        roads += [road for road in of_edge.get(i, ()) if road not in roads]
    for key, (mine, roads) in groups.items():
        yield key, mine, roads or (_NO_ROAD,)


def _from_road_m(road: Road, place: Any) -> float:
    if road.line is None:
        return float(shapely.distance(road.area, place))
    return float(shapely.distance(road.line, place)) - (_known(road.width_m) or 0.0) / 2


def _limits(rungs: Sequence[Rung | None], name: str, roads: Sequence[Road]) -> tuple[tuple[float, ...], bool]:
    """Return the limits that may apply, ascending, and whether some of them are not known."""
    found, unknown = set(), False
    for rung in rungs:
        unknown |= limit_of(rung, name).state is State.MISSING
        for road in roads or (_NO_ROAD,):
            limit_m = metres_of(rung, name, road.width_m)
            if limit_m is not None and np.isnan(limit_m):
                unknown = True
            elif limit_m is not None:
                found.add(float(round_m(limit_m)))
    return tuple(sorted(found)), unknown


def _measured(
    footprint: Any, kind: SideKind, edges: Sequence[Edge], roads: Sequence[Road], reference: str
) -> float | None:
    """Return how far a building stands from these edges, or from the roads before them."""
    if footprint is None:
        return None
    lines = shapely.MultiLineString([edge.geometry for edge in edges])
    if kind != "front" or reference == EDGE:
        return float(round_m(shapely.distance(footprint, lines)))
    found = []
    for road in roads:
        target, less, _ = front_reference(Frontage(lines, EMPTY, EMPTY, ()), road, reference)
        if target is None or np.isnan(less):
            return None
        found.append(max(float(shapely.distance(footprint, target)) - less, 0.0))
    return float(round_m(min(found))) if found else None
