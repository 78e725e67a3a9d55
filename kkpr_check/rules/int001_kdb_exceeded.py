"""INT001: the footprint covers more of the parcel than KDB allows."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import Outcomes, at_most, ratio, rule
from kkpr_check.rules.rows import IntensityRows


@rule(
    "INT001",
    "kdb-exceeded",
    "intensity",
    title=Text("KDB exceeded", "KDB terlampaui"),
    what=Text(
        "Ground-floor footprint over parcel area, in each sub-zone: the part inside the zone counts, refused parts do not.",
        "Luas tapak dibagi luas persil pada setiap subzona: yang dihitung bagian di dalam zona tanpa bagian yang ditolak.",
    ),
    formula="area(footprint and existing buildings in zone) / area(parcel in zone without refused parts) <= KDB",
    law=Text(
        "Intensity table of the plan (ketentuan intensitas; Permen ATR/BPN 11/2021).",
        "Tabel intensitas rencana (ketentuan intensitas; Permen ATR/BPN 11/2021).",
    ),
    passes=Text("240 m² on 400 m² where KDB is 60%.", "240 m² di atas 400 m² dengan KDB 60%."),
    fails=Text("260 m² on 400 m² where KDB is 60%.", "260 m² di atas 400 m² dengan KDB 60%."),
    unit="ratio",
    operator="<=",
    say={
        Outcome.PASS: Text(
            "KDB {measured} in {zone}, at most {limit}.", "KDB {measured} di {zone}, paling banyak {limit}."
        ),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text(
            "KDB at most {limit} in {zone}: build on no more than {absolute}.",
            "KDB paling banyak {limit} di {zone}: tapak paling luas {absolute}.",
        ),
        Outcome.FAIL: Text(
            "KDB {measured} in {zone}; the plan allows {limit}, that is {absolute}.",
            "KDB {measured} di {zone}; rencana memperbolehkan {limit}, yaitu {absolute}.",
        ),
    },
    remedy=Text("Make the footprint smaller by {excess}.", "Perkecil tapak sebesar {excess}."),
)
def kdb_exceeded(rows: IntensityRows) -> Outcomes:
    """Compare the coverage ratio with KDB, zone by zone."""
    return at_most(
        ratio(rows.footprint_part_m2, rows.parcel_part_m2), rows.limits["kdb_max_pct"], rows.absent
    )
