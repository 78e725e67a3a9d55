"""A thumbnail of a whole zoning layer for the terminal, in braille dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def zone_map(
    geometry: Any, codes: Sequence[str | None], *, columns: int, rows: int, braille: bool = True
) -> list[str]:
    """Return a small map: a dot is set inside a zone and left out where another sub-zone begins.

    Parameters
    ----------
    geometry
        shapely areas in one CRS, x east, y north; None is skipped. Drawn with equal scale in both directions.
    codes
        Sub-zone of each geometry.
    columns, rows
        Most characters in each direction; a braille character holds 2 x 4 dots.
    braille
        False draws one ``#`` a character.
    """
    import numpy as np
    import shapely

    kept = [
        (shape, code) for shape, code in zip(geometry, codes, strict=True)
        if shape is not None and not shape.is_empty and shapely.get_dimensions(shape) == 2
    ]  # fmt: skip
    if not kept or columns < 4:
        return []
    across, down = (2, 4) if braille else (1, 1)
    x0, y0, x1, y1 = shapely.total_bounds([shape for shape, _ in kept])
    middle = (
        np.cos(np.radians((y0 + y1) / 2))
        if max(abs(x0), abs(x1)) <= 180 and max(abs(y0), abs(y1)) <= 90
        else 1.0
    )
    tall = 1.0 if braille else 2.0
    step = max((x1 - x0) * middle / (columns * across), (y1 - y0) / (rows * down * tall), 1e-12)
    wide, high = (max(1, round((x1 - x0) * middle / step)), max(1, round((y1 - y0) / (step * tall))))
    wide, high = min(-(-wide // across) * across, columns * across), min(-(-high // down) * down, rows * down)
    x = x0 + (np.arange(wide) + 0.5) * step / middle
    y = y1 - (np.arange(high) + 0.5) * step * tall
    order = {code: i + 1 for i, code in enumerate(dict.fromkeys(code for _, code in kept))}
    grid = np.zeros((high, wide), dtype=np.int32)
    for shape, code in kept:
        _fill(grid, shape, order[code], x, y)
    inside = grid > 0
    border = np.zeros_like(inside)
    border[:, :-1] |= inside[:, :-1] & inside[:, 1:] & (grid[:, :-1] != grid[:, 1:])
    border[:-1] |= inside[:-1] & inside[1:] & (grid[:-1] != grid[1:])
    return _characters(inside & ~border, braille)


def _fill(grid: Any, shape: Any, value: int, x: Any, y: Any) -> None:
    """Write `value` into the cells whose centre lies in `shape`; only its own window is looked at."""
    import numpy as np
    import shapely

    left, bottom, right, top = shape.bounds
    i0, i1 = np.searchsorted(x, [left, right])
    j0, j1 = np.searchsorted(-y, [-top, -bottom])
    if i0 == i1 or j0 == j1:
        return
    shapely.prepare(shape)
    window = grid[j0:j1, i0:i1]
    window[shapely.contains_xy(shape, *np.meshgrid(x[i0:i1], y[j0:j1]))] = value


def _characters(dots: Any, braille: bool) -> list[str]:
    import numpy as np

    if not braille:
        return ["".join("#" if dot else " " for dot in row).rstrip() for row in dots]
    bits = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    rows, columns = dots.shape[0] // 4, dots.shape[1] // 2
    cells = (dots.reshape(rows, 4, columns, 2) * bits[None, :, None, :]).sum(axis=(1, 3))
    return ["".join(chr(0x2800 + int(cell)) if cell else " " for cell in row).rstrip() for row in cells]
