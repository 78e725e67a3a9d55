"""A document as PDF/A-2b (fpdf2): embedded font, sRGB output intent, fixed dates and identifier, the map as vectors."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Any

from kkpr_check.extras import need
from kkpr_check.report.document import (
    Banner,
    Blank,
    Block,
    Cell,
    Document,
    Form,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    Signature,
    Table,
)
from kkpr_check.report.drawing import Area, Drawing, Label, Line, Rgb
from kkpr_check.report.fonts import font_file, in_font
from kkpr_check.report.safe import safe_lines

EXTRA = "pdf"
_MARGIN_MM = 20.0
_TEXT_MM = 170.0
_FONT = "PTSans"
_GREY: Rgb = (110, 110, 110)
_ACCENT: Rgb = (31, 78, 95)
_SIZES = {1: 14, 2: 11.5, 3: 10}
_SHADE: Rgb = (222, 230, 236)
_WHITE: Rgb = (255, 255, 255)
_LABEL_SHADE: Rgb = (240, 243, 246)
_MM_PER_PT = 25.4 / 72
_PRODUCER = "kkpr-check (fpdf2)"
_XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<rdf:Description rdf:about="" xmp:CreatorTool="kkpr-check" xmp:CreateDate="{date}" xmp:ModifyDate="{date}"
 xmp:MetadataDate="{date}" pdf:Producer="{producer}">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>kkpr-check</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta>"""
"""What fpdf2 would write itself carries the time of the run."""
_ROW_LINES = 45
"""A row of a table with more lines is cut: fpdf2 keeps a row on one page."""
_SHORT = 200
"""Text of fewer characters fits in so many lines of any column."""


def dump(document: Document) -> bytes:
    """Return the document as the bytes of a PDF/A-2b file.

    Raises
    ------
    KkprError
        fpdf2 or the font is not installed.
    """
    need("fpdf", EXTRA)
    return _Writer(document).bytes()


def _sheet(document: Document, known: set[int]) -> Any:
    """Return an empty fpdf2 document whose pages carry the header and the page number."""
    import fpdf

    class Sheet(fpdf.FPDF):
        def header(self) -> None:
            self.set_font(_FONT, "", 8)
            self.set_text_color(*_GREY)
            self.set_xy(_MARGIN_MM, 10)
            self.cell(text=in_font(document.header, known))
            self.set_text_color(0, 0, 0)
            self.set_xy(_MARGIN_MM, _MARGIN_MM)

        def footer(self) -> None:
            self.set_font(_FONT, "", 8)
            self.set_text_color(*_GREY)
            self.set_xy(_MARGIN_MM, -14)
            count = document.page_words.format(page=self.page_no(), pages="{nb}")
            self.cell(text=in_font(f"{document.footer} \u00b7 {count}", known))
            self.set_text_color(0, 0, 0)

    return Sheet(enforce_compliance="PDF/A-2B")


class _Writer:
    def __init__(self, document: Document) -> None:
        self._known: set[int] = set()
        self.pdf = pdf = _sheet(document, self._known)
        pdf.add_font(_FONT, "", font_file(EXTRA))
        pdf.add_font(_FONT, "B", font_file(EXTRA, bold=True))
        self._known |= set(pdf.fonts[_FONT.lower()].cmap)
        pdf.set_creation_date(dt.datetime.combine(document.date, dt.time(), dt.UTC))
        pdf.set_title(self._safe(document.title))
        pdf.set_author("kkpr-check")
        pdf.set_producer(_PRODUCER)
        pdf.set_creator("kkpr-check")
        pdf.set_lang({"id": "id-ID", "en": "en-GB"}[document.lang])
        pdf.set_xmp_metadata(_metadata(self._safe(document.title), pdf.creation_date))
        pdf.set_display_mode("default")
        pdf.set_margins(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
        pdf.set_auto_page_break(True, margin=18)
        pdf.add_page()
        for block in document.blocks:
            self._write(block)

    def bytes(self) -> bytes:
        """Return the finished file."""
        try:
            return bytes(self.pdf.output())
        finally:
            for font in self.pdf.fonts.values():
                font.ttfont.close()

    def _safe(self, text: str) -> str:
        return in_font(safe_lines(text), self._known)

    def _write(self, block: Block) -> None:
        match block:
            case Heading():
                self._heading(block)
            case Paragraph():
                self._paragraph(block)
            case Banner():
                self._banner(block)
            case Table(header, rows, widths, align):
                self._grid([header], rows, widths, align)
            case Form(rows):
                cells = [(Cell(label, fill=_LABEL_SHADE), cell) for label, cell in rows]
                self._grid([], cells, (5.5, 11.5), ("left", "left"))
            case Picture():
                self._picture(block)
            case Signature(lines):
                self._signature(lines)
            case PageBreak():
                self.pdf.add_page()

    def _room(self, height_mm: float) -> None:
        """Begin a new page where less than this is left."""
        if self.pdf.get_y() + height_mm > self.pdf.h - 18 and self.pdf.get_y() > _MARGIN_MM + 1:
            self.pdf.add_page()

    def _heading(self, heading: Heading) -> None:
        pdf = self.pdf
        self._room({1: 40, 2: 52, 3: 24}[heading.level])
        pdf.ln({1: 0, 2: 4, 3: 2}[heading.level])
        text = self._safe(heading.text)
        pdf.start_section(text[:120], level=heading.level - 1, strict=False)
        pdf.set_font(_FONT, "B", _SIZES[heading.level])
        pdf.set_text_color(*_ACCENT)
        pdf.multi_cell(
            _TEXT_MM, text=text, align="C" if heading.level == 1 else "L", new_x="LMARGIN", new_y="NEXT"
        )
        pdf.set_text_color(0, 0, 0)
        pdf.ln(1.5)

    def _paragraph(self, paragraph: Paragraph) -> None:
        pdf, kind = self.pdf, paragraph.kind
        pdf.set_font(_FONT, "B" if kind == "warning" else "", 8.5 if kind == "note" else 10)
        if kind == "warning":
            pdf.set_text_color(170, 0, 0)
        text, high = self._safe(paragraph.text), 4.0 if kind == "note" else 4.7
        if kind == "item":
            pdf.set_x(_MARGIN_MM)
            pdf.cell(5, high, text="\u2022", align="C")
            pdf.multi_cell(_TEXT_MM - 5, high, text=text, align="L", new_x="LMARGIN", new_y="NEXT")
        else:
            pdf.multi_cell(
                _TEXT_MM,
                high,
                text=text,
                align="C" if kind == "center" else "L",
                new_x="LMARGIN",
                new_y="NEXT",
            )
        pdf.set_text_color(0, 0, 0)
        pdf.ln(1)

    def _banner(self, banner: Banner) -> None:
        pdf = self.pdf
        pdf.ln(1)
        pdf.set_fill_color(*banner.fill)
        pdf.set_draw_color(*_GREY)
        pdf.set_line_width(0.2)
        pdf.set_font(_FONT, "B", 13)
        pdf.multi_cell(_TEXT_MM, text=self._safe(banner.text.upper()), fill=True, padding=(2, 3, 0.5, 3), border="LTR",
                       align="L", new_x="LMARGIN", new_y="NEXT")  # fmt: skip
        pdf.set_font(_FONT, "", 9)
        pdf.multi_cell(_TEXT_MM, 4.3, text=self._safe(banner.below), fill=True, padding=(0.5, 3, 2, 3), border="LBR",
                       align="L", new_x="LMARGIN", new_y="NEXT")  # fmt: skip
        pdf.ln(2)

    def _grid(
        self, header: Sequence[Sequence[str]], rows: Sequence[Sequence[Cell]], widths: Sequence[float],
        align: Sequence[str],
    ) -> None:  # fmt: skip
        from fpdf.fonts import FontFace

        pdf = self.pdf
        pdf.set_font(_FONT, "", 8.5)
        pdf.set_draw_color(*_GREY)
        pdf.set_line_width(0.15)
        sides = {"left": "LEFT", "right": "RIGHT", "center": "CENTER"}
        with pdf.table(
            width=_TEXT_MM, col_widths=tuple(widths), text_align=tuple(sides[a] for a in align), padding=(0.7, 1.2),
            line_height=4.0, first_row_as_headings=bool(header), align="LEFT", v_align="TOP",
            headings_style=FontFace(emphasis="BOLD", fill_color=_SHADE),
        ) as table:  # fmt: skip
            for names in header:
                row = table.row()
                for name in names:
                    row.cell(self._safe(name), align="LEFT")
            for cells in (part for row in rows for part in self._on_pages(row, widths)):
                row = table.row()
                for cell in cells:
                    hint = isinstance(cell.text, Blank)
                    style = FontFace(
                        emphasis="BOLD" if cell.bold else None, fill_color=cell.fill or _WHITE, color=_GREY if hint else cell.ink
                    )  # fmt: skip
                    row.cell(
                        self._safe(cell.text.hint if isinstance(cell.text, Blank) else cell.text), style=style
                    )
        pdf.ln(2)

    def _on_pages(self, cells: Sequence[Cell], widths: Sequence[float]) -> Iterator[Sequence[Cell]]:
        """Return a row as one or more rows, none of them higher than a page."""
        columns = [
            self._lines(cell, _TEXT_MM * share / sum(widths) - 4)
            for cell, share in zip(cells, widths, strict=True)
        ]
        highest = max(len(lines) for lines in columns)
        if highest <= _ROW_LINES:
            yield cells
            return
        for start in range(0, highest, _ROW_LINES):
            yield [
                replace(
                    cell,
                    text="\n".join(lines[start : start + _ROW_LINES])
                    if lines
                    else cell.text
                    if start == 0
                    else "",
                )
                for cell, lines in zip(cells, columns, strict=True)
            ]

    def _lines(self, cell: Cell, width_mm: float) -> list[str]:
        """Return the lines that a long text breaks into; none for a short one."""
        if isinstance(cell.text, Blank) or len(cell.text) < _SHORT:
            return []
        self.pdf.set_font(_FONT, "B" if cell.bold else "", 8.5)
        lines: list[str] = self.pdf.multi_cell(
            width_mm, text=self._safe(cell.text), dry_run=True, output="LINES"
        )
        self.pdf.set_font(_FONT, "", 8.5)
        return lines

    def _signature(self, lines: Sequence[str | Blank]) -> None:
        pdf = self.pdf
        self._room(6.0 * len(lines) + 4)
        pdf.ln(4)
        pdf.set_font(_FONT, "", 10)
        for line in lines:
            hint = isinstance(line, Blank)
            pdf.set_text_color(*(_GREY if hint else (0, 0, 0)))
            pdf.set_x(_MARGIN_MM + 100)
            pdf.cell(
                70,
                6,
                text=self._safe(line.hint if isinstance(line, Blank) else line),
                new_x="LMARGIN",
                new_y="NEXT",
            )
        pdf.set_text_color(0, 0, 0)

    def _picture(self, picture: Picture) -> None:
        pdf = self.pdf
        self._room(picture.drawing.height_mm + 8)
        top = pdf.get_y()
        self._drawing(picture.drawing, _MARGIN_MM, top)
        pdf.set_xy(_MARGIN_MM, top + picture.drawing.height_mm + 1)
        pdf.set_font(_FONT, "", 8.5)
        pdf.cell(_TEXT_MM, text=self._safe(picture.caption), align="C", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(2)

    def _drawing(self, drawing: Drawing, left: float, top: float) -> None:
        for item in drawing.items:
            if isinstance(item, Area):
                self._area(item, left, top)
            elif isinstance(item, Line):
                self._line(item, left, top)
            else:
                self._label(item, left, top)

    def _area(self, area: Area, left: float, top: float) -> None:
        with self.pdf.new_path() as path:
            path.style.fill_color = _hex(area.fill)
            path.style.stroke_color = None
            path.style.paint_rule = "fill_evenodd"
            path.style.fill_opacity = path.style.stroke_opacity = None
            for polygon in area.polygons:
                for ring in polygon:
                    _trace(path, ring, left, top, closed=True)

    def _line(self, line: Line, left: float, top: float) -> None:
        if not line.paths:
            return
        with self.pdf.new_path() as path:
            path.style.stroke_color = _hex(line.colour)
            path.style.fill_color = None
            path.style.paint_rule = "stroke"
            path.style.stroke_width = line.width_mm
            path.style.stroke_cap_style = "butt"
            path.style.stroke_join_style = "round"
            path.style.auto_close = False  # an outline that the frame cut stays open
            if line.dash_mm:
                path.style.stroke_dash_pattern = (line.dash_mm, line.dash_mm * 0.6)
            path.style.fill_opacity = path.style.stroke_opacity = None
            for ring in line.paths:
                _trace(path, ring, left, top, closed=len(ring) > 2 and ring[0] == ring[-1])

    def _label(self, label: Label, left: float, top: float) -> None:
        pdf = self.pdf
        pdf.set_font(_FONT, "B" if label.bold else "", label.size_pt)
        text = self._safe(label.text)
        width = pdf.get_string_width(text)
        x = left + label.x_mm - {"left": 0.0, "middle": width / 2, "right": width}[label.anchor]
        y = top + label.y_mm
        if label.halo:
            high = label.size_pt * _MM_PER_PT
            pdf.set_fill_color(255, 255, 255)
            pdf.rect(x - 0.5, y - high * 0.85, width + 1.0, high * 1.15, style="F")
        pdf.set_text_color(*label.colour)
        pdf.text(x, y, text)
        pdf.set_text_color(0, 0, 0)


def _metadata(title: str, date: dt.datetime) -> str:
    return _XMP.format(title=escape(title), date=date.isoformat(timespec="seconds"), producer=_PRODUCER)


def _trace(path: Any, ring: Sequence[tuple[float, float]], left: float, top: float, *, closed: bool) -> None:
    points = ring[:-1] if closed and ring[0] == ring[-1] else ring
    if len(points) < 2 or not all(math.isfinite(value) for point in points for value in point):
        return
    path.move_to(left + points[0][0], top + points[0][1])
    for x, y in points[1:]:
        path.line_to(left + x, top + y)
    if closed:
        path.close()


def _hex(colour: Rgb) -> str:
    return "#" + bytes(colour).hex()
