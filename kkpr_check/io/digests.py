"""SHA-256 of files. Large ones can be begun before they are needed, on another core."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

LARGE = 1 << 20
CHUNK = 1 << 22
"""Bytes hashed in one call: hashing lets go of the interpreter during a call, and must ask for it between two."""

_begun: dict[Path, Future[tuple[object, str]]] = {}


def begin(folders: Iterable[str | Path]) -> None:
    """Begin to hash the large files that the locks of some plan folders name.

    Those will be asked for; whatever else lies in a folder is none of our business. What can not be read is left
    to those who ask.
    """
    large = sorted(
        (size, path) for folder in folders for size, path in _locked_files(Path(folder)) if size >= LARGE
    )
    if large:
        pool = ThreadPoolExecutor(max_workers=2)
        _begun.update((path, pool.submit(_with_state, path)) for _, path in reversed(large))
        pool.shutdown(wait=False)  # its threads end with the last file, and do not hold the process


def _locked_files(folder: Path) -> list[tuple[int, Path]]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        named = [folder / name for name in json.loads((folder / "plan.lock").read_bytes())["files"]]
        files = [*named, *(folder / ".kkpr").glob("*.kkpr")]
        return [(file.stat().st_size, file.resolve()) for file in files]
    return []


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as it is now.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    future = _begun.pop(path.resolve(), None) if _begun else None
    if future is not None and not future.cancel():
        with suppress(OSError):
            state, digest = future.result()
            if state == _state(path):
                return digest
    return _digest(path)


def _with_state(path: Path) -> tuple[object, str]:
    return _state(path), _digest(path)


def _state(path: Path) -> object:
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _digest(path: Path) -> str:
    digest, block = hashlib.sha256(), memoryview(bytearray(min(CHUNK, max(path.stat().st_size, 1))))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(block):
            digest.update(block[:count])
    return digest.hexdigest()
