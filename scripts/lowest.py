"""Print a constraints file that pins every direct dependency to its floor in pyproject.toml.

Usage: ``python scripts/lowest.py > constraints.txt``
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
FLOOR = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?:\[[^]]*\])?>=(?P<version>[0-9.]+)")


def floors(text: str) -> Iterator[str]:
    """Yield ``name==floor`` of the dependencies, the extras and the test group, what two extras share once.

    Raises
    ------
    ValueError
        A dependency has no floor.
    """
    document = tomllib.loads(text)
    project = document["project"]
    extras = (
        line for name, lines in project["optional-dependencies"].items() if name != "all" for line in lines
    )
    for requirement in dict.fromkeys(
        (*project["dependencies"], *extras, *document["dependency-groups"]["test"])
    ):
        found = FLOOR.match(requirement)
        if found is None:
            raise ValueError(f"no floor: {requirement}")
        yield f"{found['name']}=={found['version']}"


if __name__ == "__main__":
    print("\n".join(floors(PROJECT.read_text("utf-8"))))
