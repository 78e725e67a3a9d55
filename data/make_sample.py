"""Make the synthetic sample plan: ``python data/make_sample.py [OUT]``.

Writes into OUT (default: the project folder) data/sample, data/sample-rtrw, data/parcels.gpkg and examples/.
Everything is invented; the same bytes come out of every run with the same libraries.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent))

from sample_town import files, known, layers, plan_files, rtrw, tables
from sample_town.catalogue import RTRW_CLASSES, SUBZONES
from sample_town.frame import CRS
from sample_town.lots import Lot, buildings, lots, road_class
from sample_town.proposals import CASES_ONLY, Example, Market, examples, flat
from sample_town.zones import build

CASE_HEADER = (
    "id", "wkt_parcel", "wkt_footprint", "crs", "kbli", "activity", "floors", "height_m", "floor_area_m2",
    "basement_area_m2", "green_area_m2", "legal_area_m2", "road_class", "business_scale", "as_of",
    "verdict", "rules",
)  # fmt: skip


def write_text(folder: Path, texts: dict[str, str]) -> None:
    """Write text files with Unix line ends."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def case_rows(cases: list[Example]) -> list[list[Any]]:
    """Return cases.csv: each example as WKT in metres with its expected verdict."""
    rows = []
    for case in cases:
        values = {
            **case.options,
            "id": case.id,
            "crs": CRS,
            "wkt_parcel": shapely.to_wkt(case.lot.shape, rounding_precision=3, trim=True),
            "wkt_footprint": ""
            if case.footprint is None
            else shapely.to_wkt(case.footprint, rounding_precision=3),
            "verdict": case.verdict,
            # a case is run with this plan alone: what needs the RTRW too is left out
            "rules": ",".join(rule for rule in case.rules if not rule.startswith("RTR")),
        }
        rows.append([values.get(column, "") for column in CASE_HEADER])
    return rows


def write_example(path: Path, group: list[Example]) -> None:
    """Write proposals as GeoJSON: a parcel and, where there is a building, its footprint."""
    rows: list[dict[str, Any]] = []
    shapes = []
    for example in group:
        tail = {"expected": example.verdict, "expected_rules": list(example.rules), "plans": list(example.plans), "remark": "DATA SINTETIS",
                "why": example.why}  # fmt: skip
        parcel: dict[str, Any] = {"id": example.id, "role": "parcel", "parcel_id": example.lot.id}
        if example.footprint is None:
            rows.append({**parcel, **example.options, **tail})
            shapes.append(example.lot.shape)
            continue
        rows.append({**parcel, "remark": "DATA SINTETIS"})
        shapes.append(example.lot.shape)
        rows.append({"id": example.id, "role": "footprint", **example.options, **tail})
        shapes.append(example.footprint)
    files.geojson(path, rows, shapes, f"{path.stem} (SINTETIS)")


KBLI_BY_KIND = {
    "R": ("47112", "56102", "96200", "55130", "10710", "86201", "77292"),
    "K": ("47111", "56101", "45201", "64121", "55120", "47721"),
    "C": ("47191", "56303", "69201", "52101"),
    "S": ("85121", "86105", "94910"),
    "P": ("01111", "01411"),
}


def parcel_row(rng: random.Random, lot: Lot) -> dict[str, Any]:
    """Return a parcel with an invented application for the batch examples; some inputs are not given."""
    kbli = rng.choice(KBLI_BY_KIND.get(lot.kind[0], ("31001", "84112")))
    error = rng.choice((0.0, 0.0, 0.002, 0.004, 0.02))
    floors = rng.choice((1, 1, 2, 2, 3))
    return {
        "id": lot.id,
        "nib": "99.06.01.01." + lot.id[-5:],
        "kbli": None if rng.random() < 0.03 else kbli,
        "floors": float(floors),
        "height_m": floors * 4.0,
        "floor_area_m2": None if rng.random() < 0.3 else round(lot.shape.area * 0.5 * floors, 1),
        "basement_area_m2": 0.0,
        "green_area_m2": round(lot.shape.area * 0.3, 1),
        "legal_area_m2": round(lot.shape.area * (1 + error), 0),
        "road_class": road_class(lot),
        "business_scale": rng.choice(("micro", "small", "small", "medium")),
        "remark": "DATA SINTETIS",
    }


def write_parcels(path: Path, parcels: list[Lot]) -> None:
    """Write the parcels with their invented applications."""
    rng = random.Random(4)
    rows = [parcel_row(rng, lot) for lot in parcels]
    shapes = [lot.shape for lot in parcels]
    files.vector(path, rows, shapes, layer="persil_sintetis", driver="GPKG", kind="Polygon")


def make(out: Path) -> None:
    """Write the whole sample below `out`."""
    town = build()
    parcels = lots(town)
    market = Market(town, parcels)
    found = examples(market)
    cases = [*flat(found), *(maker(market, maker.__name__.replace("_", "-")) for maker in CASES_ONLY)]
    taken = shapely.union_all([lot.shape for lot in parcels if lot.id in market.taken])
    houses = [house for house in buildings(parcels) if not house.shape.intersects(taken)]
    rdtr, general = out / "data" / "sample", out / "data" / "sample-rtrw"
    write_text(rdtr, {"plan.toml": plan_files.RDTR, **tables.plan_tables(SUBZONES, 0)})
    write_text(
        rdtr, {"cases.csv": tables.as_csv(CASE_HEADER, case_rows(cases)), "baseline.json": known.baseline()}
    )
    layers.write_layers(rdtr / "layers", town, parcels, houses)
    write_text(general, {"plan.toml": plan_files.RTRW, **tables.plan_tables(RTRW_CLASSES, 1)})
    (general / "layers").mkdir(exist_ok=True)
    rtrw.write_layer(general / "layers" / "rtrw_polaruang_sintetis.gpkg")
    write_parcels(out / "data" / "parcels.gpkg", parcels)
    (out / "examples").mkdir(exist_ok=True)
    for stem, group in found.items():
        write_example(out / "examples" / f"{stem}.geojson", group)


if __name__ == "__main__":
    started = time.perf_counter()
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    make(target)
    print(f"sample plan written to {target} in {time.perf_counter() - started:.1f} s")
