"""Export of the ITBX tables to a workbook, and the way back."""

from __future__ import annotations

import os
from pathlib import Path

import openpyxl
import pytest

from kkpr_check.cli.plan_annex import export_itbx_command
from kkpr_check.errors import ErrorGroup, PlanError, UsageError
from kkpr_check.io.annex.export import export_itbx
from kkpr_check.io.annex.itbx import ITBX_TABLES, import_itbx
from kkpr_check.plan import Tables
from kkpr_check.tables import parse_tables

REAL = Path(os.environ.get("KKPR_REAL") or Path(__file__).parents[1].parent / "shared" / "real") / "aturan"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not here")

FOLDER = {
    "activities.csv": "activity_id,name\n01111,Jagung\nrumah,Rumah tinggal\nkosong,Belum diisi\nt1,T-shirt\n",
    "kbli.csv": "kbli,activity_id\n01111,01111\n47111,rumah\n47112,rumah\n47111,t1\n",
    "itbx.csv": 'activity_id,I,R-2,r3x,Zona Lokal\n01111,X,"T1,B3",I,TB\nrumah,,"T,B1",X,B2\nt1,I,I,I,I\n',
    "conditions.csv": "code,text,legal,test\nT1,Jam operasi,Pasal 1,floors <= 3\nB3,AMDAL,Pasal 2,\n"
    "B1,Parkir,,floor_area_m2 <= 1234567\n",
}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    directory = tmp_path / "plan"
    directory.mkdir()
    for name, text in FOLDER.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def read(directory: Path) -> Tables:
    return parse_tables({name: (directory / name).read_text(encoding="utf-8") for name in ITBX_TABLES})


def test_round_trip_gives_the_same_tables(plan: Path, tmp_path: Path) -> None:
    sizes = export_itbx(plan, tmp_path / "a.xlsx")
    assert sizes == {"activities": 4, "subzones": 4, "conditions": 3}
    report = import_itbx(tmp_path / "a.xlsx", tmp_path / "kembali")
    before, after = read(plan), read(tmp_path / "kembali")
    assert (after.activities, after.itbx, after.itbx_subzones) == (
        before.activities,
        before.itbx,
        before.itbx_subzones,
    )
    assert after.kbli == before.kbli and after.conditions == before.conditions
    assert sum(report.counts.values()) == report.rows * report.columns
    export_itbx(tmp_path / "kembali", tmp_path / "b.xlsx")
    import_itbx(tmp_path / "b.xlsx", tmp_path / "lagi")
    for name in ITBX_TABLES:
        assert (tmp_path / "lagi" / name).read_bytes() == (tmp_path / "kembali" / name).read_bytes()


def test_every_cell_is_text_and_the_header_stays(plan: Path, tmp_path: Path) -> None:
    activities = "activity_id,name\n01111,=1+2\nrumah,@SUM(A1)\nkosong,x\nt1,+1\n"
    (plan / "activities.csv").write_text(activities, encoding="utf-8")
    export_itbx(plan, tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "a.xlsx")
    kinds = {
        cell.data_type
        for sheet in workbook
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }
    assert kinds == {"s"}
    assert workbook["ITBX"]["C2"].value == "=1+2" and workbook["ITBX"]["A2"].value == "01111"
    assert workbook["ITBX"].freeze_panes == "D2" and "Ketentuan" in workbook.sheetnames


def test_edit_in_the_workbook_arrives(plan: Path, tmp_path: Path) -> None:
    export_itbx(plan, tmp_path / "a.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "a.xlsx")
    workbook["ITBX"]["E3"] = "X"
    workbook["Ketentuan"]["B2"] = "Jam operasi sampai 22.00"
    workbook.save(tmp_path / "a.xlsx")
    import_itbx(tmp_path / "a.xlsx", plan, overwrite=True)
    assert read(plan).itbx["rumah", "R-2"].letter == "X"
    assert read(plan).conditions["T1"].text == "Jam operasi sampai 22.00"


def test_refusals_leave_nothing(plan: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.xlsx"
    target.write_bytes(b"alt")
    with pytest.raises(UsageError):
        export_itbx(plan, target)
    assert target.read_bytes() == b"alt"
    with pytest.raises(UsageError):
        export_itbx(plan, tmp_path / "a.csv")
    (plan / "itbx.csv").write_text("activity_id,R-2\n01111,boleh\n", encoding="utf-8")
    with pytest.raises(ErrorGroup):
        export_itbx(plan, tmp_path / "b.xlsx")
    (plan / "itbx.csv").unlink()
    with pytest.raises(PlanError):
        export_itbx(plan, tmp_path / "b.xlsx")
    with pytest.raises(PlanError):
        export_itbx(plan, tmp_path / "tidak-ada" / "b.xlsx")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.xlsx", "plan"]


def test_command(plan: Path, tmp_path: Path) -> None:
    result = export_itbx_command(str(plan), str(tmp_path / "a.xlsx"), lang="id")
    assert result.code == 0 and "4 kegiatan" in result.text
    export_itbx_command(str(plan), str(tmp_path / "a.xlsx"), overwrite=True)


@pytest.mark.real
@needs_real
@pytest.mark.parametrize("name", ["itbx_kbli_trikora_lampiran_xiv.xlsx", "itbx_kbli_saumlaki_larat.csv"])
def test_real_annex_round_trip(name: str, tmp_path: Path) -> None:
    import_itbx(REAL / name, tmp_path / "satu")
    export_itbx(tmp_path / "satu", tmp_path / "a.xlsx")
    report = import_itbx(tmp_path / "a.xlsx", tmp_path / "dua")
    assert not report.listed
    for table in ITBX_TABLES:
        assert (tmp_path / "satu" / table).read_bytes() == (tmp_path / "dua" / table).read_bytes()
