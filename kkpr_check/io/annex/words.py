"""What the cells of an ITBX annex say: codes and words, the legend, KBLI codes, in the spellings of real annexes."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from kkpr_check.io.annex.grid import SheetCell
from kkpr_check.plan import Cell

Letter = Literal["I", "T", "B", "TB", "X"]


class Phrase(NamedTuple):
    """A condition written out in a cell: its class (T limited, B conditional) and its words."""

    kind: Literal["T", "B"]
    text: str


@dataclass(frozen=True, slots=True)
class ParsedCell:
    """An understood ITBX cell: a `Cell`, or condition phrases that still need codes.

    ``restored`` tells that separators were missing between phrases.
    """

    cell: Cell | None
    phrases: tuple[Phrase, ...] = ()
    restored: bool = False


_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


@lru_cache(maxsize=16_384)
def plain(text: str) -> str:
    """Return text with compatible characters unified, HTML escapes resolved, blanks collapsed."""
    return " ".join(unicodedata.normalize("NFKC", _BREAK.sub(" ", html.unescape(text))).split())


_ALLOWED = r"(?:di)?(?:i?zi?n?kan|perbolehkan|ijinkan)|boleh"
_ALLOWED_WORDS = re.compile(rf"(?:pemanfaatan yang )?(?:{_ALLOWED})(?: ?/ ?(?:{_ALLOWED}))*")
_FORBIDDEN_WORDS = re.compile(
    rf"(?:pemanfaatan yang )?(?:tidak (?:{_ALLOWED})(?: ?/ ?(?:tidak )?(?:{_ALLOWED}))*|dilarang)"
)
_PREFIX = rf"(?:pemanfaatan )?(?:(?:{_ALLOWED}) )?(?:dengan )?"
_CLASS_WORDS: tuple[tuple[Letter, re.Pattern[str]], ...] = (
    ("TB", re.compile(_PREFIX + r"(?:ber)?syarat (?:secara )?terbatas (?:dan|/) ?(?:ber)?syarat tertentu")),
    ("TB", re.compile(_PREFIX + r"terbatas (?:dan |/ ?)?bersyarat(?: tertentu)?")),
    ("T", re.compile(_PREFIX + r"(?:(?:ber)?syarat )?(?:secara )?terbatas")),
    ("B", re.compile(_PREFIX + r"(?:ber)?syarat(?: secara)?(?: tertentu)?")),
)

_CODE_TOKEN = re.compile(r"([TB])[ -]?(\d{1,2})(?!\d)|(\d{1,2})(?!\d)|(TB|T|B)(?![A-Z0-9])|(DAN|[,;.+/&\s]+)")

_PHRASE_KINDS: tuple[tuple[Literal["T", "B"], re.Pattern[str]], ...] = (
    ("T", re.compile(r"(?:pembatasan|dibatasi|terbatas|batasan)\b")),
    (
        "B",
        re.compile(
            r"(?:penyusunan|menyusun|wajib|harus|penyediaan|menyediakan|memiliki|persetujuan|mendapat\w*|rekomendasi|kajian"
            r"|izin|dengan syarat|amdal|ukl|upl|sppl|andalalin|analisis)\b"
        ),
    ),
)
_PHRASE_STARTS = re.compile(r"(?<=[\w)]) +(?=(?:pembatasan|penyusunan|penyediaan)\b)", re.IGNORECASE)
_OUTSIDE_BRACKETS = re.compile(r"[,;\n]+(?![^()]*\))")


_LONGEST = 1_000
"""Longer texts are prose, not a cell value."""


@lru_cache(maxsize=16_384)
def parse_itbx_text(text: str) -> ParsedCell | None:
    """Understand an ITBX cell, or return None: never the nearest guess.

    >>> parse_itbx_text("T1, B1,B2").cell
    Cell(letter='TB', codes=('T1', 'B1', 'B2'))
    >>> parse_itbx_text("B1.B2").cell.codes, parse_itbx_text("T1/B1,3").cell.codes
    (('B1', 'B2'), ('T1', 'B1', 'B3'))
    >>> parse_itbx_text("Tidak Dizinkan/Diperbolehkan").cell.letter, parse_itbx_text("T/B").cell.letter
    ('X', 'TB')
    >>> parse_itbx_text("T1,BI") is None, parse_itbx_text("I,X") is None
    (True, True)
    >>> [phrase.kind for phrase in parse_itbx_text("pembatasan jumlah penyusunan SPPL").phrases]
    ['T', 'B']
    """
    words = plain(text) if len(text) <= _LONGEST else ""
    if not words:
        return None
    code = _parse_codes(words.upper())
    if code is not None:
        return ParsedCell(code)
    lower = words.lower().strip(" .")
    if _FORBIDDEN_WORDS.fullmatch(lower):
        return ParsedCell(Cell("X"))
    if _ALLOWED_WORDS.fullmatch(lower):
        return ParsedCell(Cell("I"))
    for letter, pattern in _CLASS_WORDS:
        if pattern.fullmatch(lower):
            return ParsedCell(Cell(letter))
    return _parse_phrases(text)


def _parse_codes(text: str) -> Cell | None:
    text = text.strip(" ,;.")
    if text == "I":
        return Cell("I")
    if text == "X":
        return Cell("X")
    codes: list[str] = []
    letters: set[str] = set()
    position, last, separated = 0, "", True
    for match in _CODE_TOKEN.finditer(text):
        if match.start() != position:
            return None
        position = match.end()
        letter, number, bare_number, bare_letter, separator = match.groups()
        if separator:
            separated = True
            continue
        if bare_number:
            if not last or not separated:
                return None
            letter, number = last, bare_number
        elif bare_letter:
            if not separated:
                return None
            letters.update(bare_letter)
        if letter:
            codes.append(f"{letter}{int(number)}")
            letters.add(letter)
            last = letter
        separated = False
    if position != len(text) or not letters:
        return None
    kind: Letter = "TB" if len(letters) == 2 else "T" if "T" in letters else "B"
    return Cell(kind, tuple(dict.fromkeys(codes)))


def _parse_phrases(text: str) -> ParsedCell | None:
    parts = [plain(part).strip(" .-•") for part in _OUTSIDE_BRACKETS.split(_BREAK.sub("\n", text))]
    split = [piece.strip() for part in parts if part for piece in _PHRASE_STARTS.split(part)]
    phrases = []
    for piece in split:
        kind = next((kind for kind, pattern in _PHRASE_KINDS if pattern.match(piece.lower())), None)
        if kind is None:
            return None
        phrases.append(Phrase(kind, piece))
    if not phrases:
        return None
    return ParsedCell(None, tuple(dict.fromkeys(phrases)), restored=len(split) > len([p for p in parts if p]))


def itbx_letter(kinds: set[str]) -> Letter:
    """Return the class of a cell whose conditions are of these kinds."""
    return "TB" if kinds == {"T", "B"} else "T" if kinds == {"T"} else "B"


def itbx_text(cell: Cell) -> str:
    """Write a cell in the grammar of itbx.csv.

    >>> itbx_text(Cell("TB", ("T1", "B3"))), itbx_text(Cell("TB")), itbx_text(Cell("TB", ("B1",)))
    ('T1,B3', 'TB', 'T,B1')
    """
    if not cell.codes:
        return cell.letter
    missing = [letter for letter in cell.letter if letter not in {code[0] for code in cell.codes}]
    return ",".join((*missing, *cell.codes))


# --- legend -------------------------------------------------------------------------------------------------

_LEGEND = re.compile(r"(T\d{1,2}|B\d{1,2}|TB|T/B|[ITBX])(?:\s*[:=]\s*|\s+[–-]\s+)(\S.*)")
_LEGEND_NUMBERED = re.compile(r"([TB]\d{1,2})(?:\s*[.)]\s*|\s+)(\S*[A-Za-z]{3}.*)")
_LEGEND_TITLE = re.compile(r"^\s*(?:keterangan|catatan|legenda|ket)\b\s*[.:]*\s*", re.IGNORECASE)
_LEGEND_BREAK = re.compile(r"\n|;\s*(?=(?:[TB]\d{1,2})\b)")
_LEGEND_CODE = re.compile(r"(T\d{1,2}|B\d{1,2}|TB|T/B|[ITBX])\s*[:=]?")


def legend_lines(text: str) -> list[tuple[str, str]]:
    """Return the (code, text) pairs a cell of a legend holds; [] where it is no legend.

    >>> legend_lines("T1 : Terbatas 20%. ")
    [('T1', 'Terbatas 20%.')]
    >>> legend_lines("Keterangan: T1 = jam operasi; B1 = AMDAL"), legend_lines("B2. Wajib ANDALALIN")
    ([('T1', 'jam operasi'), ('B1', 'AMDAL')], [('B2', 'Wajib ANDALALIN')])
    >>> legend_lines("T1 dan B2"), legend_lines("B. Pertambangan")
    ([], [])
    """
    found = []
    for line in _LEGEND_BREAK.split(_LEGEND_TITLE.sub("", text)):
        line = plain(line)
        match = _LEGEND.fullmatch(line) or _LEGEND_NUMBERED.fullmatch(line)
        if match is not None and parse_itbx_text(line) is None:
            found.append((match[1], match[2].strip()))
        elif line:
            return []
    return found


def legend_code(text: str) -> str | None:
    """Return the code of a legend cell that holds the code alone (its text stands in the next cell)."""
    match = _LEGEND_CODE.fullmatch(plain(text))
    return match[1] if match else None


# --- KBLI ---------------------------------------------------------------------------------------------------


class KbliCodes(NamedTuple):
    """KBLI codes of a cell. ``state``: ok, padded (zeros restored), none ("-" or empty), group, unread."""

    codes: tuple[str, ...]
    state: Literal["ok", "padded", "none", "group", "unread"]


def read_kbli(cell: SheetCell | None, known: Container[str] | None = None) -> KbliCodes:
    """Read a KBLI cell; leading zeros that a number lost are put back (four digits, as 01111 became 1111).

    Four digits that are no code of `known` with their zero back are a KBLI class, a group.

    >>> read_kbli(SheetCell("1111", "number", 1111.0))
    KbliCodes(codes=('01111',), state='padded')
    >>> read_kbli(SheetCell("47111; 47112", "text")).codes, read_kbli(SheetCell("0111", "text")).state
    (('47111', '47112'), 'group')
    """
    if cell is None or plain(cell.text) in ("", "-", "–", "—"):
        return KbliCodes((), "none")
    if cell.kind in ("date", "error", "uncached"):
        return KbliCodes((), "unread")
    text = re.sub(r"(?<=\d)\.0$", "", plain(cell.text)).removeprefix("'")
    text = re.sub(r"^kbli[\s.:]*", "", text, flags=re.IGNORECASE)
    parts = [part for part in re.split(r"[,;/\s]+|\bdan\b", text) if part]
    codes, padded = [], False
    for part in parts:
        if not re.fullmatch(r"[0-9]{1,5}|[A-U]", part):
            return KbliCodes((), "unread")
        if len(part) == 4 and not part.startswith("0"):
            whole = known is None or "0" + part in known
            part, padded = ("0" + part, True) if whole else (part, padded)
        if len(part) < 5:
            return KbliCodes((), "group")
        codes.append(part)
    return KbliCodes(tuple(dict.fromkeys(codes)), "padded" if padded else "ok")
