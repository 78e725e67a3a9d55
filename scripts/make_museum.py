"""docs/faults.md: every broken file of the museum, what kkpr-check says of it, and what other readers do with it.

python scripts/make_museum.py             # write docs/faults.md; other readers as measured before
python scripts/make_museum.py --measure   # measure them again (geopandas, pyogrio, fiona, ogr2ogr, QGIS), into museum_readers.json
"""

from __future__ import annotations

import contextlib
import html
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from faults import FAULTS, Fault  # noqa: E402  (of the tests, not a package)

PAGE = ROOT / "docs" / "faults.md"
MEASURED = Path(__file__).with_name("museum_readers.json")
READER = Path(__file__).with_name("museum_reader.py")
PYTHON = {"QGIS": "/usr/bin/python3", "ogr2ogr": "/usr/bin/python3"}
READERS = ("geopandas", "pyogrio", "fiona", "ogr2ogr", "QGIS")

VECTOR = {".shp", ".shx", ".dbf", ".gpkg", ".fgb", ".geojson", ".kml", ".kmz", ".dxf", ".zip"}
SOUND = {
    "a line", "a point", "points instead of polygons", "two parcels of one id", "no features at all", "in Africa",
    "no geometry", "an empty polygon", "wrong UTM zone (48S for Timor)", "no CRS in a GeoPackage", "a null crs",
    "zip of two layers", "zip of 10 001 members", "KML of no placemark", "KML with only a network link",
    "DXF of an open outline", "KML of depth 10 000", "river: a link out of the folder",
}  # fmt: skip
"""Sound as files: what is wrong with them only a checker of sites can know. No reader is blamed for them."""

FOREIGN = re.compile(
    r"(cannot be read|can not be read|not valid TOML|not a readable zip|is damaged at [^:]*): .*"
)
"""What follows these words is the text of another program, and changes with its version."""
LONGEST = 220


def arguments(fault: Fault, broken: Path) -> tuple[str, ...]:
    """Return the call of kkpr-check that meets a fault."""
    sample = str(ROOT / "data" / "sample")
    common = ("--as-of", "2025-01-01", "--format", "json")
    if fault.kind == "site":
        return "check", "--parcel", str(broken), "--plan", sample, *common
    plan = next(p for p in broken.parents if p.name == "rencana")
    return "check", str(ROOT / "examples" / "01-conform.geojson"), "--plan", str(plan), *common


def said(fault: Fault, folder: Path, error: str, report: str) -> str:
    """Return what kkpr-check says of a fault, in one line without the folder."""
    if error.startswith("kkpr-check: error: "):
        text = error.splitlines()[0].removeprefix("kkpr-check: error: ")
    else:
        loaded = json.loads(report)
        reports = loaded if isinstance(loaded, list) else [loaded]
        unknown = [f for one in reports for f in one["findings"] if f["outcome"] == "undetermined"]
        if fault.code:
            text = f"undetermined, {unknown[0]['rule']}: {unknown[0]['message']}"
        else:
            notes = [note for one in reports for note in one["provenance"]["assumptions"]]
            text = f"judged, and said: {next(note for note in notes if fault.says in note)}"
    text = " ".join(text.replace(f"{folder}/", "").split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def answer(fault: Fault) -> tuple[int, str]:
    """Run kkpr-check on a fault: exit code and what it says."""
    from kkpr_check.cli import main

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "museum"
        folder.mkdir()
        output = Path(name) / "out.json"
        error = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
            code = main([*arguments(fault, fault.build(folder)), "--output", str(output)])
        report = output.read_text("utf-8") if output.exists() else ""
        return code, said(fault, folder, error.buffer.getvalue().decode(), report)


def own(code: int, text: str) -> str:
    """Return the cell of kkpr-check."""
    return (
        f"{code} | {html.escape(text, quote=False).replace('|', chr(92) + '|').replace('*', chr(92) + '*')}"
    )


def same(cell: str) -> str:
    """Return a cell without the words of other programs and places in the sample plan: what has to be current."""
    return re.sub(r"(plan\.toml, row |layer\[)\d+", r"\1", FOREIGN.sub(r"\1", cell))


def key(fault: Fault) -> str:
    """Return the name of a fault among all."""
    return f"{fault.kind}: {fault.name}"


def opened(fault: Fault, folder: Path) -> Path | None:
    """Build a fault and return the vector file another reader would open; None: it is none."""
    broken = fault.build(folder)
    if broken.suffix not in VECTOR or (
        not os.path.lexists(broken) and not broken.with_suffix(".shp").exists()
    ):
        return None
    return broken.with_suffix(".shp") if broken.suffix in (".shx", ".dbf") else broken


def measured(reader: str) -> tuple[str, dict[str, str]]:
    """Let one reader read every vector file of the museum: its version, and what it does by fault."""
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen(
            [PYTHON.get(reader, sys.executable), str(READER), reader], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith(("GDAL_", "OGR_", "CPL_", "PYTHON"))},
        ) as process,
    ):  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        version = json.loads(process.stdout.readline())
        done = {}
        for number, fault in enumerate(FAULTS):
            folder = Path(name) / str(number)
            folder.mkdir()
            if path := opened(fault, folder):
                process.stdin.write(f"{path}\n")
                process.stdin.flush()
                done[key(fault)] = json.loads(process.stdout.readline())
        process.stdin.close()
    return version, done


def measure() -> None:
    """Measure all readers, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(measured, READERS))
    versions = dict(zip(READERS, (version for version, _ in results), strict=True))
    outcomes = {
        name: {reader: done[name] for reader, (_, done) in zip(READERS, results, strict=True)}
        for name in results[0][1]
    }
    MEASURED.write_text(json.dumps({"versions": versions, "faults": outcomes}, indent=1) + "\n", "utf-8")


def counted(name: str) -> bool:
    """Return whether a fault is one of the file, which a reader could see."""
    title = name.partition(": ")[2]
    return title not in SOUND and " = " not in title


def rows(faults: Sequence[Fault], others: dict[str, dict[str, str]]) -> Iterator[str]:
    """Return the table of one room."""
    yield f"| fault | exit | kkpr-check says | {' | '.join(READERS)} |"
    yield "|---" * (3 + len(READERS)) + "|"
    for fault in faults:
        cells = others.get(key(fault), {})
        name = html.escape(fault.name, quote=False) + ("" if not cells or counted(key(fault)) else " ¹")
        yield f"| {name} | {own(*answer(fault))} | {' | '.join(cells.get(r, '') for r in READERS)} |"


def headline(others: dict[str, dict[str, str]]) -> Iterator[str]:
    """Return the counts: how many broken files each reader reads without a word."""
    broken = [cells for name, cells in others.items() if counted(name)]
    silent = {r: sum(cells[r].startswith("reads") for cells in broken) for r in READERS}
    yield f"Of {len(broken)} broken vector files geopandas reads {silent['geopandas']} without a word, kkpr-check none."
    yield ""
    yield "| | reads without a word | reads with a warning | error | crash | no end after 10 s |"
    yield "|---|---|---|---|---|---|"
    for reader in READERS:
        told = [
            next(w for w in ("reads", "warns", "error", "crash", "hang") if cells[reader].startswith(w))
            for cells in broken
        ]
        yield f"| {reader} | {' | '.join(str(told.count(w)) for w in ('reads', 'warns', 'error', 'crash', 'hang'))} |"


HEAD = """# The fault museum

<!-- written by scripts/make_museum.py: do not edit -->

{count} files, each broken in one way, made by code in `tests/faults/`. The tests hold kkpr-check to the exit code and the message of every
one of them, and to writing nothing and changing nothing (`tests/test_faults.py`). Exit 2: refused, nothing is judged that was not
read. Exit 1: judged, and the doubt stands in the report as *undetermined*.
Exit 0: judged, and what was assumed stands in the report.

{headline}

A reader is no checker: most of what is read here without a word is read as its documentation says. The table tells why a check
reads files on its own terms. Versions: {versions}.
Each reader had ten seconds and a process of its own for each file, with its default options (fiona's are silent about warnings);
"reads 20" is the number of features it returned.
PostGIS is left out: it reads files through ogr2ogr or shp2pgsql.
Tables, TOML files and pipes that no reader of vectors opens have our column only.

¹ Sound as a file, and read rightly: what is wrong is told by its content only. Not counted above.
"""
ROOMS = (("site", "Parcels and buildings"), ("plan", "Plan folders"))


def page() -> str:
    """Return docs/faults.md."""
    stored: dict[str, Any] = json.loads(MEASURED.read_text("utf-8"))
    versions = ", ".join(f"{name} {version}" for name, version in stored["versions"].items())
    lines = [
        HEAD.format(count=len(FAULTS), headline="\n".join(headline(stored["faults"])), versions=versions)
    ]
    for kind, title in ROOMS:
        faults = [f for f in FAULTS if f.kind == kind]
        lines += [f"## {title}", "", *rows(faults, stored["faults"]), ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    if "--measure" in sys.argv[1:]:
        measure()
    PAGE.write_text(page(), "utf-8")
