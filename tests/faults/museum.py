"""What a fault is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Fault(NamedTuple):
    """One broken file.

    Attributes
    ----------
    name
        What is wrong, in words.
    source
        Where the hazard is described: a row of the hazard list (H1), of the OSS traps, of the data defects (F01, A14).
    kind
        ``site``: a file of parcels; ``plan``: a plan folder with one file changed.
    build
        Makes the fault in a folder and returns the file that is broken.
    code
        Exit code promised: 2 could not run, 1 judged and not good (the doubt is in the report), 0 judged
        (what was assumed is in the report).
    says
        What the message (or the report) must say, in English.
    """

    name: str
    source: str
    kind: str
    build: Callable[[Path], Path]
    code: int
    says: str


FAULTS: list[Fault] = []
"""All of them, in the order of the rooms: sites, then plans."""


def fault(
    kind: str, name: str, source: str, says: str, code: int = 2
) -> Callable[[Callable[[Path], Path]], Callable[[Path], Path]]:
    """Put a builder on the list."""

    def put(build: Callable[[Path], Path]) -> Callable[[Path], Path]:
        FAULTS.append(Fault(name, source, kind, build, code, says))
        return build

    return put
