"""Fuzzing at length: docs/data/fuzz.json, and docs/fuzzing.md made of it.

python scripts/fuzz.py --minutes 30 --write      # mutate every format for half an hour, write both
python scripts/fuzz.py --target "check gpkg" --seeds 0:500
python scripts/fuzz.py --page                    # write the page again

Each target (a command on a kind of file) runs in a process of its own. One that dies or says nothing for 30 s is a
fault, and the next seed goes on in a fresh one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA, PAGE = ROOT / "docs" / "data" / "fuzz.json", ROOT / "docs" / "fuzzing.md"
SILENCE_S = 30.0
START_S = 300.0
"""Time for a target to judge its good file, on a machine that is busy with other things."""
ROUND = 12
"""Cases of a target before the next one has its turn; a quarter of it where a case takes seconds."""

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]


def work(name: str, first: int, last: int) -> None:
    """Run some cases of a target and print each as a line of JSON."""
    from fuzzing import TARGETS, case, prepare

    with tempfile.TemporaryDirectory(prefix="kkpr-fuzz-") as folder:
        os.environ["KKPR_CACHE"] = f"{folder}.cache"
        ground = prepare(TARGETS[name], Path(folder))
        for seed in range(first, last):
            print(json.dumps({"begun": seed}), flush=True)
            print(json.dumps(case(TARGETS[name], ground, Path(folder), seed)._asdict()), flush=True)
        shutil.rmtree(f"{folder}.cache", ignore_errors=True)


def cases(name: str, first: int, last: int) -> Iterator[dict[str, Any]]:
    """Yield the results of some seeds of a target, whatever becomes of the process that runs them."""
    while first < last:
        begun = first - 1
        for line in _lines([sys.executable, __file__, "--work", name, "--seeds", f"{first}:{last}"]):
            if isinstance(line, int):
                if begun < first:
                    what = f"does not start (exit {line})"
                    yield {
                        "target": name,
                        "seed": first,
                        "how": "",
                        "outcome": what,
                        "seconds": 0.0,
                        "fault": what,
                    }
                    return
                what = f"no answer in {SILENCE_S:.0f} s" if line == 0 else f"signal {-line}"
                yield {
                    "target": name,
                    "seed": begun,
                    "how": "",
                    "outcome": what,
                    "seconds": SILENCE_S,
                    "fault": what,
                }
                begun += 1
                break
            if "begun" in line:
                begun = line["begun"]
            else:
                yield line
        else:
            return
        first = begun


def _lines(command: Sequence[str]) -> Iterator[dict[str, Any] | int]:
    """Yield the lines of a process; its exit code at the end where it did not end well, 0 where it was killed for silence."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:2])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
    assert process.stdout is not None
    silent, wait_s = threading.Event(), START_S
    while True:
        watch = threading.Timer(wait_s, lambda: (silent.set(), process.kill()))
        watch.start()
        line = process.stdout.readline()
        watch.cancel()
        wait_s = SILENCE_S + 30
        if not line:
            break
        yield json.loads(line)
    code = process.wait()
    if silent.is_set() or code:
        yield 0 if silent.is_set() else code


def run(
    minutes: float, wanted: Sequence[str], seeds: tuple[int, int] | None, begin: int = 0
) -> dict[str, Any]:
    """Run the targets in turn, from seed `begin`, until the time is over; print each fault."""
    from fuzzing import TARGETS

    names = [name for name in TARGETS if not wanted or name in wanted]
    end = time.monotonic() + 60 * minutes
    begun = time.monotonic()
    found: dict[str, Any] = {
        name: {"kind": TARGETS[name].kind, "cases": 0, "outcomes": Counter(), "slowest_s": 0.0, "slowest": ""}
        for name in names
    }
    faults: list[dict[str, Any]] = []
    at = begin
    while at == begin or (seeds is None and time.monotonic() < end):
        for name in names:
            slow = found[name]["cases"] and found[name]["slowest_s"] > 2
            first, last = seeds or (at, at + (ROUND // 4 if slow else ROUND))
            row = found[name]
            for one in cases(name, first, last):
                row["cases"] += 1
                row["outcomes"][one["outcome"]] += 1
                if one["seconds"] > row["slowest_s"]:
                    row["slowest_s"], row["slowest"] = round(one["seconds"], 1), one["how"]
                if one["fault"]:
                    faults.append(one)
                    print(
                        "!!",
                        name,
                        one["seed"],
                        one["how"],
                        "|",
                        one["outcome"],
                        "|",
                        one["fault"],
                        flush=True,
                    )
            print(name, row["cases"], dict(row["outcomes"]), f"{row['slowest_s']:.1f} s", flush=True)
        at += ROUND
    return {"minutes": round((time.monotonic() - begun) / 60), "targets": found, "faults": faults}


def page(data: dict[str, Any]) -> str:
    """Return docs/fuzzing.md."""
    kinds: dict[str, Counter[str]] = {}
    slowest: dict[str, tuple[float, str]] = {}
    for name, row in data["targets"].items():
        total = kinds.setdefault(row["kind"], Counter())
        total["cases"] += row["cases"]
        total.update(row["outcomes"])
        slowest[row["kind"]] = max(slowest.get(row["kind"], (0.0, "")), (row["slowest_s"], name))
    rows = [
        f"| {kind} | {total['cases']:,} | {total['exit 2']:,} | {total['exit 1']:,} | {total['exit 0']:,} "
        f"| {total['cases'] - sum(total[f'exit {n}'] for n in range(3))} | {slowest[kind][0]:.1f} s ({slowest[kind][1]}) |"
        for kind, total in sorted(kinds.items())
    ]
    whole = sum(row["cases"] for row in data["targets"].values())
    return "\n".join([*HEAD, *rows, "", *_tail(data, whole)]) + "\n"


HEAD = [
    "# Fuzzing",
    "",
    "<!-- written by scripts/fuzz.py: do not edit -->",
    "",
    "Every kind of file that a command reads is mutated by machine: bits flipped, bytes cut, inserted, repeated and overwritten with",
    "hostile numbers; and by its structure: values, keys and nesting of JSON, words and lines of TOML, CSV, KML and DXF, members and names",
    "of zips and workbooks with right checksums, rows, views, triggers and the catalogue of a GeoPackage by SQL.",
    "",
    "Allowed: exit 2 with one message; or an answer that an independent reading of the mutated bytes bears out (areas of the polygons to",
    "1e-5 by other code than the package's; another hash of the input; no failing example that conforms; a locked plan never judged).",
    "A fault is anything else: a signal, more than 10 s (and than five times what the good file took just before), a traceback,",
    "another exit code, a library's warning on the terminal, a control character on it, something written on exit 2, a changed input.",
    "",
    "| kind of file | cases | exit 2 | exit 1 | exit 0 | other | slowest |",
    "|---|---|---|---|---|---|---|",
]


def _tail(data: dict[str, Any], whole: int) -> list[str]:
    faults = data["faults"]
    return [
        f"{whole:,} cases in {data['minutes']} minutes, one process of lowest priority on a machine at work (times are wall clock), "
        f"{len(data['targets'])} targets; faults left: {len(faults)}.",
        *(f"- {f['target']}, seed {f['seed']}: {f['how']}: {f['fault'][:200]}" for f in faults),
        "",
        "`tests/test_fuzz.py` runs a seeded part of it with every change; `KKPR_SOAK=1` runs more,",
        "`python scripts/fuzz.py --minutes N --write`",
        'as long as one likes. A seed is a case: `python scripts/fuzz.py --target "check gpkg" --seeds 51:52` runs one again.',
        "`scripts/fuzz_atheris.py` does the same guided by coverage, for the readers that are written in Python",
        "(`pip install atheris`, tried with 3.0.0 on Linux and Python 3.11; it is no dependency of the tests).",
        "",
        *FOUND,
    ]


FOUND = [
    "## What was repaired",
    "",
    "Found by mutated files, by the tests of hostile ones (`tests/test_hostile.py`), and by looking at the code beside a finding:",
    "",
    "- KML: a placemark inside a placemark, a second outer boundary, a second list of coordinates and a position without its latitude were",
    "  passed over; of a field that stands twice the last value won.",
    "- GeoJSONSeq: the CRS that a line names was not looked at.",
    "- GeoPackage: a view without end kept the process busy for ever, a crash of a reader would have been ours: both are exit 2",
    "  now, for GDAL reads in a child process.",
    "- DXF with vertices that are no numbers: GEOS's warning stood on the terminal beside the message.",
    "- activities.csv that cannot be read: every row of the tables that name its activities was reported too.",
    "- GeoParquet whose row groups or columns hold more rows than they claim was read as far as the claim.",
    "- XLSX: a merged range of 10⁹ cells could hide from the check for bombs behind a `>` in an attribute, at the end of a block",
    "  of a megabyte, or in a part of another name.",
    "- plan.toml: nesting and numbers beyond Python's limits were *unexpected*; a .dbf beside a layer could be a link out of the folder.",
    "- Ctrl-C ended a check without a word.",
    "- A site of several that cannot be read was told of in the report only, not on standard error.",
    "- A number that is none in the WKT of a table or of a plan's cases: numpy's warning stood on the terminal beside the message.",
    "- GeoParquet was read in the process that judges: a crash of pyarrow would have been ours; it is read apart now, as what GDAL reads.",
]


def main() -> None:
    """Run as the options say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--seeds", help="first:last, instead of a time")
    parser.add_argument("--begin", type=int, default=0, help="first seed of a run for a time")
    parser.add_argument("--write", action="store_true", help="write docs/data/fuzz.json and docs/fuzzing.md")
    parser.add_argument("--page", action="store_true", help="write docs/fuzzing.md of the stored figures")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    given = parser.parse_args()
    seeds = tuple(map(int, given.seeds.split(":"))) if given.seeds else None
    if given.work:
        assert seeds is not None
        work(given.work, *seeds)
        return
    if given.page:
        PAGE.write_text(page(json.loads(DATA.read_text("utf-8"))), encoding="utf-8")
        return
    data = run(given.minutes, given.target, seeds, given.begin)  # type: ignore[arg-type]
    if given.write:
        DATA.parent.mkdir(exist_ok=True)
        DATA.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(page(data), encoding="utf-8")
    sys.exit(1 if data["faults"] else 0)


if __name__ == "__main__":
    main()
