"""DAT206: administrative names against the boundary layer, and spelled one way only."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.geometry import overlap_of
from kkpr_check.phrases import features
from kkpr_check.quality.base import (
    LayerCheck,
    LayerView,
    Objects,
    Surroundings,
    quoted,
    spelled_otherwise,
    zoning_only,
)
from kkpr_check.quality.codes import SCHEMAS, distinct
from kkpr_check.quality.findings import DataFinding
from kkpr_check.reference import clean, field_role

ADMIN_ROLES = ("admin_province", "admin_regency", "admin_district", "admin_village")
_PREFIX = re.compile(
    r"^(provinsi|prov|kabupaten|kab|kecamatan|kec|kelurahan|kel|desa|nagari|gampong)\b\.?\s*", re.IGNORECASE
)


def admin_names(view: LayerView, around: Surroundings) -> Iterator[DataFinding]:
    """Yield spellings of one name, and features that mostly lie in another village, district or regency."""
    for role, column in _columns(view).items():
        yield from _spellings(view, column)
        for boundary in around.boundary_layers:
            named = _columns(boundary).get(role)
            if named is not None and view.has_plane and boundary.has_plane:
                yield from _misplaced(view, column, boundary, named)
                break


def _columns(view: LayerView) -> dict[str, str]:
    """Return role -> first column of the layer with it."""
    found: dict[str, str] = {}
    for name in view.fields:
        role = field_role(name, *SCHEMAS, "admin") or field_role(name)
        if role in ADMIN_ROLES:
            found.setdefault(role, name)
    return found


def plain_admin(name: str) -> str:
    """Return a name without case, prefix, blanks and punctuation; kota stays: it is another place than its kabupaten."""
    return re.sub(r"[^a-z0-9]", "", _PREFIX.sub("", name.strip()).casefold())


def _spellings(view: LayerView, column: str) -> Iterator[DataFinding]:
    by_value = {value: rows for value, rows in distinct(view.fields[column]).items() if value is not None}
    for other, usual in spelled_otherwise(by_value, plain_admin):
        yield view.finding(
            "DAT206",
            "warning",
            Text(
                f"{column}: {quoted(other)} ({features(len(by_value[other])).en}) is elsewhere {quoted(usual)}",
                f"{column}: {quoted(other)} ({len(by_value[other])} fitur) di tempat lain {quoted(usual)}",
            ),
            Text(f"write {quoted(usual)} everywhere", f"tulis {quoted(usual)} di semua tempat"),
            row=by_value[other][0],
            field=column,
            value=other,
        )


def _misplaced(view: LayerView, column: str, boundary: LayerView, named: str) -> Iterator[DataFinding]:
    rows, places, shares = _most_of(view.geometry, boundary.geometry)
    for row, place, share in zip(rows.tolist(), places.tolist(), shares.tolist(), strict=True):
        said, lies_in = clean(view.fields[column][row]), clean(boundary.fields[named][place])
        if said is None or lies_in is None or plain_admin(said) == plain_admin(lies_in):
            continue
        yield view.finding(
            "DAT206",
            "warning",
            Text(
                f"{column} = {said}, but {share:.0%} of it lies in {lies_in}",
                f"{column} = {said}, padahal {share:.0%} fitur berada di {lies_in}",
            ),
            Text("correct the name, or the line", "betulkan namanya, atau garisnya"),
            row=row,
            field=column,
            value=said,
        )


def _most_of(geometry: Objects, places: Objects) -> tuple[Objects, Objects, Objects]:
    """Return for each polygon that lies in some place: its row, the place with most of it, and that share."""
    rows = np.flatnonzero(np.isin(shapely.get_type_id(geometry), (3, 6)))
    there = np.flatnonzero(np.isin(shapely.get_type_id(places), (3, 6)))
    at, place = shapely.STRtree(places[there]).query(geometry[rows], predicate="intersects")
    area = shapely.area(overlap_of(geometry[rows[at]], places[there[place]]))
    order = np.lexsort((-area, at))
    first = order[np.r_[True, at[order][1:] != at[order][:-1]]] if len(order) else order
    first = first[area[first] > 0]
    whole = shapely.area(geometry[rows[at[first]]])
    return rows[at[first]], there[place[first]], area[first] / whole


CHECK = LayerCheck(("DAT206",), admin_names, zoning_only)
