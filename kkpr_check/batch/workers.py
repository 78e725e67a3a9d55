"""Processes that work on blocks: started fresh (spawn), stopped at once, replaced when one dies."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kkpr_check import errors
from kkpr_check.errors import KkprError, Text

Work = Callable[[Any], Any]
Start = Callable[[Any], Work]
"""Makes, inside a worker and once, the function that does the work; it is given the pool's `setup`."""
TRIES = 2


@dataclass
class _Worker:
    process: Any
    pipe: Any
    task: Any = None


class Pool:
    """Some worker processes.

    Parameters
    ----------
    start
        A module-level function; see `Start`.
    setup
        What it is given; must be picklable.
    """

    def __init__(self, start: Start, setup: Any, workers: int) -> None:
        import multiprocessing

        self._context = multiprocessing.get_context("spawn")
        self._start, self._setup = start, setup
        self._workers: list[_Worker] = [self._spawn() for _ in range(workers)]
        self._tries: dict[int, int] = {}

    def _spawn(self) -> _Worker:
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._start, self._setup), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, mine)

    def map(self, tasks: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Yield (key, result) as results come; `tasks` are taken as workers become free.

        Raises
        ------
        KkprError, OSError
            As raised in a worker; or a worker died twice on one task.
        """
        waiting = iter(tasks)
        again: deque[tuple[int, Any]] = deque()
        ready: deque[tuple[int, Any]] = deque()
        ended = False
        while True:
            for worker in self._workers:
                if worker.task is None and (task := self._next(again, ready, waiting)) is not None:
                    self._send(worker, task, again)
            if not ended and not ready:  # read one task ahead while the workers work
                if (ahead := next(waiting, None)) is None:
                    ended = True
                else:
                    ready.append(ahead)
            busy = [worker for worker in self._workers if worker.task is not None]
            if not busy:
                if ended and not ready and not again:
                    return
                continue
            yield from self._received(busy, again)

    @staticmethod
    def _next(again: deque[Any], ready: deque[Any], waiting: Iterator[Any]) -> Any:
        if again:
            return again.popleft()
        return ready.popleft() if ready else next(waiting, None)

    def _send(self, worker: _Worker, task: tuple[int, Any], again: deque[tuple[int, Any]]) -> None:
        worker.task = task
        try:
            worker.pipe.send(task[1])
        except OSError:
            self._replace(worker, again)

    def _received(self, busy: list[_Worker], again: deque[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        from multiprocessing.connection import wait

        told = set(wait([worker.pipe for worker in busy]))
        for worker in busy:
            if worker.pipe not in told:
                continue
            try:
                kind, value = worker.pipe.recv()
            except (EOFError, OSError):
                self._replace(worker, again)
                continue
            if kind == "error":
                raise _rebuilt(value)
            key = worker.task[0]
            worker.task = None
            yield key, value

    def _replace(self, worker: _Worker, again: deque[tuple[int, Any]]) -> None:
        """Start a new process for one that died (out of memory, killed), and give its task out once more."""
        task = worker.task
        self._tries[task[0]] = self._tries.get(task[0], 0) + 1
        worker.process.join(5)
        if self._tries[task[0]] >= TRIES:
            code = worker.process.exitcode
            raise KkprError(
                Text(
                    f"a worker process died twice on one block (exit {code}): out of memory?",
                    f"proses pekerja mati dua kali pada satu blok (kode {code}): memori habis?",
                ),
                remedy=Text(
                    "continue with --resume and fewer --workers",
                    "lanjutkan dengan --resume dan --workers lebih sedikit",
                ),
                code="worker-died",
            )
        again.append(task)
        fresh = self._spawn()
        worker.process, worker.pipe, worker.task = fresh.process, fresh.pipe, None

    def stop(self) -> None:
        """Kill the workers at once; what they have not finished is not there."""
        for worker in self._workers:
            with contextlib.suppress(OSError, ValueError):
                worker.process.kill()
        for worker in self._workers:
            with contextlib.suppress(OSError, ValueError):
                worker.process.join(5)
                worker.pipe.close()


class Inline:
    """The same, in this process."""

    def __init__(self, start: Start, setup: Any) -> None:
        self._work = start(setup)

    def map(self, tasks: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Yield (key, result) in the order of the tasks."""
        for key, task in tasks:
            yield key, self._work(task)

    def stop(self) -> None:
        """Nothing to stop."""


def _serve(pipe: Any, start: Start, setup: Any) -> None:
    """Run inside a worker: do one task after the other until the parent goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    _end_with_parent()
    work: Work | None = None
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            if work is None:
                work = start(setup)
            answer = ("done", work(task))
        except BaseException as error:  # whatever happens here is told to the parent, which reports it once
            answer = ("error", _packed(error))
        try:
            pipe.send(answer)
        except OSError:
            return


def _end_with_parent() -> None:
    """Leave when the parent is gone, also in the middle of a task."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _packed(error: BaseException) -> tuple[Any, ...]:
    if isinstance(error, KkprError):
        many = [_packed(one) for one in getattr(error, "errors", [])]
        return (
            "kkpr",
            type(error).__name__,
            tuple(error.text),
            tuple(error.place),
            error.remedy,
            error.code,
            many,
        )
    if isinstance(error, OSError):
        return ("os", error.errno, error.strerror, error.filename)
    if isinstance(error, MemoryError):
        return ("memory",)
    return ("other", f"{type(error).__name__}: {error}")


def _rebuilt(packed: tuple[Any, ...]) -> BaseException:
    kind, *rest = packed
    if kind == "os":
        return OSError(*rest)
    if kind == "memory":
        return MemoryError()
    if kind == "other":
        return RuntimeError(rest[0])
    name, text, place, remedy, code, many = rest
    if many:
        return errors.ErrorGroup([one for one in map(_rebuilt, many) if isinstance(one, KkprError)])
    made: KkprError = getattr(errors, name, KkprError)(
        Text(*text),
        place=errors.Place(*place),
        remedy=None if remedy is None else Text(*remedy),
        code=code,
    )
    return made
