"""From answers to findings: the numbers, the sentence in both languages, the law, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from kkpr_check.adverse import PASS_REACH_CE90
from kkpr_check.building import Answer
from kkpr_check.errors import Text
from kkpr_check.geometry import round_m
from kkpr_check.inputs import NOT_JUDGED, Inputs
from kkpr_check.judgement import Judgement
from kkpr_check.model import Finding, Outcome, Site
from kkpr_check.phrases import Aside, Later, Phrase, Quantity, Sentence
from kkpr_check.rules import BY_CODE, RULES
from kkpr_check.rules.base import Rule

DISTANCE_RULES = frozenset({"TAB001", "TAB002", "TAB003", "TAB007"})


def land_finding(item: Judgement, subject: Literal["parcel", "footprint"]) -> Finding:
    """Return the finding of a land answer."""
    plan = item.plan.plan if item.plan else None
    unit = item.unit or item.rule.unit
    return Finding(
        rule=item.rule.code,
        name=item.rule.name,
        outcome=item.outcome,
        subject=subject,
        plan=plan.id if plan else None,
        zone=item.zone,
        measured=item.measured,
        limit=item.limit,
        operator=item.rule.operator if item.limit is not None else None,
        unit=unit if isinstance(item.measured, float) or item.limit is not None else None,
        margin=_margin(item.measured, item.limit, item.rule.operator),
        message=land_words(item),
        legal=item.legal,
        witness=item.witness,
        flip_distance_m=item.flip_distance_m,
        missing=item.missing,
        remedy=item.rule.remedy if item.outcome >= Outcome.CONDITIONAL else None,
    )


def land_words(item: Judgement) -> Phrase:
    """Return what a land answer tells."""
    return Later(partial(_land_message, item))


def _land_message(item: Judgement) -> Phrase:
    unit = item.unit or item.rule.unit
    zone_name = ""
    if item.plan is not None and item.zone in item.plan.subzones:
        zone_name = item.plan.names[item.plan.subzones.index(item.zone)]
    values = {
        "zone": item.zone or "-",
        "zone_name": zone_name,
        "plan": item.plan.plan.name if item.plan else "-",
        **item.values,
    }
    values.setdefault("measured", _quantity(item.measured, unit))
    values.setdefault("limit", _quantity(item.limit, unit))
    if "value" in values:
        values["named"] = Aside(values["value"], item.rule.title)
    ce90_m = item.ce90_m
    if ce90_m is None:
        ce90_m = item.plan.window.zoning.ce90_m if item.plan else float("nan")
    said = item.outcome
    if item.rule.block == "overlay" and said is Outcome.PASS and item.zone is not None:
        said = Outcome.CONDITIONAL  # inside an area that the plan lets pass: tell where, not "outside"
    shallow_m = item.flip_distance_m if item.shallow else None
    return _message(item.rule, said, values, item.missing, shallow_m, ce90_m)


def building_finding(answer: Answer, site: Site) -> Finding:
    """Return the finding of a building answer."""
    part, rule = answer.part, answer.rule
    flip = _flip(answer, rule)
    return Finding(
        rule=rule.code,
        name=rule.name,
        outcome=answer.outcome,
        subject="footprint" if site.footprint is not None else "parcel",
        plan=part.plan.id if part else None,
        zone=part.subzone if part else None,
        measured=answer.measured,
        limit=answer.limit,
        operator=rule.operator,
        unit=rule.unit,
        margin=_margin(answer.measured, answer.limit, rule.operator),
        message=Later(partial(_building_message, answer, flip)),
        legal=answer.legal,
        witness=answer.witness if answer.outcome >= Outcome.UNDETERMINED else None,
        flip_distance_m=flip,
        missing=answer.missing,
        remedy=Later(partial(_building_remedy, answer)) if answer.outcome is Outcome.FAIL else None,
        limit_m2=answer.limit_m2,
        zone_limits=answer.values.get("zone_limits", ()),
    )


def building_words(answer: Answer) -> Phrase:
    """Return what a building answer tells."""
    return Later(partial(_building_message, answer, _flip(answer, answer.rule)))


def _building_message(answer: Answer, flip_m: float | None) -> Phrase:
    values, rule = _building_values(answer), answer.rule
    if rule.code in ("TAB002", "TAB003") and answer.outcome is Outcome.PASS and answer.measured is None:
        return Phrase(_NO_SUCH_EDGE, values)
    shallow = answer.outcome is Outcome.UNDETERMINED and not answer.missing and flip_m is not None
    return _message(rule, answer.outcome, values, answer.missing, flip_m if shallow else None, float("nan"))


def _building_remedy(answer: Answer) -> Phrase:
    return Phrase(answer.rule.remedy, _building_values(answer))


def _building_values(answer: Answer) -> dict[str, Any]:
    part, rule = answer.part, answer.rule
    return {
        "zone": part.subzone if part else "-",
        "zone_name": part.name if part else "",
        "measured": _quantity(answer.measured, rule.unit),
        "limit": _quantity(answer.limit, rule.unit),
        **answer.values,
    }


def _flip(answer: Answer, rule: Rule) -> float | None:
    """Return how far the measured line must move to change the answer (distance rules only).

    A pass carries it up to four times the map's CE90, as every rule does.
    """
    if rule.code not in DISTANCE_RULES or answer.measured is None or not isinstance(answer.limit, float):
        return None
    if rule.code == "TAB007" and answer.outcome is Outcome.PASS:
        return answer.clear_m
    flip = float(round_m(abs(answer.measured - answer.limit)))
    reach_m = PASS_REACH_CE90 * answer.part.plan.ce90_m if answer.part else 0.0
    return flip if answer.outcome > Outcome.PASS or flip <= reach_m else None


def _quantity(value: float | str | None, unit: str | None) -> Any:
    return Quantity(value, unit or "") if isinstance(value, float) else value


def _margin(measured: float | str | None, limit: float | str | None, operator: str | None) -> float | None:
    if not isinstance(measured, float) or not isinstance(limit, float) or operator not in ("<=", ">="):
        return None
    return limit - measured if operator == "<=" else measured - limit


def _message(
    rule: Rule,
    outcome: Outcome,
    values: dict[str, Any],
    missing: Sequence[str],
    shallow_m: float | None,
    ce90_m: float,
) -> Phrase:
    if shallow_m is not None and outcome is Outcome.UNDETERMINED:
        told, rest = rule.say[Outcome.FAIL], _SHALLOW if np.isfinite(ce90_m) else _SHALLOW_SOMEHOW
        more = {"depth": Quantity(shallow_m, "m"), "ce90": Quantity(ce90_m, "m")}
        return Phrase(_joined(told, rest), values | more)
    template = rule.say.get(outcome, Text("", ""))
    if outcome is Outcome.UNDETERMINED and missing:
        return Phrase(_joined(template, NOT_JUDGED), values | {"missing": Inputs(tuple(missing))})
    return Phrase(template if template.en else Text("Can not be judged.", "Belum dapat dinilai."), values)


_NO_SUCH_EDGE = Text("The parcel has no such edge.", "Persil tidak memiliki sisi itu.")
_SHALLOW = Text(
    "But only by {depth}, within the map's accuracy (CE90 {ce90}): to be verified.",
    "Namun hanya {depth}, masih dalam ketelitian peta (CE90 {ce90}): perlu verifikasi.",
)
_SHALLOW_SOMEHOW = Text(
    "But only by {depth}, within the map's accuracy: to be verified.",
    "Namun hanya {depth}, masih dalam ketelitian peta: perlu verifikasi.",
)


def _joined(first: Text, then: Text) -> Text:
    return Text(f"{first.en} {then.en}".strip(), f"{first.id} {then.id}".strip())


def unreadable(site: Site) -> Finding:
    """Return the one finding of a site that could not be read."""
    rule = BY_CODE["LOK000"]
    message = Phrase(rule.say[Outcome.UNDETERMINED], {"doubt": site.doubt})
    return _without_numbers(rule, _subject(site), message, ("geometry",))


def not_judged(rule: Rule, site: Site, missing: tuple[str, ...]) -> Finding:
    """Return the finding of a rule that found nothing to judge by: unknown is its own answer."""
    message = Phrase(NOT_JUDGED, {"missing": Inputs(tuple(missing))})
    return _without_numbers(rule, _subject(site), message, missing)


def _subject(site: Site) -> Literal["parcel", "footprint"]:
    return "parcel" if site.footprint is None else "footprint"


def _without_numbers(
    rule: Rule, subject: Literal["parcel", "footprint"], message: Phrase, missing: tuple[str, ...]
) -> Finding:
    return Finding(
        rule.code, rule.name, Outcome.UNDETERMINED, subject, None, None, None, None, None, None, None, message, "",
        missing=missing, remedy=rule.remedy if rule.code == "LOK000" else None,
    )  # fmt: skip


def not_evaluated(
    findings: Iterable[Finding], idle: Mapping[str, Sentence]
) -> tuple[tuple[str, Sentence], ...]:
    """Name every rule without a finding; only what is not applicable may be missing from a report.

    Parameters
    ----------
    findings
        What is applicable.
    idle
        What rules tell that are not, by code.
    """
    evaluated = {f.rule for f in findings}
    return tuple(
        (rule.code, idle.get(rule.code) or rule.say.get(Outcome.NOT_APPLICABLE, _NOTHING_HERE))
        for rule in RULES
        if rule.code not in evaluated
    )


_NOTHING_HERE = Text("Nothing here that the rule speaks of.", "Tidak ada hal yang diatur aturan ini di sini.")
