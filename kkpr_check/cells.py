"""The grammar of single table cells: numbers, limits, ITBX cells, tests, road classes.

Each function takes the text of one cell and returns a value or raises PlanError without a place;
`kkpr_check.tables` adds file, row and column.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from kkpr_check.errors import PlanError, Text
from kkpr_check.plan import MISSING, ROAD_CLASSES, UNREGULATED, Cell, Limit, State, Test
from kkpr_check.sheets import did_you_mean

ROAD_FAMILIES = tuple(dict.fromkeys(name.partition("-")[0] for name in ROAD_CLASSES if "-" in name))
"""``arteri`` stands for arteri-primer and arteri-sekunder."""

TEST_FIELDS = ("floors", "height_m", "floor_area_m2", "basement_area_m2", "green_area_m2", "legal_area_m2")
"""Proposal options that a condition can test."""

FORMULA_COLUMNS = frozenset({"gsb_min_m", "side_min_m", "rear_min_m"})
"""Limits that may be a formula of the road reserve width."""

UPPER_BOUND: Mapping[str, tuple[float, Text]] = {
    "kdb_max_pct": (100, Text("a percentage is 0 to 100", "persentase antara 0 dan 100")),
    "kdh_min_pct": (100, Text("a percentage is 0 to 100", "persentase antara 0 dan 100")),
    "ktb_max_pct": (100, Text("a percentage is 0 to 100", "persentase antara 0 dan 100")),
    "klb_max": (
        50,
        Text("KLB is a ratio such as 2.4, not a percentage", "KLB berupa rasio seperti 2.4, bukan persen"),
    ),
    "height_max_m": (1000, Text("a height in metres", "tinggi dalam meter")),
    "floors_max": (300, Text("a number of floors", "jumlah lantai")),
    "gsb_min_m": (1000, Text("a distance in metres", "jarak dalam meter")),
    "side_min_m": (1000, Text("a distance in metres", "jarak dalam meter")),
    "rear_min_m": (1000, Text("a distance in metres", "jarak dalam meter")),
    "lot_min_m2": (1e9, Text("an area in square metres", "luas dalam meter persegi")),
}
"""Largest plausible value of each limit: beyond it the unit is wrong, not the building."""

_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9.]*,[0-9.,]*")
_TERM = re.compile(r"([+-]?)([^+-]+)")
_CODE = re.compile(r"(T|B)([0-9]{1,3}[A-Z]?)")
_TEST = re.compile(r"([A-Za-z0-9_]+)\s*(<=|>=|==|=|<|>|!=|≤|≥)\s*(\S+)")


def parse_number(text: str) -> float:
    """Return the finite number in a cell; the decimal mark is a point.

    Raises
    ------
    PlanError
        For a decimal comma, a unit or percent sign, nan, inf or any other text.

    >>> parse_number("2.4")
    2.4
    """
    if _NUMBER.fullmatch(text):
        number = float(text)
        if math.isfinite(number):
            return number
    if _COMMA.fullmatch(text):
        raise PlanError(
            Text(f'"{text}" has a decimal comma', f'"{text}" memakai koma desimal'),
            remedy=Text(
                "use a decimal point, no thousands mark: 1250.5",
                "pakai titik desimal, tanpa pemisah ribuan: 1250.5",
            ),
        )
    if text.casefold().lstrip("+-") in ("nan", "inf", "infinity") or _NUMBER.fullmatch(text):
        raise PlanError(
            Text(f'"{text}" is not a finite number', f'"{text}" bukan bilangan berhingga'),
            remedy=Text(
                'write a number, or "-" where nothing is regulated', 'tulis angka, atau "-" jika tidak diatur'
            ),
        )
    raise PlanError(
        Text(f'"{text}" is not a number', f'"{text}" bukan angka'),
        remedy=Text(
            "write the bare number, without unit or percent sign",
            "tulis angkanya saja, tanpa satuan atau tanda persen",
        ),
    )


def parse_limit(text: str, *, formula: bool = True) -> Limit:
    """Return the limit in a cell of intensity.csv.

    Parameters
    ----------
    text
        A number, ``-`` (not regulated), an empty text (nobody has typed it in yet) or, with `formula`, a sum
        of numbers and multiples of the road reserve width: ``0.5*rumija+1``.
    formula
        Whether a formula is allowed.

    Raises
    ------
    PlanError
        Where the text is none of these.

    >>> parse_limit("60").constant, parse_limit("-").state.value, parse_limit("").state.value
    (60.0, 'unregulated', 'missing')
    >>> parse_limit("0.5*rumija+1")
    Limit(state=<State.VALUE: 'value'>, constant=1.0, rumija_factor=0.5)
    """
    text = text.strip()
    if not text:
        return MISSING
    if text in ("-", "\u2013", "\u2014"):
        return UNREGULATED
    if "rumija" not in text.casefold():
        return Limit(State.VALUE, parse_number(text))
    if not formula:
        raise PlanError(
            Text(f'"{text}": no formula is allowed here', f'"{text}": rumus tidak boleh di kolom ini'),
            remedy=Text(
                "formulas with rumija are for gsb_min_m, side_min_m and rear_min_m",
                "rumus rumija hanya untuk gsb_min_m, side_min_m, dan rear_min_m",
            ),
        )
    return _formula(text)


def _formula(text: str) -> Limit:
    """Parse a sum of terms such as ``0.5*rumija+1``, ``rumija/2-1`` or ``3``."""
    squeezed = text.replace(" ", "").casefold()
    if squeezed[:1] not in "+-":
        squeezed = "+" + squeezed
    terms = _TERM.findall(squeezed)
    constant = factor = 0.0
    if "".join(sign + body for sign, body in terms) != squeezed:
        raise _bad_formula(text)
    for sign, body in terms:
        weight = -1.0 if sign == "-" else 1.0
        try:
            if "rumija" in body:
                factor += weight * _rumija_factor(body)
            else:
                constant += weight * parse_number(body)
        except (PlanError, ZeroDivisionError):
            raise _bad_formula(text) from None
    if factor <= 0 or not math.isfinite(factor):
        raise _bad_formula(text)
    return Limit(State.VALUE, constant, factor)


def _rumija_factor(body: str) -> float:
    """Return k of ``k*rumija``, ``rumija*k``, ``rumija/k`` or ``rumija``."""
    if body == "rumija":
        return 1.0
    if body.startswith("rumija/"):
        return 1.0 / parse_number(body.removeprefix("rumija/"))
    body = body.removeprefix("rumija*").removesuffix("*rumija")
    if "/" in body:
        over, under = body.split("/", 1)
        return parse_number(over) / parse_number(under)
    return parse_number(body)


def _bad_formula(text: str) -> PlanError:
    return PlanError(
        Text(f'"{text}" is no formula of rumija', f'"{text}" bukan rumus rumija'),
        remedy=Text("write it like 0.5*rumija+1 (metres)", "tulis seperti 0.5*rumija+1 (meter)"),
    )


def parse_column_limit(column: str, text: str) -> Limit:
    """Return the limit in a cell of the named column of intensity.csv, within what is plausible there.

    Raises
    ------
    PlanError
        As `parse_limit`; also for a number out of range, and for an area such as ``1.000`` that one reader
        takes for a thousand and another for one.

    >>> parse_column_limit("kdb_max_pct", "60").constant
    60.0
    """
    limit = parse_limit(text, formula=column in FORMULA_COLUMNS)
    if limit.state is not State.VALUE:
        return limit
    if column.endswith("_m2") and _THOUSANDS.fullmatch(text):
        whole, point = text.replace(".", ""), text + "0"
        raise PlanError(
            Text(
                f'"{text}" can be read as {whole} or {point}', f'"{text}" dapat dibaca {whole} atau {point}'
            ),
            remedy=Text(f"write {whole} or {point}", f"tulis {whole} atau {point}"),
        )
    bound, remedy = UPPER_BOUND.get(column, (math.inf, UPPER_BOUND["lot_min_m2"][1]))
    if limit.constant > bound or (limit.rumija_factor == 0.0 and limit.constant < 0):
        raise PlanError(Text(f'"{text}" is not plausible', f'"{text}" tidak masuk akal'), remedy=remedy)
    return limit


@lru_cache(maxsize=4096)
def parse_cell(text: str) -> Cell | None:
    """Return the meaning of an ITBX cell, or None where it is empty (undetermined).

    I, X, T, B, TB or codes (T1, B3) separated by comma, semicolon, slash, plus or blanks; a bare number
    repeats the letter before it (``T1/B1,3``).

    Raises
    ------
    PlanError
        Where the cell says anything else (also ``-``: neither "allowed" nor "forbidden"), or I or X together
        with something else. Its `code` is ``itbx-grammar``.

    >>> parse_cell("T1,B3"), parse_cell("x"), parse_cell("")
    (Cell(letter='TB', codes=('T1', 'B3')), Cell(letter='X', codes=()), None)
    """
    tokens = [token for token in re.split(r"[,;/+\s]+", text.upper()) if token]
    if not tokens:
        if text.strip():
            raise _bad_cell(text)
        return None
    if tokens in (["I"], ["X"]):
        return Cell("I" if tokens == ["I"] else "X")
    letters: set[str] = set()
    codes: dict[str, None] = {}
    last = ""
    for token in tokens:
        if token.isascii() and token.isdigit() and last:
            token = last + token
        match = _CODE.fullmatch(token)
        if match:
            last = match[1]
            letters.add(last)
            codes[token] = None
        elif token in ("T", "B", "TB", "BT"):
            letters.update(token)
            last = ""
        else:
            raise _bad_cell(text)
    letter = "TB" if len(letters) == 2 else letters.pop()
    return Cell(letter, tuple(codes))  # type: ignore[arg-type]


def visible(text: str) -> str:
    """Return a text with each character that can not be seen, or passes for a blank, named.

    >>> visible("T1\u200b"), visible("T1, B3"), visible("\u00ad")
    ('T1<ZERO WIDTH SPACE>', 'T1, B3', '<SOFT HYPHEN>')
    """
    return "".join(
        c if c == " " or c.isprintable() else f"<{unicodedata.name(c, f'U+{ord(c):04X}')}>" for c in text
    )


def _bad_cell(text: str) -> PlanError:
    text = visible(text)
    return PlanError(
        Text(f'"{text}" is no ITBX cell', f'"{text}" bukan isi sel ITBX'),
        remedy=Text(
            'write I, X, T, B, TB or condition codes such as "T1,B3"; leave it empty where it is not known',
            'tulis I, X, T, B, TB, atau kode syarat seperti "T1,B3"; kosongkan jika belum diketahui',
        ),
        code="itbx-grammar",
    )


def parse_test(text: str) -> Test | None:
    """Return the test of a condition (``floors <= 3``), or None where the cell is empty.

    Raises
    ------
    PlanError
        Where it is not ``field op number`` with a known field and one of ``<=``, ``>=``, ``==``.

    >>> parse_test("floor_area_m2 <= 500")
    Test(field='floor_area_m2', op='<=', number=500.0)
    """
    text = text.strip()
    if not text:
        return None
    match = _TEST.fullmatch(text)
    if match is None or match[2] not in ("<=", ">=", "=="):
        raise PlanError(
            Text(f'"{text}" is no test', f'"{text}" bukan bentuk uji'),
            remedy=Text(
                "write: field <= number (or >=, ==), for example floors <= 3",
                "tulis: isian <= angka (atau >=, ==), misalnya floors <= 3",
            ),
        )
    name, op, number = match.groups()
    if name not in TEST_FIELDS:
        raise PlanError(
            Text(f'"{name}" is no option a test can use', f'"{name}" bukan isian yang dapat diuji'),
            remedy=did_you_mean(name, TEST_FIELDS),
        )
    return Test(name, op, parse_number(number))  # type: ignore[arg-type]


def parse_road_class(text: str) -> str:
    """Return a road class, a family of classes or ``*``; blanks and capitals are spelling.

    >>> parse_road_class("Lokal Primer"), parse_road_class("arteri")
    ('lokal-primer', 'arteri')
    """
    word = "-".join(re.split(r"[\s_-]+", text.strip().casefold()))
    if word in ROAD_CLASSES or word in ROAD_FAMILIES or word == "*":
        return word
    raise PlanError(
        Text(f'"{text}" is no road class', f'"{text}" bukan kelas jalan'),
        remedy=did_you_mean(word, ("*", *ROAD_FAMILIES, *ROAD_CLASSES)),
    )
