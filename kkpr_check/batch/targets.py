"""Where the outputs of a batch go: refused beforehand where they can not be, moved into their place at the end."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from kkpr_check.batch.request import BatchRequest
from kkpr_check.errors import Place, Text, UsageError
from kkpr_check.io.paths import give_usual_mode, replacing


def check_folders(request: BatchRequest) -> None:
    """Refuse outputs whose folder does not exist or can not be written to, before hours of work are done for them.

    Raises
    ------
    UsageError
        Naming the output.
    """
    for target in (request.output, request.findings):
        if target is not None and not Path(target).absolute().parent.is_dir():
            raise UsageError(
                Text("the folder of the output does not exist", "folder keluaran tidak ada"),
                place=Place(target),
                code="output",
            )
        if target is not None:
            _try_to_write(target)


def _try_to_write(target: str) -> None:
    """Refuse a target beside which no file can be made."""
    try:
        with tempfile.TemporaryFile(dir=Path(target).absolute().parent):
            pass
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = error.strerror or str(error)
        raise UsageError(
            Text(
                f"the folder of the output can not be written to: {reason}",
                f"folder keluaran tidak dapat ditulisi: {reason}",
            ),
            place=Place(target),
            remedy=Text("choose another folder", "pilih folder lain"),
            code="output",
        ) from error


def check_targets(request: BatchRequest) -> None:
    """Refuse outputs that exist, before any work is done.

    Raises
    ------
    UsageError
        A file exists and --overwrite is not given, or it is no plain file.
    """
    for target in (request.output, request.findings):
        if target is None:
            continue
        path = Path(target)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UsageError(
                Text("the output is no plain file", "keluaran bukan berkas biasa"),
                place=Place(target),
                code="output",
            )
        if path.exists() and not request.overwrite:
            raise UsageError(
                Text("the output exists already", "berkas keluaran sudah ada"),
                place=Place(target),
                remedy=Text(
                    "choose another name, or give --overwrite", "pilih nama lain, atau berikan --overwrite"
                ),
                code="output-exists",
            )


def put(built: Path, target: Path) -> None:
    """Move a finished file into its place; another folder than that of the output may be another disk."""
    with suppress(OSError):
        give_usual_mode(built)
    try:
        os.replace(built, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with replacing(target) as beside:
            shutil.copyfile(built, beside)
