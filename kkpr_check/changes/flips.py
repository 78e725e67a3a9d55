"""Which verdicts differ between two versions, and which part of the plan makes the difference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from kkpr_check.changes.base import Change
from kkpr_check.changes.result import VERDICTS, Cause, Flip, FlipGroup

OUTCOMES = ("fail", "undetermined", "conditional")
IDS_LISTED = 20
_COLUMN_OF = {
    "INT001": "kdb_max_pct", "INT002": "klb_max", "INT003": "kdh_min_pct", "INT004": "ktb_max_pct", "INT005": "lot_min_m2",
    "TAB001": "gsb_min_m", "TAB002": "side_min_m", "TAB003": "rear_min_m", "TAB004": "height_max_m", "TAB005": "floors_max",
}  # fmt: skip
"""Rule -> the column of intensity.csv that it reads."""
_CELLS_TOLD = 3


def rules_changed(
    old: Mapping[str, str | None], new: Mapping[str, str | None]
) -> tuple[tuple[str, str, str], ...]:
    """Return (rule, outcome in OLD, outcome in NEW) where they differ; ``-`` = passed or not applicable.

    Parameters
    ----------
    old, new
        Columns ``fail``, ``undetermined`` and ``conditional`` of the batch table.

    >>> rules_changed({"fail": "INT001"}, {"conditional": "INT001,KGT002"})
    (('INT001', 'fail', 'conditional'), ('KGT002', '-', 'conditional'))
    """
    before, after = _outcomes(old), _outcomes(new)
    return tuple(
        (rule, before.get(rule, "-"), after.get(rule, "-"))
        for rule in sorted({*before, *after})
        if before.get(rule) != after.get(rule)
    )


def _outcomes(row: Mapping[str, str | None]) -> dict[str, str]:
    return {
        rule: outcome
        for outcome in reversed(OUTCOMES)
        for rule in (row.get(outcome) or "").split(",")
        if rule
    }


def causes_of(
    old: str, new: str, alone: Mapping[str, str], without: Mapping[str, str], parts: Sequence[str]
) -> tuple[Cause, ...]:
    """Return the parts of the plan that make a flip.

    Parameters
    ----------
    old, new
        The two verdicts.
    alone
        Part -> the verdict by OLD with only that part of NEW.
    without
        Part -> the verdict by NEW with that part as in OLD.
    parts
        All parts that differ.
    """
    enough = [part for part in parts if alone.get(part) == new]
    if enough:
        return tuple(Cause(part, "alone") for part in enough)
    needed = [part for part in parts if part in without and without[part] != new]
    if needed:
        return tuple(Cause(part, "needed") for part in needed)
    return (Cause(", ".join(parts), "together"),)


def detail_of(part: str, flip: Flip, activities: Iterable[str], changes: Sequence[Change]) -> str:
    """Return what changed in a part for one parcel, in few words; empty where it cannot be said shortly.

    Parameters
    ----------
    activities
        Activities of the matrix that the parcel's proposal stands for.
    changes
        All changes between the two versions.
    """
    if part == "zoning":
        was, now = (_codes(zones) for zones in flip.zones)
        return f"{'+'.join(was) or '-'} -> {'+'.join(now) or '-'}" if was != now else ""
    zones = {code for side in flip.zones for code in _codes(side)}
    rules = {rule for rule, _, _ in flip.rules}
    if part.startswith("plan.toml: overlays"):
        told = [
            c
            for c in changes
            if c.code == "DIF403" and any((c.field or "").startswith(f"overlay {r}") for r in rules)
        ]
        return _listed(
            [f"{(c.field or '').removeprefix('overlay ')} {c.old or '-'} -> {c.new or '-'}" for c in told]
        )
    if not part.endswith(".csv"):
        return ""
    cells = [
        c for c in changes if c.code in ("DIF301", "DIF302", "DIF303") and (c.file or "").endswith(f"/{part}")
    ]
    if part == "itbx.csv":
        wanted = set(activities)
        cells = [
            c for c in cells if (c.field in zones or c.field is None) and (not wanted or c.feature in wanted)
        ]
    elif part == "intensity.csv":
        cells = [c for c in cells if (c.feature or "").split(" / ")[0] in zones]
        columns = {_COLUMN_OF[rule] for rule in rules if rule in _COLUMN_OF}
        cells = [c for c in cells if c.field in columns] or cells
    return _listed([_cell(c) for c in cells])


def _cell(change: Change) -> str:
    if change.field is None:
        return f"{'+' if change.code == 'DIF302' else '-'} {change.feature}"
    return f"{change.feature} x {change.field}: {change.old or '-'} -> {change.new or '-'}"


def _listed(told: Sequence[str]) -> str:
    unique = list(dict.fromkeys(told))
    return "; ".join(unique[:_CELLS_TOLD]) + (
        f"; +{len(unique) - _CELLS_TOLD}" if len(unique) > _CELLS_TOLD else ""
    )


def _codes(zones: str | None) -> list[str]:
    return sorted(piece.rpartition(":")[0] for piece in (zones or "").split(";") if piece)


def grouped(flips: Iterable[Flip]) -> tuple[FlipGroup, ...]:
    """Return flips of the same verdicts and cause together: worse ones first, then the larger groups."""
    found: dict[tuple[str, str, tuple[Cause, ...]], list[Flip]] = defaultdict(list)
    for flip in flips:
        found[flip.old, flip.new, flip.causes].append(flip)
    groups = [
        FlipGroup(
            old, new, causes, tuple(sorted({rule for flip in same for rule, _, _ in flip.rules})), len(same),
            round(sum(flip.area_m2 or 0.0 for flip in same), 4), tuple(flip.id for flip in same[:IDS_LISTED]),
        )
        for (old, new, causes), same in found.items()
    ]  # fmt: skip
    return tuple(sorted(groups, key=_order))


def _order(group: FlipGroup) -> tuple[bool, int, float, str]:
    better = VERDICTS.index(group.new) < VERDICTS.index(group.old)
    return better, -group.parcels, -group.area_m2, f"{group.old}{group.new}{group.causes}"


def in_order(matrix: Mapping[tuple[str, str], tuple[int, float]]) -> dict[tuple[str, str], tuple[int, float]]:
    """Return the counts by (old verdict, new verdict) from good to bad, areas rounded."""
    ranked = sorted(matrix, key=lambda pair: (VERDICTS.index(pair[0]), VERDICTS.index(pair[1])))
    return {pair: (matrix[pair][0], round(matrix[pair][1], 4)) for pair in ranked}
