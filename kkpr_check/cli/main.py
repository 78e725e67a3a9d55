"""One run of the command line: streams that cannot crash, errors as one message, the exit code."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from kkpr_check.cli import codes
from kkpr_check.cli.language import resolve
from kkpr_check.errors import KkprError, Text, is_out_of_memory

_FLAGS = ("--quiet", "--verbose")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; never raises.

    Parameters
    ----------
    arguments
        Without the program's name; default `sys.argv`.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # no linear algebra here: saves 40 ms of numpy's import
    if arguments is None:
        from kkpr_check.io.drivers import be_lean

        be_lean()
    gc.set_threshold(200_000)  # imports make many objects that stay: looking through them costs 5 %
    _prepare_streams()
    lang, verbose = resolve(given), "--verbose" in given
    try:
        return _run(lift_globals(given), lang)
    except KeyboardInterrupt:
        complain(Text("interrupted", "dihentikan").pick(lang), lang)
        return codes.INTERRUPTED
    except KkprError as error:
        complain(error.render(lang), lang)
    except BrokenPipeError:
        _give_up_on(sys.stdout)
    except BaseException as error:  # also MemoryError and RecursionError: a run ends with a message, always
        if isinstance(error, SystemExit):
            return error.code if isinstance(error.code, int) else codes.COULD_NOT_RUN
        complain(_unforeseen(error).pick(lang), lang, verbose)
    finally:
        _flush()
    return codes.COULD_NOT_RUN


def run() -> NoReturn:
    """Run the command line and leave the process: the console script.

    There is nothing to tear down but memory, which takes 20 ms with numpy loaded. And where an interrupt came at an
    unlucky moment, tearing down what it left could wait for ever.
    """
    code = main()
    readers = sys.modules.get("kkpr_check.io.apart")
    if readers is not None:
        readers.kill_all()
    os._exit(code)


def lift_globals(arguments: Sequence[str]) -> list[str]:
    """Move --quiet, --verbose and --lang to the front, so that they may stand after the command too."""
    front: list[str] = []
    rest: list[str] = []
    left = iter(arguments)
    for argument in left:
        if argument == "--":
            rest += [argument, *left]
        elif argument in _FLAGS or argument.startswith("--lang="):
            front.append(argument)
        elif argument == "--lang":
            front += [argument, *([value] if (value := next(left, None)) is not None else [])]
        else:
            rest.append(argument)
    return front + rest


def _run(arguments: list[str], lang: str) -> int:
    from kkpr_check.cli.app import build
    from kkpr_check.cli.base import Session
    from kkpr_check.cli.usage import ClickException, translate

    try:
        tree = build(lang, _command_of(arguments))
        code = tree.main(arguments, prog_name="kkpr-check", standalone_mode=False, obj=Session(lang))
    except ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(str(error), file=sys.stderr)
            return codes.COULD_NOT_RUN
        raise translate(error) from None
    except RuntimeError as error:
        if type(error).__name__ == "Abort":
            raise KeyboardInterrupt from None
        raise
    if code == codes.INTERRUPTED:  # how typer passes an interrupt on
        raise KeyboardInterrupt
    return int(code or 0)


def _command_of(arguments: Sequence[str]) -> str | None:
    """Return the first word behind the options that `lift_globals` put in front."""
    left = iter(arguments)
    for word in left:
        if word == "--lang":
            next(left, None)
        elif word not in _FLAGS and not word.startswith("--lang="):
            return word
    return None


def complain(message: str, lang: str, verbose: bool = False) -> None:
    """Say on standard error why the exit code is 2."""
    if verbose:
        import traceback

        with contextlib.suppress(OSError, ValueError):
            traceback.print_exc()
    label = "kesalahan" if lang == "id" else "error"
    line = f"kkpr-check: {label}: {message}"
    try:
        from kkpr_check.report.safe import encodable, safe_lines

        line = encodable(safe_lines(line), getattr(sys.stderr, "encoding", None))
    except (ImportError, MemoryError):  # too little memory to load anything more
        line = "".join(c if (c.isprintable() and c.isascii()) or c == "\n" else "?" for c in line)
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


def _unforeseen(error: BaseException) -> Text:
    if is_out_of_memory(error):
        return Text("out of memory", "memori tidak cukup")
    if isinstance(error, RecursionError):
        return Text("the input is nested too deeply", "masukan bersarang terlalu dalam")
    if isinstance(error, OSError) and error.errno is not None:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Text(f"no space left on the disk{_file(error)}", f"ruang disk habis{_file(error)}")
        return Text(f"{error.strerror}{_file(error)}", f"kesalahan sistem: {error.strerror}{_file(error)}")
    what = f"{type(error).__name__}: {error}".split("\n", 1)[0].rstrip(": ")
    return Text(
        f"unexpected problem ({what}); run again with --verbose for the details, and please report it",
        f"masalah tak terduga ({what}); jalankan lagi dengan --verbose untuk rinciannya, lalu laporkan",
    )


def _file(error: OSError) -> str:
    return f": {error.filename}" if error.filename is not None else ""


def _prepare_streams() -> None:
    """Make sure that no character can end a run."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(OSError, ValueError):
                reconfigure(errors="replace")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            _give_up_on(stream)


def _give_up_on(stream: object) -> None:
    """Send what is left of a stream nowhere, so that the interpreter does not complain at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]
