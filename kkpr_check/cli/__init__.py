"""The command line. `main` is the one place where an error becomes a message and an exit code."""

from kkpr_check.cli.main import main

__all__ = ["main"]
