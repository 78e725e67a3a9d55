"""PostGIS as source and target: parcels out of a table, verdicts back into one. Needs `pip install 'kkpr-check[postgis]'`.

    python examples/14-postgis.py "dbname=kadaster" public.persil public.hasil_kkpr data/sample

The parcels leave the database as CSV with EWKT (every digit, the SRID with it) and the verdicts come back by COPY; both are
streams, so the tables may be large. The target is replaced in one transaction: readers see the old table or the new one.
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

SCHEMA = Path(__file__).parents[1] / "kkpr_check" / "schemas" / "batch-1.json"
TYPES = {"number": "double precision", "integer": "bigint", "string": "text"}


def name_of(table: str) -> sql.Identifier:
    """Return ``schema.table`` as an identifier that can not be anything else."""
    return sql.Identifier(*table.split("."))


def export(connection: psycopg.Connection, table: str, path: Path) -> None:
    """Write a table with its only geometry column as a CSV with the column ``wkt``."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(name_of(table)))
        kinds = {c.name: c.type_code for c in cursor.description or ()}
        (geometry_oid,) = cursor.execute("SELECT 'geometry'::regtype::oid").fetchone()
        shapes = [name for name, kind in kinds.items() if kind == geometry_oid]
        if len(shapes) != 1:
            raise SystemExit(f"{table}: one geometry column is needed, found {len(shapes)}")
        columns = sql.SQL(", ").join(sql.Identifier(name) for name in kinds if name not in shapes)
        query = sql.SQL("COPY (SELECT {}, ST_AsEWKT({}, 17) AS wkt FROM {}) TO STDOUT (FORMAT csv, HEADER)")
        with (
            path.open("wb") as file,
            cursor.copy(query.format(columns, sql.Identifier(shapes[0]), name_of(table))) as copy,
        ):
            for data in copy:
                file.write(data)


def load(connection: psycopg.Connection, path: Path, table: str) -> int:
    """Replace a table by a batch table; returns its number of rows."""
    described = json.loads(SCHEMA.read_text("utf-8"))["properties"]
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file))
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_of(described.get(name, {}))))
        for name in header
    )
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name_of(table)))
        cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(name_of(table), columns))
        with (
            cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv, HEADER)").format(name_of(table))) as copy,
            path.open("rb") as file,
        ):
            while data := file.read(1 << 20):
                copy.write(data)
        (rows,) = cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(name_of(table))).fetchone()
    return rows


def type_of(described: dict) -> str:
    """Return the column type of a property of the table's schema."""
    kinds = described.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return next((TYPES[kind] for kind in kinds if kind in TYPES), "text")


def main(database: str, source: str, target: str, *plans: str) -> int:
    """Judge the parcels of a table; returns the exit code of the batch."""
    with tempfile.TemporaryDirectory() as folder, psycopg.connect(database) as connection:
        parcels, verdicts = Path(folder) / "parcels.csv", Path(folder) / "verdicts.csv"
        export(connection, source, parcels)
        call = [sys.executable, "-m", "kkpr_check", "batch", str(parcels), "--output", str(verdicts)]
        done = subprocess.run(call + [word for plan in plans for word in ("--plan", plan)], check=False)
        if done.returncode != 2:
            print(f"{load(connection, verdicts, target):,} rows in {target}")
    return done.returncode


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit("call: 14-postgis.py DATABASE SOURCE TARGET PLAN...; see the top of this file")
    try:
        sys.exit(main(*sys.argv[1:]))
    except psycopg.Error as error:
        sys.exit(f"PostgreSQL: {error}")
