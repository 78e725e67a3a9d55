"""A small map for the terminal, in braille dots: zone lines, the parcel, the building."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bit of each dot in a braille cell, rows from the top, columns from the left."""
_MARGIN = 0.3
"""How much of the subject's size is shown around it on each side."""

Dots = NDArray[np.bool_]


class MapLayers(NamedTuple):
    """What to draw, all in one metric CRS.

    Attributes
    ----------
    zones
        (sub-zone code, geometry) around the site.
    subject
        The parcel, or the footprint where no parcel is known: its outline is drawn.
    building
        Filled, or None.
    """

    zones: Sequence[tuple[str, Any]]
    subject: Any
    building: Any | None = None


def draw(layers: MapLayers, *, columns: int, rows: int) -> list[str]:
    """Return `rows` lines of `columns` characters, north up, equal scale in both directions.

    Zone codes stand inside their zones where they fit. A dot is drawn where the outline of a zone or the
    subject crosses its square; the building is filled.
    """
    import shapely

    x_m, y_m, step_m = _grid(layers.subject.bounds, columns, rows)
    squares = shapely.box(
        x_m[None, :] - step_m / 2,
        y_m[:, None] - step_m / 2,
        x_m[None, :] + step_m / 2,
        y_m[:, None] + step_m / 2,
    )
    view = shapely.box(x_m[0], y_m[-1], x_m[-1], y_m[0])
    zones = [
        (code, part) for code, geometry in layers.zones if not (part := geometry.intersection(view)).is_empty
    ]
    dots = _outline(layers.subject, squares)
    sparse = (np.arange(dots.shape[0])[:, None] + np.arange(dots.shape[1])[None, :]) % 2 == 0
    for _, part in zones:
        dots |= _outline(part.boundary.difference(view.boundary), squares) & sparse
    if layers.building is not None:
        shapely.prepare(layers.building)
        dots |= shapely.contains_xy(layers.building, *np.meshgrid(x_m, y_m))
    lines = _braille(dots)
    _label(lines, zones, x_m[0], y_m[0], step_m)
    return ["".join(line) for line in lines]


def _grid(
    bounds: tuple[float, float, float, float], columns: int, rows: int
) -> tuple[NDArray[np.floating], NDArray[np.floating], float]:
    """Return dot centres (x ascending, y descending) and the side of a dot's square in metres."""
    x0, y0, x1, y1 = bounds
    wide, high = columns * 2, rows * 4
    step_m = max((x1 - x0) / wide, (y1 - y0) / high, 1e-3) * (1 + 2 * _MARGIN)
    x_m = (x0 + x1) / 2 + (np.arange(wide) - (wide - 1) / 2) * step_m
    y_m = (y0 + y1) / 2 - (np.arange(high) - (high - 1) / 2) * step_m
    return x_m, y_m, step_m


def _outline(geometry: Any, squares: NDArray[np.object_]) -> Dots:
    import shapely

    line = geometry.boundary if geometry.geom_type.endswith("Polygon") else geometry
    shapely.prepare(line)
    crossed: Dots = shapely.intersects(line, squares)
    return crossed


def _braille(dots: Dots) -> list[list[str]]:
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    cells = (dots.reshape(rows, 4, columns, 2) * _DOTS[None, :, None, :]).sum(axis=(1, 3))
    return [[chr(0x2800 + int(cell)) if cell else " " for cell in row] for row in cells]


def _label(
    lines: list[list[str]], zones: Sequence[tuple[str, Any]], left_m: float, top_m: float, step_m: float
) -> None:
    """Write each zone's code once, inside the zone and on no dot, nearest to the zone's middle."""
    import shapely

    x_m = left_m + (np.arange(len(lines[0])) * 2 + 0.5) * step_m
    y_m = top_m - (np.arange(len(lines)) * 4 + 1.5) * step_m
    for code, part in zones:
        shapely.prepare(part)
        free = shapely.contains_xy(part, *np.meshgrid(x_m, y_m))
        free &= np.array([[character == " " for character in line] for line in lines])
        span = len(code) + 2
        if span > free.shape[1]:
            continue
        starts = np.lib.stride_tricks.sliding_window_view(free, span, axis=1).all(axis=2)
        rows, columns = np.nonzero(starts)
        if len(rows):
            middle = part.representative_point()
            away = np.hypot(y_m[rows] - middle.y, x_m[columns] + span * step_m - middle.x)
            row, column = int(rows[away.argmin()]), int(columns[away.argmin()]) + 1
            lines[row][column : column + len(code)] = list(code)
