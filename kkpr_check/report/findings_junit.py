"""Data findings as JUnit XML: a suite a target, a case a check; errors fail it, the rest is its output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from kkpr_check.quality.findings import DataFinding, Result, Target
from kkpr_check.report import findings_words as words
from kkpr_check.report.safe import safe_text

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LISTED = 100
"""Findings told in one case."""


def dumps(result: Result, lang: str) -> str:
    """Return the suites; a check that was not run is a skipped case."""
    passes = {target.path: _looked_at(target, result) for target in result.targets}
    files = dict.fromkeys([*passes, *(finding.file or "-" for finding in result.findings)])
    suites = [_suite(file, passes.get(file, frozenset()), result, lang) for file in files]
    failures = sum(suite[1] for suite in suites)
    tests = sum(suite[2] for suite in suites)
    # Jenkins refuses a file whose root counts what was skipped (junit-10.xsd of its xUnit plugin)
    head = f'<testsuites name="kkpr-check {result.command}" {_counts(tests, failures)}>'
    return (
        "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *(s[0] for s in suites), "</testsuites>"])
        + "\n"
    )


def _looked_at(target: Target, result: Result) -> frozenset[str]:
    """Return the codes that are a case of a target even where nothing was found: tables belong to the plan folder.

    A comparison has one target; what was found in one of its files is a case of that file.
    """
    ran = frozenset(result.checks_run)
    if result.command == "diff":
        return ran - {finding.code for finding in result.findings if finding.file != target.path}
    of_plan = frozenset(code for code in ran if code == "DAT010" or code[3] in "34")
    return of_plan if target.role == "plan" else ran - of_plan


def _suite(file: str, ran: frozenset[str], result: Result, lang: str) -> tuple[str, int, int]:
    by_code: dict[str, list[DataFinding]] = {}
    for finding in result.findings:
        if (finding.file or "-") == file:
            by_code.setdefault(finding.code, []).append(finding)
    everywhere = next(iter(result.targets)).path if result.targets else file
    skipped = {item.code: item.why.pick(lang) for item in result.not_run if (item.file or everywhere) == file}
    codes = [code for code in words.ALL_CODES if code in by_code or code in ran or code in skipped]
    cases = [_case(code, file, by_code.get(code, []), skipped.get(code), lang) for code in codes]
    failures = sum(any(f.level == "error" for f in found) for found in by_code.values())
    left_out = sum("<skipped" in case for case in cases)
    head = f'<testsuite name={_attribute(file)} {_counts(len(cases), failures)} skipped="{left_out}">'
    return "\n".join([head, *cases, "</testsuite>"]), failures, len(cases)


def _counts(tests: int, failures: int) -> str:
    return f'tests="{tests}" failures="{failures}" errors="0"'


def _case(code: str, file: str, findings: Sequence[DataFinding], skipped: str | None, lang: str) -> str:
    name = f"{code} {words.code_of(code).name}"
    head = f"<testcase classname={_attribute(file)} name={_attribute(name)}"
    errors = [finding for finding in findings if finding.level == "error"]
    others = [finding for finding in findings if finding.level != "error"]
    inside = []
    if errors:
        title = f"{words.title(code, lang)} ({len(errors)})"
        inside.append(
            f"<failure message={_attribute(title)} type={_attribute(code)}>{_lines(errors, lang)}</failure>"
        )
    elif skipped is not None and not findings:
        inside.append(f"<skipped message={_attribute(skipped)}/>")
    if others:
        inside.append(f"<system-out>{_lines(others, lang)}</system-out>")
    return f"{head}>{''.join(inside)}</testcase>" if inside else f"{head}/>"


def _lines(findings: Sequence[DataFinding], lang: str) -> str:
    lines = [words.line(finding, lang) for finding in findings[:_LISTED]]
    if len(findings) > _LISTED:
        lines.append(f"... +{len(findings) - _LISTED}")
    lines += [f"-> {remedy}" for remedy in dict.fromkeys(words.remedy(f, lang) for f in findings[:_LISTED])]
    return escape(_NO_XML.sub("", "\n".join(lines)))


def _attribute(text: str) -> str:
    return quoteattr(_NO_XML.sub("", safe_text(text)))
