"""Tables of vertices (CSV): one outline a site.

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

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.io.coordinates import order_pair, split_pair
from kkpr_check.io.crs import canonical
from kkpr_check.io.positions import Positions
from kkpr_check.io.tablerows import (
    FIELD_NAMES,
    Columns,
    Row,
    check_widths,
    find_columns,
    group_by_site,
    read_text,
    split_rows,
    unused_columns,
    utm_zone,
)

LONLAT = "EPSG:4326"
_NUMBERS_REMEDY = Text(
    "number the vertices 1, 2, 3 ... around the site", "nomori titik 1, 2, 3 ... mengelilingi lokasi"
)


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
    sha256: str
    assumptions: tuple[Text, ...] = ()


class _Vertex(NamedTuple):
    line: int
    order: str
    x: float
    y: float

    @property
    def xy(self) -> tuple[float, float]:
        return self.x, self.y


def read_coordinate_table(
    path: str | Path, *, crs: str | None = None, encoding: str | None = None, swap_xy: bool = False
) -> CoordinateTable:
    """Read a CSV of vertices.

    Parameters
    ----------
    path
        Separated by ``;``, tab, ``,`` or white space; with or without a header row. Columns: the two axes,
        and optionally an order (``serial``, ``no``), a site (``id``), a ``part`` and proposal options.
    crs
        CRS of the numbers. Without one degrees are read (as WGS 84, which is recorded), and metres where a column names
        their UTM zone.
    encoding
        Of the text; default: what its bytes tell.
    swap_xy
        Exchange the axis columns of a table in metres; degrees are told by their values.

    Raises
    ------
    InputError
        No table, no two axes, or a row of another width.
    CrsError
        Metres without `crs`.
    """
    name = str(path)
    text, digest, notes = read_text(Path(path), encoding)
    rows = split_rows(text, name)
    columns, rows = find_columns(rows, name, planar=crs is not None and bool(canonical(crs).is_projected))
    check_widths(rows, columns, name)
    if crs is None:
        crs = utm_zone(rows, columns)
    reader = _Outlines(name, columns, Positions(name, columns, crs, swap_xy=swap_xy))
    outlines = tuple(reader.outline(group) for group in group_by_site(rows, columns))
    explained = reader.positions.why_none()
    if explained is not None:
        raise explained
    notes += [*unused_columns(columns), *reader.positions.notes(), *reader.notes()]
    return CoordinateTable(name, outlines, crs or LONLAT, digest, tuple(notes))


class VertexOutline(NamedTuple):
    """The outline of one list of vertices: a polygon, or a MultiPoint where there are fewer than three."""

    geometry: Any
    doubt: Text | None
    notes: tuple[Text, ...]


def outline_of_vertices(vertices: Sequence[tuple[str, str]], place: Place) -> VertexOutline:
    """Return the outline of (order, "latitude, longitude") texts in degrees, in either order of the axes.

    Raises
    ------
    InputError
        A vertex is no position in Indonesia, or its number stands twice.
    """
    columns = Columns(["serial", "lat_lng"], 1, 1, place_of={"order": 0})
    rows = [Row(n, list(vertex)) for n, vertex in enumerate(vertices, 1)]
    name = str(place.row)
    reader = _Outlines(name, columns, Positions(name, columns, None))
    found = reader.outline(rows)
    notes = (*reader.notes(), *_longitude_first(vertices))
    if found.error is None:
        return VertexOutline(found.geometry, found.doubt, notes)
    if found.error.code == "too-few-vertices":
        points = dict.fromkeys(reader.positions.read(row) for row in rows)
        return VertexOutline(shapely.MultiPoint(list(points)), None, notes)
    found.error.place = place._replace(column=f"lat_lng {found.error.place.row}")
    raise found.error


def _longitude_first(vertices: Sequence[tuple[str, str]]) -> list[Text]:
    """Return the note on pairs in the other order than "latitude, longitude"."""
    pairs = [split_pair(text) for _, text in vertices]
    ordered = [order_pair(*pair) for pair in pairs if pair is not None]
    count = sum(not found[2] for found in ordered if found is not None)
    if not count:
        return []
    return [
        Text(
            f"{count} of {len(vertices)} vertices are written longitude, latitude and are read so (longitude 94..142, "
            "latitude -12..8)",
            f"{count} dari {len(vertices)} titik ditulis bujur, lintang dan dibaca demikian (bujur 94..142, "
            "lintang -12..8)",
        )
    ]


class _Outlines:
    """Turns rows into outlines and remembers what it decided on the way."""

    def __init__(self, name: str, columns: Columns, positions: Positions) -> None:
        self.name, self.columns, self.positions = name, columns, positions
        self.sorted_sites: list[str] = []
        self.labelled: list[str] = []
        self.without_label: list[str] = []
        self.repeated = 0

    def outline(self, rows: list[Row]) -> Outline:
        """Return the outline of the rows of one site."""
        site_id = self.columns.cell(rows[0], "id") or None
        try:
            self._check_filled(rows, site_id)
            fields = self._fields(rows)
            parts: dict[str, list[_Vertex]] = {}
            for row in rows:
                vertex = _Vertex(row.line, self.columns.cell(row, "order"), *self.positions.read(row))
                parts.setdefault(self.columns.cell(row, "part"), []).append(vertex)
            ordered = [self._in_order(part, site_id) for part in parts.values()]
            rings = [self._ring(vertices) for vertices, _ in ordered]
        except InputError as error:
            return Outline(site_id, rows[0].line, None, {}, error)
        geometry = rings[0] if len(rings) == 1 else shapely.MultiPolygon(rings)
        doubt = next((doubt for _, doubt in ordered if doubt is not None), None)
        return Outline(site_id, rows[0].line, geometry, fields, None, doubt)

    def _error(self, line: int, text: Text, remedy: Text, code: str = "coordinates") -> InputError:
        return InputError(text, place=Place(self.name, row=line), remedy=remedy, code=code)

    def _check_filled(self, rows: list[Row], site_id: str | None) -> None:
        """Refuse rows that do not say to which site or part they belong, where others do."""
        for meaning in ("id", "part"):
            blank = [row.line for row in rows if not self.columns.cell(row, meaning)]
            stray = meaning == "id" and blank and self.columns.some_ids
            if stray or (meaning == "part" and 0 < len(blank) < len(rows)):
                raise self._error(
                    blank[0],
                    Text(
                        f"the row has no {meaning}, others have",
                        f"baris tanpa {meaning}, padahal yang lain ada",
                    ),
                    Text(f"fill {meaning} in every row", f"isi {meaning} di setiap baris"),
                )

    def _fields(self, rows: list[Row]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for n, head in enumerate(self.columns.names):
            if head.casefold() not in FIELD_NAMES:
                continue
            given = {row.cells[n]: row.line for row in rows if row.cells[n]}
            if len(given) > 1:
                shown = ", ".join(given)[:80]
                raise self._error(
                    max(given.values()),
                    Text(
                        f"one site has several values of {head}: {shown}",
                        f"satu lokasi memuat beberapa nilai {head}: {shown}",
                    ),
                    Text("write one value a site", "tulis satu nilai per lokasi"),
                )
            fields[head] = next(iter(given), None)
        return fields

    def _in_order(self, vertices: list[_Vertex], site_id: str | None) -> tuple[list[_Vertex], Text | None]:
        """Return the vertices of a ring by their numbers, and a doubt where a number is missing."""
        numbered = [bool(re.fullmatch(r"\d{1,9}(\.0+)?", vertex.order, re.ASCII)) for vertex in vertices]
        if not any(numbered):
            self._in_list_order(vertices, site_id)
            return vertices, None
        if not all(numbered):
            stray = vertices[numbered.index(False)]
            raise self._error(
                stray.line,
                Text(f"{stray.order[:20]!r} is no vertex number", f"{stray.order[:20]!r} bukan nomor titik"),
                _NUMBERS_REMEDY,
            )
        closes = len(vertices) > 3 and vertices[-1][1:] == vertices[0][1:]
        by_number: dict[int, _Vertex] = {}
        for vertex in vertices[:-1] if closes else vertices:
            number = int(float(vertex.order))
            if number in by_number:
                other = by_number[number].line
                raise self._error(
                    vertex.line,
                    Text(
                        f"number {number} stands twice (also in row {other})",
                        f"nomor {number} tertulis dua kali (juga di baris {other})",
                    ),
                    _NUMBERS_REMEDY,
                )
            by_number[number] = vertex
        numbers = sorted(by_number)
        if numbers != list(by_number):
            self.sorted_sites.append(site_id or "-")
        return [by_number[number] for number in numbers], _missing_number(numbers)

    def _in_list_order(self, vertices: list[_Vertex], site_id: str | None) -> None:
        """Note that no number tells the order of the vertices, or refuse where their labels tell another one."""
        closes = len(vertices) > 3 and vertices[-1][1:] == vertices[0][1:]
        labels = [vertex.order.casefold() for vertex in (vertices[:-1] if closes else vertices)]
        if not any(labels):
            self.without_label.append(site_id or "-")
            return
        for n, label in enumerate(labels):
            if not label or label in labels[:n]:
                said = f"{label[:20]!r} stands twice" if label else "a vertex has no label, others have"
                said_id = (
                    f"{label[:20]!r} tertulis dua kali"
                    if label
                    else "satu titik tanpa label, padahal yang lain ada"
                )
                raise self._error(vertices[n].line, Text(said, said_id), _NUMBERS_REMEDY)
        places = [_place_in_series(label) for label in labels]
        series = [place for place in places if place is not None]
        if len(series) == len(places) and len({stem for stem, _ in series}) == 1:
            for n, (before, after) in enumerate(itertools.pairwise(series), 1):
                if after < before:
                    text = Text(
                        f"{labels[n][:20].upper()} stands after {labels[n - 1][:20].upper()}: the labels and the list "
                        "tell two orders",
                        f"{labels[n][:20].upper()} berada setelah {labels[n - 1][:20].upper()}: label dan daftar "
                        "menyebut dua urutan",
                    )
                    raise self._error(vertices[n].line, text, _NUMBERS_REMEDY)
        self.labelled.append(site_id or "-")

    def _ring(self, vertices: list[_Vertex]) -> Any:
        ring = [vertex.xy for vertex in vertices]
        distinct = [ring[0], *(b for a, b in itertools.pairwise(ring) if a != b)]
        self.repeated += len(ring) - len(distinct)
        if len(distinct) > 1 and distinct[0] == distinct[-1]:
            distinct.pop()
        if len(set(distinct)) < 3:
            count = len(set(distinct))
            raise self._error(
                vertices[0].line,
                Text(
                    f"{count} different vertices make no area",
                    f"{count} titik berbeda tidak membentuk bidang",
                ),
                Text(
                    "only the zone can be told of a point: use --point LAT,LON",
                    "untuk titik hanya zonanya yang dapat disebutkan: pakai --point LINTANG,BUJUR",
                ),
                "too-few-vertices",
            )
        return shapely.Polygon(distinct)

    def notes(self) -> list[Text]:
        """Return what was done to the rings."""
        file, notes = Path(self.name).name, []
        if self.sorted_sites:
            sites = ", ".join(self.sorted_sites[:5])
            notes.append(
                Text(
                    f"{file}: vertices were out of order and are sorted by their number (site {sites})",
                    f"{file}: titik tidak berurutan dan diurutkan menurut nomornya (lokasi {sites})",
                )
            )
        if self.labelled:
            sites = ", ".join(self.labelled[:5])
            notes.append(
                Text(
                    f"{file}: vertices have labels and no numbers, and are taken in the order of the list (site {sites})",
                    f"{file}: titik berlabel tanpa nomor dan dibaca menurut urutan daftar (lokasi {sites})",
                )
            )
        if self.without_label and "order" in self.columns.place_of:
            sites = ", ".join(self.without_label[:5])
            notes.append(
                Text(
                    f"{file}: vertices have no numbers and are taken in the order of the list (site {sites})",
                    f"{file}: titik tanpa nomor dan dibaca menurut urutan daftar (lokasi {sites})",
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


def _place_in_series(label: str) -> tuple[str, tuple[int, str]] | None:
    """Return the stem of a label and its place in a series (A, B ... AA; P-1, P-2 ...), None where it is a mere name."""
    if re.fullmatch(r"[a-z]{1,2}", label, re.ASCII):
        return "", (len(label), label)
    match = re.fullmatch(r"(.*?)(\d{1,9})", label, re.ASCII)
    return (match[1], (int(match[2]), "")) if match else None


def _missing_number(numbers: Sequence[int]) -> Text | None:
    """Doubt a numbering with a hole: a vertex may have been lost, and the area with it."""
    for number, following in itertools.pairwise(numbers):
        if following != number + 1:
            return Text(
                f"vertex number {number + 1} is missing after {number}: the outline may not be whole",
                f"titik nomor {number + 1} tidak ada setelah {number}: batas mungkin tidak utuh",
            )
    return None
