"""One case: the command line on a mutated file, and what of its answer is a fault.

A *target* is one command on one good file. A *case* is the target with that file mutated by a seed. What is allowed:
exit 2 with one message of ours; or an answer that agrees with an independent reading of the mutated bytes. What is a
*fault*: a signal, more than 10 s, a traceback or an unforeseen exception, another exit code, a warning of a library on
the terminal, something written on exit 2, a changed input, an answer that another reader of the file contradicts.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from fuzzing.mutations import mutated
from kkpr_check.cli import main

HANG_S = 10.0


class Outcome(NamedTuple):
    """What one run of the command line did."""

    code: int
    out: str
    err: str
    seconds: float
    warned: tuple[str, ...] = ()


@dataclass
class Ground:
    """A folder with a good file and the command that reads it.

    Attributes
    ----------
    files
        What is mutated: one of them a case.
    command
        Arguments of the command line.
    made
        What the command may write; None: nothing.
    works_on
        A folder that the command changes where it succeeds; a copy of it stands beside it as ``.awal``.
    judge
        Looks at an answer (exit 0 or 1): returns what is wrong with it, or None.
    """

    files: list[Path]
    command: tuple[str, ...]
    made: Path | None = None
    works_on: Path | None = None
    judge: Callable[[Ground, Path, Outcome], str | None] | None = None
    base: Outcome | None = None
    kept: dict[str, Any] = field(default_factory=dict)


class Target(NamedTuple):
    """A command on a kind of file."""

    name: str
    kind: str
    build: Callable[[Path], Ground]


class Result(NamedTuple):
    """One case as it ended; `fault` is None where it is as promised."""

    target: str
    seed: int
    how: str
    outcome: str
    seconds: float
    fault: str | None


def call(command: Sequence[str]) -> Outcome:
    """Run the command line in this process, in English."""
    out, err = io.BytesIO(), io.BytesIO()
    old = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = io.TextIOWrapper(out, "utf-8"), io.TextIOWrapper(err, "utf-8")
    begun = time.monotonic()
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            code = main(["--lang", "en", *command])
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        said = out.getvalue().decode(), err.getvalue().decode()
    finally:
        sys.stdout, sys.stderr = old
    seconds = time.monotonic() - begun
    warned = tuple(
        f"{w.category.__name__}: {w.message}" for w in heard if not issubclass(w.category, ResourceWarning)
    )
    return Outcome(code, *said, seconds, warned)


def hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, its indexed copies aside."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".kkpr" not in p.parts
    }


def prepare(target: Target, folder: Path) -> Ground:
    """Build the ground of a target and run it unmutated."""
    folder.mkdir(parents=True, exist_ok=True)
    ground = target.build(folder)
    ground.base = call(ground.command)
    if ground.base.code == 2:
        raise AssertionError(f"{target.name}: the good file is refused: {ground.base.err}")
    remove(ground.made)
    renew(ground)
    return ground


def remove(path: Path | None) -> None:
    """Remove what a command made."""
    if path is None:
        return
    for one in path.parent.glob(f"*{path.name}*"):
        shutil.rmtree(one) if one.is_dir() else one.unlink()


def renew(ground: Ground) -> None:
    """Undo what a command did in the folder that it works on."""
    if ground.works_on is not None:
        shutil.rmtree(ground.works_on)
        shutil.copytree(ground.works_on.parent / ".awal", ground.works_on)


def case(target: Target, ground: Ground, folder: Path, seed: int) -> Result:
    """Run one case and put everything back."""
    path = ground.files[seed % len(ground.files)]
    good = path.read_bytes()
    change = mutated(path, good, seed)
    path.write_bytes(change.data)
    try:
        before = hashes(folder)
        found = call(ground.command)
        fault = _fault(ground, path, found, before, folder) if change.data != good else None
        if fault is None and found.code != 2 and ground.judge is not None and change.data != good:
            fault = ground.judge(ground, path, found)
    finally:
        path.write_bytes(good)
        remove(ground.made)
        renew(ground)
    name = {0: "exit 0", 1: "exit 1", 2: "exit 2"}.get(found.code, f"exit {found.code}")
    return Result(target.name, seed, f"{path.name}: {change.how}", name, found.seconds, fault)


def _fault(ground: Ground, path: Path, found: Outcome, before: dict[str, str], folder: Path) -> str | None:
    said = found.out + found.err
    if found.code not in (0, 1, 2):
        return f"exit {found.code}: {found.err[:300]}"
    if "Traceback" in said or "unexpected problem" in said or "out of memory" in found.err:
        return found.err[:400]
    usual_s = 0.0 if ground.base is None else ground.base.seconds
    if found.seconds > max(HANG_S, 5 * usual_s):
        return f"{found.seconds:.1f} s"
    if found.warned:
        return f"a library warned: {found.warned[0][:300]}"
    if "\x1b" in said or "\u202e" in said or "\0" in said:
        return f"a control character reaches the terminal: {said[:300]!r}"
    after = hashes(folder)
    made = set() if ground.made is None else {n for n in after if ground.made.name in n}
    if ground.works_on is not None and found.code != 2:
        made |= {n for n in {*after, *before} if n.startswith(ground.works_on.name)}
    if {n: h for n, h in after.items() if n not in made} != {
        n: h for n, h in before.items() if n not in made
    }:
        return f"files changed: {sorted(set(after) ^ set(before)) or 'content'}"
    if found.code == 2:
        # A batch keeps the blocks that it has done, and says so.
        said_kept, kept = found.err.partition("\n")[0].startswith("what is done is kept"), ".kkpr-work/"
        told = found.err.partition("\n")[2] if said_kept else found.err
        made = {name for name in made if not (said_kept and kept in name)}
        if not told.startswith("kkpr-check: error: ") or len(found.err) > 8_000:
            return f"exit 2 without one clear message: {found.err[:300]!r}"
        if made - set(before):
            return f"exit 2, yet written: {sorted(made)}"
    return None
