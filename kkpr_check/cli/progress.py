"""Progress of a long run on standard error: one line that moves on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from kkpr_check.cli.base import Session
from kkpr_check.errors import Text

if TYPE_CHECKING:
    from kkpr_check.batch.summary import Summary

EVERY_S = (0.2, 10.0)
"""Seconds between two lines: on a terminal, elsewhere."""


class ProgressLine:
    """Tells rows, rate, time left, and the counts so far."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._begun = self._told = time.monotonic()
        self._shown = 0

    def __call__(self, done: int, resumed: int, rows: int | None, counts: Summary) -> None:
        """Tell it, unless something was told just now."""
        if self._is_due():
            rate = (done - resumed) / max(time.monotonic() - self._begun, 1e-6)
            self._print(_line(done, rows, rate, counts))

    def tell(self, line: Text) -> None:
        """Tell a line, unless something was told just now."""
        if self._is_due():
            self._print(line)

    def _is_due(self) -> bool:
        waited_s = time.monotonic() - self._told
        return not self._session.quiet and sys.stderr is not None and waited_s >= EVERY_S[not self._terminal]

    def _print(self, line: Text) -> None:
        self._told = time.monotonic()
        text = line.pick(self._session.lang)
        with contextlib.suppress(OSError, ValueError):
            if self._terminal:
                print("\r" + text.ljust(self._shown), end="", file=sys.stderr, flush=True)
                self._shown = len(text)
            else:
                print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the moving line."""
        if self._shown:
            with contextlib.suppress(OSError, ValueError):
                print("\r" + " " * self._shown + "\r", end="", file=sys.stderr, flush=True)


def _line(done: int, rows: int | None, rate: float, counts: Summary) -> Text:
    share = f" ({100 * done / rows:.0f}%)" if rows else ""
    left_s = (rows - done) / rate if rows and rate > 0 else None
    left = "" if left_s is None else f"{int(left_s) // 60}:{int(left_s) % 60:02d}"
    verdicts = ", ".join(f"{name} {count}" for name, count in sorted(counts.verdicts.items()))
    return Text(
        f"{done} parcels{share}, {rate:.0f}/s"
        + (f", {left} left" if left else "")
        + f"; {verdicts}; broken {counts.broken}",
        f"{done} persil{share}, {rate:.0f}/dtk"
        + (f", sisa {left}" if left else "")
        + f"; {verdicts}; rusak {counts.broken}",
    )
