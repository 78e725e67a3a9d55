"""Hand-made reports in EPSG:32751, drawn on paper: a parcel of 40 m x 50 m at (300000, 8950000)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import shapely

from kkpr_check.errors import Text
from kkpr_check.model import (
    Approvable,
    Finding,
    LedgerEntry,
    LedgerZone,
    Outcome,
    Proposal,
    Report,
    Scene,
    Site,
    Verdict,
)

AS_OF = dt.date(2026, 11, 24)
EAST, NORTH = 700_000.0, 8_950_000.0
PARCEL = shapely.box(EAST, NORTH, EAST + 40, NORTH + 50)
FOOTPRINT = shapely.box(EAST + 5, NORTH + 5, EAST + 35, NORTH + 40)
PROVENANCE: dict[str, Any] = {
    "plans": [{"id": "rdtr-kota-contoh", "sha256": "0" * 64, "synthetic": True}],
    "inputs": [{"path": "site.geojson", "sha256": "1" * 64}],
    "crs": {"source": "EPSG:4326", "work": "EPSG:32751"},
    "repairs": [],
    "assumptions": [],
}


def to_lonlat(geometry: Any, work_crs: str) -> Any:
    """Place a geometry by a rough linear map: near enough for a report test, and it needs no PROJ."""
    assert work_crs == "EPSG:32751"
    return shapely.transform(geometry, lambda xy: (xy - [500_000, 10_000_000]) / 110_000 + [123, 0])


def finding(rule: str, name: str, outcome: Outcome, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "subject": "footprint", "plan": "rdtr-kota-contoh", "zone": "R-2", "measured": None, "limit": None,
        "operator": None, "unit": None, "margin": None, "message": Text(f"{name}.", f"{name} (id)."),
        "legal": "Perbup 1/2024 Lampiran XIV",
    }  # fmt: skip
    return Finding(rule=rule, name=name, outcome=outcome, **(values | changes))


def failing() -> Report:
    """A building that covers too much of its parcel, with every kind of finding."""
    findings = (
        finding("LOK003", "zone-split", Outcome.PASS, subject="parcel", measured=2.0, unit="zones",
                message=Text("The parcel lies in 2 zones.", "Persil terletak pada 2 zona.")),
        finding("KGT001", "use-prohibited", Outcome.PASS),
        finding("KGT003", "use-conditional", Outcome.CONDITIONAL,
                message=Text("Allowed on condition B3: a traffic study.",
                             "Diizinkan dengan syarat B3: andalalin."),
                remedy=Text("Attach the traffic study.", "Lampirkan andalalin.")),
        finding("INT001", "kdb-exceeded", Outcome.FAIL, measured=0.7291666667, limit=0.6, operator="<=",
                unit="ratio", margin=-0.1291666667, witness=FOOTPRINT,
                message=Text("The building covers more of the parcel than KDB allows.",
                             "Bangunan menutup persil lebih dari KDB."),
                remedy=Text("Reduce the footprint by 186 m2.", "Kurangi tapak 186 m2.")),
        finding("INT002", "klb-exceeded", Outcome.PASS, measured=1.4583333, limit=2.4, operator="<=",
                unit="factor", margin=0.9416667),
        finding("TAB001", "gsb-encroached", Outcome.UNDETERMINED, measured=5.0, limit=6.25, operator=">=",
                unit="m", margin=-1.25, flip_distance_m=1.25,
                witness=shapely.LineString([(EAST + 20, NORTH), (EAST + 20, NORTH + 5)]),
                message=Text("Nearer to the road than GSB, within map accuracy.",
                             "Lebih dekat ke jalan dari GSB, dalam ketelitian peta.")),
        finding("TAB004", "height-exceeded", Outcome.UNDETERMINED, missing=("height_m",), limit=12.0,
                operator="<=", unit="m", message=Text("The height is not given.", "Tinggi bangunan belum diberikan.")),
        finding("KHS004", "sempadan-sungai", Outcome.UNDETERMINED, subject="parcel", zone=None,
                missing=("plan.toml:[[overlay]] rule=KHS004",),
                message=Text("The plan has no river layer.", "Rencana tidak memiliki layer sungai.")),
    )  # fmt: skip
    ledger = LedgerEntry(
        "parcel", "rdtr-kota-contoh", 2000.0,
        (LedgerZone("R-2", "Perumahan Kepadatan Tinggi", 1633.33333, 0.816666665),
         LedgerZone("K-3", "Perdagangan dan Jasa Skala SWP", 333.33333, 0.166666665)),
        gap_m2=33.83334, overlap_m2=1.0, dropped_m2=0.5,
    )  # fmt: skip
    return Report(
        site=Site("lot-7", PARCEL, FOOTPRINT, Proposal(
            kbli="47111", floors=2.0, legal_area_m2=1995.5, business_scale="micro", psn=False)),
        verdict=Verdict.NONCONFORM, pathway="PKKPR",
        pathway_reason=Text("the RDTR is not integrated in OSS", "RDTR belum terintegrasi dengan OSS"),
        self_declaration=True, findings=findings,
        not_evaluated=(("LOK005", Text("no deed area", "tidak ada luas surat")),
                       ("KHS001", Text("the plan has no KKOP", "rencana tidak memiliki KKOP"))),
        ledger=(ledger,), combined=(ledger,),
        approvable=Approvable(1633.3333, 0.81666665, shapely.box(EAST, NORTH, EAST + 40, NORTH + 40.83)),
        assumptions=(Text("Existing buildings: none known.", "Bangunan yang sudah ada: tidak diketahui."),),
        plans_judged=("rdtr-kota-contoh",),
        plans_left_out=(("rtrw-lama", Text("expired 2020-01-01", "berakhir 2020-01-01")),),
        provenance=PROVENANCE,
        around=Scene((("R-2", shapely.box(EAST - 100, NORTH - 100, EAST + 140, NORTH + 41)),
                      ("K-3", shapely.box(EAST - 100, NORTH + 41, EAST + 140, NORTH + 49)))),
    )  # fmt: skip


def conforming() -> Report:
    """A land check of one zone with nothing to say."""
    ledger = LedgerEntry(
        "parcel", "rdtr-kota-contoh", 2000.0, (LedgerZone("R-2", "Perumahan", 2000.0, 1.0),), 0.0, 0.0, 0.0
    )
    return Report(
        site=Site("lot-8", PARCEL, None, Proposal(kbli="47111")),
        verdict=Verdict.CONFORM, pathway="KKKPR",
        pathway_reason=Text("an OSS-integrated RDTR covers the site", "RDTR terintegrasi OSS mencakup lokasi"),
        self_declaration=False,
        findings=(finding("KGT001", "use-prohibited", Outcome.PASS, subject="parcel"),),
        not_evaluated=(), ledger=(ledger,), combined=(ledger,), approvable=Approvable(2000.0, 1.0, PARCEL),
        assumptions=(), plans_judged=("rdtr-kota-contoh",), provenance=PROVENANCE,
    )  # fmt: skip
