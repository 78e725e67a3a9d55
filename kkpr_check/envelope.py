"""The buildable envelope: what setbacks, overlays and refused zones leave of a parcel, and how much may be built there.

Of every limit that may apply (unknown road class, unknown reference of the GSB) the strictest counts, so that no rule
refuses a building inside the envelope that keeps to its numbers. A limit that nobody has typed in can not be taken off:
the envelope is then an upper bound, and says what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from kkpr_check.building import REFERENCES
from kkpr_check.candidates import BuildingSite, ZonePart, limit_of, rungs_of
from kkpr_check.frontage import Network, Road
from kkpr_check.geometry import EMPTY, overlap_of, polygons_of, remainder_of, round_m, union_of
from kkpr_check.judgement import Judgement
from kkpr_check.land import OVERLAY_RULES
from kkpr_check.massing import UNDRAWN_REACH_M, front_reference
from kkpr_check.model import Outcome
from kkpr_check.overlay import sources_of, strips_of, undeclared
from kkpr_check.plan import Rung, State
from kkpr_check.zoning import Coverage

STOREY_M = 3.5
"""Height of a storey that the indicative number of floors is reckoned with; no rule of any plan."""
_ARC = 64
_ARC_OUT = 1 / np.cos(np.pi / (4 * _ARC))
"""A buffer's arc is a chain of chords inside the circle; this much wider they lie outside it."""
_GAP_M = 2e-4
"""Distances are compared after rounding to 1e-4 m."""


@dataclass(frozen=True, slots=True)
class Room:
    """What may be built inside one sub-zone of a parcel; None = not known or not regulated.

    Attributes
    ----------
    geometry, area_m2
        Where a building that stands in this sub-zone alone may stand.
    footprint_max_m2
        Largest footprint by KDB, KDH and the room there is.
    floor_area_max_m2, floors_max, height_max_m
        By KLB, by the number of floors (both of the table), and by height.
    floors_by_height
        Indicative: storeys of `STOREY_M` under the height limit.
    missing
        Inputs that would make it smaller or surer: with any of them it is an upper bound.
    """

    part: ZonePart
    geometry: Any
    area_m2: float
    footprint_max_m2: float
    floor_area_max_m2: float | None
    floors_max: float | None
    height_max_m: float | None
    floors_by_height: int | None
    missing: tuple[str, ...]

    @property
    def is_upper_bound(self) -> bool:
        """Tell whether some limit is not known, so that less than this may be allowed."""
        return bool(self.missing)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The rooms of a parcel, its buildable area all in all, and what was taken off: (reason, area in m2 of the parcel).

    `refused` is where the land itself is refused, whatever is built: zones, overlays and setback strips.
    """

    rooms: tuple[Room, ...]
    geometry: Any
    area_m2: float
    taken: tuple[tuple[str, float], ...]
    missing: tuple[str, ...]
    refused: Any


def envelope_of(
    site: BuildingSite,
    coverage: Coverage,
    parcel: int,
    judgements: Sequence[Judgement],
    closed: Sequence[str],
) -> Envelope:
    """Return the envelope of a parcel.

    Parameters
    ----------
    site
        The parcel with its parts, edges and roads.
    coverage, parcel
        The combined map, and the row of the parcel in it.
    judgements
        Land answers of the parcel.
    closed
        Sub-zones in which some rule refuses any building (a lot that is too small).
    """
    whole = site.site.parcel
    refused = _refused_zones(coverage, parcel, judgements)
    overlays, open_overlays = _overlays(coverage, whole)
    reserve, open_roads = _road_reserve(site.network, whole)
    taken = [
        (name, float(round_m(overlap_of(whole, area).area)))
        for name, area in (("zones", refused), ("overlays", overlays), ("road_reserve", reserve))
    ]
    off_limits = union_of([refused, overlays, reserve])
    rooms = []
    setbacks = EMPTY
    for part in site.parts:
        if part.refused or not part.parcel.area:
            continue
        rungs, unknown = rungs_of(part, site)
        strip, open_edges = _setbacks(site, rungs, part)
        setbacks = union_of([setbacks, overlap_of(strip, part.parcel)])
        others = [
            m.judged.whole[r]
            for m in coverage.maps
            for r in range(m.judged.of(parcel).start, m.judged.of(parcel).stop)
            if (m.plan.id, m.subzones[m.judged.group[r]]) != (part.plan.id, part.subzone)
        ]
        left = remainder_of(part.parcel, union_of([off_limits, strip, *others]))
        if part.subzone in closed:
            left = EMPTY
        left = union_of([p for p in polygons_of(left) if p.area >= site.tolerance.sliver_area_m2])
        missing = (*unknown, *open_edges, *open_roads, *open_overlays)
        rooms.append(_room(site, part, rungs, left, missing))
    taken.insert(1, ("setbacks", float(round_m(remainder_of(setbacks, off_limits).area))))
    geometry = union_of([room.geometry for room in rooms])
    lacking = tuple(dict.fromkeys(name for room in rooms for name in room.missing))
    return Envelope(
        tuple(rooms),
        geometry,
        float(round_m(geometry.area)),
        tuple(taken),
        lacking,
        union_of([refused, overlays]),
    )


def _refused_zones(coverage: Coverage, parcel: int, judgements: Sequence[Judgement]) -> Any:
    """Return where the use is refused, pieces that are noise on the whole parcel included."""
    no = {
        (j.plan.plan.id, j.zone)
        for j in judgements
        if j.plan is not None and j.rule.block == "use" and (j.outcome is Outcome.FAIL or j.shallow)
    }
    return union_of(
        m.judged.whole[r]
        for m in coverage.maps
        for r in range(m.judged.of(parcel).start, m.judged.of(parcel).stop)
        if (m.plan.id, m.subzones[m.judged.group[r]]) in no
    )


def _overlays(coverage: Coverage, parcel: Any) -> tuple[Any, list[str]]:
    """Return where overlays and setback strips refuse a building, and what leaves others open.

    Of a setback that its attributes leave open the least is taken off; more of it may have to be.
    """
    areas, missing = [], []
    for plan in coverage.maps:
        for rule in OVERLAY_RULES:
            if undeclared(rule, plan.window.plan) and plan.judged.subject.size:
                missing.append(f"plan.toml:[[overlay]] rule={rule.code}")
            for source in sources_of(rule, plan.window):
                here = shapely.intersects(source.features.geometry, parcel)
                said = source.outcome[source.group]
                areas += list(source.features.geometry[here & (said == Outcome.FAIL)])
                if (here & (said == Outcome.UNDETERMINED)).any():
                    missing += source.missing or [f"{source.features.name}:value"]
            for strip in strips_of(rule, plan.window):
                for f, options in enumerate(strip.options):
                    if not options or rule.default is not Outcome.FAIL:
                        continue
                    metres = [m for m, _ in options]
                    half = float(strip.half_width_m[f])
                    shape = strip.features.geometry[f]
                    slack = 0.0 if strip.edge_known[f] else rule.centre_line_m
                    if shapely.distance(shape, parcel) > max(metres) + half + slack:
                        continue
                    if len(set(metres)) > 1 or not strip.edge_known[f]:
                        missing += strip.unknown(f)
                    areas.append(around(shape, min(metres) + half))
    return overlap_of(parcel, union_of(areas)), list(dict.fromkeys(missing))


def _road_reserve(network: Network, parcel: Any) -> tuple[Any, list[str]]:
    """Return the road reserve at a parcel: drawn roads, and half the rumija on each side of the lines."""
    if not network.known:
        return EMPTY, ["road"]
    areas = list(network.areas[network.areas_near(parcel, 0.0)])
    missing = []
    for i in network.lines_near(parcel, 60.0):
        if not np.isnan(network.width_m[i]):
            areas.append(around(network.lines[i], float(network.width_m[i]) / 2))
        elif shapely.distance(parcel, network.lines[i]) < UNDRAWN_REACH_M:
            missing = ["road:width_m"]
    return overlap_of(parcel, union_of(areas)), missing


def around(shape: Any, distance_m: float) -> Any:
    """Return the area nearer to a shape than a distance, never less of it."""
    if distance_m <= 0:
        return shape if shapely.get_dimensions(shape) == 2 else EMPTY
    return shapely.buffer(shape, distance_m * _ARC_OUT + _GAP_M, quad_segs=_ARC)


def _setbacks(site: BuildingSite, rungs: Sequence[Rung | None], part: ZonePart) -> tuple[Any, list[str]]:
    """Return the strips of GSB, side and rear clearance, the strictest that may apply, and what is not known of them."""
    areas: list[Any] = []
    missing: list[str] = []
    frontage = site.frontage
    regulated = [
        name
        for name in ("gsb_min_m", "side_min_m", "rear_min_m")
        if any(limit_of(rung, name).state is not State.UNREGULATED for rung in rungs)
    ]
    for name in regulated:
        if any(limit_of(rung, name).state is State.MISSING for rung in rungs):
            missing.append(f"intensity.csv:{part.subzone}:{name}")
    if not regulated:
        return EMPTY, []
    if frontage is None or not frontage.found:
        return EMPTY, [*missing, "road"]
    roads = frontage.roads or (Road(None, None, float("nan"), 0.0, ""),)
    for rung in rungs:
        for reference in (rung.gsb_from,) if rung and rung.gsb_from else REFERENCES:
            for road in roads:
                asked = metres_of(rung, "gsb_min_m", road.width_m)
                target, less, _ = front_reference(frontage, road, reference)
                if asked is None:
                    continue
                if target is None or np.isnan(asked + less):
                    missing.append("road:width_m")
                else:
                    areas.append(around(target, asked + less))
        for name, edges in (("side_min_m", frontage.side), ("rear_min_m", frontage.rear)):
            for road in roads:
                asked = metres_of(rung, name, road.width_m)
                if asked is not None and np.isnan(asked):
                    missing.append("road:width_m")
                elif asked is not None and not edges.is_empty:
                    areas.append(around(edges, asked))
    return union_of(areas), missing


def metres_of(rung: Rung | None, name: str, rumija_m: float) -> float | None:
    """Return a limit in metres with a road's width put in (NaN: not known); None where missing or not regulated."""
    limit = limit_of(rung, name)
    if limit.state is not State.VALUE:
        return None
    return limit.constant + (limit.rumija_factor * rumija_m if limit.rumija_factor else 0.0)


def _room(
    site: BuildingSite, part: ZonePart, rungs: Sequence[Rung | None], left: Any, missing: Sequence[str]
) -> Room:
    lacking = list(missing)

    def strictest(name: str) -> float | None:
        limits = [limit_of(rung, name) for rung in rungs]
        if any(limit.state is State.MISSING for limit in limits):
            lacking.append(f"intensity.csv:{part.subzone}:{name}")
        values = [limit.constant for limit in limits if limit.state is State.VALUE]
        return min(values) if values else None

    standing = EMPTY if site.site.existing is None else site.site.existing
    part_m2 = float(round_m(part.parcel.area))
    bounds = [left.area]
    kdb, klb = strictest("kdb_max_pct"), strictest("klb_max")
    if kdb is not None:
        bounds.append(kdb / 100 * part_m2 - overlap_of(standing, part.parcel).area)
    bounds.append(_open_ground(site, standing))
    strictest("kdh_min_pct")
    footprint = max(0.0, float(np.floor(min(bounds) * 1e4) / 1e4))
    height = strictest("height_max_m")
    if not footprint:
        left = EMPTY
    floors = strictest("floors_max")
    return Room(
        part,
        left,
        float(round_m(left.area)),
        footprint,
        _floor_area(klb, floors, part_m2, footprint),
        floors,
        height,
        None if height is None else int((height + 1e-9) // STOREY_M),
        tuple(dict.fromkeys(lacking)),
    )


def _floor_area(klb: float | None, floors: float | None, part_m2: float, footprint_m2: float) -> float | None:
    """Return the largest floor area by KLB and by the floors that the largest footprint may carry."""
    bounds = [] if klb is None else [klb * part_m2]
    if floors is not None:
        bounds.append(floors * footprint_m2)
    return float(np.floor(min(bounds) * 1e4) / 1e4) if bounds else None


def _open_ground(site: BuildingSite, standing: Any) -> float:
    """Return what KDH and standing buildings leave to build on, on all parts that may count."""
    room = np.inf
    for counted in site.counted:
        area = needed = 0.0
        for part in counted:
            limits = [limit_of(rung, "kdh_min_pct") for rung in rungs_of(part, site)[0]]
            values = [limit.constant / 100 for limit in limits if limit.state is State.VALUE]
            area += part.parcel.area
            needed += max(values, default=0.0) * part.parcel.area
        taken = overlap_of(standing, union_of([p.parcel for p in counted])).area
        room = min(room, area - needed - taken)
    return float(room)
