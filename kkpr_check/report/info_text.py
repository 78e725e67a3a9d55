"""What the plans say of a parcel, for people: plain text and Markdown from the same lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from kkpr_check.envelope import STOREY_M, Room
from kkpr_check.errors import Text
from kkpr_check.inputs import label
from kkpr_check.phrases import Sentence
from kkpr_check.plan import Limit, State
from kkpr_check.report import info_words as w
from kkpr_check.report import missing, words
from kkpr_check.report.info_json import formula_of
from kkpr_check.report.safe import md, safe_text
from kkpr_check.siteinfo import LETTERS, Activity, LimitRow, PartInfo, SiteInfo

SHOWN = 15
"""Activities of one letter that are listed; all of them stand in the JSON, or after --find."""


class Line:
    """One line of the page: a heading, an item, or plain text at a depth."""

    __slots__ = ("depth", "kind", "text")

    def __init__(self, kind: Literal["title", "heading", "item", "text"], text: str, depth: int = 0) -> None:
        self.kind, self.text, self.depth = kind, safe_text(text), depth


def dumps(infos: Sequence[SiteInfo], lang: str, as_of: dt.date, columns: int | None = None) -> str:
    """Return the pages as text; wrapped at `columns` where given."""
    import textwrap

    out: list[str] = []
    for line in _lines(infos, lang, as_of):
        if line.kind == "heading":
            out.append("")
        lead = "  " * line.depth + ("- " if line.kind == "item" else "")
        if columns is None:
            out.append(lead + line.text)
        else:
            out += textwrap.wrap(
                line.text, max(columns, 30), initial_indent=lead, subsequent_indent=" " * len(lead)
            ) or [""]
    return "\n".join(out) + "\n"


def dumps_markdown(infos: Sequence[SiteInfo], lang: str, as_of: dt.date) -> str:
    """Return the pages as Markdown."""
    out: list[str] = []
    for line in _lines(infos, lang, as_of):
        text = md(line.text)
        if line.kind in ("title", "heading"):
            out += ["", ("# " if line.kind == "title" else "## ") + text, ""]
        else:
            out.append("  " * max(line.depth - 1, 0) + "- " + text)
    return "\n".join(out).lstrip("\n") + "\n"


def _lines(infos: Sequence[SiteInfo], lang: str, as_of: dt.date) -> Iterator[Line]:
    for info in infos:
        yield from _Page(info, lang, as_of).lines()
    yield Line("heading", w.NOTE.pick(lang))
    yield Line("text", w.DISCLAIMER.pick(lang))


@dataclass(frozen=True, slots=True)
class _Page:
    info: SiteInfo
    lang: str
    as_of: dt.date

    def say(self, text: Sentence, *values: object) -> str:
        return text.pick(self.lang).format(*values) if values else text.pick(self.lang)

    def m2(self, value: float) -> str:
        return words.area(value, self.lang)

    def number(self, value: float, unit: str | None = None) -> str:
        return words.told(value, unit or "factor", self.lang)

    def lines(self) -> Iterator[Line]:
        yield from self._head()
        for part in self.info.parts:
            yield from self._part(part)
        yield from self._edges()
        yield from self._overlays()
        yield from self._envelope()
        yield from self._sources()

    def _head(self) -> Iterator[Line]:
        report = self.info.report
        yield Line("title", self.say(w.TITLE, report.site.id))
        provenance = report.provenance
        if any(plan.get("synthetic") for plan in provenance.get("plans", ())):
            yield Line("text", self.say(words.SYNTHETIC))
        if report.draft:
            yield Line("text", self.say(w.DRAFT))
        yield Line("text", f"{self.say(words.AS_OF)}: {words.date(self.as_of, self.lang)}")
        if report.site.doubt is not None:
            yield Line("text", self.say(report.site.doubt))
            return
        if self.info.at_point:
            yield Line("text", self.say(w.AT_POINT))
        elif report.site.parcel is not None:
            yield Line("text", self.say(w.AREA, self.m2(report.site.parcel.area)))
        pathway = self.say(words.PATHWAYS[report.pathway])
        yield Line("text", f"{self.say(words.PATHWAY)}: {pathway}: {self.say(report.pathway_reason)}")
        proposal = report.site.proposal
        asked = [
            f"{self.say(words.FIELDS[name])} {value}"
            for name, value in (("kbli", proposal.kbli), ("activity", proposal.activity))
            if value
        ]
        asked += [f"“{self.info.find}”"] if self.info.find else []
        if asked:
            yield Line("text", self.say(w.ASKED, ", ".join(asked)))
        if not self.info.parts:
            yield Line("text", self.say(w.NO_ZONE))
        for entry in () if self.info.at_point else report.combined:
            if entry.gap_m2 >= 0.005:
                yield Line("text", self.say(w.GAP, self.m2(entry.gap_m2)))

    def _part(self, part: PartInfo) -> Iterator[Line]:
        name = f"{part.subzone} {part.name}".strip()
        size = "" if part.area_m2 is None else f": {self.m2(part.area_m2)}"
        share = "" if part.share is None else f" ({words.percent(part.share, self.lang)})"
        yield Line("heading", self.say(w.ZONE, name) + size + share)
        kind = self.say(w.CLASS[part.protected])
        zone = f"{part.zone}, " if part.zone else ""
        yield Line("text", f"{zone}{kind}; {self.say(words.PLAN)} {part.plan.id}: {part.plan.legal}", 1)
        yield Line("text", self.say(w.LIMITS), 1)
        if part.unknown:
            told = ", ".join(self.say(label(name)) for name in part.unknown)
            yield Line("text", self.say(w.SEVERAL, told), 2)
        if not part.plan.tables.intensity.get(part.subzone):
            yield Line("text", self.say(w.NO_LIMITS, part.subzone), 2)
        else:
            for row in part.rows:
                yield from self._row(row)
        yield from self._activities(part)

    def _row(self, row: LimitRow) -> Iterator[Line]:
        if row.row is None:
            yield Line("item", self.say(w.NO_ROW), 2)
            return
        road = self.say(w.ANY_ROAD) if row.road_class == "*" else self.say(w.ROAD, row.road_class)
        low, high = row.parcel_min_m2, row.parcel_max_m2
        size = ""
        if low is not None or high is not None:
            size = ", " + (
                self.say(w.FROM_TO, self.number(low), self.number(high)) if low is not None and high is not None
                else self.say(w.FROM, self.number(low)) if low is not None
                else self.say(w.UP_TO, self.number(high or 0.0))
            )  # fmt: skip
        yield Line("item", f"{road}{size} [{row.legal}]", 2)
        numbers = [
            f"{self.say(w.LIMIT[name])} {self._limit(name, limit, row)}" for name, limit in row.limits.items()
        ]
        yield Line("text", "; ".join(numbers), 3)

    def _limit(self, name: str, limit: Limit, row: LimitRow) -> str:
        if limit.state is State.UNREGULATED:
            return self.say(w.UNREGULATED)
        if limit.state is State.MISSING:
            return self.say(w.UNKNOWN)
        formula = formula_of(limit)
        bound = self.say(w.AT_MOST if "_max" in name else w.AT_LEAST)
        if name.endswith("_pct"):
            text = self.number(limit.constant / 100, "ratio")
        elif name in ("klb_max", "floors_max"):
            text = self.number(limit.constant)
        else:
            text = formula or self.number(limit.constant, "m2" if name.endswith("_m2") else "m")
        if name in row.m2:
            text += f" = {self.m2(row.m2[name])}"
        if name == "gsb_min_m":
            text += f" {self.say(w.GSB_FROM[row.gsb_from])}"
        return f"{bound} {text}"

    def _activities(self, part: PartInfo) -> Iterator[Line]:
        if not part.plan.tables.activities:
            yield Line("text", self.say(w.NO_MATRIX), 1)
            return
        yield Line("text", self.say(w.ACTIVITIES), 1)
        if not part.activities:
            yield Line("text", self.say(w.NONE_FOUND), 2)
        for letter in LETTERS:
            group = [a for a in part.activities if a.letter == letter]
            if not group:
                continue
            yield Line("text", f"{self.say(w.LETTER[letter])} ({len(group)})", 2)
            shown = group if self.info.find or len(group) <= SHOWN + 1 else group[:SHOWN]
            for activity in shown:
                yield Line("item", self._activity(activity), 3)
            if len(shown) < len(group):
                yield Line("item", self.say(w.MORE, len(group) - len(shown)), 3)

    def _activity(self, activity: Activity) -> str:
        codes = f" [KBLI {', '.join(activity.kbli[:6])}{' ...' if len(activity.kbli) > 6 else ''}]"
        text = activity.name + (codes if activity.kbli else "")
        conditions = "; ".join(
            f"{code} {words_ or self.say(w.UNDEFINED)}" for code, words_, _ in activity.conditions
        )
        return f"{text}: {conditions}" if conditions else text

    def _edges(self) -> Iterator[Line]:
        if self.info.at_point or self.info.report.site.parcel is None:
            return
        yield Line("heading", self.say(w.EDGES))
        if not any(edge.kind == "front" for edge in self.info.edges):
            yield Line("text", self.say(w.NO_FRONT), 1)
        for edge in self.info.edges:
            place = f"{self.say(w.EDGE[edge.kind])}, {self.say(w.COMPASS[edge.compass])}"
            yield Line("item", f"{place}: {self.number(edge.length_m, 'm')}", 1)
        for road in self.info.roads:
            width = self.say(w.UNKNOWN) if road.width_m is None else self.number(road.width_m, "m")
            yield Line("item", self.say(w.ROAD_IN_FRONT, road.name, width), 1)

    def _overlays(self) -> Iterator[Line]:
        told = [f for f in self.info.overlays if f.outcome.word != "undetermined" or not f.missing]
        open_ = [f for f in self.info.overlays if f.outcome.word == "undetermined" and f.missing]
        if self.info.report.site.doubt is not None:
            return
        yield Line("heading", self.say(w.OVERLAYS))
        if not told and not self.info.parts:
            yield Line("text", self.say(w.OVERLAY_UNKNOWN), 1)
            return
        if not told and not open_:
            yield Line("text", self.say(w.NO_OVERLAY), 1)
        for f in told:
            law = f" [{f.legal}]" if f.legal else ""
            yield Line(
                "item", f"{f.rule} {f.name} - {self.say(w.SAYS[f.outcome])}: {self.say(f.message)}{law}", 1
            )
        lacking = missing.wanted(open_)
        for what, rules, who in lacking:
            yield Line(
                "item", f"{', '.join(rules)} - {self.say(w.OPEN)}: {self.say(what)} ({self.say(who)})", 1
            )

    def _envelope(self) -> Iterator[Line]:
        envelope = self.info.envelope
        if envelope is None or not self.info.parts:
            return
        yield Line("heading", self.say(w.ENVELOPE, self.m2(envelope.area_m2)))
        for reason, area in envelope.taken:
            if area >= 0.005:
                yield Line("text", f"{self.say(w.TAKEN[reason])}: {self.m2(area)}", 1)
        for room in envelope.rooms:
            yield from self._room(room)
        if sum(room.area_m2 > 0 for room in envelope.rooms) > 1:
            yield Line("text", self.say(w.ACROSS), 1)
        if envelope.missing:
            yield Line("text", self.say(w.UPPER_BOUND), 1)
            for what in dict.fromkeys(self.say(label(name)) for name in envelope.missing):
                yield Line("item", what, 2)

    def _room(self, room: Room) -> Iterator[Line]:
        if not room.area_m2:
            yield Line("item", f"{room.part.subzone}: {self.say(w.NOTHING)}", 1)
            return
        parts = [
            self.say(w.ROOM, self.m2(room.area_m2)),
            self.say(w.FOOTPRINT, self.m2(room.footprint_max_m2)),
        ]
        if room.floor_area_max_m2 is not None:
            parts.append(self.say(w.FLOOR_AREA, self.m2(room.floor_area_max_m2)))
        if room.floors_max is not None:
            parts.append(self.say(w.FLOORS, self.number(room.floors_max)))
        if room.height_max_m is not None:
            parts.append(self.say(
                w.HEIGHT, self.number(room.height_max_m, "m"), room.floors_by_height, self.number(STOREY_M, "m")
            ))  # fmt: skip
        yield Line("item", f"{room.part.subzone}: {'; '.join(parts)}", 1)

    def _sources(self) -> Iterator[Line]:
        report, provenance = self.info.report, self.info.report.provenance
        yield Line("heading", self.say(words.SOURCES))
        for plan in provenance.get("plans", ()):
            yield Line("item", f"{plan['id']}: {plan.get('name') or ''}", 1)
        for plan_id, why in report.plans_left_out:
            yield Line("item", f"{plan_id}: {self.say(why)}", 1)
        stated = (
            *provenance.get("assumptions", ()),
            *(() if self.info.at_point else report.site.assumptions),
        )
        if stated:
            yield Line("heading", self.say(words.ASSUMPTIONS))
        for text in dict.fromkeys(stated):
            yield Line("item", self.say(text) if isinstance(text, Text) else str(text), 1)
