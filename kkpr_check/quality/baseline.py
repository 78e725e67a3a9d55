"""Known findings that do not fail a run: a JSON file whose entries carry a reason and may expire."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.quality.findings import DataFinding, identity_of

SCHEMA = "kkpr-check/baseline/1"
KEYS = ("code", "file", "layer", "feature", "other_feature", "field", "value")
"""What an entry is matched by, as text: place and value, not measures or words. Collected findings: by their members."""
_SHOWN = 3
_Key = tuple[tuple[str, ...], frozenset[str]]
"""Identity and members."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One known finding; `count` of them where several are alike. A collected one with no more `members` is known too."""

    identity: tuple[str, ...]
    count: int = 1
    reason: str = ""
    expires: dt.date | None = None
    members: frozenset[str] = frozenset()

    def label(self) -> str:
        """Return the entry in one line."""
        return " ".join(part for part in (*self.identity, *sorted(self.members)[:_SHOWN]) if part)

    def below(self, folder: str) -> Entry:
        """Return the entry with its file inside `folder`, as an entry of a plan's own baseline is meant."""
        code, file, *rest = self.identity
        home = folder.replace("\\", "/")
        return replace(self, identity=(code, (PurePosixPath(home) / file).as_posix(), *rest))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Findings that are new, how many are covered, entries that match nothing any more, entries that have expired."""

    findings: tuple[DataFinding, ...]
    suppressed: int
    unmatched: tuple[str, ...]
    expired: tuple[str, ...]


def apply(
    findings: Iterable[DataFinding],
    entries: Iterable[Entry],
    today: dt.date,
    looked_for: Collection[str] | None = None,
    looked_at: Collection[str] | None = None,
) -> Outcome:
    """Take the known findings out; an entry is no longer good on the day after `expires`.

    An entry whose value is no longer that of the finding still matches where that value is a number: a measure.
    Whether an entry still matches something is told only for the codes that were `looked_for` (None: all), in the
    files and folders that were `looked_at` (None: everywhere).
    """
    left: Counter[_Key] = Counter()
    labels: dict[_Key, str] = {}
    expired = []
    for entry in entries:
        if entry.expires is not None and entry.expires < today:
            expired.append(entry.label())
            continue
        left[entry.identity, entry.members] += entry.count
        labels[entry.identity, entry.members] = entry.label()
    measured: dict[tuple[str, ...], list[_Key]] = {}
    for key in left:
        measured.setdefault(key[0][:-1], []).append(key)
    kept, suppressed = [], 0
    for finding in findings:
        members = frozenset(finding.members)
        alike = [(finding.identity, members)]
        if members or isinstance(finding.value, int | float):
            alike += measured.get(finding.identity[:-1], ())
        known = next((key for key in alike if left[key] > 0 and _covers(key[1], members)), None)
        if known is None:
            kept.append(finding)
            continue
        left[known] -= 1
        suppressed += 1
    unmatched = tuple(
        labels[key]
        for key, count in left.items()
        if count > 0
        and (looked_for is None or key[0][0] in looked_for)
        and (looked_at is None or _is_below(key[0][1], looked_at))
    )
    return Outcome(tuple(kept), suppressed, unmatched, tuple(expired))


def _covers(known: frozenset[str], members: frozenset[str]) -> bool:
    return members <= known if members else not known


def _is_below(file: str, roots: Collection[str]) -> bool:
    """Tell whether a file is one of some files, or lies in one of some folders."""
    path = PurePosixPath(file)
    homes = {PurePosixPath(root.replace("\\", "/")) for root in roots}
    return path in homes or any(home in path.parents for home in homes)


def document(findings: Iterable[DataFinding], reason: str, kept: Iterable[Entry] = ()) -> str:
    """Return a baseline file that covers these findings; reasons and dates of `kept` entries stay."""
    old: dict[tuple[str, ...], list[Entry]] = {}
    for entry in kept:
        old.setdefault(entry.identity, []).append(entry)
    entries = []
    for (identity, members), count in Counter((f.identity, frozenset(f.members)) for f in findings).items():
        alike = (e for e in old.get(identity, ()) if e.members & members or e.members == members)
        entry = next(alike, Entry(identity, reason=reason))
        line: dict[str, Any] = {key: part for key, part in zip(KEYS, identity, strict=True) if part}
        if members:
            line["members"] = sorted(members)
        if count > 1:
            line["count"] = count
        line["reason"] = entry.reason
        if entry.expires is not None:
            line["expires"] = entry.expires.isoformat()
        entries.append(line)
    return json.dumps({"schema": SCHEMA, "entries": entries}, ensure_ascii=False, indent=1) + "\n"


def parse(text: str, place: Place) -> tuple[Entry, ...]:
    """Return the entries of a baseline file.

    Raises
    ------
    InputError
        Code ``baseline``: no such JSON, or an entry that cannot be understood.
    """
    try:
        data = json.loads(text)
        if not isinstance(data, Mapping) or data.get("schema") != SCHEMA:
            raise ValueError(f'"schema" is not "{SCHEMA}"')
        return tuple(_entry(item) for item in data["entries"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = str(error).split("\n", 1)[0][:200]
        raise InputError(
            Text(f"no baseline of kkpr-check: {why}", f"bukan berkas baseline kkpr-check: {why}"),
            place=place,
            remedy=Text("write it with --write-baseline", "buat dengan --write-baseline"),
            code="baseline",
        ) from None


def _entry(item: Mapping[str, Any]) -> Entry:
    if not item.get("code"):
        raise ValueError("an entry without code")
    unknown = set(item) - {*KEYS, "members", "count", "reason", "expires"}
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]!r}")
    expires = item.get("expires")
    identity = identity_of([item.get(key) for key in KEYS])
    count = item.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ValueError(f"count {count!r}")
    day = None if expires is None else dt.date.fromisoformat(str(expires))
    members = item.get("members", [])
    if not isinstance(members, list):
        raise ValueError("members is no list")
    return Entry(identity, count, str(item.get("reason", "")), day, frozenset(map(str, members)))
