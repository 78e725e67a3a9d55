"""TAB006: the building stands beyond its own parcel."""

from __future__ import annotations

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import FAIL, PASS, Outcomes, rule, where
from kkpr_check.rules.rows import BuildingRows


@rule(
    "TAB006",
    "outside-parcel",
    "building",
    title=Text("Outside the parcel", "Di luar persil"),
    what=Text(
        "The footprint lies inside its parcel, but for noise; no accuracy band: both lines are the applicant's.",
        "Tapak berada di dalam persilnya, kecuali serpihan; tanpa pita ketelitian.",
    ),
    formula="area(footprint - parcel) without noise = 0",
    law=Text(
        "Land right: nobody builds on a neighbour's land.",
        "Hak atas tanah: tidak membangun di tanah tetangga.",
    ),
    passes=Text("The wall stands on the boundary.", "Dinding tepat di batas persil."),
    fails=Text(
        "12 m² of the building stand on the neighbour's land.", "12 m² bangunan berada di tanah tetangga."
    ),
    unit="m2",
    operator="<=",
    say={
        Outcome.PASS: Text("The building stands inside its parcel.", "Bangunan berada di dalam persilnya."),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text("Stay inside the parcel.", "Tetap di dalam persil."),
        Outcome.FAIL: Text(
            "{measured} of the building lie beyond the parcel.",
            "{measured} dari bangunan berada di luar persil.",
        ),
    },
    remedy=Text(
        "Move the building inside, or add the neighbouring parcel to the application.",
        "Geser bangunan ke dalam, atau ikutkan persil sebelahnya dalam permohonan.",
    ),
)
def outside_parcel(rows: BuildingRows) -> Outcomes:
    """Fail where more than noise lies outside."""
    outcome = where(np.isnan(rows.outside_m2), rows.absent, where(rows.outside_m2 > 0, FAIL, PASS))
    return Outcomes(outcome, rows.outside_m2, np.zeros(len(outcome)))
