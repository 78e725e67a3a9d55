"""SHA-256 of files. Large ones can be begun before they are needed, on another core."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

LARGE = 1 << 20
CHUNK = 1 << 22
"""Bytes hashed in one call: hashing lets go of the interpreter during a call, and must ask for it between two."""

_begun: dict[Path, Future[tuple[object, str]]] = {}


def begin(folders: Iterable[str | Path]) -> None:
    """Begin to hash the large files of some folders; what can not be read is left to `file_sha256` to report."""
    large: list[tuple[int, Path]] = []
    for folder in folders:
        with suppress(OSError):
            files = (
                (path.stat().st_size, path.resolve()) for path in Path(folder).rglob("*") if path.is_file()
            )
            large += [(size, path) for size, path in files if size >= LARGE]
    if large:
        pool = ThreadPoolExecutor(max_workers=2)
        _begun.update((path, pool.submit(_with_state, path)) for _, path in sorted(large, reverse=True))


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
