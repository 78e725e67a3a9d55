"""The font of the review, and what it cannot write."""

from __future__ import annotations

from pathlib import Path

from kkpr_check.extras import need
from kkpr_check.report.safe import encodable

SUBSTITUTE = "◊"
"""Stands for a character that the font does not have."""


def font_file(extra: str, *, bold: bool = False) -> Path:
    """Return the file of PT Sans (OFL), as the package fontpkg-pt-sans brings it."""
    root = Path(need("fontpkg_pt_sans", extra).ROOT)
    return root / "files" / f"PT_Sans-Web-{'Bold' if bold else 'Regular'}.ttf"


def in_font(text: str, known: frozenset[int] | set[int]) -> str:
    """Return text in the characters that a font has: a plain spelling where there is one, else a lozenge.

    >>> in_font("→ 中", {*range(32, 127)})
    '-> ◊'
    """
    return "".join(c if ord(c) in known or c == "\n" else _plain(c) for c in text)


def _plain(character: str) -> str:
    plain = encodable(character, "ascii")
    return SUBSTITUTE if plain == "?" else plain
