"""Proposals from files written here: pairing, options, points, broken features, working CRS."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely
from shapely.geometry import mapping

from kkpr_check.errors import CrsError, ErrorGroup, InputError, KkprError, UsageError
from kkpr_check.io.pairing import count_neighbours, pair_with_parcels
from kkpr_check.io.sites import read_existing, read_sites, with_existing
from kkpr_check.model import Proposal, Site

EAST, NORTH = 662400.0, 8955600.0
TO_LONLAT = pyproj.Transformer.from_crs("EPSG:32751", "EPSG:4326", always_xy=True)


def metres(west: float, south: float, east: float, north: float) -> Any:
    """A box in metres from a corner in Kefamenanu (UTM 51S)."""
    return shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)


def lonlat(geometry: Any) -> Any:
    return shapely.transform(geometry, lambda xy: np.column_stack(TO_LONLAT.transform(*xy.T.tolist())))


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    shape = None if geometry is None else mapping(lonlat(geometry))
    return {"type": "Feature", "properties": properties, "geometry": shape}


def geojson(path: Path, *features: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}), encoding="utf-8")
    return path


def write(path: Path, geometries: list[Any], crs: str | None, **columns: list[Any]) -> Path:
    import geopandas

    frame = geopandas.GeoDataFrame(columns, geometry=geometries, crs=crs)
    frame.to_file(path)
    return path


PLOT = metres(0, 0, 40, 25)
HOUSE = metres(5, 5, 25, 15)


# --- one site --------------------------------------------------------------------------------------------------


def test_footprint_with_its_parcel(tmp_path: Path) -> None:
    house = geojson(tmp_path / "rumah.geojson", feature(HOUSE, id="A-1", kbli="47111", floors=2))
    plot = geojson(tmp_path / "persil.geojson", feature(PLOT, legal_area_m2=1000))
    read = read_sites(house, parcel=plot)
    (site,) = read.sites
    assert read.work_crs == "EPSG:32751"
    assert site.id == "A-1"
    assert site.scope == "building"
    assert site.footprint.area == pytest.approx(200, abs=1e-6)
    assert site.parcel.area == pytest.approx(1000, abs=1e-6)
    assert site.proposal == Proposal(kbli="47111", floors=2.0, legal_area_m2=1000.0)
    assert site.location == pytest.approx(shapely.centroid(lonlat(PLOT)).coords[0])
    assert [path for path, _ in read.inputs] == [str(house), str(plot)]
    assert all(len(digest) == 64 for _, digest in read.inputs)


def test_parcel_alone_is_a_land_check(tmp_path: Path) -> None:
    (site,) = read_sites(parcel=geojson(tmp_path / "persil.geojson", feature(PLOT))).sites
    assert site.scope == "land"
    assert site.footprint is None
    assert site.id == "persil"


def test_site_alone_is_a_footprint(tmp_path: Path) -> None:
    (site,) = read_sites(geojson(tmp_path / "rumah.geojson", feature(HOUSE))).sites
    assert (site.scope, site.parcel) == ("building", None)


@pytest.mark.parametrize(("column", "word"), [("role", "parcel"), ("ROLE", "Persil"), ("Role", " PARCEL ")])
def test_role_overrides(tmp_path: Path, column: str, word: str) -> None:
    (site,) = read_sites(geojson(tmp_path / "a.geojson", feature(PLOT, **{column: word}))).sites
    assert site.scope == "land"


def test_both_roles_in_one_file_make_one_site(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature(PLOT, role="persil"), feature(HOUSE, role="tapak"))
    (site,) = read_sites(path).sites
    assert site.parcel is not None
    assert site.footprint is not None


def test_unknown_role_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown role") as caught:
        read_sites(geojson(tmp_path / "a.geojson", feature(PLOT, role="pemilik")))
    assert caught.value.place.column == "role"


def test_info_reads_parcels(tmp_path: Path) -> None:
    (site,) = read_sites(geojson(tmp_path / "a.geojson", feature(PLOT)), role="parcel").sites
    assert site.scope == "land"


def test_multipolygon_stays_one_site(tmp_path: Path) -> None:
    both = shapely.MultiPolygon([metres(0, 0, 10, 10), metres(20, 0, 30, 10)])
    (site,) = read_sites(geojson(tmp_path / "a.geojson", feature(both))).sites
    assert site.footprint.geom_type == "MultiPolygon"
    assert site.footprint.area == pytest.approx(200, abs=1e-6)


def test_one_footprint_and_one_parcel_belong_together_wherever_they_lie(tmp_path: Path) -> None:
    house = geojson(tmp_path / "a.geojson", feature(metres(30, 5, 50, 15), id="A"))
    (site,) = read_sites(house, parcel=geojson(tmp_path / "b.geojson", feature(PLOT, id="B"))).sites
    assert site.parcel is not None
    assert site.id == "A"


# --- formats -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".shp"])
def test_formats_in_metres(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"persil{suffix}", [PLOT], "EPSG:32751", id=["007"], kbli=["01111"])
    (site,) = read_sites(parcel=path).sites
    assert site.id == "007"
    assert site.proposal.kbli == "01111"
    assert shapely.equals(site.parcel, PLOT)


def test_zipped_shapefile_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "berkas"
    folder.mkdir()
    write(folder / "persil.shp", [PLOT], "EPSG:32751", id=["a"])
    archive = tmp_path / "persil.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for part in sorted(folder.iterdir()):
            target.write(part, f"Kirim/Data Persil/{part.name}")
    (site,) = read_sites(parcel=archive).sites
    assert shapely.equals(site.parcel, PLOT)


def test_kml(tmp_path: Path) -> None:
    ring = " ".join(f"{x:.9f},{y:.9f},0" for x, y in shapely.get_coordinates(lonlat(PLOT)))
    path = tmp_path / "persil.kml"
    path.write_text(
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>A</name>'
        "<ExtendedData><Data name='kbli'><value>47111</value></Data></ExtendedData>"
        f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs>"
        "</Polygon></Placemark></Document></kml>",
        encoding="utf-8",
    )
    (site,) = read_sites(parcel=path).sites
    assert site.parcel.area == pytest.approx(1000, abs=0.01)
    assert site.proposal.kbli == "47111"


def test_vertex_table_is_a_parcel(tmp_path: Path) -> None:
    path = tmp_path / "titik.csv"
    rows = [f"{x};{y}" for x, y in shapely.get_coordinates(lonlat(PLOT))]
    path.write_text("\n".join(["Lintang;Bujur", *rows]), encoding="utf-8")
    read = read_sites(path)
    (site,) = read.sites
    assert site.scope == "land"
    assert site.parcel.area == pytest.approx(1000, abs=1e-4)
    assert any("header" in note.en for note in read.assumptions)
    both = read_sites(path, parcel=geojson(tmp_path / "persil.geojson", feature(PLOT)))
    assert both.sites[0].scope == "building"


def test_vertex_table_with_a_role(tmp_path: Path) -> None:
    path = tmp_path / "titik.csv"
    lines = ["id;role;bujur;lintang"]
    for name, role, shape in (("p", "persil", PLOT), ("t", "tapak", HOUSE)):
        lines += [f"{name};{role};{x};{y}" for x, y in shapely.get_coordinates(lonlat(shape))]
    path.write_text("\n".join(lines), encoding="utf-8")
    (site,) = read_sites(path).sites
    assert site.id == "t"
    assert site.footprint.area == pytest.approx(200, abs=1e-3)
    assert site.parcel.area == pytest.approx(1000, abs=1e-3)


def test_vertex_table_that_crosses_itself_is_doubted(tmp_path: Path) -> None:
    path = tmp_path / "titik.csv"
    corners = shapely.get_coordinates(lonlat(PLOT))[:4]
    rows = [f"{x};{y}" for x, y in corners[[0, 2, 1, 3]]]
    path.write_text("\n".join(["lon;lat", *rows]), encoding="utf-8")
    read = read_sites(path)
    assert read.sites[0].doubt is not None
    assert read.repairs


def test_standard_input(tmp_path: Path) -> None:
    data = json.dumps(feature(HOUSE, id="S")).encode()
    read = read_sites("-", stdin=io.BytesIO(data))
    assert read.sites[0].id == "S"
    assert read.inputs[0][0] == "-"


@pytest.mark.parametrize(
    "data", [b"", b"  \n", b"{", b'{"type": "FeatureCollection", "features": []}', b"lon,lat\n1,2"]
)
def test_standard_input_that_is_no_geojson(data: bytes) -> None:
    with pytest.raises(KkprError) as caught:
        read_sites("-", stdin=io.BytesIO(data))
    message = caught.value.render("en") + caught.value.render("id")
    assert caught.value.place.file == "-"
    assert "stdin.geojson" not in message
    assert "/tmp" not in message


def test_standard_input_names_itself_in_the_errors_of_its_features() -> None:
    data = json.dumps({"type": "FeatureCollection", "features": [feature(HOUSE), feature(None)]}).encode()
    read = read_sites("-", stdin=io.BytesIO(data))
    assert read.sites[1].doubt is not None
    assert read.sites[1].doubt.en.startswith("-,")
    assert "/tmp" not in read.sites[1].doubt.en


def test_standard_input_names_itself_in_every_problem_of_a_feature() -> None:
    data = json.dumps(feature(HOUSE, floors="x", kbli="y")).encode()
    with pytest.raises(ErrorGroup) as caught:
        read_sites("-", stdin=io.BytesIO(data))
    message = caught.value.render("id")
    assert "/tmp" not in message
    assert message.count("-, baris 0") == 2


def test_drawing_with_a_closed_line(tmp_path: Path) -> None:
    from pyogrio.raw import write as write_raw

    path = tmp_path / "persil.dxf"
    rings = np.array([shapely.to_wkb(PLOT.exterior)], dtype=object)
    write_raw(path, rings, [], [], geometry_type="LineString", driver="DXF", crs="EPSG:32751")
    read = read_sites(parcel=path, assume_crs="EPSG:32751")
    assert read.sites[0].parcel.area == pytest.approx(1000, abs=1e-3)


def test_vertex_table_with_options(tmp_path: Path) -> None:
    path = tmp_path / "titik.csv"
    rows = [f"P-1;{x};{y};1111;mikro" for x, y in shapely.get_coordinates(lonlat(PLOT))]
    path.write_text("\n".join(["id;lon;lat;KBLI;business_scale", *rows]), encoding="utf-8")
    (site,) = read_sites(path).sites
    assert site.id == "P-1"
    assert site.proposal == Proposal(kbli="01111", business_scale="micro")
    assert any("01111" in note.en for note in site.assumptions)


# --- the CRS -----------------------------------------------------------------------------------------------------


def test_assumed_crs_only_where_there_is_none(tmp_path: Path) -> None:
    path = write(tmp_path / "persil.shp", [PLOT], "EPSG:32751", id=["a"])
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError) as caught:
        read_sites(parcel=path)
    assert caught.value.remedy is not None
    read = read_sites(parcel=path, assume_crs="EPSG:32751")
    assert shapely.equals(read.sites[0].parcel, PLOT)
    assert any("EPSG:32751" in note.en for note in read.assumptions)


def test_assumed_crs_that_contradicts_is_refused(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature(HOUSE))
    with pytest.raises(UsageError, match="contradicts"):
        read_sites(path, assume_crs="EPSG:32751")
    assert read_sites(path, assume_crs="EPSG:4326").sites


def test_a_table_in_degrees_does_not_take_the_crs_meant_for_the_parcel(tmp_path: Path) -> None:
    plot = write(tmp_path / "persil.shp", [PLOT], "EPSG:32751", id=["a"])
    plot.with_suffix(".prj").unlink()
    titik = tmp_path / "titik.csv"
    rows = [f"{x};{y}" for x, y in shapely.get_coordinates(lonlat(HOUSE))]
    titik.write_text("\n".join(["lon;lat", *rows]), encoding="utf-8")
    (site,) = read_sites(titik, parcel=plot, assume_crs="EPSG:32751").sites
    assert site.footprint.area == pytest.approx(200, abs=1e-3)
    with pytest.raises(UsageError, match="contradicts"):
        read_sites(titik, assume_crs="EPSG:32751")


def test_table_in_metres_takes_the_assumed_crs(tmp_path: Path) -> None:
    titik = tmp_path / "titik.csv"
    titik.write_text(
        "\n".join(["x;y", *(f"{x:.3f};{y:.3f}" for x, y in shapely.get_coordinates(PLOT))]), encoding="utf-8"
    )
    with pytest.raises(CrsError):
        read_sites(titik)
    assert shapely.equals(read_sites(titik, assume_crs="EPSG:32751").sites[0].parcel, PLOT)


def test_geojson_in_metres_without_a_word_takes_the_assumed_crs(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": mapping(HOUSE)}))
    with pytest.raises(CrsError):
        read_sites(path)
    read = read_sites(path, assume_crs="EPSG:32751")
    assert read.sites[0].footprint.area == pytest.approx(200)
    assert read.assumptions


def test_footprint_and_parcel_in_different_crs(tmp_path: Path) -> None:
    tm3 = pyproj.Transformer.from_crs("EPSG:32751", "EPSG:23840", always_xy=True)
    moved = shapely.transform(PLOT, lambda xy: np.column_stack(tm3.transform(*xy.T)))
    plot = write(tmp_path / "persil.gpkg", [moved], "EPSG:23840", id=["p"])
    read = read_sites(geojson(tmp_path / "a.geojson", feature(HOUSE)), parcel=plot)
    assert read.work_crs == "EPSG:32751"
    assert shapely.hausdorff_distance(read.sites[0].parcel, PLOT) < 1e-3
    assert len(read.source_crs) == 2


def test_sites_of_two_utm_zones_come_in_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    boxes = [shapely.box(x, -7.0, x + 0.001, -6.999) for x in (108.01, 107.98, 108.02)]
    features = [
        {"type": "Feature", "properties": {"id": str(n)}, "geometry": mapping(box)}
        for n, box in enumerate(boxes)
    ]
    geojson(path, *features)
    read = read_sites(path)
    assert [(group.work_crs, group.index) for group in read.groups] == [
        ("EPSG:32749", (0, 2)),
        ("EPSG:32748", (1,)),
    ]
    assert [site.id for site in read.sites] == ["0", "1", "2"]
    geodesic = pyproj.Geod(ellps="WGS84")
    for site, box in zip(read.sites, boxes, strict=True):
        area = abs(geodesic.geometry_area_perimeter(box)[0])
        assert site.footprint.area == pytest.approx(area, rel=2e-3)


def test_the_parcel_chooses_the_zone(tmp_path: Path) -> None:
    plot = shapely.box(107.9990, -7.0, 108.0008, -6.999)
    house = shapely.box(108.0002, -6.9998, 108.0004, -6.9996)
    path = geojson(
        tmp_path / "a.geojson",
        {"type": "Feature", "properties": {"role": "parcel"}, "geometry": mapping(plot)},
        {"type": "Feature", "properties": {}, "geometry": mapping(house)},
    )
    assert read_sites(path).work_crs == "EPSG:32748"


# --- pairing -----------------------------------------------------------------------------------------------------


def test_several_pair_by_id_whatever_their_order(tmp_path: Path) -> None:
    houses = [feature(metres(50 * n + 5, 5, 50 * n + 15, 15), id=n + 1) for n in range(3)]
    plots = [feature(metres(50 * n, 0, 50 * n + 40, 20 + n), id=str(n + 1)) for n in (2, 0, 1)]
    read = read_sites(
        geojson(tmp_path / "a.geojson", *houses), parcel=geojson(tmp_path / "b.geojson", *plots)
    )
    assert [site.id for site in read.sites] == ["1", "2", "3"]
    assert [round(site.parcel.area) for site in read.sites] == [800, 840, 880]


def test_leading_zeros_are_part_of_an_id(tmp_path: Path) -> None:
    houses = [feature(metres(5, 5, 15, 15), id="7"), feature(metres(105, 5, 115, 15), id="007")]
    plots = [feature(metres(100, 0, 140, 20), id="007"), feature(metres(0, 0, 40, 30), id=7)]
    read = read_sites(
        geojson(tmp_path / "a.geojson", *houses), parcel=geojson(tmp_path / "b.geojson", *plots)
    )
    assert [round(site.parcel.area) for site in read.sites] == [1200, 800]


def test_several_without_id_pair_by_area_and_idle_parcels_are_told(tmp_path: Path) -> None:
    houses = [feature(metres(50 * n + 5, 5, 50 * n + 15, 15)) for n in range(2)]
    plots = [feature(metres(50 * n, 0, 50 * n + 40, 20 + n), id=f"P{n}") for n in range(4)]
    read = read_sites(
        geojson(tmp_path / "a.geojson", *houses), parcel=geojson(tmp_path / "b.geojson", *plots)
    )
    assert [round(site.parcel.area) for site in read.sites] == [800, 840]
    assert any("2 parcels" in note.en for note in read.assumptions)
    assert "P0" in read.sites[0].assumptions[0].en


def test_parcels_without_building_in_one_file_are_land_checks(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson",
        feature(metres(100, 0, 140, 20), role="parcel", id="kosong"),
        feature(HOUSE, id="rumah"),
        feature(PLOT, role="parcel", id="persil"),
    )
    sites = read_sites(path).sites
    assert [(site.id, site.scope) for site in sites] == [("kosong", "land"), ("rumah", "building")]


def test_ids_that_are_all_zero_are_no_ids(tmp_path: Path) -> None:
    houses = [feature(metres(50 * n + 5, 5, 50 * n + 15, 15), Id=0) for n in range(2)]
    plots = [feature(metres(50 * n, 0, 50 * n + 40, 20 + n), Id=0) for n in (1, 0)]
    read = read_sites(
        geojson(tmp_path / "a.geojson", *houses), parcel=geojson(tmp_path / "b.geojson", *plots)
    )
    assert [round(site.parcel.area) for site in read.sites] == [800, 840]
    assert len({site.id for site in read.sites}) == 2
    assert any("0" in note.en and "not used" in note.en for note in read.assumptions)


def test_a_single_footprint_with_id_zero_pairs_by_area(tmp_path: Path) -> None:
    house = geojson(tmp_path / "a.geojson", feature(metres(55, 5, 65, 15), Id=0))
    plots = [feature(metres(50 * n, 0, 50 * n + 40, 20 + n), id=n) for n in range(3)]
    (site,) = read_sites(house, parcel=geojson(tmp_path / "b.geojson", *plots)).sites
    assert round(site.parcel.area) == 840


def test_geojson_identifiers_name_sites_and_pair_nothing(tmp_path: Path) -> None:
    houses = [{**feature(metres(50 * n + 5, 5, 50 * n + 15, 15)), "id": f"{n}"} for n in range(2)]
    plots = [{**feature(metres(50 * n, 0, 50 * n + 40, 20 + n)), "id": f"{1 - n}"} for n in range(2)]
    sites = read_sites(
        geojson(tmp_path / "a.geojson", *houses), parcel=geojson(tmp_path / "b.geojson", *plots)
    ).sites
    assert [(site.id, round(site.parcel.area)) for site in sites] == [("0", 800), ("1", 840)]


def test_an_id_that_is_the_key_of_a_geopackage(tmp_path: Path) -> None:
    import geopandas

    frame = geopandas.GeoDataFrame(geometry=[metres(100, 0, 140, 20), PLOT], crs="EPSG:32751")
    frame.to_file(tmp_path / "b.gpkg", layer_options={"FID": "id"})
    houses = [feature(HOUSE, id=2), feature(metres(105, 5, 115, 15), id=1)]
    sites = read_sites(geojson(tmp_path / "a.geojson", *houses), parcel=tmp_path / "b.gpkg").sites
    assert [(site.id, round(site.parcel.area)) for site in sites] == [("2", 1000), ("1", 800)]
    assert sites[0].assumptions == ()


def test_no_parcel_under_the_footprint_is_told(tmp_path: Path) -> None:
    plots = [feature(metres(500 * n, 0, 500 * n + 40, 20)) for n in (1, 2)]
    (site,) = read_sites(
        geojson(tmp_path / "a.geojson", feature(HOUSE)), parcel=geojson(tmp_path / "b.geojson", *plots)
    ).sites
    assert (site.parcel, site.candidates) == (None, ())
    assert "none of the parcels" in site.assumptions[0].en


def test_a_building_across_two_parcels_lists_both(tmp_path: Path) -> None:
    plots = [feature(metres(0, 0, 15, 25), id="P"), feature(metres(15, 0, 40, 25), id="Q")]
    (site,) = read_sites(
        geojson(tmp_path / "a.geojson", feature(HOUSE)), parcel=geojson(tmp_path / "b.geojson", *plots)
    ).sites
    assert site.parcel is None
    assert [name.split()[0] for name in site.candidates] == ["P", "Q"]


def test_same_id_twice_among_parcels_is_a_choice(tmp_path: Path) -> None:
    houses = [feature(metres(5, 5, 15, 15), id="A"), feature(metres(55, 5, 65, 15), id="B")]
    plots = [feature(metres(0, 0, 40, 20), id="A"), feature(metres(50, 0, 90, 20), id="A")]
    sites = read_sites(
        geojson(tmp_path / "a.geojson", *houses), parcel=geojson(tmp_path / "b.geojson", *plots)
    ).sites
    assert sites[0].parcel is None
    assert len(sites[0].candidates) == 2
    assert sites[1].parcel is not None


def test_two_footprints_on_one_parcel_count_each_other(tmp_path: Path) -> None:
    houses = [feature(metres(5, 5, 15, 15), id="A"), feature(metres(20, 5, 32, 15), id="B")]
    sites = read_sites(
        geojson(tmp_path / "a.geojson", *houses), parcel=geojson(tmp_path / "b.geojson", feature(PLOT))
    ).sites
    assert [site.existing.area for site in sites] == pytest.approx([120, 100], abs=1e-6)
    for site in sites:
        notes = " ".join(note.en for note in site.assumptions)
        assert "shares its parcel" in notes
        assert "no other building" in notes
    assert count_neighbours(sites) == sites


def test_a_building_layer_adds_to_the_neighbours(tmp_path: Path) -> None:
    houses = [feature(metres(5, 5, 15, 15), id="A"), feature(metres(20, 5, 32, 15), id="B")]
    plot = geojson(tmp_path / "b.geojson", feature(PLOT))
    site = read_sites(geojson(tmp_path / "a.geojson", *houses), parcel=plot).sites[0]
    shed = geojson(tmp_path / "c.geojson", feature(metres(0, 20, 5, 25)))
    site = with_existing(site, read_existing(shed, "EPSG:32751"))
    assert site.existing.area == pytest.approx(145, abs=1e-6)
    assert not any("no other building" in note.en for note in site.assumptions)


def test_duplicate_ids_of_sites_are_told(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature(HOUSE, id="A"), feature(metres(100, 0, 110, 10), id="A"))
    assert any("A" in note.en and "2 sites" in note.en for note in read_sites(path).assumptions)


@pytest.mark.parametrize(("covered_m", "paired"), [(94.9, False), (95.0, True), (95.1, True)])
def test_the_limit_of_95_percent(covered_m: float, paired: bool) -> None:
    house = shapely.box(0, 0, 100, 10)
    plots = np.array([shapely.box(-10, -10, covered_m, 20), shapely.box(500, 0, 600, 100)], dtype=object)
    site = pair_with_parcels(Site("a", None, house, Proposal()), plots, ["P", "Q"])
    assert (site.parcel is not None) == paired
    assert site.candidates == (() if paired else ("P",))


def test_overlapping_parcels_are_a_choice() -> None:
    plots = np.array(
        [shapely.box(0, 0, 50, 50), shapely.box(0, 0, 60, 60), shapely.box(15, 0, 90, 90)], dtype=object
    )
    site = pair_with_parcels(Site("a", None, shapely.box(10, 10, 20, 20), Proposal()), plots, ["P", "Q", "R"])
    assert site.parcel is None
    assert site.candidates == ("P", "Q")


def test_pairing_leaves_a_paired_site_alone() -> None:
    site = Site("a", shapely.box(0, 0, 9, 9), shapely.box(1, 1, 2, 2), Proposal())
    assert pair_with_parcels(site, np.array([shapely.box(0, 0, 5, 5)], dtype=object), ["P"]) is site


# --- options -----------------------------------------------------------------------------------------------------


def test_command_line_options_hold_for_every_site(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson", feature(HOUSE, id="A"), feature(metres(100, 0, 110, 10), id="B", floors=3)
    )
    sites = read_sites(path, options={"kbli": "47111", "psn": "ya"}).sites
    assert [site.proposal for site in sites] == [
        Proposal(kbli="47111", psn=True),
        Proposal(kbli="47111", psn=True, floors=3.0),
    ]


def test_command_line_against_property(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature(HOUSE, id="A", Floors=3))
    assert read_sites(path, options={"floors": "3.0"}).sites[0].proposal.floors == 3.0
    (site,) = read_sites(path, options={"floors": "4"}).sites
    assert site.proposal.floors == 4
    assert [note.id for note in site.assumptions if "--floors" in note.id] == [
        "floors = 4.0 dari --floors; menurut berkas 3.0"
    ]
    assert read_sites(path, options={"id": "B"}).sites[0].id == "B"


def test_one_id_for_two_sites_is_refused(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature(HOUSE), feature(metres(100, 0, 110, 10)))
    with pytest.raises(UsageError, match="--id"):
        read_sites(path, options={"id": "A"})


def test_footprint_and_parcel_that_disagree(tmp_path: Path) -> None:
    house = geojson(tmp_path / "rumah.geojson", feature(HOUSE, kbli="47111"))
    plot = geojson(tmp_path / "persil.geojson", feature(PLOT, kbli="56101"))
    with pytest.raises(InputError) as caught:
        read_sites(house, parcel=plot)
    assert "rumah.geojson" in caught.value.text.en
    assert "persil.geojson" in caught.value.text.en


# --- what can not be read ----------------------------------------------------------------------------------------

LINE = shapely.LineString([(EAST, NORTH), (EAST + 10, NORTH)])
POINT = shapely.Point(EAST, NORTH)
FLAT = shapely.Polygon([(EAST, NORTH), (EAST + 5, NORTH), (EAST + 10, NORTH)])


@pytest.mark.parametrize("geometry", [None, POINT, LINE, shapely.Polygon(), FLAT])
def test_a_single_unreadable_site_is_an_error(tmp_path: Path, geometry: Any) -> None:
    with pytest.raises(KkprError) as caught:
        read_sites(geojson(tmp_path / "a.geojson", feature(geometry)))
    error = caught.value
    assert error.place.file is not None
    assert error.remedy is not None
    assert error.text.id
    if geometry is POINT:
        assert "--point" in error.remedy.en


@pytest.mark.parametrize("geometry", [None, POINT, LINE, FLAT])
def test_among_several_the_readable_ones_come_back(tmp_path: Path, geometry: Any) -> None:
    path = geojson(tmp_path / "a.geojson", feature(geometry, id="rusak"), feature(HOUSE, id="baik"))
    broken, good = read_sites(path).sites
    assert (broken.id, broken.footprint, broken.parcel) == ("rusak", None, None)
    assert broken.doubt is not None
    assert "a.geojson" in broken.doubt.en
    assert good.doubt is None
    assert good.footprint is not None


def test_a_bad_option_spoils_its_own_site_only(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson", feature(HOUSE, id="A", floors="dua"), feature(metres(100, 0, 110, 10), id="B")
    )
    broken, good = read_sites(path).sites
    assert broken.id == "A"
    assert broken.doubt is not None
    assert "floors" in broken.doubt.en
    assert good.doubt is None


def test_a_broken_footprint_makes_its_neighbour_on_the_parcel_doubtful(tmp_path: Path) -> None:
    houses = [
        feature(None, id="A"),
        feature(HOUSE, id="A"),
        feature(metres(105, 5, 115, 15), id="B"),
    ]
    plots = [feature(PLOT, id="A"), feature(metres(100, 0, 140, 20), id="B")]
    sites = read_sites(
        geojson(tmp_path / "a.geojson", *houses), parcel=geojson(tmp_path / "b.geojson", *plots)
    ).sites
    assert [site.doubt is not None for site in sites] == [True, True, False]
    assert sites[1].footprint is not None


def test_all_unreadable_is_an_error_that_names_all(tmp_path: Path) -> None:
    with pytest.raises(ErrorGroup) as caught:
        read_sites(geojson(tmp_path / "a.geojson", feature(None), feature(LINE)))
    assert len(caught.value.errors) == 2


def test_no_feature(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_sites(geojson(tmp_path / "a.geojson"))
    assert caught.value.place.file is not None


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_sites(tmp_path / "tidak-ada.geojson")


def test_a_crossing_outline_is_repaired_and_doubted(tmp_path: Path) -> None:
    bow = shapely.Polygon([(EAST, NORTH), (EAST + 10, NORTH + 10), (EAST + 10, NORTH), (EAST, NORTH + 10)])
    read = read_sites(geojson(tmp_path / "a.geojson", feature(bow)))
    assert read.sites[0].doubt is not None
    assert read.sites[0].footprint.area == pytest.approx(50, abs=1e-3)
    assert len(read.repairs) == 1


def test_a_tiny_crossing_is_repaired_and_recorded_only(tmp_path: Path) -> None:
    ring = [(0, 0), (40, 0), (40, 25), (20, 25), (20.01, 25.02), (20.02, 25), (20.01, 25), (0, 25)]
    plot = shapely.Polygon([(EAST + x, NORTH + y) for x, y in ring])
    assert not plot.is_valid
    read = read_sites(parcel=geojson(tmp_path / "a.geojson", feature(plot)))
    assert read.repairs
    assert read.sites[0].doubt is None
    assert read.sites[0].parcel.is_valid


def test_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_sites()
    with pytest.raises(UsageError):
        read_sites("a.geojson", point="-9.4,124.4")
    with pytest.raises(UsageError):
        read_sites("-", parcel="-")


# --- points ------------------------------------------------------------------------------------------------------


def test_point_option() -> None:
    read = read_sites(point="-9.445,124.48", options={"kbli": "47111"})
    (site,) = read.sites
    assert site.doubt is not None
    assert site.location == pytest.approx((124.48, -9.445))
    # E 662486, N 8955605 in UTM 51S: domain.md, from another program
    assert (read.points[0].x, read.points[0].y) == pytest.approx((662486, 8955605), abs=0.5)


def test_point_features_only_where_they_are_wanted(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", feature(POINT, id="P"), feature(PLOT, id="Q"))
    read = read_sites(path, role="parcel", allow_points=True)
    assert list(read.points) == [0]
    assert read.points[0].distance(POINT) < 1e-6
    assert read.sites[1].parcel is not None


# --- existing buildings --------------------------------------------------------------------------------------------


def test_existing_buildings(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "bangunan.geojson", feature(metres(30, 5, 36, 15)), feature(metres(500, 0, 510, 10))
    )
    (site,) = read_sites(geojson(tmp_path / "a.geojson", feature(PLOT)), role="parcel").sites
    found = read_existing(path, "EPSG:32751", site.parcel.bounds)
    assert len(found.geometry) == 1
    assert with_existing(site, found).existing.area == pytest.approx(60, abs=1e-6)


def test_no_existing_building_on_the_parcel_is_knowledge(tmp_path: Path) -> None:
    path = geojson(tmp_path / "bangunan.geojson", feature(metres(500, 0, 510, 10)))
    (site,) = read_sites(geojson(tmp_path / "a.geojson", feature(PLOT)), role="parcel").sites
    existing = with_existing(site, read_existing(path, "EPSG:32751", site.parcel.bounds)).existing
    assert existing is not None
    assert existing.is_empty


def test_attributes_of_existing_buildings_do_not_matter(tmp_path: Path) -> None:
    path = geojson(tmp_path / "bangunan.geojson", feature(HOUSE, floors=0, role="gudang", kbli="x"))
    assert len(read_existing(path, "EPSG:32751").geometry) == 1


def test_existing_buildings_keep_their_own_crs_beside_an_assumed_one(tmp_path: Path) -> None:
    named = geojson(tmp_path / "a.geojson", feature(HOUSE))
    found = read_existing(named, "EPSG:32751", assume_crs="EPSG:23840")
    assert shapely.hausdorff_distance(found.geometry[0], HOUSE) < 1e-3
    nameless = write(tmp_path / "b.shp", [HOUSE], "EPSG:32751", id=["a"])
    nameless.with_suffix(".prj").unlink()
    assert shapely.equals(read_existing(nameless, "EPSG:32751", assume_crs="EPSG:32751").geometry[0], HOUSE)


def test_an_existing_building_that_is_no_area_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_existing(geojson(tmp_path / "b.geojson", feature(POINT)), "EPSG:32751")


def test_a_doubtful_existing_building_makes_the_site_doubtful(tmp_path: Path) -> None:
    bow = shapely.Polygon([(EAST, NORTH), (EAST + 10, NORTH + 10), (EAST + 10, NORTH), (EAST, NORTH + 10)])
    path = geojson(tmp_path / "b.geojson", feature(bow))
    (site,) = read_sites(geojson(tmp_path / "a.geojson", feature(PLOT)), role="parcel").sites
    assert with_existing(site, read_existing(path, "EPSG:32751", site.parcel.bounds)).doubt is not None


# --- real files ----------------------------------------------------------------------------------------------------

REAL = Path(os.environ.get("KKPR_REAL", Path(__file__).parents[1].parent / "shared" / "real"))
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the real data are not on this machine")


@pytest.mark.real
@needs_real
def test_real_parcels_lie_in_one_zone() -> None:
    read = read_sites(parcel=REAL / "bangunan_persil" / "jagoi_babang_persil_hat.geojson")
    assert len(read.sites) == 2784
    assert read.work_crs == "EPSG:32649"
    assert not [site for site in read.sites if site.doubt is not None]


@pytest.mark.real
@needs_real
def test_real_buildings_whose_ids_are_all_zero_get_names() -> None:
    read = read_sites(REAL / "bangunan_persil" / "saumlaki_bangunan.geojson")
    assert len({site.id for site in read.sites}) == 4806


@pytest.mark.real
@needs_real
def test_real_applications_of_two_zones_keep_their_order() -> None:
    read = read_sites(parcel=REAL / "kkpr" / "kkpr_jabar_235.geojson")
    assert {group.work_crs for group in read.groups} == {"EPSG:32748", "EPSG:32749"}
    assert sorted(index for group in read.groups for index in group.index) == list(range(235))
    longitudes = [
        site.location[0] for group in read.groups for site in group.sites if group.work_crs == "EPSG:32748"
    ]
    assert max(longitudes) < 108
