"""GeoParquet as a layer of blocks, for the process that reads (`kkpr_check.batch.apartstream`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kkpr_check.batch.reading import Loaded, Payload, Reading
from kkpr_check.batch.streams import ArrowPayload
from kkpr_check.errors import Place
from kkpr_check.extras import need
from kkpr_check.io import apart
from kkpr_check.io.containers import Source
from kkpr_check.io.gdal import unique_names
from kkpr_check.io.raw import unreadable


@dataclass(frozen=True)
class RowGroupPayload:
    """Rows of one row group of a GeoParquet file, which the worker reads by itself."""

    path: str
    group: int
    first: int
    rows: int
    columns: tuple[str, ...]
    geometry: str
    layer: str
    crs_label: str | None
    encoding: str = "WKB"

    def load(self) -> Loaded:
        """Read them, in a process of its own: a file that crashes the reader must not take a worker of a cluster along."""
        read: ArrowPayload = apart.call(_read, self, file=Path(self.path), place=Place(self.path))
        return read.load()


def _read(named: RowGroupPayload) -> ArrowPayload:
    need("pyarrow.parquet", "parquet", place=Place(named.path))
    import pyarrow as arrow

    try:
        with arrow.parquet.ParquetFile(named.path) as file:
            table = file.read_row_group(named.group, columns=[*named.columns, named.geometry])
        block = table.slice(named.first, named.rows)
        if block.num_rows != named.rows:
            why = f"{block.num_rows} of {named.rows} rows of row group {named.group}"
            raise unreadable(Place(named.path), why, code="not-read-whole")
        batch = _with_wkb(block.combine_chunks().to_batches()[0], named.geometry, named.encoding)
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise unreadable(Place(named.path), str(error)) from error
    return ArrowPayload(batch, named.geometry, named.layer, "Parquet", named.crs_label)


def _with_wkb(batch: Any, geometry: str, encoding: str) -> Any:
    """Return a batch whose geometry is WKB; others of GeoParquet are translated."""
    if encoding == "WKB":
        return batch
    import pyarrow as pa

    from kkpr_check.io.parquet import wkb_of

    at = batch.schema.names.index(geometry)
    return batch.set_column(at, geometry, pa.array(wkb_of(batch.column(at), encoding), pa.binary()))


class ParquetLayer:
    """GeoParquet, batch by batch."""

    def __init__(self, source: Source, reading: Reading) -> None:
        import json

        from kkpr_check.io.parquet import check_counts, crs_label_of, primary_column

        self._source, self._place = source, source.place._replace(layer=source.name)
        need("pyarrow.parquet", "parquet", place=Place(self._place.file))
        import pyarrow as arrow

        try:
            self._file = arrow.parquet.ParquetFile(source.file, pre_buffer=False, buffer_size=1 << 20)
            check_counts(self._file, self._place)
            names = [str(name) for name in self._file.schema_arrow.names]
            header = json.loads((self._file.schema_arrow.metadata or {}).get(b"geo", b"{}"))
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise unreadable(self._place, str(error)) from error
        unique_names(names, source)
        geo = primary_column(header, source)
        if geo["name"] not in names:
            raise unreadable(self._place, f"no column {geo['name']!r}")
        self._geometry, self._encoding = str(geo["name"]), str(geo["encoding"])
        self.fields = tuple(name for name in names if name not in header["columns"])
        self._columns = [name for name in self.fields if name.strip().casefold() in reading.columns]
        self.rows = int(self._file.metadata.num_rows)
        self.crs_label = crs_label_of(geo)
        self.fid_field: str | None = None

    def payloads(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield the batches of the file."""
        import pyarrow as pa

        batches = self._file.iter_batches(
            batch_size=block_rows, columns=[*self._columns, self._geometry], use_threads=False
        )
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError, ValueError) as error:
                raise unreadable(self._place, str(error)) from error
            if batch is None:
                return
            batch = _with_wkb(batch, self._geometry, self._encoding)
            yield (
                batch.num_rows,
                ArrowPayload(batch, self._geometry, self._source.name, "Parquet", self.crs_label),
            )

    def named(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield the same rows without reading them: by row group."""
        for group in range(self._file.metadata.num_row_groups):
            rows = int(self._file.metadata.row_group(group).num_rows)
            for first in range(0, rows, block_rows):
                count = min(block_rows, rows - first)
                yield (
                    count,
                    RowGroupPayload(
                        str(self._source.file), group, first, count, tuple(self._columns), self._geometry,
                        self._source.name, self.crs_label, self._encoding,
                    ),
                )  # fmt: skip
