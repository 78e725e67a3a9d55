"""Location findings (LOK) of a block: outside the plans, uncovered, split, near a refused area, another area than the papers say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from kkpr_check.errors import Text
from kkpr_check.geometry import round_m, utm_areal_scale, web_mercator_inflation
from kkpr_check.judgement import Judgement
from kkpr_check.model import OUTCOMES, Outcome, Site
from kkpr_check.phrases import Quantity
from kkpr_check.rules import RULES
from kkpr_check.rules.rows import SiteRows
from kkpr_check.zoning import Coverage, Subjects

SITE_RULES = tuple(rule for rule in RULES if rule.block == "site")


def judge_location(
    sites: Sequence[Site],
    subjects: Subjects,
    coverage: Coverage,
    found: Sequence[Judgement],
    strict_accuracy: bool,
) -> list[Judgement]:
    """Judge where each subject lies; `found` are the other land judgements, for the distance to what is adverse."""
    rows, zones = _site_rows(sites, subjects, coverage, found, strict_accuracy)
    items = []
    for rule in SITE_RULES:
        checked = rule.check(rows)
        for k, said in enumerate(checked.outcome.tolist()):
            if subjects.beside[k] and said < Outcome.UNDETERMINED:
                continue
            item = Judgement(k, rule, OUTCOMES[said])
            item.measured = None if checked.measured is None else _number(checked.measured[k])
            item.limit = None if checked.limit is None else _number(checked.limit[k])
            _tell_site(item, sites[int(subjects.site[k])], rows, k, zones[k], coverage)
            items.append(item)
    return items


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _site_rows(
    sites: Sequence[Site], subjects: Subjects, coverage: Coverage, found: Sequence[Judgement], strict: bool
) -> tuple[SiteRows, list[list[str]]]:
    n = len(subjects.site)
    zones: list[list[str]] = []
    ce90 = np.full(n, np.nan)
    covered = np.zeros(n, dtype=bool)
    for k in range(n):
        mine = [(m, r) for m in coverage.maps for r in m.rows(k)]
        zones.append(list(dict.fromkeys(m.subzones[m.judged.group[r]] for m, r in mine)))
        covered[k] = bool(mine) or any(m.judged.of(k).stop > m.judged.of(k).start for m in coverage.maps)
        speaks = mine[0][0] if mine else next(iter(coverage.maps), None)
        ce90[k] = speaks.window.zoning.ce90_m if speaks is not None else np.nan
    adverse = np.full(n, np.nan)
    for item in found:
        if item.flip_distance_m is None or item.rule.block not in ("use", "overlay"):
            continue
        inside = item.outcome is Outcome.FAIL or item.shallow
        distance = 0.0 if inside else item.flip_distance_m
        if inside or item.outcome is not Outcome.UNDETERMINED:
            adverse[item.subject] = np.fmin(adverse[item.subject], distance)
    legal = np.array([_nan(sites[int(s)].proposal.legal_area_m2) for s in subjects.site])
    rows = SiteRows(
        readable=np.ones(n, dtype=bool),
        covered=covered,
        gap_m2=round_m(shapely.area(coverage.open_gap)),
        area_m2=round_m(subjects.area_m2),
        n_zones=np.array([len(z) for z in zones], dtype=np.int64),
        adverse_distance_m=adverse,
        ce90_m=ce90,
        strict=np.full(n, strict),
        legal_area_m2=legal,
        legal_tolerance_ratio=np.full(n, coverage.tolerance.legal_area_pct / 100),
        is_parcel=np.array([kind == "parcel" for kind in subjects.kind], dtype=bool),
    )
    return rows, zones


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _tell_site(
    item: Judgement, site: Site, rows: SiteRows, k: int, zones: Sequence[str], coverage: Coverage
) -> None:
    code = item.rule.code
    if code == "LOK001" and item.outcome is Outcome.UNDETERMINED:
        item.missing = ("plan",)
    if code == "LOK002" and item.outcome is Outcome.UNDETERMINED:
        item.pieces = item.witness = coverage.open_gap[k]
        item.missing = ("zoning",)
    if code == "LOK003":
        item.values = {"count": len(zones), "zones": ", ".join(zones) or "-"}
    if code == "LOK004":
        item.values = {"accuracy": _accuracy_text(rows.adverse_distance_m[k], rows.ce90_m[k])}
        outside = isinstance(item.measured, float) and item.measured > 0
        item.flip_distance_m = item.measured if outside else None  # type: ignore[assignment]
    if code == "LOK005" and item.outcome is Outcome.CONDITIONAL:
        item.values = area_words(rows.area_m2[k], rows.legal_area_m2[k], site)


_TOUCHES_M = 0.01
"""Nearer than what a distance shows: said as touching."""


def _accuracy_text(distance_m: float, ce90_m: float) -> Text:
    if not np.isfinite(distance_m):
        return Text(
            "No area that would refuse the proposal lies within four times the map's accuracy.",
            "Tidak ada zona atau kawasan yang menolak usulan ini dalam jarak empat kali ketelitian peta.",
        )
    distance, ce90 = Quantity(distance_m, "m").text(), Quantity(ce90_m, "m").text()
    if distance_m < _TOUCHES_M:
        return Text(
            f"An area that would refuse the proposal reaches the site (map accuracy CE90 {ce90.en}).",
            f"Zona atau kawasan yang menolak usulan ini mencapai lokasi (ketelitian peta CE90 {ce90.id}).",
        )
    if distance_m < ce90_m:
        return Text(
            f"An area that would refuse the proposal lies {distance.en} away, "
            f"nearer than the map's accuracy (CE90 {ce90.en}).",
            f"Zona atau kawasan yang menolak usulan ini berjarak {distance.id}, "
            f"lebih dekat daripada ketelitian peta (CE90 {ce90.id}).",
        )
    return Text(
        f"The nearest area that would refuse the proposal is {distance.en} away (CE90 {ce90.en}).",
        f"Zona atau kawasan terdekat yang menolak usulan ini berjarak {distance.id} (CE90 {ce90.id}).",
    )


def area_words(drawn_m2: float, legal_m2: float, site: Site) -> dict[str, Any]:
    """Return what LOK005 tells of a drawn area and that of the papers."""
    ratio = drawn_m2 / legal_m2 - 1 if legal_m2 else 1.0  # papers that say 0: all of it differs
    mercator = Text("", "")
    inflated_m2 = 0.0
    if site.location is not None:
        longitude, latitude = site.location
        inflated_m2 = drawn_m2 / utm_areal_scale(longitude, latitude) * web_mercator_inflation(latitude)
    if inflated_m2 > 0 and abs(legal_m2 / inflated_m2 - 1) < 0.003:
        mercator = Text(
            " The legal area equals the Web Mercator area, which is too large by its nature.",
            " Luas menurut surat sama dengan luas Web Mercator, yang memang terlalu besar.",
        )
    return {
        "difference": Quantity(drawn_m2 - legal_m2, "m2"),
        "percent": Quantity(ratio, "ratio"),
        "mercator": mercator,
    }
