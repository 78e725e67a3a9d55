"""``kkpr-check plan …``: adopt, lock and feed plan folders."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import session_of
from kkpr_check.cli.language import words

GROUP = words(
    "Plan folders: adopt, inspect, lock, bring tables in.",
    "Folder rencana: adopsi, periksa, kunci, isi tabel.",
)
INIT = words(
    "Adopt real layers as a plan folder. What could not be decided is marked, never guessed.",
    "Adopsi layer nyata menjadi folder rencana. Yang belum dapat diputuskan ditandai, tidak ditebak.",
)
SHOW = words(
    "Show what a plan is: law, layers, mapping, tables, and what the prover finds.",
    "Tampilkan isi rencana: hukum, layer, pemetaan, tabel, dan temuan pembuktian tabel.",
)
LOCK = words(
    "Lock a plan folder: hashes, counts and indexed copies. A later change of a file is then an error.",
    "Kunci folder rencana: hash, jumlah, dan salinan berindeks. Perubahan berkas sesudahnya menjadi kesalahan.",
)
IMPORT_ITBX = words(
    "Import an ITBX annex into a plan folder. Every cell is imported, or listed with its address.",
    "Impor lampiran ITBX ke folder rencana. Setiap sel diimpor, atau didaftar dengan alamatnya.",
)
EXPORT_ITBX = words(
    "Write the ITBX tables to a workbook for editing.", "Tulis tabel ITBX ke buku kerja untuk disunting."
)
IMPORT_INTENSITY = words(
    "Import an intensity annex into a plan folder.", "Impor lampiran intensitas ke folder rencana."
)

Directory = Annotated[str, typer.Argument(metavar="DIR", help=words("The plan folder.", "Folder rencana."))]
AnnexFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help=words("The annex: XLSX, CSV or JSON.", "Lampiran: XLSX, CSV, atau JSON.")
    ),
]
Sheet = Annotated[
    str | None,
    o.option("--sheet", "NAME", "The sheet, where it is not found.", "Lembar, bila tidak ditemukan sendiri."),
]  # fmt: skip
HeaderRow = Annotated[
    str | None,
    o.option("--header-row", "N", "The header row, where it is not found.", "Baris kepala, bila tidak ditemukan sendiri."),
]  # fmt: skip
IncludeHidden = Annotated[
    bool,
    o.flag("--include-hidden", "Import hidden rows and columns too.", "Impor juga baris dan kolom tersembunyi."),
]  # fmt: skip
StrictImport = Annotated[
    bool,
    o.flag("--strict", "Exit 1 where a person has to look.", "Kode keluar 1 bila masih ada yang perlu diperiksa."),
]  # fmt: skip


def init(
    context: typer.Context,
    layers: Annotated[
        list[str],
        typer.Argument(metavar="LAYER", help=words(
            "A zoning layer, then what stands beside it.", "Layer pola ruang, lalu layer pendampingnya.")),
    ],
    output: Annotated[
        str | None,
        o.option("--output", "DIR", "The folder to be made.", "Folder yang akan dibuat."),
    ] = None,
    yes: Annotated[
        bool, o.flag("--yes", "Ask nothing.", "Tanpa pertanyaan.")
    ] = False,
    layer: o.Layer = None,
    encoding: o.Encoding = None,
    assume_crs: o.AssumeCrs = None,
    swap_xy: o.SwapXy = False,
    overwrite: o.Overwrite = False,
) -> int:  # fmt: skip
    """Write a plan folder for real layers."""
    from kkpr_check.cli.plan_init import init_command, rich_ask

    lang = session_of(context).lang
    o.require("--output", output)
    asks = not yes and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    text = init_command(
        layers, output or "", yes=yes, overwrite=overwrite, layer=layer, encoding=encoding, assume_crs=assume_crs,
        swap_xy=swap_xy, ask=rich_ask(lang) if asks else None, lang=lang,
    )  # fmt: skip
    return _finish(text, codes.CONFORM)


def show(context: typer.Context, directory: Directory) -> int:
    """Show a plan folder."""
    from kkpr_check.cli.output import look_of_stdout
    from kkpr_check.cli.plan_show import show_command

    look = look_of_stdout()
    text = show_command(
        directory, lang=session_of(context).lang, columns=look.columns or 80, braille=look.can_draw
    )
    return _finish(text, codes.CONFORM)


def lock(context: typer.Context, directory: Directory, overwrite: o.Overwrite = False) -> int:
    """Lock a plan folder."""
    from kkpr_check.io.lock import write_lock

    path = write_lock(directory, overwrite=overwrite)
    return _finish(f"{path}\n", codes.CONFORM)


def import_itbx(
    context: typer.Context,
    file: AnnexFile,
    directory: Directory,
    sheet: Sheet = None,
    header_row: HeaderRow = None,
    include_hidden: IncludeHidden = False,
    overwrite: o.Overwrite = False,
    strict: StrictImport = False,
    format: o.TextOrJson = None,
) -> int:
    """Import an ITBX annex."""
    from kkpr_check.cli.plan_annex import import_itbx_command

    result = import_itbx_command(
        file, directory, sheet=sheet, header_row=header_row, include_hidden=include_hidden, overwrite=overwrite,
        strict=strict, format=format or "text", lang=session_of(context).lang,
    )  # fmt: skip
    return _finish(*result)


def export_itbx(
    context: typer.Context,
    directory: Directory,
    file: Annotated[
        str, typer.Argument(metavar="FILE.xlsx", help=words("The workbook.", "Buku kerja."))
    ],
    overwrite: o.Overwrite = False,
) -> int:  # fmt: skip
    """Write the ITBX tables to a workbook."""
    from kkpr_check.cli.plan_annex import export_itbx_command

    return _finish(*export_itbx_command(directory, file, overwrite=overwrite, lang=session_of(context).lang))


def import_intensity(
    context: typer.Context,
    file: AnnexFile,
    directory: Directory,
    sheet: Sheet = None,
    header_row: HeaderRow = None,
    include_hidden: IncludeHidden = False,
    zero: Annotated[
        str,
        o.option("--zero", "MEANING", "What 0 means: undecided (default), value or unregulated.",
             "Arti 0: undecided (bawaan), value, atau unregulated."),
    ] = "undecided",
    dash: Annotated[
        str,
        o.option("--dash", "MEANING", "What - means: undecided (default) or unregulated.", "Arti -: undecided (bawaan) atau unregulated."),
    ] = "undecided",
    gsb_from: Annotated[
        str | None,
        o.option("--gsb-from", "LINE", "Where GSB is measured from: road_axis, road_edge or parcel_edge.",
             "GSB diukur dari: road_axis, road_edge, atau parcel_edge."),
    ] = None,
    legal: Annotated[
        str,
        o.option("--legal", "TEXT", "The legal reference of every row.", "Dasar hukum setiap baris."),
    ] = "",
    overwrite: o.Overwrite = False,
    strict: StrictImport = False,
    format: o.TextOrJson = None,
) -> int:  # fmt: skip
    """Import an intensity annex."""
    from kkpr_check.cli.plan_annex import import_intensity_command

    result = import_intensity_command(
        file, directory, sheet=sheet, header_row=header_row, include_hidden=include_hidden, zero=zero, dash=dash,
        gsb_from=gsb_from, legal=legal, overwrite=overwrite, strict=strict, format=format or "text",
        lang=session_of(context).lang,
    )  # fmt: skip
    return _finish(*result)


def _finish(text: str, code: int) -> int:
    from kkpr_check.cli.output import emit
    from kkpr_check.report.safe import safe_lines

    emit(safe_lines(text))
    return code


COMMAND = (
    GROUP,
    {
        "init": (INIT, init),
        "show": (SHOW, show),
        "import-itbx": (IMPORT_ITBX, import_itbx),
        "export-itbx": (EXPORT_ITBX, export_itbx),
        "import-intensity": (IMPORT_INTENSITY, import_intensity),
        "lock": (LOCK, lock),
    },
)
