"""LOK000: a site that could not be read is never judged."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules.base import PASS, UNDETERMINED, Outcomes, rule, where
from kkpr_check.rules.rows import SiteRows


@rule(
    "LOK000",
    "site-unreadable",
    "site",
    title=Text("Site can not be read", "Lokasi tidak dapat dibaca"),
    what=Text(
        "The geometry of the site is whole: no null, no infinite coordinate, nothing lost in a repair.",
        "Geometri lokasi utuh: tidak kosong, tidak ada koordinat tak hingga, tidak ada luas yang hilang saat diperbaiki.",
    ),
    formula="the site was read whole",
    law=Text(
        "A clean answer needs whole data (contract of this tool).",
        "Jawaban yang bersih memerlukan data yang utuh.",
    ),
    passes=Text("A closed, valid polygon.", "Poligon tertutup dan valid."),
    fails=Text(
        "A bow-tie whose repair changes its area.",
        "Poligon berbentuk dasi yang luasnya berubah saat diperbaiki.",
    ),
    say={
        Outcome.PASS: Text("The site was read whole.", "Lokasi terbaca utuh."),
        Outcome.UNDETERMINED: Text("{doubt}", "{doubt}"),
    },
    remedy=Text(
        "Correct the geometry at its source and check again.",
        "Perbaiki geometri pada sumbernya lalu periksa lagi.",
    ),
)
def site_unreadable(rows: SiteRows) -> Outcomes:
    """Undetermined where the site could not be read whole."""
    return Outcomes(where(rows.readable, PASS, UNDETERMINED))
