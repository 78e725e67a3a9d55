"""Mutations of files, seeded: by their bytes and by their structure."""

from __future__ import annotations

import contextlib
import io
import json
import random
import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

HOSTILE = [
    "", "NaN", "nan", "Infinity", "-Infinity", "1e999", "-1", "0", "-0", "1e-320", "1e308", "99999999999999999999",
    "4294967296", "1,5", "0x10", "null", "true", "[]", "{}", "\0", "\x1b[31mX\x1b[0m", "\x1b]8;;http://x\x07y", "\u202egnp.exe",
    "=cmd|' /C calc'!A0", "@SUM(1+1)", "<script>alert(1)</script>", "](javascript:x)", "../../etc/passwd", "/vsicurl/http://x",
    "'; DROP TABLE persil; --", '"', "'", "\\", "\ud7ff", "\ufeff",
    "\u2028", "é" * 300, "A" * 70_000, "%s%n", "{0}", "${x}", "NIL",
    "-", "*", "R-2", "X", "I", "T1,B1", "2025-13-45", "１２３",
]  # fmt: skip
NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


class Mutated(NamedTuple):
    """Bytes of a case and how they came about; `damage`: something was only taken away."""

    data: bytes
    how: str
    damage: bool = False


def mutated(path: Path, data: bytes, seed: int) -> Mutated:
    """Return the bytes of a file mutated by a seed: half of the time by its bytes, half by its structure."""
    rng = random.Random(seed)
    kind = path.suffix.lower()
    structure = STRUCTURE.get(kind)
    if structure is not None and rng.random() < 0.5:
        try:
            found = structure(data, rng)
        except (ValueError, KeyError, IndexError, sqlite3.Error, RecursionError, zipfile.BadZipFile):
            found = None
        if found is not None and found.data != data:
            return found
    return by_bytes(data, rng)


def by_bytes(data: bytes, rng: random.Random) -> Mutated:
    """Flip, cut, insert, delete, repeat or overwrite bytes."""
    if not data:
        return Mutated(rng.randbytes(rng.randint(1, 64)), "insert")
    body = bytearray(data)
    reach = len(body) if rng.random() < 0.7 else min(len(body), 256)
    choice = rng.choice(
        ["flip", "flip", "flip", "bit", "cut", "head", "insert", "delete", "repeat", "number"]
    )
    at = rng.randrange(reach)
    if choice == "flip":
        for _ in range(rng.randint(1, 30)):
            body[rng.randrange(reach)] = rng.randrange(256)
    elif choice == "bit":
        body[at] ^= 1 << rng.randrange(8)
    elif choice == "cut":
        return Mutated(bytes(body[: rng.randrange(len(body))]), "cut", damage=True)
    elif choice == "head":
        return Mutated(bytes(body[rng.randrange(1, len(body) + 1) :]), "head", damage=True)
    elif choice == "insert":
        body[at:at] = (
            rng.randbytes(rng.randint(1, 40)) if rng.random() < 0.5 else rng.choice(HOSTILE).encode("utf-8")
        )
    elif choice == "delete":
        del body[at : at + rng.randint(1, 40)]
        return Mutated(bytes(body), "delete", damage=True)
    elif choice == "repeat":
        size = rng.randint(1, 400)
        body[at:at] = body[at : at + size] * rng.randint(1, 5)
    else:
        value = rng.choice(NUMBERS) & 0xFFFFFFFF
        body[at : at + 4] = value.to_bytes(4, rng.choice(["little", "big"]))
    return Mutated(bytes(body), choice)


def by_json(data: bytes, rng: random.Random) -> Mutated | None:
    """Change one place of a JSON document (or of one of its lines)."""
    text = data.decode("utf-8")
    lines = text.splitlines()
    if len(lines) > 1 and all(line.startswith("{") for line in lines):
        i = rng.randrange(len(lines))
        one = by_json(lines[i].encode(), rng)
        return (
            None
            if one is None
            else one._replace(data="\n".join([*lines[:i], one.data.decode(), *lines[i + 1 :]]).encode())
        )
    document = json.loads(text)
    places = list(_places(document))
    holder, key = rng.choice(places)
    choice = rng.choice(["drop", "value", "value", "copy", "swap", "deep", "twice", "number", "number"])
    old = holder[key]
    if choice == "drop":
        del holder[key]
    elif choice == "value":
        holder[key] = rng.choice([*HOSTILE, None, True, -1, 1e308, [], {}, [[]], 10**30])
    elif choice == "copy":
        other, name = rng.choice(places)
        holder[key] = other[name]
        json.dumps(document)  # not into itself: ValueError
    elif choice == "swap" and isinstance(holder, list):
        rng.shuffle(holder)
    elif choice == "deep":
        for _ in range(rng.choice([10, 150, 900])):
            old = [old] if rng.random() < 0.5 else {"x": old}
        holder[key] = old
    elif choice == "number" and isinstance(old, int | float) and not isinstance(old, bool):
        holder[key] = rng.choice(
            [-old, old * 1e6, old + 1e-9, old + 180, 0, 1e400, float("nan"), str(old), 10**400, round(old, 3)]
        )
    written = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    if choice == "twice":
        written = (
            written.replace("{", '{"type":"x","type":"y",', 1) if rng.random() < 0.3 else written + written
        )
    return Mutated(written.encode("utf-8", "surrogatepass"), f"json {choice}", damage=choice == "drop")


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from _places(node[key])


def by_text(data: bytes, rng: random.Random) -> Mutated:
    """Change words and lines of a text: TOML, CSV, KML, DXF, WKT."""
    text = data.decode("utf-8", "surrogateescape")
    choice = rng.choice(
        [
            "word",
            "word",
            "word",
            "line away",
            "line twice",
            "lines swapped",
            "number",
            "quote",
            "nest",
            "long",
        ]
    )
    lines = text.split("\n")
    i = rng.randrange(len(lines))
    if choice == "line away":
        del lines[i]
    elif choice == "line twice":
        lines.insert(i, lines[rng.randrange(len(lines))])
    elif choice == "lines swapped":
        j = rng.randrange(len(lines))
        lines[i], lines[j] = lines[j], lines[i]
    elif choice == "long":
        lines[i] += rng.choice(["x", " ", ",", "9", "[", "<a>", '"']) * rng.choice([100, 5_000, 300_000])
    elif choice == "nest":
        lines[i] = rng.choice(
            [
                "x = " + "[" * 2000,
                "x = " + "[" * 300 + "]" * 300,
                "[a" + ".a" * 3000 + "]",
                "<a>" * 3000,
                "(" * 3000,
            ]
        )
    else:
        words = _words(lines[i])
        if words:
            start, stop = rng.choice(words)
            new = rng.choice(HOSTILE) if choice != "quote" else '"' + lines[i][start:stop]
            if choice == "number":
                new = rng.choice(
                    ["-1", "0", "1e9", "999", "0.5", "1e400", "nan", "1_0", "--", "5e-324", "12,5"]
                )
            lines[i] = lines[i][:start] + new + lines[i][stop:]
    return Mutated(
        "\n".join(lines).encode("utf-8", "surrogateescape"), f"text {choice}", damage=choice == "line away"
    )


def _words(line: str) -> list[tuple[int, int]]:
    found, start = [], None
    for at, c in enumerate(line + "\0"):
        inside = c.isalnum() or c in "._-+%"
        if inside and start is None:
            start = at
        elif not inside and start is not None:
            found.append((start, at))
            start = None
    return found


def by_member(data: bytes, rng: random.Random) -> Mutated | None:
    """Mutate a member of a zip and pack it again, with right checksums; or the directory of the zip itself."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    i = rng.randrange(len(members))
    name, content = members[i]
    choice = rng.choice(
        ["content", "content", "content", "content", "drop", "name", "twice", "link", "bomb", "nested"]
    )
    how = choice
    if choice == "content":
        changed = mutated(Path(name), content, rng.randrange(1 << 30))
        members[i] = (name, changed.data)
        how = f"member: {changed.how}"
    elif choice == "drop":
        del members[i]
    elif choice == "name":
        new = rng.choice(
            [
                "../x.shp",
                "/x.dbf",
                "a\\b.shp",
                "C:x.shp",
                "x" * 300 + ".shp",
                "a.zip",
                "\u202e.shp",
                ".shp",
                "con.shp",
                "a/../b.dbf",
                name.upper(),
            ]
        )
        members[i] = (new, content)
    elif choice == "twice":
        members.append((rng.choice([name, name.upper()]), content[::-1]))
    elif choice == "bomb":
        members.append(("bomb.dbf", b"0" * 3_000_000))
    elif choice == "nested":
        members.append(("dalam.zip", data))
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for at, (inner, body) in enumerate(members):
            info = zipfile.ZipInfo(inner)
            info.compress_type = zipfile.ZIP_DEFLATED
            if choice == "link" and at == i:
                info.external_attr = 0o120777 << 16
            archive.writestr(info, body)
    return Mutated(packed.getvalue(), f"zip {how}", damage=choice == "drop")


_COLUMNS = "fid, geom, id, role, kbli, floors, height_m, floor_area_m2, green_area_m2, legal_area_m2, road_class, business_scale"
_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
_VIEWS = {
    "VIEW without end": f"{_ENDLESS} SELECT {_COLUMNS} FROM asli, n",
    "VIEW of the same": f"SELECT {_COLUMNS} FROM asli",
    "VIEW that calls": "SELECT fid, geom, load_extension('/tmp/x.so') AS id, role, kbli, floors FROM asli",
}
_VIRTUAL = "CREATE VIRTUAL TABLE v USING VirtualOGR(''/etc/passwd'', 0)"
_NAMES = ['x"y', "x'y", "a; DROP TABLE b", "../x", "\x1b[31m", "\u202e", "x" * 500, "sqlite", "[x]", "`"]
_SQL = (
    *_VIEWS,
    "VIRTUAL TABLE",
    "NAME of the layer",
    "UPDATE gpkg_contents SET table_name = ?",
    "UPDATE gpkg_contents SET srs_id = 4326",
    "UPDATE gpkg_contents SET data_type = ?",
    "UPDATE gpkg_geometry_columns SET geometry_type_name = ?",
    "UPDATE gpkg_geometry_columns SET column_name = ?",
    "UPDATE gpkg_spatial_ref_sys SET definition = ?",
    "UPDATE gpkg_ogr_contents SET feature_count = 1000000000",
    "UPDATE gpkg_ogr_contents SET feature_count = 1",
    "DELETE FROM gpkg_spatial_ref_sys",
    "DELETE FROM gpkg_contents",
    "DELETE FROM gpkg_geometry_columns",
    "UPDATE persil SET geom = NULL",
    "UPDATE persil SET geom = substr(geom, 1, length(geom) - 9)",
    "UPDATE persil SET geom = zeroblob(100)",
    "UPDATE persil SET geom = ?",
    "UPDATE persil SET kbli = ?",
    "UPDATE persil SET floors = ?",
    "UPDATE persil SET role = ?",
    "DELETE FROM persil WHERE fid = 1",
    f"INSERT INTO persil SELECT {_COLUMNS.replace('fid', 'fid + 100')} FROM persil",
    "DROP TABLE rtree_persil_geom",
    "DROP TABLE gpkg_ogr_contents",
    "ALTER TABLE persil RENAME COLUMN kbli TO KBLI",
    "ALTER TABLE persil ADD COLUMN Kbli TEXT",
    "ALTER TABLE persil DROP COLUMN kbli",
    "CREATE TRIGGER jahat AFTER INSERT ON persil BEGIN SELECT load_extension('x'); END",
)


def by_sql(data: bytes, rng: random.Random) -> Mutated | None:
    """Change a GeoPackage by what SQLite lets one change: rows, blobs, the catalogue, views and triggers."""
    what = rng.choice(_SQL)
    with tempfile.TemporaryDirectory(prefix="kkpr-fuzz-") as folder:
        scratch = Path(folder) / "a.gpkg"
        scratch.write_bytes(data)
        with contextlib.closing(sqlite3.connect(scratch)) as base:
            triggers = base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (trigger,) in triggers:
                base.execute(f'DROP TRIGGER "{trigger}"')  # they call functions of GDAL
            _change(base, what, rng)
            base.commit()
        return Mutated(
            scratch.read_bytes(), f"sql {what.partition(' (')[0][:50]}", damage=what.startswith("D")
        )


def _change(base: sqlite3.Connection, what: str, rng: random.Random) -> None:
    base.execute("PRAGMA legacy_alter_table = ON")
    if what in _VIEWS:
        base.execute("ALTER TABLE persil RENAME TO asli")
        base.execute(f"CREATE VIEW persil AS {_VIEWS[what]}")
    elif what == "VIRTUAL TABLE":
        base.execute("PRAGMA writable_schema = ON")
        base.execute(f"INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, '{_VIRTUAL}')")
    elif what == "NAME of the layer":
        name = rng.choice(_NAMES)
        quoted = name.replace('"', '""')
        base.execute(f'ALTER TABLE persil RENAME TO "{quoted}"')
        for table in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_ogr_contents"):
            base.execute(f"UPDATE {table} SET table_name = ?", (name,))
    else:
        base.execute(what, (rng.choice(HOSTILE),) * what.count("?"))


STRUCTURE: dict[str, Callable[[bytes, random.Random], Mutated | None]] = {
    **dict.fromkeys((".geojson", ".json", ".geojsonl", ".lock"), by_json),
    **dict.fromkeys((".csv", ".toml", ".kml", ".dxf", ".prj", ".cpg", ".xml", ".rels"), by_text),
    **dict.fromkeys((".zip", ".kmz", ".xlsx"), by_member),
    ".gpkg": by_sql,
}
