"""Opens the layers of a plan folder by window, with the plan's default CRS and the copies of its lock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from kkpr_check.errors import CrsError, InputError, KkprError, Text
from kkpr_check.io.containers import sibling
from kkpr_check.io.index import LayerIndex
from kkpr_check.plan import LayerSpec

LOCK_FILE = "plan.lock"
COPIES = ".kkpr"
"""Folder of the indexed copies inside a locked plan folder."""

_LINE, _AREA = ("linestring", "linearring"), ("polygon",)
KINDS: Mapping[str, tuple[str, ...]] = {
    "zoning": _AREA, "overlay": _AREA, "forest": _AREA, "boundary": _AREA, "parcel": _AREA, "building": _AREA,
    "road": _LINE, "powerline": (*_LINE, *_AREA), "railway": (*_LINE, *_AREA), "river": (*_LINE, *_AREA),
    "lake": (*_LINE, *_AREA), "coast": (*_LINE, *_AREA),
}  # fmt: skip
"""Kinds of geometry that each role can use."""
_KIND_WORDS = {"linestring": Text("lines", "garis"), "polygon": Text("polygons", "poligon")}
_KEYS = {
    r"--assume-crs (EPSG:[\w.]+)": r'crs = "\1"', r"--encoding ([\w-]+)": r'encoding = "\1"', "--swap-xy": "swap_xy = true",
    "--layer": "layer = NAME",
}  # fmt: skip
"""Option of the command line -> key of plan.toml."""


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
    if crs is None and default_crs is not None and names_no_crs(root / spec.path):
        crs = default_crs
    try:
        index = _open(root, spec, crs, known)
    except CrsError as error:
        if error.code != "crs-missing" or crs is not None or default_crs is None:
            raise _said_in_plan(error, spec) from None
        index = _open(root, spec, default_crs, known)
    except InputError as error:
        raise _said_in_plan(error, spec) from None
    _check_kinds(index, spec)
    return index


def _said_in_plan(error: KkprError, spec: LayerSpec) -> KkprError:
    """Point the remedy to plan.toml: options of the command line are for sites."""
    if error.remedy is not None:
        error.remedy = said_in_plan(error.remedy, spec)
    return error


def said_in_plan(remedy: Text, spec: LayerSpec) -> Text:
    """Return a remedy that names keys of plan.toml instead of options of the command line."""
    words = [str(line) for line in (remedy.en, remedy.id)]
    for option, key in _KEYS.items():
        named = f"plan.toml, [[layer]] {spec.id}: {key}"
        words = [re.sub(option, named, line) for line in words]
    return Text(*words)


def _check_kinds(index: LayerIndex, spec: LayerSpec) -> None:
    """Refuse features of a kind that the role can not use: left out silently they would be as good as deleted."""
    wanted = KINDS[spec.role]
    if all(kind.casefold().removeprefix("multi") in wanted for kind in index.facts.geometry_types):
        return
    data = index.window(None)
    kinds = [geometry.geom_type for geometry in data.geometry]
    row = next(i for i, kind in enumerate(kinds) if kind.casefold().removeprefix("multi") not in wanted)
    words = [_KIND_WORDS[k] for k in wanted if k in _KIND_WORDS]
    en, id_ = (" / ".join(line) for line in zip(*words, strict=True))
    raise InputError(
        Text(
            f"{kinds[row]} where the role {spec.role} needs: {en}",
            f"{kinds[row]}; peran {spec.role} perlu: {id_}",
        ),
        place=data.place._replace(row=str(data.feature[row])),
        remedy=Text(
            "take these features out of the layer, or put them into a layer of the right role",
            "keluarkan fitur itu dari layer, atau pindahkan ke layer dengan peran yang tepat",
        ),
        code="geometry-type",
    )


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


def names_no_crs(path: Path) -> bool:
    """Tell without opening it whether a file has nowhere to name its CRS."""
    suffix = path.suffix.casefold()
    return suffix == ".dxf" or (suffix == ".shp" and sibling(path, ".prj") is None)
