"""KGT005: a protected zone, and no cell of the matrix that decides."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import FAIL, PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import UseRows


@rule(
    "KGT005",
    "protected-zone",
    "use",
    title=Text("Protected zone", "Zona lindung"),
    what=Text(
        "Where no ITBX cell decides, the sub-zone is not protected (lindung).",
        "Bila tidak ada sel ITBX yang memutus, subzona bukan zona lindung.",
    ),
    formula="a cell decides, or the zone is budi daya",
    law=Text(
        "UU 26/2007 (kawasan lindung); the plan's ITBX comes first.",
        "UU 26/2007 (kawasan lindung); ITBX rencana didahulukan.",
    ),
    passes=Text("A class of budi daya without a matrix.", "Kelas budi daya tanpa matriks."),
    fails=Text(
        "A house in Hutan Lindung of an RTRW that has no matrix.",
        "Rumah di Hutan Lindung pada RTRW tanpa matriks.",
    ),
    say={
        Outcome.PASS: Text(
            "{zone} is no protected zone, or its matrix decides.",
            "{zone} bukan zona lindung, atau matriksnya memutus.",
        ),
        Outcome.FAIL: Text(
            "{zone} {zone_name} is protected (lindung) and no ITBX cell permits {activity}.",
            "{zone} {zone_name} adalah zona lindung dan tidak ada sel ITBX yang memperbolehkan {activity}.",
        ),
        Outcome.UNDETERMINED: Text(
            "Nobody has said whether {zone} {zone_name} is protected, or the use is unknown.",
            "Belum dinyatakan apakah {zone} {zone_name} zona lindung, atau kegiatannya belum diketahui.",
        ),
    },
    remedy=Text(
        "Move out of the protected zone, or cite the provision that permits the use.",
        "Pindah dari zona lindung, atau tunjukkan ketentuan yang memperbolehkan.",
    ),
)
def protected_zone(rows: UseRows) -> Outcomes:
    """Fail in a protected zone where no cell decides; unknown stays unknown."""
    may_decide = rows.asked & (rows.known | ~rows.column)
    by_class = where(rows.protected == 1, FAIL, where(rows.protected == 0, PASS, UNDETERMINED))
    unknown_use = where(rows.asked & (rows.protected == 0), PASS, UNDETERMINED)
    return Outcomes(where(rows.letter != "", PASS, where(may_decide, by_class, unknown_use)))
