"""The review as DOCX and PDF/A: the JSON's figures, one source for both, archivable, fixed bytes, hostile texts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import report_values as values
import shapely
from cli_harness import process
from test_same_numbers import docx_text, pdf_text, squeezed

from kkpr_check import checking
from kkpr_check.errors import KkprError, Text
from kkpr_check.extras import need
from kkpr_check.model import Outcome, Report, Scene
from kkpr_check.report import json, render, sitemap, words
from kkpr_check.report.drawing import Area, Drawing, Label, Line
from kkpr_check.report.fonts import SUBSTITUTE, in_font

docx = pytest.importorskip("docx", reason="extra [docx]")
pypdf = pytest.importorskip("pypdf", reason="test group")
pytest.importorskip("fpdf", reason="extra [pdf]")

ROOT = Path(__file__).parents[1]
AS_OF = dt.date(2026, 11, 24)
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("0?-*.geojson"))
LOCAL = (values.EAST + 50, values.NORTH - 60, values.EAST + 90, values.NORTH + 100)
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
HOSTILE = "=cmd|'/c calc'!A1 ]]></w:t> \x00\x07\x1b[31m \u202eevil\u202c \ud800 \uffff 中文 🙂 " + "x" * 5000


def reports_of(example: str) -> tuple[Report, ...]:
    plans = (str(ROOT / "data" / "sample"), str(ROOT / "data" / "sample-rtrw"))
    site = str(ROOT / "examples" / f"{example}.geojson")
    return checking.run(checking.CheckRequest(site=site, plans=plans, as_of=AS_OF))


def written(reports: Any, fmt: str, lang: str = "id", to_lonlat: Any = checking.to_lonlat) -> bytes:
    data = render(reports, fmt, lang, as_of=AS_OF, to_lonlat=to_lonlat)
    assert isinstance(data, bytes)
    return data


def docx_cells(data: bytes) -> list[str]:
    """Return the text of every table cell, content controls included."""
    file = docx.Document(io.BytesIO(data))
    w = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    return [
        "".join(node.text or "" for node in cell.iter(f"{w}t")) for cell in file.element.body.iter(f"{w}tc")
    ]


@pytest.mark.parametrize(
    ("example", "lang"), [*((e, "id") for e in EXAMPLES), ("03-partial", "en"), ("08-land", "en")]
)
def test_both_formats_say_the_same(example: str, lang: str) -> None:
    """Their figures are those of the JSON: test_same_numbers.py."""
    reports = reports_of(example)
    as_docx, as_pdf = written(reports, "docx", lang), written(reports, "pdf", lang)
    in_docx, in_pdf = squeezed(docx_text(as_docx)), squeezed(pdf_text(as_pdf))
    for report in reports:
        for told in (words.VERDICTS[report.verdict], words.DISCLAIMER):
            wanted = squeezed(told.pick(lang)).casefold()
            assert wanted in in_docx.casefold() and wanted in in_pdf.casefold(), told
    known = {*range(32, 0x250), *map(ord, "≤≥−–—‘’“”…•²³°½×◊\u00a0")}
    cells = [squeezed(in_font(cell, known)) for cell in docx_cells(as_docx)]
    assert len(cells) > 100
    assert [cell for cell in cells if cell not in in_pdf and len(cell) < 60] == []


def test_every_share_of_an_area_has_its_square_metres() -> None:
    [report] = reports_of("08-land")
    found = {f["rule"]: f for f in json.document(report, "en", checking.to_lonlat, AS_OF)["findings"]}
    base = found["INT005"]["measured"]
    for rule in ("INT001", "INT002", "INT003", "INT004"):
        assert found[rule]["limit_m2"] == pytest.approx(found[rule]["limit"] * base, rel=1e-5)
    assert "250.62 m" in found["INT001"]["message"] and f"{found['INT001']['limit_m2']:.2f}" == "250.62"
    assert found["TAB001"]["limit_m2"] is None


@pytest.mark.parametrize("fmt", ["docx", "pdf"])
def test_the_same_report_has_the_same_bytes(fmt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = reports_of("03-partial")
    first = written(reports, fmt)
    monkeypatch.setenv("TZ", "Asia/Makassar")
    assert written(reports_of("03-partial"), fmt) == first
    assert written(reports_of("01-conform"), fmt) != first


def test_the_pdf_is_pdf_a_2b() -> None:
    pikepdf = pytest.importorskip("pikepdf", reason="test group")
    pdfa = pytest.importorskip("pikepdf.pdfa", reason="test group")
    for example in ("04-nonconform", "06-several"):
        with pikepdf.open(io.BytesIO(written(reports_of(example), "pdf"))) as pdf:
            found = pdfa.check(pdf, "2b").findings
            # the opening view is a destination, which the standard allows and the checker does not know
            assert [f for f in found if not (f.kind == "unsupported" and "OpenAction" in f.where)] == []
            assert isinstance(pdf.Root.OpenAction, pikepdf.Array)
            assert not pdf.is_encrypted and "/AcroForm" not in pdf.Root and "/Names" not in pdf.Root
            assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1" and str(pdf.Root.Lang) == "id-ID"
            fonts = [f for page in pdf.pages for f in page.resources.get("/Font", {}).values()]
            assert fonts
            for font in fonts:
                assert "/FontFile2" in font.DescendantFonts[0].FontDescriptor


def test_the_docx_is_made_of_styles_and_fields_and_can_be_read_aloud() -> None:
    data = written(reports_of("03-partial"), "docx")
    file = docx.Document(io.BytesIO(data))
    headings = [p.text for p in file.paragraphs if p.style.name == "Heading 2"]
    assert [text.partition(".")[0] for text in headings[:10]] == list(ROMAN)
    xml = file.element.xml
    assert xml.count("<w:tblHeader/>") >= 8 and xml.count("<w:showingPlcHdr/>") >= 10
    assert 'w:instr="PAGE"' in file.sections[0].footer._element.xml
    assert 'w:val="id-ID"' in file.styles.element.xml
    [picture] = file.inline_shapes
    described = picture._inline.docPr.get("descr")
    assert "1:600" in described and "K-2" in described and "Sesuai sebagian" in described
    assert file.core_properties.created == dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    names = zipfile.ZipFile(io.BytesIO(data)).infolist()
    assert {info.date_time for info in names} == {(1980, 1, 1, 0, 0, 0)}


def test_the_officer_decides() -> None:
    for lang in ("id", "en"):
        text = docx_text(written(reports_of("01-conform"), "docx", lang)).casefold()
        assert "disetujui" not in text and "approved" not in text
        assert "nip" in text


def hostile() -> Report:
    report = values.failing()
    site = dataclasses.replace(report.site, id=HOSTILE, candidates=(HOSTILE, "B"))
    findings = tuple(
        dataclasses.replace(f, message=Text(HOSTILE, HOSTILE), legal=HOSTILE, zone="\x01<R&2>\u202e")
        for f in report.findings
    )
    provenance = {**report.provenance, "repairs": [Text(HOSTILE, HOSTILE)] * 50}
    return dataclasses.replace(
        report, site=site, findings=findings, provenance=provenance,
        around=Scene((("<R&2>\x00中", values.PARCEL.buffer(60)), ("", values.PARCEL.buffer(10)))),
    )  # fmt: skip


def test_hostile_texts_break_nothing() -> None:
    reports = [hostile(), values.failing()]
    as_docx = written(reports, "docx", to_lonlat=values.to_lonlat)
    as_pdf = written(reports, "pdf", to_lonlat=values.to_lonlat)
    shown = docx_text(as_docx)
    assert "=cmd|'/c calc'!A1 ]]></w:t>" in shown and "中文" in shown
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202e\ud800-\udfff\uffff]", shown)
    text = pdf_text(as_pdf)
    assert "=cmd|'/c calc'!A1" in text and SUBSTITUTE in text


def test_sites_without_an_outline_or_a_plan_are_told_too(tmp_path: Path) -> None:
    away = tmp_path / "away.geojson"
    ring = [[[110.0, -7.0], [110.001, -7.0], [110.001, -7.001], [110.0, -7.001], [110.0, -7.0]]]
    feature = {
        "type": "Feature",
        "properties": {"id": "away"},
        "geometry": {"type": "Polygon", "coordinates": ring},
    }
    away.write_text(json.encode(feature))
    request = checking.CheckRequest(parcel=str(away), plans=(str(ROOT / "data" / "sample"),), as_of=AS_OF)
    point = checking.CheckRequest(
        point="-9.4481,124.4766", plans=(str(ROOT / "data" / "sample"),), as_of=AS_OF
    )
    for reports in (checking.run(request), checking.run(point)):
        for fmt, text_of in (("docx", docx_text), ("pdf", pdf_text)):
            text = squeezed(text_of(written(reports, fmt)))
            assert "PERLUVERIFIKASI" in text and squeezed(words.DISCLAIMER.id) in text


def drawn(report: Report, lang: str = "en") -> Drawing:
    drawing = sitemap.draw(report, lang, values.to_lonlat)
    assert drawing is not None
    return drawing


@pytest.mark.parametrize("size_m", [3.0, 6.5, 45.0, 311.0, 2000.0, 40_000.0])
def test_a_site_of_any_size_fills_its_map(size_m: float) -> None:
    parcel = shapely.box(values.EAST, values.NORTH, values.EAST + size_m, values.NORTH + size_m)
    report = dataclasses.replace(
        values.failing(),
        site=dataclasses.replace(values.failing().site, parcel=parcel, footprint=None),
        around=Scene((("R-3", parcel.buffer(size_m * 50)),)), findings=(), approvable=None,
    )  # fmt: skip
    drawing = drawn(report)
    outline = max(
        (item for item in drawing.items if isinstance(item, Line) and item.width_mm == 0.5),
        key=lambda i: len(i.paths),
    )
    xs = [x for x, _ in outline.paths[0]]
    assert 40 < max(xs) - min(xs) < 82
    labels = [item.text for item in drawing.items if isinstance(item, Label)]
    assert any(text.startswith("Scale 1 : ") for text in labels) and "R-3" in labels
    ticks = [text for text in labels if text.endswith((" E", " S"))]
    assert 2 <= len(ticks) <= 10 and len(set(ticks)) == len(ticks)
    for item in drawing.items:
        rings = (
            item.paths if isinstance(item, Line) else sum(item.polygons, ()) if isinstance(item, Area) else ()
        )
        for ring in rings:
            for x, y in ring:
                assert -0.01 <= x <= drawing.width_mm + 0.01 and -0.01 <= y <= drawing.height_mm + 0.01


def test_the_picture_has_the_official_colours_holes_and_refused_parts() -> None:
    from PIL import Image

    from kkpr_check.report.raster import png

    inner = shapely.box(values.EAST + 8, values.NORTH + 8, values.EAST + 32, values.NORTH + 42)
    around = values.PARCEL.buffer(80).difference(inner)
    refused = shapely.box(values.EAST, values.NORTH, values.EAST + 40, values.NORTH + 8)
    report = dataclasses.replace(
        values.failing(),
        site=dataclasses.replace(values.failing().site, footprint=None),
        around=Scene(
            zones=(("R-3", around), ("K-2", inner), ("LOCAL", shapely.box(*LOCAL))),
            zone_colours=(("LOCAL", "1,2,3"),),
        ),
        findings=(values.finding("KGT001", "use-prohibited", Outcome.FAIL, witness=refused),),
    )  # fmt: skip
    image = Image.open(io.BytesIO(png(drawn(report), "docx"))).convert("RGB")
    per_mm = image.width / sitemap.WIDTH_MM
    scale, view = sitemap.view_of(values.PARCEL)
    x0, _, _, y1 = view.bounds

    def colour(x: float, y: float) -> tuple[int, int, int]:
        place = ((0.4 + (x - x0) * 1000 / scale) * per_mm, (0.4 + (y1 - y) * 1000 / scale) * per_mm)
        pixel = image.getpixel((int(place[0]), int(place[1])))
        assert isinstance(pixel, tuple)
        return pixel[0], pixel[1], pixel[2]

    def near(found: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
        return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 12

    east, north = values.EAST, values.NORTH
    assert near(colour(east + 3, north + 25), (255, 240, 5)), "R-3"
    assert near(colour(east + 12, north + 40), (255, 130, 130)), "K-2 lies in the hole"
    assert near(colour(east + 55, north + 20), (1, 2, 3)), "the plan's own colour"
    strip = [colour(east + 2 + i * 0.1, north + 3) for i in range(300)]
    assert any(near(pixel, (200, 0, 0)) for pixel in strip), "the refused part is hatched"
    assert sitemap.colour_of("ZZZ-9") == (225, 225, 225)


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    def absent(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(KkprError) as caught:
        need("fpdf", "pdf")
    assert "pip install 'kkpr-check[pdf]'" in caught.value.render("en")


@pytest.mark.parametrize("fmt", ["docx", "pdf"])
def test_on_the_command_line(fmt: str, tmp_path: Path) -> None:
    output = tmp_path / f"review.{fmt}"
    site, plan = str(ROOT / "examples" / "01-conform.geojson"), str(ROOT / "data" / "sample")
    arguments = ("check", site, "--plan", plan, "--as-of", "2026-11-24")
    done = process(*arguments, "--output", str(output))
    assert done.returncode == 0, done.stderr
    assert output.read_bytes().startswith(b"PK" if fmt == "docx" else b"%PDF-1.7")
    piped = process(*arguments, "--format", fmt, KKPR_LANG="en")
    assert piped.returncode == 0 and piped.stdout == output.read_bytes()


@pytest.mark.parametrize("fmt", ["docx", "pdf"])
def test_a_terminal_gets_no_bytes(fmt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kkpr_check.cli import output
    from kkpr_check.errors import UsageError

    monkeypatch.setattr(output.sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(UsageError, match=f"--output report.{fmt}"):
        output.refuse_terminal(fmt, None)
    output.refuse_terminal(fmt, "report.pdf")
    output.refuse_terminal("json", None)
