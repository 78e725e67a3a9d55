"""A report as a GeoPackage that QGIS opens styled: schema of the styles, determinism, hostile values, the command."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kkpr_check import Plan, check
from kkpr_check.checking import to_lonlat
from kkpr_check.cli import main
from kkpr_check.io.gpkg_write import geopackage
from kkpr_check.model import Report
from kkpr_check.report import layers
from kkpr_check.report.layer_styles import Category, categorised

ROOT = Path(__file__).parents[1]
AS_OF = dt.date(2026, 11, 24)
SITE = str(ROOT / "examples" / "04-nonconform.geojson")
PLAN = str(ROOT / "data" / "sample")


@pytest.fixture(scope="module")
def report() -> Report:
    return check(SITE, Plan.open(PLAN), as_of=AS_OF)


def written(report: Report, lang: str = "en") -> bytes:
    return geopackage(layers.layers([report], lang, to_lonlat, AS_OF), layers.KINDS, layers.styles(lang))


def test_each_layer_has_a_default_style_that_knows_its_values(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "r.gpkg"
    path.write_bytes(written(report))
    with closing(sqlite3.connect(path)) as base:
        styles = base.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, styleSLD, useAsDefault FROM layer_styles"
        ).fetchall()
        placed = {name for (name,) in base.execute("SELECT table_name FROM gpkg_geometry_columns")}
        assert {name for name, *_ in styles} == placed
        dates = base.execute(
            "SELECT update_time FROM layer_styles UNION SELECT last_change FROM gpkg_contents"
        )
        form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")  # of GeoPackage: QGIS warns of any other
        assert all(form.fullmatch(date) for (date,) in dates)
        for name, column, qml, sld, default in styles:
            assert (column, default) == ("geom", 1)
            root = ElementTree.fromstring(qml)
            renderer = root.find("renderer-v2")
            assert renderer is not None
            values = {category.get("value") for category in renderer.iter("category")}
            symbols = {symbol.get("name") for symbol in renderer.iter("symbol")}
            assert {category.get("symbol") for category in renderer.iter("category")} == symbols
            attribute = renderer.get("attr")
            assert {
                value for (value,) in base.execute(f'SELECT DISTINCT "{attribute}" FROM "{name}"')
            } <= values
            literals = {
                e.text for e in ElementTree.fromstring(sld).iter("{http://www.opengis.net/ogc}Literal")
            }
            assert literals == values


def test_the_same_report_gives_the_same_bytes(report: Report) -> None:
    assert written(report) == written(report)


def test_hostile_values_are_stored_letter_by_letter(report: Report, tmp_path: Path) -> None:
    word = "'; DROP TABLE layer_styles; --<b>\"\ud800"
    findings = tuple(replace(f, zone=word, legal=word) for f in report.findings)
    path = tmp_path / "r.gpkg"
    path.write_bytes(written(replace(report, findings=findings)))
    with closing(sqlite3.connect(path)) as base:
        assert {z for (z,) in base.execute("SELECT zone FROM findings")} == {word.replace("\ud800", "?")}
        assert base.execute("SELECT count(*) FROM layer_styles").fetchone()[0] > 0


def test_a_style_quotes_what_it_is_given() -> None:
    word = "<&\"'>"
    style = categorised(word, word, "marker", [Category(word, word, "#010203")], word)
    category = ElementTree.fromstring(style.qml).find("renderer-v2/categories/category")
    assert category is not None
    assert category.get("value") == word
    assert next(ElementTree.fromstring(style.sld).iter("{http://www.opengis.net/ogc}Literal")).text == word


def test_the_command_writes_it_by_suffix(tmp_path: Path) -> None:
    path = tmp_path / "r.gpkg"
    assert main(["check", SITE, "--plan", PLAN, "--as-of", "2026-11-24", "--output", str(path)]) == 1
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT count(*) FROM sites").fetchone()[0] == 2


def test_a_batch_opens_styled(tmp_path: Path) -> None:
    path = tmp_path / "b.gpkg"
    call = ["batch", str(ROOT / "examples" / "08-land.geojson"), "--plan", PLAN, "--output", str(path)]
    assert main(call) == 0
    with closing(sqlite3.connect(path)) as base:
        (column,) = base.execute("SELECT column_name FROM gpkg_geometry_columns").fetchone()
        name, geometry, qml = base.execute(
            "SELECT f_table_name, f_geometry_column, styleQML FROM layer_styles WHERE useAsDefault"
        ).fetchone()
        assert (name, geometry) == ("kkpr_check", column)
        assert 'attr="verdict"' in qml
