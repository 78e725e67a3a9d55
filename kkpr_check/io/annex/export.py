"""Export of the ITBX tables of a plan folder as a workbook for editing; `import_itbx` reads it back unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kkpr_check.errors import Place, PlanError, Text, UsageError
from kkpr_check.extras import need
from kkpr_check.io.annex.grid import number_text
from kkpr_check.io.annex.words import itbx_text
from kkpr_check.io.paths import replacing
from kkpr_check.plan import Tables
from kkpr_check.sheets import Problems, Sheet, read_sheet
from kkpr_check.tables import FORMATS, parse_tables

_NEEDED = ("activities.csv", "itbx.csv")
_OPTIONAL = ("kbli.csv", "conditions.csv", "zones.csv")
_FOOTER = (
    "I : diizinkan",
    "T : diizinkan bersyarat secara terbatas",
    "B : diizinkan bersyarat tertentu",
    "X : tidak diizinkan",
)


def export_itbx(directory: Path, path: Path, *, overwrite: bool = False) -> dict[str, int]:
    """Write activities, KBLI codes, ITBX cells and conditions of a plan folder to one workbook.

    Every cell is written as text, so that no spreadsheet runs a formula, drops a leading zero or makes a date.

    Parameters
    ----------
    directory
        The plan folder.
    path
        The ``.xlsx`` to write, whole or not at all.
    overwrite
        Replace an existing file.

    Returns
    -------
    dict
        Sizes of what was written: activities, subzones, conditions.

    Raises
    ------
    PlanError
        A table is absent or cannot be read.
    UsageError
        The output exists, or is no .xlsx.
    """
    if path.suffix.lower() != ".xlsx":
        raise UsageError(
            Text("the output must end in .xlsx", "keluaran harus berakhiran .xlsx"), place=Place(str(path))
        )
    if path.exists() and not overwrite:
        raise UsageError(
            Text("the output exists already", "berkas keluaran sudah ada"),
            place=Place(str(path)),
            remedy=Text("Use --overwrite to replace it.", "Gunakan --overwrite untuk menggantinya."),
            code="output-exists",
        )
    texts = _texts(directory)
    tables = parse_tables(texts, folder=str(directory))
    subzones = _subzones(texts["itbx.csv"])
    book = _workbook(tables, subzones)
    _save(book, path)
    return {
        "activities": len(tables.activities),
        "subzones": len(subzones),
        "conditions": len(tables.conditions),
    }


def _texts(directory: Path) -> dict[str, bytes]:
    for name in _NEEDED:
        if not (directory / name).is_file():
            raise PlanError(
                Text(f"{name} is missing", f"{name} tidak ada"),
                place=Place(str(directory / name)),
                remedy=Text(
                    "Import an annex first: plan import-itbx.", "Impor lampiran dahulu: plan import-itbx."
                ),
                code="not-found",
            )
    present = [name for name in (*_NEEDED, *_OPTIONAL) if (directory / name).is_file()]
    return {name: (directory / name).read_bytes() for name in present}


def _subzones(itbx: bytes) -> tuple[str, ...]:
    """Return the sub-zone columns in the order of the file."""
    sheet: Sheet | None = read_sheet("itbx.csv", itbx, FORMATS["itbx.csv"], Problems())
    return sheet.extra if sheet else ()


def _workbook(tables: Tables, subzones: tuple[str, ...]) -> Any:
    openpyxl = need("openpyxl", "xlsx")
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "ITBX"
    codes = _codes_by_activity(tables.kbli)
    _write_row(sheet, 1, ("activity_id", "KBLI", "Kegiatan", *subzones), bold=True)
    row = 1
    for row, (activity, name) in enumerate(tables.activities.items(), start=2):
        cells = (tables.itbx.get((activity, subzone)) for subzone in subzones)
        values = (itbx_text(cell) if cell is not None else "" for cell in cells)
        _write_row(sheet, row, (activity, "; ".join(codes.get(activity, ())), name, *values))
    for offset, line in enumerate(_FOOTER, start=2):
        _write_row(sheet, row + offset, (line,))
    sheet.freeze_panes = "D2"
    for column, width in enumerate((22, 12, 60), start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    legend = book.create_sheet("Ketentuan")
    _write_row(legend, 1, ("code", "text", "legal", "test"), bold=True)
    for row, condition in enumerate(tables.conditions.values(), start=2):
        test = condition.test
        tested = f"{test.field} {test.op} {number_text(test.number)}" if test else ""
        _write_row(legend, row, (condition.code, condition.text, condition.legal, tested))
    legend.freeze_panes = "A2"
    legend.column_dimensions["B"].width = 90
    return book


def _codes_by_activity(kbli: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    codes: dict[str, list[str]] = {}
    for code, activities in kbli.items():
        for activity in activities:
            codes.setdefault(activity, []).append(code)
    return codes


def _write_row(sheet: Any, row: int, values: tuple[str, ...], *, bold: bool = False) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font

    for column, value in enumerate(values, start=1):
        if not value:
            continue
        cell = sheet.cell(row, column)
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
        cell.number_format = "@"
        if bold:
            cell.font = Font(bold=True)


def _save(book: Any, path: Path) -> None:
    try:
        with replacing(path) as scratch:
            book.save(scratch)
    except OSError as error:
        raise PlanError(
            Text(f"cannot write: {error}", f"tidak dapat menulis: {error}"),
            place=Place(str(path)),
            code="write",
        ) from error
