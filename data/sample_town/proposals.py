"""Example proposals: sites found among the parcels by what their situation is, never by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely.geometry import Polygon
from shapely.strtree import STRtree

from sample_town import frame
from sample_town.lots import Inner, Lot, half_road_m, place, road_class
from sample_town.zones import Town


@dataclass(frozen=True, slots=True)
class Example:
    """One proposal and the verdict it was built to get."""

    id: str
    lot: Lot
    footprint: Polygon | None
    options: dict[str, Any]
    verdict: str
    rules: tuple[str, ...] = ()
    why: str = ""
    plans: tuple[str, ...] = ("data/sample", "data/sample-rtrw")


@dataclass(slots=True)
class Market:
    """The parcels with what lies under and around them; a parcel is handed out once."""

    town: Town
    parcels: list[Lot]
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        shapes = [p.shape for p in self.town.pieces]
        near = STRtree(shapes).query([lot.shape for lot in self.parcels])
        for i, k in near.T.tolist():
            lot = self.parcels[i]
            area = lot.shape.intersection(shapes[k]).area
            if area > 0.05:
                known = self.shares.setdefault(lot.id, defaultdict(float))
                known[self.town.pieces[k].subzone] += area / lot.shape.area

    def find(self, *tests: Callable[[Lot, dict[str, float]], bool]) -> Lot:
        """Return the first free parcel that passes all tests."""
        for lot in self.parcels:
            if lot.id not in self.taken and all(test(lot, self.shares.get(lot.id, {})) for test in tests):
                self.taken.add(lot.id)
                return lot
        raise LookupError("no parcel for an example: the town has changed, loosen the tests")


Test = Callable[[Lot, dict[str, float]], bool]


def only(*subzones: str) -> Test:
    """Pass parcels that lie in one of these sub-zones alone (up to drawing noise)."""
    return lambda lot, shares: any(shares.get(z, 0.0) > 0.9985 for z in subzones)


def parts(first: str, others: tuple[str, ...], low: float, high: float) -> Test:
    """Pass parcels in two sub-zones, the second (one of `others`) with a share between `low` and `high`."""
    return lambda lot, s: any(
        low < s.get(z, 0.0) < high and s.get(first, 0.0) + s.get(z, 0.0) > 0.9985 for z in others
    )


def on(*classes: str) -> Test:
    """Pass parcels whose front street has one of these classes."""
    return lambda lot, _: bool(lot.front) and road_class(lot) in classes


def sized(low: float, high: float) -> Test:
    """Pass parcels with an area between `low` and `high` (m2)."""
    return lambda lot, _: low < lot.shape.area < high


def inside(u0: float, u1: float, v0: float, v1: float) -> Test:
    """Pass parcels inside a grid rectangle."""
    return lambda lot, _: u0 <= lot.u[0] and lot.u[1] <= u1 and v0 <= lot.v[0] and lot.v[1] <= v1


def regular(lot: Lot, _: dict[str, float]) -> bool:
    """Pass parcels that no river has cut and that have neighbours on both sides."""
    box = frame.box(*lot.u, *lot.v)
    streets = {p for p, c, _ in frame.U_LINES if c}
    corner = any(abs(u - p) < 20 for u in lot.u for p in streets)
    return not corner and lot.shape.area > 0.7 * box.area


def dry(lot: Lot, _: dict[str, float]) -> bool:
    """Pass parcels far from the river, its flood zones and the special overlays of the town."""
    u, v = lot.u[0], lot.v[0]
    return (u < 450 or u > 720) and not (-260 < u < -110 and -110 < v < 10) and u > -480 and v > -485


def building(lot: Lot, kdb: float, *, front_m: float, side_m: float = 2.0, rear_m: float = 3.5) -> Polygon:
    """Return a footprint of at most `kdb` of the parcel, behind the building line."""
    share = 1.0
    shape = place(lot, half_road_m(lot), Inner(front_m, side_m, rear_m), share)
    while shape.area > kdb * lot.shape.area:
        share -= 0.02
        shape = place(lot, half_road_m(lot), Inner(front_m, side_m, rear_m), share)
    if shape.area < 20 or not lot.shape.buffer(-0.3).contains(shape):
        raise LookupError(f"no room for a building on {lot.id}")
    return shape


def options(lot: Lot, footprint: Polygon | None, kbli: str | None, **given: Any) -> dict[str, Any]:
    """Return all proposal options of a site; `given` replaces what is worked out from the footprint."""
    values: dict[str, Any] = {
        "kbli": kbli,
        "legal_area_m2": round(lot.shape.area, 1),
        "business_scale": "small",
    }
    if footprint is not None:
        values |= {
            "floors": 1,
            "height_m": 5.0,
            "floor_area_m2": round(footprint.area, 1),
            "basement_area_m2": 0.0,
            "green_area_m2": round((lot.shape.area - footprint.area) * 0.8, 1),
        }
    if road_class(lot) is not None:
        values["road_class"] = road_class(lot)
    return {k: v for k, v in (values | given).items() if v is not None}


def conform(market: Market, name: str) -> Example:
    """Return a restaurant on a trade lot: allowed, and within every limit."""
    lot = market.find(only("K-2"), on("kolektor-sekunder"), sized(330, 900), regular, dry)
    shape = building(lot, 0.5, front_m=10.0)
    return Example(name, lot, shape, options(lot, shape, "56101"), "conform",
                   why="Restoran (I) di K-2; KDB, KLB, KDH, GSB, tinggi di bawah batas; tanpa ketentuan khusus")  # fmt: skip


def conditional(market: Market, name: str) -> Example:
    """Return a cafe among houses: T and B conditions apply."""
    lot = market.find(only("R-3"), on("lingkungan-sekunder", "lokal-sekunder"), sized(350, 900), regular, dry)
    shape = building(lot, 0.4, front_m=8.5)
    return Example(name, lot, shape, options(lot, shape, "56303", business_scale="micro"), "conditional",
                   ("KGT002", "KGT003"), "Kafe di R-3 adalah T1, T2, B4: syarat dicantumkan")  # fmt: skip


def partial(market: Market, name: str) -> Example:
    """Return a workshop on a lot whose rear lies in a residential zone: the front part can be approved."""
    lot = market.find(
        parts("K-2", ("R-3", "R-4"), 0.10, 0.4), on("kolektor-sekunder", "arteri-primer"), regular, dry
    )
    depth = lot.v[1] - lot.v[0]
    shape = building(
        lot, 0.32, front_m=10.5 if road_class(lot) != "arteri-primer" else 11.0, rear_m=depth * 0.45
    )
    return Example(name, lot, shape, options(lot, shape, "45201"), "partial", ("KGT001",),
                   "Bengkel mobil I di K-2, X di perumahan di belakangnya: bagian depan dapat disetujui dan memuat tapak")  # fmt: skip


def nonconform(market: Market, name: str) -> Example:
    """Return a school on a riverside house lot: built to its edges, into the river strip, and far too high."""
    lot = market.find(_riverside, sized(250, 1800))
    shape = shapely.set_precision(shapely.simplify(lot.shape.buffer(-0.4, join_style="mitre"), 0.05), 0.01)
    given = options(lot, shape, "85121", floors=5, height_m=21.0, floor_area_m2=round(shape.area * 5, 1),
                    green_area_m2=0.0, business_scale="medium")  # fmt: skip
    return Example(name, lot, shape, given, "nonconform",
                   ("INT001", "INT002", "INT003", "KGT001", "KGT003", "KHS003", "KHS004", "TAB001", "TAB002", "TAB003", "TAB004",
                    "TAB005"),
                   "Sekolah dilarang (X) di PS dan bersyarat di R-4; KDB, KLB, KDH, GSB, jarak belakang, "
                   "tinggi, jumlah lantai, dan sempadan sungai dilanggar")  # fmt: skip


def _riverside(lot: Lot, shares: dict[str, float]) -> bool:
    homes = sum(shares.get(z, 0.0) for z in ("R-3", "R-4"))
    return (
        0.2 < shares.get("PS", 0.0) < 0.6 and homes > 0.3 and bool(lot.front) and road_class(lot) is not None
    )


def unknown_activity(market: Market, name: str) -> Example:
    """Return a site whose KBLI the plan does not list."""
    lot = market.find(only("R-3"), on("lingkungan-sekunder", "lokal-sekunder"), sized(350, 900), regular, dry)
    shape = building(lot, 0.4, front_m=8.5)
    return Example(name, lot, shape, options(lot, shape, "77292"), "undetermined", ("KGT006",),
                   "KBLI 77292 tidak ada dalam tabel KBLI rencana: tidak dapat diputuskan")  # fmt: skip


def in_gap(market: Market, name: str) -> Example:
    """Return a site of which the plan leaves a part without any zone."""
    hole = market.town.gaps["celah lebar"]

    def covered(lot: Lot, _: dict[str, float]) -> bool:
        return 0.2 < lot.shape.intersection(hole).area / lot.shape.area < 0.9 and bool(lot.front)

    lot = market.find(covered, regular)
    shape = building(lot, 0.3, front_m=8.5, rear_m=(lot.v[1] - lot.v[0]) * 0.3)
    return Example(name, lot, shape, options(lot, shape, None, activity="rumah-tunggal"), "undetermined",
                   ("LOK002",), "Sebagian persil tidak tercakup zona RDTR (celah lebar), dan tidak ada rencana lain",
                   ("data/sample",))  # fmt: skip


def land_only(market: Market, name: str) -> Example:
    """Return a land check: no building is known yet, so the limits come back as conditions."""
    lot = market.find(only("K-3", "K-2"), sized(250, 900), regular, dry)
    return Example(name, lot, None, options(lot, None, "47112"), "conditional",
                   ("INT001", "INT002", "INT003", "INT004", "TAB001", "TAB003", "TAB004", "TAB005"),
                   "Pemeriksaan lahan: kegiatan I, batas intensitas diberikan sebagai ketentuan")  # fmt: skip


def park_house(market: Market, name: str) -> Example:
    """Return a house asked for on a green strip along the arterial road."""
    lot = market.find(lambda lot, s: s.get("RTH-4", 0.0) > 0.99 or s.get("RTH-3", 0.0) > 0.99)
    return Example(name, lot, None, options(lot, None, None, activity="rumah-tunggal"), "nonconform", ("KGT001",),
                   "Rumah tunggal dilarang (X) di taman")  # fmt: skip


def sliver(market: Market, name: str) -> Example:
    """Return a house on a parcel that reaches 0.3 m into the road: noise that decides nothing."""

    def narrow(lot: Lot, shares: dict[str, float]) -> bool:
        return 0.001 < shares.get("BJ", 0.0) < 0.03 and any(shares.get(z, 0.0) > 0.95 for z in ("R-3", "R-4"))

    lot = market.find(narrow, regular, dry, on("lokal-sekunder", "lingkungan-sekunder"))
    shape = building(lot, 0.4, front_m=9.0)
    return Example(name, lot, shape, options(lot, shape, None, activity="rumah-tunggal", business_scale=None),
                   "conform", why="Irisan 0,3 m di Badan Jalan adalah sliver: tidak menentukan")  # fmt: skip


def two_zones(market: Market, name: str) -> Example:
    """Return a house over two residential densities: both allow it, the limits hold in each."""
    lot = market.find(parts("K-3", ("R-3", "R-4"), 0.15, 0.5), regular, dry)
    shape = building(lot, 0.3, front_m=11.0)
    return Example(name, lot, shape, options(lot, shape, None, activity="rumah-tunggal", business_scale=None),
                   "conform", why="Rumah tunggal I di kedua subzona; batas dipenuhi per bagian")  # fmt: skip


def rtrw_conflict(market: Market, name: str) -> Example:
    """Return a house where the RDTR says R-5 and the RTRW says protected forest."""
    lot = market.find(only("R-5"), inside(820, 1222, 290, 470), regular)
    shape = building(lot, 0.25, front_m=9.5, side_m=3.0, rear_m=5.0)
    return Example(name, lot, shape, options(lot, shape, None, activity="rumah-tunggal"), "conditional",
                   ("KHS003", "RTR001"),
                   "RDTR: R-5 (I); RTRW: hutan lindung, maka peringatan RTR001; rawan longsor bersyarat")  # fmt: skip


def house(market: Market, name: str) -> Example:
    """Return a plain house in a residential zone: conform, with an activity instead of a KBLI."""
    lot = market.find(only("R-3"), on("lokal-sekunder", "lingkungan-sekunder"), sized(400, 900), regular, dry)
    shape = building(lot, 0.42, front_m=8.5)
    return Example(name, lot, shape, options(lot, shape, None, activity="rumah-tunggal", business_scale=None),
                   "conform", why="Rumah tunggal (I) di R-3, semua batas terpenuhi")  # fmt: skip


def too_dense(market: Market, name: str) -> Example:
    """Return a house that covers too much of its parcel and leaves too little green."""
    lot = market.find(only("R-4"), on("lokal-sekunder", "lingkungan-sekunder"), sized(400, 950), regular, dry)
    shape = building(lot, 0.75, front_m=8.0, side_m=1.2, rear_m=2.4)
    return Example(name, lot, shape, options(lot, shape, None, activity="rumah-tunggal", business_scale=None),
                   "nonconform", ("INT001", "INT003"), "KDB lebih dari batas R-4, KDH kurang")  # fmt: skip


def shop_conditional(market: Market, name: str) -> Example:
    """Return a small shop among houses whose floor area is within the T2 limit."""
    lot = market.find(only("R-4"), on("lokal-sekunder", "lingkungan-sekunder"), sized(400, 950), regular, dry)
    shape = building(lot, 0.3, front_m=8.5)
    return Example(name, lot, shape, options(lot, shape, "47112"), "conditional", ("KGT002",),
                   "Warung di R-4 adalah T1, T2; T2 terpenuhi, T1 menjadi syarat")  # fmt: skip


FILES: dict[str, tuple[Callable[[Market, str], Example], ...]] = {
    "01-conform": (conform,),
    "02-conditional": (conditional,),
    "03-partial": (partial,),
    "04-nonconform": (nonconform,),
    "05-undetermined": (unknown_activity,),
    "06-several": (house, shop_conditional, too_dense, land_only, rtrw_conflict),
    "07-gap": (in_gap,),
    "08-land": (land_only,),
}
CASES_ONLY: tuple[Callable[[Market, str], Example], ...] = (park_house, sliver, two_zones)


def examples(market: Market) -> dict[str, list[Example]]:
    """Return file stem -> examples, found in a fixed order."""
    return {
        stem: [make(market, stem if len(makers) == 1 else f"06-{n}-{make.__name__}".replace("_", "-"))
               for n, make in enumerate(makers, start=1)]
        for stem, makers in FILES.items()
    }  # fmt: skip


def flat(found: dict[str, list[Example]]) -> Iterable[Example]:
    """Return all examples in the order of their files."""
    return (example for group in found.values() for example in group)
