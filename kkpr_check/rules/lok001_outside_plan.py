"""LOK001: no plan covers the site."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import SiteRows


@rule(
    "LOK001",
    "outside-plan",
    "site",
    title=Text("Outside every plan", "Di luar semua rencana"),
    what=Text(
        "At least one plan in force covers a part of the site.",
        "Paling sedikit satu rencana yang berlaku mencakup sebagian lokasi.",
    ),
    formula="area(site ∩ plans) > 0",
    law=Text(
        "PP 21/2021 (tiered assessment): no RDTR here does not mean no rules; the RTRW still applies.",
        "PP 21/2021 (penilaian berjenjang): tidak ada RDTR bukan berarti tidak ada aturan; RTRW tetap berlaku.",
    ),
    passes=Text("The site lies in the planning area.", "Lokasi berada di wilayah perencanaan."),
    fails=Text("The site lies in the next regency.", "Lokasi berada di kabupaten tetangga."),
    say={
        Outcome.PASS: Text("A plan covers the site.", "Lokasi tercakup rencana."),
        Outcome.UNDETERMINED: Text(
            "None of the plans given covers the site.",
            "Tidak satu pun rencana yang diberikan mencakup lokasi ini.",
        ),
    },
    remedy=Text(
        "Check the coordinates and the CRS, or add the plan that covers this place (--plan, --rtrw).",
        "Periksa koordinat dan sistem koordinatnya, atau tambahkan rencana yang mencakup tempat ini (--plan, --rtrw).",
    ),
)
def outside_plan(rows: SiteRows) -> Outcomes:
    """Undetermined where no plan covers any of the subject."""
    return Outcomes(where(rows.covered, PASS, UNDETERMINED))
