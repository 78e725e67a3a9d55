"""A drawing as a PNG picture (Pillow), the same bytes for the same drawing."""

from __future__ import annotations

import io
import itertools

from kkpr_check.extras import need
from kkpr_check.report.drawing import Area, Drawing, Label, Line, Ring
from kkpr_check.report.fonts import font_file, in_font

DPI = 220
_OVER = 2
"""Drawn so many times larger and scaled down: smooth edges."""
_MM_PER_INCH = 25.4
_PT_PER_INCH = 72


def png(drawing: Drawing, extra: str) -> bytes:
    """Return the picture of a drawing."""
    return _Canvas(drawing, extra).bytes()


class _Canvas:
    def __init__(self, drawing: Drawing, extra: str) -> None:
        need("PIL", extra)
        from PIL import Image, ImageDraw, ImageFont

        self._image, self._draw_of, self._font_of = Image, ImageDraw, ImageFont
        self._files = {bold: str(font_file(extra, bold=bold)) for bold in (False, True)}
        self._known = _characters(self._files[False])
        self._per_mm = DPI * _OVER / _MM_PER_INCH
        size = (round(drawing.width_mm * self._per_mm), round(drawing.height_mm * self._per_mm))
        self._sheet = Image.new("RGB", size, "white")
        self._pen = ImageDraw.Draw(self._sheet)
        for item in drawing.items:
            if isinstance(item, Area):
                self._area(item)
            elif isinstance(item, Line):
                self._line(item)
            else:
                self._label(item)

    def bytes(self) -> bytes:
        """Return the finished picture."""
        width, height = self._sheet.size
        small = self._sheet.resize((width // _OVER, height // _OVER), self._image.Resampling.BOX)
        small = small.quantize(256, method=self._image.Quantize.FASTOCTREE, dither=self._image.Dither.NONE)
        stream = io.BytesIO()
        small.save(stream, "PNG", dpi=(DPI, DPI), optimize=True)
        return stream.getvalue()

    def _pixels(self, ring: Ring) -> list[tuple[float, float]]:
        return [(x * self._per_mm, y * self._per_mm) for x, y in ring]

    def _area(self, area: Area) -> None:
        for polygon in area.polygons:
            outer, *holes = (self._pixels(ring) for ring in polygon)
            if not holes:
                self._pen.polygon(outer, fill=area.fill)
                continue
            left, top = (int(min(point[i] for point in outer)) for i in (0, 1))
            right, bottom = (int(max(point[i] for point in outer)) + 2 for i in (0, 1))
            mask = self._image.new("1", (right - left, bottom - top))
            pen = self._draw_of.Draw(mask)
            for value, ring in ((1, outer), *((0, hole) for hole in holes)):
                pen.polygon([(x - left, y - top) for x, y in ring], fill=value)
            self._sheet.paste(area.fill, (left, top), mask)

    def _line(self, line: Line) -> None:
        width = max(1, round(line.width_mm * self._per_mm))
        for path in line.paths:
            points = self._pixels(path)
            pieces = _dashes(points, line.dash_mm * self._per_mm) if line.dash_mm else [points]
            for piece in pieces:
                self._pen.line(piece, fill=line.colour, width=width, joint="curve")

    def _label(self, label: Label) -> None:
        size = label.size_pt / _PT_PER_INCH * DPI * _OVER
        font = self._font_of.truetype(self._files[label.bold], size, layout_engine=self._font_of.Layout.BASIC)
        anchor = {"left": "ls", "middle": "ms", "right": "rs"}[label.anchor]
        place = (label.x_mm * self._per_mm, label.y_mm * self._per_mm)
        text = in_font(label.text, self._known)
        if label.halo:
            left, top, right, bottom = self._pen.textbbox(place, text, font=font, anchor=anchor)
            pad = 0.5 * self._per_mm
            self._pen.rectangle((left - pad, top - pad, right + pad, bottom + pad), fill="white")
        self._pen.text(place, text, fill=label.colour, font=font, anchor=anchor)


def _characters(path: str) -> set[int]:
    """Return the characters of a font, as Pillow can tell them: those drawn unlike the missing one."""
    from PIL import ImageFont

    font = ImageFont.truetype(path, 24, layout_engine=ImageFont.Layout.BASIC)
    lost = bytes(font.getmask("\U0010ffff"))
    codes = [*range(0x20, 0x250), *range(0x370, 0x530), *range(0x2000, 0x2300), 0x25CA]
    return {code for code in codes if bytes(font.getmask(chr(code))) != lost}


def _dashes(points: list[tuple[float, float]], dash: float) -> list[list[tuple[float, float]]]:
    """Cut a line into dashes with gaps half as long."""
    found: list[list[tuple[float, float]]] = []
    left, drawing = dash, True
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        at = 0.0
        while at < length:
            step = min(left, length - at)
            if drawing:
                found.append([
                    (x0 + (x1 - x0) * t / length, y0 + (y1 - y0) * t / length) for t in (at, at + step)
                ])  # fmt: skip
            at, left = at + step, left - step
            if left <= 1e-9:
                drawing = not drawing
                left = dash if drawing else dash * 0.6
    return found
