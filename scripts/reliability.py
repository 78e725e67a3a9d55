"""docs/reliability.md: what becomes of a verdict when something is taken out of a plan.

python scripts/reliability.py                   # try a seeded part and print the page
python scripts/reliability.py --write           # write docs/reliability.md
python scripts/reliability.py --at-most 0       # every deletion (about a quarter of an hour)
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from functools import cache
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from deletion import Bench, Deletion, sample_bench  # noqa: E402

PAGE = ROOT / "docs" / "reliability.md"
SEED, WORKERS = 24, 2
KINDS = {
    "layer": "layer of plan.toml",
    "plan.toml key": "any other key of plan.toml",
    "zone": "zone of the map",
    "other feature": "feature of another layer",
    "field": "field of a layer",
    "table": "table",
    "table row": "row of a table",
    "table column": "column of a table",
    "table cell": "cell of a table",
}
RARE = (
    "one of several rows of a KBLI: what is left reads as the whole list of its activities",
    "a zone that refuses, above a lower plan that permits, in a plan without a boundary layer: the place reads as left to the lower plan",
    "the permitting cell of a protected zone where that part failed a limit: the part is refused, and the rest can be approved",
)


class Outcome(NamedTuple):
    """What one deletion did: refused before anything was judged, or verdicts that became better, with the reasons."""

    kind: str
    name: str
    refused: bool
    better: tuple[tuple[str, str, str | None], ...]


@cache
def bench() -> tuple[Bench, list[Deletion]]:
    """Return the bench of this process and all deletions."""
    made = sample_bench()
    return made, made.deletions()


def attempt(number: int) -> Outcome:
    """Try one deletion."""
    plans, deletions = bench()
    deletion = deletions[number]
    refused, better = plans.outcome(deletion)
    return Outcome(deletion.kind, deletion.name, refused, tuple((b.site, b.what, b.reason) for b in better))


def chosen(at_most: int) -> list[int]:
    """Return the numbers of the deletions to try: all of a kind, or a seeded part."""
    numbers: list[int] = []
    for kind in KINDS:
        mine = [i for i, deletion in enumerate(bench()[1]) if deletion.kind == kind]
        numbers += sorted(Random(SEED).sample(mine, at_most)) if 0 < at_most < len(mine) else mine
    return numbers


def page(outcomes: Sequence[Outcome], minutes: float) -> str:
    """Return docs/reliability.md."""
    plans, deletions = bench()
    lines = [
        "# What if something is missing?",
        "",
        "<!-- written by scripts/reliability.py: do not edit -->",
        "",
        "A plan that lost something (a row, a zone, a whole layer) must not approve more than it did before. To see whether it does,",
        "the plans `data/sample` and `data/sample-rtrw` are taken apart piece by piece. After each deletion the same",
        f"{len(plans.before)} sites (the examples, and parcels of the town with unlike reasons against them) are judged again.",
        "*Improved* means: a better verdict, or a larger part that can be approved.",
        "",
        "| deleted | there are | tried | refused as a plan | nothing improved | improved, only the lock tells | improved, unexplained |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, words in KINDS.items():
        mine = [o for o in outcomes if o.kind == kind]
        there = sum(d.kind == kind for d in deletions)
        refused = sum(o.refused for o in mine)
        better = [o for o in mine if o.better]
        unknown = sum(any(reason is None for *_, reason in o.better) for o in better)
        counts = (
            there,
            len(mine),
            refused,
            len(mine) - refused - len(better),
            len(better) - unknown,
            unknown,
        )
        lines.append(f"| {words} | " + " | ".join(f"{n:,}".replace(",", " ") for n in counts) + " |")
    lines += [
        "",
        f"Where fewer were tried than there are, a part was drawn with seed {SEED}. {minutes:.0f} minutes on {WORKERS} processes.",
        "",
        "## What only the lock tells",
        "",
        "[`plan lock`](plan-folder.md) keeps the hash of every file of a plan; a plan that is not the one that was locked is refused",
        "(exit 2). A report on a plan without a lock says *unlocked*. These deletions improved a verdict here:",
        "",
        "| deletion | sites improved | for example | why the rest of the plan can not tell |",
        "|---|---|---|---|",
    ]
    for o in outcomes:
        if o.better:
            site, what, reason = o.better[0]
            lines.append(f"| {o.name} | {len(o.better)} | {site}: {what} | {reason or '**not explained**'} |")
    lines += [
        "",
        "Three more need a plan unlike the sample; `tests/test_deletion.py` shows each:",
        "",
        *(f"- {words}" for words in RARE),
        "",
        "The tests try a smaller seeded part of every kind, and that a locked plan is refused after each kind; `KKPR_SOAK=1` tries all.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Try the deletions; 1 where a verdict improved and nobody knows why."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    parser.add_argument("--at-most", type=int, default=300, metavar="N", help="deletions of a kind; 0 = all")
    options = parser.parse_args()
    began = time.monotonic()
    with Pool(WORKERS) as pool:
        outcomes = pool.map(attempt, chosen(options.at_most), chunksize=10)
    text = page(outcomes, (time.monotonic() - began) / 60)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    return int(any(reason is None for o in outcomes for *_, reason in o.better))


if __name__ == "__main__":
    sys.exit(main())
