"""``kkpr-check plan init``: adopt real layers as a plan folder, and say what is left to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kkpr_check.errors import Text
from kkpr_check.io.adopt.draft import Ask, Draft, DraftLayer, Question, Reading, describe, make_draft
from kkpr_check.io.adopt.folder import check_target, write_folder
from kkpr_check.io.adopt.toml import MARK, RULE_NAMES, draft_overlays, undeclared


def init_command(
    layers: Sequence[str | Path],
    output: str | Path,
    *,
    yes: bool = False,
    overwrite: bool = False,
    layer: str | None = None,
    encoding: str | None = None,
    assume_crs: str | None = None,
    swap_xy: bool = False,
    ask: Ask | None = None,
    lang: str = "en",
) -> str:
    """Write a plan folder for the layers and return the summary.

    Parameters
    ----------
    layers
        A zoning layer, and what stands beside it (roads, rivers, overlays ...).
    output
        The folder to be made.
    yes
        Take what is certain and mark the rest, without asking.
    overwrite
        Replace an existing plan folder.
    layer, encoding, assume_crs, swap_xy
        How the files are read.
    ask
        Answers questions on a terminal; None where there is none (then as with `yes`).
    lang
        Language of comments and summary.

    Raises
    ------
    KkprError
        A layer can not be read or is of no use to a plan, or the folder exists; nothing is written then.
    """
    check_target(output, overwrite)
    reading = Reading(layer, encoding, assume_crs, swap_xy)
    draft = make_draft(layers, reading, ask=None if yes else ask)
    target = write_folder(draft, output, overwrite=overwrite, lang=lang)
    return "\n".join(line.pick(lang) for line in summary(draft, target)) + "\n"


def rich_ask(lang: str) -> Ask:
    """Return an `ask` that prompts on the terminal (standard error, so that the result stays clean)."""
    from rich.console import Console
    from rich.prompt import Prompt
    from rich.text import Text as Plain

    console = Console(stderr=True)

    def ask(question: Question) -> str:
        choices = [choice for choice in question.choices if choice]
        shown = f" [{'/'.join(choices)}]" if choices else ""
        text = Plain(question.text.pick(lang) + shown)
        while True:
            answer = Prompt.ask(
                text, console=console, default=question.default, show_default=bool(question.default)
            )
            if not question.choices or answer in question.choices or not answer:
                return answer or ""

    return ask


def summary(draft: Draft, target: Path) -> list[Text]:
    """Return what was made and what is left to do, a line each."""
    lines = [
        Text(
            f"{target}: plan folder of {len(draft.layers)} layers",
            f"{target}: folder rencana dari {len(draft.layers)} layer",
        )
    ]
    for layer in draft.layers:
        lines.append(_item(describe(layer)))
        lines.extend(_item(note, 2) for note in layer.notes)
        lines.extend(_item(line, 2) for line in _mapping(layer))
    lines.extend(_item(note) for note in draft.notes)
    lines.extend(_overlay_lines(draft))
    lines.append(Text("", ""))
    lines.append(Text("Left to do:", "Yang masih harus dikerjakan:"))
    lines.extend(_item(line) for line in _left(draft, target))
    return lines


def _item(text: Text, depth: int = 1) -> Text:
    indent = "  " * depth
    return Text(f"{indent}- {text.en}", f"{indent}- {text.id}")


def _mapping(layer: DraftLayer) -> list[Text]:
    found = layer.inspection
    if layer.role != "zoning" or found.subzone is None:
        return []
    fields = ", ".join(f"{meaning} = {name or '?'}" for meaning, name in layer.fields.items())
    lines = [Text(f"mapping: {fields}", f"pemetaan: {fields}")]
    decided = [(value, code) for value, code in layer.codes.items() if code]
    if decided:
        shown = ", ".join(f"{value} -> {code}" for value, code in decided[:8]) + (
            " ..." if len(decided) > 8 else ""
        )
        lines.append(Text(f"codes: {shown}", f"kode: {shown}"))
    techniques = [value for value, match in found.matches.items() if match.tpz]
    if techniques:
        shown = ", ".join(techniques[:8]) + (" ..." if len(techniques) > 8 else "")
        lines.append(
            Text(
                f"zoning techniques (TPZ) behind the code are not judged: {shown}",
                f"teknik pengaturan zonasi (TPZ) di belakang kode tidak dinilai: {shown}",
            )
        )
    lines.extend(conflict.text() for conflict in found.conflicts[:5])
    if found.without_value:
        n = found.without_value
        lines.append(Text(f"{n} features have no code", f"{n} fitur tanpa kode"))
    return lines


def _overlay_lines(draft: Draft) -> list[Text]:
    rules: dict[str, list[str]] = {}
    for spec, _ in draft_overlays(draft):
        source = (
            spec.field if spec.layer is None else f"{spec.layer}.{spec.field}" if spec.field else spec.layer
        )
        rules.setdefault(spec.rule, []).append(source or "")
    shown = "; ".join(f"{rule} {', '.join(sources)}" for rule, sources in sorted(rules.items()))
    lines = [Text(f"overlays: {shown}", f"ketentuan khusus: {shown}")] if shown else []
    for layer in draft.zoning:
        empty = [
            column for column, counts in layer.inspection.overlays.items() if not any(counts.keys() - {""})
        ]
        if empty:
            named = ", ".join(empty)
            lines.append(
                Text(
                    f"never filled in, so not declared: {named}",
                    f"belum pernah diisi, jadi tidak dideklarasikan: {named}",
                )
            )
    return [_item(line) for line in lines]


def _left(draft: Draft, target: Path) -> list[Text]:
    missing = [key for key in ("legal", "status", "valid_from") if not getattr(draft, key)]
    lines = []
    if missing:
        named = ", ".join(missing)
        lines.append(
            Text(
                f'plan.toml: fill in {named} (search for "{MARK}")', f'plan.toml: isi {named} (cari "{MARK}")'
            )
        )
    for layer in draft.zoning:
        if layer.field_is_doubtful:
            field = layer.fields["subzone"]
            lines.append(
                Text(
                    f"plan.toml: confirm that {field} is the field of the sub-zone code",
                    f"plan.toml: pastikan {field} adalah field kode subzona",
                )
            )
        unresolved = {item.value: item for item in layer.inspection.unresolved}
        for value in [value for value, code in layer.codes.items() if not code]:
            item = unresolved[value]
            tips = f" ({', '.join(item.suggestions)}?)" if item.suggestions else ""
            lines.append(
                Text(
                    f'plan.toml: "{value}", {item.features} features: {item.why.en}{tips}',
                    f'plan.toml: "{value}", {item.features} fitur: {item.why.id}{tips}',
                )
            )
    for layer in draft.layers:
        if layer.role == "road":
            lines.extend(_open_roads(layer))
    if draft.open_zones:
        n = len(draft.open_zones)
        lines.append(Text(f"zones.csv: {n} rows marked TODO", f"zones.csv: {n} baris bertanda TODO"))
    rules = undeclared(draft)
    if rules:
        named = ", ".join(f"{rule} {RULE_NAMES[rule].en}" for rule in rules)
        nama = ", ".join(f"{rule} {RULE_NAMES[rule].id}" for rule in rules)
        lines.append(
            Text(
                f"overlays without data (undetermined): {named}",
                f"ketentuan khusus tanpa data (perlu verifikasi): {nama}",
            )
        )
    lines.append(
        Text(
            f"tables: kkpr-check plan import-itbx FILE.xlsx {target}; plan import-intensity FILE {target}",
            f"tabel: kkpr-check plan import-itbx FILE.xlsx {target}; plan import-intensity FILE {target}",
        )
    )
    lines.append(
        Text(
            f"then: kkpr-check plan show {target}; plan lock {target}",
            f"lalu: kkpr-check plan show {target}; plan lock {target}",
        )
    )
    return lines


def _open_roads(layer: DraftLayer) -> list[Text]:
    if "road_class" not in layer.fields:
        return [
            Text(
                f"plan.toml: {layer.source.name} has no field of road classes; the class is then unknown",
                f"plan.toml: {layer.source.name} tidak punya field kelas jalan; kelasnya tidak diketahui",
            )
        ]
    named = ", ".join(f'"{value}"' for value, code in layer.codes.items() if not code)
    return (
        [Text(f"plan.toml: no road class: {named}", f"plan.toml: bukan kelas jalan: {named}")]
        if named
        else []
    )
