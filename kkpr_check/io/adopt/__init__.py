"""Adopting a real layer: what it is, which field carries what, and a plan made of it.

>>> from kkpr_check.io.adopt import bare_plan, inspect
"""

from kkpr_check.io.adopt.bare import SCALES, Bare, bare_plan, zone_of, zoning_overlays
from kkpr_check.io.adopt.inspection import Inspection, Unresolved, guess_level, inspect, require_zoning
from kkpr_check.io.adopt.roles import NAMES, Role
from kkpr_check.io.adopt.zoning import Conflict, Family, FieldGuess

__all__ = [
    "NAMES",
    "SCALES",
    "Bare",
    "Conflict",
    "Family",
    "FieldGuess",
    "Inspection",
    "Role",
    "Unresolved",
    "bare_plan",
    "guess_level",
    "inspect",
    "require_zoning",
    "zone_of",
    "zoning_overlays",
]
