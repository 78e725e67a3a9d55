"""``kkpr-check diff``: read the call, compare two versions of a plan, write the changes, leave with the right code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import session_of
from kkpr_check.cli.language import words
from kkpr_check.errors import Text, UsageError

if TYPE_CHECKING:
    from kkpr_check.changes.result import Diff

SUMMARY = words(
    "Compare two versions of a plan: geometry, attributes, tables, law, and which verdicts flip and why; exit 1 over --max-flips.",
    "Bandingkan dua versi rencana: geometri, atribut, tabel, hukum, dan putusan yang berubah; "
    "kode keluar 1 bila melebihi --max-flips.",
)


def _argument(metavar: str, en: str, id: str) -> object:
    return typer.Argument(metavar=metavar, show_default=False, help=words(en, id))


Old = Annotated[
    str | None, _argument("OLD", "The earlier plan folder, zoning layer, or folder of plan folders.",
                            "Folder rencana, layer pola ruang, atau folder berisi folder rencana yang lama.")
]  # fmt: skip
New = Annotated[
    str | None, _argument("NEW", "The later one of the same kind.", "Yang baru, dari jenis yang sama.")
]  # fmt: skip
Parcels = Annotated[
    str | None,
    o.option("--parcels", "FILE", "Judge these parcels by both versions (any input of batch).",
              "Nilai persil-persil ini dengan kedua versi (masukan apa pun dari batch)."),
]  # fmt: skip
MaxFlips = Annotated[
    str | None,
    o.option("--max-flips", "N", "Exit 1 when more verdicts flip; parcels that cannot be judged count.",
              "Kode keluar 1 bila lebih banyak putusan berubah; persil yang tidak dapat dinilai ikut dihitung."),
]  # fmt: skip
OtherPlans = Annotated[
    list[str] | None,
    o.option("--plan", "DIR", "Another plan that judges beside both versions (an RTRW); may be repeated.",
              "Rencana lain yang ikut menilai di samping kedua versi (RTRW); boleh diulang."),
]  # fmt: skip
AsOf = Annotated[
    str | None,
    o.option("--as-of", "DATE", "Judge by the law of this day, status and dates included (default: both as if in force).",
              "Menilai menurut aturan yang berlaku pada tanggal ini, termasuk status dan tanggal (bawaan: keduanya seolah-olah berlaku)."),
]  # fmt: skip


def diff(
    context: typer.Context,
    old: Old = None,
    new: New = None,
    parcels: Parcels = None,
    max_flips: MaxFlips = None,
    plan: OtherPlans = None,
    as_of: AsOf = None,
    kbli: o.Kbli = None,
    activity: o.Activity = None,
    workers: o.Workers = None,
    assume_crs: o.AssumeCrs = None,
    layer: o.Layer = None,
    encoding: o.Encoding = None,
    swap_xy: o.SwapXy = False,
    format: o.FindingsFormat = None,
    output: o.Output = None,
    also: o.Also = None,
    overwrite: o.Overwrite = False,
) -> int:
    """Compare; returns the exit code."""
    from kkpr_check.cli.results import deliver_results, wanted_results
    from kkpr_check.report.changes_formats import render

    if not old or not new:
        raise UsageError(
            Text("name two versions: OLD and NEW", "sebutkan dua versi: LAMA dan BARU"),
            remedy=Text(
                "for example: kkpr-check diff rencana-2024 rencana-2026 --parcels persil.gpkg",
                "contoh: kkpr-check diff rencana-2024 rencana-2026 --parcels persil.gpkg",
            ),
        )
    for name, given in (
        ("--max-flips", max_flips),
        ("--plan", plan),
        ("--kbli", kbli),
        ("--activity", activity),
        ("--workers", workers),
    ):
        o.need(name, bool(given), of="--parcels", of_given=parcels is not None)
    o.refuse_together({"--kbli": kbli is not None, "--activity": activity is not None})
    o.need("--overwrite", overwrite, of="--output/--also", of_given=bool(output or also))
    budget = o.count_of("--max-flips", max_flips)
    processes = o.count_of("--workers", workers, 1)
    inputs = (old, new, parcels, *(plan or ()))
    wanted = wanted_results(format, output, also, inputs, overwrite=overwrite)
    day = o.date_of(as_of)

    from kkpr_check.differing import DiffRequest
    from kkpr_check.errors import ErrorGroup
    from kkpr_check.plansets import compare_any

    reading = (layer, encoding, assume_crs, swap_xy) if parcels is None else (None, None, None, False)
    found, sides = compare_any(DiffRequest(old, new, day, *reading), judged=parcels is not None)
    if parcels is not None and not found.failures:
        from kkpr_check.cli.progress import ProgressLine
        from kkpr_check.flipping import FlipRequest, judge_both

        line = ProgressLine(session_of(context))
        try:
            found = judge_both(
                FlipRequest(
                    parcels, tuple(plan or ()), day, as_of is not None, layer, encoding, assume_crs, swap_xy,
                    {name: value for name, value in (("kbli", kbli), ("activity", activity)) if value is not None},
                    workers=processes,
                ),
                found, sides, budget, line.tell,
            )  # fmt: skip
        finally:
            line.end()
    session = session_of(context)
    deliver_results(
        session,
        wanted,
        lambda as_, look: render(found, as_, session.lang, look),
        lambda: _geopackage(found, session.lang),
        overwrite=overwrite,
    )
    if found.failures:
        raise ErrorGroup(list(found.failures))
    return codes.VIOLATION if found.over_budget else codes.CONFORM


def _geopackage(found: Diff, lang: str) -> bytes:
    from kkpr_check.io.gpkg_write import geopackage
    from kkpr_check.report import changes_layers as layers

    kinds = {name: kind for name, (kind, _) in layers.LAYERS.items()}
    return geopackage(layers.layers(found, lang), kinds, layers.styles(lang))


COMMAND = (SUMMARY, diff)
