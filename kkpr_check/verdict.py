"""From findings to a verdict and a pathway (contract section 1), and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from kkpr_check.errors import Text
from kkpr_check.geometry import remainder_of, without_noise
from kkpr_check.model import Finding, Outcome, Site, Verdict
from kkpr_check.plan import Tolerance
from kkpr_check.rules import BY_CODE

_WITHOUT_FAIL = {
    Outcome.PASS: Verdict.CONFORM,
    Outcome.CONDITIONAL: Verdict.CONDITIONAL,
    Outcome.UNDETERMINED: Verdict.UNDETERMINED,
}


def decide(
    findings: Sequence[Finding], site: Site, left: Any, approvable: Any, tolerance: Tolerance
) -> Verdict:
    """Return the verdict of a site.

    Parameters
    ----------
    findings
        All findings that are applicable.
    left, approvable
        Parts of the parcel without a failing land finding, and with land findings that all pass or are conditional.
    """
    worst = max((f.outcome for f in findings), default=Outcome.NOT_APPLICABLE)
    if worst is not Outcome.FAIL:
        return _WITHOUT_FAIL.get(worst, Verdict.UNDETERMINED)
    building = [f for f in findings if not BY_CODE[f.rule].is_land]
    land = [f for f in findings if BY_CODE[f.rule].is_land]
    if (
        any(f.outcome is Outcome.FAIL for f in building)
        or any(f.outcome is Outcome.FAIL and f.subject == "footprint" for f in land)
        or site.parcel is None
        or left.is_empty
    ):
        return Verdict.NONCONFORM
    built_well = all(f.outcome <= Outcome.CONDITIONAL for f in building)
    if not approvable.is_empty and built_well and _holds(approvable, site.footprint, tolerance):
        return Verdict.PARTIAL
    return Verdict.UNDETERMINED


def _holds(area: Any, footprint: Any, tolerance: Tolerance) -> bool:
    """Tell whether an area holds the footprint up to noise (a land check has none to hold)."""
    if footprint is None:
        return True
    return bool(without_noise(remainder_of(footprint, area), footprint.area, tolerance).is_empty)


def pathway_of(
    integrated: bool, by_rdtr: bool, psn: bool, regulated: bool, idle_rdtr: bool = False
) -> tuple[Literal["KKKPR", "PKKPR", "RKKPR"], Text]:
    """Return the pathway and its reason.

    Parameters
    ----------
    integrated
        RDTRs that are integrated in OSS cover all of the site but noise.
    by_rdtr
        Some RDTR decides a part of it.
    psn, regulated
        The proposal is a national strategic project; some plan decides its use here.
    idle_rdtr
        An RDTR is drawn for this place and is not in force on the date of the check.
    """
    if psn and not regulated:
        return "RKKPR", Text(
            "A national strategic project that no plan given here regulates.",
            "Proyek strategis nasional yang belum diatur dalam rencana yang diberikan.",
        )
    if integrated:
        return "KKKPR", Text(
            "An RDTR that is integrated in OSS covers the whole site.",
            "RDTR yang terintegrasi OSS mencakup seluruh lokasi.",
        )
    if by_rdtr:
        return "PKKPR", Text(
            "The RDTR here is not integrated in OSS, or covers only a part of the site.",
            "RDTR di sini belum terintegrasi OSS, atau hanya mencakup sebagian lokasi.",
        )
    if idle_rdtr:
        return "PKKPR", Text(
            "The RDTR drawn for this place is not in force; the site is assessed against the other plans.",
            "RDTR untuk lokasi ini ada, tetapi belum atau tidak lagi berlaku; dinilai terhadap rencana tata ruang lainnya.",
        )
    return "PKKPR", Text(
        "No RDTR covers the site; it is assessed against the other plans.",
        "Tidak ada RDTR di lokasi ini; dinilai terhadap rencana tata ruang lainnya.",
    )
