"""Parcels that are alike are judged once: the engine answers for one of a class, arrays fill in what was measured.

The words of a land check's row (verdict, rule codes, pathway) are a function of few facts: the proposal, which sub-zones
and overlay areas the parcel has a part in, what each rule says of them, what is refused or in doubt, and between which
limits of the ladders its areas lie. Parcels that agree in all of that are one class: the engine judges the first of them,
and what it says is taken for the others, if its numbers are those that the arrays found for it. Areas, shares and flip
distances are measured for each parcel (`kkpr_check.batch.facts`). What does not fit (footprints, buildings that may leave
too little open ground, several plans that share a parcel) is left to the engine, parcel by parcel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.batch.buildable import Buildable
from kkpr_check.batch.facts import Facts
from kkpr_check.batch.longtable import LongTable
from kkpr_check.batch.naming import distinct, grouped, names_of
from kkpr_check.batch.placing import Bools, Ints
from kkpr_check.batch.prepared import Answer, Prepared, Said
from kkpr_check.batch.sentences import Sentences, Shared, fixed_of
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.standing import StandingBuildings
from kkpr_check.batch.table import COLUMNS, BlockRows, rows_of
from kkpr_check.geometry import objects
from kkpr_check.land import USE_RULES
from kkpr_check.model import Outcome, Report, Verdict
from kkpr_check.rules import ORDER

Exact = Callable[[SiteBlock], Sequence[Report]]
"""The engine, judging sites one by one."""
AT_ONCE = 240
"""New classes that the engine is asked about together."""
AREA_M2, DEPTH_M, SHARE = 2e-4, 3e-4, 1e-5
"""By how much a number of the engine may differ from the same in the arrays: both round to 1e-4."""
WORDS = ("verdict", "pathway", "plan", "footprint_area_m2", "fail", "undetermined", "conditional", "message")
"""Columns that a class has in common; all others are measured for each parcel."""


def judge_alike(
    sites: SiteBlock,
    prepared: Prepared,
    exact: Exact,
    standing: StandingBuildings | None,
    lang: str | None,
    *,
    findings: bool = False,
) -> BlockRows | None:
    """Return the rows of the parcels that are judged by class; `row` says which of `sites` those are.

    Parameters
    ----------
    exact
        Lets the engine judge sites one by one.
    standing
        Buildings of ``--existing``; None without the option: those that the plans know.
    lang
        Language of the messages; None: none are wanted.
    findings
        Whether the long table is wanted.

    Returns
    -------
    BlockRows or None
        None where there is none.
    """
    if not prepared.possible:
        return None
    member, proposal = _candidates(sites, prepared)
    if not len(member):
        return None
    known = prepared.buildings if standing is None else [standing]
    facts = Facts(prepared, sites.take(member), proposal[member], known)
    rows = _rows(facts, exact, lang, findings=findings) if facts.found() else None
    return None if rows is None else rows.placed(member)


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


def _rows(facts: Facts, exact: Exact, lang: str | None, *, findings: bool) -> BlockRows | None:
    """Return the rows of the parcels whose class the engine has an answer for."""
    judged = np.flatnonzero(facts.clear)
    names, which = _named(facts, judged)
    table = facts.table(judged)
    answers, reports = _answers(facts, judged, names, which, table, exact, lang)
    in_doubt = np.array([answer is not None and answer.in_doubt for answer in answers], dtype=bool)[which]
    table["approvable_m2"] = np.where(in_doubt, 0.0, table["approvable_m2"])
    known = np.flatnonzero(np.array([answer is not None for answer in answers], dtype=bool)[which])
    words, shared, alike = _words(facts, judged[known], which[known], answers)
    rows: tuple[Ints, dict[str, Any]] = np.empty(0, dtype=np.int64), {}
    if len(known) and (lang is not None or findings):
        mine, buildable = judged[known], Buildable(facts, judged[known], in_doubt[known])
        sentences = None if lang is None else Sentences(facts, mine, shared, alike, buildable, lang)
        long = LongTable(facts, mine, buildable) if findings else None
        misfits = _learn([one for one in (sentences, long) if one is not None], facts.sites, reports, exact)
        # What the engine says of one of them is not what its class says.
        odd = np.unique(which[known][np.isin(mine, list(misfits))])
        facts.prepared.answers |= dict.fromkeys([names[c] for c in odd.tolist()])
        told = ~np.isin(which[known], odd)
        if sentences is not None:
            words["message"] = sentences.messages()
            told &= [message is not None for message in words["message"]]
        if long is not None:
            told &= long.told()
            rows = long.rows(mine[told])
        known, words = known[told], {name: values[told] for name, values in words.items()}
    if not len(known):
        return None
    columns: dict[str, Any] = {name: values[known] for name, values in table.items()} | words
    return BlockRows(judged[known], {name: columns[name] for name in COLUMNS}, rows[1], rows[0])


def _learn(
    learners: Sequence[Sentences | LongTable], sites: SiteBlock, reports: dict[int, Report], exact: Exact
) -> set[int]:
    """Let words be learned from reports, those at hand and those of parcels with unknown words; return the misfits."""
    for subject, report in reports.items():
        for learner in learners:
            learner.learn(subject, report)
    unknown = list(dict.fromkeys(subject for learner in learners for subject in learner.unknown()))
    for start in range(0, len(unknown), AT_ONCE):
        asked = unknown[start : start + AT_ONCE]
        for subject, report in zip(asked, exact(sites.take(np.array(asked))), strict=True):
            for learner in learners:
                learner.learn(subject, report)
    return {subject for learner in learners for subject in learner.misfits}


def _named(facts: Facts, judged: Ints) -> tuple[list[bytes], Ints]:
    """Return the names of the classes that occur, and the class of each judged parcel."""
    prepared, parts, n = facts.prepared, facts.parts, len(facts.parcels)
    decided = np.zeros(len(parts.subject), dtype=bool)
    ladder = np.zeros(len(parts.subject), dtype=np.int64)
    tall = np.array([p.height_m is not None or p.floors is not None for p in facts.asked], dtype=np.int64)
    for index, zoning in enumerate(prepared.zonings):
        mine = np.flatnonzero(facts.decides[parts.subject] == index)
        subject, group = parts.subject[mine], parts.group[mine] - zoning.offset
        by_use = np.stack([zoning.decided(proposal) for proposal in facts.asked])
        decided[mine] = by_use[facts.use[subject], group]
        ladder[mine] = zoning.ladder[tall[facts.use[subject]], group]
    said = np.zeros((n, len(USE_RULES) + 3), dtype=np.int64)
    yes: Bools = np.all(facts.said < Outcome.UNDETERMINED, axis=1)
    bits = [
        np.int64(1) << facts.said.astype(np.int64),
        facts.held_over[:, None],
        decided[:, None],
        yes[:, None],
    ]
    first = np.flatnonzero(np.diff(parts.subject, prepend=-1))
    said[parts.subject[first]] = np.bitwise_or.reduceat(np.hstack(bits), first)
    columns: list[NDArray[Any]] = [
        facts.decides, facts.gap_m2 > 0, facts.left_empty, facts.approvable_m2 > 0, facts.approvable_m2 == facts.lot_m2,
        facts.legal_area, *said.T, *facts.overlaid.values(), *_beside(facts),
    ]  # fmt: skip
    built = facts.built
    of_part = [column[built] for column in (ladder, facts.sure, *facts.size_cells)]
    return distinct(names_of(columns, parts.subject[built], of_part)[:, judged])


def _beside(facts: Facts) -> list[Ints]:
    """Return what else a class has in common: the proposal, and where a parcel lies in the plans that do not decide.

    One plan: what the matrix says of each part is a fact already, not which use it is. Several: the use itself,
    since each has its own matrix.
    """
    prepared = facts.prepared
    if len(prepared.zonings) == 1:
        return [facts.bare]
    found = [facts.number]
    for index, (zoning, placed) in enumerate(zip(prepared.zonings, facts.zoned, strict=True)):
        some = (placed.zone >= 0) & (facts.decides != index)
        at = np.maximum(placed.zone, 0)
        found.append(np.where(some, 1 + 2 * zoning.layer.group[at] + zoning.holding[at], 0))
    return found


def _answers(
    facts: Facts,
    judged: Ints,
    names: Sequence[bytes],
    which: Ints,
    table: dict[str, NDArray[Any]],
    exact: Exact,
    lang: str | None,
) -> tuple[list[Answer | None], dict[int, Report]]:
    """Return the answer of each class, and the reports of the first parcels of the new ones, about which the engine was asked."""
    answers = facts.prepared.answers
    first = np.full(len(names), len(which))
    np.minimum.at(first, which, np.arange(len(which)))
    new = [row for row, name in zip(first.tolist(), names, strict=True) if name not in answers]
    given: dict[int, Report] = {}
    for start in range(0, len(new), AT_ONCE):
        rows = new[start : start + AT_ONCE]
        reports = exact(facts.sites.take(judged[rows]))
        told = rows_of(reports, judged[rows], "", message=False, findings=False).columns
        for n, row in enumerate(rows):
            one = {name: values[n] for name, values in told.items()}
            extra = _extra_codes(facts, int(facts.extra[judged[row]]))
            fixed = {} if lang is None else fixed_of(reports[n], lang)
            measured = {name: values[row] for name, values in table.items()}
            answer = answers[names[which[row]]] = _answer(one, measured, extra, fixed)
            if answer is not None:
                given[int(judged[row])] = reports[n]
    return [answers[name] for name in names], given


def _extra_codes(facts: Facts, extra: int) -> list[str]:
    """Return the rules whose bits are set."""
    return [rule for number, rule in enumerate(facts.overlaid) if extra >> number & 1]


def _words(
    facts: Facts, judged: Ints, which: Ints, answers: Sequence[Answer | None]
) -> tuple[dict[str, NDArray[Any]], list[Shared], Ints]:
    """Return the columns that say what the rules come to: the class's, and the conditions of overlay areas.

    With them what the parcels share to which they say the same, and which of it each has.
    """
    extra = facts.extra[judged]
    first, row = grouped([which, extra])
    made, shared = [], []
    for answer, e in ((answers[which[n]], extra[n]) for n in first.tolist()):
        assert answer is not None
        made.append(values := _with_conditions(answer, _extra_codes(facts, int(e))))
        shared.append(_shared(values, answer.fixed))
    found = {name: objects([one[name] for one in made])[row] for name in WORDS}
    return found, shared, row


def _shared(values: dict[str, Any], fixed: dict[int, tuple[Said, ...]]) -> Shared:
    """Return what the words of a class say of its messages."""
    for worst in (Outcome.FAIL, Outcome.UNDETERMINED, Outcome.CONDITIONAL):
        if values[worst.word]:
            codes = _codes(values[worst.word])
            return Shared(worst, any(c.startswith(("INT", "TAB")) for c in codes), fixed.get(int(worst), ()))
    return Shared(Outcome.PASS, False, ())


def _answer(
    engines: dict[str, Any],
    measured: dict[str, Any],
    extra: Sequence[str],
    fixed: dict[int, tuple[Said, ...]],
) -> Answer | None:
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
    return Answer(values, in_doubt, fixed)


def _with_conditions(answer: Answer, extra: Sequence[str]) -> dict[str, Any]:
    """Return the words of a class for a parcel with overlay areas that add a condition."""
    if not extra:
        return answer.values
    codes = sorted({*_codes(answer.values["conditional"]), *extra}, key=ORDER.__getitem__)
    values = answer.values | {"conditional": ",".join(codes)}
    if values["verdict"] == Verdict.CONFORM:
        values["verdict"] = Verdict.CONDITIONAL.value
    return values


def _codes(text: str) -> list[str]:
    return text.split(",") if text else []
