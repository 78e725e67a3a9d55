"""Rows as text: CSV (RFC 4180) that no spreadsheet runs as a formula, and JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from kkpr_check.batch.table import plain_values
from kkpr_check.report.safe import safe_text, whole_characters

_FORMULA = re.compile(r"[=+\-@]")
_HARMLESS = re.compile(r"==|[+-]?\d+([.,]\d+)*(%|[eE][+-]?\d+)?", re.ASCII)
"""A number, and our own operator: neither computes anything."""
_QUOTED = re.compile(r'[",\r\n]')


def csv_header(columns: Sequence[str]) -> bytes:
    """Return the first line of a table."""
    return (",".join(columns) + "\r\n").encode()


def csv_rows(columns: Mapping[str, Sequence[Any]]) -> bytes:
    r"""Return rows as CSV lines, one line a row: line breaks inside a cell become blanks.

    >>> csv_rows({"id": ["=1+1", 'a"b', "=="], "n": [1.5, None, 2]})
    b'\'=1+1,1.5\r\n"a""b",\r\n==,2\r\n'
    """
    cells = [[_cell(value) for value in plain_values(values)] for values in columns.values()]
    return "".join(",".join(row) + "\r\n" for row in zip(*cells, strict=True)).encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return csv_text(value)
    return repr(value)


def csv_text(value: str) -> str:
    """Return a text as a cell; what a spreadsheet would run gets an apostrophe in front."""
    text = safe_text(value)
    if _FORMULA.match(text.lstrip()) and not _HARMLESS.fullmatch(text):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def json_rows(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return rows as one JSON object a line, in ASCII."""
    names = list(columns)
    lines = []
    for row in zip(*map(plain_values, columns.values()), strict=True):
        plain = [whole_characters(value) if isinstance(value, str) else value for value in row]
        lines.append(json.dumps(dict(zip(names, plain, strict=True)), allow_nan=False))
    return "".join(line + "\n" for line in lines).encode("ascii")
