"""Exit codes, in one place (contract section 2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kkpr_check.model import Report

CONFORM = 0
"""Conform or conditional, or clean."""
VIOLATION = 1
"""Nonconform, partial or undetermined, or data errors found."""
COULD_NOT_RUN = 2
"""Bad arguments, unreadable input, no CRS, bad plan, out of disk, anything unforeseen."""
INTERRUPTED = 130


def of_reports(reports: Iterable[Report], *, strict: bool = False, allow_undetermined: bool = False) -> int:
    """Return the worst code of several reports; a site that could not be read counts as such.

    Parameters
    ----------
    strict
        A conditional verdict counts as a violation too.
    allow_undetermined
        An undetermined verdict does not count as a violation.
    """
    from kkpr_check.model import Verdict

    reports = tuple(reports)
    if any(report.site.unread for report in reports):
        return COULD_NOT_RUN
    good = {Verdict.CONFORM}
    if not strict:
        good.add(Verdict.CONDITIONAL)
    if allow_undetermined:
        good.add(Verdict.UNDETERMINED)
    return CONFORM if all(report.verdict in good for report in reports) else VIOLATION
