"""DAT213: the hierarchy WP, sub-WP, block, sub-block: each lies in one of the level above."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from kkpr_check.errors import Text
from kkpr_check.features import is_empty
from kkpr_check.quality.base import LayerCheck, LayerView, Surroundings, zoning_only
from kkpr_check.quality.codes import SCHEMAS
from kkpr_check.quality.findings import DataFinding
from kkpr_check.reference import clean, field_role

LEVELS = ("wp", "swp", "block", "subblock")


def blocks(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """Yield one finding a value that lies in several of the level above; the feature is the first of the rarer one."""
    columns = _columns(view)
    for above, below in pairwise(columns):
        where: dict[str, Counter[str]] = {}
        first: dict[tuple[str, str], int] = {}
        for row, (up, down) in enumerate(zip(view.fields[above], view.fields[below], strict=True)):
            parent, child = clean(up), clean(down)
            if parent is not None and child is not None and not is_empty(parent) and not is_empty(child):
                where.setdefault(child, Counter())[parent] += 1
                first.setdefault((child, parent), row)
        for child, parents in where.items():
            if len(parents) < 2:
                continue
            ranked = sorted(parents, key=lambda parent: (-parents[parent], parent))
            shown = ", ".join(ranked[:5])
            yield view.finding(
                "DAT213",
                "warning",
                Text(f"{below} {child} lies in several {above}: {shown}",
                     f"{below} {child} berada di beberapa {above}: {shown}"),
                Text(f"a {below} belongs to one {above}: correct the codes",
                     f"satu {below} milik satu {above}: betulkan kodenya"),
                row=first[child, ranked[-1]], field=below, value=child,
            )  # fmt: skip


def _columns(view: LayerView) -> list[str]:
    """Return the columns of the levels that are there, except one that carries the sub-zone code."""
    code = view.column("subzone")
    found = {field_role(name, *SCHEMAS): name for name in reversed(list(view.fields)) if name != code}
    return [found[level] for level in LEVELS if level in found]


def too_few(view: LayerView, around: Surroundings) -> Text | None:
    """Say why there is no hierarchy to check."""
    no = zoning_only(view, around)
    if no is None and len(_columns(view)) < 2:
        return Text(
            "fewer than two of WP, SWP, block, sub-block", "kurang dari dua di antara WP, SWP, blok, subblok"
        )
    return no


CHECK = LayerCheck(("DAT213",), blocks, too_few)
