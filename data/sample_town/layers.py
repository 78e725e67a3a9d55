"""The layers of the RDTR: official columns, values spelled as in real deliveries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Polygon

from sample_town import files, frame
from sample_town.catalogue import BY_CODE
from sample_town.frame import box, curve, patch, to_grid
from sample_town.lots import Building, Lot
from sample_town.zones import Town, ZonePiece

REMARK = "DATA SINTETIS"
NOTHING = "Tidak Ada"
ADMIN = {
    "WADMPR": "Nusa Tenggara Timur",
    "WADMKK": "Timor Tengah Utara",
    "WADMKC": "Kota Kefamenanu (SINTETIS)",
}
VILLAGES = {"I.A": "Kelurahan Sintetis Barat Laut", "I.B": "Kelurahan Sintetis Timur Laut",
            "II.A": "Kelurahan Sintetis Barat Daya", "II.B": "Kelurahan Sintetis Tenggara"}  # fmt: skip
STATION = (-845.0, -49.0)
"""Grid position of the bus terminal: blocks within 350 m carry the TOD overlay."""


def _overlays(piece: ZonePiece) -> dict[str, str]:
    """Return the overlay columns of a zone polygon."""
    u, v = (float(a[0]) for a in to_grid(shapely.get_coordinates(piece.shape.representative_point())))
    code, built = piece.subzone, piece.subzone not in ("BJ", "BA")
    inside = {
        "KKOP_1": "K01F" if u < -1180 else "K01G" if u < -930 else NOTHING,
        "LP2B_2": "K02B" if code == "P-1" else "K02C" if code == "P-3" and v < -820 and u > -500 else NOTHING,
        "KRB_03": "Rawan Longsor Sedang" if u > 800 and v > 290 and built else NOTHING,
        "TOD_04": "Kawasan Berorientasi Transit" if _near_station(u, v) and built else NOTHING,
        "TEB_05": "K05A" if code == "RTH-2" else NOTHING,
        "PUSLIT": NOTHING,
        "CAGBUD": "Ada" if -245 < u < -120 and -98 < v < 0 and built else NOTHING,
        "RESAIR": "K08A" if code == "HL" or (u > 980 and v > 290 and built) else NOTHING,
        "KSMPDN": "K09B" if code == "PS" and u > 0 else "K09C" if code == "PS" else NOTHING,
        "HANKAM": "K10A" if code == "HK" else NOTHING,
    }
    inside |= dict.fromkeys(("KKARST", "PTBGMB", "MGRSAT", "RDBUMI"), NOTHING)
    return inside


def _near_station(u: float, v: float) -> bool:
    return float(np.hypot(u - STATION[0], v - STATION[1])) < 350.0


def zoning_row(piece: ZonePiece) -> dict[str, Any]:
    """Return the 31 official columns of a zone polygon, in their order."""
    zone = BY_CODE[piece.subzone]
    block = piece.swp if piece.subzone in ("BJ", "BA") else piece.block
    row: dict[str, Any] = {
        "NAMOBJ": zone.name,
        "NAMZON": zone.zone,
        "KODZON": zone.zone_code,
        "NAMSZN": zone.name,
        "KODSZN": zone.code,
        "JNSRPR": "31000000" if zone.protected else "32000000",
        "KODEWP": "WP-SINTETIS",
        "KODSWP": piece.swp,
        "KODBLK": block,
        "KODSBL": NOTHING,
        **ADMIN,
        "WADMKD": VILLAGES[piece.swp],
        **_overlays(piece),
        "TPZ_00": "b" if piece.subzone == "K-1" else NOTHING,
        "REMARK": f"{REMARK}: {piece.note}" if piece.note else REMARK,
        "LUASHA": files.hectares(piece.shape),
    }
    return row


def write_layers(folder: Path, town: Town, parcels: list[Lot], houses: list[Building]) -> None:
    """Write every layer of the RDTR into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = town.pieces
    files.vector(
        folder / "polaruang_sintetis.shp", [zoning_row(p) for p in pieces], [p.shape for p in pieces],
        layer="polaruang_sintetis", driver="ESRI Shapefile", kind="Polygon",
    )  # fmt: skip
    _network(folder / "struktur_ruang_sintetis.gpkg", town)
    _water(folder)
    _overlay_layers(folder)
    boundary = {"NAMOBJ": "Wilayah Perencanaan Kefamenanu (SINTETIS)", "REMARK": REMARK}
    files.geojson(folder / "batas_wp_sintetis.geojson", [boundary], [town.boundary], "batas_wp_sintetis")
    files.vector(
        folder / "bangunan_sintetis.fgb",
        [{"ID": b.id, "LANTAI": b.floors, "REMARK": REMARK} for b in houses],
        [b.shape for b in houses],
        layer="bangunan_sintetis", driver="FlatGeobuf", kind="Polygon",
    )  # fmt: skip
    files.vector(
        folder / "persil_sintetis.fgb",
        [{"NIB": lot.id, "REMARK": REMARK} for lot in parcels],
        [lot.shape for lot in parcels],
        layer="persil_sintetis", driver="FlatGeobuf", kind="Polygon",
    )  # fmt: skip


ROAD_CODE = {
    "arteri-primer": 22011101, "kolektor-primer": 22011201, "kolektor-sekunder": 22011202,
    "lokal-primer": 22011301, "lokal-sekunder": 22011302, "lingkungan-primer": 22011401,
    "lingkungan-sekunder": 22011402,
}  # fmt: skip


def road_word(road_class: str) -> str:
    """Return the class as NAMOBJ writes it: ``Jalan Lokal Primer``."""
    return "Jalan " + " ".join(part.capitalize() for part in road_class.split("-"))


def power_line() -> shapely.Geometry:
    """Return the 150 kV line through the green middle of the southern blocks."""
    return curve((-1500, -700), (-900, -541), (0, -541), (900, -541), (1500, -700))


def _network(path: Path, town: Town) -> None:
    roads = [
        {
            "NAMOBJ": road_word(s.road_class), "ORDE01": 22011000, "ORDE02": ROAD_CODE[s.road_class] // 100 * 100,
            "ORDE03": ROAD_CODE[s.road_class], "ORDE04": ROAD_CODE[s.road_class], "JNSRSR": 42000000, "STSJRN": 1,
            "WADMPR": ADMIN["WADMPR"], "WADMKK": ADMIN["WADMKK"], "REMARK": s.name, "SBDATA": REMARK,
            "RUMIJA_M": s.width_m,
        }
        for s in town.streets
    ]  # fmt: skip
    files.vector(
        path, roads, [s.line for s in town.streets], layer="jaringan_jalan", driver="GPKG", kind="LineString"
    )
    power = {"NAMOBJ": "Saluran Udara Tegangan Tinggi (SUTT)", "ORDE01": 23021100, "JNSRSR": 43000000,
             "REMARK": REMARK, "TEGANGAN": 150.0, "TIANG": "tower"}  # fmt: skip
    files.vector(
        path, [power], [power_line()], layer="jaringan_energi", driver="GPKG", kind="LineString", append=True
    )


def _water(folder: Path) -> None:
    rows = [
        {"NAMOBJ": f"Sungai Sintetis ruas {name}", "KEDALAMAN": depth, "LEBAR": round(width, 1),
         "TANGGUL": False, "REMARK": REMARK}
        for name, v0, v1, depth, _ in frame.REACHES
        for width in [2 * float(frame.river_half_m(np.array([(v0 + v1) / 2]))[0])]
    ]  # fmt: skip
    shapes = [_in_town(frame.river_band(0.0, v0, v1)) for _, v0, v1, _, _ in frame.REACHES]
    files.geojson(folder / "sungai_sintetis.geojson", rows, shapes, "sungai_sintetis")
    pond = {"NAMOBJ": "Embung Sintetis", "REMARK": REMARK}
    files.geojson(folder / "embung_sintetis.geojson", [pond], [frame.pond()], "embung_sintetis")


def _in_town(shape: shapely.Geometry) -> shapely.Geometry:
    return shape.intersection(box(frame.U_MIN, frame.U_MAX, frame.V_MIN, frame.V_MAX))


def _overlay_layers(folder: Path) -> None:
    near, far = frame.river_band(30.0, -290.0, 1186.0), frame.river_band(75.0, -290.0, 1186.0)
    floods = [("Rawan Banjir Tinggi", near), ("Rawan Banjir Rendah", far.difference(near))]
    files.geojson(
        folder / "rawan_banjir_sintetis.geojson",
        [{"NAMOBJ": "Kawasan Rawan Bencana", "KELAS": value, "REMARK": REMARK} for value, _ in floods],
        [_in_town(shape) for _, shape in floods],
        "rawan_banjir_sintetis",
    )
    forest: list[tuple[str, Polygon]] = [
        ("HL", patch((985, 485), (1500, 485), (1500, 1150), (810, 1150), (810, 620), (985, 600))),
        ("HPK", box(-1500, -1200, 860, 1150)),
        ("APL", box(-1190, -900, 860, 1150)),
    ]
    files.geojson(
        folder / "kawasan_hutan_sintetis.geojson",
        [{"F_KW_HUTAN": value, "REMARK": REMARK} for value, _ in forest],
        [shape for _, shape in forest],
        "kawasan_hutan_sintetis",
    )
