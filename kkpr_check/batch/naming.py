"""Names of classes: 128 bits of the facts that the members of a class agree in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kkpr_check.batch.placing import Ints

Halves = NDArray[np.uint64]


def names_of(own: Sequence[NDArray[Any]], subject: Ints, of_part: Sequence[NDArray[Any]]) -> Halves:
    """Return the name of each subject, ``(2, subjects)``: of its own facts, and of the set of its parts.

    Parameters
    ----------
    own
        Columns of whole numbers, one value a subject.
    subject, of_part
        Whose each part is, and columns of whole numbers, one value a part; equal parts count once.
    """
    halves = []
    for seed in (1, 2):
        each = np.unique(np.column_stack([subject.astype(np.uint64), _mixed(of_part, seed)]), axis=0)
        total = np.zeros(len(own[0]), dtype=np.uint64)
        np.add.at(total, each[:, 0].astype(np.int64), each[:, 1])
        halves.append(_mixed([*own, total.view(np.int64)], seed))
    return np.stack(halves)


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
