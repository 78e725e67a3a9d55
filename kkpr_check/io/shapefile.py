"""What a shapefile says of itself, checked with nothing but its bytes.

GDAL reads a cut .shp as null geometries, a .dbf with too few or too many records without a word, and a .shx of
another edition with the wrong attributes. These checks see all of that before GDAL opens the file.
Source: ESRI Shapefile Technical Description (1998); dBASE III file header.
"""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.geometry import Objects
from kkpr_check.io.containers import sibling

_SHAPES = frozenset({0, 1, 3, 5, 8, 11, 13, 15, 18, 21, 23, 25, 28, 31})
_CODE_PAGES = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252", 0x58: "cp1252", 0x59: "cp1252", 0x64: "cp852",
    0xC8: "cp1250", 0xC9: "cp1251",
}  # fmt: skip
"""dBASE language driver ids that this tool can meet; the rest is read as cp1252."""


@dataclass(frozen=True, slots=True)
class ShapefileFacts:
    """What the headers prove: `rows` records, of which `deleted` carry a deletion mark; text widths by column."""

    rows: int
    deleted: int
    widths: tuple[int, ...]
    cpg: str | None
    code_page: str


def check_shapefile(shp: Path, place: Place) -> ShapefileFacts:
    """Prove that the parts of a shapefile are whole and belong together.

    Parameters
    ----------
    shp
        The .shp file; its parts are looked for beside it, in any case of letters.
    place
        The layer as the user named it.

    Raises
    ------
    InputError
        Codes ``missing-part`` and ``not-read-whole``.
    """
    shx, dbf = sibling(shp, ".shx"), sibling(shp, ".dbf")
    for part, suffix in ((shx, ".shx"), (dbf, ".dbf")):
        if part is None:
            raise _missing(suffix, place)
    assert shx is not None and dbf is not None
    index = _index(shx, place)
    _check_records(shp, index, place)
    rows, deleted, widths, page = _table(dbf, place)
    if rows != len(index):
        raise _not_whole(
            place,
            Text(
                f"{len(index)} shapes in the .shx but {rows} records in the .dbf",
                f"{len(index)} bentuk pada .shx tetapi {rows} baris pada .dbf",
            ),
        )
    cpg = sibling(shp, ".cpg")
    return ShapefileFacts(rows, deleted, widths, cpg.read_text("latin-1") if cpg is not None else None, page)


def decode_columns(
    columns: dict[str, Objects], facts: ShapefileFacts, wanted: str | None, place: Place
) -> tuple[dict[str, Objects], str, Text | None]:
    """Decode text that was read byte by byte as ISO-8859-1.

    Parameters
    ----------
    columns
        Names and values, each character one byte of the .dbf.
    wanted
        The encoding the user names; before the .cpg, before what the bytes tell.

    Returns
    -------
    (columns, encoding, assumption)

    Raises
    ------
    InputError
        Code ``encoding``, naming row and column, where the bytes contradict the encoding.
    """
    texts = [
        (name, row, value)
        for name, values in columns.items()
        if not "".join(value for value in values if isinstance(value, str)).isascii()
        for row, value in enumerate(values)
        if isinstance(value, str) and not value.isascii()
    ]
    encoding, assumption = _encoding([*columns, *(value for _, _, value in texts)], facts, wanted, place)
    widths = dict(zip(columns, facts.widths, strict=True)) if len(columns) == len(facts.widths) else {}
    decoded = {name: values.copy() for name, values in columns.items()}
    for name, row, value in texts:
        decoded[name][row] = _decode(value, encoding, widths.get(name), place._replace(row=row, column=name))
    return {_decode(n, encoding, None, place): v for n, v in decoded.items()}, encoding, assumption


def _encoding(
    texts: list[str], facts: ShapefileFacts, wanted: str | None, place: Place
) -> tuple[str, Text | None]:
    named = wanted or (facts.cpg or "").strip().strip("\0")
    if named:
        return _codec(named, place), None
    strange = [text for text in texts if not text.isascii()]
    if not strange:
        return "UTF-8", None
    if all(_is_utf8(text.encode("latin-1")) for text in strange):
        return "UTF-8", Text(
            "no .cpg file: the text is valid UTF-8 and is read so",
            "tanpa berkas .cpg: teks sah sebagai UTF-8 dan dibaca demikian",
        )
    return facts.code_page, Text(
        f"no .cpg file: text is read as {facts.code_page}",
        f"tanpa berkas .cpg: teks dibaca sebagai {facts.code_page}",
    )


def _codec(named: str, place: Place) -> str:
    name = re.sub(r"^(ansi|oem|cp|windows-|ldid/)\s*", "", named.strip().lower())
    guesses = {"65001": "utf-8", "88591": "iso8859-1", "8859_1": "iso8859-1", "utf8": "utf-8"}
    if named.lower().startswith("ldid/") and name.isdigit():
        guesses[name] = _CODE_PAGES.get(int(name), "cp1252")
    for guess in (guesses.get(name, ""), f"cp{name}" if name.isdigit() else name, name.replace(" ", "-")):
        try:
            return codecs.lookup(guess).name if guess != "utf-8" else "UTF-8"
        except (LookupError, ValueError):
            continue
    raise InputError(
        Text(f"unknown encoding {named[:40]!r}", f"penyandian teks {named[:40]!r} tidak dikenal"),
        place=place,
        remedy=Text(
            "name it: --encoding UTF-8 or --encoding cp1252",
            "sebutkan: --encoding UTF-8 atau --encoding cp1252",
        ),
        code="encoding",
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def _decode(text: str, encoding: str, width: int | None, place: Place) -> str:
    if text.isascii():
        return text
    data = text.encode("latin-1")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and len(data) == width:
            return data[: error.start].decode(
                encoding
            )  # the field is full: the writer cut a character in two
        raise InputError(
            Text(f"the text is not {encoding}: {text[:40]!r}", f"teks bukan {encoding}: {text[:40]!r}"),
            place=place,
            remedy=Text(
                "name the real encoding, for example --encoding cp1252",
                "sebutkan penyandian yang benar, misalnya --encoding cp1252",
            ),
            code="encoding",
        ) from error


def _index(shx: Path, place: Place) -> NDArray[np.int64]:
    """Return offset and content length in bytes of every record, (n, 2), as the .shx says."""
    data = shx.read_bytes()
    _check_header(data, len(data), ".shx", place)
    return np.frombuffer(data, dtype=">i4", offset=100).reshape(-1, 2).astype(np.int64) * 2


def _check_header(head: bytes, size: int, suffix: str, place: Place) -> None:
    if len(head) < 100 or struct.unpack(">i", head[:4])[0] != 9994:
        raise _not_whole(
            place,
            Text(
                f"the {suffix} does not begin as a shapefile does",
                f"awal berkas {suffix} bukan awal shapefile",
            )
            if head
            else Text(f"the {suffix} is empty", f"berkas {suffix} kosong"),
        )
    said = struct.unpack(">i", head[24:28])[0] * 2
    if said != size or (suffix == ".shx" and (size - 100) % 8):
        raise _not_whole(
            place,
            Text(
                f"the {suffix} says {said} bytes but has {size}",
                f"berkas {suffix} menyebut {said} bita tetapi berisi {size}",
            ),
        )


def _check_records(shp: Path, index: NDArray[np.int64], place: Place) -> None:
    size = shp.stat().st_size
    with shp.open("rb") as stream:
        head = stream.read(100)
    _check_header(head, size, ".shp", place)
    if not len(index):
        return
    offsets, lengths = index[:, 0], index[:, 1]
    inside = (offsets >= 100) & (lengths >= 4) & (offsets + 8 + lengths <= size)
    if not inside.all():
        raise _record(place, int(np.argmin(inside)))
    data = np.memmap(shp, dtype=np.uint8, mode="r")
    starts = data[offsets[:, None] + np.arange(12)]
    numbers, contents = (starts[:, a : a + 4].copy().view(">i4").ravel().astype(np.int64) for a in (0, 4))
    kinds = starts[:, 8:12].copy().view("<i4").ravel()
    kind = struct.unpack("<i", head[32:36])[0]
    right = (
        (numbers == np.arange(1, len(index) + 1))
        & (contents * 2 == lengths)
        & ((kinds == kind) | (kinds == 0))
        & (kind in _SHAPES)
    )
    if not right.all():
        raise _record(place, int(np.argmin(right)))


def _table(dbf: Path, place: Place) -> tuple[int, int, tuple[int, ...], str]:
    """Return record count, deleted records, field widths and the code page of the .dbf."""
    data = np.memmap(dbf, dtype=np.uint8, mode="r") if dbf.stat().st_size else np.empty(0, np.uint8)
    if len(data) < 33:
        raise _not_whole(
            place,
            Text("the .dbf has no header", "berkas .dbf tidak berkepala (header)")
            if len(data)
            else Text("the .dbf is empty", "berkas .dbf kosong"),
        )
    rows, start, width = struct.unpack("<IHH", data[4:12].tobytes())
    if start < 33 or width < 1 or start + rows * width > len(data):
        raise _not_whole(
            place,
            Text(
                f"the .dbf says {rows} records of {width} bytes but has {len(data)} bytes",
                f"berkas .dbf menyebut {rows} baris @{width} bita tetapi berisi {len(data)} bita",
            ),
        )
    marks = data[start : start + rows * width : width]
    descriptors = data[32 : start - 1].tobytes()
    widths = []
    for at in range(0, len(descriptors) - 31, 32):
        if descriptors[at] == 0x0D:
            break
        widths.append(descriptors[at + 16])
    page = _CODE_PAGES.get(int(data[29]), "cp1252")
    return rows, int(np.count_nonzero(marks == ord("*"))), tuple(widths), page


def _missing(suffix: str, place: Place) -> InputError:
    return InputError(
        Text(f"the {suffix} file is missing", f"berkas {suffix} tidak ada"),
        place=place,
        remedy=Text(
            f"put the {suffix} of the same name beside the .shp",
            f"sertakan berkas {suffix} bernama sama di samping .shp",
        ),
        code="missing-part",
    )


def _record(place: Place, row: int) -> InputError:
    return _not_whole(
        place._replace(row=row),
        Text(
            "the record in the .shp is not the one the .shx points to",
            "rekaman pada .shp bukan yang ditunjuk oleh .shx",
        ),
    )


def _not_whole(place: Place, text: Text) -> InputError:
    return InputError(
        text,
        place=place,
        remedy=Text(
            "the file is cut or its parts are of different editions: export or copy it again, all parts together",
            "berkas terpotong atau bagiannya berbeda versi: ekspor atau salin ulang semua bagian sekaligus",
        ),
        code="not-read-whole",
    )
