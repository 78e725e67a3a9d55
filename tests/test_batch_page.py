"""The summary page of a batch: its policy, hostile names, and what a browser makes of it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from chromium import BROWSER, page

from kkpr_check.batch.running import BatchResult
from kkpr_check.batch.summary import Summary
from kkpr_check.cli import main
from kkpr_check.report.batch_html import dumps

ROOT = Path(__file__).parents[1]
HOSTILE = "</style></script><img src=x onerror=document.title='owned'>"


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("batch")
    parcels = json.loads((ROOT / "examples" / "08-land.geojson").read_text("utf-8"))
    for feature in parcels["features"]:
        feature["properties"]["id"] = HOSTILE
    source, target = home / "parcels.geojson", home / "summary.html"
    source.write_text(json.dumps(parcels), "utf-8")
    assert main(["batch", str(source), "--plan", str(ROOT / "data" / "sample"), "--output", str(target)]) == 0
    return target


def test_the_policy_allows_its_own_styles_only(summary: Path) -> None:
    text = summary.read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digests = {base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles}
    assert set(re.findall(r"sha256-([^']+)'", policy[1])) == digests
    assert " style=" not in text and "<script" not in text and "<img" not in text


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_shows_its_colours_and_complains_of_nothing(summary: Path, tmp_path: Path) -> None:
    with page(tmp_path) as opened:
        opened.open(summary)
        colour = opened.run("getComputedStyle(document.querySelector('.key.nonconform')).backgroundColor")
        assert colour == "rgb(215, 48, 39)"
        assert opened.run("document.title") != "owned"
        assert opened.run("document.querySelector('svg rect').getBoundingClientRect().width > 1")
        assert opened.console == []
        assert [url for url in opened.requests if not url.startswith("file:")] == []


def test_numbers_dates_and_rules_are_written_in_the_language(tmp_path: Path) -> None:
    counts = Summary()
    counts.rows = 1234
    counts.verdicts.update({"conform": 1234})
    counts.rules["KGT001"] = Counter(fail=4321)
    result = BatchResult(counts, duplicate_ids=1500, as_of=dt.date(2026, 11, 5))
    text = dumps(result, "id")
    assert "per 5 November 2026" in text and "1.500 id dipakai" in text
    assert "KGT001 Kegiatan tidak diperbolehkan (X)" in text
    assert '<td class="n">1.234</td>' in text and '<td class="n">4.321</td>' in text
    assert '<td class="n">1,234</td>' in dumps(result, "en")
