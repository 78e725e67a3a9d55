"""The intake gate: what must hold of a layer before anything is judged on it.

Every row has a geometry that is finite, of a usable type, in or around Indonesia, and valid or repaired with a
record. What does not hold stops the read with all problems at once, or becomes a doubt of that row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.errors import CrsError, ErrorGroup, InputError, KkprError, Place, Text
from kkpr_check.geometry import Objects, blocks
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.raw import HEIGHT_DROPPED, NOT_FINITE, Raw

DOUBTFUL_CHANGE_RATIO = 1e-3
"""A repair that changes the area by more than this puts the feature in doubt (contract 1a.9)."""

_FAMILY = np.array(
    ["Point", "LineString", "LineString", "Polygon", "Point", "LineString", "Polygon", "Collection"]
)
"""Kind of geometry by shapely type id."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A polygon that was invalid and was repaired by ``make_valid(method="structure")``.

    Areas are in m2 (UTM), before by the shoelace formula of the invalid outline.
    """

    row: int
    feature: str
    reason: str
    area_before_m2: float
    area_after_m2: float

    @property
    def change_ratio(self) -> float:
        """Change of the area as a part of the larger one of the two."""
        larger = max(self.area_before_m2, self.area_after_m2)
        return abs(self.area_after_m2 - self.area_before_m2) / larger if larger > 0 else 1.0

    @property
    def doubtful(self) -> bool:
        """Tell whether the repair may have changed what the feature means."""
        return self.change_ratio > DOUBTFUL_CHANGE_RATIO


@dataclass(slots=True)
class Passed:
    """What comes out of the gate."""

    geometry: Objects
    geometry_type: str
    crs: str
    crs_label: str
    repairs: tuple[Repair, ...]
    assumptions: list[Text]
    doubts: dict[int, Text]
    codes: dict[int, str]


def pass_gate(
    raw: Raw,
    feature: Objects,
    place: Place,
    *,
    crs: str | None,
    swap_xy: bool,
    expect: str | None,
    whole: bool = True,
) -> Passed:
    """Check a layer and repair what may be repaired.

    Parameters
    ----------
    raw
        The layer as read.
    feature
        Its feature ids, for messages.
    place
        The layer, for messages.
    crs
        The CRS to assume instead of what the file says.
    swap_xy
        Exchange x and y first.
    expect
        "Polygon", "LineString" or "Point" where only such features make sense.
    whole
        Whether these are all rows of the layer. Of some rows nothing is concluded for the others: each that lies
        outside Indonesia is told by itself.

    Raises
    ------
    CrsError
        If the layer has no CRS, or as a whole lies nowhere in Indonesia.
    InputError
        Code ``empty-layer``.
    """
    if not len(raw.geometry):
        raise InputError(
            Text("the layer has no feature", "layer tidak memuat fitur"),
            place=place,
            remedy=Text(
                "check the export; a link to data elsewhere is not followed",
                "periksa ekspornya; tautan ke data di tempat lain tidak diikuti",
            )
            if raw.driver.casefold().endswith("kml")
            else Text("check the export", "periksa ekspornya"),
            code="empty-layer",
        )
    broken = {
        row: ("not-finite" if why == NOT_FINITE else "broken-geometry", why)
        for row, why in raw.broken.items()
    }
    work = _Work(raw.geometry.copy(), broken)
    assumptions = list(raw.assumptions)
    if np.any(shapely.has_z(work.geometry)):
        work.geometry = np.asarray(shapely.force_2d(work.geometry), dtype=object)
        assumptions.append(HEIGHT_DROPPED)
    _check_presence(work)
    _check_type(work, expect)
    if swap_xy:
        work.geometry = np.asarray(shapely.transform(work.geometry, lambda xy: xy[:, ::-1]), dtype=object)
        assumptions.append(Text("x and y exchanged as ordered", "x dan y ditukar sesuai permintaan"))
    label, notes = _label(raw, work, place, crs)
    assumptions += notes
    canonical = crs_policy.name_of(label)
    _check_extent(work, canonical, place, whole=whole)
    repairs = _repair(work, feature, canonical)
    kinds = set(_FAMILY[shapely.get_type_id(work.geometry[~shapely.is_missing(work.geometry)])])
    return Passed(
        work.geometry,
        kinds.pop() if len(kinds) == 1 else "Mixed" if kinds else "None",
        canonical,
        label,
        repairs,
        assumptions,
        {row: why for row, (_, why) in sorted(work.problems.items())},
        {row: code for row, (code, _) in work.problems.items()},
    )


def raise_problems(passed: Passed, feature: Objects, place: Place) -> None:
    """Raise all doubts of a layer as one error.

    Raises
    ------
    InputError, ErrorGroup
        With the code of the problem, where all are of one kind.
    """
    if not passed.doubts:
        return
    remedy = Text("repair the features in the layer", "perbaiki fitur tersebut pada layernya")
    errors: list[KkprError] = [
        InputError(why, place=place._replace(row=feature[row]), remedy=remedy, code=passed.codes[row])
        for row, why in passed.doubts.items()
    ]
    if len(errors) == 1:
        raise errors[0]
    group = ErrorGroup(errors)
    codes = set(passed.codes.values())
    if len(codes) == 1:
        group.code = codes.pop()
    raise group


@dataclass(slots=True)
class _Work:
    geometry: Objects
    problems: dict[int, tuple[str, Text]]

    def refuse(self, mask: NDArray[np.bool_], code: str, why: Text) -> None:
        """Take the rows of the mask out, with their reason (the first reason stays)."""
        for row in np.flatnonzero(mask):
            self.problems.setdefault(int(row), (code, why))
        self.geometry[mask] = None


def _check_presence(work: _Work) -> None:
    missing = shapely.is_missing(work.geometry) | shapely.is_empty(work.geometry)
    work.refuse(missing, "null-geometry", Text("it has no geometry", "fitur tidak memiliki geometri"))
    infinite = np.zeros(len(work.geometry), dtype=bool)
    for rows in blocks(work.geometry):
        xy, owner = shapely.get_coordinates(work.geometry[rows], return_index=True)
        infinite[rows.start + owner[~(np.isfinite(xy[:, 0]) & np.isfinite(xy[:, 1]))]] = True
    work.refuse(infinite, "not-finite", NOT_FINITE)


def _check_type(work: _Work, expect: str | None) -> None:
    ids = shapely.get_type_id(work.geometry)
    there = ids >= 0
    family = np.where(there, _FAMILY[np.where(there, ids, 0)], "")
    work.refuse(
        family == "Collection",
        "geometry-type",
        Text("it is a collection of mixed geometries", "fitur berupa kumpulan geometri campuran"),
    )
    if expect is None:
        return
    for kind in sorted(set(family[there]) - {expect, "Collection"}):
        work.refuse(
            family == kind,
            "geometry-type",
            Text(f"it is a {kind} where a {expect} is needed", f"jenisnya {kind}, yang diperlukan {expect}"),
        )


def _label(raw: Raw, work: _Work, place: Place, wanted: str | None) -> tuple[str, list[Text]]:
    """Return the CRS label to go by, and the lines of provenance about it."""
    said = raw.crs_label
    notes: list[Text] = []
    if wanted is None and said is None:
        raise crs_policy.missing_crs(place, _total_bounds(work.geometry))
    if wanted is not None and (said is None or not _agrees(said, wanted)):
        name = crs_policy.canonical(wanted).name
        notes.append(
            Text(
                f"CRS assumed as ordered: {wanted} ({name})"
                + ("" if said is None else "; the file says otherwise"),
                f"SRK diasumsikan sesuai permintaan: {wanted} ({name})"
                + ("" if said is None else "; berkas menyebut lain"),
            )
        )
    label = wanted if wanted is not None else str(said)
    try:
        note = crs_policy.policy_note(label)
    except CrsError as error:
        error.place = place
        raise
    return label, notes + ([note] if note is not None else [])


def _agrees(said: str, wanted: str) -> bool:
    """Tell whether both labels mean one CRS; a label of the file that means nothing agrees with none."""
    wanted_crs = crs_policy.canonical(wanted)
    try:
        return crs_policy.same(said, wanted_crs)
    except KkprError:
        return False


def _check_extent(work: _Work, crs: str, place: Place, *, whole: bool) -> None:
    there = ~shapely.is_missing(work.geometry)
    if not there.any():
        return
    outside = there.copy()
    outside[there] = ~crs_policy.is_plausible(shapely.bounds(work.geometry[there]), crs)
    if whole and outside.sum() == there.sum():
        bounds = _total_bounds(work.geometry)
        assert bounds is not None
        crs_policy.check_plausible(bounds, crs, place)
    work.refuse(
        outside,
        "crs-implausible",
        Text("it lies outside Indonesia", "fitur terletak di luar wilayah Indonesia"),
    )


def _repair(work: _Work, feature: Objects, crs: str) -> tuple[Repair, ...]:
    there = ~shapely.is_missing(work.geometry)
    with np.errstate(all="ignore"):
        wrong = there & ~shapely.is_valid(work.geometry)
    polygons = np.isin(shapely.get_type_id(work.geometry), (3, 6))
    work.refuse(
        wrong & ~polygons, "invalid-geometry", Text("the line has no length", "garis tidak memiliki panjang")
    )
    rows = np.flatnonzero(wrong & polygons)
    if not len(rows):
        return ()
    broken = work.geometry[rows]
    reasons = shapely.is_valid_reason(broken)
    with np.errstate(all="ignore"):  # GEOS leaves floating-point flags behind; its result is checked below
        fixed = np.asarray(shapely.make_valid(broken, method="structure", keep_collapsed=False), dtype=object)
    before, after = _areas_m2(broken, crs), _areas_m2(fixed, crs)
    work.geometry[rows] = fixed
    usable = np.isin(shapely.get_type_id(fixed), (3, 6)) & ~shapely.is_empty(fixed) & shapely.is_valid(fixed)
    usable &= np.isfinite(after) & (after > 0)
    for row, reason in zip(rows[~usable].tolist(), reasons[~usable].tolist(), strict=True):
        work.problems[row] = (
            "invalid-geometry",
            Text(
                f"the polygon encloses no area after repair ({reason})",
                f"poligon tidak melingkupi luas setelah diperbaiki ({reason})",
            ),
        )
    work.geometry[rows[~usable]] = None
    return tuple(
        Repair(int(row), str(feature[row]), str(reasons[i]), float(before[i]), float(after[i]))
        for i, row in enumerate(rows)
        if usable[i]
    )


def _areas_m2(geometries: Objects, crs: str) -> NDArray[np.float64]:
    """Return areas in m2, each in the UTM zone of its own place."""
    corners = shapely.box(*shapely.bounds(geometries).T)
    lonlat = shapely.get_coordinates(shapely.centroid(crs_policy.transform(corners, crs, crs_policy.LONLAT)))
    zones = [crs_policy.work_crs(lon, lat) for lon, lat in lonlat] if len(lonlat) == len(geometries) else []
    areas = np.zeros(len(geometries))
    for zone in sorted(set(zones)):
        members = np.array([z == zone for z in zones])
        areas[members] = shapely.area(crs_policy.transform(geometries[members], crs, zone))
    return areas


def _total_bounds(geometry: Objects) -> tuple[float, float, float, float] | None:
    bounds: NDArray[Any] = shapely.total_bounds(geometry)
    if not np.isfinite(bounds).all():
        return None
    return (float(bounds[0]), float(bounds[1]), float(bounds[2]), float(bounds[3]))
