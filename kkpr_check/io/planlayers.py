"""Opens the layers of a plan folder by window, with the plan's default CRS and the copies of its lock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kkpr_check.errors import CrsError
from kkpr_check.io.containers import sibling
from kkpr_check.io.index import LayerIndex
from kkpr_check.plan import LayerSpec

LOCK_FILE = "plan.lock"
COPIES = ".kkpr"
"""Folder of the indexed copies inside a locked plan folder."""


def open_layer(
    directory: str | Path,
    spec: LayerSpec,
    *,
    default_crs: str | None = None,
    known: Mapping[Path, str] | None = None,
) -> LayerIndex:
    """Open one layer of a plan folder.

    Parameters
    ----------
    directory
        The plan folder.
    spec
        The ``[[layer]]``.
    default_crs
        The plan's `crs`: assumed only where neither the layer's file nor `spec` names one.
    known
        Digests of the plan's files that the caller has taken just now, by path.

    Raises
    ------
    InputError, CrsError, ErrorGroup
        Where the layer can not be read whole.
    """
    root = Path(directory)
    crs = spec.crs
    if crs is None and default_crs is not None and _names_no_crs(root / spec.path):
        crs = default_crs
    try:
        return _open(root, spec, crs, known)
    except CrsError as error:
        if error.code != "crs-missing" or crs is not None or default_crs is None:
            raise
        return _open(root, spec, default_crs, known)


def _open(root: Path, spec: LayerSpec, crs: str | None, known: Mapping[Path, str] | None) -> LayerIndex:
    return LayerIndex.open(
        root / spec.path,
        layer=spec.layer,
        encoding=spec.encoding,
        crs=crs,
        swap_xy=spec.swap_xy,
        directory=root / COPIES if (root / LOCK_FILE).is_file() else None,
        known=known,
    )


def _names_no_crs(path: Path) -> bool:
    """Tell without opening it whether a file has nowhere to name its CRS."""
    suffix = path.suffix.casefold()
    return suffix == ".dxf" or (suffix == ".shp" and sibling(path, ".prj") is None)
