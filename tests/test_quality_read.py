"""Targets that are broken: each fault is a finding with its code, and never hides what else is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from builders import (
    cut,
    feature,
    geojson,
    overwrite_text,
    polygon,
    ring,
    set_dbf_rows,
    shapefile,
    shuffle_shx,
)
from cli_harness import SAMPLE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kkpr_check.errors import KkprError
from kkpr_check.quality.findings import DataFinding, Result
from kkpr_check.validating import ValidateRequest, validate


def look(*targets: Path | str, **more: Any) -> Result:
    return validate(ValidateRequest(tuple(map(str, targets)), **more))


def only(result: Result, code: str) -> list[DataFinding]:
    return [finding for finding in result.findings if finding.code == code]


def codes_of(result: Result) -> set[str]:
    return {finding.code for finding in result.findings}


def square(x: float = 124.48, y: float = -9.445, size: float = 0.001, **properties: Any) -> dict[str, Any]:
    return feature(polygon(ring(x, y, size)), **({"KODSZN": "R-3"} | properties))


def test_a_clean_layer_has_no_findings_of_reading_or_topology(tmp_path: Path) -> None:
    result = look(
        geojson(tmp_path / "zona.geojson", [square(), square(124.481)]),
        select=("DAT0", "DAT1"),
        ignore=("DAT109",),
    )
    assert not result.findings
    assert "DAT101" in result.checks_run
    (target,) = result.targets
    assert (target.role, target.features, target.feature_field) == ("zoning", 2, None)
    assert target.sha256 is not None and len(target.sha256) == 64


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda shp: shp.with_suffix(".shx").unlink(), "DAT002"),
        (lambda shp: shp.with_suffix(".dbf").unlink(), "DAT002"),
        (lambda shp: shp.with_suffix(".prj").unlink(), "DAT003"),
        (lambda shp: cut(shp, 0.6), "DAT008"),
        (lambda shp: set_dbf_rows(shp.with_suffix(".dbf"), 150), "DAT008"),
        (lambda shp: shuffle_shx(shp.with_suffix(".shx")), "DAT008"),
        (lambda shp: shp.with_suffix(".shp").write_bytes(b"PK\3\4 no shapefile"), "DAT008"),
    ],
)  # fmt: skip
def test_faults_of_a_shapefile(damage: Any, code: str, tmp_path: Path) -> None:
    shp = shapefile(tmp_path)
    damage(shp)
    result = look(shp)
    assert [f.level for f in only(result, code)] == ["error"], codes_of(result)


def test_a_file_that_is_no_geojson(tmp_path: Path) -> None:
    path = tmp_path / "zona.geojson"
    path.write_text('{"type": "FeatureCollection", "features": [')
    (finding,) = look(path).findings
    assert (finding.code, finding.level, finding.file) == ("DAT001", "error", str(path))


def test_texts_that_are_not_what_the_cpg_says(tmp_path: Path) -> None:
    shp = shapefile(tmp_path)
    dbf = shp.with_suffix(".dbf")
    text = dbf.read_bytes()
    word = next(w for w in (b"R-2", b"Zona", b"R-3", b"nama") if w in text)
    overwrite_text(dbf, word, b"\xe9\xff" + word[2:])
    shp.with_suffix(".cpg").write_text("UTF-8")
    result = look(shp)
    assert only(result, "DAT009")
    assert result.targets[0].features == 200
    assert "DAT101" in result.checks_run


def test_no_crs_leaves_the_attributes_to_be_checked(tmp_path: Path) -> None:
    shp = shapefile(tmp_path)
    shp.with_suffix(".prj").unlink()
    result = look(shp)
    assert only(result, "DAT003")
    assert "DAT201" in result.checks_run
    assert "DAT101" not in result.checks_run
    assert any(item.code == "DAT101" and "DAT003" in item.why.en for item in result.not_run)
    assumed = look(shp, assume_crs="EPSG:32751")
    assert not only(assumed, "DAT003")
    assert "DAT101" in assumed.checks_run


def test_swapped_axes_are_said_and_the_rest_is_checked(tmp_path: Path) -> None:
    swapped = [square(), square(124.4805)]
    for item in swapped:
        item["geometry"]["coordinates"] = [[[y, x] for x, y in item["geometry"]["coordinates"][0]]]
    result = look(geojson(tmp_path / "zona.geojson", swapped))
    assert only(result, "DAT005")
    (overlap,) = only(result, "DAT101")
    west, south, east, north = overlap.witness.bounds
    assert 124.4 < west < east < 124.5
    assert -9.5 < south < north < -9.4


def test_a_layer_elsewhere_and_one_feature_elsewhere(tmp_path: Path) -> None:
    assert only(look(geojson(tmp_path / "a.geojson", [square(10, 50)])), "DAT004")
    result = look(geojson(tmp_path / "b.geojson", [square(), square(10, 50), square()]))
    assert [f.feature for f in only(result, "DAT004")] == ["1"]
    assert [f.feature for f in only(result, "DAT104")] == ["2"]


def test_one_bad_geometry_never_hides_another(tmp_path: Path) -> None:
    bow_tie = [[124.482, -9.445], [124.483, -9.444], [124.483, -9.445], [124.482, -9.444], [124.482, -9.445]]
    features = [
        square(OBJECTID=11),
        feature(None, KODSZN="R-3", OBJECTID=12),
        feature(polygon(bow_tie), KODSZN="Q-99", OBJECTID=13),
        feature({"type": "Point", "coordinates": [124.48, -9.445]}, KODSZN="R-3", OBJECTID=14),
        feature(polygon([[124.5, -9.4], [124.6, -9.4], [124.5, -9.4]]), KODSZN="R-3", OBJECTID=15),
        feature({"type": "GeometryCollection", "geometries": []}, KODSZN="R-3", OBJECTID=16),
        square(124.4805, OBJECTID=17),
        square(124.49, OBJECTID=18, KODSZN=None),
    ]
    result = look(geojson(tmp_path / "zona.geojson", features))
    said = {(f.code, f.feature) for f in result.findings if f.level == "error"}
    assert said >= {
        ("DAT007", "12"),
        ("DAT105", "13"),
        ("DAT203", "13"),
        ("DAT006", "14"),
        ("DAT105", "15"),
        ("DAT101", "11"),
        ("DAT202", "18"),
    }
    assert {f.feature_field for f in result.findings if f.feature} == {"OBJECTID"}
    (repair,) = [f for f in only(result, "DAT105") if f.feature == "13"]
    assert 124.482 < repair.witness.x < 124.483
    (overlap,) = only(result, "DAT101")
    assert (overlap.feature, overlap.other_feature) == ("11", "17")


def test_heights_are_information(tmp_path: Path) -> None:
    item = square()
    item["geometry"]["coordinates"] = [[[x, y, 5.0] for x, y in item["geometry"]["coordinates"][0]]]
    (finding,) = only(look(geojson(tmp_path / "zona.geojson", [item])), "DAT006")
    assert finding.level == "info"


def test_a_chord_sliver_is_told_from_an_overlap(tmp_path: Path) -> None:
    """One neighbour draws 0.4 degrees of a parallel as one edge, the other with a vertex in between."""
    a = polygon([[124.0, -9.5], [124.4, -9.5], [124.4, -9.6], [124.0, -9.6], [124.0, -9.5]])
    b = polygon([[124.0, -9.5], [124.0, -9.4], [124.4, -9.4], [124.4, -9.5], [124.2, -9.5], [124.0, -9.5]])
    path = geojson(tmp_path / "zona.geojson", [feature(a, KODSZN="R-2"), feature(b, KODSZN="R-3")])
    result = look(path, select=("DAT1",))
    chords = only(result, "DAT108")
    assert [f.level for f in chords] == ["warning"], (
        "44 km long: the chord lies metres away from the parallel"
    )
    assert {chords[0].feature, chords[0].other_feature} == {"0", "1"}
    assert not {"DAT101", "DAT102"} & codes_of(result)


def test_a_short_chord_is_information_or_noise(tmp_path: Path) -> None:
    a = polygon([[124.0, -9.5], [124.1, -9.5], [124.1, -9.6], [124.0, -9.6], [124.0, -9.5]])
    b = polygon([[124.0, -9.5], [124.0, -9.4], [124.1, -9.4], [124.1, -9.5], [124.05, -9.5], [124.0, -9.5]])
    path = geojson(tmp_path / "zona.geojson", [feature(a, KODSZN="R-2"), feature(b, KODSZN="R-3")])
    result = look(path, select=("DAT1",))
    assert [f.level for f in only(result, "DAT108")] == ["info"]
    assert not {"DAT101", "DAT102"} & codes_of(result)


def test_a_missing_target_and_a_wrong_prefix_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(KkprError, match="does not exist"):
        look(tmp_path / "nowhere.shp")
    with pytest.raises(KkprError, match="DAT9"):
        look(SAMPLE, select=("DAT9",))
    (tmp_path / "empty").mkdir()
    with pytest.raises(KkprError, match="neither"):
        look(tmp_path / "empty")
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(KkprError):
        look(tmp_path / "a.docx")


def test_where_the_geometry_library_gives_up_the_other_checks_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kkpr_check.quality import coverage

    def give_up(*_: Any) -> Any:
        raise shapely.errors.GEOSException("side location conflict")

    monkeypatch.setattr(coverage, "analyse", give_up)
    result = look(
        geojson(
            tmp_path / "zona.geojson",
            [square(), square(124.481, KODSZN="K-1"), square(124.482, KODSZN="Q-99")],
        )
    )
    assert "side location conflict" in only(result, "DAT105")[0].message.en
    assert only(result, "DAT203")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["shp", "shx", "dbf", "prj", "geojson"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_flipped_bytes_end_in_findings_or_a_refusal(
    tmp_path: Path, part: str, flips: list[tuple[float, int]]
) -> None:
    if part == "geojson":
        target = damaged = geojson(tmp_path / "a.geojson", [square(124.48 + i * 0.0009) for i in range(4)])
    else:
        target = shapefile(tmp_path, 12)
        damaged = target.with_suffix(f".{part}")
    data = bytearray(damaged.read_bytes())
    for at, value in flips:
        data[int(at * (len(data) - 1))] = value
    damaged.write_bytes(data)
    try:
        result = look(target)
    except KkprError:
        return
    assert len(result.targets) == 1
    assert result.targets[0].features is not None or any(f.level == "error" for f in result.findings)


# --- plan folders ---------------------------------------------------------------------------------------------


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(SAMPLE, tmp_path / "plan", ignore=shutil.ignore_patterns(".kkpr", "plan.lock"))
    )


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_sample_has_the_defects_that_are_built_into_it() -> None:
    result = look(SAMPLE)
    errors = [f for f in result.findings if f.level == "error"]
    assert [f.code for f in errors] == ["DAT101", "DAT102", "DAT102"]
    assert "DAT401" in result.checks_run
    assert {f.file for f in errors} == {str(SAMPLE / "layers" / "polaruang_sintetis.shp")}


def test_problems_of_plan_toml_do_not_hide_those_of_the_tables(plan: Path) -> None:
    change(plan / "plan.toml", "scale = 5000 ", "skala = 5000 ")
    change(plan / "itbx.csv", ",I", ",Q9")
    result = look(plan)
    assert {"DAT010", "DAT301"} <= codes_of(result)
    assert any(item.code == "DAT101" for item in result.not_run)
    (wrong,) = only(result, "DAT301")
    assert wrong.feature is not None and wrong.field is not None


def test_a_layer_that_cannot_be_read_does_not_hide_the_others(plan: Path) -> None:
    (plan / "layers" / "sungai_sintetis.geojson").write_text("{")
    result = look(plan)
    assert {f.code for f in result.findings if f.file and f.file.endswith("sungai_sintetis.geojson")} == {
        "DAT001"
    }
    assert only(result, "DAT101")
    assert any(item.code == "DAT401" for item in result.not_run), (
        "a plan that cannot be opened judges no case"
    )


def test_a_field_of_plan_toml_that_the_layer_lacks(plan: Path) -> None:
    change(plan / "plan.toml", 'subzone = "KODSZN"', 'subzone = "KODE"')
    (finding,) = [f for f in only(look(plan), "DAT201") if f.level == "error"]
    assert finding.field == "KODE"


def test_a_field_that_an_overlay_reads_and_the_layer_lacks(plan: Path) -> None:
    change(plan / "plan.toml", 'field = "LP2B_2"', 'field = "LP2B_9"')
    (finding,) = [f for f in only(look(plan), "DAT201") if f.level == "error"]
    assert finding.field == "LP2B_9"
    assert "KHS002" in finding.message.en


def test_a_file_that_differs_from_the_lock(plan: Path) -> None:
    from kkpr_check.cli import main

    assert main(["plan", "lock", str(plan)]) == 0
    assert not only(look(plan), "DAT010")
    change(plan / "zones.csv", "\n", "\n\n")
    assert [f.level for f in only(look(plan), "DAT010")] == ["error"]


def test_a_wrong_expectation_is_a_failed_case(plan: Path) -> None:
    change(plan / "cases.csv", "small,,conform,", "small,,nonconform,TAB006")
    result = look(plan, select=("DAT401",))
    verdict, rules = only(result, "DAT401")
    assert "expected nonconform, the plan gives conform" in verdict.message.en
    assert "TAB006" in rules.message.en
    assert verdict.feature == "2", "row of the file"
    assert result.checks_run == ("DAT401",)


def test_a_sub_zone_that_the_map_lacks_and_a_code_that_the_tables_lack(plan: Path) -> None:
    for name, before in (("zones.csv", "\n"), ("intensity.csv", "\n"), ("itbx.csv", ",")):
        text = (plan / name).read_text("utf-8").replace(f"{before}R-3,", f"{before}R-33,")
        (plan / name).write_text(text, "utf-8")
    result = look(plan, select=("DAT203", "DAT303"))
    unknown = only(result, "DAT203")
    assert unknown
    assert {f.value for f in unknown} == {"R-3"}
    assert "R-33" in unknown[0].remedy.en
    assert [f.feature for f in only(result, "DAT303") if f.level == "info"] == ["R-33"]


def test_settings_of_the_plan_and_of_the_call(plan: Path) -> None:
    text = (plan / "plan.toml").read_text("utf-8")
    (plan / "plan.toml").write_text(text.replace('# ignore = ["DAT109"]', 'ignore = ["DAT1"]', 1), "utf-8")
    assert not only(look(plan), "DAT101")
    assert only(look(plan, select=("DAT101",)), "DAT101")
    assert not look(plan, select=("DAT1",), ignore=("DAT10", "DAT11")).findings


def test_many_plans_in_a_folder(plan: Path) -> None:
    shutil.copytree(plan, plan.parent / "other")
    result = look(plan.parent, select=("DAT3",))
    assert [t.path for t in result.targets if t.role == "plan"] == [str(plan.parent / "other"), str(plan)]


def test_areas_on_the_ellipsoid_are_those_of_geodesics() -> None:
    """Against the geodesic polygon area of PROJ (Karney 2013)."""
    from pyproj import Geod

    from kkpr_check.io.crs import LONLAT, transform
    from kkpr_check.io.quality_read import areal_scale

    lonlat = np.array(
        [shapely.box(x, y, x + 0.01, y + 0.01) for x, y in ((107.6, -6.9), (109.0, 1.2), (131.4, -7.9))],
        dtype=object,
    )
    for shape, zone in zip(lonlat, ("EPSG:32748", "EPSG:32649", "EPSG:32752"), strict=True):
        plane = transform(np.array([shape], dtype=object), LONLAT, zone)
        geodesic = abs(Geod(ellps="WGS84").geometry_area_perimeter(shape)[0])
        assert plane[0].area / areal_scale(plane, zone)[0] == pytest.approx(geodesic, rel=2e-6)
