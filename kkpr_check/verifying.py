"""``verify``: a stored report made again from its inputs, and its numbers counted again by other means."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kkpr_check._version import __version__
from kkpr_check.adverse import PASS_REACH_CE90
from kkpr_check.checking import BASE_REACH_M, CheckRequest, check_sites, open_plans
from kkpr_check.errors import ErrorGroup, InputError, KkprError, Place, Text
from kkpr_check.io.crs import LONLAT, transform
from kkpr_check.io.digests import file_sha256
from kkpr_check.io.sites import read_sites
from kkpr_check.io.windows import OpenPlan
from kkpr_check.model import Json, Report
from kkpr_check.recount import Difference, Recounted, Verified, recount
from kkpr_check.report import json as report_json

REPORT_BYTES_MAX = 256 * 1024 * 1024
LANGUAGES = ("id", "en")
_NUMBER_ABS = 2e-4
_DEGREES_ABS = 5e-9
_RATIO_ABS = 2e-5
"""Areas are printed to 1e-4 m2, and a ratio is one of two of them."""
_PATHS = ("site", "parcel", "existing", "rdtr", "rules")
_PATH_LISTS = ("plans", "rtrw")


def verify_file(path: str, base: str | None = None) -> tuple[Verified, ...]:
    """Verify every report of a file: one object, an array, or one a line.

    Raises
    ------
    InputError
        The file is no report, an input is gone, or its hash differs (all of them are named).
    """
    folders = [Path(base)] if base is not None else [Path(), Path(path).absolute().parent]
    return tuple(_verify(report, path, folders) for report in read_reports(path))


def read_reports(path: str) -> list[Json]:
    """Read the reports of a file (`check --format json` or `jsonl`).

    Raises
    ------
    InputError
        It can not be read, or holds something else.
    """
    file = Path(path)
    try:
        if file.stat().st_size > REPORT_BYTES_MAX:
            raise _no_report(
                path, Text("the file is too large for a report", "berkas terlalu besar untuk laporan")
            )
        text = file.read_text("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise _no_report(path, Text(f"can not be read: {reason}", f"tidak dapat dibaca: {reason}")) from error
    except ValueError as error:
        raise _no_report(path, Text("the file is not UTF-8", "berkas bukan UTF-8")) from error
    reports = _parsed(path, text)
    for number, report in enumerate(reports, 1):
        _check_shape(path, number, report)
    return reports


def _parsed(path: str, text: str) -> list[Any]:
    try:
        whole = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
        found = whole if isinstance(whole, list) else [whole]
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            found = [json.loads(line, object_pairs_hook=_once, parse_constant=_no_constant) for line in lines]
        except (ValueError, RecursionError):
            raise _no_report(
                path, Text(f"not valid JSON: {error}", f"bukan JSON yang sah: {error}")
            ) from error
    if not found:
        raise _no_report(path, Text("the file holds no report", "berkas tidak berisi laporan"))
    return found


def _once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _no_report(path: str, text: Text, row: int | None = None) -> InputError:
    return InputError(
        text,
        place=Place(path, None, row),
        remedy=Text(
            "give a file that check --format json wrote", "berikan berkas keluaran check --format json"
        ),
        code="no-report",
    )


def _check_shape(path: str, number: int, report: Any) -> None:
    """Refuse what is no report of this schema: what follows reads it without looking twice."""
    if not isinstance(report, dict) or report.get("schema") != report_json.SCHEMA:
        told = report.get("schema") if isinstance(report, dict) else type(report).__name__
        raise _no_report(
            path,
            Text(
                f"not a report ({report_json.SCHEMA}): {told!r}",
                f"bukan laporan ({report_json.SCHEMA}): {told!r}",
            ),
            number,
        )
    provenance = report.get("provenance")
    if not isinstance(provenance, dict) or not isinstance(provenance.get("options"), dict):
        raise _no_report(
            path,
            Text(
                "the report does not say how it was made (provenance.options)",
                "laporan tidak menyebut cara pembuatannya (provenance.options)",
            ),
            number,
        )


def _verify(report: Json, path: str, folders: Sequence[Path]) -> Verified:
    provenance = report["provenance"]
    request, moved = _request(provenance["options"], path, folders)
    plans = open_plans(request)
    _same_plans(provenance, plans, path)
    back = {new: old for old, new in moved.items()}
    inputs = _inputs_of(provenance, moved, path)
    again = _made_again(request, plans, inputs, moved)
    _same_inputs(
        inputs, [(back.get(i["path"], i["path"]), i["sha256"]) for i in again[0].provenance["inputs"]]
    )
    feature = provenance.get("feature")
    if not isinstance(feature, int) or isinstance(feature, bool) or not 0 <= feature < len(again):
        raise _no_report(
            path,
            Text(
                f"the report names site {feature!r}; its inputs hold {len(again)}",
                f"laporan menyebut lokasi {feature!r}; masukannya berisi {len(again)}",
            ),
        )
    made = again[feature]
    documents = [
        _renamed(report_json.document(made, lang, _to_lonlat, request.as_of), back) for lang in LANGUAGES
    ]
    other = report.get("tool", {}).get("version") if isinstance(report.get("tool"), dict) else "?"
    other = None if other == __version__ else str(other)
    found = list(compare(report, documents, texts=other is None))
    found += _recounted(report, made, plans)
    claims = sum(1 for _ in leaves(report))
    unique = tuple(dict.fromkeys((d.path, repr(d.reported), repr(d.recomputed)) for d in found))
    first = {(d.path, repr(d.reported), repr(d.recomputed)): d for d in reversed(found)}
    subject = report.get("subject")
    name = subject.get("id") if isinstance(subject, dict) else None
    return Verified(str(name), made.verdict.value, claims, tuple(first[key] for key in unique), other)


def _request(
    options: Mapping[str, Any], path: str, folders: Sequence[Path]
) -> tuple[CheckRequest, dict[str, str]]:
    """Return the request behind a report, with its files where they are now: {as reported: as found}."""
    known = {f.name for f in dataclasses.fields(CheckRequest)}
    foreign = sorted(set(options) - known)
    if foreign:
        names = ", ".join(foreign)
        raise _no_report(
            path,
            Text(
                f"options this version does not know: {names}", f"opsi yang tidak dikenal versi ini: {names}"
            ),
        )
    moved: dict[str, str] = {}
    missing: list[KkprError] = []

    def found(name: Any) -> str:
        if not isinstance(name, str):
            raise _no_report(path, Text(f"no file name: {name!r}", f"bukan nama berkas: {name!r}"))
        if name == "-":
            missing.append(_gone(name, path))
            return name
        places = [folder / name for folder in folders if (folder / name).exists()]
        if not places:
            missing.append(_gone(name, path))
            return name
        moved[name] = name if Path(name).exists() and places[0] == Path(name) else str(places[0])
        return moved[name]

    values = dict(options)
    for key in _PATHS:
        if values.get(key) is not None:
            values[key] = found(values[key])
    for key in _PATH_LISTS:
        if key in values:
            listed = values[key] if isinstance(values[key], list) else [values[key]]
            values[key] = tuple(found(name) for name in listed)
    if missing:
        raise missing[0] if len(missing) == 1 else ErrorGroup(missing)
    try:
        values["as_of"] = dt.date.fromisoformat(values["as_of"])
        request = CheckRequest(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise _no_report(
            path, Text(f"provenance.options: {error}", f"provenance.options: {error}")
        ) from error
    return request, moved


def _gone(name: str, path: str) -> KkprError:
    if name == "-":
        return InputError(
            Text(
                "the report was made from standard input, which is gone",
                "laporan dibuat dari masukan standar",
            ),
            place=Place(path),
            remedy=Text(
                "only reports on files can be verified", "hanya laporan atas berkas yang dapat diverifikasi"
            ),
            code="input-gone",
        )
    return InputError(
        Text("an input of the report is not there", "masukan laporan tidak ditemukan"),
        place=Place(name),
        remedy=Text("give the folder it is relative to with --base", "berikan folder asalnya dengan --base"),
        code="input-gone",
    )


def _hash_error(name: str, told: Any, found: Any) -> KkprError:
    return InputError(
        Text(
            f"is not the file the report was made from (sha256 {found}, the report says {told})",
            f"bukan berkas yang dipakai laporan (sha256 {found}, laporan menyebut {told})",
        ),
        place=Place(name),
        remedy=Text("verify with the files of that day", "verifikasi dengan berkas pada saat itu"),
        code="hash-differs",
    )


def _same_plans(provenance: Json, plans: Sequence[OpenPlan], path: str) -> None:
    told = provenance.get("plans")
    if not isinstance(told, list) or not all(isinstance(plan, dict) for plan in told):
        raise _no_report(path, Text("provenance.plans is missing", "provenance.plans tidak ada"))
    opened = sorted(plans, key=lambda plan: plan.plan.order)
    if [plan.get("id") for plan in told] != [plan.plan.id for plan in opened]:
        names = ", ".join(plan.plan.id for plan in opened)
        raise _no_report(path, Text(f"the plans are now {names}", f"rencana kini: {names}"))
    errors: list[KkprError] = []
    for plan, claim in zip(opened, told, strict=True):
        files = claim.get("files")
        files = files if isinstance(files, dict) else {}
        errors += [
            _hash_error(f"{plan.plan.id}/{name}", files.get(name), plan.files.get(name))
            for name in sorted(files.keys() | plan.files.keys())
            if files.get(name) != plan.files.get(name)
        ]
        if claim.get("sha256") != plan.sha256 and not errors:
            errors.append(_hash_error(plan.plan.id, claim.get("sha256"), plan.sha256))
    _raise(errors)


def _inputs_of(provenance: Json, moved: Mapping[str, str], path: str) -> dict[str, Any]:
    """Return the hashes the report tells of the site's files; each must be one that its options name."""
    told = provenance.get("inputs")
    if not isinstance(told, list) or not all(isinstance(item, dict) for item in told):
        raise _no_report(path, Text("provenance.inputs is missing", "provenance.inputs tidak ada"))
    for item in told:
        if not isinstance(item.get("path"), str) or item["path"] not in moved:
            raise _gone(str(item.get("path")), path)
    return {item["path"]: item.get("sha256") for item in told}


def _made_again(
    request: CheckRequest, plans: Sequence[OpenPlan], inputs: Mapping[str, Any], moved: Mapping[str, str]
) -> tuple[Report, ...]:
    """Judge again; where the inputs can not even be read, a changed file is the better message."""
    try:
        read = read_sites(
            request.site, parcel=request.parcel, point=request.point, options=request.options, layer=request.layer,
            parcel_layer=request.parcel_layer, encoding=request.encoding, assume_crs=request.assume_crs,
            swap_xy=request.swap_xy,
        )  # fmt: skip
        return check_sites(read, plans, request)
    except KkprError:
        files = [(name, Path(moved[name])) for name in inputs]
        _same_inputs(inputs, [(name, file_sha256(file)) for name, file in files if file.is_file()])
        raise


def _same_inputs(told: Mapping[str, Any], found: Sequence[tuple[str, str]]) -> None:
    _raise([_hash_error(name, told.get(name), digest) for name, digest in found if told.get(name) != digest])


def _raise(errors: list[KkprError]) -> None:
    if errors:
        raise errors[0] if len(errors) == 1 else ErrorGroup(errors)


def _to_lonlat(geometry: Any, work_crs: str) -> Any:
    return transform(np.array([geometry], dtype=object), work_crs, LONLAT)[0]


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Return a document with the places where files are now replaced by the names the report knows them by."""
    names = {new: old for new, old in names.items() if new != old}
    if not names:
        return value
    if isinstance(value, str):
        for new, old in names.items():
            value = value.replace(new, old)
        return value
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    return value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a document with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, f"{path}[{number}]")
    else:
        yield path, value


TEXTS = ("message", "remedy", "why", "pathway_reason", "disclaimer", "repairs", "assumptions")
"""Keys whose text is for people: held word for word, but only within one version of the tool."""


def compare(told: Any, made: Sequence[Any], path: str = "", *, texts: bool = True) -> Iterator[Difference]:
    """Yield where a report differs from the same one made again (once a language)."""
    first = made[0]
    if path in ("tool.version",) or (not texts and path.rsplit(".", 1)[-1].split("[")[0] in TEXTS):
        return
    if isinstance(first, dict) and isinstance(told, dict):
        for key in dict.fromkeys((*first, *told)):
            here = f"{path}.{key}" if path else key
            if key not in told or key not in first:
                yield Difference(here, told.get(key), first.get(key))
            else:
                yield from compare(told[key], [one[key] for one in made], here, texts=texts)
    elif isinstance(first, list) and isinstance(told, list) and len(first) == len(told):
        for number, item in enumerate(told):
            yield from compare(item, [one[number] for one in made], f"{path}[{number}]", texts=texts)
    elif not any(_equal(told, one, path) for one in made):
        yield Difference(path, _short(told), _short(first))


def _short(value: Any) -> Any:
    return f"{len(value)} items" if isinstance(value, list | dict) else value


def _equal(told: Any, made: Any, path: str) -> bool:
    if isinstance(told, bool) or isinstance(made, bool) or told is None or made is None:
        return type(told) is type(made) and told == made
    if isinstance(told, int | float) and isinstance(made, int | float):
        degrees = "coordinates" in path or "location" in path
        small = _RATIO_ABS if path.endswith((".share", "_ratio")) or abs(made) <= 1 else _NUMBER_ABS
        return math.isclose(told, made, abs_tol=_DEGREES_ABS if degrees else small, rel_tol=1e-9)
    return type(told) is type(made) and told == made


def _recounted(report: Json, made: Report, plans: Sequence[OpenPlan]) -> list[Difference]:
    work_crs = report_json.work_crs_of(made)
    site = made.site
    shapes = [s for s in (site.parcel, site.footprint) if s is not None and not s.is_empty]
    if not shapes:
        return []
    x0, y0, x1, y1 = (float(v) for v in shapely.total_bounds(np.array(shapes, dtype=object)))
    judged = [p for p in sorted(plans, key=lambda p: p.plan.order) if p.plan.id in made.plans_judged]
    windows = [plan.window((x0, y0, x1, y1), work_crs, _reach_m(made, plans)) for plan in judged]

    def shape(geometry: Any) -> Any:
        read = shapely.from_geojson(json.dumps(geometry))
        return transform(np.array([read], dtype=object), LONLAT, work_crs)[0]

    counted = Recounted(site.parcel, site.footprint, site.existing, site.proposal, windows, shape)
    try:
        return list(recount(report, counted))
    except (KeyError, TypeError, ValueError, AttributeError, shapely.GEOSException, IndexError) as error:
        return [Difference("report", f"{type(error).__name__}: {error}", None)]


def _reach_m(made: Report, plans: Sequence[OpenPlan]) -> float:
    """Return how far around the site the numbers of a report can come from."""
    deepest = max((f.flip_distance_m for f in made.findings if f.flip_distance_m is not None), default=0.0)
    accuracy = max((PASS_REACH_CE90 * plan.widest_ce90_m for plan in plans), default=0.0)
    return max(BASE_REACH_M, accuracy, deepest) + 20.0
