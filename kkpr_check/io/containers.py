"""From the path a user names to one data set on disk: folders, zips, hashes. GDAL opens nothing here."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kkpr_check.errors import InputError, Place, Text
from kkpr_check.io.archives import SHAPEFILE_PARTS, extract, open_zip, zip_members
from kkpr_check.io.digests import file_sha256
from kkpr_check.io.drivers import DRIVERS, ZIPPED, driver_of

__all__ = [
    "SHAPEFILE_PARTS", "Source", "choose_dataset", "choose_layer", "datasets", "digest_of", "local_path", "opened", "parts_of",
    "sha256_of", "sibling",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One data set, ready to be opened.

    Attributes
    ----------
    file
        The file (or File GDB folder) on disk; for a zip member a private copy.
    driver
        The driver that must open it.
    name
        Its name for people: the stem of the file.
    layer
        The layer asked for inside the data set, if any.
    place
        What the user named, for messages.
    """

    file: Path
    driver: str
    name: str
    layer: str | None
    place: Place


_ADDRESS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/+(?!vsi)")
_NOT_A_PATH = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:(/|\")|^/vsi|^\s*[{\[<]")


def refuse_remote(path: str | Path) -> None:
    """Refuse an address, a GDAL prefix or inline data where a local file or folder is asked for.

    Raises
    ------
    InputError
        Code ``not-local``.
    """
    text = str(path)
    if not _NOT_A_PATH.match(text) or os.path.lexists(text):
        return
    if _ADDRESS.match(text) and text[:5].casefold() != "file:":
        shown = _ADDRESS.sub(r"\1://", text)[:80]  # a path joins the two strokes of an address
        raise InputError(
            Text(
                f"nothing is read over the network: {shown}", f"tidak ada yang dibaca lewat jaringan: {shown}"
            ),
            remedy=Text(
                "download it, and give the name of the file", "unduh dahulu, lalu berikan nama berkasnya"
            ),
            code="not-local",
        )
    raise InputError(
        Text(f"not a local file: {text[:80]}", f"bukan berkas lokal: {text[:80]}"),
        remedy=Text("save the data as a file first", "simpan datanya sebagai berkas dahulu"),
        code="not-local",
    )


def local_path(path: str | Path) -> Path:
    """Return an existing local path, or refuse: no URL, no GDAL prefix, no inline data.

    Raises
    ------
    InputError
        Codes ``not-local``, ``not-found``.
    """
    text = str(path)
    refuse_remote(text)
    local = Path(text)
    if text and local.exists() and not (local.is_file() or local.is_dir()):
        raise InputError(
            Text("it is no regular file", "bukan berkas biasa"),
            place=Place(text),
            remedy=Text("save the data as a file first", "simpan datanya sebagai berkas dahulu"),
            code="not-local",
        )
    if not text or not local.exists():
        link = bool(text) and local.is_symlink()
        raise InputError(
            Text("the link leads to no file", "tautan tidak mengarah ke berkas mana pun")
            if link
            else Text("the file does not exist", "berkas tidak ditemukan"),
            place=Place(text[:200]),
            remedy=Text("check the name and the folder", "periksa nama dan foldernya"),
            code="not-found",
        )
    return local


def parts_of(path: str | Path, known: Mapping[Path, str] | None = None) -> dict[str, str]:
    """Return the sha256 of every file part of a layer: {file name: hex digest}, sorted by name.

    A shapefile has several parts, a File GDB folder all its files; a zip is one; of another folder the layers in it
    count.

    Parameters
    ----------
    path
        The layer.
    known
        Digests of files that the caller has taken just now, by path.
    """
    known = known or {}
    local = local_path(path)
    if _is_plain_folder(local):
        parts: dict[str, str] = {}
        for name, member in sorted(_folder_members(local).items()):
            prefix = f"{name}/" if member.is_dir() else ""
            parts |= {prefix + part: digest for part, digest in parts_of(member, known).items()}
        return parts
    files = [local]
    if local.is_dir():
        files = [p for p in local.rglob("*") if p.is_file() and p.suffix.lower() != ".lock"]
    elif local.suffix.lower() == ".shp":
        files = [part for suffix in SHAPEFILE_PARTS if (part := sibling(local, suffix)) is not None]
    root = local if local.is_dir() else local.parent
    return {file.relative_to(root).as_posix(): known.get(file) or _sha256(file) for file in sorted(files)}


def sha256_of(path: str | Path) -> str:
    """Return one sha256 for a layer: of its file, or of the ``digest  name`` lines of its parts."""
    return digest_of(parts_of(path))


def digest_of(parts: Mapping[str, str]) -> str:
    """Return one sha256 for the parts of a layer, as `sha256_of` does."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(parts.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def sibling(shp: Path, suffix: str) -> Path | None:
    """Return the part of a shapefile with this suffix in any case, or None."""
    exact = shp.with_suffix(suffix)
    if exact.is_file():
        return exact
    wanted = exact.name.casefold()
    return next(
        (p for p in sorted(shp.parent.iterdir()) if p.name.casefold() == wanted and p.is_file()), None
    )


def datasets(path: str | Path) -> list[str]:
    """Return the names of the data sets in a file, folder or zip: what ``layer=`` can name."""
    local = local_path(path)
    if local.suffix.lower() in ZIPPED:
        with open_zip(local) as archive:
            return sorted(zip_members(archive, local))
    if _is_plain_folder(local):
        return sorted(_folder_members(local))
    return [local.name]


@contextmanager
def opened(path: str | Path, layer: str | None = None) -> Iterator[Source]:
    """Give the one data set that `path` (and `layer`) names; copies out of a zip live as long as the block.

    Raises
    ------
    InputError
        Codes ``not-found``, ``not-local``, ``format-unknown``, ``zip-refused``, ``layer-choice``, ``unreadable``.
    """
    local = local_path(path)
    place = Place(str(path))
    with ExitStack() as stack:
        if local.suffix.lower() in ZIPPED:
            archive = stack.enter_context(open_zip(local))
            members = zip_members(archive, local)
            chosen, inner = choose_dataset(members, layer, place)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kkpr-")))
            file = extract(archive, chosen, members[chosen], folder, place)
            name = local.stem if local.suffix.lower() == ".kmz" else _stem(chosen)
            yield Source(file, driver_of(PurePosixPath(chosen).suffix, place), name, inner, place)
            return
        if _is_plain_folder(local):
            found = _folder_members(local)
            chosen, layer = choose_dataset({name: [name] for name in found}, layer, place)
            local = found[chosen]
        driver = "OpenFileGDB" if _is_gdb(local) else driver_of(local.suffix, place)
        file = local.resolve()
        if set("!;") & set(str(file)):  # pyogrio reads these as archive and URI marks
            file = _copy(file, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kkpr-"))))
        yield Source(file, driver, local.stem, layer, place)


def choose_layer(names: list[str], wanted: str | None, place: Place) -> str:
    """Return the layer to read: the one asked for, or the only one there is.

    Raises
    ------
    InputError
        Code ``layer-choice``, listing the layers.
    """
    if wanted is not None and wanted in names:
        return wanted
    if wanted is None and len(names) == 1:
        return names[0]
    listed = ", ".join(sorted(names)[:20]) + (", ..." if len(names) > 20 else "")
    if wanted is not None:
        text = Text(
            f"no layer {wanted!r} here; there are: {listed}",
            f"tidak ada layer {wanted!r}; yang ada: {listed}",
        )
    elif names:
        text = Text(f"{len(names)} layers here: {listed}", f"ada {len(names)} layer: {listed}")
    else:
        text = Text("there is no layer in it", "tidak ada layer di dalamnya")
    remedy = Text("name one with --layer", "pilih satu dengan --layer") if names else None
    raise InputError(text, place=place, remedy=remedy, code="layer-choice")


def choose_dataset(
    members: Mapping[str, list[str]], layer: str | None, place: Place
) -> tuple[str, str | None]:
    """Return the chosen data set and the layer still to be found inside it."""
    spelled = {
        spelling: name for name in members for spelling in (_stem(name), PurePosixPath(name).name, name)
    }
    stems = [_stem(name) for name in members]
    if layer is not None and layer in spelled and (layer not in stems or stems.count(layer) == 1):
        return spelled[layer], None
    if len(members) == 1:
        return next(iter(members)), layer
    unique = sorted(members) if len(set(stems)) < len(stems) else sorted(stems)
    return spelled[choose_layer(unique, layer, place)], None


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _is_gdb(path: Path) -> bool:
    return path.is_dir() and (path.suffix.lower() == ".gdb" or (path / "a00000001.gdbtable").is_file())


def _is_plain_folder(path: Path) -> bool:
    return path.is_dir() and not _is_gdb(path)


def _folder_members(folder: Path) -> dict[str, Path]:
    return {p.name: p for p in folder.iterdir() if p.suffix.lower() in DRIVERS and not p.name.startswith(".")}


def _copy(file: Path, folder: Path) -> Path:
    if file.is_dir():
        return Path(shutil.copytree(file, folder / "data.gdb"))
    parts = [sibling(file, s) for s in SHAPEFILE_PARTS] if file.suffix.lower() == ".shp" else [file]
    for part in parts:
        if part is not None:
            shutil.copyfile(part, folder / f"data{part.suffix.lower()}")
    return folder / f"data{file.suffix.lower()}"


def _sha256(file: Path) -> str:
    try:
        return file_sha256(file)
    except OSError as error:
        raise InputError(
            Text(
                f"the file cannot be read: {error.strerror}", f"berkas tidak dapat dibaca: {error.strerror}"
            ),
            place=Place(str(file)),
            remedy=Text("check the permissions", "periksa izin berkas"),
            code="unreadable",
        ) from error
