"""TAB003: the building stands too near to its rear boundary (JBB)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import Outcomes, at_least, rule
from kkpr_check.rules.rows import BuildingRows


@rule(
    "TAB003",
    "rear-clearance-short",
    "building",
    title=Text("Rear clearance too small", "Jarak bebas belakang kurang"),
    what=Text(
        "Distance from the building to the rear edges of the parcel (JBB).",
        "Jarak bangunan ke batas belakang persil (JBB).",
    ),
    formula="distance(footprint, edge) >= JBB; no accuracy band: both lines are the applicant's",
    law=Text(
        "Building provisions of the plan (ketentuan tata bangunan; Permen ATR/BPN 11/2021).",
        "Ketentuan tata bangunan rencana (Permen ATR/BPN 11/2021).",
    ),
    passes=Text("2.0 m where JBB is 1.5 m.", "2,0 m dengan JBB 1,5 m."),
    fails=Text("1.0 m where JBB is 1.5 m.", "1,0 m dengan JBB 1,5 m."),
    unit="m",
    operator=">=",
    say={
        Outcome.PASS: Text(
            "The building stands {measured} from the rear of the parcel; JBB is {limit}.",
            "Bangunan berjarak {measured} dari batas belakang persil; JBB {limit}.",
        ),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text("JBB at least {limit}.", "JBB paling sedikit {limit}."),
        Outcome.FAIL: Text(
            "The building stands {measured} from the rear of the parcel; JBB is {limit}.",
            "Bangunan berjarak {measured} dari batas belakang persil; JBB {limit}.",
        ),
    },
    remedy=Text(
        "Move or narrow the building by {excess}.", "Geser atau persempit bangunan sebesar {excess}."
    ),
)
def rear_clearance_short(rows: BuildingRows) -> Outcomes:
    """Compare the clearance with JBB."""
    return at_least(rows.rear_m, rows.limits["rear_min_m"], rows.absent)
