"""From a value in somebody's layer to a row of the national catalogue, with how it was found and how sure."""

from __future__ import annotations

import difflib
import math
import numbers
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Generic, Literal, TypeVar

from kkpr_check.reference.rows import Mark, RtrwClass, Subzone, rtrw_classes, subzones

Kind = Literal["exact", "number", "spelling", "name", "fuzzy"]
Row = TypeVar("Row", Subzone, RtrwClass)

NAME_CUTOFF = 0.84
"""Least difflib ratio of a name that is still suggested: one typo in eight letters stays above it."""
TIE = 0.03
"""Suggestions this close to the best are listed as alternatives."""

_SPACES = re.compile(r"\s+")
_INTEGRAL = re.compile(r"^-?\d+\.0+$")
_NUMBER = re.compile(r"^\d{8}$")
_CODE = re.compile(
    r"^(?P<letters>[A-Z]{1,5})"
    r"(?:[\s.\-_]*(?P<digits>\d{1,2})(?:[\s.,\-_]*(?P<tpz>[A-Z])[\s.\-]*(?P<variant>\d?))?"
    r"|[\s.,\-_]+(?P<letter_tpz>[A-Z])[\s.\-]*(?P<letter_variant>\d?))?$"
)
"""`R2`, `r-2`, `R.2.K`, `R-2.k-3`, `SPU 1,K`, `RTH3`: base, number, letter of a zoning technique (TPZ)."""
_NAME_AND_CODE = re.compile(
    r"^(?P<name>.{4,}?)[\s,;:\-]*"
    r"(?:[(\[](?P<inner>[^()\[\]]{1,9})[)\]]|\s(?P<tail>[A-Za-z]{1,5}[\s.\-]?\d{1,2}))$"
)
_CODE_AND_NAME = re.compile(
    r"^(?P<code>[A-Za-z]{1,5}(?:[\s.\-]?\d{1,2})?)(?:\s*[,;:(\[\-]\s*|\s+)(?P<name>[A-Za-z].{3,}?)[)\]]?$"
)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\uff0d", "-"))
_SEEN_TECHNIQUES = frozenset("JK")
"""TPZ letters met in real plans; another letter without a separator ("K2a") may be a sub-zone of its own."""
_LEADING = re.compile(r"^(?:(?:sub )?zona |subzona |kawasan |sub )+")
_REPLACEMENTS = (
    (re.compile(r"\bbudidaya\b"), "budi daya"), (re.compile(r"\bnonhijau\b"), "non hijau"),
    (re.compile(r"\b(?:sub bwp|sbwp|sub wp)\b"), "swp"), (re.compile(r"\bbwp\b"), "wp"),
    (re.compile(r"\bdapat di konversi\b"), "dapat dikonversi"),
    (re.compile(r"\bsarana pelayanan umum(?= skala)"), "spu"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match(Generic[Row]):
    """A row found for a value.

    Attributes
    ----------
    row
        The catalogue row; for a holding class "A / B" the row of A.
    kind
        ``exact`` letter code, ``number`` 8-digit code, ``spelling`` of a letter code, ``name``, or ``fuzzy``:
        a suggestion that a person has to confirm.
    score
        1 for certain, below that how alike.
    tpz
        Letter (and variant) of a zoning technique that stood behind the code, "K".
    alternatives
        Other codes that the value could mean as well.
    holding
        For "A / B" the proposed use B: its code, or its text where B is not in the catalogue.
    """

    row: Row
    kind: Kind
    score: float
    tpz: str = ""
    alternatives: tuple[str, ...] = ()
    holding: str | None = None
    holding_name: str = ""

    @property
    def code(self) -> str:
        """The letter code; "HL / P-1" for a holding class."""
        return self.row.code if self.holding is None else f"{self.row.code} / {self.holding}"

    @property
    def name(self) -> str:
        """The name of the row; both names for a holding class."""
        return self.row.name if self.holding is None else f"{self.row.name} / {self.holding_name}"

    @property
    def mark(self) -> Mark:
        """How far the row may be trusted."""
        return self.row.mark

    @property
    def certain(self) -> bool:
        """Tell whether a mapping may take this match without asking: not a likeness, not a memory row."""
        return self.kind != "fuzzy" and self.mark != "memory"


def clean(value: object) -> str | None:
    r"""Return an attribute value as clean text, or None where it says nothing.

    >>> clean(32103000.0), clean(" R-2\u00a0"), clean(float("nan")), clean("  ")
    ('32103000', 'R-2', None, None)
    """
    if value is None:
        return None
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        number = float(value)
        if not math.isfinite(number):
            return None
        return str(int(number)) if number.is_integer() else repr(number)
    text = _SPACES.sub(" ", str(value).replace("\u00a0", " ")).strip()
    if _INTEGRAL.match(text):
        text = text[: text.index(".")]
    return text or None


def plain_name(text: str) -> str:
    """Return a class name without case, punctuation, the words Zona and Kawasan, and template spellings.

    >>> plain_name("Zona Perdagangan & Jasa Skala Sub BWP"), plain_name("KAWASAN PERIKANAN BUDIDAYA")
    ('perdagangan dan jasa skala swp', 'perikanan budi daya')
    """
    text = re.sub(r"[^a-z0-9]+", " ", text.casefold().replace("&", " dan ")).strip()
    for pattern, new in _REPLACEMENTS:
        text = pattern.sub(new, text)
    return _LEADING.sub("", text + " ").strip()


@dataclass(frozen=True, slots=True)
class _Catalogue(Generic[Row]):
    """Rows by code, number and plain name; a name of two codes keeps both."""

    codes: Mapping[str, Row]
    numbers: Mapping[str, Row]
    names: Mapping[str, Sequence[Row]]
    old_codes: Mapping[str, Row]


def _catalogue(rows: Iterable[Row]) -> _Catalogue[Row]:
    codes: dict[str, Row] = {}
    numbers_: dict[str, Row] = {}
    names: dict[str, list[Row]] = {}
    old: dict[str, Row] = {}
    row: Row
    for row in rows:
        codes.setdefault(row.code, row)
        if row.number:
            numbers_.setdefault(row.number, row)
        for name in (row.name, *row.old_names):
            key = plain_name(name)
            if row.code not in [other.code for other in names.setdefault(key, [])]:
                names[key].append(row)
        if isinstance(row, Subzone):
            old.update(dict.fromkeys(row.old_codes, row))
    return _Catalogue(codes, numbers_, names, old)


@cache
def _rdtr() -> _Catalogue[Subzone]:
    return _catalogue(subzones())


@cache
def _rtrw() -> _Catalogue[RtrwClass]:
    return _catalogue(rtrw_classes())


def find_subzone(value: object, *, alike: bool = True) -> Match[Subzone] | None:
    """Return the RDTR zone or sub-zone that a value names, or None.

    Parameters
    ----------
    value
        Any attribute value: letter code in any spelling, 8-digit code as text or float, name, old name, or a
        name followed by its code.
    alike
        Whether a likeness is looked for, too: it is never certain, and costs most.

    >>> m = find_subzone("R.2.K"); m.code, m.kind, m.tpz
    ('R-2', 'spelling', 'K')
    """
    text = clean(value)
    return None if text is None else _find_subzone(text, alike)


def find_rtrw_class(value: object, *, alike: bool = True) -> Match[RtrwClass] | None:
    """Return the RTRW class that a value names, or None; "A / B" gives A with B as its holding use."""
    text = clean(value)
    return None if text is None else _find_rtrw(text, alike)


@lru_cache(maxsize=8192)
def _find_subzone(text: str, alike: bool) -> Match[Subzone] | None:
    return _find(text, _rdtr(), alike)


@lru_cache(maxsize=8192)
def _find_rtrw(text: str, alike: bool) -> Match[RtrwClass] | None:
    rows = _rtrw()
    whole = _find(text, rows, alike)
    if "/" not in text or (whole is not None and whole.kind != "fuzzy"):
        return whole
    first, _, second = (part.strip() for part in text.partition("/"))
    head, tail = _find(first, rows, alike), _find(second, rows, alike)
    if head is None or head.kind == "fuzzy" or not second:
        return whole
    if tail is None or tail.kind == "fuzzy":
        return replace(head, holding=second, holding_name=second, score=head.score * 0.9)
    return replace(head, holding=tail.row.code, holding_name=tail.row.name, score=min(head.score, tail.score))


def _find(text: str, rows: _Catalogue[Row], alike: bool) -> Match[Row] | None:
    text = text.translate(_DASHES)
    if text in rows.codes:
        return Match(rows.codes[text], "exact", 1.0)
    if text.isdigit():
        return _by_number(text, rows)
    certain = _by_spelling(text, rows) or _by_name(text, rows)
    return (
        certain
        or _two_codes(text, rows)
        or _by_name_and_code(text, rows)
        or (_alike(text, rows) if alike else None)
    )


def _by_number(text: str, rows: _Catalogue[Row]) -> Match[Row] | None:
    row = rows.numbers.get(text) if _NUMBER.match(text) else None
    if row is None:
        return None
    if row.number_doubtful:
        doubtful = [r.code for r in rows.numbers.values() if r.number_doubtful and r.code != row.code]
        return Match(row, "fuzzy", 0.6, alternatives=tuple(doubtful))
    return Match(row, "number", 1.0)


def _by_spelling(text: str, rows: _Catalogue[Row]) -> Match[Row] | None:
    if text.upper() in rows.old_codes:
        return Match(rows.old_codes[text.upper()], "spelling", 0.95)
    found = _CODE.match(text.upper())
    if found is None:
        return None
    letters, digits = found["letters"], found["digits"]
    code = letters if digits is None else f"{letters}-{int(digits)}"
    row = rows.codes.get(code)
    if row is None:
        return None
    tpz = (found["tpz"] or found["letter_tpz"] or "") + (found["variant"] or found["letter_variant"] or "")
    glued = found["tpz"] is not None and found.start("tpz") == found.end("digits")
    if glued and found["tpz"] not in _SEEN_TECHNIQUES:
        return Match(row, "fuzzy", 0.6)
    return Match(row, "spelling", 0.95 if tpz else 0.98, tpz=tpz)


def _by_name(text: str, rows: _Catalogue[Row]) -> Match[Row] | None:
    hits = rows.names.get(plain_name(text), ())
    if len(hits) == 1:
        same = text.casefold() == hits[0].name.casefold()
        return Match(hits[0], "name", 1.0 if same else 0.95)
    return Match(hits[0], "fuzzy", 0.7, alternatives=tuple(r.code for r in hits[1:])) if hits else None


def _by_name_and_code(text: str, rows: _Catalogue[Row]) -> Match[Row] | None:
    found = _NAME_AND_CODE.match(text)
    if found is not None:
        code_text = (found["inner"] or found["tail"]).strip()
    else:
        found = _CODE_AND_NAME.match(text)
        if found is None or _by_name(found["name"], rows) is None:
            return None
        code_text = found["code"]
    code = (
        Match(rows.codes[code_text], "exact", 1.0)
        if code_text in rows.codes
        else _by_spelling(code_text, rows)
    )
    name = _by_name(found["name"], rows)
    if code is None or name is None:
        known = name or code
        return None if known is None else replace(known, kind="fuzzy", score=0.7)
    if name.row.code == code.row.code and name.kind == "name":
        return replace(code, kind="name", score=0.97)
    return replace(code, kind="fuzzy", score=0.6, alternatives=(name.row.code,))


def _two_codes(text: str, rows: _Catalogue[Row]) -> Match[Row] | None:
    """Suggest for a value of several codes ("RTH 3 > R3"): only the planner knows which one counts."""
    parts = re.split(r"->|[>/;+]", text)
    codes = [found for part in parts if (found := _by_spelling(part.strip(), rows)) is not None]
    if len(parts) < 2 or not codes:
        return None
    others = tuple(code.row.code for code in codes[1:])
    return replace(codes[0], kind="fuzzy", score=0.5, alternatives=others)


def _alike(text: str, rows: _Catalogue[Row]) -> Match[Row] | None:
    """Suggest for a local number behind a national code and for a name with typos."""
    local = re.match(r"^([A-Z]{1,5}(?:[\s\-]?\d)?)[\s.\-]\d{1,2}$", text.upper())
    base = _by_spelling(local[1], rows) if local else None
    if base is not None:
        return replace(base, kind="fuzzy", score=0.6)
    name = plain_name(text)
    without = name.removeprefix("peruntukan ")
    if without != name and len(rows.names.get(without, ())) == 1:
        return Match(rows.names[without][0], "fuzzy", 0.9)
    if len(name) < 5:
        return None
    close = difflib.get_close_matches(name, rows.names, n=4, cutoff=NAME_CUTOFF)
    if not close:
        return None
    scores = [difflib.SequenceMatcher(None, name, other).ratio() for other in close]
    near = {r.code: None for other, score in zip(close, scores, strict=True) if scores[0] - score <= TIE
            for r in rows.names[other]}  # fmt: skip
    first = rows.names[close[0]][0]
    return Match(
        first, "fuzzy", round(scores[0], 3), alternatives=tuple(code for code in near if code != first.code)
    )


def agree(a: Match[Subzone] | Match[RtrwClass], b: Match[Subzone] | Match[RtrwClass]) -> bool:
    """Tell whether two matches can both be true of one place: the same row, or a zone and one of its sub-zones."""
    if a.row.code == b.row.code:
        return True
    if isinstance(a.row, Subzone) and isinstance(b.row, Subzone):
        return a.row.code == b.row.zone_code or b.row.code == a.row.zone_code
    if a.row.number and b.row.number:
        short, long = sorted((a.row.number.rstrip("0"), b.row.number.rstrip("0")), key=len)
        return long.startswith(short)
    return False
