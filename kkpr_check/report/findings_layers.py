"""Data findings as the rows of GIS layers: one by kind of geometry, one without, and how QGIS draws them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.quality.findings import LEVELS, DataFinding, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.safe import whole_characters

COLUMNS = (
    "code", "name", "level", "file", "layer", "feature", "feature_field", "other_feature", "field", "value",
    "area_m2", "width_m", "message", "remedy",
)  # fmt: skip
NUMBERS = frozenset({"area_m2", "width_m"})
LAYERS: Mapping[str, tuple[str, str]] = {
    "findings_polygon": ("MultiPolygon", "fill"),
    "findings_line": ("MultiLineString", "line"),
    "findings_point": ("MultiPoint", "marker"),
}
"""Layer -> kind of geometry and of QGIS symbol."""
TABLE = "findings_without_place"
_OF_DIMENSION = ("findings_point", "findings_line", "findings_polygon")
_COLOURS = {"error": "215,25,28", "warning": "253,174,97", "info": "43,131,186"}


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
    parts = shapely.get_parts(witness)
    while (shapely.get_type_id(parts) >= 4).any():
        parts = shapely.get_parts(parts)
    dimension = int(shapely.get_dimensions(parts).max())
    makers = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)
    return _OF_DIMENSION[dimension], makers[dimension](parts[shapely.get_dimensions(parts) == dimension])


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


def style(symbol: str, lang: str) -> str:
    """Return the QGIS style of a layer: one colour a level, worst first."""
    categories = "".join(
        f'<category render="true" symbol="{i}" value="{level}" label={quoteattr(words.LEVEL_WORDS[level].pick(lang))}/>'
        for i, level in enumerate(LEVELS)
    )
    symbols = "".join(_symbol(symbol, i, _COLOURS[level]) for i, level in enumerate(LEVELS))
    return (
        '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM"><qgis version="3.22" styleCategories="Symbology|MapTips">'
        f'<renderer-v2 type="categorizedSymbol" attr="level" enableorderby="0" forceraster="0" symbollevels="0">'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>"
        '<mapTip>&lt;b&gt;[% "code" %]&lt;/b&gt; [% "message" %]</mapTip></qgis>'
    )


def _symbol(symbol: str, number: int, colour: str) -> str:
    options = {
        "fill": ("SimpleFill", {"color": f"{colour},110", "outline_color": f"{colour},255", "outline_width": "0.6", "style": "solid"}),
        "line": ("SimpleLine", {"line_color": f"{colour},255", "line_width": "1.2"}),
        "marker": ("SimpleMarker", {"color": f"{colour},255", "name": "circle", "size": "3", "outline_color": "35,35,35,255"}),
    }  # fmt: skip
    kind, values = options[symbol]
    given = "".join(f'<prop k="{key}" v="{value}"/>' for key, value in values.items())
    return (
        f'<symbol type="{symbol}" name="{number}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{kind}" enabled="1" locked="0" pass="0">{given}</layer></symbol>'
    )
