"""What a native library reads, it reads in a process of its own: its crash, hang or hunger ends with a message here.

GDAL promises no safety on files it does not know (https://gdal.org/user/security.html). One child serves the reads of
this process one after the other; it is started when the first one is asked for, and a fresh one after each failure.
It sees the drivers of :data:`kkpr_check.io.drivers.ALONE` only, no network, and a bounded memory.
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from kkpr_check.errors import InputError, KkprError, Place, Text

START_S = 60.0
"""Time for the child to start, however busy the machine is."""
END_S = 5.0
"""Time for a killed child to be gone; it is not waited for any longer."""
LEAST_S = 8.0
BYTES_PER_S = 200_000
"""A child is given `LEAST_S` and the file's size over this: fifty times what a sound file takes."""
LEAST_MEMORY_BYTES = 6 * 1024**3
MEMORY_PER_BYTE = 40

_ITEM, _RESULT, _ERROR = "item", "result", "error"


class Apart:
    """One child process that reads for this one."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._child: subprocess.Popen[bytes] | None = None
        self._busy = False
        self._ready = False

    def call(self, function: Callable[..., Any], *arguments: Any, file: Path, place: Place) -> Any:
        """Return what a module-level function returns, called in the child.

        Parameters
        ----------
        file
            What is read: its size sets the limits of time and memory.
        place
            Its name for people.

        Raises
        ------
        KkprError, OSError, MemoryError
            As raised in the child.
        InputError
            Code ``reader-failed``: the child crashed, or gave no answer in time.
        """
        kind, value = self._one(self._ask(function, arguments, file), file, place)
        if kind == _ERROR:
            raise value
        return value

    def stream(
        self, function: Callable[..., Iterator[Any]], *arguments: Any, file: Path, place: Place
    ) -> Iterator[Any]:
        """Yield what a module-level generator function yields in the child; errors as in `call`.

        The child works ahead by what a pipe holds.
        """
        child = self._ask(function, arguments, file)
        while True:
            kind, value = self._one(child, file, place)
            if kind == _ERROR:
                raise value
            if kind == _RESULT:
                return
            yield value

    def begin(self) -> None:
        """Start the child and do not wait for it."""
        if self._child is None:
            self._child, self._ready = _start(), False

    def rest(self) -> None:
        """End the child where it is in the middle of something."""
        if self._busy:
            self.stop()

    def stop(self) -> None:
        """End the child at once."""
        self.kill()
        child, self._child, self._busy = self._child, None, False
        if child is None or self.owner != os.getpid():
            return
        for pipe in (child.stdin, child.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        with suppress(subprocess.TimeoutExpired):
            child.wait(END_S)

    def kill(self) -> None:
        """End the child and do not wait for its end."""
        if self._child is not None and self.owner == os.getpid():
            self._child.kill()

    def _ask(self, function: Callable[..., Any], arguments: tuple[Any, ...], file: Path) -> Any:
        child = self._started()
        limit = LEAST_MEMORY_BYTES + MEMORY_PER_BYTE * _size(file)
        self._busy = True
        with suppress(OSError):  # a child that is gone is told of when its answer is read
            pickle.dump((function, arguments, limit), child.stdin, pickle.HIGHEST_PROTOCOL)
            child.stdin.flush()
        return child

    def _started(self) -> Any:
        if self._child is not None and self._child.poll() is not None:
            self.stop()
        self.begin()
        if not self._ready:
            self._ready = self._answer(self._child, START_S) == (_RESULT, None)  # type: ignore[arg-type]
            if not self._ready:
                self.stop()
                raise KkprError(
                    Text(
                        "the reader of vector files does not start",
                        "pembaca berkas vektor tidak dapat dijalankan",
                    ),
                    remedy=Text("see: kkpr-check doctor", "lihat: kkpr-check doctor"),
                    code="reader-failed",
                )
        return self._child

    def _one(self, child: subprocess.Popen[bytes], file: Path, place: Place) -> tuple[str, Any]:
        limit_s = LEAST_S + _size(file) / BYTES_PER_S
        begun = time.monotonic()
        answer = self._answer(child, limit_s)
        if answer is not None:
            self._busy = answer[0] == _ITEM
            return answer
        hung = time.monotonic() - begun >= limit_s
        self.stop()
        raise _failed(place, None if hung else child.returncode, limit_s)

    def _answer(self, child: subprocess.Popen[bytes], limit_s: float) -> tuple[str, Any] | None:
        """Return the next message of the child, None where it is gone or the time is over."""
        watch = threading.Timer(limit_s, child.kill)
        watch.daemon = True
        try:
            watch.start()
            kind, value = pickle.load(child.stdout)  # type: ignore[arg-type]
            return kind, value
        except (EOFError, OSError, pickle.UnpicklingError):
            return None
        except BaseException:
            self.stop()  # interrupted in the middle of a message
            raise
        finally:
            watch.cancel()
            if watch.is_alive():
                watch.join()


_all: list[Apart] = []
_idle: list[Apart] = []
"""Children that nobody uses. No lock: children are given back by the garbage collector too, at any moment."""


def call(function: Callable[..., Any], *arguments: Any, file: Path, place: Place) -> Any:
    """Return what a function returns in a child of this process; see `Apart.call`."""
    one = taken()
    try:
        return one.call(function, *arguments, file=file, place=place)
    finally:
        given_back(one)


def begin() -> None:
    """Start a child ahead of its first read."""
    one = taken()
    one.begin()
    given_back(one)


def taken() -> Apart:
    """Return a child that nobody uses: one that was given back, or a fresh one."""
    with suppress(IndexError):
        while True:
            one = _idle.pop()
            if one.owner == os.getpid():  # a forked process must not use the pipes of its parent
                return one
    one = Apart()
    _all.append(one)
    return one


def kill_all() -> None:
    """End the children of this process and do not wait for their end."""
    for one in _all:
        one.kill()


@atexit.register
def _stop_all() -> None:
    for one in _all:
        one.stop()


def given_back(one: Apart) -> None:
    """Keep a child for the next read."""
    one.rest()
    _idle.append(one)


def _start() -> subprocess.Popen[bytes]:
    path = [entry for entry in sys.path if entry]  # not the current folder: data may lie there
    code = f"import sys; sys.path[:] = {path!r}; from kkpr_check.io.apart import serve; serve()"
    hidden: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    return subprocess.Popen(
        [_python(), "-I", "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=_environment(), creationflags=hidden,
    )  # fmt: skip


def _python() -> str:
    """Return the interpreter. A program that has Python inside (QGIS) is not asked to start itself once more."""
    if Path(sys.executable or "").name.casefold().startswith(("python", "pypy")):
        return sys.executable
    folders = [Path(sys.exec_prefix), Path(sys.exec_prefix) / "bin", Path(sys.base_exec_prefix)]
    names = ("python.exe", "python3", "python")
    return next((str(f / n) for f in folders for n in names if (f / n).is_file()), "python3")


def _environment() -> dict[str, str]:
    return os.environ | {
        "OPENBLAS_NUM_THREADS": "1", "PROJ_NETWORK": "OFF", "OGR_SQLITE_PRAGMA": "trusted_schema=0",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    }  # fmt: skip


def _size(file: Path) -> int:
    with suppress(OSError):
        files = file.rglob("*") if file.is_dir() else file.parent.glob(f"{_escaped(file.stem)}.*")
        return sum(one.stat().st_size for one in files if one.is_file())
    return 0


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _failed(place: Place, code: int | None, limit_s: float) -> InputError:
    if code is None:
        text = Text(
            f"the reader gave no answer in {limit_s:.0f} seconds and was stopped",
            f"pembaca tidak memberi jawaban dalam {limit_s:.0f} detik dan dihentikan",
        )
    else:
        text = Text(
            f"the reader of this format crashed on the file (exit {code})",
            f"pembaca format ini gagal total pada berkas ini (kode {code})",
        )
    return InputError(
        text,
        place=place,
        remedy=Text(
            "the file is damaged or made to do harm: export it again, for example as GeoJSON",
            "berkas rusak atau dibuat untuk merusak: ekspor ulang, misalnya sebagai GeoJSON",
        ),
        code="reader-failed",
    )


def serve() -> None:
    """Run in the child: answer one request after the other until the parent is gone."""
    import signal

    from kkpr_check.io.drivers import be_alone

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    requests = sys.stdin.buffer
    be_alone()
    _send(answers, (_RESULT, None))
    while True:
        try:
            function, arguments, memory_bytes = pickle.load(requests)
        except EOFError:
            return
        _bound_memory(memory_bytes)
        try:
            result = function(*arguments)
            if isinstance(result, Iterator):
                for item in result:
                    _send(answers, (_ITEM, item))
                result = None
            _send(answers, (_RESULT, result))
        except BrokenPipeError:
            return
        except (KkprError, OSError, MemoryError) as error:
            _send(answers, (_ERROR, error))
        except Exception as error:  # a fault of ours: the command line asks for a report of it
            _send(answers, (_ERROR, RuntimeError(f"{type(error).__name__}: {error}")))


def _send(answers: BinaryIO, message: tuple[str, Any]) -> None:
    pickle.dump(message, answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


def _bound_memory(limit_bytes: int) -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        soft = limit_bytes if hard == resource.RLIM_INFINITY else min(limit_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
