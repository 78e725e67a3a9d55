"""The numbers of a stored report counted again by other means: no overlay of GEOS, no code of the engine.

Areas come from signed trapezoids (`kkpr_check.kernels.reference`) and slabs (`kkpr_check.kernels.slabs`), distances
from edge pairs, the verdict from the outcomes by contract section 1. Everything is in one metric CRS.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely

from kkpr_check.kernels.reference import area_m2, edge_distance_m, intersection_area_m2
from kkpr_check.kernels.slabs import SlabAreas, slab_areas
from kkpr_check.model import Json

AREA_ABS_M2, AREA_REL = 5e-4, 1e-6
"""Areas are printed to 1e-4 m2; a ledger has several of them."""
LINE_M = 2e-3
"""Geometry of a report is printed in degrees, to about 0.1 mm."""

_ORDER = ("pass", "conditional", "undetermined", "fail")
_GOOD = ("pass", "conditional")
_BUILDING = ("INT", "TAB")


class Difference(NamedTuple):
    """A claim of the report that does not come out again."""

    path: str
    reported: Any
    recomputed: Any


@dataclass(frozen=True, slots=True)
class Verified:
    """One report held against its inputs: its id, and every claim that did not come out again."""

    id: str
    verdict: str
    claims: int
    differences: tuple[Difference, ...]
    other_version: str | None = None


@dataclass(frozen=True, slots=True)
class Recounted:
    """What the claims of one report are held against.

    Attributes
    ----------
    parcel, footprint
        Valid polygons in metres, or None.
    zones
        Plan id -> its zone polygons near the site by sub-zone.
    shape
        Turns a geometry of the report into one of the working CRS.
    """

    parcel: Any | None
    footprint: Any | None
    zones: Mapping[str, Mapping[str, Sequence[Any]]]
    shape: Any


def recount(report: Json, site: Recounted) -> Iterator[Difference]:
    """Yield every number of a report that does not come out again.

    Parameters
    ----------
    report
        As ``--format json`` wrote it.
    site
        What was read again from its inputs.
    """
    yield from _subject(report["subject"], site)
    for number, entry in enumerate(report["ledger"]):
        yield from _ledger(f"ledger[{number}]", entry, site)
    for number, entry in enumerate(report["combined"]):
        yield from _closes(f"combined[{number}]", entry)
        yield from _combined(f"combined[{number}]", entry, site)
    yield from _approvable(report, site)
    for number, finding in enumerate(report["findings"]):
        yield from _distance(f"findings[{number}]", finding, site)
        yield from _outside(f"findings[{number}]", finding, site)
    possible = verdicts(report, site)
    if report["verdict"] not in possible:
        yield Difference("verdict", report["verdict"], " | ".join(sorted(possible)))


def _same(a: float, b: float, of: float = 0.0) -> bool:
    return math.isclose(a, b, abs_tol=max(AREA_ABS_M2, AREA_REL * of), rel_tol=AREA_REL)


def _subject(subject: Json, site: Recounted) -> Iterator[Difference]:
    for key, shape in (("parcel_area_m2", site.parcel), ("footprint_area_m2", site.footprint)):
        counted = None if shape is None else area_m2(shape)
        told = subject[key]
        if (told is None) != (counted is None) or (counted is not None and not _same(told, counted)):
            yield Difference(f"subject.{key}", told, counted)


def _closes(path: str, entry: Json) -> Iterator[Difference]:
    """Hold the identity of the ledger (contract section 4)."""
    total = sum(z["area_m2"] for z in entry["zones"]) + entry["dropped_m2"] + entry["gap_m2"]
    if not math.isclose(total - entry["overlap_m2"], entry["area_m2"], rel_tol=1e-6, abs_tol=1e-4):
        yield Difference(f"{path}.area_m2", entry["area_m2"], total - entry["overlap_m2"])
    for number, zone in enumerate(entry["zones"]):
        share = zone["area_m2"] / entry["area_m2"] if entry["area_m2"] else 0.0
        if not math.isclose(zone["share"], share, abs_tol=1e-6):
            yield Difference(f"{path}.zones[{number}].share", zone["share"], share)


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
    for subzone in told.keys() | whole.keys():
        area, claimed = whole.get(subzone, 0.0), told.get(subzone, 0.0)
        if not _same(claimed, area, of) and not claimed <= area <= claimed + dropped + AREA_ABS_M2:
            yield Difference(f"{path}.zones[{subzone}].area_m2", claimed, area)
    total = sum(whole.values())
    claims = {
        "area_m2": of,
        "gap_m2": of - counted.covered_m2,
        "overlap_m2": total - counted.covered_m2,
        "dropped_m2": total - sum(told.values()),
    }
    for key, value in claims.items():
        if not _same(entry[key], max(value, 0.0), of):
            yield Difference(f"{path}.{key}", entry[key], value)


def _combined(path: str, entry: Json, site: Recounted) -> Iterator[Difference]:
    """Compare what no plan covers: that is known without knowing which plan decides."""
    subject = site.parcel if entry["subject"] == "parcel" else site.footprint
    every = [zone for zones in site.zones.values() for group in zones.values() for zone in group]
    if subject is None:
        yield Difference(f"{path}.subject", entry["subject"], None)
        return
    counted = slab_areas(subject, [every])
    gap = counted.subject_m2 - counted.covered_m2
    if entry["gap_m2"] < gap - max(AREA_ABS_M2, AREA_REL * counted.subject_m2):
        yield Difference(f"{path}.gap_m2", entry["gap_m2"], gap)


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
    share = told["area_m2"] / area_m2(site.parcel)
    if not math.isclose(told["share"], min(share, 1.0), abs_tol=1e-6):
        yield Difference("approvable.share", told["share"], share)
    for number, finding in enumerate(report["findings"]):
        if _is_refusal(finding) and finding["witness"] is not None:
            refused = site.shape(finding["witness"])
            if shapely.area(refused) == 0:
                continue
            shared = intersection_area_m2(shape, refused)
            if shared > max(band, refused.length * LINE_M):
                yield Difference(f"findings[{number}].witness in approvable", 0.0, shared)


def _is_building(finding: Json) -> bool:
    return str(finding["rule"]).startswith(_BUILDING)


def _is_refusal(finding: Json) -> bool:
    return finding["outcome"] == "fail" and finding["subject"] == "parcel" and not _is_building(finding)


def _distance(path: str, finding: Json, site: Recounted) -> Iterator[Difference]:
    """Compare a clearance with its witness: a line from the footprint to the parcel's edge."""
    rule, told = finding["rule"], finding["measured"]
    if (
        rule not in ("TAB001", "TAB002", "TAB003")
        or not isinstance(told, int | float)
        or not finding["witness"]
    ):
        return
    line = site.shape(finding["witness"])
    if line.geom_type != "LineString" or site.footprint is None:
        return
    points = shapely.get_coordinates(line)
    length = float(np.hypot(*(points[-1] - points[0])))
    exact = rule != "TAB001"
    if (exact and abs(length - told) > LINE_M) or told > length + LINE_M:
        yield Difference(f"{path}.measured", told, length)
    if exact and site.parcel is not None:
        least = edge_distance_m(site.footprint, site.parcel)
        if told < least - LINE_M:
            yield Difference(f"{path}.measured", told, least)


def _outside(path: str, finding: Json, site: Recounted) -> Iterator[Difference]:
    """Compare what lies outside the parcel: the footprint less what lies in it, up to noise."""
    if finding["rule"] != "TAB006" or site.parcel is None or site.footprint is None:
        return
    told = finding["measured"]
    out = area_m2(site.footprint) - intersection_area_m2(site.footprint, site.parcel)
    noise = 0.05 * area_m2(site.footprint)
    if isinstance(told, int | float) and not (out - noise - AREA_ABS_M2 <= told <= out + AREA_ABS_M2):
        yield Difference(f"{path}.measured", told, out)


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
