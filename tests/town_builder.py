"""A made-up town on a coast as three plans that have nothing of the sample: other codes, formats, encodings and CRS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely

TM3, UTM, WEB, LONLAT = "EPSG:23838", "EPSG:32750", "EPSG:3857", "EPSG:4326"
CORNER = (119.85, -0.91)
_NONE = (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
_ACTIVITIES = {"rumah": "68111", "kedai": "56303", "gudang": "52101"}
_COLUMNS = (
    "subzone,road_class,parcel_min_m2,parcel_max_m2,kdb_max_pct,klb_max,kdh_min_pct,ktb_max_pct,height_max_m,floors_max,"
    "gsb_min_m,side_min_m,rear_min_m,lot_min_m2,gsb_from,legal"
)
NAMES = {
    "RT-1": "Rumah Tapak Rapat", "RT-2": "Rumah Tapak Renggang", "NG": "Niaga Pesisir", "TH": "Taman Hijau",
    "FU": "Fasilitas Umum é",
}  # fmt: skip


def moved(shapes: Sequence[Any], source: str, target: str) -> list[Any]:
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    return list(
        shapely.transform(
            np.array(shapes, dtype=object), lambda xy: np.stack(transformer.transform(*xy.T), axis=1)
        )
    )


def blocks(columns: int, rows: int, side_m: float, crs: str, seed: int) -> list[Any]:
    """Return a clean coverage of crooked blocks with shared vertices; x and y in whole millimetres."""
    random = np.random.default_rng(seed)
    origin = np.array(pyproj.Transformer.from_crs(LONLAT, crs, always_xy=True).transform(*CORNER))
    corner = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1)), -1) * side_m + origin
    corner[1:-1, 1:-1] += random.uniform(-0.15, 0.15, corner[1:-1, 1:-1].shape) * side_m

    def line(a: Any, b: Any) -> Any:
        inner = a + (b - a) * np.array([[0.25], [0.5], [0.75]])
        inner += random.uniform(-0.02, 0.02, inner.shape) * side_m
        return np.round(np.vstack([a, inner, b]), 3)

    along = {(i, j): line(corner[i, j], corner[i, j + 1]) for i in range(rows + 1) for j in range(columns)}
    across = {(i, j): line(corner[i, j], corner[i + 1, j]) for i in range(rows) for j in range(columns + 1)}
    return [
        shapely.Polygon(
            np.vstack([
                along[i, j][:-1], across[i, j + 1][:-1], along[i + 1, j][::-1][:-1], across[i, j][::-1][:-1],
            ])
        )
        for i in range(rows) for j in range(columns)
    ]  # fmt: skip


def write(
    path: Path, shapes: Sequence[Any], columns: Mapping[str, Sequence[Any]], crs: str, kind: str, encoding: str = "UTF-8",
    layer: str | None = None,
) -> None:  # fmt: skip
    path.unlink(missing_ok=True)
    data = [
        np.array(values, dtype=object) if any(isinstance(v, str) for v in values) else np.array(values)
        for values in columns.values()
    ]
    wkb = np.asarray(shapely.to_wkb(np.array(shapes, dtype=object)), dtype=object)
    pyogrio.raw.write(path, wkb, data, list(columns), geometry_type=kind, crs=crs, encoding=encoding, layer=layer or path.stem)  # fmt: skip


def edited(path: Path, edit: Callable[[list[Any], dict[str, list[Any]]], None], **more: Any) -> None:
    """Read a layer, change its geometries and columns in place, and write it again."""
    encoding = more.get("encoding")
    meta, _, wkb, data = pyogrio.raw.read(path, encoding=encoding)
    shapes = list(shapely.from_wkb(wkb))
    columns = {str(name): list(values) for name, values in zip(meta["fields"], data, strict=True)}
    edit(shapes, columns)
    kind = str(meta["geometry_type"])
    write(path, shapes, columns, meta["crs"], kind, **{"layer": pyogrio.list_layers(path)[0][0], **more})


def _tables(
    folder: Path,
    zones: Mapping[str, tuple[str, str]],
    itbx: Mapping[str, Sequence[str]],
    limits: Sequence[str],
) -> None:
    def put(name: str, lines: Sequence[str]) -> None:
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    put("zones.csv", ["subzone,name,zone,protected,colour",
                      *(f'{c},{name},{name},{kind},"9,9,9"' for c, (name, kind) in zones.items())])  # fmt: skip
    put("activities.csv", ["activity_id,name", *(f"{name},{name.title()}" for name in _ACTIVITIES)])
    put("kbli.csv", ["kbli,activity_id", *(f"{kbli},{name}" for name, kbli in _ACTIVITIES.items())])
    cells = {
        name: ",".join(f'"{cell}"' if "," in cell else cell for cell in row) for name, row in itbx.items()
    }
    put("itbx.csv", ["activity_id," + ",".join(zones), *(f"{name},{row}" for name, row in cells.items())])
    put("conditions.csv", ["code,text,legal,test", "T1,Jam buka dibatasi,Pasal 5,", "B1,Menyediakan parkir,Pasal 6,"])  # fmt: skip
    put("intensity.csv", [_COLUMNS, *limits])


def _toml(name: str, level: str, layers: str, overlay: str) -> str:
    none = "".join(f'[[overlay]]\nrule = "KHS{n:03d}"\nnone = "Pasal 9"\n\n' for n in _NONE)
    return (
        f'id = "{name}"\nname = "{name} (BUATAN)"\nlevel = "{level}"\nlegal = "Perbup Buatan"\nstatus = "in-force"\n'
        f"valid_from = 2025-02-01\noss_integrated = false\nscale = 5000\nkbli_version = 2020\nsynthetic = true\n\n{layers}\n{none}"
        f'[[overlay]]\nrule = "KHS003"\n{overlay}\n'
    )


def shapefile_plan(folder: Path) -> Path:
    """Shapefiles in TM-3 (one dbf in Windows-1252, one in UTF-8), a feature of two parts, a hazard layer in Web Mercator."""
    layers = folder / "layers"
    layers.mkdir(parents=True)
    shapes = blocks(6, 5, 90, TM3, 3)
    codes = [tuple(NAMES)[(i * 7 + j * 3 + i * j) % 5] for i in range(5) for j in range(6)]
    rest = [k for k in range(30) if k not in (0, 15)]
    shapes_, codes = (
        [shapely.MultiPolygon([shapes[0], shapes[15]]), *(shapes[k] for k in rest)],
        [codes[0], *(codes[k] for k in rest)],
    )
    columns = {"KODE_Z": codes, "NAMA_Z": [NAMES[code] for code in codes], "BARIS": list(range(101, 130))}
    write(layers / "pola.shp", shapes_, columns, TM3, "Polygon", "cp1252")
    write(layers / "batas.shp", [shapely.union_all(shapes)], {"NAMA": ["BWP"]}, TM3, "Polygon")
    x, y = shapely.total_bounds(shapes)[:2]
    west, middle, east = 5, 270, 535
    ends = [
        ((west, 90), (middle, 90)),
        ((middle, 90), (east, 90)),
        ((middle, 90), (middle, 270)),
        ((west, 270), (middle, 270)),
        ((middle, 270), (east, 270)),
    ]
    roads = [shapely.LineString([(x + a, y + b) for a, b in pair]) for pair in ends]
    classes = ["Lokal Primer", "Lokal Primer", "Gang", "Lokal Primer", "Lokal Primer"]
    write(layers / "jalan.shp", roads, {"KELAS": classes, "LEBAR": [8.0, 8.0, 5.0, 8.0, 8.0]}, TM3, "LineString")  # fmt: skip
    flood = moved([shapely.box(x + 100, y + 100, x + 200, y + 180)], TM3, WEB)
    write(layers / "banjir.gpkg", flood, {"KELAS": ["Tinggi"]}, WEB, "Polygon", layer="rawan")
    (folder / "plan.toml").write_text(_toml("rdtr-pesisir", "rdtr", (
        '[[layer]]\nrole = "zoning"\npath = "layers/pola.shp"\nencoding = "cp1252"\n[layer.fields]\nsubzone = "KODE_Z"\nname = "NAMA_Z"\n\n'
        '[[layer]]\nrole = "boundary"\npath = "layers/batas.shp"\n\n'
        '[[layer]]\nrole = "road"\npath = "layers/jalan.shp"\n[layer.fields]\nroad_class = "KELAS"\nwidth_m = "LEBAR"\n'
        '[layer.codes]\n"Lokal Primer" = "lokal-primer"\n"Gang" = "lingkungan-primer"\n\n'
        '[[layer]]\nid = "banjir"\nrole = "overlay"\npath = "layers/banjir.gpkg"\nlayer = "rawan"\n[layer.fields]\nvalue = "KELAS"\n'
    ), 'layer = "banjir"\nvalues = { "Tinggi" = "fail" }\nlegal = "Pasal 8"'), encoding="utf-8")  # fmt: skip
    zones = {code: (name, "lindung" if code == "TH" else "budi daya") for code, name in NAMES.items()}
    itbx = {
        "rumah": ["I", "I", "T1", "X", "X"],
        "kedai": ["T1", "B1", "I", "X", "B1"],
        "gudang": ["X", "X", "T1,B1", "X", "X"],
    }
    end = "-,12,3,3,-,-,-,road_edge,Tabel 1"
    limits = [f"RT-1,*,-,100,70,1.4,15,{end}", f"RT-1,*,100,-,60,1.2,20,{end}", f"RT-2,*,-,-,50,1.0,30,{end}",
              f"NG,*,-,-,70,2.1,10,{end}", f"TH,*,-,-,5,0.05,80,{end}", f"FU,*,-,-,60,1.8,20,{end}"]  # fmt: skip
    _tables(folder, zones, itbx, limits)
    return folder


def geopackage_plan(folder: Path) -> Path:
    """A general plan in degrees: one multipolygon a class, whose codes plan.toml maps."""
    (folder / "layers").mkdir(parents=True)
    groups: dict[str, list[Any]] = {}
    for k, shape in enumerate(moved(blocks(4, 4, 2500, UTM, 8), UTM, LONLAT)):
        groups.setdefault(("LINDUNG", "TANI", "MUKIM", "TAMBAK")[(k // 4 + 2 * (k % 4)) % 4], []).append(
            shape
        )
    shapes = [shapely.multipolygons(parts) for parts in groups.values()]
    columns = {"KAWASAN": list(groups), "TAHUN": [2024] * 4}
    write(folder / "layers" / "rtrw.gpkg", shapes, columns, LONLAT, "MultiPolygon", layer="pola_ruang")
    codes = "".join(
        f'"{value}" = "{code}"\n' for value, code in zip(groups, ("KL", "KM", "KT", "KP"), strict=True)
    )
    layers = '[[layer]]\nrole = "zoning"\npath = "layers/rtrw.gpkg"\nlayer = "pola_ruang"\n[layer.fields]\nsubzone = "KAWASAN"\n'
    text = _toml("rtrw-buatan", "rtrw-kab", f"{layers}[layer.codes]\n{codes}", 'none = "Pasal 9"')
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    zones = {code: (f"Kawasan {code}", "budi daya") for code in ("KL", "KM", "KT", "KP")}
    itbx = {name: ["X", "T1", "I", "B1"] for name in _ACTIVITIES}
    _tables(folder, zones, itbx, [f"{code},*{',-' * 12},,tidak diatur" for code in zones])
    return folder


def geojson_plan(folder: Path) -> Path:
    """A GeoJSON with heights of 0, ids of its own and areas in hectares."""
    (folder / "layers").mkdir(parents=True)
    shapes = blocks(5, 4, 70, UTM, 21)
    names = {"A1": "Hunian Kota", "A2": "Hunian Tepi", "C1": "Campuran"}
    features = []
    for k, (shape, place) in enumerate(zip(shapes, moved(shapes, UTM, LONLAT), strict=True)):
        code = tuple(names)[(k // 5 * 2 + k % 5) % 3]
        ring = [[x, y, 0.0] for x, y in shapely.get_coordinates(place).tolist()]
        features.append({
            "type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"OBJECTID": k + 1, "ZONA": code, "NAMA": names[code], "LUASHA": round(float(shapely.area(shape)) / 1e4, 4)},
        })  # fmt: skip
    document = {"type": "FeatureCollection", "features": features}
    (folder / "layers" / "zona.geojson").write_text(json.dumps(document), encoding="utf-8")
    layers = '[[layer]]\nrole = "zoning"\npath = "layers/zona.geojson"\n[layer.fields]\nsubzone = "ZONA"\nname = "NAMA"\n'
    (folder / "plan.toml").write_text(_toml("rdtr-kota", "rdtr", layers, 'none = "Pasal 9"'), encoding="utf-8")  # fmt: skip
    zones = {code: (name, "budi daya") for code, name in names.items()}
    itbx = {"rumah": ["I", "I", "T1"], "kedai": ["T1", "X", "I"], "gudang": ["X", "X", "B1"]}
    _tables(folder, zones, itbx, [f"{code},*,-,-,60,1.2,20,-,12,3,-,-,-,-,,Tabel 2" for code in zones])
    return folder
