"""Plan folders made of the real layers in ``shared/real``: plan.toml is written here, the layers are copied in."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry import shape

from kkpr_check.model import Finding, LedgerEntry, Outcome, Report

REAL = Path(os.environ.get("KKPR_REAL", Path(__file__).parents[1].parent / "shared" / "real"))
AS_OF = dt.date(2026, 11, 24)
needs_real = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")]

Objects = NDArray[np.object_]

JAGOI = "rdtr/jagoi_babang_2024_polaruang.geojson"
JAGOI_PARCELS = "bangunan_persil/jagoi_babang_persil_hat.geojson"
SAUMLAKI = "rdtr/saumlaki_2023_polaruang.geojson"
SAUMLAKI_BUILDINGS = "bangunan_persil/saumlaki_bangunan.geojson"
TANIMBAR = "rtrw/tanimbar_rtrw_kab_polaruang.geojson"
TANIMBAR_PROVINCE = "rtrw/tanimbar_rtrw_prov_polaruang.geojson"


def features(name: str) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON file, or of the one in a zip, as they are."""
    path = REAL / name
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            (member,) = archive.namelist()
            text = archive.read(member).decode()
    else:
        text = path.read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["features"]
    return found


def column(name: str, field: str) -> list[Any]:
    """Return one attribute of every feature."""
    return [feature["properties"][field] for feature in features(name)]


def geometries(name: str, epsg: int) -> Objects:
    """Return the geometries in a metric CRS: read, repaired and projected without the project's code."""
    shapes = np.array([_shape(feature["geometry"]) for feature in features(name)], dtype=object)
    return projected(shapely.make_valid(shapes, method="structure"), epsg)


def _shape(geometry: dict[str, Any]) -> Any:
    """Return a GeoJSON geometry, of a position only its x and y (some have [x, y, 0, null])."""

    def plane(part: Any) -> Any:
        return part[:2] if isinstance(part[0], int | float) else [plane(one) for one in part]

    return shape({"type": geometry["type"], "coordinates": plane(geometry["coordinates"])})


def projected(shapes: Objects, epsg: int) -> Objects:
    """Return lon/lat geometries in another CRS."""
    to = Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True).transform
    moved: Objects = shapely.transform(shapely.force_2d(shapes), to, interleaved=False)
    return moved


def write_sites(
    path: Path,
    name: str,
    properties: Sequence[Mapping[str, Any]] = (),
    every: int = 1,
    rows: Sequence[int] | None = None,
) -> str:
    """Write features of a real file (some rows, or every n-th) with their row as `id` and further properties."""
    every_feature = features(name)
    written = [
        {
            "type": "Feature",
            "properties": {"id": f"r{i}", **(properties[i] if properties else {})},
            "geometry": every_feature[i]["geometry"],
        }
        for i in (range(0, len(every_feature), every) if rows is None else rows)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": written}), encoding="utf-8")
    return str(path)


def write_shapes(
    path: Path, shapes: Sequence[Any], epsg: int, properties: Mapping[str, Any] | None = None
) -> str:
    """Write polygons of a metric CRS as lon/lat sites r0, r1 ... with the same further properties."""
    back = Transformer.from_crs(f"EPSG:{epsg}", "EPSG:4326", always_xy=True).transform
    rows = [
        {
            "type": "Feature",
            "properties": {"id": f"r{i}", **(properties or {})},
            "geometry": json.loads(shapely.to_geojson(shapely.transform(shape, back, interleaved=False))),
        }
        for i, shape in enumerate(shapes)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    return str(path)


def middle(area: Any) -> Any:
    """Return the point of the largest part of an area that is furthest from its outline, to a metre."""
    part = max(shapely.get_parts(area), key=lambda polygon: float(polygon.area))
    return shapely.get_point(shapely.maximum_inscribed_circle(part, tolerance=1.0), 0)


def square(centre: Any, side_m: float) -> Any:
    """Return a square around a point."""
    half = side_m / 2
    return shapely.box(centre.x - half, centre.y - half, centre.x + half, centre.y + half)


def write_plan(folder: Path, head: str, layers: Mapping[str, str], blocks: str = "") -> Path:
    """Write a plan folder.

    Parameters
    ----------
    head
        Identity keys of plan.toml.
    layers
        File of the real data -> the ``[[layer]]`` keys that follow its path.
    blocks
        Overlays, in TOML.
    """
    (folder / "layers").mkdir(parents=True)
    text = [head]
    for name, keys in layers.items():
        target = Path("layers") / Path(name).name
        shutil.copyfile(REAL / name, folder / target)
        text.append(f'[[layer]]\npath = "{target.as_posix()}"\n{keys}')
    (folder / "plan.toml").write_text("\n\n".join([*text, blocks]) + "\n", encoding="utf-8")
    return folder


def closing_error(entry: LedgerEntry) -> float:
    """Return by how much of its area a ledger does not close."""
    total = sum(zone.area_m2 for zone in entry.zones) + entry.dropped_m2 + entry.gap_m2 - entry.overlap_m2
    return abs(total - entry.area_m2) / entry.area_m2


def found(report: Report, rule: str) -> list[Finding]:
    """Return the findings of one rule."""
    return [finding for finding in report.findings if finding.rule == rule]


def worst(report: Report, rule: str) -> Outcome:
    """Return the worst outcome of one rule (not applicable where it stands in `not_evaluated`)."""
    return max((finding.outcome for finding in found(report, rule)), default=Outcome.NOT_APPLICABLE)
