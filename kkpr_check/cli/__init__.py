"""The command line. `main` is the one place where an error becomes a message and an exit code."""

from kkpr_check.cli.main import main, run

__all__ = ["main", "run"]
