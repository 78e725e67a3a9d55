"""TAB004: the building is higher than the plan allows."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import Outcomes, at_most, rule
from kkpr_check.rules.rows import BuildingRows


@rule(
    "TAB004",
    "height-exceeded",
    "building",
    title=Text("Too high", "Terlalu tinggi"),
    what=Text(
        "Height of the building against the strictest of the sub-zones under it.",
        "Tinggi bangunan terhadap subzona paling ketat di bawahnya.",
    ),
    formula="height <= TB",
    law=Text(
        "Building provisions of the plan (ketentuan tata bangunan; Permen ATR/BPN 11/2021).",
        "Ketentuan tata bangunan rencana (Permen ATR/BPN 11/2021).",
    ),
    passes=Text("12 m where 12 m are allowed.", "12 m dengan batas 12 m."),
    fails=Text("14 m where 12 m are allowed.", "14 m dengan batas 12 m."),
    unit="m",
    operator="<=",
    say={
        Outcome.PASS: Text(
            "Height {measured}, at most {limit} in {zone}.",
            "Tinggi {measured}, paling tinggi {limit} di {zone}.",
        ),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text("At most {limit} high in {zone}.", "Paling tinggi {limit} di {zone}."),
        Outcome.FAIL: Text(
            "The building is {measured} high; {zone} allows {limit}.",
            "Tinggi bangunan {measured}; {zone} memperbolehkan {limit}.",
        ),
    },
    remedy=Text("Lower the building by {excess}.", "Rendahkan bangunan sebesar {excess}."),
)
def height_exceeded(rows: BuildingRows) -> Outcomes:
    """Compare the height with the limit of the sub-zone."""
    return at_most(rows.height_m, rows.limits["height_max_m"], rows.absent)
