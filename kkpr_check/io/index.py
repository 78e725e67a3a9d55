"""Indexed copies of layers: a check reads a window of a copy, with neither GDAL nor pandas on its path.

A copy is one SQLite file named ``<key>-<digest>.kkpr``: the key is made of the hashes of the source's parts and of
the reading options, the digest is that of the copy itself. So a copy can neither belong to another edition of the
source nor be damaged without being seen; either way it is built again from the source.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.geometry import Objects, objects
from kkpr_check.io.containers import digest_of, parts_of
from kkpr_check.io.digests import file_sha256
from kkpr_check.io.gate import Repair
from kkpr_check.io.layers import LayerData, read_layer

FORMAT = 1
SUFFIX = ".kkpr"
KEPT_DAYS = 60
KEPT_BYTES = 4 << 30
"""The cache of copies keeps what was used last, and nothing is removed within an hour of its use."""

Bounds = tuple[float, float, float, float]

_SCHEMA = """
CREATE TABLE facts (json TEXT NOT NULL);
CREATE TABLE feature (row INTEGER PRIMARY KEY, id TEXT NOT NULL, wkb BLOB NOT NULL, attributes TEXT NOT NULL);
"""
_BOX = "(row, xmin, xmax, ymin, ymax)"


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """What the intake gate found of the whole layer.

    Attributes
    ----------
    rows
        Number of features.
    fields
        Column -> number of values that are not null, in the order of the file.
    bounds
        xmin, ymin, xmax, ymax in `crs`.
    geometry_types
        Names of the shapely types that occur.
    """

    layer: str
    driver: str
    rows: int
    fields: Mapping[str, int]
    bounds: Bounds
    geometry_type: str
    geometry_types: tuple[str, ...]
    crs: str
    crs_label: str
    encoding: str
    feature_field: str | None
    repairs: tuple[Repair, ...]
    assumptions: tuple[Text, ...]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class LayerIndex:
    """A layer that can be read by window.

    Attributes
    ----------
    path
        The source, as the user named it.
    facts
        What the gate found of the whole layer.
    sha256, parts
        Hashes of the source, taken when this was opened.
    copy
        The SQLite file, or None where no folder could be written and the copy lives in memory.
    """

    path: str
    facts: LayerFacts
    sha256: str
    parts: Mapping[str, str]
    key: str
    copy: Path | None
    _memory: sqlite3.Connection | None = None

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        layer: str | None = None,
        encoding: str | None = None,
        crs: str | None = None,
        swap_xy: bool = False,
        directory: Path | None = None,
        known: Mapping[Path, str] | None = None,
    ) -> LayerIndex:
        """Find the copy of a layer, or read the layer whole and make one.

        Parameters
        ----------
        path, layer, encoding, crs, swap_xy
            As in :func:`kkpr_check.io.layers.read_layer`.
        directory
            Where copies of a locked plan lie; looked at first, never written here.
        known
            Digests of source files that the caller has taken just now, by path; the others are taken here.

        Raises
        ------
        InputError, CrsError, ErrorGroup
            Where the source cannot be read whole.
        """
        parts = parts_of(path, known)
        key = _key(parts, layer, encoding, crs, swap_xy)
        cache = cache_directory()
        for folder in (directory, cache):
            found = _find(folder, key, tidy=folder is cache)
            if found is not None:
                return cls(str(path), found[1], digest_of(parts), parts, key, found[0])
        data = read_layer(path, layer=layer, encoding=encoding, crs=crs, swap_xy=swap_xy)
        key = _key(data.parts, layer, encoding, crs, swap_xy)
        facts = _facts(data)
        if cache is not None:
            with suppress(OSError, sqlite3.OperationalError):
                _forget_old(cache)
                copy = _write(data, facts, cache, key)
                return cls(str(path), facts, data.sha256, data.parts, key, copy)
        memory = sqlite3.connect(":memory:", check_same_thread=False)
        _fill(memory, data, facts)
        index = cls(str(path), facts, data.sha256, data.parts, key, None, memory)
        weakref.finalize(index, memory.close)
        return index

    def window(self, bounds: Bounds | None = None) -> LayerData:
        """Return the features whose boxes meet `bounds`, in the order of the file.

        Parameters
        ----------
        bounds
            xmin, ymin, xmax, ymax in the layer's own CRS (`facts.crs`); None returns the whole layer.
        """
        with self._connected() as connection:
            if bounds is None:
                records = connection.execute(
                    "SELECT row, id, wkb, attributes FROM feature ORDER BY row"
                ).fetchall()
            else:
                xmin, ymin, xmax, ymax = bounds
                records = connection.execute(
                    "SELECT feature.row, id, wkb, attributes FROM box JOIN feature ON feature.row = box.row "
                    "WHERE xmax >= ? AND xmin <= ? AND ymax >= ? AND ymin <= ? ORDER BY feature.row",
                    (xmin, xmax, ymin, ymax),
                ).fetchall()
        data = self._layer(records)
        if bounds is None or not len(data):
            return data
        box = shapely.bounds(data.geometry)  # the R-tree keeps 32-bit boxes, rounded outwards
        meets = (box[:, 2] >= xmin) & (box[:, 0] <= xmax) & (box[:, 3] >= ymin) & (box[:, 1] <= ymax)
        return data if meets.all() else data.take(meets)

    def attributes(self) -> tuple[Objects, Mapping[str, Objects]]:
        """Return the id of every feature and its fields, without its geometry."""
        with self._connected() as connection:
            records = connection.execute("SELECT id, attributes FROM feature ORDER BY row").fetchall()
        ids, attributes = zip(*records, strict=True) if records else ((), ())
        return objects(list(ids)), _columns(attributes, self.facts)

    def write_copy(self, directory: Path) -> Path:
        """Write the copy into a folder (of a plan being locked) and return its path."""
        directory.mkdir(parents=True, exist_ok=True)
        if self.copy is not None:
            target = directory / self.copy.name
            if not target.is_file() or not _is_whole(target):
                _replace(directory, target.name, lambda temporary: shutil.copyfile(str(self.copy), temporary))
            return target
        return _write(self.window(None), self.facts, directory, self.key)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        if self._memory is not None:
            yield self._memory
            return
        with closing(_connect(Path(str(self.copy)))) as connection:
            yield connection

    def _layer(self, records: list[tuple[int, str, bytes, str]]) -> LayerData:
        facts = self.facts
        rows, ids, wkb, attributes = zip(*records, strict=True) if records else ((), (), (), ())
        kept = set(rows)
        return LayerData(
            path=self.path, layer=facts.layer, driver=facts.driver,
            geometry=np.asarray(shapely.from_wkb(objects(list(wkb))), dtype=object),
            feature=objects(list(ids)), row=np.array(rows, dtype=np.int64),
            fields=_columns(attributes, facts),
            geometry_type=facts.geometry_type, crs=facts.crs, crs_label=facts.crs_label, encoding=facts.encoding,
            feature_field=facts.feature_field, repairs=tuple(r for r in facts.repairs if r.row in kept),
            assumptions=facts.assumptions, sha256=self.sha256, parts=self.parts,
        )  # fmt: skip


def _columns(attributes: Sequence[str], facts: LayerFacts) -> dict[str, Objects]:
    values = json.loads("[" + ",".join(attributes) + "]")
    columns = zip(*values, strict=True) if values else ((),) * len(facts.fields)
    return {n: objects(list(c)) for n, c in zip(facts.fields, columns, strict=True)} if facts.fields else {}


def cache_directory() -> Path | None:
    """Return a private writable folder for copies, or None; never an error.

    ``KKPR_CACHE``, else the cache folder of the platform, else one below the temporary folder.
    """
    named = os.environ.get("KKPR_CACHE")
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    for folder in (
        *((Path(named),) if named else (_platform_cache(),)),
        Path(tempfile.gettempdir()) / f"kkpr-check-{user}",
    ):
        with suppress(OSError, RuntimeError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            ours = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
            if ours and os.access(folder, os.W_OK):
                return folder
    return None


def _platform_cache() -> Path:
    if sys.platform == "win32":
        return (
            Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "kkpr-check" / "Cache"
        )
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "kkpr-check"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kkpr-check"


def _key(
    parts: Mapping[str, str], layer: str | None, encoding: str | None, crs: str | None, swap_xy: bool
) -> str:
    text = json.dumps([FORMAT, sorted(parts.items()), layer, encoding, crs, swap_xy])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _find(folder: Path | None, key: str, *, tidy: bool) -> tuple[Path, LayerFacts] | None:
    """Return a whole copy and its facts; in the cache a damaged one is removed, a used one marked as used."""
    if folder is None:
        return None
    for candidate in sorted(folder.glob(f"{key}-*{SUFFIX}")):
        with suppress(OSError, sqlite3.Error, ValueError, TypeError, KeyError):
            if _is_whole(candidate):
                with closing(_connect(candidate)) as connection:
                    facts = _facts_from(connection.execute("SELECT json FROM facts").fetchone()[0])
                if tidy:
                    with suppress(OSError):
                        os.utime(candidate)
                return candidate, facts
        if tidy:
            with suppress(OSError):
                candidate.unlink()
    return None


def _forget_old(folder: Path) -> None:
    """Remove copies that nobody used for a long time or that are too many, and what a killed run left half-built."""
    now, kept_bytes = time.time(), 0
    for age_s, size, candidate in sorted(_ages(folder, f"*{SUFFIX}", now)):
        kept_bytes += size
        if age_s > KEPT_DAYS * 86_400 or (kept_bytes > KEPT_BYTES and age_s > 3_600):
            with suppress(OSError):
                candidate.unlink()
    for age_s, _, candidate in _ages(folder, ".building-*", now):
        if age_s > 86_400:
            with suppress(OSError):
                candidate.unlink()


def _ages(folder: Path, pattern: str, now: float) -> Iterator[tuple[float, int, Path]]:
    for candidate in folder.glob(pattern):
        with suppress(OSError):
            stat = candidate.stat()
            yield now - stat.st_mtime, stat.st_size, candidate


def _digest_of_name(copy: Path) -> str | None:
    return copy.stem.partition("-")[2] or None


def _is_whole(copy: Path) -> bool:
    return _digest(copy) == _digest_of_name(copy)


def _digest(copy: Path) -> str:
    return file_sha256(copy)[:32]


def _connect(copy: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(copy.resolve()))}?mode=ro&immutable=1", uri=True)


def _facts(data: LayerData) -> LayerFacts:
    bounds = data.bounds
    assert bounds is not None  # the gate lets no layer without geometry pass
    kinds = sorted(
        {shapely.GeometryType(kind).name for kind in np.unique(shapely.get_type_id(data.geometry))}
    )
    return LayerFacts(
        data.layer, data.driver, len(data),
        {name: sum(value is not None for value in values) for name, values in data.fields.items()},
        bounds, data.geometry_type, tuple(kinds), data.crs, data.crs_label, data.encoding, data.feature_field,
        data.repairs, data.assumptions,
    )  # fmt: skip


def _facts_from(text: str) -> LayerFacts:
    facts: dict[str, Any] = json.loads(text)
    facts["bounds"] = tuple(facts["bounds"])
    facts["geometry_types"] = tuple(facts["geometry_types"])
    facts["repairs"] = tuple(Repair(**repair) for repair in facts["repairs"])
    facts["assumptions"] = tuple(Text(*words) for words in facts["assumptions"])
    return LayerFacts(**facts)


def _fill(connection: sqlite3.Connection, data: LayerData, facts: LayerFacts) -> None:
    connection.executescript(_SCHEMA)
    try:
        connection.execute(f"CREATE VIRTUAL TABLE box USING rtree{_BOX}")
    except sqlite3.OperationalError:  # a Python built without R-tree: the same query walks a table
        connection.execute(f"CREATE TABLE box {_BOX}")
    rows = data.row.tolist()
    columns: list[Objects] = list(data.fields.values())
    attributes = (json.dumps([c[i] for c in columns], ensure_ascii=False) for i in range(len(rows)))
    connection.executemany(
        "INSERT INTO feature VALUES (?, ?, ?, ?)",
        zip(rows, data.feature.tolist(), shapely.to_wkb(data.geometry).tolist(), attributes, strict=True),
    )
    box = shapely.bounds(data.geometry)[:, [0, 2, 1, 3]].tolist()
    connection.executemany(
        "INSERT INTO box VALUES (?, ?, ?, ?, ?)", ([r, *b] for r, b in zip(rows, box, strict=True))
    )
    connection.execute("INSERT INTO facts VALUES (?)", (json.dumps(asdict(facts), ensure_ascii=False),))
    connection.commit()


def _write(data: LayerData, facts: LayerFacts, folder: Path, key: str) -> Path:
    """Write a copy under a temporary name, give it the name of its own digest, and return it."""

    def build(temporary: str) -> None:
        with closing(sqlite3.connect(temporary)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            _fill(connection, data, facts)

    return _replace(folder, None, build, key)


def _replace(folder: Path, name: str | None, build: Any, key: str = "") -> Path:
    handle, temporary = tempfile.mkstemp(prefix=".building-", suffix=".tmp", dir=folder)
    os.close(handle)
    try:
        build(temporary)
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        target = folder / (name or f"{key}-{_digest(Path(temporary))}{SUFFIX}")
        os.replace(temporary, target)
        return target
    finally:
        with suppress(OSError):
            os.unlink(temporary)
