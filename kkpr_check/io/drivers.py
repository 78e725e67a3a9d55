"""Which formats are read, and how GDAL is loaded: an allow-list, no network, no pandas where nobody needs it."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

from kkpr_check.errors import InputError, Place, Text

DRIVERS = {
    ".shp": "ESRI Shapefile", ".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON",
    ".geojsonl": "GeoJSONSeq", ".geojsons": "GeoJSONSeq", ".jsonl": "GeoJSONSeq", ".ndjson": "GeoJSONSeq",
    ".gdb": "OpenFileGDB", ".fgb": "FlatGeobuf", ".kml": "KML", ".parquet": "Parquet", ".geoparquet": "Parquet",
    ".dxf": "DXF",
}  # fmt: skip
"""File suffix -> the driver that must be the one that opens it."""

ZIPPED = frozenset({".zip", ".kmz", ".shz"})

NATIVE = frozenset({".shp", ".gpkg", ".gdb", ".fgb", ".dxf", ".zip", ".shz", ".parquet", ".geoparquet"})
"""Suffixes of what a process of its own mostly reads."""

_REFUSED = (
    "OGR_VRT", "VRT", "HTTP", "WFS", "OAPIF", "CSW", "GDALG", "ADBC", "OGCAPI", "WMS", "WCS", "WMTS", "EEDA", "EEDAI",
    "PLSCENES", "PLMosaic", "NGW", "Carto", "AmigoCloud", "Elasticsearch", "GPSBabel", "DAAS", "STACIT", "STACTA", "GTI",
)  # fmt: skip
"""GDAL drivers that open other files, programs or the network on a data file's word."""

ALONE = ("ESRI Shapefile", "GPKG", "OpenFileGDB", "FlatGeobuf", "DXF")
"""The drivers of the process that reads (`kkpr_check.io.apart`): those that GDAL is used for."""
_OTHERS = (
    "AIVector", "AVCBin", "AVCE00", "CSV", "DGN", "EDIGEO", "ESRIJSON", "GML", "GPX", "GTFS", "GeoJSON", "GeoJSONSeq",
    "GeoRSS", "Idrisi", "JML", "JSONFG", "KML", "LIBKML", "LVBAG", "MBTiles", "MEM", "Memory", "MVT", "MapInfo File",
    "MapML", "MiraMonVector", "ODS", "OGR_GMT", "OGR_PDS", "OSM", "PCIDSK", "PDF", "PDS4", "PGDUMP", "PMTiles",
    "Parquet", "Arrow", "S57", "SQLite", "SXF", "Selafin", "SVG", "TIGER", "UK .NTF", "TopoJSON", "VDV", "VFK",
    "VICAR", "WAsP", "XLS", "XLSX", "XODR", "GMLAS", "CAD", "GRIB", "netCDF", "HDF5", "MSSQLSpatial", "MySQL",
    "PostgreSQL", "ODBC", "PGeo", "MongoDBv3", "HANA", "JP2OpenJPEG", "Zarr", "NAS", "SOSI", "libkml", "AmigoCloud",
)  # fmt: skip
"""The other drivers that GDAL 3.6 to 3.12 know; LIBKML is one of them, which was seen to crash."""

_HEAVY = ("pandas", "geopandas", "pyarrow", "pyproj")
_lean = False
_alone = False


def be_lean() -> None:
    """Ask :func:`import_pyogrio` to keep pandas, geopandas, pyarrow and pyproj out of its import.

    pyogrio imports them only to offer data frames, which costs 0.6 s that a command line never uses. The command
    line calls this once. A library user never does: pyogrio remembers what it found when it was imported, so
    `geopandas.read_file` would not work afterwards in the same process.
    """
    global _lean
    _lean = True


def be_alone() -> None:
    """Load GDAL with no driver but those of `ALONE`: for the process that reads and does nothing else."""
    global _alone
    _alone = True
    be_lean()
    import_pyogrio()


def import_pyogrio() -> ModuleType:
    """Import pyogrio with dangerous drivers switched off; GDAL reads the skip list only while it is loaded."""
    if "pyogrio" in sys.modules:
        return sys.modules["pyogrio"]
    wanted = [name for name in os.environ.get("OGR_SKIP", "").split(",") if name]
    os.environ["OGR_SKIP"] = ",".join(dict.fromkeys([*wanted, *_REFUSED, *(_OTHERS if _alone else ())]))
    os.environ["SHAPE_RESTORE_SHX"] = "NO"
    hidden = [name for name in _HEAVY if name not in sys.modules] if _lean else []
    try:
        for name in hidden:
            sys.modules[name] = None  # type: ignore[assignment]
        return importlib.import_module("pyogrio")
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


def driver_of(suffix: str, place: Place) -> str:
    """Return the driver for a file suffix (with its dot), or explain why there is none.

    Raises
    ------
    InputError
        Code ``format-unknown``.
    """
    suffix = suffix.lower()
    if suffix in DRIVERS:
        return DRIVERS[suffix]
    remedy = _ADVICE.get(
        suffix,
        Text(
            "readable: zipped or plain shapefile, .gpkg, .geojson, .gdb, .fgb, .kml, .kmz, .parquet, .dxf",
            "yang dapat dibaca: shapefile (juga dalam zip), .gpkg, .geojson, .gdb, .fgb, .kml, .kmz, .parquet, .dxf",
        ),
    )
    raise InputError(
        Text(
            f"files of type {suffix or '(none)'} are not read",
            f"berkas jenis {suffix or '(tanpa akhiran)'} tidak dibaca",
        ),
        place=place,
        remedy=remedy,
        code="format-unknown",
    )


_SHAPEFILE = Text("name the .shp file (or the zip)", "sebutkan berkas .shp (atau zip-nya)")
_ARCHIVE = Text("pack it as .zip", "kemas ulang sebagai .zip")
_SHEET = Text(
    "save the sheet of vertices as CSV (columns lon, lat)",
    "simpan lembar titiknya sebagai CSV (kolom bujur, lintang)",
)
_WKT = Text(
    "write the outline as GeoJSON, or its vertices as CSV (columns lon, lat)",
    "tulis batasnya sebagai GeoJSON, atau titik-titiknya sebagai CSV (kolom bujur, lintang)",
)
_ADVICE = {
    ".xlsx": _SHEET, ".xls": _SHEET, ".ods": _SHEET, ".wkt": _WKT,
    ".shx": _SHAPEFILE, ".dbf": _SHAPEFILE, ".prj": _SHAPEFILE, ".cpg": _SHAPEFILE,
    ".rar": _ARCHIVE, ".7z": _ARCHIVE, ".tar": _ARCHIVE, ".gz": _ARCHIVE,
    ".dwg": Text("export it as DXF R2010", "ekspor sebagai DXF R2010"),
    ".mpk": Text("export the layer as GeoPackage", "ekspor layer sebagai GeoPackage"),
    ".lpk": Text("export the layer as GeoPackage", "ekspor layer sebagai GeoPackage"),
}  # fmt: skip
