"""Where a path really leads, and how a file gets into its place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def real_path(path: str | Path) -> Path:
    """Return a path with its links followed; one that leads in a circle stays (`Path.resolve` raises there before 3.13)."""
    return Path(os.path.realpath(path))


def is_inside(path: str | Path, folder: str | Path) -> bool:
    """Tell whether a path leads into a folder once all links are followed."""
    return real_path(path).is_relative_to(real_path(folder))


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give an empty file beside `target` to fill: it is synced and takes the name whole, or nothing is left of it."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.absolute().parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        give_usual_mode(temporary)
        os.replace(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def give_usual_mode(path: Path) -> None:
    """Let others read a file as they may read any new file of this user."""
    mask = os.umask(0o077)
    os.umask(mask)
    os.chmod(path, 0o666 & ~mask)
