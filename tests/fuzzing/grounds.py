"""Grounds: good files in every format, the commands that read them, and what their answers are held against."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import shutil
import sqlite3
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from builders import E0, N0, dxf, feature, geojson, lonlat_squares, write

from fuzzing.cases import Ground, Outcome, Target, call
from fuzzing.readers import GDB_TABLE, PRJ, DamagedError, UnknownError, areas_of
from fuzzing.readers import GOOD as GOOD_BYTES

ROOT = Path(__file__).parents[2]
SAMPLE, RTRW, EXAMPLES = ROOT / "data" / "sample", ROOT / "data" / "sample-rtrw", ROOT / "examples"
JUDGE = ("--plan", str(SAMPLE), "--plan", str(RTRW), "--as-of", "2025-01-01")
GOOD, BAD = "01-conform", "04-nonconform"


def _base(ground: Ground) -> str:
    assert ground.base is not None
    return ground.base.out


def judge_check(ground: Ground, path: Path, found: Outcome) -> str | None:
    """Hold a report against an independent reading; against the hash; against the verdict of the good file."""
    try:
        reports = json.loads(found.out)
    except ValueError as error:
        return f"the report is no JSON: {error}"
    reports = reports if isinstance(reports, list) else [reports]
    base = json.loads(_base(ground))
    was = base["verdict"] if isinstance(base, dict) else base[0]["verdict"]
    before = {i["sha256"] for i in (base if isinstance(base, dict) else base[0])["provenance"]["inputs"]}
    for report in reports:
        if {i["sha256"] for i in report["provenance"]["inputs"]} == before and path.suffix not in (
            ".csv",
            ".toml",
        ):
            return "the hash of the input is that of the good file"
        if report["verdict"] in ("conform", "conditional") and was not in ("conform", "conditional"):
            return f"{was} became {report['verdict']}"
    verdicts = [r["verdict"] for r in reports]
    try:
        areas = areas_of(path)
    except UnknownError:
        return None
    except DamagedError as error:
        return (
            None
            if "undetermined" in verdicts
            else f"{verdicts}, but another reader finds it damaged: {error}"
        )
    told = [
        a
        for r in reports
        for a in (r["subject"]["parcel_area_m2"], r["subject"]["footprint_area_m2"])
        if a is not None
    ]
    if "undetermined" in verdicts:
        return None
    if any(
        not np.isclose(told, area, rtol=1e-5, atol=1e-3).any() for area in areas
    ):  # the plan's own lots may stand there too
        return f"areas {sorted(told)}, another reader finds {areas}"
    return None


COLUMNS = (
    "id",
    "role",
    "kbli",
    "floors",
    "height_m",
    "floor_area_m2",
    "green_area_m2",
    "legal_area_m2",
    "road_class",
    "business_scale",
)


def rows_of(example: str) -> tuple[list[Any], dict[str, list[Any]]]:
    """Return the shapes (lon, lat) and the columns of an example."""
    features = json.loads((EXAMPLES / f"{example}.geojson").read_text("utf-8"))["features"]
    shapes = [shapely.geometry.shape(f["geometry"]) for f in features]
    return shapes, {name: [f["properties"].get(name) for f in features] for name in COLUMNS}


def _in_utm(shapes: list[Any]) -> list[Any]:
    from pyproj import Transformer

    change = Transformer.from_crs(4326, 32751, always_xy=True)
    return [shapely.transform(s, change.transform, interleaved=False) for s in shapes]


def written(folder: Path, suffix: str, example: str = GOOD) -> Path:
    """Write an example in a format and return its file."""
    shapes, columns = rows_of(example)
    path = folder / f"persil{suffix}"
    drivers = {".shp": "ESRI Shapefile", ".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".gdb": "OpenFileGDB"}
    texts = {n: [None if v is None else str(v) for v in values] for n, values in columns.items()}
    if suffix in drivers:
        kept = {n: v for n, v in texts.items() if suffix != ".shp" or len(n) <= 10}
        write(path, _in_utm(shapes), kept, driver=drivers[suffix])
        if suffix == ".shp":
            PRJ["good"] = hashlib.sha256(path.with_suffix(".prj").read_bytes()).hexdigest()
        elif suffix == ".gpkg":
            with contextlib.closing(sqlite3.connect(path)) as base:
                PRJ["gpkg"] = base.execute(
                    "SELECT definition FROM gpkg_spatial_ref_sys WHERE srs_id = 32751"
                ).fetchone()[0]
        elif suffix in (".fgb", ".gdb"):
            GOOD_BYTES[suffix[1:]] = (path if suffix == ".fgb" else path / GDB_TABLE).read_bytes()
    elif suffix == ".zip":
        inner = written(folder / "isi", ".shp", example)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(inner.parent.iterdir()):
                archive.write(part, part.name)
        shutil.rmtree(inner.parent)
    elif suffix in (".geojson", ".geojsonl"):
        features = [
            {
                "type": "Feature",
                "properties": {n: v[i] for n, v in columns.items() if v[i] is not None},
                "geometry": shapely.geometry.mapping(shape),
            }
            for i, shape in enumerate(shapes)
        ]
        whole = json.dumps({"type": "FeatureCollection", "features": features})
        path.write_text(whole if suffix == ".geojson" else "\n".join(map(json.dumps, features)) + "\n")
    elif suffix in (".kml", ".kmz"):
        marks = "".join(
            "<Placemark><name>{}</name><ExtendedData>{}</ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>{}"
            "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>\n".format(
                columns["id"][i],
                "".join(
                    f'<Data name="{n}"><value>{v[i]}</value></Data>\n'
                    for n, v in columns.items()
                    if v[i] is not None
                ),
                " ".join(f"{x},{y},0" for x, y in shape.exterior.coords),
            )
            for i, shape in enumerate(shapes)
        )
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n{marks}</Document></kml>'
        if suffix == ".kml":
            path.write_text(text)
        else:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("doc.kml", text)
    elif suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq
        from pyproj import CRS

        geo = {"version": "1.0.0", "primary_column": "geometry",
               "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Polygon"], "crs": CRS(32751).to_json_dict()}}}  # fmt: skip
        PRJ["parquet"] = json.dumps(geo).encode()
        table = pa.table({**texts, "geometry": [shapely.to_wkb(s) for s in _in_utm(shapes)]})
        pq.write_table(table.replace_schema_metadata({b"geo": PRJ["parquet"]}), path)
    elif suffix == ".dxf":
        dxf(path, [("PERSIL", list(_in_utm(shapes)[0].exterior.coords)[:-1], True)])
        GOOD_BYTES["dxf"] = path.read_bytes()
    elif suffix == ".csv":
        corners = "\n".join(
            f"{i + 1},{x},{y}" for i, (x, y) in enumerate(list(shapes[0].exterior.coords)[:-1])
        )
        path.write_text(f"titik,bujur,lintang\n{corners}\n")
    return path


def _parts(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file() and p.stat().st_size > 40)
    if path.suffix == ".shp":
        return [
            path.with_suffix(s)
            for s in (".shp", ".dbf", ".shx", ".prj", ".cpg")
            if path.with_suffix(s).exists()
        ]
    return [path]


def site(suffix: str, example: str = GOOD, command: str = "check") -> Callable[[Path], Ground]:
    """Return the builder of a check (info, batch) of an example in a format."""

    def build(folder: Path) -> Ground:
        (folder / "isi").mkdir(exist_ok=True)
        path = written(folder, suffix, example)
        shutil.rmtree(folder / "isi", ignore_errors=True)
        more = ("--assume-crs", "EPSG:32751") if suffix == ".dxf" else ()
        if command == "batch":
            made = folder / "keluaran.jsonl"
            return Ground(
                _parts(path),
                ("batch", str(path), *JUDGE, *more, "--output", str(made), "--workers", "1"),
                made,
                judge=judge_batch,
            )
        if command == "info":
            return Ground(
                _parts(path), ("info", str(path), *JUDGE, *more, "--format", "json"), judge=judge_json
            )
        given = ("check", str(path)) if suffix not in (".csv", ".dxf") else ("check", "--parcel", str(path))
        return Ground(_parts(path), (*given, *JUDGE, *more, "--format", "json"), judge=judge_check)

    return build


def judge_json(ground: Ground, path: Path, found: Outcome) -> str | None:
    """Hold that what is printed is JSON."""
    try:
        json.loads(found.out)
    except ValueError as error:
        return f"no JSON: {error}"
    return None


def judge_batch(ground: Ground, path: Path, found: Outcome) -> str | None:
    """Hold the table of a batch against the number of features that another reader finds."""
    assert ground.made is not None
    if not ground.made.exists():
        return f"exit {found.code} and no table"
    try:
        rows = [json.loads(line) for line in ground.made.read_text("utf-8").splitlines()]
    except ValueError as error:
        return f"the table is no JSON: {error}"
    try:
        areas = areas_of(path)
    except UnknownError:
        return None
    except DamagedError as error:
        good = [r["verdict"] for r in rows if r["verdict"] != "undetermined"]
        return f"{good}, but another reader finds it damaged: {error}" if len(good) == len(rows) else None
    if len(rows) != len(areas):
        return f"{len(rows)} rows of {len(areas)} features"
    told = [r["parcel_area_m2"] for r in rows]
    if None not in told and any(not np.isclose(told, area, rtol=1e-5, atol=1e-3).any() for area in areas):
        return f"areas {sorted(told)}, another reader finds {areas}"
    return None


def wkt_table(folder: Path) -> Ground:
    """Return a batch of a table of WKT."""
    shapes, columns = rows_of(GOOD)
    path = folder / "persil.csv"
    with path.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["wkt", "crs", *COLUMNS])
        for i, shape in enumerate(shapes):
            table.writerow([shapely.to_wkt(shape), "EPSG:4326", *(columns[n][i] for n in COLUMNS)])
    made = folder / "keluaran.jsonl"
    command = (
        "batch",
        str(path),
        *JUDGE,
        "--assume-crs",
        "EPSG:4326",
        "--output",
        str(made),
        "--workers",
        "1",
    )
    return Ground([path], command, made, judge=judge_batch)


def application(folder: Path) -> Ground:
    """Return a check of an OSS application."""
    path = Path(shutil.copy(EXAMPLES / "09-oss.json", folder / "permohonan.json"))
    return Ground([path], ("check", str(path), *JUDGE, "--format", "json"), judge=judge_application)


def judge_application(ground: Ground, path: Path, found: Outcome) -> str | None:
    """Hold the parcels of an application against an independent reading of their corners."""
    try:
        reports = json.loads(found.out)
        areas = areas_of(path)
    except ValueError as error:
        return f"the report is no JSON: {error}"
    except UnknownError:
        return None
    told = [r["subject"]["parcel_area_m2"] for r in (reports if isinstance(reports, list) else [reports])]
    if None in told:
        return None
    if any(not np.isclose(told, area, rtol=1e-5, atol=1e-3).any() for area in areas):
        return f"areas {sorted(told)}, another reader finds {areas}"
    return None


def _copy(folder: Path) -> Path:
    return Path(
        shutil.copytree(SAMPLE, folder / "rencana", ignore=shutil.ignore_patterns(".kkpr", "plan.lock"))
    )


def plan(files: str, command: str, *, locked: bool = False) -> Callable[[Path], Ground]:
    """Return the builder of a command on a copy of the sample plan, some files of which are mutated."""

    def build(folder: Path) -> Ground:
        copy = _copy(folder)
        if locked:
            done = call(("plan", "lock", str(copy)))
            assert done.code == 0, done.err
        chosen = sorted(p for p in copy.glob(files) if p.is_file())
        if locked:
            named = {*json.loads((copy / "plan.lock").read_bytes())["files"], "plan.lock"}
            chosen = [p for p in chosen if p.relative_to(copy).as_posix() in named or p.suffix == ".kkpr"]
        if command == "check":
            arguments: tuple[str, ...] = (
                "check",
                str(EXAMPLES / f"{BAD}.geojson"),
                "--plan",
                str(copy),
                "--plan",
                str(RTRW),
                "--as-of",
                "2025-01-01",
                "--format",
                "json",
            )
            return Ground(chosen, arguments, judge=judge_locked if locked else judge_plan)
        if command == "validate":
            return Ground(chosen, ("validate", str(copy), "--format", "json"), judge=judge_json)
        if command == "diff":
            return Ground(chosen, ("diff", str(SAMPLE), str(copy), "--format", "json"), judge=judge_json)
        raise ValueError(command)

    return build


def judge_locked(ground: Ground, path: Path, found: Outcome) -> str | None:
    """Hold that a plan whose lock names the mutated file is not judged on."""
    if path.name == "plan.lock" or path.suffix == ".kkpr":
        same = json.loads(found.out)
        base = json.loads(_base(ground))
        for report in (same, base):
            report["provenance"]["plans"] = [p["id"] for p in report["provenance"]["plans"]]
        return None if same == base else "another answer with a mutated lock or copy"
    return "judged although the lock names the file"


def judge_plan(ground: Ground, path: Path, found: Outcome) -> str | None:
    """Hold that a mutated plan does not make the failing example conform."""
    report = json.loads(found.out)
    if report["verdict"] in ("conform", "conditional"):
        return f"nonconform became {report['verdict']}"
    if path.suffix == ".toml":
        try:
            tomllib.loads(path.read_text("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            return f"judged, but another reader finds it damaged: {error}"
    return None


def adoption(suffix: str) -> Callable[[Path], Ground]:
    """Return the builder of `plan init` on a zoning layer in a format."""

    def build(folder: Path) -> Ground:
        x = E0 + 100.0 * np.arange(12)
        shapes = shapely.box(x, N0, x + 100, N0 + 100)
        fields = {
            "NAMOBJ": ["Zona Perumahan", "Zona Perdagangan dan Jasa", "Zona Ruang Terbuka Hijau"] * 4,
            "KODSZN": ["R-2", "K-1", "RTH-3"] * 4, "LUASHA": [1.0] * 12,
        }  # fmt: skip
        drivers = {".shp": "ESRI Shapefile", ".gpkg": "GPKG", ".fgb": "FlatGeobuf", ".gdb": "OpenFileGDB"}
        path = folder / f"pola{suffix}"
        if suffix == ".geojson":
            rows = [{n: v[i] for n, v in fields.items()} for i in range(12)]
            geojson(path, [feature(g, **row) for g, row in zip(lonlat_squares(12), rows, strict=True)])
        else:
            write(path, shapes, fields, driver=drivers[suffix])
        made = folder / "hasil"
        return Ground(_parts(path), ("plan", "init", str(path), "--output", str(made), "--yes"), made)

    return build


def annex(command: str, suffix: str) -> Callable[[Path], Ground]:
    """Return the builder of an import of an annex."""

    def build(folder: Path) -> Ground:
        copy = _copy(folder)
        rows: list[list[Any]] = [["No", "Kode", "Kegiatan", "R-2", "K-1", "RTH-3"], [1, "01111", "Pertanian Jagung", "X", "T1,B1", "X"],
                [2, 47111, "Toko Swalayan", "T1, B1,B2", "I", "x"], [3, "-", "Rumah Tinggal", "I", "B1.B2", None]]  # fmt: skip
        if command == "import-intensity":
            rows = [
                ["Kode", "Sub Zona", "KDB maks (%)", "KLB maks", "KDH min (%)"],
                ["R-2", "Perumahan", 60, 1.2, 20],
                ["K-1", "Perdagangan", 70, "2,4", 10],
            ]
        path = folder / f"lampiran{suffix}"
        if suffix == ".xlsx":
            import openpyxl

            book = openpyxl.Workbook()
            for row in rows:
                book.active.append(row)
            book.save(path)
        elif suffix == ".json":
            path.write_text(json.dumps([dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]))
        else:
            with path.open("w", newline="") as stream:
                csv.writer(stream).writerows(rows)
        target = folder / "tujuan"
        shutil.copytree(copy, target)
        shutil.rmtree(copy)
        for name in ("itbx.csv", "activities.csv", "kbli.csv", "intensity.csv", "conditions.csv"):
            (target / name).unlink(missing_ok=True)
        shutil.copytree(target, folder / ".awal")
        return Ground([path], ("plan", command, str(path), str(target), "--overwrite"), works_on=target)

    return build


def verification(folder: Path) -> Ground:
    """Return a `verify` of a stored report."""
    path = folder / "laporan.json"
    done = call(("check", str(EXAMPLES / f"{BAD}.geojson"), *JUDGE, "--output", str(path)))
    assert done.code == 1, done.err
    ground = Ground([path], ("verify", str(path), "--base", str(ROOT)), judge=judge_verify)
    ground.kept["report"] = json.loads(path.read_bytes())
    return ground


def judge_verify(ground: Ground, path: Path, found: Outcome) -> str | None:
    """Hold that a report which says something else does not pass."""
    if found.code == 1:
        return None
    try:
        new = json.loads(path.read_bytes())
    except ValueError as error:
        return f"passed, but it is no JSON: {error}"
    return (
        None
        if new == ground.kept["report"]
        else f"a report that says something else passed: {difference(ground.kept['report'], new)}"
    )


def difference(old: Any, new: Any, place: str = "") -> str:
    """Return the first place where two JSON values differ."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        return next((difference(old[k], new[k], f"{place}.{k}") for k in old if old[k] != new[k]), "")
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return next(
            (
                difference(a, b, f"{place}[{i}]")
                for i, (a, b) in enumerate(zip(old, new, strict=True))
                if a != b
            ),
            "",
        )
    return f"{place}: {str(old)[:80]!r} -> {str(new)[:80]!r}"


def baseline(folder: Path) -> Ground:
    """Return a `validate` with a baseline."""
    path = Path(shutil.copy(SAMPLE / "baseline.json", folder / "baseline.json"))
    return Ground(
        [path], ("validate", str(SAMPLE), "--baseline", str(path), "--format", "json"), judge=judge_json
    )


def bare(suffix: str) -> Callable[[Path], Ground]:
    """Return the builder of a `validate` of a bare layer."""

    def build(folder: Path) -> Ground:
        ground = adoption(suffix)(folder)
        return Ground(
            ground.files,
            (
                "validate",
                str(ground.files[0] if suffix != ".shp" else folder / "pola.shp"),
                "--format",
                "json",
            ),
            judge=judge_json,
        )

    return build


SUFFIXES = (
    ".geojson",
    ".geojsonl",
    ".shp",
    ".gpkg",
    ".fgb",
    ".gdb",
    ".kml",
    ".kmz",
    ".zip",
    ".parquet",
    ".dxf",
    ".csv",
)

STREAMED = (".geojson", ".geojsonl", ".shp", ".gpkg", ".fgb", ".gdb", ".zip", ".parquet")

TARGETS: dict[str, Target] = {
    target.name: target
    for target in [
        *(Target(f"check {s[1:]}", s[1:], site(s)) for s in SUFFIXES),
        *(Target(f"check {s[1:]} (fails)", s[1:], site(s, BAD)) for s in (".geojson", ".shp", ".gpkg", ".kml", ".fgb")),
        *(Target(f"info {s[1:]}", s[1:], site(s, command="info")) for s in (".geojson", ".kmz", ".csv", ".zip")),
        *(Target(f"batch {s[1:]}", s[1:], site(s, command="batch")) for s in STREAMED),
        Target("batch csv", "csv", wkt_table),
        Target("check OSS", "OSS json", application),
        Target("check plan.toml", "plan.toml", plan("plan.toml", "check")),
        Target("check tables", "plan tables", plan("*.csv", "check")),
        Target("check layers", "plan layers", plan("layers/*", "check")),
        Target("check locked plan", "locked plan", plan("**/*", "check", locked=True)),
        Target("check plan.lock", "plan.lock", plan("plan.lock", "check", locked=True)),
        Target("validate plan", "plan tables", plan("*.*", "validate")),
        Target("validate layers", "plan layers", plan("layers/*", "validate")),
        Target("diff plan", "plan tables", plan("*.*", "diff")),
        *(Target(f"validate {s[1:]}", s[1:], bare(s)) for s in (".shp", ".gpkg", ".fgb", ".geojson")),
        Target("validate baseline", "baseline json", baseline),
        *(Target(f"plan init {s[1:]}", s[1:], adoption(s)) for s in (".shp", ".gpkg", ".geojson")),
        *(Target(f"plan import-itbx {s[1:]}", s[1:], annex("import-itbx", s)) for s in (".xlsx", ".csv", ".json")),
        *(Target(f"plan import-intensity {s[1:]}", s[1:], annex("import-intensity", s)) for s in (".xlsx", ".csv")),
        Target("verify", "report json", verification),
    ]
}  # fmt: skip
