"""``kkpr-check demo``: the shipped sample plan, judged from end to end."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kkpr_check.cli import codes
from kkpr_check.cli import options as o
from kkpr_check.cli.base import Session, session_of
from kkpr_check.cli.language import words
from kkpr_check.errors import KkprError, Place, Text

if TYPE_CHECKING:
    from kkpr_check.model import Report

SUMMARY = words(
    "Judge three proposals on the sample plan. Exit 0 if the results are as expected.",
    "Nilai tiga usulan pada rencana contoh. Kode keluar 0 bila hasilnya seperti yang diharapkan.",
)
_EXAMPLES = ("01-conform", "02-conditional", "04-nonconform")
_AS_OF = dt.date(2025, 1, 1)
"""A day on which the sample plan is law, so that the demo says the same for ever."""
_HOMES = (Path(__file__).parents[1] / "_sample", Path(__file__).parents[2])
"""Where the sample lies: in an installed package, or in the source tree."""


def demo(context: typer.Context, format: o.PrintedFormat = None) -> int:
    """Judge the examples, print their reports, compare with what they were built to get."""
    from kkpr_check import checking
    from kkpr_check.cli.output import emit, look_of_stdout, refuse_terminal
    from kkpr_check.report import FORMATS, render

    fmt = o.format_of(format, None, FORMATS)
    refuse_terminal(fmt, None)
    session = session_of(context)
    home = find_home()
    plans = tuple(str(home / "data" / name) for name in ("sample", "sample-rtrw"))
    reports: list[Report] = []
    expected: list[str] = []
    for name in _EXAMPLES:
        path = home / "examples" / f"{name}.geojson"
        expected.append(expected_verdict(path))
        reports += checking.run(checking.CheckRequest(site=str(path), plans=plans, as_of=_AS_OF))
    look = look_of_stdout() if fmt == "text" else None
    emit(render(reports, fmt, session.lang, as_of=_AS_OF, to_lonlat=checking.to_lonlat, look=look))
    return _compare(session, reports, expected)


def find_home() -> Path:
    """Return the folder that holds ``data/sample`` and ``examples``.

    Raises
    ------
    KkprError
        The sample was not installed.
    """
    for home in _HOMES:
        if (home / "data" / "sample" / "plan.toml").is_file():
            return home
    raise KkprError(
        Text("the sample plan is not installed", "rencana contoh tidak terpasang"),
        place=Place(str(_HOMES[0])),
        remedy=Text("reinstall kkpr-check", "pasang ulang kkpr-check"),
        code="sample-missing",
    )


def expected_verdict(path: Path) -> str:
    """Return the verdict that an example says it was built to get.

    Raises
    ------
    KkprError
        The example cannot be read or says none.
    """
    try:
        features = json.loads(path.read_text("utf-8"))["features"]
        return next(str(f["properties"]["expected"]) for f in features if f["properties"].get("expected"))
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise KkprError(
            Text("the example says no expected verdict", "contoh tidak menyebut hasil yang diharapkan"),
            place=Place(str(path)),
            code="sample-broken",
        ) from error


def _compare(session: Session, reports: list[Report], expected: list[str]) -> int:
    from kkpr_check.cli.output import tell

    good = [report.verdict.value for report in reports] == expected
    for report, wanted in zip(reports, expected, strict=False):
        got = report.verdict.value
        mark = "=" if got == wanted else "!="
        line = f"{report.site.id}: {got} {mark} {wanted}"
        tell(session, Text(f"{line} (expected)", f"{line} (yang diharapkan)"))
    if good:
        tell(session, Text("demo: as expected", "demo: sesuai harapan"))
    else:
        tell(session, Text("demo: NOT as expected", "demo: TIDAK sesuai harapan"))
    return codes.CONFORM if good else codes.VIOLATION


COMMAND = (SUMMARY, demo)
