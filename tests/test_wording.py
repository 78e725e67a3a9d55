"""What reports say to people: numbers in one way, no word twice, and nothing that is not so."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import EXAMPLES, JUDGE, SAMPLE, Run

from kkpr_check.errors import Text
from kkpr_check.inputs import Inputs
from kkpr_check.model import Outcome
from kkpr_check.phrases import Aside, Quantity, fill
from kkpr_check.recount import Verified
from kkpr_check.report.verification import dumps
from kkpr_check.rules import RULES
from kkpr_check.rules.base import Rule

OVERLAYS = [rule for rule in RULES if rule.block == "overlay"]
AREA = Quantity(765.56, "m2")


def sentences(rule: Rule) -> Iterator[str]:
    texts = [*rule.say.values(), rule.title, rule.remedy, rule.passes, rule.fails, rule.advice]
    return (said for text in texts for said in text)


@pytest.mark.parametrize(
    ("value", "unit", "en", "indonesian"),
    [
        (0.9506, "ratio", "95.06%", "95,06%"), (0.55, "ratio", "55%", "55%"), (0.0, "ratio", "0%", "0%"),
        (-0.0, "m", "0 m", "0 m"), (-0.004, "m", "-0.004 m", "-0,004 m"), (0.4, "m", "0.4 m", "0,4 m"),
        (1234.5, "m2", "1,234.5 m²", "1.234,5 m²"), (1.1, "factor", "1.1", "1,1"),
        (1.0, "floors", "1 floor", "1 lantai"), (2.0, "floors", "2 floors", "2 lantai"), (2.5, "floors", "2.5 floors", "2,5 lantai"),
    ],
)  # fmt: skip
def test_a_number_in_a_sentence(value: float, unit: str, en: str, indonesian: str) -> None:
    assert Quantity(value, unit).text() == Text(en, indonesian)


@pytest.mark.parametrize("rule", OVERLAYS, ids=lambda rule: rule.code)
def test_the_name_of_an_overlay_doubles_no_word(rule: Rule) -> None:
    """A layer or value called as the rule is not said again; another name stands in brackets."""
    for name in (*rule.title, rule.name.replace("-", "_"), "Zona 7/B (2019)"):
        values = {"named": Aside(name, rule.title), "area": AREA, "detail": Text("2 m away.", "2 m.")}
        for said in fill(rule.say[Outcome.FAIL], values):
            assert not re.search(r"\b(\w+) \1\b", said, re.IGNORECASE), said
            assert "{" not in said and " :" not in said and "  " not in said
    assert "(Zona 7/B (2019))" in fill(rule.say[Outcome.FAIL], values).en


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_sentences_of_a_rule_are_whole(rule: Rule) -> None:
    for said in sentences(rule):
        assert not re.search(r"\d %|\(s\)|\.\.|…", said), said
    assert "{" not in rule.advice.en + rule.advice.id


def test_missing_inputs_are_said_in_words() -> None:
    assert Inputs(("parcel area",)).text() == Text("parcel area", "luas persil")
    said = Inputs(("height_m", "itbx.csv:toko:R-2", "sungai:levee", "<b>")).text()
    assert said.en == "height (height_m); table itbx.csv, toko, R-2; levee of layer sungai; <b>"
    assert said.id == "tinggi bangunan (height_m); tabel itbx.csv, toko, R-2; levee pada layer sungai; <b>"


@pytest.mark.parametrize("change", ['status = "draft"', "valid_from = 2090-01-01"])
def test_a_plan_that_is_not_in_force_is_said_to_be_there(run: Run, tmp_path: Path, change: str) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(SAMPLE, plan)
    text = (plan / "plan.toml").read_text("utf-8")
    changed = re.sub(rf"(?m)^{change.split()[0]} = .*$", change, text)
    assert changed != text
    (plan / "plan.toml").write_text(changed, "utf-8")
    site = str(EXAMPLES / "01-conform.geojson")
    _, out, _ = run("check", site, "--plan", str(plan), *JUDGE[2:], "--format", "json")
    report = json.loads(out)
    assert report["pathway"] == "PKKPR"
    assert "drawn for this place is not in force" in report["pathway_reason"]
    _, out, _ = run("check", site, *JUDGE[2:], "--format", "json")
    assert "No RDTR covers the site" in json.loads(out)["pathway_reason"]


def test_rules_that_lack_the_same_are_told_together(run: Run) -> None:
    _, out, _ = run("check", str(EXAMPLES / "05-undetermined.geojson"), *JUDGE)
    assert "  KGT001, KGT002, KGT003\n    Can not be judged without: table kbli.csv, 77292.\n" in out
    assert "kbli.csv:77292" not in out


def test_an_unread_site_was_not_judged(run: Run, tmp_path: Path) -> None:
    bow = [
        [124.4758, -9.4441],
        [124.4762, -9.4445],
        [124.4762, -9.4441],
        [124.4758, -9.4445],
        [124.4758, -9.4441],
    ]
    feature = {"type": "Feature", "properties": {"id": "bow", "role": "parcel"},
               "geometry": {"type": "Polygon", "coordinates": [bow]}}  # fmt: skip
    path = tmp_path / "bow.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    _, out, _ = run("check", "--parcel", str(path), *JUDGE)
    assert "Not judged: 38 rules" in out and "Not applicable" not in out and "Passed" not in out
    assert "    The outline crosses itself" in out and "by 100%" in out


def test_a_refused_batch_gives_no_second_advice(run: Run, tmp_path: Path) -> None:
    """Another run left its work behind: the refusal says what to do, and nothing else does."""
    work = tmp_path / "out.csv.kkpr-work"
    work.mkdir()
    (work / "journal.json").write_text("{}", "utf-8")
    code, _, err = run(
        "batch", str(SAMPLE.with_name("parcels.gpkg")), *JUDGE, "--output", str(tmp_path / "out.csv")
    )
    assert code == 2 and "an unfinished run of this output is there" in err
    assert err.count("--resume") == 1 and "what is done is kept" not in err


def test_outside_every_plan_nothing_is_said_to_be_absent(run: Run) -> None:
    _, out, _ = run("info", "--point=-10.17,123.6", *JUDGE)
    assert "not known outside the plans" in out and "none here" not in out


def test_a_plan_that_was_not_judged_is_not_among_those_used(run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(SAMPLE, plan)
    text = (plan / "plan.toml").read_text("utf-8").replace('status = "in-force"', 'status = "draft"')
    (plan / "plan.toml").write_text(text, "utf-8")
    for lang, used, left, together in (
        ("en", "Plans used", "Plans not judged", "all plans together"),
        ("id", "Rencana yang dipakai", "Rencana yang tidak dinilai", "semua rencana bersama-sama"),
    ):
        _, out, _ = run("--lang", lang, "check", str(EXAMPLES / "08-land.geojson"), "--plan", str(plan))
        assert used not in out and f"{left}\n  - rdtr-kefamenanu-sintetis: " in out
        assert f"m², {together}\n" in out and "*" not in out


def test_a_verified_report_is_told_with_its_verdict_in_words() -> None:
    result = Verified("lot", "partial", 1200, (), None)
    assert dumps([result], "en").startswith("lot: verified, Conforms in part (1,200 values made again, ")
    assert dumps([result], "id").startswith("lot: terverifikasi, Sesuai sebagian (1.200 nilai dibuat ulang, ")
