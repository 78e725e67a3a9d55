"""Every check of a layer against the cases in tests/quality_cases: what it must find, and what it must not."""

from __future__ import annotations

from typing import Any

import pytest
from quality_builder import cases, findings_of

from kkpr_check.quality import LAYER_CHECKS

CASES = list(cases())


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_case(case: dict[str, Any]) -> None:
    looked_at = case["looks_at"]
    found = sorted((f for f in findings_of(case) if f.code in looked_at), key=lambda f: f.code)
    said = [(f.code, f.level, f.feature, f.field, f.value, f.message.en) for f in found]
    expected = case.get("finds", [])
    assert len(found) == len(expected), said
    for finding, wanted in zip(found, expected, strict=True):
        for key, value in wanted.items():
            if key == "says":
                assert value in finding.message.en
            elif key == "remedy":
                assert value in finding.remedy.en
            elif key in ("area_m2", "width_m"):
                assert getattr(finding, key) == pytest.approx(value, rel=0.01), (key, said)
            else:
                assert getattr(finding, key) == value, (key, said)


def test_every_code_of_a_layer_has_a_case_that_finds_it_and_one_that_does_not() -> None:
    found = {finding["code"] for _, case in CASES for finding in case.get("finds", ())}
    clean = {code for _, case in CASES for code in case["looks_at"]
             if code not in {finding["code"] for finding in case.get("finds", ())}}  # fmt: skip
    codes = {code for check in LAYER_CHECKS for code in check.codes} - {
        "DAT108"
    }  # needs two CRS: test_quality_read
    assert codes - found == set()
    assert codes - clean == set()


def test_a_finding_says_the_same_in_both_languages() -> None:
    for _, case in CASES:
        for finding in findings_of(case):
            for text in (finding.message, finding.remedy):
                assert text.en.strip() and text.id.strip()
                assert "{" not in text.en + text.id
                assert "None" not in text.en
            assert finding.message.en != finding.message.id
