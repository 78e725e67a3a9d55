"""The machine report, schema ``kkpr-check/report/1`` (contract section 4)."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any

from kkpr_check._version import __version__
from kkpr_check.errors import KkprError, Text
from kkpr_check.model import Approvable, Finding, Json, LedgerEntry, Proposal, Report, Suggestions
from kkpr_check.report import words
from kkpr_check.report.safe import whole_characters, whole_value
from kkpr_check.report.safe import whole_text as _text

SCHEMA = "kkpr-check/report/1"
TOOL = {"name": "kkpr-check", "version": __version__}
ToLonLat = Callable[[Any, str], Any]
"""(geometry, working CRS) -> the geometry in WGS 84 longitude, latitude."""

_UNITS_PER_M2 = 10_000
"""Areas and lengths are written to 1e-4 (contract section 1a.6)."""
_RATIO_DECIMALS = 8
_DEGREE_DECIMALS = 9
"""About 0.1 mm on the ground."""
_CLOSURE = 1e-6
_NESTED = (dict, list, tuple)


def dumps(reports: Sequence[Report], lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> str:
    """Return one report object for one site, an array for several; ends with a newline."""
    documents = [document(report, lang, to_lonlat, as_of) for report in reports]
    return encode(documents[0] if len(documents) == 1 else documents, indent=2)


def dumps_lines(reports: Sequence[Report], lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> str:
    """Return one report a line, always."""
    return "".join(encode(document(report, lang, to_lonlat, as_of)) for report in reports)


def encode(value: Any, indent: int | None = None) -> str:
    """Write JSON in ASCII (readable in any console encoding) with a newline; NaN and infinity are errors.

    With `indent` every value has a line of its own, but the coordinates of a geometry share one.
    """
    return (_FLAT(value) if indent is None else _indented(value, " " * indent, "\n")) + "\n"


_FLAT = json.JSONEncoder(allow_nan=False).encode
_key = lru_cache(maxsize=1024)(_FLAT)


def _indented(value: Any, step: str, line: str) -> str:
    """Write a value whose lines begin with `line`; the encoder of the library is pure Python where it indents."""
    inner = line + step
    if isinstance(value, dict) and value:
        held = [
            f"{_key(key)}: {_FLAT(of) if key == 'coordinates' or not isinstance(of, _NESTED) else _indented(of, step, inner)}"
            for key, of in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(held)}{line}}}"
    if isinstance(value, list | tuple) and value:
        return f"[{inner}{f',{inner}'.join(_indented(of, step, inner) for of in value)}{line}]"
    return _FLAT(value)


def document(report: Report, lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> Json:
    """Return the report as plain JSON values with stable key order.

    Raises
    ------
    KkprError
        If a ledger does not close to 1e-6 relative: such a report must not leave the house.
    """
    work_crs = work_crs_of(report)
    site = report.site
    suggested = (
        {}
        if report.suggestions is None
        else {"suggestions": _suggestions(report.suggestions, lang, work_crs, to_lonlat)}
    )
    return {
        "schema": SCHEMA,
        "tool": dict(TOOL),
        "as_of": as_of.isoformat(),
        "verdict": report.verdict.value,
        "pathway": report.pathway,
        "pathway_reason": _text(report.pathway_reason, lang),
        "self_declaration": report.self_declaration,
        "draft": report.draft,
        "disclaimer": words.DISCLAIMER.pick(lang),
        "scope": site.scope,
        "subject": {
            "id": whole_characters(site.id),
            "parcel_area_m2": _area_of(site.parcel),
            "footprint_area_m2": _area_of(site.footprint),
            "legal_area_m2": _length(site.proposal.legal_area_m2),
            "location": _location(report, to_lonlat),
            "candidates": [whole_characters(candidate) for candidate in site.candidates],
        },
        "proposal": _proposal(site.proposal),
        "ledger": [_ledger(entry) for entry in report.ledger],
        "combined": [_ledger(entry) for entry in report.combined],
        "approvable": _approvable(report.approvable, work_crs, to_lonlat),
        "findings": [_finding(finding, lang, work_crs, to_lonlat) for finding in report.findings],
        "not_evaluated": [{"rule": rule, "why": _text(why, lang)} for rule, why in report.not_evaluated],
        **suggested,
        "provenance": _provenance(report, lang),
    }


def _suggestions(found: Suggestions, lang: str, work_crs: str, to_lonlat: ToLonLat) -> Json:
    return {
        "found": [
            {
                "steps": list(one.steps),
                "values": {k: whole_value(v) for k, v in one.values.items()},
                "message": _text(one.message, lang),
                "verdict": one.verdict.value,
                "verified": one.verified,
                "footprint": geometry_json(one.footprint, work_crs, to_lonlat),
                "parcel": geometry_json(one.parcel, work_crs, to_lonlat),
            }
            for one in found.found
        ],
        "searched": _text(found.bounds, lang),
        "blocked_by": list(found.blocked_by),
    }


def work_crs_of(report: Report) -> str:
    """Return the working CRS that the geometries of a report are in."""
    crs = report.provenance.get("crs") or {}
    work = crs.get("work")
    if not work:
        raise KkprError(
            Text("the report names no working CRS", "laporan tidak menyebut CRS kerja"),
            code="report-incomplete",
        )
    return str(work)


def geometry_json(geometry: Any, work_crs: str, to_lonlat: ToLonLat) -> Json | None:
    """Return a geometry as RFC 7946 (lon/lat, outer rings counter-clockwise), None where there is none."""
    if geometry is None or geometry.is_empty:
        return None
    return geometries_json([to_lonlat(geometry, work_crs)])[0]


def geometries_json(lonlat: Sequence[Any]) -> list[Json | None]:
    """Return geometries in longitude, latitude as RFC 7946, None where there is none; many cost little more than one."""
    import numpy as np
    import shapely
    from shapely.geometry import mapping

    shapes = np.empty(len(lonlat), dtype=object)
    shapes[:] = lonlat
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    areal = np.flatnonzero(there & np.isin(shapely.get_type_id(shapes), (3, 6)))
    oriented = shapely.orient_polygons(shapes[areal])
    parts, of_shape = shapely.get_parts(oriented, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    positions = (xy.round(_DEGREE_DECIMALS) + 0.0).tolist()
    coordinates = _grouped(_grouped(_grouped(positions, of_ring, rings), of_part, parts), of_shape, oriented)
    found: list[Json | None] = [None] * len(shapes)
    for row, polygons, shape in zip(areal.tolist(), coordinates, oriented, strict=True):
        one = shape.geom_type == "Polygon"
        found[row] = {"type": shape.geom_type, "coordinates": polygons[0] if one else polygons}
    there[areal] = False
    for row in np.flatnonzero(there).tolist():
        found[row] = _rounded_geometry(mapping(shapely.force_2d(shapes[row])))
    return found


def _grouped(items: list[Any], owner: Any, owners: Any) -> list[list[Any]]:
    """Return items by their owner; `owner` ascends."""
    ends = owner.searchsorted(range(len(owners)), side="right").tolist()
    return [items[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def _rounded_geometry(shape: Mapping[str, Any]) -> Json:
    if shape["type"] == "GeometryCollection":
        return {
            "type": shape["type"],
            "geometries": [_rounded_geometry(part) for part in shape["geometries"]],
        }
    return {"type": shape["type"], "coordinates": _rounded_positions(shape["coordinates"])}


def _rounded_positions(value: Any) -> Any:
    if isinstance(value, int | float):
        return round(float(value), _DEGREE_DECIMALS) + 0.0
    return [_rounded_positions(item) for item in value]


def _area_of(geometry: Any | None) -> float | None:
    return None if geometry is None else _length(float(geometry.area))


def _length(value: float | None) -> float | None:
    """Round an area or a length to 1e-4; ``+ 0.0`` turns -0.0 into 0.0."""
    return None if value is None else round(float(value), 4) + 0.0


def _ratio(value: float) -> float:
    return round(float(value), _RATIO_DECIMALS) + 0.0


def _measure(value: float | str | None, unit: str | None) -> float | str | None:
    if value is None or isinstance(value, str):
        return None if value is None else whole_characters(value)
    return _length(value) if unit in ("m", "m2") else _ratio(value)


def _location(report: Report, to_lonlat: ToLonLat) -> list[float] | None:
    if report.site.location is not None:
        return [round(float(value), _DEGREE_DECIMALS) for value in report.site.location]
    geometry = report.site.parcel if report.site.parcel is not None else report.site.footprint
    if geometry is None or geometry.is_empty:
        return None
    point = to_lonlat(geometry.representative_point(), work_crs_of(report))
    return [round(point.x, _DEGREE_DECIMALS), round(point.y, _DEGREE_DECIMALS)]


def _proposal(proposal: Proposal) -> Json:
    values = {item.name: getattr(proposal, item.name) for item in fields(proposal)}
    return {name: whole_value(value) for name, value in values.items()}


def _ledger(entry: LedgerEntry) -> Json:
    zones, gap, overlap, dropped, area = _closed(entry)
    return {
        "subject": entry.subject,
        "plan": whole_characters(entry.plan),
        "area_m2": area / _UNITS_PER_M2,
        "zones": [
            {
                "subzone": whole_characters(zone.subzone),
                "name": whole_characters(zone.name),
                "area_m2": units / _UNITS_PER_M2,
                "share": _ratio(zone.share),
            }
            for zone, units in zip(entry.zones, zones, strict=True)
        ],
        "gap_m2": gap / _UNITS_PER_M2,
        "overlap_m2": overlap / _UNITS_PER_M2,
        "dropped_m2": dropped / _UNITS_PER_M2,
    }


def _closed(entry: LedgerEntry) -> tuple[list[int], int, int, int, int]:
    """Return the ledger in whole 1e-4 m2 that close exactly.

    What rounding leaves over goes to the gap or the overlap where there is one (so that neither is made up),
    else to the largest zone or the dropped noise.
    """
    zones = [round(zone.area_m2 * _UNITS_PER_M2) for zone in entry.zones]
    gap, overlap, dropped, area = (
        round(value * _UNITS_PER_M2)
        for value in (entry.gap_m2, entry.overlap_m2, entry.dropped_m2, entry.area_m2)
    )
    rest = area - (sum(zones) + dropped + gap - overlap)
    if abs(rest) > len(zones) + 4 + _CLOSURE * area:
        raise KkprError(
            Text(
                f"the ledger of plan {entry.plan} does not close: {rest / _UNITS_PER_M2:.4f} m² unaccounted for",
                f"neraca rencana {entry.plan} tidak menutup: {rest / _UNITS_PER_M2:.4f} m² tidak terhitung",
            ),
            code="ledger-open",
        )
    if gap > 0 and gap + rest > 0:
        gap += rest
    elif overlap > 0 and overlap - rest > 0:
        overlap -= rest
    elif zones:
        zones[zones.index(max(zones))] += rest
    elif dropped:
        dropped += rest
    else:
        gap += rest
    return zones, gap, overlap, dropped, area


def _approvable(part: Approvable | None, work_crs: str, to_lonlat: ToLonLat) -> Json | None:
    if part is None:
        return None
    return {
        "area_m2": _length(part.area_m2),
        "share": _ratio(part.share),
        "geometry": geometry_json(part.geometry, work_crs, to_lonlat),
    }


def _finding(finding: Finding, lang: str, work_crs: str, to_lonlat: ToLonLat) -> Json:
    return {
        "rule": finding.rule,
        "name": finding.name,
        "outcome": finding.outcome.word,
        "subject": finding.subject,
        "plan": None if finding.plan is None else whole_characters(finding.plan),
        "zone": None if finding.zone is None else whole_characters(finding.zone),
        "measured": _measure(finding.measured, finding.unit),
        "limit": _measure(finding.limit, finding.unit),
        "limit_m2": _length(finding.limit_m2),
        "operator": finding.operator,
        "unit": finding.unit,
        "margin": _measure(finding.margin, finding.unit),
        "message": _text(finding.message, lang),
        "remedy": None if finding.remedy is None else _text(finding.remedy, lang),
        "legal": whole_characters(finding.legal),
        "missing": list(finding.missing),
        "witness": geometry_json(finding.witness, work_crs, to_lonlat),
        "flip_distance_m": _length(finding.flip_distance_m),
    }


def _provenance(report: Report, lang: str) -> Json:
    known = {key: _plain(value, lang) for key, value in report.provenance.items()}
    assumed = (*report.site.assumptions, *report.assumptions)
    assumptions = [*known.pop("assumptions", []), *(_text(text, lang) for text in assumed)]
    ordered: Json = {
        "plans": known.pop("plans", []),
        "inputs": known.pop("inputs", []),
        "crs": known.pop("crs", {}),
        "repairs": known.pop("repairs", []),
        "assumptions": list(dict.fromkeys(assumptions)),
        "plans_judged": [whole_characters(plan) for plan in report.plans_judged],
        "plans_left_out": [
            {"id": whole_characters(plan), "why": _text(why, lang)} for plan, why in report.plans_left_out
        ],
    }
    return ordered | known


def _plain(value: Any, lang: str) -> Any:
    """Return any value of the provenance as JSON; what JSON does not know is an error, never its repr."""
    if isinstance(value, Text):
        return _text(value, lang)
    if isinstance(value, enum.Enum):
        return _plain(value.value, lang)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {whole_characters(str(key)): _plain(item, lang) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return [_plain(item, lang) for item in sorted(value)]
    if isinstance(value, Sequence):
        return [_plain(item, lang) for item in value]
    raise TypeError(f"provenance holds a {type(value).__name__}, which JSON cannot write")
