"""DAT210 and DAT211: overlay values that nobody has explained, and two spellings of one."""

from __future__ import annotations

from collections.abc import Iterator

from kkpr_check.errors import Text
from kkpr_check.features import is_empty
from kkpr_check.quality.base import LayerCheck, LayerView, Surroundings, spelled_otherwise, zoning_only
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
        by_value = {v: rows for v, rows in distinct(values).items() if v is not None and not is_empty(v)}
        for value, rows in by_value.items():
            if not _is_known(view, name, value):
                yield _unknown(view, name, value, rows)
        yield from _spellings(view, name, by_value)


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
            f'{name} = "{value}" has no known meaning ({len(rows)} features)',
            f'{name} = "{value}" tidak diketahui artinya ({len(rows)} fitur)',
        ),
        Text(
            "use the codes of the schema, or give it a meaning in [[overlay]] values of plan.toml",
            "pakai kode baku, atau beri arti pada [[overlay]] values di plan.toml",
        ),
        row=rows[0],
        field=name,
        value=value,
    )


def _spellings(view: LayerView, name: str, by_value: dict[str, list[int]]) -> Iterator[DataFinding]:
    for other, usual in spelled_otherwise(by_value, plain_name):
        yield view.finding(
            "DAT211",
            "warning",
            Text(
                f'{name}: "{other}" is elsewhere written "{usual}"',
                f'{name}: "{other}" di tempat lain ditulis "{usual}"',
            ),
            Text(f'write "{usual}" everywhere', f'tulis "{usual}" di semua tempat'),
            row=by_value[other][0],
            field=name,
            value=other,
        )


CHECK = LayerCheck(("DAT210", "DAT211"), overlays, zoning_only)
