"""What plan.toml must satisfy beyond its schema: paths, dates, names that refer to each other, versions."""

from __future__ import annotations

import codecs
import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from kkpr_check._version import __version__
from kkpr_check.cells import parse_road_class
from kkpr_check.errors import CrsError, PlanError, Text
from kkpr_check.io.containers import SHAPEFILE_PARTS, sibling
from kkpr_check.io.paths import is_inside
from kkpr_check.io.planschema import Document, Key
from kkpr_check.sheets import did_you_mean

MEANINGS: Mapping[str, tuple[str, ...]] = {
    "zoning": ("subzone", "name", "remark"),
    "road": ("road_class", "width_m", "name"),
    "river": ("width_m", "depth_m", "levee", "urban", "basin_km2", "setback_m"),
    "lake": ("setback_m",),
    "coast": ("setback_m",),
    "railway": ("setback_m",),
    "powerline": ("voltage_kv", "tower", "setback_m"),
    "forest": ("value",),
    "overlay": ("value",),
    "parcel": ("id",),
    "boundary": (),
    "building": (),
}
"""What ``[layer.fields]`` and ``[layer.defaults]`` may carry, by role; ``legal`` always."""

_OPERATORS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


OUTSIDE = Text("leads out of the plan folder", "mengarah ke luar folder rencana")
COPY_INSIDE = Text("copy the file into the plan folder", "salin berkasnya ke dalam folder rencana")


def path_inside(document: Document, root: Path, key: Key, text: str) -> Path | None:
    """Return the path of a layer, or None and a problem where it is absent or not inside the folder."""
    path = Path(text)
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:|\\\\|/vsi", text):
        document.add(
            key,
            Text(
                f'"{text}" is not a path inside the plan folder',
                f'"{text}" bukan jalur di dalam folder rencana',
            ),
            Text("write it relative to plan.toml, without ..", "tulis relatif terhadap plan.toml, tanpa .."),
        )
        return None
    full = _container(root, path)
    if full is None:
        document.add(
            key,
            Text(f'there is no file "{text}"', f'berkas "{text}" tidak ada'),
            Text("use forward slashes: layers/zones.shp", "pakai garis miring: layers/zones.shp")
            if "\\" in text
            else Text("check its name and capitals", "periksa nama dan huruf besar-kecilnya"),
        )
        return None
    if not all(is_inside(part, root) for part in _files_of(full)):
        document.add(key, OUTSIDE, COPY_INSIDE)
        return None
    return full


def _files_of(layer: Path) -> list[Path]:
    """Return a layer and all files that are read with it, each of which may be a link."""
    if layer.is_dir():
        return [layer, *layer.rglob("*")]
    if layer.suffix.casefold() != ".shp":
        return [layer]
    return [layer, *(part for suffix in SHAPEFILE_PARTS if (part := sibling(layer, suffix)) is not None)]


def _container(root: Path, path: Path) -> Path | None:
    """Return the existing file or File GDB of a layer path; for ``a.zip/sub/b.shp`` the archive."""
    full = root / path
    if full.is_file() or (full.suffix.casefold() == ".gdb" and full.is_dir()):
        return root / path
    for parent in path.parents:
        if parent.suffix.casefold() in (".zip", ".kmz") and (root / parent).is_file():
            return root / parent
    return None


def cross_check(document: Document, root: Path) -> None:
    """Check what the schema can not say of one key alone."""
    data = document.data
    dates = [_date(document, key) for key in ("valid_from", "valid_until")]
    if dates[0] and dates[1] and dates[0] >= dates[1]:
        document.add(
            ("valid_until",),
            Text(
                f"{dates[1]} is not after valid_from {dates[0]}",
                f"{dates[1]} tidak sesudah valid_from {dates[0]}",
            ),
            Text(
                "valid_until is the first day it is no longer law",
                "valid_until adalah hari pertama tidak berlaku",
            ),
        )
    wrong_scale = document.is_wrong(("scale",)) or document.is_wrong(("ce90_m",))
    if "scale" not in data and "ce90_m" not in data and not wrong_scale:
        document.add(
            ("scale",),
            Text('"scale" or "ce90_m" is missing', '"scale" atau "ce90_m" tidak ada'),
            Text("write the map scale: scale = 5000", "tulis skala peta: scale = 5000"),
        )
    _check_requires(document)
    _check_crs(document, ("crs",), data.get("crs"))
    if data.get("status") == "in-force" and str(data.get("legal", "")).upper().startswith("TODO"):
        document.add(
            ("legal",),
            Text("a plan in force needs its regulation", "rencana yang berlaku perlu peraturannya"),
            Text('for example legal = "Perda Kab. X 1/2024"', 'misalnya legal = "Perda Kab. X 1/2024"'),
        )
    for index, layer in enumerate(data.get("layer", [])):
        _check_layer(document, root, index, layer)
    _check_layer_ids(document)
    for index, overlay in enumerate(data.get("overlay", [])):
        _check_overlay(document, index, overlay)
    _check_none_alone(document)


def _check_crs(document: Document, key: Key, label: Any) -> None:
    """Refuse a CRS that does not exist, also where no layer has need of it."""
    from kkpr_check.io.crs import name_of

    if not isinstance(label, str) or not label.strip():
        return
    try:
        name_of(label)
    except CrsError as error:
        document.add(key, error.text, Text('for example crs = "EPSG:9491"', 'misalnya crs = "EPSG:9491"'))


def _date(document: Document, key: str) -> dt.date | None:
    text = document.data.get(key)
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        document.add(
            (key,),
            Text(f'"{text}" is no day of the calendar', f'"{text}" bukan tanggal kalender'),
            Text("write a date: 2026-11-24", "tulis tanggal: 2026-11-24"),
        )
        return None


def _check_requires(document: Document) -> None:
    """Compare ``requires`` with the version of this tool."""

    def release(text: str) -> tuple[int, ...]:
        numbers = [int(part) for part in re.match(r"[0-9.]*", text)[0].strip(".").split(".")]  # type: ignore[index]
        return tuple(numbers + [0] * (4 - len(numbers)))

    for clause in document.data.get("requires", "").split(","):
        match = re.fullmatch(r"\s*(>=|<=|==|!=|>|<)\s*([0-9.]+)\s*", clause)
        if match and not _OPERATORS[match[1]](release(__version__), release(match[2])):
            document.add(
                ("requires",),
                Text(
                    f"the plan needs kkpr-check {clause.strip()}, this is {__version__}",
                    f"rencana ini memerlukan kkpr-check {clause.strip()}, yang terpasang {__version__}",
                ),
                Text("pip install --upgrade kkpr-check", "pip install --upgrade kkpr-check"),
                code="version",
            )


def _check_layer(document: Document, root: Path, index: int, layer: Mapping[str, Any]) -> None:
    key = ("layer", index)
    if "path" in layer:
        path_inside(document, root, (*key, "path"), layer["path"])
    if "role" in layer:
        _check_meanings(document, key, layer)
    _check_crs(document, (*key, "crs"), layer.get("crs"))
    try:
        codecs.lookup(layer.get("encoding", "utf-8"))
    except LookupError:
        document.add(
            (*key, "encoding"),
            Text(f'"{layer["encoding"]}" is no text encoding', f'"{layer["encoding"]}" bukan pengodean teks'),
            Text("for example UTF-8 or CP1252", "misalnya UTF-8 atau CP1252"),
        )


def _check_meanings(document: Document, key: Key, layer: Mapping[str, Any]) -> None:
    """Check what the fields and codes of a layer are mapped to."""
    known = (*MEANINGS[layer["role"]], "legal")
    for table in ("fields", "defaults"):
        for meaning in layer.get(table, {}):
            if meaning not in known:
                document.add(
                    (*key, table, meaning),
                    Text(
                        f'a {layer["role"]} layer has no meaning "{meaning}"',
                        f'layer {layer["role"]} tidak punya makna "{meaning}"',
                    ),
                    did_you_mean(meaning, known),
                )
    lacks_subzone = "subzone" not in layer.get("fields", {}) and not document.is_wrong((*key, "fields"))
    if layer["role"] == "zoning" and lacks_subzone:
        document.add(
            (*key, "fields"),
            Text("no field carries the sub-zone code", "tidak ada field yang memuat kode subzona"),
            Text(
                'write [layer.fields] and subzone = "KODSBL"', 'tulis [layer.fields] dan subzone = "KODSBL"'
            ),
        )
    if layer["role"] == "road":
        for source, value in layer.get("codes", {}).items():
            try:
                parse_road_class(value)
            except PlanError as error:
                document.add((*key, "codes", source), error.text, error.remedy)


def layer_ids(layers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the id of each ``[[layer]]``: its own, else its role, then role-2, role-3 ...

    >>> layer_ids([{"role": "road"}, {"role": "river", "id": "kali"}, {"role": "road"}])
    ['road', 'kali', 'road-2']
    """
    counts: dict[str, int] = {}
    ids = []
    for layer in layers:
        role = layer.get("role", "layer")
        counts[role] = counts.get(role, 0) + 1
        ids.append(layer.get("id") or (role if counts[role] == 1 else f"{role}-{counts[role]}"))
    return ids


def _check_layer_ids(document: Document) -> None:
    layers = document.data.get("layer", [])
    ids = layer_ids(layers)
    for index, layer_id in enumerate(ids):
        if ids.index(layer_id) != index:
            document.add(
                ("layer", index, "id"),
                Text(f'two layers are called "{layer_id}"', f'dua layer bernama "{layer_id}"'),
                Text("give each layer its own id", "beri tiap layer id sendiri"),
            )
    roles = [layer.get("role") for layer in layers]
    if "layer" in document.data and "zoning" not in roles and None not in roles:
        document.add(
            ("layer",),
            Text('no layer has the role "zoning"', 'tidak ada layer dengan role "zoning"'),
            Text("declare the pola ruang layer", "daftarkan layer pola ruang"),
        )


def _check_overlay(document: Document, index: int, overlay: Mapping[str, Any]) -> None:
    key = ("overlay", index)
    rule = overlay.get("rule", "overlay")
    has_source = "field" in overlay or "layer" in overlay
    if has_source == ("none" in overlay) and not document.is_wrong(key):
        document.add(
            key,
            Text(
                f"{rule} needs a layer, a field, or none",
                f"{rule} perlu layer, field, atau none",
            ),
            Text(
                "exactly one; field together with layer names the value column of that layer",
                "tepat satu; field bersama layer menyebut kolom nilai layer itu",
            ),
        )
    layers = document.data.get("layer", [])
    known = [*layer_ids(layers), *(layer["role"] for layer in layers if "role" in layer)]
    all_roles_known = all("role" in layer for layer in layers)
    if "layer" in overlay and overlay["layer"] not in known and all_roles_known:
        document.add(
            (*key, "layer"),
            Text(f'no layer is called "{overlay["layer"]}"', f'tidak ada layer bernama "{overlay["layer"]}"'),
            did_you_mean(overlay["layer"], tuple(dict.fromkeys(known))),
        )


def _check_none_alone(document: Document) -> None:
    """Refuse a rule that is said to have no area and has one in another ``[[overlay]]``."""
    overlays = document.data.get("overlay", [])
    for index, overlay in enumerate(overlays):
        rule = overlay.get("rule")
        same = [other for other in overlays if other.get("rule") == rule]
        if rule and "none" in overlay and any("none" not in other for other in same):
            document.add(
                ("overlay", index, "none"),
                Text(
                    f"{rule} is declared none and present",
                    f"{rule} dinyatakan tidak ada dan ada",
                ),
                Text("keep one of the two statements", "sisakan salah satu pernyataan"),
            )
