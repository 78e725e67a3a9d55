"""One report as the review tells it: words, numbers and cells in one language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kkpr_check.model import Finding, Json, Outcome, Report
from kkpr_check.phrases import Sentence
from kkpr_check.report import missing, words
from kkpr_check.report import telaah_words as w
from kkpr_check.report.document import Blank, Cell
from kkpr_check.report.findings import same_said
from kkpr_check.report.json import ToLonLat
from kkpr_check.report.safe import safe_text

_LONG = 2000
"""Longer foreign texts are cut: a page is for reading, the JSON report has them whole."""


@dataclass(frozen=True, slots=True)
class Page:
    """A report, its JSON and the language of the page."""

    report: Report
    json: Json
    lang: str
    to_lonlat: ToLonLat

    def say(self, text: Sentence) -> str:
        """Return a sentence in the language of the page."""
        return text.pick(self.lang)

    def lower(self, text: Sentence) -> str:
        """Return a sentence with a small first letter, to stand behind others."""
        said = self.say(text)
        return said[:1].lower() + said[1:]

    def text(self, value: object) -> str:
        """Return foreign text as one harmless line of bearable length."""
        line = safe_text(value)
        return line if len(line) <= _LONG else line[: _LONG - 1] + "…"

    def number(self, value: float | None, decimals: int = 2) -> str:
        """Return a number as people write it."""
        return "-" if value is None else words.number(value, decimals, self.lang)

    def quantity(self, value: float | str | None, unit: str | None) -> str:
        """Return a number with its unit."""
        return self.text(words.quantity(value, unit, self.lang))

    def blank(self) -> Cell:
        """Return a cell that the officer fills in."""
        return Cell(Blank(self.say(w.OFFICER)))

    def message(self, group: Sequence[Finding]) -> str:
        """Return what a group of findings says, without the same thing twice."""
        return self.text(self.say(missing.message(group)))

    def told(self, findings: Sequence[Finding]) -> list[str]:
        """Return what findings say; what all of them lack is said once."""
        if all(finding.missing for finding in findings):
            return [self.text(self.say(missing.only_missing(findings)))]
        return list(dict.fromkeys(self.message(group) for group in same_said(findings)))

    def outcome(self, outcome: Outcome) -> Cell:
        """Return an outcome as a cell in its colour."""
        return Cell(
            self.say(w.OUTCOMES.get(outcome, w.NOT_APPLICABLE)), bold=outcome is Outcome.FAIL,
            fill=w.OUTCOME_COLOURS.get(outcome),
        )  # fmt: skip
