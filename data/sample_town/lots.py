"""Parcels cut along the streets and the buildings on them."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.strtree import STRtree

from sample_town import frame
from sample_town.frame import box, patch, road_area
from sample_town.zones import Cell, Town

LOT_WIDTH_M = {
    "R-2": (8, 12),
    "R-3": (11, 16),
    "R-4": (12, 18),
    "R-5": (22, 34),
    "K": (9, 15),
    "C-2": (14, 22),
}
WHOLE_BLOCK = (
    "RTH-2",
    "RTH-3",
    "RTH-4",
    "RTH-7",
    "TR",
    "HK",
    "PL-3",
    "SPU-1",
    "SPU-2",
    "SPU-3",
    "SPU-4",
    "KT",
    "W",
)
UNDEVELOPED = {"R-5": 0.12, "R-4": 0.12, "KPI": 0.1, "P-3": 0.4}
"""Share of the rows of lots that nobody has parcelled out yet, by sub-zone of the block."""
SLIVER_M = 0.3
"""How far a few parcels reach into the road reserve: a sliver that must never decide."""


@dataclass(frozen=True, slots=True)
class Lot:
    """One parcel with its position on the grid.

    `front` tells which grid side faces the street: "v0", "v1", or "" for a lot behind another.
    `u`, `v` bound the lot on the grid, so that footprints can be placed parallel to its sides: `u` ends at the
    reserve of a street along the side, `v` at the axis of the street in front.
    """

    id: str
    shape: Polygon
    u: tuple[float, float]
    v: tuple[float, float]
    front: str
    kind: str
    vacant: bool


@dataclass(frozen=True, slots=True)
class Building:
    """One existing building."""

    id: str
    lot: str
    floors: int
    shape: Polygon


def lots(town: Town) -> list[Lot]:
    """Return the parcels of the town, numbered from west to east and south to north."""
    rng = random.Random(20261)
    space = _OpenSpace()
    found: list[Lot] = []
    for cell in town.cells:
        specs = _cell_lots(rng, cell)
        idle = {row for row in ("v0", "v1") if not _is_parcelled(rng, cell)}
        for u, v, front, kind in specs:
            if front in idle or (not front and idle) or not _has_street(cell, u, front):
                continue
            shape = space.clip(u, v, front, rng)
            if shape is not None:
                inner = _beside_streets(u, v)
                found.append(
                    Lot(f"SINTETIS-{len(found) + 1:05d}", shape, inner, v, front, kind, rng.random() < 0.11)
                )
    return found


def _beside_streets(u: tuple[float, float], v: tuple[float, float]) -> tuple[float, float]:
    """Return the u range of a lot without the reserve of a street along its side."""
    low, high = u
    for position, street, (start, end) in frame.U_LINES:
        if street is not None and start <= v[0] and v[1] <= end:
            half = frame.RUMIJA_M[street] / 2
            low += half if abs(position - low) < 1e-6 else 0.0
            high -= half if abs(position - high) < 1e-6 else 0.0
    return low, high


def _is_parcelled(rng: random.Random, cell: Cell) -> bool:
    """Tell whether somebody has parcelled out a row of lots."""
    return rng.random() >= UNDEVELOPED.get(cell.base, 0.04)


def _has_street(cell: Cell, u: tuple[float, float], front: str) -> bool:
    """Tell whether a lot opens to a street; a lot behind another needs one on either side of its block."""
    sides = {"v0": (cell.v0,), "v1": (cell.v1,)}.get(front, (cell.v0, cell.v1))
    return any(street_along(v, *u) is not None for v in sides)


class _OpenSpace:
    """What is neither road nor water, for cutting lots; the way from a dead end to the river stays open."""

    def __init__(self) -> None:
        laid_out = frame.alignments()
        self.roads = [road_area(s) for s in laid_out]
        self.reach = [road_area(s, -SLIVER_M) for s in laid_out]
        self.tree = STRtree(self.roads)
        self.water = [frame.river_band(0.0), frame.pond()]

    def clip(
        self, u: tuple[float, float], v: tuple[float, float], front: str, rng: random.Random
    ) -> Polygon | None:
        """Return the lot without road and water, or None where too little is left to own."""
        shape: shapely.Geometry = box(*u, *v)
        roads = self.reach if rng.random() < 0.012 else self.roads
        for k in sorted(self.tree.query(shape)):
            shape = shape.difference(roads[k])
        for area in self.water:
            shape = shape.difference(area)
        if isinstance(shape, MultiPolygon):
            shape = max(shape.geoms, key=lambda g: g.area)
        shape = shapely.set_precision(shapely.simplify(shape, 0.02), frame.GRID_M)
        if not isinstance(shape, Polygon) or shape.area < 95.0 or shape.interiors:
            return None
        return shapely.normalize(shape)


Spec = tuple[tuple[float, float], tuple[float, float], str, str]


def _cell_lots(rng: random.Random, cell: Cell) -> list[Spec]:
    """Return (u range, v range, front side, kind) of every lot of a block."""
    if cell.base in WHOLE_BLOCK:
        return _whole(cell)
    if cell.base == "KPI":
        return _roadside(rng, cell, (38, 52), 40.0)
    if cell.base in ("P-1", "P-3", "HL"):
        return _roadside(rng, cell, (40, 48), 42.0) if cell.base == "P-3" and cell.v1 == -600 else []
    if cell.v1 - cell.v0 > 135:
        return _roadside(rng, cell, (26, 36), 46.0)
    return _rows(rng, cell)


def _whole(cell: Cell) -> list[Spec]:
    middle = (cell.u0 + cell.u1) / 2
    if cell.base.startswith("SPU") or cell.base == "KT":
        step = (cell.u1 - cell.u0) / 4
        cuts = [cell.u0 + k * step for k in range(5)]
        return [
            ((a, b), v, front, cell.base)
            for a, b in itertools.pairwise(cuts)
            for v, front in (((cell.v0, cell.mid), "v0"), ((cell.mid, cell.v1), "v1"))
        ]
    if cell.base in ("RTH-3", "RTH-4"):
        return [((cell.u0, middle), (cell.v0, cell.mid), "v0", cell.base)]
    return []


def _rows(rng: random.Random, cell: Cell) -> list[Spec]:
    """Return two rows of lots back to back; some are parted into a front and a rear lot."""
    specs: list[Spec] = []
    for v, front, code in (((cell.v0, cell.mid), "v0", cell.low), ((cell.mid, cell.v1), "v1", cell.high)):
        for u in _widths(rng, cell, code):
            if code in ("R-2", "R-3") and rng.random() < 0.14:
                at = v[0] + (v[1] - v[0]) * (0.62 if front == "v0" else 0.38)
                near, rear = ((v[0], at), (at, v[1])) if front == "v0" else ((at, v[1]), (v[0], at))
                specs += [(u, near, front, code), (u, rear, "", code)]
            else:
                specs.append((u, v, front, code))
    return specs


def _widths(rng: random.Random, cell: Cell, code: str) -> list[tuple[float, float]]:
    low, high = LOT_WIDTH_M.get(code, LOT_WIDTH_M.get(code[0], (14, 20)))
    at, end, found = cell.u0, cell.u1, []
    if cell.side is not None and abs(cell.side[0] - cell.u0) < abs(cell.side[0] - cell.u1):
        found.append((at, at + 42.0))
        at += 42.0
    elif cell.side is not None:
        end -= 42.0
    first = at
    while end - at > 2 * low:
        reserve = 7.0 if at == cell.u0 else 0.0
        width = rng.uniform(low, high) + reserve
        if end - (at + width) < low:
            break
        found.append((at, at + width))
        at += width
    found.append((at, end) if at > first else (first, end))
    if end < cell.u1:
        found.append((end, cell.u1))
    return found


def _roadside(rng: random.Random, cell: Cell, widths: tuple[int, int], depth: float) -> list[Spec]:
    """Return one row of lots along the lower and the upper street of a large block."""
    specs: list[Spec] = []
    reserve = 7.0
    for v, front in (
        ((cell.v0, cell.v0 + depth + reserve), "v0"),
        ((cell.v1 - depth - reserve, cell.v1), "v1"),
    ):
        if v[0] < frame.V_MIN + 1 or v[1] > frame.V_MAX - 1:
            continue
        at = cell.u0 + 9.0
        while at < cell.u1 - widths[1] - 9.0:
            width = rng.uniform(*widths)
            specs.append(((at, at + width), v, front, cell.base))
            at += width
    return specs


@dataclass(frozen=True, slots=True)
class Inner:
    """The buildable rectangle of a lot on the grid: distances from its street side, sides and rear."""

    front_m: float
    side_m: float
    rear_m: float


def place(lot: Lot, half_road_m: float, inner: Inner, depth_share: float = 1.0) -> Polygon:
    """Return a footprint with straight walls, parallel to the lot, set back by `inner` from its sides."""
    (u0, u1), (v0, v1) = lot.u, lot.v
    near = half_road_m + inner.front_m
    if lot.front == "v1":
        top, bottom = v1 - near, v0 + inner.rear_m
        bottom = top - (top - bottom) * depth_share
    else:
        bottom, top = v0 + (near if lot.front == "v0" else inner.side_m), v1 - inner.rear_m
        top = bottom + (top - bottom) * depth_share
    corners = (
        (u0 + inner.side_m, bottom),
        (u1 - inner.side_m, bottom),
        (u1 - inner.side_m, top),
        (u0 + inner.side_m, top),
    )
    flat = frame.to_map(np.array([c[0] for c in corners]), np.array([c[1] for c in corners]))
    return shapely.set_precision(Polygon(flat), 0.01)


def half_road_m(lot: Lot) -> float:
    """Return half the road reserve in front of a lot (0 for a lot behind another)."""
    found = road_class(lot)
    return frame.RUMIJA_M[found] / 2 if found else 0.0


def road_class(lot: Lot) -> str | None:
    """Return the class of the street in front of a lot."""
    return street_along(lot.v[0] if lot.front == "v0" else lot.v[1], *lot.u) if lot.front else None


def street_along(v: float, u0: float, u1: float) -> str | None:
    """Return the class of the street on the grid line `v` between u0 and u1, None where there is none."""
    for position, street, (low, high) in frame.V_LINES:
        if street is not None and abs(position - v) < 1e-6 and low <= u0 and u1 <= high:
            return street if street in frame.BRIDGES or not _at_river(v, u0, u1) else None
    return None


def _at_river(v: float, u0: float, u1: float) -> bool:
    """Tell whether a street without a bridge ends before the middle of a lot."""
    at = np.array([v])
    reach = float(frame.river_half_m(at)[0]) + frame.DEAD_END_M
    return abs((u0 + u1) / 2 - float(frame.river_course(at)[0])) < reach


def buildings(parcels: list[Lot]) -> list[Building]:
    """Return the existing buildings: one on most lots, a shed behind some, and some that break the rules."""
    rng = random.Random(77)
    found: list[Building] = []

    def add(lot: Lot, shape: Polygon, floors: int) -> None:
        if shape.is_valid and shape.area > 12.0 and shape.intersection(lot.shape).area > 0.93 * shape.area:
            found.append(Building(f"BGN-SINTETIS-{len(found) + 1:05d}", lot.id, floors, shape))

    for lot in parcels:
        if lot.vacant or lot.kind.startswith(("RTH", "P-")):
            continue
        front = rng.uniform(0.4, 1.5) if rng.random() < 0.04 else rng.uniform(3.0, 7.0)
        inner = Inner(front, rng.uniform(0.8, 2.2), rng.uniform(3.0, 9.0))
        add(lot, place(lot, half_road_m(lot), inner, rng.uniform(0.5, 0.95)), 1 + int(rng.random() < 0.25))
        if lot.shape.area > 380 and rng.random() < 0.4:
            (u0, u1), (v0, v1) = lot.u, lot.v
            u, v = u0 + rng.uniform(1.5, 3.0), (v1 - 2.2 if lot.front == "v0" else v0 + 2.2)
            rear = -5.0 if lot.front == "v0" else 5.0
            width = min(6.0, (u1 - u0) / 3)
            shed = patch((u, v), (u + width, v), (u + width, v + rear), (u, v + rear))
            shed = shapely.set_precision(shapely.simplify(shed, 0.05), 0.01)
            if not any(shed.intersects(b.shape) for b in found[-1:] if b.lot == lot.id):
                add(lot, shed, 1)
    return found
