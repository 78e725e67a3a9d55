"""What all formats of data findings say alike: levels, places, the summary line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from kkpr_check.changes.base import CODES as DIFF_CODES
from kkpr_check.errors import Text
from kkpr_check.phrases import counted, say
from kkpr_check.quality.findings import CODES, LEVELS, Code, DataFinding, FixReport, Level, Result, Target
from kkpr_check.quality.fixes import CONVERTED, WORDS
from kkpr_check.report.safe import safe_text
from kkpr_check.report.words import crs as crs_of
from kkpr_check.report.words import number

LEVEL_WORDS: Mapping[Level, Text] = {
    "error": Text("error", "kesalahan"),
    "warning": Text("warning", "peringatan"),
    "info": Text("info", "informasi"),
}
_PLURALS: Mapping[Level, Text] = {
    "error": Text("errors", "kesalahan"),
    "warning": Text("warnings", "peringatan"),
    "info": Text("info", "informasi"),
}
ALL_CODES: Mapping[str, Code] = {**CODES, **DIFF_CODES}
LONGEST = 500
"""Characters of a message that are shown; the JSON forms have all."""
CLEAN = Text("no findings", "tidak ada temuan")


def place(finding: DataFinding, lang: str) -> str:
    """Return layer, feature and field in words; the file stands elsewhere."""
    words = Text("feature", "fitur") if finding.feature_field else Text("row", "baris")
    parts = [safe_text(finding.layer)] if finding.layer and finding.layer != _stem(finding.file) else []
    if finding.feature is not None:
        column = f" ({safe_text(finding.feature_field)})" if finding.feature_field else ""
        if finding.feature_field and finding.layer is None:  # a table: its key, not the row
            parts.append(f"{safe_text(finding.feature_field)} {safe_text(finding.feature)}")
        else:
            parts.append(f"{words.pick(lang)} {safe_text(finding.feature)}{column}")
    if finding.field and finding.field != (finding.feature_field if finding.layer is None else None):
        parts.append(safe_text(finding.field))
    spot = _spot(finding)
    return ", ".join([*parts, spot] if spot else parts)


def _spot(finding: DataFinding) -> str:
    """Return a point of the witness as ``--point`` takes it (latitude,longitude): to paste into a map."""
    if finding.witness is None or finding.witness.is_empty:
        return ""
    point = finding.witness.representative_point()
    return f"@ {point.y:.6f},{point.x:.6f}"


def line(finding: DataFinding, lang: str) -> str:
    """Return place and message."""
    where = place(finding, lang)
    return f"{where}: {message(finding, lang)}" if where else message(finding, lang)


def in_turn(findings: Sequence[DataFinding], at_once: int) -> list[DataFinding]:
    """Return findings of each code some at a time, worst first, so that a list that is cut names every code.

    >>> from kkpr_check.errors import Text
    >>> a, b = (DataFinding(code, "error", Text("", ""), Text("", "")) for code in ("DAT101", "DAT203"))
    >>> [finding.code for finding in in_turn([a, a, a, b], 2)]
    ['DAT101', 'DAT101', 'DAT203', 'DAT101']
    """
    seen: Counter[tuple[str, str]] = Counter()
    keys = []
    for finding in (ranked := largest_first(findings)):
        kind = (finding.level, finding.code)
        keys.append((seen[kind] // at_once, LEVELS.index(finding.level), finding.code))
        seen[kind] += 1
    return [ranked[i] for i in sorted(range(len(ranked)), key=lambda i: keys[i])]


def largest_first(findings: Sequence[DataFinding]) -> list[DataFinding]:
    """Return findings by their area; those without stay in their order, after the others."""
    return sorted(findings, key=lambda finding: -(finding.area_m2 or 0.0))


def layer_of(target: Target) -> str:
    """Return the layer of a target, empty where the file is named so."""
    return "" if target.layer in (None, _stem(target.path)) else safe_text(target.layer)


def crs(label: str | None) -> str:
    """Return the name of a CRS without the beginning that a URN has; empty where it has none."""
    return crs_of(safe_text(label)) if label else ""


def _stem(file: str | None) -> str:
    return PurePosixPath((file or "").replace("\\", "/")).stem


def title(code: str, lang: str) -> str:
    """Return what a code is about."""
    return code_of(code).title.pick(lang)


def code_of(code: str) -> Code:
    """Return a code of `validate` or of `diff`."""
    return ALL_CODES[code]


def message(finding: DataFinding, lang: str) -> str:
    """Return the message as one harmless line."""
    return _short(safe_text(finding.message.pick(lang)))


def remedy(finding: DataFinding, lang: str) -> str:
    """Return the remedy as one harmless line."""
    return _short(safe_text(finding.remedy.pick(lang)))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def summary(result: Result, lang: str) -> str:
    """Return the counts in one line."""
    if result.headline is not None:
        return safe_text(result.headline.pick(lang))
    counts = [(result.count(level), level) for level in LEVELS]
    said = [
        f"{number(n, 0, lang)} {(_PLURALS if n != 1 else LEVEL_WORDS)[level].pick(lang)}"
        for n, level in counts
        if n
    ]
    if result.suppressed:
        said.append(
            f"{number(result.suppressed, 0, lang)} "
            + Text("known (baseline)", "sudah dikenal (baseline)").pick(lang)
        )
    return ", ".join(said) if said else CLEAN.pick(lang)


def notes(result: Result, lang: str) -> list[str]:
    """Return what was corrected and what the baseline has too much of, one line each."""
    told = [] if result.fixes is None else _fixes(result.fixes, lang)
    unmatched = Text("baseline entry matches nothing any more", "entri baseline tidak lagi cocok")
    expired = Text("baseline entry has expired", "entri baseline sudah kedaluwarsa")
    return told + [
        f"{word.pick(lang)}: {safe_text(label)}"
        for word, labels in ((unmatched, result.baseline_unmatched), (expired, result.baseline_expired))
        for label in labels
    ]


def _fixes(report: FixReport, lang: str) -> list[str]:
    """Return what `--fix-safe` did, one line a kind."""
    compared = say(
        "{corrections} in {output}; {sites} and {cases} judged before and after: no verdict changed",
        "{corrections} di {output}; {sites} dan {cases} dinilai sebelum dan sesudah: tidak ada putusan yang berubah",
        corrections=counted(len(report.fixes), "correction", "corrections", "perbaikan"),
        sites=counted(report.sites, "site", "sites", "lokasi"),
        cases=counted(report.cases, "case", "cases", "kasus"),
        output=report.output,
    )
    untouched = Text(
        f"0 corrections in {report.output}; nothing was judged",
        f"0 perbaikan di {report.output}; tidak ada yang dinilai",
    )
    head = compared if report.sites or report.cases or report.fixes else untouched
    lines = [safe_text(head.pick(lang))]
    lines += [f"  {count} x {WORDS[kind].pick(lang)} ({kind})" for kind, count in report.by_kind.items()]
    lines += [safe_text(f"    {fix.before} -> {fix.after}") for fix in report.fixes if fix.kind == CONVERTED]
    undone = Text("not done", "tidak dilakukan").pick(lang)
    lines += [
        f"  {undone}: {WORDS[item.kind].pick(lang)} - {safe_text(item.why.pick(lang))}"
        for item in report.rolled_back
    ]
    asis = Text(
        "left as it is, the format is not written here", "dibiarkan, formatnya tidak ditulis di sini"
    ).pick(lang)
    drawing = Text(
        "left as it is, a drawing (DXF) carries no attributes and its lines are not rewritten",
        "dibiarkan, gambar (DXF) tidak memuat atribut dan garisnya tidak ditulis ulang",
    ).pick(lang)
    lines += [
        f"  {drawing if path.casefold().endswith('.dxf') else asis}: {safe_text(path)}"
        for path in report.not_writable
    ]
    if report.locked:
        lines.append("  " + safe_text(Text(f"the copy is not locked: kkpr-check plan lock {report.output}",
                                            f"salinannya belum dikunci: kkpr-check plan lock {report.output}").pick(lang)))  # fmt: skip
    return lines
