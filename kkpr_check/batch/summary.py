"""What a run counts: verdicts, rules, sub-zones, and a coarse map. Parts are counted alone and added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kkpr_check.batch.table import BlockRows

VERDICTS = ("conform", "conditional", "undetermined", "partial", "nonconform")
OUTCOMES = ("fail", "undetermined", "conditional")
CELLS_MAX = 12_000
FINEST = 20
"""Cells of the map are 2**-level degrees wide, at the finest level about 10 cm."""


@dataclass
class Map:
    """Verdict counts by cell of a lon/lat grid; too many cells double their width, in whatever order they come."""

    level: int = FINEST
    cells: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def add(self, lonlat: NDArray[np.float64], verdicts: Sequence[str]) -> None:
        """Count parcels at their places; those without a place are left out."""
        known = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        keys = np.floor(lonlat[known] * 2.0**self.level).astype(np.int64).tolist()
        for row, (x, y) in zip(known.tolist(), keys, strict=True):
            counts = self.cells.setdefault((x, y), [0] * len(VERDICTS))
            counts[VERDICTS.index(verdicts[row])] += 1
        self._coarsen(self.level)

    def merge(self, other: Map) -> None:
        """Add another map."""
        level = min(self.level, other.level)
        self._coarsen(level)
        for (x, y), counts in other.cells.items():
            shift = other.level - level
            mine = self.cells.setdefault((x >> shift, y >> shift), [0] * len(VERDICTS))
            for n, count in enumerate(counts):
                mine[n] += count
        self._coarsen(level)

    def _coarsen(self, level: int) -> None:
        while self.level > level or (len(self.cells) > CELLS_MAX and self.level > 0):
            wider: dict[tuple[int, int], list[int]] = {}
            for (x, y), counts in self.cells.items():
                mine = wider.setdefault((x >> 1, y >> 1), [0] * len(VERDICTS))
                for n, count in enumerate(counts):
                    mine[n] += count
            self.level, self.cells = self.level - 1, wider


@dataclass
class Summary:
    """Counts over some parcels.

    Attributes
    ----------
    broken
        Rows that could not be judged (LOK000).
    by_class
        Rows whose parcels are like another one that the engine judged.
    rules
        Rule -> outcome -> parcels.
    subzones
        Largest sub-zone of a parcel -> verdict -> parcels.
    """

    rows: int = 0
    broken: int = 0
    repaired: int = 0
    by_class: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    rules: dict[str, Counter[str]] = field(default_factory=dict)
    subzones: dict[str, Counter[str]] = field(default_factory=dict)
    map: Map = field(default_factory=Map)

    @classmethod
    def of(cls, rows: BlockRows, lonlat: NDArray[np.float64] | None, repaired: int) -> Summary:
        """Count a block; without `lonlat` there is no map."""
        columns = rows.columns
        made = cls(len(columns["id"]), 0, repaired, rows.by_class, Counter(columns["verdict"]))
        for outcome in OUTCOMES:
            for codes, count in Counter(columns[outcome]).items():
                for code in (codes or "").split(",") if codes else ():
                    made.rules.setdefault(code, Counter())[outcome] += count
        made.broken = made.rules.get("LOK000", Counter())["undetermined"]
        for (subzone, verdict), count in Counter(
            zip(columns["subzone"], columns["verdict"], strict=True)
        ).items():
            made.subzones.setdefault(subzone or "", Counter())[verdict] += count
        if lonlat is not None:
            made.map.add(lonlat, columns["verdict"])
        return made

    def merge(self, other: Summary) -> None:
        """Add another summary."""
        self.rows += other.rows
        self.broken += other.broken
        self.repaired += other.repaired
        self.by_class += other.by_class
        self.verdicts.update(other.verdicts)
        for mine, theirs in ((self.rules, other.rules), (self.subzones, other.subzones)):
            for key, counts in theirs.items():
                mine.setdefault(key, Counter()).update(counts)
        self.map.merge(other.map)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for the journal."""
        return {
            "rows": self.rows,
            "broken": self.broken,
            "repaired": self.repaired,
            "by_class": self.by_class,
            "verdicts": dict(self.verdicts),
            "rules": {key: dict(value) for key, value in self.rules.items()},
            "subzones": {key: dict(value) for key, value in self.subzones.items()},
            "map": {"level": self.map.level, "cells": [[x, y, *c] for (x, y), c in self.map.cells.items()]},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Summary:
        """Return what `to_json` wrote."""
        cells = {(int(x), int(y)): counts for x, y, *counts in data["map"]["cells"]}
        return cls(
            data["rows"],
            data["broken"],
            data["repaired"],
            data["by_class"],
            Counter(data["verdicts"]),
            {key: Counter(value) for key, value in data["rules"].items()},
            {key: Counter(value) for key, value in data["subzones"].items()},
            Map(data["map"]["level"], cells),
        )
