"""Ids that stand more than once among many millions: 64 bits an id on disk, little memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BUCKET_IDS = 500_000


def duplicate_ids(files: Sequence[tuple[Path, int, int]]) -> int:
    """Return how many ids stand more than once, range of hashes by range of hashes, so that memory stays small.

    Parameters
    ----------
    files
        File of a part, where its hashes begin (they are sorted), and how many there are.
    """
    buckets = max(1, -(-sum(rows for _, _, rows in files) // BUCKET_IDS))
    edges = np.array([n * (1 << 64) // buckets for n in range(1, buckets)], dtype=np.uint64)
    found = 0
    for n in range(buckets):
        parts = [_slice(file, offset, rows, edges, n) for file, offset, rows in files]
        hashes = np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.uint64)
        again = hashes[1:] == hashes[:-1]
        found += int(np.count_nonzero(again)) - int(np.count_nonzero(again[1:] & again[:-1]))
    return found


def _slice(file: Path, offset: int, rows: int, edges: NDArray[np.uint64], n: int) -> NDArray[np.uint64]:
    hashes = np.memmap(file, "<u8", "r", offset, (rows,))
    low = 0 if n == 0 else int(np.searchsorted(hashes, edges[n - 1]))
    high = rows if n == len(edges) else int(np.searchsorted(hashes, edges[n]))
    return np.array(hashes[low:high])


def id_hashes(ids: Sequence[str]) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each id, sorted: enough to find ids that stand twice among many millions.

    The hash depends on nothing but the id.
    """
    data = np.array([one.encode("utf-8", "surrogatepass") for one in ids], dtype=bytes)
    width = -(-data.dtype.itemsize // 8)
    words = data.astype(f"S{8 * width}").view("<u8").reshape(len(data), width)
    mixed = np.zeros(len(data), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for n in range(width):
            word = words[:, n] * _odd(2 * n)
            mixed += (word ^ (word >> np.uint64(29))) * _odd(2 * n + 1)
        mixed ^= mixed >> np.uint64(32)
        mixed *= _odd(1_000_003)
    return np.sort(mixed)


def _odd(n: int) -> np.uint64:
    """Return an odd constant (splitmix64)."""
    z = (n + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return np.uint64((z ^ (z >> 31)) | 1)
