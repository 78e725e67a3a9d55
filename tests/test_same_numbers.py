"""Every figure in every format is the JSON report's: read back from each format and compared.

A format registers in `PRINTED` (figures as people read them: its plain text is returned), in `REVIEW` (the same, in tables
whose heads carry the units and whose lines may break anywhere) or in `STORED` (figures as numbers: rows of named
values are returned). The draft for OSS has fields of its own. A test says that no format is left out.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import json
import math
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kkpr_check import Plan, check_many
from kkpr_check.checking import to_lonlat
from kkpr_check.io.gpkg_write import geopackage
from kkpr_check.model import Report
from kkpr_check.report import WITH_FILES, layers, render, words

ROOT = Path(__file__).parents[1]
AS_OF = dt.date(2026, 11, 24)
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("0*.geojson"))
TOLD = ("fail", "undetermined", "conditional")
Row = dict[str, Any]


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    return [Plan.open(ROOT / "data" / "sample"), Plan.open(ROOT / "data" / "sample-rtrw")]


def written(reports: tuple[Report, ...], fmt: str, lang: str) -> str:
    text = render(reports, fmt, lang, as_of=AS_OF, to_lonlat=to_lonlat)
    assert isinstance(text, str)
    return text


def documents(reports: tuple[Report, ...], lang: str) -> list[Row]:
    return [json.loads(line) for line in written(reports, "jsonl", lang).splitlines()]


def text_of_html(page: str) -> str:
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def text_of_markdown(page: str) -> str:
    return html.unescape(re.sub(r"\\([^\w\s])", r"\1", page))


PRINTED: dict[str, Callable[[str], str]] = {
    "text": lambda text: text,
    "html": text_of_html,
    "md": text_of_markdown,
}


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def docx_text(data: bytes) -> str:
    docx = pytest.importorskip("docx", reason="extra [docx]")
    body = docx.Document(io.BytesIO(data)).element.body
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    lines = ("".join(node.text or "" for node in line.iter(f"{word}t")) for line in body.iter(f"{word}p"))
    return "\n".join(lines)


def pdf_text(data: bytes) -> str:
    pytest.importorskip("fpdf", reason="extra [pdf]")
    pypdf = pytest.importorskip("pypdf", reason="test group")
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


REVIEW: dict[str, Callable[[bytes], str]] = {"docx": docx_text, "pdf": pdf_text}


def figures_in_review(document: Row, lang: str) -> Iterator[str]:
    """Yield what the review must show of a JSON report: every zone, every limit with its absolute value, every measure."""
    for entry in document["ledger"] or document["combined"]:
        yield words.number(entry["area_m2"], 2, lang)
        for zone in entry["zones"]:
            yield words.number(zone["area_m2"], 2, lang)
            yield words.percent(zone["share"], lang)
    if document["approvable"] is not None:
        yield words.area(document["approvable"]["area_m2"], lang)
        yield words.percent(document["approvable"]["share"], lang)
    for finding in document["findings"]:
        if finding["rule"].startswith(("INT", "TAB")) and finding["rule"] not in ("TAB006", "TAB007"):
            yield from (
                words.quantity(finding[name], finding["unit"], lang)
                for name in ("measured", "limit")
                if isinstance(finding[name], float)
            )
            if finding["limit_m2"] is not None:
                yield words.area(finding["limit_m2"], lang)


def figures(document: Row, lang: str) -> Iterator[str]:
    """Yield what a person must be able to read of a JSON report, written by the one formatter."""
    for entry in document["ledger"] or document["combined"]:
        yield words.area(entry["area_m2"], lang)
        for zone in entry["zones"]:
            yield words.area(zone["area_m2"], lang)
            yield words.percent(zone["share"], lang)
        yield from (
            words.area(entry[n], lang) for n in ("gap_m2", "overlap_m2", "dropped_m2") if entry[n] >= 0.01
        )
    if document["approvable"]:
        yield words.area(document["approvable"]["area_m2"], lang)
        yield words.percent(document["approvable"]["share"], lang)
    for finding in document["findings"]:
        if (
            finding["outcome"] in TOLD
            and isinstance(finding["measured"], float)
            and finding["limit"] is not None
        ):
            # Where nothing is allowed, the sentence tells how much there is, and that says all.
            told = ("measured",) if finding["limit"] == 0 else ("measured", "limit", "margin")
            yield from (
                words.told(finding[name], finding["unit"], lang)
                for name in told
                if finding[name] is not None and not (name == "margin" and isinstance(finding["limit"], str))
            )


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("fmt", PRINTED)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_printed_figure_is_that_of_the_json(plans: list[Plan], name: str, fmt: str, lang: str) -> None:
    reports = check_many(ROOT / "examples" / name, plans, as_of=AS_OF)
    told = PRINTED[fmt](written(reports, fmt, lang))
    wanted = {figure for document in documents(reports, lang) for figure in figures(document, lang)}
    assert wanted
    missing = [figure for figure in wanted if not re.search(rf"(?<![\d.,]){re.escape(figure)}", told)]
    assert not missing


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_figure_of_the_review_is_that_of_the_json(plans: list[Plan], name: str, lang: str) -> None:
    reports = check_many(ROOT / "examples" / name, plans, as_of=AS_OF)
    told = documents(reports, lang)
    wanted = {figure for document in told for figure in figures_in_review(document, lang)}
    lengths = [(s.length_m, s.measured_m, *s.limits_m) for report in reports for s in report.around.sides]
    wanted |= {words.quantity(metres, "m", lang) for side in lengths for metres in side if metres is not None}
    assert wanted
    for fmt, text_of in REVIEW.items():
        if fmt == "pdf" and lang == "en":
            continue  # both writers lay out one document
        data = render(reports, fmt, lang, as_of=AS_OF, to_lonlat=to_lonlat)
        assert isinstance(data, bytes)
        page = text_of(data)
        lost = [figure for figure in wanted if not re.search(rf"(?<![\d.,]){_anyhow_spaced(figure)}", page)]
        assert not lost, fmt


def _anyhow_spaced(figure: str) -> str:
    return r"\s*".join(map(re.escape, figure.split()))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_sides_of_the_review_are_those_that_the_json_was_judged_by(plans: list[Plan], name: str) -> None:
    reports = check_many(ROOT / "examples" / name, plans, as_of=AS_OF)
    for report, document in zip(reports, documents(reports, "en"), strict=True):
        for rule, kind in (("TAB001", "front"), ("TAB002", "side"), ("TAB003", "rear")):
            sides = [side for side in report.around.sides if side.kind == kind]
            for finding in document["findings"]:
                if finding["rule"] != rule or finding["outcome"] == "not_applicable" or not sides:
                    continue
                if isinstance(finding["limit"], float):
                    assert finding["limit"] in {limit for side in sides for limit in side.limits_m}
                if isinstance(finding["measured"], float):
                    assert finding["measured"] in {side.measured_m for side in sides}


def test_the_draft_for_oss_has_the_figures_of_the_json(plans: list[Plan]) -> None:
    reports = check_many(ROOT / "examples" / "09-oss.json", plans, as_of=AS_OF)
    drafts = json.loads(written(reports, "oss", "id"))
    for draft, document in zip(drafts, documents(reports, "id"), strict=True):
        body, technical = draft["IZINFINALKKPR"], draft["IZINFINALKKPR"]["data_teknis"]
        area_m2 = document["approvable"]["area_m2"]
        assert (
            float(technical["luas"]) == math.floor(round(area_m2 * 100, 2)) / 100
        )  # never more than conforms
        for entry in document["combined"]:
            assert words.area(entry["area_m2"], "id") in body["keterangan"]
            for zone in entry["zones"]:
                told = f"{words.area(zone['area_m2'], 'id')} ({words.percent(zone['share'], 'id')})"
                assert told in body["keterangan"]
        for field, rules, unit in (
            ("koefisien_dasar_bangunan", ("INT001",), 100), ("koefisien_lantai_bangunan", ("INT002",), 1),
            ("koefisien_dasar_hijau", ("INT003",), 100), ("garis_sempadan_bangunan", ("TAB001",), 1),
            ("jarak_bebas_bangunan", ("TAB002", "TAB003"), 1),
        ):  # fmt: skip
            limits = {
                round(finding["limit"] * unit, 2)
                for finding in document["findings"]
                if finding["rule"] in rules
                and finding["zone"] == technical["jenis_peruntukan"]
                and isinstance(finding["limit"], float)
            }
            assert limits and float(technical[field]) in limits


def test_no_format_is_left_out() -> None:
    assert {*PRINTED, *REVIEW, *STORED, "oss", "json", "jsonl"} == set(WITH_FILES)


@pytest.mark.parametrize("fmt", PRINTED)
def test_no_area_is_printed_that_the_json_does_not_have(plans: list[Plan], fmt: str) -> None:
    """The tables: each row of a ledger in a format is a zone of the JSON."""
    reports = check_many(ROOT / "examples" / "06-several.geojson", plans, as_of=AS_OF)
    told = PRINTED[fmt](written(reports, fmt, "en"))
    known = {f"{value:,.2f}" for document in documents(reports, "en") for value in numbers(document)}
    pairs = re.findall(r"([\d,]+\.\d\d) m²[\s|]+([\d.]+)%", told)
    assert pairs
    assert not [area for area, _ in pairs if area not in known]


def numbers(value: Any) -> Iterator[float]:
    """Yield every number of a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def rows_of_geojson(reports: tuple[Report, ...], tmp_path: Path) -> dict[str, list[Row]]:
    found = [feature["properties"] for feature in json.loads(written(reports, "geojson", "en"))["features"]]
    return {
        "sites": [row for row in found if row["kind"] in ("parcel", "footprint")],
        "parts": [row for row in found if row["kind"] == "approvable"],
        "placed": [row for row in found if row["kind"] == "finding"],
    }


def rows_of_gpkg(reports: tuple[Report, ...], tmp_path: Path) -> dict[str, list[Row]]:
    path = tmp_path / "report.gpkg"
    path.write_bytes(
        geopackage(layers.layers(reports, "en", to_lonlat, AS_OF), layers.KINDS, layers.styles("en"))
    )
    with closing(sqlite3.connect(path)) as base:
        base.row_factory = sqlite3.Row
        names = [name for (name,) in base.execute("SELECT table_name FROM gpkg_contents")]
        read = {name: [dict(row) for row in base.execute(f'SELECT * FROM "{name}"')] for name in names}
    for rows in read.values():
        for row in rows:
            for name in ("measured", "limit"):
                row[name] = row[f"{name}_text"] if row.get(f"{name}_text") is not None else row.get(name)
    placed = [row for name in names if name.startswith("findings_") for row in read[name]]
    return {
        "sites": read["sites"],
        "parts": read.get("conforming_part", []),
        "placed": placed,
        "all": read["findings"],
    }


STORED: dict[str, Callable[[tuple[Report, ...], Path], dict[str, list[Row]]]] = {
    "geojson": rows_of_geojson,
    "gpkg": rows_of_gpkg,
}
FIGURES = ("measured", "limit", "margin", "flip_distance_m")


def key(row: Row, site: str) -> tuple[Any, ...]:
    return (
        site,
        row["rule"],
        row["outcome"],
        row["subject"],
        row["plan"],
        row["zone"],
        *(row[name] for name in FIGURES),
    )


@pytest.mark.parametrize("fmt", STORED)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_stored_figure_is_that_of_the_json(plans: list[Plan], name: str, fmt: str, tmp_path: Path) -> None:
    reports = check_many(ROOT / "examples" / name, plans, as_of=AS_OF)
    found, told = STORED[fmt](reports, tmp_path), documents(reports, "en")
    sites = {
        (d["subject"]["id"], kind, d["subject"][f"{kind}_area_m2"])
        for d in told
        for kind in ("parcel", "footprint")
        if d["subject"][f"{kind}_area_m2"] is not None
    }
    assert {(row["site"], row["kind"], row["area_m2"]) for row in found["sites"]} == sites
    parts = {
        (d["subject"]["id"], d["approvable"]["area_m2"], d["approvable"]["share"])
        for d in told
        if d["approvable"]
    }
    assert {(row["site"], row["area_m2"], row["share"]) for row in found["parts"]} == parts
    every = sorted((key(f, d["subject"]["id"]) for d in told for f in d["findings"]), key=repr)
    placed = [
        key(f, d["subject"]["id"])
        for d in told
        for f in d["findings"]
        if f["witness"] is not None and f["outcome"] != "pass"
    ]
    assert sorted((key(row, row["site"]) for row in found["placed"]), key=repr) == sorted(placed, key=repr)
    if "all" in found:
        assert sorted((key(row, row["site"]) for row in found["all"]), key=repr) == every
