"""TAB005: more floors than the plan allows."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import Outcomes, at_most, rule
from kkpr_check.rules.rows import BuildingRows


@rule(
    "TAB005",
    "floors-exceeded",
    "building",
    title=Text("Too many floors", "Lantai terlalu banyak"),
    what=Text(
        "Number of floors against the strictest of the sub-zones under the building.",
        "Jumlah lantai terhadap subzona paling ketat di bawah bangunan.",
    ),
    formula="floors <= limit",
    law=Text(
        "Building provisions of the plan (ketentuan tata bangunan; Permen ATR/BPN 11/2021).",
        "Ketentuan tata bangunan rencana (Permen ATR/BPN 11/2021).",
    ),
    passes=Text("3 floors where 3 are allowed.", "3 lantai dengan batas 3 lantai."),
    fails=Text("5 floors where 3 are allowed.", "5 lantai dengan batas 3 lantai."),
    unit="floors",
    operator="<=",
    say={
        Outcome.PASS: Text(
            "{measured}, at most {limit} in {zone}.", "{measured}, paling banyak {limit} di {zone}."
        ),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text("At most {limit} in {zone}.", "Paling banyak {limit} di {zone}."),
        Outcome.FAIL: Text(
            "The building has {measured}; {zone} allows {limit}.",
            "Bangunan memiliki {measured}; {zone} memperbolehkan {limit}.",
        ),
    },
    remedy=Text("Reduce the building by {excess}.", "Kurangi {excess}."),
)
def floors_exceeded(rows: BuildingRows) -> Outcomes:
    """Compare the number of floors with the limit of the sub-zone."""
    return at_most(rows.floors, rows.limits["floors_max"], rows.absent)
