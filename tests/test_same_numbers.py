"""Every figure in every format is the JSON report's: read back from each format and compared.

A format registers in `PRINTED` (figures as people read them: its plain text is returned) or in `STORED` (figures as
numbers: rows of named values are returned).
"""

from __future__ import annotations

import datetime as dt
import html
import json
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
from kkpr_check.report import layers, render, words

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
            yield from (
                words.quantity(finding[name], finding["unit"], lang)
                for name in ("measured", "limit", "margin")
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
