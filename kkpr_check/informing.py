"""From the options of a call to what the plans say of its parcels: behind ``info`` and ``Plan.info`` alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import shapely

from kkpr_check import engine
from kkpr_check.checking import CheckRequest, least_reach_m, open_plans, prepared, provenance_of, read_of
from kkpr_check.errors import InputError, Text
from kkpr_check.io.sites import SiteGroup, SitesRead
from kkpr_check.io.windows import OpenPlan
from kkpr_check.model import Site
from kkpr_check.siteinfo import SiteInfo, info_of

POINT_HALF_M = 0.05
"""A point is looked up as a square this far to each side: on a zone line both zones are named."""


def run(request: CheckRequest, *, find: str | None = None) -> tuple[SiteInfo, ...]:
    """Read the parcels a request names and return what the plans say of each, in input order.

    Raises
    ------
    KkprError
        Whatever could not be read whole; a site that has no parcel.
    """
    plans = open_plans(request)
    return info_sites(read_of(request), plans, request, find=find)


def info_sites(
    read: SitesRead, plans: Sequence[OpenPlan], request: CheckRequest, *, find: str | None = None
) -> tuple[SiteInfo, ...]:
    """Return what plans that were opened say of parcels that were read."""
    placed: dict[int, SiteInfo] = {}
    for group in read.groups:
        sites = tuple(
            _parcel_of(site, read.points.get(i)) for i, site in zip(group.index, group.sites, strict=True)
        )
        surveys, more = _surveys(replace(group, sites=sites), plans, request)
        provenance = provenance_of(read, plans, request, group.work_crs, more)
        for index, one in zip(group.index, surveys, strict=True):
            info = info_of(one, find=find, at_point=index in read.points)
            placed[index] = replace(info, report=replace(info.report, provenance=provenance))
    return tuple(placed[index] for index in sorted(placed))


def _parcel_of(site: Site, point: Any) -> Site:
    if point is not None:
        x, y, half = point.x, point.y, POINT_HALF_M
        return replace(site, parcel=shapely.box(x - half, y - half, x + half, y + half), doubt=None)
    if site.parcel is None and site.footprint is not None and site.doubt is None:
        raise InputError(
            Text(f"site {site.id}: a building without a parcel", f"lokasi {site.id}: bangunan tanpa persil"),
            remedy=Text(
                "info is about land: give the parcel (or a feature with role = parcel)",
                "info membahas lahan: berikan persilnya (atau fitur dengan role = parcel)",
            ),
            code="no-parcel",
        )
    return replace(site, footprint=None)


def _surveys(
    group: SiteGroup, plans: Sequence[OpenPlan], request: CheckRequest
) -> tuple[tuple[engine.Survey, ...], list[tuple[str, str]]]:
    ready = prepared(group, plans, request)
    if ready.bounds is None:
        return engine.survey(ready.sites, [], ready.options, known_m=0.0)[0], []
    reach_m = least_reach_m(plans)
    while True:
        windows = [plan.window(ready.bounds, group.work_crs, reach_m) for plan in plans]
        surveys, needed_m = engine.survey(ready.sites, windows, ready.options, known_m=reach_m)
        if needed_m <= reach_m:
            return surveys, ready.inputs
        reach_m = needed_m * 1.5
