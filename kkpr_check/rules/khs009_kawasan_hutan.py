"""KHS009: state forest area (kawasan hutan)."""

from __future__ import annotations

from kkpr_check.errors import Text
from kkpr_check.model import Outcome
from kkpr_check.rules import overlays
from kkpr_check.rules.base import Rule

kawasan_hutan = Rule(
    code="KHS009",
    name="kawasan-hutan",
    block="overlay",
    title=Text("State forest area", "Kawasan hutan"),
    what=Text(
        "Whether the site lies in the forest estate; APL is not forest.",
        "Apakah lokasi berada di kawasan hutan; APL bukan kawasan hutan.",
    ),
    formula=overlays.FORMULA,
    law=Text(
        "UU 41/1999; PP 23/2021: no building without release or use permit (PPKH).",
        "UU 41/1999; PP 23/2021: tidak ada bangunan tanpa pelepasan atau PPKH.",
    ),
    passes=Text("The site is APL.", "Lokasi adalah APL."),
    fails=Text(
        "The site lies in HPK that has not been released.", "Lokasi berada di HPK yang belum dilepaskan."
    ),
    check=overlays.stated,
    say=overlays.inside(
        "State forest area{named} covers {area} of the site.",
        "Kawasan hutan{named} meliputi {area} dari lokasi.",
    ),
    remedy=Text(
        "Apply for release or a use permit first, or move out of the forest.",
        "Ajukan pelepasan atau PPKH dahulu, atau pindah dari kawasan hutan.",
    ),
    default=Outcome.FAIL,
)
