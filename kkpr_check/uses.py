"""From a proposal to the cells of the ITBX matrix: which activities it may be, and what the conditions come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.features import PlanWindow
from kkpr_check.model import Outcome, Proposal
from kkpr_check.plan import Cell, Plan, Tables, Test
from kkpr_check.rules.rows import UseRows

HOLDING_STROKE = " / "


@dataclass(frozen=True, slots=True)
class Use:
    """What a proposal is in the words of one plan.

    Attributes
    ----------
    asked
        Whether a use was given at all.
    activities
        The activities it may be (none where the plan does not know it).
    label
        What to call it in a message.
    hint
        What may help where the plan does not know it; never a verdict.
    """

    asked: bool
    activities: tuple[str, ...]
    label: Text
    hint: Text


def use_of(proposal: Proposal, tables: Tables) -> Use:
    """Look the proposal's use up in the plan's tables (contract section 1a.2: `activity` selects)."""
    mapped = tables.kbli.get(proposal.kbli or "", ())
    nothing = Text("", "")
    if proposal.activity is not None:
        found = _activity(proposal.activity, tables)
        name = Text(proposal.activity, proposal.activity)
        if found is None:
            return Use(True, (), name, nothing)
        if proposal.kbli is not None and found not in mapped:
            hint = Text(
                f" The activity is not mapped to KBLI {proposal.kbli}.",
                f" Kegiatan itu tidak terpetakan ke KBLI {proposal.kbli}.",
            )
            return Use(True, (), name, hint)
        return Use(True, (found,), _label(proposal.kbli, (found,), tables), nothing)
    if proposal.kbli is None:
        return Use(False, (), Text("(no use given)", "(kegiatan belum diisi)"), nothing)
    return Use(
        True,
        mapped,
        _label(proposal.kbli, mapped, tables),
        nothing if mapped else _hint(proposal.kbli, tables),
    )


def _activity(given: str, tables: Tables) -> str | None:
    if given in tables.activities:
        return given
    wanted = " ".join(given.casefold().split())
    same = [key for key, name in tables.activities.items() if " ".join(name.casefold().split()) == wanted]
    return same[0] if len(same) == 1 else None


def _label(kbli: str | None, activities: Sequence[str], tables: Tables) -> Text:
    names = "; ".join(tables.activities.get(a, a) for a in activities[:3]) + (
        "; ..." if len(activities) > 3 else ""
    )
    code = f"KBLI {kbli}" if kbli else ""
    label = f"{code} ({names})" if code and names else code or names
    return Text(label, label)


def _hint(kbli: str, tables: Tables) -> Text:
    for length in (4, 3, 2):
        near = sorted(code for code in tables.kbli if code.startswith(kbli[:length]))[:5]
        if near:
            codes = ", ".join(near)
            return Text(
                f" Codes that begin with {kbli[:length]}: {codes} (a hint, not a verdict).",
                f" Kode berawalan {kbli[:length]}: {codes} (petunjuk, bukan keputusan).",
            )
    return Text("", "")


def use_rows(
    proposals: Sequence[Proposal], uses: Sequence[Use], plan: Plan, subzones: Sequence[str],
    lenient: Sequence[bool],
) -> UseRows:  # fmt: skip
    """Return one row a (proposal, sub-zone, activity it may be); targets run proposal by proposal over sub-zones.

    Parameters
    ----------
    lenient
        For each proposal, whether a missing number is a condition (land check) and not an unknown.
    """
    tables = plan.tables
    columns: dict[str, list[object]] = {name: [] for name in UseRows._fields}
    for i, (proposal, use) in enumerate(zip(proposals, uses, strict=True)):
        for j, subzone in enumerate(subzones):
            zone = tables.zones.get(subzone)
            protected = -1 if zone is None or zone.protected is None else int(zone.protected)
            for activity in use.activities or (None,):
                cell = tables.itbx.get((activity, subzone)) if activity is not None else None
                row = (
                    i * len(subzones) + j,
                    cell.letter if cell else "",
                    use.asked,
                    bool(use.activities),
                    subzone in tables.itbx_subzones,
                    protected,
                    condition_outcome(cell, "T", proposal, tables, lenient[i]),
                    condition_outcome(cell, "B", proposal, tables, lenient[i]),
                )
                for name, value in zip(UseRows._fields, row, strict=True):
                    columns[name].append(value)
    return UseRows(
        target=np.array(columns["target"], dtype=np.int64),
        letter=np.array(columns["letter"], dtype="<U2"),
        asked=np.array(columns["asked"], dtype=bool),
        known=np.array(columns["known"], dtype=bool),
        column=np.array(columns["column"], dtype=bool),
        protected=np.array(columns["protected"], dtype=np.int8),
        limited=np.array(columns["limited"], dtype=np.int8),
        conditioned=np.array(columns["conditioned"], dtype=np.int8),
    )


def condition_outcome(
    cell: Cell | None, side: str, proposal: Proposal, tables: Tables, lenient: bool
) -> Outcome:
    """Return what the T or B conditions of a cell come to: the worst of them, conditional where nothing tests them."""
    if cell is None or side not in cell.letter:
        return Outcome.PASS
    codes = [code for code in cell.codes if code.startswith(side)]
    worst = Outcome.PASS if codes else Outcome.CONDITIONAL
    for code in codes:
        condition = tables.conditions.get(code)
        # What nobody has written down may be a test that does not hold.
        said = _tested(condition.test, proposal, lenient) if condition else Outcome.UNDETERMINED
        worst = max(worst, said)
    return worst


def _tested(test: Test | None, proposal: Proposal, lenient: bool) -> Outcome:
    if test is None:
        return Outcome.CONDITIONAL
    value = getattr(proposal, test.field)
    if value is None:
        return Outcome.CONDITIONAL if lenient else Outcome.UNDETERMINED
    slack = 1e-6 * max(abs(test.number), abs(value))
    holds = {
        "<=": value - test.number <= slack,
        ">=": test.number - value <= slack,
        "==": abs(value - test.number) <= slack,
    }[test.op]
    return Outcome.PASS if holds else Outcome.FAIL


def conditions_text(cells: Sequence[Cell], side: str, tables: Tables) -> tuple[Text, str]:
    """Return the condition texts of one side (T or B) of some cells, and their legal references."""
    codes = list(dict.fromkeys(code for cell in cells for code in cell.codes if code.startswith(side)))
    known = [tables.conditions[code] for code in codes if code in tables.conditions]
    words = [f"{c.code} {c.text}".strip() for c in known] + [c for c in codes if c not in tables.conditions]
    text = "; ".join(words) or side
    return Text(text, text), "; ".join(dict.fromkeys(c.legal for c in known if c.legal))


def open_conditions(cells: Sequence[Cell], side: str, proposal: Proposal, tables: Tables) -> tuple[str, ...]:
    """Return what the conditions of some cells still need: options that are not given, codes that are not defined."""
    names = []
    for code in (code for cell in cells for code in cell.codes if code.startswith(side)):
        condition = tables.conditions.get(code)
        if condition is None:
            names.append(f"conditions.csv:{code}")
        elif condition.test is not None and getattr(proposal, condition.test.field) is None:
            names.append(condition.test.field)
    return tuple(dict.fromkeys(names))


def is_holding(name: object, remark: object = None) -> bool:
    """Tell whether a class is a holding zone: "A / B" as its code or name, or "Holding ..." in its remark."""
    return HOLDING_STROKE in str(name or "") or str(remark or "").casefold().startswith("holding")


def with_front_classes(window: PlanWindow) -> PlanWindow:
    """Let a holding zone "A / B" be judged by the rows of A, the class in force, in each table that does not name it."""
    codes = window.zoning.meaning.get("subzone")
    known = dict.fromkeys(() if codes is None else codes)
    front = {str(c): str(c).split(HOLDING_STROKE)[0] for c in known if is_holding(c)}
    if not front:
        return window
    old = window.plan.tables
    columns = {code: first for code, first in front.items() if code not in old.itbx_subzones}
    cells = {
        (activity, code): cell
        for code, first in columns.items()
        for (activity, subzone), cell in old.itbx.items()
        if subzone == first
    }
    zones = {c: replace(old.zones[f], subzone=c, name="") for c, f in front.items() if f in old.zones}
    tables = replace(
        old,
        zones=zones | dict(old.zones),
        itbx={**old.itbx, **cells},
        itbx_subzones=old.itbx_subzones | {c for c, f in columns.items() if f in old.itbx_subzones},
        intensity={c: old.intensity[f] for c, f in front.items() if f in old.intensity} | dict(old.intensity),
    )
    return replace(window, plan=replace(window.plan, tables=tables))
