"""Area kernels: how many square metres of each subject lie in each zone.

Three kernels answer the same question with the same `Shares`:

``reference``
    The slow, obvious one (`kkpr_check.kernels.reference`): edge pairs and trapezoids in plain numpy.
``geos``
    `kkpr_check.kernels.geos`: GEOS overlay through shapely. Always there.
``grid``
    `kkpr_check.kernels.grid`: the trapezoid formula compiled by numba behind a grid. Extra ``[fast]``.

`geos` and the trapezoid formula are independent algorithms, so each can check the other.

All of them assume valid polygons in one metric CRS (metres): gate subjects and zones first. What can not be
measured (a non-finite coordinate, a line, broken WKB) is refused with `InputError`, never counted as no area.

Noise
-----
A shared edge has no area, but floating point leaves some: a pair below `noise_m2` of its subject is no pair, and a
pair within that of the whole subject is the whole subject. Contract section 1a.6 rounds areas to 1e-4 m2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, Protocol

import numpy as np

from kkpr_check.errors import Text, UsageError
from kkpr_check.kernels.blocks import Bools, Floats, Ints, Polygons, WkbBlock

__all__ = [
    "KernelName",
    "Polygons",
    "Prepared",
    "Shares",
    "SharesKernel",
    "WkbBlock",
    "joined",
    "load",
    "noise_m2",
]

KernelName = Literal["grid", "geos", "reference"]

NOISE_M2 = 1e-6
NOISE_RATIO = 1e-12
"""Noise of a pair's area, absolute and per area of the subject's bounding box (rounding grows with it)."""

SAFE_M = 1e-6
"""A subject is inside when no zone edge is within ``margin_m + SAFE_M``: rounding can not decide it."""


def noise_m2(bounds: Floats, areas_m2: Floats) -> Floats:
    """Return the area below which an overlap is rounding, for subjects' bounds ``(n, 4)`` in metres and areas.

    At most half of the subject, so that a subject smaller than the noise still lies somewhere.
    """
    boxes = (bounds[:, 2] - bounds[:, 0]) * (bounds[:, 3] - bounds[:, 1])
    return np.minimum(np.maximum(NOISE_M2, NOISE_RATIO * np.nan_to_num(boxes)), areas_m2 / 2)


@dataclass(frozen=True, slots=True)
class Shares:
    """Areas of subjects in zones, by 0-based row of the subject in its block and of the zone in its layer.

    Attributes
    ----------
    subject, zone, area_m2
        The pairs that share area (above noise), sorted by subject, then zone. Overlapping zones all count, so the
        areas of a subject can add up to more than it has.
    subject_area_m2
        Area of every subject; 0 for a missing one.
    inside
        Subjects that lie wholly in exactly one zone, with no edge of any zone within the margin.
    near_subject, near_zone, near_m
        Zones that share no area with the subject but are at most `margin_m` away (0 = they touch), sorted alike.
        Only where asked for. A subject that is `inside` has none.
    """

    subject: Ints
    zone: Ints
    area_m2: Floats
    subject_area_m2: Floats
    inside: Bools
    near_subject: Ints
    near_zone: Ints
    near_m: Floats


def joined(lows: Sequence[int], parts: Sequence[Shares]) -> Shares:
    """Return the shares of a whole block from those of its parts, which begin at rows `lows`."""

    def column(name: str, shifted: bool = False) -> Any:
        values = [getattr(part, name) for part in parts]
        return np.concatenate(
            [value + low for value, low in zip(values, lows, strict=True)] if shifted else values
        )

    return Shares(
        column("subject", shifted=True), column("zone"), column("area_m2"), column("subject_area_m2"), column("inside"),
        column("near_subject", shifted=True), column("near_zone"), column("near_m"),
    )  # fmt: skip


class Prepared(Protocol):
    """Zones made ready, to be asked block by block from any thread."""

    def shares(self, subjects: Polygons) -> Shares:
        """Measure a block of valid polygons (metres, CRS of the zones).

        The answer for a subject depends on that subject alone: any block size and thread count gives the same bits.

        Raises
        ------
        InputError
            For a non-finite coordinate, a geometry that is no polygon, or bytes that are not WKB.
        """
        ...

    def each(self, blocks: Iterable[Polygons]) -> Iterator[Shares]:
        """Measure blocks as they come and yield their shares in order, the same bits as one by one.

        As many blocks are measured at once as there are threads: none waits for the slowest part of another.

        Raises
        ------
        InputError
            As `shares`, when the turn of the block comes.
        """
        ...


class SharesKernel(Protocol):
    """One way to measure; see the module's docstring for the three there are."""

    name: str

    def prepare(
        self,
        zones: Polygons,
        *,
        margin_m: float = 0.0,
        near: bool = False,
        extent: tuple[float, float, float, float] | None = None,
        threads: int | None = None,
    ) -> Prepared:
        """Make zones ready.

        Parameters
        ----------
        zones
            Valid polygons in metres; they may overlap and leave gaps.
        margin_m
            How far from every zone edge a subject must be to count as `inside`; reach of `near`.
        near
            Also list the zones within the margin that share no area.
        extent
            Where the subjects lie (xmin, ymin, xmax, ymax), if known: saves work on other zones. A subject outside
            is still measured right, only slower.
        threads
            Threads that measure at once, parts of a block or blocks (default 2, or 1 on one core).

        Raises
        ------
        InputError
            As `Prepared.shares`, for a zone.
        """
        ...

    def valid(self, subjects: Polygons) -> Bools:
        """Tell which subjects are valid polygons with finite coordinates; a missing one is not.

        Raises
        ------
        InputError
            For bytes that are not WKB.
        """
        ...


def load(name: KernelName | Literal["auto"] = "auto") -> SharesKernel:
    """Return a kernel by name; ``auto`` is `grid` where numba is installed, else `geos`.

    Raises
    ------
    UsageError
        `grid` is asked for by name and numba is missing or broken.
    """
    if name == "reference":
        from kkpr_check.kernels.reference import ReferenceKernel

        return ReferenceKernel()
    if name == "grid" or (name == "auto" and find_spec("numba") is not None):
        try:
            from kkpr_check.kernels.grid import GridKernel

            return GridKernel()
        except ImportError as error:
            if name == "grid":
                raise UsageError(
                    Text(f"the grid kernel needs numba: {error}", f"kernel grid memerlukan numba: {error}"),
                    remedy=Text("pip install 'kkpr-check[fast]'", "pip install 'kkpr-check[fast]'"),
                    code="no-numba",
                ) from error
    from kkpr_check.kernels.geos import GeosKernel

    return GeosKernel()
