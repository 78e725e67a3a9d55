"""Layers that are no zoning map (roads, rivers, overlays ...): features added, removed and moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from kkpr_check.changes.attributes import witness_of
from kkpr_check.changes.base import LISTED, Change, Floats, Ints, LayerSide, Objects, rounded
from kkpr_check.changes.matching import Matched
from kkpr_check.geometry import objects, overlap_of, remainder_of
from kkpr_check.phrases import Quantity, features, say
from kkpr_check.plan import Tolerance

SAME_SHARE = 0.3
"""Two features are one that was reshaped where they share this much of the larger one."""
NEAR_M = 10.0
"""Lines are one line that moved where they run within this distance of each other for that share."""


@dataclass(frozen=True, slots=True)
class FeaturePairs:
    """Rows of OLD and NEW that are one feature with another outline, and what is left."""

    old: Ints
    new: Ints
    removed: Ints
    added: Ints


def pair_reshaped(old: LayerSide, new: LayerSide, matched: Matched) -> FeaturePairs:
    """Pair the features without equal partner: those that share most come first, each has one partner."""
    rest_old, rest_new = matched.rest_old, matched.rest_new
    near = np.full((0, 2), 0, dtype=np.int64)
    if len(rest_old) and len(rest_new):
        tree = shapely.STRtree(new.geometry[rest_new])
        west, south, east, north = shapely.bounds(old.geometry[rest_old]).T
        reach = shapely.box(west - NEAR_M, south - NEAR_M, east + NEAR_M, north + NEAR_M)
        near = np.column_stack(tree.query(reach)).astype(np.int64)
    shared = _shared(old.geometry[rest_old[near[:, 0]]], new.geometry[rest_new[near[:, 1]]])
    same_id = _same_id(old, new, rest_old[near[:, 0]], rest_new[near[:, 1]])
    order = np.lexsort((near[:, 1], near[:, 0], -(shared + same_id)))
    taken_old, taken_new, pairs = set(), set(), []
    for n in order.tolist():
        a, b = near[n].tolist()
        if shared[n] < SAME_SHARE and not (same_id[n] and shared[n] > 0):
            continue
        if a not in taken_old and b not in taken_new:
            taken_old.add(a)
            taken_new.add(b)
            pairs.append((a, b))
    pairs.sort()
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    left_old = np.setdiff1d(np.arange(len(rest_old)), both[:, 0])
    left_new = np.setdiff1d(np.arange(len(rest_new)), both[:, 1])
    return FeaturePairs(rest_old[both[:, 0]], rest_new[both[:, 1]], rest_old[left_old], rest_new[left_new])


def _shared(a: Objects, b: Objects) -> Floats:
    """Return the share of the larger of two geometries that they have in common; 0 where their kinds differ."""
    if not len(a):
        return np.zeros(0)
    share = np.zeros(len(a))
    dimension, other = shapely.get_dimensions(a), shapely.get_dimensions(b)
    areal = (dimension == 2) & (other == 2)
    share[areal] = shapely.area(overlap_of(a[areal], b[areal])) / np.maximum(
        shapely.area(a[areal]), shapely.area(b[areal])
    )
    linear = (dimension == 1) & (other == 1)
    if linear.any():
        beside = shapely.buffer(b[linear], NEAR_M, quad_segs=2)
        share[linear] = shapely.length(shapely.intersection(a[linear], beside)) / np.maximum(
            shapely.length(a[linear]), shapely.length(b[linear])
        )
    point = (dimension == 0) & (other == 0)
    share[point] = np.clip(1 - shapely.distance(a[point], b[point]) / NEAR_M, 0, 1)
    return share


def _same_id(old: LayerSide, new: LayerSide, rows_old: Ints, rows_new: Ints) -> Floats:
    """Return 1 for pairs of one id; ids that are only row numbers say nothing."""
    if old.feature_field is None or old.feature_field != new.feature_field or not len(rows_old):
        return np.zeros(len(rows_old))
    return np.asarray(old.feature[rows_old] == new.feature[rows_new], dtype=float)


def compare_features(
    old: LayerSide, new: LayerSide, pairs: FeaturePairs, tolerance: Tolerance
) -> Iterator[Change]:
    """Yield what was added, removed, moved, and redrawn within the tolerance."""
    yield from _many("DIF105", new, pairs.added)
    yield from _many("DIF106", old, pairs.removed)
    measured = [
        (a, b, moved_m(old.geometry[a], new.geometry[b]))
        for a, b in zip(pairs.old.tolist(), pairs.new.tolist(), strict=True)
    ]
    real = sorted((m for m in measured if m[2] >= tolerance.sliver_width_m), key=lambda m: (-m[2], m[1]))
    for a, b, far_m in real[:LISTED]:
        yield _moved(old, new, a, b, far_m)
    if len(real) > LISTED:
        rest = real[LISTED:]
        text = say(
            "{n} more features moved, by {far} at most", "{n} fitur lain berpindah, paling jauh {far}",
            n=len(rest), far=Quantity(rest[0][2], "m"),
        )  # fmt: skip
        shapes = new.geometry[[b for _, b, _ in rest]]
        yield Change(
            "DIF107", text, new.file, new.layer, count=len(rest), max_m=rest[0][2], witness=witness_of(shapes)
        )
    noise = [m for m in measured if m[2] < tolerance.sliver_width_m]
    if noise:
        yield _redrawn(new, noise)


def _many(code: str, side: LayerSide, rows: Ints) -> Iterator[Change]:
    """Yield one change a feature, and one for all that are left when they are too many."""
    for row in rows[:LISTED].tolist():
        shape, feature = side.geometry[row], str(side.feature[row])
        size = size_of(shape)
        text = say("{size}", "{size}", size=size)
        more = {"feature": feature} if code == "DIF105" else {"old_feature": feature}
        yield Change(code, text, side.file, side.layer, **measures(shape), witness=shape, **more)  # type: ignore[arg-type]
    rest = rows[LISTED:]
    if len(rest):
        shapes = side.geometry[rest]
        text = say("{n} more features", "{n} fitur lainnya", n=len(rest))
        area = rounded(np.nansum(shapely.area(shapes))) or None
        yield Change(
            code, text, side.file, side.layer, count=len(rest), area_m2=area, witness=witness_of(shapes)
        )


def size_of(shape: Any) -> Quantity | str:
    """Return the area or the length of a geometry in words."""
    if shape is None:
        return "-"
    dimension = shapely.get_dimensions(shape)
    return (
        Quantity(shape.area, "m2")
        if dimension == 2
        else Quantity(shape.length, "m")
        if dimension == 1
        else "1"
    )


def measures(shape: Any) -> dict[str, float]:
    """Return the area or the length of a geometry as fields of a change."""
    dimension = shapely.get_dimensions(shape)
    if dimension == 2:
        return {"area_m2": rounded(shape.area)}
    return {"length_m": rounded(shape.length)} if dimension == 1 else {}


def moved_m(old: Any, new: Any) -> float:
    """Return the greatest distance of a vertex of one geometry to the outline of the other (Hausdorff, at vertices)."""
    lines = [shapely.boundary(g) if shapely.get_dimensions(g) == 2 else g for g in (old, new)]
    far = 0.0
    for line, other in (lines, lines[::-1]):
        shapely.prepare(other)
        points = np.unique(shapely.get_coordinates(line), axis=0)
        if len(points):
            far = max(far, float(shapely.distance(shapely.points(points), other).max()))
    return rounded(far)


def _moved(old: LayerSide, new: LayerSide, a: int, b: int, far_m: float) -> Change:
    before, after = old.geometry[a], new.geometry[b]
    common: dict[str, Any] = {
        "file": new.file, "layer": new.layer, "feature": str(new.feature[b]), "old_feature": str(old.feature[a]),
        "max_m": far_m,
    }  # fmt: skip
    if shapely.get_dimensions(after) == 2 and shapely.get_dimensions(before) == 2:
        gained, lost = remainder_of(after, before), remainder_of(before, after)
        text = say(
            "outline moved by {far} at most: {gained} more, {lost} less",
            "batas bergeser paling jauh {far}: bertambah {gained}, berkurang {lost}",
            far=Quantity(far_m, "m"), gained=Quantity(gained.area, "m2"), lost=Quantity(lost.area, "m2"),
        )  # fmt: skip
        changed = shapely.union(gained, lost)
        return Change("DIF107", text, **common, area_m2=rounded(gained.area + lost.area), witness=changed)
    text = say(
        "moved by {far} at most: {before} became {after}", "bergeser paling jauh {far}: {before} menjadi {after}",
        far=Quantity(far_m, "m"), before=size_of(before), after=size_of(after),
    )  # fmt: skip
    length = after.length if shapely.get_dimensions(after) == 1 else None
    return Change(
        "DIF107", text, **common, length_m=None if length is None else rounded(length), witness=after
    )


def _redrawn(new: LayerSide, noise: Sequence[tuple[int, int, float]]) -> Change:
    far = [far_m for _, _, far_m in noise]
    shapes = objects([new.geometry[b] for _, b, _ in noise])
    text = say(
        "{n} redrawn: {typical} on the mean, {far} at most",
        "{n} digambar ulang: rata-rata {typical}, paling jauh {far}",
        n=features(len(noise)), typical=Quantity(float(np.mean(far)), "m"), far=Quantity(max(far), "m"),
    )  # fmt: skip
    return Change(
        "DIF104", text, new.file, new.layer, count=len(noise), typical_m=rounded(float(np.mean(far))),
        max_m=rounded(max(far)), length_m=rounded(shapely.length(shapes).sum()), witness=witness_of(shapes),
    )  # fmt: skip


def shift_of(old: Objects, new: Objects) -> tuple[float, float] | None:
    """Return the one vector (east, north; m) by which a whole layer moved, None where it did not.

    Both versions must have the same features in the same order of vertices, all moved alike to a millimetre.
    """
    if len(old) != len(new) or len(old) < 2 or shapely.is_missing(old).any() or shapely.is_missing(new).any():
        return None
    a, b = shapely.get_coordinates(old), shapely.get_coordinates(new)
    if a.shape != b.shape or not (shapely.get_num_coordinates(old) == shapely.get_num_coordinates(new)).all():
        return None
    by = b - a
    east, north = np.median(by, axis=0)
    if np.hypot(east, north) < 1e-3 or np.abs(by - [east, north]).max() > 1e-3:
        return None
    return rounded(east), rounded(north)


def unmeasured(old: LayerSide, new: LayerSide) -> Iterable[Change]:
    """Yield features that have no geometry to compare: they are named, never left out."""
    for side, word in ((old, say("in OLD", "di LAMA")), (new, say("in NEW", "di BARU"))):
        empty = shapely.is_missing(side.geometry) | shapely.is_empty(side.geometry)
        if empty.any():
            rows = np.flatnonzero(empty)
            ids = ", ".join(str(i) for i in side.feature[rows[:10]])
            text = say(
                "{n} {word} without usable geometry: {ids}", "{n} {word} tanpa geometri yang dapat dipakai: {ids}",
                n=features(len(rows)), word=word, ids=ids + (" …" if len(rows) > 10 else ""),
            )  # fmt: skip
            yield Change("DIF112", text, side.file, side.layer, count=len(rows))
