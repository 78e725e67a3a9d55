"""The documentation as a site: ``make site`` writes it to build/site. The pages are plain Markdown, read on GitHub as well."""

import posixpath
import re
from typing import Any

project = "kkpr-check"
author = "kkpr-check maintainers"
copyright = "kkpr-check maintainers"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "kkpr-check"
html_copy_source = False
html_show_sphinx = False
exclude_patterns = ["conf.py"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]

CONTENTS = {
    "Guide · Panduan": [
        "install", "first-check", "adopt", "plan-folder", "reading-a-report", "verify", "telaah", "info", "accuracy", "law", "limits",
    ],
    "Scripts and CI": ["batch", "growth", "oss", "validate", "diff", "ci", "python-api", "cli", "rules/README"],
    "Inside": ["promises", "design", "faults", "fuzzing", "reliability"],
}  # fmt: skip
"""Chapters and their pages, in order."""

_OUTSIDE = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+[^)#]+)\)")


def _paths_for_links_outside(app: Any, docname: str, source: list[str]) -> None:
    """Show a link that leaves docs/ as the path of a file in the repository: the site does not hold it."""
    here = posixpath.dirname(docname)

    def told(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", here, found[2]))
        return found[0] if target.startswith("docs/") else f"{found[1]} (`{target}`)"

    source[0] = _OUTSIDE.sub(told, source[0])


def _contents(app: Any, docname: str, source: list[str]) -> None:
    """Add the table of contents, which the pages themselves do not carry."""
    if docname == "index":
        for caption, pages in CONTENTS.items():
            source[0] += _tree(pages, f":caption: {caption}")
    elif docname == "rules/README":
        source[0] += _tree(["[A-Z]*[0-9]"], ":glob:")


def _tree(pages: list[str], option: str) -> str:
    return "\n".join(["", "", "```{toctree}", ":hidden:", option, "", *pages, "```", ""])


def setup(app: Any) -> None:
    """Connect the hooks."""
    app.connect("source-read", _paths_for_links_outside)
    app.connect("source-read", _contents)
