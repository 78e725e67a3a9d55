"""Shapefile, GeoPackage, File GDB and FlatGeobuf as a stream of blocks."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from kkpr_check.batch.reading import Loaded, Payload, Reading
from kkpr_check.batch.streams import _FID, CHUNK_ROWS, ArrowPayload, RawPayload, slice_raw
from kkpr_check.errors import Place, Text
from kkpr_check.geometry import objects
from kkpr_check.io import gdal
from kkpr_check.io.containers import Source, sibling
from kkpr_check.io.drivers import import_pyogrio
from kkpr_check.io.raw import Raw
from kkpr_check.io.shapefile import ShapefileFacts, decode_columns

_CURVED = ("Curve", "Surface", "Circular", "Compound")


class GdalLayer:
    """One layer of GDAL, read through its Arrow stream, else in chunks of rows."""

    def __init__(self, source: Source, reading: Reading) -> None:
        self._source, self._place = source, source.place
        self._facts = gdal.checked_before(source)
        self._arrow = _has_pyarrow()  # before pyogrio, which remembers whether it found pyarrow
        self._pyogrio = import_pyogrio()
        self._notes: list[Text] = []
        with gdal.listening(self._place, self._notes):
            self._layer = gdal.layer_name(source, self._pyogrio)
            info = self._pyogrio.read_info(
                source.file,
                layer=self._layer,
                force_feature_count=True,
                encoding=gdal.byte_text(self._facts),
            )
        if info["driver"] != source.driver:
            raise gdal.wrong_driver(source, info["driver"])
        gdal.unique_names(info["fields"], source)
        said = int(info["features"])
        if self._facts is not None:
            said = self._facts.rows - self._facts.deleted
        gdal.check_count(source, self._layer, said, said, None)
        self._info = info
        self._encoding = None if self._facts is None else _encoding(source, self._facts, reading.encoding)
        self._kept = [str(n) for n in info["fields"] if str(n).strip().casefold() in reading.columns]
        self.rows = said
        self.crs_label: str | None = info["crs"]
        self.fields = tuple(str(name) for name in info["fields"])
        self.fid_field = str(info["fid_column"]) if info["fid_column"] else None

    def payloads(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        """Yield the blocks in the order of the layer."""
        curved = any(word in str(self._info["geometry_type"]) for word in _CURVED)
        blocks = self._batches(block_rows) if self._arrow and not curved else self._chunks(block_rows)
        for rows, payload in blocks:
            yield (
                rows,
                _Decoded(payload, self._facts, self._encoding, self._place) if self._facts else payload,
            )

    def _batches(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        import pyarrow as pa

        # GDAL's own stream for FlatGeobuf shifts all outlines after a row without one.
        self._pyogrio.set_gdal_config_options({"OGR_FLATGEOBUF_STREAM_BASE_IMPL": True})
        with ExitStack() as stack:
            with gdal.listening(
                self._place, self._notes
            ):  # not around the yield: what others warn of is not GDAL's
                meta, stream = stack.enter_context(
                    self._pyogrio.raw.open_arrow(
                        self._source.file,
                        layer=self._layer,
                        encoding=gdal.byte_text(self._facts),
                        columns=None if self._facts else self._kept,
                        return_fids=self.fid_field is not None,
                        batch_size=block_rows,
                    )
                )
                reader = pa.RecordBatchReader.from_stream(stream)
            names = list(reader.schema.names)
            geometry = meta["geometry_name"] or "wkb_geometry"
            fid = meta["fid_column"] if self.fid_field is not None else None
            layer = self._layer or self._source.name
            while True:
                with gdal.listening(self._place, self._notes):
                    batch = next(reader, None)
                if batch is None:
                    return
                if fid in names:
                    batch = batch.rename_columns([_FID if name == fid else name for name in names])
                yield (
                    batch.num_rows,
                    ArrowPayload(batch, geometry, layer, self._source.driver, self.crs_label, self.fid_field),
                )

    def _chunks(self, block_rows: int) -> Iterator[tuple[int, Payload]]:
        chunk_rows = max(block_rows, CHUNK_ROWS // block_rows * block_rows)
        if self._facts is not None and self._facts.deleted:
            chunk_rows = max(self._facts.rows, 1)  # GDAL counts deleted records when it skips
        start = 0
        while start < self.rows:
            raw = self._chunk(start, chunk_rows)
            for first in range(0, len(raw.geometry), block_rows):
                block = slice_raw(raw, first, first + block_rows, list(raw.fields))
                yield len(block.geometry), RawPayload(block)
            if not len(raw.geometry):
                return
            start += len(raw.geometry)

    def _chunk(self, start: int, rows: int) -> Raw:
        with gdal.listening(self._place, self._notes):
            meta, fids, wkb, data = self._pyogrio.raw.read(
                self._source.file,
                layer=self._layer,
                encoding=gdal.byte_text(self._facts),
                columns=None if self._facts else self._kept,
                return_fids=True,
                datetime_as_string=True,
                skip_features=start,
                max_features=rows,
            )
        geometry, broken = gdal.from_wkb(wkb if wkb is not None else objects([None] * len(fids)))
        fields = {
            str(name): gdal.column_values(values, kind)
            for name, values, kind in zip(meta["fields"], data, meta["ogr_types"], strict=True)
        }
        layer = self._layer or self._source.name
        raw = Raw(layer, self._source.driver, geometry, fields, self.crs_label, broken=broken)
        if self.fid_field is not None:
            raw.fids, raw.fid_field = np.asarray(fids).astype(object), self.fid_field
        return raw


@dataclass(frozen=True)
class _Decoded:
    """A block of a shapefile, whose text still has to be decoded."""

    payload: Any
    facts: ShapefileFacts
    encoding: str | None
    place: Place

    def load(self) -> Loaded:
        loaded: Loaded = self.payload.load()
        raw = loaded.raw
        raw.fields, raw.encoding, note = decode_columns(raw.fields, self.facts, self.encoding, self.place)
        raw.assumptions += [note] if note is not None else []
        return loaded


def _has_pyarrow() -> bool:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return False
    return True


def _encoding(source: Source, facts: ShapefileFacts, wanted: str | None) -> str | None:
    """Return one encoding for the whole .dbf, so that no block guesses for itself."""
    if wanted is not None or facts.cpg is not None:
        return wanted
    dbf = sibling(source.file, ".dbf")
    assert dbf is not None
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with dbf.open("rb") as stream:
            head = stream.read(32)
            stream.seek(int.from_bytes(head[8:10], "little"))
            while chunk := stream.read(1 << 20):
                decoder.decode(chunk)
    except UnicodeDecodeError:
        return facts.code_page
    return "utf-8"
