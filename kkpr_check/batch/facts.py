"""What is found of the parcels of one block, as arrays: parts, outcomes of the land rules, what is refused and what is left.

`kkpr_check.zoning`, `kkpr_check.land` and the land stage of `kkpr_check.engine` say the same of a few sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.adverse import PASS_REACH_CE90
from kkpr_check.batch.placing import EVEN_M2, Bools, Floats, Ints, Parcels, Placed, Refused
from kkpr_check.batch.prepared import Prepared, Zoning
from kkpr_check.batch.siteblock import SiteBlock
from kkpr_check.batch.standing import StandingBuildings
from kkpr_check.batch.table import RATIO_DECIMALS, share_text
from kkpr_check.features import Objects
from kkpr_check.geometry import REL_TOL, lasting, overlap_of, remainder_of, round_m, unions_by
from kkpr_check.land import USE_RULES
from kkpr_check.ledger import Parts
from kkpr_check.model import Outcome
from kkpr_check.rules import BY_CODE
from kkpr_check.rules.base import fold
from kkpr_check.rules.overlays import strip as judge_strip
from kkpr_check.rules.rows import SiteRows

TRACE_M2 = 1e-4
"""A shared area that may be rounding: the engine says what it comes to."""


class AreaHits(NamedTuple):
    """Parts of parcels in the areas of one source: its number, whose they are, which value, what it comes to.

    `depth_m` tells how deep those lie that are too shallow to refuse, NaN for all others; `away_m`, of every parcel of
    the block, how deep it lies in what refuses or how far from it (not finite: out of reach).
    """

    source: int
    subject: Ints
    value: Ints
    outcome: Ints
    area_m2: Floats
    depth_m: Floats
    away_m: Floats


class UseAway(NamedTuple):
    """How deep each parcel lies in what one rule of one plan refuses its use, or how far from it; else not finite."""

    plan: int
    rule: int
    away_m: Floats


class StripHits(NamedTuple):
    """What the worst line or bank of one layer comes to for each parcel near it, by which law; `depth_m` as in `AreaHits`."""

    strip: int
    subject: Ints
    feature: Ints
    outcome: Ints
    measured_m: Floats
    limit_m: Floats
    depth_m: Floats
    law: Objects


class Facts:
    """What is found of the parcels of one block, step by step; those that stay `clear` are judged here.

    Arrays run over the parcels, or over the rows of `parts`: what is more than noise of each parcel in each sub-zone of
    the plan that decides it, sub-zones numbered through all plans.
    """

    parts: Parts

    def __init__(
        self, prepared: Prepared, sites: SiteBlock, proposal: Ints, standing: Sequence[StandingBuildings]
    ) -> None:
        self.prepared, self.sites, self._standing = prepared, sites, standing
        self.parcels = Parcels.of(sites.parcel)
        n = len(sites)
        self.clear = np.ones(n, dtype=bool)
        self.inside = np.zeros(n, dtype=bool)
        self.flips: list[tuple[Bools, Floats]] = []
        self.all_refused, self.all_doubtful = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        rules = [area.rule for area in prepared.areas] + [rule.code for rule, _, _ in prepared.strips]
        self.overlaid = {rule: np.zeros(n, dtype=np.int64) for rule in rules}
        """For each rule of overlays, the outcomes that it comes to here, as bits."""
        self.refused: list[tuple[Ints, Objects]] = []
        self.doubtful: list[tuple[Ints, Objects]] = []
        self.crossed = np.zeros(n, dtype=bool)
        """Parcels that strips or overlay areas refuse or leave in doubt, in part or wholly."""
        self.use_away: list[UseAway] = []
        self.area_hits: list[AreaHits] = []
        self.strip_hits: list[StripHits] = []
        listed = list(prepared.numbers)
        numbers, self.use = np.unique(proposal, return_inverse=True)
        self.number = proposal
        self.asked = [listed[number] for number in numbers.tolist()]

    def found(self) -> bool:
        """Measure and judge; tell whether any parcel stayed clear."""
        self._place()
        self._judge_strips()
        if not self.clear.any():
            return False
        self._judge_uses()
        self._judge_areas()
        self._tell_flips()
        self._cut_out()
        self._leave_built_over()
        return bool(self.clear.any())

    # --- where the parcels lie

    def _place(self) -> None:
        """Find the plan that decides each parcel, its parts there, and what no zone covers."""
        zonings, parcels = self.prepared.zonings, self.parcels
        self.zoned = [zoning.layer.place(parcels) for zoning in zonings]
        away = np.array([placed.clear for placed in self.zoned])
        self.decides = np.argmin(away, axis=0)
        self.clear &= ~away.all(axis=0) & (parcels.single | (self.decides == 0))
        for index, (zoning, placed) in enumerate(zip(zonings, self.zoned, strict=True)):
            self.clear &= (self.decides >= index) | (placed.zone >= 0) | placed.clear
            claimed = np.unique(zoning.claims.query(parcels.geometry)[0])
            self.clear[claimed] &= self.decides[claimed] <= index  # its holes are not a lower plan's to judge
        self.held = (
            np.array([placed.zone for placed in self.zoned])[self.decides, np.arange(len(parcels))] >= 0
        )
        self._measure_cover(self._united([placed.parts for placed in self.zoned]))

    def _united(self, parts: Sequence[Parts]) -> Parts:
        """Return the parts in the plans that decide, sub-zones numbered through."""
        rows = [
            np.flatnonzero((self.decides[own.subject] == index) & self.clear[own.subject])
            for index, own in enumerate(parts)
        ]
        offsets = [zoning.offset for zoning in self.prepared.zonings]

        def column(name: str) -> Any:
            return np.concatenate([getattr(own, name)[some] for own, some in zip(parts, rows, strict=True)])

        group = np.concatenate(
            [own.group[some] + start for own, some, start in zip(parts, rows, offsets, strict=True)]
        )
        subject = column("subject")
        order = np.lexsort((group, subject))
        rest = [column(name)[order] for name in ("geometry", "whole", "area_m2", "dropped_m2")]
        return Parts(subject[order], group[order], *rest)

    def _measure_cover(self, parts: Parts) -> None:
        """Measure what is covered, dropped and left uncovered; keep the parts that are more than noise."""
        n, area = len(self.parcels), self.parcels.area_m2
        tolerance = self.prepared.windows[0].plan.tolerance
        self.dropped_m2 = np.bincount(parts.subject, parts.dropped_m2, n)
        self.covered_m2 = area.copy()
        self.gap_m2 = np.zeros(n)
        once = np.array([placed.once for placed in self.zoned])[self.decides, np.arange(n)]
        split = np.flatnonzero(self.clear & ~once)
        if len(split):
            mine = np.flatnonzero(~once[parts.subject])
            cover = unions_by(np.searchsorted(split, parts.subject[mine]), parts.whole[mine], len(split))
            self.covered_m2[split] = shapely.area(cover)
            some = split[area[split] - self.covered_m2[split] > REL_TOL / 2 * area[split]]
            gap = remainder_of(self.parcels.geometry[some], cover[np.searchsorted(split, some)])
            real = shapely.area(gap) > REL_TOL * area[some]
            gap, some = gap[real], some[real]
            if len(self.prepared.zonings) > 1:
                self.clear[some] = False
            left, _ = lasting(gap, area[some], tolerance)
            self.gap_m2[some] = round_m(shapely.area(left))
        some_part = np.zeros(n, dtype=bool)
        some_part[parts.subject[parts.area_m2 > 0]] = True
        self.clear &= some_part
        stay = np.flatnonzero((parts.area_m2 > 0) & self.clear[parts.subject])
        self.parts = Parts(
            *(
                getattr(parts, name)[stay]
                for name in ("subject", "group", "geometry", "whole", "area_m2", "dropped_m2")
            )
        )

    # --- what the rules say

    def _judge_strips(self) -> None:
        """Judge the distances to lines and banks; the worst feature of a layer speaks for the parcel."""
        for number, (rule, strip, tree) in enumerate(self.prepared.strips):
            reach_m = PASS_REACH_CE90 * strip.features.ce90_m
            furthest_m = strip.reach_m + reach_m + 1e-4
            mine, shapes = np.flatnonzero(self.clear), self.parcels.geometry
            k, f = tree.query(shapes[mine], predicate="dwithin", distance=furthest_m.max(initial=0.0))
            near = shapely.dwithin(shapes[mine[k]], strip.features.geometry[f], furthest_m[f])
            k, f = mine[k[near]], f[near]
            order = np.lexsort((f, k))
            k, f = k[order], f[order]
            rows, pair, law = strip.rows(shapes, k, f, np.int8(rule.default))
            if not len(pair):
                continue
            checked = judge_strip(rows)
            assert checked.measured is not None and checked.limit is not None
            outcome, shown, mixed = fold(checked, rows.target, len(k), ">=")
            told = np.flatnonzero(shown >= 0)
            margin = checked.measured[shown] - checked.limit[shown]
            order = told[np.lexsort((margin[told], -outcome[told], k[told]))]
            worst = order[np.flatnonzero(np.diff(k[order], prepend=-1))]
            if rule.default is Outcome.FAIL:
                flip = np.full(len(shapes), np.inf)
                flip[k[worst]] = round_m(margin[worst])
                flip[flip > reach_m] = np.inf
                self.flips.append((np.ones(len(shapes), dtype=bool), np.abs(flip)))
            bad = told[outcome[told] >= Outcome.CONDITIONAL]
            pieces = strip.pieces(shapes[k[bad]], f[bad], rows, shown[bad])
            said = np.zeros(len(shapes), dtype=np.int64)
            said[k[worst]] = outcome[worst]
            self.crossed |= said >= Outcome.UNDETERMINED
            for out, found in ((Outcome.FAIL, self.refused), (Outcome.UNDETERMINED, self.doubtful)):
                some = said[k[bad]] == out
                found.append((k[bad[some]], pieces[some]))
            shallow = (outcome[worst] == Outcome.UNDETERMINED) & ~mixed[worst] & rows.edge_known[shown[worst]]
            self.inside[k[worst[shallow | (outcome[worst] == Outcome.FAIL)]]] = True
            row, depth = shown[worst], np.where(shallow, np.abs(round_m(margin[worst])), np.nan)
            hits = (
                k[worst],
                f[worst],
                outcome[worst].astype(np.int64),
                checked.measured[row],
                checked.limit[row],
                depth,
                np.array(law, dtype=object)[row],
            )
            self.strip_hits.append(StripHits(number, *hits))
            self.overlaid[rule.code] |= np.where(said > Outcome.PASS, np.int64(1) << said, 0)

    def _judge_uses(self) -> None:
        """Judge the use of every part: `said` what each rule says of it, depth taken into account."""
        parts, zonings = self.parts, self.prepared.zonings
        said = [np.stack([zoning.outcomes(proposal) for proposal in self.asked]) for zoning in zonings]
        by_use = np.concatenate(said, axis=2)
        self.said = by_use[self.use[parts.subject], :, parts.group]
        self.use_depth_m = np.full(self.said.shape, np.nan)
        """How deep a part lies in what refuses its use, where that is too shallow to refuse."""
        for index, (zoning, placed) in enumerate(zip(zonings, self.zoned, strict=True)):
            mine = self.clear & (self.decides == index)
            if not mine.any():
                continue
            here = mine[parts.subject]
            doubt = (here[:, None] & (self.said == Outcome.UNDETERMINED)).any(axis=1)
            self._doubt(parts.subject[doubt], parts.geometry[doubt], self.held)
            for r in range(len(USE_RULES)):
                refuses = said[index][:, r, :] == Outcome.FAIL
                if not refuses.any():
                    continue
                patterns = np.vstack([refuses, np.zeros_like(refuses[:1])])
                which = np.where(mine, self.use, len(refuses))
                refused = zoning.layer.refused(placed, self.parcels, patterns, which)
                if index:  # a plan above it takes its own part off the refused area: for the engine to say
                    self.clear &= ~(mine & (refused.inside | (refused.flip_m < np.inf)))
                told = np.zeros(len(mine), dtype=bool)
                told[parts.subject[here & (self.said[:, r] != Outcome.NOT_APPLICABLE)]] = True
                self._take(refused, placed, told)
                self.use_away.append(UseAway(index, r, refused.flip_m))
                bad = here & (self.said[:, r] == Outcome.FAIL)
                shallow = bad & ~refused.fails[parts.subject]
                self.said[shallow, r] = Outcome.UNDETERMINED
                self.use_depth_m[shallow, r] = refused.flip_m[parts.subject[shallow]]

    def _judge_areas(self) -> None:
        """Judge the overlay areas; tell apart the rules that only add a condition, whatever else holds (`extra`)."""
        n = len(self.parcels)
        for source, area in enumerate(self.prepared.areas):
            placed = area.layer.place(self.parcels)
            rows = np.flatnonzero((placed.parts.area_m2 > 0) & self.clear[placed.parts.subject])
            subject = placed.parts.subject[rows]
            outcome = area.outcome[placed.parts.group[rows]].astype(np.int64)
            doubt, depth_m = outcome == Outcome.UNDETERMINED, np.full(len(rows), np.nan)
            away_m = np.full(n, np.inf)
            bad = area.outcome == Outcome.FAIL
            if bad.any():
                patterns = np.vstack([bad, np.zeros_like(bad)])
                refused = area.layer.refused(placed, self.parcels, patterns, np.where(self.clear, 0, 1))
                self._take(refused, placed, np.ones(n, dtype=bool))
                shallow = (outcome == Outcome.FAIL) & ~refused.fails[subject]
                outcome[shallow] = Outcome.UNDETERMINED
                depth_m[shallow] = refused.flip_m[subject[shallow]]
                away_m = refused.flip_m
            self._doubt(subject[doubt], placed.parts.geometry[rows[doubt]], placed.zone >= 0)
            self.crossed[subject[outcome >= Outcome.UNDETERMINED]] = True
            np.bitwise_or.at(self.overlaid[area.rule], subject, np.int64(1) << outcome)
            hits = (
                subject,
                placed.parts.group[rows],
                outcome,
                round_m(placed.parts.area_m2[rows]),
                depth_m,
                away_m,
            )
            self.area_hits.append(AreaHits(source, *hits))
        self.extra = np.zeros(n, dtype=np.int64)
        for number, (rule, bits) in enumerate(self.overlaid.items()):
            soft = bits < np.int64(1) << Outcome.UNDETERMINED
            self.extra |= (soft & (bits >= np.int64(1) << Outcome.CONDITIONAL)).astype(np.int64) << number
            self.overlaid[rule] = np.where(soft, 0, bits)

    def _take(self, refused: Refused, placed: Placed, told: Bools) -> None:
        """Note what an adverse area comes to: flip distances, and the parts that it refuses or leaves in doubt."""
        self.flips.append((told, refused.flip_m))
        self.inside |= refused.inside
        whole = placed.zone >= 0
        self.all_refused |= refused.inside & refused.fails & whole
        subject, pieces = placed.parts.subject[refused.bad], placed.parts.geometry[refused.bad]
        some = refused.fails[subject] & ~whole[subject]
        self.refused.append((subject[some], pieces[some]))
        some = ~refused.fails[subject]
        self._doubt(subject[some], pieces[some], whole)

    def _doubt(self, subject: Ints, pieces: Objects, whole: Bools) -> None:
        self.all_doubtful[subject[whole[subject]]] = True
        some = ~whole[subject]
        self.doubtful.append((subject[some], pieces[some]))

    def _tell_flips(self) -> None:
        """Find the smallest flip distance; leave to the engine what could not be measured."""
        self.flip_m = np.full(len(self.parcels), np.inf)
        for told, away in self.flips:
            # What is not applicable is not told; where nothing refuses, LOK004 still tells how far the refusal is.
            with np.errstate(invalid="ignore"):
                self.flip_m = np.where(told | ~self.inside, np.fmin(self.flip_m, away), self.flip_m)
            self.clear &= ~np.isnan(away)

    # --- what is left of the parcels

    def _cut_out(self) -> None:
        """Cut what is refused and what is in doubt out of the parcels and their parts.

        `approvable_m2` is left without either, `lot_m2` without what is refused (all, where that is nothing but noise).
        Of each part: `gone` tells whether all of it is refused, `sure` whether some of it is approvable, and `left_m2` how
        much of it is not refused (all of it, where that is nothing).
        """
        parts, area = self.parts, self.parcels.area_m2
        self.left_empty = self.all_refused.copy()
        self.approvable_m2 = np.where(self.all_refused | self.all_doubtful, 0.0, round_m(area))
        self.lot_m2: Floats = round_m(area)
        self.gone = self.all_refused[parts.subject]
        self.sure = np.ones(len(parts.subject), dtype=bool)
        self.left_m2 = shapely.area(parts.geometry)
        partial = np.zeros(len(area), dtype=bool)
        for subject, _ in (*self.refused, *self.doubtful):
            partial[subject] = True
        wanted = self.clear & (partial | ~self.held) & ~self._cut_evenly()
        for index in np.unique(self.decides[wanted]).tolist():
            self._cut_some(np.flatnonzero(wanted & (self.decides == index)), self.prepared.zonings[index])

    def _cut_evenly(self) -> Bools:
        """Cut the parcels of which whole parts are refused or in doubt; return which these are.

        Where the parts make up the parcel, nothing has to be cut: what is left are the others, and none of it is noise.
        """
        parts, n = self.parts, len(self.parcels)
        area, subject = self.parcels.area_m2, self.parts.subject
        refused = (self.said == Outcome.FAIL).any(axis=1)
        doubtful = (self.said == Outcome.UNDETERMINED).any(axis=1)
        sizes = np.bincount(subject, parts.area_m2, n)
        even = (abs(sizes - area) < EVEN_M2) & (abs(self.covered_m2 - area) < EVEN_M2)
        count = np.bincount(subject[~refused], minlength=n)
        found: Bools = self.clear & ~self.held & ~self.crossed & even & (self.dropped_m2 == 0)
        left_m2 = np.bincount(subject, np.where(refused, 0.0, parts.area_m2), n)
        sure_m2 = np.bincount(subject, np.where(refused | doubtful, 0.0, parts.area_m2), n)
        self.left_empty[found] = count[found] == 0
        self.lot_m2[found] = round_m(np.where(count == 0, area, left_m2))[found]
        self.approvable_m2[found] = round_m(sure_m2)[found]
        mine = found[subject]
        self.gone[mine] = refused[mine]
        asked = mine & ((self.approvable_m2 != self.lot_m2) & (self.approvable_m2 > 0))[subject]
        self.sure[asked] = ~(refused | doubtful)[asked]
        return found

    def _cut_some(self, some: Ints, zoning: Zoning) -> None:
        parts, shape, area = self.parts, self.parcels.geometry[some], self.parcels.area_m2[some]
        tolerance, own_tolerance = self.prepared.windows[0].plan.tolerance, zoning.window.plan.tolerance
        place = np.full(len(self.parcels), -1)
        place[some] = np.arange(len(some))
        refused = _pieces(self.refused, place, len(some))
        refused[self.all_refused[some]] = shape[self.all_refused[some]]
        doubtful = _pieces(self.doubtful, place, len(some))
        doubtful[self.all_doubtful[some]] = shape[self.all_doubtful[some]]
        rows = np.flatnonzero(place[parts.subject] >= 0)
        at = place[parts.subject[rows]]
        cut = ~shapely.is_empty(refused)
        left = shape.copy()
        left[cut] = remainder_of(shape[cut], refused[cut])
        left, narrow_m2 = lasting(left, area, tolerance)
        pieces = parts.geometry[rows]
        pieces[cut[at]] = remainder_of(pieces[cut[at]], refused[at[cut[at]]])
        pieces, dropped_m2 = lasting(pieces, area[at], own_tolerance)
        narrow = narrow_m2 >= tolerance.sliver_area_m2
        narrow[at[dropped_m2 >= own_tolerance.sliver_area_m2]] = True
        approvable = unions_by(at, parts.geometry[rows], len(some))
        for taken in (refused, doubtful):
            cut = ~shapely.is_empty(taken)
            approvable[cut] = remainder_of(approvable[cut], taken[cut])
        approvable, _ = lasting(approvable, area, tolerance)
        approvable_m2 = round_m(shapely.area(approvable))
        # What is approvable is no noise: for the engine to say.
        self.clear[some[narrow & (approvable_m2 > 0)]] = False
        empty = shapely.is_empty(left)
        self.left_empty[some], self.approvable_m2[some] = empty, approvable_m2
        self.lot_m2[some] = round_m(np.where(empty, area, shapely.area(left)))
        self.gone[rows] = shapely.is_empty(pieces)
        self.left_m2[rows] = np.where(self.gone[rows], self.left_m2[rows], shapely.area(pieces))
        asked = np.flatnonzero((approvable_m2 != self.lot_m2[some])[at] & (approvable_m2 > 0)[at])
        shared = shapely.area(overlap_of(pieces[asked], approvable[at[asked]]))
        self.sure[rows[asked]] = shared > 0
        trace = (shared > 0) & (shared < TRACE_M2)
        self.clear[parts.subject[rows[asked[trace]]]] = False

    def _leave_built_over(self) -> None:
        """Leave to the engine the parcels whose buildings may leave less open ground than a KDH asks for.

        On all others buildings that stand already change nothing where nothing is to be built.
        """
        parts, n = self.parts, len(self.parcels)
        asked = np.zeros(n)
        np.maximum.at(asked, parts.subject, self.prepared.most_kdh_ratio[parts.group])
        mine = np.flatnonzero(self.clear)
        built_m2 = np.zeros(len(mine))
        for standing in self._standing:
            built_m2 += standing.built_m2(self.parcels.geometry[mine])
        low_m2 = self.low_m2[mine]
        enough = low_m2 - built_m2 >= asked[mine] * low_m2 + TRACE_M2
        self.clear[mine[(built_m2 > 0) & ~enough]] = False

    @cached_property
    def built(self) -> Ints:
        """Parts in which building rules are judged: those that are not refused; all where nothing else is left."""
        subject = self.parts.subject
        kept = np.zeros(len(self.parcels), dtype=bool)
        kept[subject[~self.gone]] = True
        return np.flatnonzero(~self.gone | ~kept[subject])

    @cached_property
    def low_m2(self) -> Floats:
        """The least that each lot may measure: what is approvable, else what is not refused."""
        return np.where(self.approvable_m2 > 0, self.approvable_m2, self.lot_m2)

    @cached_property
    def size_cells(self) -> tuple[Ints, Ints]:
        """The range of lot sizes that tells nothing apart in the ladder of each part, of `low_m2` and of `lot_m2`."""
        subject, group = self.parts.subject, self.parts.group
        low, high = np.zeros(len(subject), dtype=np.int64), np.zeros(len(subject), dtype=np.int64)
        for index, zoning in enumerate(self.prepared.zonings):
            mine = np.flatnonzero(self.decides[subject] == index)
            own = group[mine] - zoning.offset
            low[mine] = zoning.size_cell(own, self.low_m2[subject[mine]])
            high[mine] = zoning.size_cell(own, self.lot_m2[subject[mine]])
        return low, high

    @cached_property
    def bare(self) -> Ints:
        """The number of each proposal without its use."""
        rest = self.prepared.rest
        bare = [replace(p, kbli=None, activity=None) for p in self.asked]
        return np.array([rest.setdefault(p, len(rest)) for p in bare], dtype=np.int64)[self.use]

    @cached_property
    def held_over(self) -> Bools:
        """Parts of which some feature is a holding zone (RTR002)."""
        parts, count = self.parts, len(self.prepared.subzones)
        found = np.zeros(len(parts.subject), dtype=bool)
        for zoning in self.prepared.zonings:
            held, tree = zoning.held
            if len(held):
                k, f = tree.query(self.parcels.geometry, predicate="intersects")
                alike = k * count + zoning.layer.group[held[f]] + zoning.offset
                found |= np.isin(parts.subject * count + parts.group, alike)
        return found

    @cached_property
    def legal_area_m2(self) -> Floats:
        """The area of each parcel in its papers, NaN where none is given."""
        given = [p.legal_area_m2 for p in self.sites.proposal]
        return np.array([np.nan if value is None else value for value in given], dtype=float)

    @cached_property
    def legal_area(self) -> Ints:
        """What LOK005 says of each parcel."""
        n = len(self.parcels)
        nan, no, yes = np.full(n, np.nan), np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
        tolerance = np.full(n, self.prepared.windows[0].plan.tolerance.legal_area_pct / 100)
        area, one = round_m(self.parcels.area_m2), np.ones(n, dtype=np.int64)
        rows = SiteRows(yes, yes, nan, area, one, nan, nan, no, self.legal_area_m2, tolerance, yes)
        outcome: Ints = BY_CODE["LOK005"].check(rows).outcome.astype(np.int64)
        return outcome

    def table(self, judged: Ints) -> dict[str, NDArray[Any]]:
        """Return the measured columns of the table, as `kkpr_check.engine` and `kkpr_check.ledger.entry` round them."""
        parts, n = self.parts, len(self.parcels)
        area, size = round_m(self.parcels.area_m2), round_m(parts.area_m2)
        dropped = round_m(self.dropped_m2)
        sizes = np.bincount(parts.subject, size, n)
        counted = round_m(sizes + dropped)
        overlap = np.maximum(0.0, round_m(counted - round_m(self.covered_m2)))
        gap = round_m(area - sizes - dropped + overlap)
        overlap = np.where(gap < 0, round_m(overlap - gap), overlap)
        gap = np.maximum(gap, 0.0)
        rank = np.argsort(np.argsort(self.prepared.subzones.astype(str), kind="stable"))
        order = np.lexsort((rank[parts.group], -size, parts.subject))
        order = order[size[order] > 0]
        subject = parts.subject[order]
        first = np.searchsorted(subject, judged)
        count = np.searchsorted(subject, judged, side="right") - first
        codes = self.prepared.subzones[parts.group[order]]
        share = size[order] / area[subject]
        texts = np.append(_zone_texts(codes, share), "")
        zones = texts[np.minimum(first, len(order))]
        for row in np.flatnonzero(count > 1):
            zones[row] = ";".join(texts[first[row] : first[row] + count[row]])
        flip = self.flip_m[judged] + 0.0
        largest = np.minimum(first, len(order) - 1)
        return {
            "id": self.sites.id[judged],
            "subzone": codes[largest],
            "subzone_share": np.round(share[largest], RATIO_DECIMALS),
            "n_zones": count,
            "zones": zones,
            "parcel_area_m2": area[judged] + 0.0,
            "gap_m2": gap[judged] + 0.0,
            "overlap_m2": overlap[judged] + 0.0,
            "dropped_m2": dropped[judged] + 0.0,
            "approvable_m2": self.approvable_m2[judged] + 0.0,
            "flip_distance_m": np.where(np.isfinite(flip), flip, np.nan),
        }


def _zone_texts(codes: Objects, share: Floats) -> Objects:
    """Return each part as the column `zones` tells it."""
    texts: Objects = codes + ":1"
    some = np.flatnonzero(share != 1.0)
    texts[some] = [
        f"{c}:{share_text(s)}" for c, s in zip(codes[some].tolist(), share[some].tolist(), strict=True)
    ]
    return texts


def _pieces(found: Sequence[tuple[Ints, Objects]], place: Ints, count: int) -> Objects:
    """Return the union of the pieces of each parcel that has a `place`."""
    subject = np.concatenate([place[one] for one, _ in found] or [np.empty(0, dtype=np.int64)])
    shapes = np.concatenate([pieces for _, pieces in found] or [np.empty(0, dtype=object)])
    order = np.argsort(subject, kind="stable")
    order = order[subject[order] >= 0]
    return unions_by(subject[order], shapes[order], count)
