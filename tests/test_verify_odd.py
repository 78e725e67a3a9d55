"""What the engine says of odd parcels and buildings is borne out by the count, and no number of it can be changed unnoticed.

`KKPR_SOAK=1` draws thousands; without it a few that differed once, and some more.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import oddsites
import pytest
from cli_harness import Run
from test_verify import places, put, told_of

from kkpr_check import checking
from kkpr_check.model import Report
from kkpr_check.report import json as report_json
from kkpr_check.verifying import _recounted, _to_lonlat, compare

ROOT = Path(__file__).parents[1]
SAMPLE, RTRW = ROOT / "data" / "sample", ROOT / "data" / "sample-rtrw"
DAY = dt.date(2025, 1, 1)
SOAK = bool(os.environ.get("KKPR_SOAK"))
SITES = 12
ONCE_WRONG = {"torn": {100: (2,), 107: (11,), 114: (5,), 115: (10,), 122: (2,), 1000: (6,), 1004: (5,), 1006: (2, 11), 2011: (10,)},
              "rtrw": {0: (8,), 101: (7,), 2010: (3,), 6005: (1,), 7002: (9,)}, "sample": {}}  # fmt: skip
"""Plans -> seed -> sites of it on which the report and the count differed."""
SEEDS = {name: range(5000, 5100) if SOAK else range(5000, 5001) for name in ("sample", "rtrw", "torn")}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    torn = oddsites.torn_plan(SAMPLE, tmp_path_factory.mktemp("torn") / "plan")
    return {"sample": (str(SAMPLE),), "rtrw": (str(SAMPLE), str(RTRW)), "torn": (str(torn), str(RTRW))}


def request_of(folder: Path, names: tuple[str, ...], seed: int) -> checking.CheckRequest:
    """Write the sites of a seed and return the request that checks them."""
    asked = checking.CheckRequest(plans=names, as_of=DAY)
    opened = checking.open_plans(asked)
    rng = np.random.default_rng(seed)
    country = oddsites.town(rng, opened)
    path = folder / f"{seed}.geojson"
    standing = oddsites.write_sites(path, rng, country, oddsites.uses_of(SAMPLE, opened[0]), SITES)
    existing = str(standing) if standing is not None and seed % 2 else None
    return checking.CheckRequest(site=str(path), plans=names, as_of=DAY, existing=existing)


def told(made: Report) -> Any:
    """Return a report as it is read from its file."""
    return json.loads(json.dumps(report_json.document(made, "en", _to_lonlat, DAY)))


def differences(request: checking.CheckRequest, chosen: Sequence[int] | None) -> Iterator[Any]:
    """Yield the differences of some sites, or of all."""
    opened = checking.open_plans(request)
    for number, made in enumerate(checking.run(request)):
        if chosen is None or number in chosen:
            yield from ((number, *one) for one in _recounted(told(made), made, opened))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sample", "rtrw", "torn"])
def test_the_count_bears_out_odd_sites(
    tmp_path: Path, plans: dict[str, tuple[str, ...]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KKPR_CACHE", str(tmp_path / "cache"))
    asked = [(seed, chosen) for seed, chosen in ONCE_WRONG[name].items()]
    asked += [(seed, None if SOAK else range(4)) for seed in SEEDS[name]]
    found = {}
    for seed, chosen in asked:
        wrong = list(differences(request_of(tmp_path, plans[name], seed), chosen))
        if wrong:
            found[seed] = wrong
    assert found == {}


def changed(value: float) -> Iterator[float]:
    """Yield other numbers than a printed one: a little more, none, of the other sign."""
    yield value + max(1e-3, 1e-3 * abs(value))
    if value:
        yield 0.0
        yield -value


@pytest.mark.parametrize("name", ["rtrw", "torn"])
def test_no_number_can_be_changed_unnoticed(
    tmp_path: Path, plans: dict[str, tuple[str, ...]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KKPR_CACHE", str(tmp_path / "cache"))
    count = 0
    for made in checking.run(request_of(tmp_path, plans[name], 5001))[: None if SOAK else 3]:
        report = told(made)
        for way, value in places(report):
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            for other in changed(value):
                forged = copy.copy(report)
                forged[way[0]] = copy.deepcopy(report[way[0]])
                put(forged, way, other)
                # The part that was changed is enough to look at: the others are the same object.
                found = compare({way[0]: forged[way[0]]}, [{way[0]: report[way[0]]}])
                assert told_of(way, {one.path for one in found}), (way, value, other)
                count += 1
    assert count > 1000


def test_a_file_of_odd_sites_verifies(
    run: Run, tmp_path: Path, plans: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KKPR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("test_verify_odd.SITES", 3)
    request = request_of(tmp_path, plans["torn"], 5003)
    report = tmp_path / "report.json"
    more = [word for folder in request.plans for word in ("--plan", folder)]
    more += ["--existing", request.existing] if request.existing else []
    code, _, error = run("check", str(request.site), *more, "--as-of", str(DAY), "--output", str(report))
    assert code in (0, 1), error
    assert run("verify", str(report))[0] == 0
    text = report.read_text("utf-8")
    reports = json.loads(text)
    reports[-1]["ledger"][0]["area_m2"] += 0.01
    report.write_text(json.dumps(reports), "utf-8")
    assert run("verify", str(report))[0] == 1
