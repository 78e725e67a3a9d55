"""Libraries that come with an extra: a missing one is told with the command that installs it."""

from __future__ import annotations

import importlib
from typing import Any

from kkpr_check.errors import InputError, Place, Text, is_out_of_memory


def need(module: str, extra: str, *, place: Place | None = None) -> Any:
    """Import a module of an extra; what it needs itself and does not find is another error.

    Raises
    ------
    InputError
        Code ``extra-missing``; the remedy is the pip command.
    MemoryError
        It is installed, and there is no memory to load it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise
        raise InputError(
            Text(
                f"this needs the library {library}, which is not installed",
                f"ini memerlukan pustaka {library}, yang belum terpasang",
            ),
            place=place,
            remedy=Text(f"pip install 'kkpr-check[{extra}]'", f"pip install 'kkpr-check[{extra}]'"),
            code="extra-missing",
        ) from error
