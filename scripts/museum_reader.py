"""One other reader at work on broken files: paths come in, one a line; what it does goes out, one JSON line each.

PYTHON scripts/museum_reader.py geopandas|pyogrio|fiona|ogr2ogr|QGIS

Every file is read in a child process of its own that has ten seconds. The standard library alone is imported here: QGIS
brings a Python of its own.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

TIME_OUT_S = 10
OF_THE_VERSION = b"may only be partially supported"
"""What an older GDAL says of every GeoPackage of a newer one."""

Read = Callable[[str], int]


class RefusedError(Exception):
    """The reader said no in its own way."""


def geopandas_reader() -> tuple[str, Read]:
    """``geopandas.read_file``."""
    import geopandas

    return geopandas.__version__, lambda path: len(geopandas.read_file(path))


def pyogrio_reader() -> tuple[str, Read]:
    """``pyogrio.raw.read``."""
    import pyogrio.raw

    return pyogrio.__version__, lambda path: len(pyogrio.raw.read(path)[2])


def fiona_reader() -> tuple[str, Read]:
    """``fiona.open``, every feature taken."""
    import fiona

    def read(path: str) -> int:
        with fiona.open(f"zip://{path}" if path.endswith(".zip") else path) as layer:
            return sum(1 for _ in layer)

    return fiona.__version__, read


def ogr2ogr_reader() -> tuple[str, Read]:
    """``ogr2ogr`` into a GeoPackage, whose features are counted."""

    def read(path: str) -> int:
        with tempfile.TemporaryDirectory() as folder:
            out = str(Path(folder) / "out.gpkg")
            ended = subprocess.run(["ogr2ogr", "-f", "GPKG", out, in_zip(path)], check=False)
            if ended.returncode < 0:
                os.kill(os.getpid(), -ended.returncode)
            if ended.returncode:
                raise RefusedError
            with sqlite3.connect(out) as database:
                tables = [name for (name,) in database.execute("SELECT table_name FROM gpkg_contents")]
                return sum(int(database.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0]) for t in tables)

    version = subprocess.run(["ogr2ogr", "--version"], capture_output=True, text=True, check=True).stdout
    return version.split()[1].rstrip(","), read


def qgis_reader() -> tuple[str, Read]:
    """``QgsVectorLayer``, every feature taken."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from qgis.core import Qgis, QgsApplication, QgsVectorLayer

    application = QgsApplication([], False)
    application.initQgis()

    def read(path: str, _application: object = application) -> int:
        layer = QgsVectorLayer(in_zip(path), "layer", "ogr")
        if not layer.isValid():
            raise RefusedError
        count = sum(1 for _ in layer.getFeatures())
        if text := layer.dataProvider().errors():
            sys.stderr.write(str(text))
        return count

    return Qgis.version().partition("-")[0], read


def in_zip(path: str) -> str:
    """Return the path as GDAL wants it."""
    return f"/vsizip/{path}" if path.endswith(".zip") else path


READERS = {
    "geopandas": geopandas_reader,
    "pyogrio": pyogrio_reader,
    "fiona": fiona_reader,
    "ogr2ogr": ogr2ogr_reader,
    "QGIS": qgis_reader,
}


def outcome(read: Read, path: str) -> str:
    """Read a file in a child process and say what came of it: ``reads 3``, ``warns, reads 3``, ``error``, ``crash``, ``hang``."""
    with tempfile.TemporaryFile() as said:
        inner, outer = os.pipe()
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            try:
                os.write(outer, str(read(path)).encode())
            except BaseException:
                os.write(outer, b"error")
            sys.stderr.flush()
            os._exit(0)
        os.close(outer)
        ready, _, _ = select.select([inner], [], [], TIME_OUT_S)
        answer = os.read(inner, 100).decode() if ready else ""
        os.close(inner)
        if not ready:
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if not ready:
            return "hang"
        if not answer:
            return "crash"
        if answer == "error":
            return "error"
        said.seek(0)
        words = [line for line in said if line.strip() and OF_THE_VERSION not in line]
        return f"warns, reads {answer}" if words else f"reads {answer}"


def main() -> None:
    """Answer with the version, then with one outcome a path."""
    version, read = READERS[sys.argv[1]]()
    print(json.dumps(version), flush=True)
    for line in sys.stdin:
        print(json.dumps(outcome(read, line.rstrip("\n"))), flush=True)


if __name__ == "__main__":
    main()
