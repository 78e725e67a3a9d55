"""One land answer, before it becomes a finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kkpr_check.adverse import Adverse
from kkpr_check.model import Outcome
from kkpr_check.rules.base import Rule
from kkpr_check.zoning import PlanMap


@dataclass(slots=True)
class Judgement:
    """What a rule comes to for one subject. `pieces` is the part of the subject it speaks of."""

    subject: int
    rule: Rule
    outcome: Outcome
    plan: PlanMap | None = None
    zone: str | None = None
    measured: float | str | None = None
    limit: float | str | None = None
    flip_distance_m: float | None = None
    pieces: Any = None
    witness: Any = None
    legal: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    shallow: bool = False
    unit: str | None = None
    ce90_m: float | None = None

    def against(self, adverse: Adverse) -> None:
        """Take the depth in the adverse area into account: a failure that is too shallow is only doubt."""
        if self.outcome is Outcome.FAIL:
            self.shallow = adverse.outcome is Outcome.UNDETERMINED
            self.outcome = adverse.outcome
            self.witness = self.pieces
        self.flip_distance_m = adverse.flip_distance_m
