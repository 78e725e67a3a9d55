"""The machine form of data findings, schema ``kkpr-check/findings/1`` (contract section 5a)."""

from __future__ import annotations

from kkpr_check.model import Json
from kkpr_check.quality.findings import LEVELS, DataFinding, FixReport, NotRun, Result, Target
from kkpr_check.report.json import TOOL, encode, geometries_json
from kkpr_check.report.safe import whole_characters
from kkpr_check.report.safe import whole_text as _text
from kkpr_check.report.safe import whole_value as _plain

SCHEMA = "kkpr-check/findings/1"


def dumps(result: Result, lang: str) -> str:
    """Return one object with everything."""
    return encode(document(result, lang), indent=2)


def dumps_lines(result: Result, lang: str) -> str:
    """Return one finding a line, then one line with everything but the findings."""
    whole = document(result, lang)
    findings = whole.pop("findings")
    return "".join(encode(line) for line in (*findings, whole))


def document(result: Result, lang: str) -> Json:
    """Return a result as plain JSON values with stable key order; witnesses are in longitude, latitude."""
    witnesses = geometries_json([finding.witness for finding in result.findings])
    whole: Json = {
        "schema": SCHEMA,
        "tool": dict(TOOL),
        "targets": [_target(target) for target in result.targets],
        "summary": {
            **{level: result.count(level) for level in LEVELS},
            "suppressed": result.suppressed,
            "by_code": result.by_code,
        },
        "findings": [
            _finding(finding, witness, lang)
            for finding, witness in zip(result.findings, witnesses, strict=True)
        ],
        "checks_run": list(result.checks_run),
        "not_run": [_not_run(item, lang) for item in result.not_run],
        "baseline": {
            "unmatched": [whole_characters(label) for label in result.baseline_unmatched],
            "expired": [whole_characters(label) for label in result.baseline_expired],
        },
    }
    if result.fixes is not None:
        whole["fixes"] = fixes_json(result.fixes, lang)
    return whole


def fixes_json(report: FixReport, lang: str) -> Json:
    """Return what `--fix-safe` did as plain JSON values; files are named as in the copy."""
    return {
        "output": whole_characters(report.output),
        "by_kind": dict(report.by_kind),
        "compared": {"sites": report.sites, "cases": report.cases, "verdicts_changed": 0},
        "rolled_back": [{"kind": item.kind, "why": _text(item.why, lang)} for item in report.rolled_back],
        "not_writable": [whole_characters(path) for path in report.not_writable],
        "lock_removed": report.locked,
        "changes": [
            {
                "kind": fix.kind, "file": _plain(fix.file), "layer": _plain(fix.layer), "feature": _plain(fix.feature),
                "field": _plain(fix.field), "before": _plain(fix.before), "after": _plain(fix.after), "moved_m": fix.moved_m,
            }
            for fix in report.fixes
        ],
    }  # fmt: skip


def _finding(finding: DataFinding, witness: Json | None, lang: str) -> Json:
    return {
        "code": finding.code,
        "name": finding.name,
        "level": finding.level,
        "file": _plain(finding.file),
        "layer": _plain(finding.layer),
        "feature": _plain(finding.feature),
        "feature_field": _plain(finding.feature_field),
        "other_feature": _plain(finding.other_feature),
        "field": _plain(finding.field),
        "value": _plain(finding.value),
        "area_m2": finding.area_m2,
        "width_m": finding.width_m,
        "message": _text(finding.message, lang),
        "remedy": _text(finding.remedy, lang),
        "witness": witness,
    }


def _target(target: Target) -> Json:
    return {
        "path": whole_characters(target.path),
        "layer": _plain(target.layer),
        "sha256": target.sha256,
        "role": target.role,
        "features": target.features,
        "feature_field": _plain(target.feature_field),
        "crs": _plain(target.crs),
    }


def _not_run(item: NotRun, lang: str) -> Json:
    return {"code": item.code, "why": _text(item.why, lang), "file": _plain(item.file)}
