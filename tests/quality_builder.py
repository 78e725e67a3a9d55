"""Layers for the tests of data checks, made from a few lines of TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kkpr_check.quality import LAYER_CHECKS
from kkpr_check.quality.base import LayerView, Surroundings
from kkpr_check.quality.findings import DataFinding

CASES = Path(__file__).parent / "quality_cases"


def column(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def view_of(case: Mapping[str, Any]) -> LayerView:
    rows = case["feature"]
    names = list(dict.fromkeys(name for row in rows for name in row if name != "wkt"))
    known = case.get("known")
    scale = case.get("areal_scale")
    return LayerView(
        file=case.get("file", "zona.shp"),
        layer=case.get("layer", "zona"),
        role=case.get("role", "zoning"),
        geometry=column([shapely.from_wkt(row["wkt"]) if row.get("wkt") else None for row in rows]),
        feature=column([str(i) for i in range(len(rows))]),
        fields={name: column([row.get(name) for row in rows]) for name in names},
        meanings=case.get("meanings", {"subzone": "KODSZN", "name": "NAMOBJ"}),
        codes=case.get("codes", {}),
        family=case.get("family", "rdtr"),
        known_codes=None if known is None else frozenset(known),
        code_names=known if isinstance(known, dict) else {},
        overlay_values={name: frozenset(values) for name, values in case.get("overlays", {}).items()},
        scales=None if scale is None else lambda shapes: np.full(len(shapes), scale),
        declared=known is not None,
        crs=case.get("crs"),
        datum=case.get("datum"),
        overlay_rule=case.get("overlay_rule"),
    )


def surroundings_of(case: Mapping[str, Any], view: LayerView) -> Surroundings:
    boundary = shapely.from_wkt(case["boundary"]) if "boundary" in case else None
    beside = case.get("beside")
    views = [] if beside is None else [view_of({"role": "boundary", "meanings": {}, "feature": beside})]
    return Surroundings(boundary, views, [*map(view_of, case.get("layer_beside", ())), view])


def findings_of(case: Mapping[str, Any]) -> list[DataFinding]:
    view = view_of(case)
    around = surroundings_of(case, view)
    return [
        finding
        for check in LAYER_CHECKS
        if check.why_not(view, around) is None
        for finding in check.run(view, around)
    ]


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(CASES.glob("*.toml")):
        for case in tomllib.loads(path.read_text("utf-8"))["case"]:
            yield f"{path.stem}: {case['name']}", case
