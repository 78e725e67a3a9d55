"""A reader that crashes, hangs, eats memory or chatters in its own process ends with a message in ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import squares, write
from cli_harness import JUDGE, Run

from kkpr_check.batch import apartstream
from kkpr_check.errors import ErrorGroup, InputError, KkprError, Place, Text
from kkpr_check.io import apart, gdal
from kkpr_check.io.drivers import ALONE
from kkpr_check.io.layers import read_layer

PLACE = Place("persil.shp")


def crash(code: int) -> None:
    os.kill(os.getpid(), code)


def leave(code: int) -> None:
    os._exit(code)


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def eat(gigabytes: int) -> int:
    return len(bytearray(gigabytes * 1024**3))


def chatter() -> int:
    os.write(1, b"GDAL says something\n" * 1000)
    print("and Python too")
    return 7


def fail(kind: str) -> None:
    if kind == "group":
        one = InputError(Text("a", "b"), place=PLACE, remedy=Text("c", "d"), code="x")
        group = ErrorGroup([one, KkprError(Text("e", "f"))])
        group.code = "both"
        raise group
    raise {"os": FileNotFoundError(2, "No such file", "a.shp"), "other": ZeroDivisionError("1/0")}[kind]


def items(count: int, crash_at: int) -> Iterator[int]:
    for i in range(count):
        if i == crash_at:
            crash(signal.SIGSEGV)
        yield i


def drivers() -> list[str]:
    import pyogrio

    return sorted(pyogrio.list_drivers())


@pytest.fixture
def one() -> Iterator[apart.Apart]:
    made = apart.Apart()
    yield made
    made.stop()


def call(one: apart.Apart, function: object, *arguments: object) -> object:
    return one.call(function, *arguments, file=Path("none"), place=PLACE)  # type: ignore[arg-type]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("code", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_crash_is_a_message_and_the_next_read_works(one: apart.Apart, code: int) -> None:
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            call(one, crash, int(code))
        assert caught.value.code == "reader-failed" and str(-code) in caught.value.text.en
        assert caught.value.place == PLACE and caught.value.remedy is not None
        assert call(one, chatter) == 7


def test_leaving_without_an_answer_is_a_message_too(one: apart.Apart) -> None:
    with pytest.raises(InputError, match="exit 0"):
        call(one, leave, 0)


def test_a_hang_is_ended(one: apart.Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    call(one, chatter)
    monkeypatch.setattr(apart, "LEAST_S", 0.5)
    begun = time.monotonic()
    with pytest.raises(InputError, match="gave no answer in 0 seconds"):
        call(one, sleep, 60)
    assert time.monotonic() - begun < 8
    monkeypatch.undo()
    assert call(one, sleep, 0) is None


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_hunger_is_an_error_and_no_death(one: apart.Apart) -> None:
    with pytest.raises(MemoryError):
        call(one, eat, 64)
    assert call(one, chatter) == 7


def test_errors_come_through_whole(one: apart.Apart) -> None:
    with pytest.raises(ErrorGroup) as group:
        call(one, fail, "group")
    first = group.value.errors[0]
    assert group.value.code == "both" and len(group.value.errors) == 2
    assert (first.text, first.place, first.remedy, first.code) == (("a", "b"), PLACE, ("c", "d"), "x")
    assert type(first) is InputError
    with pytest.raises(FileNotFoundError, match="No such file"):
        call(one, fail, "os")
    with pytest.raises(RuntimeError, match="ZeroDivisionError: 1/0"):
        call(one, fail, "other")


def test_a_stream_ends_with_its_items_or_a_message(one: apart.Apart) -> None:
    def read(crash_at: int) -> Iterator[int]:
        return one.stream(items, 5, crash_at, file=Path("none"), place=PLACE)

    assert list(read(-1)) == [0, 1, 2, 3, 4]
    seen: list[int] = []
    with pytest.raises(InputError):
        seen.extend(read(3))
    assert list(read(-1)) == [0, 1, 2, 3, 4]


def test_only_the_drivers_that_are_needed_are_there(one: apart.Apart) -> None:
    assert call(one, drivers) == sorted(ALONE)


def test_many_threads_share_one_child(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", squares(20), driver="GPKG")
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(len(read_layer(path)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [20] * 8


def test_modules_beside_the_data_are_not_run(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", squares(2), driver="GPKG")
    for name in ("numpy", "pyogrio", "pickle", "struct"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('ran code that lies beside the data')\n")
    code = "from kkpr_check.io.layers import read_layer; print(len(read_layer('a.gpkg')))"
    program = f"import sys; sys.path[:] = ['', *{sys.path!r}]; sys.path.pop(0); {code}"
    done = subprocess.run([sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "2", done.stderr
    assert path.exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_the_child_does_not_outlive_its_parent(tmp_path: Path) -> None:
    write(tmp_path / "a.gpkg", squares(2), driver="GPKG")
    code = (
        "import os, signal; from kkpr_check.io import apart; from kkpr_check.io.layers import read_layer;"
        "read_layer('a.gpkg'); print(*[a._child.pid for a in apart._idle], flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid = int(done.stdout)
    for _ in range(100):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().split(")")[1].split()[0] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError("the reader still runs")


def crash_on(source: object, encoding: str | None) -> None:
    crash(signal.SIGSEGV)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_crash_in_a_command_is_exit_2_with_one_message(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "persil.gpkg", squares(1), driver="GPKG")
    output = tmp_path / "out.json"
    assert run("check", "--parcel", str(path), *JUDGE)[0] in (
        0,
        1,
    )  # from here on the plans come from the cache
    monkeypatch.setattr(gdal, "read_gdal", crash_on)
    code, out, err = run("check", "--parcel", str(path), *JUDGE, "--output", str(output))
    assert (code, out) == (2, "") and "persil.gpkg: the reader of this format crashed" in err
    assert not output.exists() and "unexpected" not in err
    monkeypatch.setattr(apartstream, "_blocks", crash_blocks)
    code, out, err = run("batch", str(path), *JUDGE, "--output", str(tmp_path / "t.csv"), "--workers", "1")
    assert (code, out) == (2, "") and "the reader of this format crashed" in err
    assert not (tmp_path / "t.csv").exists()


def crash_blocks(block_rows: int) -> Iterator[object]:
    crash(signal.SIGSEGV)
    yield


def test_a_child_can_be_started_ahead(one: apart.Apart) -> None:
    one.begin()
    child = one._child
    assert child is not None and call(one, chatter) == 7 and one._child is child
    one.begin()
    assert one._child is child


def test_an_interrupted_read_leaves_no_child_behind(
    one: apart.Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(one, chatter)
    child = one._child
    assert child is not None
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        call(one, sleep, 30)
    assert child.poll() is not None and one._child is None
