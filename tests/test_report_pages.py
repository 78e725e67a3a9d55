"""HTML and Markdown reports: what they show, in a real browser, and that foreign text in them is inert."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import BROWSER, Page, page
from cli_harness import EXAMPLES, JUDGE, Run
from markdown_it import MarkdownIt

from kkpr_check import api, checking
from kkpr_check.errors import Text
from kkpr_check.model import Report, Scene
from kkpr_check.report import render

AS_OF = dt.date(2025, 1, 1)
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}\u202e|**x** [y](javascript:alert(3)) &lt;"
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with page(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(scope="module")
def reports() -> tuple[Report, ...]:
    plans = tuple(JUDGE[n + 1] for n, word in enumerate(JUDGE) if word == "--plan")
    names = ("03-partial", "04-nonconform", "05-undetermined", "07-gap", "08-land")
    return tuple(
        report
        for name in names
        for report in checking.run(
            checking.CheckRequest(site=str(EXAMPLES / f"{name}.geojson"), plans=plans, as_of=AS_OF)
        )
    )


def poisoned(report: Report) -> Report:
    """Return a report in which every name that comes from a file is hostile."""
    findings = tuple(
        replace(f, zone=EVIL, legal=EVIL, plan=EVIL, message=Text(EVIL, EVIL), missing=(EVIL,))
        for f in report.findings
    )
    ledger = tuple(
        replace(e, plan=EVIL, zones=tuple(replace(z, subzone=EVIL, name=EVIL) for z in e.zones))
        for e in report.ledger
    )
    site = replace(report.site, id=EVIL, proposal=replace(report.site.proposal, kbli=EVIL, activity=EVIL))
    provenance = {
        **report.provenance,
        "plans": [{"id": EVIL, "name": EVIL, "synthetic": True}],
        "assumptions": [Text(EVIL, EVIL)],
    }
    around = Scene(
        zones=tuple((EVIL, shape) for _, shape in report.around.zones),
        overlays=tuple(a._replace(value=EVIL, legal=EVIL) for a in report.around.overlays),
        roads=tuple(r._replace(name=EVIL) for r in report.around.roads),
        setbacks=tuple(s._replace(zones=(EVIL,)) for s in report.around.setbacks),
        sides=tuple(s._replace(road=EVIL) for s in report.around.sides),
    )
    return replace(report, findings=findings, ledger=ledger, site=site, provenance=provenance, around=around)


def written(path: Path, reports: Any, fmt: str = "html", lang: str = "en") -> Path:
    path.write_text(written_text(reports, lang, fmt), "utf-8")
    return path


def written_text(reports: Any, lang: str, fmt: str = "html") -> str:
    text = render(reports, fmt, lang, as_of=AS_OF, to_lonlat=checking.to_lonlat)
    assert isinstance(text, str)
    return text


@needs_browser
@pytest.mark.parametrize("lang", ["en", "id"])
def test_the_page_draws_its_maps_and_fetches_nothing(
    browser: Page, reports: tuple[Report, ...], tmp_path: Path, lang: str
) -> None:
    browser.console.clear()
    browser.requests.clear()
    path = written(tmp_path / "all.html", reports, lang=lang)
    browser.open(path)
    assert browser.console == []
    assert {url.split("#")[0] for url in browser.requests} == {path.as_uri()}
    drawn = browser.run("[...document.querySelectorAll('.map')].map(m => Number(m.dataset.drawn))")
    assert len(drawn) == len(reports) and min(drawn) >= 2
    assert browser.run("document.querySelectorAll('.map path.leaflet-interactive').length") > 3 * len(reports)
    assert browser.run("document.documentElement.lang") == lang


@needs_browser
def test_layers_switch(browser: Page, reports: tuple[Report, ...], tmp_path: Path) -> None:
    browser.open(written(tmp_path / "one.html", reports[:1]))
    shown = "document.querySelectorAll('.map path.leaflet-interactive').length"
    before = browser.run(shown)
    names = browser.run(
        "[...document.querySelectorAll('.leaflet-control-layers-overlays label')].map(l => l.innerText.trim())"
    )
    assert {"Zone", "Violated", "Parcel boundary", "Building footprint", "Part that conforms"} <= set(names)
    browser.run("document.querySelectorAll('.leaflet-control-layers-overlays input')[0].click()")
    after = browser.run(shown)
    assert after < before
    browser.run("document.querySelectorAll('.leaflet-control-layers-overlays input')[0].click()")
    assert browser.run(shown) == before


@needs_browser
def test_the_zones_of_the_map_are_named_below_it(
    browser: Page, reports: tuple[Report, ...], tmp_path: Path
) -> None:
    browser.open(written(tmp_path / "one.html", reports[1:2], lang="id"))
    names = browser.run("[...document.querySelectorAll('.zones li')].map(l => l.innerText.trim())")
    assert {"R-4 Perumahan Kepadatan Rendah", "PS Perlindungan Setempat", "BA Badan Air"} <= set(names)
    codes = browser.run("[...document.querySelectorAll('.code span')].map(c => c.textContent)")
    assert set(codes) <= {name.split()[0] for name in names}
    titles = browser.run("[...document.querySelectorAll('.leaflet-control a')].map(a => a.title)")
    assert set(titles) == {"Lapisan peta", "Perbesar", "Perkecil"}


@needs_browser
def test_every_layer_switches_off_and_on(browser: Page, reports: tuple[Report, ...], tmp_path: Path) -> None:
    browser.open(written(tmp_path / "one.html", reports[1:2]))
    names = browser.run(
        "[...document.querySelectorAll('.leaflet-control-layers-overlays label')].map(l => l.innerText.trim())"
    )
    assert {"Roads", "Setback lines", "KHS004 River setback"} <= set(names)
    shown = "document.querySelectorAll('.map path.leaflet-interactive').length"
    whole = browser.run(shown)
    for number, name in enumerate(names):
        click = f"document.querySelectorAll('.leaflet-control-layers-overlays input')[{number}].click()"
        browser.run(click)
        assert browser.run(shown) < whole, name
        browser.run(click)
        assert browser.run(shown) == whole, name


@needs_browser
@pytest.mark.parametrize("width", [360, 1200])
def test_names_of_zones_stand_inside_the_map(
    browser: Page, reports: tuple[Report, ...], tmp_path: Path, width: int
) -> None:
    browser.open(written(tmp_path / "names.html", reports), width=width)
    outside = """[...document.querySelectorAll('.map')].flatMap(map => {
        const box = map.getBoundingClientRect();
        return [...map.querySelectorAll('.leaflet-tooltip.code')].filter(name => {
            const at = name.getBoundingClientRect();
            return at.left < box.left || at.right > box.right || at.top < box.top || at.bottom > box.bottom;
        }).map(name => name.innerText);
    })"""
    counted = (
        "[...document.querySelectorAll('.map')].map(m => m.querySelectorAll('.leaflet-tooltip.code').length)"
    )
    assert min(browser.run(counted)) >= 1 and browser.run(outside) == []
    before = browser.run(counted)
    browser.run("document.querySelector('.leaflet-control-zoom-in').click()")
    browser.run("new Promise(done => setTimeout(done, 600))")
    assert browser.run(outside) == [] and browser.run(counted) != []
    browser.run("document.querySelector('.leaflet-control-layers-overlays input').click()")
    browser.run("new Promise(done => setTimeout(done, 600))")
    assert browser.run(counted)[0] == 0 and before[0] >= 1


@needs_browser
def test_a_click_tells_what_lies_there(browser: Page, reports: tuple[Report, ...], tmp_path: Path) -> None:
    browser.open(written(tmp_path / "one.html", reports[:1]))
    browser.run(
        "document.querySelector('.map path.leaflet-interactive').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert browser.run("document.querySelector('.leaflet-popup-content').innerText").startswith("zone ")


@needs_browser
def test_hostile_names_are_inert_in_a_browser(
    browser: Page, reports: tuple[Report, ...], tmp_path: Path
) -> None:
    browser.console.clear()
    browser.requests.clear()
    path = written(tmp_path / "evil.html", [poisoned(report) for report in reports])
    browser.open(path)
    browser.run(
        "document.querySelectorAll('.map path.leaflet-interactive')"
        ".forEach(p => p.dispatchEvent(new MouseEvent('click', {bubbles: true})))"
    )
    assert browser.console == []
    assert {url.split("#")[0] for url in browser.requests} == {path.as_uri()}
    assert browser.run("document.querySelectorAll('img, iframe, object, form').length") == 0
    assert browser.run("document.scripts.length") == 2 + len(reports)
    assert "<img src=x onerror=alert(2)>" in browser.run("document.querySelector('article h1').innerText")


@needs_browser
@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_window(
    browser: Page, reports: tuple[Report, ...], tmp_path: Path, width: int
) -> None:
    browser.open(written(tmp_path / "narrow.html", [poisoned(reports[0]), *reports]), width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width


@needs_browser
def test_the_printer_gets_the_sheet_instead_of_the_map(
    browser: Page, reports: tuple[Report, ...], tmp_path: Path
) -> None:
    browser.open(written(tmp_path / "print.html", reports[:1]))
    seen = "getComputedStyle(document.querySelector('{}')).display"
    assert browser.run(seen.format(".sheet")) == "none"
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert browser.run(seen.format(".sheet")) == "block" and browser.run(seen.format(".map")) == "none"
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")


def test_policy_and_bytes(reports: tuple[Report, ...], tmp_path: Path) -> None:
    text = written(tmp_path / "a.html", reports).read_text("utf-8")
    assert text == written(tmp_path / "b.html", reports).read_text("utf-8")
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert len(policy) == 1 and "unsafe" not in policy[0] and policy[0].startswith("default-src 'none'")
    assert not re.search(r"\s(style|on\w+)=", text.split("<main>")[1].split("<script>")[0])
    assert "http" not in re.sub(
        r"http://www\.w3\.org/2000/svg", "", text.split("<main>")[1].split("<script>")[0]
    )


def test_a_site_without_outline_has_no_map(tmp_path: Path, reports: tuple[Report, ...]) -> None:
    bare = replace(reports[0], site=replace(reports[0].site, parcel=None, footprint=None), approvable=None)
    text = written(tmp_path / "a.html", [bare]).read_text("utf-8")
    assert "data-map" not in text.split("<script>")[0] and "KGT001" in text


def test_markdown_reads_as_it_is_meant(reports: tuple[Report, ...], tmp_path: Path) -> None:
    text = written(tmp_path / "a.md", reports, "md").read_text("utf-8")
    page_ = MarkdownIt("commonmark").enable("table").render(text)
    assert page_.count("<table>") == len(re.findall(r"^\|---", text, re.MULTILINE)) > 4
    assert "<h2>Conforms in part - site 03-partial</h2>" in page_ and "502.32 m²" in page_


def test_hostile_names_are_inert_in_markdown(reports: tuple[Report, ...], tmp_path: Path) -> None:
    text = written(tmp_path / "a.md", [poisoned(report) for report in reports], "md").read_text("utf-8")
    page_ = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert "<script" not in page_ and "<img" not in page_ and "<a " not in page_ and "<strong>x" not in page_
    clean = (
        MarkdownIt("commonmark")
        .enable("table")
        .render(written(tmp_path / "b.md", reports, "md").read_text("utf-8"))
    )
    assert page_.count("<table>") == clean.count("<table>") and page_.count("<h2>") == clean.count("<h2>")


def test_the_same_from_the_command_line(run: Run, tmp_path: Path) -> None:
    site = str(EXAMPLES / "03-partial.geojson")
    for suffix in ("html", "md"):
        code, out, _ = run("check", site, *JUDGE, "--output", str(tmp_path / f"r.{suffix}"))
        assert (code, out) == (1, "")
        assert "KGT001" in (tmp_path / f"r.{suffix}").read_text("utf-8")


def test_a_notebook_shows_a_report(reports: tuple[Report, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KKPR_LANG", "en")
    shown = reports[0]._repr_html_()  # type: ignore[attr-defined]
    assert shown.startswith("<div>") and "<script" not in shown and "<svg" in shown and "502.32 m²" in shown
    assert "<img" not in poisoned(reports[0])._repr_html_()  # type: ignore[attr-defined]
    assert api.to_html(reports[0], "id") == written_text(reports[:1], "id")
