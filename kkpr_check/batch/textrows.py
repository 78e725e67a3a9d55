"""Rows as text: CSV (RFC 4180) that no spreadsheet runs as a formula, and JSON lines."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
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
    cells = [_cells(plain_values(values), csv_text, "") for values in columns.values()]
    return "".join(",".join(row) + "\r\n" for row in zip(*cells, strict=True)).encode()


class _Texts(dict[str, str]):
    """Texts as they are written, each made once: in a column few differ."""

    def __init__(self, write: Callable[[str], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, text: str) -> str:
        written = self[text] = self._write(text)
        return written


def _cells(values: Sequence[Any], write: Callable[[str], str], null: str) -> list[str]:
    texts = _Texts(write)
    return [
        null if value is None else texts[value] if isinstance(value, str) else repr(value) for value in values
    ]


def csv_text(value: str) -> str:
    """Return a text as a cell; what a spreadsheet would run gets an apostrophe in front."""
    text = safe_text(value)
    if _FORMULA.match(text.lstrip()) and not _HARMLESS.fullmatch(text):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def json_rows(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return rows as one JSON object a line, in ASCII."""
    cells = []
    for name, values in columns.items():
        plain = plain_values(values)
        if not all(math.isfinite(value) for value in plain if isinstance(value, float)):
            raise ValueError(f"a number of {name} is not finite")
        cells.append(_cells(plain, _json_text, "null"))
    line = "{" + ", ".join(f"{json.dumps(name)}: %s" for name in columns) + "}\n"
    return "".join([line % row for row in zip(*cells, strict=True)]).encode("ascii")


def _json_text(text: str) -> str:
    return json.dumps(whole_characters(text))
