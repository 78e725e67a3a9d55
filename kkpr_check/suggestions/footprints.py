"""A building moved to where it may stand, shrunk, or cut back: the least that passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from shapely import affinity

from kkpr_check import engine
from kkpr_check.envelope import Envelope
from kkpr_check.geometry import overlap_of, polygons_of, remainder_of, round_m, union_of
from kkpr_check.model import Site
from kkpr_check.siteinfo import compass_of, info_of
from kkpr_check.suggestions.change import Change, Judge, Passed, down, set_numbers, with_numbers

LEAST_SCALE = 0.5
MOST_ROOMS = 8
_STEP = 0.05
_FINE = 1e-3
_FINE_M = 0.01
_SAVED = 0.01
_NARROW_M = 1.5
"""A trimmed building keeps no tail narrower than this."""
_MARGIN_M = 2e-3
"""A move ends this far beyond the point where it begins to pass, so that rounding of coordinates can not undo it."""


def moved(change: Change, judge: Judge) -> Passed | None:
    """Return the shortest move of the building that passes, and the numbers that then still have to change."""
    site = change.site
    best: Passed | None = None
    for dx, dy in _ways_in(site.footprint, _rooms(site, judge)):
        if best is not None and np.hypot(dx, dy) >= _length(best.change):
            continue
        passed = with_numbers(_shifted(change, dx, dy), judge)
        if passed is not None:
            best = _shorter(change, dx, dy, judge) or passed
    return best


def _length(change: Change) -> float:
    return float(dict(change.values)["distance_m"])


def _shifted(change: Change, dx: float, dy: float) -> Change:
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


def _shorter(change: Change, dx: float, dy: float, judge: Judge) -> Passed | None:
    """Return the shortest passing part of a move, in its direction, to 5 mm; with a margin for rounding."""
    low, high = 0.0, 1.0
    length = float(np.hypot(dx, dy))
    while (high - low) * length > 5e-3:
        middle = (low + high) / 2
        good = with_numbers(_shifted(change, dx * middle, dy * middle), judge)
        low, high = (low, middle) if good else (middle, high)
    part = min(high + _MARGIN_M / length, 1.0)
    return with_numbers(_shifted(change, dx * part, dy * part), judge)


def envelope_of(site: Site, judge: Judge) -> Envelope | None:
    """Return where the parcel of a site may be built on."""
    bare = replace(site, footprint=None)
    surveys, _ = engine.survey([bare], judge.windows, judge.options, known_m=judge.known_m)
    return info_of(surveys[0]).envelope


def _rooms(site: Site, judge: Judge) -> list[Any]:
    """Return where a building may stand: each room of the envelope, and all of them together."""
    envelope = envelope_of(site, judge)
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


def _scaled(change: Change, scale: float) -> Change:
    footprint = change.site.footprint
    assert footprint is not None
    smaller = affinity.scale(footprint, scale, scale, origin=footprint.centroid)
    return _smaller(change, smaller, "shrink-footprint", scale=scale)


def _smaller(change: Change, left: Any, step: str, **values: Any) -> Change:
    """Return the change with a smaller footprint; a floor area that no longer fits on its floors follows."""
    given, site = change.site.proposal, replace(change.site, footprint=left)
    before = dict(change.values).get("less_m2", 0.0) + change.site.footprint.area  # type: ignore[union-attr]
    area, lost = float(round_m(left.area)), float(round_m(before - left.area))
    done = change.then(site, step, **values, footprint_m2=area, less_m2=lost)
    if given.floor_area_m2 is None or given.floors is None or given.floor_area_m2 <= given.floors * area:
        return done
    return set_numbers(done, "reduce-floor-area", floor_area_m2=down(given.floors * area, 0.1))


def _largest(passes: Callable[[float], Passed | None]) -> Passed | None:
    """Return what passes at the largest scale, to a thousandth: a coarse search down, then halving."""
    scale, before = 1.0 - _STEP, 1.0
    good = passes(scale)
    while good is None:
        before, scale = scale, round(scale - _STEP, 9)
        if scale < LEAST_SCALE - 1e-9:
            return None
        good = passes(scale)
    low, good = _furthest(passes, scale, good, before, _FINE)
    safe = passes(round(np.floor(low / _FINE) * _FINE - _FINE, 6))
    return safe or good


def _furthest(
    passes: Callable[[float], Passed | None], good_at: float, good: Passed, bad_at: float, fine: float
) -> tuple[float, Passed]:
    """Return the value nearest to one that fails which still passes, to `fine`, and what it gives: by bisection."""
    while abs(good_at - bad_at) > fine:
        middle = (good_at + bad_at) / 2
        better = passes(middle)
        if better is None:
            bad_at = middle
        else:
            good_at, good = middle, better
    return good_at, good


def shrunk(change: Change, judge: Judge) -> Passed | None:
    """Return the building shrunk about its middle as little as passes."""
    return _largest(lambda scale: with_numbers(_scaled(change, scale), judge))


def cut_back(change: Change, judge: Judge) -> Iterator[Passed | None]:
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
        passed = with_numbers(trimmed, judge)
        if passed is not None:
            yield passed
            return
    for trimmed in inside[:1]:
        yield _cut_on_one_side(trimmed, judge)
        yield shrunk(trimmed, judge)


def _cut_on_one_side(change: Change, judge: Judge) -> Passed | None:
    """Return the building with a strip taken off one of its sides, the least that passes."""
    footprint = change.site.footprint
    box = shapely.minimum_rotated_rectangle(footprint)
    if shapely.get_dimensions(box) != 2:
        return None
    corners = shapely.get_coordinates(box)[:-1]
    best: Passed | None = None
    for i in range(4):
        here, there, back = corners[i], corners[(i + 1) % 4], corners[(i + 3) % 4]
        inward = back - here
        deep_m = float(np.hypot(*inward))
        direction = compass_of(float(np.degrees(np.arctan2(*-inward))))

        def without(cut_m: float, here: Any = here, there: Any = there, inward: Any = inward / deep_m,
                    direction: str = direction) -> Passed | None:  # fmt: skip
            strip = shapely.Polygon([here, there, there + inward * cut_m, here + inward * cut_m])
            left = remainder_of(footprint, shapely.buffer(strip, 1e-6, join_style="mitre"))
            if left.area < LEAST_SCALE**2 * footprint.area:  # type: ignore[union-attr]
                return None
            cut = _smaller(change, left, "cut-footprint", cut_m=float(round_m(cut_m)), direction=direction)
            return with_numbers(cut, judge)

        passed = _least(without, (1.0 - LEAST_SCALE) * deep_m)
        if passed is not None and (best is None or lost_m2(passed) < lost_m2(best)):
            best = passed
    return best


def lost_m2(passed: Passed) -> float:
    """Return how much smaller the building became."""
    return float(dict(passed.change.values)["less_m2"])


def _least(passes: Callable[[float], Passed | None], most_m: float) -> Passed | None:
    """Return what passes at the least length up to `most_m`, to a centimetre."""
    good = passes(most_m)
    if good is None:
        return None
    high, good = _furthest(passes, most_m, good, 0.0, _FINE_M)
    return passes(float(np.ceil(high / _FINE_M) * _FINE_M)) or good


def _trimmed(change: Change, judge: Judge) -> Iterator[Change]:
    """Yield what of the building lies where it may stand, the largest first."""
    footprint = change.site.footprint
    assert footprint is not None
    envelope = envelope_of(change.site, judge)
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


def moved_and_shrunk(change: Change, judge: Judge) -> Passed | None:
    """Return the building shrunk and moved."""
    rooms = _rooms(change.site, judge)

    def passes(scale: float) -> Passed | None:
        smaller = _scaled(change, scale)
        for dx, dy in _ways_in(smaller.site.footprint, rooms)[:3]:
            passed = with_numbers(_shifted(smaller, dx, dy), judge)
            if passed is not None:
                return passed
        return None

    return _largest(passes) if rooms else None
