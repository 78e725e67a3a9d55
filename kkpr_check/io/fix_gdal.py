"""A corrected layer written anew by GDAL, for formats whose files cannot be patched. Called by way of `apart`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.io.containers import Source
from kkpr_check.io.drivers import import_pyogrio
from kkpr_check.io.gdal import has_curves


def rewrite(
    source: Source,
    layer: str | None,
    target: Path,
    shapes: Mapping[int, bytes],
    cells: Mapping[tuple[int, str], str],
    dropped: frozenset[int],
    options: Mapping[str, str],
    called: str | None = None,
) -> None:
    """Write a layer with some geometries (WKB), texts and rows changed; the driver is that of the suffix of `target`.

    Parameters
    ----------
    called
        Name of the layer in `target`; default: as in the source.

    Raises
    ------
    InputError
        Code ``not-written``: GDAL lets something of the layer fall (a field type, a curve, a measure).
    """
    pyogrio = import_pyogrio()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DeprecationWarning)  # of pyogrio's own code: nothing of the layer
            name = str(pyogrio.read_info(source.file, layer=layer)["layer_name"])
            if has_curves(source, name, pyogrio):
                raise ValueError("curves")
            meta, fids, wkb, columns = pyogrio.raw.read(source.file, layer=layer, return_fids=True)
            for row, shape in shapes.items():
                wkb[row] = shape
            names = [str(field) for field in meta["fields"]]
            for (row, field), text in cells.items():
                columns[names.index(field)][row] = text
            kept = np.array([row not in dropped for row in range(len(wkb))], dtype=bool)
            data, masks = zip(
                *(
                    _storable(values[kept], kind)
                    for values, kind in zip(columns, meta["ogr_types"], strict=True)
                ),
                strict=True,
            ) if names else ((), ())  # fmt: skip
            own_id = pyogrio.read_info(source.file, layer=layer)["fid_column"]
            if target.suffix == ".gpkg" and own_id and own_id not in names:
                names, data, masks = [own_id, *names], (fids[kept].astype(np.int64), *data), (None, *masks)
            if target.suffix == ".gpkg":
                options = dict(options) | _own_columns(names)
            pyogrio.raw.write(
                target, wkb[kept], list(data), names, field_mask=list(masks), layer=called or name,
                geometry_type=meta["geometry_type"], crs=meta["crs"], encoding="UTF-8", **options,
            )  # fmt: skip
    except (
        Exception
    ) as error:  # whatever it was: the caller writes another format, or leaves the layer as it is
        raise InputError(
            Text(f"cannot be written whole: {error}", f"tidak dapat ditulis utuh: {error}"),
            place=Place(str(source.place.file)),
            code="not-written",
        ) from error


def _storable(values: Any, kind: str) -> tuple[Any, Any]:
    """Return a column as it was stored, and where it is null: pyogrio reads whole numbers with nulls as floats."""
    if values.dtype.kind == "f":
        empty = np.isnan(values)
        if kind in ("OFTInteger", "OFTInteger64"):
            whole = np.where(empty, 0, values).astype(np.int32 if kind == "OFTInteger" else np.int64)
            return whole, empty
        return values, empty
    if values.dtype.kind == "M":
        return values, np.isnat(values)
    if values.dtype.kind == "O":
        return values, np.array([value is None for value in values], dtype=bool)
    return values, None


def _own_columns(names: list[str]) -> dict[str, str]:
    """Return names for the id and the geometry of a GeoPackage that no column has."""
    taken = {name.casefold() for name in names}
    return {
        option: next(name for name in (usual, f"{usual}_1", f"{usual}_2", f"{usual}_3") if name not in taken)
        for option, usual in (("FID", "fid"), ("GEOMETRY_NAME", "geom"))
    }
