"""INT004: the basement is larger than KTB allows."""

from __future__ import annotations

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import CONDITIONAL, UNDETERMINED, Outcomes, at_most, ratio, rule, where
from kkpr_check.rules.rows import BalanceRows


@rule(
    "INT004",
    "ktb-exceeded",
    "balance",
    title=Text("KTB exceeded", "KTB terlampaui"),
    what=Text(
        "Basement area over parcel area, against the sum of KTB x part over the sub-zones.",
        "Luas tapak basemen dibagi luas persil, terhadap jumlah KTB x bagian pada semua subzona.",
    ),
    formula="basement area / parcel area <= sum(KTB x part) / sum(part)",
    law=Text(
        "Intensity table of the plan (ketentuan intensitas; Permen ATR/BPN 11/2021).",
        "Tabel intensitas rencana (ketentuan intensitas; Permen ATR/BPN 11/2021).",
    ),
    passes=Text(
        "No basement, or 200 m² on 400 m² where KTB is 60%.",
        "Tanpa basemen, atau 200 m² di atas 400 m² dengan KTB 60%.",
    ),
    fails=Text("300 m² on 400 m² where KTB is 60%.", "300 m² di atas 400 m² dengan KTB 60%."),
    unit="ratio",
    operator="<=",
    say={
        Outcome.PASS: Text("KTB {measured}, at most {limit}.", "KTB {measured}, paling banyak {limit}."),
        Outcome.NOT_APPLICABLE: Text(
            "The plan does not regulate this in {zone}.", "Rencana tidak mengatur hal ini di {zone}."
        ),
        Outcome.CONDITIONAL: Text(
            "KTB at most {limit}: a basement of no more than {absolute}.",
            "KTB paling banyak {limit}: basemen paling luas {absolute}.",
        ),
        Outcome.FAIL: Text(
            "KTB {measured}; the plan allows {limit}, that is {absolute}.",
            "KTB {measured}; rencana memperbolehkan {limit}, yaitu {absolute}.",
        ),
    },
    remedy=Text("Make the basement smaller by {excess}.", "Perkecil basemen sebesar {excess}."),
)
def ktb_exceeded(rows: BalanceRows) -> Outcomes:
    """Compare the basement share with KTB."""
    open_condition = np.isnan(rows.basement_m2) & ~np.isnan(rows.parcel_m2)
    absent = where(open_condition, CONDITIONAL, UNDETERMINED)
    return at_most(ratio(rows.basement_m2, rows.parcel_m2), rows.allowed_ratio, absent)
