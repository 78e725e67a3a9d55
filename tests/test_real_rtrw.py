"""RTRW layers as offices publish them, given bare with ``--rtrw``: read whole, classes found, scale and holding zones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from real_plans import (
    AS_OF,
    REAL,
    TANIMBAR,
    TANIMBAR_PROVINCE,
    closing_error,
    column,
    found,
    geometries,
    middle,
    needs_real,
    projected,
    square,
    worst,
    write_plan,
    write_shapes,
)

from kkpr_check.checking import CheckRequest, run
from kkpr_check.io.windows import open_bare
from kkpr_check.model import Outcome, Report

pytestmark = needs_real

BANDUNG, CIREBON, BANJAR = (f"rtrw/RTRWP Kota {town}.zip" for town in ("Bandung", "Cirebon", "Banjar"))
UTM_TANIMBAR = 32752
CE90_PROVINCE_M = 125.0

READ = [  # name, UTM, features, hectares in that UTM zone, invalid polygons, level
    (BANDUNG, 32748, 6, 16681.011, 0, "rtrw-prov"),
    (CIREBON, 32749, 10, 33651.274, 0, "rtrw-prov"),
    (BANJAR, 32749, 4, 13113.471, 1, "rtrw-prov"),
    (TANIMBAR, UTM_TANIMBAR, 108, 4898.219, 0, "rtrw-kab"),
    (TANIMBAR_PROVINCE, UTM_TANIMBAR, 2, 3817.067, 0, "rtrw-prov"),
]


def check(path: Path, shapes: list[Any], utm: int, layers: list[str], **more: Any) -> tuple[Report, ...]:
    sites = write_shapes(path / "sites.geojson", shapes, utm, {"kbli": "56101"})
    rtrw = tuple(str(REAL / name) for name in layers)
    return run(CheckRequest(parcel=sites, rtrw=rtrw, as_of=AS_OF, **more))


@pytest.mark.parametrize(
    ("name", "utm", "n", "hectares", "invalid", "level"), READ, ids=lambda v: str(v)[-28:]
)
def test_is_read_whole(name: str, utm: int, n: int, hectares: float, invalid: int, level: str) -> None:
    """Also with positions [x, y, 0, null] and no crs member (Bandung, Cirebon, Banjar)."""
    opened = open_bare(REAL / name, None, None, {})
    (index,) = opened.indexes.values()
    assert opened.plan.level == level
    assert index.facts.rows == n and len(index.facts.repairs) == invalid
    read = index.window(None).geometry
    assert len(read) == n
    assert shapely.area(projected(read, utm)).sum() / 1e4 == pytest.approx(hectares, abs=6e-4)  # to 0.001 ha


@pytest.mark.parametrize("name", [BANDUNG, CIREBON, BANJAR])
def test_what_was_assumed_is_said(name: str) -> None:
    said = " ".join(text.en for text in open_bare(REAL / name, None, None, {}).assumptions)
    assert "heights (Z) are dropped" in said
    assert "rtrw-prov" in said and "1:250,000" in said and "CE90 125 m" in said


@pytest.mark.parametrize(("name", "utm"), [(BANDUNG, 32748), (CIREBON, 32749), (BANJAR, 32749)])
def test_the_class_at_a_site(name: str, utm: int, tmp_path: Path) -> None:
    """A square of 4 m inside every class lies in that class, named as the layer names it."""
    classes = column(name, "NAMOBJ")
    centres = [middle(g) for g in geometries(name, utm)]
    reports = check(tmp_path, [square(c, 4.0) for c in centres], utm, [name])
    assert {report.provenance["crs"]["work"] for report in reports} == {f"EPSG:{utm}"}
    for report, wanted in zip(reports, classes, strict=True):
        (zone,) = report.ledger[0].zones
        assert zone.name == wanted and zone.share == pytest.approx(1.0)
        assert closing_error(report.ledger[0]) <= 1e-6
        assert report.pathway == "PKKPR"
        assert report.verdict.value in ("undetermined", "nonconform")  # there is no matrix
    assert reports[0].provenance["plans"][0]["ce90_m"] == CE90_PROVINCE_M


def test_protected_classes_refuse(tmp_path: Path) -> None:
    """Without a matrix the protected classes of Bandung refuse (KGT005), the others are open."""
    shapes = geometries(BANDUNG, 32748)
    centres = [middle(g) for g in shapes]
    reports = check(tmp_path, [square(c, 4.0) for c in centres], 32748, [BANDUNG])
    refused = {r.ledger[0].zones[0].name for r in reports if worst(r, "KGT005") is Outcome.FAIL}
    assert refused == {"Badan Air", "Kawasan Konservasi"}


@pytest.fixture(scope="module")
def conservation() -> Any:
    classes = np.array(column(BANDUNG, "NAMOBJ"))
    return geometries(BANDUNG, 32748)[classes == "Kawasan Konservasi"][0]


def straddling(area: Any, n: int, side_m: float) -> list[Any]:
    """Return squares on the outline of an area that lie partly in it, evenly along it."""
    edge = area.boundary
    on_it = [square(edge.interpolate(t, normalized=True), side_m) for t in np.linspace(0.0, 0.99, 6 * n)]
    return [s for s in on_it if 0.3 < s.intersection(area).area / s.area < 0.7][:n]


def test_province_lines_do_not_refuse_within_their_accuracy(conservation: Any, tmp_path: Path) -> None:
    """Parcels of 60 m that straddle a line 1:250 000 (CE90 125 m): shallower than the map can tell."""
    shapes = straddling(conservation, 10, 60.0)
    assert len(shapes) == 10
    for report in check(tmp_path, shapes, 32748, [BANDUNG]):
        (doubt,) = [f for f in found(report, "KGT005") if f.outcome > Outcome.PASS]
        assert doubt.outcome is Outcome.UNDETERMINED
        assert doubt.flip_distance_m is not None and 0 < doubt.flip_distance_m <= 60.0 * np.sqrt(2)


def test_the_same_line_refuses_at_a_finer_scale(conservation: Any, tmp_path: Path) -> None:
    """The layer as a plan 1:25 000 (CE90 12.5 m): the same parcels fail where they reach in deeper than that."""
    shapes = straddling(conservation, 10, 60.0)
    plan = write_plan(
        tmp_path / "plan",
        'id = "rtrw"\nname = "RTRW"\nlevel = "rtrw-kota"\nlegal = "Uji"\nstatus = "in-force"\nscale = 25000',
        {BANDUNG: 'role = "zoning"\n[layer.fields]\nsubzone = "NAMOBJ"\nname = "NAMOBJ"\n'},
    )
    rows = "\n".join(
        f"{name},{name},,{'lindung' if name in ('Kawasan Konservasi', 'Badan Air') else 'budi-daya'},"
        for name in column(BANDUNG, "NAMOBJ")
    )
    (plan / "zones.csv").write_text(f"subzone,name,zone,protected,colour\n{rows}\n", encoding="utf-8")
    sites = write_shapes(tmp_path / "s.geojson", shapes, 32748, {"kbli": "56101"})
    outcomes = set()
    for report, shape in zip(
        run(CheckRequest(parcel=sites, plans=(str(plan),), as_of=AS_OF)), shapes, strict=True
    ):
        inside = shape.intersection(conservation)
        corners = shapely.points(shapely.get_coordinates(inside))
        deepest = max(
            shapely.distance(corners, conservation.boundary).max(),
            shapely.maximum_inscribed_circle(inside).length,
        )
        outcome = max(f.outcome for f in found(report, "KGT005"))
        if deepest > 13.0:
            assert outcome is Outcome.FAIL
        outcomes.add(outcome)
    assert Outcome.FAIL in outcomes


def test_a_class_narrower_than_its_accuracy_still_refuses(conservation: Any, tmp_path: Path) -> None:
    """No point of it is 125 m deep (53 m at most), yet a parcel that lies in it wholly fails."""
    assert shapely.maximum_inscribed_circle(conservation).length < CE90_PROVINCE_M
    (report,) = check(tmp_path, [square(middle(conservation), 40.0)], 32748, [BANDUNG])
    (refusal,) = found(report, "KGT005")
    assert refusal.outcome is Outcome.FAIL
    assert report.verdict.value == "nonconform"


def test_holding_zones_stand_in_the_remark(tmp_path: Path) -> None:
    """'Holding ; A / B' in REMARK: 10 + 2 + 2 features; every other feature is none."""
    remarks = np.array(column(TANIMBAR, "REMARK"))
    holding = np.char.startswith(remarks.astype(str), "Holding")
    assert holding.sum() == 14
    zones = geometries(TANIMBAR, UTM_TANIMBAR)
    centres = [middle(g) for g in zones]
    sites, expected = [], []
    for zone, centre, held in zip(zones, centres, holding, strict=True):
        side = 1.2 * zone.boundary.distance(centre)  # its half diagonal is 0.85 of the way to the edge
        if side > 2.0:
            sites.append(square(centre, min(side, 20.0)))
            expected.append(Outcome.CONDITIONAL if held else Outcome.PASS)
    assert expected.count(Outcome.CONDITIONAL) == 14 and len(expected) > 90
    reports = check(tmp_path, sites, UTM_TANIMBAR, [TANIMBAR])
    assert [worst(report, "RTR002") for report in reports] == expected


def test_kabupaten_before_province(tmp_path: Path) -> None:
    """Both cover the site: the kabupaten decides, the province is named in the ledger alone."""
    both = shapely.intersection(
        shapely.union_all(geometries(TANIMBAR, UTM_TANIMBAR)),
        shapely.union_all(geometries(TANIMBAR_PROVINCE, UTM_TANIMBAR)),
    )
    centre = middle(both)
    (report,) = check(tmp_path, [square(centre, 30.0)], UTM_TANIMBAR, [TANIMBAR_PROVINCE, TANIMBAR])
    assert [entry.plan.split("-")[1] for entry in report.ledger] == ["kab", "prov"]
    assert all(entry.gap_m2 == 0 for entry in report.ledger)
    assert {f.plan for f in found(report, "KGT005")} == {report.ledger[0].plan}


def test_a_class_nobody_knows_is_undetermined(tmp_path: Path) -> None:
    """'Pengembangan Pertanian Lahan Kering' is no class of the catalogue: the site stays open."""
    names = column(TANIMBAR_PROVINCE, "Ket")
    zones = geometries(TANIMBAR_PROVINCE, UTM_TANIMBAR)
    centres = [middle(g) for g in zones]
    reports = check(tmp_path, [square(c, 30.0) for c in centres], UTM_TANIMBAR, [TANIMBAR_PROVINCE])
    for name, report in zip(names, reports, strict=True):
        known = name == "Hutan Produksi Konversi"
        assert (worst(report, "KGT005") is Outcome.UNDETERMINED) != known
        assert report.verdict.value == "undetermined"
