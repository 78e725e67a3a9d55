"""The keys of a ladder in words: road classes and parcel sizes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from kkpr_check.io.annex.numbers import NUMBER, AmbiguousError, read_number, tidy

AREA_STEP_M2 = 1e-4
"""Areas are compared after rounding to 1e-4 m2, so "more than 400 m2" is "from 400.0001 m2"."""

ROAD_WORD = re.compile(r"\b(arteri|kolektor|lokal|lingkungan|tol|khusus)\b")
ORDER_WORD = re.compile(r"\b(primer|sekunder)\b")
KEY_FILLER = re.compile(
    r"\b(?:antara|seluas|ukuran|fungsi|kelas|hierarki|jaringan|jalan|jl|pada|untuk|di|tepi|luas|lp|persil|lahan|kavling|kaveling|kapling|tanah|perpetakan"
    r"|dengan|dan|m2|m|kdb|klb|kdh|ktb|gsb|ketinggi?an|tinggi|bangunan|jumlah|lantai|garis|sempadan|maksimum|maksimal|maks|minimum|minimal|min)\b"
    r"|[\s/,.:&*•()-]"
)
_BOUNDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern.replace("N", f"({NUMBER})") + r"\s*(?:m2|m persegi)?"))
    for kind, pattern in (
        ("between", r"N\s*(?:m2)?\s*(?:-|s/d|s\.d\.|sampai dengan|sampai|hingga)\s*N"),
        ("between", r"antara N\s*(?:m2)?\s*dan\s*N"),
        ("at-least", r"(?:>=|lebih dari (?:atau )?sama dengan|sama dengan (?:atau )?lebih(?: besar)? dari|mulai dari"
            r"|minimal|paling sedikit)\s*N"),
        ("at-most", r"(?:<=|kurang dari (?:atau )?sama dengan|sampai dengan|s/d|hingga|maksimal|paling luas|paling banyak)\s*N"),
        ("more", r"(?:>|lebih(?: besar| luas)? dari|di ?atas)\s*N"),
        ("less", r"(?:<|kurang dari|lebih kecil dari|di ?bawah)\s*N"),
    )
)  # fmt: skip


def road_classes_in(text: str) -> tuple[str, ...]:
    """Return the road classes a text names, families where primer/sekunder is not said.

    >>> road_classes_in("Arteri Primer/ Sekunder"), road_classes_in("Lokal Lingkungan")
    (('arteri-primer', 'arteri-sekunder'), ('lokal', 'lingkungan'))
    """
    words = re.findall(r"[a-z]+", text.lower())
    found: list[str] = []
    family, orders = "", False
    for word in words:
        if ROAD_WORD.fullmatch(word):
            if family and not orders:
                found.append(family)
            family, orders = word, False
        elif ORDER_WORD.fullmatch(word) and family:
            found.append(f"{family}-{word}")
            orders = True
    if family and not orders:
        found.append(family)
    return tuple(dict.fromkeys(found))


def is_road_key(text: str) -> bool:
    """Tell whether a text says nothing beside road classes: no width, no place.

    >>> is_road_key("Jalan Lokal Primer/Sekunder"), is_road_key("Lokal (badan jalan <= 6 m)")
    (True, False)
    """
    return not KEY_FILLER.sub("", ORDER_WORD.sub("", ROAD_WORD.sub("", tidy(text))))


def parcel_range_in(text: str) -> tuple[float, float] | None:
    """Return ``(parcel_min_m2, parcel_max_m2)`` of a text about parcel sizes, half-open, or None.

    >>> parcel_range_in("kurang dari 60 m2"), parcel_range_in("lebih dari 400 m2")
    ((0.0, 60.0), (400.0001, inf))
    """
    try:
        found, rest = split_parcel_range(tidy(text))
    except AmbiguousError:
        return None
    return None if KEY_FILLER.sub("", rest) else found


def parcel_range_beside(text: str) -> tuple[float, float] | None:
    """Return the parcel range that a text about something else names, or None.

    >>> parcel_range_beside("KDB (%) luas persil < 60 m2")
    (0.0, 60.0)
    """
    try:
        return split_parcel_range(tidy(text))[0]
    except AmbiguousError:
        return None


def split_parcel_range(text: str) -> tuple[tuple[float, float] | None, str]:
    """Return the range and the text without it; raises `AmbiguousError`."""
    low, high, seen = 0.0, math.inf, False
    for kind, pattern in _BOUNDS:
        match = pattern.search(text)
        if match is None:
            continue
        numbers = [read_number(number, "m2") for number in match.groups()]
        if kind == "between":
            low, high = numbers[0], numbers[1]
        elif kind in ("at-least", "more"):
            low = numbers[0] + (AREA_STEP_M2 if kind == "more" else 0.0)
        else:
            high = numbers[0] + (AREA_STEP_M2 if kind == "at-most" else 0.0)
        text, seen = text[: match.start()] + " " + text[match.end() :], True
    if seen and low >= high:
        raise AmbiguousError("unread")
    return ((round(low, 4), round(high, 4)) if seen else None), text


def close_ranges(ranges: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the ranges with the bounds they share settled by the one that says "up to" or "more than".

    "60 - 100" reaches up to the "more than 100" beside it, and begins after the "up to 60" beside it; else its
    lower bound belongs to it and its upper bound does not. "Less than 100" never reaches 100: with "more than
    100" beside it a plot of 100 m2 has no row, which the prover shows.

    >>> close_ranges([(0.0, 60.0001), (60.0, 100.0), (100.0001, math.inf)])
    [(0.0, 60.0001), (60.0001, 100.0001), (100.0001, inf)]
    """
    starts, ends = {low for low, _ in ranges}, {high for _, high in ranges}
    closed = []
    for low, high in ranges:
        after, above = round(low + AREA_STEP_M2, 4), round(high + AREA_STEP_M2, 4)
        begins = after if low and after in ends and low not in ends else low
        reaches = low > 0 and above in starts and high not in starts
        closed.append((begins, above if reaches else high))
    return closed
