"""What a CRS label means: datums by code and by name, UTM by its parameters. The policy stands in `kkpr_check.io.crs`."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kkpr_check.errors import CrsError, Text

if TYPE_CHECKING:
    from pyproj import CRS

_ALIKE = re.compile(
    r"srgi|sistemreferensigeospasialindonesia|indonesiangeospatialreferencesystem"
    r"|dgn(19)?95|datumgeodesinasional|indonesiandatum1995|wgs(19)?84|worldgeodeticsystem1984"
)
_UTM_PARAMETERS = {
    "Latitude of natural origin": 0.0, "Scale factor at natural origin": 0.9996, "False easting": 500000.0,
}  # fmt: skip


@lru_cache(maxsize=256)
def parse(label: str) -> CRS:
    """Return the horizontal CRS of a label as it is.

    Raises
    ------
    CrsError
        Code ``crs-unknown``.
    """
    import pyproj
    from pyproj.network import set_network_enabled  # type: ignore[attr-defined]

    set_network_enabled(False)
    try:
        crs = pyproj.CRS.from_user_input(label)
    except pyproj.exceptions.CRSError as error:
        raise CrsError(
            Text(f"unknown CRS: {label[:120]}", f"SRK tidak dikenal: {label[:120]}"),
            remedy=Text("name it as EPSG:code", "tulis sebagai EPSG:kode"),
            code="crs-unknown",
        ) from error
    if crs.is_bound and crs.source_crs is not None and is_alike(datum_name(crs.source_crs)):
        crs = crs.source_crs
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    base = crs.source_crs if crs.is_bound else crs
    if base is None or not (base.is_geographic or base.is_projected):
        raise CrsError(
            Text(f"not a map CRS: {crs.name}", f"bukan sistem koordinat peta: {crs.name}"),
            remedy=Text("name the CRS: --assume-crs EPSG:...", "sebutkan SRK: --assume-crs EPSG:..."),
            code="crs-unknown",
        )
    return crs if crs.is_bound else crs.to_2d()


@lru_cache(maxsize=256)
def relabel(label: str) -> CRS:
    """Return the CRS of a label with WGS 84 in the place of SRGI2013 and DGN95, and EPSG's own where it is UTM."""
    from pyproj import CRS

    crs = parse(label)
    if not is_alike(datum_name(crs)):
        return crs
    body = crs.to_json_dict()
    world = CRS.from_epsg(4326).to_json_dict()
    base = body.get("base_crs", body)
    if crs.is_geographic and _in_degrees(base):
        return CRS.from_epsg(4326)
    for key in ("datum", "datum_ensemble"):
        base.pop(key, None)
    base["datum_ensemble"] = world["datum_ensemble"]
    base.pop("id", None)
    if "base_crs" in body:
        base["name"] = "WGS 84"
    utm = _utm_code(body)
    if utm is not None:
        return CRS.from_epsg(utm)
    if body.get("id", {}).get("authority") != "EPSG" or "WGS 84" not in str(body.get("name")):
        body.pop("id", None)
    return CRS.from_json_dict(body)


def _utm_code(body: dict[str, Any]) -> int | None:
    """Return the EPSG code where the parameters (never the name) are those of a UTM zone in metres."""
    conversion = body.get("conversion", {})
    if conversion.get("method", {}).get("name") != "Transverse Mercator":
        return None
    parameters = conversion["parameters"]
    values = {p["name"]: p["value"] for p in parameters if _is_unit(p["unit"], "degree", "metre", "unity")}
    if len(values) != len(parameters) or not all(
        math.isclose(values.get(name, math.nan), value, abs_tol=1e-9)
        for name, value in _UTM_PARAMETERS.items()
    ):
        return None
    if not all(_is_unit(axis["unit"], "metre") for axis in body["coordinate_system"]["axis"]):
        return None
    zone = (values.get("Longitude of natural origin", math.nan) + 183.0) / 6.0
    north = {0.0: 32600, 1e7: 32700}.get(values.get("False northing", math.nan))
    return None if north is None or not zone.is_integer() or not 1 <= zone <= 60 else north + int(zone)


def _in_degrees(body: dict[str, Any]) -> bool:
    meridian = (
        body.get("datum", body.get("datum_ensemble", {})).get("prime_meridian", {}).get("name", "Greenwich")
    )
    axes = body.get("coordinate_system", {}).get("axis", [])
    return meridian == "Greenwich" and all(_is_unit(axis["unit"], "degree") for axis in axes)


def _is_unit(unit: Any, *names: str) -> bool:
    """Compare a PROJJSON unit, a name or a spelt-out object (ESRI writes the latter), with units by size."""
    if isinstance(unit, str):
        return unit in names
    sizes = {"degree": math.radians(1.0), "metre": 1.0, "unity": 1.0}
    kinds = {"degree": "AngularUnit", "metre": "LinearUnit", "unity": "ScaleUnit"}
    return any(
        unit.get("type") == kinds[name]
        and math.isclose(unit["conversion_factor"], sizes[name], rel_tol=1e-12)
        for name in names
    )


def squeeze(name: str) -> str:
    """Return the letters and digits of a name, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_alike(datum: str) -> bool:
    """Tell whether a datum is one of those that the policy treats as identical."""
    return bool(_ALIKE.search(squeeze(datum)))


def datum_name(crs: CRS) -> str:
    """Return the name of the datum a CRS rests on, or nothing."""
    base = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    return base.datum.name if base.datum is not None else ""
