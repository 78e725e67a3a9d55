"""Spatial conformity checks (KKPR) against Indonesian spatial plans.

>>> from kkpr_check import Plan, check
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kkpr_check._version import __version__

if TYPE_CHECKING:
    from kkpr_check.api import Plan, check, check_many, to_dict, to_html
    from kkpr_check.errors import KkprError, Text
    from kkpr_check.model import Finding, Outcome, Proposal, Report, Verdict

__all__ = [
    "Finding",
    "KkprError",
    "Outcome",
    "Plan",
    "Proposal",
    "Report",
    "Text",
    "Verdict",
    "__version__",
    "check",
    "check_many",
    "to_dict",
    "to_html",
]

_HOME = {"KkprError": "errors", "Text": "errors"} | dict.fromkeys(
    ("Finding", "Outcome", "Proposal", "Report", "Verdict"), "model"
)


def __getattr__(name: str) -> Any:
    """Import a public name on first use: the command line must not pay for all of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"kkpr_check.{_HOME.get(name, 'api')}"), name)
