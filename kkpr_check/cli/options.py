"""The options that several commands share: same name, same meaning, same help everywhere.

All of them arrive as text, as written; `kkpr_check.io.options` understands proposal options, this module the rest.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from typing import Annotated

import typer

from kkpr_check.cli.language import words
from kkpr_check.errors import Text, UsageError

PROPOSAL = (
    "kbli", "activity", "floors", "height_m", "floor_area_m2", "basement_area_m2", "green_area_m2", "legal_area_m2",
    "road_class", "business_scale", "psn", "id",
)  # fmt: skip
"""Options of a proposal, also property names of features and column names of tables."""


def option(name: str, metavar: str, en: str, id_: str) -> object:
    """Return an option that takes text, its help in both languages."""
    return typer.Option(name, metavar=metavar, help=words(en, id_), show_default=False)


def flag(name: str, en: str, id_: str) -> object:
    """Return an option that is given or not, its help in both languages."""
    return typer.Option(name, help=words(en, id_))


def formats(*names: str, by_suffix: bool = True) -> object:
    """Return ``--format`` for one of these formats; the first is the default."""
    *others, last = names
    en = f"{', '.join(others)} or {last}"
    id_ = f"{', '.join(others)}{',' if len(others) > 1 else ''} atau {last}"
    default = (
        f"by the suffix of --output, else {names[0]}",
        f"menurut akhiran --output, selain itu {names[0]}",
    )
    if not by_suffix:
        default = names[0], names[0]
    return option("--format", "FORMAT", f"{en} (default: {default[0]}).", f"{id_} (bawaan: {default[1]}).")


Plan = Annotated[
    list[str] | None,
    option("--plan", "DIR", "A plan folder; may be repeated.", "Folder rencana; boleh diulang."),
]
Rdtr = Annotated[
    str | None,
    option(
        "--rdtr",
        "FILE",
        "RDTR zoning layer, without a plan folder.",
        "Layer pola ruang RDTR, tanpa folder rencana.",
    ),
]
Rtrw = Annotated[
    list[str] | None,
    option("--rtrw", "FILE", "RTRW zoning layer; may be repeated.", "Layer pola ruang RTRW; boleh diulang."),
]
Rules = Annotated[
    str | None,
    option("--rules", "DIR", "Folder with the tables for --rdtr.", "Folder tabel aturan untuk --rdtr."),
]
Parcel = Annotated[
    str | None,
    option(
        "--parcel",
        "FILE",
        "The land applied for; alone: a land check.",
        "Persil yang dimohon; sendiri: cek lahan.",
    ),
]
ParcelLayer = Annotated[
    str | None,
    option(
        "--parcel-layer",
        "NAME",
        "Layer of --parcel beside SITE.",
        "Nama layer pada --parcel di samping SITE.",
    ),
]
Existing = Annotated[
    str | None,
    option("--existing", "FILE", "Buildings that stand already.", "Bangunan yang sudah ada."),
]
Point = Annotated[
    str | None,
    option("--point", "LAT,LON", "A point instead of a file: names the zone only.",
            "Titik sebagai ganti berkas: hanya menyebut zona."),
]  # fmt: skip
AsOf = Annotated[
    str | None,
    option("--as-of", "DATE", "Judge by the law of this day (YYYY-MM-DD; default: today).",
            "Menilai menurut aturan yang berlaku pada tanggal ini (YYYY-MM-DD; bawaan: hari ini)."),
]  # fmt: skip
IncludeDraft = Annotated[
    bool,
    flag("--include-draft", "Judge draft plans too.", "Nilai juga rencana berstatus rancangan."),
]
StrictAccuracy = Annotated[
    bool,
    flag("--strict-accuracy", "Undetermined where an adverse zone is nearer than the map's accuracy.",
         "Perlu verifikasi bila zona yang merugikan lebih dekat dari ketelitian peta."),
]  # fmt: skip
AssumeCrs = Annotated[
    str | None,
    option(
        "--assume-crs",
        "EPSG:CODE",
        "CRS of files that name none (recorded).",
        "CRS berkas yang tidak menyebutnya (dicatat).",
    ),
]
Layer = Annotated[
    str | None,
    option("--layer", "NAME", "Layer of a file with several.", "Nama layer bila berkas memuat beberapa."),
]
Encoding = Annotated[
    str | None, option("--encoding", "NAME", "Text encoding of the file.", "Pengodean teks berkas.")
]
SwapXy = Annotated[bool, flag("--swap-xy", "Swap the axes of the file.", "Tukar sumbu koordinat berkas.")]
Workers = Annotated[
    str | None,
    option("--workers", "N", "Processes (default: one a core).", "Jumlah proses (bawaan: satu per inti)."),
]
Kbli = Annotated[str | None, option("--kbli", "CODE", "KBLI code, five digits.", "Kode KBLI, lima angka.")]
Activity = Annotated[
    str | None, option("--activity", "ID", "Activity of the plan's matrix.", "Kegiatan pada matriks ITBX.")
]
Floors = Annotated[str | None, option("--floors", "N", "Number of floors.", "Jumlah lantai.")]
HeightM = Annotated[str | None, option("--height-m", "M", "Height in m.", "Tinggi bangunan (m).")]
FloorArea = Annotated[
    str | None, option("--floor-area-m2", "M2", "Total floor area in m2.", "Luas lantai total (m2).")
]
BasementArea = Annotated[
    str | None, option("--basement-area-m2", "M2", "Basement area in m2.", "Luas basemen (m2).")
]
GreenArea = Annotated[
    str | None, option("--green-area-m2", "M2", "Green open area in m2.", "Luas ruang terbuka hijau (m2).")
]
LegalArea = Annotated[
    str | None, option("--legal-area-m2", "M2", "Area by the deed in m2.", "Luas menurut surat tanah (m2).")
]
RoadClass = Annotated[
    str | None,
    option("--road-class", "CLASS", "Class of the road in front.", "Kelas jalan di depan persil."),
]
BusinessScale = Annotated[
    str | None,
    option(
        "--business-scale", "SCALE", "micro, small, medium or large.", "micro, small, medium, atau large."
    ),
]
Psn = Annotated[
    bool | None,
    typer.Option("--psn/--no-psn", show_default=False, help=words(
        "National strategic project.", "Proyek strategis nasional.")),
]  # fmt: skip
SiteId = Annotated[str | None, option("--id", "NAME", "Name of the site.", "Nama lokasi.")]
Suggest = Annotated[
    bool,
    flag("--suggest", "Also tell what would pass: changes that the engine has judged again.",
         "Sebutkan juga yang akan memenuhi ketentuan: perubahan yang sudah diperiksa ulang."),
]  # fmt: skip
Format = Annotated[
    str | None, formats("text", "json", "jsonl", "geojson", "html", "md", "docx", "pdf", "gpkg", "oss")
]
PrintedFormat = Annotated[
    str | None,
    formats("text", "json", "jsonl", "geojson", "html", "md", "docx", "pdf", "oss", by_suffix=False),
]
FindingsFormat = Annotated[
    str | None,
    formats("text", "json", "jsonl", "sarif", "junit", "github", "gitlab", "md", "html", "gpkg", "auto"),
]
TextOrJson = Annotated[str | None, formats("text", "json", by_suffix=False)]
Also = Annotated[
    list[str] | None,
    option("--also", "FORMAT=FILE", "Also write the result in this format; may be repeated.",
           "Tulis hasilnya juga dalam format ini; boleh diulang."),
]  # fmt: skip
Output = Annotated[
    str | None,
    option(
        "--output",
        "FILE",
        "Write here instead of standard output.",
        "Tulis ke berkas ini, bukan keluaran standar.",
    ),
]
Overwrite = Annotated[
    bool,
    flag("--overwrite", "Replace an existing output.", "Ganti keluaran yang sudah ada."),
]
Strict = Annotated[
    bool,
    flag("--strict", "Exit 1 on a conditional verdict too.", "Kode keluar 1 juga untuk sesuai bersyarat."),
]
AllowUndetermined = Annotated[
    bool,
    flag("--allow-undetermined", "Exit 0 on an undetermined verdict.", "Kode keluar 0 untuk perlu verifikasi."),
]  # fmt: skip


def date_of(text: str | None) -> dt.date:
    """Return the date of ``--as-of``; today where it is not given.

    Raises
    ------
    UsageError
        Not a calendar date in the form YYYY-MM-DD.
    """
    if text is None:
        return dt.date.today()
    try:
        return dt.datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(
            Text(f"--as-of {text!r} is no date", f"--as-of {text!r} bukan tanggal"),
            remedy=Text("write it as 2026-11-24", "tulis seperti 2026-11-24"),
        ) from None


def count_of(name: str, value: str | None, least: int = 0) -> int | None:
    """Return the whole number of an option; None where it is not given.

    Raises
    ------
    UsageError
        It is none, or less than `least`.
    """
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        raise UsageError(
            Text(
                f"{name} {value!r} is no whole number from {least} on",
                f"{name} {value!r} bukan bilangan bulat mulai {least}",
            )
        )
    return int(value)


def refuse_together(given: Mapping[str, bool]) -> None:
    """Refuse options that exclude each other: option as written -> whether it is given.

    Raises
    ------
    UsageError
        More than one is given.
    """
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        both = ", ".join(names[:-1]), names[-1]
        raise UsageError(
            Text(
                f"{both[0]} and {both[1]} exclude each other",
                f"{both[0]} dan {both[1]} tidak dapat dipakai bersama",
            ),
            remedy=Text("give one of them", "berikan salah satu saja"),
        )


def require(name: str, value: str | None) -> None:
    """Refuse a call without an option that has no default.

    Raises
    ------
    UsageError
        It is not given.
    """
    if value is None:
        raise UsageError(Text(f"{name} is missing", f"{name} belum diberikan"))


def need(name: str, given: bool, *, of: str, of_given: bool) -> None:
    """Refuse the option `name` without the option `of` that it belongs to.

    Raises
    ------
    UsageError
        `name` is given and `of` is not.
    """
    if given and not of_given:
        raise UsageError(Text(f"{name} needs {of}", f"{name} memerlukan {of}"))


def format_of(fmt: str | None, output: str | None, known: tuple[str, ...]) -> str:
    """Return the output format: as asked for, else by the suffix of the output file, else text.

    Raises
    ------
    UsageError
        A format that does not exist.
    """
    if fmt is None:
        suffix = "" if output is None else output.rpartition(".")[2].casefold()
        return suffix if suffix in known else "text"
    if fmt not in known:
        names = ", ".join(known)
        raise UsageError(
            Text(f"unknown format {fmt!r}", f"format {fmt!r} tidak dikenal"),
            remedy=Text(f"one of: {names}", f"pilihan: {names}"),
        )
    return fmt


def findings_format(fmt: str | None, output: str | None, known: tuple[str, ...]) -> str:
    """Return the format of `validate` and `diff`: as `format_of`; ``auto`` is github inside GitHub Actions, else text."""
    chosen = format_of(fmt, output, known)
    if chosen != "auto":
        return chosen
    return "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"
