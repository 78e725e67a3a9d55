"""Import of an intensity annex: limits by sub-zone, road class and parcel size into intensity.csv.

What cannot be decided is listed with its place and left empty, so that the check says "undetermined".
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kkpr_check.errors import Place, PlanError, Text, UsageError
from kkpr_check.io.annex.columns import IntensityHeader, find_headers
from kkpr_check.io.annex.grid import Sheet
from kkpr_check.io.annex.intensity_rows import WHY, Choices, read_rows
from kkpr_check.io.annex.ladder import COLUMNS, build_ladder
from kkpr_check.io.annex.report import Accounts, ImportReport, csv_text, write_tables
from kkpr_check.io.annex.sheet import read_sheets
from kkpr_check.io.annex.zones import SubzoneIndex, read_zone_index
from kkpr_check.plan import LIMIT_COLUMNS
from kkpr_check.tables import GSB_FROM, parse_tables

__all__ = ["Choices", "import_intensity", "read_intensity"]


def import_intensity(
    path: Path,
    directory: Path,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    choices: Choices | None = None,
    overwrite: bool = False,
) -> ImportReport:
    """Import an intensity annex (XLSX, CSV or JSON records) into intensity.csv of a plan folder.

    Parameters
    ----------
    path
        The annex; percentages in %, KLB as a ratio, lengths in m, areas in m2 or ha.
    directory
        The plan folder; its zones.csv, where present, resolves codes and names of sub-zones.
    sheet, header_row
        Which table and which header row, where several could be meant.
    choices
        What "0" and "-" mean, from which line GSB is measured, the legal reference of every row.
    overwrite
        Replace an existing intensity.csv.

    Raises
    ------
    InputError
        The file cannot be read safely or at all.
    PlanError
        No table, or several that could be meant (with their addresses); intensity.csv exists already.
    UsageError
        `sheet` names no table of the file, or `choices.gsb_from` no line.
    """
    if not (directory if directory.is_dir() else directory.parent).is_dir():
        raise PlanError(
            Text("no such folder", "folder tidak ada"), place=Place(str(directory.parent)), code="not-found"
        )
    text, report = read_intensity(
        path, read_zone_index(directory), sheet=sheet, header_row=header_row, choices=choices or Choices()
    )
    return replace(report, written=write_tables(directory, {"intensity.csv": text}, overwrite=overwrite))


def read_intensity(
    path: Path,
    zones: SubzoneIndex,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    choices: Choices,
) -> tuple[str, ImportReport]:
    """Read an intensity annex into the text of intensity.csv and a report; nothing is written."""
    if choices.gsb_from is not None and choices.gsb_from not in GSB_FROM:
        known = ", ".join(GSB_FROM)
        raise UsageError(
            Text(f"gsb_from is one of {known}", f"gsb_from adalah salah satu dari {known}"),
            place=Place(column="gsb_from"),
        )
    header = _choose_header(path, read_sheets(path), sheet, header_row)
    books = Accounts(header.sheet)
    subzones = read_rows(header, zones, books, choices)
    if not subzones:
        raise PlanError(
            Text("no row names a sub-zone that is known", "tidak ada baris dengan subzona yang dikenal"),
            place=Place(str(path), row=header.address),
            remedy=Text(
                "Write zones.csv first, or add a column with the codes.",
                "Buat zones.csv dahulu, atau tambah kolom kode.",
            ),
            code="no-subzone",
        )
    rows = [
        row
        for name, subzone in subzones.items()
        for row in build_ladder(name, subzone, header, books, choices)
    ]
    books.close(WHY["unused"])
    _note_gsb_from(rows, header, books)
    text = csv_text(list(COLUMNS), rows)
    parse_tables({"intensity.csv": text})
    report = ImportReport(
        source=str(path),
        sheet=header.sheet.name,
        header=header.address,
        rows=header.sheet.rows,
        columns=header.sheet.columns,
        counts=books.counts(),
        listed=books.listing(),
        notes=tuple(books.notes),
        results={
            "subzones": len(subzones),
            "rows": len(rows),
            "values": sum(1 for row in rows for value in row[4 : 4 + len(LIMIT_COLUMNS)] if value),
        },
    )
    return text, report


def _note_gsb_from(rows: list[list[str]], header: IntensityHeader, books: Accounts) -> None:
    gsb, line = COLUMNS.index("gsb_min_m"), COLUMNS.index("gsb_from")
    silent = sorted({row[0] for row in rows if row[gsb] not in ("", "-") and not row[line]})
    if silent:
        why = Text(
            "from which line GSB is measured is not said; give --gsb-from or fill in gsb_from",
            "GSB diukur dari garis mana tidak disebutkan; beri --gsb-from atau isi gsb_from",
        )
        books.note(header.address, "gsb-from-unknown", ", ".join(silent), why, cells=len(silent))


def _choose_header(
    path: Path, sheets: tuple[Sheet, ...], name: str | None, header_row: int | None
) -> IntensityHeader:
    named = tuple(
        s
        for s in sheets
        if (not s.hidden if name is None else s.name.strip().lower() == name.strip().lower())
    )
    if name is not None and not named:
        have = ", ".join(s.name for s in sheets)
        raise UsageError(
            Text(f"no sheet {name!r} (have: {have})", f"tidak ada lembar {name!r} (ada: {have})"),
            place=Place(str(path)),
        )
    found = [header for one in named for header in find_headers(one, header_row)]
    if not found:
        raise PlanError(
            Text(
                "no intensity table found: no header with a sub-zone and KDB, KLB, KDH, GSB or the like",
                "tabel intensitas tidak ditemukan: tidak ada kepala tabel dengan subzona dan KDB, KLB, KDH, GSB, atau sejenisnya",
            ),
            place=Place(str(path)),
            remedy=Text(
                "Name the sheet and row with --sheet and --header-row.",
                "Sebutkan lembar dan baris dengan --sheet dan --header-row.",
            ),
            code="no-table",
        )
    if len(found) > 1:
        where = "; ".join(header.address for header in found)
        raise PlanError(
            Text(
                f"{len(found)} tables could be meant: {where}", f"{len(found)} tabel dapat dimaksud: {where}"
            ),
            place=Place(str(path)),
            remedy=Text("Choose with --sheet and --header-row.", "Pilih dengan --sheet dan --header-row."),
            code="several-tables",
        )
    return found[0]
