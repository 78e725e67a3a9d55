"""LOK004: an adverse zone line runs nearer than the map's accuracy."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import SiteRows


@rule(
    "LOK004",
    "within-map-accuracy",
    "site",
    title=Text("Adverse zone within map accuracy", "Zona yang melarang dalam batas ketelitian peta"),
    what=Text(
        "Whether an area that would refuse the proposal begins nearer than the CE90 of the map.",
        "Apakah kawasan yang akan menolak rencana ini mulai lebih dekat daripada CE90 peta.",
    ),
    formula="distance to the adverse area >= CE90",
    law=Text(
        "PP 8/2013 and Perka BIG 15/2014 (map accuracy); the line as drawn is the law.",
        "PP 8/2013 dan Perka BIG 15/2014 (ketelitian peta); garis sebagaimana digambar adalah hukumnya.",
    ),
    passes=Text("Always, as information; most parcels touch a zone line.", "Selalu, sebagai informasi."),
    fails=Text(
        "Never; with --strict-accuracy it is undetermined.",
        "Tidak pernah; dengan --strict-accuracy menjadi perlu verifikasi.",
    ),
    say={
        Outcome.PASS: Text("{accuracy}", "{accuracy}"),
        Outcome.UNDETERMINED: Text("{accuracy}", "{accuracy}"),
    },
    remedy=Text("Have the zone line staked out in the field.", "Minta batas zona dipastikan di lapangan."),
    unit="m",
    operator=">=",
)
def within_map_accuracy(rows: SiteRows) -> Outcomes:
    """Pass; undetermined with --strict-accuracy where an adverse area lies nearer than CE90."""
    near = rows.adverse_distance_m < rows.ce90_m
    return Outcomes(where(near & rows.strict, UNDETERMINED, PASS), rows.adverse_distance_m, rows.ce90_m)
