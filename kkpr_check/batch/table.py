"""The batch table (contract section 5): its columns, and the rows that reports make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kkpr_check.errors import Text
from kkpr_check.model import Finding, LedgerEntry, Outcome, Report
from kkpr_check.rules import ORDER

Kind = Literal["text", "number", "count"]

COLUMNS: Mapping[str, Kind] = {
    "id": "text", "verdict": "text", "pathway": "text", "plan": "text", "subzone": "text", "subzone_share": "number",
    "n_zones": "count", "zones": "text", "parcel_area_m2": "number", "footprint_area_m2": "number", "gap_m2": "number",
    "overlap_m2": "number", "dropped_m2": "number", "approvable_m2": "number", "fail": "text", "undetermined": "text",
    "conditional": "text", "flip_distance_m": "number", "message": "text",
}  # fmt: skip
FINDING_COLUMNS: Mapping[str, Kind] = {
    "id": "text", "rule": "text", "outcome": "text", "plan": "text", "zone": "text", "measured": "number",
    "limit": "number", "operator": "text", "unit": "text", "margin": "number", "flip_distance_m": "number",
    "legal": "text",
}  # fmt: skip
"""`measured` and `limit` are text in a few rules (what the matrix says)."""

RATIO_DECIMALS = 8


@dataclass
class BlockRows:
    """Answers for some parcels, column by column.

    Attributes
    ----------
    row
        Place of each answer in its block of the input.
    columns
        Name -> values, None for null; all columns of the table. Numbers may be an array with NaN for null.
    findings
        The long table: name -> values; empty where it is not asked for. `finding_row` is the place of the parcel.
    by_class
        How many of the answers are those of parcels alike; the engine judged the others one by one.
    """

    row: NDArray[np.int64]
    columns: dict[str, Sequence[Any]]
    findings: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    finding_row: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    by_class: int = 0

    def placed(self, row: NDArray[np.int64]) -> BlockRows:
        """Return the same answers at other places: `row` says where each old place is."""
        return BlockRows(row[self.row], self.columns, self.findings, row[self.finding_row], self.by_class)


def rows_of(
    reports: Sequence[Report], row: NDArray[np.int64], lang: str, *, message: bool, findings: bool
) -> BlockRows:
    """Return the rows that reports make.

    Parameters
    ----------
    row
        Place of each report's parcel in the block.
    lang
        Language of the messages.
    message, findings
        Whether messages and the long table are wanted.
    """
    made = [_row(report, lang, message=message) for report in reports]
    rows = BlockRows(row, {name: [one[n] for one in made] for n, name in enumerate(COLUMNS)})
    if findings:
        told = [_finding(report.site.id, finding) for report in reports for finding in report.findings]
        rows.findings = {name: [one[n] for one in told] for n, name in enumerate(FINDING_COLUMNS)}
        rows.finding_row = np.repeat(row, [len(report.findings) for report in reports])
    return rows


def broken_rows(ids: Sequence[str], row: NDArray[np.int64], why: Sequence[Text], lang: str) -> BlockRows:
    """Return the rows of parcels that can not be judged: undetermined, with the reason (LOK000)."""
    columns: dict[str, Sequence[Any]] = {name: [None] * len(ids) for name in COLUMNS}
    columns["id"] = list(ids)
    columns["verdict"] = ["undetermined"] * len(ids)
    columns["undetermined"] = ["LOK000"] * len(ids)
    columns["message"] = [f"LOK000: {text.pick(lang)}" for text in why]
    findings: dict[str, list[Any]] = {name: [None] * len(ids) for name in FINDING_COLUMNS}
    findings |= {"id": list(ids), "rule": ["LOK000"] * len(ids), "outcome": ["undetermined"] * len(ids)}
    return BlockRows(row, columns, findings, row)


def _row(report: Report, lang: str, *, message: bool) -> tuple[Any, ...]:
    site = report.site
    entry = report.combined[0] if report.combined else None
    codes = {outcome: _codes(report.findings, outcome) for outcome in Outcome}
    largest = entry.zones[0] if entry is not None and entry.zones else None
    return (
        site.id,
        report.verdict.value,
        report.pathway,
        plan_of(report, entry),
        None if largest is None else largest.subzone,
        None if largest is None else ratio(largest.share),
        None if entry is None else len(entry.zones),
        None if entry is None else ";".join(f"{z.subzone}:{share_text(z.share)}" for z in entry.zones),
        None if site.parcel is None else metres(site.parcel.area),
        None if site.footprint is None else metres(site.footprint.area),
        None if entry is None else metres(entry.gap_m2),
        None if entry is None else metres(entry.overlap_m2),
        None if entry is None else metres(entry.dropped_m2),
        _approvable(report),
        codes[Outcome.FAIL],
        codes[Outcome.UNDETERMINED],
        codes[Outcome.CONDITIONAL],
        min(
            (metres(f.flip_distance_m) for f in report.findings if f.flip_distance_m is not None),
            default=None,
        ),
        _message(report.findings, lang) if message or site.doubt is not None else None,
    )


def _approvable(report: Report) -> float | None:
    if report.approvable is not None:
        return metres(report.approvable.area_m2)
    return None if report.site.parcel is None or report.site.doubt is not None else 0.0


def plan_of(report: Report, entry: LedgerEntry | None) -> str | None:
    """Return the plan that decides the largest sub-zone of the combined map."""
    if entry is None or not entry.zones:
        return None
    largest = entry.zones[0]
    for own in report.ledger:
        if own.subject == entry.subject and any(
            z.subzone == largest.subzone and z.area_m2 >= largest.area_m2 - 1e-3 for z in own.zones
        ):
            return own.plan
    return next((own.plan for own in report.ledger if own.subject == entry.subject and own.zones), None)


def _codes(findings: Iterable[Finding], outcome: Outcome) -> str:
    found = {finding.rule for finding in findings if finding.outcome is outcome}
    return ",".join(sorted(found, key=ORDER.__getitem__))


def _message(findings: Sequence[Finding], lang: str) -> str:
    """Return what decides: the messages of the worst outcome, each once."""
    worst = max((finding.outcome for finding in findings), default=Outcome.PASS)
    if worst <= Outcome.PASS:
        return ""
    told = dict.fromkeys(f"{f.rule}: {f.message.pick(lang)}" for f in findings if f.outcome is worst)
    return " | ".join(told)


def _finding(site_id: str, finding: Finding) -> tuple[Any, ...]:
    return (
        site_id, finding.rule, finding.outcome.word, finding.plan, finding.zone,
        measure(finding.measured, finding.unit), measure(finding.limit, finding.unit), finding.operator, finding.unit,
        measure(finding.margin, finding.unit),
        None if finding.flip_distance_m is None else metres(finding.flip_distance_m), finding.legal,
    )  # fmt: skip


def metres(value: float) -> float:
    """Round an area or a length to 1e-4 (contract section 1a.6); never -0.0."""
    return round(float(value), 4) + 0.0


def ratio(value: float) -> float:
    """Round a share to 1e-8; never -0.0."""
    return round(float(value), RATIO_DECIMALS) + 0.0


def share_text(value: float) -> str:
    """Return a share for the `zones` column: four decimals, trailing zeros dropped.

    >>> share_text(0.81), share_text(1.0), share_text(0.00002)
    ('0.81', '1', '0')
    """
    return f"{value:.4f}".rstrip("0").rstrip(".")


def measure(value: float | str | None, unit: str | None) -> float | str | None:
    """Return a measured value or a limit as the JSON report writes it."""
    if value is None or isinstance(value, str):
        return value
    return metres(value) if unit in ("m", "m2") else ratio(value)


def joined(parts: Sequence[BlockRows]) -> BlockRows:
    """Join rows, in the order of their places."""
    row = np.concatenate([part.row for part in parts])
    order = np.argsort(row, kind="stable")
    columns: dict[str, Sequence[Any]] = {
        name: _sorted([plain_values(part.columns[name]) for part in parts], order) for name in COLUMNS
    }
    told = [part for part in parts if part.findings]
    places = np.concatenate([part.finding_row for part in told] or [np.empty(0, dtype=np.int64)])
    by_row = np.argsort(places, kind="stable")
    findings = {name: _sorted([part.findings[name] for part in told], by_row) for name in FINDING_COLUMNS}
    by_class = sum(part.by_class for part in parts)
    return BlockRows(row[order], columns, findings if told else {}, places[by_row], by_class)


def in_order(parts: Sequence[BlockRows], rows: int) -> BlockRows:
    """Join the rows of one block and put them into the order of the input."""
    if len(parts) == 1 and np.array_equal(parts[0].row, np.arange(rows)):
        return parts[0]
    found = joined(parts)
    if not np.array_equal(found.row, np.arange(rows)):
        raise AssertionError(f"{len(found.row)} answers for {rows} parcels")
    return found


def plain_values(values: Sequence[Any]) -> Sequence[Any]:
    """Return a column as plain Python values: an array may hold NaN for null."""
    if not isinstance(values, np.ndarray):
        return values
    found: list[Any] = values.tolist()
    return [None if value != value else value for value in found] if values.dtype.kind == "f" else found


def _sorted(lists: Sequence[Sequence[Any]], order: NDArray[np.int64]) -> list[Any]:
    cells = [np.asarray(values, dtype=object) for values in lists]
    found: list[Any] = np.concatenate(cells or [np.empty(0, dtype=object)])[order].tolist()
    return found
