"""A document as DOCX (python-docx): real styles, repeated table headers, fields for the officer, fixed bytes."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
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
from kkpr_check.report.drawing import Rgb
from kkpr_check.report.raster import png
from kkpr_check.report.safe import safe_lines

EXTRA = "docx"
_TEXT_CM = 17.0
_FONT = "Arial"
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_LANGUAGES = {"id": "id-ID", "en": "en-GB"}
_ACCENT: Rgb = (31, 78, 95)


def dump(document: Document) -> bytes:
    """Return the document as the bytes of a DOCX file.

    Raises
    ------
    KkprError
        python-docx, Pillow or the font is not installed.
    """
    need("docx", EXTRA)
    stream = io.BytesIO()
    _Writer(document).file.save(stream)
    return _repacked(stream.getvalue())


def _repacked(data: bytes) -> bytes:
    """Return a zip file with the same members and no trace of when it was written."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, _ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, source.read(name))
    return out.getvalue()


class _Writer:
    def __init__(self, document: Document) -> None:
        import docx
        from docx.enum.text import WD_BREAK

        self.document = document
        self._page_end = WD_BREAK.PAGE
        self.file = docx.Document()
        self._fields = 0
        self._properties()
        self._styles()
        self._page()
        for block in document.blocks:
            self._write(block)

    def _properties(self) -> None:
        core = self.file.core_properties
        made = dt.datetime.combine(self.document.date, dt.time())
        core.title, core.author, core.comments = self.document.title, "kkpr-check", self.document.footer
        core.created = core.modified = made
        core.last_modified_by, core.revision = "kkpr-check", 1
        core.language = _LANGUAGES[self.document.lang]

    def _styles(self) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.oxml.ns import qn
        from docx.shared import Pt, RGBColor

        styles = self.file.styles
        normal = styles["Normal"]
        _set_font(normal, _FONT)
        normal.font.size = Pt(10)
        normal.paragraph_format.space_after = Pt(4)
        language = normal.element.get_or_add_rPr()
        tag = language.makeelement(qn("w:lang"), {qn("w:val"): _LANGUAGES[self.document.lang]})
        language.append(tag)
        for existing in styles.element.iter(qn("w:lang")):
            existing.set(qn("w:val"), _LANGUAGES[self.document.lang])
        for level, points, before in ((1, 13, 0), (2, 11, 12), (3, 10, 8)):
            style = styles[f"Heading {level}"]
            _set_font(style, _FONT)
            style.font.size, style.font.bold = Pt(points), True
            style.font.color.rgb = RGBColor(*_ACCENT)
            style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(4)
        styles["Heading 1"].paragraph_format.alignment = 1
        for name, size, italic in (
            ("KKPR Note", 8.5, True),
            ("KKPR Table", 8.5, False),
            ("KKPR Table Head", 8.5, False),
        ):
            style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = normal
            style.font.size, style.font.italic = Pt(size), italic
            style.font.bold = name.endswith("Head") or None
            style.paragraph_format.space_after = Pt(4 if italic else 0)
        warning = styles.add_style("KKPR Warning", WD_STYLE_TYPE.PARAGRAPH)
        warning.base_style, warning.font.bold = normal, True
        warning.font.color.rgb = RGBColor(170, 0, 0)
        caption = styles["Caption"]
        _set_font(caption, _FONT)
        caption.font.size, caption.font.bold = Pt(8.5), False
        caption.font.color.rgb = RGBColor(0, 0, 0)
        caption.paragraph_format.alignment = 1
        styles["List Bullet"].paragraph_format.space_after = Pt(2)

    def _page(self) -> None:
        from docx.shared import Cm

        section = self.file.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.0)
        section.top_margin, section.bottom_margin = Cm(2.0), Cm(1.8)
        section.header_distance = section.footer_distance = Cm(1.0)
        section.header.paragraphs[0].text = self.document.header
        section.header.paragraphs[0].style = self.file.styles["KKPR Note"]
        foot = section.footer.paragraphs[0]
        foot.style = self.file.styles["KKPR Note"]
        foot.add_run(self.document.footer + " \u00b7 ")
        before, _, rest = self.document.page_words.partition("{page}")
        between, _, after = rest.partition("{pages}")
        foot.add_run(before)
        _add_field(foot, "PAGE")
        foot.add_run(between)
        _add_field(foot, "NUMPAGES")
        foot.add_run(after)

    def _write(self, block: Block) -> None:
        match block:
            case Heading(level, text):
                self.file.add_heading(_safe(text), level)
            case Paragraph(text, kind):
                style = {"item": "List Bullet", "note": "KKPR Note", "warning": "KKPR Warning"}.get(
                    kind, "Normal"
                )
                self.file.add_paragraph(_safe(text), style)
            case Banner():
                self._banner(block)
            case Table():
                self._table(block)
            case Form():
                self._form(block)
            case Picture():
                self._picture(block)
            case Signature(lines):
                self._signature(lines)
            case PageBreak():
                self.file.add_paragraph().add_run().add_break(self._page_end)

    def _banner(self, banner: Banner) -> None:
        from docx.shared import Pt

        table = self._grid(1, (1.0,))
        cell = table.rows[0].cells[0]
        _shade(cell, banner.fill)
        first = cell.paragraphs[0]
        run = first.add_run(_safe(banner.text.upper()))
        run.bold, run.font.size = True, Pt(13)
        for line in banner.below.split("\n"):
            cell.add_paragraph(_safe(line), "KKPR Table")
        self._gap()

    def _grid(self, rows: int, widths: Sequence[float]) -> Any:
        from docx.shared import Cm

        table = self.file.add_table(rows, len(widths), "Table Grid")
        table.autofit = False
        total = sum(widths)
        for column, share in zip(table.columns, widths, strict=True):
            column.width = Cm(_TEXT_CM * share / total)
        for row in table.rows:
            for cell, share in zip(row.cells, widths, strict=True):
                cell.width = Cm(_TEXT_CM * share / total)
            _keep_whole(row)
        return table

    def _table(self, table: Table) -> None:
        grid = self._grid(len(table.rows) + 1, table.widths)
        rows = grid.rows
        _repeat(rows[0])
        for cell, text in zip(rows[0].cells, table.header, strict=True):
            _shade(cell, (222, 230, 236))
            cell.paragraphs[0].style = self.file.styles["KKPR Table Head"]
            cell.paragraphs[0].add_run(_safe(text))
        for row, cells in zip(list(rows)[1:], table.rows, strict=True):
            for place, cell, align in zip(row.cells, cells, table.align, strict=True):
                self._fill(place, cell, align)
        self._gap()

    def _form(self, form: Form) -> None:
        grid = self._grid(len(form.rows), (5.5, 11.5))
        for row, (label, cell) in zip(grid.rows, form.rows, strict=True):
            _shade(row.cells[0], (240, 243, 246))
            self._fill(row.cells[0], Cell(label), "left")
            self._fill(row.cells[1], cell, "left")
        self._gap()

    def _fill(self, place: Any, cell: Cell, align: str) -> None:
        from docx.shared import RGBColor

        paragraph = place.paragraphs[0]
        paragraph.style = self.file.styles["KKPR Table"]
        paragraph.alignment = {"left": 0, "center": 1, "right": 2}[align]
        if cell.fill is not None:
            _shade(place, cell.fill)
        if isinstance(cell.text, Blank):
            self._blank(paragraph, cell.text)
            return
        for k, line in enumerate(cell.text.split("\n")):
            run = paragraph.add_run(_safe(line))
            run.bold = cell.bold or None
            if cell.ink != (0, 0, 0):
                run.font.color.rgb = RGBColor(*cell.ink)
            if k < cell.text.count("\n"):
                run.add_break()

    def _blank(self, paragraph: Any, blank: Blank) -> None:
        """Add a content control that shows a hint until the officer types into it."""
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls
        from docx.oxml.text.run import CT_Text

        self._fields += 1
        control = parse_xml(
            f'<w:sdt {nsdecls("w")}><w:sdtPr><w:id w:val="{7000 + self._fields}"/><w:showingPlcHdr/><w:text/></w:sdtPr>'
            '<w:sdtContent><w:r><w:rPr><w:color w:val="767676"/></w:rPr><w:t xml:space="preserve"/></w:r>'
            "</w:sdtContent></w:sdt>"
        )
        for text in control.iter():
            if isinstance(text, CT_Text):
                text.text = _safe(blank.hint)
        paragraph._p.append(control)

    def _picture(self, picture: Picture) -> None:
        from docx.shared import Cm

        stream = io.BytesIO(png(picture.drawing, EXTRA))
        shape = self.file.add_picture(stream, width=Cm(picture.drawing.width_mm / 10))
        properties = shape._inline.docPr
        properties.set("descr", _safe(picture.alt))
        properties.set("title", _safe(picture.caption))
        self.file.paragraphs[-1].paragraph_format.keep_with_next = True
        self.file.add_paragraph(_safe(picture.caption), "Caption")

    def _signature(self, lines: Sequence[str | Blank]) -> None:
        from docx.shared import Cm

        for line in lines:
            paragraph = self.file.add_paragraph()
            paragraph.paragraph_format.left_indent = Cm(10)
            paragraph.paragraph_format.keep_with_next = True
            if isinstance(line, Blank):
                self._blank(paragraph, line)

    def _gap(self) -> None:
        from docx.shared import Pt

        paragraph = self.file.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(0)
        paragraph.paragraph_format.line_spacing = Pt(6)


def _safe(text: str) -> str:
    """Return text that XML can hold: no control characters, no surrogates, no non-characters."""
    return "".join("\ufffd" if ord(c) in (0xFFFE, 0xFFFF) else c for c in safe_lines(text))


def _set_font(style: Any, name: str) -> None:
    from docx.oxml.ns import qn

    style.font.name = name
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for key in list(fonts.attrib):
        if key.endswith("Theme"):
            del fonts.attrib[key]
    for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), name)


def _add_field(paragraph: Any, code: str) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    paragraph._p.append(
        parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr="{code}"><w:r><w:t>1</w:t></w:r></w:fldSimple>')
    )


def _shade(cell: Any, colour: Rgb) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    properties = cell._tc.get_or_add_tcPr()
    properties.append(
        parse_xml(
            f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{bytes(colour).hex().upper()}"/>'
        )
    )


def _keep_whole(row: Any) -> None:
    """Keep a row on one page."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _repeat(row: Any) -> None:
    """Repeat a header row on every page."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
