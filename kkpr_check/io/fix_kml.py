"""Corrections written into a KML: the texts and outlines that change are replaced where they stand, every other byte stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

import shapely

GEOMETRIES = frozenset({"Polygon", "LinearRing", "MultiGeometry"})
_START_TAG = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_HOW_DRAWN = re.compile(rb"<(?:\w+:)?(extrude|tessellate|altitudeMode)\s*>\s*([^<>]*?)\s*</(?:\w+:)?\1\s*>")
_UTF8 = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE)

_COORDINATES = re.compile(rb"<(?:\w+:)?coordinates[^>]*>([^<]*)<")

Span = tuple[int, int]


@dataclass(slots=True)
class Mark:
    """Where a placemark keeps its values: byte spans of text contents by column, and of its geometry element."""

    texts: dict[str, list[Span]] = field(default_factory=dict)
    geometry: list[Span] = field(default_factory=list)


def can_patch(data: bytes) -> bool:
    """Tell whether a KML is text of UTF-8, whose bytes are where the parser says."""
    return data[:2] not in (b"\xff\xfe", b"\xfe\xff") and not _UTF8.match(data.lstrip(b"\xef\xbb\xbf"))


def marks_of(data: bytes) -> list[Mark]:
    """Return the placemarks in the order of the file.

    Raises
    ------
    xml.parsers.expat.ExpatError
        The bytes are no XML.
    """
    found: list[Mark] = []
    stack: list[tuple[str, int, str | None]] = []
    parser = expat.ParserCreate()

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "Placemark":
            found.append(Mark())
        stack.append((tag, parser.CurrentByteIndex, attributes.get("name")))

    def end(_: str) -> None:
        tag, start = stack.pop()[:2]
        inside = [one for one, _, _ in stack]
        if "Placemark" not in inside:
            return
        path = [*inside[inside.index("Placemark") + 1 :], tag]
        column = _column(path, stack, start, data)
        if column is None and not (len(path) == 1 and tag in GEOMETRIES):
            return
        opened = _START_TAG.match(data, start)
        assert opened is not None
        if opened[0].endswith(b"/>"):
            return
        if column is not None:
            found[-1].texts.setdefault(column, []).append((opened.end(), parser.CurrentByteIndex))
        else:
            found[-1].geometry.append((start, data.index(b">", parser.CurrentByteIndex) + 1))

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.Parse(data, True)
    return found


def _column(path: list[str], above: list[tuple[str, int, str | None]], start: int, data: bytes) -> str | None:
    """Return the column whose text an element of a placemark holds."""
    if len(path) == 1:
        return path[0] if path[0] in ("name", "description") else None
    if path[0] != "ExtendedData":
        return None
    if path[-1] == "SimpleData":
        named = re.search(rb"""\sname\s*=\s*(["'])(.*?)\1""", _START_TAG.match(data, start)[0])  # type: ignore[index]
        return None if named is None else _plain(named[2])
    return above[-1][2] if path[-1] == "value" and path[-2] == "Data" else None


def _plain(text: bytes) -> str:
    from xml.sax.saxutils import unescape

    return unescape(text.decode("utf-8"), {"&quot;": '"', "&apos;": "'"})


def patched(
    data: bytes,
    marks: list[Mark],
    shapes: Mapping[int, Any],
    cells: Mapping[tuple[int, str], str],
    dropped: set[int],
) -> bytes:
    """Return a KML with other geometries and texts; placemarks to leave out are cut from it.

    Parameters
    ----------
    marks
        The placemarks that rows count; those of other folders are not among them.
    shapes
        Row -> (geometry in longitude, latitude; whether heights of 0 are written).
    """  # fmt: skip
    edits: list[tuple[int, int, bytes]] = []
    for (row, name), text in cells.items():
        edits += [(*span, escape(text).encode("utf-8")) for span in marks[row].texts[name]]
    for row, (shape, heights) in shapes.items():
        ((start, end),) = marks[row].geometry
        edits.append((start, end, _element(data[start:end], shape, heights=heights)))
    out, at = bytearray(), 0
    gone = [_around(data, marks[row]) for row in dropped]
    kept = [edit for edit in edits if not any(start <= edit[0] < end for start, end in gone)]
    for start, end, new in sorted([*kept, *((*span, b"") for span in gone)]):
        out += data[at:start] + new
        at = end
    return bytes(out + data[at:])


def heights(data: bytes, mark: Mark) -> list[float]:
    """Return the heights of a placemark's geometry; NaN for what is no number."""
    found: list[float] = []
    for start, end in mark.geometry:
        for line in _COORDINATES.findall(data, start, end):
            for position in re.sub(rb"\s*,\s*", b",", line).split():
                found += [_number(text) for text in position.split(b",")[2:] if text]
    return found


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _around(data: bytes, mark: Mark) -> Span:
    """Return the span of the placemark that a geometry or text stands in."""
    inside = min(start for start, _ in [*mark.geometry, *(s for spans in mark.texts.values() for s in spans)])
    start = max(found.start() for found in re.finditer(rb"<(?:\w+:)?Placemark[\s>]", data[:inside]))
    closed = re.compile(rb"</(?:\w+:)?Placemark\s*>").search(data, inside)
    assert closed is not None
    return start, closed.end()


def _element(old: bytes, shape: Any, *, heights: bool) -> bytes:
    """Return a geometry element that is drawn as the old one is, of the same kind where that is possible."""
    opened = _START_TAG.match(old)
    assert opened is not None
    prefix, _, kind = re.split(rb"[\s/>]", opened[0][1:], maxsplit=1)[0].rpartition(b":")
    tag = f"{prefix.decode()}:" if prefix else ""
    drawn = "".join(
        f"<{tag}{name.decode()}>{value.decode()}</{tag}{name.decode()}>"
        for name, value in dict(_HOW_DRAWN.findall(old)).items()
    )
    parts = [_polygon(part, tag, drawn, heights) for part in shapely.get_parts(shape).tolist()]
    if kind == b"MultiGeometry" or len(parts) > 1:
        return f"<{tag}MultiGeometry>{''.join(parts)}</{tag}MultiGeometry>".encode()
    return parts[0].encode()


def _polygon(polygon: Any, tag: str, drawn: str, heights: bool) -> str:
    rings = [
        f"<{tag}{side}><{tag}LinearRing><{tag}coordinates>{' '.join(_positions(ring, heights))}"
        f"</{tag}coordinates></{tag}LinearRing></{tag}{side}>"
        for side, ring in (
            ("outerBoundaryIs", polygon.exterior), *(("innerBoundaryIs", hole) for hole in polygon.interiors),
        )
    ]  # fmt: skip
    return f"<{tag}Polygon>{drawn}{''.join(rings)}</{tag}Polygon>"


def _positions(ring: Any, heights: bool) -> Iterator[str]:
    for x, y in shapely.get_coordinates(ring).tolist():
        yield f"{x!r},{y!r}" + (",0" if heights else "")
