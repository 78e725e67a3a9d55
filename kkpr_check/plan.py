"""A plan as values: identity, tables, declared layers and overlays. No file is read here.

One *plan* is one legal instrument (an RDTR, an RTRW kabupaten ...). `kkpr_check.io.planfolder` builds it
from a plan folder or from a bare layer; `kkpr_check.engine` judges with it.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Literal, NamedTuple

Level = Literal["rdtr", "rtrw-kota", "rtrw-kab", "rtr-ksn", "rtrw-prov", "rtr-pulau", "rtrwn"]
RANK: Mapping[str, int] = {
    "rdtr": 0, "rtrw-kota": 1, "rtrw-kab": 1, "rtr-ksn": 2, "rtrw-prov": 3, "rtr-pulau": 4, "rtrwn": 5,
}  # fmt: skip
"""Lower judges first (contract section 3: RDTR > RTRW kab/kota > RTRW provinsi > ...)."""

CE90_CLASS3_M_PER_SCALE = 0.5e-3
"""Horizontal CE90 of class 3: 0.5 mm at map scale (Perka BIG 15/2014), e.g. 1:5 000 -> 2.5 m."""

ROAD_CLASSES = (
    "arteri-primer", "arteri-sekunder", "kolektor-primer", "kolektor-sekunder", "lokal-primer", "lokal-sekunder",
    "lingkungan-primer", "lingkungan-sekunder", "tol", "khusus",
)  # fmt: skip
BUSINESS_SCALES = ("micro", "small", "medium", "large")


class State(enum.Enum):
    """What a table cell says: a number, nothing typed in yet, or not regulated (``-``)."""

    VALUE = "value"
    MISSING = "missing"
    UNREGULATED = "unregulated"


class Limit(NamedTuple):
    """A limit as the law prints it: ``constant`` or ``rumija_factor * rumija + constant`` (metres)."""

    state: State
    constant: float = float("nan")
    rumija_factor: float = 0.0


MISSING = Limit(State.MISSING)
UNREGULATED = Limit(State.UNREGULATED)

LIMIT_COLUMNS = (
    "kdb_max_pct", "klb_max", "kdh_min_pct", "ktb_max_pct", "height_max_m", "floors_max", "gsb_min_m", "side_min_m",
    "rear_min_m", "lot_min_m2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Zone:
    """A sub-zone of the plan (a row of zones.csv). `protected` is None where nobody has said."""

    subzone: str
    name: str
    zone: str = ""
    protected: bool | None = None
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One row of intensity.csv: the limits for a sub-zone, a road class and a range of parcel sizes.

    ``parcel_min_m2 <= A < parcel_max_m2``; `road_class` is ``*``, a class, or a family ("arteri").
    """

    subzone: str
    road_class: str
    parcel_min_m2: float
    parcel_max_m2: float
    limits: Mapping[str, Limit]
    gsb_from: str | None
    legal: str
    row: int

    def fits_road(self, road_class: str) -> bool:
        """Tell whether this rung is for `road_class` ("arteri" matches arteri-primer and arteri-sekunder)."""
        return self.road_class in ("*", road_class) or road_class.startswith(self.road_class + "-")


@dataclass(frozen=True, slots=True)
class Test:
    """A condition that numbers can decide: ``field op number``."""

    field: str
    op: Literal["<=", ">=", "=="]
    number: float


@dataclass(frozen=True, slots=True)
class Condition:
    """A row of conditions.csv: what T1 or B2 asks for."""

    code: str
    text: str
    legal: str
    test: Test | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """An ITBX cell: "I", "X", or the codes of its T and B conditions; both sets may apply.

    ``letter`` is one of I, T, B, TB, X; ``codes`` are the condition codes in the order written ("T1", "B3"),
    empty for a bare T or B.
    """

    letter: Literal["I", "T", "B", "TB", "X"]
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A row of cases.csv: a site with its expected verdict (a unit test of the plan)."""

    id: str
    wkt_parcel: str
    wkt_footprint: str
    crs: str
    options: Mapping[str, str]
    as_of: dt.date | None
    verdict: str
    rules: tuple[str, ...]
    row: int


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a plan. `present` names the files that exist: an absent table is not an empty one."""

    zones: Mapping[str, Zone] = _field(default_factory=dict)
    activities: Mapping[str, str] = _field(default_factory=dict)
    kbli: Mapping[str, tuple[str, ...]] = _field(default_factory=dict)
    itbx: Mapping[tuple[str, str], Cell] = _field(default_factory=dict)
    itbx_subzones: frozenset[str] = frozenset()
    conditions: Mapping[str, Condition] = _field(default_factory=dict)
    intensity: Mapping[str, tuple[Rung, ...]] = _field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    present: frozenset[str] = frozenset()

    def asks_for_rumija(self, subzone: str) -> bool:
        """Tell whether some limit of a sub-zone depends on the width of the road in front."""
        rungs = self.intensity.get(subzone, ())
        return any(limit.rumija_factor for rung in rungs for limit in rung.limits.values())


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is noise: a piece under 5 % of the subject that is this small or this narrow (contract section 4)."""

    sliver_width_m: float = 0.5
    sliver_area_m2: float = 1.0
    legal_area_pct: float = 0.5


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A ``[[layer]]`` of plan.toml: which file, which role, which source field carries which meaning.

    Attributes
    ----------
    fields
        Meaning -> source field. Meanings by role: zoning: ``subzone``, ``name``, ``remark``; road: ``road_class``,
        ``width_m`` (rumija), ``name``; river: ``width_m``, ``depth_m``, ``levee``, ``urban``, ``basin_km2``,
        ``setback_m``; lake, coast, railway: ``setback_m``; powerline: ``voltage_kv``, ``tower``, ``setback_m``;
        forest, overlay: ``value``; parcel: ``id``; any role: ``legal``.
    defaults
        Meaning -> constant for every feature, where no field carries it (``urban = true``).
    codes
        Source value -> canonical value of the role's key meaning (sub-zone, road class), only where they differ.
    """

    role: str
    path: str
    id: str
    layer: str | None = None
    fields: Mapping[str, str] = _field(default_factory=dict)
    defaults: Mapping[str, str | float | bool] = _field(default_factory=dict)
    codes: Mapping[str, str] = _field(default_factory=dict)
    encoding: str | None = None
    crs: str | None = None
    swap_xy: bool = False
    scale: int | None = None
    ce90_m: float | None = None
    legal: str = ""


@dataclass(frozen=True, slots=True)
class OverlaySpec:
    """An ``[[overlay]]`` of plan.toml: where an overlay rule finds its area, and what a value means.

    Exactly one of `field` (a column of the zoning layer), `layer` (the id or role of a ``[[layer]]``) or `none`
    (the legal statement that the plan has no such overlay). `field` together with `layer` names the value column
    of that layer. `values` maps a value to ``none``, ``pass``, ``conditional``, ``undetermined`` or ``fail``;
    `outcome` replaces the rule's default for all other values.
    """

    rule: str
    field: str | None = None
    layer: str | None = None
    none: str | None = None
    values: Mapping[str, str] = _field(default_factory=dict)
    outcome: str | None = None
    legal: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One legal instrument. `ce90_m` is the CE90 of its zone lines in metres.

    `crs` is for layers that carry none; `LayerSpec.crs` holds whatever the file says.
    """

    id: str
    name: str
    level: Level
    legal: str
    status: Literal["in-force", "draft"]
    ce90_m: float
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    oss_integrated: bool = False
    scale: int | None = None
    kbli_version: int = 2020
    synthetic: bool = False
    rank: int | None = None
    tolerance: Tolerance = Tolerance()
    tables: Tables = Tables()
    layers: tuple[LayerSpec, ...] = ()
    overlays: tuple[OverlaySpec, ...] = ()
    crs: str | None = None
    validate_select: tuple[str, ...] = ()
    validate_ignore: tuple[str, ...] = ()
    validate_baseline: str | None = None

    @property
    def order(self) -> tuple[int, str]:
        """Sort key: plans that judge first come first; ties by id, so that the order of options is no input."""
        return (RANK[self.level] if self.rank is None else self.rank, self.id)

    def in_force(self, as_of: dt.date) -> bool:
        """Tell whether the plan is law on `as_of`: in force, valid_from <= as_of < valid_until (absent = open)."""
        return (
            self.status == "in-force"
            and (self.valid_from is None or self.valid_from <= as_of)
            and (self.valid_until is None or as_of < self.valid_until)
        )

    def layers_of(self, role: str) -> tuple[LayerSpec, ...]:
        """Return the layers of one role, in the order of plan.toml."""
        return tuple(spec for spec in self.layers if spec.role == role)
