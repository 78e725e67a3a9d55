from __future__ import annotations

import json

import pytest
from cli_harness import EXAMPLES, JUDGE, SAMPLE, Run, process
from test_report_json import VALIDATOR


@pytest.mark.parametrize(
    ("name", "verdict", "code"),
    [("01-conform", "conform", 0), ("02-conditional", "conditional", 0), ("03-partial", "partial", 1),
     ("04-nonconform", "nonconform", 1), ("05-undetermined", "undetermined", 1), ("08-land", "conditional", 0)],
)  # fmt: skip
def test_the_examples_end_with_their_verdict(run: Run, name: str, verdict: str, code: int) -> None:
    got, out, err = run("check", str(EXAMPLES / f"{name}.geojson"), *JUDGE, "--format", "json")
    document = json.loads(out)
    assert (got, document["verdict"], err) == (code, verdict, "")
    VALIDATOR.validate(document)
    for ledger in document["ledger"] + document["combined"]:
        total = sum(zone["area_m2"] for zone in ledger["zones"]) + ledger["dropped_m2"] + ledger["gap_m2"]
        assert total - ledger["overlap_m2"] == pytest.approx(ledger["area_m2"], rel=1e-6)
    west, south, east, north = 124.3, -9.6, 124.7, -9.3
    longitude, latitude = document["subject"]["location"]
    assert west < longitude < east and south < latitude < north


def test_several_sites_are_an_array_and_all_are_reported(run: Run) -> None:
    code, out, _ = run("check", str(EXAMPLES / "06-several.geojson"), *JUDGE, "--format", "json")
    documents = json.loads(out)
    assert code == 1 and len(documents) == 5
    for document in documents:
        VALIDATOR.validate(document)
    lines = run("check", str(EXAMPLES / "06-several.geojson"), *JUDGE, "--format", "jsonl")[1].splitlines()
    assert [json.loads(line) for line in lines] == documents


def test_the_same_call_gives_the_same_bytes(run: Run) -> None:
    call = ("check", str(EXAMPLES / "04-nonconform.geojson"), *JUDGE, "--format")
    for fmt in ("json", "geojson", "text"):
        assert run(*call, fmt) == run(*call, fmt)


def test_geojson_from_standard_input_and_a_point() -> None:
    site = (EXAMPLES / "08-land.geojson").read_bytes()
    done = process("check", "-", *JUDGE, "--format", "json", stdin=site)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "conditional"
    done = process("check", "--point", "-9.4468,124.4764", *JUDGE, "--format", "json")
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    VALIDATOR.validate(document)
    assert document["verdict"] == "undetermined"
    assert process("check", "--point", "-9.4468,124.4764", *JUDGE, "--allow-undetermined").returncode == 0


def test_the_synthetic_plan_is_labelled_in_both_languages(run: Run) -> None:
    call = ("check", str(EXAMPLES / "01-conform.geojson"), *JUDGE)
    assert "SYNTHETIC" in run(*call)[1] and "SINTETIS" in run(*call, "--lang", "id")[1]


def test_demo_runs_on_the_shipped_sample(run: Run) -> None:
    code, out, err = run("demo", "--lang", "id")
    assert code == 0 and "sesuai harapan" in err
    assert [label in out for label in ("Sesuai - ", "Sesuai bersyarat - ", "Tidak sesuai - ")] == [True] * 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "none.geojson", *JUDGE),
        ("check", str(EXAMPLES / "01-conform.geojson"), "--plan", "none"),
        ("check", str(EXAMPLES / "01-conform.geojson"), *JUDGE, "--kbli", "abc"),
        ("check", str(EXAMPLES / "08-land.geojson"), *JUDGE, "--floors", "1,5"),
        ("check", str(EXAMPLES / "08-land.geojson"), *JUDGE, "--road-class", "besar"),
        ("check", "--point", "48.1,11.6", *JUDGE),
        ("check", "--point", "here", *JUDGE),
        ("check", str(SAMPLE / "plan.toml"), *JUDGE),
        ("check", "-", *JUDGE),
    ],
)
def test_unreadable_input_is_exit_2_in_both_languages(arguments: tuple[str, ...]) -> None:
    for lang in ("id", "en"):
        done = process(*arguments, KKPR_LANG=lang)
        said = done.stderr.decode("utf-8")
        assert done.returncode == 2 and done.stdout == b"", (arguments, said)
        assert "Traceback" not in said and "--verbose" not in said, said
        assert said.startswith("kkpr-check: kesalahan:" if lang == "id" else "kkpr-check: error:"), said
