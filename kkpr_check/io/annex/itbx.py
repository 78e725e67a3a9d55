"""Import of an ITBX annex: the matrix of activities and sub-zones into the tables of a plan folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from kkpr_check.errors import Place, PlanError, Text
from kkpr_check.io.annex.header import Matrix, header_label
from kkpr_check.io.annex.legend import gather_conditions, read_legend_beside, read_other_sheets
from kkpr_check.io.annex.matrix import choose_matrix, no_matrix, subzone_columns
from kkpr_check.io.annex.report import Accounts, ImportReport, csv_text, safe, write_tables
from kkpr_check.io.annex.rows import WHY, Reading, leave_unread_columns, read_rows
from kkpr_check.io.annex.sheet import read_sheets
from kkpr_check.io.annex.words import ParsedCell, Phrase, itbx_letter, itbx_text
from kkpr_check.io.annex.zones import SubzoneIndex, read_zone_index
from kkpr_check.plan import Cell
from kkpr_check.tables import parse_tables

ITBX_TABLES = ("activities.csv", "kbli.csv", "itbx.csv", "conditions.csv")


def import_itbx(
    path: Path,
    directory: Path,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    include_hidden: bool = False,
    overwrite: bool = False,
) -> ImportReport:
    """Import an ITBX annex (XLSX or CSV) into activities, kbli, itbx and conditions of a plan folder.

    Parameters
    ----------
    path
        The annex. Header rows, key columns and the legend are found; every cell is accounted for in the report.
    directory
        The plan folder; its zones.csv, where present, decides the spelling of the sub-zones.
    sheet, header_row
        Which table and which row of sub-zone codes, where several could be meant.
    include_hidden
        Also import hidden rows and hidden sub-zone columns.
    overwrite
        Replace existing tables; all of them or none.

    Raises
    ------
    InputError
        The file cannot be read safely or at all.
    PlanError
        No matrix, or several that could be meant (with their addresses); tables that exist already.
    UsageError
        `sheet` names no table of the file.
    """
    existing_check = directory if directory.is_dir() else directory.parent
    if not existing_check.is_dir():
        raise PlanError(
            Text("no such folder", "folder tidak ada"), place=Place(str(directory.parent)), code="not-found"
        )
    tables, report = read_itbx(
        path, read_zone_index(directory), sheet=sheet, header_row=header_row, include_hidden=include_hidden,
        kbli_version=_kbli_version(directory),
    )  # fmt: skip
    return replace(report, written=write_tables(directory, tables, overwrite=overwrite))


def _kbli_version(directory: Path) -> int:
    """Return the KBLI edition that plan.toml names; a plan.toml that can not be read is refused by who loads it."""
    try:
        version = tomllib.loads((directory / "plan.toml").read_text(encoding="utf-8-sig")).get("kbli_version")
    except (OSError, ValueError, RecursionError):
        return 2020
    return version if isinstance(version, int) else 2020


def read_itbx(
    path: Path,
    zones: SubzoneIndex,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    include_hidden: bool = False,
    kbli_version: int = 2020,
) -> tuple[dict[str, str], ImportReport]:
    """Read an ITBX annex into the texts of the four tables and a report; nothing is written."""
    sheets = read_sheets(path)
    matrix = choose_matrix(path, sheets, zones, sheet, header_row)
    books = Accounts(matrix.sheet)
    reading = Reading(books, kbli_version=kbli_version)
    if reading.kbli_known is None:
        why = Text(
            f"KBLI {kbli_version} is not in the package: its codes are not checked",
            f"KBLI {kbli_version} tidak ada di paket: kodenya tidak diperiksa",
        )
        books.note("plan.toml", "kbli-version", str(kbli_version), why)
    columns = subzone_columns(matrix, zones, books, include_hidden)
    if not columns:
        raise PlanError(
            Text("no sub-zone column can be imported", "tidak ada kolom subzona yang dapat diimpor"),
            place=Place(str(path), row=matrix.address),
            remedy=Text("Repair the codes in the header.", "Perbaiki kode pada kepala tabel."),
            code="no-subzone",
        )
    read_legend_beside(matrix, reading)
    leave_unread_columns(matrix, columns, books)
    read_rows(matrix, columns, reading, include_hidden)
    read_other_sheets(sheets, matrix.sheet, reading)
    _note_sheet(matrix, reading)
    if not reading.names:
        raise no_matrix(path, sheets)
    books.close(WHY["unused"])
    conditions = gather_conditions(reading)
    tables = _tables(reading, columns, conditions)
    parse_tables(tables)
    results = {
        "subzones": len(columns),
        "activities": len(reading.names),
        "kbli_pairs": len(reading.kbli),
        "kbli_as_numbers": reading.kbli_numbers,
        "cells": len(reading.cells),
        "conditions": len(conditions[0]),
    }
    report = ImportReport(
        source=str(path),
        sheet=matrix.sheet.name,
        header=matrix.address,
        rows=matrix.sheet.rows,
        columns=matrix.sheet.columns,
        counts=books.counts(),
        listed=books.listing(),
        notes=tuple(books.notes),
        results=results,
    )
    return tables, report


def _note_sheet(matrix: Matrix, reading: Reading) -> None:
    sheet, books = matrix.sheet, reading.books
    for note in sheet.notes:
        books.note(sheet.name, "reader", "", note)
    for column in (matrix.kbli_column, matrix.name_column, matrix.id_column):
        if column is not None and column in sheet.hidden_columns:
            label = header_label(sheet, matrix.header_row, column)
            why = Text(
                "a hidden column, read as a key of the matrix",
                "kolom tersembunyi, dibaca sebagai kunci matriks",
            )
            address = sheet.address(matrix.header_row + 1, column, matrix.last_row, column)
            books.note(address, "hidden-key-column", label, why, cells=matrix.last_row - matrix.header_row)


def _tables(
    reading: Reading,
    columns: Mapping[int, str],
    conditions: tuple[dict[str, dict[str, str]], dict[Phrase, str]],
) -> dict[str, str]:
    rows, names = conditions
    subzones = list(columns.values())
    matrix = [
        [activity, *(_value(reading.cells.get((activity, subzone)), names) for subzone in subzones)]
        for activity in reading.names
    ]
    return {
        "activities.csv": csv_text(
            ["activity_id", "name"], ([key, safe(name)] for key, name in reading.names.items())
        ),
        "kbli.csv": csv_text(["kbli", "activity_id"], reading.kbli),
        "itbx.csv": csv_text(["activity_id", *subzones], matrix),
        "conditions.csv": csv_text(
            ["code", "text", "legal", "test"],
            ([row["code"], safe(row["text"]), safe(row["legal"]), row["test"]] for row in rows.values()),
        ),
    }


def _value(entry: tuple[ParsedCell, str] | None, names: Mapping[Phrase, str]) -> str:
    if entry is None:
        return ""
    parsed = entry[0]
    if parsed.cell is not None:
        return itbx_text(parsed.cell)
    codes = tuple(dict.fromkeys(names[phrase] for phrase in parsed.phrases))
    return itbx_text(Cell(itbx_letter({code[0] for code in codes}), codes))
