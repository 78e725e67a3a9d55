"""The map of a site: zones in the official colours, parcel, building, refused parts, scale bar, grid and legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.model import Outcome, OverlayArea, Report
from kkpr_check.reference import find_rtrw_class, find_subzone
from kkpr_check.report.drawing import Area, Drawing, Label, Line, Point, Rgb, Ring
from kkpr_check.report.json import ToLonLat, work_crs_of
from kkpr_check.report.safe import safe_text

WIDTH_MM, HEIGHT_MM = 170.0, 116.0
_FRAME = (0.4, 0.4, 117.0, 108.0)
"""Left, top, right and bottom of the map itself; the legend stands right of it, the coordinates below."""
_ROOM = 1.35
"""How many times the parcel's longer side the frame is high, at least: the neighbours tell where it is."""
_SCALES = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5)
_NO_COLOUR: Rgb = (225, 225, 225)
_BLACK: Rgb = (0, 0, 0)
_GREY: Rgb = (110, 110, 110)
_RED: Rgb = (200, 0, 0)
_VIOLET: Rgb = (120, 0, 140)
_GREEN: Rgb = (0, 110, 40)
_WHITE: Rgb = (255, 255, 255)
_BLUE: Rgb = (0, 71, 171)
_ASPHALT: Rgb = (60, 60, 60)
_ORANGE: Rgb = (178, 106, 0)
_COLOUR_OF = {Outcome.FAIL: _RED, Outcome.UNDETERMINED: _VIOLET, Outcome.CONDITIONAL: _ORANGE}
_PAPER: Rgb = (247, 247, 247)
_BROWN: Rgb = (120, 95, 70)
_ROW_MM = 4.6
_STEPS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000)

_LEGEND = Text("LEGEND", "LEGENDA")
_PARCEL = Text("Parcel", "Persil")
_FOOTPRINT = Text("Building (footprint)", "Tapak bangunan")
_EXISTING = Text("Existing buildings", "Bangunan yang ada")
_CONFORMING = Text("Part that conforms", "Bagian yang sesuai")
_REFUSED = Text("Refused part", "Bagian yang ditolak")
_DOUBTED = Text("To be verified", "Perlu diverifikasi")
_SETBACK = Text("Setback line", "Garis sempadan bangunan")
_ROAD = Text("Road (axis)", "Jalan (as)")
_RESTRAINED = {
    Outcome.FAIL: Text("Overlay: no building", "Ketentuan khusus: ditolak"),
    Outcome.UNDETERMINED: Text("Overlay: to be verified", "Ketentuan khusus: perlu verifikasi"),
    Outcome.CONDITIONAL: Text("Overlay: with conditions", "Ketentuan khusus: bersyarat"),
}
_UNCOVERED = Text("No zone in the data", "Tanpa zona dalam data")
_NO_ZONE = Text("no zone", "tanpa zona")
_SCALE = Text("Scale 1 : {0} (A4)", "Skala 1 : {0} (A4)")
_GRID_NORTH = Text("grid north", "utara grid")
_TRUE_NORTH = Text("true north {0}° {1} of it", "utara sebenarnya {0}° di {1}nya")
_SIDES = {"E": Text("east", "timur"), "W": Text("west", "barat")}
_AXES = {"E": Text("E", "BT"), "W": Text("W", "BB"), "N": Text("N", "LU"), "S": Text("S", "LS")}
_MORE = Text("and {0} more", "dan {0} lainnya")
_WGS84 = Text("Frame: longitude, latitude WGS 84", "Bingkai: bujur, lintang WGS 84")


def draw(report: Report, lang: str, to_lonlat: ToLonLat) -> Drawing | None:
    """Return the map of a report, or None where the site has no outline."""
    site = report.site
    subject = site.parcel if site.parcel is not None else site.footprint
    if subject is None or subject.is_empty:
        return None
    return _Sheet(report, subject, lang, to_lonlat, *view_of(subject)).drawing()


def scale_of(size_m: float) -> float:
    """Return the denominator of the map's scale: round, and the site with its surroundings fits.

    >>> scale_of(8.0), scale_of(24.0), scale_of(2000.0)
    (125.0, 400.0, 30000.0)
    """
    least = max(size_m, 2.0) * _ROOM / ((_FRAME[3] - _FRAME[1]) / 1000)
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (*_SCALES, 10.0) if step * power >= least * (1 - 1e-9))


def colour_of(subzone: str, given: str | None = None) -> Rgb:
    """Return the colour of a sub-zone: the plan's own, else the national one (Permen ATR/BPN 14/2021), else grey."""
    if given:
        parts = given.split(",")
        text = given.lstrip("#")
        values = (
            [int(part) for part in parts]
            if len(parts) == 3
            else [int(text[i : i + 2], 16) for i in (0, 2, 4)]
        )
        return values[0], values[1], values[2]
    for found in (find_subzone(subzone), find_rtrw_class(subzone)):
        if found is not None and found.kind != "fuzzy" and found.row.colour:
            return colour_of(subzone, found.row.colour)
    return _NO_COLOUR


def name_of(report: Report, subzone: str) -> str:
    """Return the name of a sub-zone: the plan's, else the one of the national table; empty where neither has it."""
    named = {z.subzone: z.name for entry in (*report.ledger, *report.combined) for z in entry.zones}
    found = find_subzone(subzone)
    return named.get(subzone) or (found.row.name if found is not None and found.kind != "fuzzy" else "")


def dms(degrees: float, axis: str, lang: str, decimals: int) -> str:
    r"""Write an angle in degrees, minutes and seconds.

    >>> dms(-9.448099985, "lat", "id", 1), dms(124.5, "lon", "en", 0)
    ('9°26\'53,2" LS', '124°30\'00" E')
    """
    whole = round(abs(degrees) * 3600 * 10**decimals)
    seconds, fraction = divmod(whole, 10**decimals)
    minutes, seconds = divmod(seconds, 60)
    degree, minutes = divmod(minutes, 60)
    tail = f"{'.' if lang == 'en' else ','}{fraction:0{decimals}d}" if decimals else ""
    side = ("W" if degrees < 0 else "E") if axis == "lon" else ("S" if degrees < 0 else "N")
    return f"{degree}°{minutes:02d}'{seconds:02d}{tail}\" {_AXES[side].pick(lang)}"


def view_of(subject: Any) -> tuple[float, Any]:
    """Return (denominator of the scale, the frame in the working CRS) for a site."""
    x0, y0, x1, y1 = subject.bounds
    scale = scale_of(max(x1 - x0, y1 - y0))
    wide, high = ((_FRAME[i + 2] - _FRAME[i]) / 2000 * scale for i in (0, 1))
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return scale, shapely.box(x - wide, y - high, x + wide, y + high)


@dataclass(slots=True)
class _Sheet:
    report: Report
    subject: Any
    lang: str
    to_lonlat: ToLonLat
    scale: float
    view: Any

    def drawing(self) -> Drawing:
        zones = self._zones()
        left, top, right, bottom = _FRAME
        paper = [Area((_box(left, top, right, bottom),), _PAPER)]
        items: list[Area | Line | Label] = [
            *paper,
            *(Area(self._rings(shape), colour_of(code, self._given(code))) for code, shape in zones),
            *(Line(self._outlines(shape), _GREY, 0.12) for _, shape in zones),
            *self._surroundings(),
            *self._symbols(),
            *self._labels(zones),
            *self._frame(),
            *self._legend(zones),
        ]
        return Drawing(WIDTH_MM, HEIGHT_MM, tuple(items))

    def _given(self, code: str) -> str | None:
        return dict(self.report.around.zone_colours).get(code)

    def _page(self, x: float, y: float) -> Point:
        """Return a place of the working CRS in mm on the sheet."""
        x0, _, _, y1 = self.view.bounds  # cheap: GEOS keeps the envelope
        return (
            round(_FRAME[0] + (x - x0) * 1000 / self.scale, 3),
            round(_FRAME[1] + (y1 - y) * 1000 / self.scale, 3),
        )

    def _clipped(self, shape: Any, dimension: int = 2) -> list[Any]:
        """Return what of a shape lies in the frame, drawn no finer than 0.03 mm."""
        if shape is None or shape.is_empty:
            return []
        inside = shapely.intersection(shapely.make_valid(shape), self.view)
        inside = shapely.simplify(inside, 0.03 * self.scale / 1000, preserve_topology=True)
        return [
            part
            for part in shapely.get_parts(shapely.get_parts(inside)).tolist()
            if shapely.get_dimensions(part) == dimension and not part.is_empty
        ]

    def _zones(self) -> list[tuple[str, Any]]:
        """Return (sub-zone, what of it lies in the frame), the largest first."""
        groups: dict[str, list[Any]] = {}
        for code, shape in self.report.around.zones:
            groups.setdefault(code, []).extend(self._clipped(shape))
        found = [(code, shapely.union_all(parts)) for code, parts in groups.items() if parts]
        return sorted(found, key=lambda item: (-item[1].area, item[0]))

    def _rings(self, shape: Any) -> tuple[tuple[Ring, ...], ...]:
        return tuple(
            tuple(self._path(ring) for ring in (part.exterior, *part.interiors))
            for part in shapely.get_parts(shape)
        )

    def _path(self, line: Any) -> Ring:
        return tuple(self._page(x, y) for x, y in shapely.get_coordinates(line).tolist())

    def _outlines(self, shape: Any) -> tuple[Ring, ...]:
        """Return the outlines, without the edges that the frame itself cut."""
        edge = self.view.exterior
        lines = shapely.difference(shapely.boundary(shape), edge.buffer(1e-6 * self.scale))
        parts = shapely.get_parts(shapely.line_merge(lines))
        return tuple(self._path(part) for part in parts if shapely.get_dimensions(part) == 1)

    def _surroundings(self) -> Iterator[Area | Line]:
        for road in self.report.around.roads:
            for part in self._clipped(road.line, 1):
                yield Line((self._path(part),), _ASPHALT, 0.2, 2.4)
        for area in self._restrained():
            for part in self._clipped(area.geometry):
                yield Line(self._outlines(part), _COLOUR_OF[area.outcome], 0.3, 0.8)

    def _restrained(self) -> list[OverlayArea]:
        """Return the overlay areas and setback strips that ask for something."""
        return [area for area in self.report.around.overlays if area.outcome in _COLOUR_OF]

    def _setbacks(self) -> Iterator[Line]:
        for line in self.report.around.setbacks:
            front = line.kind == "front"
            for part in self._clipped(line.geometry, 1):
                yield Line((self._path(part),), _BLUE, 0.5 if front else 0.3, 1.8 if front else 0.9)

    def _symbols(self) -> Iterator[Area | Line]:
        site, report = self.report.site, self.report
        for part in self._clipped(site.existing):
            yield Area(self._rings(part), (205, 195, 185))
            yield Line(self._outlines(part), _BROWN, 0.2)
        if site.parcel is not None and site.footprint is not None:
            for part in self._clipped(site.footprint):
                yield Area(self._rings(part), _WHITE)
                yield Line(self._hatch(part, 2.2, up=True), (70, 70, 70), 0.15)
        for outcome, colour, up in ((Outcome.UNDETERMINED, _VIOLET, False), (Outcome.FAIL, _RED, True)):
            for part in self._clipped(self._adverse(outcome)):
                yield Line(self._hatch(part, 1.6, up=up), colour, 0.22)
                yield Line(self._outlines(part), colour, 0.25)
        if report.approvable is not None:
            for part in self._clipped(report.approvable.geometry):
                yield Line(self._outlines(part), _GREEN, 0.9, 2.2)
        yield from self._setbacks()
        for shape, width in ((site.footprint, 0.35), (site.parcel, 0.5)):
            for part in self._clipped(shape):
                yield Line(self._outlines(part), _BLACK, width)

    def _adverse(self, outcome: Outcome) -> Any:
        """Return the part of the subject on which a finding has this outcome."""
        shapes = [
            finding.witness
            for finding in self.report.findings
            if finding.outcome is outcome and finding.witness is not None and not finding.witness.is_empty
        ]
        areas = [shape for shape in shapes if shapely.get_dimensions(shape) == 2]
        if not areas:
            return None
        return shapely.intersection(shapely.union_all(areas), shapely.union_all(self._subjects()))

    def _subjects(self) -> list[Any]:
        return [shape for shape in (self.report.site.parcel, self.report.site.footprint) if shape is not None]

    def _hatch(self, part: Any, gap_mm: float, *, up: bool) -> tuple[Ring, ...]:
        """Return diagonal lines over a part, `gap_mm` apart on paper, tied to the frame so that parts agree."""
        x0, y0, x1, y1 = part.bounds
        step = gap_mm * self.scale / 1000 * math.sqrt(2)
        sign = 1 if up else -1
        low, high = sorted((y0 - sign * x0, y1 - sign * x1))
        low, high = min(low, y0 - sign * x1, y1 - sign * x0), max(high, y0 - sign * x1, y1 - sign * x0)
        starts = np.arange(math.floor(low / step), math.ceil(high / step) + 1) * step
        lines = [shapely.LineString([(x0, sign * x0 + c), (x1, sign * x1 + c)]) for c in starts.tolist()]
        cut = shapely.get_parts(shapely.intersection(np.array(lines, dtype=object), part))
        return tuple(
            self._path(line)
            for line in shapely.get_parts(cut).tolist()
            if shapely.get_dimensions(line) == 1 and not line.is_empty
        )

    def _labels(self, zones: Sequence[tuple[str, Any]]) -> Iterator[Label]:
        """Name the zones that have room for it, beside the parcel where they reach beyond it."""
        least = 30.0 * (self.scale / 1000) ** 2
        taken: list[Any] = []
        reserved = shapely.union_all([shape.buffer(self.scale / 1000) for shape in self._subjects()])
        for code, shape in zones:
            for part in shapely.get_parts(shape).tolist():
                outside = shapely.difference(part, reserved)
                room = outside if outside.area >= least else part
                if room.area < least:
                    continue
                biggest = max(shapely.get_parts(room).tolist(), key=lambda piece: float(piece.area))
                point = shapely.get_point(shapely.maximum_inscribed_circle(biggest), 0)
                x, y = self._page(point.x, point.y)
                text = safe_text(code)[:14]
                margin = 1.0 + 0.9 * len(text)
                x = min(max(x, _FRAME[0] + margin), _FRAME[2] - margin)
                y = min(max(y, _FRAME[1] + 2.4), _FRAME[3] - 2.4)
                plate = shapely.box(x - margin, y - 2.2, x + margin, y + 1.8)
                if any(plate.intersects(other) for other in taken):
                    continue
                taken.append(plate)
                yield Label(x, y + 1.0, text, 7.5, "middle", bold=True, halo=True)

    def _frame(self) -> Iterator[Area | Line | Label]:
        left, top, right, bottom = _FRAME
        x0, y0, x1, y1 = self.view.bounds
        outside = (0.0, 0.0, WIDTH_MM, HEIGHT_MM)
        yield Area(tuple(_around(outside, _FRAME)), _WHITE)
        yield from self._ticks("lon", (x0, y0), (x1, y0))
        yield from self._ticks("lat", (x0, y0), (x0, y1))
        yield Line(_box(left, top, right, bottom)[:1], _BLACK, 0.35)

    def _ticks(self, axis: str, start: Point, end: Point) -> Iterator[Line | Label]:
        """Mark round longitudes along the lower edge, round latitudes along the left one."""
        here, there = (self.to_lonlat(shapely.Point(p), work_crs_of(self.report)) for p in (start, end))
        low, high = (here.x, there.x) if axis == "lon" else (here.y, there.y)
        if not math.isfinite(low) or not math.isfinite(high) or high <= low:
            return
        step_s = next((step for step in _STEPS_S if (high - low) * 3600 / step <= 4), _STEPS_S[-1])
        decimals = 0 if step_s >= 1 else 2 if step_s == 0.05 else 1
        for k in range(math.ceil(low * 3600 / step_s), math.floor(high * 3600 / step_s) + 1):
            value = k * step_s / 3600
            along = (value - low) / (high - low)
            x, y = self._page(start[0] + along * (end[0] - start[0]), start[1] + along * (end[1] - start[1]))
            text = dms(value, axis, self.lang, decimals)
            if axis == "lon":
                yield Line((((x, y), (x, y - 1.8)),), _BLACK, 0.25)
                yield Label(min(max(x, 11.0), _FRAME[2] - 9), y + 3.0, text, 6.5, "middle")
            else:
                yield Line((((x, y), (x + 1.8, y)),), _BLACK, 0.25)
                if _FRAME[1] + 3 < y < _FRAME[3] - 2:
                    yield Label(x + 2.4, y + 0.8, text, 6.5, halo=True)

    def _legend(self, zones: Sequence[tuple[str, Any]]) -> Iterator[Area | Line | Label]:
        x, y = _FRAME[2] + 4.0, 4.0
        yield from self._north(x + 5.0)
        yield from self._scale_bar(x)
        y = 31.0
        yield Label(x, y, _LEGEND.pick(self.lang), 8, bold=True)
        symbols = list(self._symbol_rows())
        room = int((_FRAME[3] - y) / _ROW_MM) - len(symbols) - 1
        shown = zones if len(zones) <= room else zones[: room - 1]
        for word, items in symbols:
            y += _ROW_MM
            yield from _moved(items, x, y)
            yield Label(x + 8.5, y, word.pick(self.lang), 6.5)
        for code, _ in shown:
            y += _ROW_MM
            swatch = _box(x, y - 2.8, x + 6.5, y + 0.4)
            yield Area((swatch,), colour_of(code, self._given(code)))
            yield Line(swatch, _GREY, 0.15)
            yield Label(x + 8.5, y, self._named(code), 6.5)
        if len(shown) < len(zones):
            yield Label(x + 8.5, y + _ROW_MM, _MORE.pick(self.lang).format(len(zones) - len(shown)), 7)
        crs = work_crs_of(self.report)
        yield Label(WIDTH_MM, HEIGHT_MM - 1.0, f"{_WGS84.pick(self.lang)}; grid UTM {crs}", 6, "right")

    def _named(self, code: str) -> str:
        name = name_of(self.report, code)
        text = f"{code}  {name}" if name and name != code else code
        text = safe_text(text if code not in ("", "?") else _NO_ZONE.pick(self.lang))
        return text if len(text) <= 34 else text[:33] + "…"

    def _symbol_rows(self) -> Iterator[tuple[Text, list[Area | Line]]]:
        """Return the symbols that the map uses, each in a box of 6.5 x 3.2 mm whose lower left is (0, 0.4)."""
        box = _box(0, -2.8, 6.5, 0.4)
        stripes = tuple(((i * 1.5, 0.4), (i * 1.5 + 2.0, -2.8)) for i in range(4))
        site = self.report.site
        if site.parcel is not None:
            yield _PARCEL, [Line(box, _BLACK, 0.5)]
        if site.footprint is not None:
            yield (
                _FOOTPRINT,
                [Area((box,), _WHITE), Line(stripes, (70, 70, 70), 0.15), Line(box, _BLACK, 0.35)],
            )
        if site.existing is not None and not site.existing.is_empty:
            yield _EXISTING, [Area((box,), (205, 195, 185)), Line(box, _BROWN, 0.2)]
        if any(True for _ in self._setbacks()):
            yield _SETBACK, [Line((((0, -1.2), (6.5, -1.2)),), _BLUE, 0.5, 1.8)]
        if any(self._clipped(road.line, 1) for road in self.report.around.roads):
            yield _ROAD, [Line((((0, -1.2), (6.5, -1.2)),), _ASPHALT, 0.2, 2.4)]
        for outcome, word in _RESTRAINED.items():
            if any(a.outcome is outcome and self._clipped(a.geometry) for a in self._restrained()):
                yield word, [Line(box, _COLOUR_OF[outcome], 0.3, 0.8)]
        if self.report.approvable is not None:
            yield _CONFORMING, [Line(box, _GREEN, 0.9, 2.2)]
        if self.report.around.zones and self._bare_share() > 0.001:
            yield _UNCOVERED, [Area((box,), _PAPER), Line(box, _GREY, 0.15)]
        if self._clipped(self._adverse(Outcome.FAIL)):
            yield _REFUSED, [Line(stripes, _RED, 0.22), Line(box, _RED, 0.25)]
        if self._clipped(self._adverse(Outcome.UNDETERMINED)):
            leaning = tuple(((i * 1.5 + 2.0, 0.4), (i * 1.5, -2.8)) for i in range(4))
            yield _DOUBTED, [Line(leaning, _VIOLET, 0.22), Line(box, _VIOLET, 0.25)]

    def _bare_share(self) -> float:
        """Return the share of the frame that no zone covers."""
        covered = shapely.union_all([shape for _, shape in self._zones()])
        return float(1.0 - covered.area / self.view.area)

    def _north(self, x: float) -> Iterator[Area | Line | Label]:
        arrow: Ring = ((x, 1.0), (x + 2.4, 11.0), (x, 9.0), (x - 2.4, 11.0), (x, 1.0))
        half: Ring = ((x, 1.0), (x + 2.4, 11.0), (x, 9.0), (x, 1.0))
        yield Area(((half,),), _BLACK)
        yield Line((arrow,), _BLACK, 0.25)
        yield Label(x, 14.2, "U" if self.lang == "id" else "N", 8, "middle", bold=True)
        yield Label(x + 6.0, 6.0, _GRID_NORTH.pick(self.lang), 7)
        turned = self._convergence_deg()
        if turned is not None:
            side = _SIDES["E" if turned > 0 else "W"].pick(self.lang)
            shown = f"{abs(turned):.2f}".replace(".", "," if self.lang == "id" else ".")
            yield Label(x + 6.0, 9.4, _TRUE_NORTH.pick(self.lang).format(shown, side), 6)

    def _convergence_deg(self) -> float | None:
        """Return by how many degrees true north lies east of grid north in the middle of the map."""
        x0, y0, x1, y1 = self.view.bounds
        crs = work_crs_of(self.report)
        low, high = (
            self.to_lonlat(shapely.Point((x0 + x1) / 2, y), crs)
            for y in ((y0 + y1) / 2, (y0 + y1) / 2 + 1000.0)
        )
        if not all(math.isfinite(value) for point in (low, high) for value in (point.x, point.y)):
            return None
        bearing = math.degrees(math.atan2((high.x - low.x) * math.cos(math.radians(low.y)), high.y - low.y))
        return -bearing

    def _scale_bar(self, x: float) -> Iterator[Area | Line | Label]:
        whole_m = _round_length_m(38.0 * self.scale / 1000)
        half = whole_m * 500 / self.scale
        y = 20.0
        yield Area((_box(x, y, x + half, y + 1.4),), _BLACK)
        yield Line(_box(x, y, x + 2 * half, y + 1.4), _BLACK, 0.2)
        for k, value in enumerate((0.0, whole_m / 2, whole_m)):
            unit = " m" if k == 2 else ""
            yield Label(x + k * half, y - 0.9, self._plain(value) + unit, 6.5, "middle" if k else "left")
        number = self._plain(self.scale, grouped=True)
        yield Label(x, y + 5.0, _SCALE.pick(self.lang).format(number), 7, bold=True)

    def _plain(self, value: float, *, grouped: bool = False) -> str:
        text = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0").rstrip(".")
        text = text if grouped or value >= 10000 else text.replace(",", "")
        return text.translate(str.maketrans(",.", ".,")) if self.lang == "id" else text


def _round_length_m(most_m: float) -> float:
    """Return the longest of 1, 2, 5 x 10^n metres that is not longer than `most_m`."""
    power = 10.0 ** math.floor(math.log10(most_m))
    return float(next(step * power for step in (5, 2, 1) if step * power <= most_m))


def _box(x0: float, y0: float, x1: float, y1: float) -> tuple[Ring, ...]:
    return (((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)),)


def _around(
    outer: tuple[float, float, float, float], inner: tuple[float, float, float, float]
) -> Iterator[tuple[Ring, ...]]:
    """Return the sheet around the frame as one polygon with a hole: strokes end at the frame."""
    yield _box(*outer) + _box(*inner)


def _moved(items: Iterable[Area | Line], dx: float, dy: float) -> Iterator[Area | Line]:
    def ring(points: Ring) -> Ring:
        return tuple((x + dx, y + dy) for x, y in points)

    for item in items:
        if isinstance(item, Area):
            yield Area(tuple(tuple(ring(r) for r in polygon) for polygon in item.polygons), item.fill)
        else:
            yield Line(tuple(ring(r) for r in item.paths), item.colour, item.width_mm, item.dash_mm)
