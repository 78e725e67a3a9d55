"""Broken plan folders: one file of the sample plan changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builders import cut, set_dbf_rows, shuffle_shx
from cli_harness import SAMPLE

from faults.museum import FAULTS, Fault

ZONING = "layers/polaruang_sintetis"


def _add(name: str, source: str, says: str, file: str, change: Callable[[Path], Any], code: int = 2) -> None:
    def build(folder: Path) -> Path:
        plan = folder / "rencana"
        shutil.copytree(SAMPLE, plan, ignore=shutil.ignore_patterns(".kkpr", "plan.lock"))
        change(plan / file)
        return plan / file

    FAULTS.append(Fault(name, source, "plan", build, code, says))


def _swap(old: str, new: str) -> Callable[[Path], Any]:
    def change(path: Path) -> None:
        text = path.read_text("utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def _more(text: str) -> Callable[[Path], Any]:
    return lambda path: path.write_text(path.read_text("utf-8") + text, encoding="utf-8")


def _gone(path: Path) -> None:
    path.unlink()


for _name, _source, _says, _change in (
    ("plan.toml missing", "F01", "plan.toml", _gone),
    ("plan.toml empty", "F01", "plan.toml", lambda p: p.write_text("")),
    ("plan.toml cut in a line", "H13", "plan.toml", lambda p: p.write_text(p.read_text()[:-20])),
    ("plan.toml not UTF-8", "H17", "UTF-8", lambda p: p.write_bytes(b"id = \"\xe9\"")),
    ("plan.toml with a doubled key", "H19", "plan.toml", _more('\n[tolerance]\nsliver_width_m = 9\n')),
    ("plan.toml with an unknown key", "schema", "statuss", _swap("status =", "statuss =")),
    ("no id", "schema", "id", _swap('id = "rdtr-kefamenanu-sintetis"', "")),
    ("a level that does not exist", "schema", "level", _swap('level = "rdtr"', 'level = "rtrx"')),
    ("a status that does not exist", "schema", "status", _swap('status = "in-force"', 'status = "berlaku"')),
    ("scale = 0", "schema", "scale", _swap("scale = 5000", "scale = 0")),
    ("scale is a text", "schema", "scale", _swap("scale = 5000", 'scale = "1:5000"')),
    ("a negative tolerance", "schema", "sliver_width_m", _swap("sliver_width_m = 0.5", "sliver_width_m = -1")),
    ("a tolerance that is NaN", "H30", "sliver_width_m", _swap("sliver_width_m = 0.5", "sliver_width_m = nan")),
    ("a tolerance that is infinite", "H31", "sliver_area_m2", _swap("sliver_area_m2 = 1.0", "sliver_area_m2 = inf")),
    ("valid_from is no date", "schema", "valid_from", _swap("valid_from = 2024-03-01", 'valid_from = "dulu"')),
    ("a layer outside the folder", "H61", "folder", _swap('"layers/polaruang_sintetis.shp"', '"../polaruang.shp"')),
    ("a layer with an absolute path", "H61", "folder", _swap('"layers/polaruang_sintetis.shp"', '"/etc/passwd"')),
    ("a layer that is a URL", "H43", "", _swap('"layers/polaruang_sintetis.shp"', '"https://localhost/a.shp"')),
    ("a layer through /vsicurl/", "H43", "", _swap('"layers/polaruang_sintetis.shp"', '"/vsicurl/http://localhost/a.shp"')),
    ("a layer that is not there", "F01", "tiada.shp", _swap("polaruang_sintetis.shp", "tiada.shp")),
    ("a field that is not there", "A01", "KODTIADA", _swap('"KODSZN"', '"KODTIADA"')),
    ("a layer inside the file that is not there", "F08", "jalan_tiada", _swap('"jaringan_jalan"', '"jalan_tiada"')),
    ("a role that does not exist", "schema", "role", _swap('role = "river"', 'role = "kali"')),
    ("a version that is not out yet", "contract", "requires", _swap('requires = ">=0.1"', 'requires = ">=99"')),
    ("no layer of zoning", "F01", "zoning", _swap('role = "zoning"', 'role = "parcel"')),
):  # fmt: skip
    _add(_name, _source, _says, "plan.toml", _change)

for _file, _name, _source, _says, _change in (
    ("itbx.csv", "a cell outside the grammar", "A14", "itbx.csv", _swap("rumah-tunggal,X", "rumah-tunggal,Q")),
    ("itbx.csv", "- in a cell of the matrix", "A14", "itbx.csv", _swap("rumah-tunggal,X", "rumah-tunggal,-")),
    ("itbx.csv", "an activity twice", "A14", "itbx.csv", _swap("rumah-deret,", "rumah-tunggal,")),
    ("itbx.csv", "a column twice", "A14", "itbx.csv", _swap("HL,PS,BA", "HL,HL,BA")),
    ("itbx.csv", "a row too long", "H14", "itbx.csv", _swap("rumah-tunggal,X", "rumah-tunggal,X,X")),
    ("itbx.csv", "a formula as a cell", "H54", "itbx.csv", _swap("rumah-tunggal,X", "rumah-tunggal,=1+1")),
    ("intensity.csv", "a number with a comma", "A12", "intensity.csv", _swap("HL,*,-,-,0,0,98", 'HL,*,-,-,0,0,"98,5"')),
    ("intensity.csv", "a word as a number", "A12", "intensity.csv", _swap("HL,*,-,-,0,0,98", "HL,*,-,-,nol,0,98")),
    ("intensity.csv", "a negative limit", "A12", "intensity.csv", _swap("HL,*,-,-,0,0,98", "HL,*,-,-,-5,0,98")),
    ("intensity.csv", "NaN as a limit", "H30", "intensity.csv", _swap("HL,*,-,-,0,0,98", "HL,*,-,-,nan,0,98")),
    ("intensity.csv", "1e400 as a limit", "H31", "intensity.csv", _swap("HL,*,-,-,0,0,98", "HL,*,-,-,0,1e400,98")),
    ("intensity.csv", "more than 100 percent", "A12", "intensity.csv", _swap("HL,*,-,-,0,0,98", "HL,*,-,-,0,0,198")),
    ("intensity.csv", "a column of another name", "A01", "intensity.csv", _swap("kdb_max_pct", "kdb_maks")),
    ("intensity.csv", "a road class that does not exist", "contract", "intensity.csv", _swap("HL,*,", "HL,gang,")),
    ("intensity.csv", "a header only twice", "H14", "intensity.csv", lambda p: p.write_text(
        p.read_text().splitlines()[0] + "\n" + p.read_text())),
    ("zones.csv", "a sub-zone twice", "A03", "zones.csv", _swap("\nPS,", "\nHL,")),
    ("zones.csv", "neither protected nor cultivated", "A04", "zones.csv", _swap("lindung,lindung", "lindung,mungkin")
     if "lindung,lindung" in (SAMPLE / "zones.csv").read_text() else _swap(",lindung,", ",mungkin,")),
    ("zones.csv", "a quote that never ends", "H14", "zones.csv", _swap('"50,95,40"', '"50,95,40')),
    ("zones.csv", "not UTF-8", "H17", "zones.csv", lambda p: p.write_bytes(p.read_bytes().replace(b"Hutan", b"Hut\xe9n"))),
    ("zones.csv", "a NUL byte", "H55", "zones.csv", lambda p: p.write_bytes(p.read_bytes().replace(b"Hutan", b"Hut\0n"))),
    ("zones.csv", "in UTF-16", "H17", "zones.csv", lambda p: p.write_bytes(p.read_text().encode("utf-16"))),
    ("kbli.csv", "an activity that does not exist", "A13", "kbli.csv", _more("99999,tiada\n")),
    ("kbli.csv", "a KBLI of letters", "A13", "kbli.csv", _more("abcde,sawah\n")),
    ("conditions.csv", "a test outside the grammar", "H51", "conditions.csv", _more("T77,x,y,__import__('os')\n")),
    ("conditions.csv", "a code twice", "A14", "conditions.csv", _more("T1,x,y,\n")),
    ("activities.csv", "an activity without an id", "A01", "activities.csv", _more(",kosong\n")),
):  # fmt: skip
    _add(f"{_file}: {_name}", _source, _says, _file, _change)

for _suffix, _name, _source, _says, _change in (
    (".shp", "zoning .shp cut", "H1", ZONING, lambda p: cut(p, 0.5)),
    (".dbf", "zoning .dbf of fewer records", "H3", ZONING, lambda p: set_dbf_rows(p, 100)),
    (".dbf", "zoning .dbf missing", "H6", ".dbf", _gone),
    (".shx", "zoning .shx of another order", "H5", ZONING, shuffle_shx),
    (".shp", "zoning .shp is a VRT", "H42", ZONING, lambda p: p.write_text("<OGRVRTDataSource/>")),
):
    _add(_name, _source, _says, ZONING + _suffix, _change)


def _link(path: Path) -> None:
    outside = path.parents[2] / "luar.geojson"
    outside.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(outside)


for _file, _name, _source, _says, _change in (
    ("struktur_ruang_sintetis.gpkg", "roads: GeoPackage cut", "H13", "struktur", lambda p: cut(p, 0.5)),
    ("sungai_sintetis.geojson", "river: GeoJSON cut", "H13", "sungai", lambda p: cut(p, 0.5)),
    ("sungai_sintetis.geojson", "river: a link out of the folder", "H61", "folder", _link),
    ("sungai_sintetis.geojson", "river: a coordinate is NaN", "H30", "sungai", lambda p: p.write_text(
        p.read_text().replace("[124.", "[NaN, 124.", 1))),
    ("persil_sintetis.fgb", "parcels: FlatGeobuf cut", "H11", "persil", lambda p: cut(p, 0.66)),
    ("kawasan_hutan_sintetis.geojson", "forest: file missing", "F01", "kawasan_hutan", _gone),
):  # fmt: skip
    _add(_name, _source, _says, f"layers/{_file}", _change)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


for _file in ("plan.toml", "itbx.csv", "layers/sungai_sintetis.geojson"):
    _add(f"{_file} is a named pipe", "security", "", _file, _pipe)

PLAN_FAULTS = tuple(f for f in FAULTS if f.kind == "plan")
