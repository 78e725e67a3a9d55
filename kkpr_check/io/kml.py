"""KML, read with the standard library: LIBKML was seen to crash the process on hostile files.

All folders are read; the column ``Folder`` says where a placemark stood. Entity declarations are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.geometry import objects
from kkpr_check.io.containers import Source, choose_layer
from kkpr_check.io.geojson import build_geometries, doubled, has_height
from kkpr_check.io.raw import HEIGHT_DROPPED, Raw, unreadable

_GEOMETRIES = (
    "Point",
    "LineString",
    "LinearRing",
    "Polygon",
    "MultiGeometry",
    "Track",
    "MultiTrack",
    "Model",
)
_UNBOUND_PREFIX = 27
"""Expat's XML_ERROR_UNBOUND_PREFIX."""
_PREFIX = re.compile(rb"(</?|\s)[A-Za-z][\w.-]*:(?=[A-Za-z_])")
_DECLARATION = re.compile(r"<!(DOCTYPE|ENTITY)")


def read_kml(source: Source) -> Raw:
    """Read the placemarks of all folders, or of the folder that `source.layer` names.

    Raises
    ------
    InputError
        Codes ``unreadable``, ``layer-choice``.
    """
    place = source.place._replace(layer=source.name)
    root = _parse(source.file.read_bytes(), place)
    marks = list(_placemarks(root, ""))
    if source.layer is not None:
        folder = choose_layer(sorted({folder for folder, _ in marks}), source.layer, source.place)
        marks = [(name, mark) for name, mark in marks if name == folder]
    for row, (_, mark) in enumerate(marks):
        if sum(_tag(element) == "Placemark" for element in mark.iter()) > 1:
            raise unreadable(place._replace(row=row), "XML: a Placemark inside a Placemark")
    rows = [_attributes(folder, mark, place._replace(row=row)) for row, (folder, mark) in enumerate(marks)]
    shapes = [_shape(mark) for _, mark in marks]
    geometry, broken = build_geometries(shapes)
    names = dict.fromkeys(name for row in rows for name in row)
    raw = Raw(
        source.layer or source.name, "KML", geometry,
        {name: objects([row.get(name) for row in rows]) for name in names}, "OGC:CRS84", broken=broken,
    )  # fmt: skip
    if any(has_height(shape) for shape in shapes):
        raw.assumptions.append(HEIGHT_DROPPED)
    if any(_tag(element) == "NetworkLink" for element in root.iter()):
        raw.assumptions.append(
            Text("network links of the KML are not followed", "tautan jaringan dalam KML tidak diikuti")
        )
    return raw


def kml_folders(source: Source) -> list[str]:
    """Return the names of the folders that hold placemarks."""
    root = _parse(source.file.read_bytes(), source.place)
    return sorted({folder for folder, _ in _placemarks(root, "")})


def folders_of(data: bytes, place: Place) -> list[str]:
    """Return the folder of each placemark, in the order of the file."""
    return [folder for folder, _ in _placemarks(_parse(data, place), "")]


def _parse(data: bytes, place: Place) -> ElementTree.Element:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    if _DECLARATION.search(data.decode(encoding, errors="replace").replace("\0", "")):
        raise InputError(
            Text("the KML declares entities, which is refused", "KML memuat deklarasi entitas, yang ditolak"),
            place=place,
            remedy=Text("export it again from the mapping program", "ekspor ulang dari program peta"),
            code="unreadable",
        )
    try:
        root = _tree(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise unreadable(place, f"XML: {error}") from error
    if _tag(root) != "kml":
        raise unreadable(place, f"the root element is <{_tag(root)[:40]}>, not <kml>")
    return root


def _tree(data: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        if error.code != _UNBOUND_PREFIX:
            raise
    # exports that use xsi: or gx: without declaring it are common, and no name read here needs its prefix
    return ElementTree.fromstring(re.sub(rb"<[^<>!?]+>", lambda tag: _PREFIX.sub(rb"\1", tag[0]), data))


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _child(element: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next((child for child in element if _tag(child) == name), None)


def _text(element: ElementTree.Element | None) -> str | None:
    return None if element is None or element.text is None else element.text.strip() or None


def _placemarks(root: ElementTree.Element, folder: str) -> Iterator[tuple[str, ElementTree.Element]]:
    stack = [(folder, root)]
    while stack:  # no recursion: depth is the file's choice
        inside, element = stack.pop()
        if _tag(element) == "Placemark":
            yield inside, element
            continue
        if _tag(element) in ("Document", "Folder"):
            inside = _text(_child(element, "name")) or inside
        stack.extend((inside, child) for child in reversed(element))


def _attributes(folder: str, mark: ElementTree.Element, place: Place) -> dict[str, Any]:
    row: dict[str, Any] = {"Folder": folder or None}
    for name in ("name", "description"):
        row[name] = _text(_child(mark, name))
    if mark.get("id"):
        row["kml_id"] = mark.get("id")
    said: dict[str, Any] = {}
    for element in (inner for child in mark if _tag(child) == "ExtendedData" for inner in child.iter()):
        key, tag = element.get("name"), _tag(element)
        if key and tag in ("SimpleData", "Data"):
            value = _text(element if tag == "SimpleData" else _child(element, "value"))
            if said.setdefault(key, value) != value:
                raise doubled(place._replace(column=key))
    return row | said


class _OddError(Exception):
    """A geometry that says two things at once; its words stand for its type."""


def _shape(mark: ElementTree.Element) -> dict[str, Any] | None:
    """Return the geometry of a placemark; nothing of it is left unread."""
    try:
        return _only_geometry(mark)
    except _OddError as error:
        return {"type": str(error)}


def _only_geometry(mark: ElementTree.Element) -> dict[str, Any] | None:
    found = [child for child in mark if _tag(child) in _GEOMETRIES]
    if not found:
        return None
    if len(found) > 1:
        raise _OddError("several geometries in one placemark")
    return _geometry(found[0])


def _geometry(element: ElementTree.Element) -> dict[str, Any]:
    kind = _tag(element)
    if kind == "Point":
        positions = _coordinates(element)
        return {"type": "Point", "coordinates": positions[0] if len(positions) == 1 else [None]}
    if kind == "LineString":
        return {"type": "LineString", "coordinates": _coordinates(element)}
    if kind == "LinearRing":
        return {"type": "Polygon", "coordinates": [_coordinates(element)]}
    if kind == "Polygon":
        return {"type": "Polygon", "coordinates": _rings(element)}
    if kind == "MultiGeometry":
        parts = [_geometry(child) for child in element if _tag(child) in _GEOMETRIES]
        kinds = {part["type"] for part in parts}
        if len(kinds) == 1 and kinds <= {"Point", "LineString", "Polygon"}:
            return {"type": "Multi" + kinds.pop(), "coordinates": [part["coordinates"] for part in parts]}
        return {"type": "MultiGeometry of " + (", ".join(sorted(kinds)) or "nothing")}
    return {"type": kind}


def _rings(polygon: ElementTree.Element) -> list[list[list[Any]]]:
    outer = [ring for side in polygon if _tag(side) == "outerBoundaryIs" for ring in side]
    inner = [ring for side in polygon if _tag(side) == "innerBoundaryIs" for ring in side]
    if len(outer) > 1:
        raise _OddError(f"Polygon of {len(outer)} outer boundaries")
    if inner and not outer:
        raise _OddError("Polygon without an outer boundary")
    return [_coordinates(ring) for ring in [*outer, *inner]]


def _coordinates(element: ElementTree.Element) -> list[list[Any]]:
    lists = [child for child in element if _tag(child) == "coordinates"]
    if len(lists) > 1 or any(len(one) for one in lists):
        raise _OddError("coordinates in several pieces")
    text = re.sub(r"\s*,\s*", ",", _text(lists[0] if lists else None) or "")
    return [_position(token) for token in text.split()]


def _position(token: str) -> list[Any]:
    try:
        return [float(number) for number in token.removesuffix(",").split(",")]
    except ValueError:
        return [None]
