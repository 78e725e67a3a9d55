"""DAT207, DAT208 and DAT216: texts cut at the width of a DBF field, decoded wrongly, or with stray blanks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from kkpr_check.errors import Text
from kkpr_check.phrases import counted
from kkpr_check.quality.base import LayerCheck, LayerView, Surroundings, always
from kkpr_check.quality.findings import DataFinding

DBF_WIDTH = 254
"""Widest text of a .dbf: a text of exactly this length is as good as cut."""
MOJIBAKE = re.compile(
    "[\u00c2\u00c3\u00e2][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d"
    "\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]|\ufffd|\u00e2\u201e2|"
    "&(?:amp|lt|gt|quot|apos|nbsp|#\\d{1,6}|#x[0-9a-fA-F]{1,5});|[\u0080-\u009f]"
)
"""UTF-8 read as Windows-1252 ("Ã©", "â€“"), the replacement character, C1 controls, and HTML escapes."""


def truncated(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT207: a text of exactly 254 characters or bytes."""
    for name, values in view.fields.items():
        for row, value in enumerate(values.tolist()):
            if isinstance(value, str) and _is_cut(value):
                yield view.finding(
                    "DAT207",
                    "warning",
                    Text(
                        f"text of {name} ends at {DBF_WIDTH} characters",
                        f"teks {name} berhenti pada {DBF_WIDTH} karakter",
                    ),
                    Text(
                        "take the full text from the source (GeoPackage holds it)",
                        "ambil teks lengkap dari sumbernya (GeoPackage dapat memuatnya)",
                    ),
                    row=row,
                    field=name,
                    value=f"... {value[-40:]}",
                )


def _is_cut(text: str) -> bool:
    if len(text) > DBF_WIDTH or len(text) < DBF_WIDTH // 4:
        return False
    return len(text) == DBF_WIDTH or (not text.isascii() and DBF_WIDTH - 1 <= len(text.encode()) <= DBF_WIDTH)


def mojibake(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT208: a text with traces of the wrong encoding, in a value or in a field name."""
    for name, values in view.fields.items():
        if MOJIBAKE.search(name):
            yield _garbled(view, None, name, name)
        seen: dict[str, bool] = {}
        for row, value in enumerate(values.tolist()):
            if not isinstance(value, str) or (value.isascii() and "&" not in value):
                continue
            if value not in seen:
                seen[value] = MOJIBAKE.search(value) is not None
            if seen[value]:
                yield _garbled(view, row, name, value)


def _garbled(view: LayerView, row: int | None, name: str, value: str) -> DataFinding:
    found = MOJIBAKE.search(value)
    if found is not None and found[0].startswith("&"):
        return _escaped(view, row, name, value, found[0])
    at = max(found.start() - 20, 0) if found else 0
    excerpt = value[at : at + 60]
    return view.finding(
        "DAT208",
        "warning",
        Text(f'{name} holds garbled text: "{excerpt}"', f'{name} memuat teks rusak: "{excerpt}"'),
        Text(
            "read the source with its right encoding, and export it again",
            "baca sumbernya dengan pengodean yang benar, lalu ekspor ulang",
        ),
        row=row,
        field=name,
        value=excerpt,
    )


def _escaped(view: LayerView, row: int | None, name: str, value: str, escape: str) -> DataFinding:
    meant = html.unescape(escape)
    return view.finding(
        "DAT208",
        "warning",
        Text(
            f'{name} holds an HTML escape: "{escape}" stands for "{meant}"',
            f'{name} memuat kode HTML: "{escape}" berarti "{meant}"',
        ),
        Text("write the sign itself", "tulis tandanya sendiri"),
        row=row,
        field=name,
        value=value[:60],
    )


STRAY = re.compile("^\\s|\\s$|\\s{2}|[\u00a0\u2007\u202f\u200b\ufeff]|[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Outer and double blanks, blanks that do not break or have no width, and control characters."""


def stray_blanks(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT216: one finding a field; a text of blanks alone is an empty value, which others find."""
    for name, values in view.fields.items():
        stray = [
            row for row, value in enumerate(values.tolist())
            if isinstance(value, str) and value.strip() and STRAY.search(value)
        ]  # fmt: skip
        if name != name.strip():
            yield _stray(view, None, name, name, 1)
        if stray:
            yield _stray(view, stray[0], name, str(values[stray[0]])[:60], len(stray))


def _stray(view: LayerView, row: int | None, name: str, value: str, count: int) -> DataFinding:
    where = (
        Text("the name of field", "nama field")
        if row is None
        else counted(count, "value of field", "values of field", "nilai pada field")
    )
    return view.finding(
        "DAT216",
        "info",
        Text(
            f"{where.en} {name.strip()}: outer, double or unusual blanks",
            f"{where.id} {name.strip()}: spasi di tepi, ganda, atau tidak lazim",
        ),
        Text("take them out (`--fix-safe` does)", "hilangkan (`--fix-safe` melakukannya)"),
        row=row,
        field=name,
        value=value,
    )


BLANKS = LayerCheck(("DAT216",), stray_blanks, always)
TRUNCATED = LayerCheck(("DAT207",), truncated, always)
MOJIBAKE_CHECK = LayerCheck(("DAT208",), mojibake, always)
