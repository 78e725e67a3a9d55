"""docs/reliability.md: what becomes of a verdict when a plan loses something, and of a batch under load and faults.

python scripts/reliability.py                   # try a seeded part of the deletions and print the page
python scripts/reliability.py --write           # write docs/reliability.md
python scripts/reliability.py --at-most 0       # every deletion (half an hour)

The figures of the batch are those that `benchmarks/load.py --write` kept.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from deletion import Bench, Deletion, asked_for, real_bench, sample_bench  # noqa: E402
from real_plans import REAL  # noqa: E402

PAGE = ROOT / "docs" / "reliability.md"
LOAD = ROOT / "benchmarks" / "load.json"
SEED, WORKERS = 24, 2
KINDS = {
    "layer": "layer of plan.toml",
    "plan.toml key": "any other key of plan.toml",
    "zone": "zone of the map",
    "other feature": "feature of another layer",
    "far features": "all features of a layer that are far from every site",
    "value": "value of a feature, in a field that the plan reads",
    "field": "field of a layer",
    "table": "table",
    "table row": "row of a table",
    "table column": "column of a table",
    "table cell": "cell of a table",
}
RARE = (
    "a river, or an area of a special provision, that is no longer in its layer",
    "the test of a condition: the condition is then handed out instead of tested, as most of a real plan are",
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


class Trial(NamedTuple):
    """The deletions of some plans."""

    sites: int
    there: dict[str, int]
    outcomes: list[Outcome]
    minutes: float


@cache
def bench(which: str, folder: str) -> tuple[Bench, list[Deletion]]:
    """Return the bench of this process and all deletions that concern its sites."""
    if which == "sample":
        made = sample_bench()
        return made, made.deletions()
    mine = Path(folder) / str(os.getpid())
    mine.mkdir()
    made = real_bench(mine)
    return made, asked_for(made.deletions())


def attempt(which: str, folder: str, number: int) -> Outcome:
    """Try one deletion."""
    plans, deletions = bench(which, folder)
    deletion = deletions[number]
    refused, better = plans.outcome(deletion)
    return Outcome(deletion.kind, deletion.name, refused, tuple((b.site, b.what, b.reason) for b in better))


def trial(which: str, at_most: int) -> Trial:
    """Try all deletions of a kind, or a seeded part."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        plans, deletions = bench(which, folder)
        tasks: list[tuple[str, str, int]] = []
        for kind in KINDS:
            mine = [i for i, deletion in enumerate(deletions) if deletion.kind == kind]
            if 0 < at_most < len(mine):
                mine = sorted(Random(SEED).sample(mine, at_most))
            tasks += [(which, folder, i) for i in mine]
        with get_context("spawn").Pool(WORKERS) as pool:
            outcomes = pool.starmap(attempt, tasks, chunksize=10)
    there = {kind: sum(deletion.kind == kind for deletion in deletions) for kind in KINDS}
    return Trial(len(plans.before), there, outcomes, (time.monotonic() - began) / 60)


def number(value: float) -> str:
    """Return a number with thin groups of three digits."""
    return f"{value:,}".replace(",", " ")


def table(tried: Trial) -> list[str]:
    """Return what the deletions of each kind did."""
    lines = [
        "| deleted | there are | tried | refused as a plan | nothing improved | improved, only the lock tells | improved, unexplained |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, words in KINDS.items():
        mine = [o for o in tried.outcomes if o.kind == kind]
        refused = sum(o.refused for o in mine)
        better = [o for o in mine if o.better]
        unknown = sum(any(reason is None for *_, reason in o.better) for o in better)
        counts = (
            tried.there[kind],
            len(mine),
            refused,
            len(mine) - refused - len(better),
            len(better) - unknown,
            unknown,
        )
        lines.append(f"| {words} | " + " | ".join(map(number, counts)) + " |")
    return lines


def survivors(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the deletions that improved a verdict, one a row."""
    lines = []
    for o in outcomes:
        if o.better:
            site, what, reason = o.better[0]
            lines.append(f"| {o.name} | {len(o.better)} | {site}: {what} | {reason or '**not explained**'} |")
    return lines


def page(sample: Trial, real: Trial | None, load: dict[str, Any] | None) -> str:
    """Return docs/reliability.md."""
    lines = [
        "# What if something is missing, or breaks?",
        "",
        "<!-- written by scripts/reliability.py: do not edit -->",
        "",
        "## A plan that lost something",
        "",
        "A plan that lost something (a row, a zone, a whole layer) must not approve more than it did before. To see whether it does,",
        "the plans `data/sample` and `data/sample-rtrw` are taken apart piece by piece. After each deletion the same",
        f"{sample.sites} sites (the examples, and parcels of the town with unlike reasons against them) are judged again.",
        "*Improved* means: a verdict became conform, conditional or partial without having been so good, or a larger part can be approved.",
        "",
        *table(sample),
        "",
        f"Where fewer were tried than there are, a part was drawn with seed {SEED}; `make soak` tries all.",
        "",
    ]
    if real is not None:
        lines += [
            "The same with an adopted real plan: the zoning, roads, farmland and forest of Jagoi Babang (595 polygons, 34 fields), the",
            f"activity matrix of another real plan, and {real.sites} of its land-title parcels with unlike reasons against them. Of the",
            "matrix only the rows of the activities that are asked for are deleted. The data is not shipped.",
            "",
            *table(real),
            "",
        ]
    lines += [
        "### What only the lock tells",
        "",
        "[`plan lock`](plan-folder.md) keeps the hash of every file of a plan; a plan that is not the one that was locked is refused",
        "(exit 2). A report on a plan without a lock says *unlocked*. These deletions improved a verdict here:",
        "",
        "| deletion | sites improved | for example | why the rest of the plan can not tell |",
        "|---|---|---|---|",
        *survivors([*sample.outcomes, *(real.outcomes if real else ())]),
        "",
        "The lock alone also tells of these; a drawn part may miss them, or they need a plan unlike the sample. `tests/test_deletion.py`",
        "shows each:",
        "",
        *(f"- {words}" for words in RARE),
        "",
        "The tests try a smaller seeded part of every kind, that a planted fault of the engine is found, and that a locked plan is refused",
        "after each kind; `KKPR_SOAK=1` tries all.",
        "",
        *(batch_part(load) if load else ()),
    ]
    return "\n".join(lines)


def batch_part(load: dict[str, Any]) -> list[str]:
    """Return the part about batches, from the figures of benchmarks/load.py."""
    killed, table_ = load["killed"], load["table"]
    moments = ", ".join(f"{n} {when}" for when, n in killed["moments"].items())
    lines = [
        "## A batch under load and faults",
        "",
        f"`python benchmarks/load.py --parcels {load['parcels']} --zones {load['zones']} --write` judges generated parcels, of which",
        f"{number(table_['broken'])} are broken, and disturbs the run (seed {load['seed']}; {load['machine']}). Every disturbed and",
        "resumed table had the bytes of an undisturbed one.",
        "",
        "| fault | what happened |",
        "|---|---|",
        f"| killed {killed['kills']} times (SIGKILL to the whole process group), resumed each time "
        f"| killed {moments}; nothing lost, nothing doubled, the same bytes |",
        f"| Ctrl-C, {load['interrupted']['times']} times | exit 130, over after {load['interrupted']['slowest_s']} s at most |",
    ]
    full = load.get("full_disk")
    if full:
        lines.append(
            f"| a disk of {full['disk_kb']} kB | exit 2, “{full['message']}”; {full['blocks_kept']} blocks kept; "
            "resumed with room, and elsewhere from a copy of the work folder |"
        )
    lines.append(f"| two runs on one output | one is refused: exit 2, “{load['at_once']['message']}” |")
    for one in load["starved"]:
        what = (
            "ran to its end"
            if one["exit"] == 0
            else f"exit {one['exit']}, “{one['message']}”; resumed with more"
        )
        lines.append(f"| {one['limit_mb']} MB of address space a process | {what} |")
    lines += [
        "",
        f"{number(load['parcels'])} parcels went in, {number(table_['rows'])} rows came out, each in its place. Broken parcels, and",
        "what the table says of one of each kind:",
        "",
        "| kind | parcels | reason |",
        "|---|---|---|",
    ]
    for kind, count in sorted(load["kinds"].items()):
        reason = table_["reasons"].get(kind, "no fault of a parcel: both are judged, and the run counts them")
        lines.append(f"| {kind} | {number(count)} | {reason} |")
    return [*lines, "", "`tests/test_load.py` does the same with 20 000 parcels and 5 kills.", ""]


def main() -> int:
    """Try the deletions; 1 where a verdict improved and nobody knows why."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    parser.add_argument("--at-most", type=int, default=300, metavar="N", help="deletions of a kind; 0 = all")
    options = parser.parse_args()
    sample = trial("sample", options.at_most)
    real = trial("real", options.at_most) if REAL.is_dir() else None
    load = json.loads(LOAD.read_text("utf-8")) if LOAD.exists() else None
    text = page(sample, real, load)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    outcomes = [*sample.outcomes, *(real.outcomes if real else ())]
    return int(any(reason is None for o in outcomes for *_, reason in o.better))


if __name__ == "__main__":
    sys.exit(main())
