"""The catalogue against contract section 6, and what the cases of tests/cases have to hold for every rule."""

from __future__ import annotations

import re
from typing import Any

import pytest
from engine_builder import build, case_files, load, of_rule, outcome

from kkpr_check import phrases
from kkpr_check.errors import Text
from kkpr_check.model import Finding, Outcome, Report
from kkpr_check.rules import BY_CODE, RULES

CATALOGUE = {
    "LOK": "site-unreadable outside-plan uncovered-part zone-split within-map-accuracy legal-area-differs",
    "KGT": "use-prohibited use-limited use-conditional use-unlisted protected-zone kbli-unknown",
    "INT": "kdb-exceeded klb-exceeded kdh-short ktb-exceeded lot-too-small",
    "TAB": "gsb-encroached side-clearance-short rear-clearance-short height-exceeded floors-exceeded outside-parcel "
    "in-road-reserve",
    "KHS": "kkop lp2b krb sempadan-sungai sempadan-pantai sempadan-danau sutet cagar-budaya kawasan-hutan tod "
    "resapan-air rel other-overlay",
    "RTR": "rtrw-conflict holding-zone",
}
"""Contract section 6, word by word; LOK counts from 000, the others from 001."""
WORST = {
    **dict.fromkeys(
        ("LOK000", "LOK001", "LOK002", "LOK004", "KGT004", "KGT006", "RTR001"), Outcome.UNDETERMINED
    ),
    **dict.fromkeys(("LOK005", "RTR002"), Outcome.CONDITIONAL),
    "LOK003": Outcome.PASS,
}
"""The worst that contract section 1a.7 lets a rule say; every other rule may fail."""

FILES = dict(load(path) for path in case_files())
PLACEHOLDER = re.compile(r"[{}]|\bNone\b(?! of)|\bnan\b|\binf\b")


def numbered() -> dict[str, str]:
    return {
        f"{family}{number:03}": name
        for family, names in CATALOGUE.items()
        for number, name in enumerate(names.split(), start=0 if family == "LOK" else 1)
    }


def test_every_rule_of_the_contract_is_listed_once_with_its_name() -> None:
    assert [(rule.code, rule.name) for rule in RULES] == [
        *((c, n) for c, n in numbered().items()),
    ]
    assert len(BY_CODE) == len(RULES)


def test_land_and_building_rules() -> None:
    building = {rule.code[:3] for rule in RULES if not rule.is_land}
    assert building == {"INT", "TAB"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_everything_in_both_languages(rule: Any) -> None:
    texts = [rule.title, rule.what, rule.law, rule.passes, rule.fails, rule.remedy, *rule.say.values()]
    assert all(isinstance(text, Text) and text.en.strip() and text.id.strip() for text in texts)
    assert rule.formula
    for text in rule.say.values():
        assert set(re.findall(r"{(\w+)}", text.en)) == set(re.findall(r"{(\w+)}", text.id))
    assert Outcome.PASS in rule.say


@pytest.mark.parametrize("code", BY_CODE)
def test_the_cases_of_a_rule_are_whole(code: str) -> None:
    expected = {case["expect"]["outcome"] for case in FILES[code]}
    worst = WORST.get(code, Outcome.FAIL).word
    assert "pass" in expected
    assert worst in expected
    assert expected & {"undetermined", "not_applicable"}
    ladder = [o.word for o in Outcome]
    assert max(ladder.index(word) for word in expected) == ladder.index(worst)
    for case in FILES[code]:
        assert case["name"].startswith(case["expect"]["outcome"].replace("_", " ")), case["name"]


def test_no_case_file_is_of_an_unknown_rule() -> None:
    assert set(FILES) == set(BY_CODE)
    assert len(case_files()) == len(FILES)


@pytest.fixture(scope="module")
def reports() -> dict[str, list[tuple[dict[str, Any], Report]]]:
    return {code: [(case, build(case).report()) for case in cases] for code, cases in FILES.items()}


@pytest.mark.parametrize("code", [rule.code for rule in RULES if rule.operator in ("<=", ">=")])
def test_a_case_lies_exactly_on_the_limit(code: str, reports: Any) -> None:
    passed = [
        found
        for case, report in reports[code]
        if case["expect"]["outcome"] == "pass"
        for found in of_rule(report, code)
        if found.outcome is Outcome.PASS and found.margin is not None
    ]
    assert [found for found in passed if found.margin == pytest.approx(0.0, abs=1e-9)]


@pytest.mark.parametrize("code", BY_CODE)
def test_a_pass_is_the_answer_of_the_activated_rule(code: str, reports: Any) -> None:
    """A pass stands in `findings`, and the same rule says something worse where the case is made worse."""
    passed = [report for case, report in reports[code] if case["expect"]["outcome"] == "pass"]
    for report in passed:
        assert any(f.rule == code and f.outcome is Outcome.PASS for f in report.findings)
        assert code not in {rule for rule, _ in report.not_evaluated}
    if BY_CODE[code].operator is not None:
        assert any(f.measured is not None for report in passed for f in of_rule(report, code))


@pytest.mark.parametrize("code", BY_CODE)
def test_every_rule_stands_in_the_report_once(code: str, reports: Any) -> None:
    """Contract 1a.1: every rule is in `findings`, or in `not_evaluated` as not applicable only."""
    for _, report in reports[code]:
        found = {f.rule for f in report.findings}
        left = [rule for rule, _ in report.not_evaluated]
        assert found.isdisjoint(left)
        assert found | set(left) == set(BY_CODE)
        assert len(left) == len(set(left))
        assert all(f.outcome is not Outcome.NOT_APPLICABLE for f in report.findings)
        if report.site.doubt is None:
            assert not [rule for rule in left if rule.startswith("KGT")], "KGT is never not applicable"


def texts_of(finding: Finding) -> list[str]:
    said = [finding.message] if finding.remedy is None else [finding.message, finding.remedy]
    return [words for sentence in said for words in (sentence.en, sentence.id)]


@pytest.mark.parametrize("code", BY_CODE)
def test_no_text_has_an_unfilled_place(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object, key: str) -> str:
        raise AssertionError(f"nothing fills {{{key}}}")

    monkeypatch.setattr(phrases._Lenient, "__missing__", refuse)
    for case in FILES[code]:
        report = build(case).report()
        for finding in report.findings:
            for text in texts_of(finding):
                assert text.strip(), finding
                assert not PLACEHOLDER.search(text), text
                assert " - " not in text and not text.startswith("- "), text
        for _, why in report.not_evaluated:
            assert all(text.strip() and not PLACEHOLDER.search(text) for text in (why.en, why.id))


@pytest.mark.parametrize("code", BY_CODE)
def test_what_is_undetermined_says_what_is_missing_or_how_deep(code: str, reports: Any) -> None:
    for _, report in reports[code]:
        for finding in report.findings:
            if finding.outcome is Outcome.UNDETERMINED and finding.rule not in ("LOK000", "LOK004"):
                said = finding.missing or finding.flip_distance_m is not None
                assert said or "repair" in finding.message.en or finding.rule.startswith("KHS"), finding


def test_outcome_helper_knows_rules_that_are_nowhere() -> None:
    report = build(FILES["INT001"][0]).report()
    assert outcome(report, "INT001") == "pass"
    with pytest.raises(AssertionError):
        outcome(report, "XXX001")
