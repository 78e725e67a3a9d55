"""A drawing as SVG: presentation attributes only, so that a page may forbid inline styles."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from kkpr_check.report.drawing import Area, Drawing, Label, Line, Rgb, Ring

_PT_MM = 25.4 / 72
_ANCHORS = {"left": "start", "middle": "middle", "right": "end"}


def dumps(drawing: Drawing, title: str) -> str:
    """Return the drawing as an SVG element that scales to its place; millimetres are its units."""
    size = f"0 0 {_number(drawing.width_mm)} {_number(drawing.height_mm)}"
    body = "".join(text for item in drawing.items for text in _item(item))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img" font-family="sans-serif">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def colour(rgb: Rgb) -> str:
    """Return a colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _item(item: Area | Line | Label) -> Iterator[str]:
    if isinstance(item, Area):
        path = "".join(_path(ring) + "Z" for rings in item.polygons for ring in rings)
        if path:
            yield f'<path fill="{colour(item.fill)}" fill-rule="evenodd" d="{path}"/>'
    elif isinstance(item, Line):
        path = "".join(_path(ring) for ring in item.paths)
        dash = f' stroke-dasharray="{_number(item.dash_mm)}"' if item.dash_mm else ""
        if path:
            yield (
                f'<path fill="none" stroke="{colour(item.colour)}" stroke-width="{_number(item.width_mm)}"{dash} '
                f'stroke-linejoin="round" d="{path}"/>'
            )
    else:
        weight = ' font-weight="bold"' if item.bold else ""
        halo = (
            ' stroke="#ffffff" stroke-width="0.9" paint-order="stroke" stroke-linejoin="round"'
            if item.halo
            else ""
        )
        yield (
            f'<text x="{_number(item.x_mm)}" y="{_number(item.y_mm)}" font-size="{_number(item.size_pt * _PT_MM)}" '
            f'text-anchor="{_ANCHORS[item.anchor]}" fill="{colour(item.colour)}"{weight}{halo}>{escape(item.text)}</text>'
        )


def _path(points: Ring) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points) if points else ""


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
