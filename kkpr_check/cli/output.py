"""Where results go: standard output that cannot crash, files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kkpr_check.cli.base import Session
from kkpr_check.errors import KkprError, Place, Text, UsageError
from kkpr_check.io.paths import real_path, replacing

if TYPE_CHECKING:
    from kkpr_check.model import Report
    from kkpr_check.report.look import Look

_STEP_SUMMARY_BYTES = 1_000_000
"""A little less than the limit of 1 MiB a step."""


def look_of_stdout() -> Look:
    """Return what standard output can show: width and colour on a terminal, nothing but text elsewhere."""
    from kkpr_check.report.look import Look

    stream = sys.stdout
    encoding = getattr(stream, "encoding", None) or "ascii"
    if stream is None or not stream.isatty():
        return Look(encoding=encoding)
    dumb = os.environ.get("TERM") == "dumb"
    old_windows = os.name == "nt" and not {"WT_SESSION", "TERM", "ANSICON"} & os.environ.keys()
    colour = not os.environ.get("NO_COLOR") and not dumb and not old_windows
    columns = max(shutil.get_terminal_size().columns, 20)
    return Look(columns=columns, colour=colour, encoding=encoding)


def refuse_terminal(fmt: str, output: str | None) -> None:
    """Refuse to write a format of bytes to a terminal, before any work is done.

    Raises
    ------
    UsageError
        Standard output is a terminal and the format is DOCX or PDF.
    """
    from kkpr_check.report import BINARY

    if fmt in BINARY and output is None and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError(
            Text(
                f"format {fmt} can not be shown in a terminal",
                f"format {fmt} tidak dapat ditampilkan di terminal",
            ),
            remedy=Text(
                f"give --output report.{fmt}, or redirect standard output",
                f"berikan --output laporan.{fmt}, atau alihkan keluaran standar",
            ),
        )


def emit(result: str | bytes) -> None:
    """Write a result to standard output. A reader that went away (``| head``) is no error.

    Raises
    ------
    OSError
        The result could not be delivered (disk full).
    """
    from kkpr_check.report.safe import encodable

    if sys.stdout is None:
        raise KkprError(Text("standard output is closed", "keluaran standar tertutup"), code="output")
    try:
        if isinstance(result, bytes):
            sys.stdout.flush()
            sys.stdout.buffer.write(result)
        else:
            sys.stdout.write(encodable(result, sys.stdout.encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(session: Session, text: Text) -> None:
    """Say something about the run on standard error, unless --quiet."""
    from kkpr_check.report.safe import encodable, safe_lines

    if not session.quiet and sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(encodable(safe_lines(text.pick(session.lang)), sys.stderr.encoding), file=sys.stderr)


def tell_unread(reports: Sequence[Report], lang: str) -> bool:
    """Say on standard error which site could not be read, where the reports of the others are there; tell whether one was."""
    from kkpr_check.cli.main import complain

    doubts = [report.site.doubt for report in reports if report.site.unread and report.site.doubt is not None]
    if doubts:
        text = Text(
            f"{len(doubts)} of {len(reports)} sites could not be read (rule LOK000): {doubts[0].en}",
            f"{len(doubts)} dari {len(reports)} lokasi tidak dapat dibaca (aturan LOK000): {doubts[0].id}",
        )
        complain(text.pick(lang), lang)
    return bool(doubts)


def check_output(output: str | None, overwrite: bool) -> None:
    """Refuse an output that exists or cannot be, before any work is done.

    Raises
    ------
    UsageError
        The file exists and --overwrite is not given, or its folder does not exist, or it is no plain file.
    """
    if output is None:
        return
    path = Path(output)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(
            Text("the output is no plain file", "keluaran bukan berkas biasa"),
            place=Place(output),
            code="output",
        )
    if path.exists() and not overwrite:
        raise UsageError(
            Text("the output exists already", "berkas keluaran sudah ada"),
            place=Place(output),
            remedy=Text(
                "choose another name, or give --overwrite", "pilih nama lain, atau berikan --overwrite"
            ),
            code="output-exists",
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(
            Text("the folder of the output does not exist", "folder keluaran tidak ada"),
            place=Place(output),
            code="output",
        )


def spare_inputs(output: str | None, inputs: Iterable[str | None], folders: Iterable[str | None]) -> None:
    """Refuse an output that would replace one of the run's own inputs.

    Raises
    ------
    UsageError
        The output is one of `inputs`, or lies in one of `folders` and not in a hidden folder there: those are never read.
    """
    if output is None:
        return
    target = real_path(output)
    taken = [real_path(name) for name in inputs if name and name != "-"]
    homes = [real_path(name) for name in folders if name]
    if target in taken or any(_is_in(target, home) for home in homes):
        raise UsageError(
            Text("the output would replace an input", "keluaran akan menimpa berkas masukan"),
            place=Place(output),
            remedy=Text("choose another name or folder", "pilih nama atau folder lain"),
            code="output",
        )


def _is_in(path: Path, folder: Path) -> bool:
    if folder not in path.parents:
        return False
    return not any(name.startswith(".") for name in path.relative_to(folder).parts[:-1])


def write_file(output: str, content: str | bytes, *, overwrite: bool) -> None:
    """Write a file whole or not at all: a temporary file beside it, synced, then renamed.

    Raises
    ------
    UsageError
        The file appeared meanwhile and --overwrite is not given.
    OSError
        It cannot be written; nothing is left behind.
    """
    path = Path(output)
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        check_output(output, overwrite)


def deliver(
    session: Session,
    render: Callable[[str, Look | None], str],
    fmt: str,
    output: str | None,
    overwrite: bool,
) -> None:
    """Write what `render` makes of a format to its file or to standard output; in a GitHub step, its summary too."""
    text = render(fmt, look_of_stdout() if fmt == "text" and output is None else None)
    if output is None:
        emit(text)
    else:
        write_file(output, text, overwrite=overwrite)
        tell(session, Text(f"written: {output}", f"ditulis: {output}"))
    if fmt == "github" and os.environ.get("GITHUB_STEP_SUMMARY"):
        add_to_step_summary(render("step-summary", None), session.lang)


def add_to_step_summary(markdown: str, lang: str) -> None:
    """Append a page to the summary of a GitHub step; GitHub drops a summary beyond 1 MiB whole, so it ends before."""
    path = Path(os.environ["GITHUB_STEP_SUMMARY"])
    used = path.stat().st_size if path.exists() else 0
    data = markdown.encode("utf-8", "replace")
    room = _STEP_SUMMARY_BYTES - used
    if len(data) > room:
        rest = Text(
            "The list is longer than GitHub shows here; the whole of it: --format json.",
            "Daftar ini lebih panjang dari yang dapat ditampilkan GitHub; selengkapnya dengan --format json.",
        )
        whole_lines = data[: max(room, 0)].rpartition(b"\n")[0]
        data = whole_lines + f"\n\n{rest.pick(lang)}\n".encode()
    with path.open("ab") as stream:
        stream.write(data)
