"""TAB002: the building stands too near to its side boundary (JBS)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import Outcomes, at_least, rule
from kkpr_check.rules.rows import BuildingRows


@rule(
    "TAB002",
    "side-clearance-short",
    "building",
    title=Text("Side clearance too small", "Jarak bebas samping kurang"),
    what=Text(
        "Distance from the building to the side edges of the parcel (JBS).",
        "Jarak bangunan ke batas samping persil (JBS).",
    ),
    formula="distance(footprint, edge) >= JBS; no accuracy band: both lines are the applicant's",
    law=Text(
        "Building provisions of the plan (ketentuan tata bangunan; Permen ATR/BPN 11/2021).",
        "Ketentuan tata bangunan rencana (Permen ATR/BPN 11/2021).",
    ),
    passes=Text("2.0 m where JBS is 1.5 m.", "2,0 m dengan JBS 1,5 m."),
    fails=Text("1.0 m where JBS is 1.5 m.", "1,0 m dengan JBS 1,5 m."),
    unit="m",
    operator=">=",
    say={
        Outcome.PASS: Text(
            "The building stands {measured} from the side of the parcel; JBS is {limit}.",
            "Bangunan berjarak {measured} dari batas samping persil; JBS {limit}.",
        ),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text("JBS at least {limit}.", "JBS paling sedikit {limit}."),
        Outcome.FAIL: Text(
            "The building stands {measured} from the side of the parcel; JBS is {limit}.",
            "Bangunan berjarak {measured} dari batas samping persil; JBS {limit}.",
        ),
    },
    remedy=Text(
        "Move or narrow the building by {excess}.", "Geser atau persempit bangunan sebesar {excess}."
    ),
)
def side_clearance_short(rows: BuildingRows) -> Outcomes:
    """Compare the clearance with JBS."""
    return at_least(rows.side_m, rows.limits["side_min_m"], rows.absent)
