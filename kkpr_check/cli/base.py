"""The Typer classes of this command line: help in two languages, and options read as plain text.

Options are text or flags and are parsed by our own code (one parser for the command line, feature properties
and tables, with messages in both languages). Typer 0.26 and later would load pydantic to turn text into text,
which costs a third of a whole check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer
import typer.core

from kkpr_check.cli.language import localize_help


@dataclass(frozen=True, slots=True)
class Session:
    """What holds for a whole run."""

    lang: str = "en"
    quiet: bool = False
    verbose: bool = False


def session_of(context: typer.Context) -> Session:
    """Return the session of a command's context."""
    session = context.find_object(Session)
    return session if session is not None else Session()


class _Plain:
    """Stands in for Typer's coercion: text stays text, several values become a list."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value as it was written."""
        if getattr(param, "multiple", False) or param.nargs == -1:
            return list(value or ())
        return value


def _help_page(page: str, context: Any) -> str:
    """Return a finished help page with its examples, in the language of the run."""
    from kkpr_check.cli.examples import EXAMPLES

    calls = EXAMPLES.get(context.command_path.partition(" ")[2], ())
    lines = ("\n\nExamples:", *(f"  {line}" for call in calls for line in call.split("\n")))
    return localize_help(page.rstrip() + ("\n".join(lines) if calls else ""), session_of(context).lang)


def _read_as_written(params: Sequence[Any]) -> None:
    for param in params:
        if hasattr(param, "_runtime_param"):
            param._runtime_param = _Plain()


class Command(typer.core.TyperCommand):
    """A command whose options are read as written."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse without conversions."""
        _read_as_written(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the help page with examples in the language of the run, without the Python types of its arguments."""
        for param in self.get_params(ctx):
            if param.param_type_name == "argument":
                setattr(param, "display_type_rich", lambda ctx: None)  # noqa: B010  (a method of Typer's)
        return _help_page(super().get_help(ctx), ctx)


class Group(typer.core.TyperGroup):
    """A group of commands whose own options are read as written."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse without conversions."""
        _read_as_written(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the help page with examples in the language of the run."""
        return _help_page(super().get_help(ctx), ctx)
