"""TAB001: the building stands in front of the building line (GSB)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import Outcomes, beyond, rule
from kkpr_check.rules.rows import BuildingRows


@rule(
    "TAB001",
    "gsb-encroached",
    "building",
    title=Text("GSB encroached", "Melanggar GSB"),
    what=Text(
        "Distance from the building to the reference of the GSB: road axis, road edge or front parcel edge (gsb_from).",
        "Jarak bangunan ke acuan GSB: as jalan, tepi jalan, atau batas depan persil (gsb_from).",
    ),
    formula="distance(footprint, reference) >= GSB; band = min(CE90 of the road layer, GSB / 2), none for a parcel edge",
    law=Text(
        "Building provisions of the plan (ketentuan tata bangunan; Permen ATR/BPN 11/2021).",
        "Ketentuan tata bangunan rencana (Permen ATR/BPN 11/2021).",
    ),
    passes=Text("8.0 m from the road axis where GSB is 7.5 m.", "8,0 m dari as jalan dengan GSB 7,5 m."),
    fails=Text("3.0 m from the road axis where GSB is 7.5 m.", "3,0 m dari as jalan dengan GSB 7,5 m."),
    unit="m",
    operator=">=",
    say={
        Outcome.PASS: Text(
            "The building stands {measured} from {reference}; GSB is {limit}.",
            "Bangunan berjarak {measured} dari {reference}; GSB {limit}.",
        ),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text("GSB {limit} from {reference}.", "GSB {limit} dari {reference}."),
        Outcome.FAIL: Text(
            "The building stands {measured} from {reference}; GSB is {limit}.",
            "Bangunan berjarak {measured} dari {reference}; GSB {limit}.",
        ),
    },
    remedy=Text(
        "Move the front of the building back by {excess}.", "Mundurkan bagian depan bangunan sejauh {excess}."
    ),
)
def gsb_encroached(rows: BuildingRows) -> Outcomes:
    """Compare the front distance with GSB, with the accuracy band of the road line."""
    return beyond(rows.front_m, rows.front_limit, rows.front_band_m, rows.absent)
