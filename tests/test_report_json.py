from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from report_values import AS_OF, EAST, NORTH, PROVENANCE, conforming, failing, finding, to_lonlat

from kkpr_check.errors import KkprError, Text, UsageError
from kkpr_check.model import Approvable, LedgerEntry, LedgerZone, Outcome, Report
from kkpr_check.report import FORMATS, render

SCHEMA = json.loads((Path(__file__).parents[1] / "kkpr_check/schemas/report-1.json").read_text("utf-8"))
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def write(*reports: Report, fmt: str = "json", lang: str = "en") -> Any:
    return json.loads(
        render(reports, fmt, lang, as_of=AS_OF, to_lonlat=to_lonlat), parse_constant=pytest.fail
    )


def closes(ledger: dict[str, Any]) -> bool:
    total = sum(zone["area_m2"] for zone in ledger["zones"])
    total += ledger["dropped_m2"] + ledger["gap_m2"] - ledger["overlap_m2"]
    return math.isclose(total, ledger["area_m2"], rel_tol=1e-6, abs_tol=1e-9)


PLAN = {
    "id": "rdtr-kota-contoh", "name": "RDTR Kota Contoh", "legal": "Perkada 1/2024", "sha256": "0" * 64, "lock": "unlocked",
    "level": "rdtr", "ce90_m": 2.5, "synthetic": True, "files": {"plan.toml": "2" * 64},
}  # fmt: skip
WHOLE = {
    **PROVENANCE, "plans": [PLAN], "layers": [None], "engine": "geos-overlay", "options": {"as_of": "2026-11-24"}, "feature": 0,
}  # fmt: skip


def whole(report: Report) -> Report:
    """Return a report with all that a check writes of where it comes from."""
    return dataclasses.replace(report, provenance=WHOLE)


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("make", [failing, conforming])
def test_every_report_is_valid_against_the_schema(make: Any, lang: str) -> None:
    VALIDATOR.validate(write(whole(make()), lang=lang))


def test_the_schema_refuses_what_is_not_in_it() -> None:
    document = write(whole(failing()))
    VALIDATOR.validate(document)
    for change in (
        {"surprise": 1},
        {"layers": [1]},
        {"feature": None},
        {"plans": [PLAN | {"files": {"a": "b"}}]},
    ):
        assert not VALIDATOR.is_valid(document | {"provenance": WHOLE | change}), change
    for key in WHOLE:
        less = {k: v for k, v in document["provenance"].items() if k != key}
        assert not VALIDATOR.is_valid(document | {"provenance": less}), key
    for change in ({"verdict": "ok"}, {"surprise": 1}, {"as_of": "24-11-2026"}, {"scope": None}):
        assert not VALIDATOR.is_valid(document | change), change
    del document["ledger"]
    assert not VALIDATOR.is_valid(document)


def test_one_site_is_an_object_and_several_are_an_array() -> None:
    assert write(failing())["subject"]["id"] == "lot-7"
    assert [item["subject"]["id"] for item in write(failing(), conforming())] == ["lot-7", "lot-8"]


def test_jsonl_is_one_report_a_line_even_for_one_site() -> None:
    one = render([failing()], "jsonl", "en", as_of=AS_OF, to_lonlat=to_lonlat)
    assert one.endswith("\n") and one.count("\n") == 1
    two = render([failing(), conforming()], "jsonl", "en", as_of=AS_OF, to_lonlat=to_lonlat).splitlines()
    assert [json.loads(line)["verdict"] for line in two] == ["nonconform", "conform"]


def test_the_contract_keys_stand_in_a_fixed_order() -> None:
    document = write(failing())
    assert list(document)[:6] == ["schema", "tool", "as_of", "verdict", "pathway", "pathway_reason"]
    assert [list(item) for item in document["findings"]] == [list(document["findings"][0])] * 8
    assert document["schema"] == "kkpr-check/report/1"
    assert document["as_of"] == "2026-11-24"


def test_geometry_is_longitude_latitude_with_outer_rings_counter_clockwise() -> None:
    clockwise = shapely.Polygon(
        [(EAST, NORTH), (EAST, NORTH + 50), (EAST + 40, NORTH + 50), (EAST + 40, NORTH)]
    )
    assert not clockwise.exterior.is_ccw
    part = write(dataclasses.replace(failing(), approvable=Approvable(2000.0, 1.0, clockwise)))["approvable"]
    shape = shapely.geometry.shape(part["geometry"])
    assert shape.exterior.is_ccw
    assert shape.bounds == pytest.approx((124.8181818, -9.5454545, 124.8185455, -9.5450000), abs=2e-7)
    west = part["geometry"]["coordinates"][0][0][0]
    assert len(str(west).split(".")[1]) >= 7


def test_numbers_are_rounded_and_stay_numbers() -> None:
    report = write(failing())
    kdb = next(item for item in report["findings"] if item["rule"] == "INT001")
    assert (kdb["measured"], kdb["limit"], kdb["margin"]) == (0.72916667, 0.6, -0.12916667)
    gsb = next(item for item in report["findings"] if item["rule"] == "TAB001")
    assert (gsb["measured"], gsb["flip_distance_m"], gsb["unit"]) == (5.0, 1.25, "m")
    assert report["subject"]["parcel_area_m2"] == 2000.0
    assert report["ledger"][0]["zones"][0]["area_m2"] == 1633.3333


def test_missing_inputs_and_the_subject_of_a_finding_are_named() -> None:
    found = {item["rule"]: item for item in write(failing())["findings"]}
    assert found["TAB004"]["missing"] == ["height_m"] and found["TAB004"]["subject"] == "footprint"
    assert found["KHS004"]["subject"] == "parcel" and found["KHS004"]["zone"] is None


def test_nan_never_leaves_the_house() -> None:
    bad = dataclasses.replace(
        failing(), findings=(finding("INT001", "kdb-exceeded", Outcome.FAIL, measured=math.nan),)
    )
    with pytest.raises(ValueError, match="JSON compliant"):
        render([bad], "json", "en", as_of=AS_OF, to_lonlat=to_lonlat)


def test_undecodable_bytes_of_a_file_name_do_not_break_the_output() -> None:
    provenance = PROVENANCE | {"inputs": [{"path": "lot\udce9.shp", "sha256": None}]}
    text = render(
        [dataclasses.replace(conforming(), provenance=provenance)],
        "json",
        "en",
        as_of=AS_OF,
        to_lonlat=to_lonlat,
    )
    assert "\\udc" not in text
    assert json.loads(text)["provenance"]["inputs"][0]["path"] == "lot?.shp"


def test_assumptions_and_left_out_plans_stand_in_provenance_in_the_language_asked_for() -> None:
    provenance = write(failing(), lang="id")["provenance"]
    assert provenance["assumptions"] == ["Bangunan yang sudah ada: tidak diketahui."]
    assert provenance["plans_left_out"] == [{"id": "rtrw-lama", "why": "berakhir 2020-01-01"}]


def test_provenance_keeps_further_facts_and_translates_texts() -> None:
    provenance = PROVENANCE | {
        "engine": "planar",
        "note": Text("moved", "dipindahkan"),
        "options": {"as_of": AS_OF},
    }
    written = write(dataclasses.replace(conforming(), provenance=provenance), lang="id")["provenance"]
    assert (written["engine"], written["note"], written["options"]) == (
        "planar",
        "dipindahkan",
        {"as_of": "2026-11-24"},
    )


def test_an_unknown_value_in_provenance_is_an_error_not_its_repr() -> None:
    report = dataclasses.replace(conforming(), provenance=PROVENANCE | {"odd": object()})
    with pytest.raises(TypeError, match="object"):
        render([report], "json", "en", as_of=AS_OF, to_lonlat=to_lonlat)


def test_a_report_without_working_crs_is_refused() -> None:
    with pytest.raises(KkprError, match="working CRS"):
        write(dataclasses.replace(conforming(), provenance={}))


@given(
    zones=st.lists(st.floats(0.001, 5_000), min_size=0, max_size=12),
    gap=st.one_of(st.just(0.0), st.floats(0, 900)),
    overlap=st.one_of(st.just(0.0), st.floats(0, 40)),
    dropped=st.one_of(st.just(0.0), st.floats(0, 2)),
)
def test_the_ledger_closes_after_rounding(
    zones: list[float], gap: float, overlap: float, dropped: float
) -> None:
    area = math.fsum([*zones, gap, dropped, -overlap])
    if area < 1e-3:
        return
    rows = tuple(LedgerZone(f"Z-{n}", "", size, size / area) for n, size in enumerate(zones))
    entry = LedgerEntry("parcel", "p", area, rows, gap, overlap, dropped)
    if any(row.share > 1 for row in rows):
        entry = dataclasses.replace(entry, zones=tuple(dataclasses.replace(row, share=1.0) for row in rows))
    ledger = write(dataclasses.replace(conforming(), ledger=(entry,)))["ledger"][0]
    assert closes(ledger)
    assert all(abs(new["area_m2"] - old) <= 1e-3 for new, old in zip(ledger["zones"], zones, strict=True))
    assert ledger["area_m2"] == pytest.approx(area, abs=1e-4)
    for name, value in (("gap_m2", gap), ("overlap_m2", overlap), ("dropped_m2", dropped)):
        assert ledger[name] == pytest.approx(value, abs=1e-3) and ledger[name] >= 0
        if value == 0 and zones:
            assert ledger[name] == 0, "rounding must not invent a gap, an overlap or noise"


def test_a_ledger_that_does_not_close_is_refused() -> None:
    entry = LedgerEntry("parcel", "p", 2000.0, (LedgerZone("R-2", "", 1990.0, 0.995),), 0.0, 0.0, 0.0)
    with pytest.raises(KkprError, match=r"10\.0000 m²"):
        write(dataclasses.replace(conforming(), ledger=(entry,)))


def test_geojson_carries_the_subject_the_conforming_part_and_the_witnesses() -> None:
    collection = write(failing(), fmt="geojson")
    kinds = [(item["properties"]["kind"], item["properties"].get("rule")) for item in collection["features"]]
    assert kinds == [
        ("parcel", None), ("footprint", None), ("approvable", None),
        ("finding", "INT001"), ("finding", "TAB001"),
    ]  # fmt: skip
    assert {item["properties"]["site"] for item in collection["features"]} == {"lot-7"}
    kdb = collection["features"][3]
    assert kdb["geometry"]["type"] == "Polygon" and kdb["properties"]["limit"] == 0.6
    assert "crs" not in collection


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="jsonl"):
        render([failing()], "xls", "en", as_of=AS_OF, to_lonlat=to_lonlat)
    assert FORMATS == ("text", "json", "jsonl", "geojson", "html", "md", "oss", "docx", "pdf")
