"""Which field of a zoning layer carries the sub-zone code: found by its values, not by its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from kkpr_check.errors import Text
from kkpr_check.features import Objects
from kkpr_check.io.adopt.columns import MAX_DISTINCT, Column, count_pairs
from kkpr_check.reference import (
    Match,
    RtrwClass,
    Subzone,
    agree,
    clean,
    field_aliases,
    find_rtrw_class,
    find_subzone,
    is_code_shaped,
)

Family = Literal["rdtr", "rtrw"]
AnyMatch = Match[Subzone] | Match[RtrwClass]


class Finder(Protocol):
    """Finds what a value means in one catalogue."""

    def __call__(self, value: object, *, alike: bool = True) -> AnyMatch | None:
        """See `find_subzone`."""
        ...


FINDERS: Mapping[Family, Finder] = {"rdtr": find_subzone, "rtrw": find_rtrw_class}

QUALITY = {"exact": 1.0, "spelling": 1.0, "number": 0.9, "name": 0.8, "fuzzy": 0.3}
"""What a value counts, by how it was found: a letter code is what plans join their tables on."""
ZONE_WEIGHT = 0.6
"""A value that names only a zone ("R") says less than one that names a sub-zone ("R-3")."""
RTRW_DEPTH = ("KODKWS", "ORDE04", "ORDE03", "ORDE02", "ORDE01")
"""Code fields of an RTRW, from the class to the group it belongs to."""
OFFICIAL_CODE = re.compile(r"(kodszn|kodzon|kodkws|orde0\d|namobj|namszn|namzon)", re.IGNORECASE)
SKIPPED_ROLES = frozenset(
    {"area_ha", "geometry", "id", "length", "overlay", "overlay_sea", "itbx_list", "itbx_key", "intensity", "tpz",
     "lindung_budidaya", "admin_province", "admin_regency", "admin_district", "admin_village"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldGuess:
    """How well one field carries the codes of one catalogue.

    Attributes
    ----------
    score
        0 to 1: share of features that resolve, weighted by how sure (letter code 1, 8-digit 0.9, name 0.8,
        likeness 0.3; a zone without its sub-zone 0.6 of that).
    resolved
        Features whose value names a code for certain; `features` is the size of the layer.
    kinds
        Features by kind of match.
    """

    field: str
    family: Family
    score: float
    rank: float
    features: int
    filled: int
    distinct: int
    resolved: int
    kinds: Mapping[str, int]
    matches: Mapping[str, AnyMatch | None]
    counts: Mapping[str, int]

    @property
    def share(self) -> float:
        """Share of all features that resolve for certain."""
        return self.resolved / self.features if self.features else 0.0

    @property
    def named(self) -> int:
        """Features that resolve by name or by 8-digit code: these mean nothing but zoning."""
        return self.kinds.get("name", 0) + self.kinds.get("number", 0)

    @property
    def codes(self) -> frozenset[str]:
        """The different codes found for certain."""
        return frozenset(match.code for match in self.matches.values() if match is not None and match.certain)

    def evidence(self) -> Text:
        """Return one sentence a planner can check."""
        shown = ", ".join(
            f"{value} -> {match.code}" if value != match.code else value
            for value, match in sorted(self.matches.items(), key=lambda item: -self.counts[item[0]])
            if match is not None and match.certain
        )
        shown = shown if len(shown) <= 90 else shown[:90].rsplit(", ", 1)[0] + " ..."
        return Text(
            f"{self.field}: {self.resolved} of {self.features} features resolve ({self.share:.0%}), "
            f"{self.distinct} different values, score {self.score:.2f}: {shown}",
            f"{self.field}: {self.resolved} dari {self.features} fitur dikenali ({self.share:.0%}), "
            f"{self.distinct} nilai berbeda, skor {f'{self.score:.2f}'.replace('.', ',')}: {shown}",
        )


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two fields of the same features that name different sub-zones."""

    value: str
    code: str
    other_field: str
    other_value: str
    other_code: str
    features: int

    def text(self) -> Text:
        """Return one sentence."""
        return Text(
            f"{self.features} features say {self.value} ({self.code}) but {self.other_field} says "
            f"{self.other_value} ({self.other_code})",
            f"{self.features} fitur berisi {self.value} ({self.code}) tetapi {self.other_field} berisi "
            f"{self.other_value} ({self.other_code})",
        )


def guess_fields(columns: Iterable[Column], title: str = "") -> tuple[FieldGuess, ...]:
    """Return the fields that carry codes or names of the national catalogues, best first.

    Parameters
    ----------
    columns
        The columns of the layer.
    title
        File and layer name: "rtrw" in it decides between two equally good catalogues.
    """
    columns = tuple(columns)
    bonus = _schema_bonus(columns, title.casefold())
    guesses = [
        guess
        for column in columns
        if column.role not in SKIPPED_ROLES and 0 < len(column.counts) <= MAX_DISTINCT
        for name in FINDERS
        if (guess := _guess(column, name, bonus[name])).kinds
    ]
    names = (*field_aliases("subzone_code"), *RTRW_DEPTH)
    order = {name.casefold(): i for i, name in enumerate(names)}
    return tuple(sorted(guesses, key=lambda g: (-g.rank, order.get(g.field.casefold(), len(order)))))


def forced_guess(columns: Iterable[Column], family: Family) -> FieldGuess | None:
    """Return the official code or name field although none of its values is known: every one is left open."""
    for role in ("subzone_code", "class_code", "name", "zone_code"):
        for column in columns:
            if column.role == role and 0 < len(column.counts) <= MAX_DISTINCT:
                return _guess(column, family, 0.0)
    return None


def _guess(column: Column, family: Family, schema_bonus: float) -> FieldGuess:
    find = FINDERS[family]
    matches = {value: find(value) for value in column.counts}
    kinds: Counter[str] = Counter()
    weight = shaped = resolved = 0.0
    for value, match in matches.items():
        count = column.counts[value]
        shaped += count * is_code_shaped(value)
        if match is None:
            continue
        kinds[match.kind if match.certain or match.kind == "fuzzy" else "memory"] += count
        resolved += count * match.certain
        level = ZONE_WEIGHT if getattr(match.row, "level", "") == "zone" else 1.0
        weight += count * QUALITY[match.kind] * match.score * level * (1.0 if match.mark != "memory" else 0.7)
    score = weight / column.features
    role = {"subzone_code": 0.05, "class_code": 0.05, "name": 0.02, "remark": -0.1}.get(
        column.role or "", 0.0
    )
    group = 0.1 * (column.name.strip().upper() == RTRW_DEPTH[-1])
    rank = score + role + schema_bonus + 0.1 * shaped / column.features - group
    return FieldGuess(
        column.name, family, round(min(1.0, score), 3), rank, column.features, column.filled, len(matches),
        int(resolved), dict(kinds), matches, column.counts,
    )  # fmt: skip


def _schema_bonus(columns: Sequence[Column], title: str) -> dict[Family, float]:
    names = {column.name.strip().upper() for column in columns}
    rdtr = names & {"KODSZN", "NAMSZN", "NAMZON", "KODSWP", "KODBLK", "KODSBL", "LP2B_2", "TPZ_00"}
    rtrw = names & {"KODKWS", "ORDE01", "ORDE02", "ORDE03", "ORDE04", "KP2B_2"}
    return {
        "rdtr": 0.05 * (len(rdtr) > len(rtrw)) + 0.01 * ("rdtr" in title),
        "rtrw": 0.05 * (len(rtrw) > len(rdtr)) + 0.01 * ("rtrw" in title),
    }


def is_zoning_evidence(guess: FieldGuess, column: Column) -> bool:
    """Tell whether a field alone shows that the layer is a zoning map.

    A quarter of the features by name or 8-digit code is enough; letter codes are short and mean other things too
    (block C1, soil R1), so they need half of the features and two different codes, or a field name of the schema;
    and three quarters where none is written as the catalogue writes it ("R2"), unless the name is the official one.
    """
    if guess.named >= 0.25 * guess.features:
        return True
    official = column.role in ("subzone_code", "class_code", "name", "zone_code")
    spelled = not guess.kinds.get("exact") and not OFFICIAL_CODE.match(column.name.strip())
    needed = 0.75 if spelled else 0.25 if official else 0.5
    return guess.share >= needed and (len(guess.codes) >= 2 or official)


def find_conflicts(values: Objects, guess: FieldGuess, others: Mapping[str, Objects]) -> tuple[Conflict, ...]:
    """Return where another field of the same feature names another sub-zone; a zone and its sub-zone agree."""
    find = FINDERS[guess.family]
    found: list[Conflict] = []
    for field, column in others.items():
        pairs: Counter[tuple[str | None, str | None]] = Counter()
        for (raw, raw_other), number in count_pairs(values, column).items():
            pairs[clean(raw), clean(raw_other)] += number
        for (value, other), count in pairs.items():
            mine, theirs = guess.matches.get(value or ""), find(other, alike=False)
            if mine is None or theirs is None or not (mine.certain and theirs.certain):
                continue
            if not agree(mine, theirs):
                found.append(Conflict(value or "", mine.code, field, other or "", theirs.code, count))
    return tuple(sorted(found, key=lambda c: (-c.features, c.value, c.other_field)))
