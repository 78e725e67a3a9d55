"""Parcels judged by both versions of a plan, or of a folder of plans; a flip is judged again with one part exchanged at a time."""

from __future__ import annotations

import datetime as dt
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kkpr_check import engine
from kkpr_check.batch.blockwork import lonlat_boxes
from kkpr_check.batch.intake import Intake, take_in
from kkpr_check.batch.judging import JudgeOptions, either, judge_block
from kkpr_check.batch.plans import MemoryPlan, PlanStore, check_ids
from kkpr_check.batch.reading import Block, Parcels, Reading, wanted_columns
from kkpr_check.batch.request import BLOCK_ROWS
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.table import BlockRows, joined, plain_values
from kkpr_check.batch.workers import Inline, Pool
from kkpr_check.changes.base import Change
from kkpr_check.changes.flips import causes_of, detail_of, grouped, in_order, rules_changed
from kkpr_check.changes.result import Cause, Diff, Flip, ParcelChanges
from kkpr_check.differing import Side
from kkpr_check.errors import InputError, KkprError, Place, Text, UsageError
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
ADDED, REMOVED = "plan added", "plan removed"
Tell = Callable[[Text], None]
Pairs = Sequence[tuple[Side | None, Side | None]]
Versions = Sequence[tuple[OpenPlan | None, OpenPlan | None]]
"""Each plan as OLD and as NEW have it; None where a version lacks it."""


@dataclass(frozen=True, slots=True)
class FlipRequest:
    """What a caller asks for; reading options hold for the parcels.

    Attributes
    ----------
    plans
        Other plans that judge beside both versions.
    dates
        Whether the law of `as_of` counts; else both versions are judged as if in force.
    versions
        Paths of each plan in OLD and in NEW, with the hashes that were seen; filled in by `judge_both`.
    library
        Whether the versions are folders of plans, of which a parcel asks those around it.
    workers
        Processes that judge; None: one a core. The answer is the same for any number.
    """

    parcels: str
    plans: tuple[str, ...]
    as_of: dt.date
    dates: bool
    layer: str | None = None
    encoding: str | None = None
    assume_crs: str | None = None
    swap_xy: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[tuple[_Seen | None, _Seen | None], ...] = ()
    library: bool = False
    workers: int | None = None


class _Seen(NamedTuple):
    path: str
    sha256: str


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


def judge_both(
    request: FlipRequest, diff: Diff, pairs: Pairs, max_flips: int | None, tell: Tell = lambda _: None
) -> Diff:
    """Return the comparison with the parcels whose verdicts flip.

    Parameters
    ----------
    pairs
        Each plan as it was opened in OLD and in NEW.
    tell
        Called with how far it is.

    Raises
    ------
    UsageError
        A side is no plan folder.
    KkprError
        The parcels or another plan cannot be read.
    """
    if any(side is not None and side.plan is None for pair in pairs for side in pair):
        raise UsageError(
            Text("--parcels needs two plan folders", "--parcels memerlukan dua folder rencana"),
            remedy=Text(
                "kkpr-check plan init makes one from a layer",
                "kkpr-check plan init membuatnya dari sebuah layer",
            ),
        )
    seen = tuple((_seen(old), _seen(new)) for old, new in pairs)
    request = replace(request, versions=seen, library=diff.old.kind == "folder")
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
                tell(_judged_so_far(judged, parcels.rows))
        finally:
            pool.stop()
        name, sha256 = request.parcels, parcels.sha256
    blocks = [judged[number] for number in sorted(judged)]
    flips = _with_causes(
        [flip for block in blocks for flip in block.flips], blocks, request, diff, pairs, tell
    )
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


def _judged_so_far(judged: Mapping[int, _Judged], rows: int | None) -> Text:
    done, flips = (sum(one.rows for one in judged.values()), sum(len(one.flips) for one in judged.values()))
    share = f" ({100 * done / rows:.0f}%)" if rows else ""
    return Text(
        f"{done} parcels judged by both versions{share}; {flips} verdicts flip",
        f"{done} persil dinilai dengan kedua versi{share}; {flips} putusan berubah",
    )


def _seen(side: Side | None) -> _Seen | None:
    return None if side is None else _Seen(side.path, side.sha256)


def _pool(request: FlipRequest, rows: int | None) -> Pool | Inline:
    workers = request.workers or os.cpu_count() or 1
    if rows is not None:
        workers = min(workers, -(-rows // BLOCK_ROWS))
    return Inline(start, request) if workers <= 1 else Pool(start, request, workers)


def start(request: FlipRequest) -> BothVersions:
    """Open both versions in this process and return the function that judges blocks."""
    return BothVersions(request)


class BothVersions:
    """Judges one block after the other by OLD and by NEW."""

    def __init__(self, request: FlipRequest) -> None:
        versions = [tuple(_reopened(seen, request) for seen in pair) for pair in request.versions]
        others = [open_folder(folder) for folder in request.plans]
        self._stores = [_store(version, others, request) for version in zip(*versions, strict=True)]
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
            old, new = (judged_by(store, group, self._options, work_crs) for store in self._stores)
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


def _reopened(seen: _Seen | None, request: FlipRequest) -> OpenPlan | None:
    if seen is None:
        return None
    opened = open_folder(seen.path)
    if opened.sha256 != seen.sha256:
        raise InputError(
            Text("a plan changed while the run went on", "ada rencana yang berubah selama proses berjalan"),
            place=Place(seen.path),
            remedy=Text("run it again", "jalankan lagi"),
            code="changed",
        )
    return _as_judged(opened, request)


def _store(version: Iterable[OpenPlan | None], others: Sequence[OpenPlan], request: FlipRequest) -> PlanStore:
    """Return the plans that judge: all that are named, and of a folder of plans those around a parcel."""
    mine = [plan for plan in version if plan is not None]
    plans = [*others, *mine] if request.library else [*mine, *others]
    check_ids(plans)
    return PlanStore(plans, len(others) if request.library else len(plans))


def judged_by(store: PlanStore, group: SiteBlock, options: JudgeOptions, work_crs: str) -> BlockRows:
    """Return the rows of some sites, in their order, each judged by the plans that it asks."""
    if not store.routes:
        return judge_block(group, store.plans(range(len(store.opened))), options, work_crs)
    at = replace(group, row=np.arange(len(group)))
    return joined([
        judge_block(at.take(members), store.plans(numbers), options, work_crs)
        for numbers, members in store.route(lonlat_boxes(group, work_crs))
    ])  # fmt: skip


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
    flips: Sequence[Flip],
    blocks: Sequence[_Judged],
    request: FlipRequest,
    diff: Diff,
    pairs: Pairs,
    tell: Tell,
) -> list[Flip]:
    """Judge the flips again with one part exchanged at a time: alone in OLD, and missing in NEW."""
    if not flips:
        return []
    versions = [(_judged_side(old, request), _judged_side(new, request)) for old, new in pairs]
    parts = _labelled(versions, library=request.library)
    others = [open_folder(folder) for folder in request.plans]
    sites = _gathered(blocks)
    alone: dict[str, dict[int, str]] = {}
    without: dict[str, dict[int, str]] = {}
    every = frozenset(parts.values())
    for n, (label, part) in enumerate(parts.items(), 1):
        tell(Text(
            f"causes of {len(flips)} flips: part {n} of {len(parts)} ({label})",
            f"penyebab {len(flips)} perubahan putusan: bagian {n} dari {len(parts)} ({label})",
        ))  # fmt: skip
        for verdicts, chosen in ((alone, frozenset({part})), (without, every - {part})):
            hybrid = composed_all(versions, chosen)
            if hybrid is not None:
                near = _around(versions[part[0]], sites) if request.library else sites
                verdicts[label] = _verdicts(_store(hybrid, others, request), near, request)
    proposals = {
        int(row): site.proposal
        for _, group in sites
        for row, site in zip(group.row.tolist(), group, strict=True)
    }
    changes = _changes_of(diff)
    explained = []
    for flip in flips:
        proposal = proposals.get(flip.row)
        if proposal is None:
            explained.append(replace(flip, causes=(Cause(NOT_EXAMINED, "together"),)))
            continue
        causes = causes_of(
            flip.old,
            flip.new,
            _of_row(alone, flip.row, flip.old),
            _of_row(without, flip.row, flip.new),
            tuple(parts),
        )
        told = []
        for cause in causes:
            number, part_ = parts.get(cause.part, (0, ""))
            after = versions[number][1]
            if cause.how != "together" and after is not None:
                activities = _activities(proposal, after.plan.tables)
                cause = replace(
                    cause, detail=detail_of(part_, flip, activities, changes.get(after.plan.id, diff.changes))
                )
            told.append(cause)
        explained.append(replace(flip, causes=tuple(told)))
    return explained


def _judged_side(side: Side | None, request: FlipRequest) -> OpenPlan | None:
    return None if side is None or side.plan is None else MemoryPlan.of(_as_judged(side.plan, request))


def _changes_of(diff: Diff) -> dict[str, Sequence[Change]]:
    return {plan.new.id: plan.changes for plan in diff.plans if plan.new.id is not None}


def _of_row(verdicts: Mapping[str, Mapping[int, str]], row: int, else_: str) -> dict[str, str]:
    """Return part -> the verdict of one parcel; a part of a plan elsewhere leaves it as it is."""
    return {part: by_row.get(row, else_) for part, by_row in verdicts.items()}


def _labelled(versions: Versions, *, library: bool) -> dict[str, tuple[int, str]]:
    """Return the name of each part that differs -> (number of its plan, part); in a folder the plan is named first."""
    found = {}
    for number, (old, new) in enumerate(versions):
        plan = new or old
        assert plan is not None
        for part in (ADDED,) if old is None else (REMOVED,) if new is None else differing_parts(old, new):
            found[f"{plan.plan.id}: {part}" if library else part] = (number, part)
    return found


def composed_all(versions: Versions, from_new: frozenset[tuple[int, str]]) -> list[OpenPlan] | None:
    """Return all plans with the named parts from NEW and the others from OLD; None where parts of a plan do not fit."""
    plans: list[OpenPlan] = []
    for number, (old, new) in enumerate(versions):
        mine = frozenset(part for n, part in from_new if n == number)
        if old is None or new is None:
            plan = new if ADDED in mine else None if REMOVED in mine else old
        else:
            plan = composed(old, new, mine) if mine else old
            if plan is None:
                return None
        if plan is not None:
            plans.append(plan)
    return plans


def _around(
    pair: tuple[OpenPlan | None, OpenPlan | None], sites: Sequence[tuple[str, SiteBlock]]
) -> list[tuple[str, SiteBlock]]:
    """Return the sites that one plan, in either version, may reach."""
    store = PlanStore([plan for plan in pair if plan is not None], 0)
    near = []
    for work_crs, group in sites:
        asked = [members for numbers, members in store.route(lonlat_boxes(group, work_crs)) if numbers]
        if asked:
            near.append((work_crs, group.take(np.sort(np.concatenate(asked)))))
    return near


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
    store: PlanStore, sites: Sequence[tuple[str, SiteBlock]], request: FlipRequest
) -> dict[int, str]:
    """Return row -> verdict."""
    found: dict[int, str] = {}
    for work_crs, group in sites:
        rows = judged_by(store, group, judge_options(request), work_crs)
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
    indexes = {spec.id: of_side.indexes[spec.id] for spec, of_side in layers}
    hybrid = OpenPlan(plan, indexes, old.sha256, old.lock, old.assumptions, old.files)
    try:
        hybrid.check_fields()
    except KkprError:
        return None
    return hybrid
