"""``kkpr-check validate``: read the call, look at the data, write the findings, leave with the right code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import Session, session_of
from kkpr_check.cli.language import words
from kkpr_check.errors import InputError, Text, UsageError

if TYPE_CHECKING:
    from kkpr_check.quality.baseline import Entry
    from kkpr_check.quality.findings import Result

SUMMARY = words(
    "Check zoning data: plan folders and bare layers; exit 0 clean, 1 errors found, 2 could not run.",
    "Periksa data pola ruang: folder rencana dan layer lepas; kode keluar 0 bersih, 1 ada kesalahan, 2 gagal dijalankan.",
)
NO_BASELINE = "none"
Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TARGET",
        show_default=False,
        help=words(
            "Plan folders, layers, or folders of either.",
            "Folder rencana, layer, atau folder yang memuatnya.",
        ),
    ),
]


Select = Annotated[
    list[str] | None,
    o.option(
        "--select",
        "CODES",
        "Only codes that begin so: DAT1,DAT203.",
        "Hanya kode berawalan ini: DAT1,DAT203.",
    ),
]
Ignore = Annotated[
    list[str] | None,
    o.option("--ignore", "CODES", "No codes that begin so.", "Tanpa kode berawalan ini."),
]
Baseline = Annotated[
    str | None,
    o.option(
        "--baseline",
        "FILE",
        "Known findings: only new ones fail (default: what plan.toml names; none: without).",
        "Temuan yang sudah dikenal: hanya yang baru menggagalkan (bawaan: yang disebut plan.toml; none: tanpa).",
    ),
]
WriteBaseline = Annotated[
    str | None,
    o.option(
        "--write-baseline",
        "FILE",
        "Write all findings as known.",
        "Catat semua temuan sebagai sudah dikenal.",
    ),
]
FixSafe = Annotated[
    str | None,
    o.option(
        "--fix-safe",
        "OUT",
        "Write a corrected copy: only what changes no verdict.",
        "Tulis salinan yang diperbaiki: hanya yang tidak mengubah putusan.",
    ),
]
Strict = Annotated[
    bool,
    o.flag("--strict", "Exit 1 on warnings too.", "Kode keluar 1 juga untuk peringatan."),
]


def validate(
    context: typer.Context,
    targets: Targets = None,
    select: Select = None,
    ignore: Ignore = None,
    baseline: Baseline = None,
    write_baseline: WriteBaseline = None,
    fix_safe: FixSafe = None,
    assume_crs: o.AssumeCrs = None,
    layer: o.Layer = None,
    encoding: o.Encoding = None,
    swap_xy: o.SwapXy = False,
    as_of: o.AsOf = None,
    format: o.FindingsFormat = None,
    output: o.Output = None,
    also: o.Also = None,
    overwrite: o.Overwrite = False,
    strict: Strict = False,
) -> int:
    """Check data; returns the exit code."""
    from kkpr_check.cli.output import check_output, spare_inputs
    from kkpr_check.cli.results import deliver_results, wanted_results
    from kkpr_check.report.findings_formats import render

    if not targets:
        raise UsageError(
            Text(
                "nothing to check: name a plan folder or a layer",
                "belum ada yang diperiksa: sebutkan folder rencana atau layer",
            ),
            remedy=Text(
                "for example: kkpr-check validate data/sample", "contoh: kkpr-check validate data/sample"
            ),
        )
    o.need(
        "--overwrite",
        overwrite,
        of="--output/--also/--write-baseline/--fix-safe",
        of_given=bool(output or also or write_baseline or fix_safe),
    )
    wanted = wanted_results(format, output, also, (*targets, baseline), overwrite=overwrite)
    check_output(write_baseline, overwrite)
    spare_inputs(write_baseline, targets, folders=())
    spare_inputs(write_baseline, [one.file for one in wanted], folders=())
    day = o.date_of(as_of)

    from kkpr_check.validating import ValidateRequest, read_baseline, with_baseline
    from kkpr_check.validating import validate as look

    own = day if baseline is None and write_baseline is None else None
    if baseline == NO_BASELINE:
        baseline = None
    known = read_baseline(baseline) if baseline is not None else ()
    fixes = None
    if fix_safe is not None:
        if len(targets) != 1:
            raise UsageError(
                Text("--fix-safe takes one target", "--fix-safe memerlukan satu target"),
                remedy=Text(
                    "one plan folder or layer a call", "satu folder rencana atau layer per panggilan"
                ),
            )
        from kkpr_check.fixing import fix_safe as fix
        from kkpr_check.io.quality_read import Reading

        reading = Reading(layer, encoding, assume_crs, None, swap_xy)
        fixes = fix(targets[0], fix_safe, reading, overwrite=overwrite, as_of=day)
        targets = [fixes.target]
    result = look(
        ValidateRequest(
            tuple(targets), _codes(select), _codes(ignore), layer, encoding, assume_crs, swap_xy, day, own
        )
    )
    session = session_of(context)
    if write_baseline is not None:
        from kkpr_check.cli.output import tell, write_file
        from kkpr_check.errors import Place
        from kkpr_check.quality.baseline import document, parse

        kept = known if baseline is not None else _replaced(write_baseline)
        text = document(result.findings, _reason(session), kept)
        write_file(write_baseline, text, overwrite=overwrite)
        tell(session, Text(f"written: {write_baseline}", f"ditulis: {write_baseline}"))
        known = parse(text, Place(write_baseline))
    result = replace(result, fixes=fixes)
    if baseline is not None or write_baseline is not None:
        result = with_baseline(result, known, day, targets)
    deliver_results(
        session,
        wanted,
        lambda as_, look_: render(result, as_, session.lang, look_),
        lambda: _geopackage(result, session.lang),
        overwrite=overwrite,
    )
    return exit_code(result, strict=strict)


def exit_code(result: Result, *, strict: bool) -> int:
    """Return 1 where there are errors (with `strict`: warnings), else 0."""
    bad = result.count("error") + (result.count("warning") if strict else 0)
    return codes.VIOLATION if bad else codes.CONFORM


def _codes(values: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(code.strip().upper() for value in values or () for code in value.split(",") if code.strip())


def _replaced(file: str) -> Sequence[Entry]:
    """Return the entries of a baseline that is written anew: their reasons and dates stay. Any other file has none."""
    from kkpr_check.validating import read_baseline

    try:
        return read_baseline(file)
    except InputError:
        return ()


def _reason(session: Session) -> str:
    today = dt.date.today().isoformat()
    return Text(f"known on {today}", f"sudah dikenal pada {today}").pick(session.lang)


def _geopackage(result: Result, lang: str) -> bytes:
    from kkpr_check.io.gpkg_write import geopackage
    from kkpr_check.report import findings_layers as layers

    kinds = {name: kind for name, (kind, _) in layers.LAYERS.items()}
    styles = {name: layers.style(name, lang) for name in layers.LAYERS}
    return geopackage(layers.layers(result, lang), kinds, styles)


COMMAND = (SUMMARY, validate)
