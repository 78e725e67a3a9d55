"""Processes that work on blocks: stopped at once, replaced when one dies."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kkpr_check.batch.nursery import CAN_FORK, Fork, Nursery, Start, Work, interrupts_held
from kkpr_check.batch.packing import packed, rebuilt
from kkpr_check.errors import KkprError, Text

TRIES = 2


class Fresh:
    """A worker that was started from nothing (spawn) and opens the plans by itself."""

    def __init__(self, start: Start, setup: Any) -> None:
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve_fresh, args=(theirs, start, setup), daemon=True)
        with interrupts_held():
            self._process.start()
        theirs.close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def exit_code(self) -> int | None:
        """Make sure that it has ended and tell how; None: nobody knows."""
        self._process.join(5)
        return self._process.exitcode


@dataclass
class _Worker:
    process: Fork | Fresh
    pipe: Any
    task: Any = None


class Pool:
    """Some worker processes.

    Parameters
    ----------
    start
        A module-level function; see `kkpr_check.batch.nursery.Start`.
    setup
        What it is given; must be picklable.
    """

    def __init__(self, start: Start, setup: Any, workers: int) -> None:
        self._start, self._setup, self._count = start, setup, workers
        self._nursery: Nursery | None = None
        self._workers: list[_Worker] = []
        self._tries: dict[int, int] = {}

    def _begin(self, first: Any) -> None:
        """Start the workers; what the first task needs is prepared before they fork."""
        if CAN_FORK:
            self._nursery = Nursery(self._start, self._setup, first, _serve)
        self._workers += (self._spawn() for _ in range(self._count))

    def _spawn(self) -> _Worker:
        if self._nursery is None:
            fresh = Fresh(self._start, self._setup)
            return _Worker(fresh, fresh.pipe)
        try:
            return _Worker(*self._nursery.fork())
        except (EOFError, ConnectionError) as error:
            raise _died(
                Text("the process that opens the plans died", "proses yang membuka rencana mati"), None
            ) from error

    def map(self, tasks: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Yield (key, result) as results come; `tasks` are taken as workers become free.

        Raises
        ------
        KkprError, OSError
            As raised in a worker; or a worker died twice on one task.
        """
        waiting = iter(tasks)
        again: deque[tuple[int, Any]] = deque()
        ready: deque[tuple[int, Any]] = deque(task for task in [next(waiting, None)] if task is not None)
        if ready:
            self._begin(ready[0][1])
        ended = not ready
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
                raise rebuilt(value)
            key = worker.task[0]
            worker.task = None
            yield key, value

    def _replace(self, worker: _Worker, again: deque[tuple[int, Any]]) -> None:
        """Start a new process for one that died (out of memory, killed), and give its task out once more."""
        task = worker.task
        self._tries[task[0]] = self._tries.get(task[0], 0) + 1
        code = worker.process.exit_code()
        worker.pipe.close()
        if self._tries[task[0]] >= TRIES:
            raise _died(
                Text(
                    "a worker process died twice on one block", "proses pekerja mati dua kali pada satu blok"
                ),
                code,
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
            with contextlib.suppress(EOFError, OSError, ValueError):
                worker.process.exit_code()
                worker.pipe.close()
        if self._nursery is not None:
            self._nursery.stop()


def _died(what: Text, code: int | None) -> KkprError:
    how = Text("", "") if code is None else Text(f" (exit {code})", f" (kode {code})")
    return KkprError(
        Text(f"{what.en}{how.en}: out of memory?", f"{what.id}{how.id}: memori habis?"),
        remedy=Text(
            "continue with --resume and fewer --workers",
            "lanjutkan dengan --resume dan --workers lebih sedikit",
        ),
        code="worker-died",
    )


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


def _serve(pipe: Any, work: Work) -> None:
    """Run inside a worker: do one task after the other until the parent goes away."""
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = ("done", work(task))
        except BaseException as error:  # whatever happens here is told to the parent, which reports it once
            answer = ("error", packed(error))
        try:
            pipe.send(answer)
        except OSError:
            return


def _serve_fresh(pipe: Any, start: Start, setup: Any) -> None:
    """Do the same where the plans are not open yet; they are opened for the first task."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    _end_with_parent()
    opened: list[Work] = []

    def work(task: Any) -> Any:
        if not opened:
            opened.append(start(setup))
        return opened[0](task)

    _serve(pipe, work)


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
