"""Data findings for GitHub Actions and GitLab: what these tools show beside a change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

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
        room = ANNOTATIONS_A_LEVEL - spent.get(level, 0)
        lines += [_annotation(finding, lang) for finding in findings[:room]]
    return "\n".join(lines) + "\n"


def _annotation(finding: DataFinding, lang: str) -> str:
    where = words.place(finding, lang)
    text = f"{where}: {words.message(finding, lang)}" if where else words.message(finding, lang)
    properties = {"title": f"{finding.code} {finding.name}"}
    if finding.file:
        properties = {"file": safe_text(finding.file.replace("\\", "/")), **properties}
    line = table_row(finding)
    if line is not None:
        properties["line"] = str(line)
    return _command(_COMMANDS[finding.level], properties, f"{text} -> {words.remedy(finding, lang)}")


def table_row(finding: DataFinding) -> int | None:
    """Return the line of a text file that a finding stands in, None for layers."""
    is_text = (finding.file or "").endswith((".csv", ".toml"))
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
        number = seen[finding.identity] = seen.get(finding.identity, 0) + 1
        where = words.place(finding, lang)
        issues.append({
            "description": f"{where}: {words.message(finding, lang)}" if where else words.message(finding, lang),
            "check_name": f"{finding.code} {finding.name}",
            "fingerprint": fingerprint(finding, number),
            "severity": _SEVERITIES[finding.level],
            "location": {
                "path": safe_text((finding.file or ".").replace("\\", "/")),
                "lines": {"begin": table_row(finding) or 1},
            },
        })  # fmt: skip
    return json.dumps(issues, ensure_ascii=True, indent=1) + "\n"


def fingerprint(finding: DataFinding, number: int = 1) -> str:
    """Return what names a finding from run to run; `number` tells alike ones apart."""
    text = "\0".join((*finding.identity, str(number)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
