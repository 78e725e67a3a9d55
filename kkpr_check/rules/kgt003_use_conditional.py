"""KGT003: the plan permits the activity under B conditions."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import UseRows


@rule(
    "KGT003",
    "use-conditional",
    "use",
    title=Text("Use conditional (B)", "Kegiatan bersyarat (B)"),
    what=Text(
        "The ITBX cell carries no B condition, or its tests hold.",
        "Sel ITBX tidak memuat syarat B, atau ujinya terpenuhi.",
    ),
    formula="cell has no B, or every test of its B conditions holds",
    law=Text(
        "ITBX matrix of the plan (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
        "Matriks ITBX rencana (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
    ),
    passes=Text(
        "The cell says I, or B1 whose test floors <= 3 holds.",
        "Sel I, atau B1 yang ujinya floors <= 3 terpenuhi.",
    ),
    fails=Text(
        "B1 with the test floors <= 3 and four floors; without a test it is conditional.",
        "B1 dengan uji floors <= 3 dan empat lantai; tanpa uji hasilnya bersyarat.",
    ),
    say={
        Outcome.PASS: Text(
            "No open B condition for {activity} in {zone}.",
            "Tidak ada syarat B yang terbuka bagi {activity} di {zone}.",
        ),
        Outcome.CONDITIONAL: Text(
            "{activity} is permitted on conditions (B) in {zone}: {conditions}",
            "{activity} diperbolehkan dengan syarat (B) di {zone}: {conditions}",
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
def use_conditional(rows: UseRows) -> Outcomes:
    """Return what the B conditions of the cell come to; pass where the cell has none."""
    has = (rows.letter == "B") | (rows.letter == "TB")
    return Outcomes(where(rows.letter == "", UNDETERMINED, where(has, rows.conditioned, PASS)))
