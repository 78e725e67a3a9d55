"""Jagoi Babang: 2,784 land-title parcels against the fullest official RDTR layer that is public.

Numbers without a comment stand in the README of the real data, which was made without this project's code.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from real_plans import (
    AS_OF,
    JAGOI,
    JAGOI_PARCELS,
    REAL,
    closing_error,
    column,
    found,
    geometries,
    needs_real,
    worst,
    write_plan,
    write_sites,
)

from kkpr_check.api import to_dict
from kkpr_check.checking import CheckRequest, run
from kkpr_check.errors import PlanError
from kkpr_check.io.lock import write_lock
from kkpr_check.io.sites import read_sites
from kkpr_check.io.windows import OpenPlan, open_folder
from kkpr_check.ledger import Parts, cut
from kkpr_check.model import Outcome, Report
from kkpr_check.plan import Tolerance

pytestmark = needs_real

UTM = 32649
N_PARCELS = 2784
LP2B = "pendukung/jagoi_babang_lp2b.geojson"
FOREST = "pendukung/jagoi_babang_kawasan_hutan.geojson"
ROADS = "pendukung/jagoi_babang_jalan.geojson"
COUNTED_M2 = 0.01
"""Shares from here on count in the reference figures."""

HEAD = """id = "rdtr-jagoi-babang"
name = "RDTR KPN Jagoi Babang"
level = "rdtr"
legal = "RDTR KPN Jagoi Babang 2024"
status = "in-force"
valid_from = 2024-01-01
scale = 5000"""
LAYERS = {
    JAGOI: """role = "zoning"
[layer.fields]
subzone = "KODSBL"
name = "NAMOBJ"
remark = "REMARK"
""",
    ROADS: """id = "jalan"
role = "road"
[layer.fields]
road_class = "NAMOBJ"
""",
    LP2B: """id = "lp2b"
role = "overlay"
[layer.fields]
value = "LP2B_1"
""",
    FOREST: """id = "hutan"
role = "forest"
scale = 50000
[layer.fields]
value = "NAMOBJ"
""",
}
OVERLAYS = """[[overlay]]
rule = "KHS001"
field = "KKOP_1"

[[overlay]]
rule = "KHS002"
field = "LP2B_2"

[[overlay]]
rule = "KHS002"
layer = "lp2b"
values = { "LCP2B" = "conditional" }

[[overlay]]
rule = "KHS003"
field = "KRB_03"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_plan(tmp_path_factory.mktemp("jagoi") / "plan", HEAD, LAYERS, OVERLAYS)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_sites(tmp_path_factory.mktemp("persil") / "persil.geojson", JAGOI_PARCELS)


@pytest.fixture(scope="module")
def reports(folder: Path, sites: str) -> tuple[Report, ...]:
    return run(CheckRequest(parcel=sites, plans=(str(folder),), as_of=AS_OF))


@pytest.fixture(scope="module")
def parcels() -> Any:
    return geometries(JAGOI_PARCELS, UTM)


def touched(parcels: Any, layer: str, field: str, value: str) -> int:
    """Count the parcels that share more than 0.01 m2 with a class, by plain shapely."""
    area = shapely.union_all(geometries(layer, UTM)[np.array(column(layer, field)) == value])
    return int((shapely.area(shapely.intersection(parcels, area)) > COUNTED_M2).sum())


def test_every_parcel_has_a_report_in_its_order(reports: tuple[Report, ...]) -> None:
    assert [report.site.id for report in reports] == [f"r{i}" for i in range(N_PARCELS)]
    assert {report.site.scope for report in reports} == {"land"}
    assert {report.provenance["crs"]["work"] for report in reports} == {f"EPSG:{UTM}"}


def test_every_ledger_closes(reports: tuple[Report, ...]) -> None:
    assert all(len(report.ledger) == len(report.combined) == 1 for report in reports)
    assert max(closing_error(e) for r in reports for e in (*r.ledger, *r.combined)) <= 1e-6


def test_ledger_areas_are_those_of_the_parcels(reports: tuple[Report, ...], parcels: Any) -> None:
    """Areas agree with a projection made elsewhere, to the 1e-4 m2 that are printed."""
    mine = np.array([report.ledger[0].area_m2 for report in reports])
    assert np.abs(mine - shapely.area(parcels)).max() < 1e-3


def test_parcels_covered_and_partly_outside(reports: tuple[Report, ...]) -> None:
    gap = np.array([report.ledger[0].gap_m2 / report.ledger[0].area_m2 for report in reports])
    assert (gap <= 1e-4).sum() == 2614
    assert (gap > 1e-4).sum() == 170
    assert not (gap == 1).any()


def test_the_zoning_has_no_overlap(reports: tuple[Report, ...]) -> None:
    """The layer has no overlapping pair: what is counted twice is rounding (0.1 mm wide at most)."""
    assert max(report.ledger[0].overlap_m2 for report in reports) < 0.01


def _reading(folder: Path, sites: str) -> tuple[Any, Any]:
    """Return parcels and zones in the working CRS as the product reads them."""
    (group,) = read_sites(parcel=sites).groups
    shapes = np.array([site.parcel for site in group.sites], dtype=object)
    zoning = open_folder(folder).window(tuple(shapely.total_bounds(shapes)), group.work_crs, 60.0).zoning
    return shapes, zoning


@pytest.fixture(scope="module")
def overlay(folder: Path, sites: str) -> Parts:
    """The overlay of all parcels with all zones with no noise taken off, in the product's own reading."""
    shapes, zoning = _reading(folder, sites)
    _, number = np.unique(zoning.meaning["subzone"].astype(str), return_inverse=True)
    return cut(shapes, zoning.geometry, number, Tolerance(0.0, 0.0))


def test_zones_of_each_parcel_by_the_kernel(overlay: Parts) -> None:
    """Codes and names are one to one in this layer, so sub-zones count as the NAMOBJ of the reference."""
    assert len(set(column(JAGOI, "KODSBL"))) == len(set(zip(column(JAGOI, "KODSBL"), column(JAGOI, "NAMOBJ"), strict=True)))  # fmt: skip
    counted = overlay.subject[overlay.area_m2 > COUNTED_M2]
    zones = np.bincount(counted, minlength=N_PARCELS)
    assert Counter(zones.tolist()) == {1: 1584, 2: 900, 3: 236, 4: 54, 5: 8, 6: 1, 8: 1}


def test_slivers_of_single_zones(folder: Path, sites: str, overlay: Parts) -> None:
    """88 parcels of several sub-zones have a smallest share below 1 m2, counted by zone polygon."""
    shapes, zoning = _reading(folder, sites)
    by_feature = cut(shapes, zoning.geometry, np.arange(len(zoning)), Tolerance(0.0, 0.0))
    zones = np.bincount(overlay.subject[overlay.area_m2 > COUNTED_M2], minlength=N_PARCELS)
    counted = by_feature.area_m2 > COUNTED_M2
    smallest = np.full(N_PARCELS, np.inf)
    np.minimum.at(smallest, by_feature.subject[counted], by_feature.area_m2[counted])
    assert ((zones > 1) & (smallest < 1.0)).sum() == 88


def test_the_ledger_lists_what_the_kernel_finds_but_noise(
    reports: tuple[Report, ...], overlay: Parts
) -> None:
    """A ledger is shorter than the kernel's list by exactly the sub-zones of which all pieces are noise.

    Noise is a piece under 5 % of the parcel that is under 1 m2, or under 0.5 m wide on average.
    """
    shorter = 0
    for k, report in enumerate(reports):
        entry, rows, parcel = report.ledger[0], overlay.of(k), report.site.parcel
        assert parcel is not None
        sizes = overlay.area_m2[rows]
        noise = 0
        for whole in overlay.whole[rows]:
            pieces = [p for p in shapely.get_parts(whole) if p.area > 0]
            small = [p for p in pieces if p.area < 0.05 * parcel.area
                     and (p.area < 1.0 or 2 * p.area / p.length < 0.5)]  # fmt: skip
            noise += len(small) == len(pieces)
        assert len(entry.zones) == len(sizes) - noise
        kept = sum(zone.area_m2 for zone in entry.zones)
        assert kept + entry.dropped_m2 == pytest.approx(sizes.sum(), rel=1e-9, abs=1e-3)
        shorter += len(entry.zones) < int((sizes > COUNTED_M2).sum())
    assert shorter == 165  # no figure of the reference: how many parcels touch a sub-zone as noise alone


@pytest.mark.parametrize(
    ("code", "counted", "as_noise"), [("K02B", 157, 2), ("K02C", 57, 0)], ids=["K02B", "K02C"]
)
def test_farmland_of_the_column(
    reports: tuple[Report, ...], parcels: Any, code: str, counted: int, as_noise: int
) -> None:
    assert touched(parcels, JAGOI, "LP2B_2", code) == counted
    said = [finding for report in reports for finding in found(report, "KHS002") if finding.zone == code]
    assert len(said) == counted - as_noise
    assert {finding.outcome for finding in said} <= {Outcome.FAIL, Outcome.UNDETERMINED}


@pytest.mark.parametrize(
    ("value", "counted", "outcomes"),
    [("LP2B", 157, {Outcome.FAIL, Outcome.UNDETERMINED}), ("LCP2B", 70, {Outcome.CONDITIONAL})],
)
def test_farmland_of_the_layer(
    reports: tuple[Report, ...], parcels: Any, value: str, counted: int, outcomes: set[Outcome]
) -> None:
    """The layer the column was made from: its reserve land (LCP2B) is conditional in this plan."""
    assert touched(parcels, LP2B, "LP2B_1", value) == counted
    said = [finding for report in reports for finding in found(report, "KHS002") if finding.zone == value]
    assert counted - 3 <= len(said) <= counted
    assert {finding.outcome for finding in said} <= outcomes


def test_forest_parcels(reports: tuple[Report, ...], parcels: Any) -> None:
    """Three parcels touch production forest, two of them with slivers that never decide."""
    classes = column(FOREST, "NAMOBJ")
    inside = {value: touched(parcels, FOREST, "NAMOBJ", value) for value in set(classes)}
    assert inside["Kawasan Hutan Produksi"] == 3 and sum(inside.values()) == 3
    known = [report for report in reports if any(entry.zones for entry in report.combined)]
    said = [report for report in known if worst(report, "KHS009") > Outcome.PASS]
    assert [f.zone for r in said for f in found(r, "KHS009")] == ["Kawasan Hutan Produksi"]
    forest = shapely.union_all(geometries(FOREST, UTM))
    row = int(said[0].site.id[1:])
    assert found(said[0], "KHS009")[0].measured == pytest.approx(
        shapely.intersection(parcels[row], forest).area, abs=1e-3
    )


def test_hazard_classes_of_the_column(reports: tuple[Report, ...], parcels: Any) -> None:
    for value in ("Rawan Karhutla Sedang", "Rawan Longsor Sedang", "Rawan Banjir Sedang"):
        named = sum(any(f.zone == value for f in found(report, "KHS003")) for report in reports)
        counted = touched(parcels, JAGOI, "KRB_03", value)
        assert 0.95 * counted <= named <= counted, value  # the rest are slivers


def test_the_invalid_polygon_is_recorded(reports: tuple[Report, ...]) -> None:
    (repair,) = reports[0].provenance["repairs"]
    assert "Ring Self-intersection" in repair.en and "rdtr-jagoi-babang/zoning" in repair.en


def test_nothing_conforms_without_tables(reports: tuple[Report, ...]) -> None:
    assert {report.verdict.value for report in reports} <= {"undetermined", "nonconform"}


def test_codes_as_numbers_serve_as_well(folder: Path, tmp_path: Path) -> None:
    """NAMSZN holds the domain code as a float: mapped through [layer.codes] it is the same ledger."""
    numbers = dict(zip(column(JAGOI, "KODSZN"), column(JAGOI, "KODSBL"), strict=True))
    assert set(column(JAGOI, "NAMSZN")) == {float(number) for number in numbers}
    codes = "\n".join(f'"{number}" = "{code}"' for number, code in numbers.items())
    zoning = f'role = "zoning"\n[layer.fields]\nsubzone = "NAMSZN"\nname = "NAMOBJ"\n[layer.codes]\n{codes}\n'
    other = write_plan(tmp_path / "angka", HEAD, {JAGOI: zoning})
    some = write_sites(tmp_path / "s.geojson", JAGOI_PARCELS, every=40)
    by_number, by_letter = (
        run(CheckRequest(parcel=some, plans=(str(plan),), as_of=AS_OF)) for plan in (other, folder)
    )
    # One feature carries the number of SPU-3 and the letters of SPU-4: those two may differ.
    assert numbers["32104300"] in ("SPU-3", "SPU-4")
    for left, right in zip(by_number, by_letter, strict=True):
        named = {zone.subzone for zone in (*left.ledger[0].zones, *right.ledger[0].zones)}
        if not named & {"SPU-3", "SPU-4"}:
            assert left.ledger == right.ledger


def test_locked_copies_give_the_same_reports(folder: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    write_plan(plan, HEAD, LAYERS, OVERLAYS)
    some = write_sites(tmp_path / "s.geojson", JAGOI_PARCELS, every=14)
    before = run(CheckRequest(parcel=some, plans=(str(plan),), as_of=AS_OF))
    write_lock(plan)
    opened: OpenPlan = open_folder(plan)
    assert opened.lock == "locked" and len(list((plan / ".kkpr").glob("*.kkpr"))) == len(LAYERS)
    after = run(CheckRequest(parcel=some, plans=(str(plan),), as_of=AS_OF))
    assert before[0].provenance["plans"][0]["lock"] == "unlocked"
    assert after[0].provenance["plans"][0]["lock"] == "locked"
    for was, now in zip(before, after, strict=True):
        assert to_dict(replace(now, provenance=was.provenance)) == to_dict(was)


def test_a_deleted_farmland_polygon_is_seen_by_the_lock(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan", HEAD, LAYERS, OVERLAYS)
    write_lock(plan)
    layer = plan / "layers" / Path(LP2B).name
    collection = json.loads((REAL / LP2B).read_text(encoding="utf-8"))
    del collection["features"][40]
    layer.write_text(json.dumps(collection), encoding="utf-8")
    with pytest.raises(PlanError) as caught:
        run(CheckRequest(point="1.3,109.9", plans=(str(plan),), as_of=AS_OF))
    assert caught.value.code == "lock" and Path(LP2B).name in caught.value.text.en
