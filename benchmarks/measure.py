"""What a call costs: wall and processor time of its whole process tree, and memory in two ways."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import threading
from collections.abc import Collection
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
EVERY_S = 0.2


class Run(NamedTuple):
    """What a call took.

    Attributes
    ----------
    seconds, cpu_s
        Wall and processor time, start-up and imports included.
    peak_mb
        Of the largest process, with what it shares with others. (What the system tells of a child, ``ru_maxrss``, begins
        with the size of the process that started it.)
    together_mb
        Of all processes together, what they share counted once (PSS).
    told
        What it wrote on standard error.
    """

    seconds: float
    cpu_s: float
    peak_mb: float
    together_mb: float
    told: str

    def figures(self) -> dict[str, float]:
        """Return the numbers by name."""
        return {name: value for name, value in self._asdict().items() if name != "told"}


def timed(call: list[str], without: str | None = None, good: Collection[int] = (0,)) -> Run:
    """Run a call to its end, with the package of this tree. Memory is read off /proc, sampled.

    Parameters
    ----------
    without
        A module that the call and its children must do without.
    good
        Exit codes of a run that did its work.

    Raises
    ------
    SystemExit
        It failed.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as told:
        hidden = "" if without is None else f"import sys; sys.modules[{without!r}] = None"
        Path(folder, "sitecustomize.py").write_text(hidden)
        environment = os.environ | {
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "OPENBLAS_NUM_THREADS": "1",
        }  # fmt: skip
        begun = perf_counter()
        child = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=told, env=environment)
        spent = _watched(child)
        seconds = perf_counter() - begun
        told.seek(0)
        words = told.read()
    if child.returncode not in good:
        raise SystemExit(f"failed: {' '.join(call)}\n{words}")
    return Run(round(seconds, 2), *spent, words)


def _watched(child: subprocess.Popen[bytes]) -> tuple[float, float, float]:
    """Wait for a process; return its processor seconds, the peak of the largest of its tree, and of all, in MB."""
    peak_mb, together_mb, ended = [0.0], [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY_S):
            tree = _tree(child.pid)
            peak_mb[0] = max(peak_mb[0], *(_told_mb(pid, "status", "VmHWM:") for pid in tree))
            together_mb[0] = max(together_mb[0], sum(_told_mb(pid, "smaps_rollup", "Pss:") for pid in tree))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, used = os.wait4(child.pid, 0)
    ended.set()
    watcher.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    return round(used.ru_utime + used.ru_stime, 2), round(peak_mb[0], 1), round(together_mb[0], 1)


def _tree(pid: int) -> list[int]:
    """Return a process and all that descend from it (Linux)."""
    found = [pid]
    for of in found:
        try:
            for task in os.listdir(f"/proc/{of}/task"):
                found += map(int, Path(f"/proc/{of}/task/{task}/children").read_text().split())
        except OSError:
            continue
    return found


def _told_mb(pid: int, file: str, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def machine() -> str:
    """Return a line about this machine."""
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def load() -> float:
    """Return how many processes wanted to run in the last minute: more than there are cores is a busy machine."""
    return round(os.getloadavg()[0], 1)
