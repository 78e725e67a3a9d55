"""What makes an outline usable: polygons with an area, valid or repaired with a record."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.phrases import Quantity

AREA_CHANGE_MAX = 0.001
"""A repair that changes the area by more than this share makes the site doubtful (contract 1a.9)."""


POINT_REMEDY = Text(
    "only the zone can be told of a point: use --point LAT,LON; a check needs the outline as a polygon",
    "untuk titik hanya zonanya yang dapat disebutkan: pakai --point LINTANG,BUJUR; pemeriksaan butuh poligon",
)
POLYGON_REMEDY = Text(
    "draw the outline of the parcel or building as a polygon",
    "gambar batas persil atau bangunan sebagai poligon",
)


def repair(geometry: Any, place: Place) -> tuple[Any, Text | None, Text | None]:
    """Return a valid geometry, the line for `repairs`, and a doubt where its area changed by more than 0.1 %.

    Only ``make_valid(method="structure")`` repairs; areas are compared in the units of the geometry.

    >>> bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    >>> fixed, note, doubt = repair(bow, Place(row=1))
    >>> fixed.area, doubt is None
    (50.0, False)
    """
    if shapely.is_valid(geometry):
        return geometry, None, None
    reason = str(shapely.is_valid_reason(geometry))
    before = float(shapely.area(geometry))
    fixed = polygons_of(shapely.make_valid(geometry, method="structure", keep_collapsed=False))
    after = float(shapely.area(fixed)) if fixed is not None else 0.0
    change = abs(after - before) / before if before > 0 else float("inf")
    note = repaired_note(place.pick("en"), place.pick("id"), reason, change)
    if change <= AREA_CHANGE_MAX:
        return fixed, note, None
    return fixed, note, crossing_doubt(reason, change)


def repaired_note(place_en: str, place_id: str, reason: str, change_ratio: float) -> Text:
    """Return the note that an outline was repaired, and what that did to its area."""
    change = _percent(change_ratio)
    return Text(
        f"{place_en}: invalid outline ({reason}) repaired, area changed by {change.en}",
        f"{place_id}: batas tidak sah ({reason}) diperbaiki, luas berubah {change.id}",
    )


def crossing_doubt(reason: str, change_ratio: float) -> Text:
    """Return the doubt about an outline whose repair changes its area by that share."""
    change = _percent(change_ratio)
    return Text(
        f"the outline crosses itself ({reason}) and repair changes its area by {change.en}: which area is meant?",
        f"batas memotong dirinya sendiri ({reason}) dan perbaikan mengubah luasnya {change.id}: "
        "bidang mana yang dimaksud?",
    )


def _percent(change_ratio: float) -> Text:
    return Quantity(change_ratio if np.isfinite(change_ratio) else 1.0, "ratio").text()


def polygons_of(geometry: Any) -> Any | None:
    """Return the polygons of a geometry as one geometry, or None where it has no polygon."""
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    polygons = [polygon for part in parts for polygon in shapely.get_parts(part) if not polygon.is_empty]
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def area_of(geometry: Any, place: Place, *, allow_points: bool) -> Any:
    """Return the polygons of a feature, or its point where that is allowed.

    Raises
    ------
    InputError
        Null, empty, or no area: the remedy for a point is ``--point``.
    """
    if geometry is None or shapely.is_empty(geometry):
        raise InputError(
            Text("the feature has no geometry", "fitur tidak memiliki geometri"),
            place=place,
            remedy=POLYGON_REMEDY,
            code="geometry-empty",
        )
    kind = geometry.geom_type
    if kind in ("Polygon", "MultiPolygon") or (kind == "Point" and allow_points):
        return geometry
    raise InputError(
        Text(f"a {kind} where a polygon is needed", f"{kind}, padahal diperlukan poligon"),
        place=place,
        remedy=POINT_REMEDY if "Point" in kind else POLYGON_REMEDY,
        code="geometry-type",
    )


def no_area(place: Place) -> InputError:
    """Return the error for an outline whose area is nothing."""
    return InputError(
        Text("the outline encloses no area", "batas tidak melingkupi bidang"),
        place=place,
        remedy=POLYGON_REMEDY,
        code="no-area",
    )
