"""Write the generated pages: rule pages, the command-line reference, and the marked parts of hand-written pages.

    python scripts/gen_docs.py            # write
    python scripts/gen_docs.py --check    # change nothing, fail where a page is stale

A part between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->`` belongs to this script.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas
import make_growth
from make_drawings import accuracy_svg

from kkpr_check.changes.base import CODES as DIFF_CODES
from kkpr_check.cli.app import build
from kkpr_check.cli.examples import EXAMPLES
from kkpr_check.model import Outcome
from kkpr_check.quality.catalogue import DOMAIN_CHECKS, ENTRIES
from kkpr_check.quality.findings import CODES
from kkpr_check.rules import RULES
from kkpr_check.rules.base import Rule

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "kkpr_check" / "schemas" / "plan-1.json"
FIGURES = ROOT / "benchmarks" / "check_cold.json"
VALIDATE_FIGURES = ROOT / "benchmarks" / "validate.json"
REDRAWN_FIGURES = ROOT / "benchmarks" / "redrawn.json"
EXAMPLE = "kkpr-check check examples/03-partial.geojson --plan data/sample --as-of 2026-01-01"
EXTRAS = {
    "fast": "the compiled area kernel of `batch` and `validate`",
    "parquet": "GeoParquet in and out; GeoPackage and FlatGeobuf out of `batch`",
    "xlsx": "annexes as Excel workbooks (`plan import-itbx`, `plan export-itbx`)",
    "postgis": "the example `examples/14-postgis.py`: parcels from PostGIS, verdicts back",
    "dask": "`batch --engine dask`: more than one machine",
    "docx": "`check --format docx`: the review as a document to edit, map included",
    "pdf": "`check --format pdf`: the same review as PDF/A-2b",
}
DIFF_EDITS = (
    ("itbx.csv", "rumah-tunggal,X,X,X,X,X,X,X,X,X,X,X,X,T3,I", "rumah-tunggal,X,X,X,X,X,X,X,X,X,X,X,X,T3,X"),
    ("plan.toml", '"HPK" = "conditional"', '"HPK" = "fail"'),
    ("plan.toml", "valid_from = 2024-03-01", "valid_from = 2090-01-01"),
)
"""What the example of `diff` changes in a copy of the sample plan: file, old text, new text."""
TABLES = ("layer", "overlay", "tolerance", "validate")
"""Keys of plan.toml that have a table of their own."""
FAMILIES = {
    "LOK": "Location",
    "KGT": "Activity (ITBX)",
    "INT": "Intensity",
    "TAB": "Building",
    "KHS": "Overlays and setbacks",
    "RTR": "Hierarchy of plans",
}


def pages() -> dict[Path, str]:
    """Return every page that is generated, or has a generated part, with the text it should have."""
    made = {ROOT / "docs" / "rules" / f"{rule.code}.md": rule_page(rule) for rule in RULES}
    made |= {ROOT / "docs" / "rules" / f"{code}.md": data_page(code) for code in ENTRIES}
    made[ROOT / "docs" / "rules" / "README.md"] = rule_index()
    made[ROOT / "docs" / "cli.md"] = cli_reference()
    made[ROOT / "docs" / "accuracy.svg"] = accuracy_svg()
    made[ROOT / "docs" / "growth.svg"] = make_growth.svg()
    parts = {
        ROOT / "README.md": {
            "example": example(),
            "rules": rule_table("docs/rules/"),
            "speed": speed(),
            "batch": make_growth.brief(),
        },
        ROOT / "docs" / "plan-folder.md": {"keys": "\n".join(key_tables())},
        ROOT / "docs" / "validate.md": {"codes": data_codes(), "demands": demands()},
        ROOT / "docs" / "diff.md": {"example": diff_example(), "codes": diff_codes()},
        ROOT / "docs" / "install.md": {"extras": extras()},
        ROOT / "docs" / "growth.md": dict(make_growth.parts()),
        ROOT / "docs" / "law.md": {"law": law_table()},
        ROOT / "benchmarks" / "README.md": {"topology": topology_speed(), "redrawn": redrawn_speed()},
    }
    return made | {path: filled(path.read_text("utf-8"), named) for path, named in parts.items()}


def filled(page: str, parts: Mapping[str, str]) -> str:
    """Return a page with its marked parts replaced.

    Raises
    ------
    ValueError
        A part has no place in the page.
    """
    for name, body in parts.items():
        place = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
        page, count = place.subn(lambda found, body=body: f"{found[1]}{body.rstrip()}\n{found[2]}", page)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"the page has {count} parts called {name}")
    return page


def stale(wanted: Mapping[Path, str]) -> list[Path]:
    """Return the pages on disk that differ from what they should be, missing and left-over ones included."""
    differ = [p for p, text in wanted.items() if not p.is_file() or p.read_text("utf-8") != text]
    left_over = [p for p in (ROOT / "docs" / "rules").glob("*") if p not in wanted]
    return differ + left_over


def cell(text: object) -> str:
    """Return text that cannot break a Markdown table."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def plain(text: str) -> str:
    """Return a message with its placeholders as an ellipsis."""
    return re.sub(r"\{\w+\}", "…", text)


def rule_page(rule: Rule) -> str:
    """Return the page of one rule, English first, then Indonesian."""
    subject = "land" if rule.is_land else "building"
    lines = [
        f"# {rule.code} {rule.name}",
        "",
        f"**{rule.title.en}** ({rule.title.id}). Family: {FAMILIES[rule.code[:3]]}; judges the {subject}.",
        "",
        f"- What it checks: {rule.what.en}",
        f"- Formula: `{rule.formula}`",
        f"- Law: {rule.law.en}",
        f"- Passes: {rule.passes.en}",
        f"- Fails: {rule.fails.en}",
        f"- What to do: {rule.advice.en}",
        "",
        "## What it says",
        "",
        "| outcome | English | Indonesia |",
        "|---|---|---|",
        *(
            f"| {o.word} | {cell(plain(t.en))} | {cell(plain(t.id))} |"
            for o, t in sorted(rule.say.items(), reverse=True)
        ),
        "",
        *overlay_note(rule),
        "## Bahasa Indonesia",
        "",
        f"- Yang diperiksa: {rule.what.id}",
        f"- Dasar hukum: {rule.law.id}",
        f"- Terpenuhi: {rule.passes.id}",
        f"- Dilanggar: {rule.fails.id}",
        f"- Yang perlu dilakukan: {rule.advice.id}",
        "",
        f"Cases: {case_link(rule)}. On the command line: `kkpr-check rules explain {rule.code}`.",
    ]
    return "\n".join(lines) + "\n"


def overlay_note(rule: Rule) -> list[str]:
    """Return what an overlay rule says inside its area where the plan says nothing else."""
    if rule.block not in ("overlay", "strip"):
        return []
    return [
        f"Inside its area the outcome is *{rule.default.word}* unless the plan's `[[overlay]]` sets another; "
        "an overlay that the plan does not declare is *undetermined*.",
        "",
    ]


def case_link(rule: Rule) -> str:
    """Return links to the case files of a rule."""
    files = sorted((ROOT / "tests" / "cases").glob(f"{rule.code}_*.toml"))
    return ", ".join(f"[{f.name}](../../tests/cases/{f.name})" for f in files) or "none"


def worst(rule: Rule) -> str:
    """Return what a rule with something to say may say at worst."""
    named = [o for o in rule.say if o not in (Outcome.NOT_APPLICABLE, Outcome.PASS)]
    return max(named).word if named else Outcome.PASS.word


def rule_table(folder: str) -> str:
    """Return the catalogue as a Markdown table whose links lead to `folder`."""
    rows = [
        f"| [{r.code}]({folder}{r.code}.md) | {r.name} | {cell(r.title.en)} | {cell(r.title.id)} | {worst(r)} |"
        for r in RULES
    ]
    return "\n".join(["| code | name | what | Indonesia | at worst |", "|---|---|---|---|---|", *rows])


def law_table() -> str:
    """Return the national norm behind each rule."""
    rows = [
        f"| [{r.code}](rules/{r.code}.md) | {cell(r.title.en)} · {cell(r.title.id)} | {cell(r.law.id)} | {cell(r.law.en)} |"
        for r in RULES
    ]
    return "\n".join(["| rule | what | dasar hukum | law |", "|---|---|---|---|", *rows])


def data_codes(folder: str = "rules/") -> str:
    """Return the data codes as a Markdown table whose links lead to `folder`."""
    rows = [
        f"| [{code}]({folder}{code}.md) | {CODES[code].name} | {cell(entry.what.en)} | {cell(entry.fails.en)} | {entry.levels} |"
        for code, entry in ENTRIES.items()
    ]
    return "\n".join(["| code | name | what holds | fails | level |", "|---|---|---|---|---|", *rows])


def data_page(code: str) -> str:
    """Return the page of one data code, English first, then Indonesian."""
    entry, names = ENTRIES[code], CODES[code]
    asked = [f"{number} ({what})" for number, (what, codes) in DOMAIN_CHECKS.items() if code in codes]
    lines = [
        f"# {code} {names.name}",
        "",
        f"**{names.title.en}** ({names.title.id}). Found by `kkpr-check validate`; level: {entry.levels}.",
        "",
        f"- What must hold: {prose(entry.what.en)}",
        f"- Asked for by: {entry.source}" + (f"; {', '.join(asked)}" if asked else ""),
        f"- Passes: {prose(entry.passes.en)}",
        f"- Fails: {prose(entry.fails.en)}",
        f"- What to do: {prose(entry.remedy.en)}",
        "",
        "## Bahasa Indonesia",
        "",
        f"- Yang harus terpenuhi: {prose(entry.what.id)}",
        f"- Terpenuhi: {prose(entry.passes.id)}",
        f"- Dilanggar: {prose(entry.fails.id)}",
        f"- Yang perlu dilakukan: {prose(entry.remedy.id)}",
        "",
        f"Cases: {', '.join(tests_of((code,)))}. On the command line: `kkpr-check rules explain {code}`.",
    ]
    return "\n".join(lines) + "\n"


def prose(text: str) -> str:
    """Return a sentence of the catalogue as Markdown text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("[[", "\\[\\[")


def demands() -> str:
    """Return which code answers which demand on the data, and the tests that hold it."""
    rows = [
        f"| {number} | {cell(what)} | {', '.join(codes) or '-'} | {', '.join(tests_of(codes)) or '-'} |"
        for number, (what, codes) in DOMAIN_CHECKS.items()
    ]
    return "\n".join(["| demand | what | codes | tests |", "|---|---|---|---|", *rows])


def tests_of(codes: tuple[str, ...]) -> list[str]:
    """Return the case files that find a code, else the test modules that name it."""
    found: dict[str, None] = {}
    tests = ROOT / "tests"
    for code in codes:
        cases = [
            f
            for f in sorted((tests / "quality_cases").glob("*.toml"))
            if f'code = "{code}"' in f.read_text("utf-8")
        ]
        modules = [f for f in sorted(tests.glob("test_*.py")) if f'"{code}"' in f.read_text("utf-8")]
        for file in cases or modules[:2]:
            found[f"`{file.relative_to(tests).as_posix()}`"] = None
    return list(found)


def extras() -> str:
    """Return the extras of the package and what each is for.

    Raises
    ------
    KeyError
        An extra that `EXTRAS` does not explain.
    """
    named = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    rows = [
        f"| `[{name}]` | {EXTRAS[name]} | {', '.join(f'`{need}`' for need in needs)} |"
        for name, needs in named.items()
        if name != "all"
    ]
    together = next(need for need in named["all"] if need.startswith("kkpr-check["))
    return "\n".join(["| extra | for | brings |", "|---|---|---|", *rows, f"| `[all]` | `{together}` | |"])


def rule_index() -> str:
    """Return the index of the rule pages."""
    return (
        "# Rules\n\nWritten by `scripts/gen_docs.py` from `kkpr_check/rules/`. Codes never change their meaning.\n\n"
        f"{rule_table('')}\n\n## Data codes of `validate`\n\n{data_codes('')}\n"
    )


def cli_reference() -> str:
    """Return every command with its options, read from the command line itself."""
    head = (
        "# Command line\n\nWritten by `scripts/gen_docs.py` from the commands themselves.\n\n"
        "Results go to stdout, progress and messages to stderr. Exit codes: **0** conform or conditional, or clean; "
        "**1** nonconform, partial or undetermined; **2** could not run; **130** interrupted.\n"
    )
    return head + "".join(command_section(path, command) for path, command in commands(build("en"), ()))


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield a command and all below it, with the words that call each."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


def command_section(path: tuple[str, ...], command: Any) -> str:
    """Return the section of one command."""
    rows = [
        f"| {parameter_name(p)} | {cell(p.help or '')} |"
        for p in command.params
        if "completion" not in p.name and p.name != "help"
    ]
    table = "\n| option | meaning |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
    calls = EXAMPLES.get(" ".join(path), ())
    examples = "\n```\n" + "\n".join(calls) + "\n```\n" if calls else ""
    return f"\n## kkpr-check {' '.join(path)}".rstrip() + f"\n\n{command.help.strip()}\n{examples}{table}"


def parameter_name(parameter: Any) -> str:
    """Return how an option or argument is written in a call."""
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    value = f" {parameter.metavar}" if parameter.metavar and not parameter.is_flag else ""
    names = [*parameter.opts, *parameter.secondary_opts]
    return ", ".join(f"`{name}{value}`".replace("|", "\\|") for name in names)


def key_tables() -> Iterator[str]:
    """Yield the keys of plan.toml, table by table, from its JSON schema."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    top = schema["properties"]
    layer, overlay = top["layer"]["items"], top["overlay"]["items"]
    yield from key_table("Top level", schema)
    yield from key_table("`[tolerance]`", top["tolerance"])
    yield from key_table("`[validate]`", top["validate"])
    yield from key_table("`[[layer]]`", layer)
    yield "### What a layer may say of its features (`[layer.fields]`, `[layer.defaults]`)\n"
    yield "| role | meanings |\n|---|---|"
    for branch in layer["allOf"]:
        names = branch["then"]["properties"]["fields"].get("propertyNames")
        if names:
            words = ", ".join(f"`{name}`" for name in names["enum"])
            yield f"| `{branch['if']['properties']['role']['const']}` | {words} |"
    yield ""
    yield from key_table("`[[overlay]]`", overlay)


def key_table(title: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield one table of keys."""
    yield f"### {title}\n"
    yield "| key | value | meaning |\n|---|---|---|"
    for name, entry in schema["properties"].items():
        if name in TABLES and entry.get("type") != "string":
            continue
        must = " (required)" if name in schema.get("required", ()) else ""
        yield f"| `{name}`{must} | {value_of(entry)} | {cell(entry.get('description', ''))} |"
    yield ""


def value_of(entry: Mapping[str, Any]) -> str:
    """Return the values that a key takes, in words."""
    if "enum" in entry:
        return ", ".join(f"`{v}`" for v in entry["enum"])
    kind = entry.get("type", "text")
    if "minimum" in entry and "maximum" in entry:
        return f"{kind}, {entry['minimum']} to {entry['maximum']}"
    words = {"string": "text", "object": "table"}
    return words.get(kind, kind) if isinstance(kind, str) else " or ".join(words.get(k, k) for k in kind)


def example() -> str:
    """Return one check with its real output."""
    environment = os.environ | {"KKPR_LANG": "en", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    call = [sys.executable, "-m", "kkpr_check", *shlex.split(EXAMPLE)[1:]]
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, check=False, encoding="utf-8")
    if done.returncode != 1:
        raise SystemExit(f"{EXAMPLE}: exit {done.returncode}\n{done.stderr}")
    return f"```console\n$ {EXAMPLE}\n{done.stdout.rstrip()}\n$ echo $?\n1\n```"


def diff_example() -> str:
    """Return a comparison of the sample plan with a changed copy of it, with its real output."""
    call = "kkpr-check diff lama baru --parcels persil.geojson --activity rumah-tunggal"
    environment = os.environ | {
        "KKPR_LANG": "en",
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": str(ROOT),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name in ("lama", "baru"):
            shutil.copytree(ROOT / "data" / "sample", Path(folder) / name)
        parcels = geopandas.read_file(ROOT / "data" / "sample" / "layers" / "persil_sintetis.fgb")
        parcels.iloc[::10].to_file(Path(folder) / "persil.geojson")
        for file, old, new in DIFF_EDITS:
            path = Path(folder) / "baru" / file
            text = path.read_text("utf-8")
            if old not in text:
                raise SystemExit(f"{file}: {old!r} is gone")
            path.write_text(text.replace(old, new, 1), "utf-8")
        command = [sys.executable, "-m", "kkpr_check", *shlex.split(call)[1:]]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=False, encoding="utf-8"
        )
    if done.returncode != 0:
        raise SystemExit(f"{call}: exit {done.returncode}\n{done.stderr}")
    return f"```console\n$ {call}\n{done.stdout.rstrip()}\n```"


def diff_codes() -> str:
    """Return the codes of `diff` as a table."""
    rows = [f"| {code} | {one.name} | {one.title.en} |" for code, one in DIFF_CODES.items()]
    return "\n".join(["| code | name | what |", "|---|---|---|", *rows])


def speed() -> str:
    """Return the figures that ``make bench`` measured, as a table."""
    figures = json.loads(FIGURES.read_text("utf-8"))
    base = figures["seconds"]["import geopandas"]
    rows = [
        f"| `{name}` | {seconds * 1000:.0f} ms | {seconds / base:.2f} | {figures['goal'].get(name, '')} |"
        for name, seconds in figures["seconds"].items()
    ]
    return "\n".join(
        [
            f"Whole process, cold start, median of {figures['runs']} alternating runs on {figures['machine']}; the zoning layer "
            f"is a locked GeoPackage of {figures['zones']:,} polygons. `make bench` measures it again.",
            "",
            "| what | time | against `import geopandas` | goal |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def topology_speed() -> str:
    """Return the figures that ``benchmarks/validate.py --write`` measured, as a table."""
    figures = json.loads(VALIDATE_FIGURES.read_text("utf-8"))
    rows = []
    for size in figures["sizes"]:
        methods = size["methods"]
        found = ", ".join(f"{name} {number}" for name, number in size["planted_found"].items())
        ratios = " | ".join(f"{methods[name]['ratio']:.2f}" for name in ("topology", "command"))
        memory = " | ".join(
            f"{methods[name]['together_mb'] / 1000:.1f} GB"
            for name in ("coverage_invalid_edges", "topology", "command")
        )
        vertices = f"{size['vertices'] / 1e6:.1f}M"
        rows.append(
            f"| {size['zones']:,} ({vertices} vertices) | {ratios} | {memory} | {found}, of {size['each']} each |"
        )
    return "\n".join(
        [
            f"Median of {figures['rounds']} rounds on {figures['machine']}; goal: {figures['goal']}.",
            "",
            "| polygons | pass over the geometries | whole command | memory: GEOS | pass | command | planted defects found |",
            "|---|---|---|---|---|---|---|",
            *rows,
        ]
    )


def redrawn_speed() -> str:
    """Return the figures that ``benchmarks/redrawn.py --write`` measured, as a table."""
    figures = json.loads(REDRAWN_FIGURES.read_text("utf-8"))
    rows = []
    for size in figures["sizes"].values():
        for name, run in size.items():
            if name != "polygons":
                found = sum(run["found"].values())
                rows.append(
                    f"| {size['polygons']:,} | {name} | {run['cpu_s']:.1f} s | {run['together_mb'] / 1000:.2f} GB "
                    f"| {found:,} | {run['answer_mb']:.1f} MB |"
                )
    return "\n".join(
        [
            f"One run each on {figures['machine']}, which others shared meanwhile: read the ratios.",
            "",
            "| polygons | call | processor time | memory | findings or changes | answer |",
            "|---|---|---|---|---|---|",
            *rows,
        ]
    )


def main() -> int:
    """Write or check the pages; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="fail where a page is stale")
    wanted = pages()
    if parser.parse_args().check:
        old = stale(wanted)
        for path in old:
            print(f"stale: {path.relative_to(ROOT)} (run: make docs)", file=sys.stderr)
        return 1 if old else 0
    for path in stale(wanted):
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], "utf-8", newline="\n")
        else:
            path.unlink()
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
