"""INT002: more floor area than KLB allows."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import Outcomes, at_most, ratio, rule
from kkpr_check.rules.rows import IntensityRows


@rule(
    "INT002",
    "klb-exceeded",
    "intensity",
    title=Text("KLB exceeded", "KLB terlampaui"),
    what=Text(
        "Total floor area over parcel area, in each sub-zone; floor area is shared over zones by footprint area.",
        "Luas seluruh lantai dibagi luas persil pada setiap subzona; luas lantai dibagi menurut luas tapak.",
    ),
    formula="floor area in zone / area(parcel in zone without refused parts) <= KLB",
    law=Text(
        "Intensity table of the plan (ketentuan intensitas; Permen ATR/BPN 11/2021).",
        "Tabel intensitas rencana (ketentuan intensitas; Permen ATR/BPN 11/2021).",
    ),
    passes=Text(
        "480 m² of floors on 400 m² where KLB is 1.2.", "Lantai 480 m² di atas 400 m² dengan KLB 1,2."
    ),
    fails=Text(
        "600 m² of floors on 400 m² where KLB is 1.2.", "Lantai 600 m² di atas 400 m² dengan KLB 1,2."
    ),
    unit="factor",
    operator="<=",
    say={
        Outcome.PASS: Text(
            "KLB {measured} in {zone}, at most {limit}.", "KLB {measured} di {zone}, paling banyak {limit}."
        ),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text(
            "KLB at most {limit} in {zone}: no more than {absolute} of floors.",
            "KLB paling banyak {limit} di {zone}: luas lantai paling banyak {absolute}.",
        ),
        Outcome.FAIL: Text(
            "KLB {measured} in {zone}; the plan allows {limit}, that is {absolute} of floors.",
            "KLB {measured} di {zone}; rencana memperbolehkan {limit}, yaitu luas lantai {absolute}.",
        ),
    },
    remedy=Text("Reduce the floor area by {excess}.", "Kurangi luas lantai sebesar {excess}."),
)
def klb_exceeded(rows: IntensityRows) -> Outcomes:
    """Compare the floor area ratio with KLB, zone by zone."""
    return at_most(ratio(rows.floor_part_m2, rows.parcel_part_m2), rows.limits["klb_max"], rows.absent)
