"""The text of a proposed plan folder: plan.toml with evidence and marks, zones.csv, and empty tables."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from kkpr_check.errors import Text
from kkpr_check.features import is_empty
from kkpr_check.io.adopt.bare import zoning_overlays
from kkpr_check.io.adopt.draft import Draft, DraftLayer
from kkpr_check.io.adopt.inspection import Unresolved
from kkpr_check.io.adopt.roles import Role
from kkpr_check.plan import LIMIT_COLUMNS, ROAD_CLASSES, OverlaySpec
from kkpr_check.reference import overlay_column

MARK = "# TODO:"
"""What stands beside everything a person has to decide. The folder loads all the same, as a draft without law."""
OPEN_LEGAL = "TODO"
"""Stands for the regulation until a person names it; a plan in force is refused with it."""

RULE_NAMES: Mapping[str, Text] = {
    "KHS001": Text("flight safety (KKOP)", "KKOP"), "KHS002": Text("protected farmland (LP2B)", "LP2B"),
    "KHS003": Text("hazard areas (KRB)", "kawasan rawan bencana"), "KHS004": Text("river setbacks", "sempadan sungai"),
    "KHS005": Text("coast setbacks", "sempadan pantai"), "KHS006": Text("lake setbacks", "sempadan danau"),
    "KHS007": Text("power lines", "SUTT/SUTET"), "KHS008": Text("heritage", "cagar budaya"),
    "KHS009": Text("forest estate", "kawasan hutan"), "KHS010": Text("transit areas (TOD)", "TOD"),
    "KHS011": Text("water recharge", "resapan air"), "KHS012": Text("railways", "jalur kereta api"),
    "KHS013": Text("other overlays", "ketentuan khusus lain"),
}  # fmt: skip
ROLE_RULES: Mapping[Role, str] = {
    "river": "KHS004", "coast": "KHS005", "lake": "KHS006", "powerline": "KHS007", "forest": "KHS009",
    "railway": "KHS012",
}  # fmt: skip
NO_VALUE = re.compile(r"^(tidak|bukan|non)\b", re.IGNORECASE)
"""A value that says itself that there is no overlay: "Tidak Rawan"."""


def quoted(text: str) -> str:
    r"""Return a TOML basic string.

    >>> quoted('a "b"\n')
    '"a \\"b\\"\\n"'
    """
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    body = "".join(
        escapes.get(c)
        or (
            c
            if c.isprintable() or c == " "
            else f"\\u{ord(c):04X}"
            if ord(c) < 0x10000
            else f"\\U{ord(c):08X}"
        )
        for c in text
    )
    return f'"{body}"'


def comment(text: str) -> str:
    """Return a text as one TOML comment; control characters of somebody's data can not end it."""
    return "# " + " ".join("".join(c if c.isprintable() else " " for c in text).split())


def plan_toml(draft: Draft, paths: Mapping[str, str], lang: str) -> str:
    """Return plan.toml: what is sure, the evidence as comments, and a mark wherever a person has to decide.

    Parameters
    ----------
    draft
        The proposal.
    paths
        Id of each layer -> its path inside the folder.
    lang
        Language of the comments.
    """
    parts = [_identity(draft, lang)]
    parts.extend(_layer(layer, paths[layer.id], lang) for layer in draft.layers)
    parts.append(_overlays(draft, lang))
    return "\n".join(parts)


def _mark(text: Text, lang: str) -> str:
    return f"  {MARK} " + comment(text.pick(lang)).removeprefix("# ")


def _identity(draft: Draft, lang: str) -> str:
    head = (
        Text(
            "Plan folder of kkpr-check, proposed from the layers.",
            "Folder rencana kkpr-check, diusulkan dari layer.",
        ),
        Text(
            f'Search for "{MARK}": these points need a person.',
            f'Cari "{MARK}": bagian ini perlu diputuskan orang.',
        ),
    )
    legal = Text('fill in the regulation: "Perda Kab. X 1/2024"', 'isi peraturannya: "Perda Kab. X 1/2024"')
    status = Text("write in-force once it is law", "tulis in-force bila sudah berlaku")
    since = Text("the first day it is law, and remove the #", "isi hari pertama berlaku, lalu hapus #")
    level = Text(f"confirm: {draft.level_reason.en}", f"pastikan: {draft.level_reason.id}")
    scale = Text("confirm the map scale", "pastikan skala peta")
    oss = Text("true if OSS uses this plan", "true bila rencana ini dipakai OSS")
    rows = [
        *(comment(text.pick(lang)) for text in head),
        "",
        f"id = {quoted(draft.id)}",
        f"name = {quoted(draft.name)}",
        f"level = {quoted(draft.level)}" + (_mark(level, lang) if draft.level != "rdtr" else ""),
        f"legal = {quoted(draft.legal or OPEN_LEGAL)}" + ("" if draft.legal else _mark(legal, lang)),
        f"status = {quoted(draft.status or 'draft')}" + ("" if draft.status else _mark(status, lang)),
        f"valid_from = {quoted(draft.valid_from)}"
        if draft.valid_from
        else '# valid_from = "2024-01-31"' + _mark(since, lang),
        f"scale = {draft.scale}" + _mark(scale, lang),
        "oss_integrated = false" + _mark(oss, lang),
        "kbli_version = 2020",
        "",
    ]
    return "\n".join(rows)


def _layer(layer: DraftLayer, path: str, lang: str) -> str:
    found = layer.inspection
    rows = ["[[layer]]", comment(found.reason.pick(lang))]
    rows.extend(comment(note.pick(lang)) for note in layer.notes)
    rows += [f"role = {quoted(layer.role)}", f"path = {quoted(path)}"]
    if layer.id != layer.role:
        rows.append(f"id = {quoted(layer.id)}")
    for key, value in (("layer", layer.named), ("encoding", layer.encoding), ("crs", layer.crs)):
        if value:
            rows.append(f"{key} = {quoted(value)}")
    if layer.swap_xy:
        rows.append("swap_xy = true")
    if layer.role == "zoning":
        rows.extend(_zoning_comments(layer, lang))
    rows.extend(_fields(layer, lang))
    return "\n".join([*rows, ""])


def _zoning_comments(layer: DraftLayer, lang: str) -> Iterable[str]:
    found = layer.inspection
    for guess in [g for g in found.candidates if g.family == found.family and g != found.subzone][:3]:
        yield comment(Text("also weighed: ", "juga ditimbang: ").pick(lang) + guess.evidence().pick(lang))
    for conflict in found.conflicts[:10]:
        yield comment(Text("contradiction: ", "bertentangan: ").pick(lang) + conflict.text().pick(lang))
    if found.without_value:
        n = found.without_value
        yield comment(
            Text(
                f"{n} features have no code: they are judged undetermined",
                f"{n} fitur tanpa kode: hasilnya perlu verifikasi",
            ).pick(lang)
        )


def _fields(layer: DraftLayer, lang: str) -> list[str]:
    rows: list[str] = []
    if layer.fields:
        rows.append("[layer.fields]")
        for meaning, name in layer.fields.items():
            doubtful = meaning == "subzone" and layer.field_is_doubtful
            score = f" ({layer.inspection.score:.2f})"
            hint = Text(f"confirm the field{score}", f"pastikan fieldnya{score}")
            rows.append(f"{meaning} = {quoted(name)}" + (_mark(hint, lang) if doubtful else ""))
    if layer.codes:
        rows.append("[layer.codes]")
        rows.extend(_codes(layer, lang))
    return rows


def _codes(layer: DraftLayer, lang: str) -> Iterable[str]:
    unresolved = {item.value: item for item in layer.inspection.unresolved}
    for value, code in layer.codes.items():
        line = f"{quoted(value)} = {quoted(code)}" if code else f'# {quoted(value)} = ""'
        match = layer.inspection.matches.get(value)
        if not code and value in unresolved:
            line += _mark(_open_code(unresolved[value]), lang)
        elif not code:
            classes = ", ".join(ROAD_CLASSES)
            line += _mark(
                Text(f"no road class; one of {classes}", f"bukan kelas jalan; salah satu dari {classes}"),
                lang,
            )
        elif match is not None and match.tpz:
            tail = Text(
                f"the zoning technique {match.tpz} is not judged",
                f"teknik pengaturan zonasi {match.tpz} tidak dinilai",
            )
            line += "  " + comment(tail.pick(lang))
        yield line


def _open_code(item: Unresolved) -> Text:
    tips = ", ".join(item.suggestions)
    return Text(
        f"{item.features} features, {item.why.en}{f'; perhaps {tips}' if tips else ''}; "
        f"write the sub-zone and remove the # in front; until then the value stands for itself, without rules",
        f"{item.features} fitur, {item.why.id}{f'; mungkin {tips}' if tips else ''}; "
        f"tulis subzonanya dan hapus # di depan; sebelum itu nilai ini berdiri sendiri, tanpa aturan",
    )


def draft_overlays(draft: Draft) -> list[tuple[OverlaySpec, str]]:
    """Return the proposed overlays, each with its name for people: columns of the zoning layers, and layers."""
    found: list[tuple[OverlaySpec, str]] = []
    for layer in draft.zoning:
        for spec in zoning_overlays(layer.inspection)[0]:
            known = overlay_column(spec.field or "")
            found.append((spec, known.title if known else ""))
    for layer in draft.layers:
        rule = layer.inspection.overlay_rule or ROLE_RULES.get(layer.role)
        if rule is not None:
            value = layer.fields.get("value")
            spec = OverlaySpec(rule, layer=layer.id, field=value, values=_no_values(layer, value, rule))
            found.append((spec, layer.source.name))
    return found


def _no_values(layer: DraftLayer, value: str | None, rule: str) -> dict[str, str]:
    column = next((c for c in layer.inspection.columns if c.name == value), None)
    if column is None:
        return {}
    apl = {"apl", "areal penggunaan lain"} if rule == "KHS009" else set()
    return {
        text: "none" for text in column.counts
        if not is_empty(text) and (NO_VALUE.match(text) or text.casefold() in apl)
    }  # fmt: skip


def undeclared(draft: Draft) -> list[str]:
    """Return the overlay rules for which neither a column nor a layer was found."""
    have = {spec.rule for spec, _ in draft_overlays(draft)}
    return [rule for rule in RULE_NAMES if rule not in have]


def _overlays(draft: Draft, lang: str) -> str:
    rows: list[str] = []
    for spec, title in draft_overlays(draft):
        rows += [
            "[[overlay]]",
            comment(f"{RULE_NAMES[spec.rule].pick(lang)}: {title}"),
            f"rule = {quoted(spec.rule)}",
        ]
        if spec.layer:
            rows.append(f"layer = {quoted(spec.layer)}")
        if spec.field:
            rows.append(f"field = {quoted(spec.field)}")
        if spec.values:
            pairs = ", ".join(
                f"{quoted(value)} = {quoted(outcome)}" for value, outcome in spec.values.items()
            )
            rows.append(f"values = {{ {pairs} }}" + _mark(Text("confirm", "pastikan"), lang))
        rows.append("")
    missing = undeclared(draft)
    if missing:
        hint = Text(
            "no data found for these; undeclared means undetermined. Add a layer or field, or remove the # and cite:",
            "tidak ada datanya; tanpa deklarasi hasilnya perlu verifikasi. Tambah layer/field, atau hapus # dan kutip:",
        )
        rows.append(f"{MARK} {hint.pick(lang)}")
    for rule in missing:
        rows += [f"# [[overlay]]  # {RULE_NAMES[rule].pick(lang)}", f'# rule = "{rule}"', '# none = ""', "#"]
    return "\n".join(rows).rstrip("#\n ") + "\n"


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]] = ()) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def tables(draft: Draft) -> dict[str, str]:
    """Return file name -> content: zones.csv, and the other tables with their headers only."""
    zones: list[tuple[str, ...]] = []
    for zone in draft.zones.values():
        protected = {True: "lindung", False: "budi-daya", None: ""}[zone.protected]
        zones.append((zone.subzone, zone.name, zone.zone, protected, zone.colour or ""))
    zones.extend((value, f"TODO: {name}".strip(), "", "", "") for value, name in draft.open_zones.items())
    subzones = [*draft.zones, *draft.open_zones]
    return {
        "zones.csv": _csv(("subzone", "name", "zone", "protected", "colour"), zones),
        "activities.csv": _csv(("activity_id", "name")),
        "kbli.csv": _csv(("kbli", "activity_id")),
        "itbx.csv": _csv(("activity_id", *subzones)),
        "conditions.csv": _csv(("code", "text", "legal", "test")),
        "intensity.csv": _csv(
            ("subzone", "road_class", "parcel_min_m2", "parcel_max_m2", *LIMIT_COLUMNS, "gsb_from", "legal")
        ),
    }
