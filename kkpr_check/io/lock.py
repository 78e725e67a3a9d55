"""plan.lock: the hashes and counts of a plan, so that a changed, missing or added file is seen (contract 1a.10).

The lock is JSON with sorted keys and no time in it: the same plan gives the same bytes. The indexed copies in
``.kkpr/`` are named by their own digest, and only copies that the lock lists may lie there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from kkpr_check._version import __version__
from kkpr_check.errors import Place, PlanError, Text
from kkpr_check.io.index import LayerIndex
from kkpr_check.io.paths import replacing
from kkpr_check.io.planfolder import file_hashes, load_plan, plan_sha256
from kkpr_check.io.planlayers import COPIES, LOCK_FILE, open_layer
from kkpr_check.io.windows import OpenPlan
from kkpr_check.plan import Plan
from kkpr_check.sheets import Problems, read_sheet
from kkpr_check.tables import FORMATS

SCHEMA = "kkpr-check/lock/1"
_RELOCK = Text(
    "restore the files, or accept them as they are: kkpr-check plan lock DIR --overwrite",
    "pulihkan berkasnya, atau terima apa adanya: kkpr-check plan lock DIR --overwrite",
)


def write_lock(directory: str | Path, *, overwrite: bool = False) -> Path:
    """Read every layer of a plan whole, write its indexed copies and plan.lock, and return the path of the lock.

    Parameters
    ----------
    directory
        The plan folder.
    overwrite
        Whether an existing plan.lock may be replaced.

    Raises
    ------
    PlanError
        A lock is there already, the folder can not be written, or a file changed in the meantime.
    InputError, CrsError, ErrorGroup
        The plan can not be read whole, or no site could be judged with it: a field that is not there, a setback that is none.
    """
    root = Path(directory)
    target = root / LOCK_FILE
    if target.exists() and not overwrite:
        raise PlanError(
            Text("the plan is locked already", "rencana sudah dikunci"),
            place=Place(str(target)),
            remedy=Text("replace the lock with --overwrite", "ganti kuncinya dengan --overwrite"),
            code="exists",
        )
    plan = load_plan(root)
    hashes = file_hashes(root)
    with _writing(root), _clean_failure(root):
        indexes = {spec.id: open_layer(root, spec, default_crs=plan.crs) for spec in plan.layers}
        sha256 = plan_sha256(root, hashes=hashes)
        OpenPlan(plan, indexes, sha256, "unlocked").check_fields()
        layers, copies = _layers(root, plan, indexes)
        content = {
            "schema": SCHEMA,
            "tool": {"name": "kkpr-check", "version": __version__},
            "plan": {"id": plan.id, "sha256": sha256},
            "files": hashes,
            "tables": _table_rows(root, plan),
            "layers": layers,
            "copies": sorted(copies),
        }
        if file_hashes(root) != hashes:
            raise _changed_meanwhile(root)
        with replacing(target) as temporary:
            text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
            temporary.write_text(text, encoding="utf-8", newline="\n")
        for path in _copies(root):
            if path.name not in copies:
                path.unlink()
    return target


def _changed_meanwhile(root: Path) -> PlanError:
    return PlanError(
        Text("files changed while they were read", "berkas berubah selama dibaca"),
        place=Place(str(root)),
        remedy=Text("run it again", "jalankan lagi"),
    )


def check_lock(
    directory: str | Path, *, hashes: Mapping[str, str] | None = None
) -> Literal["locked", "unlocked"]:
    """Compare a plan folder with its lock.

    Parameters
    ----------
    directory
        The plan folder.
    hashes
        The result of `kkpr_check.io.planfolder.file_hashes`, where it is known already.

    Returns
    -------
    str
        ``locked`` where every file is as it was, ``unlocked`` where there is no lock.

    Raises
    ------
    PlanError
        Code ``lock``: names each file that differs, is missing or was added; or the lock itself is damaged.
    """
    root = Path(directory)
    path = root / LOCK_FILE
    if not path.exists():
        return "unlocked"
    lock = _read_lock(path)
    then, now = lock["files"], file_hashes(root) if hashes is None else hashes
    stray = [f"{COPIES}/{copy.name}" for copy in _copies(root) if copy.name not in lock["copies"]]
    changed = sorted(name for name in then if name in now and now[name] != then[name])
    missing = sorted(name for name in then if name not in now)
    added = sorted([*(name for name in now if name not in then), *stray])
    if not (changed or missing or added):
        return "locked"
    raise _differs(path, changed, missing, added)


def _differs(path: Path, changed: list[str], missing: list[str], added: list[str]) -> PlanError:
    english = "; ".join(_named(("differs", changed), ("missing", missing), ("added", added)))
    indonesian = "; ".join(_named(("berubah", changed), ("hilang", missing), ("ditambahkan", added)))
    return PlanError(
        Text(
            f"the plan is not the one that was locked: {english}",
            f"rencana berbeda dari saat dikunci: {indonesian}",
        ),
        place=Place(str(path)),
        remedy=_RELOCK,
        code="lock",
    )


def _named(*groups: tuple[str, list[str]]) -> Iterator[str]:
    return (f"{word} {', '.join(names)}" for word, names in groups if names)


def _layers(
    root: Path, plan: Plan, indexes: Mapping[str, LayerIndex]
) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Write the copy of every layer; return what the lock says of each, and the names of the copies."""
    layers: dict[str, dict[str, Any]] = {}
    copies = set()
    for spec in plan.layers:
        index = indexes[spec.id]
        copy = index.write_copy(root / COPIES)
        copy.chmod(0o644)
        copies.add(copy.name)
        layers[spec.id] = {
            "path": spec.path,
            "role": spec.role,
            "features": index.facts.rows,
            "crs": index.facts.crs_label,
            "sha256": index.sha256,
        }
    return layers, copies


def _table_rows(root: Path, plan: Plan) -> dict[str, int]:
    """Return the number of rows of each table."""
    rows = {}
    for name in sorted(plan.tables.present):
        sheet = read_sheet(name, (root / name).read_bytes(), FORMATS[name], Problems())
        rows[name] = len(sheet.rows) if sheet is not None else 0
    return rows


def _copies(root: Path) -> list[Path]:
    folder = root / COPIES
    return sorted(folder.glob("*.kkpr")) if folder.is_dir() else []


def _read_lock(path: Path) -> dict[str, Any]:
    """Return the parsed lock; a lock that can not be read is never taken for "unlocked"."""
    try:
        lock = json.loads(path.read_bytes())
        if lock["schema"] != SCHEMA or not _is_names(lock["copies"]) or not _is_names(lock["files"].values()):
            raise ValueError("unknown content")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PlanError(
            Text(f"the lock can not be read: {error}", f"kunci tidak dapat dibaca: {error}"),
            place=Place(str(path)),
            remedy=Text(
                "write it again: kkpr-check plan lock DIR --overwrite",
                "tulis ulang: kkpr-check plan lock DIR --overwrite",
            ),
            code="lock",
        ) from error
    return dict(lock)


def _is_names(values: Iterable[Any]) -> bool:
    return not isinstance(values, str) and all(isinstance(value, str) for value in values)


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Turn a failure of the disk into an error with a remedy."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PlanError(
            Text(f"the lock can not be written: {reason}", f"kunci tidak dapat ditulis: {reason}"),
            place=Place(str(root)),
            remedy=Text(
                "check the free space and that you may write there",
                "periksa ruang kosong dan izin menulis di sana",
            ),
        ) from error


@contextmanager
def _clean_failure(root: Path) -> Iterator[None]:
    """Leave no new copy behind where the lock is not written."""
    before = set(_copies(root))
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for path in _copies(root):
                if path not in before:
                    path.unlink()
            (root / COPIES).rmdir()
        raise
