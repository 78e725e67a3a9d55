"""The guide: every command in it runs, and its pictures show what the program says."""

from __future__ import annotations

import html
import itertools
import os
import re
import shlex
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from cli_harness import EXAMPLES, SAMPLE, Run

from kkpr_check.batch.arrowrows import geo_metadata

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import make_pictures  # noqa: E402  (a script, not a package)

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ELSEWHERE = {
    "--scheduler": "a cluster: tests/test_batch_cluster.py",
    "--install-completion": "changes the shell of who runs it",
}
"""Commands that no test here can run, by a word in them."""
_FENCE = re.compile(r"^```(?:\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def commands_of(page: Path) -> list[list[str]]:
    """Return the calls of a page in order; comments and what follows a pipe are left out."""
    found = []
    for block in _FENCE.findall(page.read_text("utf-8")):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            text = line.removeprefix("$ ")
            if text.startswith("kkpr-check ") and not any(word in text for word in ELSEWHERE):
                words = shlex.split(text, comments=True)
                stop = min((words.index(mark) for mark in ("|", ">") if mark in words), default=len(words))
                found.append(words[1:stop])
    return found


Maker = Callable[[Path], None]


def layer(name: str, source: str, sublayer: str | None = None, **options: Any) -> Maker:
    """Return what writes a layer of the sample plan under the name that a page uses."""

    def make(folder: Path) -> None:
        meta, _, shapes, columns = pyogrio.raw.read(SAMPLE / "layers" / source, layer=sublayer)
        options.setdefault("geometry_type", meta["geometry_type"])
        pyogrio.raw.write(
            folder / name, shapes, columns, meta["fields"], crs=meta["crs"], promote_to_multi=False, **options
        )

    return make


def parcel(name: str) -> Maker:
    """Return what writes one parcel of the examples."""

    def make(folder: Path) -> None:
        meta, _, shapes, _ = pyogrio.raw.read(EXAMPLES / "08-land.geojson")
        pyogrio.raw.write(
            folder / name, shapes[:1], [np.array(["1"], dtype=object)], ["id"], crs=meta["crs"],
            geometry_type=meta["geometry_type"],
        )  # fmt: skip

    return make


def table_of_points(folder: Path) -> None:
    _, _, shapes, _ = pyogrio.raw.read(EXAMPLES / "08-land.geojson")
    ring = shapely.get_coordinates(shapely.from_wkb(shapes[0]))
    rows = [f"a,{n},{y:.9f},{x:.9f}" for n, (x, y) in enumerate(ring, 1)]
    (folder / "sites.csv").write_text("\n".join(["id,no,lat,lon", *rows]) + "\n", "utf-8")


def kmz(folder: Path) -> None:
    _, _, shapes, _ = pyogrio.raw.read(EXAMPLES / "08-land.geojson")
    ring = " ".join(f"{x},{y}" for x, y in shapely.get_coordinates(shapely.from_wkb(shapes[0])))
    text = (
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>a</name><Polygon>'
        f"<outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
        "</Placemark></Document></kml>"
    )
    with zipfile.ZipFile(folder / "sites.kmz", "w") as archive:
        archive.writestr("doc.kml", text)


def rtrw_zip(folder: Path) -> None:
    meta, _, shapes, columns = pyogrio.raw.read(
        SAMPLE.with_name("sample-rtrw") / "layers" / "rtrw_polaruang_sintetis.gpkg"
    )
    pyogrio.raw.write(
        folder / "rtrw.shp",
        shapes,
        columns,
        meta["fields"],
        crs=meta["crs"],
        geometry_type=meta["geometry_type"],
    )
    with zipfile.ZipFile(folder / "rtrw.zip", "w") as archive:
        for part in sorted(folder.glob("rtrw.*")):
            if part.suffix != ".zip":
                archive.write(part, part.name)


def parcels(name: str) -> Maker:
    """Return what writes some parcels of the sample, with their applications."""

    def make(folder: Path) -> None:
        meta, _, shapes, columns = pyogrio.raw.read(ROOT / "data" / "parcels.gpkg", max_features=40)
        pyogrio.raw.write(
            folder / name,
            shapes,
            columns,
            meta["fields"],
            crs=meta["crs"],
            geometry_type=meta["geometry_type"],
        )

    return make


def parquet(folder: Path) -> None:
    """Write the same as GeoParquet (pyogrio's GDAL has no driver for it)."""
    import pyarrow as pa
    import pyarrow.parquet

    meta, _, shapes, columns = pyogrio.raw.read(ROOT / "data" / "parcels.gpkg", max_features=40)
    named = dict(zip(meta["fields"], (pa.array(list(c), from_pandas=True) for c in columns), strict=True))
    table = pa.table({**named, "geometry": pa.array(list(shapes), pa.binary())})
    pa.parquet.write_table(
        table.replace_schema_metadata({b"geo": geo_metadata(meta["crs"], None, ["Polygon"])}),
        folder / "parcels.parquet",
    )


def plan(name: str, source: str = "sample", *, locked: bool = False) -> Maker:
    """Return what copies a sample plan."""

    def make(folder: Path) -> None:
        shutil.copytree(ROOT / "data" / source, folder / name)

    return make


def matrix(name: str) -> Maker:
    """Return what copies the activity matrix as a table of its own."""

    def make(folder: Path) -> None:
        shutil.copy(SAMPLE / "itbx.csv", folder / name)

    return make


def workbook(folder: Path) -> None:
    from kkpr_check.cli.main import main

    assert main(["--quiet", "plan", "export-itbx", str(SAMPLE), str(folder / "lampiran.xlsx")]) == 0


ROADS = ("struktur_ruang_sintetis.gpkg", "jaringan_jalan")
MAKERS: Mapping[str, Maker] = {
    "data": lambda folder: os.symlink(ROOT / "data", folder / "data"),
    "examples": lambda folder: os.symlink(EXAMPLES, folder / "examples"),
    "my-plan": plan("my-plan"),
    "rdtr": plan("rdtr"),
    "rdtr-kami": plan("rdtr-kami"),
    "rdtr-kefamenanu": plan("rdtr-kefamenanu"),
    "rtrw": plan("rtrw", "sample-rtrw"),
    "rtrw-ttu": plan("rtrw-ttu", "sample-rtrw"),
    "rencana": plan("rencana/satu"),
    "rencana-2024": plan("rencana-2024"),
    "rencana-2026": plan("rencana-2026"),
    "lama": plan("lama"),
    "baru": plan("baru"),
    "plans": plan("plans/satu"),
    "old": plan("old"),
    "new": plan("new"),
    "parcels.geojson": parcel("parcels.geojson"),
    "base": plan("base/plans/satu"),
    "head": plan("head/plans/satu"),
    "persil.gpkg": parcels("persil.gpkg"),
    "polaruang.shp": layer("polaruang.shp", "polaruang_sintetis.shp"),
    "polaruang_lama.shp": layer("polaruang_lama.shp", "polaruang_sintetis.shp"),
    "polaruang_baru.shp": layer("polaruang_baru.shp", "polaruang_sintetis.shp"),
    "polaruang.geojson": layer("polaruang.geojson", "polaruang_sintetis.shp", RFC7946="YES"),
    "batas_wp.geojson": layer("batas_wp.geojson", "batas_wp_sintetis.geojson"),
    "jalan.shp": layer("jalan.shp", *ROADS),
    "jalan.geojson": layer("jalan.geojson", *ROADS, RFC7946="YES"),
    "sungai.geojson": layer("sungai.geojson", "sungai_sintetis.geojson"),
    "lp2b.geojson": layer("lp2b.geojson", "rawan_banjir_sintetis.geojson"),
    "kawasan_hutan.geojson": layer("kawasan_hutan.geojson", "kawasan_hutan_sintetis.geojson"),
    "building.geojson": parcel("building.geojson"),
    "bangunan.geojson": parcel("bangunan.geojson"),
    "persil.geojson": parcel("persil.geojson"),
    "persil.shp": parcel("persil.shp"),
    "lot.gpkg": parcel("lot.gpkg"),
    "lot.shp": parcel("lot.shp"),
    "sites.geojson": lambda folder: shutil.copy(EXAMPLES / "06-several.geojson", folder / "sites.geojson"),
    "sites.csv": table_of_points,
    "sites.kmz": kmz,
    "rtrw.zip": rtrw_zip,
    "parcels.parquet": parquet,
    "lampiran.xlsx": workbook,
    "lampiran_itbx.csv": matrix("lampiran_itbx.csv"),
    "intensitas.csv": lambda folder: shutil.copy(SAMPLE / "intensity.csv", folder / "intensitas.csv"),
}  # fmt: skip
"""What a page may name, and what makes it: sample data under the names that a reader would have."""


def inputs(commands: list[list[str]]) -> Iterator[str]:
    """Yield the files and folders that a page's commands read and do not write themselves."""
    written: set[str] = set()
    for words in commands:
        for word, before in zip(words, ["", *words], strict=False):
            name = word.split("/")[0]
            if before in ("--output", "--findings", "--write-baseline", "--fix-safe"):
                written.add(name)
            elif name in MAKERS and name not in written:
                yield name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_runs(
    page: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = commands_of(page)
    for name in dict.fromkeys(inputs(commands)):
        MAKERS[name](tmp_path)
    monkeypatch.chdir(tmp_path)
    for words in commands:
        outputs = [after for word, after in itertools.pairwise(words) if word == "--output"]
        for output in outputs:  # two languages of a page make the same thing
            target = tmp_path / output
            if target.is_dir():
                shutil.rmtree(target)
            target.unlink(missing_ok=True)
        code, out, err = run(*words)
        assert code in (0, 1), (words, err)
        assert out or outputs or err, words


def test_the_guide_has_commands() -> None:
    assert sum(len(commands_of(page)) for page in PAGES) > 40


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_picture_shows_what_the_program_says(language: str) -> None:
    def words(svg: str) -> list[str]:
        return html.unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).split()

    drawn = (ROOT / "docs" / "pictures" / f"check-{language}.svg").read_text("utf-8")
    assert words(drawn) == words(make_pictures.terminal(language)), "run: make docs"
    assert "http://" not in drawn.replace("http://www.w3.org", "") and "url(http" not in drawn
