"""Import of ITBX annexes: what is understood, what is listed, and what is refused."""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kkpr_check.cli.plan_annex import import_itbx_command
from kkpr_check.errors import ErrorGroup, InputError, KkprError, PlanError, UsageError
from kkpr_check.io.annex import grid as annex_grid
from kkpr_check.io.annex.itbx import ITBX_TABLES, import_itbx, read_itbx
from kkpr_check.io.annex.report import ImportReport
from kkpr_check.io.annex.words import itbx_text, parse_itbx_text
from kkpr_check.io.annex.zones import SubzoneIndex
from kkpr_check.tables import parse_tables

REAL = Path(os.environ.get("KKPR_REAL") or Path(__file__).parents[1].parent / "shared" / "real") / "aturan"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not here")

HEADER = ["No", "Kode", "Kegiatan", "R-2", "K-1", "RTH-3"]
ROWS = [
    [1, "01111", "Pertanian Jagung", "X", "T1,B1", "X"],
    [2, 47111, "Toko Swalayan", "T1, B1,B2", "I", "x"],
    [3, "-", "Rumah Tinggal", "I", "B1.B2", None],
]


def book(path: Path, rows: list[list[Any]], title: str = "ITBX") -> Path:
    workbook = openpyxl.Workbook()
    workbook.active.title = title
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    return path


def edited(path: Path, edit: Any, rows: list[list[Any]] | None = None) -> Path:
    """A workbook of the rows, with `edit(sheet)` applied."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "ITBX"
    for row in rows or [HEADER, *ROWS]:
        sheet.append(row)
    edit(sheet)
    workbook.save(path)
    return path


def table(directory: Path, name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO((directory / name).read_text(encoding="utf-8"))))


def cells(directory: Path) -> dict[tuple[str, str], str]:
    header, *rows = table(directory, "itbx.csv")
    return {(row[0], code): value for row in rows for code, value in zip(header[1:], row[1:], strict=True)}


def listed(report: ImportReport, reason: str) -> list[str]:
    return [item.address for item in report.listed if item.reason == reason]


def noted(report: ImportReport, reason: str) -> list[str]:
    return [item.address for item in report.notes if item.reason == reason]


def balanced(report: ImportReport) -> bool:
    return sum(report.counts.values()) == report.rows * report.columns


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    directory = tmp_path / "plan"
    directory.mkdir()
    return directory


# --- cell grammar


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("I", "I"), (" x ", "X"), ("T1, B1,B2", "T1,B1,B2"), ("B1.B2", "B1,B2"), ("T/B", "TB"), ("TB", "TB"),
        ("T1,B2", "T1,B2"), ("T1/B1,3", "T1,B1,B3"), (" B1", "B1"), ("T1,,B1,B3", "T1,B1,B3"), ("T1B2", "T1,B2"),
        ("t2 dan b1", "T2,B1"), ("T,B1", "T,B1"), ("B1;B1", "B1"), ("Diizinkan", "I"), ("diperbolehkan", "I"),
        ("Diizinkan/diperbolehkan", "I"), ("Tidak Dizinkan/Diperbolehkan", "X"), ("Tidak diizinkan", "X"),
        ("Dilarang", "X"), ("Bersyarat terbatas", "T"), ("pemanfaatan bersyarat secara terbatas", "T"),
        ("Bersyarat tertentu", "B"), ("Diizinkan bersyarat", "B"), ("Terbatas bersyarat", "TB"), ("Ｔ１，Ｂ２", "T1,B2"),
        ("T1<br>B2", "T1,B2"),
    ],
)  # fmt: skip
def test_cell_is_understood(text: str, written: str) -> None:
    parsed = parse_itbx_text(text)
    assert parsed is not None and parsed.cell is not None
    assert itbx_text(parsed.cell) == written


@pytest.mark.parametrize(
    "text",
    [
        "T1,T3,BI,B3",
        "I,X",
        "I,T1",
        "X/B1",
        "T1-T3",
        "-",
        "0",
        "?",
        "1",
        "T123",
        "B1 (parkir)",
        "Х",
        "boleh saja",
    ],
)
def test_cell_is_never_guessed(text: str) -> None:
    assert parse_itbx_text(text) is None


def test_words_with_missing_commas_are_the_same_conditions() -> None:
    whole = parse_itbx_text(
        "pembatasan intensitas ruang (luas, lantai), pembatasan jumlah pemanfaatan, penyusunan SPPL"
    )
    glued = parse_itbx_text(
        "pembatasan intensitas ruang (luas, lantai) pembatasan jumlah pemanfaatan penyusunan SPPL"
    )
    assert whole is not None and glued is not None
    assert whole.phrases == glued.phrases and len(whole.phrases) == 3
    assert (whole.restored, glued.restored) == (False, True)


# --- the matrix


def test_plain_matrix(tmp_path: Path, plan: Path) -> None:
    report = import_itbx(book(tmp_path / "a.xlsx", [HEADER, *ROWS]), plan)
    assert report.written == ITBX_TABLES and balanced(report)
    assert report.counts["imported"] == 8 and listed(report, "empty") == ["ITBX!F4"]
    assert cells(plan) == {
        ("01111", "R-2"): "X", ("01111", "K-1"): "T1,B1", ("01111", "RTH-3"): "X",
        ("47111", "R-2"): "T1,B1,B2", ("47111", "K-1"): "I", ("47111", "RTH-3"): "X",
        ("rumah-tinggal", "R-2"): "I", ("rumah-tinggal", "K-1"): "B1,B2", ("rumah-tinggal", "RTH-3"): "",
    }  # fmt: skip
    assert table(plan, "kbli.csv")[1:] == [["01111", "01111"], ["47111", "47111"]]
    assert noted(report, "condition-undefined")  # no legend in this annex


def test_leading_zero_of_a_number_is_restored_and_recorded(tmp_path: Path, plan: Path) -> None:
    rows = [HEADER, [1, 1111, "Jagung", "X", "I", "X"], [2, "47111", "Toko", "X", "I", "X"]]
    report = import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert table(plan, "kbli.csv")[1] == ["01111", "01111"]
    assert noted(report, "kbli-padded") == ["ITBX!B2"]


def test_class_of_four_digits_is_no_kbli(tmp_path: Path, plan: Path) -> None:
    rows = [HEADER, [1, "0111", "Tanaman", "X", "I", "X"], [2, "47111", "Toko", "X", "I", "X"]]
    report = import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert listed(report, "kbli-group") == ["ITBX!B2"]
    assert [row[0] for row in table(plan, "activities.csv")[1:]] == ["tanaman", "47111"]


def test_several_kbli_in_a_cell_and_duplicate_rows(tmp_path: Path, plan: Path) -> None:
    rows = [
        HEADER,
        [1, "47111; 47112", "Toko", "X", "I", "X"],
        [2, "47111", "Toko kecil", "X", "I", "X"],
        [3, "47111", "Toko besar", "I", "I", "X"],
    ]
    report = import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    pairs = [["47111", "toko"], ["47112", "toko"], ["47111", "47111"], ["47111", "47111-2"]]
    assert table(plan, "kbli.csv")[1:] == pairs
    assert noted(report, "activity-repeated") == ["ITBX!B4"]


def test_stacked_merged_header_with_title_sections_and_legend(tmp_path: Path, plan: Path) -> None:
    rows: list[list[Any]] = [
        ["LAMPIRAN IX"],
        [],
        ["No", "Kode KBLI", "Kegiatan", "Zona Budi Daya", None, None],
        [None, None, None, "Perumahan", None, "Badan Air"],
        [None, None, None, "R-2", "R-3", "BA"],
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
        ["A", None, "PERTANIAN"],
        [1, "01111", "Jagung", "T1", "B2", "X"],
        [None],
        ["Keterangan"],
        ["T1 : Terbatas jam operasi"],
        ["B2", ":", "Wajib menyediakan parkir"],
        ["X : tidak diperbolehkan"],
    ]

    def merge(sheet: Any) -> None:
        for reference in ("A3:A5", "B3:B5", "C3:C5", "D3:F3", "D4:E4", "A7:B7"):
            sheet.merge_cells(reference)

    report = import_itbx(edited(tmp_path / "a.xlsx", merge, rows), plan)
    assert report.header == "ITBX!D5:F5" and balanced(report)
    assert cells(plan) == {("01111", "R-2"): "T1", ("01111", "R-3"): "B2", ("01111", "BA"): "X"}
    assert [row[:2] for row in table(plan, "conditions.csv")[1:]] == [
        ["T1", "Terbatas jam operasi"],
        ["B2", "Wajib menyediakan parkir"],
    ]
    assert listed(report, "heading") == ["ITBX!A7", "ITBX!C7", "ITBX!A10"]
    assert not noted(report, "condition-undefined")


def test_activity_named_like_a_legend_is_an_activity(tmp_path: Path, plan: Path) -> None:
    rows = [HEADER, [1, "-", "T-shirt sablon", "X", "I", "X"], [2, "86903", "X-Ray", "X", "I", "X"]]
    import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert [row[0] for row in table(plan, "activities.csv")[1:]] == ["t-shirt-sablon", "86903"]


def test_contradicting_legend_is_listed_and_not_taken(tmp_path: Path, plan: Path) -> None:
    rows = [
        HEADER,
        [1, "47111", "Toko", "T1", "B1", "X"],
        ["T1 : jam operasi"],
        ["T1 : luas"],
        ["B1 : AMDAL"],
    ]
    report = import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert [row[0] for row in table(plan, "conditions.csv")[1:]] == ["B1"]
    assert noted(report, "legend-conflict") == ["ITBX!A3", "ITBX!A4"]


def test_words_get_codes_and_become_conditions(plan: Path, tmp_path: Path) -> None:
    path = tmp_path / "kata.csv"
    path.write_text(
        "NO,KBLI 5 Digit,Jenis Kegiatan,R2,K1\n"
        ",Pertanian,,,\n"
        '1,01111,Jagung,Tidak Dizinkan/Diperbolehkan,"pembatasan jumlah pemanfaatan, penyusunan SPPL"\n'
        "2,47111,Toko,penyusunan SPPL,Diizinkan\n",
        encoding="utf-8",
    )
    report = import_itbx(path, plan)
    conditions = {row[1]: row[0] for row in table(plan, "conditions.csv")[1:]}
    assert conditions.keys() == {"pembatasan jumlah pemanfaatan", "penyusunan SPPL"}
    jumlah, sppl = conditions["pembatasan jumlah pemanfaatan"], conditions["penyusunan SPPL"]
    assert (jumlah[0], sppl[0]) == ("T", "B")
    assert cells(plan) == {
        ("01111", "R2"): "X", ("01111", "K1"): f"{jumlah},{sppl}", ("47111", "R2"): sppl, ("47111", "K1"): "I",
    }  # fmt: skip
    assert listed(report, "heading") == ["kata!B2"]


def test_formulas_dates_and_errors_are_listed_with_their_address(tmp_path: Path, plan: Path) -> None:
    import datetime as dt

    def spoil(sheet: Any) -> None:
        sheet["D2"] = '=IF(1=1,"X","I")'
        sheet["E2"] = dt.datetime(2026, 2, 1)
        sheet["F2"] = "#REF!"
        sheet["D3"] = "boleh kalau"

    report = import_itbx(edited(tmp_path / "a.xlsx", spoil), plan)
    assert listed(report, "formula-no-value") == ["ITBX!D2"]
    assert listed(report, "date") == ["ITBX!E2"]
    assert listed(report, "error") == ["ITBX!F2"]
    assert listed(report, "not-itbx") == ["ITBX!D3"]
    assert cells(plan)["01111", "R-2"] == "" and balanced(report)


def test_hidden_rows_and_columns_are_listed_unless_asked_for(tmp_path: Path, plan: Path) -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["E"].hidden = True
        sheet.column_dimensions["B"].hidden = True

    path = edited(tmp_path / "a.xlsx", hide)
    report = import_itbx(path, plan)
    assert table(plan, "itbx.csv")[0] == ["activity_id", "R-2", "RTH-3"]
    assert [row[0] for row in table(plan, "activities.csv")[1:]] == ["01111", "rumah-tinggal"]
    assert report.counts["hidden-row"] == 5 and listed(report, "hidden-column") == ["ITBX!E1:E4"]
    assert noted(report, "hidden-key-column") and balanced(report)
    everything = import_itbx(path, plan, include_hidden=True, overwrite=True)
    assert everything.results["activities"] == 3 and everything.results["subzones"] == 3


def test_merged_value_holds_for_every_cell_it_covers(tmp_path: Path, plan: Path) -> None:
    def merge(sheet: Any) -> None:
        sheet["E2"], sheet["F2"] = None, None
        sheet.merge_cells("D2:F2")

    report = import_itbx(edited(tmp_path / "a.xlsx", merge), plan)
    assert {cells(plan)["01111", code] for code in ("R-2", "K-1", "RTH-3")} == {"X"}
    assert noted(report, "merged") == ["ITBX!E2", "ITBX!F2"]


# --- sub-zones against zones.csv


def zones(directory: Path, *rows: str) -> None:
    (directory / "zones.csv").write_text("subzone,name\n" + "\n".join(rows) + "\n", encoding="utf-8")


def test_codes_are_spelt_as_in_zones_csv(tmp_path: Path, plan: Path) -> None:
    zones(plan, "R-2,Perumahan", "K-1,Dagang", "RTH-3,Taman")
    rows = [["No", "Kode", "Kegiatan", "R2", "k-1", "RTH 3"], *ROWS]
    report = import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert table(plan, "itbx.csv")[0] == ["activity_id", "R-2", "K-1", "RTH-3"]
    assert len(noted(report, "subzone-spelling")) == 3
    texts = {name: (plan / name).read_text(encoding="utf-8") for name in (*ITBX_TABLES, "zones.csv")}
    assert parse_tables(texts).itbx_subzones == {"R-2", "K-1", "RTH-3"}


def test_zones_csv_of_a_spreadsheet_in_indonesian(tmp_path: Path, plan: Path) -> None:
    (plan / "zones.csv").write_text(
        "subzone;name\nR-2;Perumahan\nK-1;Dagang\nRTH-3;Taman\n", encoding="utf-8"
    )
    import_itbx(book(tmp_path / "a.xlsx", [["No", "Kode", "Kegiatan", "R2", "K1", "RTH3"], *ROWS]), plan)
    assert table(plan, "itbx.csv")[0] == ["activity_id", "R-2", "K-1", "RTH-3"]


def test_code_of_two_subzones_is_listed_and_one_outside_the_plan_noted(tmp_path: Path, plan: Path) -> None:
    zones(plan, "R-2,a", "R.2,b", "K-1,c")
    rows = [["No", "Kode", "Kegiatan", "R2", "K-1", "HL"], *ROWS]
    report = import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert listed(report, "subzone-ambiguous") == ["ITBX!D1:D4"]
    (note,) = [note for note in report.notes if note.reason == "subzone-not-in-plan"]
    assert (note.address, note.value) == ("ITBX!F1", "HL")
    assert table(plan, "itbx.csv")[0] == ["activity_id", "K-1", "HL"] and balanced(report)


def test_repeated_column_is_not_imported(tmp_path: Path, plan: Path) -> None:
    rows = [["No", "Kode", "Kegiatan", "R-2", "R2", "K-1"], *ROWS]
    report = import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert table(plan, "itbx.csv")[0] == ["activity_id", "K-1"]
    assert listed(report, "subzone-repeated") == ["ITBX!D1:D4", "ITBX!E1:E4"]


def test_header_of_names_is_resolved_by_zones_csv(tmp_path: Path, plan: Path) -> None:
    zones(plan, "R-2,Perumahan Kepadatan Tinggi", "K-1,Perdagangan dan Jasa Skala Kota")
    rows = [
        ["No", "Kode", "Kegiatan", "Sub-Zona Perumahan Kepadatan Tinggi", "Perdagangan dan Jasa skala kota"],
        [1, "47111", "Toko", "X", "I"],
    ]
    import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert cells(plan) == {("47111", "R-2"): "X", ("47111", "K-1"): "I"}


def test_values_under_an_unreadable_header_are_listed(tmp_path: Path, plan: Path) -> None:
    rows = [[*HEADER[:4], "zona khusus baru", "RTH-3"], *ROWS]
    report = import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert listed(report, "column-unread") == ["ITBX!E2:E4"] and balanced(report)


def test_code_in_brackets_and_header_of_one_subzone(tmp_path: Path, plan: Path) -> None:
    rows = [
        ["No", "KBLI", "Kegiatan", "R-2\n(Perumahan)", "Perdagangan (K-1)"],
        [1, "47111", "Toko", "X", "I"],
    ]
    import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert cells(plan) == {("47111", "R-2"): "X", ("47111", "K-1"): "I"}
    import_itbx(book(tmp_path / "b.xlsx", [["Kegiatan", "R-1"], ["Toko", "B"]]), plan, overwrite=True)
    assert cells(plan) == {("toko", "R-1"): "B"}


def test_subzones_named_like_itbx_values(tmp_path: Path, plan: Path) -> None:
    rows = [["Kode", "Kegiatan", "I", "R-1", "K", "T"], ["47111", "Toko", "X", "I", "B", "T"]]
    report = import_itbx(book(tmp_path / "a.xlsx", rows), plan)
    assert table(plan, "itbx.csv") == [["activity_id", "I", "R-1", "K", "T"], ["47111", "X", "I", "B", "T"]]
    assert not report.listed


def test_row_with_a_dash_for_kbli_is_an_activity_even_when_empty(tmp_path: Path, plan: Path) -> None:
    report = import_itbx(book(tmp_path / "a.xlsx", [HEADER, *ROWS, [4, "-", "Pasar"]]), plan)
    assert table(plan, "itbx.csv")[-1] == ["pasar", "", "", ""]
    assert listed(report, "empty") == ["ITBX!F4:F5", "ITBX!D5", "ITBX!E5"]


def test_legend_on_another_sheet_fills_what_the_own_legend_lacks(tmp_path: Path, plan: Path) -> None:
    path = tmp_path / "a.xlsx"
    workbook = openpyxl.Workbook()
    workbook.active.title = "ITBX"
    for row in [HEADER, *ROWS, ["T1 : jam operasi"]]:
        workbook.active.append(row)
    other = workbook.create_sheet("Keterangan")
    for row in (["T1", "luas"], ["B1", ":", "AMDAL"]):
        other.append(row)
    workbook.save(path)
    report = import_itbx(path, plan)
    assert [row[:2] for row in table(plan, "conditions.csv")[1:]] == [["T1", "jam operasi"], ["B1", "AMDAL"]]
    assert noted(report, "other-sheet") == ["Keterangan!A1:C2"]
    assert noted(report, "legend-elsewhere") == ["Keterangan!A1"]
    assert [item.value for item in report.notes if item.reason == "condition-undefined"] == ["B2"]


def test_hidden_sheet_is_no_candidate_unless_named(tmp_path: Path, plan: Path) -> None:
    path = tmp_path / "a.xlsx"
    workbook = openpyxl.Workbook()
    workbook.active.title = "ITBX"
    draft = workbook.create_sheet("Konsep")
    for row in [HEADER, *ROWS]:
        workbook.active.append(row)
        draft.append(row)
    draft.sheet_state = "hidden"
    workbook.save(path)
    assert import_itbx(path, plan).sheet == "ITBX"
    assert import_itbx(path, plan, sheet="Konsep", overwrite=True).sheet == "Konsep"


# --- refusals


def test_two_stacked_code_rows_are_refused(tmp_path: Path, plan: Path) -> None:
    rows = [HEADER, [None, None, None, "R-3", "K-2", "RTH-4"], *ROWS]
    error = refused(PlanError, "several-matrices", plan, book(tmp_path / "a.xlsx", rows))
    assert "ITBX!D1:F1" in error.text.en and "ITBX!D2:F2" in error.text.en


def test_cell_longer_than_a_spreadsheet_holds(tmp_path: Path, plan: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("No,Kode,Kegiatan,R-2,K-1\n1,47111," + "x" * 40_000 + ",X,I\n", encoding="utf-8")
    refused(InputError, "too-large", plan, path)


def refused(error: type[KkprError], code: str, directory: Path, path: Path, **options: Any) -> KkprError:
    before = sorted(directory.iterdir())
    with pytest.raises(error) as caught:
        import_itbx(path, directory, **options)
    assert caught.value.code == code
    assert sorted(directory.iterdir()) == before
    assert all(text for text in caught.value.text)
    return caught.value


def test_sheet_without_a_matrix(tmp_path: Path, plan: Path) -> None:
    refused(PlanError, "no-matrix", plan, book(tmp_path / "a.xlsx", [["Nama", "Luas"], ["Desa A", 12]]))
    refused(PlanError, "no-matrix", plan, book(tmp_path / "b.xlsx", []))


def test_two_header_rows_are_refused_with_both_addresses(tmp_path: Path, plan: Path) -> None:
    other = ["No", "Kode", "Kegiatan", "K-1", "R-2", "RTH-3"]
    path = book(tmp_path / "a.xlsx", [HEADER, *ROWS, [], other, [4, "47112", "Kios", "I", "X", "X"]])
    error = refused(PlanError, "several-matrices", plan, path)
    assert "ITBX!D1:F1" in error.text.en and "ITBX!D6:F6" in error.text.id
    report = import_itbx(path, plan, header_row=6)
    assert cells(plan)["47112", "K-1"] == "I" and report.results["activities"] == 1 and balanced(report)
    first = import_itbx(path, plan, header_row=1, overwrite=True)
    assert first.results["activities"] == 3 and first.counts["other-header"] == 12


def test_header_repeated_on_the_next_page_is_one_header(tmp_path: Path, plan: Path) -> None:
    report = import_itbx(book(tmp_path / "a.xlsx", [HEADER, *ROWS[:2], HEADER, ROWS[2]]), plan)
    assert report.results["activities"] == 3


def test_two_sheets_are_refused_and_selectable(tmp_path: Path, plan: Path) -> None:
    path = tmp_path / "a.xlsx"
    workbook = openpyxl.Workbook()
    for sheet in (workbook.active, workbook.create_sheet("Konsep")):
        for row in [HEADER, *ROWS]:
            sheet.append(row)
    workbook.save(path)
    error = refused(PlanError, "several-matrices", plan, path)
    assert "Sheet!D1:F1" in error.text.en and "Konsep!D1:F1" in error.text.en
    refused(UsageError, "usage", plan, path, sheet="Tidak Ada")
    assert import_itbx(path, plan, sheet="konsep").sheet == "Konsep"


def test_existing_tables_are_kept(tmp_path: Path, plan: Path) -> None:
    (plan / "kbli.csv").write_text("kbli,activity_id\n47111,toko\n", encoding="utf-8")
    path = book(tmp_path / "a.xlsx", [HEADER, *ROWS])
    refused(ErrorGroup, "many", plan, path)
    assert (plan / "kbli.csv").read_text(encoding="utf-8") == "kbli,activity_id\n47111,toko\n"
    assert import_itbx(path, plan, overwrite=True).written == ITBX_TABLES


def test_empty_tables_of_plan_init_are_filled(tmp_path: Path, plan: Path) -> None:
    for name in ITBX_TABLES:
        (plan / name).write_text("activity_id,R-2\n", encoding="utf-8")
    import_itbx(book(tmp_path / "a.xlsx", [HEADER, *ROWS]), plan)
    assert len(table(plan, "itbx.csv")) == 4


def test_failed_write_restores_everything(
    tmp_path: Path, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path / "a.xlsx", [HEADER, *ROWS])
    (plan / "activities.csv").write_text("alt", encoding="utf-8")
    replace = os.replace

    def full(source: Any, target: Any) -> None:
        if Path(target).name == "itbx.csv":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(PlanError):
        import_itbx(path, plan, overwrite=True)
    assert [item.name for item in plan.iterdir()] == ["activities.csv"]
    assert (plan / "activities.csv").read_text(encoding="utf-8") == "alt"


def test_new_folder_is_made_only_for_a_finished_import(tmp_path: Path) -> None:
    target = tmp_path / "baru"
    with pytest.raises(PlanError):
        import_itbx(book(tmp_path / "leer.xlsx", [["a"]]), target)
    assert not target.exists()
    import_itbx(book(tmp_path / "a.xlsx", [HEADER, *ROWS]), target)
    assert sorted(item.name for item in target.iterdir()) == sorted(ITBX_TABLES)


def rewritten(source: Path, target: Path, edit: Any) -> Path:
    """Copy a workbook part by part, `edit(name, data)` changing one."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, edit(member, old.read(member)))
    return target


def sheet_part(change: Any) -> Any:
    return lambda name, data: change(data) if name == "xl/worksheets/sheet1.xml" else data


def test_bombs_are_refused_before_they_are_parsed(
    tmp_path: Path, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = book(tmp_path / "a.xlsx", [HEADER, *ROWS])
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with_entity = sheet_part(lambda data: data.replace(b"<worksheet", entity + b"<worksheet", 1))
    refused(InputError, "xml-entity", plan, rewritten(source, tmp_path / "e.xlsx", with_entity))
    utf16 = sheet_part(lambda data: (entity.decode() + data.decode()).encode("utf-16"))
    refused(InputError, "xml-entity", plan, rewritten(source, tmp_path / "u.xlsx", utf16))
    rows = b"".join(b'<row r="%d"/>' % n for n in range(10, annex_grid.MAX_ROWS + 20))
    many = sheet_part(lambda data: data.replace(b"</sheetData>", rows + b"</sheetData>"))
    refused(InputError, "too-large", plan, rewritten(source, tmp_path / "r.xlsx", many))
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="A9:XFD1048576"/></mergeCells>'
    huge = sheet_part(lambda data: data.replace(b"</sheetData>", merged))
    refused(InputError, "too-large", plan, rewritten(source, tmp_path / "m.xlsx", huge))
    for number, reference in enumerate((b"A1:XFD1048576", b"a:xfd", b"&#65;1:XFD1048576")):
        link = b'</sheetData><hyperlinks><hyperlink ref="' + reference + b'" location="x"/></hyperlinks>'
        spread = sheet_part(lambda data, link=link: data.replace(b"</sheetData>", link))
        refused(InputError, "too-large", plan, rewritten(source, tmp_path / f"h{number}.xlsx", spread))
    monkeypatch.setattr("kkpr_check.io.annex.xlsx.MAX_UNPACKED_BYTES", 1000)
    refused(InputError, "too-large", plan, source)


HIDDEN = b'</sheetData><mergeCells count="1"><mergeCell %s ref="A9:XFD1048576"/></mergeCells>'


@pytest.mark.parametrize(
    "spelled",
    [
        pytest.param(lambda data: data.replace(b"</sheetData>", HIDDEN % b'x=">"'), id="a > in an attribute"),
        pytest.param(
            lambda data: data.replace(
                b"</sheetData>", b" " * ((1 << 20) - len(data)) + HIDDEN % (b" " * 900)
            ),
            id="over the end of a chunk",
        ),
        pytest.param(
            lambda data: data.replace(b"</sheetData>", HIDDEN % (b" " * (1 << 19))),
            id="in a tag of half a MB",
        ),
        pytest.param(
            lambda data: data.replace(b"</sheetData>", b'<row\n r="9"/>' * 51_000 + b"</sheetData>"),
            id="a line feed in the tag",
        ),
    ],
)
def test_a_bomb_can_not_hide(tmp_path: Path, plan: Path, spelled: Any) -> None:
    source = book(tmp_path / "a.xlsx", [HEADER, *ROWS])
    refused(InputError, "too-large", plan, rewritten(source, tmp_path / "b.xlsx", sheet_part(spelled)))


def test_a_sheet_of_another_name_is_looked_at_too(tmp_path: Path, plan: Path) -> None:
    """Which part is a sheet is said by the package's own list, not by the part's name."""
    source = book(tmp_path / "a.xlsx", [HEADER, *ROWS])
    bomb = HIDDEN % b""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            data = old.read(name).replace(b"worksheets/sheet1.xml", b"gambar/sheet1.dat")
            target = name.replace("worksheets/sheet1.xml", "gambar/sheet1.dat")
            new.writestr(target, data.replace(b"</sheetData>", bomb))
    refused(InputError, "too-large", plan, tmp_path / "b.xlsx")


def test_links_to_other_books_are_not_followed(tmp_path: Path, plan: Path) -> None:
    """The value that is stored is taken."""
    link = b'<c r="D2" t="str"><f>[1]Rahasia!A1</f><v>I</v></c>'

    def edit(data: bytes) -> bytes:
        return re.sub(rb'<c r="D2"[^>]*>.*?</c>', link, data, count=1)

    source = book(tmp_path / "a.xlsx", [HEADER, *ROWS])
    import_itbx(source, plan)
    before = cells(plan)
    import_itbx(rewritten(source, tmp_path / "b.xlsx", sheet_part(edit)), plan, overwrite=True)
    changed = {key: value for key, value in cells(plan).items() if before[key] != value}
    assert [(code, value) for (_, code), value in changed.items()] == [("R-2", "I")]


def test_stored_value_of_a_formula_is_used_and_recorded(tmp_path: Path, plan: Path) -> None:
    def formula(sheet: Any) -> None:
        sheet["D2"] = "=LOOKUP(A1)"

    source = edited(tmp_path / "a.xlsx", formula)
    stored = sheet_part(lambda data: data.replace(b"<c r=\"D2\"><f>LOOKUP(A1)</f><v /></c>",
                                                  b"<c r=\"D2\" t=\"str\"><f>LOOKUP(A1)</f><v>X</v></c>")
                                         .replace(b"<c r=\"D2\"><f>LOOKUP(A1)</f><v></v></c>",
                                                  b"<c r=\"D2\" t=\"str\"><f>LOOKUP(A1)</f><v>X</v></c>"))  # fmt: skip
    report = import_itbx(rewritten(source, tmp_path / "b.xlsx", stored), plan)
    assert cells(plan)["01111", "R-2"] == "X" and noted(report, "formula") == ["ITBX!D2"]


def test_stray_cell_far_below_costs_nothing(tmp_path: Path, plan: Path) -> None:
    def stray(sheet: Any) -> None:
        sheet["A1048576"] = "x"

    report = import_itbx(edited(tmp_path / "a.xlsx", stray), plan)
    assert report.rows == 1_048_576 and report.results["activities"] == 3 and balanced(report)


def test_what_is_no_annex_file(tmp_path: Path, plan: Path) -> None:
    refused(InputError, "not-found", plan, tmp_path / "tidak-ada.xlsx")
    for name, data, code in (
        ("a.xlsx", b"bukan zip", "not-xlsx"),
        ("b.xlsx", b"PK\x03\x04rusak", "not-xlsx"),
        ("c.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "not-xlsx"),
        ("d.ods", b"PK\x03\x04", "not-a-table"),
        ("e.csv", b"a,b\0c\n", "not-a-table"),
        ("f.csv", b'NO,Kegiatan,R-2,K-1\n1,"Toko,X,I\n', "csv"),
    ):
        (tmp_path / name).write_bytes(data)
        refused(InputError, code, plan, tmp_path / name)


def test_truncated_workbooks_are_refused_or_read_never_a_crash(tmp_path: Path, plan: Path) -> None:
    data = book(tmp_path / "a.xlsx", [HEADER, *ROWS]).read_bytes()
    broken = tmp_path / "b.xlsx"
    for cut in range(1, len(data), 97):
        broken.write_bytes(data[:cut])
        with pytest.raises(KkprError):
            import_itbx(broken, plan)
        flipped = bytearray(data)
        flipped[cut] ^= 0x55
        broken.write_bytes(bytes(flipped))
        try:
            import_itbx(broken, plan, overwrite=True)
        except KkprError:
            continue


def test_semicolon_csv_with_windows_encoding(tmp_path: Path, plan: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        "No;Kode;Kegiatan;R-2;K-1\n1;1111;Kaf\xe9;X;I\n2;47111;Toko;T1/B1,3;I\n".encode("cp1252")
    )
    report = import_itbx(path, plan)
    assert cells(plan)["47111", "R-2"] == "T1,B1,B3" and noted(report, "reader")
    assert table(plan, "activities.csv")[1] == ["01111", "Kafé"]


def test_names_cannot_become_formulas(tmp_path: Path, plan: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("No,Kode,Kegiatan,R-2,K-1\n1,47111,=cmd|' /C calc'!A0,X,I\n", encoding="utf-8")
    import_itbx(path, plan)
    assert table(plan, "activities.csv")[1][1].startswith("'=")


def test_command_prints_the_books_in_both_languages(tmp_path: Path, plan: Path) -> None:
    path = book(tmp_path / "a.xlsx", [HEADER, *ROWS[:2], [3, "47112", "Kios", "BI", "I", "X"]])
    result = import_itbx_command(str(path), str(plan), lang="id")
    assert result.code == 0 and 'ITBX!D4 "BI": bukan nilai ITBX' in result.text
    strict = import_itbx_command(str(path), str(plan), overwrite=True, strict=True, format="json")
    assert strict.code == 1 and '"not-itbx"' in strict.text
    with pytest.raises(UsageError):
        import_itbx_command(str(path), str(plan), header_row="lima")


VALUES = [
    "I",
    "X",
    "T1,B2",
    "T/B",
    "",
    "-",
    "BI",
    "pembatasan jumlah, penyusunan SPPL",
    "R-1",
    "1",
    "=1",
    "\x07",
]
KEYS = ["01111", "47111", "1111", "0111", "-", "", "Toko", "T1 : jam operasi", "No", "(1)"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    above=st.lists(st.lists(st.sampled_from(KEYS), max_size=4), max_size=2),
    data=st.lists(
        st.tuples(
            st.lists(st.sampled_from(KEYS), min_size=3, max_size=3),
            st.lists(st.sampled_from(VALUES), max_size=5),
        ),
        max_size=8,
    ),
)
def test_books_balance_and_tables_parse_whatever_the_cells_hold(
    above: list[list[str]], data: list[tuple[list[str], list[str]]], tmp_path: Path
) -> None:
    path = tmp_path / "acak.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [*above, ["No", "Kode", "Kegiatan", "R-1", "K-1"], *(a + b for a, b in data)]
        )
    try:
        tables, report = read_itbx(path, SubzoneIndex())
    except KkprError:
        return
    parse_tables(tables)
    assert balanced(report) and min(report.counts.values()) >= 0
    accounted = sum(item.cells for item in report.listed) + sum(
        report.counts.get(kind, 0) for kind in ("imported", "key", "header", "legend", "blank")
    )
    assert accounted == report.rows * report.columns


# --- real annexes


@pytest.mark.real
@needs_real
def test_trikora_annex(plan: Path) -> None:
    report = import_itbx(REAL / "itbx_kbli_trikora_lampiran_xiv.xlsx", plan)
    assert report.header == "ITBX TRIKORA!D14:AH14" and balanced(report)
    assert report.counts["imported"] == 1801 * 31
    assert (report.results["kbli_as_numbers"], report.results["conditions"]) == (309, 6)
    assert report.results["kbli_pairs"] == 1801 - 8
    assert {item.reason for item in report.listed} == {"title", "row-number"}
    assert noted(report, "hidden-key-column") and noted(report, "other-sheet")
    unknown = {item.value for item in report.notes if item.reason == "kbli-unknown"}
    assert unknown == {"11020", "11050", "46336", "92000", "93232"}
    assert cells(plan)["99000", "W"] == "B1"


@pytest.mark.real
@needs_real
def test_trikora_second_sheet(plan: Path) -> None:
    report = import_itbx(REAL / "itbx_kbli_trikora_lampiran_xiv.xlsx", plan, sheet="Sheet1")
    assert report.header == "Sheet1!C7:AG7" and balanced(report)
    assert listed(report, "not-itbx") == ["Sheet1!W46", "Sheet1!X46", "Sheet1!Y46", "Sheet1!Z46"]
    assert report.counts["imported"] == 67 * 31 - 4 - 2
    assert "T4" in [row[0] for row in table(plan, "conditions.csv")]


@pytest.mark.real
@needs_real
def test_saumlaki_annex(plan: Path) -> None:
    report = import_itbx(REAL / "itbx_kbli_saumlaki_larat.csv", plan)
    assert report.counts["imported"] == 1034 * 30 and report.counts["heading"] == 7 and balanced(report)
    values = list(cells(plan).values())
    assert (values.count("X"), values.count("I")) == (24476, 1057)
    assert len(noted(report, "separator-restored")) == 2
