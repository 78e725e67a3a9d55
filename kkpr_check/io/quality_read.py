"""Targets of `validate` read as far as they can be: what is wrong becomes a finding, and the rest is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely

from kkpr_check.errors import CrsError, ErrorGroup, KkprError, Place, Text
from kkpr_check.features import as_text
from kkpr_check.geometry import Objects, objects, valid_again
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.adopt.inspection import inspect
from kkpr_check.io.containers import digest_of, opened, parts_of
from kkpr_check.io.datums import datum_name, is_alike
from kkpr_check.io.gate import Passed, Repair, pass_gate
from kkpr_check.io.layers import feature_ids, read_source
from kkpr_check.io.planlayers import KINDS, said_in_plan
from kkpr_check.io.raw import HEIGHT_DROPPED, Raw
from kkpr_check.phrases import Quantity, say
from kkpr_check.plan import LayerSpec, Plan
from kkpr_check.quality.base import Floats, LayerView
from kkpr_check.quality.findings import DataFinding, Target
from kkpr_check.quality.tables import flattened, from_error

CODE_OF: Mapping[str, str] = {
    "missing-part": "DAT002", "crs-missing": "DAT003", "crs-unknown": "DAT003", "crs-implausible": "DAT004",
    "crs-contradiction": "DAT004", "axes-swapped": "DAT005", "geometry-type": "DAT006", "null-geometry": "DAT007",
    "not-read-whole": "DAT008", "changed": "DAT008", "empty-layer": "DAT008", "geometry-broken": "DAT008",
    "encoding": "DAT009", "not-finite": "DAT105", "broken-geometry": "DAT105", "invalid-geometry": "DAT105",
}  # fmt: skip
"""Code of the reader -> data code; what is not listed is DAT001."""
COULD_NOT_RUN = frozenset(
    {"not-found", "not-local", "format-unknown", "layer-choice", "extra-missing", "usage"}
)
"""The call is wrong, not the data: these end the run."""
READ_CODES = (
    "DAT001",
    "DAT002",
    "DAT003",
    "DAT004",
    "DAT005",
    "DAT006",
    "DAT007",
    "DAT008",
    "DAT009",
    "DAT105",
)
_FALLBACK_ENCODING = "CP1252"
_REASON_POINT = re.compile(r"\[(-?[\d.]+(?:e[+-]?\d+)?) (-?[\d.]+(?:e[+-]?\d+)?)\]", re.IGNORECASE)
FOREST_RULE = "KHS009"
_METRES_PER_DEGREE = 111_320.0
_EXPORT = Text("export the layer again", "ekspor ulang layernya")


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a file: options of the call, or what plan.toml says of the layer."""

    layer: str | None = None
    encoding: str | None = None
    crs: str | None = None
    default_crs: str | None = None
    swap_xy: bool = False


@dataclass(slots=True)
class ReadLayer:
    """One layer as far as it could be read.

    Attributes
    ----------
    view
        None where nothing could be read; geometry still in the CRS of the file.
    crs
        CRS of the geometry, None where the layer has no known place.
    findings
        What reading found; witnesses in `crs`.
    """

    path: str
    layer: str
    view: LayerView | None
    crs: str | None
    findings: list[DataFinding] = field(default_factory=list)
    sha256: str | None = None
    crs_label: str | None = None

    @property
    def _crs_name(self) -> str | None:
        """The CRS as the file names it; by its name where the file spells its whole definition out (WKT, PROJJSON)."""
        label = self.crs_label
        if label is None or not ("[" in label or "{" in label):
            return label
        if self.view is not None and self.view.crs is not None and "[" not in self.view.crs:
            return self.view.crs
        found = _CRS_NAME.search(label)
        return found[1] or found[2] if found else label[:60]

    @property
    def target(self) -> Target:
        """The layer as the result lists it."""
        view = self.view
        return Target(
            self.path, self.sha256, view.role if view else "unknown", None if view is None else len(view),
            self._crs_name, self.layer or None, view.feature_field if view else None,
        )  # fmt: skip


_CRS_NAME = re.compile(r'"name":\s*"([^"]*)"|^\w+\s*\[\s*"([^"]*)"')
"""The name of a CRS in PROJJSON or WKT."""


def read_layer(
    path: str, reading: Reading, *, spec: LayerSpec | None = None, plan: Plan | None = None
) -> ReadLayer:
    """Read one layer of a file or plan; bad features are findings, never the end.

    Raises
    ------
    InputError
        The call is wrong: no such file, no such layer, no vector format.
    """
    read = ReadLayer(path, reading.layer or "", None, None)
    try:
        parts = parts_of(path)
        read.sha256 = digest_of(parts)
        raw = _raw(read, path, reading)
        if raw is None:
            return read
        if parts_of(path) != parts:
            _note(
                read,
                KkprError(
                    Text("the file changed while it was read", "berkas berubah selagi dibaca"), code="changed"
                ),
            )
        _look(read, raw, reading, spec, plan)
    except KkprError as error:
        _fail(read, error, declared=spec is not None)
    if spec is not None:
        read.findings[:] = [replace(f, remedy=said_in_plan(f.remedy, spec)) for f in read.findings]
    return read


def _fail(read: ReadLayer, error: KkprError, *, declared: bool) -> None:
    """Record an error of the data; pass on one of the call."""
    for single in flattened([error]):
        if single.code in COULD_NOT_RUN and not declared:
            raise single
        _note(read, single)


def _note(read: ReadLayer, error: KkprError) -> None:
    place = error.place._replace(file=read.path, layer=error.place.layer or read.layer or None)
    code = CODE_OF.get(error.code, "DAT001")
    error.place = place
    read.findings.append(from_error(error, code))


def _raw(read: ReadLayer, path: str, reading: Reading) -> Raw | None:
    """Return the layer as it stands in the file; texts that cannot be decoded are a finding and read as CP1252."""
    encoding = reading.encoding
    while True:
        try:
            with opened(path, reading.layer) as source:
                raw = read_source(source, encoding)
            read.layer = raw.layer
            return raw
        except KkprError as error:
            if (
                error.code != "encoding"
                or encoding == _FALLBACK_ENCODING
                or not path.casefold().endswith((".shp", ".zip"))
            ):
                raise
            _note(read, error)
            encoding = _FALLBACK_ENCODING


def _look(read: ReadLayer, raw: Raw, reading: Reading, spec: LayerSpec | None, plan: Plan | None) -> None:
    feature, feature_field = feature_ids(raw)
    bare = LayerView(read.path, raw.layer, "none", raw.geometry, feature, feature_field, raw.fields)
    passed = _passed(read, raw, feature, reading)
    if passed is None:
        nowhere = objects([None] * len(feature))
        bare = replace(bare, geometry=nowhere, has_plane=False)
        read.view = _named(bare, raw, spec, plan)
        return
    read.crs, read.crs_label = passed.crs, passed.crs_label
    name, datum = _named_crs(passed.crs_label)
    repaired = frozenset(repair.row for repair in passed.repairs)
    bare = replace(bare, geometry=passed.geometry, crs=name, datum=datum, repaired=repaired)
    read.view = _named(bare, raw, spec, plan)
    _rows(read, read.view, passed, spec)
    if HEIGHT_DROPPED in passed.assumptions:
        read.findings.append(
            read.view.finding(
                "DAT006", "info", Text("heights or measures (Z, M) are stored", "nilai Z atau M tersimpan"),
                Text("they are not used; store the layer as 2-D", "tidak dipakai; simpan layer sebagai 2-D"),
            )
        )  # fmt: skip


def _named_crs(label: str | None) -> tuple[str | None, str | None]:
    """Return the name of the CRS, and of its datum where that is none of those taken as WGS 84."""
    if label is None:
        return None, None
    name = crs_policy.name_of(label)
    if crs_policy.is_plain(name):
        return name, None
    known = crs_policy.canonical(label)
    datum = datum_name(known)
    shown = name if name.startswith("EPSG:") else known.name
    return shown, None if is_alike(datum) or not datum else datum


def _passed(read: ReadLayer, raw: Raw, feature: Objects, reading: Reading) -> Passed | None:
    """Return what the gate lets through; a layer in the wrong place is a finding, swapped axes are set right."""
    place = Place(read.path, raw.layer)
    crs = reading.crs or (reading.default_crs if raw.crs_label is None else None)
    swap = reading.swap_xy
    for _ in range(2):
        try:
            return pass_gate(raw, feature, place, crs=crs, swap_xy=swap, expect=None)
        except (CrsError, ErrorGroup) as error:
            _note(read, error)
            if error.code != "axes-swapped" or swap == (not reading.swap_xy):
                return None
            swap = not reading.swap_xy
    return None


def _rows(read: ReadLayer, view: LayerView, passed: Passed, spec: LayerSpec | None) -> None:
    """Record the features that the gate refused or repaired, and kinds of geometry the role cannot use."""
    remedy = Text("repair the feature in the layer", "perbaiki fitur tersebut pada layernya")
    for row, why in passed.doubts.items():
        code = CODE_OF.get(passed.codes[row], "DAT105")
        read.findings.append(view.finding(code, "error", why, remedy, row=row))
    for repair in passed.repairs:
        read.findings.append(_repaired(view, repair))
    wanted = KINDS[spec.role] if spec is not None else ("polygon",) if view.role == "zoning" else None
    kinds = np.array(
        [g.geom_type.casefold().removeprefix("multi") if g is not None else "" for g in view.geometry]
    )
    there = kinds != ""
    if wanted is not None:
        for at in np.flatnonzero(there & ~np.isin(kinds, wanted)):
            read.findings.append(_wrong_kind(view, int(at), "/".join(k for k in wanted if k != "linearring")))
    elif len(set(kinds[there])) > 1:
        words = ", ".join(sorted(set(kinds[there])))
        read.findings.append(
            view.finding(
                "DAT006", "warning", Text(f"the layer mixes kinds: {words}", f"layer mencampur jenis geometri: {words}"), _EXPORT
            )
        )  # fmt: skip


def _wrong_kind(view: LayerView, row: int, wanted: str) -> DataFinding:
    kind = view.geometry[row].geom_type
    return view.finding(
        "DAT006",
        "error",
        Text(
            f"it is a {kind}; role {view.role} needs {wanted}",
            f"jenisnya {kind}; peran {view.role} perlu {wanted}",
        ),
        Text(
            "take it out of the layer, or give it its own",
            "keluarkan dari layer, atau pindahkan ke layer lain",
        ),
        row=row,
        value=kind,
    )


_REASONS = {
    "Self-intersection": "garis batas berpotongan dengan dirinya",
    "Ring Self-intersection": "cincin menyentuh dirinya sendiri",
    "Hole lies outside shell": "lubang di luar garis luarnya",
    "Holes are nested": "lubang di dalam lubang",
    "Nested shells": "bagian di dalam bagian lain",
    "Duplicate Rings": "cincin ganda",
    "Interior is disconnected": "bagian dalam terputus",
    "Too few points in geometry component": "titik terlalu sedikit",
    "Ring is not closed": "cincin tidak tertutup",
}
"""Reasons of GEOS in Indonesian; the English ones are its own words."""


def _after(repair: Repair) -> Text:
    before, after = (Quantity(area, "m2").text() for area in (repair.area_before_m2, repair.area_after_m2))
    if before == after:
        return Text("stay the same", "tetap sama")
    return Text(f"become {after.en}", f"menjadi {after.id}")


def _repaired(view: LayerView, repair: Repair) -> DataFinding:
    found = _REASON_POINT.search(repair.reason)
    reason = repair.reason.split("[")[0]
    return view.finding(
        "DAT105",
        "error",
        say(
            "{reason}; repaired, {before} would {after}",
            "{reason}; bila diperbaiki, {before} {after}",
            reason=Text(reason, _REASONS.get(reason, reason)),
            before=Quantity(repair.area_before_m2, "m2"),
            after=_after(repair),
        ),
        Text(
            "repair it in the GIS (check geometry, then look at the place)",
            "perbaiki di GIS (check geometry, lalu lihat tempatnya)",
        ),
        row=repair.row,
        value=reason,
        area_m2=round(abs(repair.area_after_m2 - repair.area_before_m2), 4),
        witness=shapely.Point(float(found[1]), float(found[2])) if found else None,
    )


def _named(view: LayerView, raw: Raw, spec: LayerSpec | None, plan: Plan | None) -> LayerView:
    """Add the role and what the fields mean: from plan.toml, or found out from the values."""
    if spec is None:
        found = inspect(_Like(view.file, raw.layer, raw.geometry, raw.fields))
        return replace(view, role=found.role, meanings=dict(found.fields), family=found.family or "rdtr",
                       overlay_rule=FOREST_RULE if found.role == "forest" else found.overlay_rule)  # fmt: skip
    assert plan is not None
    tables = plan.tables
    known = set(tables.zones) | tables.itbx_subzones | set(tables.intensity)
    values: dict[str, set[str]] = {}
    for overlay in plan.overlays:
        here = spec.role == "overlay" and overlay.layer in (spec.id, spec.role)
        column = overlay.field or (spec.fields.get("value") if here else None)
        if here and (overlay.outcome is not None or not overlay.values):
            continue  # what holds for every other value is said
        if column is not None and (here or overlay.layer is None):
            values.setdefault(column, set()).update(as_text(value) or "" for value in overlay.values)
    return replace(
        view, role=spec.role, meanings={**spec.fields, **_overlay_fields(spec, plan)}, declared=True, tolerance=plan.tolerance,
        codes={as_text(key) or key: code for key, code in spec.codes.items()},
        family="rdtr" if plan.level == "rdtr" else "rtrw", known_codes=frozenset(known),
        code_names={code: zone.name for code, zone in tables.zones.items()},
        overlay_values={name: frozenset(known_values) for name, known_values in values.items()},
        overlay_rule=next((o.rule for o in plan.overlays if o.layer in (spec.id, spec.role) and not o.none), None),
    )  # fmt: skip


def _overlay_fields(spec: LayerSpec, plan: Plan) -> dict[str, str]:
    """Return overlay rule -> the column of this layer that ``[[overlay]]`` reads."""
    return {
        overlay.rule: overlay.field
        for overlay in plan.overlays
        if overlay.field is not None
        and (overlay.layer in (spec.id, spec.role) or (overlay.layer is None and spec.role == "zoning"))
    }


@dataclass(frozen=True, slots=True)
class _Like:
    path: str
    layer: str | None
    geometry: Objects
    fields: Mapping[str, Objects]


def plane_of(layers: list[ReadLayer]) -> str | None:
    """Return the UTM zone to look at some layers in: that of the zoning, else of all of them."""
    placed = [layer for layer in layers if layer.crs is not None and layer.view is not None]
    zoning = [layer for layer in placed if layer.view is not None and layer.view.role == "zoning"]
    boxes = [box for layer in zoning or placed if (box := _lonlat_box(layer)) is not None]
    if not boxes:
        return None
    west, south, east, north = np.array(boxes).T
    return crs_policy.work_crs(float(west.min() + east.max()) / 2, float(south.min() + north.max()) / 2)


def _lonlat_box(layer: ReadLayer) -> Any:
    assert layer.view is not None and layer.crs is not None
    box = shapely.total_bounds(layer.view.geometry)
    if not np.isfinite(box).all():
        return None
    return crs_policy.transform_bounds((box[0], box[1], box[2], box[3]), layer.crs, crs_policy.LONLAT)


def projected(layer: ReadLayer, work_crs: str | None) -> LayerView | None:
    """Return the view of a layer with its geometry in the plane `work_crs`."""
    view, crs = layer.view, layer.crs
    if view is None or crs is None or work_crs is None:
        return None if view is None else replace(view, has_plane=False)
    same = crs_policy.same(crs, work_crs)
    try:
        geometry = view.geometry if same else valid_again(crs_policy.transform(view.geometry, crs, work_crs))
    except CrsError as error:
        _note(layer, error)
        return replace(view, has_plane=False)
    return replace(
        view, geometry=geometry, scales=lambda shapes: areal_scale(shapes, work_crs),
        to_source=None if same else lambda pieces: crs_policy.transform(pieces, work_crs, crs),
        source_unit_m=_METRES_PER_DEGREE if crs_policy.is_geographic(crs) else 1.0,
    )  # fmt: skip


def areal_scale(geometry: Objects, work_crs: str) -> Floats:
    """Return area in the plane over area on the ellipsoid at the middle of each geometry (1 where there is none).

    A cell of 0.001 degree is measured both ways: M N cos(latitude) on the WGS 84 ellipsoid (Snyder 1987, 4-18 to 4-20).
    """
    scale = np.ones(len(geometry))
    rows = np.flatnonzero(~shapely.is_missing(geometry) & ~shapely.is_empty(geometry))
    if not len(rows):
        return scale
    middle = shapely.get_coordinates(
        crs_policy.transform(shapely.centroid(geometry[rows]), work_crs, crs_policy.LONLAT)
    )
    lon, lat = middle.T
    half = 0.0005
    cells = shapely.box(lon - half, lat - half, lon + half, lat + half)
    plane = shapely.area(crs_policy.transform(cells, crs_policy.LONLAT, work_crs))
    e2, a_m = 6.69437999014e-3, 6378137.0
    sine2 = np.sin(np.radians(lat)) ** 2
    meridian, prime = a_m * (1 - e2) / (1 - e2 * sine2) ** 1.5, a_m / np.sqrt(1 - e2 * sine2)
    scale[rows] = plane / (meridian * prime * np.cos(np.radians(lat)) * np.radians(2 * half) ** 2)
    return scale


def in_lonlat(findings: Iterator[DataFinding] | list[DataFinding], crs: str | None) -> list[DataFinding]:
    """Return findings with their witnesses in longitude, latitude."""
    return list(findings) if crs is None else placed(findings, crs, crs_policy.LONLAT)


def placed(
    findings: Iterator[DataFinding] | list[DataFinding], source: str, target: str
) -> list[DataFinding]:
    """Return findings with their witnesses moved from one CRS to another."""
    moved = list(findings)
    rows = [row for row, finding in enumerate(moved) if finding.witness is not None]
    witnesses = crs_policy.transform(objects([moved[row].witness for row in rows]), source, target)
    for row, witness in zip(rows, witnesses, strict=True):
        moved[row] = replace(moved[row], witness=witness)
    return moved
