"""Which features of two versions are the same, found by their geometry without looking at pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from kkpr_check.changes.base import Ints, Objects

GRID_M = 1e-4
"""Coordinates are compared in tenths of a millimetre: what a projection and back leaves is less."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Rows of OLD and NEW with one geometry, pair by pair, and the rows that have no partner."""

    old: Ints
    new: Ints
    rest_old: Ints
    rest_new: Ints


def outline_keys(geometry: Objects) -> list[bytes | None]:
    """Return one key a geometry: equal where the geometries are, wherever their rings begin."""
    there = ~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)
    keys: list[bytes | None] = [None] * len(geometry)
    if not there.any():
        return keys
    shapes = geometry[there].copy()
    coordinates = np.round(shapely.get_coordinates(shapes), 4) + 0.0  # no negative zero
    shapes = shapely.normalize(shapely.set_coordinates(shapes, coordinates))
    single = shapely.get_num_geometries(shapes) == 1
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    for row, key in zip(np.flatnonzero(there).tolist(), shapely.to_wkb(shapes).tolist(), strict=True):
        keys[row] = key
    return keys


def match(
    old: Objects,
    new: Objects,
    ranks: Sequence[tuple[Sequence[object], Sequence[object]]] = (),
) -> Matched:
    """Pair features of equal geometry.

    Parameters
    ----------
    old, new
        Geometries in one CRS.
    ranks
        Values of OLD and of NEW that are preferred to agree where several features share a geometry, best first.
    """
    old_keys, new_keys = outline_keys(old), outline_keys(new)
    pairs: list[tuple[int, int]] = []
    left_old = [row for row, key in enumerate(old_keys) if key is not None]
    left_new = [row for row, key in enumerate(new_keys) if key is not None]
    for of_old, of_new in (*ranks, ((), ())):
        by_key: dict[tuple[object, object], list[int]] = defaultdict(list)
        for row in reversed(left_new):
            by_key[new_keys[row], of_new[row] if of_new else None].append(row)
        found = []
        for row in left_old:
            partners = by_key.get((old_keys[row], of_old[row] if of_old else None))
            if partners:
                found.append((row, partners.pop()))
        pairs += found
        taken_old, taken_new = {row for row, _ in found}, {row for _, row in found}
        left_old = [row for row in left_old if row not in taken_old]
        left_new = [row for row in left_new if row not in taken_new]
    pairs.sort()
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Matched(both[:, 0], both[:, 1], np.array(left_old, np.int64), np.array(left_new, np.int64))
