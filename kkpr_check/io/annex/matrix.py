"""Which table of an annex is the ITBX matrix, and which sub-zone each of its columns means."""

from __future__ import annotations

import re
from pathlib import Path

from kkpr_check.errors import Place, PlanError, Text, UsageError
from kkpr_check.io.annex.grid import Sheet
from kkpr_check.io.annex.header import Matrix, find_matrices
from kkpr_check.io.annex.report import Accounts
from kkpr_check.io.annex.rows import WHY
from kkpr_check.io.annex.zones import SubzoneIndex, code_key, code_outside, not_in_plan


def choose_matrix(
    path: Path, sheets: tuple[Sheet, ...], zones: SubzoneIndex, sheet: str | None, header_row: int | None
) -> Matrix:
    """Return the one matrix that is meant, or refuse with the addresses of all that could be."""
    if sheet is not None:
        named = tuple(s for s in sheets if s.name.strip().lower() == sheet.strip().lower())
        if not named:
            names = ", ".join(s.name for s in sheets)
            raise UsageError(
                Text(f"no sheet {sheet!r} (have: {names})", f"tidak ada lembar {sheet!r} (ada: {names})"),
                place=Place(str(path)),
            )
    else:
        named = tuple(s for s in sheets if not s.hidden)
    found = [matrix for one in named for matrix in find_matrices(one, zones, header_row)]
    if not found:
        raise no_matrix(path, sheets)
    if len(found) > 1:
        where = "; ".join(matrix.address for matrix in found)
        raise PlanError(
            Text(
                f"{len(found)} tables could be the ITBX matrix: {where}",
                f"{len(found)} tabel dapat menjadi matriks ITBX: {where}",
            ),
            place=Place(str(path)),
            remedy=Text("Choose with --sheet and --header-row.", "Pilih dengan --sheet dan --header-row."),
            code="several-matrices",
        )
    return found[0]


def no_matrix(path: Path, sheets: tuple[Sheet, ...]) -> PlanError:
    """Return the refusal of a file without a matrix."""
    names = ", ".join(f"{s.name} ({s.rows} x {s.columns}{', hidden' if s.hidden else ''})" for s in sheets)
    return PlanError(
        Text(
            f"no ITBX matrix found: no row of sub-zone codes with ITBX values below it, in {names}",
            f"matriks ITBX tidak ditemukan: tidak ada baris kode subzona dengan nilai ITBX di bawahnya, di {names}",
        ),
        place=Place(str(path)),
        remedy=Text(
            "Name the sheet and the row of codes with --sheet and --header-row.",
            "Sebutkan lembar dan baris kode dengan --sheet dan --header-row.",
        ),
        code="no-matrix",
    )


def subzone_columns(
    matrix: Matrix, zones: SubzoneIndex, books: Accounts, include_hidden: bool
) -> dict[int, str]:
    """Return the sub-zone of each column to import, spelt as in zones.csv; book the columns that cannot be.

    A sub-zone that zones.csv lacks is imported and noted: an annex covers more than one map.
    """
    sheet, row = matrix.sheet, matrix.header_row
    meant: dict[int, str] = {}
    for column, text in matrix.codes.items():
        candidates = zones.by_name(text) if matrix.by_name else zones.by_code(text)
        if len(candidates) > 1:
            listed = ", ".join(candidates)
            why = Text(f"matches several sub-zones: {listed}", f"cocok dengan beberapa subzona: {listed}")
            _leave_column(matrix, column, books, "subzone-ambiguous", why)
            continue
        subzone = (
            candidates[0] if candidates else code_outside(text) if zones else re.sub(r" ?- ?", "-", text)
        )
        if subzone is None:
            _leave_column(matrix, column, books, "subzone-unknown", WHY["subzone-unknown"])
            continue
        meant[column] = subzone
        if zones and not candidates:
            books.note(sheet.address(row, column), "subzone-not-in-plan", text, not_in_plan(subzone))
        elif subzone != sheet.spread(row, column).strip():
            why = Text(f"read as {subzone}", f"dibaca sebagai {subzone}")
            books.note(sheet.address(row, column), "subzone-spelling", sheet.spread(row, column), why)
    keys = {
        column: subzone if subzone in zones.codes else code_key(subzone) for column, subzone in meant.items()
    }
    columns = {}
    for column, subzone in meant.items():
        if list(keys.values()).count(keys[column]) > 1:
            _leave_column(matrix, column, books, "subzone-repeated", WHY["subzone-repeated"])
        elif column in sheet.hidden_columns and not include_hidden:
            _leave_column(matrix, column, books, "hidden-column", WHY["hidden-column"])
        else:
            columns[column] = subzone
            books.take(row, column, "header")
    return columns


def _leave_column(matrix: Matrix, column: int, books: Accounts, reason: str, why: Text) -> None:
    for row in matrix.sheet.filled_rows:
        if matrix.header_row <= row <= matrix.last_row and (row, column) in matrix.sheet.cells:
            books.leave(row, column, reason, why)
