"""Judge a block of sites and make its rows. Everything a faster judge would replace stands behind `judge_block`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check import engine
from kkpr_check.batch.classes import judge_alike
from kkpr_check.batch.plans import MemoryPlan
from kkpr_check.batch.prepared import Prepared
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.standing import StandingBuildings
from kkpr_check.batch.table import BlockRows, joined, rows_of
from kkpr_check.checking import deeper_than, least_reach_m, paired, with_buildings
from kkpr_check.features import Objects
from kkpr_check.io.pairing import with_existing
from kkpr_check.model import Report, Site

SITES_AT_ONCE = 128
"""Sites whose features are looked up together: few enough for a small window, enough for one numpy call."""
FIRST_REACH_M = 250.0
"""How far about the sites features are taken at first: from memory they cost little, a second look at a site much."""
PLANS_PREPARED = 4
"""Sets of plans that stay prepared for parcels alike; each holds its layers once more, as edges and grids."""


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """What a block is judged for.

    Attributes
    ----------
    engine
        Date, drafts, accuracy.
    lang
        Language of the messages.
    message, findings
        Whether messages and the long table are wanted.
    existing
        Buildings of ``--existing`` in the working CRS, None where the option is not given.
    kept
        Where answers for classes of parcels are kept between blocks; None: the engine judges every parcel.
    """

    engine: engine.Options
    lang: str
    message: bool = True
    findings: bool = False
    existing: StandingBuildings | None = None
    kept: dict[tuple[str, ...], Prepared] | None = None


def judge_block(
    sites: SiteBlock, plans: Sequence[MemoryPlan], options: JudgeOptions, work_crs: str
) -> BlockRows:
    """Judge sites of one working CRS against plans, as `kkpr_check.checking` judges a few.

    Parameters
    ----------
    sites
        In metres of `work_crs`, in any order.
    plans
        The plans that may reach the sites, in `work_crs`.

    Returns
    -------
    BlockRows
        One row a site, in the order of the sites; ``row`` is theirs.
    """
    fast = _by_class(sites, plans, options, work_crs)
    if fast is None:
        return _one_by_one(sites, plans, options, work_crs)
    rest = np.setdiff1d(np.arange(len(sites)), fast.row)
    fast = fast.placed(sites.row)
    fast.by_class = len(fast.row)
    if not len(rest):
        return fast
    return joined([fast, _one_by_one(sites.take(rest), plans, options, work_crs)])


def _by_class(
    sites: SiteBlock, plans: Sequence[MemoryPlan], options: JudgeOptions, work_crs: str
) -> BlockRows | None:
    """Return the rows of the parcels that are plain; `row` holds places in `sites`."""
    if options.kept is None:
        return None
    key = (work_crs, *(plan.plan.id for plan in plans))
    if key not in options.kept:
        while len(options.kept) >= PLANS_PREPARED:
            options.kept.pop(next(iter(options.kept)))
        options.kept[key] = Prepared(plans, work_crs, options.engine)

    def exact(some: SiteBlock) -> list[Report]:
        return _reports(some, plans, options, work_crs)

    lang = options.lang if options.message else None
    return judge_alike(sites, options.kept[key], exact, options.existing, lang, findings=options.findings)


def _one_by_one(
    sites: SiteBlock, plans: Sequence[MemoryPlan], options: JudgeOptions, work_crs: str
) -> BlockRows:
    """Return the rows of sites that the engine judges one by one."""
    made = []
    for members in _together(sites):
        part = sites.take(members)
        reports = _judge(list(part), plans, options, work_crs)
        told = {"message": options.message, "findings": options.findings}
        made.append(rows_of(reports, part.row, options.lang, **told))
    return joined(made)


def _reports(
    sites: SiteBlock, plans: Sequence[MemoryPlan], options: JudgeOptions, work_crs: str
) -> list[Report]:
    """Let the engine judge every site."""
    reports: list[Report | None] = [None] * len(sites)
    for members in _together(sites):
        part = sites.take(members)
        for n, report in zip(members.tolist(), _judge(list(part), plans, options, work_crs), strict=True):
            reports[n] = report
    return [report for report in reports if report is not None]


def _judge(
    sites: list[Site], plans: Sequence[MemoryPlan], options: JudgeOptions, work_crs: str
) -> tuple[Report, ...]:
    sites = [paired(site, plans, work_crs) for site in sites]
    sites = [_with_existing(site, plans, options.existing, work_crs) for site in sites]
    reach_m = max(least_reach_m(plans), FIRST_REACH_M)
    placed: dict[int, Report] = {}
    rest = list(range(len(sites)))
    while rest:
        some = [sites[i] for i in rest]
        shapes = [g for site in some for g in (site.parcel, site.footprint) if g is not None]
        boxes = np.array(shapes, dtype=object)
        windows = [plan.around(boxes, work_crs, reach_m) for plan in plans]
        judged = engine.judge(some, windows, options.engine, known_m=reach_m)
        placed.update(zip(rest, judged.reports, strict=True))
        if judged.needed_m <= reach_m:
            break
        rest = [i for i in rest if deeper_than(placed[i], reach_m)]
        reach_m = judged.needed_m * 1.5
    return tuple(placed[i] for i in range(len(sites)))


def _together(sites: SiteBlock) -> list[NDArray[np.int64]]:
    """Return groups of sites that lie near each other."""
    shapes = sites.parcel if sites.footprint is None else either(sites.parcel, sites.footprint)
    x, y = (shapely.bounds(shapes).T.reshape(2, 2, -1).sum(axis=0)) / 2
    order = _along_curve(x, y)
    return [order[n : n + SITES_AT_ONCE] for n in range(0, len(order), SITES_AT_ONCE)]


def either(first: Objects, second: Objects) -> Objects:
    """Return the first geometry of each site, or where it has none the second."""
    return np.where(shapely.is_missing(first), second, first)


def _along_curve(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the places ordered along a Z curve over their extent."""
    cell = np.zeros(len(x), dtype=np.uint64)
    for values, shift in ((x, 0), (y, 1)):
        low, span = values.min(), max(float(np.ptp(values)), 1e-9)
        step = np.minimum((values - low) / span * 65_535, 65_535).astype(np.uint64)
        for bit in range(16):
            cell |= ((step >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + shift)
    return np.argsort(cell, kind="stable")


def _with_existing(
    site: Site, plans: Sequence[MemoryPlan], existing: StandingBuildings | None, work_crs: str
) -> Site:
    """Add the buildings that stand already: of ``--existing``, else of the plans' building layers."""
    if site.parcel is None:
        return site
    if existing is not None:
        return with_existing(site, existing.near(site))
    for plan in plans:
        for spec in plan.plan.layers_of("building"):
            site = with_buildings(site, plan, spec, work_crs)
    return site
