"""Data findings as the rows of GIS layers: one by kind of geometry, one without, and how QGIS draws them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.geometry import of_one_kind
from kkpr_check.quality.findings import LEVELS, DataFinding, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.layer_styles import Category, Style, Symbol, categorised
from kkpr_check.report.safe import whole_characters

COLUMNS = (
    "code", "name", "level", "file", "layer", "feature", "feature_field", "other_feature", "field", "value",
    "area_m2", "width_m", "message", "remedy",
)  # fmt: skip
NUMBERS = frozenset({"area_m2", "width_m"})
LAYERS: Mapping[str, tuple[str, Symbol]] = {
    "findings_polygon": ("MultiPolygon", "fill"),
    "findings_line": ("MultiLineString", "line"),
    "findings_point": ("MultiPoint", "marker"),
}
"""Layer -> kind of geometry and of QGIS symbol."""
TABLE = "findings_without_place"
_OF_DIMENSION = ("findings_point", "findings_line", "findings_polygon")
_COLOURS = {"error": "#d7191c", "warning": "#fdae61", "info": "#2b83ba"}


def layers(result: Result, lang: str) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return layer -> (geometries or None, columns); layers without rows are left out, the table never is.

    Parameters
    ----------
    result
        Witnesses in longitude, latitude.
    """
    rows: dict[str, list[tuple[Any, DataFinding]]] = {name: [] for name in (*LAYERS, TABLE)}
    for finding in result.findings:
        name, shape = _placed(finding.witness)
        rows[name].append((shape, finding))
    return {
        name: (None if name == TABLE else np.array([shape for shape, _ in found], dtype=object), _columns(found, lang))
        for name, found in rows.items()
        if found or name == TABLE
    }  # fmt: skip


def _placed(witness: Any) -> tuple[str, Any]:
    """Return the layer of a witness and its parts of the highest dimension as one multi-geometry."""
    if witness is None or witness.is_empty:
        return TABLE, None
    dimension, whole = of_one_kind(witness)
    return _OF_DIMENSION[dimension], whole


def _columns(found: list[tuple[Any, DataFinding]], lang: str) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        values = [_value(finding, name, lang) for _, finding in found]
        columns[name] = (
            np.array([np.nan if value is None else value for value in values], dtype=np.float64)
            if name in NUMBERS
            else np.array(values, dtype=object)
        )
    return columns


def _value(finding: DataFinding, name: str, lang: str) -> Any:
    value = getattr(finding, name)
    if isinstance(value, Text):
        value = value.pick(lang)
    return value if value is None or name in NUMBERS else whole_characters(str(value)).replace("\0", "")


def style(name: str, lang: str) -> Style:
    """Return how a layer is drawn: one colour a level, worst first."""
    levels = (Category(level, words.LEVEL_WORDS[level].pick(lang), _COLOURS[level]) for level in LEVELS)
    return categorised(name, "level", LAYERS[name][1], levels, tip="message")
