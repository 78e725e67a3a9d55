"""From the two sides of `diff` to what changed between them: behind the command line and scripts alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kkpr_check.changes.attributes import compare_attributes
from kkpr_check.changes.base import Change, LayerSide, LayerSummary, Objects, Transition
from kkpr_check.changes.features import compare_features, pair_reshaped, shift_of, unmeasured
from kkpr_check.changes.law import compare_law
from kkpr_check.changes.matching import match
from kkpr_check.changes.result import Diff, Version
from kkpr_check.changes.tables import compare_tables
from kkpr_check.changes.zones import compare_zones
from kkpr_check.errors import ErrorGroup, InputError, KkprError, Place, Text, UsageError
from kkpr_check.features import squeezed
from kkpr_check.geometry import objects, valid_again
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.adopt.inspection import inspect
from kkpr_check.io.containers import local_path
from kkpr_check.io.index import LayerIndex
from kkpr_check.io.layers import LayerData
from kkpr_check.io.planfolder import PLAN_FILE
from kkpr_check.io.windows import OpenPlan, meanings_of, open_folder
from kkpr_check.phrases import Quantity, counted, say
from kkpr_check.plan import LayerSpec, Plan, Tolerance
from kkpr_check.sheets import Problems, Sheet, read_sheet
from kkpr_check.tables import FORMATS

ZONING = "zoning"
MAP_ZONES = 3_000
"""Zones of one version that the map shows: those nearest to a change."""
MAP_REACH_M = 150.0
MAP_DETAIL = 2_000.0
Maps = tuple[tuple[Any, ...], tuple[Any, ...]]
OLD, NEW = Text("OLD", "LAMA"), Text("NEW", "BARU")
_BARE = Text("a bare layer has none", "layer lepas tidak memilikinya")


@dataclass(frozen=True, slots=True)
class DiffRequest:
    """What a caller asks for; reading options hold for bare layers (plan.toml says how to read its own)."""

    old: str
    new: str
    as_of: dt.date
    layer: str | None = None
    encoding: str | None = None
    assume_crs: str | None = None
    swap_xy: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One side as it was opened: a plan folder, or one bare layer."""

    path: str
    plan: OpenPlan | None
    indexes: Mapping[str, LayerIndex]
    sha256: str
    sub_zone: str | None = None
    role: str = "none"

    @property
    def tolerance(self) -> Tolerance:
        """What is noise in it."""
        return Tolerance() if self.plan is None else self.plan.plan.tolerance


@dataclass(slots=True)
class _Found:
    """What one comparison gathers."""

    layers: list[LayerSummary] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    notes: dict[Text, None] = field(default_factory=dict)
    not_compared: list[tuple[str, Text]] = field(default_factory=list)
    float_noise_m2: float = 0.0
    maps: Maps = ((), ())


def compare(request: DiffRequest) -> tuple[Diff, Side, Side]:
    """Read both sides whole and return what changed, and the opened sides.

    Witnesses are in longitude, latitude.

    Raises
    ------
    KkprError
        A side cannot be read whole, with its place.
    """
    old, new = opened_side(request.old, request, OLD), opened_side(request.new, request, NEW)
    if old.plan is None or new.plan is None:
        old, new = _agreed(old, new)
    work = _work_crs(new, old)
    found = _Found()
    if old.plan is not None and new.plan is not None:
        found.changes += compare_law(old.plan.plan, new.plan.plan, str(Path(new.path) / PLAN_FILE))
        found.changes += compare_tables(_sheets(old.path), _sheets(new.path), (old.path, new.path))
    else:
        found.not_compared += [("law", _BARE), ("tables", _BARE)]
    _layers(old, new, work, found)
    order = {code: n for n, code in enumerate(sorted({change.code for change in found.changes}))}
    changes = sorted(found.changes, key=lambda change: order[change.code])
    diff = Diff(
        version_of(old, request.as_of), version_of(new, request.as_of), request.as_of, work, tuple(found.layers),
        tuple(found.transitions), tuple(in_lonlat(changes, work)), found.float_noise_m2, tuple(found.notes),
        tuple(found.not_compared), maps=found.maps,
    )  # fmt: skip
    return diff, old, new


def opened_side(path: str, request: DiffRequest, word: Text) -> Side:
    """Open a plan folder or a bare layer; an error says by `word` on which side it stands.

    Raises
    ------
    KkprError
        It cannot be read whole, with its place.
    """
    try:
        return _open(path, request)
    except ErrorGroup as group:
        raise ErrorGroup([said_of(error, word) for error in group.errors]) from None
    except KkprError as error:
        raise said_of(error, word) from None


def said_of(error: KkprError, word: Text) -> KkprError:
    """Say which side an error stands on."""
    error.text = Text(f"{word.en}: {error.text.en}", f"{word.id}: {error.text.id}")
    return error


def _open(path: str, request: DiffRequest) -> Side:
    local = local_path(path)
    if local.name == PLAN_FILE:
        local = local.parent
    if local.is_dir() and local.suffix.casefold() != ".gdb":
        opened = open_folder(str(local))
        return Side(str(local), opened, opened.indexes, opened.sha256, role=ZONING)
    index = LayerIndex.open(
        str(local),
        layer=request.layer,
        encoding=request.encoding,
        crs=request.assume_crs,
        swap_xy=request.swap_xy,
    )
    found = inspect(index.window(None))
    is_zoning = found.role == ZONING
    sub_zone = found.fields.get("subzone") if is_zoning else None
    return Side(
        str(local), None, {ZONING if is_zoning else found.role: index}, index.sha256, sub_zone, found.role
    )


def _agreed(old: Side, new: Side) -> tuple[Side, Side]:
    """Read the sub-zones of bare layers from one column: that of a plan, else the one found in NEW, then in OLD."""
    wanted = [name for side in (new, old) if (name := _plan_field(side)) is not None]
    wanted += [name for side in (new, old) if (name := side.sub_zone) is not None]
    sides = []
    for side in (old, new):
        if side.plan is not None:
            sides.append(side)
            continue
        (index,) = side.indexes.values()
        name = next((name for name in wanted if name in index.facts.fields), None)
        is_zoning = bool(wanted) and name is not None
        role = ZONING if is_zoning else "none" if side.role == ZONING else side.role
        sides.append(replace(side, sub_zone=name, role=role, indexes={role: index}))
    roles = {side.role for side in sides}
    if len(roles) > 1 and all(side.plan is None for side in sides):
        sides = [
            replace(side, role="none", sub_zone=None, indexes={"none": next(iter(side.indexes.values()))})
            for side in sides
        ]
    return sides[0], sides[1]


def _plan_field(side: Side) -> str | None:
    if side.plan is None:
        return None
    return next((spec.fields.get("subzone") for spec in side.plan.plan.layers_of(ZONING)), None)


def _work_crs(*sides: Side) -> str:
    """Return the UTM zone in the middle of the zoning of NEW, else of whatever layer there is."""
    for side in sides:
        specs = [] if side.plan is None else [spec.id for spec in side.plan.plan.layers_of(ZONING)]
        names = specs or list(side.indexes)
        boxes = [
            crs_policy.transform_bounds(facts.bounds, facts.crs, crs_policy.LONLAT)
            for name in names
            if (facts := side.indexes[name].facts).rows
        ]
        if boxes:
            west, south, east, north = np.array(boxes).T
            return crs_policy.work_crs(
                float(west.min() + east.max()) / 2, float(south.min() + north.max()) / 2
            )
    raise InputError(Text("there is no feature to compare", "tidak ada fitur untuk dibandingkan"))


def _sheets(folder: str) -> dict[str, Sheet]:
    """Return the tables as text; the plan was opened, so that they can be read is known."""
    found = {}
    for name, form in FORMATS.items():
        path = Path(folder) / name
        if path.is_file():
            sheet = read_sheet(name, path.read_bytes(), form, Problems())
            if sheet is not None:
                found[name] = sheet
    return found


def version_of(side: Side, as_of: dt.date) -> Version:
    """Return what one side is."""
    crs = tuple(dict.fromkeys(index.facts.crs_label for index in side.indexes.values()))
    if side.plan is None:
        return Version(side.path, "layer", side.sha256, "bare", crs)
    plan = side.plan.plan
    return Version(
        side.path, "plan", side.sha256, side.plan.lock, crs, plan.id, plan.name, plan.status, plan.valid_from,
        plan.valid_until, plan.in_force(as_of), plan.synthetic,
    )  # fmt: skip


def _layers(old: Side, new: Side, work: str, found: _Found) -> None:
    """Compare layer by layer: all zoning layers of a version as one map, the others by their id."""
    only_old, both, only_new = _paired(old, new)
    for code, side, names in (("DIF109", old, only_old), ("DIF108", new, only_new)):
        for name in names:
            index = side.indexes[name]
            found.changes.append(
                Change(
                    code, _rows(index.facts.rows, gone=code != "DIF108"),
                    _file_of(side, index), name, count=index.facts.rows,
                )
            )  # fmt: skip
    for before, after in both:
        a, b = read_side(old, before, work, found.notes), read_side(new, after, work, found.notes)
        _crs_changed(old, before, new, after, found)
        _compare_layer(a, b, old, new, found, work)


def _paired(old: Side, new: Side) -> tuple[list[str], list[tuple[list[str], list[str]]], list[str]]:
    """Return layers of OLD alone, pairs of (ids in OLD, ids in NEW), and layers of NEW alone."""
    if old.plan is None and new.plan is None:
        return [], [(list(old.indexes), list(new.indexes))], []
    zoning = [_zoning_ids(side) for side in (old, new)]
    if old.plan is None or new.plan is None:
        return [], [(zoning[0], zoning[1])], []
    rest_old = {spec.id: spec for spec in old.plan.plan.layers if spec.role != ZONING}
    rest_new = {spec.id: spec for spec in new.plan.plan.layers if spec.role != ZONING}
    pairs = [
        (name, name) for name in rest_new if name in rest_old and rest_old[name].role == rest_new[name].role
    ]
    for name in [n for n in rest_new if n not in dict(pairs)]:
        taken = {a for a, _ in pairs}
        alike = [n for n, spec in rest_old.items() if n not in taken and spec.role == rest_new[name].role]
        if len(alike) == 1 and sum(s.role == rest_new[name].role for s in rest_new.values()) == 1:
            pairs.append((alike[0], name))
    only_old = [n for n in rest_old if n not in {a for a, _ in pairs}]
    only_new = [n for n in rest_new if n not in {b for _, b in pairs}]
    return only_old, [(zoning[0], zoning[1]), *(([a], [b]) for a, b in pairs)], only_new


def _zoning_ids(side: Side) -> list[str]:
    if side.plan is None:
        return list(side.indexes)
    return [spec.id for spec in side.plan.plan.layers_of(ZONING)]


def _rows(number: int, *, gone: bool) -> Text:
    if gone:
        return counted(number, "feature is gone", "features are gone", "fitur hilang")
    return counted(number, "feature", "features", "fitur")


def _file_of(side: Side, index: LayerIndex) -> str:
    if side.plan is None:
        return side.path
    root = Path(side.path)
    path = Path(index.path)
    return str(path if not path.is_absolute() or root.is_absolute() else root / path.name)


def _crs_changed(old: Side, before: Sequence[str], new: Side, after: Sequence[str], found: _Found) -> None:
    a = {old.indexes[name].facts.crs_label for name in before}
    b = {new.indexes[name].facts.crs_label for name in after}
    same = all(
        crs_policy.same(old.indexes[x].facts.crs, new.indexes[y].facts.crs) for x in before for y in after
    )
    if same:
        return
    index = new.indexes[after[0]]
    text = say(
        "{a} became {b}; both are compared in metres of one UTM zone",
        "{a} menjadi {b}; keduanya dibandingkan dalam meter pada satu zona UTM",
        a=", ".join(sorted(a)), b=", ".join(sorted(b)),
    )  # fmt: skip
    found.changes.append(
        Change(
            "DIF113",
            text,
            _file_of(new, index),
            after[0] if new.plan is not None else index.facts.layer,
            old=", ".join(sorted(a)),
            new=", ".join(sorted(b)),
        )
    )


def read_side(side: Side, names: Sequence[str], work: str, notes: dict[Text, None]) -> LayerSide:
    """Return some layers of one side as one, whole, in metres of `work`.

    A zone whose repair changed its area counts as a gap, as it does for `check`.
    """
    parts = [_part(side, name, work, notes) for name in names]
    if len(parts) == 1:
        return parts[0]
    columns = list(dict.fromkeys(name for part in parts for name in part.fields))
    ids = [f"{part.layer}/{feature}" for part in parts for feature in part.feature.tolist()]
    return LayerSide(
        parts[0].file, "+".join(part.layer for part in parts), parts[0].role,
        np.concatenate([part.geometry for part in parts]), objects(ids), None,
        {name: np.concatenate([part.fields.get(name, objects([None] * len(part))) for part in parts]) for name in columns},
        None if parts[0].code is None else np.concatenate([part.code for part in parts]),
        frozenset().union(*(part.code_fields for part in parts)),
    )  # fmt: skip


def _part(side: Side, name: str, work: str, notes: dict[Text, None]) -> LayerSide:
    index = side.indexes[name]
    data = index.window(None)
    geometry = crs_policy.transform(data.geometry, index.facts.crs, work) if len(data) else data.geometry
    geometry = valid_again(geometry)
    spec = _spec(side, name)
    role = side.role if spec is None else spec.role
    code, code_fields = _codes(side, spec, data) if role == ZONING else (None, frozenset())
    doubtful = [repair for repair in data.repairs if repair.doubtful]
    if doubtful:
        geometry = geometry.copy()
        at = {row: n for n, row in enumerate(data.row.tolist())}
        for repair in doubtful:
            if role == ZONING:
                geometry[at[repair.row]] = None
            notes[
                say(
                    "{file}, feature {feature} is invalid, and repairing it would change its area: {what}",
                    "{file}, fitur {feature} tidak sah dan perbaikannya mengubah luasnya: {what}",
                    file=side.path, feature=repair.feature,
                    what=Text("it counts as a gap", "dihitung sebagai celah") if role == ZONING
                    else Text("compared as repaired", "dibandingkan setelah diperbaiki"),
                )
            ] = None  # fmt: skip
    return LayerSide(
        _file_of(side, index), name if side.plan is not None else index.facts.layer, role, geometry, data.feature,
        index.facts.feature_field, data.fields, code, code_fields,
    )  # fmt: skip


def _spec(side: Side, name: str) -> LayerSpec | None:
    if side.plan is None:
        return None
    return next(spec for spec in side.plan.plan.layers if spec.id == name)


def _codes(side: Side, spec: LayerSpec | None, data: LayerData) -> tuple[Objects, frozenset[str]]:
    """Return the sub-zone of each feature, and the column it comes from."""
    if spec is None:
        column = side.sub_zone
        plan = Plan("bare", "", "rdtr", "", "in-force", 0.0)
        fields = {} if column is None else {"subzone": column}
        spec = LayerSpec(ZONING, side.path, ZONING, fields=fields)
    else:
        assert side.plan is not None
        plan, column = side.plan.plan, spec.fields.get("subzone")
    meanings = meanings_of(spec, data, plan)
    code = meanings.get("subzone", objects([None] * len(data)))
    return code, frozenset() if column is None else frozenset({column})


def _compare_layer(
    old: LayerSide, new: LayerSide, before: Side, after: Side, found: _Found, work: str
) -> None:
    if before.plan is None or after.plan is None:
        old = _respelled(old, new, found)
    ranks = [] if old.code is None or new.code is None else [(old.code.tolist(), new.code.tolist())]
    matched = match(old.geometry, new.geometry, ranks)
    found.layers.append(LayerSummary(new.file, new.layer, new.role, len(old), len(new), len(matched.old)))
    found.changes += unmeasured(old, new)
    if _lie_apart(old.geometry, new.geometry):
        found.notes[
            say(
                "no feature of {new} lies where {old} has any: are these two versions of one layer?",
                "tidak ada fitur {new} di tempat fitur {old}: apakah keduanya dua versi dari satu layer?",
                new=new.file, old=old.file,
            )
        ] = None  # fmt: skip
    shift = None if len(matched.old) else shift_of(old.geometry, new.geometry)
    if shift is not None:
        east, north = shift
        text = say(
            "all {n} features moved alike: {far} ({east} east, {north} north); wrong CRS or datum on one side?",
            "seluruh {n} fitur bergeser sama: {far} ({east} ke timur, {north} ke utara); SRK atau datum salah di satu sisi?",
            n=len(new), far=Quantity(float(np.hypot(east, north)), "m"), east=Quantity(east, "m"), north=Quantity(north, "m"),
        )  # fmt: skip
        found.changes.append(
            Change("DIF111", text, new.file, new.layer, count=len(new), max_m=float(np.hypot(east, north)))
        )
    if old.code is not None and new.code is not None:
        ce90_m = 0.0 if after.plan is None else after.plan.plan.ce90_m
        zones = compare_zones(old, new, matched, after.tolerance, ce90_m)
        found.transitions += zones.transitions
        found.changes += zones.changes
        found.float_noise_m2 += zones.float_noise_m2
        found.maps = _maps(old, new, zones.changes, work)
        pairs = (matched.old, matched.new)
    else:
        reshaped = pair_reshaped(old, new, matched)
        found.changes += compare_features(old, new, reshaped, after.tolerance)
        pairs = (np.concatenate([matched.old, reshaped.old]), np.concatenate([matched.new, reshaped.new]))
    found.changes += compare_attributes(old, new, pairs)


def _lie_apart(old: Objects, new: Objects) -> bool:
    """Tell whether the boxes of two layers, neither empty, do not meet."""
    a, b = shapely.total_bounds(old), shapely.total_bounds(new)
    return bool(np.isfinite([*a, *b]).all() and ((a[:2] > b[2:]).any() or (b[:2] > a[2:]).any()))


def _respelled(old: LayerSide, new: LayerSide, found: _Found) -> LayerSide:
    """Take sub-zones of OLD that only are spelled otherwise in NEW ("R3", "R-3") as those; without a plan nobody else can."""
    if old.code is None or new.code is None:
        return old
    had, has = ({code for code in side.code.tolist() if code} for side in (old, new) if side.code is not None)
    plain: dict[str, set[str]] = {}
    for code in has:
        plain.setdefault(squeezed(code), set()).add(code)
    same = {
        code: next(iter(alike)) for code in had - has if len(alike := plain.get(squeezed(code), set())) == 1
    }
    for code in sorted(same):
        count = old.code.tolist().count(code)
        text = say(
            "sub-zone {a} is spelled {b}: {n}", "subzona {a} kini ditulis {b}: {n}",
            a=code, b=same[code], n=counted(count, "feature", "features", "fitur"),
        )  # fmt: skip
        found.changes.append(
            Change(
                "DIF204", text, new.file, new.layer, field="subzone", old=code, new=same[code], count=count
            )
        )
    return replace(old, code=objects([same.get(code, code) if code else code for code in old.code.tolist()]))


def _maps(old: LayerSide, new: LayerSide, changes: Sequence[Change], work: str) -> Maps:
    """Return the zones of both versions near what changed, as (code, geometry in longitude, latitude), for the map."""
    marks = objects([change.witness for change in changes if change.witness is not None])
    if not len(marks):
        return (), ()
    drawn = []
    for side in (old, new):
        assert side.code is not None
        rows = _near(side.geometry, marks)
        shapes = shapely.simplify(side.geometry[rows], _span_m(marks) / MAP_DETAIL)
        placed = crs_policy.transform(shapes, work, crs_policy.LONLAT)
        drawn.append(tuple(zip(side.code[rows].tolist(), placed, strict=True)))
    return drawn[0], drawn[1]


def _near(geometry: Objects, marks: Objects) -> Any:
    """Return the rows within a walk of a change, at most `MAP_ZONES`, nearest first in the order of the layer."""
    there = np.flatnonzero(~shapely.is_missing(geometry) & ~shapely.is_empty(geometry))
    tree = shapely.STRtree(_boxes(shapely.get_parts(marks)))
    at, distance = tree.query_nearest(_boxes(geometry[there]), return_distance=True, all_matches=False)
    near = at[0][np.argsort(distance, kind="stable")][:MAP_ZONES]
    reach_m = max(MAP_REACH_M, _span_m(marks) / 4)
    within = {int(n) for n, d in zip(at[0], distance, strict=True) if d <= reach_m}
    return there[sorted(within.intersection(near.tolist()))]


def _boxes(geometry: Objects) -> Any:
    return shapely.box(*shapely.bounds(geometry).T)


def _span_m(marks: Objects) -> float:
    west, south, east, north = shapely.total_bounds(marks)
    return float(max(east - west, north - south, 1.0))


def in_lonlat(changes: Sequence[Change], work: str) -> Iterator[Change]:
    """Yield changes with their witnesses in longitude, latitude."""
    rows = [n for n, change in enumerate(changes) if change.witness is not None]
    moved: dict[int, Any] = {}
    if rows:
        witnesses = objects([changes[n].witness for n in rows])
        moved = dict(zip(rows, crs_policy.transform(witnesses, work, crs_policy.LONLAT), strict=True))
    for n, change in enumerate(changes):
        yield replace(change, witness=moved[n]) if n in moved else change


__all__ = [
    "NEW", "OLD", "DiffRequest", "InputError", "Place", "Side", "UsageError", "compare", "in_lonlat", "opened_side", "read_side",
    "said_of", "version_of",
]  # fmt: skip
