"""What every page of ours has in common: foreign text is escaped, and a policy lets nothing run or load but its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from kkpr_check.report.safe import safe_text


def text(value: object) -> str:
    """Return foreign text as HTML that shows it and does nothing else."""
    return escape(safe_text(value))


def page(title: str, lang: str, style: str, script: str, body: Iterable[str]) -> str:
    """Return a page of our own title, style and script around a body whose foreign text is escaped already."""
    head = [
        f'<!doctype html>\n<html lang="{escape(lang)}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy([style], [script])}">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{escape(title)}</title><style>{style}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
    ]
    return "\n".join([*head, *body, f"<script>{script}</script></body></html>\n"])


def policy(styles: Iterable[str], scripts: Iterable[str] = (), *, images: str = "") -> str:
    """Return the content security policy that allows a page's own styles and scripts by their hashes.

    Parameters
    ----------
    styles, scripts
        What stands between the tags, to the letter.
    images
        Where images may come from; none if not said.
    """
    parts = ["default-src 'none'"]
    for name, allowed in (
        ("script-src", _hashes(scripts)),
        ("style-src", _hashes(styles)),
        ("img-src", images),
    ):
        if allowed:
            parts.append(f"{name} {allowed}")
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])


def _hashes(elements: Iterable[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(element.encode()).digest()).decode() for element in elements)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
