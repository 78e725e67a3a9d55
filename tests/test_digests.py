"""Hashes that are begun ahead are of the file as it is when they are asked for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from kkpr_check.io import digests


def folder(tmp_path: Path, **files: bytes) -> Path:
    (tmp_path / ".kkpr").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "plan.lock").write_text(json.dumps({"files": dict.fromkeys(files, "?")}))
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_begun", {})


@pytest.mark.parametrize("size", [0, 1, digests.LARGE, digests.CHUNK, digests.CHUNK + 1, 3 * digests.CHUNK])
def test_the_hash_is_that_of_the_whole_file(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    home = folder(tmp_path, layer=content)
    digests.begin([home])
    expected = hashlib.sha256(content).hexdigest()
    assert digests.file_sha256(home / "layer") == expected
    assert digests.file_sha256(home / "layer") == expected


def test_a_file_that_changed_since_is_hashed_again(tmp_path: Path) -> None:
    home = folder(tmp_path, layer=b"a" * digests.LARGE)
    digests.begin([home])
    next(iter(digests._begun.values())).result()
    (home / "layer").write_bytes(b"b" * digests.LARGE)
    assert digests.file_sha256(home / "layer") == hashlib.sha256(b"b" * digests.LARGE).hexdigest()


def test_a_hash_begun_ahead_is_used_once(tmp_path: Path) -> None:
    home = folder(tmp_path, layer=b"a" * digests.LARGE)
    digests.begin([home])
    digests.file_sha256(home / "layer")
    assert not digests._begun


def test_a_file_that_is_gone_is_reported_to_who_asks(tmp_path: Path) -> None:
    home = folder(tmp_path, layer=b"a" * digests.LARGE)
    digests.begin([home])
    (home / "layer").unlink()
    with pytest.raises(FileNotFoundError):
        digests.file_sha256(home / "layer")


@pytest.mark.parametrize("lock", [None, "", "[]", '{"files": 3}', '{"files": {"gone": "?"}}'])
def test_without_a_lock_that_names_files_nothing_begins(tmp_path: Path, lock: str | None) -> None:
    home = folder(tmp_path, layer=b"a" * digests.LARGE)
    (home / "plan.lock").unlink()
    if lock is not None:
        (home / "plan.lock").write_text(lock)
    digests.begin([home, home / "no such folder"])
    assert not digests._begun


def test_only_large_files_and_copies_of_the_lock_are_begun(tmp_path: Path) -> None:
    home = folder(tmp_path, layer=b"a" * digests.LARGE, small=b"a")
    (home / "something else").write_bytes(b"a" * digests.LARGE)
    (home / ".kkpr" / "copy.kkpr").write_bytes(b"a" * digests.LARGE)
    digests.begin([home])
    assert {path.name for path in digests._begun} == {"layer", "copy.kkpr"}
