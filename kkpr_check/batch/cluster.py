"""The same blocks on a Dask cluster (extra ``[dask]``): workers write the part files, the client only coordinates.

Files are named, not sent: parcels in GeoParquet, plans and the work folder must be reachable under the same path from
every worker (a shared disk). Parcels of other formats travel through the client.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from kkpr_check.batch.nursery import Start, Work
from kkpr_check.batch.packing import packed, rebuilt
from kkpr_check.errors import InputError, KkprError, Place, Text
from kkpr_check.extras import need

AHEAD, AHEAD_NAMED = 2, 8
"""Blocks a worker thread has in hand, one of which it works on; more where they are only named (messages take more of them)."""
CONNECT_S = WORKER_S = 20

_LOCK = threading.Lock()
_STARTED: dict[str, Work] = {}


class Cluster:
    """Works on blocks through a Dask scheduler; a block whose worker is lost is given to another one.

    Raises
    ------
    InputError
        Codes ``extra-missing``; ``scheduler`` where nobody answers at the address.
    """

    def __init__(self, start: Start, setup: Any, address: str, *, ahead: int = AHEAD) -> None:
        distributed = need("distributed", "dask")
        try:
            self._client = distributed.Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(
                Text(f"no Dask scheduler answers: {error}", f"penjadwal Dask tidak menjawab: {error}"),
                place=Place(address),
                remedy=Text("start it: dask scheduler", "jalankan: dask scheduler"),
                code="scheduler",
            ) from error
        self._start, self._distributed, self._ahead = start, distributed, ahead
        self._token = f"{setup.folder}-{id(self)}-{self._client.id}"
        self._setup = (
            setup  # small, and sent with every block: what one worker held would draw the blocks to it
        )
        self._need_worker(address)
        self._open: dict[Any, int] = {}

    def _need_worker(self, address: str) -> None:
        try:
            self._client.wait_for_workers(1, timeout=WORKER_S)
        except TimeoutError as error:
            self._client.close(timeout=5)
            raise InputError(
                Text("the Dask scheduler has no worker", "penjadwal Dask tidak memiliki pekerja"),
                place=Place(address),
                remedy=Text(f"start some: dask worker {address}", f"jalankan: dask worker {address}"),
                code="scheduler",
            ) from error

    def map(self, tasks: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Yield (key, result) as results come; as many blocks are under way as the workers can take.

        Raises
        ------
        KkprError, OSError
            As raised in a worker; or several workers died on one block.
        """
        waiting = iter(tasks)
        finished = self._distributed.as_completed(loop=self._client.loop)
        more = True
        while more or self._open:
            most = self._ahead * max(self._threads(), 1)
            room = most - len(self._open)
            if more and room >= max(most // 4, 1):  # a message is worth several blocks
                some = list(islice(waiting, room))
                more = len(some) == room
                finished.update(self._submitted(some))
            if self._open:
                yield from self._results(finished.next_batch())

    def _submitted(self, some: Sequence[tuple[int, Any]]) -> list[Any]:
        """Send blocks in one message: by itself, a message costs the scheduler more than a block in it."""
        if not some:
            return []
        run = partial(_run, self._token, self._start, self._setup)
        futures = self._client.map(run, [task for _, task in some], pure=False, retries=2)
        self._open |= dict(zip(futures, (key for key, _ in some), strict=True))
        return list(futures)

    def _results(self, futures: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Fetch what has come in one message; what went well is told before what did not."""
        done = [future for future in futures if future.status == "finished"]
        told = [(future, *one) for future, one in zip(done, self._fetched(done), strict=True)]
        for future, kind, value in sorted(told, key=lambda one: one[1] == "error"):
            key = self._open.pop(future)
            if kind == "error":
                raise rebuilt(value)
            yield key, value
        self._fetched([future for future in futures if future in self._open])

    def _fetched(self, futures: Sequence[Any]) -> Any:
        try:
            return self._client.gather(futures)
        except self._distributed.scheduler.KilledWorker as error:
            raise KkprError(
                Text(f"workers died on one block: {error}", f"pekerja mati pada satu blok: {error}"),
                remedy=Text(
                    "give the workers more memory, then continue with --resume",
                    "beri pekerja memori lebih besar, lalu lanjutkan dengan --resume",
                ),
                code="worker-died",
            ) from error

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())

    def stop(self) -> None:
        """Cancel what is under way and leave the cluster."""
        if self._open:
            self._client.cancel(list(self._open))
        self._client.close(timeout=5)


def _run(token: str, start: Start, setup: Any, task: Any) -> tuple[str, Any]:
    """Run on a worker: open the plans once a process, then work on blocks, one at a time."""
    with _LOCK:
        try:
            if token not in _STARTED:
                _STARTED.clear()
                _STARTED[token] = start(setup)
            return "done", _STARTED[token](task)
        except Exception as error:  # told to the client, which reports it once
            return "error", packed(error)
