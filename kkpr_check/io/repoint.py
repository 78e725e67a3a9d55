"""plan.toml, told to name another file for one of its layers; comments and everything else stay."""

from __future__ import annotations

import json
import re
import tomllib

_HEAD = re.compile(r"[ \t]*\[\[[ \t]*layer[ \t]*\]\][ \t]*(#.*)?")
_TABLE = re.compile(r"[ \t]*\[")
_KEY = re.compile(r"[ \t]*(path|layer)[ \t]*=")


def repointed(text: str, index: int, path: str, layer: str) -> str | None:
    """Return the text with the path and layer of its `index`-th ``[[layer]]`` changed; None where that cannot be done by line."""
    lines = text.splitlines(keepends=True)
    heads = [number for number, line in enumerate(lines) if _HEAD.fullmatch(line.rstrip("\r\n"))]
    if index >= len(heads):
        return None
    start = heads[index] + 1
    end = next((n for n in range(start, len(lines)) if _TABLE.match(lines[n])), len(lines))
    new = [f"path = {_quoted(path)}\n", f"layer = {_quoted(layer)}\n"]
    rest = [line for line in lines[start:end] if not _KEY.match(line)]
    made = "".join([*lines[:start], *new, *rest, *lines[end:]])
    try:
        wanted, found = tomllib.loads(text), tomllib.loads(made)
    except tomllib.TOMLDecodeError:
        return None
    wanted["layer"][index] |= {"path": path, "layer": layer}
    return made if found == wanted else None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
