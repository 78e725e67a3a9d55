"""TAB007: the building stands in the road reserve (rumija)."""

from __future__ import annotations

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import FAIL, PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import BuildingRows


@rule(
    "TAB007",
    "in-road-reserve",
    "building",
    title=Text("In the road reserve", "Di dalam rumija"),
    what=Text(
        "The footprint stays out of the drawn road (Badan Jalan), or of half the rumija on each side of the axis.",
        "Tapak berada di luar Badan Jalan tergambar, atau di luar setengah rumija dari as jalan.",
    ),
    formula="depth in the reserve = 0; deeper than the accuracy of the road line fails",
    law=Text("UU 38/2004 and PP 34/2006 (rumija).", "UU 38/2004 dan PP 34/2006 (rumija)."),
    passes=Text("The building begins at the edge of the reserve.", "Bangunan mulai di tepi rumija."),
    fails=Text(
        "The building reaches 4 m into a reserve of 11 m.", "Bangunan masuk 4 m ke dalam rumija 11 m."
    ),
    unit="m",
    operator="<=",
    say={
        Outcome.PASS: Text("The building stays out of the road reserve.", "Bangunan berada di luar rumija."),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text("Stay out of the road reserve.", "Tetap di luar rumija."),
        Outcome.FAIL: Text(
            "The building reaches {measured} into the road reserve.",
            "Bangunan masuk {measured} ke dalam rumija.",
        ),
    },
    remedy=Text("Move the building out of the reserve.", "Geser bangunan keluar dari rumija."),
)
def in_road_reserve(rows: BuildingRows) -> Outcomes:
    """Fail deeper than the accuracy of the road line, undetermined in its band or where no road is known."""
    depth = rows.reserve_depth_m
    inside = where(depth > rows.reserve_band_m, FAIL, where(depth > 0, UNDETERMINED, PASS))
    return Outcomes(where(np.isnan(depth), rows.absent, inside), depth, np.zeros(len(depth)))
