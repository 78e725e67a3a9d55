"""What a rule is, and the comparisons every rule uses: tolerance and missing values are handled here, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kkpr_check.errors import Text
from kkpr_check.geometry import REL_TOL, round_m
from kkpr_check.model import Outcome
from kkpr_check.phrases import fill

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]

NA, PASS, CONDITIONAL, UNDETERMINED, FAIL = (np.int8(o) for o in Outcome)

Block = Literal["site", "use", "holding", "overlay", "strip", "intensity", "balance", "building", "hierarchy"]
"""Which rows a rule reads; the row types stand in `kkpr_check.rules.rows`."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a rule says of each row of a block. `measured` and `limit` are NaN where there is no number."""

    outcome: Codes
    measured: Floats | None = None
    limit: Floats | None = None


class LimitColumn(NamedTuple):
    """One column of limits: its numbers (NaN where missing), and where it is missing or not regulated."""

    value: Floats
    missing: Bools
    unregulated: Bools


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the catalogue; immutable, listed in `kkpr_check.rules.RULES`.

    Attributes
    ----------
    code, name
        Frozen once shipped; the name states the defect.
    block
        Which rows `check` reads.
    title, what
        The rule in a few words, and what it checks.
    formula
        The comparison, in symbols.
    law
        Where the duty comes from. The number itself is cited from the plan's tables.
    passes, fails
        An example of each, for ``rules explain``.
    check
        Rows of the block -> Outcomes, vectorised.
    say
        What to tell a planner for each outcome; placeholders are filled by the engine.
    remedy
        What to do about a failure.
    default
        Overlay rules: the outcome inside the area where the plan says nothing else.
    limits
        Overlay rules with a national minimum: attributes of a line or bank -> the setbacks (metres, law) that may apply.
    centre_line_m
        Beyond the setback, how far a bare centre line may lie from its unknown edge.
    """

    code: str
    name: str
    block: Block
    title: Text
    what: Text
    formula: str
    law: Text
    passes: Text
    fails: Text
    check: Callable[[Any], Outcomes]
    say: Mapping[Outcome, Text]
    remedy: Text
    unit: str | None = None
    operator: str | None = None
    default: Outcome = Outcome.UNDETERMINED
    limits: Callable[[Mapping[str, Any]], tuple[tuple[float, str], ...]] | None = None
    centre_line_m: float = 0.0

    @property
    def advice(self) -> Text:
        """The remedy where no proposal has been judged."""
        return fill(self.remedy, {"excess": Text("the difference", "selisihnya")})

    @property
    def is_land(self) -> bool:
        """Tell whether the rule judges the land (LOK, KGT, KHS, RTR) and not the building (INT, TAB)."""
        return self.code[:3] in ("LOK", "KGT", "KHS", "RTR")


def rule(code: str, name: str, block: Block, **parts: Any) -> Callable[[Callable[[Any], Outcomes]], Rule]:
    """Turn a vectorised check into a Rule. Registers nothing: `kkpr_check.rules.RULES` lists it."""

    def wrap(check: Callable[[Any], Outcomes]) -> Rule:
        return Rule(code=code, name=name, block=block, check=check, **parts)

    return wrap


def where(condition: Bools, then: Any, otherwise: Any) -> Codes:
    """`numpy.where` for outcomes."""
    result: Codes = np.where(condition, then, otherwise).astype(np.int8)
    return result


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return ``part / whole``: infinite where something stands on no ground, NaN where there is neither."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return part / whole


def at_most(measured: Floats, limit: LimitColumn, absent: Codes | np.int8 = UNDETERMINED) -> Outcomes:
    """Pass where ``measured <= limit``, inclusive with 1e-6 relative tolerance; `absent` where nothing was measured."""
    return _compare(measured, limit, absent, sign=1.0)


def at_least(measured: Floats, limit: LimitColumn, absent: Codes | np.int8 = UNDETERMINED) -> Outcomes:
    """Pass where ``measured >= limit``, inclusive with 1e-6 relative tolerance; `absent` where nothing was measured."""
    return _compare(measured, limit, absent, sign=-1.0)


def _compare(measured: Floats, limit: LimitColumn, absent: Codes | np.int8, sign: float) -> Outcomes:
    slack = REL_TOL * np.maximum(np.abs(limit.value), np.abs(measured))
    with np.errstate(invalid="ignore"):
        good = sign * (measured - limit.value) <= slack
    outcome = where(good, PASS, FAIL)
    outcome = where(np.isnan(measured), absent, outcome)
    outcome = where(limit.missing, UNDETERMINED, outcome)
    outcome = where(limit.unregulated, NA, outcome)
    return Outcomes(outcome, measured, limit.value)


def beyond(
    distance_m: Floats, limit: LimitColumn, band_m: Floats, absent: Codes | np.int8 = UNDETERMINED
) -> Outcomes:
    """Judge a distance against a minimum, with the accuracy band of the measured line.

    At or beyond the limit passes; closer by at most `band_m` is undetermined; closer than that fails
    (contract section 1a.5: the line as drawn is the law, its accuracy only keeps from refusing on noise).
    """
    distance_m = round_m(distance_m)
    judged = at_least(distance_m, limit, absent)
    with np.errstate(invalid="ignore"):
        shallow = round_m(limit.value - distance_m) <= band_m * (1 + REL_TOL)
    outcome = where((judged.outcome == FAIL) & shallow & (band_m > 0), UNDETERMINED, judged.outcome)
    return Outcomes(outcome, distance_m, limit.value)


def fold(
    outcomes: Outcomes, target: Ints, n_targets: int, operator: str | None = None
) -> tuple[Codes, Ints, Bools]:
    """Join the candidates of an unknown input (contract section 1a.2).

    All equal -> that outcome; pass and conditional mixed -> conditional; else undetermined. Rows that are not
    applicable do not mix with others: a limit that exists for some candidates only is unknown.

    Returns
    -------
    outcome
        One a target.
    shown
        The candidate row that stands for the target in the report: the worst one, among equals the strictest by the
        `operator` of the rule (a condition that is handed out must hold whichever candidate applies).
    mixed
        Whether the candidates disagreed (the input has to be named).
    """
    low = np.full(n_targets, 9, dtype=np.int8)
    high = np.full(n_targets, -1, dtype=np.int8)
    np.minimum.at(low, target, outcomes.outcome)
    np.maximum.at(high, target, outcomes.outcome)
    soft = (low == PASS) & (high == CONDITIONAL)
    mixed = (low != high) & ~soft
    result = where(mixed, UNDETERMINED, high)
    order = np.lexsort((_strictness(outcomes, operator), outcomes.outcome, target))
    last = np.ones(len(order), dtype=bool)
    last[:-1] = target[order][1:] != target[order][:-1]
    shown = np.full(n_targets, -1, dtype=np.int64)
    shown[target[order[last]]] = order[last]
    return result, shown, mixed


def _strictness(outcomes: Outcomes, operator: str | None) -> Floats:
    """Return how little room each row leaves: minus its margin, without a measure its limit alone."""
    none = np.zeros(len(outcomes.outcome))
    if outcomes.limit is None or operator not in ("<=", ">="):
        return none
    measured = none if outcomes.measured is None else np.nan_to_num(outcomes.measured, nan=0.0)
    room = outcomes.limit - measured if operator == "<=" else measured - outcomes.limit
    strictness: Floats = np.nan_to_num(-room, nan=-np.inf)
    return strictness
