"""What `verify` found, as text and as JSON (schema ``kkpr-check/verification/1``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kkpr_check._version import __version__
from kkpr_check.errors import Text
from kkpr_check.model import Verdict
from kkpr_check.phrases import counted, say
from kkpr_check.report.json import TOOL, encode
from kkpr_check.report.safe import safe_lines, whole_value
from kkpr_check.report.words import VERDICTS

if TYPE_CHECKING:
    from kkpr_check.recount import Verified

SCHEMA = "kkpr-check/verification/1"
_SHOWN = 20


def dumps(results: Sequence[Verified], lang: str) -> str:
    """Return a few lines a report: its id, and each claim that does not come out again."""
    return "".join(line + "\n" for result in results for line in _lines(result, lang))


def _lines(result: Verified, lang: str) -> list[str]:
    found = result.differences
    head = (
        say(
            "{report}: {n}",
            "{report}: {n}",
            report=result.id,
            n=counted(len(found), "difference", "differences", "perbedaan"),
        )
        if found
        else say(
            "{report}: verified, {verdict} ({n} made again, areas and distances counted by another algorithm)",
            "{report}: terverifikasi, {verdict} ({n} dibuat ulang, luas dan jarak dihitung dengan algoritma lain)",
            report=result.id,
            verdict=VERDICTS[Verdict(result.verdict)],
            n=counted(result.claims, "value", "values", "nilai"),
        )
    )
    lines = [head.pick(lang)]
    reported = Text("reported {}, recomputed {}", "dilaporkan {}, hasil hitung ulang {}").pick(lang)
    lines += [
        f"  {d.path}: {reported.format(_told(d.reported), _told(d.recomputed))}" for d in found[:_SHOWN]
    ]
    if len(found) > _SHOWN:
        lines.append(
            Text(f"  ... and {len(found) - _SHOWN} more", f"  ... dan {len(found) - _SHOWN} lagi").pick(lang)
        )
    if result.other_version is not None:
        version = result.other_version
        told = Text(
            f"  note: made by version {version}, verified by {__version__}: sentences were not compared",
            f"  catatan: dibuat versi {version}, diverifikasi {__version__}: kalimat tidak dibandingkan",
        )
        lines.append(told.pick(lang))
    return [safe_lines(line) for line in lines]


def _told(value: Any) -> str:
    text = f"{value:.10g}" if isinstance(value, float) else "-" if value is None else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def dumps_json(results: Sequence[Verified]) -> str:
    """Return one object with the differences of every report."""
    return encode(
        {
            "schema": SCHEMA,
            "tool": dict(TOOL),
            "verified": not any(result.differences for result in results),
            "reports": [
                {
                    "id": whole_value(result.id),
                    "verdict": result.verdict,
                    "values": result.claims,
                    "made_by_version": result.other_version or __version__,
                    "differences": [
                        {
                            "path": whole_value(d.path),
                            "reported": whole_value(d.reported),
                            "recomputed": whole_value(d.recomputed),
                        }
                        for d in result.differences
                    ],
                }
                for result in results
            ],
        },
        indent=2,
    )
