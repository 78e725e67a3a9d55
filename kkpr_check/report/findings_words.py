"""What all formats of data findings say alike: levels, places, the summary line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from kkpr_check.errors import Text
from kkpr_check.quality.findings import CODES, LEVELS, DataFinding, Level, Result
from kkpr_check.report.safe import safe_text

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
CLEAN = Text("no findings", "tidak ada temuan")


def place(finding: DataFinding, lang: str) -> str:
    """Return layer, feature and field in words; the file stands elsewhere."""
    words = Text("feature", "fitur") if finding.feature_field else Text("row", "baris")
    parts = [safe_text(finding.layer)] if finding.layer and finding.layer != _stem(finding.file) else []
    if finding.feature is not None:
        column = f" ({safe_text(finding.feature_field)})" if finding.feature_field else ""
        parts.append(f"{words.pick(lang)} {safe_text(finding.feature)}{column}")
    if finding.field:
        parts.append(safe_text(finding.field))
    return ", ".join(parts)


def _stem(file: str | None) -> str:
    return PurePosixPath((file or "").replace("\\", "/")).stem


def title(code: str, lang: str) -> str:
    """Return what a code is about."""
    return CODES[code].title.pick(lang)


def message(finding: DataFinding, lang: str) -> str:
    """Return the message as one harmless line."""
    return safe_text(finding.message.pick(lang))


def remedy(finding: DataFinding, lang: str) -> str:
    """Return the remedy as one harmless line."""
    return safe_text(finding.remedy.pick(lang))


def summary(result: Result, lang: str) -> str:
    """Return the counts in one line."""
    counts = [(result.count(level), level) for level in LEVELS]
    said = [f"{n} {(_PLURALS if n != 1 else LEVEL_WORDS)[level].pick(lang)}" for n, level in counts if n]
    if result.suppressed:
        said.append(f"{result.suppressed} " + Text("known (baseline)", "sudah dikenal (baseline)").pick(lang))
    return ", ".join(said) if said else CLEAN.pick(lang)


def notes(result: Result, lang: str) -> list[str]:
    """Return what the baseline has too much of, one line each."""
    unmatched = Text("baseline entry matches nothing any more", "entri baseline tidak lagi cocok")
    expired = Text("baseline entry has expired", "entri baseline sudah kedaluwarsa")
    return [
        f"{word.pick(lang)}: {safe_text(label)}"
        for word, labels in ((unmatched, result.baseline_unmatched), (expired, result.baseline_expired))
        for label in labels
    ]
