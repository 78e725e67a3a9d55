"""`diff --parcels` judges in several processes: the answer is the same for any number, and it says how far it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_harness import SAMPLE

from kkpr_check import flipping
from kkpr_check.cli import main as cli_main
from kkpr_check.cli import progress


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The sample plan, stricter in one cell."""
    copy = Path(shutil.copytree(SAMPLE, tmp_path / "baru"))
    table = copy / "itbx.csv"
    rows = table.read_text("utf-8")
    stricter = rows.replace("rumah-tunggal,X,X,X,X,X,X,X,X,X,X,X,X,T3,I", "rumah-tunggal" + ",X" * 14)
    assert stricter != rows
    table.write_text(stricter, "utf-8")
    return copy


@pytest.fixture
def parcels(tmp_path: Path) -> Path:
    """Forty parcels of the sample."""
    import geopandas

    found = geopandas.read_file(SAMPLE / "layers" / "persil_sintetis.fgb").iloc[::50][:40]
    found.to_file(tmp_path / "persil.geojson")
    return tmp_path / "persil.geojson"


def test_the_answer_is_the_same_for_any_number_of_workers(
    newer: Path,
    parcels: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(flipping, "BLOCK_ROWS", 7)
    monkeypatch.setattr(progress, "EVERY_S", (0.0, 0.0))
    answers = []
    for number in (1, 3):
        out = tmp_path / f"{number}.json"
        call = ["diff", str(SAMPLE), str(newer), "--parcels", str(parcels), "--activity", "rumah-tunggal"]
        assert cli_main([*call, "--workers", str(number), "--output", str(out), "--lang", "en"]) == 0
        answers.append(out.read_bytes())
        told = capsys.readouterr().err
        assert "parcels judged by both versions" in told and "causes of" in told
    assert cli_main([*call, "--output", str(out), "--overwrite", "--quiet"]) == 0
    assert "judged by both" not in capsys.readouterr().err
    assert answers[0] == answers[1] == out.read_bytes()
    assert b'"direction": "worse"' in answers[0]


def test_workers_are_for_parcels_and_at_least_one(
    newer: Path, parcels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli_main(["diff", str(SAMPLE), str(newer), "--workers", "2"]) == 2
    assert "--parcels" in capsys.readouterr().err
    assert cli_main(["diff", str(SAMPLE), str(newer), "--parcels", str(parcels), "--workers", "0"]) == 2
