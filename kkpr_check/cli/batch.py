"""``kkpr-check batch``: many parcels into a table, one row a parcel."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import session_of
from kkpr_check.cli.language import words
from kkpr_check.errors import KkprError, Place, Text, UsageError, is_out_of_memory

if TYPE_CHECKING:
    from kkpr_check.batch.request import BatchRequest
    from kkpr_check.batch.running import BatchResult

SUMMARY = words(
    "Check many parcels: a table with one row a parcel. Exit 0 when it ran, 1 for --fail-on or broken parcels, "
    "2 could not run.",
    "Periksa banyak persil: tabel satu baris per persil. Kode keluar 0 bila selesai, 1 karena --fail-on atau persil "
    "rusak, 2 gagal dijalankan.",
)
Parcels = Annotated[
    str | None,
    typer.Argument(
        metavar="PARCELS",
        show_default=False,
        help=words(
            "Parcels: GeoParquet, FlatGeobuf, GeoPackage, Shapefile, File GDB, GeoJSON(Seq), or a CSV with a WKT column.",
            "Persil: GeoParquet, FlatGeobuf, GeoPackage, Shapefile, File GDB, GeoJSON(Seq), atau CSV berkolom WKT.",
        ),
    ),
]
Library = Annotated[
    str | None,
    o.option("--plans", "DIR", "A folder of plan folders; each parcel is judged by those that cover it.",
              "Folder berisi folder-folder rencana; tiap persil dinilai dengan rencana yang memuatnya."),
]  # fmt: skip
Output = Annotated[
    str | None,
    o.option("--output", "FILE", "The table: .parquet, .gpkg, .fgb, .csv, .jsonl, or .html for a summary.",
              "Tabel hasil: .parquet, .gpkg, .fgb, .csv, .jsonl, atau .html untuk ringkasan."),
]  # fmt: skip
Findings = Annotated[
    str | None,
    o.option("--findings", "FILE", "Every finding, one a row: .parquet, .csv or .jsonl.",
              "Semua temuan, satu per baris: .parquet, .csv, atau .jsonl."),
]  # fmt: skip
Footprints = Annotated[
    str | None,
    o.option("--footprints", "FILE", "Buildings applied for; joined by parcel_id, else by largest overlap.",
              "Bangunan yang dimohon; dipasangkan menurut parcel_id, selain itu tumpang tindih terbesar."),
]  # fmt: skip
IdField = Annotated[
    str | None,
    o.option("--id-field", "NAME", "Column that names the parcels (default: id, else the feature id).",
              "Kolom nama persil (bawaan: id, selain itu id fitur)."),
]  # fmt: skip
Message = Annotated[
    str | None,
    o.option("--message", "full|none", "Whether to write the reasons (default: full).",
              "Alasan ikut ditulis atau tidak (bawaan: full)."),
]  # fmt: skip
MaxBroken = Annotated[
    str | None,
    o.option("--max-broken", "N", "Exit 1 when more parcels than this are broken.",
              "Kode keluar 1 bila persil rusak lebih dari ini."),
]  # fmt: skip
FailOn = Annotated[
    str | None,
    o.option("--fail-on", "VERDICT", "Exit 1 on this verdict or a worse one.",
              "Kode keluar 1 pada putusan ini atau yang lebih buruk."),
]  # fmt: skip
BlockRows = Annotated[
    str | None,
    o.option("--block-size", "N", "Parcels a block (default: 10000); changes nothing but memory and speed.",
              "Persil per blok (bawaan: 10000); hanya memengaruhi memori dan kecepatan."),
]  # fmt: skip
Resume = Annotated[
    bool,
    o.flag("--resume", "Continue an interrupted run.", "Lanjutkan proses yang terhenti."),
]
Engine = Annotated[
    str | None,
    o.option("--engine", "local|dask", "Where to work (default: local).", "Tempat bekerja (bawaan: local)."),
]
Scheduler = Annotated[
    str | None,
    o.option(
        "--scheduler", "ADDRESS", "Dask scheduler, tcp://HOST:PORT.", "Penjadwal Dask, tcp://HOST:PORT."
    ),
]
_KEPT = Text(
    "what is done is kept: the same call with --resume goes on from there",
    "yang sudah selesai tersimpan: panggilan yang sama dengan --resume melanjutkannya",
)
VERDICTS = ("conform", "conditional", "undetermined", "partial", "nonconform")


def batch(
    context: typer.Context,
    parcels: Parcels = None,
    plan: o.Plan = None,
    plans: Library = None,
    output: Output = None,
    findings: Findings = None,
    footprints: Footprints = None,
    existing: o.Existing = None,
    id_field: IdField = None,
    kbli: o.Kbli = None,
    activity: o.Activity = None,
    floors: o.Floors = None,
    height_m: o.HeightM = None,
    floor_area_m2: o.FloorArea = None,
    basement_area_m2: o.BasementArea = None,
    green_area_m2: o.GreenArea = None,
    legal_area_m2: o.LegalArea = None,
    road_class: o.RoadClass = None,
    business_scale: o.BusinessScale = None,
    psn: o.Psn = None,
    as_of: o.AsOf = None,
    include_draft: o.IncludeDraft = False,
    strict_accuracy: o.StrictAccuracy = False,
    assume_crs: o.AssumeCrs = None,
    layer: o.Layer = None,
    encoding: o.Encoding = None,
    swap_xy: o.SwapXy = False,
    message: Message = None,
    max_broken: MaxBroken = None,
    fail_on: FailOn = None,
    workers: o.Workers = None,
    block_size: BlockRows = None,
    resume: Resume = False,
    overwrite: o.Overwrite = False,
    engine: Engine = None,
    scheduler: Scheduler = None,
) -> int:
    """Check many parcels; returns the exit code."""
    given = dict(locals())
    o.need("--scheduler", scheduler is not None, of="--engine dask", of_given=engine == "dask")
    request = request_of(given, session_of(context).lang)
    allowed = o.count_of("--max-broken", max_broken, 0)
    _choice("--fail-on", fail_on, VERDICTS)
    return run(context, request, allowed, fail_on)


def request_of(given: Mapping[str, Any], lang: str) -> BatchRequest:
    """Return the request behind the options of a call.

    Raises
    ------
    UsageError
        Something is missing, or options exclude each other.
    """
    o.require("PARCELS", given["parcels"])
    o.require("--output", given["output"])
    if not given["plan"] and given["plans"] is None:
        raise UsageError(
            Text("no plan: give --plan or --plans", "rencana belum ada: berikan --plan atau --plans"),
            remedy=Text(
                "for example: kkpr-check batch parcels.gpkg --plan data/sample --output verdicts.parquet",
                "contoh: kkpr-check batch persil.gpkg --plan data/sample --output putusan.parquet",
            ),
        )
    _choice("--engine", given["engine"], ("local", "dask"))
    _choice("--message", given["message"], ("full", "none"))
    scheduler = given["scheduler"]
    o.need("--engine dask", given["engine"] == "dask", of="--scheduler", of_given=scheduler is not None)
    o.refuse_together({"--workers": given["workers"] is not None, "--scheduler": scheduler is not None})
    workers = o.count_of("--workers", given["workers"], 1)
    block_rows = o.count_of("--block-size", given["block_size"], 1)
    as_of = None if given["as_of"] is None else o.date_of(given["as_of"])
    from kkpr_check.batch.request import BLOCK_ROWS, CLUSTER_BLOCK_ROWS, BatchRequest
    from kkpr_check.cli.output import spare_inputs

    inputs = (given["parcels"], given["footprints"], given["existing"])
    folders = (*(given["plan"] or ()), given["plans"])
    for target in (given["output"], given["findings"]):
        spare_inputs(target, inputs, folders=folders)
    standard = BLOCK_ROWS if scheduler is None else CLUSTER_BLOCK_ROWS
    return BatchRequest(
        parcels=given["parcels"], output=given["output"], plans=tuple(given["plan"] or ()),
        plan_library=given["plans"], footprints=given["footprints"], existing=given["existing"],
        findings=given["findings"], id_field=given["id_field"], message=given["message"] or "full", lang=lang,
        as_of=as_of, include_draft=given["include_draft"], strict_accuracy=given["strict_accuracy"],
        assume_crs=given["assume_crs"], layer=given["layer"], encoding=given["encoding"], swap_xy=given["swap_xy"],
        overwrite=given["overwrite"], resume=given["resume"], workers=workers, block_rows=block_rows or standard,
        scheduler=scheduler,
        options={name: given[name] for name in o.PROPOSAL if name != "id" and given[name] is not None},
    )  # fmt: skip


def _choice(name: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        listed = ", ".join(known)
        raise UsageError(
            Text(f"{name} {value!r} is not known", f"{name} {value!r} tidak dikenal"),
            remedy=Text(f"one of: {listed}", f"pilihan: {listed}"),
        )


def run(context: typer.Context, request: BatchRequest, max_broken: int | None, fail_on: str | None) -> int:
    """Work, tell what came out, and return the exit code."""
    from kkpr_check.batch.running import run_batch
    from kkpr_check.cli.output import tell
    from kkpr_check.cli.progress import ProgressLine

    session = session_of(context)
    line = ProgressLine(session)
    try:
        result = run_batch(request, line)
    except BaseException as error:
        line.end()
        kept = Path(request.output + ".kkpr-work").is_dir()
        if kept and not isinstance(error, UsageError):  # what was refused says itself what to do
            tell(session, _KEPT)
        lacking = _lacking(error, request.output, kept=kept)
        if lacking is None:
            raise
        raise lacking from error
    line.end()
    for text in closing_words(result, request, details=session.verbose):
        tell(session, text)
    return exit_code(result, max_broken, fail_on)


def _lacking(error: BaseException, output: str, *, kept: bool) -> KkprError | None:
    """Return what to do where the disk or the memory was too small; None for any other error."""
    again = Text("run it again", "jalankan lagi")
    if kept:
        again = Text("continue with --resume", "lanjutkan dengan --resume")
    if is_out_of_memory(error):
        what = Text("out of memory", "memori tidak cukup")
        remedy = Text(
            f"free memory, then {again.en}, perhaps with fewer --workers",
            f"kosongkan memori, lalu {again.id}, bila perlu dengan --workers lebih sedikit",
        )
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = Text("no space left on the disk", "ruang disk habis")
        remedy = Text(f"make room, then {again.en}", f"beri ruang, lalu {again.id}")
    else:
        return None
    return KkprError(what, place=Place(output), remedy=remedy, code="output")


def closing_words(result: BatchResult, request: BatchRequest, *, details: bool = False) -> list[Text]:
    """Return what a run says at its end."""
    from kkpr_check.model import Verdict
    from kkpr_check.report.words import DISCLAIMER
    from kkpr_check.report.words import VERDICTS as WORDS

    counts = result.summary
    said = [Text(
        f"{counts.rows} parcels, {counts.broken} broken, {counts.repaired} repaired",
        f"{counts.rows} persil, {counts.broken} rusak, {counts.repaired} diperbaiki",
    )]  # fmt: skip
    if result.resumed_rows:
        said.append(
            Text(
                f"{result.resumed_rows} of them were done before",
                f"{result.resumed_rows} di antaranya sudah selesai sebelumnya",
            )
        )
    for verdict in VERDICTS:
        if counts.verdicts[verdict]:
            word = WORDS[Verdict(verdict)]
            said.append(
                Text(
                    f"  {counts.verdicts[verdict]:>10}  {word.en}",
                    f"  {counts.verdicts[verdict]:>10}  {word.id}",
                )
            )
    if details:
        each = counts.rows - counts.broken - counts.by_class
        said.append(
            Text(
                f"{counts.by_class} judged as parcels alike, {each} one by one",
                f"{counts.by_class} dinilai sebagai persil serupa, {each} satu per satu",
            )
        )
    if result.duplicate_ids:
        said.append(
            Text(
                f"{result.duplicate_ids} ids stand more than once",
                f"{result.duplicate_ids} id dipakai lebih dari sekali",
            )
        )
    said += result.notes
    said += [Text(f"written: {file}", f"ditulis: {file}") for file in result.files]
    return [*said, DISCLAIMER]


def exit_code(result: BatchResult, max_broken: int | None, fail_on: str | None) -> int:
    """Return 0 when it ran; 1 for too many broken parcels, or a verdict that is not to be passed over."""
    counts = result.summary
    if counts.broken == counts.rows or (max_broken is not None and counts.broken > max_broken):
        return codes.VIOLATION
    if fail_on is not None and any(counts.verdicts[v] for v in VERDICTS[VERDICTS.index(fail_on) :]):
        return codes.VIOLATION
    return codes.CONFORM


COMMAND = (SUMMARY, batch)
