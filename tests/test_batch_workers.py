"""Worker processes: forks of one prepared process, or started fresh; one that dies is replaced once a task."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kkpr_check.batch import workers
from kkpr_check.batch.nursery import CAN_FORK
from kkpr_check.batch.workers import Pool
from kkpr_check.errors import InputError, KkprError, Place, Text


class Squares:
    """Squares numbers; the folder it is given tells what happens on the way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._note("started")
        if (folder / "refuse").exists():
            raise InputError(Text("no such plan", "rencana tidak ada"), place=Place("p"), code="missing")
        if (folder / "die-at-start").exists():
            os._exit(5)

    def _note(self, what: str) -> None:
        with (self._folder / what).open("a") as stream:
            stream.write(f"{os.getpid()}\n")

    def warm(self, number: int) -> None:
        self._note("warmed")
        if (self._folder / "warm-fails").exists():
            raise ValueError(number)

    def __call__(self, number: int) -> int:
        self._note("worked")
        fatal = self._folder / f"die-{number}"
        if fatal.exists():
            left = int(fatal.read_text())
            if left:
                fatal.write_text(str(left - 1))
                os._exit(3)
        return number * number


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def run(folder: Path, count: int = 6) -> dict[int, int]:
    pool = Pool(Squares, folder, 2)
    try:
        return dict(pool.map((n, n) for n in range(count)))
    finally:
        pool.stop()


@pytest.fixture(params=["fork", "fresh"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "fresh":
        monkeypatch.setattr(workers, "CAN_FORK", False)
    elif not CAN_FORK:
        pytest.skip("this platform does not fork safely")
    return str(request.param)


SQUARES = {n: n * n for n in range(6)}


def test_every_task_is_done_and_plans_are_opened_once_a_nursery(tmp_path: Path, way: str) -> None:
    assert run(tmp_path) == SQUARES
    started, worked = lines(tmp_path / "started"), lines(tmp_path / "worked")
    assert len(worked) == 6
    if way == "fork":
        assert len(started) == len(lines(tmp_path / "warmed")) == 1
        assert not set(worked) & set(started)  # the nursery works on nothing
    else:
        assert set(started) == set(worked) and not lines(tmp_path / "warmed")


def test_no_task_starts_no_process(tmp_path: Path, way: str) -> None:
    assert run(tmp_path, 0) == {}
    assert not lines(tmp_path / "started")


def test_a_worker_that_dies_is_replaced(tmp_path: Path, way: str) -> None:
    (tmp_path / "die-3").write_text("1")
    assert run(tmp_path) == SQUARES
    assert len(lines(tmp_path / "worked")) == 7


def test_a_task_that_kills_twice_ends_the_run(tmp_path: Path, way: str) -> None:
    (tmp_path / "die-3").write_text("9")
    with pytest.raises(KkprError, match=r"died twice on one block \(exit 3\)") as caught:
        run(tmp_path)
    assert caught.value.code == "worker-died" and "--resume" in str(caught.value)


@pytest.mark.parametrize("what", ["refuse", "warm-fails"])
def test_what_fails_at_the_start(tmp_path: Path, way: str, what: str) -> None:
    (tmp_path / what).touch()
    if what == "warm-fails":  # the work itself will tell whatever is wrong
        assert run(tmp_path) == SQUARES
        return
    with pytest.raises(InputError, match="no such plan") as caught:
        run(tmp_path)
    assert (caught.value.code, caught.value.place.file) == ("missing", "p")


def test_a_start_that_kills_its_process_is_told(tmp_path: Path, way: str) -> None:
    (tmp_path / "die-at-start").touch()
    with pytest.raises(KkprError, match="died") as caught:
        run(tmp_path)
    assert caught.value.code == "worker-died"


def alive(pid: str) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


class Sleeper:
    """Sleeps where it is told to: while it prepares, or at its task."""

    def __init__(self, setup: tuple[Path, str]) -> None:
        self._folder, self._where = setup
        self._rest("start")

    def _rest(self, where: str) -> None:
        with (self._folder / f"{where}.pid").open("a") as stream:
            stream.write(f"{os.getpid()}\n")
        if where == self._where:
            time.sleep(600)

    def __call__(self, number: int) -> int:
        self._rest("task")
        return number


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel")
@pytest.mark.parametrize("where", ["start", "task"])
def test_busy_workers_end_with_their_parent(tmp_path: Path, where: str) -> None:
    code = (
        "if __name__ == '__main__':\n"
        f" import sys; sys.path[:] = {sys.path!r}\n"
        " from pathlib import Path; from test_batch_workers import Pool, Sleeper\n"
        f" list(Pool(Sleeper, (Path({str(tmp_path)!r}), {where!r}), 2).map((n, n) for n in range(2)))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while len(lines(tmp_path / f"{where}.pid")) < (2 if where == "task" else 1):
        assert time.monotonic() < until and parent.poll() is None
        time.sleep(0.01)
    parent.kill()
    parent.communicate(timeout=30)  # ends when no process holds the pipe any more
    started = {*lines(tmp_path / "start.pid"), *lines(tmp_path / "task.pid")}
    assert started and not [pid for pid in started if alive(pid)]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")
def test_stop_leaves_no_process(tmp_path: Path, way: str) -> None:
    pool = Pool(Squares, tmp_path, 2)
    next(pool.map((n, n) for n in range(100)))
    pool.stop()
    known = {*lines(tmp_path / "started"), *lines(tmp_path / "worked")}
    assert known and not [pid for pid in known if alive(pid)]
