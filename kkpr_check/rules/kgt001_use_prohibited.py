"""KGT001: the plan prohibits the activity here."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import FAIL, PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import UseRows


@rule(
    "KGT001",
    "use-prohibited",
    "use",
    title=Text("Use prohibited (X)", "Kegiatan tidak diperbolehkan (X)"),
    what=Text(
        "The ITBX cell of the activity in the sub-zone is not X.", "Sel ITBX kegiatan pada subzona bukan X."
    ),
    formula="cell != X",
    law=Text(
        "ITBX matrix of the plan (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
        "Matriks ITBX rencana (ketentuan kegiatan; Permen ATR/BPN 11/2021).",
    ),
    passes=Text("A restaurant where the cell says I.", "Restoran pada sel I."),
    fails=Text("A warehouse in R-4, where the cell says X.", "Gudang di R-4 pada sel X."),
    say={
        Outcome.PASS: Text("{activity} is not prohibited in {zone}.", "{activity} tidak dilarang di {zone}."),
        Outcome.FAIL: Text(
            "{activity} is prohibited in {zone} {zone_name} (X).",
            "{activity} tidak diperbolehkan di {zone} {zone_name} (X).",
        ),
    },
    remedy=Text(
        "Choose a site or an activity that the matrix permits.",
        "Pilih lokasi atau kegiatan yang diperbolehkan matriks.",
    ),
)
def use_prohibited(rows: UseRows) -> Outcomes:
    """Fail on X; undetermined where no cell decides."""
    decided = where(rows.letter == "X", FAIL, PASS)
    return Outcomes(where(rows.letter == "", UNDETERMINED, decided))
