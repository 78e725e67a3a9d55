"""Errors as they travel between processes: with their place and remedy, whatever class they are of."""

from __future__ import annotations

from typing import Any

from kkpr_check import errors
from kkpr_check.errors import KkprError, Text, is_out_of_memory


def packed(error: BaseException) -> tuple[Any, ...]:
    """Return an error as plain values."""
    if isinstance(error, KkprError):
        many = [packed(one) for one in getattr(error, "errors", [])]
        return (
            "kkpr",
            type(error).__name__,
            tuple(error.text),
            tuple(error.place),
            error.remedy,
            error.code,
            many,
        )
    if is_out_of_memory(error):
        return ("memory",)
    if isinstance(error, OSError) and error.errno is not None:
        return ("os", error.errno, error.strerror, error.filename)
    return ("other", f"{type(error).__name__}: {error}")


def rebuilt(values: tuple[Any, ...]) -> BaseException:
    """Return the error that was packed."""
    kind, *rest = values
    if kind == "os":
        return OSError(*rest)
    if kind == "memory":
        return MemoryError()
    if kind == "other":
        return RuntimeError(rest[0])
    name, text, place, remedy, code, many = rest
    if many:
        return errors.ErrorGroup([one for one in map(rebuilt, many) if isinstance(one, KkprError)])
    made: KkprError = getattr(errors, name, KkprError)(
        Text(*text),
        place=errors.Place(*place),
        remedy=None if remedy is None else Text(*remedy),
        code=code,
    )
    return made
