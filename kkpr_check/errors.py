"""Errors a user can act on: what is wrong, where, and what to do next, in Indonesian and English.

A violation of a rule is never an exception, and an exception is never a violation: every class here
means "could not run" (exit code 2).
"""

from __future__ import annotations

import errno
from typing import Any, NamedTuple


class Text(NamedTuple):
    """One sentence in both languages of the tool."""

    en: str
    id: str

    def pick(self, lang: str) -> str:
        """Return the sentence in `lang` ("id" or "en")."""
        return self.id if lang == "id" else self.en


class Place(NamedTuple):
    """Where in the input something stands; every part is optional."""

    file: str | None = None
    layer: str | None = None
    row: str | int | None = None
    column: str | None = None

    def pick(self, lang: str) -> str:
        """Return the place as words, for example ``zones.csv, baris 4, kolom KDB``."""
        words = {"id": ("layer", "baris", "kolom"), "en": ("layer", "row", "column")}[
            "id" if lang == "id" else "en"
        ]
        parts = [self.file] if self.file else []
        for word, value in zip(words, (self.layer, self.row, self.column), strict=True):
            if value is not None:
                parts.append(f"{word} {value}")
        return ", ".join(parts)


class KkprError(Exception):
    """Base of all errors that end a run with exit code 2.

    Parameters
    ----------
    text
        What is wrong.
    place
        Where: file, layer, row (feature id or 1-based table row), column.
    remedy
        What to do next.
    code
        Stable kebab-case name of the cause, for scripts.
    """

    code = "error"

    def __init__(
        self, text: Text, *, place: Place | None = None, remedy: Text | None = None, code: str | None = None
    ) -> None:
        super().__init__(text.en)
        self.text = text
        self.place = place or Place()
        self.remedy = remedy
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (type(self), self.text, self.place, self.remedy, self.code)

    def render(self, lang: str) -> str:
        """Return the whole message on as few lines as it needs."""
        where = self.place.pick(lang)
        message = f"{where}: {self.text.pick(lang)}" if where else self.text.pick(lang)
        if self.remedy is not None:
            message += "\n  -> " + self.remedy.pick(lang)
        return message

    def __str__(self) -> str:
        return self.render("en")


class UsageError(KkprError):
    """Options that contradict each other or name nothing."""

    code = "usage"


class InputError(KkprError):
    """A site or layer that cannot be read whole."""

    code = "input"


class CrsError(KkprError):
    """A coordinate system that is absent, unknown or implausible."""

    code = "crs"


class PlanError(KkprError):
    """A plan folder whose identity, tables or mapping are wrong."""

    code = "plan"


LISTED_MAX = 20
"""Problems that one message lists."""


class ErrorGroup(KkprError):
    """All problems of one input at once, so that a planner repairs them in one go."""

    code = "many"

    def __init__(self, errors: list[KkprError]) -> None:
        word = "problem" if len(errors) == 1 else "problems"
        super().__init__(Text(f"{len(errors)} {word}", f"{len(errors)} masalah"))
        self.errors = errors

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.errors,), {"code": self.code}

    def render(self, lang: str) -> str:
        """Return one message a problem, and the number of those that are too many to read."""
        lines = [error.render(lang) for error in self.errors[:LISTED_MAX]]
        more = Text("and {} more problems", "dan {} masalah lagi").pick(lang)
        left = len(self.errors) - len(lines)
        return "\n".join([*lines, more.format(left)] if left > 0 else lines)


def _made(kind: type[KkprError], text: Text, place: Place, remedy: Text | None, code: str) -> KkprError:
    """Make an error again that came from another process."""
    return kind(text, place=place, remedy=remedy, code=code)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory ran out, at the root of an error: a library that can not be loaded for want of it says so in words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno == errno.ENOMEM):
            return True
        if isinstance(cause, (ImportError, OSError)) and any(words in str(cause) for words in _NO_MEMORY):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


_NO_MEMORY = ("failed to map segment", "annot allocate memory")
