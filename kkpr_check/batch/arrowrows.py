"""Rows as Arrow tables, for Parquet, GeoPackage and FlatGeobuf."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kkpr_check.batch.table import Kind
from kkpr_check.report.safe import whole_characters

GEOMETRY = "geometry"
ROW_GROUP = 100_000
"""Rows a row group of the output, whatever the blocks were."""


def schema(columns: Mapping[str, Kind], *, geometry: bool) -> Any:
    """Return the Arrow schema of a table."""
    import pyarrow as pa

    kinds = {"text": pa.string(), "number": pa.float64(), "count": pa.int32()}
    fields = [pa.field(name, kinds[kind]) for name, kind in columns.items()]
    if geometry:
        fields.append(pa.field(GEOMETRY, pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"}))
    return pa.schema(fields)


def ipc_rows(
    columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, Kind], geometry: Sequence[bytes | None] | None
) -> bytes:
    """Return a block as an Arrow stream."""
    import pyarrow as pa

    wanted = schema(kinds, geometry=geometry is not None)
    arrays = [_array(columns[name], wanted.field(name).type) for name in kinds]
    if geometry is not None:
        arrays.append(pa.array(geometry, pa.binary()))
    batch = pa.RecordBatch.from_arrays(arrays, schema=wanted)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, wanted) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _array(values: Sequence[Any], kind: Any) -> Any:
    import pyarrow as pa

    try:
        if isinstance(values, np.ndarray) and values.dtype.kind == "f":
            return pa.array(values, kind, mask=np.isnan(values))
        return pa.array(values, kind)
    except pa.ArrowInvalid:  # lone surrogates are no UTF-8
        return pa.array([whole_characters(v) if isinstance(v, str) else v for v in values], kind)


def batches(parts: Iterable[bytes]) -> Iterator[Any]:
    """Yield the record batches of parts."""
    import pyarrow as pa

    for part in parts:
        with pa.ipc.open_stream(part) as stream:
            yield from stream


def rechunked(found: Iterable[Any], rows: int = ROW_GROUP) -> Iterator[Any]:
    """Yield tables of exactly `rows` rows, the last one shorter."""
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for batch in found:
        while batch.num_rows:
            piece = batch.slice(0, rows - count)
            held.append(piece)
            count += piece.num_rows
            batch = batch.slice(piece.num_rows)
            if count == rows:
                yield pa.Table.from_batches(held).combine_chunks()
                held, count = [], 0
    if held:
        yield pa.Table.from_batches(held).combine_chunks()


def geo_metadata(crs: str, bounds: Sequence[float] | None, types: Iterable[str]) -> bytes:
    """Return the ``geo`` metadata of GeoParquet 1.1."""
    from pyproj import CRS

    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted(types),
        "crs": CRS.from_user_input(crs).to_json_dict(),
        "edges": "planar",
    }
    if bounds is not None:
        column["bbox"] = [float(value) for value in bounds]
    return json.dumps(
        {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
    ).encode()
