"""Each case of tests/cases: alone, in a block with all sites of its file, and in a shuffled block."""

from __future__ import annotations

import random
from typing import Any

import pytest
from engine_builder import Built, build, case_files, load, of_rule, outcome, run

from kkpr_check.model import Report

FILES = {path.stem: load(path) for path in case_files()}
SITES = {stem: [build(case).site for case in cases] for stem, (_, cases) in FILES.items()}
CASES = [
    pytest.param(stem, rule, case, id=f"{stem}-{case['name']}")
    for stem, (rule, cases) in FILES.items()
    for case in cases
]
NEAR = ("measured", "limit", "flip_distance_m", "margin")


def content(report: Report) -> tuple[Any, ...]:
    """Return everything of a report but geometries (which are compared as WKT) for `==`."""
    shapes = [f.witness.wkt if f.witness is not None else None for f in report.findings]
    facts = [
        (f.rule, f.outcome, f.zone, f.measured, f.limit, f.flip_distance_m, f.message)
        for f in report.findings
    ]
    left = report.approvable and report.approvable.geometry.wkt
    return (
        report.verdict,
        report.pathway,
        facts,
        shapes,
        left,
        report.ledger,
        report.combined,
        report.not_evaluated,
    )


@pytest.mark.parametrize(("stem", "rule", "case"), CASES)
def test_case(stem: str, rule: str, case: dict[str, Any]) -> None:
    built: Built = build(case)
    report, expect = built.report(), dict(case["expect"])
    where = {key: expect.pop(key) for key in ("zone", "plan", "subject") if key in expect}
    assert outcome(report, rule, **where) == expect.pop("outcome")
    found = of_rule(report, rule, **where)
    worst = found[0] if found else None
    for key, value in expect.items():
        if key == "verdict":
            assert report.verdict.value == value
        elif key == "none":  # written by cases that expect a null
            assert [getattr(worst, name) for name in value] == [None] * len(value)
        elif key == "missing":
            assert worst is not None and set(value) <= set(worst.missing), worst and worst.missing
        elif key == "says":
            assert worst is not None and value in worst.message.en, worst and worst.message.en
        else:
            assert key in NEAR, key
            assert getattr(worst, key) == pytest.approx(value, abs=1e-4), (key, worst)

    block = [*SITES[stem], built.site]
    assert content(run(block, built.windows, built.options)[-1]) == content(report)
    order = list(range(len(block)))
    random.Random(7).shuffle(order)
    shuffled = run([block[i] for i in order], built.windows[::-1], built.options)
    assert content(shuffled[order.index(len(block) - 1)]) == content(report)
