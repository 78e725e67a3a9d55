"""Which sub-zone a code or a name of an annex means, against the plan's own zones.csv."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from kkpr_check.errors import Text
from kkpr_check.io.annex.limits import Undecided
from kkpr_check.io.annex.words import plain
from kkpr_check.tables import parse_tables

_SUBZONE = re.compile(
    r"[A-Z]{1,4}(?: ?-? ?\d{1,2}(?:\.\d{1,2})?)?(?:[.\- ]?[A-Za-z]\d?(?:-\d)?)?(?:/[A-Z]{1,4}(?:-?\d)?)?"
)
_LABELS = frozenset(
    {
        *("NO", "NOMOR", "KODE", "KBLI", "NAMA", "ZONA", "JENIS", "KET", "SUB", "BLOK", "SWP", "WP", "IZIN"),
        *("KDB", "KLB", "KDH", "KTB", "KWT", "GSB", "JBS", "JBB", "TB", "PZ", "ITBX"),
    }
)
"""Words of a header that have the form of a sub-zone code."""


def code_key(code: str) -> str:
    """Return a sub-zone code without what spellings differ in: case, blanks, hyphens, dots.

    >>> code_key("R - 2") == code_key("r2")
    True
    """
    return re.sub(r"[\s\-–._]+", "", plain(code)).upper()


def name_key(name: str) -> str:
    """Return a sub-zone name without what spellings differ in.

    >>> name_key("Hutan Produksi yang Dapat di Konversi") == name_key("hutan produksi yang dapat dikonversi")
    True
    """
    words = re.sub(r"[^0-9a-z]+", " ", plain(name).lower()).split()
    if words[:1] == ["sub"] and words[1:2] == ["zona"]:
        words = words[2:]
    elif words[:1] in (["zona"], ["subzona"]):
        words = words[1:]
    return "".join(words)


@lru_cache(maxsize=16_384)
def looks_like_subzone(text: str) -> bool:
    """Tell whether a text has the form of a sub-zone code (``R-2``, ``RTH4``, ``K2a``, ``SPU-1.K1``)."""
    text = plain(text)
    return text.upper() not in _LABELS and _SUBZONE.fullmatch(text) is not None


@lru_cache(maxsize=16_384)
def codes_in_header(text: str) -> tuple[str, ...]:
    r"""Return what may be the code in a header cell: the whole, a line of it, or what stands in brackets.

    >>> codes_in_header("R-2"), codes_in_header("Perumahan (R-2)"), codes_in_header("R-2\nPerumahan")
    (('R-2',), ('R-2', 'Perumahan'), ('R-2', 'Perumahan'))
    """
    whole = plain(text)
    if len(whole) > 120 or looks_like_subzone(whole):
        return (whole,) if whole else ()
    inner = re.findall(r"[(\[]([^()\[\]]+)[)\]]", text)
    outer = re.sub(r"[(\[][^()\[\]]*[)\]]", "\n", text)
    parts = [plain(part) for part in (*inner, *outer.splitlines())]
    return tuple(dict.fromkeys(part for part in parts if part)) or (whole,)


class SubzoneIndex:
    """Sub-zones by every spelling of their code and of their name."""

    def __init__(self, zones: Iterable[tuple[str, str]] = ()) -> None:
        self.codes: list[str] = []
        self._by_code: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        for code, name in zones:
            self.codes.append(code)
            self._by_code.setdefault(code_key(code), []).append(code)
            if name_key(name):
                self._by_name.setdefault(name_key(name), []).append(code)

    def __bool__(self) -> bool:
        return bool(self.codes)

    def by_code(self, text: str) -> tuple[str, ...]:
        """Return the sub-zones a code may mean: the one spelt so, else all with the same letters and digits."""
        text = plain(text)
        return (text,) if text in self.codes else tuple(self._by_code.get(code_key(text), ()))

    def by_name(self, text: str) -> tuple[str, ...]:
        """Return the sub-zones of that name."""
        return tuple(dict.fromkeys(self._by_name.get(name_key(text), ())))


def read_zone_index(directory: Path) -> SubzoneIndex:
    """Read zones.csv of a plan folder; an empty index where there is none.

    Raises
    ------
    ErrorGroup
        zones.csv cannot be read whole.
    """
    path = directory / "zones.csv"
    if not path.is_file():
        return SubzoneIndex()
    tables = parse_tables({"zones.csv": path.read_bytes()}, folder=str(directory))
    return SubzoneIndex((zone.subzone, zone.name) for zone in tables.zones.values())


def code_outside(text: str) -> str | None:
    """Return the code of a sub-zone that zones.csv lacks: the national spelling, else as printed; None for no code.

    >>> code_outside("RTH8"), code_outside("K2a"), code_outside("Sawah Kita")
    ('RTH-8', 'K2a', None)
    """
    from kkpr_check.reference import find_subzone

    match = find_subzone(text)
    if match is not None and match.certain and not match.tpz:
        return match.code
    return re.sub(r" ?- ?", "-", plain(text)) if looks_like_subzone(text) else None


def not_in_plan(subzone: str) -> Text:
    """Return what is said of an imported sub-zone that zones.csv lacks."""
    return Text(
        f"{subzone} is not in zones.csv: imported, add it there if the map has it",
        f"{subzone} tidak ada di zones.csv: diimpor, tambahkan di sana bila ada di peta",
    )


def resolve_subzone(zones: SubzoneIndex, code: str, name: str) -> tuple[str | None, Undecided | None]:
    """Return the sub-zone a row means, and what should be known about it (or why there is none).

    The plan's own zones.csv decides; without one, a code stands as printed and a name is looked up in the
    national catalogue, which is recorded.
    """
    from kkpr_check.reference import find_subzone

    found = _in_plan(zones, code, name)
    if len(found) > 1:
        listed = ", ".join(found)
        why = Text(f"matches several sub-zones: {listed}", f"cocok dengan beberapa subzona: {listed}")
        return None, Undecided("subzone-ambiguous", why)
    if found:
        return found[0], None
    printed = code or next((part for part in codes_in_header(name) if looks_like_subzone(part)), "")
    if printed and not zones:
        return re.sub(r" ?- ?", "-", printed), None
    match = find_subzone(code or name)
    if match is not None and match.certain and not match.tpz and (not zones or zones.by_code(match.code)):
        subzone = zones.by_code(match.code)[0] if zones else match.code
        why = Text(
            f"read as {subzone} by the national catalogue",
            f"dibaca sebagai {subzone} menurut katalog nasional",
        )
        return subzone, Undecided("subzone-by-name", why)
    outside = code_outside(printed or name)
    if outside is not None:
        return outside, Undecided("subzone-not-in-plan", not_in_plan(outside))
    hint = f" ({match.code}?)" if match is not None else ""
    why = Text(f"this sub-zone is not known{hint}", f"subzona ini tidak dikenal{hint}")
    return None, Undecided("subzone-unknown", why)


def _in_plan(zones: SubzoneIndex, code: str, name: str) -> tuple[str, ...]:
    """Return the sub-zones of zones.csv that code and name both mean; all of them where they disagree."""
    parts = codes_in_header(name) if not code else ()
    by_code = dict.fromkeys(found for text in (code, *parts) if text for found in zones.by_code(text))
    by_name = dict.fromkeys(found for text in (name or code, *parts) if text for found in zones.by_name(text))
    both = tuple(found for found in by_code if found in by_name)
    return both or (*by_code, *by_name)
