"""``kkpr-check info``: what the plans say of a parcel or a point."""

from __future__ import annotations

from typing import Annotated

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import session_of
from kkpr_check.cli.check import request_of
from kkpr_check.cli.language import words
from kkpr_check.errors import Text

SUMMARY = words(
    "Tell what the plans say of a parcel: zones, activities, limits, overlays, buildable envelope. "
    "Exit 0 when it ran, 2 when it could not.",
    "Sebutkan isi rencana untuk suatu persil: zona, kegiatan, batas, ketentuan khusus, ruang terbangun. "
    "Kode keluar 0 bila berjalan, 2 bila gagal.",
)
ParcelFile = Annotated[
    str | None,
    typer.Argument(
        metavar="PARCEL",
        show_default=False,
        help=words(
            "Parcels: a vector file, a CSV of coordinates, or - for GeoJSON on standard input.",
            "Persil: berkas vektor, CSV koordinat, atau - untuk GeoJSON dari masukan standar.",
        ),
    ),
]
Find = Annotated[
    str | None,
    o.option("--find", "TEXT", "Only activities with this text in their name, id or KBLI code.",
             "Hanya kegiatan yang nama, id, atau kode KBLI-nya memuat teks ini."),
]  # fmt: skip
Format = Annotated[str | None, o.formats("text", "json", "md", "geojson")]
_NOT_HERE = (
    "site", "floors", "height_m", "floor_area_m2", "basement_area_m2", "green_area_m2", "legal_area_m2",
    "business_scale", "psn", "strict_accuracy", "parcel_layer",
)  # fmt: skip


def info(
    context: typer.Context,
    parcel: ParcelFile = None,
    plan: o.Plan = None,
    rdtr: o.Rdtr = None,
    rtrw: o.Rtrw = None,
    rules: o.Rules = None,
    point: o.Point = None,
    existing: o.Existing = None,
    kbli: o.Kbli = None,
    activity: o.Activity = None,
    road_class: o.RoadClass = None,
    find: Find = None,
    id: o.SiteId = None,
    as_of: o.AsOf = None,
    include_draft: o.IncludeDraft = False,
    assume_crs: o.AssumeCrs = None,
    layer: o.Layer = None,
    encoding: o.Encoding = None,
    swap_xy: o.SwapXy = False,
    format: Format = None,
    output: o.Output = None,
    overwrite: o.Overwrite = False,
) -> int:
    """Tell what the plans say of parcels; returns the exit code."""
    from kkpr_check.cli.output import (
        check_output,
        emit,
        look_of_stdout,
        spare_inputs,
        tell,
        tell_unread,
        write_file,
    )
    from kkpr_check.report.info import FORMATS, render_info

    given = dict(locals())
    fmt = o.format_of(format, output, FORMATS)
    o.need("--overwrite", overwrite, of="--output", of_given=output is not None)
    request = request_of({**dict.fromkeys(_NOT_HERE), "strict_accuracy": False, **given})
    check_output(output, overwrite)
    spare_inputs(output, (parcel, existing, rdtr, *request.rtrw), folders=(*request.plans, rules))
    from kkpr_check.checking import to_lonlat
    from kkpr_check.informing import run

    session = session_of(context)
    infos = run(request, find=find)
    columns = look_of_stdout().columns if output is None else None
    text = render_info(infos, fmt, session.lang, as_of=request.as_of, to_lonlat=to_lonlat, columns=columns)
    if output is None:
        emit(text)
    else:
        write_file(output, text, overwrite=overwrite)
        tell(session, Text(f"written: {output}", f"ditulis: {output}"))
    return codes.COULD_NOT_RUN if tell_unread([one.report for one in infos], session.lang) else codes.CONFORM


COMMAND = (SUMMARY, info)
