"""What the steps of a suggestion say, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kkpr_check.errors import Text
from kkpr_check.phrases import Quantity

SMALLER = ("trim-footprint", "cut-footprint", "shrink-footprint")
"""The steps that make a building smaller."""
BOUNDS = Text(
    "the building moved within its parcel, shrunk or cut back to half its length and width at most, fewer floors, less floor area, "
    "height or basement, more green, the refused part of the parcel left out, uses of the same KBLI group, "
    "other sub-zones within 500 m",
    "bangunan digeser di dalam persil, diperkecil atau dipotong paling jauh menjadi setengah panjang dan lebarnya, lantai, luas "
    "lantai, tinggi, atau basemen dikurangi, ruang hijau ditambah, bagian persil yang ditolak dilepas, kegiatan dari golongan "
    "KBLI yang sama, subzona lain dalam 500 m",
)
_COMPASS_ID = {
    "N": Text("north", "utara"), "NE": Text("northeast", "timur laut"), "E": Text("east", "timur"),
    "SE": Text("southeast", "tenggara"), "S": Text("south", "selatan"), "SW": Text("southwest", "barat daya"),
    "W": Text("west", "barat"), "NW": Text("northwest", "barat laut"),
}  # fmt: skip


def told(v: dict[str, Any], steps: Sequence[str]) -> Text:
    """Return all steps in one sentence; `v` holds the numbers they set."""
    said = [SAY[step](v) for step in steps]
    last = max((i for i, step in enumerate(steps) if step in SMALLER), default=None)
    if last is not None:
        less, size = Quantity(v["less_m2"], "m2").text(), Quantity(v["footprint_m2"], "m2").text()
        said[last] = Text(
            f"{said[last].en} ({less.en} less, footprint {size.en})",
            f"{said[last].id} (berkurang {less.id}, tapak menjadi {size.id})",
        )
    en, id_ = ("; ".join(getattr(t, lang) for t in said) for lang in ("en", "id"))
    return Text(f"{en[:1].upper()}{en[1:]}.", f"{id_[:1].upper()}{id_[1:]}.")


def _say_move(v: dict[str, Any]) -> Text:
    far, where = Quantity(v["distance_m"], "m").text(), _COMPASS_ID[v["direction"]]
    east, north = Quantity(v["move_east_m"], "m").text(), Quantity(v["move_north_m"], "m").text()
    return Text(
        f"move the building {far.en} to the {where.en} (east {east.en}, north {north.en})",
        f"geser bangunan {far.id} ke {where.id} (timur {east.id}, utara {north.id})",
    )


def _say_shrink(v: dict[str, Any]) -> Text:
    scale = Quantity(v["scale"], "ratio").text()
    return Text(
        f"shrink the building to {scale.en} of its length and width",
        f"perkecil bangunan menjadi {scale.id} dari panjang dan lebarnya",
    )


def _say_cut(v: dict[str, Any]) -> Text:
    deep, where = Quantity(v["cut_m"], "m").text(), _COMPASS_ID[v["direction"]]
    return Text(
        f"take {deep.en} off the {where.en} side of the building",
        f"kurangi bangunan {deep.id} di sisi {where.id}",
    )


def _say_trim(v: dict[str, Any]) -> Text:
    return Text(
        "cut the building back to the setback lines and the land that allows it",
        "potong bangunan mengikuti garis sempadan dan lahan yang memperbolehkannya",
    )


def _say_zone(v: dict[str, Any]) -> Text:
    far, size = Quantity(v["distance_m"], "m").text(), Quantity(v["area_m2"], "m2").text()
    where = _COMPASS_ID[v["direction"]]
    if v["distance_m"] == 0:
        return Text(
            f"sub-zone {v['subzone']} ({v['itbx']}), adjoining to the {where.en}, {size.en} within 500 m (the land only)",
            f"subzona {v['subzone']} ({v['itbx']}), berbatasan di {where.id}, {size.id} dalam 500 m (hanya lahan)",
        )
    return Text(
        f"sub-zone {v['subzone']} ({v['itbx']}), {far.en} to the {where.en}, {size.en} within 500 m (the land only)",
        f"subzona {v['subzone']} ({v['itbx']}), {far.id} ke {where.id}, {size.id} dalam 500 m (hanya lahan)",
    )


def _say_number(key: str, unit: str, en: str, id_: str) -> Callable[[dict[str, Any]], Text]:
    def say(v: dict[str, Any]) -> Text:
        amount = Quantity(v[key], unit).text()
        return Text(f"{en} {amount.en}", f"{id_} {amount.id}")

    return say


def _say_use(v: dict[str, Any]) -> Text:
    name = f" {v['activity_name']}" if v.get("activity_name") else ""
    letter = f" ({v['itbx']})" if v.get("itbx") else ""
    return Text(
        f"another use: KBLI {v['kbli']}{name}{letter}", f"kegiatan lain: KBLI {v['kbli']}{name}{letter}"
    )


SAY: dict[str, Callable[[dict[str, Any]], Text]] = {
    "other-zone": _say_zone,
    "other-use": _say_use,
    "excise-part": _say_number(
        "parcel_m2", "m2", "apply for the conforming part of the parcel only:", "mohonkan hanya bagian persil yang sesuai:"
    ),
    "move-footprint": _say_move,
    "trim-footprint": _say_trim,
    "cut-footprint": _say_cut,
    "shrink-footprint": _say_shrink,
    "reduce-floors": _say_number("floors", "floors", "reduce the building to", "kurangi bangunan menjadi"),
    "reduce-floor-area": _say_number("floor_area_m2", "m2", "reduce the floor area to", "kurangi luas lantai menjadi"),
    "reduce-height": _say_number("height_m", "m", "reduce the height to", "kurangi tinggi menjadi"),
    "reduce-basement": _say_number("basement_area_m2", "m2", "reduce the basement to", "kurangi basemen menjadi"),
    "add-green": _say_number("green_area_m2", "m2", "provide green area of", "sediakan ruang hijau"),
}  # fmt: skip
"""How each step is told, in the order in which they are."""
