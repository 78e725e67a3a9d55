"""Which formats data findings, and comparisons, can be written in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kkpr_check.quality.findings import Result

if TYPE_CHECKING:
    from kkpr_check.report.look import Look

FORMATS = ("text", "json", "jsonl", "sarif", "junit", "github", "gitlab", "md", "html", "gpkg", "auto")
"""`auto` is `github` inside GitHub Actions, else `text`; `gpkg` is a file, not a text (`findings_layers`, `changes_layers`)."""


def render(result: Result, fmt: str, lang: str, look: Look | None = None) -> str:
    """Return findings in one format (not ``auto``, not ``gpkg``); ``step-summary`` is ``md`` with more room.

    Parameters
    ----------
    result
        Witnesses in longitude, latitude.
    lang
        "id" or "en".
    look
        What the receiving end can show; text only.
    """
    if fmt == "text":
        from kkpr_check.report import findings_text
        from kkpr_check.report.look import Look

        return findings_text.dumps(result, lang, look or Look())
    if fmt in ("json", "jsonl"):
        from kkpr_check.report import findings_json

        return (findings_json.dumps if fmt == "json" else findings_json.dumps_lines)(result, lang)
    if fmt == "sarif":
        from kkpr_check.report import findings_sarif

        return findings_sarif.dumps(result, lang)
    if fmt == "junit":
        from kkpr_check.report import findings_junit

        return findings_junit.dumps(result, lang)
    if fmt in ("md", "step-summary"):
        from kkpr_check.report import comment, findings_md

        most = comment.MAX_CHARACTERS if fmt == "md" else findings_md.STEP_SUMMARY_CHARACTERS
        return findings_md.dumps(result, lang, most)
    if fmt == "html":
        from kkpr_check.report import findings_html

        return findings_html.dumps(result, lang)
    from kkpr_check.report import findings_ci

    return (findings_ci.github if fmt == "github" else findings_ci.gitlab)(result, lang)
