"""Many sites as columns, and as a sequence of `Site` for whoever looks at them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from kkpr_check.errors import Text
from kkpr_check.features import Objects
from kkpr_check.model import Site

Assumptions = tuple[Text, ...]


@dataclass(frozen=True)
class SiteBlock(Sequence[Site]):
    """Sites in one metric CRS, column by column.

    Attributes
    ----------
    row
        Place of each site in its block of the input, ascending.
    id
        Names of the sites.
    parcel, footprint, existing
        shapely polygons in metres, valid, 2-D; None where there is none. `footprint` is None where no site has one,
        `existing` where nothing is known of any.
    proposal
        What is to be built; equal proposals are one object.
    doubt
        Site -> why it can not be judged at all.
    assumptions
        Site -> what was taken for granted to read it.
    """

    row: NDArray[np.int64]
    id: Objects
    parcel: Objects
    proposal: Objects
    footprint: Objects | None = None
    existing: Objects | None = None
    doubt: dict[int, Text] | None = None
    assumptions: dict[int, Assumptions] | None = None
    candidates: dict[int, tuple[str, ...]] | None = None

    def __len__(self) -> int:
        return len(self.row)

    @overload
    def __getitem__(self, n: int) -> Site: ...
    @overload
    def __getitem__(self, n: slice) -> SiteBlock: ...
    def __getitem__(self, n: int | slice) -> Site | SiteBlock:
        if isinstance(n, slice):
            return self.take(np.arange(len(self))[n])
        return Site(
            self.id[n],
            self.parcel[n],
            None if self.footprint is None else self.footprint[n],
            self.proposal[n],
            None if self.existing is None else self.existing[n],
            doubt=(self.doubt or {}).get(n),
            assumptions=(self.assumptions or {}).get(n, ()),
            candidates=(self.candidates or {}).get(n, ()),
        )

    def take(self, index: NDArray[Any]) -> SiteBlock:
        """Return the sites of an index array, in its order."""
        return SiteBlock(
            self.row[index],
            self.id[index],
            self.parcel[index],
            self.proposal[index],
            None if self.footprint is None else self.footprint[index],
            None if self.existing is None else self.existing[index],
            _at(self.doubt, index),
            _at(self.assumptions, index),
            _at(self.candidates, index),
        )


def _at(values: dict[int, Any] | None, index: NDArray[Any]) -> dict[int, Any] | None:
    if not values:
        return None
    return {new: values[old] for new, old in enumerate(index.tolist()) if old in values}
