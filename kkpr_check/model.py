"""The values that flow: proposals in, findings and reports out. No geometry algorithm, no I/O, no language."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from kkpr_check.errors import Text
from kkpr_check.phrases import Sentence

Json = dict[str, Any]
SideKind = Literal["front", "side", "rear"]


class Outcome(enum.IntEnum):
    """What a rule says, ordered: the worst of several is the maximum."""

    NOT_APPLICABLE = 0
    PASS = 1
    CONDITIONAL = 2
    UNDETERMINED = 3
    FAIL = 4

    @property
    def word(self) -> str:
        """The word of the JSON report."""
        return self.name.lower()


OUTCOMES = tuple(Outcome)
"""Outcomes by their number."""


class Verdict(enum.StrEnum):
    """What a report says."""

    CONFORM = "conform"
    CONDITIONAL = "conditional"
    UNDETERMINED = "undetermined"
    PARTIAL = "partial"
    NONCONFORM = "nonconform"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be built or used, as understood. None = not given (never a default that helps).

    Areas in m2, `height_m` in metres, `kbli` as five digits of text.
    """

    kbli: str | None = None
    activity: str | None = None
    floors: float | None = None
    height_m: float | None = None
    floor_area_m2: float | None = None
    basement_area_m2: float | None = None
    green_area_m2: float | None = None
    legal_area_m2: float | None = None
    road_class: str | None = None
    business_scale: str | None = None
    psn: bool | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """What a decision hands back to the OSS application it answers; "" = not given. No personal data.

    `project` and `location` are the payload's id_proyek and id_proyek_lokasi; `water` and `depth` name a project on
    water; `digital_activity` and `digital_answer` are what the digital RDTR said.
    """

    oss_id: str = ""
    id_izin: str = ""
    kd_izin: str = ""
    project: str = ""
    location: str = ""
    water: str = ""
    depth: str = ""
    digital_activity: str = ""
    digital_answer: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """A subject in one metric working CRS.

    Attributes
    ----------
    id
        Name of the site in the report.
    parcel, footprint
        shapely Polygon or MultiPolygon in metres, valid, 2-D; at least one is given (scope "land" without footprint).
    existing
        Buildings that stand on the parcel already, or None where nothing is known of them.
    doubt
        Why the site can not be judged at all (an undetermined LOK000), else None.
    unread
        Whether the doubt is that the input could not be read (exit code 2, whatever the others come to).
    application
        The OSS application behind it; it stands in the OSS draft only, not in the other reports.
    """

    id: str
    parcel: Any | None
    footprint: Any | None
    proposal: Proposal
    existing: Any | None = None
    location: tuple[float, float] | None = None
    doubt: Text | None = None
    assumptions: tuple[Text, ...] = ()
    candidates: tuple[str, ...] = ()
    unread: bool = False
    application: Application | None = None

    @property
    def scope(self) -> Literal["land", "building"]:
        """``building`` where a footprint is judged, else ``land``."""
        return "land" if self.footprint is None else "building"


@dataclass(frozen=True, slots=True)
class Finding:
    """One judged rule at one place. Texts are made by the rule; `witness` is in the working CRS until reported."""

    rule: str
    name: str
    outcome: Outcome
    subject: Literal["parcel", "footprint"]
    plan: str | None
    zone: str | None
    measured: float | str | None
    limit: float | str | None
    operator: str | None
    unit: str | None
    margin: float | None
    message: Sentence
    legal: str
    witness: Any | None = None
    flip_distance_m: float | None = None
    missing: tuple[str, ...] = ()
    remedy: Sentence | None = None
    limit_m2: float | None = None
    zone_limits: tuple[tuple[str, float], ...] = ()
    """A limit that is a share of an area (KDB, KLB, KDH, KTB) in m2 of this parcel."""


@dataclass(frozen=True, slots=True)
class LedgerZone:
    """Area of one sub-zone inside a subject."""

    subzone: str
    name: str
    area_m2: float
    share: float


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """Where every square metre of a subject lies in one plan.

    ``sum(zones.area_m2) + dropped_m2 + gap_m2 - overlap_m2 == area_m2``.
    """

    subject: Literal["parcel", "footprint"]
    plan: str
    area_m2: float
    zones: tuple[LedgerZone, ...]
    gap_m2: float
    overlap_m2: float
    dropped_m2: float


@dataclass(frozen=True, slots=True)
class Approvable:
    """The part of the parcel on which every land finding is pass or conditional (working CRS)."""

    area_m2: float
    share: float
    geometry: Any


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A changed proposal that passes as a whole.

    Attributes
    ----------
    steps
        What is changed, in order: ``move-footprint``, ``reduce-floors`` ...
    values
        The numbers of the change, by name.
    verdict, verified
        What the engine said of the changed proposal; nothing is suggested that it did not judge.
    footprint, parcel
        The changed geometries (working CRS), None where they stay.
    """

    steps: tuple[str, ...]
    values: Mapping[str, Any]
    message: Text
    verdict: Verdict
    verified: bool
    footprint: Any | None = None
    parcel: Any | None = None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What would pass; `bounds` says what was searched ("": nothing), `blocked_by` which unknowns no change can make good."""

    found: tuple[Suggestion, ...]
    bounds: Text
    blocked_by: tuple[str, ...]


class OverlayArea(NamedTuple):
    """An area of a KHS rule near a site, or the strip of a setback rule (`setback_m`: the widest that may apply)."""

    rule: str
    value: str
    outcome: Outcome
    legal: str
    geometry: Any
    setback_m: float | None = None


class RoadLine(NamedTuple):
    """A road near a site: its line, its rumija in metres (None: not known) and that as an area."""

    name: str
    rumija_m: float | None
    line: Any
    reserve: Any | None


class SetbackLine(NamedTuple):
    """Where a building may begin: the line at `limit_m` from front, side or rear, inside the parcel.

    `reference` is what a GSB is measured from (``road_axis``, ``road_edge``, ``parcel_edge``), `zones` whose limit it is.
    """

    kind: SideKind
    limit_m: float
    reference: str
    zones: tuple[str, ...]
    geometry: Any


class SideDistance(NamedTuple):
    """The edges of a parcel on one side of the compass: how far a building stands from them, and how far it must.

    Attributes
    ----------
    kind, compass, length_m
        Front, side or rear; ``N`` ... ``NW``; length of these edges.
    road, rumija_m
        The road in front ("" where there is none), its width (None: not known).
    reference
        What the distance is measured from: as for `SetbackLine`; sides and rear from the parcel's edge.
    limits_m
        Every limit that may apply, ascending; empty: not regulated, or (`unknown`) nobody knows it.
    unknown
        Some limit that may apply is not known.
    measured_m
        Distance of the building; None without a building, or where what it is measured from is not known.
    """

    kind: SideKind
    compass: str
    length_m: float
    road: str
    rumija_m: float | None
    reference: str
    limits_m: tuple[float, ...]
    unknown: bool
    measured_m: float | None


class Surroundings(Protocol):
    """What lies around a site, in its working CRS; worked out when somebody asks, for most formats never do.

    `zones` are (sub-zone, geometry) of the plan that the map shows, `zone_colours` (sub-zone, "#RRGGBB" or "R,G,B")
    where the plan names its own.
    """

    @property
    def zones(self) -> tuple[tuple[str, Any], ...]: ...  # noqa: D102
    @property
    def zone_colours(self) -> tuple[tuple[str, str], ...]: ...  # noqa: D102
    @property
    def overlays(self) -> tuple[OverlayArea, ...]: ...  # noqa: D102
    @property
    def roads(self) -> tuple[RoadLine, ...]: ...  # noqa: D102
    @property
    def setbacks(self) -> tuple[SetbackLine, ...]: ...  # noqa: D102
    @property
    def sides(self) -> tuple[SideDistance, ...]: ...  # noqa: D102


class Scene(NamedTuple):
    """Surroundings that are given as values; nothing of them is known without."""

    zones: tuple[tuple[str, Any], ...] = ()
    zone_colours: tuple[tuple[str, str], ...] = ()
    overlays: tuple[OverlayArea, ...] = ()
    roads: tuple[RoadLine, ...] = ()
    setbacks: tuple[SetbackLine, ...] = ()
    sides: tuple[SideDistance, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The answer for one site. Geometries are in the working CRS; `kkpr_check.report` writes them in lon/lat."""

    site: Site
    verdict: Verdict
    pathway: Literal["KKKPR", "PKKPR", "RKKPR"]
    pathway_reason: Text
    self_declaration: bool
    findings: tuple[Finding, ...]
    not_evaluated: tuple[tuple[str, Sentence], ...]
    ledger: tuple[LedgerEntry, ...]
    combined: tuple[LedgerEntry, ...]
    approvable: Approvable | None
    assumptions: tuple[Text, ...]
    draft: bool = False
    plans_judged: tuple[str, ...] = ()
    plans_left_out: tuple[tuple[str, Text], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    suggestions: Suggestions | None = None
    """What would pass; only where it was asked for."""
    around: Surroundings = field(default=Scene(), repr=False, compare=False)
    """What lies around the site, for maps and for the distances of each side."""
