"""``python -m kkpr_check``."""

import sys

from kkpr_check.cli import main

if __name__ == "__main__":
    sys.exit(main())
