"""``check --suggest`` on the Jagoi Babang plan: real parcels and roads, buildings that break the limits in many ways."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from real_plans import AS_OF, JAGOI, JAGOI_PARCELS, column, geometries, needs_real, write_plan
from shapely import affinity

from kkpr_check.api import to_dict
from kkpr_check.checking import CheckRequest, run
from kkpr_check.model import Report, Verdict

pytestmark = needs_real

UTM = 32649
PASSES = (Verdict.CONFORM, Verdict.CONDITIONAL)
ROADS = "pendukung/jagoi_babang_jalan.geojson"
HEAD = """id = "rdtr-jagoi-babang"
name = "RDTR KPN Jagoi Babang"
level = "rdtr"
legal = "RDTR KPN Jagoi Babang 2024"
status = "in-force"
valid_from = 2024-01-01
scale = 5000"""
LAYERS = {
    JAGOI: 'role = "zoning"\n[layer.fields]\nsubzone = "KODSBL"\nname = "NAMOBJ"\nremark = "REMARK"\n',
    ROADS: 'id = "jalan"\nrole = "road"\n[layer.fields]\nroad_class = "NAMOBJ"\n[layer.defaults]\nwidth_m = 8.0\n',
}
OVERLAYS = '[[overlay]]\nrule = "KHS002"\nfield = "LP2B_2"\n\n' + "\n".join(
    f'[[overlay]]\nrule = "KHS{n:03d}"\nnone = "uji"\n' for n in (1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
)
BUILT = ("R-3", "R-4", "R-5", "K-1", "K-2", "K-3")
"""Sub-zones in which a house is permitted here; everywhere else it is not."""
LIMITS = {
    "road_class": "*", "parcel_min_m2": "-", "parcel_max_m2": "-", "kdb_max_pct": "60", "klb_max": "1.2", "kdh_min_pct": "20",
    "ktb_max_pct": "-", "height_max_m": "12", "floors_max": "3", "gsb_min_m": "5", "side_min_m": "1.5", "rear_min_m": "2",
    "lot_min_m2": "60", "gsb_from": "parcel_edge", "legal": "uji",
}  # fmt: skip


def table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = write_plan(tmp_path_factory.mktemp("jagoi") / "plan", HEAD, LAYERS, OVERLAYS)
    codes = sorted({str(code) for code in column(JAGOI, "KODSBL")})
    table(
        plan / "zones.csv",
        [{"subzone": c, "name": c, "zone": c, "protected": "budi-daya", "colour": ""} for c in codes],
    )
    table(
        plan / "activities.csv",
        [{"activity_id": "rumah", "name": "Rumah tunggal"}, {"activity_id": "kantor", "name": "Kantor"}],
    )
    table(
        plan / "kbli.csv",
        [{"kbli": "68111", "activity_id": "rumah"}, {"kbli": "68112", "activity_id": "kantor"}],
    )
    table(plan / "itbx.csv", [
        {"activity_id": "rumah", **{c: "I" if c in BUILT else "X" for c in codes}},
        {"activity_id": "kantor", **{c: "I" if c[0] in "KS" else "X" for c in codes}},
    ])  # fmt: skip
    table(plan / "conditions.csv", [{"code": "T1", "text": "-", "legal": "-", "test": ""}])
    table(plan / "intensity.csv", [{"subzone": c, **LIMITS} for c in codes])
    return plan


def chosen() -> list[tuple[int, Any]]:
    """Return (row, parcel) of ordinary building lots beside a road, one kind of zone each, spread over the layer."""
    parcels, zones, roads = (geometries(name, UTM) for name in (JAGOI_PARCELS, JAGOI, ROADS))
    allowed = shapely.union_all(zones[np.isin(column(JAGOI, "KODSBL"), BUILT)])
    near = shapely.STRtree(roads)
    found = []
    for row, parcel in enumerate(parcels):
        if not 150 < parcel.area < 2500 or parcel.geom_type == "GeometryCollection":
            continue
        if (
            len(near.query(parcel, predicate="dwithin", distance=5.5))
            and shapely.area(shapely.intersection(parcel, allowed)) > 0.6 * parcel.area
        ):
            found.append((row, parcel))
    most = 96 if os.environ.get("KKPR_SOAK") else 16
    return found[:: max(1, len(found) // most)][:most]


def house(parcel: Any, kind: str) -> Any:
    box = shapely.minimum_rotated_rectangle(parcel)
    scaled = affinity.scale(box, 0.62, 0.62)
    if kind == "wide":
        scaled = affinity.scale(box, 0.86, 0.86)
    if kind == "aside":
        line = shapely.shortest_line(
            scaled.centroid, parcel.exterior if parcel.geom_type == "Polygon" else parcel.boundary
        )
        (x0, y0), (x1, y1) = shapely.get_coordinates(line)
        scaled = affinity.translate(affinity.scale(box, 0.45, 0.45), 0.6 * (x1 - x0), 0.6 * (y1 - y0))
    part = shapely.intersection(scaled, parcel)
    return max(shapely.get_parts(part), key=shapely.area)


KINDS = {
    "wide": {"floors": 1}, "aside": {"floors": 1}, "tall": {"floors": 5, "height_m": 18.0}, "use": {"kbli": "68112"},
}  # fmt: skip


@pytest.fixture(scope="module")
def reports(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, ...]:
    back = Transformer.from_crs(f"EPSG:{UTM}", "EPSG:4326", always_xy=True).transform
    rows = []
    for number, (row, parcel) in enumerate(chosen()):
        kind = list(KINDS)[number % len(KINDS)]
        given = {
            "kbli": "68111",
            "floors": 2,
            "height_m": 8.0,
            "green_area_m2": 0.25 * parcel.area,
            "basement_area_m2": 0.0,
            **KINDS[kind],
        }
        for role, shape in (("parcel", parcel), ("footprint", house(parcel, kind))):
            geometry = json.loads(shapely.to_geojson(shapely.transform(shape, back, interleaved=False)))
            rows.append(feature(f"{kind}-{row}", role, geometry, given))
    path = written(tmp_path_factory.mktemp("sites") / "sites.geojson", rows)
    return run(CheckRequest(site=path, plans=(str(folder),), as_of=AS_OF, suggest=True))


def feature(name: str, role: str, geometry: Any, given: dict[str, Any]) -> dict[str, Any]:
    properties = {"id": name, "role": role, **(given if role == "footprint" else {})}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    return str(path)


def test_most_of_what_breaks_the_limits_can_be_helped(reports: tuple[Report, ...]) -> None:
    failing = [r for r in reports if r.verdict not in PASSES]
    assert len(failing) >= 0.9 * len(reports)
    helped = [r for r in failing if r.suggestions is not None and r.suggestions.found]
    assert len(helped) >= 0.75 * len(failing)


def test_every_suggestion_passes_when_somebody_files_it(
    reports: tuple[Report, ...], folder: Path, tmp_path: Path
) -> None:
    rows: dict[int, list[dict[str, Any]]] = {}  # a file for each: buildings on one parcel count together
    promised = {}
    for report in reports:
        told = to_dict(report)
        for number, one in enumerate(told["suggestions"]["found"]):
            if one["steps"] == ["other-zone"]:
                continue
            name = f"{report.site.id}-{number}"
            given = {k: v for k, v in told["proposal"].items() if v is not None}
            given |= {k: v for k, v in one["values"].items() if k in given}
            shapes = {
                "parcel": one["parcel"] or _geometry(report, "parcel"),
                "footprint": one["footprint"] or _geometry(report, "footprint"),
            }
            rows.setdefault(number, []).extend(feature(name, role, g, given) for role, g in shapes.items())
            promised[name] = one["verdict"]
    after = [
        report
        for number, found in rows.items()
        for report in run(
            CheckRequest(
                site=written(tmp_path / f"{number}.geojson", found), plans=(str(folder),), as_of=AS_OF
            )
        )
    ]
    assert len(promised) >= len(reports) / 2
    broken = {
        report.site.id: [
            (f.rule, f.outcome.word, f.measured, f.limit) for f in report.findings if f.outcome > 2
        ]
        for report in after
        if report.verdict.value != promised[report.site.id]
    }
    assert not broken


def _geometry(report: Report, role: str) -> Any:
    back = Transformer.from_crs(f"EPSG:{UTM}", "EPSG:4326", always_xy=True).transform
    shape = getattr(report.site, role)
    return json.loads(shapely.to_geojson(shapely.transform(shape, back, interleaved=False)))


def test_a_building_that_is_cut_back_keeps_its_place_and_its_size_is_told(
    reports: tuple[Report, ...],
) -> None:
    seen = 0
    for report in reports:
        for one in report.suggestions.found if report.suggestions is not None else ():
            if not {"cut-footprint", "trim-footprint"} & set(one.steps):
                continue
            seen += 1
            if "move-footprint" not in one.steps:
                assert shapely.difference(one.footprint, report.site.footprint).area < 1e-3
            lost = report.site.footprint.area - one.footprint.area
            assert one.values["less_m2"] == pytest.approx(lost, abs=2e-3)
            assert one.values["footprint_m2"] == pytest.approx(one.footprint.area, abs=1e-3)
    assert seen > 3


def test_the_same_call_gives_the_same_answer(
    reports: tuple[Report, ...], folder: Path, tmp_path: Path
) -> None:
    first = reports[0]
    given = {k: v for k, v in to_dict(first)["proposal"].items() if v is not None and k != "floor_area_m2"}
    rows = [feature(first.site.id, role, _geometry(first, role), given) for role in ("parcel", "footprint")]
    (again,) = run(
        CheckRequest(
            site=written(tmp_path / "one.geojson", rows), plans=(str(folder),), as_of=AS_OF, suggest=True
        )
    )
    assert [s.message for s in again.suggestions.found] == [s.message for s in first.suggestions.found]  # type: ignore[union-attr]
