"""RTR002: a holding zone, whose forest status is not settled."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import CONDITIONAL, PASS, Outcomes, rule, where
from kkpr_check.rules.rows import HoldingRows


@rule(
    "RTR002",
    "holding-zone",
    "holding",
    title=Text("Holding zone", "Holding zone"),
    what=Text(
        "The class is not of the form A / B (legal function / proposed use).",
        "Kelas bukan berbentuk A / B (fungsi hukum / usulan peruntukan).",
    ),
    formula="no holding-zone class",
    law=Text(
        "UU 26/2007 and the forest law: until release, the forest function in front of the stroke binds.",
        "UU 26/2007 dan ketentuan kehutanan: sebelum pelepasan, fungsi hutan di depan garis miring yang mengikat.",
    ),
    passes=Text("Kawasan Permukiman Perkotaan.", "Kawasan Permukiman Perkotaan."),
    fails=Text(
        "Never; Hutan Produksi / Permukiman is conditional and judged as forest.",
        "Tidak pernah; Hutan Produksi / Permukiman bersyarat dan dinilai sebagai hutan.",
    ),
    say={
        Outcome.PASS: Text("{zone} is no holding zone.", "{zone} bukan holding zone."),
        Outcome.CONDITIONAL: Text(
            "{zone} {zone_name} is a holding zone: it is judged by the class in front of the stroke.",
            "{zone} {zone_name} adalah holding zone: dinilai menurut kelas di depan garis miring.",
        ),
    },
    remedy=Text(
        "Settle the forest status (release or use permit) first.",
        "Selesaikan dahulu status kawasan hutan (pelepasan atau persetujuan penggunaan).",
    ),
)
def holding_zone(rows: HoldingRows) -> Outcomes:
    """Conditional in a holding zone."""
    return Outcomes(where(rows.holding, CONDITIONAL, PASS))
