"""The numbers of a stored report counted again by other means: no overlay of GEOS, no measure of the engine.

Areas come from signed trapezoids and slabs (`kkpr_check.kernels.reference`, `kkpr_check.kernels.slabs`), distances from
pairs of segments, depths from a search over triangles, the verdict from the outcomes by contract section 1. What a table
or an attribute says (limits, which zones refuse a use) is read as the engine reads it: nothing there is measured.
"""

from __future__ import annotations

from kkpr_check.recount.claims import recount
from kkpr_check.recount.values import Difference, Recounted, Verified

__all__ = ["Difference", "Recounted", "Verified", "recount"]
