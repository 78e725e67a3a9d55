"""One run of a batch, from its request to the finished output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from kkpr_check._version import __version__
from kkpr_check.batch import blockwork, footprints, writing
from kkpr_check.batch.cluster import AHEAD, AHEAD_NAMED, Cluster
from kkpr_check.batch.duplicates import duplicate_ids
from kkpr_check.batch.journal import Part, WorkFolder
from kkpr_check.batch.plans import PlanStore, check_ids
from kkpr_check.batch.reading import Block, Parcels, Reading, spooled_stdin, wanted_columns
from kkpr_check.batch.request import BatchRequest
from kkpr_check.batch.summary import Summary
from kkpr_check.batch.targets import check_folders, check_targets, put
from kkpr_check.batch.workers import Inline, Pool
from kkpr_check.batch.writing import LayerFacts
from kkpr_check.errors import InputError, KkprError, Place, Text, UsageError
from kkpr_check.io.containers import sha256_of
from kkpr_check.io.crs import authority, canonical, missing_crs
from kkpr_check.io.options import parse_options

Progress = Callable[[int, int, "int | None", Summary], None]
"""Called with rows done, rows of them done by an interrupted run, rows in all (None = not known), and the counts."""


@dataclass
class BatchResult:
    """What a finished run has to tell.

    Attributes
    ----------
    duplicate_ids
        Ids that stand more than once.
    resumed_rows
        Rows that an interrupted run had done already.
    """

    summary: Summary
    duplicate_ids: int = 0
    resumed_rows: int = 0
    notes: tuple[Text, ...] = ()
    plans: tuple[tuple[str, str, bool], ...] = ()
    """(id, name, whether it is synthetic) of every plan."""
    as_of: Any = None
    files: list[str] = field(default_factory=list)


def run_batch(request: BatchRequest, progress: Progress | None = None) -> BatchResult:
    """Judge a file of parcels and write the table.

    Raises
    ------
    KkprError
        Nothing could be run, or not to its end; with a work folder left behind it can be resumed.
    OSError
        The output can not be written (disk full).
    KeyboardInterrupt
        Interrupted; what is done is kept.
    """
    if request.parcels == "-":
        with spooled_stdin() as copy:
            return run_batch(replace(request, parcels=copy), progress)
    request.check()
    check_folders(request)
    if request.scheduler is not None:
        request = _absolute(request)
    writing.need_arrow(request.output, [request.suffix, request.findings_suffix])
    parse_options(request.options)
    work = WorkFolder(request.output, resume=request.resume)
    try:
        return _held(request, work, progress)
    finally:
        work.release()


def _held(request: BatchRequest, work: WorkFolder, progress: Progress | None) -> BatchResult:
    try:
        before = work.recorded()
        request = _as_before(request, before)
        if before is None or not (work.path / "finishing").exists():
            check_targets(request)
        store = PlanStore.open(request.plans, request.plan_library)
        check_ids(store.opened)
        reading = Reading(
            request.parcels,
            request.layer,
            request.encoding,
            request.assume_crs,
            wanted_columns(request.id_field),
        )
        with Parcels(reading) as parcels:
            _check_id_field(request, parcels)
            work.start(_identity(request, parcels, store))
            result = _Run(request, work, parcels, store, progress).to_end()
    except BaseException as error:
        _leave(work, changed=isinstance(error, InputError) and error.code == "changed")
        raise
    work.remove()
    return result


def _leave(work: WorkFolder, *, changed: bool) -> None:
    """Keep what is done; a folder in which nothing is done goes, and what came of an input that changed meanwhile."""
    if changed or not any(work.path.glob("*.part")):
        work.remove()


def _as_before(request: BatchRequest, before: dict[str, Any] | None) -> BatchRequest:
    """Return the request with what a resumed run was begun with where the call does not say: day and block size."""
    import datetime as dt

    if before is None:
        return replace(request, as_of=request.as_of or dt.date.today())
    as_of = request.as_of or dt.date.fromisoformat(before["options"]["as_of"])
    return replace(request, as_of=as_of, block_rows=int(before["block_rows"]))


def _absolute(request: BatchRequest) -> BatchRequest:
    """Name every file from the root: a worker of a cluster stands elsewhere."""

    def whole(path: str | None) -> str | None:
        return None if path is None else str(Path(path).absolute())

    return replace(
        request,
        parcels=str(Path(request.parcels).absolute()),
        plans=tuple(str(Path(plan).absolute()) for plan in request.plans),
        plan_library=whole(request.plan_library),
        footprints=whole(request.footprints),
        existing=whole(request.existing),
    )


def _check_id_field(request: BatchRequest, parcels: Parcels) -> None:
    wanted = (request.id_field or "").strip().casefold()
    if wanted and parcels.fields and wanted not in [name.strip().casefold() for name in parcels.fields]:
        raise _no_id_field(request, parcels.fields)


def _no_id_field(request: BatchRequest, fields: Sequence[str]) -> UsageError:
    have = f" (there are: {', '.join(fields)})" if fields else ""
    have_id = f" (yang ada: {', '.join(fields)})" if fields else ""
    return UsageError(
        Text(
            f"--id-field: there is no column {request.id_field!r}{have}",
            f"--id-field: tidak ada kolom {request.id_field!r}{have_id}",
        ),
        place=Place(request.parcels),
        code="field-missing",
    )


_NO_PART_OF_IDENTITY = frozenset({
    "parcels", "output", "plans", "plan_library", "footprints", "existing", "findings", "overwrite", "resume",
    "workers", "block_rows", "scheduler", "options",
})  # fmt: skip


def _identity(request: BatchRequest, parcels: Parcels, store: PlanStore) -> dict[str, Any]:
    """Return what must be the same for the two halves of a resumed run."""
    options = {name: value for name, value in asdict(request).items() if name not in _NO_PART_OF_IDENTITY}
    options |= dict(request.options)
    options["as_of"] = str(request.as_of)
    return {
        "tool": __version__,
        "parcels": {"name": parcels.name, "sha256": parcels.sha256},
        "plans": {plan.plan.id: plan.sha256 for plan in store.opened},
        "footprints": None if request.footprints is None else sha256_of(request.footprints),
        "existing": None if request.existing is None else sha256_of(request.existing),
        "formats": [request.suffix, request.findings_suffix],
        "options": {name: value for name, value in options.items() if value not in (None, False)},
        "block_rows": request.block_rows,
    }


class _Run:
    """The state of one run while it goes on."""

    def __init__(
        self,
        request: BatchRequest,
        work: WorkFolder,
        parcels: Parcels,
        store: PlanStore,
        progress: Progress | None,
    ) -> None:
        self.request, self.work, self.parcels, self.store = request, work, parcels, store
        self.reading = parcels.reading
        self.progress = progress
        self.summary = Summary()
        self.resumed = 0
        self.told: dict[int, dict[str, Any]] = {}
        self.bounds: list[float] | None = None
        self.types: set[str] = set()
        self.notes: dict[Text, None] = {}
        self.crs = ""
        self.named = False
        self.joined = 0
        self.ids: list[tuple[Path, int, int]] = []
        self.table = writing.joiner(request.suffix, work.path / f"output{request.suffix}", findings=False)
        self.long = None
        if request.findings_suffix is not None:
            target = work.path / f"findings{request.findings_suffix}"
            self.long = writing.joiner(request.findings_suffix, target, findings=True)

    def to_end(self) -> BatchResult:
        """Work through all blocks, join their parts, and put the output into its place."""
        try:
            return self._to_end()
        except BaseException:
            for joiner in (self.table, self.long):
                if joiner is not None:
                    joiner.abandon()
            raise

    def _to_end(self) -> BatchResult:
        pool = self._pool()
        try:
            for number, told in pool.map(self._open_blocks()):
                self._take(number, told)
        finally:
            pool.stop()
        if self.request.id_field is not None and not self.named:
            raise _no_id_field(self.request, ())
        result = BatchResult(
            self.summary,
            duplicate_ids(self.ids),
            self.resumed,
            tuple(self.notes),
            tuple((p.plan.id, p.plan.name, p.plan.synthetic) for p in self.store.opened),
            self.request.as_of,
        )
        self._finish(result)
        return result

    def _pool(self) -> Pool | Inline | Cluster:
        setup = blockwork.WorkSetup(self.request, self.work.path, self.store.hashes)
        if self.request.scheduler is not None:
            ahead = AHEAD_NAMED if self.parcels.named else AHEAD
            return Cluster(blockwork.start, setup, self.request.scheduler, ahead=ahead)
        rows = self.parcels.rows
        workers = self.request.workers or _cores()
        if rows is not None:
            workers = min(workers, -(-rows // self.request.block_rows))
        return Inline(blockwork.start, setup) if workers <= 1 else Pool(blockwork.start, setup, workers)

    def _open_blocks(self) -> Iterator[tuple[int, Block]]:
        """Yield the blocks that are not done yet; take those that are."""
        for block in self._all_blocks():
            told = Part.of(self.work.path, block.number).read(block.start, block.rows)
            if told is None:
                yield block.number, block
            else:
                self.resumed += block.rows
                self._take(block.number, told)

    def _parcel_blocks(self) -> Iterator[Block]:
        return self.parcels.blocks(self.request.block_rows, by_name=self.request.scheduler is not None)

    def _all_blocks(self) -> Iterator[Block]:
        """Yield the blocks of parcels, then those of the buildings that stand on none."""
        request = self.request
        if request.footprints is None:
            yield from self._parcel_blocks()
            return
        label = self.parcels.crs_label or request.assume_crs
        if label is None:
            raise missing_crs(Place(request.parcels))
        crs = authority(canonical(label))
        reading = footprints.reading_of(request.footprints, self.reading)
        blocks = self._parcel_blocks()
        database = footprints.build(reading, blocks, crs, request.id_field, self.work.path)
        last = None
        for last in self._parcel_blocks():
            yield last
        assert last is not None
        after, start = last.number + 1, last.start + last.rows
        yield from footprints.unmatched_blocks(
            database, after, start, request.block_rows, crs, Path(request.footprints).name
        )

    def _take(self, number: int, told: dict[str, Any]) -> None:
        """Take a finished block in; append to the output whatever comes next in order."""
        self.told[number] = told
        while (told := self.told.pop(self.joined, None)) is not None:  # type: ignore[arg-type]
            part = Part.of(self.work.path, self.joined)
            self.joined += 1
            self.ids.append((part.path, told["blobs"]["ids"][0], told["rows"]))
            self.table.add(part, told)
            if self.long is not None:
                self.long.add(part, told)
            self._count(told)
        if self.progress is not None:
            self.progress(self.summary.rows, self.resumed, self.parcels.rows, self.summary)

    def _count(self, told: dict[str, Any]) -> None:
        self.summary.merge(Summary.from_json(told["summary"]))
        self.notes |= dict.fromkeys(Text(*note) for note in told["notes"])
        self.types |= set(told["types"])
        self.crs = self.crs or told["crs"]
        self.named |= told["named"]
        if told["bounds"] is not None:
            mine = self.bounds or told["bounds"]
            self.bounds = [*map(min, mine[:2], told["bounds"][:2]), *map(max, mine[2:], told["bounds"][2:])]

    def _finish(self, result: BatchResult) -> None:
        bounds = (
            None if self.bounds is None else (self.bounds[0], self.bounds[1], self.bounds[2], self.bounds[3])
        )
        facts = LayerFacts(self.crs, bounds, tuple(sorted(self.types)))
        request, folder = self.request, self.work.path
        made = [(folder / f"output{request.suffix}", request.output)]
        self.table.close(facts)
        if request.suffix == ".html":
            from kkpr_check.report.batch_html import dumps

            made[0][0].write_text(dumps(result, request.lang), encoding="utf-8", newline="\n")
        writing.prove(request.suffix, made[0][0], self.summary.rows)
        if self.long is not None and request.findings is not None:
            assert request.findings_suffix is not None
            self.long.close(facts)
            made.append((folder / f"findings{request.findings_suffix}", request.findings))
            with made[1][0].open("rb+") as stream:
                os.fsync(stream.fileno())
        if not (folder / "finishing").exists():
            check_targets(request)  # one may have appeared meanwhile
        (folder / "finishing").touch()
        for built, target in reversed(made):
            put(built, Path(target))
            result.files.append(target)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


__all__ = ["BatchRequest", "BatchResult", "InputError", "KkprError", "run_batch"]
