"""plan.toml against its JSON schema: one source for what is allowed, and problems placed by line and key.

Only the keywords that ``schemas/plan-1.json`` uses for single keys are interpreted here; conditions between
keys (`oneOf`, `allOf`, `contains`) are checked in `kkpr_check.io.planfolder`, where the message can say more.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from kkpr_check.errors import KkprError, Place, PlanError, Text
from kkpr_check.sheets import did_you_mean

Key = tuple[str | int, ...]
Json = dict[str, Any]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)((?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="""
)
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")
_TYPES: Mapping[str, tuple[tuple[type, ...], Text]] = {
    "string": ((str,), Text('a text in "quotes"', 'teks dalam "tanda kutip"')),
    "boolean": ((bool,), Text("true or false", "true atau false")),
    "integer": ((int,), Text("a whole number", "bilangan bulat")),
    "number": ((int, float), Text("a number", "angka")),
    "array": ((list,), Text("a list, written [[name]]", "daftar, ditulis [[nama]]")),
    "object": ((dict,), Text("a table, written [name]", "tabel, ditulis [nama]")),
}


@functools.cache
def plan_schema() -> Json:
    """Return the JSON schema of plan.toml."""
    text = resources.files("kkpr_check").joinpath("schemas", "plan-1.json").read_text(encoding="utf-8")
    schema: Json = json.loads(text)
    return schema


def key_lines(text: str) -> dict[Key, int]:
    r"""Return the 1-based line of each key and table of a TOML text, found by a simple search.

    >>> key_lines('id = "a"\n[[layer]]\nrole = "road"')[("layer", 0, "role")]
    3
    """
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            table = _table_path(header[2], counts, is_array=header[1] == "[[")
            lines.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key:
            lines.setdefault(table + _parts(key[1] + key[2]), number)
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(a or b or c for a, b, c in _PART.findall(dotted))


def _table_path(dotted: str, counts: dict[Key, int], *, is_array: bool) -> Key:
    """Return the path of a table header; ``layer`` inside an array of tables means its last element."""
    path: Key = ()
    names = _parts(dotted)
    for depth, name in enumerate(names, start=1):
        path = (*path, name)
        if depth == len(names) and is_array:
            counts[path] = counts.get(path, 0) + 1
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


class Document:
    """A plan.toml as read, with the means to place a problem in it."""

    def __init__(self, file: str, text: str, data: Json) -> None:
        self.file = file
        self.data = data
        self.errors: list[KkprError] = []
        self._lines = key_lines(text)
        self._wrong: set[Key] = set()

    def is_wrong(self, path: Key) -> bool:
        """Tell whether a problem of this key, or of one inside it, is recorded."""
        return any(wrong[: len(path)] == path for wrong in self._wrong)

    def place(self, path: Key) -> Place:
        """Return file, line and key; the line of the table where the key has none of its own."""
        dotted = ""
        for part in path:
            dotted += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if dotted else part
        for end in range(len(path), 0, -1):
            if path[:end] in self._lines:
                return Place(self.file, None, self._lines[path[:end]], dotted)
        return Place(self.file, None, None, dotted or None)

    def add(self, path: Key, text: Text, remedy: Text | None = None, code: str = "plan") -> None:
        """Record one problem of the key at `path`."""
        self._wrong.add(path)
        self.errors.append(PlanError(text, place=self.place(path), remedy=remedy, code=code))


def plain_dates(value: Any) -> Any:
    """Return TOML data with dates as ISO text, as JSON has them."""
    if isinstance(value, dict):
        return {key: plain_dates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_dates(item) for item in value]
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    return value


def check_schema(document: Document) -> None:
    """Record every key that is unknown, absent or of the wrong kind, and take it out of the data."""
    edition = document.data.get("kbli_version")
    if isinstance(edition, str) and edition.isascii() and edition.isdigit():
        document.data["kbli_version"] = int(edition)
    for path, text, remedy in list(_violations(document.data, plan_schema(), ())):
        document.add(path, text, remedy)
        _take_out(document.data, path)


def _take_out(data: Any, path: Key) -> None:
    """Remove the value at `path`; an element of a list becomes an empty table, the rest keep place."""
    for part in path[:-1]:
        data = data[part]
    last = path[-1]
    if isinstance(last, int):
        data[last] = {}
    else:
        data.pop(last, None)


_Violation = tuple[Key, Text, Text | None]


def _violations(value: Any, schema: Json, path: Key) -> Iterator[_Violation]:
    allowed = schema.get("type")
    if allowed is not None:
        names = [allowed] if isinstance(allowed, str) else list(allowed)
        if not any(_is_type(value, name) for name in names):
            want_en = " or ".join(_TYPES[name][1].en for name in names)
            want_id = " atau ".join(_TYPES[name][1].id for name in names)
            found = str(value)[:40]
            yield path, Text(f"{found!r} is not {want_en}", f"{found!r} bukan {want_id}"), _hint(schema)
            return
    if "enum" in schema:
        yield from _scalar(value, schema, path)
    elif isinstance(value, dict):
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _violations(item, schema.get("items", {}), (*path, index))
    else:
        yield from _scalar(value, schema, path)


def _is_type(value: Any, name: str) -> bool:
    if isinstance(value, bool) and name != "boolean":
        return False
    if isinstance(value, float) and name == "integer":
        return value.is_integer()
    return isinstance(value, _TYPES[name][0])


def _object(value: Json, schema: Json, path: Key) -> Iterator[_Violation]:
    known: Json = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for key, item in value.items():
        if key in known:
            yield from _violations(item, known[key], (*path, key))
        elif others is False:
            yield (
                (*path, key),
                Text(f'unknown key "{key}"', f'kunci "{key}" tidak dikenal'),
                did_you_mean(key, tuple(known)),
            )
        elif isinstance(others, dict):
            yield from _violations(item, others, (*path, key))
    for key in schema.get("required", ()):
        if key not in value:
            yield (
                (*path, key),
                Text(f'key "{key}" is missing', f'kunci "{key}" tidak ada'),
                _hint(known.get(key, {})),
            )


def _scalar(value: Any, schema: Json, path: Key) -> Iterator[_Violation]:
    shown = f'"{value}"' if isinstance(value, str) else str(value)[:40]
    if "enum" in schema and not _one_of(value, schema["enum"]):
        words = tuple(str(word) for word in schema["enum"])
        yield path, Text(f"{shown} is not allowed", f"{shown} tidak boleh"), did_you_mean(str(value), words)
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        yield path, Text(f"{shown} is not well formed", f"bentuk {shown} salah"), _hint(schema)
    elif not _in_range(value, schema):
        yield path, Text(f"{shown} is out of range", f"{shown} di luar rentang"), _hint(schema)


def _one_of(value: Any, words: list[Any]) -> bool:
    return any(value == word and isinstance(value, bool) == isinstance(word, bool) for word in words)


def _in_range(value: Any, schema: Json) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (
        math.isfinite(value)
        and value >= schema.get("minimum", -math.inf)
        and value <= schema.get("maximum", math.inf)
        and value > schema.get("exclusiveMinimum", -math.inf)
    )


def _hint(schema: Json) -> Text | None:
    """Return what the schema says of a key, as a remedy."""
    if "enum" in schema:
        words = ", ".join(str(word) for word in schema["enum"])
        return Text(f"one of: {words}", f"salah satu dari: {words}")
    parts = [f"{sign} {schema[key]}" for key, sign in _BOUNDS if key in schema]
    bounds = ", ".join(parts)
    hint = schema.get("x-hint")
    if hint is None and not bounds:
        return None
    en, id_ = hint or ("write a number", "tulis angka")
    return Text(f"{en} ({bounds})", f"{id_} ({bounds})") if bounds else Text(en, id_)


_BOUNDS = (("minimum", ">="), ("exclusiveMinimum", ">"), ("maximum", "<="))
