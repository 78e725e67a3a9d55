"""Where the findings of `validate` and `diff` go: one run, standard output or a file, and any number of other files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kkpr_check.cli import options as o
from kkpr_check.cli.base import Session
from kkpr_check.cli.output import check_output, deliver, spare_inputs, tell, write_file
from kkpr_check.errors import Place, Text, UsageError
from kkpr_check.io.paths import real_path
from kkpr_check.io.planfolder import PLAN_FILE, plan_folders
from kkpr_check.report.findings_formats import FORMATS

if TYPE_CHECKING:
    from kkpr_check.report.look import Look


class Wanted(NamedTuple):
    """One result: its format, and its file (None: standard output)."""

    fmt: str
    file: str | None


def wanted_results(
    fmt: str | None,
    output: str | None,
    also: Sequence[str] | None,
    inputs: Iterable[str | None],
    *,
    overwrite: bool,
) -> list[Wanted]:
    """Return what to write, that of ``--format`` first; refused before any work is done where it cannot be.

    Raises
    ------
    UsageError
        A format that does not exist, a file that exists, is an input, or is named twice.
    """  # fmt: skip
    first = Wanted(o.findings_format(fmt, output, FORMATS), output)
    if first.fmt == "gpkg" and output is None:
        raise UsageError(
            Text("format gpkg is a file", "format gpkg berupa berkas"),
            remedy=Text("name it with --output findings.gpkg", "sebutkan dengan --output temuan.gpkg"),
        )
    wanted = [first, *map(_also, also or ())]
    named = [name for name in inputs if name]
    homes = [home for name in named for home in _homes(Path(name))]
    files = [one.file for one in wanted if one.file is not None]
    for place, file in enumerate(files):
        check_output(file, overwrite)
        spare_inputs(file, named, folders=homes)
        if real_path(file) in map(real_path, files[:place]):
            raise UsageError(
                Text("two results would stand in one file", "dua hasil akan berada dalam satu berkas"),
                place=Place(file),
                remedy=Text("give each a file of its own", "beri masing-masing berkas sendiri"),
                code="output",
            )
    return wanted


def _homes(path: Path) -> list[str]:
    """Return the folders of an input that a result must not stand in: its plan folders, else the folder itself."""
    home = path.parent if path.name == PLAN_FILE else path
    if not home.is_dir():
        return []
    plans = [] if (home / PLAN_FILE).is_file() else plan_folders(home)
    return [str(found) for found in plans or [home]]


def _also(text: str) -> Wanted:
    """Return what one ``--also FORMAT=FILE`` asks for."""
    fmt, sign, file = text.partition("=")
    if not (sign and file):
        raise UsageError(
            Text(f"--also {text!r} is not FORMAT=FILE", f"--also {text!r} bukan FORMAT=BERKAS"),
            remedy=Text("for example: --also sarif=findings.sarif", "contoh: --also sarif=temuan.sarif"),
        )
    return Wanted(o.format_of(fmt, None, tuple(name for name in FORMATS if name != "auto")), file)


def deliver_results(
    session: Session,
    wanted: Sequence[Wanted],
    render: Callable[[str, Look | None], str],
    geopackage: Callable[[], bytes],
    *,
    overwrite: bool,
) -> None:
    """Write each result, that of standard output last: what is read there speaks of files that are there."""
    for fmt, file in sorted(wanted, key=lambda one: one.file is None):
        if fmt == "gpkg" and file is not None:
            write_file(file, geopackage(), overwrite=overwrite)
            tell(session, Text(f"written: {file}", f"ditulis: {file}"))
        else:
            deliver(session, render, fmt, file, overwrite)
