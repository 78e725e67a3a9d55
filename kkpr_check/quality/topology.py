"""DAT101 to DAT109 (all but 105): what polygons do to each other and to the boundary, in one pass.

Noise, sliver and real are told apart by area *and* mean width: noise (below 0.01 m2 or 1 mm) is silent, a sliver
(below the plan's `[tolerance]`) is a warning, the rest is an error. Slivers that vanish in the CRS of the file are
DAT108: both neighbours draw the same straight line there, one of them with more vertices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.features import as_text
from kkpr_check.geometry import (
    DIGITS,
    clusters,
    collect,
    objects,
    overlap_of,
    polygons_of,
    remainder_of,
    small,
)
from kkpr_check.phrases import Quantity, say
from kkpr_check.quality import coverage
from kkpr_check.quality.base import (
    NO_PLANE,
    NO_POLYGONS,
    NOT_ZONING,
    Bools,
    LayerCheck,
    LayerView,
    Objects,
    Surroundings,
    find_column,
)
from kkpr_check.quality.beside import beside
from kkpr_check.quality.coverage import Coverage, Pair, mean_width_m
from kkpr_check.quality.findings import DataFinding, Level
from kkpr_check.reference import field_role

MAX_THINNESS = 0.1
MAX_SLIVER_M2 = 100.0
"""A polygon part below 100 m2 whose ``4 pi area / perimeter**2`` is below 0.1 is a sliver."""
CHORD_WIDTH_M = 5e-5
"""A piece narrower than this in the CRS of the file is none there."""
CUT_ON_PURPOSE = frozenset(
    {"overlay", "road", "river", "lake", "coast", "powerline", "railway", "forest", "building", "parcel"}
)
"""Roles whose polygons may overlap or lie apart by their nature: an overlap is a warning, a gap is none."""

_SNAP = Text(
    "snap the shared edge in the GIS (topology: must not overlap, must not have gaps)",
    "rapikan batas bersama di GIS (topologi: must not overlap, must not have gaps)",
)
_DECIDE = Text(
    "decide which of the two the area belongs to, and cut it from the other",
    "tentukan milik siapa bagian itu, lalu potong dari yang lain",
)
_DRAW = Text(
    "draw the missing zone; an enclave that is not planned: declare a layer with role boundary",
    "gambar zona yang hilang; bila kantong di luar rencana: daftarkan layer dengan role boundary",
)
_INSIDE = Text(
    "draw the missing zone; an enclave that is not planned: take it out of the boundary layer",
    "gambar zona yang hilang; bila kantong di luar rencana: keluarkan dari layer batas",
)
_IGNORED_ROLES = frozenset({"area_ha", "geometry", "id", "length"})


def topology(view: LayerView, around: Surroundings) -> Iterator[DataFinding]:
    """Yield every finding of the polygons of a layer."""
    bounds = None if around.boundary is None else np.array(around.boundary.bounds)
    found = coverage.analyse(view.geometry, bounds)
    yield from _overlaps(view, found)
    if view.role not in CUT_ON_PURPOSE:
        yield from _gaps(view, found, around)
    yield from _slivers(view, found)
    if view.role == "zoning":
        yield from _outside(view, around)
        yield from _mergeable(view, found)


def why_not(view: LayerView, _: Surroundings) -> Text | None:
    """Say why a layer has no topology to check."""
    if not view.has_plane:
        return NO_PLANE
    return None if len(coverage.parts_of(view.geometry).owner) else NO_POLYGONS


class _Measured(NamedTuple):
    """Measures of many places at once.

    Attributes
    ----------
    area_m2, width_m
        Area of all pieces of a place, and the width of the widest.
    small, chord
        Whether all its pieces are slivers, and whether none has a width in the CRS of the file.
    """

    area_m2: list[float]
    width_m: list[float]
    small: list[bool]
    chord: list[bool]


def _measured(view: LayerView, places: Sequence[Objects] | Objects) -> _Measured:
    """Measure places, each of one piece or more."""
    if not len(places):
        return _Measured([], [], [], [])
    pieces = np.concatenate(places)
    first = np.cumsum([0, *(len(place) for place in places[:-1])])
    return _Measured(
        np.add.reduceat(shapely.area(pieces), first).round(DIGITS).tolist(),
        np.maximum.reduceat(mean_width_m(pieces), first).round(DIGITS).tolist(),
        np.logical_and.reduceat(_small(view, pieces), first).tolist(),
        np.logical_and.reduceat(_is_chord(view, pieces), first).tolist(),
    )


def _overlaps(view: LayerView, found: Coverage) -> Iterator[DataFinding]:
    """DAT101, DAT104 and DAT108: one finding a pair; of n equal geometries each but the first is one finding."""
    seen: set[int] = set()
    for pair in found.pairs:
        if pair.same and pair.second not in seen:
            seen.add(pair.second)
            yield _duplicate(view, pair)
    pairs = [pair for pair in found.pairs if not pair.same]
    measured = _measured(view, [pair.pieces for pair in pairs])
    for pair, area_m2, width_m, sliver, chord in zip(pairs, *measured, strict=True):
        if chord:
            yield _chord(view, pair.pieces, row=pair.first, other=pair.second)
        else:
            yield _overlap(view, pair, area_m2, width_m, sliver=sliver)


def _overlap(view: LayerView, pair: Pair, area_m2: float, width_m: float, *, sliver: bool) -> DataFinding:
    lenient = view.role in CUT_ON_PURPOSE
    level: Level = ("info" if lenient else "warning") if sliver else "warning" if lenient else "error"
    kind = Text("sliver overlap", "tumpang tindih tipis") if sliver else Text("overlap", "tumpang tindih")
    return view.finding(
        "DAT101",
        level,
        say(
            "{kind} of {first} and {second}: {area}, {width} wide",
            "{kind} fitur {first} dan {second}: {area}, lebar {width}",
            kind=kind,
            first=view.feature[pair.first],
            second=view.feature[pair.second],
            area=Quantity(area_m2, "m2"),
            width=Quantity(width_m, "m"),
        ),
        _SNAP if sliver else _DECIDE,
        row=pair.first,
        other=pair.second,
        area_m2=area_m2,
        width_m=width_m,
        witness=collect(pair.pieces),
    )


def _duplicate(view: LayerView, pair: Pair) -> DataFinding:
    area_m2, width_m = _measures(pair.pieces)
    differing = [
        name
        for name, values in view.fields.items()
        if name != view.feature_field and as_text(values[pair.first]) != as_text(values[pair.second])
    ]
    return view.finding(
        "DAT104",
        "warning" if view.role in CUT_ON_PURPOSE else "error",
        say(
            "{second} has the geometry of {first}: {area}; {attributes}",
            "fitur {second} bergeometri sama dengan {first}: {area}; {attributes}",
            second=view.feature[pair.second],
            first=view.feature[pair.first],
            area=Quantity(area_m2, "m2"),
            attributes=_told_apart(differing),
        ),
        Text(
            "decide which attributes are right, then delete the other",
            "tentukan atribut yang benar, lalu hapus yang lain",
        )
        if differing
        else Text(
            "delete one of the two (`--fix-safe` does)", "hapus salah satu (`--fix-safe` melakukannya)"
        ),
        row=pair.second,
        other=pair.first,
        area_m2=area_m2,
        width_m=width_m,
        witness=collect(pair.pieces),
    )


def _told_apart(differing: Sequence[str]) -> Text:
    """Return what tells two features of one geometry apart."""
    if not differing:
        return Text("all attributes are equal", "semua atributnya sama")
    names = ", ".join(differing[:4]) + (", ..." if len(differing) > 4 else "")
    return Text(f"attributes differ: {names}", f"atributnya berbeda: {names}")


def _gaps(view: LayerView, found: Coverage, around: Surroundings) -> Iterator[DataFinding]:
    """DAT102, DAT107 and DAT108: holes of the coverage inside the boundary, and the boundary left bare."""
    if around.boundary is not None and view.role == "zoning" and _is_apart(view, around):
        return
    pieces, bare = found.holes, np.empty(0, dtype=object)
    known_inside = around.boundary is not None and view.role == "zoning"
    if around.boundary is not None and known_inside:
        pieces = _inside(around.boundary, found.holes)
        bare = _inside(around.boundary, found.open)
    measured = _measured(view, pieces[:, None])
    for piece, near, *measures, chord in zip(
        pieces, beside(pieces, found.parts, found.tree), *measured, strict=True
    ):
        if chord:
            yield _chord(view, pieces=objects([piece]), row=near[0], other=near[1])
        else:
            yield _gap(view, piece, near, *measures, known_inside=known_inside)
    for piece in bare:
        yield _uncovered(view, piece)


def _inside(boundary: shapely.Geometry, places: Objects) -> Objects:
    """Return what of places lies inside the boundary, noise left out."""
    whole = shapely.covers(boundary, places)
    cut = shapely.get_parts(overlap_of(places[~whole], boundary))
    return coverage.without_noise(np.concatenate([places[whole], cut]))


def _is_apart(view: LayerView, around: Surroundings) -> bool:
    """Tell whether no feature so much as touches the boundary: one of the two layers lies elsewhere."""
    return not shapely.intersects(around.boundary, view.geometry).any()


def _apart(view: LayerView, boundary: shapely.Geometry) -> DataFinding:
    there = view.geometry[~shapely.is_missing(view.geometry)]
    away_m = float(shapely.distance(shapely.box(*shapely.total_bounds(there)), boundary))
    return view.finding(
        "DAT106",
        "error",
        say(
            "the whole layer lies outside the boundary, {away} away",
            "seluruh layer berada di luar batas, sejauh {away}",
            away=Quantity(away_m, "m"),
        ),
        Text(
            "compare the CRS of the two layers (.prj, plan.toml): one of them is probably wrong",
            "bandingkan SRK kedua layer (.prj, plan.toml): salah satunya kemungkinan keliru",
        ),
    )


def _gap(
    view: LayerView,
    hole: shapely.Polygon,
    near: tuple[int | None, int | None],
    area_m2: float,
    width_m: float,
    sliver: bool,
    *,
    known_inside: bool,
) -> DataFinding:
    kind = Text("sliver gap", "celah tipis") if sliver else Text("gap", "celah")
    inside = (
        Text("", "")
        if known_inside or sliver
        else Text("; no boundary says whether it is meant", "; tidak ada batas yang menerangkannya")
    )
    return view.finding(
        "DAT102",
        "warning" if sliver else "error",
        say(
            "{kind} of {area}, {width} wide{inside}",
            "{kind} seluas {area}, lebar {width}{inside}",
            kind=kind,
            area=Quantity(area_m2, "m2"),
            width=Quantity(width_m, "m"),
            inside=inside,
        ),
        _SNAP if sliver else _INSIDE if known_inside else _DRAW,
        row=near[0],
        other=near[1],
        area_m2=area_m2,
        width_m=width_m,
        witness=hole,
    )


def _uncovered(view: LayerView, piece: shapely.Polygon) -> DataFinding:
    pieces = np.array([piece], dtype=object)
    area_m2, width_m = _measures(pieces)
    sliver = bool(_small(view, pieces)[0])
    return view.finding(
        "DAT107",
        "warning" if sliver else "error",
        say(
            "{area} inside the boundary have no zone ({width} wide)",
            "{area} di dalam batas tanpa zona (lebar {width})",
            area=Quantity(area_m2, "m2"),
            width=Quantity(width_m, "m"),
        ),
        Text("extend the zones to the boundary", "perluas zona sampai ke batas"),
        area_m2=area_m2,
        width_m=width_m,
        witness=piece,
    )


def _outside(view: LayerView, around: Surroundings) -> Iterator[DataFinding]:
    """DAT106: what of a feature lies outside the boundary."""
    if around.boundary is None:
        return
    there = np.flatnonzero(np.isin(shapely.get_type_id(view.geometry), (3, 6)))
    shapely.prepare(around.boundary)
    if _is_apart(view, around):
        yield _apart(view, around.boundary)
        return
    rows = there[~shapely.covers(around.boundary, view.geometry[there])]
    for row, rest in zip(rows, remainder_of(view.geometry[rows], around.boundary), strict=True):
        pieces = coverage.without_noise(polygons_of(rest))
        if not len(pieces) or _is_chord(view, pieces).all():
            continue
        area_m2, width_m = _measures(pieces)
        sliver = bool(_small(view, pieces).all())
        yield view.finding(
            "DAT106",
            "warning" if sliver else "error",
            say(
                "{area} of it lie outside the boundary ({width} wide)",
                "{area} fitur ini berada di luar batas (lebar {width})",
                area=Quantity(area_m2, "m2"),
                width=Quantity(width_m, "m"),
            ),
            Text(
                "clip it at the boundary, or correct the boundary",
                "potong pada batas, atau betulkan batasnya",
            ),
            row=int(row),
            area_m2=area_m2,
            width_m=width_m,
            witness=collect(pieces),
        )


def _slivers(view: LayerView, found: Coverage) -> Iterator[DataFinding]:
    """DAT103: polygon parts nobody draws on purpose."""
    area, length = shapely.area(found.parts.polygon), shapely.length(found.parts.polygon)
    thinness = 4 * np.pi * area / length**2
    for i in np.flatnonzero(
        (area < view.tolerance.sliver_area_m2) | ((area < MAX_SLIVER_M2) & (thinness < MAX_THINNESS))
    ):
        area_m2, width_m = _measures(found.parts.polygon[[i]])
        yield view.finding(
            "DAT103",
            "warning",
            say(
                "a part of {area}, {width} wide (thinness {thinness})",
                "bagian seluas {area}, lebar {width} (kerampingan {thinness})",
                area=Quantity(area_m2, "m2"),
                width=Quantity(width_m, "m"),
                thinness=Text(f"{thinness[i]:.4f}", f"{thinness[i]:.4f}".replace(".", ",")),
            ),
            Text("merge it with the neighbour it belongs to", "gabungkan dengan tetangganya"),
            row=int(found.parts.owner[i]),
            value=round(float(thinness[i]), 4),
            area_m2=area_m2,
            width_m=width_m,
            witness=found.parts.polygon[i],
        )


def _mergeable(view: LayerView, found: Coverage) -> Iterator[DataFinding]:
    """DAT109: neighbours with the same attributes; one finding a group of them."""
    meant = {find_column(name, view.fields) for name in view.meanings.values()}
    names = [
        name
        for name in view.fields
        if name in meant or (name != view.feature_field and (field_role(name) or "") not in _IGNORED_ROLES)
    ]
    texts = {name: list(map(str, view.fields[name])) for name in names}
    kept = [values for name, values in texts.items() if name in meant or not _is_key(values)]
    if not kept or not len(found.neighbours):
        return
    rows = list(zip(*kept, strict=True))
    number: dict[tuple[str, ...], int] = {}
    kind = np.array([number.setdefault(row, len(number)) for row in rows])
    alike = kind[found.neighbours[:, 0]] == kind[found.neighbours[:, 1]]
    twice = {(pair.first, pair.second) for pair in found.pairs if pair.same}  # DAT104 says so
    alike &= np.array([pair not in twice for pair in map(tuple, found.neighbours.tolist())], dtype=bool)
    for group in clusters(found.neighbours, alike):
        shown = ", ".join(str(view.feature[row]) for row in group[:5]) + (", ..." if len(group) > 5 else "")
        yield view.finding(
            "DAT109",
            "info",
            Text(
                f"{len(group)} neighbours alike in every attribute: {shown}",
                f"{len(group)} poligon bertetangga beratribut sama: {shown}",
            ),
            Text("dissolve them, if nothing tells them apart", "gabungkan bila memang tidak berbeda"),
            row=group[0],
            other=group[1],
            area_m2=_round(float(shapely.area(view.geometry[group]).sum())),
            members=tuple(str(view.feature[row]) for row in group),
        )


def _is_key(values: Sequence[str]) -> bool:
    """Tell whether a column counts or measures features: every value differs."""
    return len(values) > 2 and len(set(values)) == len(values)


def _is_chord(view: LayerView, pieces: Objects) -> Bools:
    """Tell which pieces have no width in the CRS of the file."""
    if view.to_source is None:
        return np.zeros(len(pieces), dtype=bool)
    width_m = mean_width_m(view.to_source(pieces)) * view.source_unit_m
    narrow: Bools = width_m < CHORD_WIDTH_M
    return narrow


def _chord(view: LayerView, pieces: Objects, *, row: int | None, other: int | None) -> DataFinding:
    area_m2, width_m = _measures(pieces)
    return view.finding(
        "DAT108",
        "info" if _small(view, pieces).all() else "warning",
        say(
            "{area} between unequally dense vertices on one straight line of the file's CRS",
            "{area} di antara titik yang tidak sama rapat pada satu garis lurus dalam SRK berkas",
            area=Quantity(area_m2, "m2"),
        ),
        Text(
            "no error of the drawing, but areas are measured in metres; the same vertices on both sides make it vanish",
            "bukan salah gambar, tetapi luas diukur dalam meter; hilang bila kedua sisi memakai titik yang sama",
        ),
        row=row,
        other=other,
        area_m2=area_m2,
        width_m=width_m,
        witness=collect(pieces),
    )


def _small(view: LayerView, pieces: Objects) -> Bools:
    return small(shapely.area(pieces), shapely.length(pieces), view.tolerance)


def _measures(pieces: Objects) -> tuple[float, float]:
    """Return the area of all pieces and the width of the widest."""
    return _round(float(shapely.area(pieces).sum())), _round(float(mean_width_m(pieces).max()))


def _round(value: float) -> float:
    return round(value, 4)


CHECK = LayerCheck(("DAT101", "DAT102", "DAT103", "DAT104", "DAT108", "DAT109"), topology, why_not)


def boundary_missing(view: LayerView, around: Surroundings) -> Text | None:
    """Say why the boundary can not be compared."""
    if view.role != "zoning":
        return NOT_ZONING
    if around.boundary is None:
        return Text("there is no layer with role boundary", "tidak ada layer dengan role boundary")
    return why_not(view, around)


BOUNDARY_CHECK = LayerCheck(("DAT106", "DAT107"), lambda _view, _around: (), boundary_missing)
"""Found in the pass of `topology`; declared apart because it needs a boundary."""
