"""Findings that are areas or ratios of areas: INT001-005, LOK002, LOK003, LOK005, RTR001, KHS areas, TAB006."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from kkpr_check.kernels.slabs import Bools
from kkpr_check.model import Json
from kkpr_check.plan import Limit, Rung, State, Tolerance
from kkpr_check.recount.regions import Between, PartKey, Regions, number_of_line
from kkpr_check.recount.values import AREA_ABS_M2, AREA_REL, PRINTED_M, Difference, number

_COLUMN = {
    "INT001": "kdb_max_pct", "INT002": "klb_max", "INT003": "kdh_min_pct", "INT004": "ktb_max_pct", "INT005": "lot_min_m2",
    "TAB001": "gsb_min_m", "TAB002": "side_min_m", "TAB003": "rear_min_m", "TAB004": "height_max_m", "TAB005": "floors_max",
}  # fmt: skip
_HANGING_MAX = 8
_RATIO = 2e-8
"""Ratios are printed to 1e-8."""


class Lot(NamedTuple):
    """One part of the parcel that buildings are judged by: its mask at its largest and smallest."""

    key: PartKey
    largest: Bools
    smallest: Bools
    refused: bool


class Span(NamedTuple):
    """The values a number can have: one, or what is between two where an area is only bounded."""

    low: float
    high: float

    def holds(self, value: float, slack: float) -> bool:
        """Tell whether a value is one of them, up to a slack."""
        return self.low - slack <= value <= self.high + slack


class Ratios:
    """What the building rules divide, for one report."""

    def __init__(self, report: Json, regions: Regions) -> None:
        self.report, self.regions, self.site = report, regions, regions.site
        self.lots = self._lots() if regions.site.parcel is not None else []
        self.under = regions.judged("footprint").parts if regions.site.footprint is not None else {}

    def differences(self) -> Iterator[Difference]:
        """Yield the figures of the findings that do not come out again."""
        for index, finding in enumerate(self.report["findings"]):
            path = f"findings[{index}]"
            for key, spans in self._expected(finding).items():
                told = number(finding[key])
                slack = self._slack(finding, key)
                if told is not None and not any(span.holds(told, slack) for span in spans):
                    yield Difference(
                        f"{path}.{key}", told, " | ".join(_words(span) for span in spans) or None
                    )

    def _slack(self, finding: Json, key: str) -> float:
        area = max(self.regions.parcel_m2, self.regions.subject_m2("footprint"))
        in_m2 = 2 * AREA_ABS_M2 + 2 * AREA_REL * area
        if finding["rule"] in ("INT003", "INT004"):
            in_m2 += self._drawn_m2
        if key in ("measured", "limit") and finding["unit"] in ("ratio", "factor"):
            sizes = [self._size(lot.smallest) for lot in self.lots if finding["zone"] in (None, lot.key[1])]
            least = min((size for size in sizes if size > 0), default=1.0)
            most = max(1.0, abs(number(finding[key]) or 0.0))
            return _RATIO + most * 2 * in_m2 / least
        return in_m2 * max(1.0, abs(number(finding["limit"]) or 0.0)) if key == "limit_m2" else in_m2

    @cached_property
    def _drawn_m2(self) -> float:
        """How far the area of the approvable part can be off by the places its corners are printed to."""
        told = self.report["approvable"]
        return (
            float(self.site.shape(told["geometry"]).length) * PRINTED_M if told and told["geometry"] else 0.0
        )

    def _size(self, mask: Bools) -> float:
        return self.regions.map.size_m2(mask)

    # --- the parts of the parcel -----------------------------------------------------------------------------------

    def _lots(self) -> list[Lot]:
        regions, found = self.regions, []
        parts = regions.judged("parcel").parts
        for key, whole in parts.items():
            window = regions.window(key[0])
            tolerance = window.plan.tolerance if window else Tolerance()
            largest, smallest = (
                regions.left(whole & ~refused, tolerance)
                for refused in (regions.refused.surely, regions.refused.at_most)
            )
            gone = not largest.any()
            found.append(
                Lot(key, whole if gone else largest, whole if not smallest.any() else smallest, gone)
            )
        return found

    def _lot(self, key: PartKey) -> Lot | None:
        return next((lot for lot in self.lots if lot.key == key), None)

    @property
    def _kept(self) -> list[Lot]:
        return [lot for lot in self.lots if not lot.refused] or self.lots

    def _span(self, lots: Sequence[Lot]) -> Span:
        low = sum(self._size(lot.smallest) for lot in lots)
        return Span(low, max(low, sum(self._size(lot.largest) for lot in lots)))

    def _counted(self) -> list[list[Lot]]:
        """Return what totals may count: every part that is not refused, and only what is approvable of them."""
        kept, found = self._kept, [self._kept]
        sure = self.regions.of("approvable")
        if sure.any():
            cut = [Lot(lot.key, lot.largest & sure, lot.smallest & sure, lot.refused) for lot in kept]
            found.append([lot for lot in cut if self._size(lot.largest) > 0] or kept)
        return found

    # --- the figures of a finding ----------------------------------------------------------------------------------

    def _expected(self, finding: Json) -> dict[str, list[Span]]:
        """Return what each figure of a finding may be; a figure that is not counted here is not there."""
        rule, key = finding["rule"], (finding["plan"], finding["zone"])
        found: dict[str, list[Span]] = {}
        if rule in _COLUMN:
            limits = self._limits(finding)
            if limits is not None:
                found["limit"] = limits
        if rule in ("INT001", "INT002"):
            lot = self._lot(key)
            if lot is not None:
                area, limit = self._span([lot]), number(finding["limit"])
                built = self._built(lot) if rule == "INT001" else self._floor(lot)
                if built is not None:
                    found["measured"] = [_over(built, area)]
                if limit is not None:
                    found["limit_m2"] = [Span(area.low * limit, area.high * limit)]
        elif rule in ("INT003", "INT004"):
            found |= self._totals(finding)
        elif rule == "INT005" and self.lots:
            found["measured"] = self._lot_sizes
        elif rule in ("TAB004", "TAB005"):
            given = self.site.proposal.height_m if rule == "TAB004" else self.site.proposal.floors
            found["measured"] = [] if given is None else [Span(given, given)]
        else:
            found |= self._areas(finding)
        return found

    def _built(self, lot: Lot) -> Span | None:
        """Return the ground that the building, and what stands already, take in a part."""
        if self.site.footprint is None:
            return None
        own = self.under.get(lot.key)
        footprint = self._size(own) if own is not None else 0.0
        standing = self.regions.of("existing") & ~self.regions.of("footprint")
        return Span(
            footprint + self._size(standing & lot.smallest), footprint + self._size(standing & lot.largest)
        )

    def _floor(self, lot: Lot) -> Span | None:
        """Return the floor area in a part: shared by footprint area, in a land check by parcel area."""
        total = self.site.proposal.floor_area_m2
        if total is None:
            return None
        if self.site.footprint is not None:
            # What lies under a building and not on the parcel has no part to be judged in.
            judged = {lot.key for lot in self.lots} if self.site.parcel is not None else set(self.under)
            sizes = {key: self._size(mask) for key, mask in self.under.items() if key in judged}
            whole = sum(sizes.values())
            share = sizes.get(lot.key, 0.0) / whole if whole else 0.0
            return Span(total * share, total * share)
        mine, every = self._span([lot]), self._span(self._kept)
        return Span(total * mine.low / every.high, total * mine.high / every.low)

    def _totals(self, finding: Json) -> dict[str, list[Span]]:
        measured, absolute = [], []
        limit = number(finding["limit"])
        given = self.site.proposal
        for lots in self._counted():
            area = self._span(lots)
            if area.low <= 0:
                continue
            if limit is not None:
                absolute.append(Span(area.low * limit, area.high * limit))
            if finding["rule"] == "INT004":
                if given.basement_area_m2 is not None:
                    measured.append(_over(Span(given.basement_area_m2, given.basement_area_m2), area))
                continue
            open_ = self._open(lots)
            green = open_ if given.green_area_m2 is None else Span(
                min(given.green_area_m2, open_.low), min(given.green_area_m2, open_.high)
            )  # fmt: skip
            measured.append(_over(green, area))
        return {"measured": measured, "limit_m2": absolute}

    def _open(self, lots: Sequence[Lot]) -> Span:
        """Return the ground that buildings leave free."""
        built = self.regions.of("footprint", "existing")
        low, high = (
            self._size(np.logical_or.reduce(masks) & ~built)
            for masks in ([lot.smallest for lot in lots], [lot.largest for lot in lots])
        )
        return Span(low, max(low, high))

    @cached_property
    def _lot_sizes(self) -> list[Span]:
        """Return how large the lot may be: what is approvable, or what is not refused."""
        regions = self.regions
        parts = regions.judged("parcel").parts
        zoned = np.logical_or.reduce(list(parts.values())) if parts else regions.of("parcel")
        found: list[Span] = []
        refused, doubtful = regions.refused, regions.doubtful
        for ground, less in (
            (zoned, refused),
            (regions.of("parcel"), refused),
            (zoned, Between(refused.surely | doubtful.surely, refused.at_most | doubtful.at_most)),
        ):
            sizes = [
                self._size(regions.left(ground & ~gone, regions.tolerance))
                for gone in (less.at_most, less.surely)
            ]
            found.append(Span(min(sizes), max(sizes)))
            if regions.nearly_noise(ground & ~less.surely):
                found.append(_exactly(regions.parcel_m2))
        if all(span.high == 0 for span in found):
            found.append(_exactly(regions.parcel_m2))  # nothing is left: the rules are judged on the whole
        told = self.report["approvable"]
        # The approvable part has its own count; here its figure is only one that may stand for the lot.
        return found + ([_exactly(told["area_m2"])] if told else [])

    def _areas(self, finding: Json) -> dict[str, list[Span]]:
        regions, rule, kind = self.regions, finding["rule"], finding["subject"]
        window = regions.window(finding["plan"])
        if rule == "LOK002":
            return {"measured": self._gaps(kind), "limit": [_exactly(0.0)]}
        if rule == "LOK003":
            parts = regions.judged(kind).parts
            return {"measured": [_exactly(float(len({code for _, code in parts})))]}
        if rule == "LOK005":
            legal = self.site.proposal.legal_area_m2
            limit = {} if legal is None else {"limit": [_exactly(legal)]}
            return {"measured": [_exactly(regions.subject_m2(kind))], **limit}
        if rule == "RTR001" and window is not None:
            own = regions.own(kind, window, finding["zone"])
            return {"measured": [_exactly(self._size(own))]}
        if rule.startswith("KHS") and finding["zone"] is not None and not number_of_line(finding):
            part = regions.overlay(finding)
            return {"measured": [Span(self._size(part.surely), self._size(part.at_most))]}
        if rule == "TAB007":
            return {"limit": [_exactly(0.0)]}
        if rule == "TAB006":
            if self.site.parcel is None or self.site.footprint is None:
                return {"limit": [_exactly(0.0)]}
            outside = regions.of("footprint") & ~regions.of("parcel")
            kept = regions.lasting(outside, regions.subject_m2("footprint"), regions.tolerance)
            return {"measured": [_exactly(self._size(kept))], "limit": [_exactly(0.0)]}
        return {}

    def _gaps(self, kind: str) -> list[Span]:
        """Return how large the gap may be: noise that hangs on another piece by a line of no width may count in it."""
        regions, gaps = self.regions, self.regions.judged(kind)
        pieces = regions.map.pieces(gaps.gap & ~gaps.open_gap, regions.neck_m)
        noise_m2 = sorted((piece.area_m2 for piece in pieces), reverse=True)[:_HANGING_MAX]
        least = self._size(gaps.open_gap)
        chosen = itertools.product((0.0, 1.0), repeat=len(noise_m2))
        return [_exactly(least + float(np.dot(some, noise_m2))) for some in chosen]

    # --- limits, by the tables ------------------------------------------------------------------------------------

    def _limits(self, finding: Json) -> list[Span] | None:
        """Return the limits that the tables have for a finding: those of its sub-zone, or the mean by area."""
        column = _COLUMN[finding["rule"]]
        if finding["rule"] not in ("INT003", "INT004"):
            limits = [r.limits.get(column) for r in self._rungs((finding["plan"], finding["zone"]))]
            if any(limit is not None and limit.rumija_factor for limit in limits):
                return None  # hangs on the width of the road in front
            known = [limit for limit in limits if limit is not None and limit.state is State.VALUE]
            return [_exactly(_value(limit, column)) for limit in known] or None
        found = []
        for lots in self._counted():
            low = high = area = 0.0
            for lot in lots:
                unregulated = 0.0 if column == "kdh_min_pct" else 1.0
                values = [
                    unregulated if limit.state is State.UNREGULATED else _value(limit, column)
                    for rung in self._rungs(lot.key)
                    if (limit := rung.limits.get(column)) is not None and limit.state is not State.MISSING
                ]
                if not values:
                    return None
                size = self._size(lot.largest)
                low, high, area = low + min(values) * size, high + max(values) * size, area + size
            if area > 0:
                found.append(Span(low / area, high / area))
        return found or None

    def _rungs(self, key: PartKey) -> Sequence[Rung]:
        """Return the rows of the ladder of a sub-zone that can apply to the road class and to a lot of this size."""
        window = self.regions.window(key[0])
        rungs: Sequence[Rung] = window.plan.tables.intensity.get(key[1], ()) if window else ()
        asked = self.site.proposal.road_class
        if asked is not None:
            rungs = [r for r in rungs if r.road_class == "*" or _alike(r.road_class, asked)]
        if self.site.parcel is None:
            return rungs
        sizes = [span for span in self._lot_sizes if span.high > 0]
        low = min((s.low for s in sizes), default=0.0) * (1 - AREA_REL) - AREA_ABS_M2
        high = max((s.high for s in sizes), default=np.inf) * (1 + AREA_REL) + AREA_ABS_M2
        return [r for r in rungs if r.parcel_min_m2 <= high and low < r.parcel_max_m2]


def _alike(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-")


def _value(limit: Limit, column: str) -> float:
    return limit.constant * (0.01 if column.endswith("_pct") else 1.0)


def _exactly(value: float) -> Span:
    return Span(value, value)


def _over(part: Span, whole: Span) -> Span:
    return Span(part.low / whole.high, part.high / whole.low) if whole.low > 0 else Span(0.0, np.inf)


def _words(span: Span) -> Any:
    return f"{span.low:.6f}" if span.low == span.high else f"{span.low:.6f} to {span.high:.6f}"
