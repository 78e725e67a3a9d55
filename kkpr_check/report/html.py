"""Reports as one HTML file that works offline: an interactive map, the report, and a sheet for the printer.

Nothing is fetched: Leaflet stands in the page, there are no tiles. A content security policy allows the page's own script and
style by their hashes and nothing else; foreign text is escaped in the page, and a text node on the map.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources
from typing import Any

import shapely

from kkpr_check.lookout import view_around
from kkpr_check.model import Finding, Json, Outcome, Report
from kkpr_check.report import sitemap, svg, words
from kkpr_check.report.json import ToLonLat, geometry_json, work_crs_of
from kkpr_check.report.page import Entry, Page, Row
from kkpr_check.report.safe import safe_text, whole_characters
from kkpr_check.report.webpage import policy
from kkpr_check.report.webpage import text as _text
from kkpr_check.rules import BY_CODE

_SCRIPTS = ("leaflet.js", "report.js")
_STYLES = ("leaflet.css", "report.css")
_WITNESSED = (Outcome.CONDITIONAL, Outcome.UNDETERMINED, Outcome.FAIL)


def dumps(reports: Sequence[Report], lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> str:
    """Return one page for all reports."""
    pages = [Page(report, lang, to_lonlat, as_of) for report in reports]
    scripts = [_asset(name) for name in _SCRIPTS]
    style = "\n".join(_asset(name) for name in _STYLES)
    title = pages[0].title if len(pages) == 1 else words.SUMMARY.pick(lang).format(len(pages))
    parts = [
        f'<!doctype html>\n<html lang="{escape(lang)}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy([style], scripts, images="data:")}">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{_text(title)} - kkpr-check</title>",
        f"<style>{style}</style>\n</head>\n<body>\n<main>",
        *(_contents(pages, lang) if len(pages) > 1 else ()),
        *(line for number, page in enumerate(pages) for line in _article(page, number)),
        f"<footer>{_text(words.DISCLAIMER.pick(lang))}</footer>\n</main>",
        *(f"<script>{script}</script>" for script in scripts),
        "</body>\n</html>\n",
    ]
    return whole_characters("\n".join(parts))


def fragment(report: Report, lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> str:
    """Return one report without script, style or interactive map, to stand inside another page (a notebook)."""
    page = Page(report, lang, to_lonlat, as_of)
    return whole_characters(
        "\n".join(
            [
                "<div>",
                *_head(page),
                *_sheet(page),
                *_body(page),
                f"<p>{_text(words.DISCLAIMER.pick(lang))}</p></div>",
            ]
        )
    )


def _asset(name: str) -> str:
    return (resources.files("kkpr_check.report") / "assets" / name).read_text("utf-8").rstrip("\n")


def _contents(pages: Sequence[Page], lang: str) -> Iterator[str]:
    yield f"<nav><h1>{_text(words.SUMMARY.pick(lang).format(len(pages)))}</h1><ul>"
    for number, page in enumerate(pages):
        yield f'<li><a href="#r{number}">{_text(page.title)}</a></li>'
    yield "</ul></nav>"


def _article(page: Page, number: int) -> Iterator[str]:
    yield f'<article id="r{number}">'
    yield from _head(page)
    data = _map_data(page)
    if data is not None:
        label = _text(page.say(words.MAP))
        yield f'<div class="map" data-map="m{number}" role="region" aria-label="{label}"></div>'
        yield f'<script type="application/json" id="m{number}">{_embedded(data)}</script>'
        yield from _zone_key(page)
        yield '<div class="sheet">'
        yield from _sheet(page)
        yield "</div>"
    yield from _body(page)
    yield "</article>"


def _zone_key(page: Page) -> Iterator[str]:
    """Yield the colours of the zones that the map shows, each with its code and name."""
    report = page.report
    view = _view(page)
    codes = dict.fromkeys(code for code, shape in report.around.zones if shapely.intersects(shape, view))
    if codes:
        yield f'<ul class="zones" aria-label="{_text(_capital(page.say(words.ZONE)))}">'
        for code in codes:
            name = sitemap.name_of(report, code)
            yield f"<li>{_swatch(page, code)}{_text(f'{code} {name}' if name != code else code)}</li>"
        yield "</ul>"


def _swatch(page: Page, code: str) -> str:
    fill = svg.colour(sitemap.colour_of(code, dict(page.report.around.zone_colours).get(code)))
    box = '<svg class="key" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">'
    return f'{box}<rect width="1" height="1" fill="{fill}"/></svg>'


def _embedded(data: Json) -> str:
    """Return JSON that can not end the element it stands in."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _head(page: Page) -> Iterator[str]:
    yield f'<h1 class="{page.report.verdict.value}">{_text(page.title)}</h1>'
    for banner in page.banners():
        yield f'<p class="banner">{_text(banner)}</p>'
    yield "<dl>"
    for label, value in page.facts():
        yield (
            f"<dt>{_text(label)}</dt><dd>{_text(value)}</dd>"
            if label
            else f'<dd class="wide">{_text(value)}</dd>'
        )
    yield "</dl>"


def _sheet(page: Page) -> Iterator[str]:
    drawing = sitemap.draw(page.report, page.lang, page.to_lonlat)
    if drawing is not None:
        yield svg.dumps(drawing, page.say(words.MAP))


def _body(page: Page) -> Iterator[str]:
    ledgers = list(page.ledgers())
    if ledgers:
        yield f"<h2>{_text(page.say(words.LEDGER))}</h2>"
        for title, rows in ledgers:
            yield from _table(page, title, rows)
    for outcome, title, entries in page.sections():
        yield f'<section class="{outcome.word}"><h2>{_text(title)}</h2>'
        for entry in entries:
            yield from _entry(page, entry)
        yield "</section>"
    yield from _list(page.say(words.NOTES), page.notes())
    yield "<dl>"
    for label, value in (*page.counts(), (page.say(words.CRS), page.coordinates())):
        yield f"<dt>{_text(label)}</dt><dd>{_text(value)}</dd>"
    yield "</dl>"
    for title, lines in page.lists():
        yield from _list(title, lines)


def _table(page: Page, title: str, rows: Sequence[Row]) -> Iterator[str]:
    heads = ((words.ZONE, ""), (words.NAME, ""), (words.AREA, "n"), (words.SHARE, "n"))
    yield f"<table><caption>{_text(title)}</caption><thead><tr>"
    yield "".join(f'<th scope="col" class="{kind}">{_text(page.say(text))}</th>' for text, kind in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        key = "" if row.code == "-" else _swatch(page, row.code)
        yield (
            f"<tr><td>{key}{_text(row.code)}</td><td>{_text(row.name)}</td>"
            f'<td class="n">{words.area(row.area_m2, page.lang)}</td>'
            f'<td class="n">{words.percent(row.share, page.lang)}</td></tr>'
        )
    yield "</tbody></table>"


def _entry(page: Page, entry: Entry) -> Iterator[str]:
    name = f" <code>{_text(entry.name)}</code>" if entry.name else ""
    yield f'<div class="finding"><h3>{_text(entry.rule)}{name}</h3>'
    yield f"<p>{_text(entry.message)}</p>"
    if entry.measured:
        yield f"<p>{_text(entry.measured)}</p>"
    yield "<dl>"
    for label, value in ((words.WHERE, entry.where), (words.LAW, entry.law), (words.TODO, entry.todo)):
        if value:
            yield f"<dt>{_text(page.say(label))}</dt><dd>{_text(value)}</dd>"
    if entry.flip:
        yield f'<dd class="wide">{_text(entry.flip)}</dd>'
    yield "</dl></div>"


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"<h2>{_text(title)}</h2><ul>"
        yield from (f"<li>{_text(line)}</li>" for line in lines)
        yield "</ul>"


def _map_data(page: Page) -> Json | None:
    """Return the layers of the interactive map in drawing order, None where the site has no outline."""
    site, part = page.report.site, page.report.approvable
    if all(shape is None or shape.is_empty for shape in (site.parcel, site.footprint)):
        return None
    say = page.say
    layers = [
        ("zones", say(words.ZONE), list(_zones(page))),
        ("roads", say(words.ROADS), list(_roads(page))),
        *_overlays(page),
        ("existing", say(words.FIELDS["existing"]), _shape(page, site.existing, words.FIELDS["existing"])),
        ("approvable", say(words.APPROVABLE), _shape(page, part and part.geometry, words.APPROVABLE)),
        *(
            (outcome.word, say(words.SECTIONS[outcome]), list(_witnesses(page, outcome)))
            for outcome in _WITNESSED
        ),
        (
            "footprint",
            say(words.FIELDS["footprint"]),
            _shape(page, site.footprint, words.FIELDS["footprint"]),
        ),
        ("setbacks", say(words.SETBACK_LINES), list(_setbacks(page))),
        ("suggested", say(words.SUGGESTIONS), list(_suggested(page))),
        ("parcel", say(words.FIELDS["parcel"]), _shape(page, site.parcel, words.FIELDS["parcel"])),
    ]
    return {
        "words": [say(words.LAYERS), say(words.ZOOM_IN), say(words.ZOOM_OUT)],
        "layers": [
            {"kind": kind, "name": escape(_capital(safe_text(name))), "features": features}
            for kind, name, features in layers
            if features
        ],
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _zones(page: Page) -> Iterator[Json]:
    report = page.report
    view = _view(page)
    given = dict(report.around.zone_colours)
    for code, whole in report.around.zones:
        shape = shapely.intersection(whole, view)
        colour = svg.colour(sitemap.colour_of(code, given.get(code)))
        told = [safe_text(f"{page.say(words.ZONE)} {code}"), safe_text(sitemap.name_of(report, code))]
        yield from _feature(page, shape, told, {"code": safe_text(code), "colour": colour})


def _view(page: Page) -> Any:
    """Return how far the map tells of zones: beyond, a blank would not mean that there is none."""
    site = page.report.site
    return view_around(site.parcel if site.parcel is not None else site.footprint)


def _roads(page: Page) -> Iterator[Json]:
    for road in page.report.around.roads:
        width = words.UNKNOWN if road.rumija_m is None else words.quantity(road.rumija_m, "m", page.lang)
        width = width if isinstance(width, str) else page.say(width)
        told = [safe_text(road.name), page.say(words.RUMIJA).format(width)]
        for shape in (road.reserve, road.line):
            yield from _feature(page, shape, told, {})


def _overlays(page: Page) -> Iterator[tuple[str, str, list[Json]]]:
    """Yield a layer for each KHS rule that looks at anything near the site."""
    of_rule: dict[str, list[Json]] = {}
    for area in page.report.around.overlays:
        told = [f"{area.rule} {page.say(BY_CODE[area.rule].title)}: {safe_text(area.value)}"]
        if area.setback_m is not None:
            told.append(page.say(words.SETBACK_OF).format(words.quantity(area.setback_m, "m", page.lang)))
        told += [page.say(words.AREA_SAYS[area.outcome]), safe_text(area.legal)]
        of_rule.setdefault(area.rule, []).extend(
            _feature(page, area.geometry, told, {"says": area.outcome.word})
        )
    for rule, features in sorted(of_rule.items()):
        yield "overlay", f"{rule} {page.say(BY_CODE[rule].title)}", features


def _setbacks(page: Page) -> Iterator[Json]:
    for line in page.report.around.setbacks:
        limit = words.quantity(line.limit_m, "m", page.lang)
        told = [
            f"{page.say(words.CLEARANCE[line.kind])} {limit}",
            page.say(words.MEASURED_FROM[line.reference if line.kind == "front" else line.kind]),
            safe_text(f"{page.say(words.ZONE)} {', '.join(line.zones)}"),
        ]
        yield from _feature(page, line.geometry, told, {"side": line.kind})


def _shape(page: Page, shape: Any, name: Any) -> list[Json]:
    if shape is None or shape.is_empty:
        return []
    told = [_capital(page.say(name)), words.area(shape.area, page.lang)]
    return list(_feature(page, shape, told, {}))


def _witnesses(page: Page, outcome: Outcome) -> Iterator[Json]:
    for finding in page.report.findings:
        if finding.outcome is outcome and finding.witness is not None:
            yield from _feature(page, finding.witness, _told(page, finding), {})


def _suggested(page: Page) -> Iterator[Json]:
    """Yield buildings and parcels that would pass; other zones are land far around, and told in words."""
    found = page.report.suggestions
    for one in found.found if found is not None else ():
        if "other-zone" in one.steps:
            continue
        for shape in (one.footprint, one.parcel):
            if shape is not None:
                yield from _feature(page, shape, [safe_text(page.say(one.message))], {})


def _told(page: Page, finding: Finding) -> list[str]:
    return [f"{finding.rule} {finding.name}", safe_text(page.say(finding.message)), safe_text(finding.legal)]


def _feature(page: Page, shape: Any, told: Sequence[str], properties: Json) -> Iterator[Json]:
    geometry = geometry_json(shape, work_crs_of(page.report), page.to_lonlat)
    if geometry is not None:
        yield {
            "type": "Feature",
            "geometry": geometry,
            "properties": {"told": [line for line in told if line], **properties},
        }
