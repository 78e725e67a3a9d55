"""``kkpr-check verify``: a stored report held against its inputs."""

from __future__ import annotations

from typing import Annotated

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import session_of
from kkpr_check.cli.language import words

SUMMARY = words(
    "Recompute a stored report (check --format json or jsonl) from its inputs with an independent area algorithm. "
    "Exit 0 if every value comes out again, 1 on a difference, 2 if an input is gone or is not the same file.",
    "Hitung ulang laporan tersimpan (check --format json atau jsonl) dari masukannya dengan algoritma luas lain. "
    "Kode keluar 0 bila semua nilai sama, 1 bila berbeda, 2 bila masukan hilang atau bukan berkas yang sama.",
)
FORMATS = ("text", "json")
Stored = Annotated[
    str,
    typer.Argument(
        metavar="REPORT.json",
        show_default=False,
        help=words(
            "A report, an array of them, or one a line.", "Laporan, larik laporan, atau satu per baris."
        ),
    ),
]
Base = Annotated[
    str | None,
    o.option(
        "--base",
        "DIR",
        "Folder that relative paths of the report start from (default: this folder, then the report's).",
        "Folder asal jalur relatif dalam laporan (bawaan: folder ini, lalu folder laporan).",
    ),
]
Format = Annotated[
    str | None,
    o.formats("text", "json"),
]


def verify(
    context: typer.Context,
    report: Stored,
    base: Base = None,
    format: Format = None,
    output: o.Output = None,
    overwrite: o.Overwrite = False,
) -> int:
    """Verify a file of reports; returns the exit code."""
    from kkpr_check.cli.output import check_output, emit, spare_inputs, write_file

    fmt = o.format_of(format, output, FORMATS)
    o.need("--overwrite", overwrite, of="--output", of_given=output is not None)
    check_output(output, overwrite)
    spare_inputs(output, (report,), folders=())
    from kkpr_check.report import verification
    from kkpr_check.verifying import verify_file

    results = verify_file(report, base)
    lang = session_of(context).lang
    text = verification.dumps(results, lang) if fmt == "text" else verification.dumps_json(results)
    if output is None:
        emit(text)
    else:
        write_file(output, text, overwrite=overwrite)
    return codes.VIOLATION if any(result.differences for result in results) else codes.CONFORM


COMMAND = (SUMMARY, verify)
