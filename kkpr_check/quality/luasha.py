"""DAT205: the recorded area (LUASHA) against the drawn one, and which area the record follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.phrases import Quantity, say
from kkpr_check.quality.base import NO_PLANE, Bools, Floats, LayerCheck, LayerView, Surroundings
from kkpr_check.quality.codes import SCHEMAS
from kkpr_check.quality.findings import DataFinding
from kkpr_check.reference import field_role

MIN_DIFFERENCE_HA = 0.01
MIN_DIFFERENCE_RATIO = 0.01
_SAME = 2e-4
"""Within this a record follows an area: the plane and the ellipsoid are 4e-4 to 1e-3 apart."""
_MIN_SHOWN_HA = 0.01
_M2_PER_HA = 1e4
_DECIMAL_COMMA = re.compile(r"^-?\d{1,3}(\.\d{3})*,\d+$|^-?\d+,\d+$")


@dataclass(frozen=True, slots=True)
class Areas:
    """Recorded and drawn areas in hectares, by feature; NaN where one is not known."""

    recorded: Floats
    geodesic: Floats
    plane: Floats

    @property
    def known(self) -> Bools:
        """Features of which both are known."""
        return np.isfinite(self.recorded) & np.isfinite(self.geodesic)

    @property
    def differs(self) -> Bools:
        """Features whose record differs by more than 0.01 ha and by more than 1 %."""
        with np.errstate(invalid="ignore"):
            gap = np.abs(self.recorded - self.geodesic)
            return self.known & (gap > MIN_DIFFERENCE_HA) & (gap > MIN_DIFFERENCE_RATIO * self.geodesic)


def luasha(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """Yield one finding a feature that differs; or one for all where the record is in square metres."""
    column = area_column(view)
    if column is None:
        return
    areas = areas_of(view, column)
    if in_square_metres(areas):
        if "ha" in column.casefold():
            yield _wrong_unit(view, column)
        areas = Areas(areas.recorded / _M2_PER_HA, areas.geodesic, areas.plane)
    basis = follows(areas)
    for row in np.flatnonzero(areas.differs):
        yield _differs(view, int(row), column, areas, basis)


def area_column(view: LayerView) -> str | None:
    """Return the column of the recorded area: LUASHA, else another that the schema knows as one."""
    names = [name for name in view.fields if field_role(name, *SCHEMAS) == "area_ha"]
    return min(names, key=lambda name: "ha" not in name.casefold(), default=None)


def areas_of(view: LayerView, column: str) -> Areas:
    """Return the recorded area as it stands, and the drawn areas in hectares."""
    plane = shapely.area(view.geometry) / _M2_PER_HA
    plane[~np.isin(shapely.get_type_id(view.geometry), (3, 6))] = np.nan
    recorded = np.array([_number(value) for value in view.fields[column].tolist()], dtype=float)
    return Areas(recorded, plane / view.areal_scale, plane)


def _number(value: object) -> float:
    if isinstance(value, bool) or value is None:
        return float("nan")
    text = str(value).strip().replace("\u00a0", "")
    if _DECIMAL_COMMA.match(text):
        text = text.replace(".", "").replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return float("nan")
    return number if np.isfinite(number) else float("nan")


def in_square_metres(areas: Areas) -> bool:
    """Tell whether the record is plainly in m2: in the middle, ten thousand times what is drawn."""
    ratio = _ratios(areas)
    return bool(len(ratio)) and 0.5 < float(np.median(ratio)) / _M2_PER_HA < 2


def _ratios(areas: Areas) -> Floats:
    use = areas.known & (areas.geodesic > 0) & (areas.recorded > 0)
    ratio: Floats = areas.recorded[use] / areas.geodesic[use]
    return ratio


def follows(areas: Areas) -> Text:
    """Return which area most of the records are: geodesic, UTM plane, uncut feature, or none of these."""
    use = areas.known & ~areas.differs & (areas.recorded > 0)
    if not areas.known.any():
        return Text("", "")
    if not use.any() or 2 * use.sum() < areas.known.sum():
        larger = (areas.recorded > areas.geodesic)[areas.differs]
        if larger.any() and larger.mean() > 0.9:
            return Text(
                "most records are larger than what is drawn: areas of the uncut features",
                "kebanyakan luas tercatat lebih besar dari gambarnya: luas fitur sebelum dipotong",
            )
        return Text(
            "the records follow no area that is drawn", "luas tercatat tidak mengikuti luas gambar mana pun"
        )
    record = areas.recorded[use].sum()
    off = {
        name: abs(record / values[use].sum() - 1)
        for name, values in (("geodesic", areas.geodesic), ("plane", areas.plane))
    }
    if min(off.values()) > _SAME:
        return Text(
            "the other records are rounded or of another plane",
            "luas lainnya dibulatkan atau dari bidang proyeksi lain",
        )
    if off["geodesic"] <= off["plane"]:
        return Text("the other records are geodesic areas", "luas lainnya adalah luas geodesik (elipsoid)")
    return Text("the other records are areas in the UTM plane", "luas lainnya adalah luas bidang UTM")


def _differs(view: LayerView, row: int, column: str, areas: Areas, basis: Text) -> DataFinding:
    recorded, drawn, plane = (float(a[row]) for a in (areas.recorded, areas.geodesic, areas.plane))
    off = Quantity(recorded / drawn, "factor") if drawn > 0 else "-"
    return view.finding(
        "DAT205",
        "warning",
        say(
            "{column} says {recorded}, drawn are {drawn} {plane} ({off} x); {basis}",
            "{column} berisi {recorded}, gambarnya {drawn} {plane} ({off} x); {basis}",
            column=column,
            recorded=Quantity(recorded, "ha"),
            drawn=_hectares(drawn),
            plane=_in_the_plane(drawn, plane),
            off=off,
            basis=basis,
        ),
        Text("calculate the area again from the geometry", "hitung ulang luas dari geometrinya"),
        row=row,
        field=column,
        value=round(recorded, 4),
        area_m2=round(drawn * _M2_PER_HA, 4),
    )


def _hectares(area_ha: float) -> Quantity:
    """Return an area in ha, a small one in m2, in which it is not 0."""
    return Quantity(area_ha, "ha") if area_ha >= _MIN_SHOWN_HA else Quantity(area_ha * _M2_PER_HA, "m2")


def _in_the_plane(drawn: float, plane: float) -> Text:
    """Return the area in the plane where it reads otherwise than that on the ellipsoid."""
    if _hectares(drawn).text() == _hectares(plane).text():
        return Text("", "")
    return say(
        "geodesic, {plane} in the UTM plane", "geodesik, {plane} pada bidang UTM", plane=_hectares(plane)
    )


def _wrong_unit(view: LayerView, column: str) -> DataFinding:
    return view.finding(
        "DAT205",
        "warning",
        Text(
            f"{column} is in square metres, not in hectares", f"{column} dalam meter persegi, bukan hektare"
        ),
        Text("divide it by 10,000", "bagi dengan 10.000"),
        field=column,
    )


def why_not(view: LayerView, _: Surroundings) -> Text | None:
    """Say why there is no area to compare."""
    if view.role != "zoning":
        return Text("only for zoning layers", "hanya untuk layer pola ruang")
    if not view.has_plane:
        return NO_PLANE
    if area_column(view) is None:
        return Text("the layer records no area (LUASHA)", "layer tidak mencatat luas (LUASHA)")
    return None


CHECK = LayerCheck(("DAT205",), luasha, why_not)
