"""What the plans say of a parcel without any proposal (keterangan rencana): zones, activities, limits, edges, envelope.

Everything comes from the stages of a land check, so that this can say nothing that a check would not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from kkpr_check.candidates import ZonePart, limit_of, rungs_of
from kkpr_check.engine import Survey
from kkpr_check.envelope import Envelope, envelope_of
from kkpr_check.frontage import Frontage
from kkpr_check.geometry import round_m
from kkpr_check.model import Finding, Outcome, Report, SideKind
from kkpr_check.plan import LIMIT_COLUMNS, Cell, Limit, Plan, Rung, State, Tables
from kkpr_check.uses import use_of

LETTERS = ("I", "T", "B", "TB", "X", "unknown")
"""How a matrix may speak of an activity; ``unknown`` is a cell that nobody has filled in, and no permission."""
SHARE_OF_PART = {"kdb_max_pct": 0.01, "klb_max": 1.0, "kdh_min_pct": 0.01, "ktb_max_pct": 0.01}
"""Limits that are a share of the parcel: what one unit of the table is as a ratio."""
_BESIDE_M = 0.1
"""How far beside an edge one looks for the parcel: further than edges were straightened."""
_COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity in one sub-zone: its letter, the conditions (code, text, law), and the KBLI codes that map to it."""

    id: str
    name: str
    letter: str
    conditions: tuple[tuple[str, str, str], ...]
    kbli: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One row of the intensity table that may apply here (`row` None: the table lacks a row that would).

    `limits` are as the table writes them, `m2` those that are shares in m2 of this part (None for a point).
    """

    road_class: str | None
    parcel_min_m2: float | None
    parcel_max_m2: float | None
    limits: Mapping[str, Limit]
    m2: Mapping[str, float]
    gsb_from: str | None
    legal: str
    row: int | None


@dataclass(frozen=True, slots=True)
class PartInfo:
    """One sub-zone of the parcel in the plan that decides it. `area_m2` and `share` are None for a point.

    `rows` holds every row that may apply; `unknown` names the inputs that would tell them apart.
    """

    plan: Plan
    subzone: str
    name: str
    zone: str
    protected: bool | None
    area_m2: float | None
    share: float | None
    activities: tuple[Activity, ...]
    rows: tuple[LimitRow, ...]
    unknown: tuple[str, ...]
    has_matrix: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge of the parcel: ``front``, ``side`` or ``rear``, the side of the compass it faces, its length (m)."""

    kind: SideKind
    compass: str
    length_m: float
    geometry: Any


@dataclass(frozen=True, slots=True)
class RoadInfo:
    """A road in front, its rumija (m), None where it is not known."""

    name: str
    width_m: float | None


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """What the plans say of one site; `report` is the land check behind it. `at_point`: areas say nothing."""

    report: Report
    parts: tuple[PartInfo, ...]
    overlays: tuple[Finding, ...]
    edges: tuple[Edge, ...]
    roads: tuple[RoadInfo, ...]
    envelope: Envelope | None
    at_point: bool
    find: str | None


def info_of(survey: Survey, *, find: str | None = None, at_point: bool = False) -> SiteInfo:
    """Return what the plans say of a surveyed parcel.

    Parameters
    ----------
    find
        Only activities whose id, name or KBLI code has this text (any case); all where None.
    at_point
        The parcel stands for a point: nothing is said of areas, and rows for every parcel size may apply.
    """
    report = survey.report
    if survey.parcel is None or survey.site.parcel is None:
        return SiteInfo(report, (), (), (), (), None, at_point, find)
    building = survey.building
    if at_point:
        nan = float("nan")
        building = replace(building, lot_low_m2=nan, lot_high_m2=nan)
    whole_m2 = survey.site.parcel.area
    parts = [
        _part(part, building, None if at_point else whole_m2, find, _wanted(survey, part.plan))
        for part in _whole_parts(survey)
    ]
    parts.sort(key=lambda p: (-(p.area_m2 or 0.0), p.plan.order, p.subzone))
    overlays = tuple(f for f in report.findings if f.rule.startswith("KHS") and _is_told(f))
    if at_point:
        return SiteInfo(report, tuple(parts), overlays, (), (), None, True, find)
    of_parcel = [j for j in survey.judgements if j.subject == survey.parcel]
    closed = [f.zone for f in report.findings if f.rule == "INT005" and f.outcome is Outcome.FAIL and f.zone]
    envelope = envelope_of(building, survey.coverage, survey.parcel, of_parcel, closed)
    frontage = building.frontage
    roads = () if frontage is None else tuple(
        RoadInfo(r.name, None if np.isnan(r.width_m) else r.width_m) for r in frontage.roads
    )  # fmt: skip
    edges = edges_of(frontage, survey.site.parcel)
    return SiteInfo(report, tuple(parts), overlays, edges, roads, envelope, False, find)


def _whole_parts(survey: Survey) -> list[ZonePart]:
    """Return every sub-zone of the parcel with all of its area there, refused or not."""
    k = survey.parcel
    assert k is not None
    return [
        ZonePart(m.plan, *m.label(int(m.judged.group[r])), m.judged.geometry[r], 0.0, False)
        for m in survey.coverage.maps
        for r in m.rows(k)
    ]


def _wanted(survey: Survey, plan: Plan) -> tuple[str, ...] | None:
    """Return the activities that the use asked for may be; None where no use is asked for."""
    use = use_of(survey.site.proposal, plan.tables)
    return use.activities if use.asked else None


def _is_told(finding: Finding) -> bool:
    return finding.subject == "parcel" and (
        finding.outcome is not Outcome.PASS or finding.zone is not None or finding.flip_distance_m is not None
    )


def _part(
    part: ZonePart, building: Any, whole_m2: float | None, find: str | None, wanted: Sequence[str] | None
) -> PartInfo:
    tables, area = part.plan.tables, float(round_m(part.parcel.area))
    zone = tables.zones.get(part.subzone)
    rungs, unknown = rungs_of(part, building)
    return PartInfo(
        plan=part.plan,
        subzone=part.subzone,
        name=part.name,
        zone=zone.zone if zone else "",
        protected=zone.protected if zone else None,
        area_m2=None if whole_m2 is None else area,
        share=None if whole_m2 is None else area / whole_m2,
        activities=activities_of(tables, part.subzone, find, wanted),
        rows=tuple(_row(rung, None if whole_m2 is None else area) for rung in rungs),
        unknown=unknown,
        has_matrix=part.subzone in tables.itbx_subzones,
    )


def activities_of(
    tables: Tables, subzone: str, find: str | None = None, wanted: Iterable[str] | None = None
) -> tuple[Activity, ...]:
    """Return the activities of a plan with what its matrix says of them in a sub-zone, in the order of the table."""
    codes: dict[str, list[str]] = {}
    for kbli, mapped in tables.kbli.items():
        for activity in mapped:
            codes.setdefault(activity, []).append(kbli)
    text = " ".join((find or "").casefold().split())
    only = None if wanted is None else set(wanted)
    found = []
    for key, name in tables.activities.items():
        mapped_from = tuple(sorted(codes.get(key, ())))
        hay = " ".join(f"{key} {name}".casefold().split())
        if (text and text not in hay and not any(k.startswith(text) for k in mapped_from)) or (
            only is not None and key not in only
        ):
            continue
        cell = tables.itbx.get((key, subzone))
        found.append(
            Activity(key, name, cell.letter if cell else "unknown", _conditions(cell, tables), mapped_from)
        )
    return tuple(found)


def _conditions(cell: Cell | None, tables: Tables) -> tuple[tuple[str, str, str], ...]:
    known = tables.conditions
    codes = cell.codes if cell else ()
    return tuple((c, known[c].text, known[c].legal) if c in known else (c, "", "") for c in codes)


def _row(rung: Rung | None, area_m2: float | None) -> LimitRow:
    limits = {name: limit_of(rung, name) for name in LIMIT_COLUMNS}
    m2 = {
        name: float(round_m(limits[name].constant * ratio * area_m2))
        for name, ratio in SHARE_OF_PART.items()
        if area_m2 is not None and limits[name].state is State.VALUE
    }
    if rung is None:
        return LimitRow(None, None, None, limits, m2, None, "", None)
    low, high = rung.parcel_min_m2, rung.parcel_max_m2
    return LimitRow(
        rung.road_class,
        low if np.isfinite(low) and low > 0 else None,
        high if np.isfinite(high) else None,
        limits,
        m2,
        rung.gsb_from,
        rung.legal,
        rung.row,
    )


def edges_of(frontage: Frontage | None, parcel: Any) -> tuple[Edge, ...]:
    """Return the edges of a parcel, those of the front first; without a front nothing else can be named."""
    if frontage is None:
        return ()
    found = []
    kinds: dict[SideKind, Any] = {"front": frontage.front, "side": frontage.side, "rear": frontage.rear}
    for kind, lines in kinds.items():
        if kind != "front" and not frontage.found:
            break
        for line in shapely.get_parts(lines):
            found.append(Edge(kind, _compass(line, parcel), float(round_m(line.length)), line))
    return tuple(found)


def _compass(line: Any, parcel: Any) -> str:
    """Return the side of the compass that an edge of a parcel faces."""
    (x0, y0), (x1, y1) = shapely.get_coordinates(line)[[0, -1]]
    across = np.array([y1 - y0, x0 - x1]) / max(float(np.hypot(x1 - x0, y1 - y0)), 1e-9)
    middle = np.array([x0 + x1, y0 + y1]) / 2
    if shapely.contains_xy(parcel, *(middle + across * _BESIDE_M)):
        across = -across
    return compass_of(float(np.degrees(np.arctan2(*across))))


def compass_of(bearing_deg: float) -> str:
    """Return the side of the compass of a bearing (0 = north, clockwise).

    >>> compass_of(0.0), compass_of(130.0), compass_of(-90.0)
    ('N', 'SE', 'W')
    """
    return _COMPASS[round(bearing_deg / 45.0) % 8]
