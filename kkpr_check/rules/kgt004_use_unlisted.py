"""KGT004: the matrix does not decide the activity here."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import UseRows


@rule(
    "KGT004",
    "use-unlisted",
    "use",
    title=Text("Use not listed", "Kegiatan tidak tercantum"),
    what=Text(
        "The matrix has a filled cell for the activity in the sub-zone.",
        "Matriks memuat sel terisi untuk kegiatan pada subzona.",
    ),
    formula="a cell decides",
    law=Text(
        "ITBX matrix of the plan (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
        "Matriks ITBX rencana (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
    ),
    passes=Text("The cell says I, T, B, TB or X.", "Sel berisi I, T, B, TB atau X."),
    fails=Text("Never; an empty cell is undetermined.", "Tidak pernah; sel kosong berarti perlu verifikasi."),
    say={
        Outcome.PASS: Text(
            "The matrix decides {activity} in {zone}: {cell}.",
            "Matriks memutus {activity} di {zone}: {cell}.",
        ),
        Outcome.UNDETERMINED: Text(
            "No ITBX cell decides {activity} in {zone} {zone_name}.{hint}",
            "Tidak ada sel ITBX yang memutus {activity} di {zone} {zone_name}.{hint}",
        ),
    },
    remedy=Text(
        "Ask the Forum Penataan Ruang, or complete the ITBX matrix of the plan.",
        "Mintakan pertimbangan Forum Penataan Ruang, atau lengkapi matriks ITBX rencana.",
    ),
)
def use_unlisted(rows: UseRows) -> Outcomes:
    """Undetermined where no cell decides."""
    return Outcomes(where(rows.letter == "", UNDETERMINED, PASS))
