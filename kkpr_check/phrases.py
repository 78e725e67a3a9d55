"""Numbers and sentences for planners, in both languages at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from kkpr_check.errors import Text

_UNITS = {
    "m": Text(" m", " m"),
    "m2": Text(" m²", " m²"),
    "ha": Text(" ha", " ha"),
    "%": Text("%", "%"),
    "floors": Text(" floors", " lantai"),
    "zones": Text(" zones", " zona"),
}
_ONE = {"floors": Text(" floor", " lantai"), "zones": Text(" zone", " zona")}
_NO_UNIT = Text("", "")
_INDONESIAN = str.maketrans(",.", ".,")
_DIGITS = {"m": 2, "m2": 2, "%": 2, "factor": 2, "floors": 1, "ha": 4}
_WORDS = re.compile(r"\w+")


class Quantity(NamedTuple):
    """A number with its unit: ``m``, ``m2``, ``ha``, ``ratio`` (shown in percent), ``factor``, ``floors`` or ``zones``."""

    value: float
    unit: str

    def text(self) -> Text:
        """Return the number as both languages write it in a sentence: no more decimals than it needs."""
        return Text(*(in_words([self.value], self.unit, lang)[0] for lang in ("en", "id")))


def in_words(values: Sequence[float], unit: str, lang: str) -> list[str]:
    """Return many numbers of one unit as a `Quantity` writes each in `lang`.

    >>> in_words([1234.5, 0.001], "m2", "id"), in_words([1.0, 2.0], "floors", "en")
    (['1.234,5 m²', '0,001 m²'], ['1 floor', '2 floors'])
    """
    if unit == "ratio":
        values, unit = [value * 100 for value in values], "%"
    digits = _DIGITS.get(unit, 0)
    least = 10.0**-digits if digits else 0.0
    numbers = [f"{value:,.{digits if abs(value) >= least or not value else 4}f}" for value in values]
    if digits:
        numbers = [number.rstrip("0").rstrip(".") for number in numbers]
    if lang == "id":
        numbers = "\n".join(numbers).translate(_INDONESIAN).split("\n") if numbers else []
    many = _UNITS.get(unit, _NO_UNIT).pick(lang)
    found = ["0" + many if number == "-0" else number + many for number in numbers]
    if unit in _ONE:
        one = _ONE[unit].pick(lang)
        for n, value in enumerate(values):
            if abs(value) == 1:
                found[n] = numbers[n] + one
    return found


class Aside(NamedTuple):
    """A name in brackets behind the words of a rule; left out where those words say it already."""

    name: str
    behind: Text

    def text(self) -> Text:
        """Return `` (name)``, or nothing."""
        told = set(_WORDS.findall(self.name.casefold()))
        en, id_ = (set(_WORDS.findall(words.casefold())) for words in self.behind)
        aside = f" ({self.name})"
        return Text("" if told <= en else aside, "" if told <= id_ else aside)


def counted(number: int, one: str, many: str, id: str) -> Text:
    """Return a number of things in words.

    >>> counted(1, "feature", "features", "fitur"), counted(1200, "feature", "features", "fitur").id
    (Text(en='1 feature', id='1 fitur'), '1.200 fitur')
    """
    shown = f"{number:,}"
    return Text(f"{shown} {one if number == 1 else many}", f"{shown.translate(_INDONESIAN)} {id}")


def features(number: int) -> Text:
    """Return how many features, in words."""
    return counted(number, "feature", "features", "fitur")


@dataclass(eq=False, slots=True)
class Phrase:
    """A sentence whose placeholders are filled when somebody reads it; otherwise as good as a Text."""

    template: Text
    values: Mapping[str, Any]
    _said: Text | None = field(default=None, repr=False)

    @classmethod
    def of(cls, text: Text) -> Phrase:
        """Return a text as it stands as a phrase."""
        return cls(text, {}, text)

    def text(self) -> Text:
        """Return the sentence with its values."""
        if self._said is None:
            self._said = fill(self.template, self.values)
        return self._said

    @property
    def en(self) -> str:
        """The sentence in English."""
        return self.text().en

    @property
    def id(self) -> str:
        """The sentence in Indonesian."""
        return self.text().id

    def pick(self, lang: str) -> str:
        """Return the sentence in `lang` ("id" or "en")."""
        return self.text().pick(lang)

    def __eq__(self, other: object) -> bool:
        return self.text() == (other.text() if isinstance(other, Phrase) else other)

    def __hash__(self) -> int:
        return hash(self.text())


class Later(Phrase):
    """A phrase that is put together when somebody reads it: of a million parcels nobody reads most of what is found."""

    __slots__ = ("_make", "_phrase")

    def __init__(self, make: Callable[[], Phrase]) -> None:
        self._make = make
        self._phrase: Phrase | None = None
        self._said = None

    def _made(self) -> Phrase:
        if self._phrase is None:
            self._phrase = self._make()
        return self._phrase

    def __reduce__(self) -> tuple[Any, ...]:
        return Phrase, (self.template, self.values)  # what it is made of stays where it is: plans, outlines

    @property
    def template(self) -> Text:  # type: ignore[override]
        """The sentence with its placeholders."""
        return self._made().template

    @property
    def values(self) -> Mapping[str, Any]:  # type: ignore[override]
        """What fills them."""
        return self._made().values


Sentence = Text | Phrase
"""What can be said in both languages."""


def fill(template: Text, values: Mapping[str, Any]) -> Text:
    """Fill the placeholders of a sentence; a value may be Text, Phrase, Quantity, None or anything that prints.

    >>> fill(Text("{a} left", "sisa {a}"), {"a": Quantity(1234.5, "m2")})
    Text(en='1,234.5 m² left', id='sisa 1.234,5 m²')
    """
    texts = {key: _text(value) for key, value in values.items()}
    return Text(
        " ".join(template.en.format_map(_Lenient({k: t.en for k, t in texts.items()})).split()),
        " ".join(template.id.format_map(_Lenient({k: t.id for k, t in texts.items()})).split()),
    )


def say(en: str, id: str, **values: Any) -> Text:
    """Return a sentence in both languages with its placeholders filled; values stay as they are."""
    return fill(Text(en, id), values)


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "-"


def _text(value: Any) -> Text:
    if isinstance(value, Text):
        return value
    if hasattr(value, "text"):
        return cast("Text", value.text())
    return Text("-", "-") if value is None else Text(str(value), str(value))
