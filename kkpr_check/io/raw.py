"""What a reader hands to the intake gate: features as they stand in the file, doubts included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.geometry import Objects

NOT_FINITE = Text(
    "a coordinate is not a finite number (NaN or inf)",
    "ada koordinat bukan bilangan terhingga (NaN atau inf)",
)
HEIGHT_DROPPED = Text("heights (Z) are dropped", "nilai ketinggian (Z) diabaikan")


@dataclass(slots=True)
class Raw:
    """One layer as read.

    Attributes
    ----------
    geometry
        shapely geometries as stored (Z kept), None where there is none or it could not be built.
    fields
        Column name -> values, None for null; in the order of the file.
    crs_label
        What the file says, or None.
    broken
        Row -> why its geometry could not be built.
    fids, fid_field
        The driver's own feature ids where they are stable, and the column they come from.
    """

    layer: str
    driver: str
    geometry: Objects
    fields: dict[str, Objects]
    crs_label: str | None
    encoding: str = "UTF-8"
    broken: dict[int, Text] = field(default_factory=dict)
    assumptions: list[Text] = field(default_factory=list)
    fids: Objects | None = None
    fid_field: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as WKB, all geometries at once: one by one takes ten times as long."""
        import shapely

        rest = {name: getattr(self, name) for name in self.__slots__ if name != "geometry"}
        return _raw, (shapely.to_wkb(self.geometry), rest)


def _raw(wkb: Objects, rest: dict[str, Any]) -> Raw:
    import shapely

    with np.errstate(
        all="ignore"
    ):  # of a vertex that is no number GEOS leaves a flag; the gate looks for it itself
        return Raw(geometry=np.asarray(shapely.from_wkb(wkb), dtype=object), **rest)


NESTED = "nested too deeply"
"""What `unreadable` says of JSON that goes too deep."""


def unreadable(place: Place, why: str, *, remedy: Text | None = None, code: str = "unreadable") -> InputError:
    """Return the error for data that a reader gave up on; `why` is the reader's own word."""
    why = " ".join(why.split())[:300]
    return InputError(
        Text(f"cannot be read: {why}", f"tidak dapat dibaca: {why}"),
        place=place,
        remedy=remedy
        or Text(
            "the file is damaged or no such format: export it again",
            "berkas rusak atau salah format: ekspor ulang",
        ),
        code=code,
    )
