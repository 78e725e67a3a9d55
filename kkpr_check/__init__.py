"""Spatial conformity checks (KKPR) against Indonesian spatial plans."""

from kkpr_check._version import __version__

__all__ = ["__version__"]
