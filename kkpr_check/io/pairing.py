"""Which parcel a building stands on, and what else stands there. All geometry in one metric working CRS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.errors import Text
from kkpr_check.features import Objects
from kkpr_check.model import Site

COVER_MIN = 0.95
"""Share of the footprint that its parcel covers at least (contract section 1)."""

OTHERS_UNKNOWN = Text(
    "no other building on the parcel is known; none is counted",
    "bangunan lain di persil tidak diketahui; tidak ada yang dihitung",
)

_RELATIVE = 1e-6


@dataclass(frozen=True, slots=True)
class ExistingBuildings:
    """Buildings that stand already, in the working CRS; `doubts[i]` says why building i is not known exactly."""

    geometry: Objects
    doubts: tuple[Text | None, ...]
    path: str = ""
    sha256: str = ""
    crs_label: str = ""
    repairs: tuple[Text, ...] = ()
    assumptions: tuple[Text, ...] = ()


def cover_shares(footprint: Any, parcels: Objects) -> NDArray[np.float64]:
    """Return the share of the footprint's area (0..1) that lies in each parcel.

    >>> plot = np.array([shapely.box(0, 0, 30, 10)], dtype=object)
    >>> cover_shares(shapely.box(20, 0, 40, 10), plot).tolist()
    [0.5]
    """
    common = shapely.area(shapely.intersection(parcels, footprint))
    return np.asarray(common / shapely.area(footprint), dtype=float)


def choose_parcel(footprint: Any, parcels: Objects) -> tuple[int | None, list[int]]:
    """Return the index of the one parcel that covers the footprint, else None and the parcels to choose from.

    To choose from are those that cover at least 95 % of it, or, where none does, those that hold a part of it.
    """
    near = np.flatnonzero(shapely.intersects(parcels, footprint))
    shares = cover_shares(footprint, parcels[near])
    covering = [int(n) for n in near[shares >= COVER_MIN * (1.0 - _RELATIVE)]]
    if len(covering) == 1:
        return covering[0], covering
    return None, covering or [int(n) for n in near[shares > _RELATIVE]]


def chosen_note(parcel_id: str) -> Text:
    """Return the assumption behind a parcel found by area."""
    return Text(
        f"parcel {parcel_id} is taken, the only one that covers at least 95 % of the footprint",
        f"persil {parcel_id} dipakai, satu-satunya yang memuat sedikitnya 95 % tapak",
    )


def pair_with_parcels(site: Site, parcels: Objects, ids: Sequence[str]) -> Site:
    """Return the site with the one parcel that covers >= 95 % of its footprint.

    Parameters
    ----------
    site
        Returned as it is where it has a parcel already, no footprint, or a choice of parcels pending.
    parcels
        Polygons in the working CRS of the site, valid.
    ids
        Their names, in the same order.

    Returns
    -------
    Site
        With `parcel`; or, where none or several cover it, with `candidates`: the parcels that cover it, or
        those that hold a part of it.
    """
    if site.parcel is not None or site.footprint is None or site.candidates or len(parcels) == 0:
        return site
    chosen, listed = choose_parcel(site.footprint, parcels)
    if chosen is None:
        return replace(site, candidates=tuple(str(ids[n]) for n in listed))
    note = chosen_note(str(ids[chosen]))
    return replace(site, parcel=parcels[chosen], assumptions=(*site.assumptions, note))


def count_neighbours(sites: Sequence[Site]) -> tuple[Site, ...]:
    """Return the sites, each with the other footprints on the same parcel among its existing buildings.

    Two proposals on one parcel share its KDB: judged each for itself, both could pass and their sum exceed it.
    Called again, after a look-up in the plan's parcels, it leaves alone what it has done.
    """
    by_parcel: dict[bytes, list[int]] = {}
    for index, site in enumerate(sites):
        if site.parcel is not None and site.footprint is not None:
            by_parcel.setdefault(shapely.to_wkb(shapely.normalize(site.parcel)), []).append(index)
    result = list(sites)
    for members in by_parcel.values():
        for index in members if len(members) > 1 else ():
            others = [sites[n] for n in members if n != index]
            result[index] = _with_others(sites[index], others)
    return tuple(result)


def _with_others(site: Site, others: Sequence[Site]) -> Site:
    names = ", ".join(other.id for other in others[:5])
    note = Text(
        f"the proposal shares its parcel with {names}: their footprints are counted as buildings on the parcel; "
        "check alternatives one by one",
        f"usulan berbagi persil dengan {names}: tapaknya dihitung sebagai bangunan di persil; periksa alternatif "
        "satu per satu",
    )
    if note in site.assumptions:
        return site
    known = [] if site.existing is None else [site.existing]
    union = shapely.union_all([*known, *(other.footprint for other in others)])
    notes = (note,) if known else (note, OTHERS_UNKNOWN)
    return replace(site, existing=union, assumptions=site.assumptions + notes)


def with_existing(site: Site, buildings: ExistingBuildings) -> Site:
    """Return the site with the buildings that stand on its parcel (an empty geometry where there are none).

    A building on the parcel whose repair changed its area by more than 0.1 % makes the site doubtful.
    """
    if site.parcel is None:
        return site
    shapely.prepare(site.parcel)
    on_parcel = np.flatnonzero(shapely.intersects(buildings.geometry, site.parcel))
    known = [] if site.existing is None else [site.existing]
    union = shapely.union_all([*known, *buildings.geometry[on_parcel]])
    doubt = next((buildings.doubts[n] for n in on_parcel if buildings.doubts[n] is not None), None)
    return replace(
        site,
        existing=shapely.MultiPolygon() if union.is_empty else union,
        doubt=site.doubt or doubt,
        assumptions=tuple(note for note in site.assumptions if note != OTHERS_UNKNOWN),
    )
