"""The geometries behind a report as GeoJSON (RFC 7946): the subject, its conforming part, the witnesses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from kkpr_check.model import Json, Outcome, Report
from kkpr_check.report.json import ToLonLat, document, encode, geometry_json, work_crs_of


def dumps(reports: Sequence[Report], lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> str:
    """Return one FeatureCollection for all reports.

    ``properties.kind`` is ``parcel``, ``footprint``, ``approvable`` or ``finding``; every feature carries
    ``site`` and ``verdict``. Findings without a witness geometry and passes are left out.
    """
    found = [feature for report in reports for feature in features(report, lang, to_lonlat, as_of)]
    return encode({"type": "FeatureCollection", "features": found})


def features(report: Report, lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> Iterator[Json]:
    """Yield the features of one report; their numbers are those of the JSON report."""
    written = document(report, lang, to_lonlat, as_of)
    work_crs = work_crs_of(report)
    common = {"site": written["subject"]["id"], "verdict": written["verdict"], "pathway": written["pathway"],
              "as_of": written["as_of"]}  # fmt: skip
    for kind, geometry, area_m2 in (
        ("parcel", report.site.parcel, written["subject"]["parcel_area_m2"]),
        ("footprint", report.site.footprint, written["subject"]["footprint_area_m2"]),
    ):
        shape = geometry_json(geometry, work_crs, to_lonlat)
        if shape is not None:
            yield _feature(shape, {"kind": kind, **common, "area_m2": area_m2})
    part = written["approvable"]
    if part is not None and part["geometry"] is not None:
        yield _feature(
            part["geometry"],
            {"kind": "approvable", **common, "area_m2": part["area_m2"], "share": part["share"]},
        )
    for finding in written["findings"]:
        shape = finding.pop("witness")
        if shape is not None and finding["outcome"] != Outcome.PASS.word:
            finding["missing"] = ",".join(finding["missing"])
            yield _feature(shape, {"kind": "finding", **common, **finding})


def _feature(geometry: Json, properties: dict[str, Any]) -> Json:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
