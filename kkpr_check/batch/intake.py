"""From the features of a block to sites in their UTM zones; what can not be judged keeps its row and its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.batch.footprints import Footprint, united_options
from kkpr_check.batch.places import utm_zones
from kkpr_check.batch.proposals import read_ids, read_proposals
from kkpr_check.batch.reading import Loaded
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.streams import slice_raw
from kkpr_check.errors import CrsError, InputError, KkprError, Place, Text, UsageError
from kkpr_check.features import as_text
from kkpr_check.geometry import Objects, objects
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.assembly import AREA_MIN_M2
from kkpr_check.io.gate import Passed, pass_gate
from kkpr_check.io.options import Options, merge_command_line, merge_pair, not_given, parse_options
from kkpr_check.io.outlines import POINT_REMEDY, POLYGON_REMEDY, area_of, crossing_doubt, no_area, repair
from kkpr_check.io.raw import NOT_FINITE, Raw
from kkpr_check.model import Proposal

_REPAIR = Text("repair the feature in its file", "perbaiki fitur tersebut pada berkasnya")
_PARCEL_WORDS = frozenset({"parcel", "persil"})


@dataclass(frozen=True, slots=True)
class Intake:
    """How parcels are read."""

    file: str
    id_field: str | None
    options: Options
    assume_crs: str | None
    swap_xy: bool


@dataclass
class BlockSites:
    """The sites of one block.

    Attributes
    ----------
    id
        By row of the block.
    groups
        Working CRS -> its sites.
    broken
        Row -> why nothing of it is judged.
    geometry
        As stored in the file (2-D), for outputs that carry one; `wkb` is the same as WKB where it is known.
    outlines
        As judged, in `crs`; None where there is none.
    """

    id: Objects
    groups: Mapping[str, SiteBlock]
    broken: dict[int, Text]
    geometry: Objects
    wkb: Objects | None
    crs: str
    outlines: Objects
    repaired: int = 0
    notes: tuple[Text, ...] = field(default=())


def take_in(
    loaded: Loaded,
    intake: Intake,
    first_row: int,
    footprints: Mapping[int, list[Footprint]] | None = None,
    *,
    kind: Literal["parcel", "footprint"] = "parcel",
) -> BlockSites:
    """Check, repair and place the parcels of a block.

    Parameters
    ----------
    first_row
        Row of the file that the block begins with.
    footprints
        Row of the block -> the buildings applied for on that parcel.
    kind
        What the features are; ``footprint``: buildings that stand on no parcel.

    Raises
    ------
    CrsError
        No CRS is known.
    InputError
        The layer as a whole can not be read.
    """
    raw, place = loaded.raw, Place(intake.file)
    rows = len(raw.geometry)
    in_file = (
        np.arange(first_row, first_row + rows) if kind == "parcel" else np.asarray(raw.fids, dtype=np.int64)
    )
    ids, _ = read_ids(raw.fields, rows, intake.id_field, raw.fids, first_row)
    options = read_proposals(raw.fields, rows, intake.options, place)
    errors: dict[int, KkprError] = {row: _at(error, in_file) for row, error in options.errors.items()}
    errors |= {row: error for row, error in _roles(raw, place, in_file).items() if row not in errors}
    stored = _flat(raw.geometry)
    passed = _gate(raw, ids, place, intake)
    broken = _doubts(passed.doubts, raw.geometry, place, in_file)
    broken |= _elsewhere(passed, raw.geometry, place, in_file, swap_xy=intake.swap_xy)
    geometry, crossing = passed.geometry, {}
    for one in passed.repairs:
        if one.doubtful:
            crossing[one.row] = crossing_doubt(one.reason, one.change_ratio)
    for row, error in errors.items():
        broken[row] = _words(error)
    groups: dict[str, SiteBlock] = {}
    for work, found in sorted(utm_zones(geometry, passed.crs).items()):
        members, shapes = found, crs_policy.transform(geometry[found], passed.crs, work)
        shapes, crossed = _usable(
            shapes, members, place, in_file, broken, moved=not crs_policy.same(passed.crs, work)
        )
        crossing |= crossed
        built = _footprints(footprints or {}, members, work, passed.crs, raw, intake, in_file)
        for row, error in built.errors.items():
            broken[row] = _words(error)
        crossing |= {row: why for row, why in built.doubts.items() if row not in crossing}
        members, shapes = _kept(members, shapes, broken)
        for row, proposal in built.proposals.items():
            options.proposal[row] = proposal
        options.assumptions.update(built.assumptions)
        on_parcels = objects([built.shapes.get(row) for row in members.tolist()]) if built.shapes else None
        if len(members):
            groups[work] = SiteBlock(
                members,
                ids[members],
                shapes if kind == "parcel" else objects([None] * len(members)),
                options.proposal[members],
                on_parcels if kind == "parcel" else shapes,
                doubt=_by_site(crossing, members),
                assumptions=_by_site(options.assumptions, members),
            )
    wkb = loaded.wkb if stored is raw.geometry else None
    notes = tuple(dict.fromkeys(passed.assumptions))
    return BlockSites(ids, groups, broken, stored, wkb, passed.crs, geometry, len(passed.repairs), notes)


def _by_site(values: Mapping[int, Any], members: NDArray[np.int64]) -> dict[int, Any] | None:
    if not values:
        return None
    return {n: values[row] for n, row in enumerate(members.tolist()) if row in values}


@dataclass
class _Built:
    """Buildings applied for, by row of the block."""

    shapes: dict[int, Any] = field(default_factory=dict)
    proposals: dict[int, Proposal] = field(default_factory=dict)
    assumptions: dict[int, tuple[Text, ...]] = field(default_factory=dict)
    doubts: dict[int, Text] = field(default_factory=dict)
    errors: dict[int, KkprError] = field(default_factory=dict)


def _footprints(
    footprints: Mapping[int, list[Footprint]],
    members: NDArray[np.int64],
    work: str,
    crs: str,
    raw: Raw,
    intake: Intake,
    in_file: NDArray[np.int64],
) -> _Built:
    """Unite the buildings on each parcel, in the working CRS; a building that can not be used spoils its parcel."""
    built, place = _Built(), Place(intake.file)
    for row in members.tolist() if footprints else ():
        on_parcel = footprints.get(row)
        if not on_parcel:
            continue
        try:
            shapes = []
            for one in on_parcel:
                if one.why is not None:
                    raise InputError(one.why, place=one.place, remedy=POLYGON_REMEDY)
                outline = area_of(one.geometry, one.place, allow_points=False)
                moved = crs_policy.transform(objects([outline]), crs, work)[0]
                shape, _, crossed = repair(moved, one.place)
                if shape is None or shape.area < AREA_MIN_M2:
                    raise no_area(one.place)
                if crossed is not None:
                    built.doubts.setdefault(row, crossed)
                shapes.append(shape)
            own = {
                name: values[row] for name, values in raw.fields.items() if name.strip().casefold() != "id"
            }
            row_place = place._replace(row=int(in_file[row]))
            merged = merge_pair(united_options(on_parcel), parse_options(own, place=row_place))
            merged = merge_command_line(intake.options, merged)
        except KkprError as error:
            built.errors[row] = error
            continue
        built.shapes[row] = shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)
        built.proposals[row] = merged.proposal()
        built.assumptions[row] = merged.assumptions
    return built


def _gate(raw: Raw, ids: Objects, place: Place, intake: Intake) -> Passed:
    crs = intake.assume_crs if raw.crs_label is None else None
    if raw.crs_label is not None and intake.assume_crs is not None:
        _check_assumed(raw.crs_label, intake.assume_crs, place)
    if not intake.swap_xy and not raw.broken and _all_sound(raw.geometry):
        first = slice_raw(raw, 0, 1, [])  # what the gate finds of a whole layer, it finds of one sound parcel
        passed = pass_gate(first, ids[:1], place, crs=crs, swap_xy=False, expect=None, whole=False)
        if not passed.doubts and crs_policy.is_plausible(shapely.total_bounds(raw.geometry), passed.crs)[0]:
            passed.geometry = raw.geometry
            return passed
    return pass_gate(raw, ids, place, crs=crs, swap_xy=intake.swap_xy, expect=None, whole=False)


def _elsewhere(
    passed: Passed, geometry: Objects, place: Place, in_file: NDArray[np.int64], *, swap_xy: bool
) -> dict[int, Text]:
    """Return what is wrong with each parcel outside Indonesia, and the option that repairs it."""
    found = {}
    for row in (row for row, code in passed.codes.items() if code == "crs-implausible"):
        west, south, east, north = shapely.bounds(geometry[row]).tolist()
        box = (south, west, north, east) if swap_xy else (west, south, east, north)
        try:
            crs_policy.check_plausible(
                box, passed.crs, place._replace(row=int(in_file[row])), passed.doubts[row]
            )
        except CrsError as error:
            found[row] = _words(error)
    return found


def _all_sound(geometry: Objects) -> bool:
    """Tell whether all are valid polygons in two dimensions, so that the gate would change nothing."""
    kinds = shapely.get_type_id(geometry)
    if not np.isin(kinds, (3, 6)).all() or shapely.has_z(geometry).any() or shapely.is_empty(geometry).any():
        return False
    with np.errstate(all="ignore"):
        return bool(np.isfinite(shapely.bounds(geometry)).all() and shapely.is_valid(geometry).all())


def _check_assumed(said: str, assumed: str, place: Place) -> None:
    if not crs_policy.same(said, assumed):
        raise UsageError(
            Text(f"--assume-crs {assumed} contradicts the CRS of the file",
                 f"--assume-crs {assumed} bertentangan dengan SRK berkas"),
            place=place,
            remedy=Text("drop --assume-crs, or correct the file", "hapus --assume-crs, atau perbaiki berkasnya"),
            code="crs-contradiction",
        )  # fmt: skip


def _flat(geometry: Objects) -> Objects:
    if shapely.has_z(geometry).any() or shapely.has_m(geometry).any():
        return np.asarray(shapely.force_2d(geometry), dtype=object)
    return geometry


def _doubts(
    doubts: Mapping[int, Text], geometry: Objects, place: Place, in_file: NDArray[np.int64]
) -> dict[int, Text]:
    """Return the reasons of the gate; what is no polygon says so."""
    broken = {
        row: _words(InputError(why, place=place._replace(row=int(in_file[row])), remedy=_REPAIR))
        for row, why in doubts.items()
    }
    kinds = shapely.get_type_id(geometry)
    for row in np.flatnonzero(
        (kinds >= 0) & (kinds != 3) & (kinds != 6) & ~shapely.is_empty(geometry)
    ).tolist():
        if row in doubts and doubts[row] == NOT_FINITE:
            continue
        kind = geometry[row].geom_type
        remedy = POINT_REMEDY if "Point" in kind else POLYGON_REMEDY
        text = Text(f"a {kind} where a polygon is needed", f"{kind}, padahal diperlukan poligon")
        broken[row] = _words(InputError(text, place=place._replace(row=int(in_file[row])), remedy=remedy))
    return broken


def _roles(raw: Raw, place: Place, in_file: NDArray[np.int64]) -> dict[int, KkprError]:
    column = next((values for name, values in raw.fields.items() if name.strip().casefold() == "role"), None)
    errors: dict[int, KkprError] = {}
    for row, value in enumerate(column if column is not None else ()):
        word = "" if not_given(value) else (as_text(value) or "").casefold()
        if word and word not in _PARCEL_WORDS:
            errors[row] = InputError(
                Text(
                    f"role is {word[:40]!r}: a batch reads parcels",
                    f"role {word[:40]!r}: batch membaca persil",
                ),
                place=place._replace(row=int(in_file[row]), column="role"),
                remedy=Text(
                    "give buildings with --footprints FILE", "berikan bangunan dengan --footprints FILE"
                ),
                code="role-unknown",
            )
    return errors


def _at(error: KkprError, in_file: NDArray[np.int64]) -> KkprError:
    for one in getattr(error, "errors", [error]):
        if isinstance(one.place.row, int):
            one.place = one.place._replace(row=int(in_file[one.place.row]))
    return error


def _words(error: KkprError) -> Text:
    en, id_ = (error.render(lang).replace("\n  -> ", " -> ").replace("\n", "; ") for lang in ("en", "id"))
    return Text(en, id_)


def _usable(
    shapes: Objects,
    members: NDArray[np.int64],
    place: Place,
    in_file: NDArray[np.int64],
    broken: dict[int, Text],
    *,
    moved: bool,
) -> tuple[Objects, dict[int, Text]]:
    """Repair what the change of CRS made invalid; note what encloses no area."""
    crossing: dict[int, Text] = {}
    polygons = np.isin(shapely.get_type_id(shapes), (3, 6))
    invalid = np.flatnonzero(polygons & ~shapely.is_valid(shapes)) if moved else np.empty(0, dtype=int)
    if len(invalid):
        shapes = shapes.copy()
    for n in invalid.tolist():
        row = int(members[n])
        shapes[n], _, crossed = repair(shapes[n], place._replace(row=int(in_file[row])))
        if crossed is not None:
            crossing[row] = crossed
    small = polygons & ~(shapely.area(shapes) >= AREA_MIN_M2)
    for n in np.flatnonzero(small).tolist():
        row = int(members[n])
        broken.setdefault(row, _words(no_area(place._replace(row=int(in_file[row])))))
    return shapes, crossing


def _kept(
    members: NDArray[np.int64], shapes: Objects, broken: Mapping[int, Text]
) -> tuple[NDArray[np.int64], Objects]:
    if not broken:
        return members, shapes
    keep = np.array([row not in broken for row in members.tolist()], dtype=bool)
    return members[keep], shapes[keep]


__all__ = ["BlockSites", "Intake", "objects", "take_in"]
