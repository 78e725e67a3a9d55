"""The fault museum: files that are broken in one way each, made by code, and what is promised of each of them."""

from __future__ import annotations

from faults import applications as _applications  # noqa: F401
from faults.museum import FAULTS, Fault
from faults.plans import PLAN_FAULTS
from faults.sites import SITE_FAULTS

__all__ = ["FAULTS", "PLAN_FAULTS", "SITE_FAULTS", "Fault"]
