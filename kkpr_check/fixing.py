"""`validate --fix-safe`: a corrected copy of a plan folder or a layer, in which no verdict is another than before.

The copy is made beside its place, corrected there, judged against the original, and renamed when it is whole.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import GEOSException

from kkpr_check.errors import InputError, KkprError, Place, Text, UsageError
from kkpr_check.io import crs as crs_policy
from kkpr_check.io import fix_write, quality_read
from kkpr_check.io.containers import local_path, opened, sibling
from kkpr_check.io.layers import read_source
from kkpr_check.io.planfolder import PLAN_FILE, gather_plan
from kkpr_check.io.planlayers import COPIES, LOCK_FILE
from kkpr_check.io.quality_read import Reading
from kkpr_check.io.raw import Raw
from kkpr_check.io.repoint import repointed
from kkpr_check.phrases import counted
from kkpr_check.quality import topology
from kkpr_check.quality.base import LayerView, Surroundings
from kkpr_check.quality.findings import DataFinding, FixReport, RolledBack
from kkpr_check.quality.fixes import CONVERTED, KINDS, Draft, Fix, Sheet, draft_of
from kkpr_check.trials import MAX_SITES, Layer, Signature, Trial, changed, spread

CHANGES = "CHANGES.json"
HARMLESS = ("blanks", "duplicate-vertex", "ring-direction")
"""What may be done where the data cannot be judged on, so that nothing can be compared."""
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qpj", ".qix", ".sbn", ".sbx", ".shp.xml")


@dataclass(slots=True)
class _Outcome:
    fixes: list[Fix]
    verdicts: Signature | None
    defects: int


def fix_safe(target: str, output: str, reading: Reading, *, overwrite: bool, as_of: dt.date) -> FixReport:
    """Write a corrected copy of a plan folder or layer into the folder `output`.

    Raises
    ------
    UsageError
        The output exists, lies in the target, or the target is neither.
    InputError
        The target cannot be read.
    """
    source = local_path(target)
    source = source.parent if source.name == PLAN_FILE else source
    out = Path(output)
    _check_output(source, out, overwrite)
    home = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".tmp", dir=out.absolute().parent))
    try:
        copy = home / "copy"
        _copy(source, copy)
        layers = _layers(source, reading)
        skipped = [layer.path for layer in layers if not _writable(copy, layer)]
        work = _Work(source, copy, [layer for layer in layers if layer.path not in skipped], as_of)
        report = work.run(output, skipped, locked=(source / LOCK_FILE).is_file())
        _note(copy / CHANGES, report)
        if out.exists():
            shutil.move(str(out), str(home / "old"))
        os.rename(copy, out)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return report


def _check_output(source: Path, out: Path, overwrite: bool) -> None:
    place = Place(str(out))
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageError(Text("the output is no folder", "keluaran bukan folder"), place=place, code="output")
    if out.exists() and not overwrite:
        raise UsageError(
            Text("the output exists already", "keluaran sudah ada"), place=place, code="output-exists",
            remedy=Text("choose another name, or give --overwrite", "pilih nama lain, atau berikan --overwrite"),
        )  # fmt: skip
    if out.exists() and any(out.iterdir()) and not (out / CHANGES).is_file():
        raise UsageError(
            Text("the output is a folder that --fix-safe did not write", "keluaran adalah folder yang bukan tulisan --fix-safe"),
            place=place, remedy=Text("choose another name", "pilih nama lain"), code="output-exists",
        )  # fmt: skip
    if not out.absolute().parent.is_dir():
        raise UsageError(
            Text("the folder of the output does not exist", "folder keluaran tidak ada"),
            place=place,
            code="output",
        )
    home, target = source.resolve(), out.resolve()
    if home == target or home in target.parents or target in home.parents:
        raise UsageError(
            Text("the output would lie in the input, or around it", "keluaran berada di dalam masukan, atau memuatnya"),
            place=place, remedy=Text("choose a folder beside it", "pilih folder di sampingnya"), code="output",
        )  # fmt: skip


def _copy(source: Path, copy: Path) -> None:
    """Copy a plan folder (without its lock and indexed copies: they sign other bytes), or the parts of a layer."""
    if source.is_dir() and (source / PLAN_FILE).is_file():
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns(LOCK_FILE, COPIES))
        return
    if source.is_dir() and source.suffix.casefold() != ".gdb":
        raise InputError(
            Text("neither a plan folder nor a layer", "bukan folder rencana, bukan pula layer"), place=Place(str(source)),
            remedy=Text("name one plan folder, or one layer", "sebutkan satu folder rencana, atau satu layer"), code="not-fixable",
        )  # fmt: skip
    copy.mkdir()
    for part in _parts(source):
        _copy_part(part, copy)


def _copy_part(part: Path, folder: Path) -> None:
    if part.is_dir():
        shutil.copytree(part, folder / part.name, dirs_exist_ok=True)
    else:
        shutil.copy2(part, folder / part.name)


def _parts(layer: Path) -> list[Path]:
    if layer.suffix.casefold() != ".shp":
        return [layer]
    return [part for suffix in _PARTS if (part := sibling(layer, suffix)) is not None]


def _layers(source: Path, reading: Reading) -> list[Layer]:
    if not _is_plan(source):
        return [Layer(source.name, reading, None, None)]
    from kkpr_check.validating import reading_of

    plan, _, errors, _ = gather_plan(source)
    if plan is None:
        raise errors[0]
    return [
        Layer(spec.path, reading_of(str(source), plan, i), spec, plan) for i, spec in enumerate(plan.layers)
    ]


def _is_plan(target: Path) -> bool:
    return (target / PLAN_FILE).is_file()


def _writable(copy: Path, layer: Layer) -> bool:
    """Tell whether a layer of the copy can be corrected: a format that is written, read without doubt."""
    path = copy / layer.path
    try:
        raw = _raw(path, layer)
    except KkprError:
        return False
    return (
        fix_write.can_write(path, layer.reading.layer, raw) or fix_write.can_convert(raw)
    ) and not layer.reading.swap_xy


def _raw(path: Path, layer: Layer) -> Raw:
    with opened(path, layer.reading.layer) as source:
        return read_source(source, layer.reading.encoding)


class _Work:
    """The corrections of one copy, tried and judged."""

    def __init__(self, source: Path, copy: Path, layers: Sequence[Layer], as_of: dt.date) -> None:
        self.source, self.copy, self.layers = source, copy, layers
        self.is_plan = _is_plan(source)
        self.trial = Trial(source, layers, as_of)
        self.now = list(layers)
        self.unwritten: dict[str, None] = {}
        self.places: list[Any] = []
        self._crs: dict[str, str] = {}
        self._judged: dict[tuple[bytes, ...], Signature | None] = {}

    def run(self, output: str, skipped: Sequence[str], *, locked: bool) -> FixReport:
        """Make all corrections; where a verdict changes, or a defect is added, one kind after the other."""
        if not self.layers:  # nothing that can be written
            target = Path(output) if self.is_plan else Path(output) / self.source.name
            return FixReport(output, (), {}, (), tuple(skipped), target=str(target), locked=locked)
        before = self._state([])
        kinds = tuple(KINDS) if before.verdicts is not None else HARMLESS
        rolled: list[RolledBack] = []
        if before.verdicts is None:
            why = Text("the data cannot be judged on, so verdicts cannot be compared",
                       "data tidak dapat dinilai, sehingga putusan tidak dapat dibandingkan")  # fmt: skip
            rolled = [RolledBack(kind, why) for kind in KINDS if kind not in HARMLESS]
        after = self._tried(kinds, before)
        if isinstance(after, Text):
            kept: list[str] = []
            for kind in kinds:
                found = self._tried([*kept, kind], before)
                if isinstance(found, Text):
                    rolled.append(RolledBack(kind, found))
                else:
                    kept.append(kind)
            after = self._tried(kept, before)
            if isinstance(after, Text):
                after = self._state([])
        numbers = {kind: sum(fix.kind == kind for fix in after.fixes) for kind in (*KINDS, CONVERTED)}
        counts = {kind: number for kind, number in numbers.items() if number}
        return FixReport(
            output,
            tuple(replace(fix, file=self._relative(fix.file)) for fix in after.fixes),
            counts,
            tuple(rolled),
            (*skipped, *self.unwritten),
            target=str(Path(output) if self.is_plan else Path(output) / self.now[0].path),
            sites=max(len(after.verdicts or ()) - self.trial.cases, 0),
            cases=self.trial.cases,
            locked=locked,
        )

    def _relative(self, file: str) -> str:
        return Path(file).relative_to(self.copy).as_posix()

    def _tried(self, kinds: Sequence[str], before: _Outcome) -> _Outcome | Text:
        """Return the state after some kinds of corrections, or why it may not stay."""
        made = self._corrected(kinds)
        self.places = spread([place for fix in made for place in self._lonlat(fix)], MAX_SITES)
        reference = self._reference() if before.verdicts is not None else None
        after = _Outcome(
            made,
            self.trial.verdicts(self.copy_target, self.places) if reference is not None else None,
            self._defects(),
        )
        if after.verdicts != reference:
            number = changed(reference, after.verdicts)
            return Text(
                f"it would change the verdict of {counted(number, 'site', 'sites', 'lokasi').en}",
                f"akan mengubah putusan {counted(number, 'site', 'sites', 'lokasi').id}",
            )
        if after.defects > before.defects:
            return Text("it would add overlaps or gaps", "akan menambah tumpang tindih atau celah")
        return after

    @property
    def copy_target(self) -> Path:
        return self.copy if self.is_plan else self.copy / self.now[0].path

    def _state(self, made: list[Fix]) -> _Outcome:
        self._restore()
        self.places = []
        return _Outcome(made, self._reference(), self._defects())

    def _reference(self) -> Signature | None:
        """Return the verdicts of the original on the present places, judged once."""
        key = tuple(shapely.to_wkb(place) for place in self.places)
        if key not in self._judged:
            self._judged[key] = self.trial.verdicts(self.source, self.places)
        return self._judged[key]

    def _restore(self) -> None:
        for old, new in zip(self.layers, self.now, strict=True):
            if new.path != old.path:
                (self.copy / new.path).unlink(missing_ok=True)
            original = self.source / old.path if self.is_plan else self.source
            if not original.is_dir():
                for part in _parts(original):
                    _copy_part(part, (self.copy / old.path).parent)
        if self.is_plan:
            shutil.copy2(self.source / PLAN_FILE, self.copy / PLAN_FILE)
        self.now = list(self.layers)

    def _corrected(self, kinds: Sequence[str]) -> list[Fix]:
        """Write the corrections of some kinds into the fresh copy."""
        self._restore()
        made: list[Fix] = []
        for number, layer in enumerate(self.layers):
            if layer.path in self.unwritten:
                continue
            sheet, raw, slivers = self._sheet(layer)
            if sheet is None:
                continue
            draft = draft_of(sheet, kinds, slivers)
            _drop_what_does_not_fit(draft, self.copy / layer.path, layer.reading.layer, raw)
            if draft.fixes and self._written(number, raw, draft):
                made += draft.fixes
        return made

    def _written(self, number: int, raw: Raw, draft: Draft) -> bool:
        """Write a layer, in another format where its own would lose something; tell whether that could be done."""
        layer = self.layers[number]
        path = self.copy / layer.path
        try:
            if fix_write.can_write(path, layer.reading.layer, raw):
                try:
                    fix_write.write(path, layer.reading.layer, raw, draft)
                    return True
                except InputError as error:
                    if error.code != "not-written" or not fix_write.can_convert(raw):
                        raise
            self._convert(number, raw, draft)
        except InputError as error:
            if error.code != "not-written":
                raise
            self.unwritten[layer.path] = None
            return False
        return True

    def _convert(self, number: int, raw: Raw, draft: Draft) -> None:
        """Write a layer as a GeoPackage beside it, and let plan.toml name that."""
        layer = self.layers[number]
        path = self.copy / layer.path
        target = _free_name(path, raw.layer)
        inside = target.relative_to(self.copy).as_posix()
        text = None
        if self.is_plan:
            text = repointed(
                (self.copy / PLAN_FILE).read_text("utf-8"), self._place(layer), inside, raw.layer
            )
            if text is None:
                raise InputError(
                    Text("plan.toml cannot be made to name another file", "plan.toml tidak dapat diarahkan ke berkas lain"),
                    place=Place(str(path)), code="not-written",
                )  # fmt: skip
        fix_write.convert(path, layer.reading.layer, raw, draft, target)
        if text is not None:
            (self.copy / PLAN_FILE).write_text(text, encoding="utf-8")
        reading = replace(layer.reading, layer=raw.layer, encoding=None)
        spec = None if layer.spec is None else replace(layer.spec, path=inside, layer=raw.layer)
        self.now[number] = Layer(inside, reading, spec, layer.plan)
        draft.fixes.append(Fix(CONVERTED, str(path), raw.layer, None, -1, before=layer.path, after=inside))

    @staticmethod
    def _place(layer: Layer) -> int:
        """Return which ``[[layer]]`` of plan.toml a layer is."""
        assert layer.plan is not None and layer.spec is not None
        return next(i for i, spec in enumerate(layer.plan.layers) if spec is layer.spec)

    def _sheet(self, layer: Layer) -> tuple[Sheet | None, Raw, Sequence[DataFinding]]:
        path = self.copy / layer.path
        raw = _raw(path, layer)
        view, crs, plane = self._view(layer)
        if view is None or len(view) != len(raw.geometry):
            return None, raw, ()
        geometry = raw.geometry.copy()
        polygon = np.isin(shapely.get_type_id(geometry), (3, 6)) & ~shapely.is_empty(geometry)
        flat = ~fix_write.with_heights(path, layer.reading.layer, raw)
        usable = polygon & flat & shapely.is_valid(geometry) & view.has_plane
        geometry[~usable] = None
        kept = _named_texts(layer)
        slivers = self._slivers(view, crs, plane) if view.role == "zoning" else ()
        return Sheet(geometry, raw.fields, view, view.source_unit_m, kept), raw, slivers

    def _view(self, layer: Layer) -> tuple[LayerView | None, str | None, str | None]:
        read = quality_read.read_layer(
            str(self.copy / layer.path), layer.reading, spec=layer.spec, plan=layer.plan
        )
        plane = quality_read.plane_of([read])
        if read.crs is not None:
            self._crs[read.path] = read.crs
        return quality_read.projected(read, plane), read.crs, plane

    def _slivers(self, view: LayerView, crs: str | None, plane: str | None) -> list[DataFinding]:
        if crs is None or plane is None or not view.has_plane:
            return []
        found = [f for f in self._topology(view) if f.code in ("DAT101", "DAT102")]
        return quality_read.placed(found, plane, crs)

    @staticmethod
    def _topology(view: LayerView) -> list[DataFinding]:
        try:
            return list(topology.topology(view, Surroundings()))
        except GEOSException:
            return []

    def _defects(self) -> int:
        """Return how many overlaps, gaps and duplicates the zoning layers of the copy have."""
        number = 0
        for layer in self.now:
            if layer.spec is not None and layer.spec.role != "zoning":
                continue
            view, _, _ = self._view(layer)
            if view is not None and view.role == "zoning" and view.has_plane:
                number += sum(f.code in ("DAT101", "DAT102", "DAT104") for f in self._topology(view))
        return number

    def _lonlat(self, fix: Fix) -> Iterator[Any]:
        """Yield the place of a change in longitude and latitude."""
        crs = self._crs.get(fix.file)
        if fix.where is not None and crs is not None:
            yield crs_policy.transform(np.array([fix.where], dtype=object), crs, crs_policy.LONLAT)[0]


def _named_texts(layer: Layer) -> frozenset[str]:
    """Return the texts of a layer that plan.toml names: changing them would change what they mean."""
    if layer.spec is None or layer.plan is None:
        return frozenset()
    values = [str(value) for overlay in layer.plan.overlays for value in overlay.values]
    return frozenset([*layer.spec.codes, *values])


def _drop_what_does_not_fit(draft: Draft, path: Path, layer: str | None, raw: Raw) -> None:
    """Take back texts that have no place in the file."""
    room = fix_write.fits(path, layer, raw, draft.cells)
    draft.fixes[:] = [fix for fix in draft.fixes if fix.field is None or (fix.row, fix.field) in room]
    draft.cells = {key: text for key, text in draft.cells.items() if key in room}


def _free_name(path: Path, layer: str) -> Path:
    """Return the name of a GeoPackage beside a file that nothing has yet."""
    stem = path.stem if path.stem == layer else f"{path.stem}_{re.sub(r'[^0-9A-Za-z_-]+', '_', layer)}"
    names = (path.with_name(f"{stem}{more}.gpkg") for more in ("", *(f"_{n}" for n in range(2, 1000))))
    return next(name for name in names if not name.exists())


def _note(path: Path, report: FixReport) -> None:
    from kkpr_check.report.findings_json import fixes_json

    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    path.write_text(
        json.dumps(fixes_json(report, "en"), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
