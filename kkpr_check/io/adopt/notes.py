"""What was noticed while reading a layer that is to be adopted."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kkpr_check.errors import Place, Text
from kkpr_check.io import apart
from kkpr_check.io.layers import LayerData


def reading_notes(path: Path, data: LayerData) -> tuple[Text, ...]:
    """Return what was noticed while reading a layer: assumptions, repairs, unusable features, cut texts."""
    notes = list(data.assumptions)
    if data.repairs:
        n = len(data.repairs)
        notes.append(
            Text(
                f"{n} invalid polygons were repaired in reading",
                f"{n} poligon tidak valid diperbaiki saat dibaca",
            )
        )
    if data.doubts:
        row, why = next(iter(data.doubts.items()))
        n = len(data.doubts)
        notes.append(
            Text(
                f"{n} features can not be used (row {row}: {why.en})",
                f"{n} fitur tidak dapat dipakai (baris {row}: {why.id})",
            )
        )
    if path.suffix.casefold() == ".shp":
        notes.extend(_cut_texts(path, data))
    return tuple(notes)


@contextmanager
def _own_drivers() -> Iterator[None]:
    """Hide the skip list for pyogrio from fiona: its older GDAL complains, at import, of each name it does not know."""
    skipped = os.environ.pop("OGR_SKIP", None)
    try:
        yield
    finally:
        if skipped is not None:
            os.environ["OGR_SKIP"] = skipped


def dbf_widths(path: Path) -> tuple[dict[str, int], Text | None]:
    """Return the widths of the text columns of a shapefile, and why they are unknown where they are.

    fiona tells them; where it is not installed (Python 3.14) nothing is said about widths. Called by way of `apart`:
    fiona was seen to crash on damaged files.
    """
    try:
        with _own_drivers():
            import fiona
    except ImportError:
        return {}, Text(
            "fiona is not installed: column widths unknown",
            "fiona tidak terpasang: lebar kolom tidak diketahui",
        )
    with warnings.catch_warnings(), _own_drivers():
        warnings.simplefilter("error")
        try:
            with fiona.open(path, enabled_drivers=["ESRI Shapefile"]) as source:
                types = dict(source.schema["properties"])
        except (fiona.errors.FionaError, Warning) as error:
            why = " ".join(str(error).split())[:200]
            return {}, Text(f"column widths unknown: {why}", f"lebar kolom tidak diketahui: {why}")
    widths = {name: kind.removeprefix("str:") for name, kind in types.items() if kind.startswith("str:")}
    return {name: int(width) for name, width in widths.items() if width.isdigit()}, None


def _cut_texts(path: Path, data: LayerData) -> list[Text]:
    """Say where texts fill their DBF column to the last character: they were probably cut there."""
    file = path.resolve()
    widths, unknown = apart.call(dbf_widths, file, file=file, place=Place(str(path)))
    notes = [] if unknown is None else [unknown]
    for name, width in widths.items():
        if width < 100 or name not in data.fields:
            continue
        full = sum(
            1 for value in data.fields[name] if value is not None and len(str(value).encode()) >= width
        )
        if full:
            notes.append(
                Text(
                    f"{name}: {full} texts fill all {width} characters of the column, probably cut",
                    f"{name}: {full} teks memenuhi {width} karakter kolom, mungkin terpotong",
                )
            )
    return notes
