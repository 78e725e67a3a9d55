"""Writing a proposed plan folder: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from kkpr_check.errors import Place, Text, UsageError
from kkpr_check.io.adopt.draft import Draft, DraftLayer
from kkpr_check.io.adopt.toml import plan_toml, tables
from kkpr_check.io.containers import SHAPEFILE_PARTS, sibling

PLAN_FILE = "plan.toml"


def check_target(output: str | Path, overwrite: bool) -> Path:
    """Return the folder to be written, or refuse before any work is done.

    Raises
    ------
    UsageError
        It exists and --overwrite is not given, it is no plan folder, or its parent does not exist.
    """
    path = Path(output)
    place = Place(str(path))
    if path.exists() or path.is_symlink():
        if not overwrite:
            raise UsageError(
                Text("exists already", "sudah ada"),
                place=place,
                remedy=Text(
                    "choose another name, or give --overwrite", "pilih nama lain, atau berikan --overwrite"
                ),
                code="output-exists",
            )
        replaceable = path.is_dir() and not path.is_symlink()
        if not replaceable or (any(path.iterdir()) and not (path / PLAN_FILE).is_file()):
            raise UsageError(
                Text("is no plan folder: it is not replaced", "bukan folder rencana: tidak ditimpa"),
                place=place,
                remedy=Text("choose another name", "pilih nama lain"),
                code="output",
            )
    if not path.absolute().parent.is_dir():
        raise UsageError(
            Text("the folder above does not exist", "folder induknya tidak ada"), place=place, code="output"
        )
    return path


def write_folder(draft: Draft, output: str | Path, *, overwrite: bool = False, lang: str = "en") -> Path:
    """Write plan.toml, the tables and copies of the layers as one new folder.

    Everything is written into a temporary folder beside the target, which is then renamed: a failure leaves nothing.

    Raises
    ------
    UsageError
        As `check_target`.
    OSError
        It can not be written.
    """
    target = check_target(output, overwrite)
    parent = target.absolute().parent
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=parent))
    try:
        paths = _copy_layers(draft, work)
        texts = {PLAN_FILE: plan_toml(draft, paths, lang), **tables(draft)}
        for name, text in texts.items():
            (work / name).write_text(text, encoding="utf-8", newline="\n")
        work.chmod(0o777 & ~_umask())
        check_target(output, overwrite)
        _swap(work, target)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return target


def _swap(work: Path, target: Path) -> None:
    """Put the new folder in place; the old one is kept until the new one stands."""
    if not target.exists():
        os.rename(work, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".old", dir=target.absolute().parent))
    os.rename(target, old / "plan")
    try:
        os.rename(work, target)
    except BaseException:
        os.rename(old / "plan", target)
        raise
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(old)


def _copy_layers(draft: Draft, work: Path) -> dict[str, str]:
    """Copy each source once; return layer id -> path inside the folder."""
    (work / "layers").mkdir()
    copied: dict[Path, str] = {}
    taken: set[str] = set()
    paths = {}
    for layer in draft.layers:
        source = layer.source.resolve()
        if source not in copied:
            copied[source] = f"layers/{_free_name(layer, taken)}"
            _copy(layer.source, work / copied[source])
        paths[layer.id] = copied[source]
    return paths


def _free_name(layer: DraftLayer, taken: set[str]) -> str:
    """Return a file name that no other layer has, whatever the capitals; parts of a shapefile share their stem."""
    stem, suffix = layer.source.stem, layer.source.suffix
    name, number = stem, 2
    while name.casefold() in taken:
        name, number = f"{stem}-{number}", number + 1
    taken.add(name.casefold())
    return name + suffix


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.lock"))
        return
    shutil.copyfile(source, target)
    if source.suffix.casefold() == ".shp":
        for suffix in SHAPEFILE_PARTS[1:]:
            part = sibling(source, suffix)
            if part is not None:
                shutil.copyfile(part, target.with_suffix(suffix))
    journal = source.with_name(source.name + "-wal")
    if journal.is_file():
        shutil.copyfile(journal, target.with_name(target.name + "-wal"))


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
