"""DAT111: outlines drawn by accident: vertices closer than a millimetre, spikes, holes that run like their outline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.geometry import blocks
from kkpr_check.quality.base import (
    NO_PLANE,
    NO_POLYGONS,
    Bools,
    Floats,
    Ints,
    LayerCheck,
    LayerView,
    Objects,
    Surroundings,
)
from kkpr_check.quality.coverage import parts_of
from kkpr_check.quality.findings import DataFinding

CLOSE_M = 1e-3
"""Two vertices in a row nearer than this are one."""
SPIKE_WIDTH_M = 1e-2
SPIKE_LENGTH_M = 0.1
MIN_SPIKE_COSINE = 0.99
"""A spike: the outline turns back by more than 171 degrees, is longer than 10 cm and narrower than 1 cm."""


@dataclass(frozen=True, slots=True)
class Corners:
    """Vertices by row of the feature: close ones and tips of spikes."""

    close: Ints
    spikes: Ints
    tips: dict[int, tuple[float, float]]


def vertices(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """Yield one finding a feature."""
    corners = corners_of(view.geometry)
    inverted = set(inverted_holes(view.geometry).tolist())
    close, spikes = (np.bincount(rows, minlength=len(view)) for rows in (corners.close, corners.spikes))
    for row in np.flatnonzero((close > 0) | (spikes > 0)).tolist() + sorted(inverted):
        what = _what(int(close[row]), int(spikes[row])) if close[row] or spikes[row] else None
        if what is None and row not in inverted:
            continue
        yield view.finding(
            "DAT111",
            "info" if what is None else "warning",
            what or Text("a hole runs in the direction of its outline", "arah lubang sama dengan garis luarnya"),
            Text(
                "clean the geometry (delete duplicate nodes, remove spikes; `--fix-safe` deletes equal vertices)",
                "bersihkan geometrinya (hapus simpul ganda dan duri; `--fix-safe` menghapus titik yang sama)",
            ),
            row=row,
            value=int(close[row] + spikes[row]) if what is not None else None,
            witness=shapely.Point(corners.tips[row]) if what is not None and row in corners.tips else None,
        )  # fmt: skip


def _what(close: int, spikes: int) -> Text:
    said = []
    if close:
        vertices = "1 vertex" if close == 1 else f"{close} vertices"
        said.append(
            Text(f"{vertices} within 1 mm of the one before", f"{close} titik berjarak kurang dari 1 mm")
        )
    if spikes:
        said.append(Text("1 spike" if spikes == 1 else f"{spikes} spikes", f"{spikes} duri"))
    return Text("; ".join(text.en for text in said), "; ".join(text.id for text in said))


def corners_of(geometry: Objects) -> Corners:
    """Return what is wrong along the rings of polygons in a metric plane."""
    parts = parts_of(geometry)
    close, spikes = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    at: dict[int, tuple[float, float]] = {}
    for some in blocks(parts.polygon):
        rings, part = shapely.get_rings(parts.polygon[some], return_index=True)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        near, tips = _defects(xy, ring)
        owner = parts.owner[some][part[ring]]
        close.append(owner[near])
        spikes.append(owner[tips])
        for i in (*tips.tolist(), *(near + 1).tolist()):
            at.setdefault(int(owner[i]), (float(xy[i, 0]), float(xy[i, 1])))
    return Corners(np.concatenate(close), np.concatenate(spikes), at)


def _defects(xy: Floats, ring: Ints) -> tuple[Ints, Ints]:
    """Return the vertices that the next one is too close to, and those where a ring turns back on itself.

    The closing vertex is looked at from both ends.
    """
    last = np.flatnonzero(ring[1:] != ring[:-1])
    first = np.r_[0, last + 1]
    dx, dy = np.diff(xy[:, 0], append=np.nan), np.diff(xy[:, 1], append=np.nan)
    dx[last] = dy[last] = np.nan  # no edge leads from one ring to the next
    length2 = dx * dx + dy * dy
    before = np.arange(-1, len(ring) - 1)
    before[first] = np.r_[last, len(ring) - 1] - 1
    back = np.empty(len(ring))
    np.multiply(dx[:-1], dx[1:], out=back[1:])
    back[1:] += dy[:-1] * dy[1:]
    back[first] = dx[before[first]] * dx[first] + dy[before[first]] * dy[first]
    b = np.flatnonzero(back < 0)
    a = before[b]
    short = np.sqrt(np.minimum(length2[a], length2[b]))
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.sqrt(length2[a] * length2[b])
        cosine, sine = -back[b] / both, np.abs(dx[a] * dy[b] - dy[a] * dx[b]) / both
    sharp: Bools = (cosine > MIN_SPIKE_COSINE) & (short > SPIKE_LENGTH_M) & (short * sine < SPIKE_WIDTH_M)
    return np.flatnonzero(length2 < CLOSE_M**2), b[sharp]


def inverted_holes(geometry: Objects) -> Ints:
    """Return the rows with a hole that runs in the same direction as the outline around it."""
    parts = parts_of(geometry)
    holed = np.flatnonzero(shapely.get_num_interior_rings(parts.polygon) > 0)
    if not len(holed):
        return np.empty(0, dtype=np.int64)
    rings, part = shapely.get_rings(parts.polygon[holed], return_index=True)
    left = shapely.is_ccw(rings)
    shell = np.r_[True, part[1:] != part[:-1]]
    wrong = ~shell & (left == left[np.flatnonzero(shell)[np.cumsum(shell) - 1]])
    return np.unique(parts.owner[holed[part[wrong]]])


def why_not(view: LayerView, _: Surroundings) -> Text | None:
    """Say why a layer has no outlines to look at."""
    if not view.has_plane:
        return NO_PLANE
    return None if np.isin(shapely.get_type_id(view.geometry), (3, 6)).any() else NO_POLYGONS


CHECK = LayerCheck(("DAT111",), vertices, why_not)
