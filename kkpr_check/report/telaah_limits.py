"""Chapter VI of the review: the limits of the plan beside the proposal, and the distances side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kkpr_check.geometry import REL_TOL
from kkpr_check.model import Outcome, SideDistance, SideKind
from kkpr_check.report import info_words, words
from kkpr_check.report import telaah_words as w
from kkpr_check.report.document import Align, Block, Cell, Heading, Paragraph, Table
from kkpr_check.report.findings import same_said
from kkpr_check.report.telaah_page import Page

_INTENSITY = ("INT001", "INT002", "INT003", "INT004", "INT005", "TAB004", "TAB005", "TAB006", "TAB007")
_RULE_OF: Mapping[SideKind, str] = {"front": "TAB001", "side": "TAB002", "rear": "TAB003"}
_SETBACKS = tuple(_RULE_OF.values())


def limits(page: Page) -> Iterator[Block]:
    """Yield the tables of the chapter, and what they leave out."""
    head = [page.say(text) for text in (w.RULE, w.LIMIT, w.LIMIT_M2, w.PROPOSED, w.RESULT, w.LAW)]
    widths = (3.6, 1.9, 2.3, 2.3, 1.9, 3)
    align: Sequence[Align] = ("left", "right", "right", "right", "left", "left")
    rows = list(_limit_rows(page, _INTENSITY))
    if rows:
        yield Table(head, rows, widths, align)
    rows = list(_limit_rows(page, _SETBACKS))
    if rows:
        yield Heading(3, page.say(w.SETBACKS))
        yield Table(head, rows, widths, align)
    yield from _sides(page)
    told = [
        f"{page.say(w.REQUIREMENTS[group[0].rule])}: {page.message(group)}"
        for group in same_said(f for f in page.report.findings if f.rule in _SETBACKS)
        if group[0].outcome is not Outcome.NOT_APPLICABLE
    ]
    yield from (Paragraph(line, "item") for line in dict.fromkeys(told))
    skipped = [item for item in page.json["not_evaluated"] if item["rule"] in (*_INTENSITY, *_SETBACKS)]
    for item in skipped:
        label = page.say(w.REQUIREMENTS[item["rule"]])
        yield Paragraph(page.text(f"{label}: {page.lower(w.NOT_APPLICABLE)}. {item['why']}"), "note")


def _sides(page: Page) -> Iterator[Block]:
    """Yield the distances side by side, or why there are none."""
    if page.report.site.parcel is None or not page.report.plans_judged:
        return
    sides = page.report.around.sides
    yield Heading(3, page.say(w.PER_SIDE))
    if not sides:
        yield Paragraph(page.say(info_words.NO_FRONT) + ".", "note")
        return
    head = [page.say(text) for text in (w.SIDE, w.LENGTH, w.FROM, w.LIMIT, w.DISTANCE, w.MARGIN)]
    align: Sequence[Align] = ("left", "right", "left", "right", "right", "right")
    yield Table(head, [_side_row(page, side) for side in sides], (3, 1.7, 4.6, 2.2, 2, 1.9), align)
    if any(len(side.limits_m) > 1 for side in sides):
        yield Paragraph(page.say(w.SEVERAL_LIMITS), "note")


def _side_row(page: Page, side: SideDistance) -> tuple[Cell, ...]:
    name = f"{page.say(info_words.EDGE[side.kind])}, {page.say(info_words.COMPASS[side.compass])}"
    origin = page.say(words.MEASURED_FROM[side.reference if side.kind == "front" else side.kind])
    if side.road:
        width = page.say(words.UNKNOWN) if side.rumija_m is None else page.quantity(side.rumija_m, "m")
        origin += f"; {side.road}, {page.say(words.RUMIJA).format(width)}"
    limits = [f"≥ {page.quantity(limit, 'm')}" for limit in side.limits_m]
    limits += [page.say(words.UNKNOWN)] if side.unknown else []
    margin = fill = None
    if side.measured_m is not None and len(side.limits_m) == 1 and not side.unknown:
        margin = side.measured_m - side.limits_m[0]
        if margin < -REL_TOL * side.limits_m[0]:
            rule = _RULE_OF[side.kind]
            said = [f.outcome for f in page.report.findings if f.rule == rule]
            fill = w.OUTCOME_COLOURS.get(max(said, default=Outcome.NOT_APPLICABLE))
    return (
        Cell(name[:1].upper() + name[1:], bold=side.kind == "front"),
        Cell(page.quantity(side.length_m, "m")),
        Cell(page.text(origin)),
        Cell("\n".join(limits) or page.say(w.UNREGULATED)),
        Cell("-" if side.measured_m is None else page.quantity(side.measured_m, "m")),
        Cell("-" if margin is None else page.quantity(margin, "m"), fill=fill),
    )


def _limit_rows(page: Page, rules: Sequence[str]) -> Iterator[tuple[Cell, ...]]:
    """Return a row for each limit; zones with the same figures share one."""
    for rule in rules:
        zones_of: dict[tuple[Cell, ...], list[str]] = {}
        for finding in page.json["findings"]:
            if finding["rule"] == rule and finding["outcome"] != Outcome.NOT_APPLICABLE.word:
                zones = zones_of.setdefault(_limit_row(page, finding), [])
                zones += [finding["zone"]] if finding["zone"] else []
        for cells, zones in zones_of.items():
            label = page.say(w.REQUIREMENTS[rule])
            yield Cell(page.text(f"{label} ({', '.join(zones)})" if zones else label)), *cells


def _limit_row(page: Page, finding: Mapping[str, Any]) -> tuple[Cell, ...]:
    rule, unit = finding["rule"], finding["unit"]
    operator = {"<=": "≤", ">=": "≥"}.get(finding["operator"] or "", "")
    outcome = Outcome[finding["outcome"].upper()]
    limit, none = finding["limit"], rule in ("TAB006", "TAB007")
    if limit is None:
        shown = page.say(w.UNREGULATED) if outcome is Outcome.PASS and not finding["missing"] else "-"
    else:
        shown = "-" if none else f"{operator} {page.quantity(limit, unit)}".strip()
    per = finding["limit_m2"]
    own = (
        f"{operator} {words.area(per, page.lang)}"
        if per is not None
        else "-"
        if unit in ("ratio", "factor")
        else shown
    )
    measured = finding["measured"]
    proposed = "-" if measured is None else page.quantity(measured, unit)
    total = {"INT001": "footprint_area_m2"}.get(rule)
    given = {"INT002": "floor_area_m2", "INT003": "green_area_m2", "INT004": "basement_area_m2"}.get(rule)
    stated = page.json["subject"].get(total) if total else page.json["proposal"].get(given) if given else None
    alone = sum(item["rule"] == rule for item in page.json["findings"]) == 1
    standing = page.report.site.existing
    counted = standing is not None and not standing.is_empty and total is not None
    if stated is not None and measured is not None and alone and not counted:
        proposed += f"\n({words.area(stated, page.lang)})"
    return (
        Cell(shown), Cell(own), Cell(proposed), page.outcome(outcome),
        Cell(page.text(finding["legal"])),
    )  # fmt: skip
