"""Every claim of a report in turn: subject, ledgers, approvable part, findings, verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import shapely

from kkpr_check.kernels.reference import area_m2, intersection_area_m2
from kkpr_check.kernels.slabs import SlabAreas, slab_areas
from kkpr_check.model import Json
from kkpr_check.recount.clearances import Clearances
from kkpr_check.recount.depths import Depths
from kkpr_check.recount.ratios import Ratios
from kkpr_check.recount.regions import Regions
from kkpr_check.recount.segments import inside, segments_of, to_segments_m
from kkpr_check.recount.values import (
    AREA_ABS_M2,
    LINE_M,
    Difference,
    Recounted,
    number,
    same_area,
)

_ORDER = ("pass", "conditional", "undetermined", "fail")
_GOOD = ("pass", "conditional")
_BUILDING = ("INT", "TAB")
_NECKS_M = (1e-7, 2e-5, -1e-4)
"""What is no connection: to touch in a point; to hang together by a hair; nothing, not even a crack."""


def recount(report: Json, site: Recounted) -> Iterator[Difference]:
    """Yield every number of a report that does not come out again.

    What hangs together by a hair, or nearly touches, is one piece or two: rounding decides, and with it what is noise.
    Each way of telling it is right, so one of them has to bear all numbers out.

    Parameters
    ----------
    report
        As ``--format json`` wrote it.
    site
        What was read again from its inputs.
    """
    found: list[Difference] = []
    for neck_m in _NECKS_M:
        more = list(_recounted(report, site, neck_m))
        if not more:
            return
        found = found or more
    yield from found


def _recounted(report: Json, site: Recounted, neck_m: float) -> Iterator[Difference]:
    yield from _subject(report["subject"], site)
    legal = site.proposal.legal_area_m2
    if number(report["subject"]["legal_area_m2"]) != (None if legal is None else round(legal, 4)):
        yield Difference("subject.legal_area_m2", report["subject"]["legal_area_m2"], legal)
    regions = Regions(report, site, neck_m)
    for index, entry in enumerate(report["ledger"]):
        yield from _ledger(f"ledger[{index}]", entry, site)
    for index, entry in enumerate(report["combined"]):
        yield from _closes(f"combined[{index}]", entry)
        yield from _combined(f"combined[{index}]", entry, regions)
    yield from _approvable(report, site)
    for index, finding in enumerate(report["findings"]):
        yield from _margin(f"findings[{index}]", finding)
    yield from Ratios(report, regions).differences()
    yield from Clearances(report, regions).differences()
    yield from Depths(report, regions).differences()
    possible = verdicts(report, site)
    if report["verdict"] not in possible:
        yield Difference("verdict", report["verdict"], " | ".join(sorted(possible)))


def _subject(subject: Json, site: Recounted) -> Iterator[Difference]:
    for key, shape in (("parcel_area_m2", site.parcel), ("footprint_area_m2", site.footprint)):
        counted = None if shape is None else area_m2(shape)
        told = subject[key]
        if (told is None) != (counted is None) or (counted is not None and not same_area(told, counted)):
            yield Difference(f"subject.{key}", told, counted)
    shape = site.parcel if site.parcel is not None else site.footprint
    if shape is not None and subject["location"] is not None:
        point = shapely.get_coordinates(site.shape({"type": "Point", "coordinates": subject["location"]}))
        origin = point[0] - 1.0
        on = (
            inside(point - origin, shape, origin)[0]
            or to_segments_m(point - origin, segments_of(shape, origin)) <= LINE_M
        )
        if not on:
            yield Difference("subject.location", subject["location"], "not in the subject")


def _closes(path: str, entry: Json) -> Iterator[Difference]:
    """Hold the identity of the ledger (contract section 4)."""
    total = sum(z["area_m2"] for z in entry["zones"]) + entry["dropped_m2"] + entry["gap_m2"]
    if not math.isclose(total - entry["overlap_m2"], entry["area_m2"], rel_tol=1e-6, abs_tol=1e-4):
        yield Difference(f"{path}.area_m2", entry["area_m2"], total - entry["overlap_m2"])
    for index, zone in enumerate(entry["zones"]):
        share = zone["area_m2"] / entry["area_m2"] if entry["area_m2"] else 0.0
        if not math.isclose(zone["share"], share, abs_tol=1e-6):
            yield Difference(f"{path}.zones[{index}].share", zone["share"], share)


def _ledger(path: str, entry: Json, site: Recounted) -> Iterator[Difference]:
    yield from _closes(path, entry)
    subject = site.parcel if entry["subject"] == "parcel" else site.footprint
    zones = site.zones.get(entry["plan"])
    if subject is None or zones is None:
        yield Difference(f"{path}.plan", entry["plan"], None)
        return
    names = sorted(zones)
    counted = slab_areas(subject, [zones[name] for name in names])
    told = {zone["subzone"]: zone["area_m2"] for zone in entry["zones"]}
    yield from _against(path, entry, dict(zip(names, counted.groups_m2, strict=True)), told, counted)


def _against(
    path: str, entry: Json, whole: Mapping[str, float], told: Mapping[str, float], counted: SlabAreas
) -> Iterator[Difference]:
    """Compare zones, gap and overlap; a zone may lack only what the entry says was dropped as noise."""
    of, dropped = counted.subject_m2, entry["dropped_m2"]
    order = [zone["subzone"] for zone in entry["zones"]]
    for subzone in sorted(told.keys() | whole.keys()):
        area, claimed = whole.get(subzone, 0.0), told.get(subzone, 0.0)
        if not same_area(claimed, area, of) and not claimed <= area <= claimed + dropped + AREA_ABS_M2:
            where = f"zones[{order.index(subzone)}].area_m2" if subzone in order else f"zones.{subzone}"
            yield Difference(f"{path}.{where}", claimed, area)
    total = sum(whole.values())
    claims = {
        "area_m2": of,
        "gap_m2": of - counted.covered_m2,
        "overlap_m2": total - counted.covered_m2,
        "dropped_m2": total - sum(told.values()),
    }
    for key, value in claims.items():
        if not same_area(entry[key], max(value, 0.0), of):
            yield Difference(f"{path}.{key}", entry[key], value)


def _combined(path: str, entry: Json, regions: Regions) -> Iterator[Difference]:
    """Compare the parts that decide: each by its highest-ranked plan."""
    kind = entry["subject"]
    decided = regions.judged(kind)
    counted: dict[str, float] = {}
    told: dict[str, float] = {}
    for (_, code), mask in decided.parts.items():
        counted[code] = counted.get(code, 0.0) + regions.map.size_m2(mask)
    for zone in entry["zones"]:
        told[zone["subzone"]] = told.get(zone["subzone"], 0.0) + zone["area_m2"]
    of = regions.subject_m2(kind)
    for index, zone in enumerate(entry["zones"]):
        code = zone["subzone"]
        if not same_area(told[code], counted.get(code, 0.0), of):
            yield Difference(f"{path}.zones[{index}].area_m2", told[code], counted.get(code, 0.0))
    for code in counted.keys() - told.keys():
        yield Difference(f"{path}.zones.{code}", None, counted[code])
    gap = of - sum(counted.values()) - decided.dropped_m2 + decided.overlap_m2
    figures = {
        "area_m2": of,
        "gap_m2": gap,
        "overlap_m2": decided.overlap_m2,
        "dropped_m2": decided.dropped_m2,
    }
    for key, value in figures.items():
        if not same_area(entry[key], max(value, 0.0), of):
            yield Difference(f"{path}.{key}", entry[key], value)


def _margin(path: str, finding: Json) -> Iterator[Difference]:
    """Compare the margin, which is a difference of two other figures."""
    measured, limit = number(finding["measured"]), number(finding["limit"])
    told = number(finding["margin"])
    sign = {"<=": 1.0, ">=": -1.0}.get(finding["operator"])
    counted = None if measured is None or limit is None or sign is None else sign * (limit - measured)
    if (told is None) != (counted is None) or (
        told is not None
        and counted is not None
        and not math.isclose(told, counted, abs_tol=2e-4, rel_tol=1e-6)
    ):
        yield Difference(f"{path}.margin", told, counted)


def _approvable(report: Json, site: Recounted) -> Iterator[Difference]:
    """Hold the approvable part to its area, to the parcel, and off every refused piece."""
    told = report["approvable"]
    if told is None:
        return
    shape = site.shape(told["geometry"]) if told["geometry"] else None
    if shape is None or site.parcel is None:
        yield Difference("approvable", told["area_m2"], None)
        return
    band = max(AREA_ABS_M2, shape.length * LINE_M)
    area, inside = area_m2(shape), intersection_area_m2(shape, site.parcel)
    if abs(told["area_m2"] - area) > band:
        yield Difference("approvable.area_m2", told["area_m2"], area)
    if abs(area - inside) > band:
        yield Difference("approvable.geometry", area, inside)
    whole = area_m2(site.parcel)
    share = min(told["area_m2"] / whole, 1.0)
    if not math.isclose(told["share"], share, abs_tol=max(1e-6, AREA_ABS_M2 / whole)):
        yield Difference("approvable.share", told["share"], share)
    for index, finding in enumerate(report["findings"]):
        if _is_refusal(finding) and finding["witness"] is not None:
            refused = site.shape(finding["witness"])
            if shapely.area(refused) == 0:
                continue
            shared = intersection_area_m2(shape, refused)
            if shared > max(band, refused.length * LINE_M):
                yield Difference(f"findings[{index}].witness in approvable", 0.0, shared)


def _is_building(finding: Json) -> bool:
    return str(finding["rule"]).startswith(_BUILDING)


def _is_refusal(finding: Json) -> bool:
    return finding["outcome"] == "fail" and finding["subject"] == "parcel" and not _is_building(finding)


def verdicts(report: Json, site: Recounted) -> set[str]:
    """Return what a verdict can be by the outcomes alone (contract section 1).

    More than one where it hangs on whether the rest of a parcel is noise.
    """
    findings = report["findings"]
    worst = max((_ORDER.index(f["outcome"]) for f in findings), default=None)
    if worst is None:
        return {"undetermined"}
    word = _ORDER[worst]
    if word != "fail":
        found = {"pass": "conform"}.get(word, word)
        return {"undetermined" if report["draft"] else found}
    failing = [f for f in findings if f["outcome"] == "fail"]
    if any(_is_building(f) or f["subject"] == "footprint" for f in failing) or site.parcel is None:
        return {"nonconform"}
    pieces = [p for f in failing if f["witness"] for p in _polygons(site.shape(f["witness"]))]
    counted = slab_areas(site.parcel, [pieces])
    rest, whole = counted.subject_m2 - counted.covered_m2, counted.subject_m2
    possible = {"nonconform"} if rest < 0.05 * whole else set()
    if rest > 1e-6 * whole:
        buildings = all(f["outcome"] in _GOOD for f in findings if _is_building(f))
        partial = report["approvable"] is not None and buildings and not report["draft"]
        possible |= {"partial", "undetermined"} if partial else {"undetermined"}
    return possible


def _polygons(shape: Any) -> list[Any]:
    return [part for part in shapely.get_parts(shape) if shapely.area(part) > 0]
