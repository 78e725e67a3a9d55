"""``kkpr-check doctor``: versions, and the traps of an environment that make readings wrong."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import typer

from kkpr_check._version import __version__
from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import session_of
from kkpr_check.cli.language import words
from kkpr_check.errors import Text

SUMMARY = words(
    "Versions and environment traps. Exit 2 where a part is missing or broken.",
    "Versi dan jebakan lingkungan. Kode keluar 2 bila ada bagian yang hilang atau rusak.",
)
_FORMATS = ("text", "json")
_REQUIRED = ("numpy", "shapely", "pyproj", "pyogrio", "geopandas", "rich", "typer")
_OPTIONAL: Mapping[str, Text] = {
    "fiona": Text("second reader for `plan init`", "pembaca kedua untuk `plan init`"),
    "openpyxl": Text(
        "spreadsheets: pip install 'kkpr-check[xlsx]'", "lembar kerja: pip install 'kkpr-check[xlsx]'"
    ),
    "pyarrow": Text(
        "GeoParquet: pip install 'kkpr-check[parquet]'", "GeoParquet: pip install 'kkpr-check[parquet]'"
    ),
    "numba": Text(
        "fast kernel: pip install 'kkpr-check[fast]'", "kernel cepat: pip install 'kkpr-check[fast]'"
    ),
    "python-docx": Text(
        "the review as DOCX: pip install 'kkpr-check[docx]'", "telaah DOCX: pip install 'kkpr-check[docx]'"
    ),
    "fpdf2": Text(
        "the review as PDF: pip install 'kkpr-check[pdf]'", "telaah PDF: pip install 'kkpr-check[pdf]'"
    ),
}
_FOREIGN = ("GDAL_DRIVER_PATH", "OGR_ENABLED_DRIVERS", "OGR_SKIP", "GDAL_SKIP")
_DATABASES = {"PROJ_LIB": "proj.db", "PROJ_DATA": "proj.db", "GDAL_DATA": "gdalvrt.xsd"}
"""Variables that name a folder of data, and a file that such a folder holds."""
_CRS_NEEDED = ("EPSG:4326", "EPSG:9470", "EPSG:32748", "EPSG:32751", "EPSG:23836")
_NORTHING_9_SOUTH_M = 9_005_147.823
"""10,000 km less 0.9996 x the meridian arc of 9 degrees on WGS 84 (994,852.177 m)."""
Level = Literal["ok", "note", "broken"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at: what, how it stands, and what to do where it is not well."""

    what: str
    level: Level
    value: str
    advice: Text | None = None


def doctor(
    context: typer.Context,
    format: o.TextOrJson = None,
) -> int:
    """Print what was found."""
    from kkpr_check.cli.output import emit
    from kkpr_check.report.json import encode

    fmt = o.format_of(format, None, _FORMATS)
    lang = session_of(context).lang
    lines = list(look(dict(os.environ)))
    if fmt == "json":
        rows = [
            {"what": line.what, "level": line.level, "value": line.value,
             "advice": line.advice.pick(lang) if line.advice else None} for line in lines
        ]  # fmt: skip
        emit(encode({"tool": {"name": "kkpr-check", "version": __version__}, "checks": rows}, indent=2))
    else:
        emit("".join(_written(line, lang) for line in lines))
    return codes.COULD_NOT_RUN if any(line.level == "broken" for line in lines) else codes.CONFORM


def look(environment: Mapping[str, str]) -> Iterator[Line]:
    """Look at everything, cheapest first; `environment` as it was before a library was loaded."""
    import platform

    yield Line("kkpr-check", "ok", __version__)
    yield Line("python", "ok", f"{platform.python_version()} ({platform.system()} {platform.machine()})")
    floors = _floors()
    for name in _REQUIRED:
        yield _package(name, None, floors.get(name))
    for name, use in _OPTIONAL.items():
        yield _package(name, use, floors.get(name))
    yield from _libraries()
    yield from _drivers()
    yield from _coordinate_systems()
    yield from _network()
    yield from _environment(environment)
    yield _cache()
    yield _encoding()


def _floors() -> dict[str, str]:
    """Return the least version of each package that this release was tested with, as its metadata says."""
    from importlib import metadata

    try:
        needed = metadata.requires("kkpr-check") or []
    except metadata.PackageNotFoundError:
        return {}
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[.*?\])?>=([0-9.]+)", text) for text in needed)
    return {match[1].casefold(): match[2] for match in found if match}


def _package(name: str, use: Text | None, floor: str | None) -> Line:
    from importlib import metadata

    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        if use is not None:
            return Line(name, "note", "-", use)
        return Line(name, "broken", "-", Text(f"pip install {name}", f"pip install {name}"))
    if floor is not None and _numbers(version) < _numbers(floor):
        advice = Text(
            f"older than {floor}, the oldest that is tested: pip install --upgrade {name}",
            f"lebih lama dari {floor}, versi terlama yang diuji: pip install --upgrade {name}",
        )
        return Line(name, "note" if use is not None else "broken", version, advice)
    return Line(name, "ok", version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def _libraries() -> Iterator[Line]:
    import importlib

    for module, label, version in (
        ("shapely", "GEOS", "geos_version_string"),
        ("pyproj", "PROJ", "proj_version_str"),
        ("pyogrio", "GDAL", "__gdal_version__"),
    ):
        try:
            found = getattr(importlib.import_module(module), version)
        except Exception as error:
            advice = Text(f"reinstall {module}", f"pasang ulang {module}")
            yield Line(label, "broken", f"{type(error).__name__}: {error}", advice)
        else:
            text = found if isinstance(found, str) else ".".join(str(part) for part in found)
            yield Line(label, "ok", text)


def _drivers() -> Iterator[Line]:
    """Tell which formats GDAL reads here of those that are read by it."""
    try:
        from kkpr_check.io.drivers import ALONE, import_pyogrio

        there = import_pyogrio().list_drivers()
    except Exception as error:
        advice = Text("reinstall pyogrio", "pasang ulang pyogrio")
        yield Line("drivers", "broken", f"{type(error).__name__}: {error}", advice)
        return
    gone = [name for name in ALONE if "r" not in there.get(name, "")]
    advice = Text(
        "files of these formats can not be read: unset OGR_SKIP, GDAL_SKIP and OGR_ENABLED_DRIVERS, or reinstall pyogrio",
        "berkas format ini tidak dapat dibaca: hapus OGR_SKIP, GDAL_SKIP, dan OGR_ENABLED_DRIVERS, atau pasang ulang pyogrio",
    )
    if gone:
        yield Line("drivers", "broken", "- " + ", ".join(gone), advice)
    else:
        yield Line("drivers", "ok", ", ".join(ALONE))


def _network() -> Iterator[Line]:
    """Tell that PROJ does not fetch grids, whatever the environment asks for."""
    from contextlib import suppress

    with suppress(Exception):  # a broken PROJ is told of above
        from pyproj.network import is_network_enabled  # type: ignore[attr-defined]

        from kkpr_check.io.datums import parse

        parse("EPSG:4326")  # as every reading does; it switches the network off

        asked = os.environ.get("PROJ_NETWORK", "")
        if is_network_enabled():
            advice = Text("unset PROJ_NETWORK", "hapus PROJ_NETWORK")
            yield Line("PROJ network", "broken", "on", advice)
        elif asked.casefold() in ("on", "yes", "true", "1"):
            advice = Text(
                "switched off here: kkpr-check never fetches anything",
                "dimatikan di sini: kkpr-check tidak pernah mengunduh",
            )
            yield Line("PROJ network", "ok", f"off (PROJ_NETWORK={asked})", advice)
        else:
            yield Line("PROJ network", "ok", "off")


def _cache() -> Line:
    """Tell where copies of layers are kept, so that a check reads a window of them."""
    from kkpr_check.io.index import cache_directory

    folder, named = cache_directory(), os.environ.get("KKPR_CACHE")
    if folder is None:
        advice = Text(
            "no folder for copies can be written: every check reads every layer whole; set KKPR_CACHE to a folder of yours",
            "tidak ada folder salinan yang dapat ditulis: tiap pemeriksaan membaca seluruh layer; isi KKPR_CACHE dengan folder Anda",
        )
        return Line("cache", "note", "-", advice)
    if named and os.path.realpath(named) != os.path.realpath(folder):
        advice = Text(f"KKPR_CACHE={named} can not be written", f"KKPR_CACHE={named} tidak dapat ditulis")
        return Line("cache", "note", str(folder), advice)
    return Line("cache", "ok", str(folder))


def _coordinate_systems() -> Iterator[Line]:
    try:
        from pyproj import CRS, Transformer

        for name in _CRS_NEEDED:
            CRS.from_user_input(name)
        east, north = Transformer.from_crs("EPSG:4326", "EPSG:32751", always_xy=True).transform(123.0, -9.0)
        moved = abs(east - 500_000) > 0.001 or abs(north - _NORTHING_9_SOUTH_M) > 0.01
    except Exception as error:
        value, moved = f"{type(error).__name__}: {error}", True
    else:
        value = f"{east:.3f}, {north:.3f}" if moved else ", ".join(_CRS_NEEDED)
    advice = Text(
        "PROJ finds no usable database: unset PROJ_LIB and PROJ_DATA, or reinstall pyproj",
        "PROJ tidak menemukan basis data yang sah: hapus PROJ_LIB dan PROJ_DATA, atau pasang ulang pyproj",
    )
    yield Line("CRS", "broken" if moved else "ok", value, advice if moved else None)


def _environment(environment: Mapping[str, str]) -> Iterator[Line]:
    for name, file in _DATABASES.items():
        folders = [folder for folder in environment.get(name, "").split(os.pathsep) if folder]
        if not folders:
            continue
        held = any(os.path.isfile(os.path.join(folder, file)) for folder in folders)
        advice = Text(
            "set by another program (QGIS, PostGIS, OSGeo4W)? Readings may differ; unset it for kkpr-check"
            if held
            else f"no {file} there: the libraries fall back on their own data; unset it for kkpr-check",
            "dipasang program lain (QGIS, PostGIS, OSGeo4W)? Pembacaan bisa berbeda; hapus untuk kkpr-check"
            if held
            else f"tidak ada {file} di sana: pustaka memakai datanya sendiri; hapus untuk kkpr-check",
        )
        yield Line(name, "note", environment[name], advice)
    for name in _FOREIGN:
        if environment.get(name):
            advice = Text(
                "decides which formats GDAL reads; unset it for kkpr-check",
                "menentukan format yang dibaca GDAL; hapus untuk kkpr-check",
            )
            yield Line(name, "note", environment[name], advice)


def _encoding() -> Line:
    encoding = (getattr(sys.stdout, "encoding", None) or "none").casefold()
    if encoding.replace("-", "") == "utf8":
        return Line("stdout", "ok", encoding)
    advice = Text(
        "some characters are written in ASCII; set PYTHONUTF8=1 for all of them",
        "sebagian karakter ditulis dalam ASCII; pasang PYTHONUTF8=1 agar lengkap",
    )
    return Line("stdout", "note", encoding, advice)


def _written(line: Line, lang: str) -> str:
    from kkpr_check.report.safe import safe_text

    level = {"ok": Text("ok", "baik"), "note": Text("note", "catatan"), "broken": Text("BROKEN", "RUSAK")}
    text = f"{level[line.level].pick(lang):<8} {line.what:<12} {safe_text(line.value)}"
    return (f"{text}  -> {line.advice.pick(lang)}" if line.advice else text) + "\n"


COMMAND = (SUMMARY, doctor)
