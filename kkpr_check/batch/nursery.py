"""Workers as forks of one process that has opened and prepared the plans: they share its memory and start at once.

That process is started fresh and runs no thread of its own, so that forking it is safe. Where a platform can not fork so
(Windows, macOS) there is no nursery, and each worker opens the plans by itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from multiprocessing import connection, get_context, reduction, resource_tracker
from typing import Any

from kkpr_check.batch.packing import packed, rebuilt

Work = Callable[[Any], Any]
Start = Callable[[Any], Work]
"""Makes, inside a worker and once, the function that does the work; it is given the pool's `setup`."""
Serve = Callable[[Any, Work], None]
"""Does the tasks that come over a pipe."""

CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"
_PR_SET_PDEATHSIG = 1
OBJECTS_BETWEEN_COLLECTIONS = 200_000
"""As in the command itself: answers are many small objects without cycles, looking through them takes a fifth of the time."""
END_S = 5.0
"""Time for a killed process to be gone; it is not waited for any longer."""


class Fork:
    """One worker; the nursery keeps its number from being given to another process."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def exit_code(self) -> int | None:
        """Make sure that it has ended and tell how; None: nobody knows."""
        self.kill()
        return self._nursery.exit_code(self.pid)


class Nursery:
    """The process that forks workers.

    Parameters
    ----------
    start, setup
        See `kkpr_check.batch.workers.Pool`; called once, before the first fork.
    sample
        A task. What `start` returns may have a method ``warm``: it is given the sample before the first fork, and does
        what every worker would have to do.
    """

    def __init__(self, start: Start, setup: Any, sample: Any, serve: Serve) -> None:
        context = get_context("spawn")
        self._control, theirs = context.Pipe()
        self._process = context.Process(target=_tend, args=(theirs,), daemon=True)
        with interrupts_held():
            self._process.start()
        theirs.close()
        with contextlib.suppress(ConnectionError):  # it has died already: noticed when it is asked for a fork
            self._control.send((start, setup, sample, serve))
        self._ready = False

    def fork(self) -> tuple[Fork, Any]:
        """Return a new worker and the pipe to it.

        Raises
        ------
        KkprError, OSError
            As raised by `start`.
        EOFError, BrokenPipeError
            The nursery died.
        """
        if not self._ready:
            self._answer()
            self._ready = True
        mine, theirs = get_context("spawn").Pipe()
        with theirs:
            self._control.send(None)
            reduction.send_handle(self._control, theirs.fileno(), self._process.pid)
            return Fork(self, self._answer()), mine

    def exit_code(self, pid: int) -> int | None:
        """Wait for the end of a fork that was killed."""
        with contextlib.suppress(EOFError, OSError):
            self._control.send(pid)
            if self._control.poll(END_S):
                return int(self._answer())
        return None

    def _answer(self) -> Any:
        kind, value = self._control.recv()
        if kind == "error":
            raise rebuilt(value)
        return value

    def stop(self) -> None:
        """End the process at once; who has forks ends them."""
        self._process.kill()
        self._process.join(END_S)
        self._control.close()


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Let a child be born deaf to Ctrl-C, which a terminal sends to it too; what comes meanwhile comes afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # started with the first child otherwise, it would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _tend(control: Any) -> None:
    """Run inside the nursery: prepare, fork whenever asked to, until the parent goes away; then end the forks too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    _die_with_parent()
    forks: set[int] = set()
    work: Work | None = None
    try:
        try:
            start, setup, sample, serve = (
                control.recv()
            )  # loads most of the package: what fails in it is told as well
            work = _prepared(start, setup, sample)
            control.send(("done", None))
        except BaseException as error:  # told to the parent, which reports it once
            control.send(("error", packed(error)))
        while True:
            pid = control.recv()
            if pid is None:
                assert work is not None
                pid = _fork(control, work, serve)
                forks.add(pid)
                control.send(("done", pid))
            else:
                _, status = os.waitpid(pid, 0)
                forks.discard(pid)
                control.send(("done", os.waitstatus_to_exitcode(status)))
    except (EOFError, OSError):
        for pid in forks:
            os.kill(pid, signal.SIGKILL)
    os._exit(0)  # whoever waits for our output to end has waited enough


def _die_with_parent() -> None:
    """Be killed when the parent ends, however busy (Linux); elsewhere the pipe tells, after the task in hand."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prepared(start: Start, setup: Any, sample: Any) -> Work:
    work = start(setup)
    warm = getattr(work, "warm", None)
    if warm is not None:
        with contextlib.suppress(Exception):  # whatever is wrong, the task itself will tell
            warm(sample)
    gc.collect()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    gc.freeze()  # a collection in a fork would write to, and so copy, the pages of all that is shared
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc: what preparing took for a moment goes back
    return work


def _fork(control: Any, work: Work, serve: Serve) -> int:
    """Return, in the nursery, the number of a new process, which serves the pipe whose end the parent sends."""
    handle = reduction.recv_handle(control)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads: BLAS has some, and knows how to fork
        pid = os.fork()
    if pid:
        os.close(handle)
        return pid
    code = 1
    try:
        _die_with_parent()
        control.close()
        serve(connection.Connection(handle), work)
        code = 0
    finally:
        os._exit(code)
