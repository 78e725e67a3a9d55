"""From the options of a call to its reports: behind the command line and the Python API alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import shapely

from kkpr_check import engine
from kkpr_check.adverse import PASS_REACH_CE90
from kkpr_check.errors import Text
from kkpr_check.features import PlanWindow
from kkpr_check.io.crs import LONLAT, transform
from kkpr_check.io.sites import (
    SiteGroup,
    SitesRead,
    count_neighbours,
    pair_with_parcels,
    read_existing,
    read_sites,
    with_existing,
)
from kkpr_check.io.windows import OpenPlan, open_bare, open_folder
from kkpr_check.lookout import Lookout
from kkpr_check.model import Report, Site
from kkpr_check.phrases import Quantity, say

Bounds = tuple[float, float, float, float]

BASE_REACH_M = 50.0
ENGINE = "geos-overlay"


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What a caller asks for, as written on the command line; nothing is read yet.

    Attributes
    ----------
    site, parcel, existing
        Files of footprints, parcels and standing buildings; ``-`` is standard input.
    point
        ``LAT,LON`` in degrees instead of a file.
    plans
        Plan folders.
    rdtr, rtrw, rules
        Bare zoning layers and a folder of tables, instead of plan folders.
    options
        Proposal options as text (`kkpr_check.io.options` understands them), `id` among them.
    layer, parcel_layer, encoding, swap_xy, assume_crs
        How to read the site's files.
    """

    site: str | None = None
    parcel: str | None = None
    existing: str | None = None
    point: str | None = None
    plans: tuple[str, ...] = ()
    rdtr: str | None = None
    rtrw: tuple[str, ...] = ()
    rules: str | None = None
    as_of: dt.date = dt.date.min
    include_draft: bool = False
    strict_accuracy: bool = False
    assume_crs: str | None = None
    layer: str | None = None
    parcel_layer: str | None = None
    encoding: str | None = None
    swap_xy: bool = False
    options: Mapping[str, str | bool] = field(default_factory=dict)
    suggest: bool = False


def run(request: CheckRequest) -> tuple[Report, ...]:
    """Read what the request names, judge it, and return one report a site in input order.

    Raises
    ------
    KkprError
        Whatever could not be read whole.
    """
    plans = open_plans(request)
    return check_sites(read_of(request), plans, request)


def read_of(request: CheckRequest) -> SitesRead:
    """Read the sites that a request names."""
    return read_sites(
        request.site,
        parcel=request.parcel,
        point=request.point,
        options=request.options,
        layer=request.layer,
        parcel_layer=request.parcel_layer,
        encoding=request.encoding,
        assume_crs=request.assume_crs,
        swap_xy=request.swap_xy,
    )


def open_plans(request: CheckRequest) -> tuple[OpenPlan, ...]:
    """Open every plan of a request: folders, or bare zoning layers."""
    opened = [open_folder(directory) for directory in request.plans]
    if request.rdtr is not None:
        opened.append(open_bare(request.rdtr, "rdtr", request.rules, {}))
    for path in request.rtrw:
        opened.append(open_bare(path, None, None, {}))
    return tuple(opened)


def check_sites(read: SitesRead, plans: Sequence[OpenPlan], request: CheckRequest) -> tuple[Report, ...]:
    """Judge sites that were read against plans that were opened."""
    placed: dict[int, Report] = {}
    for group in read.groups:
        sites = [
            _zone_named(_digital_noted(s, plans), read.points.get(i), plans, group.work_crs)
            for i, s in zip(group.index, group.sites, strict=True)
        ]
        reports, more = _judge_group(replace(group, sites=tuple(sites)), plans, request)
        provenance = provenance_of(read, plans, request, group.work_crs, more)
        for index, report in zip(group.index, reports, strict=True):
            placed[index] = replace(report, provenance={**provenance, "feature": index})
    return tuple(placed[index] for index in sorted(placed))


@dataclass(frozen=True, slots=True)
class Prepared:
    """Sites of one working CRS that are placed, paired and know their standing buildings; `bounds` None: no geometry."""

    sites: list[Site]
    bounds: Bounds | None
    options: engine.Options
    inputs: list[tuple[str, str]]


def prepared(group: SiteGroup, plans: Sequence[OpenPlan], request: CheckRequest) -> Prepared:
    """Return the sites of a group as the engine wants them."""
    sites = [_located(site, group.work_crs) for site in group.sites]
    options = engine.Options(request.as_of, request.include_draft, request.strict_accuracy)
    if _bounds(sites) is None:
        return Prepared(sites, None, options, [])
    sites = list(count_neighbours([paired(site, plans, group.work_crs) for site in sites]))
    sites, more = _with_existing(sites, plans, request, group.work_crs)
    return Prepared(sites, _bounds(sites), options, more)


def _judge_group(
    group: SiteGroup, plans: Sequence[OpenPlan], request: CheckRequest
) -> tuple[tuple[Report, ...], list[tuple[str, str]]]:
    ready = prepared(group, plans, request)
    sites, bounds, options = ready.sites, ready.bounds, ready.options
    if bounds is None:
        return engine.judge(sites, [], options, known_m=0.0).reports, []
    reach_m = least_reach_m(plans)
    placed: dict[int, Report] = {}
    rest = list(range(len(sites)))
    windows: list[PlanWindow] = []
    known_m = reach_m
    while rest:
        known_m = reach_m
        windows = [plan.window(bounds, group.work_crs, reach_m) for plan in plans]
        judged = engine.judge([sites[i] for i in rest], windows, options, known_m=reach_m)
        placed.update(zip(rest, judged.reports, strict=True))
        if judged.needed_m <= reach_m:
            break
        rest = [i for i, report in zip(rest, judged.reports, strict=True) if deeper_than(report, reach_m)]
        reach_m = judged.needed_m * 1.5
    lookout = Lookout(
        sites,
        windows,
        options,
        known_m,
        lambda further_m: [plan.window(bounds, group.work_crs, further_m) for plan in plans],
    )
    reports = [replace(placed[i], around=lookout.of(i)) for i in range(len(sites))]
    if request.suggest:
        reports = [
            _with_suggestions(site, report, plans, options, group.work_crs)
            for site, report in zip(sites, reports, strict=True)
        ]
    return tuple(reports), ready.inputs


def _with_suggestions(
    site: Site, report: Report, plans: Sequence[OpenPlan], options: engine.Options, work_crs: str
) -> Report:
    from kkpr_check.suggesting import ZONES_WITHIN_M, suggest

    bounds = _bounds([site])
    reach_m = least_reach_m(plans)

    def windows(further_m: float = 0.0) -> list[PlanWindow]:
        return (
            [] if bounds is None else [plan.window(bounds, work_crs, reach_m + further_m) for plan in plans]
        )

    found = suggest(site, report, windows(), options, known_m=reach_m, wide=lambda: windows(ZONES_WITHIN_M))
    return replace(report, suggestions=found)


def least_reach_m(plans: Sequence[OpenPlan]) -> float:
    """Return how far beyond the sites features are read at first: a pass tells distances up to four times CE90."""
    return BASE_REACH_M + PASS_REACH_CE90 * max((plan.widest_ce90_m for plan in plans), default=0.0)


def deeper_than(report: Report, reach_m: float) -> bool:
    """Tell whether a site lies so deep in an adverse area that its depth depends on features beyond `reach_m`."""
    known_m = round(reach_m, 4)  # depths are rounded alike
    return any(f.flip_distance_m is not None and f.flip_distance_m >= known_m for f in report.findings)


def _zone_named(site: Site, point: Any, plans: Sequence[OpenPlan], work_crs: str) -> Site:
    """Name the zones at a point; a point has no area, so nothing more can be said of it."""
    if point is None:
        return site
    found = []
    for opened in plans:
        zoning = opened.window(tuple(point.bounds), work_crs, 1.0).zoning
        for i in np.flatnonzero(shapely.intersects(zoning.geometry, point)):
            words = [str(v) for name in ("subzone", "name") if (v := zoning.attribute(name, int(i)))]
            found.append(f"{' '.join(dict.fromkeys(words)) or '?'} ({opened.plan.id})")
    zones = "; ".join(dict.fromkeys(found))
    named = Text(f"Zone at this point: {zones or 'none'}. ", f"Zona pada titik ini: {zones or 'tidak ada'}. ")
    doubt = site.doubt or Text("", "")
    return replace(site, doubt=Text(named.en + doubt.en, named.id + doubt.id))


def _digital_noted(site: Site, plans: Sequence[OpenPlan]) -> Site:
    """Say what the digital RDTR answered in OSS beside what the plans' tables say; it decides nothing here."""
    given = site.application
    if given is None or not (given.digital_activity or given.digital_answer):
        return site
    asked, answer = given.digital_activity or "-", given.digital_answer or "-"
    notes = [
        Text(
            f"OSS says of this location by its digital RDTR: activity {asked}, answer {answer!r}; judged here is "
            "the KBLI by the plan's own tables",
            f"Menurut RDTR digital di OSS: kegiatan {asked}, jawaban {answer!r}; yang dinilai di sini KBLI menurut "
            "tabel rencana",
        )
    ]
    for plan in (opened.plan for opened in plans):
        if asked not in plan.tables.activities:
            continue
        mapped = asked in plan.tables.kbli.get(site.proposal.kbli or "", ())
        name = plan.tables.activities[asked]
        notes.append(
            Text(
                f"{plan.id}: activity {asked} ({name}) is {'' if mapped else 'not '}mapped to KBLI {site.proposal.kbli}",
                f"{plan.id}: kegiatan {asked} ({name}) {'' if mapped else 'tidak '}terpetakan ke KBLI {site.proposal.kbli}",
            )
        )
    return replace(site, assumptions=(*site.assumptions, *notes))


def to_lonlat(geometry: Any, work_crs: str) -> Any:
    """Return a geometry of a working CRS in WGS 84 longitude, latitude."""
    return transform(np.array([geometry], dtype=object), work_crs, LONLAT)[0]


def _bounds(sites: Sequence[Site]) -> Bounds | None:
    shapes = [g for s in sites for g in (s.parcel, s.footprint) if g is not None and not g.is_empty]
    if not shapes:
        return None
    box = shapely.total_bounds(np.array(shapes, dtype=object))
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def _located(site: Site, work_crs: str) -> Site:
    """Give a site its place in longitude and latitude: a point inside the parcel, else the footprint."""
    shape = site.parcel if site.parcel is not None else site.footprint
    if shape is None or shape.is_empty:
        return site
    where = to_lonlat(shapely.point_on_surface(shape), work_crs)
    return replace(site, location=(where.x, where.y))


def paired(site: Site, plans: Sequence[OpenPlan], work_crs: str) -> Site:
    """Look the parcel of a lone footprint up in the plans' own parcel layers, the highest ranked plan first."""
    if site.parcel is not None or site.footprint is None or site.candidates:
        return site
    for opened in sorted(plans, key=lambda p: p.plan.order):
        for spec in opened.plan.layers_of("parcel"):
            features = opened.features(spec, tuple(site.footprint.bounds), work_crs, 1.0)
            if len(features):
                ids = features.meaning.get("id")
                site = pair_with_parcels(
                    site, features.geometry, [str(i) for i in (features.feature if ids is None else ids)]
                )
            if site.parcel is not None or site.candidates:
                return site
    return site


def _with_existing(
    sites: list[Site], plans: Sequence[OpenPlan], request: CheckRequest, work_crs: str
) -> tuple[list[Site], list[tuple[str, str]]]:
    """Add the buildings that stand already: of ``--existing``, else of the plans' building layers."""
    bounds = _bounds(sites)
    assert bounds is not None
    if request.existing is not None:
        buildings = read_existing(
            request.existing,
            work_crs,
            bounds,
            encoding=request.encoding,
            assume_crs=request.assume_crs,
            swap_xy=request.swap_xy,
        )
        return [with_existing(site, buildings) for site in sites], [(request.existing, buildings.sha256)]
    for opened in plans:
        for spec in opened.plan.layers_of("building"):
            sites = [with_buildings(site, opened, spec, work_crs) for site in sites]
    return sites, []


def with_buildings(site: Site, opened: OpenPlan, spec: Any, work_crs: str) -> Site:
    """Add the buildings of one layer that stand on the parcel."""
    if site.parcel is None:
        return site
    features = opened.features(spec, tuple(site.parcel.bounds), work_crs, 1.0)
    inside = shapely.intersection(features.geometry, site.parcel)
    inside = inside[shapely.area(inside) > 0]
    known = [] if site.existing is None else [site.existing]
    existing = shapely.union_all([*known, *inside]) if known or len(inside) else shapely.MultiPolygon()
    note = Text(
        f"Buildings on the parcel before the proposal, by layer {spec.id}: {len(inside)}",
        f"Bangunan yang sudah ada di persil menurut layer {spec.id}: {len(inside)}",
    )
    return replace(site, existing=existing, assumptions=(*site.assumptions, note))


def _areas(before_m2: float, after_m2: float) -> Text:
    """Return an area before and after a repair; one that did not change as far as it is written stands once."""
    before, after = (Quantity(area_m2, "m2").text() for area_m2 in (before_m2, after_m2))
    return (
        before
        if before == after
        else say("{before} -> {after}", "{before} -> {after}", before=before, after=after)
    )


def provenance_of(
    read: SitesRead,
    plans: Sequence[OpenPlan],
    request: CheckRequest,
    work_crs: str,
    more: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Return where everything in a report comes from: plans, inputs, CRS, repairs, assumptions, options."""
    repairs = [*read.repairs]
    for opened in plans:
        for layer, index in opened.indexes.items():
            repairs += [
                say(
                    "{layer}: feature {feature} repaired ({reason}), {area}",
                    "{layer}: fitur {feature} diperbaiki ({reason}), {area}",
                    layer=f"{opened.plan.id}/{layer}",
                    feature=r.feature,
                    reason=r.reason,
                    area=_areas(r.area_before_m2, r.area_after_m2),
                )
                for r in index.facts.repairs
            ]
    options = {key: value for key, value in asdict(request).items() if value not in (None, (), False, {})}
    options["as_of"] = request.as_of.isoformat()
    return {
        "plans": [
            {
                "id": p.plan.id, "name": p.plan.name, "legal": p.plan.legal, "sha256": p.sha256, "lock": p.lock, "level": p.plan.level,
                "ce90_m": p.plan.ce90_m, "synthetic": p.plan.synthetic,
                "files": dict(sorted(p.files.items())),
            }
            for p in sorted(plans, key=lambda p: p.plan.order)
        ],
        "inputs": [{"path": path, "sha256": sha256} for path, sha256 in [*read.inputs, *more]],
        "layers": list(read.layers),
        "crs": {"source": ", ".join(dict.fromkeys(read.source_crs)), "work": work_crs},
        "repairs": repairs,
        "assumptions": [*read.assumptions, *(t for p in plans for t in p.assumptions)],
        "engine": ENGINE,
        "options": options,
    }  # fmt: skip
