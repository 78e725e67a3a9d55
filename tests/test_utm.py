"""The UTM series against PROJ, whose own algorithm is another one."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from kkpr_check.io import crs, utm

ZONES = [f"EPSG:32{half}{zone}" for half in (6, 7) for zone in range(46, 55)]


def sample(zone: str, width_deg: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(int(zone[-5:]))
    meridian = int(zone[-2:]) * 6 - 183
    return meridian + random.uniform(-width_deg, width_deg, 400), random.uniform(-14, 10, 400)


@pytest.mark.parametrize("zone", [*ZONES, "EPSG:32601", "EPSG:32660", "EPSG:32701", "EPSG:32760"])
def test_agrees_with_proj_to_a_micrometre(zone: str) -> None:
    proj = pyproj.Transformer.from_crs("EPSG:4326", zone, always_xy=True)
    lon, lat = sample(zone, 20.0)
    east, north = utm.from_lonlat(zone, lon, lat)
    theirs = proj.transform(lon, lat)
    np.testing.assert_allclose(east, theirs[0], atol=1e-6, rtol=0)
    np.testing.assert_allclose(north, theirs[1], atol=1e-6, rtol=0)


@pytest.mark.parametrize("zone", ZONES)
def test_the_way_back_agrees_too(zone: str) -> None:
    proj = pyproj.Transformer.from_crs(zone, "EPSG:4326", always_xy=True)
    random = np.random.default_rng(5)
    north_m = 10_000_000 if zone[7] == "7" else 0
    east, north = (
        random.uniform(-400_000, 1_400_000, 400),
        north_m + random.uniform(-1_500_000, 1_000_000, 400),
    )
    lon, lat = utm.to_lonlat(zone, east, north)
    theirs = proj.transform(east, north)
    np.testing.assert_allclose(lon, theirs[0], atol=1e-11, rtol=0)
    np.testing.assert_allclose(lat, theirs[1], atol=1e-11, rtol=0)


def test_there_and_back_is_the_same_place() -> None:
    lon, lat = sample("EPSG:32751", 6.0)
    again = utm.to_lonlat("EPSG:32751", *utm.from_lonlat("EPSG:32751", lon, lat))
    np.testing.assert_allclose(again[0], lon, atol=1e-12, rtol=0)
    np.testing.assert_allclose(again[1], lat, atol=1e-12, rtol=0)


def test_no_place_has_no_finite_image() -> None:
    lon, lat = np.array([123.0, 123.0, np.nan, -57.0]), np.array([91.0, np.inf, 0.0, 0.0])
    east, _ = utm.from_lonlat("EPSG:32751", lon, lat)
    assert not np.isfinite(east).any()
    lon, _ = utm.to_lonlat("EPSG:32751", np.array([1e9, np.nan, 5e5]), np.array([9e6, 9e6, 9e9]))
    assert not np.isfinite(lon).any()


@pytest.mark.parametrize(
    "label", ["EPSG:32600", "EPSG:32661", "EPSG:32800", "EPSG:4326", "epsg:32751", "32751"]
)
def test_only_real_zones_are_zones(label: str) -> None:
    assert not utm.is_zone(label)
    with pytest.raises(ValueError, match="no UTM zone"):
        utm.from_lonlat(label, np.zeros(1), np.zeros(1))


@pytest.mark.parametrize("written", ["EPSG:4326", "OGC:CRS84", "EPSG:32751", "EPSG:32649"])
def test_a_plain_name_is_what_proj_makes_of_it(written: str) -> None:
    assert crs.name_of(written) == crs.authority(crs.canonical(written))
    assert crs.policy_note(written) is None


@pytest.mark.parametrize("written", ["EPSG:9481", "EPSG:23845", "EPSG:3857", "EPSG:23886"])
def test_other_names_go_through_proj(written: str) -> None:
    assert crs.name_of(written) == crs.authority(crs.canonical(written))


def test_transform_takes_the_series_where_it_may_and_proj_elsewhere() -> None:
    place = np.array([shapely.Point(124.48, -9.445), None], dtype=object)
    fast = crs.transform(place, "OGC:CRS84", "EPSG:32751")
    slow = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32751", always_xy=True).transform(124.48, -9.445)
    assert (fast[0].x, fast[0].y) == pytest.approx(slow, abs=1e-7)
    assert fast[1] is None
    across = crs.transform(fast, "EPSG:32751", "EPSG:32752")
    assert across[0].x < 10_000  # 4.5 degrees west of the next zone's meridian
    back = crs.transform(across, "EPSG:32752", "EPSG:4326")[0]
    assert (back.x, back.y) == pytest.approx((124.48, -9.445), abs=1e-10)
