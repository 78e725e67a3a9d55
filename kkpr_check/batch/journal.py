"""The work folder beside the output: who works on it, for what, and which blocks are done.

A block is done when its part file is there and agrees with its checksums. So a run may be killed at any moment, and
what it leaves is whole or not there.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from kkpr_check.errors import Place, Text, UsageError

SUFFIX = ".kkpr-work"
SCHEMA = "kkpr-check/batch-journal/1"
_NAMES: Mapping[str, Text] = {
    "tool": Text("the version of kkpr-check", "versi kkpr-check"),
    "parcels": Text("the parcels", "persil"),
    "plans": Text("the plans", "rencana"),
    "footprints": Text("the footprints", "tapak"),
    "existing": Text("the existing buildings", "bangunan yang sudah ada"),
    "formats": Text("the formats of the output", "format keluaran"),
}


class WorkFolder:
    """The work folder of one output, held by one run.

    Raises
    ------
    UsageError
        Codes ``busy`` (another run holds it), ``unfinished`` (a run was interrupted and --resume is not given),
        ``nothing-to-resume``, ``changed`` (the run to resume was another one).
    """

    def __init__(self, output: str, *, resume: bool) -> None:
        target = Path(output).absolute()
        self.path = target.with_name(target.name + SUFFIX)
        self._lock: int | None = None
        if resume and not (self.path / "journal.json").is_file():
            if self.path.exists():
                self._hold()  # killed before it had written what it was asked for: nothing is lost
                return
            raise UsageError(
                Text(
                    "there is no unfinished run to resume", "tidak ada proses yang terhenti untuk dilanjutkan"
                ),
                place=Place(output),
                remedy=Text("run it without --resume", "jalankan tanpa --resume"),
                code="nothing-to-resume",
            )
        existed = self.path.exists()
        self.path.mkdir(exist_ok=True)
        self._hold()
        if existed and not resume and (self.path / "journal.json").exists():
            self.release()
            raise UsageError(
                Text(
                    "an unfinished run of this output is there",
                    "ada proses yang belum selesai untuk keluaran ini",
                ),
                place=Place(str(self.path)),
                remedy=Text(
                    f"continue it with --resume, or delete the folder {self.path.name}",
                    f"lanjutkan dengan --resume, atau hapus folder {self.path.name}",
                ),
                code="unfinished",
            )

    def _hold(self) -> None:
        """Take the lock file; the system gives it back however this process ends."""
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock_exclusively(self._lock)
        except OSError:
            pid = os.read(self._lock, 20).decode("ascii", "replace").strip() or "?"
            self.release()
            raise UsageError(
                Text(
                    f"another run (process {pid}) writes this output",
                    f"proses lain ({pid}) sedang menulis keluaran ini",
                ),
                place=Place(str(self.path)),
                remedy=Text(
                    "wait for it, or choose another output", "tunggu sampai selesai, atau pilih keluaran lain"
                ),
                code="busy",
            ) from None
        try:
            current = os.stat(self.path / "lock").st_ino
        except OSError:
            current = None
        if (
            current != os.fstat(self._lock).st_ino
        ):  # the run that held it has just ended and removed the folder
            self.release()
            self.path.mkdir(exist_ok=True)
            self._hold()
            return
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock back."""
        lock, self._lock = self._lock, None  # first: whoever is interrupted here gives it back once more
        if lock is not None:
            os.close(lock)

    def recorded(self) -> dict[str, Any] | None:
        """Return what the interrupted run was asked for, None where there is none."""
        try:
            journal = json.loads((self.path / "journal.json").read_bytes())
            if journal["schema"] != SCHEMA or int(journal["block_rows"]) < 1:
                raise ValueError("schema")
            dt.date.fromisoformat(journal["options"]["as_of"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                Text(
                    "the journal of the unfinished run can not be read",
                    "jurnal proses yang terhenti tidak terbaca",
                ),
                place=Place(str(self.path)),
                remedy=Text("delete the folder and start again", "hapus foldernya lalu mulai lagi"),
                code="journal",
            ) from error
        return dict(journal)

    def start(self, identity: Mapping[str, Any]) -> None:
        """Record what a run is asked for, or refuse to continue a run that was asked for something else."""
        before = self.recorded()
        journal = {"schema": SCHEMA, **identity}
        for rest in self.path.glob("*.tmp"):  # of a run that was killed while it wrote them
            with suppress(OSError):
                rest.unlink()
        if before is None:
            self._forget_parts()
            write_whole(self.path / "journal.json", json.dumps(journal, indent=1, sort_keys=True).encode())
            return
        changed = _differences(before, json.loads(json.dumps(journal)))
        if changed:
            raise UsageError(
                Text(
                    f"the run to resume was another one; changed: {', '.join(c.en for c in changed)}",
                    f"proses yang dilanjutkan berbeda; yang berubah: {', '.join(c.id for c in changed)}",
                ),
                place=Place(str(self.path)),
                remedy=Text(
                    "restore what changed, or delete the folder and start again",
                    "pulihkan yang berubah, atau hapus foldernya lalu mulai lagi",
                ),
                code="changed",
            )

    def _forget_parts(self) -> None:
        for file in self.path.iterdir():
            if file.name != "lock":
                with suppress(OSError):
                    file.unlink()

    def remove(self) -> None:
        """Remove the folder after a run that ended well."""
        if os.name == "nt":  # an open file can not be deleted there
            self.release()
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()


def _lock_exclusively(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Text]:
    changed: list[Text] = []
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if key == "options":
            names = sorted(
                n for n in (old or {}).keys() | (new or {}).keys() if (old or {}).get(n) != (new or {}).get(n)
            )
            changed += [Text(name, name) for name in (f"--{n.replace('_', '-')}" for n in names)]
        else:
            changed.append(_NAMES.get(key, Text(key, key)))
    return changed


@dataclass(frozen=True, slots=True)
class Part:
    """The file of one block: its blobs, what is known of the block (JSON), and the length of that.

    Every blob has its checksum, so the file need not be forced to the disk: what a power failure damages is seen and
    made again.
    """

    path: Path

    @classmethod
    def of(cls, folder: Path, number: int) -> Part:
        """Return the part of a block in a work folder."""
        return cls(folder / f"{number:08d}.part")

    def write(self, blobs: Mapping[str, bytes], told: Mapping[str, Any]) -> dict[str, Any]:
        """Write the file, whole or not at all, and return what is known of the block."""
        places, offset = {}, 0
        for name, data in blobs.items():
            places[name] = [offset, len(data), zlib.crc32(data)]
            offset += len(data)
        document = {**told, "blobs": places}
        tail = json.dumps(document).encode()
        with _replacing(self.path, sync=False) as stream:
            for data in (*blobs.values(), tail, _END.pack(len(tail), zlib.crc32(tail))):
                stream.write(data)
        return document

    def read(self, start: int, rows: int) -> dict[str, Any] | None:
        """Return what is known of a block that is done; None where it is not, or where its file is not whole."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(-_END.size, os.SEEK_END)
                end = stream.tell()
                length, crc = _END.unpack(stream.read(_END.size))
                stream.seek(end - length)
                tail = stream.read(length)
            document = json.loads(tail)
            if zlib.crc32(tail) != crc or (document["start"], document["rows"]) != (start, rows):
                return None
            for name, (_, _, blob_crc) in document["blobs"].items():
                if zlib.crc32(self.blob(document, name)) != blob_crc:
                    return None
        except (OSError, ValueError, KeyError, TypeError, struct.error):
            return None
        return dict(document)

    def blob(self, told: Mapping[str, Any], name: str) -> bytes:
        """Return one blob of the file."""
        offset, length, _ = told["blobs"][name]
        with self.path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(length)


_END = struct.Struct("<QI")
"""Length and checksum of the JSON at the end of a part."""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and force it to the disk.

    Raises
    ------
    OSError
        It can not be written; nothing is left behind.
    """
    with _replacing(path, sync=True) as stream:
        stream.write(data)


@contextmanager
def _replacing(path: Path, *, sync: bool) -> Iterator[BinaryIO]:
    handle, temporary = tempfile.mkstemp(prefix=path.name, suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
