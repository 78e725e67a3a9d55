"""Two folders of plans compared: plans matched by their id, each pair as `diff` compares two plans."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from kkpr_check.changes.base import Change
from kkpr_check.changes.result import Diff, Version
from kkpr_check.differing import NEW, OLD, DiffRequest, Side, compare, opened_side, said_of, version_of
from kkpr_check.errors import ErrorGroup, InputError, KkprError, Place, Text
from kkpr_check.io.planfolder import PLAN_FILE, named_id, plan_folders, plan_sha256
from kkpr_check.phrases import counted, say

_NOT_JUDGED = Text(
    "verdicts would miss the plans that cannot be read", "putusan akan luput dari rencana yang tidak terbaca"
)


class Entry(NamedTuple):
    """One plan of a folder: its path, its path inside the folder, and its id where plan.toml names one."""

    path: str
    inside: str
    id: str | None

    @property
    def label(self) -> str:
        """The id, else the path inside the folder."""
        return self.id or self.inside


class Pair(NamedTuple):
    """One plan in both versions; None where a version lacks it."""

    old: Entry | None
    new: Entry | None


class Sides(NamedTuple):
    """A pair opened."""

    old: Side | None
    new: Side | None


def is_folder_of_plans(path: str) -> bool:
    """Tell whether a path is a folder that holds no plan.toml, but plan folders further down."""
    local = Path(path)
    if not local.is_dir() or local.suffix.casefold() == ".gdb" or (local / PLAN_FILE).exists():
        return False
    return bool(plan_folders(local))


def compare_any(request: DiffRequest, *, judged: bool) -> tuple[Diff, tuple[Sides, ...]]:
    """Compare two plans, two bare layers, or two folders of plans.

    Raises
    ------
    KkprError
        A side cannot be read, or the two are not of one kind.
    """
    if is_folder_of_plans(request.old) or is_folder_of_plans(request.new):
        return compare_folders(request, judged=judged)
    diff, old, new = compare(request)
    return diff, (Sides(old, new),)


def compare_folders(request: DiffRequest, *, judged: bool) -> tuple[Diff, tuple[Sides, ...]]:
    """Compare every plan that stands in both folders; name those that stand in one.

    A plan that cannot be read is a change DIF603 and stands in `failures`; the others are compared all the same.

    Parameters
    ----------
    judged
        Whether parcels are to be judged by the plans: those without a change are opened too.

    Returns
    -------
    tuple[Diff, tuple[Sides, ...]]
        What changed, and the opened plans (none of those that failed).

    Raises
    ------
    InputError
        A side holds no plan.
    """
    old, new = _entries(request.old, OLD), _entries(request.new, NEW)
    changes: list[Change] = []
    plans: list[Diff] = []
    unchanged: list[str] = []
    failures: list[KkprError] = []
    sides: list[Sides] = []
    hashes: dict[str, str] = {}
    notes: dict[Text, None] = {}
    for pair in paired(old, new):
        try:
            for entry, word in zip(pair, (OLD, NEW), strict=True):
                if entry is not None:
                    hashes[entry.path] = _hash(entry, word)
            changes += _moved(pair)
            if pair.old is None or pair.new is None:
                opened = _alone(request, pair)
                changes.append(_one_sided(request, opened))
            elif hashes[pair.old.path] == hashes[pair.new.path]:
                opened = _same(pair.new, request) if judged else Sides(None, None)
                unchanged.append(pair.new.label)
            else:
                found, before, after = compare(replace(request, old=pair.old.path, new=pair.new.path))
                opened = Sides(before, after)
                if found.changes:
                    plans.append(found)
                else:
                    unchanged.append(pair.new.label)
                    notes |= dict.fromkeys(found.notes)
        except KkprError as error:
            failures += error.errors if isinstance(error, ErrorGroup) else [error]
            changes.append(_failed(pair, error))
            continue
        if opened.old is not None or opened.new is not None:
            sides.append(opened)
    order = ("DIF603", "DIF602", "DIF601", "DIF604")
    diff = Diff(
        _folder(request.old, old, hashes), _folder(request.new, new, hashes), request.as_of, "", (), (),
        tuple(sorted(changes, key=lambda change: order.index(change.code))), notes=tuple(notes), plans=tuple(plans),
        not_compared=(("parcels", _NOT_JUDGED),) if failures and judged else (), unchanged=tuple(unchanged),
        failures=tuple(failures),
    )  # fmt: skip
    return diff, tuple(sides)


def _entries(path: str, word: Text) -> list[Entry]:
    """Return the plans of a side; OLD may have none yet."""
    root = Path(path)
    found = [] if (root / PLAN_FILE).exists() or not root.is_dir() else plan_folders(root)
    if not found and (word is NEW or (root / PLAN_FILE).exists() or not root.is_dir()):
        what = (
            Text("one plan, but the other side is a folder of plans", "satu rencana, sedangkan sisi lain folder berisi rencana")
            if (root / PLAN_FILE).exists()
            else Text("there is no plan folder in it", "tidak ada folder rencana di dalamnya")
            if root.is_dir()
            else Text("there is no such folder", "folder tidak ada")
        )  # fmt: skip
        raise InputError(
            Text(f"{word.en}: {what.en}", f"{word.id}: {what.id}"),
            place=Place(path),
            remedy=Text(
                "name two plans, or two folders of plans",
                "sebutkan dua rencana, atau dua folder berisi rencana",
            ),
            code="not-alike",
        )
    return [Entry(str(folder), folder.relative_to(root).as_posix(), named_id(folder)) for folder in found]


def paired(old: Sequence[Entry], new: Sequence[Entry]) -> tuple[Pair, ...]:
    """Pair plans by their id; those whose id stands there twice, is gone or is another, by their path inside the folder.

    >>> a, b = Entry("x/a", "a", "one"), Entry("y/b", "b", "one")
    >>> paired([a], [b]) == (Pair(a, b),)
    True
    """
    counts = [Counter(entry.id for entry in side) for side in (old, new)]
    by_id = {e.id: e for e in new if e.id is not None and all(count[e.id] == 1 for count in counts)}
    pairs: dict[Entry, Entry] = {e: by_id[e.id] for e in old if e.id in by_id}
    taken = set(pairs.values())
    by_path = {entry.inside: entry for entry in new if entry not in taken}
    pairs |= {e: by_path[e.inside] for e in old if e not in pairs and e.inside in by_path}
    taken = set(pairs.values())
    found = [Pair(entry, pairs.get(entry)) for entry in old]
    found += [Pair(None, entry) for entry in new if entry not in taken]
    return tuple(
        sorted(found, key=lambda pair: ((pair.new or pair.old or _NOWHERE).inside, pair.new is None))
    )


_NOWHERE = Entry("", "", None)


def _alone(request: DiffRequest, pair: Pair) -> Sides:
    return Sides(*(
        None if entry is None else opened_side(entry.path, request, word)
        for entry, word in zip(pair, (OLD, NEW), strict=True)
    ))  # fmt: skip


def _same(entry: Entry, request: DiffRequest) -> Sides:
    side = opened_side(entry.path, request, NEW)
    return Sides(side, side)


def _hash(entry: Entry, word: Text) -> str:
    try:
        return plan_sha256(entry.path)
    except ErrorGroup as group:
        raise ErrorGroup([said_of(error, word) for error in group.errors]) from None
    except KkprError as error:
        raise said_of(error, word) from None


def _moved(pair: Pair) -> Iterator[Change]:
    if pair.old is None or pair.new is None or pair.old.inside == pair.new.inside:
        return
    text = say(
        "{plan}: {a} became {b}",
        "{plan}: {a} menjadi {b}",
        plan=pair.new.label,
        a=pair.old.inside,
        b=pair.new.inside,
    )
    yield Change("DIF604", text, _toml(pair.new), old=pair.old.inside, new=pair.new.inside)


def _one_sided(request: DiffRequest, sides: Sides) -> Change:
    side = sides.new or sides.old
    assert side is not None and side.plan is not None
    version = version_of(side, request.as_of)
    features = sum(index.facts.rows for index in side.indexes.values())
    text = say(
        "{plan}: {name}, {layers}, {features}", "{plan}: {name}, {layers}, {features}",
        plan=str(version.id), name=str(version.name), layers=counted(len(side.indexes), "layer", "layers", "layer"),
        features=counted(features, "feature", "features", "fitur"),
    )  # fmt: skip
    file = str(Path(side.path) / PLAN_FILE)
    if sides.new is not None:
        return Change("DIF601", text, file, new=version.id, count=1)
    return Change("DIF602", text, file, old=version.id, count=1)


def _failed(pair: Pair, error: KkprError) -> Change:
    entry = pair.new or pair.old
    assert entry is not None
    first = error.errors[0] if isinstance(error, ErrorGroup) else error
    more = len(error.errors) - 1 if isinstance(error, ErrorGroup) else 0
    place = first.place if first.place.file else Place(_toml(entry))
    where = Text(place.pick("en"), place.pick("id"))
    text = say(
        "{plan}: {where}: {why}", "{plan}: {where}: {why}", plan=entry.label, why=first.text, where=where
    )
    if more:
        text = Text(f"{text.en}, and {more} more", f"{text.id}, dan {more} lagi")
    return Change("DIF603", text, _toml(entry), old=pair.old and pair.old.id, new=pair.new and pair.new.id)


def _toml(entry: Entry) -> str:
    return os.path.join(entry.path, PLAN_FILE)


def _folder(path: str, entries: Sequence[Entry], hashes: dict[str, str]) -> Version:
    lines = "".join(f"{hashes.get(entry.path, '-')}  {entry.inside}\n" for entry in entries)
    return Version(
        str(Path(path)), "folder", hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest(), "several", (),
        plans=len(entries),
    )  # fmt: skip
