"""Which sub-zone each part of the town belongs to, and the zoning coverage built from it."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.strtree import STRtree

from sample_town import frame
from sample_town.frame import U_LINES, V_LINES, Street, box, curve, patch, to_grid

POKE_M = 2.0
"""Zone lines run this far past the line they end on: a chord of a curve never quite meets it."""
STRIP_M = 10.0
"""Depth of the green strip (RTH-8) along the arterial road outside the centre."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A block between four grid lines; `label` tells the sub-zone at a grid position inside it."""

    i: int
    j: int
    u0: float
    u1: float
    v0: float
    v1: float
    mid: float
    base: str
    low: str
    high: str
    split: float
    side: tuple[float, str] | None = None

    @property
    def swp(self) -> str:
        """Sub planning area the block lies in."""
        return ("I" if self.v0 >= 0 else "II") + "." + ("A" if self.u1 <= 0 else "B")

    @property
    def block(self) -> str:
        """Number of the block in the plan."""
        return f"{self.swp}.{self.i * 16 + self.j + 1}"

    def label(self, u: float, v: float) -> str:
        """Return the sub-zone at (u, v)."""
        if self.side is not None:
            at, code = self.side
            if (at > (self.u0 + self.u1) / 2) == (u > at):
                return code
        return self.low if v < self.split else self.high

    def cuts(self) -> list[LineString]:
        """Return the zone lines drawn inside the block."""
        lines = []
        if self.low != self.high:
            lines.append(curve((self.u0 - POKE_M, self.split), (self.u1 + POKE_M, self.split)))
        if self.side is not None:
            lines.append(curve((self.side[0], self.v0 - POKE_M), (self.side[0], self.v1 + POKE_M)))
        return lines


SPECIAL = {
    # (u line, v line) of the lower left corner -> sub-zone of the whole block
    (-120, 0): "RTH-2", (0, 0): "KT", (-245, 0): "SPU-1", (125, 0): "KT", (-120, -98): "K-1", (0, -98): "K-1",
    (-375, 100): "SPU-2", (245, 195): "SPU-2", (125, -290): "SPU-2", (-630, -195): "SPU-3", (360, 290): "SPU-3",
    (-245, -385): "SPU-3", (-500, 290): "SPU-4", (125, 385): "SPU-4", (-120, -480): "SPU-4", (-760, -98): "TR",
    (245, -195): "RTH-3", (-500, -290): "RTH-4", (-245, 290): "RTH-4", (-930, 290): "RTH-7", (-1180, 100): "HK",
    (-1180, 610): "W", (-930, 610): "W", (680, -98): "C-2", (680, 0): "C-2", (360, -98): "C-2", (-500, 0): "C-2",
    (-1180, -290): "PL-3", (800, 385): "SPU-3",
}  # fmt: skip


def _outside(u: float, v: float) -> str:
    """Return the sub-zone of open land around the town (block centre)."""
    if u > 760 and v > 440:
        return "HL"
    if u > 760 and v > -300:
        return "KPI" if v < 290 else "R-5"
    if v > 480:
        return "P-1" if u > -250 else ("R-5" if u < -930 else "P-3")
    if v < -600:
        return "P-1" if u > 200 else "P-3"
    return "R-5" if u < -760 else "R-4"


def _living(u: float, v: float) -> str:
    """Return the residential density by distance from the centre."""
    r = np.hypot(u / 1.25, v)
    return "R-2" if r < 215 else "R-3" if r < 400 else "R-4" if r < 640 else "R-5"


def cells() -> list[Cell]:
    """Return every block of the town with its sub-zones."""
    rng = random.Random(5303)
    made: list[Cell] = []
    us, vs = [line[0] for line in U_LINES], [line[0] for line in V_LINES]
    for i, (u0, u1) in enumerate(itertools.pairwise(us)):
        for j, (v0, v1) in enumerate(itertools.pairwise(vs)):
            made.append(_cell(rng, i, j, (u0, u1), (v0, v1)))
    return made


def _cell(rng: random.Random, i: int, j: int, us: tuple[float, float], vs: tuple[float, float]) -> Cell:
    (u0, u1), (v0, v1) = us, vs
    u, v = (u0 + u1) / 2, (v0 + v1) / 2
    mid = v + rng.uniform(-4, 4)
    shift = rng.choice((-9.0, -6.0, 7.0, 11.0)) if rng.random() < 0.3 else 0.0
    core = u0 >= -760 and u1 <= 800 and v0 >= -480 and v1 <= 480
    special = SPECIAL.get((int(u0), int(v0)))
    base = special or (_living(u, v) if core else _outside(u, v))
    low = high = base
    side: tuple[float, str] | None = None
    if special is None and core:
        low, high = _ribbons(base, u, v0, v1)
        side = _side_strip(u0, u1, shift)
    elif special is None and base == "R-5" and v0 in (0, -98):
        low, high = ("K-3", base) if v0 == 0 else (base, "K-3")
    return Cell(i, j, u0, u1, v0, v1, mid, base, low, high, mid + shift, side)


def _ribbons(base: str, u: float, v0: float, v1: float) -> tuple[str, str]:
    """Return the sub-zones of the lower and the upper row of lots: trade along the larger roads."""
    along_arterial = "K-1" if abs(u) < 260 else "K-2"
    if v0 == 0:
        return along_arterial, base
    if v1 == 0:
        return base, along_arterial
    if v0 == 290 or v1 == 290:
        return ("K-2", base) if v0 == 290 else (base, "K-2")
    if v0 == -290:
        return ("K-3", base) if abs(u) < 500 else (base, base)
    return base, base


def _side_strip(u0: float, u1: float, shift: float) -> tuple[float, str] | None:
    """Return a strip beside the collector road (C-2) or the local road (K-3), where the block has one."""
    depth = 42.0 + shift
    for line, code in ((0.0, "C-2"), (-500.0, "K-3")):
        if u0 == line:
            return u0 + depth, code
        if u1 == line:
            return u1 - depth, code
    return None


@dataclass(frozen=True, slots=True)
class ZonePiece:
    """One polygon of the zoning layer."""

    subzone: str
    block: str
    swp: str
    shape: Polygon
    note: str = ""


@dataclass(frozen=True, slots=True)
class Town:
    """Everything drawn once: streets, blocks, zone polygons."""

    streets: list[Street]
    cells: list[Cell]
    pieces: list[ZonePiece]
    boundary: Polygon
    gaps: dict[str, Polygon]
    overlap: int = -1


GAPS = {
    # deliberate holes in the zoning coverage, on the grid; named in data/README.md
    "celah lebar": ((-600.0, 406.0), (-560.0, 406.0), (-560.0, 448.0), (-600.0, 448.0)),
    "celah sempit": ((300.0, -412.0), (352.0, -412.0), (352.0, -411.7), (300.0, -411.7)),
    "celah segitiga": ((905.0, -230.0), (935.0, -228.0), (918.0, -205.0)),
}
OVERLAP = (-246.0, -242.0, 880.0, 960.0)
"""A strip that the plantation zone (P-3) claims 3 m deep inside the rice zone (P-1): u0, u1, v0, v1."""
OVERLAP_CLAIMANT = (-250.0, 920.0)


def build() -> Town:
    """Return the town: all linework noded at once, so that neighbours share every vertex."""
    streets, blocks = frame.streets(), cells()
    boundary = box(frame.U_MIN, frame.U_MAX, frame.V_MIN, frame.V_MAX)
    gaps = {name: patch(*corners) for name, corners in GAPS.items()}
    lines = _linework(streets, blocks, boundary, gaps)
    noded = shapely.unary_union(lines, grid_size=frame.GRID_M)
    faces = [g for g in shapely.get_parts(shapely.polygonize([noded])) if g.area > 0]
    labels = _labels(faces, streets, blocks, boundary, gaps)
    pieces = _dissolve(faces, labels)
    town = Town(streets, blocks, pieces, boundary, gaps)
    return _with_overlap(town)


def _linework(
    streets: list[Street], blocks: list[Cell], boundary: Polygon, gaps: dict[str, Polygon]
) -> list[shapely.Geometry]:
    lines: list[shapely.Geometry] = [boundary.exterior]
    lines += [curve((p, frame.V_MIN - POKE_M), (p, frame.V_MAX + POKE_M)) for p, _, _ in U_LINES]
    lines += [curve((frame.U_MIN - POKE_M, p), (frame.U_MAX + POKE_M, p)) for p, _, _ in V_LINES]
    lines += [frame.road_area(s).boundary for s in streets]
    lines += [area.boundary for area in (frame.river_band(0.0), *_banks())]
    lines.append(frame.pond().boundary)
    for cell in blocks:
        lines += cell.cuts()
    half = frame.RUMIJA_M["arteri-primer"] / 2 + STRIP_M
    lines += [
        curve((u0, v), (u1, v))
        for v in (-half, half)
        for u0, u1 in ((-1500 - POKE_M, -1180), (980, 1500 + POKE_M))
    ]
    lines += [g.boundary for g in gaps.values()]
    return [line.intersection(boundary) for line in lines]


Label = tuple[str, str, str]


def _labels(
    faces: list[Polygon],
    streets: list[Street],
    blocks: list[Cell],
    boundary: Polygon,
    gaps: dict[str, Polygon],
) -> list[Label | None]:
    """Return (sub-zone, block, swp) of every face, None where the plan leaves a hole."""
    inside = [Point(g.representative_point()) for g in faces]
    owner: dict[int, Street] = {}
    order = list(frame.RUMIJA_M)
    ranked = sorted(streets, key=lambda s: (order.index(s.road_class), s.id))
    tree = STRtree(inside)
    for street in reversed(ranked):
        for k in tree.query(frame.road_area(street), predicate="contains"):
            owner[int(k)] = street
    water = {int(k) for area in _water() for k in tree.query(area, predicate="contains")}
    banks = {int(k) for area in _banks() for k in tree.query(area, predicate="contains")}
    holes = {int(k) for g in gaps.values() for k in tree.query(g, predicate="contains")}
    us, vs = [line[0] for line in U_LINES], [line[0] for line in V_LINES]
    by_cell = {(c.i, c.j): c for c in blocks}
    uu, vv = to_grid(shapely.get_coordinates(inside))
    labels: list[Label | None] = []
    for k, (u, v) in enumerate(zip(uu, vv, strict=True)):
        i = min(max(int(np.searchsorted(us, u)) - 1, 0), len(us) - 2)
        j = min(max(int(np.searchsorted(vs, v)) - 1, 0), len(vs) - 2)
        cell = by_cell[i, j]
        if k in holes:
            labels.append(None)
        elif k in owner:
            labels.append(("BJ", owner[k].id, cell.swp))
        elif k in water:
            labels.append(("BA", "BA", cell.swp))
        elif k in banks:
            labels.append(("PS", cell.block, cell.swp))
        elif _in_strip(u, v):
            labels.append(("RTH-8", cell.block, cell.swp))
        else:
            labels.append((cell.label(u, v), cell.block, cell.swp))
    return labels


def _in_strip(u: float, v: float) -> bool:
    return (u < -1180 or u > 980) and abs(v) < frame.RUMIJA_M["arteri-primer"] / 2 + STRIP_M


def _water() -> list[Polygon]:
    return [frame.river_band(0.0), frame.pond()]


def _banks() -> list[Polygon]:
    return [frame.river_band(setback, v0, v1) for _, v0, v1, _, setback in frame.REACHES] + [frame.pond(50.0)]


def _dissolve(faces: list[Polygon], labels: list[Label | None]) -> list[ZonePiece]:
    groups: dict[Label, list[Polygon]] = defaultdict(list)
    for face, label in zip(faces, labels, strict=True):
        if label is not None:
            groups[label].append(face)
    _absorb_crumbs(groups)
    pieces = []
    for label in sorted(groups):
        subzone, block, swp = label
        shapes = list(shapely.get_parts(shapely.coverage_union_all(groups[label])))
        shapes.sort(key=lambda g: (round(g.bounds[0], 3), round(g.bounds[1], 3)))
        pieces += [ZonePiece(subzone, block, swp, shapely.normalize(g)) for g in shapes]
    return pieces


def _absorb_crumbs(groups: dict[Label, list[Polygon]], smallest_m2: float = 12.0) -> None:
    """Give parts that no planner would draw (a few square metres) to the neighbour with the longest border."""
    for label in sorted(groups):
        parts = list(shapely.get_parts(shapely.coverage_union_all(groups[label])))
        for part in [p for p in parts if p.area < smallest_m2]:
            near = [
                (face.boundary.intersection(part.boundary).length, other)
                for other, faces in groups.items()
                if other != label
                for face in faces
                if face.distance(part) == 0
            ]
            if not near:
                continue
            _, target = max(near)
            moved = [f for f in groups[label] if part.contains(f.representative_point())]
            groups[label] = [f for f in groups[label] if not part.contains(f.representative_point())]
            groups[target] = groups[target] + moved
    for label in [k for k, faces in groups.items() if not faces]:
        del groups[label]


def _with_overlap(town: Town) -> Town:
    """Let one zone claim a strip of its neighbour: the one deliberate overlap."""
    strip, at = box(*OVERLAP), Point(frame.to_map(*OVERLAP_CLAIMANT)[0])
    pieces = list(town.pieces)
    claimant = next(k for k, p in enumerate(pieces) if p.shape.contains(at))
    grown = shapely.normalize(pieces[claimant].shape.union(strip, grid_size=frame.GRID_M))
    pieces[claimant] = replace(pieces[claimant], shape=grown, note="tumpang tindih (disengaja)")
    return replace(town, pieces=pieces, overlap=claimant)
