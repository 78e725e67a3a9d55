"""Opened plans: their layers read by window, in the working CRS and in the words of the engine."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kkpr_check.errors import ErrorGroup, KkprError, Place, PlanError, Text
from kkpr_check.features import Features, PlanWindow, as_text, is_empty, squeezed
from kkpr_check.geometry import Objects, objects
from kkpr_check.io.crs import transform
from kkpr_check.io.index import LayerFacts, LayerIndex
from kkpr_check.io.layers import LayerData
from kkpr_check.plan import CE90_CLASS3_M_PER_SCALE, ROAD_CLASSES, LayerSpec, Level, OverlaySpec, Plan
from kkpr_check.uses import HOLDING_STROKE

Bounds = tuple[float, float, float, float]

STRIP_ROLES = frozenset({"river", "lake", "coast", "powerline", "railway"})
STRIP_REACH_M = 2_000.0
"""Setbacks are measured from lines that may lie far outside the site; no setback reaches further than this."""
ROAD_REACH_M = 120.0
_MOST_M = {"setback_m": STRIP_REACH_M / 2, "width_m": STRIP_REACH_M}
"""Half the width and the setback together stay within reach; no law asks for so much."""

_NUMBERS = frozenset({"width_m", "depth_m", "basin_km2", "setback_m", "voltage_kv"})
_MAY_BE_THOUSANDS = frozenset({"basin_km2", "voltage_kv"})
"""Numbers that either reading of "1.500" leaves possible, one of them with a smaller setback or none."""
_GROUPED = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FLAGS = frozenset({"levee", "urban", "edge"})
_TRUE = frozenset({"true", "1", "ya", "y", "yes", "ada"})
_FALSE = frozenset({"false", "0", "tidak", "t", "n", "no", "tidak ada"})
_ROLE_KEY = {"zoning": "subzone", "road": "road_class"}


@dataclass(frozen=True, slots=True)
class OpenPlan:
    """A plan whose layers have all been read whole once, and can be read by window.

    Attributes
    ----------
    indexes
        Layer id -> its index.
    sha256
        Of all files of the plan, or of its one layer where there is no folder.
    lock
        ``locked``, ``unlocked``, or ``bare`` where there is no folder.
    assumptions
        What was taken for granted to open it.
    files
        Name of each file of the plan -> its SHA-256, so that a changed one can be named.
    """

    plan: Plan
    indexes: Mapping[str, LayerIndex]
    sha256: str
    lock: str
    assumptions: tuple[Text, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def widest_ce90_m(self) -> float:
        """The CE90 of the least accurate layer."""
        return max([self.plan.ce90_m, *(_ce90_m(spec, self.plan) for spec in self.plan.layers)])

    def check_fields(self) -> None:
        """Refuse a plan whose mapping names a field that a layer does not have.

        Raises
        ------
        ErrorGroup
            One error a field, with the fields there are.
        """
        errors: list[KkprError] = []
        for spec in self.plan.layers:
            facts = self.indexes[spec.id].facts
            errors += [
                _no_field(spec, name, facts)
                for name in spec.fields.values()
                if _column(name, facts.fields) is None
            ]
            check_setbacks_of(spec, self.indexes[spec.id])
        for overlay in self.plan.overlays:
            for spec in self._layers_read_by(overlay):
                facts = self.indexes[spec.id].facts
                if overlay.field is not None and _column(overlay.field, facts.fields) is None:
                    errors.append(_no_field(spec, overlay.field, facts))
        if errors:
            raise errors[0] if len(errors) == 1 else ErrorGroup(errors)

    def window(self, bounds_m: Bounds, work_crs: str, reach_m: float) -> PlanWindow:
        """Return the features within `reach_m` of a box, in the working CRS.

        Parameters
        ----------
        bounds_m
            Box of the sites in metres of `work_crs`.
        """
        return self._window(
            lambda spec: self.features(spec, bounds_m, work_crs, reach_m + extra_reach_m(spec.role))
        )

    def _window(self, features_of: Callable[[LayerSpec], Features]) -> PlanWindow:
        zoning: list[Features] = []
        layers: dict[str, Features] = {}
        for spec in self.plan.layers:
            if spec.role in ("building", "parcel"):
                continue
            features = features_of(spec)
            if spec.role == "zoning":
                zoning.append(features)
            else:
                layers[spec.id] = features
        return PlanWindow(self.plan, zoning[0] if len(zoning) == 1 else _joined(zoning), layers)

    def features(self, spec: LayerSpec, bounds_m: Bounds, work_crs: str, reach_m: float) -> Features:
        """Return the features of one layer within `reach_m` of a box, in the working CRS."""
        index = self.indexes[spec.id]
        data = index.window(_box_in(bounds_m, reach_m, work_crs, index.facts.crs))
        geometry = transform(data.geometry, index.facts.crs, work_crs) if len(data) else data.geometry
        doubtful = {repair.row for repair in data.repairs if repair.doubtful}
        meaning = meanings_of(spec, data, self.plan)
        if doubtful:
            data, geometry, meaning = _set_apart(spec, data, geometry, meaning, doubtful)
        raw = {
            name: data.fields[column]
            for name in self._raw_fields(spec)
            if (column := _column(name, index.facts.fields))
        }
        return Features(
            geometry,
            data.feature,
            _ce90_m(spec, self.plan),
            _title(spec, self.plan),
            meaning,
            raw,
            spec.legal,
            spec.role,
        )

    def _raw_fields(self, spec: LayerSpec) -> set[str]:
        return {
            o.field for o in self.plan.overlays if o.field is not None and spec in self._layers_read_by(o)
        }

    def _layers_read_by(self, overlay: OverlaySpec) -> list[LayerSpec]:
        if overlay.field is None and overlay.layer is None:
            return []
        if overlay.layer is None:
            return list(self.plan.layers_of("zoning"))
        return [s for s in self.plan.layers if s.id == overlay.layer] or list(
            self.plan.layers_of(overlay.layer)
        )


def extra_reach_m(role: str) -> float:
    """Return how far beyond the sites' reach a layer of a role is read."""
    return STRIP_REACH_M if role in STRIP_ROLES else ROAD_REACH_M if role == "road" else 0.0


def _title(spec: LayerSpec, plan: Plan) -> str:
    return plan.id if spec.role == "zoning" else spec.id


def _ce90_m(spec: LayerSpec, plan: Plan) -> float:
    if spec.ce90_m is not None:
        return spec.ce90_m
    return plan.ce90_m if spec.scale is None else spec.scale * CE90_CLASS3_M_PER_SCALE


def _box_in(bounds_m: Bounds, reach_m: float, work_crs: str, crs: str) -> Bounds:
    """Return the box, widened by `reach_m`, in another CRS (its edges bend, so they are densified)."""
    xmin, ymin, xmax, ymax = bounds_m
    box = shapely.box(xmin - reach_m, ymin - reach_m, xmax + reach_m, ymax + reach_m)
    edge = np.array([shapely.segmentize(box, max(box.length / 64, 1.0))], dtype=object)
    west, south, east, north = shapely.total_bounds(transform(edge, work_crs, crs))
    pad = 1e-6 * max(east - west, north - south)
    return float(west - pad), float(south - pad), float(east + pad), float(north + pad)


def _column(name: str, fields: Collection[str]) -> str | None:
    """Return the column a mapping means: letter by letter, else whatever the case and blanks around it."""
    if name in fields:
        return name
    same = [column for column in fields if column.strip().casefold() == name.strip().casefold()]
    return same[0] if len(same) == 1 else None


def _no_field(spec: LayerSpec, name: str, facts: LayerFacts) -> KkprError:
    have = ", ".join(facts.fields) or "-"
    return PlanError(
        Text(
            f"the layer has no field {name} (it has: {have})",
            f"layer tidak memiliki kolom {name} (yang ada: {have})",
        ),
        place=Place(spec.path, facts.layer, column=name),
        remedy=Text(
            f"name the right field in plan.toml, [[layer]] {spec.id}",
            f"sebutkan kolom yang benar di plan.toml, [[layer]] {spec.id}",
        ),
        code="field-missing",
    )


def meanings_of(spec: LayerSpec, data: LayerData, plan: Plan) -> dict[str, Objects]:
    """Return the columns of a layer by what they mean, values in canonical form, defaults filled in."""
    found: dict[str, Objects] = {}
    lower = {column.strip().casefold(): column for column in data.fields}
    for meaning, name in spec.fields.items():
        column = name if name in data.fields else lower[name.strip().casefold()]
        found[meaning] = objects([_canonical(meaning, value) for value in data.fields[column]])
    for meaning, constant in spec.defaults.items():
        value = _canonical(meaning, constant)
        known = found.get(meaning)
        found[meaning] = objects(
            [value if known is None or known[i] is None else known[i] for i in range(len(data))]
        )
    key = _ROLE_KEY.get(spec.role)
    if key == "subzone" and key in found:
        coder = SubzoneCoder(spec, plan)
        found["holding"] = objects([HOLDING_STROKE in (as_text(value) or "") for value in found[key]])
        found[key] = objects([coder(value) for value in found[key]])
    elif key == "road_class" and key in found:
        found[key] = objects([_road_class(value, spec.codes) for value in found[key]])
    elif spec.codes and "value" in found:
        found["value"] = objects([spec.codes.get(v, v) if v else v for v in found["value"]])
    return found


def _road_class(value: Any, codes: Mapping[str, str]) -> Any:
    """Return the road class of a source value; what is unknown stays as it is and is judged as unknown."""
    if not value or value in codes or value in ROAD_CLASSES:
        return codes.get(value, value) if value else None
    from kkpr_check.reference import road_class_of  # only here: its tables cost 5 % of a check

    return road_class_of(value) or value


class SubzoneCoder:
    """Turns a source value into the plan's sub-zone: by its codes, its own spelling, or the first of "A / B"."""

    def __init__(self, spec: LayerSpec, plan: Plan) -> None:
        self._codes = {as_text(key): value for key, value in spec.codes.items()}
        known = set(plan.tables.zones) | plan.tables.itbx_subzones | set(plan.tables.intensity)
        self._known = known
        spellings: dict[str, set[str]] = {}
        for code in known:
            spellings.setdefault(squeezed(code), set()).add(code)
        self._spellings = {key: codes.pop() for key, codes in spellings.items() if len(codes) == 1}
        self._cache: dict[str, str] = {}

    def __call__(self, value: Any) -> str | None:
        """Return the sub-zone of a source value; an unknown value stays as it is and is judged as unknown."""
        text = as_text(value)
        if not text:
            return None
        if text not in self._cache:
            found = self._find(text)
            if found is None and HOLDING_STROKE in text:
                found = self._find(text.split(HOLDING_STROKE)[0].strip())
            self._cache[text] = text if found is None else found
        return self._cache[text]

    def _find(self, text: str) -> str | None:
        if text in self._codes:
            return self._codes[text]
        return text if text in self._known else self._spellings.get(squeezed(text))


def _canonical(meaning: str, value: Any) -> Any:
    if meaning in _NUMBERS:
        return None if meaning in _MAY_BE_THOUSANDS and _looks_grouped(value) else _number(value)
    if meaning in _FLAGS:
        return _flag(value)
    return as_text(value)


def _looks_grouped(value: Any) -> bool:
    """Tell whether text may be written with a mark for thousands: "1.500" is 1500 or 1.5."""
    return isinstance(value, str) and _GROUPED.fullmatch(value.strip()) is not None


def _number(value: Any) -> float | None:
    """Return a number, also from text with a decimal comma ("17,5"); what is no number is not known.

    Nor is 0: a table that knows no null writes it, and no width, depth, setback or voltage is 0.

    >>> _number("17,5"), _number("12 m"), _number(0.0)
    (17.5, None, None)
    """
    if isinstance(value, bool):
        return None
    text = as_text(value) if not isinstance(value, int | float) else None
    try:
        if text is not None:
            text = text.replace(",", ".") if text.count(",") == 1 else text
            number = float(text) if _PLAIN.fullmatch(text) else math.nan
        else:
            number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = (as_text(value) or "").casefold()
    return True if text in _TRUE else False if text in _FALSE else None


def check_setbacks_of(spec: LayerSpec, index: LayerIndex) -> None:
    """Do what `check_setbacks` does with an opened layer, whose columns are read only where they hold setbacks."""
    if spec.role not in STRIP_ROLES:
        return
    named = any(_column(spec.fields[name], index.facts.fields) for name in _MOST_M if name in spec.fields)
    rows, fields = index.attributes() if named else (objects([]), {})
    check_setbacks(spec, fields, rows)


def check_setbacks(spec: LayerSpec, fields: Mapping[str, Objects], rows: Objects) -> None:
    """Refuse what can not be read or reaches further than lines are looked for, wherever it lies: a check reads a window.

    Parameters
    ----------
    fields
        Columns of the whole layer.
    rows
        What its features are called.

    Raises
    ------
    PlanError
        With the feature and its column.
    """
    if spec.role not in STRIP_ROLES:
        return
    _check_reach(spec, {name: [_canonical(name, value)] for name, value in spec.defaults.items()})
    _check_read(spec, [spec.defaults.get("setback_m")])
    columns = {name: _column(spec.fields[name], fields) for name in _MOST_M if name in spec.fields}
    told = {name: [_canonical(name, v) for v in fields[of]] for name, of in columns.items() if of}
    _check_reach(spec, told, rows)
    if of := columns.get("setback_m"):
        _check_read(spec, fields[of], rows)


def _check_reach(spec: LayerSpec, meaning: Mapping[str, Iterable[Any]], rows: Objects | None = None) -> None:
    """Refuse a setback that reaches further than its lines are looked for: from afar it would be overlooked."""
    for name, most_m in _MOST_M.items():
        for n, value in enumerate(meaning.get(name, ())):
            if value is not None and value > most_m:
                raise PlanError(
                    Text(f"{name} is {value:g} m; at most {most_m:g} m can be judged",
                         f"{name} bernilai {value:g} m; paling besar {most_m:g} m yang dapat dinilai"),
                    place=Place("plan.toml", column=f"[layer.defaults] {name}") if rows is None
                    else Place(spec.path, row=as_text(rows[n]), column=spec.fields.get(name, name)),
                    remedy=Text("write it in metres", "tulis dalam meter"),
                    code="setback-implausible",
                )  # fmt: skip


def _check_read(spec: LayerSpec, values: Iterable[Any], rows: Objects | None = None) -> None:
    """Refuse a setback that can not be read: the national minimum in its place may be less than the plan asks for."""
    for n, value in enumerate(values):
        if _number(value) is None and not is_empty(value):
            raise PlanError(
                Text(f'setback_m is "{value}": not a number of metres',
                     f'setback_m bernilai "{value}": bukan angka dalam meter'),
                place=Place("plan.toml", column="[layer.defaults] setback_m") if rows is None
                else Place(spec.path, row=as_text(rows[n]), column=spec.fields["setback_m"]),
                remedy=Text("write the bare number, for example 25; leave it empty where the national minimum holds",
                            "tulis angkanya saja, misalnya 25; kosongkan bila minimum nasional yang berlaku"),
                code="setback-unreadable",
            )  # fmt: skip


def _set_apart(
    spec: LayerSpec, data: LayerData, geometry: Objects, meaning: dict[str, Objects], doubtful: set[int]
) -> tuple[LayerData, Objects, dict[str, Objects]]:
    """Treat features whose repair changed their area: a zone counts as a gap, anything else as doubt around it."""
    bad = np.array([row in doubtful for row in data.row.tolist()], dtype=bool)
    if spec.role == "zoning":
        kept = ~bad
        return data.take(kept), geometry[kept], {k: v[kept] for k, v in meaning.items()}
    geometry = geometry.copy()
    geometry[bad] = shapely.envelope(geometry[bad])
    return data, geometry, {**meaning, "doubtful": objects(list(bad))}


def _joined(parts: list[Features]) -> Features:
    """Join several zoning layers of one plan (two towns, two sheets)."""

    def column(name: str, of: str) -> Objects:
        return np.concatenate([_filled(getattr(p, of).get(name), len(p)) for p in parts])

    first = parts[0]
    return Features(
        np.concatenate([p.geometry for p in parts]),
        np.concatenate([p.feature for p in parts]),
        max(p.ce90_m for p in parts),
        first.name,
        {name: column(name, "meaning") for name in sorted({n for p in parts for n in p.meaning})},
        {name: column(name, "raw") for name in sorted({n for p in parts for n in p.raw})},
        first.legal,
        "zoning",
    )


def _filled(values: Objects | None, n: int) -> Objects:
    return np.full(n, None, dtype=object) if values is None else values


def open_bare(
    path: str | Path, level: Level | None, rules: str | None, reading: Mapping[str, Any]
) -> OpenPlan:
    """Open one zoning layer as a plan, its fields found by their values (``--rdtr``, ``--rtrw``).

    Without `level` it is an RTRW, and the layer tells of which kind (its lines are then as accurate as its scale).
    """
    from kkpr_check.io.adopt import bare_plan, guess_level, inspect
    from kkpr_check.io.planfolder import load_rules
    from kkpr_check.plan import Tables

    tables = load_rules(rules) if rules is not None else Tables()
    index = LayerIndex.open(path, **reading)
    inspection = inspect(index.window(None), family="rdtr" if level == "rdtr" else "rtrw")
    why = Text("", "")
    if level is None:
        level, why = guess_level(inspection)
        level = "rtrw-kab" if level == "rdtr" else level
    bare = bare_plan(path, level, tables, inspection)
    return OpenPlan(
        bare.plan,
        {bare.plan.layers[0].id: index},
        index.sha256,
        "bare",
        (*index.facts.assumptions, *([why] if why.en else []), *bare.assumptions),
        {Path(path).name: index.sha256, **(_table_hashes(Path(rules)) if rules is not None else {})},
    )


def _table_hashes(rules: Path) -> dict[str, str]:
    from kkpr_check.io.digests import file_sha256
    from kkpr_check.tables import TABLE_FILES

    return {name: file_sha256(rules / name) for name in TABLE_FILES if (rules / name).is_file()}


def open_folder(directory: str | Path) -> OpenPlan:
    """Open a plan folder: tables checked, every layer read whole once, the lock compared.

    Raises
    ------
    KkprError
        Whatever is wrong with the plan, with file, row and column.
    """
    from kkpr_check.io.lock import check_lock
    from kkpr_check.io.planfolder import file_hashes, load_plan, plan_sha256
    from kkpr_check.io.planlayers import open_layer

    plan = load_plan(directory)
    hashes = file_hashes(directory, plan)
    lock = check_lock(directory, hashes=hashes)
    known = {Path(directory) / name: digest for name, digest in hashes.items()}
    indexes = {
        spec.id: open_layer(directory, spec, default_crs=plan.crs, known=known) for spec in plan.layers
    }
    assumptions = tuple(dict.fromkeys(t for index in indexes.values() for t in index.facts.assumptions))
    opened = OpenPlan(plan, indexes, plan_sha256(directory, hashes=hashes), lock, assumptions, hashes)
    opened.check_fields()
    return opened
