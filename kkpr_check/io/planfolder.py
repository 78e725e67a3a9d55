"""A plan folder (plan.toml, tables, layers) as a `kkpr_check.plan.Plan`; problems named by file and key."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kkpr_check.errors import ErrorGroup, KkprError, Place, PlanError, Text
from kkpr_check.io.containers import SHAPEFILE_PARTS, refuse_remote, sibling
from kkpr_check.io.digests import file_sha256
from kkpr_check.io.paths import is_inside
from kkpr_check.io.plancheck import COPY_INSIDE, OUTSIDE, cross_check, layer_ids, path_inside
from kkpr_check.io.planschema import Document, check_schema, plain_dates
from kkpr_check.io.raw import NESTED
from kkpr_check.plan import (
    CE90_CLASS3_M_PER_SCALE,
    LayerSpec,
    OverlaySpec,
    Plan,
    Tables,
    Tolerance,
)
from kkpr_check.tables import TABLE_FILES, gather_tables

PLAN_FILE = "plan.toml"


def plan_folders(directory: str | Path) -> list[Path]:
    """Return the plan folders inside a folder, at any depth, by name; hidden folders (``.git``) are left out."""
    root = Path(directory)
    found = []
    for place, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if PLAN_FILE in files and Path(place) != root:
            found.append(Path(place))
    return sorted(found)


def named_id(directory: str | Path) -> str | None:
    """Return the id that plan.toml names, whatever else is wrong with the plan; None where it names none."""
    try:
        name = _document(_folder(directory)).data.get("id")
    except KkprError:
        return None
    return name if isinstance(name, str) and name.strip() else None


def load_plan(directory: str | Path) -> Plan:
    """Read a plan folder: identity and layer declarations of plan.toml, and all tables. No layer is opened.

    Parameters
    ----------
    directory
        The folder that holds plan.toml.

    Raises
    ------
    PlanError
        The folder or plan.toml can not be read.
    ErrorGroup
        Every problem of plan.toml and of the tables.
    """
    root = _folder(directory)
    document = _document(root)
    check_schema(document)
    errors = document.errors
    cross_check(document, root)
    tables, table_errors = _read_tables(root)
    if errors or table_errors:
        by_line = sorted(errors, key=lambda error: int(error.place.row or 0))
        raise ErrorGroup([*by_line, *table_errors])
    return _plan(document.data, tables)


def gather_plan(
    directory: str | Path,
) -> tuple[Plan | None, Tables, tuple[KkprError, ...], tuple[KkprError, ...]]:
    """Return what could be read of a plan folder, and every problem; an engine must use `load_plan`.

    Returns
    -------
    tuple
        The plan, or None where plan.toml has problems; its tables as far as they could be read; the problems of
        plan.toml and those of the tables.
    """
    root = _folder(directory)
    tables, table_errors = _read_tables(root)
    try:
        document = _document(root)
        check_schema(document)
        if not document.errors:
            cross_check(document, root)
    except PlanError as error:
        return None, tables, (error,), table_errors
    errors = tuple(sorted(document.errors, key=lambda error: int(error.place.row or 0)))
    return (None if errors else _plan(document.data, tables)), tables, errors, table_errors


def load_rules(directory: str | Path) -> Tables:
    """Read only the tables of a folder (``--rules DIR``); plan.toml is not needed.

    Raises
    ------
    PlanError
        The folder holds none of the tables.
    ErrorGroup
        Every problem of the tables.
    """
    root = _folder(directory)
    tables, errors = _read_tables(root)
    if errors:
        raise ErrorGroup(list(errors))
    if not tables.present:
        raise PlanError(
            Text("the folder holds no rule table", "folder tidak berisi tabel aturan"),
            place=Place(str(root)),
            remedy=Text("expected: " + ", ".join(TABLE_FILES), "yang diharapkan: " + ", ".join(TABLE_FILES)),
        )
    return tables


def plan_files(directory: str | Path, plan: Plan | None = None) -> list[Path]:
    """Return every file that is part of the plan, sorted: plan.toml, tables, layers and what belongs to them.

    Parameters
    ----------
    directory
        The plan folder.
    plan
        The result of `load_plan`, where it is known already.

    Raises
    ------
    PlanError, ErrorGroup
        plan.toml can not be read or names a layer that is not there.
    """
    root = _folder(directory)
    found = {root / PLAN_FILE} | {root / name for name in TABLE_FILES if (root / name).is_file()}
    if plan is not None:
        return sorted(found.union(*(_layer_files(root / spec.path) for spec in plan.layers)))
    document = _document(root)
    check_schema(document)
    if document.errors:
        raise ErrorGroup(document.errors)
    for index, layer in enumerate(document.data["layer"]):
        path = path_inside(document, root, ("layer", index, "path"), layer["path"])
        if path is not None:
            found.update(_layer_files(path))
    if document.errors:
        raise ErrorGroup(document.errors)
    return sorted(found)


def file_hashes(directory: str | Path, plan: Plan | None = None) -> dict[str, str]:
    """Return the sha256 of every file of the plan by its path inside the folder, with forward slashes.

    Parameters are those of `plan_files`.
    """
    root = Path(directory)
    return {path.relative_to(root).as_posix(): file_sha256(path) for path in plan_files(directory, plan)}


def plan_sha256(directory: str | Path, *, hashes: Mapping[str, str] | None = None) -> str:
    """Return one sha256 for the whole plan: over the sorted lines ``sha256  path`` of its files.

    Parameters
    ----------
    directory
        The plan folder.
    hashes
        The result of `file_hashes`, where it is known already.
    """
    known = file_hashes(directory) if hashes is None else hashes
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(known.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _folder(directory: str | Path) -> Path:
    refuse_remote(directory)
    root = Path(directory)
    if not root.is_dir():
        is_file = root.exists()
        raise PlanError(
            Text("is a file, not a plan folder", "berupa berkas, bukan folder rencana")
            if is_file
            else Text("there is no such plan folder", "folder rencana tidak ada"),
            place=Place(str(root)),
            remedy=Text(
                f"name the folder that holds {PLAN_FILE}; kkpr-check plan init makes one from a layer",
                f"sebutkan folder yang berisi {PLAN_FILE}; kkpr-check plan init membuatnya dari sebuah layer",
            ),
        )
    return root


def _document(root: Path) -> Document:
    """Read plan.toml as a document whose dates are text."""
    path = root / PLAN_FILE
    if not path.is_file():
        raise PlanError(
            Text(f"the folder has no {PLAN_FILE}", f"folder tidak punya {PLAN_FILE}"),
            place=Place(str(root)),
            remedy=Text(
                "kkpr-check plan init writes one; bare layers are given with --rdtr or --rtrw",
                "kkpr-check plan init membuatnya; layer lepas diberikan dengan --rdtr atau --rtrw",
            ),
        )
    if not is_inside(path, root):
        raise PlanError(OUTSIDE, place=Place(str(path)), remedy=COPY_INSIDE)
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        plain = plain_dates(tomllib.loads(text))
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise PlanError(
            Text("not UTF-8", "bukan UTF-8"),
            place=Place(str(path)),
            remedy=Text("save it as UTF-8", "simpan sebagai UTF-8"),
        ) from error
    except (
        ValueError,
        RecursionError,
    ) as error:  # a TOMLDecodeError, or a number or nesting beyond Python's limits
        line = re.search(r"line (\d+)", str(error))
        why = NESTED if isinstance(error, RecursionError) else str(error).partition(": value has")[0]
        raise PlanError(
            Text(f"not valid TOML: {why}", f"bukan TOML yang sah: {why}"),
            place=Place(str(path), None, int(line[1]) if line else None),
            remedy=Text(
                "texts stand in quotes, keys once only, tables are written [name]",
                "teks diapit tanda kutip, tiap kunci hanya sekali, tabel ditulis [nama]",
            ),
        ) from error
    return Document(str(path), text, plain)


def _no_plain_file(path: Path) -> PlanError:
    return PlanError(
        Text("is no plain file", "bukan berkas biasa"),
        place=Place(str(path)),
        remedy=Text("put the table itself here", "letakkan tabelnya sendiri di sini"),
    )


def _unreadable(path: Path, error: OSError) -> PlanError:
    reason = error.strerror or str(error)
    return PlanError(
        Text(f"can not be read: {reason}", f"tidak dapat dibaca: {reason}"),
        place=Place(str(path)),
        remedy=Text("check that it is a file you may read", "periksa bahwa ini berkas yang boleh Anda baca"),
    )


def _read_tables(root: Path) -> tuple[Tables, tuple[KkprError, ...]]:
    """Read the tables that exist; a file whose name is nearly that of an absent table is a problem."""
    errors: list[KkprError] = []
    contents: dict[str, bytes] = {}
    there = sorted(path.name for path in root.iterdir())
    for name in TABLE_FILES:
        if name not in there:
            continue
        path = root / name
        if not is_inside(path, root):
            errors.append(PlanError(OUTSIDE, place=Place(str(path)), remedy=COPY_INSIDE))
            continue
        if not path.is_file():
            errors.append(_no_plain_file(path))
            continue
        try:
            contents[name] = path.read_bytes()
        except OSError as error:
            errors.append(_unreadable(path, error))
    for name in there:
        hits = difflib.get_close_matches(name.casefold(), TABLE_FILES, n=1, cutoff=0.85)
        if name not in TABLE_FILES and hits and hits[0] not in there:
            errors.append(
                PlanError(
                    Text("is no table of a plan", "bukan tabel rencana"),
                    place=Place(str(root / name)),
                    remedy=Text(
                        f'did you mean "{hits[0]}"? rename it', f'maksudnya "{hits[0]}"? ganti namanya'
                    ),
                )
            )
    tables, problems = gather_tables(contents, folder=str(root))
    return tables, (*errors, *problems)


def _layer_files(path: Path) -> Iterable[Path]:
    """Yield a layer file and everything that changes how it is read."""
    if path.is_dir():
        yield from (part for part in path.rglob("*") if part.is_file() and part.suffix != ".lock")
        return
    yield path
    if path.suffix.casefold() == ".shp":
        yield from (part for suffix in SHAPEFILE_PARTS if (part := sibling(path, suffix)) is not None)
    journal = path.with_name(path.name + "-wal")
    if journal.is_file():
        yield journal


def _plan(data: Mapping[str, Any], tables: Tables) -> Plan:
    """Build the plan from checked data."""
    ids = layer_ids(data["layer"])
    layers = tuple(_layer(layer, layer_id) for layer, layer_id in zip(data["layer"], ids, strict=True))
    known = {key: data[key] for key in ("oss_integrated", "kbli_version", "synthetic") if key in data}
    ce90_m = data["ce90_m"] if "ce90_m" in data else CE90_CLASS3_M_PER_SCALE * data["scale"]
    return Plan(
        id=data["id"],
        name=data["name"],
        level=data["level"],
        legal=data["legal"],
        status=data["status"],
        ce90_m=float(ce90_m),
        valid_from=_as_date(data.get("valid_from")),
        valid_until=_as_date(data.get("valid_until")),
        scale=_as_int(data.get("scale")),
        rank=_as_int(data.get("rank")),
        tolerance=Tolerance(**{key: float(value) for key, value in data.get("tolerance", {}).items()}),
        tables=tables,
        layers=layers,
        overlays=tuple(OverlaySpec(**overlay) for overlay in data.get("overlay", [])),
        crs=data.get("crs"),
        validate_select=tuple(data.get("validate", {}).get("select", ())),
        validate_ignore=tuple(data.get("validate", {}).get("ignore", ())),
        validate_baseline=data.get("validate", {}).get("baseline"),
        **known,
    )


def _layer(layer: Mapping[str, Any], layer_id: str) -> LayerSpec:
    return LayerSpec(**{**layer, "id": layer_id, "scale": _as_int(layer.get("scale"))})


def _as_date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def _as_int(number: float | None) -> int | None:
    return None if number is None else int(number)
