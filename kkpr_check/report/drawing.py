"""A drawing as plain values in millimetres, so that every format draws the same picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Ring = tuple[Point, ...]
Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Area:
    """Polygons to fill: each one an outer ring and its holes; points in mm from the top left, y down."""

    polygons: tuple[tuple[Ring, ...], ...]
    fill: Rgb


@dataclass(frozen=True, slots=True)
class Line:
    """Open or closed lines; `dash_mm` 0 draws them whole."""

    paths: tuple[Ring, ...]
    colour: Rgb
    width_mm: float
    dash_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text; `x_mm`, `y_mm` is the left end, middle or right end of its base line."""

    x_mm: float
    y_mm: float
    text: str
    size_pt: float
    anchor: Literal["left", "middle", "right"] = "left"
    bold: bool = False
    halo: bool = False
    """Draw on a white plate, to stay readable over colours."""
    colour: Rgb = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Items in painting order on a white sheet."""

    width_mm: float
    height_mm: float
    items: tuple[Area | Line | Label, ...]
