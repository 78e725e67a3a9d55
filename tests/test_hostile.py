"""Files made to do harm, beyond wrong bytes: claims, depth, names, SQL, links; disks, locks and signals at bad moments.

Zips, KML entities and disguised formats are in test_intake.py, workbooks in test_annex_itbx.py, pages in
test_report_pages.py, output names in test_cli_output.py, batch in test_batch_faults.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import dxf, feature, geojson, lonlat_squares, squares, write
from cli_harness import EXAMPLES, JUDGE, SAMPLE, Run

QUICK_S = 20.0
"""Far more than any of these takes on a busy machine, far less than what they ask for."""


def refused(run: Run, *arguments: str) -> str:
    """Run a command that must be refused at once with one message; return it."""
    begun = time.monotonic()
    code, out, err = run(*arguments)
    assert code == 2 and out == "", (code, out[:300], err[:300])
    assert err.startswith("kkpr-check: error: ") and "unexpected" not in err and "Traceback" not in err, err[
        :500
    ]
    assert len(err) < 3_000
    assert time.monotonic() - begun < QUICK_S
    return err


# --- claims ------------------------------------------------------------------------------------------------------


def sql(path: Path, *statements: str) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as base:
        for (trigger,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f'DROP TRIGGER "{trigger}"')  # they call functions of GDAL
        base.execute("PRAGMA legacy_alter_table = ON")
        for statement in statements:
            base.execute(statement)
        base.commit()
    return path


def gpkg(folder: Path, layer: str = "persil") -> Path:
    return write(folder / "persil.gpkg", squares(2), {"id": ["a", "b"]}, driver="GPKG", layer=layer)


@pytest.mark.parametrize("rows", [10**9, 2**62, -5])
def test_a_geopackage_that_claims_many_rows(run: Run, tmp_path: Path, rows: int) -> None:
    """GDAL believes the claim; the rows are counted, and what does not agree is refused."""
    path = sql(gpkg(tmp_path), f"UPDATE gpkg_ogr_contents SET feature_count = {rows}")
    refused(run, "check", "--parcel", str(path), *JUDGE)
    refused(run, "batch", str(path), *JUDGE, "--output", str(tmp_path / "o.csv"))
    assert not (tmp_path / "o.csv").exists()


def fgb_claiming(path: Path, count: int, claim: int) -> Path:
    data = path.read_bytes()
    at = data.index(struct.pack("<Q", count))
    path.write_bytes(data[:at] + struct.pack("<Q", claim) + data[at + 8 :])
    return path


@pytest.mark.parametrize("claim", [10**9, 2**40, 2**63])
def test_a_flatgeobuf_that_claims_many_rows(run: Run, tmp_path: Path, claim: int) -> None:
    path = write(tmp_path / "a.fgb", squares(77), driver="FlatGeobuf")
    fgb_claiming(path, 77, claim)
    refused(run, "check", "--parcel", str(path), *JUDGE)
    refused(run, "batch", str(path), *JUDGE, "--output", str(tmp_path / "o.csv"))
    assert not (tmp_path / "o.csv").exists()


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def parquet(path: Path, count: int) -> Path:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq
    import shapely

    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    table = pa.table(
        {"id": [str(i) for i in range(count)], "geometry": list(shapely.to_wkb(lonlat_squares(count)))}
    )
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(geo).encode()}), path)
    return path


@pytest.mark.parametrize("which", ["the file", "the row group", "both"])
@pytest.mark.parametrize("claim", [10**9, 2**62, 3])
def test_a_parquet_that_claims_many_rows(run: Run, tmp_path: Path, which: str, claim: int) -> None:
    path = parquet(tmp_path / "a.parquet", 13)
    data = path.read_bytes()
    size = struct.unpack("<I", data[-8:-4])[0]
    body, footer = data[: -8 - size], data[-8 - size : -8]
    said, new = b"\x16" + varint(26), b"\x16" + varint(2 * claim)  # zigzag: 13 -> 26
    places = [at for at in range(len(footer)) if footer.startswith(said, at)]
    first, last = places[0], places[-1]
    for at in {"the file": [first], "the row group": [last], "both": sorted({first, last}, reverse=True)}[
        which
    ]:
        footer = footer[:at] + new + footer[at + len(said) :]
    path.write_bytes(body + footer + struct.pack("<I", len(footer)) + b"PAR1")
    refused(run, "check", "--parcel", str(path), *JUDGE)
    refused(run, "batch", str(path), *JUDGE, "--output", str(tmp_path / "o.csv"))
    assert not (tmp_path / "o.csv").exists()


# --- SQL -----------------------------------------------------------------------------------------------------------

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a reader two seconds."""
    from kkpr_check.io import apart

    monkeypatch.setattr(apart, "LEAST_S", 2.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("command", ["check", "batch", "validate", "plan init"])
def test_a_view_without_end(run: Run, tmp_path: Path, command: str) -> None:
    view = f"CREATE VIEW persil AS {ENDLESS} SELECT asli.fid + n.i AS fid, geom, id FROM asli, n"
    path = str(sql(gpkg(tmp_path), "ALTER TABLE persil RENAME TO asli", view))
    output = tmp_path / "o"
    if command == "validate":
        code, out, err = run("validate", path, "--format", "json")
        assert code == 1 and json.loads(out)["findings"][0]["code"] == "DAT001", err
        return
    arguments = {
        "check": ("check", "--parcel", path, *JUDGE),
        "batch": ("batch", path, *JUDGE, "--output", f"{output}.csv"),
        "plan init": ("plan", "init", path, "--output", str(output), "--yes"),
    }[command]
    assert "no answer" in refused(run, *arguments)
    assert not list(tmp_path.glob("o*"))


NAMES = [
    'x"; DROP TABLE asli; --',
    "x'y",
    "[x]",
    "`x`",
    "x\\",
    "x;y",
    "\u202egnp",
    "x" * 300,
    "select",
    "%s",
    "é ñ",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_layers_and_columns_are_no_sql(run: Run, tmp_path: Path, name: str) -> None:
    """Whatever a layer or a column is called: it is read whole, and the file stays as it was."""
    path = gpkg(tmp_path, "asli")
    quoted = name.replace('"', '""')
    sql(
        path,
        f'ALTER TABLE asli ADD COLUMN "{quoted}" TEXT',
        'CREATE TABLE "salinan" AS SELECT * FROM asli',
        f'ALTER TABLE asli RENAME TO "{quoted}"',
        *(
            f"UPDATE {table} SET table_name = '{name.replace(chr(39), chr(39) * 2)}' WHERE table_name = 'asli'"
            for table in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_ogr_contents")
        ),
    )
    before = path.read_bytes()
    code, out, err = run("check", "--parcel", str(path), "--layer", name, *JUDGE, "--format", "jsonl")
    assert (code, len(out.splitlines())) == (1, 2), err
    code, out, err = run("batch", str(path), "--layer", name, *JUDGE, "--output", str(tmp_path / "o.csv"))
    assert code == 0 and len((tmp_path / "o.csv").read_text().splitlines()) == 3, err
    code, out, err = run("validate", str(path), "--format", "text")
    assert code in (0, 1) and "\u202e" not in out + err
    assert path.read_bytes() == before


def test_a_trigger_and_a_virtual_table_run_nothing(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "rahasia.csv"
    secret.write_text("a,b\n1,2\n")
    path = sql(
        gpkg(tmp_path),
        "CREATE TRIGGER jahat AFTER UPDATE ON persil BEGIN DELETE FROM persil; END",
        "PRAGMA writable_schema = ON",
        f"INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING VirtualOGR(''{secret}'', 0)')",
    )
    before = path.read_bytes()
    code, out, err = run("check", "--parcel", str(path), *JUDGE, "--format", "jsonl")
    assert code in (1, 2) and "rahasia" not in out + err
    assert path.read_bytes() == before and not list(tmp_path.glob("*-journal"))


# --- depth and length ----------------------------------------------------------------------------------------------

DEEP = {
    "lists": "[" * 100_000,
    "closed lists": "[" * 100_000 + "]" * 100_000,
    "objects": '{"a":' * 100_000,
    "a number of 5000 digits": '{"a": ' + "9" * 5_000 + "}",
    "one line of 5 MB": '{"a": "' + "x" * 5_000_000 + '"}',
    "a lone surrogate": '{"a": "\\ud800"}',
    "NUL": "\0",
    "nothing": "",
    "UTF-16": "\ufeff{}",
}


def _lock(folder: Path, text: bytes) -> tuple[str, ...]:
    copy = Path(shutil.copytree(SAMPLE, folder / "rencana"))
    (copy / "plan.lock").write_bytes(text)
    return ("check", str(EXAMPLES / "01-conform.geojson"), "--plan", str(copy))


def _as(name: str, *command: str) -> Callable[[Path, bytes], tuple[str, ...]]:
    def build(folder: Path, text: bytes) -> tuple[str, ...]:
        (folder / name).write_bytes(text)
        return tuple(str(folder / name) if part == "FILE" else part for part in command)

    return build


JSON_READERS: dict[str, Callable[[Path, bytes], tuple[str, ...]]] = {
    "check": _as("a.geojson", "check", "--parcel", "FILE", *JUDGE),
    "check, a feature a line": _as("a.geojsonl", "check", "--parcel", "FILE", *JUDGE),
    "batch": _as("a.geojson", "batch", "FILE", *JUDGE, "--output", os.devnull + ".csv"),
    "batch, a feature a line": _as("a.geojsonl", "batch", "FILE", *JUDGE, "--output", os.devnull + ".csv"),
    "verify": _as("a.json", "verify", "FILE"),
    "baseline": _as("a.json", "validate", str(SAMPLE), "--baseline", "FILE"),
    "annex": _as("a.json", "plan", "import-itbx", "FILE", str(SAMPLE) + "-tiada"),
    "plan.lock": _lock,
}


@pytest.mark.parametrize("reader", list(JSON_READERS))
@pytest.mark.parametrize("kind", list(DEEP))
def test_json_that_is_deep_long_or_odd(run: Run, tmp_path: Path, reader: str, kind: str) -> None:
    text = DEEP[kind].encode("utf-16") if kind == "UTF-16" else DEEP[kind].encode()
    refused(run, *JSON_READERS[reader](tmp_path, text))


@pytest.mark.parametrize(
    "line",
    [
        "x = " + "[" * 50_000,
        "x = " + "[" * 50_000 + "]" * 50_000,
        "x = " + "{a=" * 20_000,
        "[a" + ".a" * 20_000 + "]",
        "a" + ".a" * 5_000 + " = 1",
        "x = " + "9" * 5_000,
        "x = 0x" + "f" * 100_000,
        'x = "' + "y" * 5_000_000 + '"',
        'x = "\x1b[31m\u202e"',
        "x = 9999-99-99",
    ],
    ids=lambda line: line[:12].encode("unicode_escape").decode(),
)
def test_a_plan_toml_that_is_deep_long_or_odd(run: Run, tmp_path: Path, line: str) -> None:
    copy = Path(shutil.copytree(SAMPLE, tmp_path / "rencana"))
    old = (copy / "plan.toml").read_text("utf-8")
    (copy / "plan.toml").write_text(line + "\n" + old, encoding="utf-8")
    err = refused(run, "check", str(EXAMPLES / "01-conform.geojson"), "--plan", str(copy))
    assert "plan.toml" in err and "\x1b" not in err and "\u202e" not in err


# --- disks, locks, signals -----------------------------------------------------------------------------------------


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a disk in memory with options."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(options: str, remount: bool = False) -> Path:
        how = (
            ["mount", "-o", f"remount,{options}", str(disk)]
            if remount
            else ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        )
        if shutil.which("mount") is None or subprocess.run(how, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        return disk

    yield mount  # type: ignore[misc]
    subprocess.run(["umount", str(disk)], check=False, capture_output=True)


def test_a_read_only_disk(run: Run, tmp_path: Path, mounted: Any) -> None:
    """What only reads works there; what writes is refused and says so."""
    disk = mounted("size=30m")
    copy = Path(shutil.copytree(SAMPLE, disk / "rencana"))
    site = Path(shutil.copy(EXAMPLES / "01-conform.geojson", disk / "persil.geojson"))
    path = gpkg(disk)
    mounted("ro", remount=True)
    plans = ("--plan", str(copy), "--as-of", "2025-01-01")
    assert run("check", str(site), *plans, "--format", "json")[0] in (0, 1)
    assert run("check", "--parcel", str(path), *plans, "--format", "json")[0] in (0, 1)
    assert run("batch", str(path), *plans, "--output", str(tmp_path / "o.csv"))[0] == 0
    zoning = str(SAMPLE / "layers" / "polaruang_sintetis.shp")
    annex = tmp_path / "a.csv"
    annex.write_text("No,Kode,Kegiatan,R-2\n1,01111,Pertanian Jagung,X\n")
    for arguments in (
        ("plan", "lock", str(copy)),
        ("check", str(site), *plans, "--output", str(disk / "o.json")),
        ("batch", str(path), *plans, "--output", str(disk / "o.csv")),
        ("validate", str(copy), "--output", str(disk / "o.json")),
        ("plan", "init", zoning, "--output", str(disk / "baru"), "--yes"),
        ("plan", "import-itbx", str(annex), str(copy), "--overwrite"),
    ):
        err = refused(run, *arguments)
        assert "Read-only file system" in err, err
    assert sorted(p.name for p in disk.iterdir()) == ["persil.geojson", "persil.gpkg", "rencana"]


@pytest.mark.parametrize("suffix", ["json", "geojson", "html", "md", "gpkg", "docx", "pdf"])
def test_a_full_disk_leaves_no_report(run: Run, mounted: Any, suffix: str) -> None:
    if suffix == "docx":
        pytest.importorskip("docx")
    if suffix == "pdf":
        pytest.importorskip("fpdf")
    disk = mounted("size=64k")
    with contextlib.suppress(OSError), (disk / "isi").open("wb", buffering=0) as fill:
        while fill.write(bytes(1024)):
            pass
    err = refused(
        run, "check", str(EXAMPLES / "01-conform.geojson"), *JUDGE, "--output", str(disk / f"o.{suffix}")
    )
    assert "space" in err
    assert [p.name for p in disk.iterdir()] == ["isi"]


def test_a_full_disk_leaves_no_lock_and_no_plan(run: Run, mounted: Any, tmp_path: Path) -> None:
    disk = mounted("size=2600k")
    copy = Path(shutil.copytree(SAMPLE, disk / "rencana"))
    left = shutil.disk_usage(disk).free
    (disk / "isi").write_bytes(bytes(max(left - 8192, 0)))
    assert "space" in refused(run, "plan", "lock", str(copy))
    assert not (copy / "plan.lock").exists()
    zoning = str(SAMPLE / "layers" / "polaruang_sintetis.shp")
    refused(run, "plan", "init", zoning, "--output", str(disk / "baru"), "--yes")
    assert not (disk / "baru").exists()


def cli(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "KKPR_LANG": "en"}
    return subprocess.Popen(
        [sys.executable, "-m", "kkpr_check", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, **options
    )  # fmt: skip


def test_two_locks_at_once_leave_one_that_holds(run: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(SAMPLE, tmp_path / "rencana"))
    both = [cli("plan", "lock", str(copy), "--overwrite") for _ in range(2)]
    codes = []
    for one in both:
        _, err = one.communicate(timeout=120)
        codes.append(one.returncode)
        assert b"Traceback" not in err and b"unexpected" not in err, err
    assert 0 in codes and set(codes) <= {0, 2}
    code, out, err = run(
        "check",
        str(EXAMPLES / "01-conform.geojson"),
        "--plan",
        str(copy),
        "--as-of",
        "2025-01-01",
        "--format",
        "json",
    )
    assert code in (0, 1), err
    assert json.loads(out)["provenance"]["plans"][0].get("locked") is not False
    assert not [p for p in copy.rglob("*") if p.name.endswith(".tmp")]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_ctrl_c_ends_a_read_at_once(tmp_path: Path) -> None:
    """A reader that never comes back (a view without end) is left when the user says so."""
    view = f"CREATE VIEW persil AS {ENDLESS} SELECT asli.fid + n.i AS fid, geom, id FROM asli, n"
    path = sql(gpkg(tmp_path), "ALTER TABLE persil RENAME TO asli", view)
    one = cli("check", "--parcel", str(path), *JUDGE, start_new_session=True)
    children = Path(f"/proc/{one.pid}/task/{one.pid}/children")
    for _ in range(300):
        if children.exists() and children.read_text().strip():
            break
        time.sleep(0.1)
    time.sleep(2)  # the reader has begun
    assert one.poll() is None
    begun = time.monotonic()
    os.killpg(one.pid, signal.SIGINT)
    out, err = one.communicate(timeout=20)
    assert one.returncode == 130 and out == b"" and err.decode().count("\n") == 1, (one.returncode, err)
    assert time.monotonic() - begun < 6  # its reader would be given 8 seconds more


def test_a_file_of_long_lines_is_read(run: Run, tmp_path: Path) -> None:
    """Length alone is no harm: 5 MB in one attribute."""
    path = geojson(tmp_path / "a.geojson", [feature(lonlat_squares(1)[0], id="a", remark="x" * 5_000_000)])
    begun = time.monotonic()
    code, out, err = run("check", "--parcel", str(path), *JUDGE)
    assert code == 1 and len(out) < 50_000 and err == ""
    assert time.monotonic() - begun < QUICK_S


# --- one message ---------------------------------------------------------------------------------------------------


def test_a_drawing_of_no_numbers_warns_of_nothing_else(
    run: Run, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """What GEOS notes of a vertex that is no number stays off the terminal: the message says it."""
    path = dxf(tmp_path / "a.dxf", [("TAPAK", [(0, 0), (50, 0), (50, 50), (0, 50)], True)])
    path.write_text(path.read_text().replace("50", "nan"))
    refused(run, "check", "--parcel", str(path), *JUDGE, "--assume-crs", "EPSG:32751")
    assert not [str(w.message) for w in recwarn if issubclass(w.category, RuntimeWarning)]


def test_a_table_that_can_not_be_read_is_told_of_once(run: Run, tmp_path: Path) -> None:
    """What other tables say of it follows from that, and is not told."""
    copy = Path(shutil.copytree(SAMPLE, tmp_path / "rencana"))
    (copy / "activities.csv").write_bytes((copy / "activities.csv").read_bytes()[:300] + b"\xe5\n")
    err = refused(run, "check", str(EXAMPLES / "01-conform.geojson"), "--plan", str(copy))
    assert "activities.csv" in err and "kbli.csv" not in err


@pytest.mark.parametrize("command", ["check", "info"])
def test_a_site_that_can_not_be_read_is_told_of_on_standard_error(
    run: Run, tmp_path: Path, command: str
) -> None:
    first, second = lonlat_squares(2)
    path = geojson(tmp_path / "a.geojson", [feature(first, id="a", floors="dua"), feature(second, id="b")])
    site = ("--parcel", str(path)) if command == "check" else (str(path),)
    code, out, err = run(command, *site, *JUDGE, "--format", "json")
    assert code == 2 and len(json.loads(out)) == 2
    assert err.startswith("kkpr-check: error: 1 of 2 sites could not be read") and "floors" in err
