"""How a GIS draws a layer: one colour a value of a column, as QML (QGIS) and SLD (everything else)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape, quoteattr

Symbol = Literal["fill", "line", "marker"]


class Category(NamedTuple):
    """A value of the column, what the legend calls it, and its colour ("#rrggbb")."""

    value: str
    label: str
    colour: str


class Style(NamedTuple):
    """The same picture in both languages of styles."""

    qml: str
    sld: str


def categorised(
    name: str,
    column: str,
    symbol: Symbol,
    categories: Iterable[Category],
    tip: str = "",
    *,
    filled: bool = True,
) -> Style:
    """Return the style of a layer with one colour a value.

    Parameters
    ----------
    name
        Name of the layer, for the SLD.
    column
        Column whose values are told apart.
    symbol
        Kind of geometry.
    tip
        Column shown when the pointer rests on a feature (QGIS).
    filled
        Whether areas are filled, or outlined only.
    """
    kinds = list(categories)
    return Style(_qml(column, symbol, kinds, tip, filled), _sld(name, column, symbol, kinds, filled))


def _qml(column: str, symbol: Symbol, kinds: list[Category], tip: str, filled: bool) -> str:
    rows = "".join(
        f'<category render="true" symbol="{i}" value={quoteattr(kind.value)} label={quoteattr(kind.label)}/>'
        for i, kind in enumerate(kinds)
    )
    symbols = "".join(_qml_symbol(symbol, i, kind.colour, filled) for i, kind in enumerate(kinds))
    shown = escape(f'[% "{tip}" %]') if tip else ""
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.22" styleCategories="Symbology|MapTips">'
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(column)} enableorderby="0" forceraster="0" '
        f'symbollevels="0"><categories>{rows}</categories><symbols>{symbols}</symbols></renderer-v2>'
        f"<mapTip>{shown}</mapTip></qgis>"
    )


def _qml_symbol(symbol: Symbol, number: int, colour: str, filled: bool) -> str:
    rgb = ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    kind, values = {
        "fill": (
            "SimpleFill",
            {
                "color": f"{rgb},110",
                "style": "solid" if filled else "no",
                "outline_color": f"{rgb},255",
                "outline_width": "0.6",
            },
        ),
        "line": ("SimpleLine", {"line_color": f"{rgb},255", "line_width": "1.2"}),
        "marker": ("SimpleMarker", {"color": f"{rgb},255", "name": "circle", "size": "3"}),
    }[symbol]
    given = "".join(f'<prop k="{key}" v="{value}"/>' for key, value in values.items())
    return (
        f'<symbol type="{symbol}" name="{number}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{kind}" enabled="1" locked="0" pass="0">{given}</layer></symbol>'
    )


def _sld(name: str, column: str, symbol: Symbol, kinds: list[Category], filled: bool) -> str:
    rules = "".join(
        f"<se:Rule><se:Name>{escape(kind.label)}</se:Name><ogc:Filter><ogc:PropertyIsEqualTo>"
        f"<ogc:PropertyName>{escape(column)}</ogc:PropertyName><ogc:Literal>{escape(kind.value)}</ogc:Literal>"
        f"</ogc:PropertyIsEqualTo></ogc:Filter>{_sld_symbol(symbol, kind.colour, filled)}</se:Rule>"
        for kind in kinds
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><StyledLayerDescriptor xmlns="http://www.opengis.net/sld" '
        'xmlns:ogc="http://www.opengis.net/ogc" xmlns:se="http://www.opengis.net/se" version="1.1.0">'
        f"<NamedLayer><se:Name>{escape(name)}</se:Name><UserStyle><se:Name>{escape(name)}</se:Name>"
        f"<se:FeatureTypeStyle>{rules}</se:FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"
    )


def _sld_symbol(symbol: Symbol, colour: str, filled: bool) -> str:
    def param(key: str, value: str) -> str:
        return f'<se:SvgParameter name="{key}">{value}</se:SvgParameter>'

    fill = f"<se:Fill>{param('fill', colour)}{param('fill-opacity', '0.43')}</se:Fill>" if filled else ""
    stroke = f"<se:Stroke>{param('stroke', colour)}{param('stroke-width', '2')}</se:Stroke>"
    if symbol == "line":
        return f"<se:LineSymbolizer>{stroke}</se:LineSymbolizer>"
    if symbol == "marker":
        mark = f"<se:Mark><se:WellKnownName>circle</se:WellKnownName>{fill}{stroke}</se:Mark>"
        return f"<se:PointSymbolizer><se:Graphic>{mark}<se:Size>8</se:Size></se:Graphic></se:PointSymbolizer>"
    return f"<se:PolygonSymbolizer>{fill}{stroke}</se:PolygonSymbolizer>"
