"""Part files of single blocks, and the output that they make together; each format in both roles."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import quote

from kkpr_check.batch import textrows
from kkpr_check.batch.journal import Part
from kkpr_check.batch.table import COLUMNS, FINDING_COLUMNS, Kind
from kkpr_check.errors import InputError, KkprError, Place, Text
from kkpr_check.extras import need

SPATIAL = frozenset({".parquet", ".gpkg", ".fgb"})
"""Formats whose rows carry the parcel's geometry, in the CRS of the input."""
_TEXTS = (".csv", ".jsonl")
FIXED_DATE = "2000-01-01T00:00:00.000Z"
"""GeoPackage writes the date of its last change; a fixed one keeps equal runs equal."""
FINDING_KINDS: Mapping[str, Kind] = {**FINDING_COLUMNS, "measured_text": "text", "limit_text": "text"}
"""In Parquet a column has one type: words among the numbers go to columns of their own."""


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """What all blocks together tell of the geometries: CRS, bounds, and types of geometry."""

    crs: str
    bounds: tuple[float, float, float, float] | None
    types: tuple[str, ...]


def encode_rows(
    suffix: str, columns: Mapping[str, Sequence[Any]], geometry: Sequence[bytes | None] | None
) -> bytes:
    """Return the part of a block: rows of the batch table in the format of the output."""
    if suffix == ".csv":
        return textrows.csv_rows(columns)
    if suffix == ".jsonl":
        return textrows.json_rows(columns)
    if suffix in SPATIAL:
        from kkpr_check.batch.arrowrows import ipc_rows

        return ipc_rows(columns, COLUMNS, geometry)
    return b""


def encode_findings(suffix: str, columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return the part of a block: rows of the long table in its format."""
    if suffix == ".csv":
        return textrows.csv_rows(columns)
    if suffix == ".jsonl":
        return textrows.json_rows(columns)
    from kkpr_check.batch.arrowrows import ipc_rows

    split = dict(columns)
    for name in ("measured", "limit"):
        split[name] = [None if isinstance(value, str) else value for value in columns[name]]
        split[f"{name}_text"] = [value if isinstance(value, str) else None for value in columns[name]]
    return ipc_rows(split, FINDING_KINDS, None)


class Joiner(Protocol):
    """Puts parts together in their order."""

    def add(self, part: Part, told: Mapping[str, Any]) -> None:
        """Append the rows of a block."""

    def close(self, facts: LayerFacts) -> None:
        """Write what is left, and leave a whole file behind."""

    def abandon(self) -> None:
        """Let go of the file; it is not whole and not wanted."""


def joiner(suffix: str, target: Path, *, findings: bool) -> Joiner:
    """Return what joins the parts of one output into `target`."""
    if suffix in _TEXTS:
        columns = FINDING_COLUMNS if findings else COLUMNS
        header = textrows.csv_header(list(columns)) if suffix == ".csv" else b""
        return _TextJoiner(target, header, "findings" if findings else "rows")
    if suffix == ".parquet":
        return _ParquetJoiner(target, FINDING_KINDS if findings else COLUMNS, geometry=not findings)
    if suffix in (".gpkg", ".fgb"):
        return _GdalJoiner(target, "GPKG" if suffix == ".gpkg" else "FlatGeobuf")
    return _NoJoiner()


class _NoJoiner:
    """The HTML summary is written from the counts alone."""

    def add(self, part: Part, told: Mapping[str, Any]) -> None:
        """Nothing to append."""

    def close(self, facts: LayerFacts) -> None:
        """Nothing to write."""

    def abandon(self) -> None:
        """Nothing to let go of."""


class _TextJoiner:
    def __init__(self, target: Path, header: bytes, blob: str) -> None:
        self._blob = blob
        self._stream: BinaryIO = target.open("wb")
        self._stream.write(header)

    def add(self, part: Part, told: Mapping[str, Any]) -> None:
        self._stream.write(part.blob(told, self._blob))

    def close(self, facts: LayerFacts) -> None:
        self._stream.close()

    def abandon(self) -> None:
        with suppress(OSError):
            self._stream.close()


class _ParquetJoiner:
    def __init__(self, target: Path, kinds: Mapping[str, Kind], *, geometry: bool) -> None:
        import pyarrow.parquet as pq

        from kkpr_check.batch.arrowrows import schema

        self._geometry = geometry
        self._schema = schema(kinds, geometry=geometry).remove_metadata()
        repeated = [name for name, kind in kinds.items() if kind == "text" and name != "id"]
        self._writer = pq.ParquetWriter(
            target,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=repeated,
            write_statistics=False,
        )
        self._held: list[Any] = []
        self._count = 0

    def add(self, part: Part, told: Mapping[str, Any]) -> None:
        from kkpr_check.batch.arrowrows import ROW_GROUP, batches

        for found in batches([part.blob(told, "rows" if self._geometry else "findings")]):
            batch = found
            while batch.num_rows:
                piece = batch.slice(0, ROW_GROUP - self._count)
                self._held.append(piece)
                self._count += piece.num_rows
                batch = batch.slice(piece.num_rows)
                if self._count == ROW_GROUP:
                    self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._held:
            # In one piece: where pages end depends on the pieces, and those on the blocks.
            table = pa.Table.from_batches(self._held).combine_chunks().cast(self._schema)
            self._writer.write_table(table, row_group_size=self._count)
        self._held, self._count = [], 0

    def close(self, facts: LayerFacts) -> None:
        from kkpr_check.batch.arrowrows import geo_metadata

        self._flush()
        if self._geometry:
            self._writer.add_key_value_metadata({"geo": geo_metadata(facts.crs, facts.bounds, facts.types)})
        self._writer.close()

    def abandon(self) -> None:
        self._held = []
        with suppress(OSError):
            self._writer.close()


@dataclass
class _GdalJoiner:
    target: Path
    driver: str
    parts: list[tuple[Part, Mapping[str, Any]]] = field(default_factory=list)

    def add(self, part: Part, told: Mapping[str, Any]) -> None:
        self.parts.append((part, {"blobs": told["blobs"]}))

    def close(self, facts: LayerFacts) -> None:
        import pyarrow as pa

        from kkpr_check.batch.arrowrows import GEOMETRY, batches, rechunked, schema
        from kkpr_check.io.drivers import import_pyogrio

        pyogrio = import_pyogrio()
        for leftover in self.target.parent.glob(
            self.target.name + "*"
        ):  # GDAL would write into a broken file
            leftover.unlink()
        wanted = schema(COLUMNS, geometry=True)
        blobs = (part.blob(told, "rows") for part, told in self.parts)
        rows = (batch for table in rechunked(batches(blobs), 10_000) for batch in table.to_batches())
        try:
            with _fixed_date(pyogrio):
                pyogrio.write_arrow(
                    pa.RecordBatchReader.from_batches(wanted, rows),
                    self.target,
                    layer="kkpr_check",
                    driver=self.driver,
                    geometry_name=GEOMETRY,
                    geometry_type=facts.types[0] if len(facts.types) == 1 else "Unknown",
                    crs=facts.crs,
                    # FlatGeobuf with an index knows no row without outline, and orders rows by place.
                    **({"SPATIAL_INDEX": "NO"} if self.driver == "FlatGeobuf" else {}),
                )
            if self.driver == "GPKG":
                _add_style(self.target, facts)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, sqlite3.Error) as error:
            raise _not_written(self.target, str(error)) from error

    def abandon(self) -> None:
        self.parts = []


def _add_style(target: Path, facts: LayerFacts) -> None:
    """Let QGIS open the table with one colour a verdict; in Indonesian, so that the bytes know no locale."""
    from kkpr_check.io.gpkg_write import add_styles
    from kkpr_check.report.layers import batch_style

    style = batch_style("kkpr_check", "id", facts.types)
    add_styles(target, {"kkpr_check": style}, date=FIXED_DATE)


def _not_written(target: Path, why: str) -> KkprError:
    return KkprError(
        Text(f"the output can not be written: {why}", f"keluaran tidak dapat ditulis: {why}"),
        place=Place(target.name),
        remedy=Text(
            "is the disk full? make room, then continue with --resume",
            "apakah disk penuh? beri ruang, lalu lanjutkan dengan --resume",
        ),
        code="output",
    )


@contextmanager
def _fixed_date(pyogrio: Any) -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def count_rows(suffix: str, target: Path) -> int:
    """Read a written file again and count its rows."""
    if suffix in _TEXTS:
        with target.open("rb") as stream:
            lines = sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))
        return lines - (suffix == ".csv")
    if suffix == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(target) as file:
            return int(file.metadata.num_rows)
    if suffix == ".gpkg":
        with closing(
            sqlite3.connect(f"file:{quote(str(target))}?mode=ro&immutable=1", uri=True)
        ) as connection:
            return int(connection.execute("SELECT count(*) FROM kkpr_check").fetchone()[0])
    from kkpr_check.io.drivers import import_pyogrio

    return int(import_pyogrio().read_info(target, force_feature_count=True)["features"])


def prove(suffix: str, target: Path, rows: int) -> None:
    """Sync a written file to the disk and prove that all rows are in it.

    Raises
    ------
    KkprError
        Fewer or more rows are found than were written.
    """
    with target.open("rb+") as stream:
        os.fsync(stream.fileno())
    if suffix == ".html":
        return
    found = count_rows(suffix, target)
    if found != rows:
        raise KkprError(
            Text(f"{rows} rows were written, {found} can be read", f"{rows} baris ditulis, {found} terbaca"),
            place=Place(str(target)),
            remedy=Text(
                "is the disk full? run again with --resume",
                "apakah disk penuh? jalankan lagi dengan --resume",
            ),
            code="output",
        )


def need_arrow(output: str, suffixes: Sequence[str | None]) -> None:
    """Refuse a format that needs pyarrow where it is not installed, before any work is done.

    Raises
    ------
    InputError
        Naming the extra to install.
    """
    if SPATIAL & set(suffixes):
        need("pyarrow", "parquet", place=Place(output))


__all__ = [
    "InputError",
    "Joiner",
    "LayerFacts",
    "encode_findings",
    "encode_rows",
    "joiner",
    "need_arrow",
    "prove",
]
