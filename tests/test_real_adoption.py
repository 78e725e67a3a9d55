"""The worked adoption of docs/adopt.md, run as it stands there with the real layers of Jagoi Babang."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from real_plans import JAGOI, JAGOI_PARCELS, REAL, features, needs_real

pytestmark = needs_real

Run = Callable[..., tuple[int, str, str]]
DOC = Path(__file__).parents[1] / "docs" / "adopt.md"
FILES = {
    "polaruang.geojson": JAGOI,
    "jalan.geojson": "pendukung/jagoi_babang_jalan.geojson",
    "lp2b.geojson": "pendukung/jagoi_babang_lp2b.geojson",
    "kawasan_hutan.geojson": "pendukung/jagoi_babang_kawasan_hutan.geojson",
    "lampiran_itbx.csv": "aturan/itbx_kbli_saumlaki_larat.csv",  # another plan's annex: only its form matters here
}


def blocks() -> list[tuple[str, str]]:
    """Return (language, text) of the code blocks of the worked adoption."""
    text = DOC.read_text(encoding="utf-8")
    part = text[text.index("## A worked adoption") : text.index("### Other layers")]
    return re.findall(r"```(\w*)\n(.*?)```", part, flags=re.DOTALL)


def answer(plan: Path, lines: str) -> None:
    """Write an answer into plan.toml: keys replace the marked ones, tables go to the end."""
    text = plan.read_text(encoding="utf-8")
    if lines.startswith("[["):
        plan.write_text(f"{text}\n{lines}", encoding="utf-8")
        return
    for line in lines.splitlines():
        key = line.split(" = ")[0]
        text, n = re.subn(rf"^(# )?{key} = .*$", line, text, count=1, flags=re.MULTILINE)
        assert n == 1, key
    plan.write_text(text, encoding="utf-8")


def test_commands_of_the_worked_adoption(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, source in FILES.items():
        shutil.copyfile(REAL / source, tmp_path / name)
    parcel = {"type": "FeatureCollection", "features": [features(JAGOI_PARCELS)[700]]}
    (tmp_path / "persil.geojson").write_text(json.dumps(parcel), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    said: dict[str, tuple[int, str]] = {}
    for language, text in blocks():
        if language == "toml":
            answer(tmp_path / "jagoi" / "plan.toml", text)
            continue
        for line in text.splitlines():
            code, out, err = run(*shlex.split(line)[1:])
            assert code in (0, 1), (line, err)
            said[line] = code, out + err
    codes = [code for code, _ in said.values()]
    assert codes == [0, 0, 0, 1, 0, 0, 1]
    (init, show, _, check, imported, _, _) = (text for _, text in said.values())
    assert "subzone = KODSBL" in init and "SPU-4" in init and "1 invalid polygons were repaired" in init
    assert "STILL OPEN" in show
    assert "P-3" in check and "100.00%" in check
    assert "1034 activities" in imported
    report = json.loads((tmp_path / "hasil.json").read_text(encoding="utf-8"))
    assert report["provenance"]["plans"][0]["lock"] == "locked"
    assert report["verdict"] == "undetermined"
    assert {f["outcome"] for f in report["findings"] if f["rule"] == "KHS012"} <= {"pass"}


def test_marks_are_no_longer_counted_once_settled(run: Run, tmp_path: Path) -> None:
    layers = [str(REAL / source) for name, source in FILES.items() if name.endswith(".geojson")]
    folder = tmp_path / "jagoi"
    assert run("plan", "init", *layers, "--output", str(folder), "--yes")[0] == 0
    plan = folder / "plan.toml"
    plan.write_text(
        re.sub(r"\s*# TODO:.*$", "", plan.read_text(encoding="utf-8"), flags=re.MULTILINE), encoding="utf-8"
    )
    assert "STILL OPEN" not in run("plan", "show", str(folder))[1]
