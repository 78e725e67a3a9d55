"""Coordinate systems: one policy for Indonesian datums, explicit transformation, plausibility.

**The policy.** SRGI2013 and DGN95 are read as WGS 84, whatever spells them: an EPSG code, an ESRI .prj, custom
WKT. PROJ would move SRGI2013 by 0.25 m against WGS 84 (a Helmert transformation stated as +-1.2 m) and leave
DGN95 where it is; layers of one plan carry all three labels for the same drawing, so a shift would only make
25 cm slivers. Every relabelling is recorded. All other datums (ID74, WGS 72 ...) are really transformed by PROJ,
only with a defined operation, and recorded too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.errors import CrsError, Place, Text
from kkpr_check.io import utm
from kkpr_check.io.datums import datum_name, is_alike, parse, relabel, squeeze

if TYPE_CHECKING:
    from pyproj import CRS, Transformer

Bounds = tuple[float, float, float, float]
Objects = NDArray[np.object_]
Floats = NDArray[np.float64]
Move = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""x and y of one CRS -> x and y of another."""

LONLAT = "EPSG:4326"
EDGE_POINTS = 23
"""Points of each edge of a box that are transformed."""
AREA_OF_USE: Bounds = (92.0, -14.0, 142.0, 8.0)
"""Lon/lat box that holds Indonesia with its waters: west, south, east, north in degrees."""


def canonical(user_input: Any) -> CRS:
    """Return the 2-D CRS that a label means under the policy of this module.

    Parameters
    ----------
    user_input
        Anything pyproj understands: "EPSG:9491", WKT of a .prj, a pyproj CRS.

    Returns
    -------
    CRS
        With its EPSG code where it is WGS 84 longitude/latitude or WGS 84 / UTM.

    Raises
    ------
    CrsError
        If the label is unknown or no geographic or projected system.
    """
    from pyproj import CRS

    if isinstance(user_input, CRS):
        return relabel(user_input.to_wkt())
    return relabel(str(user_input))


def authority(crs: CRS) -> str:
    """Return the shortest exact name of a CRS: ``EPSG:code`` where one is attached, else WKT."""
    name = crs.to_authority(min_confidence=100) if crs.to_epsg(100) is not None else None
    return ":".join(name) if name else crs.to_wkt()


@lru_cache(maxsize=256)
def name_of(label: Any) -> str:
    """Return ``EPSG:code`` where there is one, else WKT, of what a label means; plain labels need no PROJ.

    Raises
    ------
    CrsError
        As `canonical`.
    """
    if label == "OGC:CRS84":
        return LONLAT
    return str(label) if is_plain(label) else authority(canonical(label))


def is_plain(label: Any) -> bool:
    """Tell whether a label is longitude and latitude or a UTM zone on WGS 84, by its code."""
    return isinstance(label, str) and (label == LONLAT or utm.is_zone(label))


def is_geographic(label: Any) -> bool:
    """Tell whether coordinates are degrees."""
    return bool(label == LONLAT or (not is_plain(label) and canonical(label).is_geographic))


def work_crs(lon: float, lat: float) -> str:
    """Return the UTM zone (WGS 84) of a site as ``EPSG:326xx`` or ``EPSG:327xx``.

    A zone holds its western meridian: 108 degrees E is zone 49. The equator is north.

    >>> work_crs(124.48, -9.445), work_crs(108.0, -6.7), work_crs(109.9, 1.3)
    ('EPSG:32751', 'EPSG:32749', 'EPSG:32649')
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -90 <= lat <= 90):
        raise CrsError(
            Text(
                f"no place on earth: lon {lon}, lat {lat}",
                f"bukan posisi di bumi: bujur {lon}, lintang {lat}",
            ),
            code="crs-implausible",
        )
    zone = min(int((lon + 180.0) // 6.0) + 1, 60)
    return f"EPSG:{32600 if lat >= 0 else 32700}".removesuffix("00") + f"{zone:02d}"


def same(first: Any, second: Any) -> bool:
    """Tell whether two labels mean one CRS under the policy (axis order aside: we always say x, y)."""
    names = name_of(first), name_of(second)
    if names[0] == names[1] or all(map(is_plain, names)):
        return names[0] == names[1]
    return bool(canonical(first).equals(canonical(second), ignore_axis_order=True))


def transform(geometries: Objects, source: Any, target: Any) -> Objects:
    """Transform geometries, x east and y north on both sides.

    Parameters
    ----------
    geometries
        Array of shapely geometries (None allowed) in `source`.
    source, target
        CRS labels; equal under the policy means the geometries come back untouched.

    Raises
    ------
    CrsError
        If PROJ knows no operation between the two, or a coordinate has no finite image.
    """
    if same(source, target):
        return geometries
    move_xy = _move(name_of(source), name_of(target))

    def move(xy: Floats) -> Floats:
        if not len(xy):
            return xy
        moved = np.column_stack(move_xy(xy[:, 0], xy[:, 1]))
        if not np.isfinite(moved).all():
            raise _not_finite(source, target)
        return moved

    return np.asarray(shapely.transform(geometries, move), dtype=object)


def transform_bounds(bounds: Bounds, source: Any, target: Any) -> Bounds:
    """Return the box in `target` that holds the box `bounds` of `source` (edges densified)."""
    if same(source, target):
        return bounds
    west, south, east, north = bounds
    share = np.linspace(0, 1, EDGE_POINTS)
    along, up = west + share * (east - west), south + share * (north - south)
    one = np.ones(EDGE_POINTS)
    edges = (
        np.concatenate([along, east * one, along, west * one]),
        np.concatenate([south * one, up, north * one, up]),
    )
    x, y = _move(name_of(source), name_of(target))(*edges)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise _not_finite(source, target)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def policy_note(label: str) -> Text | None:
    """Return the line of provenance for a relabelled or really shifted CRS, or None where nothing happens.

    Parameters
    ----------
    label
        What the file said.
    """
    if label == "OGC:CRS84" or is_plain(label):
        return None
    said = parse(label)
    if not is_alike(datum_name(said)):
        operation = _transformer(name_of(label), LONLAT)
        steps = operation.description.replace(" + axis order change (2D)", "")
        accuracy = f"{operation.accuracy:g} m" if operation.accuracy >= 0 else "?"
        return Text(
            f"CRS {said.name}: transformed to WGS 84 by PROJ ({steps}, accuracy {accuracy})",
            f"SRK {said.name}: ditransformasi ke WGS 84 oleh PROJ ({steps}, ketelitian {accuracy})",
        )
    if datum_name(said).startswith("Unknown"):
        return Text(
            f"CRS {said.name}: it names no datum; taken as WGS 84",
            f"SRK {said.name}: tidak menyebut datum; dianggap WGS 84",
        )
    if "wgs" in squeeze(datum_name(said)) or "worldgeodetic" in squeeze(datum_name(said)):
        return None
    return Text(
        f"CRS {said.name}: SRGI2013, DGN95 and WGS 84 are treated as identical (no 0.25 m shift)",
        f"SRK {said.name}: SRGI2013, DGN95 dan WGS 84 dianggap sama (tanpa pergeseran 0,25 m)",
    )


def is_plausible(boxes: NDArray[np.float64], crs: Any) -> NDArray[np.bool_]:
    """Tell for each box (n, 4) in `crs` whether it lies in or around Indonesia; NaN boxes do not."""
    boxes = np.atleast_2d(np.asarray(boxes, dtype=float))
    x, y = boxes[:, [0, 2, 0, 2]], boxes[:, [1, 1, 3, 3]]
    if not same(crs, LONLAT):
        moved = _move(name_of(crs), LONLAT)(x.ravel(), y.ravel())
        x, y = np.reshape(moved[0], x.shape), np.reshape(moved[1], y.shape)
    west, south, east, north = AREA_OF_USE
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return np.asarray(inside.all(axis=1))


_LAYER_OUTSIDE = Text("the layer does not lie in Indonesia", "layer tidak terletak di Indonesia")


def check_plausible(bounds: Bounds, crs: Any, place: Place, outside: Text = _LAYER_OUTSIDE) -> None:
    """Refuse a layer that does not lie in or around Indonesia, and say what is probably wrong.

    Parameters
    ----------
    bounds
        xmin, ymin, xmax, ymax in `crs`.
    crs
        The CRS the layer is believed to have.
    place
        The layer, for the message.
    outside
        How to say that it lies outside.

    Raises
    ------
    CrsError
        Code ``axes-swapped`` or ``crs-implausible``, with the option that repairs it.
    """
    if is_plausible(np.array([bounds]), crs)[0]:
        return
    label = canonical(crs).name
    box = ", ".join(f"{value:.10g}" for value in bounds)
    swapped = (bounds[1], bounds[0], bounds[3], bounds[2])
    if is_plausible(np.array([swapped]), crs)[0]:
        raise CrsError(
            Text(
                f"x and y are swapped: extent {box} in {label}",
                f"sumbu x dan y tertukar: rentang {box} dalam {label}",
            ),
            place=place,
            remedy=Text("read it with --swap-xy", "baca dengan --swap-xy"),
            code="axes-swapped",
        )
    raise CrsError(
        Text(
            f"{outside.en}: extent {box} in {label}",
            f"{outside.id}: rentang {box} dalam {label}",
        ),
        place=place,
        remedy=_advice(bounds),
        code="crs-implausible",
    )


def missing_crs(place: Place, bounds: Bounds | None = None) -> CrsError:
    """Return the error for a layer that does not say in which CRS it is drawn."""
    advice = _advice(bounds) if bounds is not None else Text("--assume-crs EPSG:...", "--assume-crs EPSG:...")
    return CrsError(
        Text("the layer has no CRS", "layer tidak menyebut sistem koordinat (SRK)"),
        place=place,
        remedy=Text(
            f"add the .prj file, or name the CRS; {advice.en}",
            f"sertakan berkas .prj, atau sebutkan SRK; {advice.id}",
        )
        if str(place.file).lower().endswith((".shp", ".zip"))
        else Text(
            f"name the CRS in the file, or here; {advice.en}",
            f"sebutkan SRK di berkasnya, atau di sini; {advice.id}",
        ),
        code="crs-missing",
    )


def _advice(bounds: Bounds) -> Text:
    xmin, ymin, xmax, ymax = bounds

    def within(west: float, south: float, east: float, north: float) -> bool:
        return xmin >= west and ymin >= south and xmax <= east and ymax <= north

    if within(*AREA_OF_USE):
        return Text(
            "the numbers are degrees: --assume-crs EPSG:4326", "angkanya derajat: --assume-crs EPSG:4326"
        )
    if within(AREA_OF_USE[1], AREA_OF_USE[0], AREA_OF_USE[3], AREA_OF_USE[2]):
        return Text(
            "the numbers are degrees, latitude first: --assume-crs EPSG:4326 --swap-xy",
            "angkanya derajat dengan lintang di depan: --assume-crs EPSG:4326 --swap-xy",
        )
    if within(10.2e6, -1.58e6, 15.9e6, 0.9e6):
        return Text(
            "it looks like Web Mercator: --assume-crs EPSG:3857",
            "tampaknya Web Mercator: --assume-crs EPSG:3857",
        )
    if within(30e3, 4e5, 370e3, 2.3e6):
        return Text(
            "it looks like TM-3 metres (BPN): --assume-crs EPSG:23830 (zone 46.2) ... EPSG:23845 (zone 54.1)",
            "tampaknya meter TM-3 (BPN): --assume-crs EPSG:23830 (zona 46.2) ... EPSG:23845 (zona 54.1)",
        )
    if within(1e5, 8.4e6, 9e5, 1.0e7) or within(1e5, 0.0, 9e5, 9e5):
        return Text(
            "it looks like UTM metres: --assume-crs EPSG:327zz (south) or EPSG:326zz (north), zz = 46..54",
            "tampaknya meter UTM: --assume-crs EPSG:327zz (selatan) atau EPSG:326zz (utara), zz = 46..54",
        )
    return Text("name the right CRS: --assume-crs EPSG:...", "sebutkan SRK yang benar: --assume-crs EPSG:...")


def _not_finite(source: Any, target: Any) -> CrsError:
    names = canonical(source).name, canonical(target).name
    return CrsError(
        Text(
            f"coordinates have no finite image from {names[0]} to {names[1]}",
            f"koordinat tidak dapat ditransformasi dari {names[0]} ke {names[1]}",
        ),
        remedy=Text(
            "the CRS of the layer is probably wrong: --assume-crs EPSG:...",
            "SRK layer kemungkinan salah: --assume-crs EPSG:...",
        ),
        code="crs-implausible",
    )


def _move(source: str, target: str) -> Move:
    """Return how positions go from one CRS to another: by the UTM series where that is all, else by PROJ."""
    if source == LONLAT and utm.is_zone(target):
        return lambda x, y: utm.from_lonlat(target, x, y)
    if target == LONLAT and utm.is_zone(source):
        return lambda x, y: utm.to_lonlat(source, x, y)
    transformer = _transformer(source, target)

    def by_proj(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        # numpy before 2.4 warns where pyproj tries an array of one as a number
        moved = transformer.transform(*((x.item(), y.item()) if x.size == 1 else (x, y)))
        return np.atleast_1d(moved[0]), np.atleast_1d(moved[1])

    return by_proj


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    """Return one operation for all points: PROJ's choice by place would tear a layer along its borders."""
    from pyproj import Transformer
    from pyproj.exceptions import ProjError
    from pyproj.transformer import AreaOfInterest, TransformerGroup

    old, new = relabel(source), relabel(target)
    try:
        if is_alike(datum_name(old)) and is_alike(datum_name(new)):
            return Transformer.from_crs(old, new, always_xy=True)
        group = TransformerGroup(
            old, new, always_xy=True, allow_ballpark=False, area_of_interest=AreaOfInterest(*AREA_OF_USE)
        )
        if group.transformers:
            return group.transformers[0]
    except ProjError as error:
        raise _no_operation(old, new) from error
    raise _no_operation(old, new)


def _no_operation(old: CRS, new: CRS) -> CrsError:
    return CrsError(
        Text(
            f"PROJ knows no transformation from {old.name} to {new.name}",
            f"PROJ tidak mengenal transformasi dari {old.name} ke {new.name}",
        ),
        remedy=Text(
            "name the right CRS: --assume-crs EPSG:...", "sebutkan SRK yang benar: --assume-crs EPSG:..."
        ),
        code="crs-unknown",
    )
