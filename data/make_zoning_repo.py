"""Make the plans of ``examples/zoning-repo``: ``python data/make_zoning_repo.py [OUT]``.

Two invented plans of a few blocks each, small enough to read: a repository of zoning data that CI guards. The same bytes
come out of every run. Everything beside the plan folders (README, workflows) is written by hand.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pyproj import Transformer

HOME = Path(__file__).resolve().parents[1] / "examples" / "zoning-repo"
CRS = "EPSG:32751"
LEGAL = "Peraturan Bupati Contoh Nomor {number} Tahun 2025 (sintetis)"
NAMES = {
    "R-3": ("Perumahan Kepadatan Sedang", "Perumahan", "budi daya"),
    "K-3": ("Perdagangan dan Jasa Skala SWP", "Perdagangan dan Jasa", "budi daya"),
    "SPU-3": ("SPU Skala Kelurahan", "Sarana Pelayanan Umum", "budi daya"),
    "RTH-4": ("Taman Kelurahan", "Ruang Terbuka Hijau", "lindung"),
    "BJ": ("Badan Jalan", "Badan Jalan", "budi daya"),
}
ITBX = {
    "rumah": ("Rumah tunggal", "", {"R-3": "I", "K-3": "T1", "SPU-3": "X", "RTH-4": "X", "BJ": "X"}),
    "warung": ("Warung", "47112", {"R-3": "T1", "K-3": "I", "SPU-3": "B1", "RTH-4": "X", "BJ": "X"}),
    "taman": ("Taman", "", {"R-3": "I", "K-3": "I", "SPU-3": "I", "RTH-4": "I", "BJ": "X"}),
}
LIMITS = {"R-3": (60, 1.8, 20, 12, 3), "K-3": (70, 2.8, 10, 16, 4), "SPU-3": (50, 1.5, 30, 12, 3),
          "RTH-4": (10, 0.1, 80, 5, 1), "BJ": (0, 0, "-", "-", "-")}  # fmt: skip
OVERLAYS = ("KHS001", "KHS002", "KHS003", "KHS004", "KHS005", "KHS006", "KHS007", "KHS008", "KHS009", "KHS010",
            "KHS011", "KHS012", "KHS013")  # fmt: skip


class Block(NamedTuple):
    """A rectangle of zoning in metres from the plan's south-west corner."""

    subzone: str
    west: float
    south: float
    east: float
    north: float

    def ring(self) -> list[tuple[float, float]]:
        """Return the closed outline, counter-clockwise."""
        w, s, e, n = self[1:]
        return [(w, s), (e, s), (e, n), (w, n), (w, s)]


class Town(NamedTuple):
    """One invented plan."""

    id: str
    name: str
    number: int
    origin: tuple[float, float]
    blocks: tuple[Block, ...]


def blocks(left: str, right: str) -> tuple[Block, ...]:
    """Return two rows of two blocks, a road between the rows and a park at its end."""
    return (
        Block(left, 0, 0, 120, 90),
        Block("SPU-3", 120, 0, 200, 90),
        Block("BJ", 0, 90, 200, 100),
        Block(right, 0, 100, 140, 180),
        Block("RTH-4", 140, 100, 200, 180),
    )


TOWNS = (
    Town("rdtr-utara", "RDTR Kampung Utara (DATA SINTETIS)", 11, (663000.0, 8956500.0), blocks("R-3", "K-3")),
    Town(
        "rdtr-selatan",
        "RDTR Kampung Selatan (DATA SINTETIS)",
        12,
        (661000.0, 8953000.0),
        blocks("K-3", "R-3"),
    ),
)
_TO_LONLAT = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)


def lonlat(town: Town, points: Sequence[tuple[float, float]]) -> list[list[float]]:
    """Return points of a plan in degrees, rounded to about 1 mm: the same point is the same number everywhere."""
    x0, y0 = town.origin
    placed = (_TO_LONLAT.transform(x0 + x, y0 + y) for x, y in points)
    return [[round(lon, 8), round(lat, 8)] for lon, lat in placed]


def collection(features: Sequence[tuple[dict[str, Any], str, Any]]) -> str:
    """Return GeoJSON with a feature a line, so that reviewers read changes as diffs."""
    lines = [
        json.dumps(
            {"type": "Feature", "properties": p, "geometry": {"type": kind, "coordinates": c}},
            ensure_ascii=False,
        )
        for p, kind, c in features
    ]
    return '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n"


def table(*rows: Sequence[Any]) -> str:
    """Return rows as CSV."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def with_corners(town: Town, block: Block) -> list[tuple[float, float]]:
    """Return a block's outline with the corners of its neighbours on it, so that neighbours share every vertex."""
    corners = sorted({point for other in town.blocks for point in other.ring()})
    found = []
    ring = block.ring()
    for a, b in itertools.pairwise(ring):
        on = [p for p in corners if p not in (a, b) and _between(a, p, b)]
        found += [a, *sorted(on, key=lambda p: abs(p[0] - a[0]) + abs(p[1] - a[1]))]
    return [*found, ring[0]]


def _between(a: tuple[float, float], p: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(min(a[i], b[i]) <= p[i] <= max(a[i], b[i]) for i in (0, 1))


def layers(town: Town) -> dict[str, str]:
    """Return the layers of a plan as GeoJSON."""
    zones = []
    for n, block in enumerate(town.blocks, 1):
        name, _, _ = NAMES[block.subzone]
        area_ha = round((block.east - block.west) * (block.north - block.south) / 10_000, 4)
        fields = {"OBJECTID": n, "NAMOBJ": name, "KODSZN": block.subzone, "LUASHA": area_ha}
        zones.append((fields, "Polygon", [lonlat(town, with_corners(town, block))]))
    road = (
        {"OBJECTID": 1, "KELAS": "lokal-primer", "RUMIJA": 10.0},
        "LineString",
        lonlat(town, [(0, 95), (200, 95)]),
    )
    east, north = max(b.east for b in town.blocks), max(b.north for b in town.blocks)
    whole = Block("", 0, 0, east, north)
    outline = ({"OBJECTID": 1, "NAMOBJ": town.name}, "Polygon", [lonlat(town, with_corners(town, whole))])
    return {
        "layers/zoning.geojson": collection(zones),
        "layers/jalan.geojson": collection([road]),
        "layers/batas.geojson": collection([outline]),
    }


def plan_toml(town: Town) -> str:
    """Return the identity of a plan, its layers and its overlays."""
    legal = LEGAL.format(number=town.number)
    head = f'''# Rencana SINTETIS: bukan rencana yang berlaku.
id = "{town.id}"
name = "{town.name}"
level = "rdtr"
legal = "{legal}"
status = "in-force"
valid_from = 2025-01-01
oss_integrated = true
scale = 5000
kbli_version = 2020
synthetic = true

[[layer]]
role = "zoning"
path = "layers/zoning.geojson"
legal = "Lampiran I (sintetis)"
[layer.fields]
subzone = "KODSZN"
name = "NAMOBJ"

[[layer]]
id = "jalan"
role = "road"
path = "layers/jalan.geojson"
legal = "Lampiran II (sintetis)"
[layer.fields]
road_class = "KELAS"
width_m = "RUMIJA"

[[layer]]
role = "boundary"
path = "layers/batas.geojson"
'''
    none = "".join(
        f'\n[[overlay]]\nrule = "{rule}"\nnone = "Pasal 20 (sintetis): tidak ada"\n' for rule in OVERLAYS
    )
    return head + none


def tables(town: Town) -> dict[str, str]:
    """Return the tables of a plan."""
    codes = sorted({block.subzone for block in town.blocks})
    limits = [
        (c, "*", "-", "-", kdb, klb, kdh, "-", height, floors, "-" if c == "BJ" else 5, "-", "-", "-", "parcel_edge",
         "Pasal 12 (sintetis)")
        for c in codes for kdb, klb, kdh, height, floors in (LIMITS[c],)
    ]  # fmt: skip
    head = (
        "subzone", "road_class", "parcel_min_m2", "parcel_max_m2", "kdb_max_pct", "klb_max", "kdh_min_pct", "ktb_max_pct",
        "height_max_m", "floors_max", "gsb_min_m", "side_min_m", "rear_min_m", "lot_min_m2", "gsb_from", "legal",
    )  # fmt: skip
    return {
        "zones.csv": table(
            ("subzone", "name", "zone", "protected", "colour"), *((c, *NAMES[c], "") for c in codes)
        ),
        "activities.csv": table(
            ("activity_id", "name"), *((key, name) for key, (name, _, _) in ITBX.items())
        ),
        "kbli.csv": table(
            ("kbli", "activity_id"), *((kbli, key) for key, (_, kbli, _) in ITBX.items() if kbli)
        ),
        "itbx.csv": table(
            ("activity_id", *codes), *((k, *(cells[c] for c in codes)) for k, (_, _, cells) in ITBX.items())
        ),
        "conditions.csv": table(
            ("code", "text", "legal", "test"),
            ("T1", "Paling tinggi 2 lantai", "Pasal 14 huruf a (sintetis)", "floors <= 2"),
            ("B1", "Menyediakan tempat parkir", "Pasal 14 huruf b (sintetis)", ""),
        ),
        "intensity.csv": table(head, *limits),
        "cases.csv": cases(town),
    }


def cases(town: Town) -> str:
    """Return the sites with the verdicts that the plan's makers expect: its unit tests."""
    first, park = town.blocks[0], town.blocks[4]
    wanted = [
        ("rumah-di-taman", park, "rumah", "nonconform", "KGT001"),
        ("warung-di-taman", park, "warung", "nonconform", "KGT001"),
        (f"taman-di-{first.subzone.lower()}", first, "taman", "conditional", ""),
    ]
    rows = [
        (name, _wkt(town, block), "", CRS, activity, verdict, rules)
        for name, block, activity, verdict, rules in wanted
    ]
    return table(("id", "wkt_parcel", "wkt_footprint", "crs", "activity", "verdict", "rules"), *rows)


def _wkt(town: Town, block: Block) -> str:
    """Return a parcel of 20 x 25 m in the middle of a block."""
    x0, y0 = town.origin
    x, y = x0 + (block.west + block.east) / 2 - 10, y0 + (block.south + block.north) / 2 - 12.5
    ring = [(x, y), (x + 20, y), (x + 20, y + 25), (x, y + 25), (x, y)]
    return "POLYGON ((" + ", ".join(f"{a:.1f} {b:.1f}" for a, b in ring) + "))"


def parcels() -> str:
    """Return parcels with what stands or is planned on them, for the comparison of two versions."""
    features = []
    for town in TOWNS:
        for n, block in enumerate(town.blocks):
            for m in range(3 if block.subzone != "BJ" else 0):
                x, y = block.west + 10 + 16 * m, block.south + 20
                ring = lonlat(town, [(x, y), (x + 14, y), (x + 14, y + 22), (x, y + 22), (x, y)])
                fields = {
                    "id": f"{town.id}-{n + 1}{m + 1}",
                    "activity": ("rumah", "warung", "taman")[m],
                    "floors": 1,
                }
                features.append((fields, "Polygon", [ring]))
    return collection(features)


def main(out: Path) -> None:
    """Write the plan folders and the parcels."""
    for town in TOWNS:
        for name, text in {"plan.toml": plan_toml(town), **tables(town), **layers(town)}.items():
            path = out / "plans" / town.id / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    (out / "parcels.geojson").write_text(parcels(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HOME)
