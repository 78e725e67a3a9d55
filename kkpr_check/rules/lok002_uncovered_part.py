"""LOK002: a part of the site that no plan covers."""

from __future__ import annotations

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import NA, PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import SiteRows


@rule(
    "LOK002",
    "uncovered-part",
    "site",
    title=Text("Part without a zone", "Bagian tanpa zona"),
    what=Text(
        "Every part of the site that is more than noise lies in a zone of a plan in force.",
        "Setiap bagian lokasi yang lebih dari sekadar serpihan berada dalam zona rencana yang berlaku.",
    ),
    formula="gap without noise = 0",
    law=Text(
        "Contract of this tool: a gap is never approvable.",
        "Ketentuan alat ini: celah tidak pernah dapat disesuaikan.",
    ),
    passes=Text(
        "Zones cover the parcel, but for a hairline.", "Zona menutup persil, kecuali celah serambut."
    ),
    fails=Text(
        "40 m² of the parcel lie beyond the plan boundary.", "40 m² persil berada di luar batas rencana."
    ),
    unit="m2",
    operator="<=",
    say={
        Outcome.PASS: Text("Zones cover the whole site.", "Seluruh lokasi tercakup zona."),
        Outcome.NOT_APPLICABLE: Text(
            "No plan covers the site at all (LOK001).", "Lokasi sama sekali tidak tercakup (LOK001)."
        ),
        Outcome.UNDETERMINED: Text(
            "{measured} of the site lie in no zone of any plan.",
            "{measured} dari lokasi tidak berada dalam zona mana pun.",
        ),
    },
    remedy=Text(
        "Add the plan that covers this part, or have the gap in the zoning layer corrected.",
        "Tambahkan rencana yang mencakup bagian ini, atau minta celah pada peta pola ruang diperbaiki.",
    ),
)
def uncovered_part(rows: SiteRows) -> Outcomes:
    """Undetermined where a gap larger than noise is left."""
    outcome = where(rows.gap_m2 > 0, UNDETERMINED, PASS)
    return Outcomes(where(rows.covered, outcome, NA), rows.gap_m2, np.zeros(len(rows.gap_m2)))
