"""Proposals: SITE, --parcel, --existing, --point and standard input become sites in their working CRS."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import shapely

from kkpr_check.errors import InputError, Place, Text, UsageError
from kkpr_check.geometry import objects
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.assembly import POINT_DOUBT, assemble
from kkpr_check.io.coordinates import parse_point
from kkpr_check.io.options import Options, parse_options
from kkpr_check.io.pairing import (
    ExistingBuildings,
    count_neighbours,
    pair_with_parcels,
    with_existing,
)
from kkpr_check.io.sitefeatures import (
    TABLE_SUFFIXES,
    FeatureSet,
    Role,
    read_features,
)
from kkpr_check.model import Site

__all__ = [
    "ExistingBuildings",
    "SiteGroup",
    "SitesRead",
    "count_neighbours",
    "pair_with_parcels",
    "read_existing",
    "read_sites",
    "with_existing",
]

LONLAT = "EPSG:4326"
STDIN_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SiteGroup:
    """Sites of one UTM zone. `index[i]` is the place of ``sites[i]`` in the input order."""

    work_crs: str
    sites: tuple[Site, ...]
    index: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SitesRead:
    """What was read: sites by working CRS, and what the report's provenance says about it.

    Attributes
    ----------
    groups
        By UTM zone, in order of first appearance.
    points
        Input index -> shapely Point in the working CRS of its group, for the sites that are points.
    inputs
        (path, sha256) of every file read; standard input is ``-``.
    layers, source_crs
        Layer and CRS of each input as labelled there.
    """

    groups: tuple[SiteGroup, ...]
    inputs: tuple[tuple[str, str], ...]
    layers: tuple[str | None, ...]
    source_crs: tuple[str, ...]
    repairs: tuple[Text, ...] = ()
    assumptions: tuple[Text, ...] = ()
    points: Mapping[int, Any] = field(default_factory=dict)

    @property
    def sites(self) -> tuple[Site, ...]:
        """All sites in input order."""
        placed = {i: site for group in self.groups for i, site in zip(group.index, group.sites, strict=True)}
        return tuple(placed[i] for i in sorted(placed))

    @property
    def work_crs(self) -> str:
        """The working CRS; several are joined by a comma."""
        return ", ".join(group.work_crs for group in self.groups)


def read_sites(
    site: str | Path | None = None,
    *,
    parcel: str | Path | None = None,
    point: str | None = None,
    options: Mapping[str, Any] | None = None,
    role: Role = "footprint",
    layer: str | None = None,
    parcel_layer: str | None = None,
    encoding: str | None = None,
    assume_crs: str | None = None,
    swap_xy: bool = False,
    allow_points: bool = False,
    stdin: BinaryIO | None = None,
) -> SitesRead:
    """Read the proposals of one call.

    Parameters
    ----------
    site
        The footprints: any vector file, a CSV of vertices (a parcel, unless `parcel` is given too), or ``-``
        for GeoJSON on standard input. A property `role` overrides.
    parcel
        The parcels; alone = land checks.
    point
        ``LAT,LON`` in degrees instead of a file.
    options
        Proposal options of the command line; they hold for all sites.
    role
        What a feature of `site` is where it does not say (``info`` reads parcels).
    layer, parcel_layer
        Layer of a file with several; `layer` is that of `parcel` where there is no `site`.
    assume_crs
        CRS for the files that have none.
    allow_points
        Accept point features (``info``).

    Raises
    ------
    UsageError
        Options that contradict each other, a feature, or a file's own CRS.
    InputError, CrsError, ErrorGroup
        Nothing can be read, or none of the sites.
    """
    command_line = parse_options(options or {})
    if point is not None:
        return _read_point(point, command_line, alone=site is None and parcel is None)
    sets = _read_files(
        site,
        parcel,
        role,
        {"encoding": encoding, "assume_crs": assume_crs, "swap_xy": swap_xy, "allow_points": allow_points},
        layer,
        parcel_layer,
        stdin,
    )
    _check_assumed(assume_crs, sets)
    spare = sets.pop() if site is not None and parcel is not None else None
    built = assemble(sets[0].features, spare.features if spare is not None else (), command_line)
    read = [*sets, spare] if spare is not None else sets
    return SitesRead(
        _grouped(built.sites),
        tuple((found.path, found.sha256) for found in read),
        tuple(found.layer for found in read),
        tuple(found.crs_label for found in read),
        (*(text for found in read for text in found.repairs), *built.repairs),
        (*(text for found in read for text in found.assumptions), *built.assumptions),
        built.points,
    )


def _grouped(placed: Sequence[tuple[str, Site]]) -> tuple[SiteGroup, ...]:
    members: dict[str, list[int]] = {}
    for index, (work, _) in enumerate(placed):
        members.setdefault(work, []).append(index)
    groups: list[SiteGroup] = []
    for work, indices in members.items():
        sites = count_neighbours([placed[index][1] for index in indices])
        groups.append(SiteGroup(work, sites, tuple(indices)))
    return tuple(groups)


def _read_point(text: str, command_line: Options, *, alone: bool) -> SitesRead:
    if not alone:
        raise UsageError(
            Text("--point stands instead of a file", "--point dipakai sebagai ganti berkas"),
            remedy=Text("give a file or --point", "berikan berkas atau --point"),
        )
    where = parse_point(text)
    work = crs_policy.work_crs(where.lon, where.lat)
    geometry = crs_policy.transform(objects([shapely.Point(where.lon, where.lat)]), LONLAT, work)[0]
    site = Site(
        command_line.id or "point",
        None,
        None,
        command_line.proposal(),
        location=(where.lon, where.lat),
        doubt=POINT_DOUBT,
        assumptions=(*command_line.assumptions, *where.assumptions),
    )
    return SitesRead((SiteGroup(work, (site,), (0,)),), (), (), (LONLAT,), points={0: geometry})


def _read_files(
    site: str | Path | None, parcel: str | Path | None, role: Role, reading: Mapping[str, Any],
    layer: str | None, parcel_layer: str | None, stdin: BinaryIO | None,
) -> list[FeatureSet]:  # fmt: skip
    if site is None and parcel is None:
        raise UsageError(
            Text("no site is given", "lokasi tidak diberikan"),
            remedy=Text(
                "give SITE, --parcel FILE or --point LAT,LON",
                "berikan SITE, --parcel FILE atau --point LAT,LON",
            ),
        )
    if str(site) == "-" and str(parcel) == "-":
        raise UsageError(
            Text("standard input can be read once only", "masukan standar hanya dapat dibaca sekali")
        )
    sets: list[FeatureSet] = []
    if site is not None:
        is_table = Path(site).suffix.casefold() in TABLE_SUFFIXES
        site_role: Role = "parcel" if is_table and parcel is None else role
        sets.append(_read_one(site, site_role, {**reading, "layer": layer}, stdin))
    if parcel is not None:
        chosen = parcel_layer if site is not None else parcel_layer or layer
        sets.append(_read_one(parcel, "parcel", {**reading, "layer": chosen}, stdin))
    return sets


def _read_one(path: str | Path, role: Role, reading: Mapping[str, Any], stdin: BinaryIO | None) -> FeatureSet:
    if str(path) != "-":
        return read_features(path, role, **reading)
    if stdin is None and sys.stdin is None:
        raise InputError(Text("standard input is closed", "masukan standar tertutup"), place=Place("-"))
    data = _standard_input(stdin or sys.stdin.buffer)
    application = _application(data, reading["encoding"])
    if application is not None:
        return application
    with _spooled(data) as copy:
        return read_features(copy, role, **reading, shown="-")


def _application(data: bytes, encoding: str | None) -> FeatureSet | None:
    """Return the parcels of an OSS payload; it holds personal data, so it is never copied to a file."""
    from kkpr_check.io.oss.payload import may_be_application

    if not may_be_application(data):
        return None
    from kkpr_check.io.oss.application import applications_in

    return applications_in(data, "-", encoding)


def _standard_input(stream: BinaryIO) -> bytes:
    data = stream.read(STDIN_BYTES_MAX + 1)
    if len(data) > STDIN_BYTES_MAX:
        raise InputError(
            Text("more than 64 MiB on standard input", "lebih dari 64 MiB di masukan standar"),
            place=Place("-"),
            remedy=Text("give it as a file", "berikan sebagai berkas"),
            code="too-large",
        )
    if not data.strip():
        raise InputError(
            Text("standard input is empty", "masukan standar kosong"),
            place=Place("-"),
            remedy=Text("pipe GeoJSON into it", "alirkan GeoJSON ke dalamnya"),
            code="empty",
        )
    return data


@contextmanager
def _spooled(data: bytes) -> Iterator[Path]:
    """Copy standard input to a file that the gate can inspect like any other."""
    with tempfile.TemporaryDirectory(prefix="kkpr-") as folder:
        copy = Path(folder) / "stdin.geojson"
        copy.write_bytes(data)
        yield copy


def _check_assumed(assume_crs: str | None, sets: list[FeatureSet]) -> None:
    """Refuse --assume-crs where no file needs it and it is not what the files say."""
    if assume_crs is None or any(found.crs_assumed for found in sets):
        return
    for found in sets:
        if not crs_policy.same(found.features[0].crs, assume_crs):
            raise UsageError(
                Text(
                    f"--assume-crs {assume_crs} contradicts the CRS of the file: {found.crs_label}",
                    f"--assume-crs {assume_crs} bertentangan dengan SRK berkas: {found.crs_label}",
                ),
                place=Place(found.path),
                remedy=Text(
                    "drop --assume-crs, or correct the .prj", "hapus --assume-crs, atau perbaiki .prj"
                ),
                code="crs-contradiction",
            )


def read_existing(
    path: str | Path,
    work_crs: str,
    bounds: tuple[float, float, float, float] | None = None,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    assume_crs: str | None = None,
    swap_xy: bool = False,
) -> ExistingBuildings:
    """Read the buildings that stand already, in the working CRS.

    Parameters
    ----------
    work_crs
        Working CRS of the group of sites.
    bounds
        (xmin, ymin, xmax, ymax) in metres of `work_crs`; buildings that do not touch it are left out.
    assume_crs
        CRS of a file that has none; a file that names its own keeps it (the option may be meant for the site).

    Raises
    ------
    InputError
        A building that is no area: counted as nothing, it would make the coverage look smaller.
    """
    found = read_features(
        path,
        "footprint",
        layer=layer,
        encoding=encoding,
        assume_crs=assume_crs,
        swap_xy=swap_xy,
        attributes=False,
    )
    broken = next((feature.error for feature in found.features if feature.error is not None), None)
    if broken is not None:
        raise broken
    geometry = crs_policy.transform(
        objects([f.geometry for f in found.features]), found.features[0].crs, work_crs
    )
    near = (
        np.ones(len(geometry), dtype=bool)
        if bounds is None
        else shapely.intersects(geometry, shapely.box(*bounds))
    )
    doubts = tuple(feature.doubt for feature, keep in zip(found.features, near, strict=True) if keep)
    return ExistingBuildings(
        geometry[near], doubts, found.path, found.sha256, found.crs_label, found.repairs, found.assumptions
    )
