"""Tables: what is read, and that every problem names file, row and column in both languages."""

from __future__ import annotations

import csv
import datetime as dt
import doctest
import importlib
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kkpr_check import plan
from kkpr_check.cells import parse_cell, parse_limit, parse_number, parse_road_class, parse_test
from kkpr_check.errors import ErrorGroup, PlanError
from kkpr_check.plan import LIMIT_COLUMNS, MISSING, UNREGULATED, Cell, Limit, State
from kkpr_check.prover import prove
from kkpr_check.tables import gather_tables, parse_tables

INTENSITY = "subzone,road_class,parcel_min_m2,parcel_max_m2," + ",".join(LIMIT_COLUMNS) + ",legal\n"
ROW = "R-3,*,-,200,60,2.4,20,-,12,3,0.5*rumija+1,2,,60,Ps. 67"

ZONES = (
    'subzone,name,zone,protected,colour\nR-3,Perumahan,R,budi-daya,"255,230,0"\nHL,Hutan,L,lindung,#00FF00\n'
)
ACTIVITIES = "activity_id,name\nA1,Toko\nA2,Warung\n"


def problems(texts: dict[str, bytes | str]) -> list[PlanError]:
    with pytest.raises(ErrorGroup) as caught:
        parse_tables(texts)
    return caught.value.errors  # type: ignore[return-value]


def only_problem(texts: dict[str, bytes | str]) -> PlanError:
    found = problems(texts)
    assert len(found) == 1, [str(error) for error in found]
    return found[0]


def test_reads_every_table() -> None:
    tables = parse_tables(
        {
            "zones.csv": ZONES,
            "activities.csv": ACTIVITIES,
            "kbli.csv": "kbli,activity_id\n01111,A1\n01111,A2\n47112,A2\n",
            "itbx.csv": 'activity_id,name,R-3,HL\nA1,Toko,"T1,B3",x\nA2,Warung,i,\n',
            "conditions.csv": "code,text,legal,test\nT1,jam operasi,Ps. 1,\nb3,luas,Ps. 2,floor_area_m2 <= 500\n",
            "intensity.csv": INTENSITY + ROW + "\n",
            "cases.csv": "id,wkt_parcel,crs,kbli,floors,as_of,verdict,rules\n"
            'c1,"POLYGON ((0 0,1 0,1 1,0 0))",EPSG:32751,01111,2,2026-11-24,nonconform,"INT001, KGT001"\n',
        }
    )
    assert [zone.protected for zone in tables.zones.values()] == [False, True]
    assert tables.zones["R-3"].colour == "255,230,0"
    assert tables.kbli == {"01111": ("A1", "A2"), "47112": ("A2",)}
    assert tables.itbx == {
        ("A1", "R-3"): Cell("TB", ("T1", "B3")), ("A1", "HL"): Cell("X"), ("A2", "R-3"): Cell("I"),
    }  # fmt: skip
    assert tables.itbx_subzones == {"R-3", "HL"}
    assert tables.conditions["B3"].test == plan.Test("floor_area_m2", "<=", 500.0)
    (rung,) = tables.intensity["R-3"]
    assert (rung.parcel_min_m2, rung.parcel_max_m2, rung.row, rung.legal) == (0.0, 200.0, 2, "Ps. 67")
    assert rung.limits["gsb_min_m"] == Limit(State.VALUE, 1.0, 0.5)
    assert rung.limits["ktb_max_pct"] == UNREGULATED
    assert rung.limits["rear_min_m"] == MISSING
    (case,) = tables.cases
    assert case.as_of == dt.date(2026, 11, 24)
    assert case.options == {"kbli": "01111", "floors": "2"}
    assert case.rules == ("INT001", "KGT001")
    assert tables.present == {
        "zones.csv", "activities.csv", "kbli.csv", "itbx.csv", "conditions.csv", "intensity.csv", "cases.csv",
    }  # fmt: skip


def test_an_absent_column_is_one_problem_not_one_a_row() -> None:
    error = only_problem({"itbx.csv": "kegiatan,R-3\n" + "A1,diizinkan\n" * 50})
    assert (error.place.row, error.place.column) == (1, "activity_id")


def test_an_absent_table_is_not_an_empty_one() -> None:
    assert parse_tables({}).present == frozenset()
    assert parse_tables({"kbli.csv": "kbli,activity_id\n"}).present == {"kbli.csv"}


def test_unbounded_parcel_size() -> None:
    tables = parse_tables({"intensity.csv": INTENSITY + ROW.replace("-,200", "200,-") + "\n"})
    assert tables.intensity["R-3"][0].parcel_max_m2 == math.inf


NASTY = [
    pytest.param("\ufeff" + ACTIVITIES, id="bom-text"),
    pytest.param(b"\xef\xbb\xbf" + ACTIVITIES.encode(), id="bom-bytes"),
    pytest.param(ACTIVITIES.replace("\n", "\r\n"), id="crlf"),
    pytest.param(ACTIVITIES.replace("\n", "\r"), id="cr"),
    pytest.param(ACTIVITIES.rstrip("\n"), id="no-last-newline"),
    pytest.param(ACTIVITIES.replace(",", ";"), id="semicolon"),
    pytest.param(ACTIVITIES.replace(",", "\t"), id="tab"),
    pytest.param("sep=;\r\n" + ACTIVITIES.replace(",", ";"), id="excel-sep"),
    pytest.param(ACTIVITIES.replace(",", " , ").replace("A1", "\u00a0A1"), id="blanks"),
    pytest.param('"activity_id","name"\n"A1","Toko"\n"A2","Warung"\n', id="quoted"),
    pytest.param("Activity_ID,NAME\nA1,Toko\nA2,Warung\n", id="capitals"),
    pytest.param(ACTIVITIES + ",\n,\n\n", id="blank-rows-below"),
    pytest.param("activity_id,name,,\nA1,Toko,,\nA2,Warung,,\n", id="unnamed-empty-columns"),
]


@pytest.mark.parametrize("content", NASTY)
def test_spreadsheet_spellings_are_one_table(content: bytes | str) -> None:
    assert parse_tables({"activities.csv": content}).activities == {"A1": "Toko", "A2": "Warung"}


def test_row_numbers_count_as_a_spreadsheet_does() -> None:
    content = 'activity_id,name\nA1,"Toko ""kecil"",\nbaris kedua"\n\nA1,lagi\n'
    error = only_problem({"activities.csv": content})
    assert error.place == ("activities.csv", None, 4, "activity_id")
    assert "rows 2 and 4" in error.text.en
    assert "baris 2 dan 4" in error.text.id


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",))), min_size=1
    ),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_text_in_cells_survives(names: list[str], delimiter: str, newline: str) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(["activity_id", "name"])
    writer.writerows([f"A{i}x", name] for i, name in enumerate(names))
    activities = parse_tables({"activities.csv": stream.getvalue().encode()}).activities
    assert list(activities) == [f"A{i}x" for i in range(len(names))]
    for name, read in zip(names, activities.values(), strict=True):
        assert read == name.replace("\u00a0", " ").strip()


def test_outline_longer_than_the_csv_limit() -> None:
    ring = ",".join(f"{i} 0" for i in range(40_000))
    content = f'id,wkt_parcel,crs,verdict\nc,"POLYGON (({ring}))",EPSG:32751,conform\n'
    before = csv.field_size_limit()
    assert len(parse_tables({"cases.csv": content}).cases[0].wkt_parcel) > 131_072
    assert csv.field_size_limit() == before


BAD = [
    # table, content, row, column, word of the remedy or text (en), (id)
    ("zones.csv", b"subzone,name\nR-3,Perumahan \xe9\n", 2, None, "CSV UTF-8", "CSV UTF-8"),
    ("zones.csv", "subzone,name\nR-3,x\n".encode("utf-16"), 1, None, "CSV UTF-8", "CSV UTF-8"),
    ("zones.csv", "subzone,name\nR-3,a\0b\n", 2, None, "NUL", "NUL"),
    ("zones.csv", "", 1, None, "header", "judul"),
    ("zones.csv", "subzone,nama\nR-3,x\n", 1, "nama", '"name"', '"name"'),
    ("zones.csv", "subzone,name,name\nR-3,x,y\n", 1, "name", "columns 2 and 3", "ke-2 dan ke-3"),
    ("zones.csv", "subzone,name\nR-3\n", 2, "name", "too short", "kurang"),
    ("zones.csv", "subzone,name\nR-3,x,y\n", 2, "name", "too long", "lebih"),
    ("zones.csv", 'subzone,name\nR-3,"x\n', 2, None, "quotation", "kutip"),
    ("zones.csv", 'subzone,name\nR-3,"x"y\n', 2, None, "quotation", "kutip"),
    ("zones.csv", "subzone,name\n,x\n", 2, "subzone", "empty key", "kunci kosong"),
    ("zones.csv", "subzone,name,protected\nR-3,x,mungkin\n", 2, "protected", "lindung", "lindung"),
    ("zones.csv", 'subzone,name,colour\nR-3,x,"255,0,256"\n', 2, "colour", "RRGGBB", "RRGGBB"),
    ("kbli.csv", "kbli,activity_id\n1111,A1\n", 2, "kbli", "five digits", "lima digit"),
    ("kbli.csv", "kbli,activity_id\n011,A1\n", 2, "kbli", "five digits", "lima digit"),
    ("kbli.csv", "kbli,activity_id\n01111.5,A1\n", 2, "kbli", "five digits", "lima digit"),
    ("kbli.csv", "kbli,activity_id\n٠١١١١,A1\n", 2, "kbli", "five digits", "lima digit"),
    ("kbli.csv", "kbli,activity_id\n01111,A1\n01111,A1\n", 3, "kbli", "rows 2 and 3", "baris 2 dan 3"),
    ("kbli.csv", "kbli,activity_id\n01111,\n", 2, "activity_id", "empty key", "kunci kosong"),
    ("itbx.csv", "activity_id,R-3\nA1,-\n", 2, "R-3", "ITBX", "ITBX"),
    ("itbx.csv", "activity_id,R-3\nA1,diizinkan\n", 2, "R-3", "ITBX", "ITBX"),
    ("itbx.csv", "activity_id,R-3\nA1,I\nA1,X\n", 3, "activity_id", "rows 2 and 3", "baris 2 dan 3"),
    ("itbx.csv", "activity_id,R-3,R-3\nA1,I,X\n", 1, "R-3", "columns 2 and 3", "ke-2 dan ke-3"),
    ("conditions.csv", "code,text,legal\nC1,x,y\n", 2, "code", "T1", "T1"),
    ("conditions.csv", "code,text,legal\nT1,x,y\nt1,z,y\n", 3, "code", "rows 2 and 3", "baris 2 dan 3"),
    ("conditions.csv", "code,text,legal,test\nT1,x,y,floors < 3\n", 2, "test", "<=", "<="),
    ("conditions.csv", "code,text,legal,test\nT1,x,y,floor <= 3\n", 2, "test", '"floors"', '"floors"'),
    ("conditions.csv", 'code,text,legal,test\nT1,x,y,"floors <= 2,5"\n', 2, "test", "decimal point", "titik desimal"),
    ("intensity.csv", INTENSITY.replace("klb_max,", "") + ROW.replace("2.4,", ""), 1, "klb_max", "add", "tambahkan"),
    ("intensity.csv", INTENSITY.replace("kdb_max_pct", "kdb_max"), 1, "kdb_max", '"kdb_max_pct"', '"kdb_max_pct"'),
    ("intensity.csv", INTENSITY + ROW.replace("2.4", '"2,4"'), 2, "klb_max", "decimal point", "titik desimal"),
    ("intensity.csv", INTENSITY + ROW.replace("60,2.4", "60%,2.4"), 2, "kdb_max_pct", "percent sign", "persen"),
    ("intensity.csv", INTENSITY + ROW.replace("60,2.4", "160,2.4"), 2, "kdb_max_pct", "0 to 100", "0 dan 100"),
    ("intensity.csv", INTENSITY + ROW.replace("60,2.4", "-5,2.4"), 2, "kdb_max_pct", "0 to 100", "0 dan 100"),
    ("intensity.csv", INTENSITY + ROW.replace("2.4", "240"), 2, "klb_max", "ratio", "rasio"),
    ("intensity.csv", INTENSITY + ROW.replace("2.4", "nan"), 2, "klb_max", "finite", "berhingga"),
    ("intensity.csv", INTENSITY + ROW.replace("2.4", "1e999"), 2, "klb_max", "finite", "berhingga"),
    ("intensity.csv", INTENSITY + ROW.replace("2.4", "1_0"), 2, "klb_max", "not a number", "bukan angka"),
    ("intensity.csv", INTENSITY + ROW.replace("2.4", "0.1*rumija"), 2, "klb_max", "formula", "rumus"),
    ("intensity.csv", INTENSITY + ROW.replace("0.5*rumija+1", "½ rumija"), 2, "gsb_min_m", "0.5*rumija", "0.5*rumija"),
    ("intensity.csv", INTENSITY + ROW.replace("*,-,200", "jalan,-,200"), 2, "road_class", "known", "dikenal"),
    ("intensity.csv", INTENSITY + ROW.replace("*,-,200", ",-,200"), 2, "road_class", "empty key", "kunci kosong"),
    ("intensity.csv", INTENSITY + ROW.replace("-,200", ",200"), 2, "parcel_min_m2", "empty key", "kunci kosong"),
    ("intensity.csv", INTENSITY + ROW.replace("-,200", "200,200"), 2, "parcel_max_m2", "smaller", "lebih kecil"),
    ("intensity.csv", INTENSITY + ROW.replace("-,200", "-,1.000"), 2, "parcel_max_m2", "write 1000", "tulis 1000"),
    ("intensity.csv", INTENSITY + ROW + "\n" + ROW, 3, "parcel_min_m2", "rows 2 and 3", "baris 2 dan 3"),
    ("cases.csv", "id,wkt_parcel,crs,verdict\nc,,EPSG:4326,conform\n", 2, "wkt_parcel", "wkt_footprint", "wkt_footprint"),
    ("cases.csv", "id,wkt_parcel,crs,verdict\nc,POINT (1 1),EPSG:4326,conforms\n", 2, "verdict", '"conform"', '"conform"'),
    ("cases.csv", "id,wkt_parcel,crs,verdict,as_of\nc,P,E,conform,24-11-2026\n", 2, "as_of", "2026-11-24", "2026-11-24"),
    ("cases.csv", "id,wkt_parcel,crs,verdict,rules\nc,P,E,conform,INT1\n", 2, "rules", "INT001", "INT001"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "content", "row", "column", "english", "indonesian"),
    BAD,
    ids=[f"{case[0][:-4]}-{case[3]}-{index}" for index, case in enumerate(BAD)],
)
def test_problem_names_file_row_and_column(
    file: str, content: bytes | str, row: int, column: str | None, english: str, indonesian: str
) -> None:
    found = [
        error for error in problems({file: content}) if (error.place.row, error.place.column) == (row, column)
    ]
    assert found, [str(error) for error in problems({file: content})]
    error = found[0]
    assert error.place.file == file
    assert error.remedy is not None
    assert f"{file}, row {row}" in error.render("en")
    assert f"{file}, baris {row}" in error.render("id")
    if column is not None:
        assert f"kolom {column}" in error.render("id")
    assert english in error.render("en")
    assert indonesian in error.render("id")
    assert error.render("en") != error.render("id")


def test_all_problems_at_once_in_reading_order() -> None:
    found = problems(
        {
            "intensity.csv": INTENSITY + ROW.replace("2.4", "x").replace("60,", "y,", 1) + "\n",
            "zones.csv": "subzone,name\nR-3,x\nR-3,y\n,z\n",
        }
    )
    places = [(error.place.file, error.place.row) for error in found]
    assert places == [("zones.csv", 3), ("zones.csv", 4), ("intensity.csv", 2), ("intensity.csv", 2)]


def test_tables_must_agree() -> None:
    found = problems(
        {
            "zones.csv": ZONES,
            "activities.csv": ACTIVITIES,
            "kbli.csv": "kbli,activity_id\n01111,A9\n",
            "itbx.csv": "activity_id,R-3,R3\nA1,I,X\nA8,I,X\n",
        }
    )
    places = {(error.place.file, error.place.row, error.place.column) for error in found}
    assert places == {("kbli.csv", 2, "activity_id"), ("itbx.csv", 3, "activity_id")}


def test_rules_without_a_subzone_are_the_prover_s() -> None:
    tables, found = gather_tables(
        {"zones.csv": ZONES, "activities.csv": ACTIVITIES, "itbx.csv": "activity_id,R-3,R3\nA1,I,X\n"}
    )
    (problem,) = [problem for problem in prove(tables) if problem.code == "DAT303"]
    assert not found and problem.place.column == "R3"
    assert problem.remedy is not None and '"R-3"' in problem.remedy.en


def test_a_folder_stands_before_the_file_name() -> None:
    _, found = gather_tables({"zones.csv": ""}, folder="plans/kota/")
    assert found[0].place.file == "plans/kota/zones.csv"


def test_a_bad_limit_is_missing_not_free() -> None:
    tables, found = gather_tables({"intensity.csv": INTENSITY + ROW.replace("2.4", "2,4")})
    assert found
    assert not tables.intensity or tables.intensity["R-3"][0].limits["klb_max"] == MISSING


@pytest.mark.parametrize(
    ("text", "letter", "codes"),
    [
        ("I", "I", ()), ("x", "X", ()), ("T", "T", ()), ("B", "B", ()), ("TB", "TB", ()), ("T/B", "TB", ()),
        ("T1", "T", ("T1",)), ("b2", "B", ("B2",)), ("T1,B3", "TB", ("T1", "B3")), ("T1;B3", "TB", ("T1", "B3")),
        ("T1+B3", "TB", ("T1", "B3")), ("T1 B3", "TB", ("T1", "B3")), ("T1/B1,3", "TB", ("T1", "B1", "B3")),
        ("B2, B1", "B", ("B2", "B1")), ("T1,T1", "T", ("T1",)), (" T , B1 ", "TB", ("B1",)),
    ],
)  # fmt: skip
def test_cell_grammar(text: str, letter: str, codes: tuple[str, ...]) -> None:
    assert parse_cell(text) == Cell(letter, codes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["-", "–", "I,X", "I,T1", "X/T", "T1-B2", "Y", "1", "TX", "T1B2", "B1.B2", ",", "T?", "I I", "T1(2)", "²", "T²"]
)  # fmt: skip
def test_cell_grammar_refuses(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_cell(text)
    assert caught.value.code == "itbx-grammar"


def test_empty_cell_is_no_answer() -> None:
    assert parse_cell("") is None
    assert parse_cell("  ") is None


@pytest.mark.parametrize(
    ("text", "factor", "constant"),
    [
        ("rumija", 1.0, 0.0), ("0.5*rumija", 0.5, 0.0), ("rumija*0.5", 0.5, 0.0), ("rumija/2", 0.5, 0.0),
        ("1/2*rumija", 0.5, 0.0), ("0.5 * Rumija + 1", 0.5, 1.0), ("1+0.5*rumija", 0.5, 1.0),
        ("0.5*rumija-1.5", 0.5, -1.5), ("0.25*rumija+0.25*rumija", 0.5, 0.0),
    ],
)  # fmt: skip
def test_rumija_formulas(text: str, factor: float, constant: float) -> None:
    assert parse_limit(text) == Limit(State.VALUE, constant, factor)


@pytest.mark.parametrize(
    "text",
    ["-rumija", "0*rumija", "rumija*rumija", "rumija/0", "rumija+", "2rumija", "rumija+x", "0,5*rumija", "rumija^2",
     "1/rumija", "½*rumija", "__import__('os')*rumija"],
)  # fmt: skip
def test_no_other_formulas(text: str) -> None:
    with pytest.raises(PlanError, match="rumija"):
        parse_limit(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_round_trip(number: float) -> None:
    assert parse_number(repr(number)) == number


@given(st.text(max_size=12))
def test_number_parser_gives_a_finite_number_or_an_error(text: str) -> None:
    try:
        number = parse_number(text)
    except PlanError as error:
        assert error.remedy is not None
    else:
        assert math.isfinite(number)
        assert set(text) <= set("0123456789.eE+-")


@given(st.text(max_size=30))
def test_cell_parsers_raise_nothing_but_plan_errors(text: str) -> None:
    for parser in (parse_cell, parse_limit, parse_test, parse_road_class):
        try:
            parser(text)
        except PlanError as error:
            assert error.remedy is not None


@given(st.binary(max_size=200))
def test_any_bytes_give_tables_or_placed_errors(content: bytes) -> None:
    for file in ("itbx.csv", "intensity.csv", "zones.csv"):
        _, found = gather_tables({file: content})
        assert all(error.place.file == file and error.place.row is not None for error in found)


@pytest.mark.parametrize("module", ["sheets", "cells", "io.planschema", "io.plancheck"])
def test_examples_in_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"kkpr_check.{module}"))
    assert result.attempted > 0
    assert result.failed == 0
