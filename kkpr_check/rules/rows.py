"""The blocks that rules read: equally long columns, one row a thing to judge. One site is a block of one.

Where an input is unknown but has few values (road class, the activities of a KBLI), a row stands for one of them:
`target` says which rows are candidates for the same answer, and `kkpr_check.rules.base.fold` joins them.
Lengths are metres, areas m2, NaN where a number is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kkpr_check.rules.base import Bools, Codes, Floats, Ints, LimitColumn

Letters = NDArray[np.str_]


class SiteRows(NamedTuple):
    """One row a land subject (parcel or footprint).

    `gap_m2` is what no plan covers, noise removed; `covered` whether any plan covers any of it; `n_zones` the
    sub-zones of its parts; `adverse_distance_m` the distance to the nearest adverse area (NaN: none near, 0: inside);
    `ce90_m` the accuracy of the lines of the plan that judges it; `strict` the option ``--strict-accuracy``.
    """

    readable: Bools
    covered: Bools
    gap_m2: Floats
    area_m2: Floats
    n_zones: Ints
    adverse_distance_m: Floats
    ce90_m: Floats
    strict: Bools
    legal_area_m2: Floats
    legal_tolerance_ratio: Floats
    is_parcel: Bools


class UseRows(NamedTuple):
    """One row a (part of a subject, activity it may be).

    `letter` is the ITBX letter ("" where no cell decides); `asked` whether a use was given; `known` whether the plan's
    tables know it; `column` whether the matrix has a column for the sub-zone; `protected` -1 unknown, 0 cultivated, 1
    protected; `limited`, `conditioned` the outcome of the tests of the cell's T and B conditions.
    """

    target: Ints
    letter: Letters
    asked: Bools
    known: Bools
    column: Bools
    protected: Codes
    limited: Codes
    conditioned: Codes


class HoldingRows(NamedTuple):
    """One row a part of a subject: whether it lies in a holding zone ("A / B")."""

    holding: Bools


class OverlayRows(NamedTuple):
    """One row a (subject, value of an overlay) that share area: `stated` is what plan or rule says of the value."""

    stated: Codes


class StripRows(NamedTuple):
    """One row a (subject, line or bank, setback that may apply).

    `edge_known` is False for a bare centre line, whose edge may be up to `slack_m` nearer.
    """

    target: Ints
    distance_m: Floats
    limit: LimitColumn
    band_m: Floats
    slack_m: Floats
    edge_known: Bools
    default: Codes


class HierarchyRows(NamedTuple):
    """One row a (subject inside an RDTR, class of a lower-ranked plan there): what that class says of the use."""

    refused: Bools
    unknown: Bools


class IntensityRows(NamedTuple):
    """One row a (site, sub-zone it is judged in, rung of the ladder that may apply).

    `parcel_part_m2` is the parcel inside the zone without refused parts; `footprint_part_m2` the footprint (and
    existing buildings) there, NaN in a land check; `floor_part_m2` the floor area shared by footprint; `lot_m2` the
    approvable area; `absent` the outcome where an input is not given.
    """

    target: Ints
    parcel_part_m2: Floats
    footprint_part_m2: Floats
    floor_part_m2: Floats
    lot_m2: Floats
    limits: Mapping[str, LimitColumn]
    absent: Codes


class BalanceRows(NamedTuple):
    """One row a (site, candidate total): green and basement areas against the sum of limit x part.

    `needed_ratio` and `allowed_ratio` are the summed limits over `parcel_m2`; `open_m2` what parcel and buildings leave
    free; NaN `green_m2`, `basement_m2` where not given.
    """

    target: Ints
    parcel_m2: Floats
    open_m2: Floats
    green_m2: Floats
    basement_m2: Floats
    needed_ratio: LimitColumn
    allowed_ratio: LimitColumn


class BuildingRows(NamedTuple):
    """One row a (site, sub-zone under the footprint, rung and reference line that may apply).

    Distances run from the footprint to the front, side and rear references; `front_band_m` is the accuracy of the
    measured road line (0 where the parcel edge is the reference); `outside_m2` is the footprint beyond its parcel and
    `reserve_m` the distance to the road reserve (negative depth inside it), with its band.
    """

    target: Ints
    front_m: Floats
    front_limit: LimitColumn
    front_band_m: Floats
    side_m: Floats
    rear_m: Floats
    height_m: Floats
    floors: Floats
    outside_m2: Floats
    reserve_depth_m: Floats
    reserve_band_m: Floats
    limits: Mapping[str, LimitColumn]
    absent: Codes
