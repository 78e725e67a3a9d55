"""Broken applications of OSS: one trap of the payload each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oss_builder import location, payload, project, ring_of, vertices, written

from faults.museum import FAULTS, Fault

LAND = ring_of("08-land.geojson")


def _add(name: str, says: str, build: Callable[[Path], Path], code: int = 2) -> None:
    FAULTS.append(Fault(f"OSS: {name}", "oss", "site", build, code, says))


def _of(*projects: Any) -> Callable[[Path], Path]:
    return lambda folder: written(folder / "permohonan.json", payload(*projects))


def _text(text: str) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        path = folder / "permohonan.json"
        path.write_text(text, encoding="utf-8")
        return path

    return build


def _numbered(*serials: str) -> list[Any]:
    return [{**v, "serial": s} for v, s in zip(vertices(LAND), serials, strict=False)]


def _point(**changed: Any) -> list[Any]:
    first, *rest = vertices(LAND)
    return [{**first, **changed}, *rest]


GOOD = json.dumps(payload(project(location(LAND))))

_add("no vertex", "holds no vertices", _of(project(location(()))), 1)
_add("one vertex", "A point names the zone only", _of(project(location(LAND[:1]))), 1)
_add("two vertices", "A point names the zone only", _of(project(location(LAND[:2]))), 1)
_add(
    "a serial that is missing",
    "number 3 is missing",
    _of(project(location((), data_lokasi_proyek=_numbered("1", "2", "4", "5")))),
    1,
)
_add(
    "a serial that stands twice",
    "stands twice",
    _of(project(location((), data_lokasi_proyek=_numbered("1", "2", "2", "4")))),
)
_add(
    "a vertex of words",
    "not a position in degrees",
    _of(project(location((), data_lokasi_proyek=_point(lat_lng="di sebelah pasar")))),
)
_add(
    "a vertex of one number",
    "not a position in degrees",
    _of(project(location((), data_lokasi_proyek=_point(lat_lng="-9.4443")))),
)
_add(
    "a vertex that is no object",
    "is no object",
    _of(project(location((), data_lokasi_proyek=["-9.4443, 124.4757"]))),
)
_add(
    "vertices as one text", "is no object", _of(project(location((), data_lokasi_proyek="-9.4443, 124.4757")))
)
_add(
    "a vertex in Africa",
    "not in Indonesia",
    _of(project(location((), data_lokasi_proyek=_point(lat_lng="-9.4443, 20.1")))),
)
_add(
    "latitude and longitude swapped",
    "written longitude, latitude",
    _of(project(location([(b, a) for a, b in LAND]))),
    0,
)
_add(
    "an area without a known unit",
    "neither 01 (m2) nor 02 (ha)",
    _of(project(location(LAND), luas_tanah="334", satuan_luas_tanah="77")),
    0,
)
_add("an area of words", "no plain number", _of(project(location(LAND), luas_tanah="seluas-luasnya")))
_add("a negative area", "no plain number", _of(project(location(LAND), luas_tanah="-5")))
_add("a KBLI of three letters", "not a KBLI code", _of(project(location(LAND), kbli="ABC")))
_add("a KBLI of nine digits", "five digits", _of(project(location(LAND), kbli="123456789")))
_add("floors of words", "no plain number", _of(project(location(LAND), jumlah_lantai_bangunan="dua")))
_add(
    "a business scale that does not exist",
    "is not one of 01 to 04",
    _of(project(location(LAND), skala_usaha="99")),
    0,
)
_add("two projects, one broken", "P-2/L-1", _of(
    project(location(LAND)), project(location((), data_lokasi_proyek=_point(lat_lng="x")), id_proyek="P-2")))  # fmt: skip
_add("no project", "no location", _of())
_add("a project without a location", "no vertices", _of(project()), 1)
_add("dataNIB is a list", "root object dataNIB", _text('{"dataNIB": []}'))
_add("dataNIB missing", "root object dataNIB", _text(GOOD.replace('"dataNIB"', '"dataIzin"')))
_add(
    "a doubled key",
    "stands twice",
    _text(GOOD.replace('"kbli": "47112"', '"kbli": "47112", "kbli": "45201"', 1)),
)
_add("cut", "no valid JSON", _text(GOOD[: len(GOOD) // 2]))
_add("not JSON", "cannot be read", _text("<xml/>"))
_add("of depth 100 000", "nesting", _text('{"dataNIB": ' + "[" * 100_000))
