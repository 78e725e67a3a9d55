"""Buildings that stand already: looked up by place, and how much ground of each parcel they may cover."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.features import Objects
from kkpr_check.geometry import overlap_of
from kkpr_check.io.pairing import ExistingBuildings
from kkpr_check.model import Site


class StandingBuildings:
    """Buildings in the working CRS, with their index."""

    def __init__(self, buildings: ExistingBuildings) -> None:
        self._all = buildings
        self._tree = shapely.STRtree(buildings.geometry)
        self._doubtful = np.array([doubt is not None for doubt in buildings.doubts], dtype=bool)

    @classmethod
    def of(cls, geometry: Objects) -> StandingBuildings:
        """Return buildings of which nothing is doubtful."""
        return cls(ExistingBuildings(geometry, (None,) * len(geometry)))

    def built_m2(self, parcels: Objects) -> NDArray[np.float64]:
        """Return how much of each parcel is built over, at most (m2); inf where a building there is doubtful."""
        k, b = self._tree.query(parcels, predicate="intersects")
        area_m2 = shapely.area(overlap_of(self._all.geometry[b], parcels[k]))
        built_m2 = np.zeros(len(parcels))
        np.add.at(built_m2, k, np.where(self._doubtful[b], np.inf, area_m2))
        return built_m2

    def near(self, site: Site) -> ExistingBuildings:
        """Return the buildings whose boxes meet the parcel."""
        rows = np.sort(self._tree.query(site.parcel))
        return replace(
            self._all, geometry=self._all.geometry[rows], doubts=tuple(self._all.doubts[n] for n in rows)
        )
