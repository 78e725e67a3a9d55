"""Mutated files and what the command line makes of them: used by test_fuzz.py (reduced) and scripts/fuzz.py (whole)."""

from fuzzing.cases import Ground, Result, Target, case, prepare
from fuzzing.grounds import TARGETS

__all__ = ["TARGETS", "Ground", "Result", "Target", "case", "prepare"]
