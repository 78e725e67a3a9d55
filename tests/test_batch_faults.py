"""Runs that are killed, refused or run out of disk: nothing is lost, nothing half-written stands under the final name."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batch_harness import PLANS, batch, some, write_geojsonl

from kkpr_check.batch import journal, running, writing
from kkpr_check.batch.journal import WorkFolder
from kkpr_check.errors import InputError, KkprError, UsageError


@pytest.fixture(scope="module")
def parcels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_geojsonl(tmp_path_factory.mktemp("parcels") / "p.geojson", *some(60))


@pytest.fixture(scope="module")
def whole(parcels: Path) -> bytes:
    """The output of a run that nobody disturbed."""
    output = parcels.with_name("whole.csv")
    batch(parcels, output, block_rows=6)
    return output.read_bytes()


def command(parcels: Path, output: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "kkpr_check", "batch", str(parcels), "--plan", PLANS[0], "--output", str(output),
        "--as-of", "2025-01-01", "--block-size", "6", "--lang", "en", *more,
    ]  # fmt: skip


def work_of(output: Path) -> Path:
    return output.with_name(output.name + journal.SUFFIX)


def done(output: Path) -> int:
    return len(list(work_of(output).glob("*.part")))


def wait_for(process: subprocess.Popen[bytes], output: Path, blocks: int) -> None:
    until = time.monotonic() + 60
    while done(output) < blocks and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_run_is_resumed_to_the_same_bytes(
    tmp_path: Path, parcels: Path, whole: bytes, workers: str
) -> None:
    output = tmp_path / "out.csv"
    chance = random.Random(int(workers))
    resume: list[str] = []
    kept = 0
    for _ in range(3):
        process = subprocess.Popen(
            command(parcels, output, "--workers", workers, *resume), stderr=subprocess.PIPE
        )
        wait_for(process, output, kept + 1)
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.communicate()
        assert not output.exists()
        assert done(output) > kept
        kept = done(output)
        resume = ["--resume"]
    stamps = {file: file.stat().st_mtime_ns for file in work_of(output).glob("*.part")}
    ended = subprocess.run(command(parcels, output, "--resume"), capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert f"{6 * len(stamps)} of them were done before".encode() in ended.stderr  # nothing is judged twice
    assert output.read_bytes() == whole
    assert not work_of(output).exists()


def test_ctrl_c_ends_at_once_and_keeps_what_is_done(tmp_path: Path, parcels: Path, whole: bytes) -> None:
    output = tmp_path / "out.csv"
    process = subprocess.Popen(command(parcels, output, "--workers", "2"), stderr=subprocess.PIPE)
    wait_for(process, output, 2)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130, told
    assert time.monotonic() - begun < 5
    assert b"Traceback" not in told
    assert done(output) >= 2 and not output.exists()
    batch(parcels, output, block_rows=6, resume=True)
    assert output.read_bytes() == whole


def test_workers_end_with_their_parent(tmp_path: Path, parcels: Path) -> None:
    output = tmp_path / "out.csv"
    process = subprocess.Popen(
        command(parcels, output, "--workers", "2"), stderr=subprocess.DEVNULL, start_new_session=True
    )
    wait_for(process, output, 1)
    process.kill()
    process.wait()
    until = time.monotonic() + 10
    while alive_in_session(process.pid):
        assert time.monotonic() < until, "a worker outlives its parent"
        time.sleep(0.05)


def alive_in_session(session: int) -> bool:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, _, *_ = fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and state != "Z":
            return True
    return False


def interrupted(
    parcels: Path, output: Path, monkeypatch: pytest.MonkeyPatch, after: int = 3, **options: Any
) -> None:
    """Leave a run behind that ended after some blocks."""
    real, left = journal.Part.write, [after]

    def write(*arguments: Any) -> dict[str, Any]:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(journal.Part, "write", write)
        with pytest.raises(KeyboardInterrupt):
            batch(parcels, output, block_rows=6, **options)


def test_without_resume_an_unfinished_run_is_refused(
    tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(parcels, tmp_path / "o.csv", monkeypatch)
    with pytest.raises(UsageError, match="unfinished") as caught:
        batch(parcels, tmp_path / "o.csv")
    assert "--resume" in str(caught.value)
    assert done(tmp_path / "o.csv") == 3


def test_a_link_that_leads_in_a_circle_is_named(tmp_path: Path) -> None:
    circle = tmp_path / "circle.geojson"
    circle.symlink_to(circle)
    with pytest.raises(InputError, match="the link leads to no file"):
        batch(circle, tmp_path / "o.csv")
    assert list(tmp_path.iterdir()) == [circle]


def test_nothing_to_resume(tmp_path: Path, parcels: Path) -> None:
    with pytest.raises(UsageError, match="no unfinished run"):
        batch(parcels, tmp_path / "o.csv", resume=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"strict_accuracy": True}, "--strict-accuracy"),
        ({"options": {"kbli": "47111"}}, "--kbli"),
        ({"lang": "id"}, "--lang"),
        ({"plans": PLANS}, "the plans"),
        ({"message": "none"}, "--message"),
    ],
)
def test_a_changed_call_is_not_resumed(
    tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], named: str
) -> None:
    output = tmp_path / "o.csv"
    interrupted(parcels, output, monkeypatch)
    with pytest.raises(UsageError, match="changed") as caught:
        batch(parcels, output, resume=True, **options)
    assert named in str(caught.value)
    assert done(output) == 3


def test_a_changed_input_is_not_resumed(
    tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "p.geojson"
    shutil.copy(parcels, mine)
    interrupted(mine, tmp_path / "o.csv", monkeypatch)
    mine.write_text(mine.read_text().replace("47111", "47112", 1))
    with pytest.raises(UsageError, match="the parcels"):
        batch(mine, tmp_path / "o.csv", resume=True)


def test_a_changed_plan_is_not_resumed(
    tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = shutil.copytree(PLANS[0], tmp_path / "plan")
    interrupted(parcels, tmp_path / "o.csv", monkeypatch, plans=(str(plan),))
    table = plan / "intensity.csv"
    table.write_bytes(table.read_bytes().replace(b"60", b"61", 1))
    with pytest.raises(UsageError, match="the plans"):
        batch(parcels, tmp_path / "o.csv", resume=True, plans=(str(plan),))


@pytest.mark.parametrize("which", ["parcels", "plan"])
@pytest.mark.parametrize("workers", [1, 2])
def test_what_came_of_an_input_that_changed_meanwhile_is_not_kept(
    tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch, which: str, workers: int
) -> None:
    """Which of its rows came from which state nobody knows; the same call begins anew."""
    mine, plan = tmp_path / "p.geojson", Path(shutil.copytree(PLANS[0], tmp_path / "plan"))
    shutil.copy(parcels, mine)
    done_before = running.Part.of

    def of(folder: Path, number: int) -> journal.Part:
        if number == 4 and which == "parcels":
            mine.write_text(mine.read_text().replace("47111", "47112"))
        return done_before(folder, number)

    options: dict[str, Any] = {"block_rows": 6, "plans": (str(plan),), "workers": workers}
    with monkeypatch.context() as patch:
        patch.setattr(running.Part, "of", of)
        if which == "plan":
            opened = running.PlanStore.open

            def then_changed(*arguments: Any) -> Any:
                store = opened(*arguments)
                table = plan / "intensity.csv"
                table.write_bytes(table.read_bytes().replace(b"60", b"61", 1))
                patch.setattr(running.PlanStore, "open", opened)
                return store

            patch.setattr(running.PlanStore, "open", then_changed)
        with pytest.raises(InputError, match="changed while"):
            batch(mine, tmp_path / "o.csv", **options)
    assert not work_of(tmp_path / "o.csv").exists()
    batch(mine, tmp_path / "o.csv", **options)


def test_a_damaged_part_is_made_again(
    tmp_path: Path, parcels: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "o.csv"
    interrupted(parcels, output, monkeypatch)
    part = work_of(output) / "00000001.part"
    part.write_bytes(
        part.read_bytes()[:-40] + bytes(40)
    )  # power loss: the name is there, the end of the data is not
    batch(parcels, output, block_rows=6, resume=True)
    assert output.read_bytes() == whole


def test_resume_keeps_the_day_and_the_blocks_it_began_with(
    tmp_path: Path, parcels: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "o.csv"
    interrupted(parcels, output, monkeypatch)
    result = batch(parcels, output, as_of=None, block_rows=50, workers=2, resume=True)
    assert (str(result.as_of), result.resumed_rows) == ("2025-01-01", 18)
    assert output.read_bytes() == whole


def test_two_runs_on_one_output_refuse_each_other(tmp_path: Path, parcels: Path) -> None:
    output = tmp_path / "o.csv"
    held = WorkFolder(str(output), resume=False)
    for resume in ("", "--resume"):
        second = subprocess.run(
            command(parcels, output, *filter(None, [resume])), capture_output=True, check=False
        )
        assert second.returncode == 2
        assert str(os.getpid()).encode() in second.stderr or resume
    held.release()
    batch(parcels, output)
    assert output.exists() and not work_of(output).exists()


@pytest.mark.parametrize("suffix", ["csv", "parquet", "gpkg", "fgb", "jsonl"])
def test_an_existing_output_survives_a_full_disk(
    tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    output = tmp_path / f"o.{suffix}"
    output.write_text("what was here before")
    monkeypatch.setattr(
        writing, "count_rows", lambda suffix, target: 59
    )  # the last flush did not reach the disk
    with pytest.raises(KkprError, match="59 can be read"):
        batch(parcels, output, overwrite=True, block_rows=20)
    assert output.read_text() == "what was here before"
    monkeypatch.undo()
    batch(parcels, output, overwrite=True, resume=True)
    assert output.stat().st_size > 1000
    assert sorted(file.name for file in tmp_path.iterdir()) == [output.name]


def test_a_full_disk_while_parts_are_written(
    tmp_path: Path, parcels: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "o.csv"
    real, left = os.replace, [4]

    def replace(source: str, target: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device", str(target))
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "replace", replace)
        with pytest.raises(OSError, match="No space left"):
            batch(parcels, output, block_rows=6)
    assert not output.exists() and done(output) == 3
    assert not list(work_of(output).glob("*.tmp"))
    batch(parcels, output, block_rows=6, resume=True)
    assert output.read_bytes() == whole


def test_an_existing_output_is_refused(tmp_path: Path, parcels: Path) -> None:
    output = tmp_path / "o.csv"
    output.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        batch(parcels, output)
    assert [file.name for file in tmp_path.iterdir()] == ["o.csv"] and output.read_text() == "mine"


def test_a_journal_that_cannot_be_read_is_no_licence_to_start_over(
    tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "o.csv"
    interrupted(parcels, output, monkeypatch)
    (work_of(output) / "journal.json").write_text(json.dumps({"schema": "else"}))
    with pytest.raises(UsageError, match="journal"):
        batch(parcels, output, resume=True)
    assert done(output) == 3


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("block_rows", None),
        ("block_rows", "x"),
        ("block_rows", 0),
        ("options", {"as_of": "2025-13-01"}),
        ("options", {}),
    ],
)
def test_a_damaged_journal_is_told(
    tmp_path: Path, parcels: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: Any
) -> None:
    output = tmp_path / "o.csv"
    interrupted(parcels, output, monkeypatch)
    file = work_of(output) / "journal.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    with pytest.raises(UsageError, match="journal"):
        batch(parcels, output, resume=True)
    assert done(output) == 3


def test_a_folder_nobody_can_write_to_is_refused_before_the_work(tmp_path: Path, parcels: Path) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("no /proc here")
    with pytest.raises(UsageError, match="can not be written to"):
        batch(parcels, tmp_path / "o.csv", findings="/proc/f.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 700 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can not be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "gpkg", "fgb", "html"])
def test_a_small_disk(tmp_path: Path, small_disk: Path, parcels: Path, suffix: str) -> None:
    """However little room there is: no output, or the whole output; and with room again the run goes on."""
    batch(parcels, tmp_path / f"whole.{suffix}", block_rows=20)
    whole = (tmp_path / f"whole.{suffix}").read_bytes()
    output, fill = small_disk / f"o.{suffix}", small_disk / "fill"
    for room in range(4, 640, 90):
        fill.write_bytes(bytes(max(690 - room, 1) * 1000))
        try:
            batch(parcels, output, block_rows=20, resume=work_of(output).exists())
        except (KkprError, OSError):
            assert not output.exists()
        fill.unlink()
        if output.exists():
            assert output.read_bytes() == whole
            output.unlink()
    batch(parcels, output, block_rows=20, resume=work_of(output).exists())
    assert output.read_bytes() == whole
    assert [file.name for file in small_disk.iterdir()] == [output.name]
