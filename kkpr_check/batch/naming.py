"""Names of classes: 128 bits of the facts that the members of a class agree in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kkpr_check.batch.placing import Bools, Ints

Halves = NDArray[np.uint64]


def names_of(own: Sequence[NDArray[Any]], subject: Ints, of_part: Sequence[NDArray[Any]]) -> Halves:
    """Return the name of each subject, ``(2, subjects)``: of its own facts, and of the set of its parts.

    Parameters
    ----------
    own
        Columns of whole numbers, one value a subject.
    subject, of_part
        Whose each part is, ascending, and columns of whole numbers, one value a part; equal parts count once.
    """
    halves = []
    for seed in (1, 2):
        each = _mixed(of_part, seed)
        first = _first(subject, each)
        total = np.zeros(len(own[0]), dtype=np.uint64)
        np.add.at(total, subject[first], each[first])
        halves.append(_mixed([*own, total.view(np.int64)], seed))
    return np.stack(halves)


def _first(subject: Ints, each: NDArray[np.uint64]) -> Bools:
    """Tell which parts are the first of their kind in their subject."""
    found = np.ones(len(subject), dtype=bool)
    follows = np.flatnonzero(subject[1:] == subject[:-1])
    several = np.union1d(follows, follows + 1)
    order = several[np.lexsort((each[several], subject[several]))]
    again = (subject[order[1:]] == subject[order[:-1]]) & (each[order[1:]] == each[order[:-1]])
    found[order[1:][again]] = False
    return found


def _mixed(columns: Sequence[NDArray[Any]], seed: int) -> NDArray[np.uint64]:
    """Return 64 bits of each row of some columns of whole numbers (the finalizer of splitmix64, column by column)."""
    found = np.full(len(columns[0]), seed, dtype=np.uint64)
    for column in columns:
        found = (found ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found ^= found >> np.uint64(31)
    return found


def distinct(names: Halves) -> tuple[list[bytes], Ints]:
    """Return the distinct names as bytes, and which of them each subject has."""
    one, other = names
    order = np.lexsort((other, one))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (one[order][1:] != one[order][:-1]) | (other[order][1:] != other[order][:-1])
    which = np.empty(len(order), dtype=np.int64)
    which[order] = np.cumsum(new) - 1
    first = order[new]
    pairs = np.column_stack([one[first], other[first]])
    return [pair.tobytes() for pair in pairs], which
