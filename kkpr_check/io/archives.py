"""Zips as they come from offices and from strangers: looked through before anything is unpacked."""

from __future__ import annotations

import errno
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.io.drivers import DRIVERS, ZIPPED

MAX_MEMBERS = 10_000
MAX_BYTES = 2 * 1024**3
MAX_RATIO = 100
RATIO_FROM_BYTES = 1024**2
"""Below this size no ratio is suspicious."""
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")

_IGNORED = re.compile(r"(^|/)(__MACOSX/|\.[^/]*$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)


def _refuse(local: Path, text: Text, remedy: Text | None = None) -> InputError:
    return InputError(text, place=Place(str(local)), remedy=remedy, code="zip-refused")


@contextmanager
def open_zip(local: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip; InputError ``unreadable`` where it is none."""
    try:
        archive = zipfile.ZipFile(local)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(
            Text(f"not a readable zip: {error}", f"zip tidak dapat dibaca: {error}"),
            place=Place(str(local)),
            remedy=Text("pack or download it again", "kemas atau unduh ulang"),
            code="unreadable",
        ) from error
    with archive:
        yield archive


def zip_members(archive: zipfile.ZipFile, local: Path) -> dict[str, list[str]]:
    """Return {data set: its members} after checking the whole directory of the zip; nothing is unpacked.

    Raises
    ------
    InputError
        Codes ``zip-refused`` and ``missing-part``.
    """
    names = _checked_names(archive, local)
    found: dict[str, list[str]] = {}
    for name in names:
        pure = _pure(name)
        folder = next((str(p) for p in [pure, *pure.parents] if p.suffix.lower() == ".gdb"), None)
        if folder is not None:
            found.setdefault(folder, []).append(name)
        elif pure.suffix.lower() == ".shp":
            found[str(pure)] = [other for other in names if _same_shapefile(pure, _pure(other))]
        elif pure.suffix.lower() in DRIVERS:
            found[str(pure)] = [name]
    data = {name: members for name, members in found.items() if not name.lower().endswith(".json")}
    if not found:
        raise InputError(
            Text("there is no layer in the zip", "tidak ada layer di dalam zip"),
            place=Place(str(local)),
            remedy=Text("pack the .kml of the drawing as a KMZ", "kemas .kml gambarnya sebagai KMZ")
            if local.suffix.lower() == ".kmz"
            else Text(
                "pack all parts of the layer: .shp, .shx, .dbf, .prj",
                "kemas semua bagian layer: .shp, .shx, .dbf, .prj",
            ),
            code="missing-part",
        )
    return data or found  # a .json beside a layer is its metadata


def _checked_names(archive: zipfile.ZipFile, local: Path) -> list[str]:
    infos = archive.infolist()
    size, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if (
        len(infos) > MAX_MEMBERS
        or size > MAX_BYTES
        or (size > RATIO_FROM_BYTES and size > MAX_RATIO * packed)
    ):
        raise _refuse(
            local,
            Text(
                f"zip too large: {len(infos)} members, {size} bytes unpacked from {packed}",
                f"zip terlalu besar: {len(infos)} isi, {size} bita setelah dibuka dari {packed}",
            ),
            Text("unpack it and name the layer itself", "buka zip-nya dan sebutkan layernya langsung"),
        )
    names: dict[str, str] = {}
    for info in infos:
        _check_member(info, local)
        if info.is_dir() or _IGNORED.search(str(_pure(info.filename))):
            continue
        if names.setdefault(str(_pure(info.filename)).casefold(), info.filename) != info.filename or (
            archive.NameToInfo[info.filename] is not info
        ):
            shown = info.filename[:80]
            raise _refuse(
                local, Text(f"the name {shown!r} stands twice", f"nama {shown!r} tercantum dua kali")
            )
    return list(names.values())


def _pure(name: str) -> PurePosixPath:
    return PurePosixPath(name.replace("\\", "/"))


def _check_member(info: zipfile.ZipInfo, local: Path) -> None:
    pure = _pure(info.filename)
    shown = info.filename[:80]
    if (
        pure.is_absolute()
        or ".." in pure.parts
        or re.match(r"^[A-Za-z]:", str(pure))
        or "\0" in info.filename
    ):
        raise _refuse(
            local,
            Text(f"name leaves the zip: {shown!r}", f"nama keluar dari folder zip: {shown!r}"),
            Text("pack the layer again, without folders", "kemas ulang layernya, tanpa folder"),
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise _refuse(
            local,
            Text(
                f"a link in the zip, not a file: {shown!r}", f"tautan di dalam zip, bukan berkas: {shown!r}"
            ),
            Text("pack the file it points to", "kemas berkas yang ditunjuknya"),
        )
    if info.flag_bits & 0x1:
        raise _refuse(
            local,
            Text(f"the zip is encrypted: {shown!r}", f"zip terkunci kata sandi: {shown!r}"),
            Text("unpack it first", "buka kuncinya dahulu"),
        )
    if pure.suffix.lower() in ZIPPED:
        raise _refuse(
            local,
            Text(f"a zip inside the zip: {shown!r}", f"zip di dalam zip: {shown!r}"),
            Text("unpack it and name the inner file", "buka zip-nya dan sebutkan berkas di dalamnya"),
        )


def _same_shapefile(shp: PurePosixPath, other: PurePosixPath) -> bool:
    return (
        other.parent == shp.parent
        and other.stem.casefold() == shp.stem.casefold()
        and other.suffix.lower() in SHAPEFILE_PARTS
    )


def extract(archive: zipfile.ZipFile, chosen: str, members: list[str], folder: Path, place: Place) -> Path:
    """Copy the members out under names of our own; the names inside a zip never become paths."""
    left = MAX_BYTES
    pure = PurePosixPath(chosen)
    is_gdb = pure.suffix.lower() == ".gdb" and members != [chosen]
    target = folder / f"data{pure.suffix.lower()}"
    if is_gdb:
        target.mkdir()
    for name in members:
        inner = _pure(name)
        file = target / inner.name if is_gdb else folder / f"data{inner.suffix.lower()}"
        try:
            with archive.open(name) as source, file.open("wb") as sink:
                while block := source.read(1024**2):
                    left -= len(block)
                    if left < 0:
                        raise _refuse(
                            Path(str(place.file)),
                            Text(
                                "the zip unpacks to more than it says",
                                "isi zip lebih besar daripada yang tertulis",
                            ),
                        )
                    sink.write(block)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
                raise InputError(
                    Text("no room to unpack the zip", "tidak ada ruang untuk membuka zip"),
                    place=place,
                    remedy=Text(
                        "free some space in the temporary folder", "kosongkan ruang pada folder sementara"
                    ),
                    code="disk-full",
                ) from error
            raise InputError(
                Text(
                    f"the zip is damaged at {name[:80]!r}: {error}", f"zip rusak pada {name[:80]!r}: {error}"
                ),
                place=place,
                remedy=Text("pack or download it again", "kemas atau unduh ulang"),
                code="unreadable",
            ) from error
    return target
