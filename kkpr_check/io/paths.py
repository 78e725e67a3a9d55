"""Where a path really leads."""

from __future__ import annotations

import os
from pathlib import Path


def real_path(path: str | Path) -> Path:
    """Return a path with its links followed; one that leads in a circle stays (`Path.resolve` raises there before 3.13)."""
    return Path(os.path.realpath(path))


def is_inside(path: str | Path, folder: str | Path) -> bool:
    """Tell whether a path leads into a folder once all links are followed."""
    return real_path(path).is_relative_to(real_path(folder))
