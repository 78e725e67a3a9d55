"""``kkpr-check rules list`` and ``rules explain``: the catalogue as it stands in the code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import session_of
from kkpr_check.cli.language import words
from kkpr_check.errors import Text, UsageError

if TYPE_CHECKING:
    from kkpr_check.rules.base import Rule

GROUP = words("The rule catalogue.", "Katalog aturan.")
LIST = words("List every rule.", "Daftar semua aturan.")
EXPLAIN = words(
    "Explain one rule: law, formula, a passing and a failing example.",
    "Jelaskan satu aturan: dasar hukum, rumus, contoh yang terpenuhi dan yang dilanggar.",
)
_FORMATS = ("text", "json", "jsonl")
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="FORMAT", show_default=False,
                 help=words("text (default), json or jsonl.", "text (bawaan), json, atau jsonl.")),
]  # fmt: skip
Code = Annotated[
    str,
    typer.Argument(
        metavar="CODE",
        help=words("A code or a name: INT001, kdb-exceeded.", "Kode atau nama: INT001, kdb-exceeded."),
    ),
]
_PARTS = (
    ("what", Text("What it checks", "Yang diperiksa")),
    ("formula", Text("Formula", "Rumus")),
    ("law", Text("Law", "Dasar hukum")),
    ("passes", Text("Passes", "Terpenuhi")),
    ("fails", Text("Fails", "Dilanggar")),
    ("remedy", Text("What to do", "Yang perlu dilakukan")),
)


def list_rules(context: typer.Context, format: Format = None) -> int:
    """Print the catalogue, one rule a line."""
    from kkpr_check.rules import RULES

    fmt = o.format_of(format, None, _FORMATS)
    lang = session_of(context).lang
    if fmt == "text":
        wide = max(len(rule.name) for rule in RULES)
        lines = [f"{rule.code}  {rule.name:<{wide}}  {rule.title.pick(lang)}" for rule in RULES]
        return _print("\n".join(lines) + "\n")
    return _print_json([_facts(rule, lang) for rule in RULES], fmt)


def explain(context: typer.Context, code: Code, format: Format = None) -> int:
    """Print all there is to know of one rule."""
    fmt = o.format_of(format, None, _FORMATS)
    lang = session_of(context).lang
    rule = find(code)
    facts = _facts(rule, lang)
    if fmt != "text":
        return _print_json(facts, fmt)
    lines = [f"{rule.code} {rule.name}: {facts['title']}", ""]
    lines += [f"{label.pick(lang)}: {facts[part]}" for part, label in _PARTS if facts[part]]
    return _print("\n".join(lines) + "\n")


def find(code: str) -> Rule:
    """Return the rule of a code or a name, in any case.

    Raises
    ------
    UsageError
        There is none; the message names the nearest.
    """
    import difflib

    from kkpr_check.rules import RULES

    wanted = code.strip().casefold()
    names = {name.casefold(): rule for rule in RULES for name in (rule.code, rule.name)}
    if wanted in names:
        return names[wanted]
    near = difflib.get_close_matches(wanted, names, n=1)
    hint = f" ({near[0].upper() if near[0] == names[near[0]].code.casefold() else near[0]}?)" if near else ""
    raise UsageError(
        Text(f"no rule {code!r}{hint}", f"tidak ada aturan {code!r}{hint}"),
        remedy=Text("see `kkpr-check rules list`", "lihat `kkpr-check rules list`"),
    )


def _facts(rule: Rule, lang: str) -> dict[str, Any]:
    facts = {"code": rule.code, "name": rule.name, "title": rule.title.pick(lang), "unit": rule.unit,
             "operator": rule.operator, "judges": "land" if rule.is_land else "building"}  # fmt: skip
    for part, _ in _PARTS:
        value = getattr(rule, part)
        text = value.pick(lang) if isinstance(value, Text) else str(value)
        facts[part] = re.sub(r"\{\w+\}", "…", text)
    return facts


def _print_json(value: Any, fmt: str) -> int:
    from kkpr_check.report.json import encode

    if fmt == "jsonl":
        return _print("".join(encode(item) for item in (value if isinstance(value, list) else [value])))
    return _print(encode(value, indent=2))


def _print(text: str) -> int:
    from kkpr_check.cli.output import emit

    emit(text)
    return codes.CONFORM


COMMAND = (GROUP, {"list": (LIST, list_rules), "explain": (EXPLAIN, explain)})
