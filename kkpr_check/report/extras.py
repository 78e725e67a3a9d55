"""Libraries that come with an extra: a missing one is told with the command that installs it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from kkpr_check.errors import KkprError, Text
from kkpr_check.report.safe import encodable

SUBSTITUTE = "◊"
"""Stands for a character that the font does not have."""


def need(module: str, extra: str) -> Any:
    """Import a module of an extra.

    Raises
    ------
    KkprError
        It is not installed; the remedy is the pip command.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise KkprError(
            Text(
                f"this format needs the library {module}, which is not installed",
                f"format ini memerlukan pustaka {module}, yang belum terpasang",
            ),
            remedy=Text(f"pip install 'kkpr-check[{extra}]'", f"pip install 'kkpr-check[{extra}]'"),
            code="extra-missing",
        ) from error


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
