"""KGT006: the plan does not know the KBLI or the activity."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import UseRows


@rule(
    "KGT006",
    "kbli-unknown",
    "use",
    title=Text("KBLI not known to the plan", "KBLI tidak dikenal rencana"),
    what=Text(
        "The KBLI is mapped to an activity of the matrix, or the named activity exists.",
        "KBLI terpetakan ke kegiatan matriks, atau kegiatan yang disebut ada.",
    ),
    formula="kbli.csv or activities.csv knows the use",
    law=Text(
        "ITBX matrix of the plan (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
        "Matriks ITBX rencana (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
    ),
    passes=Text("56101 is mapped to Restoran.", "56101 terpetakan ke Restoran."),
    fails=Text(
        "Never; an unknown KBLI is undetermined. Codes that share its first digits are only a hint.",
        "Tidak pernah; KBLI yang tidak dikenal berarti perlu verifikasi. Kode berawalan sama hanya petunjuk.",
    ),
    say={
        Outcome.PASS: Text(
            "The plan knows the use: {activity}.", "Rencana mengenal kegiatan ini: {activity}."
        ),
        Outcome.UNDETERMINED: Text(
            "The tables of {plan} do not know the use {activity}.{hint}",
            "Tabel {plan} tidak mengenal kegiatan {activity}.{hint}",
        ),
    },
    remedy=Text(
        "Name the activity with --activity, or map the KBLI in kbli.csv.",
        "Sebutkan kegiatan dengan --activity, atau petakan KBLI di kbli.csv.",
    ),
)
def kbli_unknown(rows: UseRows) -> Outcomes:
    """Undetermined where the plan's tables do not know the use."""
    return Outcomes(where(rows.asked & rows.known, PASS, UNDETERMINED))
