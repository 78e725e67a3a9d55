"""DAT217: intensity written in the map itself (KDB, KLB, KDH, KTB): numbers, units, and what contradicts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from kkpr_check.errors import Text
from kkpr_check.features import is_empty
from kkpr_check.phrases import features
from kkpr_check.quality.base import Floats, LayerCheck, LayerView, Surroundings, quoted, zoning_only
from kkpr_check.quality.codes import SCHEMAS, distinct
from kkpr_check.quality.findings import DataFinding, Level
from kkpr_check.reference import field_role

_NUMBER = re.compile(r"^(\d+(?:[.,]\d+)?)\s*%?$")
_PERCENT = ("KDB", "KDH", "KTB")
_RULE_WORDS = 12
"""A longer text is a rule in words (by parcel size): it belongs into intensity.csv."""


def intensity(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """Yield values that are no number, columns in two units, and limits that contradict each other."""
    columns = _columns(view)
    numbers = {name: _numbers(view, column) for name, column in columns.items()}
    for name, column in columns.items():
        yield from _unreadable(view, column)
        if name in _PERCENT:
            yield from _two_units(view, column, numbers[name])
    percent = {name: _as_percent(values) if name in _PERCENT else values for name, values in numbers.items()}
    yield from _contradictions(view, columns, percent)


def _columns(view: LayerView) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in view.fields:
        if field_role(name, *SCHEMAS) == "intensity":
            found.setdefault(name.strip().upper()[:3], name)
    return found


def _number(value: str) -> float:
    found = _NUMBER.match(value.strip())
    return float(found[1].replace(",", ".")) if found else float("nan")


def _numbers(view: LayerView, column: str) -> Floats:
    values = np.full(len(view), np.nan)
    for value, rows in distinct(view.fields[column]).items():
        if value is not None:
            values[rows] = _number(value)
    return values


def _unreadable(view: LayerView, column: str) -> Iterator[DataFinding]:
    for value, rows in distinct(view.fields[column]).items():
        if value is None or is_empty(value) or np.isfinite(_number(value)):
            continue
        in_words = len(value) > _RULE_WORDS
        yield view.finding(
            "DAT217",
            "warning",
            Text(f"{column} holds a rule in words ({features(len(rows)).en})", f"{column} memuat aturan berupa kalimat ({len(rows)} fitur)")
            if in_words
            else Text(
                f"{column} = {quoted(value)} is no number ({features(len(rows)).en})",
                f"{column} = {quoted(value)} bukan angka ({len(rows)} fitur)",
            ),
            Text("write the limits into intensity.csv, one row a case", "tulis batasnya di intensity.csv, satu baris satu keadaan"),
            row=rows[0], field=column, value=value[:60],
        )  # fmt: skip


def _as_percent(values: Floats) -> Floats:
    """Return percentages; a column that is all within 0..1 is one of fractions."""
    known = values[np.isfinite(values)]
    return values * 100 if len(known) and known.max() <= 1 and known.max() > 0 else values


def _two_units(view: LayerView, column: str, values: Floats) -> Iterator[DataFinding]:
    fractions = np.flatnonzero((values > 0) & (values < 1))
    if not len(fractions) or not (values > 1).any():
        return
    row = int(fractions[0])
    yield view.finding(
        "DAT217",
        "warning",
        Text(
            f"{column} is in percent, but {len(fractions)} features have a fraction ({values[row]:g})",
            f"{column} dalam persen, tetapi {len(fractions)} fitur berisi pecahan ({values[row]:g})",
        ),
        Text("write all of them in percent", "tulis semuanya dalam persen"),
        row=row,
        field=column,
        value=float(values[row]),
    )


def _contradictions(
    view: LayerView, columns: dict[str, str], values: dict[str, Floats]
) -> Iterator[DataFinding]:
    nothing = np.full(len(view), np.nan)
    kdb, klb, kdh = (values.get(name, nothing) for name in ("KDB", "KLB", "KDH"))
    for name in _PERCENT[:2]:
        for row in np.flatnonzero(values.get(name, nothing) > 100).tolist():
            yield _wrong(
                view, columns[name], row, "error", f"{columns[name]} = {values[name][row]:g}%", "> 100%"
            )
    sums = kdb + kdh
    for row in np.flatnonzero((sums > 100 + 1e-9) & (kdb <= 100) & (kdh <= 100)).tolist():
        said = f"{columns['KDB']} {kdb[row]:g} + {columns['KDH']} {kdh[row]:g} = {sums[row]:g}"
        yield _wrong(view, columns["KDB"], row, "error", said, "> 100%")
    for row in np.flatnonzero((klb < kdb / 100 - 1e-9) & (klb > 0)).tolist():
        said = f"{columns['KLB']} {klb[row]:g}"
        yield _wrong(
            view, columns["KLB"], row, "warning", said, f"< {columns['KDB']} / 100 = {kdb[row] / 100:g}"
        )


def _wrong(view: LayerView, column: str, row: int, level: Level, said: str, limit: str) -> DataFinding:
    return view.finding(
        "DAT217",
        level,
        Text(f"{said} {limit}: the limits cannot both hold", f"{said} {limit}: kedua batas tidak mungkin berlaku bersama"),
        Text("correct the number by the annex of the regulation", "betulkan angkanya menurut lampiran peraturan"),
        row=row,
        field=column,
        value=said,
    )  # fmt: skip


def no_columns(view: LayerView, around: Surroundings) -> Text | None:
    """Say why there is no intensity to check."""
    no = zoning_only(view, around)
    if no is None and not _columns(view):
        return Text("the map carries no KDB, KLB, KDH or KTB", "peta tidak memuat KDB, KLB, KDH, atau KTB")
    return no


CHECK = LayerCheck(("DAT217",), intensity, no_columns)
