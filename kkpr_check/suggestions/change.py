"""A changed proposal, judged again; the numbers of a building brought to their limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kkpr_check import engine
from kkpr_check.engine import Options
from kkpr_check.features import PlanWindow
from kkpr_check.model import Finding, Outcome, Report, Site, Verdict

PASSES = (Verdict.CONFORM, Verdict.CONDITIONAL)


@dataclass(frozen=True, slots=True)
class Change:
    """A changed site, what was done to it, and the numbers that changed."""

    site: Site
    steps: tuple[str, ...] = ()
    values: tuple[tuple[str, Any], ...] = ()

    def then(self, site: Site, step: str, **values: Any) -> Change:
        """Return the change with one more step and what it set."""
        steps = self.steps if step in self.steps else (*self.steps, step)
        return Change(site, steps, tuple({**dict(self.values), **values}.items()))


@dataclass(frozen=True, slots=True)
class Passed:
    """A change that passes, and what was said of it."""

    change: Change
    report: Report


class Judge:
    """The engine with fixed plans: one site in, its report out."""

    def __init__(self, windows: Sequence[PlanWindow], options: Options, known_m: float) -> None:
        self.windows = tuple(windows)
        self.options = options
        self.known_m = known_m

    def __call__(self, site: Site) -> Report:
        """Judge a site."""
        return engine.judge([site], self.windows, self.options, known_m=self.known_m).reports[0]

    def plans(self) -> list[PlanWindow]:
        """Return the windows whose plans are judged, the highest ranked first."""
        as_of, draft = self.options.as_of, self.options.include_draft
        used = [w for w in self.windows if w.plan.in_force(as_of) or (draft and w.plan.status == "draft")]
        return sorted(used, key=lambda w: w.plan.order)


def with_numbers(change: Change, judge: Judge) -> Passed | None:
    """Return the change with the numbers that still fail set to what passes, or None."""
    for _ in range(4):
        report = judge(change.site)
        if report.verdict in PASSES:
            return Passed(change, report)
        fails = [f for f in report.findings if f.outcome is Outcome.FAIL]
        if not fails:
            return None
        for finding in {f.rule: f for f in fails}.values():
            step = _number(change, finding, fails)
            if step is None:  # no number makes this one pass
                return None
            if finding.rule != "INT002" or all(f.rule != "TAB005" for f in fails):
                change = step  # fewer floors may be enough for KLB too: that is looked at next
    return None


def _number(change: Change, finding: Finding, fails: Sequence[Finding]) -> Change | None:
    """Return the change with the number behind one failing finding at its limit."""
    given, measured, limit = change.site.proposal, finding.measured, finding.limit
    if not isinstance(measured, float) or not isinstance(limit, float):
        return None
    worst = [
        f.limit / f.measured
        for f in fails
        if f.rule == finding.rule and isinstance(f.limit, float) and isinstance(f.measured, float) and f.measured
    ]  # fmt: skip
    ratio = min(worst, default=0.0)
    if finding.rule == "TAB004" and given.height_m is not None:
        return set_numbers(change, "reduce-height", height_m=down(given.height_m * ratio, 0.01))
    if finding.rule == "TAB005" and given.floors is not None:
        floors = float(np.floor(given.floors * ratio + 1e-9))
        return _fewer_floors(change, floors) if floors >= 1 else None
    if finding.rule == "INT002":
        if given.floor_area_m2 is not None:
            area = down(given.floor_area_m2 * ratio, 0.1)
            return set_numbers(change, "reduce-floor-area", floor_area_m2=area) if area > 0 else None
        floors = float(np.floor((given.floors or 0.0) * ratio + 1e-9))
        return _fewer_floors(change, floors) if floors >= 1 else None
    if finding.rule == "INT004" and given.basement_area_m2 is not None:
        return set_numbers(
            change, "reduce-basement", basement_area_m2=down(given.basement_area_m2 * ratio, 0.1)
        )
    if finding.rule == "INT003" and given.green_area_m2 is not None:
        whole = given.green_area_m2 / measured if measured else change.site.parcel.area  # type: ignore[union-attr]
        green = float(np.round(np.ceil(limit * whole * 10 - 1e-6) / 10, 1))
        return set_numbers(change, "add-green", green_area_m2=green) if green > given.green_area_m2 else None
    return None


def down(value: float, unit: float) -> float:
    """Round down to whole units."""
    return float(np.round(np.floor(value / unit + 1e-6) * unit, 4))


def set_numbers(change: Change, step: str, **values: float) -> Change:
    """Return the change with other numbers in the proposal."""
    proposal = replace(change.site.proposal, **values)  # type: ignore[arg-type]
    return change.then(replace(change.site, proposal=proposal), step, **values)


def _fewer_floors(change: Change, floors: float) -> Change:
    """Return the change with fewer floors; a floor area that no longer fits on them follows."""
    area, footprint = change.site.proposal.floor_area_m2, change.site.footprint
    values = {"floors": floors}
    if area is not None and footprint is not None and area > floors * footprint.area:
        values["floor_area_m2"] = down(floors * footprint.area, 0.1)
    return set_numbers(change, "reduce-floors", **values)
