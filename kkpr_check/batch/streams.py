"""One reader a format, each walking through its file once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kkpr_check.batch.reading import Loaded, Payload, Reading, Stream
from kkpr_check.geometry import Objects, objects
from kkpr_check.io.containers import Source
from kkpr_check.io.gdal import from_wkb
from kkpr_check.io.raw import Raw
from kkpr_check.io.sitefeatures import JSON_SUFFIXES

CHUNK_ROWS = 100_000
"""Rows a read where only GDAL's plain interface is there (skipping costs time, so it is done rarely)."""


def open_stream(source: Source, reading: Reading) -> Stream:
    """Return the reader for a data set.

    Raises
    ------
    InputError, CrsError
        The file is not what it says, or damaged as far as its headers tell.
    """
    if source.driver in ("GeoJSON", "GeoJSONSeq"):
        from kkpr_check.batch.jsontext import GeoJsonStream

        return GeoJsonStream(source, reading)
    if source.driver in ("Parquet", "ESRI Shapefile", "GPKG", "OpenFileGDB", "FlatGeobuf"):
        from kkpr_check.batch.apartstream import ApartStream, ParquetStream

        return (ParquetStream if source.driver == "Parquet" else ApartStream)(source, reading)
    from kkpr_check.io.layers import read_source  # drawings and KML are small: read whole

    return WholeStream(read_source(source, reading.encoding), reading)


def wkt_table(reading: Reading) -> Stream:
    """Return the reader of a table with a WKT column."""
    from kkpr_check.batch.wkttable import WktStream

    return WktStream(reading)


@dataclass(frozen=True)
class ArrowPayload:
    """A record batch with a column of WKB; it travels as an Arrow stream."""

    batch: Any
    geometry: str
    layer: str
    driver: str
    crs_label: str | None
    fid_field: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        import pyarrow as pa

        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, self.batch.schema) as writer:
            writer.write_batch(self.batch)
        rest = (self.geometry, self.layer, self.driver, self.crs_label, self.fid_field)
        return _from_ipc, (sink.getvalue(), *rest)

    def load(self) -> Loaded:
        """Return the features of the batch."""
        column = self.batch.column(self.geometry)
        wkb = np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)
        geometry, broken = from_wkb(wkb)
        fields = {
            name: _column(self.batch.column(name))
            for name in self.batch.schema.names
            if name not in (self.geometry, _FID)
        }
        raw = Raw(self.layer, self.driver, geometry, fields, self.crs_label, broken=broken)
        if self.fid_field is not None and _FID in self.batch.schema.names:
            raw.fids, raw.fid_field = objects(self.batch.column(_FID).to_pylist()), self.fid_field
        flat = not (shapely.has_z(geometry).any() or shapely.has_m(geometry).any() or broken)
        return Loaded(raw, wkb if flat else None)


_FID = "\x00fid"
"""The driver's own ids travel under a name that no file can use."""


def _from_ipc(data: bytes, *rest: Any) -> ArrowPayload:
    import pyarrow as pa

    with pa.ipc.open_stream(data) as stream:
        return ArrowPayload(stream.read_next_batch(), *rest)


def _column(values: Any) -> Objects:
    import pyarrow as pa

    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=object)
    return objects([plain(value) for value in values.to_pylist()])


def plain(value: Any) -> Any:
    """Return an Arrow value as the plain value an option parser takes; NaN is null."""
    if isinstance(value, float) and value != value:
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


@dataclass(frozen=True)
class RawPayload:
    """A block that was read already."""

    block: Raw

    def load(self) -> Loaded:
        """Return it."""
        return Loaded(self.block)


class WholeStream:
    """A layer that is read at once and handed on in slices."""

    def __init__(self, raw: Raw, reading: Reading) -> None:
        self._raw = raw
        self._kept = [name for name in raw.fields if name.strip().casefold() in reading.columns]
        self.rows: int | None = len(raw.geometry)
        self.crs_label: str | None = raw.crs_label
        self.fields = tuple(raw.fields)

    def payloads(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield slices of the layer."""
        for start in range(0, len(self._raw.geometry), block_rows):
            block = slice_raw(self._raw, start, start + block_rows, self._kept)
            yield len(block.geometry), RawPayload(block)


def application_of(reading: Reading) -> Stream | None:
    """Return the locations of an OSS application as parcels, None where the file is none.

    Notes for the officer have no column in a table; what is in doubt about an outline breaks its row.
    """
    path = Path(reading.path)
    if path.suffix.casefold() not in JSON_SUFFIXES:
        return None
    from kkpr_check.io.oss.application import read_application_file

    found = read_application_file(path, reading.encoding)
    if found is None:
        return None
    features = found.features
    why = [feature.doubt if feature.error is None else feature.error.text for feature in features]
    names = dict.fromkeys(name for feature in features for name in feature.options.values)
    fields = {name: objects([f.options.values.get(name) for f in features]) for name in names}
    shapes = [feature.geometry if text is None else None for feature, text in zip(features, why, strict=True)]
    raw = Raw(
        path.stem, "OSS", objects(shapes), fields, found.crs_label,
        broken={row: text for row, text in enumerate(why) if text is not None}, assumptions=list(found.assumptions),
    )  # fmt: skip
    return WholeStream(raw, reading)


def slice_raw(raw: Raw, start: int, stop: int, kept: list[str]) -> Raw:
    """Return rows ``start .. stop - 1`` of a layer with the columns `kept`."""
    return Raw(
        raw.layer,
        raw.driver,
        raw.geometry[start:stop],
        {name: raw.fields[name][start:stop] for name in kept},
        raw.crs_label,
        raw.encoding,
        {row - start: why for row, why in raw.broken.items() if start <= row < stop},
        list(raw.assumptions),
        _cut(raw.fids, start, stop),
        raw.fid_field,
    )


def _cut(values: Objects | None, start: int, stop: int) -> Objects | None:
    return None if values is None else values[start:stop]
