"""Every figure of the README of the real layers, one row a figure in `real_figures.csv`, found again by `validate`.

`says` is the README, which was made without this project's code. Where `finds` stands, this project answers
otherwise, and `because` tells who is right.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely
from real_plans import REAL

from kkpr_check.features import as_text
from kkpr_check.geometry import union_of
from kkpr_check.io.quality_read import Reading, ReadLayer, plane_of, projected, read_layer
from kkpr_check.quality import luasha
from kkpr_check.quality.base import LayerView
from kkpr_check.quality.coverage import parts_of
from kkpr_check.quality.findings import DataFinding
from kkpr_check.validating import ValidateRequest, validate

LOCAL_SCALE = 2e-6
"""The plane is compared with the ellipsoid at the middle of each feature; the README integrates over it."""
TABLE = Path(__file__).parent / "real_figures.csv"


@cache
def findings(layer: str) -> tuple[DataFinding, ...]:
    """Return what `validate` says of layers side by side (``a + b``), or of one."""
    return validate(ValidateRequest(tuple(str(REAL / name) for name in layer.split(" + ")))).findings


@cache
def read(layer: str) -> ReadLayer:
    return read_layer(str(REAL / layer), Reading())


@cache
def view(layer: str) -> LayerView:
    found = projected(read(layer), plane_of([read(layer)]))
    assert found is not None
    return found


def of_codes(layer: str, codes: str) -> list[DataFinding]:
    return [finding for finding in findings(layer) if finding.code in codes.split("+")]


def number(layer: str, codes: str) -> int:
    return len(of_codes(layer, codes))


def total_m2(layer: str, codes: str) -> float:
    return sum(finding.area_m2 or 0.0 for finding in of_codes(layer, codes))


def largest_m2(layer: str, codes: str) -> float:
    return max(finding.area_m2 or 0.0 for finding in of_codes(layer, codes))


def features_named(layer: str, code: str) -> int:
    return len({finding.feature for finding in of_codes(layer, code)})


def fields_named(layer: str, code: str) -> str:
    return " ".join(sorted({finding.field or "-" for finding in of_codes(layer, code)}))


def level(layer: str, code: str) -> str:
    return " ".join(sorted({finding.level for finding in of_codes(layer, code)}))


def said(layer: str, code: str) -> str:
    """Return value and field of the findings of a code."""
    return "; ".join(sorted(f"{f.field or '-'}={f.value}" for f in of_codes(layer, code)))


def holes(layer: str, _: str) -> str:
    """Return the number of holes below 1 m2, of 1..100 m2, and above."""
    areas = np.array([finding.area_m2 or 0.0 for finding in of_codes(layer, "DAT102")])
    return f"{(areas < 1).sum()} {((areas >= 1) & (areas <= 100)).sum()} {(areas > 100).sum()}"


def slivers(layer: str, _: str) -> int:
    """Return the parts below 100 m2 whose 4 pi A / P2 is below 0.1."""
    return sum(float(f.value or 1) < 0.1 and (f.area_m2 or 0) < 100 for f in of_codes(layer, "DAT103"))


def small_parts(layer: str, _: str) -> int:
    return sum((finding.area_m2 or 0.0) < 1 for finding in of_codes(layer, "DAT103"))


def role(layer: str, _: str) -> str:
    return view(layer).role


def features(layer: str, _: str) -> int:
    return len(view(layer))


def parts(layer: str, _: str) -> int:
    return len(parts_of(view(layer).geometry).owner)


def kinds(layer: str, _: str) -> str:
    return " ".join(sorted({shape.geom_type.removeprefix("Multi") for shape in view(layer).geometry}))


def plane_ha(layer: str, _: str) -> float:
    return float(shapely.area(view(layer).geometry).sum()) / 1e4


def union_ha(layer: str, _: str) -> float:
    return float(shapely.area(union_of(view(layer).geometry))) / 1e4


def geodesic_ha(layer: str, _: str) -> float:
    assert view(layer).areal_scale is not None
    return float((shapely.area(view(layer).geometry) / view(layer).areal_scale).sum()) / 1e4


def extent(layer: str, _: str) -> str:
    west, south, east, north = shapely.total_bounds(read(layer).view.geometry)  # type: ignore[union-attr]
    return f"{west:.5f} {south:.5f} {east:.5f} {north:.5f}"


def utm(layer: str, _: str) -> str:
    return str(plane_of([read(layer)]))


def values(layer: str, field: str) -> str:
    """Return the texts of a field with their numbers."""
    counts = Counter(as_text(value) or "null" for value in view(layer).fields[field])
    return "; ".join(f"{value}: {n}" for value, n in sorted(counts.items()))


def count_of(layer: str, key: str) -> int:
    """Return how often a text stands in a field (``KODZON=null``)."""
    field, wanted = key.split("=", 1)
    return sum((as_text(value) or "null") == wanted for value in view(layer).fields[field])


def distinct(layer: str, field: str) -> int:
    return len({text for value in view(layer).fields[field] if (text := as_text(value)) is not None})


def span(layer: str, field: str) -> str:
    numbers = [float(value) for value in view(layer).fields[field] if value is not None]
    return f"{min(numbers):g}..{max(numbers):g}"


def fields(layer: str, _: str) -> int:
    return len(view(layer).fields)


def recorded_ha(layer: str, field: str) -> float:
    return float(np.nansum(luasha.areas_of(view(layer), field).recorded))


def follows(layer: str, field: str) -> str:
    return luasha.follows(luasha.areas_of(view(layer), field)).en


MEASURES: Mapping[str, Callable[[str, str], str | float]] = {
    measure.__name__: measure
    for measure in (
        number, total_m2, largest_m2, features_named, fields_named, level, said, holes, slivers, small_parts, role, features,
        parts, kinds, plane_ha, union_ha, geodesic_ha, extent, utm, values, count_of, distinct, span, fields, recorded_ha,
        follows,
    )
}  # fmt: skip
with TABLE.open(encoding="utf-8", newline="") as stream:
    FIGURES = list(csv.DictReader(stream))


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")
@pytest.mark.parametrize(
    "row", FIGURES, ids=lambda row: f"{row['layer']}: {row['measure']} {row['of']}".rstrip()
)
def test_figure(row: dict[str, str]) -> None:
    wanted = row["finds"] or row["says"]
    found = MEASURES[row["measure"]](row["layer"], row["of"])
    if isinstance(found, str):
        assert found == wanted
        return
    decimals = len(wanted.partition(".")[2])
    rounding = 1.001 * 10.0**-decimals if decimals else 0.5
    assert found == pytest.approx(
        float(wanted), abs=rounding, rel=LOCAL_SCALE if row["measure"] == "geodesic_ha" else 0
    )


@pytest.mark.parametrize("row", FIGURES, ids=lambda row: f"{row['layer']}: {row['measure']} {row['of']}")
def test_a_difference_is_explained(row: dict[str, str]) -> None:
    assert bool(row["finds"]) == bool(row["because"])
    assert row["finds"] != row["says"]


def test_every_vector_layer_of_the_readme_has_figures() -> None:
    if not REAL.is_dir():
        pytest.skip(f"no real data at {REAL}")
    there = {
        f"{path.parent.name}/{path.name}" for path in REAL.glob("*/*") if path.suffix in (".geojson", ".zip")
    }
    told = {name for row in FIGURES for name in row["layer"].split(" + ")}
    assert told == there


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")
@pytest.mark.parametrize(
    ("section", "layer"),
    [
        ("jagoi_babang_2024 (", "rdtr/jagoi_babang_2024_polaruang.geojson"),
        ("saumlaki_2023 (", "rdtr/saumlaki_2023_polaruang.geojson"),
    ],
)
def test_area_of_each_zone(section: str, layer: str) -> None:
    """README: ``Area per NAMOBJ, ha UTM: Perkebunan 102x 2349.4710; ...``."""
    readme = (REAL / "README.md").read_text("utf-8").partition(f"### {section}")[2]
    (line,) = [line for line in readme.partition("\n### ")[0].splitlines() if "Area per NAMOBJ" in line]
    told = {
        name: (int(n), float(ha))
        for name, n, ha in re.findall(r"(?:: |; )([^;:]+?) (\d+)x ([\d.]+?)(?=[;.]? |;|\.?$)", line)
    }
    assert len(told) == distinct(layer, "NAMOBJ")
    names = [as_text(value) for value in view(layer).fields["NAMOBJ"]]
    area_m2 = shapely.area(view(layer).geometry)
    for name, (n, ha) in told.items():
        rows = [i for i, text in enumerate(names) if text == name]
        assert (len(rows), float(area_m2[rows].sum()) / 1e4) == (n, pytest.approx(ha, abs=1e-3)), name
