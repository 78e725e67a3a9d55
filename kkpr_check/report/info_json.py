"""What the plans say of a parcel as JSON, schema ``kkpr-check/info/1``, and as GeoJSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from kkpr_check.model import Json
from kkpr_check.plan import Limit, State
from kkpr_check.report.json import ToLonLat, document, encode, geometry_json, work_crs_of
from kkpr_check.report.safe import whole_characters
from kkpr_check.siteinfo import LETTERS, Activity, LimitRow, PartInfo, SiteInfo

SCHEMA = "kkpr-check/info/1"
_FROM_REPORT = ("tool", "as_of", "pathway", "pathway_reason", "draft", "disclaimer")


def dumps(infos: Sequence[SiteInfo], lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> str:
    """Return one object for one site, an array for several; ends with a newline."""
    documents = [info_document(info, lang, to_lonlat, as_of) for info in infos]
    return encode(documents[0] if len(documents) == 1 else documents, indent=2)


def info_document(info: SiteInfo, lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> Json:
    """Return what the plans say of one site as plain JSON values with stable key order."""
    report = document(info.report, lang, to_lonlat, as_of)
    work_crs = work_crs_of(info.report)
    subject = report["subject"]
    told = {id(f) for f in info.overlays}
    findings = [
        written
        for finding, written in zip(info.report.findings, report["findings"], strict=True)
        if id(finding) in told
    ]
    return {
        "schema": SCHEMA,
        **{key: report[key] for key in _FROM_REPORT},
        "subject": {
            "id": subject["id"],
            "at_point": info.at_point,
            "parcel_area_m2": None if info.at_point else subject["parcel_area_m2"],
            "location": subject["location"],
        },
        "asked": {"kbli": report["proposal"]["kbli"], "activity": report["proposal"]["activity"], "find": info.find},
        "ledger": [] if info.at_point else report["ledger"],
        "zones": [_part(part) for part in info.parts],
        "overlays": findings,
        "edges": [
            {"kind": e.kind, "compass": e.compass, "length_m": e.length_m,
             "geometry": geometry_json(e.geometry, work_crs, to_lonlat)}
            for e in info.edges
        ],
        "roads": [{"name": whole_characters(r.name), "width_m": r.width_m} for r in info.roads],
        "envelope": _envelope(info, work_crs, to_lonlat),
        "provenance": report["provenance"],
    }  # fmt: skip


def _part(part: PartInfo) -> Json:
    groups: dict[str, list[Json]] = {letter: [] for letter in LETTERS}
    for activity in part.activities:
        groups[activity.letter].append(_activity(activity))
    return {
        "plan": whole_characters(part.plan.id),
        "legal": whole_characters(part.plan.legal),
        "subzone": whole_characters(part.subzone),
        "name": whole_characters(part.name),
        "zone": whole_characters(part.zone),
        "protected": part.protected,
        "area_m2": part.area_m2,
        "share": None if part.share is None else round(part.share, 8),
        "has_matrix": part.has_matrix,
        "activities": groups,
        "limits": [_row(row) for row in part.rows],
        "limits_depend_on": list(part.unknown),
    }


def _activity(activity: Activity) -> Json:
    return {
        "activity": whole_characters(activity.id),
        "name": whole_characters(activity.name),
        "conditions": [
            {"code": code, "text": whole_characters(text), "legal": whole_characters(legal)}
            for code, text, legal in activity.conditions
        ],
        "kbli": list(activity.kbli),
    }


def _row(row: LimitRow) -> Json:
    return {
        "road_class": row.road_class,
        "parcel_min_m2": row.parcel_min_m2,
        "parcel_max_m2": row.parcel_max_m2,
        "row": row.row,
        "legal": whole_characters(row.legal),
        "gsb_from": row.gsb_from,
        "values": {name: _limit(limit, row.m2.get(name)) for name, limit in row.limits.items()},
    }


def _limit(limit: Limit, m2: float | None) -> Json:
    value = limit.constant if limit.state is State.VALUE and not limit.rumija_factor else None
    return {"state": limit.state.value, "value": value, "formula": formula_of(limit), "m2": m2}


def formula_of(limit: Limit) -> str | None:
    """Return a limit that depends on the width of the road as the table writes it, None where it is a number."""
    if limit.state is not State.VALUE or not limit.rumija_factor:
        return None
    return f"{limit.rumija_factor:g}*rumija" + (f"{limit.constant:+g}" if limit.constant else "")


def _envelope(info: SiteInfo, work_crs: str, to_lonlat: ToLonLat) -> Json | None:
    found = info.envelope
    if found is None:
        return None
    return {
        "area_m2": found.area_m2,
        "upper_bound": bool(found.missing),
        "missing": list(found.missing),
        "taken_off_m2": dict(found.taken),
        "geometry": geometry_json(found.geometry, work_crs, to_lonlat),
        "rooms": [
            {
                "plan": whole_characters(room.part.plan.id),
                "subzone": whole_characters(room.part.subzone),
                "area_m2": room.area_m2,
                "footprint_max_m2": room.footprint_max_m2,
                "floor_area_max_m2": room.floor_area_max_m2,
                "floors_max": room.floors_max,
                "height_max_m": room.height_max_m,
                "floors_by_height": room.floors_by_height,
                "upper_bound": room.is_upper_bound,
                "missing": list(room.missing),
                "geometry": geometry_json(room.geometry, work_crs, to_lonlat),
            }
            for room in found.rooms
        ],
    }


def dumps_geojson(infos: Sequence[SiteInfo], lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> str:
    """Return parcel, rooms, edges and overlays as one FeatureCollection; ``kind`` says which."""
    features = [feature for info in infos for feature in _features(info, lang, to_lonlat, as_of)]
    return encode({"type": "FeatureCollection", "features": features})


def _features(info: SiteInfo, lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> Iterator[Json]:
    written = info_document(info, lang, to_lonlat, as_of)
    site = {"site": written["subject"]["id"], "as_of": written["as_of"]}
    if not info.at_point:
        shape = geometry_json(info.report.site.parcel, work_crs_of(info.report), to_lonlat)
        if shape is not None:
            yield _feature(shape, {"kind": "parcel", **site, "area_m2": written["subject"]["parcel_area_m2"]})
    for edge in written["edges"]:
        shape = edge.pop("geometry")
        yield _feature(shape, {"kind": "edge", **site, "edge": edge.pop("kind"), **edge})
    for room in (written["envelope"] or {"rooms": ()})["rooms"]:
        shape = room.pop("geometry")
        if shape is not None:
            yield _feature(shape, {"kind": "envelope", **site, **room, "missing": ",".join(room["missing"])})
    for finding in written["overlays"]:
        shape = finding.pop("witness")
        if shape is not None:
            yield _feature(
                shape, {"kind": "overlay", **site, **finding, "missing": ",".join(finding["missing"])}
            )


def _feature(geometry: Any, properties: Json) -> Json:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
