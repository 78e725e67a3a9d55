"""From the options of a call to its reports: behind the command line and the Python API alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What a caller asks for, as written on the command line; nothing is read yet.

    Attributes
    ----------
    site, parcel, existing
        Files of footprints, parcels and standing buildings; ``-`` is standard input.
    point
        ``LAT,LON`` in degrees instead of a file.
    plans
        Plan folders.
    rdtr, rtrw, rules
        Bare zoning layers and a folder of tables, instead of plan folders.
    options
        Proposal options as text (`kkpr_check.io.options` understands them), `id` among them.
    layer, parcel_layer, encoding, swap_xy, assume_crs
        How to read the site's files.
    """

    site: str | None = None
    parcel: str | None = None
    existing: str | None = None
    point: str | None = None
    plans: tuple[str, ...] = ()
    rdtr: str | None = None
    rtrw: tuple[str, ...] = ()
    rules: str | None = None
    as_of: dt.date = dt.date.min
    include_draft: bool = False
    strict_accuracy: bool = False
    assume_crs: str | None = None
    layer: str | None = None
    parcel_layer: str | None = None
    encoding: str | None = None
    swap_xy: bool = False
    options: Mapping[str, str | bool] = field(default_factory=dict)
