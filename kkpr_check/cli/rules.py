"""``kkpr-check rules list`` and ``rules explain``: rules and data codes as they stand in the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import session_of
from kkpr_check.cli.language import words
from kkpr_check.errors import Text, UsageError

if TYPE_CHECKING:
    from kkpr_check.rules.base import Rule

GROUP = words("The catalogue of rules and data codes.", "Katalog aturan dan kode data.")
LIST = words("List every rule and data code.", "Daftar semua aturan dan kode data.")
EXPLAIN = words(
    "Explain one rule (law, formula, a passing and a failing example) or data code.",
    "Jelaskan satu aturan (dasar hukum, rumus, contoh yang terpenuhi dan yang dilanggar) atau kode data.",
)
_FORMATS = ("text", "json", "jsonl")
Format = Annotated[
    str | None,
    o.formats(*_FORMATS, by_suffix=False),
]
Code = Annotated[
    str,
    typer.Argument(
        metavar="CODE",
        help=words(
            "A code or a name: INT001, kdb-exceeded, DAT101.", "Kode atau nama: INT001, kdb-exceeded, DAT101."
        ),
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
    from kkpr_check.quality.findings import CODES
    from kkpr_check.rules import RULES

    fmt = o.format_of(format, None, _FORMATS)
    lang = session_of(context).lang
    facts = [*(_facts(rule, lang) for rule in RULES), *(_data_facts(code, lang) for code in CODES)]
    if fmt == "text":
        wide = max(len(fact["name"]) for fact in facts)
        return _print("".join(f"{fact['code']}  {fact['name']:<{wide}}  {fact['title']}\n" for fact in facts))
    return _print_json(facts, fmt)


def explain(context: typer.Context, code: Code, format: Format = None) -> int:
    """Print all there is to know of one rule."""
    fmt = o.format_of(format, None, _FORMATS)
    lang = session_of(context).lang
    found = find(code)
    facts = _data_facts(found, lang) if isinstance(found, str) else _facts(found, lang)
    if fmt != "text":
        return _print_json(facts, fmt)
    lines = [f"{facts['code']} {facts['name']}: {facts['title']}", ""]
    lines += [f"{label.pick(lang)}: {facts[part]}" for part, label in _PARTS if facts.get(part)]
    return _print("\n".join(lines) + "\n")


def find(code: str) -> Rule | str:
    """Return the rule of a code or a name, in any case; of a data code (DAT101, overlap) the code.

    Raises
    ------
    UsageError
        There is none; the message names the nearest.
    """
    import difflib

    from kkpr_check.quality.findings import CODES
    from kkpr_check.rules import RULES

    wanted = code.strip().casefold()
    names: dict[str, Rule | str] = {
        name.casefold(): rule for rule in RULES for name in (rule.code, rule.name)
    }
    names |= {name.casefold(): data for data, entry in CODES.items() for name in (entry.name, data)}
    if wanted in names:
        return names[wanted]
    near = difflib.get_close_matches(wanted, names, n=1)
    hint = f" ({near[0].upper() if near[0][-3:].isdecimal() else near[0]}?)" if near else ""
    raise UsageError(
        Text(f"no rule {code!r}{hint}", f"tidak ada aturan {code!r}{hint}"),
        remedy=Text("see `kkpr-check rules list`", "lihat `kkpr-check rules list`"),
    )


def _facts(rule: Rule, lang: str) -> dict[str, Any]:
    facts = {"code": rule.code, "name": rule.name, "title": rule.title.pick(lang), "unit": rule.unit,
             "operator": rule.operator, "judges": "land" if rule.is_land else "building"}  # fmt: skip
    for part, _ in _PARTS:
        value = rule.advice if part == "remedy" else getattr(rule, part)
        facts[part] = value.pick(lang) if isinstance(value, Text) else str(value)
    return facts


def _data_facts(code: str, lang: str) -> dict[str, Any]:
    from kkpr_check.quality.catalogue import ENTRIES
    from kkpr_check.quality.findings import CODES

    entry = ENTRIES[code]
    return {
        "code": code, "name": CODES[code].name, "title": CODES[code].title.pick(lang), "judges": "data",
        "levels": entry.levels.split(", "), "what": entry.what.pick(lang), "law": entry.source,
        "passes": entry.passes.pick(lang), "fails": entry.fails.pick(lang), "remedy": entry.remedy.pick(lang),
    }  # fmt: skip


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
