"""Typer's complaints about a command line, said in both languages.

The classes are told apart by name: Typer vendors its click since 0.26 and uses the package before.
"""

from __future__ import annotations

import re
from typing import Any

import typer

from kkpr_check.errors import Text, UsageError

ClickException: type[Exception] = typer.BadParameter.__mro__[2]
"""The base class of Typer's complaints, whichever click it uses."""


def translate(error: Any) -> UsageError:
    """Return a complaint of Typer as our own error, with the way to the help page as remedy."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "kkpr-check"
    remedy = _once_each(error, context) or Text(f"see `{path} --help`", f"lihat `{path} --help`")
    return UsageError(_text(error), remedy=remedy)


def _once_each(error: Any, context: Any) -> Text | None:
    """Return how to give an option several times, where its values were written one after the other."""
    extra = re.match(r"Got unexpected extra argument.*? \((.*)\)$", error.format_message(), re.DOTALL)
    if extra is None or context is None:
        return None
    several = [p for p in context.command.params if getattr(p, "multiple", False)]
    given = [(p.opts[0], context.params.get(p.name)) for p in several if context.params.get(p.name)]
    for option, values in given:
        shown = " ".join(f"{option} {value}" for value in (*values, extra[1]))
        if " " not in extra[1]:
            return Text(
                f"give an option once for each value: {shown}", f"tulis opsi sekali untuk tiap nilai: {shown}"
            )
    return None


def _text(error: Any) -> Text:
    kind, said = type(error).__name__, error.format_message()
    if kind == "NoSuchOption":
        close = ", ".join(sorted(error.possibilities or ()))
        return Text(
            f"no such option: {error.option_name}" + (f" (did you mean {close}?)" if close else ""),
            f"opsi tidak dikenal: {error.option_name}" + (f" (mungkin maksudnya {close}?)" if close else ""),
        )
    if kind == "MissingParameter":
        param = error.param
        name = (param.metavar or param.name.upper()) if _is_argument(param) else param.opts[0]
        return Text(f"{name} is missing", f"{name} belum diberikan")
    if kind == "BadOptionUsage":
        return Text(
            f"the option {error.option_name} needs a value", f"opsi {error.option_name} memerlukan nilai"
        )
    for pattern, indonesian in _SENTENCES:
        match = re.match(pattern, said, re.DOTALL)
        if match:
            return Text(said[:1].lower() + said[1:], indonesian.format(*match.groups()))
    return Text(said, said)


def _is_argument(param: Any) -> bool:
    return getattr(param, "param_type_name", "") == "argument"


_SENTENCES = (
    (
        r"No such command '(.*?)'\. Did you mean (.*)\?",
        "perintah tidak dikenal: '{0}' (mungkin maksudnya {1}?)",
    ),
    (r"No such command '(.*?)'\.", "perintah tidak dikenal: '{0}'"),
    (r"Got unexpected extra argument.*? \((.*)\)$", "argumen berlebih: {0}"),
    (r"Missing command\.", "perintah belum diberikan"),
    (r"Invalid value for (.*?): (.*)", "nilai {0} tidak sah: {1}"),
    (r"Option '?(.*?)'? does not take a value\.", "opsi {0} tidak memakai nilai"),
)
