"""What findings say together; what is missing, and who can supply it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kkpr_check.errors import Text
from kkpr_check.inputs import NOT_JUDGED, label
from kkpr_check.model import Finding
from kkpr_check.phrases import Sentence, fill
from kkpr_check.report import words

_LADDER = "intensity.csv"


def message(group: Sequence[Finding]) -> Sentence:
    """Return what the findings of one rule say: their sentence, or once what they lack."""
    said = dict.fromkeys(finding.message for finding in group)
    if len(said) == 1 and not group[0].message.en.startswith(NOT_JUDGED.en.partition("{")[0]):
        return group[0].message
    return only_missing(group)


def only_missing(findings: Iterable[Finding]) -> Text:
    """Say once what all of these findings lack."""
    lacking = [what for what, _, _ in wanted(findings)]
    names = Text("; ".join(what.en for what in lacking), "; ".join(what.id for what in lacking))
    return fill(NOT_JUDGED, {"missing": names})


def wanted(findings: Iterable[Finding]) -> list[tuple[Text, list[str], Text]]:
    """Return (what is missing, the rules that want it, who can supply it), a line each, without repetition.

    Cells of the intensity table are put together: sub-zones that lack the same columns share a line.
    """
    rules_of: dict[str, list[str]] = {}
    for finding in findings:
        for name in finding.missing:
            rules = rules_of.setdefault(name, [])
            if finding.rule not in rules:
                rules.append(finding.rule)
    cells = {
        name: rules
        for name, rules in rules_of.items()
        if name.startswith(_LADDER + ":") and name.count(":") > 1
    }
    lines = [
        (label(name), rules, words.supplier(name)) for name, rules in rules_of.items() if name not in cells
    ]
    return [*lines, *_ladder_lines(cells)]


def _ladder_lines(cells: Mapping[str, Sequence[str]]) -> list[tuple[Text, list[str], Text]]:
    columns_of: dict[str, list[str]] = {}
    rules_of: dict[str, list[str]] = {}
    for name, rules in cells.items():
        place, column = name.removeprefix(_LADDER + ":").rsplit(":", 1)
        columns_of.setdefault(place, []).append(column)
        rules_of.setdefault(place, []).extend(rules)
    places_of: dict[tuple[str, ...], list[str]] = {}
    for place, columns in columns_of.items():
        places_of.setdefault(tuple(columns), []).append(place)
    lines = []
    for columns_, places in places_of.items():
        rules_ = list(dict.fromkeys(rule for place in places for rule in rules_of[place]))
        what, where = ", ".join(columns_), ", ".join(place.replace(":row ", ", row ") for place in places)
        text = Text(
            f"table {_LADDER}, {where}: {what}",
            f"tabel {_LADDER}, {where.replace(', row ', ', baris ')}: {what}",
        )
        lines.append((text, rules_, words.PLAN_OWNER))
    return lines
