"""RTR001: the RDTR says yes, the class of a higher plan says no."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import CONDITIONAL, PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import HierarchyRows


@rule(
    "RTR001",
    "rtrw-conflict",
    "hierarchy",
    title=Text("Conflict with the RTRW", "Bertentangan dengan RTRW"),
    what=Text(
        "Where the RDTR decides, no class of a higher plan refuses the use at the same place.",
        "Di tempat RDTR memutus, tidak ada kelas rencana di atasnya yang menolak kegiatan itu.",
    ),
    formula="RTRW class is budi daya and its cell is not X",
    law=Text(
        "UU 26/2007 (hierarchy of plans); PP 21/2021 (tiered and complementary). The RDTR decides; the officer is warned.",
        "UU 26/2007 (hierarki rencana); PP 21/2021 (berjenjang dan komplementer). RDTR memutus; petugas diberi peringatan.",
    ),
    passes=Text(
        "RDTR R-3 inside Kawasan Permukiman Perkotaan.", "RDTR R-3 di dalam Kawasan Permukiman Perkotaan."
    ),
    fails=Text(
        "Never; RDTR R-3 inside Hutan Lindung is conditional.",
        "Tidak pernah; RDTR R-3 di dalam Hutan Lindung bersyarat.",
    ),
    say={
        Outcome.PASS: Text(
            "No class of a higher plan refuses the use.", "Tidak ada kelas rencana di atasnya yang menolak."
        ),
        Outcome.NOT_APPLICABLE: Text(
            "No RDTR decides here, or no higher plan was given.",
            "RDTR tidak memutus di sini, atau rencana di atasnya tidak diberikan.",
        ),
        Outcome.CONDITIONAL: Text(
            "The RDTR permits what {zone} {zone_name} of {plan} refuses ({area}).",
            "RDTR memperbolehkan yang ditolak {zone} {zone_name} pada {plan} ({area}).",
        ),
        Outcome.UNDETERMINED: Text(
            "Nobody has said whether {zone} {zone_name} of {plan} permits the use.",
            "Belum dinyatakan apakah {zone} {zone_name} pada {plan} memperbolehkan kegiatan ini.",
        ),
    },
    remedy=Text(
        "Let the officer settle the conflict between the plans.",
        "Petugas perlu menyelesaikan perbedaan antarrencana.",
    ),
)
def rtrw_conflict(rows: HierarchyRows) -> Outcomes:
    """Conditional where a class of a higher plan refuses what the RDTR permits."""
    return Outcomes(where(rows.refused, CONDITIONAL, where(rows.unknown, UNDETERMINED, PASS)))
