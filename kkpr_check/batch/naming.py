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


def grouped(columns: Sequence[NDArray[Any]]) -> tuple[Ints, Ints]:
    """Return the first of the rows of each kind, and the kind of each row; rows of a kind agree in all columns.

    Columns hold numbers from -1 on; where they are no whole numbers, they are told apart as they are.
    """
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        if column.dtype.kind == "f":
            column = np.unique(column, return_inverse=True)[1]
        code = code * (int(column.max(initial=0)) + 2) + column + 1
    span = int(code.max(initial=0)) + 1
    if span > 4 * len(code) + 1024:
        _, first, kind = np.unique(code, return_index=True, return_inverse=True)
        return first, kind.ravel()
    earliest = np.full(span, len(code))
    earliest[code[::-1]] = np.arange(len(code))[::-1]
    used = np.flatnonzero(earliest < len(code))
    number = np.zeros(span, dtype=np.int64)
    number[used] = np.arange(len(used))
    return earliest[used], number[code]


def spread(lengths: Sequence[int], which: Ints) -> tuple[Ints, Ints]:
    """Return for lists that stand one behind the other the place of each row that has one of them, and each of its items.

    >>> [column.tolist() for column in spread([2, 0, 1], np.array([0, 2, 1, 0]))]
    [[0, 0, 1, 3, 3], [0, 1, 2, 0, 1]]
    """
    length = np.array(lengths, dtype=np.int64)
    own = length[which]
    row = np.repeat(np.arange(len(which)), own)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(own) - own, own)
    return row, (np.cumsum(length) - length)[which[row]] + nth
