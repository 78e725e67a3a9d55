"""Data findings as SARIF 2.1.0 (GitHub code scanning and others)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from kkpr_check._version import __version__
from kkpr_check.errors import Text
from kkpr_check.quality.catalogue import ENTRIES
from kkpr_check.quality.findings import LEVELS, DataFinding, Level, Result
from kkpr_check.report import findings_words as words
from kkpr_check.report.findings_ci import fingerprint, path_of, table_row
from kkpr_check.report.safe import md, safe_text

_LEVELS: Mapping[Level, str] = {"error": "error", "warning": "warning", "info": "note"}
MAX_RESULTS = 25_000
"""GitHub refuses a run with more."""
_TAGS = {"0": "file", "1": "topology", "2": "attributes", "3": "tables", "4": "cases"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def dumps(result: Result, lang: str) -> str:
    """Return one SARIF run with the rules that found something."""
    codes = list(result.by_code)
    seen: dict[tuple[str, ...], int] = {}
    results = []
    told = result.findings
    if len(told) > MAX_RESULTS:
        told = tuple(words.in_turn(told, MAX_RESULTS // len(codes))[:MAX_RESULTS])
    for finding in told:
        seen[finding.key] = seen.get(finding.key, 0) + 1
        results.append(_result(finding, codes.index(finding.code), seen[finding.key], lang))
    run = {
        "tool": {
            "driver": {
                "name": "kkpr-check",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(code, lang) for code in codes],
            }
        },
        "language": lang,
        "columnKind": "unicodeCodePoints",
        "results": results,
        **_left_out(len(result.findings) - len(told), lang),
    }
    return (
        json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=True, indent=1)
        + "\n"
    )


def _left_out(number: int, lang: str) -> dict[str, Any]:
    """Return the notice that results are missing, where some are."""
    if not number:
        return {}
    text = Text(
        f"{number} more findings; the JSON form has all", f"{number} temuan lagi; bentuk JSON memuat semuanya"
    ).pick(lang)
    notice = {"level": "warning", "message": {"text": text}}
    return {"invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [notice]}]}


def _rule(code: str, lang: str) -> dict[str, Any]:
    return {
        "id": code,
        "name": words.code_of(code).name,
        "shortDescription": {"text": words.title(code, lang)},
        **_explained(code, lang),
    }


def _explained(code: str, lang: str) -> dict[str, Any]:
    """Return what code scanning shows beside a rule: what must hold, what fails, what to do, and who demands it."""
    entry = ENTRIES.get(code)
    if entry is None:
        return {}
    worst = next(level for level in LEVELS if level in entry.levels.split(", "))
    said = (
        (Text("Passes", "Terpenuhi"), entry.passes),
        (Text("Fails", "Dilanggar"), entry.fails),
        (Text("What to do", "Yang perlu dilakukan"), entry.remedy),
        (Text("Asked for by", "Diminta oleh"), Text(entry.source, entry.source)),
    )
    lines = [entry.what.pick(lang), *(f"{label.pick(lang)}: {text.pick(lang)}" for label, text in said)]
    return {
        "fullDescription": {"text": entry.what.pick(lang)},
        "help": {"text": "\n".join(lines), "markdown": "\n\n".join(map(md, lines))},
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": {"tags": [_TAGS[code[3]]]},
    }


def _result(finding: DataFinding, index: int, number: int, lang: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.level],
        "message": {"text": f"{words.line(finding, lang)} -> {words.remedy(finding, lang)}"},
        "partialFingerprints": {"kkprCheck/v1": fingerprint(finding, number)},
    }
    if finding.file:
        entry["locations"] = [_location(finding)]
    measures = {"area_m2": finding.area_m2, "width_m": finding.width_m, "value": finding.value}
    known = {name: value for name, value in measures.items() if isinstance(value, int | float)}
    if known:
        entry["properties"] = known
    return entry


def _location(finding: DataFinding) -> dict[str, Any]:
    uri = quote(path_of(finding), safe="/~.-_")
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": uri},
        "region": {"startLine": table_row(finding) or 1},
    }
    names = [part for part in (finding.layer, finding.feature, finding.field) if part]
    location: dict[str, Any] = {"physicalLocation": physical}
    if names:
        location["logicalLocations"] = [{"fullyQualifiedName": "/".join(map(safe_text, names))}]
    return location
