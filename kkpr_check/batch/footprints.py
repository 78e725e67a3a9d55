"""Buildings applied for (``--footprints``): which parcel each stands on, found before anything is judged.

A building belongs to the parcel that its `parcel_id` names, else to the parcel with which it overlaps most. Which one
that is shows only when all parcels have been seen, so the parcels are walked through once beforehand; what is found
is kept in a small database in the work folder, never in memory.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import shapely

from kkpr_check.batch.proposals import read_ids
from kkpr_check.batch.reading import Block, Loaded, Parcels, Reading, wanted_columns
from kkpr_check.errors import InputError, KkprError, Place, Text
from kkpr_check.features import as_text
from kkpr_check.geometry import objects
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.options import OPTION_COLUMNS, Options, not_given, parse_options
from kkpr_check.io.raw import Raw

NAME = "footprints.sqlite"
PARCEL_ID = "parcel_id"
_SCHEMA = """
CREATE TABLE footprint (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL, parcel_id TEXT, wkb BLOB, fields TEXT NOT NULL, why TEXT,
    parcel_row INTEGER, overlap_m2 REAL);
CREATE INDEX by_parcel_id ON footprint (parcel_id);
CREATE VIRTUAL TABLE box USING rtree(n, xmin, xmax, ymin, ymax);
"""


@dataclass(frozen=True, slots=True)
class Footprint:
    """One building: outline in the CRS of the parcels (None where it can not be built, then `why` says so)."""

    n: int
    id: str
    geometry: Any | None
    fields: Mapping[str, Any]
    why: Text | None
    file: str

    @property
    def place(self) -> Place:
        """Where it stands, for messages."""
        return Place(self.file, row=self.n)

    def options(self) -> Options:
        """Return what it proposes.

        Raises
        ------
        KkprError
            A value can not be understood.
        """
        return parse_options(self.fields, place=self.place)


@dataclass(frozen=True, slots=True)
class UnmatchedPayload:
    """Buildings that stand on no parcel: rows of their own."""

    database: Path
    first: int
    count: int
    crs_label: str
    file: str

    def load(self) -> Loaded:
        """Return them as features."""
        with closing(_connect(self.database)) as connection:
            records = connection.execute(
                "SELECT id, wkb, fields, why, n FROM footprint WHERE parcel_row IS NULL ORDER BY n LIMIT ? OFFSET ?",
                (self.count, self.first),
            ).fetchall()
        geometry = objects([None if wkb is None else shapely.from_wkb(wkb) for _, wkb, *_ in records])
        fields = [json.loads(text) | {"id": id_} for id_, _, text, *_ in records]
        names = dict.fromkeys(name for one in fields for name in one)
        broken = {
            row: Text(*json.loads(why)) for row, (_, _, _, why, _) in enumerate(records) if why is not None
        }
        columns = {name: objects([one.get(name) for one in fields]) for name in names}
        raw = Raw("footprints", "footprints", geometry, columns, self.crs_label, broken=broken)
        raw.fids = objects([n for *_, n in records])
        return Loaded(raw)


def build(reading: Reading, blocks: Iterable[Block], crs: str, id_field: str | None, folder: Path) -> Path:
    """Find the parcel of each building, and return the database that tells it.

    Parameters
    ----------
    reading
        The file of buildings.
    blocks
        All parcels, walked through once.
    crs
        CRS of the parcels, in which outlines are kept.
    """
    target = folder / NAME
    if target.exists():
        return target
    temporary = folder / (NAME + ".tmp")
    temporary.unlink(missing_ok=True)
    with closing(sqlite3.connect(temporary)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        _store(connection, reading, crs)
        loose = connection.execute("SELECT count(*) FROM footprint WHERE parcel_id IS NULL").fetchone()[0] > 0
        for block in blocks:
            _match(connection, block, crs, id_field, loose=loose)
        connection.execute("CREATE INDEX by_row ON footprint (parcel_row)")
        connection.commit()
    with temporary.open("rb+") as stream:
        os.fsync(stream.fileno())
    os.replace(temporary, target)
    return target


def reading_of(path: str, reading: Reading) -> Reading:
    """Return how to read the file of buildings: as the parcels are read, with its own columns."""
    columns = wanted_columns(None, (PARCEL_ID,)) - {"role"}
    return Reading(path, None, reading.encoding, reading.assume_crs, columns)


def _store(connection: sqlite3.Connection, reading: Reading, crs: str) -> None:
    with Parcels(reading) as source:
        label = source.crs_label or reading.assume_crs
        if label is None:
            raise crs_policy.missing_crs(Place(reading.path))
        for block in source.blocks(10_000):
            raw = block.payload.load().raw
            ids, _ = read_ids(raw.fields, block.rows, None, raw.fids, block.start)
            geometry = np.asarray(shapely.force_2d(raw.geometry), dtype=object)
            finite = np.isfinite(shapely.bounds(geometry)).all(axis=1)
            geometry[finite] = crs_policy.transform(geometry[finite], label, crs)
            records, boxes = [], []
            for row in range(block.rows):
                n = block.start + row
                why = raw.broken.get(row)
                fields = {k.strip().casefold(): v[row] for k, v in raw.fields.items()}
                given = {
                    k: fields[k]
                    for k in fields
                    if k in OPTION_COLUMNS and k != "id" and not not_given(fields[k])
                }
                parcel_id = None if not_given(fields.get(PARCEL_ID)) else as_text(fields[PARCEL_ID])
                wkb = None if geometry[row] is None else shapely.to_wkb(geometry[row])
                told = None if why is None else json.dumps(list(why))
                records.append((n, ids[row], parcel_id or None, wkb, json.dumps(given, default=str), told))
                if finite[row]:
                    west, south, east, north = geometry[row].bounds
                    boxes.append((n, west, east, south, north))
            connection.executemany(
                "INSERT INTO footprint (n, id, parcel_id, wkb, fields, why) VALUES (?, ?, ?, ?, ?, ?)",
                records,
            )
            connection.executemany("INSERT INTO box VALUES (?, ?, ?, ?, ?)", boxes)


def _match(
    connection: sqlite3.Connection, block: Block, crs: str, id_field: str | None, *, loose: bool
) -> None:
    """Give each building near the parcels of a block the one it fits best so far.

    Parameters
    ----------
    loose
        Whether there are buildings without `parcel_id`.
    """
    raw = block.payload.load().raw
    ids, _ = read_ids(raw.fields, block.rows, id_field, raw.fids, block.start)
    geometry = np.asarray(shapely.force_2d(raw.geometry), dtype=object)
    named = _named(connection, ids.tolist())
    placed = np.isfinite(shapely.bounds(geometry)).all(axis=1)
    for row in range(block.rows):
        found = [(n, wkb, True) for n, wkb in named.get(ids[row], ())]
        if loose and placed[row]:
            found += [(n, wkb, False) for n, wkb in _near(connection, geometry[row].bounds)]
        for n, wkb, is_named in found:
            overlap = _overlap(geometry[row], wkb, crs)
            if is_named or overlap > 0:
                connection.execute(
                    "UPDATE footprint SET parcel_row = :row, overlap_m2 = :overlap "
                    "WHERE n = :n AND (overlap_m2 IS NULL OR overlap_m2 < :overlap)",
                    {"row": block.start + row, "overlap": overlap, "n": n},
                )


def _named(connection: sqlite3.Connection, ids: list[str]) -> dict[str, list[tuple[int, bytes | None]]]:
    found: dict[str, list[tuple[int, bytes | None]]] = {}
    for parcel_id, n, wkb in connection.execute(
        "SELECT parcel_id, n, wkb FROM footprint WHERE parcel_id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    ):
        found.setdefault(parcel_id, []).append((n, wkb))
    return found


def _near(
    connection: sqlite3.Connection, bounds: tuple[float, float, float, float]
) -> list[tuple[int, bytes]]:
    west, south, east, north = bounds
    return connection.execute(
        "SELECT f.n, f.wkb FROM box b CROSS JOIN footprint f ON f.n = b.n WHERE f.parcel_id IS NULL "  # box first
        "AND b.xmin <= ? AND b.xmax >= ? AND b.ymin <= ? AND b.ymax >= ?",
        (east, west, north, south),
    ).fetchall()


def _overlap(parcel: Any, wkb: bytes | None, crs: str) -> float:
    """Return the common area, in m2 where the CRS is metric (only compared for one building)."""
    if parcel is None or wkb is None:
        return 0.0
    both = [
        one if one.is_valid else shapely.make_valid(one, method="structure", keep_collapsed=False)
        for one in (parcel, shapely.from_wkb(wkb))
    ]
    common = shapely.intersection(*both)
    return float(common.area) * (1e10 if crs == crs_policy.LONLAT else 1.0)


def unmatched(database: Path) -> int:
    """Return how many buildings stand on no parcel."""
    with closing(_connect(database)) as connection:
        return int(
            connection.execute("SELECT count(*) FROM footprint WHERE parcel_row IS NULL").fetchone()[0]
        )


def of_rows(database: Path, start: int, rows: int, file: str) -> dict[int, list[Footprint]]:
    """Return the buildings on the parcels of a block, by row of the block."""
    found: dict[int, list[Footprint]] = {}
    with closing(_connect(database)) as connection:
        for n, id_, wkb, fields, why, row in connection.execute(
            "SELECT n, id, wkb, fields, why, parcel_row FROM footprint WHERE parcel_row >= ? AND parcel_row < ? ORDER BY n",
            (start, start + rows),
        ):
            shape = None if wkb is None else shapely.from_wkb(wkb)
            reason = None if why is None else Text(*json.loads(why))
            found.setdefault(row - start, []).append(
                Footprint(n, id_, shape, json.loads(fields), reason, file)
            )
    return found


def united_options(footprints: list[Footprint]) -> Options:
    """Return what the buildings on one parcel propose together.

    Raises
    ------
    InputError
        Two give different values for one option: which holds for the parcel is not known.
    """
    values: dict[str, Any] = {}
    notes: list[Text] = []
    for footprint in footprints:
        options = footprint.options()
        for name, value in options.values.items():
            if values.setdefault(name, value) != value:
                raise InputError(
                    Text(
                        f"{name}: the buildings on the parcel say {values[name]} and {value}",
                        f"{name}: bangunan di persil menyebut {values[name]} dan {value}",
                    ),
                    place=footprint.place._replace(column=name),
                    remedy=Text("check such buildings one by one", "periksa bangunan itu satu per satu"),
                    code="option-conflict",
                )
        notes += options.assumptions
    return Options(values, tuple(dict.fromkeys(notes)), footprints[0].place)


def unmatched_blocks(
    database: Path, number: int, start: int, block_rows: int, crs: str, file: str
) -> Iterator[Block]:
    """Yield blocks of the buildings that stand on no parcel."""
    count = unmatched(database)
    for first in range(0, count, block_rows):
        rows = min(block_rows, count - first)
        yield Block(
            number, start + first, rows, UnmatchedPayload(database, first, rows, crs, file), "footprint"
        )
        number += 1


def _connect(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(database))}?mode=ro&immutable=1", uri=True)


__all__ = [
    "Footprint", "KkprError", "UnmatchedPayload", "build", "of_rows", "reading_of", "united_options",
    "unmatched_blocks",
]  # fmt: skip
