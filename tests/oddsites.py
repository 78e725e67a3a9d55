"""Odd parcels and buildings over a plan, by seed: slivers, hairlines, holes, several parts, corners of zones, borders of layers.

Used by test_verify_odd.py: what the engine says of each is counted again by other means.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kkpr_check.io.windows import OpenPlan

Rng = np.random.Generator
WORK = "EPSG:32751"


class Country:
    """What odd sites are drawn from: the zones, the lines and borders of a town, and where they meet."""

    def __init__(self, plans: Sequence[OpenPlan], bounds: tuple[float, float, float, float]) -> None:
        zones, lines = [], []
        for plan in plans:
            window = plan.window(bounds, WORK, 0.0)
            zones += list(window.zoning.geometry)
            lines += [g for features in window.layers.values() for g in features.geometry]
        self.bounds, self.zones = bounds, [z for z in zones if not z.is_empty]
        self.corners = shapely.get_coordinates(np.array(self.zones, dtype=object))
        self.borders = shapely.get_coordinates(np.array(lines or self.zones, dtype=object))
        self.corners, self.borders = self._near(self.corners), self._near(self.borders)
        self.tree = shapely.STRtree(self.zones)

    def _near(self, points: Any) -> Any:
        x1, y1, x2, y2 = self.bounds
        return points[
            (points[:, 0] >= x1) & (points[:, 0] <= x2) & (points[:, 1] >= y1) & (points[:, 1] <= y2)
        ]

    def place(self, rng: Rng) -> Any:
        """Return a place: a corner of a zone, one of another layer, or anywhere."""
        kind = rng.integers(3)
        if kind == 2 or not len(self.borders):
            return np.array([rng.uniform(*self.bounds[::2]), rng.uniform(*self.bounds[1::2])])
        points = self.corners if kind == 0 else self.borders
        return points[rng.integers(len(points))] + rng.choice([0.0, 0.0, 1e-4, 0.3, 3.0]) * rng.normal(size=2)

    def zone_at(self, at: Any) -> Any:
        """Return a zone at or nearest to a place."""
        return self.zones[int(self.tree.nearest(shapely.Point(at)))]


def parcel(rng: Rng, country: Country) -> Any:
    """Return an odd parcel in metres: valid, of some area."""
    while True:
        at = country.place(rng)
        shape = SHAPES[rng.integers(len(SHAPES))](rng, at, country)
        shape = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0.01]
        if parts and sum(p.area for p in parts) < 60_000:
            return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _turned(rng: Rng, shape: Any, at: Any) -> Any:
    turn = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    around = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return shapely.transform(shape, lambda p: p @ around.T + at)


def _box(rng: Rng, at: Any, country: Country) -> Any:
    w, h = rng.uniform(4, 60, 2)
    x, y = rng.choice([0.0, -w / 2, -w]), rng.choice([0.0, -h / 2, -h])
    return _turned(rng, shapely.box(x, y, x + w, y + h), at)


def _sliver(rng: Rng, at: Any, country: Country) -> Any:
    w, h = rng.uniform(10, 120), rng.choice([0.1, 0.3, 0.49, 0.51, 0.9, 1.5])
    return _turned(rng, shapely.box(-w / 2, -h / 2, w / 2, h / 2), at)


def _star(rng: Rng, at: Any, country: Country) -> Any:
    n = int(rng.integers(3, 13))
    turn = np.sort(rng.uniform(0, 2 * np.pi, n))
    away = rng.uniform(3, 45, n)
    return shapely.transform(
        shapely.Polygon(np.column_stack((np.cos(turn), np.sin(turn))) * away[:, None]), lambda p: p + at
    )


def _holed(rng: Rng, at: Any, country: Country) -> Any:
    whole = _box(rng, at, country).buffer(4)
    for _ in range(rng.integers(1, 4)):
        if whole.is_empty:
            break
        where = np.array(whole.centroid.coords[0]) + rng.normal(size=2) * 8
        whole = shapely.difference(whole, _box(rng, where, country).buffer(-1.5))
    return whole


def _cracked(rng: Rng, at: Any, country: Country) -> Any:
    """Return a parcel cut by a hairline, so that it has two parts."""
    whole = _box(rng, at, country)
    gap = rng.choice([1e-3, 1e-2, 0.1, 0.4, 0.6, 2.0])
    middle = np.array(whole.centroid.coords[0])
    return shapely.difference(whole, _turned(rng, shapely.box(-200, -gap / 2, 200, gap / 2), middle))


def _comb(rng: Rng, at: Any, country: Country) -> Any:
    """Return a parcel with thin teeth."""
    wide, gap = rng.choice([0.3, 0.48, 0.6, 1.2]), rng.choice([0.02, 0.2, 0.7])
    teeth = [
        shapely.box(i * (wide + gap), 0, i * (wide + gap) + wide, 25) for i in range(rng.integers(2, 14))
    ]
    back = shapely.box(0, -rng.choice([0.3, 0.8, 9.0]), teeth[-1].bounds[2], 1e-3)
    return _turned(rng, shapely.union_all([back, *teeth]), at)


def _of_zone(rng: Rng, at: Any, country: Country) -> Any:
    """Return a piece of a zone, its edges on the zone's or a hair beside them."""
    piece = shapely.intersection(country.zone_at(at), _box(rng, at, country).buffer(10))
    grown = rng.choice([0.0, 0.0, 1e-6, -1e-6, 1e-3, -1e-3, 0.2, -0.2])
    return shapely.buffer(piece, grown, join_style="mitre") if grown else piece


def _of_corners(rng: Rng, at: Any, country: Country) -> Any:
    """Return a polygon of the nearest corners of zones."""
    away = np.hypot(*(country.corners - at).T)
    near = country.corners[np.argsort(away)[: rng.integers(3, 9)]]
    near = near[np.hypot(*(near - at).T) < 90]
    return shapely.convex_hull(shapely.multipoints(near)) if len(near) >= 3 else _box(rng, at, country)


def _of_two(rng: Rng, at: Any, country: Country) -> Any:
    return shapely.union(_box(rng, at, country), _box(rng, at + rng.uniform(-60, 60, 2), country))


SHAPES = (_box, _box, _sliver, _star, _holed, _cracked, _comb, _of_zone, _of_zone, _of_corners, _of_two)


def building(rng: Rng, land: Any) -> Any | None:
    """Return an odd building on or about a parcel, or None."""
    kind = rng.integers(8)
    middle = np.array(shapely.point_on_surface(land).coords[0])
    size = max(np.sqrt(land.area), 2.0)
    if kind == 0:
        shape = land
    elif kind == 1:
        shape = shapely.buffer(land, -rng.choice([0.05, 1.0, 3.0]), join_style="mitre")
    elif kind == 2:
        shape = shapely.buffer(land, rng.choice([1e-4, 0.05, 1.0]), join_style="mitre")
    elif kind == 3:
        parts = [
            _turned(
                rng,
                shapely.box(0, 0, *(size * rng.uniform(0.1, 0.4, 2))),
                middle + rng.normal(size=2) * size / 4,
            )
            for _ in range(rng.integers(2, 4))
        ]
        shape = shapely.union_all(parts)
    elif kind == 4:
        shape = shapely.intersection(land, shapely.Point(middle).buffer(size * rng.uniform(0.2, 0.7), 4))
    else:
        w, h = size * rng.uniform(0.1, 0.9, 2)
        shape = _turned(
            rng, shapely.box(-w / 2, -h / 2, w / 2, h / 2), middle + rng.normal(size=2) * size / 10
        )
    shape = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0.01]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def proposal(rng: Rng, kblis: Sequence[str], land_m2: float) -> dict[str, Any]:
    """Return what is asked for, some of it left out."""
    given = {
        "kbli": str(rng.choice(kblis)),
        "floors": int(rng.integers(1, 9)),
        "height_m": round(float(rng.uniform(2, 40)), 2),
        "floor_area_m2": round(float(land_m2 * rng.uniform(0.01, 3)), 3),
        "basement_area_m2": round(float(land_m2 * rng.uniform(0, 1)), 3),
        "green_area_m2": round(float(land_m2 * rng.uniform(0, 0.6)), 3),
        "legal_area_m2": round(float(land_m2 * rng.choice([1.0, 1.004, 1.1])), 2),
        "road_class": str(rng.choice(["lokal-primer", "lingkungan-primer", "kolektor", "arteri-primer"])),
        "business_scale": str(rng.choice(["micro", "small", "medium", "large"])),
    }
    return {name: value for name, value in given.items() if rng.random() < (0.95 if name == "kbli" else 0.45)}


def uses_of(folder: Path, plan: OpenPlan) -> list[str]:
    """Return the KBLIs of a plan folder, those that few sub-zones refuse many times."""
    listed = [line.split(",")[0] for line in (folder / "kbli.csv").read_text("utf-8").splitlines()[1:]]
    allowed: dict[str, int] = {}
    for (activity, _), cell in plan.plan.tables.itbx.items():
        allowed[activity] = allowed.get(activity, 0) + (cell.letter != "X")
    kbli = plan.plan.tables.kbli
    rank = {
        code: max((allowed.get(a, 0) for a in activities), default=0) for code, activities in kbli.items()
    }
    return listed + sorted(rank, key=lambda code: -rank[code])[:25] * 8


def town(rng: Rng, plans: Sequence[OpenPlan]) -> Country:
    """Return a piece of a town, 500 m wide, anywhere in the sample's."""
    x1, y1, x2, y2 = (660687.601, 8954091.656, 664260.542, 8957111.05)
    x, y = rng.uniform(x1, x2 - 400), rng.uniform(y1, y2 - 400)
    return Country(plans, (x - 50, y - 50, x + 450, y + 450))


def write_sites(path: Path, rng: Rng, country: Country, kblis: Sequence[str], count: int) -> Path | None:
    """Write odd sites as GeoJSON (degrees), and buildings that stand there already; return the file of those, or None."""
    from kkpr_check.io.crs import LONLAT, transform

    features, standing = [], []

    def put(shape: Any, **properties: Any) -> dict[str, Any]:
        degrees = transform(np.array([shape], dtype=object), WORK, LONLAT)[0]
        return {
            "type": "Feature",
            "properties": properties,
            "geometry": json.loads(shapely.to_geojson(degrees)),
        }

    for number in range(count):
        land = parcel(rng, country)
        asked = proposal(rng, kblis, land.area)
        features.append(put(land, id=f"s{number}", role="parcel", **asked))
        built = building(rng, land) if rng.random() < 0.7 else None
        if built is not None:
            features.append(put(built, id=f"s{number}", role="footprint"))
        while rng.random() < 0.4:
            shape = building(rng, land)
            if shape is not None:
                standing.append(put(shape))
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    if not standing:
        return None
    existing = path.with_name(f"{path.stem}-berdiri.geojson")
    existing.write_text(json.dumps({"type": "FeatureCollection", "features": standing}))
    return existing


def torn_plan(source: Path, folder: Path, seed: int = 5) -> Path:
    """Return a copy of a plan whose zoning layer has overlaps, gaps, hairlines and a zone twice."""
    import pyogrio

    copy = shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".kkpr", "plan.lock"))
    layer = copy / "layers" / "polaruang_sintetis.shp"
    meta, _, wkb, fields = pyogrio.raw.read(layer)
    rng = np.random.default_rng(seed)
    shapes = list(shapely.from_wkb(wkb))
    for i, shape in enumerate(shapes):
        kind = rng.integers(6)
        if kind == 0:
            shapes[i] = shapely.buffer(shape, rng.choice([0.02, 0.3, 4.0, 15.0]), join_style="mitre")
        elif kind == 1:
            shapes[i] = shapely.buffer(shape, -rng.choice([0.001, 0.2, 0.3, 4.0]), join_style="mitre")
        elif kind == 2:
            shapes[i] = shapely.transform(shape, lambda p: p + rng.normal(size=2) * 2)
    kept = [i for i in range(len(shapes)) if rng.random() > 0.06 and not shapes[i].is_empty]
    kept += list(rng.choice(kept, 6))
    whole = [shapely.make_valid(shapes[i], method="structure", keep_collapsed=False) for i in kept]
    for part in layer.parent.glob(f"{layer.stem}.*"):
        if part.suffix != ".prj":
            part.unlink()
    pyogrio.raw.write(
        layer, shapely.to_wkb(np.array(whole, dtype=object)), [f[kept] for f in fields], meta["fields"],
        crs=meta["crs"], geometry_type="MultiPolygon", driver="ESRI Shapefile", encoding="UTF-8",
    )  # fmt: skip
    return copy
