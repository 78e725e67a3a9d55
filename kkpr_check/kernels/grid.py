"""The fast kernel: the trapezoid formula, compiled by numba, behind a grid that settles most subjects at once.

A uniform grid over the zones knows for each cell whether a zone edge may touch it and, where none does, which zone
covers it. A subject whose bounding box meets no such cell lies wholly in that zone (or in none), and no geometry
object is ever made. The others are measured edge against edge: zones whose bounding box is near, their edges sorted
into slabs of x. WKB is read as it stands in Arrow buffers. See `kkpr_check.kernels.compiled` for the inner loops.

Each subject's numbers depend on it and on the zones alone, so threads and block sizes do not change a bit of them.
"""

from __future__ import annotations

import itertools
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.kernels import SAFE_M, Shares
from kkpr_check.kernels.blocks import (
    Bools,
    Floats,
    Ints,
    Polygons,
    WkbBlock,
    in_order,
    polygons,
    refuse,
    valid,
)

SUB_BLOCK = 16_384
CELLS_PER_EDGE = 4
MOST_CELLS = 1 << 23
"""Grid size: cells small against zones keep most subjects out of the general path; 4 bytes a cell."""


def _cache_folder() -> str | None:
    """Return a folder for numba's compiled code where the package's own is read-only, or None where it is not.

    The code is loaded with pickle, so the folder must belong to this user alone.
    """
    own = Path(__file__).parent / "__pycache__"
    if os.environ.get("NUMBA_CACHE_DIR") or os.access(own if own.exists() else own.parent, os.W_OK):
        return None
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    for base in (home / "kkpr-check" / "numba", Path(tempfile.gettempdir()) / f"kkpr-check-numba-{user}"):
        try:
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            info = base.lstat()
        except OSError:
            continue
        mine = not hasattr(os, "getuid") or (info.st_uid == os.getuid() and not info.st_mode & 0o022)
        if stat.S_ISDIR(info.st_mode) and mine and os.access(base, os.W_OK):
            return str(base)
    return tempfile.mkdtemp(prefix="kkpr-check-numba-")


_loading = threading.Lock()


def compiled() -> ModuleType:
    """Return the compiled loops (imports numba, 0.4 s; the very first call of an installation compiles for seconds).

    Raises
    ------
    ImportError
        numba is missing or does not fit the other libraries.
    """
    with _loading:
        import numba

        config: Any = numba.config
        before = config.CACHE_DIR
        config.CACHE_DIR = _cache_folder() or before
        try:
            from kkpr_check.kernels import compiled as loops
        finally:
            config.CACHE_DIR = before
    return loops


class GridKernel:
    """See `kkpr_check.kernels.SharesKernel`.

    Raises
    ------
    ImportError
        numba is missing or does not fit the other libraries.
    """

    name = "grid"

    def __init__(self) -> None:
        self._loops = compiled()

    def prepare(
        self,
        zones: Polygons,
        *,
        margin_m: float = 0.0,
        near: bool = False,
        extent: tuple[float, float, float, float] | None = None,
        threads: int | None = None,
    ) -> GridPrepared:
        """Make zones ready: edges, slabs, buckets and the grid of labels."""
        return GridPrepared(
            self._loops, zones, margin_m, near, extent, threads or min(2, os.cpu_count() or 1)
        )

    def valid(self, subjects: Polygons) -> Bools:
        """Tell which subjects are valid, finite polygons; most are proven without GEOS. A missing one is not."""
        block = _block(subjects)
        proven: Bools = self._loops.proven_valid(block.data, block.offsets)
        rest = np.flatnonzero(~proven)
        if len(rest):
            proven[rest] = valid(block.to_shapely(rest))
        return proven


def _block(values: Polygons) -> WkbBlock:
    """Return polygons as WKB whose arrays are read-only, so that one compiled version fits all callers."""
    block = values if isinstance(values, WkbBlock) else WkbBlock.from_shapely(values)
    data, offsets = np.ascontiguousarray(block.data).view(), np.ascontiguousarray(block.offsets).view()
    data.flags.writeable = offsets.flags.writeable = False
    return WkbBlock(data, offsets)


def _in_threads(threads: int, work: Callable[[int, int], Any], edges: list[int]) -> list[Any]:
    """Return ``work(low, high)`` for each interval between `edges`, in order."""
    spans = list(itertools.pairwise(edges))
    return list(in_order(lambda span: work(*span), spans, min(threads, len(spans))))


class GridPrepared:
    """See `kkpr_check.kernels.Prepared`."""

    def __init__(
        self,
        loops: ModuleType,
        zones: Polygons,
        margin_m: float,
        near: bool,
        extent: tuple[float, float, float, float] | None,
        threads: int,
    ) -> None:
        self._loops, self._margin_m, self._near, self._threads = loops, float(margin_m), bool(near), threads
        self._zones: WkbBlock | None = _block(zones)
        self._whole: GridPrepared | None = None
        self._lock = threading.Lock()
        self._index = self._build(self._zones, extent)
        if extent is None:
            self._zones = None  # nothing is beyond: nobody asks for them again

    def _build(self, block: WkbBlock, extent: tuple[float, float, float, float] | None) -> Any:
        """Return the index of the zones near `extent`."""
        counts, bounds = self._loops.scan_zones(block.data, block.offsets)
        if (counts == self._loops.OTHER).any():
            block = _block(polygons(block))
            counts, bounds = self._loops.scan_zones(block.data, block.offsets)
        self._refuse(counts)
        reach = self._margin_m + 4 * SAFE_M
        safe = np.array(extent if extent is not None else (-np.inf, -np.inf, np.inf, np.inf))
        window = safe + np.array((-reach, -reach, reach, reach))
        with np.errstate(invalid="ignore"):
            near = (bounds[:, :2] <= window[2:]).all(axis=1) & (bounds[:, 2:] >= window[:2]).all(axis=1)
        bounds[~near] = np.nan
        start = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(np.where(near, counts, 0), out=start[1:])
        edges, *slabs = self._loops.read_zones(block.data, block.offsets, start, bounds)
        box = _frame(bounds, window)
        label, cells = self._label(edges, start, bounds, box)
        touched = np.packbits(label == self._loops.EDGE, axis=1, bitorder="little")
        buckets = self._buckets(bounds, box)
        frame = np.concatenate((box[:2], [cells], buckets[4], safe, [np.diff(start).max(initial=0)]))
        return self._loops.Index(bounds, edges, *slabs, *buckets[:4], label, touched, frame)

    def _label(self, edges: Floats, start: Ints, bounds: Floats, box: Floats) -> tuple[Any, float]:
        """Return the grid of labels over `box` and its cells per metre."""
        width, height = np.maximum(box[2:] - box[:2], 1e-3)
        wanted = min(max(CELLS_PER_EDGE * len(edges), MOST_CELLS >> 12), MOST_CELLS)
        cell = max(np.sqrt(width * height / wanted), max(width, height) * 4 / wanted)
        shape = (int(height / cell) + 1, int(width / cell) + 1)
        label = np.full(shape, self._loops.NONE, np.int32)
        bands = np.linspace(0, shape[0], 2 * self._threads + 1).astype(int).tolist()

        def work(low: int, high: int) -> None:
            self._loops.label_cells(label, edges, start, bounds, box[0], box[1], 1 / cell, low, high)

        _in_threads(self._threads, work, bands)
        return label, 1 / cell

    def _buckets(self, bounds: Floats, box: Floats) -> tuple[Any, Any, Any, Any, Floats]:
        """Return buckets about as many as zones, fewer where boxes are large; their shape; their frame."""
        size = np.maximum(box[2:] - box[:2], 1e-3)
        count = max(1, int(np.sqrt(len(bounds))))
        spans = np.nan_to_num((bounds[:, 2:] - bounds[:, :2]) / size)
        while count > 1 and np.sum((spans[:, 0] * count + 1) * (spans[:, 1] * count + 1)) > 16 * len(bounds):
            count //= 2
        per = count / size
        found = self._loops.bucket_zones(bounds, box[0], box[1], per[0], per[1], count, count)
        return *found, np.array((count, count)), np.concatenate((box[:2], per))

    def shares(self, subjects: Polygons) -> Shares:
        """Measure a block of valid polygons in metres."""
        return self._on(self._threads, subjects)

    def each(self, blocks: Iterable[Polygons]) -> Iterator[Shares]:
        """Measure blocks, several at once: the next one is read meanwhile."""
        return in_order(partial(self._on, 1), blocks, self._threads)

    def _on(self, threads: int, subjects: Polygons) -> Shares:
        """Measure a block on so many threads."""
        block = _block(subjects)
        shares, status = self._measure(block, threads)
        other = np.flatnonzero(status == self._loops.OTHER)
        if len(other):
            # Re-encoded rows: big-endian, with Z or M; what is no polygon is refused here.
            extra, status[other] = self._measure(_block(polygons(block, other)), threads)
            shares = _merged(shares, extra, other)
        self._refuse(status)
        beyond = np.flatnonzero(status == self._loops.BEYOND)
        if len(beyond):
            shares = _merged(shares, self._unbounded().shares(polygons(block, beyond)), beyond)
        return shares

    def _measure(self, block: WkbBlock, threads: int) -> tuple[Shares, Ints]:
        """Return what the compiled loops make of a block, and the status of each row."""

        def work(low: int, high: int) -> Any:
            return self._loops.measure(
                self._index, block.data, block.offsets, low, high, self._margin_m, self._near
            )

        parts = _in_threads(threads, work, [*range(0, max(len(block), 1), SUB_BLOCK), len(block)])
        groups = zip(*(part[0] + part[1] + part[2:] for part in parts), strict=True)
        subject, zone, area, *near, areas, inside, status = [np.concatenate(group) for group in groups]
        return Shares(subject, zone, area, areas, inside, near[0], near[1], near[2]), status

    def _unbounded(self) -> GridPrepared:
        """Return the same zones prepared without an extent, made when a subject first needs it."""
        with self._lock:
            if self._whole is None:
                assert self._zones is not None
                self._whole = GridPrepared(
                    self._loops, self._zones, self._margin_m, self._near, None, self._threads
                )
        return self._whole

    def _refuse(self, status: Ints) -> None:
        """Raise InputError where a row is still unread or a coordinate is not finite."""
        loose, other = status == self._loops.LOOSE, status == self._loops.OTHER
        if loose.any():
            why = Text("coordinate is not a finite number", "koordinat bukan bilangan hingga")
            refuse(np.flatnonzero(loose), why, "not-finite")
        if other.any():
            refuse(
                np.flatnonzero(other), Text("geometry can not be read", "geometri tidak terbaca"), "not-wkb"
            )


def _frame(bounds: Floats, window: Floats) -> Floats:
    """Return the box of the grid: the zones, as far as they lie in `window`."""
    real = bounds[~np.isnan(bounds[:, 0])]
    if not len(real):
        return np.zeros(4)
    box: Floats = np.concatenate((real[:, :2].min(axis=0), real[:, 2:].max(axis=0)))
    return np.concatenate((np.maximum(box[:2], window[:2]), np.minimum(box[2:], window[2:])))


def _merged(shares: Shares, extra: Shares, rows: Ints) -> Shares:
    """Return `shares` with the answers of `rows` (which it has none for) put in."""
    area, inside = shares.subject_area_m2.copy(), shares.inside.copy()
    area[rows], inside[rows] = extra.subject_area_m2, extra.inside

    def woven(a: tuple[Any, ...], b: tuple[Any, ...]) -> list[Any]:
        columns = [np.concatenate(pair) for pair in zip(a, (rows[b[0]], *b[1:]), strict=True)]
        order = np.lexsort((columns[1], columns[0]))
        return [column[order] for column in columns]

    subject, zone, shared = woven(
        (shares.subject, shares.zone, shares.area_m2), (extra.subject, extra.zone, extra.area_m2)
    )
    near = woven(
        (shares.near_subject, shares.near_zone, shares.near_m),
        (extra.near_subject, extra.near_zone, extra.near_m),
    )
    return Shares(subject, zone, shared, area, inside, near[0], near[1], near[2])
