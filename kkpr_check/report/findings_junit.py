"""Data findings as JUnit XML: a suite a target, a case a check; errors fail it, the rest is its output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from kkpr_check.quality.findings import DataFinding, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.safe import safe_text

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LISTED = 100
"""Findings told in one case."""


def dumps(result: Result, lang: str) -> str:
    """Return the suites; a check that was not run is a skipped case."""
    files = list(dict.fromkeys([t.path for t in result.targets] + [f.file or "-" for f in result.findings]))
    suites = [_suite(file, result, lang) for file in files]
    failures = sum(suite[1] for suite in suites)
    tests = sum(suite[2] for suite in suites)
    head = f'<testsuites name="kkpr-check {result.command}" tests="{tests}" failures="{failures}">'
    return (
        "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *(s[0] for s in suites), "</testsuites>"])
        + "\n"
    )


def _suite(file: str, result: Result, lang: str) -> tuple[str, int, int]:
    by_code: dict[str, list[DataFinding]] = {}
    for finding in result.findings:
        if (finding.file or "-") == file:
            by_code.setdefault(finding.code, []).append(finding)
    skipped = {item.code: item.why.pick(lang) for item in result.not_run if item.file in (file, None)}
    codes = [
        code for code in words.ALL_CODES if code in by_code or code in result.checks_run or code in skipped
    ]
    cases = [_case(code, file, by_code.get(code, []), skipped.get(code), lang) for code in codes]
    failures = sum(any(f.level == "error" for f in found) for found in by_code.values())
    head = f'<testsuite name={_attribute(file)} tests="{len(cases)}" failures="{failures}">'
    return "\n".join([head, *cases, "</testsuite>"]), failures, len(cases)


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
    lines = []
    for finding in findings[:_LISTED]:
        where = words.place(finding, lang)
        lines.append(f"{where}: {words.message(finding, lang)}" if where else words.message(finding, lang))
    if len(findings) > _LISTED:
        lines.append(f"... +{len(findings) - _LISTED}")
    return escape(_NO_XML.sub("", "\n".join(lines)))


def _attribute(text: str) -> str:
    return quoteattr(_NO_XML.sub("", safe_text(text)))
