"""``plan import-itbx``, ``plan export-itbx`` and ``plan import-intensity``: the annex tables in and out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kkpr_check.cli import codes
from kkpr_check.errors import Text, UsageError

if TYPE_CHECKING:
    from kkpr_check.io.annex.report import ImportReport, Listed

FORMATS = ("text", "json")
_SHOWN = 40
"""Addresses the text form prints for each list; JSON has all."""
_EXPECTED = frozenset({"title", "row-number", "heading", "unused"})
"""Reasons that a text report counts only: nothing a planner has to do."""
_RESULTS = {
    "subzones": Text("sub-zones", "subzona"),
    "activities": Text("activities", "kegiatan"),
    "kbli_pairs": Text("KBLI links", "tautan KBLI"),
    "kbli_as_numbers": Text("KBLI codes stored as numbers", "kode KBLI tersimpan sebagai angka"),
    "cells": Text("ITBX cells", "sel ITBX"),
    "conditions": Text("conditions", "ketentuan"),
    "rows": Text("rows", "baris"),
    "values": Text("limits", "batasan"),
}
_CLASSES = {
    "blank": Text("blank", "kosong"),
    "header": Text("header", "kepala tabel"),
    "imported": Text("imported", "diimpor"),
    "key": Text("keys (codes, names)", "kunci (kode, nama)"),
    "legend": Text("legend", "legenda"),
}


class Result(NamedTuple):
    """What a command prints, and its exit code."""

    text: str
    code: int


def import_itbx_command(
    file: str,
    directory: str,
    *,
    sheet: str | None = None,
    header_row: str | int | None = None,
    include_hidden: bool = False,
    overwrite: bool = False,
    strict: bool = False,
    format: str = "text",
    lang: str = "en",
) -> Result:
    """Import an ITBX annex into a plan folder.

    Exit code 0 when the tables are written, whatever is listed; with `strict` 1 where a person has to look.
    """
    from kkpr_check.io.annex.itbx import import_itbx

    _check_format(format)
    report = import_itbx(
        Path(file),
        Path(directory),
        sheet=sheet,
        header_row=_row(header_row),
        include_hidden=include_hidden,
        overwrite=overwrite,
    )
    return _result(report, strict, format, lang)


def import_intensity_command(
    file: str,
    directory: str,
    *,
    sheet: str | None = None,
    header_row: str | int | None = None,
    include_hidden: bool = False,
    zero: str = "undecided",
    dash: str = "undecided",
    gsb_from: str | None = None,
    legal: str = "",
    overwrite: bool = False,
    strict: bool = False,
    format: str = "text",
    lang: str = "en",
) -> Result:
    """Import an intensity annex into intensity.csv of a plan folder.

    `zero` (undecided, value, unregulated) and `dash` (undecided, unregulated) say what "0" and "-" mean in the
    annex; without a choice such cells stay empty and are listed. Exit code as `import_itbx_command`.
    """
    from kkpr_check.io.annex.intensity import Choices, import_intensity

    _check_format(format)
    _check_choice("zero", zero, ("undecided", "value", "unregulated"))
    _check_choice("dash", dash, ("undecided", "unregulated"))
    report = import_intensity(
        Path(file),
        Path(directory),
        sheet=sheet,
        header_row=_row(header_row),
        choices=Choices(zero, dash, gsb_from, legal, include_hidden),  # type: ignore[arg-type]
        overwrite=overwrite,
    )
    return _result(report, strict, format, lang)


def export_itbx_command(directory: str, file: str, *, overwrite: bool = False, lang: str = "en") -> Result:
    """Write the ITBX tables of a plan folder to a workbook for editing."""
    from kkpr_check.io.annex.export import export_itbx

    sizes = export_itbx(Path(directory), Path(file), overwrite=overwrite)
    counts = ", ".join(f"{number} {_RESULTS[name].pick(lang)}" for name, number in sizes.items())
    return Result(f"{file}: {counts}\n", codes.CONFORM)


def _row(text: str | int | None) -> int | None:
    if text is None:
        return None
    row = int(text) if str(text).isdecimal() else 0
    if row < 1:
        raise UsageError(
            Text(f"--header-row {text!r} is no row number", f"--header-row {text!r} bukan nomor baris"),
            remedy=Text(
                "Give the row as the spreadsheet shows it.", "Beri nomor baris seperti di lembar kerja."
            ),
        )
    return row


def _check_format(name: str) -> None:
    _check_choice("format", name, FORMATS)


def _check_choice(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        words = ", ".join(known)
        raise UsageError(
            Text(f"--{option} {value!r} is not known", f"--{option} {value!r} tidak dikenal"),
            remedy=Text(f"one of: {words}", f"salah satu: {words}"),
        )


def _result(report: ImportReport, strict: bool, format: str, lang: str) -> Result:
    open_cells = [item for item in report.listed if item.reason not in _EXPECTED]
    code = codes.VIOLATION if strict and open_cells else codes.CONFORM
    if format == "json":
        return Result(json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n", code)
    return Result(render_report(report, lang), code)


def render_report(report: ImportReport, lang: str) -> str:
    """Return an import report as plain lines: what was read, where every cell went, what needs a person."""
    from kkpr_check.report.safe import safe_text

    words = {
        "en": ("table", "written", "not imported", "to know"),
        "id": ("tabel", "ditulis", "tidak diimpor", "catatan"),
    }
    table, written, left, notes = words["id" if lang == "id" else "en"]
    sizes = ", ".join(f"{n} {_RESULTS[name].pick(lang)}" for name, n in report.results.items())
    lines = [
        f"{safe_text(report.source)}",
        f"  {table}: {safe_text(report.header)} ({report.rows} x {report.columns} = {report.rows * report.columns})",
        f"  {sizes}",
        *(f"  {number:>8}  {_class_name(name, report, lang)}" for name, number in report.counts.items()),
    ]
    open_cells = tuple(item for item in report.listed if item.reason not in _EXPECTED)
    lines += _list(f"{left} ({sum(item.cells for item in open_cells)})", open_cells, lang)
    lines += _list(notes, report.notes, lang)
    lines.append(f"  {written}: {', '.join(report.written)}" if report.written else "")
    return "\n".join(line for line in lines if line) + "\n"


def _class_name(name: str, report: ImportReport, lang: str) -> str:
    if name in _CLASSES:
        return _CLASSES[name].pick(lang)
    text = next((item.text for item in report.listed if item.reason == name), None)
    return name if text is None or name == "several-rows" else f"{name}: {text.pick(lang)}"


def _list(title: str, items: tuple[Listed, ...], lang: str) -> list[str]:
    from kkpr_check.report.safe import safe_text

    if not items:
        return []
    shown: list[Listed] = []
    seen: Counter[str] = Counter()
    for item in items:
        seen[item.reason] += 1
        if seen[item.reason] <= _SHOWN:
            shown.append(item)
    lines = [f"  {title}:"]
    for item in shown:
        value = f' "{safe_text(item.value)}"' if item.value else ""
        lines.append(f"    {safe_text(item.address)}{value}: {safe_text(item.text.pick(lang))}")
    if len(shown) < len(items):
        rest = len(items) - len(shown)
        lines.append(
            f"    ... +{rest}" + (" (lihat --format json)" if lang == "id" else " (see --format json)")
        )
    return lines
