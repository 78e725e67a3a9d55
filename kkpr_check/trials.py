"""Sample sites and cases of some data, judged by the engine before and after a correction: the verdicts have to be the same."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.errors import GEOSException

from kkpr_check import checking
from kkpr_check.errors import KkprError
from kkpr_check.io import crs as crs_policy
from kkpr_check.io import quality_read
from kkpr_check.io.planfolder import PLAN_FILE, gather_plan
from kkpr_check.io.quality_read import Reading, ReadLayer
from kkpr_check.io.sites import read_sites
from kkpr_check.plan import LayerSpec, Plan

MAX_SITES = 150
"""Sample sites of each sort: on zones, and along changed edges."""
MAX_ACTIVITIES = 3
"""The engine dissolves the map anew for each activity."""
SITE_SIDES_M = (20.0, 100.0)

Signature = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the data: where it stands, relative to them, and how it is read."""

    path: str
    reading: Reading
    spec: LayerSpec | None
    plan: Plan | None


class Trial:
    """Sample sites on the zones of the original data, and its cases; judged by the original or by a copy.

    Attributes
    ----------
    cases
        How many cases the data judged last have.
    """

    def __init__(self, source: Path, layers: Sequence[Layer], as_of: dt.date) -> None:
        self.source, self.layers, self.as_of = source, layers, as_of
        self.is_plan = (source / PLAN_FILE).is_file()
        self.cases = 0
        self._zones: list[Any] | None = None

    def verdicts(self, target: Path, places: Sequence[Any]) -> Signature | None:
        """Return what the engine says of every case and sample site, or None where it can judge on nothing."""
        try:
            request, activities = self._request(target)
            plans = checking.open_plans(request)
            with tempfile.TemporaryDirectory(prefix="kkpr-") as home:
                file = Path(home) / "sites.geojson"
                file.write_text(json.dumps(self._sites(activities, places)), encoding="utf-8")
                reports = checking.check_sites(read_sites(parcel=str(file)), plans, request)
            cases = self._case_verdicts(target)
        except (KkprError, GEOSException):
            return None
        said = [
            (r.verdict.value, tuple(sorted({(f.rule, int(f.outcome), f.zone or "") for f in r.findings})))
            for r in reports
        ]
        return (*said, *cases)

    def _request(self, target: Path) -> tuple[checking.CheckRequest, list[str]]:
        if self.is_plan:
            plan, tables, _, _ = gather_plan(target)
            day = (plan.valid_from if plan is not None else None) or self.as_of
            draft = plan is not None and plan.status == "draft"
            request = checking.CheckRequest(plans=(str(target),), as_of=day, include_draft=draft)
            return request, spread(sorted(tables.activities), MAX_ACTIVITIES)
        view = self._read(self.layers[0]).view
        if view is not None and view.family == "rtrw":
            return checking.CheckRequest(rtrw=(str(target),), as_of=self.as_of), []
        return checking.CheckRequest(rdtr=str(target), as_of=self.as_of), []

    def _case_verdicts(self, target: Path) -> list[tuple[Any, ...]]:
        if not self.is_plan:
            return []
        from kkpr_check.cases import case_findings

        _, tables, _, _ = gather_plan(target)
        self.cases = len(tables.cases)
        failed = case_findings(str(target), tables.cases, as_of=self.as_of) if tables.cases else ()
        said = {str(f.feature): f.message.en for f in failed}
        return [(case.id, said.get(str(case.row), "as expected")) for case in tables.cases]

    def _sites(self, activities: Sequence[str], edges: Sequence[Any]) -> dict[str, Any]:
        """Return parcels on the zones of the original and along changed edges, always the same ones."""
        places = [*self._zone_places(), *edges]
        features = []
        for number, place in enumerate(places):
            side_m = SITE_SIDES_M[number % len(SITE_SIDES_M)]
            crs = crs_policy.work_crs(place.x, place.y)
            (middle,) = crs_policy.transform(np.array([place], dtype=object), crs_policy.LONLAT, crs)
            box = shapely.box(
                *(value + sign * side_m / 2 for sign in (-1, 1) for value in (middle.x, middle.y))
            )
            (parcel,) = crs_policy.transform(np.array([box], dtype=object), crs, crs_policy.LONLAT)
            options = {"activity": activities[number % len(activities)]} if activities else {}
            features.append({
                "type": "Feature", "properties": {"id": f"s{number}", **options},
                "geometry": json.loads(shapely.to_geojson(parcel)),
            })  # fmt: skip
        return {"type": "FeatureCollection", "features": features}

    def _zone_places(self) -> list[Any]:
        if self._zones is None:
            found: list[Any] = []
            for layer in self.layers:
                read = self._read(layer)
                if layer.spec is not None and layer.spec.role != "zoning":
                    continue
                if read.view is None or read.view.role != "zoning" or read.crs is None:
                    continue
                shapes = read.view.geometry[np.isin(shapely.get_type_id(read.view.geometry), (3, 6))]
                points = shapely.point_on_surface(spread(list(shapes), MAX_SITES))
                found += list(
                    crs_policy.transform(np.asarray(points, dtype=object), read.crs, crs_policy.LONLAT)
                )
            self._zones = found
        return self._zones

    def _read(self, layer: Layer) -> ReadLayer:
        original = str(self.source / layer.path if self.is_plan else self.source)
        return quality_read.read_layer(original, layer.reading, spec=layer.spec, plan=layer.plan)


def changed(before: Signature | None, after: Signature | None) -> int:
    """Return how many sites and cases are judged otherwise."""
    if before is None or after is None or len(before) != len(after):
        return len(before or after or ())
    return sum(a != b for a, b in zip(before, after, strict=True))


def spread(items: list[Any], most: int) -> list[Any]:
    """Return at most so many of a list, evenly spaced."""
    if len(items) <= most:
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int).tolist()]
