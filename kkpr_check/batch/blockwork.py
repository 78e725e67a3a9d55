"""What a worker does with a block: read it, judge it, write its part files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check import engine
from kkpr_check.batch import footprints
from kkpr_check.batch.duplicates import id_hashes
from kkpr_check.batch.footprints import Footprint
from kkpr_check.batch.intake import BlockSites, Intake, take_in
from kkpr_check.batch.journal import Part
from kkpr_check.batch.judging import JudgeOptions, either, judge_block
from kkpr_check.batch.places import centres_lonlat
from kkpr_check.batch.plans import PlanStore
from kkpr_check.batch.prepared import Prepared
from kkpr_check.batch.reading import Block, Loaded
from kkpr_check.batch.request import BatchRequest
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.standing import StandingBuildings
from kkpr_check.batch.summary import Summary
from kkpr_check.batch.table import BlockRows, broken_rows, in_order
from kkpr_check.batch.writing import SPATIAL, encode_findings, encode_rows
from kkpr_check.errors import InputError, Text
from kkpr_check.io.options import parse_options
from kkpr_check.io.sites import read_existing

AT_ONCE = 10_000
"""Parcels that are judged together, however large a block (a partition of a cluster) is: their arrays take memory."""
WARM_SITES = 256
"""Parcels that are judged before workers fork: enough to ask for everything that plans are prepared with."""


@dataclass(frozen=True, slots=True)
class WorkSetup:
    """What a worker is started with.

    Attributes
    ----------
    folder
        The work folder.
    plan_hashes
        Plan id -> sha256 as the parent saw it; a worker refuses to judge by anything else.
    by_class
        Whether parcels alike are judged once (tests compare with the engine on every parcel).
    """

    request: BatchRequest
    folder: Path
    plan_hashes: Mapping[str, str]
    by_class: bool = True


def start(setup: WorkSetup) -> BlockWork:
    """Open the plans in this process and return the function that works on blocks."""
    return BlockWork(setup)


class BlockWork:
    """Works on one block after the other; plans and standing buildings stay open in between."""

    def __init__(self, setup: WorkSetup) -> None:
        request = setup.request
        assert request.as_of is not None
        self._setup, self._request = setup, request
        self._store = PlanStore.open(request.plans, request.plan_library)
        if self._store.hashes != dict(setup.plan_hashes):
            raise InputError(
                Text(
                    "a plan changed while the run went on", "ada rencana yang berubah selama proses berjalan"
                ),
                remedy=Text("run it again", "jalankan lagi"),
                code="changed",
            )
        self._intake = Intake(
            Path(request.parcels).name,
            request.id_field,
            parse_options(request.options),
            request.assume_crs,
            request.swap_xy,
        )
        self._engine = engine.Options(request.as_of, request.include_draft, request.strict_accuracy)
        self._existing: dict[str, StandingBuildings] = {}
        self._kept: dict[tuple[str, ...], Prepared] | None = {} if setup.by_class else None

    def warm(self, block: Block) -> None:
        """Judge some parcels of a block for what that leaves behind: layers read, edges matched, kernels built."""
        _, sites = self._taken(block)
        for work_crs, group in sites.groups.items():
            some = group.take(np.unique(np.linspace(0, len(group) - 1, WARM_SITES).astype(np.int64)))
            for numbers, _ in self._routes(some, work_crs):
                for plan in self._store.plans(numbers):
                    plan.match_edges(work_crs)
            self._judged(some, work_crs)

    def __call__(self, block: Block) -> dict[str, Any]:
        """Read, judge and write a block; return what is told of it."""
        loaded, sites = self._taken(block)
        rows = self.judge(sites)
        request = self._request
        told = {
            "number": block.number,
            "start": block.start,
            "rows": block.rows,
            "summary": Summary.of(
                rows,
                centres_lonlat(sites.outlines, sites.crs) if request.suffix == ".html" else None,
                sites.repaired,
            ).to_json(),
            "crs": sites.crs,
            "named": _has_column(loaded, request.id_field),
            "notes": [list(note) for note in sites.notes],
            **_extent(sites, request.suffix),
        }
        geometry = _wkb(sites) if request.suffix in SPATIAL else None
        blobs = {
            "rows": encode_rows(request.suffix, rows.columns, geometry),
            "ids": id_hashes(rows.columns["id"]).tobytes(),
        }
        if request.findings_suffix is not None:
            blobs["findings"] = encode_findings(request.findings_suffix, rows.findings)
        return Part.of(self._setup.folder, block.number).write(blobs, told)

    def _taken(self, block: Block) -> tuple[Loaded, BlockSites]:
        intake = self._intake
        if block.kind == "footprint":
            intake = replace(intake, file=Path(self._request.footprints or "").name)
        loaded = block.payload.load()
        return loaded, take_in(loaded, intake, block.start, self._footprints(block), kind=block.kind)

    def _footprints(self, block: Block) -> dict[int, list[Footprint]]:
        """Return the buildings applied for on the parcels of a block."""
        if self._request.footprints is None or block.kind == "footprint":
            return {}
        database = self._setup.folder / footprints.NAME
        return footprints.of_rows(database, block.start, block.rows, Path(self._request.footprints).name)

    def judge(self, sites: BlockSites) -> BlockRows:
        """Return the rows of a block in the order of the input."""
        parts = [
            rows
            for crs, group in sites.groups.items()
            for begin in range(0, len(group), AT_ONCE)
            for rows in self._judged(group[begin : begin + AT_ONCE], crs)
        ]
        if sites.broken:
            broken = np.array(sorted(sites.broken), dtype=np.int64)
            why = [sites.broken[row] for row in broken.tolist()]
            parts.append(broken_rows(sites.id[broken].tolist(), broken, why, self._request.lang))
        return in_order(parts, len(sites.id))

    def _judged(self, group: SiteBlock, work_crs: str) -> list[BlockRows]:
        """Return the rows of the sites of one working CRS, by the plans that they ask."""
        request, parts = self._request, []
        options = JudgeOptions(
            self._engine,
            request.lang,
            request.message == "full",
            request.findings is not None,
            self._standing(work_crs),
            self._kept,
        )
        for numbers, members in self._routes(group, work_crs):
            plans = self._store.plans(numbers)
            asked = group if len(members) == len(group) else group.take(members)
            parts.append(judge_block(asked, plans, options, work_crs))
        return parts

    def _routes(self, group: SiteBlock, work_crs: str) -> Sequence[tuple[tuple[int, ...], NDArray[np.int64]]]:
        if not self._store.routes:
            return [(tuple(range(len(self._store.opened))), np.arange(len(group)))]
        return self._store.route(lonlat_boxes(group, work_crs))

    def _standing(self, work_crs: str) -> StandingBuildings | None:
        request = self._request
        if request.existing is None:
            return None
        if work_crs not in self._existing:
            self._existing[work_crs] = StandingBuildings(
                read_existing(
                    request.existing,
                    work_crs,
                    encoding=request.encoding,
                    assume_crs=request.assume_crs,
                    swap_xy=request.swap_xy,
                )
            )
        return self._existing[work_crs]


def lonlat_boxes(group: SiteBlock, work_crs: str) -> NDArray[np.float64]:
    """Return a box in degrees that holds each parcel: its middle and its size (1 degree > 100 km)."""
    shapes = group.parcel if group.footprint is None else either(group.parcel, group.footprint)
    centre, bounds = centres_lonlat(shapes, work_crs), shapely.bounds(shapes)
    size = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) / 100_000.0
    return np.column_stack([centre - size[:, None], centre + size[:, None]])


def _wkb(sites: BlockSites) -> list[bytes | None]:
    found = sites.wkb if sites.wkb is not None else np.asarray(shapely.to_wkb(sites.geometry), dtype=object)
    return list(found)


def _has_column(loaded: Loaded, name: str | None) -> bool:
    wanted = (name or "").strip().casefold()
    return any(column.strip().casefold() == wanted for column in loaded.raw.fields)


def _extent(sites: BlockSites, suffix: str) -> dict[str, Any]:
    if suffix not in SPATIAL:
        return {"bounds": None, "types": []}
    box = shapely.total_bounds(sites.geometry)
    kinds = {
        shapely.GeometryType(n) for n in np.unique(shapely.get_type_id(sites.geometry)).tolist() if n >= 0
    }
    names = {
        "POLYGON": "Polygon",
        "MULTIPOLYGON": "MultiPolygon",
        "POINT": "Point",
        "LINESTRING": "LineString",
    }
    return {
        "bounds": None if np.isnan(box).any() else [float(value) for value in box],
        "types": sorted(names.get(kind.name, "Unknown") for kind in kinds),
    }
