"""Coordinates as applicants write them: decimal or degrees-minutes-seconds, comma or point, in either order.

Half of the coordinate tables in real applications are headed "Lintang Bujur" and hold longitude, latitude
(domain.md 1.3), so the value decides which is which: in Indonesia the two ranges do not meet.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from kkpr_check.errors import InputError, Place, Text, UsageError

LON_RANGE = (94.0, 142.0)
LAT_RANGE = (-12.0, 8.0)
"""Where Indonesia lies, in degrees (domain.md 1.3)."""

Axis = Literal["lon", "lat"]

_HEMISPHERES: dict[str, tuple[Axis, int]] = {
    "n": ("lat", 1), "u": ("lat", 1), "lu": ("lat", 1), "utara": ("lat", 1), "lintang utara": ("lat", 1),
    "north": ("lat", 1),
    "s": ("lat", -1), "ls": ("lat", -1), "selatan": ("lat", -1), "lintang selatan": ("lat", -1),
    "south": ("lat", -1),
    "e": ("lon", 1), "t": ("lon", 1), "bt": ("lon", 1), "timur": ("lon", 1), "bujur timur": ("lon", 1),
    "east": ("lon", 1),
    "w": ("lon", -1), "b": ("lon", -1), "bb": ("lon", -1), "barat": ("lon", -1), "bujur barat": ("lon", -1),
    "west": ("lon", -1),
}  # fmt: skip
_WORDS = "|".join(sorted((re.escape(word) for word in _HEMISPHERES), key=len, reverse=True))
_HEAD = re.compile(rf"({_WORDS})\.?(?=[\s\d+-])\s*")
_TAIL = re.compile(rf"\s*(?<=[\s\d°'\"])({_WORDS})\.?$")
_SYMBOLS = (
    (re.compile(r"\b(derajat|deg)\b|(?<=\d)\s*(derajat|deg|d)(?=[\s\d]|$)|[º˚∘]"), "°"),
    (re.compile(r"''|′′|’’|[″”“]|(?<=\d)\s*(detik|sec)\b"), '"'),
    (re.compile(r"[′’‘`´]|(?<=\d)\s*(menit|min)\b"), "'"),
    (re.compile(r"[−–—]"), "-"),
    (re.compile(r"[\u00a0\u2009\u202f\t]"), " "),
)
_NUMBER = r"\d+(?:[.,]\d+)?"
_DECIMAL = re.compile(rf"({_NUMBER})\s*°?", re.ASCII)
_SEXAGESIMAL = re.compile(rf"(\d+)\s*[°:\s]\s*({_NUMBER})\s*(?:[':\s]\s*(?:({_NUMBER})\s*\"?)?)?", re.ASCII)
_AFTER_WORD = re.compile(rf"(.*?[\d\s°'\"′″’”](?:{_WORDS})\.?)[\s,]+(?=\d)(.*)", re.IGNORECASE | re.DOTALL)
_BEFORE_WORD = re.compile(
    rf"((?:{_WORDS})\.?\s*\d.*?)[\s,]+((?:{_WORDS})\.?\s*\d.*)", re.IGNORECASE | re.DOTALL
)
_DECIMAL_COMMAS = re.compile(r"([+-]?\d{1,3},\d+)\s*,\s*([+-]?\d{1,3},\d+)", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([., ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?|[+-]?\d+(?:[.,]\d+)?", re.ASCII)


class Angle(NamedTuple):
    """Degrees, and the axis that a hemisphere letter names (None where there is none)."""

    degrees: float
    axis: Axis | None = None


class LonLat(NamedTuple):
    """A position in degrees and what was decided while reading it."""

    lon: float
    lat: float
    assumptions: tuple[Text, ...] = ()


def in_lon(value: float) -> bool:
    """Tell whether `value` can be a longitude in Indonesia, in degrees."""
    return LON_RANGE[0] <= value <= LON_RANGE[1]


def in_lat(value: float) -> bool:
    """Tell whether `value` can be a latitude in Indonesia, in degrees."""
    return LAT_RANGE[0] <= value <= LAT_RANGE[1]


def parse_angle(text: str) -> Angle | None:
    r"""Return an angle written in any usual spelling, or None where the text is no angle.

    >>> parse_angle("9°26'42\"S").axis, round(parse_angle("9 26 42 LS").degrees, 4)
    ('lat', -9.445)
    >>> parse_angle("124,48"), parse_angle("R-2")
    (Angle(degrees=124.48, axis=None), None)
    """
    rest = text.strip().casefold()
    for pattern, symbol in _SYMBOLS:
        rest = pattern.sub(symbol, rest)
    rest, found = _take_hemisphere(rest.strip())
    if found == "twice":
        return None
    negative = rest.startswith("-")
    magnitude = _magnitude(rest.lstrip("+-").strip() if rest[:1] in ("+", "-") else rest)
    if magnitude is None or rest[:2] in ("--", "++", "+-", "-+"):
        return None
    if found == "none":
        return Angle(-magnitude if negative else magnitude)
    axis, sign = _HEMISPHERES[found]
    if negative and sign > 0:
        return None  # "-9.4 N" contradicts itself
    return Angle(sign * magnitude, axis)


def _take_hemisphere(text: str) -> tuple[str, str]:
    """Return the text without its hemisphere word, and that word, or "none" or "twice"."""
    head, tail = _HEAD.match(text), _TAIL.search(text)
    if head and tail:
        return text, "twice"
    if head:
        return text[head.end() :].strip(), head.group(1)
    if tail:
        return text[: tail.start()].strip(), tail.group(1)
    return text, "none"


def _magnitude(text: str) -> float | None:
    """Return degrees from an unsigned decimal or sexagesimal text."""
    if match := _DECIMAL.fullmatch(text):
        return float(match.group(1).replace(",", "."))
    match = _SEXAGESIMAL.fullmatch(text)
    if match is None:
        return None
    degrees, minutes, seconds = (part.replace(",", ".") if part else "0" for part in match.groups())
    if match.group(3) and "." in minutes:
        return None
    if float(minutes) >= 60 or float(seconds) >= 60:
        return None
    return float(degrees) + float(minutes) / 60 + float(seconds) / 3600


def parse_metres(text: str) -> float | None:
    """Return a projected coordinate in metres, or None where the text is none.

    Groups of thousands are accepted where they can be told from decimals: "8.955.605", "662.486,25".

    >>> parse_metres("662.486,25"), parse_metres("8.955.605"), parse_metres("662486.25"), parse_metres("-")
    (662486.25, 8955605.0, 662486.25, None)
    """
    clean = text.strip().replace("\u00a0", " ").casefold().removesuffix("m").rstrip()
    if not _GROUPED.fullmatch(clean):
        return None
    marks = [mark for mark in clean if mark in ".,"]
    if " " in clean:
        clean = clean.replace(" ", "")
    if len(set(marks)) == 2:
        if marks.count(marks[-1]) > 1:
            return None
        clean = clean.replace(marks[0], "")
    elif len(marks) > 1:
        clean = clean.replace(marks[0], "")
    return float(clean.replace(",", "."))


def order_pair(first: Angle, second: Angle) -> tuple[float, float, bool] | None:
    """Return (lon, lat, first_is_lat) decided by value range; None where the two fit no place in Indonesia.

    A hemisphere letter that names the other axis than the value is a contradiction, and gives None.
    """
    if in_lon(first.degrees) and in_lat(second.degrees):
        lon, lat, first_is_lat = first, second, False
    elif in_lat(first.degrees) and in_lon(second.degrees):
        lon, lat, first_is_lat = second, first, True
    else:
        return None
    if lon.axis == "lat" or lat.axis == "lon":
        return None
    return lon.degrees, lat.degrees, first_is_lat


def split_pair(text: str) -> tuple[Angle, Angle] | None:
    """Return the two angles of "LAT, LON" text, or None where there are not exactly two.

    A semicolon separates first, then a comma with a space, a comma, and white space; "-9,445; 124,48",
    "-9.445,124.48" and "-9,445,124,48" are all two numbers.
    """
    clean = text.strip().strip("()[]")
    divisions = (
        clean.split(";"),
        re.split(r",\s+", clean),
        _divide(_AFTER_WORD, clean),
        _divide(_BEFORE_WORD, clean),
        clean.split(","),
        clean.split(),
        _divide(_DECIMAL_COMMAS, clean),
    )
    for parts in divisions:
        if len(parts) == 2:
            first, second = parse_angle(parts[0]), parse_angle(parts[1])
            if first is not None and second is not None:
                return first, second
    return None


def _divide(pattern: re.Pattern[str], text: str) -> list[str]:
    match = pattern.match(text)
    return list(match.groups()) if match else []


def parse_point(text: str) -> LonLat:
    """Return the position of ``--point LAT,LON``; swapped axes are refused, unless letters name them (9.4 S, 124.5 E).

    Raises
    ------
    UsageError
        Not two coordinates, or longitude before latitude.
    InputError
        Two coordinates that lie outside Indonesia in either order.
    """
    example = Text(
        "write it as LAT,LON in degrees, e.g. --point=-9.445,124.480",
        "tulis LINTANG,BUJUR dalam derajat, mis. --point=-9.445,124.480",
    )
    pair = split_pair(text)
    if pair is None:
        raise UsageError(
            Text(f"{text[:60]!r} is not a point", f"{text[:60]!r} bukan sebuah titik"),
            remedy=example,
            code="point",
        )
    ordered = order_pair(*pair)
    if ordered is None:
        raise InputError(
            Text(
                f"the point {text[:60]!r} is not in Indonesia (longitude 94 to 142, latitude -12 to 8)",
                f"titik {text[:60]!r} tidak di Indonesia (bujur 94 sampai 142, lintang -12 sampai 8)",
            ),
            place=Place("--point"), remedy=example, code="point-outside",
        )  # fmt: skip
    lon, lat, first_is_lat = ordered
    if first_is_lat:
        return LonLat(lon, lat)
    if pair[0].axis == "lon" and pair[1].axis == "lat":
        return LonLat(lon, lat)  # the letters say which is which
    raise UsageError(
        Text(
            f"the point {text[:60]!r} is longitude, latitude; it is asked for as LAT,LON",
            f"titik {text[:60]!r} berupa bujur, lintang; yang diminta LINTANG,BUJUR",
        ),
        remedy=Text(
            f"turn it round: --point={_degrees(lat)},{_degrees(lon)}",
            f"balik urutannya: --point={_degrees(lat)},{_degrees(lon)}",
        ),
        code="point",
    )


def _degrees(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")
