"""UTM of WGS 84 by Krüger's series: what nearly every check needs of PROJ, without loading it.

Importing pyproj costs a quarter of a whole check. The series is exact to nanometres in and around a zone
(Karney, "Transverse Mercator with an accuracy of a few nanometers", 2011, equations 35 and 36, to n^6);
`tests/test_utm.py` holds it equal to PROJ. Every other CRS is left to PROJ.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ZONE = re.compile(r"EPSG:32(?P<half>[67])(?P<zone>0[1-9]|[1-5][0-9]|60)")
_SCALE, _FALSE_EAST_M, _FALSE_NORTH_M = 0.9996, 500_000.0, 10_000_000.0
_FLATTENING = 1 / 298.257223563
_E = np.sqrt(_FLATTENING * (2 - _FLATTENING))
_N = _FLATTENING / (2 - _FLATTENING)
_RADIUS_M = 6_378_137.0 / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64 + _N**6 / 256)
_ALPHA = (
    _N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16 + 41 * _N**4 / 180 - 127 * _N**5 / 288 + 7891 * _N**6 / 37800,
    13 * _N**2 / 48 - 3 * _N**3 / 5 + 557 * _N**4 / 1440 + 281 * _N**5 / 630 - 1983433 * _N**6 / 1935360,
    61 * _N**3 / 240 - 103 * _N**4 / 140 + 15061 * _N**5 / 26880 + 167603 * _N**6 / 181440,
    49561 * _N**4 / 161280 - 179 * _N**5 / 168 + 6601661 * _N**6 / 7257600,
    34729 * _N**5 / 80640 - 3418889 * _N**6 / 1995840,
    212378941 * _N**6 / 319334400,
)
_BETA = (
    _N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96 - _N**4 / 360 - 81 * _N**5 / 512 + 96199 * _N**6 / 604800,
    _N**2 / 48 + _N**3 / 15 - 437 * _N**4 / 1440 + 46 * _N**5 / 105 - 1118711 * _N**6 / 3870720,
    17 * _N**3 / 480 - 37 * _N**4 / 840 - 209 * _N**5 / 4480 + 5569 * _N**6 / 90720,
    4397 * _N**4 / 161280 - 11 * _N**5 / 504 - 830251 * _N**6 / 7257600,
    4583 * _N**5 / 161280 - 108847 * _N**6 / 3991680,
    20648693 * _N**6 / 638668800,
)


def is_zone(label: str) -> bool:
    """Tell whether a label is a UTM zone of WGS 84: ``EPSG:32601`` ... ``EPSG:32760``."""
    return _ZONE.fullmatch(label) is not None


def from_lonlat(zone: str, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return east and north (metres) of WGS 84 degrees in a zone; inf where they are no place or far from it."""
    meridian, false_north_m = _origin(zone)
    phi, lam = np.radians(lat), np.radians((lon - meridian + 180) % 360 - 180)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        tau = np.tan(phi)
        sigma = np.sinh(_E * np.arctanh(_E * np.sin(phi)))
        tau = tau * np.hypot(1, sigma) - sigma * np.hypot(1, tau)
        xi = np.arctan2(tau, np.cos(lam))
        eta = np.arcsinh(np.sin(lam) / np.hypot(tau, np.cos(lam)))
        waves = [a * np.sin(2 * (j + 1) * (xi + 1j * eta)) for j, a in enumerate(_ALPHA)]
    turned = xi + 1j * eta + sum(waves)
    usable = (np.abs(lat) <= 90) & (np.abs(lam) <= np.radians(80))
    east = np.where(usable, _FALSE_EAST_M + _SCALE * _RADIUS_M * turned.imag, np.inf)
    return east, np.where(usable, false_north_m + _SCALE * _RADIUS_M * turned.real, np.inf)


def to_lonlat(zone: str, east: Floats, north: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of east and north (metres) in a zone; inf where they are far from it."""
    meridian, false_north_m = _origin(zone)
    scaled = ((north - false_north_m) + 1j * (east - _FALSE_EAST_M)) / (_SCALE * _RADIUS_M)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        straight = scaled - sum(b * np.sin(2 * (j + 1) * scaled) for j, b in enumerate(_BETA))
        xi, eta = straight.real, straight.imag
        target = np.sin(xi) / np.hypot(np.sinh(eta), np.cos(xi))
        lam = np.arctan2(np.sinh(eta), np.cos(xi))
        tau = target / (1 - _E**2)
        for _ in range(4):  # Newton, quadratic: three steps reach the last digit
            sigma = np.sinh(_E * np.arctanh(_E * tau / np.hypot(1, tau)))
            reached = tau * np.hypot(1, sigma) - sigma * np.hypot(1, tau)
            slope = np.hypot(1, reached) * np.hypot(1, tau) * (1 - _E**2) / (1 + (1 - _E**2) * tau**2)
            tau = tau + (target - reached) / slope
    usable = (np.abs(scaled.real) <= np.pi / 2) & (np.abs(scaled.imag) <= 1.5)
    lon = (np.degrees(lam) + meridian + 180) % 360 - 180
    return np.where(usable, lon, np.inf), np.where(usable, np.degrees(np.arctan(tau)), np.inf)


def _origin(zone: str) -> tuple[float, float]:
    """Return the central meridian (degrees) and the false northing (metres) of a zone."""
    found = _ZONE.fullmatch(zone)
    if found is None:
        raise ValueError(f"no UTM zone of WGS 84: {zone}")
    return int(found["zone"]) * 6.0 - 183.0, _FALSE_NORTH_M if found["half"] == "7" else 0.0
