"""The tables of the two plans as CSV text."""

# ruff: noqa: E501  (tables, one row a line)

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from sample_town.catalogue import ACTIVITIES, CONDITIONS, RTRW_CLASSES, SUBZONES, SubZone, itbx

INTENSITY_HEADER = (
    "subzone", "road_class", "parcel_min_m2", "parcel_max_m2", "kdb_max_pct", "klb_max", "kdh_min_pct",
    "ktb_max_pct", "height_max_m", "floors_max", "gsb_min_m", "side_min_m", "rear_min_m", "lot_min_m2",
    "gsb_from", "legal",
)  # fmt: skip

ANY_ROAD = {
    # sub-zone -> rows of: parcel from, to | KDB KLB KDH KTB height floors GSB side rear lot | GSB measured from
    "R-2": ("- 120|80 2.4 10 60 12 3 0.5*rumija - 1 60|road_edge", "120 300|75 2.25 15 60 12 3 0.5*rumija+1 - 1.5 60|road_edge", "300 -|70 2.1 20 50 12 3 0.5*rumija+1 - 2 60|road_edge"),
    "R-3": ("- 150|70 1.8 15 50 12 3 0.5*rumija - 1.5 100|road_edge", "150 500|65 1.8 20 50 12 3 0.5*rumija+1 - 2 100|road_edge", "500 -|60 1.5 25 40 12 3 0.5*rumija+1 1 2 100|road_edge"),
    "R-4": ("- 300|60 1.2 25 40 10 2 0.5*rumija+1 - 2 150|road_edge", "300 1000|55 1.1 30 40 10 2 0.5*rumija+1 1 2 150|road_edge", "1000 -|50 1 35 30 10 2 0.5*rumija+1 1.5 3 150|road_edge"),
    "R-5": ("- 500|45 0.9 40 30 10 2 0.5*rumija+1 1 3 250|road_edge", "500 -|40 0.8 45 30 10 2 0.5*rumija+1 1.5 3 250|road_edge"),
    "SPU-3": ("- -|60 1.8 25 40 15 3 5 2 2 200|parcel_edge",),
    "SPU-4": ("- -|60 1.2 25 40 10 2 4 1.5 2 100|parcel_edge",),
    "KPI": ("- 5000|60 1.8 20 50 20 3 10 4 4 1000|parcel_edge", "5000 -|55 1.65 25 50 25 4 15 5 5 1000|parcel_edge"),
    "W": ("- -|40 0.8 45 30 12 2 8 3 3 300|parcel_edge",),
    "TR": ("- -|50 1.5 20 50 16 3 10 4 4 500|parcel_edge",),
    "HK": ("- -|50 1.5 25 50 16 4 8 3 3 -|parcel_edge",),
    "PL-3": ("- -|40 0.6 40 30 12 2 8 4 4 -|parcel_edge",),
    "P-1": ("- -|5 0.05 90 0 5 1 10 5 5 1000|parcel_edge",),
    "P-3": ("- -|10 0.1 80 0 6 1 10 5 5 1000|parcel_edge",),
    "RTH-2": ("- -|10 0.1 85 0 5 1 8 5 5 -|parcel_edge",),
    "RTH-3": ("- -|10 0.1 85 0 5 1 8 5 5 -|parcel_edge",),
    "RTH-4": ("- -|10 0.1 85 0 5 1 6 4 4 -|parcel_edge",),
    "RTH-7": ("- -|5 0.05 90 0 5 1 6 4 4 -|parcel_edge",),
    "RTH-8": ("- -|0 0 95 0 3 1 - - - -|parcel_edge",),
    "PS": ("- -|0 0 95 0 3 1 - - - -|parcel_edge",),
    "HL": ("- -|0 0 98 0 3 1 - - - -|parcel_edge",),
    "BA": ("- -|0 0 - 0 - - - - - -|parcel_edge",),
    "BJ": ("- -|0 0 - 0 - - - - - -|parcel_edge",),
}  # fmt: skip

ROADS = ("arteri", "kolektor", "lokal", "lingkungan", "tol", "khusus")
GSB_AXIS_M = {
    "arteri": "20.5",
    "kolektor": "15",
    "lokal": "10.75",
    "lingkungan": "7",
    "tol": "40",
    "khusus": "15",
}
BY_ROAD = {
    # sub-zone -> size limit of the ladder | KDB KLB KDH KTB height floors side rear lot below it | from it on
    "K-1": (1000, "80 4 10 80 24 6 - 2 120", "70 4.2 15 80 28 7 2 3 120"),
    "K-2": (600, "75 3 10 70 20 5 - 2 100", "70 3 15 70 20 5 1.5 3 100"),
    "K-3": (500, "70 2.1 15 60 16 3 - 2 100", "65 2 20 60 16 3 1 2 100"),
    "C-2": (800, "70 2.8 15 60 20 4 - 2 120", "65 2.6 20 60 20 4 1.5 2 120"),
    "KT": (1000, "65 2.6 20 60 20 4 2 2 300", "60 2.4 25 60 24 5 3 3 300"),
    "SPU-1": (2000, "60 2.4 25 60 20 4 3 3 500", "55 2.2 30 60 24 5 4 4 500"),
    "SPU-2": (1500, "60 1.8 25 50 16 3 2 3 300", "55 1.6 30 50 16 3 3 3 300"),
}


def intensity_rows() -> list[list[str]]:
    """Return intensity.csv: per sub-zone a ladder over parcel size and road class without hole or overlap."""
    rows = []
    for number, zone in enumerate(SUBZONES, start=41):
        legal = f"Pasal {number} ayat ({{}}) (sintetis)"
        if zone.code in ANY_ROAD:
            for line, spec in enumerate(ANY_ROAD[zone.code], start=1):
                size, limits, gsb_from = spec.split("|")
                rows.append([zone.code, "*", *size.split(), *limits.split(), gsb_from, legal.format(line)])
            continue
        at, below, above = BY_ROAD[zone.code]
        for line, road in enumerate(ROADS, start=1):
            for low, high, spec in (("-", str(at), below), (str(at), "-", above)):
                cells = spec.split()
                key = [zone.code, road, low, high]
                rows.append([*key, *cells[:6], GSB_AXIS_M[road], *cells[6:], "road_axis", legal.format(line)])
    return rows


def rtrw_intensity_rows() -> list[list[str]]:
    """Return the RTRW table: a general plan regulates no intensity, and says so."""
    return [
        [zone.code, "*", "-", "-", *["-"] * 10, "", "Pasal 71 (sintetis): tidak diatur dalam RTRW"]
        for zone in RTRW_CLASSES
    ]


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV text with Unix line ends."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def plan_tables(zones: tuple[SubZone, ...], plan: int) -> dict[str, str]:
    """Return file name -> content of all tables but cases.csv (`plan` 0 = RDTR, 1 = RTRW)."""
    codes = tuple(zone.code for zone in zones)
    kbli = sorted((code, row[0]) for row in ACTIVITIES for code in row[3].split())
    used = {code for row in itbx(codes, plan) for cell in row[1:] for code in cell.split(",")}
    return {
        "zones.csv": as_csv(
            ("subzone", "name", "zone", "protected", "colour"),
            [(z.code, z.name, z.zone, "lindung" if z.protected else "budi-daya", z.colour) for z in zones],
        ),
        "activities.csv": as_csv(("activity_id", "name"), [row[:2] for row in ACTIVITIES]),
        "kbli.csv": as_csv(("kbli", "activity_id"), kbli),
        "itbx.csv": as_csv(("activity_id", *codes), itbx(codes, plan)),
        "conditions.csv": as_csv(("code", "text", "legal", "test"), [c for c in CONDITIONS if c[0] in used]),
        "intensity.csv": as_csv(INTENSITY_HEADER, rtrw_intensity_rows() if plan else intensity_rows()),
    }
