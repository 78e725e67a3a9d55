"""Layer features near a block of sites, as the engine sees them: arrays in the working CRS."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kkpr_check.outlines import Lines
from kkpr_check.plan import Plan

Objects = NDArray[np.object_]

EMPTY_WORDS = frozenset({"", "-", "0", "tidak", "tidak ada", "n/a", "na", "<null>", "null", "none", "nihil"})
"""Spellings of "no overlay here" in official layers, case-folded (seen in real RDTR and RTRW data)."""

_INTEGRAL = re.compile(r"^-?\d+\.0+$")


def squeezed(code: str) -> str:
    """Return the letters and digits of a code without case: what spellings of one code have in common.

    >>> squeezed("R-2 a") == squeezed("r2.A")
    True
    """
    return "".join(c for c in code.casefold() if c.isalnum())


def as_text(value: Any) -> str | None:
    r"""Return an attribute value as clean text, or None where it is null.

    Codes arrive as floats (32103000.0) and with no-break spaces: both are spelling, not meaning.

    >>> as_text(32103000.0), as_text(" R-2\u00a0"), as_text(float("nan"))
    ('32103000', 'R-2', None)
    """
    if value is None or (isinstance(value, float | np.floating) and not math.isfinite(value)):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    text = " ".join(str(value).replace("\u00a0", " ").split())
    return text[: text.index(".")] if _INTEGRAL.match(text) else text


def is_empty(value: Any) -> bool:
    """Tell whether an overlay value says "no overlay here" (domain rule: null, "-", 0, "Tidak Ada" ...)."""
    text = as_text(value)
    return text is None or text.casefold() in EMPTY_WORDS


@dataclass(frozen=True, slots=True)
class Features:
    """Features of one layer, all of them that lie within the window's reach of the sites.

    Attributes
    ----------
    geometry
        shapely geometries in the working CRS (metres), valid, 2-D.
    feature
        The layer's own feature ids.
    meaning
        Canonical values by meaning (`subzone`, `road_class`, `width_m` ...): str, float, bool or None.
    raw
        Source columns that an overlay reads, unchanged.
    ce90_m
        CE90 of the layer's lines in metres.
    name
        What to call the layer in a message.
    role
        Role of the layer in the plan.
    lines, row
        Lines of the whole layer and the rows of these features in it, where the layer is kept in memory.
    """

    geometry: Objects
    feature: Objects
    ce90_m: float
    name: str
    meaning: Mapping[str, Objects] = field(default_factory=dict)
    raw: Mapping[str, Objects] = field(default_factory=dict)
    legal: str = ""
    role: str = ""
    lines: Lines | None = None
    row: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.geometry)

    def take(self, mask: NDArray[Any]) -> Features:
        """Return the features selected by a boolean mask or an index array."""
        return Features(
            self.geometry[mask], self.feature[mask], self.ce90_m, self.name,
            {k: v[mask] for k, v in self.meaning.items()}, {k: v[mask] for k, v in self.raw.items()}, self.legal, self.role,
            self.lines, None if self.row is None else self.row[mask],
        )  # fmt: skip

    def attribute(self, meaning: str, row: int) -> Any:
        """Return the value of a meaning for one feature, None where it is not known."""
        column = self.meaning.get(meaning)
        return None if column is None else column[row]


@dataclass(frozen=True, slots=True)
class PlanWindow:
    """One plan with its features near the sites; `layers` is keyed by the id of the ``[[layer]]``."""

    plan: Plan
    zoning: Features
    layers: Mapping[str, Features] = field(default_factory=dict)
