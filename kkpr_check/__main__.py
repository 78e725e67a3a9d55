"""``python -m kkpr_check``."""

from kkpr_check.cli import run

if __name__ == "__main__":
    run()
