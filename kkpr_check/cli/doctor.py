"""``kkpr-check doctor``: versions, and the traps of an environment that make readings wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

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
_FOREIGN = ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GDAL_DRIVER_PATH", "PROJ_NETWORK", "OGR_ENABLED_DRIVERS")
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
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", show_default=False,
                     help=words("text (default) or json.", "text (bawaan) atau json.")),
    ] = None,
) -> int:  # fmt: skip
    """Print what was found."""
    from kkpr_check.cli.output import emit
    from kkpr_check.report.json import encode

    fmt = o.format_of(format, None, _FORMATS)
    lang = session_of(context).lang
    lines = list(look())
    if fmt == "json":
        rows = [
            {"what": line.what, "level": line.level, "value": line.value,
             "advice": line.advice.pick(lang) if line.advice else None} for line in lines
        ]  # fmt: skip
        emit(encode({"tool": {"name": "kkpr-check", "version": __version__}, "checks": rows}, indent=2))
    else:
        emit("".join(_written(line, lang) for line in lines))
    return codes.COULD_NOT_RUN if any(line.level == "broken" for line in lines) else codes.CONFORM


def look() -> Iterator[Line]:
    """Look at everything, cheapest first."""
    import platform

    yield Line("kkpr-check", "ok", __version__)
    yield Line("python", "ok", f"{platform.python_version()} ({platform.system()} {platform.machine()})")
    for name in _REQUIRED:
        yield _package(name, None)
    for name, use in _OPTIONAL.items():
        yield _package(name, use)
    yield from _libraries()
    yield from _coordinate_systems()
    yield from _environment()
    yield _encoding()


def _package(name: str, use: Text | None) -> Line:
    from importlib import metadata

    try:
        return Line(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        if use is not None:
            return Line(name, "note", "-", use)
        return Line(name, "broken", "-", Text(f"pip install {name}", f"pip install {name}"))


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


def _environment() -> Iterator[Line]:
    for name in _FOREIGN:
        if os.environ.get(name):
            advice = Text(
                "set by another program (QGIS, PostGIS, OSGeo4W)? Readings may differ; unset it for kkpr-check",
                "dipasang program lain (QGIS, PostGIS, OSGeo4W)? Pembacaan bisa berbeda; hapus untuk kkpr-check",
            )
            yield Line(name, "note", os.environ[name], advice)


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
