"""The JSON of an application: only the fields of an allow-list ever leave the parser.

A payload has some 300 fields, most of them about people (names, NIK, NPWP, telephone, birth, religion; UU 27/2022).
They are dropped object by object while the text is parsed, so nothing behind this module could print or keep them,
and no message quotes the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from kkpr_check.errors import InputError, Place, Text

ROOT = "dataNIB"
BYTES_MAX = 64 * 1024 * 1024
FIELDS = frozenset({
    "oss_id", "id_izin", "kd_izin", "skala_usaha", "data_proyek",
    "id_proyek", "kbli", "luas_tanah", "satuan_luas_tanah", "jumlah_lantai_bangunan", "luas_lantai_bangunan",
    "flag_psn", "flag_obyek_vital_nasional", "flag_multi_kbli", "id_proyek_utama", "jumlah_multi_kbli",
    "pasal_181_a", "pasal_181_b", "pasal_181_c", "pasal_181_d", "pasal_181_3",
    "nama_perairan", "kedalaman", "data_lokasi_proyek",
    "id_proyek_lokasi", "id_kegiatan", "response_kegiatan", "jenis_kawasan", "jenis_lokasi",
    "data_lokasi_proyek_shp", "data_posisi_proyek", "posisi_lokasi", "serial", "lat_lng",
})  # fmt: skip
"""Everything that is read of an application. `data_lokasi_proyek_shp` is kept as a yes or no."""

_MARKS = (ROOT.encode(), ROOT.encode("utf-16-le"))
_AGAIN = Text("take the payload from OSS again", "ambil ulang muatan (payload) dari OSS")
Fields = dict[str, Any]


def may_be_application(data: bytes) -> bool:
    """Tell whether a file mentions the root object of an application."""
    return any(mark in data for mark in _MARKS)


def parse(data: bytes, name: str, encoding: str | None = None) -> list[Fields]:
    """Return the ``dataNIB`` objects of a JSON text, wherever they stand in it, with `FIELDS` only.

    Parameters
    ----------
    data
        The text: UTF-8 or UTF-16, with or without a byte order mark, or in `encoding`.
    name
        The file, for messages.

    Raises
    ------
    InputError
        The text is no JSON (`unreadable`), in another encoding (`encoding`), or names a field twice with different
        values (`duplicate-key`).
    """
    place = Place(name)
    found: list[Fields] = []
    odd: list[object] = []

    def keep(pairs: list[tuple[str, Any]]) -> Fields:
        kept: Fields = {}
        for key, value in pairs:
            field = key.strip().casefold()
            if field == ROOT.casefold():
                (found if isinstance(value, dict) else odd).append(value)
            elif field in FIELDS:
                value = bool(str(value or "").strip()) if field == "data_lokasi_proyek_shp" else value
                if kept.setdefault(field, value) != value:
                    raise _DoubledError(field)
        return kept

    text = _decoded(data, place, encoding)
    try:
        json.loads(text, object_pairs_hook=keep, parse_constant=_no_constant)
    except _DoubledError as error:
        raise _doubled(error.field, place) from None
    except json.JSONDecodeError as error:
        where = Text(
            f"line {error.lineno}, column {error.colno}", f"baris {error.lineno}, kolom {error.colno}"
        )
        raise _broken(place, where) from None
    except (ValueError, RecursionError):
        raise _broken(place, Text("a value or its nesting", "suatu nilai atau sarangnya")) from None
    if found and odd:
        raise InputError(
            Text(f"one {ROOT} is no object", f"salah satu {ROOT} bukan objek"),
            place=place,
            remedy=_AGAIN,
            code="oss-shape",
        )
    return found


class _DoubledError(Exception):
    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _no_constant(_: str) -> None:
    raise ValueError


def _decoded(data: bytes, place: Place, encoding: str | None) -> str:
    encoding = encoding or _told_by_bytes(data)
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise InputError(
            Text(
                f"the text is not {encoding.removesuffix('-sig')}",
                f"teks bukan {encoding.removesuffix('-sig')}",
            ),
            place=place,
            remedy=Text("save it as UTF-8", "simpan ulang sebagai UTF-8"),
            code="encoding",
        ) from None


def _told_by_bytes(data: bytes) -> str:
    """Return the encoding of a JSON text, whose first character is ASCII."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if data[:1] == b"\0":
        return "utf-16-be"
    return "utf-16-le" if data[1:2] == b"\0" else "utf-8-sig"


def _broken(place: Place, where: Text) -> InputError:
    return InputError(
        Text(
            f"this OSS payload is no valid JSON ({where.en})",
            f"muatan OSS ini bukan JSON yang sah ({where.id})",
        ),
        place=place,
        remedy=_AGAIN,
        code="unreadable",
    )


def _doubled(field: str, place: Place) -> InputError:
    return InputError(
        Text(
            f"{field} stands twice in one object, with different values",
            f"{field} tertulis dua kali dalam satu objek dengan nilai berbeda",
        ),
        place=place,
        remedy=_AGAIN,
        code="duplicate-key",
    )


def text_of(fields: Fields, name: str) -> str:
    """Return a field as text, "" where it is absent or no plain value."""
    value = fields.get(name)
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return str(value).strip()


def list_of(fields: Fields, name: str, place: Place) -> list[Fields]:
    """Return a list of objects; a single object counts as a list of one, nothing or "" as none.

    Raises
    ------
    InputError
        Something else stands there: left out silently, a vertex or a location would be lost.
    """
    value = fields.get(name)
    items = value if isinstance(value, list) else [value] if value not in (None, "") else []
    for n, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise InputError(
                Text(f"entry {n} of {name} is no object", f"isian ke-{n} pada {name} bukan objek"),
                place=place,
                remedy=_AGAIN,
                code="oss-shape",
            )
    return items


def refuse_nested(fields: Fields, names: Iterable[str], place: Place) -> None:
    """Refuse a list or an object where a plain value belongs.

    Raises
    ------
    InputError
        One of the fields holds one.
    """
    for name in names:
        if isinstance(fields.get(name), dict | list) and fields[name]:
            raise InputError(
                Text("is no plain value", "bukan nilai tunggal"),
                place=place._replace(column=name),
                remedy=_AGAIN,
                code="oss-shape",
            )
