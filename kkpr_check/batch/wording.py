"""Sentences with gaps for numbers, and the messages that they make for many parcels at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from kkpr_check.batch.naming import spread
from kkpr_check.batch.placing import Floats, Ints
from kkpr_check.batch.prepared import NEAR, Place, Said, Saying
from kkpr_check.errors import Text
from kkpr_check.features import Objects
from kkpr_check.geometry import objects
from kkpr_check.model import Finding
from kkpr_check.phrases import Phrase, Quantity, fill, in_words
from kkpr_check.rules import ORDER

GAP = "\0"
BETWEEN = " | "
"""Stands between two sentences of a message."""


def saying_of(finding: Finding, numbers: Mapping[str, float], lang: str) -> Saying | None:
    """Return the sentence of a finding with gaps for some numbers; None where its own numbers are others."""
    phrase = finding.message
    head = f"{finding.rule}: "
    if not isinstance(phrase, Phrase):
        return Saying((head + phrase.pick(lang),), ())
    gaps: list[tuple[str, Quantity]] = []
    pieces = _with_gaps(phrase, numbers, gaps).pick(lang).split(GAP)
    near = all(abs(given.value - numbers[name]) <= NEAR.get(given.unit, 1e-9) for name, given in gaps)
    if not near or GAP in phrase.pick(lang):
        return None
    filled = [gaps[int(piece)] if n % 2 else None for n, piece in enumerate(pieces)]
    words = [piece for n, piece in enumerate(pieces) if not n % 2]
    words[0] = head + words[0]
    return Saying(tuple(words), tuple((one[0], one[1].unit) for one in filled if one is not None))


def _with_gaps(phrase: Phrase, numbers: Mapping[str, float], gaps: list[tuple[str, Quantity]]) -> Text:
    values: dict[str, Any] = {}
    for name, value in phrase.values.items():
        if isinstance(value, Phrase):
            value = _with_gaps(value, numbers, gaps)
        elif name in numbers and isinstance(value, Quantity):
            gap = f"{GAP}{len(gaps)}{GAP}"
            gaps.append((name, value))
            value = Text(gap, gap)
        values[name] = value
    return fill(phrase.template, values)


class Told(NamedTuple):
    """Sentences of parcels: whose each is, which of some `Said` it is, and the numbers for its gaps (NaN: none)."""

    subject: Ints
    said: Ints
    numbers: Mapping[str, Floats]


def messages(parcels: int, told: Told, said: Sequence[Said], lang: str) -> Objects:
    """Return the message of each parcel: its sentences in the order of a report, each once; "" without any.

    Parameters
    ----------
    told
        In any order; what stands at one place keeps its own.
    """
    places = [_order(one.place) for one in said]
    ranks = {place: rank for rank, place in enumerate(sorted(set(places)))}
    rank = np.array([ranks[place] for place in places], dtype=np.int64)
    order = np.argsort(told.subject * len(ranks) + rank[told.said], kind="stable")
    subject, which = told.subject[order], told.said[order]
    numbers = {name: values[order] for name, values in told.numbers.items()}
    texts, of_row = _texts(which, numbers, said, lang)
    every = np.arange(parcels + 1)
    rows = np.searchsorted(subject, every).tolist()
    gaps = np.searchsorted(subject[of_row], every).tolist()
    listed, forms = which.tolist(), dict[tuple[int, ...], "str | _Form"]()
    found = []
    for n in range(parcels):
        key = tuple(listed[rows[n] : rows[n + 1]])
        form = forms.get(key)
        if form is None:
            form = forms[key] = _form([said[one].saying for one in key])
        given = texts[gaps[n] : gaps[n + 1]]
        found.append(form % tuple(given) if isinstance(form, str) else form.filled(given))
    return objects(found)


def _texts(
    which: Ints, numbers: Mapping[str, Floats], said: Sequence[Said], lang: str
) -> tuple[list[str], Ints]:
    """Return the texts of all gaps, sentence by sentence, and the sentence of each."""
    gaps = [gap for one in said for gap in one.saying.gaps]
    if not gaps:
        return [], np.empty(0, dtype=np.int64)
    names, units = list(numbers), list(dict.fromkeys(unit for _, unit in gaps))
    of_row, gap = spread([len(one.saying.gaps) for one in said], which)
    name = np.array([names.index(name) for name, _ in gaps], dtype=np.int64)[gap]
    unit = np.array([units.index(unit) for _, unit in gaps], dtype=np.int64)[gap]
    value = np.stack([numbers[one] for one in names])[name, of_row]
    texts = np.empty(len(gap), dtype=object)
    for number, one in enumerate(units):
        mine = np.flatnonzero(unit == number)
        texts[mine] = in_words(value[mine].tolist(), one, lang)
    return texts.tolist(), of_row


class _Form(NamedTuple):
    """Sentences of a message two of which may be the same once their gaps are filled; the numbers of their gaps."""

    sentences: tuple[str, ...]
    gaps: tuple[int, ...]

    def filled(self, texts: Sequence[str]) -> str:
        """Return the message."""
        ends = np.cumsum(self.gaps).tolist()
        filled = [
            sentence % tuple(texts[end - gaps : end])
            for sentence, gaps, end in zip(self.sentences, self.gaps, ends, strict=True)
        ]
        return BETWEEN.join(dict.fromkeys(filled))


def _form(sayings: Sequence[Saying]) -> str | _Form:
    """Return a message with a ``%s`` for each gap."""
    kept = [one for n, one in enumerate(sayings) if one.gaps or one not in sayings[:n]]
    sentences = ["%s".join(word.replace("%", "%%") for word in one.words) for one in kept]
    if any(_may_be_one(a, b) for a, b in combinations(kept, 2)):
        return _Form(tuple(sentences), tuple(len(one.gaps) for one in kept))
    return BETWEEN.join(sentences)


def _may_be_one(a: Saying, b: Saying) -> bool:
    """Tell whether two sentences may come to the same text."""
    (start, end), (other, tail) = (a.words[0], a.words[-1]), (b.words[0], b.words[-1])
    begins = start.startswith(other) or other.startswith(start)
    return bool(a.gaps or b.gaps) and begins and (end.endswith(tail) or tail.endswith(end))


def _order(place: Place) -> tuple[Any, ...]:
    rule, plan, zone = place
    return ORDER[rule], plan or "", zone or ""
