"""Reports as the rows of GIS layers: sites, what conforms of them, findings by kind of geometry, and all findings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from shapely.geometry import shape

from kkpr_check.geometry import of_one_kind
from kkpr_check.model import Json, Outcome, Report
from kkpr_check.report import words
from kkpr_check.report.batch_html import COLOURS
from kkpr_check.report.geojson import features
from kkpr_check.report.json import ToLonLat, document
from kkpr_check.report.layer_styles import Category, Style, Symbol, categorised

SITES, CONFORMING, TABLE = "sites", "conforming_part", "findings"
KINDS: Mapping[str, str] = {
    SITES: "MultiPolygon",
    CONFORMING: "MultiPolygon",
    "findings_polygon": "MultiPolygon",
    "findings_line": "MultiLineString",
    "findings_point": "MultiPoint",
}
"""Layer -> kind of geometry; all are in longitude, latitude."""
_BY_DIMENSION = ("findings_point", "findings_line", "findings_polygon")
_OUTCOME_COLOURS = {
    Outcome.FAIL: "#d73027",
    Outcome.UNDETERMINED: "#7b3294",
    Outcome.CONDITIONAL: "#e08214",
}
_SITE = ("site", "kind", "verdict", "pathway", "as_of", "area_m2")
_PART = ("site", "verdict", "area_m2", "share")
_FINDING = (
    "site", "rule", "name", "outcome", "subject", "plan", "zone", "measured", "measured_text", "limit", "limit_text",
    "operator", "unit", "margin", "message", "remedy", "legal", "missing", "flip_distance_m",
)  # fmt: skip
_NUMBERS = frozenset({"area_m2", "share", "measured", "limit", "margin", "flip_distance_m"})


def layers(
    reports: Sequence[Report], lang: str, to_lonlat: ToLonLat, as_of: dt.date
) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return layer -> (geometries or None, columns); a layer of findings without rows is left out.

    Numbers are those of the JSON report. Table ``findings`` holds every finding, with a place or without, passes too.
    """
    rows: dict[str, list[tuple[Any, Json]]] = {name: [] for name in KINDS}
    every: list[tuple[Any, Json]] = []
    for report in reports:
        for feature in features(report, lang, to_lonlat, as_of):
            told = feature["properties"]
            name, geometry = _placed(told["kind"], shape(feature["geometry"]))
            rows[name].append((geometry, _parted(told)))
        written = document(report, lang, to_lonlat, as_of)
        for finding in written["findings"]:
            told = {**finding, "site": written["subject"]["id"], "missing": ",".join(finding["missing"])}
            every.append((None, _parted(told)))
    found: dict[str, tuple[Any, dict[str, Any]]] = {}
    for name, placed in rows.items():
        if placed or name == SITES:
            columns = _SITE if name == SITES else _PART if name == CONFORMING else _FINDING
            found[name] = (
                np.array([geometry for geometry, _ in placed], dtype=object),
                _columns(placed, columns),
            )
    found[TABLE] = (None, _columns(every, _FINDING))
    return found


def styles(lang: str) -> dict[str, Style]:
    """Return layer -> its style."""
    verdicts = [
        Category(verdict.value, text.pick(lang), COLOURS[verdict.value])
        for verdict, text in words.VERDICTS.items()
    ]
    outcomes = [
        Category(outcome.word, words.SECTIONS[outcome].pick(lang), colour)
        for outcome, colour in _OUTCOME_COLOURS.items()
    ]
    symbols: Mapping[str, Symbol] = {
        "findings_polygon": "fill",
        "findings_line": "line",
        "findings_point": "marker",
    }
    return {
        SITES: categorised(SITES, "verdict", "fill", verdicts, "verdict"),
        CONFORMING: categorised(CONFORMING, "verdict", "fill", verdicts, "area_m2", filled=False),
        **{
            name: categorised(name, "outcome", symbol, outcomes, "message")
            for name, symbol in symbols.items()
        },
    }


def batch_style(layer: str, lang: str, geometry_types: Sequence[str]) -> Style:
    """Return the style of a batch table: one colour a verdict."""
    kinds = " ".join(geometry_types)
    symbol: Symbol = "fill" if "Polygon" in kinds or not kinds else "line" if "Line" in kinds else "marker"
    verdicts = [
        Category(verdict.value, text.pick(lang), COLOURS[verdict.value])
        for verdict, text in words.VERDICTS.items()
    ]
    return categorised(layer, "verdict", symbol, verdicts, "message")


def _placed(kind: str, geometry: Any) -> tuple[str, Any]:
    """Return the layer of a feature, and its parts of the highest dimension as one multi-geometry."""
    dimension, whole = of_one_kind(geometry)
    if kind == "finding":
        return _BY_DIMENSION[dimension], whole
    return (CONFORMING if kind == "approvable" else SITES), whole


def _parted(told: Json) -> Json:
    """Return a finding whose words among the numbers stand in columns of their own."""
    row = dict(told)
    for name in ("measured", "limit"):
        if isinstance(row.get(name), str):
            row[f"{name}_text"], row[name] = row[name], None
    return row


def _columns(rows: Sequence[tuple[Any, Json]], names: Sequence[str]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in names:
        values = [told.get(name) for _, told in rows]
        if name in _NUMBERS:
            numbers = [np.nan if value is None else float(value) for value in values]
            columns[name] = np.array(numbers, dtype=np.float64)
        else:
            texts = [None if value is None else str(value).replace("\0", "") for value in values]
            columns[name] = np.array(texts, dtype=object)
    return columns
