"""Make foreign strings harmless before anyone prints them."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from kkpr_check.phrases import Sentence

_HIDDEN = frozenset(
    "\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_BREAKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")

_MARKDOWN = re.compile(
    r"([\\`*_{}\[\]<>|~@&#!])|(:)(?=//)|(?<=\bwww)(\.)|^(\s*)([-+=](?=[-+=\s]|$)|\d+(?=[.)]\s))",
    re.IGNORECASE,
)
"""Markup, what starts a link by itself, and what starts a list at the beginning of a line."""
_ASCII = str.maketrans({
    "≤": "<=", "≥": ">=", "≠": "!=", "×": "x", "·": "-", "•": "-", "–": "-", "—": "-", "−": "-", "…": "...",
    "→": "->", "←": "<-", "²": "2", "³": "3", "½": "1/2", "¼": "1/4", "¾": "3/4", "°": " deg", "±": "+/-",
    "‘": "'", "’": "'", "“": '"', "”": '"', "§": "par. ", "\u00a0": " ", "\u202f": " ", "′": "'", "″": '"',
})  # fmt: skip


def safe_text(value: object) -> str:
    r"""Return `value` as one line without control, bidi, zero-width or surrogate characters.

    Line breaks and tabs become a space; nothing visible is removed.

    >>> safe_text("R-2\x1b[31m \u202eabc\nnext")
    'R-2[31m abc next'
    """
    text = "" if value is None else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_safe_character(character) for character in text)


def _safe_character(character: str) -> str:
    if character in _BREAKS:
        return " "
    if character in _HIDDEN:
        return ""
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cc" else character


def safe_lines(text: str) -> str:
    """Return a text of our own making line by line through `safe_text`, its line breaks kept."""
    return "\n".join(safe_text(line) for line in text.split("\n"))


def whole_characters(text: str) -> str:
    """Return `text` with lone surrogates (undecodable file names) replaced: it can be written as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def whole_text(text: Sentence, lang: str) -> str:
    """Return a text of ours, with foreign words in it, as JSON can hold it."""
    return whole_characters(text.pick(lang))


def whole_value(value: Any) -> Any:
    """Return a plain value as JSON can hold it."""
    return whole_characters(value) if isinstance(value, str) else value


def encodable(text: str, encoding: str | None) -> str:
    """Return `text` with what `encoding` cannot hold in ASCII (``<=`` for ``≤``), ``?`` as the last resort.

    >>> encodable("KDB ≤ 60%, 10 m²", "cp1252"), encodable("KDB ≤ 60%, 10 m²", "utf-8")
    ('KDB <= 60%, 10 m²', 'KDB ≤ 60%, 10 m²')
    """
    try:
        text.encode(encoding or "ascii")
    except LookupError:
        encoding = "ascii"
    except UnicodeEncodeError:
        pass
    else:
        return text
    return "".join(_in_encoding(character, encoding or "ascii") for character in text)


def _in_encoding(character: str, encoding: str) -> str:
    if character.isascii():
        return character
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        plain = character.translate(_ASCII)
        if plain.isascii():
            return plain
        bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
        return bare or "?"
    return character


def md(text: str) -> str:
    r"""Return text that Markdown shows as it is: no markup, no HTML, no link, no mention.

    >>> md("a|b <img> @all"), md("- 1.5 m"), md("https://x.id www.x.id")
    ('a\\|b \\<img\\> \\@all', '\\- 1.5 m', 'https\\://x.id www\\.x.id')
    """
    return _MARKDOWN.sub(_escaped, safe_text(text))


def _escaped(found: re.Match[str]) -> str:
    if found[5] is None:
        return f"\\{found[0]}"
    digits = found[5].isdigit()
    return f"{found[4]}{found[5]}\\" if digits else f"{found[4]}\\{found[5]}"
