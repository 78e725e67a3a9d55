"""What the receiving end of a text report can show, and text put into that form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kkpr_check.report.safe import encodable, safe_text

if TYPE_CHECKING:
    import io

    from rich.console import Console
    from rich.text import Text as RichText

BAR_COLUMNS = 20
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:m²|m2|m|ha|%|lantai|floors?)(?!\w))")
_TIED = "\ue000"
"""A blank at which no line may end, for as long as rich wraps: it takes a no-break space for any other."""
_UNBROKEN_COLUMNS = 1_000_000
"""Wide enough that nothing is wrapped where no terminal asks for it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the receiving end can show.

    Attributes
    ----------
    columns
        Width to wrap at; None = a file or pipe: nothing is wrapped, no bars, no map.
    colour
        Whether ANSI colours may be used (only with `columns`).
    encoding
        Encoding of the stream; what it cannot hold is written in ASCII.
    """

    columns: int | None = None
    colour: bool = False
    encoding: str = "utf-8"

    @property
    def can_draw(self) -> bool:
        """Whether the encoding has block and braille characters."""
        try:
            "█⣿".encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    @property
    def draws(self) -> bool:
        """Whether bars and the map are wanted: a terminal that can show them."""
        return self.columns is not None and self.can_draw


def rich_text(text: str, look: Look, style: str = "") -> RichText:
    """Return text that rich takes literally, in characters that the receiving end has (before it is wrapped)."""
    from rich.text import Text as RichText

    said = _BEFORE_UNIT.sub(_TIED, encodable(safe_text(text), look.encoding))
    return RichText(said, style=style, overflow="fold")


def indented(text: str, look: Look) -> RichText:
    """Return text with its leading spaces kept on every wrapped line."""
    cell = rich_text(text.lstrip(), look)
    cell.pad_left(len(text) - len(text.lstrip()))
    return cell


def bar(share: float) -> str:
    """Return a bar of eighth blocks; anything above zero shows."""
    eighths = max(1 if share > 0 else 0, round(min(share, 1.0) * BAR_COLUMNS * 8))
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")


def console_for(look: Look, stream: io.StringIO) -> Console:
    """Return a console that writes what `look` can show into `stream`, and takes every text literally."""
    from rich.console import Console

    return Console(
        file=stream, width=look.columns or _UNBROKEN_COLUMNS, height=100, force_terminal=look.colour,
        no_color=not look.colour, color_system="standard" if look.colour else None, legacy_windows=False,
        markup=False, emoji=False, highlight=False, soft_wrap=False,
    )  # fmt: skip


def shown(stream: io.StringIO) -> str:
    """Return what was written, without the blanks that a table leaves at the ends of lines."""
    return re.sub(r" +(\x1b\[0m)?$", r"\1", stream.getvalue().replace(_TIED, " "), flags=re.MULTILINE)
