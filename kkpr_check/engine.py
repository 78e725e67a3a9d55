"""One path behind check, batch and the Python API: a block of sites and plan windows in, reports out.

Everything is in one metric CRS; nothing is read, printed or looked up here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
import shapely

from kkpr_check.adverse import Reach
from kkpr_check.building import Answer, judge_buildings
from kkpr_check.candidates import BuildingSite, ZonePart
from kkpr_check.errors import Text
from kkpr_check.features import PlanWindow
from kkpr_check.findings import (
    building_finding,
    building_words,
    land_finding,
    land_words,
    not_evaluated,
    not_judged,
    unreadable,
)
from kkpr_check.frontage import Network, frontage_of
from kkpr_check.geometry import EMPTY, left_of, overlap_of, remainder_of, round_m, union_of, without_noise
from kkpr_check.judgement import Judgement
from kkpr_check.land import judge_land
from kkpr_check.ledger import Parts, entry
from kkpr_check.model import (
    Approvable,
    Finding,
    LedgerEntry,
    LedgerZone,
    Outcome,
    Proposal,
    Report,
    Site,
    Verdict,
)
from kkpr_check.phrases import Quantity
from kkpr_check.plan import Plan
from kkpr_check.rules import ORDER, RULES
from kkpr_check.uses import use_of, with_front_classes
from kkpr_check.verdict import decide, pathway_of
from kkpr_check.zoning import Coverage, PlanMap, Subjects, overlay_plans

ROAD_SUBZONE = "BJ"
COMBINED = "*"
"""Plan id of a ledger entry of the combined map of all plans."""
LEAST_FLOOR_SHARE = 0.5
"""A floor area below this share of the footprint is no floor area (roofs and canopies reach beyond the floors)."""
_UNREAD = Text("The site could not be read.", "Lokasi tidak terbaca.")
_NOT_JUDGED = Text("The site was not judged.", "Lokasi belum dinilai.")


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for.

    `include_draft` judges plans that are not law yet, and says so; without `distances` there is no flip distance where
    it decides nothing.
    """

    as_of: dt.date
    include_draft: bool = False
    strict_accuracy: bool = False
    distances: bool = True


@dataclass(frozen=True, slots=True)
class Judged:
    """Reports in the order of the sites, and how far beyond the sites features were needed (metres)."""

    reports: tuple[Report, ...]
    needed_m: float


def judge(
    sites: Sequence[Site], windows: Sequence[PlanWindow], options: Options, *, known_m: float
) -> Judged:
    """Judge a block of sites.

    Parameters
    ----------
    sites
        Sites in one metric CRS.
    windows
        Every plan given, with all of its features within `known_m` of the sites; those not in force are named, not
        judged.
    known_m
        How far beyond the sites the features are complete.

    Returns
    -------
    Judged
        Where ``needed_m > known_m`` the caller reads wider windows and judges again.
    """
    stages, reach = _stages(sites, windows, options, known_m)
    return Judged(tuple(_reported(stages, options)), reach.needed_m)


@dataclass(frozen=True, slots=True)
class Survey:
    """What the plans say of one site, with the stages behind it: for `kkpr_check.envelope` and `kkpr_check.siteinfo`.

    `parcel` is the row of the parcel in `coverage` (None where the site could not be read).
    """

    site: Site
    report: Report
    parcel: int | None
    judgements: tuple[Judgement, ...]
    coverage: Coverage
    building: BuildingSite


def survey(
    sites: Sequence[Site], windows: Sequence[PlanWindow], options: Options, *, known_m: float
) -> tuple[tuple[Survey, ...], float]:
    """Judge a block of parcels as `judge` does and return what was found on the way, and the reach that was needed."""
    stages, reach = _stages(sites, windows, options, known_m, edges=True)
    found = tuple(
        Survey(site, report, stage.parcel, stage.judgements, stages.coverage, built)
        for site, report, stage, built in zip(
            stages.sites, _reported(stages, options), stages.land, stages.built, strict=True
        )
    )
    return found, reach.needed_m


@dataclass(frozen=True, slots=True)
class _Stages:
    """Everything that a block of reports is made of."""

    sites: list[Site]
    subjects: Subjects
    coverage: Coverage
    land: list[LandStage]
    built: list[BuildingSite]
    answers: list[list[Answer]]
    draft: bool
    left_out: list[tuple[str, Text]]
    idle: list[PlanWindow]
    """Plans that are not in force."""


def _stages(
    sites: Sequence[Site],
    windows: Sequence[PlanWindow],
    options: Options,
    known_m: float,
    *,
    edges: bool = False,
) -> tuple[_Stages, Reach]:
    """Judge land and buildings; `edges` asks for the edges of every parcel, also where no rule needs them."""
    sites = [_with_floor_area(site) for site in sites]
    used, left_out = in_force(windows, options)
    names = {plan for plan, _ in left_out}
    idle = [window for window in windows if window.plan.id in names]
    used = [with_front_classes(window) for window in used]
    subjects = Subjects.of(sites)
    coverage = overlay_plans(subjects, used)
    reach = Reach(known_m, told=options.distances)
    land = judge_land(sites, subjects, coverage, reach, strict_accuracy=options.strict_accuracy)
    network = network_of(used)
    of_site: list[list[Judgement]] = [[] for _ in sites]
    for item in land:
        of_site[int(subjects.site[item.subject])].append(item)
    stage = [_land_stage(i, site, subjects, coverage, of_site[i]) for i, site in enumerate(sites)]
    built = [
        _building_site(site, s, subjects, coverage, network, edges)
        for site, s in zip(sites, stage, strict=True)
    ]
    answers: list[list[Answer]] = [[] for _ in sites]
    for answer in judge_buildings(built):
        answers[answer.site].append(answer)
    draft = any(not w.plan.in_force(options.as_of) for w in used)
    return _Stages(sites, subjects, coverage, stage, built, answers, draft, left_out, idle), reach


def _reported(stages: _Stages, options: Options) -> list[Report]:
    return [
        _report(
            site,
            stages.land[i],
            stages.subjects,
            stages.coverage,
            stages.answers[i],
            stages.draft,
            stages.left_out,
            stages.idle,
        )
        for i, site in enumerate(stages.sites)
    ]


def _with_floor_area(site: Site) -> Site:
    """Assume floors x footprint where the floor area of a building is not given (contract section 1a.1)."""
    site = _without_impossible_floor_area(site)
    given = site.proposal
    if site.footprint is None or given.floor_area_m2 is not None or given.floors is None:
        return site
    area = float(round_m(site.footprint.area * given.floors))
    note = Text(
        f"floor_area_m2 = floors x footprint = {Quantity(area, 'm2').text().en}",
        f"floor_area_m2 = jumlah lantai x tapak = {Quantity(area, 'm2').text().id}",
    )
    return replace(site, proposal=replace(given, floor_area_m2=area), assumptions=(*site.assumptions, note))


def _without_impossible_floor_area(site: Site) -> Site:
    """Leave out a floor area that can not be: "1.269" for 1,269 m2 would pass every KLB."""
    area = site.proposal.floor_area_m2
    if site.footprint is None or area is None or area >= LEAST_FLOOR_SHARE * site.footprint.area:
        return site
    given, drawn = Quantity(area, "m2").text(), Quantity(float(round_m(site.footprint.area)), "m2").text()
    note = Text(
        f"floor_area_m2 = {given.en} is less than half of the ground floor ({drawn.en}): it is not used",
        f"floor_area_m2 = {given.id} kurang dari separuh lantai dasar ({drawn.id}): tidak dipakai",
    )
    bare = replace(site.proposal, floor_area_m2=None)
    return replace(site, proposal=bare, assumptions=(*site.assumptions, note))


def in_force(
    windows: Sequence[PlanWindow], options: Options
) -> tuple[list[PlanWindow], list[tuple[str, Text]]]:
    """Return the plans that judge on a date, and the others with the reason why they do not."""
    used, left_out = [], []
    for window in windows:
        plan = window.plan
        if plan.in_force(options.as_of) or (options.include_draft and plan.status == "draft"):
            used.append(window)
        elif plan.status == "draft":
            left_out.append((plan.id, Text("draft, not in force", "rancangan, belum berlaku")))
        else:
            left_out.append(
                (plan.id, Text(f"not in force on {options.as_of}", f"tidak berlaku pada {options.as_of}"))
            )
    return used, left_out


def network_of(windows: Sequence[PlanWindow]) -> Network:
    """Return the roads of plans: their road layers, and the road zones they draw."""
    roads, drawn, known = [], [], False
    for window in windows:
        layers = [window.layers[layer.id] for layer in window.plan.layers_of("road")]
        roads += layers
        subzone = window.zoning.meaning.get("subzone")
        is_road = np.array(
            [code == ROAD_SUBZONE for code in subzone] if subzone is not None else [], dtype=bool
        )
        if is_road.any():
            drawn.append(window.zoning.take(is_road))
        known |= bool(layers) or bool(is_road.any()) or ROAD_SUBZONE in window.plan.tables.zones
    return Network.of(roads, drawn, known=known)


@dataclass(frozen=True, slots=True)
class LandStage:
    """What the land findings come to at one site.

    Of the parcel: what is refused, what is left without that (`left`), and what of it is approvable; noise is in neither.
    """

    parcel: int | None
    footprint: int | None
    judgements: tuple[Judgement, ...]
    refused: Any
    left: Any
    approvable: Any
    whole_in_doubt: bool


def _land_stage(
    i: int, site: Site, subjects: Subjects, coverage: Coverage, land: Sequence[Judgement]
) -> LandStage:
    rows = {subjects.kind[k]: int(k) for k in np.flatnonzero(subjects.site == i)}
    parcel, footprint = rows.get("parcel"), rows.get("footprint")
    if parcel is None:
        return LandStage(None, footprint, tuple(land), EMPTY, EMPTY, EMPTY, True)
    assert site.parcel is not None
    failed = [j for j in land if j.subject == parcel and j.outcome is Outcome.FAIL]
    unsure = [j for j in land if j.subject == parcel and j.outcome is Outcome.UNDETERMINED]
    refused = _union_in(site.parcel, [j.pieces for j in failed if j.pieces is not None])
    doubtful = _union_in(site.parcel, [j.pieces for j in unsure if j.pieces is not None])
    in_doubt = any(j.pieces is None and j.rule.code != "LOK004" for j in unsure)
    size_m2, approvable, zoned = site.parcel.area, EMPTY, EMPTY
    if not in_doubt:
        zoned = union_of([m.judged.geometry[r] for m in coverage.maps for r in m.rows(parcel)])
        taken = _union_in(site.parcel, [refused, doubtful])
        approvable = left_of(zoned, taken, EMPTY, size_m2, coverage.tolerance)
    if zoned is site.parcel and doubtful.is_empty:
        left = approvable
    else:
        left = left_of(site.parcel, refused, approvable, size_m2, coverage.tolerance)
    return LandStage(parcel, footprint, tuple(land), refused, left, approvable, in_doubt)


def _union_in(parcel: Any, pieces: Sequence[Any]) -> Any:
    """Return the union of parts of a parcel; the parcel itself where one of them is all of it."""
    return parcel if any(piece is parcel for piece in pieces) else union_of(pieces)


def _building_site(
    site: Site, stage: LandStage, subjects: Subjects, coverage: Coverage, network: Network, edges: bool
) -> BuildingSite:
    parts, parcel = [], None
    lot_low = lot_high = float("nan")
    if stage.parcel is not None and site.parcel is not None:
        parcel = site.parcel if stage.left.is_empty else stage.left  # nothing left: judged on the whole
        lot_low, lot_high = float(round_m(stage.approvable.area)), float(round_m(parcel.area))
    for plan in coverage.maps:
        under = (
            {}
            if stage.footprint is None
            else {int(plan.judged.group[r]): r for r in plan.rows(stage.footprint)}
        )
        over = {} if stage.parcel is None else {int(plan.judged.group[r]): r for r in plan.rows(stage.parcel)}
        for group in sorted({**under, **over}):
            whole = plan.judged.geometry[over[group]] if group in over else EMPTY
            left = EMPTY
            if site.parcel is not None and whole is site.parcel and plan.plan.tolerance == coverage.tolerance:
                left = stage.left
            elif site.parcel is not None:
                left = left_of(whole, stage.refused, stage.approvable, site.parcel.area, plan.plan.tolerance)
            area = float(plan.judged.area_m2[under[group]]) if group in under else 0.0
            # Where all of a part is refused its rules are judged on the part itself: nothing is left to build on.
            piece = whole if left.is_empty else left
            if stage.parcel is None or not piece.is_empty:
                parts.append(ZonePart(plan.plan, *plan.label(group), piece, area, left.is_empty))
    needed = (
        edges
        or site.footprint is not None
        or any(part.plan.tables.asks_for_rumija(part.subzone) for part in parts)
    )
    frontage = frontage_of(site.parcel, network) if stage.parcel is not None and needed else None
    return BuildingSite(
        site, tuple(parts), parcel, stage.approvable, lot_low, lot_high, frontage, network, coverage.tolerance
    )


def _report(
    site: Site,
    stage: LandStage,
    subjects: Subjects,
    coverage: Coverage,
    answers: Sequence[Answer],
    draft: bool,
    left_out: Sequence[tuple[str, Text]],
    idle: Sequence[PlanWindow],
) -> Report:
    if site.doubt is not None:
        return _unreadable(site, draft, left_out)
    land = _shown(stage)
    idle_rules = {j.rule.code: land_words(j) for j in land if j.outcome is Outcome.NOT_APPLICABLE}
    idle_rules |= {a.rule.code: building_words(a) for a in answers if a.outcome is Outcome.NOT_APPLICABLE}
    kept = [
        land_finding(j, subjects.kind[j.subject]) for j in land if j.outcome is not Outcome.NOT_APPLICABLE
    ]
    kept += [building_finding(a, site) for a in answers if a.outcome is not Outcome.NOT_APPLICABLE]
    kept += _without_answer({f.rule for f in kept} | idle_rules.keys(), site, stage, coverage)
    kept.sort(key=lambda f: (f.subject != "parcel", ORDER[f.rule], f.plan or "", -f.outcome, f.zone or ""))
    pathway, reason = _pathway(site, stage, subjects, coverage, idle)
    ledger = _ledger(stage, subjects, coverage)
    verdict = decide(kept, site, stage.left, stage.approvable, coverage.tolerance)
    if draft and verdict in (Verdict.CONFORM, Verdict.CONDITIONAL, Verdict.PARTIAL):
        verdict = Verdict.UNDETERMINED
    return Report(
        site=site,
        verdict=verdict,
        pathway=pathway,
        pathway_reason=reason,
        self_declaration=_is_self_declared(site),
        findings=tuple(kept),
        not_evaluated=not_evaluated(kept, idle_rules),
        ledger=ledger,
        combined=_combined(ledger, stage, subjects, coverage),
        approvable=_approvable(site, stage),
        assumptions=(*site.assumptions, *_assumptions(site), *_of_one_rank(stage, subjects, coverage)),
        draft=draft,
        plans_judged=tuple(m.plan.id for m in coverage.maps),
        plans_left_out=tuple(left_out),
    )


def _unreadable(site: Site, draft: bool, left_out: Sequence[tuple[str, Text]]) -> Report:
    reason = _UNREAD if site.unread else _NOT_JUDGED
    rest = tuple((rule.code, reason) for rule in RULES if rule.code != "LOK000")
    return Report(
        site, Verdict.UNDETERMINED, "PKKPR", reason, _is_self_declared(site), (unreadable(site),), rest,
        (), (), None, site.assumptions, draft, (), tuple(left_out),
    )  # fmt: skip


def _is_self_declared(site: Site) -> bool:
    """Tell whether a business is micro or small: no KKPR is issued, it declares itself (pernyataan mandiri)."""
    return site.proposal.business_scale in ("micro", "small")


def _shown(stage: LandStage) -> list[Judgement]:
    """Return the land answers to report.

    All of the parcel's; of a footprint on a parcel what fails there, and what is unknown there and not on the parcel.
    """
    if stage.parcel is None:
        return list(stage.judgements)
    told = {_key(j) for j in stage.judgements if j.subject == stage.parcel}
    return [
        j
        for j in stage.judgements
        if j.subject == stage.parcel
        or j.outcome is Outcome.FAIL
        or (j.outcome is Outcome.UNDETERMINED and _key(j) not in told)
    ]


def _key(item: Judgement) -> tuple[Any, ...]:
    return item.rule.code, item.plan.plan.id if item.plan else None, item.zone, item.outcome


def _without_answer(answered: Set[str], site: Site, stage: LandStage, coverage: Coverage) -> list[Finding]:
    """Return an undetermined finding for each rule that nothing here could be judged by: no plan, no zone."""
    subjects = [k for k in (stage.parcel, stage.footprint) if k is not None]
    decided = any(m.rows(k) for m in coverage.maps for k in subjects)
    missing = ("zoning",) if decided else ("plan",)
    return [
        not_judged(rule, site, missing)
        for rule in RULES
        if rule.code not in answered and rule.code[:3] not in ("LOK", "RTR")
    ]


def _approvable(site: Site, stage: LandStage) -> Approvable | None:
    if site.parcel is None or stage.parcel is None or stage.approvable.is_empty:
        return None
    area, parcel = float(round_m(stage.approvable.area)), float(round_m(site.parcel.area))
    return Approvable(area, min(area / parcel, 1.0), stage.approvable) if area and parcel else None


def _ledger(stage: LandStage, subjects: Subjects, coverage: Coverage) -> tuple[LedgerEntry, ...]:
    rows = [k for k in (stage.parcel, stage.footprint) if k is not None]
    return tuple(_entry(k, subjects, m, m.own) for k in rows for m in coverage.maps)


def _entry(k: int, subjects: Subjects, plan: PlanMap, parts: Parts) -> LedgerEntry:
    return entry(subjects.kind[k], plan.plan.id, subjects.geometry[k], plan.labels, parts, k)


def _combined(
    own: Sequence[LedgerEntry], stage: LandStage, subjects: Subjects, coverage: Coverage
) -> tuple[LedgerEntry, ...]:
    """Return the ledger of the combined map: each part in the plan that decides it; `own` are the plans' own ledgers."""
    found = []
    plans = len(coverage.maps)
    for n, k in enumerate(k for k in (stage.parcel, stage.footprint) if k is not None):
        entries = [
            mine if m.judged is m.own else _entry(k, subjects, m, m.judged)
            for m, mine in zip(coverage.maps, own[n * plans : (n + 1) * plans], strict=True)
        ]
        zones: list[LedgerZone] = [z for e in entries for z in e.zones]
        zones.sort(key=lambda z: (-z.area_m2, z.subzone))
        area = float(round_m(subjects.area_m2[k]))
        dropped = float(round_m(sum(e.dropped_m2 for e in entries)))
        overlap = float(round_m(sum(e.overlap_m2 for e in entries)))
        gap = float(round_m(area - sum(z.area_m2 for z in zones) - dropped + overlap))
        if gap < 0:
            overlap, gap = float(round_m(overlap - gap)), 0.0
        found.append(LedgerEntry(subjects.kind[k], COMBINED, area, tuple(zones), gap, overlap, dropped))
    return tuple(found)


def _pathway(
    site: Site, stage: LandStage, subjects: Subjects, coverage: Coverage, idle: Sequence[PlanWindow]
) -> tuple[Literal["KKKPR", "PKKPR", "RKKPR"], Text]:
    k = stage.parcel if stage.parcel is not None else stage.footprint
    if k is None:
        return "PKKPR", _NOT_JUDGED
    mine = [(m, r) for m in coverage.maps for r in m.rows(k)]
    psn = bool(site.proposal.psn)
    return pathway_of(
        _integrated(k, subjects, coverage),
        any(m.plan.level == "rdtr" for m, _ in mine),
        psn,
        psn and any(_decides(m.plan, m.subzones[m.judged.group[r]], site.proposal) for m, r in mine),
        any(
            w.plan.level == "rdtr" and bool(shapely.intersects(w.zoning.geometry, subjects.geometry[k]).any())
            for w in idle
        ),
    )


def _integrated(k: int, subjects: Subjects, coverage: Coverage) -> bool:
    """Tell whether RDTRs that are integrated in OSS cover a subject up to noise."""
    oss = [m for m in coverage.maps if m.plan.level == "rdtr" and m.plan.oss_integrated]
    wholes = [whole for m in oss for whole in m.own.whole[m.own.of(k)]]
    covered = oss[0].own.cover(k) if len(oss) == 1 else union_of(wholes)
    subject, area_m2 = subjects.geometry[k], float(subjects.area_m2[k])
    if covered is subject:
        return True
    return bool(oss) and without_noise(remainder_of(subject, covered), area_m2, coverage.tolerance).is_empty


def _decides(plan: Plan, subzone: str, proposal: Proposal) -> bool:
    return any((a, subzone) in plan.tables.itbx for a in use_of(proposal, plan.tables).activities)


def _of_one_rank(stage: LandStage, subjects: Subjects, coverage: Coverage) -> list[Text]:
    """Name the plans of one rank that cover the same ground: the first by its id judges it, which nobody decided."""
    found: list[Text] = []
    k = stage.parcel if stage.parcel is not None else stage.footprint
    if k is None:
        return found
    for first, second in combinations(coverage.maps, 2):
        if first.plan.order[0] != second.plan.order[0] or not first.rows(k):
            continue
        both = overlap_of(
            union_of([first.judged.geometry[r] for r in first.rows(k)]),
            union_of(second.own.whole[second.own.of(k)]),
        )
        if without_noise(both, float(subjects.area_m2[k]), coverage.tolerance).is_empty:
            continue
        one, other, size = first.plan.id, second.plan.id, Quantity(float(round_m(both.area)), "m2").text()
        found.append(
            Text(
                f"{one} and {other} have the same rank and both cover {size.en} of the site: {one} was taken to decide there"
                " (rank or valid_until in plan.toml says which does)",
                f"{one} dan {other} setingkat dan sama-sama mencakup {size.id} lokasi: {one} dianggap menentukan di sana"
                " (rank atau valid_until di plan.toml menyatakan yang berlaku)",
            )
        )
    return found


def _assumptions(site: Site) -> list[Text]:
    if site.parcel is None and site.candidates:
        names = ", ".join(site.candidates)
        return [
            Text(
                f"Which parcel the building stands on is not known; it may be: {names}",
                f"Persil tempat bangunan berdiri belum pasti; mungkin: {names}",
            )
        ]
    if site.existing is None and site.parcel is not None:
        return [
            Text(
                "No existing building on the parcel is known; none was counted in KDB and KDH.",
                "Bangunan yang sudah ada di persil tidak diketahui; tidak ada yang dihitung dalam KDB dan KDH.",
            )
        ]
    return []
