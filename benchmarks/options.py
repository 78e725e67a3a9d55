"""The options that the benchmarks share: how large, and whether to keep the figures."""

from __future__ import annotations

import argparse
from pathlib import Path


def options(doc: str | None, *wanted: str) -> argparse.ArgumentParser:
    """Return a parser with the options of these names: zones, parcels, repeat, seed, output, write."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in wanted:
        match name:
            case "zones":
                parser.add_argument("--zones", type=int, default=20_000)
            case "parcels":
                parser.add_argument("--parcels", type=int, default=1_000_000)
            case "repeat":
                parser.add_argument("--repeat", type=int, default=1)
            case "seed":
                parser.add_argument("--seed", type=int, default=1)
            case "output":
                parser.add_argument("--output", type=Path, required=True)
            case "write":
                parser.add_argument("--write", action="store_true", help="keep the figures beside this file")
            case _:
                raise ValueError(name)
    return parser
