"""LOK005: the area in the papers is not the area of the polygon."""

from __future__ import annotations

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import CONDITIONAL, NA, PASS, Outcomes, rule, where
from kkpr_check.rules.rows import SiteRows


@rule(
    "LOK005",
    "legal-area-differs",
    "site",
    title=Text("Area differs from the papers", "Luas berbeda dari surat"),
    what=Text(
        "The drawn area of the parcel agrees with the area applied for or on the title.",
        "Luas gambar persil sesuai dengan luas yang dimohon atau luas pada surat tanah.",
    ),
    formula="|drawn area - legal area| <= 0.5% of the legal area (settable: tolerance.legal_area_pct)",
    law=Text("The drawn area counts (contract of this tool).", "Yang dipakai adalah luas gambar."),
    passes=Text("999 m² drawn, 1,000 m² on the title.", "999 m² tergambar, 1.000 m² pada sertipikat."),
    fails=Text("980 m² drawn, 1,000 m² on the title.", "980 m² tergambar, 1.000 m² pada sertipikat."),
    unit="m2",
    operator="==",
    say={
        Outcome.PASS: Text(
            "The drawn area agrees with the legal area.", "Luas gambar sesuai dengan luas menurut surat."
        ),
        Outcome.NOT_APPLICABLE: Text("No legal area was given.", "Luas menurut surat tidak diberikan."),
        Outcome.CONDITIONAL: Text(
            "Drawn {measured}, legal {limit}: {difference} ({percent}).{mercator}",
            "Tergambar {measured}, menurut surat {limit}: selisih {difference} ({percent}).{mercator}",
        ),
    },
    remedy=Text(
        "Reconcile the polygon with the title before the decision.",
        "Samakan poligon dengan surat tanah sebelum keputusan.",
    ),
)
def legal_area_differs(rows: SiteRows) -> Outcomes:
    """Conditional where drawn and legal area differ by more than the tolerance."""
    given = ~np.isnan(rows.legal_area_m2) & rows.is_parcel
    with np.errstate(invalid="ignore"):
        differs = np.abs(
            rows.area_m2 - rows.legal_area_m2
        ) > rows.legal_tolerance_ratio * rows.legal_area_m2 * (1 + 1e-6)
    outcome = where(given, where(differs, CONDITIONAL, PASS), NA)
    return Outcomes(outcome, rows.area_m2, rows.legal_area_m2)
