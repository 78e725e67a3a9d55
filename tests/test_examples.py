"""The numbered examples do what they say: run as a reader would run them."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from cli_harness import EXAMPLES, SAMPLE

ROOT = EXAMPLES.parent
PARCELS = ROOT / "data" / "parcels.gpkg"


def call(*words: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
        env=os.environ | {"PATH": path, "KKPR_LANG": "en"} | environment,
    )  # fmt: skip


def some_parcels(path: Path, count: int = 30) -> list[str]:
    """Write the first parcels of the sample; returns their ids."""
    meta, _, shapes, columns = pyogrio.raw.read(PARCELS, max_features=count)
    pyogrio.raw.write(
        path,
        shapes,
        columns,
        meta["fields"],
        crs=meta["crs"],
        geometry_type=meta["geometry_type"],
        layer="persil",
    )
    return [str(value) for value in columns[list(meta["fields"]).index("id")]]


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell script")
def test_shell() -> None:
    done = call("sh", "examples/10-shell.sh", "examples/06-several.geojson", "data/sample")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 1 and len(rows) == 5, done.stderr
    assert ["06-3-too-dense", "nonconform", "INT001,INT003"] in rows
    broken = call("sh", "examples/10-shell.sh", "examples/no-such-file.geojson", "data/sample")
    assert broken.returncode == 2 and not broken.stdout and "no-such-file" in broken.stderr


def test_python(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "11-python.py"), run_name="__main__")
    told = capsys.readouterr().out.splitlines()
    assert "INT001 INT003" in told[0] and "INT" not in told[2]


def test_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    notebook = json.loads((EXAMPLES / "12-notebook.ipynb").read_text("utf-8"))
    known: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, "results are not committed"
            exec(compile("".join(cell["source"]), "notebook", "exec"), known)
    assert known["report"].verdict.value == "partial" and len(known["reports"]) == 5


def test_many_parcels(tmp_path: Path) -> None:
    count = len(some_parcels(tmp_path / "parcels.gpkg"))
    script = EXAMPLES / "13-many-parcels.py"
    done = call(sys.executable, script, tmp_path / "parcels.gpkg", SAMPLE, tmp_path / "o.csv")
    assert done.returncode == 0, done.stderr
    told = [line.split() for line in done.stdout.splitlines() if "refused by" not in line]
    assert sum(int(line[0].replace(",", "")) for line in told) == count
    assert call(sys.executable, script, tmp_path / "none.gpkg", SAMPLE, tmp_path / "p.csv").returncode == 2


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """Start a PostgreSQL server with PostGIS of this machine on a socket of its own."""
    pytest.importorskip("psycopg", reason="extra [postgis] is not installed")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    binaries = found[-1].parent if found else Path(shutil.which("initdb") or "/nowhere").parent
    if not (binaries / "pg_ctl").exists() or not list(
        Path("/usr/share/postgresql").glob("*/extension/postgis.control")
    ):
        pytest.skip("PostgreSQL with PostGIS is not installed")
    folder = Path(tempfile.mkdtemp(prefix="kkpr-pg-"))  # pytest's own folders are closed to the server's user
    as_other: list[str] = []
    if os.name != "nt" and os.geteuid() == 0:  # the server refuses to run as root
        as_other = ["runuser", "-u", "nobody", "--"]
        shutil.chown(folder, "nobody")
    data, sockets = folder / "data", folder / "s"
    sockets.mkdir()
    sockets.chmod(0o777)
    if len(str(sockets)) > 80:
        pytest.skip("the temporary folder's path is too long for a socket")
    start = [
        *as_other,
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "kkpr",
        "--auth=trust",
        "--no-sync",
        "-E",
        "UTF8",
    ]
    made = subprocess.run(start, capture_output=True, text=True, check=False, cwd=folder)
    assert made.returncode == 0, made.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-c listen_addresses='' -c unix_socket_directories={sockets} -c port={port} -c fsync=off"
    control = [*as_other, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    log = str(folder / "data" / "log.txt")
    run = subprocess.run(
        [*control, "-l", log, "-o", options, "start"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    try:
        yield f"host={sockets} port={port} user=kkpr dbname=postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def test_postgis_as_source_and_target(database: str, tmp_path: Path) -> None:
    import psycopg

    ids = some_parcels(tmp_path / "parcels.gpkg")
    meta, _, shapes, columns = pyogrio.raw.read(tmp_path / "parcels.gpkg")
    by_name = dict(zip(meta["fields"], columns, strict=True))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        table = 'CREATE TABLE "persil \'kota" (id text, kbli text, geom geometry(Polygon, 32751))'
        connection.execute(table)
        for row, shape in enumerate(shapes):
            connection.execute(
                'INSERT INTO "persil \'kota" VALUES (%s, %s, ST_GeomFromWKB(%s, 32751))',
                (ids[row], by_name["kbli"][row], shape),
            )
    script = EXAMPLES / "14-postgis.py"
    done = call(sys.executable, script, database, "persil 'kota", "public.hasil", SAMPLE)
    assert done.returncode == 0 and f"{len(ids)} rows in public.hasil" in done.stdout, done.stderr
    with psycopg.connect(database) as connection:
        got = connection.execute("SELECT id, verdict, parcel_area_m2, subzone FROM hasil").fetchall()
        (kind,) = connection.execute("SELECT pg_typeof(parcel_area_m2)::text FROM hasil LIMIT 1").fetchone()
    assert [row[0] for row in got] == ids and kind == "double precision"
    drawn = [shapely.from_wkb(shape).area for shape in shapes]
    assert all(abs(row[2] - area) < 1e-3 for row, area in zip(got, drawn, strict=True))
    assert len({row[1] for row in got}) > 1
    again = call(sys.executable, script, database, "no_such_table", "public.hasil", SAMPLE)
    assert again.returncode != 0
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM hasil").fetchone() == (len(ids),)


QGIS = """
import sys
sys.path.insert(0, sys.argv[1])
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback, QgsProject, QgsVectorLayer
app = QgsApplication([], False)
app.initQgis()
from kkpr_check_batch import KkprCheckBatch
algorithm = KkprCheckBatch().create()
parcels = QgsVectorLayer(sys.argv[2], "persil", "ogr")
assert parcels.isValid() and parcels.featureCount(), "parcels"
QgsProject.instance().addMapLayer(parcels)
context = QgsProcessingContext()
context.setProject(QgsProject.instance())
feedback = QgsProcessingFeedback(False)
result, ok = algorithm.run(
    {"PARCELS": parcels.id(), "PLAN": sys.argv[3], "KBLI": "47111", "COMMAND": sys.argv[4], "OUTPUT": sys.argv[5]},
    context, feedback,
)
assert ok, feedback.textLog()
layer = QgsVectorLayer(result["OUTPUT"], "KKPR", "ogr")
assert layer.isValid()
print(layer.featureCount(), layer.renderer().type(), sep="|")
"""


def test_qgis_processing_script(tmp_path: Path) -> None:
    python = "/usr/bin/python3"
    has = shutil.which(python) and call(python, "-c", "import qgis.core", PYTHONPATH="").returncode == 0
    if not has:
        pytest.skip("QGIS with its Python is not installed")
    count = len(some_parcels(tmp_path / "parcels.gpkg"))
    command = tmp_path / "kkpr-check"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m kkpr_check "$@"\n')
    command.chmod(0o755)
    done = call(
        python, "-c", QGIS, EXAMPLES / "15-qgis", f"{tmp_path}/parcels.gpkg", SAMPLE, command, tmp_path / "o.gpkg",
        QT_QPA_PLATFORM="offscreen", PYTHONPATH="", PYTHONDONTWRITEBYTECODE="1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().splitlines()[-1] == f"{count}|categorizedSymbol"  # the colours of verdicts
