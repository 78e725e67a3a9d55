"""A document without a format: headings, paragraphs, tables and maps. Writers turn it into DOCX or PDF."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kkpr_check.report.drawing import Drawing, Rgb

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Blank:
    """A place that the officer fills in; `hint` says with what."""

    hint: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: foreign text is taken literally."""

    text: str | Blank
    bold: bool = False
    fill: Rgb | None = None

    @property
    def ink(self) -> Rgb:
        """Black, or white on a dark colour."""
        red, green, blue = self.fill or (255, 255, 255)
        return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 (the title of a report), 2 (a chapter) or 3."""

    level: Literal[1, 2, 3]
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: body text, a smaller note, a warning, or an item of a list."""

    text: str
    kind: Literal["body", "note", "warning", "item", "center"] = "body"


@dataclass(frozen=True, slots=True)
class Banner:
    """The answer, on its colour."""

    text: str
    below: str
    fill: Rgb


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header that is repeated on every page; `widths` are shares of the text width."""

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[float]
    align: Sequence[Align]


@dataclass(frozen=True, slots=True)
class Form:
    """Names and values, two columns, without a header."""

    rows: Sequence[tuple[str, Cell]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with its caption and what it shows in words."""

    drawing: Drawing
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Where the officer signs: nothing is filled in."""

    lines: Sequence[str | Blank]


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows begins on a new page."""


Block = Heading | Paragraph | Banner | Table | Form | Picture | Signature | PageBreak


@dataclass(frozen=True, slots=True)
class Document:
    """A document and what its file says about it."""

    title: str
    lang: str
    date: dt.date
    header: str
    footer: str
    page_words: str
    """Page count with ``{page}`` and ``{pages}``."""
    blocks: tuple[Block, ...]
