"""Which language to speak, and the command line's own help in it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

LANGUAGES = ("id", "en")
_CATALOGUE: dict[str, str] = {
    "Install completion for the current shell.": "Pasang pelengkapan perintah untuk shell ini.",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "Tampilkan skrip pelengkapan untuk shell ini, untuk disalin atau diubah."
    ),
}
_HEADINGS = (
    (re.compile(r"^Usage:", re.MULTILINE), "Pemakaian:"),
    (re.compile(r"^Options:", re.MULTILINE), "Opsi:"),
    (re.compile(r"^Arguments:", re.MULTILINE), "Argumen:"),
    (re.compile(r"^Commands:", re.MULTILINE), "Perintah:"),
    (re.compile(r"^Examples:", re.MULTILINE), "Contoh:"),
    (re.compile(r"\[default: "), "[bawaan: "),
    (re.compile(r"\[required\]"), "[wajib]"),
    (re.compile(r"Show this message and exit\."), "Tampilkan pesan ini lalu selesai."),
)


def words(en: str, id: str) -> str:
    """Register a help text and return its English form, by which `localize` finds the Indonesian one."""
    _CATALOGUE[en] = id
    return en


def indonesian(text: str) -> str | None:
    """Return the Indonesian form of a registered help text."""
    return _CATALOGUE.get(text)


def resolve(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Return the language of a run: ``--lang``, then KKPR_LANG, then the locale (id* -> id, else en)."""
    environment = os.environ if environment is None else environment
    for count, argument in enumerate(arguments):
        if argument == "--":
            break
        asked = argument.partition("=")[2] if argument.startswith("--lang=") else None
        if argument == "--lang" and count + 1 < len(arguments):
            asked = arguments[count + 1]
        if asked in LANGUAGES:
            return str(asked)
    for name in ("KKPR_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "id" if environment[name].casefold().startswith("id") else "en"
    return "id" if _system_language().startswith(("id", "indonesia")) else "en"


def _system_language() -> str:
    """Return the locale where no variable names it (Windows)."""
    if os.name != "nt":
        return ""
    import locale

    return (locale.getlocale()[0] or "").casefold()


def localize(command: Any, lang: str) -> None:
    """Put the help of a command, its parameters and its sub-commands into Indonesian, in place."""
    if lang != "id":
        return
    for thing in (command, *command.params):
        for name in ("help", "short_help", "epilog"):
            text = getattr(thing, name, None)
            if text:
                setattr(thing, name, _CATALOGUE.get(text, text))
    for child in getattr(command, "commands", {}).values():
        localize(child, lang)


def localize_help(text: str, lang: str) -> str:
    """Put the headings of a finished help page into Indonesian."""
    if lang == "id":
        for pattern, replacement in _HEADINGS:
            text = pattern.sub(replacement, text)
    return text
