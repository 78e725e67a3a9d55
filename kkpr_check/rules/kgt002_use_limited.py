"""KGT002: the plan permits the activity under T conditions."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import UseRows


@rule(
    "KGT002",
    "use-limited",
    "use",
    title=Text("Use limited (T)", "Kegiatan terbatas (T)"),
    what=Text(
        "The ITBX cell carries no T condition, or its tests hold.",
        "Sel ITBX tidak memuat syarat T, atau ujinya terpenuhi.",
    ),
    formula="cell has no T, or every test of its T conditions holds",
    law=Text(
        "ITBX matrix of the plan (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
        "Matriks ITBX rencana (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
    ),
    passes=Text(
        "The cell says I, or T1 whose test floors <= 3 holds.",
        "Sel I, atau T1 yang ujinya floors <= 3 terpenuhi.",
    ),
    fails=Text(
        "T1 with the test floors <= 3 and four floors; without a test it is conditional.",
        "T1 dengan uji floors <= 3 dan empat lantai; tanpa uji hasilnya bersyarat.",
    ),
    say={
        Outcome.PASS: Text(
            "No open T condition for {activity} in {zone}.",
            "Tidak ada syarat T yang terbuka bagi {activity} di {zone}.",
        ),
        Outcome.CONDITIONAL: Text(
            "{activity} is permitted with limits (T) in {zone}: {conditions}",
            "{activity} diperbolehkan secara terbatas (T) di {zone}: {conditions}",
        ),
        Outcome.FAIL: Text(
            "{activity} in {zone} breaks a condition: {conditions}",
            "{activity} di {zone} melanggar syarat: {conditions}",
        ),
    },
    remedy=Text(
        "Meet the conditions, and show how in the application.",
        "Penuhi syaratnya dan tunjukkan dalam permohonan.",
    ),
)
def use_limited(rows: UseRows) -> Outcomes:
    """Return what the T conditions of the cell come to; pass where the cell has none."""
    has = (rows.letter == "T") | (rows.letter == "TB")
    return Outcomes(where(rows.letter == "", UNDETERMINED, where(has, rows.limited, PASS)))
