"""Numbers as Indonesian annexes write them, after mojibake, HTML escapes and look-alike characters are resolved."""

from __future__ import annotations

import html
import re
import unicodedata

_MOJIBAKE = (
    ("â\u0081„", "/"), ("â„", "/"), ("Â½", "1/2"), ("Â¼", "1/4"), ("Â²", "2"), ("â‰¤", "<="), ("â‰¥", ">="), ("â€“", "-"), ("â€”", "-"),
)  # fmt: skip
NUMBER = r"\d+(?:[.,]\d+)*"


def tidy(text: str) -> str:
    """Return a text with HTML escapes, mojibake and full-width characters resolved, in lower case."""
    text = html.unescape(html.unescape(text))
    for wrong, right in _MOJIBAKE:
        text = text.replace(wrong, right)
    text = unicodedata.normalize("NFKC", text).replace("\u2044", "/").replace("≤", "<=").replace("≥", ">=")
    text = re.sub(r"[–—−]", "-", text).lower()
    return "\n".join(line for part in text.splitlines() if (line := " ".join(part.split())))


class AmbiguousError(Exception):
    """A part of the text has no single reading; the argument is the reason."""


def read_number(text: str, unit: str | None) -> float:
    """Read a number in Indonesian or English writing; a lone three-digit group is read as thousands only for m2."""
    if re.fullmatch(r"\d+|0[.,]\d+|\d+[.,](?:\d{1,2}|\d{4,})", text):
        return float(text.replace(",", "."))
    if re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:\.\d{3})+,\d+", text):
        return float(text.replace(".", "").replace(",", "."))
    if re.fullmatch(r"\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:,\d{3})+\.\d+", text):
        return float(text.replace(",", ""))
    if unit == "m2" and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        return float(text.replace(".", ""))
    if re.fullmatch(r"\d+[.,]\d{3}", text):
        raise AmbiguousError("thousands-or-decimal" if len(text) <= 7 else "unread")
    raise AmbiguousError("unread")
