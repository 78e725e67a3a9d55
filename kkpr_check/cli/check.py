"""``kkpr-check check``: read the call, judge, write the report, leave with the right code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import session_of
from kkpr_check.cli.language import words
from kkpr_check.errors import Text, UsageError

if TYPE_CHECKING:
    from kkpr_check.checking import CheckRequest
    from kkpr_check.model import Report

SUMMARY = words(
    "Check proposals against the plans. SITE is the building's footprint; "
    "exit 0 conform or conditional, 1 nonconform, partial or undetermined, 2 could not run.",
    "Periksa usulan terhadap rencana. SITE adalah tapak bangunan; "
    "kode keluar 0 sesuai (bersyarat), 1 tidak sesuai, sebagian, atau perlu verifikasi, 2 gagal dijalankan.",
)
Site = Annotated[
    str | None,
    typer.Argument(
        metavar="SITE",
        show_default=False,
        help=words(
            "Footprints: a vector file, a CSV of coordinates, an OSS application (dataNIB), or - for standard input.",
            "Tapak: berkas vektor, CSV koordinat, permohonan OSS (dataNIB), atau - untuk masukan standar.",
        ),
    ),
]


def check(
    context: typer.Context,
    site: Site = None,
    parcel: o.Parcel = None,
    plan: o.Plan = None,
    rdtr: o.Rdtr = None,
    rtrw: o.Rtrw = None,
    rules: o.Rules = None,
    point: o.Point = None,
    existing: o.Existing = None,
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
    id: o.SiteId = None,
    as_of: o.AsOf = None,
    include_draft: o.IncludeDraft = False,
    strict_accuracy: o.StrictAccuracy = False,
    suggest: o.Suggest = False,
    assume_crs: o.AssumeCrs = None,
    layer: o.Layer = None,
    parcel_layer: o.ParcelLayer = None,
    encoding: o.Encoding = None,
    swap_xy: o.SwapXy = False,
    format: o.Format = None,
    output: o.Output = None,
    overwrite: o.Overwrite = False,
    strict: o.Strict = False,
    allow_undetermined: o.AllowUndetermined = False,
) -> int:
    """Check proposals; returns the exit code."""
    from kkpr_check.cli.output import check_output, refuse_terminal, spare_inputs
    from kkpr_check.report import WITH_FILES

    given = dict(locals())
    fmt = o.format_of(format, output, WITH_FILES)
    o.refuse_together({"--strict": strict, "--allow-undetermined": allow_undetermined})
    o.need("--overwrite", overwrite, of="--output", of_given=output is not None)
    request = request_of(given)
    check_output(output, overwrite)
    refuse_terminal(fmt, output)
    inputs = (site, parcel, existing, rdtr, *request.rtrw)
    spare_inputs(output, inputs, folders=(*request.plans, rules))
    return run(context, request, fmt, output, overwrite=overwrite, strict=strict, allowed=allow_undetermined)


def request_of(given: Mapping[str, Any]) -> CheckRequest:
    """Return the request behind the options of a call.

    Raises
    ------
    UsageError
        No site, no plan, or options that exclude each other.
    """
    has_site = given["site"] is not None or given["parcel"] is not None
    bare = given["rdtr"] is not None or bool(given["rtrw"])
    o.refuse_together({"--point": given["point"] is not None, "SITE": given["site"] is not None})
    o.refuse_together({"--point": given["point"] is not None, "--parcel": given["parcel"] is not None})
    o.refuse_together({"--plan": bool(given["plan"]), "--rdtr/--rtrw": bare})
    o.need("--rules", given["rules"] is not None, of="--rdtr", of_given=given["rdtr"] is not None)
    o.need(
        "--parcel-layer",
        given["parcel_layer"] is not None,
        of="--parcel",
        of_given=given["parcel"] is not None,
    )
    _require(has_site or given["point"] is not None, bare or bool(given["plan"]))
    _one_reader_of_stdin(given)
    as_of = o.date_of(given["as_of"])
    _begin_reading(given)  # while the rest is imported
    from kkpr_check.checking import CheckRequest  # heavy: only for a call that makes sense

    return CheckRequest(
        site=given["site"], parcel=given["parcel"], existing=given["existing"], point=given["point"],
        plans=tuple(given["plan"] or ()), rdtr=given["rdtr"], rtrw=tuple(given["rtrw"] or ()), rules=given["rules"],
        as_of=as_of, include_draft=given["include_draft"],
        strict_accuracy=given["strict_accuracy"], assume_crs=given["assume_crs"], layer=given["layer"],
        parcel_layer=given["parcel_layer"], encoding=given["encoding"], swap_xy=given["swap_xy"],
        options={name: given[name] for name in o.PROPOSAL if given[name] is not None},
        suggest=bool(given.get("suggest")),
    )  # fmt: skip


def _begin_reading(given: Mapping[str, Any]) -> None:
    """Begin to hash what a lock names, and start the process that will read a site's file."""
    from kkpr_check.io import digests
    from kkpr_check.io.drivers import NATIVE

    digests.begin(given["plan"] or ())
    if any(str(given[name]).casefold().endswith(tuple(NATIVE)) for name in ("site", "parcel", "existing")):
        from kkpr_check.io import apart

        apart.begin()


def _require(site: bool, plan: bool) -> None:
    if not site:
        raise UsageError(
            Text(
                "no site: give SITE, --parcel or --point",
                "lokasi belum ada: berikan SITE, --parcel, atau --point",
            ),
            remedy=Text(
                "for example: kkpr-check check building.geojson --parcel lot.geojson --plan DIR",
                "contoh: kkpr-check check bangunan.geojson --parcel persil.geojson --plan DIR",
            ),
        )
    if not plan:
        raise UsageError(
            Text(
                "no plan: give --plan, --rdtr or --rtrw",
                "rencana belum ada: berikan --plan, --rdtr, atau --rtrw",
            ),
            remedy=Text(
                "for example: kkpr-check check building.geojson --plan data/sample",
                "contoh: kkpr-check check bangunan.geojson --plan data/sample",
            ),
        )


def _one_reader_of_stdin(given: Mapping[str, Any]) -> None:
    if [given[name] for name in ("site", "parcel", "existing")].count("-") > 1:
        raise UsageError(
            Text("standard input (-) can be read once only", "masukan standar (-) hanya dapat dibaca sekali")
        )


def run(
    context: typer.Context, request: CheckRequest, fmt: str, output: str | None, *, overwrite: bool, strict: bool,
    allowed: bool,
) -> int:  # fmt: skip
    """Judge, write the reports in the language of the run, and return the exit code."""
    from kkpr_check import checking
    from kkpr_check.cli.output import emit, look_of_stdout, tell, tell_unread, write_file
    from kkpr_check.report import render

    session = session_of(context)
    reports = checking.run(request)
    look = look_of_stdout() if fmt == "text" and output is None else None
    if fmt == "gpkg":
        result: str | bytes = _geopackage(reports, session.lang, request)
    else:
        result = render(
            reports, fmt, session.lang, as_of=request.as_of, to_lonlat=checking.to_lonlat, look=look
        )
    if output is None:
        emit(result)
    else:
        write_file(output, result, overwrite=overwrite)
        tell(session, Text(f"written: {output}", f"ditulis: {output}"))
    tell_unread(reports, session.lang)
    return codes.of_reports(reports, strict=strict, allow_undetermined=allowed)


def _geopackage(reports: Sequence[Report], lang: str, request: CheckRequest) -> bytes:
    from kkpr_check import checking
    from kkpr_check.io.gpkg_write import geopackage
    from kkpr_check.report import layers

    found = layers.layers(reports, lang, checking.to_lonlat, request.as_of)
    return geopackage(found, layers.KINDS, layers.styles(lang))


COMMAND = (SUMMARY, check)
