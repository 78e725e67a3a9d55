"""The inputs of a check by name, as a person says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kkpr_check.errors import Text

FIELDS: Mapping[str, Text] = {
    "kbli": Text("KBLI", "KBLI"),
    "activity": Text("activity", "kegiatan"),
    "floors": Text("floors", "jumlah lantai"),
    "height_m": Text("height", "tinggi bangunan"),
    "floor_area_m2": Text("floor area", "luas lantai"),
    "basement_area_m2": Text("basement area", "luas basemen"),
    "green_area_m2": Text("green area", "luas ruang hijau"),
    "legal_area_m2": Text("area by the deed", "luas menurut surat tanah"),
    "road_class": Text("road class", "kelas jalan"),
    "business_scale": Text("business scale", "skala usaha"),
    "psn": Text("national strategic project", "proyek strategis nasional"),
    "parcel": Text("parcel boundary", "batas persil"),
    "footprint": Text("building footprint", "tapak bangunan"),
    "existing": Text("existing buildings", "bangunan yang sudah ada"),
    "geometry": Text("outline of the site", "batas lokasi"),
    "plan": Text("plan in force for this place", "rencana yang berlaku di lokasi ini"),
    "zoning": Text("zone for the uncovered part", "zona untuk bagian yang tidak tercakup"),
    "road": Text("road beside the parcel", "jalan di tepi persil"),
}
_MEASURED: Mapping[str, Text] = {"parcel area": Text("parcel area", "luas persil")}
"""What nobody gives as an option: it follows from the outline."""
NOT_JUDGED = Text("Can not be judged without: {missing}.", "Belum dapat dinilai tanpa: {missing}.")
"""All that is said of a rule whose inputs are missing."""


class Inputs(NamedTuple):
    """Missing inputs in a sentence."""

    names: tuple[str, ...]

    def text(self) -> Text:
        """Return their labels behind each other."""
        labels = [label(name) for name in self.names]
        return Text("; ".join(text.en for text in labels), "; ".join(text.id for text in labels))


def label(name: str) -> Text:
    """Say what a missing input is: an option, a table, an overlay, an attribute of a layer.

    >>> label("sungai:levee").en, label("itbx.csv").id
    ('levee of layer sungai', 'tabel itbx.csv')
    """
    if name in FIELDS:
        field = FIELDS[name]
        return Text(f"{field.en} ({name})", f"{field.id} ({name})")
    if name in _MEASURED:
        return _MEASURED[name]
    first, _, rest = name.partition(":")
    if first == "plan.toml":
        rule = rest.rpartition("=")[2]
        return Text(
            f"a layer or a statement of “none” for {rule} (plan.toml, [[overlay]])",
            f"layer atau pernyataan “tidak ada” untuk {rule} (plan.toml, [[overlay]])",
        )
    parts = rest.replace(":", ", ")
    if first.endswith(".csv"):
        tail = f", {parts}" if parts else ""
        return Text(f"table {first}{tail}", f"tabel {first}{tail}")
    return Text(f"{parts} of layer {first}", f"{parts} pada layer {first}") if rest else Text(name, name)
