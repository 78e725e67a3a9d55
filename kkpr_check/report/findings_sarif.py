"""Data findings as SARIF 2.1.0 (GitHub code scanning and others)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from kkpr_check._version import __version__
from kkpr_check.quality.findings import DataFinding, Level, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.findings_ci import fingerprint, table_row
from kkpr_check.report.safe import safe_text

_LEVELS: Mapping[Level, str] = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def dumps(result: Result, lang: str) -> str:
    """Return one SARIF run with the rules that found something."""
    codes = list(result.by_code)
    seen: dict[tuple[str, ...], int] = {}
    results = []
    for finding in result.findings:
        seen[finding.identity] = seen.get(finding.identity, 0) + 1
        results.append(_result(finding, codes.index(finding.code), seen[finding.identity], lang))
    run = {
        "tool": {
            "driver": {
                "name": "kkpr-check",
                "semanticVersion": __version__,
                "rules": [_rule(code, lang) for code in codes],
            }
        },
        "language": lang,
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return (
        json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=True, indent=1)
        + "\n"
    )


def _rule(code: str, lang: str) -> dict[str, Any]:
    return {
        "id": code,
        "name": words.code_of(code).name,
        "shortDescription": {"text": words.title(code, lang)},
    }


def _result(finding: DataFinding, index: int, number: int, lang: str) -> dict[str, Any]:
    where = words.place(finding, lang)
    text = f"{where}: {words.message(finding, lang)}" if where else words.message(finding, lang)
    entry: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.level],
        "message": {"text": f"{text} -> {words.remedy(finding, lang)}"},
        "partialFingerprints": {"kkprCheck/v1": fingerprint(finding, number)},
    }
    if finding.file:
        entry["locations"] = [_location(finding)]
    return entry


def _location(finding: DataFinding) -> dict[str, Any]:
    uri = quote(safe_text((finding.file or "").replace("\\", "/")), safe="/~.-_")
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": uri},
        "region": {"startLine": table_row(finding) or 1},
    }
    names = [part for part in (finding.layer, finding.feature, finding.field) if part]
    location: dict[str, Any] = {"physicalLocation": physical}
    if names:
        location["logicalLocations"] = [{"fullyQualifiedName": "/".join(map(safe_text, names))}]
    return location
