"""The cases of a plan (cases.csv) run as its unit tests: DAT401."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import shapely
from shapely.errors import GEOSException

from kkpr_check import checking
from kkpr_check.errors import KkprError, Place, Text
from kkpr_check.io.sites import read_sites
from kkpr_check.io.windows import OpenPlan
from kkpr_check.model import Outcome, Report
from kkpr_check.plan import Case
from kkpr_check.quality.findings import DataFinding
from kkpr_check.quality.tables import from_place

_REMEDY = Text(
    "correct the plan, or the expected verdict if the plan is right",
    "betulkan rencananya, atau putusan harapan bila rencananya benar",
)


def case_findings(folder: str, cases: Sequence[Case], *, as_of: dt.date | None) -> Iterator[DataFinding]:
    """Judge every case against its own plan and yield those that come out otherwise.

    Parameters
    ----------
    folder
        The plan folder.
    as_of
        Date for cases that name none; default today.

    Raises
    ------
    KkprError
        The plan cannot be opened.
    """
    plans = checking.open_plans(checking.CheckRequest(plans=(folder,)))
    for case in cases:
        place = Place(f"{folder.rstrip('/')}/cases.csv", None, case.row, "verdict")
        day = case.as_of or as_of or dt.date.today()
        try:
            report = _judged(case, plans, folder, day)
        except (KkprError, GEOSException) as error:
            text = error.text if isinstance(error, KkprError) else Text(str(error), str(error))
            yield from_place(
                "DAT401", "error", place,
                Text(f"case {case.id} cannot be judged: {text.en}", f"kasus {case.id} tidak dapat dinilai: {text.id}"),
                Text("correct the case", "betulkan kasusnya"),
            )  # fmt: skip
            continue
        yield from _compared(case, report, place)


def _judged(case: Case, plans: tuple[OpenPlan, ...], folder: str, day: dt.date) -> Report:
    """Judge one case the way the command line does: its geometries as GeoJSON in the CRS it names."""
    with tempfile.TemporaryDirectory(prefix="kkpr-") as home:
        files = {}
        for role, wkt in (("parcel", case.wkt_parcel), ("site", case.wkt_footprint)):
            if wkt:
                path = Path(home) / f"{role}.geojson"
                path.write_text(_geojson(wkt), encoding="utf-8")
                files[role] = str(path)
        options = {**case.options, "id": case.id}
        read = read_sites(files.get("site"), parcel=files.get("parcel"), options=options, assume_crs=case.crs)
        request = checking.CheckRequest(
            plans=(folder,), as_of=day, include_draft=any(p.plan.status == "draft" for p in plans)
        )
        return checking.check_sites(read, plans, request)[0]


def _geojson(wkt: str) -> str:
    with np.errstate(invalid="ignore"):  # a number that is none is told of by who reads the site
        geometry = json.loads(shapely.to_geojson(shapely.from_wkt(wkt)))
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": {}, "geometry": geometry}],
        }
    )


def _compared(case: Case, report: Report, place: Place) -> Iterator[DataFinding]:
    found = {f.rule for f in report.findings if f.outcome >= Outcome.CONDITIONAL}
    if report.verdict.value != case.verdict:
        deciding = (
            ", ".join(sorted({f.rule for f in report.findings if f.outcome == Outcome.FAIL} or found)) or "-"
        )
        yield from_place(
            "DAT401", "error", place,
            Text(
                f"case {case.id}: expected {case.verdict}, the plan gives {report.verdict.value} ({deciding})",
                f"kasus {case.id}: diharapkan {case.verdict}, rencana menghasilkan {report.verdict.value} ({deciding})",
            ),
            _REMEDY,
        )  # fmt: skip
    missing = [rule for rule in case.rules if rule not in found]
    if missing:
        words = ", ".join(missing)
        yield from_place(
            "DAT401", "error", place._replace(column="rules"),
            Text(f"case {case.id}: {words} do not show up", f"kasus {case.id}: {words} tidak muncul"),
            _REMEDY,
        )  # fmt: skip
