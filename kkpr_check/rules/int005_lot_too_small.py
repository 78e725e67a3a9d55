"""INT005: the approvable parcel is smaller than the smallest lot."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import Outcomes, at_least, rule
from kkpr_check.rules.rows import IntensityRows


@rule(
    "INT005",
    "lot-too-small",
    "intensity",
    title=Text("Lot too small", "Persil terlalu kecil"),
    what=Text(
        "The approvable area of the parcel is at least the minimum lot of the sub-zone.",
        "Luas persil yang dapat disesuaikan paling sedikit sama dengan luas persil minimum subzona.",
    ),
    formula="approvable area >= minimum lot",
    law=Text(
        "Intensity table of the plan (ketentuan intensitas; Permen ATR/BPN 11/2021).",
        "Tabel intensitas rencana (ketentuan intensitas; Permen ATR/BPN 11/2021).",
    ),
    passes=Text("120 m² where the smallest lot is 90 m².", "120 m² dengan persil minimum 90 m²."),
    fails=Text("80 m² where the smallest lot is 90 m².", "80 m² dengan persil minimum 90 m²."),
    unit="m2",
    operator=">=",
    say={
        Outcome.PASS: Text(
            "{measured} in {zone}, at least {limit}.", "{measured} di {zone}, paling sedikit {limit}."
        ),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text(
            "The lot has to measure at least {limit} in {zone}.", "Persil paling sedikit {limit} di {zone}."
        ),
        Outcome.FAIL: Text(
            "The lot measures {measured}; {zone} asks for {limit}.",
            "Persil seluas {measured}; {zone} meminta paling sedikit {limit}.",
        ),
    },
    remedy=Text(
        "Join the parcel with its neighbour, or choose another site.",
        "Gabungkan persil dengan sebelahnya, atau pilih lokasi lain.",
    ),
)
def lot_too_small(rows: IntensityRows) -> Outcomes:
    """Compare the approvable area with the smallest lot."""
    return at_least(rows.lot_m2, rows.limits["lot_min_m2"], rows.absent)
