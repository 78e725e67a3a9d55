"""Parcels judged by both versions of a plan; a flip is judged again with one part of the plan exchanged at a time."""

from __future__ import annotations

import datetime as dt
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from kkpr_check import engine
from kkpr_check.batch.intake import Intake, take_in
from kkpr_check.batch.judging import JudgeOptions, either, judge_block
from kkpr_check.batch.plans import MemoryPlan, check_ids
from kkpr_check.batch.reading import Block, Parcels, Reading, wanted_columns
from kkpr_check.batch.request import BLOCK_ROWS
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.table import BlockRows, plain_values
from kkpr_check.batch.workers import Inline, Pool
from kkpr_check.changes.flips import causes_of, detail_of, grouped, in_order, rules_changed
from kkpr_check.changes.result import Cause, Diff, Flip, ParcelChanges
from kkpr_check.differing import Side
from kkpr_check.errors import InputError, KkprError, Text, UsageError
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.options import parse_options
from kkpr_check.io.windows import OpenPlan, open_folder
from kkpr_check.model import Proposal
from kkpr_check.plan import LayerSpec, Plan, Tables

CAUSES_EXAMINED = 20_000
"""Flips whose cause is looked for; each is judged twice more for every part of the plan that differs."""
NOT_EXAMINED = "?"
_TABLES: Mapping[str, tuple[str, ...]] = {
    "zones.csv": ("zones",), "activities.csv": ("activities",), "kbli.csv": ("kbli",),
    "itbx.csv": ("itbx", "itbx_subzones"), "conditions.csv": ("conditions",), "intensity.csv": ("intensity",),
}  # fmt: skip
_LAW: Mapping[str, tuple[str, ...]] = {
    "plan.toml: dates and status": ("status", "valid_from", "valid_until"),
    "plan.toml: accuracy": ("ce90_m", "scale", "tolerance"),
    "plan.toml: identity": ("level", "rank", "oss_integrated", "kbli_version"),
}
OVERLAYS = "plan.toml: overlays and layers"
ZONING = "zoning"


@dataclass(frozen=True, slots=True)
class FlipRequest:
    """What a caller asks for; reading options hold for the parcels.

    Attributes
    ----------
    plans
        Other plans that judge beside both versions.
    dates
        Whether the law of `as_of` counts; else both versions are judged as if in force.
    """

    parcels: str
    old: str
    new: str
    plans: tuple[str, ...]
    as_of: dt.date
    dates: bool
    layer: str | None = None
    encoding: str | None = None
    assume_crs: str | None = None
    swap_xy: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    hashes: tuple[str, str] = ("", "")


@dataclass(slots=True)
class _Judged:
    """What one block says; `sites` are those that flip, by working CRS, in the order of `flips`."""

    rows: int
    matrix: dict[tuple[str, str], tuple[int, float]]
    flips: list[Flip]
    changed: list[Flip]
    sites: dict[str, SiteBlock]
    unreadable: list[tuple[int, str, Text]]
    repaired: int
    notes: tuple[Text, ...]


def judge_both(request: FlipRequest, diff: Diff, old: Side, new: Side, max_flips: int | None) -> Diff:
    """Return the comparison with the parcels whose verdicts flip.

    Raises
    ------
    UsageError
        A side is no plan folder.
    KkprError
        The parcels or another plan cannot be read.
    """
    if old.plan is None or new.plan is None:
        raise UsageError(
            Text("--parcels needs two plan folders", "--parcels memerlukan dua folder rencana"),
            remedy=Text(
                "kkpr-check plan init makes one from a layer",
                "kkpr-check plan init membuatnya dari sebuah layer",
            ),
        )
    request = replace(request, hashes=(old.sha256, new.sha256))
    reading = Reading(
        request.parcels, request.layer, request.encoding, request.assume_crs, wanted_columns(None)
    )
    parse_options(request.options)
    judged: dict[int, _Judged] = {}
    with Parcels(reading) as parcels:
        pool = _pool(request, parcels.rows)
        try:
            for number, told in pool.map((block.number, block) for block in parcels.blocks(BLOCK_ROWS)):
                judged[number] = told
        finally:
            pool.stop()
        name, sha256 = request.parcels, parcels.sha256
    blocks = [judged[number] for number in sorted(judged)]
    flips = _with_causes([flip for block in blocks for flip in block.flips], blocks, request, diff, old, new)
    matrix: dict[tuple[str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for block in blocks:
        for pair, (n, area_m2) in block.matrix.items():
            matrix[pair] = (matrix[pair][0] + n, matrix[pair][1] + area_m2)
    notes = dict.fromkeys(note for block in blocks for note in block.notes)
    if len(flips) > CAUSES_EXAMINED:
        notes[Text(
            f"the cause was looked for in the first {CAUSES_EXAMINED} flips only",
            f"penyebab hanya dicari pada {CAUSES_EXAMINED} perubahan pertama",
        )] = None  # fmt: skip
    found = ParcelChanges(
        name, sha256, "as-of" if request.dates else "ignored", request.as_of, sum(block.rows for block in blocks),
        in_order(matrix), tuple(flips), tuple(flip for block in blocks for flip in block.changed), grouped(flips),
        tuple(one for block in blocks for one in block.unreadable), sum(block.repaired for block in blocks), tuple(notes),
    )  # fmt: skip
    return replace(diff, parcels=found, max_flips=max_flips)


def _pool(request: FlipRequest, rows: int | None) -> Pool | Inline:
    workers = os.cpu_count() or 1
    if rows is not None:
        workers = min(workers, -(-rows // BLOCK_ROWS))
    return Inline(start, request) if workers <= 1 else Pool(start, request, workers)


def start(request: FlipRequest) -> BothVersions:
    """Open both versions in this process and return the function that judges blocks."""
    return BothVersions(request)


class BothVersions:
    """Judges one block after the other by OLD and by NEW."""

    def __init__(self, request: FlipRequest) -> None:
        opened = [open_folder(request.old), open_folder(request.new)]
        if tuple(plan.sha256 for plan in opened) != request.hashes:
            raise InputError(
                Text(
                    "a plan changed while the run went on", "ada rencana yang berubah selama proses berjalan"
                ),
                remedy=Text("run it again", "jalankan lagi"),
                code="changed",
            )
        old, new = (_as_judged(plan, request) for plan in opened)
        others = [MemoryPlan.of(open_folder(folder)) for folder in request.plans]
        for version in (old, new):
            check_ids([version, *others])
        self._plans = [[MemoryPlan.of(version), *others] for version in (old, new)]
        self._options = judge_options(request)
        self._intake = Intake(
            Path(request.parcels).name,
            None,
            parse_options(request.options),
            request.assume_crs,
            request.swap_xy,
        )

    def __call__(self, block: Block) -> _Judged:
        """Return what the block says."""
        sites = take_in(block.payload.load(), self._intake, block.start)
        told = _Judged(
            block.rows, defaultdict(lambda: (0, 0.0)), [], [], {},
            [(block.start + row, str(sites.id[row]), why) for row, why in sorted(sites.broken.items())],
            sites.repaired, sites.notes,
        )  # fmt: skip
        if sites.broken:
            told.matrix["undetermined", "undetermined"] = (len(sites.broken), 0.0)
        flips: list[tuple[int, str, int, Flip]] = []
        for work_crs, group in sites.groups.items():
            old, new = (judge_block(group, plans, self._options, work_crs) for plans in self._plans)
            for n, flip in _compared(group, old, new, block.start, told):
                if flip.is_flip:
                    flips.append((flip.row, work_crs, n, flip))
                else:
                    told.changed.append(flip)
        flips.sort(key=lambda one: one[0])
        told.changed.sort(key=lambda flip: flip.row)
        for work_crs, group in sites.groups.items():
            members = np.array([n for _, work, n, _ in flips if work == work_crs], dtype=np.int64)
            if len(members):
                told.sites[work_crs] = group.take(members)
        placed = {
            work: iter(crs_policy.transform(_outlines(group), work, crs_policy.LONLAT))
            for work, group in told.sites.items()
        }
        told.flips = [replace(flip, geometry=next(placed[work])) for _, work, _, flip in flips]
        told.matrix = dict(told.matrix)
        return told


def judge_options(request: FlipRequest) -> JudgeOptions:
    """Return what a block is judged for: verdicts and rules, no sentences."""
    return JudgeOptions(engine.Options(request.as_of), "en", message=False, findings=False)


def _as_judged(opened: OpenPlan, request: FlipRequest) -> OpenPlan:
    """Return a version as it is judged: as if in force, unless dates count."""
    if request.dates:
        return opened
    return replace(opened, plan=replace(opened.plan, status="in-force", valid_from=None, valid_until=None))


def _outlines(group: SiteBlock) -> Any:
    return group.parcel if group.footprint is None else either(group.parcel, group.footprint)


def _compared(
    group: SiteBlock, old: BlockRows, new: BlockRows, start: int, told: _Judged
) -> list[tuple[int, Flip]]:
    """Count verdict pairs, and return the sites whose verdict or rules differ."""
    a = {name: plain_values(old.columns[name]) for name in _READ}
    b = {name: plain_values(new.columns[name]) for name in _READ}
    found = []
    for n in range(len(group)):
        before, after = ({name: side[name][n] for name in _READ} for side in (a, b))
        pair = (str(before["verdict"]), str(after["verdict"]))
        area_m2 = after["parcel_area_m2"]
        count, total = told.matrix[pair]
        told.matrix[pair] = (count + 1, total + (area_m2 or 0.0))
        rules = rules_changed(before, after)
        if pair[0] != pair[1] or rules:
            flip = Flip(
                start + int(group.row[n]),
                str(group.id[n]),
                *pair,
                rules,
                (before["zones"], after["zones"]),
                area_m2,
                (),
            )
            found.append((n, flip))
    return found


_READ = ("verdict", "fail", "undetermined", "conditional", "zones", "parcel_area_m2")


def _with_causes(
    flips: Sequence[Flip], blocks: Sequence[_Judged], request: FlipRequest, diff: Diff, old: Side, new: Side
) -> list[Flip]:
    """Judge the flips again with one part exchanged at a time: alone in OLD, and missing in NEW."""
    if not flips:
        return []
    assert old.plan is not None and new.plan is not None
    before, after = _as_judged(old.plan, request), _as_judged(new.plan, request)
    parts = differing_parts(before, after)
    others = [open_folder(folder) for folder in request.plans]
    sites = _gathered(blocks)
    alone: dict[str, dict[int, str]] = {}
    without: dict[str, dict[int, str]] = {}
    for part in parts:
        for verdicts, chosen in ((alone, {part}), (without, set(parts) - {part})):
            hybrid = composed(before, after, frozenset(chosen))
            if hybrid is not None:
                verdicts[part] = _verdicts(hybrid, others, sites, request)
    proposals = {
        int(row): site.proposal
        for _, group in sites
        for row, site in zip(group.row.tolist(), group, strict=True)
    }
    explained = []
    for flip in flips:
        proposal = proposals.get(flip.row)
        if proposal is None:
            explained.append(replace(flip, causes=(Cause(NOT_EXAMINED, "together"),)))
            continue
        causes = causes_of(
            flip.old, flip.new, {part: by[flip.row] for part, by in alone.items()},
            {part: by[flip.row] for part, by in without.items()}, parts,
        )  # fmt: skip
        activities = _activities(proposal, after.plan.tables)
        told = tuple(
            c if c.how == "together" else replace(c, detail=detail_of(c.part, flip, activities, diff.changes))
            for c in causes
        )
        explained.append(replace(flip, causes=told))
    return explained


def _gathered(blocks: Sequence[_Judged]) -> list[tuple[str, SiteBlock]]:
    """Return the flipped sites, at most `CAUSES_EXAMINED`; their `row` is that of the file."""
    gathered: list[tuple[str, SiteBlock]] = []
    left = CAUSES_EXAMINED
    start = 0
    for block in blocks:
        for work_crs, group in block.sites.items():
            group = group.take(np.arange(min(left, len(group))))
            left -= len(group)
            if len(group):
                gathered.append((work_crs, replace(group, row=group.row + start)))
        start += block.rows
    return gathered


def _verdicts(
    hybrid: OpenPlan, others: Sequence[OpenPlan], sites: Sequence[tuple[str, SiteBlock]], request: FlipRequest
) -> dict[int, str]:
    """Return row -> verdict by a hybrid of the two versions; its layers are forgotten afterwards."""
    plans = [MemoryPlan.of(plan) for plan in (hybrid, *others)]
    found: dict[int, str] = {}
    for work_crs, group in sites:
        rows = judge_block(group, plans, judge_options(request), work_crs)
        found |= zip(group.row.tolist(), plain_values(rows.columns["verdict"]), strict=True)
    return found


def _activities(proposal: Proposal, tables: Tables) -> tuple[str, ...]:
    if proposal.activity is not None:
        return (proposal.activity,)
    return tables.kbli.get(proposal.kbli or "", ())


def differing_parts(old: OpenPlan, new: OpenPlan) -> tuple[str, ...]:
    """Return the parts of the plan that differ and that a verdict may depend on."""
    parts = []
    if _zoning(old) != _zoning(new):
        parts.append(ZONING)
    parts += [f"layer {name}" for name in _shared_layers(old, new) if _layer(old, name) != _layer(new, name)]
    parts += [
        name for name, fields in _TABLES.items()
        if any(getattr(old.plan.tables, f) != getattr(new.plan.tables, f) for f in fields)
        or (name in old.plan.tables.present) != (name in new.plan.tables.present)
    ]  # fmt: skip
    if old.plan.overlays != new.plan.overlays or _other_ids(old) != _other_ids(new):
        parts.append(OVERLAYS)
    parts += [
        part
        for part, fields in _LAW.items()
        if any(getattr(old.plan, f) != getattr(new.plan, f) for f in fields)
    ]
    return tuple(parts)


def _zoning(opened: OpenPlan) -> list[Any]:
    return [_layer(opened, spec.id) for spec in opened.plan.layers_of(ZONING)]


def _layer(opened: OpenPlan, name: str) -> tuple[LayerSpec, str]:
    spec = next(spec for spec in opened.plan.layers if spec.id == name)
    return replace(spec, path="", legal=""), opened.indexes[name].sha256


def _other_ids(opened: OpenPlan) -> set[str]:
    return {spec.id for spec in opened.plan.layers if spec.role != ZONING}


def _shared_layers(old: OpenPlan, new: OpenPlan) -> list[str]:
    return [spec.id for spec in new.plan.layers if spec.id in _other_ids(old) & _other_ids(new)]


def composed(old: OpenPlan, new: OpenPlan, from_new: frozenset[str]) -> OpenPlan | None:
    """Return a plan whose parts come from OLD, or from NEW where they are named; None where they do not fit."""

    def side(part: str) -> OpenPlan:
        return new if part in from_new else old

    layers = [(spec, side(ZONING)) for spec in side(ZONING).plan.layers_of(ZONING)]
    shared = _shared_layers(old, new)
    for name in shared:
        of = side(f"layer {name}")
        layers.append((next(spec for spec in of.plan.layers if spec.id == name), of))
    of = side(OVERLAYS)
    layers += [(spec, of) for spec in of.plan.layers if spec.role != ZONING and spec.id not in shared]
    tables, present = Tables(), set[str]()
    for name, fields in _TABLES.items():
        source = side(name).plan.tables
        tables = replace(tables, **{f: getattr(source, f) for f in fields})
        present |= {name} & source.present
    values: dict[str, Any] = {f: getattr(side(part).plan, f) for part, fields in _LAW.items() for f in fields}
    plan: Plan = replace(
        old.plan, layers=tuple(spec for spec, _ in layers), overlays=of.plan.overlays,
        tables=replace(tables, present=frozenset(present)), **values,
    )  # fmt: skip
    hybrid = replace(old, plan=plan, indexes={spec.id: of_side.indexes[spec.id] for spec, of_side in layers})
    try:
        hybrid.check_fields()
    except KkprError:
        return None
    return hybrid
