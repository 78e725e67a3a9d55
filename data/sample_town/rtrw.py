"""The regency plan (RTRW) around the town: coarse classes at 1:50 000."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.geometry import Point, Polygon

from sample_town import files
from sample_town.catalogue import RTRW_CLASSES
from sample_town.frame import CRS, GRID_M, box, curve, patch, to_map
from sample_town.layers import NOTHING, REMARK

HALF_U, HALF_V = 6500.0, 5500.0
DISTRICT_U, DISTRICT_V = (-6500.0, -2000.0, 2000.0, 6500.0), (-5500.0, 100.0, 5500.0)
SRGI2013 = "EPSG:9470"


def blob(u: float, v: float, radius_u: float, radius_v: float, seed: int) -> Polygon:
    """Return a smooth, irregular patch around a grid position."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0.0, 2 * np.pi, 73)[:-1]
    r = 1.0 + sum(rng.uniform(-0.12, 0.12) * np.cos(k * t + rng.uniform(0, 6.3)) for k in range(2, 6))
    return Polygon(to_map(u + radius_u * r * np.cos(t), v + radius_v * r * np.sin(t)))


def class_areas() -> list[tuple[str, Polygon]]:
    """Return (class, area) from the strongest to the weakest; what none covers is P-3."""
    stream = curve((-5800, -3100), (-3200, -2300), (-600, -2900), (2400, -2200), (5800, -2900)).buffer(
        60, quad_segs=4
    )
    # The protected forest reaches over the eastern R-5 blocks of the RDTR: the conflict that RTR001 reports.
    conflict = patch((812, 300), (1225, 300), (1225, 470), (812, 470))
    return [
        ("PS", stream),
        ("HL", conflict),
        ("KPI", patch((790, -310), (2300, -280), (2250, 285), (790, 290))),
        ("PK", patch((-960, -620), (1240, -620), (1240, 470), (760, 480), (760, 640), (-960, 640))),
        ("HPT/PD", blob(-1900, 700, 760, 620, 3)),
        ("HL", patch((800, 480), (2600, 300), (4300, 2100), (3900, 5300), (900, 5000), (700, 2000))),
        ("HPT", blob(-4300, 3000, 1700, 1700, 4)),
        ("P-1", patch((-380, 470), (810, 470), (700, 2000), (300, 3300), (-900, 3000))),
        ("P-1", blob(1700, -2600, 1900, 900, 5)),
        ("PD", blob(-3900, -600, 600, 480, 6)),
        ("PD", blob(-2600, -3900, 700, 430, 7)),
        ("PD", blob(4300, -800, 560, 520, 8)),
        ("PD", blob(-700, 4200, 640, 420, 9)),
        ("PD", blob(3500, -4300, 580, 450, 10)),
    ]


def pieces() -> list[tuple[str, str, Polygon]]:
    """Return (class, district, polygon): a coverage without gap or overlap."""
    outer = box(-HALF_U, HALF_U, -HALF_V, HALF_V)
    areas = class_areas()
    lines: list[shapely.Geometry] = [outer.exterior, *(area.exterior for _, area in areas)]
    lines += [curve((u, -HALF_V - 9), (u, HALF_V + 9)) for u in DISTRICT_U[1:-1]]
    lines += [curve((-HALF_U - 9, v), (HALF_U + 9, v)) for v in DISTRICT_V[1:-1]]
    noded = shapely.unary_union([line.intersection(outer) for line in lines], grid_size=GRID_M)
    districts = [
        (f"Kecamatan Sintetis {number}", box(u0, u1, v0, v1))
        for number, (u0, u1, v0, v1) in enumerate(
            ((a, b, c, d) for c, d in itertools.pairwise(DISTRICT_V)
             for a, b in itertools.pairwise(DISTRICT_U)), start=1)
    ]  # fmt: skip
    groups: dict[tuple[str, str], list[shapely.Geometry]] = defaultdict(list)
    for face in shapely.get_parts(shapely.polygonize([noded])):
        at = Point(face.representative_point())
        code = next((c for c, area in areas if area.contains(at)), "P-3")
        groups[code, min(districts, key=lambda d: d[1].distance(at))[0]].append(face)
    made = []
    for (code, district), faces in sorted(groups.items()):
        parts = shapely.get_parts(shapely.coverage_union_all(faces))
        made += [(code, district, shapely.normalize(p)) for p in sorted(parts, key=lambda g: g.bounds)]
    return made


def row(code: str, district: str, shape: Polygon) -> dict[str, Any]:
    """Return the official RTRW columns (domain reference: OBJECTID is the layer's own)."""
    zone = next(z for z in RTRW_CLASSES if z.code == code)
    overlays = dict.fromkeys(
        (
            "KKOP_1",
            "KP2B_2",
            "KRB_03",
            "CAGBUD",
            "RESAIR",
            "KSMPDN",
            "HANKAM",
            "KKARST",
            "PTBGMB",
            "MGRSAT",
            "RDBUMI",
        ),
        NOTHING,
    )
    overlays["KP2B_2"] = "K02A" if code == "P-1" else NOTHING
    return {
        "NAMOBJ": zone.name, "ORDE01": zone.zone_code, "ORDE02": zone.code8, "ORDE03": zone.code8,
        "ORDE04": zone.code8, "KODKWS": zone.code8, "JNSRPR": "31000000" if zone.protected else "32000000",
        "WADMPR": "Nusa Tenggara Timur", "WADMKK": "Timor Tengah Utara", "WADMKC": district, **overlays,
        "REMARK": REMARK, "LUASHA": files.hectares(shape),
    }  # fmt: skip


def write_layer(path: Path) -> None:
    """Write the RTRW layer in SRGI2013 geographic coordinates."""
    made = pieces()
    forward = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)

    def degrees(xy: Any) -> Any:
        return np.column_stack(forward.transform(xy[:, 0], xy[:, 1]))

    files.vector(
        path, [row(*piece) for piece in made], [shapely.transform(p[2], degrees) for p in made],
        layer="pola_ruang_sintetis", driver="GPKG", kind="Polygon", crs=SRGI2013,
    )  # fmt: skip
