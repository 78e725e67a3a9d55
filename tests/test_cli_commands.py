from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_harness import SAMPLE, Run, process
from report_values import conforming

from kkpr_check import checking
from kkpr_check.checking import CheckRequest
from kkpr_check.model import Report, Verdict
from kkpr_check.quality.findings import CODES as DATA_CODES


@pytest.mark.parametrize(("third", "code"), [("nonconform", 0), ("undetermined", 1), ("conform", 1)])
def test_demo_compares_with_what_the_examples_say(
    run: Run, monkeypatch: pytest.MonkeyPatch, third: str, code: int
) -> None:
    verdicts = iter(["conform", "conditional", third])
    requests: list[CheckRequest] = []

    def fake(request: CheckRequest) -> tuple[Report, ...]:
        requests.append(request)
        return (dataclasses.replace(conforming(), verdict=Verdict(next(verdicts))),)

    monkeypatch.setattr(checking, "run", fake, raising=False)
    got, out, err = run("demo", "--format", "jsonl")
    assert got == code and len(out.splitlines()) == 3
    assert ("NOT as expected" in err) == (code == 1)
    assert [Path(request.site or "").name[:2] for request in requests] == ["01", "02", "04"]
    assert all(Path(plan, "plan.toml").is_file() for request in requests for plan in request.plans)


def test_demo_without_its_sample_is_exit_2(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("kkpr_check.cli.demo._HOMES", (tmp_path,))
    code, _, err = run("demo")
    assert code == 2 and "not installed" in err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "plan"))


def test_plan_lock_writes_the_lock_once(run: Run, folder: Path) -> None:
    code, out, _ = run("plan", "lock", str(folder))
    assert code == 0 and out.strip() == str(folder / "plan.lock") and (folder / "plan.lock").is_file()
    assert run("plan", "lock", str(folder))[0] == 2
    assert run("plan", "lock", str(folder), "--overwrite")[0] == 0
    assert run("plan", "lock", str(folder / "none"))[0] == 2


def test_plan_show_says_what_the_plan_is(run: Run, folder: Path) -> None:
    code, out, _ = run("plan", "show", str(folder), "--lang", "id")
    assert code == 0 and "rdtr-kefamenanu-sintetis" in out and "Temuan pembuktian tabel" in out
    (folder / "plan.toml").write_text("id = 1", "utf-8")
    assert run("plan", "show", str(folder))[0] == 2


def test_plan_tables_go_out_to_a_workbook_and_come_back(run: Run, folder: Path) -> None:
    before = (folder / "itbx.csv").read_text("utf-8").split()
    book = str(folder / "itbx.xlsx")
    assert run("plan", "export-itbx", str(folder), book)[0] == 0
    assert run("plan", "export-itbx", str(folder), book)[0] == 2
    assert run("plan", "import-itbx", book, str(folder))[0] == 2
    code, out, _ = run("plan", "import-itbx", book, str(folder), "--overwrite", "--format", "json")
    assert code == 0 and json.loads(out)
    assert sorted((folder / "itbx.csv").read_text("utf-8").split()) == sorted(before)
    assert run("plan", "import-itbx", str(folder / "none.xlsx"), str(folder))[0] == 2


def test_plan_import_intensity_takes_its_choices(run: Run, folder: Path) -> None:
    annex = folder / "annex.csv"
    annex.write_text("Subzona,KDB (%),KLB,KDH (%)\nR-2,60,1.2,20\n", "utf-8")
    assert run("plan", "import-intensity", str(annex), str(folder), "--zero", "nothing")[0] == 2
    code, _, err = run(
        "plan", "import-intensity", str(annex), str(folder), "--overwrite", "--legal", "Perbup 1/2024"
    )
    assert code == 0, err
    assert "Perbup 1/2024" in (folder / "intensity.csv").read_text("utf-8")


def test_plan_init_adopts_a_layer_without_asking(run: Run, tmp_path: Path) -> None:
    layer = str(SAMPLE / "layers" / "polaruang_sintetis.shp")
    target = tmp_path / "new"
    assert run("plan", "init", layer)[0] == 2
    code, out, _ = run("plan", "init", layer, "--output", str(target), "--yes", "--lang", "id")
    assert code == 0 and (target / "plan.toml").is_file() and "Yang masih harus dikerjakan" in out
    assert run("plan", "init", layer, "--output", str(target), "--yes")[0] == 2
    missing = run("plan", "init", str(tmp_path / "none.shp"), "--output", str(tmp_path / "other"), "--yes")
    assert missing[0] == 2 and not (tmp_path / "other").exists()


def test_rules_list_names_every_rule_once(run: Run) -> None:
    code, out, _ = run("rules", "list")
    codes = [line.split()[0] for line in out.splitlines()]
    assert code == 0 and len(codes) == len(set(codes))
    assert sum(not name.startswith("DAT") for name in codes) == 39
    assert [name for name in codes if name.startswith("DAT")] == sorted(DATA_CODES)
    assert codes[0] == "LOK000" and {"INT001", "KHS013", "RTR002"} <= set(codes)
    listed = json.loads(run("rules", "list", "--format", "json")[1])
    assert [item["code"] for item in listed] == codes
    assert len(run("rules", "list", "--format", "jsonl")[1].splitlines()) == len(codes)


def test_rules_explain_takes_a_code_or_a_name_in_any_case(run: Run) -> None:
    code, out, _ = run("rules", "explain", "int001")
    assert code == 0 and out.startswith("INT001 kdb-exceeded")
    assert run("rules", "explain", "kdb-exceeded")[1] == out
    for label in ("Formula:", "Law:", "Passes:", "Fails:"):
        assert label in out
    assert "{" not in out
    assert "Dasar hukum:" in run("rules", "explain", "INT001", "--lang", "id")[1]
    assert json.loads(run("rules", "explain", "INT001", "--format", "json")[1])["judges"] == "building"


def test_doctor_finds_this_environment_well(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROJ_LIB", raising=False)
    code, out, _ = run("doctor")
    assert code == 0 and "GEOS" in out and "BROKEN" not in out
    rows = {item["what"]: item for item in json.loads(run("doctor", "--format", "json")[1])["checks"]}
    assert rows["CRS"]["level"] == "ok" and rows["shapely"]["level"] == "ok"


def test_doctor_names_the_variables_of_other_programs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDAL_DATA", "/opt/qgis/share/gdal")
    rows = {item["what"]: item for item in json.loads(run("doctor", "--format", "json")[1])["checks"]}
    assert rows["GDAL_DATA"]["level"] == "note" and "gdalvrt.xsd" in rows["GDAL_DATA"]["advice"]


def doctor_in(**environment: str) -> tuple[int, dict[str, Any]]:
    """Run the doctor in an environment of its own: exit code, and what it says by name."""
    done = process("doctor", "--format", "json", "--lang", "en", **environment)
    assert b"Traceback" not in done.stderr
    return done.returncode, {row["what"]: row for row in json.loads(done.stdout)["checks"]}


def test_doctor_sees_data_folders_that_hold_none(tmp_path: Path) -> None:
    (tmp_path / "proj.db").write_text("rubbish")
    code, rows = doctor_in(PROJ_LIB=str(tmp_path), PROJ_DATA="/nonexistent", GDAL_DATA="/nonexistent")
    assert [rows[name]["level"] for name in ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA")] == ["note"] * 3
    assert "another program" in rows["PROJ_LIB"]["advice"] and "no proj.db" in rows["PROJ_DATA"]["advice"]
    assert (code, rows["CRS"]["level"]) in ((0, "ok"), (2, "broken"))


def test_doctor_says_that_the_network_stays_off() -> None:
    code, rows = doctor_in(PROJ_NETWORK="ON")
    assert (code, rows["PROJ network"]["level"]) == (0, "ok")
    assert (
        "PROJ_NETWORK=ON" in rows["PROJ network"]["value"]
        and "never fetches" in rows["PROJ network"]["advice"]
    )


def test_doctor_names_the_formats_that_gdal_was_told_to_skip() -> None:
    code, rows = doctor_in(OGR_SKIP="GPKG,DXF")
    assert (code, rows["drivers"]["level"], rows["drivers"]["value"]) == (2, "broken", "- GPKG, DXF")
    assert rows["OGR_SKIP"]["value"] == "GPKG,DXF"


def test_doctor_in_a_plain_locale_writes_ascii() -> None:
    done = process("doctor", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0 and done.stdout.isascii()
    assert b"PYTHONUTF8=1" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="POSIX paths")
def test_doctor_tells_where_copies_go(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    kept = doctor_in(KKPR_CACHE=str(tmp_path / "copies"))[1]["cache"]
    assert (kept["level"], kept["value"]) == ("ok", str(tmp_path / "copies"))
    code, rows = doctor_in(KKPR_CACHE=str(blocked / "x"))
    assert (code, rows["cache"]["level"]) == (0, "note") and "can not be written" in rows["cache"]["advice"]


def test_doctor_tells_a_library_that_is_too_old(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    true = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: {"shapely": "1.8.5", "fpdf2": "2.1"}.get(name) or true(name)
    )
    monkeypatch.setattr(metadata, "requires", lambda name: ["shapely>=2.1.1", "fpdf2>=2.8.5; extra == 'pdf'"])
    code, out, _ = run("doctor", "--format", "json")
    rows = {row["what"]: row for row in json.loads(out)["checks"]}
    assert code == 2
    assert rows["shapely"]["level"] == "broken" and "older than 2.1.1" in rows["shapely"]["advice"]
    assert rows["fpdf2"]["level"] == "note" and rows["numpy"]["level"] == "ok"
    assert "lebih lama dari 2.1.1" in run("doctor", "--lang", "id")[1]
