"""A comparison in any of the formats of findings: its own pages, or its changes as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kkpr_check.changes.result import Diff

if TYPE_CHECKING:
    from kkpr_check.report.look import Look


def render(diff: Diff, fmt: str, lang: str, look: Look | None = None) -> str:
    """Return a comparison in one format of `findings_formats.FORMATS` (neither ``auto`` nor ``gpkg``).

    Parameters
    ----------
    diff
        Witnesses in longitude, latitude.
    lang
        "id" or "en".
    look
        What the receiving end can show; text only.
    """
    if fmt == "text":
        from kkpr_check.report import changes_text
        from kkpr_check.report.look import Look

        return changes_text.dumps(diff, lang, look or Look())
    if fmt in ("json", "jsonl"):
        from kkpr_check.report import changes_json

        return (changes_json.dumps if fmt == "json" else changes_json.dumps_lines)(diff, lang)
    if fmt in ("md", "step-summary"):
        from kkpr_check.report import changes_md

        return changes_md.dumps(diff, lang)
    if fmt == "html":
        from kkpr_check.report import changes_html

        return changes_html.dumps(diff, lang)
    from kkpr_check.report.changes_findings import as_findings
    from kkpr_check.report.findings_formats import render as render_findings

    return render_findings(as_findings(diff), fmt, lang)
