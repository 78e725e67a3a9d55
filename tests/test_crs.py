"""The CRS policy: which labels mean the same, what is really transformed, and what is implausible."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from kkpr_check.errors import CrsError, Place
from kkpr_check.io import crs

SRGI_PRJ = (
    'GEOGCS["GCS_SRGI_2013",DATUM["D_SRGI_2013",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)


def utm_prj(name: str = "SRGI_2013_UTM_Zone_51S", meridian: float = 123.0, scale: float = 0.9996) -> str:
    return (
        f'PROJCS["{name}",{SRGI_PRJ},PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],'
        f'PARAMETER["False_Northing",10000000.0],PARAMETER["Central_Meridian",{meridian}],'
        f'PARAMETER["Scale_Factor",{scale}],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )


def point(lon: float = 124.48, lat: float = -9.445) -> np.ndarray:
    return np.array([shapely.Point(lon, lat)], dtype=object)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("EPSG:9470", "EPSG:4326"),
        ("EPSG:4755", "EPSG:4326"),
        ("EPSG:4326", "EPSG:4326"),
        ("EPSG:4979", "EPSG:4326"),
        ("OGC:CRS84", "EPSG:4326"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        (SRGI_PRJ, "EPSG:4326"),
        ("EPSG:9476", "EPSG:32646"),
        ("EPSG:9487", "EPSG:32747"),
        ("EPSG:9494", "EPSG:32754"),
        ("EPSG:23866", "EPSG:32646"),
        ("EPSG:23884", "EPSG:32754"),
        ("EPSG:32751", "EPSG:32751"),
        ("EPSG:32751+5773", "EPSG:32751"),
        (utm_prj(), "EPSG:32751"),
        (utm_prj("nama sendiri"), "EPSG:32751"),
        ("EPSG:3857", "EPSG:3857"),
        ("EPSG:4238", "EPSG:4238"),
        ("EPSG:23890", "EPSG:23890"),
    ],
)
def test_labels_of_one_datum_have_one_name(label: str, name: str) -> None:
    assert crs.authority(crs.canonical(label)) == name


def test_a_utm_name_with_other_numbers_is_not_utm() -> None:
    odd = crs.canonical(utm_prj(scale=0.9999))
    assert odd.to_epsg() is None
    moved = crs.transform(point(), "EPSG:4326", odd.to_wkt())[0]
    assert moved.x == pytest.approx(500_000 + (662_486.237 - 500_000) * 0.9999 / 0.9996, abs=0.01)


@pytest.mark.parametrize("code", range(23830, 23846))
def test_every_dgn95_tm3_zone_is_read_as_wgs84(code: int) -> None:
    meridian = 94.5 + 3 * (code - 23830)
    assert crs.canonical(f"EPSG:{code}").datum.name.startswith("World Geodetic System 1984")
    origin = crs.transform(point(meridian, 0.0), "EPSG:4326", f"EPSG:{code}")[0]
    assert (origin.x, origin.y) == pytest.approx((200_000, 1_500_000), abs=1e-6)


def test_srgi_coordinates_do_not_move() -> None:
    """PROJ's own Helmert transformation would move this point by 0.25 m (domain.md 2.7)."""
    here = crs.transform(point(), "EPSG:9470", "EPSG:32751")[0]
    assert (here.x, here.y) == pytest.approx((662_486.237, 8_955_604.825), abs=0.001)
    there = crs.transform(point(), "EPSG:4326", "EPSG:23840")[0]
    assert (there.x, there.y) == pytest.approx(
        (197_803.8, 455_635.9), abs=0.1
    )  # domain.md: E 197804, N 455636


def test_id74_really_moves() -> None:
    moved = crs.transform(point(), "EPSG:4238", "EPSG:4326")[0]
    assert 10 < shapely.distance(moved, point()[0]) * 111_000 < 60
    note = crs.policy_note("EPSG:4238")
    assert note is not None and "ID74 to WGS 84" in note.en and "ID74" in note.id


def test_relabelling_is_recorded_and_wgs84_is_not_news() -> None:
    note = crs.policy_note("EPSG:9491")
    assert note is not None and "SRGI2013" in note.en and "dianggap sama" in note.id
    assert crs.policy_note("EPSG:32751") is None
    unnamed = crs.policy_note("+proj=utm +zone=51 +south +ellps=WGS84")
    assert unnamed is not None and "no datum" in unnamed.en


@pytest.mark.parametrize(
    ("lon", "lat", "name"),
    [
        (108.0, -6.7, "EPSG:32749"),
        (107.999999, -6.7, "EPSG:32748"),
        (109.9, 1.3, "EPSG:32649"),
        (124.48, -9.445, "EPSG:32751"),
        (96.0, 0.0, "EPSG:32647"),
        (141.0, -8.5, "EPSG:32754"),
    ],
)
def test_the_site_chooses_its_utm_zone(lon: float, lat: float, name: str) -> None:
    assert crs.work_crs(lon, lat) == name


@pytest.mark.parametrize(
    ("lon", "lat"), [(float("nan"), 0.0), (0.0, float("inf")), (200.0, 0.0), (0.0, 91.0)]
)
def test_no_zone_for_no_place(lon: float, lat: float) -> None:
    with pytest.raises(CrsError):
        crs.work_crs(lon, lat)


def test_equal_crs_leave_geometries_untouched() -> None:
    geometries = point()
    assert crs.transform(geometries, "EPSG:9470", SRGI_PRJ) is geometries


def test_none_stays_none() -> None:
    moved = crs.transform(np.array([None, shapely.Point(124, -9)], dtype=object), "EPSG:4326", "EPSG:32751")
    assert moved[0] is None and moved[1].x > 500_000


def test_an_infinite_image_is_refused() -> None:
    metres = np.array([shapely.Point(662_000, 8_955_000)], dtype=object)
    with pytest.raises(CrsError, match="no finite image"):
        crs.transform(metres, "EPSG:4326", "EPSG:32751")


def test_there_and_back() -> None:
    lonlat = np.asarray(shapely.points(np.linspace(95, 141, 50), np.linspace(-11, 6, 50)), dtype=object)
    for name in ("EPSG:32751", "EPSG:23840", "EPSG:3857", "EPSG:4238"):
        back = crs.transform(crs.transform(lonlat, "EPSG:4326", name), name, "EPSG:4326")
        assert shapely.distance(lonlat, back).max() < 1e-9


@pytest.mark.parametrize(
    "label",
    ["EPSG:999999", "nonsense", 'LOCAL_CS["peta",UNIT["m",1]]', "EPSG:5773"],
)
def test_an_unknown_crs_is_an_error_with_a_remedy(label: str) -> None:
    with pytest.raises(CrsError) as caught:
        crs.canonical(label)
    assert caught.value.code == "crs-unknown" and caught.value.remedy is not None


def test_an_unknown_datum_is_never_guessed() -> None:
    label = utm_prj().replace("D_SRGI_2013", "D_Antah_Berantah").replace("298.257223563", "299.1")
    with pytest.raises(CrsError) as caught:
        crs.transform(np.array([shapely.Point(662_000, 8_955_000)], dtype=object), label, "EPSG:4326")
    assert caught.value.code == "crs-unknown"


@pytest.mark.parametrize(
    ("bounds", "label", "code", "advice"),
    [
        ((-9.5, 124.4, -9.4, 124.5), "EPSG:4326", "axes-swapped", "--swap-xy"),
        ((8_955_000, 662_000, 8_956_000, 663_000), "EPSG:32751", "axes-swapped", "--swap-xy"),
        ((662_000, 8_955_000, 663_000, 8_956_000), "EPSG:4326", "crs-implausible", "EPSG:327zz"),
        ((124.4, -9.5, 124.5, -9.4), "EPSG:32751", "crs-implausible", "--assume-crs EPSG:4326"),
        ((-9.5, 124.4, -9.4, 124.5), "EPSG:32751", "crs-implausible", "--assume-crs EPSG:4326 --swap-xy"),
        ((13.85e6, -1.06e6, 13.86e6, -1.05e6), "EPSG:4326", "crs-implausible", "EPSG:3857"),
        ((13.85e6, -1.06e6, 13.86e6, -1.05e6), "EPSG:32751", "crs-implausible", "EPSG:3857"),
        ((197_000, 455_000, 198_000, 456_000), "EPSG:4326", "crs-implausible", "TM-3"),
        ((2.2, 48.8, 2.3, 48.9), "EPSG:4326", "crs-implausible", "--assume-crs"),
    ],
)
def test_what_is_wrong_is_named(bounds: crs.Bounds, label: str, code: str, advice: str) -> None:
    with pytest.raises(CrsError) as caught:
        crs.check_plausible(bounds, label, Place("zona.shp"))
    assert caught.value.code == code
    assert caught.value.place.file == "zona.shp"
    assert (
        caught.value.remedy is not None
        and advice in caught.value.remedy.en
        and advice[-9:] in caught.value.remedy.id
    )


@pytest.mark.parametrize(
    ("bounds", "label"),
    [
        ((124.4, -9.5, 124.5, -9.4), "EPSG:4326"),
        ((662_000, 8_955_000, 663_000, 8_956_000), "EPSG:9491"),
        ((197_000, 455_000, 198_000, 456_000), "EPSG:23840"),
        ((13.85e6, -1.06e6, 13.86e6, -1.05e6), "EPSG:3857"),
        ((95.0, -11.0, 141.0, 6.0), "EPSG:4238"),
    ],
)
def test_good_extents_pass(bounds: crs.Bounds, label: str) -> None:
    crs.check_plausible(bounds, label, Place("zona.shp"))


def test_bounds_are_transformed_with_their_bulge() -> None:
    west, south, east, north = crs.transform_bounds((120.0, -9.0, 126.0, -8.0), "EPSG:4326", "EPSG:32751")
    edge = crs.transform(np.array([shapely.Point(123.0, -8.0)], dtype=object), "EPSG:4326", "EPSG:32751")[0]
    assert west < 500_000 < east and south < edge.y <= north + 1e-6


def test_the_network_is_off() -> None:
    from pyproj.network import is_network_enabled

    crs.canonical("EPSG:4326")
    assert not is_network_enabled()
