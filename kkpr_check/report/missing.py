"""What is missing, and who can supply it: the end of a text report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kkpr_check.errors import Text
from kkpr_check.model import Finding
from kkpr_check.report import words

_LADDER = "intensity.csv"


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


def label(name: str) -> Text:
    """Say what a missing input is: an option, a table, an overlay, an attribute of a layer.

    >>> label("sungai:levee").en, label("itbx.csv").id
    ('levee of layer sungai', 'tabel itbx.csv')
    """
    if name in words.FIELDS:
        field = words.FIELDS[name]
        return Text(f"{field.en} ({name})", f"{field.id} ({name})")
    first, _, rest = name.partition(":")
    if first == "plan.toml":
        rule = rest.rpartition("=")[2]
        return Text(
            f"a layer or a statement of “none” for {rule} (plan.toml, [[overlay]])",
            f"layer atau pernyataan “tidak ada” untuk {rule} (plan.toml, [[overlay]])",
        )
    parts = rest.replace(":", ", ")
    if first.endswith(".csv"):
        tail = f", {parts}" if parts else ""
        return Text(f"table {first}{tail}", f"tabel {first}{tail}")
    return Text(f"{parts} of layer {first}", f"{parts} pada layer {first}") if rest else Text(name, name)


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
