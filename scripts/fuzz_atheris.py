"""Coverage-guided fuzzing of the readers that are written in Python. Needs `pip install atheris` (no dependency of the project).

python scripts/fuzz_atheris.py kml -max_total_time=600        # any option of libFuzzer may follow
python scripts/fuzz_atheris.py                                # names the readers

Whatever a reader is given it may refuse (KkprError) or read; anything else ends the run with the bytes in crash-*.
Readers of GDAL and Arrow are left to scripts/fuzz.py: what is native has no coverage here.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["kkpr_check"]):
    from kkpr_check.errors import KkprError, Place
    from kkpr_check.io.coordinate_table import read_coordinate_table
    from kkpr_check.io.layers import read_layer
    from kkpr_check.io.oss.application import applications_in
    from kkpr_check.io.planfolder import load_plan
    from kkpr_check.io.shapefile import check_shapefile
    from kkpr_check.quality import baseline
    from kkpr_check.tables import parse_tables
    from kkpr_check.verifying import read_reports

FOLDER = Path(tempfile.mkdtemp(prefix="kkpr-atheris-"))
SAMPLE, EXAMPLES = ROOT / "data" / "sample", ROOT / "examples"


def _written(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.write_bytes(data)
    return path


def _layer(name: str) -> Callable[[bytes], object]:
    return lambda data: read_layer(_written(name, data), keep_broken=bool(data[:1] > b"<"))


def _shapefile(data: bytes) -> object:
    """Read .shp, .shx and .dbf out of one string: their lengths stand before them."""
    third = len(data) // 3
    for n, suffix in enumerate((".shp", ".shx", ".dbf")):
        _written(f"a{suffix}", data[n * third : (n + 1) * third])
    return check_shapefile(FOLDER / "a.shp", Place("a.shp"))


def _plan(data: bytes) -> object:
    if not (FOLDER / "plan").exists():
        shutil.copytree(SAMPLE, FOLDER / "plan")
    _written("plan/plan.toml", data)
    return load_plan(FOLDER / "plan")


def _tables(data: bytes) -> object:
    """Read a table of each kind; the first byte says which."""
    names = sorted(p.name for p in SAMPLE.glob("*.csv"))
    return parse_tables({names[data[0] % len(names)]: data[1:]} if data else {})


READERS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "kml": (
        _layer("a.kml"),
        [b"<kml><Placemark><Point><coordinates>124.4,-9.4</coordinates></Point></Placemark></kml>"],
    ),
    "geojson": (_layer("a.geojson"), [p.read_bytes() for p in EXAMPLES.glob("0*.geojson")]),
    "geojsonl": (_layer("a.geojsonl"), [b'{"type":"Point","coordinates":[124.4,-9.4]}\n']),
    "zip": (_layer("a.zip"), [b"PK\5\6" + bytes(18)]),
    "shapefile": (_shapefile, []),
    "csv": (
        lambda data: read_coordinate_table(_written("a.csv", data)),
        [b"no,lon,lat\n1,124.4,-9.4\n2,124 28 1 E,9 26 2 S\n"],
    ),
    "oss": (lambda data: applications_in(data, "a.json"), [(EXAMPLES / "09-oss.json").read_bytes()]),
    "plan.toml": (_plan, [(SAMPLE / "plan.toml").read_bytes()]),
    "tables": (_tables, [bytes([n]) + p.read_bytes() for n, p in enumerate(sorted(SAMPLE.glob("*.csv")))]),
    "baseline": (
        lambda data: baseline.parse(data.decode(errors="replace"), Place("a")),
        [(SAMPLE / "baseline.json").read_bytes()],
    ),
    "report": (
        lambda data: read_reports(str(_written("a.json", data))),
        [b'{"schema": "kkpr-check/report/1"}'],
    ),
}


def main() -> None:
    """Fuzz the reader that the command line names."""
    if len(sys.argv) < 2 or sys.argv[1] not in READERS:
        sys.exit("one of: " + " ".join(READERS))
    read, seeds = READERS[sys.argv.pop(1)]
    corpus = FOLDER / "seeds"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)

    def one(data: bytes) -> None:
        with contextlib.suppress(KkprError):
            read(data)

    atheris.Setup([*sys.argv, str(corpus), "-timeout=10", "-rss_limit_mb=4000"], one)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
