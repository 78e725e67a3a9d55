"""Load and faults: a batch of many parcels, some broken, is killed, starved and interrupted, and its rows are counted.

The parcels of benchmarks/plan.py, one in a hundred of them broken in one of a dozen ways. One undisturbed run tells what
the table has to be. Then the same call is

- killed (SIGKILL to the whole process group) at random moments, and resumed until it ends,
- given a disk of 300 kB, resumed with room and from a copy of its work folder elsewhere,
- given less and less memory,
- interrupted as Ctrl-C does,
- started twice at once on one output.

Every table must have the bytes of the undisturbed one; every parcel must stand in it once, in its place; every broken one,
and no other, must be told as such, with its reason.

    python benchmarks/load.py --parcels 20000 --kills 5
    python benchmarks/load.py --write          # a million parcels, 20 kills: the figures of docs/reliability.md
"""

from __future__ import annotations

import filecmp
import json
import os
import platform
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from generate import CRS, ROW_GROUP, coverage, parcels
from numpy.typing import NDArray
from options import options
from plan import USES, make_plan

ROOT = Path(__file__).parents[1]
FIGURES = Path(__file__).with_suffix(".json")
SEED = 7
WORK = ".kkpr-work"
DISK_KB = 300
MEMORY_MB = (150, 350, 550, 800)

Wkb = bytes | None


class Fault(NamedTuple):
    """One way to break a parcel.

    Attributes
    ----------
    outline
        WKB of the parcel -> what stands there instead (None: left as it is).
    options
        Columns of the parcel that are written wrongly.
    reason
        What the table has to say of it (a regular expression, English).
    """

    outline: Callable[[bytes], Wkb] | None
    options: Mapping[str, str]
    reason: str


def _changed(change: Callable[[NDArray[np.float64]], Any]) -> Callable[[bytes], Wkb]:
    """Return a fault of the outline, made from its coordinates."""

    def outline(wkb: bytes) -> Wkb:
        made: bytes = shapely.to_wkb(change(shapely.get_coordinates(shapely.from_wkb(wkb))))
        return made

    return outline


def _with(points: NDArray[np.float64], value: float) -> Any:
    points[1, 0] = value
    with np.errstate(invalid="ignore"):
        return shapely.polygons(points)


def _bow_tie(points: NDArray[np.float64]) -> Any:
    a, b, c, d = points[:4]
    return shapely.polygons(np.array([a, c, b, d, a]))


FAULTS = {
    "no geometry": Fault(lambda wkb: None, {}, "no geometry"),
    "empty polygon": Fault(_changed(lambda points: shapely.Polygon()), {}, "no geometry"),
    "bow-tie": Fault(_changed(_bow_tie), {}, "Self-intersection"),
    "NaN in a coordinate": Fault(_changed(lambda points: _with(points, np.nan)), {}, "not a finite number"),
    "infinite coordinate": Fault(_changed(lambda points: _with(points, np.inf)), {}, "not a finite number"),
    "point": Fault(_changed(lambda points: shapely.Point(points[0])), {}, "Point|point"),
    "line": Fault(_changed(lambda points: shapely.LineString(points)), {}, "LineString"),
    "no area": Fault(_changed(lambda points: shapely.polygons(points[[0, 1, 0, 0]])), {}, "encloses no area"),
    "damaged WKB": Fault(lambda wkb: wkb[: len(wkb) // 2], {}, "no geometry can be built"),
    "floors: a word": Fault(None, {"floors": "dua lantai"}, "not a number"),
    "floors: negative": Fault(None, {"floors": "-3"}, "negative"),
    "KBLI: letters": Fault(None, {"kbli": "TOKO"}, "not a KBLI"),
}
"""Kinds of broken parcels: each must be `undetermined`, LOK000, with its reason."""
TWICE = "id of another parcel"
"""No fault of one parcel: both are judged, and the run counts them."""


@dataclass
class Town:
    """The plan and the parcels of a run; `broken`: row -> kind of fault; `twice`: rows with the id of another."""

    folder: Path
    ids: list[str]
    broken: dict[int, str]
    twice: list[int]

    @property
    def plan(self) -> Path:
        """The plan folder."""
        return self.folder / "plan"

    @property
    def parcels(self) -> Path:
        """The parcels."""
        return self.folder / "parcels.parquet"


def make_town(folder: Path, zones: int, count: int, share: float = 0.01, straddling: float = 0.1) -> Town:
    """Write plan and parcels, `share` of them broken, `straddling` over a zone line; the same for the same arguments."""
    ground = coverage(zones)
    make_plan(folder / "plan", ground)
    wkb = shapely.to_wkb(parcels(ground, count, straddling=straddling)).tolist()
    chance = random.Random(SEED)
    uses = chance.choices(USES, k=count)
    columns: dict[str, list[str | None]] = {
        "id": [f"P{row:08d}" for row in range(count)], "kbli": list(uses), "floors": [None] * count,
    }  # fmt: skip
    kinds = [*FAULTS, TWICE]
    rows = sorted(chance.sample(range(1, count), max(len(kinds), int(count * share))))
    chosen = {row: kinds[n % len(kinds)] for n, row in enumerate(rows)}
    for row, kind in chosen.items():
        if kind == TWICE:
            columns["id"][row] = columns["id"][row - 1]
            continue
        fault = FAULTS[kind]
        wkb[row] = wkb[row] if fault.outline is None else fault.outline(wkb[row])
        for name, value in fault.options.items():
            columns[name][row] = value
    _write(folder / "parcels.parquet", wkb, columns)
    ids = [str(name) for name in columns["id"]]
    broken = {row: kind for row, kind in chosen.items() if kind != TWICE}
    return Town(folder, ids, broken, [row for row, kind in chosen.items() if kind == TWICE])


def _write(path: Path, wkb: Sequence[Wkb], columns: Mapping[str, Sequence[str | None]]) -> None:
    import pyproj

    geometry = {"encoding": "WKB", "geometry_types": [], "crs": pyproj.CRS(CRS).to_json_dict()}
    meta = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geometry}}
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    table = pa.table({**arrays, "geometry": pa.array(wkb, pa.binary())})
    table = table.replace_schema_metadata({"geo": json.dumps(meta)})
    pq.write_table(table, path, row_group_size=ROW_GROUP, compression="zstd")


# --- one call ------------------------------------------------------------------------------------------------------


@dataclass
class Caller:
    """Calls of `batch` on one town."""

    town: Town
    block_rows: int
    workers: int = 2

    def call(self, output: Path, *more: str) -> list[str]:
        """Return the command line."""
        return [
            sys.executable, "-m", "kkpr_check", "--lang", "en", "--quiet", "batch", str(self.town.parcels),
            "--plan", str(self.town.plan), "--output", str(output), "--message", "none", "--as-of", "2025-01-01",
            "--workers", str(self.workers), "--block-size", str(self.block_rows), *more,
        ]  # fmt: skip

    def start(self, output: Path, *more: str, memory_mb: int | None = None) -> subprocess.Popen[bytes]:
        """Start it as the leader of a process group of its own."""

        def prepare() -> None:
            signal.signal(
                signal.SIGINT, signal.SIG_DFL
            )  # a shell that runs this in the background ignores it
            if memory_mb is not None:
                resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))

        return subprocess.Popen(
            self.call(output, *more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"},
            preexec_fn=prepare,
        )

    def run(self, output: Path, *more: str, memory_mb: int | None = None) -> tuple[int, str]:
        """Run it to its end: exit code and what it said."""
        process = self.start(output, *more, memory_mb=memory_mb)
        told = ended(process, RUN_S)
        return process.returncode, told.decode(errors="replace")


RUN_S, KILLED_S = 3600.0, 60.0
"""Seconds in which a run has to be over: one that is left alone, one that was killed or interrupted."""


def ended(process: subprocess.Popen[bytes], limit_s: float) -> bytes:
    """Wait until a run and all that hold its standard error are gone; return what it said.

    One that hangs says where, and breaks a promise.
    """
    try:
        return process.communicate(timeout=limit_s)[1]
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGABRT)  # faulthandler shows where each process of it is
        told = process.communicate()[1].decode(errors="replace")
        raise BrokenPromiseError(f"not over in {limit_s:.0f} s: {told}") from None


def work_of(output: Path) -> Path:
    """Return the work folder of an output."""
    return output.with_name(output.name + WORK)


def parts_of(output: Path) -> int:
    """Return how many blocks are done."""
    return sum(1 for _ in work_of(output).glob("*.part"))


class BrokenPromiseError(Exception):
    """A promise was broken."""


def need(holds: bool, what: str) -> None:
    """Stop where something does not hold."""
    if not holds:
        raise BrokenPromiseError(what)


def need_clean_end(code: int, told: str, wanted: int) -> None:
    """Hold an exit code against what is promised: one message, no traceback, no noise of a library."""
    need(code == wanted, f"exit {code} instead of {wanted}: {told}")
    need("Traceback" not in told, told)
    need(wanted == 2 or "Warning" not in told, told)  # a starved library says what it likes
    if wanted == 2:
        errors = [line for line in told.splitlines() if line.startswith("kkpr-check: error:")]
        need(len(errors) == 1, f"not one message: {told}")


def same(output: Path, whole: Path) -> bool:
    """Compare two tables byte for byte."""
    return filecmp.cmp(output, whole, shallow=False)


# --- the table, counted --------------------------------------------------------------------------------------------


def count_rows(town: Town, table: Path) -> dict[str, Any]:
    """Count a table against what was written: every parcel once and in its place, the broken ones told, with the reason.

    Returns
    -------
    Counts, and the reason of one broken parcel of each kind.
    """
    rows = pq.read_table(table, columns=["id", "verdict", "undetermined", "message"]).to_pydict()
    need(rows["id"] == town.ids, "the rows of the table are not the parcels, one by one")
    told = {row for row, codes in enumerate(rows["undetermined"]) if "LOK000" in (codes or "")}
    need(told == set(town.broken), f"broken are {len(town.broken)} parcels, told are {len(told)}")
    reasons: dict[str, str] = {}
    for row, kind in sorted(town.broken.items()):
        message = rows["message"][row]
        need(rows["verdict"][row] == "undetermined", f"{kind}: verdict {rows['verdict'][row]}")
        need(re.search(FAULTS[kind].reason, message or "") is not None, f"{kind}: {message}")
        named = re.search(r"row (\d+)", message)
        need(named is None or int(named[1]) == row, f"row {row} is told as another: {message}")
        reasons.setdefault(kind, message)
    return {"rows": len(rows["id"]), "broken": len(told), "reasons": reasons}


# --- disturbed -----------------------------------------------------------------------------------------------------


@dataclass
class Kills:
    """What became of a run that was killed again and again."""

    kills: int = 0
    moments: Counter[str] = field(default_factory=Counter)

    def told(self) -> dict[str, Any]:
        """Return it as figures."""
        return {"kills": self.kills, "moments": dict(sorted(self.moments.items()))}


def killed(
    caller: Caller, whole: Path, output: Path, kills: int, chance: random.Random, alone_s: float
) -> Kills:
    """Kill a run `kills` times, resume it each time, and hold its table against the undisturbed one.

    A third of the moments are drawn from the time a start takes (plans opened, parcels hashed), the others from the
    share of the work that is left, so that the last of them fall where the parts are joined.
    """
    blocks = -(-len(caller.town.ids) // caller.block_rows)
    result = Kills()
    more: list[str] = []
    while result.kills < kills:
        before = parts_of(output)
        process = caller.start(output, *more)
        until = _moment(process, output, before, blocks, kills - result.kills, chance, alone_s)
        over = process.poll() is not None
        kill_group(process)
        told = ended(process, KILLED_S)
        if over:
            need_clean_end(process.returncode, told.decode(errors="replace"), 0)
            need(same(output, whole), "a resumed table differs")
            output.unlink()
            more = []
            continue
        result.kills += 1
        result.moments[until] += 1
        now = parts_of(output)
        need(now >= before or output.exists(), f"{before} blocks were done, {now} are left")
        need(not output.exists() or same(output, whole), "a table that is not whole has the final name")
        more = ["--resume"] if work_of(output).exists() else []
        if output.exists():  # killed after the table was in its place
            more.append("--overwrite")
    code, text = caller.run(output, *more)
    need_clean_end(code, text, 0)
    need(same(output, whole), "the table of the killed run differs from the undisturbed one")
    need(not work_of(output).exists(), "the work folder is left behind")
    return result


def _moment(
    process: subprocess.Popen[bytes], output: Path, before: int, blocks: int, left: int, chance: random.Random,
    alone_s: float,
) -> str:  # fmt: skip
    """Wait for a random moment; say what the run was doing then."""
    if chance.random() < 1 / 3:
        _wait(process, chance.uniform(0, min(4.0, alone_s / 2)))
    else:
        step = max(1, -(-(blocks - before) // left))
        goal = min(blocks, before + chance.randint(1, step))
        while parts_of(output) < goal and process.poll() is None:
            time.sleep(0.002)
        _wait(process, chance.uniform(0, min(1.0, alone_s / blocks * 1.5)))
    now, work = parts_of(output), work_of(output)
    if not (work / "journal.json").exists():
        return "before the first record"
    if now <= before and now < blocks:
        return "while it starts or resumes"
    return "while it judges" if now < blocks else "while it joins the parts"


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a run and its workers at once, as a machine that loses power does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def small_disk(at: Path, kilobytes: int) -> Iterator[Callable[[int], None]]:
    """Mount a small disk; yields what makes it larger. Raises `PermissionError` where that is not allowed."""
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(at)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        raise PermissionError("a small disk can not be mounted here")

    def grow(to_kb: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={to_kb}k", str(at)], check=True)

    try:
        yield grow
    finally:
        subprocess.run(["umount", str(at)], check=True)


def full_disk(caller: Caller, whole: Path, folder: Path) -> dict[str, Any]:
    """Run into a full disk; go on there with room, and elsewhere from a copy of what was done."""
    with small_disk(folder / "disk", DISK_KB) as grow:
        output = folder / "disk" / "table.parquet"
        code, told = caller.run(output)
        need_clean_end(code, told, 2)
        need("no space left" in told, told)
        need(not output.exists(), "a table stands on the full disk")
        need({file.name for file in output.parent.iterdir()} <= {work_of(output).name}, "something is left")
        done = parts_of(output)
        code, again = caller.run(output, *(["--resume"] if done else []))
        need_clean_end(code, again, 2)
        need(parts_of(output) >= done, "a resumed run on a full disk loses what was done")
        elsewhere = folder / "elsewhere.parquet"
        if work_of(output).exists():
            shutil.copytree(work_of(output), work_of(elsewhere))
        code, _ = caller.run(elsewhere, *(["--resume"] if done else []))
        need(code == 0 and same(elsewhere, whole), "resumed elsewhere: another table")
        grow(4 * whole.stat().st_size // 1000 + 100_000)
        code, last = caller.run(output, *(["--resume"] if done else []))
        need_clean_end(code, last, 0)
        need(same(output, whole), "resumed with room: another table")
        return {"disk_kb": DISK_KB, "blocks_kept": done, "message": _message(told)}


def starved(caller: Caller, whole: Path, folder: Path, limits_mb: Sequence[int]) -> list[dict[str, Any]]:
    """Give a run less memory than it needs; resume it with enough."""
    found = []
    for limit in limits_mb:
        output = folder / f"memory-{limit}.parquet"
        code, told = caller.run(output, memory_mb=limit)
        if code == 0:
            need(same(output, whole), "starved: another table")
            found.append({"limit_mb": limit, "exit": 0, "message": ""})
            continue
        need(not output.exists(), "a table of a starved run")
        if code >= 0:
            need_clean_end(code, told, 2)
            need("memory" in told, told)
            said = _message(told)
        else:
            need("bad_alloc" in told or "allocat" in told, told)
            said = "ended by a library that could not load (C++ std::bad_alloc)"
        again, _ = caller.run(output, *(["--resume"] if work_of(output).exists() else []))
        need(again == 0 and same(output, whole), "resumed with memory: another table")
        found.append({"limit_mb": limit, "exit": code, "message": said})
    return found


def _message(told: str) -> str:
    line = next(line for line in told.splitlines() if line.startswith("kkpr-check: error:"))
    return re.sub(r"/\S*/", "", line.removeprefix("kkpr-check: error: "))


def interrupted(
    caller: Caller, whole: Path, output: Path, times: int, chance: random.Random
) -> dict[str, Any]:
    """Press Ctrl-C at random moments; the longest time until it is over."""
    slowest, pressed, more = 0.0, 0, list[str]()
    while pressed < times and not output.exists():
        process = caller.start(output, *more)
        before = parts_of(output)
        while pressed % 2 and parts_of(output) <= before and process.poll() is None:
            time.sleep(0.002)
        _wait(process, chance.uniform(0.05, 2.0))  # by turns while it starts and while it judges
        since = time.monotonic()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)  # a terminal tells the whole group
        told = ended(process, KILLED_S)
        took = time.monotonic() - since
        up = (
            process.returncode in (0, 130) or b"kkpr_check/cli" in told
        )  # Python itself takes a moment to come up
        if not up or output.exists():
            continue
        need_clean_end(process.returncode, told.decode(), 130)
        slowest, pressed = max(slowest, took), pressed + 1
        more = ["--resume"] if work_of(output).exists() else []
    if not output.exists():
        need_clean_end(*caller.run(output, *more), 0)
    need(same(output, whole), "interrupted: another table")
    need(pressed > 0, "it was over before it could be interrupted")
    return {"times": pressed, "slowest_s": round(slowest, 2)}


def at_once(caller: Caller, whole: Path, output: Path) -> dict[str, Any]:
    """Start two runs on one output at once: one of them is refused, the other one's table is whole."""
    runs = [caller.start(output) for _ in range(2)]
    told = [ended(run, RUN_S).decode() for run in runs]
    codes = sorted(run.returncode for run in runs)
    need(codes == [0, 2], f"two runs at once ended with {codes}: {told}")
    need(same(output, whole), "two runs at once: another table")
    refused = told[[run.returncode for run in runs].index(2)]
    need_clean_end(2, refused, 2)
    return {"exit": codes, "message": re.sub(r"process \d+", "process N", _message(refused))}


# --- all of it -----------------------------------------------------------------------------------------------------

SMALL = 5_000
"""Parcels of the runs that are starved, interrupted and doubled: how many they are changes nothing but the time."""


class Ready(NamedTuple):
    """Calls on a town, its undisturbed table, and how long that took."""

    caller: Caller
    whole: Path
    alone_s: float


def ready(folder: Path, zones: int, count: int, block_rows: int, straddling: float) -> Ready:
    """Make a town and its undisturbed table."""
    folder.mkdir()
    caller = Caller(make_town(folder / "town", zones, count, straddling=straddling), block_rows)
    begun = time.monotonic()
    code, told = caller.run(folder / "whole.parquet")
    need_clean_end(code, told, 0)
    return Ready(caller, folder / "whole.parquet", time.monotonic() - begun)


def measure(
    folder: Path, zones: int, count: int, kills: int, straddling: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Do everything; the figures. Raises `BrokenPromiseError` at the first promise that does not hold."""
    chance = random.Random(SEED)
    figures: dict[str, Any] = {"parcels": count, "zones": zones, "seed": SEED}
    small = ready(folder / "small", zones // 10, min(SMALL, count), 250, straddling)
    say(f"{SMALL} parcels: {small.alone_s:.0f} s")
    output = folder / "table.parquet"
    figures["interrupted"] = interrupted(small.caller, small.whole, output, 5, chance)
    say(f"interrupted: over after {figures['interrupted']['slowest_s']} s at most")
    output.unlink()
    figures["at_once"] = at_once(small.caller, small.whole, output)
    output.unlink()
    say("two at once: one is refused")
    try:
        figures["full_disk"] = full_disk(small.caller, small.whole, folder)
        say("a full disk: resumed")
    except PermissionError as error:
        say(f"skipped: {error}")
    figures["starved"] = starved(small.caller, small.whole, folder, MEMORY_MB)
    say("too little memory: resumed")
    large = ready(folder / "large", zones, count, min(10_000, count // 50), straddling)
    town = large.caller.town
    say(f"{count} parcels, {len(town.broken)} of them broken: {large.alone_s:.0f} s")
    figures["table"] = count_rows(town, large.whole)
    figures["kinds"] = dict(Counter(town.broken.values())) | {TWICE: len(town.twice)}
    say("counted; every broken parcel has its reason")
    told = killed(large.caller, large.whole, output, kills, chance, large.alone_s)
    figures["killed"] = told.told()
    count_rows(town, output)
    say(f"killed {kills} times and resumed: the same bytes")
    return figures


def main() -> int:
    """Do it, print, and write the figures if asked."""
    parser = options(__doc__, "zones", "parcels", "write")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument(
        "--straddling", type=float, default=0.02, help="share of the parcels that lie over a zone line"
    )
    asked = parser.parse_args()

    def say(text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        try:
            figures = measure(Path(folder), asked.zones, asked.parcels, asked.kills, asked.straddling, say)
        except BrokenPromiseError as broken:
            print(f"BROKEN PROMISE: {broken}", file=sys.stderr)
            return 1
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    if asked.write:
        figures["machine"] = (
            f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        )
        FIGURES.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
