"""Parcels that are alike are judged once: the engine answers for one of a class, arrays fill in what was measured.

The words of a land check's row (verdict, rule codes, pathway) are a function of few facts: the proposal, which sub-zones
and overlay areas the parcel has a part in, what each rule says of them, what is refused or in doubt, and between which
limits of the ladders its areas lie. Parcels that agree in all of that are one class: the engine judges the first of them,
and what it says is taken for the others, if its numbers are those that the arrays found for it. Areas, shares and flip
distances are measured for each parcel (`kkpr_check.batch.facts`). What does not fit (buildings, several plans that share a
parcel) is left to the engine, parcel by parcel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.batch.facts import Facts
from kkpr_check.batch.placing import Bools, Ints
from kkpr_check.batch.prepared import Answer, Prepared
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.table import COLUMNS, BlockRows
from kkpr_check.geometry import round_m
from kkpr_check.land import USE_RULES
from kkpr_check.model import Outcome, Verdict
from kkpr_check.rules import BY_CODE, ORDER
from kkpr_check.rules.rows import SiteRows

AT_ONCE = 240
"""New classes that the engine is asked about together."""
AREA_M2, DEPTH_M, SHARE = 2e-4, 3e-4, 1e-5
"""By how much a number of the engine may differ from the same in the arrays: both round to 1e-4."""
WORDS = ("verdict", "pathway", "plan", "footprint_area_m2", "fail", "undetermined", "conditional", "message")
"""Columns that a class has in common; all others are measured for each parcel."""


def judge_alike(
    sites: SiteBlock, prepared: Prepared, exact: Callable[[SiteBlock], BlockRows], near_building: Bools | None
) -> BlockRows | None:
    """Return the rows of the parcels that are judged by class; `row` says which of `sites` those are.

    Parameters
    ----------
    exact
        Lets the engine judge sites one by one.
    near_building
        Sites with a building of ``--existing`` about; None without the option.

    Returns
    -------
    BlockRows or None
        None where there is none.
    """
    if not prepared.possible:
        return None
    member, proposal = _candidates(sites, prepared)
    if near_building is not None:
        member = member[~near_building[member]]
    for tree in prepared.buildings:
        member = np.delete(member, np.unique(tree.query(sites.parcel[member])[0]))
    if not len(member):
        return None
    facts = Facts(prepared, sites.take(member), proposal[member])
    rows = _rows(facts, exact) if facts.found() else None
    if rows is not None:
        rows.row = member[rows.row]
    return rows


def _candidates(sites: SiteBlock, prepared: Prepared) -> tuple[Ints, Ints]:
    """Return the sites that ask for nothing but the land, and the number of every proposal."""
    keep = np.isin(shapely.get_type_id(sites.parcel), (3, 6)) & ~shapely.is_empty(sites.parcel)
    for column in (sites.footprint, sites.existing):
        if column is not None:
            keep &= shapely.is_missing(column)
    for some in (sites.doubt, sites.candidates):
        keep[list(some or ())] = False
    proposal, simple = prepared.number(sites.proposal)
    return np.flatnonzero(keep & simple), proposal


def _rows(facts: Facts, exact: Callable[[SiteBlock], BlockRows]) -> BlockRows | None:
    """Return the rows of the parcels whose class the engine has an answer for."""
    judged = np.flatnonzero(facts.clear)
    names, which = _named(facts, judged)
    table = facts.table(judged)
    answers = _answers(facts, judged, names, which, table, exact)
    known = np.array([answer is not None for answer in answers], dtype=bool)[which]
    if not known.any():
        return None
    in_doubt = np.array([answer is not None and answer.in_doubt for answer in answers], dtype=bool)
    table["approvable_m2"] = np.where(in_doubt[which], 0.0, table["approvable_m2"])
    table = {name: values[known] for name, values in table.items()}
    columns: dict[str, Any] = table | _words(facts, judged[known], which[known], answers)
    return BlockRows(judged[known], {name: columns[name] for name in COLUMNS})


def _named(facts: Facts, judged: Ints) -> tuple[list[bytes], Ints]:
    """Return the names of the classes that occur, and the class of each judged parcel."""
    prepared, parts, n = facts.prepared, facts.parts, len(facts.parcels)
    low = np.where(facts.approvable_m2 > 0, facts.approvable_m2, facts.lot_m2)
    held = _holding(facts)
    cells = [np.zeros(len(parts.subject), dtype=np.int64) for _ in range(2)]
    decided = np.zeros(len(parts.subject), dtype=bool)
    ladder = np.zeros(len(parts.subject), dtype=np.int64)
    tall = np.array([p.height_m is not None or p.floors is not None for p in facts.asked], dtype=np.int64)
    for index, zoning in enumerate(prepared.zonings):
        mine = np.flatnonzero(facts.decides[parts.subject] == index)
        subject, group = parts.subject[mine], parts.group[mine] - zoning.offset
        for cell, lot in zip(cells, (low, facts.lot_m2), strict=True):
            cell[mine] = zoning.size_cell(group, lot[subject])
        by_use = np.stack([zoning.decided(proposal) for proposal in facts.asked])
        decided[mine] = by_use[facts.use[subject], group]
        ladder[mine] = zoning.ladder[tall[facts.use[subject]], group]
    said = np.zeros((n, len(USE_RULES) + 3), dtype=np.int64)
    yes: Bools = np.all(facts.said < Outcome.UNDETERMINED, axis=1)
    bits = [np.int64(1) << facts.said.astype(np.int64), held[:, None], decided[:, None], yes[:, None]]
    np.bitwise_or.at(said, parts.subject, np.hstack(bits))
    columns: list[NDArray[Any]] = [
        facts.decides, facts.has_gap, facts.left_empty, facts.approvable_m2 > 0, facts.approvable_m2 == facts.lot_m2,
        _legal_area(facts), *said.T, *facts.overlaid.values(), *_beside(facts),
    ]  # fmt: skip
    # Building rules are judged in the parts that are not refused; in all where nothing else is left.
    kept = np.zeros(n, dtype=bool)
    kept[parts.subject[~facts.gone]] = True
    built = np.flatnonzero(~facts.gone | ~kept[parts.subject])
    subject = parts.subject[built]
    of_part = [column[built] for column in (ladder, facts.sure, *cells)]
    halves = []
    for seed in (1, 2):
        each = np.unique(np.column_stack([subject.astype(np.uint64), _mixed(of_part, seed)]), axis=0)
        total = np.zeros(n, dtype=np.uint64)
        np.add.at(total, each[:, 0].astype(np.int64), each[:, 1])
        halves.append(_mixed([*columns, total.view(np.int64)], seed)[judged])
    return _distinct(*halves)


def _beside(facts: Facts) -> list[Ints]:
    """Return what else a class has in common: the proposal, and where a parcel lies in the plans that do not decide.

    One plan: what the matrix says of each part is a fact already, not which use it is. Several: the use itself,
    since each has its own matrix.
    """
    prepared = facts.prepared
    if len(prepared.zonings) == 1:
        bare = [replace(p, kbli=None, activity=None) for p in facts.asked]
        rest = [prepared.rest.setdefault(p, len(prepared.rest)) for p in bare]
        return [np.array(rest, dtype=np.int64)[facts.use]]
    found = [facts.number]
    for index, (zoning, placed) in enumerate(zip(prepared.zonings, facts.zoned, strict=True)):
        some = (placed.zone >= 0) & (facts.decides != index)
        at = np.maximum(placed.zone, 0)
        found.append(np.where(some, 1 + 2 * zoning.layer.group[at] + zoning.holding[at], 0))
    return found


def _holding(facts: Facts) -> Bools:
    """Tell of which parts some feature is a holding zone (RTR002)."""
    parts, count = facts.parts, len(facts.prepared.subzones)
    found = np.zeros(len(parts.subject), dtype=bool)
    for zoning in facts.prepared.zonings:
        held, tree = zoning.held
        if len(held):
            k, f = tree.query(facts.parcels.geometry, predicate="intersects")
            alike = k * count + zoning.layer.group[held[f]] + zoning.offset
            found |= np.isin(parts.subject * count + parts.group, alike)
    return found


def _legal_area(facts: Facts) -> Ints:
    """Return what LOK005 says of each parcel."""
    n = len(facts.parcels)
    given = [p.legal_area_m2 for p in facts.sites.proposal]
    legal = np.array([np.nan if value is None else value for value in given], dtype=float)
    nan, no, yes = np.full(n, np.nan), np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
    tolerance = facts.prepared.windows[0].plan.tolerance.legal_area_pct / 100
    rows = SiteRows(
        yes,
        yes,
        nan,
        round_m(facts.parcels.area_m2),
        np.ones(n, dtype=np.int64),
        nan,
        nan,
        no,
        legal,
        np.full(n, tolerance),
        yes,
    )
    outcome: Ints = BY_CODE["LOK005"].check(rows).outcome.astype(np.int64)
    return outcome


def _answers(
    facts: Facts,
    judged: Ints,
    names: Sequence[bytes],
    which: Ints,
    table: dict[str, NDArray[Any]],
    exact: Callable[[SiteBlock], BlockRows],
) -> list[Answer | None]:
    """Return the answer of each class, having asked the engine about the first parcel of the new ones."""
    answers = facts.prepared.answers
    first = np.full(len(names), len(which))
    np.minimum.at(first, which, np.arange(len(which)))
    new = [row for row, name in zip(first.tolist(), names, strict=True) if name not in answers]
    for start in range(0, len(new), AT_ONCE):
        rows = new[start : start + AT_ONCE]
        told = exact(facts.sites.take(judged[rows])).columns
        for n, row in enumerate(rows):
            one = {name: values[n] for name, values in told.items()}
            extra = _extra_codes(facts, int(facts.extra[judged[row]]))
            answers[names[which[row]]] = _answer(one, {k: v[row] for k, v in table.items()}, extra)
    return [answers[name] for name in names]


def _extra_codes(facts: Facts, extra: int) -> list[str]:
    """Return the rules whose bits are set."""
    return [rule for number, rule in enumerate(facts.overlaid) if extra >> number & 1]


def _words(
    facts: Facts, judged: Ints, which: Ints, answers: Sequence[Answer | None]
) -> dict[str, NDArray[Any]]:
    """Return the columns that say what the rules come to: the class's, and the conditions of overlay areas."""
    extra = facts.extra[judged]
    pairs, row = np.unique(np.column_stack([which, extra]), axis=0, return_inverse=True)
    made = [_with_conditions(answers[c], _extra_codes(facts, e)) for c, e in pairs.tolist()]
    found = {}
    for name in WORDS:
        values = np.empty(len(made), dtype=object)
        values[:] = [one[name] for one in made]
        found[name] = values[row.ravel()]
    return found


def _mixed(columns: Sequence[NDArray[Any]], seed: int) -> NDArray[np.uint64]:
    """Return 64 bits of each row of some columns of whole numbers (the finalizer of splitmix64, column by column)."""
    found = np.full(len(columns[0]), seed, dtype=np.uint64)
    for column in columns:
        found = (found ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found ^= found >> np.uint64(31)
    return found


def _distinct(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> tuple[list[bytes], Ints]:
    """Return the distinct pairs as bytes, and which of them each row is."""
    order = np.lexsort((other, one))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (one[order][1:] != one[order][:-1]) | (other[order][1:] != other[order][:-1])
    which = np.empty(len(order), dtype=np.int64)
    which[order] = np.cumsum(new) - 1
    first = order[new]
    pairs = np.column_stack([one[first], other[first]])
    return [pair.tobytes() for pair in pairs], which


def _answer(engines: dict[str, Any], measured: dict[str, Any], extra: Sequence[str]) -> Answer | None:
    """Return what the engine says of a parcel as the answer of its class; None where the arrays found other numbers.

    Parameters
    ----------
    extra
        Rules that are conditional for this parcel and need not be for others of the class.
    """
    same = all(engines[name] == measured[name] for name in ("subzone", "n_zones"))
    areas = ("parcel_area_m2", "gap_m2", "overlap_m2", "dropped_m2")
    same = same and all(abs(engines[name] - measured[name]) <= AREA_M2 for name in areas)
    same = same and abs(engines["subzone_share"] - measured["subzone_share"]) <= SHARE
    flip, other = engines["flip_distance_m"], measured["flip_distance_m"]
    same = same and (np.isnan(other) if flip is None else abs(flip - other) <= DEPTH_M)
    in_doubt = engines["approvable_m2"] == 0
    same = same and (in_doubt or abs(engines["approvable_m2"] - measured["approvable_m2"]) <= AREA_M2)
    conditional = _codes(engines["conditional"])
    if not same or not set(extra) <= set(conditional):
        return None
    rest = [code for code in conditional if code not in extra]
    values = {name: engines[name] for name in WORDS} | {"conditional": ",".join(rest)}
    if not rest and values["verdict"] == Verdict.CONDITIONAL:
        values["verdict"] = Verdict.CONFORM.value
    return Answer(values, in_doubt)


def _with_conditions(answer: Answer | None, extra: Sequence[str]) -> dict[str, Any]:
    """Return the words of a class for a parcel with overlay areas that add a condition."""
    assert answer is not None
    if not extra:
        return answer.values
    codes = sorted({*_codes(answer.values["conditional"]), *extra}, key=ORDER.__getitem__)
    values = answer.values | {"conditional": ",".join(codes)}
    if values["verdict"] == Verdict.CONFORM:
        values["verdict"] = Verdict.CONDITIONAL.value
    return values


def _codes(text: str) -> list[str]:
    return text.split(",") if text else []
