"""INT003: less planted ground than KDH asks for."""

from __future__ import annotations

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import (
    CONDITIONAL,
    FAIL,
    NA,
    PASS,
    UNDETERMINED,
    Outcomes,
    at_least,
    ratio,
    rule,
    where,
)
from kkpr_check.rules.rows import BalanceRows


@rule(
    "INT003",
    "kdh-short",
    "balance",
    title=Text("KDH too small", "KDH kurang"),
    what=Text(
        "Planted open area over parcel area, against the sum of KDH x part over the sub-zones.",
        "Luas hijau dibagi luas persil, terhadap jumlah KDH x bagian pada semua subzona.",
    ),
    formula="green area / parcel area >= sum(KDH x part) / sum(part); green area <= parcel - buildings",
    law=Text(
        "Intensity table of the plan (ketentuan intensitas; Permen ATR/BPN 11/2021).",
        "Tabel intensitas rencana (ketentuan intensitas; Permen ATR/BPN 11/2021).",
    ),
    passes=Text("90 m² of garden on 400 m² where KDH is 20%.", "Taman 90 m² di atas 400 m² dengan KDH 20%."),
    fails=Text(
        "Buildings leave 60 m² free where KDH asks for 80 m².",
        "Bangunan menyisakan 60 m² sedangkan KDH meminta 80 m².",
    ),
    unit="ratio",
    operator=">=",
    say={
        Outcome.PASS: Text("KDH {measured}, at least {limit}.", "KDH {measured}, paling sedikit {limit}."),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text(
            "Provide at least {absolute} of planted ground (KDH {limit}).",
            "Sediakan ruang hijau paling sedikit {absolute} (KDH {limit}).",
        ),
        Outcome.FAIL: Text(
            "KDH {measured}; the plan asks for {limit}, that is {absolute}.",
            "KDH {measured}; rencana meminta {limit}, yaitu {absolute}.",
        ),
    },
    remedy=Text("Plant more ground: {excess}.", "Tambah ruang hijau: {excess}."),
)
def kdh_short(rows: BalanceRows) -> Outcomes:
    """Compare the planted share with KDH; the ground that buildings leave free is the most there can be."""
    possible = at_least(ratio(rows.open_m2, rows.parcel_m2), rows.needed_ratio)
    green = np.where(np.isnan(rows.open_m2), rows.green_m2, np.minimum(rows.green_m2, rows.open_m2))
    judged = at_least(ratio(green, rows.parcel_m2), rows.needed_ratio)
    given = ~np.isnan(rows.green_m2)
    nothing_asked = rows.needed_ratio.value == 0
    absent = where(possible.outcome == PASS, where(nothing_asked, PASS, CONDITIONAL), possible.outcome)
    outcome = where(given | np.isin(judged.outcome, (NA,)), judged.outcome, absent)
    outcome = where(rows.needed_ratio.missing, UNDETERMINED, outcome)
    measured = ratio(np.where(given, green, np.where(outcome == FAIL, rows.open_m2, np.nan)), rows.parcel_m2)
    return Outcomes(outcome, measured, rows.needed_ratio.value)
