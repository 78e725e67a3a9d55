"""What all formats of `diff` say alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kkpr_check.changes.base import CODES, Change, Effect
from kkpr_check.changes.result import Cause, Diff, Flip, ParcelChanges, Version
from kkpr_check.errors import Text
from kkpr_check.model import Outcome, Verdict
from kkpr_check.phrases import Quantity, counted
from kkpr_check.report.safe import safe_text
from kkpr_check.report.words import SECTIONS as OUTCOME_TITLES
from kkpr_check.report.words import VERDICTS

NO_CHANGE = Text("no change found", "tidak ada perubahan")
NO_ZONE = Text("no zone", "tanpa zona")
EFFECTS: Mapping[Effect, Text] = {
    "stricter": Text("stricter", "lebih ketat"),
    "looser": Text("looser", "lebih longgar"),
    "other": Text("", ""),
}
HOW: Mapping[str, Text] = {
    "alone": Text("this alone is enough", "cukup oleh ini saja"),
    "needed": Text("needed, but not enough alone", "diperlukan, tetapi tidak cukup sendiri"),
    "together": Text("only several changes together", "hanya oleh beberapa perubahan bersama"),
}
SECTIONS: Mapping[str, Text] = {
    "6": Text("Plans", "Rencana"),
    "1": Text("Geometry", "Geometri"),
    "2": Text("Attributes", "Atribut"),
    "3": Text("Tables", "Tabel"),
    "4": Text("Law and plan.toml", "Hukum dan plan.toml"),
}
"""First digit of a code -> what it is about."""


def headline(diff: Diff) -> Text:
    """Return what changed in one line."""
    counts = {digit: sum(c.code[3] == digit for c in diff.all_changes) for digit in SECTIONS if digit != "6"}
    names = {**SECTIONS, "4": Text("law and plan.toml", "hukum dan plan.toml")}
    said = [(f"{n} in {names[d].en.lower()}", f"{n} {names[d].id.lower()}") for d, n in counts.items() if n]
    parts = (
        Text("changes: " + ", ".join(en for en, _ in said), "perubahan: " + ", ".join(id_ for _, id_ in said))
        if said
        else NO_CHANGE
    )
    if diff.old.kind == "folder":
        plans = plans_line(diff)
        parts = Text(f"{plans.en}; {parts.en}", f"{plans.id}; {parts.id}") if said else plans
    if diff.parcels is None:
        return parts
    flips = flips_line(diff.parcels, diff.max_flips)
    return Text(f"{parts.en}; {flips.en}", f"{parts.id}; {flips.id}")


def plans_line(diff: Diff) -> Text:
    """Return how many plans of a folder changed, came, went and could not be compared, in one line."""
    code = diff.by_code
    counts = (
        (len(diff.plans), "changed", "berubah"),
        (code.get("DIF601", 0), "added", "baru"),
        (code.get("DIF602", 0), "removed", "dihapus"),
        (code.get("DIF604", 0), "in another folder", "pindah folder"),
        (code.get("DIF603", 0), "not compared", "tidak dibandingkan"),
        (len(diff.unchanged), "unchanged", "tetap"),
    )
    said = [(f"{n} {en}", f"{n} {id_}") for n, en, id_ in counts if n]
    return Text("plans: " + ", ".join(en for en, _ in said), "rencana: " + ", ".join(id_ for _, id_ in said))


def flips_line(parcels: ParcelChanges, budget: int | None) -> Text:
    """Return how many verdicts flip, in one line."""
    n, worse = len(parcels.flips), parcels.worse
    en = f"{n} of {parcels.rows} parcels' verdicts flip ({worse} worse, {n - worse} better)"
    id_ = f"putusan {n} dari {parcels.rows} persil berubah ({worse} memburuk, {n - worse} membaik)"
    if parcels.unreadable:
        en += f", {len(parcels.unreadable)} cannot be judged"
        id_ += f", {len(parcels.unreadable)} tidak dapat dinilai"
    if budget is not None:
        over = parcels.against_budget > budget
        en += f"; {'over' if over else 'within'} the budget of {budget}"
        id_ += f"; {'melebihi' if over else 'dalam'} batas {budget}"
    return Text(en, id_)


def dates_line(parcels: ParcelChanges) -> Text:
    """Return by which law parcels were judged: it must not be guessed whether a date alone makes flips."""
    day = parcels.as_of.isoformat()
    if parcels.dates == "ignored":
        return Text(
            "both versions are judged as if in force: status and dates make no flip (--as-of DATE counts them)",
            "kedua versi dinilai seolah-olah berlaku: status dan tanggal tidak mengubah putusan (--as-of TANGGAL memperhitungkannya)",
        )
    return Text(f"judged by the law of {day}, status and dates included",
                f"dinilai menurut aturan per {day}, termasuk status dan tanggal")  # fmt: skip


def version_line(version: Version, lang: str) -> str:
    """Return path, plan and force of one side."""
    parts = [safe_text(version.path)]
    if version.plans is not None:
        parts.append(counted(version.plans, "plan", "plans", "rencana").pick(lang))
    if version.kind == "plan":
        parts.append(f"{safe_text(version.id)}, {force(version).pick(lang)}")
    parts.append(f"sha256 {version.sha256[:12]}")
    return " · ".join(parts)


def force(version: Version) -> Text:
    """Return whether a version is law, and from when to when."""
    dates = " – ".join(str(day) if day else "…" for day in (version.valid_from, version.valid_until))
    if version.status == "draft":
        return Text(f"draft ({dates})", f"rancangan ({dates})")
    word = (
        Text("in force", "berlaku")
        if version.in_force
        else Text("not in force that day", "tidak berlaku pada tanggal itu")
    )
    return Text(f"{word.en} ({dates})", f"{word.id} ({dates})")


def verdict(name: str, lang: str) -> str:
    """Return a verdict in words."""
    return VERDICTS[Verdict(name)].pick(lang)


def change_line(change: Change, lang: str) -> str:
    """Return a change as one harmless line: its place, its message, its effect."""
    names = [name for name in (change.layer, change.feature or change.old_feature) if name and not change.row]
    where = " ".join(safe_text(name) for name in names)
    field = f" {safe_text(change.field)}" if change.field and change.code[3] == "2" else ""
    effect = EFFECTS[change.effect].pick(lang) if change.effect else ""
    text = safe_text(change.message.pick(lang)) + (f" [{effect}]" if effect else "")
    return f"{where}{field}: {text}" if where or field else text


LEFT_OUT: Mapping[str, Text] = {
    "law": Text("law", "hukum"),
    "tables": Text("tables", "tabel"),
    "parcels": Text("parcels", "persil"),
}
"""What may not be compared."""
PARTS: Mapping[str, Text] = {
    "zoning": Text("zoning", "pola ruang"),
    "plan added": Text("plan added", "rencana baru"),
    "plan removed": Text("plan removed", "rencana dihapus"),
    "plan.toml: overlays and layers": Text(
        "plan.toml: overlays and layers", "plan.toml: ketentuan khusus dan layer"
    ),
    "plan.toml: dates and status": Text("plan.toml: dates and status", "plan.toml: tanggal dan status"),
    "plan.toml: accuracy": Text("plan.toml: accuracy", "plan.toml: ketelitian"),
    "plan.toml: identity": Text("plan.toml: identity", "plan.toml: identitas"),
}
"""Parts of a plan that are no name of a file or layer."""


def left_out(what: str, lang: str) -> str:
    """Return what was not compared in words."""
    return LEFT_OUT[what].pick(lang) if what in LEFT_OUT else safe_text(what)


def part_words(part: str, lang: str) -> str:
    """Return a part of a plan in words; of a folder of plans it begins with the id of the plan.

    >>> part_words("rdtr-utara: plan removed", "id")
    'rdtr-utara: rencana dihapus'
    """
    for name, text in PARTS.items():
        if part == name or part.endswith(f": {name}"):
            return safe_text(part.removesuffix(name)) + text.pick(lang)
    return safe_text(part)


def cause_line(cause: Cause, lang: str) -> str:
    """Return a cause as one harmless line."""
    if cause.how == "together":
        return HOW["together"].pick(lang) + (f": {part_words(cause.part, lang)}" if cause.part else "")
    detail = f": {safe_text(cause.detail)}" if cause.detail else ""
    more = "" if cause.how == "alone" else f" ({HOW[cause.how].pick(lang)})"
    return f"{part_words(cause.part, lang)}{detail}{more}"


def causes_line(causes: tuple[Cause, ...], lang: str) -> str:
    """Return the causes of a flip in one line."""
    return "; ".join(cause_line(cause, lang) for cause in causes) or "-"


OUTCOMES: Mapping[str, Text] = {
    "fail": OUTCOME_TITLES[Outcome.FAIL],
    "undetermined": OUTCOME_TITLES[Outcome.UNDETERMINED],
    "conditional": OUTCOME_TITLES[Outcome.CONDITIONAL],
    "-": Text("no longer", "tidak lagi"),
}


def rules_line(flip: Flip, lang: str) -> str:
    """Return the rules that changed, by what they are now: ``violated: INT002, KGT001; no longer: KGT002``."""
    now: dict[str, list[str]] = {name: [] for name in OUTCOMES}
    for rule, _, new in flip.rules:
        now.setdefault(new, []).append(rule)
    return "; ".join(f"{_outcome(name, lang)}: {', '.join(rules)}" for name, rules in now.items() if rules)


def _outcome(name: str, lang: str) -> str:
    return OUTCOMES[name].pick(lang).lower() if name in OUTCOMES else name


def area(value: float | None, lang: str) -> str:
    """Return an area in words."""
    return "-" if value is None else Quantity(value, "m2").text().pick(lang)


def sections(diff: Diff) -> Iterator[tuple[str, list[Change]]]:
    """Yield the subjects with their changes."""
    for digit in SECTIONS:
        found = [change for change in diff.changes if change.code[3] == digit]
        if found:
            yield digit, found


def title(code: str, lang: str) -> str:
    """Return what a code is about."""
    return CODES[code].title.pick(lang)
