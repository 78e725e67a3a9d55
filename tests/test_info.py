"""``info``: what is listed, and that nothing inside the envelope is refused by a rule."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import shapely
from cli_harness import EXAMPLES, SAMPLE, process
from engine_builder import KNOWN_M, Built, build, run
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from real_plans import JAGOI, JAGOI_PARCELS, REAL, write_sites
from shapely import affinity
from test_monotone import cases

import kkpr_check
from kkpr_check import Plan
from kkpr_check.engine import survey
from kkpr_check.model import Outcome
from kkpr_check.siteinfo import SiteInfo, info_of

SCHEMA = json.loads((Path(kkpr_check.__file__).parent / "schemas" / "info-1.json").read_text("utf-8"))
RIVER = {
    "role": "river",
    "features": [{"area": "LINESTRING (-90 30, 90 26)", "width_m": 8.0, "setback_m": 9.0}],
}
ROADS = [
    {"area": "LINESTRING (-90 -5, 90 -5)", "width_m": 10.0},
    {"area": "LINESTRING (25 -90, 25 90)", "width_m": 10.0},
]
FLOOD = {"role": "overlay", "id": "banjir", "features": [{"area": [-50, 12, 6, 60]}]}


def told(case: dict[str, Any], **options: Any) -> tuple[Built, SiteInfo]:
    built = build(case)
    site = replace(built.site, footprint=None)
    surveys, needed_m = survey([site], built.windows, built.options, known_m=KNOWN_M)
    assert needed_m <= KNOWN_M
    return built, info_of(surveys[0], **options)


def only(case: dict[str, Any]) -> SiteInfo:
    return told({"footprint": False, "proposal": dict.fromkeys(("floors", "floor_area_m2"), ""), **case})[1]


def test_the_envelope_of_a_plain_lot() -> None:
    """20 x 20 m, GSB 3 from the front edge, sides 1.5, rear 2: 17 x 15 m are left, of which KDB takes 240 m2."""
    info = only({})
    assert info.envelope is not None and not info.envelope.missing
    (room,) = info.envelope.rooms
    assert room.area_m2 == pytest.approx(17 * 15, rel=2e-3)
    assert room.geometry.bounds == pytest.approx((1.5, 3, 18.5, 18), abs=2e-3)
    assert room.footprint_max_m2 == pytest.approx(240, abs=1e-3)
    assert room.floor_area_max_m2 == pytest.approx(480, abs=1e-3)
    assert (room.floors_max, room.height_max_m, room.floors_by_height) == (3, 12, 3)
    assert [(e.kind, e.compass, e.length_m) for e in info.edges] == [
        ("front", "S", 20), ("side", "E", 20), ("side", "W", 20), ("rear", "N", 20),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "missing"),
    [
        ({"limits": {"kdb_max_pct": ""}}, "intensity.csv:R-3:kdb_max_pct"),
        ({"limits": {"gsb_min_m": ""}}, "intensity.csv:R-3:gsb_min_m"),
        ({"layers": []}, "road"),
        ({"limits": {"gsb_min_m": "0.5*rumija", "gsb_from": "road_axis"},
          "layers": [{"role": "road", "features": [{"area": "LINESTRING (-90 -5, 90 -5)"}]}]}, "road:width_m"),
        ({"undeclared": ["KHS002"]}, "plan.toml:[[overlay]] rule=KHS002"),
        ({"intensity": [{"subzone": "R-3", "road_class": "arteri"}], "proposal": {"road_class": ""}}, "road_class"),
    ],
)  # fmt: skip
def test_what_is_not_known_makes_an_upper_bound_that_says_so(case: dict[str, Any], missing: str) -> None:
    info = only(case)
    assert info.envelope is not None
    assert missing in info.envelope.missing
    assert info.envelope.rooms[0].is_upper_bound


def test_several_rows_are_listed_and_the_strictest_is_reckoned_with() -> None:
    rows = [
        {"subzone": "R-3", "road_class": "arteri", "kdb_max_pct": "80", "gsb_min_m": "8"},
        {"subzone": "R-3", "road_class": "kolektor", "kdb_max_pct": "40", "gsb_min_m": "2"},
        {"subzone": "R-3", "road_class": "lokal"},
        {"subzone": "R-3", "road_class": "lingkungan"},
    ]
    info = only({"intensity": rows, "proposal": {"road_class": ""}})
    (part,) = info.parts
    assert [row.road_class for row in part.rows] == ["arteri", "kolektor", "lokal", "lingkungan"]
    assert part.unknown == ("road_class",)
    assert info.envelope is not None
    assert info.envelope.rooms[0].footprint_max_m2 == pytest.approx(160, abs=1e-3)
    assert info.envelope.rooms[0].geometry.bounds[1] == pytest.approx(8, abs=2e-3)


def test_nothing_is_buildable_where_a_rule_refuses_everything() -> None:
    refused: list[dict[str, Any]] = [
        {"limits": {"lot_min_m2": "500"}},
        {"limits": {"kdb_max_pct": "0"}},
        {"proposal": {"activity": "gudang"}},
        {"existing": [0, 0, 20, 18]},
        {"zones": []},
    ]
    for case in refused:
        info = only(case)
        assert info.envelope is not None
        assert info.envelope.area_m2 == 0, case


def test_activities_are_grouped_and_an_empty_cell_is_no_permission() -> None:
    info = only({"itbx": {"toko": {"R-3": ""}}, "proposal": {"activity": ""}})
    by_letter = {a.id: a.letter for a in info.parts[0].activities}
    assert by_letter == {"rumah": "I", "toko": "unknown", "bengkel": "B", "gudang": "X"}
    assert [a.conditions for a in info.parts[0].activities if a.id == "bengkel"] == [
        (("B1", "Wajib SPPL", "Pasal 5"),)
    ]
    built = build({"footprint": False, "proposal": {"activity": ""}})
    for find, wanted in (("GUD", ["gudang"]), ("471", ["toko"]), ("zzz", []), ("", [*by_letter])):
        (one,), _ = survey([built.site], built.windows, built.options, known_m=KNOWN_M)
        assert [a.id for a in info_of(one, find=find).parts[0].activities] == wanted


@st.composite
def sites(draw: st.DrawFn) -> dict[str, Any]:
    case = draw(cases())
    case |= {
        "layers": [
            {"role": "road", "features": ROADS[: draw(st.integers(1, 2))]},
            *([RIVER] if draw(st.booleans()) else []),
            *([FLOOD] if draw(st.booleans()) else []),
        ],
        "limits": {
            "gsb_min_m": draw(st.sampled_from(["3", "0.5*rumija+1", "-", ""])),
            "gsb_from": draw(st.sampled_from(["road_axis", "road_edge", "parcel_edge", ""])),
            "rear_min_m": draw(st.sampled_from(["2", "0.25*rumija"])),
        },
        "overlays": [{"rule": "KHS003", "layer": "banjir", "outcome": "fail"}],
        "existing": draw(st.sampled_from([None, [1, 1, 5, 5]])),
    }
    if not any(layer.get("id") == "banjir" for layer in case["layers"]):
        case["overlays"] = []
    case["parcel"] = draw(
        st.sampled_from(
            [[0, 0, 20, 20], "POLYGON ((0 0, 20 0, 20 12, 9 14, 8 24, 0 22, 0 0))", [0, 0, 30, 16]]
        )
    )
    if case["existing"] is None:
        del case["existing"]
    return case


@settings(max_examples=60, deadline=None)
@given(sites(), st.integers(0, 2**32 - 1))
def test_no_rule_refuses_a_building_inside_the_envelope(case: dict[str, Any], seed: int) -> None:
    case["footprint"] = False
    built, info = told(case)
    assert info.envelope is not None
    rooms = [room for room in info.envelope.rooms if room.area_m2 > 3 and room.footprint_max_m2 > 1]
    assume(rooms)
    rng = np.random.default_rng(seed)
    for room in rooms:
        most_m2 = min(room.footprint_max_m2, room.floor_area_max_m2 or np.inf)  # its ground floor is a floor
        for footprint in buildings(room.geometry, most_m2, rng):
            floors = 1 if room.floors_max is None else room.floors_max
            floor_area = footprint.area * floors
            if room.floor_area_max_m2 is not None:
                floor_area = min(floor_area, room.floor_area_max_m2)
            proposal = replace(
                built.site.proposal, floors=floors, floor_area_m2=floor_area, height_m=room.height_max_m,
                basement_area_m2=None, green_area_m2=None,
            )  # fmt: skip
            site = replace(built.site, footprint=footprint, proposal=proposal)
            report = run([site], built.windows, built.options)[0]
            bad = [
                (f.rule, f.message.en)
                for f in report.findings
                if f.outcome is Outcome.FAIL and f.rule[:3] in ("INT", "TAB", "KHS", "KGT") and f.subject == "footprint"
            ]  # fmt: skip
            if any(rule == "KGT002" for rule, _ in bad):
                continue  # conditions of a use are told with the use; the part that fails them is missing from the lot
            assert not bad, (bad, footprint.wkt, room.part.subzone)


def buildings(room: Any, most_m2: float, rng: np.random.Generator) -> list[Any]:
    """Return the room itself cut to size, and some turned rectangles in it."""
    found = []
    centre = shapely.maximum_inscribed_circle(room).coords[0]
    for _ in range(3):
        size = rng.uniform(0.5, 20, 2)
        box = shapely.box(*-size / 2, *size / 2)
        found.append(affinity.translate(affinity.rotate(box, rng.uniform(0, 90)), *centre).intersection(room))
    found.append(room)
    sized = []
    for shape in found:
        shape = max(shapely.get_parts(shape), key=lambda p: float(p.area))
        if shape.geom_type != "Polygon" or shape.area < 0.5:
            continue
        while shape.area > most_m2 - 1e-4:
            x0, y0, x1, y1 = shape.bounds
            cut = shape.intersection(shapely.box(x0, y0, x0 + (x1 - x0) * 0.97, y1))
            shape = max(shapely.get_parts(cut), key=lambda p: float(p.area))
        sized.append(shape)
    return sized


def test_the_sample_by_the_command_line() -> None:
    for lang, words in (("id", ["Keterangan rencana", "Ruang terbangun"]), ("en", ["What the plans say"])):
        done = process(
            "info", str(EXAMPLES / "08-land.geojson"), "--plan", str(SAMPLE), "--as-of", "2025-01-01", "--lang", lang
        )  # fmt: skip
        assert done.returncode == 0 and not done.stderr
        assert all(word in done.stdout.decode() for word in [*words, ": KBLI 47112\n"])
    for name in ("08-land", "03-partial", "06-several", "07-gap"):
        done = process(
            "info", str(EXAMPLES / f"{name}.geojson"), "--plan", str(SAMPLE), "--as-of", "2025-01-01", "--format", "json"
        )  # fmt: skip
        document = json.loads(done.stdout)
        jsonschema.validate(document, SCHEMA)
        one = document[0] if isinstance(document, list) else document
        assert sum(z["share"] for z in one["zones"]) <= 1 + 1e-6


def test_a_point_has_zones_and_no_areas() -> None:
    done = process(
        "info", "--point", "-9.4501,124.4833", "--plan", str(SAMPLE), "--as-of", "2025-01-01", "--format", "json"
    )  # fmt: skip
    document = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    assert done.returncode == 0
    assert [z["subzone"] for z in document["zones"]] == ["P-3"]
    assert document["envelope"] is None and document["zones"][0]["area_m2"] is None


@pytest.mark.parametrize(
    "arguments", [(), ("--plan", str(SAMPLE)), ("nowhere.geojson", "--plan", str(SAMPLE))]
)
def test_bad_calls_end_with_2(arguments: tuple[str, ...]) -> None:
    done = process("info", *arguments)
    assert done.returncode == 2 and b"Traceback" not in done.stderr and done.stderr


def test_geojson_and_markdown(tmp_path: Path) -> None:
    common = ("info", str(EXAMPLES / "08-land.geojson"), "--plan", str(SAMPLE), "--as-of", "2025-01-01")
    assert process(*common, "--output", str(tmp_path / "a.geojson")).returncode == 0
    kinds = [f["properties"]["kind"] for f in json.loads((tmp_path / "a.geojson").read_text())["features"]]
    assert kinds[0] == "parcel" and kinds.count("envelope") == 1 and kinds.count("edge") == 4
    assert process(*common, "--output", str(tmp_path / "a.md"), "--lang", "id").returncode == 0
    assert (tmp_path / "a.md").read_text("utf-8").startswith("# Keterangan rencana")
    assert process(*common, "--output", str(tmp_path / "a.md")).returncode == 2


def test_the_same_from_python() -> None:
    info = Plan.open(SAMPLE).info(EXAMPLES / "08-land.geojson", find="warung")
    assert info.parts[0].subzone == "K-2"
    assert info.envelope is not None and info.envelope.area_m2 > 0


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")
def test_a_bare_real_layer_lists_zones_and_claims_nothing_else(tmp_path: Path) -> None:
    parcels = write_sites(tmp_path / "parcels.geojson", JAGOI_PARCELS, every=200)
    done = process("info", parcels, "--rdtr", str(REAL / JAGOI), "--format", "json")
    documents = json.loads(done.stdout)
    assert done.returncode == 0
    jsonschema.validate(documents, SCHEMA)
    covered = [d for d in documents if d["zones"]]
    assert covered
    for document in covered:
        assert all(room["upper_bound"] for room in document["envelope"]["rooms"])
        assert all(not zone["activities"]["I"] for zone in document["zones"])
