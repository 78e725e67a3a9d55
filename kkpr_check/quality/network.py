"""DAT112, DAT113 and DAT114: roads as a network, and the zone Badan Jalan against the road lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.phrases import Quantity, say
from kkpr_check.quality.base import (
    NO_PLANE,
    Ints,
    LayerCheck,
    LayerView,
    Objects,
    Surroundings,
    zoning_only,
)
from kkpr_check.quality.codes import distinct, read_code
from kkpr_check.quality.findings import DataFinding

TOUCH_M = 1e-2
"""Ends this near touch: coordinates of roads are often rounded to centimetres."""
DANGLE_M = 2.0
"""An end that misses another line by less than this was meant to reach it."""
MIN_DOUBLE_M = 1.0
MIN_OUTSIDE_M = 1.0
"""Shorter pieces of a line along another, or outside the boundary, are noise."""
ROAD_ZONE = "BJ"
MIN_ROAD_ZONE_M2 = 100.0
"""Smaller pieces of Badan Jalan need no line of their own."""


def network(view: LayerView, around: Surroundings) -> Iterator[DataFinding]:
    """Yield ends that miss their neighbour, lines drawn twice, and lines outside the boundary."""
    rows = _line_rows(view)
    yield from _dangles(view, rows)
    yield from _doubles(view, rows)
    if around.boundary is not None:
        yield from _outside(view, rows, around)


def _line_rows(view: LayerView) -> Ints:
    return np.flatnonzero(np.isin(shapely.get_type_id(view.geometry), (1, 5)))


def _dangles(view: LayerView, rows: Ints) -> Iterator[DataFinding]:
    """DAT112: an end that touches nothing, but lies within two metres of another line."""
    parts, of = shapely.get_parts(view.geometry[rows], return_index=True)
    open_ = ~shapely.is_closed(parts)
    ends = np.concatenate([shapely.get_point(parts[open_], 0), shapely.get_point(parts[open_], -1)])
    part = np.tile(np.flatnonzero(open_), 2)
    end, other = shapely.STRtree(parts).query(ends, predicate="dwithin", distance=DANGLE_M)
    foreign = other != part[end]
    end, other = end[foreign], other[foreign]
    gap_m = shapely.distance(ends[end], parts[other])
    nearest = np.full(len(ends), np.inf)
    np.minimum.at(nearest, end, gap_m)
    for i in np.flatnonzero(np.isfinite(nearest) & (nearest > TOUCH_M)).tolist():
        beside = int(other[end == i][np.argmin(gap_m[end == i])])
        if (
            shapely.intersects(parts[part[i]], parts[beside])
            and shapely.length(parts[part[i]]) > 2 * DANGLE_M
        ):
            kind = Text("runs past", "melewati")
        else:
            kind = Text("stops short of", "tidak sampai ke")
        yield view.finding(
            "DAT112",
            "warning",
            say(
                "an end {kind} line {other} by {gap}",
                "satu ujung {kind} garis {other} sejauh {gap}",
                kind=kind, other=view.feature[rows[of[beside]]], gap=Quantity(float(nearest[i]), "m"),
            ),
            Text("snap the end to the junction", "tautkan ujungnya ke simpang"),
            row=int(rows[of[part[i]]]), other=int(rows[of[beside]]), width_m=round(float(nearest[i]), 4), witness=ends[i],
        )  # fmt: skip


def _doubles(view: LayerView, rows: Ints) -> Iterator[DataFinding]:
    """DAT113: two features, or one with itself, run along the same line."""
    lines = view.geometry[rows]
    a, b = shapely.STRtree(lines).query(lines, predicate="intersects")
    once = a < b
    a, b = a[once], b[once]
    shared = shapely.length(shapely.intersection(lines[a], lines[b])) if len(a) else np.empty(0)
    for i in np.flatnonzero(shared >= MIN_DOUBLE_M).tolist():
        yield _double(view, int(rows[a[i]]), int(rows[b[i]]), float(shared[i]),
                      shapely.intersection(lines[a[i]], lines[b[i]]))  # fmt: skip
    own = (
        shapely.length(lines) - shapely.length(shapely.union_all(lines[:, np.newaxis], axis=1))
        if len(lines)
        else a
    )
    for i in np.flatnonzero(own >= MIN_DOUBLE_M).tolist():
        yield _double(view, int(rows[i]), None, float(own[i]), None)


def _double(view: LayerView, row: int, other: int | None, shared_m: float, witness: object) -> DataFinding:
    return view.finding(
        "DAT113",
        "warning",
        say(
            "{length} run along {other}",
            "{length} berimpit dengan {other}",
            length=Quantity(shared_m, "m"),
            other=Text("itself", "dirinya sendiri") if other is None else str(view.feature[other]),
        ),
        Text("draw each road once", "gambar setiap jalan sekali saja"),
        row=row,
        other=other,
        value=round(shared_m, 4),
        witness=witness,
    )


def _outside(view: LayerView, rows: Ints, around: Surroundings) -> Iterator[DataFinding]:
    """DAT106: roads of the plan that leave its boundary."""
    for row in rows.tolist():
        rest = shapely.difference(view.geometry[row], around.boundary)
        length_m = float(shapely.length(rest))
        if length_m < MIN_OUTSIDE_M:
            continue
        yield view.finding(
            "DAT106",
            "warning",
            say(
                "{length} of it lie outside the boundary",
                "{length} garis ini berada di luar batas",
                length=Quantity(length_m, "m"),
            ),
            Text(
                "clip it at the boundary, if the plan ends there",
                "potong pada batas, bila rencana berakhir di situ",
            ),
            row=row,
            value=round(length_m, 4),
            witness=rest,
        )


def no_lines(view: LayerView, _: Surroundings) -> Text | None:
    """Say why a layer is no network."""
    if view.role != "road":
        return NOT_ROADS
    if not view.has_plane:
        return NO_PLANE
    return None if len(_line_rows(view)) else Text("the layer has no lines", "layer tidak memuat garis")


NOT_ROADS = Text("only for road layers", "hanya untuk layer jalan")


def road_zones(view: LayerView, around: Surroundings) -> Iterator[DataFinding]:
    """DAT114: a part of the zone Badan Jalan that no road line runs through."""
    lines = _road_lines(around)
    parts, owner = _road_zone_parts(view)
    hit = np.zeros(len(parts), dtype=bool)
    hit[shapely.STRtree(parts).query(lines, predicate="intersects")[1]] = True
    for i in np.flatnonzero(~hit & (shapely.area(parts) >= MIN_ROAD_ZONE_M2)).tolist():
        area_m2 = float(shapely.area(parts[i]))
        yield view.finding(
            "DAT114",
            "warning",
            say(
                "{area} of Badan Jalan without a road line through it",
                "Badan Jalan seluas {area} tanpa garis jalan di dalamnya",
                area=Quantity(area_m2, "m2"),
            ),
            Text("draw the road line, or correct the zone", "gambar garis jalannya, atau betulkan zonanya"),
            row=int(owner[i]),
            area_m2=round(area_m2, 4),
            witness=parts[i],
        )


def _road_lines(around: Surroundings) -> Objects:
    lines: list[Objects] = [
        view.geometry[_line_rows(view)] for view in around.layers if view.role == "road" and view.has_plane
    ]
    return np.concatenate(lines) if lines else np.empty(0, dtype=object)


def _road_zone_parts(view: LayerView) -> tuple[Objects, Ints]:
    column = view.column("subzone")
    rows: list[int] = []
    for value, having in distinct(view.fields[column]).items() if column is not None else ():
        if value is not None and read_code(view, value).code == ROAD_ZONE:
            rows += having
    at = np.array(sorted(rows), dtype=np.int64)
    shapes = view.geometry[at]
    parts, of = shapely.get_parts(shapes, return_index=True)
    polygon = shapely.get_type_id(parts) == 3
    return parts[polygon], at[of[polygon]]


def no_roads(view: LayerView, around: Surroundings) -> Text | None:
    """Say why road zones cannot be compared."""
    no = zoning_only(view, around)
    if no is not None:
        return no
    if not view.has_plane:
        return NO_PLANE
    if not len(_road_lines(around)):
        return Text("there is no layer with road lines", "tidak ada layer garis jalan")
    return None


CHECK = LayerCheck(("DAT106", "DAT112", "DAT113"), network, no_lines)
ROAD_ZONES = LayerCheck(("DAT114",), road_zones, no_roads)
