"""The "Informasi / Telaah Kesesuaian Kegiatan Pemanfaatan Ruang" as a document: every figure is the JSON report's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from kkpr_check.errors import Text
from kkpr_check.model import Finding, Json, Outcome, Report
from kkpr_check.reference import kbli_titles
from kkpr_check.report import json, missing, sitemap, words
from kkpr_check.report import telaah_words as w
from kkpr_check.report.document import (
    Banner,
    Blank,
    Block,
    Cell,
    Document,
    Form,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    Signature,
    Table,
)
from kkpr_check.report.findings import same_said
from kkpr_check.report.json import ToLonLat
from kkpr_check.report.telaah_limits import limits
from kkpr_check.report.telaah_page import Page
from kkpr_check.rules import BY_CODE

_CORNERS_MAX = 400
_SHOWN_M2 = 0.005
"""Less than this would be written as 0,00."""
_OPEN = (Outcome.FAIL, Outcome.UNDETERMINED, Outcome.CONDITIONAL)


def document(reports: Sequence[Report], lang: str, to_lonlat: ToLonLat, as_of: dt.date) -> Document:
    """Return one document with a chapter for each report, the summary of several first."""
    pages = [
        _Review(report, json.document(report, lang, to_lonlat, as_of), lang, to_lonlat) for report in reports
    ]
    blocks: list[Block] = list(_summary(pages, lang)) if len(pages) > 1 else []
    for page in pages:
        if blocks:
            blocks.append(PageBreak())
        blocks += page.blocks(as_of)
    return Document(
        title=w.SHORT_TITLE.pick(lang),
        lang=lang,
        date=as_of,
        header=w.SHORT_TITLE.pick(lang),
        footer=w.NOT_A_DECISION.pick(lang),
        page_words=w.PAGE.pick(lang),
        blocks=tuple(blocks),
    )


def _summary(pages: Sequence[_Review], lang: str) -> Iterator[Block]:
    yield Heading(1, w.TITLE.pick(lang))
    yield Heading(2, w.SITES.pick(lang).format(len(pages)))
    rows = []
    for page in pages:
        part = page.json["approvable"]
        rows.append((
            Cell(page.text(page.json["subject"]["id"]), bold=True),
            Cell(page.say(words.VERDICTS[page.report.verdict]), fill=w.COLOURS[page.report.verdict]),
            Cell(page.number(page.json["subject"]["parcel_area_m2"])),
            Cell(page.number(part["area_m2"] if part else None)),
        ))  # fmt: skip
    head = [text.pick(lang) for text in (w.SITE, w.VERDICT, w.PARCEL_AREA, w.CONFORMING_AREA)]
    yield Table(head, rows, (4, 3, 2, 2), ("left", "left", "right", "right"))


class _Review(Page):
    """The chapters."""

    def blocks(self, as_of: dt.date) -> Iterator[Block]:
        yield from self._head(as_of)
        for name, chapter in (
            ("applicant", self._applicant), ("law", self._law), ("place", self._place), ("zones", self._zones),
            ("use", self._use), ("intensity", partial(limits, self)), ("overlays", self._overlays),
            ("quality", self._quality), ("conclusion", self._conclusion), ("advice", self._advice),
        ):  # fmt: skip
            yield Heading(2, self.say(w.CHAPTERS[name]))
            yield from chapter()
        yield Paragraph(self.json["disclaimer"], "note")
        yield Signature([
            Blank(self.say(w.PLACE_DATE)), Blank(self.say(w.POST)), "", "", "", Blank(self.say(w.SIGNER)),
            Blank(self.say(w.NIP)),
        ])  # fmt: skip
        yield from self._annex()

    def _head(self, as_of: dt.date) -> Iterator[Block]:
        report = self.report
        yield Heading(1, self.say(w.TITLE))
        yield Form([
            (self.say(w.NUMBER), self.blank()),
            (self.say(w.DATE), self.blank()),
            (self.say(w.SITE), Cell(self.text(self.json["subject"]["id"]), bold=True)),
            (self.say(words.AS_OF), Cell(words.date(as_of, self.lang))),
        ])  # fmt: skip
        if any(plan.get("synthetic") for plan in report.provenance.get("plans", ())):
            yield Paragraph(self.say(words.SYNTHETIC), "warning")
        if report.draft:
            yield Paragraph(self.say(words.DRAFT), "warning")
        yield Banner(self.say(words.VERDICTS[report.verdict]), self._reasons(), w.COLOURS[report.verdict])
        if report.self_declaration:
            yield Paragraph(self.say(words.SELF_DECLARATION), "note")

    def _reasons(self) -> str:
        """Return why: the worst open findings in one breath, and the conforming area."""
        worst = next((groups for outcome in _OPEN if (groups := self._groups(outcome))), [])
        rules_of: dict[str, list[str]] = {}
        for group in worst:
            rules_of.setdefault(self.message(group), []).append(group[0].rule)
        told = [f"{', '.join(dict.fromkeys(rules))} {message}" for message, rules in rules_of.items()]
        parts, rest = told[:4], len(told) - 4
        if rest > 0:
            parts.append(self.say(Text(f"and {rest} more (chapter IX)", f"dan {rest} lagi (bab IX)")))
        if not parts and self.report.findings:
            parts.append(self.say(w.ALL_MET))
        return "\n".join([*parts, f"{self.say(w.CONFORMS)}: {self._approvable()}"])

    def _approvable(self) -> str:
        part = self.json["approvable"]
        if part is None:
            return self.say(w.NO_PART) if self.report.site.parcel is not None else self.say(words.NO_PARCEL)
        return f"{words.area(part['area_m2'], self.lang)} ({words.percent(part['share'], self.lang)})"

    def _groups(self, outcome: Outcome) -> list[list[Finding]]:
        return same_said(finding for finding in self.report.findings if finding.outcome is outcome)

    def _applicant(self) -> Iterator[Block]:
        proposal = self.json["proposal"]
        rows = [(self.say(label), self.blank()) for label in (w.NAME, w.ADDRESS, w.ON_BEHALF, w.NIB)]
        for name in proposal:
            value = proposal[name]
            label = self.say(words.FIELDS[name])
            rows.append((label[:1].upper() + label[1:], Cell(self._proposed(name, value))))
            if name == "kbli" and value and (title := kbli_titles().get(str(value))):
                rows.append((self.say(w.KBLI_TITLE), Cell(self.text(title))))
        rows.append((self.say(w.LAND_STATUS), self.blank()))
        scope = words.SCOPES[self.report.site.scope]
        orphan = self.report.site.footprint is not None and self.report.site.parcel is None
        rows.append((self.say(words.SCOPE), Cell(self.say(words.NO_PARCEL if orphan else scope))))
        pathway = f"{self.say(words.PATHWAYS[self.report.pathway])}. {self.json['pathway_reason']}"
        rows.append((self.say(words.PATHWAY), Cell(self.text(pathway))))
        yield Form(rows)

    def _proposed(self, name: str, value: Any) -> str:
        if value is None:
            return self.say(w.NOT_GIVEN)
        if isinstance(value, float | int) and not isinstance(value, bool):
            return self.quantity(
                value, "m2" if name.endswith("_m2") else "m" if name.endswith("_m") else "floors"
            )
        key = str(value)
        return self.say(words.VALUES[key]) if key in words.VALUES else self.text(key)

    def _law(self) -> Iterator[Block]:
        provenance = self.json["provenance"]
        why = {item["id"]: item["why"] for item in provenance["plans_left_out"]}
        rows = []
        for plan in provenance["plans"]:
            judged = plan["id"] in provenance["plans_judged"]
            status = self.say(w.JUDGED if judged else w.NOT_JUDGED)
            if plan["id"] in why:
                status = f"{status}: {why[plan['id']]}"
            if plan.get("lock") in words.LOCKS:
                status += f"; {self.say(words.LOCKS[plan['lock']])}"
            name = " ".join(str(plan[key]) for key in ("name", "title") if plan.get(key)) or plan["id"]
            rows.append((
                Cell(self.text(f"{name} ({plan['id']})" if name != plan["id"] else name)),
                Cell(self.text(plan.get("level") or "-").upper()),
                Cell(self.quantity(plan.get("ce90_m"), "m")),
                Cell(self.text(status)),
            ))  # fmt: skip
        if rows:
            yield Table(
                [self.say(text) for text in (w.PLAN, w.LEVEL, w.CE90, w.STATUS)], rows, (6, 1.4, 2, 4),
                ("left", "left", "right", "left"),
            )  # fmt: skip
        laws = dict.fromkeys(
            self.text(part)
            for finding in self.json["findings"]
            for part in finding["legal"].split("; ")
            if part
        )
        if laws:
            yield Paragraph(f"{self.say(w.CITED)}: {'; '.join(laws)}.")
        yield Form([(self.say(w.PTP), self.blank())])

    def _place(self) -> Iterator[Block]:
        subject, crs = self.json["subject"], self.json["provenance"]["crs"]
        rows = [(self.say(w.VILLAGE), self.blank())]
        if subject["location"] is not None:
            lon, lat = subject["location"]
            told = f"{sitemap.dms(lat, 'lat', self.lang, 2)}, {sitemap.dms(lon, 'lon', self.lang, 2)}"
            rows.append((self.say(w.POSITION), Cell(f"{told} ({lat:.8f}, {lon:.8f})")))
        for label, key in ((w.LEGAL_M2, "legal_area_m2"), (w.PARCEL_M2, "parcel_area_m2"),
                           (w.FOOTPRINT_M2, "footprint_area_m2")):  # fmt: skip
            value = subject[key]
            if value is not None or key != "footprint_area_m2":
                rows.append(
                    (
                        self.say(label),
                        Cell(self.say(w.NOT_GIVEN) if value is None else words.area(value, self.lang)),
                    )
                )
        if subject["candidates"]:
            rows.append((self.say(w.CANDIDATES), Cell(self.text(", ".join(subject["candidates"])))))
        places = " → ".join(self.text(words.crs(crs[key])) for key in ("source", "work") if crs.get(key))
        rows.append((self.say(words.CRS), Cell(places)))
        yield Form(rows)
        drawing = sitemap.draw(self.report, self.lang, self.to_lonlat)
        if drawing is None:
            yield Paragraph(self.say(w.NO_MAP), "note")
            return
        subject_shape = (
            self.report.site.parcel if self.report.site.parcel is not None else self.report.site.footprint
        )
        scale, _ = sitemap.view_of(subject_shape)
        codes = ", ".join(dict.fromkeys(self.text(code) for code, _ in self.report.around.zones)) or self.say(
            w.NONE
        )
        alt = self.say(w.MAP_ALT).format(
            words.number(scale, 0, self.lang), self.text(subject["id"])[:80], codes[:200],
            self.say(words.VERDICTS[self.report.verdict]),
        )  # fmt: skip
        yield Picture(drawing, self.say(w.MAP), alt)

    def _zones(self) -> Iterator[Block]:
        entries = self.json["ledger"] or self.json["combined"]
        if not entries:
            yield Paragraph(self.say(w.NO_LEDGER))
        names = {plan["id"]: plan.get("name") or plan["id"] for plan in self.json["provenance"]["plans"]}
        for entry in entries:
            subject = self.say(words.SUBJECTS[entry["subject"]])
            plan = (
                self.say(words.TOGETHER) if entry["plan"] == "*" else names.get(entry["plan"], entry["plan"])
            )
            yield Heading(3, self.text(f"{subject[:1].upper()}{subject[1:]}: {plan}"))
            rows = [
                self._ledger_row(z["subzone"], z["name"], z["area_m2"], z["share"]) for z in entry["zones"]
            ]
            for label, key in (
                (words.GAP, "gap_m2"),
                (words.OVERLAP, "overlap_m2"),
                (words.DROPPED, "dropped_m2"),
            ):
                if entry[key] >= _SHOWN_M2:
                    share = entry[key] / entry["area_m2"] if entry["area_m2"] else 0.0
                    sign = "−" if key == "overlap_m2" else ""
                    rows.append(self._ledger_row("-", self.say(label), entry[key], share, sign))
            total = self.say(w.TOTAL).format(subject)
            rows.append((
                Cell(""), Cell(total, bold=True), Cell(self.number(entry["area_m2"]), bold=True), Cell("100%", bold=True),
            ))  # fmt: skip
            head = [self.say(text) for text in (w.SUBZONE, w.ZONE_NAME, w.AREA, w.SHARE)]
            yield Table(head, rows, (1.6, 6, 2.2, 1.6), ("left", "left", "right", "right"))

    def _ledger_row(
        self, code: str, name: str, area_m2: float, share: float, sign: str = ""
    ) -> tuple[Cell, ...]:
        colour = (
            None if code == "-" else sitemap.colour_of(code, dict(self.report.around.zone_colours).get(code))
        )
        return (
            Cell(self.text(code), fill=colour), Cell(self.text(name)), Cell(sign + self.number(area_m2)),
            Cell(sign + words.percent(share, self.lang)),
        )  # fmt: skip

    def _use(self) -> Iterator[Block]:
        places: dict[tuple[str | None, str | None], list[Finding]] = {}
        for finding in self.report.findings:
            if finding.rule.startswith("KGT") and finding.outcome is not Outcome.NOT_APPLICABLE:
                places.setdefault((finding.plan, finding.zone), []).append(finding)
        alike: dict[tuple[str, Outcome, str, str], list[str]] = {}
        for (_, zone), findings in places.items():
            worst = max(finding.outcome for finding in findings)
            told = [finding for finding in findings if finding.outcome is worst]
            if worst is Outcome.PASS:
                told = [finding for finding in findings if finding.rule in ("KGT004", "KGT001")][-1:] or told[
                    :1
                ]
            laws = dict.fromkeys(finding.legal for finding in told if finding.legal)
            cell = next((finding.measured for finding in findings if isinstance(finding.measured, str)), "-")
            key = (self.text(cell), worst, "\n".join(self.told(told)), self.text("; ".join(laws)))
            alike.setdefault(key, []).append(self.text(zone or "-"))
        rows = [
            (
                Cell(", ".join(dict.fromkeys(zones)), bold=True),
                Cell(cell),
                self.outcome(outcome),
                Cell(said),
                Cell(law),
            )
            for (cell, outcome, said, law), zones in alike.items()
        ]
        if not rows:
            yield Paragraph(self.say(words.NOT_EVALUATED) + ".")
            return
        head = [self.say(text) for text in (words.ZONE, w.MATRIX, w.RESULT, w.EXPLAINED, w.LAW)]
        head[0] = head[0][:1].upper() + head[0][1:]
        yield Table(head, rows, (1.3, 1.5, 1.9, 5.2, 3.2), ("left", "left", "left", "left", "left"))
        yield Paragraph(self.say(w.ITBX), "note")

    def _overlays(self) -> Iterator[Block]:
        worst: dict[str, list[Finding]] = {}
        for finding in self.report.findings:
            if finding.rule.startswith(("KHS", "RTR")) and finding.outcome is not Outcome.NOT_APPLICABLE:
                worst.setdefault(finding.rule, []).append(finding)
        alike: dict[tuple[Outcome, str, str], list[str]] = {}
        for rule, findings in worst.items():
            outcome = max(finding.outcome for finding in findings)
            groups = same_said(finding for finding in findings if finding.outcome is outcome)
            messages = dict.fromkeys(self.message(group) for group in groups)
            laws = dict.fromkeys(f.legal for group in groups for f in group if f.legal)
            key = (outcome, "\n".join(messages), self.text("; ".join(laws)))
            alike.setdefault(key, []).append(f"{rule} {self.say(BY_CODE[rule].title)}")
        rows = [
            (Cell("\n".join(rules)), self.outcome(outcome), Cell(message), Cell(law))
            for (outcome, message, law), rules in sorted(alike.items(), key=lambda item: -item[0][0])
        ]
        if rows:
            head = [self.say(text) for text in (w.OVERLAY, w.RESULT, w.EXPLAINED, w.LAW)]
            yield Table(head, rows, (3.8, 1.8, 3.6, 4.6), ("left", "left", "left", "left"))
        for item in self.json["not_evaluated"]:
            if item["rule"].startswith(("KHS", "RTR")):
                title = self.say(BY_CODE[item["rule"]].title)
                said = f"{item['rule']} {title}: {self.lower(w.NOT_APPLICABLE)}. {item['why']}"
                yield Paragraph(self.text(said), "note")

    def _quality(self) -> Iterator[Block]:
        provenance = self.json["provenance"]
        told = [
            f"{finding.rule} {self.text(self.say(finding.message))}"
            for finding in self.report.findings
            if finding.rule.startswith("LOK") and finding.outcome is not Outcome.NOT_APPLICABLE
        ]
        yield from (Paragraph(line, "item") for line in dict.fromkeys(told))
        yield from self._list(words.REPAIRS, [self._plain(item) for item in provenance["repairs"]])
        yield from self._list(words.ASSUMPTIONS, [self._plain(item) for item in provenance["assumptions"]])
        yield Heading(3, self.say(w.INPUTS))
        files = [(item.get("path", ""), item.get("sha256")) for item in provenance["inputs"]]
        files += [(plan["id"], plan.get("sha256")) for plan in provenance["plans"]]
        for path, digest in files:
            yield Paragraph(self.text(f"{path}: {digest or '-'}"), "note")
        tool = self.json["tool"]
        made = f"{self.say(w.TOOL)} {tool['name']} {tool['version']}"
        if provenance.get("engine"):
            made += f" ({provenance['engine']})"
        yield Paragraph(self.text(f"{made}. {self.say(w.WORK_CRS)} {provenance['crs'].get('work')}."), "note")

    def _list(self, title: Text, lines: Iterable[str]) -> Iterator[Block]:
        told = [self.text(line) for line in lines]
        if not told:
            return
        yield Heading(3, self.say(title))
        yield from (Paragraph(line, "item") for line in told[:40])
        if len(told) > 40:
            yield Paragraph(self.say(words.MORE).format(len(told) - 40), "note")

    def _plain(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return self._plain(value.get("message") or ", ".join(f"{k} {v}" for k, v in value.items()))
        return str(value)

    def _conclusion(self) -> Iterator[Block]:
        yield Form([
            (self.say(w.VERDICT), Cell(self.say(words.VERDICTS[self.report.verdict]), bold=True,
                                       fill=w.COLOURS[self.report.verdict])),
            (self.say(w.CONFORMS), Cell(self._approvable())),
        ])  # fmt: skip
        for outcome in _OPEN:
            rows = [self._finding_row(group) for group in self._groups(outcome)]
            if rows:
                yield Heading(3, f"{self.say(w.OPEN_RULES[outcome])} ({len(rows)})")
                head = [self.say(text) for text in (w.RULE, w.EXPLAINED, words.WHERE, w.LAW)]
                yield Table(head, rows, (3, 5.2, 2.4, 3), ("left", "left", "left", "left"))
        met = {finding.rule for finding in self.report.findings if finding.outcome is Outcome.PASS}
        met -= {finding.rule for finding in self.report.findings if finding.outcome > Outcome.PASS}
        skipped = [item["rule"] for item in self.json["not_evaluated"]]
        counts = self.say(w.PASSED).format(
            len(met), f"{len(skipped)} ({', '.join(skipped)})" if skipped else "0"
        )
        yield Paragraph(counts, "note")

    def _finding_row(self, group: Sequence[Finding]) -> tuple[Cell, ...]:
        finding = group[0]
        said = self.message(group)
        flips = [item.flip_distance_m for item in group if item.flip_distance_m is not None]
        if flips and finding.outcome is not Outcome.CONDITIONAL:
            said += f" ({self.say(w.FLIP).format(words.quantity(min(flips), 'm', self.lang))})"
        subjects = dict.fromkeys(self.say(words.SUBJECTS[item.subject]) for item in group)
        zones = dict.fromkeys(item.zone for item in group if item.zone)
        where = self.say(words.AND).join(subjects) + (
            f", {self.say(words.ZONE)} {', '.join(zones)}" if zones else ""
        )
        witness = finding.witness
        if witness is not None and not witness.is_empty:
            point = self.to_lonlat(witness.representative_point(), json.work_crs_of(self.report))
            where += f"; {point.y:.6f}, {point.x:.6f}"
        laws = dict.fromkeys(item.legal for item in group if item.legal)
        return (
            Cell(f"{finding.rule} {self.say(BY_CODE[finding.rule].title)}"), Cell(said), Cell(self.text(where)),
            Cell(self.text("; ".join(laws))),
        )  # fmt: skip

    def _advice(self) -> Iterator[Block]:
        empty = True
        remedies = [
            f"{group[0].rule} {self.text(self.say(group[0].remedy))}"
            for group in self._groups(Outcome.FAIL)
            if group[0].remedy is not None
        ]
        conditions = [f"{group[0].rule} {self.message(group)}" for group in self._groups(Outcome.CONDITIONAL)]
        for title, lines in ((w.REMEDIES, remedies), (w.CONDITIONS, conditions)):
            for block in self._list(title, dict.fromkeys(lines)):
                empty = False
                yield block
        wanted = missing.wanted(self.report.findings)
        if wanted:
            empty = False
            yield Heading(3, self.say(w.MISSING))
            rows = [
                (Cell(self.text(self.say(what))), Cell(", ".join(rules)), Cell(self.say(who)))
                for what, rules, who in wanted
            ]
            head = [self.say(text) for text in (w.WHAT, w.FOR, w.WHO)]
            yield Table(head, rows, (5, 3, 4), ("left", "left", "left"))
        if empty:
            yield Paragraph(self.say(w.NO_ADVICE))

    def _annex(self) -> Iterator[Block]:
        site, part = self.report.site, self.json["approvable"]
        work_crs = json.work_crs_of(self.report)
        parcel = json.geometry_json(site.parcel, work_crs, self.to_lonlat)
        if parcel is None:
            return
        yield PageBreak()
        yield Heading(2, self.say(w.CHAPTERS["annex"]))
        yield Paragraph(self.say(w.WGS84), "note")
        yield from self._corners("parcel", parcel)
        if part is not None and part["geometry"] is not None:
            if part["share"] >= 1:
                yield Heading(3, self.say(w.COORDINATES_OF["approvable"]))
                yield Paragraph(self.say(w.SAME_PART))
            else:
                yield from self._corners("approvable", part["geometry"])

    def _corners(self, kind: str, shape: Json) -> Iterator[Block]:
        yield Heading(3, self.say(w.COORDINATES_OF[kind]))
        rings = list(_rings(shape))
        corners = [
            (str(r), str(i), f"{x:.8f}", f"{y:.8f}")
            for r, ring in enumerate(rings, 1)
            for i, (x, y) in enumerate(ring, 1)
        ]
        head = [self.say(text) for text in (w.RING, w.CORNER, w.LONGITUDE, w.LATITUDE)]
        rows = [tuple(Cell(value) for value in corner) for corner in corners[:_CORNERS_MAX]]
        yield Table(head, rows, (1, 1, 3, 3), ("right", "right", "right", "right"))
        if len(corners) > _CORNERS_MAX:
            yield Paragraph(self.say(w.MANY_CORNERS).format(len(corners), _CORNERS_MAX), "note")


def _rings(shape: Json) -> Iterator[list[list[float]]]:
    if shape["type"] == "Polygon":
        yield from shape["coordinates"]
    elif shape["type"] == "MultiPolygon":
        for polygon in shape["coordinates"]:
            yield from polygon
    elif shape["type"] == "GeometryCollection":
        for part in shape["geometries"]:
            yield from _rings(part)
