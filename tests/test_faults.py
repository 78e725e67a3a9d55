"""Every fault of the museum: the exit code as promised, one clear message, nothing written, nothing touched."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from cli_harness import Run
from faults import FAULTS, Fault

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import make_museum

PAGE = make_museum.same(make_museum.PAGE.read_text("utf-8"))


def hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, and what its links point at."""
    return {
        str(p): str(p.readlink()) if p.is_symlink() else hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_symlink() or p.is_file()
    }


def test_the_museum_has_at_least_a_hundred_faults_of_different_names() -> None:
    assert len(FAULTS) >= 100
    assert len({(f.kind, f.name) for f in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{f.kind}-{f.name}" for f in FAULTS])
def test_a_fault_is_met_as_promised(fault: Fault, run: Run, tmp_path: Path) -> None:
    broken = fault.build(tmp_path)
    before = hashes(tmp_path)
    output = tmp_path.parent / f"{tmp_path.name}.out.json"
    code, out, err = run(*make_museum.arguments(fault, broken), "--output", str(output))
    assert code == fault.code, (out, err)
    assert "Traceback" not in out + err
    if code == 2:
        assert len(err) < 4_000
        if output.exists():  # the file was read, one of its parcels was not: every other one is still told of
            assert '"LOK000"' in output.read_text()
        else:
            assert err.startswith("kkpr-check: error: ")
            assert broken.name in err or fault.kind == "plan", err
    elif code == 1:
        assert '"verdict": "undetermined"' in output.read_text()
    assert fault.says.casefold() in (err + (output.read_text() if output.exists() else "")).casefold(), err
    assert not list(tmp_path.parent.glob(".*.tmp"))
    left = hashes(tmp_path)
    assert {p: h for p, h in left.items() if "/.kkpr/" not in p} == before
    told = make_museum.own(
        code, make_museum.said(fault, tmp_path, err, output.read_text() if output.exists() else "")
    )
    assert f"| {make_museum.same(told)}" in PAGE, f"run: python scripts/make_museum.py ({told})"


def test_the_page_of_the_museum_holds_every_fault_and_no_other() -> None:
    stored = make_museum.json.loads(make_museum.MEASURED.read_text("utf-8"))["faults"]
    names = {make_museum.key(f) for f in FAULTS}
    assert set(stored) <= names
    rows = [line for line in make_museum.PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert sum(line.split(" | ")[1] in ("0", "1", "2") and line.count(" | ") >= 7 for line in rows) == len(
        FAULTS
    )
    assert "\n".join(make_museum.headline(stored)) in make_museum.PAGE.read_text("utf-8")
    for title in make_museum.SOUND:
        assert any(name.partition(": ")[2] == title for name in names), title
