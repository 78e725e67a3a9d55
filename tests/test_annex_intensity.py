"""Import of intensity annexes: one reading or a listed cell, ladders that cover every road and parcel size once."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kkpr_check.cli.plan_annex import import_intensity_command
from kkpr_check.errors import ErrorGroup, InputError, PlanError, UsageError
from kkpr_check.io.annex.intensity import Choices, import_intensity
from kkpr_check.io.annex.limits import ParsedLimit, Undecided, fit_column, parse_intensity_text
from kkpr_check.io.annex.report import ImportReport
from kkpr_check.plan import ROAD_CLASSES, State, Tables
from kkpr_check.tables import parse_tables

REAL = Path(os.environ.get("KKPR_REAL") or Path(__file__).parents[1].parent / "shared" / "real") / "aturan"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not here")
ANY = ((), 0.0, math.inf)


def steps(text: str) -> list[tuple[float, float, tuple[str, ...], float, float]]:
    parsed = parse_intensity_text(text)
    assert isinstance(parsed, ParsedLimit), parsed
    return [(s.limit.constant, s.limit.rumija_factor, *s[1:]) for s in parsed.steps]


# --- every string of the domain reference, section 4.5


@pytest.mark.parametrize(
    ("text", "number", "unit", "side"),
    [
        ("60", 60, None, None), ("60%", 60, "%", None), ("70%", 70, "%", None), (":20", 20, None, None),
        (":1.2", 1.2, None, None), ("- 20", 20, None, None), ("- 0.2", 0.2, None, None), ("2.4", 2.4, None, None),
        ("0,3", 0.3, None, None), ("20,5", 20.5, None, None), ("Maksimum 4.2", 4.2, None, "max"),
        ("maksimum: 60%", 60, "%", "max"), ("Ketinggan Bangunan: 16 m", 16, "m", None), ("&lt;= 6 m", 6, "m", "max"),
        ("47.495,25 M²", 47495.25, "m2", None), ("18.771 M²", 18771, "m2", None), ("4.438,01 M²", 4438.01, "m2", None),
        ("347.400 M²", 347400, "m2", None), ("43 Ha", 430000, "m2", None), ("minimal 20 %", 20, "%", "min"),
        ("4 lantai", 4, "floors", None), ("1.234.567 m2", 1234567, "m2", None), ("0,125", 0.125, None, None),
        ("６０％", 60, "%", None), ("KDB maks. 60%", 60, "%", "max"),
        ("paling tinggi sebesar 60% (enam puluh persen)", 60, "%", "max"), ("2,4 (dua koma empat)", 2.4, None, None),
    ],
)  # fmt: skip
def test_single_values(text: str, number: float, unit: str | None, side: str | None) -> None:
    parsed = parse_intensity_text(text)
    assert isinstance(parsed, ParsedLimit)
    assert steps(text) == [(number, 0.0, *ANY)]
    assert (parsed.unit, parsed.side) == (unit, side)


@pytest.mark.parametrize(
    ("text", "constant", "factor"),
    [
        ("½ Rumija", 0, 0.5), ("1â„2x lebar rumija", 0, 0.5), ("1/2 x rumija", 0, 0.5), ("setengah rumija", 0, 0.5),
        ("0,5 * rumija", 0, 0.5), ("½ rumija + 1 m", 1, 0.5), ("0.5*rumija+1.5", 1.5, 0.5), ("Â½ lebar rumija", 0, 0.5),
        ("rumija", 0, 1.0), ("minimal 1/2 ruang milik jalan", 0, 0.5),
    ],
)  # fmt: skip
def test_half_rumija_stays_a_formula(text: str, constant: float, factor: float) -> None:
    assert steps(text) == [(constant, factor, *ANY)]


def test_ladders_by_road_class() -> None:
    everywhere = (0.0, math.inf)
    assert steps("Fungsi Jalan Arteri : 70; Kolektor : 70; Lokal Lingkungan : 60") == [
        (70, 0.0, ("arteri",), *everywhere),
        (70, 0.0, ("kolektor",), *everywhere),
        (60, 0.0, ("lokal", "lingkungan"), *everywhere),
    ]
    assert steps("Arteri Primer/ Sekunder: 30%") == [
        (30, 0.0, ("arteri-primer", "arteri-sekunder"), *everywhere)
    ]
    assert steps("Kolektor Primer: 15 m, Lokal Primer: 12,5 m") == [
        (15, 0.0, ("kolektor-primer",), *everywhere),
        (12.5, 0.0, ("lokal-primer",), *everywhere),
    ]


def test_ladder_by_parcel_size_is_exact_at_its_bounds() -> None:
    text = "Luas LP kurang dari 60 m2 : 100; Luas LP 60 - 400 m2 : 80; Luas LP lebih dari 400 m2 : 60"
    assert steps(text) == [
        (100, 0.0, (), 0.0, 60.0), (80, 0.0, (), 60.0, 400.0001), (60, 0.0, (), 400.0001, math.inf),
    ]  # fmt: skip
    assert steps("Luas persil <= 1.000 m2: 70; luas persil > 1.000 m2: 60")[0][4] == 1000.0001


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-", "dash"), ("–", "dash"), ("0", "zero"), ("0%", "zero"), ("0,0", "zero"), ("", "empty"), ("null", "empty"),
        ("Luas LP lebih dari 400 m2: Alternatif 1: 60, Alternatif 2: 40", "alternatives"),
        ("Lingkungan Primer/ Sekunder (badan jalan <= 6m): 30%", "condition"),
        ("Lingkungan Primer/ Sekunder (badan jalan &lt;= 6m): 30%", "condition"),
        ("4.708 Ha", "thousands-or-decimal"), ("1.200", "thousands-or-decimal"), ("1,200", "thousands-or-decimal"),
        ("kota 5.6/3.5/2.8", "several-values"), ("16 m (4 lantai)", "several-values"), ("60 - 70", "several-values"),
        ("Skala kecamatan: 2.8", "business-scale"), ("usaha mikro 60", "business-scale"), ("-20", "negative"),
        ("15 m atau ½ rumija", "alternatives"), ("sesuai kajian", "unread"), ("Arteri: 70; Arteri: 60", "several-values"),
        ("½ lebar jalan", "several-values"), ("1/0 rumija", "unread"),
    ],
)  # fmt: skip
def test_no_single_reading_is_undecided(text: str, reason: str) -> None:
    parsed = parse_intensity_text(text)
    assert isinstance(parsed, Undecided)
    assert parsed.reason == reason and parsed.text.en and parsed.text.id


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("0.6", "kdb_max_pct", "fraction-or-percent"), ("16 m", "kdb_max_pct", "unit"), ("240%", "klb_max", "unit"),
        ("minimum 70%", "ktb_max_pct", "wrong-side"), ("maks 20%", "kdh_min_pct", "wrong-side"),
        ("120%", "kdb_max_pct", "implausible"), ("240", "klb_max", "implausible"), ("½ rumija", "height_max_m", "unit"),
        ("4 lantai", "height_max_m", "unit"),
    ],
)  # fmt: skip
def test_value_that_does_not_fit_its_column(text: str, column: str, reason: str) -> None:
    parsed = parse_intensity_text(text)
    assert isinstance(parsed, ParsedLimit)
    found = fit_column(parsed, column)
    assert isinstance(found, Undecided) and found.reason == reason


def test_not_regulated_only_where_it_is_said() -> None:
    parsed = parse_intensity_text("Tidak diatur")
    assert isinstance(parsed, ParsedLimit) and parsed.steps[0].limit.state is State.UNREGULATED


# --- tables


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    directory = tmp_path / "plan"
    directory.mkdir()
    return directory


def csv_file(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def rows(directory: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((directory / "intensity.csv").read_text(encoding="utf-8"))))


def tables(directory: Path) -> Tables:
    return parse_tables({"intensity.csv": (directory / "intensity.csv").read_text(encoding="utf-8")})


def reasons(report: ImportReport) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in report.listed:
        found.setdefault(item.reason, []).append(item.address)
    return found


def balanced(report: ImportReport) -> bool:
    return sum(report.counts.values()) == report.rows * report.columns


def limit(directory: Path, subzone: str, road: str, area_m2: float, name: str) -> Any:
    """The one limit that holds there: a second or a missing row is a failure."""
    fitting = [
        rung
        for rung in tables(directory).intensity[subzone]
        if rung.fits_road(road) and rung.parcel_min_m2 <= area_m2 < rung.parcel_max_m2
    ]
    assert len(fitting) == 1
    found = fitting[0].limits[name]
    return found.constant if found.state is State.VALUE and not found.rumija_factor else found


def test_table_with_stacked_header(tmp_path: Path, plan: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Intensitas"
    for row in (
        ["Lampiran X"],
        [
            "No",
            "Kode Subzona",
            "KDB Maks (%)",
            "KLB Maks",
            "KDH Min (%)",
            "GSB minimal (m)",
            None,
            "Tinggi (m)",
            "Pasal",
        ],
        [None, None, None, None, None, "Kolektor", "Lokal", None, None],
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)", "(9)"],
        [1, "R-2", 0.6, 2.4, 20, "½ Rumija", 5, 16, "Pasal 12"],
        [2, "K-1", "70%", "4,2", "-", 10, 0, "Maksimum 20 m", "Pasal 13"],
    ):
        sheet.append(row)
    for reference in ("A2:A3", "B2:B3", "F2:G2"):
        sheet.merge_cells(reference)
    sheet["C5"].number_format = "0%"
    workbook.save(tmp_path / "a.xlsx")
    report = import_intensity(tmp_path / "a.xlsx", plan)
    assert report.header == "Intensitas!B2:I3" and balanced(report)
    assert limit(plan, "R-2", "lokal-primer", 90, "kdb_max_pct") == 60
    assert limit(plan, "R-2", "kolektor-sekunder", 90, "gsb_min_m").rumija_factor == 0.5
    assert limit(plan, "R-2", "arteri-primer", 90, "gsb_min_m").state is State.MISSING
    assert limit(plan, "K-1", "tol", 90, "klb_max") == 4.2
    assert limit(plan, "K-1", "lokal-sekunder", 90, "gsb_min_m").state is State.MISSING
    assert reasons(report)["dash"] == ["Intensitas!E6"] and reasons(report)["zero"] == ["Intensitas!G6"]
    assert {row["legal"] for row in rows(plan) if row["subzone"] == "K-1"} == {"Pasal 13"}
    assert [item.reason for item in report.notes] == ["gsb-from-unknown"]


def test_zero_and_dash_as_the_caller_says(tmp_path: Path, plan: Path) -> None:
    source = csv_file(tmp_path / "a.csv", "Kode,KDB,KTB,KLB\nR-2,60,0,-\n")
    undecided = import_intensity(source, plan)
    assert rows(plan)[0]["ktb_max_pct"] == rows(plan)[0]["klb_max"] == ""
    assert {"zero", "dash"} <= reasons(undecided).keys()
    import_intensity(
        source, plan, choices=Choices(zero="value", dash="unregulated", legal="Perbup 1"), overwrite=True
    )
    assert (rows(plan)[0]["ktb_max_pct"], rows(plan)[0]["klb_max"], rows(plan)[0]["legal"]) == (
        "0",
        "-",
        "Perbup 1",
    )


def test_every_road_and_parcel_size_has_one_row(tmp_path: Path, plan: Path) -> None:
    source = csv_file(
        tmp_path / "a.csv",
        "Kode;KDB;KLB;GSB\n"
        'R-2;"Luas LP kurang dari 60 m2: 80; Luas LP 60 - 400 m2: 70; Luas LP lebih dari 400 m2: 60";2,4;'
        '"Arteri: 20; Kolektor Primer: 15"\n',
    )
    import_intensity(source, plan)
    for road in ROAD_CLASSES:
        for area, kdb in ((1, 80), (59.9999, 80), (60, 70), (400, 70), (400.0001, 60), (9e6, 60)):
            assert limit(plan, "R-2", road, area, "kdb_max_pct") == kdb
    assert limit(plan, "R-2", "arteri-sekunder", 50, "gsb_min_m") == 20
    assert limit(plan, "R-2", "kolektor-primer", 50, "gsb_min_m") == 15
    assert limit(plan, "R-2", "kolektor-sekunder", 50, "gsb_min_m").state is State.MISSING


def test_keys_in_columns_of_their_own(tmp_path: Path, plan: Path) -> None:
    source = csv_file(
        tmp_path / "a.csv",
        "Kode,Kelas Jalan,Luas Persil,KDB (%)\n"
        "R-2,Arteri,kurang dari 500 m2,60\nR-2,Arteri,lebih dari atau sama dengan 500 m2,50\nR-2,Lokal,,40\n"
        "R-2,Setapak,,30\n",
    )
    report = import_intensity(source, plan)
    assert limit(plan, "R-2", "arteri-primer", 499, "kdb_max_pct") == 60
    assert limit(plan, "R-2", "arteri-primer", 500, "kdb_max_pct") == 50
    assert limit(plan, "R-2", "lokal-primer", 500, "kdb_max_pct") == 40
    assert reasons(report)["road-unread"] == ["a!D5"]


def test_unread_road_leaves_nothing_decided_where_it_may_apply(tmp_path: Path, plan: Path) -> None:
    source = csv_file(tmp_path / "a.csv", "Kode,Kelas Jalan,KDB (%)\nR-2,*,60\nR-2,Setapak,30\n")
    report = import_intensity(source, plan)
    assert limit(plan, "R-2", "lokal-primer", 500, "kdb_max_pct").state is State.MISSING
    assert reasons(report)["several-rows"] == ["a!C2"]


def test_ladder_over_several_rows_has_no_hole(tmp_path: Path, plan: Path) -> None:
    source = csv_file(
        tmp_path / "a.csv", "Kode,Luas Persil (m2),KDB\nR-2,< 60,80\nR-2,60-200,70\nR-2,> 200,60\n"
    )
    import_intensity(source, plan)
    for area, kdb in ((59.9999, 80), (60, 70), (200, 70), (200.0001, 60)):
        assert limit(plan, "R-2", "tol", area, "kdb_max_pct") == kdb


def test_parcel_sizes_in_the_header(tmp_path: Path, plan: Path) -> None:
    source = csv_file(
        tmp_path / "a.csv",
        "Kode,KDB (%) luas persil <= 200 m2,KDB (%) luas persil > 200 m2,KLB\nR-2,80,60,2\n",
    )
    import_intensity(source, plan)
    assert limit(plan, "R-2", "tol", 200, "kdb_max_pct") == 80
    assert limit(plan, "R-2", "tol", 200.0001, "kdb_max_pct") == 60
    assert limit(plan, "R-2", "tol", 300, "klb_max") == 2


def test_hole_of_the_annex_stays_a_hole(tmp_path: Path, plan: Path) -> None:
    source = csv_file(
        tmp_path / "a.csv", "Kode,Luas Persil (m2),KDB\nR-2,kurang dari 60,80\nR-2,lebih dari 100,60\n"
    )
    import_intensity(source, plan)
    assert limit(plan, "R-2", "tol", 80, "kdb_max_pct").state is State.MISSING


def test_condition_beside_a_key_is_not_dropped(tmp_path: Path, plan: Path) -> None:
    source = csv_file(
        tmp_path / "a.csv",
        "Kode,Kelas Jalan,Luas Persil,KDB\nR-2,Lokal (badan jalan < 6 m),,80\nR-2,Arteri,> 500 m2 kavling sudut,70\n",
    )
    report = import_intensity(source, plan)
    assert reasons(report)["road-unread"] == ["a!D2"] and reasons(report)["parcel-unread"] == ["a!D3"]


def test_code_and_name_that_disagree_are_listed(tmp_path: Path, plan: Path) -> None:
    csv_file(plan / "zones.csv", "subzone,name\nR-2,Perumahan\nK-1,Perdagangan\n")
    source = csv_file(tmp_path / "a.csv", "Kode,Sub Zona,KDB\nR-2,Perdagangan,60\nK1,Perdagangan,70\n")
    report = import_intensity(source, plan)
    assert [row["subzone"] for row in rows(plan)] == ["K-1"]
    assert reasons(report)["subzone-ambiguous"] == ["a!A2", "a!B2", "a!C2"]


def test_numbers_that_json_allows_and_no_limit_can_be(tmp_path: Path, plan: Path) -> None:
    text = '[{"Kode": "R-2", "KDB": NaN, "KLB": Infinity, "KDH": %s, "KTB": true, "GSB": [1]}]' % ("9" * 400)
    report = import_intensity(csv_file(tmp_path / "a.json", text), plan)
    assert report.results["values"] == 0 and balanced(report)


def test_business_scale_is_no_key(tmp_path: Path, plan: Path) -> None:
    source = csv_file(
        tmp_path / "a.csv", "Kode,Skala Usaha,KDB,KLB\nK-1,Kecil,60,2\nK-1,Besar,70,3\nR-2,,50,1\n"
    )
    report = import_intensity(source, plan)
    assert reasons(report)["business-scale"] == ["a!C2", "a!D2", "a!C3", "a!D3"]
    assert limit(plan, "K-1", "tol", 10, "kdb_max_pct").state is State.MISSING
    assert limit(plan, "R-2", "tol", 10, "kdb_max_pct") == 50


def test_rows_that_contradict_stay_empty(tmp_path: Path, plan: Path) -> None:
    source = csv_file(tmp_path / "a.csv", "Kode,Jenis,KDB,KDH\nW,barat,50,40\nW,timur,40,40\nW,utara,,40\n")
    report = import_intensity(source, plan)
    assert limit(plan, "W", "tol", 10, "kdb_max_pct").state is State.MISSING
    assert limit(plan, "W", "tol", 10, "kdh_min_pct") == 40
    assert reasons(report)["several-rows"] == ["a!C2", "a!C3"] and balanced(report)


def test_minimum_over_a_maximum_column_is_listed(tmp_path: Path, plan: Path) -> None:
    report = import_intensity(csv_file(tmp_path / "a.csv", "Kode,KDB maks,KTB minimum\nR-2,60,70\n"), plan)
    assert reasons(report)["wrong-side"] == ["a!C2"]
    assert limit(plan, "R-2", "tol", 10, "ktb_max_pct").state is State.MISSING


def test_line_of_gsb_from_header_or_caller(tmp_path: Path, plan: Path) -> None:
    said = csv_file(tmp_path / "a.csv", "Kode,GSB minimal dari as jalan (m)\nR-2,10\n")
    import_intensity(said, plan)
    assert rows(plan)[0]["gsb_from"] == "road_axis"
    silent = csv_file(tmp_path / "b.csv", "Kode,GSB (m)\nR-2,10\n")
    import_intensity(silent, plan, choices=Choices(gsb_from="road_edge"), overwrite=True)
    assert rows(plan)[0]["gsb_from"] == "road_edge"
    with pytest.raises(UsageError):
        import_intensity(silent, plan, choices=Choices(gsb_from="pagar"), overwrite=True)


def test_own_form_reads_back_unchanged(tmp_path: Path, plan: Path) -> None:
    source = csv_file(
        tmp_path / "a.csv",
        'Kode;KDB;KLB;GSB;Pasal\nR-2;"Arteri: 70; Lokal: 60";-;½ rumija + 1;Pasal 3\nK-1;50;2;-;\n',
    )
    import_intensity(source, plan, choices=Choices(dash="unregulated", gsb_from="road_edge"))
    text = (plan / "intensity.csv").read_text(encoding="utf-8")
    copy = csv_file(tmp_path / "kopi.csv", text)
    import_intensity(copy, plan, overwrite=True)
    assert (plan / "intensity.csv").read_text(encoding="utf-8") == text


def test_names_are_resolved_by_zones_csv_first(tmp_path: Path, plan: Path) -> None:
    csv_file(plan / "zones.csv", "subzone,name\nR2-a,Perumahan Kepadatan Tinggi\nSK,Sawah Kita\n")
    source = csv_file(
        tmp_path / "a.csv",
        "SubZona,KDB\nPerumahan kepadatan tinggi,60\nSawah  Kita,10\nKebun Raya,5\nBadan Air,4\n",
    )
    report = import_intensity(source, plan)
    assert [row["subzone"] for row in rows(plan)] == ["R2-a", "SK", "BA"]
    assert reasons(report)["subzone-unknown"] == ["a!A4", "a!B4"]
    assert [note.value for note in report.notes if note.reason == "subzone-not-in-plan"] == ["Badan Air"]


def test_hidden_rows_are_listed_unless_asked_for(tmp_path: Path, plan: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (["Kode", "KDB"], ["R-2", 60], ["K-1", 70]):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    workbook.save(tmp_path / "a.xlsx")
    assert reasons(import_intensity(tmp_path / "a.xlsx", plan))["hidden-row"] == ["Sheet!A3", "Sheet!B3"]
    import_intensity(tmp_path / "a.xlsx", plan, choices=Choices(include_hidden=True), overwrite=True)
    assert [row["subzone"] for row in rows(plan)] == ["R-2", "K-1"]


# --- refusals


def test_two_tables_are_refused_and_selectable(tmp_path: Path, plan: Path) -> None:
    source = csv_file(tmp_path / "a.csv", "Kode,KDB\nR-2,60\n,\nKode,KLB\nR-2,2\n")
    with pytest.raises(PlanError) as caught:
        import_intensity(source, plan)
    assert caught.value.code == "several-tables"
    assert "a!A1:B1" in caught.value.text.en and "a!A4:B4" in caught.value.text.id
    report = import_intensity(source, plan, header_row=4)
    assert rows(plan)[0]["klb_max"] == "2" and rows(plan)[0]["kdb_max_pct"] == "" and balanced(report)


def test_what_holds_no_table_is_refused_and_nothing_written(tmp_path: Path, plan: Path) -> None:
    for name, text, error in (
        ("a.csv", "Nama,Luas\nDesa,3\n", PlanError),
        ("b.json", "{", InputError),
        ("c.json", "[1, 2]", InputError),
        ("d.json", "[" * 100_000, InputError),
        ("e.csv", "SubZona,KDB\nTaman Dunia Fantasi,60\n", PlanError),
    ):
        with pytest.raises(error):
            import_intensity(csv_file(tmp_path / name, text), plan)
    assert not list(plan.iterdir())


def test_existing_table_is_kept(tmp_path: Path, plan: Path) -> None:
    csv_file(plan / "intensity.csv", "subzone\nalt")
    with pytest.raises(ErrorGroup):
        import_intensity(csv_file(tmp_path / "a.csv", "Kode,KDB\nR-2,60\n"), plan)
    assert (plan / "intensity.csv").read_text() == "subzone\nalt"


def test_command(tmp_path: Path, plan: Path) -> None:
    source = str(csv_file(tmp_path / "a.csv", "Kode,KDB,KLB\nR-2,60,-\n"))
    result = import_intensity_command(source, str(plan), lang="id")
    assert result.code == 0 and 'a!C2 "-"' in result.text
    result = import_intensity_command(source, str(plan), overwrite=True, strict=True, format="json")
    assert result.code == 1
    content = json.loads(result.text)
    assert sum(content["counts"].values()) == content["grid"]["cells"] == 6
    with pytest.raises(UsageError):
        import_intensity_command(source, str(plan), zero="nol", overwrite=True)


# --- the real annex


@pytest.mark.real
@needs_real
def test_trikora_annex(plan: Path) -> None:
    report = import_intensity(REAL / "intensitas_trikora.json", plan)
    assert balanced(report) and report.results["subzones"] == 31
    assert limit(plan, "SPU-1", "kolektor-primer", 500, "height_max_m") == 16
    assert limit(plan, "SPU-1", "lokal-sekunder", 500, "floors_max") == 2
    assert limit(plan, "SPU-1", "arteri-primer", 500, "height_max_m").state is State.MISSING
    assert limit(plan, "R-2", "tol", 500, "lot_min_m2") == 120
    for name in ("kdb_max_pct", "klb_max"):
        assert limit(plan, "K-2", "lokal-primer", 500, name).state is State.MISSING
    assert limit(plan, "W", "lokal-primer", 500, "kdb_max_pct") == 50
    assert limit(plan, "BA", "tol", 500, "kdb_max_pct").state is State.MISSING
    assert reasons(report).keys() == {"several-rows", "remark", "unused"}
