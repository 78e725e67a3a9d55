"""The values of a comparison: one change, one side of a layer, and the codes they carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kkpr_check.errors import Text
from kkpr_check.quality.findings import Code

Objects = NDArray[np.object_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Effect = Literal["stricter", "looser", "other"]
LISTED = 1_000
"""Changes of one kind in one layer that are listed one by one; the rest is one change with its count."""

CODES: Mapping[str, Code] = {
    "DIF101": Code("zone-changed", Text("Zone became another zone", "Zona berubah menjadi zona lain")),
    "DIF102": Code("newly-covered", Text("Newly covered by a zone", "Wilayah baru tercakup zona")),
    "DIF103": Code("no-longer-covered", Text("No longer covered by a zone", "Wilayah tidak lagi tercakup zona")),
    "DIF104": Code("line-moved", Text("Line redrawn within the tolerance", "Garis digambar ulang dalam toleransi")),
    "DIF105": Code("feature-added", Text("Feature added", "Fitur baru")),
    "DIF106": Code("feature-removed", Text("Feature removed", "Fitur dihapus")),
    "DIF107": Code("feature-moved", Text("Feature moved or reshaped", "Fitur berpindah atau berubah bentuk")),
    "DIF108": Code("layer-added", Text("Layer added", "Layer baru")),
    "DIF109": Code("layer-removed", Text("Layer removed", "Layer dihapus")),
    "DIF110": Code("overlap-changed", Text("Zones overlap more or less", "Tumpang tindih zona berubah")),
    "DIF111": Code("layer-shifted", Text("The layer moved as a whole", "Seluruh layer bergeser")),
    "DIF112": Code("not-measured", Text("Geometry that cannot be compared", "Geometri yang tidak dapat dibandingkan")),
    "DIF113": Code("crs-changed", Text("Stored in another CRS", "Disimpan dalam SRK lain")),
    "DIF201": Code("attribute-changed", Text("Attribute changed", "Atribut berubah")),
    "DIF202": Code("field-added", Text("Field added", "Field baru")),
    "DIF203": Code("field-removed", Text("Field removed", "Field dihapus")),
    "DIF204": Code("spelling-changed", Text("Only the spelling changed", "Hanya ejaan yang berubah")),
    "DIF205": Code("encoding-changed", Text("Garbled text on one side", "Teks rusak pengodean di satu sisi")),
    "DIF301": Code("cell-changed", Text("Table cell changed", "Sel tabel berubah")),
    "DIF302": Code("row-added", Text("Table row added", "Baris tabel baru")),
    "DIF303": Code("row-removed", Text("Table row removed", "Baris tabel dihapus")),
    "DIF304": Code("column-added", Text("Table column added", "Kolom tabel baru")),
    "DIF305": Code("column-removed", Text("Table column removed", "Kolom tabel dihapus")),
    "DIF306": Code("table-added", Text("Table added", "Tabel baru")),
    "DIF307": Code("table-removed", Text("Table removed", "Tabel dihapus")),
    "DIF401": Code("law-changed", Text("Identity, status or dates", "Identitas, status, atau tanggal")),
    "DIF402": Code("accuracy-changed", Text("Scale, accuracy or tolerance", "Skala, ketelitian, atau toleransi")),
    "DIF403": Code("mapping-changed", Text("Layers, fields or overlays in plan.toml", "Layer, field, atau overlay di plan.toml")),
    "DIF501": Code("verdict-flip", Text("Verdict of a parcel flips", "Putusan persil berubah")),
    "DIF502": Code("outcome-changed", Text("Same verdict, other rules", "Putusan sama, aturan berbeda")),
    "DIF503": Code("not-judged", Text("Parcel that cannot be judged", "Persil yang tidak dapat dinilai")),
    "DIF601": Code("plan-added", Text("Plan added", "Rencana baru")),
    "DIF602": Code("plan-removed", Text("Plan removed", "Rencana dihapus")),
    "DIF603": Code("plan-not-compared", Text("Plan that cannot be compared", "Rencana yang tidak dapat dibandingkan")),
    "DIF604": Code("plan-moved", Text("Plan in another folder", "Rencana pindah folder")),
}  # fmt: skip
"""Every code of `diff` with its name; frozen once shipped."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference at one place.

    Attributes
    ----------
    file, layer, feature, row, field
        Where it stands in NEW (in OLD for what was removed); `row` is a row of a table as a spreadsheet counts.
    old_feature
        Id of the feature in OLD where it has one.
    old, new
        The two values: sub-zones, attribute values, cells.
    effect
        Whether NEW asks for more or less than OLD; ``other`` where that cannot be told.
    count
        How many features, pieces or rows it stands for.
    area_m2, length_m, typical_m, max_m
        Area of the change, length of the line it runs along, mean and greatest distance it moved.
    witness
        Where it is: in the metric working CRS inside the core, in longitude, latitude in a result.
    """

    code: str
    message: Text
    file: str | None = None
    layer: str | None = None
    feature: str | None = None
    old_feature: str | None = None
    row: int | None = None
    field: str | None = None
    old: str | None = None
    new: str | None = None
    effect: Effect | None = None
    count: int = 1
    area_m2: float | None = None
    length_m: float | None = None
    typical_m: float | None = None
    max_m: float | None = None
    witness: Any | None = None

    @property
    def name(self) -> str:
        """The name of the code."""
        return CODES[self.code].name


@dataclass(frozen=True, slots=True)
class LayerSide:
    """One layer of one version, whole.

    Attributes
    ----------
    geometry
        Valid 2-D geometries in one metric CRS (the same for both sides); None where a feature has none to use.
    feature
        Ids of the features as text; `feature_field` says where they come from (None: 0-based row of the file).
    code
        Canonical sub-zone of each feature (None: no code); None for layers that are no zoning.
    code_field
        Column the sub-zone comes from.
    """

    file: str
    layer: str
    role: str
    geometry: Objects
    feature: Objects
    feature_field: str | None = None
    fields: Mapping[str, Objects] = field(default_factory=dict)
    code: Objects | None = None
    code_fields: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.feature)


@dataclass(frozen=True, slots=True)
class Transition:
    """Area that was one sub-zone and is another; None = covered by no zone.

    Attributes
    ----------
    noise_m2
        Area of pieces within the plan's tolerance, not part of `area_m2`.
    narrow_m2
        The part of `area_m2` in pieces whose mean width is below the map's accuracy (CE90).
    """

    old: str | None
    new: str | None
    area_m2: float
    pieces: int
    narrow_m2: float
    noise_m2: float


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """What was compared of a layer."""

    file: str
    layer: str
    role: str
    old_features: int
    new_features: int
    same: int
    unmeasured: int = 0


def by_code(changes: Iterable[Change]) -> dict[str, int]:
    """Return how many changes each code has, in the order of the codes."""
    found = Counter(change.code for change in changes)
    return {code: found[code] for code in CODES if found[code]}


def rounded(value: float) -> float:
    """Return metres or square metres to the 1e-4 that are printed."""
    return round(float(value), 4)
