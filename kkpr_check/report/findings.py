"""Which findings a text report tells, and which of them in one breath."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from kkpr_check.model import Finding

_TOLD_FROM: Mapping[str, float] = {"LOK003": 2.0, "LOK004": 0.0, "KHS010": 0.0}
"""Rules whose pass is worth reading, and from which measured value on (LOK003: two zones)."""


def is_news(finding: Finding) -> bool:
    """Tell whether a pass says something a planner should read."""
    measured = finding.measured
    return isinstance(measured, float | int) and measured >= _TOLD_FROM.get(finding.rule, math.inf)


def same_said(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return findings that say the same together, in their order.

    Of parcel and footprint or of several zones the same message is said once; a rule that lacks inputs is one item.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        key: tuple[object, ...] = (finding.rule, finding.message, finding.measured, finding.limit)
        if finding.missing and finding.limit is None:
            key = (finding.rule, finding.outcome, finding.measured)
        groups.setdefault(key, []).append(finding)
    return list(groups.values())
