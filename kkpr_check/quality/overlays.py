"""DAT210, DAT211 and DAT214: overlay values nobody has explained, two spellings of one, several words for none."""

from __future__ import annotations

from collections.abc import Iterator

from kkpr_check.errors import Text
from kkpr_check.features import is_empty
from kkpr_check.phrases import features
from kkpr_check.quality.base import (
    NOT_ZONING,
    LayerCheck,
    LayerView,
    Surroundings,
    find_column,
    quoted,
    spelled_otherwise,
    zoning_only,
)
from kkpr_check.quality.codes import SCHEMAS, distinct
from kkpr_check.quality.findings import DataFinding
from kkpr_check.reference import field_role, overlay_column, overlay_meaning, plain_name

_PRESENT = frozenset({"ada", "ya", "yes", "1"})
"""Words that say "here it is": enough where a column serves one rule."""


def overlays(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """Yield one finding a column and value; the feature is the first that has it."""
    for name, values in view.fields.items():
        known = overlay_column(name)
        if known is None and field_role(name, *SCHEMAS) != "overlay":
            continue
        every = distinct(values)
        yield from _empty_words(view, name, every)
        by_value = {v: rows for v, rows in every.items() if v is not None and not is_empty(v)}
        for value, rows in by_value.items():
            if not _is_known(view, name, value):
                yield _unknown(view, name, value, rows)
        yield from _spellings(view, name, by_value)


def layer_values(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT210 for a layer of an overlay whose ``[[overlay]]`` lists values: those that it does not list."""
    for name, listed in view.overlay_values.items():
        column = find_column(name, view.fields)
        if column is None:
            continue
        known = {value.casefold() for value in listed}
        for value, rows in distinct(view.fields[column]).items():
            if value is None or is_empty(value) or value.casefold() in known:
                continue
            if any(part.strip().casefold() not in known for part in value.split(",")):
                yield _not_listed(view, column, value, rows)


def _not_listed(view: LayerView, name: str, value: str, rows: list[int]) -> DataFinding:
    from kkpr_check.rules import RULES

    rule = next((rule for rule in RULES if rule.code == view.overlay_rule), None)
    default = "" if rule is None else f" ({rule.default.word})"
    code = view.overlay_rule or ""
    return view.finding(
        "DAT210",
        "info",
        Text(
            f"{name} = {quoted(value)} is not among the values of [[overlay]] {code}: the default of the rule holds{default}"
            f" ({features(len(rows)).en})",
            f"{name} = {quoted(value)} tidak ada pada values [[overlay]] {code}: berlaku bawaan aturannya{default}"
            f" ({features(len(rows)).id})",
        ),
        Text(
            "say what it means in values, if the default is not right",
            "sebutkan artinya pada values, bila bawaannya tidak tepat",
        ),
        row=rows[0],
        field=name,
        value=value,
    )


def overlay_layers_only(view: LayerView, _: Surroundings) -> Text | None:
    """Say no to a layer of whose values plan.toml says nothing."""
    return None if view.role == "overlay" and view.overlay_values else NOT_ZONING


def _is_known(view: LayerView, name: str, value: str) -> bool:
    mapped = view.overlay_values.get(name)
    if mapped is not None and (not mapped or value in mapped):
        return True  # [[overlay]] without values: every value means that the overlay is there
    known = overlay_column(name)
    if known is None or overlay_meaning(name, value) is not None:
        return True
    plain = plain_name(value)
    return known.rule is not None and (plain in _PRESENT or plain == plain_name(known.title))


def _unknown(view: LayerView, name: str, value: str, rows: list[int]) -> DataFinding:
    return view.finding(
        "DAT210",
        "warning",
        Text(
            f"{name} = {quoted(value)} has no known meaning ({features(len(rows)).en})",
            f"{name} = {quoted(value)} tidak diketahui artinya ({len(rows)} fitur)",
        ),
        Text(
            "use the codes of the schema, or give it a meaning in [[overlay]] values of plan.toml",
            "pakai kode baku, atau beri arti pada [[overlay]] values di plan.toml",
        ),
        row=rows[0],
        field=name,
        value=value,
    )


def _empty_words(view: LayerView, name: str, by_value: dict[str | None, list[int]]) -> Iterator[DataFinding]:
    """DAT214: one column says "none" in several ways, so that a filter on one of them misses the others."""
    words = {value: rows for value, rows in by_value.items() if value is None or is_empty(value)}
    if len(words) < 2:
        return
    shown = {"null" if value is None else f"{quoted(value)}": len(rows) for value, rows in words.items()}
    listed = ", ".join(
        f"{word} ({count})" for word, count in sorted(shown.items(), key=lambda item: -item[1])
    )
    rarest = min(words.values(), key=len)
    yield view.finding(
        "DAT214",
        "warning",
        Text(f"{name} says none in {len(words)} ways: {listed}", f"{name} menulis kosong dengan {len(words)} cara: {listed}"),
        Text('write one of them, "Tidak Ada" or null', 'pakai satu saja, "Tidak Ada" atau null'),
        row=rarest[0], field=name, value=len(words),
    )  # fmt: skip


def _spellings(view: LayerView, name: str, by_value: dict[str, list[int]]) -> Iterator[DataFinding]:
    for other, usual in spelled_otherwise(by_value, plain_name):
        yield view.finding(
            "DAT211",
            "warning",
            Text(
                f"{name}: {quoted(other)} is elsewhere written {quoted(usual)}",
                f"{name}: {quoted(other)} di tempat lain ditulis {quoted(usual)}",
            ),
            Text(f"write {quoted(usual)} everywhere", f"tulis {quoted(usual)} di semua tempat"),
            row=by_value[other][0],
            field=name,
            value=other,
        )


LAYER_VALUES = LayerCheck(("DAT210",), layer_values, overlay_layers_only)
CHECK = LayerCheck(("DAT210", "DAT211", "DAT214"), overlays, zoning_only)
