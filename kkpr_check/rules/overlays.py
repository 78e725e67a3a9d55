"""What the thirteen overlay rules share: a stated outcome inside an area, and a minimum distance from an edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.geometry import round_m
from kkpr_check.model import Outcome
from kkpr_check.rules.base import CONDITIONAL, FAIL, UNDETERMINED, Outcomes, beyond, where
from kkpr_check.rules.rows import OverlayRows, StripRows

FORMULA = "area(subject ∩ overlay) = 0"


def stated(rows: OverlayRows) -> Outcomes:
    """Return what the plan (or the rule's default) says of each value that covers a part of the subject."""
    return Outcomes(rows.stated)


def strip(rows: StripRows) -> Outcomes:
    """Judge the distance to an edge against the setback; a bare centre line can not fail, its edge is unknown."""
    judged = beyond(np.maximum(rows.distance_m - rows.slack_m, 0.0), rows.limit, rows.band_m)
    outcome = where(judged.outcome == FAIL, rows.default, judged.outcome)
    softer = (judged.outcome == UNDETERMINED) & (rows.default == CONDITIONAL) & ~rows.limit.missing
    outcome = where(softer, CONDITIONAL, outcome)
    outcome = where((judged.outcome >= UNDETERMINED) & ~rows.edge_known, UNDETERMINED, outcome)
    return Outcomes(outcome, round_m(rows.distance_m), judged.limit)


def own_setback(attributes: Mapping[str, Any]) -> tuple[tuple[float, str], ...] | None:
    """Return the setback that the feature itself carries, which takes the place of the national minimum."""
    value = attributes.get("setback_m")
    return None if value is None else ((float(value), str(attributes.get("legal") or "")),)


def inside(en: str, id: str) -> Mapping[Outcome, Text]:
    """Return the messages of an area overlay: one for outside (pass), one for inside (all else)."""
    text = Text(en, id)
    return {
        Outcome.PASS: Text("Not inside any of these areas.", "Tidak berada di dalam kawasan ini."),
        Outcome.CONDITIONAL: text,
        Outcome.FAIL: text,
    }
