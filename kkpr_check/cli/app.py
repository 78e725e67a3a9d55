"""The command tree. Commands import what they need when they run: this module stays light."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any

import typer

from kkpr_check._version import __version__
from kkpr_check.cli.base import Command, Group, Session, session_of
from kkpr_check.cli.language import LANGUAGES, indonesian, localize, words
from kkpr_check.cli.options import refuse_together
from kkpr_check.errors import Text, UsageError

SUMMARY = words(
    "Check buildings and land against Indonesian spatial plans (KKPR). Advisory: not a KKPR decision. "
    "--lang, --quiet and --verbose may also stand after the command.",
    "Periksa bangunan dan lahan terhadap rencana tata ruang (KKPR). Bersifat membantu: bukan keputusan KKPR. "
    "--lang, --quiet, dan --verbose boleh juga ditulis setelah perintah.",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"kkpr-check {__version__}")
        print(", ".join(_libraries()))
        raise typer.Exit


def _libraries() -> Iterator[str]:
    """Yield the libraries that a result depends on with their versions, without loading them."""
    import platform
    from importlib import metadata

    yield f"Python {platform.python_version()}"
    for name in ("numpy", "shapely", "pyogrio", "pyproj", "numba", "pyarrow"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield f"{name} {metadata.version(name)}"


def _start(
    context: typer.Context,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang",
            metavar="id|en",
            show_default=False,
            help=words(
                "Language (default: KKPR_LANG, then the locale).",
                "Bahasa (bawaan: KKPR_LANG, lalu lokal sistem).",
            ),
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", help=words("No messages beside the result.", "Tanpa pesan selain hasil.")),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help=words("Details of a failure.", "Rincian bila gagal."))
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help=words("Print the version.", "Tampilkan versi."),
        ),
    ] = False,
) -> None:
    """Set the session up; --lang, --quiet and --verbose may also stand after the command."""
    if lang is not None and lang not in LANGUAGES:
        raise UsageError(
            Text(f"--lang {lang!r} is not known", f"--lang {lang!r} tidak dikenal"),
            remedy=Text("id or en", "id atau en"),
        )
    refuse_together({"--quiet": quiet, "--verbose": verbose})
    context.obj = Session(lang or session_of(context).lang, quiet, verbose)


def _typer(help_text: str) -> typer.Typer:
    return typer.Typer(
        cls=Group, help=help_text, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )  # fmt: skip


COMMANDS = ("check", "info", "batch", "plan", "validate", "diff", "verify", "rules", "demo", "doctor")
"""The commands in order of use: modules of this package whose `COMMAND` is (help, function) or (help, commands of the group)."""


def _command(name: str) -> tuple[str, Any]:
    command: tuple[str, Any] = import_module(f"kkpr_check.cli.{name}").COMMAND
    return command


def build(lang: str, wanted: str | None = None) -> Any:
    """Return the command line as a click command whose help speaks `lang`.

    With `wanted`, the name of a command, only that one is there and imported: each takes its time.
    """
    app = _typer(SUMMARY)
    app.callback()(_start)
    names = [wanted] if wanted in COMMANDS else COMMANDS
    _add(app, {name: _command(name) for name in names})
    tree: Any = typer.main.get_command(app)
    tree.commands = {name: tree.commands[name] for name in names}  # Typer lists groups last
    localize(tree, lang)
    return tree


def _add(app: typer.Typer, commands: Mapping[str, tuple[str, Any]]) -> None:
    for name, (text, command) in commands.items():
        if isinstance(command, Mapping):
            group = _typer(text)
            _add(group, command)
            app.add_typer(group, name=name, short_help=words(*(said.rstrip(".") for said in _both(text))))
        else:
            app.command(name, cls=Command, help=text, short_help=_in_short(text))(command)


def _in_short(text: str) -> str:
    """Return what a command does in a few words, for the list of commands: its help up to the first stop."""
    return words(*(re.split(r"[.:;] | \(|\.$", said, maxsplit=1)[0] for said in _both(text)))


def _both(text: str) -> tuple[str, str]:
    return text, indonesian(text) or text
