"""The two axis cells of a row become x (east) and y (north): by value, with a record against the header."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import shapely

from kkpr_check.errors import CrsError, InputError, KkprError, Place, Text
from kkpr_check.io.coordinates import order_pair, parse_angle, parse_metres, split_pair
from kkpr_check.io.crs import canonical, is_plausible, missing_crs
from kkpr_check.io.tablerows import Columns, Row

Parsed = TypeVar("Parsed")
_MAYBE_GROUPED = re.compile(r"[+-]?\d{1,3}[.,]\d{3}", re.ASCII)
_DEGREES_REMEDY = Text(
    "write decimal degrees (124.480) or degrees, minutes, seconds (124°28'48\" BT)",
    "tulis derajat desimal (124.480) atau derajat, menit, detik (124°28'48\" BT)",
)
_CRS_REMEDY = Text(
    "name the CRS of the table: --assume-crs EPSG:...", "sebutkan SRK tabelnya: --assume-crs EPSG:..."
)
_GROUPS_REMEDY = Text(
    "write metres without thousands separators, e.g. 662486.25",
    "tulis meter tanpa pemisah ribuan, mis. 662486.25",
)


class Positions:
    """Reads the positions of one table and remembers what it decided.

    Parameters
    ----------
    name
        The file, for messages.
    crs
        CRS of the numbers, None for degrees.
    swap_xy
        Exchange the columns of a metric table before they are read.
    """

    def __init__(self, name: str, columns: Columns, crs: str | None, *, swap_xy: bool = False) -> None:
        self.name, self.columns, self.crs, self.swap_xy = name, columns, crs, swap_xy
        self.planar = crs is not None and bool(canonical(crs).is_projected)
        self.swapped_lines: list[int] = []
        self.straight = 0
        self.not_degrees: list[tuple[float, float]] = []

    @property
    def found(self) -> bool:
        """Whether at least one row was a position."""
        return bool(self.straight or self.swapped_lines)

    def read(self, row: Row) -> tuple[float, float]:
        """Return x and y of a row.

        Raises
        ------
        InputError
            The cells are no position, or none in Indonesia.
        """
        first, second = row.cells[self.columns.first], row.cells[self.columns.second]
        if self.planar:
            x, y, swapped = self._metres(row, *((second, first) if self.swap_xy else (first, second)))
        else:
            x, y, swapped = self._degrees(row, first, second)
        if swapped:
            self.swapped_lines.append(row.line)
        else:
            self.straight += 1
        return x, y

    def _error(self, row: Row, en: str, id_: str, remedy: Text, code: str = "coordinates") -> InputError:
        cells = "; ".join(dict.fromkeys((row.cells[self.columns.first], row.cells[self.columns.second])))
        text = Text(f"({cells[:60]}) {en}", f"({cells[:60]}) {id_}")
        return InputError(text, place=Place(self.name, row=row.line), remedy=remedy, code=code)

    def _degrees(self, row: Row, first: str, second: str) -> tuple[float, float, bool]:
        in_one_cell = self.columns.first == self.columns.second
        pair = split_pair(first) if in_one_cell else _both(parse_angle, first, second)
        if pair is None:
            metres = _both(parse_metres, first, second)
            self.not_degrees += [metres] if metres is not None else []
            raise self._error(
                row, "is not a position in degrees", "bukan posisi dalam derajat", _DEGREES_REMEDY
            )
        ordered = order_pair(*pair)
        if ordered is None:
            self.not_degrees.append((pair[0].degrees, pair[1].degrees))
            raise self._error(
                row,
                "is not in Indonesia (longitude 94 to 142, latitude -12 to 8)",
                "tidak di Indonesia (bujur 94 sampai 142, lintang -12 sampai 8)",
                _DEGREES_REMEDY,
                "outside-indonesia",
            )
        lon, lat, first_is_lat = ordered
        return lon, lat, first_is_lat and not in_one_cell

    def _metres(self, row: Row, first: str, second: str) -> tuple[float, float, bool]:
        angles = _both(parse_angle, first, second)
        if angles is not None and order_pair(*angles) is not None:
            label = canonical(self.crs).name
            raise self._error(
                row,
                f"are degrees, but {label} is in metres",
                f"berupa derajat, padahal {label} dalam meter",
                Text("drop --assume-crs for this table", "hapus --assume-crs untuk tabel ini"),
                "outside-indonesia",
            )
        pair = _both(parse_metres, first, second)
        if pair is None or _MAYBE_GROUPED.fullmatch(first) or _MAYBE_GROUPED.fullmatch(second):
            raise self._error(
                row, "can not be read as metres", "tidak dapat dibaca sebagai meter", _GROUPS_REMEDY
            )
        x, y = pair
        plain, swapped = is_plausible(shapely.bounds(shapely.points([(x, y), (y, x)])), self.crs)
        if not plain and not swapped:
            label = canonical(self.crs).name
            raise self._error(
                row,
                f"is not in Indonesia in {label}",
                f"tidak di Indonesia dalam {label}",
                _CRS_REMEDY,
                "outside-indonesia",
            )
        return (x, y, False) if plain else (y, x, True)

    def why_none(self) -> KkprError | None:
        """Return the one error that explains a table of metres without CRS, if this is one."""
        if self.found or not self.not_degrees or self.crs is not None:
            return None
        if any(abs(value) <= 180 for pair in self.not_degrees for value in pair):
            return None
        xs, ys = zip(*self.not_degrees, strict=True)
        error: CrsError = missing_crs(Place(self.name), (min(xs), min(ys), max(xs), max(ys)))
        return error

    def notes(self) -> list[Text]:
        """Return what was decided: the datum, and the axes against the header."""
        file = Path(self.name).name
        if self.crs is None:
            notes = [
                Text(
                    f"{file}: degrees are taken as WGS 84 longitude and latitude (= SRGI2013)",
                    f"{file}: derajat dianggap bujur dan lintang WGS 84 (= SRGI2013)",
                )
            ]
        else:
            name = canonical(self.crs).name
            column = self.columns.names[self.columns.zone] if self.columns.zone >= 0 else None
            notes = [
                Text(
                    f"{file}: {self.crs} ({name}), by the column {column}",
                    f"{file}: {self.crs} ({name}), menurut kolom {column}",
                )
                if column
                else Text(
                    f"{file}: CRS assumed as ordered: {self.crs} ({name})",
                    f"{file}: SRK diasumsikan sesuai permintaan: {self.crs} ({name})",
                )
            ]
        if self.planar and (self.swap_xy or not self.columns.named):
            order = ("north, east", "utara, timur") if self.swap_xy else ("east, north", "timur, utara")
            notes.append(
                Text(f"{file}: the columns are taken as {order[0]}", f"{file}: kolom dianggap {order[1]}")
            )
        if self.swapped_lines and (self.columns.named or self.straight):
            notes.append(self._swap_note(file))
        return notes

    def _swap_note(self, file: str) -> Text:
        shown = ", ".join(str(line) for line in self.swapped_lines[:5])
        shown += " ..." if len(self.swapped_lines) > 5 else ""
        rows, baris = (f"rows {shown}", f"baris {shown}") if self.straight else ("all rows", "semua baris")
        return Text(
            f"{file}: the axes of {rows} are read by their values (longitude 94..142, latitude -12..8), "
            "against the header or the other rows",
            f"{file}: sumbu {baris} dibaca menurut nilainya (bujur 94..142, lintang -12..8), "
            "berlawanan dengan judul kolom atau baris lain",
        )


def _both(parse: Callable[[str], Parsed | None], first: str, second: str) -> tuple[Parsed, Parsed] | None:
    a, b = parse(first), parse(second)
    return None if a is None or b is None else (a, b)
