"""Adopting what planners really have: odd layers through the command line, odd annexes, and what stays open."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely

from kkpr_check.cli.plan_init import init_command
from kkpr_check.cli.plan_show import show_command
from kkpr_check.errors import ErrorGroup, InputError, KkprError, PlanError
from kkpr_check.io.adopt.draft import Question
from kkpr_check.io.annex.intensity import import_intensity
from kkpr_check.io.annex.itbx import import_itbx
from kkpr_check.io.annex.limits import ParsedLimit, parse_intensity_text
from kkpr_check.io.lock import write_lock
from kkpr_check.io.planfolder import load_plan, load_rules
from kkpr_check.prover import prove
from kkpr_check.reference import find_subzone


def layer(path: Path, fields: dict[str, list[Any]], *, east_m: float = 0.0, name: str | None = None) -> Path:
    """Squares of 100 m side by side, south of Kefamenanu."""
    rows = len(next(iter(fields.values())))
    shapes = [
        shapely.box(662000 + east_m + 100 * i, 8955000, 662100 + east_m + 100 * i, 8955100)
        for i in range(rows)
    ]
    columns = [
        np.array(values, dtype=object if isinstance(values[0], str | None) else None)
        for values in fields.values()
    ]
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array(shapes, dtype=object)), columns, list(fields), geometry_type="Polygon",
        crs="EPSG:32751", encoding="UTF-8", **({"layer": name, "append": path.exists()} if name else {}),
    )  # fmt: skip
    return path


def command(*args: object) -> subprocess.CompletedProcess[str]:
    """The installed command, as a planner runs it."""
    return subprocess.run(
        [sys.executable, "-m", "kkpr_check", "--lang", "en", *map(str, args)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


# --- a fresh folder -----------------------------------------------------------------------------------------


def test_a_fresh_folder_can_be_shown_locked_and_checked_but_decides_nothing(tmp_path: Path) -> None:
    source = layer(tmp_path / "pola.shp", {"KODE": ["R-2", "R-3", "J9"], "NAMOBJ": ["a", "b", "Jasa"]})
    made = command("plan", "init", source, "--output", tmp_path / "rencana", "--yes")
    assert made.returncode == 0 and made.stderr == "", "a shapefile is read without a word of GDAL"
    folder = tmp_path / "rencana"
    shown = show_command(folder)
    assert "STILL OPEN" in shown and "draft" in shown and "law: TODO" in shown
    write_lock(folder)
    site = tmp_path / "site.geojson"
    site.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"id": "a", "kbli": "47111", "role": "parcel"},
                        "geometry": {
                            "type": "Polygon",
                            "coordinates": [[
                                [124.4752, -9.4506], [124.4755, -9.4506], [124.4755, -9.4503], [124.4752, -9.4503],
                                [124.4752, -9.4506],
                            ]],
                        },
                    }
                ],
            }
        ),
        encoding="utf-8",
    )  # fmt: skip
    for more in ((), ("--include-draft",)):
        checked = command("check", site, "--plan", folder, "--format", "json", *more)
        assert checked.returncode == 1 and json.loads(checked.stdout)["verdict"] == "undetermined"


def test_an_open_value_is_a_subzone_without_rules(tmp_path: Path) -> None:
    source = layer(tmp_path / "pola.shp", {"KODE": ["R-2", "R-3", "J9"]})
    init_command([source], tmp_path / "plan", yes=True)
    tables = load_plan(tmp_path / "plan").tables
    assert "J9" in tables.zones and tables.zones["J9"].protected is None
    assert {p.code for p in prove(tables) if "J9" in p.text.en} == {"DAT302"}


# --- what is a zoning layer ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"RW": [1, 2, 3]},
        {"RT_RW": ["01/02", "02/02"], "KODE": ["R1", "R2"]},
        {"NAMA": ["Rukun Warga 1", "Rukun Warga 2"]},
        {"KODE": ["R1", "R2", "R3"], "RT": ["001", "002", "003"]},
        {"Keterangan": ["RT 05 RW 02", "RT.006/RW.002"]},
    ],
)
def test_neighbourhood_maps_are_no_plan(fields: dict[str, list[Any]], tmp_path: Path) -> None:
    source = layer(tmp_path / "rtrw.gpkg", fields)
    with pytest.raises(PlanError, match="neighbourhood") as refused:
        init_command([source], tmp_path / "plan", yes=True)
    assert refused.value.code == "not-zoning" and not (tmp_path / "plan").exists()
    assert "RT/RW" in refused.value.render("id")


def test_zone_names_make_a_plan_although_each_says_its_rt_and_rw(tmp_path: Path) -> None:
    names = ["Perumahan Kepadatan Tinggi", "Badan Jalan"]
    source = layer(tmp_path / "a.gpkg", {"NAMA": names, "RT": ["001", "002"], "RW": ["01", "01"]})
    assert "NAMA: 2 of 2" in init_command([source], tmp_path / "plan", yes=True)


def test_soil_letters_are_no_zones(tmp_path: Path) -> None:
    fields = {"JENIS": ["Aluvial", "Latosol", "Regosol", "Podsolik"], "KODE": ["A1", "L2", "R1", "P2"]}
    with pytest.raises(PlanError):
        init_command([layer(tmp_path / "tanah.gpkg", fields)], tmp_path / "plan", yes=True)


def test_roads_by_number_beside_another_text_column(tmp_path: Path) -> None:
    lines = [shapely.LineString([(662000, 8955000), (662100, 8955000)])] * 2
    pyogrio.raw.write(
        tmp_path / "j.gpkg", shapely.to_wkb(np.array(lines, dtype=object)),
        [np.array([22011201.0, 22011302.0]), np.array(["x", "y"], dtype=object)], ["ORDE02", "REMARK"],
        geometry_type="LineString", crs="EPSG:32751",
    )  # fmt: skip
    zoning = layer(tmp_path / "z.gpkg", {"KODSZN": ["R-2", "R-3"]})
    init_command([zoning, tmp_path / "j.gpkg"], tmp_path / "plan", yes=True)
    (roads,) = load_plan(tmp_path / "plan").layers_of("road")
    assert roads.codes == {"22011201": "kolektor-primer", "22011302": "lokal-sekunder"}


def test_two_versions_of_one_plan_are_refused_and_neighbours_are_not(tmp_path: Path) -> None:
    package = tmp_path / "rdtr.gpkg"
    for name in ("pola_2020", "pola_2024"):
        layer(package, {"KODSZN": ["R-2", "R-3", "K-1"]}, name=name)
    with pytest.raises(PlanError) as refused:
        init_command([package], tmp_path / "plan", yes=True)
    assert refused.value.code == "two-versions" and "pola_2020" in refused.value.render("en")
    assert not (tmp_path / "plan").exists()
    east = layer(tmp_path / "timur.gpkg", {"KODSZN": ["R-2", "R-3"]}, east_m=300)
    west = layer(tmp_path / "barat.gpkg", {"KODSZN": ["R-2", "R-3", "K-1"]})
    init_command([west, east], tmp_path / "plan", yes=True)
    assert len(load_plan(tmp_path / "plan").layers_of("zoning")) == 2


def test_the_class_of_an_rtrw_is_preferred_to_its_group(tmp_path: Path) -> None:
    numbers = {
        "ORDE01": ["32100000", "32040000"],
        "ORDE02": ["32101000", "32041000"],
        "KODKWS": ["32101000", "32041000"],
    }
    said = init_command([layer(tmp_path / "rtrw.gpkg", numbers)], tmp_path / "plan", yes=True)
    assert "subzone = KODKWS" in said and "32101000 -> PK" in said


@pytest.mark.parametrize(
    ("value", "code", "certain"),
    [
        ("R–2", "R-2", True), ("R-2 Perumahan Kepadatan Tinggi", "R-2", True),
        ("R-2 (Perumahan Kepadatan Tinggi)", "R-2", True), ("R-3 Perumahan Kepadatan Tinggi", "R-3", False),
        ("r2k", "R-2", True), ("K2a", "K-2", False), ("R-2.a", "R-2", True),
    ],
)  # fmt: skip
def test_spellings_of_a_code(value: str, code: str, certain: bool) -> None:
    match = find_subzone(value)
    assert match is not None and (match.code, match.certain) == (code, certain)


# --- ITBX annexes -------------------------------------------------------------------------------------------

HEADER = ["No", "KBLI", "Kegiatan", "R-2", "R-3", "K-1"]
ROWS = [
    [1, "01111", "Jagung", "X", "I", "T1"],
    [2, 47111, "Minimarket", "T1,B1", "I", "X"],
    [3, "-", "Rumah", "I", "B2", "X"],
]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "plan"
    folder.mkdir()
    (folder / "zones.csv").write_text("subzone,name\nR-2,a\nR-3,b\nK-1,c\n", encoding="utf-8")
    return folder


def book(path: Path, *blocks: tuple[int, int, list[list[Any]]]) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "ITBX"
    for top, left, rows in blocks:
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value is not None:
                    sheet.cell(top + r, left + c, value)
    workbook.save(path)
    return path


def conditions(plan: Path) -> dict[str, str]:
    with (plan / "conditions.csv").open(encoding="utf-8") as stream:
        return {row["code"]: row["text"] for row in csv.DictReader(stream)}


@pytest.mark.parametrize(
    "legend",
    [
        (1, 9, [["Keterangan"], ["T1", "jam operasi"], ["B1", "amdal"], ["B2", "lalin"]]),
        (2, 9, [["T1", ":", "jam operasi"], ["B1", ":", "amdal"], ["B2", ":", "lalin"]]),
        (1, 9, [["Ket:"], ["T1 : jam operasi"], ["B1 : amdal"], ["B2 = lalin"]]),
        (6, 1, [["Keterangan: T1 = jam operasi\nB1 = amdal\nB2 = lalin"]]),
        (6, 1, [["Catatan: T1 = jam operasi; B1 = amdal; B2 = lalin"]]),
        (6, 2, [["T1 jam operasi"], ["B1. amdal"], ["B2) lalin"]]),
    ],
)
def test_the_legend_is_found_wherever_it_stands(legend: Any, tmp_path: Path, plan: Path) -> None:
    report = import_itbx(book(tmp_path / "a.xlsx", (1, 1, [HEADER, *ROWS]), legend), plan)
    assert conditions(plan) == {"T1": "jam operasi", "B1": "amdal", "B2": "lalin"}
    assert sum(report.counts.values()) == report.rows * report.columns
    assert not [item for item in report.listed if item.reason == "column-unread"]


def test_subzones_beyond_the_plan_are_imported_noted_and_proven(tmp_path: Path, plan: Path) -> None:
    rows = [[*HEADER, "RTH8"], *[[*row, "X"] for row in ROWS]]
    report = import_itbx(book(tmp_path / "a.xlsx", (1, 1, rows)), plan)
    assert (plan / "itbx.csv").read_text(encoding="utf-8").startswith("activity_id,R-2,R-3,K-1,RTH-8\n")
    assert [note.value for note in report.notes if note.reason == "subzone-not-in-plan"] == ["RTH8"]
    assert report.counts["imported"] == 12


def test_the_edition_of_the_plan_decides_which_codes_are_known(tmp_path: Path, plan: Path) -> None:
    (plan / "plan.toml").write_text("kbli_version = 2025\n", encoding="utf-8")
    rows = [HEADER, [1, "KBLI 47999", "Toko", "I", "X", "X"], [2, "00001", "Lain", "I", "X", "X"]]
    report = import_itbx(book(tmp_path / "a.xlsx", (1, 1, rows)), plan)
    reasons = [note.reason for note in report.notes]
    assert "kbli-version" in reasons and "kbli-unknown" not in reasons
    assert "47999,47999" in (plan / "kbli.csv").read_text(encoding="utf-8")


# --- intensity ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("- Luas LP kurang dari 60 m2 : 80, - Luas LP 60 - 200 m2: 70, - Luas LP lebih dari 200 m2: 60",
         [(0, 60, 80), (60, 200.0001, 70), (200.0001, np.inf, 60)]),
        ("Kurang dari 200 m2: 70%; antara 200 m2 dan 500 m2: 60%; lebih dari 500 m2: 50%",
         [(0, 200, 70), (200, 500.0001, 60), (500.0001, np.inf, 50)]),
        ("sampai dengan 200 m2: 70; 200 - 500 m2: 60; di atas 500 m2: 50",
         [(0, 200.0001, 70), (200.0001, 500.0001, 60), (500.0001, np.inf, 50)]),
        ("≤200 m²: 70%\n>200 m²: 60%", [(0, 200.0001, 70), (200.0001, np.inf, 60)]),
        ("kurang dari 100 m2 = 80; lebih dari 100 m2 = 70", [(0, 100, 80), (100.0001, np.inf, 70)]),
    ],
)  # fmt: skip
def test_ladders_in_words(text: str, steps: list[tuple[float, float, float]]) -> None:
    parsed = parse_intensity_text(text)
    assert isinstance(parsed, ParsedLimit)
    assert [(s.parcel_min_m2, s.parcel_max_m2, s.limit.constant) for s in parsed.steps] == steps


def test_a_plot_that_two_rows_exclude_is_the_counter_example(tmp_path: Path, plan: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text(
        "Kode,Luas Persil,KDB (%),KLB,KDH,Dasar Hukum\nR-3,kurang dari 1000.5 m2,80,1.6,10,Pasal 5\n"
        "R-3,lebih dari 1000.5 m2,70,1.4,20,Pasal 5\nK-1,semua,60,,20,Pasal 6\n",
        encoding="utf-8",
    )
    import_intensity(source, plan)
    said = [
        (p.code, p.text.en, p.text.id) for p in prove(load_rules(plan)) if p.place.file == "intensity.csv"
    ]
    assert any(
        code == "DAT304" and en.startswith("a plot of 1,000.5 m² on any road in R-3 has no KDB")
        and id_.startswith("persil 1.000,5 m²")
        for code, en, id_ in said
    )  # fmt: skip
    assert ("DAT310", "no KLB is typed in for K-1") in [(code, en) for code, en, _ in said]


def test_a_json_key_written_twice_is_refused(tmp_path: Path, plan: Path) -> None:
    source = tmp_path / "a.json"
    source.write_text('[{"Kode": "R-3", "KDB": 60, "KDB": 70}]', encoding="utf-8")
    with pytest.raises(InputError, match='"KDB" twice'):
        import_intensity(source, plan)
    assert not (plan / "intensity.csv").exists()


# --- hostile and broken files -------------------------------------------------------------------------------


def rewritten(source: Path, target: Path, change: Any) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target


def test_bombs_leave_the_plan_as_it_was(tmp_path: Path, plan: Path) -> None:
    good = book(tmp_path / "good.xlsx", (1, 1, [HEADER, *ROWS]))
    row = b'<row r="%d"><c r="A%d"><v>1</v></c></row>'

    def rows(name: str, data: bytes) -> bytes:
        more = b"".join(row % (n, n) for n in range(10, 600_010)) if "sheet1" in name else b""
        return data.replace(b"</sheetData>", more + b"</sheetData>")

    def entity(name: str, data: bytes) -> bytes:
        dtd = b'<!DOCTYPE x [<!ENTITY a "aa">]><worksheet'
        return data.replace(b"<worksheet", dtd, 1) if "sheet1" in name else data

    before = sorted(path.name for path in plan.iterdir())
    for name, change in (("rows.xlsx", rows), ("entity.xlsx", entity)):
        with pytest.raises((KkprError, ErrorGroup)):
            import_itbx(rewritten(good, tmp_path / name, change), plan)
        assert sorted(path.name for path in plan.iterdir()) == before


def test_answers_that_are_no_date_are_asked_again_and_no_law_is_no_plan_in_force(tmp_path: Path) -> None:
    source = layer(tmp_path / "pola.shp", {"KODE": ["R-2", "R-3", "H.2"]})
    dates = iter(["besok", "31-01-2024", "2024-01-31"])

    def ask(question: Question) -> str:
        if "H.2" in question.text.en:
            return "RTH-2"
        return (
            next(dates) if "since" in question.text.en else "in-force" if question.text.en == "Status" else ""
        )

    init_command([source], tmp_path / "plan", ask=ask)
    plan = load_plan(tmp_path / "plan")
    assert (plan.status, str(plan.valid_from), plan.legal) == ("draft", "2024-01-31", "TODO")
    assert plan.tables.zones["RTH-2"].name == "Taman Kota" and plan.tables.zones["RTH-2"].protected


def test_the_law_of_one_row_does_not_cover_another(tmp_path: Path, plan: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text(
        "Kode,Luas Persil,KDB (%),KLB,KDH,Pasal\nR-3,<= 200 m2,80,1.6,10,Pasal 5\nR-3,> 200 m2,70,1.4,20,\n",
        encoding="utf-8",
    )
    import_intensity(source, plan)
    with (plan / "intensity.csv").open(encoding="utf-8") as stream:
        assert [row["legal"] for row in csv.DictReader(stream)] == ["Pasal 5", ""]
    assert [p.place.row for p in prove(load_rules(plan)) if p.code == "DAT306"] == [3]
