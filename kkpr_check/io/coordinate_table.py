"""Tables of vertices (CSV): columns found by name, axes decided by value, one outline a site.

A row that can not be read spoils its own site only; what is spoilt stays in the result with its error.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import shapely

from kkpr_check.errors import CrsError, InputError, Place, Text
from kkpr_check.io.coordinates import order_pair, parse_angle, parse_metres, split_pair
from kkpr_check.io.crs import canonical, is_plausible, missing_crs
from kkpr_check.io.options import OPTION_NAMES
from kkpr_check.io.tablerows import (
    Columns,
    Row,
    check_widths,
    find_columns,
    group_by_site,
    read_text,
    split_rows,
    unused_columns,
)

LONLAT = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class Outline:
    """One site of the table: its polygon as drawn (it may cross itself), or why there is none."""

    id: str | None
    row: int
    geometry: Any | None
    fields: Mapping[str, Any]
    error: InputError | None = None
    doubt: Text | None = None


@dataclass(frozen=True, slots=True)
class CoordinateTable:
    """A table of vertices: outlines with x east and y north in `crs`."""

    path: str
    outlines: tuple[Outline, ...]
    crs: str
    crs_assumed: bool
    sha256: str
    assumptions: tuple[Text, ...] = ()


class _Vertex(NamedTuple):
    line: int
    order: str
    part: str
    x: float
    y: float
    swapped: bool


def read_coordinate_table(path: str | Path, *, crs: str | None = None) -> CoordinateTable:
    """Read a CSV of vertices.

    Parameters
    ----------
    path
        Separated by ``;``, tab, ``,`` or white space; with or without a header row. Columns: the two axes,
        and optionally an order (``serial``, ``no``), a site (``id``), a ``part`` and proposal options.
    crs
        CRS of the numbers. Without one only degrees can be read (as WGS 84, which is recorded).

    Raises
    ------
    InputError
        No table, no two axes, or a row of another width.
    CrsError
        Metres without `crs`, or numbers that are not of `crs`.
    """
    name = str(path)
    text, digest, notes = read_text(Path(path))
    rows = split_rows(text, name)
    columns, rows = find_columns(rows, name, planar=crs is not None and bool(canonical(crs).is_projected))
    check_widths(rows, columns, name)
    notes += unused_columns(columns)
    reader = _Reader(name, columns, crs)
    outlines = tuple(reader.outline(group) for group in group_by_site(rows, columns))
    used = crs or LONLAT
    if crs is None and not reader.found_degrees:
        reader.refuse_all(outlines)
    return CoordinateTable(name, outlines, used, crs is None, digest, (*notes, *reader.notes()))


class _Reader:
    """Turns rows into outlines and remembers what it decided on the way."""

    def __init__(self, name: str, columns: Columns, crs: str | None) -> None:
        self.name, self.columns, self.crs = name, columns, crs
        self.planar = crs is not None and bool(canonical(crs).is_projected)
        self.swapped_lines: list[int] = []
        self.metres: list[tuple[float, float]] = []
        self.straight = 0
        self.sorted_ids: list[str] = []
        self.repeated = 0

    @property
    def found_degrees(self) -> bool:
        """Whether at least one row was a position in degrees."""
        return bool(self.straight or self.swapped_lines)

    def outline(self, rows: list[Row]) -> Outline:
        """Return the outline of the rows of one site."""
        site_id = self.columns.cell(rows[0], "id") or None
        try:
            fields = self._fields(rows)
            vertices = [self._vertex(row) for row in rows]
            vertices, doubt = self._in_order(vertices, site_id)
            parts: dict[str, list[_Vertex]] = {}
            for vertex in vertices:
                parts.setdefault(vertex.part, []).append(vertex)
            rings = [self._ring(part) for part in parts.values()]
        except InputError as error:
            return Outline(site_id, rows[0].line, None, {}, error)
        geometry = rings[0] if len(rings) == 1 else shapely.MultiPolygon(rings)
        return Outline(site_id, rows[0].line, geometry, fields, None, doubt)

    def _error(
        self,
        en: str,
        id_: str,
        row: int,
        remedy: Text | None = None,
        column: str | None = None,
        code: str = "coordinates",
    ) -> InputError:
        return InputError(
            Text(en, id_), place=Place(self.name, row=row, column=column), remedy=remedy, code=code
        )

    def _fields(self, rows: list[Row]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for n, head in enumerate(self.columns.names):
            if head.casefold() not in (*OPTION_NAMES, "role"):
                continue
            given = {row.cells[n]: row.line for row in rows if row.cells[n]}
            if len(given) > 1:
                shown = ", ".join(given)[:80]
                raise self._error(
                    f"one site has several values: {shown}",
                    f"satu lokasi memuat beberapa nilai: {shown}",
                    max(given.values()),
                    column=head,
                )
            fields[head] = next(iter(given), None)
        return fields

    def _vertex(self, row: Row) -> _Vertex:
        first, second = row.cells[self.columns.first], row.cells[self.columns.second]
        x, y, swapped = self._planar(row, first, second) if self.planar else self._degrees(row, first, second)
        (self.swapped_lines.append(row.line) if swapped else None)
        self.straight += not swapped
        return _Vertex(
            row.line, self.columns.cell(row, "order"), self.columns.cell(row, "part"), x, y, swapped
        )

    def _degrees(self, row: Row, first: str, second: str) -> tuple[float, float, bool]:
        pair = (
            split_pair(first)
            if self.columns.first == self.columns.second
            else _both(parse_angle, first, second)
        )
        if pair is None:
            metres = _both(parse_metres, first, second)
            if metres is not None:
                self.metres.append(metres)
                raise self._error(
                    f"({first}; {second}) is not a position in degrees",
                    f"({first}; {second}) bukan posisi dalam derajat",
                    row.line,
                )
            raise self._error(
                f"({first}; {second}) can not be read as coordinates",
                f"({first}; {second}) tidak dapat dibaca sebagai koordinat",
                row.line,
                Text(
                    "write decimal degrees (124.480) or degrees, minutes, seconds (124°28'48\" BT)",
                    "tulis derajat desimal (124.480) atau derajat, menit, detik (124°28'48\" BT)",
                ),
            )
        ordered = order_pair(*pair)
        if ordered is None:
            self.metres.append((pair[0].degrees, pair[1].degrees))
            raise self._error(
                f"({first}; {second}) does not lie in Indonesia (longitude 94 to 142, latitude -12 to 8)",
                f"({first}; {second}) tidak terletak di Indonesia (bujur 94 sampai 142, lintang -12 sampai 8)",
                row.line,
                code="outside-indonesia",
            )
        lon, lat, first_is_lat = ordered
        return lon, lat, first_is_lat and self.columns.first != self.columns.second

    def _planar(self, row: Row, first: str, second: str) -> tuple[float, float, bool]:
        pair = _both(parse_metres, first, second)
        if pair is None:
            raise self._error(
                f"({first}; {second}) can not be read as metres",
                f"({first}; {second}) tidak dapat dibaca sebagai meter",
                row.line,
            )
        x, y = pair
        boxes = shapely.bounds(shapely.points([(x, y), (y, x)]))
        plain, swapped = is_plausible(boxes, self.crs)
        if not plain and not swapped:
            label = canonical(self.crs).name
            raise self._error(
                f"({first}; {second}) does not lie in Indonesia in {label}",
                f"({first}; {second}) tidak terletak di Indonesia dalam {label}",
                row.line,
                Text(
                    "name the CRS of the table: --assume-crs EPSG:...",
                    "sebutkan SRK tabelnya: --assume-crs EPSG:...",
                ),
                code="outside-indonesia",
            )
        return (x, y, False) if plain else (y, x, True)

    def _in_order(self, vertices: list[_Vertex], site_id: str | None) -> tuple[list[_Vertex], Text | None]:
        """Return the vertices sorted by their order column, and a doubt where a number is missing."""
        if "order" not in self.columns.place_of:
            return vertices, None
        if not all(re.fullmatch(r"\d+(\.0+)?", vertex.order) for vertex in vertices):
            return vertices, None
        closing = vertices[-1] if len(vertices) > 3 and vertices[-1][1:5] == vertices[0][1:5] else None
        body = vertices[:-1] if closing else vertices
        keys = [(vertex.part, int(float(vertex.order))) for vertex in body]
        seen: dict[tuple[str, int], _Vertex] = {}
        for key, vertex in zip(keys, body, strict=True):
            if key in seen:
                raise self._error(
                    f"number {key[1]} stands twice (also in row {seen[key].line})",
                    f"nomor {key[1]} tertulis dua kali (juga di baris {seen[key].line})",
                    vertex.line,
                    Text(
                        "number the vertices 1, 2, 3 ... around the site",
                        "nomori titik 1, 2, 3 ... mengelilingi lokasi",
                    ),
                )
            seen[key] = vertex
        first_seen = {part: n for n, part in reversed(list(enumerate(key[0] for key in keys)))}
        ranked = sorted(range(len(body)), key=lambda n: (first_seen[keys[n][0]], keys[n][1]))
        if ranked != sorted(ranked, key=lambda n: (first_seen[keys[n][0]], n)):
            self.sorted_ids.append(site_id or "-")
        return [body[n] for n in ranked], _missing_numbers([keys[n] for n in ranked])

    def _ring(self, vertices: list[_Vertex]) -> Any:
        ring = [(vertex.x, vertex.y) for vertex in vertices]
        distinct = [point for n, point in enumerate(ring) if n == 0 or point != ring[n - 1]]
        self.repeated += len(ring) - len(distinct)
        if len(distinct) > 1 and distinct[0] == distinct[-1]:
            distinct.pop()
        if len(set(distinct)) < 3:
            raise self._error(
                f"{len(set(distinct))} different vertices make no area",
                f"{len(set(distinct))} titik berbeda tidak membentuk bidang",
                vertices[0].line,
                Text(
                    "only the zone can be told of a point: use --point LAT,LON",
                    "untuk titik hanya zonanya yang dapat disebutkan: pakai --point LINTANG,BUJUR",
                ),
                code="too-few-vertices",
            )
        return shapely.Polygon(distinct)

    def refuse_all(self, outlines: Sequence[Outline]) -> None:
        """Raise the one error that explains a table in which no row is a position in degrees."""
        if self.metres and all(abs(value) > 180 for pair in self.metres for value in pair):
            xs, ys = zip(*self.metres, strict=True)
            raise missing_crs(Place(self.name), (min(xs), min(ys), max(xs), max(ys)))
        first = next((outline.error for outline in outlines if outline.error is not None), None)
        if first is not None:
            raise first
        raise CrsError(
            Text("no position in degrees", "tidak ada posisi dalam derajat"), place=Place(self.name)
        )

    def notes(self) -> list[Text]:
        """Return what was decided: the axes against the header, the order, the datum."""
        notes: list[Text] = []
        file = Path(self.name).name
        if self.crs is not None:
            name = canonical(self.crs).name
            notes.append(
                Text(
                    f"{file}: CRS assumed as ordered: {self.crs} ({name})",
                    f"{file}: SRK diasumsikan sesuai permintaan: {self.crs} ({name})",
                )
            )
        else:
            notes.append(
                Text(
                    f"{file}: degrees are taken as WGS 84 longitude and latitude (= SRGI2013)",
                    f"{file}: derajat dianggap bujur dan lintang WGS 84 (= SRGI2013)",
                )
            )
        if self.swapped_lines and (self.columns.first_says is not None or self.straight):
            rows = "all rows" if not self.straight else f"rows {_some(self.swapped_lines)}"
            baris = "semua baris" if not self.straight else f"baris {_some(self.swapped_lines)}"
            notes.append(
                Text(
                    f"{file}: the axes of {rows} are read by their values, against the header or the "
                    "other rows (longitude 94..142, latitude -12..8)",
                    f"{file}: sumbu {baris} dibaca menurut nilainya, berlawanan dengan judul kolom atau "
                    "baris lain (bujur 94..142, lintang -12..8)",
                )
            )
        if self.sorted_ids:
            ids = ", ".join(self.sorted_ids[:5])
            notes.append(
                Text(
                    f"{file}: vertices were out of order and are sorted by their number (site {ids})",
                    f"{file}: titik tidak berurutan dan diurutkan menurut nomornya (lokasi {ids})",
                )
            )
        if self.repeated:
            notes.append(
                Text(
                    f"{file}: {self.repeated} repeated vertices are dropped",
                    f"{file}: {self.repeated} titik berulang dihapus",
                )
            )
        return notes


def _both(parse: Any, first: str, second: str) -> Any:
    a, b = parse(first), parse(second)
    return None if a is None or b is None else (a, b)


def _some(lines: list[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:5])
    return shown + (" ..." if len(lines) > 5 else "")


def _missing_numbers(keys: list[tuple[str, int]]) -> Text | None:
    """Doubt a numbering with a hole: a vertex may have been lost, and the area with it."""
    for (part, number), (next_part, following) in itertools.pairwise(keys):
        if part == next_part and following != number + 1:
            return Text(
                f"vertex number {number + 1} is missing after {number}: the outline may not be whole",
                f"titik nomor {number + 1} tidak ada setelah {number}: batas mungkin tidak utuh",
            )
    return None
