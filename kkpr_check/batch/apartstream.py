"""Files that a native library reads (GDAL, Parquet) as a stream of blocks, read in a process of its own (`kkpr_check.io.apart`)."""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from kkpr_check.batch.reading import Loaded, Payload, Reading
from kkpr_check.io import apart
from kkpr_check.io.containers import Source


class Layer(Protocol):
    """What the process that reads has open."""

    rows: int
    crs_label: str | None
    fields: tuple[str, ...]
    fid_field: str | None

    def payloads(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield the blocks in the order of the layer."""


class ApartStream:
    """One layer, read elsewhere."""

    def __init__(self, source: Source, reading: Reading) -> None:
        self._source = source
        self._apart = apart.taken()
        weakref.finalize(self, apart.given_back, self._apart)
        self.rows: int | None
        self.crs_label: str | None
        self.rows, self.crs_label, self.fields, self.fid_field = self._apart.call(
            _open, source, reading, file=source.file, place=source.place
        )

    def payloads(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield the blocks in the order of the layer."""
        yield from self._apart.stream(_blocks, block_rows, file=self._source.file, place=self._source.place)


class ParquetStream(ApartStream):
    """A GeoParquet file, whose blocks can be named as well."""

    def named(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield the same rows without reading them: by row group."""
        yield from self._apart.stream(_names, block_rows, file=self._source.file, place=self._source.place)


@dataclass(frozen=True)
class _Sealed:
    """A block as it came from the process that read it; whoever works on it opens it."""

    data: bytes

    def load(self) -> Loaded:
        loaded: Loaded = pickle.loads(self.data).load()
        return loaded


_opened: list[Layer] = []
"""The layer that the process which reads has open."""


def _open(source: Source, reading: Reading) -> tuple[int, str | None, tuple[str, ...], str | None]:
    layer = _layer(source, reading)
    _opened[:] = [layer]
    return layer.rows, layer.crs_label, layer.fields, layer.fid_field


def _layer(source: Source, reading: Reading) -> Layer:
    if source.driver == "Parquet":
        from kkpr_check.batch.parquetlayer import ParquetLayer

        return ParquetLayer(source, reading)
    from kkpr_check.batch.gdalstream import GdalLayer

    return GdalLayer(source, reading)


def _blocks(block_rows: int) -> Iterator[tuple[int, Payload]]:
    for rows, payload in _opened[0].payloads(block_rows):
        yield rows, _Sealed(pickle.dumps(payload, pickle.HIGHEST_PROTOCOL))


def _names(block_rows: int) -> Iterator[tuple[int, Payload]]:
    from kkpr_check.batch.parquetlayer import ParquetLayer

    layer = _opened[0]
    assert isinstance(layer, ParquetLayer)
    yield from layer.named(block_rows)
