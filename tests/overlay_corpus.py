"""Named pairs of a parcel and zones in which overlays have failed before: our own equivalents of JTS and GEOS cases.

What a file may hold but the engine never sees (crossed rings, spikes, repeated points) is drawn as it is in `RAW` and
goes through the same repair as every input.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon, box

P = box(0, 0, 20, 20)
WIDE = box(-50, -50, 70, 60)


def rest_of(*zones: Any) -> Any:
    """Return what some zones leave of the wide square."""
    return WIDE.difference(shapely.union_all(list(zones)))


def star(
    points: int, inner: float, outer: float, at: tuple[float, float] = (10, 10), turn: float = 0.0
) -> Any:
    """Return a star: many edges that meet others at small angles."""
    angle = np.linspace(0, 2 * np.pi, 2 * points, endpoint=False) + turn
    radius = np.where(np.arange(2 * points) % 2, inner, outer)
    return Polygon(np.column_stack([at[0] + radius * np.cos(angle), at[1] + radius * np.sin(angle)]))


def comb(teeth: int, width: float) -> Any:
    """Return a bar with teeth that reach into the parcel."""
    points: list[tuple[float, float]] = [(-1, -5), (-1, -1)]
    for x in np.linspace(0, 20 - width, teeth):
        points += [(x, -1), (x, 19), (x + width, 19), (x + width, -1)]
    return Polygon([*points, (21, -1), (21, -5)])


def spiral(turns: int, thick: float) -> Any:
    """Return a thin spiral around the middle of the parcel."""
    angle = np.linspace(0, 2 * np.pi * turns, 60 * turns)
    radius = 1 + angle / (2 * np.pi * turns) * 12
    line = shapely.linestrings(np.column_stack([10 + radius * np.cos(angle), 10 + radius * np.sin(angle)]))
    return shapely.buffer(line, thick / 2, cap_style="flat")


def wavy(count: int, amplitude: float) -> Any:
    """Return the lower half of the wide square under a line of very many vertices."""
    x = np.linspace(-50, 70, count)
    top = np.column_stack([x, 10 + amplitude * np.sin(x * 7.3)])
    return Polygon([(-50, -50), *[(70, -50)], *top[::-1]])


MANY = 20_000 if os.environ.get("KKPR_SOAK") else 1_000
"""Vertices of the large ones: the slow count that holds the ledgers takes their square."""
WAVY = wavy(MANY, 0.4)
SHELL = [(-50, -50), (70, -50), (70, 60), (-50, 60)]
INNER = box(5, 5, 15, 15)
ISLAND = box(8, 8, 12, 12)
RAW: dict[str, Any] = {
    "crossed ring": Polygon([(0, 0), (20, 20), (20, 0), (0, 20)]),
    "spike out": Polygon([(0, 0), (20, 0), (20, 10), (45, 10), (20, 10), (20, 20), (0, 20)]),
    "spike in": Polygon([(0, 0), (20, 0), (20, 10), (3, 10), (20, 10), (20, 20), (0, 20)]),
    "repeated points": Polygon([(0, 0), (0, 0), (20, 0), (20, 0), (20, 0), (20, 20), (0, 20), (0, 0), (0, 0)]),
    "ring that touches itself in a point": Polygon([(0, 0), (20, 0), (10, 10), (20, 20), (0, 20), (10, 10)]),
    "ring that touches itself along an edge": Polygon(
        [(0, 0), (20, 0), (20, 20), (0, 20), (0, 12), (10, 12), (10, 8), (0, 8), (0, 12), (0, 8)]
    ),
    "inverted hole": Polygon([(0, 0), (20, 0), (20, 8), (12, 8), (12, 12), (20, 12), (20, 8), (20, 20), (0, 20)]),
    "hole outside its shell": Polygon(P.exterior.coords, [box(25, 25, 30, 30).exterior.coords]),
    "hole across its shell": Polygon(P.exterior.coords, [box(15, 5, 25, 15).exterior.coords]),
    "holes that cross": Polygon(P.exterior.coords, [box(4, 4, 12, 12).exterior.coords, box(8, 8, 16, 16).exterior.coords]),
    "hole in a hole": Polygon(P.exterior.coords, [INNER.exterior.coords, ISLAND.exterior.coords]),
    "hole twice": Polygon(P.exterior.coords, [INNER.exterior.coords, INNER.exterior.coords]),
    "hole that is the shell": Polygon(P.exterior.coords, [box(0, 0, 20, 19.9999999).exterior.coords]),
    "hole along the shell": Polygon(P.exterior.coords, [box(0, 5, 5, 15).exterior.coords]),
    "shells that overlap": MultiPolygon([box(0, 0, 12, 20), box(8, 0, 20, 20)]),
    "shell in a shell": MultiPolygon([P, INNER]),
    "shell twice": MultiPolygon([P, P]),
    "shells that share an edge": MultiPolygon([box(0, 0, 10, 20), box(10, 0, 20, 20)]),
    "zig and zag on one line": Polygon([(0, 0), (20, 0), (12, 0), (16, 0), (20, 0), (20, 20), (0, 20)]),
    "nothing but a needle": Polygon([(0, 0), (20, 0), (20, 1e-9), (10, 2e-9)]),
}  # fmt: skip

VALID: dict[str, tuple[Any, list[Any]]] = {
    "holes that touch in a point": (
        P,
        [
            Polygon(SHELL, [[(2, 2), (10, 10), (2, 10)], [(10, 10), (18, 18), (18, 10)]]),
            Polygon([(2, 2), (10, 10), (2, 10)]),
        ],
    ),
    "holes that touch the shell of the parcel": (
        Polygon(P.exterior.coords, [[(0, 10), (8, 6), (8, 14)], [(20, 10), (12, 6), (12, 14)]]),
        [box(-50, -50, 10, 60), box(10, -50, 70, 60)],
    ),
    "island in a hole": (P, [MultiPolygon([WIDE.difference(INNER), ISLAND]), INNER.difference(ISLAND)]),
    "nested shells of two zones": (
        P,
        [MultiPolygon([INNER.difference(ISLAND), rest_of(P)]), MultiPolygon([P.difference(INNER), ISLAND])],
    ),
    "nearly collinear edges": (
        P,
        [
            Polygon([(-50, 10), (70, 10 + 1e-7), (70, -50), (-50, -50)]),
            Polygon([(-50, 10), (10, 10 + 0.49e-7), (70, 10 + 1e-7), (70, 60), (-50, 60)]),
        ],
    ),
    "vertex that nearly lies on an edge": (
        P,
        [
            Polygon([(-50, -50), (70, -50), (20 - 1e-10, 10), (-50, 60)]),
            Polygon([(70, -50), (70, 60), (-50, 60), (20 - 1e-10, 10)]),
        ],
    ),
    "many edges through one point": (P, [star(90, 1e-3, 60), rest_of(star(90, 1e-3, 60))]),
    "two stars turned by 1e-6": (
        star(40, 9, 10),
        [star(40, 9, 10, turn=1e-6), rest_of(star(40, 9, 10, turn=1e-6))],
    ),
    "two stars turned by 1e-12": (star(40, 9, 10), [star(40, 9, 10, turn=1e-12), rest_of(star(40, 9, 10))]),
    "parcel moved by one ulp": (shapely.transform(P, lambda p: np.nextafter(p, np.inf)), [P, rest_of(P)]),
    "circles that nearly are one": (
        shapely.Point(10, 10).buffer(9, quad_segs=64),
        [
            shapely.Point(10 + 1e-9, 10).buffer(9, quad_segs=64),
            rest_of(shapely.Point(10, 10).buffer(9, quad_segs=64)),
        ],
    ),
    "comb": (P, [comb(40, 0.2), rest_of(comb(40, 0.2))]),
    "comb of hairs": (P, [comb(40, 1e-6), rest_of(comb(40, 1e-6))]),
    "spiral": (P, [spiral(8, 0.4), rest_of(spiral(8, 0.4))]),
    "edge of very many vertices": (P, [WAVY, rest_of(WAVY)]),
    "parcel of very many vertices": (
        shapely.Point(10, 10).buffer(9.7, quad_segs=MANY // 8),
        [box(-50, -50, 10, 60), box(10, -50, 70, 60)],
    ),
    "zone 1000 km long and 1 mm wide": (
        P,
        [box(-5e5, 10, 5e5, 10.001), box(-50, -50, 70, 10), box(-50, 10.001, 70, 60)],
    ),
    "corner on a corner": (
        P,
        [
            Polygon([(10, 10), (70, 10), (70, 60), (10, 60)]),
            Polygon([(10, 10), (-50, 10), (-50, -50), (10, -50)]),
            box(10, -50, 70, 10),
            box(-50, 10, 10, 60),
        ],
    ),
    "chessboard of two zones": (
        P,
        [
            shapely.union_all(
                [
                    box(x, y, x + 2, y + 2)
                    for x in range(0, 20, 2)
                    for y in range(0, 20, 2)
                    if (x + y) % 4 == k
                ]
            )
            for k in (0, 2)
        ],
    ),
    "slivers of 1e-9 between a hundred strips": (
        P,
        [box(x, -50, x + 0.2 - 1e-9, 60) for x in np.linspace(0, 19.8, 100)],
    ),
    "strips that overlap by 1e-9": (P, [box(x - 1e-9, -50, x + 0.2, 60) for x in np.linspace(0, 19.8, 100)]),
    "a parcel smaller than its noise": (
        box(10, 10, 10.3, 10.3),
        [box(-50, -50, 10.1, 60), box(10.1, -50, 70, 60)],
    ),
    "steep and flat": (
        P,
        [
            Polygon([(10, -50), (10 + 1e-8, 60), (70, 60), (70, -50)]),
            Polygon([(10, -50), (10 + 1e-8, 60), (-50, 60), (-50, -50)]),
        ],
    ),
}


def pairs() -> dict[str, tuple[Any, list[Any]]]:
    """Return every pair: the valid ones, each raw shape as parcel and as zone, each once more with the roles changed."""
    halves = [box(-50, -50, 11.3, 60), box(11.3, -50, 70, 60)]
    found = dict(VALID)
    for name, raw in RAW.items():
        drawn = shapely.make_valid(raw, method="structure", keep_collapsed=False)
        if drawn.area > 0:
            found[f"{name}, as parcel"] = (drawn, halves)
            found[f"{name}, as zone"] = (P, [drawn, rest_of(drawn)])
    for name, (parcel, zones) in VALID.items():
        first = zones[0].intersection(box(-60, -60, 80, 80))
        found[f"{name}, roles changed"] = (first, [parcel, *halves])
    return found
