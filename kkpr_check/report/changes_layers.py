"""A comparison as the rows of GIS layers: changes by kind of geometry, flipped parcels, and tables of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kkpr_check.changes.base import CODES, Change
from kkpr_check.changes.result import Diff, Flip
from kkpr_check.errors import Text
from kkpr_check.geometry import objects, of_one_kind
from kkpr_check.report import changes_words as words
from kkpr_check.report.layer_styles import Category, Style, Symbol, categorised
from kkpr_check.report.safe import whole_characters

LAYERS: Mapping[str, tuple[str, Symbol]] = {
    "changes_areas": ("MultiPolygon", "fill"),
    "changes_lines": ("MultiLineString", "line"),
    "changes_points": ("MultiPoint", "marker"),
    "flips": ("MultiPolygon", "fill"),
}
"""Layer -> kind of geometry and of QGIS symbol."""
OTHER, UNREADABLE = "changes_other", "unreadable"
_OF_DIMENSION = ("changes_points", "changes_lines", "changes_areas")
_CHANGE = (
    "code", "name", "file", "layer", "feature", "old_feature", "row", "field", "old", "new", "effect", "count",
    "area_m2", "length_m", "typical_m", "max_m", "message",
)  # fmt: skip
_FLIP = ("id", "old", "new", "direction", "rules", "causes", "old_zones", "new_zones", "area_m2")
_NUMBERS = frozenset({"row", "area_m2", "length_m", "typical_m", "max_m"})
_CHANGED = "#d00000"
_DIRECTIONS = (
    ("worse", Text("verdict worse", "putusan memburuk"), "#d7191c"),
    ("better", Text("verdict better", "putusan membaik"), "#1a9850"),
)


def layers(diff: Diff, lang: str) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return layer -> (geometries or None, columns); layers of changes without rows are left out, tables never are.

    Parameters
    ----------
    diff
        Witnesses in longitude, latitude.
    """
    plan_of = {id(change): plan.new.id for plan in diff.plans for change in plan.changes}
    placed: dict[str, list[tuple[Any, Change]]] = {name: [] for name in (*reversed(_OF_DIMENSION), OTHER)}
    for change in diff.all_changes:
        name, shape = _placed(change.witness)
        placed[name].append((shape, change))
    found: dict[str, tuple[Any, dict[str, Any]]] = {
        name: (
            None if name == OTHER else objects([shape for shape, _ in rows]),
            _change_columns([change for _, change in rows], plan_of, lang),
        )
        for name, rows in placed.items()
        if rows or name == OTHER
    }
    if diff.parcels is not None:
        flips = diff.parcels.flips
        found["flips"] = (
            objects([None if f.geometry is None else of_one_kind(f.geometry)[1] for f in flips]),
            _columns(_FLIP, [_flip_row(flip) for flip in flips]),
        )
        unread = [(row, name, why.pick(lang)) for row, name, why in diff.parcels.unreadable]
        found[UNREADABLE] = (None, _columns(("row", "id", "why"), unread))
    return found


def styles(lang: str) -> dict[str, Style]:
    """Return layer -> its style: one entry of the legend a code, flips by their direction."""
    codes = [Category(code, words.title(code, lang), _CHANGED) for code in CODES]
    directions = [Category(value, label.pick(lang), colour) for value, label, colour in _DIRECTIONS]
    return {
        name: categorised(name, "direction", symbol, directions, "causes")
        if name == "flips"
        else categorised(name, "code", symbol, codes, "message")
        for name, (_, symbol) in LAYERS.items()
    }


def _placed(witness: Any) -> tuple[str, Any]:
    if witness is None or witness.is_empty:
        return OTHER, None
    dimension, whole = of_one_kind(witness)
    return _OF_DIMENSION[dimension], whole


def _change_columns(
    changes: Sequence[Change], plan_of: Mapping[int, str | None], lang: str
) -> dict[str, Any]:
    """Return the attributes of changes; of a folder of plans, the plan first."""
    rows = [
        (*(getattr(change, name) for name in _CHANGE[:-1]), change.message.pick(lang)) for change in changes
    ]
    plans = _columns(("plan",), [(plan_of.get(id(change)),) for change in changes]) if plan_of else {}
    return plans | _columns(_CHANGE, rows)


def _flip_row(flip: Flip) -> tuple[Any, ...]:
    rules = ", ".join(f"{rule} {old}->{new}" for rule, old, new in flip.rules)
    causes = "; ".join(f"{cause.part} ({cause.how}) {cause.detail}".strip() for cause in flip.causes)
    return (flip.id, flip.old, flip.new, flip.direction, rules, causes, *flip.zones, flip.area_m2)


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return {name: _column(name, [row[n] for row in rows]) for n, name in enumerate(names)}


def _column(name: str, values: list[Any]) -> Any:
    if name == "count":
        return np.array(values, dtype=np.int64)
    if name in _NUMBERS:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return objects([None if v is None else whole_characters(str(v)).replace("\0", "") for v in values])
