"""DAT011, DAT012, DAT013 and DAT110: what a delivery of layers is as a whole: datum, one CRS, one zoning map, parts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.geometry import overlap_of, union_of
from kkpr_check.quality.base import LayerCheck, LayerView, Surroundings, always, zoning_only
from kkpr_check.quality.findings import DataFinding

COVERAGE_ROLES = frozenset({"zoning", "boundary"})
"""Roles whose edges must be equal: in two projections they are not (DAT108)."""
SAME_MAP_SHARE = 0.5
"""Two zoning layers that share more than this of the smaller one are two versions of one map."""


def datum(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT011: the CRS rests on another datum than SRGI2013, DGN95 or WGS 84: really shifted, with an accuracy."""
    if view.datum is None:
        return
    yield view.finding(
        "DAT011",
        "warning",
        Text(
            f"the CRS {view.crs} rests on the datum {view.datum}; it is shifted to WGS 84 before anything is measured",
            f"SRK {view.crs} memakai datum {view.datum}; digeser ke WGS 84 sebelum apa pun diukur",
        ),
        Text(
            "deliver it in SRGI2013 or WGS 84, transformed with the parameters of the surveyor",
            "serahkan dalam SRGI2013 atau WGS 84, ditransformasi dengan parameter juru ukur",
        ),
        value=view.datum,
    )


def mixed_crs(view: LayerView, around: Surroundings) -> Iterator[DataFinding]:
    """DAT012: the layer stands in another CRS than the zoning map (else than the first layer)."""
    placed = [other for other in around.layers if other.crs is not None]
    first = next((other for other in placed if other.role == "zoning"), placed[0] if placed else None)
    if first is None or view.crs is None or view.crs == first.crs:
        return
    yield view.finding(
        "DAT012",
        "warning" if view.role in COVERAGE_ROLES or view.datum != first.datum else "info",
        Text(
            f"the layer is in {view.crs}, {first.file} in {first.crs}",
            f"layer ini dalam {view.crs}, sedangkan {first.file} dalam {first.crs}",
        ),
        Text(
            "deliver all layers of a plan in one CRS: edges that should be equal differ by the transformation",
            "serahkan semua layer satu rencana dalam satu SRK: garis yang sama menjadi beda akibat transformasi",
        ),
        value=view.crs,
    )


def zoning_twice(view: LayerView, around: Surroundings) -> Iterator[DataFinding]:
    """DAT013: a second zoning layer of one plan or file: an error where both draw the same ground."""
    maps = [other for other in around.layers if other.role == "zoning" and other.family == view.family]
    for first in maps[: next((i for i, other in enumerate(maps) if other is view), 0)]:
        share = _shared(first, view) if first.has_plane and view.has_plane else 0.0
        together = view.declared or first.file == view.file
        if share <= SAME_MAP_SHARE and not together:
            continue
        twice = share > SAME_MAP_SHARE
        name = first.file if first.file != view.file else first.layer
        yield view.finding(
            "DAT013",
            "error" if twice else "warning",
            Text(
                f"{share:.0%} of it lies on the zoning map {name}: two versions of one map",
                f"{share:.0%} di antaranya terletak pada pola ruang {name}: dua versi peta yang sama",
            )
            if twice
            else Text(f"a second zoning layer beside {name}", f"layer pola ruang kedua di samping {name}"),
            Text("deliver one version only", "serahkan satu versi saja")
            if twice
            else Text(
                "keep the pola ruang in one feature class, so that its topology can be checked whole",
                "simpan pola ruang dalam satu feature class, agar topologinya dapat diperiksa utuh",
            ),
        )
        return


def _shared(first: LayerView, second: LayerView) -> float:
    """Return how much of the smaller layer both cover."""
    whole = [_land(view) for view in (first, second)]
    smaller = min(float(shapely.area(shape)) for shape in whole)
    shared = shapely.area(overlap_of(np.array([whole[0]], dtype=object), np.array([whole[1]], dtype=object)))
    return float(shared[0]) / smaller if smaller > 0 else 0.0


def _land(view: LayerView) -> shapely.Geometry:
    polygons = view.geometry[np.isin(shapely.get_type_id(view.geometry), (3, 6))]
    land: shapely.Geometry = union_of(polygons)
    return land


def multipart(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT110: zoning features of several parts; one finding a layer."""
    parts = shapely.get_num_geometries(view.geometry)
    drawn = np.ones(len(view), dtype=bool)
    drawn[list(view.repaired)] = False  # parts that the repair made are none of the map's
    rows = np.flatnonzero((shapely.get_type_id(view.geometry) == 6) & (parts > 1) & drawn)
    if not len(rows):
        return
    most = int(rows[np.argmax(parts[rows])])
    yield view.finding(
        "DAT110",
        "warning" if 2 * len(rows) > len(view) else "info",
        Text(
            f"{len(rows)} of {len(view)} features {'has' if len(rows) == 1 else 'have'} several parts, up to {parts[most]}",
            f"{len(rows)} dari {len(view)} fitur terdiri atas beberapa bagian, sampai {parts[most]}",
        ),
        Text(
            "the official schema has one part a feature (one block): export the layer before it was dissolved",
            "skema baku memakai satu bagian per fitur (satu blok): ekspor layer sebelum di-dissolve",
        ),
        row=most,
        value=len(rows),
    )


DATUM = LayerCheck(("DAT011",), datum, always)
MIXED_CRS = LayerCheck(("DAT012",), mixed_crs, always)
ZONING_TWICE = LayerCheck(("DAT013",), zoning_twice, zoning_only)
MULTIPART = LayerCheck(("DAT110",), multipart, zoning_only)
