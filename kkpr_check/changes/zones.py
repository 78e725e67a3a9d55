"""Two versions of a zoning map: which area was which zone and is which now.

Only features without an equal partner in the other version are overlaid, so a map of a hundred thousand polygons
with ten changes costs what ten changes cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from kkpr_check.changes.base import (
    Change,
    Floats,
    Ints,
    LayerSide,
    Objects,
    Transition,
    rounded,
)
from kkpr_check.changes.matching import Matched
from kkpr_check.errors import Text
from kkpr_check.geometry import (
    collect,
    deepest_m,
    objects,
    overlap_of,
    parts_of_union,
    polygons_of,
    remainder_of,
    small,
    union_of,
)
from kkpr_check.phrases import Quantity, counted, say
from kkpr_check.plan import Tolerance
from kkpr_check.quality.coverage import NOISE_AREA_M2, NOISE_WIDTH_M

TILE_VERTICES = 500
"""A polygon with more vertices is cut into tiles first: a road network meets thousands of zones."""
_TILE_ROUNDS = 14
WIDEST = 20
"""Pieces whose greatest width is measured; they are the ones with the greatest mean width."""
_EXACT_VERTICES = 200
SHOWN_CHANGED, SHOWN_REDRAWN = 1_000, 200
"""Pieces of one change that its witness holds, largest first; measures and counts are those of all."""
ROUGH_M = 1e-2
"""Radii are found to a centimetre first; only pieces that may be the widest are measured exactly."""
THREAD_M = 1e-6
"""What is left of a polygon after taking away one neighbour after the other hangs on threads of rounding, narrower than this."""
Key = tuple[str | None, str | None]
NONE = Text("no zone", "tanpa zona")
NO_CODE = "?"
"""What a zone without a sub-zone is called: it is covered, but nobody knows by what."""


@dataclass(frozen=True, slots=True)
class ZoneChanges:
    """Transitions largest first, the same as changes, and area that is float noise in all."""

    transitions: tuple[Transition, ...]
    changes: tuple[Change, ...]
    float_noise_m2: float


@dataclass(frozen=True, slots=True)
class _Tiles:
    polygon: Objects
    code: Objects


def compare_zones(
    old: LayerSide, new: LayerSide, matched: Matched, tolerance: Tolerance, ce90_m: float
) -> ZoneChanges:
    """Return what became of each zone.

    Parameters
    ----------
    old, new
        The zoning of both versions in one metric CRS, with codes.
    matched
        Features of equal geometry; pairs whose codes are equal too are left out of the overlay.
    tolerance
        What is a redrawn line and not a change: that of NEW.
    ce90_m
        Accuracy of the lines in metres; narrower pieces are counted apart.
    """
    assert old.code is not None and new.code is not None
    codes_old, codes_new = _named(old.code), _named(new.code)
    same = codes_old[matched.old] == codes_new[matched.new]
    kept = _Tiles(old.geometry[matched.old[same]], codes_old[matched.old[same]])
    rest_old = np.concatenate([matched.rest_old, matched.old[~same]])
    rest_new = np.concatenate([matched.rest_new, matched.new[~same]])
    before = _tiled(old.geometry[rest_old], codes_old[rest_old])
    after = _tiled(new.geometry[rest_new], codes_new[rest_new])
    pieces, overlapping = _pieces(before, after, kept)
    return _summed(pieces, overlapping, new, tolerance, ce90_m)


def _named(code: Objects) -> Objects:
    return objects([NO_CODE if value is None else value for value in code.tolist()])


def _tiled(geometry: Objects, code: Objects) -> _Tiles:
    """Return polygon parts of few vertices."""
    kind = shapely.get_type_id(geometry)
    rows = np.flatnonzero((kind == 3) | (kind == 6))
    parts, index = shapely.get_parts(geometry[rows], return_index=True)
    owner = rows[index]
    for _ in range(_TILE_ROUNDS):
        big = shapely.get_num_coordinates(parts) > TILE_VERTICES
        if not big.any():
            break
        halves, at = _halved(parts[big])
        parts = np.concatenate([parts[~big], halves])
        owner = np.concatenate([owner[~big], owner[big][at]])
    return _Tiles(parts, code[owner])


def _halved(polygons: Objects) -> tuple[Objects, Ints]:
    """Cut each polygon in two across its longer side; return the parts and whose they are."""
    x0, y0, x1, y1 = shapely.bounds(polygons).T
    wide = (x1 - x0) >= (y1 - y0)
    xm, ym = np.where(wide, (x0 + x1) / 2, x1), np.where(wide, y1, (y0 + y1) / 2)
    first = shapely.box(x0 - 1, y0 - 1, np.where(wide, xm, x1 + 1), np.where(wide, y1 + 1, ym))
    second = shapely.box(np.where(wide, xm, x0 - 1), np.where(wide, y0 - 1, ym), x1 + 1, y1 + 1)
    cut = np.concatenate([overlap_of(polygons, first), overlap_of(polygons, second)])
    parts, at = shapely.get_parts(cut, return_index=True)
    areal = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    return parts[areal], (at % len(polygons))[areal]


def _pieces(before: _Tiles, after: _Tiles, kept: _Tiles) -> tuple[dict[Key, list[Any]], list[Any]]:
    """Return the pieces of every transition, and those where one side had both zones at once."""
    found: dict[Key, list[Any]] = defaultdict(list)
    tree_old, tree_new = shapely.STRtree(before.polygon), shapely.STRtree(after.polygon)
    tree_kept = shapely.STRtree(kept.polygon)
    i, j = tree_new.query(before.polygon, predicate="intersects")
    cuts = overlap_of(before.polygon[i], after.polygon[j])
    areas = shapely.area(cuts)
    twice_old, twice_new = _twice(before, tree_old, kept, tree_kept), _twice(after, tree_new, kept, tree_kept)
    differ = np.flatnonzero((before.code[i] != after.code[j]) & _drawn(cuts))
    piece, of = shapely.get_parts(cuts[differ], return_index=True)
    was, now = before.code[i[differ[of]]], after.code[j[differ[of]]]
    double: dict[int, list[Any]] = defaultdict(list)
    for twice, tree, tiles, code in ((twice_old, tree_old, before, now), (twice_new, tree_new, after, was)):
        at = np.unique(twice.query(piece, predicate="intersects")[0])
        for of_side, its_tree in ((tiles, tree), (kept, tree_kept)):
            for n, cut in _of_code(its_tree, of_side, piece[at], code[at]):
                double[int(at[n])].append(cut)
    at, also = np.array(list(double), dtype=np.int64), objects([union_of(cut) for cut in double.values()])
    both: list[Any] = list(overlap_of(piece[at], also))
    piece[at] = remainder_of(piece[at], also)
    for n, shape in enumerate(piece):
        found[was[n], now[n]].append(shape)
    for tiles, other, tree, twice, mine, theirs, is_old in (
        (before, after, tree_new, twice_new, i, j, True),
        (after, before, tree_old, twice_old, j, i, False),
    ):
        for n, shape in _bare(tiles, other, tree, twice, mine, theirs, areas, tree_kept, kept, both):
            found[(tiles.code[n], None) if is_old else (None, tiles.code[n])].append(shape)
    return found, both


def _drawn(pieces: Objects) -> Any:
    """Tell which pieces are more than float noise."""
    area, length = shapely.area(pieces), shapely.length(pieces)
    return (area >= NOISE_AREA_M2) & (2 * area >= NOISE_WIDTH_M * length)


def _of_code(
    tree: shapely.STRtree, tiles: _Tiles, pieces: Objects, code: Objects
) -> Iterator[tuple[int, Any]]:
    """Yield the parts of pieces that lie in a tile of the code that is asked for there."""
    piece, tile = tree.query(pieces, predicate="intersects")
    alike = tiles.code[tile] == code[piece]
    piece, tile = piece[alike], tile[alike]
    cut = overlap_of(tiles.polygon[tile], pieces[piece])
    drawn = _drawn(cut)
    yield from zip(piece[drawn].tolist(), cut[drawn], strict=True)


def _bare(
    tiles: _Tiles,
    other: _Tiles,
    tree: shapely.STRtree,
    twice: shapely.STRtree,
    mine: Ints,
    theirs: Ints,
    areas: Floats,
    tree_kept: shapely.STRtree,
    kept: _Tiles,
    both: list[Any],
) -> Iterator[tuple[int, Any]]:
    """Yield the parts of each tile that no zone of the other version covers.

    What an unchanged zone of another code covers was covered twice; it goes to `both`.
    """
    covered = np.bincount(mine, weights=areas, minlength=len(tiles.polygon))
    suspect = np.abs(shapely.area(tiles.polygon) - covered) >= NOISE_AREA_M2
    suspect[np.unique(twice.query(tiles.polygon, predicate="intersects")[0])] = True
    rows = np.flatnonzero(suspect)
    rest = tiles.polygon.copy()
    most = np.lexsort((-areas, mine))
    most = most[np.diff(mine[most], prepend=-1) > 0]
    most = most[suspect[mine[most]]]
    rest[mine[most]] = remainder_of(rest[mine[most]], other.polygon[theirs[most]])
    piece, row = _parts(rest[rows], rows)
    at, near = tree.query(piece, predicate="intersects")
    left = shapely.set_precision(_without(piece, at, other.polygon[near]), THREAD_M)
    piece, row = _parts(left, row)
    at, near = tree_kept.query(piece, predicate="intersects")
    beside: dict[int, list[int]] = defaultdict(list)
    for n, tile in zip(at.tolist(), near.tolist(), strict=True):
        beside[n].append(tile)
    for n, unchanged in beside.items():
        others = [tile for tile in unchanged if kept.code[tile] != tiles.code[row[n]]]
        both += _drawn_parts(overlap_of(piece[n], union_of(kept.polygon[others])))
        piece[n] = remainder_of(piece[n], union_of(kept.polygon[unchanged]))
    for n, left in zip(row.tolist(), piece, strict=True):
        if parts := _drawn_parts(left):
            yield n, collect(parts)


def _parts(geometry: Objects, row: Ints) -> tuple[Objects, Ints]:
    """Return the parts of geometries that are more than float noise, with their rows."""
    part, of = shapely.get_parts(geometry, return_index=True)
    drawn = _drawn(part)
    return part[drawn], row[of[drawn]]


def _without(polygons: Objects, row: Ints, covers: Objects) -> Objects:
    """Return polygons without what covers them, cover after cover: one difference of many pairs at a time."""
    left = polygons.copy()
    order = np.argsort(row, kind="stable")
    row, covers = row[order], covers[order]
    turn = np.arange(len(row)) - np.searchsorted(row, row)
    for n in range(int(turn.max(initial=-1)) + 1):
        now = np.flatnonzero((turn == n) & ~shapely.is_empty(left[row]))
        left[row[now]] = remainder_of(left[row[now]], covers[now])
    return left


def _drawn_parts(geometry: Any) -> list[Any]:
    parts = polygons_of(geometry)
    return list(parts[_drawn(parts)]) if len(parts) else []


def _twice(tiles: _Tiles, tree: shapely.STRtree, kept: _Tiles, tree_kept: shapely.STRtree) -> shapely.STRtree:
    """Return an index of the places that one version covers more than once; there areas do not add up."""
    a, b = tree.query(tiles.polygon, predicate="intersects")
    once = a < b
    c, d = tree_kept.query(tiles.polygon, predicate="intersects")
    double = np.concatenate([
        overlap_of(tiles.polygon[a[once]], tiles.polygon[b[once]]), overlap_of(tiles.polygon[c], kept.polygon[d]),
    ])  # fmt: skip
    return shapely.STRtree(double[_drawn(double)])


def _summed(
    pieces: Mapping[Key, Sequence[Any]],
    both: Sequence[Any],
    new: LayerSide,
    tolerance: Tolerance,
    ce90_m: float,
) -> ZoneChanges:
    transitions, changes, moved = [], [], defaultdict(list)
    float_noise_m2 = 0.0
    for key in sorted(pieces, key=_sort_key):
        parts = parts_of_union(pieces[key])
        drawn = _drawn(parts)
        float_noise_m2 += float(shapely.area(parts[~drawn]).sum())
        parts = parts[drawn]
        if not len(parts):
            continue
        area, length = shapely.area(parts), shapely.length(parts)
        noise = small(area, length, tolerance)
        moved[_unordered(key)].extend(parts[noise])
        real, noise_m2 = parts[~noise], float(area[noise].sum())
        narrow = 2 * area[~noise] < ce90_m * length[~noise]
        transitions.append(
            Transition(
                *key,
                rounded(area[~noise].sum()),
                len(real),
                rounded(area[~noise][narrow].sum()),
                rounded(noise_m2),
            )
        )
        if len(real):
            changes.append(_zone_change(key, real, bool(narrow.all()), new))
    transitions.sort(key=lambda t: (-t.area_m2, *_sort_key((t.old, t.new))))
    changes.sort(key=lambda change: (change.code, -(change.area_m2 or 0.0)))
    for key in sorted(moved, key=_sort_key):
        if moved[key]:
            changes.append(_line_moved(key, objects(moved[key]), new))
    double = parts_of_union(both)
    double = double[_drawn(double)]
    if (double_m2 := float(shapely.area(double).sum())) >= NOISE_AREA_M2:
        changes.append(
            Change(
                "DIF110",
                say(
                    "{area} where two zones lie on each other on one side only",
                    "{area} yang bertumpang tindih dua zona hanya di salah satu sisi",
                    area=Quantity(double_m2, "m2"),
                ),
                new.file, new.layer, area_m2=rounded(double_m2), count=len(double), witness=_shown(double, SHOWN_CHANGED),
            )
        )  # fmt: skip
    return ZoneChanges(tuple(transitions), tuple(changes), rounded(float_noise_m2))


def _sort_key(key: Key) -> tuple[str, str]:
    return key[0] or "", key[1] or ""


def _unordered(key: Key) -> Key:
    first, second = sorted(key, key=lambda code: code or "")
    return first, second


def widths_m(pieces: Objects) -> tuple[float, float]:
    """Return mean width ``2 * area / perimeter`` of all pieces together, and the greatest width of any.

    The greatest width is twice the radius of the largest circle inside, of the `WIDEST` pieces that are widest on
    the mean.
    """
    area, length = shapely.area(pieces), shapely.length(pieces)
    widest = np.argsort(-area / length, kind="stable")[:WIDEST]
    off_m = np.maximum(ROUGH_M, 0.02 * area[widest] / length[widest])
    rough = shapely.length(shapely.maximum_inscribed_circle(pieces[widest], off_m))
    greatest = max(2 * _radius_m(piece) for piece in pieces[widest[rough + off_m >= rough.max()]])
    return rounded(2 * area.sum() / length.sum()), rounded(greatest)


def _radius_m(piece: Any) -> float:
    """Return the radius of the largest circle inside; to a hundredth of the mean width where the outline is long."""
    if shapely.get_num_coordinates(piece) <= _EXACT_VERTICES:
        return deepest_m(piece, shapely.boundary(piece))
    circle = shapely.maximum_inscribed_circle(piece, tolerance=max(1e-3, 0.02 * piece.area / piece.length))
    return float(circle.length)


def _shown(pieces: Objects, most: int) -> Any:
    """Return the largest pieces as one geometry, in their order."""
    largest = np.argsort(-shapely.area(pieces), kind="stable")[:most]
    return collect(pieces[np.sort(largest)])


def _zone_change(key: Key, pieces: Objects, narrow: bool, new: LayerSide) -> Change:
    area = float(shapely.area(pieces).sum())
    typical, greatest = widths_m(pieces)
    code = "DIF102" if key[0] is None else "DIF103" if key[1] is None else "DIF101"
    within = Text(
        "; on the mean narrower than the map is accurate", "; rata-rata lebih sempit dari ketelitian peta"
    )
    text = say(
        "{old} became {new}: {area} in {n}, up to {width} wide",
        "{old} menjadi {new}: {area} dalam {n}, lebar hingga {width}",
        old=key[0] or NONE, new=key[1] or NONE, area=Quantity(area, "m2"),
        n=counted(len(pieces), "piece", "pieces", "bagian"), width=Quantity(greatest, "m"),
    )  # fmt: skip
    return Change(
        code, Text(text.en + within.en, text.id + within.id) if narrow else text, new.file, new.layer,
        old=key[0], new=key[1], count=len(pieces), area_m2=rounded(area), typical_m=typical, max_m=greatest,
        length_m=rounded(shapely.length(pieces).sum() / 2), witness=_shown(pieces, SHOWN_CHANGED),
    )  # fmt: skip


def _line_moved(key: Key, pieces: Objects, new: LayerSide) -> Change:
    typical, greatest = widths_m(pieces)
    area, length = float(shapely.area(pieces).sum()), float(shapely.length(pieces).sum() / 2)
    return Change(
        "DIF104",
        say(
            "line between {old} and {new} redrawn over {length}: {typical} on the mean, {greatest} at most",
            "garis antara {old} dan {new} digambar ulang sepanjang {length}: rata-rata {typical}, paling jauh {greatest}",
            old=key[0] or NONE, new=key[1] or NONE, length=Quantity(length, "m"), typical=Quantity(typical, "m"),
            greatest=Quantity(greatest, "m"),
        ),
        new.file, new.layer, old=key[0], new=key[1], count=len(pieces), area_m2=rounded(area), length_m=rounded(length),
        typical_m=typical, max_m=greatest, witness=_shown(pieces, SHOWN_REDRAWN),
    )  # fmt: skip
