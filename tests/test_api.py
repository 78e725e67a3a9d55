"""The Python API as docs/python-api.md describes it: what goes in, what comes out, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import shapely
from batch_harness import CRS, DATA

from kkpr_check import KkprError, Plan, check, check_many, to_dict

SITE = shapely.box(662010, 8955680, 662018, 8955690)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.open(DATA / "sample")


def test_the_same_geometry_gives_the_same_report(plan: Plan) -> None:
    """The folder that a geometry passes through has another name in each run."""
    told = [
        to_dict(check(SITE, plan, parcel=SITE.buffer(3), crs=CRS, as_of=dt.date(2025, 1, 1)))
        for _ in range(2)
    ]
    assert told[0] == told[1]
    assert [one["path"] for one in told[0]["provenance"]["inputs"]] == ["site.geojson", "parcel.geojson"]
    assert "/tmp" not in json.dumps(told[0]["provenance"]["options"])


@pytest.mark.parametrize("day", ["2025-01-01", dt.date(2025, 1, 1), dt.datetime(2025, 1, 1, 12, 30)])
def test_a_day_is_a_date_or_its_text(plan: Plan, day: Any) -> None:
    assert to_dict(check(SITE, plan, crs=CRS, as_of=day))["as_of"] == "2025-01-01"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"site": [SITE]}, "list is neither"),
        ({"site": {"type": "Polygon"}}, "dict is neither"),
        ({"site": SITE, "as_of": "yesterday"}, "no date"),
        ({"site": SITE, "as_of": 2025}, "no date"),
        ({"site": SITE, "flors": 2}, "unknown option: flors"),
        ({"site": SITE, "crs": None}, "without crs="),
        ({"site": shapely.Point(662010, 8955680)}, "^site.geojson, layer site, row 0: a Point"),
        ({}, "no site"),
    ],
)
def test_what_can_not_be_is_refused_in_words(plan: Plan, given: dict[str, Any], words: str) -> None:
    with pytest.raises(KkprError, match=words) as refused:
        check_many(plan=plan, **{"crs": CRS, **given})
    assert "/tmp" not in refused.value.render("en") + refused.value.render("id")


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(KkprError, match="level 'kota' is not known"):
        Plan.from_layer(DATA / "sample" / "layers" / "polaruang_sintetis.shp", level="kota")  # type: ignore[arg-type]
