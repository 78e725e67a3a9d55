"""A GeoPackage of several layers with the styles that QGIS opens them in; same rows in, same bytes out."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kkpr_check.errors import KkprError, Text
from kkpr_check.io.drivers import import_pyogrio

FIXED_DATE = "2020-01-01T00:00:00.000Z"
"""The time of the run is not in an output."""
_STYLES = """
CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME);
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
  VALUES ('layer_styles', 'attributes', 'layer_styles', '', '2020-01-01T00:00:00.000Z');
"""


def geopackage(
    layers: Mapping[str, tuple[Any, Mapping[str, Any]]],
    kinds: Mapping[str, str],
    styles: Mapping[str, str | tuple[str, str]],
) -> bytes:
    """Return a GeoPackage as bytes.

    Parameters
    ----------
    layers
        Layer -> geometries in longitude, latitude (None: a table) and columns.
    kinds
        Layer -> kind of geometry ("MultiPolygon").
    styles
        Layer -> QML, or (QML, SLD).

    Raises
    ------
    KkprError
        It cannot be written.
    """
    pyogrio = import_pyogrio()
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    with tempfile.TemporaryDirectory(prefix="kkpr-") as home:
        file = Path(home) / "findings.gpkg"
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
        try:
            for name, (geometry, columns) in layers.items():
                pyogrio.raw.write(
                    file, None if geometry is None else np.asarray(shapely.to_wkb(geometry), dtype=object),
                    list(columns.values()), list(columns), layer=name, driver="GPKG", append=file.exists(),
                    geometry_type=kinds.get(name), crs=None if geometry is None else "EPSG:4326", nan_as_null=True,
                )  # fmt: skip
        except (
            pyogrio.errors.DataSourceError,
            pyogrio.errors.DataLayerError,
            pyogrio.errors.FeatureError,
        ) as error:
            raise KkprError(
                Text(
                    f"the GeoPackage cannot be written: {error}", f"GeoPackage tidak dapat ditulis: {error}"
                ),
                code="output",
            ) from error
        finally:
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
        add_styles(file, {name: style for name, style in styles.items() if name in layers})
        return file.read_bytes()


def add_styles(file: Path, styles: Mapping[str, str | tuple[str, str]], *, date: str = FIXED_DATE) -> None:
    """Add the table from which QGIS takes the default style of each layer."""
    rows = [
        (name, "geom", name, *((style, "") if isinstance(style, str) else style), date)
        for name, style in styles.items()
    ]
    with closing(sqlite3.connect(file)) as base:
        base.executescript(_STYLES.replace(FIXED_DATE, date))
        base.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,"
            " styleSLD, useAsDefault, description, owner, ui, update_time)"
            " VALUES ('', '', ?, ?, ?, ?, ?, 1, 'kkpr-check', '', NULL, ?)",
            rows,
        )
        base.commit()
        base.execute("VACUUM")
