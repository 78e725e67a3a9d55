"""What would pass: the smallest changes of a failing proposal, each one judged again by the engine.

Nothing is suggested that the engine has not called conforming (or conforming with conditions) as a whole. The search is
bounded by counts and goes through the same candidates in the same order every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from kkpr_check.engine import Options
from kkpr_check.errors import Text
from kkpr_check.features import PlanWindow
from kkpr_check.geometry import EMPTY, overlap_of, polygons_of, remainder_of, round_m, union_of, without_noise
from kkpr_check.model import Outcome, Report, Site, Suggestion, Suggestions
from kkpr_check.plan import Tolerance
from kkpr_check.siteinfo import compass_of
from kkpr_check.suggestions.change import PASSES, Change, Judge, Passed, with_numbers
from kkpr_check.suggestions.footprints import cut_back, envelope_of, lost_m2, moved, moved_and_shrunk, shrunk
from kkpr_check.suggestions.words import BOUNDS, SAY, SMALLER, told
from kkpr_check.uses import use_of

ZONES_WITHIN_M = 500.0
MOST_USES = 40
SHOWN_USES = 5
SHOWN_ZONES = 6
NOT_SEARCHED = Text("", "")
_MUCH_MORE = 1.5
"""Of buildings made smaller in different ways, those are told that lose no more than this times the least loss."""


def suggest(
    site: Site,
    report: Report,
    windows: Sequence[PlanWindow],
    options: Options,
    *,
    known_m: float,
    wide: Callable[[], Sequence[PlanWindow]],
) -> Suggestions:
    """Return what would pass.

    Parameters
    ----------
    site, report
        The proposal as it was given (metres, one CRS), and what was said of it.
    windows, options, known_m
        As for `kkpr_check.engine.judge`.
    wide
        Returns windows that reach `ZONES_WITHIN_M` further, for other sub-zones.
    """
    if site.doubt is not None or report.verdict in PASSES:
        return Suggestions((), NOT_SEARCHED, ())
    blocked = _blocked(report)
    if any(name.startswith("plan.toml:") or name == "plan" for name in blocked):
        return Suggestions((), NOT_SEARCHED, blocked)
    judge = Judge(windows, options, known_m)
    found = list(_changed(site, report, judge))
    if any(f.rule.startswith("KGT") and f.outcome >= Outcome.UNDETERMINED for f in report.findings):
        found += _other_uses(site, judge)
        found += _other_zones(site, Judge(wide(), judge.options, known_m))
    return Suggestions(tuple(found), BOUNDS, () if found else blocked)


def _blocked(report: Report) -> tuple[str, ...]:
    """Return the inputs that are not known, for which no change can make up."""
    return tuple(sorted({n for f in report.findings if f.outcome is Outcome.UNDETERMINED for n in f.missing}))


def _changed(site: Site, report: Report, judge: Judge) -> Iterator[Suggestion]:
    """Yield changes of building and parcel: first on the parcel as it is, then on its approvable part."""
    starts = [Change(site)]
    part = report.approvable
    if site.parcel is not None and part is not None and part.share < 1 - 1e-6:
        envelope = envelope_of(site, judge)
        refused = EMPTY if envelope is None else envelope.refused
        land = without_noise(remainder_of(part.geometry, refused), site.parcel.area, Tolerance())
        if not land.is_empty:
            cut = replace(site, parcel=land, proposal=replace(site.proposal, legal_area_m2=None))
            area = float(round_m(land.area))
            starts.append(Change(site).then(cut, "excise-part", parcel_m2=area))
    known: list[Passed] = []
    for start in starts:
        found = _ways(start, judge)
        new = [one for one in found if not any(_is_no_worse(other, one) for other in known)]
        known += new
        yield from (_suggestion(one) for one in new)


def _ways(start: Change, judge: Judge) -> list[Passed]:
    """Return what passes from a start: numbers alone, else a move and smaller buildings, else both at once."""
    alone = with_numbers(start, judge)
    if alone is not None:
        return [alone] if alone.change.steps else []
    if start.site.footprint is None:
        return []
    elsewhere = moved(start, judge)
    smaller = [*cut_back(start, judge), shrunk(start, judge)]
    kept = sorted((one for one in smaller if one is not None), key=lost_m2)
    found = [] if elsewhere is None else [elsewhere]
    found += [one for one in kept if lost_m2(one) <= _MUCH_MORE * lost_m2(kept[0])]
    if found:
        return found
    both = moved_and_shrunk(start, judge)
    return [] if both is None else [both]


def _is_no_worse(one: Passed, other: Passed) -> bool:
    """Tell whether a change asks for no more than another one that also leaves a part of the parcel out."""
    if tuple(step for step in other.change.steps if step != "excise-part") != one.change.steps:
        return False
    mine, its = dict(one.change.values), dict(other.change.values)
    return all(mine.get(name, 0.0) <= its.get(name, 0.0) + 0.05 for name in ("less_m2", "distance_m"))


def _other_uses(site: Site, judge: Judge) -> Iterator[Suggestion]:
    """Yield the permitted uses nearest to the one asked for: codes that share most digits first."""
    codes: dict[str, tuple[str, ...]] = {}
    given = site.proposal.kbli
    starts = [given] if given else []
    for window in judge.plans():
        tables = window.plan.tables
        if not starts:
            mine = set(use_of(site.proposal, tables).activities)
            starts = sorted(k for k, mapped in tables.kbli.items() if mine & set(mapped))
        codes.update(tables.kbli)
    near = {
        code: max(_shared(code, start) for start in starts)
        for code in codes
        if starts and code != given and max(_shared(code, start) for start in starts) >= 2
    }
    shown = 0
    for code in sorted(near, key=lambda c: (-near[c], c))[:MOST_USES]:
        changed = replace(site, proposal=replace(site.proposal, kbli=code, activity=None))
        change = Change(site).then(changed, "other-use", kbli=code, shared_digits=near[code])
        passed = with_numbers(change, judge) or _built_otherwise(change, judge)
        if passed is None:
            continue
        letters = [f.measured for f in passed.report.findings if f.rule == "KGT001" and f.measured]
        names = [
            w.plan.tables.activities.get(a, a) for w in judge.plans()[:1] for a in w.plan.tables.kbli.get(code, ())
        ]  # fmt: skip
        extra = {"itbx": ", ".join(dict.fromkeys(str(x) for x in letters)), "activity_name": "; ".join(names)}
        told = passed.change.then(passed.change.site, "other-use", **extra)
        yield _suggestion(Passed(told, passed.report))
        shown += 1
        if shown == SHOWN_USES:
            return


def _built_otherwise(change: Change, judge: Judge) -> Passed | None:
    """Return the change with the building moved or made smaller, where the land is no obstacle to the other use."""
    findings = judge(change.site).findings
    if any(f.rule[:3] in ("LOK", "KGT", "KHS") and f.outcome >= Outcome.UNDETERMINED for f in findings):
        return None
    return next(iter(_ways(change, judge)), None)


def _shared(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _other_zones(site: Site, judge: Judge) -> Iterator[Suggestion]:
    """Yield other sub-zones within 500 m whose land the engine lets pass for this use, the nearest first."""
    subject = site.parcel if site.parcel is not None else site.footprint
    if subject is None:
        return
    around = shapely.buffer(subject, ZONES_WITHIN_M)
    candidates = []
    for window in judge.plans()[:1]:
        tables = window.plan.tables
        activities = use_of(site.proposal, tables).activities
        column = window.zoning.meaning.get("subzone")
        codes = [] if column is None else [None if c is None else str(c) for c in column]
        for subzone in sorted({c for c in codes if c is not None}):
            cells = [tables.itbx.get((a, subzone)) for a in activities]
            if not cells or any(cell is None or cell.letter == "X" for cell in cells):
                continue
            mask = np.array([c == subzone for c in codes], dtype=np.bool_)
            pieces = overlap_of(union_of(window.zoning.geometry[mask]), around)
            pieces = remainder_of(pieces, subject)
            parts = [p for p in polygons_of(pieces) if p.area >= subject.area]
            if parts:
                nearest = min(parts, key=lambda p: (round(p.distance(subject), 3), -p.area))
                letter = ", ".join(dict.fromkeys(cell.letter for cell in cells if cell))
                candidates.append((float(round_m(nearest.distance(subject))), subzone, nearest, letter))
    for distance, subzone, piece, letter in sorted(candidates, key=lambda c: (c[0], c[1]))[:SHOWN_ZONES]:
        passed, land = _land(site, piece, judge)
        if passed is None:
            continue
        line = shapely.get_coordinates(shapely.shortest_line(subject.centroid, land))
        step = line[1] - subject.centroid.coords[0]
        bearing = float(np.degrees(np.arctan2(step[0], step[1])) % 360)
        yield _suggestion(
            Passed(
                Change(
                    replace(site, parcel=land, footprint=None),
                    ("other-zone",),
                    (
                        ("subzone", subzone),
                        ("itbx", letter),
                        ("distance_m", max(distance, float(round_m(land.distance(subject))))),
                        ("direction", compass_of(bearing)),
                        ("area_m2", float(round_m(land.area))),
                    ),
                ),
                passed,
            )
        )


def _land(site: Site, piece: Any, judge: Judge) -> tuple[Report | None, Any]:
    """Judge a piece of land for the use alone; where only a part of it passes, that part."""
    use = replace(site.proposal, legal_area_m2=None, floor_area_m2=None, floors=None, height_m=None,
                  green_area_m2=None, basement_area_m2=None)  # fmt: skip
    for _ in range(2):
        report = judge(replace(site, parcel=piece, footprint=None, existing=EMPTY, proposal=use))
        if report.verdict in PASSES:
            return report, piece
        if report.approvable is None:
            break
        parts = polygons_of(report.approvable.geometry)
        piece = max(parts, key=lambda p: float(p.area))
    return None, piece


def _suggestion(passed: Passed) -> Suggestion:
    change, understood = passed.change, passed.report.site.proposal
    steps = tuple(sorted(change.steps, key=list(SAY).index))
    values = dict(change.values)
    if change.site.footprint is not None and set(SMALLER) & set(steps):
        # also where it was only assumed (floors x footprint): the old one would not fit the new building
        values["floor_area_m2"] = understood.floor_area_m2
    return Suggestion(
        steps=steps,
        values={name: value for name, value in values.items() if value is not None},
        message=told(values, steps),
        verdict=passed.report.verdict,
        verified=passed.report.verdict in PASSES,
        footprint=change.site.footprint if {"move-footprint", *SMALLER} & set(steps) else None,
        parcel=change.site.parcel if {"excise-part", "other-zone"} & set(steps) else None,
    )
