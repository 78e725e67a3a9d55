"""A page of Markdown that fits into a comment on a pull request: what there is no room for is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from kkpr_check.errors import Text
from kkpr_check.report.safe import whole_characters
from kkpr_check.report.words import number

MAX_CHARACTERS = 65_536
"""GitHub refuses a longer comment."""
_ROOM_FOR_END = 300


class Page:
    """Lines that fit; what does not is counted."""

    def __init__(self, lang: str, most: int = MAX_CHARACTERS) -> None:
        self.lang = lang
        self.lines: list[str] = []
        self.left = most - _ROOM_FOR_END

    def add(self, *lines: str) -> bool:
        """Add lines together or not at all; tell whether they fitted."""
        size = sum(len(line.encode("utf-16-le")) // 2 + 1 for line in lines)
        if size > self.left:
            return False
        self.left -= size
        self.lines += lines
        return True

    def rows(self, head: Sequence[str], rows: Iterable[str], count: int, summary: str | None = None) -> None:
        """Add a table of `count` rows, folded under a summary, as long as there is room; say how many there was none for."""
        closing = ["", "</details>", ""] if summary else [""]
        room = sum(map(len, closing)) + 120
        self.left -= room
        fits = self.add("", *(["<details>", f"<summary>{summary}</summary>", ""] if summary else []), *head)
        told = sum(1 for _ in takewhile(self.add, rows)) if fits else 0
        self.left += room
        if told < count:
            left = number(count - told, 0, self.lang)
            more = Text(f"… and {left} more", f"… dan {left} lagi").pick(self.lang)
            self.add("", f"{more} (`--format json`)")
        if fits:
            self.add(*closing)

    def text(self) -> str:
        """Return the page."""
        return whole_characters("\n".join(self.lines)) + "\n"
