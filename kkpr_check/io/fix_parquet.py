"""Corrections written into a GeoParquet: every other column, its type, the metadata and the row groups stay."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely

_FLOAT_AXES = ("xmin", "ymin", "xmax", "ymax")


def rewrite(
    path: Path,
    target: Path,
    shapes: Mapping[int, Any],
    cells: Mapping[tuple[int, str], str],
    dropped: Iterable[int],
) -> None:
    """Write a GeoParquet with some geometries, texts and rows changed.

    Raises
    ------
    ValueError
        A geometry changes that is not stored as WKB, a column has no place for a text (also an ArrowException),
        or the file does not read back as it was written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        table = file.read()
        groups = file.metadata.num_row_groups
        first = file.metadata.row_group(0) if groups else None
        codec = first.column(0).compression if first is not None and first.num_columns else "SNAPPY"
        group_rows = first.num_rows if first is not None else None
    header = json.loads(table.schema.metadata[b"geo"])
    primary = header["primary_column"]
    said = header["columns"][primary]
    new: dict[str, dict[int, Any]] = {}
    for (row, name), text in cells.items():
        new.setdefault(name, {})[row] = text
    if shapes:
        if said["encoding"] != "WKB":
            raise ValueError(said["encoding"])
        new[primary] = {row: shapely.to_wkb(shape) for row, shape in shapes.items()}
        covering = said.get("covering", {}).get("bbox", {})
        if covering:
            new[covering["xmin"][0]] = _boxes(table, covering, shapes)
    for name, values in new.items():
        at = table.column_names.index(name)
        column = table.column(at).to_pylist()
        for row, value in values.items():
            column[row] = value
        table = table.set_column(at, table.schema.field(at), pa.array(column, type=table.schema.types[at]))
    if shapes and "bbox" in said:
        said["bbox"] = _total(said["bbox"], shapes)
        table = table.replace_schema_metadata(
            {**table.schema.metadata, b"geo": json.dumps(header).encode("utf-8")}
        )
    gone = set(dropped)
    table = table.take(pa.array([row for row in range(len(table)) if row not in gone], type=pa.int64()))
    parquet.write_table(table, target, compression=codec, row_group_size=group_rows)
    if not parquet.ParquetFile(target).read().equals(table, check_metadata=True):
        raise ValueError("not read as it was written")


def _boxes(table: Any, covering: Mapping[str, Any], shapes: Mapping[int, Any]) -> dict[int, Any]:
    """Return the boxes of the changed rows; those in single precision are rounded outwards."""
    column = table.column(covering["xmin"][0])
    boxes: dict[int, Any] = {}
    for row, shape in shapes.items():
        box = column[row].as_py()
        for axis, value in zip(_FLOAT_AXES, shape.bounds, strict=True):
            name = covering[axis][1]
            single = str(column.type.field(name).type) == "float"
            box[name] = _outwards(value, up=axis.endswith("max")) if single else value
        boxes[row] = box
    return boxes


def _outwards(value: float, *, up: bool) -> float:
    near = np.float32(value)
    if (float(near) < value) if up else (float(near) > value):
        near = np.nextafter(near, np.float32(np.inf if up else -np.inf))
    return float(near)


def _total(box: list[float], shapes: Mapping[int, Any]) -> list[float]:
    """Return the box of the file, widened to hold the changed geometries."""
    x0, y0, x1, y1 = shapely.total_bounds(np.array(list(shapes.values()), dtype=object)).tolist()
    half = len(box) // 2
    low, high = list(box[:half]), list(box[half:])
    low[:2] = [min(low[0], x0), min(low[1], y0)]
    high[:2] = [max(high[0], x1), max(high[1], y1)]
    return [*low, *high]
