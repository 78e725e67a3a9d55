"""What would pass: the smallest changes of a failing proposal, each one judged again by the engine.

Nothing is suggested that the engine has not called conforming (or conforming with conditions) as a whole. The search is
bounded by counts and goes through the same candidates in the same order every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely import affinity

from kkpr_check import engine
from kkpr_check.engine import Options
from kkpr_check.envelope import Envelope
from kkpr_check.errors import Text
from kkpr_check.features import PlanWindow
from kkpr_check.geometry import EMPTY, overlap_of, polygons_of, remainder_of, round_m, union_of, without_noise
from kkpr_check.model import Finding, Outcome, Report, Site, Suggestion, Suggestions, Verdict
from kkpr_check.phrases import Quantity
from kkpr_check.plan import Tolerance
from kkpr_check.siteinfo import compass_of, info_of
from kkpr_check.uses import use_of

ZONES_WITHIN_M = 500.0
LEAST_SCALE = 0.5
MOST_ROOMS = 8
MOST_USES = 40
SHOWN_USES = 5
SHOWN_ZONES = 6
BOUNDS = Text(
    "the building moved within its parcel, shrunk or cut back to half its length and width at most, fewer floors, less floor area, "
    "height or basement, more green, the refused part of the parcel left out, uses of the same KBLI group, "
    "other sub-zones within 500 m",
    "bangunan digeser di dalam persil, diperkecil atau dipotong paling jauh menjadi setengah panjang dan lebarnya, lantai, luas "
    "lantai, tinggi, atau basemen dikurangi, ruang hijau ditambah, bagian persil yang ditolak dilepas, kegiatan dari golongan "
    "KBLI yang sama, subzona lain dalam 500 m",
)
NOT_SEARCHED = Text("", "")
_STEP = 0.05
_FINE = 1e-3
_FINE_M = 0.01
_SMALLER = ("trim-footprint", "cut-footprint", "shrink-footprint")
_MUCH_MORE = 1.5
"""Of buildings made smaller in different ways, those are told that lose no more than this times the least loss."""
_SAVED = 0.01
_NARROW_M = 1.5
"""A trimmed building keeps no tail narrower than this."""
_MARGIN_M = 2e-3
"""A move ends this far beyond the point where it begins to pass, so that rounding of coordinates can not undo it."""
_PASSES = (Verdict.CONFORM, Verdict.CONDITIONAL)


@dataclass(frozen=True, slots=True)
class _Change:
    """A changed site, what was done to it, and the numbers that changed."""

    site: Site
    steps: tuple[str, ...] = ()
    values: tuple[tuple[str, Any], ...] = ()

    def then(self, site: Site, step: str, **values: Any) -> _Change:
        steps = self.steps if step in self.steps else (*self.steps, step)
        return _Change(site, steps, tuple({**dict(self.values), **values}.items()))


@dataclass(frozen=True, slots=True)
class _Passed:
    change: _Change
    report: Report


class _Judge:
    """The engine with fixed plans: one site in, its report out."""

    def __init__(self, windows: Sequence[PlanWindow], options: Options, known_m: float) -> None:
        self.windows = tuple(windows)
        self.options = options
        self.known_m = known_m

    def __call__(self, site: Site) -> Report:
        return engine.judge([site], self.windows, self.options, known_m=self.known_m).reports[0]

    def plans(self) -> list[PlanWindow]:
        """Return the windows whose plans are judged, the highest ranked first."""
        as_of, draft = self.options.as_of, self.options.include_draft
        used = [w for w in self.windows if w.plan.in_force(as_of) or (draft and w.plan.status == "draft")]
        return sorted(used, key=lambda w: w.plan.order)


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
    if site.doubt is not None or report.verdict in _PASSES:
        return Suggestions((), NOT_SEARCHED, ())
    blocked = _blocked(report)
    if any(name.startswith("plan.toml:") or name == "plan" for name in blocked):
        return Suggestions((), NOT_SEARCHED, blocked)
    judge = _Judge(windows, options, known_m)
    found = list(_changed(site, report, judge))
    if any(f.rule.startswith("KGT") and f.outcome >= Outcome.UNDETERMINED for f in report.findings):
        found += _other_uses(site, judge)
        found += _other_zones(site, _Judge(wide(), judge.options, known_m))
    return Suggestions(tuple(found), BOUNDS, () if found else blocked)


def _blocked(report: Report) -> tuple[str, ...]:
    """Return the inputs that are not known, for which no change can make up."""
    return tuple(sorted({n for f in report.findings if f.outcome is Outcome.UNDETERMINED for n in f.missing}))


def _changed(site: Site, report: Report, judge: _Judge) -> Iterator[Suggestion]:
    """Yield changes of building and parcel: first on the parcel as it is, then on its approvable part."""
    starts = [_Change(site)]
    part = report.approvable
    if site.parcel is not None and part is not None and part.share < 1 - 1e-6:
        envelope = _envelope(site, judge)
        refused = EMPTY if envelope is None else envelope.refused
        land = without_noise(remainder_of(part.geometry, refused), site.parcel.area, Tolerance())
        if not land.is_empty:
            cut = replace(site, parcel=land, proposal=replace(site.proposal, legal_area_m2=None))
            area = float(round_m(land.area))
            starts.append(_Change(site).then(cut, "excise-part", parcel_m2=area))
    known: list[_Passed] = []
    for start in starts:
        found = _ways(start, judge)
        new = [one for one in found if not any(_is_no_worse(other, one) for other in known)]
        known += new
        yield from (_suggestion(one) for one in new)


def _ways(start: _Change, judge: _Judge) -> list[_Passed]:
    """Return what passes from a start: numbers alone, else a move and smaller buildings, else both at once."""
    alone = _with_numbers(start, judge)
    if alone is not None:
        return [alone] if alone.change.steps else []
    if start.site.footprint is None:
        return []
    moved = _moved(start, judge)
    smaller = [*_cut_back(start, judge), _shrunk(start, judge)]
    kept = sorted((one for one in smaller if one is not None), key=_lost)
    found = [] if moved is None else [moved]
    found += [one for one in kept if _lost(one) <= _MUCH_MORE * _lost(kept[0])]
    if found:
        return found
    both = _moved_and_shrunk(start, judge)
    return [] if both is None else [both]


def _is_no_worse(one: _Passed, other: _Passed) -> bool:
    """Tell whether a change asks for no more than another one that also leaves a part of the parcel out."""
    if tuple(step for step in other.change.steps if step != "excise-part") != one.change.steps:
        return False
    mine, its = dict(one.change.values), dict(other.change.values)
    return all(mine.get(name, 0.0) <= its.get(name, 0.0) + 0.05 for name in ("less_m2", "distance_m"))


def _with_numbers(change: _Change, judge: _Judge) -> _Passed | None:
    """Return the change with the numbers that still fail set to what passes, or None."""
    for _ in range(4):
        report = judge(change.site)
        if report.verdict in _PASSES:
            return _Passed(change, report)
        fails = [f for f in report.findings if f.outcome is Outcome.FAIL]
        if not fails:
            return None
        for finding in {f.rule: f for f in fails}.values():
            step = _number(change, finding, fails)
            if step is None:  # no number makes this one pass
                return None
            if finding.rule != "INT002" or all(f.rule != "TAB005" for f in fails):
                change = step  # fewer floors may be enough for KLB too: that is looked at next
    return None


def _number(change: _Change, finding: Finding, fails: Sequence[Finding]) -> _Change | None:
    """Return the change with the number behind one failing finding at its limit."""
    given, measured, limit = change.site.proposal, finding.measured, finding.limit
    if not isinstance(measured, float) or not isinstance(limit, float):
        return None
    worst = [
        f.limit / f.measured
        for f in fails
        if f.rule == finding.rule and isinstance(f.limit, float) and isinstance(f.measured, float) and f.measured
    ]  # fmt: skip
    ratio = min(worst, default=0.0)
    if finding.rule == "TAB004" and given.height_m is not None:
        return _set(change, "reduce-height", height_m=_down(given.height_m * ratio, 0.01))
    if finding.rule == "TAB005" and given.floors is not None:
        floors = float(np.floor(given.floors * ratio + 1e-9))
        return _fewer_floors(change, floors) if floors >= 1 else None
    if finding.rule == "INT002":
        if given.floor_area_m2 is not None:
            area = _down(given.floor_area_m2 * ratio, 0.1)
            return _set(change, "reduce-floor-area", floor_area_m2=area) if area > 0 else None
        floors = float(np.floor((given.floors or 0.0) * ratio + 1e-9))
        return _fewer_floors(change, floors) if floors >= 1 else None
    if finding.rule == "INT004" and given.basement_area_m2 is not None:
        return _set(change, "reduce-basement", basement_area_m2=_down(given.basement_area_m2 * ratio, 0.1))
    if finding.rule == "INT003" and given.green_area_m2 is not None:
        whole = given.green_area_m2 / measured if measured else change.site.parcel.area  # type: ignore[union-attr]
        green = float(np.round(np.ceil(limit * whole * 10 - 1e-6) / 10, 1))
        return _set(change, "add-green", green_area_m2=green) if green > given.green_area_m2 else None
    return None


def _down(value: float, unit: float) -> float:
    return float(np.round(np.floor(value / unit + 1e-6) * unit, 4))


def _set(change: _Change, step: str, **values: float) -> _Change:
    proposal = replace(change.site.proposal, **values)  # type: ignore[arg-type]
    return change.then(replace(change.site, proposal=proposal), step, **values)


def _fewer_floors(change: _Change, floors: float) -> _Change:
    """Return the change with fewer floors; a floor area that no longer fits on them follows."""
    area, footprint = change.site.proposal.floor_area_m2, change.site.footprint
    values = {"floors": floors}
    if area is not None and footprint is not None and area > floors * footprint.area:
        values["floor_area_m2"] = _down(floors * footprint.area, 0.1)
    return _set(change, "reduce-floors", **values)


def _moved(change: _Change, judge: _Judge) -> _Passed | None:
    """Return the shortest move of the building that passes, and the numbers that then still have to change."""
    site = change.site
    best: _Passed | None = None
    for dx, dy in _ways_in(site.footprint, _rooms(site, judge)):
        if best is not None and np.hypot(dx, dy) >= _length(best.change):
            continue
        passed = _with_numbers(_shifted(change, dx, dy), judge)
        if passed is not None:
            best = _shorter(change, dx, dy, judge) or passed
    return best


def _length(change: _Change) -> float:
    return float(dict(change.values)["distance_m"])


def _shifted(change: _Change, dx: float, dy: float) -> _Change:
    moved = affinity.translate(change.site.footprint, dx, dy)
    distance, bearing = float(np.hypot(dx, dy)), float(np.degrees(np.arctan2(dx, dy)) % 360)
    return change.then(
        replace(change.site, footprint=moved),
        "move-footprint",
        move_east_m=float(round_m(dx)),
        move_north_m=float(round_m(dy)),
        distance_m=float(round_m(distance)),
        direction=compass_of(bearing),
    )


def _shorter(change: _Change, dx: float, dy: float, judge: _Judge) -> _Passed | None:
    """Return the shortest passing part of a move, in its direction, to 5 mm; with a margin for rounding."""
    low, high = 0.0, 1.0
    length = float(np.hypot(dx, dy))
    while (high - low) * length > 5e-3:
        middle = (low + high) / 2
        good = _with_numbers(_shifted(change, dx * middle, dy * middle), judge)
        low, high = (low, middle) if good else (middle, high)
    part = min(high + _MARGIN_M / length, 1.0)
    return _with_numbers(_shifted(change, dx * part, dy * part), judge)


def _envelope(site: Site, judge: _Judge) -> Envelope | None:
    bare = replace(site, footprint=None)
    surveys, _ = engine.survey([bare], judge.windows, judge.options, known_m=judge.known_m)
    return info_of(surveys[0]).envelope


def _rooms(site: Site, judge: _Judge) -> list[Any]:
    """Return where a building may stand: each room of the envelope, and all of them together."""
    envelope = _envelope(site, judge)
    if envelope is None:
        return []
    rooms = [room.geometry for room in envelope.rooms if room.area_m2 > 0]
    together = [] if len(rooms) < 2 else [union_of(rooms)]
    parts = [p for room in (*rooms, *together) for p in polygons_of(room)]
    return sorted(parts, key=lambda p: -p.area)[:MOST_ROOMS]


def _ways_in(footprint: Any, rooms: Sequence[Any]) -> list[tuple[float, float]]:
    """Return the shortest moves that bring a building into each room, the shortest first.

    A move keeps every corner in the room where it lies in the intersection of the room moved back by each corner; that
    is exact where the room is convex, and what it finds is looked at again where not.
    """
    found = []
    corners = shapely.get_coordinates(shapely.convex_hull(footprint))
    corners = np.unique(corners, axis=0)
    for room in rooms:
        allowed = room
        allowed = affinity.translate(room, -corners[0][0], -corners[0][1])
        for x, y in corners[1:]:
            allowed = overlap_of(allowed, affinity.translate(room, -x, -y))
        inside = shapely.buffer(allowed, -_MARGIN_M, join_style="mitre")
        if inside.is_empty:
            continue
        target = shapely.get_coordinates(shapely.shortest_line(shapely.Point(0, 0), inside))[1]
        moved = affinity.translate(footprint, *target)
        if remainder_of(moved, room).area <= 1e-6:
            found.append((float(target[0]), float(target[1])))
        else:
            found += _on_a_grid(footprint, room, inside)
    return sorted(found, key=lambda v: (round(float(np.hypot(*v)), 6), v))


def _on_a_grid(footprint: Any, room: Any, allowed: Any) -> list[tuple[float, float]]:
    """Return the shortest move into a room that is not convex, among 25 x 25 places."""
    x0, y0, x1, y1 = allowed.bounds
    xs, ys = np.meshgrid(np.linspace(x0, x1, 25), np.linspace(y0, y1, 25))
    vectors = np.stack([xs.ravel(), ys.ravel()], axis=1)
    vectors = vectors[np.argsort(np.hypot(vectors[:, 0], vectors[:, 1]), kind="stable")]
    for dx, dy in vectors:
        if room.contains(affinity.translate(footprint, dx, dy)):
            return [(float(dx), float(dy))]
    return []


def _scaled(change: _Change, scale: float) -> _Change:
    footprint = change.site.footprint
    assert footprint is not None
    smaller = affinity.scale(footprint, scale, scale, origin=footprint.centroid)
    return _smaller(change, smaller, "shrink-footprint", scale=scale)


def _smaller(change: _Change, left: Any, step: str, **values: Any) -> _Change:
    """Return the change with a smaller footprint; a floor area that no longer fits on its floors follows."""
    given, site = change.site.proposal, replace(change.site, footprint=left)
    before = dict(change.values).get("less_m2", 0.0) + change.site.footprint.area  # type: ignore[union-attr]
    area, lost = float(round_m(left.area)), float(round_m(before - left.area))
    done = change.then(site, step, **values, footprint_m2=area, less_m2=lost)
    if given.floor_area_m2 is None or given.floors is None or given.floor_area_m2 <= given.floors * area:
        return done
    return _set(done, "reduce-floor-area", floor_area_m2=_down(given.floors * area, 0.1))


def _largest(passes: Callable[[float], _Passed | None]) -> _Passed | None:
    """Return what passes at the largest scale, to a thousandth: a coarse search down, then halving."""
    scale, before = 1.0 - _STEP, 1.0
    good = passes(scale)
    while good is None:
        before, scale = scale, round(scale - _STEP, 9)
        if scale < LEAST_SCALE - 1e-9:
            return None
        good = passes(scale)
    low, high = scale, before
    while high - low > _FINE:
        middle = (low + high) / 2
        better = passes(middle)
        if better is None:
            high = middle
        else:
            low, good = middle, better
    safe = passes(round(np.floor(low / _FINE) * _FINE - _FINE, 6))
    return safe or good


def _shrunk(change: _Change, judge: _Judge) -> _Passed | None:
    """Return the building shrunk about its middle as little as passes."""
    return _largest(lambda scale: _with_numbers(_scaled(change, scale), judge))


def _cut_back(change: _Change, judge: _Judge) -> Iterator[_Passed | None]:
    """Yield the building with a strip taken off one side, and without what lies where it may not stand.

    What lies where it may stand can still be too much of the parcel: then a strip is taken off that, or it shrinks.
    """
    cut = _cut_on_one_side(change, judge)
    yield cut
    inside = list(_trimmed(change, judge))
    if cut is not None:  # one straight cut is simpler: an outline along the limits has to save something
        least_m2 = dict(cut.change.values)["footprint_m2"] * (1 + _SAVED)
        inside = [trimmed for trimmed in inside if dict(trimmed.values)["footprint_m2"] > least_m2]
    for trimmed in inside:
        passed = _with_numbers(trimmed, judge)
        if passed is not None:
            yield passed
            return
    for trimmed in inside[:1]:
        yield _cut_on_one_side(trimmed, judge)
        yield _shrunk(trimmed, judge)


def _cut_on_one_side(change: _Change, judge: _Judge) -> _Passed | None:
    """Return the building with a strip taken off one of its sides, the least that passes."""
    footprint = change.site.footprint
    box = shapely.minimum_rotated_rectangle(footprint)
    if shapely.get_dimensions(box) != 2:
        return None
    corners = shapely.get_coordinates(box)[:-1]
    best: _Passed | None = None
    for i in range(4):
        here, there, back = corners[i], corners[(i + 1) % 4], corners[(i + 3) % 4]
        inward = back - here
        deep_m = float(np.hypot(*inward))
        direction = compass_of(float(np.degrees(np.arctan2(*-inward))))

        def without(cut_m: float, here: Any = here, there: Any = there, inward: Any = inward / deep_m,
                    direction: str = direction) -> _Passed | None:  # fmt: skip
            strip = shapely.Polygon([here, there, there + inward * cut_m, here + inward * cut_m])
            left = remainder_of(footprint, shapely.buffer(strip, 1e-6, join_style="mitre"))
            if left.area < LEAST_SCALE**2 * footprint.area:  # type: ignore[union-attr]
                return None
            cut = _smaller(change, left, "cut-footprint", cut_m=float(round_m(cut_m)), direction=direction)
            return _with_numbers(cut, judge)

        passed = _least(without, (1.0 - LEAST_SCALE) * deep_m)
        if passed is not None and (best is None or _lost(passed) < _lost(best)):
            best = passed
    return best


def _lost(passed: _Passed) -> float:
    return float(dict(passed.change.values)["less_m2"])


def _least(passes: Callable[[float], _Passed | None], most_m: float) -> _Passed | None:
    """Return what passes at the least length up to `most_m`, to a centimetre."""
    good = passes(most_m)
    if good is None:
        return None
    low, high = 0.0, most_m
    while high - low > _FINE_M:
        middle = (low + high) / 2
        better = passes(middle)
        if better is None:
            low = middle
        else:
            high, good = middle, better
    return passes(float(np.ceil(high / _FINE_M) * _FINE_M)) or good


def _trimmed(change: _Change, judge: _Judge) -> Iterator[_Change]:
    """Yield what of the building lies where it may stand, the largest first."""
    footprint = change.site.footprint
    assert footprint is not None
    envelope = _envelope(change.site, judge)
    if envelope is None:
        return
    pieces = []
    for room in (envelope.geometry, *(room.geometry for room in envelope.rooms)):
        whole = _without_tails(overlap_of(footprint, room))
        pieces += [whole, *sorted(polygons_of(whole), key=lambda part: -float(part.area))[:1]]
    before_m2 = footprint.area
    for left in sorted(pieces, key=lambda piece: -float(piece.area)):
        if LEAST_SCALE**2 * footprint.area < left.area < before_m2 - 1e-4:
            before_m2 = left.area
            yield _smaller(change, left, "trim-footprint")


def _without_tails(shape: Any) -> Any:
    eroded = shapely.buffer(shape, -_NARROW_M / 2, join_style="mitre")
    return overlap_of(shape, shapely.buffer(eroded, _NARROW_M / 2, join_style="mitre"))


def _moved_and_shrunk(change: _Change, judge: _Judge) -> _Passed | None:
    """Return the building shrunk and moved."""
    rooms = _rooms(change.site, judge)

    def passes(scale: float) -> _Passed | None:
        smaller = _scaled(change, scale)
        for dx, dy in _ways_in(smaller.site.footprint, rooms)[:3]:
            passed = _with_numbers(_shifted(smaller, dx, dy), judge)
            if passed is not None:
                return passed
        return None

    return _largest(passes) if rooms else None


def _other_uses(site: Site, judge: _Judge) -> Iterator[Suggestion]:
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
        change = _Change(site).then(changed, "other-use", kbli=code, shared_digits=near[code])
        passed = _with_numbers(change, judge) or _built_otherwise(change, judge)
        if passed is None:
            continue
        letters = [f.measured for f in passed.report.findings if f.rule == "KGT001" and f.measured]
        names = [
            w.plan.tables.activities.get(a, a) for w in judge.plans()[:1] for a in w.plan.tables.kbli.get(code, ())
        ]  # fmt: skip
        extra = {"itbx": ", ".join(dict.fromkeys(str(x) for x in letters)), "activity_name": "; ".join(names)}
        told = passed.change.then(passed.change.site, "other-use", **extra)
        yield _suggestion(_Passed(told, passed.report))
        shown += 1
        if shown == SHOWN_USES:
            return


def _built_otherwise(change: _Change, judge: _Judge) -> _Passed | None:
    """Return the change with the building moved or made smaller, where the land is no obstacle to the other use."""
    findings = judge(change.site).findings
    if any(f.rule[:3] in ("LOK", "KGT", "KHS") and f.outcome >= Outcome.UNDETERMINED for f in findings):
        return None
    return next(iter(_ways(change, judge)), None)


def _shared(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _other_zones(site: Site, judge: _Judge) -> Iterator[Suggestion]:
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
            _Passed(
                _Change(
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


def _land(site: Site, piece: Any, judge: _Judge) -> tuple[Report | None, Any]:
    """Judge a piece of land for the use alone; where only a part of it passes, that part."""
    use = replace(site.proposal, legal_area_m2=None, floor_area_m2=None, floors=None, height_m=None,
                  green_area_m2=None, basement_area_m2=None)  # fmt: skip
    for _ in range(2):
        report = judge(replace(site, parcel=piece, footprint=None, existing=EMPTY, proposal=use))
        if report.verdict in _PASSES:
            return report, piece
        if report.approvable is None:
            break
        parts = polygons_of(report.approvable.geometry)
        piece = max(parts, key=lambda p: float(p.area))
    return None, piece


def _suggestion(passed: _Passed) -> Suggestion:
    change, understood = passed.change, passed.report.site.proposal
    steps = tuple(sorted(change.steps, key=list(_SAY).index))
    values = dict(change.values)
    if change.site.footprint is not None and set(_SMALLER) & set(steps):
        # also where it was only assumed (floors x footprint): the old one would not fit the new building
        values["floor_area_m2"] = understood.floor_area_m2
    return Suggestion(
        steps=steps,
        values={name: value for name, value in values.items() if value is not None},
        message=_told(values, steps),
        verdict=passed.report.verdict,
        verified=passed.report.verdict in _PASSES,
        footprint=change.site.footprint if {"move-footprint", *_SMALLER} & set(steps) else None,
        parcel=change.site.parcel if {"excise-part", "other-zone"} & set(steps) else None,
    )


_COMPASS_ID = {
    "N": Text("north", "utara"), "NE": Text("northeast", "timur laut"), "E": Text("east", "timur"),
    "SE": Text("southeast", "tenggara"), "S": Text("south", "selatan"), "SW": Text("southwest", "barat daya"),
    "W": Text("west", "barat"), "NW": Text("northwest", "barat laut"),
}  # fmt: skip


def _told(v: dict[str, Any], steps: Sequence[str]) -> Text:
    said = [_SAY[step](v) for step in steps]
    last = max((i for i, step in enumerate(steps) if step in _SMALLER), default=None)
    if last is not None:
        less, size = Quantity(v["less_m2"], "m2").text(), Quantity(v["footprint_m2"], "m2").text()
        said[last] = Text(
            f"{said[last].en} ({less.en} less, footprint {size.en})",
            f"{said[last].id} (berkurang {less.id}, tapak menjadi {size.id})",
        )
    en, id_ = ("; ".join(getattr(t, lang) for t in said) for lang in ("en", "id"))
    return Text(f"{en[:1].upper()}{en[1:]}.", f"{id_[:1].upper()}{id_[1:]}.")


def _say_move(v: dict[str, Any]) -> Text:
    far, where = Quantity(v["distance_m"], "m").text(), _COMPASS_ID[v["direction"]]
    east, north = Quantity(v["move_east_m"], "m").text(), Quantity(v["move_north_m"], "m").text()
    return Text(
        f"move the building {far.en} to the {where.en} (east {east.en}, north {north.en})",
        f"geser bangunan {far.id} ke {where.id} (timur {east.id}, utara {north.id})",
    )


def _say_shrink(v: dict[str, Any]) -> Text:
    scale = Quantity(v["scale"], "ratio").text()
    return Text(
        f"shrink the building to {scale.en} of its length and width",
        f"perkecil bangunan menjadi {scale.id} dari panjang dan lebarnya",
    )


def _say_cut(v: dict[str, Any]) -> Text:
    deep, where = Quantity(v["cut_m"], "m").text(), _COMPASS_ID[v["direction"]]
    return Text(
        f"take {deep.en} off the {where.en} side of the building",
        f"kurangi bangunan {deep.id} di sisi {where.id}",
    )


def _say_trim(v: dict[str, Any]) -> Text:
    return Text(
        "cut the building back to the setback lines and the land that allows it",
        "potong bangunan mengikuti garis sempadan dan lahan yang memperbolehkannya",
    )


def _say_zone(v: dict[str, Any]) -> Text:
    far, size = Quantity(v["distance_m"], "m").text(), Quantity(v["area_m2"], "m2").text()
    where = _COMPASS_ID[v["direction"]]
    if v["distance_m"] == 0:
        return Text(
            f"sub-zone {v['subzone']} ({v['itbx']}), adjoining to the {where.en}, {size.en} within 500 m (the land only)",
            f"subzona {v['subzone']} ({v['itbx']}), berbatasan di {where.id}, {size.id} dalam 500 m (hanya lahan)",
        )
    return Text(
        f"sub-zone {v['subzone']} ({v['itbx']}), {far.en} to the {where.en}, {size.en} within 500 m (the land only)",
        f"subzona {v['subzone']} ({v['itbx']}), {far.id} ke {where.id}, {size.id} dalam 500 m (hanya lahan)",
    )


def _say_number(key: str, unit: str, en: str, id_: str) -> Callable[[dict[str, Any]], Text]:
    def say(v: dict[str, Any]) -> Text:
        amount = Quantity(v[key], unit).text()
        return Text(f"{en} {amount.en}", f"{id_} {amount.id}")

    return say


def _say_use(v: dict[str, Any]) -> Text:
    name = f" {v['activity_name']}" if v.get("activity_name") else ""
    letter = f" ({v['itbx']})" if v.get("itbx") else ""
    return Text(
        f"another use: KBLI {v['kbli']}{name}{letter}", f"kegiatan lain: KBLI {v['kbli']}{name}{letter}"
    )


_SAY: dict[str, Callable[[dict[str, Any]], Text]] = {
    "other-zone": _say_zone,
    "other-use": _say_use,
    "excise-part": _say_number(
        "parcel_m2", "m2", "apply for the conforming part of the parcel only:", "mohonkan hanya bagian persil yang sesuai:"
    ),
    "move-footprint": _say_move,
    "trim-footprint": _say_trim,
    "cut-footprint": _say_cut,
    "shrink-footprint": _say_shrink,
    "reduce-floors": _say_number("floors", "floors", "reduce the building to", "kurangi bangunan menjadi"),
    "reduce-floor-area": _say_number("floor_area_m2", "m2", "reduce the floor area to", "kurangi luas lantai menjadi"),
    "reduce-height": _say_number("height_m", "m", "reduce the height to", "kurangi tinggi menjadi"),
    "reduce-basement": _say_number("basement_area_m2", "m2", "reduce the basement to", "kurangi basemen menjadi"),
    "add-green": _say_number("green_area_m2", "m2", "provide green area of", "sediakan ruang hijau"),
}  # fmt: skip
"""How each step is told, in the order in which they are."""
