"""The drawing of docs/accuracy.md. Outcomes and distances in it are what the program answers for what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely

from kkpr_check.adverse import AdverseArea, Reach
from kkpr_check.features import Features
from kkpr_check.geometry import noise, overlap_of, polygons_of, without_noise
from kkpr_check.plan import Tolerance
from kkpr_check.rules.base import LimitColumn, beyond

CE90_M = 2.5
PX_PER_M = 8
PANEL_M = (38.0, 31.0)
COLUMNS = 3
TOP_M = 5.5
PARCEL = shapely.box(8, 9, 30, 25)
COLOURS = {"pass": "#1b7f3b", "undetermined": "#b26a00", "fail": "#b3261e", "noise": "#5f6368"}
HEAD = "CE90 2.5 m (1:5 000). Parcel outlined, refused zone hatched, accuracy band dotted."


class Panel(NamedTuple):
    """One situation: title, refused area, what is measured (its outline), outcome, and a line of explanation."""

    title: str
    refused: Any
    subject: Any
    outcome: str
    line: str


def areas() -> Sequence[Panel]:
    """Return the situations of a refused area near or in a parcel."""
    drawn = (
        ("Beside the parcel", shapely.box(34, 0, 38, 31)),
        ("Shallow reach", shapely.box(28, 0, 38, 31)),
        ("Deep reach", shapely.box(24, 0, 38, 31)),
        ("Across a corner", shapely.Polygon([(18, 31), (38, 11), (38, 31)])),
        ("Narrow strip across", shapely.box(18, 0, 21, 31)),
        ("Narrow strip along the edge", shapely.box(28, 0, 31, 31)),
        ("Sliver", shapely.box(29.7, 0, 38, 31)),
    )
    return [judged(title, refused) for title, refused in drawn]


def judged(title: str, refused: Any) -> Panel:
    """Return a panel with the program's answer."""
    tolerance = Tolerance()
    inside = overlap_of(refused, PARCEL)
    parts = polygons_of(inside)
    if len(parts) and noise(parts, PARCEL.area, tolerance).all():
        return Panel(title, refused, PARCEL, "noise", f"{inside.area:.1f} m² narrower than 0.5 m: left out")
    refused_zone = np.array([refused], dtype=object)
    area = AdverseArea(Features(refused_zone, np.array(["0"], dtype=object), CE90_M, "zone"), tolerance)
    told = area.judge(PARCEL, without_noise(inside, PARCEL.area, tolerance), Reach(1000.0))
    word = told.outcome.word
    measure = "distance" if word == "pass" else "depth"
    return Panel(title, refused, PARCEL, word, f"{measure} {told.flip_distance_m:.1f} m")


def distances() -> Sequence[Panel]:
    """Return the situations of a building near a line that asks for 10 m."""
    limit = LimitColumn(np.array([10.0]), np.array([False]), np.array([False]))
    band_m = min(CE90_M, 10.0 / 2)
    panels = []
    for title, left in (("Distance rule, 10 m: 8.5 m kept", 11.5), ("Distance rule, 10 m: 6 m kept", 9.0)):
        building = shapely.box(left, 10, left + 15, 24)
        kept_m = float(building.distance(shapely.LineString([(3, 0), (3, 31)])))
        code = beyond(np.array([kept_m]), limit, np.array([band_m])).outcome[0]
        word = {1: "pass", 3: "undetermined", 4: "fail"}[int(code)]
        panels.append(Panel(title, None, building, word, f"{10 - kept_m:.1f} m short, band {band_m:.1f} m"))
    return panels


def accuracy_svg() -> str:
    """Return the whole drawing."""
    panels = [*areas(), *distances()]
    rows = -(-len(panels) // COLUMNS)
    width, height = COLUMNS * PANEL_M[0] * PX_PER_M, (rows * (PANEL_M[1] + 8) + TOP_M) * PX_PER_M
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" font-size="13">',
        "<title>When a refused area fails a site, and when it is only doubt</title>",
        '<defs><pattern id="h" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="8" height="8" fill="#f4d7d3"/><path d="M0 0V8" stroke="#b3261e" stroke-width="2"/></pattern></defs>',
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
        f'<text x="12" y="26" font-size="15">{HEAD}</text>',
    ]
    for i, panel in enumerate(panels):
        x = (i % COLUMNS) * PANEL_M[0] * PX_PER_M
        y = (i // COLUMNS * (PANEL_M[1] + 8) + TOP_M) * PX_PER_M
        body += [f'<g transform="translate({x:g} {y:g})">', *drawn(panel), "</g>"]
    return "\n".join([*body, "</svg>"]) + "\n"


def drawn(panel: Panel) -> list[str]:
    """Return the elements of one panel."""
    frame = shapely.box(1.5, 0, PANEL_M[0] - 1.5, PANEL_M[1])
    colour = COLOURS[panel.outcome]
    lines = [element(frame, 'fill="#fbfbf8" stroke="#c8c8c0"')]
    if panel.refused is not None:
        edge = shapely.intersection(panel.refused, frame)
        outline = shapely.intersection(shapely.boundary(panel.refused), shapely.box(1.6, 0.1, 36.4, 30.9))
        band = shapely.intersection(shapely.buffer(outline, CE90_M), frame)
        lines += [
            element(edge, 'fill="url(#h)"'),
            element(band, 'fill="none" stroke="#777" stroke-dasharray="2 3"'),
        ]
    else:
        lines += [
            element(shapely.box(2.6, 0, 3.4, 31), 'fill="#555"'),
            element(shapely.box(13, 0, 13.1, 31), 'fill="#b3261e"'),
            element(
                shapely.box(10.5, 0, 15.5, 31).intersection(frame),
                'fill="none" stroke="#777" stroke-dasharray="2 3"',
            ),
        ]
    label = f"{panel.outcome}: {panel.line}"
    return [
        *lines,
        element(panel.subject, f'fill="{colour}" fill-opacity="0.15" stroke="{colour}" stroke-width="2.5"'),
        f'<text x="14" y="{(PANEL_M[1] + 2.6) * PX_PER_M:g}">{panel.title}</text>',
        f'<text x="14" y="{(PANEL_M[1] + 5.0) * PX_PER_M:g}" fill="{colour}" font-weight="bold">{label}</text>',
    ]


def element(geometry: Any, style: str) -> str:
    """Return a polygon as an SVG path, north up."""
    rings = [
        shapely.get_coordinates(ring) for part in polygons_of(geometry) for ring in shapely.get_rings(part)
    ]
    steps = (
        "M" + "L".join(f"{x * PX_PER_M:.1f} {(PANEL_M[1] - y) * PX_PER_M:.1f}" for x, y in ring[:-1]) + "Z"
        for ring in rings
    )
    return f'<path d="{"".join(steps)}" fill-rule="evenodd" {style}/>'
