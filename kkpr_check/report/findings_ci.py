"""Data findings for GitHub Actions and GitLab: what these tools show beside a change."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping

from kkpr_check.errors import Text
from kkpr_check.quality.findings import LEVELS, DataFinding, Level, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.safe import safe_text, whole_characters

ANNOTATIONS_A_LEVEL = 10
"""GitHub shows no more of each level in one step; the rest would be dropped silently."""
_COMMANDS: Mapping[Level, str] = {"error": "error", "warning": "warning", "info": "notice"}
_SEVERITIES: Mapping[Level, str] = {"error": "major", "warning": "minor", "info": "info"}


def github(result: Result, lang: str) -> str:
    """Return workflow commands: the summary first, then at most ten findings of each level."""
    worst: Level = next((level for level in LEVELS if result.count(level)), "info")
    lines = [
        _command(_COMMANDS[worst], {"title": f"kkpr-check {result.command}"}, words.summary(result, lang))
    ]
    spent = {worst: 1}
    for note in words.notes(result, lang)[:1]:
        lines.append(_command("warning", {"title": "kkpr-check baseline"}, note))
        spent["warning"] = spent.get("warning", 0) + 1
    for level in LEVELS:
        findings = [finding for finding in result.findings if finding.level == level]
        room = max(ANNOTATIONS_A_LEVEL - spent.get(level, 0), 0)
        told = words.in_turn(findings, 1)[:room]
        left = Counter(finding.code for finding in findings)
        left.subtract(finding.code for finding in told)
        last = {finding.code: n for n, finding in enumerate(told)}
        lines += [
            _annotation(finding, left[finding.code] if last[finding.code] == n else 0, lang)
            for n, finding in enumerate(told)
        ]
    return "\n".join(lines) + "\n"


def _annotation(finding: DataFinding, more: int, lang: str) -> str:
    """Return a finding; `more` of its code are not annotated."""
    properties = {"title": f"{finding.code} {finding.name}"}
    if finding.file:
        properties = {"file": path_of(finding), **properties}
    row = table_row(finding)
    if row is not None:
        properties["line"] = str(row)
    rest = (
        Text(f" (+{more} more {finding.code})", f" (+{more} {finding.code} lagi)").pick(lang) if more else ""
    )
    return _command(
        _COMMANDS[finding.level],
        properties,
        f"{words.line(finding, lang)} -> {words.remedy(finding, lang)}{rest}",
    )


def path_of(finding: DataFinding) -> str:
    """Return the file as CI services know it: with slashes, and without a leading ``./``."""
    return safe_text((finding.file or "").replace("\\", "/")).removeprefix("./")


def table_row(finding: DataFinding) -> int | None:
    """Return the line of a text file that a finding stands in, None for layers."""
    is_text = (finding.file or "").endswith((".csv", ".toml")) and finding.feature_field is None
    return int(finding.feature) if is_text and finding.feature and finding.feature.isdecimal() else None


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    """Return one workflow command; data and properties are escaped as GitHub's toolkit does."""
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {given}::{_data(whole_characters(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(whole_characters(text)).replace(":", "%3A").replace(",", "%2C")


def gitlab(result: Result, lang: str) -> str:
    """Return a GitLab Code Quality report."""
    seen: dict[tuple[str, ...], int] = {}
    issues = []
    for finding in result.findings:
        number = seen[finding.key] = seen.get(finding.key, 0) + 1
        issues.append({
            "description": f"{words.line(finding, lang)} -> {words.remedy(finding, lang)}",
            "check_name": f"{finding.code} {finding.name}",
            "fingerprint": fingerprint(finding, number),
            "severity": _SEVERITIES[finding.level],
            "location": {
                "path": path_of(finding) or ".",
                "lines": {"begin": table_row(finding) or 1},
            },
        })  # fmt: skip
    return json.dumps(issues, ensure_ascii=True, indent=1) + "\n"


def fingerprint(finding: DataFinding, number: int = 1) -> str:
    """Return what names a finding from run to run; `number` tells alike ones apart."""
    text = "\0".join((*finding.key, str(number)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
