"""LOK003: the site lies in several sub-zones."""

from __future__ import annotations

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import PASS, Outcomes, rule
from kkpr_check.rules.rows import SiteRows


@rule(
    "LOK003",
    "zone-split",
    "site",
    title=Text("Split by a zone line", "Terbelah batas zona"),
    what=Text(
        "How many sub-zones the site lies in; each part is judged by its own zone.",
        "Jumlah subzona tempat lokasi berada; setiap bagian dinilai menurut zonanya.",
    ),
    formula="number of sub-zones",
    law=Text("Information only.", "Hanya informasi."),
    passes=Text(
        "Always; a split parcel is the normal case.", "Selalu; persil yang terbelah adalah hal biasa."
    ),
    fails=Text("Never.", "Tidak pernah."),
    say={Outcome.PASS: Text("Sub-zones of the site: {zones}.", "Subzona di lokasi ini: {zones}.")},
    remedy=Text("Nothing to do.", "Tidak perlu tindakan."),
    unit="zones",
)
def zone_split(rows: SiteRows) -> Outcomes:
    """Pass, with the number of sub-zones as the measured value."""
    return Outcomes(np.full(len(rows.n_zones), PASS, dtype=np.int8), rows.n_zones.astype(float))
